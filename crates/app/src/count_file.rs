//! A count of the shelf that comes as a file: all of it is counted, or none.

use std::collections::BTreeSet;

use domain::count_file::{CountFileFault, CountRow, read_count};
use domain::sheet::Sheet;
use domain::stock_take::{MAX_LINES, RowFault};
use domain::{Actor, MemberId, OrganizationId, SkuId, StockTakeId};
use store::stock_takes::{Counting, StockTake};
use store::{StoreResult, Tenant};

use crate::App;
use crate::audit::Deed;
use crate::stock_take::{TakeError, Uncounted, known};

/// A row of a file that cannot be counted: its number, its code, why.
pub type BadLine = (u32, String, Uncounted);

/// Why nothing of a file was counted.
#[derive(Debug, thiserror::Error)]
pub enum CountFileError {
    /// It is no count.
    #[error("the file is no count: {0:?}")]
    Columns(CountFileFault),
    /// These rows cannot be counted.
    #[error("{} rows cannot be counted", .0.len())]
    Rows(Vec<BadLine>),
    /// The count does not take it.
    #[error(transparent)]
    Take(#[from] TakeError),
}

/// SKUs and their units, or the rows that cannot be counted.
type LookedUp = Result<Vec<(SkuId, i64)>, Vec<BadLine>>;

/// What each row counts, or what is wrong with those that cannot.
fn looked_up(tenant: &mut Tenant<'_, '_>, take: &StockTake, rows: Vec<CountRow>) -> StoreResult<LookedUp> {
    let mut held: BTreeSet<SkuId> = tenant.stock_take_lines(take.id)?.iter().map(|line| line.sku).collect();
    let (mut counted, mut bad, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for CountRow { number, code, units } in rows {
        let found = match units {
            Err(fault) => Err(Uncounted::Row(fault)),
            Ok(units) => match known(tenant, &code)? {
                Err(why) => Err(why),
                // The same SKU by its code and by its bar code.
                Ok(sku) if !seen.insert(sku.id) => Err(Uncounted::Row(RowFault::Twice)),
                Ok(sku) if held.len() >= MAX_LINES && !held.contains(&sku.id) => Err(Uncounted::Full),
                Ok(sku) => {
                    held.insert(sku.id);
                    Ok((sku.id, units))
                }
            },
        };
        match found {
            Ok(row) => counted.push(row),
            Err(why) => bad.push((number, code, why)),
        }
    }
    Ok(if bad.is_empty() { Ok(counted) } else { Err(bad) })
}

impl App {
    /// Counts a file: each row is all there is of its SKU. Gives how many rows it had.
    pub async fn count_file(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: StockTakeId,
        sheet: &Sheet,
    ) -> Result<usize, CountFileError> {
        let rows = read_count(sheet).map_err(CountFileError::Columns)?;
        let (app, now) = (self.clone(), self.clock().now());
        let counted = self
            .in_take(organization, id, move |tenant, take| {
                let rows = match looked_up(tenant, take, rows)? {
                    Ok(rows) => rows,
                    Err(bad) => return Ok(Ok(Err(bad))),
                };
                for (sku, units) in &rows {
                    tenant.count_line(take.id, *sku, Counting::Exactly(*units), now)?;
                }
                let deed = Deed::new(Actor::Member(member), "stock_take.file_counted", id.to_string());
                app.outcome(tenant, &deed.with("rows", rows.len()), "ok")?;
                Ok(Ok(Ok(rows.len())))
            })
            .await?;
        counted.map_err(CountFileError::Rows)
    }
}

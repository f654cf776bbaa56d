//! The shelf is counted: by scanner or table into a draft, and from there into the ledger in one transaction.

use domain::catalogue::Gtin;
use domain::stock_take::{MAX_LINES, MAX_UNITS, RowFault, correction, read_scan, read_table};
use domain::{
    Actor, Delta, EntryKind, LedgerEntryId, MemberId, OrganizationId, SkuId, StockTakeId, Timestamp,
};
use store::stock::{NewEntry, Sku};
use store::stock_takes::{Counting, StockTake, TakeLine, TakeState};
use store::{StoreResult, Tenant};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::shelf::MAX_TEXT_CHARS;

/// What a scan came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The SKU.
    pub sku: SkuId,
    /// The SKU's code.
    pub code: String,
    /// Units of it counted by now.
    pub units: i64,
}

/// Why something was not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uncounted {
    /// No SKU has this code or bar code.
    Unknown(String),
    /// Several SKUs have this bar code.
    Ambiguous(String, Vec<String>),
    /// It is a kit.
    Kit(String),
    /// No whole number from 0 to [`MAX_UNITS`], or more than that in all.
    Units,
    /// The row of the table is none.
    Row(RowFault),
    /// The count has [`MAX_LINES`] SKUs.
    Full,
}

/// Why a count was not changed or applied.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// It was applied or left already.
    #[error("the count is over")]
    Over,
    /// This was not counted.
    #[error("not counted: {0:?}")]
    Uncounted(Uncounted),
    /// No reason, or too long a one.
    #[error("a reason of up to {MAX_TEXT_CHARS} characters is needed")]
    Reason,
    /// Nothing was counted.
    #[error("nothing was counted")]
    Empty,
    /// These became kits since they were counted.
    #[error("{0:?} are kits by now")]
    Kits(Vec<String>),
    /// Of these more left the shelf since than was counted.
    #[error("more of {0:?} has left since than was counted")]
    Negative(Vec<String>),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

/// A row of a table that was not taken, as it was sent.
pub type BadRow = (String, Uncounted);

/// The SKU of a scan, in the first of its readings that is one.
fn sku_of(tenant: &mut Tenant<'_, '_>, text: &str) -> StoreResult<Result<(Sku, i64), Uncounted>> {
    let mut refused = None;
    for (code, times) in read_scan(text) {
        match known(tenant, &code)? {
            Ok(sku) => return Ok(Ok((sku, times))),
            Err(why @ Uncounted::Unknown(_)) => refused = Some(refused.unwrap_or(why)),
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Err(refused.unwrap_or_else(|| Uncounted::Unknown(text.trim().chars().take(MAX_TEXT_CHARS).collect()))))
}

/// The SKU of a code, or of a bar code.
pub(crate) fn known(tenant: &mut Tenant<'_, '_>, code: &str) -> StoreResult<Result<Sku, Uncounted>> {
    let mut found = tenant.sku_by_code(code)?;
    if found.is_none()
        && let Ok(gtin) = Gtin::parse(code)
    {
        let codes = tenant.codes_of_gtin(gtin.as_str())?;
        match &codes[..] {
            [] => {}
            [one] => found = tenant.sku_by_code(one)?,
            _ => return Ok(Err(Uncounted::Ambiguous(code.to_owned(), codes))),
        }
    }
    Ok(match found {
        Some(sku) if sku.is_kit => Err(Uncounted::Kit(sku.code)),
        Some(sku) => Ok(sku),
        None => Err(Uncounted::Unknown(code.to_owned())),
    })
}

/// Counts a SKU in an open count, and keeps its limits.
fn count_in(
    tenant: &mut Tenant<'_, '_>,
    take: &StockTake,
    sku: &Sku,
    counting: Counting,
    now: Timestamp,
) -> StoreResult<Result<i64, Uncounted>> {
    let so_far = tenant.counted_units(take.id, sku.id)?;
    let is_full = usize::try_from(take.lines).is_ok_and(|lines| lines >= MAX_LINES);
    if so_far.is_none() && is_full {
        return Ok(Err(Uncounted::Full));
    }
    let units = match counting {
        Counting::More(more) => so_far.unwrap_or(0).saturating_add(more),
        Counting::Exactly(units) => units,
    };
    if !(0..=MAX_UNITS).contains(&units) {
        return Ok(Err(Uncounted::Units));
    }
    tenant.count_line(take.id, sku.id, counting, now).map(Ok)
}

impl App {
    /// Begins a count.
    pub async fn begin_stock_take(
        &self,
        organization: OrganizationId,
        member: MemberId,
    ) -> Result<StockTakeId, AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let id = StockTakeId::new(now, self.entropy());
        self.organization(organization)
            .write(move |tenant| {
                let by = Actor::Member(member);
                tenant.begin_stock_take(id, &by, now)?;
                app.outcome(tenant, &Deed::new(by, "stock_take.begun", id.to_string()), "ok")
            })
            .await?;
        Ok(id)
    }

    /// Does something in an open count.
    pub(crate) async fn in_take<T: Send + 'static>(
        &self,
        organization: OrganizationId,
        id: StockTakeId,
        work: impl FnOnce(&mut Tenant<'_, '_>, &StockTake) -> StoreResult<Result<T, TakeError>> + Send + 'static,
    ) -> Result<T, TakeError> {
        self.organization(organization)
            .write(move |tenant| {
                let Some(take) = tenant.hold_stock_take(id)? else {
                    return Ok(Err(AppError::NotFound("count").into()));
                };
                if take.state != TakeState::Open {
                    return Ok(Err(TakeError::Over));
                }
                work(tenant, &take)
            })
            .await
            .map_err(AppError::from)?
    }

    /// Adds what a scanner says, or what was typed in its place: `code`, or `12×code`.
    pub async fn scan(
        &self,
        organization: OrganizationId,
        id: StockTakeId,
        text: &str,
    ) -> Result<Counted, TakeError> {
        let (text, now) = (text.to_owned(), self.clock().now());
        self.in_take(organization, id, move |tenant, take| {
            let (sku, times) = match sku_of(tenant, &text)? {
                Ok(found) => found,
                Err(why) => return Ok(Err(TakeError::Uncounted(why))),
            };
            let counted = count_in(tenant, take, &sku, Counting::More(times), now)?;
            Ok(counted
                .map(|units| Counted { sku: sku.id, code: sku.code, units })
                .map_err(TakeError::Uncounted))
        })
        .await
    }

    /// Says how many there are of a SKU in all; `None` takes it out of the count.
    pub async fn set_counted(
        &self,
        organization: OrganizationId,
        id: StockTakeId,
        sku: SkuId,
        units: Option<i64>,
    ) -> Result<(), TakeError> {
        let now = self.clock().now();
        self.in_take(organization, id, move |tenant, take| {
            let Some(units) = units else { return tenant.drop_line(take.id, sku).map(Ok) };
            let Some(sku) = tenant.sku(sku)? else { return Ok(Err(AppError::NotFound("SKU").into())) };
            if sku.is_kit {
                return Ok(Err(TakeError::Uncounted(Uncounted::Kit(sku.code))));
            }
            let counted = count_in(tenant, take, &sku, Counting::Exactly(units), now)?;
            Ok(counted.map(drop).map_err(TakeError::Uncounted))
        })
        .await
    }

    /// Takes a table of codes and units in: what can be read is counted, each row as all there is of its SKU; the
    /// others come back with what is wrong. Gives how many were taken, too.
    pub async fn take_table(
        &self,
        organization: OrganizationId,
        id: StockTakeId,
        text: &str,
    ) -> Result<(usize, Vec<BadRow>), TakeError> {
        let (rows, now) = (read_table(text), self.clock().now());
        self.in_take(organization, id, move |tenant, take| {
            let held = tenant.stock_take_lines(take.id)?;
            let mut lines = held.len();
            let mut seen: std::collections::BTreeSet<SkuId> = held.iter().map(|line| line.sku).collect();
            let (mut taken, mut bad) = (0, Vec::new());
            for row in rows {
                let counted = match row.read {
                    Err(fault) => Err(Uncounted::Row(fault)),
                    Ok((code, units)) => match known(tenant, &code)? {
                        Err(why) => Err(why),
                        Ok(sku) if lines >= MAX_LINES && !seen.contains(&sku.id) => Err(Uncounted::Full),
                        Ok(sku) => {
                            lines += usize::from(seen.insert(sku.id));
                            tenant.count_line(take.id, sku.id, Counting::Exactly(units), now).map(Ok)?
                        }
                    },
                };
                match counted {
                    Ok(_) => taken += 1,
                    Err(why) => bad.push((row.text, why)),
                }
            }
            Ok(Ok((taken, bad)))
        })
        .await
    }

    /// Puts the differences into the ledger, all of them or none. Gives how many SKUs differed.
    pub async fn apply_stock_take(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: StockTakeId,
        reason: &str,
    ) -> Result<usize, TakeError> {
        let reason = reason.trim().to_owned();
        if reason.is_empty() || reason.chars().count() > MAX_TEXT_CHARS {
            return Err(TakeError::Reason);
        }
        let app = self.clone();
        let applied = self
            .in_take(organization, id, move |tenant, take| app.apply_in(tenant, member, take, &reason))
            .await?;
        self.jobs_came.notify_one();
        Ok(applied)
    }

    fn apply_in(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        take: &StockTake,
        reason: &str,
    ) -> StoreResult<Result<usize, TakeError>> {
        let (now, by) = (self.clock().now(), Actor::Member(member));
        let counted: Vec<SkuId> = tenant.stock_take_lines(take.id)?.iter().map(|line| line.sku).collect();
        if counted.is_empty() {
            return Ok(Err(TakeError::Empty));
        }
        // Kits, then what they are made of, as sales take them; from here on nothing moves.
        tenant.hold_kits_of(&counted)?;
        tenant.hold_skus(&counted)?;
        let lines = tenant.stock_take_lines(take.id)?;
        let kits = codes(lines.iter().filter(|line| line.is_kit));
        if !kits.is_empty() {
            return Ok(Err(TakeError::Kits(kits)));
        }
        let impossible = codes(lines.iter().filter(|line| correction_of(line).is_none()));
        if !impossible.is_empty() {
            return Ok(Err(TakeError::Negative(impossible)));
        }
        let mut differing: Vec<(&TakeLine, i64)> = lines
            .iter()
            .filter_map(|line| Some((line, correction_of(line)?)))
            .filter(|(_, delta)| *delta != 0)
            .collect();
        differing.sort_by_key(|(line, _)| line.sku);
        for (line, delta) in &differing {
            let entry = NewEntry {
                id: LedgerEntryId::new(now, self.entropy()),
                sku: line.sku,
                kind: EntryKind::Adjustment,
                delta: Delta { on_hand_units: *delta, reserved_units: 0 },
                line: None,
                reason: reason.to_owned(),
                actor: by.clone(),
            };
            tenant.append(&entry, now)?;
            let deed = Deed::new(by.clone(), "sku.adjusted", line.sku.to_string())
                .with("from", line.on_hand_units)
                .with("to", line.on_hand_units + delta)
                .with("stock_take", take.id);
            self.outcome(tenant, &deed, "ok")?;
        }
        tenant.end_stock_take(take.id, TakeState::Applied, reason, &by, now)?;
        let deed = Deed::new(by, "stock_take.applied", take.id.to_string())
            .with("counted", lines.len())
            .with("differing", differing.len());
        self.outcome(tenant, &deed, "ok")?;
        let moved: Vec<SkuId> = differing.iter().map(|(line, _)| line.sku).collect();
        self.tell_around(tenant, &moved)?;
        Ok(Ok(moved.len()))
    }

    /// Leaves a count: nothing of it is put into the ledger.
    pub async fn leave_stock_take(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: StockTakeId,
    ) -> Result<(), TakeError> {
        let (app, now) = (self.clone(), self.clock().now());
        self.in_take(organization, id, move |tenant, take| {
            let by = Actor::Member(member);
            tenant.end_stock_take(take.id, TakeState::Left, "", &by, now)?;
            app.outcome(tenant, &Deed::new(by, "stock_take.left", take.id.to_string()), "ok")?;
            Ok(Ok(()))
        })
        .await
    }
}

/// What a line puts into the ledger as it stands.
#[must_use]
pub const fn correction_of(line: &TakeLine) -> Option<i64> {
    correction(line.counted_units, line.expected_units, line.on_hand_units)
}

fn codes<'a>(lines: impl Iterator<Item = &'a TakeLine>) -> Vec<String> {
    lines.map(|line| line.code.clone()).collect()
}

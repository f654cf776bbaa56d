//! Goods that come back from buyers are received: whole ones onto the shelf, damaged ones into the ledger and out of it
//! again, all of a form or none of it.

use std::collections::BTreeMap;

use domain::goods_return::{Found, TooMany, brings_goods};
use domain::{
    Actor, CaseSnapshot, ConnectionId, Delta, EntryKind, LedgerEntryId, LineId, MemberId, OrderId,
    OrganizationId, SkuId,
};
use store::goods_returns::{Receipt, ReturnLine};
use store::stock::NewEntry;
use store::{StoreResult, Tenant};

use crate::audit::Deed;
use crate::error::AppError;
use crate::shelf::MAX_TEXT_CHARS;
use crate::{App, Change};

/// What somebody received of an order, by one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Which receipt of the order it is to be, from 1: one sent twice, or beside another's, is noticed.
    pub number: i64,
    /// What was in the parcel, by order line and SKU; nothing where nothing came.
    pub found: BTreeMap<(LineId, SkuId), Found>,
    /// In a person's words.
    pub reason: String,
}

/// Why goods were not received.
#[derive(Debug, thiserror::Error)]
pub enum ReturnError {
    /// No reason, or too long a one.
    #[error("a reason of up to {MAX_TEXT_CHARS} characters is needed")]
    Reason,
    /// Nothing was counted.
    #[error("nothing was counted")]
    Nothing,
    /// Of this row fewer than nothing, or more than is still outside.
    #[error("at most {most_units} units can come back")]
    TooMany {
        /// The order line and its SKU.
        row: (LineId, SkuId),
        /// What may still come.
        most_units: i64,
    },
    /// This SKU became a kit since it was sold: it has no shelf.
    #[error("{0} is a kit by now")]
    Kit(String),
    /// Something else was received of this order meanwhile.
    #[error("something was received of this order meanwhile")]
    Meanwhile,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

/// A row of the ledger to be: its SKU, its line, what it is.
type Movement = (SkuId, LineId, EntryKind, Delta);

/// What an arrival puts into the ledger, by SKU, so that everybody takes them in one order.
fn movements_of(arrival: &Arrival, lines: &[ReturnLine]) -> Result<Vec<Movement>, ReturnError> {
    let mut movements = Vec::new();
    for ((line, sku), found) in arrival.found.iter().filter(|(_, found)| **found != Found::default()) {
        let row = lines.iter().find(|row| (row.line, row.sku) == (*line, *sku));
        let row = row.ok_or(AppError::NotFound("line of the order"))?;
        if row.is_kit {
            return Err(ReturnError::Kit(row.code.clone()));
        }
        let too_many = |TooMany { most_units }| ReturnError::TooMany { row: (*line, *sku), most_units };
        let (rows, _) = row.back.receive(*found).map_err(too_many)?;
        movements.extend(rows.into_iter().map(|(kind, delta)| (*sku, *line, kind, delta)));
    }
    movements.sort_by_key(|(sku, line, ..)| (*sku, *line));
    Ok(movements)
}

fn sums(arrival: &Arrival) -> (i64, i64) {
    arrival.found.values().fold((0, 0), |(whole, damaged), found| {
        (whole.saturating_add(found.whole_units), damaged.saturating_add(found.damaged_units))
    })
}

impl App {
    /// Receives what came back of an order.
    pub async fn receive_return(
        &self,
        organization: OrganizationId,
        member: MemberId,
        order: OrderId,
        arrival: Arrival,
    ) -> Result<(), ReturnError> {
        if arrival.found.values().all(|found| *found == Found::default()) {
            return Err(ReturnError::Nothing);
        }
        self.close_return(organization, member, order, arrival).await
    }

    /// Notes that nothing came back of an order, and that nobody waits for it.
    pub async fn nothing_came_back(
        &self,
        organization: OrganizationId,
        member: MemberId,
        order: OrderId,
        number: i64,
        reason: &str,
    ) -> Result<(), ReturnError> {
        let arrival = Arrival { number, found: BTreeMap::new(), reason: reason.to_owned() };
        self.close_return(organization, member, order, arrival).await
    }

    async fn close_return(
        &self,
        organization: OrganizationId,
        member: MemberId,
        order: OrderId,
        mut arrival: Arrival,
    ) -> Result<(), ReturnError> {
        arrival.reason = arrival.reason.trim().to_owned();
        if arrival.reason.is_empty() || arrival.reason.chars().count() > MAX_TEXT_CHARS {
            return Err(ReturnError::Reason);
        }
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| app.receive_in(tenant, member, order, &arrival))
            .await
            .map_err(AppError::from)??;
        self.announce(organization, Change::Order { id: order, new: false });
        self.jobs_came.notify_one();
        Ok(())
    }

    fn receive_in(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        id: OrderId,
        arrival: &Arrival,
    ) -> StoreResult<Result<(), ReturnError>> {
        let (now, by) = (self.clock().now(), Actor::Member(member));
        let Some(order) = tenant.order(id)? else { return Ok(Err(AppError::NotFound("order").into())) };
        // Whoever else changes this order, or receives of it, waits until this is over.
        tenant.held_order(order.connection, &order.external_id)?;
        let (whole_units, damaged_units) = sums(arrival);
        let receipt = Receipt {
            number: arrival.number,
            whole_units,
            damaged_units,
            reason: arrival.reason.clone(),
            actor: by.to_string(),
            at: now,
        };
        let held = tenant.receipts(id)?;
        let last = held.last().map_or(0, |last| last.number);
        if arrival.number != last + 1 {
            let is_same = held.iter().any(|held| Receipt { at: now, ..held.clone() } == receipt);
            return Ok(if is_same { Ok(()) } else { Err(ReturnError::Meanwhile) });
        }
        let lines = tenant.return_lines(id)?;
        let is_empty = arrival.found.is_empty();
        if lines.is_empty() || (is_empty && !tenant.waits_for_return(id)?) {
            return Ok(Err(ReturnError::Nothing));
        }
        let movements = match movements_of(arrival, &lines) {
            Ok(movements) => movements,
            Err(error) => return Ok(Err(error)),
        };
        let mut moved: Vec<SkuId> = movements.iter().map(|(sku, ..)| *sku).collect();
        moved.dedup();
        tenant.hold_kits_of(&moved)?;
        for (sku, line, kind, delta) in movements {
            let entry = NewEntry {
                id: LedgerEntryId::new(now, self.entropy()),
                sku,
                kind,
                delta,
                line: Some(line),
                reason: arrival.reason.clone(),
                actor: by.clone(),
            };
            tenant.append(&entry, now)?;
            let told = format!("{} {} {sku}", kind.as_str(), delta.on_hand_units.abs());
            self.tell(tenant, id, "stock", &told, now)?;
        }
        tenant.keep_receipt(id, &receipt)?;
        tenant.reckon_profit(id, None)?;
        let action = if is_empty { "order.nothing_returned" } else { "order.goods_returned" };
        let deed = Deed::new(by, action, id.to_string())
            .with("number", receipt.number)
            .with("whole", whole_units)
            .with("damaged", damaged_units);
        self.outcome(tenant, &deed, "ok")?;
        self.tell_around(tenant, &moved)?;
        Ok(Ok(()))
    }

    /// A case that says that goods came back lets its order wait for them.
    pub(crate) fn expect_return_of(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        snapshot: &CaseSnapshot,
    ) -> StoreResult<()> {
        let Some(order) = snapshot.case.order_external_id.as_deref().filter(|_| brings_goods(&snapshot.case))
        else {
            return Ok(());
        };
        tenant.expect_return(connection, order, snapshot.case.opened_at, self.clock().now())
    }
}

//! Money: what an order is expected to bring in when it is taken in, what its platform
//! charges, and which orders the platform has settled. Nothing waits for it: its jobs go last.

use std::time::Duration;

use connect::{ChannelError, ErrorKind, OrderMoney, Window};
use domain::settlement::{Fault, FeeKind, News, Reckoning, Sums};
use domain::{
    Actor, ConnectionId, DifferenceId, OrderId, OrderSnapshot, OrderState, OrganizationId, Timestamp,
};
use store::charges::{HeldMoney, NewDifference};
use store::{StoreResult, Tenant};

use crate::audit::Deed;
use crate::error::AppError;
use crate::jobs::{Bookmark, Work};
use crate::{App, Change};

/// How often an account's settlements are listed, and its orders looked through for those
/// whose money is not told yet.
pub const CHECK_CHARGES_EVERY: Duration = Duration::from_hours(1);
/// How long after a sale its money is asked for first: by then most are paid.
const FIRST_LOOK: Duration = Duration::from_hours(1);
/// How long until an order is asked for again whose money may change at any time.
const LOOK_AGAIN: Duration = Duration::from_hours(24);
/// The same where a list says when it does: only for what a list may have left out.
const LOOK_AGAIN_BESIDE_A_LIST: Duration = Duration::from_hours(7 * 24);
/// Money that is not settled so long after the sale is not asked for any more.
const LONGEST_WAIT: Duration = Duration::from_hours(90 * 24);
/// Orders asked for by one look at most.
const ASKED_AT_ONCE: u32 = 200;
/// How far the first list of settlements reaches back, as far as a first import.
const FIRST_LIST: Duration = Duration::from_hours(30 * 24);
/// How far each next one reaches back over the last: statements of a day come late.
const LIST_OVERLAP: Duration = Duration::from_hours(48);

const OPERATION: &str = "read money of order";

impl App {
    /// Begins the reckoning of an order that is taken in, with what it tells of itself.
    pub(crate) fn begin_reckoning(
        &self,
        tenant: &mut Tenant<'_, '_>,
        order: OrderId,
        connection: ConnectionId,
        snapshot: &OrderSnapshot,
    ) -> StoreResult<()> {
        let is_off = matches!(snapshot.state, OrderState::Cancelled(_));
        let due_at = (!is_off).then(|| snapshot.placed_at.plus(FIRST_LOOK));
        let forecast = told_by_order(snapshot).filter(|_| !is_off).unwrap_or_default();
        let now = self.clock().now();
        tenant.begin_reckoning(order, connection, snapshot, &forecast, now, due_at)?;
        tenant.begin_profit(order, connection, snapshot, &forecast, now)
    }

    /// Asks for the money of an order whose goods have just arrived.
    pub(crate) fn ask_for_money_on_arrival(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        external_id: &str,
        (before, after): (OrderState, OrderState),
    ) -> StoreResult<()> {
        if before == after || after != OrderState::Delivered {
            return Ok(());
        }
        let work = Work::FetchCharges { external_id: external_id.to_owned() };
        self.ask(tenant, connection, &work, "delivered", self.clock().now())
    }

    /// Reads what the platform charges for an order, and takes it in.
    pub(crate) async fn fetch_charges(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        external_id: &str,
    ) -> Result<(), AppError> {
        let caller = self.caller(organization, connection).await?;
        let Some(finance) = caller.channel.finance() else { return Ok(()) };
        let has_list = finance.settlements().is_some();
        let read = finance.of_order(&caller.account, external_id).await;
        let told = match caller.heard(read).await {
            Ok(money) => Some(money),
            // Nothing to tell so far, or not to this app: what lacks, the list tells a person
            // once, and not each order.
            Err(AppError::Channel(ChannelError {
                kind: ErrorKind::NotFound | ErrorKind::PermissionMissing,
                ..
            })) => None,
            Err(error) => return Err(error),
        };
        let (app, external_id) = (self.clone(), external_id.to_owned());
        let taken = self
            .organization(organization)
            .write(move |tenant| app.take_money(tenant, connection, &external_id, told, has_list))
            .await?;
        match taken {
            Ok(None) => Ok(()),
            Ok(Some(id)) => {
                self.announce(organization, Change::Order { id, new: false });
                Ok(())
            }
            Err(fault) => {
                let kind = ErrorKind::Garbled { what: fault.to_string() };
                Err(ChannelError::new(kind, OPERATION).into())
            }
        }
    }

    /// The decision and what is kept of it, inside the transaction. Gives the order where
    /// anything changed.
    fn take_money(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        external_id: &str,
        told: Option<OrderMoney>,
        has_list: bool,
    ) -> StoreResult<Result<Option<OrderId>, Fault>> {
        let now = self.clock().now();
        let Some(held) = tenant.money_of(connection, external_id)? else { return Ok(Ok(None)) };
        let mut reckoning = held.reckoning.clone();
        let is_off = matches!(held.state, OrderState::Cancelled(_));
        let news = told.map(|money| {
            let news = money.news(held.listed_at);
            // Nothing is to be expected of an order that is off.
            if is_off { News { forecast: Sums::default(), ..news } } else { news }
        });
        let changed = match news.map(|news| reckoning.settle(&news)) {
            None => false,
            Some(Ok(changed)) => changed,
            Some(Err(fault)) => return Ok(Err(fault)),
        };
        if reckoning != held.reckoning {
            let new = |difference| NewDifference { id: DifferenceId::new(now, self.entropy()), difference };
            let differences: Vec<_> = reckoning.differences().into_iter().map(new).collect();
            tenant.keep_reckoning(&held, &reckoning, &differences, now)?;
            tenant.reckon_profit(held.order, None)?;
            if held.reckoning.settled_at.is_none() && reckoning.settled_at.is_some() {
                let deed = Deed::new(Actor::system("money"), "order.settled", held.order.to_string());
                let deed =
                    deed.with("net", reckoning.net().to_decimal()).with("differences", differences.len());
                self.outcome(tenant, &deed, "ok")?;
            }
        }
        tenant.note_money_read(held.order, now, next_look(&held, &reckoning, has_list, now))?;
        Ok(Ok(changed.then_some(held.order)))
    }

    /// Reads one page of an account's settlements; at the end of the list, asks for the orders
    /// whose money is to be looked at again.
    pub(crate) async fn check_charges(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        bookmark: &Bookmark,
        until: Option<Timestamp>,
    ) -> Result<(), AppError> {
        let caller = self.caller(organization, connection).await?;
        let Some(finance) = caller.channel.finance() else { return Ok(()) };
        let now = self.clock().now();
        let to = until.unwrap_or(now);
        let (mut settled, mut next) = (Vec::new(), None);
        let list = finance.settlements();
        if let Some(list) = list {
            let held = self.organization(organization);
            let covered = held.read(move |tenant| tenant.settlements_covered_to(connection)).await?;
            let from = covered.map_or_else(|| to.minus(FIRST_LIST), |covered| covered.minus(LIST_OVERLAP));
            let read = list.settled_in(&caller.account, Window { from, to }, bookmark.page.as_deref()).await;
            let page = caller.heard(read).await?;
            next = bookmark.after(page.next, "settled orders")?;
            settled = page.items;
        }
        let (app, has_list) = (self.clone(), list.is_some());
        self.organization(organization)
            .write(move |tenant| {
                for order in settled {
                    if tenant.note_listed(connection, &order.external_id, order.settled_at)? {
                        let work = Work::FetchCharges { external_id: order.external_id };
                        app.ask(tenant, connection, &work, "settled", now)?;
                    } else {
                        tenant.note_unknown_payout(connection, &order.external_id, order.settled_at)?;
                    }
                }
                if let Some(bookmark) = next {
                    let work = Work::CheckCharges { bookmark, until: Some(to) };
                    return app.ask(tenant, connection, &work, "the list goes on", now);
                }
                for (order, external_id) in tenant.money_due(connection, now, ASKED_AT_ONCE)? {
                    // One that cannot be read must not be in the way of the next.
                    tenant.note_money_due(order, now.plus(LOOK_AGAIN))?;
                    let work = Work::FetchCharges { external_id };
                    app.ask(tenant, connection, &work, "money not settled yet", now)?;
                }
                app.look_at_fees(tenant, connection, now)?;
                if has_list { tenant.note_settlements(connection, to) } else { Ok(()) }
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }
}

/// What an order tells of its money itself; `None` where a line does not tell its fee.
fn told_by_order(snapshot: &OrderSnapshot) -> Option<Sums> {
    let fees = snapshot.lines.iter().map(|line| line.sale_fee).collect::<Option<Vec<_>>>()?;
    let currency = snapshot.total.currency;
    let mut sums = Sums::default();
    sums.add(FeeKind::Goods, snapshot.total.minor).ok()?;
    for fee in fees {
        sums.add(FeeKind::Commission, fee.minor.checked_neg().filter(|_| fee.currency == currency)?).ok()?;
    }
    sums.check().ok().map(|()| sums)
}

/// When an order's money is looked at again; `None` where there is nothing to wait for.
fn next_look(held: &HeldMoney, reckoning: &Reckoning, has_list: bool, now: Timestamp) -> Option<Timestamp> {
    let is_off = matches!(held.state, OrderState::Cancelled(_));
    if reckoning.settled_at.is_some() || is_off || now.since(held.placed_at) > LONGEST_WAIT {
        return None;
    }
    let is_listed = has_list && !reckoning.forecast.is_empty();
    Some(now.plus(if is_listed { LOOK_AGAIN_BESIDE_A_LIST } else { LOOK_AGAIN }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::order::CancelledBy;
    use domain::{ChannelKind, Currency, TypedId};

    const SALE: Timestamp = Timestamp::from_millis(1_767_623_400_000);

    fn held(state: OrderState) -> HeldMoney {
        HeldMoney {
            order: OrderId::from_bytes([1; 16]),
            channel: ChannelKind::Shopee,
            state,
            placed_at: SALE,
            listed_at: None,
            reckoning: Reckoning::new(Currency::Brl),
        }
    }

    fn reckoning(forecast: bool, charged: bool, settled: bool) -> Reckoning {
        let sums = |told: bool| told.then_some((FeeKind::Commission, -5)).into_iter().collect();
        let mut reckoning = Reckoning::new(Currency::Brl);
        let news = News {
            at: SALE,
            currency: Currency::Brl,
            forecast: sums(forecast),
            charged: sums(charged),
            settled_at: settled.then_some(SALE),
        };
        reckoning.settle(&news).unwrap();
        reckoning
    }

    #[test]
    fn money_that_a_list_tells_of_is_looked_at_less_often() {
        let at = |forecast, has_list| {
            next_look(&held(OrderState::ToDispatch), &reckoning(forecast, false, false), has_list, SALE)
        };
        assert_eq!(at(false, true), Some(SALE.plus(LOOK_AGAIN)), "there is no forecast yet");
        assert_eq!(at(true, true), Some(SALE.plus(LOOK_AGAIN_BESIDE_A_LIST)));
        assert_eq!(at(true, false), Some(SALE.plus(LOOK_AGAIN)));
    }

    #[test]
    fn what_is_settled_called_off_or_old_is_not_looked_at_again() {
        let delivered = held(OrderState::Delivered);
        assert_eq!(next_look(&delivered, &reckoning(true, true, true), true, SALE), None);
        let off = held(OrderState::Cancelled(CancelledBy::Buyer));
        assert_eq!(next_look(&off, &reckoning(true, false, false), true, SALE), None);
        let late = SALE.plus(LONGEST_WAIT + Duration::from_secs(1));
        assert_eq!(next_look(&delivered, &reckoning(true, false, false), true, late), None);
    }
}

//! Money: what an order's payments and its shipment's costs say. The account at Mercado Pago,
//! where the money is paid out, belongs to another application and is not read.

use connect::{
    Account, Answer, Call, CallSpec, ChannelError, ErrorKind, Finality, Finance, OrderMoney, Settlements,
};
use domain::Currency;
use domain::settlement::{Fault, FeeKind, Sums};
use http::Method;
use serde::Deserialize;

use super::MercadoLivre;
use super::goods::{Goods, goods};
use super::hook::is_number;
use super::map;
use super::wire::{self, Amount, Gap, Loose, Reference, Tags, filled, owned};
use crate::market::loose::distinct;

const MONEY: &str = "read money of order";
const COSTS: &str = "read costs of shipment";

/// `GET /orders/{id}`, as far as it is about money.
#[expect(clippy::struct_field_names, reason = "fields are called what the platform calls them")]
#[derive(Debug, Deserialize)]
struct Order {
    id: Loose,
    pack_id: Option<Loose>,
    total_amount: Option<Amount>,
    currency_id: Option<Loose>,
    order_items: Option<Vec<Line>>,
    payments: Option<Vec<Payment>>,
    shipping: Option<Reference>,
    status: Option<Loose>,
    tags: Option<Tags>,
}

#[derive(Debug, Deserialize)]
struct Line {
    quantity: Option<Loose>,
    /// Of one unit.
    sale_fee: Option<Amount>,
}

#[derive(Debug, Deserialize)]
struct Payment {
    currency_id: Option<Loose>,
    status: Option<Loose>,
    transaction_amount: Option<Amount>,
    transaction_amount_refunded: Option<Amount>,
    /// Of the whole payment.
    marketplace_fee: Option<Amount>,
}

/// `GET /shipments/{id}/costs`. One shipment can have senders besides the account.
#[derive(Debug, Deserialize)]
struct Costs {
    senders: Option<Vec<Sender>>,
}

#[derive(Debug, Deserialize)]
struct Sender {
    user_id: Option<Loose>,
    cost: Option<Amount>,
}

/// What the shipment says: what of its costs is the order's, below zero, and whether it has
/// come to its end.
#[derive(Debug, Clone, Copy, Default)]
struct Carriage {
    minor: Option<i64>,
    is_over: bool,
}

impl Finance for MercadoLivre {
    fn of_order<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, OrderMoney> {
        Box::pin(async move {
            let answer =
                self.ask(self.request(MONEY, Method::GET, account, &["orders", external_id])).await?;
            let order: Order = answer.json()?;
            if order.id.0 != external_id {
                return Err(answer.garbled("another order than was asked for"));
            }
            let currency = map::currency(order.currency_id.as_ref()).map_err(|gap| answer.garbled(gap.0))?;
            let shipping = order.shipping.as_ref().and_then(|shipping| filled(shipping.id.as_ref()));
            let carriage = match shipping {
                Some(id) if !is_number(id) => return Err(answer.garbled("shipping.id is no number")),
                Some(id) => self.carriage(account, &order, id, currency).await?,
                None => Carriage { minor: None, is_over: is_over_without_shipment(&order) },
            };
            money(&order, carriage, currency, &answer).map_err(|gap| answer.garbled(gap.0))
        })
    }

    /// What was paid out is told by Mercado Pago, to an application and a token of its own.
    fn settlements(&self) -> Option<&dyn Settlements> {
        None
    }
}

impl MercadoLivre {
    /// What carries an order costs the seller. The orders of a cart share a shipment, and its
    /// costs evenly: the platform does not say which order bears what.
    async fn carriage(
        &self,
        account: &Account,
        order: &Order,
        id: &str,
        currency: Currency,
    ) -> Result<Carriage, ChannelError> {
        let shipment = self.of_shipment_if_there(account, &["shipments", id]).await?;
        let Some(answer) = shipment else { return Ok(Carriage::default()) };
        let shipment: wire::Shipment = answer.json()?;
        if shipment.id.0 != id {
            return Err(answer.garbled("another shipment"));
        }
        let whereabouts = goods(&shipment);
        if whereabouts == Goods::Stopped {
            // It tells costs all the same, of a way that it never went.
            return Ok(Carriage { minor: None, is_over: true });
        }
        let is_over =
            whereabouts == Goods::WithBuyer || filled(shipment.status.as_ref()) == Some("not_delivered");
        let costs = self.of_shipment_if_there(account, &["shipments", id, "costs"]).await?;
        let Some(answer) = costs else { return Ok(Carriage { minor: None, is_over }) };
        let costs: Costs = answer.json()?;
        let own = |sender: &&Sender| filled(sender.user_id.as_ref()) == Some(account.external_id.as_str());
        let sender = costs.senders.as_deref().unwrap_or_default().iter().find(own);
        let cost = sender.and_then(|sender| sender.cost.as_ref()?.money(currency));
        let Some(cost) = cost else { return Ok(Carriage { minor: None, is_over }) };
        if filled(order.pack_id.as_ref()).is_none() {
            return Ok(Carriage { minor: cost.minor.checked_neg(), is_over });
        }
        let rows = self.of_shipment_if_there(account, &["shipments", id, "orders"]).await?;
        let Some(answer) = rows else { return Ok(Carriage { minor: None, is_over }) };
        let rows: Vec<wire::ShipmentOrder> = answer.json()?;
        let ids = rows.iter().map(|row| owned(row.order_id.as_ref()).filter(|id| is_number(id)));
        let place = distinct(ids).and_then(|ids| Some((ids.len(), ids.binary_search(&order.id.0).ok()?)));
        let Some((count, at)) = place else {
            return Err(answer.garbled("a shipment that does not name its order"));
        };
        Ok(Carriage { minor: share(cost.minor, count, at).checked_neg(), is_over })
    }

    /// `None` for what is not there (yet): right after the order that is normal, and money is
    /// told without it.
    async fn of_shipment_if_there(
        &self,
        account: &Account,
        path: &[&str],
    ) -> Result<Option<Answer>, ChannelError> {
        match self.ask(self.of_shipment_spec(account, path)).await {
            Err(ChannelError { kind: ErrorKind::NotFound, .. }) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    fn of_shipment_spec(&self, account: &Account, path: &[&str]) -> CallSpec {
        let spec = self.request(COSTS, Method::GET, account, path).header("x-format-new", "true");
        if path.last() == Some(&"orders") { spec.header("x-new-domain", "true") } else { spec }
    }
}

/// An even part of a cost in minor units: the first orders bear what does not divide.
fn share(cost: i64, orders: usize, at: usize) -> i64 {
    let orders = i64::try_from(orders.max(1)).unwrap_or(i64::MAX);
    let at = i64::try_from(at).unwrap_or(i64::MAX);
    cost / orders + i64::from(at < cost % orders)
}

fn is_over_without_shipment(order: &Order) -> bool {
    let is_delivered = order.tags.as_ref().is_some_and(|tags| tags.has("delivered"));
    is_delivered || filled(order.status.as_ref()) == Some("cancelled")
}

fn gap(fault: &Fault) -> Gap {
    Gap(fault.to_string())
}

fn money(order: &Order, carriage: Carriage, currency: Currency, answer: &Answer) -> Result<OrderMoney, Gap> {
    let at = answer.started_at();
    let mut forecast = Sums::default();
    if let Some(total) = order.total_amount.as_ref().and_then(|amount| amount.money(currency)) {
        forecast.add(FeeKind::Goods, total.minor).map_err(|fault| gap(&fault))?;
    }
    if let Some(fee) = sale_fees(order.order_items.as_deref().unwrap_or_default(), currency) {
        forecast.add(FeeKind::Commission, fee).map_err(|fault| gap(&fault))?;
    }
    if let Some(minor) = carriage.minor {
        forecast.add(FeeKind::Freight, minor).map_err(|fault| gap(&fault))?;
    }
    let payments = order.payments.as_deref().unwrap_or_default();
    let mut charged = paid(payments, currency)?;
    let is_paid = !charged.is_empty();
    // What a parcel costs may change until it has arrived.
    if let Some(minor) = carriage.minor.filter(|_| is_paid && carriage.is_over) {
        charged.add(FeeKind::Freight, minor).map_err(|fault| gap(&fault))?;
    }
    for sums in [&forecast, &charged] {
        sums.check().map_err(|fault| gap(&fault))?;
    }
    let is_final = is_paid && carriage.is_over && payments.iter().all(stays);
    let finality = if is_final { Finality::Since(at) } else { Finality::Open };
    Ok(OrderMoney { at, currency, forecast, charged, finality })
}

/// What the platform says that the sale costs, of all lines; `None` when one does not tell.
fn sale_fees(lines: &[Line], currency: Currency) -> Option<i64> {
    let fee = |line: &Line| {
        let units = line.quantity.as_ref().and_then(Loose::count)?;
        line.sale_fee.as_ref()?.money(currency)?.minor.checked_mul(units)?.checked_neg()
    };
    let fees = lines.iter().map(fee).collect::<Option<Vec<_>>>().filter(|fees| !fees.is_empty())?;
    fees.into_iter().try_fold(0_i64, i64::checked_add)
}

/// Whether nothing more will become of a payment. One that was given back does not count
/// as final: whether its fee was given back, too, only Mercado Pago tells.
fn stays(payment: &Payment) -> bool {
    matches!(filled(payment.status.as_ref()), Some("approved" | "rejected" | "cancelled"))
}

/// What came in, what went back and what was taken of it. The fee of a payment that was
/// given back stays a forecast.
fn paid(payments: &[Payment], currency: Currency) -> Result<Sums, Gap> {
    let mut sums = Sums::default();
    for payment in payments {
        let is_approved = filled(payment.status.as_ref()) == Some("approved");
        let came_back = matches!(filled(payment.status.as_ref()), Some("refunded" | "charged_back"));
        if !is_approved && !came_back {
            continue;
        }
        if let Some(code) = filled(payment.currency_id.as_ref())
            && code != currency.code()
        {
            return Err(Gap(format!("a payment in {code} for an order in {}", currency.code())));
        }
        let minor = |amount: &Option<Amount>| Some(amount.as_ref()?.money(currency)?.minor);
        let came = minor(&payment.transaction_amount).ok_or_else(|| Gap::missing("transaction_amount"))?;
        let told_back = minor(&payment.transaction_amount_refunded).unwrap_or_default();
        let went = if came_back { came.max(told_back) } else { told_back };
        let mut add = |kind, minor: i64| sums.add(kind, minor).map_err(|fault| gap(&fault));
        add(FeeKind::Goods, came)?;
        if went != 0 {
            add(FeeKind::Refund, went.saturating_neg())?;
        }
        if is_approved && let Some(fee) = minor(&payment.marketplace_fee) {
            add(FeeKind::Commission, fee.saturating_neg())?;
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_shares_of_a_cart_are_its_shipments_cost(cost in 0_i64..1_000_000, orders in 1_usize..40) {
            let shares: Vec<i64> = (0..orders).map(|at| share(cost, orders, at)).collect();
            prop_assert_eq!(shares.iter().sum::<i64>(), cost);
            prop_assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
        }
    }
}

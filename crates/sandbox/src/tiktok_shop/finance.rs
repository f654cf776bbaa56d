//! Statements, their transactions, payments and what is still to come (fact sheet §13).

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ask::{Ask, PageSize, amount, seconds};
use super::gate::{Door, shop};
use super::order::{Line, Order, Stage};
use super::refusal::{Refusal, success};
use super::returns::{Return, ReturnStage};
use super::{Event, World};
use crate::call::Call;
use crate::ids::Series;
use crate::reply::Answer;
use crate::table::{Route, get};

/// Milliseconds of a day: statements close at midnight UTC.
const DAY_MS: i64 = 86_400_000;
/// How long after a statement its payment arrives.
const PAYMENT_TIME: Duration = Duration::from_hours(24);
/// Below this price (centavos) the lower fee per item goes with the higher commission.
const CHEAP_MINOR: i64 = 5_000;
/// Commission in percent and centavos per item, for cheap goods and for others.
const CHEAP_FEES: (i64, i64) = (10, 400);
const OTHER_FEES: (i64, i64) = (6, 600);

const STATEMENTS: Series = Series::new("tiktok_statement", 7_700_000_000_000_000_000);
const TRANSACTIONS: Series = Series::new("tiktok_transaction", 7_710_000_000_000_000_000);
const PAYMENTS: Series = Series::new("tiktok_payment", 7_720_000_000_000_000_000);
const WITHDRAWALS: Series = Series::new("tiktok_withdrawal", 7_730_000_000_000_000_000);

/// One line of a statement: an order, or what was given back of one. Centavos; what is
/// taken away is negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The id.
    pub id: i64,
    /// The order.
    pub order_id: i64,
    /// When the order was made.
    pub order_created: Timestamp,
    /// What the SKUs bring, one row for each SKU.
    pub skus: Vec<SkuShare>,
    /// Freight: what the carrier costs, less what buyer and platform pay.
    pub shipping_minor: i64,
}

/// A SKU's share of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuShare {
    /// The SKU.
    pub sku_id: i64,
    /// Its name.
    pub sku_name: String,
    /// The product's.
    pub product_name: String,
    /// Units; negative when given back.
    pub quantity: i64,
    /// What was paid for it.
    pub revenue_minor: i64,
    /// The commission.
    pub commission_minor: i64,
    /// The fee per item, Brazil only.
    pub item_fee_minor: i64,
}

impl SkuShare {
    fn fees_minor(&self) -> i64 {
        self.commission_minor + self.item_fee_minor
    }
}

impl Transaction {
    fn sum(&self, of: impl Fn(&SkuShare) -> i64) -> i64 {
        self.skus.iter().map(of).sum()
    }

    fn revenue_minor(&self) -> i64 {
        self.sum(|it| it.revenue_minor)
    }

    fn fees_minor(&self) -> i64 {
        self.sum(SkuShare::fees_minor)
    }

    fn settlement_minor(&self) -> i64 {
        self.revenue_minor() + self.fees_minor() + self.shipping_minor
    }
}

/// What a day has settled for a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The id.
    pub id: i64,
    /// The shop.
    pub shop_id: i64,
    /// The midnight it closed at.
    pub time: Timestamp,
    /// Its lines.
    pub transactions: Vec<Transaction>,
    /// The payment.
    pub payment_id: i64,
    /// When it was paid.
    pub paid: Option<Timestamp>,
    /// The withdrawal that follows the payment.
    pub withdrawal_id: i64,
}

impl Statement {
    fn sum(&self, of: impl Fn(&Transaction) -> i64) -> i64 {
        self.transactions.iter().map(of).sum()
    }

    fn payment_status(&self) -> &'static str {
        if self.paid.is_some() { "PAID" } else { "PROCESSING" }
    }
}

/// The money of all shops.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finance {
    /// Closed statements, oldest first.
    pub statements: Vec<Statement>,
    /// What the next midnight will settle, by shop.
    pub waiting: Vec<(i64, Transaction)>,
    /// Centavos of commission beyond what was expected, by order.
    #[serde(default)]
    pub overcharges: BTreeMap<i64, i64>,
}

/// Commission and fee per item of a unit at this price.
fn fees(price_minor: i64) -> (i64, i64) {
    let (percent, item) = if price_minor < CHEAP_MINOR { CHEAP_FEES } else { OTHER_FEES };
    ((price_minor * percent + 50) / 100, item)
}

/// The shares of these lines; `sign` is -1 for what is given back.
fn shares<'a>(lines: impl Iterator<Item = &'a Line>, sign: i64) -> Vec<SkuShare> {
    let mut shares: Vec<SkuShare> = Vec::new();
    for line in lines {
        let (commission, item_fee) = fees(line.price_minor);
        let place = shares.iter().position(|it| it.sku_id == line.sku_id).unwrap_or_else(|| {
            shares.push(SkuShare {
                sku_id: line.sku_id,
                sku_name: line.sku_name.clone(),
                product_name: line.product_name.clone(),
                quantity: 0,
                revenue_minor: 0,
                commission_minor: 0,
                item_fee_minor: 0,
            });
            shares.len() - 1
        });
        let share = &mut shares[place];
        share.quantity += sign;
        // The platform's discounts are the platform's: the seller gets the full price.
        share.revenue_minor += sign * line.price_minor;
        share.commission_minor -= sign * commission;
        share.item_fee_minor -= sign * item_fee;
    }
    shares
}

fn midnight_after(at: Timestamp) -> Timestamp {
    Timestamp::from_millis((at.as_millis().div_euclid(DAY_MS) + 1) * DAY_MS)
}

fn wait(world: &mut World, order: &Order, skus: Vec<SkuShare>) {
    let transaction = Transaction {
        id: world.ids.next(TRANSACTIONS),
        order_id: order.id,
        order_created: order.created,
        skus,
        shipping_minor: 0,
    };
    world.finance.waiting.push((order.shop_id, transaction));
    let at = midnight_after(world.now);
    world.agenda.forget(|event| *event == Event::StatementsClose);
    world.agenda.plan(at, Event::StatementsClose);
}

/// What a finished return takes away: goods and their fees, or a part of the money only.
fn refund_shares(order: &Order, it: &Return) -> Vec<SkuShare> {
    let lines: Vec<&Line> = order.lines.iter().filter(|line| it.line_ids.contains(&line.id)).collect();
    let full: i64 = lines.iter().map(|line| line.paid_minor()).sum();
    if it.refund_minor >= full {
        return shares(lines.into_iter(), -1);
    }
    let mut part = shares(lines.into_iter(), 0);
    if let Some(first) = part.first_mut() {
        first.revenue_minor = -it.refund_minor;
    }
    part
}

/// A completed order is settled at the next midnight, less what was given back by then.
pub(crate) fn await_settlement(world: &mut World, order_id: i64) {
    let Some(order) = world.orders.get(&order_id).cloned() else { return };
    let mut skus = shares(order.live_lines(), 1);
    let done = |it: &&Return| it.order_id == order_id && it.stage == ReturnStage::Complete;
    for given_back in world.returns.values().filter(done).flat_map(|it| refund_shares(&order, it)) {
        if let Some(share) = skus.iter_mut().find(|it| it.sku_id == given_back.sku_id) {
            share.quantity += given_back.quantity;
            share.revenue_minor += given_back.revenue_minor;
            share.commission_minor += given_back.commission_minor;
            share.item_fee_minor += given_back.item_fee_minor;
        }
    }
    if let (Some(first), Some(more)) = (skus.first_mut(), world.finance.overcharges.get(&order_id)) {
        first.commission_minor -= more;
    }
    skus.retain(|it| it.quantity != 0 || it.revenue_minor != 0);
    if !skus.is_empty() {
        wait(world, &order, skus);
    }
}

/// A refund after the settlement takes the money back; before it, nothing was given.
pub(crate) fn take_back(world: &mut World, return_id: i64) {
    let Some(it) = world.returns.get(&return_id).cloned() else { return };
    let Some(order) = world.orders.get(&it.order_id).cloned() else { return };
    if order.stage == Stage::Completed {
        let skus = refund_shares(&order, &it);
        wait(world, &order, skus);
    }
}

/// Midnight: what waited becomes a statement for each shop.
pub(crate) fn close_statements(world: &mut World) {
    let waiting = std::mem::take(&mut world.finance.waiting);
    let shops: std::collections::BTreeSet<i64> = waiting.iter().map(|(shop, _)| *shop).collect();
    for shop_id in shops {
        let transactions =
            waiting.iter().filter(|(shop, _)| *shop == shop_id).map(|(_, it)| it.clone()).collect();
        let statement = Statement {
            id: world.ids.next(STATEMENTS),
            shop_id,
            time: world.now,
            transactions,
            payment_id: world.ids.next(PAYMENTS),
            paid: None,
            withdrawal_id: world.ids.next(WITHDRAWALS),
        };
        world.agenda.plan(world.now.plus(PAYMENT_TIME), Event::StatementPaid(statement.id));
        world.finance.statements.push(statement);
    }
}

/// The payment of a statement has arrived.
pub(crate) fn statement_paid(world: &mut World, id: i64) {
    let now = world.now;
    if let Some(statement) = world.finance.statements.iter_mut().find(|it| it.id == id) {
        statement.paid = Some(now);
    }
}

const PAGE: PageSize = PageSize { default: Some(20), min: 1, max: 100 };

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const SCOPE: &str = "seller.finance.info";
    const READ: Door = shop(&[202_309], SCOPE);
    const TRANSACTIONS: Door = shop(&[202_309, 202_501], SCOPE);
    vec![
        get("/finance/{v}/statements", READ, statements),
        get("/finance/{v}/statements/{id}/statement_transactions", TRANSACTIONS, statement_transactions),
        get("/finance/{v}/orders/{id}/statement_transactions", TRANSACTIONS, order_transactions),
        get("/finance/{v}/orders/unsettled", shop(&[202_507], SCOPE), unsettled),
        get("/finance/{v}/payments", shop(&[202_309, 202_605], SCOPE), payments),
        get("/finance/{v}/withdrawals", READ, withdrawals),
    ]
}

fn own<'a>(world: &'a World, ask: &Ask<'_>) -> Vec<&'a Statement> {
    let mut found: Vec<&Statement> =
        world.finance.statements.iter().filter(|it| it.shop_id == ask.shop_id()).collect();
    if ask.query("sort_order") != Some("ASC") {
        found.reverse();
    }
    found
}

/// The one field that a listing can be sorted by, which has to be named.
fn check_sort(ask: &Ask<'_>, field: &str) -> Result<(), Refusal> {
    match ask.query("sort_field") {
        Some(sent) if sent == field => Ok(()),
        Some(_) => Err(Refusal::parameter("sort_field", &format!("Expected {field}"))),
        None => Err(Refusal::missing("query", "sort_field")),
    }
}

fn statements(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    check_sort(&ask, "statement_time")?;
    let status = ask.query("payment_status");
    let rows = own(world, &ask)
        .into_iter()
        .filter(|it| ask.in_window("statement_time", it.time))
        .filter(|it| status.is_none_or(|status| it.payment_status() == status))
        .map(|it| {
            let mut row = json!({
                "id": it.id.to_string(), "statement_time": seconds(it.time), "currency": "BRL",
                "settlement_amount": amount(it.sum(Transaction::settlement_minor)),
                "revenue_amount": amount(it.sum(Transaction::revenue_minor)),
                "net_sales_amount": amount(it.sum(Transaction::revenue_minor)),
                "fee_amount": amount(it.sum(Transaction::fees_minor)), "adjustment_amount": "0.00",
                "shipping_cost_amount": amount(it.sum(|it| it.shipping_minor)),
                "payment_status": it.payment_status(), "payment_id": it.payment_id.to_string(),
            });
            if let Some(paid) = it.paid {
                row["payment_time"] = json!(seconds(paid));
            }
            row
        })
        .collect();
    success(ask.page(rows, PAGE)?.uncounted("statements"))
}

fn fee_breakdown(commission: i64, item_fee: i64) -> Value {
    json!({"fee": {"platform_commission_amount": amount(commission), "fee_per_item_sold_amount": amount(item_fee),
        "affiliate_commission_amount": "0.00", "sfp_service_fee_amount": "0.00"}, "tax": {}})
}

fn transaction_document(it: &Transaction) -> Value {
    let revenue = it.revenue_minor();
    let refunded = it.skus.iter().all(|share| share.quantity < 0);
    let (sold, given_back) = if refunded { (0, revenue) } else { (revenue, 0) };
    json!({
        "id": it.id.to_string(), "type": "ORDER", "order_id": it.order_id.to_string(), "order_create_time": seconds(it.order_created),
        "settlement_amount": amount(it.settlement_minor()), "revenue_amount": amount(revenue),
        "revenue_breakdown": {"subtotal_before_discount_amount": amount(sold), "seller_discount_amount": "0.00",
            "refund_subtotal_before_discount_amount": amount(given_back), "seller_discount_refund_amount": "0.00"},
        "shipping_cost_amount": amount(it.shipping_minor),
        "shipping_cost_breakdown": {"actual_shipping_fee_amount": "0.00", "shipping_fee_discount_amount": "0.00",
            "customer_paid_shipping_fee_amount": "0.00", "return_shipping_fee_amount": "0.00", "supplementary_component": {}},
        "fee_tax_amount": amount(it.fees_minor()),
        "fee_tax_breakdown": fee_breakdown(it.sum(|it| it.commission_minor), it.sum(|it| it.item_fee_minor)),
        "adjustment_amount": "0.00", "reserve_amount": "0.00",
    })
}

fn statement_transactions(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    check_sort(&ask, "order_create_time")?;
    let statement = own(world, &ask).into_iter().find(|it| it.id == ask.id("id"));
    let statement =
        statement.ok_or_else(|| Refusal::parameter("statement_id", "the statement does not exist"))?;
    let rows = statement.transactions.iter().map(transaction_document).collect();
    let mut data = ask.page(rows, PAGE)?.data("transactions", false);
    let settlement = statement.sum(Transaction::settlement_minor);
    data["id"] = json!(statement.id.to_string());
    data["create_time"] = json!(seconds(statement.time));
    data["status"] = json!("SETTLED");
    data["currency"] = json!("BRL");
    data["payable_amount"] = json!(amount(settlement));
    data["total_reserve_amount"] = json!("0.00");
    data["total_settlement_amount"] = json!(amount(settlement));
    data["total_settlement_breakdown"] = json!({
        "total_revenue_amount": amount(statement.sum(Transaction::revenue_minor)),
        "total_shipping_cost_amount": amount(statement.sum(|it| it.shipping_minor)),
        "total_fee_tax_amount": amount(statement.sum(Transaction::fees_minor)), "total_adjustment_amount": "0.00",
    });
    success(data)
}

fn order_transactions(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let order = world.order_of(ask.shop_id(), ask.id("id"))?;
    let mut rows = Vec::new();
    let (mut revenue, mut fees, mut shipping) = (0, 0, 0);
    for statement in own(world, &ask) {
        for transaction in statement.transactions.iter().filter(|it| it.order_id == order.id) {
            revenue += transaction.revenue_minor();
            fees += transaction.fees_minor();
            shipping += transaction.shipping_minor;
            rows.extend(transaction.skus.iter().map(|it| sku_row(statement.id, it)));
        }
    }
    success(json!({
        "order_id": order.id.to_string(), "order_create_time": seconds(order.created), "currency": "BRL",
        "revenue_amount": amount(revenue), "fee_and_tax_amount": amount(fees), "shipping_cost_amount": amount(shipping),
        "settlement_amount": amount(revenue + fees + shipping), "total_count": rows.len(), "sku_transactions": rows,
    }))
}

fn sku_row(statement_id: i64, it: &SkuShare) -> Value {
    json!({
        "statement_id": statement_id.to_string(), "sku_id": it.sku_id.to_string(), "sku_name": it.sku_name,
        "product_name": it.product_name, "quantity": it.quantity.to_string(),
        "settlement_amount": amount(it.revenue_minor + it.fees_minor()), "revenue_amount": amount(it.revenue_minor),
        "shipping_cost_amount": "0.00", "fee_tax_amount": amount(it.fees_minor()),
        "fee_tax_breakdown": fee_breakdown(it.commission_minor, it.item_fee_minor),
    })
}

fn unsettled(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let settled = |id: i64| {
        world.finance.statements.iter().any(|it| it.transactions.iter().any(|row| row.order_id == id))
    };
    let rows = world
        .orders
        .values()
        .filter(|it| it.shop_id == ask.shop_id() && it.paid.is_some() && it.live_lines().next().is_some())
        .filter(|it| !settled(it.id) && ask.in_window("search_time", it.created))
        .map(|it| {
            let skus = shares(it.live_lines(), 1);
            let revenue: i64 = skus.iter().map(|it| it.revenue_minor).sum();
            let fees: i64 = skus.iter().map(SkuShare::fees_minor).sum();
            let reason = if it.stage == Stage::Completed { "IN_REVIEW" } else { "NOT_DELIVERED" };
            json!({
                "id": it.id.to_string(), "order_id": it.id.to_string(), "type": "ORDER", "currency": "BRL",
                "order_create_time": seconds(it.created), "unsettled_reason": reason,
                "estimated_settlement": format!("Delivered + {} days", world.rules.complete_seconds / 86_400),
                "est_settlement_amount": amount(revenue + fees), "est_revenue_amount": amount(revenue),
                "est_fee_tax_amount": amount(fees), "est_shipping_cost_amount": "0.00", "est_adjustment_amount": "0.00",
            })
        })
        .collect();
    success(ask.page(rows, PAGE)?.data("transactions", false))
}

fn payments(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let rows = own(world, &ask)
        .into_iter()
        .filter(|it| ask.in_window("create_time", it.time))
        .map(|it| {
            let money = json!({"value": amount(it.sum(Transaction::settlement_minor)), "currency": "BRL"});
            let mut row = json!({"id": it.payment_id.to_string(), "status": it.payment_status(), "amount": money,
                "settlement_amount": money, "payment_amount_before_exchange": money, "exchange_rate": "1",
                "create_time": seconds(it.time), "bank_account": "1234"});
            if let Some(paid) = it.paid {
                row["paid_time"] = json!(seconds(paid));
            }
            row
        })
        .collect();
    success(ask.page(rows, PAGE)?.uncounted("payments"))
}

fn withdrawals(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let types = ask.query_list("types");
    if types.is_empty() {
        return Err(Refusal::missing("query", "types").into());
    }
    let wanted = types.iter().any(|it| it == "SETTLE");
    let rows = own(world, &ask)
        .into_iter()
        .filter(|it| wanted && it.paid.is_some_and(|paid| ask.in_window("create_time", paid)))
        .map(|it| {
            json!({"id": it.withdrawal_id.to_string(), "type": "SETTLE", "status": "SUCCESS", "currency": "BRL",
                "amount": amount(it.sum(Transaction::settlement_minor)), "create_time": it.paid.map(seconds)})
        })
        .collect();
    success(ask.page(rows, PAGE)?.data("withdrawals", false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cheap_goods_pay_more_commission_and_less_per_item() {
        assert_eq!(fees(4_999), (500, 400));
        assert_eq!(fees(5_000), (300, 600));
    }

    #[test]
    fn statements_close_at_midnight_utc() {
        let at = Timestamp::parse("2026-11-10T13:00:00Z").unwrap();
        assert_eq!(midnight_after(at), Timestamp::parse("2026-11-11T00:00:00Z").unwrap());
        let midnight = midnight_after(at);
        assert_eq!(midnight_after(midnight), Timestamp::parse("2026-11-12T00:00:00Z").unwrap());
    }
}

//! Money: what was settled for an order, what is expected of one that was not yet, and the
//! statements of each day.

use std::collections::BTreeMap;

use connect::{
    Account, Answer, Call, ChannelError, ErrorKind, Finality, Finance, OrderMoney, Page, SettledOrder,
    Settlements, Window,
};
use domain::settlement::{Fault, FeeKind, Sums};
use domain::{Currency, Timestamp};
use http::Method;
use serde::{Deserialize, Serialize};

use super::wire::{self, Amount, Gap, Loose, filled};
use super::{TikTokShop, is_id, version};
use crate::market::loose::helpful;
use crate::market::refusal;

const MONEY: &str = "read money of order";
const EXPECTED: &str = "read expected money of order";
const SETTLED: &str = "list settled orders";
/// Rows of a page: the most that lists of money take.
const PAGE: &str = "100";
/// Pages of one second's orders that are looked through for the one that is meant.
const MAX_PAGES: u32 = 10;
/// What our cursors begin with, so that no other list's is taken for one.
const WORD: &str = "settled:";

/// Fees by the platform's names; names are added every month, and one that is not here is
/// kept as it is.
const FEES: [(&str, FeeKind); 17] = [
    ("platform_commission_amount", FeeKind::Commission),
    ("referral_fee_amount", FeeKind::Commission),
    ("fee_per_item_sold_amount", FeeKind::ItemFee),
    ("transaction_fee_amount", FeeKind::Payment),
    ("refund_administration_fee_amount", FeeKind::Handling),
    ("affiliate_commission_amount", FeeKind::Affiliate),
    ("affiliate_partner_commission_amount", FeeKind::Affiliate),
    ("affiliate_ads_commission_amount", FeeKind::Affiliate),
    ("gmv_max_ad_fee_amount", FeeKind::Advertising),
    ("sfp_service_fee_amount", FeeKind::Programme),
    ("voucher_xtra_service_fee_amount", FeeKind::Programme),
    ("flash_sales_service_fee_amount", FeeKind::Programme),
    ("live_specials_fee_amount", FeeKind::Programme),
    ("mall_service_fee_amount", FeeKind::Programme),
    ("cofunded_promotion_service_fee_amount", FeeKind::Programme),
    ("smart_promotion_fee_amount", FeeKind::Programme),
    ("campaign_resource_fee", FeeKind::Programme),
];

/// `GET /finance/{version}/orders/{id}/statement_transactions`.
#[derive(Debug, Deserialize)]
struct OfOrder {
    order_id: Option<Loose>,
    order_create_time: Option<Loose>,
    currency: Option<Loose>,
    settlement_amount: Option<Amount>,
    revenue_amount: Option<Amount>,
    fee_and_tax_amount: Option<Amount>,
    shipping_cost_amount: Option<Amount>,
    sku_transactions: Option<Vec<SkuTransaction>>,
    total_count: Option<Loose>,
}

/// What one statement has of one SKU.
#[derive(Debug, Deserialize)]
struct SkuTransaction {
    revenue_amount: Option<Amount>,
    #[serde(default, deserialize_with = "helpful")]
    revenue_breakdown: Option<Revenue>,
    fee_tax_amount: Option<Amount>,
    #[serde(default, deserialize_with = "helpful")]
    fee_tax_breakdown: Option<FeesAndTaxes>,
}

/// What of a revenue was given back.
#[derive(Debug, Deserialize)]
struct Revenue {
    refund_subtotal_before_discount_amount: Option<Amount>,
    seller_discount_refund_amount: Option<Amount>,
}

/// By the platform's names; what is no number is passed over.
#[derive(Debug, Deserialize)]
struct FeesAndTaxes {
    #[serde(default, deserialize_with = "helpful")]
    fee: Option<BTreeMap<String, Amount>>,
    #[serde(default, deserialize_with = "helpful")]
    tax: Option<BTreeMap<String, Amount>>,
}

/// `GET /finance/{version}/orders/unsettled`.
#[derive(Debug, Deserialize)]
struct Unsettled {
    transactions: Option<Vec<Estimate>>,
    next_page_token: Option<Loose>,
}

#[derive(Debug, Deserialize)]
struct Estimate {
    order_id: Option<Loose>,
    currency: Option<Loose>,
    est_settlement_amount: Option<Amount>,
    est_revenue_amount: Option<Amount>,
    est_fee_tax_amount: Option<Amount>,
    est_shipping_cost_amount: Option<Amount>,
    est_adjustment_amount: Option<Amount>,
}

/// `GET /finance/{version}/statements`.
#[derive(Debug, Deserialize)]
struct Statements {
    statements: Option<Vec<Statement>>,
    next_page_token: Option<Loose>,
}

#[derive(Debug, Deserialize)]
struct Statement {
    id: Option<Loose>,
    statement_time: Option<Loose>,
}

/// `GET /finance/{version}/statements/{id}/statement_transactions`.
#[derive(Debug, Deserialize)]
struct Transactions {
    transactions: Option<Vec<Transaction>>,
    next_page_token: Option<Loose>,
}

/// A transaction of an order, or one that corrects an order; others belong to none.
#[derive(Debug, Deserialize)]
struct Transaction {
    order_id: Option<Loose>,
    adjustment_order_id: Option<Loose>,
}

impl Finance for TikTokShop {
    fn of_order<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, OrderMoney> {
        Box::pin(async move {
            if !is_id(external_id) {
                return Err(refusal::id(MONEY));
            }
            let path = ["finance", version::ORDER_MONEY, "orders", external_id, "statement_transactions"];
            let answer = self.ask(self.request(MONEY, Method::GET, account, &path)?).await?;
            let told: OfOrder = wire::data(&answer)?;
            if filled(told.order_id.as_ref()) != Some(external_id) {
                return Err(answer.garbled("another order than was asked for"));
            }
            let rows = told.sku_transactions.as_deref().unwrap_or_default();
            let count = told.total_count.as_ref().and_then(Loose::count);
            if count.is_some_and(|count| usize::try_from(count) != Ok(rows.len())) {
                return Err(answer.garbled("a list that lacks some of its rows"));
            }
            let garbled = |gap: Gap| answer.garbled(gap.0);
            let currency = currency(told.currency.as_ref()).map_err(garbled)?;
            let at = answer.started_at();
            if rows.is_empty() {
                let created = told.order_create_time.as_ref().and_then(Loose::unix_seconds);
                let forecast = self.expected(account, external_id, created, currency).await?;
                let charged = Sums::default();
                return Ok(OrderMoney { at, currency, forecast, charged, finality: Finality::Open });
            }
            let charged = settled(&told, rows, currency).map_err(garbled)?;
            Ok(OrderMoney { at, currency, forecast: Sums::default(), charged, finality: Finality::Since(at) })
        })
    }

    fn settlements(&self) -> Option<&dyn Settlements> {
        Some(self)
    }
}

impl TikTokShop {
    /// What the platform expects of an order that is not settled. The list is asked for by
    /// the second in which the order was made; what is not on it has no forecast.
    async fn expected(
        &self,
        account: &Account,
        order: &str,
        created: Option<Timestamp>,
        currency: Currency,
    ) -> Result<Sums, ChannelError> {
        let Some(created) = created else { return Ok(Sums::default()) };
        let second = created.as_millis().div_euclid(1_000);
        let path = ["finance", version::UNSETTLED, "orders", "unsettled"];
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let spec = self
                .request(EXPECTED, Method::GET, account, &path)?
                .query("search_time_ge", &second.to_string())
                .query("search_time_lt", &second.saturating_add(1).to_string())
                .query("page_size", PAGE);
            let spec = token.iter().fold(spec, |spec, token| spec.query("page_token", token));
            let answer = match self.ask(spec).await {
                Err(ChannelError { kind: ErrorKind::NotFound, .. }) => return Ok(Sums::default()),
                outcome => outcome?,
            };
            let page: Unsettled = wire::data(&answer)?;
            let rows = page.transactions.unwrap_or_default();
            if let Some(row) = rows.iter().find(|row| filled(row.order_id.as_ref()) == Some(order)) {
                return estimate(row, currency).map_err(|gap| answer.garbled(gap.0));
            }
            let next = filled(page.next_page_token.as_ref()).map(str::to_owned);
            if next.is_some() && next == token {
                return Err(answer.garbled("the same page again"));
            }
            if next.is_none() {
                break;
            }
            token = next;
        }
        Ok(Sums::default())
    }
}

fn currency(code: Option<&Loose>) -> Result<Currency, Gap> {
    let code = filled(code).ok_or_else(|| Gap::missing("currency"))?;
    Currency::from_code(code).ok_or_else(|| Gap(format!("the currency {code} is unknown")))
}

fn gap(fault: &Fault) -> Gap {
    Gap(fault.to_string())
}

fn minor(amount: Option<&Amount>, currency: Currency) -> Option<i64> {
    Some(amount?.money(currency)?.minor)
}

/// What is expected, as far as it is told: fees and taxes as one sum.
fn estimate(row: &Estimate, held: Currency) -> Result<Sums, Gap> {
    let told = currency(row.currency.as_ref())?;
    if told != held {
        return Err(gap(&Fault::Currency { held, told }));
    }
    let amount = |amount: &Option<Amount>| minor(amount.as_ref(), held);
    let whole = amount(&row.est_settlement_amount);
    let sign = sign_of_costs(
        whole,
        amount(&row.est_revenue_amount),
        [amount(&row.est_fee_tax_amount), amount(&row.est_shipping_cost_amount)],
        amount(&row.est_adjustment_amount),
    );
    let parts = [
        (FeeKind::Goods, &row.est_revenue_amount, 1),
        (FeeKind::AllFees, &row.est_fee_tax_amount, sign),
        (FeeKind::Freight, &row.est_shipping_cost_amount, sign),
        (FeeKind::Adjustment, &row.est_adjustment_amount, 1),
    ];
    let told =
        parts.into_iter().filter_map(|(kind, told, sign)| Some((kind, amount(told)?.saturating_mul(sign))));
    let mut sums = told.collect();
    finish(&mut sums, whole)?;
    Ok(sums)
}

/// Which way costs are told. Samples have them below zero, to be added; the prose takes them
/// off, so that they would be above. They are turned round where only that gives the
/// platform's own sum.
fn sign_of_costs(
    whole: Option<i64>,
    revenue: Option<i64>,
    costs: [Option<i64>; 2],
    adjustment: Option<i64>,
) -> i64 {
    let given = revenue.unwrap_or_default().saturating_add(adjustment.unwrap_or_default());
    let costs = costs.into_iter().flatten().fold(0_i64, i64::saturating_add);
    let sum_is = |sum: i64| whole == Some(sum);
    if !sum_is(given.saturating_add(costs)) && sum_is(given.saturating_sub(costs)) { -1 } else { 1 }
}

/// What was charged: rows of all statements together. Zeros say nothing.
fn settled(told: &OfOrder, rows: &[SkuTransaction], currency: Currency) -> Result<Sums, Gap> {
    let mut sums = Sums::default();
    let of_order = |amount: &Option<Amount>| minor(amount.as_ref(), currency);
    let whole = of_order(&told.settlement_amount);
    let costs = [of_order(&told.fee_and_tax_amount), of_order(&told.shipping_cost_amount)];
    let sign = sign_of_costs(whole, of_order(&told.revenue_amount), costs, None);
    let cost = |amount: Option<&Amount>| minor(amount, currency).unwrap_or_default().saturating_mul(sign);
    let mut add = |kind: FeeKind, minor: i64| {
        if minor == 0 { Ok(()) } else { sums.add(kind, minor).map_err(|fault| gap(&fault)) }
    };
    for row in rows {
        let revenue = minor(row.revenue_amount.as_ref(), currency);
        let revenue = revenue.ok_or_else(|| Gap::missing("revenue_amount"))?;
        let given_back = row.revenue_breakdown.as_ref().map(|parts| {
            let told = |amount: &Option<Amount>| minor(amount.as_ref(), currency).unwrap_or_default();
            told(&parts.refund_subtotal_before_discount_amount)
                .saturating_add(told(&parts.seller_discount_refund_amount))
        });
        // Without its parts, a row below zero is what was given back.
        let given_back = given_back.filter(|minor| *minor <= 0).unwrap_or_else(|| revenue.min(0));
        add(FeeKind::Refund, given_back)?;
        add(FeeKind::Goods, revenue.saturating_sub(given_back))?;
        let Some(parts) = &row.fee_tax_breakdown else {
            add(FeeKind::AllFees, cost(row.fee_tax_amount.as_ref()))?;
            continue;
        };
        for (name, amount) in parts.fee.iter().flatten() {
            let known = FEES.into_iter().find(|(known, _)| known == name).map(|(_, kind)| kind);
            add(known.unwrap_or_else(|| FeeKind::other(name)), cost(Some(amount)))?;
        }
        for amount in parts.tax.iter().flat_map(BTreeMap::values) {
            add(FeeKind::Tax, cost(Some(amount)))?;
        }
    }
    add(FeeKind::Freight, cost(told.shipping_cost_amount.as_ref()))?;
    finish(&mut sums, whole)?;
    Ok(sums)
}

/// Names what the platform's own sum has more, and looks whether all goes the way it should.
fn finish(sums: &mut Sums, whole: Option<i64>) -> Result<(), Gap> {
    let whole = whole.ok_or_else(|| Gap::missing("settlement_amount"))?;
    sums.explain(whole).and_then(|()| sums.check()).map_err(|fault| gap(&fault))
}

/// How far the statements have been read: those of the page in hand, and the tokens of the
/// next pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    from_s: i64,
    to_s: i64,
    /// Statements that are still to be read, with the seconds at which they closed.
    statements: Vec<(String, i64)>,
    /// Next page of the first of them.
    token: Option<String>,
    /// Next page of the list of statements; `None` when it was read to its end.
    list: Option<String>,
}

impl Place {
    fn over(window: Window) -> Self {
        let second = |at: Timestamp| at.as_millis().div_euclid(1_000);
        Self {
            from_s: second(window.from),
            to_s: second(window.to).saturating_add(1),
            statements: Vec::new(),
            token: None,
            list: Some(String::new()),
        }
    }

    fn parse(cursor: &str) -> Option<Self> {
        let place: Self = serde_json::from_str(cursor.strip_prefix(WORD)?).ok()?;
        place.statements.iter().all(|(id, _)| is_id(id)).then_some(place)
    }

    fn to_cursor(&self) -> Option<String> {
        let is_over = self.statements.is_empty() && self.list.is_none();
        let text = serde_json::to_string(self).ok().filter(|_| !is_over)?;
        Some(format!("{WORD}{text}"))
    }
}

impl Settlements for TikTokShop {
    fn settled_in<'a>(
        &'a self,
        account: &'a Account,
        window: Window,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<SettledOrder>> {
        Box::pin(async move {
            let mut place = match cursor {
                None => Place::over(window),
                Some(text) => Place::parse(text).ok_or_else(|| refusal::cursor(SETTLED))?,
            };
            if place.statements.is_empty() && place.list.is_some() {
                self.list_statements(account, &mut place).await?;
            }
            let items = match place.statements.first().cloned() {
                Some((id, closed_s)) => self.read_statement(account, &mut place, &id, closed_s).await?,
                None => Vec::new(),
            };
            Ok(Page { items, next: place.to_cursor(), total: None })
        })
    }
}

impl TikTokShop {
    /// Reads the next page of statements.
    async fn list_statements(&self, account: &Account, place: &mut Place) -> Result<(), ChannelError> {
        let path = ["finance", version::STATEMENTS, "statements"];
        let spec = self
            .request(SETTLED, Method::GET, account, &path)?
            .query("sort_field", "statement_time")
            .query("sort_order", "ASC")
            .query("statement_time_ge", &place.from_s.to_string())
            .query("statement_time_lt", &place.to_s.to_string())
            .query("page_size", PAGE);
        let token = place.list.clone().filter(|token| !token.is_empty());
        let spec = token.iter().fold(spec, |spec, token| spec.query("page_token", token));
        let answer = self.ask(spec).await?;
        let page: Statements = wire::data(&answer)?;
        let rows = page.statements.unwrap_or_default();
        let statements = rows.iter().map(|row| {
            let id = filled(row.id.as_ref()).filter(|id| is_id(id))?;
            let closed = row.statement_time.as_ref().and_then(Loose::unix_seconds);
            Some((id.to_owned(), closed.unwrap_or(answer.started_at()).as_millis().div_euclid(1_000)))
        });
        let statements = statements.collect::<Option<Vec<_>>>();
        place.statements = statements.ok_or_else(|| answer.garbled("a statement without its number"))?;
        place.list = next(&answer, page.next_page_token.as_ref(), token.as_deref())?;
        Ok(())
    }

    /// Reads the next page of the first statement in hand.
    async fn read_statement(
        &self,
        account: &Account,
        place: &mut Place,
        id: &str,
        closed_s: i64,
    ) -> Result<Vec<SettledOrder>, ChannelError> {
        let path = ["finance", version::STATEMENT_MONEY, "statements", id, "statement_transactions"];
        let spec = self
            .request(SETTLED, Method::GET, account, &path)?
            .query("sort_field", "order_create_time")
            .query("sort_order", "ASC")
            .query("page_size", PAGE);
        let spec = place.token.iter().fold(spec, |spec, token| spec.query("page_token", token));
        let answer = self.ask(spec).await?;
        let page: Transactions = wire::data(&answer)?;
        let settled_at = Timestamp::from_millis(closed_s.saturating_mul(1_000));
        let rows = page.transactions.unwrap_or_default();
        let orders = rows.iter().filter_map(|row| {
            let own = filled(row.order_id.as_ref()).or(filled(row.adjustment_order_id.as_ref()));
            let external_id = own.filter(|id| is_id(id) && *id != "0")?.to_owned();
            Some(SettledOrder { external_id, settled_at })
        });
        let orders = orders.collect();
        place.token = next(&answer, page.next_page_token.as_ref(), place.token.as_deref())?;
        if place.token.is_none() {
            place.statements.remove(0);
        }
        Ok(orders)
    }
}

/// The token of the next page; one that repeats would never end.
fn next(answer: &Answer, told: Option<&Loose>, held: Option<&str>) -> Result<Option<String>, ChannelError> {
    match filled(told) {
        Some(token) if Some(token) == held => Err(answer.garbled("the same page again")),
        told => Ok(told.map(str::to_owned)),
    }
}

//! Money: the escrow of an order, and the list of orders whose escrow was released.
//!
//! An escrow can be read as soon as an order is paid and moves until it is released; only the
//! list says that it was. What is read before counts as a forecast. It has no freight as long
//! as the carrier's costs are not booked: until then the order looks better than it is.

use std::collections::BTreeMap;

use connect::{Account, Call, Finality, Finance, OrderMoney, Page, SettledOrder, Settlements, Window};
use domain::Currency;
use domain::settlement::{Fault, FeeKind, Sums};
use http::Method;
use serde::Deserialize;

use super::Shopee;
use super::ids::{self, is_code, is_number};
use super::map;
use super::sweep::Sweep;
use super::wire::{Amount, Gap, Loose, filled, instant, is_true};
use crate::market::loose::helpful;
use crate::market::refusal;

const MONEY: &str = "read money of order";
const SETTLED: &str = "list settled orders";
/// Rows of a page: the most that `get_escrow_list` takes.
const PAGE: &str = "100";
/// What our cursors begin with, so that no other list's is taken for one.
const WORD: &str = "settled:";

/// What the carrier takes: zero until it is booked.
const CARRIAGE: &str = "actual_shipping_fee";
/// Amounts of the sum that the platform publishes ("get_escrow_detail"), for what they are,
/// and whether the seller is given them. Those told as a share of another are not in it.
const PARTS: [(&str, FeeKind, bool); 27] = [
    ("original_cost_of_goods_sold", FeeKind::Goods, true),
    ("original_shopee_discount", FeeKind::Goods, false),
    ("shopee_discount", FeeKind::Goods, true),
    ("seller_return_refund", FeeKind::Refund, true),
    ("commission_fee", FeeKind::Commission, false),
    ("service_fee", FeeKind::Programme, false),
    ("seller_transaction_fee", FeeKind::Payment, false),
    ("seller_order_processing_fee", FeeKind::Handling, false),
    ("fbs_fee", FeeKind::Handling, false),
    ("order_ams_commission_fee", FeeKind::Affiliate, false),
    ("ads_escrow_top_up_fee_or_technical_support_fee", FeeKind::Advertising, false),
    ("voucher_from_seller", FeeKind::Campaign, false),
    ("seller_coin_cash_back", FeeKind::Campaign, false),
    ("trade_in_bonus_by_seller", FeeKind::Campaign, false),
    ("campaign_fee", FeeKind::Campaign, false),
    ("buyer_paid_shipping_fee", FeeKind::Freight, true),
    (CARRIAGE, FeeKind::Freight, false),
    ("shopee_shipping_rebate", FeeKind::Freight, true),
    ("shipping_fee_discount_from_3pl", FeeKind::Freight, true),
    ("reverse_shipping_fee", FeeKind::Freight, false),
    ("rsf_seller_protection_fee_claim_amount", FeeKind::Freight, true),
    ("final_return_to_seller_shipping_fee", FeeKind::Freight, false),
    ("shipping_seller_protection_fee_amount", FeeKind::Freight, false),
    ("delivery_seller_protection_fee_premium_amount", FeeKind::Freight, false),
    ("buyer_paid_packaging_fee", FeeKind::Freight, true),
    ("escrow_tax", FeeKind::Tax, false),
    ("total_adjustment_amount", FeeKind::Adjustment, true),
];
/// Taxes that are withheld have a name for each kind.
const WITHHELD: &str = "withholding_";

/// Currency of an order, from `GET /order/get_order_detail`.
#[derive(Debug, Deserialize)]
struct Currencies {
    #[serde(rename = "order_list")]
    orders: Option<Vec<InCurrency>>,
}

#[derive(Debug, Deserialize)]
struct InCurrency {
    order_sn: Loose,
    currency: Option<Loose>,
}

/// `GET /payment/get_escrow_detail`.
#[derive(Debug, Deserialize)]
struct Escrow {
    order_sn: Option<Loose>,
    /// By the platform's names; what is no number is passed over.
    order_income: Option<BTreeMap<String, Amount>>,
}

/// `GET /payment/get_escrow_list`.
#[derive(Debug, Deserialize)]
struct Released {
    #[serde(rename = "escrow_list")]
    rows: Option<Vec<ReleasedOrder>>,
    more: Option<Loose>,
}

/// Its `payout_amount` is told in units or in cents, and therefore not read.
#[derive(Debug, Deserialize)]
struct ReleasedOrder {
    order_sn: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    escrow_release_time: Option<Loose>,
}

impl Finance for Shopee {
    fn of_order<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, OrderMoney> {
        Box::pin(async move {
            let number = ids::code(MONEY, external_id)?;
            let spec = self
                .shop_call(MONEY, Method::GET, account, ["order", "get_order_detail"])
                .query("order_sn_list", number)
                .query("request_order_status_pending", "true");
            let (found, answer): (Currencies, _) = self.ask(spec).await?;
            let orders = found.orders.unwrap_or_default();
            let Some(order) = orders.iter().find(|order| order.order_sn.0 == number) else {
                return Err(answer.garbled("another order than was asked for"));
            };
            let currency = map::currency(order.currency.as_ref()).map_err(|gap| answer.garbled(gap.0))?;
            let spec = self
                .shop_call(MONEY, Method::GET, account, ["payment", "get_escrow_detail"])
                .query("order_sn", number);
            let (escrow, answer): (Escrow, _) = self.ask(spec).await?;
            if filled(escrow.order_sn.as_ref()) != Some(number) {
                return Err(answer.garbled("another order's escrow"));
            }
            let income = escrow.order_income.unwrap_or_default();
            let (forecast, charged) = sums(&income, currency).map_err(|gap| answer.garbled(gap.0))?;
            let at = answer.started_at();
            Ok(OrderMoney { at, currency, forecast, charged, finality: Finality::WhenListed })
        })
    }

    fn settlements(&self) -> Option<&dyn Settlements> {
        Some(self)
    }
}

impl Settlements for Shopee {
    fn settled_in<'a>(
        &'a self,
        account: &'a Account,
        window: Window,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<SettledOrder>> {
        Box::pin(async move {
            let sweep = match cursor {
                None => Sweep::over(window),
                Some(text) => parse(text).ok_or_else(|| refusal::cursor(SETTLED))?,
            };
            let page = page_number(&sweep.cursor).ok_or_else(|| refusal::cursor(SETTLED))?;
            let spec = self
                .shop_call(SETTLED, Method::GET, account, ["payment", "get_escrow_list"])
                .query("release_time_from", &sweep.from.to_string())
                .query("release_time_to", &sweep.to().to_string())
                .query("page_size", PAGE)
                .query("page_no", &page.to_string());
            let (list, answer): (Released, _) = self.ask(spec).await?;
            let Some(rows) = list.rows else { return Err(answer.garbled("escrow_list is missing")) };
            let items = rows.iter().map(|row| {
                let number = filled(row.order_sn.as_ref()).filter(|number| is_code(number))?;
                let released = instant(row.escrow_release_time.as_ref()).unwrap_or(answer.started_at());
                Some(SettledOrder { external_id: number.to_owned(), settled_at: released })
            });
            let Some(items) = items.collect::<Option<Vec<_>>>() else {
                return Err(answer.garbled("a row without the number of its order"));
            };
            let more = is_true(list.more.as_ref());
            if more && items.is_empty() {
                return Err(answer.garbled("more rows, yet none on this page"));
            }
            let rest = sweep.after(more.then(|| (page + 1).to_string()));
            Ok(Page { items, next: rest.map(|rest| format!("{WORD}{}", rest.to_cursor())), total: None })
        })
    }
}

fn parse(cursor: &str) -> Option<Sweep> {
    Sweep::parse(cursor.strip_prefix(WORD)?)
}

/// The page of a cursor; they are counted from one.
fn page_number(cursor: &str) -> Option<u32> {
    if cursor.is_empty() {
        return Some(1);
    }
    Some(cursor).filter(|text| is_number(text))?.parse().ok()
}

/// What is to be expected, and what is charged once the escrow is released.
fn sums(income: &BTreeMap<String, Amount>, currency: Currency) -> Result<(Sums, Sums), Gap> {
    let minor = |name: &str| Some(income.get(name)?.money(currency)?.minor);
    let escrow = minor("escrow_amount").ok_or_else(|| Gap::missing("escrow_amount"))?;
    let adjusted = escrow.checked_add(minor("total_adjustment_amount").unwrap_or_default());
    let adjusted = adjusted.ok_or_else(|| gap(&Fault::Overflow))?;
    let mut charged = Sums::default();
    for (name, kind, is_given) in PARTS {
        let Some(told) = minor(name) else { continue };
        let amount = if is_given { Some(told) } else { told.checked_neg() };
        charged.add(kind, amount.ok_or_else(|| gap(&Fault::Overflow))?).map_err(|fault| gap(&fault))?;
    }
    let withheld = income.iter().filter(|(name, _)| name.starts_with(WITHHELD));
    for told in withheld.filter_map(|(_, amount)| Some(amount.money(currency)?.minor)) {
        let amount = told.checked_neg().ok_or_else(|| gap(&Fault::Overflow))?;
        charged.add(FeeKind::Tax, amount).map_err(|fault| gap(&fault))?;
    }
    charged.explain(adjusted).map_err(|fault| gap(&fault))?;
    charged.check().map_err(|fault| gap(&fault))?;
    let mut forecast = charged.clone();
    if minor(CARRIAGE).unwrap_or_default() == 0 {
        forecast.forget(&FeeKind::Freight);
    }
    Ok((forecast, charged))
}

fn gap(fault: &Fault) -> Gap {
    Gap(fault.to_string())
}

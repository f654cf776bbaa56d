//! What a seller gets, and when (fact sheet §9).

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::args::Args;
use super::envelope::{flat, ok, refuse};
use super::market::Door;
use super::order::{Line, Order, PaymentMethod};
use super::order_read::{own_order, payment_name};
use super::shop::{REGION, own_id};
use super::world::secs;
use super::{World, channel};
use crate::call::Call;
use crate::ids::Series;
use crate::reply::Answer;
use crate::table::{Route, get, post};
use crate::text::reais;

const WALLET_IDS: Series = Series::new("shopee_wallet", 880_000_000);
/// Out of a thousand: what the platform takes of the goods.
const COMMISSION_PER_MILLE: i64 = 140;
/// Out of a thousand: what the free-freight programme takes of the goods.
const SERVICE_PER_MILLE: i64 = 60;
/// Centavos that the platform takes for each unit sold.
const SERVICE_PER_UNIT: i64 = 200;
/// Orders of one question and rows of a page.
const ASKED_MAX: usize = 50;
const PAGE_MAX: i64 = 100;
/// What a reckoning in a batch does not say.
const NOT_IN_BATCHES: [&str; 6] = [
    "buyer_paid_shipping_fee",
    "buyer_total_amount",
    "escrow_amount_after_adjustment",
    "seller_return_refund",
    "tenure_info_list",
    "total_adjustment_amount",
];
const PAGE_DEFAULT: i64 = 40;

/// What came into or left a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletEntry {
    pub(crate) id: i64,
    pub(crate) shop_id: i64,
    pub(crate) at: Timestamp,
    /// 101 is an order's money.
    pub(crate) kind: String,
    /// In centavos; less than nothing when it left.
    pub(crate) amount: i64,
    pub(crate) balance: i64,
    pub(crate) order_sn: String,
}

/// What is left of an order, in centavos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Income {
    pub(crate) goods: i64,
    pub(crate) original: i64,
    pub(crate) buyer_freight: i64,
    pub(crate) carrier: i64,
    pub(crate) rebate: i64,
    pub(crate) commission: i64,
    pub(crate) service: i64,
    pub(crate) refund: i64,
}

/// A share of an amount, rounded half up.
const fn per_mille(amount: i64, share: i64) -> i64 {
    (amount * share + 500) / 1_000
}

impl Income {
    /// The reckoning of an order as it stands. What the carrier takes is booked when it has
    /// the parcel; before that, the order looks better than it is.
    pub(crate) fn of(order: &Order) -> Self {
        let goods = order.goods();
        let units: i64 = order.lines.iter().map(|line| line.quantity - line.cancelled).sum();
        let shipped = order.packages.iter().any(|package| package.picked_up.is_some());
        let buyer_freight = order.freight();
        let cost = channel::find(order.channel_id).map_or(0, |channel| channel.cost);
        let carrier = if shipped { cost } else { 0 };
        Self {
            goods,
            original: order.original_goods(),
            buyer_freight,
            carrier,
            rebate: if shipped { (cost - buyer_freight).max(0) } else { 0 },
            commission: per_mille(goods, COMMISSION_PER_MILLE) + order.overcharged,
            service: per_mille(goods, SERVICE_PER_MILLE) + units * SERVICE_PER_UNIT,
            refund: order.refunded,
        }
    }

    /// What the seller gets.
    pub(crate) const fn escrow(self) -> i64 {
        self.goods + self.buyer_freight - self.carrier + self.rebate
            - self.commission
            - self.service
            - self.refund
    }
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        get("/api/v2/payment/get_escrow_detail", Door::Shop, detail),
        get("/api/v2/payment/get_escrow_detail_batch", Door::Shop, detail_batch),
        post("/api/v2/payment/get_escrow_detail_batch", Door::Shop, detail_batch),
        get("/api/v2/payment/get_escrow_list", Door::Shop, list),
        get("/api/v2/payment/get_wallet_transaction_list", Door::Shop, wallet),
        get("/api/v2/payment/get_income_overview", Door::Shop, overview),
        get("/api/v2/payment/get_payment_method_list", Door::Public, methods),
    ]
}

/// The money of an order is released.
pub(crate) fn release(world: &mut World, sn: &str) {
    let (now, id) = (world.now, world.ids.next(WALLET_IDS));
    let Some(order) = world.orders.get_mut(sn).filter(|order| order.released.is_none()) else { return };
    order.released = Some(now);
    let (shop_id, amount) = (order.shop_id, Income::of(order).escrow());
    let before =
        world.wallet.iter().rev().find(|entry| entry.shop_id == shop_id).map_or(0, |entry| entry.balance);
    world.wallet.push(WalletEntry {
        id,
        shop_id,
        at: now,
        kind: "ESCROW_VERIFIED_ADD".to_owned(),
        amount,
        balance: before + amount,
        order_sn: sn.to_owned(),
    });
}

/// A line: here amounts are totals of the line, unlike in the order.
fn line_document(line: &Line) -> Value {
    let units = line.quantity - line.cancelled;
    json!({
        "item_id": line.item_id, "model_id": line.model_id, "item_name": line.item_name, "item_sku": line.item_sku,
        "model_name": line.model_name, "model_sku": line.model_sku, "line_item_id": line.id,
        "quantity_purchased": units, "original_price": reais(line.original * units),
        "selling_price": reais(line.original * units), "discounted_price": reais(line.discounted * units),
        "seller_discount": reais((line.original - line.discounted) * units), "shopee_discount": 0,
        "discount_from_coin": 0, "discount_from_voucher_shopee": 0, "discount_from_voucher_seller": 0,
        "activity_type": "", "activity_id": 0, "is_main_item": false, "is_b2c_shop_item": false, "ams_commission_fee": 0,
    })
}

fn document(world: &World, order: &Order) -> Value {
    let income = Income::of(order);
    let discount = income.original - income.goods;
    let mut sums = json!({
        "escrow_amount": reais(income.escrow()), "escrow_amount_after_adjustment": reais(income.escrow()),
        "total_adjustment_amount": 0, "buyer_total_amount": reais(order.total()), "original_price": reais(income.original),
        "order_original_price": reais(income.original), "order_selling_price": reais(income.original),
        "order_discounted_price": reais(income.goods), "order_seller_discount": reais(discount),
        "seller_discount": reais(discount), "shopee_discount": 0, "original_shopee_discount": 0,
        "voucher_from_seller": 0, "voucher_from_shopee": 0, "coins": 0, "seller_coin_cash_back": 0,
        "cost_of_goods_sold": reais(income.goods), "original_cost_of_goods_sold": reais(income.goods),
        "seller_return_refund": reais(-income.refund), "drc_adjustable_refund": 0,
    });
    let more = json!({
        "buyer_paid_shipping_fee": reais(income.buyer_freight), "actual_shipping_fee": reais(income.carrier),
        "shopee_shipping_rebate": reais(income.rebate), "estimated_shipping_fee": reais(income.buyer_freight),
        "final_shipping_fee": reais(income.buyer_freight + income.rebate - income.carrier), "reverse_shipping_fee": 0,
        "commission_fee": reais(income.commission), "service_fee": reais(income.service), "seller_transaction_fee": 0,
        "credit_card_transaction_fee": 0, "order_ams_commission_fee": 0, "escrow_tax": 0,
        "buyer_payment_method": payment_name(order.payment), "instalment_plan": "N/A", "seller_voucher_code": [],
        "items": order.lines.iter().map(line_document).collect::<Vec<_>>(), "tenure_info_list": [],
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut sums, more) {
        all.extend(more);
    }
    let returns: Vec<&String> =
        world.returns.values().filter(|case| case.order_sn == order.sn).map(|case| &case.sn).collect();
    json!({
        "order_sn": order.sn, "buyer_user_name": world.buyers.get(&order.buyer_id).map(|buyer| &buyer.username),
        "return_order_sn_list": returns, "order_income": sums,
        "buyer_payment_info": {"buyer_payment_method": payment_name(order.payment),
            "buyer_total_amount": reais(order.total()), "merchant_subtotal": reais(income.goods),
            "shipping_fee": reais(income.buyer_freight), "seller_voucher": 0, "shopee_voucher": 0, "discount_pix": 0,
            "icms_tax_amount": 0, "is_paid_by_credit_card": order.payment == PaymentMethod::Card},
    })
}

fn detail(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let order = own_order(world, call, args.text("order_sn")?);
    // This module has a word of its own for it.
    let order = order.map_err(|_| refuse("order_not_found", "The order is not found."))?;
    if order.paid.is_none() {
        return Err(refuse("error_not_found", "The escrow of the order is not found."));
    }
    ok(document(world, order))
}

/// Many at once. What fails is left out without a word.
fn detail_batch(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let rows: Vec<Value> = args
        .some_list("order_sn_list", ASKED_MAX)?
        .iter()
        .filter_map(|sn| own_order(world, call, sn).ok())
        .filter(|order| order.paid.is_some())
        .map(|order| {
            let mut row = document(world, order);
            if let Value::Object(fields) = &mut row {
                fields.remove("buyer_payment_info");
            }
            if let Some(income) = row["order_income"].as_object_mut() {
                income.retain(|name, _| !NOT_IN_BATCHES.contains(&name.as_str()));
            }
            json!({"escrow_detail": row})
        })
        .collect();
    ok(json!(rows))
}

fn list(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let shop = own_id(call)?;
    let (from, to) = (args.int("release_time_from")?, args.int("release_time_to")?);
    let page = args.by_number(1, PAGE_MAX, Some(PAGE_DEFAULT))?;
    let released: Vec<Value> = world
        .orders
        .values()
        .filter(|order| order.shop_id == shop)
        .filter_map(|order| Some((order, secs(order.released?))))
        .filter(|(_, at)| (from..=to).contains(at))
        .map(|(order, at)| {
            let amount = Income::of(order).escrow();
            let shown = if world.rules.payout_in_centavos { json!(amount) } else { reais(amount) };
            json!({"order_sn": order.sn, "payout_amount": shown, "escrow_release_time": at})
        })
        .collect();
    let (rows, more) = page.of(&released);
    ok(json!({"escrow_list": rows, "more": more}))
}

fn wallet(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let shop = own_id(call)?;
    args.int("page_no")?;
    let page = args.by_number(0, PAGE_MAX, None)?;
    let too_long = refuse("error_param", "The time range must be at most 15 days.");
    let span = args.window("create_time_from", "create_time_to", too_long)?;
    let rows: Vec<Value> = world
        .wallet
        .iter()
        .rev()
        .filter(|entry| entry.shop_id == shop)
        .filter(|entry| span.is_none_or(|(from, to)| from <= entry.at && entry.at <= to))
        .map(|entry| {
            json!({"status": "COMPLETED", "transaction_type": entry.kind, "amount": reais(entry.amount),
                "current_balance": reais(entry.balance), "create_time": secs(entry.at), "order_sn": entry.order_sn,
                "refund_sn": "", "withdrawal_type": "", "transaction_fee": 0, "description": "", "buyer_name": "",
                "pay_order_list": [], "withdrawal_id": 0, "reason": "", "root_withdrawal_id": 0,
                "transaction_tab_type": "wallet_order_income", "money_flow": "MONEY_IN", "outlet_shop_name": ""})
        })
        .collect();
    let (rows, more) = page.of(&rows);
    ok(json!({"transaction_list": rows, "more": more}))
}

fn overview(world: &mut World, call: &Call) -> Answer {
    let shop = own_id(call)?;
    let own: Vec<&Order> =
        world.orders.values().filter(|order| order.shop_id == shop && order.paid.is_some()).collect();
    let sum = |released: bool| -> i64 {
        own.iter()
            .filter(|order| order.released.is_some() == released && order.cancellation.is_none())
            .map(|order| Income::of(order).escrow())
            .sum()
    };
    flat(
        json!({"latest_payout_date": "", "total_income": {"pending_amount": 0, "to_release_amount": reais(sum(false)),
            "released_amount": reais(sum(true))}}),
    )
}

fn methods(_: &mut World, _: &Call) -> Answer {
    let all = [PaymentMethod::Pix, PaymentMethod::Card].map(payment_name);
    ok(json!([{"payment_method": all, "region": REGION}]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reckoning_is_that_of_the_published_sample() {
        let income = Income {
            goods: 8_980,
            original: 9_980,
            buyer_freight: 1_200,
            carrier: 2_000,
            rebate: 800,
            commission: per_mille(8_980, COMMISSION_PER_MILLE),
            service: per_mille(8_980, SERVICE_PER_MILLE) + 2 * SERVICE_PER_UNIT,
            refund: 0,
        };
        assert_eq!((income.commission, income.service), (1_257, 939));
        assert_eq!(income.escrow(), 6_784);
    }
}

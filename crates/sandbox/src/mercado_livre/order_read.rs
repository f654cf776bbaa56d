//! Reading orders, packs and payments (fact sheet §11).

use domain::Timestamp;
use serde_json::{Value, json};

use super::gate::SALES;
use super::order::{Order, OrderStatus, Pack};
use super::payment::{Payment, PaymentMethod, PaymentStatus};
use super::service::returns;
use super::{CURRENCY, SITE, World};
use crate::call::Call;
use crate::dates::{hour_floor, west, west_compact};
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get};
use crate::text::reais;

/// Orders of one page of a search: when nothing is asked, and at most.
const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 51;
/// Searches beyond this offset are refused.
const OFFSET_MAX: usize = 10_000;
/// How long orders can be found: twelve months.
const SEARCH_RETENTION: std::time::Duration = std::time::Duration::from_hours(24 * 365);

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/orders/search", SALES, search),
        get("/orders/{id}", SALES, show),
        get("/orders/{id}/shipments", SALES, shipments),
        get("/orders/{id}/product", SALES, product),
        get("/packs/{id}", SALES, show_pack),
        get("/collections/{id}", SALES, show_payment),
        get("/v1/payments/{id}", SALES, show_payment),
    ]
}

/// A payment as the order shows it.
fn payment_document(payment: &Payment) -> Value {
    let pix = payment.method == PaymentMethod::Pix;
    let (status, detail) = match payment.status {
        PaymentStatus::Pending => {
            ("pending", if pix { "pending_waiting_transfer" } else { "pending_contingency" })
        }
        PaymentStatus::Approved => ("approved", "accredited"),
        PaymentStatus::Cancelled => ("cancelled", "expired"),
        PaymentStatus::Refunded => ("refunded", "refunded"),
    };
    let approved = payment.status == PaymentStatus::Approved;
    json!({
        "id": payment.id, "order_id": payment.order_id, "payer_id": payment.payer_id, "collector": {"id": payment.collector_id},
        "card_id": null, "reason": payment.reason, "site_id": SITE, "payment_method_id": if pix { "pix" } else { "master" },
        "payment_type": if pix { "bank_transfer" } else { "credit_card" }, "currency_id": CURRENCY, "installments": 1,
        "issuer_id": if pix { Value::Null } else { json!("24") }, "atm_transfer_reference": {"transaction_id": null, "company_id": null},
        "coupon_id": null, "coupon_amount": 0, "activation_uri": null, "operation_type": "regular_payment",
        "available_actions": if approved { json!(["refund"]) } else { json!([]) }, "status": status, "status_code": null,
        "status_detail": detail, "transaction_amount": reais(payment.amount_minor),
        "transaction_amount_refunded": reais(payment.refunded_minor), "taxes_amount": 0, "shipping_cost": 0, "overpaid_amount": 0,
        "total_paid_amount": reais(payment.amount_minor), "installment_amount": if pix { Value::Null } else { reais(payment.amount_minor) },
        "deferred_period": null, "date_approved": payment.approved.map(west), "date_created": west(payment.created),
        "date_last_modified": west(payment.updated), "marketplace_fee": reais(payment.fee_minor),
        "authorization_code": if pix { Value::Null } else { json!("301299") }, "transaction_order_id": null,
    })
}

fn line_document(order: &Order) -> Value {
    let discount = order.full_price_minor - order.unit_price_minor;
    let mut line = json!({
        "item": {
            "id": order.item_id, "title": order.title, "category_id": order.category_id, "variation_id": order.variation_id,
            "seller_custom_field": order.custom_field, "variation_attributes": order.variation_attributes, "warranty": null,
            "condition": order.condition, "seller_sku": order.sku, "global_price": null, "net_weight": null,
            "user_product_id": order.user_product_id, "release_date": null,
        },
        "quantity": order.quantity, "requested_quantity": {"measure": "unit", "value": order.quantity}, "picked_quantity": null,
        "unit_price": reais(order.unit_price_minor), "full_unit_price": reais(order.full_price_minor),
        "gross_price": reais(order.full_price_minor * order.quantity),
        "discounts": if discount > 0 { json!([{"amounts": {"full": reais(discount), "seller": reais(discount)}}]) } else { Value::Null },
        "currency_id": CURRENCY, "manufacturing_days": null, "sale_fee": reais(order.sale_fee_minor),
        "listing_type_id": order.listing_type_id, "base_exchange_rate": null, "base_currency_id": null, "element_id": 1,
    });
    if let Some(depot) = &order.depot {
        line["stock"] = json!([{"store_id": depot.store_id, "network_node_id": depot.network_node_id}]);
    }
    line
}

/// An order as the seller sees it.
pub(crate) fn order_document(world: &World, order: &Order) -> Value {
    let payments: Vec<_> = order.payment_ids.iter().filter_map(|id| world.payments.get(id)).collect();
    let approved = |payment: &&&Payment| payment.status == PaymentStatus::Approved;
    let paid: i64 = payments.iter().filter(approved).map(|payment| payment.amount_minor).sum();
    let cancel = order.cancel.as_ref().map(|cancel| {
        json!({"group": cancel.group, "code": cancel.code, "description": cancel.description,
            "requested_by": cancel.requested_by, "date": west(cancel.date)})
    });
    let mut document = json!({
        "id": order.id, "date_created": west(order.created), "date_closed": order.closed.map(west), "last_updated": west(order.updated),
        "manufacturing_ending_date": null, "comment": null, "pack_id": order.pack_id, "pickup_id": null,
        "order_request": {"return": null, "change": null}, "fulfilled": null, "buying_mode": "buy_equals_pay",
        "mediations": order.mediations.iter().map(|id| json!({"id": id})).collect::<Vec<_>>(),
        "total_amount": reais(order.total_minor()), "paid_amount": reais(paid), "shipping_cost": null,
        "coupon": {"id": null, "amount": 0}, "currency_id": CURRENCY, "order_items": [line_document(order)],
        "payments": payments.into_iter().map(payment_document).collect::<Vec<_>>(), "shipping": {"id": order.shipment_id},
        "status": order.status.word(), "status_detail": null, "tags": order.tags, "feedback": {"buyer": null, "seller": null},
        "context": {"channel": "marketplace", "site": SITE, "flows": []}, "seller": {"id": order.seller_id},
        "taxes": {"amount": null, "currency_id": null, "id": null},
    });
    // Nothing else about the buyer: name, document and address live elsewhere.
    document["buyer"] =
        json!({"id": order.buyer_id, "billing_info": {"id": order.billing_info_id.to_string()}});
    document["cancel_detail"] = json!(cancel);
    document
}

/// The order of the path, if the caller is its seller or buyer.
pub(crate) fn own_order<'a>(world: &'a World, call: &Call) -> Result<&'a Order, Reply> {
    let text = call.param("id");
    let id: i64 = text
        .parse()
        .map_err(|_| reply::bad_request("invalid_order_id", &format!("Invalid order id: {text}")))?;
    let order =
        world.orders.get(&id).ok_or_else(|| reply::not_found("order_not_found", "Order do not exists"))?;
    let user = call.user_id()?;
    if order.seller_id == user || order.buyer_id == user { Ok(order) } else { Err(not_owned()) }
}

fn not_owned() -> Reply {
    reply::error(http::StatusCode::FORBIDDEN, "not_owned_order", "The order does not belong to the caller")
}

fn show(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(order_document(world, own_order(world, call)?)))
}

fn search(world: &mut World, call: &Call) -> Answer {
    let user = call.user_id()?;
    let role = |field: &str| call.query(field).map(|id| id.parse() == Ok(user));
    let as_seller = match (role("seller"), role("buyer")) {
        (Some(true), _) => true,
        (None, Some(true)) => false,
        (None, None) => {
            return Err(reply::bad_request("not_identified_user", "seller or buyer is required"));
        }
        (Some(false), _) | (None, Some(false)) => {
            return Err(reply::error(
                http::StatusCode::FORBIDDEN,
                "caller.id.invalid",
                "The caller is not the seller or buyer",
            ));
        }
    };
    let page = call.page(PAGE_DEFAULT, PAGE_MAX)?;
    if page.offset > OFFSET_MAX {
        return Err(reply::bad_request("bad_request", "offset must not exceed 10000"));
    }
    let filter = Filter::of(call)?;
    let oldest = world.now.minus(SEARCH_RETENTION);
    let date = |order: &&Order| if as_seller { order.closed.unwrap_or(order.created) } else { order.created };
    let newest_first = call.query("sort") == Some("date_desc");
    let found = world.orders.searched(&question(call, user), oldest, |orders| {
        let mut found: Vec<&Order> = orders
            .values()
            .filter(|order| if as_seller { order.seller_id == user } else { order.buyer_id == user })
            .filter(|order| !as_seller || (order.reached_seller() && order.status != OrderStatus::Cancelled))
            .filter(|order| order.created >= oldest && filter.fits(order))
            .collect();
        found.sort_by_key(|order| (date(order), order.id));
        if newest_first {
            found.reverse();
        }
        found.into_iter().map(|order| order.id).collect()
    });
    let (total, shown) = (found.len(), page.of(found));
    let results: Vec<_> = shown.iter().map(|id| order_document(world, &world.orders[id])).collect();
    Ok(Reply::ok(json!({
        "query": call.query("q").unwrap_or_default(), "results": results,
        "sort": if newest_first { json!({"id": "date_desc", "name": "Data descendente"}) } else { json!({"id": "date_asc", "name": "Data ascendente"}) },
        "available_sorts": [{"id": "date_desc", "name": "Data descendente"}, {"id": "date_asc", "name": "Data ascendente"}],
        "filters": [], "paging": page.paging(total), "display": "complete",
    })))
}

/// What tells one search from another: who asks for what, whatever the page.
fn question(call: &Call, user: i64) -> String {
    let asked = call.query.iter().filter(|(name, _)| !matches!(name.as_str(), "offset" | "limit"));
    asked.fold(user.to_string(), |text, (name, value)| format!("{text}\n{name}={value}"))
}

/// The filters of an order search. Dates count by the hour.
struct Filter<'a> {
    statuses: Vec<&'a str>,
    tags: Vec<&'a str>,
    tags_not: Vec<&'a str>,
    item: Option<&'a str>,
    text: Option<String>,
    created: (Option<Timestamp>, Option<Timestamp>),
    updated: (Option<Timestamp>, Option<Timestamp>),
    closed: (Option<Timestamp>, Option<Timestamp>),
}

impl<'a> Filter<'a> {
    fn of(call: &'a Call) -> Result<Self, Reply> {
        let date = |field: String| match call.query(&field) {
            None => Ok(None),
            // A plus sign that was not escaped arrives as a space.
            Some(text) => {
                Timestamp::parse(&text.replace(' ', "+")).map(|at| Some(hour_floor(at))).ok_or_else(|| {
                    reply::bad_request("bad_request", &format!("Invalid date in {field}: {text}"))
                })
            }
        };
        let range = |name: &str| {
            Ok::<_, Reply>((date(format!("order.{name}.from"))?, date(format!("order.{name}.to"))?))
        };
        Ok(Self {
            statuses: call.query_list("order.status"),
            tags: call.query_list("tags"),
            tags_not: call.query_list("tags.not"),
            item: call.query("item"),
            text: call.query("q").filter(|text| !text.is_empty()).map(str::to_lowercase),
            created: range("date_created")?,
            updated: range("date_last_updated")?,
            closed: range("date_closed")?,
        })
    }

    fn fits(&self, order: &Order) -> bool {
        let within = |(from, to): (Option<Timestamp>, Option<Timestamp>), at: Option<Timestamp>| match at {
            Some(at) => from.is_none_or(|from| at >= from) && to.is_none_or(|to| hour_floor(at) <= to),
            None => from.is_none() && to.is_none(),
        };
        let text_fits = |text: &String| {
            order.id.to_string() == *text
                || order.item_id.to_lowercase() == *text
                || order.title.to_lowercase().contains(text)
        };
        (self.statuses.is_empty() || self.statuses.contains(&order.status.word()))
            && self.tags.iter().all(|tag| order.tags.contains(*tag))
            && !self.tags_not.iter().any(|tag| order.tags.contains(*tag))
            && self.item.is_none_or(|item| order.item_id == item)
            && self.text.as_ref().is_none_or(text_fits)
            && within(self.created, Some(order.created))
            && within(self.updated, Some(order.updated))
            && within(self.closed, order.closed)
    }
}

fn shipments(world: &mut World, call: &Call) -> Answer {
    let order = own_order(world, call)?;
    if !call.switched_on("x-new-domain") {
        return Err(reply::bad_request("bad_request", "The header X-New-Domain: true is required"));
    }
    let Some(id) = order.shipment_id else { return Ok(Reply::no_content()) };
    let back = returns::shipment_of(world, order.id).map(|id| json!({"id": id, "type": "return"}));
    let ways: Vec<_> = [json!({"id": id, "type": "forward"})].into_iter().chain(back).collect();
    Ok(Reply::ok(json!(ways)))
}

fn product(world: &mut World, call: &Call) -> Answer {
    let order = own_order(world, call)?;
    Ok(Reply::ok(json!({"id": order.id, "order_items": [{"item": {"id": order.item_id}, "products": []}]})))
}

fn show_pack(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    let user = call.user_id()?;
    let pack = world
        .packs
        .get(&id)
        .ok_or_else(|| reply::not_found("not_found", &format!("Pack with id {id} not found")))?;
    if pack.seller_id != user && pack.buyer_id != user {
        return Err(reply::not_yours());
    }
    Ok(Reply::ok(pack_document(pack)))
}

fn pack_document(pack: &Pack) -> Value {
    let orders: Vec<_> = pack.order_ids.iter().map(|id| json!({"id": id})).collect();
    json!({
        "id": pack.id, "status": pack.status, "status_detail": pack.status_detail, "orders": orders, "buyer": {"id": pack.buyer_id},
        "shipment": pack.shipment_id.map(|id| json!({"id": id})), "family_pack_id": null,
        "date_created": west_compact(pack.created), "last_updated": west_compact(pack.updated),
    })
}

fn show_payment(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    let user = call.user_id()?;
    let payment =
        world.payments.get(&id).ok_or_else(|| reply::not_found("not_found", "Payment not found"))?;
    if payment.collector_id == user || payment.payer_id == user {
        Ok(Reply::ok(payment_document(payment)))
    } else {
        Err(reply::not_yours())
    }
}

//! Orders and packages as a seller's client reads them (fact sheet §6.2).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::args::Args;
use super::channel;
use super::envelope::{ok, refuse};
use super::item::{LOCATION, image_url};
use super::market::Door;
use super::order::{Line, Order, OrderStatus, Package, PackageStatus, PaymentMethod};
use super::shop::{CURRENCY, REGION, own_id};
use super::world::secs;
use super::{World, catalogue, privacy, sales};
use crate::call::Call;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};
use crate::text::reais;

/// Orders of a page, orders and packages of one question.
const PAGE_MAX: i64 = 100;
const ASKED_MAX: usize = 50;
/// Statuses that the list can be asked for.
const FILTERS: [OrderStatus; 7] = [
    OrderStatus::Unpaid,
    OrderStatus::ReadyToShip,
    OrderStatus::Processed,
    OrderStatus::Shipped,
    OrderStatus::Completed,
    OrderStatus::InCancel,
    OrderStatus::Cancelled,
];
/// A filter only: such an order reads READY_TO_SHIP.
const INVOICE_PENDING: &str = "INVOICE_PENDING";
/// Fields that are there without being asked for.
const DEFAULT_FIELDS: [&str; 16] = [
    "order_sn",
    "region",
    "currency",
    "cod",
    "order_status",
    "message_to_seller",
    "create_time",
    "update_time",
    "days_to_ship",
    "ship_by_date",
    "booking_sn",
    "reverse_shipping_fee",
    "advance_package",
    "can_full_cancel_order",
    "can_partial_cancel_order",
    "buyer_preference_for_partial_cancellation",
];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        get("/api/v2/order/get_order_list", Door::Shop, list),
        get("/api/v2/order/get_order_detail", Door::Shop, detail),
        get("/api/v2/order/get_shipment_list", Door::Shop, shipment_list),
        post("/api/v2/order/search_package_list", Door::Shop, search_packages),
        get("/api/v2/order/get_package_detail", Door::Shop, package_detail),
        get("/api/v2/order/get_pending_buyer_invoice_order_list", Door::Shop, pending_invoices),
    ]
}

pub(crate) fn not_found() -> Reply {
    refuse("error_not_found", "Wrong parameters, detail: the order is not found.")
}

/// One of the shop's own orders.
pub(crate) fn own_order<'a>(world: &'a World, call: &Call, sn: &str) -> Result<&'a Order, Reply> {
    let shop = own_id(call)?;
    world.orders.get(sn).filter(|order| order.shop_id == shop).ok_or_else(not_found)
}

fn own_orders<'a>(world: &'a World, call: &Call) -> Result<Vec<&'a Order>, Reply> {
    let shop = own_id(call)?;
    Ok(world.orders.values().filter(|order| order.shop_id == shop).collect())
}

/// True when an order is listed under a status.
fn is_listed_under(order: &Order, word: &str) -> bool {
    match word {
        INVOICE_PENDING => order.wants_invoice(),
        _ => order.shown_status().word() == word && !order.wants_invoice(),
    }
}

fn list(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let by_update = match args.text("time_range_field")? {
        "create_time" => false,
        "update_time" => true,
        _ => return Err(args.refuse("invalid field TimeRangeField: must be create_time or update_time")),
    };
    let message = "Start time must be earlier than end time and diff in 15days.";
    let too_long = refuse("order.order_list_invalid_time", message);
    args.int("time_from")?;
    args.int("time_to")?;
    let span = args.window("time_from", "time_to", too_long)?;
    let page = args.by_cursor(PAGE_MAX, None)?;
    let wanted = args.opt_text("order_status")?.filter(|word| *word != "ALL");
    if wanted.is_some_and(|word| word != INVOICE_PENDING && !FILTERS.iter().any(|it| it.word() == word)) {
        return Err(args.refuse("invalid field OrderStatus: unknown value"));
    }
    let with_pending = args.flag("request_order_status_pending")?;
    let channel = args.opt_int("logistics_channel_id")?;
    let time = |order: &Order| if by_update { order.updated } else { order.created };
    let mut hits: Vec<&Order> = own_orders(world, call)?
        .into_iter()
        .filter(|order| span.is_none_or(|(from, to)| (secs(from)..=secs(to)).contains(&secs(time(order)))))
        .filter(|order| wanted.is_none_or(|word| is_listed_under(order, word)))
        .filter(|order| with_pending || order.status != OrderStatus::Pending)
        .filter(|order| channel.is_none_or(|channel| order.channel_id == channel))
        .collect();
    hits.sort_by_key(|order| (time(order), order.sn.clone()));
    let with_status = args.list("response_optional_fields").iter().any(|field| field == "order_status");
    let (rows, more) = page.of(&hits);
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|order| {
            let mut row = json!({"order_sn": order.sn, "booking_sn": ""});
            if with_status {
                row["order_status"] = json!(order.shown_status().word());
            }
            row
        })
        .collect();
    let next = if more { page.next().to_string() } else { String::new() };
    ok(json!({"more": more, "next_cursor": next, "order_list": rows}))
}

fn line_document(world: &World, line: &Line) -> Value {
    let weight = serde_json::from_str::<serde_json::Number>(&line.weight).map_or(json!(0), Value::from);
    json!({
        "item_id": line.item_id, "item_name": line.item_name, "item_sku": line.item_sku, "model_id": line.model_id,
        "model_name": line.model_name, "model_sku": line.model_sku, "model_quantity_purchased": line.quantity,
        "model_original_price": reais(line.original), "model_discounted_price": reais(line.discounted),
        "wholesale": false, "weight": weight, "add_on_deal": false, "main_item": false, "add_on_deal_id": 0,
        "promotion_type": if line.campaign_id == 0 { "" } else { "product_promotion" }, "promotion_id": line.campaign_id,
        "promotion_group_id": 0, "order_item_id": line.item_id, "line_item_id": line.id,
        "image_info": {"image_url": line.image_id.as_ref().map(|id| format!("{}_tn", image_url(world, id)))},
        "product_location_id": [LOCATION], "is_prescription_item": false, "is_b2c_owned_item": false,
        "active_qty": line.quantity - line.cancelled - line.returned, "cancel_requested_qty": 0,
        "cancelled_qty": line.cancelled, "return_requested_qty": 0, "returned_qty": line.returned,
    })
}

/// What is in a package.
fn part_documents(order: &Order, package: &Package) -> Vec<Value> {
    let part = |(index, quantity): &(usize, i64)| {
        let line = order.lines.get(*index)?;
        Some(json!({"item_id": line.item_id, "model_id": line.model_id, "model_quantity": quantity,
            "order_item_id": line.item_id, "promotion_group_id": 0, "product_location_id": LOCATION}))
    };
    package.parts.iter().filter_map(part).collect()
}

pub(crate) fn carrier(order: &Order) -> &'static str {
    channel::find(order.channel_id).map_or("", |channel| channel.name)
}

fn package_document(order: &Order, package: &Package) -> Value {
    json!({
        "package_number": package.number, "logistics_status": package.status.word(),
        "logistics_channel_id": order.channel_id, "shipping_carrier": carrier(order), "allow_self_design_awb": false,
        "group_shipment_id": null, "parcel_chargeable_weight_gram": 0, "sorting_group": "",
        "virtual_contact_number": "", "package_query_number": "", "item_list": part_documents(order, package),
    })
}

fn payment_document(order: &Order) -> Value {
    let (method, brand) = match order.payment {
        PaymentMethod::Pix => ("pix", ""),
        PaymentMethod::Card => ("credit_card", "VISA"),
    };
    if order.paid.is_none() {
        return json!([]);
    }
    json!([{"payment_method": method, "payment_processor_register": "00000000000191", "card_brand": brand,
        "transaction_id": format!("E{}", order.sn), "payment_amount": reais(order.total())}])
}

/// The name of a payment method as people read it.
pub(crate) const fn payment_name(method: PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::Pix => "Pix",
        PaymentMethod::Card => "Cartão de Crédito",
    }
}

/// Everything that can be asked about an order.
fn document(world: &World, order: &Order) -> Value {
    let buyer = world.buyers.get(&order.buyer_id);
    let suffix = if channel::find(order.channel_id).is_some_and(|it| it.by_seller) { " - STD" } else { "" };
    let shipped = order.packages.iter().filter_map(|it| it.picked_up).min();
    let cost = channel::find(order.channel_id).map_or(0, |channel| channel.cost);
    let cancellable = sales::is_cancellable(order);
    let mut body = json!({
        "order_sn": order.sn, "region": REGION, "currency": CURRENCY, "cod": false,
        "order_status": order.shown_status().word(), "message_to_seller": order.message,
        "create_time": secs(order.created), "update_time": secs(order.updated), "days_to_ship": catalogue::DAYS_TO_SHIP,
        "ship_by_date": order.ship_by.map_or(0, secs), "booking_sn": "", "reverse_shipping_fee": 0,
        "advance_package": false, "can_full_cancel_order": cancellable,
        "can_partial_cancel_order": cancellable && order.lines.len() > 1, "buyer_preference_for_partial_cancellation": 0,
        "buyer_user_id": order.buyer_id, "buyer_username": buyer.map(|buyer| &buyer.username),
        "estimated_shipping_fee": reais(order.freight()), "recipient_address": privacy::recipient(world, order),
        "actual_shipping_fee": if shipped.is_some() { reais(cost) } else { json!(0) }, "goods_to_declare": false,
        "note": order.note, "note_update_time": order.note_updated.map_or(0, secs),
        "item_list": order.lines.iter().map(|line| line_document(world, line)).collect::<Vec<_>>(),
        "pay_time": order.paid.map_or(0, secs), "dropshipper": "", "dropshipper_phone": "",
        "split_up": order.is_split(), "buyer_cancel_reason": order.buyer_cancel_reason,
    });
    let more = json!({
        "cancel_by": order.cancellation.as_ref().map_or("", |it| it.by.as_str()),
        "cancel_reason": order.cancellation.as_ref().map_or("", |it| it.reason.as_str()),
        "actual_shipping_fee_confirmed": shipped.is_some(), "buyer_cpf_id": privacy::cpf(world, order),
        "fulfillment_flag": "fulfilled_by_local_seller", "pickup_done_time": shipped.map_or(0, secs),
        "package_list": order.packages.iter().map(|it| package_document(order, it)).collect::<Vec<_>>(),
        "shipping_carrier": format!("{}{suffix}", carrier(order)), "payment_method": payment_name(order.payment),
        "total_amount": reais(order.total()), "invoice_data": order.invoice, "order_chargeable_weight_gram": 0,
        "return_request_due_date": 0, "edt_from": 0, "edt_to": 0, "payment_info": payment_document(order),
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut body, more) {
        all.extend(more);
    }
    if order.status == OrderStatus::Pending {
        body["pending_terms"] = json!(["SYSTEM_PENDING"]);
    }
    body
}

/// The fields that an optional name stands for.
fn fields_of(name: &str) -> Vec<&str> {
    match name {
        "edt" => vec!["edt_from", "edt_to"],
        name => vec![name],
    }
}

fn detail(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let wanted = args.some_list("order_sn_list", ASKED_MAX)?;
    let with_pending = args.flag("request_order_status_pending")?;
    let asked = args.list("response_optional_fields");
    let shown: BTreeSet<&str> = asked
        .iter()
        .flat_map(|name| fields_of(name))
        .chain(DEFAULT_FIELDS)
        .chain(if with_pending { Some("pending_terms") } else { None })
        .collect();
    let own = own_orders(world, call)?;
    let rows: Vec<Value> = wanted
        .iter()
        .filter_map(|sn| own.iter().find(|order| order.sn == *sn))
        .filter(|order| with_pending || order.status != OrderStatus::Pending)
        .map(|order| {
            let mut row = document(world, order);
            if let Value::Object(fields) = &mut row {
                fields.retain(|name, _| shown.contains(name.as_str()));
            }
            row
        })
        .collect();
    // Unknown numbers are left out in silence, unless all are unknown.
    if rows.is_empty() { Err(not_found()) } else { ok(json!({"order_list": rows})) }
}

/// Packages that wait for the seller, with their orders.
fn packages_of<'a>(orders: &[&'a Order]) -> Vec<(&'a Order, &'a Package)> {
    orders.iter().flat_map(|order| order.packages.iter().map(move |package| (*order, package))).collect()
}

fn shipment_list(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let page = args.by_cursor(PAGE_MAX, None)?;
    let orders = own_orders(world, call)?;
    let waiting = packages_of(&orders).into_iter().filter(|(order, package)| {
        matches!(order.status, OrderStatus::ReadyToShip | OrderStatus::RetryShip)
            && !package.status.has_failed()
    });
    let all: Vec<Value> = waiting
        .map(|(order, package)| json!({"order_sn": order.sn, "package_number": package.number}))
        .collect();
    let (rows, more) = page.of(&all);
    let next = if more { page.next().to_string() } else { String::new() };
    ok(json!({"order_list": rows, "more": more, "next_cursor": next}))
}

/// 1 pending, 2 to process, 3 processed; `None` for what is in no queue.
fn queue_of(order: &Order, package: &Package) -> Option<i64> {
    match package.status {
        _ if order.status == OrderStatus::Pending => Some(1),
        PackageStatus::Ready if order.status == OrderStatus::ReadyToShip && order.wants_invoice() => Some(1),
        PackageStatus::Ready | PackageStatus::PickupRetry => Some(2),
        PackageStatus::RequestCreated => Some(3),
        PackageStatus::NotStart
        | PackageStatus::PickupDone
        | PackageStatus::DeliveryDone
        | PackageStatus::Invalid
        | PackageStatus::RequestCanceled
        | PackageStatus::PickupFailed
        | PackageStatus::DeliveryFailed
        | PackageStatus::Lost => None,
    }
}

fn search_packages(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let (filter, pagination, sort) = (args.raw("filter"), args.raw("pagination"), args.raw("sort"));
    let size = pagination["page_size"].as_i64().filter(|size| (1..=PAGE_MAX).contains(size));
    let size = size.and_then(|size| usize::try_from(size).ok());
    let size = size.ok_or_else(|| args.refuse("invalid field PageSize: must be between 1 and 100"))?;
    let cursor = pagination["cursor"].as_str().filter(|cursor| !cursor.is_empty()).unwrap_or("0");
    let skip: usize = cursor.parse().map_err(|_| args.refuse("invalid field Cursor: wrong value"))?;
    let wanted = filter["package_status"].as_i64().unwrap_or(2);
    let channels: Option<Vec<i64>> = filter["logistics_channel_ids"]
        .as_array()
        .filter(|it| !it.is_empty())
        .map(|it| it.iter().filter_map(Value::as_i64).collect());
    let invoice = filter["invoice_pending"].as_bool();
    let by_shopee = filter["fulfillment_type"].as_i64() == Some(1);
    let orders = own_orders(world, call)?;
    let mut hits: Vec<(&Order, &Package)> = packages_of(&orders)
        .into_iter()
        .filter(|_| !by_shopee)
        .filter(|(order, package)| {
            let queue = queue_of(order, package);
            // With the invoice asked about, what waits for it belongs to the queue as well.
            let pending_too = invoice == Some(true) && wanted == 2 && queue == Some(1);
            queue.is_some() && (wanted == 0 || queue == Some(wanted) || pending_too)
        })
        .filter(|(order, _)| channels.as_ref().is_none_or(|channels| channels.contains(&order.channel_id)))
        .filter(|(order, _)| invoice.is_none_or(|invoice| order.wants_invoice() == invoice))
        .collect();
    let sort_type = sort["sort_type"].as_i64().unwrap_or(1);
    hits.sort_by_key(|(order, package)| {
        let time = match sort_type {
            2 => Some(order.created),
            3 => order.paid,
            _ => order.ship_by,
        };
        (time, package.number.clone())
    });
    if sort["ascending"] == false {
        hits.reverse();
    }
    let page = super::args::Slice { skip, take: size };
    let (rows, more) = page.of(&hits);
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|(order, package)| {
            json!({"order_sn": order.sn, "package_number": package.number, "logistics_channel_id": order.channel_id,
                "product_location_id": LOCATION, "sorting_group": "", "is_shipment_arranged": package.arranged})
        })
        .collect();
    let next = if more { page.next().to_string() } else { String::new() };
    ok(
        json!({"packages_list": rows, "pagination": {"total_count": hits.len(), "next_cursor": next, "more": more},
        "sort": {"sort_type": sort_type, "is_asc": sort["ascending"] != false}}),
    )
}

fn package_detail(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let wanted = args.some_list("package_number_list", ASKED_MAX)?;
    let orders = own_orders(world, call)?;
    let rows: Vec<Value> = packages_of(&orders)
        .into_iter()
        .filter(|(_, package)| wanted.contains(&package.number))
        .map(|(order, package)| {
            json!({
                "order_sn": order.sn, "package_number": package.number, "fulfillment_status": package.status.word(),
                "update_time": secs(package.updated), "logistics_channel_id": order.channel_id,
                "shipping_carrier": carrier(order), "allow_self_design_awb": false, "days_to_ship": catalogue::DAYS_TO_SHIP,
                "tracking_number": package.tracking.as_deref().unwrap_or("-"), "ship_by_date": order.ship_by.map_or(0, secs),
                "is_split_up": order.is_split(), "is_shipment_arranged": package.arranged,
                "can_split_order": order.status == OrderStatus::ReadyToShip && order.lines.len() > 1 && !package.arranged,
                "can_unsplit_order": order.is_split() && order.packages.iter().all(|it| !it.arranged),
                "item_list": part_documents(order, package), "recipient_address": privacy::recipient(world, order),
                "pickup_done_time": package.picked_up.map_or(0, secs), "invoice_pending": invoice_state(order),
            })
        })
        .collect();
    if rows.is_empty() {
        return Err(refuse("error_not_found", "Wrong parameters, detail: the package is not found."));
    }
    ok(json!({"package_list": rows}))
}

/// Whether a parcel still waits for its note; null where none is wanted.
fn invoice_state(order: &Order) -> Value {
    if order.wants_invoice() {
        json!({"status": "pending", "pending_reason": "NF-e is missing"})
    } else if order.invoice["access_key"].is_string() {
        json!({"status": "valid", "pending_reason": ""})
    } else {
        Value::Null
    }
}

fn pending_invoices(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let page = args.by_cursor(PAGE_MAX, None)?;
    let waiting: Vec<Value> = own_orders(world, call)?
        .into_iter()
        .filter(|order| order.wants_invoice())
        .map(|order| json!({"order_sn": order.sn}))
        .collect();
    let (rows, more) = page.of(&waiting);
    let next = if more { page.next().to_string() } else { String::new() };
    ok(json!({"order_list": rows, "more": more, "next_cursor": next}))
}

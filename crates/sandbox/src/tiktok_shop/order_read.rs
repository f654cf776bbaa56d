//! Orders as they are searched and read, with Brazil's fields and masks (fact sheet §9, §12).

use domain::Timestamp;
use serde_json::{Value, json};

use super::World;
use super::ask::{Ask, PageSize, amount, seconds, seconds_or_zero};
use super::gate::{Door, shop};
use super::order::{Buyer, Line, Order, line_status, order_status};
use super::package::Package;
use super::refusal::{Refusal, success};
use super::shop::{Address, PLATFORM_OPTION, SELLER_OPTION, provider_name};
use super::uploads::image_url;
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, get, post};
use crate::text::loose_id;

/// Orders of one detail read.
const DETAIL_MAX: usize = 50;
/// Warehouses in one search.
const WAREHOUSES_MAX: usize = 100;
/// The payment institution's own CNPJ, on every invoice.
const PAYMENT_INSTITUTION: &str = "16501555000157";
/// The order is unknown, or of another shop.
const UNKNOWN_ORDER: i64 = 21_008_111;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const READ: Door = shop(&[202_309], "seller.order.info");
    vec![
        post("/order/{v}/orders/search", READ, search),
        get("/order/{v}/orders", shop(&[202_309, 202_507], "seller.order.info"), detail),
        get("/order/{v}/orders/{id}/price_detail", shop(&[202_407], "seller.order.info"), price_detail),
    ]
}

impl World {
    /// The order of `shop_id` with this id, or the refusal.
    pub(crate) fn order_of(&self, shop_id: i64, id: i64) -> Result<&Order, Refusal> {
        let found = self.orders.get(&id).filter(|order| order.shop_id == shop_id);
        found.ok_or_else(|| Refusal::business(UNKNOWN_ORDER, "The order does not exist"))
    }
}

fn search(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let text = |name: &str| ask.body[name].as_str().filter(|it| !it.is_empty());
    let warehouses = ask.id_filter("warehouse_ids", WAREHOUSES_MAX)?;
    let buyer = loose_id(&ask.body["buyer_user_id"]);
    let requested = ask.body["is_buyer_request_cancel"].as_bool();
    let fits = |it: &&Order| {
        it.shop_id == ask.shop_id()
            && text("order_status").is_none_or(|status| order_status(world, it) == status)
            && text("shipping_type").is_none_or(|kind| it.shipping_type == kind)
            && buyer.is_none_or(|buyer| it.buyer_id == buyer)
            && requested.is_none_or(|wanted| it.cancel_requested.is_some() == wanted)
            && warehouses.as_ref().is_none_or(|ids| ids.contains(&it.warehouse_id))
            && ask.in_window("create_time", it.created)
            && ask.in_window("update_time", it.updated)
    };
    let mut found: Vec<&Order> = world.orders.values().filter(fits).collect();
    let by_update = match ask.query("sort_field") {
        None | Some("create_time") => false,
        Some("update_time") => true,
        Some(_) => return Err(Refusal::parameter("sort_field", "Expected create_time or update_time").into()),
    };
    found.sort_by_key(|it| (if by_update { it.updated } else { it.created }, it.id));
    match ask.query("sort_order") {
        Some("ASC") => {}
        None | Some("DESC") => found.reverse(),
        Some(_) => return Err(Refusal::parameter("sort_order", "Expected ASC or DESC").into()),
    }
    let rows = found.into_iter().map(|order| row(world, order)).collect();
    success(ask.page(rows, PageSize { default: Some(20), min: 1, max: 100 })?.data("orders", false))
}

/// What only the detail says: who took the money, and under which number.
const DETAIL_ALONE: [&str; 2] = ["channel_entity_national_registry_id", "payment_auth_code"];

/// The order as a search shows it: almost the detail.
fn row(world: &World, order: &Order) -> Value {
    let mut row = document(world, order);
    if let Some(fields) = row.as_object_mut() {
        fields.retain(|name, _| !DETAIL_ALONE.contains(&name.as_str()));
    }
    row
}

fn detail(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let ids = ask.query_ids("ids");
    if ids.is_empty() {
        return Err(Refusal::missing("query", "ids").into());
    }
    if ids.len() > DETAIL_MAX {
        return Err(Refusal::parameter("ids", "Expected 1 to 50 entries").into());
    }
    let mut rows = Vec::new();
    for id in ids {
        rows.push(document(world, world.order_of(ask.shop_id(), id)?));
    }
    success(json!({ "orders": rows }))
}

/// The order as its detail shows it. Keys that say nothing are left out.
pub(crate) fn document(world: &World, order: &Order) -> Value {
    let status = order_status(world, order);
    let packages: Vec<&Package> = packages_of(world, order);
    let first = packages.first();
    let option = if order.shipping_type == "SELLER" { SELLER_OPTION } else { PLATFORM_OPTION };
    let provider = first.and_then(|it| it.provider_id);
    let mut document = json!({
        "id": order.id.to_string(), "status": status, "order_type": "NORMAL", "create_time": seconds(order.created),
        "update_time": seconds(order.updated), "user_id": order.buyer_id.to_string(),
        "buyer_email": format!("b{}@chat.seller.tiktok.com", order.buyer_id % 1_000_000_007),
        "buyer_message": order.buyer_message, "seller_note": "", "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "shipping_type": order.shipping_type, "delivery_type": "HOME_DELIVERY", "delivery_option_id": option.id.to_string(),
        "delivery_option_name": option.name, "shipping_provider": provider.and_then(provider_name).unwrap_or_default(),
        "shipping_provider_id": provider.map(|id| id.to_string()).unwrap_or_default(),
        "tracking_number": first.map(|it| it.tracking_number.clone()).unwrap_or_default(),
        "warehouse_id": order.warehouse_id.to_string(),
        "split_or_combine_tag": first.map(|it| it.tag.clone()).unwrap_or_default(),
        "payment_method_name": order.payment_method, "payment_auth_code": order.payment_auth_code,
        "channel_entity_national_registry_id": PAYMENT_INSTITUTION,
        "is_sample_order": false, "is_cod": false, "is_replacement_order": false, "is_exchange_order": false,
        "is_subscription_order": false, "is_on_hold_order": status == "ON_HOLD",
        "is_buyer_request_cancel": order.cancel_requested.is_some(),
        "has_updated_recipient_address": order.new_address.is_some(),
        "need_upload_invoice": first.map_or("NEED_INVOICE", |it| it.invoice.order_word(&world.rules)),
        "packages": packages.iter().map(|it| json!({"id": it.id.to_string()})).collect::<Vec<_>>(),
        "payment": payment_document(order),
        "line_items": order.lines.iter().map(|line| line_document(world, order, line)).collect::<Vec<_>>(),
    });
    add_times(&mut document, order, &packages);
    add_buyer(&mut document, world, order, status);
    if let Some(cancelled) = order.lines.iter().find_map(|line| line.cancelled.as_ref()) {
        document["cancel_reason"] = json!(cancelled.reason);
        document["cancellation_initiator"] = json!(cancelled.user);
        document["cancel_time"] = json!(seconds(cancelled.at));
    }
    document
}

fn packages_of<'a>(world: &'a World, order: &Order) -> Vec<&'a Package> {
    let mut ids: Vec<i64> = order.lines.iter().filter_map(|line| line.package_id).collect();
    ids.dedup();
    ids.iter().filter_map(|id| world.packages.get(id)).collect()
}

fn add_times(document: &mut Value, order: &Order, packages: &[&Package]) {
    let latest = |of: fn(&Package) -> Option<Timestamp>| packages.iter().filter_map(|it| of(it)).max();
    let times = [
        ("paid_time", order.paid),
        ("rts_sla_time", order.ship_by()),
        ("shipping_due_time", order.ship_by()),
        ("tts_sla_time", order.collect_by()),
        ("collection_due_time", order.collect_by()),
        ("delivery_sla_time", order.deliver_by()),
        ("delivery_due_time", order.deliver_by()),
        ("cancel_order_sla_time", order.cancel_at()),
        ("rts_time", latest(|it| it.shipped)),
        ("collection_time", latest(|it| it.collected)),
        ("delivery_time", latest(|it| it.delivered)),
        ("request_cancel_time", order.cancel_requested),
    ];
    for (name, at) in times {
        if at.is_some() {
            document[name] = seconds_or_zero(at);
        }
    }
}

/// All letters but the first and the last become stars.
fn masked_word(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    match letters.as_slice() {
        [] => String::new(),
        [first, .., last] => format!("{first}***{last}"),
        [only] => format!("{only}***"),
    }
}

fn masked_cpf(cpf: &str) -> String {
    if cpf.len() == 11 { format!("***.{}.{}-**", &cpf[3..6], &cpf[6..9]) } else { String::new() }
}

fn dotted_cpf(cpf: &str) -> String {
    if cpf.len() == 11 {
        format!("{}.{}.{}-{}", &cpf[..3], &cpf[3..6], &cpf[6..9], &cpf[9..])
    } else {
        cpf.to_owned()
    }
}

fn add_buyer(document: &mut Value, world: &World, order: &Order, status: &str) {
    let Some(buyer) = world.buyers.get(&order.buyer_id) else { return };
    let masked_name: Vec<String> = buyer.name.split(' ').map(masked_word).collect();
    if world.rules.cpf_masked {
        document["cpf"] = json!(masked_cpf(&buyer.cpf));
        document["cpf_name"] = json!(masked_name.join(" "));
    } else {
        document["cpf"] = json!(dotted_cpf(&buyer.cpf));
        document["cpf_name"] = json!(buyer.name);
    }
    let address = order.new_address.as_ref().unwrap_or(&buyer.address);
    let lined_like_warehouse = world.rules.recipient_lines_as_warehouse;
    let masked = order.shipping_type == "TIKTOK";
    let mut recipient = recipient_document(buyer, address, masked, lined_like_warehouse);
    if matches!(status, "UNPAID" | "ON_HOLD")
        && let Some(fields) = recipient.as_object_mut()
    {
        fields.remove("district_info");
    }
    document["recipient_address"] = recipient;
}

/// The recipient: redacted on the platform's parcels, clear on the seller's own.
pub(crate) fn recipient_document(
    buyer: &Buyer,
    address: &Address,
    masked: bool,
    lined_like_warehouse: bool,
) -> Value {
    let (name, phone, street, number) = if masked {
        let tail = buyer.phone.get(9..).unwrap_or_default();
        let area = buyer.phone.get(..2).unwrap_or_default();
        let street_start: String = address.street.chars().take(5).collect();
        (
            masked_word(&buyer.name),
            format!("(+55){area}*****{tail}"),
            format!("{street_start}***"),
            "***".to_owned(),
        )
    } else {
        (buyer.name.clone(), format!("(+55){}", buyer.phone), address.street.clone(), address.number.clone())
    };
    let full = Address { street: street.clone(), number: number.clone(), ..address.clone() }.full();
    let quarter = address.neighborhood.clone();
    let lines = if lined_like_warehouse {
        [quarter, street.clone(), number.clone(), address.complement.clone()]
    } else {
        [number.clone(), address.complement.clone(), quarter, street.clone()]
    };
    json!({
        "full_address": full, "name": name, "first_name": name, "last_name": "", "first_name_local_script": "",
        "last_name_local_script": "", "phone_number": phone, "postal_code": address.postal_code, "region_code": "BR",
        "address_line1": lines[0], "address_line2": lines[1], "address_line3": lines[2], "address_line4": lines[3],
        "address_detail": format!("{street}, {number}"),
        "district_info": [
            {"address_level_name": "Country", "address_name": "Brasil", "address_level": "L0", "iso_code": "BR"},
            {"address_level_name": "State", "address_name": address.state, "address_level": "L1"},
            {"address_level_name": "City", "address_name": address.city, "address_level": "L2"},
        ],
    })
}

fn payment_document(order: &Order) -> Value {
    let sub_total = order.list_minor() - order.discount_minor();
    json!({
        "currency": "BRL", "sub_total": amount(sub_total), "shipping_fee": amount(order.freight_paid_minor()),
        "seller_discount": "0.00", "platform_discount": amount(order.discount_minor()),
        "total_amount": amount(sub_total + order.freight_paid_minor()),
        "original_total_product_price": amount(order.list_minor()), "original_shipping_fee": amount(order.freight_minor),
        "shipping_fee_seller_discount": "0.00", "shipping_fee_platform_discount": amount(order.freight_discount_minor),
        "shipping_fee_cofunded_discount": "0.00", "tax": "0.00", "handling_fee": "0.00",
    })
}

fn line_document(world: &World, order: &Order, line: &Line) -> Value {
    let package = line.package_id.and_then(|id| world.packages.get(&id));
    let mut document = json!({
        "id": line.id.to_string(), "sku_id": line.sku_id.to_string(), "product_id": line.product_id.to_string(),
        "product_name": line.product_name, "sku_name": line.sku_name, "seller_sku": line.seller_sku,
        "sku_type": "NORMAL", "sku_image": image_url(world, &line.image), "currency": "BRL",
        "original_price": amount(line.price_minor), "sale_price": amount(line.paid_minor()), "seller_discount": "0.00",
        "platform_discount": amount(line.platform_discount_minor), "display_status": line_status(world, order, line),
        "is_gift": false, "item_tax": [],
        "tracking_number": package.map(|it| it.tracking_number.clone()).unwrap_or_default(),
    });
    if let Some(package) = package {
        document["package_id"] = json!(package.id.to_string());
        document["package_status"] = json!(package.status);
        if let Some(provider) = package.provider_id {
            document["shipping_provider_id"] = json!(provider.to_string());
            document["shipping_provider_name"] = json!(provider_name(provider));
        }
    }
    if let Some(cancelled) = &line.cancelled {
        document["cancel_reason"] = json!(cancelled.reason);
        document["cancel_user"] = json!(cancelled.user);
    }
    document
}

fn price_detail(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let order = world.order_of(ask.shop_id(), ask.id("id"))?;
    let prices = |list: i64, discount: i64| {
        json!({
            "currency": "BRL", "sku_list_price": amount(list), "sku_sale_price": amount(list),
            "subtotal": amount(list - discount), "subtotal_deduction_seller": "0.00",
            "subtotal_deduction_platform": amount(discount), "subtotal_tax_amount": "0.00", "voucher_deduction_seller": "0.00",
            "voucher_deduction_platform": "0.00", "tax_amount": "0.00", "tax_rate": "0", "net_price_amount": amount(list - discount),
        })
    };
    let mut data = prices(order.list_minor(), order.discount_minor());
    let total = order.list_minor() - order.discount_minor() + order.freight_paid_minor();
    data["payment"] = json!(amount(total));
    data["total"] = json!(amount(total));
    data["shipping_list_price"] = json!(amount(order.freight_minor));
    data["shipping_sale_price"] = json!(amount(order.freight_paid_minor()));
    data["shipping_fee_deduction_seller"] = json!("0.00");
    data["shipping_fee_deduction_platform"] = json!(amount(order.freight_discount_minor));
    data["line_items"] = order
        .lines
        .iter()
        .map(|line| {
            let mut row = prices(line.price_minor, line.platform_discount_minor);
            row["id"] = json!(line.id.to_string());
            row["payment"] = json!(amount(line.paid_minor()));
            row["total"] = json!(amount(line.paid_minor()));
            row
        })
        .collect();
    success(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_documents_are_masked() {
        assert_eq!(masked_word("Maria"), "M***a");
        assert_eq!(masked_cpf("12345678909"), "***.456.789-**");
        assert_eq!(dotted_cpf("12345678909"), "123.456.789-09");
    }
}

//! Notes, shipping, documents, splitting and combining, the way to the buyer.

use std::time::Duration;

use http::Method;
use sandbox::tiktok_shop::Rules;
use serde_json::{Value, json};

use crate::kit::{CASA, Shop, bytes, note, shop, shop_with};

const HOUR: Duration = Duration::from_hours(1);

fn upload(shop: &Shop, package: &str, order: &str, file: &str) -> Value {
    let row = json!({"package_id": package, "order_ids": [order], "file_type": "XML", "file": file});
    shop.post("/fulfillment/202502/invoice/upload", &json!({"invoices": [row]}))
}

fn ship_path(package: &str) -> String {
    format!("/fulfillment/202309/packages/{package}/ship")
}

fn document(shop: &Shop, package: &str, query: &str) -> Value {
    shop.get(&format!("/fulfillment/202309/packages/{package}/shipping_documents?{query}"))
}

/// What stands behind the address of a document.
fn fetch(shop: &Shop, document: &Value) -> sandbox::reply::Reply {
    let url = document["doc_url"].as_str().unwrap();
    shop.plain(Method::GET, url.split_once("9102").unwrap().1, "")
}

#[test]
fn a_parcel_leaves_only_after_its_note_was_accepted() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    assert_eq!(shop.order(&order)["need_upload_invoice"], "NEED_INVOICE");
    let package = shop.package_id(&order);
    let ask = || shop.ask(Method::POST, &ship_path(&package)).json(&json!({"handover_method": "DROP_OFF"}));
    assert_eq!(ask().refusal().0, 200);
    assert_eq!(upload(&shop, &package, &order, &note(&shop, 1)), json!({}));
    // Taken is not accepted.
    assert_eq!(shop.order(&order)["need_upload_invoice"], "INVOICE_PROCESSING");
    assert_eq!(ask().refusal().0, 200);
    shop.pass(Duration::from_secs(10));
    assert_eq!(shop.order(&order)["need_upload_invoice"], "INVOICE_UPLOADED");
    ask().data();
    assert_eq!(shop.order(&order)["status"], "AWAITING_COLLECTION");
    let statuses: Vec<_> = shop.told(36).iter().map(|it| it["data"]["invoice_status"].clone()).collect();
    assert_eq!(statuses, ["PROCESSING", "SUCCESS"]);
}

#[test]
fn a_bad_note_is_refused_later_and_may_be_sent_again() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    let package = shop.package_id(&order);
    let foreign = sandbox::tiktok_shop::invoice::sample_xml("99999999000199", 1);
    let cases = [("no xml at all".to_owned(), "FAILED", "FAILED"), (foreign, "INVALID", "CNPJ_NOT_MATCH")];
    for (xml, status, reason) in cases {
        use base64::Engine as _;
        upload(&shop, &package, &order, &base64::engine::general_purpose::STANDARD.encode(xml));
        shop.pass(Duration::from_secs(10));
        let told = shop.told(36).last().unwrap()["data"].clone();
        assert_eq!(
            (told["invoice_status"].as_str(), told["invalid_reason"].as_str()),
            (Some(status), Some(reason))
        );
        assert_eq!(shop.order(&order)["need_upload_invoice"], "NEED_INVOICE");
    }
    upload(&shop, &package, &order, &note(&shop, 1));
    let again = upload(&shop, &package, &order, &note(&shop, 1));
    assert_eq!(again["errors"][0]["code"], 10_007_014);
    assert_eq!(again["errors"][0]["detail"]["package_id"], package.as_str());
}

#[test]
fn a_parcel_shipped_by_hand_leaves_under_the_same_terms() {
    let shop = shop();
    let order = shop.sell(&json!({"sku": "ORG-GAV-6"}));
    let package = shop.package_id(&order);
    let path = format!("/_sandbox/packages/{package}/ship");
    let status = || shop.plain(Method::POST, &path, "{}").status.as_u16();
    assert_eq!(status(), 409, "it is on hold");
    shop.control(Method::POST, &format!("/_sandbox/orders/{order}/end_remorse"), &json!({}));
    assert_eq!(status(), 409, "its note is missing");
    shop.accept_invoice(&package);
    assert_eq!(status(), 200);
    assert_eq!(shop.order(&order)["status"], "AWAITING_COLLECTION");
    assert_eq!(status(), 409, "it has left");
}

#[test]
fn one_note_does_for_one_parcel() {
    let shop = shop();
    let orders = [(); 2].map(|()| shop.paid_order("ORG-GAV-6", 1));
    for order in &orders {
        upload(&shop, &shop.package_id(order), order, &note(&shop, 5));
        shop.pass(Duration::from_secs(10));
    }
    assert_eq!(shop.told(36).last().unwrap()["data"]["invalid_reason"], "ACCESS_KEY_DUPLICATE");
}

#[test]
fn what_is_no_base64_or_of_other_orders_is_refused_at_once() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    let package = shop.package_id(&order);
    assert_eq!(upload(&shop, &package, &order, "***")["errors"][0]["code"], 98_001_004);
    assert_eq!(upload(&shop, &package, "1", &note(&shop, 1))["errors"][0]["code"], 98_001_004);
}

#[test]
fn markets_without_notes_ship_at_once() {
    let shop = shop_with(Rules { invoice_required: false, ..Rules::default() });
    let order = shop.paid_order("ORG-GAV-6", 1);
    assert_eq!(shop.order(&order)["need_upload_invoice"], "NO_NEED");
    shop.post(&ship_path(&shop.package_id(&order)), &json!({}));
}

#[test]
fn a_parcel_on_hold_does_not_leave() {
    let shop = shop_with(Rules { invoice_required: false, ..Rules::default() });
    let order = shop.sell(&json!({"sku": "ORG-GAV-6"}));
    let package = shop.package_id(&order);
    assert_eq!(shop.ask(Method::POST, &ship_path(&package)).json(&json!({})).refusal().0, 200);
}

#[test]
fn a_parcel_is_shipped_once() {
    let shop = shop();
    let package = shop.ship(&shop.paid_order("ORG-GAV-6", 1));
    let again = shop.ask(Method::POST, &ship_path(&package)).json(&json!({}));
    assert_eq!(again.refusal(), (200, 11_006_021));
}

#[test]
fn pickups_are_offered_and_only_those() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    let package = shop.package_id(&order);
    shop.accept_invoice(&package);
    let slots = shop.get(&format!("/fulfillment/202309/packages/{package}/handover_time_slots"));
    // The platform's own spelling.
    assert_eq!(slots["pickup_slots"][0]["avaliable"], true);
    let made_up = json!({"handover_method": "PICKUP", "pickup_slot": {"start_time": 1, "end_time": 2}});
    assert_eq!(shop.ask(Method::POST, &ship_path(&package)).json(&made_up).refusal(), (200, 98_001_004));
    shop.post(
        &ship_path(&package),
        &json!({"handover_method": "PICKUP", "pickup_slot": slots["pickup_slots"][1]}),
    );
    let shown = shop.get(&format!("/fulfillment/202309/packages/{package}"));
    assert_eq!(shown["pickup_slot"]["start_time"], slots["pickup_slots"][1]["start_time"]);
    // A parcel shows less of its recipient than an order.
    let recipient = &shown["recipient_address"];
    assert!(recipient["full_address"].is_string() && recipient.get("district_info").is_none(), "{recipient}");
}

#[test]
fn the_label_takes_a_moment_and_its_address_ends_after_a_day() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    let package = shop.package_id(&order);
    let path =
        format!("/fulfillment/202309/packages/{package}/shipping_documents?document_type=SHIPPING_LABEL");
    assert_eq!(shop.ask(Method::GET, &path).refusal(), (200, 21_023_035));
    shop.ship(&order);
    assert_eq!(shop.ask(Method::GET, &path).refusal(), (200, 11_034_037));
    shop.pass(Duration::from_secs(3));
    let label = shop.get(&path);
    assert!(label["tracking_number"].as_str().unwrap().starts_with("BR"));
    assert!(bytes(&fetch(&shop, &label)).starts_with(b"%PDF-1.4"));
    shop.pass(HOUR * 24);
    assert_eq!(fetch(&shop, &label).status.as_u16(), 403);
}

#[test]
fn documents_come_as_pdf_png_and_zpl() {
    let shop = shop();
    let package = shop.ship(&shop.paid_order("ORG-GAV-6", 2));
    shop.pass(Duration::from_secs(3));
    let text = |query: &str| {
        let content = bytes(&fetch(&shop, &document(&shop, &package, query))).to_vec();
        content.iter().map(|byte| char::from(*byte)).collect::<String>()
    };
    assert!(text("document_type=SHIPPING_LABEL_PICTURE").starts_with("\u{89}PNG"));
    assert!(text("document_type=SHIPPING_LABEL&document_format=ZPL").starts_with("^XA"));
    assert!(text("document_type=PACKING_SLIP").contains("1 x ORG-GAV-6"));
    assert!(text("document_type=INVOICE_LABEL").contains("DANFE"));
    let both = text("document_type=SHIPPING_LABEL_AND_PACKING_SLIP&document_size=A5");
    assert!(both.contains("/Count 2"));
    let path = format!("/fulfillment/202309/packages/{package}/shipping_documents?document_type=POEM");
    assert_eq!(shop.ask(Method::GET, &path).refusal(), (200, 98_001_004));
}

#[test]
fn a_batch_ships_what_it_can_and_names_the_rest() {
    let shop = shop();
    let [one, two] = [(); 2].map(|()| shop.package_id(&shop.paid_order("ORG-GAV-6", 1)));
    shop.accept_invoice(&one);
    let rows = json!({"packages": [{"id": one, "handover_method": "DROP_OFF"}, {"id": two, "handover_method": "DROP_OFF"}]});
    let data = shop.post("/fulfillment/202309/packages/ship", &rows);
    assert_eq!(data["errors"].as_array().unwrap().len(), 1);
    assert_eq!(data["errors"][0]["detail"]["package_id"], two.as_str());
}

#[test]
fn the_way_to_the_buyer_goes_by_itself() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    shop.ship(&order);
    assert_eq!(shop.units("ORG-GAV-6"), (59, 1));
    shop.pass(HOUR * 4);
    assert_eq!(shop.order(&order)["status"], "IN_TRANSIT");
    assert_eq!(shop.units("ORG-GAV-6"), (59, 0));
    shop.pass(HOUR * 24 * 3);
    assert_eq!(shop.order(&order)["status"], "DELIVERED");
    let steps = shop.get(&format!("/fulfillment/202309/orders/{order}/tracking"))["tracking"].clone();
    let millis: Vec<i64> =
        steps.as_array().unwrap().iter().map(|it| it["update_time_millis"].as_i64().unwrap()).collect();
    assert!(millis.len() == 3 && millis.is_sorted_by(|one, next| one > next), "{millis:?}");
    assert!(steps[0]["action_code"].is_i64(), "{steps}");
    shop.pass(HOUR * 24 * 7);
    assert_eq!(shop.order(&order)["status"], "COMPLETED");
}

#[test]
fn what_is_not_sent_in_six_business_days_is_cancelled() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    let cancel_at = shop.order(&order)["cancel_order_sla_time"].as_i64().unwrap();
    // Six business days from a Tuesday are eight days.
    assert_eq!(cancel_at, crate::kit::start().as_millis() / 1_000 + 8 * 86_400);
    shop.pass((HOUR * 24 * 8).saturating_sub(Duration::from_secs(1)));
    assert_eq!(shop.order(&order)["status"], "AWAITING_SHIPMENT");
    shop.pass(Duration::from_secs(1));
    assert_eq!(shop.order(&order)["cancel_reason"], "system_cancel_order_reason_shipping_timeout");
    assert_eq!(shop.units("ORG-GAV-6"), (60, 0));
}

#[test]
fn the_sellers_own_shipping_needs_carrier_and_number() {
    let shop = shop();
    let casa = shop.manifest.shops[CASA].shop_id.clone();
    let order = shop.sell(&json!({"sku": "ORG-GAV-6", "sent_by_seller": true, "shop_id": casa}));
    shop.pass(HOUR);
    let option = shop.order(&order)["delivery_option_id"].as_str().unwrap().to_owned();
    let carriers = shop.get(&format!("/logistics/202309/delivery_options/{option}/shipping_providers"));
    let carrier = &carriers["shipping_providers"][1]["id"];
    let package = shop.package_id(&order);
    let body =
        |number: &str| json!({"self_shipment": {"tracking_number": number, "shipping_provider_id": carrier}});
    for number in ["abc", "com espaço"] {
        let ask = shop.ask(Method::POST, &ship_path(&package)).json(&body(number));
        assert_eq!(ask.refusal(), (200, 21_011_022), "{number}");
    }
    shop.post(&ship_path(&package), &body("AA123456789BR"));
    // A correction, once.
    let path = format!("/fulfillment/202610/packages/{package}/shipping_info/update");
    let list = json!({"shipping_info_list": [{"tracking_number": "AA000000000BR", "shipping_provider_id": carrier}]});
    shop.post(&path, &list);
    assert_eq!(shop.order(&order)["tracking_number"], "AA000000000BR");
    assert_eq!(shop.ask(Method::POST, &path).json(&list).refusal(), (200, 21_011_051));
}

#[test]
fn carriers_of_the_platform_cannot_be_chosen() {
    let shop = shop();
    let path = "/logistics/202309/delivery_options/7091000000000000001/shipping_providers";
    assert_eq!(shop.ask(Method::GET, path).refusal(), (200, 21_008_117));
}

/// An order of two SKUs, its parcel, and the lines by SKU.
fn two_skus(shop: &Shop) -> (String, Vec<Value>) {
    let casa = &shop.manifest.shops[CASA].shop_id;
    let cart = json!({"shop_id": casa, "cart": [{"sku": "ORG-GAV-6", "quantity": 2}, {"sku": "ORG-3D-MOD"}]});
    let order = shop.sell(&cart);
    shop.pass(HOUR);
    let lines =
        shop.order(&order)["line_items"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    (order, lines)
}

#[test]
fn an_order_is_split_by_whole_skus() {
    let shop = shop();
    let (order, lines) = two_skus(&shop);
    let old = shop.package_id(&order);
    let looked = shop.get(&format!("/fulfillment/202309/orders/split_attributes?order_ids={order}"));
    assert_eq!(looked["split_attributes"][0]["can_split"], true);
    let path = format!("/fulfillment/202309/orders/{order}/split");
    let groups = |one: &[Value], two: &[Value]| json!({"splittable_groups": [{"id": "1", "order_line_item_ids": one}, {"id": "2", "order_line_item_ids": two}]});
    // Two units of one SKU stay together, and no line may be left out.
    let torn = groups(&lines[..1], &lines[1..]);
    assert_ne!(shop.ask(Method::POST, &path).json(&torn).refusal().1, 0);
    assert_eq!(shop.ask(Method::POST, &path).json(&groups(&lines[..2], &[])).refusal(), (200, 98_001_004));
    let made = shop.post(&path, &groups(&lines[..2], &lines[2..]));
    let first = made["packages"][0]["id"].as_str().unwrap().to_owned();
    assert_ne!(first, old);
    assert_eq!(shop.order(&order)["split_or_combine_tag"], "SPLIT");
    assert_eq!(shop.told(4)[0]["data"]["sc_type"], "SPLIT");
    // The first of two parcels leaves.
    shop.accept_invoice(&first);
    shop.post(&ship_path(&first), &json!({"handover_method": "DROP_OFF"}));
    assert_eq!(shop.order(&order)["status"], "PARTIALLY_SHIPPING");
}

#[test]
fn a_single_sku_cannot_be_split() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 2);
    let looked = shop.get(&format!("/fulfillment/202309/orders/split_attributes?order_ids={order}"));
    assert_eq!(looked["split_attributes"][0]["can_split"], false);
}

#[test]
fn orders_of_one_buyer_are_combined_and_taken_apart() {
    let shop = shop();
    let casa = shop.manifest.shops[CASA].shop_id.clone();
    let buy = |buyer: &str| shop.sell(&json!({"sku": "ORG-GAV-6", "shop_id": casa, "buyer_id": buyer}));
    let orders = [buy("7021000000000000001"), buy("7021000000000000001"), buy("7021000000000000002")];
    shop.pass(HOUR);
    let found = shop.get("/fulfillment/202309/combinable_packages/search?page_size=20");
    assert_eq!(found["combinable_packages"][0]["order_ids"], json!([orders[0], orders[1]]));
    assert_eq!(found["total_count"], 1);
    let wrong = json!({"combinable_packages": [{"id": "1", "order_ids": [orders[0], orders[2]]}]});
    let data = shop.post("/fulfillment/202309/packages/combine", &wrong);
    assert_eq!(data["errors"].as_array().unwrap().len(), 1);
    let right = json!({"combinable_packages": [found["combinable_packages"][0]]});
    let data = shop.post("/fulfillment/202309/packages/combine", &right);
    let package = data["packages"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.package_id(&orders[0]), package);
    assert_eq!(shop.package_id(&orders[1]), package);
    let path = format!("/fulfillment/202309/packages/{package}/uncombine");
    shop.post(&path, &json!({"order_ids": [orders[1]]}));
    assert_ne!(shop.package_id(&orders[0]), shop.package_id(&orders[1]));
    let changes: Vec<_> = shop.told(4).iter().map(|it| it["data"]["sc_type"].clone()).collect();
    assert_eq!(changes, ["COMBINE", "CANCEL_COMBINE"]);
}

#[test]
fn parcels_are_searched_by_status() {
    let shop = shop();
    let package = shop.ship(&shop.paid_order("ORG-GAV-6", 1));
    shop.paid_order("ORG-3D-MOD", 1);
    let search = "/fulfillment/202309/packages/search?page_size=10";
    let found = shop.post(search, &json!({"package_status": "PROCESSING"}));
    assert_eq!((&found["total_count"], &found["packages"][0]["id"]), (&json!(1), &json!(package)));
}

//! What the platform's own biller (Faturador) is told of a product (fact sheet §13).

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::call::Call;
use crate::mercado_livre::World;
use crate::mercado_livre::gate::BILLING;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get, post, put};

/// Fiscal data by seller and SKU, as sent.
pub type Biller = BTreeMap<i64, BTreeMap<String, Value>>;

pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/items/fiscal_information", BILLING, create),
        put("/items/fiscal_information/{sku}", BILLING, replace),
        Route::new(Method::PATCH, "/items/fiscal_information/{sku}", BILLING, amend),
        get("/items/fiscal_information/{sku}", BILLING, show),
        get("/items/{id}/fiscal_information/detail", BILLING, detail),
    ]
}

/// A field that is missing or wrong.
fn fault(field: &str, message: &str) -> Value {
    json!({"field": field, "message": message, "error_code": "invalid_field"})
}

fn faults(body: &Value) -> Vec<Value> {
    let tax = &body["tax_information"];
    let one_of = |value: &Value, allowed: &[&str]| value.as_str().is_some_and(|text| allowed.contains(&text));
    let filled = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    let digits = |value: &Value, count: usize| {
        value
            .as_str()
            .is_some_and(|text| text.len() == count && text.bytes().all(|digit| digit.is_ascii_digit()))
    };
    let checks = [
        ("sku", filled(&body["sku"]), "the SKU is required"),
        ("title", filled(&body["title"]), "the title is required"),
        ("type", one_of(&body["type"], &["single", "bundle"]), "must be single or bundle"),
        ("measurement_unit", filled(&body["measurement_unit"]), "the unit is required"),
        ("cost", body["cost"].as_f64().is_some_and(|cost| cost >= 0.0), "must be a number of zero or more"),
        ("tax_information.ncm", digits(&tax["ncm"], 8), "must have 8 digits"),
        (
            "tax_information.origin_type",
            one_of(&tax["origin_type"], &["manufacturer", "reseller", "imported"]),
            "must be manufacturer, reseller or imported",
        ),
        ("tax_information.origin_detail", filled(&tax["origin_detail"]), "the origin is required"),
        ("tax_information.cest", tax["cest"].is_null() || digits(&tax["cest"], 7), "must have 7 digits"),
    ];
    checks.into_iter().filter(|(_, good, _)| !good).map(|(field, _, message)| fault(field, message)).collect()
}

fn keep(world: &mut World, seller: i64, body: Value) -> Result<Value, Reply> {
    let faults = faults(&body);
    if !faults.is_empty() {
        let refusal =
            json!({"message": "Invalid fields", "error_code": "json_validation_error", "fields": faults});
        return Err(Reply::json(StatusCode::BAD_REQUEST, refusal));
    }
    let sku = body["sku"].as_str().unwrap_or_default().to_owned();
    world.service.biller.entry(seller).or_default().insert(sku, body.clone());
    Ok(body)
}

fn known(world: &World, call: &Call, seller: i64) -> Result<Value, Reply> {
    let sku = call.param("sku");
    let found = world.service.biller.get(&seller).and_then(|skus| skus.get(sku));
    found
        .cloned()
        .ok_or_else(|| reply::not_found("sku_not_found", &format!("SKU {sku} has no fiscal information")))
}

fn create(world: &mut World, call: &Call) -> Answer {
    let (seller, body) = (call.user_id()?, call.json()?);
    let sku = body["sku"].as_str().unwrap_or_default();
    if world.service.biller.get(&seller).is_some_and(|skus| skus.contains_key(sku)) {
        return Err(reply::conflict(
            "sku_already_exists",
            &format!("SKU {sku} already has fiscal information"),
        ));
    }
    keep(world, seller, body).map(Reply::created)
}

fn replace(world: &mut World, call: &Call) -> Answer {
    let (seller, mut body) = (call.user_id()?, call.json()?);
    known(world, call, seller)?;
    body["sku"] = json!(call.param("sku"));
    keep(world, seller, body).map(Reply::ok)
}

fn amend(world: &mut World, call: &Call) -> Answer {
    let (seller, changes) = (call.user_id()?, call.json()?);
    let mut body = known(world, call, seller)?;
    for (field, value) in changes.as_object().into_iter().flatten() {
        match (body[field].as_object_mut(), value.as_object()) {
            (Some(inside), Some(changes)) => inside.extend(changes.clone()),
            _ => body[field] = value.clone(),
        }
    }
    body["sku"] = json!(call.param("sku"));
    keep(world, seller, body).map(Reply::ok)
}

fn show(world: &mut World, call: &Call) -> Answer {
    known(world, call, call.user_id()?).map(Reply::ok)
}

/// What is known of the SKUs of an item.
fn detail(world: &mut World, call: &Call) -> Answer {
    let (seller, id) = (call.user_id()?, call.param("id"));
    let item = world.items.get(id).filter(|item| item.seller_id == seller);
    let item = item.ok_or_else(|| reply::not_found("not_found", &format!("Item with id {id} not found")))?;
    let variations = item.variations.iter().map(|it| Some(it.id));
    let wanted: Vec<Option<i64>> = if item.variations.is_empty() { vec![None] } else { variations.collect() };
    let skus = world.service.biller.get(&seller);
    let rows: Vec<Value> = wanted
        .into_iter()
        .map(|variation| {
            let sku = item.sku_of(variation);
            let known = sku.and_then(|sku| skus?.get(sku));
            json!({"variation_id": variation, "sku": sku, "fiscal_information": known})
        })
        .collect();
    Ok(Reply::ok(json!({"item_id": id, "variations": rows})))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::super::testing::{SELLER, Shop};
    use super::*;

    const TARGET: &str = "/items/fiscal_information";

    fn product() -> Value {
        json!({"sku": "ACME-X1", "title": "Item de Teste", "type": "single", "measurement_unit": "UN", "cost": 10.5,
            "tax_information": {"ncm": "85183000", "origin_type": "reseller", "origin_detail": "0", "csosn": "102"}})
    }

    #[test]
    fn a_product_is_told_once_and_found_by_sku_and_item() {
        let mut shop = Shop::open();
        assert_eq!(shop.post(TARGET, &product()).status, StatusCode::CREATED);
        assert_eq!(shop.post(TARGET, &product()).status, StatusCode::CONFLICT);
        assert_eq!(shop.get(&format!("{TARGET}/ACME-X1")).document(), &product());
        let detail = shop.get(&format!("/items/{}/fiscal_information/detail", shop.item));
        assert_eq!(detail.document()["variations"][0]["fiscal_information"]["cost"], 10.5);
    }

    #[test]
    fn every_bad_field_is_named() {
        let mut body = product();
        body["type"] = json!("pair");
        body["tax_information"]["ncm"] = json!("123");
        let refused = Shop::open().post(TARGET, &body);
        assert_eq!(refused.document()["error_code"], "json_validation_error");
        let fields: Vec<_> =
            refused.document()["fields"].as_array().unwrap().iter().map(|it| it["field"].clone()).collect();
        assert_eq!(fields, ["type", "tax_information.ncm"]);
    }

    #[test]
    fn a_patch_keeps_what_it_does_not_name() {
        let mut shop = Shop::open();
        shop.post(TARGET, &product());
        let body = json!({"tax_information": {"ncm": "85171300"}}).to_string();
        let request = Request::builder().method("PATCH").uri(format!("{TARGET}/ACME-X1"));
        let amended = shop.send(SELLER, request.body(Bytes::from(body)).unwrap());
        assert_eq!(amended.document()["tax_information"]["ncm"], "85171300");
        assert_eq!(amended.document()["tax_information"]["csosn"], "102");
    }

    #[test]
    fn an_unknown_sku_is_a_404() {
        let mut shop = Shop::open();
        assert_eq!(shop.put(&format!("{TARGET}/NOPE"), &product()).document()["error"], "sku_not_found");
    }
}

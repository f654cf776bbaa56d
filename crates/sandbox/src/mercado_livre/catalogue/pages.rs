//! The catalogue's resources: categories, attributes, predictor, listing types, fees.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::attributes::{attributes_json, attributes_of, conditionally_required, technical_specs_json};
use super::data::{CATEGORIES, Category, category};
use super::fees::{Freight, ListingType, listing_price};
use super::predictor::{DEFAULT_LIMIT, domain_discovery};
use super::validate::{MAX_DESCRIPTION_LENGTH, MAX_PICTURES, MAX_TITLE_LENGTH};
use crate::call::Call;
use crate::dates::zulu;
use crate::mercado_livre::{SITE, World};
use crate::reply::{self, Answer, Reply};
use crate::text::{centavos, reais};

/// How far ahead the end of a paid listing lies: about twenty years.
pub const LISTING_LIFE: Duration = Duration::from_hours(20 * 365 * 24);

fn site(call: &Call) -> Result<(), Reply> {
    match call.param("site") {
        SITE => Ok(()),
        other => Err(reply::not_found("not_found", &format!("Site {other} not found"))),
    }
}

fn wanted(call: &Call) -> Result<&'static Category, Reply> {
    let id = call.param("id");
    category(id).ok_or_else(|| reply::not_found("not_found", &format!("Category not found: {id}")))
}

/// `GET /sites/{site}/categories`: the roots.
pub(super) fn list_roots(_: &mut World, call: &Call) -> Answer {
    site(call)?;
    let roots = CATEGORIES.iter().filter(|row| row.parent.is_none());
    Ok(Reply::ok(roots.map(|row| json!({"id": row.id, "name": row.name})).collect()))
}

/// `GET /categories/{id}`
pub(super) fn show_category(_: &mut World, call: &Call) -> Answer {
    let category = wanted(call)?;
    let step = |row: &&Category| json!({"id": row.id, "name": row.name});
    let path: Vec<Value> = category.path_from_root().iter().map(step).collect();
    let children: Vec<Value> = category
        .children()
        .map(|row| json!({"id": row.id, "name": row.name, "total_items_in_this_category": total_items(row)}))
        .collect();
    Ok(Reply::ok(json!({
        "id": category.id,
        "name": category.name,
        "picture": null,
        "permalink": null,
        "total_items_in_this_category": total_items(category),
        "path_from_root": path,
        "children_categories": children,
        "attribute_types": if category.is_leaf() { "attributes" } else { "none" },
        "settings": settings(category),
        "channels_settings": [{"channel": "mshops", "settings": {"minimum_price": null, "status": "enabled", "buying_modes": ["buy_it_now"], "immediate_payment": "required"}}],
        "meta_categ_id": null,
        "attributable": false,
        "date_created": "2018-04-25T08:12:56.000Z",
    })))
}

/// A believable, fixed size of the market: grows with the tree below.
fn total_items(category: &'static Category) -> usize {
    category.leaves().iter().map(|leaf| 1_000 + 37 * leaf.words.len()).sum()
}

fn settings(category: &Category) -> Value {
    json!({
        "adult_content": false,
        "buying_allowed": true,
        "buying_modes": ["buy_it_now"],
        "catalog_domain": category.domain.map(|(id, _)| id),
        "coverage_areas": "not_allowed",
        "currencies": ["BRL"],
        "fragile": false,
        "immediate_payment": "required",
        "item_conditions": ["new", "used", "not_specified"],
        "items_reviews_allowed": false,
        "listing_allowed": category.is_leaf(),
        "max_description_length": MAX_DESCRIPTION_LENGTH,
        "max_pictures_per_item": MAX_PICTURES,
        "max_pictures_per_item_var": 10,
        "max_sub_title_length": 70,
        "max_title_length": MAX_TITLE_LENGTH,
        "max_variations_allowed": category.max_variations,
        "maximum_price": null,
        "maximum_price_currency": "BRL",
        "minimum_price": reais(category.minimum_price),
        "minimum_price_currency": "BRL",
        "mirror_category": null,
        "price": "required",
        "reservation_allowed": "not_allowed",
        "restrictions": [],
        "seller_contact": "not_allowed",
        "shipping_options": ["carrier", "custom"],
        "shipping_profile": "optional",
        "show_contact_information": false,
        "simple_shipping": "optional",
        "stock": "required",
        "subscribable": false,
        "tags": [],
        "vip_subdomain": "produto",
        "buyer_protection_programs": ["delivered", "undelivered"],
        "shipping_modes": ["me2", "me1", "custom", "not_specified"],
        "status": "enabled",
    })
}

/// `GET /categories/{id}/attributes`
pub(super) fn list_attributes(_: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(attributes_json(wanted(call)?)))
}

/// `GET /categories/{id}/technical_specs/input` and `…/output`
pub(super) fn technical_specs(_: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(technical_specs_json(wanted(call)?)))
}

/// `GET /domains/{domain}/technical_specs`
pub(super) fn domain_technical_specs(_: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(technical_specs_json(of_domain(call)?)))
}

fn of_domain(call: &Call) -> Result<&'static Category, Reply> {
    let domain = call.param("domain");
    CATEGORIES
        .iter()
        .find(|row| row.domain.is_some_and(|(id, _)| id == domain))
        .ok_or_else(|| reply::not_found("not_found", &format!("Domain {domain} not found")))
}

/// `GET /catalog_domains/{domain}/categories`
pub(super) fn domain_categories(_: &mut World, call: &Call) -> Answer {
    let category = of_domain(call)?;
    Ok(Reply::ok(json!([{"id": category.id, "name": category.name}])))
}

/// `GET /catalog_domains/{domain}`
pub(super) fn show_domain(_: &mut World, call: &Call) -> Answer {
    let category = of_domain(call)?;
    let (id, name) = category.domain.unwrap_or_default();
    Ok(Reply::ok(
        json!({"id": id, "name": name, "status": "active", "attributes": attributes_json(category)}),
    ))
}

/// `POST /catalog_domains/{domain}/attributes/{attribute}/top_values`
pub(super) fn top_values(_: &mut World, call: &Call) -> Answer {
    let category = of_domain(call)?;
    let id = call.param("attribute");
    let attribute = attributes_of(category).into_iter().find(|row| row.id == id);
    let attribute = attribute.ok_or_else(|| {
        reply::not_found("not_found", &format!("Attribute {id} not found in domain {}", call.param("domain")))
    })?;
    let rank =
        |(at, (id, name)): (usize, &(&str, &str))| json!({"id": id, "name": name, "metric": 1_000 - at});
    Ok(Reply::ok(attribute.values.iter().enumerate().map(rank).collect()))
}

/// `POST /categories/{id}/attributes/conditional` with the whole listing as body.
pub(super) fn conditional_attributes(_: &mut World, call: &Call) -> Answer {
    let category = wanted(call)?;
    let body = call.json()?;
    let owed: Vec<Value> = conditionally_required(category, &body)
        .iter()
        .map(|row| json!({"id": row.id, "name": row.name}))
        .collect();
    Ok(Reply::ok(json!({"required_attributes": owed})))
}

/// `GET /categories/{id}/sale_terms`
pub(super) fn sale_terms(_: &mut World, call: &Call) -> Answer {
    wanted(call)?;
    let term = |id: &str, name: &str, value_type: &str, tags: &[&str]| {
        let tags: Map<String, Value> = tags.iter().map(|tag| ((*tag).to_owned(), json!(true))).collect();
        json!({"id": id, "name": name, "tags": tags, "hierarchy": "SALE_TERMS", "relevance": 1,
            "value_type": value_type, "value_max_length": 255,
            "attribute_group_id": "OTHERS", "attribute_group_name": "Outros"})
    };
    let days = json!([{"id": "dias", "name": "dias"}, {"id": "meses", "name": "meses"}, {"id": "anos", "name": "anos"}]);
    let mut kind = term("WARRANTY_TYPE", "Tipo de garantia", "list", &[]);
    kind["values"] = json!([
        {"id": "2230280", "name": "Garantia do vendedor"},
        {"id": "2230279", "name": "Garantia de fábrica"},
        {"id": "6150835", "name": "Sem garantia"},
    ]);
    let mut time = term("WARRANTY_TIME", "Tempo de garantia", "number_unit", &[]);
    time["allowed_units"] = days.clone();
    time["default_unit"] = json!("dias");
    let mut making = term("MANUFACTURING_TIME", "Disponibilidade de estoque", "number_unit", &["hidden"]);
    making["allowed_units"] = days;
    making["default_unit"] = json!("dias");
    let most = term("PURCHASE_MAX_QUANTITY", "Quantidade máxima de compra", "number", &["hidden"]);
    let mut invoice = term("INVOICE", "Faturamento", "list", &["hidden"]);
    invoice["values"] = json!([{"id": "6891885", "name": "Fatura A"}]);
    Ok(Reply::ok(json!([kind, time, making, most, invoice])))
}

/// `GET /categories/{id}/shipping_preferences`
pub(super) fn shipping_preferences(_: &mut World, call: &Call) -> Answer {
    let category = wanted(call)?;
    let mode = |mode: &str, types: &[&str]| json!({"mode": mode, "types": types});
    Ok(Reply::ok(json!({
        "category_id": category.id,
        "dimensions": {"height": 10, "width": 15, "length": 20, "weight": 500},
        "logistics": [
            mode("me2", &["cross_docking", "drop_off", "xd_drop_off", "self_service", "fulfillment"]),
            mode("me1", &["default"]),
            mode("custom", &["custom"]),
            mode("not_specified", &["not_specified"]),
        ],
        "restricted": false,
        "me_default": "me2",
    })))
}

/// `GET /sites/{site}/domain_discovery/search?q=&limit=`
pub(super) fn discover_domain(_: &mut World, call: &Call) -> Answer {
    site(call)?;
    let title = call.query("q").filter(|title| !title.trim().is_empty());
    let title = title.ok_or_else(|| reply::bad_request("bad_request", "The parameter q is required"))?;
    let limit = call.query("limit").map_or(Ok(DEFAULT_LIMIT), str::parse);
    let limit =
        limit.map_err(|_| reply::bad_request("bad_request", "The parameter limit must be a number"))?;
    Ok(Reply::ok(domain_discovery(title, limit)))
}

/// `GET /sites/{site}/listing_types`
pub(super) fn listing_types(_: &mut World, call: &Call) -> Answer {
    site(call)?;
    let all = ListingType::ALL.into_iter();
    Ok(Reply::ok(all.map(|kind| json!({"site_id": SITE, "id": kind.id(), "name": kind.name()})).collect()))
}

/// `GET /sites/{site}/listing_types/{id}`
pub(super) fn show_listing_type(_: &mut World, call: &Call) -> Answer {
    site(call)?;
    let kind = ListingType::from_id(call.param("id"))
        .ok_or_else(|| reply::not_found("not_found", "Listing type not found"))?;
    Ok(Reply::ok(json!({"site_id": SITE, "id": kind.id(), "not_available_in_categories": [],
        "configuration": {"name": kind.name(), "requires_picture": kind != ListingType::Free,
            "max_stock_per_item": if kind == ListingType::Free { 1 } else { 99_999 }}})))
}

/// `GET /users/{id}/available_listing_types?category_id=`
pub(super) fn available_listing_types(_: &mut World, call: &Call) -> Answer {
    if call.number("id")? != call.user_id()? {
        return Err(reply::not_yours());
    }
    let category = call.query("category_id");
    let all = ListingType::ALL.into_iter();
    let available: Vec<Value> =
        all.map(|kind| json!({"id": kind.id(), "name": kind.name(), "remaining_listings": null})).collect();
    Ok(Reply::ok(json!({"category_id": category, "available": available})))
}

/// `GET /sites/{site}/listing_prices?price=&category_id=&listing_type_id=&logistic_type=&shipping_mode=`
/// An array; the single object when a listing type is named.
pub(super) fn listing_prices(world: &mut World, call: &Call) -> Answer {
    site(call)?;
    let price = call.query("price").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let price = price.as_ref().and_then(centavos).filter(|price| *price >= 0);
    let price = price.ok_or_else(|| {
        reply::bad_request("bad_request", "Parameter price is required and must be a number")
    })?;
    let currency = call.query("currency_id").unwrap_or("BRL");
    if currency != "BRL" {
        return Err(reply::bad_request(
            "bad_request",
            &format!("Invalid currency_id {currency} for site {SITE}"),
        ));
    }
    let leaf = match call.query("category_id") {
        Some(id) => Some(
            category(id)
                .ok_or_else(|| reply::bad_request("bad_request", &format!("Category {id} not found")))?,
        ),
        None => None,
    };
    let freight = Freight { mode: call.query("shipping_mode"), logistic_type: call.query("logistic_type") };
    let stop_time = zulu(world.now.plus(LISTING_LIFE));
    let price_of = |kind| listing_price(leaf, kind, price, freight, &stop_time);
    match call.query("listing_type_id") {
        None => Ok(Reply::ok(ListingType::ALL.into_iter().map(price_of).collect())),
        Some(id) => {
            let kind = ListingType::from_id(id);
            let kind = kind
                .ok_or_else(|| reply::bad_request("bad_request", &format!("Invalid listing_type_id {id}")))?;
            Ok(Reply::ok(price_of(kind)))
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::mercado_livre::service::testing::Shop;

    #[test]
    fn only_leaves_take_listings() {
        let mut shop = Shop::open();
        let mut setting = |id: &str| {
            let shown = shop.get(&format!("/categories/{id}"));
            shown.document()["settings"]["listing_allowed"].clone()
        };
        assert_eq!([setting("MLB1055"), setting("MLB1051")], [json!(true), json!(false)]);
    }

    #[test]
    fn a_category_tells_its_way_and_its_children() {
        let mut shop = Shop::open();
        let shown = shop.get("/categories/MLB3813");
        assert_eq!(
            shown.document()["path_from_root"][0],
            json!({"id": "MLB1051", "name": "Celulares e Telefones"})
        );
        assert_eq!(shown.document()["children_categories"].as_array().map(Vec::len), Some(4));
        assert_eq!(shop.get("/sites/MLB/categories").document().as_array().map(Vec::len), Some(7));
        assert_eq!(shop.get("/categories/MLB0").status, StatusCode::NOT_FOUND);
        assert_eq!(shop.get("/sites/MLA/categories").status, StatusCode::NOT_FOUND);
    }

    #[test]
    fn prices_are_an_array_until_a_listing_type_is_named() {
        let mut shop = Shop::open();
        let target = "/sites/MLB/listing_prices?price=49.9&category_id=MLB3697&shipping_mode=me2&logistic_type=cross_docking";
        assert_eq!(shop.get(target).document().as_array().map(Vec::len), Some(3));
        let one = shop.get(&format!("{target}&listing_type_id=gold_special"));
        assert_eq!(one.document()["sale_fee_amount"], 6.49);
        assert_eq!(one.document()["stop_time"].as_str().map(|date| &date[..4]), Some("2046"));
    }

    #[test]
    fn a_wrong_question_about_prices_is_a_400() {
        let mut shop = Shop::open();
        for query in [
            "",
            "price=abc",
            "price=-1",
            "price=1&currency_id=ARS",
            "price=1&listing_type_id=gold",
            "price=1&category_id=MLB0",
        ] {
            assert_eq!(
                shop.get(&format!("/sites/MLB/listing_prices?{query}")).status,
                StatusCode::BAD_REQUEST,
                "{query}"
            );
        }
    }

    #[test]
    fn the_predictor_wants_a_title() {
        let mut shop = Shop::open();
        let found = shop.get("/sites/MLB/domain_discovery/search?q=fone+bluetooth&limit=1");
        assert_eq!(found.document()[0]["category_id"], "MLB3697");
        assert_eq!(shop.get("/sites/MLB/domain_discovery/search").status, StatusCode::BAD_REQUEST);
        assert_eq!(
            shop.get("/sites/MLB/domain_discovery/search?q=a&limit=x").status,
            StatusCode::BAD_REQUEST
        );
    }

    #[test]
    fn conditional_attributes_depend_on_the_body() {
        let mut shop = Shop::open();
        let target = "/categories/MLB1055/attributes/conditional";
        let owed = shop.post(target, &json!({"condition": "new"}));
        assert_eq!(owed.document()["required_attributes"][0]["id"], "GTIN");
        let paid = shop.post(target, &json!({"attributes": [{"id": "GTIN", "value_name": "7891234567895"}]}));
        assert_eq!(paid.document()["required_attributes"], json!([]));
    }

    #[test]
    fn warranty_types_carry_the_known_value_ids() {
        let terms = Shop::open().get("/categories/MLB1055/sale_terms");
        let ids: Vec<_> =
            terms.document()[0]["values"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
        assert_eq!(ids, ["2230280", "2230279", "6150835"]);
    }

    #[test]
    fn top_values_belong_to_a_known_attribute() {
        let mut shop = Shop::open();
        let target =
            |attribute: &str| format!("/catalog_domains/MLB-HEADPHONES/attributes/{attribute}/top_values");
        assert_eq!(shop.post(&target("COLOR"), &json!({})).document()[0]["name"], "Preto");
        assert_eq!(shop.post(&target("NOPE"), &json!({})).status, StatusCode::NOT_FOUND);
    }
}

//! Products as they are read and searched (fact sheet §8.3).

use serde_json::{Value, json};

use super::World;
use super::ask::{Ask, PageSize, amount, seconds};
use super::catalogue::{BRANDS, category};
use super::gate::{Door, shop};
use super::product::{Content, Product, Sku, State};
use super::refusal::{Refusal, success};
use super::uploads::image_url;
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, get, post};
use crate::text::loose_id;

/// A search gives no more than this.
const RESULTS_MAX: usize = 10_000;
/// SKUs or seller SKUs in one search.
const FILTER_MAX: usize = 10;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const READ: Door = shop(&[202_309], "seller.product.basic");
    const SEARCH: Door = shop(&[202_309, 202_312, 202_502], "seller.product.basic");
    const CHECKS: Door = shop(&[202_309, 202_312], "seller.product.basic");
    vec![
        get("/product/{v}/products/{id}", READ, show),
        post("/product/{v}/products/search", SEARCH, search),
        get("/product/{v}/prerequisites", CHECKS, prerequisites),
    ]
}

fn price_document(minor: i64) -> Value {
    json!({"currency": "BRL", "sale_price": amount(minor), "tax_exclusive_price": amount(minor)})
}

/// A picture as products show it.
fn image_document(world: &World, uri: &str) -> Value {
    let url = image_url(world, uri);
    let size = world.pictures.get(uri);
    json!({"uri": uri, "urls": [url], "thumb_urls": [url], "width": size.map(|it| it.width), "height": size.map(|it| it.height)})
}

fn sku_document(world: &World, product: &Product, sku: &Sku) -> Value {
    let offer = product.offers.get(&sku.id).cloned().unwrap_or_default();
    let attributes: Vec<Value> = sku
        .attributes
        .iter()
        .map(|it| {
            let mut row = json!({"id": it.id.to_string(), "name": it.name, "value_id": it.value_id.to_string(), "value_name": it.value_name});
            if let Some(uri) = &it.image {
                row["sku_img"] = image_document(world, uri);
            }
            row
        })
        .collect();
    let inventory: Vec<Value> = offer
        .stock
        .iter()
        .map(|(warehouse, units)| json!({"warehouse_id": warehouse.to_string(), "quantity": units.available}))
        .collect();
    let source = match product.state {
        State::SellerDeactivated => Some("SELLER"),
        State::PlatformDeactivated | State::Freeze => Some("PLATFORM"),
        State::Draft | State::Pending | State::Failed | State::Activate | State::Deleted => None,
    };
    let mut status = json!({"status": if source.is_some() { "DEACTIVATED" } else { "NORMAL" }});
    if let Some(source) = source {
        status["deactivation_source"] = json!(source);
    }
    let mut document = Value::Object(sku.extras.clone());
    document["id"] = json!(sku.id.to_string());
    document["seller_sku"] = json!(sku.seller_sku);
    document["price"] = price_document(offer.price_minor);
    document["inventory"] = json!(inventory);
    document["sales_attributes"] = json!(attributes);
    document["status_info"] = status;
    document
}

fn brand_document(world: &World, id: i64) -> Value {
    let known = BRANDS.iter().find(|it| it.id == id).map(|it| it.name.to_owned());
    let name = known.or_else(|| world.brands.get(&id).cloned()).unwrap_or_default();
    json!({"id": id.to_string(), "name": name})
}

/// The product with one of its contents: what is shown, reviewed or drafted.
fn document(world: &World, product: &Product, content: &Content) -> Value {
    // The properties come back as they were sent; what the platform adds is put on top.
    let mut document = Value::Object(content.fields.clone());
    let chain = content.fields.get("category_id").and_then(loose_id).and_then(category);
    document["category_chains"] = chain
        .map(|it| it.chain())
        .unwrap_or_default()
        .into_iter()
        .map(|it| {
            json!({"id": it.id.to_string(), "parent_id": it.parent.to_string(), "local_name": it.name, "is_leaf": it.is_leaf()})
        })
        .collect();
    if let Some(brand) = content.fields.get("brand_id").and_then(loose_id) {
        document["brand"] = brand_document(world, brand);
    }
    if let Some(fields) = document.as_object_mut() {
        fields.remove("brand_id");
        fields.remove("category_id");
    }
    let uris: Vec<&str> = content
        .fields
        .get("main_images")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|image| image["uri"].as_str())
        .collect();
    document["main_images"] = uris.into_iter().map(|uri| image_document(world, uri)).collect();
    document["id"] = json!(product.id.to_string());
    document["status"] = json!(product.state.word());
    document["product_status"] = json!(product.state.product_word());
    document["audit"] = audit_document(product);
    if !product.failures.is_empty() {
        document["audit_failed_reasons"] = json!(product.failures);
    }
    document["skus"] = content.skus.iter().map(|sku| sku_document(world, product, sku)).collect();
    document["has_draft"] = json!(product.draft.is_some());
    document["create_time"] = json!(seconds(product.created));
    document["update_time"] = json!(seconds(product.updated));
    document
}

fn audit_document(product: &Product) -> Value {
    json!({"status": product.audit.word(), "pre_approved_reasons": [], "not_submitted_reasons": []})
}

fn show(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let product = world
        .product_of(ask.shop_id(), ask.id("id"))
        .ok_or_else(|| Refusal::business(12_052_900, "The product does not exist"))?;
    let asked = |name: &str| ask.query(name) == Some("true");
    let (review, draft) = (asked("return_under_review_version"), asked("return_draft_version"));
    if review && draft {
        let reason = "it excludes return_under_review_version";
        return Err(Refusal::parameter("return_draft_version", reason).into());
    }
    let chosen = if review {
        product.under_review.as_ref()
    } else if draft {
        product.draft.as_ref()
    } else {
        None
    };
    success(document(world, product, chosen.unwrap_or(&product.content)))
}

fn search(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let status = ask.body["status"].as_str().unwrap_or("ALL");
    let seller_skus = ask.word_filter("seller_skus");
    let sku_ids = ask.id_filter("sku_ids", FILTER_MAX)?;
    if seller_skus.len() > FILTER_MAX {
        return Err(Refusal::parameter("seller_skus", "Expected at most 10 entries").into());
    }
    let audits = ask.word_filter("audit_status");
    let fits = |it: &&Product| {
        it.shop_id == ask.shop_id()
            && (status == "ALL" || it.state.word() == status)
            && (seller_skus.is_empty()
                || it.content.skus.iter().any(|sku| seller_skus.contains(&sku.seller_sku)))
            && sku_ids.as_ref().is_none_or(|ids| it.content.skus.iter().any(|sku| ids.contains(&sku.id)))
            && (audits.is_empty() || audits.iter().any(|word| word == it.audit.word()))
            && ask.in_window("create_time", it.created)
            && ask.in_window("update_time", it.updated)
    };
    let mut found: Vec<&Product> = world.products.values().filter(fits).collect();
    if found.len() > RESULTS_MAX {
        return Err(Refusal::business(12_052_180, "The search has more than 10000 results").into());
    }
    found.sort_by_key(|it| (std::cmp::Reverse(it.updated), it.id));
    let rows = found.into_iter().map(|it| row(world, it)).collect();
    success(ask.page(rows, PageSize { default: None, min: 1, max: 100 })?.data("products", true))
}

fn row(world: &World, product: &Product) -> Value {
    let skus: Vec<Value> = product
        .content
        .skus
        .iter()
        .map(|sku| {
            let full = sku_document(world, product, sku);
            json!({"id": full["id"], "seller_sku": full["seller_sku"], "price": full["price"],
                "inventory": full["inventory"], "status_info": full["status_info"]})
        })
        .collect();
    json!({
        "id": product.id.to_string(), "title": product.content.title(), "status": product.state.word(), "skus": skus,
        "sales_regions": ["BR"], "has_draft": product.draft.is_some(),
        "audit": {"status": product.audit.word(), "pre_approved_reasons": []},
        "create_time": seconds(product.created), "update_time": seconds(product.updated),
    })
}

/// What a shop must have before it can list. The last names are spelled as the platform does.
const CHECK_ITEMS: [&str; 10] = [
    "SHOP_STATUS",
    "SHOP_TAX",
    "PICKUP_WAREHOUSE",
    "RETURN_WAREHOUSE",
    "DELIVERY_OPTION",
    "SHIPPING_TEMPLATE",
    "PRODUCT_QUANTITY_LIMIT",
    "EXTENDED_PRODUCER_RESPONSIBILITY",
    "BANk_ACCOUNT",
    "CONTACT_INFO",
];

fn prerequisites(_: &mut World, _: &Call) -> Answer {
    let row = |item: &&str| json!({"check_item": item, "is_failed": false, "fail_reasons": []});
    success(json!({"check_results": CHECK_ITEMS.iter().map(row).collect::<Vec<_>>()}))
}

//! Creating and editing products (fact sheet §8.2, §8.3).

use std::time::Duration;

use serde_json::{Value, json};

use super::ask::Ask;
use super::gate::{Door, shop};
use super::product::{Audit, Content, PRODUCTS, Product, State};
use super::product_check::{Checked, check};
use super::refusal::{Refusal, success};
use super::webhook::{Kind, notify};
use super::{Event, World};
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, post, put};

/// The longest idempotency key, in characters.
const IDEMPOTENCY_KEY_MAX: usize = 128;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const WRITE: Door = shop(&[202_309], "seller.product.write");
    const EDIT: Door = shop(&[202_309, 202_509], "seller.product.write");
    vec![
        post("/product/{v}/products", WRITE, create),
        post("/product/{v}/products/listing_check", shop(&[202_309], "seller.product.basic"), listing_check),
        put("/product/{v}/products/{id}", EDIT, replace),
        post("/product/{v}/products/{id}/partial_edit", EDIT, partial_edit),
    ]
}

/// `LISTING` or `AS_DRAFT`.
fn is_draft(body: &Value) -> Result<bool, Refusal> {
    match body["save_mode"].as_str() {
        None | Some("LISTING") => Ok(false),
        Some("AS_DRAFT") => Ok(true),
        Some(_) => Err(Refusal::parameter("save_mode", "Expected LISTING or AS_DRAFT")),
    }
}

/// What a create or edit answers.
fn receipt(product_id: i64, content: &Content, warnings: &[Value]) -> Value {
    let skus: Vec<Value> = content
        .skus
        .iter()
        .map(|sku| {
            let attributes: Vec<Value> = sku
                .attributes
                .iter()
                .map(|it| json!({"id": it.id.to_string(), "value_id": it.value_id.to_string()}))
                .collect();
            let mut row = json!({"id": sku.id.to_string(), "seller_sku": sku.seller_sku, "sales_attributes": attributes});
            if let Some(external) = sku.extras.get("external_sku_id") {
                row["external_sku_id"] = external.clone();
            }
            row
        })
        .collect();
    let mut data = json!({"product_id": product_id.to_string(), "skus": skus});
    if !warnings.is_empty() {
        data["warnings"] = json!(warnings);
    }
    data
}

fn create(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let draft = is_draft(&ask.body)?;
    let key = ask.body["idempotency_key"].as_str().filter(|key| !key.is_empty()).map(str::to_owned);
    if key.as_ref().is_some_and(|key| key.chars().count() > IDEMPOTENCY_KEY_MAX) {
        return Err(Refusal::parameter("idempotency_key", "Expected at most 128 characters").into());
    }
    let shop_id = ask.shop_id();
    let same_key = |it: &&Product| it.shop_id == shop_id && key.is_some() && it.idempotency_key == key;
    if let Some(earlier) = world.products.values().find(same_key) {
        return success(receipt(earlier.id, &earlier.content, &[]));
    }
    let external = ask.body["external_product_id"].as_str().filter(|id| !id.is_empty());
    let same_external = |it: &&Product| {
        it.shop_id == shop_id
            && it.state != State::Deleted
            && external.is_some()
            && it.content.fields.get("external_product_id").and_then(Value::as_str) == external
    };
    if world.products.values().any(|it| same_external(&it)) {
        return Err(Refusal::business(12_052_996, "The external_product_id is duplicated").into());
    }
    let checked = check(world, shop_id, &ask.body, None, draft)?;
    let id = publish(world, shop_id, &checked, draft, key);
    success(receipt(id, &checked.content, &checked.warnings))
}

/// Keeps a checked product and sends it into its audit, unless it is a draft.
pub(crate) fn publish(
    world: &mut World,
    shop_id: i64,
    checked: &Checked,
    draft: bool,
    idempotency_key: Option<String>,
) -> i64 {
    let id = world.ids.next(PRODUCTS);
    let product = Product {
        id,
        shop_id,
        content: checked.content.clone(),
        under_review: None,
        draft: None,
        offers: checked.offers.clone(),
        state: if draft { State::Draft } else { State::Pending },
        audit: if draft { Audit::None } else { Audit::Auditing },
        failures: Vec::new(),
        passed_once: false,
        idempotency_key,
        created: world.now,
        updated: world.now,
    };
    world.products.insert(id, product);
    let data =
        json!({"product_id": id, "product_types": ["NORMAL"], "update_time": super::ask::seconds(world.now)});
    notify(world, shop_id, Kind::ProductCreation, &data);
    if !draft {
        plan_audit(world, id);
    }
    id
}

/// The audit of a product begins; it ends by itself.
pub(crate) fn plan_audit(world: &mut World, id: i64) {
    world.agenda.forget(|event| *event == Event::Audited(id));
    let end = world.now.plus(Duration::from_secs(world.rules.audit_seconds));
    world.agenda.plan(end, Event::Audited(id));
}

fn listing_check(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    // On a copy: new values that a check names get no ids.
    let mut copy = world.clone();
    success(match check(&mut copy, ask.shop_id(), &ask.body, None, false) {
        Ok(checked) => {
            json!({"check_result": "PASS", "fail_reasons": [], "warnings": checked.warnings, "diagnoses": []})
        }
        Err(refusal) => json!({"check_result": "FAILED", "warnings": [], "diagnoses": [],
            "fail_reasons": [{"code": refusal.code, "message": refusal.message}]}),
    })
}

/// The product of the path, if it may be edited.
fn editable(world: &World, ask: &Ask<'_>) -> Result<Product, Refusal> {
    let product = world
        .product_of(ask.shop_id(), ask.id("id"))
        .ok_or_else(|| Refusal::business(12_052_900, "The product does not exist"))?;
    if matches!(product.state, State::Freeze | State::Deleted) {
        let message = "The product cannot be edited in its present status";
        return Err(Refusal::business(12_052_048, message));
    }
    Ok(product.clone())
}

fn replace(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let product = editable(world, &ask)?;
    edit(world, &product, &ask.body)
}

/// A property that is sent replaces the whole property; what is not sent stays.
fn partial_edit(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let product = editable(world, &ask)?;
    let mut body = Value::Object(product.content.fields.clone());
    body["skus"] = product.content.skus.iter().map(sku_body).collect();
    if let Some(sent) = ask.body.as_object() {
        for (name, value) in sent {
            body[name] = value.clone();
        }
    }
    edit(world, &product, &body)
}

/// A SKU as its seller would send it again, without price and stock.
fn sku_body(sku: &super::product::Sku) -> Value {
    let attributes: Vec<Value> = sku
        .attributes
        .iter()
        .map(|it| {
            let mut row = json!({"id": it.id.to_string(), "name": it.name, "value_id": it.value_id.to_string(), "value_name": it.value_name});
            if let Some(uri) = &it.image {
                row["sku_img"] = json!({ "uri": uri });
            }
            row
        })
        .collect();
    let mut body = Value::Object(sku.extras.clone());
    body["id"] = json!(sku.id.to_string());
    body["seller_sku"] = json!(sku.seller_sku);
    body["sales_attributes"] = json!(attributes);
    body
}

fn edit(world: &mut World, before: &Product, body: &Value) -> Answer {
    let draft = is_draft(body)?;
    let checked = check(world, before.shop_id, body, Some(before), draft)?;
    let (id, now) = (before.id, world.now);
    let Some(product) = world.products.get_mut(&id) else { return Err(Refusal::unknown_path().into()) };
    product.updated = now;
    let mut changed = Vec::new();
    if draft && before.state != State::Draft {
        product.draft = Some(checked.content.clone());
    } else {
        changed = changed_fields(&before.content, &checked.content);
        product.offers.extend(checked.offers.clone());
        product.failures.clear();
        if before.state.was_live() {
            product.under_review = Some(checked.content.clone());
            product.draft = None;
        } else {
            product.content = checked.content.clone();
            product.offers.retain(|sku, _| checked.offers.contains_key(sku));
            product.state = if draft { State::Draft } else { State::Pending };
        }
        if !draft {
            product.audit = Audit::Auditing;
        }
    }
    if !draft {
        plan_audit(world, id);
    }
    if !changed.is_empty() {
        let data = json!({"product_id": id.to_string(), "change_source": "OPEN_API", "changed_fields": changed,
            "update_time": super::ask::seconds(now)});
        notify(world, before.shop_id, Kind::ProductInformationChange, &data);
    }
    success(receipt(id, &checked.content, &checked.warnings))
}

fn changed_fields(before: &Content, after: &Content) -> Vec<String> {
    let names = before.fields.keys().chain(after.fields.keys()).collect::<std::collections::BTreeSet<_>>();
    let differs = |name: &&&String| before.fields.get(**name) != after.fields.get(**name);
    let mut changed: Vec<String> = names.iter().filter(differs).map(|name| (*name).clone()).collect();
    if before.skus != after.skus {
        changed.push("skus".to_owned());
    }
    changed
}

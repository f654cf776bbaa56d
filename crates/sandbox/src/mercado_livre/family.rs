//! Editing a family of user products: its name, its variants, and the tasks that carry the
//! changes over to the items (fact sheet §7).
//!
//! The sheet names resources, states and numbers; the fields of the bodies are our choice.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::catalogue::data::Category;
use super::catalogue::leaf_for;
use super::gate::PUBLISHING;
use super::item::Item;
use super::item_write::{complete_attributes, generated_title, publish};
use super::notice::notify;
use super::stock::{self, UserProduct};
use super::{Event, SITE, World};
use crate::call::Call;
use crate::dates::plus_compact;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get, post, put};
use crate::text::{centavos, reais};

/// How long a task waits, and how long it then works (our choice).
const STEP: Duration = Duration::from_secs(10);

/// How far a task has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Waiting for its turn.
    Pending,
    /// Under way.
    Processing,
    /// Done, well or not.
    Finished,
}

/// What became of one user product: nothing yet, well, or why not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Not looked at yet.
    Pending,
    /// Changed.
    Succeeded,
    /// Left as it was.
    Failed(Value),
}

/// An edit of a family on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FamilyTask {
    /// The family.
    pub family_id: i64,
    /// The seller.
    pub user_id: i64,
    /// How far it got.
    pub status: TaskStatus,
    /// The new name of the family.
    pub family_name: Option<String>,
    /// The attributes to write, by user product.
    pub attributes: BTreeMap<String, Value>,
    /// What became of each user product.
    pub verdicts: BTreeMap<String, Verdict>,
    /// When it was asked for.
    pub created: Timestamp,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        put("/user-products-families/{id}", PUBLISHING, edit),
        post("/user-products-families/{id}/user-products", PUBLISHING, add_variant),
        put("/user-products-families/{id}/user-products", PUBLISHING, edit_variants),
        post("/user-products-families/{id}/tasks", PUBLISHING, edit_variants),
        get("/user-products-families/tasks/{task}", PUBLISHING, show_task),
    ]
}

/// One of the causes 31 to 55 of this part of the platform.
fn cause(cause_id: u32, code: &str, message: &str) -> Value {
    json!({"department": "user-products", "cause_id": cause_id, "type": "error", "code": code,
        "references": ["user_products"], "message": message})
}

fn refused(cause: &Value) -> Reply {
    reply::error_with_cause(StatusCode::BAD_REQUEST, "validation_error", "Validation error", json!([cause]))
}

/// The user products of the path's family, unless a task is at work on it.
fn free_family(world: &World, call: &Call) -> Result<Vec<UserProduct>, Reply> {
    let members: Vec<UserProduct> = stock::family(world, call)?.into_iter().cloned().collect();
    let family = call.number("id")?;
    let at_work = |task: &FamilyTask| task.family_id == family && task.status != TaskStatus::Finished;
    if world.family_tasks.values().any(at_work) {
        return Err(reply::conflict("conflict", "The family is blocked by a task under way"));
    }
    Ok(members)
}

/// The category that the user products of a family are sold in.
fn category_of(world: &World, product_id: &str) -> Option<&'static Category> {
    let item = world.items.values().find(|item| item.stock_holders().contains(&product_id))?;
    leaf_for(&json!({"category_id": item.category_id})).ok()
}

fn start(world: &mut World, task: FamilyTask) -> String {
    let id = world.dice.uuid();
    world.agenda.plan(world.now.plus(STEP), Event::FamilyTaskMoves(id.clone()));
    world.family_tasks.insert(id.clone(), task);
    id
}

fn family_path(family_id: i64) -> String {
    format!("/sites/{SITE}/user-products-families/{family_id}")
}

/// `{"family_name"?, "attributes"?}`: what all variants share.
fn edit(world: &mut World, call: &Call) -> Answer {
    let members = free_family(world, call)?;
    let (family_id, user_id) = (call.number("id")?, call.user_id()?);
    let body = call.json()?;
    let name = body["family_name"].as_str().filter(|name| !name.trim().is_empty()).map(str::to_owned);
    if name.is_none() && !body["attributes"].is_array() {
        return Err(reply::bad_request("bad_request", "family_name or attributes is required"));
    }
    if let Some(name) = &name {
        check_name(world, &members, name)?;
    }
    let attributes = members.iter().map(|member| (member.id.clone(), body["attributes"].clone())).collect();
    let verdicts = members.iter().map(|member| (member.id.clone(), Verdict::Pending)).collect();
    let task = FamilyTask {
        family_id,
        user_id,
        status: TaskStatus::Pending,
        family_name: name.clone(),
        attributes,
        verdicts,
        created: world.now,
    };
    let task_id = start(world, task);
    let name = name.or_else(|| members.first().and_then(|member| member.family_name.clone()));
    Ok(Reply::created(
        json!({"family_id": family_id, "site_id": SITE, "user_id": user_id, "family_name": name,
        "user_products_ids": members.iter().map(|member| &member.id).collect::<Vec<_>>(), "task_id": task_id}),
    ))
}

fn check_name(world: &World, members: &[UserProduct], name: &str) -> Result<(), Reply> {
    let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
    let sold = |item: &Item| item.sold > 0 && item.stock_holders().iter().any(|holder| ids.contains(holder));
    let first = members.first();
    if first.is_some_and(|first| first.family_name.as_deref() != Some(name)) && world.items.values().any(sold)
    {
        return Err(refused(&cause(
            31,
            "user_products.family_name.not_modifiable",
            "family_name cannot be modified once an item has sales",
        )));
    }
    let collides = |other: &UserProduct| {
        other.family_name.as_deref() == Some(name)
            && first.is_some_and(|first| {
                other.user_id == first.user_id
                    && other.domain_id == first.domain_id
                    && other.family_id != first.family_id
            })
    };
    if world.user_products.values().any(collides) {
        return Err(reply::conflict("conflict", "Another family of the seller has this name"));
    }
    Ok(())
}

/// `{"attributes": […], "price", "available_quantity", "listing_type_id"?, "pictures"?}`:
/// one more variant, listed at once.
fn add_variant(world: &mut World, call: &Call) -> Answer {
    let members = free_family(world, call)?;
    let first = members.first().ok_or_else(|| reply::not_found("not_found", "Family not found"))?;
    let category = category_of(world, &first.id)
        .ok_or_else(|| refused(&cause(33, "user_products.not_listed", "The family has no item")))?;
    let body = call.json()?;
    let attributes = complete_attributes(category, &merged(&first.attributes, &body["attributes"]));
    if members.iter().any(|member| member.attributes == attributes) {
        return Err(reply::conflict("conflict", "The family already has this variant"));
    }
    let id = list_variant(world, first, category, &attributes, &body)?;
    let family_id = call.number("id")?;
    notify(world, first.user_id, "user_products_families", &family_path(family_id), &["families_members"]);
    let product = world.items.get(&id).map(|item| item.user_product_id.clone());
    Ok(Reply::created(json!({"family_id": family_id, "user_product_id": product, "item_id": id})))
}

/// Puts a new variant on sale, in the way of the first one where the body says nothing.
fn list_variant(
    world: &mut World,
    first: &UserProduct,
    category: &Category,
    attributes: &[Value],
    body: &Value,
) -> Result<String, Reply> {
    let model = world.items.values().find(|item| item.stock_holders().contains(&first.id.as_str()));
    let model =
        model.ok_or_else(|| refused(&cause(33, "user_products.not_listed", "The family has no item")))?;
    let price = if body["price"].is_null() { Some(model.price_minor) } else { centavos(&body["price"]) };
    let price = price.filter(|price| *price >= category.minimum_price);
    let price = price.ok_or_else(|| {
        reply::bad_request("item.price.invalid", "The price is required and must reach the minimum")
    })?;
    let pictures = if body["pictures"].is_array() { body["pictures"].clone() } else { json!(model.pictures) };
    let fresh = json!({
        "family_name": first.family_name, "price": reais(price), "available_quantity": body["available_quantity"],
        "listing_type_id": body["listing_type_id"].as_str().unwrap_or(&model.listing_type_id),
        "condition": model.condition, "attributes": attributes, "pictures": pictures,
        "sale_terms": model.sale_terms, "shipping": model.shipping,
    });
    Ok(publish(world, first.user_id, category, &fresh))
}

/// `old` with what `new` says in place of it, and what `new` adds.
fn merged(old: &[Value], new: &Value) -> Value {
    let new = new.as_array().cloned().unwrap_or_default();
    let kept = old.iter().filter(|entry| !new.iter().any(|change| change["id"] == entry["id"]));
    kept.cloned().chain(new.iter().cloned()).collect()
}

/// `{"user_products": [{"id", "attributes": […]}]}`: every variant, each with its changes.
fn edit_variants(world: &mut World, call: &Call) -> Answer {
    let members = free_family(world, call)?;
    let body = call.json()?;
    let entries = body["user_products"].as_array();
    let entries = entries.ok_or_else(|| reply::bad_request("bad_request", "user_products is required"))?;
    let named = |id: &str| entries.iter().find(|entry| entry["id"] == id);
    if !members.iter().all(|member| named(&member.id).is_some()) || entries.len() != members.len() {
        let message = "All the user products of the family must be sent";
        return Err(refused(&cause(38, "user_products.incomplete", message)));
    }
    let changes = |member: &UserProduct| {
        (member.id.clone(), named(&member.id).map_or(Value::Null, |entry| entry["attributes"].clone()))
    };
    let created = world.now;
    let task = FamilyTask {
        family_id: call.number("id")?,
        user_id: call.user_id()?,
        status: TaskStatus::Pending,
        family_name: None,
        attributes: members.iter().map(changes).collect(),
        verdicts: members.iter().map(|member| (member.id.clone(), Verdict::Pending)).collect(),
        created,
    };
    let task_id = start(world, task);
    let body =
        json!({"task_id": task_id, "status": TaskStatus::Pending, "date_created": plus_compact(created)});
    Ok(Reply::json(StatusCode::ACCEPTED, body))
}

fn show_task(world: &mut World, call: &Call) -> Answer {
    let id = call.param("task");
    let task = world.family_tasks.get(id);
    let task = task.ok_or_else(|| reply::not_found("not_found", &format!("Task {id} not found")))?;
    if task.user_id != call.user_id()? {
        return Err(reply::access_denied());
    }
    let line = |(id, verdict): (&String, &Verdict)| match verdict {
        Verdict::Pending => json!({"id": id, "status": "pending", "reasons": []}),
        Verdict::Succeeded => json!({"id": id, "status": "succeeded", "reasons": []}),
        Verdict::Failed(reason) => json!({"id": id, "status": "failed", "reasons": [reason]}),
    };
    Ok(Reply::ok(json!({"task_id": id, "family_id": task.family_id, "status": task.status,
        "date_created": plus_compact(task.created), "user_products": task.verdicts.iter().map(line).collect::<Vec<_>>()})))
}

/// A task takes its turn, and after that it is done.
pub(crate) fn move_on(world: &mut World, task_id: &str) {
    let next = world.now.plus(STEP);
    let Some(task) = world.family_tasks.get_mut(task_id) else { return };
    if task.status == TaskStatus::Pending {
        task.status = TaskStatus::Processing;
        world.agenda.plan(next, Event::FamilyTaskMoves(task_id.to_owned()));
        return;
    }
    let task = task.clone();
    let mut verdicts = BTreeMap::new();
    for (product, changes) in &task.attributes {
        verdicts.insert(product.clone(), change(world, product, task.family_name.as_deref(), changes));
    }
    if let Some(task) = world.family_tasks.get_mut(task_id) {
        task.status = TaskStatus::Finished;
        task.verdicts = verdicts;
    }
    let actions = ["updated", "family_tasks"];
    notify(world, task.user_id, "user_products_families", &family_path(task.family_id), &actions);
}

/// Changes one user product and every item that sells it.
fn change(world: &mut World, product_id: &str, family_name: Option<&str>, changes: &Value) -> Verdict {
    let failed = |id, code, message| Verdict::Failed(cause(id, code, message));
    let Some(product) = world.user_products.get(product_id) else {
        return failed(32, "user_products.not_found", "The user product no longer exists");
    };
    let Some(category) = category_of(world, product_id) else {
        return failed(33, "user_products.not_listed", "The user product has no item");
    };
    let wanted = merged(&product.attributes, changes);
    let attributes = complete_attributes(category, &wanted);
    if attributes.len() != wanted.as_array().map_or(0, Vec::len) {
        return failed(34, "user_products.attributes.invalid", "An attribute has no value");
    }
    let twin = |other: &UserProduct| {
        other.id != product.id && other.family_id == product.family_id && other.attributes == attributes
    };
    if world.user_products.values().any(twin) {
        return failed(35, "user_products.duplicated", "Another variant of the family has these attributes");
    }
    let name = family_name.map(str::to_owned).or_else(|| product.family_name.clone());
    let title = generated_title(name.as_deref().unwrap_or_default(), &attributes);
    let (now, seller) = (world.now, product.user_id);
    if let Some(product) = world.user_products.get_mut(product_id) {
        product.family_name.clone_from(&name);
        product.name.clone_from(&title);
        product.attributes.clone_from(&attributes);
        product.updated = now;
    }
    let mut touched = Vec::new();
    for item in world.items.values_mut().filter(|item| item.user_product_id == product_id) {
        item.family_name.clone_from(&name);
        item.title.clone_from(&title);
        item.attributes.clone_from(&attributes);
        item.updated = now;
        touched.push(item.id.clone());
    }
    notify(world, seller, "user_products", &format!("/user-products/{product_id}"), &["updated"]);
    for id in touched {
        notify(world, seller, "items", &format!("/items/{id}"), &[]);
    }
    Verdict::Succeeded
}

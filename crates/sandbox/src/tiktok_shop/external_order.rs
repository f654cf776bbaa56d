//! What a seller's own system calls an order and its lines (fact sheet §6, §7).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::ask::{Ask, text_of};
use super::gate::{Door, shop};
use super::refusal::{Refusal, batch, item_error, success};
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, get, post};
use crate::text::loose_id;

/// Orders in one call.
const ORDERS_MAX: usize = 100;
/// The kinds of systems that can be named.
const PLATFORMS: [&str; 10] = [
    "SHOPIFY",
    "WOOCOMMERCE",
    "BIGCOMMERCE",
    "MAGENTO",
    "SALESFORCE_COMMERCE_CLOUD",
    "CHANNEL_ADVISOR",
    "AMAZON",
    "ORDER_MANAGEMENT_SYSTEM",
    "WAREHOUSE_MANAGEMENT_SYSTEM",
    "ERP_SYSTEM",
];

/// The name of an order in another system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalOrder {
    /// The order there.
    pub id: String,
    /// The kind of system.
    pub platform: String,
    /// Its lines there.
    pub line_items: Vec<ExternalLine>,
}

/// The name of a line in another system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalLine {
    /// The line there.
    pub id: String,
    /// The line here.
    pub origin_id: String,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const READ: Door = shop(&[202_406], "seller.order.ext_ref.read");
    vec![
        post("/order/{v}/orders/external_orders", shop(&[202_406], "seller.order.ext_ref.write"), add),
        get("/order/{v}/orders/{id}/external_orders", READ, show),
        post("/order/{v}/orders/external_order_search", READ, search),
    ]
}

fn platform_of(sent: &str) -> Result<String, Refusal> {
    if PLATFORMS.contains(&sent) {
        Ok(sent.to_owned())
    } else {
        Err(Refusal::parameter("platform", "it is unknown"))
    }
}

fn add(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let mut errors = Vec::new();
    for (place, row) in ask.list("orders", ORDERS_MAX)?.iter().enumerate() {
        let failed = world.every_second_fails && place % 2 == 1;
        let outcome = if failed {
            Err(Refusal::business(10_002_014, "Internal error, please try again"))
        } else {
            read(world, ask.shop_id(), row)
        };
        match outcome {
            Ok((order, reference)) => keep(world, order, reference),
            Err(refusal) => {
                let external = &row["external_order"];
                let detail = json!({"order_id": row["id"],
                    "external_order": {"id": external["id"], "platform": external["platform"]}});
                let mut error = item_error(refusal.code, &refusal.message, detail);
                // The one batch whose codes are text.
                error["code"] = json!(refusal.code.to_string());
                errors.push(error);
            }
        }
    }
    success(batch(&errors))
}

/// One row, as far as it makes sense: the order here, and its name there.
fn read(world: &World, shop_id: i64, row: &Value) -> Result<(i64, ExternalOrder), Refusal> {
    let order = world.order_of(shop_id, loose_id(&row["id"]).unwrap_or(0))?;
    let external = &row["external_order"];
    let (id, platform) = (text_of(external, "id")?, platform_of(&text_of(external, "platform")?)?);
    let lines = external["line_items"].as_array().filter(|lines| !lines.is_empty());
    let lines = lines.ok_or_else(|| Refusal::missing("body", "line_items"))?;
    let line = |line: &Value| {
        let (id, origin_id) = (text_of(line, "id")?, text_of(line, "origin_id")?);
        if order.lines.iter().any(|own| own.id.to_string() == origin_id) {
            Ok(ExternalLine { id, origin_id })
        } else {
            Err(Refusal::parameter("origin_id", "it is no line of the order"))
        }
    };
    let line_items = lines.iter().map(line).collect::<Result<_, _>>()?;
    Ok((order.id, ExternalOrder { id, platform, line_items }))
}

/// A system has one name for an order: a later one takes its place.
fn keep(world: &mut World, order: i64, reference: ExternalOrder) {
    let known = world.external_orders.entry(order).or_default();
    known.retain(|it| it.platform != reference.platform);
    known.push(reference);
}

fn show(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let platform = ask.query("platform").ok_or_else(|| Refusal::missing("query", "platform"))?;
    let platform = platform_of(platform)?;
    let order = world.order_of(ask.shop_id(), ask.id("id"))?.id;
    let known = world.external_orders.get(&order).into_iter().flatten();
    let rows: Vec<_> = known.filter(|it| it.platform == platform).collect();
    success(if rows.is_empty() { json!({}) } else { json!({ "external_orders": rows }) })
}

fn search(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let asked = |name: &str| ask.query(name).ok_or_else(|| Refusal::missing("query", name));
    let (platform, id) = (platform_of(asked("platform")?)?, asked("external_order_id")?);
    let mut rows = Vec::new();
    for (order, references) in &world.external_orders {
        if world.order_of(ask.shop_id(), *order).is_ok() {
            let found = references.iter().filter(|it| it.platform == platform && it.id == id);
            rows.extend(found.map(|it| json!({"id": order.to_string(), "external_order": it})));
        }
    }
    success(if rows.is_empty() { json!({}) } else { json!({ "orders": rows }) })
}

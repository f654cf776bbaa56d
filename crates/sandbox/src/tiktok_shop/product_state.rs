//! What happens to a product: audits, going up and down, deletion (fact sheet §8.3).

use serde_json::{Value, json};

use super::World;
use super::ask::{Ask, seconds};
use super::gate::{Door, shop};
use super::product::{Audit, Content, Product, State};
use super::product_write::plan_audit;
use super::refusal::{Refusal, batch, item_error, success};
use super::webhook::{Kind, notify};
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, delete, post};
use crate::text::loose_id;

/// Products in one batch.
const BATCH_MAX: usize = 20;
/// Words in a title that no audit lets pass.
const FORBIDDEN: [&str; 2] = ["réplica", "proibido"];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const STATE: Door = shop(&[202_309], "seller.product.basic");
    const DELETE: Door = shop(&[202_309], "seller.product.delete");
    vec![
        post("/product/{v}/products/activate", STATE, |world, call| each(world, call, activate)),
        post("/product/{v}/products/deactivate", STATE, |world, call| each(world, call, deactivate)),
        post("/product/{v}/products/recover", DELETE, |world, call| each(world, call, recover)),
        delete("/product/{v}/products", DELETE, |world, call| each(world, call, remove)),
    ]
}

type Step = fn(&mut World, i64) -> Result<(), Refusal>;

/// One step for each product named; what fails is told in `data.errors`.
fn each(world: &mut World, call: &Call, step: Step) -> Answer {
    let ask = Ask::of(call)?;
    let ids: Vec<i64> =
        ask.list("product_ids", BATCH_MAX)?.iter().map(|id| loose_id(id).unwrap_or(0)).collect();
    let mut errors = Vec::new();
    for (place, id) in ids.into_iter().enumerate() {
        let outcome = if world.product_of(ask.shop_id(), id).is_none() {
            Err(Refusal::business(12_052_900, "The product does not exist"))
        } else if world.every_second_fails && place % 2 == 1 {
            Err(Refusal::business(12_001_000, "Internal error"))
        } else {
            step(world, id)
        };
        if let Err(refusal) = outcome {
            let detail = json!({"product_id": id.to_string(), "extra_errors": []});
            errors.push(item_error(refusal.code, &refusal.message, detail));
        }
    }
    success(batch(&errors))
}

fn state_of(world: &World, id: i64) -> Option<State> {
    world.products.get(&id).map(|product| product.state)
}

fn wrong_state(state: Option<State>) -> Refusal {
    let word = state.map_or("unknown", State::word);
    Refusal::business(12_052_048, format!("The product cannot do this while it is {word}"))
}

fn set(world: &mut World, id: i64, state: State) {
    let now = world.now;
    if let Some(product) = world.products.get_mut(&id) {
        product.state = state;
        product.updated = now;
    }
}

fn activate(world: &mut World, id: i64) -> Result<(), Refusal> {
    match state_of(world, id) {
        // It goes up after another look.
        Some(State::SellerDeactivated | State::Draft) => {
            set(world, id, State::Pending);
            plan_audit(world, id);
            Ok(())
        }
        state => Err(wrong_state(state)),
    }
}

fn deactivate(world: &mut World, id: i64) -> Result<(), Refusal> {
    match state_of(world, id) {
        Some(State::Activate) => {
            set(world, id, State::SellerDeactivated);
            tell_status(world, id, "PRODUCT_STATUS_CHANGED", "");
            tell_skus(world, id, "DEACTIVATED", Some("SELLER"));
            Ok(())
        }
        state => Err(wrong_state(state)),
    }
}

fn remove(world: &mut World, id: i64) -> Result<(), Refusal> {
    match state_of(world, id) {
        None | Some(State::Deleted | State::Freeze) => Err(wrong_state(state_of(world, id))),
        Some(_) => {
            set(world, id, State::Deleted);
            world.agenda.forget(|event| *event == super::Event::Audited(id));
            tell_status(world, id, "PRODUCT_STATUS_CHANGED", "");
            Ok(())
        }
    }
}

fn recover(world: &mut World, id: i64) -> Result<(), Refusal> {
    match state_of(world, id) {
        Some(State::Deleted) => {
            set(world, id, State::SellerDeactivated);
            tell_status(world, id, "PRODUCT_STATUS_CHANGED", "");
            Ok(())
        }
        state => Err(wrong_state(state)),
    }
}

fn tell_status(world: &mut World, id: i64, status: &str, reason: &str) {
    let Some(shop_id) = world.products.get(&id).map(|product| product.shop_id) else { return };
    let data = json!({"product_id": id, "status": status, "suspended_reason": reason, "update_time": seconds(world.now)});
    notify(world, shop_id, Kind::ProductStatusChange, &data);
}

/// Tells what became of all SKUs of a product.
fn tell_skus(world: &mut World, id: i64, status: &str, source: Option<&str>) {
    let Some(product) = world.products.get(&id) else { return };
    let ids: Vec<i64> = product.content.skus.iter().map(|sku| sku.id).collect();
    tell_skus_named(world, id, &ids, status, source);
}

fn tell_skus_named(world: &mut World, id: i64, skus: &[i64], status: &str, source: Option<&str>) {
    let Some(shop_id) = world.products.get(&id).map(|product| product.shop_id) else { return };
    let row = |sku: &i64| {
        let mut row = json!({"sku_id": sku.to_string(), "status": status});
        if let Some(source) = source {
            row["deactivation_source"] = json!(source);
        }
        row
    };
    let data = json!({"product_id": id.to_string(), "skus": skus.iter().map(row).collect::<Vec<_>>(), "update_time": seconds(world.now)});
    if !skus.is_empty() {
        notify(world, shop_id, Kind::SkuStatusChange, &data);
    }
}

fn tell_audit(world: &mut World, id: i64) {
    let Some(product) = world.products.get(&id) else { return };
    let (shop_id, status) = (product.shop_id, product.audit.word());
    let data = json!({"product_id": id, "audit": {"status": status, "pre_approved_reasons": []}, "update_time": seconds(world.now)});
    notify(world, shop_id, Kind::ProductAuditStatusChange, &data);
}

/// The audit is over: by the words of the title, unless the control API said otherwise.
pub(crate) fn audited(world: &mut World, id: i64) {
    let Some(product) = world.products.get(&id) else { return };
    let title = product.under_review.as_ref().unwrap_or(&product.content).title().to_lowercase();
    match FORBIDDEN.iter().find(|word| title.contains(**word)) {
        Some(found) => fail(world, id, &format!("O título contém uma palavra não permitida: {found}")),
        None => pass(world, id),
    }
}

/// The audit is passed: the first time the product goes up, later its edit takes over.
pub(crate) fn pass(world: &mut World, id: i64) {
    let now = world.now;
    world.agenda.forget(|event| *event == super::Event::Audited(id));
    let Some(product) = world.products.get_mut(&id) else { return };
    product.audit = Audit::Approved;
    product.failures.clear();
    product.updated = now;
    let (mut made, mut gone) = (Vec::new(), Vec::new());
    if let Some(content) = product.under_review.take() {
        let ids = |content: &Content| content.skus.iter().map(|sku| sku.id).collect::<Vec<i64>>();
        let (before, kept) = (ids(&product.content), ids(&content));
        made = kept.iter().copied().filter(|sku| !before.contains(sku)).collect();
        gone = before.into_iter().filter(|sku| !kept.contains(sku)).collect();
        product.offers.retain(|sku, _| kept.contains(sku));
        product.content = content;
    }
    let mut status = None;
    if product.state == State::Pending {
        product.state = State::Activate;
        let first = !std::mem::replace(&mut product.passed_once, true);
        status = Some(if first { "PRODUCT_FIRST_PASS_REVIEW" } else { "PRODUCT_STATUS_CHANGED" });
    }
    tell_audit(world, id);
    tell_skus_named(world, id, &made, "CREATED", None);
    tell_skus_named(world, id, &gone, "DELETED", None);
    if let Some(status) = status {
        tell_status(world, id, status, "");
        tell_skus(world, id, "ACTIVATED", None);
    }
}

/// The audit failed: a first one keeps the product down, a later one drops the edit.
pub(crate) fn fail(world: &mut World, id: i64, reason: &str) {
    let now = world.now;
    world.agenda.forget(|event| *event == super::Event::Audited(id));
    let Some(product) = world.products.get_mut(&id) else { return };
    product.audit = Audit::Failed;
    product.updated = now;
    product.failures = vec![failure(reason)];
    product.draft = product.under_review.take().or_else(|| product.draft.take());
    if product.state == State::Pending {
        product.state = State::Failed;
    }
    tell_audit(world, id);
    tell_status(world, id, "PRODUCT_AUDIT_FAILURE", reason);
}

fn failure(reason: &str) -> Value {
    json!({"position": "Product", "reasons": [reason], "suggestions": ["Altere o anúncio e envie de novo."],
        "listing_platform": "TIKTOK_SHOP"})
}

/// The platform takes a product down, locks it, or lets it up again.
pub(crate) fn suspend(world: &mut World, id: i64, state: State, reason: &str) {
    set(world, id, state);
    tell_status(world, id, "PRODUCT_STATUS_CHANGED", reason);
    if state == State::Activate {
        tell_skus(world, id, "ACTIVATED", None);
    } else {
        tell_skus(world, id, "DEACTIVATED", Some("PLATFORM"));
    }
}

impl Product {
    /// True when buyers can buy it.
    #[must_use]
    pub fn is_for_sale(&self) -> bool {
        self.state == State::Activate
    }
}

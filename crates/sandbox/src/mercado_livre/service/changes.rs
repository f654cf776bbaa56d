//! Changes: the product comes back and another one takes its place (fact sheet §15).
//!
//! The sheet names the resource only; its fields are our choice.

use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::claim_pages::{own_claim, refuse};
use super::claims::{self, SELLER_ROLE};
use super::returns;
use crate::call::Call;
use crate::dates::plus;
use crate::mercado_livre::World;
use crate::mercado_livre::gate::AFTER_SALE;
use crate::mercado_livre::sales::{self, SaleRequest};
use crate::reply::{Answer, Reply};
use crate::table::{Route, get};

/// Between which days after the agreement the new product is expected.
const EXCHANGE_FROM: Duration = Duration::from_hours(24 * 4);
const EXCHANGE_TO: Duration = Duration::from_hours(24 * 10);

/// How far a change has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeStatus {
    /// Agreed; the old product is on its way back.
    NotStarted,
    /// The new product has been ordered.
    Approved,
    /// There was none left: the buyer has the money back.
    Cancelled,
}

/// One product in place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// How far it got.
    pub status: ChangeStatus,
    /// The orders of the new product.
    pub new_orders: Vec<i64>,
    /// When it was agreed.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

pub(super) fn routes() -> Vec<Route> {
    vec![get("/post-purchase/v1/claims/{id}/changes", AFTER_SALE, show)]
}

/// The seller agrees: the old product comes back first.
pub(super) fn begin(world: &mut World, claim_id: i64) {
    let now = world.now;
    claims::act(world, claim_id, "allow_replace", SELLER_ROLE);
    if let Some(claim) = world.service.claims.get_mut(&claim_id) {
        let status = ChangeStatus::NotStarted;
        claim.change = Some(Change { status, new_orders: Vec::new(), created: now, updated: now });
    }
    returns::begin(world, claim_id);
}

/// The old product is back: the same is ordered again, as far as there is any. False when
/// no change was agreed or nothing is left.
pub(super) fn replace(world: &mut World, claim_id: i64) -> bool {
    let claim = world.service.claims.get(&claim_id).filter(|claim| claim.change.is_some());
    let Some((order_id, quantity)) = claim.map(|claim| (claim.order_id, claim.quantity)) else {
        return false;
    };
    let Some(order) = world.orders.get(&order_id) else { return false };
    let mut request = SaleRequest::of_item(&order.item_id, quantity);
    request.line.variation_id = order.variation_id;
    request.buyer_id = Some(order.buyer_id);
    let sold = sales::sell(world, &request).unwrap_or_default();
    let now = world.now;
    if let Some(change) = world.service.claims.get_mut(&claim_id).and_then(|claim| claim.change.as_mut()) {
        change.status = if sold.is_empty() { ChangeStatus::Cancelled } else { ChangeStatus::Approved };
        change.new_orders.clone_from(&sold);
        change.updated = now;
    }
    !sold.is_empty()
}

fn show(world: &mut World, call: &Call) -> Answer {
    let claim = own_claim(world, call)?;
    let missing = || refuse(StatusCode::NOT_FOUND, "not_found_error", "Change not found");
    let change = claim.change.as_ref().ok_or_else(missing)?;
    let order = world.orders.get(&claim.order_id);
    let parcels: Vec<Value> = change
        .new_orders
        .iter()
        .filter_map(|id| world.orders.get(id)?.shipment_id)
        .map(|id| json!({"id": id, "status": world.shipments.get(&id).map(|it| it.stage.words().0)}))
        .collect();
    Ok(Reply::ok(json!({
        "claim_id": claim.id, "type": "change", "status": change.status, "status_detail": null,
        "new_orders_ids": change.new_orders, "new_orders_shipments": parcels,
        "return": claim.product_return.as_ref().map(|back| json!({"id": back.id, "status": back.status})),
        "estimated_exchange_date": {"from": plus(change.created.plus(EXCHANGE_FROM)), "to": plus(change.created.plus(EXCHANGE_TO))},
        "items": [{"id": order.map(|it| &it.item_id), "variation_id": order.and_then(|it| it.variation_id), "quantity": claim.quantity}],
        "date_created": plus(change.created), "last_updated": plus(change.updated),
    })))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{STRANGER, Shop};
    use super::*;
    use crate::mercado_livre::order::OrderStatus;

    /// A delivered order about which a claim of this kind is opened; the claim's path.
    fn claimed(kind: &str) -> (Shop, i64, String) {
        let mut shop = Shop::open();
        let order = shop.sell();
        shop.deliver(order);
        let opened = shop.post("/_sandbox/claims", &json!({"order_id": order, "type": kind}));
        let id = opened.document()["claim_id"].as_i64().unwrap_or_else(|| panic!("{opened:?}"));
        (shop, order, format!("/post-purchase/v1/claims/{id}"))
    }

    fn bring_back(shop: &mut Shop) {
        for _ in 0..3 {
            shop.wait(returns::STEP);
        }
        shop.wait(returns::REVIEW_TIME);
    }

    #[test]
    fn a_change_ends_in_a_new_order_for_the_same_buyer() {
        let (mut shop, order, path) = claimed("change");
        let agreed = shop.post(&format!("{path}/expected-resolutions/allow-replace"), &json!({}));
        assert_eq!(agreed.document()["related_entities"], json!(["return", "changes"]));
        let change = format!("{path}/changes");
        assert_eq!(shop.get(&change).document()["status"], "not_started");
        bring_back(&mut shop);
        let shown = shop.get(&change).document().clone();
        assert_eq!(shown["status"], "approved");
        let new = shop.order(shown["new_orders_ids"][0].as_i64().unwrap()).clone();
        let old = shop.order(order).clone();
        assert_eq!((new.buyer_id, &new.item_id, new.quantity), (old.buyer_id, &old.item_id, old.quantity));
        assert_eq!((new.status, old.status), (OrderStatus::Paid, OrderStatus::Cancelled));
        assert_eq!(shop.get(&path).document()["resolution"]["reason"], "item_changed");
    }

    #[test]
    fn without_stock_the_buyer_has_the_money_back_instead() {
        let (mut shop, order, path) = claimed("change");
        shop.post(&format!("{path}/expected-resolutions/allow-replace"), &json!({}));
        let holder = shop.order(order).user_product_id.clone();
        shop.world.user_products.get_mut(&holder).unwrap().locations[0].quantity = 0;
        bring_back(&mut shop);
        assert_eq!(shop.get(&format!("{path}/changes")).document()["status"], "cancelled");
        assert_eq!(shop.get(&path).document()["resolution"]["reason"], "item_returned");
    }

    #[test]
    fn only_a_claim_for_a_change_may_be_answered_with_one() {
        let (mut shop, _, path) = claimed("mediations");
        let refused = shop.post(&format!("{path}/expected-resolutions/allow-replace"), &json!({}));
        assert_eq!(refused.document()["message"], "Action allow_replace not available for player");
        assert_eq!(shop.get(&format!("{path}/changes")).status, StatusCode::NOT_FOUND);
        assert_eq!(shop.get_as(STRANGER, &format!("{path}/changes")).status, StatusCode::UNAUTHORIZED);
    }

    #[test]
    fn a_return_needs_no_consent() {
        let (mut shop, order, path) = claimed("return");
        let claim = shop.get(&path).document().clone();
        assert_eq!((&claim["type"], &claim["related_entities"]), (&json!("return"), &json!(["return"])));
        bring_back(&mut shop);
        assert_eq!(shop.order(order).status, OrderStatus::Cancelled);
    }

    #[test]
    fn a_purchase_is_called_off_before_it_leaves_and_not_after() {
        let mut shop = Shop::open();
        let order = shop.sell();
        let cancel = json!({"order_id": order, "type": "cancel_purchase"});
        let id = shop.post("/_sandbox/claims", &cancel).document()["claim_id"].as_i64().unwrap();
        let path = format!("/post-purchase/v1/claims/{id}");
        let claim = shop.get(&path).document().clone();
        assert!(claim["reason_id"].as_str().unwrap().starts_with("CS"));
        let found = shop.get("/post-purchase/v1/claims/search?type=cancel_purchase");
        assert_eq!(found.document()["data"][0]["id"], id);
        shop.post(&format!("{path}/expected-resolutions/refund"), &json!({}));
        assert_eq!(shop.order(order).status, OrderStatus::Cancelled);

        let late = shop.sell();
        shop.deliver(late);
        let cancel = json!({"order_id": late, "type": "cancel_purchase"});
        assert_eq!(shop.post("/_sandbox/claims", &cancel).status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn what_has_not_arrived_is_neither_returned_nor_changed() {
        let mut shop = Shop::open();
        let order = shop.sell();
        for kind in ["return", "change", "theft"] {
            let refused = shop.post("/_sandbox/claims", &json!({"order_id": order, "type": kind}));
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{kind}");
        }
    }
}

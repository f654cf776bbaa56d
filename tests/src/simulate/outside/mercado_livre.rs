//! Mercado Livre: carts become packs with one parcel, two sellers share goods, nothing is
//! signed.

use std::collections::{BTreeMap, BTreeSet};

use domain::OrderState;
use domain::order::Attention;
use http::Method;
use sandbox::faults::Refusal;
use sandbox::mercado_livre::World;
use sandbox::mercado_livre::item::{Item, ItemStatus, Variation};
use sandbox::mercado_livre::order::{Order, OrderStatus};
use sandbox::mercado_livre::sales::SaleLine;
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};
use sandbox::mercado_livre::shipment::{Shipment, ShipmentStage};
use sandbox::{Fault, HookDelivery, SaleRequest};
use serde_json::json;

use super::{Loss, Offer, Outside, Pays, Stands, Truth, Wanted, Whose};
use crate::market::{HOOK_URL, Market};
use crate::simulate::Dice;

impl Outside for Market {
    fn accounts(&self) -> Vec<String> {
        [CLASSIC_SELLER, FAMILY_SELLER].map(|seller| seller.to_string()).into()
    }

    fn approve_for(&self, authorize_url: &str, account: &str) -> BTreeMap<String, String> {
        self.consent(authorize_url, number(account), "approve")
    }

    fn offers(&self) -> Vec<Offer> {
        self.sandbox().with_world(|world| {
            let listed = world.items.values().filter(|item| item.status != ItemStatus::Closed);
            listed.flat_map(|item| offers_of(world, item)).collect()
        })
    }

    fn numbers(&self) -> BTreeSet<String> {
        self.sandbox().with_world(|world| world.orders.keys().map(i64::to_string).collect())
    }

    fn orders(&self) -> Vec<Truth> {
        self.sandbox().with_world(|world| world.orders.values().map(|order| truth(world, order)).collect())
    }

    fn count_calls(&self) -> usize {
        self.count_of(|_| true)
    }

    fn stock_writes(&self) -> usize {
        self.count(&Method::PUT, "/items/")
    }

    fn buy(&self, cart: &[Wanted], pays: Pays) {
        let line = |wanted: &Wanted| SaleLine {
            item_id: Some(wanted.listing.clone()),
            variation_id: wanted.variation.parse().ok(),
            quantity: wanted.units,
            ..SaleLine::default()
        };
        let request = SaleRequest::of_cart(cart.iter().map(line).collect());
        let request = match pays {
            Pays::AtOnce => request,
            Pays::AfterSeconds(seconds) => request.by_pix(Some(seconds)),
            Pays::Never => request.by_pix(None),
        };
        drop(self.sandbox().sell(&request));
    }

    fn end_order(&self, order: &str, whose: Whose) {
        let group = if whose == Whose::Buyer { "buyer" } else { "internal" };
        self.attempt(Method::POST, &format!("/_sandbox/orders/{order}/cancel"), &json!({ "group": group }));
    }

    /// The platform suspects fraud behind a payment.
    fn vex(&self, order: &str) {
        let paid = |world: &mut World| {
            world.orders.get(&number(order)).is_some_and(|order| order.status == OrderStatus::Paid)
        };
        if !self.sandbox().with_world(paid) {
            return;
        }
        self.attempt(Method::POST, &format!("/_sandbox/orders/{order}/fraud"), &json!({}));
    }

    fn move_on(&self, order: &str) {
        let parcel = self.sandbox().with_world(|world| world.orders.get(&number(order))?.shipment_id);
        if let Some(parcel) = parcel {
            self.attempt(Method::POST, &format!("/_sandbox/shipments/{parcel}/advance"), &json!({}));
        }
    }

    fn lock_out(&self, account: &str, loss: Loss) {
        let keep_grant = matches!(loss, Loss::Access | Loss::Name);
        let body = json!({ "user_id": number(account), "keep_grant": keep_grant });
        self.attempt(Method::POST, "/_sandbox/tokens/revoke", &body);
    }

    fn paths(&self) -> &'static [&'static str] {
        &["", "", "/orders", "/items", "/shipments", "/oauth"]
    }

    fn token_path(&self) -> &'static str {
        "/oauth"
    }

    fn own_refusal(&self) -> Fault {
        Fault::Refuse { refusal: Refusal::LocallyRateLimited }
    }

    /// Nothing is signed: what is well made is looked after, and does no harm.
    fn forgery(&self, account: &str, order: &str, dice: &Dice) -> HookDelivery {
        let (client_id, _) = self.credentials();
        let note = |resource: &str, topic: &str, user: i64, client_id: &str| {
            json!({"resource": resource, "user_id": user, "topic": topic,
                   "application_id": client_id.parse::<i64>().unwrap_or(0), "attempts": 1})
            .to_string()
        };
        let (order, seller) = (format!("/orders/{order}"), number(account));
        let item = self.offers().first().map_or_else(|| "MLB1".to_owned(), |offer| offer.listing.clone());
        let body = match dice.below(7) {
            0 => "not json at all".to_owned(),
            1 => "{\"resource\":\"/orders/1\"".to_owned(),
            2 => note(&order, "orders_v2", 999_999_999, &client_id),
            3 => note(&order, "orders_v2", seller, "42"),
            4 => note("http://169.254.169.254/latest", "orders_v2", seller, &client_id),
            5 => note(&format!("/items/{item}"), "items", seller, &client_id),
            // Of an order that is there: one look too many, and no harm.
            _ => note(&order, "orders_v2", seller, &client_id),
        };
        HookDelivery { id: 0, url: HOOK_URL.to_owned(), headers: Vec::new(), body }
    }
}

fn number(text: &str) -> i64 {
    text.parse().expect("ids are numbers")
}

fn offers_of(world: &World, item: &Item) -> Vec<Offer> {
    let offer = |variation: Option<i64>, units| Offer {
        account: item.seller_id.to_string(),
        listing: item.id.clone(),
        variation: variation.map(|id| id.to_string()).unwrap_or_default(),
        sku: item.sku_of(variation).map(str::to_owned),
        units,
    };
    if item.variations.is_empty() {
        return vec![offer(None, world.available(item))];
    }
    let of_variation = |it: &Variation| offer(Some(it.id), world.stock_of(&it.user_product_id));
    item.variations.iter().map(of_variation).collect()
}

fn truth(world: &World, order: &Order) -> Truth {
    let parcel = order.shipment_id.and_then(|id| world.shipments.get(&id));
    let is_full = world.user_products.get(&order.user_product_id).is_some_and(|product| product.is_full());
    let code = order.sku.clone().filter(|_| !is_full);
    Truth {
        account: order.seller_id.to_string(),
        number: order.id.to_string(),
        words: format!("{:?}, parcel {:?}", order.status, parcel.map(|parcel| &parcel.stage)),
        stands: stands(order, parcel),
        units: order.quantity,
        from_shelf: code.map(|code| (code, order.quantity)).into_iter().collect(),
    }
}

fn stands(order: &Order, parcel: Option<&Shipment>) -> Stands {
    let is_delivered = parcel.is_some_and(|parcel| parcel.stage == ShipmentStage::Delivered);
    let has_left = parcel.is_some_and(Shipment::has_left_seller);
    match order.status {
        OrderStatus::Cancelled if has_left => Stands::CalledOffOnItsWay { holds_stock: order.holds_stock },
        OrderStatus::Cancelled => Stands::Cancelled,
        OrderStatus::Paid | OrderStatus::PartiallyRefunded => Stands::At(if is_delivered {
            OrderState::Delivered
        } else if order.tags.contains("fraud_risk_detected") {
            OrderState::NeedsAttention(Attention::FraudRisk)
        } else if has_left {
            OrderState::Shipped
        } else {
            OrderState::ToDispatch
        }),
        OrderStatus::Confirmed | OrderStatus::PaymentRequired | OrderStatus::PaymentInProcess => {
            if order.reached_seller() { Stands::At(OrderState::AwaitingPayment) } else { Stands::NotShown }
        }
    }
}

//! TikTok Shop: a line for each unit, an hour in which buyers take everything back, and a
//! name for the shop in calls that may change.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ChannelKind, OrderState};
use http::Method;
use sandbox::tiktok_shop::order::{Order, order_status};
use sandbox::tiktok_shop::sale::{Payment, SaleLine, SaleRequest};
use sandbox::tiktok_shop::{Package, World};
use sandbox::{Fault, HookDelivery};
use serde_json::json;

use super::{ASKED_TO_CANCEL, Loss, Offer, Outside, Pays, Stands, Truth, Wanted, Whose};
use crate::marketplace::{Marketplace, TikTokShopMarket};
use crate::shop::PUBLIC_URL;
use crate::simulate::Dice;

/// The steps of an order and its parcel, each possible only after the one before.
const STEPS_OF_PARCEL: [&str; 4] = ["invoice", "ship", "collect", "deliver"];

impl Outside for TikTokShopMarket {
    fn accounts(&self) -> Vec<String> {
        vec![self.seller()]
    }

    fn approve_for(&self, authorize_url: &str, _: &str) -> BTreeMap<String, String> {
        self.approve(authorize_url)
    }

    fn offers(&self) -> Vec<Offer> {
        let offer = |shot: sandbox::tiktok_shop::snapshot::SkuShot| Offer {
            account: shot.shop_id.to_string(),
            listing: shot.product_id.to_string(),
            variation: shot.sku_id.to_string(),
            sku: Some(shot.seller_sku).filter(|sku| !sku.is_empty()),
            units: shot.available,
        };
        self.sandbox().snapshot().skus.into_iter().map(offer).collect()
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
        self.count_of(|call| call.method == "POST" && call.path.ends_with("/inventory/update"))
    }

    fn buy(&self, cart: &[Wanted], pays: Pays) {
        let line = |wanted: &Wanted| SaleLine {
            sku: None,
            sku_id: Some(wanted.variation.clone()),
            quantity: usize::try_from(wanted.units).unwrap_or(1),
        };
        let (payment, pay_after_seconds) = match pays {
            Pays::AtOnce => (Payment::Card, None),
            Pays::AfterSeconds(seconds) => (Payment::Pix, Some(seconds)),
            Pays::Never => (Payment::Pix, None),
        };
        let cart = cart.iter().map(line).collect();
        let shop_id = Some(self.seller());
        let request = SaleRequest { shop_id, cart, payment, pay_after_seconds, ..SaleRequest::default() };
        drop(self.sandbox().sell(&request));
    }

    fn end_order(&self, order: &str, whose: Whose) {
        // The platform ends only what nobody pays.
        let action = if whose == Whose::Buyer { "cancel" } else { "expire" };
        self.act(order, action);
    }

    /// The buyer takes the request to cancel back.
    fn vex(&self, order: &str) {
        self.act(order, "withdraw");
    }

    fn move_on(&self, order: &str) {
        let (on_hold, package) = self.sandbox().with_world(|world| {
            let held = world.orders.get(&number(order)).map(|it| order_status(world, it) == "ON_HOLD");
            (held == Some(true), package_of(world, order).map(|package| package.id))
        });
        if on_hold {
            return self.act(order, "end_remorse");
        }
        let Some(package) = package else { return };
        // All that can be done by now is done up to here: the last that succeeds is the step.
        let before = self.sandbox().with_world(|world| world.packages.get(&package).map(|it| it.status));
        for step in STEPS_OF_PARCEL {
            self.attempt(Method::POST, &format!("/_sandbox/packages/{package}/{step}"), &json!({}));
            let now = self.sandbox().with_world(|world| world.packages.get(&package).map(|it| it.status));
            if now != before {
                return;
            }
        }
        self.act(order, "complete");
    }

    fn lock_out(&self, account: &str, loss: Loss) {
        let body = json!({ "shop_id": account });
        match loss {
            Loss::Access => self.attempt(Method::POST, "/_sandbox/tokens/expire", &body),
            Loss::Tokens | Loss::Consent => self.attempt(Method::POST, "/_sandbox/tokens/revoke", &body),
            Loss::Name => {
                let path = format!("/_sandbox/shops/{account}");
                self.attempt(Method::PUT, &path, &json!({ "new_cipher": true }));
            }
        }
    }

    fn paths(&self) -> &'static [&'static str] {
        &["", "", "/order", "/product", "/fulfillment", "/api/v2/token"]
    }

    fn token_path(&self) -> &'static str {
        "/api/v2/token"
    }

    fn own_refusal(&self) -> Fault {
        Fault::Code { code: "36009003".to_owned(), message: "Internal error".to_owned(), status: None }
    }

    fn forgery(&self, account: &str, order: &str, dice: &Dice) -> HookDelivery {
        let body = json!({"type": 1, "shop_id": account, "timestamp": 1_767_600_000,
            "data": {"order_id": order, "order_status": "CANCEL", "update_time": 1_767_600_000}});
        let body = if dice.chance(20) { "not json at all".to_owned() } else { body.to_string() };
        let sign = if dice.chance(50) { vec![("Authorization", "0".repeat(64))] } else { Vec::new() };
        let url = format!("{PUBLIC_URL}/hooks/{}", ChannelKind::TikTokShop.as_str());
        HookDelivery { id: 0, url, headers: sign, body }
    }
}

impl TikTokShopMarket {
    fn act(&self, order: &str, action: &str) {
        self.attempt(Method::POST, &format!("/_sandbox/orders/{order}/{action}"), &json!({}));
    }
}

fn number(text: &str) -> i64 {
    text.parse().expect("ids are numbers")
}

fn package_of<'a>(world: &'a World, order: &str) -> Option<&'a Package> {
    let order = number(order);
    world.packages.values().find(|package| package.order_ids.contains(&order))
}

fn truth(world: &World, order: &Order) -> Truth {
    let status = order_status(world, order);
    let live: Vec<_> = order.live_lines().collect();
    let lines = if live.is_empty() { order.lines.iter().collect() } else { live };
    Truth {
        account: order.shop_id.to_string(),
        number: order.id.to_string(),
        words: status.to_owned(),
        stands: stands(world, order, status),
        units: i64::try_from(lines.len()).unwrap_or(i64::MAX),
        from_shelf: lines.iter().map(|line| (line.seller_sku.clone(), 1)).collect(),
    }
}

fn stands(world: &World, order: &Order, status: &str) -> Stands {
    let has_left = || {
        let own = world.packages.values().filter(|package| package.order_ids.contains(&order.id));
        own.into_iter().any(|package| package.collected.is_some())
    };
    match status {
        "UNPAID" | "ON_HOLD" => Stands::At(OrderState::AwaitingPayment),
        "IN_TRANSIT" => Stands::At(OrderState::Shipped),
        "DELIVERED" | "COMPLETED" => Stands::At(OrderState::Delivered),
        "CANCELLED" if has_left() => Stands::CalledOffOnItsWay { holds_stock: true },
        "CANCELLED" => Stands::Cancelled,
        _ if order.cancel_requested.is_some() => Stands::At(ASKED_TO_CANCEL),
        _ => Stands::At(OrderState::ToDispatch),
    }
}

//! Shopee: a buyer asks to cancel and a person has to answer; a refresh token works once;
//! all that comes in is signed.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ChannelKind, OrderState};
use http::Method;
use sandbox::shopee::order::OrderStatus;
use sandbox::shopee::sales::{SaleLine, SaleRequest};
use sandbox::shopee::seed::COMPANY_SHOP;
use sandbox::shopee::snapshot::OrderEntry;
use sandbox::{Fault, HookDelivery};
use serde_json::json;

use super::{ASKED_TO_CANCEL, Loss, Offer, Outside, Pays, Stands, Truth, Wanted, Whose};
use crate::marketplace::{Marketplace, ShopeeMarket};
use crate::shop::PUBLIC_URL;
use crate::simulate::Dice;

/// Longer than the platform waits for a payment.
const NEVER_SECONDS: u64 = 365 * 86_400;

impl Outside for ShopeeMarket {
    fn accounts(&self) -> Vec<String> {
        vec![COMPANY_SHOP.to_string()]
    }

    fn approve_for(&self, authorize_url: &str, _: &str) -> BTreeMap<String, String> {
        self.approve(authorize_url)
    }

    fn offers(&self) -> Vec<Offer> {
        let offer = |entry: sandbox::shopee::snapshot::ShelfEntry| Offer {
            account: entry.shop_id.to_string(),
            listing: entry.item_id.to_string(),
            variation: if entry.model_id == 0 { String::new() } else { entry.model_id.to_string() },
            sku: Some(entry.sku).filter(|sku| !sku.is_empty()),
            units: entry.stock,
        };
        self.sandbox().snapshot().shelf.into_iter().map(offer).collect()
    }

    fn numbers(&self) -> BTreeSet<String> {
        self.sandbox().with_world(|world| world.orders.keys().cloned().collect())
    }

    fn orders(&self) -> Vec<Truth> {
        self.sandbox().snapshot().orders.into_iter().map(truth).collect()
    }

    fn count_calls(&self) -> usize {
        self.count_of(|_| true)
    }

    fn stock_writes(&self) -> usize {
        self.count(&Method::POST, "/api/v2/product/update_stock")
    }

    fn buy(&self, cart: &[Wanted], pays: Pays) {
        let line = |wanted: &Wanted| SaleLine {
            item_id: wanted.listing.parse().ok(),
            model_id: Some(wanted.variation.parse().unwrap_or(0)),
            sku: None,
            quantity: Some(wanted.units),
        };
        let pay_after_seconds = match pays {
            Pays::AtOnce => None,
            Pays::AfterSeconds(seconds) => Some(seconds),
            Pays::Never => Some(NEVER_SECONDS),
        };
        let cart = cart.iter().map(line).collect();
        let request =
            SaleRequest { shop_id: Some(COMPANY_SHOP), cart, pay_after_seconds, ..SaleRequest::default() };
        drop(self.sandbox().sell(&request));
    }

    fn end_order(&self, order: &str, whose: Whose) {
        let by = if whose == Whose::Buyer { "buyer" } else { "system" };
        self.attempt(Method::POST, &format!("/_sandbox/orders/{order}/cancel"), &json!({ "by": by }));
    }

    /// The buyer asks to cancel, or takes that back.
    fn vex(&self, order: &str) {
        let asked =
            self.orders().iter().any(|it| it.number == order && it.stands == Stands::At(ASKED_TO_CANCEL));
        let action = if asked { "withdraw_cancel" } else { "request_cancel" };
        self.attempt(Method::POST, &format!("/_sandbox/orders/{order}/{action}"), &json!({}));
    }

    fn move_on(&self, order: &str) {
        let package = self.sandbox().with_world(|world| {
            world.packages.iter().find(|(_, of)| *of == order).map(|(number, _)| number.clone())
        });
        if let Some(package) = package {
            self.attempt(Method::POST, &format!("/_sandbox/packages/{package}/advance"), &json!({}));
        }
    }

    fn lock_out(&self, account: &str, loss: Loss) {
        if loss == Loss::Consent {
            self.attempt(Method::POST, &format!("/_sandbox/shops/{account}/leave"), &json!({}));
        } else {
            let body = json!({ "shop_id": account, "access_only": loss != Loss::Tokens });
            self.attempt(Method::POST, "/_sandbox/tokens/revoke", &body);
        }
    }

    fn paths(&self) -> &'static [&'static str] {
        &["", "", "/api/v2/order", "/api/v2/product", "/push", "/api/v2/auth"]
    }

    fn token_path(&self) -> &'static str {
        "/api/v2/auth"
    }

    fn own_refusal(&self) -> Fault {
        Fault::Code {
            code: "error_server".to_owned(),
            message: "Please try again later.".to_owned(),
            status: None,
        }
    }

    fn forgery(&self, account: &str, order: &str, dice: &Dice) -> HookDelivery {
        let body = json!({"code": 3, "shop_id": account.parse::<i64>().unwrap_or(0), "timestamp": 1_767_600_000,
            "data": {"ordersn": order, "status": "CANCELLED", "update_time": 1_767_600_000}});
        let body = if dice.chance(20) { "not json at all".to_owned() } else { body.to_string() };
        let sign = if dice.chance(50) { vec![("Authorization", "0".repeat(64))] } else { Vec::new() };
        let url = format!("{PUBLIC_URL}/hooks/{}", ChannelKind::Shopee.as_str());
        HookDelivery { id: 0, url, headers: sign, body }
    }
}

fn truth(order: OrderEntry) -> Truth {
    Truth {
        account: order.shop_id.to_string(),
        words: order.status.word().to_owned(),
        stands: stands(&order),
        units: order.lines.iter().map(|(_, units)| units).sum(),
        number: order.order_sn,
        from_shelf: order.lines,
    }
}

fn stands(order: &OrderEntry) -> Stands {
    match order.status {
        OrderStatus::Unpaid | OrderStatus::Pending => Stands::At(OrderState::AwaitingPayment),
        OrderStatus::ReadyToShip | OrderStatus::Processed | OrderStatus::RetryShip => {
            Stands::At(OrderState::ToDispatch)
        }
        OrderStatus::Shipped => Stands::At(OrderState::Shipped),
        OrderStatus::ToConfirmReceive | OrderStatus::Completed | OrderStatus::ToReturn => {
            Stands::At(OrderState::Delivered)
        }
        OrderStatus::InCancel => Stands::At(ASKED_TO_CANCEL),
        OrderStatus::Cancelled if order.has_left => Stands::CalledOffOnItsWay { holds_stock: true },
        OrderStatus::Cancelled => Stands::Cancelled,
    }
}

//! Shopee in the words of all marketplaces.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use channels::market::shopee::{Shopee, ShopeeConfig as Registration};
use connect::Channel;
use connect::outbound::Outbound;
use domain::{ChannelKind, Restricted};
use http::{Method, StatusCode};
use sandbox::reply::{Body, Reply};
use sandbox::shopee::sales::{SaleLine, SaleRequest};
use sandbox::shopee::seed::COMPANY_SHOP;
use sandbox::{ShiftedClock, ShopeeConfig, ShopeeSandbox};
use serde_json::{Value, json};

use super::{Marketplace, ShopeeMarket, base, base_url};
use crate::market::Market;

const REFRESH: &str = "/api/v2/auth/access_token/get";
/// What this seller chooses: less than the 30 days of a refresh token.
const CONSENT_DAYS: u64 = 20;
/// Steps of a parcel from the payment to the carrier, at most.
const STEPS: usize = 6;

pub(super) fn market(seed: u64, clock: ShiftedClock, public_url: &str) -> ShopeeMarket {
    let config = ShopeeConfig {
        seed,
        base_url: base_url(ChannelKind::Shopee).to_owned(),
        hook_url: Some(format!("{public_url}/hooks/shopee")),
        redirect_uri: Some(format!("{public_url}/connections/callback/shopee")),
        ..ShopeeConfig::default()
    };
    Market::of(ShopeeSandbox::beside(config, clock), is_unmatched)
}

pub(super) fn connector(market: &ShopeeMarket, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
    let manifest = market.sandbox().manifest();
    let registration = Registration {
        partner_id: manifest.partner_id.to_string(),
        partner_key: Restricted::new(manifest.partner_key),
        api_base: base(ChannelKind::Shopee),
        auth_base: base(ChannelKind::Shopee),
    };
    Arc::new(Shopee::new(registration, outbound))
}

fn is_unmatched(reply: &Reply) -> bool {
    let says = |field: &str, text: &str| matches!(&reply.body, Body::Json(it) if it[field] == text);
    says("error", "error_not_found") && reply.status == StatusCode::NOT_FOUND
        || says("message", "The method of the request is wrong.")
}

/// The only package of an order.
fn package_of(market: &ShopeeMarket, order: &str) -> String {
    let found = market.sandbox().with_world(|world| {
        world.packages.iter().find(|(_, of)| *of == order).map(|(number, _)| number.clone())
    });
    found.expect("the order has a package")
}

fn act(market: &ShopeeMarket, order: &str, action: &str) -> Value {
    let path = format!("/_sandbox/packages/{}/{action}", package_of(market, order));
    market.control(Method::POST, &path, &json!({}))
}

impl Marketplace for ShopeeMarket {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Shopee
    }

    fn seller(&self) -> String {
        COMPANY_SHOP.to_string()
    }

    fn approve(&self, authorize_url: &str) -> BTreeMap<String, String> {
        let (account, days) = (self.seller(), CONSENT_DAYS.to_string());
        self.submit(authorize_url, &[("account", &account), ("days", &days), ("decision", "approve")])
    }

    fn consent_lasts(&self) -> Duration {
        Duration::from_hours(CONSENT_DAYS * 24)
    }

    fn end_consent(&self) {
        self.control(Method::POST, &format!("/_sandbox/shops/{COMPANY_SHOP}/leave"), &json!({}));
    }

    fn forge_hook(&self, order: &str) {
        let body = json!({"code": 3, "shop_id": COMPANY_SHOP, "timestamp": 1_767_600_000,
            "data": {"ordersn": order, "status": "READY_TO_SHIP", "update_time": 1_767_600_000}});
        let forged = json!({"body": body, "authorization": "0".repeat(64)});
        self.control(Method::POST, "/_sandbox/hooks/send", &forged);
    }

    fn renewed(&self) -> usize {
        self.count(&Method::POST, REFRESH)
    }

    fn sell_sku(&self, sku: &str, units: i64) -> String {
        let wanted = SaleRequest { shop_id: Some(COMPANY_SHOP), ..SaleRequest::of_sku(sku, units) };
        let orders = self.sandbox().sell(&wanted).expect("the shop sells it");
        orders.into_iter().next().expect("a sale makes an order")
    }

    fn sell_together(&self, goods: &[(&str, i64)]) -> Option<String> {
        let line = |(sku, units): &(&str, i64)| SaleLine {
            sku: Some((*sku).to_owned()),
            quantity: Some(*units),
            ..SaleLine::default()
        };
        let cart = goods.iter().map(line).collect();
        let wanted = SaleRequest { shop_id: Some(COMPANY_SHOP), cart, ..SaleRequest::default() };
        let orders = self.sandbox().sell(&wanted).expect("the shop sells them");
        assert_eq!(orders.len(), 1, "a cart is one order");
        orders.into_iter().next()
    }

    fn shown(&self, sku: &str) -> Vec<i64> {
        let goods = self.sandbox().snapshot().shelf;
        let fits = goods.into_iter().filter(|entry| entry.shop_id == COMPANY_SHOP && entry.sku == sku);
        fits.map(|entry| entry.stock).collect()
    }

    fn hand_over(&self, order: &str) {
        for _ in 0..STEPS {
            if act(self, order, "advance")["status"] == "SHIPPED" {
                return;
            }
        }
        panic!("the parcel of {order} never leaves");
    }

    fn deliver(&self, order: &str) {
        act(self, order, "deliver");
    }

    fn call_off(&self, order: &str) {
        self.control(Method::POST, &format!("/_sandbox/orders/{order}/cancel"), &json!({"by": "buyer"}));
    }

    fn keep(&self, order: &str) {
        self.control(Method::POST, &format!("/_sandbox/orders/{order}/receive"), &json!({}));
    }

    fn overcharge(&self, order: &str, minor: i64) {
        let path = format!("/_sandbox/orders/{order}/overcharge");
        self.control(Method::POST, &path, &json!({"minor": minor}));
    }

    fn ask_to_cancel(&self, order: &str) {
        self.control(Method::POST, &format!("/_sandbox/orders/{order}/request_cancel"), &json!({}));
    }

    fn ask_to_return(&self, order: &str) {
        self.control(Method::POST, "/_sandbox/returns", &json!({"order_sn": order, "with_goods": false}));
    }

    /// It shows them to a firm while their order is to be sent, and this seller is one.
    fn show_buyers(&self) {}
}

//! TikTok Shop in the words of all marketplaces.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use channels::market::tiktok_shop::{Limits, TikTokShop as Connector, TikTokShopConfig as Registration};
use connect::Channel;
use connect::outbound::Outbound;
use domain::{ChannelKind, Restricted};
use http::{Method, StatusCode};
use sandbox::ShiftedClock;
use sandbox::reply::{Body, Reply};
use sandbox::tiktok_shop::sale::SaleRequest;
use sandbox::tiktok_shop::{TikTokShop, TikTokShopConfig};
use serde_json::{Value, json};

use super::{Marketplace, TikTokShopMarket, base, base_url};
use crate::market::Market;

const REFRESH: &str = "/api/v2/token/refresh";
/// "The path does not exist", "the version is not supported".
const NO_SUCH_ADDRESS: [i64; 2] = [36_009_009, 36_009_014];

pub(super) fn market(seed: u64, clock: ShiftedClock, public_url: &str) -> TikTokShopMarket {
    let config = TikTokShopConfig {
        seed,
        base_url: base_url(ChannelKind::TikTokShop).to_owned(),
        hook_url: Some(format!("{public_url}/hooks/tiktok_shop")),
        redirect_uri: format!("{public_url}/connections/callback/tiktok_shop"),
        ..TikTokShopConfig::beside(clock)
    };
    Market::of(TikTokShop::new(config), is_unmatched)
}

pub(super) fn connector(market: &TikTokShopMarket, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
    let manifest = market.sandbox().manifest();
    let registration = Registration {
        region: manifest.region,
        service_id: manifest.service_id,
        app_key: manifest.app_key,
        app_secret: Restricted::new(manifest.app_secret),
        api_base: base(ChannelKind::TikTokShop),
        token_base: base(ChannelKind::TikTokShop),
        consent_base: base(ChannelKind::TikTokShop),
        platform_warehouses: BTreeSet::new(),
        limits: Limits::default(),
    };
    Arc::new(Connector::new(registration, outbound))
}

fn is_unmatched(reply: &Reply) -> bool {
    let code = if let Body::Json(document) = &reply.body { document["code"].as_i64() } else { None };
    reply.status == StatusCode::METHOD_NOT_ALLOWED || code.is_some_and(|code| NO_SUCH_ADDRESS.contains(&code))
}

/// The first shop: the goods of the other marketplaces' first sellers.
fn shop_of(market: &TikTokShopMarket) -> i64 {
    market.sandbox().with_world(|world| world.shops.keys().next().copied()).expect("the seed has a shop")
}

fn number(text: &str) -> i64 {
    text.parse().expect("ids are numbers")
}

fn act_on_order(market: &TikTokShopMarket, order: &str, action: &str) -> Value {
    market.control(Method::POST, &format!("/_sandbox/orders/{order}/{action}"), &json!({}))
}

fn act_on_package(market: &TikTokShopMarket, order: &str, action: &str) {
    let order = number(order);
    let package = market.sandbox().with_world(|world| {
        world.packages.values().find(|package| package.order_ids.contains(&order)).map(|package| package.id)
    });
    let package = package.expect("the order has a package");
    market.control(Method::POST, &format!("/_sandbox/packages/{package}/{action}"), &json!({}));
}

impl Marketplace for TikTokShopMarket {
    fn kind(&self) -> ChannelKind {
        ChannelKind::TikTokShop
    }

    fn seller(&self) -> String {
        shop_of(self).to_string()
    }

    fn approve(&self, authorize_url: &str) -> BTreeMap<String, String> {
        self.submit(authorize_url, &[("shop_id", &self.seller()), ("decision", "approve")])
    }

    fn consent_lasts(&self) -> Duration {
        Duration::from_secs(self.sandbox().with_world(|world| world.rules.consent_seconds))
    }

    fn end_consent(&self) {
        self.control(Method::POST, "/_sandbox/tokens/revoke", &json!({"shop_id": self.seller()}));
    }

    fn forge_hook(&self, order: &str) {
        let body = json!({"type": 1, "shop_id": self.seller(), "timestamp": 1_767_600_000,
            "data": {"order_id": order, "order_status": "AWAITING_SHIPMENT", "update_time": 1_767_600_000}});
        let forged = json!({"body": body, "sign": "0".repeat(64)});
        self.control(Method::POST, "/_sandbox/hooks/send", &forged);
    }

    fn renewed(&self) -> usize {
        self.count(&Method::GET, REFRESH)
    }

    fn sell_sku(&self, sku: &str, units: i64) -> String {
        let units = usize::try_from(units).expect("units are counted");
        let wanted = SaleRequest { shop_id: Some(self.seller()), ..SaleRequest::of_sku(sku, units) };
        let orders = self.sandbox().sell(&wanted).expect("the shop sells it");
        orders.first().expect("a sale makes an order").to_string()
    }

    fn shown(&self, sku: &str) -> Vec<i64> {
        let (shop, skus) = (shop_of(self), self.sandbox().snapshot().skus);
        let fits = skus.into_iter().filter(|it| it.shop_id == shop && it.seller_sku == sku);
        fits.map(|it| it.available).collect()
    }

    /// The note is in order, the seller ships by hand, the carrier scans.
    fn hand_over(&self, order: &str) {
        for action in ["invoice", "ship", "collect"] {
            act_on_package(self, order, action);
        }
    }

    fn deliver(&self, order: &str) {
        act_on_package(self, order, "deliver");
    }

    fn call_off(&self, order: &str) {
        act_on_order(self, order, "cancel");
    }

    fn keep(&self, order: &str) {
        act_on_order(self, order, "complete");
    }

    fn overcharge(&self, order: &str, minor: i64) {
        let path = format!("/_sandbox/orders/{order}/overcharge");
        self.control(Method::POST, &path, &json!({"minor": minor}));
    }

    fn ask_to_cancel(&self, order: &str) {
        act_on_order(self, order, "cancel");
    }

    fn ask_to_return(&self, order: &str) {
        self.control(Method::POST, "/_sandbox/returns", &json!({"order_id": order, "type": "REFUND"}));
    }

    fn show_buyers(&self) {
        self.sandbox().with_world(|world| world.rules.cpf_masked = false);
    }
}

mod auth;
mod buyers;
mod catalogue;
pub(super) mod conformance;
pub(super) mod dispatch;
mod errors;
mod finance;
mod hook;
mod listings;
mod missed;
mod orders;
pub(super) mod parcels;
pub(super) mod service;
mod words;
mod writes;

use std::sync::Arc;

use connect::Account;
use connect::conformance::{Script, Step, text};
use connect::outbound::BaseUrl;
use domain::{ConnectionId, ManualClock, TypedId};

use super::{Limits, MercadoLivre, MercadoLivreConfig};
pub(super) use crate::market::tests::fixture::{at, reveal, with};

/// When every test happens.
pub(super) const NOW: &str = "2026-11-10T13:00:00Z";

pub(super) fn config() -> MercadoLivreConfig {
    MercadoLivreConfig {
        site: "MLB".into(),
        client_id: "1234567890123456".into(),
        client_secret: text("app-secret"),
        api_base: BaseUrl::parse("https://api.example.com").unwrap(),
        auth_base: BaseUrl::parse("https://auth.example.com").unwrap(),
        limits: Limits::default(),
    }
}

pub(super) fn account() -> Account {
    Account {
        connection: ConnectionId::from_bytes([1; 16]),
        external_id: "100200300".into(),
        handle: None,
        access_token: text("APP_USR-access"),
    }
}

/// The channel in front of a scripted platform.
pub(super) fn scripted(steps: impl IntoIterator<Item = Step>) -> (MercadoLivre, Script) {
    let script = Script::new(steps);
    let clock = Arc::new(ManualClock::at(at(NOW)));
    (MercadoLivre::new(config(), script.outbound(clock)), script)
}

/// Where hooks are posted.
pub(super) const HOOK_URL: &str = "https://hub.example/hooks/mercado_livre/door";

pub(super) const TOKENS: &str = include_str!("../fixtures/tokens.json");
pub(super) const USER: &str = include_str!("../fixtures/user.json");
pub(super) const NOTIFICATION: &str = include_str!("../fixtures/notification.json");
pub(super) const ORDER: &str = include_str!("../fixtures/order.json");
pub(super) const SHIPMENT: &str = include_str!("../fixtures/shipment.json");
pub(super) const SLA: &str = include_str!("../fixtures/sla.json");
pub(super) const SHIPMENT_ORDERS: &str = include_str!("../fixtures/shipment_orders.json");
pub(super) const ORDERS_SEARCH: &str = include_str!("../fixtures/orders_search.json");
pub(super) const ITEM: &str = include_str!("../fixtures/item.json");
pub(super) const ITEM_VARIATIONS: &str = include_str!("../fixtures/item_variations.json");
pub(super) const ITEM_USER_PRODUCT: &str = include_str!("../fixtures/item_user_product.json");
pub(super) const ITEMS_SEARCH: &str = include_str!("../fixtures/items_search.json");
pub(super) const MISSED_FEEDS: &str = include_str!("../fixtures/missed_feeds.json");
pub(super) const BILLING_INFO: &str = include_str!("../fixtures/billing_info.json");
pub(super) const COSTS: &str = include_str!("../fixtures/costs.json");

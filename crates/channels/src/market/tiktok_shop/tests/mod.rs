mod auth;
mod buyers;
mod catalogue;
pub(super) mod conformance;
pub(super) mod dispatch;
mod errors;
mod finance;
mod hook;
mod listings;
mod orders;
pub(super) mod parcels;
pub(super) mod service;
mod sign;
mod words;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use connect::Account;
use connect::conformance::{Script, Step, text};
use connect::outbound::BaseUrl;
use domain::{Actor, ConnectionId, Grant, ManualClock, Purpose, Timestamp, TypedId};
use http::Method;
use vault::hmac::HmacKey;

use super::{Limits, TikTokShop, TikTokShopConfig};
pub(super) use crate::market::tests::fixture::{at, reveal, with};

/// When every test happens.
pub(super) const NOW: &str = "2026-11-10T13:00:00Z";
/// The same as the platform tells it.
const NOW_S: &str = "1794315600";

pub(super) const SECRET: &str = "f00dfeedcafe0123456789abcdef0123456789ab";
pub(super) const APP_KEY: &str = "6lojista01";
pub(super) const CIPHER: &str = "ROW_inventado0001";
pub(super) const TOKEN: &str = "ROW_access-in-use";
pub(super) const SHOP: &str = "7490000000000000001";
pub(super) const ORDER_ID: &str = "580000000000000001";
pub(super) const PACKAGE_ID: &str = "1153000000000000001";
pub(super) const PRODUCT_ID: &str = "1729500000000000010";
pub(super) const SKU_ID: &str = "1729500000000000012";
pub(super) const WAREHOUSE: &str = "7068000000000000001";

pub(super) fn config() -> TikTokShopConfig {
    TikTokShopConfig {
        region: "BR".into(),
        service_id: "7440000000000000009".into(),
        app_key: APP_KEY.into(),
        app_secret: text(SECRET),
        api_base: BaseUrl::parse("https://api.example.com").unwrap(),
        token_base: BaseUrl::parse("https://auth.example.com").unwrap(),
        consent_base: BaseUrl::parse("https://services.example.com").unwrap(),
        platform_warehouses: BTreeSet::new(),
        limits: Limits::default(),
    }
}

pub(super) fn account() -> Account {
    Account {
        connection: ConnectionId::from_bytes([1; 16]),
        external_id: SHOP.into(),
        handle: Some(CIPHER.into()),
        access_token: text(TOKEN),
    }
}

/// The channel in front of a scripted platform.
pub(super) fn scripted(steps: impl IntoIterator<Item = Step>) -> (TikTokShop, Script) {
    configured(config(), steps)
}

pub(super) fn configured(
    config: TikTokShopConfig,
    steps: impl IntoIterator<Item = Step>,
) -> (TikTokShop, Script) {
    let script = Script::new(steps);
    let clock = Arc::new(ManualClock::at(at(NOW)));
    (TikTokShop::new(config, script.outbound(clock)), script)
}

pub(super) fn grant() -> Grant {
    Grant::issue(Actor::system("test"), Purpose::CallChannel, Timestamp::EPOCH)
}

/// Path and query of a signed call, computed from the published rule a second time: names
/// in the order of a map, and the whole text at once.
fn target(now_s: &str, path: &str, query: &[(&str, &str)], body: &str) -> String {
    let signed: BTreeMap<_, _> = query.iter().copied().chain([("timestamp", now_s)]).collect();
    let mut input = format!("{SECRET}{path}");
    for (name, value) in signed {
        write!(input, "{name}{value}").unwrap();
    }
    write!(input, "{body}{SECRET}").unwrap();
    let sign = HmacKey::new(SECRET.as_bytes()).sign_hex(input.as_bytes());
    let pairs = query.iter().copied().chain([("timestamp", now_s), ("sign", &sign)]);
    let pairs: Vec<_> = pairs.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("{path}?{}", pairs.join("&"))
}

/// As `application/x-www-form-urlencoded` writes it.
fn encoded(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => write!(out, "%{byte:02X}").unwrap(),
        }
    }
    out
}

fn step(now_s: &str, method: Method, path: &str, query: &[(&str, &str)], body: &str) -> Step {
    let query: Vec<_> = [("app_key", APP_KEY)].iter().chain(query).copied().collect();
    Step::expect(method, &target(now_s, path, &query, body))
        .with_header("content-type", "application/json")
        .with_body(body)
}

/// Expects a signed GET about the shop.
pub(super) fn get(path: &str, query: &[(&str, &str)]) -> Step {
    get_at(NOW_S, path, query)
}

/// The same at another time.
pub(super) fn get_at(now_s: &str, path: &str, query: &[(&str, &str)]) -> Step {
    let query: Vec<_> = [("shop_cipher", CIPHER)].iter().chain(query).copied().collect();
    step(now_s, Method::GET, path, &query, "").with_header("x-tts-access-token", TOKEN)
}

/// Expects a signed POST about the shop.
pub(super) fn post(path: &str, query: &[(&str, &str)], body: &str) -> Step {
    let query: Vec<_> = [("shop_cipher", CIPHER)].iter().chain(query).copied().collect();
    step(NOW_S, Method::POST, path, &query, body).with_header("x-tts-access-token", TOKEN)
}

/// Expects the list of shops to be asked for.
pub(super) fn get_shops(token: &str) -> Step {
    step(NOW_S, Method::GET, "/authorization/202309/shops", &[], "")
        .with_header("x-tts-access-token", token)
        .answer(200, SHOPS)
}

pub(super) fn get_order() -> Step {
    get("/order/202507/orders", &[("ids", ORDER_ID)])
}

pub(super) fn get_package() -> Step {
    get(&format!("/fulfillment/202309/packages/{PACKAGE_ID}"), &[])
}

pub(super) fn get_product() -> Step {
    get(&format!("/product/202309/products/{PRODUCT_ID}"), &[])
}

/// An answer that says no.
pub(super) fn fault(code: u64, message: &str) -> String {
    serde_json::json!({ "code": code, "data": null, "message": message, "request_id": "2026" }).to_string()
}

pub(super) const TOKENS: &str = include_str!("../fixtures/tokens.json");
pub(super) const SHOPS: &str = include_str!("../fixtures/shops.json");
pub(super) const ORDER: &str = include_str!("../fixtures/order.json");
pub(super) const PACKAGE: &str = include_str!("../fixtures/package.json");
pub(super) const ORDERS_SEARCH: &str = include_str!("../fixtures/orders_search.json");
pub(super) const PRODUCT: &str = include_str!("../fixtures/product.json");
pub(super) const PRODUCTS_SEARCH: &str = include_str!("../fixtures/products_search.json");
pub(super) const ORDER_MONEY: &str = include_str!("../fixtures/order_money.json");
pub(super) const UNSETTLED: &str = include_str!("../fixtures/unsettled.json");
pub(super) const STATEMENTS: &str = include_str!("../fixtures/statements.json");
pub(super) const STATEMENT_TRANSACTIONS: &str = include_str!("../fixtures/statement_transactions.json");
/// Signed as it stands: no byte of it may change.
pub(super) const NOTIFICATION: &str = include_str!("../fixtures/notification.json");

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
use domain::{ConnectionId, ManualClock, Timestamp, TypedId};
use serde_json::Value;
use vault::hmac::HmacKey;

use super::{Shopee, ShopeeConfig};
pub(super) use crate::market::tests::fixture::{at, reveal, with};

/// When every test happens.
pub(super) const NOW: &str = "2026-11-10T13:00:00Z";
const NOW_SECONDS: i64 = 1_794_315_600;

pub(super) const PARTNER: &str = "2099001";
pub(super) const KEY: &str = "the-key-of-an-invented-app";
pub(super) const SHOP: &str = "880012345";
pub(super) const TOKEN: &str = "6c6f6a697374615f746f6b656e5f3031";

/// An instant of Unix seconds, as the fixtures tell them.
pub(super) const fn second(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

pub(super) fn config() -> ShopeeConfig {
    ShopeeConfig {
        partner_id: PARTNER.into(),
        partner_key: text(KEY),
        api_base: BaseUrl::parse("https://api.example.com").unwrap(),
        auth_base: BaseUrl::parse("https://auth.example.com").unwrap(),
    }
}

pub(super) fn account() -> Account {
    Account {
        connection: ConnectionId::from_bytes([1; 16]),
        external_id: SHOP.into(),
        handle: None,
        access_token: text(TOKEN),
    }
}

/// The channel in front of a scripted platform.
pub(super) fn scripted(steps: impl IntoIterator<Item = Step>) -> (Shopee, Script) {
    let script = Script::new(steps);
    let clock = Arc::new(ManualClock::at(at(NOW)));
    (Shopee::new(config(), script.outbound(clock)), script)
}

/// The address of a call for the shop: `action` is module and action, `query` what is asked
/// (with its leading `&`).
pub(super) fn shop(action: &str, query: &str) -> String {
    shop_with(TOKEN, action, query)
}

/// The same with another token.
pub(super) fn shop_with(token: &str, action: &str, query: &str) -> String {
    shop_at(NOW_SECONDS, token, action, query)
}

fn shop_at(seconds: i64, token: &str, action: &str, query: &str) -> String {
    let path = format!("/api/v2/{action}");
    let signed = format!("{PARTNER}{path}{seconds}{token}{SHOP}");
    let sign = HmacKey::new(KEY.as_bytes()).sign_hex(signed.as_bytes());
    format!(
        "{path}?partner_id={PARTNER}&shop_id={SHOP}{query}&access_token={token}&timestamp={seconds}&sign={sign}"
    )
}

/// The address of a call of the app itself.
pub(super) fn app(action: &str) -> String {
    let path = format!("/api/v2/{action}");
    let sign = HmacKey::new(KEY.as_bytes()).sign_hex(format!("{PARTNER}{path}{NOW_SECONDS}").as_bytes());
    format!("{path}?partner_id={PARTNER}&timestamp={NOW_SECONDS}&sign={sign}")
}

/// Where pushes are sent.
pub(super) const HOOK_URL: &str = "https://hub.example/hooks/shopee/door";

pub(super) const TOKENS: &str = include_str!("../fixtures/tokens.json");
pub(super) const REFRESHED: &str = include_str!("../fixtures/refreshed.json");
pub(super) const SHOP_INFO: &str = include_str!("../fixtures/shop_info.json");
pub(super) const ORDER: &str = include_str!("../fixtures/order.json");
pub(super) const ORDER_BUYER: &str = include_str!("../fixtures/order_buyer.json");
pub(super) const PACKAGES: &str = include_str!("../fixtures/packages.json");
pub(super) const ORDER_LIST: &str = include_str!("../fixtures/order_list.json");
pub(super) const ORDER_CLOCKS: &str = include_str!("../fixtures/order_clocks.json");
pub(super) const ESCROW: &str = include_str!("../fixtures/escrow.json");
pub(super) const ESCROW_WHOLE: &str = include_str!("../fixtures/escrow_whole.json");
pub(super) const ESCROW_LIST: &str = include_str!("../fixtures/escrow_list.json");
pub(super) const ITEM_LIST: &str = include_str!("../fixtures/item_list.json");
pub(super) const ITEM: &str = include_str!("../fixtures/item.json");
pub(super) const ITEM_WITH_MODELS: &str = include_str!("../fixtures/item_with_models.json");
pub(super) const MODELS: &str = include_str!("../fixtures/models.json");
pub(super) const PUSH: &str = include_str!("../fixtures/push.json");
pub(super) const LOST_PUSHES: &str = include_str!("../fixtures/lost_pushes.json");

/// The token that [`TOKENS`] and [`REFRESHED`] give out.
pub(super) const NEW_TOKEN: &str = "6e657763636573735f746f6b656e5f3032";

pub(super) const ORDER_NUMBER: &str = "260921ABCDEF01";
pub(super) const PACKAGE_NUMBER: &str = "OFG240000000000001";

/// What is asked to read an order.
pub(super) fn order_at() -> String {
    order_at_second(NOW_SECONDS)
}

/// The same at another time.
pub(super) fn order_at_second(seconds: i64) -> String {
    shop_at(seconds, TOKEN, "order/get_order_detail", &details_of(ORDER_NUMBER))
}

/// What is asked to read the orders of a list.
pub(super) fn listed_at(numbers: &str) -> String {
    shop("order/get_order_detail", &details_of(numbers))
}

fn details_of(numbers: &str) -> String {
    format!(
        "&order_sn_list={numbers}&request_order_status_pending=true\
         &response_optional_fields=buyer_user_id%2Ccancel_by%2Cfulfillment_flag%2Citem_list%2Cpackage_list%2Csplit_up"
    )
}

/// What is asked to read its package.
pub(super) fn package_at() -> String {
    shop("order/get_package_detail", "&package_number_list=OFG240000000000001")
}

/// What is asked to read an item.
pub(super) fn item_at(number: &str) -> String {
    shop("product/get_item_base_info", &format!("&item_id_list={number}"))
}

/// What is asked to read an item's models.
pub(super) fn models_at(number: &str) -> String {
    shop("product/get_model_list", &format!("&item_id={number}"))
}

/// An error of the platform.
pub(super) fn fault(code: &str, message: &str) -> String {
    serde_json::json!({ "request_id": "f1", "error": code, "message": message }).to_string()
}

#[track_caller]
fn with_below(fixture: &str, root: &str, changes: &[(&str, Value)]) -> String {
    let changes: Vec<(String, Value)> =
        changes.iter().map(|(pointer, value)| (format!("{root}{pointer}"), value.clone())).collect();
    let changes: Vec<(&str, Value)> =
        changes.iter().map(|(pointer, value)| (pointer.as_str(), value.clone())).collect();
    with(fixture, &changes)
}

/// [`ORDER`] with changes named below its order.
#[track_caller]
pub(super) fn order_with(changes: &[(&str, Value)]) -> String {
    with_below(ORDER, "/response/order_list/0", changes)
}

/// [`PACKAGES`] with changes named below its package.
#[track_caller]
pub(super) fn package_with(changes: &[(&str, Value)]) -> String {
    with_below(PACKAGES, "/response/package_list/0", changes)
}

/// [`ITEM`] with changes named below its item.
#[track_caller]
pub(super) fn item_with(changes: &[(&str, Value)]) -> String {
    with_below(ITEM, "/response/item_list/0", changes)
}

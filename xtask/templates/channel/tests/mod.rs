//! What the tests have in common. Four for each feature come beside it: the request, its
//! address, the answer, the error.

pub(super) mod conformance;

use connect::Account;
use connect::conformance::text;
use connect::outbound::BaseUrl;
use domain::{ConnectionId, TypedId};

use super::AcmeConfig;
pub(super) use crate::market::tests::fixture::{at, with};

pub(super) const SECRET: &str = "app-secret";
pub(super) const TOKEN: &str = "access-in-use";
pub(super) const ACCOUNT_ID: &str = "700000001";
pub(super) const ORDER_ID: &str = "800000001";
pub(super) const SHIPMENT_ID: &str = "810000001";
pub(super) const LISTING_ID: &str = "900000001";

pub(super) fn config() -> AcmeConfig {
    AcmeConfig {
        client_id: "600000001".into(),
        client_secret: text(SECRET),
        api_base: BaseUrl::parse("https://api.example.com").unwrap(),
        auth_base: BaseUrl::parse("https://auth.example.com").unwrap(),
    }
}

pub(super) fn account() -> Account {
    Account {
        connection: ConnectionId::from_bytes([1; 16]),
        external_id: ACCOUNT_ID.into(),
        handle: None,
        access_token: text(TOKEN),
    }
}

pub(super) const TOKENS: &str = include_str!("../fixtures/tokens.json");
pub(super) const ACCOUNT: &str = include_str!("../fixtures/account.json");
pub(super) const ORDER: &str = include_str!("../fixtures/order.json");
pub(super) const SHIPMENT: &str = include_str!("../fixtures/shipment.json");
pub(super) const ORDERS_SEARCH: &str = include_str!("../fixtures/orders_search.json");
pub(super) const LISTING: &str = include_str!("../fixtures/listing.json");
pub(super) const LISTINGS_SEARCH: &str = include_str!("../fixtures/listings_search.json");
pub(super) const NOTIFICATION: &str = include_str!("../fixtures/notification.json");

//! Users, applications, sites and currencies (fact sheet §4).

use std::collections::BTreeSet;

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::gate::{ANY_TOKEN, Permission, USERS};
use super::{SITE, World};
use crate::call::Call;
use crate::dates::{west, zulu};
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, delete, get, put};

/// A street address in Brazil.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The street.
    pub street: String,
    /// The number on the street.
    pub number: String,
    /// The quarter.
    pub neighborhood: String,
    /// The city.
    pub city: String,
    /// Two letters of the state, as in `SP`.
    pub state: String,
    /// Eight digits.
    pub zip: String,
}

/// A person or company with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id; beyond 32 bits for new users.
    pub id: i64,
    /// The public name.
    pub nickname: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The e-mail address.
    pub email: String,
    /// `CPF` or `CNPJ` and its digits.
    pub document: (String, String),
    /// Where parcels leave or arrive.
    pub address: Address,
    /// Tags that change behaviour, such as `user_product_seller`.
    pub tags: BTreeSet<String>,
    /// False for a suspended account.
    pub active: bool,
    /// True for somebody who sells.
    pub seller: bool,
    /// When the account was opened.
    pub registered: Timestamp,
}

impl User {
    /// True in the new listing model.
    #[must_use]
    pub fn sells_user_products(&self) -> bool {
        self.tags.contains("user_product_seller")
    }

    /// True when stock lies in several depots.
    #[must_use]
    pub fn has_depots(&self) -> bool {
        self.tags.contains("warehouse_management")
    }
}

/// An application of a developer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// The id (`client_id`).
    pub id: i64,
    /// The secret.
    pub secret: String,
    /// The secret before the last rotation and until when it still works.
    pub old_secret: Option<(String, Timestamp)>,
    /// The registered callback addresses; compared byte for byte.
    pub redirect_uris: Vec<String>,
    /// The functional permissions switched on.
    pub permissions: BTreeSet<Permission>,
    /// The scopes granted to its tokens.
    pub scopes: BTreeSet<String>,
    /// True when PKCE parameters are mandatory.
    pub pkce_required: bool,
    /// False for a blocked application.
    pub active: bool,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/users/me", USERS, me),
        get("/users/{id}", USERS, show),
    ]
}

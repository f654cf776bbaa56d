//! OAuth 2.0 as Mercado Livre does it (fact sheet §2).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// How long an access token works.
pub const ACCESS_TOKEN_LIFE: Duration = Duration::from_hours(6);
/// How long a refresh token works: six months.
pub const REFRESH_TOKEN_LIFE: Duration = Duration::from_hours(24 * 182);
/// A grant without any call for four months is dead.
pub const IDLE_LIFE: Duration = Duration::from_hours(24 * 121);
/// How long an authorization code works.
pub const CODE_LIFE: Duration = Duration::from_mins(10);
/// How long the old secret works after a rotation.
pub const OLD_SECRET_LIFE: Duration = Duration::from_hours(24 * 7);

/// What a seller has granted an application. Its tokens form one family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The seller.
    pub user_id: i64,
    /// The application.
    pub client_id: i64,
    /// `read`, `write`, `offline_access`.
    pub scopes: BTreeSet<String>,
    /// When it was granted.
    pub created: Timestamp,
    /// When a token of it was last used.
    pub used: Timestamp,
    /// Access tokens of the family and until when they work.
    pub access_tokens: BTreeMap<String, Timestamp>,
    /// The one refresh token that works, and until when.
    pub refresh_token: Option<(String, Timestamp)>,
    /// Refresh tokens used up; showing one of them kills the family.
    pub spent_refresh_tokens: BTreeSet<String>,
}

/// All codes and grants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auth {
    /// The grants, oldest first.
    pub grants: Vec<Grant>,
}

impl Auth {
    /// The grant behind a working access token; using it counts as life.
    pub fn use_access_token(&mut self, token: &str, now: Timestamp) -> Option<&Grant> {
        let works = |grant: &&mut Grant| {
            grant.access_tokens.get(token).is_some_and(|until| now < *until) && now.since(grant.used) < IDLE_LIFE
        };
        let grant = self.grants.iter_mut().find(works)?;
        grant.used = now;
        Some(grant)
    }

    /// True when `user_id` has granted `client_id` something.
    #[must_use]
    pub fn has_grant(&self, user_id: i64, client_id: i64) -> bool {
        self.grants.iter().any(|grant| grant.user_id == user_id && grant.client_id == client_id)
    }
}

//! What a client needs to know to connect, as one JSON document.

use serde::{Deserialize, Serialize};

use super::{SITE, World};

/// Where the sandbox is and how to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The site, `MLB`.
    pub site: String,
    /// The base of the API.
    pub api_url: String,
    /// The authorization page.
    pub authorization_url: String,
    /// Where tokens are exchanged.
    pub token_url: String,
    /// The base of the control API.
    pub control_url: String,
    /// The applications.
    pub apps: Vec<AppEntry>,
    /// The sellers, with tokens that work (of the first application).
    pub sellers: Vec<SellerEntry>,
}

/// An application's credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppEntry {
    /// The application id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The callback addresses registered.
    pub redirect_uris: Vec<String>,
}

/// A seller and a pair of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerEntry {
    /// The user id.
    pub user_id: i64,
    /// The public name.
    pub nickname: String,
    /// The tags that change behaviour.
    pub tags: Vec<String>,
    /// A working access token; absent when the grant has ended.
    pub access_token: Option<String>,
    /// The refresh token to go with it.
    pub refresh_token: Option<String>,
}

impl Manifest {
    /// The manifest of `world` at its present instant.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let base = &world.base_url;
        let apps = world.apps.values().map(|app| AppEntry {
            client_id: app.id.to_string(),
            client_secret: app.secret.clone(),
            redirect_uris: app.redirect_uris.clone(),
        });
        let sellers = world.users.values().filter(|user| user.seller).map(|user| {
            let grant = world.auth.grants.iter().find(|grant| grant.user_id == user.id);
            let live = |grant: &super::auth::Grant| {
                grant
                    .access_tokens
                    .iter()
                    .find(|(_, until)| **until > world.now)
                    .map(|(token, _)| token.clone())
            };
            SellerEntry {
                user_id: user.id,
                nickname: user.nickname.clone(),
                tags: user.tags.iter().cloned().collect(),
                access_token: grant.and_then(live),
                refresh_token: grant.and_then(|grant| Some(grant.refresh_token.as_ref()?.0.clone())),
            }
        });
        Self {
            site: SITE.to_owned(),
            api_url: base.clone(),
            authorization_url: format!("{base}/authorization"),
            token_url: format!("{base}/oauth/token"),
            control_url: format!("{base}/_sandbox"),
            apps: apps.collect(),
            sellers: sellers.collect(),
        }
    }
}

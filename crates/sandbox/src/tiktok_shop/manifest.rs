//! What a client needs to know to connect, as one JSON document.

use serde::{Deserialize, Serialize};

use super::World;

/// Where the simulated TikTok Shop is and how to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The market, `BR`.
    pub region: String,
    /// The base of the API.
    pub api_url: String,
    /// The base of the token endpoints.
    pub auth_url: String,
    /// The consent page, with the application named.
    pub authorization_url: String,
    /// The base of the control API.
    pub control_url: String,
    /// Names the application in calls.
    pub app_key: String,
    /// Signs calls and webhooks.
    pub app_secret: String,
    /// Names the application on the consent page.
    pub service_id: String,
    /// Where a seller's browser is sent back to.
    pub redirect_url: String,
    /// The shops, with tokens that work.
    pub shops: Vec<ShopEntry>,
}

/// A shop and a pair of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopEntry {
    /// The id that webhooks carry.
    pub shop_id: String,
    /// The cipher that calls need.
    pub cipher: String,
    /// The name.
    pub name: String,
    /// The company's number.
    pub cnpj: String,
    /// A working access token; absent when the consent has ended.
    pub access_token: Option<String>,
    /// The refresh token to go with it.
    pub refresh_token: Option<String>,
}

impl Manifest {
    /// The manifest of `world` at its present instant.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let base = &world.base_url;
        let shops = world.shops.values().map(|shop| ShopEntry {
            shop_id: shop.id.to_string(),
            cipher: shop.cipher.clone(),
            name: shop.name.clone(),
            cnpj: shop.cnpj.clone(),
            access_token: world.grants.live_token(shop.id, world.now).map(str::to_owned),
            refresh_token: world.grants.by_shop.get(&shop.id).map(|grant| grant.refresh_token.clone()),
        });
        Self {
            region: "BR".to_owned(),
            api_url: base.clone(),
            auth_url: base.clone(),
            authorization_url: format!("{base}/open/authorize?service_id={}", world.app.service_id),
            control_url: format!("{base}/_sandbox"),
            app_key: world.app.key.clone(),
            app_secret: world.app.secret.clone(),
            service_id: world.app.service_id.to_string(),
            redirect_url: world.app.redirect_url.clone(),
            shops: shops.collect(),
        }
    }
}

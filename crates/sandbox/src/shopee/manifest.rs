//! What a client needs to know to connect, as one JSON document.

use serde::{Deserialize, Serialize};

use super::World;
use super::shop::{REGION, TaxId};

/// Where the sandbox is and how to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The region, `BR`.
    pub region: String,
    /// The host of the API, to stand in place of `https://partner.shopeemobile.com`.
    pub api_url: String,
    /// The consent page.
    pub authorization_url: String,
    /// The page that takes a consent back.
    pub cancel_url: String,
    /// The base of the control API.
    pub control_url: String,
    /// The application.
    pub partner_id: i64,
    /// Its key: the text itself signs.
    pub partner_key: String,
    /// Where pushes go.
    pub callback_url: Option<String>,
    /// The main account that owns all shops.
    pub main_account_id: i64,
    /// The shops, with tokens that work.
    pub shops: Vec<ShopEntry>,
}

/// A shop and a pair of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopEntry {
    /// The shop.
    pub shop_id: i64,
    /// Its name.
    pub shop_name: String,
    /// How it is registered with the tax office.
    pub tax_id: TaxId,
    /// A working access token; absent when the consent or the token has ended.
    pub access_token: Option<String>,
    /// The refresh token to go with it.
    pub refresh_token: Option<String>,
}

impl Manifest {
    /// The manifest of `world` at its present instant.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let base = &world.base_url;
        let shops = world.shops.values().map(|shop| {
            let pair = world.auth.pair_of(shop.id, world.now);
            let (access_token, refresh_token) =
                pair.map_or((None, None), |pair| (Some(pair.access_token), Some(pair.refresh_token)));
            ShopEntry {
                shop_id: shop.id,
                shop_name: shop.name.clone(),
                tax_id: shop.tax_id,
                access_token,
                refresh_token,
            }
        });
        Self {
            region: REGION.to_owned(),
            api_url: base.clone(),
            authorization_url: format!("{base}/auth"),
            cancel_url: format!("{base}/cancel_auth"),
            control_url: format!("{base}/_sandbox"),
            partner_id: world.partner.id,
            partner_key: world.partner.key.clone(),
            callback_url: world.pushes.callback_url.clone(),
            main_account_id: world.partner.main_account,
            shops: shops.collect(),
        }
    }
}

//! What the operator tells: the app's registration at TikTok Shop.

use std::sync::Arc;

use connect::settings::{Setting, Settings};

use super::{ConfigError, TikTokShopConfig};
use crate::market::Configured;

const APP_KEY: Setting = Setting {
    key: "tiktok_shop.app_key",
    variable: "LOJISTA_TIKTOK_SHOP_APP_KEY",
    secret: false,
    default: "none: the channel is off",
    about: "The app's key, from partner.tiktokshop.com.",
};
const SERVICE_ID: Setting = Setting {
    key: "tiktok_shop.service_id",
    variable: "LOJISTA_TIKTOK_SHOP_SERVICE_ID",
    secret: false,
    default: "none: the channel is off",
    about: "The service's id, which the consent page is asked with; it stands in the authorization link.",
};
const APP_SECRET: Setting = Setting {
    key: "tiktok_shop.app_secret",
    variable: "LOJISTA_TIKTOK_SHOP_APP_SECRET",
    secret: true,
    default: "none: the channel is off",
    about: "The app's secret. It signs every call and every webhook.",
};
const REGION: Setting = Setting {
    key: "tiktok_shop.region",
    variable: "LOJISTA_TIKTOK_SHOP_REGION",
    secret: false,
    default: "BR",
    about: "The shops' country, as two capital letters.",
};
const WAREHOUSES: Setting = Setting {
    key: "tiktok_shop.platform_warehouses",
    variable: "LOJISTA_TIKTOK_SHOP_PLATFORM_WAREHOUSES",
    secret: false,
    default: "none",
    about: "Ids of warehouses that are TikTok's own, with commas between: units there are left as they are.",
};
const API_URL: Setting = Setting {
    key: "tiktok_shop.api_url",
    variable: "LOJISTA_TIKTOK_SHOP_API_URL",
    secret: false,
    default: "https://open-api.tiktokglobalshop.com",
    about: "Where the API is called; a sandbox's address to try things out.",
};
const TOKEN_URL: Setting = Setting {
    key: "tiktok_shop.token_url",
    variable: "LOJISTA_TIKTOK_SHOP_TOKEN_URL",
    secret: false,
    default: "https://auth.tiktok-shops.com",
    about: "Where tokens are issued. Set it whenever api_url is set.",
};
const AUTHORIZATION_URL: Setting = Setting {
    key: "tiktok_shop.authorization_url",
    variable: "LOJISTA_TIKTOK_SHOP_AUTHORIZATION_URL",
    secret: false,
    default: "the region's own",
    about: "Where the seller consents, without /open/authorize at its end. Set it whenever api_url is set.",
};

/// What can be set.
pub(super) const SETTINGS: &[Setting] =
    &[APP_KEY, SERVICE_ID, APP_SECRET, REGION, WAREHOUSES, API_URL, TOKEN_URL, AUTHORIZATION_URL];

/// Region when nobody says.
const BRAZIL: &str = "BR";

/// Reads the settings; `None` when the channel is off.
///
/// # Errors
/// What is missing, wrong or at odds, with the mend.
pub(super) fn read(settings: &Settings) -> Configured {
    let others = [&REGION, &WAREHOUSES, &API_URL, &TOKEN_URL, &AUTHORIZATION_URL];
    let Some(app) = settings.registration(&[&APP_KEY, &SERVICE_ID], &APP_SECRET, &others)? else {
        return Ok(None);
    };
    let region = settings.get(&REGION).unwrap_or(BRAZIL);
    let mut config =
        TikTokShopConfig::production(region, &app.ids[1], &app.ids[0], app.secret).map_err(|problem| {
            match problem {
                ConfigError::NoRegion(_) => settings.wrong(&REGION, "two capital letters, such as BR"),
                ConfigError::Address(problem) => settings.wrong(&REGION, problem),
            }
        })?;
    let warehouses = settings.get(&WAREHOUSES).unwrap_or_default().split(',').map(str::trim);
    config.platform_warehouses = warehouses.filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if let Some([api, token, consent]) = settings.addresses([&API_URL, &TOKEN_URL, &AUTHORIZATION_URL])? {
        (config.api_base, config.token_base, config.consent_base) = (api, token, consent);
    }
    Ok(Some(Arc::new(config)))
}

//! What the operator tells: the app's registration at Shopee.

use std::sync::Arc;

use connect::settings::{Setting, Settings};

use super::{ConfigError, Region, ShopeeConfig};
use crate::market::Configured;

const PARTNER_ID: Setting = Setting {
    key: "shopee.partner_id",
    variable: "LOJISTA_SHOPEE_PARTNER_ID",
    secret: false,
    default: "none: the channel is off",
    about: "The app's number, from open.shopee.com.br.",
};
const PARTNER_KEY: Setting = Setting {
    key: "shopee.partner_key",
    variable: "LOJISTA_SHOPEE_PARTNER_KEY",
    secret: true,
    default: "none: the channel is off",
    about: "The app's key. It signs every call and every push.",
};
const REGION: Setting = Setting {
    key: "shopee.region",
    variable: "LOJISTA_SHOPEE_REGION",
    secret: false,
    default: "brazil",
    about: "Whose hosts are called: brazil or elsewhere. Keep it as it is once a shop is connected.",
};
const API_URL: Setting = Setting {
    key: "shopee.api_url",
    variable: "LOJISTA_SHOPEE_API_URL",
    secret: false,
    default: "the region's own",
    about: "Where the API is called; a sandbox's address to try things out.",
};
const AUTHORIZATION_URL: Setting = Setting {
    key: "shopee.authorization_url",
    variable: "LOJISTA_SHOPEE_AUTHORIZATION_URL",
    secret: false,
    default: "the region's own",
    about: "Where the seller consents, without /auth at its end. Set it whenever api_url is set.",
};

/// What can be set.
pub(super) const SETTINGS: &[Setting] = &[PARTNER_ID, PARTNER_KEY, REGION, API_URL, AUTHORIZATION_URL];

/// Reads the settings; `None` when the channel is off.
///
/// # Errors
/// What is missing, wrong or at odds, with the mend.
pub(super) fn read(settings: &Settings) -> Configured {
    let others = [&REGION, &API_URL, &AUTHORIZATION_URL];
    let Some(app) = settings.registration(&[&PARTNER_ID], &PARTNER_KEY, &others)? else { return Ok(None) };
    let region = match settings.get(&REGION) {
        None | Some("brazil") => Region::Brazil,
        Some("elsewhere") => Region::Elsewhere,
        Some(_) => return Err(settings.wrong(&REGION, "brazil or elsewhere")),
    };
    let mut config =
        ShopeeConfig::production(region, &app.ids[0], app.secret).map_err(|problem| match problem {
            ConfigError::PartnerId => {
                settings.wrong(&PARTNER_ID, "the app's number, as the console shows it")
            }
            ConfigError::Address(problem) => settings.wrong(&REGION, problem),
        })?;
    if let Some([api, authorization]) = settings.addresses([&API_URL, &AUTHORIZATION_URL])? {
        (config.api_base, config.auth_base) = (api, authorization);
    }
    Ok(Some(Arc::new(config)))
}

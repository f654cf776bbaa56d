//! What the operator tells: the app's registration at Acme Market.

use std::sync::Arc;

use connect::settings::{Setting, Settings};

use super::AcmeConfig;
use crate::market::Configured;

const CLIENT_ID: Setting = Setting {
    key: "acme.client_id",
    variable: "LOJISTA_ACME_CLIENT_ID",
    secret: false,
    default: "none: the channel is off",
    about: "The app's id.",
};
const CLIENT_SECRET: Setting = Setting {
    key: "acme.client_secret",
    variable: "LOJISTA_ACME_CLIENT_SECRET",
    secret: true,
    default: "none: the channel is off",
    about: "The app's secret.",
};
const API_URL: Setting = Setting {
    key: "acme.api_url",
    variable: "LOJISTA_ACME_API_URL",
    secret: false,
    default: "https://api.invalid",
    about: "Where the API is called; a sandbox's address to try things out.",
};
const AUTHORIZATION_URL: Setting = Setting {
    key: "acme.authorization_url",
    variable: "LOJISTA_ACME_AUTHORIZATION_URL",
    secret: false,
    default: "https://auth.invalid",
    about: "Where the seller consents. Set it whenever api_url is set.",
};

/// What can be set.
pub(super) const SETTINGS: &[Setting] = &[CLIENT_ID, CLIENT_SECRET, API_URL, AUTHORIZATION_URL];

/// Reads the settings; `None` when the channel is off.
///
/// # Errors
/// What is missing, wrong or at odds, with the mend.
pub(super) fn read(settings: &Settings) -> Configured {
    let others = [&API_URL, &AUTHORIZATION_URL];
    let Some(app) = settings.registration(&[&CLIENT_ID], &CLIENT_SECRET, &others)? else { return Ok(None) };
    let mut config = AcmeConfig::production(&app.ids[0], app.secret)
        .map_err(|problem| settings.wrong(&API_URL, problem))?;
    if let Some([api, authorization]) = settings.addresses([&API_URL, &AUTHORIZATION_URL])? {
        (config.api_base, config.auth_base) = (api, authorization);
    }
    Ok(Some(Arc::new(config)))
}

//! What the operator tells: the app's registration at Mercado Livre.

use std::sync::Arc;

use connect::settings::{Setting, SettingError, Settings};

use super::{ConfigError, MercadoLivreConfig};
use crate::market::Configured;

const CLIENT_ID: Setting = Setting {
    key: "mercado_livre.client_id",
    variable: "LOJISTA_MERCADO_LIVRE_CLIENT_ID",
    secret: false,
    default: "none: the channel is off",
    about: "The application's id, from developers.mercadolivre.com.br.",
};
const CLIENT_SECRET: Setting = Setting {
    key: "mercado_livre.client_secret",
    variable: "LOJISTA_MERCADO_LIVRE_CLIENT_SECRET",
    secret: true,
    default: "none: the channel is off",
    about: "The application's secret.",
};
const SITE: Setting = Setting {
    key: "mercado_livre.site",
    variable: "LOJISTA_MERCADO_LIVRE_SITE",
    secret: false,
    default: "MLB",
    about: "The country's site: MLB is Brazil.",
};
const API_URL: Setting = Setting {
    key: "mercado_livre.api_url",
    variable: "LOJISTA_MERCADO_LIVRE_API_URL",
    secret: false,
    default: "https://api.mercadolibre.com",
    about: "Where the API is called; a sandbox's address to try things out.",
};
const AUTHORIZATION_URL: Setting = Setting {
    key: "mercado_livre.authorization_url",
    variable: "LOJISTA_MERCADO_LIVRE_AUTHORIZATION_URL",
    secret: false,
    default: "the site's own",
    about: "Where the seller consents, without /authorization at its end. Set it whenever api_url is set.",
};

/// What can be set.
pub(super) const SETTINGS: &[Setting] = &[CLIENT_ID, CLIENT_SECRET, SITE, API_URL, AUTHORIZATION_URL];

/// Site when nobody says: Brazil.
const BRAZIL: &str = "MLB";

/// Reads the settings; `None` when the channel is off.
///
/// # Errors
/// What is missing, wrong or at odds, with the mend.
pub(super) fn read(settings: &Settings) -> Configured {
    let others = [&SITE, &API_URL, &AUTHORIZATION_URL];
    let Some(app) = settings.registration(&[&CLIENT_ID], &CLIENT_SECRET, &others)? else { return Ok(None) };
    let site = settings.get(&SITE).unwrap_or(BRAZIL);
    let mut config = MercadoLivreConfig::production(site, &app.ids[0], app.secret).map_err(|problem| {
        let (ConfigError::UnknownSite(_) | ConfigError::Address(_)) = problem;
        SettingError::Contradiction(format!("{}: {problem}", SITE.variable))
    })?;
    if let Some([api, authorization]) = settings.addresses([&API_URL, &AUTHORIZATION_URL])? {
        (config.api_base, config.auth_base) = (api, authorization);
    }
    Ok(Some(Arc::new(config)))
}

//! Section `mercado_livre`: the app's registration at Mercado Livre.

use channels::market::mercado_livre::{ConfigError as ChannelProblem, MercadoLivreConfig};
use connect::BaseUrl;
use domain::Restricted;

use super::{ConfigError, Setting, Values};

/// What this section takes.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "mercado_livre.client_id",
        variable: "LOJISTA_MERCADO_LIVRE_CLIENT_ID",
        secret: false,
        default: "none: the channel is off",
        about: "The application's id, from developers.mercadolivre.com.br.",
    },
    Setting {
        key: "mercado_livre.client_secret",
        variable: "LOJISTA_MERCADO_LIVRE_CLIENT_SECRET",
        secret: true,
        default: "none: the channel is off",
        about: "The application's secret.",
    },
    Setting {
        key: "mercado_livre.site",
        variable: "LOJISTA_MERCADO_LIVRE_SITE",
        secret: false,
        default: "MLB",
        about: "The country's site: MLB is Brazil.",
    },
    Setting {
        key: "mercado_livre.api_url",
        variable: "LOJISTA_MERCADO_LIVRE_API_URL",
        secret: false,
        default: "https://api.mercadolibre.com",
        about: "Where the API is called; a sandbox's address to try things out.",
    },
    Setting {
        key: "mercado_livre.authorization_url",
        variable: "LOJISTA_MERCADO_LIVRE_AUTHORIZATION_URL",
        secret: false,
        default: "the site's own",
        about: "Where the seller consents, without /authorization at its end. Set it whenever api_url is set.",
    },
];

/// Site when nobody says.
const SITE: &str = "MLB";

/// Reads the section; `None` when the channel is off.
pub(crate) fn read(values: &Values) -> Result<Option<MercadoLivreConfig>, ConfigError> {
    let (id, secret) = (values.get("mercado_livre.client_id"), values.get("mercado_livre.client_secret"));
    let (api, authorization) =
        (values.get("mercado_livre.api_url"), values.get("mercado_livre.authorization_url"));
    let contradiction = |text: String| Err(ConfigError::Contradiction(text));
    let (id, secret) = match (id, secret) {
        (Some(id), Some(secret)) => (id, secret),
        (Some(id), None) => {
            return contradiction(format!(
                "{} is set without its secret: set LOJISTA_MERCADO_LIVRE_CLIENT_SECRET_FILE too, or neither",
                id.origin
            ));
        }
        (None, Some(secret)) => {
            return contradiction(format!(
                "{} is set without its id: set LOJISTA_MERCADO_LIVRE_CLIENT_ID too, or neither",
                secret.origin
            ));
        }
        (None, None) => {
            return match api.or(authorization) {
                Some(alone) => contradiction(format!(
                    "{} is set, but no application: set LOJISTA_MERCADO_LIVRE_CLIENT_ID and \
                     LOJISTA_MERCADO_LIVRE_CLIENT_SECRET_FILE too",
                    alone.origin
                )),
                None => Ok(None),
            };
        }
    };
    let site = values.get("mercado_livre.site").map_or(SITE, |given| given.text.trim());
    let client_secret = Restricted::new(secret.text.clone());
    let mut config = match MercadoLivreConfig::production(site, id.text.trim(), client_secret) {
        Ok(config) => config,
        Err(problem @ (ChannelProblem::UnknownSite(_) | ChannelProblem::Address(_))) => {
            return contradiction(format!("LOJISTA_MERCADO_LIVRE_SITE: {problem}"));
        }
    };
    match (api, authorization) {
        (Some(api), Some(authorization)) => {
            config.api_base = BaseUrl::parse(api.text.trim()).map_err(|problem| api.wrong(problem))?;
            config.auth_base =
                BaseUrl::parse(authorization.text.trim()).map_err(|problem| authorization.wrong(problem))?;
            if config.api_base.reach() != config.auth_base.reach() {
                return contradiction(format!(
                    "{} and {} lead one to this machine and one to the internet: set both to a sandbox or both \
                     to the platform",
                    api.origin, authorization.origin
                ));
            }
        }
        (Some(alone), None) | (None, Some(alone)) => {
            return contradiction(format!(
                "{} is set alone: the API and the consent page belong together, set both or neither",
                alone.origin
            ));
        }
        (None, None) => {}
    }
    Ok(Some(config))
}

//! Section `oidc`: the team's identity provider.

use std::sync::Arc;

use app::provider::ProviderRules;
use connect::settings::SettingError;
use connect::{BaseUrl, IdentityProvider, Registered};
use domain::Restricted;

use super::{ConfigError, Setting, Values};
use crate::clock::SystemClock;
use crate::failure::Failure;
use crate::house;

/// What this section takes.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "oidc.issuer",
        variable: "LOJISTA_OIDC_ISSUER",
        secret: false,
        default: "none: nobody signs in by a provider",
        about: "The team's identity provider (OpenID Connect), exactly as it calls itself, as in https://id.example.",
    },
    Setting {
        key: "oidc.client_id",
        variable: "LOJISTA_OIDC_CLIENT_ID",
        secret: false,
        default: "none",
        about: "What the shop is registered as at the provider, for the code flow and the address /sign-in/provider/callback.",
    },
    Setting {
        key: "oidc.client_secret",
        variable: "LOJISTA_OIDC_CLIENT_SECRET",
        secret: true,
        default: "none",
        about: "The secret that belongs to it.",
    },
    Setting {
        key: "oidc.domains",
        variable: "LOJISTA_OIDC_DOMAINS",
        secret: false,
        default: "none: members link their accounts themselves",
        about: "Domains of e-mail addresses, with commas between. Whoever is invited to an address of theirs, and whose address the provider has checked, may accept by signing in with it.",
    },
    Setting {
        key: "oidc.trusted_amr",
        variable: "LOJISTA_OIDC_TRUSTED_AMR",
        secret: false,
        default: "none: the house asks for its own second factor",
        about: "Words of the provider's `amr` that stand for a second factor, as in mfa,hwk, with commas between. One of them is enough.",
    },
    Setting {
        key: "oidc.trusted_acr",
        variable: "LOJISTA_OIDC_TRUSTED_ACR",
        secret: false,
        default: "none: the house asks for its own second factor",
        about: "Words of the provider's `acr` that stand for a second factor, with commas between. They are asked for, and one of them is enough.",
    },
];

/// What means nothing without a provider.
const PARTS: [&str; 5] =
    ["oidc.client_id", "oidc.client_secret", "oidc.domains", "oidc.trusted_amr", "oidc.trusted_acr"];

/// The team's identity provider.
#[derive(Clone, Default)]
pub(crate) struct Provider {
    known: Option<(Registered, ProviderRules)>,
}

impl Provider {
    /// Reads the section.
    pub(crate) fn read(values: &Values) -> Result<Self, ConfigError> {
        let contradiction = |text: String| Err(SettingError::Contradiction(text).into());
        let Some(issuer) = values.get("oidc.issuer") else {
            return match SETTINGS.iter().find(|it| PARTS.contains(&it.key) && values.get(it.key).is_some()) {
                Some(part) => contradiction(format!(
                    "{} is for an identity provider that is not set: set LOJISTA_OIDC_ISSUER, or leave both out",
                    part.variable
                )),
                None => Ok(Self::default()),
            };
        };
        BaseUrl::parse(issuer.text.trim()).map_err(|error| issuer.wrong(error))?;
        let Some(client_id) = values.get("oidc.client_id") else {
            return contradiction(
                "LOJISTA_OIDC_ISSUER is set without the shop's id there: set LOJISTA_OIDC_CLIENT_ID".into(),
            );
        };
        let Some(secret) = values.get("oidc.client_secret") else {
            return contradiction(
                "LOJISTA_OIDC_ISSUER is set without the shop's secret there: set LOJISTA_OIDC_CLIENT_SECRET_FILE"
                    .into(),
            );
        };
        let rules = ProviderRules {
            domains: domains(values)?,
            trusted_acr: words(values, "oidc.trusted_acr"),
            trusted_amr: words(values, "oidc.trusted_amr"),
        };
        let registered = Registered {
            issuer: issuer.text.trim().to_owned(),
            client_id: client_id.text.trim().to_owned(),
            client_secret: Restricted::new(secret.text.clone()),
            acr_values: rules.trusted_acr.clone(),
        };
        Ok(Self { known: Some((registered, rules)) })
    }

    /// Who is asked, and what is believed of it.
    pub(crate) fn provider(&self) -> Result<Option<(IdentityProvider, ProviderRules)>, Failure> {
        let Some((registered, rules)) = &self.known else { return Ok(None) };
        let clock = Arc::new(SystemClock);
        let provider = IdentityProvider::new(registered.clone(), house::outbound()?, clock)
            .map_err(|error| Failure::at("the identity provider cannot be used", error))?;
        Ok(Some((provider, rules.clone())))
    }
}

/// Shows whether there is one and nothing else.
impl std::fmt::Debug for Provider {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Provider(configured: {})", self.known.is_some())
    }
}

fn words(values: &Values, key: &'static str) -> Vec<String> {
    let text = values.get(key).map_or("", |given| given.text.as_str());
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn domains(values: &Values) -> Result<Vec<String>, ConfigError> {
    const KEY: &str = "oidc.domains";
    let domains: Vec<String> = words(values, KEY).into_iter().map(|word| word.to_lowercase()).collect();
    let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-');
    let is_domain = |text: &String| {
        text.contains('.') && !text.starts_with('.') && !text.ends_with('.') && text.chars().all(is_name)
    };
    match values.get(KEY) {
        Some(given) if !domains.iter().all(is_domain) => {
            Err(given.wrong("domains with commas between, as in casa.example,loja.example"))
        }
        _ => Ok(domains),
    }
}

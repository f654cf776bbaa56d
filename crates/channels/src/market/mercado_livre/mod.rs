//! Mercado Livre (Mercado Libre outside Brazil). Oddities and the tests that hold them:
//! `QUIRKS.md` in this folder.

mod auth;
mod buyers;
mod catalogue;
mod dispatch;
mod error;
mod finance;
mod goods;
mod hook;
mod listings;
mod map;
mod missed;
mod orders;
mod places;
mod prices;
mod service;
mod settings;
mod stock;
mod wire;

#[cfg(test)]
pub(super) mod facts;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use connect::outbound::{Answer, BaseUrl, BaseUrlError, CallSpec, Outbound};
use connect::{
    Account, Authorization, Buyers, Channel, ChannelError, Finance, Hooks, Listings, Messages, MissedHooks,
    Orders, Prices, Questions, Returns, Spec, Stock,
};
use connect::{Attributes, Categories, Pictures, Publishing};
use connect::{Documents, Invoices, Packages, Parcels, Tracking};
use domain::{ChannelKind, Restricted};
use http::Method;

use super::{ChannelConfig, Market};

/// What the list of channels holds of it.
pub(super) const MARKET: Market = Market { settings: settings::SETTINGS, read: settings::read };

/// Facts of the platform, from its documents of 2026-05 to 2026-09.
pub static SPEC: Spec = Spec {
    kind: ChannelKind::MercadoLivre,
    docs_url: "https://developers.mercadolivre.com.br",
    scopes: &["read", "write", "offline_access"],
    takes_pkce: true,
    // "Notificações": answer 200 within 500 ms, or the topic is switched off in the end.
    hook_deadline: Duration::from_millis(500),
    // A notification has some 400 bytes; this leaves room and keeps floods cheap.
    hook_max_bytes: 16 * 1024,
    // Undocumented; the largest quantity that the seller centre takes.
    max_quantity_units: 99_999,
    // Search by date counts whole hours, and what is searched lags behind what is.
    sweep_overlap: Duration::from_hours(2),
    // The search leaves cancelled orders out, and a parcel that moves does not move the order.
    open_order_reread: Duration::from_mins(2),
    // "Missed feeds" keeps two days.
    missed_hooks_kept: Duration::from_hours(48),
    // The commission differs by category and plan, the carriage by weight and reputation.
    known_fees: &[],
};

/// Base of the API, for all countries.
pub const API_BASE: &str = "https://api.mercadolibre.com";

/// Where a site's sellers consent. Sites whose host is certain and whose currency the
/// house knows; others are configured by address.
const AUTH_BASES: [(&str, &str); 7] = [
    ("MLB", "https://auth.mercadolivre.com.br"),
    ("MLA", "https://auth.mercadolibre.com.ar"),
    ("MLM", "https://auth.mercadolibre.com.mx"),
    ("MLC", "https://auth.mercadolibre.cl"),
    ("MCO", "https://auth.mercadolibre.com.co"),
    ("MLU", "https://auth.mercadolibre.com.uy"),
    ("MPE", "https://auth.mercadolibre.com.pe"),
];

/// Ceilings that the platform does not document and that were seen to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Orders on one page of a search.
    pub orders_page: u64,
    /// Beyond this offset a search of orders is refused.
    pub orders_offset_ceiling: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { orders_page: 50, orders_offset_ceiling: 10_000 }
    }
}

/// The app's registration at Mercado Livre.
#[derive(Debug, Clone)]
pub struct MercadoLivreConfig {
    /// Site (`MLB`).
    pub site: String,
    /// The app's id.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: Restricted<String>,
    /// Where the API is called.
    pub api_base: BaseUrl,
    /// Where the seller's browser is sent to consent.
    pub auth_base: BaseUrl,
    /// Undocumented ceilings.
    pub limits: Limits,
}

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The site's consent page is not known.
    #[error("no consent page is known for the site {0}; configure its address")]
    UnknownSite(String),
    /// An address cannot be called.
    #[error(transparent)]
    Address(#[from] BaseUrlError),
}

impl MercadoLivreConfig {
    /// The platform itself.
    pub fn production(
        site: &str,
        client_id: &str,
        client_secret: Restricted<String>,
    ) -> Result<Self, ConfigError> {
        let auth = AUTH_BASES.into_iter().find(|(known, _)| *known == site);
        let (_, auth) = auth.ok_or_else(|| ConfigError::UnknownSite(site.to_owned()))?;
        Ok(Self {
            site: site.to_owned(),
            client_id: client_id.to_owned(),
            client_secret,
            api_base: BaseUrl::parse(API_BASE)?,
            auth_base: BaseUrl::parse(auth)?,
            limits: Limits::default(),
        })
    }
}

impl ChannelConfig for MercadoLivreConfig {
    fn kind(&self) -> ChannelKind {
        SPEC.kind
    }
    fn api_base(&self) -> &BaseUrl {
        &self.api_base
    }
    fn channel(&self, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
        Arc::new(MercadoLivre::new(self.clone(), outbound))
    }
}

/// The channel.
#[derive(Debug)]
pub struct MercadoLivre {
    config: MercadoLivreConfig,
    outbound: Arc<Outbound>,
}

impl MercadoLivre {
    /// The channel of one registered app.
    #[must_use]
    pub const fn new(config: MercadoLivreConfig, outbound: Arc<Outbound>) -> Self {
        Self { config, outbound }
    }

    fn request(
        &self,
        operation: &'static str,
        method: Method,
        account: &Account,
        segments: &[&str],
    ) -> CallSpec {
        CallSpec::new(operation, method, &self.config.api_base, segments).bearer(&account.access_token)
    }

    /// Makes a call that has to succeed.
    async fn ask(&self, spec: CallSpec) -> Result<Answer, ChannelError> {
        error::succeeded(self.outbound.call(spec).await?)
    }
}

impl Channel for MercadoLivre {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }
    fn authorization(&self) -> &dyn Authorization {
        self
    }
    fn hooks(&self) -> &dyn Hooks {
        self
    }
    fn orders(&self) -> &dyn Orders {
        self
    }
    fn listings(&self) -> &dyn Listings {
        self
    }
    fn stock(&self) -> &dyn Stock {
        self
    }
    fn prices(&self) -> Option<&dyn Prices> {
        Some(self)
    }
    fn missed_hooks(&self) -> Option<&dyn MissedHooks> {
        Some(self)
    }
    fn finance(&self) -> Option<&dyn Finance> {
        Some(self)
    }
    fn questions(&self) -> Option<&dyn Questions> {
        Some(self)
    }
    fn messages(&self) -> Option<&dyn Messages> {
        Some(self)
    }
    fn returns(&self) -> Option<&dyn Returns> {
        Some(self)
    }
    fn categories(&self) -> Option<&dyn Categories> {
        Some(self)
    }
    fn attributes(&self) -> Option<&dyn Attributes> {
        Some(self)
    }
    fn pictures(&self) -> Option<&dyn Pictures> {
        Some(self)
    }
    fn publishing(&self) -> Option<&dyn Publishing> {
        Some(self)
    }
    fn packages(&self) -> Option<&dyn Packages> {
        Some(self)
    }
    fn documents(&self) -> Option<&dyn Documents> {
        Some(self)
    }
    fn tracking(&self) -> Option<&dyn Tracking> {
        Some(self)
    }
    fn invoices(&self) -> Option<&dyn Invoices> {
        Some(self)
    }
    fn buyers(&self) -> Option<&dyn Buyers> {
        Some(self)
    }
    fn parcels(&self) -> Option<&dyn Parcels> {
        Some(self)
    }
}

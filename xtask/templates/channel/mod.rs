//! Acme Market. Oddities and the tests that hold them: `QUIRKS.md` in this folder.

mod auth;
mod error;
mod hook;
mod listings;
mod map;
mod orders;
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
    Account, Authorization, Buyers, Channel, ChannelError, Finance, Hooks, Listings, Messages, MissedHooks, Orders,
    Prices, Questions, Returns, Spec, Stock,
};
use connect::{Attributes, Categories, Pictures, Publishing};
use connect::{Documents, Invoices, Packages, Parcels, Tracking};
use domain::{ChannelKind, Restricted};
use http::Method;

use super::{ChannelConfig, Market};

/// What the list of channels holds of it.
pub(super) const MARKET: Market = Market { settings: settings::SETTINGS, read: settings::read };

/// Facts of the platform. None is told yet: each comes with the document that says so.
pub static SPEC: Spec = Spec {
    kind: ChannelKind::Acme,
    docs_url: "",
    scopes: &[],
    takes_pkce: false,
    hook_deadline: Duration::ZERO,
    hook_max_bytes: 0,
    max_quantity_units: 0,
    sweep_overlap: Duration::ZERO,
    open_order_reread: Duration::ZERO,
    missed_hooks_kept: Duration::ZERO,
    known_fees: &[],
};

/// Base of the API. Not told yet: this name leads nowhere (RFC 2606).
pub const API_BASE: &str = "https://api.invalid";
/// Where sellers consent. Not told yet either.
pub const AUTH_BASE: &str = "https://auth.invalid";

/// The app's registration at Acme Market.
#[derive(Debug, Clone)]
pub struct AcmeConfig {
    /// The app's id.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: Restricted<String>,
    /// Where the API is called.
    pub api_base: BaseUrl,
    /// Where the seller's browser is sent to consent.
    pub auth_base: BaseUrl,
}

impl AcmeConfig {
    /// The platform itself.
    pub fn production(client_id: &str, client_secret: Restricted<String>) -> Result<Self, BaseUrlError> {
        Ok(Self {
            client_id: client_id.to_owned(),
            client_secret,
            api_base: BaseUrl::parse(API_BASE)?,
            auth_base: BaseUrl::parse(AUTH_BASE)?,
        })
    }
}

impl ChannelConfig for AcmeConfig {
    fn kind(&self) -> ChannelKind {
        SPEC.kind
    }
    fn api_base(&self) -> &BaseUrl {
        &self.api_base
    }
    fn channel(&self, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
        Arc::new(Acme::new(self.clone(), outbound))
    }
}

/// The channel.
#[derive(Debug)]
pub struct Acme {
    config: AcmeConfig,
    outbound: Arc<Outbound>,
}

impl Acme {
    /// The channel of one registered app.
    #[must_use]
    pub const fn new(config: AcmeConfig, outbound: Arc<Outbound>) -> Self {
        Self { config, outbound }
    }

    /// A call for the account.
    #[expect(dead_code, reason = "the first capability that is written takes this line away")]
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
    #[expect(dead_code, reason = "the first capability that is written takes this line away")]
    async fn ask(&self, spec: CallSpec) -> Result<Answer, ChannelError> {
        error::succeeded(self.outbound.call(spec).await?)
    }
}

impl Channel for Acme {
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
        None
    }
    fn missed_hooks(&self) -> Option<&dyn MissedHooks> {
        None
    }
    fn finance(&self) -> Option<&dyn Finance> {
        None
    }
    fn questions(&self) -> Option<&dyn Questions> {
        None
    }
    fn messages(&self) -> Option<&dyn Messages> {
        None
    }
    fn returns(&self) -> Option<&dyn Returns> {
        None
    }
    fn categories(&self) -> Option<&dyn Categories> {
        None
    }
    fn attributes(&self) -> Option<&dyn Attributes> {
        None
    }
    fn pictures(&self) -> Option<&dyn Pictures> {
        None
    }
    fn publishing(&self) -> Option<&dyn Publishing> {
        None
    }
    fn packages(&self) -> Option<&dyn Packages> {
        None
    }
    fn documents(&self) -> Option<&dyn Documents> {
        None
    }
    fn tracking(&self) -> Option<&dyn Tracking> {
        None
    }
    fn invoices(&self) -> Option<&dyn Invoices> {
        None
    }
    fn buyers(&self) -> Option<&dyn Buyers> {
        None
    }
    fn parcels(&self) -> Option<&dyn Parcels> {
        None
    }
}

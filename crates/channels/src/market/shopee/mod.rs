//! Shopee, by its Open Platform API v2. Oddities and the tests that hold them: `QUIRKS.md`
//! in this folder.

mod auth;
mod buyers;
mod catalogue;
mod dispatch;
mod error;
mod finance;
mod goods;
mod hook;
mod ids;
mod listings;
mod map;
mod missed;
mod offers;
mod orders;
mod places;
mod prices;
mod service;
mod settings;
mod sign;
mod stock;
mod sweep;
mod wire;

#[cfg(test)]
pub(super) mod facts;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use connect::outbound::{Answer, BaseUrl, BaseUrlError, CallSpec, Outbound, Signer};
use connect::{
    Account, Authorization, Buyers, Channel, ChannelError, Finance, Hooks, Listings, Messages, MissedHooks,
    Orders, Prices, Questions, Returns, Spec, Stock,
};
use connect::{Attributes, Categories, Pictures, Publishing};
use connect::{Documents, Invoices, Packages, Parcels, Tracking};
use domain::{ChannelKind, Restricted};
use http::Method;
use serde::de::DeserializeOwned;
use vault::hmac::HmacKey;

use self::ids::is_number;
use self::sign::PartnerSigner;
use super::{ChannelConfig, Market};

/// What the list of channels holds of it.
pub(super) const MARKET: Market = Market { settings: settings::SETTINGS, read: settings::read };

/// Facts of the platform, from its documents of 2025-12 and 2026-08.
pub static SPEC: Spec = Spec {
    kind: ChannelKind::Shopee,
    docs_url: "https://open.shopee.com/documents",
    // What an app may do hangs on its category; consent is to all of it.
    scopes: &[],
    takes_pkce: false,
    // "Push mechanism": 2xx within 3 s.
    hook_deadline: Duration::from_secs(3),
    // A push has some 500 bytes; this leaves room for lists of shops and keeps floods cheap.
    hook_max_bytes: 64 * 1024,
    // Undocumented and different from category to category (`get_item_limit`): what no
    // category is known to refuse.
    max_quantity_units: 999_999,
    // The list goes by whole seconds, and changes of one second come in any order.
    sweep_overlap: Duration::from_mins(30),
    // The list shows every order, and packages move it.
    open_order_reread: Duration::from_hours(6),
    // "get_lost_push_message": the last 3 days.
    missed_hooks_kept: Duration::from_hours(72),
    // Commission and fixed fee differ by seller, programme and price; no table of today was found.
    known_fees: &[],
};

/// Where a shop's API is called and its owner consents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// Hosts near Brazil.
    Brazil,
    /// Hosts for all other countries.
    Elsewhere,
}

impl Region {
    /// API and consent page.
    const fn hosts(self) -> (&'static str, &'static str) {
        match self {
            Self::Brazil => ("https://openplatform.shopee.com.br", "https://open.shopee.com.br"),
            Self::Elsewhere => ("https://partner.shopeemobile.com", "https://open.shopee.com"),
        }
    }
}

/// The app's registration at Shopee. Whether a token of one host works on another is not
/// documented: hosts are to be kept as they are.
#[derive(Debug, Clone)]
pub struct ShopeeConfig {
    /// The app's number.
    pub partner_id: String,
    /// The app's key, used as the text it is: it looks like hexadecimal and is not decoded.
    pub partner_key: Restricted<String>,
    /// Where the API is called.
    pub api_base: BaseUrl,
    /// Where the seller's browser is sent to consent.
    pub auth_base: BaseUrl,
}

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The app's number is none.
    #[error("the partner_id is a number, as the console shows it")]
    PartnerId,
    /// An address cannot be called.
    #[error(transparent)]
    Address(#[from] BaseUrlError),
}

impl ShopeeConfig {
    /// The platform itself.
    pub fn production(
        region: Region,
        partner_id: &str,
        partner_key: Restricted<String>,
    ) -> Result<Self, ConfigError> {
        if !is_number(partner_id) {
            return Err(ConfigError::PartnerId);
        }
        let (api, auth) = region.hosts();
        Ok(Self {
            partner_id: partner_id.to_owned(),
            partner_key,
            api_base: BaseUrl::parse(api)?,
            auth_base: BaseUrl::parse(auth)?,
        })
    }
}

impl ChannelConfig for ShopeeConfig {
    fn kind(&self) -> ChannelKind {
        SPEC.kind
    }
    fn api_base(&self) -> &BaseUrl {
        &self.api_base
    }
    fn channel(&self, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
        Arc::new(Shopee::new(self.clone(), outbound))
    }
}

/// The channel.
pub struct Shopee {
    config: ShopeeConfig,
    signer: Arc<dyn Signer>,
    hook_key: HmacKey,
    outbound: Arc<Outbound>,
}

/// Shows no key.
impl fmt::Debug for Shopee {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Shopee({})", self.config.partner_id)
    }
}

impl Shopee {
    /// The channel of one registered app.
    #[must_use]
    pub fn new(config: ShopeeConfig, outbound: Arc<Outbound>) -> Self {
        let hook_key = HmacKey::of_text(&config.partner_key);
        let signer = Arc::new(PartnerSigner::new(&config.partner_id, hook_key.clone()));
        Self { config, signer, hook_key, outbound }
    }

    /// A call of the app itself (`auth`, `push`): `action` is module and action.
    fn app_call(&self, operation: &'static str, method: Method, action: [&str; 2]) -> CallSpec {
        let [module, action] = action;
        CallSpec::new(operation, method, &self.config.api_base, &["api", "v2", module, action])
            .query("partner_id", &self.config.partner_id)
            .signed(Arc::clone(&self.signer))
    }

    /// A call for a shop. What all calls carry stands in the query, for POST, too.
    fn shop_call(
        &self,
        operation: &'static str,
        method: Method,
        account: &Account,
        action: [&str; 2],
    ) -> CallSpec {
        self.call_of_shop(operation, method, (&account.external_id, &account.access_token), action)
    }

    fn call_of_shop(
        &self,
        operation: &'static str,
        method: Method,
        (shop, token): (&str, &Restricted<String>),
        action: [&str; 2],
    ) -> CallSpec {
        self.app_call(operation, method, action).query("shop_id", shop).query_secret("access_token", token)
    }

    /// Makes a call that has to succeed and reads its `response`.
    async fn ask<T: DeserializeOwned>(&self, spec: CallSpec) -> Result<(T, Answer), ChannelError> {
        let answer = error::succeeded(self.outbound.call(spec).await?)?;
        let envelope: wire::Envelope<T> = answer.json()?;
        match envelope.response {
            Some(response) => Ok((response, answer)),
            None => Err(answer.garbled("response is missing")),
        }
    }

    /// Makes a call that has to succeed and whose answer has no `response` around it.
    async fn ask_flat<T: DeserializeOwned>(&self, spec: CallSpec) -> Result<(T, Answer), ChannelError> {
        let answer = error::succeeded(self.outbound.call(spec).await?)?;
        let flat = answer.json()?;
        Ok((flat, answer))
    }
}

impl Channel for Shopee {
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
        None
    }
    fn messages(&self) -> Option<&dyn Messages> {
        None
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

//! TikTok Shop. Oddities and the tests that hold them: `QUIRKS.md` in this folder.

mod auth;
mod buyers;
mod catalogue;
mod cursor;
mod dispatch;
mod error;
mod finance;
mod hook;
mod listings;
mod map;
mod orders;
mod parcels;
mod places;
mod prices;
mod service;
mod settings;
mod sign;
mod stock;
mod wire;

#[cfg(test)]
pub(super) mod facts;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use connect::outbound::{Answer, BaseUrl, BaseUrlError, CallSpec, Outbound};
use connect::{
    Account, Authorization, Buyers, Channel, ChannelError, ErrorKind, Finance, Hooks, KnownFee, Listings,
    Messages, MissedHooks, Orders, Prices, Questions, Returns, Spec, Stock,
};
use connect::{Attributes, Categories, Pictures, Publishing};
use connect::{Documents, Invoices, Packages, Parcels, Tracking};
use domain::{ChannelKind, Restricted};
use http::Method;
use vault::hmac::HmacKey;

use self::sign::AppSignature;
use super::{ChannelConfig, Market, loose};

/// What the list of channels holds of it.
pub(super) const MARKET: Market = Market { settings: settings::SETTINGS, read: settings::read };

/// Facts of the platform, from its documents of 2025-12 to 2026-10.
pub static SPEC: Spec = Spec {
    kind: ChannelKind::TikTokShop,
    docs_url: "https://partner.tiktokshop.com/docv2",
    // What a page or job uses. Publishing will ask for `seller.logistics` and
    // `seller.product.delete`, collection times for `seller.fulfillment.package.write`.
    scopes: &[
        "seller.authorization.info",
        "seller.finance.info",
        "seller.fulfillment.basic",
        "seller.order.info",
        "seller.product.basic",
        "seller.product.write",
        "seller.return_refund.basic",
    ],
    takes_pkce: false,
    // "TikTok Shop Webhooks Overview": answer 200 within 3 s, or it is sent again.
    hook_deadline: Duration::from_secs(3),
    // A notification has some 300 bytes; one about packages names many of them.
    hook_max_bytes: 64 * 1024,
    // "Update Inventory": up to 99,999.
    max_quantity_units: 99_999,
    // Rows move while a search is paged through, and what is searched lags behind.
    sweep_overlap: Duration::from_mins(10),
    // The search shows every order, and packages move it.
    open_order_reread: Duration::from_hours(6),
    // There is no list of missed hooks.
    missed_hooks_kept: Duration::ZERO,
    // Brazil since 2026-07-15, as the seller academy announced it: below R$ 50 10 % and R$ 4, from there on 6 % and
    // R$ 6 an item.
    known_fees: &[
        KnownFee { from_minor: 0, commission_basis_points: 1_000, per_item_minor: 400 },
        KnownFee { from_minor: 5_000, commission_basis_points: 600, per_item_minor: 600 },
    ],
};

/// Base of the API, for all countries.
pub const API_BASE: &str = "https://open-api.tiktokglobalshop.com";
/// Base of the token endpoints, for all countries.
pub const TOKEN_BASE: &str = "https://auth.tiktok-shops.com";
/// Where sellers of the United States consent.
const CONSENT_BASE_US: &str = "https://services.us.tiktokshop.com";
/// Where all others do.
const CONSENT_BASE: &str = "https://services.tiktokshop.com";

/// The version that each endpoint is called in: they have their own, and one that was
/// retired answers 36009014.
mod version {
    pub(super) const SHOPS: &str = "202309";
    pub(super) const ORDER: &str = "202507";
    pub(super) const ORDER_SEARCH: &str = "202309";
    pub(super) const PACKAGE: &str = "202309";
    pub(super) const PRODUCT: &str = "202309";
    pub(super) const PRODUCT_SEARCH: &str = "202502";
    pub(super) const INVENTORY: &str = "202309";
    pub(super) const PRICES: &str = "202309";
    pub(super) const ORDER_MONEY: &str = "202501";
    pub(super) const UNSETTLED: &str = "202507";
    pub(super) const STATEMENTS: &str = "202309";
    pub(super) const STATEMENT_MONEY: &str = "202501";
    pub(super) const RETURNS: &str = "202309";
    pub(super) const RECORDS: &str = "202309";
    pub(super) const ANSWERS: &str = "202309";
    pub(super) const PARTIAL_EDIT: &str = "202509";
    pub(super) const WAREHOUSES: &str = "202309";
    pub(super) const DOCUMENTS: &str = "202309";
    pub(super) const TRACKING: &str = "202309";
    pub(super) const INVOICES: &str = "202502";
    pub(super) const PARCELS: &str = "202309";
}

/// Sizes of the platform's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Orders on one page of a search.
    pub orders_page: u64,
    /// Products on one page of a search.
    pub products_page: u64,
    /// A search that finds more products is refused in the end (12052180).
    pub products_ceiling: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { orders_page: 100, products_page: 100, products_ceiling: 10_000 }
    }
}

/// The app's registration at TikTok Shop.
#[derive(Debug, Clone)]
pub struct TikTokShopConfig {
    /// Region of the shops that are connected, as ISO 3166-1 names it (`BR`): which of
    /// the shops of a seller with several is meant.
    pub region: String,
    /// The service's id, which the consent page is asked with.
    pub service_id: String,
    /// The app's key.
    pub app_key: String,
    /// The app's secret.
    pub app_secret: Restricted<String>,
    /// Where the API is called.
    pub api_base: BaseUrl,
    /// Where tokens are issued.
    pub token_base: BaseUrl,
    /// Where the seller's browser is sent to consent.
    pub consent_base: BaseUrl,
    /// Ids of warehouses that are the platform's own ("Fulfilled by TikTok"): listings do
    /// not tell them apart, and their list needs a scope of its own. Units there are left
    /// as they are. There are none in Brazil.
    pub platform_warehouses: BTreeSet<String>,
    /// Sizes of lists.
    pub limits: Limits,
}

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No region of two capital letters.
    #[error("{0:?} is no region; write it as two capital letters, such as BR")]
    NoRegion(String),
    /// An address cannot be called.
    #[error(transparent)]
    Address(#[from] BaseUrlError),
}

impl TikTokShopConfig {
    /// The platform itself.
    pub fn production(
        region: &str,
        service_id: &str,
        app_key: &str,
        app_secret: Restricted<String>,
    ) -> Result<Self, ConfigError> {
        if region.len() != 2 || !region.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(ConfigError::NoRegion(region.to_owned()));
        }
        let consent_base = if region == "US" { CONSENT_BASE_US } else { CONSENT_BASE };
        Ok(Self {
            region: region.to_owned(),
            service_id: service_id.to_owned(),
            app_key: app_key.to_owned(),
            app_secret,
            api_base: BaseUrl::parse(API_BASE)?,
            token_base: BaseUrl::parse(TOKEN_BASE)?,
            consent_base: BaseUrl::parse(consent_base)?,
            platform_warehouses: BTreeSet::new(),
            limits: Limits::default(),
        })
    }
}

impl ChannelConfig for TikTokShopConfig {
    fn kind(&self) -> ChannelKind {
        SPEC.kind
    }
    fn api_base(&self) -> &BaseUrl {
        &self.api_base
    }
    fn channel(&self, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
        Arc::new(TikTokShop::new(self.clone(), outbound))
    }
}

/// The channel.
#[derive(Debug)]
pub struct TikTokShop {
    config: TikTokShopConfig,
    outbound: Arc<Outbound>,
    signature: Arc<AppSignature>,
    hook_key: HmacKey,
}

impl TikTokShop {
    /// The channel of one registered app.
    #[must_use]
    pub fn new(config: TikTokShopConfig, outbound: Arc<Outbound>) -> Self {
        let signature = Arc::new(AppSignature::new(config.app_secret.clone()));
        let hook_key = HmacKey::of_text(&config.app_secret);
        Self { config, outbound, signature, hook_key }
    }

    /// A signed call that no shop is named in.
    fn request_without_shop(
        &self,
        operation: &'static str,
        method: Method,
        token: &Restricted<String>,
        segments: &[&str],
    ) -> CallSpec {
        CallSpec::new(operation, method, &self.config.api_base, segments)
            .header("content-type", "application/json")
            .header_secret("x-tts-access-token", token)
            .query("app_key", &self.config.app_key)
            .signed(self.signature.clone())
    }

    /// A signed call about the account's shop. An account whose cipher is not known is
    /// [`ErrorKind::TokenRefused`]: the next refresh reads it.
    fn request(
        &self,
        operation: &'static str,
        method: Method,
        account: &Account,
        segments: &[&str],
    ) -> Result<CallSpec, ChannelError> {
        let cipher = account.handle.as_deref();
        let cipher = cipher.ok_or_else(|| ChannelError::new(ErrorKind::TokenRefused, operation))?;
        let spec = self.request_without_shop(operation, method, &account.access_token, segments);
        Ok(spec.query("shop_cipher", cipher))
    }

    /// Makes a call that has to succeed.
    async fn ask(&self, spec: CallSpec) -> Result<Answer, ChannelError> {
        error::succeeded(self.outbound.call(spec).await?)
    }
}

/// Most digits of an id: it has 64 bits.
const MAX_ID_DIGITS: usize = 20;

/// An id of the platform. Checked where it is not part of a path.
fn is_id(text: &str) -> bool {
    loose::is_digits(text, MAX_ID_DIGITS)
}

impl Channel for TikTokShop {
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
        None
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

//! What a channel's tests tell the kit, and the calls that the kit makes of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use domain::{Buyer, Currency, ManualClock, Money, OrderSnapshot, Restricted, Timestamp};
use http::HeaderMap;

use super::catalogue::{self, CatalogueCall, CatalogueOutcome, CatalogueSamples};
use super::script::{Script, Step, now};
use crate::channel::{
    Account, AccountProfile, Channel, Consent, HookEvent, HookRejection, HookRequest, IssuedTokens,
    ListingKey, ListingSnapshot, OrderRef, Page, Window,
};
use crate::error::ChannelError;
use crate::finance::{Finance, OrderMoney, SettledOrder};
use crate::outbound::Outbound;

/// When every check happens: 2026-11-10T13:00:00Z.
pub const NOW: Timestamp = Timestamp::from_millis(1_794_315_600_000);

/// One thing that a channel does over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// A code becomes tokens.
    Exchange,
    /// A refresh token becomes the next pair.
    Refresh,
    /// Who the account is.
    Identify,
    /// The end of the consent.
    Revoke,
    /// One order.
    FetchOrder,
    /// The orders of a shipment.
    OrdersOfShipment,
    /// The sweep.
    UpdatedOrders,
    /// All listings.
    PageOfListings,
    /// One listing.
    FetchListing,
    /// A quantity.
    WriteStock,
    /// A price.
    WritePrice,
    /// Missed hooks.
    MissedHooks,
    /// The money of an order.
    OrderMoney,
    /// Orders that were settled.
    SettledOrders,
    /// The buyer of an order.
    BuyerOfOrder,
    /// Goods that are to be published.
    Catalogue(CatalogueCall),
}

impl Capability {
    /// Every capability there is.
    pub const ALL: [Self; 30] = [
        Self::Exchange,
        Self::Refresh,
        Self::Identify,
        Self::Revoke,
        Self::FetchOrder,
        Self::OrdersOfShipment,
        Self::UpdatedOrders,
        Self::PageOfListings,
        Self::FetchListing,
        Self::WriteStock,
        Self::WritePrice,
        Self::MissedHooks,
        Self::OrderMoney,
        Self::SettledOrders,
        Self::BuyerOfOrder,
        Self::Catalogue(CatalogueCall::Roots),
        Self::Catalogue(CatalogueCall::Path),
        Self::Catalogue(CatalogueCall::Predict),
        Self::Catalogue(CatalogueCall::Rules),
        Self::Catalogue(CatalogueCall::Owed),
        Self::Catalogue(CatalogueCall::Brands),
        Self::Catalogue(CatalogueCall::Upload),
        Self::Catalogue(CatalogueCall::Create),
        Self::Catalogue(CatalogueCall::CreateAgain),
        Self::Catalogue(CatalogueCall::Find),
        Self::Catalogue(CatalogueCall::Standing),
        Self::Catalogue(CatalogueCall::Update),
        Self::Catalogue(CatalogueCall::TakeDown),
        Self::Catalogue(CatalogueCall::PutUp),
        Self::Catalogue(CatalogueCall::Delete),
    ];

    /// Whether the call changes a listing.
    #[must_use]
    pub fn is_write(self) -> bool {
        let is_catalogue = matches!(self, Self::Catalogue(call) if call.is_write());
        is_catalogue || matches!(self, Self::WriteStock | Self::WritePrice)
    }

    /// Whether the call is made with an access token.
    #[must_use]
    pub fn is_authorised(self) -> bool {
        !matches!(self, Self::Exchange | Self::Refresh)
    }
}

/// The method of the contract that does it.
impl fmt::Display for Capability {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Exchange => "Authorization::exchange",
            Self::Refresh => "Authorization::refresh",
            Self::Identify => "Authorization::identify",
            Self::Revoke => "Authorization::revoke",
            Self::FetchOrder => "Orders::fetch",
            Self::OrdersOfShipment => "Orders::of_shipment",
            Self::UpdatedOrders => "Orders::updated_in",
            Self::PageOfListings => "Listings::page",
            Self::FetchListing => "Listings::fetch",
            Self::WriteStock => "Stock::write",
            Self::WritePrice => "Prices::write",
            Self::MissedHooks => "MissedHooks::page",
            Self::OrderMoney => "Finance::of_order",
            Self::SettledOrders => "Settlements::settled_in",
            Self::BuyerOfOrder => "Buyers::of_order",
            Self::Catalogue(call) => return call.fmt(out),
        })
    }
}

/// What the kit calls with.
#[derive(Debug, Clone)]
pub struct Samples {
    /// Authorization code.
    pub code: Restricted<String>,
    /// What the browser brings back besides code and state.
    pub callback: BTreeMap<String, String>,
    /// PKCE verifier.
    pub verifier: Restricted<String>,
    /// Address of the callback.
    pub redirect_uri: String,
    /// Refresh token.
    pub refresh_token: Restricted<String>,
    /// The order of the scripts.
    pub order_id: String,
    /// A shipment that carries it.
    pub shipment_id: String,
    /// A window that it was updated in.
    pub window: Window,
    /// The listing that is fetched and written.
    pub key: ListingKey,
    /// The quantity that is written.
    pub quantity_units: i64,
    /// The price that is written.
    pub price: Money,
}

/// A hook and what it says.
#[derive(Debug, Clone)]
pub struct HookSample {
    /// The address that it was posted to.
    pub url: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
    /// What the channel has to read from it.
    pub reading: Result<Vec<HookEvent>, HookRejection>,
}

impl HookSample {
    /// The hook as it comes to the door.
    #[must_use]
    pub fn request(&self) -> HookRequest<'_> {
        self.with_body(&self.body)
    }

    /// The same with another body.
    #[must_use]
    pub fn with_body<'a>(&'a self, body: &'a [u8]) -> HookRequest<'a> {
        HookRequest { url: &self.url, headers: &self.headers, body }
    }
}

/// What a channel's tests tell the kit.
pub trait Harness {
    /// The channel under test.
    fn channel(&self, outbound: Arc<Outbound>) -> Arc<dyn Channel>;
    /// The account that it calls for.
    fn account(&self) -> Account;
    /// What to call with.
    fn samples(&self) -> Samples;
    /// The address that the owner's browser is sent to for state `st/ate` and challenge
    /// `chal-lenge`.
    fn authorize_url(&self) -> String;

    /// The secrets that the call of a capability is made with; none only for missed hooks
    /// that are listed for the app and not for an account.
    fn secrets(&self, capability: Capability) -> Vec<String>;
    /// Requests and answers when all is well; `None` for what the channel lacks.
    fn script(&self, capability: Capability) -> Option<Vec<Step>>;
    /// Which step of the script has an answer whose body the channel needs; `None` when
    /// the status says all.
    fn needed_step(&self, capability: Capability) -> Option<usize>;

    /// Status and body of a refused access token.
    fn token_refused(&self) -> (u16, String);
    /// Status and body of a refused refresh token.
    fn consent_ended(&self) -> (u16, String);
    /// Status and body of a missing permission.
    fn permission_missing(&self) -> (u16, String);
    /// Status and body of a thing that is not there.
    fn not_found(&self) -> (u16, String);

    /// The script of [`Capability::FetchOrder`] with the platform's status replaced.
    fn order_with_status(&self, status: &str) -> Vec<Step>;
    /// The same with the total replaced by these digits, in `currency`.
    fn order_with_total(&self, digits: &str, currency: Currency) -> Vec<Step>;
    /// The script of [`Capability::WriteStock`] where the platform says yes and shows
    /// another quantity.
    fn write_ignored(&self) -> Vec<Step>;
    /// The script of [`Capability::WritePrice`] where the platform says yes and shows
    /// another price; `None` for a channel without prices.
    fn price_ignored(&self) -> Option<Vec<Step>>;
    /// The script of [`Capability::FetchListing`] with the platform's status replaced.
    fn listing_with_status(&self, status: &str) -> Vec<Step>;

    /// A good hook.
    fn hook(&self) -> HookSample;
    /// A hook of a topic that does not exist.
    fn unknown_topic(&self) -> HookSample;
    /// Hooks that must be refused: another app's, badly signed ones.
    fn refused_hooks(&self) -> Vec<HookSample>;

    /// What goods are published with; `None` for a channel that publishes nothing.
    fn catalogue(&self) -> Option<CatalogueSamples>;
}

/// What a capability gave.
#[derive(Debug)]
#[expect(missing_docs, reason = "each variant is the outcome of the capability of its name")]
pub enum Outcome {
    Tokens(IssuedTokens),
    Profile(AccountProfile),
    Revoked,
    Order(Box<OrderSnapshot>),
    OrderIds(Vec<String>),
    Updated(Page<OrderRef>),
    Listings(Page<ListingSnapshot>),
    Listing(Vec<ListingSnapshot>),
    Written(ListingSnapshot),
    Missed(Page<HookEvent>),
    Money(OrderMoney),
    Settled(Page<SettledOrder>),
    Buyer(Buyer),
    Catalogue(CatalogueOutcome),
    /// The channel has no such capability.
    Lacking,
}

/// The channel in front of a scripted platform.
pub(super) fn scripted(harness: &dyn Harness, steps: Vec<Step>) -> (Arc<dyn Channel>, Script) {
    let script = Script::new(steps);
    let channel = harness.channel(script.outbound(Arc::new(ManualClock::at(NOW))));
    (channel, script)
}

/// Makes the call of a capability under a script.
pub(super) fn attempt(
    harness: &dyn Harness,
    capability: Capability,
    steps: Vec<Step>,
) -> (Result<Outcome, ChannelError>, Script) {
    let (channel, script) = scripted(harness, steps);
    (perform(harness, capability, channel.as_ref()), script)
}

/// Makes the call of a capability in a spoilt world: what the script does not know is not
/// there.
pub(super) fn survive(
    harness: &dyn Harness,
    capability: Capability,
    steps: Vec<Step>,
) -> Result<Outcome, ChannelError> {
    let (status, body) = harness.not_found();
    let script = Script::lenient(steps, status, &body);
    let channel = harness.channel(script.outbound(Arc::new(ManualClock::at(NOW))));
    perform(harness, capability, channel.as_ref())
}

fn perform(
    harness: &dyn Harness,
    capability: Capability,
    channel: &dyn Channel,
) -> Result<Outcome, ChannelError> {
    let (it, account) = (harness.samples(), harness.account());
    match capability {
        Capability::Exchange => {
            let consent = Consent {
                code: &it.code,
                fields: &it.callback,
                verifier: &it.verifier,
                redirect_uri: &it.redirect_uri,
            };
            now(channel.authorization().exchange(consent)).map(Outcome::Tokens)
        }
        Capability::Refresh => {
            now(channel.authorization().refresh(&account, &it.refresh_token)).map(Outcome::Tokens)
        }
        Capability::Identify => now(channel.authorization().identify(&account)).map(Outcome::Profile),
        Capability::Revoke => now(channel.authorization().revoke(&account)).map(|()| Outcome::Revoked),
        Capability::FetchOrder => {
            now(channel.orders().fetch(&account, &it.order_id)).map(|order| Outcome::Order(Box::new(order)))
        }
        Capability::OrdersOfShipment => {
            now(channel.orders().of_shipment(&account, &it.shipment_id)).map(Outcome::OrderIds)
        }
        Capability::UpdatedOrders => {
            now(channel.orders().updated_in(&account, it.window, None)).map(Outcome::Updated)
        }
        Capability::PageOfListings => now(channel.listings().page(&account, None)).map(Outcome::Listings),
        Capability::FetchListing => {
            now(channel.listings().fetch(&account, &it.key.external_id)).map(Outcome::Listing)
        }
        Capability::WriteStock => {
            now(channel.stock().write(&account, &it.key, it.quantity_units)).map(Outcome::Written)
        }
        Capability::WritePrice => match channel.prices() {
            Some(prices) => now(prices.write(&account, &it.key, it.price)).map(Outcome::Written),
            None => Ok(Outcome::Lacking),
        },
        Capability::MissedHooks => match channel.missed_hooks() {
            Some(missed) => now(missed.page(&account, None)).map(Outcome::Missed),
            None => Ok(Outcome::Lacking),
        },
        Capability::OrderMoney => match channel.finance() {
            Some(finance) => now(finance.of_order(&account, &it.order_id)).map(Outcome::Money),
            None => Ok(Outcome::Lacking),
        },
        Capability::SettledOrders => match channel.finance().and_then(Finance::settlements) {
            Some(list) => now(list.settled_in(&account, it.window, None)).map(Outcome::Settled),
            None => Ok(Outcome::Lacking),
        },
        Capability::BuyerOfOrder => match channel.buyers() {
            Some(buyers) => now(buyers.of_order(&account, &it.order_id)).map(Outcome::Buyer),
            None => Ok(Outcome::Lacking),
        },
        Capability::Catalogue(call) => match harness.catalogue() {
            Some(it) => catalogue::perform(call, &it, &account, channel),
            None => Ok(Outcome::Lacking),
        },
    }
}

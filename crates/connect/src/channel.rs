//! The channel contract: capability traits that a marketplace implements.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use domain::{
    CaseKey, ChannelKind, ConnectionId, ListingState, Money, OrderSnapshot, Restricted, Timestamp, TokenLife,
};

use crate::buyers::Buyers;
use crate::catalogue::{Attributes, Categories, Pictures, Publishing};
use crate::dispatch::{Documents, Invoices, Packages, Tracking};
use crate::error::ChannelError;
use crate::finance::Finance;
use crate::parcels::Parcels;
use crate::service::{Messages, Questions, Returns};

/// A call to the outside world, as object-safe traits return it.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, ChannelError>> + Send + 'a>>;

/// A channel: stateless, shared by all connections of its kind.
pub trait Channel: Send + Sync + fmt::Debug {
    /// What is true of the channel whatever the account.
    fn spec(&self) -> &'static Spec;
    /// Consent, tokens and who the account is.
    fn authorization(&self) -> &dyn Authorization;
    /// Reading what the channel posts to us.
    fn hooks(&self) -> &dyn Hooks;
    /// Orders.
    fn orders(&self) -> &dyn Orders;
    /// Listings.
    fn listings(&self) -> &dyn Listings;
    /// Quantities.
    fn stock(&self) -> &dyn Stock;
    /// Prices; `None` where the channel lets no program write them.
    fn prices(&self) -> Option<&dyn Prices>;
    /// Hooks that the channel gave up on; `None` where it keeps no such list.
    fn missed_hooks(&self) -> Option<&dyn MissedHooks>;
    /// Money; `None` where the channel tells no program what it charges.
    fn finance(&self) -> Option<&dyn Finance>;
    /// Questions before the sale; `None` where no program may read or answer them.
    fn questions(&self) -> Option<&dyn Questions>;
    /// Messages about a sale; `None` where no program may read or write them.
    fn messages(&self) -> Option<&dyn Messages>;
    /// Returns, requests to cancel, claims; `None` where no program may read them.
    fn returns(&self) -> Option<&dyn Returns>;
    /// The tree of categories; `None` where no program can read it.
    fn categories(&self) -> Option<&dyn Categories>;
    /// What categories ask; `None` where no program can read it.
    fn attributes(&self) -> Option<&dyn Attributes>;
    /// Pictures; `None` where they are taken by address alone, or not at all.
    fn pictures(&self) -> Option<&dyn Pictures>;
    /// Making, changing and ending listings; `None` where that is done by hand.
    fn publishing(&self) -> Option<&dyn Publishing>;
    /// Packages and how they are handed over; `None` where that is done by hand.
    fn packages(&self) -> Option<&dyn Packages>;
    /// Labels and what else is printed; `None` where no program gets them.
    fn documents(&self) -> Option<&dyn Documents>;
    /// Where packages are; `None` where no program is told.
    fn tracking(&self) -> Option<&dyn Tracking>;
    /// Invoices for the platform; `None` where it wants none from a program.
    fn invoices(&self) -> Option<&dyn Invoices>;
    /// Who bought; `None` where no program is told.
    fn buyers(&self) -> Option<&dyn Buyers>;
    /// Splitting and combining packages; `None` where that is done by hand.
    fn parcels(&self) -> Option<&dyn Parcels>;
}

/// Facts of a channel. Spans and limits name their source in the channel's own folder.
#[derive(Debug)]
pub struct Spec {
    /// Which channel.
    pub kind: ChannelKind,
    /// The platform's documents.
    pub docs_url: &'static str,
    /// The scopes that the hub asks for, in the platform's words: the least that it works
    /// with. Empty where the platform knows none.
    pub scopes: &'static [&'static str],
    /// Whether its consent page takes a PKCE challenge (RFC 7636).
    pub takes_pkce: bool,
    /// The channel calls the hook failed when no answer came within this span.
    pub hook_deadline: Duration,
    /// Largest hook body taken, in bytes.
    pub hook_max_bytes: usize,
    /// Largest quantity that a listing can show, in units.
    pub max_quantity_units: i64,
    /// How far a sweep reaches back over the time it last covered.
    pub sweep_overlap: Duration,
    /// An order that is not over and that nobody read for this long is read again by its id:
    /// short where the list of changed orders leaves changes out.
    pub open_order_reread: Duration,
    /// How long the channel keeps missed hooks; zero where it keeps none.
    pub missed_hooks_kept: Duration,
    /// What the channel is known to take of a sale today, in Brazil and its currency: offered to whoever types an
    /// account's fees. Empty where it differs by category, plan or seller.
    pub known_fees: &'static [KnownFee],
}

/// What a channel takes of an item from a price on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownFee {
    /// The price, in minor units.
    pub from_minor: i64,
    /// Its share of the price, in basis points.
    pub commission_basis_points: u32,
    /// Its fixed fee, in minor units.
    pub per_item_minor: i64,
}

/// An account that calls are made for.
#[derive(Debug, Clone)]
pub struct Account {
    /// The connection.
    pub connection: ConnectionId,
    /// The platform's id of the account.
    pub external_id: String,
    /// What the platform wants the account called by in calls, where that is not its id
    /// (a TikTok shop's cipher).
    pub handle: Option<String>,
    /// The access token in use.
    pub access_token: Restricted<String>,
}

/// What the owner's browser brought back from the consent page.
#[derive(Debug, Clone, Copy)]
pub struct Consent<'a> {
    /// The authorization code.
    pub code: &'a Restricted<String>,
    /// The other fields of the address, in the platform's words (Shopee's `shop_id`).
    pub fields: &'a BTreeMap<String, String>,
    /// The PKCE verifier (RFC 7636 §4.1); of no use where the channel takes none.
    pub verifier: &'a Restricted<String>,
    /// The exact address that the browser was sent back to.
    pub redirect_uri: &'a str,
}

/// A token pair as the platform issued it.
#[derive(Debug, Clone)]
pub struct IssuedTokens {
    /// The platform's id of the account that consented.
    pub account_external_id: String,
    /// The next [`Account::handle`]; `None` leaves the one that is known.
    pub handle: Option<String>,
    /// For calls.
    pub access_token: Restricted<String>,
    /// For the next pair; `None` when the platform gave no lasting consent.
    pub refresh_token: Option<Restricted<String>>,
    /// How long both last.
    pub life: TokenLife,
    /// Scopes that were granted, in the platform's words.
    pub scopes: Vec<String>,
}

/// Who an account is, for the page that asks "is this the shop you meant?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountProfile {
    /// The platform's id of the account.
    pub external_id: String,
    /// The shop's public name.
    pub name: String,
    /// The platform's site or region (`MLB`).
    pub site: String,
    /// Behaviour flags in the platform's words.
    pub tags: Vec<String>,
    /// Whether the platform lets it publish and sell now.
    pub may_sell: bool,
}

/// Consent and tokens.
pub trait Authorization: Send + Sync {
    /// Where the owner's browser is sent. `challenge` is the PKCE S256 challenge
    /// (RFC 7636 §4.2), left out where the channel takes none; `state` comes back unchanged.
    fn authorize_url(&self, state: &str, challenge: &str, redirect_uri: &str) -> String;

    /// Turns the code of the callback into the first pair.
    fn exchange<'a>(&'a self, consent: Consent<'a>) -> Call<'a, IssuedTokens>;

    /// Turns a refresh token into the next pair of `account`, whose access token may have
    /// ended. An error of kind
    /// [`crate::ErrorKind::ConsentEnded`] is final; everything that may pass (network,
    /// 5xx, 429) says retry, because the old pair may still be good.
    fn refresh<'a>(
        &'a self,
        account: &'a Account,
        refresh_token: &'a Restricted<String>,
    ) -> Call<'a, IssuedTokens>;

    /// Who the account is.
    fn identify<'a>(&'a self, account: &'a Account) -> Call<'a, AccountProfile>;

    /// Ends the consent at the platform. Where only the account's owner can do that, it is
    /// [`crate::ErrorKind::Refused`] without a call.
    fn revoke<'a>(&'a self, account: &'a Account) -> Call<'a, ()>;
}

/// What a hook is about. The hook is only a hint: the thing is always fetched again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookSubject {
    /// An order changed.
    Order(String),
    /// A shipment changed; its orders have to be read again.
    Shipment(String),
    /// A listing changed.
    Listing(String),
    /// A question, return, request to cancel or claim changed.
    Case(CaseKey),
    /// Somebody wrote: the thread of this message has to be read.
    Message(String),
    /// A topic that the hub does not act on; counted, not kept.
    NotForUs,
}

/// One thing that a hook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookEvent {
    /// The platform's id of the account it belongs to.
    pub account_external_id: String,
    /// What it is about.
    pub subject: HookSubject,
    /// The platform's word for the topic, for people and counters.
    pub topic: String,
    /// When the platform sent it, where it says so.
    pub sent_at: Option<Timestamp>,
}

/// Why a hook is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookRejection {
    /// Not of the documented form.
    #[error("the hook is not of the documented form: {0}")]
    Malformed(String),
    /// Meant for another app.
    #[error("the hook is for another application")]
    ForeignApp,
    /// Its signature is missing or wrong.
    #[error("the hook's signature is wrong")]
    BadSignature,
}

/// A hook as it came to the door.
#[derive(Debug, Clone, Copy)]
pub struct HookRequest<'a> {
    /// The full address that the platform was given: part of what some sign.
    pub url: &'a str,
    /// Headers.
    pub headers: &'a http::HeaderMap,
    /// The raw bytes.
    pub body: &'a [u8],
}

/// Reading what the channel posts to us.
pub trait Hooks: Send + Sync {
    /// Checks a hook over its raw bytes and lists *all* it says.
    fn read(&self, hook: HookRequest<'_>) -> Result<Vec<HookEvent>, HookRejection>;
}

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Beginning.
    pub from: Timestamp,
    /// End.
    pub to: Timestamp,
}

/// One page of a list, and how to get the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Opaque; `None` on the last page.
    pub next: Option<String>,
    /// How many there are in all, where the platform says so.
    pub total: Option<u64>,
}

/// An order in a list: enough to know whether it has to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRef {
    /// The platform's id of the order.
    pub external_id: String,
    /// The platform's clock on it.
    pub updated_at: Timestamp,
    /// The order itself where the list shows it whole and it is over
    /// ([`OrderSnapshot::is_over`]): nothing is left that fetching it would change. What its
    /// packages alone tell is left out. Years of orders are taken in this way.
    pub over: Option<Box<OrderSnapshot>>,
}

impl OrderRef {
    /// An order of which the list tells no more than that it changed, or, with `shown`, one
    /// that the list shows: kept if it is over.
    #[must_use]
    pub fn new(external_id: &str, updated_at: Timestamp, shown: Option<OrderSnapshot>) -> Self {
        let over = shown.filter(OrderSnapshot::is_over).map(Box::new);
        Self { external_id: external_id.to_owned(), updated_at, over }
    }
}

/// Orders.
pub trait Orders: Send + Sync {
    /// An order as it stands now, its shipment included. An answer about another order
    /// is [`crate::ErrorKind::Garbled`].
    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, OrderSnapshot>;

    /// The orders that a shipment carries.
    fn of_shipment<'a>(&'a self, account: &'a Account, shipment_id: &'a str) -> Call<'a, Vec<String>>;

    /// Orders updated within `window`, page by page. May list orders outside of it.
    fn updated_in<'a>(
        &'a self,
        account: &'a Account,
        window: Window,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<OrderRef>>;
}

/// Names what a quantity is written for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListingKey {
    /// The platform's id of the listing.
    pub external_id: String,
    /// The platform's id of the variation, where the listing has them.
    pub variation_external_id: Option<String>,
}

/// Who decides the quantity that a listing shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockControl {
    /// The seller: the hub writes it.
    Seller,
    /// The platform's own warehouse: read only.
    Platform,
}

/// A listing (or one variation of it) as the platform shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingSnapshot {
    /// Its name at the platform.
    pub key: ListingKey,
    /// Listings with the same value share one quantity at the platform (a Mercado Livre
    /// user product); `None` where each has its own.
    pub stock_group: Option<String>,
    /// Title.
    pub title: String,
    /// The seller's own code.
    pub seller_sku: Option<String>,
    /// Where it stands, in our words.
    pub state: ListingState,
    /// Where it stands, in the platform's word.
    pub platform_status: String,
    /// Units it shows.
    pub quantity_units: i64,
    /// Who decides the quantity.
    pub stock_control: StockControl,
    /// Price of one unit.
    pub price: Option<Money>,
    /// Its public page.
    pub permalink: Option<String>,
    /// The platform's clock on it.
    pub updated_at: Timestamp,
}

/// Listings.
pub trait Listings: Send + Sync {
    /// All listings of the account, page by page, variations apart.
    fn page<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<ListingSnapshot>>;

    /// A listing as it stands now: one snapshot for each variation. An answer about
    /// another listing is [`crate::ErrorKind::Garbled`].
    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<ListingSnapshot>>;
}

/// Quantities.
pub trait Stock: Send + Sync {
    /// Writes an absolute quantity, reads it back and returns what the platform then
    /// shows. An answer of "accepted" that left another value is
    /// [`crate::ErrorKind::WriteNotApplied`].
    ///
    /// Where the listing's units lie in several places, `quantity_units` is the sum over
    /// all of them; which place takes the difference is the channel's rule, the same for
    /// the same places, and places of the platform's own are left as they are. Where the
    /// platform versions its quantities, a change that came in between is
    /// [`crate::ErrorKind::Conflict`] and nothing is written: the quantity has to be
    /// computed again, as the change may be a sale.
    fn write<'a>(
        &'a self,
        account: &'a Account,
        key: &'a ListingKey,
        quantity_units: i64,
    ) -> Call<'a, ListingSnapshot>;
}

/// Prices.
pub trait Prices: Send + Sync {
    /// Writes the price without promotions, reads it back and returns the listing with
    /// it. A price that is not above zero or of another currency than the listing's is
    /// refused before anything is written; an answer of "accepted" that left another
    /// price is [`crate::ErrorKind::WriteNotApplied`].
    fn write<'a>(
        &'a self,
        account: &'a Account,
        key: &'a ListingKey,
        price: Money,
    ) -> Call<'a, ListingSnapshot>;
}

/// Hooks that the channel gave up on.
pub trait MissedHooks: Send + Sync {
    /// The kept list, page by page.
    fn page<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<HookEvent>>;
}

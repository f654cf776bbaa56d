//! What a channel is to the rest of the house: a set of capabilities behind traits, and
//! the one HTTP client that every channel calls the outside world with. Letters go out by
//! [`mail`]; who somebody is at their team's identity provider, [`identity`] asks.
//!
//! A mandatory capability has no default body, an optional one is a separate trait
//! reached through an `Option`: what a channel lacks is visible and typed, and nothing
//! forgotten succeeds silently.

pub mod bucket;
pub mod buyers;
pub mod catalogue;
pub mod channel;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod dispatch;
pub mod error;
pub mod exchange;
pub mod finance;
pub mod identity;
pub mod mail;
pub mod outbound;
pub mod parcels;
pub mod redact;
pub mod service;
pub mod settings;

pub use buyers::Buyers;
pub use catalogue::{
    Attributes, Categories, Category, Existing, PictureUse, Pictures, Publishing, Standing, Submission,
};
pub use channel::{
    Account, AccountProfile, Authorization, Call, Channel, Consent, HookEvent, HookRejection, HookRequest,
    HookSubject, Hooks, IssuedTokens, KnownFee, ListingKey, ListingSnapshot, Listings, MissedHooks, OrderRef,
    Orders, Page, Prices, Spec, Stock, StockControl, Window,
};
pub use dispatch::{Documents, InvoiceReplacing, Invoices, Packages, Printout, Tracking};
pub use error::{ChannelError, ErrorKind};
pub use exchange::Exchange;
pub use finance::{Finality, Finance, OrderMoney, SettledOrder, Settlements};
pub use identity::{IdentityProvider, ProviderError, Registered};
pub use mail::{Letter, MailError, MailServer, Mailer, Sender};
pub use outbound::{
    Answer, BaseUrl, CallSpec, HttpTransport, Outbound, Part, Signer, Transport, TransportError, Unsigned,
    WireRequest, WireResponse,
};
pub use parcels::{Combinable, Combining, Parcels, Reunion, Split};
pub use service::{Messages, Questions, Returns};

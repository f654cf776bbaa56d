//! The outside world, simulated: a developer tool in its own right.
//!
//! Each simulated market answers like the marketplace it stands for, written from the published
//! facts alone, so that unmodified clients work against it. It shares no wire type, no
//! signing code and no fixture with the connectors: a mistake made by both would be
//! invisible.
//!
//! The core is pure: worlds such as [`mercado_livre::World`] driven by an injected clock and
//! a seed. The same seed, calls and times give the same answers, ids included. Around each
//! stands the same [`Frame`], with two thin shells: [`Frame::router`] for calls in process
//! and [`Frame::spawn`] for calls over TCP.

pub mod agenda;
pub mod call;
mod clock;
pub mod dates;
mod dice;
pub mod faults;
pub mod frame;
pub mod hooks;
pub mod identity;
mod ids;
pub mod log;
pub mod mail;
pub mod mercado_livre;
pub mod multipart;
pub mod pdf;
pub mod products;
pub mod reply;
pub mod s3;
mod sandbox;
mod shell;
pub mod shopee;
pub mod storefront;
pub mod table;
pub mod text;
pub mod tiktok_shop;
pub mod traffic;
mod zip;

pub use clock::ShiftedClock;
pub use dice::Dice;
pub use faults::{Fault, FaultRule};
pub use frame::{Addresses, Frame, Market, Outcome};
pub use hooks::{HookAnswer, HookDelivery};
pub use identity::{IdentityConfig, IdentitySandbox};
pub use ids::{Ids, Series};
pub use mail::MailCatcher;
pub use mercado_livre::manifest::Manifest;
pub use mercado_livre::sales::{SaleError, SaleRequest};
pub use mercado_livre::snapshot::Snapshot;
pub use sandbox::{Sandbox, SandboxConfig};
pub use shell::{HELP, HookSender, LoopbackSender};
pub use shopee::ShopeeConfig;
pub use traffic::Traffic;

/// The simulated Shopee. Cheap to clone; all clones are the same world.
pub type ShopeeSandbox = Frame<shopee::World>;

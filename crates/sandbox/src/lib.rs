//! The outside world, simulated: a developer tool in its own right.
//!
//! A [`Sandbox`] answers like the marketplace it stands for, written from the published
//! facts alone, so that unmodified clients work against it. It shares no wire type, no
//! signing code and no fixture with the connectors: a mistake made by both would be
//! invisible.
//!
//! The core is pure: a [`mercado_livre::World`] driven by an injected clock and a seed.
//! The same seed, calls and times give the same answers, ids included. Around it stand
//! two thin shells: [`Sandbox::router`] for calls in process and [`Sandbox::spawn`] for
//! calls over TCP.

pub mod agenda;
pub mod call;
mod clock;
pub mod dates;
mod dice;
pub mod faults;
pub mod hooks;
mod ids;
pub mod log;
pub mod mercado_livre;
pub mod pdf;
pub mod reply;
mod sandbox;
mod shell;
pub mod table;
pub mod text;
mod zip;

pub use clock::ShiftedClock;
pub use dice::Dice;
pub use faults::{Fault, FaultRule};
pub use hooks::HookDelivery;
pub use ids::{Ids, Series};
pub use mercado_livre::manifest::Manifest;
pub use mercado_livre::robot::Traffic;
pub use mercado_livre::sales::{SaleError, SaleRequest};
pub use mercado_livre::snapshot::Snapshot;
pub use sandbox::{Sandbox, SandboxConfig};
pub use shell::{HELP, HookSender, LoopbackSender};

//! What a shop is, as plain data and pure decisions.
//!
//! No async and no I/O live here: time and chance come in through [`Clock`] and
//! [`Entropy`], and every rule (may this order move? how many units are left? is
//! this news stale?) is a function that a test can call without a server.

pub mod access;
pub mod class;
pub mod id;
pub mod money;
pub mod random;
pub mod retry;
pub mod time;

pub use access::{Actor, Grant, Purpose};
pub use class::{Confidential, Guarded, Internal, Public, Restricted};
pub use id::*;
pub use money::{Currency, Money};
pub use random::{Entropy, SeededEntropy};
pub use retry::Verdict;
pub use time::{Clock, ManualClock, Timestamp};

//! The test kit: a whole shop in one process, its marketplaces simulated beside it, its
//! time and chance in the test's hands. And the simulator, which drives such a shop
//! through storms and holds it against its promises after every event.

pub mod authenticator;
pub mod bench;
pub mod capture;
pub mod crash;
pub mod database;
pub mod flash;
pub mod identity;
pub mod mailbox;
pub mod market;
pub mod marketplace;
pub mod shop;
pub mod simulate;
pub mod torture;

pub use market::Market;
pub use marketplace::Marketplace;
pub use shop::{Builder, TestApp};

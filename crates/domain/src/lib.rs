//! What a shop is, as plain data and pure decisions.
//!
//! No async and no I/O live here: time and chance come in through [`Clock`] and
//! [`Entropy`], and every rule (may this order move? how many units are left? is
//! this news stale?) is a function that a test can call without a server.

pub mod access;
pub mod case;
pub mod class;
pub mod connection;
pub mod count_file;
pub mod goods_return;
pub mod id;
pub mod kit;
pub mod limit;
pub mod listing;
pub mod member;
pub mod money;
pub mod order;
pub mod pace;
pub mod privacy;
pub mod problem;
pub mod random;
pub mod replay;
pub mod retention;
pub mod retry;
pub mod role;
pub mod settlement;
pub mod shield;
pub mod silence;
pub mod split;
pub mod stock;
pub mod stock_take;
pub mod time;

// Goods, as the seller knows them.
pub mod catalogue;
pub mod product_picture;
pub mod proposal;
pub mod sheet;

// Goods that are to be published.
pub mod attribute;
pub mod draft;
pub mod offer;
pub mod picture;
pub mod pricing;
pub mod profit;
pub mod radar;

// What people narrow lists to.
pub mod buyer;
pub mod order_list;
pub mod view;

// Packages that are to be sent.
pub mod dispatch;
pub mod invoice;
pub mod parcels;

pub use access::{Actor, Grant, Purpose};
pub use buyer::Buyer;
pub use case::{Case, CaseKey, CaseKind, CaseSnapshot, CaseState, CaseVersion, Desk};
pub use class::{Confidential, Guarded, Internal, Public, Restricted};
pub use connection::{ChannelKind, ConnectionState, TokenLife};
pub use id::*;
pub use listing::{ListingState, Push};
pub use money::{Currency, Money};
pub use order::{Applied, Order, OrderSnapshot, OrderState};
pub use order_list::{PackageKind, ShipDay, ShipWindow};
pub use problem::Problem;
pub use random::{Entropy, SeededEntropy};
pub use retry::Verdict;
pub use role::{Access, Granted, Permission, Role};
pub use stock::{Delta, Effect, EntryKind, StockPosition, Tally};
pub use time::{Clock, ManualClock, Timestamp, WallClock};

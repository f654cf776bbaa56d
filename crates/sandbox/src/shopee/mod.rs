//! Shopee, Brazil (Open Platform v2): one simulated marketplace with its shops, buyers and rules.

mod args;
pub mod auth;
mod catalogue;
pub mod channel;
mod consent_page;
pub mod control;
mod envelope;
mod invoice;
pub mod item;
mod item_read;
mod item_write;
mod label;
mod logistics;
pub mod manifest;
pub mod market;
pub mod media;
mod open;
pub mod order;
mod order_read;
mod order_write;
pub mod payment;
mod privacy;
pub mod push;
pub mod returns;
pub mod review;
mod robot;
pub mod sales;
pub mod seed;
mod shipping;
pub mod shop;
mod shop_window;
mod sign;
pub mod snapshot;
mod variation;
mod world;

pub use open::ShopeeConfig;
pub use world::{Event, Rates, Rules, World};

use crate::table::Route;

/// Every resource of the simulated API, the consent pages and the control API.
#[must_use]
pub fn routes() -> Vec<Route<World>> {
    [
        auth::routes(),
        consent_page::routes(),
        shop::routes(),
        push::routes(),
        catalogue::routes(),
        media::routes(),
        item_read::routes(),
        item_write::routes(),
        variation::routes(),
        review::routes(),
        order_read::routes(),
        order_write::routes(),
        invoice::routes(),
        logistics::routes(),
        label::routes(),
        returns::routes(),
        payment::routes(),
        control::routes(),
    ]
    .concat()
}

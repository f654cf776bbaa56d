//! Mercado Livre, Brazil: one simulated marketplace with its sellers, buyers and rules.

pub mod account;
pub mod auth;
pub mod auth_page;
mod catalog_listing;
pub mod catalogue;
pub mod control;
pub mod family;
pub mod flex;
mod freight;
pub mod full;
pub mod gate;
mod geography;
pub mod item;
pub mod item_read;
mod item_update;
pub mod item_write;
pub mod label;
pub mod manifest;
mod market;
mod me1;
pub mod notice;
pub mod order;
pub mod order_read;
pub mod orders;
pub mod payment;
pub mod robot;
pub mod sales;
pub mod seed;
pub mod service;
pub mod shipment;
pub mod shipment_read;
pub mod shipment_write;
mod shop_window;
pub mod snapshot;
pub mod stock;
pub mod uptin;
mod world;

pub use world::{Event, Rules, World};

use crate::table::Route;

/// The site that is simulated.
pub const SITE: &str = "MLB";
/// The currency of the site.
pub const CURRENCY: &str = "BRL";

/// Every resource of the simulated API, the authorization page and the control API.
#[must_use]
pub fn routes() -> Vec<Route> {
    [
        auth::routes(),
        auth_page::routes(),
        account::routes(),
        item_read::routes(),
        item_write::routes(),
        stock::routes(),
        catalog_listing::routes(),
        family::routes(),
        flex::routes(),
        freight::routes(),
        full::routes(),
        geography::routes(),
        me1::routes(),
        uptin::routes(),
        order_read::routes(),
        shipment_read::routes(),
        shipment_write::routes(),
        notice::routes(),
        catalogue::routes(),
        service::routes(),
        control::routes(),
    ]
    .concat()
}

//! Quantities: absolute, and read back.

use connect::{Account, Call, ListingKey, ListingSnapshot, Stock};

use super::Acme;
use super::error::not_written;

impl Stock for Acme {
    fn write<'a>(
        &'a self,
        _account: &'a Account,
        _key: &'a ListingKey,
        _quantity_units: i64,
    ) -> Call<'a, ListingSnapshot> {
        not_written("write stock", "stock.rs")
    }
}

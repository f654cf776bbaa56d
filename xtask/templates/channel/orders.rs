//! Orders: one with its packages, and the sweep.

use connect::{Account, Call, OrderRef, Orders, Page, Window};
use domain::OrderSnapshot;

use super::Acme;
use super::error::not_written;

const FILE: &str = "orders.rs";

impl Orders for Acme {
    fn fetch<'a>(&'a self, _account: &'a Account, _external_id: &'a str) -> Call<'a, OrderSnapshot> {
        not_written("fetch order", FILE)
    }

    fn of_shipment<'a>(&'a self, _account: &'a Account, _shipment_id: &'a str) -> Call<'a, Vec<String>> {
        not_written("list orders of shipment", FILE)
    }

    fn updated_in<'a>(
        &'a self,
        _account: &'a Account,
        _window: Window,
        _cursor: Option<&'a str>,
    ) -> Call<'a, Page<OrderRef>> {
        not_written("list updated orders", FILE)
    }
}

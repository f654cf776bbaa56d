//! Who bought: what a shop finds a buyer's orders by. Asked for by itself and never beside an
//! order, so that a shop which does not look for buyers is never told of one.

use domain::Buyer;
use domain::buyer::Recipient;

use crate::channel::{Account, Call};

/// Buyers.
pub trait Buyers: Send + Sync {
    /// What the platform tells this account now of who placed an order. What it masks or
    /// keeps back is left out; a buyer of whom it tells nothing has no terms. An answer about
    /// another order is [`crate::ErrorKind::Garbled`].
    fn of_order<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Buyer>;

    /// Who gets an order's package, and where, as far as the platform shows it now.
    /// [`crate::ErrorKind::NotFound`] where the order has no package of its own (it is fetched,
    /// or the platform sends it).
    fn recipient<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Recipient>;
}

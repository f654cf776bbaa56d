//! Several parcels for one order, and one parcel for several orders.
//!
//! Each write looks first: what stands already is given back and not done twice, so that a try
//! whose outcome was lost can be repeated.

use domain::dispatch::PackageSnapshot;
use domain::parcels::{SplitPlan, Splitting};

use crate::channel::{Account, Call, Page};

/// What became of a split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// These packages stand now.
    Standing(Vec<PackageSnapshot>),
    /// It is done. The platform makes new orders, which it tells of by hooks alone, and their
    /// packages.
    Coming,
}

/// Splitting packages.
pub trait Parcels: Send + Sync {
    /// Whether and how far the package of an order can be split now.
    fn splitting<'a>(&'a self, account: &'a Account, order_external_id: &'a str) -> Call<'a, Splitting>;

    /// Splits the package of an order. What this platform does not do, a plan that does not
    /// fit the package (any more), and an order that is split in another way are
    /// [`crate::ErrorKind::Refused`]; what stands as before after a "yes" is
    /// [`crate::ErrorKind::WriteNotApplied`].
    fn split<'a>(
        &'a self,
        account: &'a Account,
        order_external_id: &'a str,
        plan: &'a SplitPlan,
    ) -> Call<'a, Split>;

    /// Taking a split back; `None` where no program can.
    fn reunion(&self) -> Option<&dyn Reunion>;

    /// One parcel for several orders; `None` where no program can.
    fn combining(&self) -> Option<&dyn Combining>;
}

/// Taking a split back.
pub trait Reunion: Send + Sync {
    /// Puts all goods of a split order into one package again, and gives that.
    fn unsplit<'a>(&'a self, account: &'a Account, order_external_id: &'a str) -> Call<'a, PackageSnapshot>;
}

/// Orders whose goods can travel in one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combinable {
    /// The platform's id of the group.
    pub external_id: String,
    /// The platform's ids of the orders: two or more, each once.
    pub orders: Vec<String>,
}

/// One parcel for several orders.
pub trait Combining: Send + Sync {
    /// What can be combined now, page by page.
    fn combinable<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<Combinable>>;

    /// Puts the goods of several orders into one package, and gives that. Errors are those of
    /// [`Parcels::split`].
    fn combine<'a>(&'a self, account: &'a Account, group: &'a Combinable) -> Call<'a, PackageSnapshot>;

    /// Takes orders out of a combined package: each has packages of its own again, which are
    /// given. Errors are those of [`Parcels::split`].
    fn take_apart<'a>(
        &'a self,
        account: &'a Account,
        package_external_id: &'a str,
        orders: &'a [String],
    ) -> Call<'a, Vec<PackageSnapshot>>;
}

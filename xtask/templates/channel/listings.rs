//! Listings: all of them page by page, and each as it stands.

use connect::{Account, Call, ListingSnapshot, Listings, Page};

use super::Acme;
use super::error::not_written;

const FILE: &str = "listings.rs";

impl Listings for Acme {
    fn page<'a>(
        &'a self,
        _account: &'a Account,
        _cursor: Option<&'a str>,
    ) -> Call<'a, Page<ListingSnapshot>> {
        not_written("list listings", FILE)
    }

    fn fetch<'a>(&'a self, _account: &'a Account, _external_id: &'a str) -> Call<'a, Vec<ListingSnapshot>> {
        not_written("fetch listing", FILE)
    }
}

//! Offers on channels, and what they are linked to.

use askama::Template;
use domain::{ChannelKind, ListingId, ListingState, Money, Timestamp};

use crate::Chrome;
use crate::pages::{Choice, Errors, Pager, SkuLink};

/// One listing (or one variation of it).
#[derive(Debug, Clone)]
pub struct ListingRow {
    /// Its id.
    pub id: ListingId,
    /// Its number at the platform.
    pub number: String,
    /// Title.
    pub title: String,
    /// The variation (`Azul · M`), where it has one.
    pub variation: Option<String>,
    /// Where it is.
    pub channel: ChannelKind,
    /// Name of its connection.
    pub connection: String,
    /// Its public page.
    pub permalink: Option<String>,
    /// Where it stands.
    pub state: ListingState,
    /// What it sells; `None` while nobody has linked it.
    pub sku: Option<SkuLink>,
    /// The code the seller gave it at the platform: the first guess for a link.
    pub seller_sku: Option<String>,
    /// What it shows, as last read.
    pub shows_units: i64,
    /// When that was read.
    pub read_at: Timestamp,
    /// What it should show; `None` while unlinked.
    pub should_units: Option<i64>,
    /// The platform's own warehouse decides the quantity.
    pub platform_stock: bool,
    /// Price of one.
    pub price: Option<Money>,
}

/// `GET /listings?text=&connection=&show=` (`show`: empty, `unlinked`, `drift`).
/// `POST /listings/{id}/link` takes `sku` (a code) and `POST /listings/{id}/unlink`
/// nothing more; both come back to the field `next`.
#[derive(Debug, Template)]
#[template(path = "listings.html")]
pub struct ListingsPage {
    /// Around it.
    pub chrome: Chrome,
    /// Number or title.
    pub text: String,
    /// A connection's id; empty = all.
    pub connection: String,
    /// Empty, `unlinked` or `drift`.
    pub show: String,
    /// Connections to narrow to.
    pub connections: Vec<Choice>,
    /// SKU codes to link to, as suggestions.
    pub sku_codes: Vec<String>,
    /// The listings.
    pub rows: Vec<ListingRow>,
    /// Before and after.
    pub pager: Pager,
    /// How many have no SKU, where those are shown to somebody who may link them.
    pub unlinked: Option<i64>,
    /// What was wrong with a link, by the listing it was for.
    pub link_error: Option<(ListingId, String)>,
    /// What is wrong, for the summary.
    pub errors: Errors,
}

impl ListingsPage {
    /// How many listings proposals are offered for.
    fn proposals(&self) -> Option<i64> {
        self.unlinked.filter(|count| *count > 0 && self.chrome.may(domain::Permission::LinkListings))
    }

    fn link_error_of(&self, id: &ListingId) -> Option<&str> {
        self.link_error.as_ref().filter(|(listing, _)| listing == id).map(|(_, text)| text.as_str())
    }
}

impl ListingRow {
    /// Whether it shows another quantity than it should.
    #[must_use]
    pub fn drifts(&self) -> bool {
        !self.platform_stock && self.should_units.is_some_and(|should| should != self.shows_units)
    }
}

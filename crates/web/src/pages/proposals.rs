//! What listings without a SKU may sell, to be confirmed.

use app::proposals::Stale;
use askama::Template;
use domain::proposal::Proposal;
use domain::{ChannelKind, ListingId, SkuId};

use crate::Chrome;
use crate::pages::Pager;

/// A listing without a SKU.
#[derive(Debug, Clone)]
pub struct ProposalRow {
    /// Its id.
    pub id: ListingId,
    /// Its number at the platform.
    pub number: String,
    /// Title.
    pub title: String,
    /// Where it is.
    pub channel: ChannelKind,
    /// Name of its connection.
    pub connection: String,
    /// The seller's own code.
    pub seller_sku: Option<String>,
    /// SKUs that it may sell, the surest first.
    pub proposals: Vec<Proposal>,
    /// The one that was picked; `None` for none of them.
    pub picked: Option<SkuId>,
    /// Why what was picked before cannot be linked any more.
    pub stale: Option<Stale>,
}

impl ProposalRow {
    fn is_picked(&self, sku: &SkuId) -> bool {
        self.picked.as_ref() == Some(sku)
    }
}

/// `GET /listings/proposals?after=`. `POST` of the same address takes `pick-{listing}` (a SKU's id, or nothing) and
/// `after`, and links all that were picked, or none.
#[derive(Debug, Template)]
#[template(path = "listing_proposals.html")]
pub struct ProposalsPage {
    /// Around it.
    pub chrome: Chrome,
    /// The listings.
    pub rows: Vec<ProposalRow>,
    /// Listings that were picked and are no longer on the page, each with why it could not be linked.
    pub gone: Vec<Gone>,
    /// Behind which listing the page begins; empty at the beginning.
    pub after: String,
    /// Before and after.
    pub pager: Pager,
}

/// A listing that was picked and cannot be linked any more.
#[derive(Debug, Clone)]
pub struct Gone {
    /// Its number at the platform.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Why.
    pub stale: Stale,
}

impl ProposalsPage {
    fn is_stale(&self) -> bool {
        !self.gone.is_empty() || self.rows.iter().any(|row| row.stale.is_some())
    }

    fn has_proposals(&self) -> bool {
        self.rows.iter().any(|row| !row.proposals.is_empty())
    }
}

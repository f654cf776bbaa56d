//! What is stocked, why it is so many, and what every listing shows of it.

use std::time::Duration;

use askama::Template;
use domain::{
    ChannelKind, Delta, EntryKind, ListingId, ListingState, Money, OrderId, Problem, ProductId, SkuId, Tally,
    Timestamp,
};

use domain::shield::Shield;
use domain::stock::{self, SALES_SPAN_DAYS};

use crate::Chrome;
use crate::pages::kits::KitView;
use crate::pages::{Errors, Pager};

/// One SKU in the list.
#[derive(Debug, Clone)]
pub struct SkuRow {
    /// Its id.
    pub id: SkuId,
    /// The seller's code.
    pub code: String,
    /// What it is.
    pub title: String,
    /// The sum of its ledger; of a kit, what its components allow.
    pub tally: Tally,
    /// Whether it is a kit.
    pub is_kit: bool,
    /// Listings that sell it.
    pub listings: i64,
    /// Units that orders took in the last [`stock::SALES_SPAN_DAYS`] days.
    pub sold_units: i64,
}

impl SkuRow {
    fn cover_days(&self) -> Option<i64> {
        stock::cover_days(self.tally.available_units(), self.sold_units)
    }

    fn is_low(&self) -> bool {
        stock::is_low(self.tally.available_units(), self.sold_units)
    }
}

/// `GET /skus?text=&show=` (`show`: empty, `low`, `out`, `oversold`).
#[derive(Debug, Template)]
#[template(path = "skus.html")]
pub struct SkusPage {
    /// Around it.
    pub chrome: Chrome,
    /// Code or title.
    pub text: String,
    /// Empty, `low`, `out` or `oversold`.
    pub show: String,
    /// The SKUs, by code.
    pub rows: Vec<SkuRow>,
    /// Before and after.
    pub pager: Pager,
}

/// One entry of the ledger.
#[derive(Debug, Clone)]
pub struct LedgerRow {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub kind: EntryKind,
    /// What it changed.
    pub delta: Delta,
    /// The sum after it; its version numbers the entry.
    pub after: Tally,
    /// The order it belongs to, and that order's number.
    pub order: Option<(OrderId, String)>,
    /// Who did it, when a person did.
    pub member: Option<String>,
    /// The reason a person gave.
    pub reason: Option<String>,
}

/// A quantity that was sent to a listing.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Units.
    pub units: i64,
    /// When it was sent.
    pub at: Timestamp,
    /// When the platform showed it; `None` while it has not.
    pub confirmed_at: Option<Timestamp>,
}

/// Units that a listing keeps back while news of sales elsewhere is on its way, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldRow {
    /// How many.
    pub units: i64,
    /// Since when.
    pub since: Timestamp,
    /// Units sold elsewhere…
    pub sold_units: i64,
    /// …within this…
    pub over: Duration,
    /// …and how long news of them takes until this listing shows it.
    pub delay: Duration,
}

/// A listing of the SKU, with the proof of what it shows.
#[derive(Debug, Clone)]
pub struct ProofRow {
    /// The listing.
    pub listing: ListingId,
    /// Its number at the platform.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Where it is.
    pub channel: ChannelKind,
    /// Name of its connection.
    pub connection: String,
    /// Its public page.
    pub permalink: Option<String>,
    /// Where it stands.
    pub state: ListingState,
    /// What was sent last; `None` while nothing had to be.
    pub sent: Option<Sent>,
    /// What it shows, as last read.
    pub shows_units: i64,
    /// When that was read.
    pub read_at: Timestamp,
    /// What it should show.
    pub should_units: i64,
    /// Whether it lies in the platform's own warehouse: its number says nothing of our shelf.
    pub platform_stock: bool,
    /// What it keeps back.
    pub held: Option<HeldRow>,
    /// What stands in the way.
    pub problem: Option<Problem>,
}

/// What was typed into the count form.
#[derive(Debug, Clone, Default)]
pub struct CountForm {
    /// Units counted on the shelf.
    pub on_hand_units: String,
    /// Units never offered.
    pub safety_units: String,
    /// Why.
    pub reason: String,
    /// What is wrong.
    pub errors: Errors,
}

/// What a listing had been told at a moment.
#[derive(Debug, Clone)]
pub struct ToldRow {
    /// Its number at the platform.
    pub number: String,
    /// Where it is.
    pub channel: ChannelKind,
    /// Name of its connection.
    pub connection: String,
    /// Units, and since when the platform had them; `None` where nothing had been told.
    pub told: Option<(i64, Timestamp)>,
    /// What it kept back.
    pub held: Option<HeldRow>,
}

/// The stock as it stood at a moment.
#[derive(Debug, Clone)]
pub struct Past {
    /// The moment.
    pub at: Timestamp,
    /// The sums of the ledger then. What is never offered is that of today.
    pub tally: Tally,
    /// What the listings of today had been told then.
    pub told: Vec<ToldRow>,
}

/// The form that asks how it stood.
#[derive(Debug, Clone, Default)]
pub struct MomentForm {
    /// The moment, as a browser's field for day and hour holds it.
    pub moment: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// How the listings share the units, and the form to choose.
#[derive(Debug, Clone)]
pub struct SharingForm {
    /// The mode chosen: `shared`, `split` or `auto`.
    pub mode: String,
    /// From how few units downwards the automatic mode splits.
    pub threshold_units: String,
    /// Whether it is split now.
    pub is_split: bool,
    /// While split: whether not every number is known yet.
    pub is_unsure: bool,
    /// While split: units that could still be sold beyond what there is.
    pub over_units: i64,
    /// The listing that gets the last units; `None` for the one that sells most.
    pub preferred: Option<ListingId>,
    /// Whether, where no listing was chosen for them, they go to where the SKU earns most.
    pub by_margin: bool,
    /// Who gets them by that now: the listing, and what a unit earned there. `None` where it is not known.
    pub earns_most: Option<(String, Money)>,
    /// How much the listings may keep back while shared: `half`, `full` or `off`.
    pub shield: String,
    /// What is wrong.
    pub errors: Errors,
}

impl SharingForm {
    /// The modes, in the order of the form.
    pub const MODES: [&str; 3] = ["shared", "split", "auto"];
    /// The shields, in the order of the form.
    pub const SHIELDS: [Shield; 3] = Shield::ALL;

    /// Whether that listing is to get the last units.
    #[must_use]
    pub fn prefers(&self, listing: &ListingId) -> bool {
        self.preferred.as_ref() == Some(listing)
    }
}

/// `GET /skus/{id}`, with `?at=2026-11-22T14:03` as it stood then. `POST /skus/{id}/sharing` takes `mode`,
/// `threshold_units`, `last_units_to` (a listing's id, `margin` or nothing) and `shield`. `POST /skus/{id}/adjust` takes `on_hand_units` (what was counted),
/// `safety_units`, `reason` and `version` (of the tally the member looked at: when sales
/// came in between, the change and not the count is what was meant).
#[derive(Debug, Template)]
#[template(path = "sku.html")]
pub struct SkuPage {
    /// Around it.
    pub chrome: Chrome,
    /// The SKU.
    pub row: SkuRow,
    /// The product that it is a variant of, and that product's title.
    pub product: Option<(ProductId, String)>,
    /// Its listings.
    pub proofs: Vec<ProofRow>,
    /// The count form.
    pub count: CountForm,
    /// How its listings share the units.
    pub sharing: SharingForm,
    /// What it is made of, and which kits it is in.
    pub kit: KitView,
    /// How it stood at the moment that was asked for.
    pub past: Option<Past>,
    /// The form for that moment.
    pub moment: MomentForm,
    /// The ledger, newest first, from that moment back.
    pub entries: Vec<LedgerRow>,
    /// Newer and older entries.
    pub pager: Pager,
}

impl SkuPage {
    fn holds_back(&self) -> bool {
        self.proofs.iter().any(|proof| proof.held.is_some())
    }

    fn has_errors(&self) -> bool {
        self.count.errors.any() || self.sharing.errors.any() || self.kit.errors.any()
    }
}

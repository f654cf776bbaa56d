//! The calls of categories, pictures and publishing, for the kit.

use std::fmt;

use domain::Timestamp;
use domain::attribute::Rules;
use domain::offer::{Brand, Change, Field, Offer};
use domain::picture::Picture;

use super::harness::Outcome;
use super::script::{Step, now};
use crate::catalogue::{Category, Existing, PictureUse, Standing, Submission};
use crate::channel::{Account, Channel, Page};
use crate::error::ChannelError;

/// One thing that is done with goods that are to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogueCall {
    /// The roots of the tree.
    Roots,
    /// A category and all above it.
    Path,
    /// What the platform proposes for a title.
    Predict,
    /// What a category asks.
    Rules,
    /// What it asks of one offer besides.
    Owed,
    /// Brands.
    Brands,
    /// A picture.
    Upload,
    /// A new listing.
    Create,
    /// The same after a try whose end nobody knows.
    CreateAgain,
    /// Listings that carry an offer's codes.
    Find,
    /// Where a listing stands.
    Standing,
    /// A listing changed.
    Update,
    /// A listing off sale.
    TakeDown,
    /// A listing on sale again.
    PutUp,
    /// The end of a listing.
    Delete,
}

impl CatalogueCall {
    /// Every one there is.
    pub const ALL: [Self; 15] = [
        Self::Roots,
        Self::Path,
        Self::Predict,
        Self::Rules,
        Self::Owed,
        Self::Brands,
        Self::Upload,
        Self::Create,
        Self::CreateAgain,
        Self::Find,
        Self::Standing,
        Self::Update,
        Self::TakeDown,
        Self::PutUp,
        Self::Delete,
    ];

    /// Whether it changes a listing.
    #[must_use]
    pub const fn is_write(self) -> bool {
        matches!(
            self,
            Self::Create | Self::CreateAgain | Self::Update | Self::TakeDown | Self::PutUp | Self::Delete
        )
    }
}

/// The method of the contract that does it.
impl fmt::Display for CatalogueCall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Roots => "Categories::children",
            Self::Path => "Categories::path",
            Self::Predict => "Categories::predict",
            Self::Rules => "Attributes::rules",
            Self::Owed => "Attributes::owed",
            Self::Brands => "Attributes::brands",
            Self::Upload => "Pictures::upload",
            Self::Create => "Publishing::create",
            Self::CreateAgain => "Publishing::create after an unknown end",
            Self::Find => "Publishing::find",
            Self::Standing => "Publishing::standing",
            Self::Update => "Publishing::update",
            Self::TakeDown => "Publishing::set_on_sale(false)",
            Self::PutUp => "Publishing::set_on_sale(true)",
            Self::Delete => "Publishing::delete",
        })
    }
}

/// What the kit calls with, and what spoilt answers mean.
#[derive(Debug, Clone)]
pub struct CatalogueSamples {
    /// A picture that is taken.
    pub picture: Picture,
    /// An offer that is taken, with no fault by the rules of its category.
    pub offer: Offer,
    /// When the try began whose end nobody knows.
    pub tried_since: Timestamp,
    /// The listing that the offer becomes, and that is changed and ended.
    pub listing: String,
    /// A change of it.
    pub change: Change,
    /// An offer that is not taken.
    pub refused: RefusedOffer,
    /// The script of [`CatalogueCall::Standing`] of a listing that moderation objects to.
    pub moderated: Vec<Step>,
    /// The script of [`CatalogueCall::TakeDown`] where the platform says yes and leaves it
    /// on sale.
    pub down_ignored: Vec<Step>,
}

/// An offer that the platform refuses for what it says.
#[derive(Debug, Clone)]
pub struct RefusedOffer {
    /// The offer.
    pub offer: Offer,
    /// The script of its creation.
    pub steps: Vec<Step>,
    /// The field that the platform names.
    pub field: Field,
}

/// What came of it.
#[derive(Debug)]
#[expect(missing_docs, reason = "each variant is the outcome of the call of its name")]
pub enum CatalogueOutcome {
    Categories(Vec<Category>),
    Rules(Box<Rules>),
    Owed(Vec<String>),
    Brands(Page<Brand>),
    Uploaded(String),
    Submission(Submission),
    Found(Vec<Existing>),
    Standing(Standing),
    Deleted,
}

/// Makes a call; nothing for what the channel lacks.
pub fn perform(
    call: CatalogueCall,
    it: &CatalogueSamples,
    account: &Account,
    channel: &dyn Channel,
) -> Result<Outcome, ChannelError> {
    let (tree, rules) = (channel.categories(), channel.attributes());
    let (pictures, publishing) = (channel.pictures(), channel.publishing());
    let (offer, listing) = (&it.offer, it.listing.as_str());
    let on_sale = |on_sale| publishing.map(|it| standing(now(it.set_on_sale(account, listing, on_sale))));
    let create = |since| publishing.map(|it| submission(now(it.create(account, offer, since))));
    let outcome = match call {
        CatalogueCall::Roots => tree.map(|it| categories(now(it.children(account, None)))),
        CatalogueCall::Path => tree.map(|it| categories(now(it.path(account, &offer.category)))),
        CatalogueCall::Predict => tree.map(|it| categories(now(it.predict(account, &offer.title)))),
        CatalogueCall::Rules => rules.map(|it| {
            now(it.rules(account, &offer.category)).map(|rules| CatalogueOutcome::Rules(Box::new(rules)))
        }),
        CatalogueCall::Owed => rules.map(|it| now(it.owed(account, offer)).map(CatalogueOutcome::Owed)),
        CatalogueCall::Brands => {
            rules.map(|it| now(it.brands(account, &offer.category, None)).map(CatalogueOutcome::Brands))
        }
        CatalogueCall::Upload => pictures.map(|taker| {
            now(taker.upload(account, &it.picture, PictureUse::Offer)).map(CatalogueOutcome::Uploaded)
        }),
        CatalogueCall::Create => create(None),
        CatalogueCall::CreateAgain => create(Some(it.tried_since)),
        CatalogueCall::Find => publishing
            .map(|taker| now(taker.find(account, offer, it.tried_since)).map(CatalogueOutcome::Found)),
        CatalogueCall::Standing => publishing.map(|it| standing(now(it.standing(account, listing)))),
        CatalogueCall::Update => {
            publishing.map(|taker| submission(now(taker.update(account, listing, &it.change))))
        }
        CatalogueCall::TakeDown => on_sale(false),
        CatalogueCall::PutUp => on_sale(true),
        CatalogueCall::Delete => {
            publishing.map(|it| now(it.delete(account, listing)).map(|()| CatalogueOutcome::Deleted))
        }
    };
    outcome.map_or(Ok(Outcome::Lacking), |outcome| outcome.map(Outcome::Catalogue))
}

type Came = Result<CatalogueOutcome, ChannelError>;

fn categories(found: Result<Vec<Category>, ChannelError>) -> Came {
    found.map(CatalogueOutcome::Categories)
}

fn standing(found: Result<Standing, ChannelError>) -> Came {
    found.map(CatalogueOutcome::Standing)
}

fn submission(found: Result<Submission, ChannelError>) -> Came {
    found.map(CatalogueOutcome::Submission)
}

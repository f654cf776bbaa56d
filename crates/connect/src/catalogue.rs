//! Putting goods on a channel: where they belong, what is asked of them, their pictures,
//! and the listing itself from its birth to its end.
//!
//! A platform that refuses *what an offer says* gives a [`Submission::Refused`] with the
//! fields that it names; anything else that goes wrong is an error with its verdict, as in
//! every other capability.

use domain::attribute::Rules;
use domain::offer::{Brand, Change, Objection, Offer};
use domain::picture::{Picture, PictureLimits};
use domain::{ListingState, Timestamp};

use crate::channel::{Account, Call, Page};

/// A category of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// The platform's id of it.
    pub external_id: String,
    /// Its name for people.
    pub name: String,
    /// The category above; `None` for a root, and where a proposal does not tell it.
    pub parent: Option<String>,
    /// Whether the account may put offers into it; `None` where the platform tells that
    /// only of a category by itself ([`Categories::path`]).
    pub takes_offers: Option<bool>,
}

/// The tree of categories.
pub trait Categories: Send + Sync {
    /// The categories right below `parent`, the roots for `None`; none below a leaf.
    fn children<'a>(&'a self, account: &'a Account, parent: Option<&'a str>) -> Call<'a, Vec<Category>>;

    /// A category and all above it, the root first. Of the last one it is known whether it
    /// takes offers.
    fn path<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<Category>>;

    /// The categories that the platform itself proposes for a title, the likeliest first;
    /// none where it has no idea.
    fn predict<'a>(&'a self, account: &'a Account, title: &'a str) -> Call<'a, Vec<Category>>;
}

/// What categories ask of offers.
pub trait Attributes: Send + Sync {
    /// All that a category asks. One that is no leaf is refused.
    fn rules<'a>(&'a self, account: &'a Account, category: &'a str) -> Call<'a, Rules>;

    /// Attributes that the platform requires of this very offer, by their ids: those of
    /// [`domain::attribute::Need::ByPlatform`]. Where the rules tell everything, it is none,
    /// without a call.
    fn owed<'a>(&'a self, account: &'a Account, offer: &'a Offer) -> Call<'a, Vec<String>>;

    /// The brands of a category, page by page.
    fn brands<'a>(
        &'a self,
        account: &'a Account,
        category: &'a str,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<Brand>>;
}

/// What a picture is uploaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureUse {
    /// The offer as a whole.
    Offer,
    /// One of its variants.
    Variant,
}

/// Pictures.
pub trait Pictures: Send + Sync {
    /// What is taken.
    fn limits(&self) -> &'static PictureLimits;

    /// Hands a picture in and gives the platform's id of it. One beyond the limits is
    /// [`crate::ErrorKind::Refused`] without a call.
    fn upload<'a>(&'a self, account: &'a Account, picture: &'a Picture, of: PictureUse) -> Call<'a, String>;
}

/// What became of an offer that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// The platform has it.
    Taken {
        /// The listings that it became, by the platform's ids: one, or one for each variant
        /// where the platform has no variations. [`crate::Listings::fetch`] reads them.
        external_ids: Vec<String>,
        /// What the platform remarked or changed by itself.
        remarks: Vec<Objection>,
    },
    /// The platform refuses what it says, and has nothing.
    Refused(Vec<Objection>),
}

/// A listing that carries codes of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// The platform's id of the listing.
    pub external_id: String,
    /// Which of the offer's codes it carries.
    pub seller_skus: Vec<String>,
}

/// Where a listing stands with the platform's moderation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The platform's id of the listing.
    pub external_id: String,
    /// Where it stands, in our words.
    pub state: ListingState,
    /// The same in the platform's word.
    pub platform_status: String,
    /// What the platform has against it.
    pub objections: Vec<Objection>,
}

/// Listings from their birth to their end.
pub trait Publishing: Send + Sync {
    /// Publishes an offer. Platforms know no repeated try: where an earlier try began and
    /// nobody knows how it ended, `tried_since` says when it began, and what it made is
    /// looked for and completed first, so that nothing is published twice.
    fn create<'a>(
        &'a self,
        account: &'a Account,
        offer: &'a Offer,
        tried_since: Option<Timestamp>,
    ) -> Call<'a, Submission>;

    /// Listings made since `since` that carry codes of the offer. A platform that searches
    /// may be some seconds behind itself.
    fn find<'a>(
        &'a self,
        account: &'a Account,
        offer: &'a Offer,
        since: Timestamp,
    ) -> Call<'a, Vec<Existing>>;

    /// Where a listing stands, with what the platform has against it.
    fn standing<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Standing>;

    /// Changes a listing. A change of nothing is taken without a call.
    fn update<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        change: &'a Change,
    ) -> Call<'a, Submission>;

    /// Takes a listing off sale or puts it on sale again, and reads back where it stands:
    /// one put on sale may have to wait for the platform's own look at it. One that is on
    /// sale in spite of being taken off is [`crate::ErrorKind::WriteNotApplied`].
    fn set_on_sale<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        on_sale: bool,
    ) -> Call<'a, Standing>;

    /// Ends a listing for good. One that has ended already has ended.
    fn delete<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, ()>;
}

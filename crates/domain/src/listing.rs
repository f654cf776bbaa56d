//! A listing: an offer on a channel, and what it should show.

use crate::stock::Tally;

/// Where a listing stands at its platform. The platform's own word is kept beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingState {
    /// On sale.
    Active,
    /// Not on sale, may come back (also: paused because it shows zero).
    Paused,
    /// The platform reviews it; it takes no stock writes.
    UnderReview,
    /// Over for good.
    Closed,
    /// A word we do not know; nothing is written until somebody has looked.
    NeedsAttention,
}

impl ListingState {
    const ALL: [Self; 5] =
        [Self::Active, Self::Paused, Self::UnderReview, Self::Closed, Self::NeedsAttention];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::UnderReview => "under_review",
            Self::Closed => "closed",
            Self::NeedsAttention => "needs_attention",
        }
    }

    /// The state of a word in a database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the platform takes a quantity for it now.
    #[must_use]
    pub const fn takes_stock(self) -> bool {
        matches!(self, Self::Active | Self::Paused)
    }
}

/// What to do about the quantity a listing shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    /// It shows what it should: write nothing (an absolute write can erase a sale that
    /// has not been seen yet).
    Nothing,
    /// Write this absolute quantity.
    Write {
        /// Units to show.
        quantity_units: i64,
    },
    /// The platform takes no quantity in this state.
    NotWritable,
}

/// Decides from what the platform shows *now* (just read) and the ledger's sum.
/// `max_units` is the platform's own ceiling for a quantity.
#[must_use]
pub fn decide_push(state: ListingState, shown_units: i64, tally: Tally, max_units: i64) -> Push {
    if !state.takes_stock() {
        return Push::NotWritable;
    }
    let target = tally.available_units().min(max_units);
    if target == shown_units { Push::Nothing } else { Push::Write { quantity_units: target } }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALLY: Tally = Tally { on_hand_units: 7, reserved_units: 2, safety_units: 0, version: 3 };

    #[test]
    fn the_available_quantity_is_written_only_when_it_differs() {
        assert_eq!(decide_push(ListingState::Active, 5, TALLY, 99_999), Push::Nothing);
        assert_eq!(decide_push(ListingState::Active, 7, TALLY, 99_999), Push::Write { quantity_units: 5 });
        assert_eq!(decide_push(ListingState::Paused, 0, TALLY, 99_999), Push::Write { quantity_units: 5 });
    }

    #[test]
    fn the_platforms_ceiling_is_kept() {
        assert_eq!(decide_push(ListingState::Active, 7, TALLY, 3), Push::Write { quantity_units: 3 });
    }

    #[test]
    fn a_listing_that_takes_no_stock_is_left_alone() {
        for state in [ListingState::Closed, ListingState::UnderReview, ListingState::NeedsAttention] {
            assert_eq!(decide_push(state, 7, TALLY, 99_999), Push::NotWritable);
        }
    }
}

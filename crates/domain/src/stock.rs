//! Stock: an append-only ledger, and what it says is available.
//!
//! `available = on hand − reserved − safety`. A unit is reserved when an
//! order arrives and leaves the shelf when the package does. Every effect of an order
//! line happens at most once: the ledger is unique by (line, SKU, effect), as a line that sells a kit
//! takes several SKUs.

/// What an order line does to stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Units are set aside for the line.
    Reserve,
    /// Units set aside come back: the line was cancelled before it left.
    Release,
    /// Units leave the shelf: the line was shipped.
    Take,
}

/// Why a row stands in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// The first count, at the import of a listing.
    Opening,
    /// A person counted or corrected.
    Adjustment,
    /// An order line.
    Line(Effect),
    /// What an order took came back, whole or not.
    Return,
    /// What came back of an order cannot be sold.
    WriteOff,
}

impl EntryKind {
    const ALL: [Self; 7] = [
        Self::Opening,
        Self::Adjustment,
        Self::Return,
        Self::WriteOff,
        Self::Line(Effect::Reserve),
        Self::Line(Effect::Release),
        Self::Line(Effect::Take),
    ];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Adjustment => "adjustment",
            Self::Line(Effect::Reserve) => "reserve",
            Self::Line(Effect::Release) => "release",
            Self::Line(Effect::Take) => "take",
            Self::Return => "return",
            Self::WriteOff => "write_off",
        }
    }

    /// The kind of a word in a database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A change of the two columns of the ledger, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delta {
    /// Change of what lies on the shelf.
    pub on_hand_units: i64,
    /// Change of what is set aside for orders.
    pub reserved_units: i64,
}

impl Effect {
    /// What the effect on a line of `units` does to the ledger.
    #[must_use]
    pub const fn delta(self, units: i64) -> Delta {
        match self {
            Self::Reserve => Delta { on_hand_units: 0, reserved_units: units },
            Self::Release => Delta { on_hand_units: 0, reserved_units: -units },
            Self::Take => Delta { on_hand_units: -units, reserved_units: -units },
        }
    }
}

/// The sum of a SKU's ledger at one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Units on the shelf.
    pub on_hand_units: i64,
    /// Units set aside for orders.
    pub reserved_units: i64,
    /// Units never offered, against miscounts.
    pub safety_units: i64,
    /// Number of ledger entries summed; names the state that a listing was told.
    pub version: i64,
}

impl Tally {
    /// The tally after one more entry.
    #[must_use]
    pub const fn after(self, delta: Delta) -> Self {
        Self {
            on_hand_units: self.on_hand_units + delta.on_hand_units,
            reserved_units: self.reserved_units + delta.reserved_units,
            safety_units: self.safety_units,
            version: self.version + 1,
        }
    }

    /// Units that may be offered; never below zero.
    #[must_use]
    pub const fn available_units(self) -> i64 {
        let free = self.on_hand_units - self.reserved_units - self.safety_units;
        if free > 0 { free } else { 0 }
    }

    /// Units sold that are not on the shelf: a double sale that a person has to solve.
    #[must_use]
    pub const fn oversold_units(self) -> i64 {
        let missing = self.reserved_units - self.on_hand_units;
        if missing > 0 { missing } else { 0 }
    }
}

/// Days over which it is counted how fast a SKU sells.
pub const SALES_SPAN_DAYS: i64 = 30;
/// A SKU that lasts no longer than this, in days, is low.
pub const LOW_COVER_DAYS: i64 = 7;

/// Days that the units on offer last if they go on selling as in the last [`SALES_SPAN_DAYS`];
/// `None` where nothing sold.
#[must_use]
pub const fn cover_days(available_units: i64, sold_units: i64) -> Option<i64> {
    if sold_units > 0 { Some(available_units.saturating_mul(SALES_SPAN_DAYS) / sold_units) } else { None }
}

/// Whether it is time to buy: what sells lasts [`LOW_COVER_DAYS`] at most.
#[must_use]
pub const fn is_low(available_units: i64, sold_units: i64) -> bool {
    sold_units > 0
        && available_units.saturating_mul(SALES_SPAN_DAYS) <= sold_units.saturating_mul(LOW_COVER_DAYS)
}

/// What has happened to the stock of one order line so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StockPosition {
    /// Nothing yet.
    Untouched,
    /// Sold and gone before the SKU was first counted: never touches the ledger.
    BeforeOpening,
    /// Set aside.
    Reserved,
    /// Came back.
    Released,
    /// Left the shelf.
    Taken,
}

impl StockPosition {
    const ALL: [Self; 5] =
        [Self::Untouched, Self::BeforeOpening, Self::Reserved, Self::Released, Self::Taken];

    /// The word in databases.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::BeforeOpening => "before_opening",
            Self::Reserved => "reserved",
            Self::Released => "released",
            Self::Taken => "taken",
        }
    }

    /// The position of a word in a database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|position| position.as_str() == text)
    }
}

/// What an order's state asks of its lines' stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockWish {
    /// Units are spoken for.
    Hold,
    /// Units have left.
    Gone,
    /// Units are free again.
    Free,
}

/// The effects that bring a line from `position` to what the order's state wishes, and
/// the position it then has. Nothing is ever undone twice: from `Released` and `Taken`
/// no way leads on (goods that come back are a return, received by a person: `goods_return`).
#[must_use]
pub const fn plan(position: StockPosition, wish: StockWish) -> (&'static [Effect], StockPosition) {
    use StockPosition::{BeforeOpening, Released, Reserved, Taken, Untouched};
    match (position, wish) {
        (Untouched, StockWish::Hold) => (&[Effect::Reserve], Reserved),
        (Untouched, StockWish::Gone) => (&[Effect::Reserve, Effect::Take], Taken),
        (Reserved, StockWish::Gone) => (&[Effect::Take], Taken),
        (Reserved, StockWish::Free) => (&[Effect::Release], Released),
        (Untouched, StockWish::Free)
        | (Reserved, StockWish::Hold)
        | (BeforeOpening | Released | Taken, _) => (&[], position),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(effects: &[Effect], units: i64) -> Delta {
        effects.iter().fold(Delta::default(), |sum, effect| {
            let delta = effect.delta(units);
            Delta {
                on_hand_units: sum.on_hand_units + delta.on_hand_units,
                reserved_units: sum.reserved_units + delta.reserved_units,
            }
        })
    }

    fn wishes() -> impl Strategy<Value = Vec<StockWish>> {
        let wish = prop_oneof![Just(StockWish::Hold), Just(StockWish::Gone), Just(StockWish::Free)];
        proptest::collection::vec(wish, 0..12)
    }

    proptest! {
        #[test]
        fn whatever_news_comes_each_effect_happens_at_most_once(wishes in wishes()) {
            let mut position = StockPosition::Untouched;
            let mut done = Vec::new();
            for wish in wishes {
                let (effects, next) = plan(position, wish);
                done.extend_from_slice(effects);
                position = next;
            }
            let mut unique = done.clone();
            unique.sort_unstable();
            unique.dedup();
            prop_assert_eq!(unique.len(), done.len(), "{:?}", done);
        }

        #[test]
        fn a_line_ends_with_nothing_reserved_unless_it_is_held(wishes in wishes(), units in 1_i64..100) {
            let mut position = StockPosition::Untouched;
            let mut sum = Delta::default();
            for wish in wishes {
                let (effects, next) = plan(position, wish);
                let delta = total(effects, units);
                sum.on_hand_units += delta.on_hand_units;
                sum.reserved_units += delta.reserved_units;
                position = next;
            }
            let held = i64::from(position == StockPosition::Reserved) * units;
            let gone = i64::from(position == StockPosition::Taken) * units;
            prop_assert_eq!(sum, Delta { on_hand_units: -gone, reserved_units: held });
        }
    }

    #[test]
    fn stock_sold_before_the_first_count_never_touches_the_ledger() {
        for wish in [StockWish::Hold, StockWish::Gone, StockWish::Free] {
            assert_eq!(plan(StockPosition::BeforeOpening, wish).0, &[]);
        }
    }

    #[test]
    fn cover_is_told_where_something_sells_and_low_begins_at_a_week() {
        assert_eq!((cover_days(12, 30), is_low(12, 30)), (Some(12), false));
        assert_eq!((cover_days(7, 30), is_low(7, 30)), (Some(7), true));
        assert_eq!((cover_days(0, 1), is_low(0, 1)), (Some(0), true));
        assert_eq!((cover_days(3, 0), is_low(0, 0)), (None, false));
        assert!(!is_low(8, 30) && is_low(2, 9), "shown days and the notice agree on either side");
    }

    #[test]
    fn available_is_never_negative_and_a_double_sale_shows() {
        let tally = Tally { on_hand_units: 1, reserved_units: 3, safety_units: 1, version: 4 };
        assert_eq!(tally.available_units(), 0);
        assert_eq!(tally.oversold_units(), 2);
    }

    #[test]
    fn words_survive() {
        for kind in EntryKind::ALL {
            assert_eq!(EntryKind::parse(kind.as_str()), Some(kind));
        }
        for position in StockPosition::ALL {
            assert_eq!(StockPosition::parse(position.as_str()), Some(position));
        }
    }
}

//! A flash sale: one SKU, one shelf, three marketplaces, ten thousand buyers in a minute. A model of its own, small
//! enough for a thousand seeds in seconds, in which the house's decisions are the real ones: [`domain::split`] for split
//! mode, [`domain::listing::decide_push`] for shared mode as `app` uses it, [`domain::shield`] for its flash-sale shield.
//!
//! The platforms do what absolute writes allow: they count their own sales, and a write replaces the number, sales that
//! nobody has told of included. Calls take up to ten seconds each way, get lost, are applied late or refused; hooks come
//! late, twice or never; lists of orders lag; buyers call off; goods come in; the house crashes. The same seed brings
//! the same buyers to each rule.

mod house;
mod many;
mod rules;
mod world;

use domain::split::Rules;
use std::time::Duration;

pub use many::{Sums, run_many};
pub use rules::Damage;

/// Units on the shelf when the sale begins.
pub const STOCK_UNITS: i64 = 100;
/// Marketplaces.
pub const MARKETS: usize = 3;

/// Who comes, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd {
    /// Buyers in the rush.
    pub buyers: u32,
    /// How long the rush is, in seconds.
    pub rush_seconds: u32,
    /// Buyers who come one by one afterwards.
    pub late_buyers: u32,
}

impl Crowd {
    /// Ten thousand in a minute.
    pub const FLASH: Self = Self { buyers: 10_000, rush_seconds: 60, late_buyers: 200 };
    /// Few enough that units are left over at one marketplace while another has none: they have to move.
    pub const STEADY: Self = Self { buyers: 220, rush_seconds: 240, late_buyers: 60 };
}

/// How the house tells its listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Each listing shows all that is available.
    Shared,
    /// The same, with the flash-sale shield.
    Shielded,
    /// Each listing has units of its own.
    Split,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shared, Self::Shielded, Self::Split];

    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Shielded => "shared with shield",
            Self::Split => "split",
        }
    }
}

/// What the world may do at most, and what split mode takes for granted of it.
pub const RULES: Rules = Rules {
    latest_apply: Duration::from_mins(1),
    list_lag: Duration::from_secs(3),
    retry_after: Duration::from_secs(1),
    look_every: Duration::from_secs(20),
    rest: Duration::from_secs(30),
    move_takes: Duration::from_secs(20),
    recent: Duration::from_secs(30),
    last_units: 2,
};

/// How a sale ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// How the house told its listings.
    pub way: Way,
    /// Units sold and not called off, at the end.
    pub sold_units: i64,
    /// Units promised to buyers beyond what there was, when it was worst.
    pub oversold_units: i64,
    /// Units that nobody had bought at the end.
    pub unsold_units: i64,
    /// Milliseconds from the beginning until everything was sold, if it was.
    pub sold_out_at: Option<u64>,
    /// Calls to the marketplaces.
    pub calls: u64,
    /// Times a listing was written to zero so that its units could move.
    pub moves: u64,
    /// Times the house ended and began anew.
    pub crashes: u64,
    /// Names everything that happened.
    pub trace: u64,
}

/// One sale.
#[must_use]
pub fn run(seed: u64, way: Way, crowd: Crowd) -> Outcome {
    world::Run::new(seed, way, crowd, None).through()
}

/// One sale in split mode with one of its rules broken: shows that the model can see it.
#[must_use]
pub fn run_damaged(seed: u64, crowd: Crowd, damage: Damage) -> Outcome {
    world::Run::new(seed, Way::Split, crowd, Some(damage)).through()
}

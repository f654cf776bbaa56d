//! A change of a listing's price: why it is asked for, how it stands, and what a job does about it.

/// Why a price changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceWhy {
    /// The rule of its account or SKU.
    Rule,
    /// Somebody typed it.
    Hand,
    /// A span with a price of its own is over: it goes back to what it was.
    Back,
}

impl PriceWhy {
    const ALL: [Self; 3] = [Self::Rule, Self::Hand, Self::Back];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Hand => "hand",
            Self::Back => "back",
        }
    }

    /// The reason of a word in a database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.as_str() == text)
    }
}

/// How a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// It is not written yet.
    Waiting,
    /// The platform shows it.
    Done,
    /// The platform showed that price already.
    Nothing,
    /// The platform does not take it.
    Refused,
    /// It is below the floor by now: a cost or the rule changed since it was asked for.
    BelowFloor,
    /// Somebody gave the listing another price meanwhile, which is left alone.
    Overtaken,
    /// It was called off.
    CalledOff,
}

impl ChangeState {
    const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Done,
        Self::Nothing,
        Self::Refused,
        Self::BelowFloor,
        Self::Overtaken,
        Self::CalledOff,
    ];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Nothing => "nothing",
            Self::Refused => "refused",
            Self::BelowFloor => "below_floor",
            Self::Overtaken => "overtaken",
            Self::CalledOff => "called_off",
        }
    }

    /// The state of a word in a database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// How the changes of one form stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchState {
    /// It waits for somebody to say that it is meant.
    Staged,
    /// It is on its way, or was.
    Agreed,
    /// It was not meant.
    Dropped,
}

impl BatchState {
    const ALL: [Self; 3] = [Self::Staged, Self::Agreed, Self::Dropped];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Agreed => "agreed",
            Self::Dropped => "dropped",
        }
    }

    /// The state of a word in a database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What is done about a change whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceStep {
    /// Write it.
    Write,
    /// Write nothing, and let it end like this.
    End(ChangeState),
}

/// What is done, now that the platform shows `found_minor`, and the rule allows the price or not.
/// A price that goes back does so only from the price of its span (`from_minor`): whatever somebody
/// put in its place stays.
#[must_use]
pub const fn next_step(
    why: PriceWhy,
    (from_minor, to_minor): (i64, i64),
    found_minor: i64,
    is_allowed: bool,
) -> PriceStep {
    if found_minor == to_minor {
        return PriceStep::End(ChangeState::Nothing);
    }
    if matches!(why, PriceWhy::Back) && found_minor != from_minor {
        return PriceStep::End(ChangeState::Overtaken);
    }
    if is_allowed { PriceStep::Write } else { PriceStep::End(ChangeState::BelowFloor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back() {
        for why in PriceWhy::ALL {
            assert_eq!(PriceWhy::parse(why.as_str()), Some(why));
        }
        for state in ChangeState::ALL {
            assert_eq!(ChangeState::parse(state.as_str()), Some(state));
        }
        for state in BatchState::ALL {
            assert_eq!(BatchState::parse(state.as_str()), Some(state));
        }
        assert_eq!(ChangeState::parse("paid"), None);
    }

    #[test]
    fn a_price_that_stands_is_not_written_again() {
        for why in PriceWhy::ALL {
            for is_allowed in [false, true] {
                let step = next_step(why, (900, 1_000), 1_000, is_allowed);
                assert_eq!(step, PriceStep::End(ChangeState::Nothing));
            }
        }
    }

    #[test]
    fn a_span_that_ends_leaves_alone_what_somebody_typed_meanwhile() {
        let step = |found| next_step(PriceWhy::Back, (800, 1_000), found, true);
        assert_eq!(step(800), PriceStep::Write);
        assert_eq!(step(850), PriceStep::End(ChangeState::Overtaken));
        assert_eq!(next_step(PriceWhy::Hand, (800, 1_000), 850, true), PriceStep::Write);
    }

    #[test]
    fn nothing_is_written_below_the_floor() {
        for why in PriceWhy::ALL {
            let step = next_step(why, (900, 500), 900, false);
            assert_eq!(step, PriceStep::End(ChangeState::BelowFloor));
        }
    }
}

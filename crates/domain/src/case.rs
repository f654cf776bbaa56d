//! A case: something that a buyer or a platform wants of the seller, with its clock. A
//! question before the sale, a message after it, a request to cancel, a return, a claim.
//!
//! [`Case::first_seen`] and [`Case::apply`] take what a platform says (a snapshot) and
//! answer what changes; old news changes nothing. [`Case::place`] is where it stands in the
//! one list of all marketplaces: what is due soonest stands first. What people write to each
//! other is no part of a case: it is read at the platform when somebody opens it.

use std::time::Duration;

use crate::connection::ChannelKind;
use crate::money::Money;
use crate::time::Timestamp;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$what])* $variant,)*
        }

        impl $name {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word in databases, addresses and translation keys.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The one of a word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text)
            }
        }
    };
}

words! {
    /// What a case is to people.
    CaseKind {
        /// A question about a listing, before the sale.
        Question = "question",
        /// Messages about a sale.
        Thread = "thread",
        /// The buyer asks to cancel.
        Cancellation = "cancellation",
        /// Goods are to come back, or money.
        Return = "return",
        /// A complaint that somebody may have to decide.
        Claim = "claim",
    }
}

impl CaseKind {
    /// How soon the house wants it answered where the platform tells no time: it has to
    /// stand somewhere in the list, and the page says that the time is the house's own.
    #[must_use]
    pub const fn goal(self) -> Duration {
        match self {
            Self::Question => Duration::from_hours(4),
            Self::Thread | Self::Cancellation => Duration::from_hours(24),
            Self::Return | Self::Claim => Duration::from_hours(48),
        }
    }
}

words! {
    /// Where at its platform a case is found: each desk numbers its own.
    Desk {
        /// Questions.
        Questions = "questions",
        /// Conversations about sales.
        Messages = "messages",
        /// Requests to cancel.
        Cancellations = "cancellations",
        /// Returns.
        Returns = "returns",
        /// Everything after the sale, where the platform numbers it together.
        Claims = "claims",
    }
}

/// Names a case at its platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseKey {
    /// The desk.
    pub desk: Desk,
    /// The platform's id.
    pub external_id: String,
}

words! {
    /// What the seller has to do.
    Task {
        /// Write back.
        Reply = "reply",
        /// Say yes or no.
        Decide = "decide",
        /// Look at what came back.
        Inspect = "inspect",
        /// Send proofs.
        Prove = "prove",
    }
}

words! {
    /// How a case ended.
    Outcome {
        /// It was answered.
        Answered = "answered",
        /// The buyer got it.
        ForBuyer = "for_buyer",
        /// The seller was right, or the order goes on.
        ForSeller = "for_seller",
        /// The buyer took it back.
        Withdrawn = "withdrawn",
        /// It ended without an answer.
        Lapsed = "lapsed",
        /// Somebody took it away.
        Removed = "removed",
        /// It is over, and the platform does not say how.
        Unclear = "unclear",
    }
}

/// Where a case stands, over all channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseState {
    /// The seller's turn.
    WaitsForSeller {
        /// What to do.
        task: Task,
        /// Until when, where the platform tells it.
        until: Option<Timestamp>,
    },
    /// The buyer's turn.
    WaitsForBuyer,
    /// The platform's turn.
    WaitsForPlatform,
    /// Over.
    Closed(Outcome),
    /// The platform said a word that we do not know: a person has to look.
    NeedsAttention(String),
}

impl CaseState {
    /// The words of the states, in the order in which they stand in the list.
    pub const WORDS: [&str; 5] =
        ["waits_for_seller", "needs_attention", "waits_for_buyer", "waits_for_platform", "closed"];

    /// The pair of words that databases and filters use: state and detail.
    #[must_use]
    pub fn as_words(&self) -> (&'static str, &str) {
        match self {
            Self::WaitsForSeller { task, .. } => ("waits_for_seller", task.as_str()),
            Self::WaitsForBuyer => ("waits_for_buyer", ""),
            Self::WaitsForPlatform => ("waits_for_platform", ""),
            Self::Closed(outcome) => ("closed", outcome.as_str()),
            Self::NeedsAttention(word) => ("needs_attention", word),
        }
    }

    /// The platform's deadline, where there is one.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::WaitsForSeller { until, .. } => *until,
            Self::WaitsForBuyer | Self::WaitsForPlatform | Self::Closed(_) | Self::NeedsAttention(_) => None,
        }
    }

    /// The state of a database's words.
    #[must_use]
    pub fn parse(state: &str, detail: &str, until: Option<Timestamp>) -> Option<Self> {
        Some(match (state, detail) {
            ("waits_for_seller", task) => Self::WaitsForSeller { task: Task::parse(task)?, until },
            ("waits_for_buyer", "") => Self::WaitsForBuyer,
            ("waits_for_platform", "") => Self::WaitsForPlatform,
            ("closed", outcome) => Self::Closed(Outcome::parse(outcome)?),
            ("needs_attention", word) => Self::NeedsAttention(word.to_owned()),
            _ => return None,
        })
    }

    /// Whether it is over.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Whether somebody in the shop has to act.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        matches!(self, Self::WaitsForSeller { .. } | Self::NeedsAttention(_))
    }
}

/// How new a snapshot is: the platform's clock on the case first, then when it was read.
/// Some platforms tell no clock of every change, and others' go by whole seconds; of two
/// readings with one clock the later one is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaseVersion {
    /// The platform's clock.
    pub at: Timestamp,
    /// When the platform was asked.
    pub read_at: Timestamp,
}

/// A case as its platform shows it at one moment. Nothing in it is personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseSnapshot {
    /// The channel it comes from.
    pub channel: ChannelKind,
    /// Its name there.
    pub key: CaseKey,
    /// How new this is.
    pub version: CaseVersion,
    /// What is to be known of it.
    pub case: Case,
}

/// What the house holds of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it is.
    pub kind: CaseKind,
    /// Where it stands, in our words.
    pub state: CaseState,
    /// Where it stands, in the platform's.
    pub platform_status: String,
    /// The platform's code of the reason, where it has one; never a text of the buyer's.
    pub reason: Option<String>,
    /// When it began.
    pub opened_at: Timestamp,
    /// The order (or cart) it is about.
    pub order_external_id: Option<String>,
    /// The listing it is about.
    pub listing_external_id: Option<String>,
    /// The money it is about.
    pub amount: Option<Money>,
}

/// What a snapshot is to a case that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Not newer than what is held: nothing changes.
    Old,
    /// Newer, and it says the same.
    Same,
    /// The case moved on.
    Changed,
}

/// Until when somebody in the shop has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The instant.
    pub at: Timestamp,
    /// Whether the platform says so; else it is the house's own goal.
    pub told: bool,
}

/// A case's place in the list: smaller stands higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// 0 for what the shop has to do, 1 for what others have to, 2 for what is over.
    pub rank: i64,
    /// Within the rank: when it is due; when it last moved; how long it is over.
    pub at: i64,
}

impl Case {
    /// What becomes of a case that nobody held: nothing, when it is over already.
    #[must_use]
    pub const fn is_worth_keeping(&self) -> bool {
        !self.state.is_closed()
    }

    /// What a snapshot is to this case, held with `held`.
    #[must_use]
    pub fn hear(&self, held: CaseVersion, snapshot: &CaseSnapshot) -> News {
        if snapshot.version <= held {
            News::Old
        } else if snapshot.case == *self {
            News::Same
        } else {
            News::Changed
        }
    }

    /// Until when somebody in the shop has to act; `None` while nobody has to.
    #[must_use]
    pub fn due(&self, version: CaseVersion) -> Option<Due> {
        match (&self.state, self.state.until()) {
            (CaseState::WaitsForSeller { .. }, Some(at)) => Some(Due { at, told: true }),
            (CaseState::WaitsForSeller { .. } | CaseState::NeedsAttention(_), _) => {
                Some(Due { at: version.at.plus(self.kind.goal()), told: false })
            }
            (CaseState::WaitsForBuyer | CaseState::WaitsForPlatform | CaseState::Closed(_), _) => None,
        }
    }

    /// Where it stands in the list of all cases.
    #[must_use]
    pub fn place(&self, version: CaseVersion) -> Place {
        match (self.due(version), self.state.is_closed()) {
            (Some(due), _) => Place { rank: 0, at: due.at.as_millis() },
            (None, false) => Place { rank: 1, at: version.at.as_millis() },
            // What ended last stands first.
            (None, true) => Place { rank: 2, at: version.at.as_millis().saturating_neg() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    const fn version(clock: i64, read: i64) -> CaseVersion {
        CaseVersion { at: at(clock), read_at: at(read) }
    }

    fn case(state: CaseState) -> Case {
        Case {
            kind: CaseKind::Question,
            state,
            platform_status: "UNANSWERED".into(),
            reason: None,
            opened_at: at(0),
            order_external_id: None,
            listing_external_id: Some("MLB1".into()),
            amount: None,
        }
    }

    fn snapshot(state: CaseState, version: CaseVersion) -> CaseSnapshot {
        let key = CaseKey { desk: Desk::Questions, external_id: "1".into() };
        CaseSnapshot { channel: ChannelKind::MercadoLivre, key, version, case: case(state) }
    }

    const fn waits(until: Option<i64>) -> CaseState {
        let until = match until {
            Some(millis) => Some(at(millis)),
            None => None,
        };
        CaseState::WaitsForSeller { task: Task::Reply, until }
    }

    /// What is held after hearing `all`, one after the other.
    fn heard(all: &[CaseSnapshot]) -> Option<(Case, CaseVersion)> {
        let mut held: Option<(Case, CaseVersion)> = None;
        for news in all {
            held = match held {
                Some((case, version)) if case.hear(version, news) == News::Old => Some((case, version)),
                _ => Some((news.case.clone(), news.version)),
            };
        }
        held
    }

    #[test]
    fn every_word_survives_its_text() {
        for kind in CaseKind::ALL {
            assert_eq!(CaseKind::parse(kind.as_str()), Some(*kind));
        }
        for desk in Desk::ALL {
            assert_eq!(Desk::parse(desk.as_str()), Some(*desk));
        }
        let mut states = vec![CaseState::WaitsForBuyer, CaseState::WaitsForPlatform];
        states.extend(Outcome::ALL.iter().copied().map(CaseState::Closed));
        states.extend(
            Task::ALL.iter().map(|task| CaseState::WaitsForSeller { task: *task, until: Some(at(9)) }),
        );
        states.push(CaseState::NeedsAttention("a_word_of_tomorrow".into()));
        for state in states {
            let (word, detail) = state.as_words();
            assert!(CaseState::WORDS.contains(&word), "{word}");
            assert_eq!(CaseState::parse(word, detail, state.until()), Some(state.clone()));
        }
        for (state, detail) in
            [("waits_for_seller", ""), ("closed", "tomorrow"), ("waits_for_buyer", "x"), ("", "")]
        {
            assert_eq!(CaseState::parse(state, detail, None), None, "{state}/{detail}");
        }
    }

    #[test]
    fn old_news_changes_nothing_and_new_news_of_the_same_is_no_change() {
        let (held, known) = (case(waits(Some(50))), version(10, 11));
        let hear = |state, version| held.hear(known, &snapshot(state, version));
        assert_eq!(hear(CaseState::WaitsForBuyer, version(9, 99)), News::Old, "an older clock, read later");
        assert_eq!(hear(CaseState::WaitsForBuyer, version(10, 11)), News::Old);
        assert_eq!(hear(waits(Some(50)), version(10, 12)), News::Same);
        assert_eq!(
            hear(CaseState::WaitsForBuyer, version(10, 12)),
            News::Changed,
            "the clock has whole seconds"
        );
        assert_eq!(hear(waits(Some(60)), version(12, 12)), News::Changed, "the deadline moved");
    }

    #[test]
    fn a_closed_case_can_come_back() {
        let held = case(CaseState::Closed(Outcome::Answered));
        assert_eq!(held.hear(version(10, 11), &snapshot(waits(None), version(20, 21))), News::Changed);
        assert!(!held.is_worth_keeping() && case(waits(None)).is_worth_keeping());
    }

    #[test]
    fn what_is_due_soonest_stands_first() {
        let hour = 60 * 60 * 1_000;
        let late = case(waits(Some(5))).place(version(1, 1));
        let soon = case(waits(Some(3 * hour))).place(version(1, 1));
        let by_goal = case(waits(None)).place(version(0, 1));
        let later = case(waits(Some(5 * hour))).place(version(1, 1));
        let unknown = case(CaseState::NeedsAttention("x".into())).place(version(2 * hour, 1));
        let others = case(CaseState::WaitsForBuyer).place(version(1, 1));
        let over = case(CaseState::Closed(Outcome::Answered)).place(version(1, 1));
        let just_over = case(CaseState::Closed(Outcome::Answered)).place(version(2, 2));
        let order = [late, soon, by_goal, later, unknown, others, just_over, over];
        assert!(order.is_sorted(), "{order:?}");
    }

    #[test]
    fn a_time_that_the_platform_does_not_tell_is_the_houses_own() {
        let due = case(waits(None)).due(version(7, 9)).unwrap();
        assert_eq!(due, Due { at: at(7).plus(CaseKind::Question.goal()), told: false });
        assert_eq!(case(waits(Some(5))).due(version(7, 9)), Some(Due { at: at(5), told: true }));
        assert_eq!(case(CaseState::WaitsForPlatform).due(version(7, 9)), None);
    }

    fn any_snapshot() -> impl Strategy<Value = CaseSnapshot> {
        (0_i64..4, 0_i64..6).prop_map(|(clock, read)| {
            // One reading of one instant says one thing.
            let states = [
                waits(Some(read)),
                CaseState::WaitsForBuyer,
                CaseState::Closed(Outcome::ForBuyer),
                CaseState::NeedsAttention("x".into()),
            ];
            let index = usize::try_from(clock * 7 + read).unwrap_or_default();
            snapshot(states[index % states.len()].clone(), version(clock, read))
        })
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(
            mut news in proptest::collection::vec(any_snapshot(), 1..8), seed in 0_usize..1_000,
        ) {
            let first = heard(&news);
            let length = news.len();
            for index in 0..length {
                news.swap(index, (index * 31 + seed) % length);
            }
            prop_assert_eq!(heard(&news), first);
        }

        #[test]
        fn the_same_news_twice_changes_nothing(news in proptest::collection::vec(any_snapshot(), 1..6)) {
            let twice: Vec<_> = news.iter().chain(&news).cloned().collect();
            prop_assert_eq!(heard(&twice), heard(&news));
        }
    }
}

//! What people may ask of their data, by which law, and until when they have to be answered.
//!
//! Days are counted in the business time zone, without the day of the request; a request is due
//! at the end of its last day. Business days are Monday to Friday: holidays are not left out, so
//! that nothing is ever due later than the law has it.

use crate::time::Timestamp;

/// The law that a person is under, by where they live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regime {
    /// Lei 13.709/2018, Brazil.
    Lgpd,
    /// Regulation (EU) 2016/679.
    Gdpr,
    /// California Civil Code §1798.100 and what follows.
    Ccpa,
}

impl Regime {
    /// Every regime; the first one is the house's own.
    pub const ALL: [Self; 3] = [Self::Lgpd, Self::Gdpr, Self::Ccpa];

    /// The word in the database and in translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lgpd => "lgpd",
            Self::Gdpr => "gdpr",
            Self::Ccpa => "ccpa",
        }
    }

    /// The regime of a word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|regime| regime.as_str() == text)
    }
}

/// What a person asks for: the numbers of LGPD, art. 18, and its §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// I: whether anything of theirs is kept.
    Confirm,
    /// II: what it is.
    Access,
    /// III: that it is corrected.
    Correct,
    /// IV: that what is too much is blocked, erased or made nobody's.
    Restrict,
    /// V: that they get it to take elsewhere.
    Portability,
    /// VI: that what they consented to is erased.
    Erase,
    /// VII: with whom it was shared.
    SharedWith,
    /// VIII: what follows when they consent to nothing.
    Consequences,
    /// IX: that their consent ends.
    Revoke,
    /// §2: that it is not used.
    Oppose,
}

impl RequestKind {
    /// Every kind, in the law's order.
    pub const ALL: [Self; 10] = [
        Self::Confirm,
        Self::Access,
        Self::Correct,
        Self::Restrict,
        Self::Portability,
        Self::Erase,
        Self::SharedWith,
        Self::Consequences,
        Self::Revoke,
        Self::Oppose,
    ];

    /// The word in the database and in translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Access => "access",
            Self::Correct => "correct",
            Self::Restrict => "restrict",
            Self::Portability => "portability",
            Self::Erase => "erase",
            Self::SharedWith => "shared_with",
            Self::Consequences => "consequences",
            Self::Revoke => "revoke",
            Self::Oppose => "oppose",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether what is asked for is only that something ends.
    const fn only_ends(self) -> bool {
        matches!(self, Self::Revoke | Self::Oppose)
    }
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    Days(i32),
    Months(i32),
    Weekdays(u32),
}

/// LGPD art. 19 II for access, and the same where the law names no days; "at once" is the next
/// business day. GDPR art. 12(3), and what art. 7(3) and 21 want without delay, likewise. CCPA:
/// 11 CCR 7021(b) and, for what only ends, 7026(f).
const fn span(kind: RequestKind, regime: Regime) -> Span {
    match (regime, kind.only_ends()) {
        (Regime::Lgpd | Regime::Gdpr, true) => Span::Weekdays(1),
        (Regime::Lgpd, false) => Span::Days(15),
        (Regime::Gdpr, false) => Span::Months(1),
        (Regime::Ccpa, true) => Span::Weekdays(15),
        (Regime::Ccpa, false) => Span::Days(45),
    }
}

/// Until when a request is to be answered: the first instant that is too late.
#[must_use]
pub fn due(kind: RequestKind, regime: Regime, received: Timestamp) -> Timestamp {
    match span(kind, regime) {
        Span::Days(days) => received.business_midnight(days + 1),
        Span::Months(months) => received.business_months(months).business_midnight(1),
        Span::Weekdays(weekdays) => received.business_weekdays(weekdays).business_midnight(1),
    }
}

/// How near a request is to being late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    /// There is time.
    Calm,
    /// Half of it has gone.
    Half,
    /// Four fifths have.
    Near,
    /// It is late.
    Overdue,
}

impl Pressure {
    /// At an instant.
    #[must_use]
    pub fn of(received: Timestamp, due: Timestamp, now: Timestamp) -> Self {
        if now >= due {
            return Self::Overdue;
        }
        let (gone, whole) = (now.since(received).as_millis(), due.since(received).as_millis());
        if gone * 5 >= whole * 4 {
            Self::Near
        } else if gone * 2 >= whole {
            Self::Half
        } else {
            Self::Calm
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("an instant")
    }

    fn due_of(kind: RequestKind, regime: Regime, received: &str) -> String {
        due(kind, regime, at(received)).to_rfc3339()
    }

    #[test]
    fn fifteen_days_end_with_the_fifteenth_day_after_the_request() {
        // 23:30 in São Paulo is the next day in UTC already.
        for received in ["2026-11-02T03:00:00Z", "2026-11-03T02:30:00Z"] {
            let due = due_of(RequestKind::Access, Regime::Lgpd, received);
            assert_eq!(due, "2026-11-18T03:00:00.000Z", "{received}");
        }
        assert_eq!(
            due_of(RequestKind::Erase, Regime::Ccpa, "2026-11-02T12:00:00Z"),
            "2026-12-18T03:00:00.000Z"
        );
    }

    #[test]
    fn a_month_ends_on_its_last_day_where_the_next_is_shorter() {
        assert_eq!(
            due_of(RequestKind::Access, Regime::Gdpr, "2026-01-31T12:00:00Z"),
            "2026-03-01T03:00:00.000Z"
        );
        assert_eq!(
            due_of(RequestKind::Access, Regime::Gdpr, "2028-01-31T12:00:00Z"),
            "2028-03-01T03:00:00.000Z"
        );
        assert_eq!(
            due_of(RequestKind::Correct, Regime::Gdpr, "2026-12-15T12:00:00Z"),
            "2027-01-16T03:00:00.000Z"
        );
    }

    #[test]
    fn at_once_is_the_next_business_day() {
        // A Thursday, a Friday, a Saturday, a Sunday.
        for (received, due) in [
            ("2026-11-05T12:00:00Z", "2026-11-07T03:00:00.000Z"),
            ("2026-11-06T12:00:00Z", "2026-11-10T03:00:00.000Z"),
            ("2026-11-07T12:00:00Z", "2026-11-10T03:00:00.000Z"),
            ("2026-11-08T12:00:00Z", "2026-11-10T03:00:00.000Z"),
        ] {
            for regime in [Regime::Lgpd, Regime::Gdpr] {
                assert_eq!(due_of(RequestKind::Oppose, regime, received), due, "{received}");
            }
        }
        assert_eq!(
            due_of(RequestKind::Revoke, Regime::Ccpa, "2026-11-05T12:00:00Z"),
            "2026-11-27T03:00:00.000Z"
        );
    }

    #[test]
    fn pressure_grows_at_a_half_four_fifths_and_the_end() {
        let received = at("2026-11-02T12:00:00Z");
        let due = received.plus(Duration::from_secs(100));
        for (seconds, pressure) in
            [(0, Pressure::Calm), (50, Pressure::Half), (80, Pressure::Near), (100, Pressure::Overdue)]
        {
            let now = received.plus(Duration::from_secs(seconds));
            assert_eq!(Pressure::of(received, due, now), pressure, "{seconds}");
            if seconds > 0 {
                assert!(Pressure::of(received, due, now.minus(MOMENT)) < pressure, "{seconds}");
            }
        }
    }

    #[test]
    fn words_lead_back_to_what_they_stand_for() {
        assert!(Regime::ALL.into_iter().all(|it| Regime::parse(it.as_str()) == Some(it)));
        assert!(RequestKind::ALL.into_iter().all(|it| RequestKind::parse(it.as_str()) == Some(it)));
        assert_eq!((Regime::parse(""), RequestKind::parse("all")), (None, None));
    }

    proptest! {
        #[test]
        fn nothing_is_due_before_it_came_or_after_the_longest_term(
            millis in 1_700_000_000_000_i64..2_500_000_000_000, kind in 0_usize..10, regime in 0_usize..3,
        ) {
            let received = Timestamp::from_millis(millis);
            let due = due(RequestKind::ALL[kind], Regime::ALL[regime], received);
            prop_assert!(due > received && due.since(received) <= Duration::from_hours(46 * 24));
            prop_assert_eq!(Pressure::of(received, due, due.minus(MOMENT)) == Pressure::Overdue, false);
        }
    }
}

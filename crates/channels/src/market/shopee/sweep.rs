//! How far a sweep over updated orders has come: spans that the list takes, one after the
//! other, and within one the list's own cursor.

use connect::Window;
use domain::Timestamp;

/// The longest span that the list takes, in seconds: 15 days, and a little less, as it is
/// not documented on which side the border lies.
pub(super) const SPAN_SECONDS: i64 = 15 * 24 * 60 * 60 - 60;
/// What our cursors begin with, so that no other channel's is taken for one.
const WORD: &str = "updated";

/// What is left of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sweep {
    /// Beginning of the span in hand, in Unix seconds.
    pub(super) from: i64,
    /// End of the whole sweep.
    end: i64,
    /// The list's cursor within the span; empty at its beginning.
    pub(super) cursor: String,
}

impl Sweep {
    /// The window in whole seconds, at least one.
    pub(super) fn over(window: Window) -> Self {
        let from = window.from.as_millis().div_euclid(1_000).max(0);
        let to = window.to.as_millis();
        let end = to.div_euclid(1_000) + i64::from(to.rem_euclid(1_000) > 0);
        Self { from, end: end.max(from + 1), cursor: String::new() }
    }

    /// End of the span in hand.
    pub(super) fn to(&self) -> i64 {
        self.end.min(self.from.saturating_add(SPAN_SECONDS))
    }

    /// End of the whole sweep.
    pub(super) const fn ends_at(&self) -> Timestamp {
        Timestamp::from_millis(self.end.saturating_mul(1_000))
    }

    /// What is left after a page: the rest of the span if the list has `more`, or the next
    /// span. It begins with the second in which the last one ended, so that nothing falls in
    /// between.
    pub(super) fn after(&self, more: Option<String>) -> Option<Self> {
        match more {
            Some(cursor) => Some(Self { cursor, ..self.clone() }),
            None if self.to() < self.end => {
                Some(Self { from: self.to(), cursor: String::new(), ..self.clone() })
            }
            None => None,
        }
    }

    /// As a cursor of ours. The list's own comes last: it may hold any character.
    pub(super) fn to_cursor(&self) -> String {
        format!("{WORD}:{}-{}:{}", self.from, self.end, self.cursor)
    }

    /// The sweep of a cursor, if it is one of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        if parts.next()? != WORD {
            return None;
        }
        let (from, end) = parts.next()?.split_once('-')?;
        let seconds = |text: &str| text.parse::<u32>().ok().map(i64::from);
        let (from, end) = (seconds(from)?, seconds(end)?);
        let cursor = parts.next()?.to_owned();
        (from < end).then_some(Self { from, end, cursor })
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    const DAY: i64 = 24 * 60 * 60;

    fn over(from_ms: i64, to_ms: i64) -> Sweep {
        Sweep::over(Window { from: Timestamp::from_millis(from_ms), to: Timestamp::from_millis(to_ms) })
    }

    #[test]
    fn a_window_is_widened_to_whole_seconds_and_is_never_empty() {
        let sweep = over(1_790_000_000_500, 1_790_000_001_500);
        assert_eq!((sweep.from, sweep.to()), (1_790_000_000, 1_790_000_002));
        let sweep = over(1_790_000_000_000, 1_790_000_000_000);
        assert_eq!((sweep.from, sweep.to()), (1_790_000_000, 1_790_000_001));
    }

    #[test]
    fn a_long_window_is_read_in_spans_that_the_list_takes() {
        let mut next = Some(over(0, 31 * DAY * 1_000));
        let mut spans = Vec::new();
        while let Some(sweep) = next {
            spans.push((sweep.from, sweep.to()));
            next = sweep.after(None);
        }
        let middle = 15 * DAY - 60;
        assert_eq!(spans, [(0, middle), (middle, 2 * middle), (2 * middle, 31 * DAY)]);
    }

    proptest! {
        #[test]
        fn every_second_of_a_window_is_in_a_span_of_legal_length(from in 0_i64..2_000_000_000, days in 0_i64..400) {
            let end = from + days * DAY + 1;
            let (mut covered_to, mut next) = (from, Some(over(from * 1_000, end * 1_000)));
            while let Some(sweep) = next {
                prop_assert_eq!(sweep.from, covered_to);
                prop_assert!(sweep.to() > sweep.from && sweep.to() - sweep.from <= 15 * DAY);
                covered_to = sweep.to();
                next = sweep.after(None);
            }
            prop_assert_eq!(covered_to, end);
        }

        #[test]
        fn a_cursor_survives_its_text(from in 0_i64..2_000_000_000, span in 1_i64..1_000_000, cursor in "\\PC{0,40}") {
            let sweep = Sweep { from, end: from + span, cursor };
            prop_assert_eq!(Sweep::parse(&sweep.to_cursor()), Some(sweep));
        }

        #[test]
        fn no_cursor_makes_it_panic(text in "(updated:)?[-0-9:a-z]{0,40}") {
            if let Some(sweep) = Sweep::parse(&text) {
                prop_assert!(sweep.from < sweep.to());
            }
        }
    }
}

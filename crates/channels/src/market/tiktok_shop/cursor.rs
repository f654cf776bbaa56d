//! How far a list has been read. The platform's page token is good only with the filters
//! that it came with, so the cursor holds them, too.

use connect::ChannelError;

use crate::market::refusal;

/// Before this, 2020-01-01, the platform had no shops, in seconds since 1970.
const BIRTH_S: i64 = 1_577_836_800;

/// A span of time in seconds since 1970, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from_s: i64,
    pub(super) to_s: i64,
}

impl Span {
    /// No bounds at all.
    const ALL: Self = Self { from_s: 0, to_s: i64::MAX };

    /// The bounds; `None` where there are none.
    pub(super) fn bounds(self) -> Option<(i64, i64)> {
        (self != Self::ALL).then_some((self.from_s, self.to_s))
    }

    /// Two halves without a gap; `None` within one second.
    fn halves(self, now_s: i64) -> Option<[Self; 2]> {
        let Self { from_s, to_s } =
            if self == Self::ALL { Self { from_s: BIRTH_S, to_s: now_s } } else { self };
        if from_s >= to_s {
            return None;
        }
        let middle = from_s + (to_s - from_s) / 2;
        Some([Self { from_s, to_s: middle }, Self { from_s: middle + 1, to_s }])
    }

    fn to_text(self) -> String {
        self.bounds().map_or_else(|| "*".to_owned(), |(from, to)| format!("{from}-{to}"))
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::ALL);
        }
        let (from, to) = text.split_once('-')?;
        Some(Self { from_s: from.parse().ok()?, to_s: to.parse().ok()? })
    }
}

/// Which list a cursor belongs to: that of another leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Orders,
    Products,
    Cancellations,
    Returns,
}

impl List {
    const fn word(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Products => "products",
            Self::Cancellations => "cancellations",
            Self::Returns => "returns",
        }
    }
}

/// The platform gave the same page token again: the list would never end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stuck;

/// More rows within one second than a search lists.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooDense;

/// What is left to be read, the next span first, and the page token within that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Walk {
    list: List,
    spans: Vec<Span>,
    token: String,
}

impl Walk {
    /// Over everything.
    pub(super) fn over_all(list: List) -> Self {
        Self::over(list, Span::ALL)
    }

    /// Over a span.
    pub(super) fn over(list: List, span: Span) -> Self {
        Self { list, spans: vec![span], token: String::new() }
    }

    /// Which list it goes through.
    pub(super) const fn list(&self) -> List {
        self.list
    }

    /// The span that is read next and its page token; `None` at the end.
    pub(super) fn place(&self) -> Option<(Span, Option<&str>)> {
        let token = Some(self.token.as_str()).filter(|token| !token.is_empty());
        self.spans.first().map(|span| (*span, token))
    }

    /// Notes that a page was read and which token it gave.
    pub(super) fn advance(&mut self, next: Option<&str>) -> Result<(), Stuck> {
        match next {
            Some(next) if next == self.token => return Err(Stuck),
            Some(next) => next.clone_into(&mut self.token),
            None => {
                self.token.clear();
                self.spans.drain(..1.min(self.spans.len()));
            }
        }
        Ok(())
    }

    /// Reads the present span as two halves, from its beginning.
    pub(super) fn split(&mut self, now_s: i64) -> Result<(), TooDense> {
        let halves = self.spans.first().and_then(|span| span.halves(now_s)).ok_or(TooDense)?;
        self.token.clear();
        self.spans.splice(0..1, halves);
        Ok(())
    }

    /// The token comes last: it is the platform's and may hold any character.
    pub(super) fn to_cursor(&self) -> Option<String> {
        let spans: Vec<_> = self.spans.iter().map(|span| span.to_text()).collect();
        (!spans.is_empty()).then(|| format!("{};{};{}", self.list.word(), spans.join(","), self.token))
    }

    /// The walk of a cursor of `list`.
    pub(super) fn parse(list: List, text: &str, operation: &'static str) -> Result<Self, ChannelError> {
        let read = || {
            let (spans, token) = text.strip_prefix(list.word())?.strip_prefix(';')?.split_once(';')?;
            let spans = spans.split(',').map(Span::parse).collect::<Option<Vec<_>>>()?;
            Some(Self { list, spans, token: token.to_owned() })
        };
        read().ok_or_else(|| refusal::cursor(operation))
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    const NOW_S: i64 = 1_794_315_600;

    fn parsed(list: List, text: &str) -> Option<Walk> {
        Walk::parse(list, text, "test").ok()
    }

    #[test]
    fn a_list_ends_with_its_last_page() {
        let mut walk = Walk::over_all(List::Products);
        assert_eq!(walk.place(), Some((Span::ALL, None)));
        walk.advance(Some("b64;+/=")).unwrap();
        assert_eq!(walk.place(), Some((Span::ALL, Some("b64;+/="))));
        walk.advance(None).unwrap();
        assert_eq!((walk.place(), walk.to_cursor()), (None, None));
    }

    #[test]
    fn a_token_that_repeats_would_never_end() {
        let mut walk = Walk::over_all(List::Orders);
        walk.advance(Some("a")).unwrap();
        assert_eq!(walk.advance(Some("a")), Err(Stuck));
    }

    #[test]
    fn a_span_is_split_without_a_gap_and_one_second_cannot_be() {
        let mut walk = Walk::over_all(List::Products);
        walk.advance(Some("token of the whole")).unwrap();
        walk.split(NOW_S).unwrap();
        let (first, token) = walk.place().unwrap();
        assert_eq!((first.from_s, token), (BIRTH_S, None));
        walk.advance(None).unwrap();
        let (second, _) = walk.place().unwrap();
        assert_eq!((second.from_s, second.to_s), (first.to_s + 1, NOW_S));
        let mut second = Walk::over(List::Products, Span { from_s: 7, to_s: 7 });
        assert_eq!(second.split(NOW_S), Err(TooDense));
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = Walk::over_all(List::Products).to_cursor().unwrap();
        assert!(parsed(List::Products, &cursor).is_some());
        assert_eq!(parsed(List::Orders, &cursor), None);
    }

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(
            spans in proptest::collection::vec((0_i64..1 << 45, 0_i64..1 << 45), 1..5), token: String,
        ) {
            let spans = spans.into_iter().map(|(from_s, to_s)| Span { from_s, to_s }).collect();
            let walk = Walk { list: List::Orders, spans, token };
            prop_assert_eq!(parsed(List::Orders, &walk.to_cursor().unwrap()), Some(walk));
        }

        #[test]
        fn no_cursor_makes_it_panic(text: String) {
            let _ = parsed(List::Orders, &text);
            let _ = parsed(List::Products, &format!("products;{text}"));
        }

        #[test]
        fn every_instant_stays_covered_however_often_it_is_split(splits in 1_usize..40, at in BIRTH_S..NOW_S) {
            let mut walk = Walk::over_all(List::Products);
            for _ in 0..splits {
                if walk.split(NOW_S).is_err() {
                    break;
                }
            }
            let covering = walk.spans.iter().filter(|span| (span.from_s..=span.to_s).contains(&at)).count();
            prop_assert_eq!(covering, 1);
        }
    }
}

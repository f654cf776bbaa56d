//! A saved view: a filter that a member gave a name.

/// Views of one member at most: more tabs than a screen has room for help nobody.
pub const MAX_VIEWS: usize = 12;
/// Longest name, in characters.
pub const MAX_VIEW_NAME_CHARS: usize = 40;
/// Longest filter, in bytes, as an address writes it.
pub const MAX_VIEW_FILTER_BYTES: usize = 1_000;

/// The name of a saved view: 1 to [`MAX_VIEW_NAME_CHARS`] characters on one line, without
/// blanks around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewName(String);

impl ViewName {
    /// Takes a name as a person typed it; `None` when it is empty or too long. What is no
    /// printable character becomes a blank.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let line: String =
            text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        let name = line.trim();
        let fits = (1..=MAX_VIEW_NAME_CHARS).contains(&name.chars().count());
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which way a view goes among the tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Towards the first.
    Up,
    /// Towards the last.
    Down,
}

/// `order` with `it` moved one place; the same when it is not there or already at the end.
#[must_use]
pub fn moved<T: Copy + PartialEq>(order: &[T], it: T, step: Step) -> Vec<T> {
    let mut order = order.to_vec();
    let Some(place) = order.iter().position(|one| *one == it) else { return order };
    let next = match step {
        Step::Up => place.checked_sub(1),
        Step::Down => Some(place + 1).filter(|next| *next < order.len()),
    };
    if let Some(next) = next {
        order.swap(place, next);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_without_blanks_around_it() {
        assert_eq!(ViewName::parse("  Hoje, só Flex \n").unwrap().as_str(), "Hoje, só Flex");
        assert_eq!(ViewName::parse("a\u{7}b").unwrap().as_str(), "a b");
    }

    #[test]
    fn a_name_that_is_empty_or_too_long_is_refused() {
        for wrong in ["", " \t ", "\u{0}", &"é".repeat(MAX_VIEW_NAME_CHARS + 1)] {
            assert_eq!(ViewName::parse(wrong), None, "{wrong:?}");
        }
        assert!(ViewName::parse(&"é".repeat(MAX_VIEW_NAME_CHARS)).is_some(), "letters count, not bytes");
    }

    #[test]
    fn a_view_moves_one_place_and_stops_at_the_ends() {
        assert_eq!(moved(&[1, 2, 3], 2, Step::Up), [2, 1, 3]);
        assert_eq!(moved(&[1, 2, 3], 2, Step::Down), [1, 3, 2]);
        assert_eq!(moved(&[1, 2, 3], 1, Step::Up), [1, 2, 3]);
        assert_eq!(moved(&[1, 2, 3], 3, Step::Down), [1, 2, 3]);
        assert_eq!(moved(&[1, 2, 3], 9, Step::Up), [1, 2, 3]);
    }
}

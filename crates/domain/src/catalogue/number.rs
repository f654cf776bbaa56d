//! Numbers as people write them: decimal comma or decimal point, thousands, a currency's sign.
//!
//! No floats, no locale and no guess: a text that has two readings is refused with both.

/// Digits that a number may have: more than any amount, fewer than 64 bits hold.
const MAX_DIGITS: usize = 15;
/// Digits of a group between two marks of thousands.
const GROUP: usize = 3;

/// What is wrong with a number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberFault {
    /// Nothing that can be read as a number that is zero or more.
    NotANumber,
    /// `1.234` is one thousand or a bit more than one, whoever writes it.
    Ambiguous {
        /// Digits before the mark.
        before: String,
        /// Digits behind it.
        after: String,
    },
    /// More digits behind the mark than there are such units.
    TooFine {
        /// How many are taken.
        digits: u32,
    },
    /// More digits than anything has.
    TooLarge,
}

/// Reads a number with up to `digits` digits behind its mark, as a whole number of those units:
/// `12,5` with two is 1250. Signs of currency and percent around it are left out.
///
/// # Errors
/// What is wrong with it.
pub fn scaled(text: &str, digits: u32) -> Result<i64, NumberFault> {
    let text = bare(text);
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',' || byte == b'.') {
        return Err(NumberFault::NotANumber);
    }
    let (whole, fraction) = parts(text)?;
    let taken = usize::try_from(digits).unwrap_or(usize::MAX);
    let kept = fraction.trim_end_matches('0');
    if kept.len() > taken {
        return Err(NumberFault::TooFine { digits });
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() + taken > MAX_DIGITS {
        return Err(NumberFault::TooLarge);
    }
    let all = format!("{whole}{kept:0<taken$}");
    if all.is_empty() { Ok(0) } else { all.parse().map_err(|_| NumberFault::TooLarge) }
}

/// The number without blanks around it, and without the signs that people write beside it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let text = ["R$", "r$", "$"].iter().find_map(|sign| text.strip_prefix(sign)).unwrap_or(text);
    text.strip_suffix('%').unwrap_or(text).trim()
}

/// The digits before and behind the decimal mark.
fn parts(text: &str) -> Result<(String, String), NumberFault> {
    let count = |mark: char| text.matches(mark).count();
    let (points, commas) = (count('.'), count(','));
    match (points, commas) {
        (0, 0) => Ok((text.to_owned(), String::new())),
        (1, 0) | (0, 1) => {
            let mark = if points == 1 { '.' } else { ',' };
            one_mark(text.split_once(mark).unwrap_or((text, "")))
        }
        // One kind, several times: thousands.
        (_, 0) => Ok((ungrouped(text, '.')?, String::new())),
        (0, _) => Ok((ungrouped(text, ',')?, String::new())),
        // Both kinds: the last one is the decimal mark and stands once.
        _ => {
            let (decimal, thousands) =
                if text.rfind('.') > text.rfind(',') { ('.', ',') } else { (',', '.') };
            let (whole, fraction) = text.split_once(decimal).unwrap_or((text, ""));
            let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
            if !is_fraction {
                return Err(NumberFault::NotANumber);
            }
            Ok((ungrouped(whole, thousands)?, fraction.to_owned()))
        }
    }
}

/// One mark alone: it is decimal, unless it may as well stand between thousands.
fn one_mark((whole, fraction): (&str, &str)) -> Result<(String, String), NumberFault> {
    if whole.is_empty() || fraction.is_empty() {
        return Err(NumberFault::NotANumber);
    }
    let may_be_thousands = fraction.len() == GROUP && whole.len() <= GROUP && !whole.starts_with('0');
    if may_be_thousands {
        return Err(NumberFault::Ambiguous { before: whole.to_owned(), after: fraction.to_owned() });
    }
    Ok((whole.to_owned(), fraction.to_owned()))
}

/// Digits without their marks of thousands, which have to stand where they belong.
fn ungrouped(text: &str, mark: char) -> Result<String, NumberFault> {
    let mut groups = text.split(mark);
    let first = groups.next().unwrap_or_default();
    let is_first = (1..=GROUP).contains(&first.len()) && !first.starts_with('0');
    if !is_first || !groups.all(|group| group.len() == GROUP) {
        return Err(NumberFault::NotANumber);
    }
    Ok(text.chars().filter(|letter| *letter != mark).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn comma_and_point_are_read_as_whoever_wrote_them_meant_them() {
        let cases = [
            ("12,50", 1_250),
            ("12.50", 1_250),
            ("12,5", 1_250),
            ("12", 1_200),
            ("R$ 1.234,56", 123_456),
            ("1,234.56", 123_456),
            ("1.234.567", 123_456_700),
            ("1,234,567", 123_456_700),
            ("1.234.567,8", 123_456_780),
            ("0,500", 50),
            ("1234,500", 123_450),
            (" R$12,00 ", 1_200),
            ("18,5 %", 1_850),
            ("000", 0),
            ("007,10", 710),
        ];
        for (text, units) in cases {
            assert_eq!(scaled(text, 2), Ok(units), "{text}");
        }
        assert_eq!((scaled("12,5", 1), scaled("1500", 0), scaled("7,0", 0)), (Ok(125), Ok(1_500), Ok(7)));
    }

    #[test]
    fn what_has_two_readings_is_refused_with_both() {
        for text in ["1.234", "1,234", "12.500", "999,000", "R$ 1.234"] {
            assert!(matches!(scaled(text, 2), Err(NumberFault::Ambiguous { .. })), "{text}");
        }
        let both = NumberFault::Ambiguous { before: "1".into(), after: "234".into() };
        assert_eq!(scaled("1.234", 2), Err(both));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            " ",
            "R$",
            "abc",
            "-5",
            "1e3",
            "1 234",
            "5,",
            ",5",
            "1,2,3",
            "1.23.456",
            "1.2345.678",
            "1,234.5.6",
            "1.234,",
            "1,2.3,4",
            "0.123.456",
            "12,,5",
            "１２",
            "1'000",
            "NaN",
            "∞",
            "1.234,56,78",
        ] {
            assert_eq!(scaled(text, 2), Err(NumberFault::NotANumber), "{text}");
        }
    }

    #[test]
    fn nothing_is_rounded_and_nothing_runs_over() {
        assert_eq!(scaled("0,001", 2), Err(NumberFault::TooFine { digits: 2 }));
        assert_eq!(scaled("1,5", 0), Err(NumberFault::TooFine { digits: 0 }));
        assert_eq!(scaled("99999999999999", 2), Err(NumberFault::TooLarge));
        assert_eq!(scaled(&"9".repeat(400), 2), Err(NumberFault::TooLarge));
    }

    /// With marks of thousands, as Brazil and as English write it.
    fn grouped(units: i64, thousands: char, decimal: char) -> String {
        let whole = (units / 100).to_string();
        let mut text = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(GROUP) {
                text.push(thousands);
            }
            text.push(digit);
        }
        format!("{text}{decimal}{:02}", units % 100)
    }

    proptest! {
        #[test]
        fn both_ways_of_writing_an_amount_are_the_same_amount(units in 0_i64..1_000_000_000_000) {
            prop_assert_eq!(scaled(&grouped(units, '.', ','), 2), Ok(units));
            prop_assert_eq!(scaled(&grouped(units, ',', '.'), 2), Ok(units));
            prop_assert_eq!(scaled(&format!("{},{:02}", units / 100, units % 100), 2), Ok(units));
        }

        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,40}", digits in 0_u32..5) {
            let _ = scaled(&text, digits);
        }

        #[test]
        fn no_text_of_marks_and_digits_makes_reading_panic(text in "[-0-9., R$%]{0,30}", digits in 0_u32..5) {
            if let Ok(units) = scaled(&text, digits) {
                prop_assert!(units >= 0);
            }
        }
    }
}

//! Money, instants, spans and counts as each language writes them.

use std::fmt::Write as _;
use std::time::Duration;

use domain::time::push_two_digits;
use domain::{Money, Timestamp, WallClock};

use crate::i18n::{Lang, text};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A whole number with thousands apart.
#[must_use]
pub fn number(lang: Lang, value: i64) -> String {
    let grouped = group(&value.unsigned_abs().to_string(), thousands(lang));
    if value < 0 { format!("−{grouped}") } else { grouped }
}

/// A change: always with its sign (`+3`, `−1`), zero without.
#[must_use]
pub fn signed(lang: Lang, value: i64) -> String {
    if value > 0 { format!("+{}", number(lang, value)) } else { number(lang, value) }
}

/// An amount with the currency's sign before it. A no-break space keeps both together.
#[must_use]
pub fn money(lang: Lang, amount: Money) -> String {
    let plain = amount.to_decimal();
    let (sign, plain) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("−", rest));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let whole = group(whole, thousands(lang));
    let mark = if fraction.is_empty() { "" } else { decimal_mark(lang) };
    format!("{sign}{}\u{a0}{whole}{mark}{fraction}", amount.currency.sign())
}

/// A share of basis points in percent, to the tenth: `12,3 %`.
#[must_use]
pub fn percent(lang: Lang, basis_points: i64) -> String {
    let tenths = (basis_points.unsigned_abs() + 5) / 10;
    let sign = if basis_points < 0 && tenths > 0 { "−" } else { "" };
    let whole = group(&(tenths / 10).to_string(), thousands(lang));
    format!("{sign}{whole}{}{}\u{a0}%", decimal_mark(lang), tenths % 10)
}

const fn thousands(lang: Lang) -> char {
    match lang {
        Lang::PtBr | Lang::Es => '.',
        Lang::En => ',',
    }
}

const fn decimal_mark(lang: Lang) -> &'static str {
    match lang {
        Lang::PtBr | Lang::Es => ",",
        Lang::En => ".",
    }
}

fn group(digits: &str, separator: char) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

/// An instant on the business wall clock: the hour alone today, the day before it within
/// the year, the year too when it is another.
#[must_use]
pub fn instant(lang: Lang, at: Timestamp, now: Timestamp) -> String {
    let (then, today) = (at.in_business_zone(), now.in_business_zone());
    let mut text = String::with_capacity(LONGEST_INSTANT_BYTES);
    if !then.is_same_day(&today) {
        push_day(&mut text, lang, then, then.year != today.year);
        text.push(' ');
    }
    push_parts(&mut text, ':', [then.hour, then.minute]);
    text
}

/// A day alone, with its year.
#[must_use]
pub fn day(lang: Lang, at: Timestamp) -> String {
    let mut text = String::with_capacity(LONGEST_INSTANT_BYTES);
    push_day(&mut text, lang, at.in_business_zone(), true);
    text
}

/// `22 Nov 2026 14:03:11`.
const LONGEST_INSTANT_BYTES: usize = 20;

fn push_day(text: &mut String, lang: Lang, day: WallClock, with_year: bool) {
    // Writing to a String cannot fail.
    match lang {
        Lang::PtBr | Lang::Es => {
            push_parts(text, '/', [day.day, day.month]);
            if with_year {
                let _ = write!(text, "/{}", day.year);
            }
        }
        Lang::En => {
            let _ = write!(text, "{} {}", day.day, month_name(day.month));
            if with_year {
                let _ = write!(text, " {}", day.year);
            }
        }
    }
}

fn push_parts<const N: usize>(text: &mut String, mark: char, parts: [i8; N]) {
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            text.push(mark);
        }
        push_two_digits(text, part);
    }
}

/// An English month, short.
fn month_name(month: i8) -> &'static str {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    usize::try_from(month - 1).ok().and_then(|index| NAMES.get(index)).copied().unwrap_or_default()
}

/// An instant to the second, for proofs and titles.
#[must_use]
pub fn exact(lang: Lang, at: Timestamp) -> String {
    let then = at.in_business_zone();
    let mut text = String::with_capacity(LONGEST_INSTANT_BYTES);
    push_day(&mut text, lang, then, true);
    text.push(' ');
    push_parts(&mut text, ':', [then.hour, then.minute, then.second]);
    text
}

/// The business wall clock to the second.
#[must_use]
pub fn clock(at: Timestamp) -> String {
    let then = at.in_business_zone();
    let mut text = String::with_capacity(LONGEST_INSTANT_BYTES);
    push_parts(&mut text, ':', [then.hour, then.minute, then.second]);
    text
}

/// A span in its largest whole unit (`3 min`, `2 h`, `5 dias`).
#[must_use]
pub fn span(lang: Lang, span: Duration) -> String {
    let seconds = span.as_secs();
    let (count, key) = match seconds {
        0..MINUTE => (seconds, "unit-second"),
        MINUTE..HOUR => (seconds / MINUTE, "unit-minute"),
        HOUR..DAY => (seconds / HOUR, "unit-hour"),
        _ => (seconds / DAY, "unit-day"),
    };
    crate::i18n::plural(lang, key, i64::try_from(count).unwrap_or(i64::MAX))
}

/// A delay: tenths of a second below ten seconds, else as [`span`].
#[must_use]
pub fn delay(lang: Lang, delay: Duration) -> String {
    if delay.as_secs() >= 10 {
        return span(lang, delay);
    }
    let tenths = delay.as_millis() / 100;
    format!("{}{}{}\u{a0}s", tenths / 10, decimal_mark(lang), tenths % 10)
}

/// How long ago (`há 3 min`), or how far ahead (`em 2 h`).
#[must_use]
pub fn relative(lang: Lang, at: Timestamp, now: Timestamp) -> String {
    if at > now {
        return crate::i18n::t(lang, "time-in", &[("span", &span(lang, at.since(now)))]);
    }
    let gone = now.since(at);
    if gone.as_secs() < 10 {
        return text(lang, "time-now").to_owned();
    }
    crate::i18n::t(lang, "time-ago", &[("span", &span(lang, gone))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Currency;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn each_language_has_its_marks() {
        let amount = Money::new(123_456_750, Currency::Brl);
        assert_eq!(money(Lang::PtBr, amount), "R$\u{a0}1.234.567,50");
        assert_eq!(money(Lang::Es, amount), "R$\u{a0}1.234.567,50");
        assert_eq!(money(Lang::En, amount), "R$\u{a0}1,234,567.50");
        assert_eq!(money(Lang::En, Money::new(-5, Currency::Brl)), "−R$\u{a0}0.05");
        assert_eq!(money(Lang::PtBr, Money::new(1_500, Currency::Clp)), "$\u{a0}1.500");
    }

    #[test]
    fn numbers_are_grouped_and_changes_signed() {
        assert_eq!(number(Lang::PtBr, -12_345), "−12.345");
        assert_eq!(number(Lang::En, 999), "999");
        assert_eq!(signed(Lang::En, 1_000), "+1,000");
        assert_eq!(signed(Lang::En, 0), "0");
        assert_eq!(number(Lang::En, i64::MIN), "−9,223,372,036,854,775,808");
    }

    #[test]
    fn an_instant_says_no_more_than_needed() {
        let now = at("2026-11-22T17:03:11Z");
        assert_eq!(instant(Lang::PtBr, now, now), "14:03");
        assert_eq!(instant(Lang::PtBr, at("2026-11-21T17:03:11Z"), now), "21/11 14:03");
        assert_eq!(instant(Lang::En, at("2026-11-21T17:03:11Z"), now), "21 Nov 14:03");
        assert_eq!(instant(Lang::Es, at("2025-01-02T03:00:00Z"), now), "02/01/2025 00:00");
        assert_eq!(exact(Lang::PtBr, now), "22/11/2026 14:03:11");
    }

    #[test]
    fn a_share_is_told_to_the_tenth() {
        assert_eq!(percent(Lang::PtBr, 1_234), "12,3\u{a0}%");
        assert_eq!(percent(Lang::En, -1_235), "−12.4\u{a0}%");
        assert_eq!(percent(Lang::Es, -4), "0,0\u{a0}%");
    }

    #[test]
    fn today_ends_at_midnight_in_the_business_zone() {
        let now = at("2026-11-22T02:30:00Z");
        assert_eq!(instant(Lang::PtBr, at("2026-11-21T23:00:00Z"), now), "20:00");
    }

    #[test]
    fn spans_use_their_largest_whole_unit() {
        assert_eq!(span(Lang::PtBr, Duration::from_secs(59)), "59 s");
        assert_eq!(span(Lang::PtBr, Duration::from_mins(119)), "1 h");
        assert_eq!(span(Lang::PtBr, Duration::from_hours(24)), "1 dia");
        assert_eq!(span(Lang::En, Duration::from_hours(24 * 179)), "179 days");
    }

    #[test]
    fn a_short_delay_shows_its_tenths() {
        assert_eq!(delay(Lang::PtBr, Duration::from_millis(1_949)), "1,9\u{a0}s");
        assert_eq!(delay(Lang::En, Duration::from_millis(40)), "0.0\u{a0}s");
        assert_eq!(delay(Lang::En, Duration::from_secs(12)), "12 s");
    }

    #[test]
    fn past_and_future_read_differently() {
        let now = at("2026-11-22T17:00:00Z");
        assert_eq!(relative(Lang::PtBr, now.minus(Duration::from_mins(3)), now), "há 3 min");
        assert_eq!(relative(Lang::Es, now.plus(Duration::from_hours(2)), now), "en 2 h");
        assert_eq!(relative(Lang::En, now, now), "just now");
    }
}

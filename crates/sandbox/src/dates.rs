//! The date forms that Mercado Livre mixes (fact sheet §1).

use std::time::Duration;

use domain::Timestamp;

const FOUR_HOURS: Duration = Duration::from_hours(4);
const THREE_HOURS: Duration = Duration::from_hours(3);
/// Milliseconds in an hour: searches drop everything below it.
const HOUR_MS: i64 = 3_600_000;

fn with_zone(at: Timestamp, zone: &str) -> String {
    at.to_rfc3339().replace('Z', zone)
}

/// `2026-01-05T10:30:00.000-04:00`: orders, shipments, claims.
#[must_use]
pub fn west(at: Timestamp) -> String {
    with_zone(at.minus(FOUR_HOURS), "-04:00")
}

/// `2026-01-05T10:30:00.000-0400`: packs, moderations.
#[must_use]
pub fn west_compact(at: Timestamp) -> String {
    with_zone(at.minus(FOUR_HOURS), "-0400")
}

/// `2026-01-05T14:30:00.000Z`: items, notifications, messages.
#[must_use]
pub fn zulu(at: Timestamp) -> String {
    at.to_rfc3339()
}

/// `2026-01-05T14:30:00.000+0000`: families.
#[must_use]
pub fn plus_compact(at: Timestamp) -> String {
    with_zone(at, "+0000")
}

/// `Mon, 05 Jan 2026 14:30:00 GMT`: what HTTP's own headers say (RFC 9110 §5.6.7).
#[must_use]
pub fn http(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = at.to_rfc3339();
    // The first of January 1970 was a Thursday.
    let day = usize::try_from(at.as_millis().div_euclid(24 * HOUR_MS).rem_euclid(7)).unwrap_or_default();
    let month = text[5..7].parse::<usize>().unwrap_or(1) - 1;
    format!("{}, {} {} {} {} GMT", DAYS[day], &text[8..10], MONTHS[month], &text[..4], &text[11..19])
}

/// `2026-01-05T14:30:00.000+00:00`: returns.
#[must_use]
pub fn plus(at: Timestamp) -> String {
    with_zone(at, "+00:00")
}

/// Midnight of the Brazilian day of `at`, as `2026-01-05T00:00:00.000-03:00`: delivery promises.
#[must_use]
pub fn brazil_day(at: Timestamp) -> String {
    let local = at.minus(THREE_HOURS).to_rfc3339();
    format!("{}T00:00:00.000-03:00", &local[..10])
}

/// The beginning of the hour: order searches ignore minutes and seconds.
#[must_use]
pub fn hour_floor(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis() - at.as_millis().rem_euclid(HOUR_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_the_same_instant() {
        let at = Timestamp::parse("2026-01-05T14:30:00.123Z").unwrap();
        for form in [west(at), west_compact(at), zulu(at), plus_compact(at), plus(at)] {
            assert_eq!(Timestamp::parse(&form), Some(at), "{form}");
        }
        assert_eq!(west(at), "2026-01-05T10:30:00.123-04:00");
        assert_eq!(brazil_day(at), "2026-01-05T00:00:00.000-03:00");
    }

    #[test]
    fn searches_see_only_the_hour() {
        let at = Timestamp::parse("2026-01-05T14:59:59.999Z").unwrap();
        assert_eq!(hour_floor(at), Timestamp::parse("2026-01-05T14:00:00Z").unwrap());
    }
}

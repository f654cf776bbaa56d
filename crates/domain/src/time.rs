//! Instants in UTC from an injected clock. The only module that knows a calendar.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;

/// Where business days are counted.
pub const BUSINESS_TIME_ZONE: &str = "America/Sao_Paulo";

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A day and an hour in the business time zone, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the fields of a calendar and a clock")]
pub struct WallClock {
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
    /// 1 to 31.
    pub day: i8,
    pub hour: i8,
    pub minute: i8,
    pub second: i8,
}

impl WallClock {
    /// Whether both are on one day.
    #[must_use]
    pub fn is_same_day(&self, other: &Self) -> bool {
        (self.year, self.month, self.day) == (other.year, other.month, other.day)
    }
}

impl Timestamp {
    /// The beginning of Unix time; used where "never" must be older than everything.
    pub const EPOCH: Self = Self(0);

    /// An instant from milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant moved forward; saturates at the end of time.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This instant moved back; saturates at the beginning of time.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads the date forms that marketplaces send: with `T` or a space, with `Z`,
    /// `-04:00`, `-0400` or `+0000`, with none to nine digits of fraction.
    /// `None` when the text has no zone or is no date.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let stamp: jiff::Timestamp = text.trim().parse().ok()?;
        Some(Self(stamp.as_millisecond()))
    }

    /// Reads a date of HTTP (`Tue, 10 Nov 2026 13:00:07 GMT`, RFC 9110 §5.6.7).
    #[must_use]
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let stamp = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
        Some(Self(stamp.as_millisecond()))
    }

    /// Reads what a browser sends of a field for day and hour (`2026-11-22T14:03`), as a clock on a
    /// Brazilian wall shows it. `None` for what is no such text.
    #[must_use]
    pub fn parse_business(text: &str) -> Option<Self> {
        let local: jiff::civil::DateTime = text.trim().parse().ok()?;
        let zoned = local.to_zoned(business_zone().clone()).ok()?;
        Some(Self(zoned.timestamp().as_millisecond()))
    }

    /// This instant as such a field holds it, to the second.
    #[must_use]
    pub fn to_business_field(self) -> String {
        let WallClock { year, month, day, hour, minute, second } = self.in_business_zone();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }

    /// RFC 3339 in UTC with milliseconds, for machines.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let utc = TimeZone::UTC.to_datetime(self.instant());
        let mut text = utc.date().to_string();
        for (mark, value) in [('T', utc.hour()), (':', utc.minute()), (':', utc.second())] {
            text.push(mark);
            push_two_digits(&mut text, value);
        }
        let millis = i16::try_from(self.0.rem_euclid(1_000)).unwrap_or_default();
        text.push('.');
        text.push(char::from(b'0' + u8::try_from(millis / 100).unwrap_or_default()));
        push_two_digits(&mut text, i8::try_from(millis % 100).unwrap_or_default());
        text.push('Z');
        text
    }

    /// What a clock and a calendar on a Brazilian wall show.
    #[must_use]
    pub fn in_business_zone(self) -> WallClock {
        let local = business_zone().to_datetime(self.instant());
        WallClock {
            year: local.year(),
            month: local.month(),
            day: local.day(),
            hour: local.hour(),
            minute: local.minute(),
            second: local.second(),
        }
    }

    /// The beginning of the business day that is `days` after this instant's own; 0 is the
    /// last midnight. This instant itself where the calendar ends.
    #[must_use]
    pub fn business_midnight(self, days: i32) -> Self {
        let day = self.instant().to_zoned(business_zone().clone()).checked_add(jiff::Span::new().days(days));
        let start = day.and_then(|day| day.start_of_day());
        start.map_or(self, |start| Self(start.timestamp().as_millisecond()))
    }

    /// The same time of day so many months on, or on the last day of a month that is shorter.
    /// This instant itself where the calendar ends.
    #[must_use]
    pub fn business_months(self, months: i32) -> Self {
        let day = self.instant().to_zoned(business_zone().clone());
        let then = day.checked_add(jiff::Span::new().months(months));
        then.map_or(self, |then| Self(then.timestamp().as_millisecond()))
    }

    /// The same time of day, so many days from Monday to Friday after this instant's own.
    /// This instant itself where the calendar ends.
    #[must_use]
    pub fn business_weekdays(self, weekdays: u32) -> Self {
        let mut day = self.instant().to_zoned(business_zone().clone());
        let mut left = weekdays;
        while left > 0 {
            let Ok(next) = day.checked_add(jiff::Span::new().days(1)) else { return self };
            day = next;
            let weekend =
                matches!(day.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday);
            left -= u32::from(!weekend);
        }
        Self(day.timestamp().as_millisecond())
    }

    fn instant(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// Appends a number from 0 to 99 with two digits. A page of fifty rows writes some thousand of
/// them; formatting each is most of what its instants cost.
pub fn push_two_digits(text: &mut String, value: i8) {
    let value = value.unsigned_abs();
    text.push(char::from(b'0' + value / 10 % 10));
    text.push(char::from(b'0' + value % 10));
}

/// Looked up once: a page of fifty rows asks for it some two hundred times.
fn business_zone() -> &'static TimeZone {
    static ZONE: LazyLock<TimeZone> =
        LazyLock::new(|| TimeZone::get(BUSINESS_TIME_ZONE).unwrap_or(TimeZone::UTC));
    &ZONE
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.to_rfc3339())
    }
}

/// Where "now" comes from. Passed in everywhere; reading the wall clock elsewhere is
/// refused by clippy.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// A clock that moves only when told: tests and the simulator own time with it.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock standing at `start`.
    #[must_use]
    pub const fn at(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.as_millis()))
    }

    /// Moves time forward.
    pub fn advance(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_for_day_and_hour_is_a_clock_on_a_brazilian_wall() {
        let at = Timestamp::parse_business("2026-11-22T14:03").unwrap();
        assert_eq!(at, Timestamp::parse("2026-11-22T17:03:00Z").unwrap());
        assert_eq!(at.to_business_field(), "2026-11-22T14:03:00");
        assert_eq!(Timestamp::parse_business(&at.to_business_field()), Some(at));
        for wrong in ["", "ontem", "2026-13-01T00:00", "2026-11-22T14:03Z"] {
            assert_eq!(Timestamp::parse_business(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_date_form_of_the_marketplaces_is_the_same_instant() {
        let forms = [
            "2026-01-05T10:30:00.000-04:00",
            "2026-01-05T10:30:00.000-0400",
            "2026-01-05T14:30:00Z",
            "2026-01-05T14:30:00.000000000Z",
            "2026-01-05T14:30:00.000+0000",
            "2026-01-05 14:30:00+00:00",
        ];
        for form in forms {
            assert_eq!(Timestamp::parse(form), Some(Timestamp::from_millis(1_767_623_400_000)), "{form}");
        }
    }

    #[test]
    fn a_date_without_a_zone_is_refused_rather_than_guessed() {
        assert_eq!(Timestamp::parse("2026-01-05T10:30:00"), None);
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn a_date_of_http_is_read_and_nothing_else_passes_for_one() {
        let read = Timestamp::parse_http_date("Tue, 10 Nov 2026 13:00:07 GMT");
        assert_eq!(read, Timestamp::parse("2026-11-10T13:00:07Z"));
        for none in ["", "7", "soon", "2026-11-10T13:00:07Z", "Tue, 40 Nov 2026 13:00:07 GMT"] {
            assert_eq!(Timestamp::parse_http_date(none), None, "{none}");
        }
    }

    #[test]
    fn people_see_the_business_time_zone() {
        let noon_utc = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
        assert_eq!(noon_utc.in_business_zone().hour, 9);
    }

    #[test]
    fn a_business_day_begins_at_three_in_utc() {
        let late = Timestamp::parse("2026-11-23T02:30:00Z").unwrap();
        for (days, start) in
            [(0, "2026-11-22T03:00:00Z"), (1, "2026-11-23T03:00:00Z"), (10, "2026-12-02T03:00:00Z")]
        {
            assert_eq!(Some(late.business_midnight(days)), Timestamp::parse(start), "{days}");
        }
    }

    #[test]
    fn a_span_back_in_time_is_zero_not_negative() {
        let (early, late) = (Timestamp::from_millis(1), Timestamp::from_millis(9));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.since(early), Duration::from_millis(8));
    }
}

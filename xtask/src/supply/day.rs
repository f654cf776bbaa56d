//! Days of the calendar: how old is what we know?

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds of a day.
const DAY_SECONDS: u64 = 24 * 60 * 60;
/// Days of 400 years, after which the calendar repeats.
const CYCLE_DAYS: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// A day in UTC, counted from 1970-01-01. As text: `2026-08-21`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day of `time`; the first day there is for a time before 1970.
    #[must_use]
    pub fn of(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self(i64::try_from(seconds / DAY_SECONDS).unwrap_or(i64::MAX))
    }

    /// The day it is.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "records age by the calendar of the one who runs the check"
    )]
    pub fn today() -> Self {
        Self::of(SystemTime::now())
    }

    /// Days from `earlier` to this one; negative if it is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The day so many days later.
    #[must_use]
    pub const fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The first day that `text` names somewhere, as in `records-2026-08-21.tar.gz`.
    #[must_use]
    pub fn within(text: &str) -> Option<Self> {
        let starts = text.char_indices().map(|(at, _)| at);
        starts.filter_map(|at| text.get(at..at + "2026-08-21".len())).find_map(|part| part.parse().ok())
    }

    /// Year, month and day of the month. Years are counted from March, so that the day
    /// which not every year has is the last one.
    fn date(self) -> (i64, i64, i64) {
        let days = self.0 + EPOCH;
        let (cycle, day) = (days.div_euclid(CYCLE_DAYS), days.rem_euclid(CYCLE_DAYS));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let of_year = day - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let of_month = of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        (cycle * 400 + year + next, month, of_month)
    }

    /// The other way round; days beyond a month's end run over into the next.
    fn counted(year: i64, month: i64, day: i64) -> Self {
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * month + 2) / 5 + day - 1;
        Self(cycle * CYCLE_DAYS + 365 * year + year / 4 - year / 100 + of_year - EPOCH)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(out, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let no_day = || format!("`{text}` is no day; write it as in 2026-08-21");
        let parts: Option<Vec<i64>> = text.split('-').map(|part| part.parse().ok()).collect();
        let Some([year, month, day]) = parts.as_deref() else { return Err(no_day()) };
        if !(1..=9999).contains(year) || !(1..=12).contains(month) || !(1..=31).contains(day) {
            return Err(no_day());
        }
        // Only what reads back the same is in the calendar, and in this one spelling.
        Some(Self::counted(*year, *month, *day)).filter(|found| found.to_string() == text).ok_or_else(no_day)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_reads_as_it_is_written() {
        for text in ["1970-01-01", "1999-12-31", "2000-02-29", "2024-02-29", "2026-08-21", "2100-03-01"] {
            assert_eq!(day(text).to_string(), text);
        }
    }

    #[test]
    fn every_day_of_four_centuries_reads_back() {
        let first = day("1970-01-01");
        for number in 0..CYCLE_DAYS {
            let one = Day(first.0 + number);
            assert_eq!(one.to_string().parse(), Ok(one));
        }
    }

    #[test]
    fn an_age_is_counted_in_days() {
        assert_eq!(day("2026-11-22").since(day("2026-08-21")), 93);
        assert_eq!(day("2026-08-21").since(day("2026-11-22")), -93);
        assert_eq!(day("2024-03-01").since(day("2024-02-28")), 2);
    }

    #[test]
    fn a_time_is_on_its_day() {
        let last_second = UNIX_EPOCH + Duration::from_secs(DAY_SECONDS * 2 - 1);
        assert_eq!(Day::of(last_second).to_string(), "1970-01-02");
    }

    #[test]
    fn what_is_in_no_calendar_is_no_day() {
        for text in ["2026-02-30", "2025-02-29", "2026-13-01", "2026-8-21", "21.08.2026", "", "2026-08-21-1"]
        {
            assert!(text.parse::<Day>().unwrap_err().contains("is no day"), "{text}");
        }
    }

    #[test]
    fn a_day_is_found_in_the_name_of_a_file() {
        assert_eq!(Day::within("rust-advisories-2026-08-21.tar.gz"), Some(day("2026-08-21")));
        assert_eq!(Day::within("açúcar-1234-99-99"), None);
    }
}

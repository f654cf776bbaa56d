//! The alarm for orders that should have come and did not: a dead token, a topic the
//! platform switched off and a blocked address all look the same — like a quiet day.

use std::time::Duration;

use crate::time::Timestamp;

/// How far back the usual pace is read.
pub const HISTORY: Duration = Duration::from_hours(14 * 24);
/// Fewer orders than this say nothing about a pace.
pub const MIN_ORDERS: usize = 8;
/// The alarm rings when so many orders were to be expected in the silence. For a
/// Poisson pace none arrives then once in about 1,100 times (e⁻⁷).
pub const EXPECTED_ORDERS_BEFORE_ALARM: f64 = 7.0;
/// A silence shorter than this is never an alarm: a lunch break is no outage.
pub const MIN_SILENCE: Duration = Duration::from_mins(20);

/// The silence of a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Silence {
    /// Too few orders to know a pace.
    Unknown,
    /// Orders come as usual.
    Usual,
    /// Orders are missing.
    Alarm {
        /// How long none has come.
        lasted: Duration,
        /// How many would have come at the usual pace of these hours.
        expected_orders: f64,
    },
}

/// Judges the silence at `now` from the times of the last orders (any order; those
/// beyond [`HISTORY`] are left out). Expectation counts what came in the same hours of
/// the days before, so a quiet night is not an alarm for a shop that sells by day.
#[must_use]
pub fn judge(order_times: &[Timestamp], now: Timestamp) -> Silence {
    let start = now.minus(HISTORY);
    let recent: Vec<Timestamp> =
        order_times.iter().copied().filter(|at| *at >= start && *at <= now).collect();
    let (Some(first), Some(last)) = (recent.iter().min(), recent.iter().max()) else {
        return Silence::Unknown;
    };
    if recent.len() < MIN_ORDERS {
        return Silence::Unknown;
    }
    let lasted = now.since(*last);
    if lasted < MIN_SILENCE {
        return Silence::Usual;
    }
    let expected_orders = expected(&recent, *first, *last, now);
    if expected_orders >= EXPECTED_ORDERS_BEFORE_ALARM {
        Silence::Alarm { lasted, expected_orders }
    } else {
        Silence::Usual
    }
}

/// Orders to be expected in `(last, now]`: the mean of the same window on each full day
/// before; where no full day is known yet, the overall pace.
#[expect(clippy::cast_precision_loss, reason = "counts of orders, far below 2^52")]
fn expected(recent: &[Timestamp], first: Timestamp, last: Timestamp, now: Timestamp) -> f64 {
    const DAY: Duration = Duration::from_hours(24);
    let mut counts = Vec::new();
    let (mut from, mut to) = (last.minus(DAY), now.minus(DAY));
    while from >= first {
        counts.push(recent.iter().filter(|at| **at > from && **at <= to).count());
        (from, to) = (from.minus(DAY), to.minus(DAY));
    }
    if counts.is_empty() {
        let pace_per_second = recent.len() as f64 / last.since(first).as_secs_f64().max(1.0);
        return pace_per_second * now.since(last).as_secs_f64();
    }
    counts.iter().sum::<usize>() as f64 / counts.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// Orders every six minutes between 9:00 and 21:00 for ten days.
    fn daytime_shop() -> (Vec<Timestamp>, Timestamp) {
        let start = Timestamp::EPOCH;
        let mut times = Vec::new();
        for day in 0..10 {
            for minute in (9 * 60..21 * 60).step_by(6) {
                times.push(start.plus(Duration::from_mins(day * 24 * 60 + minute)));
            }
        }
        (times, start.plus(Duration::from_hours(9 * 24 + 21)))
    }

    #[test]
    fn a_quiet_night_is_usual() {
        let (times, closing) = daytime_shop();
        assert_eq!(judge(&times, closing.plus(10 * HOUR)), Silence::Usual);
    }

    #[test]
    fn a_quiet_morning_is_an_alarm() {
        let (times, closing) = daytime_shop();
        let judged = judge(&times, closing.plus(13 * HOUR));
        assert!(matches!(judged, Silence::Alarm { .. }), "{judged:?}");
    }

    #[test]
    fn a_new_shop_has_no_pace_to_miss() {
        let times = [Timestamp::EPOCH, Timestamp::EPOCH.plus(HOUR)];
        assert_eq!(judge(&times, Timestamp::EPOCH.plus(100 * HOUR)), Silence::Unknown);
        assert_eq!(judge(&[], Timestamp::EPOCH), Silence::Unknown);
    }

    #[test]
    fn a_busy_first_day_already_knows_its_pace() {
        let times: Vec<_> =
            (0..60).map(|minute| Timestamp::EPOCH.plus(Duration::from_mins(minute))).collect();
        let judged = judge(&times, Timestamp::EPOCH.plus(2 * HOUR));
        assert!(matches!(judged, Silence::Alarm { .. }), "{judged:?}");
    }
}

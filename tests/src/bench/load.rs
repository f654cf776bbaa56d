//! Load: connections that ask as fast as they are answered, or at a given pace.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Result;
use super::http::Connection;

/// How requests are spaced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// The next one as soon as the last one is answered.
    Closed,
    /// So many a second over all connections, whether answers come or not. A request that
    /// is due while its connection still waits counts as waiting from when it was due.
    Open {
        /// Requests a second.
        per_second: f64,
        /// Count each answer from when its request was really sent. For overload, where
        /// the line of due requests grows for ever and only what was asked can be late.
        from_sending: bool,
    },
}

/// What came of a load.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Time from request to answer, of each answer, shortest first.
    pub latencies: Vec<Duration>,
    /// Answers with status 200.
    pub acknowledged: u64,
    /// Answers with any other status.
    pub refused: u64,
    /// From the first request to the last answer.
    pub span: Duration,
}

impl Outcome {
    /// Acknowledged requests a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 requests")]
        let acknowledged = self.acknowledged as f64;
        acknowledged / self.span.as_secs_f64()
    }

    /// The time within which this share of the answers came, in milliseconds.
    #[must_use]
    pub fn quantile_ms(&self, share: f64) -> f64 {
        quantile(&self.latencies, share).as_secs_f64() * 1e3
    }
}

/// The value below which this share of the sorted values lies (nearest rank).
#[must_use]
pub fn quantile(sorted: &[Duration], share: f64) -> Duration {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank within the length of a vector"
    )]
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or_default()
}

/// The middle of some figures, the lower one of two.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// Loads `address` from a thread of its own, which the server's threads do not share.
pub fn run(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    pace: Pace,
    span: Duration,
) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut opened = Vec::with_capacity(connections);
        for _ in 0..connections {
            opened.push(Connection::open(address).await?);
        }
        let begun = Instant::now();
        let lanes: Vec<_> = opened
            .into_iter()
            .enumerate()
            .map(|(lane, connection)| {
                let turns = Turns { lane, lanes: connections, pace, begun, end: begun + span };
                tokio::spawn(ask(connection, Arc::clone(requests), turns))
            })
            .collect();
        let mut all = Outcome::default();
        for lane in lanes {
            let one = lane.await??;
            all.latencies.extend(one.latencies);
            all.acknowledged += one.acknowledged;
            all.refused += one.refused;
        }
        all.span = begun.elapsed();
        all.latencies.sort_unstable();
        Ok(all)
    })
}

/// When a connection's requests are due.
#[derive(Debug, Clone, Copy)]
struct Turns {
    lane: usize,
    lanes: usize,
    pace: Pace,
    begun: Instant,
    end: Instant,
}

impl Turns {
    /// When the `turn`th request of this connection is due; `None` for at once.
    fn due(&self, turn: u32) -> Option<Instant> {
        let Pace::Open { per_second, .. } = self.pace else { return None };
        #[expect(clippy::cast_precision_loss, reason = "a few hundred connections")]
        let (lane, lanes) = (self.lane as f64, self.lanes as f64);
        Some(self.begun + Duration::from_secs_f64((lane + lanes * f64::from(turn)) / per_second))
    }
}

async fn ask(mut connection: Connection, requests: Arc<Vec<Vec<u8>>>, turns: Turns) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for (turn, request) in (0..).zip(requests.iter().cycle().skip(turns.lane)) {
        let due = turns.due(turn);
        if due.unwrap_or_else(Instant::now) >= turns.end || Instant::now() >= turns.end {
            break;
        }
        let mut from = None;
        if let Some(due) = due {
            if Instant::now() < due {
                // The timer's own lateness is the generator's fault, not the server's.
                tokio::time::sleep_until(due.into()).await;
            } else if matches!(turns.pace, Pace::Open { from_sending: false, .. }) {
                from = Some(due);
            }
        }
        let from = from.unwrap_or_else(Instant::now);
        let answer = connection.send(request).await?;
        outcome.latencies.push(from.elapsed());
        if answer.status == 200 {
            outcome.acknowledged += 1;
        } else {
            outcome.refused += 1;
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(values: std::ops::RangeInclusive<u64>) -> Vec<Duration> {
        values.map(Duration::from_millis).collect()
    }

    #[test]
    fn a_quantile_is_a_value_that_was_seen() {
        let values = milliseconds(1..=100);
        assert_eq!(quantile(&values, 0.5), Duration::from_millis(50));
        assert_eq!(quantile(&values, 0.99), Duration::from_millis(99));
        assert_eq!(quantile(&values, 1.0), Duration::from_millis(100));
        assert_eq!(quantile(&milliseconds(7..=7), 0.01), Duration::from_millis(7));
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }

    #[test]
    fn the_middle_of_some_figures() {
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn connections_take_turns_at_an_open_pace() {
        let begun = Instant::now();
        let pace = Pace::Open { per_second: 100.0, from_sending: false };
        let turns = Turns { lane: 3, lanes: 4, pace, begun, end: begun };
        assert_eq!(turns.due(0), Some(begun + Duration::from_millis(30)));
        assert_eq!(turns.due(2), Some(begun + Duration::from_millis(110)));
        assert_eq!(Turns { pace: Pace::Closed, ..turns }.due(2), None);
    }
}

//! How soon all listings of a SKU show that its stock was changed, with the marketplace's own
//! limit of requests in force; and how often a listing is written for it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sandbox::mercado_livre::Rules;

use super::Result;
use super::fan_out::{IDLE_LIMIT, Pair, UNITS, World, Write};
use super::load::quantile;
use super::report::{Bound, Figure, Report};
use super::stage::{self, Ground};

const BENCH: &str = "stock-changes";
/// Changes a second, as the house promises its figure for.
const CHANGES_PER_SECOND: u32 = 20;
/// SKUs that change. Each of its listings is read, written and read back once a second at most,
/// which is what one account of the marketplace allows (1,500 requests a minute).
const SKUS: usize = 4;
/// How often a listing may be written.
const SECOND: Duration = Duration::from_secs(1);

/// A SKU was counted anew.
struct Change {
    pair: usize,
    units: i64,
    at: Instant,
}

/// When both listings of the SKU first showed so many units or what came after: counts fall.
fn shown_at(change: &Change, pairs: &[Pair], writes: &[Write]) -> Option<Instant> {
    let pair = &pairs[change.pair];
    let first = |item: &String| {
        let shows = |write: &&Write| write.0 == *item && write.1 <= change.units && write.2 >= change.at;
        writes.iter().find(shows).map(|write| write.2)
    };
    Some(first(&pair.selling)?.max(first(&pair.told)?))
}

/// The most writes of one listing that began within a second.
fn most_in_a_second(writes: &[Write]) -> usize {
    let mut of_item: BTreeMap<&str, Vec<Instant>> = BTreeMap::new();
    for (item, _, at) in writes {
        of_item.entry(item).or_default().push(*at);
    }
    let within = |times: &Vec<Instant>| {
        let from = |begun: &Instant| {
            times.iter().filter(|at| **at >= *begun && at.duration_since(*begun) < SECOND).count()
        };
        times.iter().map(from).max().unwrap_or(0)
    };
    of_item.values().map(within).max().unwrap_or(0)
}

/// Measures on one database, changing for `span`.
pub fn run(ground: &Ground, span: Duration, report: &mut Report) -> Result<()> {
    let runtime = stage::server_runtime()?;
    let (world, changes) = runtime.block_on(async {
        let mut world = World::open(ground, Rules::default()).await?;
        world.pairs.truncate(SKUS);
        world.wires.seen().writes.clear();
        let changes = change(&world, span).await?;
        world.stage.until_idle(IDLE_LIMIT).await?;
        Ok::<_, super::Error>((world, changes))
    })?;
    let seen = world.wires.seen();
    let mut took: Vec<Duration> = changes
        .iter()
        .filter_map(|change| Some(shown_at(change, &world.pairs, &seen.writes)?.duration_since(change.at)))
        .collect();
    took.sort_unstable();
    let ms = |share| quantile(&took, share).as_secs_f64() * 1e3;
    #[expect(clippy::cast_precision_loss, reason = "a few thousand changes")]
    let count = |number: usize| number as f64;
    let mut figure = |name: &str, value: f64, unit, bound| {
        report.add(Figure { bench: BENCH, database: ground.name, name: name.into(), value, unit, bound });
    };
    figure("changes", count(changes.len()), "changes", None);
    figure("SKUs with two listings", count(world.pairs.len()), "SKUs", None);
    figure("change to both listings' PUT: p50", ms(0.5), "ms", None);
    figure("change to both listings' PUT: p99", ms(0.99), "ms", Some(Bound::AtMost(1_000.0)));
    let never = count(changes.len() - took.len());
    figure("changes that a listing never showed", never, "changes", Some(Bound::Within(0.0, 0.0)));
    let most = count(most_in_a_second(&seen.writes));
    figure("writes of one listing in a second, at most", most, "writes", Some(Bound::AtMost(1.0)));
    figure("writes", count(seen.writes.len()), "writes", None);
    report.note(format!(
        "stock-changes: {CHANGES_PER_SECOND} counts a second in turns over {SKUS} SKUs; sandbox and shop in one process \
         over loopback, the sandbox's limit of requests in force"
    ));
    Ok(())
}

async fn change(world: &World, span: Duration) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    let mut beats = tokio::time::interval(SECOND / CHANGES_PER_SECOND);
    let end = Instant::now() + span;
    let (stage, mut units) = (&world.stage, UNITS);
    while Instant::now() < end {
        beats.tick().await;
        let pair = changes.len() % world.pairs.len();
        units -= 1;
        let at = Instant::now();
        let sku = world.pairs[pair].sku;
        stage
            .app
            .adjust(stage.organization, stage.member, sku, units, 0, "counted for the benchmark")
            .await?;
        changes.push(Change { pair, units, at });
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use domain::{SkuId, TypedId as _};

    use super::*;

    #[test]
    fn a_change_is_shown_once_both_listings_do_and_writes_are_counted_by_the_second() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let pairs = [Pair { sku: SkuId::from_bytes([0; 16]), selling: "A".into(), told: "B".into() }];
        let change = |units, ms| Change { pair: 0, units, at: at(ms) };
        let write = |item: &str, units, ms| (item.to_owned(), units, at(ms));
        let writes = [write("A", 8, 10), write("B", 9, 20), write("B", 8, 30), write("B", 7, 1_029)];
        assert_eq!(shown_at(&change(8, 5), &pairs, &writes), Some(at(30)));
        assert_eq!(shown_at(&change(7, 5), &pairs, &writes), None, "A never showed it");
        assert_eq!(most_in_a_second(&writes), 2, "the write a second after another is in the next");
    }
}

use super::*;
use crate::money::Currency;
use crate::random::{Entropy, SeededEntropy};
use crate::settlement::{News, Sums};

/// Orders in each made-up history.
const ORDERS: usize = 160;
/// Of a hundred orders, so many bear something of their own.
const ODD_PERCENT: u64 = 3;

fn below_i64(entropy: &SeededEntropy, end: u64) -> i64 {
    i64::try_from(entropy.below(end)).unwrap()
}

/// What a table takes of a unit.
#[derive(Clone, Copy)]
struct Table {
    basis_points: i64,
    fixed_minor: i64,
}

const OLD: Table = Table { basis_points: 1_400, fixed_minor: 600 };

fn at(index: usize) -> Timestamp {
    Timestamp::from_millis(1_767_623_400_000 + i64::try_from(index).unwrap() * 3_600_000)
}

/// A shop of a few offers whose fees follow `table` by the order's place; what was told follows `OLD`.
fn history(seed: u64, table: impl Fn(usize) -> Table) -> Vec<Sighting> {
    let entropy = SeededEntropy::new(seed);
    let offers = 1 + entropy.below(6);
    let prices: Vec<i64> = (0..offers).map(|_| 2_000 + below_i64(&entropy, 30_000)).collect();
    let sighting = |index| {
        let offer = entropy.below(offers);
        let price_minor = prices[usize::try_from(offer).unwrap()];
        let units = 1 + below_i64(&entropy, 3);
        let fee =
            |table: Table| price_minor * units * table.basis_points / 10_000 + table.fixed_minor * units;
        // A cent up or down for rounding; now and then something of this order alone.
        let mut taken = fee(table(index)) + below_i64(&entropy, 3) - 1;
        if entropy.below(100) < ODD_PERCENT {
            taken += below_i64(&entropy, 4_000) - 1_000;
        }
        let bore = Seen { fee_minor: taken, told: Some((fee(OLD), taken)) };
        Sighting { at: at(index), offer: offer.to_string(), price_minor, units, seen: bore }
    };
    (0..ORDERS).map(sighting).collect()
}

#[test]
fn steady_fees_are_never_flagged_in_a_thousand_shops() {
    for seed in 0..1_000 {
        let found = shifts(&history(seed, |_| OLD));
        assert_eq!(found, [], "seed {seed}");
    }
}

#[test]
fn a_raise_is_flagged_within_a_few_orders() {
    const CHANGED: usize = 100;
    for seed in 0..300 {
        let raised = Table { basis_points: 1_600, ..OLD };
        let sightings = history(seed, |index| if index < CHANGED { OLD } else { raised });
        for against in Against::ALL {
            let found: Vec<Shift> =
                shifts(&sightings).into_iter().filter(|shift| shift.against == against).collect();
            assert_eq!(found.len(), 1, "seed {seed}, {against:?}: {found:?}");
            // An odd order just before may be the first of those that were off.
            assert!(
                found[0].since > at(CHANGED - WINDOW) && found[0].since <= at(CHANGED + 3),
                "seed {seed}"
            );
            assert!(found[0].seen_at <= at(CHANGED + 2 * WINDOW), "seed {seed}: {:?}", found[0]);
            assert!(found[0].extra_minor() > 0);
        }
    }
}

#[test]
fn what_sinks_is_a_shift_too_and_what_comes_back_is_another() {
    let lower = Table { basis_points: 1_000, ..OLD };
    let sightings = history(7, |index| if (60..110).contains(&index) { lower } else { OLD });
    let former: Vec<bool> = shifts(&sightings)
        .into_iter()
        .filter(|shift| shift.against == Against::Former)
        .map(|shift| shift.extra_minor() > 0)
        .collect();
    assert_eq!(former, [false, true]);
    let told = shifts(&sightings).into_iter().filter(|shift| shift.against == Against::Told).count();
    assert_eq!(told, 1, "what agrees with what was told again is no shift");
}

#[test]
fn a_share_and_a_fixed_fee_are_told_apart_where_prices_differ() {
    let of = |table: Table| {
        let clean = |index: usize| {
            let price_minor = [3_000, 9_000][index % 2];
            let fee = |table: Table| price_minor * table.basis_points / 10_000 + table.fixed_minor;
            let taken = fee(if index < 40 { OLD } else { table });
            let seen = Seen { fee_minor: taken, told: Some((fee(OLD), taken)) };
            Sighting { at: at(index), offer: price_minor.to_string(), price_minor, units: 1, seen }
        };
        let sightings: Vec<_> = (0..60).map(clean).collect();
        shifts(&sightings).into_iter().map(|shift| shift.nature).collect::<Vec<_>>()
    };
    assert_eq!(of(Table { basis_points: 1_700, ..OLD }), [Nature::Share(300); 2]);
    assert_eq!(of(Table { fixed_minor: 750, ..OLD }), [Nature::Fixed(150); 2]);
    assert_eq!(of(Table { basis_points: 1_700, fixed_minor: 900 }), [Nature::Unclear; 2]);
}

#[test]
fn too_little_says_nothing() {
    let raised = Table { basis_points: 2_500, ..OLD };
    let sightings = history(3, |_| raised);
    assert_eq!(shifts(&sightings[..MIN_ODD - 1]), []);
    assert_eq!(shifts(&[]), []);
    let idle = Sighting { units: 0, ..sightings[0].clone() };
    assert_eq!(shifts(&vec![idle; 50]), [], "no units, no order");
}

fn reckoning(forecast: &[(FeeKind, i64)], charged: &[(FeeKind, i64)], settled: bool) -> Reckoning {
    let mut reckoning = Reckoning::new(Currency::Brl);
    let news = News {
        at: at(0),
        currency: Currency::Brl,
        forecast: forecast.iter().cloned().collect::<Sums>(),
        charged: charged.iter().cloned().collect::<Sums>(),
        settled_at: settled.then(|| at(0)),
    };
    reckoning.settle(&news).unwrap();
    reckoning
}

#[test]
fn only_fees_that_every_buyer_bears_are_looked_at() {
    let forecast = [(FeeKind::Goods, 9_000), (FeeKind::Commission, -900)];
    let charged = [
        (FeeKind::Goods, 9_000),
        (FeeKind::Commission, -990),
        (FeeKind::ItemFee, -400),
        (FeeKind::Affiliate, -777),
    ];
    let seen = Seen::of(&reckoning(&forecast, &charged, true)).unwrap();
    assert_eq!(seen, Seen { fee_minor: 1_390, told: Some((900, 990)) });
    assert_eq!(Seen::of(&reckoning(&forecast, &charged, false)), None, "it may still change");
    let refunded = [(FeeKind::Goods, 9_000), (FeeKind::Refund, -1)];
    assert_eq!(Seen::of(&reckoning(&forecast, &refunded, true)), None);
    let as_one = [(FeeKind::Goods, 9_000), (FeeKind::AllFees, -1_500)];
    let seen = Seen::of(&reckoning(&as_one, &charged, true)).unwrap();
    assert_eq!(seen.told, Some((1_500, 990 + 400 + 777)));
}

#[test]
fn the_next_unit_earns_what_late_sales_say() {
    let late = Late { units: 4, sales_minor: 40_000, fees_minor: -6_000, freight_minor: -4_400 };
    assert_eq!(next_unit(10_000, late, 5_000, 400), Some(10_000 - 1_500 - 1_100 - 400 - 5_000));
    assert_eq!(next_unit(8_000, late, 5_000, 400), Some(8_000 - 1_200 - 1_100 - 320 - 5_000));
    assert_eq!(next_unit(10_000, Late::default(), 5_000, 400), None);
    assert_eq!(next_unit(10_000, Late { sales_minor: 0, ..late }, 5_000, 400), None);
}

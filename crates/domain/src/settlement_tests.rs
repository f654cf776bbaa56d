use super::*;
use proptest::prelude::*;

const BRL: Currency = Currency::Brl;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn sums(pairs: &[(FeeKind, i64)]) -> Sums {
    pairs.iter().cloned().collect()
}

fn news(ms: i64, forecast: &[(FeeKind, i64)], charged: &[(FeeKind, i64)]) -> News {
    let (forecast, charged) = (sums(forecast), sums(charged));
    News { at: at(ms), currency: BRL, forecast, charged, settled_at: None }
}

fn settled(ms: i64, charged: &[(FeeKind, i64)]) -> News {
    News { settled_at: Some(at(ms)), ..news(ms, &[], charged) }
}

fn after(all: &[News]) -> Reckoning {
    let mut held = Reckoning::new(BRL);
    for news in all {
        held.settle(news).unwrap();
    }
    held
}

const SOLD: [(FeeKind, i64); 3] =
    [(FeeKind::Goods, 10_000), (FeeKind::Commission, -1_200), (FeeKind::Freight, -1_045)];

#[test]
fn a_forecast_is_what_is_expected_until_something_is_charged() {
    let held = after(&[news(1, &SOLD, &[])]);
    assert_eq!((held.net(), held.expected()), (Money::new(7_755, BRL), Some(Money::new(7_755, BRL))));
    assert_eq!(held.differences(), []);
}

#[test]
fn a_charge_replaces_the_forecast_of_its_kind_alone() {
    let held = after(&[news(1, &SOLD, &[]), news(2, &[], &[(FeeKind::Commission, -1_512)])]);
    assert_eq!(held.net(), Money::new(10_000 - 1_512 - 1_045, BRL));
    let difference = Difference { kind: FeeKind::Commission, forecast: -1_200, charged: -1_512 };
    assert_eq!(difference.minor(), -312, "the platform took 3.12 more than it said");
    assert_eq!(held.differences(), [difference]);
}

#[test]
fn what_a_final_statement_does_not_name_was_not_charged() {
    let held =
        after(&[news(1, &SOLD, &[]), settled(2, &[(FeeKind::Goods, 10_000), (FeeKind::Commission, -1_200)])]);
    assert_eq!(held.net(), Money::new(8_800, BRL));
    let freight = Difference { kind: FeeKind::Freight, forecast: -1_045, charged: 0 };
    assert_eq!(held.differences(), [freight]);
}

#[test]
fn the_first_forecast_is_what_the_sale_was_made_on() {
    let later = [(FeeKind::Commission, -1_512)];
    let held = after(&[news(1, &SOLD, &[]), news(2, &later, &[]), settled(3, &later)]);
    assert_eq!(held.forecast[&FeeKind::Commission], Forecast { minor: -1_200, at: at(1) });
    assert!(held.differences().iter().any(|it| it.kind == FeeKind::Commission && it.minor() == -312));
}

#[test]
fn a_settlement_that_comes_twice_or_late_changes_nothing() {
    let mut held = after(&[news(1, &SOLD, &[]), settled(3, &SOLD)]);
    let before = held.clone();
    for old in [settled(3, &SOLD), news(2, &[], &[(FeeKind::Commission, -5)]), news(1, &SOLD, &[])] {
        assert_eq!(held.settle(&old), Ok(false), "{old:?}");
    }
    assert_eq!(held, before);
}

#[test]
fn a_rounded_centavo_is_no_difference_and_two_are() {
    let one = after(&[news(1, &SOLD, &[]), news(2, &[], &[(FeeKind::Commission, -1_201)])]);
    assert_eq!(one.differences(), []);
    let two = after(&[news(1, &SOLD, &[]), news(2, &[], &[(FeeKind::Commission, -1_202)])]);
    assert_eq!(two.differences().len(), 1);
}

#[test]
fn fees_that_were_forecast_as_one_sum_are_compared_as_one() {
    let forecast = [(FeeKind::Goods, 8_980), (FeeKind::AllFees, -1_138)];
    let parts = [(FeeKind::Goods, 8_980), (FeeKind::Commission, -538), (FeeKind::ItemFee, -600)];
    let held = after(&[news(1, &forecast, &[]), settled(2, &parts)]);
    assert_eq!(held.differences(), []);
    assert_eq!(held.net(), Money::new(7_842, BRL), "the parts are not counted twice");
    let more = [parts[0].clone(), parts[1].clone(), parts[2].clone(), (FeeKind::other("live_fee"), -50)];
    let held = after(&[news(1, &forecast, &[]), settled(2, &more)]);
    assert_eq!(
        held.differences(),
        [Difference { kind: FeeKind::AllFees, forecast: -1_138, charged: -1_188 }]
    );
    let rows: Vec<_> = held.entries().into_iter().map(|it| (it.kind.as_words().0, it.is_part)).collect();
    let expected =
        [("goods", false), ("all_fees", false), ("commission", true), ("item_fee", true), ("other", true)];
    assert_eq!(rows, expected);
}

#[test]
fn what_is_booked_afterwards_is_a_difference_although_no_forecast_has_it() {
    let mut charged = SOLD.to_vec();
    charged.push((FeeKind::Adjustment, -500));
    charged.push((FeeKind::other("a_fee_of_tomorrow"), -300));
    let held = after(&[news(1, &SOLD, &[]), settled(2, &charged)]);
    assert_eq!(held.differences(), [Difference { kind: FeeKind::Adjustment, forecast: 0, charged: -500 }]);
    assert_eq!(
        after(&[settled(2, &charged)]).differences(),
        [],
        "without a forecast there is nothing to compare"
    );
}

#[test]
fn what_the_goods_bring_and_the_buyer_gets_back_is_no_fee() {
    let charged = [(FeeKind::Goods, 9_000), (FeeKind::Refund, -4_000)];
    let held =
        after(&[news(1, &[(FeeKind::Goods, 10_000), (FeeKind::Refund, 0)], &[]), settled(2, &charged)]);
    assert_eq!(held.differences(), []);
    assert_eq!(held.net(), Money::new(5_000, BRL));
}

#[test]
fn of_a_sale_that_went_back_nothing_is_expected_any_more() {
    let held =
        after(&[news(1, &SOLD, &[]), news(2, &[], &[(FeeKind::Goods, 10_000), (FeeKind::Refund, -10_000)])]);
    assert_eq!((held.net().minor, held.differences()), (0, Vec::new()));
}

#[test]
fn another_currency_and_a_fee_that_gives_are_not_believed() {
    let mut held = after(&[news(1, &SOLD, &[])]);
    let before = held.clone();
    let foreign = News { currency: Currency::Usd, ..settled(2, &SOLD) };
    assert_eq!(held.settle(&foreign), Err(Fault::Currency { held: BRL, told: Currency::Usd }));
    for (kind, minor) in
        [(FeeKind::Commission, 1), (FeeKind::Goods, -1), (FeeKind::Refund, 1), (FeeKind::Tax, 7)]
    {
        let refused = held.settle(&news(2, &[], &[(kind.clone(), minor)]));
        assert_eq!(refused, Err(Fault::Way { kind: kind.as_words().0, minor }));
    }
    let endless = [(FeeKind::Freight, i64::MAX), (FeeKind::Adjustment, 1)];
    assert_eq!(held.settle(&news(2, &[], &endless)), Err(Fault::Overflow));
    assert_eq!(held, before, "nothing of it was taken in");
}

#[test]
fn what_the_platforms_sum_has_more_is_named_unexplained() {
    let mut told = sums(&SOLD);
    told.explain(7_755).unwrap();
    assert_eq!(told.of(&FeeKind::Unexplained), None);
    told.explain(7_700).unwrap();
    assert_eq!((told.of(&FeeKind::Unexplained), told.total()), (Some(-55), Ok(7_700)));
}

#[test]
fn every_kind_survives_its_words() {
    let named = FeeKind::NAMED.into_iter().map(|(kind, _)| kind);
    for kind in named.chain([FeeKind::other("gmv_max_fee")]) {
        let (word, own) = kind.as_words();
        assert_eq!(FeeKind::parse(word, own), Some(kind.clone()));
    }
    assert_eq!(FeeKind::parse("a_kind_of_tomorrow", ""), None);
    assert_eq!(FeeKind::other(&"x".repeat(500)).as_words().1.len(), MAX_WORD_CHARS);
}

fn any_kind() -> impl Strategy<Value = FeeKind> {
    prop_oneof![
        Just(FeeKind::Commission),
        Just(FeeKind::ItemFee),
        Just(FeeKind::Tax),
        Just(FeeKind::AllFees),
        "[a-c]".prop_map(|word| FeeKind::other(&word)),
    ]
}

fn any_sums() -> impl Strategy<Value = Sums> {
    proptest::collection::btree_map(any_kind(), -9_i64..=0, 0..4).prop_map(Sums)
}

fn any_news() -> impl Strategy<Value = News> {
    (0_i64..4, any_sums(), any_sums(), proptest::option::of(0_i64..4)).prop_map(
        |(ms, forecast, charged, settled)| News {
            at: at(ms),
            currency: BRL,
            forecast,
            charged,
            settled_at: settled.map(at),
        },
    )
}

proptest! {
    #[test]
    fn the_order_of_arrival_does_not_matter(
        (all, shuffled) in proptest::collection::vec(any_news(), 0..6)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        prop_assert_eq!(after(&all), after(&shuffled));
    }

    #[test]
    fn news_that_were_taken_in_change_nothing_more(all in proptest::collection::vec(any_news(), 1..6)) {
        let mut held = after(&all);
        let before = held.clone();
        for news in &all {
            prop_assert_eq!(held.settle(news), Ok(false));
        }
        prop_assert_eq!(held, before);
    }

    #[test]
    fn a_settled_order_nets_what_was_charged_and_nothing_else(
        forecast in any_sums(), charged in any_sums(),
    ) {
        prop_assume!(!charged.is_empty());
        let mut held = Reckoning::new(BRL);
        held.settle(&News { at: at(1), currency: BRL, forecast, charged: Sums::default(), settled_at: None }).unwrap();
        let last = News { at: at(2), currency: BRL, forecast: Sums::default(), charged: charged.clone(), settled_at: Some(at(2)) };
        held.settle(&last).unwrap();
        prop_assert_eq!(held.net().minor, charged.total().unwrap());
    }

    #[test]
    fn what_is_told_of_one_kind_twice_is_added(kind in any_kind(), one in -1_000_i64..0, two in -1_000_i64..0) {
        let mut told = Sums::default();
        told.add(kind.clone(), one).unwrap();
        told.add(kind.clone(), two).unwrap();
        prop_assert_eq!(told.of(&kind), Some(one + two));
        prop_assert_eq!(told.total(), Ok(one + two));
    }
}

#[test]
fn the_same_amounts_told_later_are_no_news_and_keep_out_what_is_older() {
    let mut held = after(&[news(1, &SOLD, &[]), settled(3, &SOLD)]);
    assert_eq!(held.settle(&settled(9, &SOLD)), Ok(false));
    assert_eq!(held.charged_at, Some(at(9)));
    assert_eq!(held.settle(&settled(5, &[(FeeKind::Commission, -7)])), Ok(false));
}

use super::*;
use proptest::prelude::*;

use crate::money::Currency;
use crate::order::{Attention, CancelledBy};
use crate::settlement::{News, Sums};

const SALE: Timestamp = Timestamp::from_millis(1_767_623_400_000);

fn sold(price_minor: i64, units: i64) -> SoldLine {
    SoldLine {
        price_minor,
        units,
        position: StockPosition::Reserved,
        cost_minor: Some(1_000),
        tax_basis_points: Some(400),
        back: CameBack::default(),
    }
}

fn told(forecast: &[(FeeKind, i64)], charged: &[(FeeKind, i64)], settled: bool) -> Reckoning {
    let mut reckoning = Reckoning::new(Currency::Brl);
    let news = News {
        at: SALE,
        currency: Currency::Brl,
        forecast: forecast.iter().cloned().collect::<Sums>(),
        charged: charged.iter().cloned().collect::<Sums>(),
        settled_at: settled.then_some(SALE),
    };
    reckoning.settle(&news).unwrap();
    reckoning
}

fn parts(profit: &OrderProfit) -> [i64; 8] {
    *profit.amounts().all()
}

#[test]
fn without_a_cost_the_pieces_are_counted_and_nothing_is_guessed() {
    let lines = [SoldLine { cost_minor: None, tax_basis_points: None, ..sold(4_000, 3) }, sold(1_000, 1)];
    let profit = OrderProfit::of(Standing::On, 5_000, None, &lines);
    assert_eq!(profit.truth(Part::Cost), Truth::Missing(Lack::NoCost(3)));
    assert_eq!(profit.truth(Part::Tax), Truth::Missing(Lack::NoTax(3)));
    assert_eq!(profit.truth(Part::Fees), Truth::Missing(Lack::NotTold));
    assert_eq!((profit.lines[0].uncosted_units, profit.lines[1].uncosted_units), (3, 0));
    assert_eq!(profit.amounts().of(Part::Cost), -1_000, "of the other piece alone");
    assert!(!profit.is_known());
}

#[test]
fn a_forecast_is_replaced_by_what_was_charged_kind_by_kind() {
    let forecast = [(FeeKind::Goods, 10_000), (FeeKind::Commission, -1_200), (FeeKind::Freight, -500)];
    let before =
        OrderProfit::of(Standing::On, 10_000, Some(&told(&forecast, &[], false)), &[sold(10_000, 2)]);
    assert_eq!(parts(&before), [10_000, 0, -1_200, -500, -400, 0, 0, -2_000]);
    assert_eq!((before.truth(Part::Fees), before.is_settled), (Truth::Forecast, false));
    let charged = [(FeeKind::Goods, 10_000), (FeeKind::Commission, -1_512), (FeeKind::Campaign, -300)];
    let after =
        OrderProfit::of(Standing::On, 10_000, Some(&told(&forecast, &charged, true)), &[sold(10_000, 2)]);
    assert_eq!(parts(&after), [10_000, -300, -1_512, 0, -400, 0, 0, -2_000]);
    assert!(after.is_known());
    assert_eq!(after.amounts().profit(), 10_000 - 300 - 1_512 - 400 - 2_000);
}

#[test]
fn fees_told_as_one_sum_are_counted_once() {
    let forecast = [(FeeKind::Goods, 10_000), (FeeKind::AllFees, -1_500)];
    let one = OrderProfit::of(Standing::On, 10_000, Some(&told(&forecast, &[], false)), &[sold(10_000, 1)]);
    assert_eq!(one.amounts().of(Part::Fees), -1_500);
    let charged = [(FeeKind::Goods, 10_000), (FeeKind::Commission, -1_000), (FeeKind::Tax, -250)];
    let many =
        OrderProfit::of(Standing::On, 10_000, Some(&told(&forecast, &charged, true)), &[sold(10_000, 1)]);
    assert_eq!((many.amounts().of(Part::Fees), many.amounts().of(Part::Tax)), (-1_000, -250 - 400));
}

#[test]
fn an_order_that_is_not_paid_yet_counts_nothing() {
    let held = told(&[(FeeKind::Goods, 5_000), (FeeKind::Commission, -600)], &[], false);
    let profit =
        OrderProfit::of(Standing::of(OrderState::AwaitingPayment), 5_000, Some(&held), &[sold(5_000, 1)]);
    assert_eq!((parts(&profit), profit.lines[0].units, profit.uncosted_units()), ([0; 8], 0, 0));
}

#[test]
fn of_an_order_that_is_off_only_what_was_charged_and_what_stayed_away_counts() {
    let off = Standing::of(OrderState::Cancelled(CancelledBy::Buyer));
    let held =
        told(&[(FeeKind::Goods, 5_000), (FeeKind::Commission, -600)], &[(FeeKind::Freight, -990)], false);
    let at = |position| OrderProfit::of(off, 5_000, Some(&held), &[SoldLine { position, ..sold(5_000, 2) }]);
    assert_eq!(parts(&at(StockPosition::Released)), [0, 0, 0, -990, 0, 0, 0, 0]);
    assert_eq!(parts(&at(StockPosition::Taken)), [0, 0, 0, -990, 0, 0, 0, -2_000], "it left and is gone");
    assert_eq!(at(StockPosition::Released).lines[0].units, 0);
    let unknown = SoldLine { cost_minor: None, ..sold(5_000, 2) };
    assert_eq!(OrderProfit::of(off, 5_000, None, &[unknown]).uncosted_units(), 0, "it came back");
}

#[test]
fn what_was_paid_and_given_back_before_an_order_was_off_was_no_sale() {
    let off = Standing::of(OrderState::Cancelled(CancelledBy::Seller));
    let charged = [(FeeKind::Goods, 5_000), (FeeKind::Refund, -5_000)];
    let line = SoldLine { position: StockPosition::Released, ..sold(5_000, 1) };
    let all = OrderProfit::of(off, 5_000, Some(&told(&[], &charged, true)), std::slice::from_ref(&line));
    assert_eq!(parts(&all), [0; 8]);
    let charged = [(FeeKind::Goods, 5_000), (FeeKind::Refund, -4_000)];
    let part = OrderProfit::of(off, 5_000, Some(&told(&[], &charged, true)), &[line]);
    assert_eq!(parts(&part), [1_000, 0, 0, 0, -40, 0, 0, 0], "what was kept");
}

#[test]
fn of_what_was_given_back_no_tax_is_due() {
    let charged = [(FeeKind::Goods, 5_000), (FeeKind::Refund, -5_000)];
    let profit = OrderProfit::of(Standing::On, 5_000, Some(&told(&[], &charged, true)), &[sold(5_000, 1)]);
    // The goods are with the buyer, or on their way, as far as the ledger knows: they cost.
    assert_eq!(parts(&profit), [5_000, 0, 0, 0, 0, -5_000, 0, -1_000]);
}

#[test]
fn what_came_back_whole_costs_nothing_and_what_is_broken_does() {
    let charged = [(FeeKind::Goods, 5_000), (FeeKind::Refund, -5_000)];
    let held = told(&[], &charged, true);
    let cost = |standing, units, cost_minor| {
        let back = CameBack { units, cost_minor };
        let line = SoldLine { position: StockPosition::Taken, back, ..sold(5_000, 3) };
        OrderProfit::of(standing, 5_000, Some(&held), &[line]).amounts().of(Part::Cost)
    };
    let on = Standing::On;
    assert_eq!([cost(on, 0, 0), cost(on, 2, 2_000), cost(on, 3, 3_000)], [-3_000, -1_000, 0]);
    assert_eq!(cost(on, 9, 9_000), 0, "never a gain");
    assert_eq!(cost(on, -1, -1_000), -3_000);
    assert_eq!([cost(Standing::Off, 0, 0), cost(Standing::Off, 3, 3_000)], [-3_000, 0]);
    assert_eq!(cost(Standing::Waiting, 3, 3_000), 0);
}

#[test]
fn of_what_came_back_nobody_has_to_say_the_cost() {
    let uncosted = |units| {
        let back = CameBack { units, cost_minor: 0 };
        let line = SoldLine { cost_minor: None, back, ..sold(5_000, 3) };
        OrderProfit::of(Standing::On, 5_000, None, &[line]).uncosted_units()
    };
    assert_eq!([uncosted(0), uncosted(2), uncosted(3), uncosted(4), uncosted(-1)], [3, 1, 0, 0, 3]);
}

#[test]
fn what_rounding_leaves_goes_to_the_largest() {
    assert_eq!(share(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(share(-100, &[1, 2, 1]), [-25, -50, -25]);
    assert_eq!(share(-101, &[1, 2, 1]), [-25, -51, -25]);
    assert_eq!(share(7, &[0, 0]), [4, 3], "no price at all: alike");
    assert_eq!(share(7, &[]), [] as [i64; 0]);
    assert_eq!(share(i64::MAX, &[i64::MAX, 1]).iter().sum::<i64>(), i64::MAX);
}

#[test]
fn a_parcel_is_late_only_where_its_leaving_was_seen() {
    let (to, sent) = (OrderState::ToDispatch, OrderState::Shipped);
    let by = Some(SALE);
    let after = Timestamp::from_millis(SALE.as_millis() + 1);
    assert_eq!(left_late(to, sent, SALE, by), Some(false));
    assert_eq!(left_late(to, sent, after, by), Some(true));
    assert_eq!(left_late(OrderState::NeedsAttention(Attention::FraudRisk), sent, after, by), Some(true));
    assert_eq!(left_late(to, sent, after, None), None);
    assert_eq!(left_late(to, sent, Timestamp::EPOCH, by), None);
    assert_eq!(left_late(to, OrderState::Delivered, after, by), None);
    assert_eq!(left_late(sent, OrderState::Delivered, after, by), None);
}

fn kinds() -> impl Strategy<Value = FeeKind> {
    prop::sample::select(vec![
        FeeKind::Commission,
        FeeKind::ItemFee,
        FeeKind::Campaign,
        FeeKind::Tax,
        FeeKind::AllFees,
        FeeKind::other("of_tomorrow"),
    ])
}

fn sums() -> impl Strategy<Value = Vec<(FeeKind, i64)>> {
    let fees = prop::collection::btree_map(kinds(), -50_000_i64..=0, 0..5);
    (0_i64..1_000_000, -9_000_i64..9_000, fees).prop_map(|(goods, freight, fees)| {
        let mut all: Vec<_> = fees.into_iter().collect();
        all.extend([(FeeKind::Goods, goods), (FeeKind::Freight, freight)]);
        all
    })
}

fn lines() -> impl Strategy<Value = Vec<SoldLine>> {
    let position = prop::sample::select(vec![
        StockPosition::Untouched,
        StockPosition::BeforeOpening,
        StockPosition::Reserved,
        StockPosition::Released,
        StockPosition::Taken,
    ]);
    let line = (
        0_i64..500_000,
        1_i64..20,
        position,
        prop::option::of(0_i64..90_000),
        prop::option::of(0_u32..10_000),
    );
    let line = line.prop_map(|(price_minor, units, position, cost_minor, tax_basis_points)| SoldLine {
        price_minor,
        units,
        position,
        cost_minor,
        tax_basis_points,
        back: CameBack::default(),
    });
    prop::collection::vec(line, 1..6)
}

proptest! {
    #[test]
    fn shares_always_add_up(amount in any::<i64>(), weights in prop::collection::vec(any::<i64>(), 1..9)) {
        let shares = share(amount, &weights);
        prop_assert_eq!(shares.iter().map(|share| i128::from(*share)).sum::<i128>(), i128::from(amount));
    }

    #[test]
    fn what_the_platform_gives_is_what_the_settlement_says(
        forecast in sums(), charged in sums(), has_charges in any::<bool>(), settled in any::<bool>(), lines in lines(),
    ) {
        let charged = if has_charges { charged } else { Vec::new() };
        let held = told(&forecast, &charged, settled && has_charges);
        let untaxed: Vec<_> = lines.iter().map(|line| SoldLine { tax_basis_points: Some(0), ..line.clone() }).collect();
        let profit = OrderProfit::of(Standing::On, 1, Some(&held), &untaxed);
        let amounts = profit.amounts();
        prop_assert_eq!(amounts.profit() - amounts.of(Part::Cost), held.net().minor);
    }

    #[test]
    fn an_order_is_the_sum_of_its_lines_and_tells_every_piece_without_a_cost(held in sums(), lines in lines()) {
        let held = told(&[], &held, true);
        for standing in [Standing::Waiting, Standing::On, Standing::Off] {
            let profit = OrderProfit::of(standing, 1, Some(&held), &lines);
            prop_assert_eq!(profit.lines.len(), lines.len());
            let by_line: i64 = profit.lines.iter().map(|line| line.amounts.profit()).sum();
            prop_assert_eq!(by_line, profit.amounts().profit());
            for (line, sold) in profit.lines.iter().zip(&lines) {
                let costs = line.amounts.of(Part::Cost) != 0;
                prop_assert!(!(costs && line.uncosted_units > 0));
                if standing == Standing::On && sold.cost_minor.is_none() {
                    prop_assert_eq!(line.uncosted_units, sold.units);
                }
            }
        }
    }

    #[test]
    fn a_change_taken_back_leaves_nothing(held in sums(), lines in lines()) {
        let one = OrderProfit::of(Standing::On, 1, Some(&told(&[], &held, true)), &lines).amounts();
        let other = OrderProfit::of(Standing::Off, 1, None, &lines).amounts();
        prop_assert_eq!((one + (other - one)) - other, Amounts::default());
    }
}

fn earned(at: u8, minor: i64, units: i64, uncosted_units: i64) -> Earned<u8> {
    Earned { at, profit: Money::new(minor, Currency::Brl), units, uncosted_units }
}

#[test]
fn the_best_margin_is_of_a_unit_and_only_what_is_known_counts() {
    assert_eq!(best_margin::<u8>(&[]), None);
    assert_eq!(best_margin(&[earned(1, 900, 0, 0), earned(2, 900, 3, 1), earned(3, 0, -2, 0)]), None);
    let best = best_margin(&[earned(1, 900, 10, 0), earned(2, 200, 2, 0), earned(3, 9_000, 9, 9)]);
    assert_eq!(best.map(|best| (best.at, best.of_a_unit())), Some((2, Some(Money::new(100, Currency::Brl)))));
    assert_eq!(
        best_margin(&[earned(2, 50, 5, 0), earned(1, 10, 1, 0)]).map(|best| best.at),
        Some(1),
        "the first"
    );
    assert_eq!(best_margin(&[earned(1, -900, 1, 0), earned(2, -1, 1, 0)]).map(|best| best.at), Some(2));
    let abroad = Earned { profit: Money::new(900, Currency::Usd), ..earned(2, 0, 1, 0) };
    assert_eq!(best_margin(&[earned(1, 10, 1, 0), abroad]), None, "of two currencies none is more");
    assert_eq!(
        best_margin(&[earned(1, i64::MAX, 1, 0), earned(2, i64::MAX, 2, 0)]).map(|best| best.at),
        Some(1)
    );
}

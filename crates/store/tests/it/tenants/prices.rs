//! Prices: of one organization, tried from another.

use domain::pricing::{BatchState, ChangeState, Ending, FeeTable, Fees, Goal, Policy, PriceWhy};
use domain::{Actor, ConnectionId, Currency, ListingId, Money, PriceBatchId, PriceChangeId, SkuId};
use store::price_changes::{ChangeEnd, NewChange};

use super::{Estate, Read, Write, found, listed};
use crate::shop::Shop;

/// A batch of one change, and where everything else is kept.
#[derive(Clone, Copy)]
pub(super) struct Priced {
    pub(super) batch: PriceBatchId,
    pub(super) change: PriceChangeId,
}

const POLICY: Policy = Policy {
    goal: Goal::Amount(500),
    ending: Ending::ANY,
    floor_minor: 100,
    never_at_a_loss: true,
    packaging_minor: 50,
};

fn table() -> FeeTable {
    FeeTable::flat(Fees { per_item_minor: 400, ..Fees::default() })
}

fn new(of: &Estate, id: PriceChangeId, batch: PriceBatchId, listing: ListingId) -> NewChange {
    NewChange {
        id,
        batch,
        listing,
        from: Money::new(1_000, Currency::Brl),
        to_minor: 1_200,
        why: PriceWhy::Hand,
        due_at: of.now,
        until_at: None,
    }
}

/// Types fees, makes rules, and changes a price.
pub(super) async fn priced(
    shop: &Shop<'_>,
    connection: ConnectionId,
    sku: SkuId,
    listing: ListingId,
) -> Priced {
    let (batch, change, now) = (shop.house.id(), shop.house.id(), shop.house.now());
    shop.write(move |shop| {
        let actor = Actor::Unknown;
        shop.keep_fees(connection, now, &table(), &actor, now)?;
        shop.keep_price_rule(connection, None, &POLICY, &actor, now)?;
        shop.keep_price_rule(connection, Some(sku), &POLICY, &actor, now)?;
        shop.insert_price_batch(batch, connection, BatchState::Staged, &actor, now)?;
        let from = Money::new(1_000, Currency::Brl);
        let (to_minor, why) = (1_100, PriceWhy::Rule);
        let new = NewChange { id: change, batch, listing, from, to_minor, why, due_at: now, until_at: None };
        shop.insert_price_change(&new)
    })
    .await;
    Priced { batch, change }
}

/// Each reading method, and how much it finds.
pub(super) const READS: &[(&str, Read)] = &[
    ("fees_at", |shop, of| found(shop.fees_at(of.connection, of.now))),
    ("fee_tables", |shop, of| listed(shop.fee_tables(of.connection))),
    ("price_rule", |shop, of| found(shop.price_rule(of.connection, None))),
    ("price_rule of a SKU", |shop, of| found(shop.price_rule(of.connection, Some(of.sku)))),
    ("own_price_rules", |shop, of| listed(shop.own_price_rules(of.connection))),
    ("goods_cost", |shop, of| Ok(usize::from(shop.goods_cost(of.sku)?.cost_minor.is_some()))),
    ("listing_prices", |shop, of| listed(shop.listing_prices(of.connection, None, 9))),
    ("price_batch", |shop, of| found(shop.price_batch(of.priced.batch))),
    ("price_batches", |shop, of| listed(shop.price_batches(of.connection))),
    ("price_change", |shop, of| found(shop.price_change(of.priced.change))),
    ("price_changes", |shop, of| listed(shop.price_changes(of.priced.batch))),
    ("price_history", |shop, of| listed(shop.price_history(of.listing))),
];

/// Each writing method, used on what belongs to another.
pub(super) const WRITES: &[(&str, Write)] = &[
    ("keep_fees", |shop, of| shop.keep_fees(of.connection, of.now, &table(), &Actor::Unknown, of.now)),
    ("keep_fees of another day", |shop, of| {
        let later = of.now.plus(std::time::Duration::from_mins(1));
        shop.keep_fees(of.connection, later, &table(), &Actor::Unknown, of.now)
    }),
    ("keep_price_rule", |shop, of| {
        let forged = Policy { floor_minor: 1, ..POLICY };
        shop.keep_price_rule(of.connection, None, &forged, &Actor::Unknown, of.now)
    }),
    ("keep_price_rule of a SKU", |shop, of| {
        let forged = Policy { floor_minor: 1, ..POLICY };
        shop.keep_price_rule(of.connection, Some(of.sku), &forged, &Actor::Unknown, of.now)
    }),
    ("end_price_rule", |shop, of| shop.end_price_rule(of.connection, None).map(drop)),
    ("insert_price_batch", |shop, of| {
        shop.insert_price_batch(of.fresh(), of.connection, BatchState::Agreed, &Actor::Unknown, of.now)
    }),
    ("insert_price_change", |shop, of| {
        shop.insert_price_change(&new(of, of.fresh(), of.priced.batch, of.listing))
    }),
    ("settle_price_batch", |shop, of| shop.settle_price_batch(of.priced.batch, BatchState::Agreed).map(drop)),
    ("note_found_price", |shop, of| shop.note_found_price(of.priced.change, 1)),
    ("end_price_change", |shop, of| {
        let end = ChangeEnd { state: ChangeState::Done, found_minor: None, trouble: None };
        shop.end_price_change(of.priced.change, &end, of.now).map(drop)
    }),
    ("note_price", |shop, of| shop.note_price(of.listing, Money::new(1, Currency::Brl))),
];

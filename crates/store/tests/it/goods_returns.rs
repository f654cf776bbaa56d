//! Goods that come back: rows of the ledger with the line that they left by, and orders that wait for them.

use domain::catalogue::Facts;
use domain::goods_return::Back;
use domain::kit::Component;
use domain::order::SnapshotVersion;
use domain::profit::Part;
use domain::{
    Actor, Applied, ConnectionId, Currency, Delta, Effect, EntryKind, LineId, Money, OrderId, OrderState,
    SkuId, Tally, Timestamp,
};
use store::goods_returns::Receipt;
use store::profits::sums_that_differ;
use store::stock::NewEntry;

use crate::kit::House;
use crate::shop::{Shop, snapshot};

fn receipt(number: i64, whole_units: i64, at: Timestamp) -> Receipt {
    Receipt { number, whole_units, damaged_units: 0, reason: "voltou".into(), actor: "member:ana".into(), at }
}

impl Shop<'_> {
    /// An order of two units of a SKU that has left the house.
    async fn sent(
        &self,
        connection: ConnectionId,
        number: &str,
        sku: SkuId,
        parts: &[(SkuId, i64)],
    ) -> (OrderId, LineId) {
        let order = self.takes_order(connection, &snapshot(number), Some(sku)).await;
        let (held, name) = (number.to_owned(), number.to_owned());
        let line =
            self.write(move |shop| shop.held_order(connection, &held)).await.expect("it is held").lines[0].id;
        for (sku, units) in parts {
            for effect in [Effect::Reserve, Effect::Take] {
                let (kind, delta) = (EntryKind::Line(effect), effect.delta(*units));
                self.append(&NewEntry { kind, delta, line: Some(line), ..self.count(*sku, 0) }).await;
            }
        }
        self.turns(connection, &name, OrderState::Shipped).await;
        (order, line)
    }

    async fn turns(&self, connection: ConnectionId, number: &str, state: OrderState) {
        let (number, now) = (number.to_owned(), self.house.now());
        self.write(move |shop| {
            let held = shop.held_order(connection, &number)?.expect("it is held");
            let mut told = snapshot(&number);
            told.version = SnapshotVersion { order_at: now, shipment_at: now };
            told.state = state;
            let Applied::Changed { order, .. } = held.order.clone().apply(&told) else { return Ok(()) };
            shop.update_order(&held, &told, &order, now)?;
            shop.reckon_profit(held.id, None)
        })
        .await;
    }

    async fn comes_back(&self, line: LineId, sku: SkuId, kind: EntryKind, units: i64) -> Option<Tally> {
        let delta = Delta { on_hand_units: units, reserved_units: 0 };
        self.append(&NewEntry { kind, delta, line: Some(line), ..self.count(sku, 0) }).await
    }

    async fn backs(&self, order: OrderId) -> Vec<(SkuId, Back)> {
        let lines = self.read(move |shop| shop.return_lines(order)).await;
        lines.into_iter().map(|line| (line.sku, line.back)).collect()
    }

    async fn costs(&self, order: OrderId) -> i64 {
        self.write(move |shop| shop.reckon_profit(order, None)).await;
        assert_eq!(self.house.read(sums_that_differ).await, [] as [String; 0]);
        let profit = self.read(move |shop| shop.order_profit(order)).await.expect("it is there");
        profit.amounts().of(Part::Cost)
    }

    async fn cost_of(&self, sku: SkuId, minor: i64) {
        let facts = Facts { cost: Some(Money::new(minor, Currency::Brl)), ..Facts::default() };
        self.write(move |shop| shop.keep_past_cost(sku, &facts, &Actor::system("test"), Timestamp::EPOCH))
            .await;
    }
}

on_both! {
    async fn what_comes_back_stands_in_the_ledger_with_its_order_and_costs_nothing_any_more(house: House) {
        let shop = Shop::open(&house).await;
        let (connection, sku) = (shop.connection().await, shop.stocked("CAN-1", 9).await);
        shop.cost_of(sku, 1_000).await;
        let (order, line) = shop.sent(connection, "2000", sku, &[(sku, 2)]).await;
        assert_eq!(shop.backs(order).await, [(sku, Back { left_units: 2, back_units: 0, damaged_units: 0 })]);
        assert_eq!(shop.costs(order).await, -2_000);
        let tally = shop.comes_back(line, sku, EntryKind::Return, 1).await.expect("it is booked");
        assert_eq!((tally.on_hand_units, tally.reserved_units), (8, 0));
        let again = shop.comes_back(line, sku, EntryKind::Return, 1).await.expect("what comes in parts is no repetition");
        assert_eq!(again.on_hand_units, 9);
        shop.comes_back(line, sku, EntryKind::WriteOff, -1).await.expect("it is written off");
        assert_eq!(shop.backs(order).await, [(sku, Back { left_units: 2, back_units: 2, damaged_units: 1 })]);
        assert_eq!(shop.costs(order).await, -1_000, "the broken one is borne");
        let rows = shop.read(move |shop| shop.ledger(sku, i64::MAX, 3)).await;
        let kinds: Vec<_> = rows.iter().map(|row| (row.kind, row.order.as_ref().map(|(id, _)| *id))).collect();
        assert_eq!(kinds, [(EntryKind::WriteOff, Some(order)), (EntryKind::Return, Some(order)), (EntryKind::Return, Some(order))]);
        assert_eq!(house.read(store::stock::sums_that_differ).await, [] as [SkuId; 0]);
    }

    async fn of_a_kit_its_components_come_back_as_they_were_booked(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let (kit, lid, jar) = (shop.sku("KIT").await, shop.stocked("LID", 20).await, shop.stocked("JAR", 20).await);
        let recipe = [Component { sku: lid, units: 2 }, Component { sku: jar, units: 1 }];
        shop.write(move |shop| shop.keep_recipe(kit, &recipe)).await;
        shop.cost_of(lid, 100).await;
        shop.cost_of(jar, 500).await;
        let (order, line) = shop.sent(connection, "2000", kit, &[(lid, 4), (jar, 2)]).await;
        shop.write(move |shop| shop.keep_recipe(kit, &[Component { sku: lid, units: 9 }])).await;
        let left = |left_units| Back { left_units, ..Back::default() };
        let mut expected = [(lid, left(4)), (jar, left(2))];
        expected.sort_by_key(|(sku, _)| *sku);
        assert_eq!(shop.backs(order).await, expected, "whatever the recipe says today");
        assert_eq!(shop.costs(order).await, -1_400);
        shop.comes_back(line, lid, EntryKind::Return, 3).await;
        assert_eq!(shop.costs(order).await, -1_100, "three lids are here again");
        shop.comes_back(line, jar, EntryKind::Return, 2).await;
        shop.comes_back(line, lid, EntryKind::Return, 1).await;
        assert_eq!(shop.costs(order).await, 0);
    }

    async fn an_order_waits_once_until_it_is_received_and_again_for_what_is_newer(house: House) {
        let shop = Shop::open(&house).await;
        let (connection, sku) = (shop.connection().await, shop.stocked("CAN-1", 9).await);
        let (order, _) = shop.sent(connection, "2000", sku, &[(sku, 2)]).await;
        let unsent = shop.takes_order(connection, &snapshot("2001"), Some(sku)).await;
        let now = house.now();
        let expect = |number: &'static str, opened_at, now| {
            shop.write(move |shop| shop.expect_return(connection, number, opened_at, now))
        };
        expect("nobody's", now, now).await;
        expect("2001", now, now).await;
        assert!(!shop.read(move |shop| shop.waits_for_return(unsent)).await, "nothing of it left");
        expect("2000", now, now).await;
        expect("2000", now, Timestamp::from_millis(now.as_millis() + 5)).await;
        expect("pack-2000", now, now).await;
        let waiting = shop.read(|shop| shop.returns_waiting(None)).await;
        let [row] = waiting.as_slice() else { panic!("{waiting:?}") };
        assert_eq!((row.order, row.since, row.external_id.as_str()), (order, now, "2000"));
        let place = (row.since, row.order);
        assert_eq!(shop.read(move |shop| shop.returns_waiting(Some(place))).await, [], "nothing is behind it");

        let kept = receipt(1, 2, now);
        shop.write(move |shop| shop.keep_receipt(order, &kept)).await;
        assert!(!shop.read(move |shop| shop.waits_for_return(order)).await);
        assert_eq!(shop.read(move |shop| shop.receipts(order)).await, [receipt(1, 2, now)]);
        expect("2000", now, now).await;
        assert!(!shop.read(move |shop| shop.waits_for_return(order)).await, "it was received since that case began");
        let later = Timestamp::from_millis(now.as_millis() + 1);
        expect("2000", later, later).await;
        assert!(shop.read(move |shop| shop.waits_for_return(order)).await, "another case of the same order");
        let same = receipt(1, 1, now);
        assert!(shop.data.write(move |shop| shop.keep_receipt(order, &same)).await.is_err(), "a number is taken once");
    }
}

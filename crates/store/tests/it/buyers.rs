//! Buyers: what orders are found by, and how it is forgotten.

use std::time::Duration;

use domain::{ConnectionId, SubjectId};
use store::buyers::{MAX_TERMS, TermHash, with_buyers_before};
use store::pages::{OrderFilter, Turn};

use crate::kit::House;
use crate::shop::{Shop, snapshot};

const DAY: Duration = Duration::from_hours(24);

const fn term(number: u8) -> TermHash {
    [number; 32]
}

impl Shop<'_> {
    /// An order of a buyer, placed so many days ago.
    async fn sold_to(&self, connection: ConnectionId, number: &str, buyer: &str, days: u32) {
        let mut order = snapshot(number);
        order.buyer_external_id = Some(buyer.to_owned());
        order.placed_at = self.house.now().minus(DAY * days);
        self.order(connection, &order).await;
    }

    /// Asks for every buyer that is to be asked for; gives their orders.
    async fn ask_for_buyers(&self, connection: ConnectionId) -> Vec<String> {
        let now = self.house.now();
        let entropy = self.house.entropy();
        self.write(move |shop| {
            let unknown = shop.unknown_buyers(connection, 10)?;
            for it in &unknown {
                let id = SubjectId::new(now, &*entropy);
                shop.expect_buyer(id, connection, &it.buyer_external_id, it.placed_at, now)?;
            }
            Ok(unknown.into_iter().map(|it| it.order_external_id).collect())
        })
        .await
    }

    async fn tell_of(&self, connection: ConnectionId, order: &'static str, terms: &[TermHash]) {
        let terms = terms.to_vec();
        self.write(move |shop| shop.keep_terms(connection, order, &terms)).await;
    }

    /// The orders of those whom all these terms fit.
    async fn orders_by(&self, terms: &[TermHash]) -> Vec<String> {
        let terms = terms.to_vec();
        let buyers = self.read(move |shop| shop.buyers_by_terms(&terms, 10)).await;
        if buyers.is_empty() {
            return Vec::new();
        }
        let filter = OrderFilter { buyers, ..OrderFilter::default() };
        let page = self.read(move |shop| shop.order_page(&filter, Turn::First)).await;
        page.rows.into_iter().map(|row| row.external_id).collect()
    }
}

on_both! {
    async fn a_buyer_leads_to_all_orders_that_they_placed(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.sold_to(connection, "1", "maria", 2).await;
        shop.sold_to(connection, "2", "joao", 1).await;
        shop.sold_to(connection, "3", "maria", 0).await;
        assert_eq!(shop.ask_for_buyers(connection).await, ["1", "2", "3"], "the oldest first");
        shop.tell_of(connection, "3", &[term(1), term(2)]).await;
        shop.tell_of(connection, "2", &[term(1)]).await;
        assert_eq!(shop.orders_by(&[term(2)]).await, ["3", "1"], "the newest first");
        assert_eq!(shop.orders_by(&[term(1)]).await, ["3", "2", "1"]);
        assert_eq!(shop.orders_by(&[term(1), term(2)]).await, ["3", "1"], "all of them have to fit");
        assert!(shop.orders_by(&[term(1), term(3)]).await.is_empty());
        assert!(shop.orders_by(&[]).await.is_empty());
    }

    async fn a_buyer_is_asked_for_once_for_each_newer_order(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.sold_to(connection, "1", "maria", 2).await;
        assert_eq!(shop.ask_for_buyers(connection).await, ["1"]);
        assert!(shop.ask_for_buyers(connection).await.is_empty());
        shop.sold_to(connection, "2", "maria", 1).await;
        assert_eq!(shop.ask_for_buyers(connection).await, ["2"]);
        shop.sold_to(connection, "0", "maria", 9).await;
        assert!(shop.ask_for_buyers(connection).await.is_empty(), "an older order tells nothing new");
    }

    async fn other_filters_and_texts_narrow_a_buyers_orders(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.sold_to(connection, "1", "maria", 1).await;
        shop.sold_to(connection, "2", "maria", 0).await;
        shop.ask_for_buyers(connection).await;
        shop.tell_of(connection, "1", &[term(1)]).await;
        let buyers = shop.read(|shop| shop.buyers_by_terms(&[term(1)], 10)).await;
        let listed = async |filter: OrderFilter| {
            let page = shop.read(move |shop| shop.order_page(&filter, Turn::First)).await;
            page.rows.into_iter().map(|row| row.external_id).collect::<Vec<_>>()
        };
        let of = |text: &str| OrderFilter { buyers: buyers.clone(), text: Some(text.into()), ..OrderFilter::default() };
        assert_eq!(listed(of("2")).await, ["2"]);
        assert!(listed(of("nothing-like-this")).await.is_empty());
        let shipped = OrderFilter { buyers: buyers.clone(), state: Some("shipped".into()), ..OrderFilter::default() };
        assert!(listed(shipped).await.is_empty());
        let nobody = OrderFilter { buyers: vec![house.id()], ..OrderFilter::default() };
        assert!(listed(nobody).await.is_empty());
    }

    async fn no_organization_finds_anothers_buyers(house: House) {
        let (ours, theirs) = (Shop::open(&house).await, Shop::open(&house).await);
        let (here, there) = (ours.connection().await, theirs.connection().await);
        ours.sold_to(here, "1", "maria", 0).await;
        theirs.sold_to(there, "2", "maria", 0).await;
        ours.ask_for_buyers(here).await;
        theirs.ask_for_buyers(there).await;
        ours.tell_of(here, "1", &[term(1)]).await;
        theirs.tell_of(there, "2", &[term(1)]).await;
        assert_eq!(ours.orders_by(&[term(1)]).await, ["1"]);
        let foreign = theirs.read(|shop| shop.buyers_by_terms(&[term(1)], 10)).await;
        let filter = OrderFilter { buyers: foreign, ..OrderFilter::default() };
        assert!(ours.read(move |shop| shop.order_page(&filter, Turn::First)).await.rows.is_empty());
        assert_eq!(ours.write(|shop| shop.forget_all_buyers()).await, 1);
        assert_eq!(theirs.orders_by(&[term(1)]).await, ["2"]);
    }

    async fn what_is_forgotten_leads_nowhere(house: House) {
        let shop = Shop::open(&house).await;
        let (one, other) = (shop.connection().await, shop.connection().await);
        shop.sold_to(one, "1", "maria", 100).await;
        shop.sold_to(one, "2", "joao", 1).await;
        shop.sold_to(other, "3", "maria", 1).await;
        shop.ask_for_buyers(one).await;
        shop.ask_for_buyers(other).await;
        for (connection, order) in [(one, "1"), (one, "2"), (other, "3")] {
            shop.tell_of(connection, order, &[term(1)]).await;
        }
        let before = house.now().minus(90 * DAY);
        assert_eq!(house.read(move |tx| with_buyers_before(tx, before)).await, [shop.id]);
        assert_eq!(shop.write(move |shop| shop.forget_buyers_before(before)).await, 1);
        assert_eq!(shop.orders_by(&[term(1)]).await.len(), 2);
        assert!(house.read(move |tx| with_buyers_before(tx, before)).await.is_empty());
        assert_eq!(shop.write(move |shop| shop.forget_buyers_of(one)).await, 1);
        assert_eq!(shop.orders_by(&[term(1)]).await, ["3"]);
        shop.tell_of(one, "2", &[term(1)]).await;
        assert_eq!(shop.orders_by(&[term(1)]).await, ["3"], "an answer that comes late brings nobody back");
    }

    async fn a_buyer_of_many_names_has_some_of_them(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.sold_to(connection, "1", "maria", 0).await;
        shop.ask_for_buyers(connection).await;
        let many: Vec<TermHash> = (0..=u8::MAX).map(term).collect();
        shop.tell_of(connection, "1", &many).await;
        shop.tell_of(connection, "1", &many).await;
        assert_eq!(house.count("SELECT COUNT(*) FROM buyer_term").await, MAX_TERMS);
    }
}

//! Money: kept as it was told, looked for when it is due, listed where it differs.

use std::time::Duration;

use domain::settlement::{Difference, FeeKind, News, Reckoning, Sums};
use domain::{ChannelKind, ConnectionId, Currency, DifferenceId, OrderId, Timestamp};
use store::charges::{HeldMoney, NewDifference};
use store::pages::PAGE_ROWS;

use crate::kit::House;
use crate::shop::{Shop, snapshot};

const HOUR: Duration = Duration::from_hours(1);

impl Shop<'_> {
    /// The money of an order, with a difference that is on the list.
    pub(crate) async fn money(&self, connection: ConnectionId, number: &str, order: OrderId) -> HeldMoney {
        self.forecasts(connection, number, order, &[(FeeKind::Goods, 10_000), (FeeKind::Commission, -1_200)])
            .await;
        let now = self.house.now();
        self.write(move |shop| shop.note_settlements(connection, now)).await;
        self.charges(connection, number, &[(FeeKind::Commission, -1_512)]).await;
        self.held_money(connection, number).await
    }

    async fn forecasts(
        &self,
        connection: ConnectionId,
        number: &str,
        order: OrderId,
        forecast: &[(FeeKind, i64)],
    ) {
        let (told, now) = (snapshot(number), self.house.now());
        let forecast: Sums = forecast.iter().cloned().collect();
        self.write(move |shop| shop.begin_reckoning(order, connection, &told, &forecast, now, Some(now)))
            .await;
    }

    async fn held_money(&self, connection: ConnectionId, number: &str) -> HeldMoney {
        let number = number.to_owned();
        self.write(move |shop| shop.money_of(connection, &number)).await.expect("its money is held")
    }

    /// Takes charges in, as the application does.
    async fn charges(&self, connection: ConnectionId, number: &str, charged: &[(FeeKind, i64)]) {
        let mut held = self.held_money(connection, number).await;
        let now = self.house.now();
        let news = News {
            at: now,
            currency: Currency::Brl,
            forecast: Sums::default(),
            charged: charged.iter().cloned().collect(),
            settled_at: None,
        };
        let mut reckoning = held.reckoning.clone();
        reckoning.settle(&news).unwrap();
        let new = |difference| NewDifference { id: self.house.id(), difference };
        let differences: Vec<_> = reckoning.differences().into_iter().map(new).collect();
        held.reckoning = reckoning.clone();
        self.write(move |shop| shop.keep_reckoning(&held, &reckoning, &differences, now)).await;
    }

    async fn differences(&self) -> Vec<(DifferenceId, Difference)> {
        let rows = self.read(|shop| shop.difference_page(None, None)).await;
        rows.into_iter().map(|row| (row.id, row.difference)).collect()
    }

    async fn sale(&self, connection: ConnectionId, number: &str) -> OrderId {
        let order = self.order(connection, &snapshot(number)).await;
        self.forecasts(connection, number, order, &[(FeeKind::Commission, -1_200)]).await;
        order
    }
}

on_both! {
    async fn money_comes_back_as_it_was_kept(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let order = shop.order(connection, &snapshot("2000")).await;
        assert_eq!(shop.read(move |shop| shop.reckoning(order)).await, None);
        let forecast = [(FeeKind::Goods, 10_000), (FeeKind::Commission, -1_200), (FeeKind::other("of_tomorrow"), 0)];
        shop.forecasts(connection, "2000", order, &forecast).await;
        let told_at = house.now();
        let held = shop.held_money(connection, "2000").await;
        let mut expected = Reckoning::new(Currency::Brl);
        let news = News {
            at: told_at,
            currency: Currency::Brl,
            forecast: forecast.into_iter().collect(),
            charged: Sums::default(),
            settled_at: None,
        };
        expected.settle(&news).unwrap();
        assert_eq!((held.order, held.channel, held.listed_at), (order, ChannelKind::MercadoLivre, None));
        assert_eq!(held.reckoning, expected);

        house.wait(HOUR);
        let charged = [(FeeKind::Goods, 10_000), (FeeKind::Freight, -1_045)];
        shop.charges(connection, "2000", &charged).await;
        let held = shop.read(move |shop| shop.reckoning(order)).await.unwrap();
        expected.settle(&News { at: house.now(), charged: charged.into_iter().collect(), forecast: Sums::default(), ..news }).unwrap();
        assert_eq!(held, expected);
    }

    async fn a_difference_keeps_its_place_until_it_is_none(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.sale(connection, "2000").await;
        house.wait(HOUR);
        shop.charges(connection, "2000", &[(FeeKind::Commission, -1_512)]).await;
        let first = shop.differences().await;
        assert_eq!(first[0].1, Difference { kind: FeeKind::Commission, forecast: -1_200, charged: -1_512 });
        house.wait(HOUR);
        shop.charges(connection, "2000", &[(FeeKind::Commission, -1_600)]).await;
        let second = shop.differences().await;
        assert_eq!((second.len(), second[0].0, second[0].1.charged), (1, first[0].0, -1_600));
        house.wait(HOUR);
        shop.charges(connection, "2000", &[(FeeKind::Commission, -1_200)]).await;
        assert_eq!(shop.differences().await, []);
    }

    async fn pages_show_every_difference_once_and_only_of_the_channel(house: House) {
        const ORDERS: usize = 120;
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        for index in 0..ORDERS {
            let number = format!("{index}");
            shop.sale(connection, &number).await;
            house.wait(Duration::from_secs(1));
            shop.charges(connection, &number, &[(FeeKind::Commission, -1_500)]).await;
        }
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = shop.read(move |shop| shop.difference_page(Some(ChannelKind::MercadoLivre), before)).await;
            let more = page.len() > PAGE_ROWS as usize;
            seen.extend(page.into_iter().take(PAGE_ROWS as usize).map(|row| row.id));
            if !more {
                break;
            }
            before = seen.last().copied();
        }
        assert_eq!(seen.len(), ORDERS);
        assert!(seen.windows(2).all(|two| two[0] > two[1]), "the newest first");
        assert_eq!(shop.read(|shop| shop.difference_page(Some(ChannelKind::Shopee), None)).await, []);
        let sums = shop.read(|shop| shop.difference_sums(Timestamp::EPOCH)).await;
        assert_eq!((sums.len(), sums[0].count, sums[0].difference.minor), (1, 120, -300 * 120));
        let later = house.now().plus(HOUR);
        assert_eq!(shop.read(move |shop| shop.difference_sums(later)).await, []);
    }

    async fn what_is_due_is_found_the_longest_due_first(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let (early, late, over) =
            (shop.sale(connection, "1").await, shop.sale(connection, "2").await, shop.sale(connection, "3").await);
        let now = house.now();
        shop.write(move |shop| {
            shop.note_money_due(late, now)?;
            shop.note_money_due(early, now.minus(HOUR))?;
            shop.note_money_read(over, now, None)
        }).await;
        let due = shop.read(move |shop| shop.money_due(connection, now, 10)).await;
        assert_eq!(due, [(early, "1".to_owned()), (late, "2".to_owned())]);
        assert_eq!(shop.read(move |shop| shop.money_due(connection, now, 1)).await.len(), 1);
        assert_eq!(shop.read(move |shop| shop.money_due(connection, now.minus(HOUR), 10)).await.len(), 1);
    }

    async fn a_settlement_is_news_once_and_a_later_one_again(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.sale(connection, "2000").await;
        let now = house.now();
        let mut news = Vec::new();
        for at in [now, now, now.minus(HOUR), now.plus(HOUR)] {
            news.push(shop.write(move |shop| shop.note_listed(connection, "2000", at)).await);
        }
        assert_eq!(news, [true, false, false, true]);
        assert_eq!(shop.held_money(connection, "2000").await.listed_at, Some(now.plus(HOUR)));
        assert!(!shop.write(move |shop| shop.note_listed(connection, "nobody\'s", now)).await);
    }

    async fn how_far_a_list_was_read_is_kept(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        assert_eq!(shop.read(move |shop| shop.settlements_covered_to(connection)).await, None);
        for at in [house.now(), house.now().plus(HOUR)] {
            shop.write(move |shop| shop.note_settlements(connection, at)).await;
            assert_eq!(shop.read(move |shop| shop.settlements_covered_to(connection)).await, Some(at));
        }
    }
}

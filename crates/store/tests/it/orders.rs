//! Orders: kept as the platform tells them, listed page by page.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::order::{Applied, Attention, CancelledBy, FirstSight};
use domain::{
    ConnectionId, ListingState, Order, OrderId, OrderSnapshot, OrderState, PackageKind, StockPosition,
    Timestamp,
};
use store::orders::{HeldOrder, TimelineEvent};
use store::pages::{Listed, ListingFilter, ListingShow, OrderFilter, OrderKey, OrderRow, PAGE_ROWS};
use store::pages::{SkuFilter, SkuShow, Turn};

use crate::kit::House;
use crate::shop::{Shop, line_snapshot, seen, snapshot};

const SECOND: Duration = Duration::from_secs(1);

impl Shop<'_> {
    async fn held(&self, connection: ConnectionId, number: &str) -> Option<HeldOrder> {
        let number = number.to_owned();
        self.write(move |shop| shop.held_order(connection, &number)).await
    }

    async fn page(&self, filter: &OrderFilter, turn: Turn) -> Listed<OrderRow> {
        let filter = filter.clone();
        self.read(move |shop| shop.order_page(&filter, turn)).await
    }

    async fn numbers(&self, filter: OrderFilter) -> Vec<String> {
        let page = self.page(&filter, Turn::First).await;
        page.rows.into_iter().map(|row| row.external_id).collect()
    }

    async fn found(&self, text: &str) -> Vec<String> {
        self.numbers(OrderFilter { text: Some(text.into()), ..OrderFilter::default() }).await
    }

    async fn sku_codes_of(&self, after: &'static str, filter: SkuFilter) -> Vec<String> {
        let found = self.read(move |shop| shop.sku_page(after, &filter)).await;
        found.into_iter().map(|(sku, _)| sku.code).collect()
    }

    async fn listing_numbers(&self, filter: ListingFilter) -> Vec<String> {
        let found = self.read(move |shop| shop.listing_page(None, &filter)).await;
        found.into_iter().map(|(listing, _)| listing.external_id).collect()
    }

    /// Orders whose times lie `apart`; every third is placed together with the one before.
    async fn orders(&self, connection: ConnectionId, count: i64, apart: Duration) {
        for index in 0..count {
            let mut order = snapshot(&index.to_string());
            let step = u32::try_from(index - i64::from(index % 3 == 0)).unwrap_or(0);
            order.placed_at = order.placed_at.plus(apart * step);
            self.order(connection, &order).await;
        }
    }
}

fn key(row: &OrderRow) -> OrderKey {
    OrderKey { placed_at: row.placed_at, id: row.id }
}

fn with(number: &str, change: impl FnOnce(&mut OrderSnapshot)) -> OrderSnapshot {
    let mut snapshot = snapshot(number);
    change(&mut snapshot);
    snapshot
}

on_both! {
    async fn an_order_is_held_as_it_was_first_seen(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let keys = ["C", "A", "D", "B", "F", "E"];
        let first = with("2000", |order| {
            order.lines = keys.iter().map(|key| line_snapshot(key, 2)).collect();
            order.lines[1].sale_fee = None;
            order.lines[1].seller_sku = None;
        });
        let id = shop.order(connection, &first).await;
        let (expected, _) = Order::first_seen(&first, FirstSight::Live);
        let held = shop.held(connection, "2000").await.unwrap();
        assert_eq!((held.id, &held.order), (id, &expected), "its lines in the order of the first snapshot");
        assert_eq!(held.lines.iter().map(|line| line.key.as_str()).collect::<Vec<_>>(), keys);
        assert_eq!(shop.held(connection, "2001").await, None);
        let version = shop.read(move |shop| shop.order_version(connection, "2000")).await;
        assert_eq!(version, Some(first.version));

        let lines = shop.read(move |shop| shop.order_lines(id)).await;
        assert_eq!(lines.len(), keys.len());
        for (line, told) in lines.iter().zip(&first.lines) {
            assert_eq!((&line.title, &line.seller_sku, line.units), (&told.title, &told.seller_sku, told.units));
            assert_eq!((line.unit_price, line.sale_fee), (told.unit_price, told.sale_fee));
            assert_eq!((line.position, line.sku, line.listing), (StockPosition::Reserved, None, None));
        }
    }

    async fn an_order_is_listed_as_it_was_told(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let told = with("2000", |order| order.lines.push(line_snapshot("MLB2", 3)));
        let id = shop.order(connection, &told).await;
        let row = shop.read(move |shop| shop.order(id)).await.unwrap();
        let shipment = told.shipment.clone().unwrap();
        let expected = OrderRow {
            id, connection, channel: told.channel, external_id: told.external_id,
            pack_external_id: told.pack_external_id, state: told.state, platform_status: told.platform_status,
            placed_at: told.placed_at, total: told.total, summary: "Caneca MLB1 +1".into(), line_count: 2,
            unit_count: 5, ship_by: shipment.ship_by, shipment_external_id: Some(shipment.external_id),
            shipment_status: Some(shipment.platform_status), logistic_type: shipment.logistic_type,
            tracking_code: None, buyer_external_id: told.buyer_external_id, tags: "paid not_delivered".into(),
            updated_at: house.now(), kind: Some(PackageKind::Multiple),
        };
        assert_eq!(row, expected);
    }

    async fn newer_news_changes_what_is_held(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let id = shop.order(connection, &snapshot("2000")).await;
        let held = shop.held(connection, "2000").await.unwrap();
        let news = with("2000", |order| {
            order.version.order_at = order.version.order_at.plus(SECOND);
            order.state = OrderState::Shipped;
            order.platform_status = "shipped".into();
            order.shipment.as_mut().unwrap().tracking_code = Some("BR123".into());
        });
        let Applied::Changed { order, .. } = held.order.clone().apply(&news) else { panic!("it is newer") };
        let (changed, now) = (order.clone(), house.wait(SECOND));
        shop.write(move |shop| shop.update_order(&held, &news, &changed, now)).await;
        let held = shop.held(connection, "2000").await.unwrap();
        assert_eq!((held.id, &held.order), (id, &order));
        assert_eq!(held.order.lines[0].position, StockPosition::Taken);
        let row = shop.read(move |shop| shop.order(id)).await.unwrap();
        assert_eq!((row.tracking_code.as_deref(), row.updated_at), (Some("BR123"), now));
    }

    async fn every_state_comes_back_as_it_was_kept(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        for (number, state) in [
            OrderState::AwaitingPayment, OrderState::ToDispatch, OrderState::Shipped, OrderState::Delivered,
            OrderState::Cancelled(CancelledBy::Marketplace), OrderState::NeedsAttention(Attention::FraudRisk),
        ].into_iter().enumerate() {
            let number = number.to_string();
            shop.order(connection, &with(&number, |order| order.state = state)).await;
            assert_eq!(shop.held(connection, &number).await.unwrap().order.state, state);
        }
    }

    async fn the_same_number_twice_is_a_duplicate_and_leaves_no_line(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.order(connection, &snapshot("2000")).await;
        let (id, now, again): (OrderId, _, _) = (house.id(), house.now(), snapshot("2000"));
        let lines = shop.lines(&again);
        let refused = shop.data.write(move |shop| {
            let (order, _) = Order::first_seen(&again, FirstSight::Live);
            shop.insert_order(id, connection, &again, &order, &lines, now)
        }).await;
        assert!(matches!(refused, Err(store::StoreError::Duplicate(_))), "{refused:?}");
        assert_eq!(house.count("SELECT COUNT(*) FROM order_line").await, 1);
    }

    async fn pages_show_every_order_once_on_the_way_there_and_back(house: House) {
        const ORDERS: usize = 237;
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.orders(connection, 237, SECOND).await;
        let all = OrderFilter::default();

        let (mut older, mut page) = (Vec::new(), shop.page(&all, Turn::First).await);
        assert!(!page.newer);
        loop {
            assert!(page.rows.len() <= PAGE_ROWS as usize);
            older.extend(page.rows.iter().map(key));
            if !page.older {
                break;
            }
            page = shop.page(&all, Turn::Older(*older.last().unwrap())).await;
            assert!(page.newer);
        }
        let unique: BTreeSet<OrderId> = older.iter().map(|key| key.id).collect();
        assert_eq!((older.len(), unique.len()), (ORDERS, ORDERS));
        assert!(older.windows(2).all(|two| (two[0].placed_at, two[0].id) > (two[1].placed_at, two[1].id)));

        let mut newer: Vec<OrderKey> = page.rows.iter().map(key).collect();
        while page.newer {
            page = shop.page(&all, Turn::Newer(newer[0])).await;
            assert!(page.older);
            newer.splice(0..0, page.rows.iter().map(key));
        }
        assert_eq!(newer, older);
    }

    async fn a_page_that_is_just_full_is_the_last(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.orders(connection, i64::from(PAGE_ROWS), SECOND).await;
        let page = shop.page(&OrderFilter::default(), Turn::First).await;
        assert_eq!((page.rows.len(), page.older, page.newer), (PAGE_ROWS as usize, false, false));
    }

    async fn a_list_shows_what_its_filters_ask_for(house: House) {
        let shop = Shop::open(&house).await;
        let (one, other) = (shop.connection().await, shop.connection().await);
        let day = snapshot("").placed_at;
        for (number, connection, state, age) in [
            ("1", one, OrderState::ToDispatch, 3), ("2", one, OrderState::Shipped, 2),
            ("3", other, OrderState::ToDispatch, 1), ("4", other, OrderState::Cancelled(CancelledBy::Buyer), 0),
        ] {
            shop.order(connection, &with(number, |order| {
                (order.state, order.placed_at) = (state, day.minus(SECOND * age));
            })).await;
        }
        let any = OrderFilter::default;
        assert_eq!(shop.numbers(any()).await, ["4", "3", "2", "1"]);
        let to_dispatch = OrderFilter { state: Some("to_dispatch".into()), ..any() };
        assert_eq!(shop.numbers(to_dispatch.clone()).await, ["3", "1"]);
        assert_eq!(shop.numbers(OrderFilter { connection: Some(one), ..any() }).await, ["2", "1"]);
        assert_eq!(shop.numbers(OrderFilter { connection: Some(one), ..to_dispatch }).await, ["1"]);
        let (from, until) = (Some(day.minus(SECOND * 2)), Some(day));
        assert_eq!(shop.numbers(OrderFilter { from, until, ..any() }).await, ["3", "2"]);
        assert_eq!(shop.numbers(OrderFilter { state: Some("x' OR '1'='1".into()), ..any() }).await, [""; 0]);
    }

    async fn an_order_is_found_by_the_whole_of_each_of_its_numbers(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        for number in ["2000", "2001"] {
            shop.order(connection, &snapshot(number)).await;
        }
        for number in ["2000", "pack-2000", "ship-2000"] {
            assert_eq!(shop.found(number).await, ["2000"], "{number}");
        }
        assert_eq!(shop.found("200").await, [""; 0]);
    }

    async fn an_order_is_found_by_its_tracking_code_or_by_the_sellers_code_of_any_line(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.order(connection, &with("2000", |order| {
            order.shipment.as_mut().unwrap().tracking_code = Some("BR123".into());
            order.lines.push(line_snapshot("MLB2", 1));
            order.lines[1].seller_sku = Some("PRATO-2".into());
        })).await;
        shop.order(connection, &snapshot("2001")).await;
        for text in ["BR123", "PRATO-2"] {
            assert_eq!(shop.found(text).await, ["2000"], "{text}");
        }
        assert_eq!(shop.found("CAN-1").await.len(), 2, "both have a line of it");
        assert_eq!(shop.found("BR12").await, [""; 0], "a tracking code is found by the whole");
    }

    async fn an_order_is_found_by_a_part_of_its_title(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        for (number, title) in [("1", "CAFÉ em grãos 100%"), ("2", "Xícara_azul")] {
            shop.order(connection, &with(number, |order| order.lines[0].title = title.into())).await;
        }
        for text in ["CAFÉ", "EM GR", "100%", "grãos"] {
            assert_eq!(shop.found(text).await, ["1"], "{text}");
        }
        assert_eq!(shop.found("_").await, ["2"], "an underscore means itself");
        for nothing in ["100%%", "x_cara", "\\", "' OR 1=1 --"] {
            assert_eq!(shop.found(nothing).await, [""; 0], "{nothing}");
        }
        let elsewhere = OrderFilter { text: Some("CAFÉ".into()), connection: Some(house.id()), ..OrderFilter::default() };
        assert_eq!(shop.numbers(elsewhere).await, [""; 0], "a search keeps to the other filters");
    }

    async fn a_timeline_is_read_in_the_order_of_its_times(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let order = shop.order(connection, &snapshot("2000")).await;
        for (kind, at) in [("told", 30), ("placed", 10), ("stock", 20)] {
            let id = domain::TypedId::to_bytes(house.id::<OrderId>());
            let event = TimelineEvent { kind: kind.into(), detail: "2".into(), at: Timestamp::from_millis(at) };
            shop.write(move |shop| shop.tell(order, id, &event)).await;
        }
        let kinds: Vec<_> = shop.read(move |shop| shop.timeline(order)).await.into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds, ["placed", "stock", "told"]);
    }

    async fn unfinished_orders_that_nobody_read_for_long_are_found_those_that_hold_units_first(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.order(connection, &with("shipped", |order| order.state = OrderState::Shipped)).await;
        shop.order(connection, &with("delivered", |order| order.state = OrderState::Delivered)).await;
        house.wait(SECOND);
        let old = shop.order(connection, &snapshot("old")).await;
        let before = house.wait(SECOND);
        shop.order(connection, &snapshot("new")).await;
        let unread =
            async || shop.read(move |shop| shop.unfinished_orders_unread_since(connection, before, 10)).await;
        assert_eq!(unread().await, ["old", "shipped"]);
        let now = house.now();
        shop.write(move |shop| shop.note_order_read(old, now)).await;
        assert_eq!(unread().await, ["shipped"]);
    }

    async fn the_times_of_the_last_orders_are_told_newest_first(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let day = snapshot("").placed_at;
        for age in [5, 1, 3, 9] {
            let placed_at = day.minus(SECOND * age);
            shop.order(connection, &with(&age.to_string(), |order| order.placed_at = placed_at)).await;
        }
        let times = shop.read(move |shop| shop.order_times(connection, day.minus(SECOND * 5), 2)).await;
        assert_eq!(times, [day.minus(SECOND), day.minus(SECOND * 3)]);
    }

    async fn lines_of_an_unlinked_listing_are_found_while_they_hold_units(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let (line, _) = shop.line(connection, "2000").await;
        shop.order(connection, &with("2001", |order| order.state = OrderState::Shipped)).await;
        let open = async || shop.read(move |shop| shop.unlinked_open_lines(connection, "MLB1", "")).await;
        let found = open().await;
        assert_eq!(found.iter().map(|(line, units, _)| (*line, *units)).collect::<Vec<_>>(), [(line, 2)]);
        let (listing, sku) = (shop.listing(connection, "MLB1").await, shop.sku("CAN-1").await);
        shop.write(move |shop| shop.link_line(line, listing, sku)).await;
        assert_eq!(open().await, []);
        let held = shop.held(connection, "2000").await.unwrap();
        assert_eq!((held.lines[0].listing, held.lines[0].sku), (Some(listing), Some(sku)));
    }

    async fn a_listing_seen_again_keeps_its_id_its_sku_and_its_proof(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let (listing, sku, now) = (shop.listing(connection, "MLB1").await, shop.sku("CAN-1").await, house.now());
        shop.write(move |shop| {
            shop.link_listing(listing, Some(sku))?;
            shop.note_sent(listing, 5, now)?;
            shop.note_confirmed(listing, 5, 3, now)
        }).await;
        let (again, mut news) = (house.id(), seen("MLB1"));
        (news.title, news.shown_units, news.price) = ("Caneca nova".into(), 4, None);
        let kept = shop.write(move |shop| shop.keep_listing(again, connection, &news, now)).await;
        assert_eq!((kept.id, kept.sku, kept.confirmed_version, kept.sent_units), (listing, Some(sku), 3, Some(5)));
        assert_eq!((kept.title.as_str(), kept.shown_units, kept.price), ("Caneca nova", 4, None));
        let found = shop.read(move |shop| shop.listing_of(connection, "MLB1", "")).await;
        assert_eq!(found, Some(kept));
    }

    async fn listings_are_paged_and_the_unlinked_ones_apart(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.sku("CAN-1").await;
        let mut all = Vec::new();
        for index in 0..PAGE_ROWS + 5 {
            house.wait(Duration::from_millis(1));
            all.push(shop.listing(connection, &format!("MLB{index}")).await);
        }
        let linked = all[7];
        shop.write(move |shop| shop.link_listing(linked, Some(sku))).await;
        let first = shop.read(|shop| shop.listing_page(None, &ListingFilter::default())).await;
        assert_eq!(first.len(), PAGE_ROWS as usize + 1, "one more than a page: there is a next one");
        assert_eq!(first[7].1.as_ref().map(|sku| sku.code.as_str()), Some("CAN-1"));
        let last = first[PAGE_ROWS as usize - 1].0.id;
        let rest = shop.read(move |shop| shop.listing_page(Some(last), &ListingFilter::default())).await;
        assert_eq!(rest.iter().map(|(listing, _)| listing.id).collect::<Vec<_>>(), all[PAGE_ROWS as usize..]);
        let filter = ListingFilter { show: ListingShow::Unlinked, ..ListingFilter::default() };
        let unlinked = shop.read(move |shop| shop.listing_page(None, &filter)).await;
        assert!(unlinked.iter().all(|(listing, sku)| listing.id != linked && sku.is_none()));
    }

    async fn listings_are_found_by_number_by_code_by_title_and_by_connection(house: House) {
        let shop = Shop::open(&house).await;
        let (one, other) = (shop.connection().await, shop.connection().await);
        for (connection, number, code, title) in
            [(one, "MLB1", "CAN-1", "CAFÉ em grãos"), (one, "MLB2", "PRATO", "Prato_fundo"), (other, "MLB3", "X", "Xícara")]
        {
            let (id, now, mut seen) = (house.id(), house.wait(SECOND), seen(number));
            (seen.seller_sku, seen.title) = (Some(code.into()), title.into());
            shop.write(move |shop| shop.keep_listing(id, connection, &seen, now)).await;
        }
        let find = async |text: &str| shop.listing_numbers(ListingFilter { text: text.into(), ..ListingFilter::default() }).await;
        assert_eq!(find("").await, ["MLB1", "MLB2", "MLB3"]);
        for (text, number) in [("MLB2", "MLB2"), ("CAN-1", "MLB1"), ("cafe gr", "MLB1"), ("PRATO_", "MLB2"), ("xíc", "MLB3")] {
            assert_eq!(find(text).await, [number], "{text}");
        }
        assert_eq!(find("mlb").await, ["MLB1", "MLB2", "MLB3"]);
        for nothing in ["LB1", "ara", "café fundo", "%", "\\"] {
            assert_eq!(find(nothing).await, [""; 0], "{nothing}");
        }
        let (again, now, mut seen) = (house.id(), house.now(), seen("MLB1"));
        seen.title = "Chá verde".into();
        shop.write(move |shop| shop.keep_listing(again, one, &seen, now)).await;
        assert_eq!((find("verde").await, find("café").await), (vec!["MLB1".to_owned()], vec![]), "by its title of now");
        let of_other = ListingFilter { connection: Some(other), ..ListingFilter::default() };
        assert_eq!(shop.listing_numbers(of_other).await, ["MLB3"]);
    }

    async fn a_listing_drifts_while_it_shows_another_number_than_its_sku_has(house: House) {
        let shop = Shop::open(&house).await;
        let (connection, elsewhere) = (shop.connection().await, shop.connection().await);
        // The listings show seven.
        let (right, wrong, none) = (shop.stocked("A", 7).await, shop.stocked("B", 9).await, shop.sku("C").await);
        let mut listings = Vec::new();
        for (number, sku, state, ours) in [
            ("right", Some(right), ListingState::Active, true), ("wrong", Some(wrong), ListingState::Active, true),
            ("paused", Some(none), ListingState::Paused, true), ("unlinked", None, ListingState::Active, true),
            ("closed", Some(wrong), ListingState::Closed, true), ("full", Some(wrong), ListingState::Active, false),
        ] {
            let (id, now, mut seen) = (house.id(), house.wait(SECOND), seen(number));
            (seen.state, seen.ours) = (state, ours);
            shop.write(move |shop| {
                shop.keep_listing(id, connection, &seen, now)?;
                shop.link_listing(id, sku)
            }).await;
            listings.push(id);
        }
        let drift = async || {
            let shown = shop.listing_numbers(ListingFilter { show: ListingShow::Drift, ..ListingFilter::default() }).await;
            let aligned = shop.read(move |shop| shop.listings_to_align(connection)).await;
            let to_align: Vec<_> = aligned.into_iter().map(|(listing, _)| listing.external_id).collect();
            assert_eq!(shown, to_align, "people and the sweep see the same");
            shop.settle_lists().await;
            let settled = shop.listing_numbers(ListingFilter { show: ListingShow::Drift, ..ListingFilter::default() }).await;
            assert_eq!(settled, shown, "what differs stays marked");
            shown
        };
        assert_eq!(drift().await, ["wrong", "paused"]);
        assert_eq!(shop.read(move |shop| shop.listings_to_align(elsewhere)).await, []);
        let (told, now) = (listings[1], house.now());
        shop.write(move |shop| {
            shop.note_confirmed(told, 9, 1, now)?;
            shop.set_safety(right, 1)
        }).await;
        assert_eq!(drift().await, ["right", "paused"], "units kept back are not offered");
        shop.append(&shop.count(none, -3)).await;
        let paused = listings[2];
        shop.write(move |shop| shop.note_shown(paused, 0, ListingState::Paused, "paused", now)).await;
        assert_eq!(drift().await, ["right"], "fewer than none is none");
    }

    async fn skus_are_shown_by_what_is_wrong_with_them_and_with_their_listings_counted(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let full = shop.stocked("FULL", 9).await;
        shop.sku("EMPTY").await;
        let (short, kept) = (shop.sku("SHORT").await, shop.stocked("KEPT", 2).await);
        shop.append(&shop.count(short, -1)).await;
        shop.write(move |shop| shop.set_safety(kept, 2)).await;
        for number in ["MLB1", "MLB2"] {
            let listing = shop.listing(connection, number).await;
            shop.write(move |shop| shop.link_listing(listing, Some(full))).await;
        }
        let codes = async |show| shop.sku_codes_of("", SkuFilter { show, ..SkuFilter::default() }).await;
        assert_eq!(codes(SkuShow::All).await, ["EMPTY", "FULL", "KEPT", "SHORT"]);
        assert_eq!(codes(SkuShow::Out).await, ["EMPTY", "KEPT", "SHORT"]);
        assert_eq!(codes(SkuShow::Oversold).await, ["SHORT"]);
        let counted: Vec<i64> = shop.read(|shop| shop.sku_page("", &SkuFilter::default())).await
            .into_iter().map(|(_, listings)| listings).collect();
        assert_eq!(counted, [0, 2, 0, 0]);
        assert_eq!(shop.read(|shop| shop.sku_codes(3)).await, ["EMPTY", "FULL", "KEPT"]);
    }

    async fn skus_are_searched_by_the_beginnings_of_words_of_code_or_title(house: House) {
        let shop = Shop::open(&house).await;
        for code in ["CAN_1", "CANX1", "PRATO", "10%"] {
            shop.sku(code).await;
        }
        let find = async |after: &'static str, text: &str| {
            shop.sku_codes_of(after, SkuFilter { text: text.into(), ..SkuFilter::default() }).await
        };
        assert_eq!(find("", "pra").await, ["PRATO"]);
        assert_eq!(find("", "rat").await, [""; 0]);
        assert_eq!(find("", "cAnX").await, ["CANX1"]);
        assert_eq!(find("", "can_1").await, ["10%", "CAN_1"], "the code of the first begins with 1, too");
        assert_eq!(find("", "10%").await, ["10%"]);
        assert_eq!(find("", "\\").await, [""; 0]);
        assert_eq!(find("", "caneca").await, ["10%", "CANX1", "CAN_1", "PRATO"], "all have this title");
        assert_eq!(find("CANX1", "").await, ["CAN_1", "PRATO"]);
    }

    async fn an_import_can_be_left_and_resumed(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let begin = async || {
            let (id, now) = (house.id(), house.now());
            shop.write(move |shop| {
                shop.begin_import(id, connection, now.minus(SECOND), now)?;
                shop.import_run(connection)
            }).await.unwrap()
        };
        let mut run = begin().await;
        house.wait(SECOND);
        assert_eq!(begin().await, run, "pressing the button twice is once");
        (run.next_page, run.listings_done, run.listings_total) = (Some("scroll-2".into()), 50, Some(70));
        let (kept, now) = (run.clone(), house.now());
        shop.write(move |shop| shop.advance_import(&kept, now)).await;
        let again = house.open_again().unwrap().organization(shop.id);
        run.updated_at = now;
        assert_eq!(again.read(move |shop| shop.import_run(connection)).await.unwrap(), Some(run.clone()));
        run.phase = store::imports::ImportPhase::Done;
        let done = run.clone();
        shop.write(move |shop| shop.advance_import(&done, now)).await;
        assert_eq!(shop.read(move |shop| shop.import_run(connection)).await.unwrap().finished_at, Some(now));
    }
}

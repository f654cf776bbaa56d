//! The list of orders: narrowed by package and deadline, and searched.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::order::CancelledBy;
use domain::{ConnectionId, OrderId, OrderSnapshot, OrderState, PackageKind, ShipDay};
use store::order_list::MAX_SEARCH_CHARS;
use store::pages::{Listed, OrderFilter, OrderKey, OrderRow, PAGE_ROWS, Turn};

use crate::kit::{House, on_sqlite};
use crate::shop::{Shop, line_snapshot, snapshot};

const HOUR: Duration = Duration::from_hours(1);

impl Shop<'_> {
    async fn listed(&self, filter: &OrderFilter, turn: Turn) -> Listed<OrderRow> {
        let filter = filter.clone();
        self.read(move |shop| shop.order_page(&filter, turn)).await
    }

    async fn of(&self, filter: OrderFilter) -> Vec<String> {
        let page = self.listed(&filter, Turn::First).await;
        page.rows.into_iter().map(|row| row.external_id).collect()
    }

    async fn searched(&self, text: &str) -> Vec<String> {
        self.of(searching(text)).await
    }

    async fn sold(
        &self,
        connection: ConnectionId,
        number: &str,
        change: impl FnOnce(&mut OrderSnapshot),
    ) -> OrderId {
        let mut order = snapshot(number);
        change(&mut order);
        self.order(connection, &order).await
    }

    /// Every order that a filter shows, there and back again by pages.
    async fn all_pages(&self, filter: &OrderFilter) -> Vec<OrderKey> {
        let key = |row: &OrderRow| OrderKey { placed_at: row.placed_at, id: row.id };
        let mut page = self.listed(filter, Turn::First).await;
        let mut older: Vec<OrderKey> = page.rows.iter().map(key).collect();
        while page.older {
            page = self.listed(filter, Turn::Older(*older.last().unwrap())).await;
            older.extend(page.rows.iter().map(key));
        }
        let mut newer: Vec<OrderKey> = page.rows.iter().map(key).collect();
        while page.newer {
            page = self.listed(filter, Turn::Newer(newer[0])).await;
            newer.splice(0..0, page.rows.iter().map(key));
        }
        assert_eq!(newer, older, "the way back is the way there");
        older
    }
}

fn searching(text: &str) -> OrderFilter {
    OrderFilter { text: Some(text.into()), ..OrderFilter::default() }
}

fn titled(title: &str) -> impl FnOnce(&mut OrderSnapshot) {
    let title = title.to_owned();
    move |order| order.lines[0].title = title
}

/// The statements of the migration that fill what is new from what was there.
fn backfill() -> impl Iterator<Item = String> {
    let text: String = include_str!("../../migrations/0007_orders_list.sql")
        .lines()
        .filter(|line| !line.starts_with("--"))
        .collect::<Vec<_>>()
        .join("\n");
    let statements: Vec<String> = text.split(';').map(|one| one.trim().to_owned()).collect();
    statements.into_iter().filter(|one| one.starts_with("UPDATE "))
}

on_both! {
    async fn a_list_is_narrowed_to_what_packages_hold(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.sold(connection, "single", |order| order.lines[0].units = 1).await;
        shop.sold(connection, "multiple", |order| order.lines[0].units = 3).await;
        shop.sold(connection, "mixed", |order| {
            order.lines.push(line_snapshot("MLB2", 1));
            order.lines[1].seller_sku = Some("PRATO-2".into());
        }).await;
        for kind in PackageKind::ALL {
            let page = shop.listed(&OrderFilter { kind: Some(kind), ..OrderFilter::default() }, Turn::First).await;
            let rows: Vec<_> = page.rows.iter().map(|row| (row.external_id.as_str(), row.kind)).collect();
            assert_eq!(rows, [(kind.as_str(), Some(kind))]);
        }
        let both = OrderFilter { kind: Some(PackageKind::Mixed), state: Some("shipped".into()), ..OrderFilter::default() };
        assert_eq!(shop.of(both).await, [""; 0], "it keeps to the other filters");
    }

    async fn what_was_held_before_is_narrowed_and_searched_like_what_came_after(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.sold(connection, "1", |order| {
            order.lines[0].units = 1;
            order.lines[0].title = format!("XÍCARA São João Ñandú {}", "é".repeat(300));
        }).await;
        shop.sold(connection, "2", |order| {
            order.lines.push(line_snapshot("MLB2", 1));
            for line in &mut order.lines {
                line.seller_sku = None;
            }
        }).await;
        shop.sold(connection, "3", |order| order.lines.push(line_snapshot("MLB2", 1))).await;
        let kept = async || {
            let kinds = house.read(|tx| tx.rows("SELECT external_id, package_kind FROM orders ORDER BY external_id", &[],
                |row| Ok((row.get::<String>(0)?, row.get::<Option<String>>(1)?)))).await;
            let keys = house.read(|tx| tx.rows("SELECT title_key FROM order_line ORDER BY id", &[], |row| row.get::<String>(0))).await;
            (kinds, keys)
        };
        let written = kept().await;
        assert_eq!(written.0.iter().filter_map(|(_, kind)| kind.as_deref()).collect::<Vec<_>>(), ["single", "mixed", "multiple"]);
        house.write(|tx| {
            tx.execute("UPDATE orders SET package_kind = NULL", &[])?;
            tx.execute("UPDATE order_line SET title_key = ''", &[])
        }).await;
        assert_ne!(kept().await, written);
        let statements: Vec<String> = backfill().collect();
        assert_eq!(statements.len(), 4);
        house.write(move |tx| statements.iter().try_for_each(|sql| tx.execute(sql, &[]).map(drop))).await;
        assert_eq!(kept().await, written);
    }

    async fn a_list_is_narrowed_to_deadlines_of_open_orders(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        // It is half past eleven in São Paulo.
        let now = house.now();
        let at = |hours: i64| move |order: &mut OrderSnapshot| {
            let deadline = if hours < 0 { now.minus(HOUR * 2) } else { now.plus(HOUR * u32::try_from(hours).unwrap()) };
            order.shipment.as_mut().unwrap().ship_by = Some(deadline);
        };
        shop.sold(connection, "late", at(-2)).await;
        shop.sold(connection, "today", at(3)).await;
        shop.sold(connection, "tomorrow", at(20)).await;
        shop.sold(connection, "later", at(50)).await;
        shop.sold(connection, "none", |order| order.shipment = None).await;
        shop.sold(connection, "gone", |order| {
            at(-2)(order);
            order.state = OrderState::Shipped;
        }).await;
        shop.sold(connection, "off", |order| {
            order.shipment = None;
            order.state = OrderState::Cancelled(CancelledBy::Buyer);
        }).await;
        for day in ShipDay::ALL {
            let filter = OrderFilter { ship_by: Some(day.window(now)), ..OrderFilter::default() };
            assert_eq!(shop.of(filter).await, [day.as_str()]);
        }
        let late = OrderFilter { ship_by: Some(ShipDay::Late.window(now)), ..searching("late") };
        assert_eq!(shop.of(late).await, ["late"], "a search keeps to it");
    }

    async fn an_order_is_found_by_words_of_the_title_of_any_line(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.sold(connection, "1", |order| {
            order.lines.push(line_snapshot("MLB2", 1));
            order.lines[1].title = "Xícara de CAFÉ 100% cerâmica".into();
        }).await;
        shop.sold(connection, "2", titled("Prato_fundo")).await;
        for text in ["cafe", "CAFÉ", "ceramica xicara", "100%", "Caf cer", "caneca"] {
            assert_eq!(shop.searched(text).await, ["1"], "{text}");
        }
        assert_eq!(shop.searched("_").await, ["2"], "an underscore means itself");
        for nothing in ["cafe prato", "100%%", "x_cara", "\\", "?", "' OR 1=1 --"] {
            assert_eq!(shop.searched(nothing).await, [""; 0], "{nothing}");
        }
    }

    async fn an_order_is_found_by_the_beginning_of_a_lines_code_in_either_case(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        for (number, code) in [("1", Some("CAN_1-AZ")), ("2", Some("CANX1")), ("3", None), ("4", Some("1%"))] {
            shop.sold(connection, number, |order| order.lines[0].seller_sku = code.map(str::to_owned)).await;
        }
        assert_eq!(shop.searched("CANX1").await, ["2"]);
        assert_eq!(shop.searched("canx").await, ["2"]);
        assert_eq!(shop.searched("CAN_").await, ["1"], "an underscore means itself");
        assert_eq!(shop.searched("1%").await, ["4"]);
        assert_eq!(shop.searched("-AZ").await, [""; 0]);
    }

    async fn a_search_that_finds_little_is_paged(house: House) {
        const FOUND: u32 = PAGE_ROWS * 2 + 3;
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        for index in 0..FOUND + 40 {
            let title = if index < FOUND { "Luminária lua" } else { "Vaso" };
            shop.sold(connection, &index.to_string(), |order| {
                order.lines[0].title = title.into();
                // Every third is placed together with the one before.
                order.placed_at = order.placed_at.plus(HOUR * (index - u32::from(index % 3 == 0 && index > 0)));
            }).await;
        }
        let keys = shop.all_pages(&searching("lumin")).await;
        let unique: BTreeSet<OrderId> = keys.iter().map(|key| key.id).collect();
        assert_eq!((keys.len(), unique.len()), (FOUND as usize, FOUND as usize));
        assert!(keys.windows(2).all(|two| (two[0].placed_at, two[0].id) > (two[1].placed_at, two[1].id)));
    }

    async fn a_search_that_many_different_titles_match_is_whole_and_paged(house: House) {
        // More titles than are looked up one by one.
        const FOUND: u32 = 270;
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        for index in 0..FOUND {
            shop.sold(connection, &format!("n{index}"), |order| {
                order.lines[0].title = format!("Caneca número {index}");
                order.placed_at = order.placed_at.plus(HOUR * index);
            }).await;
        }
        shop.sold(connection, "caneca", |order| {
            order.lines[0].title = "Vaso".into();
            order.lines[0].seller_sku = Some("VASO".into());
        }).await;
        assert_eq!(shop.all_pages(&searching("caneca")).await.len(), FOUND as usize + 1, "a number counts, too");
        assert_eq!(shop.all_pages(&searching("NUMERO caneca")).await.len(), FOUND as usize);
        let elsewhere = OrderFilter { connection: Some(house.id()), ..searching("caneca") };
        assert_eq!(shop.of(elsewhere).await, [""; 0]);
        let (stranger, own) = (Shop::open(&house).await, "caneca");
        assert_eq!(stranger.searched(own).await, [""; 0]);
    }

    async fn a_text_that_is_empty_or_too_long_finds_nothing(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let long = "a".repeat(MAX_SEARCH_CHARS + 1);
        shop.sold(connection, &long, |_| {}).await;
        for text in ["", "  ", &long] {
            assert_eq!(shop.searched(text).await, [""; 0]);
        }
    }

    async fn picked_orders_are_read_by_their_ids_and_what_is_not_there_is_left_out(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let (one, other) = (shop.sold(connection, "1", |_| {}).await, shop.sold(connection, "2", |_| {}).await);
        let ids = [other, house.id(), one];
        let rows = shop.read(move |shop| shop.orders(&ids)).await;
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [other, one]);
        let stranger = Shop::open(&house).await;
        assert_eq!(stranger.read(move |shop| shop.orders(&[one])).await, []);
    }
}

/// How SQLite reaches what a statement asks for.
async fn plan(house: &House, sql: &str) -> String {
    let explain = format!("EXPLAIN QUERY PLAN {sql}");
    house.read(move |tx| tx.rows(&explain, &[], |row| row.get::<String>(3))).await.join("; ")
}

#[test]
fn what_is_asked_of_few_rows_is_reached_by_their_index() {
    on_sqlite(async |house: House| {
        let orders = "SELECT summary FROM orders WHERE organization_id = x'00' AND";
        let newest = "ORDER BY placed_at DESC, id DESC LIMIT 51";
        let open =
            plan(&house, &format!("{orders} state IN ('to_dispatch', 'needs_attention') {newest}")).await;
        let few =
            plan(&house, &format!("{orders} package_kind = 'mixed' AND package_kind <> 'single' {newest}"))
                .await;
        let lines = plan(&house, "SELECT units FROM order_line WHERE organization_id = x'00' AND order_id = x'01' ORDER BY line_number").await;
        let plans = [(open, "orders_open"), (few, "orders_kind"), (lines, "order_line_order")];
        for (plan, index) in plans {
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{index}: {plan}");
        }
    });
}

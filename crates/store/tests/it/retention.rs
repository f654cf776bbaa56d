//! What is kept until when: every table is in the table of `domain::retention`, and each clock
//! there deletes at its instant and not before.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::retention::{BUYERS_KEPT, CLASSES, Term};
use domain::{CaseId, ConnectionId, MemberId, OrganizationId, SubjectId, Timestamp, TypedId};
use store::holds::{Held, NewHold};
use store::retention::{Overdue, forget, overdue};
use store::{Val, params};

use crate::kit::House;
use crate::shop::Shop;

const MOMENT: Duration = Duration::from_millis(1);
/// Longer than anything is kept.
const AGES: Duration = Duration::from_hours(20 * 365 * 24);

/// What rows of any table hang on.
#[derive(Clone, Copy)]
struct Ground {
    organization: OrganizationId,
    member: MemberId,
    connection: ConnectionId,
    case: CaseId,
}

impl Ground {
    async fn of(shop: &Shop<'_>) -> Self {
        let (case, at) = (shop.house.id(), shop.house.now());
        let (organization, connection, member) = (shop.id, shop.connection().await, shop.member().await);
        let sql = "INSERT INTO service_case (id, organization_id, connection_id, channel, desk, external_id, kind, \
                   version_at, read_at, state, state_detail, platform_status, opened_at, place_rank, place_at, created_at) \
                   VALUES ($1, $2, $3, 'mercado_livre', 'questions', '1', 'question', $4, $4, 'closed', '', '', $4, 0, $4, $4)";
        shop.house.write(move |tx| tx.execute(sql, params![case, organization, connection, at])).await;
        Self { organization, member, connection, case }
    }

    /// A row of a table in which no clock is near its end.
    #[expect(clippy::too_many_lines, reason = "it is one row of each table")]
    fn row(&self, house: &House, table: &str) -> Vec<(&'static str, Val<'static>)> {
        // tidy: long because it is one row of each table
        let far = Val::from(house.now().plus(AGES));
        let id = || Val::Id(house.id::<CaseId>().to_bytes());
        let (own, member) = (Val::from(self.organization), Val::from(self.member));
        let (bytes, text, zero) = (Val::Bytes(&[1]), Val::Text("x"), Val::Int(0));
        match table {
            "session" => vec![
                ("token_hash", bytes),
                ("id", id()),
                ("organization_id", own),
                ("member_id", member),
                ("created_at", far),
                ("last_seen_at", far),
            ],
            "device" => vec![
                ("member_id", member),
                ("token_hash", bytes),
                ("organization_id", own),
                ("name", text),
                ("first_seen_at", zero),
                ("last_seen_at", far),
            ],
            "security_notice" => vec![
                ("id", id()),
                ("organization_id", own),
                ("member_id", member),
                ("kind", text),
                ("device", text),
                ("at", zero),
                ("seen_at", far),
            ],
            "challenge" => vec![
                ("token_hash", bytes),
                ("purpose", Val::Text("second_step")),
                ("challenge", text),
                ("expires_at", far),
            ],
            "provider_attempt" => vec![
                ("token_hash", bytes),
                ("purpose", Val::Text("sign_in")),
                ("next", text),
                ("began_at", zero),
                ("expires_at", far),
            ],
            "authorization_attempt" => vec![
                ("state_hash", bytes),
                ("organization_id", own),
                ("member_id", member),
                ("channel", text),
                ("verifier_sealed", bytes),
                ("verifier_row", id()),
                ("created_at", zero),
                ("expires_at", far),
            ],
            "setup_link" => vec![("token_hash", bytes), ("created_at", zero), ("expires_at", far)],
            "recovery_link" => vec![
                ("token_hash", bytes),
                ("organization_id", own),
                ("member_id", member),
                ("because", text),
                ("created_at", zero),
                ("expires_at", far),
            ],
            "familiar_network" => vec![
                ("network_hash", bytes),
                ("organization_id", own),
                ("member_id", member),
                ("last_seen_at", far),
            ],
            "invitation" => vec![
                ("id", id()),
                ("organization_id", own),
                ("token_hash", bytes),
                ("email_index", bytes),
                ("email_sealed", bytes),
                ("roles", text),
                ("reason", text),
                ("invited_by", member),
                ("created_at", zero),
                ("expires_at", far),
            ],
            "api_key" => vec![
                ("id", id()),
                ("organization_id", own),
                ("member_id", member),
                ("name", text),
                ("token_hash", bytes),
                ("scopes", text),
                ("created_at", zero),
                ("expires_at", far),
            ],
            "limit_taken" => vec![("subject", bytes), ("given_back_at", far)],
            "buyer" => vec![
                ("id", id()),
                ("organization_id", own),
                ("connection_id", Val::from(self.connection)),
                ("external_id", text),
                ("last_placed_at", far),
                ("created_at", zero),
            ],
            "case_answer" => vec![
                ("case_id", Val::from(self.case)),
                ("organization_id", own),
                ("id", id()),
                ("member_id", member),
                ("verb", text),
                ("state", Val::Text("failed")),
                ("created_at", zero),
                ("ended_at", far),
            ],
            "mail" => vec![
                ("id", id()),
                ("organization_id", own),
                ("kind", text),
                ("letter_sealed", bytes),
                ("created_at", zero),
                ("expires_at", far),
            ],
            "sheet" => vec![
                ("id", id()),
                ("organization_id", own),
                ("member_id", member),
                ("name", text),
                ("state", text),
                ("heading", text),
                ("row_count", zero),
                ("create_count", zero),
                ("change_count", zero),
                ("same_count", zero),
                ("refused_count", zero),
                ("fault_count", zero),
                ("cost_count", zero),
                ("adopt_count", zero),
                ("created_at", zero),
                ("expires_at", far),
            ],
            "sheet_item" => vec![
                ("sheet_id", id()),
                ("place", zero),
                ("organization_id", own),
                ("row_number", zero),
                ("kind", text),
                ("title", text),
                ("code", text),
                ("asks", text),
                ("wish", text),
                ("state", text),
                ("why", text),
                ("stood", text),
                ("expires_at", far),
            ],
            "sheet_fault" => vec![
                ("sheet_id", id()),
                ("place", zero),
                ("organization_id", own),
                ("row_number", zero),
                ("col", text),
                ("found", text),
                ("trouble", text),
                ("expires_at", far),
            ],
            "privacy_ticket" => vec![
                ("token_hash", bytes),
                ("id", id()),
                ("organization_id", own),
                ("letter_sealed", bytes),
                ("tries_left", zero),
                ("expires_at", far),
            ],
            "privacy_request" => vec![
                ("id", id()),
                ("organization_id", own),
                ("kind", Val::Text("access")),
                ("regime", Val::Text("lgpd")),
                ("state", Val::Text("answered")),
                ("language", text),
                ("member_id", member),
                ("person_sealed", bytes),
                ("received_at", zero),
                ("due_at", zero),
                ("ended_at", far),
                ("erased", zero),
            ],
            "retention_hold" => vec![
                ("id", id()),
                ("organization_id", own),
                ("class", text),
                ("reason", text),
                ("review_by", zero),
                ("placed_by", member),
                ("placed_at", zero),
                ("lifted_by", member),
                ("lifted_at", far),
            ],
            "backup_run" => vec![
                ("id", id()),
                ("kind", Val::Text("backup")),
                ("state", Val::Text("failed")),
                ("asked_by", text),
                ("asked_at", zero),
                ("rows_done", zero),
                ("rows_total", zero),
                ("ended_at", far),
            ],
            other => panic!("{other} has a clock in domain::retention: say here what a row of it is"),
        }
    }

    /// Puts a row into a table whose clock stands at an instant.
    async fn put(&self, house: &House, table: &'static str, clock: &str, at: Timestamp) {
        let row = self.row(house, table);
        assert!(row.iter().any(|(column, _)| *column == clock), "{table} has no {clock}");
        let columns: Vec<&str> = row.iter().map(|(column, _)| *column).collect();
        let places: Vec<String> = (1..=row.len()).map(|place| format!("${place}")).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "));
        let at = Val::from(at);
        let values: Vec<Val<'static>> =
            row.iter().map(|(column, value)| if *column == clock { at } else { *value }).collect();
        assert_eq!(house.write(move |tx| tx.execute(&sql, &values)).await, 1);
    }
}

/// Every clock: class, table, column, and how long after its instant a row goes.
fn clocks() -> Vec<(&'static str, &'static str, &'static str, Duration)> {
    let clock = |name, term: &Term| match *term {
        Term::After { table, column, span, .. } => Some((name, table, column, span)),
        Term::At { table, column, .. } => Some((name, table, column, Duration::ZERO)),
        Term::With(..) | Term::Files { .. } => None,
    };
    CLASSES.iter().flat_map(|class| class.terms.iter().filter_map(|term| clock(class.name, term))).collect()
}

async fn rows_of(house: &House, table: &'static str) -> i64 {
    house
        .read(move |tx| tx.row(&format!("SELECT COUNT(*) FROM {table}"), &[], |row| row.get(0)))
        .await
        .unwrap_or_default()
}

async fn buyer_of(house: &House) -> Held {
    let id = house.read(|tx| tx.row("SELECT id FROM buyer", &[], |row| row.get::<SubjectId>(0))).await;
    Held::Buyer(id.expect("a buyer is kept"))
}

async fn overdue_in(house: &House, class: &str, at: Timestamp) -> i64 {
    let all = house.read(move |tx| overdue(tx, at)).await;
    let others: i64 = all.iter().filter(|it| it.class != class).map(|it| it.rows).sum();
    assert_eq!(others, 0, "only {class} has rows that are due: {all:?}");
    all.iter().find(|it| it.class == class).map_or(-1, |it| it.rows)
}

on_both! {
    async fn every_table_of_the_database_is_in_a_class_and_every_class_s_is_there(house: House) {
        let tables: BTreeSet<String> =
            house.read(store::db::catalogue).await.into_iter().map(|(table, _)| table).collect();
        let named: BTreeSet<String> =
            CLASSES.iter().flat_map(|class| class.tables()).map(str::to_owned).collect();
        let unnamed: Vec<_> = tables.difference(&named).collect();
        assert!(unnamed.is_empty(), "say in domain::retention until when these are kept: {unnamed:?}");
        let unknown: Vec<_> = named.difference(&tables).collect();
        assert!(unknown.is_empty(), "no such tables: {unknown:?}");
    }

    async fn every_clock_stands_on_a_column_of_its_table(house: House) {
        let columns: BTreeSet<(String, String)> = house.read(store::db::catalogue).await.into_iter().collect();
        for (_, table, column, _) in clocks() {
            assert!(columns.contains(&(table.to_owned(), column.to_owned())), "{table}.{column}");
        }
    }

    /// ASVS 14.2.4.
    async fn what_outlived_its_time_goes_at_its_instant_and_not_a_moment_before(house: House) {
        let shop = Shop::open(&house).await;
        let ground = Ground::of(&shop).await;
        let begun = house.now();
        for (class, table, column, span) in clocks() {
            ground.put(&house, table, column, begun).await;
            let end = begun.plus(span);
            let before = end.minus(MOMENT);
            assert_eq!(overdue_in(&house, class, before).await, 0, "{table}.{column}");
            shop.write(move |shop| shop.forget_buyers_before(before.minus(BUYERS_KEPT))).await;
            house.write(move |tx| forget(tx, before)).await;
            assert_eq!(rows_of(&house, table).await, 1, "{table}.{column} is kept until its end");

            assert_eq!(overdue_in(&house, class, end).await, 1, "{table}.{column}");
            shop.write(move |shop| shop.forget_buyers_before(end.minus(BUYERS_KEPT))).await;
            house.write(move |tx| forget(tx, end)).await;
            assert_eq!(rows_of(&house, table).await, 0, "{table}.{column} is gone at its end");
            assert_eq!(overdue_in(&house, class, end).await, 0, "{table}.{column}");
        }
    }

    async fn what_is_held_stays_until_the_hold_is_lifted(house: House) {
        let shop = Shop::open(&house).await;
        let ground = Ground::of(&shop).await;
        let (begun, by) = (house.now(), ground.member);
        let held_tables = ["device", "security_notice", "case_answer", "buyer", "privacy_request"];
        for (class, table, column, span) in clocks().into_iter().filter(|(_, table, ..)| held_tables.contains(table)) {
            ground.put(&house, table, column, begun).await;
            let end = begun.plus(span);
            let subject = if table == "buyer" { buyer_of(&house).await } else { Held::Member(by) };
            for held in [Held::Class(class.to_owned()), subject] {
                let hold = NewHold { id: house.id(), held, reason: "process".into(), review_by: end, by };
                let id = hold.id;
                assert!(shop.write(move |shop| shop.place_hold(&hold, begun)).await);
                shop.write(move |shop| shop.forget_buyers_before(end.minus(BUYERS_KEPT))).await;
                house.write(move |tx| forget(tx, end)).await;
                assert_eq!(rows_of(&house, table).await, 1, "{table} is held");
                let due = house.read(move |tx| overdue(tx, end)).await;
                let counted = due.iter().find(|it| it.class == class).expect("it is counted");
                assert_eq!((counted.rows, counted.held), (0, 1), "{table} is not overdue but held");
                assert!(shop.write(move |shop| shop.lift_hold(id, by, begun)).await);
                assert!(!shop.write(move |shop| shop.lift_hold(id, by, begun)).await, "once");
            }
            shop.write(move |shop| shop.forget_buyers_before(end.minus(BUYERS_KEPT))).await;
            house.write(move |tx| forget(tx, end)).await;
            assert_eq!(rows_of(&house, table).await, 0, "{table} goes once it is lifted");
            house.write(|tx| tx.execute("DELETE FROM retention_hold", &[])).await;
        }
        assert!(CLASSES.iter().filter(|class| class.can_be_held()).all(|class| {
            class.tables().any(|table| held_tables.contains(&table))
        }), "this test runs every class that can be held");
    }

    async fn a_hold_of_one_organization_keeps_nothing_of_another(house: House) {
        let (ours, theirs) = (Shop::open(&house).await, Shop::open(&house).await);
        let (own, other) = (Ground::of(&ours).await, Ground::of(&theirs).await);
        let (begun, by) = (house.now(), own.member);
        other.put(&house, "device", "last_seen_at", begun).await;
        for held in [Held::Class("device".into()), Held::Member(other.member)] {
            let hold = NewHold { id: house.id(), held, reason: "process".into(), review_by: begun, by };
            assert!(ours.write(move |shop| shop.place_hold(&hold, begun)).await);
        }
        assert_eq!(ours.read(|shop| shop.holds()).await.len(), 2);
        assert_eq!(theirs.read(|shop| shop.holds()).await, []);
        let end = begun.plus(AGES);
        house.write(move |tx| forget(tx, end)).await;
        assert_eq!(rows_of(&house, "device").await, 0);
    }

    async fn what_has_no_clock_yet_and_what_is_spared_stays(house: House) {
        let shop = Shop::open(&house).await;
        let ground = Ground::of(&shop).await;
        let begun = house.now();
        ground.put(&house, "security_notice", "seen_at", begun).await;
        ground.put(&house, "case_answer", "ended_at", begun).await;
        ground.put(&house, "backup_run", "ended_at", begun).await;
        ground.put(&house, "buyer", "last_placed_at", begun).await;
        house.write(|tx| {
            tx.execute("UPDATE buyer SET opposed_at = 1", &[])?;
            tx.execute("UPDATE security_notice SET seen_at = NULL", &[])?;
            tx.execute("UPDATE case_answer SET state = 'sent'", &[])?;
            tx.execute("UPDATE backup_run SET state = 'good'", &[])
        }).await;
        let much_later = begun.plus(AGES);
        let due: Vec<Overdue> = house.read(move |tx| overdue(tx, much_later)).await;
        assert!(due.iter().all(|it| it.rows == 0), "{due:?}");
        assert_eq!(house.write(move |tx| forget(tx, much_later)).await, 0);
    }
}

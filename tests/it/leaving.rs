//! An organization leaves: asked for, called off, taken along, destroyed, and destroyed again when an
//! older backup comes back; another one is not touched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use app::backup::depot::Folder;
use app::backup::{Plan, Restore};
use app::holds::HoldOn;
use app::leaving::along::{LEFT_HERE, OPENED, PART_BYTES, taken};
use app::leaving::{ASKED_TO_REVOKE_FOR, CALL_OFF_FOR, LeavingError, MAX_REASON_CHARS};
use app::sign_in::Visit;
use app::{AppError, steps};
use domain::id::uuid_v7;
use domain::member::SecurityNotice;
use domain::{ConnectionState, ManualClock, OrganizationId, Restricted, TypedId as _};
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{Fault, FaultRule};
use serde_json::Value;
use store::{Location, Store, Val};
use tests::TestApp;
use tests::database::{folder, one_more_schema};
use tests::shop::{EMAIL, PASSWORD, SHOP};

use crate::backups::{a_days_work, backed_up, drilled, keys_of, restored_to_a_file};

const DAY: Duration = Duration::from_hours(24);
const SECOND: Duration = Duration::from_secs(1);
/// Longer than an organization is one node's.
const LEASE_OVER: Duration = Duration::from_mins(6);
/// Sealed columns whose content stays here: what opens accounts.
const SHUT: [(&str, &str); 2] = [("connection", "access_sealed"), ("connection", "refresh_sealed")];
/// Tables of the installation: none of their rows is an organization's, and no name stands in them.
const OF_THE_HOUSE: [&str; 14] = [
    "audit_checkpoint",
    "audit_push",
    "audit_tree",
    "backup_run",
    "counter",
    "erasure",
    "hook_batch",
    "kek",
    "key_holder",
    "key_rotation",
    "limit_taken",
    "organization",
    "setting",
    "setup_link",
];

/// Another organization with a SKU, and a hold that is its own.
async fn neighbour(shop: &TestApp) -> OrganizationId {
    let now = shop.now();
    let id = OrganizationId::from_bytes(uuid_v7(now, &vault::OsEntropy));
    let (sku, hold) = (uuid_v7(now, &vault::OsEntropy), uuid_v7(now, &vault::OsEntropy));
    let db = shop.app().store().installation().clone();
    let written = db.write(move |tx| {
        let sql = "INSERT INTO organization (id, name, created_at) VALUES ($1, 'Vizinha', $2)";
        tx.execute(sql, &[id.into(), now.into()])?;
        let sql = "INSERT INTO retention_hold (id, organization_id, class, reason, review_by, placed_by, placed_at) \
                   VALUES ($1, $2, 'buyer', 'processo da vizinha', $3, $1, $3)";
        tx.execute(sql, &[Val::Id(hold), id.into(), now.into()])?;
        let sql = "INSERT INTO sku (id, organization_id, code, title, on_hand_units, reserved_units, safety_units, \
                                    version, created_at) VALUES ($1, $2, 'VIZ-1', 'Da vizinha', 3, 0, 0, 0, $3)";
        tx.execute(sql, &[Val::Id(sku), id.into(), now.into()])
    });
    assert_eq!(written.await, Ok(1));
    id
}

/// The rows of each table that an organization has in a store, but for the log's.
async fn rows_of(store: &Store, organization: OrganizationId) -> BTreeMap<String, Vec<Vec<u8>>> {
    let all = store.installation().read(store::backup::tables).await.expect("the tables");
    let theirs: Vec<_> = all
        .into_iter()
        .filter(|table| table.columns.iter().any(|column| column == "organization_id"))
        .filter(|table| table.name != "audit_event")
        .collect();
    let held = store.organization(organization);
    let read = held.read(move |tenant| {
        let mut found = BTreeMap::new();
        for table in theirs {
            let rows: Vec<Vec<u8>> =
                tenant.own_rows(&table, None, 100_000)?.each().map(|(row, _)| row.to_vec()).collect();
            if !rows.is_empty() {
                found.insert(table.name, rows);
            }
        }
        Ok(found)
    });
    read.await.expect("they can be read")
}

async fn is_gone(shop: &TestApp) {
    assert_eq!(rows_of(shop.app().store(), shop.organization).await, BTreeMap::new());
    assert_eq!(shop.number("SELECT COUNT(*) FROM organization WHERE name <> 'Vizinha'").await, 0);
}

async fn ask(shop: &TestApp, name: &str, reason: &str) -> Result<(), LeavingError> {
    shop.app().ask_to_leave(shop.organization, shop.member, name, reason).await.map(drop)
}

async fn stay(shop: &TestApp) -> Result<(), LeavingError> {
    shop.app().stay(shop.organization, shop.member).await
}

async fn hold(shop: &TestApp, reason: &str) {
    let on = HoldOn::Class("buyer".into());
    let until = shop.now().plus(30 * DAY);
    shop.app().place_hold(shop.organization, shop.member, &on, reason, until).await.expect("it is held");
}

async fn lift(shop: &TestApp) {
    let held = shop.see(|tenant| tenant.holds()).await.swap_remove(0).id;
    shop.app().lift_hold(shop.organization, shop.member, held).await.expect("it is lifted");
}

/// How often an action ended so, or at all.
async fn events(shop: &TestApp, action: &'static str, phase: Option<&'static str>) -> usize {
    let told = shop.texts("SELECT action || ' ' || phase FROM audit_event").await;
    let wanted = |it: &&String| {
        it.split_once(' ').is_some_and(|(done, ended)| done == action && phase.is_none_or(|it| it == ended))
    };
    told.iter().filter(wanted).count()
}

async fn opened(location: &Location) -> Store {
    let place = location.clone();
    tokio::task::spawn_blocking(move || Store::open(&place)).await.expect("it ends").expect("it opens")
}

async fn enters(shop: &TestApp) -> bool {
    let (password, visit) = (Restricted::new(PASSWORD.to_owned()), Visit::from_network("203.0.113.9"));
    shop.app().sign_in(EMAIL, password, &visit).await.is_ok()
}

/// The whole archive.
pub(crate) async fn archive(shop: &TestApp) -> Vec<u8> {
    let mut under_way =
        shop.app().take_along(shop.organization, shop.member, "Leia-me".into()).await.expect("it is begun");
    let mut whole = Vec::new();
    while let Some((piece, rest)) = under_way.next().await.expect("a piece") {
        assert!(piece.len() < 2 * PART_BYTES, "{} bytes at once", piece.len());
        whole.extend(piece);
        under_way = rest;
    }
    whole
}

/// Names and texts of an archive, by its directory alone.
fn unzipped(zip: &[u8]) -> BTreeMap<String, String> {
    let text = |bytes| String::from_utf8(bytes).expect("a text");
    unpacked(zip).into_iter().map(|(name, bytes)| (name, text(bytes))).collect()
}

/// Names and bytes of an archive, by its directory alone.
pub(crate) fn unpacked(zip: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let short = |at: usize| usize::from(u16::from_le_bytes(zip[at..at + 2].try_into().unwrap()));
    let long = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().unwrap()) as usize;
    let end = zip.len() - 22;
    let mut at = long(end + 16);
    let mut found = BTreeMap::new();
    for _entry in 0..short(end + 10) {
        let (packed, name, begins) = (long(at + 20), short(at + 28), long(at + 42));
        let title = String::from_utf8(zip[at + 46..at + 46 + name].to_vec()).unwrap();
        let content = begins + 30 + name;
        let bytes = miniz_oxide::inflate::decompress_to_vec(&zip[content..content + packed]).unwrap();
        found.insert(title, bytes);
        at += 46 + name;
    }
    found
}

/// The lines of a table in an archive.
fn lines(files: &BTreeMap<String, String>, table: &str) -> Vec<Value> {
    let of_table = files.iter().filter(|(name, _)| {
        name.strip_prefix(table)
            .is_some_and(|rest| rest.len() == "-00001.jsonl".len() && rest.starts_with('-'))
    });
    of_table.flat_map(|(_, text)| text.lines()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

on_both! {
    async fn a_wish_that_is_not_in_order_is_refused_and_changes_nothing(shop) {
        a_days_work(&shop).await;
        neighbour(&shop).await;
        let long = "a".repeat(MAX_REASON_CHARS + 1);
        for (name, reason) in [("Loja", "fechamos"), ("", "fechamos"), (SHOP, " "), (SHOP, &*long)] {
            let refused = ask(&shop, name, reason).await;
            let right = if name == SHOP { matches!(refused, Err(LeavingError::Reason)) } else { matches!(refused, Err(LeavingError::Name)) };
            assert!(right, "{name} {refused:?}");
        }
        assert!(matches!(stay(&shop).await, Err(LeavingError::TooLate)), "nobody asked");
        hold(&shop, "processo 1").await;
        assert!(matches!(ask(&shop, SHOP, "fechamos").await, Err(LeavingError::Held)));
        assert_eq!(events(&shop, "organization.leaving", Some("refused")).await, 1);
        lift(&shop).await;
        assert_eq!(shop.see(|tenant| tenant.leaving()).await, None);
        assert_eq!(events(&shop, "organization.leaving", Some("done")).await, 0);
        // The neighbour's hold is the neighbour's.
        ask(&shop, &format!(" {SHOP} "), "fechamos").await.expect("it is asked for");
        assert!(matches!(ask(&shop, SHOP, "fechamos").await, Err(LeavingError::Already)));
        shop.wait(CALL_OFF_FOR.saturating_sub(SECOND));
        shop.app().end_organizations().await.expect("nothing is due");
        assert!(shop.number("SELECT COUNT(*) FROM orders").await > 0);
        assert!(enters(&shop).await, "until then it is a shop like any other");
    }

    async fn everybody_is_told_and_it_is_called_off_until_it_begins(shop) {
        let mailbox = shop.gets_mailbox().await;
        a_days_work(&shop).await;
        ask(&shop, SHOP, "fechamos").await.expect("it is asked for");
        shop.run_until_idle().await;
        stay(&shop).await.expect("it is called off");
        assert!(matches!(stay(&shop).await, Err(LeavingError::TooLate)), "nothing is left to call off");
        shop.run_until_idle().await;
        let member = shop.member;
        let told: Vec<String> = shop.see(move |tenant| tenant.notices(member)).await.into_iter().map(|it| it.kind).collect();
        for notice in [SecurityNotice::LeavingAsked, SecurityNotice::LeavingCalledOff] {
            assert_eq!(told.iter().filter(|it| *it == notice.as_str()).count(), 1, "{told:?}");
            let what = web::i18n::text(web::Lang::PtBr, &format!("security-notice-{}", notice.as_str()));
            assert_eq!(mailbox.catcher.mails().iter().filter(|mail| mail.subject.ends_with(what)).count(), 1, "{notice:?}");
        }
        ask(&shop, SHOP, "fechamos").await.expect("it is asked for again");
        hold(&shop, "processo 2").await;
        shop.wait(CALL_OFF_FOR);
        shop.app().end_organizations().await.expect("a hold keeps it");
        assert!(enters(&shop).await && shop.number("SELECT COUNT(*) FROM orders").await > 0);
        lift(&shop).await;
        shop.app().end_organizations().await.expect("it is done");
        assert!(matches!(stay(&shop).await, Err(LeavingError::TooLate)));
        assert!(!enters(&shop).await);
        is_gone(&shop).await;
    }

    async fn who_leaves_is_destroyed_and_again_by_each_restore_and_nobody_else_is(shop) {
        let kept = folder();
        let depot = Arc::new(Folder::at(kept.path().join("backups")));
        let scratch = kept.path().join("scratch");
        shop.app().plan_backups(Plan { depot: depot.clone(), every: DAY, keep_days: 30, scratch });
        a_days_work(&shop).await;
        let other = neighbour(&shop).await;
        let theirs = rows_of(shop.app().store(), other).await;
        assert_eq!(theirs.keys().collect::<Vec<_>>(), ["retention_hold", "sku"]);
        let before = backed_up(&shop).await;
        let log = shop.number("SELECT COUNT(*) FROM audit_event").await;
        ask(&shop, SHOP, "fechamos").await.expect("it is asked for");
        shop.wait(CALL_OFF_FOR);
        shop.app().end_organizations().await.expect("it is done");

        is_gone(&shop).await;
        assert_eq!(rows_of(shop.app().store(), other).await, theirs);
        assert!(shop.number("SELECT COUNT(*) FROM audit_event").await > log, "the log only grows");
        assert_eq!(events(&shop, "organization.left", Some("done")).await, 1);
        let ours = "SELECT COUNT(*) FROM audit_event WHERE action = 'organization.left' AND organization_id IS NULL";
        assert_eq!(shop.number(ours).await, 1, "the installation's log says so");
        shop.app().end_organizations().await.expect("there is nothing more to do");
        assert_eq!(events(&shop, "organization.left", None).await, 1);
        shop.app().sequence_audit().await.expect("the log is still signed");

        shop.wait(SECOND);
        backed_up(&shop).await;
        let restore = Restore {
            depot,
            keyring: keys_of(&shop),
            at: before.taken_at,
            clock: Arc::new(ManualClock::at(shop.now())),
            entropy: Arc::new(vault::OsEntropy),
            progress: Arc::new(|_, _| {}),
        };
        let (_folder, place, restored) = restored_to_a_file(&restore).await;
        assert_eq!(Some(restored.expect("it is whole").list.number), before.number, "it is the one from before");
        let mut places = vec![place];
        let schema = one_more_schema();
        if let Some(schema) = &schema {
            restore.run(&schema.location()).await.expect("a schema is filled");
            places.push(schema.location());
        }
        for place in places {
            let back = opened(&place).await;
            assert_eq!(rows_of(&back, shop.organization).await, BTreeMap::new(), "{place:?}");
            assert_eq!(rows_of(&back, other).await, theirs, "{place:?}");
        }
        let (run, report) = drilled(&shop).await;
        assert!(report.is_good(), "{:?} {report:?}", run.error);
    }

    async fn cut_off_at_any_step_it_goes_on_and_nobody_gets_in_meanwhile(shop) {
        a_days_work(&shop).await;
        shop.connect_family().await;
        let other = neighbour(&shop).await;
        let theirs = rows_of(shop.app().store(), other).await;
        let password = Restricted::new(PASSWORD.to_owned());
        let entry = shop.app().sign_in(EMAIL, password, &Visit::from_network("203.0.113.9")).await.expect("she enters");
        let session = entry.entered().expect("by the password").session;
        ask(&shop, SHOP, "fechamos").await.expect("it is asked for");
        shop.wait(CALL_OFF_FOR);
        let mut ends = BTreeSet::new();
        for step in steps::LEAVING {
            shop.crash().at(step);
            let died = shop.app().end_organizations().await;
            assert!(matches!(died, Err(AppError::Died(_))), "{step}: {died:?}");
            ends.extend(shop.crash().ended_at());
            shop.restart(&format!("node after {step}")).await;
            let left = shop.number("SELECT COUNT(*) FROM connection WHERE state <> 'disconnected'").await;
            let (keys, orders) = (shop.number("SELECT COUNT(*) FROM data_key").await, shop.number("SELECT COUNT(*) FROM orders").await);
            let stands = (left, keys > 0, orders > 0);
            let expected = match step {
                steps::LEAVING_BEGUN => (2, true, true),
                steps::LEAVING_DISCONNECTED => (1, true, true),
                steps::LEAVING_SHREDDED => (0, false, true),
                _ => (0, false, false),
            };
            assert_eq!(stands, expected, "{step}");
            assert!(!enters(&shop).await, "{step}");
            assert!(shop.app().session(session.expose()).await.expect("it is looked for").is_none(), "{step}");
            shop.app().end_organizations().await.expect("the node that ended is still at it, for all that this one knows");
            assert_eq!(shop.number("SELECT COUNT(*) FROM organization").await, 2, "{step}");
            assert!(matches!(stay(&shop).await, Err(LeavingError::TooLate)), "{step}");
            shop.wait(LEASE_OVER);
        }
        assert_eq!(ends, BTreeSet::from(steps::LEAVING), "every step was one to die at");
        shop.app().end_organizations().await.expect("it is done");
        is_gone(&shop).await;
        assert_eq!(rows_of(shop.app().store(), other).await, theirs);
        assert_eq!(events(&shop, "organization.left", None).await, 1);
    }

    async fn a_platform_that_is_down_is_asked_again_for_a_day(shop) {
        a_days_work(&shop).await;
        let is_consented = || {
            let client = shop.market().credentials().0.parse().expect("a number");
            shop.market().sandbox().with_world(|world| world.auth.has_grant(CLASSIC_SELLER, client))
        };
        ask(&shop, SHOP, "fechamos").await.expect("it is asked for");
        shop.wait(CALL_OFF_FOR);
        shop.market().storm(vec![FaultRule::new("/users", Fault::Status { status: 500 })]);
        shop.app().end_organizations().await.expect("it waits");
        let stand = async || shop.see(|tenant| tenant.connections()).await.swap_remove(0).state;
        assert_eq!((stand().await, is_consented()), (ConnectionState::Active, true));
        assert!(shop.number("SELECT COUNT(*) FROM data_key").await > 0, "without its key it could not be asked again");
        shop.market().storm(Vec::new());
        shop.wait(Duration::from_mins(1));
        shop.app().end_organizations().await.expect("it is done");
        assert!(!is_consented());
        is_gone(&shop).await;
    }

    async fn a_platform_that_stays_down_keeps_nothing_here(shop) {
        a_days_work(&shop).await;
        ask(&shop, SHOP, "fechamos").await.expect("it is asked for");
        shop.wait(CALL_OFF_FOR);
        shop.market().storm(vec![FaultRule::new("/users", Fault::Status { status: 500 })]);
        shop.app().end_organizations().await.expect("it waits");
        shop.wait(ASKED_TO_REVOKE_FOR);
        shop.app().end_organizations().await.expect("it is done");
        is_gone(&shop).await;
        let told = shop.texts("SELECT details FROM audit_event WHERE action = 'connection.disconnected'").await.concat();
        assert!(told.contains("\"revoked_at_platform\":\"false\""), "the log says that the consent stands: {told}");
        shop.market().storm(Vec::new());
    }

    async fn what_is_taken_along_is_everything_and_no_secret_and_nothing_of_others(shop) {
        a_days_work(&shop).await;
        neighbour(&shop).await;
        many_events(&shop).await;
        let files = unzipped(&archive(&shop).await);
        assert_eq!(files["README.txt"], "Leia-me");
        let manifest: Value = serde_json::from_str(&files["manifest.json"]).expect("a manifest");
        assert_eq!(manifest["organization"]["name"], SHOP);
        let parts = manifest["files"].as_array().expect("files");
        assert_eq!(parts.len() + 2, files.len());
        for part in parts {
            let rows = files[part["file"].as_str().unwrap()].lines().count();
            assert_eq!(part["rows"].as_u64(), u64::try_from(rows).ok(), "{part}");
        }
        assert!(files.contains_key("timeline-00002.jsonl"), "a large table comes in parts");
        let id = shop.organization;
        for table in shop.read(|tx| Ok(taken(store::backup::tables(tx)?))).await {
            let sql = format!("SELECT COUNT(*) FROM \"{}\" WHERE organization_id = $1", table.name);
            let rows = shop.read(move |tx| tx.row(&sql, &[id.into()], |row| row.get::<i64>(0))).await.unwrap_or_default();
            // How it ended is written when everything was read.
            let new = i64::from(table.name == "audit_event");
            assert_eq!(i64::try_from(lines(&files, &table.name).len()).unwrap() + new, rows, "{}", table.name);
        }
        let member = lines(&files, "member").swap_remove(0);
        assert_eq!(member["email"], EMAIL, "people's data is opened");
        let order = lines(&files, "orders").swap_remove(0);
        let known = shop.read(|tx| tx.rows("SELECT id FROM orders", &[], |row| row.get::<domain::OrderId>(0))).await;
        let theirs = order["id"].as_str().unwrap();
        assert!(known.iter().any(|id| id.to_string() == format!("ord_{theirs}")), "ids are those of the pages: {order}");
        assert!(order["placed_at"].as_str().unwrap().ends_with('Z') && order.get("organization_id").is_none());
        let all: String = files.iter().filter(|(name, _)| name.contains('-')).map(|(_, text)| text.as_str()).collect();
        for secret in ["argon2", "sealed", "_hash\"", "email_index", "Da vizinha", "processo da vizinha"] {
            assert!(!all.contains(secret), "{secret}");
        }
        assert_eq!((events(&shop, "organization.copied", Some("intent")).await, events(&shop, "organization.copied", Some("done")).await), (1, 1));
        for _ in 1..10 {
            let again = shop.app().take_along(shop.organization, shop.member, String::new()).await;
            drop(again.expect("ten at once"));
        }
        let refused = shop.app().take_along(shop.organization, shop.member, String::new()).await;
        assert!(matches!(refused, Err(AppError::TooSoon(_))), "{refused:?}");
    }

    async fn every_table_is_taken_along_or_stays_for_a_reason(shop) {
        let all = shop.read(store::backup::tables).await;
        let stays = |name: &str| LEFT_HERE.iter().any(|(left, _)| *left == name);
        let owned = |table: &store::backup::Table| table.columns.iter().any(|column| column == "organization_id");
        let house: Vec<&str> = all.iter().filter(|table| !owned(table)).map(|table| table.name.as_str()).collect();
        let mut known = OF_THE_HOUSE.to_vec();
        known.sort_unstable();
        let mut house = house;
        house.sort_unstable();
        assert_eq!(house, known, "whose are its rows? what is an organization's has organization_id");
        for (left, _) in LEFT_HERE {
            assert!(all.iter().any(|table| table.name == left && owned(table)), "{left} is no table of theirs any more");
        }
        for table in taken(all.clone()) {
            assert!(!stays(&table.name));
            for column in table.columns.iter().filter(|column| column.ends_with("_sealed")) {
                let opened = OPENED.iter().any(|(of, sealed, _)| *of == table.name && sealed == column);
                let shut = SHUT.iter().any(|(of, sealed)| *of == table.name && sealed == column);
                assert!(opened != shut, "{}.{column}: is it opened for whoever takes it along?", table.name);
            }
        }
    }
}

on_both! {
    three_markets:
    async fn consents_end_where_a_call_ends_them_and_tokens_are_destroyed_everywhere(shop) {
        assert_eq!(shop.marketplaces().len(), 3);
        for market in shop.marketplaces() {
            shop.connect_to(market).await;
        }
        ask(&shop, SHOP, "fechamos").await.expect("it is asked for");
        shop.wait(CALL_OFF_FOR);
        shop.app().end_organizations().await.expect("it is done");
        is_gone(&shop).await;
        let told = shop.texts("SELECT details FROM audit_event WHERE action = 'connection.disconnected'").await;
        let revoked = told.iter().filter(|it| it.contains("\"revoked_at_platform\":\"true\"")).count();
        assert_eq!((told.len(), revoked), (3, 1), "{told:?}");
    }
}

/// More of one table than fits into one file of an archive.
async fn many_events(shop: &TestApp) {
    let (now, organization) = (shop.now(), shop.organization);
    let db = shop.app().store().installation().clone();
    let written = db.write(move |tx| {
        let order = tx.row("SELECT id FROM orders LIMIT 1", &[], |row| row.get::<domain::OrderId>(0))?;
        let order = order.expect("there is an order");
        for _ in 0..9_000 {
            let id = uuid_v7(now, &vault::OsEntropy);
            tx.execute(
                "INSERT INTO timeline (id, organization_id, order_id, at, kind, detail) VALUES ($1, $2, $3, $4, 'seen', 'x')",
                &[Val::Id(id), organization.into(), order.into(), now.into()],
            )?;
        }
        Ok(())
    });
    written.await.expect("the rows are kept");
}

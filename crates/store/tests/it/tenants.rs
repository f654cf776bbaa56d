//! Nobody reaches what belongs to another organization, by whatever method: reads find
//! nothing, writes change nothing or are refused.

use domain::connection::ReauthorizationReason;
use domain::order::FirstSight;
use domain::{Actor, DataKeyId, Delta, Effect, Entropy, EntryKind, ImportId, JobId, LineId};
use domain::{
    ChannelKind, ConnectionId, ConnectionState, ListingId, ListingState, MemberId, Order, OrderId, Problem,
    SessionId, SkuId, StockPosition, Timestamp, TypedId,
};
use store::connections::AuthorizationAttempt;
use store::imports::ImportRun;
use store::jobs::{DeadJobs, Failure, NewJob, Priority, bury, claim};
use store::keys::KeyOwner;
use store::orders::{HeldOrder, NewLine, TimelineEvent};
use store::pages::{OrderFilter, Turn};
use store::stock::NewEntry;
use store::{StoreResult, Tenant, Val};
use vault::{Sealed, TokenDigest, WrappedKey};

use crate::kit::House;
use crate::shop::{Shop, seen, snapshot, tokens};

/// Everything that one organization has, by its ids.
#[derive(Clone)]
struct Estate {
    connection: ConnectionId,
    member: MemberId,
    session: SessionId,
    sku: SkuId,
    listing: ListingId,
    order: OrderId,
    line: LineId,
    held: HeldOrder,
    dead_job: JobId,
    import: ImportRun,
    attempt: TokenDigest,
    now: Timestamp,
    /// An id that nothing has yet.
    fresh: [u8; 16],
}

impl Estate {
    async fn of(shop: &Shop<'_>) -> Self {
        let (house, now) = (shop.house, shop.house.now());
        let (connection, member) = (shop.connection().await, shop.member().await);
        let sku = shop.stocked("CAN-1", 9).await;
        let listing = shop.listing(connection, "MLB1").await;
        let (line, order) = shop.line(connection, "2000").await;
        let held = shop.write(move |shop| shop.held_order(connection, "2000")).await.unwrap();
        let (session, dead_job, import): (_, JobId, ImportId) = (house.id(), house.id(), house.id());
        let (token, attempt, event, key): (_, _, OrderId, DataKeyId) =
            (house.digest(), house.digest(), house.id(), house.id());
        let authorization = AuthorizationAttempt {
            state: attempt,
            member,
            channel: ChannelKind::MercadoLivre,
            verifier: Sealed::from_bytes(vec![1]),
            verifier_row: house.id(),
            expires_at: Timestamp::from_millis(i64::MAX),
        };
        let outbox = house.id();
        let import = shop
            .write(move |shop| {
                shop.link_listing(listing, Some(sku))?;
                shop.open_session(session, &token, member, now)?;
                shop.begin_authorization(&authorization, now)?;
                shop.begin_import(import, connection, now, now)?;
                shop.put_out(outbox, listing, 1, Some(order), now)?;
                shop.tell(order, event.to_bytes(), &told(now))?;
                shop.keep_data_key(
                    KeyOwner::Connection(connection),
                    key,
                    &WrappedKey::from_bytes(vec![1]),
                    now,
                )?;
                shop.enqueue(dead_job, &job(connection, now), now)?;
                shop.import_run(connection)
            })
            .await
            .unwrap();
        house
            .write(move |tx| {
                let failure = Failure { problem: Problem::NotFound, error: "404".into(), exchange: None };
                claim(tx, Some(connection), "ana", 1, now)?;
                bury(tx, dead_job, "ana", &failure, now)
            })
            .await;
        let mut fresh = [0; 16];
        house.entropy().fill(&mut fresh);
        Self {
            connection,
            member,
            session,
            sku,
            listing,
            order,
            line,
            held,
            dead_job,
            import,
            attempt,
            now,
            fresh,
        }
    }

    fn fresh<T: TypedId>(&self) -> T {
        T::from_bytes(self.fresh)
    }

    fn entry(&self, sku: SkuId, kind: EntryKind, line: Option<LineId>) -> NewEntry {
        NewEntry {
            id: self.fresh(),
            sku,
            kind,
            delta: Delta { on_hand_units: 1, reserved_units: 1 },
            line,
            reason: String::new(),
            actor: Actor::Unknown,
        }
    }
}

fn job(connection: ConnectionId, now: Timestamp) -> NewJob {
    NewJob {
        connection: Some(connection),
        kind: "fetch_order",
        dedup_key: "2000".into(),
        payload: "{}".into(),
        priority: Priority::Order,
        run_at: now,
        cause: "hook".into(),
    }
}

fn told(at: Timestamp) -> TimelineEvent {
    TimelineEvent { kind: "placed".into(), detail: String::new(), at }
}

/// What is there of a look-up.
fn found<T>(looked_up: StoreResult<Option<T>>) -> StoreResult<usize> {
    looked_up.map(|row| usize::from(row.is_some()))
}

fn listed<T>(rows: StoreResult<Vec<T>>) -> StoreResult<usize> {
    rows.map(|rows| rows.len())
}

type Read = fn(&mut Tenant<'_, '_>, &Estate) -> StoreResult<usize>;

/// Each reading method, and how much it finds.
const READS: &[(&str, Read)] = &[
    ("connection", |shop, of| found(shop.connection(of.connection))),
    ("connection_of_account", |shop, of| {
        found(shop.connection_of_account(ChannelKind::MercadoLivre, &of.connection.to_string()))
    }),
    ("connections", |shop, _| listed(shop.connections())),
    ("tokens", |shop, of| found(shop.tokens(of.connection))),
    ("channel_of", |shop, of| found(shop.channel_of(of.connection))),
    ("member_email", |shop, of| found(shop.member_email(of.member))),
    ("data_key", |shop, of| found(shop.data_key(KeyOwner::Connection(of.connection)))),
    ("sku", |shop, of| found(shop.sku(of.sku))),
    ("sku_by_code", |shop, _| found(shop.sku_by_code("CAN-1"))),
    ("sku_page", |shop, _| listed(shop.sku_page("", ""))),
    ("ledger", |shop, of| listed(shop.ledger(of.sku, i64::MAX, 10))),
    ("due_version", |shop, of| found(shop.due_version(of.listing))),
    ("listing", |shop, of| found(shop.listing(of.listing))),
    ("listing_of", |shop, of| found(shop.listing_of(of.connection, "MLB1", ""))),
    ("listings_of_sku", |shop, of| listed(shop.listings_of_sku(of.sku))),
    ("listing_page", |shop, _| listed(shop.listing_page(None, false))),
    ("held_order", |shop, of| found(shop.held_order(of.connection, "2000"))),
    ("order_version", |shop, of| found(shop.order_version(of.connection, "2000"))),
    ("order", |shop, of| found(shop.order(of.order))),
    ("order_lines", |shop, of| listed(shop.order_lines(of.order))),
    ("order_page", |shop, _| {
        shop.order_page(&OrderFilter::default(), Turn::First).map(|page| page.rows.len())
    }),
    ("order_page of a connection", |shop, of| {
        let filter = OrderFilter { connection: Some(of.connection), ..OrderFilter::default() };
        shop.order_page(&filter, Turn::First).map(|page| page.rows.len())
    }),
    ("order_times", |shop, of| listed(shop.order_times(of.connection, Timestamp::EPOCH, 10))),
    ("open_orders_unread_since", |shop, of| {
        listed(shop.open_orders_unread_since(of.connection, Timestamp::from_millis(i64::MAX), 10))
    }),
    ("unlinked_open_lines", |shop, of| listed(shop.unlinked_open_lines(of.connection, "MLB1", ""))),
    ("timeline", |shop, of| listed(shop.timeline(of.order))),
    ("told", |shop, of| listed(shop.told(of.order))),
    ("problems", |shop, _| listed(shop.problems())),
    ("problem_count", |shop, _| shop.problem_count().map(|count| usize::try_from(count).unwrap())),
    ("last_failure", |shop, of| found(shop.last_failure(of.connection))),
    ("import_run", |shop, of| found(shop.import_run(of.connection))),
];

type Write = fn(&mut Tenant<'_, '_>, &Estate) -> StoreResult<()>;

/// Each writing method, used on what belongs to another.
const WRITES: &[(&str, Write)] = &[
    ("set_connection_state", |shop, of| {
        shop.set_connection_state(of.connection, ConnectionState::Disconnected, of.now)
    }),
    ("lease_renewal", |shop, of| shop.lease_renewal(of.connection, 1, "x", of.now).map(drop)),
    ("replace_tokens", |shop, of| shop.replace_tokens(of.connection, 1, &tokens("forged", of.now)).map(drop)),
    ("release_renewal", |shop, of| shop.release_renewal(of.connection, "ana", "x")),
    ("stop_connection", |shop, of| {
        shop.stop_connection(of.connection, 1, ReauthorizationReason::AppRefused, of.now).map(drop)
    }),
    ("note_hook", |shop, of| shop.note_hook(of.connection, of.now)),
    ("note_order", |shop, of| shop.note_order(of.connection, of.now)),
    ("note_sweep", |shop, of| shop.note_sweep(of.connection, of.now, of.now)),
    ("note_missed", |shop, of| shop.note_missed(of.connection, of.now)),
    ("take_authorization", |shop, of| shop.take_authorization(&of.attempt, of.member, of.now).map(drop)),
    ("begin_authorization", |shop, of| {
        let attempt = AuthorizationAttempt {
            state: TokenDigest::from_bytes([7; 32]),
            member: of.member,
            channel: ChannelKind::MercadoLivre,
            verifier: Sealed::from_bytes(vec![1]),
            verifier_row: of.fresh(),
            expires_at: of.now,
        };
        shop.begin_authorization(&attempt, of.now)
    }),
    ("set_password_hash", |shop, of| shop.set_password_hash(of.member, "forged")),
    ("set_preferences", |shop, of| shop.set_preferences(of.member, "en", "dark")),
    ("open_session", |shop, of| {
        shop.open_session(of.fresh(), &TokenDigest::from_bytes([7; 32]), of.member, of.now)
    }),
    ("touch_session", |shop, of| shop.touch_session(of.session, Timestamp::EPOCH)),
    ("close_session", |shop, of| shop.close_session(of.session)),
    ("destroy_data_key", |shop, of| shop.destroy_data_key(KeyOwner::Connection(of.connection)).map(drop)),
    ("keep_data_key", |shop, of| {
        let (owner, key) = (KeyOwner::Connection(of.connection), WrappedKey::from_bytes(vec![9]));
        shop.keep_data_key(owner, of.fresh(), &key, of.now).map(drop)
    }),
    ("set_safety", |shop, of| shop.set_safety(of.sku, 1)),
    ("append", |shop, of| shop.append(&of.entry(of.sku, EntryKind::Adjustment, None), of.now).map(drop)),
    ("append for a line", |shop, of| {
        let own = shop.create_sku(of.fresh(), "OWN", "", of.now)?.id;
        shop.append(&of.entry(own, EntryKind::Line(Effect::Reserve), Some(of.line)), of.now).map(drop)
    }),
    ("put_out", |shop, of| shop.put_out(of.fresh(), of.listing, 2, None, of.now).map(drop)),
    ("keep_listing of a known one", |shop, of| {
        shop.keep_listing(of.fresh(), of.connection, &seen("MLB1"), Timestamp::EPOCH).map(drop)
    }),
    ("keep_listing of a new one", |shop, of| {
        shop.keep_listing(of.fresh(), of.connection, &seen("MLB9"), of.now).map(drop)
    }),
    ("link_listing", |shop, of| shop.link_listing(of.listing, None)),
    ("note_sent", |shop, of| shop.note_sent(of.listing, 1, of.now)),
    ("note_confirmed", |shop, of| shop.note_confirmed(of.listing, 1, 9, of.now)),
    ("note_shown", |shop, of| shop.note_shown(of.listing, 1, ListingState::Closed, "closed", of.now)),
    ("insert_order", |shop, of| {
        let snapshot = snapshot("9999");
        let (order, _) = Order::first_seen(&snapshot, FirstSight::Live);
        let lines = [NewLine { id: of.fresh(), listing: None, sku: None }];
        shop.insert_order(of.fresh(), of.connection, &snapshot, &order, &lines, of.now)
    }),
    ("update_order", |shop, of| {
        shop.update_order(&of.held, &snapshot("2000"), &of.held.order, Timestamp::EPOCH)
    }),
    ("set_line_position", |shop, of| shop.set_line_position(of.line, StockPosition::Taken)),
    ("link_line", |shop, of| shop.link_line(of.line, of.listing, of.sku)),
    ("note_order_read", |shop, of| shop.note_order_read(of.order, Timestamp::EPOCH)),
    ("tell", |shop, of| shop.tell(of.order, of.fresh, &told(of.now))),
    ("enqueue", |shop, of| shop.enqueue(of.fresh(), &job(of.connection, of.now), of.now)),
    ("revive one", |shop, of| shop.revive(&DeadJobs::One(of.dead_job), of.now).map(drop)),
    ("revive alike", |shop, of| {
        shop.revive(&DeadJobs::Alike { problem: Problem::NotFound, kind: "fetch_order".into() }, of.now)
            .map(drop)
    }),
    ("revive of a connection", |shop, of| {
        shop.revive(&DeadJobs::OfConnection(of.connection), of.now).map(drop)
    }),
    ("drop_dead", |shop, of| shop.drop_dead(of.dead_job).map(drop)),
    ("begin_import", |shop, of| shop.begin_import(of.fresh(), of.connection, of.now, of.now)),
    ("advance_import", |shop, of| shop.advance_import(&of.import, Timestamp::EPOCH)),
];

/// Every value of every table, as text.
async fn everything(house: &House) -> Vec<String> {
    house
        .read(|tx| {
            let mut all = Vec::new();
            let columns = store::db::catalogue(tx)?;
            let sqlite = tx.engine() == store::Engine::Sqlite;
            for (table, column) in columns {
                let text = if sqlite { format!("quote({column})") } else { format!("{column}::text") };
                let sql = format!("SELECT COALESCE({text}, 'NULL') FROM {table} ORDER BY 1");
                for value in tx.rows(&sql, &[] as &[Val<'_>], |row| row.get::<String>(0))? {
                    all.push(format!("{table}.{column} = {value}"));
                }
            }
            Ok(all)
        })
        .await
}

on_both! {
    async fn a_stranger_finds_nothing(house: House) {
        let (owner, stranger) = (Shop::open(&house).await, Shop::open(&house).await);
        let estate = Estate::of(&owner).await;
        for (name, read) in READS {
            let (of_owner, of_stranger) = (estate.clone(), estate.clone());
            let own = owner.write(move |shop| read(shop, &of_owner)).await;
            assert!(own > 0, "{name}: the owner finds it, so the next line proves something");
            assert_eq!(stranger.write(move |shop| read(shop, &of_stranger)).await, 0, "{name}");
        }
    }

    async fn a_stranger_changes_nothing(house: House) {
        let (owner, stranger) = (Shop::open(&house).await, Shop::open(&house).await);
        let estate = Estate::of(&owner).await;
        let before = everything(&house).await;
        for (name, write) in WRITES {
            let of = estate.clone();
            let _refused_or_without_effect = stranger.data.write(move |shop| write(shop, &of)).await;
            assert_eq!(everything(&house).await, before, "{name}");
        }
    }
}

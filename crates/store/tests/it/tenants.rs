//! Nobody reaches what belongs to another organization, by whatever method: reads find
//! nothing, writes change nothing or are refused.
// tidy: long because it is one row for each thing that an organization can ask for

mod access;
mod catalogue;
mod drafts;
mod kits;
mod money;
mod prices;
mod returns;
mod sheets;
mod splits;

use domain::connection::ReauthorizationReason;
use domain::member::{Proof, SecurityNotice};
use domain::order::FirstSight;
use domain::pace::{Blow, Pace};
use domain::settlement::{Reckoning, Sums};
use domain::view::ViewName;
use domain::{
    Actor, AuditId, DataKeyId, Delta, Effect, Entropy, EntryKind, ImportId, JobId, LineId, NoticeId,
    PasskeyId,
};
use domain::{
    ChannelKind, ConnectionId, ConnectionState, Currency, ListingId, ListingState, MemberId, Order, OrderId,
    OrganizationId, Problem, ProductId, SeededEntropy, SessionId, SheetId, SkuId, StockPosition, Timestamp,
    TypedId, ViewId,
};
use store::audit::Event;
use store::audit_page::AuditFilter;
use store::backup::{Table, tables};
use store::charges::HeldMoney;
use store::connections::AuthorizationAttempt;
use store::imports::ImportRun;
use store::jobs::{DeadJobs, Failure, LEASE, NewJob, Priority, bury, claim};
use store::keys::KeyOwner;
use store::orders::{HeldOrder, NewLine, TimelineEvent};
use store::paces::{Paces, Scope};
use store::pages::{ListingFilter, OrderFilter, SkuFilter, Turn};
use store::requests::RequestState;
use store::sessions::NewSession;
use store::stock::NewEntry;
use store::{StoreResult, Tenant, Val};
use vault::passkey::Passkey;
use vault::{Sealed, TokenDigest, WrappedKey};

use crate::kit::House;
use crate::papers::Papers;
use crate::shop::{Shop, seen, snapshot, tokens};

fn too_many(now: Timestamp) -> Pace {
    Pace::after(None, Blow::TooMany { wish: None }, now, now, &SeededEntropy::new(1))
}

/// Everything that one organization has, by its ids.
#[derive(Clone)]
struct Estate {
    organization: OrganizationId,
    connection: ConnectionId,
    member: MemberId,
    session: SessionId,
    sku: SkuId,
    listing: ListingId,
    unlinked: ListingId,
    order: OrderId,
    line: LineId,
    held: HeldOrder,
    dead_job: JobId,
    import: ImportRun,
    money: HeldMoney,
    attempt: TokenDigest,
    view: ViewId,
    passkey: PasskeyId,
    given: access::Given,
    product: ProductId,
    draft: domain::DraftId,
    sheet: SheetId,
    papers: Papers,
    divided: splits::Divided,
    bundle: kits::Bundle,
    homecoming: returns::Homecoming,
    earned: money::Earned,
    priced: prices::Priced,
    key: DataKeyId,
    table: Table,
    now: Timestamp,
    /// An id that nothing has yet.
    fresh: [u8; 16],
}

/// Takes the connection's next job and gives it up; the connection waits from now on.
async fn bury_it(
    house: &House,
    organization: OrganizationId,
    connection: ConnectionId,
    job: JobId,
    now: Timestamp,
) {
    house
        .write(move |tx| {
            let failure = Failure { problem: Problem::NotFound, error: "404".into(), exchange: None };
            let mut paces = Paces::hold(tx)?;
            claim(tx, Some(connection), &mut paces, "ana", 1, now)?;
            paces.change(organization, connection, Scope::Connection, |_| Some(too_many(now)));
            paces.keep(tx)?;
            bury(tx, job, "ana", &failure, now)
        })
        .await;
}

impl Estate {
    async fn of(shop: &Shop<'_>) -> Self {
        // tidy: long because it is one of each thing that a shop has
        let (house, now) = (shop.house, shop.house.now());
        let (connection, member) = (shop.connection().await, shop.member().await);
        let sku = shop.stocked("CAN-1", 9).await;
        shop.stocked("SOLD-OUT", -3).await;
        let listing = shop.listing(connection, "MLB1").await;
        let (line, order) = shop.line(connection, "2000").await;
        let held = shop.write(move |shop| shop.held_order(connection, "2000")).await.unwrap();
        let (sold, _) = shop.line(connection, "1999").await;
        shop.append(&NewEntry {
            line: Some(sold),
            kind: EntryKind::Line(Effect::Reserve),
            delta: Effect::Reserve.delta(1),
            ..shop.count(sku, 0)
        })
        .await;
        let (session, import): (_, ImportId) = (house.id(), house.id());
        let (dead_job, waiting_job): (JobId, JobId) = (house.id(), house.id());
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
        let proof = Proof::Password;
        let new_session = NewSession { id: session, digest: token, member, proof, device: String::new() };
        let (told_row, due_row, organization) = (house.id(), house.id(), shop.id);
        let audited: Event = audited(house.id(), organization, now);
        let import = shop
            .write(move |shop| {
                shop.link_listing(listing, Some(sku))?;
                shop.open_session(&new_session, now)?;
                shop.begin_authorization(&authorization, now)?;
                shop.begin_import(import, connection, now, now)?;
                shop.put_out(told_row, listing, 1, Some(order), now)?;
                shop.note_confirmed(listing, 7, 1, now)?;
                shop.put_out(due_row, listing, 2, Some(order), now)?;
                shop.record(&audited)?;
                shop.tell(order, event.to_bytes(), &told(now))?;
                let wrapped = WrappedKey::from_bytes(vec![1]);
                shop.keep_data_key(KeyOwner::Connection(connection), key, &wrapped, now)?;
                shop.enqueue(dead_job, &job(connection, "2000", now), now)?;
                shop.enqueue(waiting_job, &job(connection, "2001", now.plus(LEASE)), now)?;
                shop.import_run(connection)
            })
            .await
            .unwrap();
        bury_it(house, organization, connection, dead_job, now).await;
        let money = shop.money(connection, "2000", order).await;
        let view: ViewId = house.id();
        shop.write(move |shop| shop.keep_view(view, member, &view_name(), "kind=mixed", now)).await;
        let table = house.write(tables).await.into_iter().find(|it| it.name == "orders").unwrap();
        let mut fresh = [0; 16];
        house.entropy().fill(&mut fresh);
        let product = catalogue::product(shop, sku).await;
        Self {
            organization,
            connection,
            member,
            session,
            sku,
            listing,
            unlinked: shop.listing(connection, "MLB-UNLINKED").await,
            order,
            line,
            held,
            dead_job,
            import,
            money,
            attempt,
            view,
            passkey: with_factors(shop, member).await,
            given: access::given(shop, member).await,
            product,
            draft: drafts::draft(shop, product, connection).await,
            sheet: sheets::staged(shop, member).await,
            papers: Papers::of(shop, member).await,
            divided: splits::divided(shop, connection).await,
            bundle: kits::bundle(shop, connection).await,
            homecoming: returns::homecoming(shop, connection).await,
            earned: money::earned(shop, connection, sku).await,
            priced: prices::priced(shop, connection, sku, listing).await,
            key,
            table,
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

fn audited(id: AuditId, organization: OrganizationId, at: Timestamp) -> Event {
    Event {
        id,
        organization: Some(organization),
        at,
        phase: "done".into(),
        actor: "member:ana".into(),
        action: "stock.adjust".into(),
        subject_kind: "sku".into(),
        subject_id: "CAN-1".into(),
        details: "{}".into(),
        seq: None,
    }
}

/// Gives a member an app, a passkey, a recovery code and something to be told.
async fn with_factors(shop: &Shop<'_>, member: MemberId) -> PasskeyId {
    let (id, notice, now): (PasskeyId, NoticeId, _) = (shop.house.id(), shop.house.id(), shop.house.now());
    shop.write(move |shop| {
        shop.keep_authenticator(member, &Sealed::from_bytes(vec![1]), now)?;
        shop.keep_passkey(id, member, "phone", &passkey("cred"), now)?;
        shop.replace_codes(member, &[[7; 32]], now)?;
        shop.meet_device(member, &TokenDigest::from_bytes([4; 32]), "", now)?;
        shop.meet_network(member, &[4; 32], now)?;
        let until = Timestamp::from_millis(i64::MAX);
        shop.keep_recovery_link(member, &TokenDigest::from_bytes([4; 32]), "phone lost", now, until)?;
        shop.link_provider(member, "https://id.example", &[6; 32], now)?;
        shop.notify(notice, member, SecurityNotice::NewDevice, "", now)
    })
    .await;
    id
}

fn passkey(credential: &str) -> Passkey {
    let kept = serde_json::json!({ "id": credential, "key": { "kind": "ed_dsa", "key": "AA" },
                                   "signatures": 0, "backed_up": false });
    serde_json::from_value(kept).expect("a kept passkey")
}

fn view_name() -> ViewName {
    ViewName::parse("Hoje").expect("a good name")
}

fn job(connection: ConnectionId, key: &str, now: Timestamp) -> NewJob {
    NewJob {
        connection: Some(connection),
        kind: "fetch_order",
        dedup_key: key.into(),
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
    ("authenticator", |shop, of| found(shop.authenticator(of.member))),
    ("passkeys", |shop, of| listed(shop.passkeys(of.member))),
    ("provider_link", |shop, of| found(shop.provider_link(of.member))),
    ("codes_left", |shop, of| shop.codes_left(of.member).map(|left| usize::try_from(left).unwrap_or(0))),
    ("password_hash", |shop, of| found(shop.password_hash(of.member))),
    ("sessions", |shop, of| listed(shop.sessions(of.member, of.now))),
    ("notices", |shop, of| listed(shop.notices(of.member))),
    ("unread_notices", |shop, of| {
        shop.unread_notices(of.member).map(|count| usize::try_from(count).unwrap_or(0))
    }),
    ("knows_device", |shop, of| {
        shop.knows_device(of.member, &TokenDigest::from_bytes([4; 32])).map(usize::from)
    }),
    ("knows_network", |shop, of| shop.knows_network(of.member, &[4; 32], of.now).map(usize::from)),
    ("connection_of_account", |shop, of| {
        found(shop.connection_of_account(ChannelKind::MercadoLivre, &of.connection.to_string()))
    }),
    ("connections", |shop, _| listed(shop.connections())),
    ("paces_of", |shop, of| listed(shop.paces_of(of.connection))),
    ("credentials", |shop, of| found(shop.credentials(of.connection))),
    ("member_email", |shop, of| found(shop.member_email(of.member))),
    ("data_key", |shop, of| found(shop.data_key(KeyOwner::Connection(of.connection)))),
    ("sku", |shop, of| found(shop.sku(of.sku))),
    ("sku_by_code", |shop, _| found(shop.sku_by_code("CAN-1"))),
    ("sku_page", |shop, _| listed(shop.sku_page("", &SkuFilter::default()))),
    ("sku_page of a text", |shop, _| {
        listed(shop.sku_page("", &SkuFilter { text: "can".into(), ..SkuFilter::default() }))
    }),
    ("version_at", |shop, of| {
        shop.version_at(of.sku, of.now).map(|version| usize::try_from(version).unwrap())
    }),
    ("sold_since", |shop, of| {
        listed(shop.sold_since(&[of.sku], Timestamp::EPOCH).map(|sold| sold.into_iter().collect()))
    }),
    ("told_at", |shop, of| found(shop.told_at(of.listing, of.now))),
    ("sku_codes", |shop, _| listed(shop.sku_codes(10))),
    ("tally_at", |shop, of| {
        shop.tally_at(of.sku, 1).map(|tally| usize::try_from(tally.on_hand_units).unwrap())
    }),
    ("oversold", |shop, _| listed(shop.oversold())),
    ("ledger", |shop, of| listed(shop.ledger(of.sku, i64::MAX, 10))),
    ("due_version", |shop, of| found(shop.due_version(of.listing))),
    ("listing", |shop, of| found(shop.listing(of.listing))),
    ("listing_of", |shop, of| found(shop.listing_of(of.connection, "MLB1", ""))),
    ("listings_of_sku", |shop, of| listed(shop.listings_of_sku(of.sku))),
    ("listing_page", |shop, _| listed(shop.listing_page(None, &ListingFilter::default()))),
    ("listing_page of a text", |shop, _| {
        listed(shop.listing_page(None, &ListingFilter { text: "MLB1".into(), ..ListingFilter::default() }))
    }),
    ("listings_told_since", |shop, of| listed(shop.listings_told_since(of.connection, Timestamp::EPOCH, 10))),
    ("listings_to_align", |shop, of| listed(shop.listings_to_align(of.connection))),
    ("held_order", |shop, of| found(shop.held_order(of.connection, "2000"))),
    ("order_version", |shop, of| found(shop.order_version(of.connection, "2000"))),
    ("order_reading", |shop, of| found(shop.order_reading(of.connection, "2000"))),
    ("order", |shop, of| found(shop.order(of.order))),
    ("order_lines", |shop, of| listed(shop.order_lines(of.order))),
    ("order_page", |shop, _| {
        shop.order_page(&OrderFilter::default(), Turn::First).map(|page| page.rows.len())
    }),
    ("order_page of a connection", |shop, of| {
        let filter = OrderFilter { connection: Some(of.connection), ..OrderFilter::default() };
        shop.order_page(&filter, Turn::First).map(|page| page.rows.len())
    }),
    ("order_page of a seller's code", |shop, _| {
        let filter = OrderFilter { text: Some("CAN-1".into()), ..OrderFilter::default() };
        shop.order_page(&filter, Turn::First).map(|page| page.rows.len())
    }),
    ("order_page of a title", |shop, _| {
        let filter = OrderFilter { text: Some("caneca".into()), ..OrderFilter::default() };
        shop.order_page(&filter, Turn::First).map(|page| page.rows.len())
    }),
    ("orders", |shop, of| listed(shop.orders(&[of.order]))),
    ("views", |shop, of| listed(shop.views(of.member))),
    ("order_times", |shop, of| listed(shop.order_times(of.connection, Timestamp::EPOCH, 10))),
    ("unfinished_orders_unread_since", |shop, of| {
        listed(shop.unfinished_orders_unread_since(of.connection, Timestamp::from_millis(i64::MAX), 10))
    }),
    ("unlinked_open_lines", |shop, of| listed(shop.unlinked_open_lines(of.connection, "MLB1", ""))),
    ("timeline", |shop, of| listed(shop.timeline(of.order))),
    ("told", |shop, of| listed(shop.told(of.order))),
    ("problems", |shop, _| listed(shop.problems())),
    ("problem_count", |shop, _| shop.problem_count().map(|count| usize::try_from(count).unwrap())),
    ("problems_of", |shop, of| listed(shop.problems_of(of.connection))),
    ("queue", |shop, of| shop.queue(of.connection).map(|queue| usize::try_from(queue.waiting).unwrap())),
    ("lag", |shop, of| found(shop.lag(of.connection))),
    ("audit_page", |shop, _| listed(shop.audit_page(&AuditFilter::default(), None, 10))),
    ("audit_page of an action", |shop, _| {
        let filter = AuditFilter { action: Some("stock.adjust".into()), ..AuditFilter::default() };
        listed(shop.audit_page(&filter, None, 10))
    }),
    ("audit_members", |shop, _| listed(shop.audit_members())),
    ("last_failure", |shop, of| found(shop.last_failure(of.connection))),
    ("import_run", |shop, of| found(shop.import_run(of.connection))),
    ("money_of", |shop, of| found(shop.money_of(of.connection, "2000"))),
    ("reckoning", |shop, of| found(shop.reckoning(of.order))),
    ("money_due", |shop, of| listed(shop.money_due(of.connection, of.now, 10))),
    ("settlements_covered_to", |shop, of| found(shop.settlements_covered_to(of.connection))),
    ("difference_page", |shop, _| listed(shop.difference_page(None, None))),
    ("difference_page of a channel", |shop, _| {
        listed(shop.difference_page(Some(ChannelKind::MercadoLivre), None))
    }),
    ("difference_sums", |shop, _| listed(shop.difference_sums(Timestamp::EPOCH))),
    ("waiting_mail", |shop, of| found(shop.waiting_mail(of.papers.mail))),
    ("holds", |shop, _| listed(shop.holds())),
    ("ticket_letter", |shop, of| found(shop.ticket_letter(of.papers.ticket, of.now))),
    ("ticket_digest", |shop, of| found(shop.ticket_digest(of.papers.ticket))),
    ("requests", |shop, _| listed(shop.requests())),
    ("request", |shop, of| found(shop.request(of.papers.request))),
    ("requests_of", |shop, of| listed(shop.requests_of(of.member))),
    ("request_texts", |shop, of| found(shop.request_texts(of.papers.request))),
    ("member_facts", |shop, of| found(shop.member_facts(of.member))),
];

type Write = fn(&mut Tenant<'_, '_>, &Estate) -> StoreResult<()>;

/// Each writing method, used on what belongs to another.
const WRITES: &[(&str, Write)] = &[
    ("set_connection_state", |shop, of| {
        shop.set_connection_state(of.connection, ConnectionState::Disconnected, of.now)
    }),
    ("lease_renewal", |shop, of| shop.lease_renewal(of.connection, 1, "x", of.now).map(drop)),
    ("replace_tokens", |shop, of| shop.replace_tokens(of.connection, 1, &tokens("forged", of.now)).map(drop)),
    ("expire_access", |shop, of| shop.expire_access(of.connection, 1, of.now)),
    ("note_consent", |shop, of| shop.note_consent(of.connection, Timestamp::EPOCH)),
    ("create_connection of a known account", |shop, of| {
        let (account, pair) = (of.connection.to_string(), tokens("forged", of.now));
        shop.create_connection(of.fresh(), ChannelKind::MercadoLivre, &account, "Loja", "MLB", &pair, of.now)
    }),
    ("record", |shop, of| shop.record(&audited(of.fresh(), of.organization, of.now))),
    ("release_renewal", |shop, of| shop.release_renewal(of.connection, "ana", "x")),
    ("stop_connection", |shop, of| {
        shop.stop_connection(of.connection, 1, ReauthorizationReason::AppRefused, of.now).map(drop)
    }),
    ("note_hook", |shop, of| shop.note_hook(of.connection, of.now)),
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
        let digest = TokenDigest::from_bytes([7; 32]);
        let (member, proof) = (of.member, Proof::Passkey);
        let new = NewSession { id: of.fresh(), digest, member, proof, device: String::new() };
        shop.open_session(&new, of.now)
    }),
    ("touch_session", |shop, of| shop.touch_session(of.session, Timestamp::EPOCH)),
    ("close_session", |shop, of| shop.close_session(of.session)),
    ("destroy_data_key", |shop, of| shop.destroy_data_key(KeyOwner::Connection(of.connection)).map(drop)),
    ("replace_data_key", |shop, of| {
        let (owner, key) = (KeyOwner::Connection(of.connection), WrappedKey::from_bytes(vec![9]));
        shop.replace_data_key(owner, of.key, of.fresh(), &key, of.now).map(drop)
    }),
    ("reseal_tokens", |shop, of| {
        shop.reseal_tokens(of.connection, 1, &Sealed::from_bytes(vec![7]), None, of.now).map(drop)
    }),
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
    ("put_out_again what was told", |shop, of| {
        shop.put_out_again(of.fresh(), of.listing, 1, Timestamp::EPOCH)
    }),
    ("put_out_again a new version", |shop, of| shop.put_out_again(of.fresh(), of.listing, 9, of.now)),
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
    ("enqueue", |shop, of| shop.enqueue(of.fresh(), &job(of.connection, "2000", of.now), of.now)),
    ("enqueue_if_none", |shop, of| {
        shop.enqueue_if_none(of.fresh(), &job(of.connection, "2000", of.now), of.now)
    }),
    ("revive one", |shop, of| shop.revive(&DeadJobs::One(of.dead_job), of.now).map(drop)),
    ("revive alike", |shop, of| {
        let kind = "fetch_order".to_owned();
        shop.revive(&DeadJobs::Alike { problem: Problem::NotFound, kind, connection: None }, of.now).map(drop)
    }),
    ("revive alike of a connection", |shop, of| {
        let (kind, connection) = ("fetch_order".to_owned(), Some(of.connection));
        shop.revive(&DeadJobs::Alike { problem: Problem::NotFound, kind, connection }, of.now).map(drop)
    }),
    ("revive of a connection", |shop, of| {
        shop.revive(&DeadJobs::OfConnection(of.connection), of.now).map(drop)
    }),
    ("drop_dead", |shop, of| shop.drop_dead(of.dead_job).map(drop)),
    ("begin_import", |shop, of| shop.begin_import(of.fresh(), of.connection, of.now, of.now)),
    ("advance_import", |shop, of| shop.advance_import(&of.import, Timestamp::EPOCH)),
    ("begin_reckoning", |shop, of| {
        let forecast = Sums::default();
        shop.begin_reckoning(of.order, of.connection, &snapshot("2000"), &forecast, of.now, Some(of.now))
    }),
    ("keep_reckoning", |shop, of| {
        shop.keep_reckoning(&of.money, &Reckoning::new(Currency::Brl), &[], Timestamp::EPOCH)
    }),
    ("note_money_read", |shop, of| shop.note_money_read(of.order, Timestamp::EPOCH, None)),
    ("note_money_due", |shop, of| shop.note_money_due(of.order, Timestamp::EPOCH)),
    ("note_listed", |shop, of| shop.note_listed(of.connection, "2000", of.now).map(drop)),
    ("note_settlements", |shop, of| shop.note_settlements(of.connection, Timestamp::EPOCH)),
    ("keep_view", |shop, of| shop.keep_view(of.fresh(), of.member, &view_name(), "kind=single", of.now)),
    ("rename_view", |shop, of| shop.rename_view(of.view, of.member, &view_name()).map(drop)),
    ("drop_view", |shop, of| shop.drop_view(of.view, of.member).map(drop)),
    ("keep_authenticator", |shop, of| {
        shop.keep_authenticator(of.member, &Sealed::from_bytes(vec![9]), of.now).map(drop)
    }),
    ("take_step", |shop, of| shop.take_step(of.member, i64::MAX, of.now).map(drop)),
    ("remove_authenticator", |shop, of| shop.remove_authenticator(of.member).map(drop)),
    ("keep_passkey", |shop, of| {
        shop.keep_passkey(of.fresh(), of.member, "forged", &passkey("forged"), of.now)
    }),
    ("passkey_used", |shop, of| shop.passkey_used(of.passkey, &passkey("forged"), of.now)),
    ("remove_passkey", |shop, of| shop.remove_passkey(of.member, of.passkey).map(drop)),
    ("replace_codes", |shop, of| shop.replace_codes(of.member, &[[8; 32]], of.now)),
    ("use_code", |shop, of| shop.use_code(of.member, &[7; 32], of.now).map(drop)),
    ("prove_session", |shop, of| {
        shop.prove_session(of.session, &TokenDigest::from_bytes([6; 32]), Proof::Passkey, of.now)
    }),
    ("close_others", |shop, of| shop.close_others(of.member, of.fresh(), None).map(drop)),
    ("meet_device", |shop, of| {
        shop.meet_device(of.member, &TokenDigest::from_bytes([5; 32]), "forged", of.now).map(drop)
    }),
    ("keep_recovery_link", |shop, of| {
        let digest = TokenDigest::from_bytes([5; 32]);
        shop.keep_recovery_link(of.member, &digest, "forged", of.now, Timestamp::from_millis(i64::MAX))
    }),
    ("use_recovery_link", |shop, of| {
        shop.use_recovery_link(of.member, &TokenDigest::from_bytes([4; 32]), of.now).map(drop)
    }),
    ("link_provider", |shop, of| shop.link_provider(of.member, "forged", &[5; 32], of.now)),
    ("provider_used", |shop, of| shop.provider_used(of.member, of.now)),
    ("unlink_provider", |shop, of| shop.unlink_provider(of.member).map(drop)),
    ("forget_ways_in", |shop, of| shop.forget_ways_in(of.member)),
    ("meet_network", |shop, of| shop.meet_network(of.member, &[5; 32], of.now)),
    ("meet_network of a known one", |shop, of| shop.meet_network(of.member, &[4; 32], Timestamp::EPOCH)),
    ("notify", |shop, of| shop.notify(of.fresh(), of.member, SecurityNotice::NewDevice, "forged", of.now)),
    ("notices_read", |shop, of| shop.notices_read(of.member, of.now)),
    ("drop_mail", |shop, of| shop.drop_mail(of.papers.mail).map(drop)),
    ("keep_mail of a known id", |shop, of| {
        shop.keep_mail(of.papers.mail, "forged", &Sealed::from_bytes(vec![9]), of.now, of.now)
    }),
    ("code_ticket", |shop, of| shop.code_ticket(of.papers.ticket, of.member, &[9; 32]).map(drop)),
    ("keep_request of another's member", |shop, of| {
        shop.keep_request(&crate::papers::request(of.fresh(), of.member, of.now))
    }),
    ("end_request", |shop, of| {
        let answer = Sealed::from_bytes(vec![9]);
        shop.end_request(of.papers.request, RequestState::Refused, &answer, None, of.now).map(drop)
    }),
    ("note_erased", |shop, of| shop.note_erased(of.papers.request, 1)),
    ("lift_hold", |shop, of| shop.lift_hold(of.papers.hold, of.member, of.now).map(drop)),
    ("arrange_views", |shop, of| shop.arrange_views(of.member, &[of.fresh(), of.view])),
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
    /// ASVS 8.2.2.
    async fn a_stranger_finds_nothing(house: House) {
        let (owner, stranger) = (Shop::open(&house).await, Shop::open(&house).await);
        let estate = Estate::of(&owner).await;
        for (name, read) in READS.iter().chain(access::READS).chain(catalogue::READS).chain(splits::READS).chain(kits::READS).chain(returns::READS).chain(money::READS).chain(sheets::READS).chain(drafts::READS).chain(prices::READS)
        {
            let (of_owner, of_stranger) = (estate.clone(), estate.clone());
            let own = owner.write(move |shop| read(shop, &of_owner)).await;
            assert!(own > 0, "{name}: the owner finds it, so the next line proves something");
            assert_eq!(stranger.write(move |shop| read(shop, &of_stranger)).await, 0, "{name}");
        }
    }

    /// ASVS 1.2.4, 8.4.1.
    async fn a_stranger_changes_nothing(house: House) {
        let (owner, stranger) = (Shop::open(&house).await, Shop::open(&house).await);
        let estate = Estate::of(&owner).await;
        let before = everything(&house).await;
        for (name, write) in WRITES.iter().chain(access::WRITES).chain(catalogue::WRITES).chain(splits::WRITES).chain(kits::WRITES).chain(returns::WRITES).chain(money::WRITES).chain(sheets::WRITES).chain(drafts::WRITES).chain(prices::WRITES)
        {
            let of = estate.clone();
            let _refused_or_without_effect = stranger.data.write(move |shop| write(shop, &of)).await;
            assert_eq!(everything(&house).await, before, "{name}");
        }
    }
}

//! A whole shop in one process: the real application over a fresh database, the real
//! connectors, the sandboxes behind them, and time that moves only when told.

mod made;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::clockwork::Wheels;
use app::connections::CallbackError;
use app::hooks::DoorError;
use app::{App, AppError};
use channels::market::mercado_livre::Limits;
use connect::{HookRejection, HookRequest};
use domain::member::SecondFactorRule;
use domain::{
    ChannelKind, Clock, ConnectionId, Entropy, ManualClock, MemberId, OrderId, OrganizationId, Restricted,
    SeededEntropy, Timestamp,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};
use sandbox::{HookDelivery, SaleRequest, ShiftedClock};
use store::listings::Listing;
use store::pages::{OrderRow, ProblemRow};
use store::stock::Sku;
use store::{Location, Store, StoreError, StoreResult, Tenant, Tx, Val, jobs};

use self::made::Made;
use crate::crash::Crash;
use crate::market::{HOOK_URL, Market};
use crate::marketplace::{Marketplace, Marketplaces};

/// The channel that most of the kit speaks of.
pub const CHANNEL: ChannelKind = ChannelKind::MercadoLivre;
/// Where the shop believes itself to be reached.
pub const PUBLIC_URL: &str = "https://loja.example";
/// The owner's sign-in.
pub const EMAIL: &str = "dona@loja.example";
/// What the shop is called.
pub const SHOP: &str = "Loja de Teste";
/// The owner's password.
pub const PASSWORD: &str = "caneca vermelha na prateleira 42";
/// 2026-01-05T14:30:00Z, a Monday.
const START: Timestamp = Timestamp::from_millis(1_767_623_400_000);
/// Rounds of work at one instant; a shop that needs more goes round in circles.
const MAX_ROUNDS: usize = 2_000;
/// Times that waiting work may move the clock before the shop counts as never idle.
const MAX_WAITS: usize = 4_000;

/// How a shop is set up.
#[derive(Debug, Clone)]
pub struct Builder {
    location: Location,
    seed: u64,
    node: String,
    limits: Limits,
    three_markets: bool,
    rule: SecondFactorRule,
}

impl Builder {
    /// A shop over the database at `location`.
    #[must_use]
    pub fn over(location: Location) -> Self {
        Self {
            location,
            seed: 1,
            node: "node-1".into(),
            limits: Limits::default(),
            three_markets: false,
            rule: SecondFactorRule::Offered,
        }
    }

    /// Demands a second factor of everyone, as a shop does; where nothing is said, it is as in the demo.
    #[must_use]
    pub fn demands_second_factor(self) -> Self {
        Self { rule: SecondFactorRule::Everyone, ..self }
    }

    /// Has Mercado Livre alone, as it is where nothing is said.
    #[must_use]
    pub fn one_market(self) -> Self {
        Self { three_markets: false, ..self }
    }

    /// Has Shopee and TikTok Shop beside Mercado Livre, all at the same time.
    #[must_use]
    pub fn three_markets(self) -> Self {
        Self { three_markets: true, ..self }
    }

    /// Grows world and chance from this seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Reads so many orders a page.
    #[must_use]
    pub fn orders_a_page(self, orders_page: u64) -> Self {
        Self { limits: Limits { orders_page, ..self.limits }, ..self }
    }

    /// Opens the shop: database, application, owner.
    ///
    /// # Panics
    /// When anything of that fails.
    pub async fn open(self) -> TestApp {
        let clock = Arc::new(ManualClock::at(START));
        let redirect = format!("{PUBLIC_URL}/connections/callback/{}", CHANNEL.as_str());
        let mut markets = Marketplaces::one(Market::new(self.seed, clock.clone(), &redirect), self.limits);
        if self.three_markets {
            markets = markets.and_two_more(self.seed, ShiftedClock::new(clock.clone()), PUBLIC_URL);
        }
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(self.seed));
        let store = open_store(self.location.clone()).await;
        let crash = Arc::new(Crash::default());
        let keys = made::new_key_file(self.seed);
        let made = Made { rule: self.rule, markets, clock, entropy, crash, keys };
        let app =
            made.start(store.clone(), &self.node, &made.key_file()).await.expect("the application starts");
        let link = app.setup_link().await.expect("a link is made").expect("nobody owns a fresh shop");
        let token = link.rsplit('/').next().unwrap_or_default();
        let password = Restricted::new(PASSWORD.to_owned());
        let (organization, member) =
            app.set_up(token, EMAIL, password, SHOP, "pt-BR").await.expect("the owner is taken in");
        TestApp {
            app: Mutex::new(app),
            made,
            store,
            location: self.location,
            organization,
            member,
            wheels: Mutex::default(),
            may_leave_jobs: AtomicBool::new(false),
            may_leave_dead: AtomicBool::new(false),
        }
    }
}

fn headers_of(hook: &HookDelivery) -> HeaderMap {
    let header = |(name, value): &(&'static str, String)| {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("the name of a header");
        (name, HeaderValue::from_str(value).expect("the value of a header"))
    };
    hook.headers.iter().map(header).collect()
}

/// Opening a database blocks, so it has a thread of its own.
async fn open_store(location: Location) -> Store {
    let opened = tokio::task::spawn_blocking(move || Store::open(&location)).await;
    opened.expect("the opening ends").expect("the database opens")
}

/// A shop under test. Dropping it fails the test when work, dead letters or calls to
/// unknown addresses are left that the test did not announce.
pub struct TestApp {
    app: Mutex<App>,
    made: Made,
    store: Store,
    location: Location,
    /// The seller's organization.
    pub organization: OrganizationId,
    /// Its owner.
    pub member: MemberId,
    wheels: Mutex<Wheels>,
    may_leave_jobs: AtomicBool,
    may_leave_dead: AtomicBool,
}

impl std::fmt::Debug for TestApp {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "TestApp({:?})", self.app())
    }
}

impl TestApp {
    /// The application that runs now.
    #[must_use]
    pub fn app(&self) -> App {
        self.app.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn becomes(&self, app: App) {
        *self.app.lock().unwrap_or_else(PoisonError::into_inner) = app;
    }

    /// Mercado Livre.
    #[must_use]
    pub const fn market(&self) -> &Market {
        self.made.markets.mercado_livre()
    }

    /// The way to all marketplaces.
    pub(crate) const fn markets(&self) -> &Marketplaces {
        &self.made.markets
    }

    /// All marketplaces that this shop can sell on.
    #[must_use]
    pub fn marketplaces(&self) -> Vec<&dyn Marketplace> {
        self.made.markets.all()
    }

    /// Where the program may be made to end.
    #[must_use]
    pub fn crash(&self) -> &Crash {
        &self.made.crash
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.made.clock.now()
    }

    /// Moves time on; nothing is done meanwhile.
    pub fn wait(&self, span: Duration) {
        self.made.clock.advance(span);
    }

    /// Announces that jobs may be left open at the end.
    pub fn leaves_jobs(&self) {
        self.may_leave_jobs.store(true, Ordering::SeqCst);
    }

    /// Announces that dead letters may be left at the end.
    pub fn leaves_dead_letters(&self) {
        self.may_leave_dead.store(true, Ordering::SeqCst);
    }

    /// Starts the program anew on the same data, as after a power cut.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(&self, node: &str) {
        self.made.crash.disarm();
        let fresh = self.made.start(self.store.clone(), node, &self.made.key_file()).await;
        let fresh = fresh.expect("the application starts");
        *self.wheels.lock().unwrap_or_else(PoisonError::into_inner) = Wheels::default();
        *self.app.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// A second process on the same database, in the same world.
    ///
    /// # Panics
    /// When the database does not open a second time.
    pub async fn second_process(&self, node: &str) -> App {
        let started = self.process_with_keys(node, &self.made.key_file()).await;
        started.expect("the application starts")
    }

    /// A second process whose key file is another one.
    ///
    /// # Errors
    /// What stops its start.
    ///
    /// # Panics
    /// When the database does not open a second time, or the key file cannot be read.
    pub async fn process_with_keys(&self, node: &str, key_file: &Path) -> Result<App, AppError> {
        let store = open_store(self.location.clone()).await;
        self.made.start(store, node, key_file).await
    }

    /// Where the shop's key file is.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.made.key_file()
    }

    // Connecting

    /// The owner walks through the consent of a seller; returns the connection.
    pub async fn authorize(&self, seller_id: i64) -> Result<ConnectionId, CallbackError> {
        let url = self.app().begin_authorization(self.organization, self.member, CHANNEL).await?;
        let returned = self.market().consent(&url, seller_id, "approve");
        self.app().finish_authorization(self.organization, self.member, CHANNEL, returned).await
    }

    /// The owner walks through the consent of a marketplace's seller.
    pub async fn authorize_at(&self, market: &dyn Marketplace) -> Result<ConnectionId, CallbackError> {
        let (kind, app) = (market.kind(), self.app());
        let url = app.begin_authorization(self.organization, self.member, kind).await?;
        app.finish_authorization(self.organization, self.member, kind, market.approve(&url)).await
    }

    /// Connects a marketplace's seller and imports everything.
    ///
    /// # Panics
    /// When consent or import fail.
    pub async fn connect_to(&self, market: &dyn Marketplace) -> ConnectionId {
        let id = self.authorize_at(market).await.expect("the seller consents");
        self.import(id).await;
        id
    }

    /// Connects a seller and imports everything.
    ///
    /// # Panics
    /// When consent or import fail.
    pub async fn connect(&self, seller_id: i64) -> ConnectionId {
        let id = self.authorize(seller_id).await.expect("the seller consents");
        self.import(id).await;
        id
    }

    /// Imports everything that a connected account has.
    pub(crate) async fn import(&self, id: ConnectionId) {
        self.app().start_import(self.organization, self.member, id).await.expect("the import begins");
        self.run_until_idle().await;
        self.wait(Duration::from_secs(1));
    }

    /// Connects the seller with the classic listings.
    pub async fn connect_classic(&self) -> ConnectionId {
        self.connect(CLASSIC_SELLER).await
    }

    /// Connects the seller whose listings share user products.
    pub async fn connect_family(&self) -> ConnectionId {
        self.connect(FAMILY_SELLER).await
    }

    // Running

    /// Brings a hook to the door, as Mercado Livre does. Returns the status answered.
    ///
    /// # Panics
    /// When the program ended before it answered.
    pub async fn knock(&self, body: &str) -> u16 {
        self.bring(body).await.expect("the program answers")
    }

    /// Brings a hook to Mercado Livre's door. Returns the status answered; `None` when the
    /// program ended before that.
    pub async fn bring(&self, body: &str) -> Option<u16> {
        self.bring_to(
            CHANNEL,
            HookRequest { url: HOOK_URL, headers: &HeaderMap::new(), body: body.as_bytes() },
        )
        .await
    }

    /// Brings a hook to the door of a marketplace. Returns the status that the web door
    /// answers; `None` when the program ended before that.
    pub async fn bring_to(&self, kind: ChannelKind, hook: HookRequest<'_>) -> Option<u16> {
        match self.app().take_hook(kind, hook).await {
            Ok(()) => Some(200),
            Err(DoorError::NoSuchDoor) => Some(404),
            Err(DoorError::TooLong { .. }) => Some(413),
            Err(DoorError::Rejected(HookRejection::BadSignature)) => Some(401),
            Err(DoorError::Rejected(_)) => Some(400),
            Err(DoorError::NotKept(_)) => Some(503),
            Err(DoorError::Died(_)) => None,
        }
    }

    /// Brings a hook of a marketplace to its door, with the address that the marketplace
    /// was given. Returns the status answered, as [`TestApp::bring_to`] does.
    pub async fn bring_hook(&self, market: &dyn Marketplace, hook: &HookDelivery) -> Option<u16> {
        let (url, headers, body) = (hook.url.as_str(), &headers_of(hook), hook.body.as_bytes());
        self.bring_to(market.kind(), HookRequest { url, headers, body }).await
    }

    /// Delivers the hooks that are due. Returns how many.
    pub async fn deliver_hooks(&self) -> usize {
        let mut count = 0;
        for market in self.marketplaces() {
            for hook in market.due_hooks(self.now()) {
                market.hook_answered(hook.id, self.bring_hook(market, &hook).await);
                count += 1;
            }
        }
        count
    }

    /// One turn of the clockwork.
    ///
    /// # Panics
    /// When it fails.
    pub async fn turn(&self) {
        let mut wheels = *self.wheels.lock().unwrap_or_else(PoisonError::into_inner);
        self.app().turn(&mut wheels).await.expect("the clockwork turns");
        *self.wheels.lock().unwrap_or_else(PoisonError::into_inner) = wheels;
    }

    /// Does everything that is due now: hooks, sorting, jobs, the clockwork.
    ///
    /// # Panics
    /// When it never ends.
    pub async fn settle(&self) {
        self.turn().await;
        for _ in 0..MAX_ROUNDS {
            let hooks = self.deliver_hooks().await;
            let sorted = self.app().sort_hooks().await.expect("hooks are sorted");
            let jobs = self.app().work_once().await.expect("jobs are taken");
            if hooks == 0 && sorted == 0 && jobs == 0 {
                return;
            }
        }
        panic!("the shop goes round in circles");
    }

    /// Works until nothing waits, moving time on to the next waiting job as often as needed.
    ///
    /// # Panics
    /// When it never ends.
    pub async fn run_until_idle(&self) {
        for _ in 0..MAX_WAITS {
            self.settle().await;
            let Some(due) = self.read(jobs::next_due).await else { return };
            self.wait(due.since(self.now()).max(Duration::from_millis(1)));
        }
        panic!("the shop never comes to rest");
    }

    /// Lets a span pass, in steps of at most `step`, working at each.
    pub async fn pass(&self, span: Duration, step: Duration) {
        let end = self.now().plus(span);
        while self.now() < end {
            self.wait(end.since(self.now()).min(step));
            self.settle().await;
        }
        self.run_until_idle().await;
    }

    /// A buyer buys one or more of an item. Returns the order's number.
    ///
    /// # Panics
    /// When the market does not sell it.
    pub fn sell(&self, item_id: &str, quantity: i64) -> String {
        let orders = self.market().sandbox().sell(&SaleRequest::of_item(item_id, quantity));
        orders.expect("the item is for sale").first().expect("a sale makes an order").to_string()
    }

    // Looking

    /// Reads the whole database.
    ///
    /// # Panics
    /// When the read fails.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    ) -> T {
        self.store.installation().read(work).await.expect("the read succeeds")
    }

    /// Reads the organization's data.
    ///
    /// # Panics
    /// When the read fails.
    pub async fn see<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tenant<'_, '_>) -> StoreResult<T> + Send + 'static,
    ) -> T {
        self.store.organization(self.organization).read(work).await.expect("the read succeeds")
    }

    /// The number that a query of one number finds.
    pub async fn number(&self, sql: &'static str) -> i64 {
        self.read(move |tx| tx.row(sql, &[], |row| row.get(0))).await.unwrap_or_default()
    }

    /// One text column, all rows.
    pub async fn texts(&self, sql: &'static str) -> Vec<String> {
        self.read(move |tx| tx.rows(sql, &[], |row| row.get(0))).await
    }

    /// Runs statements in the database behind the program's back, all or none of them.
    /// The last one is the deed: when it touches nothing, nothing is done. Returns whether
    /// it was.
    ///
    /// # Panics
    /// When a statement is refused.
    pub async fn meddle(&self, statements: &'static [&'static str]) -> bool {
        let done = self.store.installation().write(move |tx| {
            let mut touched = 0;
            for sql in statements {
                touched = tx.execute(sql, &[])?;
            }
            if touched > 0 { Ok(()) } else { Err(StoreError::RowCount { expected: 1, touched }) }
        });
        match done.await {
            Ok(()) => true,
            Err(StoreError::RowCount { .. }) => false,
            Err(error) => panic!("the database refuses to be meddled with: {error}"),
        }
    }

    /// An order by the platform's number.
    pub async fn order(&self, number: &str) -> Option<OrderRow> {
        let number = number.to_owned();
        let id = self
            .read(move |tx| {
                let sql = "SELECT id FROM orders WHERE external_id = $1";
                tx.row(sql, &[Val::from(&number)], |row| row.get::<OrderId>(0))
            })
            .await?;
        self.see(move |tenant| tenant.order(id)).await
    }

    /// A SKU by its code.
    ///
    /// # Panics
    /// When there is none.
    pub async fn sku(&self, code: &str) -> Sku {
        let code = code.to_owned();
        self.see(move |tenant| tenant.sku_by_code(&code)).await.expect("the SKU is held")
    }

    /// All SKUs by code.
    pub async fn skus(&self) -> Vec<Sku> {
        let ids = self.read(|tx| tx.rows("SELECT id FROM sku ORDER BY code", &[], |row| row.get(0))).await;
        self.see(move |tenant| {
            let found: StoreResult<Vec<_>> = ids.into_iter().map(|id| tenant.sku(id)).collect();
            Ok(found?.into_iter().flatten().collect())
        })
        .await
    }

    /// All listings by the platform's numbers.
    pub async fn listings(&self) -> Vec<Listing> {
        let sql = "SELECT id FROM listing ORDER BY external_id, variation_external_id";
        let ids = self.read(|tx| tx.rows(sql, &[], |row| row.get(0))).await;
        self.see(move |tenant| {
            let found: StoreResult<Vec<_>> = ids.into_iter().map(|id| tenant.listing(id)).collect();
            Ok(found?.into_iter().flatten().collect())
        })
        .await
    }

    /// Dead letters.
    pub async fn problems(&self) -> Vec<ProblemRow> {
        self.see(|tenant| tenant.problems()).await
    }

    /// A counter's value; the clockwork writes counters when it turns.
    pub async fn counter(&self, name: &'static str, label: &'static str) -> i64 {
        self.turn().await;
        self.read(move |tx| {
            let value = "SELECT value FROM counter WHERE name = $1 AND label = $2";
            tx.row(value, &[Val::from(name), Val::from(label)], |row| row.get(0))
        })
        .await
        .unwrap_or_default()
    }

    fn what_is_left(&self) -> Vec<String> {
        let db = self.store.installation().clone();
        let looked = std::thread::spawn(move || {
            crate::database::block_on(db.read(|tx| {
                // Lists are tidied by the hour, whatever a test is about.
                let jobs = "SELECT state, kind, dedup_key, COALESCE(error, '') FROM job \
                    WHERE kind <> 'settle_lists' ORDER BY id";
                tx.rows(jobs, &[], |row| {
                    let (state, kind): (String, String) = (row.get(0)?, row.get(1)?);
                    let (key, error): (String, String) = (row.get(2)?, row.get(3)?);
                    Ok((state == "dead", format!("{state} {kind} {key} {error}")))
                })
            }))
        });
        let jobs = looked.join().expect("the look ends").expect("the database answers");
        let may_stay = |dead: bool| {
            let flag = if dead { &self.may_leave_dead } else { &self.may_leave_jobs };
            flag.load(Ordering::SeqCst)
        };
        let mut left: Vec<String> =
            jobs.into_iter().filter(|(dead, _)| !may_stay(*dead)).map(|(_, text)| text).collect();
        left.extend(self.made.markets.unmatched().into_iter().map(|call| format!("no such address: {call}")));
        left
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // A test that fails already says what is wrong.
        if std::thread::panicking() {
            return;
        }
        let left = self.what_is_left();
        assert!(left.is_empty(), "the test leaves things behind:\n{}", left.join("\n"));
    }
}

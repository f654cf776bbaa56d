//! The shop that the browser visits: the program's own wiring over a fresh database, the
//! sandbox as its marketplace, both on loopback, in real time.

use app::sign_in::Visit;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::backup::Plan;
use app::backup::depot::Folder;
use app::catalogue::Wish;
use app::drafts::DraftWish;
use app::pictures::Upload;
use domain::catalogue::{Agreed, Product, Typed, TypedRow};
use domain::draft::Draft;
use domain::{ConnectionId, OrderId, ProductId, Restricted, SkuId, Timestamp};
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{Fault, FaultRule, SaleRequest, Sandbox, SandboxConfig};
use store::{Location, Store, Val};
use tempfile::TempDir;
use tests::bench::stage::{self, CHANNEL, Stage, SystemClock};
use tests::mailbox::{Mailbox, mailer_to};
use tokio::task::JoinSet;
use vault::{Keyring, OsEntropy, Token};
use web::{Lang, WebConfig};

use crate::browser::{Browser, Programs};
use crate::visitor::Visitor;

/// The owner's sign-in.
pub(crate) const EMAIL: &str = "dona@loja.example";
/// The owner's password.
pub(crate) const PASSWORD: &str = "caneca vermelha na prateleira 42";
/// The owner's organization.
pub(crate) const ORGANIZATION: &str = "Casa Verde Presentes";
/// The longest wait for the shop to come to rest.
const IDLE_LIMIT: Duration = Duration::from_mins(2);

/// Plays a specification with one visitor in one shop; says so where there is no browser.
pub(crate) fn play(lang: Lang, specification: impl AsyncFnOnce(&Visitor, &Shop)) {
    let Some(programs) = Programs::find() else { return };
    stage::server_runtime().expect("a runtime starts").block_on(async {
        let shop = Shop::open().await;
        let visitor = Visitor::new(Browser::open(&programs, lang.tag()).await, &shop.url, lang);
        specification(&visitor, &shop).await;
        visitor.nothing_went_wrong().await;
    });
}

/// A shop that nobody owns yet.
pub(crate) struct Shop {
    app: App,
    sandbox: Sandbox,
    /// Where it is reached, without a slash at the end.
    pub(crate) url: String,
    market: SocketAddr,
    hook_door: String,
    _market: JoinSet<()>,
    /// What it sends by mail.
    pub(crate) mailbox: Mailbox,
    folder: TempDir,
}

impl Shop {
    async fn open() -> Self {
        let folder = tests::database::folder();
        let location: Location = tests::database::file_in(&folder);
        let store = tokio::task::spawn_blocking(move || Store::open(&location)).await;
        let store = store.expect("the opening ends").expect("the database opens");
        let fresh = Token::random(&OsEntropy).expose().to_owned();
        let hook_door = store
            .installation()
            .write(move |tx| store::settings::get_or_set(tx, store::settings::HOOK_DOOR, &fresh))
            .await
            .expect("the door is kept");
        let (listener, address) = stage::listen().await.expect("a port is free");
        let (market_listener, market) = stage::listen().await.expect("a port is free");
        // By its name: there are no passkeys for a number.
        let url = format!("http://localhost:{}", address.port());
        let sandbox = Sandbox::new(SandboxConfig {
            base_url: format!("http://{market}"),
            hook_url: Some(format!("{url}/hooks/{}/{hook_door}", CHANNEL.as_str())),
            redirect_uri: format!("{url}/connections/callback/{}", CHANNEL.as_str()),
            ..SandboxConfig::new(Arc::new(SystemClock))
        });
        let registration = stage::registration(&sandbox.manifest()).expect("the sandbox has an application");
        let app = stage::start(store, Keyring::generate(&OsEntropy), registration, &url)
            .await
            .expect("the application starts");
        let mailbox = Mailbox::open(Arc::new(SystemClock)).await;
        let app = app.mailing(Some(mailer_to(mailbox.address)));
        let config = WebConfig {
            secure_cookies: false,
            trusted_proxies: Vec::new(),
            pages_per_minute: None,
            hook_door: hook_door.clone(),
        };
        stage::serve(listener, web::router(app.clone(), config));
        tokio::spawn(app.clone().sort());
        tokio::spawn(app.clone().tick());
        tokio::spawn(app.clone().work());
        let serving = sandbox.spawn(market_listener);
        Self { app, sandbox, url, market, hook_door, _market: serving, mailbox, folder }
    }

    /// The one-time link of the owner.
    pub(crate) async fn setup_link(&self) -> String {
        self.app.setup_link().await.expect("a link is made").expect("nobody owns a fresh shop")
    }

    /// Where the owner comes back in who lost everything.
    pub(crate) async fn recovery_path(&self) -> String {
        let link = self.app.recovery_link(EMAIL, "phone lost").await.expect("the owner gets a link");
        link.strip_prefix(&self.url).expect("it leads to the shop").to_owned()
    }

    /// An owner who reads `lang`, signed in at the visitor's browser.
    pub(crate) async fn owned_by(&self, visitor: &Visitor) -> Owned<'_> {
        let link = self.setup_link().await;
        let token = link.rsplit('/').next().unwrap_or_default();
        let password = || Restricted::new(PASSWORD.to_owned());
        let (organization, member) = self
            .app
            .set_up(token, EMAIL, password(), ORGANIZATION, visitor.lang().tag())
            .await
            .expect("the owner is taken in");
        let visit = Visit::from_network("test");
        let signed_in = self.app.sign_in(EMAIL, password(), &visit).await.expect("the owner signs in");
        let session = signed_in.entered().expect("the password is enough").session;
        let stage = Stage {
            app: self.app.clone(),
            organization,
            member,
            hook_door: self.hook_door.clone(),
            cookie: String::new(),
        };
        visitor.comes_back_with(session.expose()).await;
        Owned { shop: self, stage }
    }

    /// What the shop's clock says.
    pub(crate) fn now(&self) -> Timestamp {
        self.app.clock().now()
    }

    /// Has a folder for backups from now on; gives its name.
    pub(crate) fn gets_a_place_for_backups(&self) -> String {
        let place = self.folder.path().join("backups");
        let told = place.display().to_string();
        let scratch = self.folder.path().join("scratch");
        let every = Duration::from_hours(1);
        self.app.plan_backups(Plan { depot: Arc::new(Folder::at(place)), every, keep_days: 30, scratch });
        told
    }

    /// Does the backup or drill that was asked for.
    pub(crate) async fn does_its_backup(&self) {
        let done = self.app.do_waiting_run().await.expect("it ends").expect("one was asked for");
        assert_eq!(done.error, None);
    }

    /// Whether the marketplace refuses every change of a listing from now on.
    pub(crate) fn refuses_changes(&self, refuses: bool) {
        let rule = FaultRule::new("/items/", Fault::Status { status: 400 }).method(&http::Method::PUT);
        self.sandbox.set_faults(if refuses { vec![rule] } else { Vec::new() });
    }

    /// A buyer buys one of an item. Gives the order's number.
    pub(crate) fn sell(&self, item: &str) -> String {
        let orders = self.sandbox.sell(&SaleRequest::of_item(item, 1)).expect("the item is for sale");
        orders.first().expect("a sale makes an order").to_string()
    }

    /// The marketplace makes the packages of what was sold, as it does within half a minute.
    pub(crate) fn makes_packages(&self) {
        self.sandbox.with_world(|world| world.advance_to(world.now.plus(Duration::from_mins(1))));
    }

    /// First and last name of who placed an order.
    pub(crate) fn buyer_of(&self, number: &str) -> String {
        self.sandbox.with_world(|world| {
            let order =
                world.orders.values().find(|order| order.id.to_string() == number).expect("it was sold");
            let buyer = &world.users[&order.buyer_id];
            format!("{} {}", buyer.first_name, buyer.last_name)
        })
    }

    /// The items of the first seller that carry a SKU.
    pub(crate) fn items(&self, sku: &str) -> Vec<String> {
        let snapshot = self.sandbox.snapshot();
        let ours = snapshot.items.into_iter().filter(|item| item.seller_id == CLASSIC_SELLER);
        ours.filter(|item| item.sku.as_deref() == Some(sku)).map(|item| item.id).collect()
    }

    /// A buyer buys one of a SKU.
    pub(crate) fn sells(&self, sku: &str) {
        self.sandbox.sell(&SaleRequest::of_sku(sku, 1)).expect("the SKU is for sale");
    }

    /// What each listing of a SKU offers, whoever's it is, as an item or as a variation of one.
    pub(crate) fn offered(&self, sku: &str) -> Vec<i64> {
        let products: Vec<String> = self.sandbox.with_world(|world| {
            let of = |item: &sandbox::mercado_livre::item::Item| -> Vec<String> {
                let variations = item.variations.iter().filter(|it| item.sku_of(Some(it.id)) == Some(sku));
                let mut products: Vec<String> = variations.map(|it| it.user_product_id.clone()).collect();
                if item.variations.is_empty() && item.sku() == Some(sku) {
                    products.push(item.user_product_id.clone());
                }
                products
            };
            world.items.values().flat_map(of).collect()
        });
        let stock = self.sandbox.snapshot().stock;
        let of = |id: &String| stock.iter().find(|it| it.user_product_id == *id).map(|it| it.quantity);
        products.iter().filter_map(of).collect()
    }

    /// Units that an item shows at the marketplace.
    pub(crate) fn shows(&self, item: &str) -> i64 {
        let snapshot = self.sandbox.snapshot();
        let found = snapshot.items.iter().find(|one| one.id == item);
        found.map(|one| one.available_quantity).expect("the market has the item")
    }
}

/// A shop with its owner.
pub(crate) struct Owned<'a> {
    shop: &'a Shop,
    stage: Stage,
}

impl Owned<'_> {
    /// The owner's account is connected and everything imported.
    pub(crate) async fn connected(&self, seller: i64) -> ConnectionId {
        let id = self.stage.connect(self.shop.market, seller).await.expect("the seller consents");
        self.rest().await;
        id
    }

    /// The owner's account has consented and is only looked at.
    pub(crate) async fn authorized(&self, seller: i64) -> ConnectionId {
        self.stage.authorize(self.shop.market, seller).await.expect("the seller consents")
    }

    /// Waits until no hook and no job waits.
    pub(crate) async fn rest(&self) {
        self.stage.until_idle(IDLE_LIMIT).await.expect("the shop comes to rest");
    }

    /// An order by the marketplace's number.
    pub(crate) async fn order(&self, number: &str) -> OrderId {
        let number = number.to_owned();
        let sql = "SELECT id FROM orders WHERE external_id = $1";
        let find = self
            .stage
            .app
            .store()
            .installation()
            .read(move |tx| tx.row(sql, &[Val::from(&number)], |row| row.get(0)));
        find.await.expect("the database answers").expect("the order is held")
    }

    /// From now on the platform ends the consent of a connection after so long.
    pub(crate) async fn consent_ends(&self, connection: ConnectionId, after: Duration) {
        let end = self.stage.app.clock().now().plus(after);
        let sql = "UPDATE connection SET consent_expires_at = $2 WHERE id = $1";
        let installation = self.stage.app.store().installation();
        let note = installation
            .write(move |tx| tx.execute_exactly(1, sql, &[Val::from(connection), Val::from(end)]));
        note.await.expect("the end is noted");
    }

    /// The owner has a filter of the orders saved under a name.
    pub(crate) async fn saves_view(&self, name: &str, filter: &str) {
        let stage = &self.stage;
        let saved = stage.app.save_view(stage.organization, stage.member, name, filter).await;
        saved.expect("the view is kept");
    }

    /// The owner has a product in two colours; one of its SKUs was there already.
    pub(crate) async fn has_a_product(&self) -> ProductId {
        let mut typed = Typed { title: "Caneca térmica de aço inox".into(), ..Typed::default() };
        "Cozinha, Presente".clone_into(&mut typed.tags);
        "Casa Verde".clone_into(&mut typed.brand);
        (typed.axes[0].name, typed.axes[0].options) = ("Tamanho".into(), "500 ml, 750 ml".into());
        typed.spread("CAN-INOX").expect("two combinations");
        "CAN-INOX-500".clone_into(&mut typed.rows[0].code);
        typed.fill(&TypedRow { cost: "12,50".into(), weight: "350".into(), ..TypedRow::default() });
        let product = typed.check().expect("nothing is wrong");
        let agreed = Agreed { adopt: true, ..Agreed::default() };
        let stage = &self.stage;
        let saved =
            stage.app.save_product(stage.organization, stage.member, Wish { of: None, product, agreed });
        saved.await.expect("the product is kept")
    }

    /// The owner has brought a table in which something is wrong and something is asked; where it is shown.
    pub(crate) async fn brings_a_table(&self) -> String {
        let text = "SKU;Título;Custo;Preço;CEST;Estoque\nCAN-INOX-500;;1250;39;1;7\nPRATO;Prato fundo;1.234;9;1;-2\n\
            COPO;Copo americano;3,50;5;1;40\n";
        let table = app::sheet::read(text.as_bytes()).expect("a table");
        let stage = &self.stage;
        let staged = stage.app.stage_sheet(stage.organization, stage.member, "produtos-bling.csv", table);
        format!("/products/import/{}", staged.await.expect("it is read"))
    }

    /// A kit of something, and a count that somebody began. Gives the kit, its component and the count's path.
    pub(crate) async fn has_a_kit_and_a_count(&self) -> (SkuId, SkuId, String) {
        let (kit, part) = (self.sku("WEB-FHD").await, self.sku("CAB-HDMI-2M").await);
        let Stage { app, organization, member, .. } = &self.stage;
        let recipe = vec![("CAB-HDMI-2M".to_owned(), 2)];
        app.keep_kit(*organization, *member, kit, recipe).await.expect("it becomes a kit");
        let take = app.begin_stock_take(*organization, *member).await.expect("a count begins");
        app.scan(*organization, take, "3×CAB-HDMI-2M").await.expect("three are counted");
        (kit, part, format!("/stock-takes/{take}"))
    }

    /// One listing of a SKU was taken off it.
    pub(crate) async fn unlinks(&self, code: &str) {
        let (stage, sku) = (&self.stage, self.sku(code).await);
        let shop = stage.app.organization(stage.organization);
        let listings =
            shop.read(move |tenant| tenant.listings_of_sku(sku)).await.expect("its listings are read");
        let unlinked = stage.app.link(stage.organization, stage.member, listings[0].id, None);
        unlinked.await.expect("it is unlinked");
    }

    /// So many units of a SKU lie on the shelf.
    pub(crate) async fn counts(&self, code: &str, units: i64) {
        let (stage, sku) = (&self.stage, self.sku(code).await);
        let counted = stage.app.adjust(stage.organization, stage.member, sku, units, 0, "contagem").await;
        counted.expect("the count is kept");
    }

    /// A product has so many pictures.
    pub(crate) async fn has_pictures(&self, product: ProductId, count: u8) {
        let files =
            (1..=count).map(|at| Upload { name: format!("{at}.png"), bytes: crate::pictures::png(at) });
        let stage = &self.stage;
        let added =
            stage.app.add_pictures(stage.organization, stage.member, product, None, files.collect()).await;
        added.expect("the pictures are kept");
    }

    /// Somebody else saves the draft of a product at an account, with another title.
    pub(crate) async fn retitles_the_draft(&self, product: ProductId, account: ConnectionId, title: &str) {
        let stage = &self.stage;
        let open = stage.app.open_draft(stage.organization, product, account).await.expect("it is there");
        let draft = Draft { title: title.to_owned(), ..open.draft };
        let wish = DraftWish { product, connection: account, seen: open.version, draft };
        stage.app.save_draft(stage.organization, stage.member, wish).await.expect("it is kept");
    }

    /// Somebody else gives a product another title.
    pub(crate) async fn renames(&self, id: ProductId, title: &str) {
        let stage = &self.stage;
        let held = stage.app.organization(stage.organization).read(move |tenant| tenant.product(id)).await;
        let held = held.expect("the database answers").expect("the product is there");
        let product = Product { title: title.to_owned(), ..held.product };
        let wish = Wish { of: Some((id, held.version)), product, agreed: Agreed::default() };
        stage.app.save_product(stage.organization, stage.member, wish).await.expect("it is kept");
    }

    /// A SKU by its code.
    pub(crate) async fn sku(&self, code: &str) -> SkuId {
        let code = code.to_owned();
        let organization = self.stage.app.organization(self.stage.organization);
        let found = organization.read(move |tenant| tenant.sku_by_code(&code)).await;
        found.expect("the database answers").expect("the SKU is held").id
    }
}

//! What is measured: the application as the program wires it, over a database of its own,
//! with the sandbox over loopback as its marketplace.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use app::sign_in::Visit;
use app::{App, Parts};
use axum::Router;
use axum::serve::ListenerExt as _;
use channels::market::ChannelConfig;
use channels::market::mercado_livre::{Limits, MercadoLivreConfig};
use connect::{BaseUrl, HttpTransport, Outbound};
use domain::member::SecondFactorRule;
use domain::{
    ChannelKind, Clock, ConnectionId, ListingState, MemberId, OrganizationId, Restricted, Timestamp,
};
use sandbox::Manifest;
use serde_json::Value;
use store::listings::Listing;
use store::pages::ListingFilter;
use store::{Location, Store, inbox, jobs};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::task::JoinHandle;
use url::{Url, form_urlencoded};
use vault::password::{Cost, Passwords};
use vault::{Keyring, OsEntropy, Token};
use web::WebConfig;

use super::{Result, http};
use crate::database::Schema;

/// The channel of the benchmarks.
pub const CHANNEL: ChannelKind = ChannelKind::MercadoLivre;
/// The owner's sign-in.
const EMAIL: &str = "dona@loja.example";
/// The owner's password.
const PASSWORD: &str = "caneca vermelha na prateleira 42";
/// Threads of the server, as many as the program takes when nothing is configured.
const SERVER_THREADS: usize = 2;
/// Threads must outlive a measurement: what an ended one cost is no longer counted.
const THREADS_LIVE: Duration = Duration::from_hours(24);
/// Between two looks at whether work is left.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Looks that have to find nothing, one after the other.
const QUIET_LOOKS: u32 = 4;

/// Time as the machine has it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "measures the real thing in real time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

/// A runtime like the program's.
pub fn server_runtime() -> Result<Runtime> {
    let mut builder = runtime::Builder::new_multi_thread();
    Ok(builder.worker_threads(SERVER_THREADS).thread_keep_alive(THREADS_LIVE).enable_all().build()?)
}

/// A fresh database, gone when this is dropped.
pub struct Ground {
    /// Where it is.
    pub location: Location,
    /// `sqlite` or `postgres`.
    pub name: &'static str,
    _kept: Kept,
}

enum Kept {
    Folder { _folder: TempDir },
    Schema { _schema: Schema },
}

impl Ground {
    /// A SQLite file below `folder`, which has to be on a real disk.
    pub fn sqlite(folder: &Path) -> Result<Self> {
        let folder = tempfile::tempdir_in(folder)?;
        let location = Location::File(folder.path().join("lojista.sqlite"));
        Ok(Self { location, name: "sqlite", _kept: Kept::Folder { _folder: folder } })
    }

    /// A schema of a PostgreSQL server.
    #[must_use]
    pub fn postgres(url: &str) -> Self {
        let schema = Schema::create(url);
        Self { location: schema.location(), name: "postgres", _kept: Kept::Schema { _schema: schema } }
    }
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Ground({})", self.name)
    }
}

/// How the marketplace knows the application.
#[must_use]
pub fn registration(manifest: &Manifest) -> Option<MercadoLivreConfig> {
    let app = manifest.apps.first()?;
    let base = BaseUrl::parse(&manifest.api_url).ok()?;
    Some(MercadoLivreConfig {
        site: manifest.site.clone(),
        client_id: app.client_id.clone(),
        client_secret: Restricted::new(app.client_secret.clone()),
        api_base: base.clone(),
        auth_base: base,
        limits: Limits::default(),
    })
}

/// An application with its owner.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The application.
    pub app: App,
    /// The owner's organization.
    pub organization: OrganizationId,
    /// The owner.
    pub member: MemberId,
    /// The unguessable part of the address of hooks.
    pub hook_door: String,
    /// The owner's session, as its cookie says.
    pub cookie: String,
}

impl Stage {
    /// Opens a shop over a fresh database and signs its owner in.
    pub async fn open(
        location: &Location,
        keyring: Keyring,
        marketplace: MercadoLivreConfig,
        public_url: &str,
    ) -> Result<Self> {
        let location = location.clone();
        let store = tokio::task::spawn_blocking(move || Store::open(&location)).await??;
        let app = start(store, keyring, marketplace, public_url).await?;
        let fresh = Token::random(&OsEntropy).expose().to_owned();
        let hook_door = app
            .store()
            .installation()
            .write(move |tx| store::settings::get_or_set(tx, store::settings::HOOK_DOOR, &fresh))
            .await?;
        let link = app.setup_link().await?.ok_or("the database has an owner already")?;
        let token = link.rsplit('/').next().unwrap_or_default();
        let password = || Restricted::new(PASSWORD.to_owned());
        let (organization, member) = app.set_up(token, EMAIL, password(), "Loja", "pt-BR").await?;
        let signed_in = app.sign_in(EMAIL, password(), &Visit::from_network("bench")).await?;
        let entry = signed_in.entered().ok_or("the owner has a second factor")?;
        let cookie = format!("Cookie: session={}\r\n", entry.session.expose());
        Ok(Self { app, organization, member, hook_door, cookie })
    }

    /// Where platforms post hooks to.
    #[must_use]
    pub fn hook_path(&self) -> String {
        format!("/hooks/{}/{}", CHANNEL.as_str(), self.hook_door)
    }

    /// The program's pages and doors.
    pub fn router(&self) -> Router {
        let config = WebConfig {
            secure_cookies: false,
            trusted_proxies: Vec::new(),
            pages_per_minute: None,
            hook_door: self.hook_door.clone(),
        };
        web::router(self.app.clone(), config)
    }

    /// The program's background work.
    #[must_use]
    pub fn work(&self) -> Vec<JoinHandle<()>> {
        let app = || self.app.clone();
        vec![tokio::spawn(app().sort()), tokio::spawn(app().tick()), tokio::spawn(app().work())]
    }

    /// The owner connects a seller, who consents at the sandbox at this address, and asks
    /// for the import.
    pub async fn connect(&self, sandbox: SocketAddr, seller: i64) -> Result<ConnectionId> {
        let id = self.authorize(sandbox, seller).await?;
        self.app.start_import(self.organization, self.member, id).await?;
        Ok(id)
    }

    /// The owner connects a seller, who consents at the sandbox at `address`; the account
    /// is then only looked at.
    pub async fn authorize(&self, sandbox: SocketAddr, seller: i64) -> Result<ConnectionId> {
        let page = self.app.begin_authorization(self.organization, self.member, CHANNEL).await?;
        let page = Url::parse(&page)?;
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(page.query_pairs())
            .append_pair("user_id", &seller.to_string())
            .append_pair("decision", "approve")
            .finish();
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        let answer = http::once(sandbox, &http::request("POST", page.path(), kind, &form)).await?;
        let back = Url::parse(&answer.location.ok_or("the consent page sends nobody back")?)?;
        let returned = back.query_pairs().into_owned().collect();
        Ok(self.app.finish_authorization(self.organization, self.member, CHANNEL, returned).await?)
    }

    /// The listings that sell one thing and that the shop writes, of all connections.
    pub async fn plain_listings(&self) -> Result<Vec<Listing>> {
        let organization = self.app.organization(self.organization);
        let mut listings: Vec<Listing> = Vec::new();
        loop {
            let after = listings.last().map(|listing| listing.id);
            let page = organization
                .read(move |tenant| tenant.listing_page(after, &ListingFilter::default()))
                .await?;
            if page.is_empty() {
                break;
            }
            listings.extend(page.into_iter().map(|(listing, _)| listing));
        }
        listings.retain(|listing| {
            listing.ours && listing.state == ListingState::Active && listing.variation_external_id.is_empty()
        });
        Ok(listings)
    }

    /// Waits until no hook and no job waits; dead letters wait for people, not for us.
    pub async fn until_idle(&self, limit: Duration) -> Result<()> {
        let looking = async {
            let mut quiet = 0;
            while quiet < QUIET_LOOKS {
                tokio::time::sleep(LOOK_EVERY).await;
                quiet = if open_work(self.app.store()).await? == 0 { quiet + 1 } else { 0 };
            }
            Ok(())
        };
        tokio::time::timeout(limit, looking).await.map_err(|_| "work is left that does not end")?
    }
}

/// Hooks and jobs that wait or run.
pub async fn open_work(store: &Store) -> Result<i64> {
    let open = store.installation().read(|tx| Ok(inbox::waiting(tx)? + jobs::open_jobs(tx)?));
    Ok(open.await?)
}

/// The application over an open store.
pub async fn start(
    store: Store,
    keyring: Keyring,
    marketplace: MercadoLivreConfig,
    public_url: &str,
) -> Result<App> {
    let outbound = Arc::new(Outbound::new(Arc::new(HttpTransport::new()?), Arc::new(SystemClock)));
    let channel = marketplace.channel(outbound);
    let parts = Parts {
        store,
        keyring: Arc::new(keyring),
        passwords: Passwords::new(Cost::STANDARD)?,
        channels: BTreeMap::from([(CHANNEL, channel)]),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        public_url: public_url.to_owned(),
        second_factor: SecondFactorRule::Offered,
        node: "bench".into(),
        faults: None,
    };
    Ok(App::start(parts).await?)
}

/// Listens on a free port of this machine.
pub async fn listen() -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Answers on `listener` until the runtime ends.
pub fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        // As the program that is shipped does.
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        if let Err(error) = axum::serve(listener, service).await {
            tracing::error!(%error, "the measured server stopped");
        }
    });
}

/// A call of the sandbox's control API.
pub async fn control(sandbox: SocketAddr, method: &str, path: &str, body: &Value) -> Result<Value> {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    http::once(sandbox, &http::request(method, path, "Content-Type: application/json\r\n", &text))
        .await?
        .json()
}

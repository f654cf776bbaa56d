//! `serve`: the shop, running.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::{App, Faults};
use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::failure::Failure;
use crate::stop::Stop;
use crate::{folder, house};
use web::WebConfig;

/// How long requests that run may take to end once the program is to end. Pages that
/// watch for news never end by themselves.
const REQUESTS_MAY_TAKE: Duration = Duration::from_secs(3);
/// How long jobs that run may take to end; their leases give back what is cut off.
const JOBS_MAY_TAKE: Duration = Duration::from_secs(25);

/// Runs the shop until it is told to end.
pub(crate) async fn run(config: Config, json: bool, faults: Option<Arc<dyn Faults>>) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let _lock = match &config.storage.folder {
        Some(folder) => {
            folder::make(folder)?;
            Some(folder::lock(folder)?)
        }
        None => None,
    };
    let listener = listen(config.server.listen, "listen").await?;
    let public_url = config.server.public_url(bound(&listener)?);
    let mut ground = house::open(&config.storage).await?;
    ground.faults = faults;
    ground.rules = config.passwords.rules();
    if let Some(redis) = config.redis.limits() {
        ground.store = ground.store.with_redis(redis);
    }
    let web = WebConfig {
        secure_cookies: public_url.starts_with("https:"),
        trusted_proxies: config.server.trusted_proxies.clone(),
        pages_per_minute: config.server.pages_per_minute,
        hook_door: ground.hook_door.clone(),
    };
    let channels = house::channels(&config.channels)?;
    if channels.is_empty() {
        tracing::warn!("no channel is configured: set LOJISTA_MERCADO_LIVRE_CLIENT_ID and its secret");
    }
    let places = config.audit.places(&Arc::new(house::outbound()?));
    let app = house::build(ground, channels, public_url.clone(), config.server.second_factor)
        .await?
        .asking_from(config.server.unasked_changes)
        .publishing(places)
        .mailing(config.mail.mailer()?)
        .worded(Arc::new(web::Letters))
        .with_provider(config.provider.provider()?);
    if let Some(plan) = config.backup.plan(&config.storage)? {
        app.plan_backups(plan);
    } else {
        tracing::warn!("no backups are taken: set LOJISTA_BACKUP_DIR or LOJISTA_BACKUP_S3_BUCKET");
    }
    let link = app.setup_link().await?;
    say_ready(&public_url, link.as_deref(), json);
    work_and_answer(app.clone(), listener, web::router(app, web), stop).await
}

fn say_ready(url: &str, setup_link: Option<&str>, json: bool) {
    if json {
        let mut line = serde_json::json!({"url": url});
        if let Some(link) = setup_link {
            line["setup_link"] = link.into();
        }
        println!("{line}");
        return;
    }
    println!("Lojista is ready at {url}");
    if let Some(link) = setup_link {
        println!("The owner begins here (this link works once, for 24 hours):\n  {link}");
    }
}

/// Listens; a refusal names the flag that chooses another place.
pub(crate) async fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(if error.kind() == ErrorKind::AddrInUse {
            format!("another program listens on {address}: stop it, or choose another port with --{flag}")
        } else {
            format!("cannot listen on {address}: {error}; choose another place with --{flag}")
        })
    })
}

/// The address that a listener got.
pub(crate) fn bound(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| Failure::at("the address listened on is not known", error))
}

/// Runs jobs and answers requests until the program is to end; then lets what runs end.
pub(crate) async fn work_and_answer(
    app: App,
    listener: TcpListener,
    router: Router,
    stop: Stop,
) -> Result<(), Failure> {
    let sorter = tokio::spawn(app.clone().sort());
    let clockwork = tokio::spawn(app.clone().tick());
    let backups = tokio::spawn(app.clone().keep_backups());
    let publisher = tokio::spawn(app.clone().publish());
    let keys = tokio::spawn(app.clone().keep_keys());
    let leavers = tokio::spawn(app.clone().see_leavers_out());
    let leaving = app.clone();
    let worker = tokio::spawn(app.work_until(stop.clone().wished()));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let listener = listener.tap_io(|connection| {
        // An answer in two parts would otherwise wait for the caller's delayed acknowledgement.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps small packets back");
        }
    });
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop.clone().wished()).into_future();
    let mut serving = tokio::spawn(serving);
    let mut ended = None;
    tokio::select! {
        () = stop.clone().wished() => {}
        early = &mut serving => ended = Some(early),
    }
    // Serving ends on the same wish, and may be the first to tell.
    if let Some(ended) = ended.take_if(|_| !stop.is_wished()) {
        return Err(Failure::at("the program stopped answering", format!("{ended:?}")));
    }
    sorter.abort();
    clockwork.abort();
    backups.abort();
    publisher.abort();
    keys.abort();
    leavers.abort();
    if ended.is_none() && tokio::time::timeout(REQUESTS_MAY_TAKE, &mut serving).await.is_err() {
        serving.abort();
    }
    if tokio::time::timeout(JOBS_MAY_TAKE, worker).await.is_err() {
        tracing::warn!("jobs still ran at the end; they are taken up again at the next start");
    }
    if let Err(error) = leaving.leave_keys().await {
        tracing::debug!(%error, "that this node ended could not be kept; it shows in half a minute");
    }
    Ok(())
}

//! `demo`: a believable shop against the simulated marketplace, by the same use cases
//! and over the same wires as a real one.

mod owner;
mod sellers;
mod world;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use channels::market::mercado_livre::{Limits, MercadoLivreConfig};
use connect::BaseUrl;
use domain::{ChannelKind, Restricted};
use sandbox::{Manifest, Sandbox, SandboxConfig, Traffic};
use tokio::net::TcpListener;

use crate::cli::{DemoArgs, environment};
use crate::clock::SystemClock;
use crate::config::{Storage, data_home};
use crate::failure::Failure;
use crate::stop::Stop;
use crate::{folder, house, sandbox_command, serve};
use web::WebConfig;

/// Where the shop listens unless that is taken.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// What the sandbox needs to be connected to, in the demo's folder.
const MANIFEST_FILE: &str = "sandbox-manifest.json";

/// Runs the demo until it is told to end.
pub(crate) async fn run(args: DemoArgs) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let folder = args.data.clone().unwrap_or_else(|| data_home(&environment(), "lojista-demo"));
    folder::make(&folder)?;
    let _lock = folder::lock(&folder)?;
    let listener = listen(args.listen).await?;
    let public_url = format!("http://{}", reachable(serve::bound(&listener)?));
    let ground = house::open(&Storage::in_folder(&folder)).await?;
    let web =
        WebConfig { secure_cookies: false, trusted_proxies: Vec::new(), hook_door: ground.hook_door.clone() };

    let kind = ChannelKind::MercadoLivre.as_str();
    let market = sandbox_command::listen(0).await?;
    let outside = world::Outside {
        seed: args.seed,
        base_url: format!("http://{}", serve::bound(&market)?),
        hook_url: format!("{public_url}/hooks/{kind}/{}", ground.hook_door),
        redirect_uri: format!("{public_url}/connections/callback/{kind}"),
    };
    let (sandbox, keeper) = world::open(&folder, outside)?;
    let manifest = sandbox.manifest();
    let manifest_file = folder.join(MANIFEST_FILE);
    sandbox_command::write_manifest(&manifest_file, &manifest)?;
    let _serving = sandbox.spawn(market);

    let app =
        house::build(ground, house::channels(Some(registration(&manifest)?))?, public_url.clone()).await?;
    let pages = web::router(app.clone(), web);
    let answering = tokio::spawn(serve::work_and_answer(app.clone(), listener, pages, stop.clone()));
    let keeping = tokio::spawn(keeper.keep(sandbox.clone(), stop));
    let owner = owner::sign_in(&app, &folder).await?;
    sellers::connect(&app, &owner.signed_in, &sandbox, &manifest).await?;
    app.sign_out(&owner.signed_in).await?;
    if args.orders_per_minute > 0 {
        let seed = world::fresh_seed(&sandbox, args.seed);
        sandbox.set_traffic(Some(Traffic { orders_per_minute: args.orders_per_minute, seed }));
    }
    say_ready(
        &Ready { url: &public_url, owner: &owner, manifest: &manifest_file, folder: &folder },
        args.json,
    );

    let ended = answering.await.map_err(|error| Failure::at("the shop stopped", error))?;
    keeping.await.map_err(|error| Failure::at("the simulated world was not kept", error))??;
    ended
}

/// Listens where it was asked to, else on the usual port, else on a free one: two demos
/// may run side by side.
async fn listen(asked: Option<SocketAddr>) -> Result<TcpListener, Failure> {
    if let Some(address) = asked {
        return serve::listen(address, "listen").await;
    }
    match TcpListener::bind(LISTEN).await {
        Ok(listener) => Ok(listener),
        Err(_taken) => serve::listen(SocketAddr::new(LISTEN.ip(), 0), "listen").await,
    }
}

/// Where a listener is reached from this machine: one on all addresses, by the loopback.
fn reachable(bound: SocketAddr) -> SocketAddr {
    if bound.ip().is_unspecified() {
        SocketAddr::new(Ipv4Addr::LOCALHOST.into(), bound.port())
    } else {
        bound
    }
}

fn registration(manifest: &Manifest) -> Result<MercadoLivreConfig, Failure> {
    let app =
        manifest.apps.first().ok_or_else(|| Failure::new("the simulated marketplace has no application"))?;
    let base = |url: &str| BaseUrl::parse(url).map_err(|error| Failure::at("the sandbox's address", error));
    Ok(MercadoLivreConfig {
        site: manifest.site.clone(),
        client_id: app.client_id.clone(),
        client_secret: Restricted::new(app.client_secret.clone()),
        api_base: base(&manifest.api_url)?,
        auth_base: base(manifest.authorization_url.trim_end_matches("/authorization"))?,
        limits: Limits::default(),
    })
}

struct Ready<'a> {
    url: &'a str,
    owner: &'a owner::Owner,
    manifest: &'a PathBuf,
    folder: &'a Path,
}

fn say_ready(ready: &Ready<'_>, json: bool) {
    let Ready { url, owner, manifest, folder } = ready;
    if json {
        let line = serde_json::json!({
            "url": url, "email": owner.email, "password": owner.password, "sandbox_manifest": manifest,
        });
        println!("{line}");
        return;
    }
    println!("The demo shop is ready:  {url}");
    println!("  e-mail    {}", owner.email);
    println!("  password  {}", owner.password);
    println!("  sandbox   {}", manifest.display());
    println!("Orders arrive by themselves. Everything is kept in {}; Ctrl-C ends it.", folder.display());
}

/// A sandbox without visitors: they come when the shop is connected.
fn sandbox_of(outside: &world::Outside) -> Sandbox {
    Sandbox::new(SandboxConfig {
        seed: outside.seed,
        base_url: outside.base_url.clone(),
        hook_url: Some(outside.hook_url.clone()),
        redirect_uri: outside.redirect_uri.clone(),
        ..SandboxConfig::new(Arc::new(SystemClock))
    })
}

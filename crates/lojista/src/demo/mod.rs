//! `demo`: a believable shop against the simulated marketplaces, by the same use cases
//! and over the same wires as a real one.

mod market;
mod owner;
mod sellers;

use domain::member::SecondFactorRule;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use std::time::Duration;

use app::backup::Plan;
use app::backup::depot::Folder;
use sandbox::{Addresses, MailCatcher, ShiftedClock};
use tokio::net::TcpListener;

use self::market::{Simulated, Stall, Storefront};

use crate::cli::{DemoArgs, environment};
use crate::config::{Storage, data_home};
use crate::failure::Failure;
use crate::sandbox_command::MailAddresses;
use crate::stop::Stop;
use crate::{folder, house, sandbox_command, serve};
use web::WebConfig;

/// Where the shop listens unless that is taken.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// What the sandbox needs to be connected to, in the demo's folder.
const MANIFEST_FILE: &str = "sandbox-manifest.json";
/// Where the demo's backups lie, in its folder: beside the data they are no help but to be
/// looked at.
const BACKUPS: &str = "backups";
const BACKUP_EVERY: Duration = Duration::from_mins(10);
/// How often the worlds are kept while they run: what a power cut may take.
const KEEP_EVERY: Duration = Duration::from_secs(2);

/// Runs the demo until it is told to end.
pub(crate) async fn run(args: DemoArgs) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let folder = args.data.clone().unwrap_or_else(|| data_home(&environment(), "lojista-demo"));
    folder::make(&folder)?;
    let _lock = folder::lock(&folder)?;
    let listener = listen(args.listen).await?;
    let reached_at = reachable(serve::bound(&listener)?);
    let public_url = format!("http://{}", named(reached_at));
    let ground = house::open(&Storage::in_folder(&folder)).await?;
    let web = pages_on_this_machine(&ground.hook_door);
    let ways = Ways { folder: &folder, public_url: &public_url, door: &ground.hook_door, seed: args.seed };
    let stalls = ways.open().await?;
    let manifest_file = folder.join(MANIFEST_FILE);
    sandbox_command::write_manifest(&manifest_file, &stalls[0].manifest())?;
    let registrations = stalls.iter().map(|stall| stall.registration()).collect::<Result<Vec<_>, _>>()?;

    let mail = catch_mail(stalls[0].clock()).await?;
    let app =
        house::build(ground, house::channels(&registrations)?, public_url.clone(), SecondFactorRule::Offered)
            .await?
            .mailing(Some(mail.mailer()?))
            .worded(Arc::new(web::Letters));
    app.plan_backups(Plan {
        depot: Arc::new(Folder::at(folder.join(BACKUPS))),
        every: BACKUP_EVERY,
        keep_days: 7,
        scratch: folder.clone(),
    });
    let pages = web::router(app.clone(), web);
    let answering = tokio::spawn(serve::work_and_answer(app.clone(), listener, pages, stop.clone()));
    let keeping = tokio::spawn(keep(stalls.clone(), stop));
    let owner = owner::find(&app, &folder).await?;
    let organization = owner.organization;
    let is_new = app.organization(organization).read(move |tenant| tenant.connections()).await?.is_empty();
    for stall in &stalls {
        sellers::connect(&app, &owner, stall.as_ref()).await?;
    }
    if is_new {
        // Nobody here is real: the search by buyer may show what it does. Later on it is as
        // whoever tries the demo has left it.
        app.find_buyers(organization, owner.member, true).await?;
    }
    for (stall, per_minute) in stalls.iter().zip(shares(args.orders_per_minute, stalls.len())) {
        if per_minute > 0 {
            stall.let_in(per_minute, args.seed);
        }
    }
    say_ready(
        &Ready {
            url: &public_url,
            owner: &owner,
            manifest: &manifest_file,
            folder: &folder,
            mails: &mail.mails_url,
            storefronts: stalls.iter().map(|stall| stall.storefront()).collect(),
        },
        args.json,
    );

    let ended = answering.await.map_err(|error| Failure::at("the shop stopped", error))?;
    keeping.await.map_err(|error| Failure::at("the simulated world was not kept", error))??;
    ended
}

/// Pages for one machine: no proxy, no TLS, nobody who copies the shop.
fn pages_on_this_machine(hook_door: &str) -> WebConfig {
    WebConfig {
        secure_cookies: false,
        trusted_proxies: Vec::new(),
        pages_per_minute: None,
        hook_door: hook_door.to_owned(),
    }
}

/// A mail server that delivers nothing; it ends with the program.
async fn catch_mail(clock: ShiftedClock) -> Result<MailAddresses, Failure> {
    let (smtp, shown) = (sandbox_command::listen(0).await?, sandbox_command::listen(0).await?);
    let addresses = MailAddresses::of(serve::bound(&smtp)?, serve::bound(&shown)?);
    let serving = MailCatcher::new(Arc::new(clock)).spawn(smtp, shown);
    tokio::spawn(serving.join_all());
    Ok(addresses)
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

/// Host and port of the demo's address. The loopback goes by its name, which every machine has for
/// itself (RFC 6761 §6.3): a passkey cannot be made for a number.
fn named(reached_at: SocketAddr) -> String {
    if reached_at.ip() == Ipv4Addr::LOCALHOST {
        format!("localhost:{}", reached_at.port())
    } else {
        reached_at.to_string()
    }
}

/// What the simulated platforms are opened with.
struct Ways<'a> {
    folder: &'a Path,
    public_url: &'a str,
    door: &'a str,
    seed: u64,
}

impl Ways<'_> {
    /// Opens all platforms, on one clock; the first one knows of the others.
    async fn open(&self) -> Result<Vec<Arc<dyn Stall>>, Failure> {
        let first = self.open_one::<sandbox::mercado_livre::World>(None).await?;
        let shopee = self.open_one::<sandbox::shopee::World>(Some(first.clock())).await?;
        let tiktok_shop = self.open_one::<sandbox::tiktok_shop::World>(Some(first.clock())).await?;
        first.show(Arc::clone(&shopee));
        first.show(Arc::clone(&tiktok_shop));
        Ok(vec![first, shopee, tiktok_shop])
    }

    async fn open_one<W: Simulated>(&self, clock: Option<ShiftedClock>) -> Result<Arc<dyn Stall>, Failure> {
        let listener = sandbox_command::listen(0).await?;
        let (public_url, kind) = (self.public_url, W::KIND.as_str());
        let addresses = Addresses {
            base_url: format!("http://{}", serve::bound(&listener)?),
            // By the same name that the house knows itself by: Shopee's hooks are signed with it.
            hook_url: format!("{public_url}/hooks/{kind}/{}", self.door),
            redirect_uri: format!("{public_url}/connections/callback/{kind}"),
        };
        let stall = market::open::<W>(self.folder, self.seed, &addresses, clock)?;
        stall.serve(listener);
        Ok(stall)
    }
}

/// Keeps the worlds every few seconds, and once more at the end.
async fn keep(stalls: Vec<Arc<dyn Stall>>, stop: Stop) -> Result<(), Failure> {
    let mut turns = tokio::time::interval(KEEP_EVERY);
    let ended = stop.wished();
    tokio::pin!(ended);
    loop {
        let last = tokio::select! {
            _ = turns.tick() => false,
            () = &mut ended => true,
        };
        let save = || stalls.iter().try_for_each(|stall| stall.save());
        match tokio::task::block_in_place(save) {
            Err(failure) if !last => tracing::warn!("{failure}"),
            outcome if last => return outcome,
            _ => {}
        }
    }
}

/// How many of the orders of a minute come from each platform.
fn shares(orders_per_minute: u32, platforms: usize) -> Vec<u32> {
    let each = u32::try_from(platforms).unwrap_or(u32::MAX).max(1);
    let share = |place| orders_per_minute / each + u32::from(place < orders_per_minute % each);
    (0..each).take(platforms).map(share).collect()
}

struct Ready<'a> {
    url: &'a str,
    owner: &'a owner::Owner,
    manifest: &'a PathBuf,
    folder: &'a Path,
    /// Where caught letters are read.
    mails: &'a str,
    /// Where one buys.
    storefronts: Vec<Storefront>,
}

fn say_ready(ready: &Ready<'_>, json: bool) {
    let Ready { url, owner, manifest, folder, mails, storefronts } = ready;
    if json {
        let shops: Vec<&str> = storefronts.iter().map(|front| front.url.as_str()).collect();
        let line = serde_json::json!({
            "url": url, "email": owner.email, "password": owner.password, "sandbox_manifest": manifest,
            "storefronts": shops,
        });
        println!("{line}");
        return;
    }
    println!("The demo shop is ready:  {url}");
    println!("  e-mail    {}", owner.email);
    println!("  password  {}", owner.password);
    println!("  sandbox   {}", manifest.display());
    println!("  its mail  {mails}");
    for Storefront { name, url } in storefronts {
        println!("  buy at    {url}  ({name}, as its customers do)");
    }
    println!("Orders arrive by themselves. Everything is kept in {}; Ctrl-C ends it.", folder.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_goes_by_its_name_and_every_other_address_by_its_number() {
        assert_eq!(named(([127, 0, 0, 1], 8080).into()), "localhost:8080");
        assert_eq!(named(([192, 0, 2, 7], 8080).into()), "192.0.2.7:8080");
    }

    #[test]
    fn every_order_comes_from_somewhere() {
        assert_eq!(shares(6, 3), [2, 2, 2]);
        assert_eq!(shares(1, 3), [1, 0, 0]);
        assert_eq!(shares(5, 3), [2, 2, 1]);
        assert_eq!(shares(0, 3), [0, 0, 0]);
    }
}

//! `sandbox`: the simulated marketplaces alone.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use connect::{MailServer, Mailer, Sender};
use sandbox::s3::{S3, S3Manifest};
use sandbox::tiktok_shop::{TikTokShop, TikTokShopConfig};
use sandbox::{
    IdentityConfig, IdentitySandbox, MailCatcher, Sandbox, SandboxConfig, ShopeeConfig, ShopeeSandbox,
    Traffic,
};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::cli::SandboxArgs;
use crate::clock::SystemClock;
use crate::failure::Failure;
use crate::serve::{self, bound};
use crate::stop::Stop;

/// Whom a demo's letters are from.
const DEMO_SENDER: &str = "Casa do Treco <loja@casa-do-treco.example>";

/// What the shop is registered as at the identity provider.
const IDENTITY_CLIENT: (&str, &str) = ("lojista", "sandbox-secret");

/// Runs the sandbox until it is told to end.
pub(crate) async fn run(args: SandboxArgs) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let listener = listen(args.base_port).await?;
    let base_url = format!("http://{}", bound(&listener)?);
    let traffic = (args.orders_per_minute > 0)
        .then_some(Traffic { orders_per_minute: args.orders_per_minute, seed: args.seed });
    let sandbox = Sandbox::new(SandboxConfig {
        seed: args.seed,
        base_url: base_url.clone(),
        hook_url: args.hook_url.clone(),
        redirect_uri: args.redirect_uri.clone(),
        traffic: traffic.clone(),
        ..SandboxConfig::new(Arc::new(SystemClock))
    });
    let shopee_listener = listen(port_after(args.base_port, 1)?).await?;
    let shopee_url = format!("http://{}", bound(&shopee_listener)?);
    let shopee = shopee_beside(&sandbox, &args, shopee_url.clone(), traffic.clone());
    let tiktok_listener = listen(port_after(args.base_port, 2)?).await?;
    let tiktok_url = format!("http://{}", bound(&tiktok_listener)?);
    let tiktok_shop = tiktok_shop_beside(&sandbox, &args, tiktok_url.clone(), traffic);
    let mail_listener = listen(port_after(args.base_port, 3)?).await?;
    let shown_listener = listen(port_after(args.base_port, 4)?).await?;
    let mail = MailAddresses::of(bound(&mail_listener)?, bound(&shown_listener)?);
    let catcher = mail_beside(&sandbox, mail.clone());
    let identity_listener = listen(port_after(args.base_port, 5)?).await?;
    let identity_url = format!("http://{}", bound(&identity_listener)?);
    let identity = identity_beside(&sandbox, &args, identity_url.clone());
    let storage_listener = listen(port_after(args.base_port, 6)?).await?;
    let storage_url = format!("http://{}", bound(&storage_listener)?);
    let storage = storage_beside(&sandbox, storage_url.clone());
    let manifest = sandbox.manifest_document();
    if let Some(path) = &args.manifest {
        write_manifest(path, &manifest)?;
    }
    let _serving = (
        sandbox.spawn(listener),
        shopee.spawn(shopee_listener),
        tiktok_shop.spawn(tiktok_listener),
        catcher.spawn(mail_listener, shown_listener),
        identity.spawn(identity_listener),
        storage.spawn(storage_listener),
    );
    if args.json {
        println!("{manifest}");
    } else {
        println!("The sandbox is ready at {base_url} (control: {base_url}/_sandbox, see docs/sandbox.md)");
        println!("Shopee is ready at {shopee_url} (control: {shopee_url}/_sandbox)");
        println!("TikTok Shop is ready at {tiktok_url} (control: {tiktok_url}/_sandbox)");
        println!("S3-compatible storage is ready at {storage_url} (control: {storage_url}/_sandbox)");
        println!("Mail is caught at {} (to read: {})", mail.smtp_url, mail.mails_url);
        println!("An identity provider is ready at {identity_url}");
    }
    stop.wished().await;
    Ok(())
}

/// The port of a further marketplace; 0 stays 0, which takes a free one.
fn port_after(base: u16, distance: u16) -> Result<u16, Failure> {
    if base == 0 {
        return Ok(0);
    }
    base.checked_add(distance).ok_or_else(|| {
        Failure::new(format!(
            "the port {base} leaves no room for what comes after it: choose another port with --base-port"
        ))
    })
}

/// Shopee at the same time as `sandbox`, and in its manifest.
fn shopee_beside(
    sandbox: &Sandbox,
    args: &SandboxArgs,
    base_url: String,
    traffic: Option<Traffic>,
) -> ShopeeSandbox {
    let config = ShopeeConfig {
        seed: args.seed,
        base_url,
        hook_url: args.shopee_hook_url.clone(),
        redirect_uri: args.shopee_redirect_uri.clone(),
        traffic,
        ..ShopeeConfig::default()
    };
    let shopee = ShopeeSandbox::beside(config, sandbox.clock());
    let shown = shopee.clone();
    sandbox.show_neighbour("shopee", move || serde_json::to_value(shown.manifest()).unwrap_or_default());
    shopee
}

/// TikTok Shop at the same time as `sandbox`, and in its manifest.
fn tiktok_shop_beside(
    sandbox: &Sandbox,
    args: &SandboxArgs,
    base_url: String,
    traffic: Option<Traffic>,
) -> TikTokShop {
    let tiktok_shop = TikTokShop::new(TikTokShopConfig {
        seed: args.seed,
        base_url,
        hook_url: args.tiktok_shop_hook_url.clone(),
        redirect_uri: args.tiktok_shop_redirect_uri.clone(),
        traffic,
        ..TikTokShopConfig::beside(sandbox.clock())
    });
    let shown = tiktok_shop.clone();
    sandbox.show_neighbour("tiktok_shop", move || serde_json::to_value(shown.manifest()).unwrap_or_default());
    tiktok_shop
}

/// An identity provider at the same time as `sandbox`, and in its manifest.
fn identity_beside(sandbox: &Sandbox, args: &SandboxArgs, issuer: String) -> IdentitySandbox {
    let (client_id, client_secret) = IDENTITY_CLIENT;
    let redirect_uri = args.oidc_redirect_uri.clone();
    let shown = serde_json::json!({
        "issuer": issuer, "client_id": client_id, "client_secret": client_secret, "redirect_uri": redirect_uri,
    });
    sandbox.show_neighbour("identity", move || shown.clone());
    let config = IdentityConfig {
        issuer,
        client_id: client_id.to_owned(),
        client_secret: client_secret.to_owned(),
        redirect_uris: vec![redirect_uri],
        seed: args.seed,
    };
    IdentitySandbox::new(config, Arc::new(sandbox.clock()))
}

/// Where letters go in, and where they are read.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MailAddresses {
    /// For `LOJISTA_SMTP_URL`.
    pub(crate) smtp_url: String,
    /// For people.
    pub(crate) mails_url: String,
}

impl MailAddresses {
    /// Of two listeners.
    pub(crate) fn of(smtp: SocketAddr, shown: SocketAddr) -> Self {
        Self { smtp_url: format!("smtp://{smtp}"), mails_url: format!("http://{shown}/_sandbox/mails") }
    }

    /// Who sends a demo's letters there.
    pub(crate) fn mailer(&self) -> Result<Mailer, Failure> {
        let unusable =
            |error: &dyn std::fmt::Display| Failure::at("the demo's letters cannot be sent", error);
        let server = MailServer::parse(&self.smtp_url).map_err(|error| unusable(&error))?;
        let from = Sender::parse(DEMO_SENDER).ok_or_else(|| unusable(&"its sender is no address"))?;
        Mailer::new(&server, None, from).map_err(|error| unusable(&error))
    }
}

/// A mail server at the same time as `sandbox`, and in its manifest.
fn mail_beside(sandbox: &Sandbox, addresses: MailAddresses) -> MailCatcher {
    sandbox.show_neighbour("mail", move || serde_json::to_value(&addresses).unwrap_or_default());
    MailCatcher::new(Arc::new(sandbox.clock()))
}

/// Storage at the same time as `sandbox`, and in its manifest.
fn storage_beside(sandbox: &Sandbox, endpoint: String) -> S3 {
    let storage = S3::new(S3Manifest::at(endpoint), Arc::new(sandbox.clock()));
    let shown = storage.clone();
    sandbox.show_neighbour("s3", move || serde_json::to_value(shown.manifest()).unwrap_or_default());
    storage
}

/// Listens on this machine only: the sandbox asks nobody for a password.
pub(crate) async fn listen(port: u16) -> Result<TcpListener, Failure> {
    serve::listen((Ipv4Addr::LOCALHOST, port).into(), "base-port").await
}

/// Writes the manifest for its owner alone: it holds working tokens.
pub(crate) fn write_manifest(path: &Path, manifest: &impl Serialize) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!(
            "the manifest {} cannot be written: {error}; name another file with --manifest",
            path.display()
        ))
    };
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| failed(error.into()))?;
    crate::folder::write_private(path, &text).map_err(failed)
}

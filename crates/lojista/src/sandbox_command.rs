//! `sandbox`: the simulated marketplaces alone.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use sandbox::tiktok_shop::{TikTokShop, TikTokShopConfig};
use sandbox::{Sandbox, SandboxConfig, Traffic};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::cli::SandboxArgs;
use crate::clock::SystemClock;
use crate::failure::Failure;
use crate::serve::{self, bound};
use crate::stop::Stop;

/// Runs the sandbox until it is told to end.
pub(crate) async fn run(args: SandboxArgs) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let listener = listen(args.base_port).await?;
    let base_url = format!("http://{}", bound(&listener)?);
    let tiktok_listener = listen(port_beside(args.base_port, TIKTOK_SHOP_OFFSET)).await?;
    let tiktok_url = format!("http://{}", bound(&tiktok_listener)?);
    let traffic = (args.orders_per_minute > 0)
        .then_some(Traffic { orders_per_minute: args.orders_per_minute, seed: args.seed });
    let sandbox = Sandbox::new(SandboxConfig {
        seed: args.seed,
        base_url: base_url.clone(),
        hook_url: args.hook_url,
        redirect_uri: args.redirect_uri,
        traffic: traffic.clone(),
        ..SandboxConfig::new(Arc::new(SystemClock))
    });
    let tiktok_shop = TikTokShop::new(TikTokShopConfig {
        seed: args.seed,
        base_url: tiktok_url.clone(),
        hook_url: args.tiktok_shop_hook_url,
        redirect_uri: args.tiktok_shop_redirect_uri,
        traffic,
        ..TikTokShopConfig::beside(sandbox.clock())
    });
    let neighbour = tiktok_shop.clone();
    sandbox.show_neighbour("tiktok_shop", move || {
        serde_json::to_value(neighbour.manifest()).unwrap_or_default()
    });
    let manifest = sandbox.manifest_document();
    if let Some(path) = &args.manifest {
        write_manifest(path, &manifest)?;
    }
    let _serving = sandbox.spawn(listener);
    let _serving_tiktok_shop = tiktok_shop.spawn(tiktok_listener);
    if args.json {
        println!("{manifest}");
    } else {
        println!("The sandbox is ready at {base_url} (control: {base_url}/_sandbox, see docs/sandbox.md)");
        println!("TikTok Shop answers at {tiktok_url} (control: {tiktok_url}/_sandbox)");
    }
    stop.wished().await;
    Ok(())
}

/// TikTok Shop answers so many ports above Mercado Livre.
const TIKTOK_SHOP_OFFSET: u16 = 2;

/// The port of a marketplace beside the first one; a free one when that took a free one.
const fn port_beside(base: u16, offset: u16) -> u16 {
    if base == 0 { 0 } else { base.saturating_add(offset) }
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

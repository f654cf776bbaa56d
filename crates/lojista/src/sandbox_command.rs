//! `sandbox`: the simulated marketplace alone.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use sandbox::{Manifest, Sandbox, SandboxConfig, Traffic};
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
    let sandbox = Sandbox::new(SandboxConfig {
        seed: args.seed,
        base_url: base_url.clone(),
        hook_url: args.hook_url,
        redirect_uri: args.redirect_uri,
        traffic: (args.orders_per_minute > 0)
            .then_some(Traffic { orders_per_minute: args.orders_per_minute, seed: args.seed }),
        ..SandboxConfig::new(Arc::new(SystemClock))
    });
    let manifest = sandbox.manifest();
    if let Some(path) = &args.manifest {
        write_manifest(path, &manifest)?;
    }
    let _serving = sandbox.spawn(listener);
    if args.json {
        println!("{}", serde_json::to_string(&manifest).unwrap_or_default());
    } else {
        println!("The sandbox is ready at {base_url} (control: {base_url}/_sandbox, see docs/sandbox.md)");
    }
    stop.wished().await;
    Ok(())
}

/// Listens on this machine only: the sandbox asks nobody for a password.
pub(crate) async fn listen(port: u16) -> Result<TcpListener, Failure> {
    serve::listen((Ipv4Addr::LOCALHOST, port).into(), "base-port").await
}

/// Writes the manifest for its owner alone: it holds working tokens.
pub(crate) fn write_manifest(path: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!(
            "the manifest {} cannot be written: {error}; name another file with --manifest",
            path.display()
        ))
    };
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| failed(error.into()))?;
    crate::folder::write_private(path, &text).map_err(failed)
}

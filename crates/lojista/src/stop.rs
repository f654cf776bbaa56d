//! The wish to end: SIGTERM or Ctrl-C.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::failure::Failure;

/// Tells every part of the program that it is to end. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens for SIGTERM and SIGINT from now on.
    pub(crate) fn on_signals() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::at("signals cannot be heard", error));
        let (mut term, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
        let (tell, told) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("ending: nothing new is taken in, what runs may end");
            let _ = tell.send(true);
            // A second signal means: now.
            tokio::select! {
                _ = term.recv() => {}
                _ = interrupt.recv() => {}
            }
            std::process::exit(1);
        });
        Ok(Self(told))
    }

    /// Whether the program is to end.
    pub(crate) fn is_wished(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the program is to end.
    pub(crate) async fn wished(mut self) {
        // The sender lives as long as its task; should it die, the program ends as well.
        let _ = self.0.wait_for(|wished| *wished).await;
    }
}

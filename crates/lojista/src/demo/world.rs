//! The simulated world outlives the program: it is kept in the demo's folder, so that a
//! second start finds the orders, stock and consents that the shop knows of.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sandbox::mercado_livre::{Event, World};
use sandbox::{Ids, Sandbox};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::folder;
use crate::stop::Stop;

/// The world's file in the demo's folder.
const FILE: &str = "sandbox-world.json";
/// How often the world is kept while it runs: what a power cut may take.
const KEEP_EVERY: Duration = Duration::from_secs(2);

/// How the sandbox is reached this time, and how it reaches the shop.
pub(super) struct Outside {
    /// Grows the world, the first time.
    pub(super) seed: u64,
    /// Where the sandbox answers.
    pub(super) base_url: String,
    /// Where it sends notifications.
    pub(super) hook_url: String,
    /// Where it sends browsers back to.
    pub(super) redirect_uri: String,
}

/// What is kept.
#[derive(Deserialize)]
struct Kept {
    /// How often the world was opened.
    runs: u64,
    world: World,
}

/// [`Kept`], without a copy of the world.
#[derive(Serialize)]
struct Keeping<'a> {
    runs: u64,
    world: &'a World,
}

/// Keeps the world.
pub(super) struct Keeper {
    path: PathBuf,
    runs: u64,
}

/// Opens the world of the folder, or grows a new one.
pub(super) fn open(folder: &Path, outside: Outside) -> Result<(Sandbox, Keeper), Failure> {
    let path = folder.join(FILE);
    let sandbox = super::sandbox_of(&outside);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let keeper = Keeper { path, runs: 1 };
            keeper.save(&sandbox)?;
            return Ok((sandbox, keeper));
        }
        Err(error) => return Err(unusable(&path, &error)),
    };
    let kept: Kept = serde_json::from_slice(&text).map_err(|error| unusable(&path, &error))?;
    let runs = kept.runs + 1;
    let world = moved(kept.world, outside, runs);
    let left_at = world.now;
    sandbox.with_world(|place| *place = world);
    // Time that was pushed ahead in there stays ahead.
    let _ = sandbox.tick(left_at);
    Ok((sandbox, Keeper { path, runs }))
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!(
        "the demo's world {} cannot be used ({error}): begin anew with another folder (--data), or delete this one",
        path.display()
    ))
}

/// The world at its addresses of this run, with nobody visiting yet.
fn moved(mut world: World, outside: Outside, runs: u64) -> World {
    world.base_url = outside.base_url;
    for app in world.apps.values_mut() {
        app.redirect_uris = vec![outside.redirect_uri.clone()];
    }
    for subscription in world.hooks.subscriptions.values_mut() {
        subscription.url = Some(outside.hook_url.clone());
        subscription.disabled.clear();
    }
    world.traffic = None;
    world.agenda.forget(|event| *event == Event::Robot);
    // Ids that a power cut took from the file may be known to the shop: never give them twice.
    world.ids = Ids::new(outside.seed.wrapping_add(runs));
    world
}

/// A seed for the visitors of this run: the same at the first start, another one later,
/// or the same purchases would come again.
pub(super) fn fresh_seed(sandbox: &Sandbox, seed: u64) -> u64 {
    let orders = sandbox.with_world(|world| world.orders.len());
    seed.wrapping_add(u64::try_from(orders).unwrap_or(0))
}

impl Keeper {
    /// Keeps the world every few seconds, and once more at the end.
    pub(super) async fn keep(self, sandbox: Sandbox, stop: Stop) -> Result<(), Failure> {
        let mut turns = tokio::time::interval(KEEP_EVERY);
        let ended = stop.wished();
        tokio::pin!(ended);
        loop {
            let last = tokio::select! {
                _ = turns.tick() => false,
                () = &mut ended => true,
            };
            match tokio::task::block_in_place(|| self.save(&sandbox)) {
                Err(failure) if !last => tracing::warn!("{failure}"),
                outcome if last => return outcome,
                _ => {}
            }
        }
    }

    fn save(&self, sandbox: &Sandbox) -> Result<(), Failure> {
        let text = sandbox.with_world(|world| serde_json::to_vec(&Keeping { runs: self.runs, world }));
        text.map_err(io::Error::from).and_then(|text| folder::write_private(&self.path, &text)).map_err(
            |error| Failure::at(&format!("the demo's world {} cannot be kept", self.path.display()), error),
        )
    }
}

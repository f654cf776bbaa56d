//! What outlives a program under test.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::{App, AppError, Parts};
use connect::Transport;
use connect::outbound::Outbound;
use domain::member::SecondFactorRule;
use domain::{Entropy, ManualClock, SeededEntropy};
use store::Store;
use tempfile::TempDir;
use vault::Keyring;
use vault::password::{Cost, Passwords};

use super::PUBLIC_URL;
use crate::crash::Crash;
use crate::marketplace::Marketplaces;

/// What the key file is called in its folder.
const KEY_FILE: &str = "keys";
/// Separates the chance of the shop, of its keys and of the world.
const KEYS: u64 = 0x4b45_5953;
/// A hash that costs a test nothing.
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

/// A folder with a key file that the seed grows.
pub(super) fn new_key_file(seed: u64) -> TempDir {
    let keys = crate::database::folder();
    let seeded = SeededEntropy::new(seed ^ KEYS);
    Keyring::create(&keys.path().join(KEY_FILE), &seeded).expect("a key file is made");
    keys
}

/// What outlives the program: the world, time, chance.
pub(super) struct Made {
    pub(super) rule: SecondFactorRule,
    pub(super) markets: Marketplaces,
    pub(super) clock: Arc<ManualClock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) crash: Arc<Crash>,
    pub(super) keys: TempDir,
}

impl Made {
    pub(super) fn key_file(&self) -> PathBuf {
        self.keys.path().join(KEY_FILE)
    }

    pub(super) async fn start(&self, store: Store, node: &str, key_file: &Path) -> Result<App, AppError> {
        let parts = Parts {
            store,
            keyring: Arc::new(Keyring::load(key_file).expect("the key file can be read")),
            passwords: Passwords::new(CHEAP).expect("the cost is allowed"),
            channels: self.markets.channels(&self.outbound()),
            clock: self.clock.clone(),
            entropy: Arc::clone(&self.entropy),
            public_url: PUBLIC_URL.to_owned(),
            second_factor: self.rule,
            node: node.to_owned(),
            faults: Some(self.crash.clone()),
        };
        Ok(App::start(parts).await?.worded(Arc::new(web::Letters)))
    }

    fn outbound(&self) -> Arc<Outbound> {
        let transport: Arc<dyn Transport> = Arc::new(self.markets.clone());
        Arc::new(Outbound::new(transport, self.clock.clone()))
    }
}

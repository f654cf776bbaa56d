//! The wiring: what the application is made of, put together in one place.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::{App, Faults, Parts};
use channels::market::ChannelConfig;
use connect::{Channel, HttpTransport, Outbound};
use domain::member::SecondFactorRule;
use domain::{ChannelKind, Clock, Entropy as _};
use store::{Store, settings};
use vault::keyring::{Keyring, KeyringError};
use vault::password::{Cost, Passwords};
use vault::password_rules::Rules;
use vault::{OsEntropy, Token};

use crate::clock::SystemClock;
use crate::config::Storage;
use crate::failure::Failure;
use crate::folder;

/// The data and its keys, opened.
pub(crate) struct Ground {
    /// The store.
    pub(crate) store: Store,
    /// The keys.
    keyring: Keyring,
    /// The unguessable part of the address that hooks come to.
    pub(crate) hook_door: String,
    /// What new passwords may be.
    pub(crate) rules: Rules,
    /// What may end the shop at a step of its ways.
    pub(crate) faults: Option<Arc<dyn Faults>>,
}

/// Opens the data; makes folder, schema and key file at the first start.
pub(crate) async fn open(storage: &Storage) -> Result<Ground, Failure> {
    if let Some(folder) = &storage.folder {
        folder::make(folder)?;
    }
    // A key file that cannot be used is said before the database is touched.
    let keyring = storage.key_file.exists().then(|| Keyring::load(&storage.key_file)).transpose();
    let keyring = keyring.map_err(Failure::new)?;
    let database = storage.database.clone();
    let store = tokio::task::spawn_blocking(move || Store::open(&database))
        .await
        .map_err(|error| Failure::at("the database cannot be opened", error))??;
    let keyring = match keyring {
        Some(keyring) => keyring,
        None => make_keys(storage, &store).await?,
    };
    let fresh = Token::random(&OsEntropy).expose().to_owned();
    let hook_door =
        store.installation().write(move |tx| settings::get_or_set(tx, settings::HOOK_DOOR, &fresh)).await?;
    Ok(Ground { store, keyring, hook_door, rules: Rules::default(), faults: None })
}

/// Makes the key file, but only where no data was sealed yet: a new one beside old data would
/// lock the old data away.
async fn make_keys(storage: &Storage, store: &Store) -> Result<Keyring, Failure> {
    let path = &storage.key_file;
    let sealed = store.installation().read(|tx| settings::get(tx, settings::KEY_CHECK)).await?;
    if sealed.is_some() {
        return Err(Failure::new(format!(
            "the key file {} is missing, and the data was sealed with it: put a copy of it back",
            path.display()
        )));
    }
    let keyring = match Keyring::create(path, &OsEntropy) {
        // Another node was faster.
        Err(KeyringError::Exists(_)) => Keyring::load(path),
        made => made,
    };
    tracing::info!(path = %path.display(), "a key file was made: keep a copy of it apart from the data");
    keyring.map_err(Failure::new)
}

/// The channels of their configurations.
pub(crate) fn channels(
    configs: &[Arc<dyn ChannelConfig>],
) -> Result<BTreeMap<ChannelKind, Arc<dyn Channel>>, Failure> {
    let outbound = Arc::new(outbound()?);
    Ok(configs.iter().map(|config| (config.kind(), config.channel(Arc::clone(&outbound)))).collect())
}

/// The client that calls the outside world.
pub(crate) fn outbound() -> Result<Outbound, Failure> {
    let transport = HttpTransport::new().map_err(|error| Failure::at("the network cannot be used", error))?;
    Ok(Outbound::new(Arc::new(transport), Arc::new(SystemClock)))
}

/// Puts the application together.
pub(crate) async fn build(
    ground: Ground,
    channels: BTreeMap<ChannelKind, Arc<dyn Channel>>,
    public_url: String,
    second_factor: SecondFactorRule,
) -> Result<App, Failure> {
    let passwords =
        Passwords::new(Cost::STANDARD).map_err(|error| Failure::at("passwords cannot be hashed", error))?;
    let parts = Parts {
        store: ground.store,
        keyring: Arc::new(ground.keyring),
        passwords: passwords.with_rules(ground.rules),
        channels,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        public_url,
        second_factor,
        node: node_name(),
        faults: ground.faults,
    };
    Ok(App::start(parts).await?)
}

/// Names this run of the program in leases: after a restart the old name's leases are
/// nobody's.
fn node_name() -> String {
    format!("{}-{:08x}-{}", std::process::id(), OsEntropy.below(1 << 32), SystemClock.now().as_millis())
}

//! The configuration: flags before environment before file, checked as a whole before
//! anything starts. Documented in `docs/configuration.md`, which a test holds to the
//! settings listed here.

pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod log;
pub(crate) mod mail;
pub(crate) mod passwords;
pub(crate) mod provider;
pub(crate) mod redis;
pub(crate) mod server;
pub(crate) mod storage;
mod values;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use channels::market::{self, ChannelConfig};
use connect::settings::SettingError;

pub(crate) use audit::Audit;
pub(crate) use backup::Backup;
pub(crate) use connect::settings::Setting;
pub(crate) use log::{Log, LogFormat};
pub(crate) use mail::Mail;
pub(crate) use passwords::Passwords;
pub(crate) use provider::Provider;
pub(crate) use redis::Redis;
pub(crate) use server::Server;
pub(crate) use storage::Storage;
pub(crate) use values::{Sources, Values, unknown_variables};

/// The house's own settings, by section; those of the channels come behind.
const SECTIONS: [&[Setting]; 9] = [
    server::SETTINGS,
    passwords::SETTINGS,
    storage::SETTINGS,
    log::SETTINGS,
    backup::SETTINGS,
    audit::SETTINGS,
    redis::SETTINGS,
    mail::SETTINGS,
    provider::SETTINGS,
];

/// Every setting.
pub(crate) fn settings() -> impl Iterator<Item = &'static Setting> + Clone {
    SECTIONS.into_iter().flatten().chain(market::settings())
}

/// Names the configuration file.
pub(crate) const CONFIG_VARIABLE: &str = "LOJISTA_CONFIG";
/// Taken from the working folder when nobody names a file.
const CONFIG_FILE: &str = "lojista.toml";

/// Every variable that means something.
pub(crate) fn variables() -> impl Iterator<Item = String> {
    let files = settings().filter(|setting| setting.secret);
    settings()
        .map(|setting| setting.variable.to_owned())
        .chain(files.map(|setting| format!("{}_FILE", setting.variable)))
        .chain([CONFIG_VARIABLE.to_owned()])
}

/// Why the configuration cannot be used. Each text says the mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A name in the file that means nothing.
    #[error("{path} sets {key}, which means nothing{hint}")]
    UnknownKey {
        /// The file.
        path: String,
        /// The name.
        key: String,
        /// The nearest name there is.
        hint: String,
    },
    /// A file that cannot be read.
    #[error("{what} cannot be read: {error}")]
    Unreadable {
        /// The file.
        what: String,
        /// What the system said.
        error: String,
    },
    /// A file that is no TOML.
    #[error("{path} is not in the form of TOML: {error}")]
    NotToml {
        /// The file.
        path: String,
        /// Where it goes wrong.
        error: String,
    },
    /// A secret given twice.
    #[error("{variable} and {file_variable} are both set: keep one of them")]
    BothSet {
        /// The variable that holds it.
        variable: &'static str,
        /// The variable that names its file.
        file_variable: String,
    },
    /// A value that is none, or settings that cannot hold together.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

/// The configuration of a shop.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Where the program listens and how others reach it.
    pub(crate) server: Server,
    /// What new passwords may be.
    pub(crate) passwords: Passwords,
    /// Where the data lives.
    pub(crate) storage: Storage,
    /// What the program tells about itself.
    pub(crate) log: Log,
    /// Where backups go.
    pub(crate) backup: Backup,
    /// Where checkpoints of the audit log go.
    pub(crate) audit: Audit,
    /// Where several nodes keep their limits.
    pub(crate) redis: Redis,
    /// How letters go out.
    pub(crate) mail: Mail,
    /// The team's identity provider.
    pub(crate) provider: Provider,
    /// The channels that are on.
    pub(crate) channels: Vec<Arc<dyn ChannelConfig>>,
}

impl Config {
    /// Reads and checks everything.
    pub(crate) fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let values = Values::gather(sources)?;
        Ok(Self {
            server: Server::read(&values)?,
            passwords: Passwords::read(&values)?,
            storage: Storage::read(&values, &data_home(&sources.environment, "lojista"))?,
            log: Log::read(&values)?,
            backup: Backup::read(&values)?,
            audit: Audit::read(&values)?,
            redis: Redis::read(&values)?,
            mail: Mail::read(&values)?,
            provider: Provider::read(&values)?,
            channels: market::configured(&values.for_channels())?,
        })
    }
}

/// The configuration file: the one named, else the one in the working folder.
pub(crate) fn config_file(flag: Option<PathBuf>, environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    flag.or_else(|| environment.get(CONFIG_VARIABLE).map(PathBuf::from))
        .or_else(|| Some(PathBuf::from(CONFIG_FILE)).filter(|file| file.exists()))
}

/// A folder of ours in the user's data home (XDG), else `./data` in the working folder.
pub(crate) fn data_home(environment: &BTreeMap<String, String>, name: &str) -> PathBuf {
    let set = |variable| environment.get(variable).filter(|text| !text.is_empty());
    let home = set("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| Path::new(home).join(".local/share")));
    match home {
        Some(home) => home.join(name),
        None if name == "lojista" => PathBuf::from("data"),
        None => PathBuf::from("data").join(name),
    }
}

//! Section `storage`: where the data lives.

use std::path::{Path, PathBuf};

use connect::settings::SettingError;
use store::Location;
use store::db::check_address;

use super::{ConfigError, Setting, Values};

/// What this section takes.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "storage.data",
        variable: "LOJISTA_DATA",
        secret: false,
        default: "lojista in the user's data home, else ./data",
        about: "The data folder: database and key file. It is made at the first start, for its owner alone.",
    },
    Setting {
        key: "storage.database_url",
        variable: "LOJISTA_DATABASE_URL",
        secret: true,
        default: "none: SQLite in the data folder",
        about: "A PostgreSQL database instead, as in postgres://user:password@host/name?sslmode=verify-full. Set storage.key_file with it and leave storage.data out.",
    },
    Setting {
        key: "storage.database_ca_file",
        variable: "LOJISTA_DATABASE_CA_FILE",
        secret: false,
        default: "the system's certificates",
        about: "A file of certificates (PEM) that the database server's is checked against, for an authority of one's own.",
    },
    Setting {
        key: "storage.database_plaintext_host",
        variable: "LOJISTA_DATABASE_PLAINTEXT_HOST",
        secret: false,
        default: "none",
        about: "The one host to which the database may be spoken to without TLS, besides this machine: for a network that is yours alone.",
    },
    Setting {
        key: "storage.key_file",
        variable: "LOJISTA_KEY_FILE",
        secret: false,
        default: "keys in the data folder",
        about: "The key file, mode 0400. Without it the data cannot be read: keep a copy apart from the data.",
    },
];

/// The database's name in the data folder.
const DATABASE_FILE: &str = "lojista.sqlite";
/// The key file's name in the data folder.
const KEY_FILE: &str = "keys";

/// Where the data lives.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Storage {
    /// `storage.data`, `LOJISTA_DATA`; `None` with a database server.
    pub(crate) folder: Option<PathBuf>,
    /// `storage.database_url`, `LOJISTA_DATABASE_URL`, or the file in the data folder.
    pub(crate) database: Location,
    /// `storage.key_file`, `LOJISTA_KEY_FILE`.
    pub(crate) key_file: PathBuf,
}

impl Storage {
    /// Everything in one folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            folder: Some(folder.to_owned()),
            database: Location::File(folder.join(DATABASE_FILE)),
            key_file: folder.join(KEY_FILE),
        }
    }

    /// Reads the section. `home` is the folder for data when nobody names one.
    pub(crate) fn read(values: &Values, home: &Path) -> Result<Self, ConfigError> {
        let (data, url) = (values.get("storage.data"), values.get("storage.database_url"));
        let key_file = values.get("storage.key_file").map(|given| PathBuf::from(&given.text));
        let ca_file = values.get("storage.database_ca_file");
        let plaintext_host = values.get("storage.database_plaintext_host");
        let Some(url) = url else {
            if let Some(alone) = ca_file.or(plaintext_host) {
                return Err(SettingError::Contradiction(format!(
                    "{} speaks of a database server that is not set: set LOJISTA_DATABASE_URL, or leave both out",
                    alone.origin
                ))
                .into());
            }
            let folder = data.map_or_else(|| home.to_owned(), |given| PathBuf::from(&given.text));
            let inside = Self::in_folder(&folder);
            return Ok(Self { key_file: key_file.unwrap_or_else(|| inside.key_file.clone()), ..inside });
        };
        if let Some(data) = data {
            return Err(SettingError::Contradiction(format!(
                "{} and {} both say where the data lives: keep {} for the embedded database or {} for a server",
                data.origin, url.origin, data.origin, url.origin
            ))
            .into());
        }
        let key_file = key_file.ok_or_else(|| {
            SettingError::Contradiction(
                "with a database server there is no data folder for the key file: set LOJISTA_KEY_FILE to where \
                 it is to be (the same file on every node)"
                    .into(),
            )
        })?;
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.text.starts_with(scheme)) {
            return Err(url.wrong("an address that begins with postgres://"));
        }
        let mut address = url.text.trim().to_owned();
        if let Some(file) = ca_file {
            let separator = if address.contains('?') { '&' } else { '?' };
            let file: String = url::form_urlencoded::byte_serialize(file.text.trim().as_bytes()).collect();
            address = format!("{address}{separator}sslrootcert={file}");
        }
        let plaintext_host = plaintext_host.map(|given| given.text.trim());
        check_address(&address, plaintext_host).map_err(|error| url.wrong(error))?;
        Ok(Self { folder: None, database: Location::Server(address), key_file })
    }
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Storage({:?}, keys {})", self.database, self.key_file.display())
    }
}

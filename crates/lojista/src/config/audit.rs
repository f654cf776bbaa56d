//! Section `audit`: where signed checkpoints of the audit log go.

use std::path::PathBuf;
use std::sync::Arc;

use app::audit_push::PushPlace;
use connect::{BaseUrl, Outbound};

use super::{ConfigError, Setting, Values};

/// What this section takes.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "audit.push_dir",
        variable: "LOJISTA_AUDIT_PUSH_DIR",
        secret: false,
        default: "none",
        about: "A folder outside this machine's reach, such as a mount of somebody else's: each signed checkpoint becomes a file there that is never changed. It has to exist.",
    },
    Setting {
        key: "audit.push_url",
        variable: "LOJISTA_AUDIT_PUSH_URL",
        secret: true,
        default: "none",
        about: "An https:// address that gets each signed checkpoint by POST, as text.",
    },
];

/// Where checkpoints go.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Audit {
    /// `audit.push_dir`, `LOJISTA_AUDIT_PUSH_DIR`.
    pub(crate) push_dir: Option<PathBuf>,
    /// `audit.push_url`, `LOJISTA_AUDIT_PUSH_URL`; checked.
    pub(crate) push_url: Option<String>,
}

impl Audit {
    /// Reads the section.
    pub(crate) fn read(values: &Values) -> Result<Self, ConfigError> {
        let push_url = match values.get("audit.push_url") {
            Some(given) => {
                let text = given.text.trim();
                BaseUrl::parse(text).map_err(|error| given.wrong(error))?;
                Some(text.to_owned())
            }
            None => None,
        };
        let push_dir = values.get("audit.push_dir").map(|given| PathBuf::from(given.text.trim()));
        Ok(Self { push_dir, push_url })
    }

    /// The places.
    pub(crate) fn places(&self, outbound: &Arc<Outbound>) -> Vec<PushPlace> {
        let folder = self.push_dir.clone().map(PushPlace::folder);
        let address = self.push_url.as_deref();
        // Its text was checked when it was read.
        let address = address.and_then(|text| PushPlace::address(text, Arc::clone(outbound)).ok());
        folder.into_iter().chain(address).collect()
    }
}

/// The address's path may be a key to the place.
impl std::fmt::Debug for Audit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Audit({:?}, address: {})", self.push_dir, self.push_url.is_some())
    }
}

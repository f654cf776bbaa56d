//! Section `backup`: where backups go, how often, how long they are kept.

mod bucket;

use std::path::PathBuf;
use std::time::Duration;

use connect::bucket::BucketPlace;
use connect::settings::SettingError;

use super::values::Origin;
use super::{ConfigError, Setting, Values};

/// What this section takes.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "backup.dir",
        variable: "LOJISTA_BACKUP_DIR",
        secret: false,
        default: "none: no backups are taken",
        about: "The folder that backups are put into, best on another machine's disk. What lies there is sealed.",
    },
    Setting {
        key: "backup.every",
        variable: "LOJISTA_BACKUP_EVERY",
        secret: false,
        default: "1h",
        about: "How often one is taken, in seconds, minutes, hours or days, as in 30s, 5m, 1h, 1d.",
    },
    Setting {
        key: "backup.keep",
        variable: "LOJISTA_BACKUP_KEEP",
        secret: false,
        default: "30",
        about: "Days that they are kept for: each of the last hour, one an hour of the last day, one a day before.",
    },
    Setting {
        key: "backup.s3_endpoint",
        variable: "LOJISTA_BACKUP_S3_ENDPOINT",
        secret: false,
        default: "none",
        about: "A server of S3-compatible storage that backups are put into instead, as in https://s3.sa-east-1.amazonaws.com. It may stand in a network of your own; http:// goes to this machine alone.",
    },
    Setting {
        key: "backup.s3_bucket",
        variable: "LOJISTA_BACKUP_S3_BUCKET",
        secret: false,
        default: "none",
        about: "The bucket there. It has to exist.",
    },
    Setting {
        key: "backup.s3_prefix",
        variable: "LOJISTA_BACKUP_S3_PREFIX",
        secret: false,
        default: "none: the bucket itself",
        about: "What names in the bucket begin with, as in lojista/casa. Each installation needs a place of its own.",
    },
    Setting {
        key: "backup.s3_region",
        variable: "LOJISTA_BACKUP_S3_REGION",
        secret: false,
        default: "us-east-1",
        about: "The region that the bucket lies in; servers without regions take any.",
    },
    Setting {
        key: "backup.s3_style",
        variable: "LOJISTA_BACKUP_S3_STYLE",
        secret: false,
        default: "path; virtual-host at amazonaws.com",
        about: "Where an address names the bucket: path (https://host/bucket) or virtual-host (https://bucket.host).",
    },
    Setting {
        key: "backup.s3_access_key_id",
        variable: "LOJISTA_BACKUP_S3_ACCESS_KEY_ID",
        secret: false,
        default: "none",
        about: "The access key that may put, get, list and delete there, and nothing else.",
    },
    Setting {
        key: "backup.s3_secret_access_key",
        variable: "LOJISTA_BACKUP_S3_SECRET_ACCESS_KEY",
        secret: true,
        default: "none",
        about: "The secret half of that key.",
    },
];

/// Shortest time between two backups.
const SHORTEST: Duration = Duration::from_secs(10);
/// Longest time between two backups, as what is taken less often is no backup.
const LONGEST: Duration = Duration::from_hours(7 * 24);
/// Most days that backups are kept for: ten years.
const MOST_DAYS: u32 = 3_653;

/// A place for backups.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// `backup.dir`, `LOJISTA_BACKUP_DIR`.
    Folder(PathBuf),
    /// `backup.s3_…`, `LOJISTA_BACKUP_S3_…`.
    Bucket(BucketPlace),
}

/// Where backups go.
#[derive(Debug, Clone)]
pub(crate) struct Backup {
    /// Where they lie, if anybody said.
    pub(crate) place: Option<Place>,
    /// `backup.every`, `LOJISTA_BACKUP_EVERY`.
    pub(crate) every: Duration,
    /// `backup.keep`, `LOJISTA_BACKUP_KEEP`.
    pub(crate) keep_days: u32,
}

impl Default for Backup {
    fn default() -> Self {
        Self { place: None, every: Duration::from_hours(1), keep_days: 30 }
    }
}

impl Backup {
    /// Reads the section.
    pub(crate) fn read(values: &Values) -> Result<Self, ConfigError> {
        let mut backup = Self { place: place(values)?, ..Self::default() };
        if let Some(given) = values.get("backup.every") {
            let every = span(given.text.trim()).filter(|every| (SHORTEST..=LONGEST).contains(every));
            backup.every =
                every.ok_or_else(|| given.wrong("a time from 10s to 7d, as in 30s, 5m, 1h, 1d"))?;
        }
        if let Some(given) = values.get("backup.keep") {
            let expected = "a number of days from 1 to 3653";
            backup.keep_days = given.read(expected)?;
            if !(1..=MOST_DAYS).contains(&backup.keep_days) {
                return Err(given.wrong(expected));
            }
        }
        Ok(backup)
    }
}

/// The folder or the bucket. A folder that a flag names goes before a bucket that is set.
fn place(values: &Values) -> Result<Option<Place>, ConfigError> {
    let folder = values.get("backup.dir");
    let named = folder.map(|given| Place::Folder(PathBuf::from(given.text.trim())));
    if folder.is_some_and(|given| matches!(given.origin, Origin::Flag(_))) {
        return Ok(named);
    }
    match (named, bucket::read(values)?) {
        (Some(_), Some(_)) => Err(SettingError::Contradiction(
            "LOJISTA_BACKUP_DIR and LOJISTA_BACKUP_S3_BUCKET both say where backups go: keep one of them"
                .into(),
        )
        .into()),
        (folder, bucket) => Ok(folder.or(bucket.map(Place::Bucket))),
    }
}

/// A number and a letter for its unit.
fn span(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        assert_eq!(span("30s"), Some(Duration::from_secs(30)));
        assert_eq!(span("5m"), Some(Duration::from_mins(5)));
        assert_eq!(span("1d"), Some(Duration::from_hours(24)));
        for text in
            ["", "s", "5", "5 m", "-1s", "1h30m", "5ä", "99999999999999999999s", "999999999999999999d"]
        {
            assert_eq!(span(text), None, "{text:?}");
        }
    }
}

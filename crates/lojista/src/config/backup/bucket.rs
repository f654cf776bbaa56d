//! A bucket of S3-compatible storage as the place for backups.

use connect::bucket::place::{self, BucketPlace, DEFAULT_REGION, PlaceError};
use connect::settings::SettingError;
use domain::Restricted;
use vault::sigv4::AccessKey;

use super::super::values::Given;
use super::super::{ConfigError, Values};

/// What has to be set together: the setting, its variable.
const NEEDED: [(&str, &str); 4] = [
    ("backup.s3_endpoint", "LOJISTA_BACKUP_S3_ENDPOINT"),
    ("backup.s3_bucket", "LOJISTA_BACKUP_S3_BUCKET"),
    ("backup.s3_access_key_id", "LOJISTA_BACKUP_S3_ACCESS_KEY_ID"),
    ("backup.s3_secret_access_key", "LOJISTA_BACKUP_S3_SECRET_ACCESS_KEY"),
];
/// What may be set beside them.
const BESIDE: [&str; 3] = ["backup.s3_prefix", "backup.s3_region", "backup.s3_style"];

/// The bucket, if one is set; a part of it alone is refused.
pub(super) fn read(values: &Values) -> Result<Option<BucketPlace>, ConfigError> {
    let is_set = |key: &&'static str| values.get(key).is_some();
    let given = NEEDED.map(|(key, _)| values.get(key));
    let [Some(endpoint), Some(bucket), Some(id), Some(secret)] = given else {
        let some = given.iter().any(Option::is_some) || BESIDE.iter().any(is_set);
        return if some { Err(lacking(values)) } else { Ok(None) };
    };
    let server = checked(endpoint, place::endpoint)?;
    let name = checked(bucket, place::bucket_name)?;
    let region = values.get("backup.s3_region").map(|given| checked(given, place::region)).transpose()?;
    let prefix = values.get("backup.s3_prefix").map(|given| checked(given, place::prefix)).transpose()?;
    let style = match values.get("backup.s3_style") {
        Some(given) => given.read("path or virtual-host")?,
        None => place::usual_style(&server, &name),
    };
    let id = id.text.trim();
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+=@".contains(&byte)) {
        return Err(given_wrong_id(values));
    }
    let secret = Restricted::new(secret.text.trim().to_owned());
    let key = AccessKey::new(id.to_owned(), secret, region.unwrap_or_else(|| DEFAULT_REGION.to_owned()));
    let place = BucketPlace::new(server, name, prefix.unwrap_or_default(), style, key);
    place.map(Some).ok_or_else(|| {
        contradiction(
            "LOJISTA_BACKUP_S3_STYLE is virtual-host, and the bucket cannot stand in the server's name (it has dots, or the \
             server is an IP address): set LOJISTA_BACKUP_S3_STYLE to path",
        )
    })
}

fn checked<T>(given: &Given, check: fn(&str) -> Result<T, PlaceError>) -> Result<T, ConfigError> {
    check(given.text.trim()).map_err(|error| given.wrong(error))
}

fn given_wrong_id(values: &Values) -> ConfigError {
    match values.get("backup.s3_access_key_id") {
        Some(given) => given.wrong("the id of an access key: letters, digits and -_.+=@"),
        None => lacking(values),
    }
}

fn lacking(values: &Values) -> ConfigError {
    let lacking = NEEDED.iter().filter(|(key, _)| values.get(key).is_none()).map(|(_, variable)| *variable);
    let lacking: Vec<&str> = lacking.collect();
    contradiction(&format!(
        "a bucket for backups is set in part: set {} too, or leave all of LOJISTA_BACKUP_S3_… out",
        lacking.join(", ")
    ))
}

fn contradiction(text: &str) -> ConfigError {
    SettingError::Contradiction(text.into()).into()
}

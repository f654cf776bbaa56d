//! Section `redis`: where several nodes keep their limits together.

use connect::settings::SettingError;
use store::redis_limits::RedisLimits;

use super::{ConfigError, Setting, Values};

/// What this section takes.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "redis.url",
        variable: "LOJISTA_REDIS_URL",
        secret: true,
        default: "none: limits are kept in the database",
        about: "A Redis or Valkey server that keeps the limits of all nodes, as in rediss://user:password@host:6380/0. While it is away the database keeps them.",
    },
    Setting {
        key: "redis.plaintext_host",
        variable: "LOJISTA_REDIS_PLAINTEXT_HOST",
        secret: false,
        default: "none",
        about: "The one host to which redis:// may go without TLS, besides this machine: for a network that is yours alone.",
    },
];

/// Where limits are kept.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Redis {
    /// `redis.url`, `LOJISTA_REDIS_URL`; checked.
    url: Option<String>,
    /// `redis.plaintext_host`, `LOJISTA_REDIS_PLAINTEXT_HOST`.
    plaintext_host: Option<String>,
}

impl Redis {
    /// Reads the section.
    pub(crate) fn read(values: &Values) -> Result<Self, ConfigError> {
        let plaintext_host = values.get("redis.plaintext_host").map(|given| given.text.trim().to_owned());
        let Some(given) = values.get("redis.url") else {
            if plaintext_host.is_some() {
                return Err(SettingError::Contradiction(
                    "LOJISTA_REDIS_PLAINTEXT_HOST names a host for an address that is not set: set LOJISTA_REDIS_URL, \
                     or leave both out"
                        .into(),
                )
                .into());
            }
            return Ok(Self::default());
        };
        let url = given.text.trim().to_owned();
        RedisLimits::new(&url, plaintext_host.as_deref()).map_err(|error| given.wrong(error))?;
        Ok(Self { url: Some(url), plaintext_host })
    }

    /// The limits, if a server is configured. Its address was checked when it was read.
    pub(crate) fn limits(&self) -> Option<RedisLimits> {
        RedisLimits::new(self.url.as_deref()?, self.plaintext_host.as_deref()).ok()
    }
}

/// The address holds a password.
impl std::fmt::Debug for Redis {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Redis(configured: {}, in clear to {:?})", self.url.is_some(), self.plaintext_host)
    }
}

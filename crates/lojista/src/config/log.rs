//! Section `log`: what the program tells about itself.

use super::{ConfigError, Setting, Values};

/// What this section takes.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "log.filter",
        variable: "LOJISTA_LOG",
        secret: false,
        default: "info",
        about: "What is told on standard error: a level, or levels by module, as in info,app=debug.",
    },
    Setting {
        key: "log.format",
        variable: "LOJISTA_LOG_FORMAT",
        secret: false,
        default: "text",
        about: "text for people, json for machines.",
    },
];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// What the program tells about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// `log.filter`, `LOJISTA_LOG`.
    pub(crate) filter: String,
    /// `log.format`, `LOJISTA_LOG_FORMAT`.
    pub(crate) format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".into(), format: LogFormat::Text }
    }
}

impl Log {
    /// Reads the section.
    pub(crate) fn read(values: &Values) -> Result<Self, ConfigError> {
        let mut log = Self::default();
        if let Some(given) = values.get("log.filter") {
            if tracing_subscriber::EnvFilter::try_new(&given.text).is_err() {
                return Err(given.wrong("a level (error, warn, info, debug, trace), or levels by module"));
            }
            log.filter.clone_from(&given.text);
        }
        if let Some(given) = values.get("log.format") {
            log.format = match given.text.as_str() {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err(given.wrong("text or json")),
            };
        }
        Ok(log)
    }
}

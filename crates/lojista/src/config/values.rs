//! Where settings come from, and which one wins: flags, then the environment, then the
//! file. Everything that can be set stands in [`super::settings`]; nothing else is taken.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use connect::settings::{self, Setting, SettingError};

use super::{ConfigError, settings as every_setting};

/// Longest file taken for a secret, in bytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;
/// A wrong name this many letters away from a right one is taken for a slip of it.
const NEAR_LETTERS: usize = 5;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag of the command line.
    Flag(&'static str),
    /// A variable.
    Variable(String),
    /// The configuration file.
    File {
        /// Which one.
        path: PathBuf,
        /// The setting in it.
        key: &'static str,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(out, "--{flag}"),
            Self::Variable(name) => out.write_str(name),
            Self::File { path, key } => write!(out, "{key} in {}", path.display()),
        }
    }
}

/// A value as it was given.
#[derive(Clone)]
pub(crate) struct Given {
    /// Its text.
    pub(crate) text: String,
    /// Where it came from.
    pub(crate) origin: Origin,
}

impl Given {
    /// Reads the text as a `T`; `expected` says what would be right.
    pub(crate) fn read<T: FromStr>(&self, expected: &'static str) -> Result<T, ConfigError> {
        self.text.trim().parse().map_err(|_| self.wrong(expected))
    }

    /// The value is not what it should be. Its text is not shown: it may be a secret.
    pub(crate) fn wrong(&self, expected: impl fmt::Display) -> ConfigError {
        let (origin, expected) = (self.origin.to_string(), expected.to_string());
        SettingError::WrongValue { origin, expected }.into()
    }
}

/// What the three sources say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// Flags that were given: setting, flag, text.
    pub(crate) flags: Vec<(&'static str, &'static str, String)>,
    /// The environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// The configuration file, if there is one.
    pub(crate) file: Option<PathBuf>,
}

/// The value of each setting that was given.
#[derive(Clone, Default)]
pub(crate) struct Values(BTreeMap<&'static str, Given>);

impl Values {
    /// Gathers the sources; a later one in the order file, environment, flags wins.
    pub(crate) fn gather(sources: &Sources) -> Result<Self, ConfigError> {
        let mut values = BTreeMap::new();
        if let Some(path) = &sources.file {
            read_file(path, &mut values)?;
        }
        for setting in every_setting() {
            if let Some(given) = from_environment(setting, &sources.environment)? {
                values.insert(setting.key, given);
            }
        }
        for (key, flag, text) in &sources.flags {
            values.insert(key, Given { text: text.clone(), origin: Origin::Flag(flag) });
        }
        Ok(Self(values))
    }

    /// All of it, as channels read theirs.
    pub(crate) fn for_channels(&self) -> settings::Settings {
        let told =
            |given: &Given| settings::Given { text: given.text.clone(), origin: given.origin.to_string() };
        self.0.iter().map(|(key, given)| (*key, told(given))).collect()
    }

    /// A setting's value, if it was given and is not empty.
    pub(crate) fn get(&self, key: &'static str) -> Option<&Given> {
        self.0.get(key).filter(|given| !given.text.trim().is_empty())
    }
}

fn from_environment(
    setting: &Setting,
    environment: &BTreeMap<String, String>,
) -> Result<Option<Given>, ConfigError> {
    let plain = environment.get(setting.variable);
    let file_variable = format!("{}_FILE", setting.variable);
    let named = if setting.secret { environment.get(&file_variable) } else { None };
    match (plain, named) {
        (Some(_), Some(_)) => Err(ConfigError::BothSet { variable: setting.variable, file_variable }),
        (Some(text), None) => {
            Ok(Some(Given { text: text.clone(), origin: Origin::Variable(setting.variable.to_owned()) }))
        }
        (None, Some(path)) => {
            let text = read_secret(Path::new(path)).map_err(|error| ConfigError::Unreadable {
                what: format!("{path} (named by {file_variable})"),
                error: error.to_string(),
            })?;
            Ok(Some(Given { text, origin: Origin::Variable(file_variable) }))
        }
        (None, None) => Ok(None),
    }
}

/// A secret's file; the line end that editors add is not part of it.
fn read_secret(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_SECRET_BYTES {
        return Err(io::Error::other(format!("the file has more than {MAX_SECRET_BYTES} bytes")));
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn read_file(path: &Path, values: &mut BTreeMap<&'static str, Given>) -> Result<(), ConfigError> {
    let shown = || path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { what: shown(), error: error.to_string() })?;
    let tables: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::NotToml {
        path: shown(),
        error: error.message().to_owned(),
    })?;
    for (section, content) in tables {
        let toml::Value::Table(entries) = content else {
            return Err(unknown(path, &section));
        };
        for (name, value) in entries {
            let key = format!("{section}.{name}");
            let setting = known(&key).ok_or_else(|| unknown(path, &key))?;
            let origin = Origin::File { path: path.to_owned(), key: setting.key };
            let given = Given { text: String::new(), origin };
            let text = text_of(value).ok_or_else(|| given.wrong("a text, a number or a list of texts"))?;
            values.insert(setting.key, Given { text, ..given });
        }
    }
    Ok(())
}

fn text_of(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Array(entries) => {
            let texts: Option<Vec<String>> =
                entries.into_iter().map(|entry| entry.as_str().map(str::to_owned)).collect();
            Some(texts?.join(","))
        }
        toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Table(_) => None,
    }
}

fn known(key: &str) -> Option<&'static Setting> {
    every_setting().find(|setting| setting.key == key)
}

fn unknown(path: &Path, key: &str) -> ConfigError {
    let keys = every_setting().map(|setting| setting.key);
    let hint = nearest(key, keys).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    ConfigError::UnknownKey { path: path.display().to_string(), key: key.to_owned(), hint }
}

/// Variables that look like ours and are not: a slip of the pen, most likely. They are
/// told, not refused: container systems put variables of their own beside ours.
pub(crate) fn unknown_variables(environment: &BTreeMap<String, String>) -> Vec<String> {
    let ours: Vec<String> = super::variables().collect();
    environment
        .keys()
        .filter(|name| name.starts_with("LOJISTA_") && !name.starts_with("LOJISTA_TEST_"))
        .filter(|name| !ours.contains(name))
        .filter_map(|name| {
            let near = nearest(name, ours.iter().map(String::as_str))?;
            Some(format!("{name} means nothing; did you mean {near}?"))
        })
        .collect()
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(letters, _)| *letters <= NEAR_LETTERS)
        .min_by_key(|(letters, _)| *letters)
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, delete or change to get from one text to the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (column, against) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *against);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_single_letters() {
        assert_eq!(distance("listen", "listen"), 0);
        assert_eq!(distance("listn", "listen"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn a_slip_in_a_variable_is_told_and_a_container_s_own_variable_is_let_be() {
        let environment = ["LOJISTA_LISTN", "LOJISTA_PORT_8080_TCP_ADDR", "LOJISTA_LISTEN", "HOME"]
            .map(|name| (name.to_owned(), String::new()))
            .into();
        let told = unknown_variables(&environment);
        assert_eq!(told, ["LOJISTA_LISTN means nothing; did you mean LOJISTA_LISTEN?"]);
    }
}

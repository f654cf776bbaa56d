//! Section `password`: what new passwords may be, beyond what always holds.

use std::path::Path;

use vault::breached::BreachedPasswords;
use vault::password_rules::Rules;

use super::{ConfigError, Setting, Values};

/// What this section takes.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "password.classes",
        variable: "LOJISTA_PASSWORD_CLASSES",
        secret: false,
        default: "0",
        about: "1 demands a small letter, a capital, a digit and a sign of each new password. Such rules make passwords worse (OWASP ASVS 6.2.5); only a marketplace's questionnaire asks for them.",
    },
    Setting {
        key: "password.breached",
        variable: "LOJISTA_BREACHED_PASSWORDS",
        secret: false,
        default: "none: the commonest passwords alone, which are built in",
        about: "A file of passwords that leaked, which new ones must not be in: a line `SHA1:count` for each, sorted, as Pwned Passwords is published. Of each hash the first 16 hex digits are enough. It is searched where it lies.",
    },
];

/// What an operator adds to the rules for new passwords.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passwords {
    /// `password.classes`, `LOJISTA_PASSWORD_CLASSES`.
    pub(crate) four_classes: bool,
    /// `password.breached`, `LOJISTA_BREACHED_PASSWORDS`.
    breached: Option<BreachedPasswords>,
}

impl Passwords {
    /// Reads the section, and looks whether the file is what it should be.
    pub(crate) fn read(values: &Values) -> Result<Self, ConfigError> {
        let four_classes = match values.get("password.classes") {
            None => false,
            Some(given) => match given.text.trim() {
                "0" => false,
                "1" => true,
                _ => return Err(given.wrong("1 or 0")),
            },
        };
        let breached = match values.get("password.breached") {
            None => None,
            Some(given) => {
                let list = BreachedPasswords::open(Path::new(given.text.trim()));
                Some(list.map_err(|error| {
                    given.wrong(format!("a sorted file with a line SHA1:count for each password ({error})"))
                })?)
            }
        };
        Ok(Self { four_classes, breached })
    }

    /// The rules for new passwords.
    pub(crate) fn rules(&self) -> Rules {
        Rules { four_classes: self.four_classes, breached: self.breached.clone() }
    }
}

//! What the operator tells a channel: its settings, each with a name in the file and one in
//! the environment, and how they are read. What each is stands beside the channel.

use std::collections::BTreeMap;

use domain::Restricted;

use crate::outbound::BaseUrl;

/// Something that can be set.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name in the file: `section.key`.
    pub key: &'static str,
    /// Its name in the environment.
    pub variable: &'static str,
    /// Whether it may also be read from the file that `<variable>_FILE` names.
    pub secret: bool,
    /// What holds when nobody sets it, in words.
    pub default: &'static str,
    /// What it is.
    pub about: &'static str,
}

impl Setting {
    /// The variable that is best set: a secret's text is better kept in a file.
    fn advice(&self) -> String {
        if self.secret { format!("{}_FILE", self.variable) } else { self.variable.to_owned() }
    }
}

/// A value, and where it came from.
#[derive(Clone)]
pub struct Given {
    /// Its text.
    pub text: String,
    /// Where it came from, in words.
    pub origin: String,
}

/// Why settings cannot be used. Each text says the mend, and none shows a value: it may be a
/// secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A value that is none.
    #[error("{origin} is not right: expected {expected}")]
    WrongValue {
        /// Where it came from.
        origin: String,
        /// What would be right.
        expected: String,
    },
    /// Settings that cannot hold together.
    #[error("{0}")]
    Contradiction(String),
}

/// The values that were given, by the key of their setting.
#[derive(Clone, Default)]
pub struct Settings(BTreeMap<&'static str, Given>);

impl FromIterator<(&'static str, Given)> for Settings {
    fn from_iter<I: IntoIterator<Item = (&'static str, Given)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// What an app was registered as.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The public values, in the order they were asked for.
    pub ids: Vec<String>,
    /// The secret.
    pub secret: Restricted<String>,
}

impl Settings {
    /// A setting's value, without the blanks around it, if it was given and is not empty.
    #[must_use]
    pub fn get(&self, setting: &Setting) -> Option<&str> {
        self.given(setting).map(|given| given.text.trim())
    }

    fn given(&self, setting: &Setting) -> Option<&Given> {
        self.0.get(setting.key).filter(|given| !given.text.trim().is_empty())
    }

    /// The value of a setting is not what it should be.
    #[must_use]
    pub fn wrong(&self, setting: &Setting, expected: impl std::fmt::Display) -> SettingError {
        let origin = self.given(setting).map_or(setting.variable, |given| &given.origin).to_owned();
        SettingError::WrongValue { origin, expected: expected.to_string() }
    }

    /// The registration of a channel's app, which is whole or not there: `ids` and `secret`
    /// belong together, and none of `others` means anything without them.
    ///
    /// # Errors
    /// [`SettingError::Contradiction`] when a part of it is missing.
    pub fn registration(
        &self,
        ids: &[&Setting],
        secret: &Setting,
        others: &[&Setting],
    ) -> Result<Option<Registration>, SettingError> {
        let parts = || ids.iter().copied().chain([secret]);
        let missing: Vec<String> =
            parts().filter(|part| self.given(part).is_none()).map(Setting::advice).collect();
        let Some(first) = parts().find_map(|part| self.given(part)) else {
            return match others.iter().find_map(|other| self.given(other)) {
                Some(alone) => Err(SettingError::Contradiction(format!(
                    "{} is set, but no application: set {} too",
                    alone.origin,
                    missing.join(" and ")
                ))),
                None => Ok(None),
            };
        };
        let text = |part: &Setting| self.given(part).map(|given| given.text.clone());
        match (missing.is_empty(), text(secret)) {
            (true, Some(secret)) => Ok(Some(Registration {
                ids: ids.iter().filter_map(|id| self.get(id)).map(str::to_owned).collect(),
                secret: Restricted::new(secret),
            })),
            _ => Err(SettingError::Contradiction(format!(
                "{} is set without the rest of the registration: set {} too, or none",
                first.origin,
                missing.join(" and ")
            ))),
        }
    }

    /// Addresses of a platform, which belong together: all of them are set or none, and they
    /// all lead to this machine or all to the internet.
    ///
    /// # Errors
    /// As it says; [`SettingError::WrongValue`] for one that is no address.
    pub fn addresses<const N: usize>(
        &self,
        settings: [&Setting; N],
    ) -> Result<Option<[BaseUrl; N]>, SettingError> {
        let given: Vec<&Given> = settings.iter().filter_map(|setting| self.given(setting)).collect();
        let Some(first) = given.first() else { return Ok(None) };
        let names = || settings.map(|setting| setting.variable).join(", ");
        if given.len() < N {
            return Err(SettingError::Contradiction(format!(
                "{} is set alone: the addresses of a platform belong together, set all of {} or none",
                first.origin,
                names()
            )));
        }
        let mut bases = Vec::with_capacity(N);
        for setting in settings {
            let text = self.get(setting).unwrap_or_default();
            bases.push(BaseUrl::parse(text).map_err(|problem| self.wrong(setting, problem))?);
        }
        if bases.iter().any(|base| base.reach() != bases[0].reach()) {
            return Err(SettingError::Contradiction(format!(
                "{} lead some to this machine and some to the internet: set all to a sandbox or all to the platform",
                names()
            )));
        }
        Ok(bases.try_into().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn setting(key: &'static str, variable: &'static str, secret: bool) -> Setting {
        Setting { key, variable, secret, default: "none", about: "…" }
    }

    const ID: Setting = setting("m.id", "M_ID", false);
    const SERVICE: Setting = setting("m.service", "M_SERVICE", false);
    const SECRET: Setting = setting("m.secret", "M_SECRET", true);
    const API: Setting = setting("m.api", "M_API", false);
    const CONSENT: Setting = setting("m.consent", "M_CONSENT", false);

    fn given(values: &[(&Setting, &str)]) -> Settings {
        let value =
            |setting: &Setting, text: &str| Given { text: text.into(), origin: setting.variable.into() };
        values.iter().map(|(setting, text)| (setting.key, value(setting, text))).collect()
    }

    fn registration(values: &[(&Setting, &str)]) -> Result<Option<Registration>, String> {
        given(values).registration(&[&ID, &SERVICE], &SECRET, &[&API]).map_err(|error| error.to_string())
    }

    #[test]
    fn a_registration_is_whole_or_not_there() {
        let whole = registration(&[(&ID, " 7 "), (&SERVICE, "8"), (&SECRET, "s3cret")]).unwrap().unwrap();
        assert_eq!(whole.ids, ["7", "8"]);
        assert!(registration(&[]).unwrap().is_none());
        assert!(registration(&[(&ID, " ")]).unwrap().is_none(), "blanks are no value");
        assert_eq!(
            registration(&[(&ID, "7"), (&SECRET, "s3cret")]).unwrap_err(),
            "M_ID is set without the rest of the registration: set M_SERVICE too, or none"
        );
        assert_eq!(
            registration(&[(&SERVICE, "8")]).unwrap_err(),
            "M_SERVICE is set without the rest of the registration: set M_ID and M_SECRET_FILE too, or none"
        );
        assert_eq!(
            registration(&[(&API, "http://127.0.0.1:1")]).unwrap_err(),
            "M_API is set, but no application: set M_ID and M_SERVICE and M_SECRET_FILE too"
        );
    }

    #[test]
    fn addresses_belong_together() {
        let addresses = |values: &[(&Setting, &str)]| {
            given(values).addresses([&API, &CONSENT]).map_err(|error| error.to_string())
        };
        let (here, there) = ("http://127.0.0.1:9100", "https://api.example.com");
        assert_eq!(addresses(&[]), Ok(None));
        let both = addresses(&[(&API, here), (&CONSENT, here)]).unwrap().unwrap();
        assert_eq!(both[0], BaseUrl::parse(here).unwrap());
        assert!(addresses(&[(&CONSENT, here)]).unwrap_err().starts_with("M_CONSENT is set alone"));
        let mixed = addresses(&[(&API, here), (&CONSENT, there)]).unwrap_err();
        assert!(mixed.starts_with("M_API, M_CONSENT lead some to this machine"), "{mixed}");
        let none = addresses(&[(&API, here), (&CONSENT, "http://10.0.0.8")]).unwrap_err();
        assert!(none.starts_with("M_CONSENT is not right: expected"), "{none}");
    }
}

//! One record of the RustSec database: what is wrong with which versions of which crate.
//!
//! A record is a Markdown file whose first block is TOML and whose first heading is its
//! title (the database's README, "Advisory Format").

use std::str::FromStr;

use semver::{Version, VersionReq};
use serde::Deserialize;

use super::day::Day;

/// What a record says.
#[derive(Debug, Clone)]
pub struct Advisory {
    /// Its number, as in `RUSTSEC-2026-0001`.
    pub id: String,
    /// The crate.
    pub package: String,
    /// What kind of trouble.
    pub kind: Kind,
    /// One line for people.
    pub title: String,
    /// When it was published.
    pub date: Day,
    /// Whether it was taken back.
    pub withdrawn: bool,
    /// Versions in which it is mended.
    pub patched: Vec<VersionReq>,
    unaffected: Vec<VersionReq>,
}

/// Kinds of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Somebody can do harm.
    #[serde(skip)]
    Vulnerability,
    /// Safe code can misuse memory with it.
    Unsound,
    /// Nobody mends it any more.
    Unmaintained,
    /// Something to know.
    Notice,
}

impl Kind {
    /// Days from its publication in which a crate with it has to be gone or mended
    /// (`docs/security/patching.md`); `None` where there is nothing to mend.
    #[must_use]
    pub const fn deadline_days(self) -> Option<i64> {
        match self {
            Self::Vulnerability => Some(30),
            Self::Unsound => Some(90),
            Self::Unmaintained => Some(365),
            Self::Notice => None,
        }
    }

    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Vulnerability => "a vulnerability",
            Self::Unsound => "unsound",
            Self::Unmaintained => "unmaintained",
            Self::Notice => "a notice",
        }
    }
}

#[derive(Deserialize)]
struct Raw {
    advisory: Head,
    versions: Versions,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    package: String,
    date: String,
    informational: Option<Kind>,
    withdrawn: Option<String>,
}

#[derive(Deserialize)]
struct Versions {
    patched: Vec<VersionReq>,
    #[serde(default)]
    unaffected: Vec<VersionReq>,
}

impl Advisory {
    /// Whether this version has the trouble.
    #[must_use]
    pub fn affects(&self, version: &Version) -> bool {
        !self.patched.iter().chain(&self.unaffected).any(|versions| versions.matches(version))
    }
}

impl FromStr for Advisory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.replace("\r\n", "\n");
        let block = text.strip_prefix("```toml\n").ok_or("it does not begin with a block of TOML")?;
        let (block, rest) = block.split_once("\n```").ok_or("its block of TOML has no end")?;
        let Raw { advisory, versions } = toml::from_str(block).map_err(|error| error.to_string())?;
        let title = rest.lines().find_map(|line| line.strip_prefix("# ")).ok_or("it has no title")?;
        Ok(Self {
            date: advisory.date.parse()?,
            kind: advisory.informational.unwrap_or(Kind::Vulnerability),
            title: title.trim().to_owned(),
            withdrawn: advisory.withdrawn.is_some(),
            id: advisory.id,
            package: advisory.package,
            patched: versions.patched,
            unaffected: versions.unaffected,
        })
    }
}

#[cfg(test)]
pub(in crate::supply) mod tests {
    use super::*;

    /// A record of `package` with these lines in its two tables.
    pub(in crate::supply) fn record(id: &str, package: &str, head: &str, versions: &str) -> String {
        format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2026-08-10\"\n{head}\n\n\
             [versions]\n{versions}\n```\n\n# Trouble in {package}\n\nAt length.\n"
        )
    }

    fn affects(versions: &str, version: &str) -> bool {
        let advisory: Advisory = record("RUSTSEC-2026-0001", "yaml", "", versions).parse().unwrap();
        advisory.affects(&version.parse().unwrap())
    }

    #[test]
    fn a_version_before_the_mended_one_has_the_trouble() {
        assert!(affects("patched = [\">= 1.2.3\"]", "1.2.2"));
        assert!(!affects("patched = [\">= 1.2.3\"]", "1.2.3"));
    }

    #[test]
    fn a_version_from_before_the_trouble_came_in_has_it_not() {
        let versions = "patched = [\">= 1.2.3\"]\nunaffected = [\"< 1.0.0\"]";
        assert!(!affects(versions, "0.9.0"));
        assert!(affects(versions, "1.0.0"));
    }

    #[test]
    fn each_line_of_versions_is_mended_for_itself() {
        let versions = "patched = [\"^0.5.4\", \">= 1.2.3, < 1.3.0\", \">= 1.4.1\"]";
        assert!(["0.5.3", "1.2.2", "1.3.0", "1.4.0"].iter().all(|version| affects(versions, version)));
        assert!(!["0.5.4", "1.2.3", "1.4.1", "2.0.0"].iter().any(|version| affects(versions, version)));
    }

    #[test]
    fn what_is_mended_nowhere_has_the_trouble_everywhere() {
        assert!(affects("patched = []", "99.0.0"));
    }

    #[test]
    fn kinds_are_told_apart() {
        let kind = |head: &str| {
            record("RUSTSEC-2026-0001", "yaml", head, "patched = []").parse::<Advisory>().map(|one| one.kind)
        };
        assert_eq!(kind(""), Ok(Kind::Vulnerability));
        assert_eq!(kind("informational = \"unmaintained\""), Ok(Kind::Unmaintained));
        assert_eq!(kind("informational = \"unsound\""), Ok(Kind::Unsound));
        assert_eq!(kind("informational = \"notice\""), Ok(Kind::Notice));
        assert!(kind("informational = \"vulnerability\"").is_err());
    }

    #[test]
    fn title_and_withdrawal_are_read() {
        let text = record("RUSTSEC-2026-0001", "yaml", "withdrawn = \"2026-06-01\"", "patched = []");
        let advisory: Advisory = text.replace('\n', "\r\n").parse().unwrap();
        assert_eq!((advisory.title.as_str(), advisory.withdrawn), ("Trouble in yaml", true));
    }

    #[test]
    fn a_record_of_another_form_is_refused_with_what_is_wrong() {
        let good = record("RUSTSEC-2026-0001", "yaml", "", "patched = []");
        for (text, say) in [
            ("id = \"RUSTSEC-2015-0001\"\n".to_owned(), "does not begin with a block"),
            (good.replace("\n```\n", "\n"), "has no end"),
            (good.replace("# Trouble", "Trouble"), "no title"),
            (good.replace("[versions]", "[affected]"), "missing field `versions`"),
            (good.replace("patched = []", "unaffected = []"), "missing field `patched`"),
            (good.replace("patched = []", "patched = [\"newer\"]"), "patched"),
            (good.replace("2026-08-10", "May"), "is no day"),
            (good.replace("date =", "informational = \"rumour\"\ndate ="), "unknown variant `rumour`"),
        ] {
            let refused = text.parse::<Advisory>().unwrap_err();
            assert!(refused.contains(say), "{say}: {refused}");
        }
    }
}

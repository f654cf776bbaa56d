//! `deny.toml`: what the house allows of the crates that it is built from.
//!
//! The file is cargo-deny's, so that cargo-deny can be run with it too. Of its keys those
//! below are honoured, and every one of them has to be there: nothing is allowed by a default
//! that nobody reads. Any other key is an error (docs/decisions/0020-supply-chain.md).

use std::fmt;
use std::str::FromStr;

use semver::{Op, Version, VersionReq};
use serde::Deserialize;
use spdx::Licensee;

use super::day::Day;

/// Where it stands, from the root of the project.
pub const FILE: &str = "deny.toml";
/// What stands before the last day of an ignored advisory, at the end of its reason.
const UNTIL: &str = "(until ";

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Policy {
    /// What is looked at.
    pub graph: Graph,
    /// Known trouble.
    pub advisories: Advisories,
    /// Licences.
    pub licenses: Licenses,
    /// Crates that nobody wants, and crates in several versions.
    pub bans: Bans,
    /// Where crates come from.
    pub sources: Sources,
}

/// `[graph]`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Graph {
    /// The platforms that the program is built for, as in `x86_64-unknown-linux-gnu`.
    pub targets: Vec<String>,
}

/// `[advisories]`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Advisories {
    /// Advisories that are known not to matter, for a while.
    pub ignore: Vec<Ignore>,
    /// For which crates it is an error that nobody maintains them.
    pub unmaintained: Scope,
    /// For which crates it is an error that safe code can misuse memory with them.
    pub unsound: Scope,
    /// What a version is that its author took back.
    pub yanked: Level,
    /// The age from which records are too old, as in `P30D`.
    pub maximum_db_staleness: Age,
}

/// An advisory that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawIgnore")]
pub struct Ignore {
    /// Its number, as in `RUSTSEC-2026-0001`.
    pub id: String,
    /// Why it does not matter here.
    pub reason: String,
    /// The last day on which it is left out.
    pub until: Day,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIgnore {
    id: String,
    reason: String,
}

impl TryFrom<RawIgnore> for Ignore {
    type Error = String;

    fn try_from(RawIgnore { id, reason }: RawIgnore) -> Result<Self, String> {
        let end = reason.trim_end().strip_suffix(')').and_then(|text| text.rsplit_once(UNTIL));
        let Some((why, day)) = end else {
            return Err(format!(
                "{id}: the reason has to end with its last day, as in `… (until 2026-08-21)`"
            ));
        };
        let until = day.parse().map_err(|error| format!("{id}: {error}"))?;
        let reason = why.trim().to_owned();
        if reason.is_empty() {
            return Err(format!("{id}: say why it does not matter here"));
        }
        Ok(Self { id, reason, until })
    }
}

/// Crates for which something counts as an error; for all others it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All.
    All,
    /// Those that a room of this house names itself.
    Workspace,
    /// Those that none names.
    Transitive,
    /// None.
    None,
}

impl Scope {
    /// Whether a crate that a room names itself (or that none names) is meant.
    #[must_use]
    pub fn means(self, named_by_a_room: bool) -> bool {
        match self {
            Self::All => true,
            Self::Workspace => named_by_a_room,
            Self::Transitive => !named_by_a_room,
            Self::None => false,
        }
    }
}

/// What is made of something found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// An error.
    Deny,
    /// A word.
    Warn,
    /// Nothing.
    Allow,
}

/// An age in whole days, written as ISO 8601 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Age {
    /// Days.
    pub days: i64,
}

impl TryFrom<String> for Age {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let days = text.strip_prefix('P').and_then(|text| text.strip_suffix('D'));
        let days = days.and_then(|days| days.parse::<u32>().ok());
        days.map(|days| Self { days: i64::from(days) })
            .ok_or_else(|| format!("`{text}` is no age in whole days; write it as in P30D"))
    }
}

/// `[licenses]`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Licenses {
    /// Those that a crate may be had under.
    pub allow: Vec<Licence>,
}

/// A licence by its SPDX identifier, with its exception if it has one.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Licence(pub Licensee);

impl TryFrom<String> for Licence {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Licensee::parse(&text)
            .map(Self)
            .map_err(|error| format!("`{text}` is no SPDX licence: {}", error.reason))
    }
}

/// `[bans]`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Bans {
    /// What a crate in several versions is.
    pub multiple_versions: Level,
    /// What a dependency on any version at all is.
    pub wildcards: Level,
    /// Whether our own rooms, which have no versions, may be named so.
    pub allow_wildcard_paths: bool,
    /// Crates that nobody wants.
    pub deny: Vec<Ban>,
    /// Versions that do not count as one more.
    pub skip: Vec<Ban>,
}

/// A crate and why it is named.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ban {
    /// Which crate.
    #[serde(rename = "crate")]
    pub spec: Spec,
    /// Why.
    pub reason: String,
}

/// A crate, or some versions of it: `name`, `name@1.2.3`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Spec {
    name: String,
    versions: Option<VersionReq>,
}

impl Spec {
    /// Whether this crate is meant.
    #[must_use]
    pub fn means(&self, name: &str, version: &Version) -> bool {
        self.name == name && self.versions.as_ref().is_none_or(|versions| versions.matches(version))
    }
}

impl TryFrom<String> for Spec {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some((name, versions)) = text.split_once('@') else {
            return Ok(Self { name: text, versions: None });
        };
        let mut versions: VersionReq =
            versions.parse().map_err(|error| format!("`{text}` names no version: {error}"))?;
        // As in cargo-deny: `name@1.2` is 1.2.x, not whatever may stand in for it.
        if let Some(first) = versions.comparators.first_mut() {
            first.op = Op::Exact;
        }
        Ok(Self { name: name.to_owned(), versions: Some(versions) })
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = self.versions.as_ref().map(|versions| format!(" {versions}"));
        write!(out, "{}{}", self.name, versions.unwrap_or_default())
    }
}

/// `[sources]`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sources {
    /// What a crate from another registry is.
    pub unknown_registry: Level,
    /// What a crate from another git repository is.
    pub unknown_git: Level,
    /// Addresses of registries.
    pub allow_registry: Vec<String>,
    /// Addresses of git repositories.
    pub allow_git: Vec<String>,
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let policy: Self = toml::from_str(text).map_err(|error| format!("{FILE}: {error}"))?;
        if policy.graph.targets.is_empty() {
            return Err(format!("{FILE}: [graph] targets: name what the program is built for"));
        }
        let ignored: Vec<&str> = policy.advisories.ignore.iter().map(|ignore| ignore.id.as_str()).collect();
        if let Some(twice) = (1..ignored.len()).find(|&at| ignored[..at].contains(&ignored[at])) {
            return Err(format!("{FILE}: {}: set aside twice; an advisory has one last day", ignored[twice]));
        }
        let named = policy.bans.deny.iter().chain(&policy.bans.skip);
        match named.into_iter().find(|ban| ban.reason.trim().is_empty()) {
            Some(ban) => Err(format!("{FILE}: {}: say why it is named", ban.spec)),
            None => Ok(policy),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file with every key, each as strict as it goes.
    pub(in crate::supply) const STRICT: &str = r#"
[graph]
targets = ["x86_64-unknown-linux-gnu"]
[advisories]
ignore = []
unmaintained = "all"
unsound = "all"
yanked = "deny"
maximum-db-staleness = "P30D"
[licenses]
allow = ["MIT", "Apache-2.0", "BSD-3-Clause"]
[bans]
multiple-versions = "deny"
wildcards = "deny"
allow-wildcard-paths = true
deny = []
skip = []
[sources]
unknown-registry = "deny"
unknown-git = "deny"
allow-registry = ["https://github.com/rust-lang/crates.io-index"]
allow-git = []
"#;

    /// The strict file with one line in place of another.
    pub(in crate::supply) fn strict_but(line: &str, instead: &str) -> Result<Policy, String> {
        assert!(STRICT.contains(line), "{line}");
        STRICT.replace(line, instead).parse()
    }

    fn ignoring(entry: &str) -> Result<Policy, String> {
        strict_but("ignore = []", &format!("ignore = [{entry}]"))
    }

    #[test]
    fn the_file_of_this_house_is_read() {
        let root = crate::workspace::root().unwrap();
        let text = std::fs::read_to_string(root.join(FILE)).unwrap();
        text.parse::<Policy>().unwrap();
    }

    #[test]
    fn text_that_is_no_toml_is_refused_at_its_line() {
        let refused = strict_but("[bans]", "[bans").unwrap_err();
        assert!(refused.starts_with("deny.toml: ") && refused.contains("line "), "{refused}");
    }

    #[test]
    fn a_key_that_is_not_honoured_is_an_error_and_not_passed_over() {
        let refused = strict_but("skip = []", "skip = []\nskip-tree = []").unwrap_err();
        assert!(refused.contains("unknown field `skip-tree`"), "{refused}");
    }

    #[test]
    fn nothing_is_allowed_by_a_default() {
        let refused = strict_but("unknown-git = \"deny\"\n", "").unwrap_err();
        assert!(refused.contains("missing field `unknown-git`"), "{refused}");
    }

    #[test]
    fn a_word_that_is_none_is_refused_with_those_that_are() {
        let refused = strict_but("yanked = \"deny\"", "yanked = \"forbid\"").unwrap_err();
        assert!(refused.contains("`deny`, `warn`, `allow`"), "{refused}");
    }

    #[test]
    fn an_ignored_advisory_has_a_reason_and_a_last_day() {
        let policy = ignoring(r#"{ id = "RUSTSEC-2026-0001", reason = "never called (until 2027-01-31)" }"#);
        let ignore = &policy.unwrap().advisories.ignore[0];
        assert_eq!(
            (ignore.reason.as_str(), ignore.until.to_string().as_str()),
            ("never called", "2027-01-31")
        );
    }

    #[test]
    fn an_ignored_advisory_without_them_is_refused() {
        for (entry, say) in [
            (r#"{ id = "RUSTSEC-2026-0001", reason = "never called" }"#, "end with its last day"),
            (r#"{ id = "RUSTSEC-2026-0001", reason = "never called (until spring)" }"#, "is no day"),
            (r#"{ id = "RUSTSEC-2026-0001", reason = "(until 2027-01-31)" }"#, "say why"),
            (r#"{ id = "RUSTSEC-2026-0001" }"#, "missing field `reason`"),
            (r#""RUSTSEC-2026-0001""#, "invalid type"),
        ] {
            let refused = ignoring(entry).unwrap_err();
            assert!(refused.contains(say), "{entry}: {refused}");
        }
    }

    #[test]
    fn an_advisory_is_set_aside_once() {
        let entry =
            |until| format!(r#"{{ id = "RUSTSEC-2026-0001", reason = "never called (until {until})" }}"#);
        let refused = ignoring(&format!("{}, {}", entry("2027-01-31"), entry("2027-06-30"))).unwrap_err();
        assert!(refused.contains("RUSTSEC-2026-0001: set aside twice"), "{refused}");
    }

    #[test]
    fn an_age_is_in_whole_days() {
        assert_eq!(strict_but("P30D", "P7D").unwrap().advisories.maximum_db_staleness.days, 7);
        assert!(strict_but("P30D", "P1M").unwrap_err().contains("write it as in P30D"));
    }

    #[test]
    fn a_licence_that_nobody_knows_is_refused() {
        let refused = strict_but("\"MIT\"", "\"MTI\"").unwrap_err();
        assert!(refused.contains("`MTI` is no SPDX licence"), "{refused}");
    }

    #[test]
    fn a_crate_is_named_with_or_without_a_version() {
        let means = |spec: &str, version: &str| {
            Spec::try_from(spec.to_owned()).unwrap().means("syn", &version.parse().unwrap())
        };
        assert!(means("syn", "1.0.0") && means("syn@2.0.119", "2.0.119") && means("syn@2", "2.4.0"));
        assert!(!means("sync", "1.0.0") && !means("syn@2.0.119", "2.0.120") && !means("syn@1.2", "1.3.0"));
        assert!(Spec::try_from("syn@two".to_owned()).unwrap_err().contains("names no version"));
    }

    #[test]
    fn a_crate_is_banned_for_a_reason() {
        let refused = strict_but("deny = []", r#"deny = [{ crate = "openssl", reason = " " }]"#).unwrap_err();
        assert!(refused.contains("openssl: say why"), "{refused}");
    }

    #[test]
    fn a_check_for_no_platform_is_refused() {
        assert!(strict_but("\"x86_64-unknown-linux-gnu\"", "").unwrap_err().contains("targets"));
    }
}

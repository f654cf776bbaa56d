//! Crates that nobody wants, crates in several versions, and versions that nobody chose.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::finding::{Finding, Weight};
use super::graph::Package;
use super::lock::Lock;
use super::policy::{Bans, FILE};

/// Holds the crates against the bans. `lock` knows who asked for them.
#[must_use]
pub fn check(packages: &[Package], lock: &Lock, policy: &Bans) -> Vec<Finding> {
    let mut findings = banned(packages, lock, policy);
    findings.extend(several(packages, lock, policy));
    findings.extend(wildcards(packages, policy));
    findings
}

fn banned(packages: &[Package], lock: &Lock, policy: &Bans) -> Vec<Finding> {
    let foreign = packages.iter().filter(|package| package.source.is_some());
    let hits = foreign.filter_map(|package| {
        let ban = policy.deny.iter().find(|ban| ban.spec.means(&package.name, &package.version))?;
        let what = format!("banned: {} {}: {}", package.name, package.version, ban.reason);
        Some(Finding::new(Weight::Error, what, vec![used_by(lock, &package.name, &package.version)]))
    });
    hits.collect()
}

fn several(packages: &[Package], lock: &Lock, policy: &Bans) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, BTreeSet<&Version>> = BTreeMap::new();
    let mut skipped = BTreeSet::new();
    for package in packages.iter().filter(|package| package.source.is_some()) {
        let skip = policy.skip.iter().position(|skip| skip.spec.means(&package.name, &package.version));
        if let Some(at) = skip {
            skipped.insert(at);
        } else {
            versions.entry(&package.name).or_default().insert(&package.version);
        }
    }
    let unused = policy.skip.iter().enumerate().filter(|(at, _)| !skipped.contains(at)).map(|(_, skip)| {
        let what = format!("{} is skipped and not among the crates", skip.spec);
        Finding::new(Weight::Warning, what, vec![format!("mend: take it out of {FILE}")])
    });
    let Some(weight) = Weight::of(policy.multiple_versions) else { return unused.collect() };
    let doubled = versions.into_iter().filter(|(_, versions)| versions.len() > 1).map(|(name, versions)| {
        let what = format!("several versions of {name}");
        let mut more: Vec<String> =
            versions.into_iter().map(|version| used_by(lock, name, version)).collect();
        more.push(format!("mend: bring them together, or skip one in {FILE} and say why"));
        Finding::new(weight, what, more)
    });
    doubled.chain(unused).collect()
}

fn wildcards(packages: &[Package], policy: &Bans) -> Vec<Finding> {
    let Some(weight) = Weight::of(policy.wildcards) else { return Vec::new() };
    let mut findings = Vec::new();
    for package in packages.iter().filter(|package| package.source.is_none()) {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.req == "*") {
            if !(policy.allow_wildcard_paths && dependency.path.is_some()) {
                let what = format!("{} takes any version of {}", package.name, dependency.name);
                findings.push(Finding::new(
                    weight,
                    what,
                    vec!["mend: name the one it was written for".into()],
                ));
            }
        }
    }
    findings
}

fn used_by(lock: &Lock, name: &str, version: &Version) -> String {
    let way = lock.find(name, version).map(|at| lock.way(at)).unwrap_or_default();
    format!("{version} is used by: {way}")
}

#[cfg(test)]
mod tests {
    use super::super::graph::Dependency;
    use super::super::graph::tests::package;
    use super::super::lock::tests::lock;
    use super::super::policy::tests::strict_but;
    use super::*;

    fn found(packages: &[Package], line: &str, instead: &str) -> Vec<String> {
        let lock = lock(&[
            ("web", "0.0.0", &["derive", "syn 3.0.0"]),
            ("derive", "1.0.0", &["syn 2.0.1"]),
            ("syn", "2.0.1", &[]),
            ("syn", "3.0.0", &[]),
        ]);
        let policy = strict_but(line, instead).unwrap().bans;
        check(packages, &lock, &policy).iter().map(ToString::to_string).collect()
    }

    fn syn(version: &str) -> Package {
        package("syn", version, None)
    }

    fn room(dependency: &str, req: &str, path: Option<&str>) -> Package {
        let dependency =
            Dependency { name: dependency.into(), req: req.into(), path: path.map(str::to_owned) };
        Package { source: None, dependencies: vec![dependency], ..package("web", "0.0.0", None) }
    }

    #[test]
    fn a_banned_crate_is_found_with_why_and_who_asked_for_it() {
        let ban = r#"deny = [{ crate = "syn@2", reason = "the third is there" }]"#;
        assert_eq!(
            found(&[syn("2.0.1")], "deny = []", ban),
            ["ERROR: banned: syn 2.0.1: the third is there\n    2.0.1 is used by: web → derive → syn"]
        );
        assert!(found(&[syn("3.0.0")], "deny = []", ban).is_empty());
    }

    #[test]
    fn a_crate_in_two_versions_is_found_with_who_asked_for_each() {
        let found = found(&[syn("2.0.1"), syn("3.0.0")], "deny = []", "deny = []");
        assert!(
            found[0]
                .starts_with("ERROR: several versions of syn\n    2.0.1 is used by: web → derive → syn\n")
        );
        assert!(found[0].contains("\n    3.0.0 is used by: web → syn\n"), "{found:?}");
    }

    #[test]
    fn a_version_that_is_skipped_does_not_count() {
        let skip = r#"skip = [{ crate = "syn@2.0.1", reason = "derive is behind" }]"#;
        assert!(found(&[syn("2.0.1"), syn("3.0.0")], "skip = []", skip).is_empty());
    }

    #[test]
    fn a_skip_that_is_needed_no_more_is_pointed_out() {
        let skip = r#"skip = [{ crate = "syn@1.0.0", reason = "derive is behind" }]"#;
        let found = found(&[syn("3.0.0")], "skip = []", skip);
        assert!(found[0].starts_with("WARNING: syn =1.0.0 is skipped and not among the crates"), "{found:?}");
    }

    #[test]
    fn several_versions_can_be_a_word_or_nothing() {
        let both = [syn("2.0.1"), syn("3.0.0")];
        let line = "multiple-versions = \"deny\"";
        assert!(found(&both, line, "multiple-versions = \"warn\"")[0].starts_with("WARNING: several"));
        assert!(found(&both, line, "multiple-versions = \"allow\"").is_empty());
    }

    #[test]
    fn a_dependency_on_any_version_is_found() {
        let found = found(&[room("syn", "*", None)], "deny = []", "deny = []");
        assert!(found[0].starts_with("ERROR: web takes any version of syn"), "{found:?}");
    }

    #[test]
    fn our_own_rooms_have_no_versions_to_name() {
        let rooms = [room("domain", "*", Some("crates/domain"))];
        assert!(found(&rooms, "deny = []", "deny = []").is_empty());
        let strict = found(&rooms, "allow-wildcard-paths = true", "allow-wildcard-paths = false");
        assert!(strict[0].contains("any version of domain"), "{strict:?}");
    }
}

//! Whether every crate comes from where we take crates from.

use super::finding::{Finding, Weight};
use super::lock::Lock;
use super::policy::Sources;

/// Holds every crate of `lock`, also those of other platforms, against the allowed sources.
#[must_use]
pub fn check(lock: &Lock, policy: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, one) in lock.foreign() {
        let source = one.source.as_deref().unwrap_or_default();
        let (kind, address) = source.split_once('+').unwrap_or(("", source));
        // A git source ends with what was asked for and the commit that was found.
        let address = address.split(['?', '#']).next().unwrap_or_default();
        let (level, allowed) = match kind {
            "registry" | "sparse" => (Weight::of(policy.unknown_registry), &policy.allow_registry),
            "git" => (Weight::of(policy.unknown_git), &policy.allow_git),
            _ => (Some(Weight::Error), &Vec::new()),
        };
        if let (Some(weight), false) = (level, allowed.iter().any(|allowed| allowed == address)) {
            let what = format!("source: {} {} comes from {source}", one.name, one.version);
            findings.push(Finding::new(weight, what, vec![format!("used by: {}", lock.way(at))]));
        } else if kind != "git" && one.checksum.is_none() {
            let what =
                format!("source: {} {} has no checksum: nobody knows what it is", one.name, one.version);
            findings.push(Finding::new(Weight::Error, what, vec![format!("used by: {}", lock.way(at))]));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::lock::tests::lock_from;
    use super::super::policy::tests::strict_but;
    use super::*;

    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"00";
    const GIT: &str = "git+https://example.com/yaml?branch=main#0123";

    fn found(source: &str, line: &str, instead: &str) -> Vec<String> {
        let lock = lock_from(source, &[("web", "0.0.0", &["yaml"]), ("yaml", "1.0.0", &[])]).parse().unwrap();
        check(&lock, &strict_but(line, instead).unwrap().sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn crates_io_is_allowed_and_our_own_folders_are() {
        assert!(found(CRATES_IO, "skip = []", "skip = []").is_empty());
    }

    #[test]
    fn another_registry_is_refused() {
        for source in ["registry+https://mirror.example/index", "sparse+https://mirror.example/", "folder"] {
            let found = found(source, "skip = []", "skip = []");
            assert!(found[0].starts_with("ERROR: source: yaml 1.0.0 comes from "), "{found:?}");
            assert!(found[0].ends_with("used by: web → yaml"), "{found:?}");
        }
    }

    #[test]
    fn a_git_repository_is_refused_unless_it_is_named() {
        assert_eq!(found(GIT, "skip = []", "skip = []").len(), 1);
        let named = r#"allow-git = ["https://example.com/yaml"]"#;
        assert!(found(GIT, "allow-git = []", named).is_empty());
        let other = r#"allow-git = ["https://example.com/"]"#;
        assert_eq!(found(GIT, "allow-git = []", other).len(), 1);
    }

    #[test]
    fn a_crate_without_a_checksum_is_refused() {
        let found = found("registry+https://github.com/rust-lang/crates.io-index", "skip = []", "skip = []");
        assert!(found[0].contains("has no checksum"), "{found:?}");
    }
}

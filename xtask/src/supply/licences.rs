//! Whether every crate may be had under a licence that we allow.

use spdx::{Expression, ParseMode};

use super::finding::{Finding, Weight};
use super::graph::Package;
use super::policy::{FILE, Licenses};

/// Holds the crates against the licences that are allowed.
#[must_use]
pub fn check(packages: &[Package], policy: &Licenses) -> Vec<Finding> {
    packages.iter().filter_map(|package| trouble(package, policy)).collect()
}

fn trouble(package: &Package, policy: &Licenses) -> Option<Finding> {
    let error = |what: String, mend: &str| {
        let what = format!("licence: {} {}: {what}", package.name, package.version);
        Some(Finding::new(Weight::Error, what, vec![format!("mend: {mend}")]))
    };
    let Some(license) = &package.license else {
        return error("its manifest names none".into(), "do without it, or ask its author to name one");
    };
    // Older manifests write `MIT/Apache-2.0`.
    let expression = match Expression::parse_mode(license, ParseMode::LAX) {
        Ok(expression) => expression,
        Err(wrong) => {
            let what = format!("`{license}` is no SPDX expression: {}", wrong.reason);
            return error(what, "do without it, or ask its author to mend it");
        }
    };
    let allowed = expression.evaluate(|asked| policy.allow.iter().any(|licence| licence.0.satisfies(asked)));
    if allowed {
        return None;
    }
    error(
        format!("`{license}` asks for more than is allowed"),
        &format!("do without it, or allow it in {FILE}"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::package;
    use super::super::policy::tests::strict_but;
    use super::*;

    /// What is found of a crate under this licence; MIT, Apache-2.0 and BSD-3-Clause are allowed.
    fn found(license: Option<&str>) -> Option<String> {
        let policy = strict_but("skip = []", "skip = []").unwrap().licenses;
        check(&[package("yaml", "1.0.0", license)], &policy).first().map(ToString::to_string)
    }

    #[test]
    fn one_allowed_licence_of_several_is_enough() {
        assert_eq!(found(Some("MIT")), None);
        assert_eq!(found(Some("GPL-3.0-only OR MIT")), None);
        assert_eq!(found(Some("GPL-2.0-only/Apache-2.0")), None);
    }

    #[test]
    fn of_licences_that_all_hold_all_have_to_be_allowed() {
        assert_eq!(found(Some("(MIT OR GPL-3.0-only) AND BSD-3-Clause")), None);
        let refused = found(Some("MIT AND GPL-3.0-only")).unwrap();
        assert!(
            refused.starts_with("ERROR: licence: yaml 1.0.0: `MIT AND GPL-3.0-only` asks for more"),
            "{refused}"
        );
    }

    #[test]
    fn an_exception_is_not_allowed_with_its_licence() {
        assert!(found(Some("Apache-2.0 WITH LLVM-exception")).is_some());
    }

    #[test]
    fn a_crate_without_a_licence_is_refused() {
        assert!(found(None).unwrap().contains("names none"));
    }

    #[test]
    fn a_licence_that_nobody_can_read_is_refused() {
        assert!(found(Some("see LICENCE")).unwrap().contains("is no SPDX expression"));
        assert!(found(Some("MIT OR")).unwrap().contains("is no SPDX expression"));
    }
}

//! Which room may use which: an arrow only ever points down the list of rooms.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::{Finding, Tree};
use crate::failure::Failure;
use crate::workspace;

/// A room and what it may use directly; what those may use, it may use too.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("vault", &["domain"]),
    ("connect", &["vault"]),
    ("channels", &["connect"]),
    ("store", &["vault"]),
    ("app", &["store", "connect"]),
    ("programme", &["app"]),
    ("web", &["programme"]),
    ("sandbox", &["domain"]),
    ("bridge", &["domain"]),
    ("lojista", &["channels", "web", "sandbox", "bridge"]),
    ("tests", &["lojista", "xtask"]),
    ("xtask", &[]),
];

/// Packages from outside that belong to few rooms: the package, its rooms, why.
const KEPT: &[(&str, &[&str], &str)] = &[
    (
        "aws-lc-rs",
        &["vault", "sandbox"],
        "only the vault names a cipher (the sandbox signs like the outside)",
    ),
    ("argon2", &["vault"], "only the vault hashes passwords"),
    ("lettre", &["connect"], "letters go out where calls do: deadline, TLS, nobody's address in an error"),
    ("redis", &["store"], "only the store keeps what several nodes share"),
    ("reqwest", &["connect"], "there is one outbound client: deadline, SSRF guard, redaction"),
    ("rusqlite", &["store"], "only the store speaks SQL"),
    ("postgres", &["store"], "only the store speaks SQL"),
    ("tokio-postgres", &["store"], "only the store speaks SQL"),
];
/// Packages for which the domain is too pure.
const IMPURE: &[&str] = &["tokio", "futures", "axum", "hyper", "tracing"];

/// What cargo says about the packages of the workspace.
pub fn metadata(root: &Path) -> Result<Value, Failure> {
    let ask = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let said = workspace::output(workspace::cargo().args(ask).current_dir(root))?;
    serde_json::from_str(&said).map_err(|error| Failure::of(format!("cargo metadata is no JSON: {error}")))
}

/// Finds dependencies that point up or sideways, and packages in a room not theirs.
#[must_use]
pub fn check(tree: &Tree, metadata: &Value) -> Vec<Finding> {
    let workspace = metadata["workspace_root"].as_str().unwrap_or_default();
    let mut findings = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let room = package["name"].as_str().unwrap_or_default();
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let file = manifest.strip_prefix(workspace).unwrap_or(manifest).trim_start_matches('/');
        let mut find = |name: &str, what: String, mend: String| {
            findings.push(Finding { file: file.to_owned(), line: line_of(tree, file, name), what, mend });
        };
        let Some(allowed) = reach(room) else {
            let mend = "give it a row in ROOMS of xtask/src/tidy/arrows.rs and in ARCHITECTURE.md";
            find("name", format!("`{room}` is a room that the list of rooms does not know"), mend.into());
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let name = dependency["name"].as_str().unwrap_or_default();
            let ours = dependency["path"].is_string();
            let for_tests = dependency["kind"] == "dev";
            if ours && name != room && !allowed.contains(name) {
                let may = allowed.iter().copied().collect::<Vec<_>>().join(", ");
                let mend =
                    format!("{room} may use: {may}; move what is needed down, or pass it in from above");
                find(name, format!("an arrow from `{room}` up or across to `{name}`"), mend);
            }
            if let (Some(why), false) = (foreign(room, name), for_tests) {
                find(name, format!("`{name}` in `{room}`: {why}"), "call the room that keeps it".into());
            }
        }
    }
    findings
}

/// All that `room` may use, directly or through others.
fn reach(room: &str) -> Option<BTreeSet<&'static str>> {
    let (_, direct) = ROOMS.iter().find(|(name, _)| *name == room)?;
    let mut all: BTreeSet<&str> = direct.iter().copied().collect();
    all.extend(direct.iter().filter_map(|next| reach(next)).flatten());
    Some(all)
}

/// Why a package from outside has no place in `room`.
fn foreign(room: &str, package: &str) -> Option<&'static str> {
    if room == "domain" && IMPURE.contains(&package) {
        return Some("the domain knows no async and no I/O");
    }
    let kept = KEPT.iter().find(|(name, rooms, _)| *name == package && !rooms.contains(&room));
    kept.filter(|_| room != "tests").map(|(_, _, why)| *why)
}

/// The line of a manifest that begins with `name`; the first one if none does.
fn line_of(tree: &Tree, file: &str, name: &str) -> usize {
    let names = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '.', '=']));
    let text = tree.get(file).map_or("", |source| source.text());
    text.lines().position(names).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(room: &str, dependency: &Value) -> Vec<Finding> {
        let manifest = format!("/w/crates/{room}/Cargo.toml");
        let package = json!({"name": room, "manifest_path": manifest, "dependencies": [dependency]});
        let text = "[package]\n\n[dependencies]\nstore.workspace = true\n";
        let tree = Tree::from_iter([(format!("crates/{room}/Cargo.toml"), text)]);
        check(&tree, &json!({"workspace_root": "/w", "packages": [package]}))
    }

    fn ours(name: &str) -> Value {
        json!({"name": name, "path": format!("/w/crates/{name}"), "kind": null})
    }

    #[test]
    fn an_arrow_down_is_fine_over_any_number_of_floors() {
        assert_eq!(found("app", &ours("store")), []);
        assert_eq!(found("web", &ours("domain")), []);
        assert_eq!(found("tests", &ours("channels")), []);
    }

    #[test]
    fn an_arrow_up_or_across_is_found_at_its_line() {
        let up = found("vault", &ours("store"));
        assert_eq!((up.len(), up[0].file.as_str(), up[0].line), (1, "crates/vault/Cargo.toml", 4));
        assert_eq!(found("app", &ours("channels")).len(), 1);
    }

    #[test]
    fn the_sandbox_shares_nothing_but_the_domain() {
        assert_eq!(found("sandbox", &ours("domain")), []);
        assert_eq!(found("sandbox", &ours("connect")).len(), 1);
        assert_eq!(found("channels", &json!({"name": "sandbox", "path": "/w/s", "kind": "dev"})).len(), 1);
    }

    #[test]
    fn an_unknown_room_is_found() {
        assert!(found("attic", &ours("domain"))[0].what.contains("attic"));
    }

    #[test]
    fn a_package_with_a_keeper_stays_with_it() {
        let cipher = json!({"name": "aws-lc-rs", "kind": null});
        assert_eq!(found("vault", &cipher), []);
        assert_eq!(found("web", &cipher).len(), 1);
        assert_eq!(found("web", &json!({"name": "aws-lc-rs", "kind": "dev"})), []);
    }

    #[test]
    fn the_domain_stays_pure() {
        assert_eq!(found("domain", &json!({"name": "tokio", "kind": null})).len(), 1);
        assert_eq!(found("store", &json!({"name": "tokio", "kind": null})), []);
    }

    #[test]
    fn every_arrow_of_the_list_points_at_a_room_of_the_list() {
        for (room, direct) in ROOMS {
            for target in *direct {
                assert!(reach(target).is_some_and(|all| !all.contains(room)), "{room} → {target}");
            }
        }
    }
}

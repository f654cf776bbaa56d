//! The crates that are built for our platforms, as cargo says.

use std::path::Path;

use semver::Version;
use serde::Deserialize;

use crate::failure::Failure;
use crate::workspace;

/// The crates of all rooms, with those for tests.
#[derive(Debug, Clone, Deserialize)]
pub struct Graph {
    /// The crates.
    pub packages: Vec<Package>,
}

/// A crate and what its manifest says.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Its licence, as an SPDX expression.
    pub license: Option<String>,
    /// Where it comes from; `None` for our own.
    pub source: Option<String>,
    /// What it names itself.
    pub dependencies: Vec<Dependency>,
}

/// A line of a manifest's dependencies.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    /// Which crate.
    pub name: String,
    /// Which versions.
    pub req: String,
    /// Its folder, when it is one of ours.
    pub path: Option<String>,
}

/// What is built from the project at `root` for the platforms `targets`.
///
/// Crates that are missing here are fetched, as a build would; the lock file is left as it is.
///
/// # Errors
/// When the lock file does not fit the manifests, and when a crate cannot be had.
pub fn read(root: &Path, targets: &[String]) -> Result<Graph, Failure> {
    let mut ask = workspace::cargo();
    ask.args(["metadata", "--format-version", "1", "--locked"]).current_dir(root);
    for target in targets {
        ask.args(["--filter-platform", target]);
    }
    let said = workspace::output(&mut ask)?;
    serde_json::from_str(&said).map_err(|error| Failure::of(format!("cargo metadata: {error}")))
}

#[cfg(test)]
pub(in crate::supply) mod tests {
    use super::*;

    /// A crate from crates.io under a licence, with what it names.
    pub(in crate::supply) fn package(name: &str, version: &str, license: Option<&str>) -> Package {
        Package {
            name: name.into(),
            version: version.parse().unwrap(),
            license: license.map(str::to_owned),
            source: Some("registry+https://github.com/rust-lang/crates.io-index".into()),
            dependencies: Vec::new(),
        }
    }

    #[test]
    fn the_house_is_built_from_its_rooms_and_others() {
        let root = workspace::root().unwrap();
        let graph = read(&root, &["x86_64-unknown-linux-gnu".into()]).unwrap();
        let ours = graph.packages.iter().filter(|package| package.source.is_none());
        assert!(ours.clone().any(|package| package.name == "lojista") && ours.count() < graph.packages.len());
    }
}

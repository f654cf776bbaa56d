//! Who uses whom in the program, as `cargo tree` says.
//!
//! `cargo metadata` would name too much: it resolves features for all rooms at once, tests
//! and tools with them.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

/// What cargo is asked to print of each crate: itself, then its licence. Its depth stands
/// before it.
pub const FORMAT: &str = "\t{p}\t{l}";
/// What stands behind a crate whose own were already shown.
const SHOWN_BEFORE: &str = " (*)";

/// One version of one crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
}

/// What is said of a crate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Its licence as its manifest has it.
    pub licence: Option<String>,
    /// Whether it becomes part of the program, and does not only write code for it.
    pub linked: bool,
    /// The crates that it uses.
    pub uses: BTreeSet<Id>,
}

/// The crates of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The program itself.
    pub root: Id,
    /// All crates, the program too.
    pub crates: BTreeMap<Id, Node>,
}

impl Tree {
    /// Reads what cargo printed of `all` crates, and of those that are `linked`.
    ///
    /// # Errors
    /// When a line is none of a tree.
    pub fn parse(all: &str, linked: &str) -> Result<Self, String> {
        let mut crates: BTreeMap<Id, Node> = BTreeMap::new();
        let mut above: Vec<Id> = Vec::new();
        for line in all.lines() {
            let (depth, id, licence) = read(line)?;
            if depth > above.len() || (depth == 0 && !above.is_empty()) {
                return Err(format!("cargo tree: `{line}` hangs nowhere"));
            }
            above.truncate(depth);
            if let Some(user) = above.last() {
                crates.entry(user.clone()).or_default().uses.insert(id.clone());
            }
            crates.entry(id.clone()).or_default().licence = licence;
            above.push(id);
        }
        for line in linked.lines() {
            let (_, id, _) = read(line)?;
            let node =
                crates.get_mut(&id).ok_or_else(|| format!("cargo tree: `{line}` is linked and not there"))?;
            node.linked = true;
        }
        let root = above.into_iter().next().ok_or("cargo tree: nothing")?;
        Ok(Self { root, crates })
    }
}

/// Depth, crate and licence.
fn read(line: &str) -> Result<(usize, Id, Option<String>), String> {
    let no_crate = || format!("cargo tree: `{line}` is no crate");
    let shown = line.strip_suffix(SHOWN_BEFORE).unwrap_or(line);
    let parts: Vec<&str> = shown.split('\t').collect();
    let [depth, package, licence] = parts.as_slice() else { return Err(no_crate()) };
    let mut words = package.split(' ');
    let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let version = version.strip_prefix('v').and_then(|version| version.parse().ok()).ok_or_else(no_crate)?;
    let depth = depth.parse().map_err(|_| no_crate())?;
    let licence = Some(*licence).filter(|licence| !licence.is_empty()).map(str::to_owned);
    Ok((depth, Id { name: name.to_owned(), version }, licence))
}

#[cfg(test)]
pub(in crate::bom) mod tests {
    use super::*;

    pub(in crate::bom) const ALL: &str = "0\tlojista v0.1.0 (/p)\tMIT OR Apache-2.0\n\
        1\tderive v1.0.0 (proc-macro)\tMIT\n2\tsyn v3.0.9\tMIT/Apache-2.0\n\
        1\tstore v0.1.0 (/p/store)\tMIT OR Apache-2.0\n2\tsqlite v0.39.1\tMIT\n3\tbytes v1.0.0\t\n\
        1\tderive v1.0.0 (proc-macro)\tMIT (*)\n1\tbytes v1.0.0\t\n";
    pub(in crate::bom) const LINKED: &str = "0\tlojista v0.1.0 (/p)\tMIT OR Apache-2.0\n\
        1\tstore v0.1.0 (/p/store)\tMIT OR Apache-2.0\n2\tsqlite v0.39.1\tMIT\n3\tbytes v1.0.0\t\n";

    pub(in crate::bom) fn id(name: &str, version: &str) -> Id {
        Id { name: name.into(), version: version.parse().unwrap() }
    }

    #[test]
    fn who_uses_whom_is_read() {
        let tree = Tree::parse(ALL, LINKED).unwrap();
        let uses = |name: &str, version: &str| -> Vec<String> {
            tree.crates[&id(name, version)].uses.iter().map(|id| id.name.clone()).collect()
        };
        assert_eq!(tree.root, id("lojista", "0.1.0"));
        assert_eq!(uses("lojista", "0.1.0"), ["bytes", "derive", "store"]);
        assert_eq!(uses("store", "0.1.0"), ["sqlite"]);
        assert_eq!(uses("derive", "1.0.0"), ["syn"]);
    }

    #[test]
    fn what_only_writes_code_is_not_linked() {
        let tree = Tree::parse(ALL, LINKED).unwrap();
        let linked = tree.crates.iter().filter(|(_, node)| node.linked).map(|(id, _)| id.name.as_str());
        assert_eq!(linked.collect::<Vec<_>>(), ["bytes", "lojista", "sqlite", "store"]);
    }

    #[test]
    fn a_crate_without_a_licence_has_none() {
        assert_eq!(Tree::parse(ALL, LINKED).unwrap().crates[&id("bytes", "1.0.0")].licence, None);
    }

    #[test]
    fn lines_that_are_no_tree_are_refused() {
        for (all, linked, say) in [
            ("", "", "nothing"),
            ("warning: what?", "", "is no crate"),
            ("0\tlojista 0.1.0\tMIT", "", "is no crate"),
            ("0\ta v1.0.0\tMIT\n2\tb v1.0.0\tMIT", "", "hangs nowhere"),
            ("0\ta v1.0.0\tMIT\n0\tb v1.0.0\tMIT", "", "hangs nowhere"),
            ("0\ta v1.0.0\tMIT", "0\tb v1.0.0\tMIT", "is linked and not there"),
        ] {
            let refused = Tree::parse(all, linked).unwrap_err();
            assert!(refused.contains(say), "{refused}");
        }
    }
}

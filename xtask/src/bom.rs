//! `cargo xtask bom`: the bill of materials of the program that is shipped, as CycloneDX.
//!
//! What cargo would link into it for a platform, each crate with its licence and the checksum
//! of the archive it came in, who uses whom, and the compiler. The same lock file, compiler
//! and program make the same bytes: it has no time and a serial number of its content.

pub mod document;
pub mod tree;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tree::Tree;

use crate::failure::Failure;
use crate::supply::lock::{self, Lock};
use crate::toolchain::Toolchain;
use crate::workspace;

/// The package that is shipped.
const SHIPPED: &str = "lojista";
/// The file in the target folder that the suite writes it to.
const FILE: &str = "lojista.cdx.json";

/// What the bill is of.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The platform; that of the compiler if `None`.
    pub target: Option<String>,
    /// The program that was built, for its checksum.
    pub binary: Option<PathBuf>,
}

/// The bill of materials of the project at `root`, as JSON with a newline at its end.
///
/// # Errors
/// When the lock file does not fit the manifests, when the program cannot be read, and when
/// cargo names a crate that the lock file does not know.
pub fn make(root: &Path, options: &Options) -> Result<String, Failure> {
    let toolchain = Toolchain::read()?;
    let target = options.target.as_deref().unwrap_or(&toolchain.host);
    let lock = fs::read_to_string(root.join(lock::FILE)).map_err(Failure::of)?;
    let lock: Lock = lock.parse().map_err(Failure::of)?;
    let all = cargo_tree(root, target, "normal")?;
    let linked = cargo_tree(root, target, "normal,no-proc-macro")?;
    let tree = Tree::parse(&all, &linked).map_err(Failure::of)?;
    let binary = options.binary.as_deref().map(checksum).transpose()?;
    let bill = document::Bill { tree: &tree, lock: &lock, toolchain: &toolchain, target, binary };
    let document = bill.document().map_err(Failure::of)?;
    let text = serde_json::to_string_pretty(&document).map_err(Failure::of)?;
    Ok(text + "\n")
}

/// Writes the bill to the target folder of the project at `root`, and says where.
///
/// # Errors
/// As [`make`], and when it cannot be written.
pub fn write(root: &Path) -> Result<(), Failure> {
    let text = make(root, &Options::default())?;
    let folder = workspace::target_folder(root)?;
    fs::create_dir_all(&folder).map_err(Failure::of)?;
    fs::write(folder.join(FILE), text).map_err(Failure::of)?;
    eprintln!("xtask: the bill of materials is {FILE} in the target folder");
    Ok(())
}

/// The crates of the shipped package with these edges, as [`Tree::parse`] reads them.
fn cargo_tree(root: &Path, target: &str, edges: &str) -> Result<String, Failure> {
    let mut ask = workspace::cargo();
    ask.args(["tree", "--locked", "--package", SHIPPED, "--target", target, "--edges", edges]);
    ask.args(["--charset", "ascii", "--prefix", "depth", "--format", tree::FORMAT]).current_dir(root);
    workspace::output(&mut ask)
}

fn checksum(file: &Path) -> Result<String, Failure> {
    let bytes = fs::read(file).map_err(|error| Failure::of(format!("{}: {error}", file.display())))?;
    Ok(hexadecimal(&Sha256::digest(bytes)))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::document::tests::trouble;
    use super::*;

    fn bill(options: &Options) -> String {
        make(&workspace::root().unwrap(), options).unwrap()
    }

    fn names(bill: &str) -> Vec<String> {
        let bill: Value = serde_json::from_str(bill).unwrap();
        let components = bill["components"].as_array().unwrap();
        components.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_bill_of_this_house_has_the_shape_of_the_format() {
        let bill: Value = serde_json::from_str(&bill(&Options::default())).unwrap();
        assert_eq!(trouble(&bill), Vec::<String>::new());
        assert_eq!(bill["metadata"]["component"]["name"], "lojista");
    }

    #[test]
    fn what_only_tests_need_is_not_in_the_bill() {
        let names = names(&bill(&Options::default()));
        for linked in ["domain", "rustls", "libsqlite3-sys", "aws-lc-sys"] {
            assert!(names.iter().any(|name| name == linked), "{linked} is missing");
        }
        // `ring` is in the lock file, and behind a feature that nobody asks for.
        for absent in ["tests", "xtask", "insta", "proptest", "spdx", "ring", "cc"] {
            assert!(names.iter().all(|name| name != absent), "{absent} is not shipped");
        }
    }

    #[test]
    fn the_same_house_makes_the_same_bytes() {
        assert_eq!(bill(&Options::default()), bill(&Options::default()));
    }

    #[test]
    fn the_program_is_known_by_its_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("lojista");
        fs::write(&program, "abc").unwrap();
        let of_program: Value =
            serde_json::from_str(&bill(&Options { binary: Some(program), target: None })).unwrap();
        // The example of FIPS 180-4.
        assert_eq!(
            of_program["metadata"]["component"]["hashes"][0]["content"],
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(trouble(&of_program), Vec::<String>::new());
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let absent = Options { binary: Some("no/such/program".into()), target: None };
        let refused = make(&workspace::root().unwrap(), &absent).unwrap_err();
        assert!(refused.say.unwrap().starts_with("no/such/program: "));
    }
}

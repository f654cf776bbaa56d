//! Where the project is and what belongs to it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// The cargo that runs us, so that a chosen toolchain stays chosen.
#[must_use]
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// The root folder of the workspace that the current folder is in.
pub fn root() -> Result<PathBuf, Failure> {
    let said = output(cargo().args(["locate-project", "--workspace", "--message-format", "plain"]))?;
    Path::new(said.trim())
        .parent()
        .map(Path::to_path_buf)
        .ok_or_else(|| Failure::of("cargo named no workspace"))
}

/// Where cargo puts what it builds for the workspace at `root`.
///
/// # Errors
/// When cargo does not say.
pub fn target_folder(root: &Path) -> Result<PathBuf, Failure> {
    let ask = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let said = output(cargo().args(ask).current_dir(root))?;
    let said: serde_json::Value = serde_json::from_str(&said)
        .map_err(|error| Failure::of(format!("cargo metadata is no JSON: {error}")))?;
    let folder = said["target_directory"].as_str();
    folder.map(PathBuf::from).ok_or_else(|| Failure::of("cargo names no target folder"))
}

/// Paths, relative to `root`, of all files that git tracks or would take.
pub fn files(root: &Path) -> Result<Vec<String>, Failure> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let said = output(Command::new("git").args(list).current_dir(root))?;
    Ok(said.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// Paths, relative to `root`, of all files that git tracks.
pub fn tracked(root: &Path) -> Result<Vec<String>, Failure> {
    let said = output(Command::new("git").args(["ls-files", "-z", "--cached"]).current_dir(root))?;
    Ok(said.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// Whether `path` is a Rust source file.
#[must_use]
pub fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|kind| kind == "rs")
}

/// Runs `command` and returns what it printed.
pub fn output(command: &mut Command) -> Result<String, Failure> {
    let name = command.get_program().display().to_string();
    let done = command.output().map_err(|error| Failure::of(format!("cannot start {name}: {error}")))?;
    if !done.status.success() {
        let trouble = String::from_utf8_lossy(&done.stderr);
        return Err(Failure::of(format!("{name} failed: {}", trouble.trim())));
    }
    String::from_utf8(done.stdout).map_err(|_| Failure::of(format!("{name} printed text that is not UTF-8")))
}

/// The first folder on `PATH`, then in `more`, that holds the program `name`.
#[must_use]
pub fn find_program(name: &str, more: &[PathBuf]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(more.iter().cloned());
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_off_the_path_is_found_where_its_package_puts_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a-rare-program"), "").unwrap();
        let more = [folder.path().to_path_buf()];
        assert_eq!(find_program("a-rare-program", &more), Some(more[0].join("a-rare-program")));
        assert_eq!(find_program("a-rare-program", &[]), None);
    }

    #[test]
    fn a_program_that_fails_is_quoted() {
        let failed = output(Command::new("sh").args(["-c", "echo no disk >&2; exit 3"])).unwrap_err();
        assert_eq!(failed.say.as_deref(), Some("sh failed: no disk"));
    }

    #[test]
    fn what_cargo_builds_is_found_where_cargo_puts_it() {
        let this_test = env::current_exe().unwrap();
        assert!(this_test.starts_with(target_folder(&root().unwrap()).unwrap()));
    }

    #[test]
    fn the_house_lists_its_own_files() {
        let files = files(&root().unwrap()).unwrap();
        assert!(files.iter().any(|file| file == "xtask/src/workspace.rs"));
    }
}

//! Where advisory records come from, and how old they are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::advisory::Advisory;
use super::day::Day;
use crate::failure::Failure;
use crate::workspace::output;

/// Names a folder or archive of records.
pub const VARIABLE: &str = "LOJISTA_ADVISORY_RECORDS";
/// The folder beside the project where dated archives lie, from the project's root.
const BESIDE: &str = "../shared/data";
/// How such an archive begins and ends; its day stands between.
const ARCHIVE: (&str, &str) = ("rust-advisories-", ".tar.gz");
/// The database itself.
const DATABASE: &str = "https://github.com/rustsec/advisory-db";

/// Which records are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The newest archive beside the project.
    Beside,
    /// This folder or archive.
    At(PathBuf),
    /// The database as it is now, over the network.
    Live,
}

impl Wanted {
    /// What the environment names, or what lies beside the project.
    #[must_use]
    pub fn of_environment() -> Self {
        env::var_os(VARIABLE).map_or(Self::Beside, |path| Self::At(path.into()))
    }
}

/// Records and where they are from.
#[derive(Debug, Clone)]
pub struct Records {
    /// All of them, those taken back too.
    pub advisories: Vec<Advisory>,
    /// The day they are of.
    pub day: Day,
    /// Where they are from, for people.
    pub from: String,
}

/// The records that are wanted; `None` if nothing lies beside the project at `root`.
///
/// # Errors
/// When a named place holds none, when one of them cannot be read, when an archive is cut,
/// and when the database cannot be reached.
pub fn find(root: &Path, wanted: &Wanted) -> Result<Option<Records>, Failure> {
    match wanted {
        Wanted::At(path) if path.is_dir() => {
            read(path, Day::within(&name(path)), &path.display().to_string()).map(Some)
        }
        Wanted::At(path) if path.is_file() => unpack(path).map(Some),
        Wanted::At(path) => {
            Err(Failure::of(format!("no records at {}: no such folder or archive", path.display())))
        }
        Wanted::Beside => newest(&root.join(BESIDE)).map(|archive| unpack(&archive)).transpose(),
        Wanted::Live => fetch(DATABASE).map(Some),
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The archive of the latest day in `folder`.
fn newest(folder: &Path) -> Option<PathBuf> {
    let dated = |path: PathBuf| {
        let name = name(&path);
        let day = name.strip_prefix(ARCHIVE.0)?.strip_suffix(ARCHIVE.1)?.parse::<Day>().ok()?;
        Some((day, path))
    };
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    entries.filter_map(|entry| dated(entry.path())).max().map(|(_, path)| path)
}

fn unpack(archive: &Path) -> Result<Records, Failure> {
    let folder = tempfile::tempdir().map_err(Failure::of)?;
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--gzip").arg("--file").arg(archive).arg("--directory").arg(folder.path());
    output(&mut tar).map_err(|failure| {
        let why = failure.say.unwrap_or_default();
        Failure::of(format!("{} is no whole archive of records: {why}", archive.display()))
    })?;
    read(folder.path(), Day::within(&name(archive)), &archive.display().to_string())
}

/// The database at `address`, as git brings it.
fn fetch(address: &str) -> Result<Records, Failure> {
    let folder = tempfile::tempdir().map_err(Failure::of)?;
    let clone = ["clone", "--quiet", "--depth", "1", address];
    output(Command::new("git").args(clone).arg(folder.path()).env("GIT_TERMINAL_PROMPT", "0"))?;
    read(folder.path(), None, address)
}

/// All records in `folder`, which are of `day`, or of the day of its last commit, or of the
/// day of the newest among them.
fn read(folder: &Path, day: Option<Day>, from: &str) -> Result<Records, Failure> {
    let crates = folder.join("crates");
    let packages = if crates.is_dir() { entries(&crates)? } else { Vec::new() };
    let mut files = Vec::new();
    for package in packages.iter().filter(|package| package.is_dir()) {
        files.extend(entries(package)?);
    }
    files.retain(|file| file.extension().is_some_and(|kind| kind == "md"));
    let mut advisories = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| error.to_string());
        let advisory = text.and_then(|text| text.parse::<Advisory>()).map_err(|error| {
            let file = file.strip_prefix(folder).unwrap_or(&file).display();
            Failure::of(format!("{from}: {file} is no record of a form that is known: {error}"))
        })?;
        advisories.push(advisory);
    }
    let latest = advisories.iter().map(|advisory| advisory.date).max();
    let committed = || folder.join(".git").exists().then(|| last_commit(folder)).flatten();
    match day.or_else(committed).or(latest) {
        Some(day) if !advisories.is_empty() => Ok(Records { advisories, day, from: from.to_owned() }),
        _ => Err(Failure::of(format!("{from} holds no records: they lie in it as crates/NAME/RUSTSEC-….md"))),
    }
}

/// What lies in a folder, in the order of the names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error| Failure::of(format!("{}: {error}", folder.display()));
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

fn last_commit(folder: &Path) -> Option<Day> {
    let log = ["log", "-1", "--date=format-local:%Y-%m-%d", "--format=%cd"];
    let said = output(Command::new("git").args(log).current_dir(folder).env("TZ", "UTC")).ok()?;
    said.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::advisory::tests::record;
    use super::*;

    fn put(folder: &Path, file: &str, text: &str) {
        let file = folder.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// A folder with a record of May and one of an older day.
    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let new = record("RUSTSEC-2026-0001", "yaml", "", "patched = []");
        let old = record("RUSTSEC-2019-0007", "zip", "", "patched = []").replace("2026-08-10", "2019-01-02");
        put(folder.path(), "crates/yaml/RUSTSEC-2026-0001.md", &new);
        put(folder.path(), "crates/zip/RUSTSEC-2019-0007.md", &old);
        put(folder.path(), "README.md", "Not a record.");
        folder
    }

    fn run(program: &str, arguments: &[&str], folder: &Path) {
        output(Command::new(program).args(arguments).current_dir(folder)).unwrap();
    }

    /// The folder as an archive of that name.
    fn archive(folder: &Path, name: &str) -> PathBuf {
        run("tar", &["-czf", name, "crates"], folder);
        folder.join(name)
    }

    fn at(path: &Path) -> Result<Records, Failure> {
        find(Path::new("."), &Wanted::At(path.to_owned())).map(|records| records.expect("a named place"))
    }

    fn refused(path: &Path) -> String {
        at(path).unwrap_err().say.unwrap()
    }

    #[test]
    fn a_folder_is_of_the_day_of_its_newest_record() {
        let folder = folder();
        let records = at(folder.path()).unwrap();
        assert_eq!((records.advisories.len(), records.day.to_string().as_str()), (2, "2026-08-10"));
    }

    #[test]
    fn an_archive_is_of_the_day_in_its_name() {
        let folder = folder();
        let archive = archive(folder.path(), "rust-advisories-2026-08-21.tar.gz");
        let records = at(&archive).unwrap();
        assert_eq!((records.advisories.len(), records.day.to_string().as_str()), (2, "2026-08-21"));
        assert!(records.from.ends_with("rust-advisories-2026-08-21.tar.gz"));
    }

    #[test]
    fn the_database_is_of_the_day_of_its_last_commit() {
        let folder = folder();
        run("git", &["init", "--quiet"], folder.path());
        run("git", &["add", "."], folder.path());
        let author = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let commit = ["commit", "--quiet", "--message", "records", "--no-gpg-sign"];
        let mut git = Command::new("git");
        git.args(author).args(commit).current_dir(folder.path());
        output(git.env("GIT_COMMITTER_DATE", "2026-07-09T23:30:00-0300")).unwrap();
        let records = fetch(&format!("file://{}", folder.path().display())).unwrap();
        assert_eq!((records.advisories.len(), records.day.to_string().as_str()), (2, "2026-07-10"));
    }

    #[test]
    fn a_database_out_of_reach_is_an_error_and_not_an_empty_one() {
        let nowhere = tempfile::tempdir().unwrap();
        let failed = fetch(&format!("file://{}/database", nowhere.path().display())).unwrap_err();
        assert!(failed.say.unwrap().starts_with("git failed: "));
    }

    #[test]
    fn the_newest_archive_beside_the_project_is_taken() {
        let place = tempfile::tempdir().unwrap();
        let (root, data) = (place.path().join("project"), place.path().join("shared/data"));
        fs::create_dir_all(&root).unwrap();
        assert!(find(&root, &Wanted::Beside).unwrap().is_none());
        fs::create_dir_all(&data).unwrap();
        let folder = folder();
        let whole = archive(folder.path(), "whole.tar.gz");
        for name in [
            "rust-advisories-2026-08-21.tar.gz",
            "rust-advisories-2025-12-31.tar.gz",
            "others-2027-01-01.tar.gz",
        ] {
            fs::copy(&whole, data.join(name)).unwrap();
        }
        let records = find(&root, &Wanted::Beside).unwrap().unwrap();
        assert_eq!(records.day.to_string(), "2026-08-21");
    }

    #[test]
    fn a_cut_archive_is_refused() {
        let folder = folder();
        let archive = archive(folder.path(), "rust-advisories-2026-08-21.tar.gz");
        let bytes = fs::read(&archive).unwrap();
        fs::write(&archive, &bytes[..bytes.len() / 2]).unwrap();
        let refused = refused(&archive);
        assert!(
            refused.contains("is no whole archive of records") && refused.contains("tar failed"),
            "{refused}"
        );
    }

    #[test]
    fn a_file_that_is_no_archive_is_refused() {
        let folder = folder();
        assert!(refused(&folder.path().join("README.md")).contains("is no whole archive"));
    }

    #[test]
    fn a_broken_record_is_named_and_none_is_passed_over() {
        let folder = folder();
        put(folder.path(), "crates/yaml/RUSTSEC-2026-0002.md", "id = 1");
        let refused = refused(folder.path());
        assert!(refused.contains("crates/yaml/RUSTSEC-2026-0002.md is no record"), "{refused}");
    }

    #[test]
    fn a_place_without_records_is_refused() {
        let empty = tempfile::tempdir().unwrap();
        assert!(refused(empty.path()).contains("holds no records"));
        assert!(refused(&empty.path().join("nothing")).contains("no such folder or archive"));
    }
}

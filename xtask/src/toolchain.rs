//! The compiler that the house is built with.

use std::env;
use std::ffi::OsString;
use std::process::Command;
use std::str::FromStr;

use semver::Version;

use crate::failure::Failure;
use crate::workspace::output;

/// A compiler, as it names itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// Its release, as in `1.95.0`.
    pub release: Version,
    /// The commit that it was built from; `None` when it does not say.
    pub commit: Option<String>,
    /// The platform that it builds for when nothing else is asked.
    pub host: String,
}

impl Toolchain {
    /// The compiler that cargo uses here.
    ///
    /// # Errors
    /// When there is none, and when it does not say what it is.
    pub fn read() -> Result<Self, Failure> {
        let compiler = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
        output(Command::new(compiler).arg("-vV"))?.parse().map_err(Failure::of)
    }
}

impl FromStr for Toolchain {
    type Err = String;

    fn from_str(said: &str) -> Result<Self, String> {
        let line = |name: &str| {
            let words = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            words.filter(|words| *words != "unknown").map(str::to_owned)
        };
        let missing = |name: &str| format!("rustc does not say its {name}");
        let release = line("release").ok_or_else(|| missing("release"))?;
        let release = release.parse().map_err(|error| format!("rustc's release `{release}`: {error}"))?;
        let host = line("host").ok_or_else(|| missing("host"))?;
        Ok(Self { release, commit: line("commit-hash"), host })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\ncommit-hash: 59807616e1fa\n\
                        commit-date: 2026-04-14\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";

    #[test]
    fn a_compiler_says_what_it_is() {
        let toolchain: Toolchain = SAID.parse().unwrap();
        assert_eq!(toolchain.release, Version::new(1, 95, 0));
        assert_eq!(toolchain.commit.as_deref(), Some("59807616e1fa"));
        assert_eq!(toolchain.host, "x86_64-unknown-linux-gnu");
    }

    #[test]
    fn one_of_a_distribution_may_know_no_commit() {
        let said = SAID.replace("59807616e1fa", "unknown");
        assert_eq!(said.parse::<Toolchain>().unwrap().commit, None);
    }

    #[test]
    fn what_says_nothing_is_no_compiler() {
        assert!("".parse::<Toolchain>().unwrap_err().contains("does not say its release"));
        assert!(SAID.replace("release: 1.95.0", "release: new").parse::<Toolchain>().is_err());
        assert!(SAID.replace("host: ", "ghost: ").parse::<Toolchain>().unwrap_err().contains("host"));
    }

    #[test]
    fn this_house_has_one() {
        assert!(Toolchain::read().unwrap().release >= Version::new(1, 95, 0));
    }
}

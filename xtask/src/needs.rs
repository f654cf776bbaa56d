//! What the tests need on the machine, and how it gets there.

use std::process::Command;

use rustix::process::geteuid;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::services::{postgres_program, redis_program};
use crate::suite::Part;
use crate::workspace::{cargo, find_program, output};

/// The runner that `cargo xtask test` was tried with; builds with the project's Rust.
const NEXTEST_VERSION: &str = "0.9.143";

/// One thing the tests need. To need more, add a row to [`NEEDS`].
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// Its name, for people.
    pub what: &'static str,
    /// The parts of the suite that need it.
    pub parts: &'static [Part],
    /// Whether the machine has it.
    pub present: fn() -> bool,
    /// Where it comes from.
    pub from: Source,
}

/// Where something missing comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A Debian package; only root may install one.
    Debian(&'static str),
    /// A component of the Rust toolchain.
    Rustup(&'static str),
    /// A program that cargo builds: name and version.
    Cargo(&'static str, &'static str),
}

/// Everything the tests need beside Rust itself.
pub const NEEDS: &[Need] = &[
    Need {
        what: "PostgreSQL server",
        parts: &[Part::Tests],
        present: || postgres_program("initdb").is_ok() && postgres_program("postgres").is_ok(),
        from: Source::Debian("postgresql"),
    },
    Need {
        what: "Redis server",
        parts: &[Part::Tests],
        present: || redis_program().is_some(),
        from: Source::Debian("redis-server"),
    },
    Need {
        what: "Chromium",
        parts: &[Part::Tests],
        present: || find_program("chromium", &[]).is_some(),
        from: Source::Debian("chromium"),
    },
    Need {
        what: "ChromeDriver",
        parts: &[Part::Tests],
        present: || find_program("chromedriver", &[]).is_some(),
        from: Source::Debian("chromium-driver"),
    },
    Need {
        what: "git",
        parts: &[Part::Tidy, Part::Supply, Part::NewChannel, Part::Tests],
        present: || find_program("git", &[]).is_some(),
        from: Source::Debian("git"),
    },
    Need {
        what: "rustfmt",
        parts: &[Part::Fmt, Part::NewChannel],
        present: || cargo_has("fmt"),
        from: Source::Rustup("rustfmt"),
    },
    Need {
        what: "clippy",
        parts: &[Part::Clippy, Part::NewChannel],
        present: || cargo_has("clippy"),
        from: Source::Rustup("clippy"),
    },
    Need {
        what: "nextest, the test runner",
        parts: &[Part::Tests],
        present: || cargo_has("nextest"),
        from: Source::Cargo("cargo-nextest", NEXTEST_VERSION),
    },
];

fn cargo_has(command: &str) -> bool {
    output(cargo().args([command, "--version"])).is_ok()
}

/// Installs what is missing for the parts that are `wanted`.
///
/// # Errors
/// When something is missing that only root may install (names the command to run), and
/// when an installation fails.
pub fn provide(interrupt: &Interrupt, wanted: impl Fn(Part) -> bool) -> Result<(), Failure> {
    let needed = NEEDS.iter().filter(|need| need.parts.iter().any(|part| wanted(*part)));
    let missing: Vec<&Need> = needed.filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.what).collect();
    eprintln!("xtask: missing here: {}", names.join(", "));
    for step in plan(&missing, geteuid().is_root(), find_program("apt-get", &[]).is_some())? {
        eprintln!("xtask: {}", step.join(" "));
        let mut command = if step[0] == "cargo" { cargo() } else { Command::new(&step[0]) };
        command.args(&step[1..]).env("DEBIAN_FRONTEND", "noninteractive");
        interrupt.run(&mut command).map_err(|failure| {
            let say = failure.say.unwrap_or_else(|| format!("`{}` failed; run it by hand", step.join(" ")));
            Failure { say: Some(say), ..failure }
        })?;
    }
    match missing.iter().find(|need| !(need.present)()) {
        None => Ok(()),
        Some(need) => Err(Failure::of(format!("{} was installed and is still not found", need.what))),
    }
}

/// The commands that bring what is missing, in order.
fn plan(missing: &[&Need], root: bool, debian: bool) -> Result<Vec<Vec<String>>, Failure> {
    let mut packages = Vec::new();
    let mut commands = Vec::new();
    for need in missing {
        match need.from {
            Source::Debian(package) => packages.push(package),
            Source::Rustup(component) => commands.push(words(&["rustup", "component", "add", component])),
            Source::Cargo(name, version) => {
                commands.push(words(&["cargo", "install", "--locked", name, "--version", version]));
            }
        }
    }
    if packages.is_empty() {
        return Ok(commands);
    }
    let packages = packages.join(" ");
    if !debian {
        return Err(Failure::of(format!("install what Debian calls: {packages}")));
    }
    if !root {
        return Err(Failure::of(format!(
            "only root may install packages; run\n  sudo apt-get install -y {packages}\nand try again"
        )));
    }
    let mut install = words(&["apt-get", "install", "-y", "--no-install-recommends"]);
    install.extend(packages.split(' ').map(str::to_owned));
    commands.splice(0..0, [words(&["apt-get", "update"]), install]);
    Ok(commands)
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(from: Source) -> Need {
        Need { what: "something", parts: &[Part::Tests], present: || false, from }
    }

    fn lines(plan: &[Vec<String>]) -> Vec<String> {
        plan.iter().map(|command| command.join(" ")).collect()
    }

    #[test]
    fn root_installs_all_packages_at_once_and_first() {
        let needs = [
            need(Source::Cargo("runner", "1.2.3")),
            need(Source::Debian("postgresql")),
            need(Source::Debian("redis-server")),
        ];
        let plan = plan(&needs.each_ref(), true, true).unwrap();
        assert_eq!(
            lines(&plan),
            [
                "apt-get update",
                "apt-get install -y --no-install-recommends postgresql redis-server",
                "cargo install --locked runner --version 1.2.3",
            ]
        );
    }

    #[test]
    fn somebody_else_is_told_the_exact_command() {
        let needs = [need(Source::Debian("postgresql")), need(Source::Debian("redis-server"))];
        let refused = plan(&needs.each_ref(), false, true).unwrap_err();
        assert!(refused.say.unwrap().contains("sudo apt-get install -y postgresql redis-server"));
    }

    #[test]
    fn what_cargo_and_rustup_bring_needs_no_root() {
        let needs = [need(Source::Rustup("clippy")), need(Source::Cargo("runner", "1.2.3"))];
        let plan = plan(&needs.each_ref(), false, true).unwrap();
        assert_eq!(
            lines(&plan),
            ["rustup component add clippy", "cargo install --locked runner --version 1.2.3"]
        );
    }

    #[test]
    fn a_system_without_apt_is_told_the_names() {
        let refused = plan(&[&need(Source::Debian("postgresql"))], true, false).unwrap_err();
        assert_eq!(refused.say.as_deref(), Some("install what Debian calls: postgresql"));
    }
}

//! `cargo xtask bench` and `cargo xtask torture`: the program built as it is shipped, with
//! a PostgreSQL of its own that waits for the disk as in production.

use std::ffi::OsString;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::services::{Fsync, Postgres};
use crate::suite::POSTGRES_URL_VARIABLE;
use crate::workspace;

/// Builds the program and `binary`, and runs `binary` with `arguments`.
///
/// # Errors
/// When something cannot be built or started, and when `binary` says so.
pub fn run(binary: &str, arguments: &[OsString], with_postgres: bool) -> Result<(), Failure> {
    let interrupt = Interrupt::install().map_err(Failure::of)?;
    let root = workspace::root()?;
    let build = ["build", "--locked", "--release", "--package", "lojista", "--package", "tests", "--bins"];
    interrupt.run(workspace::cargo().args(build).current_dir(&root))?;
    let postgres = if with_postgres { Some(Postgres::start(Fsync::On).map_err(Failure::of)?) } else { None };
    // Databases lie on the disk of the project: a folder in memory would wait for nothing.
    let folder = root.join("target").join(binary);
    std::fs::create_dir_all(&folder).map_err(Failure::of)?;
    let mut command = workspace::cargo();
    command.args(["run", "--release", "--quiet", "--package", "tests", "--bin", binary, "--"]);
    command.arg("--folder").arg(&folder).args(arguments).current_dir(&root);
    if let Some(postgres) = &postgres {
        command.env(POSTGRES_URL_VARIABLE, postgres.url());
    }
    interrupt.run(&mut command)
}

//! The program with flaws that scanners have to find (`cargo xtask scan --planted`).

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("lojista-planted: this program has flaws on purpose; nobody but a scanner may reach it");
    lojista::main(None)
}

//! The program as it is shipped.

use std::process::ExitCode;

fn main() -> ExitCode {
    lojista::main(None)
}

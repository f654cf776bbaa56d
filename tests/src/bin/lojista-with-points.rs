//! The program, with a point at which it ends itself: for the torture. Told so by its environment,
//! it erases buyers instead.

use std::process::ExitCode;
use std::sync::Arc;

use app::Faults;
use tests::bench::stage::server_runtime;
use tests::torture::{ERASES, Point, erase_all};

fn main() -> ExitCode {
    if let Some(shop) = std::env::var_os(ERASES) {
        let erased = server_runtime().and_then(|runtime| runtime.block_on(erase_all(shop.into())));
        return if let Err(error) = erased {
            eprintln!("lojista-with-points: erasing: {error}");
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        };
    }
    match Point::from_environment() {
        Ok(point) => lojista::main(point.map(|point| Arc::new(point) as Arc<dyn Faults>)),
        Err(problem) => {
            eprintln!("lojista-with-points: {problem}");
            ExitCode::FAILURE
        }
    }
}

//! The program, with a point at which it ends itself: for the torture.

use std::process::ExitCode;
use std::sync::Arc;

use app::Faults;
use tests::torture::Point;

fn main() -> ExitCode {
    match Point::from_environment() {
        Ok(point) => lojista::main(point.map(|point| Arc::new(point) as Arc<dyn Faults>)),
        Err(problem) => {
            eprintln!("lojista-with-points: {problem}");
            ExitCode::FAILURE
        }
    }
}

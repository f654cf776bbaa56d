//! The benchmarks: what the house promises in figures, measured side by side in one run,
//! printed as a table and kept as JSON. Never asserted in a test: a figure belongs to the
//! machine it was taken on.

pub mod connectors;
pub mod cpu;
pub mod fan_out;
pub mod first_import;
pub mod footprint;
pub mod hook_intake;
pub mod http;
pub mod listings_page;
pub mod load;
pub mod masked_page;
pub mod orders_page;
pub mod page;
pub mod permission;
pub mod program;
pub mod refused_sign_in;
pub mod report;
pub mod restore_drill;
pub mod rotation;
pub mod sealing;
pub mod sheet_import;
pub mod stage;
pub mod stock_changes;

/// Why a measurement could not be taken. Nothing here is worth a type: a person reads it.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// The result of measuring.
pub type Result<T> = std::result::Result<T, Error>;

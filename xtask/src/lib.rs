//! The house keeper: `cargo xtask test`, `cargo xtask tidy`, and the databases that the
//! tests, the benchmark and the torture start for themselves.
//!
//! It is built before everything else, so it depends on little.

pub mod asvs;
pub mod bom;
pub mod failure;
pub mod interrupt;
pub mod measure;
pub mod needs;
pub mod new_channel;
pub mod scan;
pub mod services;
pub mod simulate;
pub mod suite;
pub mod supply;
pub mod tidy;
pub mod toolchain;
pub mod workspace;

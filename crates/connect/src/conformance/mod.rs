//! The test kit for channels: a scripted outside world and one set of tests for all.
//! Only behind the feature `conformance`; no part of the program.

mod script;

pub use script::{Script, Step, now, text};

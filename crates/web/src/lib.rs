//! What people see: pages as typed templates, words in three languages, static files.
//!
//! A page is a struct in [`pages`] that a handler fills and renders; its template can
//! only show what the struct holds. Every page carries a [`Chrome`]: language, theme,
//! who is signed in, and the ways to write money, times and counts for that reader.

#[cfg(all(feature = "planted-flaws", not(debug_assertions)))]
compile_error!("planted flaws are for scans of a debug build: leave the feature planted-flaws out");

mod agent;
pub mod assets;
pub mod audit_csv;
pub mod badge;
pub mod chart;
pub mod chrome;
pub mod csv;
pub mod format;
pub mod i18n;
mod letters;
pub mod pages;
mod papers;
mod pdf;
mod qr;
mod retention;
pub mod samples;
pub mod server;

pub use badge::{Badge, Tone};
pub use chrome::{Chrome, Flash, Nav, OwnerNotice, SignedIn, Theme};
pub use i18n::Lang;
pub use letters::Letters;
pub use server::{WebConfig, paths, router};

#[cfg(test)]
mod page_tests;

//! Dispatch: packages, their labels, where they are, and the invoice that comes first.

mod documents;
#[cfg(test)]
pub(in crate::market) mod facts;
mod invoices;
pub(super) mod map;
mod packages;
mod parcels;
mod tracking;
pub(super) mod wire;

//! Dispatch: shipments, their labels, where they are, and the invoice that comes first.

mod documents;
#[cfg(test)]
pub(in crate::market) mod facts;
mod invoices;
pub(super) mod map;
mod packages;
mod parcels;
mod tracking;
pub(super) mod wire;

use connect::{Account, CallSpec, ChannelError};
use http::Method;

use super::MercadoLivre;
use super::hook::is_number;
use crate::market::refusal;

impl MercadoLivre {
    /// A call about a shipment, in the format that is mandatory since 2025-10-12.
    fn about_shipment(
        &self,
        operation: &'static str,
        method: Method,
        account: &Account,
        id: &str,
        below: &[&str],
    ) -> Result<CallSpec, ChannelError> {
        if !is_number(id) {
            return Err(refusal::id(operation));
        }
        let path: Vec<&str> = ["shipments", id].into_iter().chain(below.iter().copied()).collect();
        Ok(self.request(operation, method, account, &path).header("x-format-new", "true"))
    }
}

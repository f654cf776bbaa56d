//! Quantities. An answer of 200 proves nothing here: the platform accepts and ignores
//! fields (several depots, automations), so every write is read back.
//!
//! A listing takes its quantity directly unless the seller has several depots: then the
//! platform ignores or refuses it, and the stock of its user product is written, place by
//! place (`places.rs`), under the version that was read.

use connect::{
    Account, Answer, Call, ChannelError, ErrorKind, ListingKey, ListingSnapshot, Stock, StockControl,
};
use http::Method;
use serde_json::json;

use super::places::{Depot, Places, Plan};
use super::wire::{self, Loose};
use super::{MercadoLivre, SPEC};
use crate::market::refusal;

const OPERATION: &str = "write stock";
/// Sites where the seller's own address can be written beside units at Full. On others
/// the platform answers that it is blocked.
const SITES_WITH_ADDRESS_WRITES: [&str; 2] = ["MLA", "MLC"];

impl Stock for MercadoLivre {
    fn write<'a>(
        &'a self,
        account: &'a Account,
        key: &'a ListingKey,
        quantity_units: i64,
    ) -> Call<'a, ListingSnapshot> {
        Box::pin(async move {
            refusal::quantity(OPERATION, quantity_units, &SPEC)?;
            let body = format!(r#"{{"available_quantity":{quantity_units}}}"#);
            let (shown, failure) = match self.put_and_read_back(OPERATION, account, key, body).await? {
                Put::Accepted(shown, _) if shown.quantity_units == quantity_units => return Ok(shown),
                Put::Accepted(shown, answer) => {
                    let is_ours = shown.stock_control == StockControl::Seller;
                    let kind = if is_ours { ErrorKind::WriteNotApplied } else { ErrorKind::NotWritable };
                    (shown, answer.fail(kind))
                }
                Put::Refused(shown, refusal) => (shown, refusal),
            };
            let shown_now = self.write_places(account, &shown, quantity_units).await?;
            shown_now.map(|quantity_units| ListingSnapshot { quantity_units, ..shown }).ok_or(failure)
        })
    }
}

/// What became of a write to a listing that takes writes.
pub(super) enum Put {
    /// It was accepted; the listing as it stands since, and the answer that says so.
    Accepted(ListingSnapshot, Answer),
    /// It was refused, though not because of the listing's state.
    Refused(ListingSnapshot, ChannelError),
}

impl MercadoLivre {
    /// Writes to the listing, or to one variation at its own address: a list of
    /// variations sent to the listing would delete those that it does not name.
    pub(super) async fn put_and_read_back(
        &self,
        operation: &'static str,
        account: &Account,
        key: &ListingKey,
        body: String,
    ) -> Result<Put, ChannelError> {
        let mut path = vec!["items", key.external_id.as_str()];
        if let Some(variation) = &key.variation_external_id {
            path.extend(["variations", variation.as_str()]);
        }
        let spec = self.request(operation, Method::PUT, account, &path).json(body);
        match self.ask(spec).await {
            Ok(_) => {
                let (shown, answer) = self.shown(operation, account, key).await?;
                Ok(Put::Accepted(shown, answer))
            }
            Err(mut refusal) if matches!(refusal.kind, ErrorKind::Refused { .. }) => {
                let Ok((shown, _)) = self.shown(operation, account, key).await else { return Err(refusal) };
                // A refusal because of the listing's state has many codes; the state itself is plain.
                if !shown.state.takes_stock() || shown.stock_control == StockControl::Platform {
                    refusal.kind = ErrorKind::NotWritable;
                    return Err(refusal);
                }
                Ok(Put::Refused(shown, refusal))
            }
            Err(error) => Err(error),
        }
    }

    /// What the platform shows for `key` now.
    pub(super) async fn shown(
        &self,
        operation: &'static str,
        account: &Account,
        key: &ListingKey,
    ) -> Result<(ListingSnapshot, Answer), ChannelError> {
        let (snapshots, answer) = self.read_item(operation, account, &key.external_id).await?;
        match snapshots.into_iter().find(|snapshot| snapshot.key == *key) {
            Some(snapshot) => Ok((snapshot, answer)),
            None => Err(answer.fail(ErrorKind::NotFound)),
        }
    }

    /// Writes the places that keep the listing's units and returns the units that they
    /// then hold; `None` where its quantity is not written place by place. A version that
    /// is no longer the present one is a conflict: the change may be a sale that the
    /// target does not know of, so it is the caller who has to compute it again.
    async fn write_places(
        &self,
        account: &Account,
        shown: &ListingSnapshot,
        target_units: i64,
    ) -> Result<Option<i64>, ChannelError> {
        let Some(product) = shown.stock_group.as_deref().filter(|_| shown.state.takes_stock()) else {
            return Ok(None);
        };
        let Some((places, version, _)) = self.places(account, product).await? else { return Ok(None) };
        let (kind, body) = match places.plan(target_units) {
            Plan::Nothing if places.has_depots() => return Ok(Some(target_units)),
            Plan::Nothing | Plan::NoWay => return Ok(None),
            Plan::Address(_) if !SITES_WITH_ADDRESS_WRITES.contains(&self.config.site.as_str()) => {
                return Ok(None);
            }
            Plan::Address(units) => ("selling_address", json!({ "quantity": units })),
            Plan::Depots(units) => ("seller_warehouse", json!({ "locations": depots(&units) })),
        };
        let path = ["user-products", product, "stock", "type", kind];
        let spec = self
            .request(OPERATION, Method::PUT, account, &path)
            .header_number("x-version", version)
            .json(body.to_string());
        self.ask(spec).await?;
        match self.places(account, product).await? {
            Some((now, _, _)) if now.total_units() == target_units => Ok(Some(target_units)),
            // What lies at the platform is more than the target: nobody but it can change that.
            Some((now, _, answer)) if now.fixed_units() > target_units => {
                Err(answer.fail(ErrorKind::NotWritable))
            }
            Some((_, _, answer)) => Err(answer.fail(ErrorKind::WriteNotApplied)),
            None => Ok(None),
        }
    }

    /// Where the units of a user product lie and the version of that; `None` where the
    /// platform keeps no such list of it.
    async fn places(
        &self,
        account: &Account,
        product: &str,
    ) -> Result<Option<(Places, i64, Answer)>, ChannelError> {
        let spec = self.request(OPERATION, Method::GET, account, &["user-products", product, "stock"]);
        let answer = match self.ask(spec).await {
            Err(ChannelError { kind: ErrorKind::NotFound, .. }) => return Ok(None),
            outcome => outcome?,
        };
        let stock: wire::ProductStock = answer.json()?;
        let places = Places::read(&stock).map_err(|gap| answer.garbled(gap.0))?;
        let version = answer.header("x-version").and_then(|text| Loose(text.to_owned()).count());
        match version {
            Some(version) => Ok(Some((places, version, answer))),
            None => Err(answer.garbled("a stock without its x-version")),
        }
    }
}

fn depots(units: &[(Depot, i64)]) -> Vec<serde_json::Value> {
    units
        .iter()
        .map(|(depot, units)| match &depot.network_node_id {
            Some(node) => {
                json!({ "store_id": depot.store_id, "network_node_id": node, "quantity": units })
            }
            None => json!({ "store_id": depot.store_id, "quantity": units }),
        })
        .collect()
}

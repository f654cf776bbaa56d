//! Quantities. What is written is what can still be ordered: units of open orders are
//! already out of it. There is no version of a quantity, so a sale between reading and
//! writing cannot be told; that is why the write follows its reading at once. A success
//! may hold failures, and proves nothing: every write is read back.

use connect::{
    Account, Answer, Call, ChannelError, ErrorKind, ListingKey, ListingSnapshot, Stock, StockControl,
};
use http::Method;
use serde_json::{Value, json};

use super::places::Places;
use super::{SPEC, TikTokShop, error, is_id, version, wire};
use crate::market::refusal;

const OPERATION: &str = "write stock";

impl Stock for TikTokShop {
    fn write<'a>(
        &'a self,
        account: &'a Account,
        key: &'a ListingKey,
        quantity_units: i64,
    ) -> Call<'a, ListingSnapshot> {
        Box::pin(async move {
            refusal::quantity(OPERATION, quantity_units, &SPEC)?;
            let before = self.shown(OPERATION, account, key).await?;
            let is_ours = before.listing.stock_control == StockControl::Seller;
            if !is_ours || !before.listing.state.takes_stock() {
                return Err(before.answer.fail(ErrorKind::NotWritable));
            }
            // A write of what is shown could only erase a sale.
            if before.listing.quantity_units == quantity_units {
                return Ok(before.listing);
            }
            let places = self.places(&before)?;
            let inventory: Vec<_> = places.plan(quantity_units).into_iter().map(place).collect();
            let inventory =
                if inventory.is_empty() { vec![place((None, quantity_units))] } else { inventory };
            let body = json!({ "skus": [{ "id": before.sku.id.0, "inventory": inventory }] });
            let path = ["product", version::INVENTORY, "products", &key.external_id, "inventory", "update"];
            let spec = self.request(OPERATION, Method::POST, account, &path)?.json(body.to_string());
            error::wholly_succeeded(self.ask(spec).await?)?;
            let after = self.shown(OPERATION, account, key).await?;
            if after.listing.quantity_units == quantity_units {
                return Ok(after.listing);
            }
            // What lies at the platform is more than the target: nobody but it can change that.
            let is_fixed = self.places(&after)?.fixed_units() > quantity_units;
            let kind = if is_fixed { ErrorKind::NotWritable } else { ErrorKind::WriteNotApplied };
            Err(after.answer.fail(kind))
        })
    }
}

fn place((warehouse, units): (Option<&str>, i64)) -> Value {
    match warehouse {
        Some(warehouse) => json!({ "warehouse_id": warehouse, "quantity": units }),
        None => json!({ "quantity": units }),
    }
}

/// A variation as the platform shows it now, and the answer that says so.
pub(super) struct Shown {
    pub(super) listing: ListingSnapshot,
    pub(super) sku: wire::Sku,
    pub(super) answer: Answer,
}

impl TikTokShop {
    /// What the platform shows for `key` now.
    pub(super) async fn shown(
        &self,
        operation: &'static str,
        account: &Account,
        key: &ListingKey,
    ) -> Result<Shown, ChannelError> {
        // The variation stands in a body, where nothing else checks it.
        if key.variation_external_id.as_deref().is_some_and(|id| !is_id(id)) {
            return Err(refusal::id(operation));
        }
        let (product, listings, answer) = self.read_product(operation, account, &key.external_id).await?;
        // Snapshots come in the order of the variations that they are of.
        let skus = product.skus.unwrap_or_default();
        match listings.into_iter().zip(skus).find(|(listing, _)| listing.key == *key) {
            Some((listing, sku)) => Ok(Shown { listing, sku, answer }),
            None => Err(answer.fail(ErrorKind::NotFound)),
        }
    }

    fn places(&self, shown: &Shown) -> Result<Places, ChannelError> {
        let inventory = shown.sku.inventory.as_deref().unwrap_or_default();
        let places = Places::read(inventory, &self.config.platform_warehouses);
        places.map_err(|gap| shown.answer.garbled(gap.0))
    }
}

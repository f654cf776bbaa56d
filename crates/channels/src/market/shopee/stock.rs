//! Quantities. The API has no versions: between reading and writing a sale can slip in, and
//! nothing of the platform's tells. So what is written is computed from a reading made right
//! before it, and read back right after.

use connect::{
    Account, Answer, Call, CallSpec, ChannelError, ErrorKind, ListingKey, ListingSnapshot, Stock,
    StockControl,
};
use http::Method;
use serde_json::{Value, json};

use super::places::Place;
use super::wire::{self, owned};
use super::{SPEC, Shopee, error, ids};
use crate::market::refusal;

const OPERATION: &str = "write stock";

impl Stock for Shopee {
    fn write<'a>(
        &'a self,
        account: &'a Account,
        key: &'a ListingKey,
        quantity_units: i64,
    ) -> Call<'a, ListingSnapshot> {
        Box::pin(async move {
            let (item, model) = ids::item_and_model(OPERATION, key)?;
            refusal::quantity(OPERATION, quantity_units, &SPEC)?;
            let (before, answer) = self.shown(OPERATION, account, key).await?;
            let is_ours = before.snapshot.stock_control == StockControl::Seller;
            if !is_ours || !before.snapshot.state.takes_stock() {
                return Err(answer.fail(ErrorKind::NotWritable));
            }
            // Less than the platform allows is not to be had: then as few as it does, because
            // what is shown beyond that would be sold twice.
            let aim = quantity_units.max(before.places.least_units());
            if before.snapshot.quantity_units == aim {
                return if aim == quantity_units {
                    Ok(before.snapshot)
                } else {
                    Err(answer.fail(ErrorKind::NotWritable))
                };
            }
            let places: Vec<Value> = before.places.plan(aim).iter().map(place).collect();
            let row = json!({ "model_id": number(model), "seller_stock": places });
            let body = json!({ "item_id": number(item), "stock_list": [row] });
            let spec = self.update(OPERATION, account, "update_stock", body.to_string());
            self.updated(spec).await?;
            let (after, answer) = self.shown(OPERATION, account, key).await?;
            if after.snapshot.quantity_units == quantity_units {
                Ok(after.snapshot)
            } else if after.places.least_units() > quantity_units {
                Err(answer.fail(ErrorKind::NotWritable))
            } else {
                Err(answer.fail(ErrorKind::WriteNotApplied))
            }
        })
    }
}

impl Shopee {
    /// A write to an item.
    pub(super) fn update(
        &self,
        operation: &'static str,
        account: &Account,
        action: &str,
        body: String,
    ) -> CallSpec {
        self.shop_call(operation, Method::POST, account, ["product", action]).json(body)
    }

    /// Makes a write that has to succeed: rows can fail inside an answer that calls itself a
    /// success, and beside a code that says nothing.
    pub(super) async fn updated(&self, spec: CallSpec) -> Result<Answer, ChannelError> {
        let answer = self.outbound.call(spec).await?;
        let general = error::kind(&answer);
        let says_little = matches!(
            general,
            None | Some(ErrorKind::Refused { .. } | ErrorKind::Garbled { .. } | ErrorKind::NotFound)
        );
        let envelope = serde_json::from_slice::<wire::Envelope<wire::Updated>>(answer.body()).ok();
        let failed = envelope.and_then(|envelope| envelope.response?.failure_list);
        if says_little && let Some(row) = failed.iter().flatten().next() {
            let reason = owned(row.failed_reason.as_ref()).unwrap_or_default();
            return Err(answer.fail(error::kind_of_row(&answer, &reason)));
        }
        if let Some(kind) = general {
            return Err(answer.fail(kind));
        }
        let envelope: wire::Envelope<wire::Updated> = answer.json()?;
        if envelope.response.is_some() { Ok(answer) } else { Err(answer.garbled("response is missing")) }
    }
}

fn place(place: &Place) -> Value {
    match &place.location_id {
        Some(location) => json!({ "location_id": location, "stock": place.units }),
        None => json!({ "stock": place.units }),
    }
}

/// A checked id as the number that the body wants.
fn number(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| Value::from(id), Value::from)
}

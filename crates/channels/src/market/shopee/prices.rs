//! Prices. What is written is the price without promotions; while one runs, the platform
//! refuses the write.

use connect::{Account, Call, ErrorKind, ListingKey, ListingSnapshot, Prices};
use domain::Money;

use super::{Shopee, ids};
use crate::market::refusal;

const OPERATION: &str = "write price";

impl Prices for Shopee {
    fn write<'a>(
        &'a self,
        account: &'a Account,
        key: &'a ListingKey,
        price: Money,
    ) -> Call<'a, ListingSnapshot> {
        Box::pin(async move {
            let (item, model) = ids::item_and_model(OPERATION, key)?;
            refusal::price(OPERATION, price)?;
            // The body names no currency: it must be known that the listing has this one.
            let (before, answer) = self.shown(OPERATION, account, key).await?;
            let Some(held) = before.snapshot.price else {
                return Err(answer.garbled("a price that cannot be read"));
            };
            if held.currency != price.currency {
                return Err(answer.fail(refusal::other_currency()));
            }
            if !before.snapshot.state.takes_stock() {
                return Err(answer.fail(ErrorKind::NotWritable));
            }
            // Ids are digits and the price is written by its own, so that no float comes near it.
            let model = if model == "0" { String::new() } else { format!(r#""model_id":{model},"#) };
            let row = format!(r#"{{{model}"original_price":{}}}"#, price.to_decimal());
            let body = format!(r#"{{"item_id":{item},"price_list":[{row}]}}"#);
            let spec = self.update(OPERATION, account, "update_price", body);
            self.updated(spec).await?;
            let (after, answer) = self.shown(OPERATION, account, key).await?;
            if after.snapshot.price == Some(price) {
                Ok(after.snapshot)
            } else {
                Err(answer.fail(ErrorKind::WriteNotApplied))
            }
        })
    }
}

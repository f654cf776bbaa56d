//! Prices. What is written is the price without promotions, as text with its currency;
//! the platform takes one only for a listing that is on sale and in no promotion.

use connect::{Account, Call, ErrorKind, ListingKey, ListingSnapshot, Prices};
use domain::{ListingState, Money};
use http::Method;
use serde_json::json;

use super::{TikTokShop, error, map, version};
use crate::market::refusal;

const OPERATION: &str = "write price";

impl Prices for TikTokShop {
    fn write<'a>(
        &'a self,
        account: &'a Account,
        key: &'a ListingKey,
        price: Money,
    ) -> Call<'a, ListingSnapshot> {
        Box::pin(async move {
            refusal::price(OPERATION, price)?;
            let before = self.shown(OPERATION, account, key).await?;
            if before.listing.price.is_some_and(|held| held.currency != price.currency) {
                return Err(before.answer.fail(refusal::other_currency()));
            }
            if before.listing.state != ListingState::Active {
                return Err(before.answer.fail(ErrorKind::NotWritable));
            }
            let amount = json!({ "amount": price.to_decimal(), "currency": price.currency.code() });
            let body = json!({ "skus": [{ "id": before.sku.id.0, "price": amount }] });
            let path = ["product", version::PRICES, "products", &key.external_id, "prices", "update"];
            let spec = self.request(OPERATION, Method::POST, account, &path)?.json(body.to_string());
            error::wholly_succeeded(self.ask(spec).await?)?;
            let after = self.shown(OPERATION, account, key).await?;
            // It is written under one name and shown under two.
            if map::prices(&after.sku).any(|shown| shown == price) {
                Ok(ListingSnapshot { price: Some(price), ..after.listing })
            } else {
                Err(after.answer.fail(ErrorKind::WriteNotApplied))
            }
        })
    }
}

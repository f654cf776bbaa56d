//! Prices. What is written is the price without promotions; a promotion on top of it
//! shows in the listing instead, and the listing's own price field is being phased out.
//! So where that field does not show what was written, the sale price is asked.

use connect::{Account, Answer, Call, ChannelError, ErrorKind, ListingKey, ListingSnapshot, Prices};
use domain::{Currency, Money};
use http::Method;

use super::MercadoLivre;
use super::stock::Put;
use super::wire::{self, filled};
use crate::market::refusal;

const OPERATION: &str = "write price";

impl Prices for MercadoLivre {
    fn write<'a>(
        &'a self,
        account: &'a Account,
        key: &'a ListingKey,
        price: Money,
    ) -> Call<'a, ListingSnapshot> {
        Box::pin(async move {
            refusal::price(OPERATION, price)?;
            // The body names no currency: it must be known that the listing has this one.
            let (before, answer) = self.shown(OPERATION, account, key).await?;
            let (currency, answer) = if let Some(held) = before.price {
                (held.currency, answer)
            } else {
                let (standard, answer) = self.standard_price(account, key).await?;
                (standard.currency, answer)
            };
            if currency != price.currency {
                return Err(answer.fail(refusal::other_currency()));
            }
            let body = format!(r#"{{"price":{}}}"#, price.to_decimal());
            let (shown, answer) = match self.put_and_read_back(OPERATION, account, key, body).await? {
                Put::Accepted(shown, _) if shown.price == Some(price) => return Ok(shown),
                Put::Accepted(shown, answer) => (shown, answer),
                Put::Refused(_, refusal) => return Err(refusal),
            };
            // A variation has no sale price of its own to ask for.
            if key.variation_external_id.is_some() {
                return Err(answer.fail(ErrorKind::WriteNotApplied));
            }
            let (standard, answer) = self.standard_price(account, key).await?;
            if standard == price {
                Ok(ListingSnapshot { price: Some(price), ..shown })
            } else {
                Err(answer.fail(ErrorKind::WriteNotApplied))
            }
        })
    }
}

impl MercadoLivre {
    /// The listing's price without promotions.
    async fn standard_price(
        &self,
        account: &Account,
        key: &ListingKey,
    ) -> Result<(Money, Answer), ChannelError> {
        let path = ["items", key.external_id.as_str(), "sale_price"];
        let spec =
            self.request(OPERATION, Method::GET, account, &path).query("context", "channel_marketplace");
        let answer = self.ask(spec).await?;
        let sale: wire::SalePrice = answer.json()?;
        match standard(&sale) {
            Some(price) => Ok((price, answer)),
            None => Err(answer.garbled("a price that cannot be read")),
        }
    }
}

/// `regular_amount` is there only while a promotion lowers `amount`.
fn standard(sale: &wire::SalePrice) -> Option<Money> {
    let currency = Currency::from_code(filled(sale.currency_id.as_ref())?)?;
    sale.regular_amount.as_ref().or(sale.amount.as_ref())?.money(currency)
}

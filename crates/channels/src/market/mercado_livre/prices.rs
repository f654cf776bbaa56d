//! Prices.

use connect::{Account, Call, ChannelError, ErrorKind, ListingKey, ListingSnapshot, Prices};
use domain::Money;

use super::MercadoLivre;

const OPERATION: &str = "write price";

impl Prices for MercadoLivre {
    fn write<'a>(
        &'a self,
        account: &'a Account,
        key: &'a ListingKey,
        price: Money,
    ) -> Call<'a, ListingSnapshot> {
        Box::pin(async move {
            // The body names no currency: it must be known that the listing has this one.
            let before = self.shown(OPERATION, account, key).await?;
            if before.price.is_none_or(|held| held.currency != price.currency) || price.minor <= 0 {
                let kind = ErrorKind::Refused {
                    code: "price_out_of_range".into(),
                    message: "a price is above zero and in the listing's currency".into(),
                };
                return Err(ChannelError::new(kind, OPERATION));
            }
            let body = format!(r#"{{"price":{}}}"#, price.to_decimal());
            let shown = self.put_and_read_back(OPERATION, account, key, body).await?;
            if shown.price == Some(price) {
                Ok(shown)
            } else {
                Err(ChannelError::new(ErrorKind::WriteNotApplied, OPERATION))
            }
        })
    }
}

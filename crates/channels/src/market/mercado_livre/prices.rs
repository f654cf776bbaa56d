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
            if price.minor <= 0 {
                return Err(ChannelError::new(refused("a price is above zero"), OPERATION));
            }
            // The body names no currency: it must be known that the listing has this one.
            let (before, answer) = self.shown(OPERATION, account, key).await?;
            if before.price.is_none_or(|held| held.currency != price.currency) {
                return Err(answer.fail(refused("the listing has another currency")));
            }
            let body = format!(r#"{{"price":{}}}"#, price.to_decimal());
            let (shown, answer) = self.put_and_read_back(OPERATION, account, key, body).await?;
            if shown.price == Some(price) { Ok(shown) } else { Err(answer.fail(ErrorKind::WriteNotApplied)) }
        })
    }
}

fn refused(why: &str) -> ErrorKind {
    ErrorKind::Refused { code: "price_not_possible".into(), message: why.to_owned() }
}

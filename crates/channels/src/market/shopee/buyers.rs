//! Who bought: the receiver's name and the buyer's CPF, shown to sellers with a CNPJ while an
//! order is to be sent. Everything else is masked, field by field and without an error.

use connect::{Account, Buyers, Call};
use domain::Buyer;
use domain::buyer::Told;
use serde::Deserialize;

use super::Shopee;
use super::ids;
use super::wire::{Loose, filled};
use crate::market::loose::helpful;

const BUYER: &str = "read buyer of order";
/// What is asked for besides the fields that every answer has.
const FIELDS: &str = "buyer_cpf_id,recipient_address";

/// `GET /order/get_order_detail`, as far as it is about who placed it. No `Debug`: it holds a
/// name.
#[derive(Deserialize)]
struct Found {
    #[serde(rename = "order_list")]
    orders: Option<Vec<Bought>>,
}

#[derive(Deserialize)]
struct Bought {
    order_sn: Loose,
    buyer_cpf_id: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    recipient_address: Option<Recipient>,
}

#[derive(Deserialize)]
struct Recipient {
    name: Option<Loose>,
    phone: Option<Loose>,
}

impl Buyers for Shopee {
    fn of_order<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Buyer> {
        Box::pin(async move {
            let number = ids::code(BUYER, external_id)?;
            let spec = self.details(BUYER, account, number).query("response_optional_fields", FIELDS);
            let (found, answer): (Found, _) = self.ask(spec).await?;
            let orders = found.orders.unwrap_or_default();
            let Some(order) = orders.iter().find(|order| order.order_sn.0 == number) else {
                return Err(answer.garbled("another order than was asked for"));
            };
            let recipient = order.recipient_address.as_ref();
            Ok(Buyer::of(Told {
                name: None,
                receiver: recipient.and_then(|it| filled(it.name.as_ref())),
                document: filled(order.buyer_cpf_id.as_ref()),
                phone: recipient.and_then(|it| filled(it.phone.as_ref())),
            }))
        })
    }
}

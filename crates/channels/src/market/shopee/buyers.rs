//! Who bought: the receiver's name and the buyer's CPF, shown to sellers with a CNPJ while an
//! order is to be sent. Everything else is masked, field by field and without an error.

use connect::{Account, Answer, Buyers, Call, ChannelError, ErrorKind};
use domain::Buyer;
use domain::buyer::{Recipient as Receiver, Told};
use serde::Deserialize;

use super::Shopee;
use super::ids;
use super::wire::{Loose, filled};
use crate::market::loose::helpful;

const BUYER: &str = "read buyer of order";
const RECIPIENT: &str = "read recipient of order";
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
    full_address: Option<Loose>,
    district: Option<Loose>,
    city: Option<Loose>,
    state: Option<Loose>,
    zipcode: Option<Loose>,
}

impl Shopee {
    async fn bought(
        &self,
        operation: &'static str,
        account: &Account,
        external_id: &str,
    ) -> Result<(Bought, Answer), ChannelError> {
        let number = ids::code(operation, external_id)?;
        let spec = self.details(operation, account, number).query("response_optional_fields", FIELDS);
        let (found, answer): (Found, _) = self.ask(spec).await?;
        let mut orders = found.orders.unwrap_or_default().into_iter();
        match orders.find(|order| order.order_sn.0 == number) {
            Some(order) => Ok((order, answer)),
            None => Err(answer.garbled("another order than was asked for")),
        }
    }
}

impl Buyers for Shopee {
    fn of_order<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Buyer> {
        Box::pin(async move {
            let (order, _) = self.bought(BUYER, account, external_id).await?;
            let recipient = order.recipient_address.as_ref();
            Ok(Buyer::of(Told {
                name: None,
                receiver: recipient.and_then(|it| filled(it.name.as_ref())),
                document: filled(order.buyer_cpf_id.as_ref()),
                phone: recipient.and_then(|it| filled(it.phone.as_ref())),
            }))
        })
    }

    fn recipient<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Receiver> {
        Box::pin(async move {
            let (order, answer) = self.bought(RECIPIENT, account, external_id).await?;
            let Some(to) = order.recipient_address else {
                return Err(answer.fail(ErrorKind::NotFound));
            };
            let lines =
                [&to.name, &to.full_address, &to.district, &to.city, &to.state, &to.zipcode, &to.phone];
            Ok(Receiver::of(lines.into_iter().filter_map(|line| filled(line.as_ref()))))
        })
    }
}

//! Who bought: the name and CPF of the invoice and who receives the package. Orders that the
//! platform ships come masked; those that the seller ships, clear.

use connect::{Account, Answer, Buyers, Call, ChannelError, ErrorKind};
use domain::Buyer;
use domain::buyer::{Recipient as Receiver, Told};
use http::Method;
use serde::Deserialize;

use super::wire::{self, Loose, filled};
use super::{TikTokShop, is_id, version};
use crate::market::loose::helpful;
use crate::market::refusal;

const BUYER: &str = "read buyer of order";
const RECIPIENT: &str = "read recipient of order";

/// `GET /order/{version}/orders`, as far as it is about who placed it. No `Debug`: it holds a
/// name.
#[derive(Deserialize)]
struct Found {
    orders: Option<Vec<Order>>,
}

#[derive(Deserialize)]
struct Order {
    id: Loose,
    cpf: Option<Loose>,
    cpf_name: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    recipient_address: Option<Recipient>,
}

#[derive(Deserialize)]
struct Recipient {
    name: Option<Loose>,
    phone_number: Option<Loose>,
    full_address: Option<Loose>,
    postal_code: Option<Loose>,
}

impl TikTokShop {
    async fn bought(
        &self,
        operation: &'static str,
        account: &Account,
        external_id: &str,
    ) -> Result<(Order, Answer), ChannelError> {
        if !is_id(external_id) {
            return Err(refusal::id(operation));
        }
        let path = ["order", version::ORDER, "orders"];
        let spec = self.request(operation, Method::GET, account, &path)?.query("ids", external_id);
        let answer = self.ask(spec).await?;
        let found: Found = wire::data(&answer)?;
        let mut orders = found.orders.unwrap_or_default().into_iter();
        match orders.find(|order| order.id.0 == external_id) {
            Some(order) => Ok((order, answer)),
            None => Err(answer.garbled("another order than was asked for")),
        }
    }
}

impl Buyers for TikTokShop {
    fn of_order<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Buyer> {
        Box::pin(async move {
            let (order, _) = self.bought(BUYER, account, external_id).await?;
            let recipient = order.recipient_address.as_ref();
            Ok(Buyer::of(Told {
                name: filled(order.cpf_name.as_ref()),
                receiver: recipient.and_then(|it| filled(it.name.as_ref())),
                document: filled(order.cpf.as_ref()),
                phone: recipient.and_then(|it| filled(it.phone_number.as_ref())),
            }))
        })
    }

    fn recipient<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Receiver> {
        Box::pin(async move {
            let (order, answer) = self.bought(RECIPIENT, account, external_id).await?;
            let Some(to) = order.recipient_address else {
                return Err(answer.fail(ErrorKind::NotFound));
            };
            let lines = [&to.name, &to.full_address, &to.postal_code, &to.phone_number];
            Ok(Receiver::of(lines.into_iter().filter_map(|line| filled(line.as_ref()))))
        })
    }
}

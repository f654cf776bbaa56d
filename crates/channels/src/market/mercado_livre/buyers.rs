//! Who bought: the billing data of an order, which hold the name and the document that its
//! invoice is written to. No telephone number is told.

use connect::{Account, Buyers, Call, ChannelError, ErrorKind};
use domain::Buyer;
use domain::buyer::Told;
use http::Method;
use serde::Deserialize;

use super::MercadoLivre;
use super::hook::is_number;
use super::wire::{Loose, Reference, filled};
use crate::market::loose::helpful;

const BUYER: &str = "read buyer of order";

/// `GET /orders/{id}`, as far as it is about who placed it.
#[derive(Debug, Deserialize)]
struct Order {
    id: Loose,
    #[serde(default, deserialize_with = "helpful")]
    buyer: Option<Party>,
}

#[derive(Debug, Deserialize)]
struct Party {
    #[serde(default, deserialize_with = "helpful")]
    billing_info: Option<Reference>,
}

/// `GET /orders/billing-info/{site}/{id}`. No `Debug`: it holds a name.
#[derive(Deserialize)]
struct Billing {
    #[serde(default, deserialize_with = "helpful")]
    buyer: Option<Billed>,
}

#[derive(Deserialize)]
struct Billed {
    #[serde(default, deserialize_with = "helpful")]
    billing_info: Option<Person>,
}

#[derive(Deserialize)]
struct Person {
    name: Option<Loose>,
    last_name: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    identification: Option<Identification>,
}

#[derive(Deserialize)]
struct Identification {
    number: Option<Loose>,
}

impl Buyers for MercadoLivre {
    fn of_order<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Buyer> {
        Box::pin(async move {
            let spec = self.request(BUYER, Method::GET, account, &["orders", external_id]);
            let answer = self.ask(spec).await?;
            let order: Order = answer.json()?;
            if order.id.0 != external_id {
                return Err(answer.garbled("another order than was asked for"));
            }
            let billing = order.buyer.and_then(|buyer| buyer.billing_info);
            let Some(id) = billing.as_ref().and_then(|billing| filled(billing.id.as_ref())) else {
                return Ok(Buyer::default());
            };
            if !is_number(id) {
                return Err(answer.garbled("billing_info.id is no number"));
            }
            let path = ["orders", "billing-info", self.config.site.as_str(), id];
            match self.ask(self.request(BUYER, Method::GET, account, &path)).await {
                Ok(answer) => Ok(buyer(answer.json()?)),
                // Old orders have none any more.
                Err(ChannelError { kind: ErrorKind::NotFound, .. }) => Ok(Buyer::default()),
                Err(error) => Err(error),
            }
        })
    }
}

fn buyer(billing: Billing) -> Buyer {
    let Some(person) = billing.buyer.and_then(|buyer| buyer.billing_info) else { return Buyer::default() };
    let names = [filled(person.name.as_ref()), filled(person.last_name.as_ref())];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let document = person.identification.as_ref().and_then(|it| filled(it.number.as_ref()));
    Buyer::of(Told { name: Some(&name), document, ..Told::default() })
}

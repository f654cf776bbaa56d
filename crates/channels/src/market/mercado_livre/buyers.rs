//! Who bought: the billing data of an order, which hold the name and the document that its
//! invoice is written to. No telephone number is told. Who receives the package stands in its
//! shipment, masked until the order is paid.

use connect::{Account, Answer, Buyers, Call, ChannelError, ErrorKind};
use domain::Buyer;
use domain::buyer::{Recipient, Told};
use http::Method;
use serde::Deserialize;

use super::MercadoLivre;
use super::hook::is_number;
use super::wire::{Loose, Reference, filled};
use crate::market::loose::helpful;

const BUYER: &str = "read buyer of order";
const RECIPIENT: &str = "read recipient of order";

/// `GET /orders/{id}`, as far as it is about who placed it.
#[derive(Debug, Deserialize)]
struct Order {
    id: Loose,
    #[serde(default, deserialize_with = "helpful")]
    buyer: Option<Party>,
    #[serde(default, deserialize_with = "helpful")]
    shipping: Option<Reference>,
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

/// `GET /shipments/{id}` with `x-format-new`, as far as it is about where it goes. No `Debug`: it
/// holds a name.
#[derive(Deserialize)]
struct Shipment {
    id: Loose,
    #[serde(default, deserialize_with = "helpful")]
    destination: Option<Destination>,
}

#[derive(Deserialize)]
struct Destination {
    receiver_name: Option<Loose>,
    receiver_phone: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    shipping_address: Option<Address>,
}

#[derive(Deserialize)]
struct Address {
    #[serde(rename = "address_line")]
    line: Option<Loose>,
    comment: Option<Loose>,
    zip_code: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    neighborhood: Option<Named>,
    #[serde(default, deserialize_with = "helpful")]
    city: Option<Named>,
    #[serde(default, deserialize_with = "helpful")]
    state: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<Loose>,
}

impl MercadoLivre {
    async fn order_of_buyer(
        &self,
        operation: &'static str,
        account: &Account,
        external_id: &str,
    ) -> Result<(Order, Answer), ChannelError> {
        let answer =
            self.ask(self.request(operation, Method::GET, account, &["orders", external_id])).await?;
        let order: Order = answer.json()?;
        if order.id.0 == external_id {
            Ok((order, answer))
        } else {
            Err(answer.garbled("another order than was asked for"))
        }
    }
}

impl Buyers for MercadoLivre {
    fn recipient<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Recipient> {
        Box::pin(async move {
            let (order, answer) = self.order_of_buyer(RECIPIENT, account, external_id).await?;
            let Some(id) = order.shipping.as_ref().and_then(|shipping| filled(shipping.id.as_ref())) else {
                return Err(answer.fail(ErrorKind::NotFound));
            };
            if !is_number(id) {
                return Err(answer.garbled("shipping.id is no number"));
            }
            let spec = self.request(RECIPIENT, Method::GET, account, &["shipments", id]);
            let answer = self.ask(spec.header("x-format-new", "true")).await?;
            let shipment: Shipment = answer.json()?;
            if shipment.id.0 != id {
                return Err(answer.garbled("another shipment"));
            }
            shipment.destination.as_ref().map(recipient).ok_or_else(|| answer.fail(ErrorKind::NotFound))
        })
    }

    fn of_order<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Buyer> {
        Box::pin(async move {
            let (order, answer) = self.order_of_buyer(BUYER, account, external_id).await?;
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

fn recipient(to: &Destination) -> Recipient {
    let at = to.shipping_address.as_ref();
    let line = |field: fn(&Address) -> Option<&Loose>| at.and_then(|at| filled(field(at)));
    let named =
        |field: fn(&Address) -> Option<&Named>| at.and_then(field).and_then(|it| filled(it.name.as_ref()));
    let place = [named(|at| at.city.as_ref()), named(|at| at.state.as_ref())];
    let place = place.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let lines = [
        filled(to.receiver_name.as_ref()),
        line(|at| at.line.as_ref()),
        line(|at| at.comment.as_ref()),
        named(|at| at.neighborhood.as_ref()),
        Some(place.as_str()),
        line(|at| at.zip_code.as_ref()),
        filled(to.receiver_phone.as_ref()),
    ];
    Recipient::of(lines.into_iter().flatten())
}

fn buyer(billing: Billing) -> Buyer {
    let Some(person) = billing.buyer.and_then(|buyer| buyer.billing_info) else { return Buyer::default() };
    let names = [filled(person.name.as_ref()), filled(person.last_name.as_ref())];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let document = person.identification.as_ref().and_then(|it| filled(it.number.as_ref()));
    Buyer::of(Told { name: Some(&name), document, ..Told::default() })
}

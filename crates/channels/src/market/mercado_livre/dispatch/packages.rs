//! Shipments as packages, and what a seller says of them.

use connect::{Account, Answer, Call, ChannelError, ErrorKind, Packages};
use domain::Timestamp;
use domain::dispatch::{Handover, PackageSnapshot, PackageState, Way};
use http::Method;
use serde_json::json;

use super::super::MercadoLivre;
use super::super::map::has_dispatch_deadline;
use super::super::wire::Shipment;
use super::map;
use super::wire::{Parcel, Row};
use crate::market::parcel::{self, Look};

const FETCH: &str = "fetch package";
const OF_ORDER: &str = "list packages of order";
const WAYS: &str = "list ways to hand over";
const ARRANGE: &str = "arrange package";
/// What the seller's own carrier is called at each site.
const SERVICES: [(&str, i64); 7] = [
    ("MLB", 11),
    ("MLA", 154),
    ("MLM", 231_876),
    ("MLC", 282_578),
    ("MCO", 282_579),
    ("MLU", 282_604),
    ("MPE", 361_180),
];

impl Packages for MercadoLivre {
    fn of_order<'a>(
        &'a self,
        account: &'a Account,
        order_external_id: &'a str,
    ) -> Call<'a, Vec<PackageSnapshot>> {
        Box::pin(async move {
            match self.shipment_id(OF_ORDER, account, order_external_id).await? {
                None => Ok(Vec::new()),
                // Not readable in its first moments.
                Some(id) => match self.package(OF_ORDER, account, &id).await {
                    Err(ChannelError { kind: ErrorKind::NotFound, .. }) => Ok(Vec::new()),
                    outcome => outcome.map(|seen| vec![seen.package]),
                },
            }
        })
    }

    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, PackageSnapshot> {
        Box::pin(async move { Ok(self.package(FETCH, account, external_id).await?.package) })
    }

    fn ways<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<Way>> {
        Box::pin(async move {
            let seen = self.package(WAYS, account, external_id).await?;
            let closed = parcel::open_ways(WAYS, &seen.package)?;
            Ok(closed.unwrap_or_else(|| vec![seen.way()]))
        })
    }

    fn arrange<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        handover: &'a Handover,
    ) -> Call<'a, PackageSnapshot> {
        Box::pin(async move {
            let seen = self.package(ARRANGE, account, external_id).await?;
            if parcel::look(ARRANGE, &seen.package)? == Look::Done {
                return Ok(seen.package);
            }
            match (handover, seen.own_carrier) {
                (Handover::Ready, false) => self.say_ready(account, external_id).await?,
                (Handover::OwnCarrier { .. }, true) => {
                    let code = parcel::tracking_code(ARRANGE, handover)?;
                    self.say_sent(account, external_id, &code).await?;
                }
                _ => return Err(parcel::other_way(ARRANGE)),
            }
            let after = self.package(ARRANGE, account, external_id).await?.package;
            // Made goods wait for their label, or for the invoice first.
            if after.state == PackageState::ToArrange { parcel::arranged(ARRANGE, after) } else { Ok(after) }
        })
    }
}

/// A package as it was seen, and who carries it.
pub(super) struct Seen {
    pub(super) package: PackageSnapshot,
    /// The key of the invoice that the platform has, where it was asked for.
    pub(super) invoice_key: Option<String>,
    own_carrier: bool,
}

impl Seen {
    fn way(&self) -> Way {
        if self.own_carrier { Way::OwnCarrier { carriers: Vec::new() } } else { Way::Ready }
    }
}

impl MercadoLivre {
    /// A shipment, what is in it, and the times and invoice that it waits for.
    pub(super) async fn package(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<Seen, ChannelError> {
        let (shipment, answer) = self.seen_shipment(operation, account, id).await?;
        self.package_of(operation, account, &shipment, &answer).await
    }

    /// A shipment alone.
    pub(super) async fn seen_shipment(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<(Shipment, Answer), ChannelError> {
        let answer = self.ask(self.about_shipment(operation, Method::GET, account, id, &[])?).await?;
        let shipment: Shipment = answer.json()?;
        if shipment.id.0 != id {
            return Err(answer.garbled("another shipment"));
        }
        Ok((shipment, answer))
    }

    /// The rest of what [`MercadoLivre::package`] tells of a shipment.
    pub(super) async fn package_of(
        &self,
        operation: &'static str,
        account: &Account,
        shipment: &Shipment,
        answer: &Answer,
    ) -> Result<Seen, ChannelError> {
        let id = shipment.id.0.as_str();
        let parcel: Parcel = answer.json()?;
        let spec = self.about_shipment(operation, Method::GET, account, id, &["orders"])?;
        let rows: Vec<Row> = self.ask(spec.header("x-new-domain", "true")).await?.json()?;
        let invoice_key = if map::waits_for_invoice(shipment) {
            self.told_invoice(operation, account, id).await?.map(|told| told.key)
        } else {
            None
        };
        let ship_by: Option<Timestamp> =
            if has_dispatch_deadline(shipment) { self.dispatch_deadline(account, id).await } else { None };
        let package = map::package((shipment, &parcel), &rows, invoice_key.is_some(), ship_by);
        let own_carrier = map::is_by_own_carrier(&parcel);
        Ok(Seen { package: package.map_err(|gap| answer.garbled(gap.0))?, invoice_key, own_carrier })
    }

    /// "I have the product."
    async fn say_ready(&self, account: &Account, id: &str) -> Result<(), ChannelError> {
        let path = ["process", "ready_to_ship"];
        let spec = self.about_shipment(ARRANGE, Method::POST, account, id, &path)?;
        self.ask(spec.json("{}".to_owned())).await.map(drop)
    }

    /// The seller's own carrier has it, and this is its number.
    async fn say_sent(&self, account: &Account, id: &str, code: &str) -> Result<(), ChannelError> {
        let service = SERVICES.into_iter().find(|(site, _)| *site == self.config.site);
        let (_, service) = service.ok_or_else(|| parcel::other_way(ARRANGE))?;
        let body = json!({
            "payload": { "service_id": service, "comment": "" },
            "status": "shipped", "substatus": "null", "tracking_number": code,
        });
        let spec = self.about_shipment(ARRANGE, Method::POST, account, id, &["seller_notifications"])?;
        self.ask(spec.json(body.to_string())).await.map(drop)
    }
}

//! Pure translations of shipments into packages.

use domain::dispatch::{InvoiceState, PackageLine, PackageSize, PackageSnapshot, PackageState, ParcelEvent};
use domain::{ChannelKind, Timestamp};

use super::super::goods::{Goods, goods};
use super::super::hook::{is_item, is_number};
use super::super::map::{logistic_type, shipment_status};
use super::super::wire::{Gap, Loose, Shipment, filled, owned};
use super::wire::{Parcel, Row, Step};
use crate::market::loose::distinct;
use crate::market::parcel::{CM, measure};

/// The platform's own warehouses.
const FULL: &str = "fulfillment";
/// Under this substatus the platform waits for the NF-e.
const INVOICE_PENDING: &str = "invoice_pending";
/// Under this one for the seller to have made the goods.
const MANUFACTURING: &str = "manufacturing";

/// Whether the platform waits for an invoice.
pub(in super::super) fn waits_for_invoice(shipment: &Shipment) -> bool {
    filled(shipment.substatus.as_ref()) == Some(INVOICE_PENDING)
}

/// Where a shipment stands. `own_carrier` is whether the seller sends it by a carrier of
/// their own (`me1`).
pub(in super::super) fn state(shipment: &Shipment, own_carrier: bool) -> PackageState {
    let status = filled(shipment.status.as_ref()).unwrap_or_default();
    let substatus = filled(shipment.substatus.as_ref()).unwrap_or_default();
    match (goods(shipment), status, substatus) {
        (Goods::Away, ..) => PackageState::Sent,
        (Goods::WithBuyer, ..) => PackageState::Delivered,
        (Goods::Stopped, ..) => PackageState::Cancelled,
        (Goods::Suspect | Goods::Unknown, ..) => PackageState::NeedsAttention,
        (Goods::WithSeller, "pending" | "handling", MANUFACTURING) => PackageState::ToArrange,
        (Goods::WithSeller, _, INVOICE_PENDING) | (Goods::WithSeller, "pending" | "handling", _) => {
            PackageState::Waiting
        }
        (Goods::WithSeller, "to_be_agreed" | "not_specified", _) => PackageState::Waiting,
        (Goods::WithSeller, ..) if own_carrier => PackageState::ToArrange,
        // There is nothing to say of how: the seller's contract with the platform does.
        (Goods::WithSeller, ..) => PackageState::Arranged,
    }
}

fn invoice(shipment: &Shipment, is_told: bool) -> InvoiceState {
    match (waits_for_invoice(shipment), is_told) {
        (false, _) => InvoiceState::NotAsked,
        (true, false) => InvoiceState::Missing,
        // Looked at for some minutes, and by the carrier.
        (true, true) => InvoiceState::InReview,
    }
}

/// Shipments of this mode go by the seller's own carrier.
const OWN_CARRIER: &str = "me1";

/// Whether the seller sends it by a carrier of their own.
pub(in super::super) fn is_by_own_carrier(parcel: &Parcel) -> bool {
    filled(parcel.logistic.as_ref().and_then(|logistic| logistic.mode.as_ref())) == Some(OWN_CARRIER)
}

/// A shipment with what is in it.
pub(in super::super) fn package(
    (shipment, parcel): (&Shipment, &Parcel),
    rows: &[Row],
    is_invoice_told: bool,
    ship_by: Option<Timestamp>,
) -> Result<PackageSnapshot, Gap> {
    let orders = rows.iter().map(|row| owned(row.order_id.as_ref()).filter(|id| is_number(id)));
    let orders = distinct(orders).ok_or_else(|| Gap::missing("order_id"))?;
    let lines = rows.iter().map(line).collect::<Option<Vec<_>>>();
    Ok(PackageSnapshot {
        channel: ChannelKind::MercadoLivre,
        external_id: shipment.id.0.clone(),
        orders,
        lines: lines.ok_or_else(|| Gap("a row without what it is of".into()))?,
        state: state(shipment, is_by_own_carrier(parcel)),
        platform_status: shipment_status(shipment),
        carrier: owned(parcel.tracking_method.as_ref()),
        tracking_code: owned(shipment.tracking_number.as_ref()),
        invoice: invoice(shipment, is_invoice_told),
        by_platform: logistic_type(shipment) == Some(FULL),
        ship_by,
        size: size(parcel),
    })
}

fn line(row: &Row) -> Option<PackageLine> {
    Some(PackageLine {
        order_external_id: owned(row.order_id.as_ref())?,
        listing_external_id: owned(row.item_id.as_ref()).filter(|id| is_item(id))?,
        variation_external_id: owned(row.variation_id.as_ref()),
        units: row.requested_quantity.as_ref().and_then(Loose::count).filter(|units| *units > 0)?,
    })
}

fn size(parcel: &Parcel) -> Option<PackageSize> {
    let told = parcel.dimensions.as_ref()?;
    let side = |side: &Option<Loose>| measure(side.as_ref(), CM);
    let sides = side(&told.length).zip(side(&told.width)).zip(side(&told.height));
    let sides = sides.map(|((length, width), height)| [length, width, height]);
    PackageSize::told(measure(told.weight.as_ref(), 1), sides)
}

/// What happened, the oldest first. A step without a time or a word tells nothing.
pub(in super::super) fn events(steps: &[Step]) -> Vec<ParcelEvent> {
    let event = |step: &Step| {
        let status = filled(step.status.as_ref())?;
        let word = match filled(step.substatus.as_ref()) {
            Some(substatus) => format!("{status}/{substatus}"),
            None => status.to_owned(),
        };
        let at = step.date.as_ref().and_then(Loose::instant)?;
        Some(ParcelEvent { at, words: word.clone(), platform_word: Some(word), place: None })
    };
    let mut events: Vec<ParcelEvent> = steps.iter().filter_map(event).collect();
    events.sort_by_key(|event| event.at);
    events
}

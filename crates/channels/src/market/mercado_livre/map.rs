//! Pure translations from the API's words into the house's.

use std::collections::HashMap;

use connect::{ListingKey, ListingSnapshot, StockControl};
use domain::order::{Attention, CancelledBy, LineSnapshot, ShipmentSnapshot, SnapshotVersion};
use domain::{ChannelKind, Currency, ListingState, Money, OrderSnapshot, OrderState, Timestamp};

use super::goods::{Goods, goods};
use super::hook::{is_item, is_number};
use super::wire::{Attribute, Gap, Item, Loose, Order, OrderItem, Shipment, Variation, filled, owned};

/// An order and its shipment as one snapshot.
pub(super) fn order(
    order: &Order,
    shipment: Option<&Shipment>,
    ship_by: Option<Timestamp>,
) -> Result<OrderSnapshot, Gap> {
    let order_at = order.updated_at().ok_or_else(|| Gap::missing("last_updated"))?;
    let currency = currency(order.currency_id.as_ref())?;
    let lines = lines(order.lines.as_deref().unwrap_or_default(), currency)?;
    let total = match &order.total_amount {
        Some(amount) => amount.money(currency).ok_or_else(|| Gap("total_amount is no number".into()))?,
        None => total_of(&lines, currency)?,
    };
    let shipment_at = shipment.and_then(|shipment| shipment.last_updated.as_ref()?.instant());
    Ok(OrderSnapshot {
        channel: ChannelKind::MercadoLivre,
        external_id: order.id.0.clone(),
        pack_external_id: owned(order.pack_id.as_ref()),
        version: SnapshotVersion { order_at, shipment_at: shipment_at.unwrap_or_default() },
        placed_at: order.date_created.as_ref().and_then(Loose::instant).unwrap_or(order_at),
        state: order_state(order, shipment),
        platform_status: owned(order.status.as_ref()).unwrap_or_default(),
        lines,
        total,
        buyer_external_id: owned(order.buyer.as_ref().and_then(|buyer| buyer.id.as_ref())),
        shipment: shipment.map(|shipment| shipment_snapshot(shipment, ship_by)),
        tags: order.tags.clone().unwrap_or_default().0,
    })
}

pub(super) fn currency(code: Option<&Loose>) -> Result<Currency, Gap> {
    let code = filled(code).ok_or_else(|| Gap::missing("currency_id"))?;
    Currency::from_code(code).ok_or_else(|| Gap(format!("the currency {code} is unknown")))
}

fn total_of(lines: &[LineSnapshot], currency: Currency) -> Result<Money, Gap> {
    lines.iter().try_fold(Money::new(0, currency), |sum, line| {
        let line = line.unit_price.checked_mul(line.units);
        line.and_then(|line| sum.checked_add(line)).map_err(|error| Gap(error.to_string()))
    })
}

fn lines(items: &[OrderItem], currency: Currency) -> Result<Vec<LineSnapshot>, Gap> {
    if items.is_empty() {
        return Err(Gap::missing("order_items"));
    }
    let mut seen = HashMap::new();
    items.iter().map(|item| line(item, currency, &mut seen)).collect()
}

fn line(line: &OrderItem, currency: Currency, seen: &mut HashMap<String, u32>) -> Result<LineSnapshot, Gap> {
    let units = line.quantity.as_ref().and_then(Loose::count).filter(|units| *units > 0);
    let units = units.ok_or_else(|| Gap::missing("quantity"))?;
    let unit_price = line.unit_price.as_ref().and_then(|price| price.money(currency));
    let unit_price = unit_price.ok_or_else(|| Gap::missing("unit_price"))?;
    let item = &line.item;
    if !is_item(&item.id.0) {
        return Err(Gap("a line sold something that is no item".into()));
    }
    let variation = owned(item.variation_id.as_ref());
    Ok(LineSnapshot {
        key: line_key(&item.id.0, variation.as_deref(), seen),
        listing_external_id: item.id.0.clone(),
        variation_external_id: variation,
        title: owned(item.title.as_ref()).unwrap_or_default(),
        seller_sku: owned(item.seller_sku.as_ref()).or_else(|| owned(item.seller_custom_field.as_ref())),
        units,
        unit_price,
        // The API tells the fee of one unit: twice 6.00 is the 12.00 of `marketplace_fee`.
        sale_fee: line.sale_fee.as_ref().and_then(|fee| fee.money(currency)?.checked_mul(units).ok()),
    })
}

/// Lines have no id of their own that every answer carries (`element_id` comes and goes),
/// so a line is named by what it sold and, for a repeated sale, by its number.
fn line_key(item: &str, variation: Option<&str>, seen: &mut HashMap<String, u32>) -> String {
    let base = variation.map_or_else(|| item.to_owned(), |variation| format!("{item}/{variation}"));
    let count = seen.entry(base.clone()).or_default();
    *count += 1;
    if *count == 1 { base } else { format!("{base}#{count}") }
}

/// The status and, behind a slash, the substatus.
pub(super) fn shipment_status(shipment: &Shipment) -> String {
    let status = filled(shipment.status.as_ref()).unwrap_or_default();
    match filled(shipment.substatus.as_ref()) {
        Some(substatus) => format!("{status}/{substatus}"),
        None => status.to_owned(),
    }
}

fn shipment_snapshot(shipment: &Shipment, ship_by: Option<Timestamp>) -> ShipmentSnapshot {
    ShipmentSnapshot {
        external_id: shipment.id.0.clone(),
        platform_status: shipment_status(shipment),
        logistic_type: logistic_type(shipment).map(str::to_owned),
        tracking_code: owned(shipment.tracking_number.as_ref()),
        ship_by,
    }
}

pub(super) fn logistic_type(shipment: &Shipment) -> Option<&str> {
    let new = shipment.logistic.as_ref().and_then(|logistic| filled(logistic.kind.as_ref()));
    new.or(filled(shipment.logistic_type.as_ref()))
}

/// Whether the seller has to hand the shipment over, so that there is a time for it.
pub(super) fn has_dispatch_deadline(shipment: &Shipment) -> bool {
    logistic_type(shipment) != Some("fulfillment")
        && matches!(filled(shipment.status.as_ref()), Some("pending" | "handling" | "ready_to_ship"))
}

fn order_state(order: &Order, shipment: Option<&Shipment>) -> OrderState {
    let unknown = OrderState::NeedsAttention(Attention::UnknownStatus);
    let has_tag = |tag| order.tags.as_ref().is_some_and(|tags| tags.has(tag));
    let goods = shipment.map(goods);
    let suspect = has_tag("fraud_risk_detected") || goods == Some(Goods::Suspect);
    let status = filled(order.status.as_ref()).unwrap_or_default();
    let is_unpaid =
        matches!(status, "confirmed" | "payment_required" | "payment_in_process" | "partially_paid");
    let is_paid = matches!(status, "paid" | "partially_refunded");
    match status {
        // The parcel goes on: freeing the units could sell what is not on the shelf, so a
        // person says whether they were in it (a cart's parcel may go on without them).
        "cancelled" if matches!(goods, Some(Goods::Away | Goods::WithBuyer)) => {
            OrderState::NeedsAttention(Attention::CancelledYetSent)
        }
        "cancelled" if goods == Some(Goods::Unknown) => unknown,
        "cancelled" => OrderState::Cancelled(cancelled_by(order)),
        _ if goods == Some(Goods::WithBuyer) && (is_paid || is_unpaid) => OrderState::Delivered,
        _ if suspect => OrderState::NeedsAttention(Attention::FraudRisk),
        _ if is_unpaid => OrderState::AwaitingPayment,
        _ if is_paid => match goods {
            Some(Goods::Away) => OrderState::Shipped,
            // Refunded in full though still called paid: nothing is to be sent.
            _ if has_tag("unfulfilled") => unknown,
            None if has_tag("delivered") => OrderState::Delivered,
            None | Some(Goods::WithSeller) => OrderState::ToDispatch,
            Some(Goods::WithBuyer) => OrderState::Delivered,
            Some(Goods::Stopped | Goods::Suspect | Goods::Unknown) => unknown,
        },
        _ => unknown,
    }
}

fn cancelled_by(order: &Order) -> CancelledBy {
    let detail = order.cancel_detail.as_ref();
    match detail.and_then(|detail| filled(detail.group.as_ref())) {
        Some("buyer") => CancelledBy::Buyer,
        Some("seller") => CancelledBy::Seller,
        _ => CancelledBy::Marketplace,
    }
}

/// A listing as snapshots, one for each variation.
pub(super) fn item(item: &Item) -> Result<Vec<ListingSnapshot>, Gap> {
    let updated_at = item.last_updated.as_ref().and_then(Loose::instant);
    let updated_at = updated_at.ok_or_else(|| Gap::missing("last_updated"))?;
    let variations = item.variations.as_deref().unwrap_or_default();
    if variations.is_empty() {
        let base = snapshot(item, updated_at)?;
        return Ok(vec![base]);
    }
    variations.iter().map(|variation| variation_snapshot(item, variation, updated_at)).collect()
}

/// Whether the answer leaves out what the variations' own codes stand in. All of them would
/// seem to have the item's code then, and different goods would lie on one shelf.
pub(super) fn hides_codes(item: &Item) -> bool {
    let hides = |it: &Variation| it.attributes.is_none() && filled(it.seller_custom_field.as_ref()).is_none();
    item.variations.iter().flatten().any(hides)
}

fn snapshot(item: &Item, updated_at: Timestamp) -> Result<ListingSnapshot, Gap> {
    let quantity = item.available_quantity.as_ref().and_then(Loose::count);
    Ok(ListingSnapshot {
        key: ListingKey { external_id: item.id.0.clone(), variation_external_id: None },
        stock_group: owned(item.user_product_id.as_ref()),
        title: title(item),
        seller_sku: sku(item.attributes.as_deref(), item.seller_custom_field.as_ref()),
        state: listing_state(item),
        platform_status: platform_status(item),
        quantity_units: quantity.ok_or_else(|| Gap::missing("available_quantity"))?,
        stock_control: stock_control(item),
        price: price(item.price.as_ref(), item),
        permalink: owned(item.permalink.as_ref()),
        updated_at,
    })
}

fn variation_snapshot(
    item: &Item,
    variation: &Variation,
    updated_at: Timestamp,
) -> Result<ListingSnapshot, Gap> {
    if !is_number(&variation.id.0) {
        return Err(Gap("a variation's id is no number".into()));
    }
    let quantity = variation.available_quantity.as_ref().and_then(Loose::count);
    let combination: Vec<&str> = variation
        .attribute_combinations
        .iter()
        .flatten()
        .filter_map(|attribute| filled(attribute.value_name.as_ref()))
        .collect();
    let title = if combination.is_empty() {
        title(item)
    } else {
        format!("{} ({})", title(item), combination.join(", "))
    };
    Ok(ListingSnapshot {
        key: ListingKey {
            external_id: item.id.0.clone(),
            variation_external_id: Some(variation.id.0.clone()),
        },
        stock_group: owned(variation.user_product_id.as_ref()),
        title,
        seller_sku: sku(variation.attributes.as_deref(), variation.seller_custom_field.as_ref())
            .or_else(|| sku(item.attributes.as_deref(), item.seller_custom_field.as_ref())),
        state: listing_state(item),
        platform_status: platform_status(item),
        quantity_units: quantity.ok_or_else(|| Gap::missing("available_quantity of a variation"))?,
        stock_control: stock_control(item),
        price: price(variation.price.as_ref().or(item.price.as_ref()), item),
        permalink: owned(item.permalink.as_ref()),
        updated_at,
    })
}

fn title(item: &Item) -> String {
    owned(item.title.as_ref()).or_else(|| owned(item.family_name.as_ref())).unwrap_or_default()
}

fn sku(attributes: Option<&[Attribute]>, custom: Option<&Loose>) -> Option<String> {
    let attribute = attributes
        .unwrap_or_default()
        .iter()
        .find(|attribute| filled(attribute.id.as_ref()) == Some("SELLER_SKU"));
    owned(attribute.and_then(|attribute| attribute.value_name.as_ref())).or_else(|| owned(custom))
}

fn price(amount: Option<&super::wire::Amount>, item: &Item) -> Option<Money> {
    amount?.money(currency(item.currency_id.as_ref()).ok()?)
}

fn stock_control(item: &Item) -> StockControl {
    let logistic = item.shipping.as_ref().and_then(|shipping| filled(shipping.logistic_type.as_ref()));
    if logistic == Some("fulfillment") { StockControl::Platform } else { StockControl::Seller }
}

fn has_sub_status(item: &Item, word: &str) -> bool {
    item.sub_status.as_ref().is_some_and(|sub| sub.has(word))
}

fn listing_state(item: &Item) -> ListingState {
    if has_sub_status(item, "deleted") {
        return ListingState::Closed;
    }
    match filled(item.status.as_ref()).unwrap_or_default() {
        "active" => ListingState::Active,
        "paused" | "payment_required" | "not_yet_active" | "inactive" => ListingState::Paused,
        "under_review" => ListingState::UnderReview,
        "closed" => ListingState::Closed,
        _ => ListingState::NeedsAttention,
    }
}

fn platform_status(item: &Item) -> String {
    let status = filled(item.status.as_ref()).unwrap_or_default();
    match &item.sub_status {
        Some(sub) if !sub.0.is_empty() => format!("{status}/{}", sub.0.join(",")),
        Some(_) | None => status.to_owned(),
    }
}

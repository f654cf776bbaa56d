//! Pure translations from the API's words into the house's.

use std::collections::BTreeSet;

use connect::{ListingKey, ListingSnapshot, StockControl};
use domain::order::{Attention, CancelledBy, LineSnapshot, ShipmentSnapshot, SnapshotVersion};
use domain::{ChannelKind, Currency, ListingState, Money, OrderSnapshot, OrderState, Timestamp};

use super::is_id;
use super::parcels::{self, Parcel, Stage};
use super::places::Places;
use super::wire::{Gap, Loose, Order, OrderUnit, Product, Sku, filled, owned};

/// What the platform calls the one variation of a product that has no others.
const ONLY_VARIATION: &str = "Default";

/// An order and its packages as one snapshot.
pub(super) fn order(order: &Order, parcels: &[Parcel]) -> Result<OrderSnapshot, Gap> {
    let order_at = order.update_time.as_ref().and_then(Loose::unix_seconds);
    let order_at = order_at.ok_or_else(|| Gap::missing("update_time"))?;
    let currency = currency(order)?;
    let lines = lines(order, currency)?;
    // The latest of all packages, as another may stand for the order next time, and never
    // before the order, which tells of them, too: the clock must not go back when one can
    // no longer be read or is gone.
    let packages_at = parcels.iter().filter_map(|parcel| parcel.updated_at).max();
    let shipment_at = packages_at.map_or(order_at, |packages_at| packages_at.max(order_at));
    Ok(OrderSnapshot {
        channel: ChannelKind::TikTokShop,
        external_id: order.id.0.clone(),
        pack_external_id: None,
        version: SnapshotVersion { order_at, shipment_at },
        placed_at: order.create_time.as_ref().and_then(Loose::unix_seconds).unwrap_or(order_at),
        state: order_state(order, parcels),
        platform_status: platform_status(order),
        total: total(order, &lines, currency)?,
        lines,
        buyer_external_id: owned(order.user_id.as_ref()),
        shipment: parcels::foremost(parcels).map(|parcel| shipment(order, parcel)),
        tags: tags(order),
    })
}

fn currency(order: &Order) -> Result<Currency, Gap> {
    let of_payment = order.payment.as_ref().and_then(|payment| filled(payment.currency.as_ref()));
    let of_unit = || order.units.iter().flatten().find_map(|unit| filled(unit.currency.as_ref()));
    let code = of_payment.or_else(of_unit).ok_or_else(|| Gap::missing("currency"))?;
    Currency::from_code(code).ok_or_else(|| Gap(format!("the currency {code} is unknown")))
}

/// What the buyer pays for the goods: without freight, which `total_amount` holds.
fn total(order: &Order, lines: &[LineSnapshot], currency: Currency) -> Result<Money, Gap> {
    if let Some(amount) = order.payment.as_ref().and_then(|payment| payment.sub_total.as_ref()) {
        return amount.money(currency).ok_or_else(|| Gap("sub_total is no number".into()));
    }
    lines.iter().try_fold(Money::new(0, currency), |sum, line| {
        let line = line.unit_price.checked_mul(line.units);
        line.and_then(|line| sum.checked_add(line)).map_err(|error| Gap(error.to_string()))
    })
}

/// Units of one variation at one price are one line. Its key is the lowest of its units'
/// ids, cancelled ones included, so that it is the same in every snapshot.
fn lines(order: &Order, currency: Currency) -> Result<Vec<LineSnapshot>, Gap> {
    let units = order.units.as_deref().unwrap_or_default();
    let mut lines: Vec<LineSnapshot> = Vec::new();
    // One cancelled unit of several is no longer sold. Where all are, so is the order, and
    // its lines stay what they were.
    let some_left = !units.iter().all(is_cancelled);
    for unit in units {
        let line = line(unit, currency)?;
        let counts = i64::from(!(some_left && is_cancelled(unit)));
        let alike = |held: &&mut LineSnapshot| {
            held.listing_external_id == line.listing_external_id
                && held.variation_external_id == line.variation_external_id
                && held.unit_price == line.unit_price
        };
        if let Some(held) = lines.iter_mut().find(alike) {
            held.units += counts;
            if (line.key.len(), &line.key) < (held.key.len(), &held.key) {
                held.key = line.key;
            }
        } else {
            lines.push(LineSnapshot { units: counts, ..line });
        }
    }
    lines.retain(|line| line.units > 0);
    if lines.is_empty() { Err(Gap::missing("line_items")) } else { Ok(lines) }
}

pub(super) fn is_cancelled(unit: &OrderUnit) -> bool {
    matches!(filled(unit.display_status.as_ref()), Some("CANCELLED" | "CANCEL"))
}

fn line(unit: &OrderUnit, currency: Currency) -> Result<LineSnapshot, Gap> {
    for id in [&unit.id, &unit.product_id, &unit.sku_id] {
        if !is_id(&id.0) {
            return Err(Gap("a line has an id that is no number".into()));
        }
    }
    if filled(unit.currency.as_ref()).is_some_and(|code| code != currency.code()) {
        return Err(Gap("a line has another currency than its order".into()));
    }
    let unit_price = unit.sale_price.as_ref().and_then(|price| price.money(currency));
    let name = owned(unit.product_name.as_ref()).unwrap_or_default();
    Ok(LineSnapshot {
        key: unit.id.0.clone(),
        listing_external_id: unit.product_id.0.clone(),
        variation_external_id: Some(unit.sku_id.0.clone()),
        title: titled(name, filled(unit.sku_name.as_ref()).filter(|name| *name != ONLY_VARIATION)),
        seller_sku: owned(unit.seller_sku.as_ref()),
        units: 1,
        unit_price: unit_price.ok_or_else(|| Gap::missing("sale_price"))?,
        // Known only from the settlement.
        sale_fee: None,
    })
}

fn titled(name: String, variation: Option<&str>) -> String {
    match variation {
        Some(variation) => format!("{name} ({variation})"),
        None => name,
    }
}

pub(super) fn is_true(flag: Option<&Loose>) -> bool {
    filled(flag) == Some("true")
}

fn order_state(order: &Order, parcels: &[Parcel]) -> OrderState {
    let unknown = OrderState::NeedsAttention(Attention::UnknownStatus);
    match filled(order.status.as_ref()).unwrap_or_default() {
        // Paid, but for an hour the buyer may take it back and nothing may be sent.
        "UNPAID" | "ON_HOLD" => OrderState::AwaitingPayment,
        // The buyer wants out: the seller has to answer before anything is sent.
        "AWAITING_SHIPMENT" | "PARTIALLY_SHIPPING" | "AWAITING_COLLECTION"
            if is_true(order.is_buyer_request_cancel.as_ref()) =>
        {
            unknown
        }
        // Arranged is not handed over: the carrier has still to come.
        "AWAITING_SHIPMENT" | "PARTIALLY_SHIPPING" | "AWAITING_COLLECTION" => OrderState::ToDispatch,
        "IN_TRANSIT" => OrderState::Shipped,
        "DELIVERED" | "COMPLETED" => OrderState::Delivered,
        // Orders say the one, hooks the other.
        "CANCELLED" | "CANCEL" if has_left(order, parcels) => {
            OrderState::NeedsAttention(Attention::CancelledYetSent)
        }
        "CANCELLED" | "CANCEL" if parcels.iter().any(is_of_unknown_stage) => unknown,
        "CANCELLED" | "CANCEL" => OrderState::Cancelled(cancelled_by(order)),
        _ => unknown,
    }
}

/// Whether a carrier has had the goods: a package that got lost is cancelled, too, so the
/// times are asked as well.
fn has_left(order: &Order, parcels: &[Parcel]) -> bool {
    let told = |time: Option<&Loose>| time.and_then(Loose::unix_seconds).is_some();
    told(order.collection_time.as_ref())
        || told(order.delivery_time.as_ref())
        || parcels.iter().any(|parcel| parcel.stage().is_away())
}

fn is_of_unknown_stage(parcel: &Parcel) -> bool {
    parcel.stage() == Stage::Unknown && !parcel.status.is_empty()
}

/// Who ended it: told, or to be read from the reason's name.
fn cancelled_by(order: &Order) -> CancelledBy {
    let first = order.units.iter().flatten().next();
    let told = filled(order.cancellation_initiator.as_ref())
        .or(first.and_then(|unit| filled(unit.cancel_user.as_ref())));
    let reason = filled(order.cancel_reason.as_ref())
        .or(first.and_then(|unit| filled(unit.cancel_reason.as_ref())))
        .unwrap_or_default();
    match told {
        Some("BUYER") => CancelledBy::Buyer,
        Some("SELLER") => CancelledBy::Seller,
        None if reason.starts_with("seller_cancel") => CancelledBy::Seller,
        None if reason.starts_with("ecom_order") => CancelledBy::Buyer,
        Some(_) | None => CancelledBy::Marketplace,
    }
}

/// The status and, behind a slash, the flag that outweighs it.
fn platform_status(order: &Order) -> String {
    let status = filled(order.status.as_ref()).unwrap_or_default();
    if is_true(order.is_buyer_request_cancel.as_ref()) {
        format!("{status}/is_buyer_request_cancel")
    } else {
        status.to_owned()
    }
}

fn shipment(order: &Order, parcel: &Parcel) -> ShipmentSnapshot {
    let by_seller = filled(order.fulfillment_type.as_ref()) != Some("FULFILLMENT_BY_TIKTOK");
    let with_seller = by_seller && parcel.stage() <= Stage::Unknown;
    let told = [&order.rts_sla_time, &order.shipping_due_time];
    let ship_by = told.into_iter().flatten().find_map(Loose::unix_seconds);
    ShipmentSnapshot {
        external_id: parcel.id.clone(),
        platform_status: parcel.platform_status(),
        logistic_type: if by_seller {
            owned(order.shipping_type.as_ref())
        } else {
            owned(order.fulfillment_type.as_ref())
        },
        tracking_code: parcel.tracking_code.clone(),
        ship_by: ship_by.filter(|_| with_seller),
    }
}

/// What is worth knowing besides, in the platform's words.
fn tags(order: &Order) -> Vec<String> {
    let flags = [
        ("is_buyer_request_cancel", &order.is_buyer_request_cancel),
        ("is_cod", &order.cash_on_delivery),
        ("is_exchange_order", &order.is_exchange),
        ("is_on_hold_order", &order.was_on_hold),
        ("is_replacement_order", &order.is_replacement),
        ("is_sample_order", &order.is_sample),
    ];
    let set = flags.into_iter().filter(|(_, flag)| is_true(flag.as_ref())).map(|(name, _)| name.to_owned());
    let kind = owned(order.kind.as_ref()).filter(|kind| kind != "NORMAL");
    let words = [&order.need_upload_invoice, &order.split_or_combine_tag];
    kind.into_iter().chain(words.into_iter().filter_map(|word| owned(word.as_ref()))).chain(set).collect()
}

/// A product as snapshots, one for each variation. `platform_warehouses` are the ids of
/// those that are the platform's own.
pub(super) fn product(
    product: &Product,
    platform_warehouses: &BTreeSet<String>,
) -> Result<Vec<ListingSnapshot>, Gap> {
    if !is_id(&product.id.0) {
        return Err(Gap("a product's id is no number".into()));
    }
    let updated_at = product.update_time.as_ref().and_then(Loose::unix_seconds);
    let updated_at = updated_at.ok_or_else(|| Gap::missing("update_time"))?;
    let skus = product.skus.as_deref().unwrap_or_default();
    // A draft may not have got that far; anything else shows something.
    if skus.is_empty() && !matches!(status(product), "DRAFT" | "DELETED") {
        return Err(Gap::missing("skus"));
    }
    skus.iter().map(|sku| variation(product, sku, platform_warehouses, updated_at)).collect()
}

fn variation(
    product: &Product,
    sku: &Sku,
    platform_warehouses: &BTreeSet<String>,
    updated_at: Timestamp,
) -> Result<ListingSnapshot, Gap> {
    if !is_id(&sku.id.0) {
        return Err(Gap("a variation's id is no number".into()));
    }
    let places = Places::read(sku.inventory.as_deref().unwrap_or_default(), platform_warehouses)?;
    // A bundle shows what its parts allow; the platform counts.
    let is_bundle = sku.combined_skus.as_ref().is_some_and(|parts| !parts.is_empty());
    let is_sellers = !is_bundle && !places.are_all_fixed();
    Ok(ListingSnapshot {
        key: ListingKey { external_id: product.id.0.clone(), variation_external_id: Some(sku.id.0.clone()) },
        stock_group: None,
        title: titled(owned(product.title.as_ref()).unwrap_or_default(), values(sku).as_deref()),
        seller_sku: owned(sku.code.as_ref()),
        state: listing_state(product, sku),
        platform_status: listing_status(product, sku),
        quantity_units: places.total_units(),
        stock_control: if is_sellers { StockControl::Seller } else { StockControl::Platform },
        price: prices(sku).next(),
        permalink: None,
        updated_at,
    })
}

fn values(sku: &Sku) -> Option<String> {
    let attributes = sku.sales_attributes.as_deref().unwrap_or_default();
    let values: Vec<_> =
        attributes.iter().filter_map(|attribute| filled(attribute.value_name.as_ref())).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The price that is shown, under the names that it has for sellers at home and abroad:
/// the first is the better one.
pub(super) fn prices(sku: &Sku) -> impl Iterator<Item = Money> {
    let currency = sku.price.as_ref().and_then(|price| Currency::from_code(filled(price.currency.as_ref())?));
    let amounts = sku.price.as_ref().map(|price| [&price.sale_price, &price.tax_exclusive_price]);
    let amounts = amounts.into_iter().flatten().filter_map(Option::as_ref);
    // The name that does not apply to a seller may come as zero.
    amounts.filter_map(move |amount| amount.money(currency?)).filter(|price| price.minor > 0)
}

/// The status of the version that is on sale.
fn status(product: &Product) -> &str {
    filled(product.status.as_ref()).or(filled(product.status_but_audit.as_ref())).unwrap_or_default()
}

fn status_of_sku(sku: &Sku) -> Option<&str> {
    sku.status_info.as_ref().and_then(|info| filled(info.status.as_ref()))
}

/// Where a listing stands, by what the platform still takes for it: a quantity is taken
/// for drafts and under audit, too, and one that is not kept right there would be on sale
/// the moment that the audit ends.
fn listing_state(product: &Product, sku: &Sku) -> ListingState {
    let of_sku = match status_of_sku(sku) {
        None | Some("NORMAL") => ListingState::Active,
        Some("DEACTIVATED") => ListingState::Paused,
        Some(_) => ListingState::NeedsAttention,
    };
    match status(product) {
        "ACTIVATE" => of_sku,
        "DRAFT" | "PENDING" | "FAILED" | "SELLER_DEACTIVATED" | "SCHEDULED" => ListingState::Paused,
        "PLATFORM_DEACTIVATED" | "FREEZE" => ListingState::UnderReview,
        "DELETED" => ListingState::Closed,
        _ => ListingState::NeedsAttention,
    }
}

/// Status, audit unless it is over or was none, and the variation's own unless normal.
fn listing_status(product: &Product, sku: &Sku) -> String {
    let audit = product.audit.as_ref().and_then(|audit| filled(audit.status.as_ref()));
    let audit = audit.filter(|word| !matches!(*word, "NONE" | "APPROVED"));
    let own = status_of_sku(sku).filter(|word| *word != "NORMAL");
    [Some(status(product)), audit, own].into_iter().flatten().collect::<Vec<_>>().join("/")
}

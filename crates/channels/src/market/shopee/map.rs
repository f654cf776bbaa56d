//! Pure translations of orders from the API's words into the house's; those of listings
//! are in `offers.rs`.

use std::collections::BTreeMap;

use domain::order::{Attention, CancelledBy, LineSnapshot, ShipmentSnapshot, SnapshotVersion};
use domain::{ChannelKind, Currency, Money, OrderSnapshot, OrderState};

use super::goods::{Goods, Whereabouts, goods};
use super::ids::{id, is_code};
use super::wire::{
    Amount, EscrowItem, Gap, Loose, Order, OrderItem, OrderPackage, Package, filled, instant, is_true, owned,
};

/// The currency of a code.
pub(super) fn currency(code: Option<&Loose>) -> Result<Currency, Gap> {
    let code = filled(code).ok_or_else(|| Gap::missing("currency"))?;
    Currency::from_code(code).ok_or_else(|| Gap(format!("the currency {code} is unknown")))
}

/// The numbers of an order's packages. One that cannot be told would make the order look as
/// if nothing of it had been sent.
pub(super) fn package_numbers(order: &Order) -> Result<Vec<&str>, Gap> {
    let packages = order.packages.iter().flatten();
    let numbers = packages.map(|package| filled(package.package_number.as_ref()).filter(|it| is_code(it)));
    numbers.collect::<Option<Vec<_>>>().ok_or_else(|| Gap::missing("package_number"))
}

/// Whether a line shows no price, as those of a bundle do: the escrow tells it then.
pub(super) fn lacks_prices(order: &Order) -> bool {
    let Ok(currency) = currency(order.currency.as_ref()) else { return false };
    order.lines.iter().flatten().any(|line| is_priceless(line, currency))
}

fn is_priceless(line: &OrderItem, currency: Currency) -> bool {
    let minor =
        |amount: Option<&Amount>| amount.and_then(|amount| amount.money(currency)).map(|money| money.minor);
    minor(line.model_discounted_price.as_ref()) == Some(0)
        && minor(line.model_original_price.as_ref()).is_some_and(|original| original > 0)
}

/// An order and its packages as one snapshot. `packages` are those that could be read by
/// themselves; `escrow` the lines of what the order brings in, where they were asked for.
pub(super) fn order(
    order: &Order,
    packages: &[Package],
    escrow: &[EscrowItem],
) -> Result<OrderSnapshot, Gap> {
    let order_at = instant(order.update_time.as_ref()).ok_or_else(|| Gap::missing("update_time"))?;
    let currency = currency(order.currency.as_ref())?;
    let (lines, total) = lines(order, escrow, currency)?;
    let parcels = parcels(order, packages);
    let whereabouts = Whereabouts(parcels.iter().map(|parcel| parcel.goods).collect());
    let shipment_at = packages.iter().filter_map(|package| instant(package.update_time.as_ref())).max();
    Ok(OrderSnapshot {
        channel: ChannelKind::Shopee,
        external_id: order.order_sn.0.clone(),
        pack_external_id: None,
        version: SnapshotVersion { order_at, shipment_at: shipment_at.unwrap_or_default() },
        placed_at: instant(order.create_time.as_ref()).unwrap_or(order_at),
        state: order_state(order, &whereabouts),
        platform_status: owned(order.order_status.as_ref()).unwrap_or_default(),
        lines,
        total,
        buyer_external_id: id(order.buyer_user_id.as_ref()).map(str::to_owned),
        shipment: shipment(order, &parcels),
        tags: tags(order),
    })
}

/// Lines, and the sum of what is paid for them.
fn lines(
    order: &Order,
    escrow: &[EscrowItem],
    currency: Currency,
) -> Result<(Vec<LineSnapshot>, Money), Gap> {
    let is_cancelled = filled(order.order_status.as_ref()) == Some("CANCELLED");
    let mut seen = BTreeMap::new();
    let mut snapshots = Vec::new();
    let mut total = Money::new(0, currency);
    for item in order.lines.iter().flatten() {
        let key = line_key(item, &mut seen)?;
        let units = units(item, is_cancelled)?;
        // A line that was cancelled out of an order that goes on.
        if units == 0 {
            continue;
        }
        let (unit_price, paid) = prices(item, units, escrow, currency)?;
        total = total.checked_add(paid).map_err(|error| Gap(error.to_string()))?;
        snapshots.push(line(item, key, units, unit_price)?);
    }
    if snapshots.is_empty() { Err(Gap::missing("item_list")) } else { Ok((snapshots, total)) }
}

fn line(item: &OrderItem, key: String, units: i64, unit_price: Money) -> Result<LineSnapshot, Gap> {
    let listing = id(item.item_id.as_ref()).ok_or_else(|| Gap::missing("item_id"))?;
    let name = owned(item.item_name.as_ref()).unwrap_or_default();
    Ok(LineSnapshot {
        key,
        listing_external_id: listing.to_owned(),
        variation_external_id: id(item.model_id.as_ref()).map(str::to_owned),
        title: match filled(item.model_name.as_ref()) {
            Some(model) => format!("{name} ({model})"),
            None => name,
        },
        seller_sku: owned(item.model_sku.as_ref()).or_else(|| owned(item.item_sku.as_ref())),
        units,
        unit_price,
        // Fees are told for the whole order, and only by the escrow.
        sale_fee: None,
    })
}

/// A line is named by what it sold and, for a repeated sale, by its number: `order_item_id`
/// is shared within a bundle, and `line_item_id` is not in the documents.
fn line_key(item: &OrderItem, seen: &mut BTreeMap<String, u32>) -> Result<String, Gap> {
    let listing = id(item.item_id.as_ref()).ok_or_else(|| Gap::missing("item_id"))?;
    let base =
        id(item.model_id.as_ref()).map_or_else(|| listing.to_owned(), |model| format!("{listing}/{model}"));
    let count = seen.entry(base.clone()).or_default();
    *count += 1;
    Ok(if *count == 1 { base } else { format!("{base}#{count}") })
}

/// Units that are still wanted: some of a line, or a line of several, can be cancelled.
/// Of an order that is cancelled as a whole, all that were.
fn units(item: &OrderItem, is_cancelled: bool) -> Result<i64, Gap> {
    let count = |field: &Option<Loose>| field.as_ref().and_then(Loose::count);
    let bought = count(&item.model_quantity_purchased).filter(|units| *units > 0);
    let bought = bought.ok_or_else(|| Gap::missing("model_quantity_purchased"))?;
    let cancelled = count(&item.cancelled_qty).unwrap_or_default().clamp(0, bought);
    Ok(if is_cancelled { bought } else { bought - cancelled })
}

/// The price of one unit, and of all of the line. The order tells the one, the escrow the
/// other, which need not divide evenly.
fn prices(
    item: &OrderItem,
    units: i64,
    escrow: &[EscrowItem],
    currency: Currency,
) -> Result<(Money, Money), Gap> {
    if is_priceless(item, currency)
        && let Some(paid) = of_escrow(item, escrow, currency)
    {
        return Ok((Money::new(paid.minor / units, currency), paid));
    }
    let told = item.model_discounted_price.as_ref().or(item.model_original_price.as_ref());
    let unit_price = told.and_then(|price| price.money(currency));
    let unit_price = unit_price.ok_or_else(|| Gap::missing("model_discounted_price"))?;
    let paid = unit_price.checked_mul(units).map_err(|error| Gap(error.to_string()))?;
    Ok((unit_price, paid))
}

/// What the escrow tells of a line: by the line's own number, or where only one line sold
/// this.
fn of_escrow(item: &OrderItem, escrow: &[EscrowItem], currency: Currency) -> Option<Money> {
    let same = |ours: &Option<Loose>, theirs: &Option<Loose>| {
        id(ours.as_ref()).is_some_and(|ours| id(theirs.as_ref()) == Some(ours))
    };
    let by_line = escrow.iter().find(|row| same(&item.line_item_id, &row.line_item_id));
    let mut alike = escrow.iter().filter(|row| {
        same(&item.item_id, &row.item_id) && id(row.model_id.as_ref()) == id(item.model_id.as_ref())
    });
    let only = alike.next().filter(|_| alike.next().is_none());
    by_line.or(only)?.discounted_price.as_ref()?.money(currency)
}

/// A package with all that is known of it.
struct Parcel<'a> {
    number: &'a str,
    status: &'a str,
    goods: Goods,
    carrier: Option<&'a str>,
    details: Option<&'a Package>,
}

/// The packages that the order names, each as it stands by itself where that could be read.
fn parcels<'a>(order: &'a Order, packages: &'a [Package]) -> Vec<Parcel<'a>> {
    let parcel = |named: &'a OrderPackage| {
        let number = filled(named.package_number.as_ref())?;
        let details = packages.iter().find(|it| filled(it.package_number.as_ref()) == Some(number));
        let own = details.and_then(|details| filled(details.fulfillment_status.as_ref()));
        let status = own.or(filled(named.logistics_status.as_ref())).unwrap_or_default();
        let carrier = details.and_then(|details| filled(details.shipping_carrier.as_ref()));
        let carrier = carrier.or(filled(named.shipping_carrier.as_ref()));
        Some(Parcel { number, status, goods: goods(status), carrier, details })
    };
    order.packages.iter().flatten().filter_map(parcel).collect()
}

/// The package that the seller has to look at: the first that is still with them, or else
/// the first that is not off.
fn shipment(order: &Order, parcels: &[Parcel<'_>]) -> Option<ShipmentSnapshot> {
    let first = |wanted: fn(Goods) -> bool| parcels.iter().find(|parcel| wanted(parcel.goods));
    let parcel = first(|goods| goods == Goods::WithSeller)
        .or_else(|| first(|goods| goods != Goods::Off))
        .or_else(|| parcels.first())?;
    let is_ours = !is_by_platform(order);
    let own_deadline = parcel.details.and_then(|details| instant(details.ship_by_date.as_ref()));
    let deadline = own_deadline.or_else(|| instant(order.ship_by_date.as_ref()));
    let tracking = parcel.details.and_then(|details| filled(details.tracking_number.as_ref()));
    Some(ShipmentSnapshot {
        external_id: parcel.number.to_owned(),
        platform_status: parcel.status.to_owned(),
        logistic_type: if is_ours {
            parcel.carrier.map(str::to_owned)
        } else {
            owned(order.fulfillment_flag.as_ref())
        },
        tracking_code: tracking.filter(|code| *code != "-").map(str::to_owned),
        ship_by: deadline.filter(|_| is_ours && parcel.goods == Goods::WithSeller),
    })
}

/// Whether Shopee's own warehouse sends it.
fn is_by_platform(order: &Order) -> bool {
    filled(order.fulfillment_flag.as_ref()) == Some("fulfilled_by_shopee")
}

fn order_state(order: &Order, at: &Whereabouts) -> OrderState {
    let unknown = OrderState::NeedsAttention(Attention::UnknownStatus);
    match filled(order.order_status.as_ref()).unwrap_or_default() {
        // PENDING is held back by the platform: it must not be sent yet, its units are taken.
        "UNPAID" | "PENDING" => OrderState::AwaitingPayment,
        // Sent ahead of the order, by a booking of its own.
        "READY_TO_SHIP" if is_true(order.advance_package.as_ref()) => unknown,
        "READY_TO_SHIP" | "PROCESSED" | "RETRY_SHIP" => dispatched(at),
        "SHIPPED" if at.all_with_buyer() => OrderState::Delivered,
        "SHIPPED" => OrderState::Shipped,
        // The buyer wants to give it back, on the way or after: the units are gone until
        // the return is in.
        "TO_RETURN" if at.has_packages() && !at.all_with_buyer() => OrderState::Shipped,
        "TO_CONFIRM_RECEIVE" | "COMPLETED" | "TO_RETURN" => OrderState::Delivered,
        // The parcel goes on: freeing the units could sell what is not on the shelf.
        "CANCELLED" if at.any_left() => OrderState::NeedsAttention(Attention::CancelledYetSent),
        "CANCELLED" if at.any(Goods::Unknown) => unknown,
        "CANCELLED" => OrderState::Cancelled(cancelled_by(order)),
        // IN_CANCEL, too: the buyer asks to cancel, and a person has to answer.
        _ => unknown,
    }
}

/// Some channels leave the order at READY_TO_SHIP when it is gone: the packages decide.
fn dispatched(at: &Whereabouts) -> OrderState {
    if at.any(Goods::Unknown) || at.all_off() {
        OrderState::NeedsAttention(Attention::UnknownStatus)
    } else if !at.has_packages() || at.any(Goods::WithSeller) {
        OrderState::ToDispatch
    } else if at.all_with_buyer() {
        OrderState::Delivered
    } else {
        OrderState::Shipped
    }
}

fn cancelled_by(order: &Order) -> CancelledBy {
    match filled(order.cancel_by.as_ref()).unwrap_or_default().to_ascii_lowercase().as_str() {
        "buyer" => CancelledBy::Buyer,
        "seller" => CancelledBy::Seller,
        _ => CancelledBy::Marketplace,
    }
}

/// What people should see of an order besides its status.
fn tags(order: &Order) -> Vec<String> {
    let flags =
        [("cod", &order.cod), ("split_up", &order.split_up), ("advance_package", &order.advance_package)];
    let flags = flags.into_iter().filter(|(_, flag)| is_true(flag.as_ref())).map(|(name, _)| name.to_owned());
    let terms = order.pending_terms.iter().flatten().filter_map(Loose::filled).map(str::to_owned);
    flags.chain(owned(order.fulfillment_flag.as_ref())).chain(terms).collect()
}

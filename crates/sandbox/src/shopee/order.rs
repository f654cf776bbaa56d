//! Orders and their packages as plain data (fact sheet §6.1).

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::channel;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// Placed, not paid.
    Unpaid,
    /// Paid, held back by the platform.
    Pending,
    /// Paid; a shipment has to be arranged.
    ReadyToShip,
    /// A shipment is arranged.
    Processed,
    /// The courier came in vain.
    RetryShip,
    /// On its way.
    Shipped,
    /// With the buyer.
    ToConfirmReceive,
    /// The buyer asked to cancel.
    InCancel,
    /// Over, without a sale.
    Cancelled,
    /// The buyer gives it back.
    ToReturn,
    /// Over.
    Completed,
}

impl OrderStatus {
    /// The platform's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unpaid => "UNPAID",
            Self::Pending => "PENDING",
            Self::ReadyToShip => "READY_TO_SHIP",
            Self::Processed => "PROCESSED",
            Self::RetryShip => "RETRY_SHIP",
            Self::Shipped => "SHIPPED",
            Self::ToConfirmReceive => "TO_CONFIRM_RECEIVE",
            Self::InCancel => "IN_CANCEL",
            Self::Cancelled => "CANCELLED",
            Self::ToReturn => "TO_RETURN",
            Self::Completed => "COMPLETED",
        }
    }
}

/// Where a package stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PackageStatus {
    /// The order is not paid yet.
    NotStart,
    /// To be arranged, or arranged and without a number.
    Ready,
    /// The carrier knows of it.
    RequestCreated,
    /// The carrier has it.
    PickupDone,
    /// The buyer has it.
    DeliveryDone,
    /// The order was cancelled before anything happened.
    Invalid,
    /// The order was cancelled after the carrier knew.
    RequestCanceled,
    /// The courier came in vain, for good.
    PickupFailed,
    /// The courier came in vain and will come again.
    PickupRetry,
    /// It could not be delivered.
    DeliveryFailed,
    /// It is lost.
    Lost,
}

impl PackageStatus {
    /// The platform's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotStart => "LOGISTICS_NOT_START",
            Self::Ready => "LOGISTICS_READY",
            Self::RequestCreated => "LOGISTICS_REQUEST_CREATED",
            Self::PickupDone => "LOGISTICS_PICKUP_DONE",
            Self::DeliveryDone => "LOGISTICS_DELIVERY_DONE",
            Self::Invalid => "LOGISTICS_INVALID",
            Self::RequestCanceled => "LOGISTICS_REQUEST_CANCELED",
            Self::PickupFailed => "LOGISTICS_PICKUP_FAILED",
            Self::PickupRetry => "LOGISTICS_PICKUP_RETRY",
            Self::DeliveryFailed => "LOGISTICS_DELIVERY_FAILED",
            Self::Lost => "LOGISTICS_LOST",
        }
    }

    /// True for a package that will not arrive.
    pub(crate) const fn has_failed(self) -> bool {
        matches!(
            self,
            Self::Invalid | Self::RequestCanceled | Self::PickupFailed | Self::DeliveryFailed | Self::Lost
        )
    }
}

/// How a buyer pays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// By card.
    Card,
    /// By PIX.
    #[default]
    Pix,
}

/// One line. Amounts are centavos for one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub(crate) item_id: i64,
    pub(crate) model_id: i64,
    pub(crate) item_name: String,
    pub(crate) item_sku: String,
    pub(crate) model_name: String,
    pub(crate) model_sku: String,
    pub(crate) original: i64,
    pub(crate) discounted: i64,
    pub(crate) quantity: i64,
    pub(crate) weight: String,
    pub(crate) image_id: Option<String>,
    pub(crate) id: i64,
    pub(crate) campaign_id: u64,
    pub(crate) cancelled: i64,
    pub(crate) returned: i64,
}

/// A step on a parcel's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackEvent {
    pub(crate) at: Timestamp,
    pub(crate) word: String,
    pub(crate) text: String,
}

/// A label that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub(crate) kind: String,
    /// Questions until it is ready.
    pub(crate) polls_left: u32,
    pub(crate) failed: bool,
}

/// A parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    pub(crate) number: String,
    /// Index of a line, and how many units of it.
    pub(crate) parts: Vec<(usize, i64)>,
    pub(crate) status: PackageStatus,
    pub(crate) arranged: bool,
    pub(crate) tracking: Option<String>,
    pub(crate) updated: Timestamp,
    pub(crate) picked_up: Option<Timestamp>,
    pub(crate) events: Vec<TrackEvent>,
    pub(crate) label: Option<Label>,
}

/// Who cancelled, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// `buyer`, `seller` or `system`.
    pub(crate) by: String,
    pub(crate) reason: String,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub(crate) sn: String,
    pub(crate) shop_id: i64,
    pub(crate) buyer_id: i64,
    pub(crate) status: OrderStatus,
    /// Where it stood when the buyer asked to cancel.
    pub(crate) before_cancel: Option<OrderStatus>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) paid: Option<Timestamp>,
    pub(crate) completed: Option<Timestamp>,
    pub(crate) released: Option<Timestamp>,
    pub(crate) ship_by: Option<Timestamp>,
    pub(crate) payment: PaymentMethod,
    pub(crate) channel_id: i64,
    pub(crate) lines: Vec<Line>,
    pub(crate) packages: Vec<Package>,
    pub(crate) note: String,
    pub(crate) note_updated: Option<Timestamp>,
    pub(crate) message: String,
    pub(crate) cancellation: Option<Cancellation>,
    pub(crate) buyer_cancel_reason: String,
    /// The NF-e; null where none is due, `{}` while it is missing.
    pub(crate) invoice: Value,
    /// The file of the NF-e: media type and text.
    pub(crate) invoice_file: Option<(String, String)>,
    /// Refunded by returns, in centavos.
    pub(crate) refunded: i64,
    /// Commission beyond what was expected, in centavos.
    #[serde(default)]
    pub(crate) overcharged: i64,
}

impl Order {
    /// Centavos of all lines at the prices paid, cancelled units left out.
    pub(crate) fn goods(&self) -> i64 {
        self.lines.iter().map(|line| line.discounted * (line.quantity - line.cancelled)).sum()
    }

    /// Centavos of all lines at the original prices, cancelled units left out.
    pub(crate) fn original_goods(&self) -> i64 {
        self.lines.iter().map(|line| line.original * (line.quantity - line.cancelled)).sum()
    }

    /// What the buyer pays for freight, in centavos.
    pub(crate) fn freight(&self) -> i64 {
        channel::find(self.channel_id).map_or(0, |channel| channel.fee)
    }

    /// What the buyer pays, in centavos.
    pub(crate) fn total(&self) -> i64 {
        self.goods() + self.freight()
    }

    pub(crate) fn is_split(&self) -> bool {
        self.packages.len() > 1
    }

    pub(crate) fn package(&self, number: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.number == number)
    }

    pub(crate) fn package_mut(&mut self, number: &str) -> Option<&mut Package> {
        self.packages.iter_mut().find(|package| package.number == number)
    }

    /// True while an NF-e is due and missing.
    pub(crate) fn wants_invoice(&self) -> bool {
        self.status == OrderStatus::ReadyToShip && self.lacks_invoice()
    }

    /// True when the NF-e that is due has not come, whatever the status.
    pub(crate) fn lacks_invoice(&self) -> bool {
        self.invoice.as_object().is_some_and(serde_json::Map::is_empty)
    }

    /// The status that clients are shown.
    pub(crate) fn shown_status(&self) -> OrderStatus {
        let hides = channel::find(self.channel_id).is_some_and(|channel| channel.hides_processed);
        if hides && self.status == OrderStatus::Processed { OrderStatus::ReadyToShip } else { self.status }
    }

    /// Where the packages put the order, once it is paid: it follows the one that is furthest,
    /// leaves the failed ones out, and waits for all before it has arrived.
    pub(crate) fn status_by_packages(&self) -> OrderStatus {
        let living: Vec<PackageStatus> =
            self.packages.iter().map(|it| it.status).filter(|status| !status.has_failed()).collect();
        let any = |wanted: PackageStatus| living.contains(&wanted);
        if living.is_empty() {
            OrderStatus::Cancelled
        } else if living.iter().all(|status| *status == PackageStatus::DeliveryDone) {
            OrderStatus::ToConfirmReceive
        } else if any(PackageStatus::PickupDone) || any(PackageStatus::DeliveryDone) {
            OrderStatus::Shipped
        } else if any(PackageStatus::RequestCreated) {
            OrderStatus::Processed
        } else if any(PackageStatus::PickupRetry) {
            OrderStatus::RetryShip
        } else {
            OrderStatus::ReadyToShip
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(statuses: &[PackageStatus]) -> Order {
        let package = |status: &PackageStatus| Package {
            number: String::new(),
            parts: Vec::new(),
            status: *status,
            arranged: false,
            tracking: None,
            updated: Timestamp::EPOCH,
            picked_up: None,
            events: Vec::new(),
            label: None,
        };
        Order {
            sn: String::new(),
            shop_id: 1,
            buyer_id: 1,
            status: OrderStatus::ReadyToShip,
            before_cancel: None,
            created: Timestamp::EPOCH,
            updated: Timestamp::EPOCH,
            paid: None,
            completed: None,
            released: None,
            ship_by: None,
            payment: PaymentMethod::Pix,
            channel_id: channel::PADRAO,
            lines: Vec::new(),
            packages: statuses.iter().map(package).collect(),
            note: String::new(),
            note_updated: None,
            message: String::new(),
            cancellation: None,
            buyer_cancel_reason: String::new(),
            invoice: Value::Null,
            invoice_file: None,
            refunded: 0,
            overcharged: 0,
        }
    }

    #[test]
    fn an_order_follows_its_furthest_package_and_arrives_with_its_last() {
        use PackageStatus::{DeliveryDone, Lost, PickupDone, PickupRetry, Ready, RequestCreated};
        let status = |packages: &[PackageStatus]| order(packages).status_by_packages();
        assert_eq!(status(&[Ready, Ready]), OrderStatus::ReadyToShip);
        assert_eq!(status(&[Ready, RequestCreated]), OrderStatus::Processed);
        assert_eq!(status(&[RequestCreated, PickupDone]), OrderStatus::Shipped);
        assert_eq!(status(&[DeliveryDone, PickupDone]), OrderStatus::Shipped);
        assert_eq!(status(&[DeliveryDone, Lost]), OrderStatus::ToConfirmReceive);
        assert_eq!(status(&[PickupRetry, Lost]), OrderStatus::RetryShip);
        assert_eq!(status(&[Lost, Lost]), OrderStatus::Cancelled);
    }

    #[test]
    fn a_sellers_own_logistics_hides_that_the_shipment_is_arranged() {
        let mut order = order(&[]);
        order.status = OrderStatus::Processed;
        assert_eq!(order.shown_status(), OrderStatus::Processed);
        order.channel_id = channel::DO_VENDEDOR;
        assert_eq!(order.shown_status(), OrderStatus::ReadyToShip);
    }

    #[test]
    fn an_invoice_is_missing_only_where_one_is_due() {
        let mut order = order(&[]);
        assert!(!order.wants_invoice());
        order.invoice = serde_json::json!({});
        assert!(order.wants_invoice());
        order.invoice = serde_json::json!({"access_key": "1"});
        assert!(!order.wants_invoice());
    }
}

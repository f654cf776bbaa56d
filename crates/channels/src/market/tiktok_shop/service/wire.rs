//! The words of requests to cancel and of returns. Empty lists are left out, not empty.
#![expect(clippy::struct_field_names, reason = "fields are called what the platform calls them")]

use serde::Deserialize;

use crate::market::loose::{Amount, Loose, helpful};

/// `POST /return_refund/{version}/cancellations/search`.
#[derive(Debug, Deserialize)]
pub(super) struct CancellationSearch {
    pub(super) cancellations: Option<Vec<Cancellation>>,
    pub(super) next_page_token: Option<Loose>,
}

/// A request to cancel.
#[derive(Debug, Deserialize)]
pub(super) struct Cancellation {
    pub(super) cancel_id: Option<Loose>,
    pub(super) order_id: Option<Loose>,
    pub(super) cancel_status: Option<Loose>,
    pub(super) cancel_reason: Option<Loose>,
    /// The platform's own sentence for the reason.
    pub(super) cancel_reason_text: Option<Loose>,
    pub(super) create_time: Option<Loose>,
    pub(super) update_time: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) refund_amount: Option<Refund>,
    #[serde(default, rename = "seller_next_action_response", deserialize_with = "helpful")]
    pub(super) next: Option<Vec<NextAction>>,
}

/// `POST /return_refund/{version}/returns/search`.
#[derive(Debug, Deserialize)]
pub(super) struct ReturnSearch {
    pub(super) return_orders: Option<Vec<Return>>,
    pub(super) next_page_token: Option<Loose>,
}

/// A return, refund or replacement.
#[derive(Debug, Deserialize)]
pub(super) struct Return {
    pub(super) return_id: Option<Loose>,
    pub(super) order_id: Option<Loose>,
    pub(super) return_status: Option<Loose>,
    pub(super) arbitration_status: Option<Loose>,
    pub(super) return_reason: Option<Loose>,
    /// The platform's own sentence for the reason.
    pub(super) return_reason_text: Option<Loose>,
    pub(super) create_time: Option<Loose>,
    pub(super) update_time: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) refund_amount: Option<Refund>,
    #[serde(default, rename = "seller_next_action_response", deserialize_with = "helpful")]
    pub(super) next: Option<Vec<NextAction>>,
}

/// The money it is about.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    pub(super) currency: Option<Loose>,
    pub(super) refund_total: Option<Amount>,
}

/// What the seller has to do, and until when.
#[derive(Debug, Deserialize)]
pub(super) struct NextAction {
    pub(super) action: Option<Loose>,
    pub(super) deadline: Option<Loose>,
}

/// `GET /return_refund/{version}/returns/{id}/records`.
#[derive(Debug, Deserialize)]
pub(super) struct Records {
    pub(super) records: Option<Vec<Record>>,
}

/// Something that happened to a return.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    pub(super) role: Option<Loose>,
    pub(super) note: Option<Loose>,
    pub(super) create_time: Option<Loose>,
}

/// `GET /return_refund/{version}/reject_reasons`.
#[derive(Debug, Deserialize)]
pub(super) struct RejectReasons {
    pub(super) reasons: Option<Vec<RejectReason>>,
}

/// A reason to refuse.
#[derive(Debug, Deserialize)]
pub(super) struct RejectReason {
    pub(super) name: Option<Loose>,
    pub(super) text: Option<Loose>,
}

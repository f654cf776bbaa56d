//! The words of returns and of requests to cancel. What buyers wrote stands in types of its
//! own, which only readings for a page use.
#![expect(clippy::struct_field_names, reason = "fields are called what the platform calls them")]

use serde::Deserialize;

use crate::market::loose::{Amount, Loose, helpful};

/// `GET /returns/get_return_list`.
#[derive(Debug, Deserialize)]
pub(super) struct ReturnList {
    #[serde(rename = "return")]
    pub(super) returns: Option<Vec<Return>>,
    pub(super) more: Option<Loose>,
}

/// A row of the list, where the parts' statuses are flat, or `GET /returns/get_return_detail`.
#[derive(Debug, Deserialize)]
pub(super) struct Return {
    pub(super) return_sn: Option<Loose>,
    pub(super) order_sn: Option<Loose>,
    pub(super) reason: Option<Loose>,
    pub(super) status: Option<Loose>,
    pub(super) refund_amount: Option<Amount>,
    pub(super) currency: Option<Loose>,
    pub(super) create_time: Option<Loose>,
    pub(super) update_time: Option<Loose>,
    pub(super) due_date: Option<Loose>,
    pub(super) return_seller_due_date: Option<Loose>,
    pub(super) logistics_status: Option<Loose>,
    pub(super) negotiation_status: Option<Loose>,
    pub(super) seller_proof_status: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) negotiation: Option<Negotiation>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) seller_proof: Option<SellerProof>,
}

/// Who has to answer whose offer.
#[derive(Debug, Deserialize)]
pub(super) struct Negotiation {
    pub(super) negotiation_status: Option<Loose>,
}

/// Whether the platform wants proofs.
#[derive(Debug, Deserialize)]
pub(super) struct SellerProof {
    pub(super) seller_proof_status: Option<Loose>,
    pub(super) seller_evidence_deadline: Option<Loose>,
}

/// What the buyer wrote about a return.
#[derive(Debug, Deserialize)]
pub(super) struct ReturnText {
    pub(super) text_reason: Option<Loose>,
}

/// `GET /order/get_order_detail`, as far as a request to cancel goes.
#[derive(Debug, Deserialize)]
pub(super) struct AskedOrders {
    #[serde(rename = "order_list")]
    pub(super) orders: Option<Vec<AskedToCancel>>,
}

/// An order whose buyer asked to cancel, now or once.
#[derive(Debug, Deserialize)]
pub(super) struct AskedToCancel {
    pub(super) order_sn: Loose,
    pub(super) order_status: Option<Loose>,
    pub(super) update_time: Option<Loose>,
    pub(super) total_amount: Option<Amount>,
    pub(super) currency: Option<Loose>,
}

/// Why the buyer wants to cancel.
#[derive(Debug, Deserialize)]
pub(super) struct CancelText {
    #[serde(rename = "order_list")]
    pub(super) orders: Option<Vec<CancelReason>>,
}

/// The same of one order.
#[derive(Debug, Deserialize)]
pub(super) struct CancelReason {
    pub(super) buyer_cancel_reason: Option<Loose>,
}

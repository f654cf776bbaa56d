//! Payments, as far as an order shows them (fact sheet §11).

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// How the buyer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// A credit card: approved at once.
    Card,
    /// PIX: pending until the buyer pays.
    Pix,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Not paid yet.
    Pending,
    /// Paid.
    Approved,
    /// Never paid.
    Cancelled,
    /// Paid and given back.
    Refunded,
}

/// A payment for one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Eleven digits.
    pub id: i64,
    /// The order it pays.
    pub order_id: i64,
    /// The buyer.
    pub payer_id: i64,
    /// The seller.
    pub collector_id: i64,
    /// What it is for, in words.
    pub reason: String,
    /// How.
    pub method: PaymentMethod,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Centavos.
    pub amount_minor: i64,
    /// Centavos given back.
    pub refunded_minor: i64,
    /// The platform's fee in centavos.
    pub fee_minor: i64,
    /// When it was created.
    pub created: Timestamp,
    /// When it was approved.
    pub approved: Option<Timestamp>,
    /// When it was last changed.
    pub updated: Timestamp,
}

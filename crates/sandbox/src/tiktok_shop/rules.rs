//! Switches where the facts are unsure or shops differ; the defaults are the likelier values.

use serde::{Deserialize, Serialize};

/// The switches. Each names the section of the fact sheet that leaves it open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Rules {
    /// A refresh token goes on working after it was used (§2).
    pub old_refresh_token_works: bool,
    /// Seconds that the consent of a seller lasts (§2: commonly a year).
    pub consent_seconds: u64,
    /// Every refusal has HTTP 200, also those of the gateway (§4).
    pub refusals_with_200: bool,
    /// The HTTP status of `36009003` (§4).
    pub internal_error_status: u16,
    /// The HTTP status of `105002` (§4: 401, and 200 was seen).
    pub expired_token_status: u16,
    /// Calls a second per shop and endpoint (§5).
    pub requests_per_second: u32,
    /// Calls an hour of a test shop; absent for a live shop (§5).
    pub requests_per_hour: Option<u32>,
    /// The category tree of the shops: `v1` or `v2` (§8.1).
    pub category_version: String,
    /// Seconds from sending a product in until its audit is over.
    pub audit_seconds: u64,
    /// `inventory/update` takes 0 (§8.3).
    pub zero_quantity_allowed: bool,
    /// Paid orders wait an hour in `ON_HOLD` (§9).
    pub remorse_hold: bool,
    /// The CPF of buyers comes masked (§12).
    pub cpf_masked: bool,
    /// Recipient lines are neighbourhood, street, number, complement, as warehouses have
    /// them; otherwise neighbourhood in line 3 and street in line 4 (§12).
    pub recipient_lines_as_warehouse: bool,
    /// A note has to be accepted before a parcel may be shipped (§12).
    pub invoice_required: bool,
    /// Seconds from sending a note in until its verdict.
    pub invoice_seconds: u64,
    /// Seconds from shipping until the label is there (§11).
    pub label_seconds: u64,
    /// Seconds from shipping until the carrier scans; absent: never by itself.
    pub collect_seconds: Option<u64>,
    /// Seconds from the scan until the parcel arrives.
    pub transit_seconds: u64,
    /// Seconds from the arrival until the order is complete.
    pub complete_seconds: u64,
    /// An address registered by a shop replaces the application's own; otherwise both are
    /// told (§15).
    pub shop_webhook_replaces: bool,
    /// Answers hold fields that no document lists.
    pub unknown_extra_fields: bool,
    /// All ids in webhooks are numbers (§15).
    pub numeric_webhook_ids: bool,
    /// A webhook answered with a body counts as not taken (§15).
    pub webhook_needs_empty_body: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            old_refresh_token_works: false,
            consent_seconds: 365 * 24 * 3_600,
            refusals_with_200: false,
            internal_error_status: 500,
            expired_token_status: 401,
            requests_per_second: 50,
            requests_per_hour: None,
            category_version: "v1".to_owned(),
            audit_seconds: 60,
            zero_quantity_allowed: true,
            remorse_hold: true,
            cpf_masked: true,
            recipient_lines_as_warehouse: false,
            invoice_required: true,
            invoice_seconds: 10,
            label_seconds: 3,
            collect_seconds: Some(4 * 3_600),
            transit_seconds: 3 * 24 * 3_600,
            complete_seconds: 7 * 24 * 3_600,
            shop_webhook_replaces: true,
            unknown_extra_fields: false,
            numeric_webhook_ids: false,
            webhook_needs_empty_body: false,
        }
    }
}

//! The platform's words for returns and requests to cancel in the house's.

use domain::case::{Case, CaseKind, CaseState, Outcome, Task};
use domain::{CaseKey, CaseSnapshot, CaseVersion, Currency, Desk, Money, Timestamp};

use super::wire::{AskedToCancel, Return};
use crate::market::loose::{Amount, Gap, Loose, filled, owned};
use crate::market::shopee::SPEC;
use crate::market::shopee::ids::is_code;
use crate::market::shopee::wire::instant;

fn money(amount: Option<&Amount>, currency: Option<&Loose>) -> Option<Money> {
    amount?.money(Currency::from_code(filled(currency)?)?)
}

fn number(field: Option<&Loose>, name: &str) -> Result<String, Gap> {
    owned(field).filter(|number| is_code(number)).ok_or_else(|| Gap::missing(name))
}

fn snapshot(desk: Desk, external_id: String, version: CaseVersion, case: Case) -> CaseSnapshot {
    CaseSnapshot { channel: SPEC.kind, key: CaseKey { desk, external_id }, version, case }
}

fn negotiation(it: &Return) -> Option<&str> {
    let nested = it.negotiation.as_ref().and_then(|nested| filled(nested.negotiation_status.as_ref()));
    nested.or_else(|| filled(it.negotiation_status.as_ref()))
}

/// The state of a return that is disputed: does the platform wait for proofs?
fn disputed(it: &Return) -> CaseState {
    let nested = it.seller_proof.as_ref();
    let status = nested.and_then(|nested| filled(nested.seller_proof_status.as_ref()));
    let status = status.or_else(|| filled(it.seller_proof_status.as_ref()));
    if status != Some("PENDING") {
        return CaseState::WaitsForPlatform;
    }
    let deadline = nested.and_then(|nested| instant(nested.seller_evidence_deadline.as_ref()));
    let until = deadline.or_else(|| instant(it.due_date.as_ref()));
    CaseState::WaitsForSeller { task: Task::Prove, until }
}

fn return_state(it: &Return, status: &str) -> CaseState {
    let due = || instant(it.due_date.as_ref());
    match status {
        "REQUESTED" if negotiation(it) == Some("PENDING_BUYER_RESPOND") => CaseState::WaitsForBuyer,
        "REQUESTED" => CaseState::WaitsForSeller { task: Task::Decide, until: due() },
        "PROCESSING" if filled(it.logistics_status.as_ref()) == Some("LOGISTICS_DELIVERY_DONE") => {
            let until = instant(it.return_seller_due_date.as_ref()).or_else(due);
            CaseState::WaitsForSeller { task: Task::Inspect, until }
        }
        "PROCESSING" => CaseState::WaitsForBuyer,
        "JUDGING" | "SELLER_DISPUTE" => disputed(it),
        "ACCEPTED" => CaseState::Closed(Outcome::ForBuyer),
        "CANCELLED" => CaseState::Closed(Outcome::Withdrawn),
        "CLOSED" => CaseState::Closed(Outcome::Unclear),
        other => CaseState::NeedsAttention(other.to_owned()),
    }
}

/// The state of a return of this status of which nothing else is told.
#[cfg(test)]
pub(super) fn bare_return_state(status: &str) -> CaseState {
    let nothing = serde_json::from_str("{}").expect("every field may be absent");
    return_state(&nothing, status)
}

/// Whether a return takes the seller's yes: before anybody judges it.
pub(super) fn takes_answer(it: &CaseSnapshot) -> bool {
    matches!(it.case.platform_status.as_str(), "REQUESTED" | "PROCESSING")
}

/// A return as it was read at `read_at`.
pub(super) fn return_(it: &Return, read_at: Timestamp) -> Result<CaseSnapshot, Gap> {
    let id = number(it.return_sn.as_ref(), "return_sn")?;
    let opened = instant(it.create_time.as_ref());
    let updated = instant(it.update_time.as_ref()).or(opened).ok_or_else(|| Gap::missing("update_time"))?;
    let status = owned(it.status.as_ref()).unwrap_or_default();
    let case = Case {
        kind: CaseKind::Return,
        state: return_state(it, &status),
        platform_status: status,
        reason: owned(it.reason.as_ref()),
        opened_at: opened.unwrap_or(updated),
        order_external_id: number(it.order_sn.as_ref(), "order_sn").ok(),
        listing_external_id: None,
        amount: money(it.refund_amount.as_ref(), it.currency.as_ref()),
    };
    Ok(snapshot(Desk::Returns, id, CaseVersion { at: updated, read_at }, case))
}

/// Where a request to cancel stands whose order has this status. An order that goes on was
/// refused to the buyer, or the buyer took the request back: the platform does not say.
pub(super) fn request_state(status: &str) -> CaseState {
    match status {
        "IN_CANCEL" => CaseState::WaitsForSeller { task: Task::Decide, until: None },
        "CANCELLED" => CaseState::Closed(Outcome::ForBuyer),
        "READY_TO_SHIP" | "PROCESSED" | "RETRY_SHIP" | "SHIPPED" | "TO_CONFIRM_RECEIVE" | "COMPLETED"
        | "TO_RETURN" | "PENDING" | "UNPAID" => CaseState::Closed(Outcome::ForSeller),
        other => CaseState::NeedsAttention(other.to_owned()),
    }
}

/// The request to cancel of an order as it was read at `read_at`.
pub(super) fn request(it: &AskedToCancel, read_at: Timestamp) -> Result<CaseSnapshot, Gap> {
    let id = number(Some(&it.order_sn), "order_sn")?;
    let updated = instant(it.update_time.as_ref()).ok_or_else(|| Gap::missing("update_time"))?;
    let status = owned(it.order_status.as_ref()).unwrap_or_default();
    let case = Case {
        kind: CaseKind::Cancellation,
        state: request_state(&status),
        platform_status: status,
        reason: None,
        opened_at: updated,
        order_external_id: Some(id.clone()),
        listing_external_id: None,
        amount: money(it.total_amount.as_ref(), it.currency.as_ref()),
    };
    Ok(snapshot(Desk::Cancellations, id, CaseVersion { at: updated, read_at }, case))
}

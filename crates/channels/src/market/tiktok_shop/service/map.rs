//! The platform's words for requests to cancel and returns in the house's.

use domain::case::{Case, CaseKind, CaseState, Outcome, Task};
use domain::{CaseKey, CaseSnapshot, CaseVersion, Currency, Desk, Money, Timestamp};

use super::wire::{Cancellation, NextAction, Refund, Return};
use crate::market::loose::{Gap, Loose, filled, owned};
use crate::market::tiktok_shop::{SPEC, is_id};

fn instant(field: Option<&Loose>) -> Option<Timestamp> {
    field.and_then(Loose::unix_seconds)
}

fn id(field: Option<&Loose>, name: &str) -> Result<String, Gap> {
    owned(field).filter(|id| is_id(id)).ok_or_else(|| Gap::missing(name))
}

fn money(refund: Option<&Refund>) -> Option<Money> {
    let refund = refund?;
    refund.refund_total.as_ref()?.money(Currency::from_code(filled(refund.currency.as_ref())?)?)
}

/// What the platform waits for the seller to do.
pub(super) fn action(next: Option<&[NextAction]>) -> Option<String> {
    next.into_iter().flatten().find_map(|it| owned(it.action.as_ref()))
}

/// The seller's turn, where the platform says so; a word that nobody knows for what is to be
/// done is a decision.
fn turn(next: Option<&[NextAction]>) -> Option<CaseState> {
    let action = action(next)?;
    let until = next.into_iter().flatten().filter_map(|it| instant(it.deadline.as_ref())).min();
    let task = if action == "SELLER_RESPOND_RECEIVE_PACKAGE" { Task::Inspect } else { Task::Decide };
    Some(CaseState::WaitsForSeller { task, until })
}

/// Where a request to cancel of this status stands while the platform waits for nobody. One
/// that was refused and one that was withdrawn have the same word.
pub(super) fn cancellation_state(status: &str) -> CaseState {
    match status {
        "CANCELLATION_REQUEST_PENDING" => CaseState::WaitsForPlatform,
        "CANCELLATION_REQUEST_SUCCESS" | "CANCELLATION_REQUEST_COMPLETE" => {
            CaseState::Closed(Outcome::ForBuyer)
        }
        "CANCELLATION_REQUEST_CANCEL" | "CANCELLATION_REQUEST_CANCELLED" => {
            CaseState::Closed(Outcome::ForSeller)
        }
        other => CaseState::NeedsAttention(other.to_owned()),
    }
}

/// Where a return of this status stands while the platform waits for nobody.
pub(super) fn return_state(status: &str) -> CaseState {
    match status {
        "RETURN_OR_REFUND_REQUEST_PENDING" | "REPLACEMENT_REQUEST_PENDING" | "EXCHANGE_REQUEST_PENDING" => {
            CaseState::WaitsForPlatform
        }
        "AWAITING_BUYER_SHIP" | "AWAITING_BUYER_RESPONSE" | "BUYER_SHIPPED_ITEM" => CaseState::WaitsForBuyer,
        "RETURN_OR_REFUND_REQUEST_SUCCESS"
        | "RETURN_OR_REFUND_REQUEST_COMPLETE"
        | "REPLACEMENT_REQUEST_REFUND_SUCCESS"
        | "REPLACEMENT_REQUEST_COMPLETE"
        | "EXCHANGE_REQUEST_COMPLETE" => CaseState::Closed(Outcome::ForBuyer),
        "REFUND_OR_RETURN_REQUEST_REJECT"
        | "REJECT_RECEIVE_PACKAGE"
        | "REPLACEMENT_REQUEST_REJECT"
        | "EXCHANGE_REQUEST_REJECT" => CaseState::Closed(Outcome::ForSeller),
        "RETURN_OR_REFUND_REQUEST_CANCEL" | "REPLACEMENT_REQUEST_CANCEL" | "EXCHANGE_REQUEST_CANCEL" => {
            CaseState::Closed(Outcome::Withdrawn)
        }
        other => CaseState::NeedsAttention(other.to_owned()),
    }
}

fn snapshot(desk: Desk, external_id: String, version: CaseVersion, case: Case) -> CaseSnapshot {
    CaseSnapshot { channel: SPEC.kind, key: CaseKey { desk, external_id }, version, case }
}

fn clocks(create: Option<&Loose>, update: Option<&Loose>) -> Result<(Timestamp, Timestamp), Gap> {
    let opened = instant(create);
    let updated = instant(update).or(opened).ok_or_else(|| Gap::missing("update_time"))?;
    Ok((opened.unwrap_or(updated), updated))
}

/// A request to cancel as it was read at `read_at`.
pub(super) fn cancellation(it: &Cancellation, read_at: Timestamp) -> Result<CaseSnapshot, Gap> {
    let (opened_at, at) = clocks(it.create_time.as_ref(), it.update_time.as_ref())?;
    let status = owned(it.cancel_status.as_ref()).unwrap_or_default();
    let case = Case {
        kind: CaseKind::Cancellation,
        state: turn(it.next.as_deref()).unwrap_or_else(|| cancellation_state(&status)),
        platform_status: status,
        reason: owned(it.cancel_reason.as_ref()),
        opened_at,
        order_external_id: id(it.order_id.as_ref(), "order_id").ok(),
        listing_external_id: None,
        amount: money(it.refund_amount.as_ref()),
    };
    let external_id = id(it.cancel_id.as_ref(), "cancel_id")?;
    Ok(snapshot(Desk::Cancellations, external_id, CaseVersion { at, read_at }, case))
}

/// A return as it was read at `read_at`.
pub(super) fn return_(it: &Return, read_at: Timestamp) -> Result<CaseSnapshot, Gap> {
    let (opened_at, at) = clocks(it.create_time.as_ref(), it.update_time.as_ref())?;
    let status = owned(it.return_status.as_ref()).unwrap_or_default();
    let arbitration = owned(it.arbitration_status.as_ref());
    let state = if arbitration.as_deref() == Some("IN_PROGRESS") {
        CaseState::WaitsForPlatform
    } else {
        turn(it.next.as_deref()).unwrap_or_else(|| return_state(&status))
    };
    let case = Case {
        kind: CaseKind::Return,
        state,
        platform_status: arbitration.map_or_else(|| status.clone(), |word| format!("{status}/{word}")),
        reason: owned(it.return_reason.as_ref()),
        opened_at,
        order_external_id: id(it.order_id.as_ref(), "order_id").ok(),
        listing_external_id: None,
        amount: money(it.refund_amount.as_ref()),
    };
    let external_id = id(it.return_id.as_ref(), "return_id")?;
    Ok(snapshot(Desk::Returns, external_id, CaseVersion { at, read_at }, case))
}

//! The platform's words for questions, threads and claims in the house's.

use domain::case::{Case, CaseKind, CaseState, Outcome, Task};
use domain::{CaseKey, CaseSnapshot, CaseVersion, Desk, Timestamp};

use super::wire::{Action, Claim, Message, Player, Question, Thread};
use crate::market::loose::{Gap, Loose, filled, owned};
use crate::market::mercado_livre::SPEC;

/// The seller's part in a claim.
const SELLER: &str = "respondent";
const BUYER: &str = "complainant";

fn instant(field: Option<&Loose>) -> Option<Timestamp> {
    field.and_then(Loose::instant)
}

fn snapshot(desk: Desk, external_id: &str, version: CaseVersion, case: Case) -> CaseSnapshot {
    let key = CaseKey { desk, external_id: external_id.to_owned() };
    CaseSnapshot { channel: SPEC.kind, key, version, case }
}

/// Where a question of this status stands.
pub(super) fn question_state(status: &str) -> CaseState {
    match status {
        "UNANSWERED" => CaseState::WaitsForSeller { task: Task::Reply, until: None },
        "ANSWERED" => CaseState::Closed(Outcome::Answered),
        "CLOSED_UNANSWERED" => CaseState::Closed(Outcome::Lapsed),
        "UNDER_REVIEW" => CaseState::WaitsForPlatform,
        "BANNED" | "DELETED" | "DISABLED" => CaseState::Closed(Outcome::Removed),
        other => CaseState::NeedsAttention(other.to_owned()),
    }
}

/// A question as it was read at `read_at`. The platform has no clock on it but those of its
/// asking and its answer.
pub(super) fn question(it: &Question, read_at: Timestamp) -> Result<CaseSnapshot, Gap> {
    let asked = instant(it.date_created.as_ref()).ok_or_else(|| Gap::missing("date_created"))?;
    let answered = it.answer.as_ref().and_then(|answer| instant(answer.date_created.as_ref()));
    let status = owned(it.status.as_ref()).unwrap_or_default();
    let case = Case {
        kind: CaseKind::Question,
        state: question_state(&status),
        platform_status: status,
        reason: None,
        opened_at: asked,
        order_external_id: None,
        listing_external_id: owned(it.item_id.as_ref()),
        amount: None,
    };
    let version = CaseVersion { at: asked.max(answered.unwrap_or(asked)), read_at };
    Ok(snapshot(Desk::Questions, &it.id.0, version, case))
}

/// Whether the seller wrote a message.
pub(super) fn is_sellers(message: &Message, seller: &str) -> bool {
    let from = message.from.as_ref().and_then(|from| filled(from.user_id.as_ref()));
    from == Some(seller)
}

/// When a message was written.
pub(super) fn written_at(message: &Message) -> Option<Timestamp> {
    let dates = message.message_date.as_ref()?;
    instant(dates.created.as_ref()).or_else(|| instant(dates.received.as_ref()))
}

/// Whether moderation let a message through.
pub(super) fn came_through(message: &Message) -> bool {
    !matches!(filled(message.status.as_ref()), Some("rejected" | "moderated"))
}

/// A thread as it was read at `read_at`; `pack` is its name.
pub(super) fn thread(pack: &str, it: &Thread, seller: &str, read_at: Timestamp) -> Result<CaseSnapshot, Gap> {
    let seen: Vec<&Message> = it.messages.iter().filter(|message| came_through(message)).collect();
    let last = seen
        .first()
        .copied()
        .or(it.messages.first())
        .ok_or_else(|| Gap("a thread without a message".into()))?;
    let written = written_at(last).ok_or_else(|| Gap::missing("message_date"))?;
    let opened = it.messages.last().and_then(written_at).unwrap_or(written);
    let status = it.conversation_status.as_ref();
    let word = |field: Option<&Loose>| owned(field).unwrap_or_default();
    let (status, substatus) =
        status.map_or_else(Default::default, |it| (word(it.status.as_ref()), word(it.substatus.as_ref())));
    let case = Case {
        kind: CaseKind::Thread,
        state: thread_state(&status, is_sellers(last, seller)),
        platform_status: if substatus.is_empty() { status } else { format!("{status}/{substatus}") },
        reason: None,
        opened_at: opened,
        order_external_id: Some(pack.to_owned()),
        listing_external_id: None,
        amount: None,
    };
    Ok(snapshot(Desk::Messages, pack, CaseVersion { at: written, read_at }, case))
}

/// Where a thread stands whose last word was the seller's or not.
pub(super) fn thread_state(status: &str, seller_wrote_last: bool) -> CaseState {
    match (status, seller_wrote_last) {
        ("active" | "" | "blocked", true) => CaseState::Closed(Outcome::Answered),
        ("active" | "", false) => CaseState::WaitsForSeller { task: Task::Reply, until: None },
        ("blocked", false) => CaseState::Closed(Outcome::Lapsed),
        (other, _) => CaseState::NeedsAttention(other.to_owned()),
    }
}

/// What the seller can do about a claim.
pub(super) fn actions(it: &Claim) -> &[Action] {
    let is_seller = |player: &&Player| filled(player.role.as_ref()) == Some(SELLER);
    let seller = it.players.iter().flatten().find(is_seller);
    seller.and_then(|seller| seller.available_actions.as_deref()).unwrap_or_default()
}

/// Whether the platform lets the seller do this now.
pub(super) fn may(it: &Claim, action: &str) -> bool {
    actions(it).iter().any(|known| filled(known.action.as_ref()) == Some(action))
}

/// Whether what came back waits to be looked at.
pub(super) fn waits_for_review(it: &Claim) -> bool {
    ["return_review", "return_review_ok", "return_review_fail"].iter().any(|action| may(it, action))
}

/// Whether goods are on their way back.
pub(super) fn has_return(it: &Claim) -> bool {
    let related = it.related_entities.iter().flatten();
    related.filter_map(Loose::filled).any(|entity| matches!(entity, "return" | "returns"))
}

/// Whether the platform decides.
pub(super) fn is_disputed(it: &Claim) -> bool {
    filled(it.stage.as_ref()) == Some("dispute")
}

/// What a claim of this type is to people.
pub(super) fn claim_kind(kind: &str) -> CaseKind {
    match kind {
        "return" | "returns" | "change" => CaseKind::Return,
        "cancel_purchase" | "cancel_sale" => CaseKind::Cancellation,
        _ => CaseKind::Claim,
    }
}

fn ended(it: &Claim) -> Outcome {
    let Some(resolution) = &it.resolution else { return Outcome::Unclear };
    let benefits = |role: &str| resolution.benefited.iter().flatten().any(|it| it.filled() == Some(role));
    match filled(resolution.closed_by.as_ref()) {
        Some(BUYER) if !benefits(BUYER) => Outcome::Withdrawn,
        _ if benefits(BUYER) => Outcome::ForBuyer,
        _ if benefits(SELLER) => Outcome::ForSeller,
        _ => Outcome::Unclear,
    }
}

/// Whose turn it is: the platform calls mandatory what the seller has to do. A thing that may
/// be done and need not leaves the turn with the buyer.
fn turn(it: &Claim) -> CaseState {
    let due = |action: &&Action| instant(action.due_date.as_ref());
    let mandatory = || {
        let is_mandatory = |action: &&Action| action.mandatory.as_ref().is_some_and(Loose::is_true);
        actions(it).iter().filter(is_mandatory)
    };
    if waits_for_review(it) {
        let until = actions(it).iter().filter_map(|action| due(&action)).min();
        return CaseState::WaitsForSeller { task: Task::Inspect, until };
    }
    if mandatory().next().is_some() {
        let until = mandatory().filter_map(|action| due(&action)).min();
        // Where money or goods can be offered, that is the question.
        let decides = ["refund", "allow_return", "allow_partial_refund"].iter().any(|action| may(it, action));
        let task = if decides { Task::Decide } else { Task::Reply };
        return CaseState::WaitsForSeller { task, until };
    }
    if is_disputed(it) { CaseState::WaitsForPlatform } else { CaseState::WaitsForBuyer }
}

fn claim_state(it: &Claim) -> CaseState {
    let word = |field: Option<&Loose>| owned(field).unwrap_or_default();
    let (status, stage) = (word(it.status.as_ref()), word(it.stage.as_ref()));
    match (status.as_str(), stage.as_str()) {
        ("closed", _) => CaseState::Closed(ended(it)),
        ("opened", "claim" | "dispute" | "recontact" | "none" | "") => turn(it),
        ("opened", "stale") => CaseState::WaitsForPlatform,
        _ => CaseState::NeedsAttention(format!("{status}/{stage}")),
    }
}

/// A claim as it was read at `read_at`.
pub(super) fn claim(it: &Claim, read_at: Timestamp) -> Result<CaseSnapshot, Gap> {
    let updated = instant(it.last_updated.as_ref()).or_else(|| instant(it.date_created.as_ref()));
    let updated = updated.ok_or_else(|| Gap::missing("last_updated"))?;
    let words = [&it.status, &it.stage, &it.kind].map(|field| owned(field.as_ref()).unwrap_or_default());
    let is_order = matches!(filled(it.resource.as_ref()), Some("order" | "purchase"));
    let case = Case {
        kind: claim_kind(&words[2]),
        state: claim_state(it),
        platform_status: words.join("/"),
        reason: owned(it.reason_id.as_ref()),
        opened_at: instant(it.date_created.as_ref()).unwrap_or(updated),
        order_external_id: owned(it.resource_id.as_ref()).filter(|_| is_order),
        listing_external_id: None,
        amount: None,
    };
    Ok(snapshot(Desk::Claims, &it.id.0, CaseVersion { at: updated, read_at }, case))
}

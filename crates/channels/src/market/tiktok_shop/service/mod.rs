//! Service to buyers, as far as programs get: requests to cancel, returns and refunds. Chat
//! needs a category of app and a scope that the platform gives out itself.

#[cfg(test)]
pub(in crate::market) mod facts;
mod map;
mod wire;

use connect::service::{Choice, Letter, Party, Reading, Reason, Reply, Returns, Verb, unkept};
use connect::{Account, Answer, Call, CallSpec, ChannelError, ErrorKind, Page, Window};
use domain::case::{CaseState, Outcome};
use domain::{CaseKey, CaseSnapshot, Desk};
use http::Method;
use serde_json::{Map, Value, json};

use self::wire::{Cancellation, Return};
use super::cursor::{List, Span, Stuck, Walk};
use super::wire::{self as api, Loose, filled};
use super::{TikTokShop, is_id, version};
use crate::market::refusal;

/// "Reject Return": a comment has up to 500 characters.
const MAX_CHARS: usize = 500;
/// Both searches take up to 50 a page.
const PAGE: &str = "50";
/// What people read is asked for in the platform's Portuguese.
const LOCALE: &str = "pt-BR";
const SECOND_MS: i64 = 1_000;
const LIST: &str = "list updated returns";
const FETCH: &str = "fetch return";
const REASONS: &str = "list reasons to refuse";
const RECORDS: &str = "read records of return";
const ANSWER: &str = "answer return";

impl Returns for TikTokShop {
    fn updated_in<'a>(
        &'a self,
        account: &'a Account,
        window: Window,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<CaseSnapshot>> {
        unkept(async move {
            let mut walk = match cursor {
                None => Walk::over(List::Cancellations, whole_seconds(window)),
                Some(text) => Walk::parse(List::Cancellations, text, LIST)
                    .or_else(|_| Walk::parse(List::Returns, text, LIST))?,
            };
            let Some((span, token)) = walk.place() else {
                return Ok(Page { items: Vec::new(), next: None, total: None });
            };
            let mut filter = updated(span);
            let is_first = walk.list() == List::Cancellations;
            let (items, next, answer) = if is_first {
                // What the seller or the platform cancels waits for nobody.
                filter.insert("cancel_types".into(), json!(["BUYER_CANCEL"]));
                let answer = self.search_cases(LIST, account, Desk::Cancellations, token, &filter).await?;
                let found: wire::CancellationSearch = api::data(&answer)?;
                let rows = found.cancellations.unwrap_or_default();
                let items =
                    rows.iter().map(|it| cancellation_of(it, &answer)).collect::<Result<Vec<_>, _>>()?;
                (items, found.next_page_token, answer)
            } else {
                let answer = self.search_cases(LIST, account, Desk::Returns, token, &filter).await?;
                let found: wire::ReturnSearch = api::data(&answer)?;
                let rows = found.return_orders.unwrap_or_default();
                let items = rows.iter().map(|it| return_of(it, &answer)).collect::<Result<Vec<_>, _>>()?;
                (items, found.next_page_token, answer)
            };
            walk.advance(filled(next.as_ref())).map_err(|Stuck| answer.garbled("the same page again"))?;
            let next = walk.to_cursor();
            let returns = || Walk::over(List::Returns, whole_seconds(window)).to_cursor();
            let next = if next.is_none() && is_first { returns() } else { next };
            Ok(Page { items, next, total: None })
        })
    }

    fn fetch<'a>(&'a self, account: &'a Account, key: &'a CaseKey) -> Call<'a, CaseSnapshot> {
        unkept(async move { Ok(self.case(account, key).await?.case) })
    }

    fn read<'a>(&'a self, account: &'a Account, key: &'a CaseKey) -> Call<'a, Reading> {
        unkept(async move {
            let found = self.case(account, key).await?;
            let mut letters: Vec<Letter> = Vec::new();
            letters.extend(Letter::of(
                Party::Buyer,
                found.reason_text.as_deref(),
                Some(found.case.case.opened_at),
            ));
            if key.desk == Desk::Returns {
                letters.extend(self.notes(account, &key.external_id).await?);
            }
            let mut choices: Vec<Choice> = Vec::new();
            if let Some(action) = &found.action {
                let verbs = [Verb::Accept, Verb::Refund, Verb::Refuse];
                for (verb, decision) in verbs.map(|verb| (verb, decision(action, verb))) {
                    if decision.is_none() {
                        continue;
                    }
                    choices.push(if verb == Verb::Refuse {
                        let reasons = self.reasons(account, &key.external_id).await?;
                        Choice { verb, reasons, max_chars: MAX_CHARS, text_needed: false }
                    } else {
                        Choice::plain(verb)
                    });
                }
            }
            Ok(Reading { case: found.case, letters, choices })
        })
    }

    fn answer<'a>(
        &'a self,
        account: &'a Account,
        key: &'a CaseKey,
        reply: &'a Reply,
    ) -> Call<'a, CaseSnapshot> {
        unkept(async move {
            // First a look: it may have been done while the answer was lost.
            let found = self.case(account, key).await?;
            let Some(decision) = found.action.as_deref().and_then(|action| decision(action, reply.verb))
            else {
                return if is_done(&found.case.case.state, reply.verb) {
                    Ok(found.case)
                } else {
                    let message = format!("the platform does not take {} now", reply.verb.as_str());
                    Err(found.answer.fail(refusal::service("not_offered", &message)))
                };
            };
            let spec = self.answer_call(account, key, reply, decision)?;
            self.ask(spec).await?;
            Ok(self.case(account, key).await?.case)
        })
    }
}

/// A case, what the seller is to do about it, and the answer that shows it.
struct Found {
    case: CaseSnapshot,
    action: Option<String>,
    reason_text: Option<String>,
    answer: Answer,
}

fn cancellation_of(it: &Cancellation, answer: &Answer) -> Result<CaseSnapshot, ChannelError> {
    map::cancellation(it, answer.started_at()).map_err(|gap| answer.garbled(gap.0))
}

fn return_of(it: &Return, answer: &Answer) -> Result<CaseSnapshot, ChannelError> {
    map::return_(it, answer.started_at()).map_err(|gap| answer.garbled(gap.0))
}

/// The window widened to whole seconds.
fn whole_seconds(window: Window) -> Span {
    let floor = |millis: i64| millis.div_euclid(SECOND_MS);
    Span { from_s: floor(window.from.as_millis()), to_s: floor(window.to.as_millis()) }
}

fn updated(span: Span) -> Map<String, Value> {
    let bounds = [("update_time_ge", span.from_s), ("update_time_lt", span.to_s.saturating_add(1))];
    bounds.into_iter().map(|(name, at)| (name.to_owned(), json!(at))).collect()
}

/// The platform's decision for a verb where it waits for this action; empty where the call
/// takes none.
fn decision(action: &str, verb: Verb) -> Option<&'static str> {
    match (action, verb) {
        ("SELLER_RESPOND_BUYER_CANCEL", Verb::Accept | Verb::Refuse) => Some(""),
        ("SELLER_RESPOND_REFUND", Verb::Accept) => Some("APPROVE_REFUND"),
        ("SELLER_RESPOND_REFUND", Verb::Refuse) => Some("REJECT_REFUND"),
        ("SELLER_RESPOND_RETURN", Verb::Accept) => Some("APPROVE_RETURN"),
        ("SELLER_RESPOND_RETURN", Verb::Refund) => Some("DIRECT_REFUND"),
        ("SELLER_RESPOND_RETURN", Verb::Refuse) => Some("REJECT_RETURN"),
        ("SELLER_RESPOND_RECEIVE_PACKAGE", Verb::Accept) => Some("APPROVE_RECEIVED_PACKAGE"),
        ("SELLER_RESPOND_RECEIVE_PACKAGE", Verb::Refuse) => Some("REJECT_RECEIVED_PACKAGE"),
        ("SELLER_RESPOND_REPLACEMENT", Verb::Accept) => Some("APPROVE_REPLACEMENT"),
        ("SELLER_RESPOND_REPLACEMENT", Verb::Refund) => Some("ISSUE_REPLACEMENT_REFUND"),
        ("SELLER_RESPOND_REPLACEMENT", Verb::Refuse) => Some("REJECT_REPLACEMENT"),
        _ => None,
    }
}

/// Whether a case that waits for no answer has got what the verb asks for.
fn is_done(state: &CaseState, verb: Verb) -> bool {
    match verb {
        Verb::Accept => matches!(state, CaseState::Closed(Outcome::ForBuyer) | CaseState::WaitsForBuyer),
        Verb::Refund => *state == CaseState::Closed(Outcome::ForBuyer),
        Verb::Refuse => matches!(state, CaseState::Closed(Outcome::ForSeller | Outcome::Withdrawn)),
        Verb::Reply | Verb::ReplyToMediator | Verb::AllowReturn | Verb::OpenDispute => false,
    }
}

/// The platform's name of a desk in paths.
fn folder(desk: Desk) -> Option<&'static str> {
    match desk {
        Desk::Cancellations => Some("cancellations"),
        Desk::Returns => Some("returns"),
        Desk::Questions | Desk::Messages | Desk::Claims => None,
    }
}

impl TikTokShop {
    async fn search_cases(
        &self,
        operation: &'static str,
        account: &Account,
        desk: Desk,
        token: Option<&str>,
        filter: &Map<String, Value>,
    ) -> Result<Answer, ChannelError> {
        let folder = folder(desk).ok_or_else(|| refusal::id(operation))?;
        let path = ["return_refund", version::RETURNS, folder, "search"];
        let spec = self.request(operation, Method::POST, account, &path)?.query("page_size", PAGE);
        let spec = token.into_iter().fold(spec, |spec, token| spec.query("page_token", token));
        self.ask(spec.json(Value::Object(filter.clone()).to_string())).await
    }

    /// The case of a key. The platform has no call for one alone: it is searched for by its id.
    async fn case(&self, account: &Account, key: &CaseKey) -> Result<Found, ChannelError> {
        let id = key.external_id.as_str();
        if !is_id(id) {
            return Err(refusal::id(FETCH));
        }
        let is_cancellation = key.desk == Desk::Cancellations;
        let name = if is_cancellation { "cancel_ids" } else { "return_ids" };
        let filter = [(name.to_owned(), json!([id]))].into_iter().collect();
        let answer = self.search_cases(FETCH, account, key.desk, None, &filter).await?;
        let is_asked = |told: Option<&Loose>| filled(told) == Some(id);
        let (found, any) = if is_cancellation {
            let rows = api::data::<wire::CancellationSearch>(&answer)?.cancellations.unwrap_or_default();
            let row = rows.iter().find(|it| is_asked(it.cancel_id.as_ref()));
            let row = row.map(|it| {
                Ok((cancellation_of(it, &answer)?, map::action(it.next.as_deref()), &it.cancel_reason_text))
            });
            (row.transpose()?.map(|(case, action, text)| (case, action, text.clone())), !rows.is_empty())
        } else {
            let rows = api::data::<wire::ReturnSearch>(&answer)?.return_orders.unwrap_or_default();
            let row = rows.iter().find(|it| is_asked(it.return_id.as_ref()));
            let row = row.map(|it| {
                Ok((return_of(it, &answer)?, map::action(it.next.as_deref()), &it.return_reason_text))
            });
            (row.transpose()?.map(|(case, action, text)| (case, action, text.clone())), !rows.is_empty())
        };
        match found {
            Some((case, action, text)) => {
                Ok(Found { case, action, reason_text: text.map(|text| text.0), answer })
            }
            None if any => Err(answer.garbled("another return than was asked for")),
            None => Err(answer.fail(ErrorKind::NotFound)),
        }
    }

    /// What was written in the course of a return.
    async fn notes(&self, account: &Account, id: &str) -> Result<Vec<Letter>, ChannelError> {
        let path = ["return_refund", version::RECORDS, "returns", id, "records"];
        let answer = self.ask(self.request(RECORDS, Method::GET, account, &path)?).await?;
        let found: wire::Records = api::data(&answer)?;
        let letter = |it: &wire::Record| {
            let by = match filled(it.role.as_ref()) {
                Some("BUYER") => Party::Buyer,
                Some("SELLER") => Party::Seller,
                _ => Party::Platform,
            };
            Letter::of(by, filled(it.note.as_ref()), it.create_time.as_ref().and_then(Loose::unix_seconds))
        };
        let mut letters: Vec<Letter> = found.records.iter().flatten().filter_map(letter).collect();
        letters.sort_by_key(|letter| letter.at);
        Ok(letters)
    }

    async fn reasons(&self, account: &Account, id: &str) -> Result<Vec<Reason>, ChannelError> {
        let path = ["return_refund", version::RECORDS, "reject_reasons"];
        let spec = self.request(REASONS, Method::GET, account, &path)?;
        let answer = self.ask(spec.query("return_or_cancel_id", id).query("locale", LOCALE)).await?;
        let found: wire::RejectReasons = api::data(&answer)?;
        let reason = |it: &wire::RejectReason| {
            let word = filled(it.name.as_ref())?.to_owned();
            let text = filled(it.text.as_ref()).unwrap_or(&word).to_owned();
            Some(Reason { word, text })
        };
        Ok(found.reasons.iter().flatten().filter_map(reason).collect())
    }

    fn answer_call(
        &self,
        account: &Account,
        key: &CaseKey,
        reply: &Reply,
        decision: &str,
    ) -> Result<CallSpec, ChannelError> {
        let refuses = reply.verb == Verb::Refuse;
        let folder = folder(key.desk).ok_or_else(|| refusal::id(ANSWER))?;
        let verb = if refuses { "reject" } else { "approve" };
        let path = ["return_refund", version::ANSWERS, folder, &key.external_id, verb];
        let spec = self.request(ANSWER, Method::POST, account, &path)?;
        let spec = spec.query("idempotency_key", &reply.reference);
        let mut fields = Map::new();
        if !decision.is_empty() {
            fields.insert("decision".into(), json!(decision));
        }
        if !refuses {
            return Ok(spec.json(Value::Object(fields).to_string()));
        }
        let missing = || refusal::service("reason_missing", "the platform wants a reason");
        let reason = reply.reason.as_deref().ok_or_else(|| ChannelError::new(missing(), ANSWER))?;
        fields.insert("reject_reason".into(), json!(reason));
        let comment = match &reply.text {
            None => Vec::new(),
            Some(_) => vec![("comment", refusal::text(ANSWER, reply, Verb::Refuse, MAX_CHARS)?)],
        };
        Ok(spec.json_with(fields, comment))
    }
}

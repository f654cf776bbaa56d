//! Claims: complaints, returns, changes and requests to cancel, in one list of the platform's.

use connect::service::{Choice, Letter, Party, Reading, Reply, Returns, Verb, unkept};
use connect::{Account, Answer, Call, CallSpec, ChannelError, ErrorKind, Page, Window};
use domain::case::{CaseState, Outcome};
use domain::{CaseKey, CaseSnapshot, Desk, Timestamp};
use http::{Method, StatusCode};
use serde_json::Value;

use super::wire::{Claim, ClaimMessage, ClaimSearch, Return};
use super::{map, wire};
use crate::market::loose::{Loose, filled, owned};
use crate::market::mercado_livre::hook::is_number;
use crate::market::mercado_livre::wire::Fault;
use crate::market::mercado_livre::{MercadoLivre, error};
use crate::market::refusal;

/// Longest message in a claim; undocumented, what is known to be taken.
const MAX_CHARS: usize = 1_500;
/// The search takes up to 100 a page.
const PAGE: u64 = 100;
/// `offset + limit` has to stay below 10,000.
const OFFSET_CEILING: u64 = 9_900;
/// The search wants a real filter: each status is asked for apart.
const STATUSES: [&str; 2] = ["opened", "closed"];
const LIST: &str = "list updated claims";
const FETCH: &str = "fetch claim";
const TEXTS: &str = "read messages of claim";
const ANSWER: &str = "answer claim";

/// What can be done about a claim, by the platform's word for it.
const ACTIONS: [(&str, Verb); 7] = [
    ("send_message_to_complainant", Verb::Reply),
    ("send_message_to_mediator", Verb::ReplyToMediator),
    ("refund", Verb::Refund),
    ("allow_return", Verb::AllowReturn),
    ("open_dispute", Verb::OpenDispute),
    ("return_review_ok", Verb::Accept),
    ("return_review", Verb::Accept),
];

impl Returns for MercadoLivre {
    fn updated_in<'a>(
        &'a self,
        account: &'a Account,
        window: Window,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<CaseSnapshot>> {
        unkept(async move {
            let place = match cursor {
                None => Place { status: 0, offset: 0 },
                Some(text) => Place::parse(text).ok_or_else(|| refusal::cursor(LIST))?,
            };
            let answer = self.ask(self.claims(account, window, place)).await?;
            let found: ClaimSearch = answer.json()?;
            let items = found.data.iter().map(|it| case_of(it, &answer)).collect::<Result<Vec<_>, _>>()?;
            let count = u64::try_from(items.len()).unwrap_or_default();
            let total = found.paging.and_then(|paging| paging.total());
            let next = place.after(count, total);
            if next.is_some_and(|next| next.offset > OFFSET_CEILING) {
                return Err(answer.fail(refusal::service(
                    "window_too_dense",
                    "more claims were updated in this span than the search can list",
                )));
            }
            Ok(Page { items, next: next.map(Place::to_cursor), total: None })
        })
    }

    fn fetch<'a>(&'a self, account: &'a Account, key: &'a CaseKey) -> Call<'a, CaseSnapshot> {
        unkept(async move { Ok(self.claim(account, key).await?.case) })
    }

    fn read<'a>(&'a self, account: &'a Account, key: &'a CaseKey) -> Call<'a, Reading> {
        unkept(async move {
            let found = self.claim(account, key).await?;
            let messages = self.claim_messages(account, &key.external_id).await?;
            let letters = messages.iter().rev().filter_map(letter).collect();
            let choices = choices(&found.claim);
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
            let found = self.claim(account, key).await?;
            if self.is_done(account, key, &found, reply).await? {
                return Ok(found.case);
            }
            let open =
                ACTIONS.into_iter().find(|(word, verb)| *verb == reply.verb && map::may(&found.claim, word));
            if open.is_none() {
                let message =
                    format!("the platform does not offer {} in this claim now", reply.verb.as_str());
                return Err(found.answer.fail(refusal::service("action_not_available", &message)));
            }
            let spec = self.action(account, &key.external_id, reply).await?;
            self.ask(spec).await?;
            Ok(self.claim(account, key).await?.case)
        })
    }
}

/// A claim and the answer that shows it.
struct Found {
    claim: Claim,
    case: CaseSnapshot,
    answer: Answer,
}

fn case_of(it: &Claim, answer: &Answer) -> Result<CaseSnapshot, ChannelError> {
    if !is_number(&it.id.0) {
        return Err(answer.garbled("a claim without its number"));
    }
    map::claim(it, answer.started_at()).map_err(|gap| answer.garbled(gap.0))
}

fn is_foreign(answer: &Answer) -> bool {
    let told: Fault = serde_json::from_slice(answer.body()).unwrap_or_default();
    filled(told.message.as_ref()) == Some("Invalid caller.id")
}

fn choices(claim: &Claim) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    for (word, verb) in ACTIONS {
        if map::may(claim, word) && choices.iter().all(|known| known.verb != verb) {
            choices.push(match verb {
                Verb::Reply | Verb::ReplyToMediator => Choice::text(verb, MAX_CHARS),
                Verb::Accept | Verb::Refuse | Verb::Refund | Verb::AllowReturn | Verb::OpenDispute => {
                    Choice::plain(verb)
                }
            });
        }
    }
    choices
}

fn letter(message: &ClaimMessage) -> Option<Letter> {
    let by = match filled(message.sender_role.as_ref()) {
        Some("complainant") => Party::Buyer,
        Some("respondent") => Party::Seller,
        _ => Party::Platform,
    };
    Letter::of(by, filled(message.message.as_ref()), message.date_created.as_ref().and_then(Loose::instant))
}

impl MercadoLivre {
    fn claims(&self, account: &Account, window: Window, place: Place) -> CallSpec {
        // Both ends are left out by the search.
        let from = Timestamp::from_millis(window.from.as_millis().saturating_sub(1)).to_rfc3339();
        let to = Timestamp::from_millis(window.to.as_millis().saturating_add(1)).to_rfc3339();
        self.request(LIST, Method::GET, account, &["post-purchase", "v1", "claims", "search"])
            .query("players.user_id", &account.external_id)
            .query("players.role", "respondent")
            .query("status", STATUSES[place.status])
            .query("range", &format!("last_updated:after:{from},before:{to}"))
            // What changes meanwhile moves to the end and is read there.
            .query("sort", "last_updated:asc")
            .query("limit", &PAGE.to_string())
            .query("offset", &place.offset.to_string())
    }

    async fn claim(&self, account: &Account, key: &CaseKey) -> Result<Found, ChannelError> {
        let id = key.external_id.as_str();
        if key.desk != Desk::Claims || !is_number(id) {
            return Err(refusal::id(FETCH));
        }
        let spec = self.request(FETCH, Method::GET, account, &["post-purchase", "v1", "claims", id]);
        let answer = self.outbound.call(spec).await?;
        // Of another seller's claim it says so in the way in which it refuses a token.
        if answer.status() == StatusCode::UNAUTHORIZED && is_foreign(&answer) {
            return Err(answer.fail(ErrorKind::PermissionMissing));
        }
        let answer = error::succeeded(answer)?;
        let claim: Claim = answer.json()?;
        if claim.id.0 != id {
            return Err(answer.garbled("another claim than was asked for"));
        }
        Ok(Found { case: case_of(&claim, &answer)?, claim, answer })
    }

    /// The newest first.
    async fn claim_messages(&self, account: &Account, id: &str) -> Result<Vec<ClaimMessage>, ChannelError> {
        let path = ["post-purchase", "v1", "claims", id, "messages"];
        self.ask(self.request(TEXTS, Method::GET, account, &path)).await?.json()
    }

    /// Whether the platform already shows what the answer is to bring about.
    async fn is_done(
        &self,
        account: &Account,
        key: &CaseKey,
        found: &Found,
        reply: &Reply,
    ) -> Result<bool, ChannelError> {
        let state = &found.case.case.state;
        Ok(match reply.verb {
            Verb::Reply | Verb::ReplyToMediator => {
                let to = receiver(reply.verb);
                let messages = self.claim_messages(account, &key.external_id).await?;
                is_last_word(&messages, to, reply)
            }
            Verb::Refund => *state == CaseState::Closed(Outcome::ForBuyer),
            Verb::AllowReturn => map::has_return(&found.claim),
            Verb::OpenDispute => map::is_disputed(&found.claim),
            Verb::Accept => {
                state.is_closed() || (map::has_return(&found.claim) && !map::waits_for_review(&found.claim))
            }
            Verb::Refuse => false,
        })
    }

    async fn action(&self, account: &Account, id: &str, reply: &Reply) -> Result<CallSpec, ChannelError> {
        let below = |rest: [&str; 2]| {
            let path = ["post-purchase", "v1", "claims", id, rest[0], rest[1]];
            self.request(ANSWER, Method::POST, account, &path)
        };
        Ok(match reply.verb {
            Verb::Reply | Verb::ReplyToMediator => {
                let text = refusal::text(ANSWER, reply, reply.verb, MAX_CHARS)?;
                let to = [("receiver_role".to_owned(), Value::from(receiver(reply.verb)))];
                below(["actions", "send-message"])
                    .json_with(to.into_iter().collect(), vec![("message", text)])
            }
            Verb::Refund => below(["expected-resolutions", "refund"]).json("{}".into()),
            Verb::AllowReturn => below(["expected-resolutions", "allow-return"]).json("{}".into()),
            Verb::OpenDispute => below(["actions", "open-dispute"]).json("{}".into()),
            Verb::Accept | Verb::Refuse => self.review(account, id).await?,
        })
    }

    /// Says that what came back is as it should be.
    async fn review(&self, account: &Account, id: &str) -> Result<CallSpec, ChannelError> {
        let path = ["post-purchase", "v2", "claims", id, "returns"];
        let answer = self.ask(self.request("fetch return of claim", Method::GET, account, &path)).await?;
        let found: Return = answer.json()?;
        let number = owned(found.id.as_ref()).filter(|id| is_number(id));
        let number = number.ok_or_else(|| answer.garbled("a return without its number"))?;
        let path = ["post-purchase", "v1", "returns", &number, "return-review"];
        Ok(self.request(ANSWER, Method::POST, account, &path).json("{}".into()))
    }
}

const fn receiver(verb: Verb) -> &'static str {
    if matches!(verb, Verb::ReplyToMediator) { "mediator" } else { "complainant" }
}

/// Whether the seller's last message to `to`, with none from there since, is this one.
fn is_last_word(messages: &[wire::ClaimMessage], to: &str, reply: &Reply) -> bool {
    let is_from = |role: &str, it: &wire::ClaimMessage| filled(it.sender_role.as_ref()) == Some(role);
    let since = messages.iter().take_while(|it| !is_from(to, it));
    let mine = since.filter(|it| is_from("respondent", it) && filled(it.receiver_role.as_ref()) == Some(to));
    mine.filter_map(|it| it.message.as_ref()).any(|text| reply.says(&text.0))
}

/// How far a list has been read: which status, and where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    status: usize,
    offset: u64,
}

impl Place {
    /// The place after a page of `count`; `None` at the end.
    fn after(self, count: u64, total: Option<u64>) -> Option<Self> {
        let read = self.offset + count;
        if count > 0 && total.map_or(count >= PAGE, |total| read < total) {
            return Some(Self { offset: read, ..self });
        }
        let status = self.status + 1;
        (status < STATUSES.len()).then_some(Self { status, offset: 0 })
    }

    fn to_cursor(self) -> String {
        format!("claims:{}:{}", self.status, self.offset)
    }

    fn parse(text: &str) -> Option<Self> {
        let (status, offset) = text.strip_prefix("claims:")?.split_once(':')?;
        let place = Self { status: status.parse().ok()?, offset: offset.parse().ok()? };
        (place.status < STATUSES.len()).then_some(place)
    }
}

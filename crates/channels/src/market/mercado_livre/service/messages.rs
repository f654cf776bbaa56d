//! Messages after the sale. Since 2026 an agent of the platform's stands between seller and
//! buyer: whoever wrote last is whom the seller writes to. Reading never marks as read: that
//! says to the buyer that a person has seen it.

use connect::service::{Choice, Letter, Messages, Party, Reading, Reply, Verb, unkept};
use connect::{Account, Answer, Call, CallSpec, ChannelError, Page};
use domain::CaseSnapshot;
use domain::case::{CaseState, Outcome};
use http::Method;
use serde_json::{Value, json};

use super::wire::{OneMessage, Resource, Thread, ThreadTexts, Unread};
use super::{map, offset_of};
use crate::market::loose::{Loose, filled};
use crate::market::mercado_livre::MercadoLivre;
use crate::market::mercado_livre::hook::{is_message, is_number};
use crate::market::refusal;

/// `seller_max_message_length`.
const MAX_CHARS: usize = 350;
/// Messages of a thread that are read: those before matter to nobody's clock.
const PAGE: &str = "50";
/// Threads named at once: the platform lists all of them in one answer.
const THREADS: usize = 50;
const WORD: &str = "unread";
const LIST: &str = "list unread threads";
const FIND: &str = "fetch message";
const FETCH: &str = "fetch thread";
const SEND: &str = "send message";

impl Messages for MercadoLivre {
    fn max_chars(&self) -> usize {
        MAX_CHARS
    }

    fn waiting<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<String>> {
        unkept(async move {
            let skip = match cursor {
                None => 0,
                Some(text) => offset_of(text, WORD).ok_or_else(|| refusal::cursor(LIST))?,
            };
            let spec = self.request(LIST, Method::GET, account, &["messages", "unread"]);
            let answer = self.ask(spec.query("role", "seller").query("tag", "post_sale")).await?;
            let unread: Unread = answer.json()?;
            let packs = unread.results.iter().map(|it| pack_of(it.resource.as_ref()).map(str::to_owned));
            let packs = packs.collect::<Option<Vec<_>>>();
            let packs = packs.ok_or_else(|| answer.garbled("a thread without the number of its pack"))?;
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            let end = skip.saturating_add(THREADS);
            let next = (packs.len() > end).then(|| format!("{WORD}:{end}"));
            Ok(Page { items: packs.into_iter().skip(skip).take(THREADS).collect(), next, total: None })
        })
    }

    fn thread_of<'a>(&'a self, account: &'a Account, message_id: &'a str) -> Call<'a, String> {
        unkept(async move {
            if !is_message(message_id) {
                return Err(refusal::id(FIND));
            }
            let spec = self.request(FIND, Method::GET, account, &["messages", message_id]);
            let answer = self.ask(spec.query("tag", "post_sale")).await?;
            let found: OneMessage = answer.json()?;
            let listed = found.messages.iter().flatten().filter_map(|it| it.message_resources.as_deref());
            let resources = listed.chain(found.message_resources.as_deref()).flatten();
            let pack = resources.filter(|it| filled(it.name.as_ref()) == Some("packs")).find_map(id_of);
            pack.ok_or_else(|| answer.garbled("a message without the number of its pack"))
        })
    }

    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, CaseSnapshot> {
        unkept(async move { Ok(self.thread(account, external_id).await?.case) })
    }

    fn read<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Reading> {
        unkept(async move {
            let found = self.thread(account, external_id).await?;
            let texts: ThreadTexts = found.answer.json()?;
            let letters = found.thread.messages.iter().zip(&texts.messages).rev();
            let letters = letters.filter_map(|(message, text)| {
                let is_sellers = map::is_sellers(message, &account.external_id);
                let by = if is_sellers { Party::Seller } else { Party::Buyer };
                Letter::of(by, filled(text.text.as_ref()), map::written_at(message))
            });
            let letters = letters.collect();
            let is_blocked = matches!(found.case.case.state, CaseState::Closed(Outcome::Lapsed));
            let may_write = !is_blocked && found.partner(&account.external_id).is_some();
            let choices = may_write.then(|| Choice::text(Verb::Reply, MAX_CHARS)).into_iter().collect();
            Ok(Reading { case: found.case, letters, choices })
        })
    }

    fn send<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        reply: &'a Reply,
    ) -> Call<'a, CaseSnapshot> {
        unkept(async move {
            // First a look: it may have been sent while the answer was lost.
            let found = self.thread(account, external_id).await?;
            let texts: ThreadTexts = found.answer.json()?;
            let own = found.thread.messages.iter().zip(&texts.messages);
            let mut own = own.take_while(|(message, _)| map::is_sellers(message, &account.external_id));
            if own.any(|(_, text)| text.text.as_ref().is_some_and(|text| reply.says(&text.0))) {
                return Ok(found.case);
            }
            let spec = self.message(account, external_id, &found, reply)?;
            self.ask(spec).await?;
            Ok(self.thread(account, external_id).await?.case)
        })
    }
}

/// A thread and the answer that shows it.
struct Found {
    thread: Thread,
    case: CaseSnapshot,
    answer: Answer,
}

impl Found {
    /// Whom the seller writes to: who wrote last, the agent or the buyer.
    fn partner(&self, seller: &str) -> Option<u64> {
        let others = self.thread.messages.iter().filter(|message| !map::is_sellers(message, seller));
        let mut ids = others.filter_map(|message| message.from.as_ref()?.user_id.as_ref()?.0.parse().ok());
        ids.next()
    }

    /// Where the thread lives: below its usual place where an agent stands in between.
    fn path(&self) -> Option<Vec<String>> {
        let path = self.thread.conversation_status.as_ref()?.path.as_ref()?.filled()?;
        let parts: Vec<String> = path.trim_start_matches('/').split('/').map(str::to_owned).collect();
        let is_word = |word: &String| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_known = matches!(parts.as_slice(), [packs, pack, sellers, seller, rest @ ..]
            if packs == "packs" && is_number(pack) && sellers == "sellers" && is_number(seller)
                && matches!(rest, [] | [_, _]) && rest.iter().all(|word| !word.is_empty() && is_word(word)));
        is_known.then_some(parts)
    }
}

fn id_of(resource: &Resource) -> Option<String> {
    filled(resource.id.as_ref()).filter(|id| is_number(id)).map(str::to_owned)
}

fn pack_of(resource: Option<&Loose>) -> Option<&str> {
    let mut parts = filled(resource)?.trim_start_matches('/').split('/');
    (parts.next() == Some("packs")).then(|| parts.next()).flatten().filter(|pack| is_number(pack))
}

impl MercadoLivre {
    async fn thread(&self, account: &Account, pack: &str) -> Result<Found, ChannelError> {
        if !is_number(pack) {
            return Err(refusal::id(FETCH));
        }
        let path = ["messages", "packs", pack, "sellers", &account.external_id];
        let spec = self
            .request(FETCH, Method::GET, account, &path)
            .query("tag", "post_sale")
            .query("mark_as_read", "false")
            .query("limit", PAGE)
            .query("offset", "0");
        let answer = self.ask(spec).await?;
        let thread: Thread = answer.json()?;
        let resources =
            thread.messages.iter().filter_map(|message| message.message_resources.as_deref()).flatten();
        let mut packs = resources.filter(|it| filled(it.name.as_ref()) == Some("packs")).filter_map(id_of);
        if packs.any(|id| id != pack) {
            return Err(answer.garbled("another thread than was asked for"));
        }
        let case = map::thread(pack, &thread, &account.external_id, answer.started_at());
        let case = case.map_err(|gap| answer.garbled(gap.0))?;
        Ok(Found { thread, case, answer })
    }

    fn message(
        &self,
        account: &Account,
        pack: &str,
        found: &Found,
        reply: &Reply,
    ) -> Result<CallSpec, ChannelError> {
        let text = refusal::text(SEND, reply, Verb::Reply, MAX_CHARS)?;
        let seller: u64 = account.external_id.parse().map_err(|_| refusal::id(SEND))?;
        let Some(partner) = found.partner(&account.external_id) else {
            return Err(found.answer.fail(refusal::service("nobody_wrote", "only a buyer begins a thread")));
        };
        let usual = || ["packs", pack, "sellers", &account.external_id].map(str::to_owned).to_vec();
        let path = found.path().unwrap_or_else(usual);
        let path: Vec<&str> = std::iter::once("messages").chain(path.iter().map(String::as_str)).collect();
        let people = [("from", seller), ("to", partner)];
        let fields = people.map(|(side, id)| (side.to_owned(), json!({ "user_id": Value::from(id) })));
        let spec = self.request(SEND, Method::POST, account, &path).query("tag", "post_sale");
        Ok(spec.json_with(fields.into_iter().collect(), vec![("text", text)]))
    }
}

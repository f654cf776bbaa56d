//! Questions before the sale.

use connect::service::{Choice, Letter, Party, Questions, Reading, Reply, Verb, unkept};
use connect::{Account, Answer, Call, CallSpec, ChannelError, Page};
use domain::CaseSnapshot;
use domain::case::{CaseState, Outcome};
use http::Method;
use serde_json::Value;

use super::wire::{Question, QuestionSearch, QuestionTexts};
use super::{map, offset_of};
use crate::market::loose::{Loose, filled};
use crate::market::mercado_livre::MercadoLivre;
use crate::market::mercado_livre::hook::is_number;
use crate::market::refusal;

/// "Responder perguntas": up to 2,000 characters.
const MAX_CHARS: usize = 2_000;
/// Questions on one page.
const PAGE: u64 = 50;
/// Questions of the last page read again with the next: one that is answered meanwhile pulls
/// those behind it forward.
const PAGE_OVERLAP: u64 = 5;
/// Beyond this offset the search is refused. The oldest come first; the newest are told by
/// their hooks and come into reach when others are answered.
const OFFSET_CEILING: u64 = 1_000;
const WORD: &str = "questions";
const OPEN: &str = "list open questions";
const FETCH: &str = "fetch question";
const ANSWER: &str = "answer question";

impl Questions for MercadoLivre {
    fn max_chars(&self) -> usize {
        MAX_CHARS
    }

    fn open<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<CaseSnapshot>> {
        unkept(async move {
            let offset = match cursor {
                None => 0,
                Some(text) => offset_of(text, WORD).ok_or_else(|| refusal::cursor(OPEN))?,
            };
            let spec = self
                .request(OPEN, Method::GET, account, &["questions", "search"])
                .query("seller_id", &account.external_id)
                .query("status", "UNANSWERED")
                .query("sort_fields", "date_created")
                .query("sort_types", "ASC")
                .query("limit", &PAGE.to_string())
                .query("offset", &offset.to_string())
                .query("api_version", "4");
            let answer = self.ask(spec).await?;
            let found: QuestionSearch = answer.json()?;
            let items =
                found.questions.iter().map(|it| case_of(it, &answer)).collect::<Result<Vec<_>, _>>()?;
            let total =
                found.total.as_ref().and_then(Loose::count).and_then(|total| u64::try_from(total).ok());
            let count = u64::try_from(items.len()).unwrap_or_default();
            let read = offset + count;
            let is_last = count <= PAGE_OVERLAP || total.map_or(count < PAGE, |total| read >= total);
            let next = read - PAGE_OVERLAP.min(count);
            let next = (!is_last && next < OFFSET_CEILING).then(|| format!("{WORD}:{next}"));
            Ok(Page { items, next, total: total.filter(|_| cursor.is_none()) })
        })
    }

    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, CaseSnapshot> {
        unkept(async move { Ok(self.question(account, external_id).await?.0) })
    }

    fn read<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Reading> {
        unkept(async move {
            let (case, answer) = self.question(account, external_id).await?;
            let texts: QuestionTexts = answer.json()?;
            let asked = Letter::of(Party::Buyer, filled(texts.text.as_ref()), Some(case.case.opened_at));
            let given = texts.answer.as_ref().and_then(|given| filled(given.text.as_ref()));
            let given = Letter::of(Party::Seller, given, Some(case.version.at));
            let waits = matches!(case.case.state, CaseState::WaitsForSeller { .. });
            let choices = waits.then(|| Choice::text(Verb::Reply, MAX_CHARS)).into_iter().collect();
            Ok(Reading { case, letters: asked.into_iter().chain(given).collect(), choices })
        })
    }

    fn answer<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        reply: &'a Reply,
    ) -> Call<'a, CaseSnapshot> {
        unkept(async move {
            // First a look: the answer may have arrived while ours was lost.
            let (case, seen) = self.question(account, external_id).await?;
            match case.case.state {
                CaseState::WaitsForSeller { .. } => {}
                CaseState::Closed(Outcome::Answered) if is_answered_so(&seen, reply)? => return Ok(case),
                CaseState::Closed(Outcome::Answered) => {
                    return Err(
                        seen.fail(refusal::service("already_answered", "the question has another answer"))
                    );
                }
                CaseState::WaitsForBuyer
                | CaseState::WaitsForPlatform
                | CaseState::Closed(_)
                | CaseState::NeedsAttention(_) => {
                    return Err(
                        seen.fail(refusal::service("not_open", "the question takes no answer any more"))
                    );
                }
            }
            let answer = self.ask(self.answer_call(account, external_id, reply)?).await?;
            let told: Question = answer.json()?;
            if told.id.0 == external_id {
                case_of(&told, &answer)
            } else {
                Err(answer.garbled("another question"))
            }
        })
    }
}

fn case_of(it: &Question, answer: &Answer) -> Result<CaseSnapshot, ChannelError> {
    if !is_number(&it.id.0) {
        return Err(answer.garbled("a question without its number"));
    }
    map::question(it, answer.started_at()).map_err(|gap| answer.garbled(gap.0))
}

fn is_answered_so(seen: &Answer, reply: &Reply) -> Result<bool, ChannelError> {
    let texts: QuestionTexts = seen.json()?;
    let given = texts.answer.and_then(|given| given.text);
    Ok(given.is_some_and(|given| reply.says(&given.0)))
}

impl MercadoLivre {
    /// The question and the answer that shows it.
    async fn question(&self, account: &Account, id: &str) -> Result<(CaseSnapshot, Answer), ChannelError> {
        if !is_number(id) {
            return Err(refusal::id(FETCH));
        }
        let spec = self.request(FETCH, Method::GET, account, &["questions", id]).query("api_version", "4");
        let answer = self.ask(spec).await?;
        let question: Question = answer.json()?;
        if question.id.0 != id {
            return Err(answer.garbled("another question than was asked for"));
        }
        Ok((case_of(&question, &answer)?, answer))
    }

    fn answer_call(&self, account: &Account, id: &str, reply: &Reply) -> Result<CallSpec, ChannelError> {
        let number: u64 = id.parse().map_err(|_| refusal::id(ANSWER))?;
        let text = refusal::text(ANSWER, reply, Verb::Reply, MAX_CHARS)?;
        let fields = [("question_id".to_owned(), Value::from(number))];
        let spec = self.request(ANSWER, Method::POST, account, &["answers"]);
        Ok(spec.json_with(fields.into_iter().collect(), vec![("text", text)]))
    }
}

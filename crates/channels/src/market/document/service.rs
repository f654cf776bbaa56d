//! The part of the document about service to buyers: what each channel lets a program do,
//! which calls that takes, and what becomes of the words.

use std::fmt::Write as _;

use connect::conformance::service::{Service, ServiceHarness};
use domain::{CaseState, ChannelKind};

use super::Fact;
use super::calls::{called, head, row, states};
use super::page::{code, table};

/// What a platform calls the status of something, its words, and what the channel's own
/// mapping makes of each.
pub(in crate::market) struct Words {
    /// The field.
    pub(in crate::market) field: &'static str,
    /// Every word that the platform documents for it.
    pub(in crate::market) documented: &'static [&'static str],
    /// The state of a word.
    pub(in crate::market) state: fn(&str) -> CaseState,
}

/// All that this part tells of a channel.
pub(in crate::market) struct ServiceSheet {
    pub(in crate::market) channel: ChannelKind,
    /// What the channel calls.
    pub(in crate::market) harness: Box<dyn ServiceHarness>,
    /// Questions before the sale.
    pub(in crate::market) questions: Fact,
    /// Messages about a sale.
    pub(in crate::market) messages: Fact,
    /// Requests to cancel.
    pub(in crate::market) cancellations: Fact,
    /// Returns and claims.
    pub(in crate::market) returns: Fact,
    /// What a program can answer in those.
    pub(in crate::market) answers: Fact,
    /// What is left to the seller centre.
    pub(in crate::market) elsewhere: &'static str,
    /// Where the time that is left comes from.
    pub(in crate::market) deadline: &'static str,
    /// Which hooks tell.
    pub(in crate::market) hooks: &'static str,
    /// What becomes of the words.
    pub(in crate::market) words: Vec<Words>,
}

const HEAD: &str = "
## Service to buyers

Questions, messages, requests to cancel, returns and claims of all channels stand in one list, what is due soonest first. Kept are
ids, kind, state, time and amounts; what people wrote is read at the platform when a member opens the case. A case without a time
from its platform is placed by the house's own goal. An answer looks at the platform before it is sent, so that one whose outcome
was lost is not given twice.
";

type Cell = fn(&ServiceSheet) -> String;

const ROWS: [(&str, Cell); 8] = [
    ("questions", |it| it.questions.to_string()),
    ("messages", |it| it.messages.to_string()),
    ("requests to cancel", |it| it.cancellations.to_string()),
    ("returns and claims", |it| it.returns.to_string()),
    ("what a program answers there", |it| it.answers.to_string()),
    ("left to the seller centre", |it| it.elsewhere.to_owned()),
    ("the time that is left", |it| it.deadline.to_owned()),
    ("hooks", |it| it.hooks.to_owned()),
];

const CALLS: [(&str, Service); 10] = [
    ("open questions", Service::OpenQuestions),
    ("a question", Service::ReadQuestion),
    ("an answer to it", Service::AnswerQuestion),
    ("threads that wait", Service::WaitingThreads),
    ("a thread", Service::ReadThread),
    ("a message in it", Service::SendMessage),
    ("sweep over cases", Service::UpdatedCases),
    ("a case", Service::FetchCase),
    ("its texts", Service::ReadCase),
    ("a decision in it", Service::AnswerCase),
];

/// This part of the document.
pub(super) fn section(sheets: &[ServiceSheet]) -> String {
    let head = |of| head(of, sheets.iter().map(|sheet| sheet.channel));
    let facts = ROWS.map(|(name, cell)| row(name, sheets, cell));
    let calls = CALLS.map(|(name, service)| row(name, sheets, |sheet| served(sheet, service)));
    let mut text = HEAD.to_owned() + &table(&head("what"), &facts) + &table(&head("what is called"), &calls);
    for sheet in sheets {
        for words in &sheet.words {
            let _ = write!(text, "\n### {}: {}\n", sheet.channel.label(), words.field);
            text += &states(words.documented.iter().copied(), |word| told(&(words.state)(word)));
        }
    }
    text
}

fn served(sheet: &ServiceSheet, service: Service) -> String {
    let (it, account) = (sheet.harness.service_samples(), sheet.harness.account());
    let names = [
        (it.question_id.as_str(), "{question}"),
        (&it.thread_id, "{pack}"),
        (&it.key.external_id, "{case}"),
        (&account.external_id, "{account}"),
    ];
    called(sheet.harness.service_script(service), &names)
}

fn told(state: &CaseState) -> String {
    let (word, detail) = state.as_words();
    let is_unknown = matches!(state, CaseState::NeedsAttention(_));
    if detail.is_empty() || is_unknown { code(word) } else { format!("{}: {detail}", code(word)) }
}

#[cfg(test)]
mod unit {
    use super::super::page::UNDOCUMENTED;
    use super::*;

    #[test]
    fn every_channel_has_its_part_and_what_it_says_to_have_it_has() {
        let sheets = super::super::service_sheets();
        assert_eq!(sheets.iter().map(|sheet| sheet.channel).collect::<Vec<_>>(), ChannelKind::ALL);
        for sheet in sheets {
            let has = |fact: Fact| matches!(fact, Fact::Has(_));
            let calls = |service| sheet.harness.service_script(service).is_some();
            let name = sheet.channel.label();
            assert_eq!(has(sheet.questions), calls(Service::OpenQuestions), "{name}");
            assert_eq!(has(sheet.messages), calls(Service::FetchThread), "{name}");
            assert_eq!(has(sheet.returns), calls(Service::FetchCase), "{name}");
            assert_eq!(has(sheet.answers), calls(Service::AnswerCase), "{name}");
        }
    }

    #[test]
    fn a_word_that_nobody_documented_waits_for_a_person() {
        for sheet in super::super::service_sheets() {
            for words in &sheet.words {
                let state = (words.state)(UNDOCUMENTED);
                assert_eq!(state, CaseState::NeedsAttention(UNDOCUMENTED.to_owned()), "{}", words.field);
            }
        }
    }
}

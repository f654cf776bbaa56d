use connect::service::{Party, Verb};
use domain::case::{Due, Outcome, Task};
use domain::{CaseId, CaseKind, CaseState, ChannelKind, OrderId, Problem};
use store::cases::AnswerState;

use super::{NOW, Reader, Rendered, add, brl};
use crate::pages::desk::{
    AnswerForm, AnswerView, CasePage, CaseRow, DeskChip, DeskFilter, DeskPage, LetterView, fields_of,
};
use crate::pages::{Choice, Errors, FieldError, Pager};
use crate::{Nav, Tone};

/// Kind, channel, state, minutes until it is due (past ones below zero) and whether the
/// platform says so.
type Sample = (CaseKind, ChannelKind, CaseState, Option<(i64, bool)>);

fn samples() -> Vec<Sample> {
    let waits = |task| CaseState::WaitsForSeller { task, until: None };
    let outcomes = Outcome::ALL
        .iter()
        .map(|outcome| (CaseKind::Claim, ChannelKind::MercadoLivre, CaseState::Closed(*outcome), None));
    let open: Vec<Sample> = vec![
        (CaseKind::Return, ChannelKind::Shopee, waits(Task::Decide), Some((-25, true))),
        (CaseKind::Cancellation, ChannelKind::TikTokShop, waits(Task::Decide), Some((95, true))),
        (CaseKind::Question, ChannelKind::MercadoLivre, waits(Task::Reply), Some((210, false))),
        (CaseKind::Return, ChannelKind::TikTokShop, waits(Task::Inspect), Some((60 * 26, true))),
        (CaseKind::Claim, ChannelKind::Shopee, waits(Task::Prove), Some((60 * 40, true))),
        (
            CaseKind::Claim,
            ChannelKind::MercadoLivre,
            CaseState::NeedsAttention("opened/a_stage".to_owned()),
            Some((60 * 47, false)),
        ),
        (CaseKind::Thread, ChannelKind::MercadoLivre, CaseState::WaitsForBuyer, None),
        (CaseKind::Return, ChannelKind::Shopee, CaseState::WaitsForPlatform, None),
    ];
    open.into_iter().chain(outcomes).collect()
}

impl Reader {
    fn case_row(&self, index: usize, (kind, channel, state, due): Sample) -> CaseRow {
        let step = u64::try_from(index).unwrap_or_default();
        let due = due.map(|(minutes, told)| {
            let span = minutes.unsigned_abs();
            Due { at: if minutes < 0 { Self::ago(span) } else { Self::ahead(span) }, told }
        });
        let number = format!("20000{}", 9_876_543_210_u64 - step * 7_919);
        let held = (index % 3 != 2).then(|| OrderId::new(Self::ago(step), &self.entropy));
        let is_question = kind == CaseKind::Question;
        CaseRow {
            id: CaseId::new(Self::ago(step * 17), &self.entropy),
            number: format!("53{}", 10_000_007 + step * 7_919),
            kind,
            channel,
            connection: "Casa Verde".to_owned(),
            state,
            due,
            order: (!is_question).then_some((held, number)),
            listing: is_question.then(|| "MLB4418820031".to_owned()),
            amount: (kind == CaseKind::Return).then(|| brl(8_990)),
            opened_at: Self::ago(step * 311 + 40),
            answer: match index {
                1 => Some(AnswerState::Waiting),
                3 => Some(AnswerState::Failed),
                4 => Some(AnswerState::Sent),
                _ => None,
            },
        }
    }

    fn desk_page(&self, rows: usize, filter: DeskFilter) -> DeskPage {
        let chip = |state| DeskChip { state, href: format!("/desk?state={state}") };
        let channel =
            |kind: ChannelKind| Choice { value: kind.as_str().to_owned(), label: kind.label().to_owned() };
        let samples = samples().into_iter().take(rows).enumerate();
        DeskPage {
            chrome: self.chrome(Nav::Desk),
            filter,
            chips: std::iter::once("").chain(CaseState::WORDS).map(chip).collect(),
            channels: ChannelKind::ALL.map(channel).to_vec(),
            rows: samples.map(|(index, sample)| self.case_row(index, sample)).collect(),
            pager: Pager { newer: None, older: (rows > 0).then(|| "/desk?after=x".to_owned()) },
        }
    }

    fn answer_form(verb: Verb) -> AnswerForm {
        let reason = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
        let is_text = matches!(verb, Verb::Reply | Verb::ReplyToMediator);
        AnswerForm {
            verb,
            reasons: if verb == Verb::Refuse {
                vec![reason("packed", "O produto já foi embalado"), reason("no", "O pedido não procede")]
            } else {
                Vec::new()
            },
            max_chars: if is_text || verb == Verb::Refuse { 500 } else { 0 },
            text_needed: is_text,
            text: String::new(),
            reason: String::new(),
        }
    }

    fn case_page(&self, index: usize, verbs: &[Verb]) -> CasePage {
        let letter =
            |by, text: &str, minutes| LetterView { by, text: text.to_owned(), at: Some(Self::ago(minutes)) };
        let sample = samples().swap_remove(index);
        CasePage {
            chrome: self.chrome(Nav::Desk),
            row: self.case_row(index, sample),
            platform_status: "opened/claim/mediations".to_owned(),
            reason: Some("PDD9549".to_owned()),
            letters: vec![
                letter(Party::Buyer, "Veio com a tampa trincada.\nConsegue trocar? <b>Obrigada</b>", 190),
                letter(Party::Platform, "Produto com defeito", 189),
                letter(Party::Seller, "Claro, já verificamos.", 60),
            ],
            unread: None,
            forms: verbs.iter().copied().map(Self::answer_form).collect(),
            answer: None,
            errors: Errors::default(),
        }
    }

    fn answer_view(state: AnswerState) -> AnswerView {
        let failed = state == AnswerState::Failed;
        AnswerView {
            verb: Verb::Refuse,
            state,
            problem: failed.then_some(Problem::Refused),
            said: failed
                .then(|| "answer return: refused as 25011012: The status does not allow it".to_owned()),
            created_at: Self::ago(9),
            ended_at: (state != AnswerState::Waiting).then_some(NOW),
        }
    }

    pub(super) fn desk(&self, pages: &mut Vec<Rendered>) {
        add(pages, "desk", &self.desk_page(16, DeskFilter::default()));
        let narrowed =
            DeskFilter { kind: "return".to_owned(), state: "closed".to_owned(), ..Default::default() };
        add(pages, "desk-none-match", &self.desk_page(0, narrowed));
        add(pages, "desk-none-yet", &self.desk_page(0, DeskFilter::default()));
        add(pages, "case", &self.case_page(1, &Verb::ALL));
        let unknown = CasePage { letters: Vec::new(), ..self.case_page(5, &[]) };
        add(pages, "case-unknown", &unknown);
        let unread = CasePage {
            letters: Vec::new(),
            unread: Some(Problem::PlatformDown),
            answer: Some(Self::answer_view(AnswerState::Waiting)),
            ..self.case_page(2, &[])
        };
        add(pages, "case-unread", &unread);
        let chrome = self.flash(Nav::Desk, Tone::Good, "flash-case-answered");
        let sent =
            CasePage { chrome, answer: Some(Self::answer_view(AnswerState::Sent)), ..self.case_page(8, &[]) };
        add(pages, "case-over", &sent);
        let mut failed = self.case_page(3, &[Verb::Accept, Verb::Refuse]);
        failed.answer = Some(Self::answer_view(AnswerState::Failed));
        let (text, reason) = fields_of(Verb::Refuse);
        let error = |field, key: &str| FieldError { field, text: failed.chrome.t(key).to_owned() };
        failed.errors =
            Errors(vec![error(text, "case-error-text-missing"), error(reason, "case-error-reason")]);
        add(pages, "case-failed", &failed);
    }
}

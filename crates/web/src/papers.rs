//! What is on file of a person, and what the register holds of a request, as papers to keep.

use app::disclosure::Disclosure;
use app::register::OpenRequest;

use crate::pdf::{Block, Paper};
use crate::{Chrome, retention};

fn fact(chrome: &Chrome, key: &str, value: impl Into<String>) -> Block {
    Block::Fact(chrome.t(key).to_owned(), value.into())
}

/// A copy of somebody's data: the same that their page says.
pub(crate) fn of_person(chrome: &Chrome, shop: &str, copy: &Disclosure) -> Paper {
    let person = copy.sections.iter().find(|section| section.name == "person");
    let email =
        person.and_then(|section| section.entries.iter().flatten().find(|(name, _)| *name == "email"));
    let made = chrome.exact(&copy.at);
    let mut blocks = vec![
        fact(chrome, "pdf-shop", shop),
        fact(chrome, "pdf-who", email.map(|(_, email)| email.as_str()).unwrap_or_default()),
        fact(chrome, "pdf-request", copy.request.to_string()),
        fact(chrome, "pdf-made", made.as_str()),
    ];
    for section in &copy.sections {
        blocks.push(Block::Heading(chrome.word("export", section.name).to_owned()));
        if section.entries.is_empty() {
            blocks.push(Block::Text(chrome.t("centre-copy-nothing").to_owned()));
        }
        for (index, entry) in section.entries.iter().enumerate() {
            if index > 0 {
                blocks.push(Block::Gap);
            }
            blocks.extend(entry.iter().map(|(name, value)| {
                let value = if value.is_empty() { "–" } else { value };
                Block::Fact(chrome.word("export-field", name).to_owned(), value.to_owned())
            }));
        }
    }
    blocks.push(Block::Heading(chrome.t("centre-kept-title").to_owned()));
    for row in retention::rows(chrome.lang, false) {
        blocks.push(Block::Fact(row.what.to_owned(), format!("{}. {}", row.until.join(". "), row.why)));
        blocks.push(Block::Gap);
    }
    for key in ["centre-shared-text", "centre-not-kept"] {
        blocks.extend([Block::Text(chrome.t(key).to_owned()), Block::Gap]);
    }
    Paper {
        lang: chrome.lang,
        title: chrome.t("centre-copy-page").to_owned(),
        shop: shop.to_owned(),
        foot: format!("{} · {made}", copy.request),
        blocks,
    }
}

/// A request of the register, with what was asked and what was answered.
pub(crate) fn of_request(chrome: &Chrome, shop: &str, open: &OpenRequest) -> Paper {
    let (row, person) = (&open.row, &open.person);
    let proven = if row.member.is_some() { "register-proven" } else { "register-unproven" };
    let mut blocks = vec![
        fact(chrome, "pdf-shop", shop),
        fact(chrome, "pdf-request", row.id.to_string()),
        fact(chrome, "pdf-made", chrome.exact(&chrome.now)),
        Block::Heading(chrome.t("request-title").to_owned()),
        fact(chrome, "register-col-who", chrome.t(proven)),
        fact(chrome, "request-law", chrome.word("request-regime", row.regime.as_str())),
        fact(chrome, "request-came", chrome.exact(&row.received_at)),
        fact(chrome, "register-col-due", chrome.exact(&row.due_at)),
        fact(chrome, "export-field-state", chrome.word("request-state", row.state.as_str())),
    ];
    if let Some(ended_at) = row.ended_at {
        blocks.push(fact(chrome, "export-field-ended", chrome.exact(&ended_at)));
    }
    if row.erased > 0 {
        blocks.push(fact(chrome, "request-erased", chrome.number(&row.erased)));
    }
    let answer = open.answer.as_deref().unwrap_or_default();
    for (key, text) in [
        ("request-contact", person.contact.as_str()),
        ("request-called", person.called.as_str()),
        ("request-text", person.text.as_str()),
        ("request-answered", answer),
    ] {
        if !text.is_empty() {
            blocks.push(fact(chrome, key, text));
        }
    }
    Paper {
        lang: chrome.lang,
        title: chrome.word("request-kind", row.kind.as_str()).to_owned(),
        shop: shop.to_owned(),
        foot: format!("{} · {}", row.id, chrome.exact(&chrome.now)),
        blocks,
    }
}

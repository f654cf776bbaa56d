use domain::HoldId;
use store::holds::Hold;

use super::{NOW, Reader, Rendered, add};
use crate::Nav;
use crate::pages::privacy::{PrivacyPage, Typed};
use crate::pages::{Errors, FieldError};

impl Reader {
    pub(super) fn privacy(&self, pages: &mut Vec<Rendered>) {
        let page = |since, buyers| PrivacyPage {
            chrome: self.chrome(Nav::Privacy),
            since,
            buyers,
            holds: Vec::new(),
            typed: Typed::default(),
            errors: Errors::default(),
        };
        let held = |class: Option<&str>, reason: &str, review_by| Hold {
            id: HoldId::new(NOW, &self.entropy),
            class: class.map(str::to_owned),
            reason: reason.to_owned(),
            review_by,
            placed_at: Self::ago(60 * 24 * 3),
        };
        let days = 60 * 24;
        let holds = vec![
            held(Some("buyer"), "Processo 0001234-56.2026.8.26.0100", Self::ahead(90 * days)),
            held(None, "Procon", Self::ago(2 * days)),
        ];
        add(pages, "privacy", &PrivacyPage { holds, ..page(Some(Self::ago(12 * days)), 1_284) });
        add(pages, "privacy-off", &page(None, 0));
        let text = |key: &str| self.chrome(Nav::Privacy).t(key).to_owned();
        let errors = Errors(vec![
            FieldError { field: "called", text: text("hold-error-nobody") },
            FieldError { field: "review_by", text: text("hold-error-review") },
        ]);
        let typed = Typed { on: "person".into(), called: "Maria Souza".into(), ..Typed::default() };
        add(pages, "privacy-hold-wrong", &PrivacyPage { typed, errors, ..page(None, 0) });
    }
}

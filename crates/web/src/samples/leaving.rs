use app::leaving::Leaving;
use domain::{ChannelKind, HoldId, MemberId};
use store::holds::Hold;

use super::{NOW, Reader, Rendered, add};
use crate::Nav;
use crate::pages::leaving::LeavingPage;
use crate::pages::{Errors, FieldError};

const DAY_MINUTES: u64 = 60 * 24;

impl Reader {
    pub(super) fn leaving(&self, pages: &mut Vec<Rendered>) {
        let page = || LeavingPage {
            chrome: self.chrome(Nav::Privacy),
            shop: "Casa Verde Utilidades".to_owned(),
            wish: None,
            holds: Vec::new(),
            orders_not_sent: 0,
            channels: ChannelKind::ALL.to_vec(),
            typed_name: String::new(),
            typed_reason: String::new(),
            errors: Errors::default(),
        };
        let hold = |class: Option<&str>| Hold {
            id: HoldId::new(NOW, &self.entropy),
            class: class.map(str::to_owned),
            reason: "Processo 1001234-56.2026".to_owned(),
            review_by: Self::ahead(30 * DAY_MINUTES),
            placed_at: Self::ago(20 * DAY_MINUTES),
        };
        let holds = || vec![hold(Some("buyer")), hold(None)];
        add(pages, "leaving", &LeavingPage { channels: Vec::new(), ..page() });
        add(pages, "leaving-orders", &LeavingPage { orders_not_sent: 12, ..page() });
        add(pages, "leaving-one-order", &LeavingPage { orders_not_sent: 1, ..page() });
        add(pages, "leaving-held", &LeavingPage { holds: holds(), ..page() });
        let wish = Leaving {
            asked_by: MemberId::new(NOW, &self.entropy),
            reason: "Fechamos a loja em dezembro.".to_owned(),
            asked_at: Self::ago(2 * DAY_MINUTES),
            due_at: Self::ahead(5 * DAY_MINUTES),
            begun_at: None,
        };
        add(pages, "leaving-asked", &LeavingPage { wish: Some(wish.clone()), ..page() });
        add(pages, "leaving-asked-held", &LeavingPage { wish: Some(wish), holds: holds(), ..page() });
        let text = |key: &str| self.chrome(Nav::Privacy).t(key).to_owned();
        let errors = Errors(vec![
            FieldError { field: "name", text: text("leaving-error-name") },
            FieldError { field: "reason", text: text("leaving-error-reason") },
        ]);
        add(pages, "leaving-wrong", &LeavingPage { typed_name: "Casa".to_owned(), errors, ..page() });
    }
}

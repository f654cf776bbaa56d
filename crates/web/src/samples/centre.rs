use app::disclosure::{Disclosure, Section};
use domain::privacy::{Regime, RequestKind, due};
use domain::{MemberId, OrganizationId, RequestId};
use store::requests::{RequestRow, RequestState};

use super::{NOW, Reader, Rendered, add};
use crate::Nav;
use crate::pages::centre::{
    AskPage, AskedBefore, CentrePage, CodePage, CopyPage, FindPage, OwnRequest, ReceivedView, YoursPage,
};
use crate::pages::register::{RegisterPage, RequestPage};
use crate::pages::{Errors, FieldError};

const DAY_MINUTES: u64 = 60 * 24;

impl Reader {
    pub(super) fn centre(&self, pages: &mut Vec<Rendered>) {
        self.asking(pages);
        self.shown(pages);
        self.register(pages);
    }

    fn request(&self, kind: RequestKind, regime: Regime, state: RequestState, days_ago: u64) -> RequestRow {
        let received_at = Self::ago(days_ago * DAY_MINUTES);
        let proven = kind == RequestKind::Access;
        RequestRow {
            id: RequestId::new(received_at, &self.entropy),
            kind,
            regime,
            state,
            language: "es".to_owned(),
            member: proven.then(|| MemberId::new(received_at, &self.entropy)),
            received_at,
            due_at: due(kind, regime, received_at),
            ended_at: (state != RequestState::Open).then_some(NOW),
            erased: 0,
        }
    }

    fn asking(&self, pages: &mut Vec<Rendered>) {
        let organization = OrganizationId::new(NOW, &self.entropy);
        let gate = || self.gate(&format!("/your-data/{organization}"));
        let wrong = |field, key: &str| {
            let text = gate().ta(key, "span", "30 s");
            Errors(vec![FieldError { field, text }])
        };
        add(pages, "your-data-find", &FindPage { chrome: gate() });
        let start = |received, errors| CentrePage {
            chrome: gate(),
            organization,
            shop: "Casa Verde Utilidades".to_owned(),
            email: String::new(),
            received,
            errors,
        };
        add(pages, "your-data", &start(None, Errors::default()));
        let number = RequestId::new(NOW, &self.entropy);
        let received = ReceivedView { number, last_day: Self::ahead(15 * DAY_MINUTES) };
        add(pages, "your-data-received", &start(Some(received), Errors::default()));
        add(pages, "your-data-wait", &start(None, wrong("email", "centre-error-wait")));
        let code = |errors| CodePage { chrome: gate(), organization, errors };
        add(pages, "your-data-code", &code(Errors::default()));
        add(pages, "your-data-code-wrong", &code(wrong("code", "centre-error-code")));
        let typed = AskedBefore { called: "Maria Souza".into(), ..AskedBefore::default() };
        let errors = wrong("contact", "centre-error-ask");
        add(pages, "your-data-ask", &AskPage { chrome: gate(), organization, typed, errors });
    }

    fn shown(&self, pages: &mut Vec<Rendered>) {
        let organization = OrganizationId::new(NOW, &self.entropy);
        let gate = || self.gate(&format!("/your-data/{organization}/yours"));
        let states = [RequestState::Open, RequestState::Answered, RequestState::Refused];
        let own = |(kind, state): (&RequestKind, &RequestState)| OwnRequest {
            id: RequestId::new(NOW, &self.entropy),
            kind: *kind,
            state: *state,
            last_day: Self::ahead(10 * DAY_MINUTES),
        };
        let requests = RequestKind::ALL.iter().zip(states.iter().cycle()).map(own).collect();
        add(pages, "your-data-yours", &YoursPage { chrome: gate(), organization, requests });
        let all = [
            ("id", "mem_01"),
            ("email", "ana@casaverde.example"),
            ("role", "owner"),
            ("language", "pt-BR"),
            ("theme", "auto"),
            ("since", "2026-01-05T14:30:00.000Z"),
            ("authenticator", "yes"),
            ("recovery_codes", "8"),
            ("provider", "https://id.casaverde.example"),
        ];
        let entry = all.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let mut sections = vec![Section { name: "person", entries: vec![entry] }];
        let rest = ["name", "last_used", "device", "what", "at", "law", "state", "due", "ended"];
        let entry = rest.iter().map(|name| (*name, String::new())).collect();
        sections.push(Section { name: "passkeys", entries: vec![entry] });
        for name in ["sessions", "devices", "notices", "views", "requests", "events"] {
            sections.push(Section { name, entries: Vec::new() });
        }
        let copy = Disclosure { at: NOW, request: RequestId::new(NOW, &self.entropy), sections };
        add(pages, "your-data-copy", &CopyPage { chrome: gate(), organization, copy });
    }

    fn register(&self, pages: &mut Vec<Rendered>) {
        let open = RequestState::Open;
        let requests = vec![
            self.request(RequestKind::Erase, Regime::Lgpd, open, 40),
            self.request(RequestKind::Correct, Regime::Lgpd, open, 14),
            self.request(RequestKind::Access, Regime::Gdpr, open, 18),
            self.request(RequestKind::SharedWith, Regime::Ccpa, open, 1),
            self.request(RequestKind::Access, Regime::Lgpd, RequestState::Answered, 60),
        ];
        let (chrome, public) = (self.chrome(Nav::Privacy), "https://hub.example/your-data/org_01".to_owned());
        add(pages, "register", &RegisterPage { chrome, public: public.clone(), overdue: 1, requests });
        let (chrome, requests) = (self.chrome(Nav::Privacy), Vec::new());
        add(pages, "register-empty", &RegisterPage { chrome, public, overdue: 0, requests });
        let page = |row: RequestRow, answer: Option<&str>, errors| RequestPage {
            chrome: self.chrome(Nav::Privacy),
            row,
            contact: "maria@fora.example".to_owned(),
            called: "Maria Souza".to_owned(),
            text: "Comprei em março e quero sair.".to_owned(),
            answer: answer.map(str::to_owned),
            typed_called: "Maria Souza".to_owned(),
            typed_answer: String::new(),
            errors,
        };
        let row = || self.request(RequestKind::Erase, Regime::Lgpd, open, 3);
        add(pages, "request", &page(row(), None, Errors::default()));
        let text = |key: &str| self.chrome(Nav::Privacy).t(key).to_owned();
        let errors = Errors(vec![
            FieldError { field: "called", text: text("request-error-called") },
            FieldError { field: "answer", text: text("request-error-text") },
        ]);
        add(pages, "request-wrong", &page(row(), None, errors));
        let ended = RequestRow {
            erased: 2,
            ..self.request(RequestKind::Erase, Regime::Lgpd, RequestState::Answered, 9)
        };
        add(pages, "request-answered", &page(ended, Some("Feito."), Errors::default()));
    }
}

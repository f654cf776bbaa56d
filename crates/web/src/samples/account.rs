use domain::Problem;

use super::{Reader, Rendered, add, brl};
use crate::pages::account::{ErrorPage, Obstacle, ProviderPage, RecoverPage, SetupPage, SignInPage};
use crate::pages::components::ComponentsPage;
use crate::pages::{Errors, FieldError, Pager};
use crate::{Chrome, Flash, Nav, Tone};

impl Reader {
    pub(super) fn account(&self, pages: &mut Vec<Rendered>) {
        let chrome = self.gate("/sign-in");
        let text = chrome.t("obstacle-bad_request-title").to_owned();
        let errors = Errors(vec![FieldError { field: "email", text }]);
        let sign_in = |errors| SignInPage {
            chrome: self.gate("/sign-in"),
            email: "ana@casaverde.example".to_owned(),
            next: "/orders".to_owned(),
            passkeys_possible: true,
            provider: Some("id.casaverde.example".to_owned()),
            errors,
        };
        add(pages, "sign-in", &sign_in(Errors::default()));
        add(pages, "sign-in-refused", &sign_in(errors.clone()));
        self.at_the_provider(pages);
        self.behind_links(pages);
        for obstacle in Obstacle::OWN {
            add(
                pages,
                "error",
                &ErrorPage {
                    chrome: self.gate("/"),
                    obstacle,
                    way_out: "/orders".to_owned(),
                    reference: None,
                },
            );
        }
        for problem in Problem::ALL {
            add(
                pages,
                "error-problem",
                &ErrorPage {
                    chrome: self.chrome(Nav::Connections),
                    obstacle: Obstacle::Problem(problem),
                    way_out: "/connections".to_owned(),
                    reference: Some("req_01k9xq".to_owned()),
                },
            );
        }
        add(
            pages,
            "components",
            &ComponentsPage {
                chrome: self.chrome(Nav::Audit),
                states: super::orders::STATES.to_vec(),
                amounts: vec![brl(-5), brl(4_990), brl(123_456_750)],
                instants: vec![
                    Self::ago(0),
                    Self::ago(90),
                    Self::ago(4_000),
                    Self::ahead(150),
                    Self::ahead(9_000),
                ],
                errors,
                pager: Pager { newer: Some("#newer".to_owned()), older: Some("#older".to_owned()) },
            },
        );
    }

    /// The way to the identity provider, and what is said of one that came to nothing.
    fn at_the_provider(&self, pages: &mut Vec<Rendered>) {
        let host = "id.casaverde.example".to_owned();
        let address = format!("https://{host}/authorize?client_id=loja");
        add(pages, "provider", &ProviderPage { chrome: self.gate("/sign-in"), host, address });
        for word in [
            "away",
            "wait",
            "start-again",
            "clock",
            "not-believed",
            "denied",
            "not-linked",
            "taken",
            "other-account",
            "not-fresh",
            "not-enough",
        ] {
            let chrome = self.gate("/sign-in");
            let text = chrome.t(&format!("flash-provider-{word}")).to_owned();
            let page = SignInPage {
                chrome: Chrome { flash: Some(Flash { tone: Tone::Bad, text }), ..chrome },
                email: String::new(),
                next: "/orders".to_owned(),
                passkeys_possible: false,
                provider: None,
                errors: Errors::default(),
            };
            add(pages, "sign-in-provider", &page);
        }
    }

    /// What one-time links lead to.
    fn behind_links(&self, pages: &mut Vec<Rendered>) {
        add(
            pages,
            "setup",
            &SetupPage {
                chrome: self.gate("/setup/x"),
                token: "x".to_owned(),
                organization: String::new(),
                email: String::new(),
                password_min_chars: 12,
                errors: Errors::default(),
            },
        );
        add(
            pages,
            "recover",
            &RecoverPage {
                chrome: self.gate("/recover/x"),
                token: "x".to_owned(),
                email: String::new(),
                password_min_chars: 12,
                errors: Errors::default(),
            },
        );
    }
}

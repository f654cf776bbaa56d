use app::sign_in::Choices;
use domain::member::SecurityNotice;
use domain::{Actor, ApiKeyId, Grant, PasskeyId, Purpose, Restricted, SeededEntropy, SessionId, Timestamp};
use vault::totp::Seed;

use super::{Reader, Rendered, add};
use crate::pages::security::{
    ApiKeyView, ApiKeysPage, AuthenticatorPage, CodesPage, NoticeView, PasskeyView, ProviderView,
    SecondStepPage, SecurityPage, SessionView,
};
use crate::pages::{Errors, FieldError};
use crate::{Chrome, Nav, qr};

impl Reader {
    pub(super) fn security(&self, pages: &mut Vec<Rendered>) {
        let page = |full: bool| self.security_page(full);
        add(pages, "security", &page(true));
        add(pages, "security-first", &page(false));
        let seed = Seed::from_kept(Restricted::new(b"12345678901234567890".to_vec()));
        // tidy: allowed because the sample shows a seed that everybody knows (RFC 6238).
        let grant = Grant::issue(Actor::system("samples"), Purpose::SignIn, Timestamp::EPOCH);
        let uri = seed.to_uri("Lojista", "ana@casaverde.example", &grant);
        add(
            pages,
            "security-app",
            &AuthenticatorPage {
                chrome: self.own(),
                drawing: qr::draw(&uri),
                secret: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".to_owned(),
                uri: uri.to_string(),
                errors: Errors::default(),
            },
        );
        add(pages, "api-keys", &self.api_keys_page(true));
        add(pages, "api-keys-refused", &self.api_keys_page(false));
        let codes = vault::recovery::codes(&SeededEntropy::new(7));
        add(pages, "security-codes", &CodesPage { chrome: self.own(), codes });
        let wrong = Errors(vec![FieldError {
            field: "code",
            text: self.gate("/sign-in/second").t("second-step-wrong").to_owned(),
        }]);
        add(pages, "second-step", &self.step("/sign-in/second", true, true, Errors::default()));
        add(pages, "second-step-refused", &self.step("/sign-in/second", true, false, wrong));
        add(pages, "confirm", &self.step("/confirm", false, true, Errors::default()));
        let password = SecondStepPage {
            choices: Choices {
                password: true,
                provider: Some("id.casaverde.example".to_owned()),
                ..Choices::default()
            },
            ..self.step("/confirm", false, false, Errors::default())
        };
        add(pages, "confirm-password", &password);
    }

    fn api_keys_page(&self, made: bool) -> ApiKeysPage {
        let key = |name: &str, used| ApiKeyView {
            id: ApiKeyId::new(Self::ago(9), &self.entropy),
            name: name.to_owned(),
            scopes: app::api_keys::SCOPES.to_vec(),
            created_at: Self::ago(60 * 24 * 4),
            expires_at: Self::ahead(60 * 24 * 86),
            last_used_at: used,
        };
        let chrome = Chrome { path: "/security/api-keys".to_owned(), ..self.own() };
        let errors = if made {
            Errors::default()
        } else {
            Errors(vec![FieldError { field: "scope", text: chrome.t("api-key-error-scope").to_owned() }])
        };
        ApiKeysPage {
            keys: vec![key("Planilha do contador", Some(Self::ago(7))), key("Painel da TV", None)],
            scopes: app::api_keys::SCOPES.to_vec(),
            typed_name: String::new(),
            made: made.then(|| "lojista_FZ3yP0mT7mDk1c0Yw0kq7w2jzV8b9xYpQ1s4t6u8v0w".to_owned()),
            errors,
            chrome,
        }
    }

    /// The chrome of a page that stands nowhere in the navigation.
    fn own(&self) -> Chrome {
        Chrome { nav: None, path: "/security".to_owned(), ..self.chrome(Nav::Orders) }
    }

    fn step(
        &self,
        action: &'static str,
        authenticator: bool,
        passkey: bool,
        errors: Errors,
    ) -> SecondStepPage {
        SecondStepPage {
            chrome: self.gate(action),
            action,
            next: "/orders".to_owned(),
            again: action == "/confirm",
            choices: Choices {
                authenticator,
                codes: true,
                password: false,
                passkey: passkey.then(|| "{\"challenge\":\"x\"}".to_owned()),
                provider: None,
            },
            errors,
        }
    }

    fn security_page(&self, full: bool) -> SecurityPage {
        let entropy = SeededEntropy::new(5);
        let passkey = |name: &str, used: Option<Timestamp>, backed_up| PasskeyView {
            id: PasskeyId::new(Self::ago(9), &entropy),
            name: name.to_owned(),
            created_at: Self::ago(60 * 24 * 40),
            last_used_at: used,
            backed_up,
        };
        let session = |device: &str, seen, own| SessionView {
            id: SessionId::new(Self::ago(9), &entropy),
            device: device.to_owned(),
            created_at: Self::ago(seen + 60),
            last_seen_at: Self::ago(seen),
            own,
        };
        let notices = SecurityNotice::ALL.into_iter().map(|notice| NoticeView {
            kind: notice.as_str().to_owned(),
            device: "Firefox, Android".to_owned(),
            at: Self::ago(12),
            seen: false,
        });
        SecurityPage {
            chrome: self.own(),
            must_add: !full,
            passkeys_possible: full,
            passkeys: if full {
                vec![passkey("Celular", Some(Self::ago(3)), true), passkey("Chave USB azul", None, false)]
            } else {
                Vec::new()
            },
            authenticator_since: full.then(|| Self::ago(60 * 24 * 12)),
            codes_left: if full { 3 } else { 0 },
            provider: Some(ProviderView {
                host: "id.casaverde.example".to_owned(),
                linked_since: full.then(|| Self::ago(60 * 24 * 2)),
            }),
            sessions: vec![session("Chrome, Linux", 0, true), session("", 14, false)],
            notices: if full { notices.collect() } else { Vec::new() },
            password_min_chars: 12,
            errors: Errors::default(),
        }
    }
}

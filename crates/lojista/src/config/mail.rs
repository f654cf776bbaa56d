//! Section `mail`: the server that letters go out by.

use connect::settings::SettingError;
use connect::{MailServer, Mailer, Sender};
use domain::Restricted;

use super::{ConfigError, Setting, Values};
use crate::failure::Failure;

/// What this section takes.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "mail.smtp_url",
        variable: "LOJISTA_SMTP_URL",
        secret: false,
        default: "none: no letters are sent",
        about: "The mail server that letters go out by, as in smtps://user@mail.example or smtp+starttls://user@mail.example:587; smtp:// without TLS to this machine alone.",
    },
    Setting {
        key: "mail.password",
        variable: "LOJISTA_SMTP_PASSWORD",
        secret: true,
        default: "none",
        about: "The password of the mail server's user.",
    },
    Setting {
        key: "mail.from",
        variable: "LOJISTA_MAIL_FROM",
        secret: false,
        default: "none",
        about: "Whom letters are from, as in Loja da Ana <loja@casa.example>. It has to be set where a mail server is.",
    },
];

/// How letters go out.
#[derive(Clone, Default)]
pub(crate) struct Mail {
    way: Option<Way>,
}

#[derive(Clone)]
struct Way {
    server: MailServer,
    password: Option<Restricted<String>>,
    from: Sender,
}

impl Mail {
    /// Reads the section.
    pub(crate) fn read(values: &Values) -> Result<Self, ConfigError> {
        let contradiction = |text: &str| Err(SettingError::Contradiction(text.into()).into());
        let given_from = values.get("mail.from");
        let given_password = values.get("mail.password");
        let Some(given) = values.get("mail.smtp_url") else {
            return if given_password.is_some() {
                contradiction(
                    "LOJISTA_SMTP_PASSWORD is for a mail server that is not set: set LOJISTA_SMTP_URL, or leave both out",
                )
            } else if given_from.is_some() {
                contradiction(
                    "LOJISTA_MAIL_FROM says whom letters are from, and no mail server is set: set LOJISTA_SMTP_URL, or leave both out",
                )
            } else {
                Ok(Self::default())
            };
        };
        let server = MailServer::parse(&given.text).map_err(|error| given.wrong(error))?;
        let Some(given_from) = given_from else {
            return contradiction(
                "LOJISTA_SMTP_URL is set and nobody is named whom letters are from: set LOJISTA_MAIL_FROM",
            );
        };
        let from = Sender::parse(&given_from.text).ok_or_else(|| {
            given_from.wrong("an e-mail address, or a name and the address in angles after it")
        })?;
        match (server.has_user(), given_password.is_some()) {
            (true, false) => contradiction(
                "LOJISTA_SMTP_URL names a user without a password: set LOJISTA_SMTP_PASSWORD_FILE, or leave the user out",
            ),
            (false, true) => contradiction(
                "LOJISTA_SMTP_PASSWORD is set and LOJISTA_SMTP_URL names no user: write the user before the @ of the address, or leave the password out",
            ),
            _ => {
                let password = given_password.map(|given| Restricted::new(given.text.clone()));
                Ok(Self { way: Some(Way { server, password, from }) })
            }
        }
    }

    /// Who sends letters, if a server is set.
    pub(crate) fn mailer(&self) -> Result<Option<Mailer>, Failure> {
        let Some(Way { server, password, from }) = &self.way else { return Ok(None) };
        let mailer = Mailer::new(server, password.as_ref(), from.clone());
        mailer.map(Some).map_err(|error| Failure::at("letters cannot be sent", error))
    }
}

/// The user's name and the sender are the operator's own.
impl std::fmt::Debug for Mail {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Mail(configured: {})", self.way.is_some())
    }
}

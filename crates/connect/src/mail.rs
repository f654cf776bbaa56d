//! Mail: plain text letters, each to one person, handed to the operator's own mail server by
//! SMTP (RFC 5321). Why here and with what: `docs/decisions/0026-privacy.md`.
//!
//! What a server says of a refusal often repeats the recipient's address, so no more than its
//! numbers is kept of it.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use domain::{Actor, Confidential, Grant, Problem, Purpose, Restricted, Timestamp, Verdict};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use percent_encoding::percent_decode_str;
use url::Url;

#[cfg(test)]
mod tests;

/// A letter has to be handed over within this span, from the first packet to the server's
/// word that it has it: half of RFC 5321's patience for a greeting, as a job waits for it.
const DEADLINE: Duration = Duration::from_secs(30);
/// Port of `smtps://` (RFC 8314 §3.3).
const SUBMISSIONS_PORT: u16 = 465;
/// Port of `smtp+starttls://` and `smtp://` (RFC 6409 §3.1).
const SUBMISSION_PORT: u16 = 587;

/// How the way to a mail server is kept closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after the greeting, or nothing at all.
    StartTls,
    /// None: this machine alone.
    Plain,
}

/// Where a mail server is, and who sends there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    security: Security,
    host: String,
    port: u16,
    user: Option<String>,
}

/// Why an address of a mail server is not taken. Each text completes "expected …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailServerError {
    /// It is none.
    #[error("an address such as smtps://user@mail.example or smtp+starttls://user@mail.example:587")]
    Form,
    /// A password stands in it.
    #[error(
        "an address without a password: put the password into a file and name it in LOJISTA_SMTP_PASSWORD_FILE"
    )]
    HoldsPassword,
    /// It leads over a network in clear.
    #[error("smtps:// or smtp+starttls://: without TLS, letters may only go to a server on this machine")]
    Plaintext,
}

impl MailServer {
    /// Reads an address: `smtps://`, `smtp+starttls://`, or `smtp://` to this machine; with a
    /// user where the server wants one.
    pub fn parse(text: &str) -> Result<Self, MailServerError> {
        let url = Url::parse(text.trim()).map_err(|_| MailServerError::Form)?;
        let (security, usual_port) = match url.scheme() {
            "smtps" => (Security::Tls, SUBMISSIONS_PORT),
            "smtp+starttls" => (Security::StartTls, SUBMISSION_PORT),
            "smtp" => (Security::Plain, SUBMISSION_PORT),
            _ => return Err(MailServerError::Form),
        };
        if url.password().is_some() {
            return Err(MailServerError::HoldsPassword);
        }
        let more = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        let host = url.host_str().filter(|host| !host.is_empty() && !more).ok_or(MailServerError::Form)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        if security == Security::Plain && !is_this_machine(&host) {
            return Err(MailServerError::Plaintext);
        }
        let user = percent_decode_str(url.username()).decode_utf8().map_err(|_| MailServerError::Form)?;
        let user = Some(user.into_owned()).filter(|user| !user.is_empty());
        Ok(Self { security, host, port: url.port().unwrap_or(usual_port), user })
    }

    /// Whether the server wants to know who sends.
    #[must_use]
    pub const fn has_user(&self) -> bool {
        self.user.is_some()
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whom letters are from, as in `Loja <loja@casa.example>` or the address alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(Mailbox);

impl Sender {
    /// Reads an address, with a name before it or without; `None` where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.trim().parse().ok().map(Self)
    }
}

/// Whether letters can be sent to an address, by its form.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

/// A letter.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Names the letter: the same in every try, so that one that arrives twice can be told
    /// to be one.
    pub id: String,
    /// Its date.
    pub at: Timestamp,
    /// The recipient's address.
    pub to: Confidential<String>,
    /// One line.
    pub subject: Confidential<String>,
    /// Plain text.
    pub text: Confidential<String>,
}

/// Why a letter was not handed over. No text holds an address or a word of the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Nobody answers, or not in time, or the connection broke.
    #[error("the mail server does not answer")]
    Away,
    /// It wants to be asked later.
    #[error("the mail server answered {0}: not now")]
    Later(u16),
    /// It refuses for good: the recipient, the sender, the password.
    #[error("the mail server refused with {0}")]
    Refused(u16),
    /// What it said is no SMTP.
    #[error("the mail server's answer is not SMTP")]
    Garbled,
    /// There is no TLS with it, or its certificate is not good for its name.
    #[error("no secure connection to the mail server: it does not speak TLS, or its certificate is not good")]
    Insecure,
    /// It cannot do what is needed: no STARTTLS, no way to sign in, no address of this kind.
    #[error("the mail server cannot take such a letter, or offers no STARTTLS or no way to sign in")]
    Unfit,
    /// The recipient's address is none.
    #[error("the recipient's address is no e-mail address")]
    NoAddress,
    /// No server is configured.
    #[error("no mail server is configured: set LOJISTA_SMTP_URL and LOJISTA_MAIL_FROM")]
    NoServer,
}

impl MailError {
    /// Retry or fail.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Away | Self::Later(_) | Self::Garbled => Verdict::RETRY,
            Self::Refused(_) | Self::Insecure | Self::Unfit | Self::NoAddress | Self::NoServer => {
                Verdict::Fail
            }
        }
    }

    /// What a person reads about.
    #[must_use]
    pub const fn problem(self) -> Problem {
        match self {
            Self::Away | Self::Later(_) | Self::Garbled | Self::Insecure | Self::Unfit | Self::NoServer => {
                Problem::MailServer
            }
            Self::Refused(_) | Self::NoAddress => Problem::MailRefused,
        }
    }

    fn of(error: &lettre::transport::smtp::Error) -> Self {
        if let Some(code) = error.status() {
            let number = u16::from(code);
            return if error.is_permanent() { Self::Refused(number) } else { Self::Later(number) };
        }
        if error.is_tls() || failed_in_tls(error) {
            Self::Insecure
        } else if error.is_client() {
            Self::Unfit
        } else if error.is_response() {
            Self::Garbled
        } else {
            Self::Away
        }
    }
}

/// A handshake that failed comes as an error of the connection, whose cause is data that is
/// none (tokio-rustls).
fn failed_in_tls(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return io.kind() == std::io::ErrorKind::InvalidData && io.get_ref().is_some();
        }
        cause = error.source();
    }
    false
}

/// Why a mail server cannot be used as it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailerError {
    /// TLS cannot be had.
    #[error("TLS cannot be used: the machine's certificates cannot be read, or the server's name is none")]
    Tls,
}

/// Sends letters.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The transport would show the password.
        write!(out, "Mailer(from {})", self.from.email.domain())
    }
}

impl Mailer {
    /// Sends through a server, as its user if it has one.
    pub fn new(
        server: &MailServer,
        password: Option<&Restricted<String>>,
        from: Sender,
    ) -> Result<Self, MailerError> {
        let tls = || TlsParameters::new(server.host.clone()).map_err(|_| MailerError::Tls);
        Self::with_tls(server, password, from, tls)
    }

    fn with_tls(
        server: &MailServer,
        password: Option<&Restricted<String>>,
        Sender(from): Sender,
        tls: impl FnOnce() -> Result<TlsParameters, MailerError>,
    ) -> Result<Self, MailerError> {
        let tls = match server.security {
            Security::Tls => Tls::Wrapper(tls()?),
            Security::StartTls => Tls::Required(tls()?),
            Security::Plain => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(DEADLINE))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()));
        if let (Some(user), Some(password)) = (&server.user, password) {
            // tidy: allowed because the program shows its own password to its own mail server
            let grant = Grant::issue(Actor::system("mail"), Purpose::SendMail, Timestamp::EPOCH);
            builder = builder.credentials(Credentials::new(user.clone(), password.reveal(&grant).clone()));
        }
        Ok(Self { transport: builder.build(), from })
    }

    /// Hands a letter to the server. When its answer is lost, the letter may have gone: the
    /// next try carries the same name.
    pub async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let message = self.message(letter)?;
        match tokio::time::timeout(DEADLINE, self.transport.send(message)).await {
            Ok(Ok(_taken)) => Ok(()),
            Ok(Err(error)) => Err(MailError::of(&error)),
            Err(_late) => Err(MailError::Away),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, MailError> {
        // tidy: allowed because the program itself hands the letter to its recipient's server
        let grant = Grant::issue(Actor::system("mail"), Purpose::SendMail, letter.at);
        let to: Address = letter.to.reveal(&grant).parse().map_err(|_| MailError::NoAddress)?;
        let millis = u64::try_from(letter.at.as_millis()).unwrap_or_default();
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .date(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .subject(letter.subject.reveal(&grant).clone())
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.reveal(&grant).clone())
            .map_err(|_| MailError::Unfit)
    }
}

//! A mail server that a shop under test sends its letters to, over real sockets.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use connect::{MailServer, Mailer, Sender};
use domain::Clock;
use sandbox::MailCatcher;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::shop::TestApp;

/// Whom the letters of a shop under test are from.
pub const SENDER: &str = "Loja de Teste <loja@loja.example>";

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub struct Mailbox {
    /// What it caught.
    pub catcher: MailCatcher,
    /// Where it is.
    pub address: SocketAddr,
    _taking: JoinSet<()>,
}

/// Sends letters to a server on this machine.
///
/// # Panics
/// When the address is none.
#[must_use]
pub fn mailer_to(address: SocketAddr) -> Mailer {
    let server = MailServer::parse(&format!("smtp://{address}")).expect("a server on this machine");
    Mailer::new(&server, None, Sender::parse(SENDER).expect("a sender")).expect("a mailer")
}

impl Mailbox {
    /// Opens one on this machine.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn open(clock: Arc<dyn Clock>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let catcher = MailCatcher::new(clock);
        let mut taking = JoinSet::new();
        taking.spawn(catcher.clone().take_in(listener));
        Self { catcher, address, _taking: taking }
    }
}

impl TestApp {
    /// Has a mail server from now on, until the program starts anew.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn gets_mailbox(&self) -> Mailbox {
        let mailbox = Mailbox::open(Arc::new(self.market().sandbox().clock())).await;
        self.mails_to(mailbox.address);
        mailbox
    }

    /// Sends its letters there from now on, whoever listens.
    pub fn mails_to(&self, address: SocketAddr) {
        self.becomes(self.app().mailing(Some(mailer_to(address))));
    }
}

/// The one-time code in a letter: its longest run of digits and blanks.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn code_in(text: &str) -> String {
    let groups = text.split(|letter: char| !letter.is_ascii_digit() && letter != ' ');
    let digits = groups.map(|group| group.chars().filter(char::is_ascii_digit).collect::<String>());
    digits.max_by_key(String::len).filter(|code| code.len() >= 8).expect("a letter with a code")
}

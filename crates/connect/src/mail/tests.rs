//! Letters over real sockets, to mail servers that behave and to others.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use lettre::transport::smtp::client::{Certificate, CertificateStore};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

/// Says what differs from a good server's answer to a line; the greeting answers "", the
/// letter's end ".".
type Differs = fn(&str) -> Option<&'static str>;

/// What a server heard, line by line.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    fn note(&self, line: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
    }
}

/// Answers one connection as a mail server does.
fn converse(stream: impl Read + Write, differs: Differs, heard: &Heard) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut in_letter = false;
    let mut line = String::new();
    loop {
        let command = line.trim_end();
        let good = match command.split([' ', ':']).next().unwrap_or_default() {
            "." => "250 2.0.0 kept",
            _ if in_letter => "",
            "" => "220 mail.example ready",
            "EHLO" => "250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
            "AUTH" => "235 2.7.0 welcome",
            "MAIL" | "RCPT" => "250 2.1.0 fine",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "500 what?",
        };
        in_letter = command == "DATA" || (in_letter && command != ".");
        let answer = if in_letter && command != "DATA" { good } else { differs(command).unwrap_or(good) };
        match answer {
            "hang up" => return Ok(()),
            "" => {}
            answer => stream.get_mut().write_all(format!("{answer}\r\n").as_bytes())?,
        }
        stream.get_mut().flush()?;
        if command == "QUIT" {
            return Ok(());
        }
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        heard.note(line.trim_end());
    }
}

/// A server on a free port; with TLS from the first byte where it has a certificate. It ends
/// with the test's process.
fn server(identity: Option<&Identity>, differs: Differs) -> (SocketAddr, Heard) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let heard = Heard::default();
    let (ears, config) = (heard.clone(), identity.map(Identity::config));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away in between is what some of these tests are about.
            let _ = match &config {
                None => converse(stream, differs, &ears),
                Some(config) => {
                    let tls = ServerConnection::new(Arc::clone(config)).expect("a server of TLS");
                    converse(StreamOwned::new(tls, stream), differs, &ears)
                }
            };
        }
    });
    (address, heard)
}

/// A certificate that signs itself, for one host.
struct Identity {
    key: Vec<u8>,
    certificate: Vec<u8>,
}

/// A value of DER (ITU-T X.690 §8.1); none here is longer than 64 KiB.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = u16::try_from(body.len()).expect("a short value").to_be_bytes();
    let mut out = match body.len() {
        0..=127 => vec![tag, length[1]],
        128..=255 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    out.extend(body);
    out
}

impl Identity {
    /// RFC 5280 §4.1, RFC 8410; `host` is an entry of the subject's alternative names.
    fn of(host: &[u8]) -> Self {
        let pair = Ed25519KeyPair::generate().expect("a key");
        let algorithm = der(0x30, &[&[0x06, 3, 0x2b, 0x65, 0x70]]);
        let common = der(0x30, &[&[0x06, 3, 0x55, 4, 3], &der(0x0c, &[b"mail"])]);
        let name = der(0x30, &[&der(0x31, &[&common])]);
        let validity = der(0x30, &[&der(0x17, &[b"250101000000Z"]), &der(0x17, &[b"491231235959Z"])]);
        let public = der(0x30, &[&algorithm, &der(3, &[&[0], pair.public_key().as_ref()])]);
        let names = der(0x30, &[&[0x06, 3, 0x55, 0x1d, 0x11], &der(4, &[&der(0x30, &[host])])]);
        let body = der(
            0x30,
            &[
                &[0xa0, 3, 2, 1, 2, 2, 1, 1],
                &algorithm,
                &name,
                &validity,
                &name,
                &public,
                &der(0xa3, &[&der(0x30, &[&names])]),
            ],
        );
        let signature = pair.sign(&body);
        let certificate = der(0x30, &[&body, &algorithm, &der(3, &[&[0], signature.as_ref()])]);
        let key = pair.to_pkcs8v1().expect("a key can be written").as_ref().to_vec();
        Self { key, certificate }
    }

    /// For 127.0.0.1.
    fn of_loopback() -> Self {
        Self::of(&der(0x87, &[&[127, 0, 0, 1]]))
    }

    fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::try_from(self.key.clone()).expect("a key");
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(self.certificate.clone())], key);
        Arc::new(config.expect("a certificate with its key"))
    }

    /// A sender that trusts this certificate alone.
    fn trusted_by(&self, server: &MailServer, password: Option<&Restricted<String>>) -> Mailer {
        let root = Certificate::from_der(self.certificate.clone()).expect("a certificate");
        let tls = TlsParameters::builder(server.host.clone())
            .certificate_store(CertificateStore::None)
            .add_root_certificate(root)
            .build();
        Mailer::with_tls(server, password, from(), || tls.map_err(|_| MailerError::Tls)).expect("a mailer")
    }
}

fn from() -> Sender {
    Sender::parse("Loja da Ana <loja@casa.example>").expect("a sender")
}

fn letter(to: &str) -> Letter {
    Letter {
        id: "mail_1".into(),
        at: Timestamp::from_millis(1_767_623_400_000),
        to: Confidential::new(to.into()),
        subject: Confidential::new("Seu código".into()),
        text: Confidential::new("Olá, o código é 482913.\n".into()),
    }
}

fn mailer(address: SocketAddr) -> Mailer {
    let server = MailServer::parse(&format!("smtp://{address}")).expect("a server");
    Mailer::new(&server, None, from()).expect("a mailer")
}

/// How a letter to a server ends that differs so.
async fn sent(differs: Differs) -> Result<(), MailError> {
    let (address, _) = server(None, differs);
    mailer(address).send(&letter("bia@fora.example")).await
}

#[tokio::test]
async fn a_letter_arrives_whole() {
    let (address, heard) = server(None, |_| None);
    mailer(address).send(&letter("bia@fora.example")).await.expect("it is taken");
    let heard = heard.text();
    for line in [
        "MAIL FROM:<loja@casa.example>",
        "RCPT TO:<bia@fora.example>",
        "Message-ID: <mail_1@casa.example>",
        "Date: Mon, 05 Jan 2026 14:30:00 +0000",
        "To: bia@fora.example",
    ] {
        assert!(heard.contains(line), "{line} is not in\n{heard}");
    }
    assert!(heard.contains("482913") && heard.is_ascii(), "{heard}");
}

#[tokio::test]
async fn who_says_later_is_asked_again_and_who_refuses_is_not() {
    assert_eq!(
        sent(|line| line.is_empty().then_some("421 4.3.2 too busy")).await,
        Err(MailError::Later(421))
    );
    let greylisted = sent(|line| line.starts_with("RCPT").then_some("451 4.7.1 later")).await;
    assert_eq!(greylisted, Err(MailError::Later(451)));
    let refused =
        sent(|line| line.starts_with("RCPT").then_some("550 5.1.1 <bia@fora.example>: nobody")).await;
    assert_eq!(refused, Err(MailError::Refused(550)));
    let too_long = sent(|line| (line == ".").then_some("552 5.3.4 no")).await;
    assert_eq!(too_long, Err(MailError::Refused(552)));
    assert!(matches!(MailError::Later(451).verdict(), Verdict::Retry { .. }));
    assert_eq!(MailError::Refused(550).verdict(), Verdict::Fail);
}

#[tokio::test]
async fn no_error_repeats_the_recipient() {
    let refused = sent(|line| line.starts_with("RCPT").then_some("550 <bia@fora.example>: nobody")).await;
    let shown = format!("{refused:?} {}", refused.expect_err("it is refused"));
    assert!(shown.contains("550") && !shown.contains("bia"), "{shown}");
}

#[tokio::test]
async fn a_server_that_is_away_or_breaks_off_is_tried_again() {
    let free =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr()).expect("a free port");
    assert_eq!(mailer(free).send(&letter("bia@fora.example")).await, Err(MailError::Away));
    for moment in ["EHLO", "RCPT", "."] {
        let differs: Differs = match moment {
            "EHLO" => |line| line.starts_with("EHLO").then_some("hang up"),
            "RCPT" => |line| line.starts_with("RCPT").then_some("hang up"),
            _ => |line| (line == ".").then_some("hang up"),
        };
        let ended = sent(differs).await.expect_err("it breaks off");
        assert!(matches!(ended.verdict(), Verdict::Retry { .. }), "{moment}: {ended:?}");
    }
}

#[tokio::test]
async fn what_is_no_mail_server_is_told_to_be_none() {
    let ended = sent(|line| line.is_empty().then_some("HTTP/1.1 400 Bad Request")).await;
    assert_eq!(ended, Err(MailError::Garbled));
}

#[tokio::test]
async fn a_recipient_that_is_no_address_is_asked_of_nobody() {
    let (address, heard) = server(None, |_| None);
    for to in ["", "bia", "bia@", "bia@fora.example\r\nRCPT TO:<eva@fora.example>", "a b@fora.example"] {
        assert_eq!(mailer(address).send(&letter(to)).await, Err(MailError::NoAddress), "{to:?}");
        assert!(!is_address(to));
    }
    assert_eq!(heard.text(), "");
}

/// ASVS 12.3.2.
#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let identity = Identity::of_loopback();
    let (address, heard) = server(Some(&identity), |_| None);
    let server = MailServer::parse(&format!("smtps://{address}")).expect("a server");
    let mailer = Mailer::new(&server, None, from()).expect("a mailer");
    assert_eq!(mailer.send(&letter("bia@fora.example")).await, Err(MailError::Insecure));
    assert_eq!(heard.text(), "");
}

/// ASVS 12.3.2.
#[tokio::test]
async fn a_certificate_of_another_host_is_refused() {
    let identity = Identity::of(&der(0x82, &[b"other.example"]));
    let (address, heard) = server(Some(&identity), |_| None);
    let server = MailServer::parse(&format!("smtps://{address}")).expect("a server");
    let ended = identity.trusted_by(&server, None).send(&letter("bia@fora.example")).await;
    assert_eq!(ended, Err(MailError::Insecure));
    assert_eq!(heard.text(), "");
}

#[tokio::test]
async fn a_good_certificate_gets_letter_and_password() {
    let identity = Identity::of_loopback();
    let (address, heard) = server(Some(&identity), |_| None);
    let server = MailServer::parse(&format!("smtps://loja%40casa.example@{address}")).expect("a server");
    let password = Restricted::new("segredo".to_owned());
    let mailer = identity.trusted_by(&server, Some(&password));
    mailer.send(&letter("bia@fora.example")).await.expect("it is taken");
    let heard = heard.text();
    // RFC 4616: nothing, the user, the password, with zeros between them.
    let shown =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "\0loja@casa.example\0segredo");
    assert!(heard.contains(&format!("AUTH PLAIN {shown}")) && heard.contains("RCPT TO"), "{heard}");
    assert!(!format!("{mailer:?}").contains("segredo"));
}

#[tokio::test]
async fn a_server_without_starttls_hears_nothing_of_a_letter() {
    let (address, heard) = server(None, |_| None);
    let server = MailServer::parse(&format!("smtp+starttls://loja@{address}")).expect("a server");
    let password = Restricted::new("segredo".to_owned());
    let mailer = Mailer::new(&server, Some(&password), from()).expect("a mailer");
    assert_eq!(mailer.send(&letter("bia@fora.example")).await, Err(MailError::Unfit));
    let heard = heard.text();
    assert!(!heard.contains("AUTH") && !heard.contains("MAIL"), "{heard}");
}

#[test]
fn an_address_of_a_server_is_whole_or_refused() {
    let good = |text| MailServer::parse(text).expect("a server");
    let tls = good("smtps://loja%40casa.example@mail.example");
    assert_eq!(
        (tls.port, tls.user.as_deref(), tls.security),
        (465, Some("loja@casa.example"), Security::Tls)
    );
    assert_eq!(good("smtp+starttls://mail.example").port, 587);
    assert_eq!(good("smtp://127.0.0.1:1025").port, 1025);
    assert_eq!(good("smtp://[::1]:1025").host, "::1");
    assert_eq!(good("smtp://localhost").security, Security::Plain);
    for (text, why) in [
        ("", MailServerError::Form),
        ("mail.example", MailServerError::Form),
        ("https://mail.example", MailServerError::Form),
        ("smtps://", MailServerError::Form),
        ("smtps://mail.example/box", MailServerError::Form),
        ("smtps://mail.example?tls=none", MailServerError::Form),
        ("smtps://loja:segredo@mail.example", MailServerError::HoldsPassword),
        ("smtp://mail.example", MailServerError::Plaintext),
        ("smtp://10.0.0.7:25", MailServerError::Plaintext),
        ("smtp://localhost.example", MailServerError::Plaintext),
    ] {
        assert_eq!(MailServer::parse(text), Err(why), "{text:?}");
    }
}

//! A mail server that delivers nothing: what is sent to it can be read (RFC 5321 for the way
//! in; RFC 2045 and 2047 for what a letter says). It refuses on demand, as real ones do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, put};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::Clock;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Letters that are kept; the oldest go first.
const MAX_MAILS: usize = 200;
/// The longest letter taken, in bytes: what an ordinary server takes (1 MiB).
const MAX_MAIL_BYTES: usize = 1024 * 1024;
/// The longest line of a client, in bytes (RFC 5321 §4.5.3.1.6, for texts).
const MAX_LINE_BYTES: u64 = 1_000;

/// A letter that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaughtMail {
    /// The first is 1.
    pub number: u64,
    /// When, in RFC 3339.
    pub received_at: String,
    /// Whom the way in named as its sender.
    pub from: String,
    /// Whom it named as recipients.
    pub to: Vec<String>,
    /// The letter's own name.
    pub message_id: String,
    /// Its subject, decoded.
    pub subject: String,
    /// Its text, decoded.
    pub text: String,
}

/// Where a refusal comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailStage {
    /// Instead of the greeting.
    Greeting,
    /// At the recipient.
    Recipient,
    /// At the letter's end.
    Letter,
}

/// A refusal on demand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailRefusal {
    /// Where.
    pub stage: MailStage,
    /// What is answered: 400 to 499 is "later", 500 to 599 "never".
    pub code: u16,
    /// How often.
    pub count: u32,
}

#[derive(Debug, Default)]
struct Inside {
    mails: VecDeque<CaughtMail>,
    count: u64,
    refusals: Vec<MailRefusal>,
}

/// The mail server. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct MailCatcher {
    inside: Arc<Mutex<Inside>>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for MailCatcher {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "MailCatcher({} letters)", self.hold().mails.len())
    }
}

impl MailCatcher {
    /// An empty one.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { inside: Arc::default(), clock }
    }

    /// What came, the newest first.
    #[must_use]
    pub fn mails(&self) -> Vec<CaughtMail> {
        self.hold().mails.iter().rev().cloned().collect()
    }

    /// Refuses from now on, in place of what was refused before.
    pub fn refuse(&self, refusals: Vec<MailRefusal>) {
        self.hold().refusals = refusals;
    }

    /// Takes letters on one listener and shows them on the other, until the tasks are aborted
    /// (dropping the set does).
    pub fn spawn(&self, smtp: TcpListener, http: TcpListener) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let router = self.router();
        tasks.spawn(async move {
            if let Err(error) = axum::serve(http, router).await {
                tracing::error!(%error, "the mail catcher stopped showing letters");
            }
        });
        tasks.spawn(self.clone().take_in(smtp));
        tasks
    }

    /// Takes letters until the task is dropped.
    pub async fn take_in(self, listener: TcpListener) {
        let mut talks = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    // Who went away before being let in is no reason to stop.
                    let Ok((stream, _)) = accepted else { continue };
                    let catcher = self.clone();
                    talks.spawn(async move {
                        if let Err(error) = catcher.converse(stream).await {
                            tracing::debug!(%error, "a sender of letters went away");
                        }
                    });
                }
                Some(_ended) = talks.join_next() => {}
            }
        }
    }

    /// What is shown of it, for calls in process or over any listener.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/_sandbox/mails", get(list).delete(empty))
            .route("/_sandbox/mails/refusals", put(set_refusals))
            .with_state(self.clone())
    }

    fn hold(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The refusal that is due at a stage, counted down.
    fn refusal(&self, stage: MailStage) -> Option<String> {
        let mut held = self.hold();
        let due = held.refusals.iter_mut().find(|refusal| refusal.stage == stage && refusal.count > 0)?;
        due.count -= 1;
        Some(format!("{} the sandbox was told to refuse this", due.code))
    }

    async fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        let (reading, mut writing) = stream.into_split();
        let mut reading = BufReader::new(reading);
        let refused = self.refusal(MailStage::Greeting);
        let greeting = refused.clone().unwrap_or_else(|| "220 sandbox ESMTP".into());
        writing.write_all(format!("{greeting}\r\n").as_bytes()).await?;
        if refused.is_some() {
            return Ok(());
        }
        let (mut from, mut to) = (String::new(), Vec::new());
        loop {
            let mut line = Vec::new();
            (&mut reading).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).await?;
            if line.is_empty() {
                return Ok(());
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let verb: String = line.chars().take(4).collect::<String>().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" | "HELO" => "250-sandbox\r\n250-8BITMIME\r\n250 SMTPUTF8".to_owned(),
                "MAIL" => {
                    (from, to) = (path_of(&line), Vec::new());
                    "250 2.1.0 fine".into()
                }
                "RCPT" => {
                    if let Some(refusal) = self.refusal(MailStage::Recipient) {
                        refusal
                    } else {
                        to.push(path_of(&line));
                        "250 2.1.5 fine".into()
                    }
                }
                "DATA" if to.is_empty() => "503 5.5.1 nobody to send it to".into(),
                "DATA" => {
                    writing.write_all(b"354 go on\r\n").await?;
                    let letter = read_letter(&mut reading).await?;
                    match (letter, self.refusal(MailStage::Letter)) {
                        (None, _) => "552 5.3.4 too long".into(),
                        (Some(_), Some(refusal)) => refusal,
                        (Some(letter), None) => {
                            self.keep(std::mem::take(&mut from), std::mem::take(&mut to), &letter);
                            "250 2.0.0 kept".into()
                        }
                    }
                }
                "RSET" | "NOOP" => "250 2.0.0 fine".into(),
                "QUIT" => {
                    writing.write_all(b"221 2.0.0 bye\r\n").await?;
                    return Ok(());
                }
                _ => "502 5.5.1 unknown".into(),
            };
            writing.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }

    fn keep(&self, from: String, to: Vec<String>, letter: &str) {
        let (head, body) = letter.split_once("\r\n\r\n").unwrap_or((letter, ""));
        let received_at = self.clock.now().to_rfc3339();
        let mut inside = self.hold();
        inside.count += 1;
        let mail = CaughtMail {
            number: inside.count,
            received_at,
            from,
            to,
            message_id: header(head, "message-id"),
            subject: decode_words(&header(head, "subject")),
            text: decode_body(&header(head, "content-transfer-encoding"), body),
        };
        inside.mails.push_back(mail);
        if inside.mails.len() > MAX_MAILS {
            inside.mails.pop_front();
        }
    }
}

/// What stands between the angles.
fn path_of(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or("", |(path, _)| path).to_owned()
}

/// The letter up to its dot, with doubled dots undone; `None` for one that is too long.
async fn read_letter(
    reading: &mut BufReader<tokio::net::tcp::OwnedReadHalf>,
) -> std::io::Result<Option<String>> {
    let (mut letter, mut is_too_long) = (String::new(), false);
    loop {
        let mut line = Vec::new();
        (&mut *reading).take(MAX_LINE_BYTES + 2).read_until(b'\n', &mut line).await?;
        let line = String::from_utf8_lossy(&line);
        if line.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line.trim_end() == "." {
            return Ok((!is_too_long).then_some(letter));
        }
        is_too_long |= letter.len() + line.len() > MAX_MAIL_BYTES;
        if !is_too_long {
            letter.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }
}

/// A header's text, with its further lines; empty where it is not there.
fn header(head: &str, name: &str) -> String {
    let mut found: Option<String> = None;
    for line in head.lines() {
        match (&mut found, line.starts_with([' ', '\t'])) {
            (Some(text), true) => text.push_str(line),
            (Some(_), false) => break,
            (None, _) => {
                let named = line.split_once(':').filter(|(given, _)| given.eq_ignore_ascii_case(name));
                found = named.map(|(_, text)| text.trim().to_owned());
            }
        }
    }
    found.unwrap_or_default()
}

/// Encoded words (RFC 2047) in a header's text; those that are none stay as they are.
fn decode_words(text: &str) -> String {
    let mut out = String::new();
    let (mut rest, mut after_word) = (text, false);
    while let Some((before, word)) = rest.split_once("=?") {
        let Some((decoded, after)) = decode_word(word) else { break };
        // Blanks between two words belong to neither (RFC 2047 §6.2).
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        out.push_str(&String::from_utf8_lossy(&decoded));
        (rest, after_word) = (after, true);
    }
    out.push_str(rest);
    out
}

/// A word behind its `=?`: what it says, and what follows it.
fn decode_word(word: &str) -> Option<(Vec<u8>, &str)> {
    let (_, encoded) = word.split_once('?')?;
    let (way, encoded) = encoded.split_once('?')?;
    let (content, after) = encoded.split_once("?=")?;
    let decoded = match way {
        "b" | "B" => BASE64.decode(content).ok()?,
        "q" | "Q" => quoted_printable(&content.replace('_', " ")),
        _ => return None,
    };
    Some((decoded, after))
}

fn decode_body(encoding: &str, body: &str) -> String {
    let bytes = match encoding.to_ascii_lowercase().as_str() {
        "base64" => {
            let bare: String = body.chars().filter(|letter| !letter.is_whitespace()).collect();
            BASE64.decode(bare).unwrap_or_default()
        }
        "quoted-printable" => quoted_printable(body),
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}

/// RFC 2045 §6.7: `=` and two digits, or `=` at a line's end that goes on.
fn quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'=' {
            out.push(*first);
        } else if let Some(after) = after.strip_prefix(b"\r\n").or_else(|| after.strip_prefix(b"\n")) {
            rest = after;
        } else {
            let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
            match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
                Some(byte) => {
                    out.push(byte);
                    rest = &after[2..];
                }
                None => out.push(b'='),
            }
        }
    }
    out
}

async fn list(State(catcher): State<MailCatcher>) -> Json<Vec<CaughtMail>> {
    Json(catcher.mails())
}

async fn empty(State(catcher): State<MailCatcher>) -> StatusCode {
    catcher.hold().mails.clear();
    StatusCode::NO_CONTENT
}

async fn set_refusals(State(catcher): State<MailCatcher>, body: bytes::Bytes) -> Response {
    match serde_json::from_slice::<Vec<MailRefusal>>(&body) {
        Ok(refusals) if refusals.iter().all(|refusal| (400..600).contains(&refusal.code)) => {
            catcher.refuse(refusals);
            StatusCode::NO_CONTENT.into_response()
        }
        Ok(_) => (StatusCode::BAD_REQUEST, "a code is from 400 to 599\n").into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_over_their_lines_and_decoded() {
        let head = "Subject: =?utf-8?b?U2V1IGPDs2RpZ28=?=\r\n =?utf-8?q?_da_loja?=\r\nTo: a@b.example";
        assert_eq!(decode_words(&header(head, "subject")), "Seu código da loja");
        assert_eq!(header(head, "to"), "a@b.example");
        assert_eq!(header(head, "cc"), "");
        for odd in ["=?", "=?utf-8?b?", "a =? b", "=?utf-8?x?abc?=", "=?utf-8?b?***?="] {
            assert_eq!(decode_words(odd), odd);
        }
    }

    #[test]
    fn texts_are_decoded_as_their_header_says() {
        assert_eq!(decode_body("base64", "T2zD\r\noQ=="), "Olá");
        assert_eq!(decode_body("quoted-printable", "Ol=C3=A1, =\r\nmundo=3D=zz"), "Olá, mundo==zz");
        assert_eq!(decode_body("7bit", "a\r\nb"), "a\nb");
    }
}

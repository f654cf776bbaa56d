//! Service to buyers: their questions, their messages, what they send back or complain of.
//!
//! A list tells cases ([`CaseSnapshot`]): nothing personal is in them, and nothing else is
//! kept. What people wrote comes only by `read`, guarded, for the page that somebody has
//! opened. An answer is given at most once: each `answer` looks at the platform first, so
//! that one whose outcome was lost can be tried again.

use domain::{Actor, CaseKey, CaseSnapshot, Confidential, Grant, Purpose, Restricted, Timestamp};

use crate::channel::{Account, Call, Page, Window};
use crate::error::ChannelError;

/// Stands where an answer of a platform was that holds what people wrote.
const UNKEPT: &str = "[not kept: it holds what people wrote]";

/// Who wrote something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The buyer, or who speaks for them.
    Buyer,
    /// The seller.
    Seller,
    /// The platform.
    Platform,
}

/// Something that was written.
#[derive(Debug, Clone)]
pub struct Letter {
    /// By whom.
    pub by: Party,
    /// What.
    pub text: Confidential<String>,
    /// When, where the platform tells it.
    pub at: Option<Timestamp>,
}

impl Letter {
    /// A letter; `None` of an empty text.
    #[must_use]
    pub fn of(by: Party, text: Option<&str>, at: Option<Timestamp>) -> Option<Self> {
        let text = text.map(str::trim).filter(|text| !text.is_empty())?;
        Some(Self { by, text: Confidential::new(text.to_owned()), at })
    }
}

/// What a seller can do about a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Write to the buyer.
    Reply,
    /// Write to whom the platform made judge.
    ReplyToMediator,
    /// Agree to what the buyer asks, or that what came back is right.
    Accept,
    /// Say no to it.
    Refuse,
    /// Give all the money back at once.
    Refund,
    /// Let the buyer send the goods back.
    AllowReturn,
    /// Have the platform decide.
    OpenDispute,
}

impl Verb {
    /// Every verb there is.
    pub const ALL: [Self; 7] = [
        Self::Reply,
        Self::ReplyToMediator,
        Self::Accept,
        Self::Refuse,
        Self::Refund,
        Self::AllowReturn,
        Self::OpenDispute,
    ];

    /// The word in databases, forms and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::ReplyToMediator => "reply_to_mediator",
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::Refund => "refund",
            Self::AllowReturn => "allow_return",
            Self::OpenDispute => "open_dispute",
        }
    }

    /// The verb of a word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == text)
    }
}

/// A reason that the platform wants one of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What the platform calls it.
    pub word: String,
    /// What people read.
    pub text: String,
}

/// Something that the platform lets the seller do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What.
    pub verb: Verb,
    /// One of these has to be given; empty where none is asked for.
    pub reasons: Vec<Reason>,
    /// Longest text that goes with it, in characters; 0 where none does.
    pub max_chars: usize,
    /// Whether there has to be a text.
    pub text_needed: bool,
}

impl Choice {
    /// One that is done without a word.
    #[must_use]
    pub const fn plain(verb: Verb) -> Self {
        Self { verb, reasons: Vec::new(), max_chars: 0, text_needed: false }
    }

    /// One that is a text.
    #[must_use]
    pub const fn text(verb: Verb, max_chars: usize) -> Self {
        Self { verb, reasons: Vec::new(), max_chars, text_needed: true }
    }
}

/// A case as somebody opens it.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Where it stands.
    pub case: CaseSnapshot,
    /// What was written, the oldest first.
    pub letters: Vec<Letter>,
    /// What the platform lets the seller do now.
    pub choices: Vec<Choice>,
}

/// What a member answers.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What to do.
    pub verb: Verb,
    /// The platform's word of the reason.
    pub reason: Option<String>,
    /// The text. Guarded like a key, so that it is taken out of what is kept of the call.
    pub text: Option<Restricted<String>>,
    /// The same in every try of one answer, and in no other's.
    pub reference: String,
}

impl Reply {
    /// Whether `shown` is the text of this answer: it was sent already.
    #[must_use]
    pub fn says(&self, shown: &str) -> bool {
        // tidy: allowed because nobody sees it: it is compared with what the platform shows
        let grant = Grant::issue(Actor::system("service"), Purpose::AnswerBuyer, Timestamp::EPOCH);
        self.text.as_ref().is_some_and(|text| text.reveal(&grant).trim() == shown.trim())
    }

    /// How long the text is, in characters.
    #[must_use]
    pub fn chars(&self) -> usize {
        // tidy: allowed because nobody sees it: its characters are counted
        let grant = Grant::issue(Actor::system("service"), Purpose::AnswerBuyer, Timestamp::EPOCH);
        self.text.as_ref().map_or(0, |text| text.reveal(&grant).chars().count())
    }
}

/// Questions before the sale.
pub trait Questions: Send + Sync {
    /// Longest answer taken, in characters.
    fn max_chars(&self) -> usize;

    /// The questions that wait for an answer, page by page.
    fn open<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<CaseSnapshot>>;

    /// A question as it stands. An answer about another one is
    /// [`crate::ErrorKind::Garbled`].
    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, CaseSnapshot>;

    /// A question with its text.
    fn read<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Reading>;

    /// Answers it, unless it has this very answer. One that is answered otherwise or closed
    /// is [`crate::ErrorKind::Refused`].
    fn answer<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        reply: &'a Reply,
    ) -> Call<'a, CaseSnapshot>;
}

/// Messages about a sale.
pub trait Messages: Send + Sync {
    /// Longest message taken, in characters.
    fn max_chars(&self) -> usize;

    /// The threads that somebody wrote in and nobody read, page by page.
    fn waiting<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<String>>;

    /// The thread of a message.
    fn thread_of<'a>(&'a self, account: &'a Account, message_id: &'a str) -> Call<'a, String>;

    /// A thread as it stands; leaves unread what is.
    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, CaseSnapshot>;

    /// A thread with its texts; leaves unread what is.
    fn read<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Reading>;

    /// Writes in it, unless this very text was the last word of the seller's and nobody has
    /// written since.
    fn send<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        reply: &'a Reply,
    ) -> Call<'a, CaseSnapshot>;
}

/// Returns, requests to cancel, claims.
pub trait Returns: Send + Sync {
    /// Those updated within `window`, page by page. May list others; of requests to cancel
    /// only those that wait, where the platform lists no others.
    fn updated_in<'a>(
        &'a self,
        account: &'a Account,
        window: Window,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<CaseSnapshot>>;

    /// One as it stands. An answer about another one is [`crate::ErrorKind::Garbled`]; a
    /// desk that the channel does not have, [`crate::ErrorKind::AddressNotAllowed`].
    fn fetch<'a>(&'a self, account: &'a Account, key: &'a CaseKey) -> Call<'a, CaseSnapshot>;

    /// One with its texts and what can be done about it.
    fn read<'a>(&'a self, account: &'a Account, key: &'a CaseKey) -> Call<'a, Reading>;

    /// Does what the member decided, unless it is done already. What the platform does not
    /// let a seller do (any more) is [`crate::ErrorKind::Refused`].
    fn answer<'a>(
        &'a self,
        account: &'a Account,
        key: &'a CaseKey,
        reply: &'a Reply,
    ) -> Call<'a, CaseSnapshot>;
}

/// Makes a call whose answers hold what people wrote: when it fails, what is kept of it for
/// support has no body of a good answer.
pub fn unkept<'a, T>(work: impl Future<Output = Result<T, ChannelError>> + Send + 'a) -> Call<'a, T> {
    Box::pin(async move {
        work.await.map_err(|mut error| {
            if let Some(exchange) = &mut error.exchange
                && exchange.status.is_some_and(|status| (200..300).contains(&status))
                && !exchange.response_body.is_empty()
            {
                UNKEPT.clone_into(&mut exchange.response_body);
            }
            error
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_survives_its_word() {
        for verb in Verb::ALL {
            assert_eq!(Verb::parse(verb.as_str()), Some(verb));
        }
    }

    #[test]
    fn a_text_that_is_shown_is_known_again_whatever_blanks_stand_around_it() {
        let text = Some(Restricted::new("Olá, temos sim!".to_owned()));
        let reply = Reply { verb: Verb::Reply, reason: None, text, reference: "1".into() };
        assert!(reply.says(" Olá, temos sim!\n") && !reply.says("Olá"));
        assert_eq!(reply.chars(), 15);
    }

    #[test]
    fn a_letter_without_a_word_is_none() {
        assert!(Letter::of(Party::Buyer, Some("  "), None).is_none());
        assert!(Letter::of(Party::Buyer, None, None).is_none());
        assert!(Letter::of(Party::Buyer, Some("Serve?"), None).is_some());
    }
}

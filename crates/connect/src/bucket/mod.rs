//! A bucket of S3-compatible storage: the few calls that keeping backups takes, each signed, tried
//! again while what went wrong may pass, and its failures in words that say the mend.
//!
//! What is put is known whole and far below the 5 GiB that one `PutObject` takes, so nothing is
//! uploaded in parts.

mod answer;
mod error;
pub mod place;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::retry::delay_before_retry;
use domain::{Clock, Entropy};
use http::header::{ETAG, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use vault::sigv4::{UnsignedCall, canonical_query};
use vault::token::sha256;

use answer::{Trouble, list_page, trouble};
pub use error::{BucketError, Doing};
pub use place::{BucketPlace, PlaceError, Style};

use crate::outbound::{Transport, TransportError, WireRequest, WireResponse};

/// Largest answer that is no object, in bytes: a page of a thousand keys of 1,024 bytes, encoded.
const MAX_PAGE_BYTES: usize = 8 << 20;
/// Time for a call without its body.
const CALL_DEADLINE: Duration = Duration::from_secs(30);
/// The slowest line that is waited for, in bytes a second.
const SLOWEST_LINE: u64 = 64 << 10;
/// Longest time for a call.
const LONGEST_DEADLINE: Duration = Duration::from_mins(10);
/// Pages of a list that are read at most: ten million objects.
const MAX_PAGES: usize = 10_000;

/// How patient a bucket's client is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How often something is tried.
    pub tries: u32,
    /// Longest pause between two tries.
    pub longest_pause: Duration,
}

impl Default for Patience {
    /// About a minute: what waits longer is tried again by whoever wanted it.
    fn default() -> Self {
        Self { tries: 6, longest_pause: Duration::from_secs(30) }
    }
}

/// How a put ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there, whole.
    Done,
    /// Something else of that name was there, and still is.
    Taken,
}

/// A bucket, or what lies below a prefix in it.
#[derive(Debug)]
pub struct Bucket {
    place: BucketPlace,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    patience: Patience,
    /// Whether the server writes on condition that nothing is there; learned from it.
    is_conditional: AtomicBool,
}

/// A call to be made, as often as it takes.
struct Ask<'a> {
    doing: Doing,
    method: Method,
    /// In the bucket; empty for the bucket itself.
    key: String,
    query: Vec<(&'a str, &'a str)>,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    limit: usize,
}

impl Ask<'_> {
    fn new(doing: Doing, method: Method, key: String) -> Self {
        let (query, headers) = (Vec::new(), Vec::new());
        Self { doing, method, key, query, headers, body: Bytes::new(), limit: MAX_PAGE_BYTES }
    }

    fn deadline(&self) -> Duration {
        let bytes = self.body.len().max(self.limit) as u64;
        (CALL_DEADLINE + Duration::from_secs(bytes / SLOWEST_LINE)).min(LONGEST_DEADLINE)
    }
}

/// The end of a call that was not refused for good.
enum Said {
    Fine(WireResponse),
    Missing,
    Taken,
    Unconditional,
}

impl Bucket {
    /// A client. It connects to nothing yet.
    #[must_use]
    pub fn new(
        place: BucketPlace,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        patience: Patience,
    ) -> Self {
        Self { place, transport, clock, entropy, patience, is_conditional: AtomicBool::new(true) }
    }

    /// Where it is.
    #[must_use]
    pub const fn place(&self) -> &BucketPlace {
        &self.place
    }

    /// Writes an object, whole or not at all, unless something of its name is there.
    pub async fn put_new(&self, name: &str, bytes: Bytes) -> Result<Put, BucketError> {
        if self.is_conditional.load(Ordering::Relaxed) {
            match self.write(name, bytes.clone(), true).await? {
                (Said::Fine(_), _) => return Ok(Put::Done),
                // An earlier try may have done it, and only its answer was lost.
                (Said::Taken, tries) if tries > 1 => return self.is_ours(name, &bytes).await,
                (Said::Taken, _) => return Ok(Put::Taken),
                (Said::Missing, _) => return Err(self.no_bucket()),
                (Said::Unconditional, _) => self.is_conditional.store(false, Ordering::Relaxed),
            }
        }
        if self.is_there(name).await? {
            return Ok(Put::Taken);
        }
        self.put(name, bytes).await.map(|()| Put::Done)
    }

    /// Writes an object in place of whatever is there.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), BucketError> {
        match self.write(name, bytes, false).await? {
            (Said::Fine(_), _) => Ok(()),
            (Said::Missing, _) => Err(self.no_bucket()),
            (Said::Taken | Said::Unconditional, _) => Err(self.garbled("a refusal that was not asked for")),
        }
    }

    /// What an object holds; `None` if there is none.
    pub async fn get(&self, name: &str, limit: usize) -> Result<Option<Bytes>, BucketError> {
        let mut ask = Ask::new(Doing::Read, Method::GET, self.place.key_of(name));
        ask.limit = limit;
        match self.exchange(&ask).await? {
            (Said::Fine(answer), _) if answer.body.len() > limit => Err(self.too_long(name, limit)),
            (Said::Fine(answer), _) => Ok(Some(answer.body)),
            (Said::Missing, _) => Ok(None),
            (Said::Taken | Said::Unconditional, _) => Err(self.garbled("a refusal that was not asked for")),
        }
    }

    /// Every object below a first part, with its length in bytes. What lies there and is not
    /// below our prefix is left out.
    pub async fn list(&self, first: &str) -> Result<Vec<(String, u64)>, BucketError> {
        let prefix = self.place.key_of(&format!("{first}/"));
        let (mut found, mut token) = (Vec::new(), None::<String>);
        for _page in 0..MAX_PAGES {
            let mut ask = Ask::new(Doing::List, Method::GET, String::new());
            ask.query = vec![("list-type", "2"), ("encoding-type", "url"), ("prefix", &prefix)];
            ask.query.extend(token.as_deref().map(|token| ("continuation-token", token)));
            let (Said::Fine(answer), _) = self.exchange(&ask).await? else { return Err(self.no_bucket()) };
            let page = list_page(&answer.body).map_err(|what| self.garbled(what))?;
            let ours = |(key, size): (String, u64)| Some((self.place.name_of(&key)?.to_owned(), size));
            found.extend(page.objects.into_iter().filter_map(ours));
            match page.next {
                None => return Ok(found),
                next if next == token => return Err(self.garbled("a list that goes in circles")),
                next => token = next,
            }
        }
        Err(self.garbled("a list without an end"))
    }

    /// Deletes an object. One that is not there is deleted already.
    pub async fn remove(&self, name: &str) -> Result<(), BucketError> {
        let ask = Ask::new(Doing::Delete, Method::DELETE, self.place.key_of(name));
        self.exchange(&ask).await.map(drop)
    }

    async fn write(&self, name: &str, body: Bytes, if_new: bool) -> Result<(Said, u32), BucketError> {
        let mut ask = Ask::new(Doing::Write, Method::PUT, self.place.key_of(name));
        // Buckets with an object lock take nothing without a checksum of the body.
        ask.headers.push(("x-amz-checksum-sha256", STANDARD.encode(sha256(&body))));
        ask.headers.push(("content-type", "application/octet-stream".into()));
        if if_new {
            ask.headers.push(("if-none-match", "*".into()));
        }
        ask.body = body;
        match self.exchange(&ask).await? {
            // What is no storage may answer 200 to anything.
            (Said::Fine(answer), _) if !answer.headers.contains_key(ETAG) => {
                Err(self.garbled("an object was put and has no tag"))
            }
            said => Ok(said),
        }
    }

    async fn is_there(&self, name: &str) -> Result<bool, BucketError> {
        let ask = Ask::new(Doing::Read, Method::HEAD, self.place.key_of(name));
        self.exchange(&ask).await.map(|(said, _)| matches!(said, Said::Fine(_)))
    }

    async fn is_ours(&self, name: &str, bytes: &Bytes) -> Result<Put, BucketError> {
        let there = match self.get(name, bytes.len()).await {
            Err(BucketError::TooLong { .. }) => None,
            there => there?,
        };
        Ok(if there.as_ref() == Some(bytes) { Put::Done } else { Put::Taken })
    }

    /// Makes a call until it is answered for good; how many tries that took.
    async fn exchange(&self, ask: &Ask<'_>) -> Result<(Said, u32), BucketError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let sent_at = self.clock.now();
            let wire = self.wire(ask, sent_at)?;
            let (wish, failed) = match self.transport.send(wire).await {
                Ok(answer) if answer.status.is_success() => return Ok((Said::Fine(answer), tries)),
                Ok(answer) => match trouble(&self.place, ask.doing, &answer, sent_at) {
                    Trouble::Missing => return Ok((Said::Missing, tries)),
                    Trouble::Taken => return Ok((Said::Taken, tries)),
                    Trouble::Unconditional => return Ok((Said::Unconditional, tries)),
                    Trouble::Final(error) => return Err(error),
                    Trouble::Passing { status, code } => {
                        let wish = answer.headers.get(RETRY_AFTER).and_then(|wish| wish.to_str().ok());
                        let wish = wish.and_then(|wish| wish.parse().ok()).map(Duration::from_secs);
                        (wish, BucketError::Busy { place: self.place.to_string(), status, code, tries })
                    }
                },
                Err(TransportError::TooLarge { .. }) if ask.doing == Doing::Read => {
                    return Err(self.too_long(&ask.key, ask.limit));
                }
                Err(TransportError::TooLarge { .. }) => return Err(self.garbled("an endless answer")),
                Err(TransportError::AddressNotAllowed | TransportError::Setup) => {
                    return Err(BucketError::Address { place: self.place.to_string() });
                }
                Err(why @ (TransportError::Connect | TransportError::Broken | TransportError::Deadline)) => {
                    (None, BucketError::Unreachable { place: self.place.to_string(), why, tries })
                }
            };
            if tries >= self.patience.tries {
                return Err(failed);
            }
            let pause = delay_before_retry(tries, wish, &*self.entropy);
            tokio::time::sleep(pause.min(self.patience.longest_pause)).await;
        }
    }

    /// The call as it goes over the wire, signed anew for each try.
    fn wire(&self, ask: &Ask<'_>, at: domain::Timestamp) -> Result<WireRequest, BucketError> {
        let unusable = || BucketError::Address { place: self.place.to_string() };
        let (base, mut url) = self.place.address(&ask.key).ok_or_else(unusable)?;
        if !ask.query.is_empty() {
            url.set_query(Some(&canonical_query(&ask.query)));
        }
        let host = url.host_str().ok_or_else(unusable)?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let mut signed: Vec<(&str, &str)> = vec![("host", &host)];
        signed.extend(ask.headers.iter().map(|(name, value)| (*name, value.as_str())));
        let added = self.place.key().sign(&UnsignedCall {
            method: ask.method.as_str(),
            path: url.path(),
            query: &ask.query,
            headers: &signed,
            payload: &ask.body,
            at,
        });
        let mut headers = HeaderMap::new();
        for (name, value) in ask.headers.iter().chain(&added) {
            let mut value = HeaderValue::from_str(value).map_err(|_| unusable())?;
            value.set_sensitive(*name == "authorization");
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(WireRequest {
            method: ask.method.clone(),
            url,
            headers,
            body: ask.body.clone(),
            reach: base.reach(),
            deadline: ask.deadline(),
            // A refusal may be longer than the object would be.
            answer_limit: ask.limit.max(MAX_PAGE_BYTES),
        })
    }

    fn no_bucket(&self) -> BucketError {
        BucketError::NoBucket { place: self.place.to_string(), bucket: self.place.bucket().to_owned() }
    }

    fn too_long(&self, name: &str, limit: usize) -> BucketError {
        BucketError::TooLong { place: self.place.to_string(), name: name.to_owned(), limit }
    }

    fn garbled(&self, what: &'static str) -> BucketError {
        BucketError::Garbled { place: self.place.to_string(), what }
    }
}

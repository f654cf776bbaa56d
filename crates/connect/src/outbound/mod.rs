//! The one client that calls the outside world: only configured hosts, every call with a
//! deadline and a bounded answer, every failure typed, and nothing secret in what is kept.

mod address;
mod http;
mod multipart;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use ::http::{HeaderMap, Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::{Actor, Clock, Confidential, Grant, Purpose, Restricted, Timestamp};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use url::{Url, form_urlencoded};

pub use self::address::{BaseUrl, BaseUrlError, Reach};
pub use self::http::{CONNECT_DEADLINE, HttpTransport, MAX_ANSWER_BYTES};
pub use self::multipart::Part;
pub use self::transport::{Sending, Transport, TransportError, WireRequest, WireResponse};
use crate::error::{ChannelError, ErrorKind};
use crate::exchange::Exchange;
use crate::redact::{Half, Redactor};

/// Time for a whole call unless the call says otherwise.
pub const CALL_DEADLINE: Duration = Duration::from_secs(20);
/// Time for a call that carries files: ten megabytes at a slow shop's line.
pub const UPLOAD_DEADLINE: Duration = Duration::from_mins(2);

/// A value of a form.
#[derive(Debug, Clone)]
pub enum FormValue {
    /// Anyone may see it.
    Plain(String),
    /// A key to something: revealed only on the wire.
    Secret(Restricted<String>),
}

impl From<&str> for FormValue {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

impl From<&Restricted<String>> for FormValue {
    fn from(secret: &Restricted<String>) -> Self {
        Self::Secret(secret.clone())
    }
}

#[derive(Debug, Clone)]
enum Body {
    Empty,
    Json(String),
    Text(&'static str, String),
    /// An object, and the fields of it that are keys to something.
    JsonWith(serde_json::Map<String, Value>, Vec<(&'static str, Restricted<String>)>),
    Form(Vec<(&'static str, FormValue)>),
    Multipart(Vec<Part>),
    /// A text of this media type that names a person.
    Guarded(&'static str, Confidential<String>),
    /// A document, and the place in it where such a text stands in base64.
    JsonAround(Value, &'static str, Confidential<String>),
}

impl Body {
    /// Content type, and the bytes as they are sent.
    fn into_bytes(self, grant: &Grant) -> (Option<HeaderValue>, Bytes) {
        let kind = |kind| Some(HeaderValue::from_static(kind));
        match self {
            Self::Empty => (None, Bytes::new()),
            Self::Json(text) => (kind("application/json"), Bytes::from(text)),
            Self::Text(media_type, text) => (kind(media_type), Bytes::from(text)),
            Self::JsonWith(mut fields, secrets) => {
                for (name, secret) in secrets {
                    fields.insert(name.to_owned(), Value::from(secret.reveal(grant).as_str()));
                }
                (kind("application/json"), Bytes::from(Value::Object(fields).to_string()))
            }
            Self::Form(fields) => {
                (kind("application/x-www-form-urlencoded"), Bytes::from(encode_form(&fields, grant)))
            }
            Self::Multipart(parts) => {
                let (kind, bytes) = multipart::encode(&parts, grant);
                (HeaderValue::from_str(&kind).ok(), bytes)
            }
            Self::Guarded(media_type, text) => {
                (kind(media_type), Bytes::copy_from_slice(text.reveal(grant).as_bytes()))
            }
            Self::JsonAround(mut document, place, text) => {
                if let Some(place) = document.pointer_mut(place) {
                    *place = Value::from(STANDARD.encode(text.reveal(grant)));
                }
                (kind("application/json"), Bytes::from(document.to_string()))
            }
        }
    }
}

/// A call as it is about to be sent, for the one who signs it.
#[derive(Clone, Copy)]
pub struct Unsigned<'a> {
    /// Path, without host and query.
    pub path: &'a str,
    /// The query's names and values in their order, decoded, secrets in clear.
    pub query: &'a [(String, String)],
    /// The exact bytes of the body; empty for none, and for one with files, which no
    /// platform signs.
    pub body: &'a [u8],
    /// Now.
    pub at: Timestamp,
}

/// How a platform wants its calls signed.
pub trait Signer: Send + Sync + fmt::Debug {
    /// What is added to the query of `call`: its signature, and the time that was signed.
    fn sign(&self, call: &Unsigned<'_>, grant: &Grant) -> Vec<(&'static str, String)>;
}

/// A call to be made. Built below a [`BaseUrl`], so it cannot lead to another host.
#[derive(Clone)]
pub struct CallSpec {
    operation: &'static str,
    method: Method,
    url: Option<Url>,
    base: BaseUrl,
    headers: HeaderMap,
    bearer: Option<Restricted<String>>,
    secret_headers: Vec<(&'static str, Restricted<String>)>,
    secret_query: Vec<(&'static str, Restricted<String>)>,
    signer: Option<Arc<dyn Signer>>,
    body: Body,
    deadline: Duration,
    /// Whoever knows the address gets what lies there.
    is_address_secret: bool,
}

/// Shows what is attempted, no address and no body.
impl fmt::Debug for CallSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CallSpec({}: {} …)", self.operation, self.method)
    }
}

impl CallSpec {
    /// `method` on the resource that `segments` name below `base`. `operation` says what
    /// it is for (`fetch order`).
    #[must_use]
    pub fn new(operation: &'static str, method: Method, base: &BaseUrl, segments: &[&str]) -> Self {
        Self {
            operation,
            method,
            url: base.below(segments),
            base: base.clone(),
            headers: HeaderMap::new(),
            bearer: None,
            secret_headers: Vec::new(),
            secret_query: Vec::new(),
            signer: None,
            body: Body::Empty,
            deadline: CALL_DEADLINE,
            is_address_secret: false,
        }
    }

    /// A GET on an `address` that the platform gave out for a document: below `base` or, by
    /// HTTPS, at a host whose name ends in one of `hosts` (`.example.com`); any other is not
    /// called. It is a key to the document, goes out without any other, and does not show
    /// in what is kept of the call.
    #[must_use]
    pub fn given(operation: &'static str, base: &BaseUrl, hosts: &[&str], address: &str) -> Self {
        let origin = address.split(['?', '#']).next().unwrap_or_default();
        let elsewhere = BaseUrl::parse(origin).ok().filter(|it| it.reach() == Reach::Public);
        let url = Url::parse(address).ok();
        let is_theirs = |url: &Url| {
            url.port().is_none()
                && url.host_str().is_some_and(|host| hosts.iter().any(|end| host.ends_with(end)))
        };
        let base = match (&url, elsewhere) {
            (Some(url), Some(elsewhere)) if is_theirs(url) => elsewhere,
            _ => base.clone(),
        };
        Self { url, is_address_secret: true, ..Self::new(operation, Method::GET, &base, &[]) }
    }

    /// Gives the call less time than others have.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Ends the path with a slash, where a platform writes it so.
    #[must_use]
    pub fn slash(mut self) -> Self {
        if let Some(mut path) = self.url.as_mut().and_then(|url| url.path_segments_mut().ok()) {
            path.push("");
        }
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if let Some(url) = &mut self.url {
            url.query_pairs_mut().append_pair(name, value);
        }
        self
    }

    /// Adds a header; its name in lower case.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    /// Adds a header that holds a number; its name in lower case.
    #[must_use]
    pub fn header_number(mut self, name: &'static str, value: i64) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        self
    }

    /// Authorises the call.
    #[must_use]
    pub fn bearer(mut self, token: &Restricted<String>) -> Self {
        self.bearer = Some(token.clone());
        self
    }

    /// Adds a header that is a key to something; its name in lower case.
    #[must_use]
    pub fn header_secret(mut self, name: &'static str, secret: &Restricted<String>) -> Self {
        self.secret_headers.push((name, secret.clone()));
        self
    }

    /// Adds a query parameter that is a key to something, where a platform will have it
    /// nowhere else.
    #[must_use]
    pub fn query_secret(mut self, name: &'static str, secret: &Restricted<String>) -> Self {
        self.secret_query.push((name, secret.clone()));
        self
    }

    /// Has the call signed when it is sent, with the time of its sending.
    #[must_use]
    pub fn signed(mut self, signer: Arc<dyn Signer>) -> Self {
        self.signer = Some(signer);
        self
    }

    /// Sends a JSON object, and in it `secrets` under their names.
    #[must_use]
    pub fn json_with(
        mut self,
        fields: serde_json::Map<String, Value>,
        secrets: Vec<(&'static str, Restricted<String>)>,
    ) -> Self {
        self.body = Body::JsonWith(fields, secrets);
        self
    }

    /// Sends JSON text.
    #[must_use]
    pub fn json(mut self, text: String) -> Self {
        self.body = Body::Json(text);
        self
    }

    /// Sends a text of this media type, which anyone may read.
    #[must_use]
    pub fn text(mut self, media_type: &'static str, text: String) -> Self {
        self.body = Body::Text(media_type, text);
        self
    }

    /// Sends a form.
    #[must_use]
    pub fn form(mut self, fields: Vec<(&'static str, FormValue)>) -> Self {
        self.body = Body::Form(fields);
        self
    }

    /// Sends a form with files, and gives the call the time that these take.
    #[must_use]
    pub fn multipart(mut self, parts: Vec<Part>) -> Self {
        self.body = Body::Multipart(parts);
        self.deadline = UPLOAD_DEADLINE;
        self
    }

    /// Sends a text that names a person, and gives the call the time that files take.
    #[must_use]
    pub fn guarded(mut self, media_type: &'static str, text: &Confidential<String>) -> Self {
        self.body = Body::Guarded(media_type, text.clone());
        self.deadline = UPLOAD_DEADLINE;
        self
    }

    /// Sends a JSON document, and such a text in base64 at a place of it (RFC 6901).
    #[must_use]
    pub fn json_around(mut self, document: Value, place: &'static str, text: &Confidential<String>) -> Self {
        self.body = Body::JsonAround(document, place, text.clone());
        self.deadline = UPLOAD_DEADLINE;
        self
    }

    fn secrets(&self) -> Vec<Restricted<String>> {
        let in_body: Vec<_> = match &self.body {
            Body::Form(fields) => fields
                .iter()
                .filter_map(|(_, value)| match value {
                    FormValue::Secret(secret) => Some(secret.clone()),
                    FormValue::Plain(_) => None,
                })
                .collect(),
            Body::JsonWith(_, secrets) => secrets.iter().map(|(_, secret)| secret.clone()).collect(),
            Body::Empty
            | Body::Json(_)
            | Body::Text(..)
            | Body::Multipart(_)
            | Body::Guarded(..)
            | Body::JsonAround(..) => Vec::new(),
        };
        let address = self.url.iter().filter(|_| self.is_address_secret).flat_map(|url| {
            let values = url.query_pairs().map(|(_, value)| value.into_owned());
            let path = percent_decode_str(url.path()).decode_utf8_lossy();
            [path.trim_start_matches('/').to_owned()].into_iter().chain(values).map(Restricted::new)
        });
        let named = self.secret_headers.iter().chain(&self.secret_query).map(|(_, secret)| secret.clone());
        self.bearer.iter().cloned().chain(named).chain(in_body).chain(address).collect()
    }

    /// `None` when the address may not be called or a secret fits no header.
    fn into_wire(self, grant: &Grant, at: Timestamp) -> Option<WireRequest> {
        let mut url = self.url.filter(|url| self.base.holds(url))?;
        let mut headers = self.headers;
        if let Some(token) = &self.bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.reveal(grant))).ok()?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        for (name, secret) in &self.secret_headers {
            let mut value = HeaderValue::from_str(secret.reveal(grant)).ok()?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
        }
        for (name, secret) in &self.secret_query {
            url.query_pairs_mut().append_pair(name, secret.reveal(grant));
        }
        let has_files = matches!(self.body, Body::Multipart(_));
        let (content_type, body) = self.body.into_bytes(grant);
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, content_type);
        }
        if let Some(signer) = &self.signer {
            let query: Vec<_> = url.query_pairs().into_owned().collect();
            let signed: &[u8] = if has_files { &[] } else { &body };
            let added = signer.sign(&Unsigned { path: url.path(), query: &query, body: signed, at }, grant);
            url.query_pairs_mut().extend_pairs(added);
        }
        let (reach, deadline) = (self.base.reach(), self.deadline);
        let answer_limit = MAX_ANSWER_BYTES;
        Some(WireRequest { method: self.method, url, headers, body, reach, deadline, answer_limit })
    }
}

fn encode_form(fields: &[(&'static str, FormValue)], grant: &Grant) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        let value = match value {
            FormValue::Plain(text) => text,
            FormValue::Secret(secret) => secret.reveal(grant),
        };
        form.append_pair(name, value);
    }
    form.finish()
}

/// Calls the outside world.
#[derive(Debug, Clone)]
pub struct Outbound {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

impl Outbound {
    /// A client over `transport`.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self { transport, clock }
    }

    /// Makes a call. Any answer of the platform is `Ok`, whatever its status: what a
    /// status means is the channel's business. Errors are of kinds
    /// [`ErrorKind::Unreachable`], [`ErrorKind::AddressNotAllowed`] and, for an answer
    /// beyond [`MAX_ANSWER_BYTES`], [`ErrorKind::Garbled`].
    pub async fn call(&self, spec: CallSpec) -> Result<Answer, ChannelError> {
        let started_at = self.clock.now();
        let grant = Grant::issue(Actor::system("outbound"), Purpose::CallChannel, started_at);
        let operation = spec.operation;
        let secrets = spec.secrets();
        let Some(wire) = spec.into_wire(&grant, started_at) else {
            return Err(ChannelError::new(ErrorKind::AddressNotAllowed, operation));
        };
        let redactor = Redactor::new(secrets.iter().map(|secret| secret.reveal(&grant).as_str()));
        let sent_type = content_type(&wire.headers).to_owned();
        let mut trace = Trace {
            operation,
            secrets,
            method: wire.method.to_string(),
            url: redactor.url(&wire.url),
            request_body: redactor.body(&wire.body, &sent_type, Half::Request),
            started_at,
            elapsed_ms: 0,
        };
        let outcome = self.transport.send(wire).await;
        let elapsed = self.clock.now().since(started_at).as_millis();
        trace.elapsed_ms = u64::try_from(elapsed).unwrap_or(u64::MAX);
        match outcome {
            Ok(response) => Ok(Answer { response, trace }),
            Err(error) => {
                let exchange = trace.exchange(None);
                Err(ChannelError::new(kind_of(error), operation).with_exchange(exchange))
            }
        }
    }
}

fn kind_of(error: TransportError) -> ErrorKind {
    match error {
        TransportError::Connect
        | TransportError::Broken
        | TransportError::Deadline
        | TransportError::Setup => ErrorKind::Unreachable,
        TransportError::TooLarge { .. } => ErrorKind::Garbled { what: error.to_string() },
        TransportError::AddressNotAllowed => ErrorKind::AddressNotAllowed,
    }
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What is known of a call besides its answer.
#[derive(Debug)]
struct Trace {
    operation: &'static str,
    secrets: Vec<Restricted<String>>,
    method: String,
    url: String,
    request_body: String,
    started_at: Timestamp,
    elapsed_ms: u64,
}

impl Trace {
    fn with_redactor<T>(&self, make: impl FnOnce(&Redactor) -> T) -> T {
        let grant = Grant::issue(Actor::system("outbound"), Purpose::CallChannel, self.started_at);
        make(&Redactor::new(self.secrets.iter().map(|secret| secret.reveal(&grant).as_str())))
    }

    fn exchange(&self, response: Option<&WireResponse>) -> Exchange {
        let clean = |answer: &WireResponse| {
            let content_type = content_type(&answer.headers);
            self.with_redactor(|redactor| redactor.body(&answer.body, content_type, Half::Answer))
        };
        Exchange {
            method: self.method.clone(),
            url: self.url.clone(),
            request_body: self.request_body.clone(),
            status: response.map(|response| response.status.as_u16()),
            response_body: response.map(clean).unwrap_or_default(),
            started_at: self.started_at,
            elapsed_ms: self.elapsed_ms,
        }
    }
}

/// An answer of the platform, whatever its status.
#[derive(Debug)]
pub struct Answer {
    response: WireResponse,
    trace: Trace,
}

impl Answer {
    /// Status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.response.status
    }

    /// A header's text, if there is one and it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers.get(name)?.to_str().ok()
    }

    /// Body, secrets in clear.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.response.body
    }

    /// When the call began.
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        self.trace.started_at
    }

    /// The wish of `Retry-After`, in seconds or as a date (RFC 9110 §10.2.3). Without a
    /// wish the house's own delays hold.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let wish = self.header(RETRY_AFTER.as_str())?.trim();
        let until = || Timestamp::parse_http_date(wish).map(|date| date.since(self.started_at()));
        wish.parse().ok().map(Duration::from_secs).or_else(until)
    }

    /// A text of the answer as people may see it.
    #[must_use]
    pub fn redacted(&self, text: &str) -> String {
        self.trace.with_redactor(|redactor| redactor.text(text))
    }

    /// The exchange as support may see it.
    #[must_use]
    pub fn exchange(&self) -> Exchange {
        self.trace.exchange(Some(&self.response))
    }

    /// A failure that this answer shows.
    #[must_use]
    pub fn fail(&self, kind: ErrorKind) -> ChannelError {
        ChannelError::new(kind, self.trace.operation).with_exchange(self.exchange())
    }

    /// A failure because the answer is not what the documents describe.
    #[must_use]
    pub fn garbled(&self, what: impl Into<String>) -> ChannelError {
        self.fail(ErrorKind::Garbled { what: what.into() })
    }

    /// Reads the body as JSON. The error names place and kind, never the content: that
    /// may be a secret.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ChannelError> {
        serde_json::from_slice(self.body()).map_err(|error| {
            let (kind, line, column) = (error.classify(), error.line(), error.column());
            self.garbled(format!("{kind:?} error in JSON at line {line}, column {column}"))
        })
    }
}

#[cfg(test)]
mod tests;

//! S3-compatible storage: one bucket, one access key, and the calls that keep objects ("Amazon S3
//! API Reference": `PutObject`, `GetObject`, `HeadObject`, `DeleteObject`, `ListObjectsV2`,
//! `HeadBucket`). It knows no parts, versions or policies, and goes wrong on demand.

mod control;
mod sign;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use domain::{Clock, Timestamp};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use control::{S3Fault, S3Rules, S3Trouble};
use sign::{Call, Owner, check, encode, hex};

use crate::dates;

/// The largest object, in bytes. The original takes 5 GiB in one call.
const MAX_OBJECT_BYTES: usize = 512 << 20;
/// Calls that the log remembers.
const LOG_LINES: usize = 1_000;
/// Where people ask.
const CONTROL: &str = "/_sandbox/";
const XML: &str = "application/xml";

/// What there is, and what to connect with.
#[derive(Debug, Clone, Serialize)]
pub struct S3Manifest {
    /// The server.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// The one access key.
    pub access_key_id: String,
    /// Its secret half.
    pub secret_access_key: String,
}

impl S3Manifest {
    /// A bucket at `endpoint`, with the key that every sandbox has.
    #[must_use]
    pub fn at(endpoint: String) -> Self {
        Self {
            endpoint,
            bucket: "loja-backups".into(),
            region: "sa-east-1".into(),
            access_key_id: "sandbox-key-1".into(),
            secret_access_key: "sandbox/secret+of-nobody".into(),
        }
    }
}

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    status: u16,
    code: String,
    region: Option<String>,
}

impl Refusal {
    fn new(status: u16, code: &str) -> Self {
        Self { status, code: code.to_owned(), region: None }
    }
}

#[derive(Debug, Clone)]
struct Object {
    bytes: Bytes,
    kind: Option<HeaderValue>,
    at: Timestamp,
}

#[derive(Debug, Default)]
struct Inside {
    objects: BTreeMap<String, Object>,
    faults: Vec<S3Fault>,
    rules: S3Rules,
    log: Vec<String>,
}

/// The storage. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct S3 {
    manifest: Arc<S3Manifest>,
    clock: Arc<dyn Clock>,
    inside: Arc<Mutex<Inside>>,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "S3({} objects)", self.hold().objects.len())
    }
}

/// A call, read.
struct Asked<'a> {
    parts: &'a Parts,
    headers: BTreeMap<String, String>,
    body: &'a Bytes,
    /// Within the bucket; empty for the bucket.
    key: String,
    query: BTreeMap<String, String>,
}

impl Asked<'_> {
    fn asks(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

impl S3 {
    /// An empty bucket.
    #[must_use]
    pub fn new(manifest: S3Manifest, clock: Arc<dyn Clock>) -> Self {
        Self { manifest: Arc::new(manifest), clock, inside: Arc::default() }
    }

    /// What to connect with.
    #[must_use]
    pub fn manifest(&self) -> &S3Manifest {
        &self.manifest
    }

    /// Goes wrong so from now on, in place of how it did.
    pub fn set_faults(&self, faults: Vec<S3Fault>) {
        self.hold().faults = faults;
    }

    /// Allows this from now on.
    pub fn set_rules(&self, rules: S3Rules) {
        self.hold().rules = rules;
    }

    /// Keys and what they hold.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        self.hold().objects.iter().map(|(key, object)| (key.clone(), object.bytes.clone())).collect()
    }

    /// Puts an object there, or takes it away, behind everybody's back.
    pub fn plant(&self, key: &str, bytes: Option<Bytes>) {
        let at = self.now();
        let mut inside = self.hold();
        match bytes {
            None => drop(inside.objects.remove(key)),
            Some(bytes) => drop(inside.objects.insert(key.to_owned(), Object { bytes, kind: None, at })),
        }
    }

    /// Method and key of the calls that came, the oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.hold().log.clone()
    }

    /// Serves on `listener` until the task is aborted (dropping the set does).
    pub fn spawn(&self, listener: TcpListener) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let router = self.router();
        tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the simulated storage stopped serving");
            }
        });
        tasks
    }

    /// The storage as a service.
    pub fn router(&self) -> Router {
        let storage = self.clone();
        Router::new().fallback(move |request: Request| {
            let storage = storage.clone();
            async move {
                let (parts, body) = request.into_parts();
                match to_bytes(body, MAX_OBJECT_BYTES).await {
                    Ok(body) => storage.answer(&parts, &body),
                    Err(_) => refuse(&Refusal::new(400, "EntityTooLarge")),
                }
            }
        })
    }

    fn hold(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        let ahead = self.hold().rules.clock_ahead_seconds;
        Timestamp::from_millis(self.clock.now().as_millis() + ahead * 1_000)
    }

    fn answer(&self, parts: &Parts, body: &Bytes) -> Response {
        if let Some(control) = parts.uri.path().strip_prefix(CONTROL) {
            return self.control(&parts.method, control, body);
        }
        let mut answer = match self.read(parts, body) {
            Ok(asked) => self.serve(&asked),
            Err(refusal) => refuse(&refusal),
        };
        if let Ok(date) = HeaderValue::from_str(&dates::http(self.now())) {
            answer.headers_mut().insert(http::header::DATE, date);
        }
        if parts.method == Method::HEAD { without_body(answer) } else { answer }
    }

    /// Whose bucket and which key is meant, in either style.
    fn read<'a>(&self, parts: &'a Parts, body: &'a Bytes) -> Result<Asked<'a>, Refusal> {
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in &parts.headers {
            let value = value.to_str().map_err(|_| Refusal::new(400, "InvalidRequest"))?;
            let text = headers.entry(name.as_str().to_owned()).or_default();
            text.push_str(if text.is_empty() { "" } else { "," });
            text.push_str(value);
        }
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8().map_err(|_| Refusal::new(400, "InvalidURI"))?;
            Ok::<_, Refusal>(text.into_owned())
        };
        let path = decoded(parts.uri.path().trim_start_matches('/'))?;
        let host = headers.get("host").map(String::as_str).unwrap_or_default();
        let (bucket, key) = match host.split(':').next().and_then(|name| name.strip_suffix(".localhost")) {
            Some(bucket) => (bucket.to_owned(), path),
            None => path
                .split_once('/')
                .map_or((path.clone(), String::new()), |(bucket, key)| (bucket.to_owned(), key.to_owned())),
        };
        let mut query = BTreeMap::new();
        for pair in parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            query.insert(decoded(name)?, decoded(value)?);
        }
        let asked = Asked { parts, headers, body, key, query };
        if bucket == self.manifest.bucket { Ok(asked) } else { Err(Refusal::new(404, "NoSuchBucket")) }
    }

    fn serve(&self, asked: &Asked<'_>) -> Response {
        let method = asked.parts.method.as_str();
        let about = if asked.key.is_empty() { asked.asks("prefix").unwrap_or_default() } else { &asked.key };
        let trouble = {
            let mut inside = self.hold();
            inside.log.push(format!("{method} {about}"));
            let excess = inside.log.len().saturating_sub(LOG_LINES);
            inside.log.drain(..excess);
            let mut faults = inside.faults.iter_mut();
            faults.find_map(|fault| fault.strikes(method, about).then(|| fault.kind.clone()))
        };
        match &trouble {
            Some(S3Trouble::Refuse { status, code }) => return refuse(&Refusal::new(*status, code)),
            Some(S3Trouble::Broken) => return broken(Bytes::new(), 1),
            Some(S3Trouble::HtmlBody) => {
                return page(StatusCode::OK, "text/html", "<html>Sign in to the network</html>".into());
            }
            _ => {}
        }
        let (content, answer) = match self.perform(asked) {
            Ok(Done::Object(object)) => (object.bytes.clone(), found(&object)),
            Ok(Done::Page(text)) => (Bytes::from(text.clone()), page(StatusCode::OK, XML, text.into())),
            Ok(Done::Nothing(status)) => return lost(trouble.as_ref(), page(status, XML, Bytes::new())),
            Ok(Done::Written) => {
                let mut answer = page(StatusCode::OK, XML, Bytes::new());
                tag(&mut answer, asked.body);
                return lost(trouble.as_ref(), answer);
            }
            Err(refusal) => return refuse(&refusal),
        };
        let half = content.len() / 2;
        match trouble {
            Some(S3Trouble::HalfBody) => broken(content.slice(..half), content.len()),
            Some(S3Trouble::CutBody) => page(StatusCode::OK, XML, content.slice(..half)),
            Some(S3Trouble::FlippedBody) => {
                let mut bytes = content.to_vec();
                if let Some(byte) = bytes.get_mut(half) {
                    *byte ^= 1;
                }
                page(StatusCode::OK, XML, bytes.into())
            }
            trouble => lost(trouble.as_ref(), answer),
        }
    }

    fn perform(&self, asked: &Asked<'_>) -> Result<Done, Refusal> {
        let rules = self.hold().rules.clone();
        let owner = Owner {
            key_id: self.manifest.access_key_id.clone(),
            secret: self.manifest.secret_access_key.clone(),
            region: self.manifest.region.clone(),
        };
        let call = Call {
            method: asked.parts.method.as_str(),
            raw_path: asked.parts.uri.path(),
            raw_query: asked.parts.uri.query().unwrap_or_default(),
            headers: &asked.headers,
            body: asked.body,
        };
        check(&owner, &call, self.now())?;
        let method = asked.parts.method.as_str();
        let (doing, is_bucket) = match (method, asked.key.is_empty()) {
            ("GET" | "HEAD", true) => ("list", true),
            ("GET" | "HEAD", false) => ("read", false),
            ("PUT", false) => ("write", false),
            ("DELETE", false) => ("delete", false),
            _ => return Err(Refusal::new(405, "MethodNotAllowed")),
        };
        if rules.denied.iter().any(|denied| denied == doing) {
            return Err(Refusal::new(403, "AccessDenied"));
        }
        if is_bucket {
            return if method == "HEAD" {
                Ok(Done::Nothing(StatusCode::OK))
            } else {
                self.list(asked, &rules)
            };
        }
        match doing {
            "write" => self.write(asked, &rules),
            "delete" => {
                self.hold().objects.remove(&asked.key);
                Ok(Done::Nothing(StatusCode::NO_CONTENT))
            }
            _ if asked.headers.contains_key("range") => Err(Refusal::new(501, "NotImplemented")),
            _ => {
                let object = self.hold().objects.get(&asked.key).cloned();
                object.map(Done::Object).ok_or(Refusal::new(404, "NoSuchKey"))
            }
        }
    }

    fn write(&self, asked: &Asked<'_>, rules: &S3Rules) -> Result<Done, Refusal> {
        let header = |name: &str| asked.headers.get(name).map(String::as_str);
        let checksum = header("x-amz-checksum-sha256");
        if checksum.is_some_and(|told| told != BASE64.encode(digest(&SHA256, asked.body))) {
            return Err(Refusal::new(400, "BadDigest"));
        }
        if rules.wants_checksums && checksum.is_none() {
            return Err(Refusal::new(400, "InvalidRequest"));
        }
        if asked.query.contains_key("uploads") || header("x-amz-copy-source").is_some() {
            return Err(Refusal::new(501, "NotImplemented"));
        }
        let (if_new, at) = (header("if-none-match"), self.now());
        if if_new.is_some_and(|given| given != "*" || !rules.is_conditional) {
            return Err(Refusal::new(501, "NotImplemented"));
        }
        let mut inside = self.hold();
        if if_new.is_some() && inside.objects.contains_key(&asked.key) {
            return Err(Refusal::new(412, "PreconditionFailed"));
        }
        let kind = asked.parts.headers.get(http::header::CONTENT_TYPE).cloned();
        inside.objects.insert(asked.key.clone(), Object { bytes: asked.body.clone(), kind, at });
        Ok(Done::Written)
    }

    fn list(&self, asked: &Asked<'_>, rules: &S3Rules) -> Result<Done, Refusal> {
        if asked.asks("list-type") != Some("2") || asked.query.contains_key("delimiter") {
            return Err(Refusal::new(501, "NotImplemented"));
        }
        let invalid = || Refusal::new(400, "InvalidArgument");
        let wish: usize = asked.asks("max-keys").map_or(Ok(1_000), str::parse).map_err(|_| invalid())?;
        let most = wish.min(rules.page_keys);
        let prefix = asked.asks("prefix").unwrap_or_default();
        let after = match asked.asks("continuation-token") {
            None => asked.asks("start-after").unwrap_or_default().to_owned(),
            Some(token) => BASE64
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(invalid)?,
        };
        let is_encoded = asked.asks("encoding-type") == Some("url");
        let shown = |key: &str| if is_encoded { encode(key, true) } else { escaped(key) };
        let inside = self.hold();
        let mut rest = inside
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(prefix) && **key > after)
            .map(|(key, object)| (key, object.bytes.len(), object.at));
        let page: Vec<_> = rest.by_ref().take(most).collect();
        let more = rest.next().is_some();
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Name>{}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount><MaxKeys>{wish}</MaxKeys><IsTruncated>{more}</IsTruncated>",
            self.manifest.bucket,
            shown(prefix),
            page.len()
        );
        if is_encoded {
            text.push_str("<EncodingType>url</EncodingType>");
        }
        if let (true, Some((last, ..))) = (more, page.last()) {
            let _ = write!(text, "<NextContinuationToken>{}</NextContinuationToken>", BASE64.encode(last));
        }
        for (key, size, at) in page {
            let (key, at) = (shown(key), at.to_rfc3339());
            let _ = write!(
                text,
                "<Contents><Key>{key}</Key><LastModified>{at}</LastModified><Size>{size}</Size>\
                 <StorageClass>STANDARD</StorageClass></Contents>"
            );
        }
        text.push_str("</ListBucketResult>");
        Ok(Done::Page(text))
    }

    fn control(&self, method: &Method, path: &str, body: &Bytes) -> Response {
        let json = |value: serde_json::Result<serde_json::Value>| match value {
            Ok(value) => page(StatusCode::OK, "application/json", value.to_string().into()),
            Err(error) => page(StatusCode::BAD_REQUEST, "text/plain", format!("{error}\n").into()),
        };
        match (method.as_str(), path) {
            ("GET", "manifest") => json(serde_json::to_value(&*self.manifest)),
            ("GET", "objects") => {
                let sizes: BTreeMap<String, usize> =
                    self.objects().into_iter().map(|(key, bytes)| (key, bytes.len())).collect();
                json(serde_json::to_value(sizes))
            }
            ("GET", "log") => json(serde_json::to_value(self.log())),
            ("GET", "faults") => json(serde_json::to_value(&self.hold().faults)),
            ("PUT", "faults") => json(serde_json::from_slice(body).and_then(|faults: Vec<S3Fault>| {
                let told = serde_json::to_value(&faults);
                self.set_faults(faults);
                told
            })),
            ("GET", "rules") => json(serde_json::to_value(&self.hold().rules)),
            ("PUT", "rules") => json(serde_json::from_slice(body).and_then(|rules: S3Rules| {
                let told = serde_json::to_value(&rules);
                self.set_rules(rules);
                told
            })),
            _ => page(StatusCode::NOT_FOUND, "text/plain", "no such call\n".into()),
        }
    }
}

/// What a call came to.
enum Done {
    Object(Object),
    Page(String),
    Written,
    Nothing(StatusCode),
}

/// An object as it is handed out.
fn found(object: &Object) -> Response {
    let mut answer = page(StatusCode::OK, "application/octet-stream", object.bytes.clone());
    let headers = answer.headers_mut();
    if let Some(kind) = &object.kind {
        headers.insert(http::header::CONTENT_TYPE, kind.clone());
    }
    if let Ok(date) = HeaderValue::from_str(&dates::http(object.at)) {
        headers.insert(http::header::LAST_MODIFIED, date);
    }
    tag(&mut answer, &object.bytes);
    answer
}

/// Opaque, as under a key of one's own: only without one is it the content's MD5.
fn tag(answer: &mut Response, bytes: &[u8]) {
    let tag = format!("\"{}\"", &hex(digest(&SHA256, bytes).as_ref())[..32]);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.headers_mut().insert(http::header::ETAG, tag);
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn page(status: StatusCode, kind: &'static str, content: Bytes) -> Response {
    let mut answer = Response::new(Body::from(content));
    *answer.status_mut() = status;
    answer.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn refuse(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let region = refusal.region.as_ref().map(|name| format!("<Region>{name}</Region>")).unwrap_or_default();
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>the sandbox refuses this</Message>\
         {region}<RequestId>sandbox</RequestId></Error>",
        escaped(&refusal.code)
    );
    page(status, XML, text.into())
}

/// An answer that promises more than comes: the client sees its connection break.
fn broken(begun: Bytes, promised: usize) -> Response {
    let cut = io::Error::from(io::ErrorKind::ConnectionReset);
    let body = Body::from_stream(futures::stream::iter([Ok(begun), Err(cut)]));
    let mut answer = Response::new(body);
    answer.headers_mut().insert(http::header::CONTENT_LENGTH, HeaderValue::from(promised));
    answer
}

fn lost(trouble: Option<&S3Trouble>, answer: Response) -> Response {
    if trouble == Some(&S3Trouble::LostAnswer) { broken(Bytes::new(), 1) } else { answer }
}

/// The head of an answer alone.
fn without_body(answer: Response) -> Response {
    let (parts, body) = answer.into_parts();
    let length = http_body_length(&body);
    let mut answer = Response::from_parts(parts, Body::empty());
    if let Some(length) = length {
        answer.headers_mut().insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    answer
}

fn http_body_length(body: &Body) -> Option<u64> {
    axum::body::HttpBody::size_hint(body).exact()
}

//! A marketplace of a test: its sandbox, called in process. No port, no waiting; every
//! call is noted, and a test can let something happen just before one is answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use connect::{Transport, TransportError, WireRequest, WireResponse};
use domain::{Clock, Restricted};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use sandbox::faults::FaultRule;
use sandbox::mercado_livre::World as MercadoLivreWorld;
use sandbox::reply::{Body, Reply};
use sandbox::{Frame, Market as Platform, Sandbox, SandboxConfig};
use serde_json::Value;
use url::{Url, form_urlencoded};

/// Where the application believes Mercado Livre to be. Nothing listens there.
pub const BASE_URL: &str = "http://127.0.0.1:9";
/// Where Mercado Livre believes the application to be. Nothing listens there either.
pub const HOOK_URL: &str = "http://127.0.0.1:9/hooks/mercado_livre";
/// What the sandbox says of an address that no document lists.
const NO_SUCH_ADDRESS: &str = "the requested resource does not exist";

/// A call of the application to the marketplace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// HTTP method.
    pub method: String,
    /// Path, no query.
    pub path: String,
    /// Body as it was sent. Holds secrets of the simulated world only.
    pub body: String,
    /// Status answered; `None` when the connection broke.
    pub status: Option<u16>,
}

type Before<W> = Box<dyn FnOnce(&Frame<W>) + Send>;

struct Noted<W: Platform> {
    calls: Vec<Call>,
    unmatched: Vec<String>,
    before: Vec<(Method, String, Before<W>)>,
    gate: Option<(String, Arc<Gate>)>,
}

/// Holds calls back until it is opened.
#[derive(Debug)]
struct Gate {
    arrived: tokio::sync::Semaphore,
    open: tokio::sync::Semaphore,
}

/// A marketplace; Mercado Livre where nothing else is said. Cheap to clone; all clones
/// are the same one.
pub struct Market<W: Platform = MercadoLivreWorld> {
    sandbox: Frame<W>,
    noted: Arc<Mutex<Noted<W>>>,
    /// Whether an answer says that there is no such address or method.
    is_unmatched: fn(&Reply) -> bool,
}

impl<W: Platform> Clone for Market<W> {
    fn clone(&self) -> Self {
        Self {
            sandbox: self.sandbox.clone(),
            noted: Arc::clone(&self.noted),
            is_unmatched: self.is_unmatched,
        }
    }
}

impl<W: Platform> fmt::Debug for Market<W> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Market")
    }
}

impl Market {
    /// Mercado Livre grown from `seed`, living by `clock`.
    #[must_use]
    pub fn new(seed: u64, clock: Arc<dyn Clock>, redirect_uri: &str) -> Self {
        let config = SandboxConfig {
            seed,
            base_url: BASE_URL.to_owned(),
            hook_url: Some(HOOK_URL.to_owned()),
            redirect_uri: redirect_uri.to_owned(),
            ..SandboxConfig::new(clock)
        };
        Self::of(Sandbox::new(config), is_unmatched)
    }

    /// The application's id and secret.
    ///
    /// # Panics
    /// When the world has no application.
    #[must_use]
    pub fn credentials(&self) -> (String, Restricted<String>) {
        let app = self.sandbox.manifest().apps.into_iter().next().expect("the seed has an application");
        (app.client_id, Restricted::new(app.client_secret))
    }

    /// How many token pairs were asked for with a refresh token so far.
    #[must_use]
    pub fn renewals(&self) -> usize {
        let is_renewal =
            |call: &&Call| call.path == "/oauth/token" && call.body.contains("grant_type=refresh_token");
        self.noted().calls.iter().filter(is_renewal).count()
    }

    /// Units that an item shows.
    ///
    /// # Panics
    /// When there is no such item.
    #[must_use]
    pub fn shows(&self, item_id: &str) -> i64 {
        let snapshot = self.sandbox.snapshot();
        let item = snapshot.items.iter().find(|item| item.id == item_id);
        item.map(|item| item.available_quantity).expect("the market has the item")
    }

    /// The items of a seller that carry a SKU, in the order of their ids.
    #[must_use]
    pub fn items_of(&self, seller_id: i64, sku: &str) -> Vec<String> {
        let snapshot = self.sandbox.snapshot();
        let fits = |item: &&sandbox::mercado_livre::snapshot::ItemShot| {
            item.seller_id == seller_id && item.sku.as_deref() == Some(sku)
        };
        snapshot.items.iter().filter(fits).map(|item| item.id.clone()).collect()
    }

    /// The seller's browser at the consent page: what it brings back to the callback, the
    /// `state` and either the code or the refusal. No state when the page itself fails.
    #[must_use]
    pub fn consent(&self, authorize_url: &str, seller_id: i64, decision: &str) -> BTreeMap<String, String> {
        self.submit(authorize_url, &[("user_id", &seller_id.to_string()), ("decision", decision)])
    }
}

impl<W: Platform> Market<W> {
    /// The market of `sandbox`; `is_unmatched` knows its word for an address or a method
    /// that it does not have.
    #[must_use]
    pub fn of(sandbox: Frame<W>, is_unmatched: fn(&Reply) -> bool) -> Self {
        let noted = Noted { calls: Vec::new(), unmatched: Vec::new(), before: Vec::new(), gate: None };
        Self { sandbox, noted: Arc::new(Mutex::new(noted)), is_unmatched }
    }

    fn noted(&self) -> MutexGuard<'_, Noted<W>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sandbox behind it.
    #[must_use]
    pub const fn sandbox(&self) -> &Frame<W> {
        &self.sandbox
    }

    /// Calls made so far, the oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.noted().calls.clone()
    }

    /// How many calls of `method` went below `prefix` so far.
    #[must_use]
    pub fn count(&self, method: &Method, prefix: &str) -> usize {
        self.count_of(|call| call.method == method.as_str() && call.path.starts_with(prefix))
    }

    /// How many calls fit so far.
    #[must_use]
    pub fn count_of(&self, fits: impl Fn(&Call) -> bool) -> usize {
        self.noted().calls.iter().filter(|call| fits(call)).count()
    }

    /// Calls to addresses or with methods that the platform does not have.
    #[must_use]
    pub fn unmatched(&self) -> Vec<String> {
        self.noted().unmatched.clone()
    }

    /// Lets something happen just before the next such call is answered.
    pub fn just_before(&self, method: Method, prefix: &str, happen: impl FnOnce(&Frame<W>) + Send + 'static) {
        self.noted().before.push((method, prefix.to_owned(), Box::new(happen)));
    }

    /// Holds calls below `prefix` back until [`Held::release`].
    #[must_use]
    pub fn hold(&self, prefix: &str) -> Held<W> {
        let gate =
            Arc::new(Gate { arrived: tokio::sync::Semaphore::new(0), open: tokio::sync::Semaphore::new(0) });
        self.noted().gate = Some((prefix.to_owned(), Arc::clone(&gate)));
        Held { market: self.clone(), gate }
    }

    /// What goes wrong from now on; an empty list ends the storm.
    pub fn storm(&self, rules: Vec<FaultRule>) {
        self.sandbox.set_faults(rules);
    }

    /// A call of the sandbox's own control API.
    ///
    /// # Panics
    /// When the sandbox refuses it.
    #[expect(clippy::must_use_candidate, reason = "most callers want only the deed")]
    pub fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let reply = self.tell(method, path, body);
        assert!(reply.status.is_success(), "{path}: {} {:?}", reply.status, reply.body);
        if let Body::Json(document) = reply.body { document } else { Value::Null }
    }

    /// The same, where it is the world's whim: what cannot happen does not.
    pub fn attempt(&self, method: Method, path: &str, body: &Value) {
        drop(self.tell(method, path, body));
    }

    fn tell(&self, method: Method, path: &str, body: &Value) -> Reply {
        let request = Request::builder().method(method).uri(path).body(Bytes::from(body.to_string()));
        self.sandbox.answer(request.expect("a request can be built")).reply
    }

    /// The seller's browser at a consent page, whose form is filled in with `fields`: what
    /// it brings back to the callback. No state when the page itself fails.
    ///
    /// # Panics
    /// When the application sends the browser to no address.
    #[must_use]
    pub fn submit(&self, authorize_url: &str, fields: &[(&str, &str)]) -> BTreeMap<String, String> {
        let url = Url::parse(authorize_url).expect("the application sends the browser to an address");
        let mut form = form_urlencoded::Serializer::new(url.query().unwrap_or_default().to_owned());
        form.extend_pairs(fields);
        let request =
            Request::builder().method(Method::POST).uri(url.path()).body(Bytes::from(form.finish()));
        let reply = self.sandbox.answer(request.expect("a request can be built")).reply;
        let location = reply.headers.iter().find(|(name, _)| *name == "location").map(|(_, value)| value);
        let Some(location) = location else {
            return BTreeMap::from([("error".to_owned(), reply.status.to_string())]);
        };
        Url::parse(location).expect("an address").query_pairs().into_owned().collect()
    }

    fn before(&self, method: &Method, path: &str) {
        let due = {
            let mut noted = self.noted();
            let place = noted
                .before
                .iter()
                .position(|(wanted, prefix, _)| wanted == method && path.starts_with(prefix));
            place.map(|place| noted.before.remove(place))
        };
        if let Some((_, _, happen)) = due {
            happen(&self.sandbox);
        }
    }

    async fn exchange(&self, request: WireRequest) -> Result<WireResponse, TransportError> {
        let path = request.url.path().to_owned();
        let gate = self.noted().gate.clone().filter(|(prefix, _)| path.starts_with(prefix));
        if let Some((_, gate)) = gate {
            gate.arrived.add_permits(1);
            // Closed means released.
            let _ = gate.open.acquire().await;
        }
        self.before(&request.method, &path);
        let call = (request.method.to_string(), String::from_utf8_lossy(&request.body).into_owned());
        let target = request.url.query().map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
        let mut asked = Request::new(request.body);
        *asked.method_mut() = request.method;
        *asked.uri_mut() = target.parse().map_err(|_| TransportError::Connect)?;
        *asked.headers_mut() = request.headers;
        let outcome = self.sandbox.answer(asked);
        let status = outcome.reply.status;
        let mut noted = self.noted();
        if (self.is_unmatched)(&outcome.reply) {
            noted.unmatched.push(format!("{} {path}", call.0));
        }
        noted.calls.push(Call {
            method: call.0,
            path,
            body: call.1,
            status: (!outcome.broken).then_some(status.as_u16()),
        });
        if outcome.broken { Err(TransportError::Broken) } else { Ok(as_response(outcome.reply)) }
    }
}

impl<W: Platform> Transport for Market<W> {
    fn send(&self, request: WireRequest) -> connect::outbound::Sending<'_> {
        Box::pin(self.exchange(request))
    }
}

/// Calls that are held back.
#[derive(Debug)]
pub struct Held<W: Platform = MercadoLivreWorld> {
    market: Market<W>,
    gate: Arc<Gate>,
}

impl<W: Platform> Held<W> {
    /// Waits until a call has come as far as here.
    pub async fn arrived(&self) {
        if let Ok(permit) = self.gate.arrived.acquire().await {
            permit.forget();
        }
    }

    /// Lets all of them through.
    pub fn release(self) {
        self.market.noted().gate = None;
        self.gate.open.close();
    }
}

fn is_unmatched(reply: &Reply) -> bool {
    let says = |text| matches!(&reply.body, Body::Json(document) if document["message"] == text);
    reply.status == StatusCode::METHOD_NOT_ALLOWED
        || (reply.status == StatusCode::NOT_FOUND && says(NO_SUCH_ADDRESS))
}

fn as_response(reply: Reply) -> WireResponse {
    let (kind, body) = match reply.body {
        Body::Empty => (None, Bytes::new()),
        Body::Json(document) => (Some("application/json; charset=utf-8"), Bytes::from(document.to_string())),
        Body::Bytes(kind, content) => (Some(kind), content),
    };
    let mut headers = http::HeaderMap::new();
    if let Some(kind) = kind {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    WireResponse { status: reply.status, headers, body }
}

//! A shop under test: a sandbox at a manual clock, and a client that says what it wants.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{ManualClock, Timestamp};
use http::{Method, Request};
use sandbox::reply::{Body, Reply};
use sandbox::{Manifest, Sandbox, SandboxConfig};
use serde_json::Value;

pub(crate) const HOOK_URL: &str = "http://127.0.0.1:1/hooks";
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:8080/callback";
/// The seller in the classic listing model, and the one in the new model.
pub(crate) const CLASSIC: usize = 0;
pub(crate) const FAMILY: usize = 1;

pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) manifest: Manifest,
}

pub(crate) fn start() -> Timestamp {
    Timestamp::parse("2026-11-10T13:00:00Z").unwrap()
}

/// A shop of seed 1 on the morning of 10 November 2026.
pub(crate) fn shop() -> Shop {
    shop_of_seed(1)
}

pub(crate) fn shop_of_seed(seed: u64) -> Shop {
    let clock = Arc::new(ManualClock::at(start()));
    let mut config = SandboxConfig::new(clock.clone());
    config.seed = seed;
    config.hook_url = Some(HOOK_URL.to_owned());
    REDIRECT_URI.clone_into(&mut config.redirect_uri);
    let sandbox = Sandbox::new(config);
    let manifest = sandbox.manifest();
    Shop { sandbox, clock, manifest }
}

/// A request being put together.
pub(crate) struct Ask<'a> {
    shop: &'a Shop,
    builder: http::request::Builder,
    body: Bytes,
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into();
        self.header("content-type", "application/json")
    }

    pub(crate) fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let pair = |(name, value): &(&str, &str)| format!("{name}={}", sandbox::text::query_escape(value));
        self.body = fields.iter().map(pair).collect::<Vec<_>>().join("&").into();
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    #[track_caller]
    pub(crate) fn send(self) -> Reply {
        self.shop.sandbox.answer(self.builder.body(self.body).unwrap()).reply
    }
}

impl Shop {
    /// A request without a token.
    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        let builder = Request::builder().method(method).uri(path);
        Ask { shop: self, builder, body: Bytes::new() }
    }

    pub(crate) fn token(&self, seller: usize) -> String {
        self.manifest.sellers[seller].access_token.clone().unwrap()
    }

    /// A token that works now: tests about parcels outlive the six hours of the first one.
    fn live_token(&self, seller: usize) -> String {
        let live = self.sandbox.manifest().sellers[seller].access_token.clone();
        live.unwrap_or_else(|| {
            let user = serde_json::json!({"user_id": self.user_id(seller)});
            let token = self.control(Method::POST, "/_sandbox/tokens/grant", &user);
            token["access_token"].as_str().unwrap().to_owned()
        })
    }

    pub(crate) fn user_id(&self, seller: usize) -> i64 {
        self.manifest.sellers[seller].user_id
    }

    /// A request of the classic seller, with the switches that shipments ask for.
    pub(crate) fn seller(&self, method: Method, path: &str) -> Ask<'_> {
        self.ask(method, path)
            .bearer(&self.live_token(CLASSIC))
            .header("x-format-new", "true")
            .header("x-new-domain", "true")
    }

    pub(crate) fn family_seller(&self, method: Method, path: &str) -> Ask<'_> {
        self.ask(method, path).bearer(&self.live_token(FAMILY))
    }

    /// The document of a GET that must succeed.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        let reply = self.seller(Method::GET, path).send();
        assert!(reply.status.is_success(), "{path}: {} {}", reply.status, reply.document());
        reply.document().clone()
    }

    /// The document of a PUT that must succeed.
    #[track_caller]
    pub(crate) fn put(&self, path: &str, body: &Value) -> Value {
        let reply = self.seller(Method::PUT, path).json(body).send();
        assert!(reply.status.is_success(), "{path}: {} {}", reply.status, reply.document());
        reply.document().clone()
    }

    /// The document of a control call that must succeed.
    #[track_caller]
    pub(crate) fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let reply = self.ask(method, path).json(body).send();
        assert!(reply.status.is_success(), "{path}: {} {}", reply.status, reply.document());
        reply.document().clone()
    }

    /// Lets time pass, everything in it included.
    pub(crate) fn pass(&self, span: Duration) {
        self.clock.advance(span);
        let _unanswered = self.sandbox.tick(self.sandbox.now());
    }

    /// The id of the classic seller's first item with this SKU.
    #[track_caller]
    pub(crate) fn item(&self, sku: &str) -> String {
        let found = self.get(&format!("/users/{}/items/search?seller_sku={sku}", self.user_id(CLASSIC)));
        found["results"][0].as_str().unwrap().to_owned()
    }
}

/// The bytes of an answer.
#[track_caller]
pub(crate) fn bytes(reply: &Reply) -> Bytes {
    match &reply.body {
        Body::Bytes(_, content) => content.clone(),
        Body::Empty | Body::Json(_) => panic!("no bytes: {reply:?}"),
    }
}

/// A header of an answer.
pub(crate) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str())
}

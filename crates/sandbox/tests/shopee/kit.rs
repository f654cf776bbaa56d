//! Shops under test: a sandbox at a manual clock, and a client that signs for itself.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use domain::{Clock, ManualClock, Timestamp};
use http::{Method, Request};
use sandbox::reply::{Body, Reply};
use sandbox::shopee::manifest::Manifest;
use sandbox::{HookDelivery, ShopeeConfig, ShopeeSandbox};
use serde_json::{Value, json};

pub(crate) const HOOK_URL: &str = "http://127.0.0.1:1/hooks/shopee";
/// The shop of a company (NF-e needed), and the one of a person.
pub(crate) const COMPANY: usize = 0;
pub(crate) const PERSON: usize = 1;

pub(crate) struct Market {
    pub(crate) sandbox: ShopeeSandbox,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) manifest: Manifest,
}

pub(crate) fn start() -> Timestamp {
    Timestamp::parse("2026-11-10T13:00:00Z").unwrap()
}

pub(crate) fn market() -> Market {
    market_with(|_| {})
}

pub(crate) fn market_with(change: impl FnOnce(&mut ShopeeConfig)) -> Market {
    let clock = Arc::new(ManualClock::at(start()));
    let mut config = ShopeeConfig {
        hook_url: Some(HOOK_URL.to_owned()),
        redirect_uri: Some("http://127.0.0.1:8080/callback".to_owned()),
        ..ShopeeConfig::default()
    };
    change(&mut config);
    let sandbox = ShopeeSandbox::new(config, clock.clone());
    let manifest = sandbox.manifest();
    Market { sandbox, clock, manifest }
}

pub(crate) fn hmac_hex(key: &str, text: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), text.as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

pub(crate) fn query_of(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", sandbox::text::query_escape(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

impl Market {
    pub(crate) fn now(&self) -> i64 {
        self.sandbox.now().as_millis() / 1_000
    }

    pub(crate) fn shop_id(&self, shop: usize) -> i64 {
        self.manifest.shops[shop].shop_id
    }

    /// A token that works now: tests about parcels outlive the four hours of the first one.
    pub(crate) fn token(&self, shop: usize) -> String {
        let live = self.sandbox.manifest().shops[shop].access_token.clone();
        live.unwrap_or_else(|| {
            let body = json!({"shop_id": self.shop_id(shop)});
            let pair = self.control(Method::POST, "/_sandbox/tokens/grant", &body);
            pair["access_token"].as_str().unwrap().to_owned()
        })
    }

    pub(crate) fn ask(&self, method: Method, uri: &str, body: impl Into<Bytes>) -> Reply {
        let request = Request::builder().method(method).uri(uri).body(body.into()).unwrap();
        self.sandbox.answer(request).reply
    }

    /// The common parameters of a Public call, signed.
    pub(crate) fn public_query(&self, path: &str) -> String {
        let (partner, at) = (self.manifest.partner_id, self.now());
        let sign = hmac_hex(&self.manifest.partner_key, &format!("{partner}{path}{at}"));
        format!("partner_id={partner}&timestamp={at}&sign={sign}")
    }

    /// The common parameters of a Shop call, signed.
    pub(crate) fn shop_query(&self, shop: usize, path: &str) -> String {
        let (partner, at, token, id) =
            (self.manifest.partner_id, self.now(), self.token(shop), self.shop_id(shop));
        let sign = hmac_hex(&self.manifest.partner_key, &format!("{partner}{path}{at}{token}{id}"));
        format!("partner_id={partner}&timestamp={at}&access_token={token}&shop_id={id}&sign={sign}")
    }

    pub(crate) fn public_get(&self, path: &str) -> Value {
        self.ask(Method::GET, &format!("{path}?{}", self.public_query(path)), "").document().clone()
    }

    pub(crate) fn public_post(&self, path: &str, body: &Value) -> Reply {
        self.ask(Method::POST, &format!("{path}?{}", self.public_query(path)), body.to_string())
    }

    /// A signed GET for a shop; the whole answer.
    pub(crate) fn get_of(&self, shop: usize, path: &str, pairs: &[(&str, &str)]) -> Reply {
        let uri = format!("{path}?{}&{}", self.shop_query(shop, path), query_of(pairs));
        self.ask(Method::GET, uri.trim_end_matches('&'), "")
    }

    /// A signed POST for a shop; the whole answer.
    pub(crate) fn post_of(&self, shop: usize, path: &str, body: &Value) -> Reply {
        self.ask(Method::POST, &format!("{path}?{}", self.shop_query(shop, path)), body.to_string())
    }

    /// What a good GET for the company's shop gives under `response`.
    #[track_caller]
    pub(crate) fn get(&self, path: &str, pairs: &[(&str, &str)]) -> Value {
        good(&self.get_of(COMPANY, path, pairs))
    }

    /// What a good POST for the company's shop gives under `response`.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        good(&self.post_of(COMPANY, path, body))
    }

    #[track_caller]
    pub(crate) fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let reply = self.ask(method, path, body.to_string());
        assert!(reply.status.is_success(), "{path}: {} {}", reply.status, reply.document());
        reply.document().clone()
    }

    /// Uploads a form for the company's shop.
    pub(crate) fn upload(&self, shop: usize, path: &str, parts: &[(&str, &[u8])]) -> Reply {
        let mut body = Vec::new();
        for (name, content) in parts {
            body.extend(
                format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").into_bytes(),
            );
            body.extend(*content);
            body.extend(b"\r\n");
        }
        body.extend(b"--B--\r\n");
        let request = Request::post(format!("{path}?{}", self.shop_query(shop, path)))
            .header("content-type", "multipart/form-data; boundary=B")
            .body(Bytes::from(body))
            .unwrap();
        self.sandbox.answer(request).reply
    }

    /// A picture, uploaded.
    pub(crate) fn image(&self) -> String {
        let reply =
            self.upload(COMPANY, "/api/v2/media_space/upload_image", &[("image", b"\x89PNG\r\n\x1a\n")]);
        good(&reply)["image_info"]["image_id"].as_str().unwrap().to_owned()
    }

    /// Lets time pass; gives the pushes sent meanwhile, unanswered.
    pub(crate) fn pass(&self, span: Duration) -> Vec<HookDelivery> {
        self.clock.advance(span);
        self.sandbox.tick(self.clock.now().max(self.sandbox.now()))
    }

    /// The pushes sent now, each taken by the application; their bodies.
    pub(crate) fn take_pushes(&self) -> Vec<Value> {
        let sent = self.sandbox.tick(self.sandbox.now());
        let take = |push: &HookDelivery| {
            self.sandbox.hook_result(push.id, Some(204), Duration::ZERO);
            serde_json::from_str(&push.body).unwrap()
        };
        sent.iter().map(take).collect()
    }

    /// A purchase by the control API; the order's number.
    #[track_caller]
    pub(crate) fn sale(&self, body: &Value) -> String {
        let made = self.control(Method::POST, "/_sandbox/sales", body);
        made["orders"][0].as_str().unwrap().to_owned()
    }

    /// A paid order of the person's shop, which needs no NF-e.
    pub(crate) fn simple_order(&self) -> String {
        self.sale(&json!({"sku": "PEN-64", "quantity": 2}))
    }

    /// The detail of an order with these optional fields.
    #[track_caller]
    pub(crate) fn order(&self, shop: usize, sn: &str, fields: &str) -> Value {
        let pairs = [("order_sn_list", sn), ("response_optional_fields", fields)];
        good(&self.get_of(shop, "/api/v2/order/get_order_detail", &pairs))["order_list"][0].clone()
    }

    pub(crate) fn status(&self, shop: usize, sn: &str) -> String {
        self.order(shop, sn, "")["order_status"].as_str().unwrap().to_owned()
    }

    /// The number of an order's only package.
    pub(crate) fn package(&self, shop: usize, sn: &str) -> String {
        let order = self.order(shop, sn, "package_list");
        order["package_list"][0]["package_number"].as_str().unwrap().to_owned()
    }

    /// The company's item with this SKU.
    #[track_caller]
    pub(crate) fn item(&self, sku: &str) -> i64 {
        let found = self.get("/api/v2/product/search_item", &[("item_sku", sku), ("page_size", "10")]);
        found["item_id_list"][0].as_i64().unwrap()
    }
}

/// What stands under `response` of an answer that must be good.
#[track_caller]
pub(crate) fn good(reply: &Reply) -> Value {
    let body = reply.document();
    assert_eq!(body["error"], "", "{body}");
    assert!(reply.status.is_success());
    body["response"].clone()
}

/// The error code of an answer that must not be good.
#[track_caller]
pub(crate) fn code(reply: &Reply) -> String {
    let body = reply.document();
    assert_ne!(body["error"], "", "{body}");
    assert!(body["request_id"].is_string(), "{body}");
    body["error"].as_str().unwrap().to_owned()
}

/// The bytes of an answer and their media type.
#[track_caller]
pub(crate) fn bytes(reply: &Reply) -> (&'static str, Bytes) {
    match &reply.body {
        Body::Bytes(kind, content) => (kind, content.clone()),
        Body::Empty | Body::Json(_) => panic!("no bytes: {reply:?}"),
    }
}

pub(crate) fn hours(count: u64) -> Duration {
    Duration::from_hours(count)
}

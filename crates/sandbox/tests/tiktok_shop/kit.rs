//! A shop under test: a sandbox at a manual clock, and a client that signs what it asks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{ManualClock, Timestamp};
use http::{Method, Request};
use sandbox::HookDelivery;
use sandbox::reply::{Body, Reply};
use sandbox::text::{form_pairs, query_escape};
use sandbox::tiktok_shop::manifest::Manifest;
use sandbox::tiktok_shop::{Rules, TikTokShop, TikTokShopConfig, invoice, sign};
use serde_json::{Value, json};

pub(crate) const HOOK_URL: &str = "http://127.0.0.1:1/hooks";
pub(crate) const REDIRECT_URL: &str = "http://127.0.0.1:8080/callback";
/// The two shops of the manifest.
pub(crate) const CASA: usize = 0;
pub(crate) const SERRA: usize = 1;

pub(crate) struct Shop {
    pub(crate) sandbox: TikTokShop,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) manifest: Manifest,
}

pub(crate) fn start() -> Timestamp {
    Timestamp::parse("2026-11-10T13:00:00Z").unwrap()
}

/// A shop of seed 1 on the morning of Tuesday, 10 November 2026.
pub(crate) fn shop() -> Shop {
    shop_with(Rules::default())
}

pub(crate) fn shop_with(rules: Rules) -> Shop {
    let clock = Arc::new(ManualClock::at(start()));
    let mut config = TikTokShopConfig::new(clock.clone());
    config.hook_url = Some(HOOK_URL.to_owned());
    REDIRECT_URL.clone_into(&mut config.redirect_uri);
    config.rules = rules;
    let sandbox = TikTokShop::new(config);
    let manifest = sandbox.manifest();
    Shop { sandbox, clock, manifest }
}

/// A call being put together: right in everything that is not said otherwise.
pub(crate) struct Ask<'a> {
    shop: &'a Shop,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Bytes,
    headers: Vec<(String, String)>,
    signature: Option<String>,
}

impl Ask<'_> {
    /// Sets a field of the query, or takes it out.
    pub(crate) fn field(mut self, name: &str, value: Option<&str>) -> Self {
        self.query.retain(|(field, _)| field != name);
        self.query.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    pub(crate) fn without_cipher(self) -> Self {
        self.field("shop_cipher", None)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(field, _)| field != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn no_header(mut self, name: &str) -> Self {
        self.headers.retain(|(field, _)| field != name);
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into();
        self
    }

    /// A multipart form; text fields, and bytes under `data`.
    pub(crate) fn form(mut self, fields: &[(&str, &str)], data: &[u8]) -> Self {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(
                format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
            );
        }
        body.extend(b"--XX\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a\"\r\n\r\n");
        body.extend(data);
        body.extend(b"\r\n--XX--\r\n");
        self.body = body.into();
        self.header("content-type", "multipart/form-data; boundary=XX")
    }

    /// Another signature than the right one.
    pub(crate) fn signed(mut self, signature: &str) -> Self {
        self.signature = Some(signature.to_owned());
        self
    }

    pub(crate) fn right_sign(&self) -> String {
        let is_form = self.headers.iter().any(|(_, value)| value.starts_with("multipart/"));
        let body: &[u8] = if is_form { &[] } else { &self.body };
        sign::of_call(&self.shop.manifest.app_secret, &self.path, &self.query, body)
    }

    pub(crate) fn send(self) -> Reply {
        let signature = self.signature.clone().unwrap_or_else(|| self.right_sign());
        let mut pairs = self.query;
        if !signature.is_empty() {
            pairs.push(("sign".to_owned(), signature));
        }
        let query: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", query_escape(name), query_escape(value)))
            .collect();
        let mut request =
            Request::builder().method(self.method).uri(format!("{}?{}", self.path, query.join("&")));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        self.shop.sandbox.answer(request.body(self.body).unwrap()).reply
    }

    /// The `data` of an answer that must succeed.
    #[track_caller]
    pub(crate) fn data(self) -> Value {
        let path = self.path.clone();
        let reply = self.send();
        assert_eq!(reply.document()["code"], 0, "{path}: {} {}", reply.status, reply.document());
        reply.document()["data"].clone()
    }

    /// HTTP status and code of an answer that must be a refusal.
    #[track_caller]
    pub(crate) fn refusal(self) -> (u16, i64) {
        let reply = self.send();
        let document = reply.document();
        assert_ne!(document["code"], 0, "{document}");
        assert!(document["data"].is_null() && document["request_id"].is_string(), "{document}");
        (reply.status.as_u16(), document["code"].as_i64().unwrap())
    }
}

impl Shop {
    /// A call of one of the shops; `path` may have a query.
    pub(crate) fn ask_as(&self, seller: usize, method: Method, path: &str) -> Ask<'_> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let now = self.sandbox.now().as_millis() / 1_000;
        let entry = &self.manifest.shops[seller];
        let mut pairs = form_pairs(query);
        for (name, value) in [
            ("app_key", self.manifest.app_key.clone()),
            ("timestamp", now.to_string()),
            ("shop_cipher", entry.cipher.clone()),
        ] {
            pairs.push((name.to_owned(), value));
        }
        let headers = vec![
            ("x-tts-access-token".to_owned(), self.live_token(seller)),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let path = path.to_owned();
        Ask { shop: self, method, path, query: pairs, body: Bytes::new(), headers, signature: None }
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        self.ask_as(CASA, method, path)
    }

    /// A token that works now: tests about parcels outlive the seven days of the first one.
    fn live_token(&self, seller: usize) -> String {
        let live = self.sandbox.manifest().shops[seller].access_token.clone();
        live.unwrap_or_else(|| {
            let pair = self.control(
                Method::POST,
                "/_sandbox/tokens/grant",
                &json!({"shop_id": self.manifest.shops[seller].shop_id}),
            );
            pair["access_token"].as_str().unwrap().to_owned()
        })
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path).data()
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        self.ask(Method::POST, path).json(body).data()
    }

    /// A request that needs no signature.
    pub(crate) fn plain(&self, method: Method, path: &str, body: &str) -> Reply {
        let request = Request::builder().method(method).uri(path).body(Bytes::from(body.to_owned())).unwrap();
        self.sandbox.answer(request).reply
    }

    /// The document of a control call that must succeed.
    #[track_caller]
    pub(crate) fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let reply = self.plain(method, path, &body.to_string());
        assert!(reply.status.is_success(), "{path}: {} {}", reply.status, reply.document());
        reply.document().clone()
    }

    /// Lets time pass, everything in it included; what is sent is not answered.
    pub(crate) fn pass(&self, span: Duration) -> Vec<HookDelivery> {
        self.clock.advance(span);
        self.sandbox.tick(self.sandbox.now())
    }

    /// Product id and SKU id of a seller's SKU.
    #[track_caller]
    pub(crate) fn sku(&self, seller: usize, sku: &str) -> (String, String) {
        let found = self
            .ask_as(seller, Method::POST, "/product/202309/products/search?page_size=10")
            .json(&json!({"seller_skus": [sku]}))
            .data();
        let product = &found["products"][0];
        let entry = product["skus"].as_array().unwrap().iter().find(|it| it["seller_sku"] == sku).unwrap();
        (product["id"].as_str().unwrap().to_owned(), entry["id"].as_str().unwrap().to_owned())
    }

    /// Units for sale and units committed.
    #[track_caller]
    pub(crate) fn units(&self, sku: &str) -> (i64, i64) {
        let (_, id) = self.sku(CASA, sku);
        let found = self.post("/product/202309/inventory/search", &json!({"sku_ids": [id]}));
        let row = &found["inventory"][0]["skus"][0];
        (row["total_available_quantity"].as_i64().unwrap(), row["total_committed_quantity"].as_i64().unwrap())
    }

    /// Somebody buys; the order's id.
    #[track_caller]
    pub(crate) fn sell(&self, body: &Value) -> String {
        let made = self.control(Method::POST, "/_sandbox/sales", body);
        made["orders"][0].as_str().unwrap().to_owned()
    }

    /// A paid order of Casa do Treco beyond the hour of remorse.
    #[track_caller]
    pub(crate) fn paid_order(&self, sku: &str, quantity: usize) -> String {
        let casa = &self.manifest.shops[CASA].shop_id;
        let order = self.sell(&json!({"sku": sku, "quantity": quantity, "shop_id": casa}));
        self.control(Method::POST, &format!("/_sandbox/orders/{order}/end_remorse"), &json!({}));
        order
    }

    #[track_caller]
    pub(crate) fn order(&self, id: &str) -> Value {
        self.get(&format!("/order/202507/orders?ids={id}"))["orders"][0].clone()
    }

    #[track_caller]
    pub(crate) fn package_id(&self, order: &str) -> String {
        self.order(order)["packages"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Brings the note of a parcel through.
    #[track_caller]
    pub(crate) fn accept_invoice(&self, package: &str) {
        let path = format!("/_sandbox/packages/{package}/invoice");
        self.control(Method::POST, &path, &json!({"status": "SUCCESS"}));
    }

    /// Note and shipping of an order; the parcel's id.
    #[track_caller]
    pub(crate) fn ship(&self, order: &str) -> String {
        let package = self.package_id(order);
        self.accept_invoice(&package);
        let path = format!("/fulfillment/202309/packages/{package}/ship");
        self.post(&path, &json!({"handover_method": "DROP_OFF"}));
        package
    }

    /// An order that has arrived; its id.
    #[track_caller]
    pub(crate) fn delivered_order(&self, sku: &str, quantity: usize) -> String {
        let order = self.paid_order(sku, quantity);
        let package = self.ship(&order);
        for step in ["collect", "deliver"] {
            self.control(Method::POST, &format!("/_sandbox/packages/{package}/{step}"), &json!({}));
        }
        order
    }

    /// The bodies of the webhooks of a type sent so far, oldest first.
    pub(crate) fn told(&self, kind: u16) -> Vec<Value> {
        self.sandbox.with_world(|world| {
            let bodies =
                world.webhooks.notifications.values().map(|it| serde_json::from_str(&it.body).unwrap());
            bodies.filter(|body: &Value| body["type"] == kind).collect()
        })
    }
}

/// The base64 of a note that fits Casa do Treco.
pub(crate) fn note(shop: &Shop, number: u32) -> String {
    use base64::Engine as _;
    let xml = invoice::sample_xml(&shop.manifest.shops[CASA].cnpj, number);
    base64::engine::general_purpose::STANDARD.encode(xml)
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

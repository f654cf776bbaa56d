//! A small shop for the tests of this folder and of the catalogue: one seller, one buyer,
//! one item, and calls straight to the route table.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use domain::Timestamp;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::call::{Call, Caller};
use crate::hooks::Subscription;
use crate::mercado_livre::account::{Address, App, User};
use crate::mercado_livre::auth::Grant;
use crate::mercado_livre::gate::Permission;
use crate::mercado_livre::notice::TOPICS;
use crate::mercado_livre::order::Order;
use crate::mercado_livre::sales::{self, SaleRequest};
use crate::mercado_livre::shipment::{self, ShipmentStage};
use crate::mercado_livre::{World, routes};
use crate::reply::Reply;
use crate::table::{self, Found, Route};

/// The seller.
pub(crate) const SELLER: i64 = 100_200_300;
/// A seller who has nothing to do with anything.
pub(crate) const STRANGER: i64 = 100_200_301;
/// The buyer.
pub(crate) const BUYER: i64 = 500;
/// The application.
pub(crate) const APP: i64 = 1_234_567_890_123_456;

/// One shop in one world.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) item: String,
    routes: Vec<Route>,
}

fn user(id: i64, document: (&str, &str), zip: &str) -> User {
    User {
        id,
        nickname: format!("TEST{id}"),
        first_name: "Maria".to_owned(),
        last_name: "Teste".to_owned(),
        email: format!("test{id}@example.com"),
        document: (document.0.to_owned(), document.1.to_owned()),
        address: Address {
            street: "Rua Exemplo".to_owned(),
            number: "10".to_owned(),
            neighborhood: "Centro".to_owned(),
            city: "Rio de Janeiro".to_owned(),
            state: "RJ".to_owned(),
            zip: zip.to_owned(),
        },
        tags: BTreeSet::from(["normal".to_owned()]),
        active: true,
        seller: document.0 == "CNPJ",
        registered: Timestamp::EPOCH,
    }
}

/// A listing that is in order.
pub(crate) fn listing() -> Value {
    json!({
        "title": "Item de Teste",
        "category_id": "MLB3530",
        "price": 100.0,
        "currency_id": "BRL",
        "available_quantity": 50,
        "buying_mode": "buy_it_now",
        "condition": "new",
        "listing_type_id": "gold_special",
        "pictures": [{"source": "https://img.example/a.jpg"}],
        "attributes": [{"id": "SELLER_SKU", "value_name": "ACME-X1"}],
        "shipping": {"mode": "me2", "local_pick_up": false, "free_shipping": false},
    })
}

impl Shop {
    /// The shop with its item on sale, on 10 November 2026 at noon UTC.
    pub(crate) fn open() -> Self {
        let now = Timestamp::parse("2026-11-10T12:00:00Z").unwrap();
        let mut world = World::empty(0, "http://127.0.0.1:9080", now);
        let users = [
            user(SELLER, ("CNPJ", "14200166000166"), "01001000"),
            user(STRANGER, ("CNPJ", "11222333000181"), "01001000"),
            user(BUYER, ("CPF", "12345678909"), "20040002"),
        ];
        world.users.extend(users.map(|user| (user.id, user)));
        world.apps.insert(APP, app());
        world.auth.grants.push(Grant {
            user_id: SELLER,
            client_id: APP,
            scopes: BTreeSet::new(),
            created: now,
            used: now,
            access_tokens: std::collections::BTreeMap::new(),
            refresh_token: None,
            spent_refresh_tokens: BTreeSet::new(),
        });
        let topics = TOPICS.into_iter().map(str::to_owned).collect();
        let url = Some("http://127.0.0.1/hooks".to_owned());
        world.hooks.subscriptions.insert(APP, Subscription { url, topics, ..Subscription::default() });
        let mut shop = Self { world, item: String::new(), routes: routes() };
        let created = shop.post("/items", &listing());
        shop.item = created.document()["id"].as_str().unwrap_or_else(|| panic!("{created:?}")).to_owned();
        shop.wait(Duration::from_secs(10));
        shop
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, span: Duration) {
        let then = self.world.now.plus(span);
        self.world.advance_to(then);
    }

    /// Sends any request as `user`.
    pub(crate) fn send(&mut self, user: i64, request: Request<Bytes>) -> Reply {
        let mut call = Call::new(request);
        let Found::Line(route, params) = table::find(&self.routes, &call.method, &call.path) else {
            panic!("no route for {} {}", call.method, call.path)
        };
        call.params = params;
        call.caller = Some(Caller { user_id: user, client_id: APP });
        (route.run)(&mut self.world, &call).unwrap_or_else(|refusal| refusal)
    }

    fn request(&mut self, method: Method, target: &str, body: Bytes) -> Reply {
        self.send(SELLER, Request::builder().method(method).uri(target).body(body).unwrap())
    }

    /// GET as the seller.
    pub(crate) fn get(&mut self, target: &str) -> Reply {
        self.get_as(SELLER, target)
    }

    /// GET as somebody.
    pub(crate) fn get_as(&mut self, user: i64, target: &str) -> Reply {
        self.send(user, Request::builder().uri(target).body(Bytes::new()).unwrap())
    }

    /// POST as the seller.
    pub(crate) fn post(&mut self, target: &str, body: &Value) -> Reply {
        self.request(Method::POST, target, body.to_string().into())
    }

    /// PUT as the seller.
    pub(crate) fn put(&mut self, target: &str, body: &Value) -> Reply {
        self.request(Method::PUT, target, body.to_string().into())
    }

    /// DELETE as the seller.
    pub(crate) fn delete(&mut self, target: &str) -> Reply {
        self.request(Method::DELETE, target, Bytes::new())
    }

    /// POST of XML as the seller.
    pub(crate) fn post_xml(&mut self, target: &str, xml: &str) -> Reply {
        let request =
            Request::builder().method(Method::POST).uri(target).header("content-type", "application/xml");
        self.send(SELLER, request.body(Bytes::copy_from_slice(xml.as_bytes())).unwrap())
    }

    /// Uploads a file as the seller.
    pub(crate) fn upload(&mut self, target: &str, field: &str, filename: &str, content: &[u8]) -> Reply {
        let head = format!(
            "--B\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{filename}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        let body = [head.as_bytes(), content, b"\r\n--B--\r\n"].concat();
        let kind = "multipart/form-data; boundary=B";
        let request = Request::builder().method(Method::POST).uri(target).header("content-type", kind);
        self.send(SELLER, request.body(body.into()).unwrap())
    }

    /// The buyer buys one unit; the parcel exists and waits for its note. Gives the order id.
    pub(crate) fn sell(&mut self) -> i64 {
        let request = SaleRequest { buyer_id: Some(BUYER), ..SaleRequest::of_item(&self.item, 1) };
        let orders = sales::sell(&mut self.world, &request).unwrap();
        self.wait(Duration::from_mins(2));
        orders[0]
    }

    /// The order.
    pub(crate) fn order(&self, id: i64) -> &Order {
        &self.world.orders[&id]
    }

    /// Pack id, or the order id where there is no pack.
    pub(crate) fn pack(&self, order: i64) -> i64 {
        self.order(order).pack_id.unwrap_or(order)
    }

    /// The parcel reaches its buyer now.
    pub(crate) fn deliver(&mut self, order: i64) {
        let parcel = self.order(order).shipment_id.unwrap();
        shipment::enter(&mut self.world, parcel, &ShipmentStage::Delivered);
    }

    /// Resources the application was told of, under a topic.
    pub(crate) fn heard(&self, topic: &str) -> Vec<&str> {
        let all = self.world.hooks.notifications.values();
        all.filter(|it| it.topic == topic).map(|it| it.resource.as_str()).collect()
    }
}

fn app() -> App {
    App {
        id: APP,
        secret: "secret".to_owned(),
        old_secret: None,
        redirect_uris: Vec::new(),
        permissions: Permission::ALL.into(),
        scopes: BTreeSet::new(),
        pkce_required: false,
        active: true,
    }
}

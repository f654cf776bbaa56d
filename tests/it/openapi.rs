//! What is said of the API for programs, held against its routes and its real answers; and what
//! it says to whoever asks wrongly.

mod schema;

use std::collections::BTreeSet;
use std::time::Duration;

use app::sign_in::Visit;
use axum::body::{Body, to_bytes};
use domain::limit::API_PER_KEY;
use domain::{Permission, Restricted};
use http::{HeaderMap, Method, Request, StatusCode, header};
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use serde_json::Value;
use tests::TestApp;
use tests::shop::{EMAIL, PASSWORD};
use tower::ServiceExt as _;
use web::WebConfig;

use schema::check;

const SHARED: &str = "CAN-INOX-500";
const LONGEST_ANSWER: usize = 1024 * 1024;
const PROBLEM: &str = "application/problem+json";
const ROOT: &str = "/api/v1/openapi.json";

async fn key(shop: &TestApp, scopes: &[Permission]) -> String {
    let visit = Visit::from_network("203.0.113.9");
    let password = Restricted::new(PASSWORD.to_owned());
    let entry = shop.app().sign_in(EMAIL, password, &visit).await.expect("the owner").entered();
    let session = entry.expect("comes in").session;
    let who = shop.app().session(session.expose()).await.unwrap().expect("a session");
    let month = Some(Duration::from_hours(24 * 30));
    let made = shop.app().make_api_key(&who, "planilha", scopes.to_vec(), month).await;
    format!("Bearer {}", made.expect("a key").as_str())
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|_| panic!("{} is no JSON: {}", self.status, self.body))
    }
}

async fn ask(shop: &TestApp, method: Method, path: &str, bearer: &str, body: String) -> Answer {
    let config = WebConfig {
        secure_cookies: true,
        trusted_proxies: Vec::new(),
        pages_per_minute: None,
        hook_door: "door".into(),
    };
    let mut request = Request::builder().method(method).uri(path);
    if !bearer.is_empty() {
        request = request.header(header::AUTHORIZATION, bearer);
    }
    let request = request.header(header::CONTENT_TYPE, "text/csv").body(Body::from(body)).expect("a request");
    let answer = web::router(shop.app(), config).oneshot(request).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let bytes = to_bytes(body, LONGEST_ANSWER).await.expect("a whole answer");
    let body = String::from_utf8(bytes.to_vec()).expect("text");
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn get(shop: &TestApp, path: &str, bearer: &str) -> Answer {
    ask(shop, Method::GET, path, bearer, String::new()).await
}

async fn description(shop: &TestApp) -> Value {
    let answer = get(shop, ROOT, "").await;
    assert_eq!((answer.status, answer.header(header::CONTENT_TYPE)), (StatusCode::OK, "application/json"));
    answer.json()
}

/// Holds an answer against what is said of the call that stands at `route`.
fn hold(document: &Value, route: &str, answer: &Answer) {
    let responses = &document["paths"][route]["get"]["responses"];
    let said = &responses[answer.status.as_str()];
    assert!(said.is_object(), "{route} says nothing of {}", answer.status);
    let said = schema::resolve(document, said);
    let kind = answer.header(header::CONTENT_TYPE);
    let content = &said["content"][kind];
    assert!(content.is_object(), "{route}, {}: {kind} is not described", answer.status);
    let wrong = check(document, &content["schema"], &answer.json());
    assert_eq!(wrong, None, "{route}, {}: {}", answer.status, answer.body);
    for name in said["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
        let name = header::HeaderName::from_bytes(name.as_bytes()).expect("a header");
        assert!(!answer.header(name.clone()).is_empty(), "{route}, {}: no {name}", answer.status);
    }
}

on_both! {
    async fn every_route_is_described_and_nothing_else(shop) {
        let document = description(&shop).await;
        let described: BTreeSet<&str> = document["paths"].as_object().expect("paths").keys().map(String::as_str).collect();
        let routes: BTreeSet<&str> = web::paths().into_iter().filter(|path| path.starts_with("/api/")).collect();
        assert_eq!(described, routes);
        assert_eq!(document["openapi"], "3.1.0");
        for (route, call) in document["paths"].as_object().expect("paths") {
            assert!(call.as_object().is_some_and(|call| call.keys().eq(["get"])), "{route}");
            let named = call["get"]["parameters"].as_array().expect("parameters");
            let in_path = named.iter().filter(|parameter| parameter["in"] == "path");
            let mut in_path = in_path.map(|parameter| format!("{{{}}}", parameter["name"].as_str().expect("a name")));
            assert_eq!(route.matches('{').count(), in_path.clone().count(), "{route}");
            assert!(in_path.all(|name| route.contains(&name)), "{route}");
        }
    }

    /// ASVS 8.3.1.
    async fn each_call_takes_the_scope_that_is_said_and_no_other(shop) {
        let document = description(&shop).await;
        let keys = [
            (Permission::SeeOrders, key(&shop, &[Permission::SeeOrders]).await),
            (Permission::SeeStock, key(&shop, &[Permission::SeeStock]).await),
        ];
        let mut with_scope = 0;
        for (route, call) in document["paths"].as_object().expect("paths") {
            let path = route.replace("{id}", "ord_00000000000000000000000000");
            let Some(scope) = call["get"]["security"][0]["key"][0].as_str() else {
                assert_eq!(get(&shop, &path, "").await.status, StatusCode::OK, "{route} needs no key");
                continue;
            };
            with_scope += 1;
            let stranger = get(&shop, &path, "").await;
            assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "{route}");
            hold(&document, route, &stranger);
            for (permission, bearer) in &keys {
                let answer = get(&shop, &path, bearer).await;
                hold(&document, route, &answer);
                assert_eq!(answer.status == StatusCode::FORBIDDEN, permission.as_str() != scope, "{route}");
                if answer.status == StatusCode::FORBIDDEN {
                    let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
                    assert!(detail.ends_with(scope), "{route}: {detail}");
                }
            }
        }
        assert_eq!(with_scope, 3);
    }

    async fn what_is_answered_is_what_is_described(shop) {
        shop.connect_classic().await;
        for _ in 0..3 {
            shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 1);
        }
        shop.run_until_idle().await;
        let document = description(&shop).await;
        hold(&document, ROOT, &get(&shop, ROOT, "").await);
        let bearer = key(&shop, &[Permission::SeeOrders, Permission::SeeStock]).await;
        for route in ["/api/v1/orders", "/api/v1/skus"] {
            let first = get(&shop, route, &bearer).await;
            assert_eq!(first.status, StatusCode::OK);
            hold(&document, route, &first);
            assert!(!first.json()["items"].as_array().expect("items").is_empty(), "{route} shows something");
        }
        let newest = get(&shop, "/api/v1/orders", &bearer).await.json()["items"][0].clone();
        let id = newest["id"].as_str().expect("an id");
        hold(&document, "/api/v1/orders/{id}", &get(&shop, &format!("/api/v1/orders/{id}"), &bearer).await);
        let later = get(&shop, &format!("/api/v1/orders?after=999999999999999.{id}"), &bearer).await;
        hold(&document, "/api/v1/orders", &later);
        assert_eq!(later.json()["items"][0], newest, "what lies before a day far ahead is everything");
        let code = get(&shop, &format!("/api/v1/skus?after={SHARED}"), &bearer).await;
        hold(&document, "/api/v1/skus", &code);
        assert!(code.json()["items"].as_array().expect("items").iter().all(|sku| sku["code"].as_str() > Some(SHARED)));
        // And the check is one: an answer that lost or gained a field does not pass.
        let schema = &document["components"]["schemas"]["Order"];
        assert_eq!(check(&document, schema, &newest), None);
        for field in ["id", "total"] {
            let mut less = newest.clone();
            less.as_object_mut().expect("an order").remove(field);
            assert!(check(&document, schema, &less).is_some(), "without {field}");
        }
        for (field, value) in [("buyer", "Maria".into()), ("units", "1".into()), ("state", "lost".into()), ("id", "ord_x".into())] {
            let mut other: Value = newest.clone();
            other[field] = value;
            assert!(check(&document, schema, &other).is_some(), "another {field}");
        }
    }

    async fn who_asks_wrongly_is_told_so_as_it_is_described(shop) {
        let document = description(&shop).await;
        let bearer = key(&shop, &[Permission::SeeOrders, Permission::SeeStock]).await;
        let long = "a".repeat(4096);
        let id = "ord_00000000000000000000000000";
        let (orders, order, skus) = ("/api/v1/orders", "/api/v1/orders/{id}", "/api/v1/skus");
        for (route, path, status) in [
            (ROOT, format!("{ROOT}?pretty=1"), 400),
            (orders, format!("{orders}?after=perhaps"), 400),
            (orders, format!("{orders}?after="), 400),
            (orders, format!("{orders}?after=-1.{id}"), 400),
            (orders, format!("{orders}?after=99999999999999999999.{id}"), 400),
            (orders, format!("{orders}?after=1.{id}&after=1.{id}"), 400),
            (orders, format!("{orders}?limit=1000"), 400),
            (orders, format!("{orders}?{long}={long}"), 400),
            (orders, format!("{orders}?after=%FF%00"), 400),
            (order, format!("{orders}/{id}?fields=all"), 400),
            (order, format!("{orders}/{id}"), 404),
            (order, format!("{orders}/1"), 404),
            (order, format!("{orders}/%FF"), 404),
            (order, format!("{orders}/%00"), 404),
            (order, format!("{orders}/{long}"), 404),
            (order, format!("{orders}/8zzzzzzzzzzzzzzzzzzzzzzzzz"), 404),
            (skus, format!("{skus}?after={long}"), 400),
            (skus, format!("{skus}?after=%00"), 400),
            (skus, format!("{skus}?after=%ED%A0%80"), 400),
        ] {
            let answer = get(&shop, &path, &bearer).await;
            assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
            assert_eq!(answer.header(header::CONTENT_TYPE), PROBLEM, "{path}");
            hold(&document, route, &answer);
        }
        let fine = get(&shop, &format!("{skus}?after=%27+OR+1%3D1+--+%EF%BF%BD"), &bearer).await;
        assert_eq!(fine.status, StatusCode::OK, "a text that only looks wrong is a text");
    }

    async fn what_is_not_there_or_only_read_says_so_in_a_problem(shop) {
        let document = description(&shop).await;
        let problem = &document["components"]["schemas"]["Problem"];
        let bearer = key(&shop, &[Permission::SeeOrders]).await;
        let body = || "{\"units\":".repeat(50_000);
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::TRACE] {
            for path in [ROOT, "/api/v1/orders", "/api/v1/orders/x", "/api/v1/skus"] {
                let answer = ask(&shop, method.clone(), path, &bearer, body()).await;
                let said = (answer.status, answer.header(header::CONTENT_TYPE), answer.header(header::ALLOW));
                assert_eq!(said, (StatusCode::METHOD_NOT_ALLOWED, PROBLEM, "GET,HEAD"), "{method} {path}");
                assert_eq!(check(&document, problem, &answer.json()), None);
            }
        }
        for path in ["/api/", "/api/v1/", "/api/v1/buyers", "/api/v2/orders", "/api/v1/orders/x/y", "/api/v1/orders/"] {
            for method in [Method::GET, Method::POST] {
                let answer = ask(&shop, method.clone(), path, &bearer, body()).await;
                let said = (answer.status, answer.header(header::CONTENT_TYPE));
                assert_eq!(said, (StatusCode::NOT_FOUND, PROBLEM), "{method} {path}");
                assert_eq!(check(&document, problem, &answer.json()), None);
            }
        }
        // What comes with it is never read, whatever it is.
        let answer = ask(&shop, Method::GET, "/api/v1/orders", &bearer, body()).await;
        assert_eq!(answer.status, StatusCode::OK);
    }

    /// ASVS 3.4.1, 3.4.4, 14.3.2.
    async fn no_browser_makes_a_page_of_an_answer_and_nobody_keeps_it(shop) {
        let bearer = key(&shop, &[Permission::SeeOrders]).await;
        for path in [ROOT, "/api/v1/orders", "/api/v1/skus", "/api/v1/none"] {
            let answer = get(&shop, path, &bearer).await;
            assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
            assert_eq!(answer.header(header::CACHE_CONTROL), "no-store", "{path}");
            assert!(answer.header(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"), "{path}");
            assert!(answer.header(header::STRICT_TRANSPORT_SECURITY).starts_with("max-age="), "{path}");
            assert!(!answer.headers.contains_key(header::SET_COOKIE), "{path}");
        }
    }

    async fn who_asks_too_often_is_told_so_as_it_is_described(shop) {
        let document = description(&shop).await;
        let bearer = key(&shop, &[Permission::SeeOrders]).await;
        for _ in 0..API_PER_KEY.burst {
            get(&shop, "/api/v1/orders", &bearer).await;
        }
        let answer = get(&shop, "/api/v1/orders", &bearer).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        hold(&document, "/api/v1/orders", &answer);
    }
}

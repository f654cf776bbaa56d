//! What programs read with a key, and what they do not.

use std::time::Duration;

use app::api_keys::{ApiKeyError, MAX_KEYS, MAX_LIFE, PREFIX};
use app::sign_in::Visit;
use axum::Router;
use axum::body::{Body, to_bytes};
use domain::limit::API_PER_KEY;
use domain::{Permission, Restricted};
use http::{Request, StatusCode, header};
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use serde_json::Value;
use store::sessions::SignedIn;
use tests::TestApp;
use tests::shop::{EMAIL, PASSWORD};
use tower::ServiceExt as _;
use web::WebConfig;

const SHARED: &str = "CAN-INOX-500";
const DAY: Duration = Duration::from_hours(24);
const LONGEST_ANSWER: usize = 1024 * 1024;

async fn owner(shop: &TestApp) -> SignedIn {
    let visit = Visit::from_network("203.0.113.9");
    let password = Restricted::new(PASSWORD.to_owned());
    let entry = shop.app().sign_in(EMAIL, password, &visit).await.expect("the owner").entered();
    let session = entry.expect("comes in").session;
    shop.app().session(session.expose()).await.unwrap().expect("a session")
}

async fn key(shop: &TestApp, scopes: &[Permission]) -> String {
    let who = owner(shop).await;
    let made = shop.app().make_api_key(&who, "planilha", scopes.to_vec(), Some(DAY * 30)).await;
    made.expect("a key").to_string()
}

struct Answer {
    status: StatusCode,
    kind: String,
    body: Value,
    retry_after: Option<String>,
}

async fn ask(shop: &TestApp, path: &str, authorization: &str) -> Answer {
    let config = WebConfig {
        secure_cookies: false,
        trusted_proxies: Vec::new(),
        pages_per_minute: None,
        hook_door: "door".into(),
    };
    let router: Router = web::router(shop.app(), config);
    let request = Request::get(path).header(header::AUTHORIZATION, authorization);
    let request = request.body(Body::empty()).expect("a request");
    let (parts, body) = router.oneshot(request).await.expect("an answer").into_parts();
    let bytes = to_bytes(body, LONGEST_ANSWER).await.expect("a whole answer");
    let of = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Answer {
        status: parts.status,
        kind: of(header::CONTENT_TYPE).unwrap_or_default(),
        retry_after: of(header::RETRY_AFTER),
        body: serde_json::from_slice(&bytes).expect("JSON"),
    }
}

on_both! {
    async fn a_key_reads_what_it_was_made_for(shop) {
        shop.connect_classic().await;
        let number = shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 1);
        shop.run_until_idle().await;
        let bearer = format!("Bearer {}", key(&shop, &[Permission::SeeOrders]).await);
        assert!(bearer.contains(PREFIX), "people and scanners know one when they find it");
        let orders = ask(&shop, "/api/v1/orders", &bearer).await;
        assert_eq!((orders.status, orders.kind.as_str()), (StatusCode::OK, "application/json"));
        let newest = &orders.body["items"][0];
        assert_eq!((newest["number"].as_str(), newest["total"]["currency"].as_str()), (Some(number.as_str()), Some("BRL")));
        assert!(newest.get("buyer").is_none() && newest.get("buyer_external_id").is_none(), "{newest}");
        let one = ask(&shop, &format!("/api/v1/orders/{}", newest["id"].as_str().unwrap()), &bearer).await;
        assert_eq!(&one.body, newest);
        let skus = ask(&shop, "/api/v1/skus", &bearer).await;
        assert_eq!((skus.status, skus.kind.as_str()), (StatusCode::FORBIDDEN, "application/problem+json"));
        assert!(skus.body["detail"].as_str().is_some_and(|detail| detail.contains("see_stock")), "{}", skus.body);
        let both = format!("Bearer {}", key(&shop, &[Permission::SeeOrders, Permission::SeeStock]).await);
        let skus = ask(&shop, "/api/v1/skus", &both).await.body;
        assert!(skus["items"].as_array().unwrap().iter().any(|sku| sku["code"] == SHARED && sku["available_units"].is_i64()));
    }

    /// ASVS 8.3.1.
    async fn without_a_good_key_nothing_is_told(shop) {
        let good = key(&shop, &[Permission::SeeOrders]).await;
        let wrong = format!("{PREFIX}{}", "A".repeat(43));
        for shown in ["", "Basic YTpi", "Bearer", "Bearer x", &good, &format!("Bearer {wrong}"), &format!("Bearer {}", &good[PREFIX.len()..])] {
            let answer = ask(&shop, "/api/v1/orders", shown).await;
            assert_eq!((answer.status, answer.kind.as_str()), (StatusCode::UNAUTHORIZED, "application/problem+json"), "{shown}");
        }
        let bearer = format!("Bearer {good}");
        assert_eq!(ask(&shop, "/api/v1/orders/ord_x", &bearer).await.status, StatusCode::NOT_FOUND);
        assert_eq!(ask(&shop, "/api/v1/orders?after=perhaps", &bearer).await.status, StatusCode::BAD_REQUEST);
    }

    /// ASVS 7.4.2.
    async fn a_key_ends_on_its_day_when_it_is_ended_and_with_its_member(shop) {
        let bearer = format!("Bearer {}", key(&shop, &[Permission::SeeOrders]).await);
        let status = async |bearer: &str| ask(&shop, "/api/v1/orders", bearer).await.status;
        assert_eq!(status(&bearer).await, StatusCode::OK);
        let who = owner(&shop).await;
        let held = shop.app().api_keys(&who).await.unwrap();
        assert!(held[0].last_used_at.is_some(), "its use is seen");
        shop.app().end_api_key(&who, held[0].id).await.expect("it ends");
        assert_eq!(status(&bearer).await, StatusCode::UNAUTHORIZED);
        let bearer = format!("Bearer {}", key(&shop, &[Permission::SeeOrders]).await);
        shop.wait(DAY * 30);
        assert_eq!(status(&bearer).await, StatusCode::UNAUTHORIZED, "its day has come");
        let bearer = format!("Bearer {}", key(&shop, &[Permission::SeeOrders]).await);
        assert!(shop.meddle(&["UPDATE access_grant SET ended_at = 1 WHERE access = 'owner'"]).await);
        assert_eq!(status(&bearer).await, StatusCode::FORBIDDEN, "a key never may more than its member");
    }

    async fn keys_are_made_for_something_with_a_name_and_an_end(shop) {
        let (app, who) = (shop.app(), owner(&shop).await);
        let make = async |name: &str, scopes: &[Permission], life| app.make_api_key(&who, name, scopes.to_vec(), life).await;
        let orders = [Permission::SeeOrders];
        assert!(matches!(make(" ", &orders, Some(DAY)).await, Err(ApiKeyError::Name)));
        assert!(matches!(make("x", &[], Some(DAY)).await, Err(ApiKeyError::Scopes)));
        assert!(matches!(make("x", &[Permission::ManageMembers], Some(DAY)).await, Err(ApiKeyError::Scopes)));
        for life in [None, Some(Duration::ZERO), Some(MAX_LIFE + DAY)] {
            assert!(matches!(make("x", &orders, life).await, Err(ApiKeyError::Until)), "{life:?}");
        }
        for _ in 0..MAX_KEYS {
            make("x", &orders, Some(DAY)).await.expect("one more");
        }
        assert!(matches!(make("x", &orders, Some(DAY)).await, Err(ApiKeyError::TooMany)));
        let kept = shop.number("SELECT COUNT(*) FROM api_key").await;
        assert_eq!(usize::try_from(kept), Ok(MAX_KEYS));
    }

    async fn a_program_that_asks_too_often_is_told_when_to_come_back(shop) {
        let bearer = format!("Bearer {}", key(&shop, &[Permission::SeeOrders]).await);
        for _ in 0..API_PER_KEY.burst {
            assert_eq!(ask(&shop, "/api/v1/orders", &bearer).await.status, StatusCode::OK);
        }
        let answer = ask(&shop, "/api/v1/orders", &bearer).await;
        assert_eq!((answer.status, answer.retry_after.as_deref()), (StatusCode::TOO_MANY_REQUESTS, Some("1")));
        shop.wait(API_PER_KEY.every);
        assert_eq!(ask(&shop, "/api/v1/orders", &bearer).await.status, StatusCode::OK);
    }
}

//! No secret and no personal datum leaves the places made for it.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};
use sandbox::{Fault, FaultRule};
use serde_json::{Value, json};
use tests::TestApp;
use tests::capture::Captured;

const SHARED: &str = "CAN-INOX-500";
/// Shorter texts are in too many words.
const SHORTEST_CHARS: usize = 6;

/// Everything in the world that only its owner may see.
fn canaries(shop: &TestApp) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    shop.market().sandbox().with_world(|world| {
        found.extend(world.apps.values().map(|app| app.secret.clone()));
        for grant in &world.auth.grants {
            found.extend(grant.access_tokens.keys().cloned());
            found.extend(grant.refresh_token.iter().map(|(token, _)| token.clone()));
            found.extend(grant.spent_refresh_tokens.iter().cloned());
        }
        for buyer in world.users.values().filter(|user| !user.seller) {
            found.extend(personal(&serde_json::to_value(buyer).expect("a buyer is plain data")));
        }
    });
    for call in shop.market().calls() {
        let pairs = url::form_urlencoded::parse(call.body.as_bytes());
        let secret =
            |name: &str| matches!(name, "code" | "code_verifier" | "refresh_token" | "client_secret");
        found.extend(pairs.filter(|(name, _)| secret(name)).map(|(_, value)| value.into_owned()));
    }
    found.insert(tests::shop::PASSWORD.to_owned());
    found.insert(tests::shop::EMAIL.to_owned());
    found.retain(|text| text.chars().count() >= SHORTEST_CHARS);
    found
}

/// Names, documents and streets of a buyer.
fn personal(value: &Value) -> Vec<String> {
    let Value::Object(fields) = value else { return Vec::new() };
    let told = [
        "first_name",
        "last_name",
        "document",
        "number",
        "street",
        "street_name",
        "zip_code",
        "phone",
        "email",
    ];
    fields
        .iter()
        .flat_map(|(name, value)| match value {
            Value::String(text) if told.contains(&name.as_str()) => vec![text.clone()],
            Value::Array(parts) if name == "document" => {
                parts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => personal(value),
        })
        .collect()
}

/// Everything that people, support or a log reader gets to see.
async fn seen(shop: &TestApp, log: &Captured) -> String {
    let mut all = log.text();
    for sql in [
        "SELECT payload || COALESCE(error, '') || COALESCE(exchange, '') || cause FROM job",
        "SELECT action || subject_id || details FROM audit_event",
        "SELECT kind || detail FROM timeline",
        "SELECT summary || tags || COALESCE(buyer_external_id, '') FROM orders",
        "SELECT name || COALESCE(renewal_error, '') FROM connection",
        "SELECT value FROM setting",
    ] {
        all.push_str(&shop.texts(sql).await.join("\n"));
    }
    all
}

on_both! {
    /// ASVS 14.2.4, 16.2.5.
    async fn nothing_secret_reaches_logs_exchanges_audit_or_timeline(shop) {
        let log = Captured::everywhere();
        shop.leaves_dead_letters();
        shop.leaves_jobs();
        shop.connect_classic().await;
        shop.connect_family().await;
        let item = shop.market().items_of(CLASSIC_SELLER, SHARED)[0].clone();
        for fault in [Fault::HalfJson, Fault::HtmlBody, Fault::FlipTypes, Fault::Status { status: 500 },
                      Fault::TimeoutAfterCommit { ms: 0 }, Fault::Status { status: 400 }] {
            for prefix in ["/orders", "/shipments", "/items", "/oauth", "/users"] {
                shop.market().storm(vec![FaultRule::new(prefix, fault.clone())]);
                drop(shop.market().sandbox().sell(&sandbox::SaleRequest::of_item(&item, 1)));
                shop.wait(Duration::from_hours(7));
                shop.settle().await;
                let all = seen(&shop, &log).await;
                let leaked = canaries(&shop).into_iter().find(|canary| all.contains(canary));
                assert_eq!(leaked, None, "{fault:?} on {prefix}");
                for seller in [CLASSIC_SELLER, FAMILY_SELLER] {
                    drop(shop.authorize(seller).await);
                }
            }
        }
        shop.market().storm(Vec::new());
        shop.market().control(Method::POST, "/_sandbox/tokens/revoke", &json!({"user_id": FAMILY_SELLER}));
        shop.wait(Duration::from_hours(7));
        shop.run_until_idle().await;
        let all = seen(&shop, &log).await;
        let canaries = canaries(&shop);
        assert!(canaries.len() > 40, "there is something to find: {}", canaries.len());
        assert!(all.contains("order.taken_in") && all.contains("job waits"), "there is something to search");
        assert_eq!(canaries.into_iter().find(|canary| all.contains(canary)), None);
    }
}

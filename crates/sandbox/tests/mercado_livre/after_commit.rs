//! Faults that only a connection can show, and reads of the past (fact sheet §21).

use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::{Method, Request, StatusCode};
use sandbox::SaleRequest;
use sandbox::faults::{Fault, FaultRule};
use serde_json::json;
use tower::ServiceExt;

use crate::kit::{CLASSIC, Shop, shop};

fn request(shop: &Shop, method: Method, path: &str, body: &str) -> Request<Body> {
    let builder = Request::builder().method(method).uri(path);
    builder
        .header("authorization", format!("Bearer {}", shop.token(CLASSIC)))
        .body(Body::from(body.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn a_router_call_in_process_answers_json() {
    let shop = shop();
    let answer = shop.sandbox.router().oneshot(request(&shop, Method::GET, "/users/me", "")).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json; charset=utf-8");
    let body = to_bytes(answer.into_body(), 100_000).await.unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["nickname"], "CASA.DO.TRECO.3D");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_after_commit_has_done_the_work_and_breaks_the_connection() {
    let shop = shop();
    let path = format!("/items/{}", shop.item("CAB-HDMI-2M"));
    let rule = FaultRule::new("/items", Fault::TimeoutAfterCommit { ms: 30_000 }).times(1);
    shop.sandbox.set_faults(vec![rule]);
    let start = tokio::time::Instant::now();
    let answer =
        shop.sandbox.router().oneshot(request(&shop, Method::PUT, &path, "{\"price\":77}")).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    assert!(to_bytes(answer.into_body(), 100_000).await.is_err());
    assert_eq!(shop.get(&path)["price"], 77.0);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_before_commit_has_done_nothing() {
    let shop = shop();
    let path = format!("/items/{}", shop.item("CAB-HDMI-2M"));
    let rule = FaultRule::new("/items", Fault::TimeoutBeforeCommit { ms: 1_000 }).times(1);
    shop.sandbox.set_faults(vec![rule]);
    let answer =
        shop.sandbox.router().oneshot(request(&shop, Method::PUT, &path, "{\"price\":77}")).await.unwrap();
    assert!(to_bytes(answer.into_body(), 100_000).await.is_err());
    assert_eq!(shop.get(&path)["price"], 54.9);
}

#[test]
fn a_notified_order_may_not_be_readable_yet() {
    let shop = shop();
    shop.sandbox.set_faults(vec![FaultRule::new("/orders", Fault::StaleRead { seconds: 10 })]);
    let order = shop.sandbox.sell(&SaleRequest::of_sku("CAB-HDMI-2M", 1)).unwrap()[0];
    let read = || shop.seller(Method::GET, &format!("/orders/{order}")).send().status;
    assert_eq!(read(), StatusCode::NOT_FOUND);
    for _ in 0..12 {
        shop.pass(Duration::from_secs(1));
    }
    assert_eq!(read(), StatusCode::OK);
}

#[test]
fn a_page_of_the_gateway_and_half_a_document_are_no_json() {
    let shop = shop();
    shop.sandbox.set_faults(vec![FaultRule::new("/users/me", Fault::HtmlBody).times(1)]);
    let page = shop.seller(Method::GET, "/users/me").send();
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(crate::kit::bytes(&page).starts_with(b"<html>"));
    shop.sandbox.set_faults(vec![FaultRule::new("/users/me", Fault::HalfJson).times(1)]);
    let half = shop.seller(Method::GET, "/users/me").send();
    assert!(serde_json::from_slice::<serde_json::Value>(&crate::kit::bytes(&half)).is_err());
}

#[test]
fn states_that_no_document_lists_and_ids_of_another_type_can_come() {
    let shop = shop();
    let order = shop.sandbox.sell(&SaleRequest::of_sku("CAB-HDMI-2M", 1)).unwrap()[0];
    let path = format!("/orders/{order}");
    shop.sandbox.set_faults(vec![
        FaultRule::new("/orders", Fault::UnknownEnum),
        FaultRule::new("/orders", Fault::FlipTypes),
    ]);
    let read = shop.get(&path);
    assert_eq!((&read["status"], &read["id"]), (&json!("novel_state"), &json!(order.to_string())));
}

#[test]
fn a_multiget_can_fail_in_part() {
    let shop = shop();
    let (first, second) = (shop.item("CAB-HDMI-2M"), shop.item("QC-1000-MG"));
    shop.sandbox.set_faults(vec![FaultRule::new("/items/bulk", Fault::PartialMultiget)]);
    let bulk = shop.get(&format!("/items/bulk?ids={first},{second}"));
    assert_eq!((&bulk[0]["status_code"], &bulk[1]["status_code"]), (&json!(200), &json!(500)));
}

#[test]
fn a_fault_leaves_its_name_in_the_log() {
    let shop = shop();
    shop.sandbox.set_faults(vec![FaultRule::new("/users/me", Fault::Status { status: 503 })]);
    let reply = shop.seller(Method::GET, "/users/me").send();
    assert_eq!(
        reply.document(),
        &json!({"message": "Service Unavailable", "error": "service_unavailable", "status": 503, "cause": []})
    );
    let log = shop.control(Method::GET, "/_sandbox/log", &json!({}));
    assert_eq!((&log[0]["fault"], &log[0]["status"]), (&json!("status"), &json!(503)));
}

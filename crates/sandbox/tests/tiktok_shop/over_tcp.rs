//! The shell: a signed call over a socket, a signed webhook over HTTP.

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use http::Method;
use sandbox::text::form_pairs;
use sandbox::tiktok_shop::sign;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::kit::{CASA, shop};

async fn local_listener() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[tokio::test]
async fn a_signed_call_on_a_socket_is_answered() {
    let shop = shop();
    let (listener, address) = local_listener().await;
    let _serving = shop.sandbox.spawn(listener);
    let entry = &shop.manifest.shops[CASA];
    let path = "/order/202309/orders/search";
    let body = r#"{"order_status": "UNPAID"}"#;
    let query = format!(
        "app_key={}&page_size=10&shop_cipher={}&timestamp={}",
        shop.manifest.app_key,
        entry.cipher,
        shop.sandbox.now().as_millis() / 1_000
    );
    let signature = sign::of_call(&shop.manifest.app_secret, path, &form_pairs(&query), body.as_bytes());
    let request = format!(
        "POST {path}?{query}&sign={signature} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nx-tts-access-token: {}\r\nContent-Length: {}\r\n\r\n{body}",
        entry.access_token.as_deref().unwrap(),
        body.len()
    );
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("\"message\":\"Success\""), "{answer}");
}

#[tokio::test]
async fn a_webhook_reaches_the_application_with_its_signature() {
    let shop = shop();
    let (sender, mut received) = mpsc::unbounded_channel();
    let application = Router::new().route(
        "/hooks",
        post(move |headers: HeaderMap, body: String| async move {
            let signature = headers["authorization"].to_str().unwrap().to_owned();
            sender.send((signature, body)).unwrap();
        }),
    );
    let (hook_listener, hook_address) = local_listener().await;
    let hooks = tokio::spawn(async move { axum::serve(hook_listener, application).await });
    shop.control(Method::PUT, "/_sandbox/hooks", &json!({"url": format!("http://{hook_address}/hooks")}));
    let (listener, _) = local_listener().await;
    let _serving = shop.sandbox.spawn(listener);
    shop.sell(&json!({"sku": "CAB-HDMI-2M"}));
    let (signature, body) = received.recv().await.unwrap();
    let right = sign::of_webhook(&shop.manifest.app_secret, &shop.manifest.app_key, body.as_bytes());
    assert_eq!(signature, right);
    hooks.abort();
}

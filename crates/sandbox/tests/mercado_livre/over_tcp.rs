//! The shell: served on a socket, notifications sent over HTTP.

use axum::Router;
use axum::routing::post;
use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::kit::shop;

async fn local_listener() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[tokio::test]
async fn a_client_on_a_socket_is_answered() {
    let shop = shop();
    let (listener, address) = local_listener().await;
    let _serving = shop.sandbox.spawn(listener);
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request = format!("GET /_sandbox/manifest HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("CASA.DO.TRECO.3D"));
}

#[tokio::test]
async fn a_notification_reaches_the_application_and_its_answer_is_noted() {
    let shop = shop();
    let (sender, mut received) = mpsc::unbounded_channel();
    let application = Router::new().route(
        "/hooks",
        post(move |body: String| async move {
            sender.send(body).unwrap();
            ""
        }),
    );
    let (hook_listener, hook_address) = local_listener().await;
    let hooks = tokio::spawn(async move { axum::serve(hook_listener, application).await });
    shop.control(
        Method::PUT,
        "/_sandbox/hooks",
        &json!({"url": format!("http://{hook_address}/hooks"), "topics": ["payments"]}),
    );
    let (listener, _) = local_listener().await;
    let _serving = shop.sandbox.spawn(listener);
    shop.control(Method::POST, "/_sandbox/sales", &json!({"sku": "CAB-HDMI-2M"}));
    let body: serde_json::Value = serde_json::from_str(&received.recv().await.unwrap()).unwrap();
    assert_eq!(body["topic"], "payments");
    let delivered = || {
        let shown = shop.control(Method::GET, "/_sandbox/hooks", &json!({}));
        shown["notifications"][0]["attempts"][0]["status"] == 200
    };
    while !delivered() {
        tokio::task::yield_now().await;
    }
    hooks.abort();
}

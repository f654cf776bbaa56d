use std::sync::Arc;

use domain::ManualClock;
use sandbox::{ShopeeConfig, ShopeeSandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::kit::{hmac_hex, start};

/// Takes pushes, answering each with `answer`; what arrived comes out of the channel.
async fn application(answer: &'static str) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut taken = vec![0; 16 * 1024];
            let mut length = 0;
            // Head and body of a push may come in two pieces.
            while !String::from_utf8_lossy(&taken[..length]).ends_with('}') {
                length += stream.read(&mut taken[length..]).await.unwrap();
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = sender.send(String::from_utf8_lossy(&taken[..length]).into_owned());
        }
    });
    (url, receiver)
}

async fn sandbox_for(url: &str) -> (ShopeeSandbox, String, tokio::task::JoinSet<()>) {
    let config = ShopeeConfig { hook_url: Some(url.to_owned()), ..ShopeeConfig::default() };
    let sandbox = ShopeeSandbox::new(config, Arc::new(ManualClock::at(start())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let tasks = sandbox.spawn(listener);
    (sandbox, address, tasks)
}

async fn post(address: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Waits until `done` says so, letting the sandbox go on meanwhile.
async fn until(sandbox: &ShopeeSandbox, done: impl Fn(&Value) -> bool) {
    loop {
        let hooks = sandbox.with_world(|world| serde_json::to_value(&world.pushes).unwrap());
        if done(&hooks) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_push_arrives_signed_and_an_empty_answer_ends_it() {
    let (url, mut arrived) = application("HTTP/1.1 204 No Content\r\n\r\n").await;
    let (sandbox, address, _tasks) = sandbox_for(&url).await;
    let answer = post(&address, "/_sandbox/sales", &json!({"sku": "PEN-64"}).to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let push = arrived.recv().await.unwrap();
    let (head, body) = push.split_once("\r\n\r\n").unwrap();
    let signed = hmac_hex(&sandbox.manifest().partner_key, &format!("{url}|{body}"));
    assert!(head.contains(&format!("Authorization: {signed}\r\n")), "{head}");
    until(&sandbox, |hooks| {
        hooks["messages"].as_object().unwrap().values().all(|push| push["stage"] == "delivered")
    })
    .await;
}

#[tokio::test]
async fn an_answer_with_a_body_is_a_failure() {
    let (url, _arrived) = application("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\":true}").await;
    let (sandbox, address, _tasks) = sandbox_for(&url).await;
    post(&address, "/_sandbox/sales", &json!({"sku": "PEN-64"}).to_string()).await;
    until(&sandbox, |hooks| {
        let tried = |push: &Value| push["attempts"].as_array().is_some_and(|attempts| attempts.len() == 1);
        let messages = hooks["messages"].as_object().unwrap();
        !messages.is_empty() && messages.values().all(|push| tried(push) && push["stage"]["waiting"].is_i64())
    })
    .await;
}

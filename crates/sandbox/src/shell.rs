//! The thin shells: HTTP in, notifications out.

use std::time::Duration;

use axum::Router;
use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::serve::ListenerExt as _;
use futures::future::BoxFuture;
use http::{HeaderName, HeaderValue, Uri};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::frame::{Frame, Market, Misfit, Outcome};
use crate::hooks::{HookAnswer, HookDelivery};
use crate::reply::{Body, Reply};

/// The largest request body: an attachment of 25 MB and its wrapping.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;
/// How often time-driven things are looked at.
const TICK: Duration = Duration::from_millis(50);
/// How long a connection to the application may take before it counts as no answer: longer
/// than any platform's own patience, which judges by the time that passed.
const HOOK_PATIENCE: Duration = Duration::from_secs(6);
/// The longest head of an answer to a notification that is read, in bytes.
const HOOK_HEAD_BYTES: u64 = 16 * 1024;

/// The text of `sandbox --help` after the options.
pub const HELP: &str = "\
The sandbox stands for Mercado Livre and, on the next two ports, for Shopee and TikTok Shop:
API, authorization page and notifications on one address each, with sellers, products and
buyers in them. A mail server that delivers nothing is on the port after those, and what it
caught can be read on the port after that; then comes S3-compatible storage with a bucket in it.
Nothing leaves this machine.

Start it, read what to connect with, make a sale, break something:

  lojista sandbox --base-port 9100 --hook-url http://127.0.0.1:8080/hooks/mercado_livre/demo
  curl http://127.0.0.1:9100/_sandbox/manifest
  curl -X POST http://127.0.0.1:9100/_sandbox/sales -d '{\"sku\":\"CAN-INOX-500\",\"quantity\":1}'
  curl -X PUT  http://127.0.0.1:9100/_sandbox/faults -d '[{\"path_prefix\":\"/orders\",\"kind\":\"status\",\"status\":503,\"count\":3}]'
  curl -X POST http://127.0.0.1:9100/_sandbox/time -d '{\"advance_seconds\":3600}'
  curl -X POST http://127.0.0.1:9101/_sandbox/sales -d '{\"sku\":\"CAN-INOX-500\",\"quantity\":1}'
  curl -X POST http://127.0.0.1:9102/_sandbox/sales -d '{\"sku\":\"CAN-INOX-500\",\"quantity\":1}'
  LOJISTA_SMTP_URL=smtp://127.0.0.1:9103 LOJISTA_MAIL_FROM=loja@casa.example lojista serve
  curl http://127.0.0.1:9104/_sandbox/mails
  curl http://127.0.0.1:9105/_sandbox/manifest

All control calls: docs/sandbox.md.
";

/// Brings a notification to the application. The simulator puts its own in place.
pub trait HookSender: Send + Sync {
    /// Sends it; gives what was answered, or `None` when nobody answered.
    fn send(&self, delivery: HookDelivery) -> BoxFuture<'static, Option<HookAnswer>>;
}

/// Sends over plain HTTP, as to an application on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoopbackSender;

impl HookSender for LoopbackSender {
    fn send(&self, delivery: HookDelivery) -> BoxFuture<'static, Option<HookAnswer>> {
        Box::pin(async move {
            match tokio::time::timeout(HOOK_PATIENCE, post(&delivery)).await {
                Ok(Ok(answer)) => Some(answer),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the application took no notification");
                    None
                }
                Err(_late) => None,
            }
        })
    }
}

/// Why a notification could not be sent.
#[derive(Debug, thiserror::Error)]
enum PostError {
    #[error("the callback address must be http://host[:port]/path")]
    Address,
    #[error("the connection failed")]
    Connection(#[from] std::io::Error),
    #[error("the answer is not HTTP")]
    Answer,
}

/// One POST on one connection. Written out because a client library would be the largest
/// part of this crate, for one request and the head of its answer.
async fn post(delivery: &HookDelivery) -> Result<HookAnswer, PostError> {
    let uri: Uri = delivery.url.parse().map_err(|_| PostError::Address)?;
    if uri.scheme_str() != Some("http") {
        return Err(PostError::Address);
    }
    let host = uri.host().ok_or(PostError::Address)?;
    let mut stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
    let authority = uri.authority().ok_or(PostError::Address)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let more = delivery.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\n{}\
         Content-Length: {}\r\nConnection: close\r\n\r\n{}",
        more.collect::<Vec<_>>().concat(),
        delivery.body.len(),
        delivery.body
    );
    stream.write_all(request.as_bytes()).await?;
    read_answer(BufReader::new(stream.take(HOOK_HEAD_BYTES))).await
}

/// Reads the head of an answer, and just enough more to know whether it has a body.
async fn read_answer(mut answer: impl AsyncBufRead + Unpin) -> Result<HookAnswer, PostError> {
    let mut line = String::new();
    answer.read_line(&mut line).await?;
    let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
    let status: u16 = status.ok_or(PostError::Answer)?;
    let (mut length, mut chunked) = (None, false);
    loop {
        line.clear();
        answer.read_line(&mut line).await?;
        let Some((name, value)) = line.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse::<u64>().ok(),
            "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
            _ => {}
        }
    }
    let is_empty = match length {
        _ if status == 204 => true,
        Some(length) => length == 0,
        None => {
            matches!(answer.fill_buf().await, Ok(rest) if rest.is_empty() || (chunked && rest[0] == b'0'))
        }
    };
    Ok(HookAnswer { status, is_empty })
}

impl<W: Market> Frame<W> {
    /// The sandbox as a service, for calls in process or over any listener.
    pub fn router(&self) -> Router {
        let sandbox = self.clone();
        Router::new().fallback(move |request: Request| serve(sandbox.clone(), request))
    }

    /// Serves on `listener` and sends notifications over HTTP, until the task is aborted.
    pub fn spawn(&self, listener: TcpListener) -> JoinSet<()> {
        self.spawn_with(listener, LoopbackSender)
    }

    /// Serves on `listener` and hands notifications to `sender`, until the tasks are aborted
    /// (dropping the set does).
    pub fn spawn_with(&self, listener: TcpListener, sender: impl HookSender + 'static) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let router = self.router();
        tasks.spawn(async move {
            let listener = listener.tap_io(|connection| {
                // An answer goes out at once, as from any server that is meant for programs.
                if let Err(error) = connection.set_nodelay(true) {
                    tracing::debug!(%error, "a connection keeps small packets back");
                }
            });
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the sandbox stopped serving");
            }
        });
        tasks.spawn(keep_ticking(self.clone(), sender));
        tasks
    }
}

async fn keep_ticking<W: Market>(sandbox: Frame<W>, sender: impl HookSender) {
    let mut ticks = tokio::time::interval(TICK);
    let mut sendings = JoinSet::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            Some(_finished) = sendings.join_next() => continue,
        }
        for delivery in sandbox.tick(sandbox.now()) {
            let (sandbox, id) = (sandbox.clone(), delivery.id);
            let sending = sender.send(delivery);
            sendings.spawn(async move {
                let start = Instant::now();
                let answer = sending.await;
                sandbox.hook_answered(id, answer, start.elapsed());
            });
        }
    }
}

async fn serve<W: Market>(sandbox: Frame<W>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return response(sandbox.with_world(|world| world.misfit(Misfit::BodyTooLarge)));
    };
    let Outcome { reply, wait, broken } = sandbox.answer(Request::from_parts(parts, body));
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let answer = response(reply);
    if broken { break_off(answer) } else { answer }
}

/// The head of an answer whose body never comes: the client sees its connection break.
fn break_off(answer: Response) -> Response {
    let cut = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    answer.map(|_| HttpBody::from_stream(futures::stream::iter([Err::<bytes::Bytes, _>(cut)])))
}

fn response(reply: Reply) -> Response {
    let (kind, content) = match reply.body {
        Body::Empty => (None, HttpBody::empty()),
        Body::Json(document) => {
            (Some("application/json; charset=utf-8"), HttpBody::from(document.to_string()))
        }
        Body::Bytes(kind, content) => (Some(kind), HttpBody::from(content)),
    };
    let mut answer = Response::new(content);
    *answer.status_mut() = reply.status;
    if let Some(kind) = kind {
        answer.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    answer
}

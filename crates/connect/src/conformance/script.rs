//! A scripted outside world: a list of expected requests, each with its answer. A request
//! that is not the next of the list, and a step that nobody asked for, fail the test.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use domain::{Clock, Restricted};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use crate::outbound::{Outbound, Sending, Transport, TransportError, WireRequest, WireResponse};

/// The value of a future that needs no waiting, as all under a script are.
///
/// # Panics
/// When it does wait: the test would hang.
#[track_caller]
pub fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a scripted call waited for something that is not in the script"),
    }
}

/// Guards a text, as tests need it all the time.
#[must_use]
pub fn text(secret: &str) -> Restricted<String> {
    Restricted::new(secret.to_owned())
}

/// One expected request and its answer.
#[derive(Debug, Clone)]
pub struct Step {
    method: Method,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    outcome: Result<WireResponse, TransportError>,
}

impl Step {
    /// Expects `method` on `target`: path and query, exactly. Answered with 200 and `{}`
    /// unless told otherwise.
    #[must_use]
    pub fn expect(method: Method, target: &str) -> Self {
        let response = WireResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from_static(b"{}"),
        };
        Self { method, target: target.to_owned(), headers: Vec::new(), body: None, outcome: Ok(response) }
    }

    /// Expects a GET.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::expect(Method::GET, target)
    }

    /// Expects a PUT.
    #[must_use]
    pub fn put(target: &str) -> Self {
        Self::expect(Method::PUT, target)
    }

    /// Expects a POST.
    #[must_use]
    pub fn post(target: &str) -> Self {
        Self::expect(Method::POST, target)
    }

    /// Expects a header besides; its name in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Expects exactly this body.
    #[must_use]
    pub fn with_body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    /// Answers with this status and body.
    ///
    /// # Panics
    /// When the status is none.
    #[must_use]
    pub fn answer(mut self, status: u16, body: &str) -> Self {
        let status = StatusCode::from_u16(status).expect("a status");
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.outcome = Ok(WireResponse { status, headers: HeaderMap::new(), body });
        self
    }

    /// Answers with this status and these bytes.
    ///
    /// # Panics
    /// When the status is none.
    #[must_use]
    pub fn answer_bytes(mut self, status: u16, bytes: &[u8]) -> Self {
        self = self.answer(status, "");
        if let Ok(response) = &mut self.outcome {
            response.body = Bytes::copy_from_slice(bytes);
        }
        self
    }

    /// Adds a header to the answer; its name in lower case.
    ///
    /// # Panics
    /// When name or value are no header.
    #[must_use]
    pub fn answer_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(response) = &mut self.outcome {
            let value = HeaderValue::from_str(value).expect("a header's value");
            response.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Gives no answer.
    #[must_use]
    pub fn fail(mut self, error: TransportError) -> Self {
        self.outcome = Err(error);
        self
    }

    /// The same request with its answer's body changed; unchanged when there is none.
    #[must_use]
    pub fn map_body(mut self, change: impl FnOnce(&str) -> String) -> Self {
        if let Ok(response) = &mut self.outcome {
            response.body = Bytes::from(change(&String::from_utf8_lossy(&response.body)));
        }
        self
    }

    /// The answer's body; empty when there is no answer.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.outcome.as_ref().map(|response| response.body.as_ref()).unwrap_or_default()
    }

    /// The request that is expected: method, and path with query.
    #[must_use]
    pub fn request(&self) -> (&Method, &str) {
        (&self.method, &self.target)
    }

    /// Whether the request changes nothing at the platform.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.method == Method::GET
    }

    /// Where the answer's body is JSON: the same step for each place in it and each of
    /// `values`, with the place holding the value instead.
    #[must_use]
    pub fn with_each_value_replaced(&self, values: &[Value]) -> Vec<Self> {
        let Ok(body) = serde_json::from_slice::<Value>(self.body()) else { return Vec::new() };
        let mut steps = Vec::new();
        for pointer in pointers(&body) {
            for value in values {
                let mut changed = body.clone();
                if let Some(place) = changed.pointer_mut(&pointer) {
                    *place = value.clone();
                }
                steps.push(self.clone().map_body(|_| changed.to_string()));
            }
        }
        steps
    }

    /// The same step with its answer's body cut off, once for each `stride` bytes.
    #[must_use]
    pub fn with_each_cut(&self, stride: usize) -> Vec<Self> {
        let length = self.body().trim_ascii_end().len();
        let cut = |at: usize| {
            let mut step = self.clone();
            if let Ok(response) = &mut step.outcome {
                response.body.truncate(at);
            }
            step
        };
        (0..length).step_by(stride).map(cut).collect()
    }

    fn fits(&self, request: &WireRequest) -> bool {
        self.method == request.method && self.target == request.url[url::Position::BeforePath..]
    }

    fn check(&self, request: &WireRequest) {
        let target = &request.url[url::Position::BeforePath..];
        assert_eq!(
            (&request.method, target),
            (&self.method, self.target.as_str()),
            "another request was scripted: the channel asked for the left, the harness expects the right"
        );
        for (name, value) in &self.headers {
            let sent = request.headers.get(name).and_then(|sent| sent.to_str().ok());
            assert_eq!(sent, Some(value.as_str()), "header {name} of {target}");
        }
        if let Some(body) = &self.body {
            assert_eq!(&String::from_utf8_lossy(&request.body), body, "body of {target}");
        }
    }
}

/// The places in a JSON document, the whole of it included.
fn pointers(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut below = |name: &str, child: &Value| {
        let name = name.replace('~', "~0").replace('/', "~1");
        all.extend(pointers(child).into_iter().map(|rest| format!("/{name}{rest}")));
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, child)| below(name, child)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, child)| below(&index.to_string(), child));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all
}

/// The scripted outside world.
#[derive(Clone)]
pub struct Script {
    steps: Arc<Mutex<VecDeque<Step>>>,
    otherwise: Option<WireResponse>,
}

impl fmt::Debug for Script {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Script")
    }
}

impl Script {
    /// Expects these requests in this order.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: Arc::new(Mutex::new(steps.into_iter().collect())), otherwise: None }
    }

    /// Takes these requests in any order and answers all others with this status and
    /// body: a spoilt answer may lead to other questions.
    ///
    /// # Panics
    /// When the status is none.
    #[must_use]
    pub fn lenient(steps: impl IntoIterator<Item = Step>, status: u16, body: &str) -> Self {
        let otherwise = Step::get("").answer(status, body).outcome.ok();
        Self { otherwise, ..Self::new(steps) }
    }

    /// The client that calls this world.
    #[must_use]
    pub fn outbound(&self, clock: Arc<dyn Clock>) -> Arc<Outbound> {
        Arc::new(Outbound::new(Arc::new(self.clone()), clock))
    }

    /// Fails when a step is left over.
    ///
    /// # Panics
    /// Then.
    #[track_caller]
    pub fn done(&self) {
        let left = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let targets: Vec<_> = left.iter().map(|step| step.target.as_str()).collect();
        assert!(targets.is_empty(), "scripted but never asked for: {targets:?}");
    }
}

impl Transport for Script {
    fn send(&self, request: WireRequest) -> Sending<'_> {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(otherwise) = &self.otherwise {
            let scripted = steps.iter().position(|step| step.fits(&request)).and_then(|at| steps.remove(at));
            let outcome = scripted.map_or_else(|| Ok(otherwise.clone()), |step| step.outcome);
            return Box::pin(async move { outcome });
        }
        let next = steps.pop_front();
        drop(steps);
        let step =
            next.unwrap_or_else(|| panic!("not in the script: {} {}", request.method, request.url.path()));
        step.check(&request);
        Box::pin(async move { step.outcome })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{ManualClock, Timestamp};

    use super::*;
    use crate::outbound::{BaseUrl, CallSpec};

    fn call(script: &Script, target: &str) {
        let base = BaseUrl::parse("https://api.example.com").unwrap();
        let outbound = script.outbound(Arc::new(ManualClock::at(Timestamp::EPOCH)));
        let spec = CallSpec::new("x", Method::GET, &base, &[target]).header("x-form", "new");
        now(outbound.call(spec)).unwrap();
    }

    #[test]
    fn a_script_that_is_kept_to_passes() {
        let script = Script::new([Step::get("/a").with_header("x-form", "new").with_body("")]);
        call(&script, "a");
        script.done();
    }

    #[test]
    #[should_panic(expected = "another request was scripted")]
    fn another_request_fails() {
        call(&Script::new([Step::get("/a")]), "b");
    }

    #[test]
    #[should_panic(expected = "not in the script")]
    fn a_request_too_many_fails() {
        call(&Script::new([]), "a");
    }

    #[test]
    #[should_panic(expected = "header x-form")]
    fn another_header_fails() {
        call(&Script::new([Step::get("/a").with_header("x-form", "old")]), "a");
    }

    #[test]
    #[should_panic(expected = "body of /a")]
    fn another_body_fails() {
        call(&Script::new([Step::get("/a").with_body("x")]), "a");
    }

    #[test]
    fn a_lenient_script_takes_any_order_and_answers_what_it_does_not_know() {
        let script = Script::lenient([Step::get("/a"), Step::get("/b")], 404, "");
        for target in ["b", "c", "a"] {
            call(&script, target);
        }
        script.done();
    }

    #[test]
    fn every_place_of_an_answer_is_replaced_and_every_length_cut() {
        let step = Step::get("/a").answer(200, r#"{"a":[1],"b/c":2}"#);
        let bodies = |steps: Vec<Step>| -> Vec<String> {
            steps.iter().map(|step| String::from_utf8_lossy(step.body()).into_owned()).collect()
        };
        let replaced = bodies(step.with_each_value_replaced(&[Value::Null]));
        let expected =
            ["null", r#"{"a":null,"b/c":2}"#, r#"{"a":[null],"b/c":2}"#, r#"{"a":[1],"b/c":null}"#];
        assert_eq!(replaced, expected);
        assert_eq!(bodies(step.with_each_cut(8)), ["", r#"{"a":[1]"#, r#"{"a":[1],"b/c":2"#]);
    }

    #[test]
    #[should_panic(expected = "never asked for")]
    fn a_step_left_over_fails() {
        Script::new([Step::get("/a")]).done();
    }
}

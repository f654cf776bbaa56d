use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use domain::ManualClock;
use proptest::prelude::*;

use super::*;

/// Answers every request alike and keeps what was sent.
#[derive(Debug)]
struct Canned {
    outcome: Result<WireResponse, TransportError>,
    sent: Mutex<Vec<WireRequest>>,
}

impl Transport for Canned {
    fn send(&self, request: WireRequest) -> Sending<'_> {
        self.sent.lock().unwrap().push(request);
        let outcome = self.outcome.clone();
        Box::pin(async move { outcome })
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    match Box::pin(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a canned answer is ready at once"),
    }
}

fn answering(status: u16, body: &str) -> (Arc<Canned>, Outbound) {
    let response = WireResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    };
    over(Ok(response))
}

fn over(outcome: Result<WireResponse, TransportError>) -> (Arc<Canned>, Outbound) {
    let transport = Arc::new(Canned { outcome, sent: Mutex::new(Vec::new()) });
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000)));
    (Arc::clone(&transport), Outbound::new(transport, clock))
}

fn base() -> BaseUrl {
    BaseUrl::parse("https://api.example.com").unwrap()
}

fn token(text: &str) -> Restricted<String> {
    Restricted::new(text.to_owned())
}

#[test]
fn a_call_carries_its_token_in_the_header_and_nowhere_else() {
    let (transport, outbound) = answering(200, "{}");
    let spec = CallSpec::new("fetch order", Method::GET, &base(), &["orders", "1"])
        .query("a b", "c&d")
        .header("x-format-new", "true")
        .bearer(&token("t-1"));
    now(outbound.call(spec)).unwrap();
    let sent = transport.sent.lock().unwrap();
    assert_eq!(sent[0].url.as_str(), "https://api.example.com/orders/1?a+b=c%26d");
    assert_eq!(sent[0].headers["authorization"], "Bearer t-1");
    assert!(sent[0].headers["authorization"].is_sensitive());
    assert_eq!(sent[0].headers["x-format-new"], "true");
    assert_eq!(sent[0].reach, Reach::Public);
}

#[test]
fn a_form_reveals_its_secrets_on_the_wire_only() {
    let (transport, outbound) = answering(400, r#"{"message":"bad secret s&cret"}"#);
    let form = vec![("grant_type", "x".into()), ("client_secret", FormValue::from(&token("s&cret")))];
    let spec = CallSpec::new("refresh", Method::POST, &base(), &["oauth", "token"]).form(form);
    assert!(!format!("{spec:?}").contains("cret"));
    let answer = now(outbound.call(spec)).unwrap();
    assert_eq!(transport.sent.lock().unwrap()[0].body, "grant_type=x&client_secret=s%26cret");
    let exchange = answer.exchange();
    assert_eq!(exchange.request_body, "grant_type=x&client_secret=[redacted]");
    assert_eq!(exchange.response_body, r#"{"message":"bad secret [redacted]"}"#);
    assert_eq!(exchange.status, Some(400));
}

#[test]
fn a_segment_that_climbs_is_never_sent() {
    let (transport, outbound) = answering(200, "{}");
    let spec = CallSpec::new("fetch order", Method::GET, &base(), &["orders", ".."]);
    assert_eq!(now(outbound.call(spec)).unwrap_err().kind, ErrorKind::AddressNotAllowed);
    assert!(transport.sent.lock().unwrap().is_empty());
}

#[test]
fn a_transport_failure_becomes_an_error_with_the_exchange() {
    let cases = [
        (TransportError::Connect, ErrorKind::Unreachable),
        (TransportError::Broken, ErrorKind::Unreachable),
        (TransportError::Deadline, ErrorKind::Unreachable),
        (TransportError::AddressNotAllowed, ErrorKind::AddressNotAllowed),
    ];
    for (failure, kind) in cases {
        let (_, outbound) = over(Err(failure));
        let spec = CallSpec::new("fetch order", Method::GET, &base(), &["orders", "1"]);
        let error = now(outbound.call(spec)).unwrap_err();
        assert_eq!(error.kind, kind);
        let exchange = error.exchange.unwrap();
        assert_eq!((exchange.url.as_str(), exchange.status), ("api.example.com/orders/1", None));
    }
    let (_, outbound) = over(Err(TransportError::TooLarge { limit_bytes: 9 }));
    let error = now(outbound.call(CallSpec::new("x", Method::GET, &base(), &["y"]))).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }));
}

#[test]
fn a_json_error_tells_the_place_and_not_the_content() {
    let (_, outbound) = answering(200, r#"{"n": "APP_USR-1"}"#);
    let answer = now(outbound.call(CallSpec::new("x", Method::GET, &base(), &["y"]))).unwrap();
    let error = answer.json::<std::collections::HashMap<String, u64>>().unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
    assert!(!format!("{error} {error:?}").contains("APP_USR-1"));
}

#[test]
fn a_wish_to_wait_is_read_in_seconds_or_as_a_date() {
    let cases = [
        ("7", Some(7)),
        (" 120 ", Some(120)),
        ("soon", None),
        ("-1", None),
        // The clock stands at one second.
        ("Thu, 01 Jan 1970 00:01:31 GMT", Some(90)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("Thu, 41 Jan 1970 00:01:31 GMT", None),
    ];
    for (text, seconds) in cases {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        let response = WireResponse { status: StatusCode::TOO_MANY_REQUESTS, headers, body: Bytes::new() };
        let (_, outbound) = over(Ok(response));
        let answer = now(outbound.call(CallSpec::new("x", Method::GET, &base(), &["y"]))).unwrap();
        assert_eq!(answer.retry_after(), seconds.map(Duration::from_secs), "{text}");
    }
}

proptest! {
    #[test]
    fn no_secret_of_a_call_survives_in_what_is_kept(
        bearer in "[A-Za-z0-9_-]{12,60}", form_secret in "[ -~]{12,40}", echo in "[ -~]{0,20}",
    ) {
        let body = serde_json::json!({ "message": format!("{echo}{bearer}{echo}"), "cause": [form_secret] });
        let (_, outbound) = answering(400, &body.to_string());
        let spec = CallSpec::new("x", Method::POST, &base(), &["y", &bearer])
            .query("q", &form_secret)
            .bearer(&token(&bearer))
            .form(vec![("anything", FormValue::from(&token(&form_secret)))]);
        let answer = now(outbound.call(spec)).unwrap();
        let kept = format!("{:?} {:?}", answer, answer.exchange());
        prop_assert!(!kept.contains(&bearer) && !kept.contains(&form_secret), "{}", kept);
    }
}

/// A server on this machine that gives one answer to one connection.
fn serve_once(answer: Vec<u8>) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = vec![0; 4096];
        let length = socket.read(&mut request).unwrap();
        // The client may hang up first, when the answer is too large for it.
        let _ = socket.write_all(&answer);
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    (address, served)
}

fn over_network(address: &str) -> Result<Answer, ChannelError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::EPOCH));
    let outbound = Outbound::new(Arc::new(HttpTransport::new().unwrap()), clock);
    let base = BaseUrl::parse(address).unwrap();
    let spec = CallSpec::new("fetch order", Method::GET, &base, &["orders", "1"]).bearer(&token("t-1"));
    runtime.block_on(outbound.call(spec))
}

#[test]
fn the_network_carries_a_call_to_a_sandbox_on_this_machine() {
    let (address, served) = serve_once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec());
    let answer = over_network(&address).unwrap();
    assert_eq!((answer.status(), answer.body()), (StatusCode::OK, &b"{}"[..]));
    let request = served.join().unwrap();
    assert!(request.starts_with("GET /orders/1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer t-1\r\n"), "{request}");
}

/// ASVS 15.3.2.
#[test]
fn a_redirect_is_an_answer_and_not_an_order() {
    let redirect = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n";
    let (address, served) = serve_once(redirect.to_vec());
    assert_eq!(over_network(&address).unwrap().status(), StatusCode::FOUND);
    served.join().unwrap();
}

#[test]
fn an_endless_answer_is_given_up() {
    let announced = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", MAX_ANSWER_BYTES + 1);
    let (address, served) = serve_once(announced.into_bytes());
    assert!(matches!(over_network(&address).unwrap_err().kind, ErrorKind::Garbled { .. }));
    served.join().unwrap();

    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    chunked.extend(format!("{:x}\r\n", MAX_ANSWER_BYTES + 1).into_bytes());
    chunked.resize(chunked.len() + MAX_ANSWER_BYTES + 1, b'x');
    let (address, served) = serve_once(chunked);
    assert!(matches!(over_network(&address).unwrap_err().kind, ErrorKind::Garbled { .. }));
    served.join().unwrap();
}

#[test]
fn a_broken_answer_and_a_closed_door_are_unreachable() {
    let (address, served) = serve_once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec());
    assert_eq!(over_network(&address).unwrap_err().kind, ErrorKind::Unreachable);
    served.join().unwrap();
    assert_eq!(over_network(&address).unwrap_err().kind, ErrorKind::Unreachable);
}

#[test]
fn a_public_name_that_leads_to_this_machine_is_not_called() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let transport = HttpTransport::new().unwrap();
    // What a hostile name server would do: the name is public, its address is not.
    for url in
        ["https://localhost:9/", "https://127.0.0.1:9/", "https://169.254.169.254/", "https://[::1]:9/"]
    {
        let request = WireRequest {
            method: Method::GET,
            url: url.parse().unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            reach: Reach::Public,
            deadline: CALL_DEADLINE,
            answer_limit: MAX_ANSWER_BYTES,
        };
        let refused = runtime.block_on(transport.send(request)).unwrap_err();
        assert_eq!(refused, TransportError::AddressNotAllowed, "{url}");
    }
}

/// Shows what it was given to sign.
#[derive(Debug)]
struct Showing;

impl Signer for Showing {
    fn sign(&self, call: &Unsigned<'_>, _grant: &Grant) -> Vec<(&'static str, String)> {
        let query: Vec<_> = call.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let body = String::from_utf8_lossy(call.body);
        let shown = format!("{}|{}|{body}|{}", call.path, query.join("&"), call.at.as_millis());
        vec![("timestamp", (call.at.as_millis() / 1000).to_string()), ("sign", shown)]
    }
}

#[test]
fn a_signer_sees_the_call_as_it_is_sent_and_adds_to_its_query() {
    let (transport, outbound) = answering(200, "{}");
    let fields = serde_json::Map::from_iter([("partner_id".to_owned(), Value::from(7))]);
    let spec = CallSpec::new("refresh token", Method::POST, &base(), &["api", "token"])
        .query("name", "Café & Cia")
        .query_secret("access_token", &token("acc-ess"))
        .header_secret("x-token", &token("head-er"))
        .json_with(fields, vec![("refresh_token", token("re-fresh"))])
        .signed(Arc::new(Showing));
    let answer = now(outbound.call(spec)).unwrap();

    let sent = transport.sent.lock().unwrap().remove(0);
    let query: Vec<(String, String)> = sent.url.query_pairs().into_owned().collect();
    let signed = "/api/token|name=Café & Cia&access_token=acc-ess|{\"partner_id\":7,\"refresh_token\":\"re-fresh\"}|1000";
    let expected =
        [("name", "Café & Cia"), ("access_token", "acc-ess"), ("timestamp", "1"), ("sign", signed)];
    assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(sent.headers["x-token"], "head-er");
    assert_eq!(sent.headers[CONTENT_TYPE], "application/json");

    let kept = format!("{:?} {:?}", answer.exchange(), answer);
    for secret in ["acc-ess", "head-er", "re-fresh"] {
        assert!(!kept.contains(secret), "{kept}");
    }
}

#[test]
fn a_form_with_files_is_signed_without_them_and_none_of_it_is_kept() {
    let (transport, outbound) = answering(400, "{}");
    let content = Bytes::from_static(b"\x89PNG-and-what-it-shows");
    let file = Part::File { name: "file", file_name: "picture.png".into(), media_type: "image/png", content };
    let spec = CallSpec::new("upload picture", Method::POST, &base(), &["pictures"])
        .header("content-type", "application/json")
        .signed(Arc::new(Showing))
        .multipart(vec![file]);
    let answer = now(outbound.call(spec)).unwrap();

    let sent = transport.sent.lock().unwrap().remove(0);
    let signed = sent.url.query_pairs().find(|(name, _)| name == "sign").map(|(_, sign)| sign.into_owned());
    assert_eq!(signed.as_deref(), Some("/pictures|||1000"));
    assert_eq!(sent.deadline, UPLOAD_DEADLINE);
    assert!(content_type(&sent.headers).starts_with("multipart/form-data; boundary="), "{:?}", sent.headers);
    let kept = answer.exchange().request_body;
    assert_eq!(kept, format!("[a form with files, {} bytes]", sent.body.len()));
}

#[test]
fn a_text_that_names_a_person_is_sent_and_not_kept() {
    let invoice = Confidential::new("<nfe>Maria Teste</nfe>".to_owned());
    let around = serde_json::json!({ "invoices": [{ "file": null, "package_id": "1" }] });
    let told = CallSpec::new("tell invoice", Method::POST, &base(), &["shipments", "1", "invoice_data"]);
    let plain = told.clone().slash().query("siteId", "MLB").guarded("application/xml", &invoice);
    let (transport, outbound) = answering(400, "{}");
    for spec in [plain, told.json_around(around, "/invoices/0/file", &invoice)] {
        let kept = format!("{:?}", now(outbound.call(spec)).unwrap().exchange());
        assert!(!kept.contains("Maria") && !kept.contains("PG5mZT5NYXJpYSBUZXN0ZTwvbmZlPg"), "{kept}");
    }
    let sent = transport.sent.lock().unwrap();
    assert!(sent[0].url.path().ends_with("/shipments/1/invoice_data/"), "{}", sent[0].url);
    assert_eq!(
        (&sent[0].headers[CONTENT_TYPE], &sent[0].body[..]),
        (&HeaderValue::from_static("application/xml"), &b"<nfe>Maria Teste</nfe>"[..])
    );
    let json = r#"{"invoices":[{"file":"PG5mZT5NYXJpYSBUZXN0ZTwvbmZlPg==","package_id":"1"}]}"#;
    assert_eq!((&sent[1].body[..], sent[1].deadline), (json.as_bytes(), UPLOAD_DEADLINE));
}

#[test]
fn a_document_lies_below_the_base_or_at_a_host_of_the_platforms() {
    let public = BaseUrl::parse("https://api.example.com").unwrap();
    let hosts = [".files.example.com"];
    let called = |address: &str| {
        let (transport, outbound) = answering(200, "x");
        let outcome = now(outbound.call(CallSpec::given("fetch label", &public, &hosts, address)));
        let sent = transport.sent.lock().unwrap().len();
        assert_eq!(outcome.is_ok(), sent == 1, "{address}");
        sent == 1
    };
    for address in ["https://api.example.com/documents/1?key=2", "https://sg.files.example.com/a%2Fb"] {
        assert!(called(address), "{address}");
    }
    for address in [
        "http://sg.files.example.com/a",
        "https://sg.files.example.com:8443/a",
        "https://files.example.com.evil.example/a",
        "https://evil.example/.files.example.com",
        "https://user:word@sg.files.example.com/a",
        "https://127.0.0.1/a",
        "https://169.254.169.254/latest",
        "ftp://sg.files.example.com/a",
        "/documents/1",
        "",
    ] {
        assert!(!called(address), "{address}");
    }
}

#[test]
fn the_address_of_a_document_is_a_key_and_does_not_show() {
    let (_, outbound) = answering(403, "<h1>Request has expired: 6b65795f6f66 / hand-out</h1>");
    let address = "https://api.example.com/documents/6b65795f6f66?policy=hand-out";
    let spec = CallSpec::given("fetch label", &base(), &[".example.com"], address);
    let kept = format!("{:?}", now(outbound.call(spec)).unwrap().exchange());
    assert!(!kept.contains("6b65795f6f66/") && !kept.contains("hand-out"), "{kept}");
    assert!(!kept.contains("documents/6b65795f6f66"), "{kept}");
}

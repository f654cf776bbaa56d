use std::collections::VecDeque;
use std::future::ready;
use std::sync::Mutex;

use domain::{ManualClock, Restricted, SeededEntropy, Timestamp};
use http::StatusCode;
use vault::sigv4::AccessKey;

use super::*;
use crate::outbound::Sending;

const SECRET: &str = "the-secret-half";

/// Answers what it was told to, in order, and keeps what was sent.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<VecDeque<Result<WireResponse, TransportError>>>,
    sent: Mutex<Vec<WireRequest>>,
}

impl Transport for Script {
    fn send(&self, request: WireRequest) -> Sending<'_> {
        self.sent.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front().expect("an answer for each call");
        Box::pin(ready(answer))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an answer of the script, beside those that never came")]
fn says(status: u16, body: &str) -> Result<WireResponse, TransportError> {
    let status = StatusCode::from_u16(status).unwrap();
    Ok(WireResponse { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) })
}

/// The answer to a put.
fn kept() -> Result<WireResponse, TransportError> {
    let mut answer = says(200, "")?;
    answer.headers.insert(ETAG, HeaderValue::from_static("\"tag\""));
    Ok(answer)
}

fn refuses(status: u16, code: &str) -> Result<WireResponse, TransportError> {
    says(
        status,
        &format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{SECRET}</Message></Error>"),
    )
}

fn bucket(answers: impl IntoIterator<Item = Result<WireResponse, TransportError>>) -> (Arc<Script>, Bucket) {
    let script = Arc::new(Script { answers: Mutex::new(answers.into_iter().collect()), ..Script::default() });
    let key = AccessKey::new("key-one".into(), Restricted::new(SECRET.to_owned()), "sa-east-1".into());
    let endpoint = place::endpoint("https://s3.example").unwrap();
    let place = BucketPlace::new(endpoint, "loja".into(), "casa".into(), Style::Path, key).unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_366_991_000)));
    let patience = Patience { tries: 3, longest_pause: Duration::ZERO };
    let entropy = Arc::new(SeededEntropy::new(1));
    (Arc::clone(&script), Bucket::new(place, script, clock, entropy, patience))
}

fn now<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn sent(script: &Script) -> Vec<String> {
    let sent = script.sent.lock().unwrap();
    sent.iter().map(|request| format!("{} {}", request.method, request.url)).collect()
}

#[test]
fn an_object_is_written_once_with_its_checksum_and_on_condition_that_nothing_is_there() {
    let (script, bucket) = bucket([kept()]);
    assert_eq!(now(bucket.put_new("lists/1", Bytes::from_static(b"rows"))), Ok(Put::Done));
    assert_eq!(sent(&script), ["PUT https://s3.example/loja/casa/lists/1"]);
    let request = script.sent.lock().unwrap().remove(0);
    let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("if-none-match"), "*");
    assert_eq!(header("x-amz-checksum-sha256"), STANDARD.encode(sha256(b"rows")));
    assert_eq!(header("x-amz-date"), "20261122T170311Z");
    let authorization = header("authorization");
    assert!(
        authorization.contains("SignedHeaders=content-type;host;if-none-match;x-amz-checksum-sha256;x-amz-content-sha256;x-amz-date"),
        "{authorization}"
    );
    assert!(request.headers["authorization"].is_sensitive());
    assert!(!format!("{request:?} {bucket:?}").contains(SECRET));
}

#[test]
fn what_passes_is_tried_again_and_what_stays_is_not() {
    for passing in [
        refuses(500, "InternalError"),
        refuses(503, "SlowDown"),
        refuses(429, "TooManyRequests"),
        refuses(400, "RequestTimeout"),
        refuses(400, "BadDigest"),
        refuses(409, "ConditionalRequestConflict"),
        Err(TransportError::Broken),
        Err(TransportError::Deadline),
    ] {
        let again = passing.clone();
        let (script, bucket) = bucket([passing, again, says(200, "rows")]);
        assert_eq!(now(bucket.get("lists/1", 10)), Ok(Some(Bytes::from_static(b"rows"))));
        assert_eq!(sent(&script).len(), 3);
    }
    let (script, trying) = bucket(std::iter::repeat_n(refuses(503, "SlowDown"), 9));
    let error = now(trying.remove("lists/1")).unwrap_err();
    assert_eq!(sent(&script).len(), 3, "no more than it is patient for");
    assert!(error.to_string().contains("503 SlowDown after 3 tries"), "{error}");
    let (script, trying) = bucket(std::iter::repeat_n(Err(TransportError::Connect), 9));
    let error = now(trying.get("lists/1", 1)).unwrap_err();
    assert_eq!(sent(&script).len(), 3);
    assert!(error.to_string().contains("no answer in 3 tries"), "{error}");
    let (script, trying) = bucket([refuses(403, "AccessDenied")]);
    now(trying.get("lists/1", 1)).unwrap_err();
    assert_eq!(sent(&script).len(), 1);
}

#[test]
fn a_put_whose_answer_was_lost_is_looked_at_before_it_is_called_taken() {
    let rows = Bytes::from_static(b"rows");
    let (_, trying) =
        bucket([Err(TransportError::Broken), refuses(412, "PreconditionFailed"), says(200, "rows")]);
    assert_eq!(now(trying.put_new("lists/1", rows.clone())), Ok(Put::Done));
    for other in [says(200, "else"), says(404, ""), Err(TransportError::TooLarge { limit_bytes: 4 })] {
        let (_, trying) = bucket([refuses(500, ""), refuses(412, "PreconditionFailed"), other]);
        assert_eq!(now(trying.put_new("lists/1", rows.clone())), Ok(Put::Taken));
    }
    let (script, trying) = bucket([refuses(412, "PreconditionFailed")]);
    assert_eq!(now(trying.put_new("lists/1", rows)), Ok(Put::Taken));
    assert_eq!(sent(&script).len(), 1);
}

#[test]
fn a_server_without_conditions_is_asked_first_what_is_there() {
    let rows = Bytes::from_static(b"rows");
    let answers = [refuses(501, "NotImplemented"), says(404, ""), kept(), says(200, "")];
    let (script, bucket) = bucket(answers);
    assert_eq!(now(bucket.put_new("lists/1", rows.clone())), Ok(Put::Done));
    assert_eq!(now(bucket.put_new("lists/1", rows)), Ok(Put::Taken), "it remembers");
    let methods: Vec<String> =
        sent(&script).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(methods, ["PUT", "HEAD", "PUT", "HEAD"]);
    assert!(!script.sent.lock().unwrap()[2].headers.contains_key("if-none-match"));
}

#[test]
fn what_is_longer_than_it_may_be_is_refused_and_a_refusal_may_be_longer() {
    let (_, reading) = bucket([says(200, "12345")]);
    assert!(matches!(now(reading.get("lists/1", 4)), Err(BucketError::TooLong { limit: 4, .. })));
    let (script, reading) = bucket([refuses(403, "AccessDenied")]);
    assert!(matches!(now(reading.get("lists/1", 4)), Err(BucketError::Denied { .. })));
    assert!(script.sent.lock().unwrap()[0].answer_limit > 1_000);
}

#[test]
fn a_list_is_read_to_its_end_and_names_what_is_ours() {
    let page = |inside: &str| says(200, &format!("<ListBucketResult>{inside}</ListBucketResult>"));
    let one = "<IsTruncated>true</IsTruncated><NextContinuationToken>t+1=</NextContinuationToken>\
               <Contents><Key>casa/lists/1</Key><Size>3</Size></Contents>";
    let two = "<IsTruncated>false</IsTruncated><Contents><Key>casa/lists/2</Key><Size>4</Size></Contents>\
               <Contents><Key>elsewhere/lists/3</Key><Size>4</Size></Contents>";
    let (script, reading) = bucket([page(one), page(two)]);
    let found = now(reading.list("lists")).unwrap();
    assert_eq!(found, [("lists/1".to_owned(), 3), ("lists/2".to_owned(), 4)]);
    assert_eq!(
        sent(&script),
        [
            "GET https://s3.example/loja?encoding-type=url&list-type=2&prefix=casa%2Flists%2F",
            "GET https://s3.example/loja?continuation-token=t%2B1%3D&encoding-type=url&list-type=2&prefix=casa%2Flists%2F",
        ]
    );
    let (_, reading) = bucket([page(one), page(one)]);
    let error = now(reading.list("lists")).unwrap_err();
    assert!(error.to_string().contains("in circles"), "{error}");
    let (_, reading) = bucket([says(200, "<html>")]);
    assert!(matches!(now(reading.list("lists")), Err(BucketError::Garbled { .. })));
}

#[test]
fn each_refusal_says_its_mend_and_nothing_that_the_server_made_up() {
    let dated = |status, code: &str| {
        let mut answer = refuses(status, code).unwrap();
        answer.headers.insert("date", HeaderValue::from_static("Sun, 22 Nov 2026 17:33:11 GMT"));
        Ok(answer)
    };
    let with = |code: &str, more: &str| says(301, &format!("<Error><Code>{code}</Code>{more}</Error>"));
    let cases = [
        (
            refuses(403, "AccessDenied"),
            "may not list in https://s3.example/loja/casa: allow it s3:ListBucket",
        ),
        (says(403, ""), "allow it s3:ListBucket"),
        (refuses(404, "NoSuchBucket"), "no bucket loja"),
        (says(404, "not found"), "no bucket loja"),
        (refuses(403, "InvalidAccessKeyId"), "LOJISTA_BACKUP_S3_ACCESS_KEY_ID"),
        (refuses(403, "SignatureDoesNotMatch"), "LOJISTA_BACKUP_S3_SECRET_ACCESS_KEY"),
        (dated(403, "RequestTimeTooSkewed"), "too far apart (1800 s)"),
        (refuses(403, "RequestTimeTooSkewed"), "too far apart: let"),
        (with("AuthorizationHeaderMalformed", "<Region>us-west-2</Region>"), "but in us-west-2"),
        (
            with("PermanentRedirect", "<Endpoint>s3.eu.example</Endpoint>"),
            "s3.eu.example: correct LOJISTA_BACKUP_S3_ENDPOINT",
        ),
        (says(302, "<html>sign in</html>"), "lies at another address"),
        (refuses(507, "XMinioStorageFull"), "is full"),
        (refuses(403, "QuotaExceeded"), "is full"),
        (refuses(400, "InvalidArgument"), "refuses to list: it says 400 InvalidArgument"),
    ];
    for (answer, expected) in cases {
        let (_, bucket) = bucket([answer]);
        let words = now(bucket.list("lists")).unwrap_err().to_string();
        assert!(words.contains(expected), "{words}");
        assert!(!words.contains(SECRET), "{words}");
    }
    let (_, deleting) = bucket([refuses(405, "MethodNotAllowed")]);
    let words = now(deleting.remove("lists/1")).unwrap_err().to_string();
    assert!(words.contains("may not delete") && words.contains("s3:DeleteObject"), "{words}");
    let (_, writing) = bucket([says(200, "<html>welcome</html>")]);
    let words = now(writing.put_new("lists/1", Bytes::new())).unwrap_err().to_string();
    assert!(words.contains("does not answer like S3-compatible storage"), "{words}");
    let (_, writing) = bucket([refuses(404, "NoSuchBucket")]);
    assert!(matches!(now(writing.put_new("lists/1", Bytes::new())), Err(BucketError::NoBucket { .. })));
}

//! Faults on demand: what a marketplace does on a bad day, by rule.

use domain::Timestamp;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::reply::{self, Reply};

/// The refusals that can be injected by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// 401 `invalid access token`.
    InvalidAccessToken,
    /// 401 `authorization value not present`.
    AuthorizationAbsent,
    /// 401 of older resources.
    InvalidTokenOldShape,
    /// 401 of the claims resources.
    InvalidCallerOfClaims,
    /// 403 for a missing scope.
    InvalidScopes,
    /// 403 `access_denied`.
    AccessDenied,
    /// 403 for a missing functional permission.
    BlockedByPolicy,
    /// 403 for a foreign resource.
    NotYours,
    /// 409 of items.
    ItemLocked,
    /// 429 in the standard shape.
    TooManyRequests,
    /// 429 of the gateway.
    LocallyRateLimited,
}

impl Refusal {
    fn reply(self) -> Reply {
        match self {
            Self::InvalidAccessToken => reply::invalid_access_token(),
            Self::AuthorizationAbsent => reply::authorization_absent(),
            Self::InvalidTokenOldShape => reply::invalid_token_old_shape(),
            Self::InvalidCallerOfClaims => reply::invalid_caller_of_claims(),
            Self::InvalidScopes => reply::invalid_scopes(),
            Self::AccessDenied => reply::access_denied(),
            Self::BlockedByPolicy => reply::blocked_by_policy(),
            Self::NotYours => reply::not_yours(),
            Self::ItemLocked => reply::item_locked(),
            Self::TooManyRequests => reply::too_many_requests(),
            Self::LocallyRateLimited => reply::locally_rate_limited(),
        }
    }
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The answer is correct and late.
    Latency {
        /// Milliseconds of real time.
        ms: u64,
    },
    /// Nothing is done; this status is answered in the standard shape.
    Status {
        /// The HTTP status, 400 to 599.
        status: u16,
    },
    /// Nothing is done; one of the platform's refusals is answered.
    Refuse {
        /// Which one.
        refusal: Refusal,
    },
    /// Nothing is done; this error code is answered in the platform's own shape.
    Code {
        /// The platform's error code, as in `error_server`.
        code: String,
        /// The message beside it; empty when absent.
        #[serde(default)]
        message: String,
        /// The HTTP status; 200 when absent, as on platforms that refuse inside a good answer.
        #[serde(default)]
        status: Option<u16>,
    },
    /// 206: the answer lacks these top-level fields and says so in `X-Content-Missing`.
    Partial {
        /// The fields left out.
        missing: Vec<String>,
    },
    /// Everything is done, and the answer never comes: unknown outcome.
    TimeoutAfterCommit {
        /// Milliseconds of real time until the connection breaks.
        ms: u64,
    },
    /// Nothing is done and the answer never comes.
    TimeoutBeforeCommit {
        /// Milliseconds of real time until the connection breaks.
        ms: u64,
    },
    /// Reads show the world as it was.
    StaleRead {
        /// How long ago, in seconds of sandbox time.
        seconds: u64,
    },
    /// A web page from a gateway instead of JSON, with status 502.
    HtmlBody,
    /// The JSON body stops in the middle.
    HalfJson,
    /// Whole numbers come as text and numeric text as numbers.
    FlipTypes,
    /// Fields such as `status` and `order_status` hold values that no document lists.
    UnknownEnum,
    /// Every second entry of a multiget fails with 500.
    PartialMultiget,
    /// Notifications are never sent and never listed as missed.
    HookDrop,
    /// Notifications are sent twice.
    HookDuplicate,
    /// Notifications due together are sent newest first.
    HookReorder,
    /// Notifications are sent late.
    HookLate {
        /// Seconds of sandbox time.
        seconds: u64,
    },
}

impl Fault {
    /// True for what befalls notifications rather than requests.
    #[must_use]
    pub fn is_for_hooks(&self) -> bool {
        matches!(self, Self::HookDrop | Self::HookDuplicate | Self::HookReorder | Self::HookLate { .. })
    }

    /// The name in rules and in the request log.
    #[must_use]
    pub fn name(&self) -> String {
        let tagged = serde_json::to_value(self).unwrap_or_default();
        tagged["kind"].as_str().unwrap_or_default().to_owned()
    }

    /// The answer of a fault that keeps the request from being carried out.
    #[must_use]
    pub fn instead(&self) -> Option<Reply> {
        match self {
            Self::Status { status } => Some(plain_status(*status)),
            Self::Refuse { refusal } => Some(refusal.reply()),
            Self::Code { code, message, status } => {
                Some(reply::error(status_of(status.unwrap_or(200)), code, message))
            }
            Self::HtmlBody => Some(html_page()),
            Self::TimeoutBeforeCommit { .. } => Some(plain_status(504)),
            Self::Latency { .. }
            | Self::Partial { .. }
            | Self::TimeoutAfterCommit { .. }
            | Self::StaleRead { .. }
            | Self::HalfJson
            | Self::FlipTypes
            | Self::UnknownEnum
            | Self::PartialMultiget
            | Self::HookDrop
            | Self::HookDuplicate
            | Self::HookReorder
            | Self::HookLate { .. } => None,
        }
    }
}

/// A status by its number; 500 when there is no such number.
pub(crate) fn status_of(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The page that a gateway puts in place of an answer.
pub(crate) fn html_page() -> Reply {
    let page =
        "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";
    Reply::html(StatusCode::BAD_GATEWAY, page.to_owned())
}

fn plain_status(status: u16) -> Reply {
    let status = status_of(status);
    if status == StatusCode::TOO_MANY_REQUESTS {
        return reply::too_many_requests();
    }
    let reason = status.canonical_reason().unwrap_or("Error");
    reply::error(status, &reason.to_lowercase().replace(' ', "_"), reason)
}

const fn always() -> u8 {
    100
}

/// When a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRule {
    /// Paths (of requests) or resources (of notifications) that begin so; empty fits all.
    #[serde(default)]
    pub path_prefix: String,
    /// Only this HTTP method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only this application.
    #[serde(default)]
    pub client_id: Option<i64>,
    /// Only this notification topic.
    #[serde(default)]
    pub topic: Option<String>,
    /// Out of a hundred.
    #[serde(default = "always")]
    pub percent: u8,
    /// How often it still strikes; for ever when absent.
    #[serde(default)]
    pub count: Option<u32>,
    /// Until when it strikes, in sandbox time; for ever when absent.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

impl FaultRule {
    /// A rule that always strikes below `path_prefix`.
    #[must_use]
    pub fn new(path_prefix: &str, fault: Fault) -> Self {
        Self {
            path_prefix: path_prefix.to_owned(),
            method: None,
            client_id: None,
            topic: None,
            percent: always(),
            count: None,
            until: None,
            fault,
        }
    }

    /// The rule, striking only `count` times.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { count: Some(count), ..self }
    }

    /// The rule, striking in `percent` of a hundred cases.
    #[must_use]
    pub fn percent(self, percent: u8) -> Self {
        Self { percent, ..self }
    }

    /// The rule, for one HTTP method.
    #[must_use]
    pub fn method(self, method: &Method) -> Self {
        Self { method: Some(method.to_string()), ..self }
    }

    fn is_alive(&self, now: Timestamp) -> bool {
        self.count != Some(0) && self.until.is_none_or(|until| now <= until)
    }
}

/// The rules in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Faults {
    rules: Vec<FaultRule>,
    dice: Dice,
}

/// What a rule is held against.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The path of the request or the resource of the notification.
    pub path: &'a str,
    /// The method of the request; `None` for a notification.
    pub method: Option<&'a Method>,
    /// The application, when known.
    pub client_id: Option<i64>,
    /// The topic of the notification.
    pub topic: Option<&'a str>,
}

impl Faults {
    /// No rules; chance from `seed`, apart from the chance that grows the world.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rules: Vec::new(), dice: Dice::new(!seed) }
    }

    /// Replaces the rules.
    pub fn set(&mut self, rules: Vec<FaultRule>) {
        self.rules = rules;
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// The longest look back that a rule asks for, in seconds.
    #[must_use]
    pub fn stale_seconds(&self) -> Option<u64> {
        let seconds = |rule: &FaultRule| {
            if let Fault::StaleRead { seconds } = rule.fault { Some(seconds) } else { None }
        };
        self.rules.iter().filter_map(seconds).max()
    }

    /// The faults that strike on this occasion, using up their counts.
    pub fn strike(&mut self, now: Timestamp, occasion: Occasion<'_>) -> Vec<Fault> {
        let mut struck = Vec::new();
        for rule in &mut self.rules {
            let fits = rule.is_alive(now)
                && rule.fault.is_for_hooks() == occasion.method.is_none()
                && occasion.path.starts_with(&rule.path_prefix)
                && rule.method.as_deref().is_none_or(|want| occasion.method.is_some_and(|have| have == want))
                && rule.client_id.is_none_or(|want| occasion.client_id == Some(want))
                && rule.topic.as_deref().is_none_or(|want| occasion.topic == Some(want));
            if fits && self.dice.chance(rule.percent) {
                rule.count = rule.count.map(|count| count - 1);
                struck.push(rule.fault.clone());
            }
        }
        struck
    }
}

/// The answer after the faults that bend it.
#[must_use]
pub fn bend(mut answer: Reply, struck: &[Fault]) -> Reply {
    for fault in struck {
        answer = match fault {
            Fault::Partial { missing } => leave_out(answer, missing),
            Fault::FlipTypes => map_json(answer, flip_types),
            Fault::UnknownEnum => map_json(answer, unknown_enums),
            Fault::PartialMultiget => map_json(answer, fail_every_second),
            Fault::HalfJson => cut_in_half(answer),
            Fault::Latency { .. }
            | Fault::Status { .. }
            | Fault::Refuse { .. }
            | Fault::Code { .. }
            | Fault::TimeoutAfterCommit { .. }
            | Fault::TimeoutBeforeCommit { .. }
            | Fault::StaleRead { .. }
            | Fault::HtmlBody
            | Fault::HookDrop
            | Fault::HookDuplicate
            | Fault::HookReorder
            | Fault::HookLate { .. } => answer,
        };
    }
    answer
}

fn map_json(mut answer: Reply, change: fn(Value) -> Value) -> Reply {
    if let reply::Body::Json(document) = answer.body {
        answer.body = reply::Body::Json(change(document));
    }
    answer
}

fn leave_out(mut answer: Reply, missing: &[String]) -> Reply {
    if let reply::Body::Json(Value::Object(fields)) = &mut answer.body
        && answer.status == StatusCode::OK
    {
        for name in missing {
            fields.remove(name);
        }
        answer.status = StatusCode::PARTIAL_CONTENT;
        return answer.header("x-content-missing", missing.join(", "));
    }
    answer
}

fn cut_in_half(mut answer: Reply) -> Reply {
    if let reply::Body::Json(document) = &answer.body {
        let mut text = document.to_string().into_bytes();
        text.truncate(text.len() / 2);
        answer.body = reply::Body::Bytes("application/json", text.into());
    }
    answer
}

fn flip_types(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_i64() => Value::String(number.to_string()),
        Value::String(text) => text.parse::<i64>().map_or(Value::String(text), Value::from),
        Value::Array(entries) => entries.into_iter().map(flip_types).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, flip_types(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn unknown_enums(value: Value) -> Value {
    match value {
        Value::Array(entries) => entries.into_iter().map(unknown_enums).collect(),
        Value::Object(fields) => {
            let swap = |(name, value): (String, Value)| match (name.as_str(), &value) {
                (
                    "status" | "substatus" | "order_status" | "item_status" | "logistics_status"
                    | "fulfillment_status",
                    Value::String(_),
                ) => (name, json!("novel_state")),
                _ => (name, unknown_enums(value)),
            };
            Value::Object(fields.into_iter().map(swap).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn fail_every_second(value: Value) -> Value {
    let Value::Array(mut entries) = value else { return value };
    for entry in entries.iter_mut().skip(1).step_by(2) {
        let status_field = if entry.get("code").is_some() { "code" } else { "status_code" };
        entry[status_field] = json!(500);
        entry["body"] = plain_status(500).document().clone();
    }
    Value::Array(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occasion<'a>(path: &'a str, method: &'a Method) -> Occasion<'a> {
        Occasion { path, method: Some(method), client_id: Some(1), topic: None }
    }

    #[test]
    fn a_rule_reads_like_the_documentation() {
        let rule: FaultRule = serde_json::from_value(
            json!({"path_prefix": "/items", "kind": "status", "status": 503, "count": 2}),
        )
        .unwrap();
        assert_eq!(rule, FaultRule::new("/items", Fault::Status { status: 503 }).times(2));
    }

    #[test]
    fn a_counted_fault_is_used_up() {
        let mut faults = Faults::new(1);
        faults.set(vec![FaultRule::new("/orders", Fault::HtmlBody).times(1)]);
        let strikes =
            |faults: &mut Faults| faults.strike(Timestamp::EPOCH, occasion("/orders/1", &Method::GET)).len();
        assert_eq!([strikes(&mut faults), strikes(&mut faults)], [1, 0]);
    }

    #[test]
    fn a_rule_strikes_only_what_it_names() {
        let mut faults = Faults::new(1);
        faults.set(vec![FaultRule::new("/items", Fault::HalfJson).method(&Method::PUT)]);
        assert!(faults.strike(Timestamp::EPOCH, occasion("/items/1", &Method::GET)).is_empty());
        assert!(faults.strike(Timestamp::EPOCH, occasion("/users/1", &Method::PUT)).is_empty());
        assert_eq!(faults.strike(Timestamp::EPOCH, occasion("/items/1", &Method::PUT)), [Fault::HalfJson]);
    }

    #[test]
    fn an_incomplete_answer_names_what_is_missing() {
        let answer = Reply::ok(json!({"id": 1, "buyer": {}, "feedback": {}}));
        let bent = bend(answer, &[Fault::Partial { missing: vec!["buyer".into(), "feedback".into()] }]);
        assert_eq!(bent.status, StatusCode::PARTIAL_CONTENT);
        assert_eq!(bent.headers, [("x-content-missing", "buyer, feedback".to_owned())]);
        assert_eq!(bent.document(), &json!({"id": 1}));
    }

    #[test]
    fn ids_can_change_their_type() {
        assert_eq!(
            flip_types(json!({"id": 12, "ref": "34", "name": "x"})),
            json!({"id": "12", "ref": 34, "name": "x"})
        );
    }
}

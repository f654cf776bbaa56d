//! For tests: answers with something changed in them, and what was read from them.

use domain::{Actor, Grant, Purpose, Restricted, Timestamp};
use serde_json::Value;

/// An instant by its RFC 3339 text.
pub(in crate::market) fn at(instant: &str) -> Timestamp {
    Timestamp::parse(instant).unwrap()
}

/// What is guarded.
pub(in crate::market) fn reveal(secret: &Restricted<String>) -> &str {
    secret.reveal(&Grant::issue(Actor::system("test"), Purpose::CallChannel, Timestamp::EPOCH))
}

/// A fixture with the values at some JSON pointers changed, or added to their objects.
#[track_caller]
pub(in crate::market) fn with(fixture: &str, changes: &[(&str, Value)]) -> String {
    let mut value: Value = serde_json::from_str(fixture).unwrap();
    for (pointer, change) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let place = match value.pointer_mut(parent) {
            Some(Value::Object(fields)) => Some(fields.entry(name).or_insert(Value::Null)),
            Some(other) => other.pointer_mut(&format!("/{name}")),
            None => None,
        };
        *place.unwrap_or_else(|| panic!("there is no place {pointer} in {fixture}")) = change.clone();
    }
    value.to_string()
}

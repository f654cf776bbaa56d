//! As much of JSON Schema (2020-12) as the description uses. A word that it does not know is an
//! error, so that nothing is passed over; schemathesis, which is nobody's of this house, checks
//! the rest from outside (docs/security/scans.md).

use serde_json::Value;

/// Where a reference leads.
pub(super) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let Some(place) = value["$ref"].as_str() else { return value };
    let pointer = place.strip_prefix('#').expect("a place in the same document");
    document.pointer(pointer).unwrap_or_else(|| panic!("{place} leads nowhere"))
}

/// What is wrong with a value, if anything is.
pub(super) fn check(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    let schema = resolve(document, schema);
    schema.as_object().expect("a schema").iter().find_map(|(word, rule)| {
        let holds = match word.as_str() {
            "description" => true,
            "type" => is(rule.as_str().expect("a type"), value),
            "format" => match rule.as_str() {
                Some("int64") => value.is_i64(),
                Some("date-time") => is_instant(value),
                other => panic!("the format {other:?} is not known here"),
            },
            "enum" => rule.as_array().expect("words").contains(value),
            "const" => rule == value,
            "pattern" => is_id(rule.as_str().expect("a pattern"), value),
            "minimum" => value.as_i64() >= rule.as_i64(),
            "maximum" => value.as_i64() <= rule.as_i64(),
            "maxItems" => {
                let most = rule.as_u64().and_then(|most| usize::try_from(most).ok());
                value.as_array().map(Vec::len) <= most
            }
            "anyOf" => {
                rule.as_array().expect("schemas").iter().any(|rule| check(document, rule, value).is_none())
            }
            "items" => return value.as_array()?.iter().find_map(|item| check(document, rule, item)),
            "required" => {
                let mut names = rule.as_array().expect("names").iter().filter_map(Value::as_str);
                names.all(|name| value.get(name).is_some())
            }
            "additionalProperties" => {
                assert_eq!(rule, false, "only that there are none is known here");
                let known = schema["properties"].as_object().expect("properties");
                value.as_object().is_none_or(|value| value.keys().all(|name| known.contains_key(name)))
            }
            "properties" => {
                let mut known = rule.as_object().expect("properties").iter();
                return known.find_map(|(name, rule)| check(document, rule, value.get(name)?));
            }
            other => panic!("{other} is not known here"),
        };
        (!holds).then(|| format!("{word} of {rule} does not hold for {value}"))
    })
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known here"),
    }
}

/// `2026-07-31T10:00:00.000Z`, as the program writes it.
fn is_instant(value: &Value) -> bool {
    let marks = |text: &str| {
        text.chars().map(|sign| if sign.is_ascii_digit() { '0' } else { sign }).collect::<String>()
    };
    value.as_str().is_some_and(|text| marks(text) == "0000-00-00T00:00:00.000Z")
}

/// The only patterns of answers are those of ids.
fn is_id(pattern: &str, value: &Value) -> bool {
    let (prefix, rest) = pattern[1..].split_once("_[").expect("the pattern of an id");
    assert_eq!(rest, "0-7][0-9a-hjkmnp-tv-z]{25}$", "another pattern than that of an id is not known here");
    let digits = value.as_str().and_then(|text| text.strip_prefix(prefix)?.strip_prefix('_'));
    digits.is_some_and(|digits| {
        digits.len() == 26
            && digits.starts_with(|first: char| ('0'..='7').contains(&first))
            && digits.bytes().all(|digit| {
                digit.is_ascii_digit() || (digit.is_ascii_lowercase() && !b"ilou".contains(&digit))
            })
    })
}

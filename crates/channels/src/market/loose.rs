//! What is lenient in reading any platform's words: ids come as numbers or text, what is
//! absent may be null, and a word nobody has documented must not hide the rest of an
//! order. What has another form altogether is kept as its JSON text, so that it counts as
//! a word that nobody knows; parts that only help are left out then ([`helpful`]).

use std::fmt;

use domain::{Currency, Money, Timestamp};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Beyond this a time is told in milliseconds: as seconds it lies in the year 5138.
const MOST_SECONDS: i64 = 100_000_000_000;

/// A field without which nothing can be made of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap(pub(super) String);

impl Gap {
    /// `field` is not there.
    pub(super) fn missing(field: &str) -> Self {
        Self(format!("{field} is missing"))
    }
}

/// Text that may also come as a number or a boolean. Anything else is kept as its JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Loose(pub(super) String);

impl Loose {
    /// The text, if it says something.
    pub(super) fn filled(&self) -> Option<&str> {
        Some(self.0.trim()).filter(|text| !text.is_empty())
    }

    /// The instant it tells.
    pub(super) fn instant(&self) -> Option<Timestamp> {
        Timestamp::parse(&self.0)
    }

    /// The instant that it tells in seconds since 1970; `None` for zero and below, which is
    /// how a platform says "not yet" or "not known".
    pub(super) fn unix_seconds(&self) -> Option<Timestamp> {
        let seconds = self.count().filter(|seconds| *seconds > 0)?;
        seconds.checked_mul(1_000).map(Timestamp::from_millis)
    }

    /// The same where a platform tells some times in milliseconds.
    pub(super) fn unix_seconds_or_millis(&self) -> Option<Timestamp> {
        let told = self.count().filter(|told| *told >= MOST_SECONDS);
        told.map(Timestamp::from_millis).or_else(|| self.unix_seconds())
    }

    /// Whether it says yes.
    pub(super) fn is_true(&self) -> bool {
        matches!(self.0.as_str(), "true" | "1")
    }

    /// The whole number it tells (`2`, `"2"` and `2.0` alike).
    pub(super) fn count(&self) -> Option<i64> {
        let whole = self.0.split_once('.').map_or(self.0.as_str(), |(whole, fraction)| {
            if fraction.bytes().all(|byte| byte == b'0') { whole } else { "" }
        });
        whole.trim().parse().ok()
    }
}

/// Whether `text` is a number of a platform: digits, and not more of them than `most`.
pub(super) fn is_digits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// All ids of a list, each once and in order; `None` when one of them is none.
pub(super) fn distinct(ids: impl Iterator<Item = Option<String>>) -> Option<Vec<String>> {
    let mut ids = ids.collect::<Option<Vec<String>>>()?;
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

/// The filled text of a field that may be absent.
pub(super) fn filled(field: Option<&Loose>) -> Option<&str> {
    field.and_then(Loose::filled)
}

/// Like [`filled`], owned.
pub(super) fn owned(field: Option<&Loose>) -> Option<String> {
    filled(field).map(str::to_owned)
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }
    fn visit_str<E: de::Error>(self, value: &str) -> Result<Loose, E> {
        Ok(Loose(value.to_owned()))
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Loose, E> {
        Ok(Loose(value.to_string()))
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Loose, E> {
        Ok(Loose(value.to_string()))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Loose, E> {
        Ok(Loose(value.to_string()))
    }
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Loose, E> {
        Ok(Loose(value.to_string()))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Loose, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(|value| Loose(value.to_string()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Loose, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(items)).map(|value| Loose(value.to_string()))
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(LooseVisitor)
    }
}

/// A part that only helps: one of another form counts as absent. Never for what an order's
/// or listing's units hang on.
pub(super) fn helpful<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let raw = Option::<Box<RawValue>>::deserialize(from)?;
    Ok(raw.and_then(|raw| serde_json::from_str(raw.get()).ok()))
}

/// An amount as the digits that were sent: no float ever holds it.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Amount(Box<RawValue>);

impl Amount {
    /// The amount in `currency`; `None` when it is no number.
    pub(super) fn money(&self, currency: Currency) -> Option<Money> {
        Money::parse_decimal(self.0.get().trim_matches('"'), currency)
    }
}

/// Tags: a list of words, an object with a `true` for each, or one word alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tags(pub(super) Vec<String>);

impl Tags {
    /// Whether the tag is set.
    pub(super) fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|held| held == tag)
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = |value: Value| match value {
            Value::Null => None,
            Value::String(word) => Some(word).filter(|word| !word.is_empty()),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Some(other.to_string())
            }
        };
        Ok(Self(match Value::deserialize(from)? {
            Value::Array(words) => words.into_iter().filter_map(word).collect(),
            Value::Object(words) => words
                .into_iter()
                .filter(|(_, set)| set != &Value::Bool(false))
                .map(|(word, _)| word)
                .collect(),
            one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                word(one).into_iter().collect()
            }
        }))
    }
}

/// Something of which only the id matters: an object with it, or the id alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Reference {
    pub(super) id: Option<Loose>,
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let id = match Value::deserialize(from)? {
            Value::Object(mut fields) => fields.remove("id").filter(|id| !id.is_null()),
            Value::Null => None,
            alone @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => Some(alone),
        };
        let id = id.map(Loose::deserialize).transpose().map_err(de::Error::custom)?;
        Ok(Self { id })
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn read<T: for<'a> Deserialize<'a>>(json: &str) -> T {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_id_is_the_same_as_number_and_as_text() {
        let number: Reference = read(r#"{"id":2000010000000001}"#);
        let text: Reference = read(r#"{"id":"2000010000000001"}"#);
        assert_eq!(number.id, text.id);
        assert_eq!(read::<Reference>(r#"{"id":null}"#).id, None);
        assert_eq!(read::<Reference>("{}").id, None);
    }

    #[test]
    fn an_amount_is_read_from_its_digits_and_never_from_a_float() {
        for (json, minor) in [
            ("49.9", 4990),
            ("\"49.90\"", 4990),
            ("1e2", 10000),
            ("90071992547409.93", 9_007_199_254_740_993),
        ] {
            assert_eq!(
                read::<Amount>(json).money(Currency::Brl),
                Some(Money::new(minor, Currency::Brl)),
                "{json}"
            );
        }
        for odd in ["true", "[1]", "{}", "\"\""] {
            assert_eq!(read::<Amount>(odd).money(Currency::Brl), None, "{odd}");
        }
    }

    #[test]
    fn a_count_is_whole_or_nothing() {
        for (json, count) in
            [("2", Some(2)), ("\"2\"", Some(2)), ("2.0", Some(2)), ("\"2.0\"", Some(2)), ("2.5", None)]
        {
            assert_eq!(read::<Loose>(json).count(), count, "{json}");
        }
    }

    #[test]
    fn an_instant_in_seconds_is_read_and_zero_is_none() {
        let instant = |json: &str| read::<Loose>(json).unix_seconds();
        let expected = Some(Timestamp::from_millis(1_767_225_600_000));
        assert_eq!((instant("1767225600"), instant("\"1767225600\"")), (expected, expected));
        for none in ["0", "\"\"", "-7", "1.5", "\"soon\"", "9223372036854775807", "{}"] {
            assert_eq!(instant(none), None, "{none}");
        }
    }

    #[test]
    fn a_time_may_come_in_seconds_or_milliseconds() {
        let told = Some(Timestamp::from_millis(1_790_000_000_000));
        for json in ["1790000000", "\"1790000000\"", "1790000000.0", "1790000000000"] {
            assert_eq!(read::<Loose>(json).unix_seconds_or_millis(), told, "{json}");
        }
        for json in ["0", "-1", "\"\"", "\"-\"", "true"] {
            assert_eq!(read::<Loose>(json).unix_seconds_or_millis(), None, "{json}");
        }
    }

    #[test]
    fn yes_is_a_word_or_a_one() {
        for (json, yes) in [("true", true), ("\"true\"", true), ("1", true), ("false", false), ("0", false)] {
            assert_eq!(read::<Loose>(json).is_true(), yes, "{json}");
        }
    }

    #[test]
    fn ids_of_a_list_come_once_or_not_at_all() {
        let ids = |ids: &[Option<&str>]| distinct(ids.iter().map(|id| id.map(str::to_owned)));
        assert_eq!(ids(&[Some("b"), Some("a"), Some("b")]), Some(vec!["a".into(), "b".into()]));
        assert_eq!((ids(&[]), ids(&[Some("a"), None])), (Some(Vec::new()), None));
    }

    #[test]
    fn digits_are_digits_and_not_too_many() {
        assert!(is_digits("0", 2) && is_digits("20", 2));
        for text in ["", "200", "-1", "1.", " 1", "١"] {
            assert!(!is_digits(text, 2), "{text}");
        }
    }

    #[test]
    fn tags_are_a_list_or_an_object() {
        assert_eq!(read::<Tags>(r#"["paid","delivered"]"#).0, ["paid", "delivered"]);
        assert_eq!(read::<Tags>(r#"{"paid":true,"delivered":false}"#).0, ["paid"]);
        assert_eq!(read::<Tags>(r#""paid""#).0, ["paid"]);
        assert_eq!(read::<Tags>(r#"["paid",7,null,{"x":1}]"#).0, ["paid", "7", r#"{"x":1}"#]);
        assert_eq!(read::<Tags>("null").0, Vec::<String>::new());
    }

    #[test]
    fn a_reference_is_an_object_or_the_id_alone() {
        for json in [r#"{"id":7,"name":"x"}"#, "7", r#""7""#] {
            assert_eq!(read::<Reference>(json).id, Some(Loose("7".into())), "{json}");
        }
        for json in ["null", "{}"] {
            assert_eq!(read::<Reference>(json).id, None, "{json}");
        }
    }

    #[test]
    fn what_has_another_form_is_kept_as_its_json() {
        assert_eq!(read::<Loose>(r#"{"id":"paid"}"#).0, r#"{"id":"paid"}"#);
        assert_eq!(read::<Loose>(r#"["paid"]"#).0, r#"["paid"]"#);
    }
}

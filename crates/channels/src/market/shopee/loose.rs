//! Values that come in several forms. Lenient on purpose: ids come as numbers or text, what
//! is absent may be null, and a word nobody has documented must not hide the rest of an
//! order. What has another form altogether is kept as its JSON text, so that it counts as a
//! word that nobody knows; parts that only help are left out then ([`helpful`]).

use std::fmt;

use domain::{Currency, Money, Timestamp};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Beyond this a time is told in milliseconds: as seconds it lies in the year 5138.
const MOST_SECONDS: i64 = 100_000_000_000;

/// Text that may also come as a number or a boolean. Anything else is kept as its JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Loose(pub(super) String);

impl Loose {
    /// The text, if it says something.
    pub(super) fn filled(&self) -> Option<&str> {
        Some(self.0.trim()).filter(|text| !text.is_empty())
    }

    /// The whole number it tells (`2`, `"2"` and `2.0` alike).
    pub(super) fn count(&self) -> Option<i64> {
        let whole = self.0.split_once('.').map_or(self.0.as_str(), |(whole, fraction)| {
            if fraction.bytes().all(|byte| byte == b'0') { whole } else { "" }
        });
        whole.trim().parse().ok()
    }

    /// The instant it tells: seconds, in a few pushes milliseconds. Zero and below is what
    /// the platform fills in for a time that it does not know.
    pub(super) fn instant(&self) -> Option<Timestamp> {
        let told = self.count().filter(|told| *told > 0)?;
        let millis = if told < MOST_SECONDS { told * 1_000 } else { told };
        Some(Timestamp::from_millis(millis))
    }

    /// Whether it says yes.
    pub(super) fn is_true(&self) -> bool {
        matches!(self.0.as_str(), "true" | "1")
    }
}

/// The filled text of a field that may be absent.
pub(super) fn filled(field: Option<&Loose>) -> Option<&str> {
    field.and_then(Loose::filled)
}

/// Like [`filled`], owned.
pub(super) fn owned(field: Option<&Loose>) -> Option<String> {
    filled(field).map(str::to_owned)
}

/// The number of a field, as far as it is an id: the platform writes 0 for none.
pub(super) fn id(field: Option<&Loose>) -> Option<&str> {
    filled(field).filter(|id| *id != "0" && super::ids::is_number(id))
}

/// Whether a field says yes; one that is absent does not.
pub(super) fn is_true(field: Option<&Loose>) -> bool {
    field.is_some_and(Loose::is_true)
}

/// The time of a field.
pub(super) fn instant(field: Option<&Loose>) -> Option<Timestamp> {
    field.and_then(Loose::instant)
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

#[cfg(test)]
mod unit {
    use super::*;

    fn read<T: for<'a> Deserialize<'a>>(json: &str) -> T {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_amount_is_read_from_its_digits_and_never_from_a_float() {
        let cases = [
            ("44.9", 4_490),
            ("\"44.90\"", 4_490),
            ("1e2", 10_000),
            ("90071992547409.93", 9_007_199_254_740_993),
        ];
        for (json, minor) in cases {
            let expected = Some(Money::new(minor, Currency::Brl));
            assert_eq!(read::<Amount>(json).money(Currency::Brl), expected, "{json}");
        }
        for odd in ["true", "[1]", "{}", "\"\""] {
            assert_eq!(read::<Amount>(odd).money(Currency::Brl), None, "{odd}");
        }
    }

    #[test]
    fn an_id_beyond_what_a_float_holds_keeps_its_digits() {
        assert_eq!(read::<Loose>("18446744073709551615").0, "18446744073709551615");
        assert_eq!(id(Some(&read("18446744073709551615"))), Some("18446744073709551615"));
        for none in ["0", "\"0\"", "\"\"", "-1", "{}"] {
            assert_eq!(id(Some(&read(none))), None, "{none}");
        }
    }

    #[test]
    fn a_time_comes_in_seconds_or_milliseconds_and_zero_is_none() {
        let told = Some(Timestamp::from_millis(1_790_000_000_000));
        for json in ["1790000000", "\"1790000000\"", "1790000000.0", "1790000000000"] {
            assert_eq!(read::<Loose>(json).instant(), told, "{json}");
        }
        for json in ["0", "-1", "\"\"", "\"-\"", "true"] {
            assert_eq!(read::<Loose>(json).instant(), None, "{json}");
        }
    }

    #[test]
    fn yes_is_a_word_or_a_one() {
        for (json, yes) in [("true", true), ("\"true\"", true), ("1", true), ("false", false), ("0", false)] {
            assert_eq!(read::<Loose>(json).is_true(), yes, "{json}");
        }
    }
}

//! Loose JSON in, strict values out: the platform takes ids as numbers or strings.

use domain::{Currency, Money};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

/// An id that came as a number or as text.
#[must_use]
pub fn loose_id(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Text that came as text or as a number; `None` for everything else.
#[must_use]
pub fn loose_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An amount in reais (a JSON number) as centavos.
#[must_use]
pub fn centavos(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => {
            Money::parse_decimal(&number.to_string(), Currency::Brl).map(|money| money.minor)
        }
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Centavos as the JSON float that the platform sends.
#[must_use]
pub fn reais(minor: i64) -> Value {
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, cents) = (minor.unsigned_abs() / 100, minor.unsigned_abs() % 100);
    format!("{sign}{whole}.{cents:02}").parse::<f64>().map_or(Value::Null, Value::from)
}

/// Splits `a=1&b=two+words` into decoded pairs, in order, repetitions kept.
#[must_use]
pub fn form_pairs(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Makes `text` safe inside a query string.
#[must_use]
pub fn query_escape(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Makes `text` safe inside HTML text and attributes.
#[must_use]
pub fn html_escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn money_goes_through_floats_without_losing_a_centavo() {
        for minor in [0, 1, 10, 4_990, 123_456_789, -50] {
            assert_eq!(centavos(&reais(minor)), Some(minor), "{minor}");
        }
    }

    #[test]
    fn a_price_in_quotes_is_no_price() {
        assert_eq!(centavos(&json!("49.90")), None);
    }

    #[test]
    fn an_id_may_be_quoted() {
        assert_eq!(loose_id(&json!("200")), Some(200));
        assert_eq!(loose_id(&json!(200)), Some(200));
        assert_eq!(loose_id(&json!(null)), None);
    }

    #[test]
    fn form_text_is_decoded() {
        let pairs = form_pairs("a=S%C3%A3o+Paulo&b=&c");
        let expected = [("a", "São Paulo"), ("b", ""), ("c", "")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

//! What stands behind the question mark: the parameters that a call knows, each once, and
//! nothing else. A misspelt parameter that is passed over would be a wrong answer.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::percent_decode;

use super::problem::Problem;
use crate::server::Web;

/// Longest cursor, in characters: the longest code of a SKU that a platform takes is 255.
pub(super) const MAX_AFTER_CHARS: usize = 1024;

/// A call without parameters.
pub(crate) struct Nothing;

impl FromRequestParts<Web> for Nothing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default(), []).map(|[]| Self)
    }
}

/// Where a page begins; the first one without.
pub(crate) struct After(pub(crate) Option<String>);

impl FromRequestParts<Web> for After {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        let [after] = parse(parts.uri.query().unwrap_or_default(), ["after"])?;
        Ok(Self(after))
    }
}

/// The values of known parameters.
pub(super) fn parse<const N: usize>(query: &str, known: [&str; N]) -> Result<[Option<String>; N], Problem> {
    let mut values = [const { None }; N];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name).ok_or_else(|| Problem::of_parameter("?", "this is no text"))?;
        let Some(index) = known.iter().position(|known| *known == name) else {
            return Err(Problem::of_parameter(&name, "there is no such parameter"));
        };
        let value = decoded(value)
            .filter(|value| !value.is_empty() && value.chars().count() <= MAX_AFTER_CHARS)
            .ok_or_else(|| Problem::of_parameter(&name, "no text, or one that is too long"))?;
        if values[index].replace(value).is_some() {
            return Err(Problem::of_parameter(&name, "it is sent more than once"));
        }
    }
    Ok(values)
}

/// A text as forms encode it; `None` for what is not UTF-8, or holds the character that no
/// database keeps.
fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let text = percent_decode(spaced.as_bytes()).decode_utf8().ok()?;
    (!text.contains('\0')).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parameter, empty where it is left out; `None` where the query is refused.
    fn after(query: &str) -> Option<String> {
        parse(query, ["after"]).ok().map(|[after]| after.unwrap_or_default())
    }

    #[test]
    fn a_parameter_is_read_as_it_was_meant() {
        assert_eq!(after("").as_deref(), Some(""));
        assert_eq!(after("after=CAN-1").as_deref(), Some("CAN-1"));
        assert_eq!(after("after=ch%C3%A1+%2B%26").as_deref(), Some("chá +&"));
    }

    #[test]
    fn what_is_unknown_doubled_empty_endless_or_no_text_is_refused() {
        let endless = format!("after={}", "a".repeat(MAX_AFTER_CHARS + 1));
        for wrong in [
            "before=x",
            "After=x",
            "after=a&after=b",
            "after",
            "after=",
            "after=%00",
            "after=%FF",
            "%FF=x",
            "after=a&x",
            &endless,
        ] {
            assert_eq!(after(wrong), None, "{wrong}");
        }
    }
}

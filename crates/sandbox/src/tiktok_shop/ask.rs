//! One call that passed the gate, and what handlers read from it.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Currency, Money, Timestamp};
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::call::Call;
use crate::text::{loose_id, loose_text};

/// Query fields that may differ between two pages of one listing.
const PER_PAGE: [&str; 4] = ["sign", "timestamp", "page_token", "access_token"];

/// An authenticated call and its body.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The request.
    pub call: &'a Call,
    /// The JSON body; an empty object when there is none.
    pub body: Value,
}

/// How many rows a page may have.
#[derive(Debug, Clone, Copy)]
pub struct PageSize {
    /// When nothing is asked; `None` where `page_size` is mandatory.
    pub default: Option<usize>,
    /// The fewest.
    pub min: usize,
    /// The most.
    pub max: usize,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The rows of this page.
    pub rows: Vec<Value>,
    /// Where the next page begins; empty at the end.
    pub next: String,
    /// Rows in all pages.
    pub total: usize,
}

impl Page {
    /// `data` with the rows under `name`; an empty page lacks the key when `omit_empty`.
    #[must_use]
    pub fn data(self, name: &str, omit_empty: bool) -> Value {
        let mut data = json!({"next_page_token": self.next, "total_count": self.total});
        if !(omit_empty && self.rows.is_empty()) {
            data[name] = Value::Array(self.rows);
        }
        data
    }

    /// `data` of the few listings that do not say how many rows there are.
    #[must_use]
    pub fn uncounted(self, name: &str) -> Value {
        let mut data = json!({"next_page_token": self.next});
        data[name] = Value::Array(self.rows);
        data
    }
}

impl<'a> Ask<'a> {
    /// The call with its body read; an upload has an empty object for a body.
    pub fn of(call: &'a Call) -> Result<Self, Refusal> {
        let body = if call.body.is_empty() || is_form(call) {
            json!({})
        } else {
            serde_json::from_slice(&call.body).map_err(|_| Refusal::not_json())?
        };
        if body.is_object() { Ok(Self { call, body }) } else { Err(Refusal::not_json()) }
    }

    /// The shop of the cipher, or of the token where no cipher is sent.
    #[must_use]
    pub fn shop_id(&self) -> i64 {
        self.call.caller.as_ref().map_or(0, |caller| caller.user_id)
    }

    /// The version in the path, as in 202309.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.call.param("v").parse().unwrap_or(0)
    }

    /// The id in the `{name}` part of the path; 0, which nothing has, when it is no number.
    #[must_use]
    pub fn id(&self, name: &str) -> i64 {
        self.call.param(name).parse().unwrap_or(0)
    }

    /// A field of the query.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.call.query(name).filter(|value| !value.is_empty())
    }

    /// The values of a list in the query: joined with commas, repeated, or both.
    #[must_use]
    pub fn query_list(&self, name: &str) -> Vec<String> {
        let bracketed = format!("{name}[]");
        self.call
            .query
            .iter()
            .filter(|(field, _)| field == name || *field == bracketed)
            .flat_map(|(_, value)| value.split(','))
            .map(|value| value.trim_matches(['[', ']', '"', ' ']).to_owned())
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// The ids of a list in the query; what is no number becomes 0.
    #[must_use]
    pub fn query_ids(&self, name: &str) -> Vec<i64> {
        self.query_list(name).iter().map(|text| text.parse().unwrap_or(0)).collect()
    }

    /// A field of the body that has to be text.
    pub fn text(&self, name: &str) -> Result<String, Refusal> {
        text_of(&self.body, name)
    }

    /// A field of the body that has to be an id.
    pub fn body_id(&self, name: &str) -> Result<i64, Refusal> {
        let value = present(&self.body, name)?;
        loose_id(value).ok_or_else(|| Refusal::parameter(name, "it is not an id"))
    }

    /// A list in the body of 1 to `max` entries.
    pub fn list(&self, name: &str, max: usize) -> Result<&Vec<Value>, Refusal> {
        let value = present(&self.body, name)?;
        let list = value.as_array().ok_or_else(|| Refusal::parameter(name, "it is not a list"))?;
        if list.is_empty() || list.len() > max {
            return Err(Refusal::parameter(name, &format!("Expected 1 to {max} entries")));
        }
        Ok(list)
    }

    /// The ids of an optional list in the body; `None` when it is absent or empty.
    pub fn id_filter(&self, name: &str, max: usize) -> Result<Option<Vec<i64>>, Refusal> {
        match self.body[name].as_array().filter(|list| !list.is_empty()) {
            None => Ok(None),
            Some(list) if list.len() > max => {
                Err(Refusal::parameter(name, &format!("Expected at most {max} entries")))
            }
            Some(list) => Ok(Some(list.iter().map(|value| loose_id(value).unwrap_or(0)).collect())),
        }
    }

    /// The words of an optional list in the body, or a single word; empty when absent.
    #[must_use]
    pub fn word_filter(&self, name: &str) -> Vec<String> {
        match &self.body[name] {
            Value::Array(list) => list.iter().filter_map(loose_text).collect(),
            Value::String(word) if !word.is_empty() => vec![word.clone()],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Vec::new()
            }
        }
    }

    /// True when `at` lies in the window `{field}_ge` (inclusive) to `{field}_lt` of the
    /// body, or of the query for a GET.
    #[must_use]
    pub fn in_window(&self, field: &str, at: Timestamp) -> bool {
        let bound = |suffix: &str| {
            let name = format!("{field}_{suffix}");
            self.query(&name).and_then(|text| text.parse().ok()).or_else(|| loose_id(&self.body[&name]))
        };
        let at = seconds(at);
        let after: Option<i64> = bound("ge");
        after.is_none_or(|from| at >= from)
            && bound("lt").is_none_or(|until| at < until)
            && bound("le").is_none_or(|until| at <= until)
    }

    /// The page of `rows` that the query asks for.
    pub fn page(&self, rows: Vec<Value>, size: PageSize) -> Result<Page, Refusal> {
        let wanted = match self.query("page_size") {
            None => size.default.ok_or_else(|| Refusal::missing("query", "page_size"))?,
            Some(text) => {
                let wanted = text.parse().ok().filter(|wanted| (size.min..=size.max).contains(wanted));
                let expected = format!("Expected {} to {}", size.min, size.max);
                wanted.ok_or_else(|| Refusal::parameter("page_size", &expected))?
            }
        };
        let skipped = match self.query("page_token") {
            None => 0,
            Some(token) => self
                .read_token(token)
                .ok_or_else(|| Refusal::parameter("page_token", "it does not belong to this listing"))?,
        };
        let total = rows.len();
        let rows: Vec<Value> = rows.into_iter().skip(skipped).take(wanted).collect();
        let reached = skipped + rows.len();
        let next = if reached < total { self.write_token(reached) } else { String::new() };
        Ok(Page { rows, next, total })
    }

    /// What has to stay the same from page to page: path, filters and sort.
    fn fingerprint(&self) -> Vec<u8> {
        let mut text = self.call.path.clone();
        let mut kept: Vec<_> =
            self.call.query.iter().filter(|(name, _)| !PER_PAGE.contains(&name.as_str())).collect();
        kept.sort();
        for (name, value) in kept {
            text = format!("{text}&{name}={value}");
        }
        text.push_str(&self.body.to_string());
        digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..4].to_vec()
    }

    /// Opaque, and with signs in it that a query has to escape, as the platform's are.
    fn write_token(&self, offset: usize) -> String {
        let offset = u64::try_from(offset).unwrap_or(u64::MAX);
        STANDARD.encode([&[0xfb, 0xff, 0xbf][..], &self.fingerprint(), &offset.to_be_bytes()].concat())
    }

    fn read_token(&self, token: &str) -> Option<usize> {
        // A client that forgets to escape a plus sends a space.
        let bytes = STANDARD.decode(token).ok()?;
        let (fingerprint, offset) = bytes.get(3..)?.split_at_checked(4)?;
        let offset = u64::from_be_bytes(offset.try_into().ok()?);
        (fingerprint == self.fingerprint()).then_some(usize::try_from(offset).ok()?)
    }
}

fn present<'a>(body: &'a Value, name: &str) -> Result<&'a Value, Refusal> {
    Some(&body[name]).filter(|value| !value.is_null()).ok_or_else(|| Refusal::missing("body", name))
}

/// The text in a field of an object, or the refusal for its absence.
pub fn text_of(body: &Value, name: &str) -> Result<String, Refusal> {
    let text = loose_text(present(body, name)?).filter(|text| !text.is_empty());
    text.ok_or_else(|| Refusal::missing("body", name))
}

/// True for a `multipart/form-data` body, which is never signed.
#[must_use]
pub fn is_form(call: &Call) -> bool {
    call.header("content-type").is_some_and(|kind| kind.trim_start().starts_with("multipart/form-data"))
}

/// Unix seconds.
#[must_use]
pub fn seconds(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
}

/// Unix seconds as JSON; 0 when it has not happened.
#[must_use]
pub fn seconds_or_zero(at: Option<Timestamp>) -> Value {
    Value::from(at.map_or(0, seconds))
}

/// Centavos in the platform's form: reais as decimal text.
#[must_use]
pub fn amount(minor: i64) -> String {
    Money::new(minor, Currency::Brl).to_decimal()
}

/// Decimal text (or a number) as centavos; more than two decimals are no price.
#[must_use]
pub fn centavos(value: &Value) -> Option<i64> {
    let text = loose_text(value)?;
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let money = Money::parse_decimal(&text, Currency::Brl)?;
    (decimals <= 2).then_some(money.minor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn call(query: &str) -> Call {
        let uri = format!("/order/202309/orders/search?{query}");
        Call::new(http::Request::builder().uri(uri).body(Bytes::new()).unwrap())
    }

    fn page(query: &str, rows: Vec<Value>) -> Result<Page, Refusal> {
        let call = call(query);
        Ask::of(&call).unwrap().page(rows, SIZE)
    }

    fn rows(count: usize) -> Vec<Value> {
        (0..count).map(Value::from).collect()
    }

    const SIZE: PageSize = PageSize { default: Some(20), min: 1, max: 100 };

    #[test]
    fn pages_follow_each_other_until_the_token_is_empty() {
        let first = page("page_size=2", rows(3)).unwrap();
        assert_eq!((first.rows.len(), first.total), (2, 3));
        let token = crate::text::query_escape(&first.next);
        let second = page(&format!("page_size=2&page_token={token}"), rows(3)).unwrap();
        assert_eq!((second.rows, second.next), (vec![json!(2)], String::new()));
    }

    #[test]
    fn a_token_has_signs_that_must_be_escaped() {
        let next = page("page_size=1", rows(2)).unwrap().next;
        assert!(next.contains('+') && next.contains('/'), "{next}");
    }

    #[test]
    fn a_token_of_another_filter_is_refused() {
        let next = page("page_size=2", rows(3)).unwrap().next;
        let token = crate::text::query_escape(&next);
        let other = page(&format!("page_size=2&sort_order=ASC&page_token={token}"), rows(3));
        assert_eq!(other.unwrap_err().code, 98_001_004);
    }

    #[test]
    fn a_page_beyond_the_limit_is_refused() {
        assert_eq!(page("page_size=101", rows(3)).unwrap_err().code, 98_001_004);
    }

    #[test]
    fn a_list_may_be_joined_or_repeated() {
        for query in ["ids=1,2", "ids=1&ids=2", "ids[]=1&ids[]=2", "ids=[1,2]"] {
            assert_eq!(Ask::of(&call(query)).unwrap().query_ids("ids"), [1, 2], "{query}");
        }
    }

    #[test]
    fn windows_include_their_beginning_and_not_their_end() {
        let call = call("update_time_ge=10&update_time_lt=20");
        let ask = Ask::of(&call).unwrap();
        let inside = |second: i64| ask.in_window("update_time", Timestamp::from_millis(second * 1_000));
        assert_eq!([9, 10, 19, 20].map(inside), [false, true, true, false]);
    }

    #[test]
    fn money_is_decimal_text_in_reais() {
        assert_eq!(amount(7_990), "79.90");
        assert_eq!(centavos(&json!("79.90")), Some(7_990));
        assert_eq!(centavos(&json!("79.905")), None);
        assert_eq!(centavos(&json!("R$ 1")), None);
    }
}

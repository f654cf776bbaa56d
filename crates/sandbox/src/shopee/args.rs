//! Business parameters: from the query of a GET, from the JSON body of a POST (fact sheet §1).

use std::time::Duration;

use domain::Timestamp;
use http::Method;
use serde_json::{Map, Value};

use super::envelope::refuse;
use crate::call::Call;
use crate::reply::Reply;
use crate::text::centavos;

/// The longest span of most lists.
const WINDOW_MAX: Duration = Duration::from_hours(15 * 24);

/// The parameters of one call.
pub(crate) struct Args {
    fields: Map<String, Value>,
    from_query: bool,
    /// The module in the path, as in `product`.
    module: String,
}

/// Which rows a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slice {
    /// Rows before it.
    pub(crate) skip: usize,
    /// Rows at most.
    pub(crate) take: usize,
}

impl Slice {
    /// The rows of this page, and whether more follow.
    pub(crate) fn of<T: Clone>(self, all: &[T]) -> (Vec<T>, bool) {
        let rows: Vec<T> = all.iter().skip(self.skip).take(self.take).cloned().collect();
        let more = self.skip + rows.len() < all.len();
        (rows, more)
    }

    /// Where the next page begins.
    pub(crate) fn next(self) -> usize {
        self.skip + self.take
    }
}

impl Args {
    /// The parameters of `call`; refuses a body that is no JSON object.
    pub(crate) fn of(call: &Call) -> Result<Self, Reply> {
        let module = call.path.split('/').nth(3).unwrap_or_default().to_owned();
        let from_query = call.method == Method::GET;
        let mut args = Self { fields: Map::new(), from_query, module };
        if from_query {
            for (name, value) in &call.query {
                let values = args.fields.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(values) = values {
                    values.push(Value::String(value.clone()));
                }
            }
        } else if !call.body.is_empty() {
            args.fields = serde_json::from_slice(&call.body)
                .map_err(|_| args.refuse("the request body is not a JSON object"))?;
        }
        Ok(args)
    }

    /// A refusal of parameters in the words of the module.
    pub(crate) fn refuse(&self, message: &str) -> Reply {
        let code = if self.module == "product" { "product.error_param" } else { "error_param" };
        refuse(code, message)
    }

    fn missing(&self, name: &str) -> Reply {
        self.refuse(&format!("invalid field {}: value must  Not Null", pascal(name)))
    }

    fn wrong(&self, name: &str) -> Reply {
        self.refuse(&format!("invalid field {}: wrong type or value", pascal(name)))
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let value = self.fields.get(name)?;
        match value {
            Value::Array(values) if self.from_query => values.first(),
            Value::Null => None,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                Some(value)
            }
        }
    }

    /// The raw value in the body; null when it is absent.
    pub(crate) fn raw(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }

    /// All fields of the body.
    pub(crate) fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// True when the parameter was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A whole number. In a body it has to be a JSON number.
    pub(crate) fn opt_int(&self, name: &str) -> Result<Option<i64>, Reply> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let number = if self.from_query {
            match value.as_str() {
                Some("") => return Ok(None),
                text => text.and_then(|text| text.trim().parse().ok()),
            }
        } else {
            value.as_i64()
        };
        number.map(Some).ok_or_else(|| self.wrong(name))
    }

    /// A whole number that must be there.
    pub(crate) fn int(&self, name: &str) -> Result<i64, Reply> {
        self.opt_int(name)?.ok_or_else(|| self.missing(name))
    }

    /// Text; empty text counts as absent.
    pub(crate) fn opt_text(&self, name: &str) -> Result<Option<&str>, Reply> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| self.wrong(name))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Text that must be there.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Reply> {
        self.opt_text(name)?.ok_or_else(|| self.missing(name))
    }

    /// A switch; false when it is absent.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Reply> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(Value::String(text)) if self.from_query => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" | "" => Ok(false),
                _ => Err(self.wrong(name)),
            },
            Some(_) => Err(self.wrong(name)),
        }
    }

    /// A list in any of the spellings that clients use: `a=1,2`, `a=[1,2]`, `a=1&a=2`, or an
    /// array in a body. Empty when it is absent.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let Some(Value::Array(values)) = self.fields.get(name) else {
            return self.fields.get(name).and_then(Value::as_str).map(split).unwrap_or_default();
        };
        let texts =
            values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        if self.from_query { texts.flat_map(|text| split(&text)).collect() } else { texts.collect() }
    }

    /// A list that must hold between one and `max` entries.
    pub(crate) fn some_list(&self, name: &str, max: usize) -> Result<Vec<String>, Reply> {
        let list = self.list(name);
        if list.is_empty() {
            return Err(self.missing(name));
        }
        if list.len() > max {
            return Err(self.refuse(&format!("invalid field {}: at most {max} entries", pascal(name))));
        }
        Ok(list)
    }

    /// A list of ids that must hold between one and `max` of them.
    pub(crate) fn ids(&self, name: &str, max: usize) -> Result<Vec<i64>, Reply> {
        let list = self.some_list(name, max)?;
        list.iter().map(|text| text.parse().map_err(|_| self.wrong(name))).collect()
    }

    /// An array of objects in a body, with between one and `max` entries.
    pub(crate) fn rows(&self, name: &str, max: usize) -> Result<&Vec<Value>, Reply> {
        let rows = self.raw(name);
        if rows.is_null() {
            return Err(self.missing(name));
        }
        let rows = rows.as_array().ok_or_else(|| self.wrong(name))?;
        if rows.is_empty() || rows.len() > max {
            let message = format!("invalid field {}: between 1 and {max} entries", pascal(name));
            return Err(self.refuse(&message));
        }
        Ok(rows)
    }

    /// An amount in reais, as centavos.
    pub(crate) fn money(&self, name: &str) -> Result<i64, Reply> {
        let value = self.value(name).ok_or_else(|| self.missing(name))?;
        centavos(value).ok_or_else(|| self.wrong(name))
    }

    /// `page_size`, between 1 and `max`.
    pub(crate) fn page_size(&self, max: i64, default: Option<i64>) -> Result<usize, Reply> {
        let size = self.opt_int("page_size")?.or(default).ok_or_else(|| self.missing("page_size"))?;
        if !(1..=max).contains(&size) {
            return Err(self.refuse(&format!("invalid field PageSize: must be between 1 and {max}")));
        }
        usize::try_from(size).map_err(|_| self.wrong("page_size"))
    }

    /// A page named by `offset`.
    pub(crate) fn by_offset(&self, max: i64) -> Result<Slice, Reply> {
        let skip = usize::try_from(self.int("offset")?).map_err(|_| self.wrong("offset"))?;
        Ok(Slice { skip, take: self.page_size(max, None)? })
    }

    /// A page named by `page_no`, which counts from `first`.
    pub(crate) fn by_number(&self, first: i64, max: i64, default: Option<i64>) -> Result<Slice, Reply> {
        let number = self.opt_int("page_no")?.unwrap_or(first);
        let before = usize::try_from(number - first).map_err(|_| self.wrong("page_no"))?;
        let take = self.page_size(max, default)?;
        Ok(Slice { skip: before * take, take })
    }

    /// A page named by `cursor`, empty at first.
    pub(crate) fn by_cursor(&self, max: i64, default: Option<i64>) -> Result<Slice, Reply> {
        let take = self.page_size(max, default)?;
        let skip = match self.opt_text("cursor")? {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| self.wrong("cursor"))?,
        };
        Ok(Slice { skip, take })
    }

    /// An instant given in seconds.
    pub(crate) fn instant(&self, name: &str) -> Result<Option<Timestamp>, Reply> {
        let seconds = self.opt_int(name)?;
        Ok(seconds.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000))))
    }

    /// A span of at most fifteen days; `None` unless both ends are given. `too_long` is the
    /// refusal of a span that is longer or ends before it begins.
    pub(crate) fn window(
        &self,
        from: &str,
        to: &str,
        too_long: Reply,
    ) -> Result<Option<(Timestamp, Timestamp)>, Reply> {
        let (Some(start), Some(end)) = (self.instant(from)?, self.instant(to)?) else { return Ok(None) };
        if end < start || end.since(start) > WINDOW_MAX {
            return Err(too_long);
        }
        Ok(Some((start, end)))
    }
}

fn split(text: &str) -> Vec<String> {
    let inside = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parts = inside.split(',').map(|part| part.trim().trim_matches('"').to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

/// `item_id` as `ItemId`, as the platform's messages name it.
fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    name.split('_').map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn get(query: &str) -> Args {
        let request = http::Request::get(format!("/api/v2/product/x?{query}")).body(Bytes::new()).unwrap();
        Args::of(&Call::new(request)).unwrap()
    }

    fn post(body: &'static str) -> Result<Args, Reply> {
        let request = http::Request::post("/api/v2/order/x").body(Bytes::from(body)).unwrap();
        Args::of(&Call::new(request))
    }

    #[test]
    fn a_list_is_read_in_all_four_spellings() {
        for query in ["a=1,2", "a=1%2C2", "a=[1,2]", "a=%5B1%2C%202%5D", "a=1&a=2", "a=[%221%22,%222%22]"] {
            assert_eq!(get(query).list("a"), ["1", "2"], "{query}");
        }
        assert_eq!(post("{\"a\":[1,\"2\"]}").unwrap().list("a"), ["1", "2"]);
    }

    #[test]
    fn a_missing_field_is_named_as_the_platform_names_it() {
        let refusal = get("").int("item_id").unwrap_err();
        assert_eq!(refusal.document()["error"], "product.error_param");
        assert_eq!(refusal.document()["message"], "invalid field ItemId: value must  Not Null");
    }

    #[test]
    fn a_number_in_quotes_is_no_number_in_a_body() {
        assert!(post("{\"a\":\"1\"}").unwrap().int("a").is_err());
        assert_eq!(post("{\"a\":1}").unwrap().int("a").unwrap(), 1);
        assert_eq!(get("a=1").int("a").unwrap(), 1);
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        assert!(post("[1]").is_err());
        assert!(post("{").is_err());
    }

    #[test]
    fn a_page_beyond_the_maximum_is_refused() {
        assert!(get("offset=0&page_size=101").by_offset(100).is_err());
        assert!(get("offset=0&page_size=0").by_offset(100).is_err());
        assert_eq!(get("offset=40&page_size=20").by_offset(100).unwrap(), Slice { skip: 40, take: 20 });
        assert!(get("offset=-1&page_size=20").by_offset(100).is_err());
    }

    #[test]
    fn a_span_of_more_than_fifteen_days_is_refused() {
        let too_long = || refuse("too_long", "");
        let fifteen = 15 * 86_400;
        assert!(get(&format!("f=0&t={fifteen}")).window("f", "t", too_long()).is_ok());
        assert!(get(&format!("f=0&t={}", fifteen + 1)).window("f", "t", too_long()).is_err());
        assert!(get("f=10&t=9").window("f", "t", too_long()).is_err());
    }
}

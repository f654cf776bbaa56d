//! The API's own words. Lenient on purpose: ids come as numbers or text, what is absent
//! may be null, and a word nobody has documented must not hide the rest of an order. What
//! has another form altogether is kept as its JSON text, so that it counts as a word that
//! nobody knows; parts that only help are left out then ([`helpful`]).

use std::fmt;

use domain::{Currency, Money, Timestamp};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

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

    /// The whole number it tells (`2`, `"2"` and `2.0` alike).
    pub(super) fn count(&self) -> Option<i64> {
        let whole = self.0.split_once('.').map_or(self.0.as_str(), |(whole, fraction)| {
            if fraction.bytes().all(|byte| byte == b'0') { whole } else { "" }
        });
        whole.trim().parse().ok()
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
fn helpful<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
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

/// `POST /oauth/token`.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) expires_in: Option<Loose>,
    pub(super) scope: Option<Loose>,
    pub(super) user_id: Option<Loose>,
}

/// `GET /users/me`.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: Loose,
    pub(super) nickname: Option<Loose>,
    pub(super) site_id: Option<Loose>,
    pub(super) tags: Option<Tags>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) status: Option<UserStatus>,
}

/// What the account may do.
#[derive(Debug, Deserialize)]
pub(super) struct UserStatus {
    pub(super) site_status: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) list: Option<Permission>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) sell: Option<Permission>,
}

/// One permission of an account.
#[derive(Debug, Deserialize)]
pub(super) struct Permission {
    pub(super) allow: Option<Loose>,
}

/// `GET /orders/{id}`, and one result of `GET /orders/search`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Order {
    pub(super) id: Loose,
    pub(super) date_created: Option<Loose>,
    pub(super) last_updated: Option<Loose>,
    pub(super) date_last_updated: Option<Loose>,
    pub(super) pack_id: Option<Loose>,
    pub(super) total_amount: Option<Amount>,
    pub(super) currency_id: Option<Loose>,
    #[serde(rename = "order_items")]
    pub(super) lines: Option<Vec<OrderItem>>,
    pub(super) shipping: Option<Reference>,
    pub(super) status: Option<Loose>,
    pub(super) tags: Option<Tags>,
    pub(super) buyer: Option<Reference>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) cancel_detail: Option<CancelDetail>,
}

impl Order {
    /// The order's own clock: the search names it otherwise than the order itself.
    pub(super) fn updated_at(&self) -> Option<Timestamp> {
        self.last_updated.as_ref().or(self.date_last_updated.as_ref())?.instant()
    }
}

/// One line of an order.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OrderItem {
    pub(super) item: SoldItem,
    pub(super) quantity: Option<Loose>,
    pub(super) unit_price: Option<Amount>,
    pub(super) sale_fee: Option<Amount>,
}

/// What a line sold.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SoldItem {
    pub(super) id: Loose,
    pub(super) title: Option<Loose>,
    pub(super) variation_id: Option<Loose>,
    pub(super) seller_sku: Option<Loose>,
    pub(super) seller_custom_field: Option<Loose>,
}

/// Why an order ended.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CancelDetail {
    pub(super) group: Option<Loose>,
}

/// `GET /orders/search`.
#[derive(Debug, Deserialize)]
pub(super) struct OrderSearch {
    pub(super) results: Vec<FoundOrder>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) paging: Option<Paging>,
}

/// An order in a search: only what the sweep needs, so that nothing else can spoil it.
#[derive(Debug, Deserialize)]
pub(super) struct FoundOrder {
    pub(super) id: Loose,
    pub(super) last_updated: Option<Loose>,
    pub(super) date_last_updated: Option<Loose>,
}

/// How long a list is.
#[derive(Debug, Deserialize)]
pub(super) struct Paging {
    total: Option<Loose>,
}

impl Paging {
    pub(super) fn total(&self) -> Option<u64> {
        self.total.as_ref()?.count()?.try_into().ok()
    }
}

/// `GET /shipments/{id}` with `x-format-new`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Shipment {
    pub(super) id: Loose,
    pub(super) status: Option<Loose>,
    pub(super) substatus: Option<Loose>,
    pub(super) last_updated: Option<Loose>,
    pub(super) tracking_number: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) logistic: Option<Logistic>,
    /// The flat shape of before `x-format-new`.
    pub(super) logistic_type: Option<Loose>,
}

/// Who carries a shipment.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Logistic {
    #[serde(rename = "type")]
    pub(super) kind: Option<Loose>,
}

/// `GET /shipments/{id}/sla`.
#[derive(Debug, Deserialize)]
pub(super) struct Sla {
    pub(super) expected_date: Option<Loose>,
}

/// One row of `GET /shipments/{id}/orders`.
#[derive(Debug, Deserialize)]
pub(super) struct ShipmentOrder {
    pub(super) order_id: Option<Loose>,
}

/// A hook, and one row of `GET /missed_feeds`.
#[derive(Debug, Deserialize)]
pub(super) struct Notification {
    pub(super) resource: Option<Loose>,
    pub(super) user_id: Option<Loose>,
    pub(super) topic: Option<Loose>,
    pub(super) application_id: Option<Loose>,
    pub(super) sent: Option<Loose>,
}

/// `GET /missed_feeds`.
#[derive(Debug, Deserialize)]
pub(super) struct MissedFeeds {
    pub(super) messages: Option<Vec<Notification>>,
}

/// `GET /users/{id}/items/search`.
#[derive(Debug, Deserialize)]
pub(super) struct ItemSearch {
    pub(super) results: Option<Vec<Loose>>,
    pub(super) scroll_id: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) paging: Option<Paging>,
}

/// One entry of `GET /items/bulk`, or (with `code`) of the older `GET /items?ids=`.
#[derive(Debug, Deserialize)]
pub(super) struct BulkEntry {
    #[serde(alias = "code")]
    pub(super) status_code: Option<Loose>,
    pub(super) body: Option<Box<RawValue>>,
}

/// `GET /items/{id}`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Item {
    pub(super) id: Loose,
    pub(super) seller_id: Option<Loose>,
    pub(super) title: Option<Loose>,
    pub(super) family_name: Option<Loose>,
    pub(super) user_product_id: Option<Loose>,
    pub(super) price: Option<Amount>,
    pub(super) currency_id: Option<Loose>,
    pub(super) available_quantity: Option<Loose>,
    pub(super) status: Option<Loose>,
    pub(super) sub_status: Option<Tags>,
    pub(super) permalink: Option<Loose>,
    pub(super) last_updated: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) shipping: Option<ItemShipping>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) attributes: Option<Vec<Attribute>>,
    pub(super) seller_custom_field: Option<Loose>,
    pub(super) variations: Option<Vec<Variation>>,
}

/// How an item is shipped.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ItemShipping {
    pub(super) logistic_type: Option<Loose>,
}

/// One attribute of an item or variation.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Attribute {
    pub(super) id: Option<Loose>,
    pub(super) value_name: Option<Loose>,
}

/// One variation of an item.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Variation {
    pub(super) id: Loose,
    pub(super) price: Option<Amount>,
    pub(super) available_quantity: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) attribute_combinations: Option<Vec<Attribute>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) attributes: Option<Vec<Attribute>>,
    pub(super) seller_custom_field: Option<Loose>,
    pub(super) user_product_id: Option<Loose>,
}

/// `GET /user-products/{id}/stock`.
#[derive(Debug, Deserialize)]
pub(super) struct ProductStock {
    pub(super) locations: Option<Vec<StockLocation>>,
}

/// Where units of a user product lie.
#[derive(Debug, Deserialize)]
pub(super) struct StockLocation {
    #[serde(rename = "type")]
    pub(super) kind: Option<Loose>,
    pub(super) store_id: Option<Loose>,
    pub(super) network_node_id: Option<Loose>,
    pub(super) quantity: Option<Loose>,
}

/// `GET /items/{id}/sale_price`.
#[derive(Debug, Deserialize)]
pub(super) struct SalePrice {
    pub(super) amount: Option<Amount>,
    pub(super) regular_amount: Option<Amount>,
    pub(super) currency_id: Option<Loose>,
}

/// An error, in any of the shapes that the API has for it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Fault {
    pub(super) message: Option<Loose>,
    pub(super) error_description: Option<Loose>,
    pub(super) error: Option<Loose>,
    pub(super) code: Option<Loose>,
    pub(super) cause: Option<Value>,
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
        assert_eq!(read::<Amount>("true").money(Currency::Brl), None);
        assert_eq!(read::<Amount>("[1]").money(Currency::Brl), None);
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

    #[test]
    fn a_part_that_only_helps_is_left_out_when_it_has_another_form() {
        let shipment = |logistic: &str| read::<Shipment>(&format!(r#"{{"id":1,"logistic":{logistic}}}"#));
        assert!(shipment(r#"{"type":"turbo"}"#).logistic.is_some());
        for odd in [r#""turbo""#, "7", "[]", "null"] {
            assert!(shipment(odd).logistic.is_none(), "{odd}");
        }
    }
}

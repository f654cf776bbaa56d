//! What answers look like: a field and what is said of it in the description are one line.

use domain::order::{Attention, CancelledBy};
use domain::{ChannelKind, ConnectionId, Money, OrderId, OrderState, SkuId, Timestamp, TypedId};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// A digit of an id: base 32 without the letters that are mistaken for digits.
const ID_DIGIT: &str = "[0-9a-hjkmnp-tv-z]";

/// What is described: its JSON Schema (2020-12, as in `OpenAPI` 3.1).
pub(super) trait Shape {
    /// Its schema, or where it stands.
    fn schema() -> Value;
}

impl Shape for String {
    fn schema() -> Value {
        json!({ "type": "string" })
    }
}

impl Shape for i64 {
    fn schema() -> Value {
        json!({ "type": "integer", "format": "int64" })
    }
}

impl<T: Shape> Shape for Option<T> {
    fn schema() -> Value {
        json!({ "anyOf": [T::schema(), { "type": "null" }] })
    }
}

/// The pattern of an id, without the marks of beginning and end.
pub(super) fn id_pattern<T: TypedId>() -> String {
    // 26 digits hold 130 bits: the first one only uses its lower three.
    format!("{}_[0-7]{ID_DIGIT}{{25}}", T::PREFIX)
}

/// An id's schema.
pub(super) fn id_schema<T: TypedId>() -> Value {
    json!({ "type": "string", "pattern": format!("^{}$", id_pattern::<T>()) })
}

macro_rules! ids {
    ($($name:ident)*) => {$(
        impl Shape for $name {
            fn schema() -> Value {
                id_schema::<$name>()
            }
        }
    )*};
}

ids! { ConnectionId OrderId SkuId }

/// An instant, in UTC.
pub(super) struct Instant(pub(super) Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0.to_rfc3339())
    }
}

impl Shape for Instant {
    fn schema() -> Value {
        json!({ "type": "string", "format": "date-time" })
    }
}

/// One of a few words.
pub(super) trait Word: Copy {
    /// All of them.
    fn all() -> Vec<&'static str>;
    /// This one.
    fn word(self) -> &'static str;
}

impl Word for ChannelKind {
    fn all() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::as_str).collect()
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// An order's state of each word; a state without one here does not match the description.
const STATES: [OrderState; 6] = [
    OrderState::AwaitingPayment,
    OrderState::ToDispatch,
    OrderState::Shipped,
    OrderState::Delivered,
    OrderState::Cancelled(CancelledBy::Buyer),
    OrderState::NeedsAttention(Attention::UnknownStatus),
];

impl Word for OrderState {
    fn all() -> Vec<&'static str> {
        STATES.map(Self::word).to_vec()
    }

    fn word(self) -> &'static str {
        self.as_words().0
    }
}

/// A field that holds one of a few words.
pub(super) struct OneOf<T>(pub(super) T);

impl<T: Word> Serialize for OneOf<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.word())
    }
}

impl<T: Word> Shape for OneOf<T> {
    fn schema() -> Value {
        json!({ "type": "string", "enum": T::all() })
    }
}

/// Makes the structs of answers, and what is said of them, of the same lines: a field without
/// words is none.
macro_rules! shapes {
    ($($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $said:literal])+ $field:ident: $type:ty,)+ })+) => {$(
        $(#[doc = $about])+
        #[derive(Serialize)]
        pub(super) struct $name {
            $($(#[doc = $said])+ pub(super) $field: $type,)+
        }

        impl Shape for $name {
            fn schema() -> Value {
                json!({ "$ref": concat!("#/components/schemas/", stringify!($name)) })
            }
        }

        impl $name {
            fn component() -> (String, Value) {
                let mut properties = Map::new();
                $(properties.insert(
                    stringify!($field).to_owned(),
                    said(<$type as Shape>::schema(), concat!($($said),+)),
                );)+
                let schema = json!({
                    "type": "object",
                    "description": concat!($($about),+).trim(),
                    "required": [$(stringify!($field)),+],
                    "additionalProperties": false,
                    "properties": properties,
                });
                (stringify!($name).to_owned(), schema)
            }
        }
    )+

        /// What the answers consist of, by name.
        pub(super) fn components() -> Map<String, Value> {
            [$($name::component()),+].into_iter().collect()
        }
    };
}

/// A schema with what is said of it.
pub(super) fn said(mut schema: Value, words: &str) -> Value {
    schema["description"] = words.trim().into();
    schema
}

/// A page of a list: `next` is sent as `after`, and absent on the last page.
pub(super) fn page_schema<T: Shape>(rows: u32) -> Value {
    json!({
        "type": "object",
        "required": ["items"],
        "additionalProperties": false,
        "properties": {
            "items": { "type": "array", "maxItems": rows, "items": T::schema() },
            "next": {
                "type": "string",
                "description": "To be sent as `after` for the next page; absent on the last one.",
            },
        },
    })
}

shapes! {
    /// An amount of money.
    Amount {
        /// In the currency's smallest unit.
        minor: i64,
        /// Its code in ISO 4217.
        currency: String,
    }
    /// An order, without anything of its buyer.
    Order {
        /// Its id.
        id: OrderId,
        /// The account that it came from.
        connection: ConnectionId,
        /// The platform that it came from.
        channel: OneOf<ChannelKind>,
        /// The platform's number.
        number: String,
        /// Where it stands.
        state: OneOf<OrderState>,
        /// The platform's own word for where it stands.
        platform_status: String,
        /// When it was placed.
        placed_at: Instant,
        /// When it last changed here.
        updated_at: Instant,
        /// When it has to be handed over.
        ship_by: Option<Instant>,
        /// The carrier's code.
        tracking_code: Option<String>,
        /// What is paid for the goods.
        total: Amount,
        /// What was bought, in short.
        summary: String,
        /// Units over all lines.
        units: i64,
    }
    /// What lies on the shelf under one code.
    Sku {
        /// Its id.
        id: SkuId,
        /// The seller's own code.
        code: String,
        /// What it is.
        title: String,
        /// Units on the shelf; of a kit, how many its components allow.
        on_hand_units: i64,
        /// Of these, set aside for orders.
        reserved_units: i64,
        /// Held back on purpose.
        safety_units: i64,
        /// What can be sold: on hand, less reserved and held back.
        available_units: i64,
        /// How many listings sell it.
        listings: i64,
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { minor: money.minor, currency: money.currency.code().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_word() {
        let words = OrderState::all();
        for state in STATES {
            // A new state has to be looked at here and in STATES.
            let known = match state {
                OrderState::AwaitingPayment
                | OrderState::ToDispatch
                | OrderState::Shipped
                | OrderState::Delivered
                | OrderState::Cancelled(_)
                | OrderState::NeedsAttention(_) => state.as_words().0,
            };
            assert!(words.contains(&known), "{known}");
        }
    }

    #[test]
    fn a_field_is_described_where_it_stands() {
        let order = &components()["Order"];
        let required = order["required"].as_array().unwrap();
        assert_eq!(required.len(), order["properties"].as_object().unwrap().len());
        assert_eq!(order["properties"]["id"]["description"], "Its id.");
        assert_eq!(order["properties"]["ship_by"]["anyOf"][1]["type"], "null");
    }
}

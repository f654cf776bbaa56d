//! Bodies of JSON in which prices and weights stand by their own digits: no float comes
//! near them.

use std::collections::BTreeMap;

use domain::Money;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// An object, its fields in the order of their names.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Object(BTreeMap<&'static str, Box<RawValue>>);

impl Object {
    /// Adds a field.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: &impl Serialize) -> Self {
        // Only maps with keys that are no text cannot be written, and there are none here.
        if let Ok(raw) = to_raw_value(value) {
            self.0.insert(name, raw);
        }
        self
    }

    /// Adds a field that there is something to say of.
    #[must_use]
    pub(super) fn maybe(self, name: &'static str, value: Option<&impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds a number by its digits.
    #[must_use]
    pub(super) fn digits(mut self, name: &'static str, digits: &str) -> Self {
        if let Ok(raw) = RawValue::from_string(digits.to_owned()) {
            self.0.insert(name, raw);
        }
        self
    }

    /// Adds a price.
    #[must_use]
    pub(super) fn money(self, name: &'static str, money: Money) -> Self {
        self.digits(name, &money.to_decimal())
    }

    /// Takes a field away.
    #[must_use]
    pub(super) fn without(mut self, name: &'static str) -> Self {
        self.0.remove(name);
        self
    }

    /// The text of it.
    pub(super) fn text(&self) -> String {
        to_raw_value(self).map_or_else(|_| "{}".to_owned(), |raw| raw.get().to_owned())
    }
}

/// Millimetres as whole centimetres: platforms take no others, and a package is never
/// smaller than it is.
pub(super) const fn centimetres(millimetres: u32) -> u32 {
    millimetres.div_ceil(10)
}

#[cfg(test)]
mod unit {
    use domain::Currency;

    use super::*;

    #[test]
    fn a_price_keeps_its_digits_however_large() {
        let large = Money::new(9_007_199_254_740_993, Currency::Brl);
        let body = Object::default().money("price", large).with("a", &[1]).maybe("b", None::<&u8>);
        assert_eq!(body.text(), r#"{"a":[1],"price":90071992547409.93}"#);
        assert_eq!(body.without("price").text(), r#"{"a":[1]}"#);
    }

    #[test]
    fn a_side_is_rounded_up() {
        assert_eq!([0, 1, 10, 11, 250].map(centimetres), [0, 1, 1, 2, 25]);
    }
}

//! For tests: what a platform may say that no document of it names.

use domain::OrderState;
use domain::order::Attention;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What an order becomes whose status is unknown here.
pub(in crate::market) const UNKNOWN: OrderState = OrderState::NeedsAttention(Attention::UnknownStatus);

/// A word in capitals that cannot be one of a platform's: they have no digit at their end.
pub(in crate::market) fn word() -> impl Strategy<Value = String> {
    "[A-Z]{1,12}(_[A-Z]{1,8}){0,2}[0-9]"
}

/// Any text, and values of any other form.
pub(in crate::market) fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        "\\PC{0,20}".prop_map(|text| json!(text)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(|truth| json!(truth)),
        word().prop_map(|word| json!([word])),
        word().prop_map(|word| json!({ "id": word })),
        Just(json!(null)),
    ]
}

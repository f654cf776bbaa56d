//! Ids. They travel in queries and bodies, several to a list: one that could end a list's
//! entry or name something else must not come near a call.

use connect::{ChannelError, ListingKey};

use super::wire::{Loose, filled};
use crate::market::loose::is_digits;
use crate::market::refusal;

/// Most digits of a number: 64 bits.
const MAX_DIGITS: usize = 20;
/// Longest id taken, in characters: order numbers have 14, package numbers 18 to 22.
const MAX_ID_CHARS: usize = 64;

/// A number of the platform: shop, item, model.
pub(super) fn is_number(text: &str) -> bool {
    is_digits(text, MAX_DIGITS)
}

/// The number of a field, as far as it is an id: the platform writes 0 for none.
pub(super) fn id(field: Option<&Loose>) -> Option<&str> {
    filled(field).filter(|id| *id != "0" && is_number(id))
}

/// A number of an order or package: letters and digits.
pub(super) fn is_code(text: &str) -> bool {
    (1..=MAX_ID_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The id of an order or package, if a call may carry it.
pub(super) fn code<'a>(operation: &'static str, text: &'a str) -> Result<&'a str, ChannelError> {
    if is_code(text) { Ok(text) } else { Err(refusal::id(operation)) }
}

/// The id of an item, if a call may carry it.
pub(super) fn number<'a>(operation: &'static str, text: &'a str) -> Result<&'a str, ChannelError> {
    if is_number(text) { Ok(text) } else { Err(refusal::id(operation)) }
}

/// Item and model of a listing, if a call may carry them; without variations the model is 0.
pub(super) fn item_and_model<'a>(
    operation: &'static str,
    key: &'a ListingKey,
) -> Result<(&'a str, &'a str), ChannelError> {
    let model = key.variation_external_id.as_deref().unwrap_or("0");
    Ok((number(operation, &key.external_id)?, number(operation, model)?))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn an_id_has_no_room_for_a_second_one() {
        for text in ["", ".", "..", "1,2", "1 2", "1/2", "1&x=2", "١", "-1", "1.5", "123456789012345678901"]
        {
            assert!(!is_number(text), "{text}");
        }
        for text in ["", "..", "A,B", "A B", "A/B", "A&B", "Ã", &"A".repeat(65)] {
            assert!(!is_code(text), "{text}");
        }
        assert!(is_number("880012345") && is_code("260921ABCDEF01"));
    }

    #[test]
    fn an_id_beyond_what_a_float_holds_keeps_its_digits_and_zero_is_none() {
        let read = |json: &str| serde_json::from_str::<Loose>(json).unwrap();
        assert_eq!(id(Some(&read("18446744073709551615"))), Some("18446744073709551615"));
        for none in ["0", "\"0\"", "\"\"", "-1", "{}"] {
            assert_eq!(id(Some(&read(none))), None, "{none}");
        }
    }
}

//! Bytes that mean exactly one thing: every field carries its length.

/// Builds a byte string of length-prefixed fields (32-bit big-endian lengths), so that
/// no two different lists of fields ever encode alike.
#[derive(Default)]
pub(crate) struct Fields(Vec<u8>);

impl Fields {
    /// Starts with a label that keeps this use apart from every other use of a key.
    pub(crate) fn of(label: &str) -> Self {
        Self::default().field(label.as_bytes())
    }

    /// Appends one field. A field of 4 GiB or more cannot come up: every input of this
    /// crate has a far lower limit.
    pub(crate) fn field(mut self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// The finished byte string.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Lower-case hexadecimal text.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// Reads hexadecimal text of either case; `None` when it is not that.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn different_fields_never_encode_alike(one: Vec<Vec<u8>>, other: Vec<Vec<u8>>) {
            let encode = |list: &[Vec<u8>]| {
                list.iter().fold(Fields::default(), |fields, bytes| fields.field(bytes)).finish()
            };
            prop_assert_eq!(one == other, encode(&one) == encode(&other));
        }

        #[test]
        fn hex_round_trips(bytes: Vec<u8>) {
            prop_assert_eq!(from_hex(&to_hex(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn a_shifted_border_between_two_fields_shows() {
        let one = Fields::default().field(b"ab").field(b"c").finish();
        let other = Fields::default().field(b"a").field(b"bc").finish();
        assert_ne!(one, other);
    }

    #[test]
    fn what_is_not_hex_is_none() {
        for text in ["0", "0g", "é", "00 "] {
            assert_eq!(from_hex(text), None, "{text}");
        }
    }
}

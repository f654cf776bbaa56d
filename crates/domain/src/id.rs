//! Typed, prefixed, time-sortable ids: one registry for the whole house.
//!
//! An id is a UUID of version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then chance.
//! People and logs see it as `ord_` and 26 characters of Crockford base 32; databases
//! hold its 16 bytes, so "newer" is "greater" in both.

use std::fmt;
use std::str::FromStr;

use crate::random::Entropy;
use crate::time::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters after the prefix: 128 bits at 5 bits a character.
const TEXT_LEN: usize = 26;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_…")]
pub struct ParseIdError {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

/// What every typed id can do; lets storage and the web treat all kinds alike.
pub trait TypedId: Copy + Sized {
    /// The printed prefix, without the underscore.
    const PREFIX: &'static str;
    /// The 16 bytes that databases hold.
    fn to_bytes(self) -> [u8; 16];
    /// Rebuilds an id from the 16 bytes that databases hold.
    fn from_bytes(bytes: [u8; 16]) -> Self;
}

/// Builds the 16 bytes of a UUID version 7 for `now`.
#[must_use]
pub fn uuid_v7(now: Timestamp, entropy: &dyn Entropy) -> [u8; 16] {
    let mut bytes = [0_u8; 16];
    entropy.fill(&mut bytes[6..]);
    let millis = now.as_millis().max(0).cast_unsigned().to_be_bytes();
    bytes[..6].copy_from_slice(&millis[2..]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    bytes
}

fn encode(bytes: [u8; 16], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut value = u128::from_be_bytes(bytes);
    let mut text = [0; TEXT_LEN];
    for digit in text.iter_mut().rev() {
        *digit = ALPHABET[usize::try_from(value & 31).unwrap_or_default()];
        value >>= 5;
    }
    // At once: a page writes hundreds of ids, and each piece is escaped by itself.
    out.write_str(str::from_utf8(&text).unwrap_or_default())
}

fn decode(text: &str) -> Option<[u8; 16]> {
    if text.len() != TEXT_LEN {
        return None;
    }
    let mut value: u128 = 0;
    for (index, byte) in text.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|known| *known == byte)?;
        // 26 digits hold 130 bits: the first may only use its lower three.
        if index == 0 && digit > 7 {
            return None;
        }
        value = (value << 5) | u128::try_from(digit).ok()?;
    }
    Some(value.to_be_bytes())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new id, later than every id made at an earlier `now`.
            #[must_use]
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7(now, entropy))
            }
        }

        impl TypedId for $name {
            const PREFIX: &'static str = $prefix;
            fn to_bytes(self) -> [u8; 16] {
                self.0
            }
            fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!($prefix, "_"))?;
                encode(self.0, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(ParseIdError { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// What a member answers in a case.
    AnswerId = "ans";
    /// An audit event.
    AuditId = "aud";
    /// A question, message thread, return, cancellation request or claim.
    CaseId = "cas";
    /// An authorised marketplace or messaging account.
    ConnectionId = "con";
    /// A key that seals the data of one subject, connection or tenant.
    DataKeyId = "dek";
    /// A key that a member's programs call with.
    ApiKeyId = "key";
    /// Something granted to a member.
    GrantId = "grt";
    /// An invitation to become a member.
    InvitationId = "inv";
    /// A review of everything that was granted.
    ReviewId = "rvw";
    /// A recorded (redacted) outside call.
    ExchangeId = "exc";
    /// A first import of an account.
    ImportId = "imp";
    /// A unit of background work.
    JobId = "job";
    /// A row of the stock ledger.
    LedgerEntryId = "led";
    /// An order line: one SKU × quantity.
    LineId = "lin";
    /// An offer on a channel.
    ListingId = "lst";
    /// A letter that goes out.
    MailId = "mail";
    /// A person in an organization.
    MemberId = "mem";
    /// An order as the hub keeps it.
    OrderId = "ord";
    /// A tenant.
    OrganizationId = "org";
    /// A row of the stock outbox: one listing has to be told.
    OutboxId = "out";
    /// A signed-in browser.
    SessionId = "ses";
    /// Something that a member is told of their own sign-in.
    NoticeId = "ntc";
    /// A passkey of a member.
    PasskeyId = "psk";
    /// A package on its way.
    ShipmentId = "shp";
    /// What is stocked.
    SkuId = "sku";
    /// A count of the shelf.
    StockTakeId = "stk";
    /// A person whose data is held; owns the key that seals it.
    SubjectId = "sub";
    /// A rotation of the key that wraps the data keys.
    KeyRotationId = "krt";
    /// A backup, or a drill of one.
    BackupRunId = "bak";
    /// What a seller typed to publish a product on one account.
    DraftId = "dft";
    /// A fee that was charged otherwise than it was forecast.
    DifferenceId = "dif";
    /// A product: what a seller calls one thing, in all its variants.
    ProductId = "prd";
    /// A table that somebody brought along.
    SheetId = "sht";
    /// A picture of a product.
    PictureId = "pic";
    /// Prices that are changed together.
    PriceBatchId = "prb";
    /// A listing's price that is changed.
    PriceChangeId = "prc";
    /// A browser that wants a code, to show whose data it asks for.
    TicketId = "tkt";
    /// What a person asks of their data.
    RequestId = "req";
    /// Something that keeps data from being deleted.
    HoldId = "hld";
    /// A filter that a member gave a name.
    ViewId = "viw";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededEntropy;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_id_survives_its_text_form(bytes: [u8; 16]) {
            let id = OrderId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<OrderId>(), Ok(id));
        }

        #[test]
        fn no_text_makes_parsing_panic(text: String) {
            let _ = text.parse::<OrderId>();
            let _ = format!("ord_{text}").parse::<OrderId>();
        }
    }

    #[test]
    fn a_later_id_is_greater_as_bytes_and_as_text() {
        let entropy = SeededEntropy::new(1);
        let early = OrderId::new(Timestamp::from_millis(1_000), &entropy);
        let late = OrderId::new(Timestamp::from_millis(1_001), &entropy);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = SkuId::new(Timestamp::from_millis(5), &SeededEntropy::new(2));
        assert_eq!(id.to_string().parse::<OrderId>(), Err(ParseIdError { prefix: "ord" }));
    }

    #[test]
    fn a_first_digit_beyond_128_bits_is_refused() {
        assert!("ord_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<OrderId>().is_err());
    }
}

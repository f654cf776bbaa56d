//! HMAC-SHA-256: webhook signatures, form tokens, blind indexes.

use std::fmt;

use aws_lc_rs::hmac;
use domain::{Confidential, OrganizationId, Restricted, TypedId};

use crate::encode::{Fields, from_hex, to_hex};
use crate::seal::sealing_grant;

/// A key for HMAC-SHA-256 (RFC 2104). `Debug` hides it.
#[derive(Clone)]
pub struct HmacKey(hmac::Key);

impl HmacKey {
    /// A key from shared secret bytes of any length.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// A key from a guarded text's own bytes: it goes in here and nobody sees it.
    #[must_use]
    pub fn of_text(secret: &Restricted<String>) -> Self {
        Self::new(secret.reveal(sealing_grant()).as_bytes())
    }

    /// The tag of `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        tag
    }

    /// The tag of `message` as lower-case hexadecimal, the form most channels send.
    #[must_use]
    pub fn sign_hex(&self, message: &[u8]) -> String {
        to_hex(&self.sign(message))
    }

    /// Whether `tag` is the whole tag of `message`, in constant time.
    #[must_use]
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, message, tag).is_ok()
    }

    /// As [`verify`](Self::verify) for a tag in hexadecimal of either case.
    #[must_use]
    pub fn verify_hex(&self, message: &[u8], tag: &str) -> bool {
        from_hex(tag).is_some_and(|tag| self.verify(message, &tag))
    }

    /// The blind index of a value: equal values of one organization, table and column
    /// have equal indexes, and nothing else shows. `None` is the whole installation (an
    /// e-mail at sign-in). Normalise first (lower-case e-mail, E.164 phone, bare digits).
    #[must_use]
    pub fn blind_index(
        &self,
        organization: Option<OrganizationId>,
        table: &str,
        column: &str,
        normalised: &Confidential<String>,
    ) -> [u8; 32] {
        let organization = organization.map(TypedId::to_bytes);
        let value = normalised.reveal(sealing_grant());
        let fields = Fields::of("blind index v1")
            .field(organization.as_ref().map_or(&[], <[u8; 16]>::as_slice))
            .field(table.as_bytes())
            .field(column.as_bytes())
            .field(value.as_bytes());
        self.sign(&zeroize::Zeroizing::new(fields.finish()))
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HmacKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{SeededEntropy, Timestamp};

    /// RFC 4231 §4.2, §4.3 and §4.7 (a key longer than a block).
    #[test]
    fn tags_agree_with_the_published_cases() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (secret, message, tag) in cases {
            let key = HmacKey::new(secret);
            assert_eq!(key.sign_hex(message), tag);
            assert!(key.verify_hex(message, tag));
            assert!(key.verify_hex(message, &tag.to_uppercase()));
        }
    }

    #[test]
    fn a_guarded_text_is_a_key_by_its_bytes_and_is_not_shown() {
        let key = HmacKey::of_text(&Restricted::new("Jefe".to_owned()));
        assert_eq!(key.sign(b"body"), HmacKey::new(b"Jefe").sign(b"body"));
        assert!(!format!("{key:?}").contains("Jefe"));
    }

    #[test]
    fn a_changed_message_key_or_tag_is_refused() {
        let key = HmacKey::new(b"secret");
        let tag = key.sign(b"body");
        assert!(key.verify(b"body", &tag));
        assert!(!key.verify(b"bodY", &tag));
        assert!(!HmacKey::new(b"Secret").verify(b"body", &tag));
        for index in 0..tag.len() {
            let mut changed = tag;
            changed[index] ^= 1;
            assert!(!key.verify(b"body", &changed), "byte {index}");
        }
    }

    #[test]
    fn a_shortened_or_unreadable_tag_is_refused() {
        let key = HmacKey::new(b"secret");
        let tag = key.sign(b"body");
        for length in 0..tag.len() {
            assert!(!key.verify(b"body", &tag[..length]), "{length} bytes");
        }
        for text in ["", "zz", "sha256=00"] {
            assert!(!key.verify_hex(b"body", text), "{text}");
        }
    }

    #[test]
    fn a_blind_index_depends_on_its_whole_place_and_value() {
        let key = HmacKey::new(&[7; 32]);
        let entropy = SeededEntropy::new(1);
        let organization = OrganizationId::new(Timestamp::EPOCH, &entropy);
        let neighbour = OrganizationId::new(Timestamp::EPOCH, &entropy);
        let index = |organization, table, column, value: &str| {
            key.blind_index(organization, table, column, &Confidential::new(value.to_owned()))
        };
        let base = index(Some(organization), "contacts", "phone", "+5511999990000");
        assert_eq!(base, index(Some(organization), "contacts", "phone", "+5511999990000"));
        for other in [
            index(Some(neighbour), "contacts", "phone", "+5511999990000"),
            index(None, "contacts", "phone", "+5511999990000"),
            index(Some(organization), "members", "phone", "+5511999990000"),
            index(Some(organization), "contacts", "mobile", "+5511999990000"),
            index(Some(organization), "contacts", "phone", "+5511999990001"),
            index(Some(organization), "contactsp", "hone", "+5511999990000"),
        ] {
            assert_ne!(base, other);
        }
    }
}

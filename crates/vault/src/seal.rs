//! Sealing single fields: what may stand in the database of a guarded value.
//!
//! Stored value = format version (1) ‖ algorithm (1) ‖ data key id (16) ‖ nonce (24) ‖
//! ciphertext (padded to blocks of 32) ‖ tag (16). The additional data binds it to its
//! class and [`Place`]: moved to another row, column, table or tenant, or put back from an
//! older version of its row, it does not open.

use std::fmt;
use std::marker::PhantomData;

use domain::{
    Actor, DataKeyId, Entropy, Grant, Guarded, OrganizationId, Purpose, Timestamp, TypedId, Verdict,
};
use zeroize::{Zeroize, Zeroizing};

use crate::data_key::DataKey;
use crate::encode::Fields;
use crate::keyring::KekId;
use crate::xaes::{self, NONCE_BYTES, TAG_BYTES};

/// Longest value that can be sealed, in bytes: 1 MiB.
pub const MAX_PLAINTEXT_BYTES: usize = 1 << 20;
/// Values are padded to a multiple of this many bytes, so that their length tells little.
pub const PADDING_BYTES: usize = 32;

/// First byte of everything sealed or wrapped.
pub(crate) const FORMAT_VERSION: u8 = 1;
/// XAES-256-GCM, the only algorithm so far.
pub(crate) const ALGORITHM_XAES_256_GCM: u8 = 1;

/// Why something could not be sealed, opened, wrapped or unwrapped. Trying again never helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Longer than [`MAX_PLAINTEXT_BYTES`].
    #[error("{0} bytes are too many to seal: the limit is {MAX_PLAINTEXT_BYTES}")]
    TooLong(usize),
    /// Too short to be what it should be.
    #[error("not a sealed value: {0} bytes are too few")]
    TooShort(usize),
    /// Written by a newer program, or not sealed at all.
    #[error("format version {0} of a sealed value is unknown: was it written by a newer program?")]
    UnknownVersion(u8),
    /// Written by a newer program, or not sealed at all.
    #[error("algorithm {0} of a sealed value is unknown: was it written by a newer program?")]
    UnknownAlgorithm(u8),
    /// Sealed with another data key than the one given.
    #[error("sealed with key {needed}, not with {given}")]
    OtherKey {
        /// The key that sealed it.
        needed: DataKeyId,
        /// The key that was given.
        given: DataKeyId,
    },
    /// Wrapped by a key-encryption key that is not in the key file.
    #[error(
        "key {0} is needed, which the key file lacks: copy the key file here from where it was rotated, or put \
         the line back from a copy of it"
    )]
    UnknownKek(KekId),
    /// Changed, moved from another place, or older than its row.
    #[error("does not open here: it was changed, moved from another place, or is older than its row")]
    Refused,
    /// Opened, but the bytes are not of the expected type.
    #[error("opened, but the content is not of the expected type")]
    Content,
}

impl SealError {
    /// Always [`Verdict::Fail`].
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        Verdict::Fail
    }
}

impl From<aws_lc_rs::error::Unspecified> for SealError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Refused
    }
}

/// Where a sealed value stands. Sealed for one place, it opens at no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    organization: Option<OrganizationId>,
    table: &'static str,
    column: &'static str,
    row: [u8; 16],
    version: u32,
}

impl Place {
    /// A column of an organization's row. `version` counts the writes of the row.
    #[must_use]
    pub fn new(
        organization: OrganizationId,
        table: &'static str,
        column: &'static str,
        row: impl TypedId,
        version: u32,
    ) -> Self {
        Self { organization: Some(organization), table, column, row: row.to_bytes(), version }
    }

    /// A column of a row that belongs to the installation, not to one organization.
    #[must_use]
    pub fn of_installation(
        table: &'static str,
        column: &'static str,
        row: impl TypedId,
        version: u32,
    ) -> Self {
        Self { organization: None, table, column, row: row.to_bytes(), version }
    }

    fn additional_data(&self, header: &[u8], class: &str) -> Vec<u8> {
        let organization = self.organization.map(TypedId::to_bytes);
        Fields::of("sealed field")
            .field(header)
            .field(class.as_bytes())
            .field(organization.as_ref().map_or(&[], <[u8; 16]>::as_slice))
            .field(self.table.as_bytes())
            .field(self.column.as_bytes())
            .field(&self.row)
            .field(&self.version.to_be_bytes())
            .finish()
    }
}

/// A guarded value as the database keeps it; `T` is the class it opens to. `Debug` shows
/// its length only.
///
/// The class is part of the type. This compiles:
/// ```
/// # use domain::{Confidential, Restricted};
/// # use vault::Sealed;
/// fn store_name(_: &Sealed<Confidential<String>>) {}
/// store_name(&Sealed::<Confidential<String>>::from_bytes(vec![]));
/// ```
/// and a token where a name is expected does not:
/// ```compile_fail,E0308
/// # use domain::{Confidential, Restricted};
/// # use vault::Sealed;
/// fn store_name(_: &Sealed<Confidential<String>>) {}
/// store_name(&Sealed::<Restricted<String>>::from_bytes(vec![]));
/// ```
pub struct Sealed<T> {
    bytes: Vec<u8>,
    class: PhantomData<fn() -> T>,
}

impl<T> Sealed<T> {
    /// A sealed value from a database column. Whether it opens, [`open`] tells.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes, class: PhantomData }
    }

    /// The sealed value for a database column.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Which data key opens it.
    pub fn key_id(&self) -> Result<DataKeyId, SealError> {
        Ok(DataKeyId::from_bytes(split(&self.bytes)?.key_id))
    }
}

impl<T> Clone for Sealed<T> {
    fn clone(&self) -> Self {
        Self::from_bytes(self.bytes.clone())
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sealed({} bytes)", self.bytes.len())
    }
}

/// What can lie inside a sealed value.
pub trait Sealable: Zeroize + Sized {
    /// Its bytes.
    fn as_plaintext(&self) -> &[u8];
    /// It from its bytes; `None` when they are not of this type.
    fn from_plaintext(bytes: &[u8]) -> Option<Self>;
}

impl Sealable for String {
    fn as_plaintext(&self) -> &[u8] {
        self.as_bytes()
    }
    fn from_plaintext(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }
}

impl Sealable for Vec<u8> {
    fn as_plaintext(&self) -> &[u8] {
        self
    }
    fn from_plaintext(bytes: &[u8]) -> Option<Self> {
        Some(bytes.to_owned())
    }
}

/// Seals a guarded value for one place, under a fresh random nonce.
pub fn seal<T>(key: &DataKey, place: &Place, value: &T, entropy: &dyn Entropy) -> Result<Sealed<T>, SealError>
where
    T: Guarded<Value: Sealable>,
{
    let plaintext = value.value(sealing_grant()).as_plaintext();
    if plaintext.len() > MAX_PLAINTEXT_BYTES {
        return Err(SealError::TooLong(plaintext.len()));
    }
    let nonce = xaes::random_nonce(entropy);
    let header = header(key.id().to_bytes());
    // Room for the tag from the start: growing would leave an unwiped copy behind.
    let padded = (plaintext.len() / PADDING_BYTES + 1) * PADDING_BYTES;
    let mut text = Zeroizing::new(Vec::with_capacity(padded + TAG_BYTES));
    text.extend_from_slice(plaintext);
    text.push(0x80);
    text.resize(padded, 0);
    xaes::encrypt(key.bytes(), &nonce, &place.additional_data(&header, T::CLASS), &mut text)?;
    Ok(Sealed::from_bytes([header.as_slice(), &nonce, &text].concat()))
}

/// Opens a sealed value at its place, for the holder of a grant.
pub fn open<T>(key: &DataKey, place: &Place, sealed: &Sealed<T>, _grant: &Grant) -> Result<T, SealError>
where
    T: Guarded<Value: Sealable>,
{
    let parts = split(&sealed.bytes)?;
    let needed = DataKeyId::from_bytes(parts.key_id);
    if needed != key.id() {
        return Err(SealError::OtherKey { needed, given: key.id() });
    }
    let aad = place.additional_data(parts.header, T::CLASS);
    let padded = xaes::decrypt(key.bytes(), parts.nonce, &aad, parts.ciphertext)?;
    let end = padded.iter().rposition(|byte| *byte != 0).filter(|end| padded[*end] == 0x80);
    let plaintext = &padded[..end.ok_or(SealError::Content)?];
    T::Value::from_plaintext(plaintext).map(T::guard).ok_or(SealError::Content)
}

/// The head of everything sealed or wrapped: version, algorithm, id of the key.
pub(crate) fn header<const ID: usize>(key_id: [u8; ID]) -> Vec<u8> {
    [[FORMAT_VERSION, ALGORITHM_XAES_256_GCM].as_slice(), &key_id].concat()
}

/// What was sealed or wrapped, taken apart.
pub(crate) struct Parts<'a, const ID: usize> {
    pub(crate) header: &'a [u8],
    pub(crate) key_id: [u8; ID],
    pub(crate) nonce: &'a [u8; NONCE_BYTES],
    pub(crate) ciphertext: &'a [u8],
}

/// Takes bytes apart, refusing versions and algorithms it does not know.
pub(crate) fn split<const ID: usize>(bytes: &[u8]) -> Result<Parts<'_, ID>, SealError> {
    let too_short = SealError::TooShort(bytes.len());
    let ([version, algorithm], tail) = bytes.split_first_chunk().ok_or(too_short.clone())?;
    if *version != FORMAT_VERSION {
        return Err(SealError::UnknownVersion(*version));
    }
    if *algorithm != ALGORITHM_XAES_256_GCM {
        return Err(SealError::UnknownAlgorithm(*algorithm));
    }
    let (key_id, rest) = tail.split_first_chunk().ok_or(too_short.clone())?;
    let (nonce, ciphertext) = rest.split_first_chunk().ok_or(too_short)?;
    Ok(Parts { header: &bytes[..2 + ID], key_id: *key_id, nonce, ciphertext })
}

/// The vault's own permission: a value goes in, and nobody sees it.
pub(crate) fn sealing_grant() -> &'static Grant {
    static GRANT: Grant = Grant::issue(Actor::system("vault"), Purpose::Seal, Timestamp::EPOCH);
    &GRANT
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Confidential, Restricted, SeededEntropy, SubjectId};
    use proptest::prelude::*;

    type Name = Confidential<String>;

    fn grant() -> Grant {
        Grant::issue(Actor::system("test"), Purpose::DispatchOrder, Timestamp::EPOCH)
    }

    struct Fixture {
        entropy: SeededEntropy,
        key: DataKey,
        place: Place,
    }

    impl Fixture {
        fn new() -> Self {
            let entropy = SeededEntropy::new(1);
            let organization = OrganizationId::new(Timestamp::EPOCH, &entropy);
            let row = SubjectId::new(Timestamp::EPOCH, &entropy);
            let key = DataKey::generate(Timestamp::EPOCH, &entropy);
            Self { entropy, key, place: Place::new(organization, "contacts", "name", row, 1) }
        }

        fn seal(&self, text: &str) -> Sealed<Name> {
            seal(&self.key, &self.place, &Name::new(text.to_owned()), &self.entropy).unwrap()
        }

        fn open_at(&self, place: &Place, sealed: &Sealed<Name>) -> Result<String, SealError> {
            Ok(open(&self.key, place, sealed, &grant())?.reveal(&grant()).clone())
        }
    }

    #[test]
    fn a_sealed_value_opens_at_its_place() {
        let fixture = Fixture::new();
        let sealed = fixture.seal("Maria Teste");
        assert_eq!(fixture.open_at(&fixture.place, &sealed), Ok("Maria Teste".to_owned()));
        assert_eq!(sealed.key_id(), Ok(fixture.key.id()));
    }

    #[test]
    fn moved_to_any_other_place_it_is_refused() {
        let fixture = Fixture::new();
        let sealed = fixture.seal("Maria Teste");
        let here = fixture.place;
        let other = OrganizationId::new(Timestamp::EPOCH, &fixture.entropy);
        for place in [
            Place { organization: Some(other), ..here },
            Place { organization: None, ..here },
            Place { table: "orders", ..here },
            Place { column: "email", ..here },
            Place { row: [0; 16], ..here },
            Place { version: 2, ..here },
            Place { version: 0, ..here },
        ] {
            assert_eq!(fixture.open_at(&place, &sealed), Err(SealError::Refused), "{place:?}");
        }
    }

    #[test]
    fn two_values_swapped_between_rows_are_both_refused() {
        let fixture = Fixture::new();
        let there = Place { row: [7; 16], ..fixture.place };
        let one = fixture.seal("one");
        let other = seal(&fixture.key, &there, &Name::new("other".into()), &fixture.entropy).unwrap();
        assert_eq!(fixture.open_at(&there, &one), Err(SealError::Refused));
        assert_eq!(fixture.open_at(&fixture.place, &other), Err(SealError::Refused));
    }

    #[test]
    fn its_bytes_under_another_class_are_refused() {
        let fixture = Fixture::new();
        let bytes = fixture.seal("name").as_bytes().to_vec();
        let as_token = Sealed::<Restricted<String>>::from_bytes(bytes);
        let opened = open(&fixture.key, &fixture.place, &as_token, &grant());
        assert_eq!(opened.err(), Some(SealError::Refused));
    }

    #[test]
    fn truncated_at_any_length_it_is_refused() {
        let fixture = Fixture::new();
        let sealed = fixture.seal("Maria Teste");
        for length in 0..sealed.as_bytes().len() {
            let cut = Sealed::from_bytes(sealed.as_bytes()[..length].to_vec());
            assert!(fixture.open_at(&fixture.place, &cut).is_err(), "{length} bytes");
        }
    }

    /// ASVS 11.3.2.
    #[test]
    fn a_change_of_any_byte_is_refused() {
        let fixture = Fixture::new();
        let sealed = fixture.seal("Maria Teste");
        for index in 0..sealed.as_bytes().len() {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[index] ^= 1;
            assert!(fixture.open_at(&fixture.place, &Sealed::from_bytes(bytes)).is_err(), "byte {index}");
        }
    }

    /// ASVS 11.2.2.
    #[test]
    fn an_unknown_version_algorithm_or_key_is_an_error_never_a_fallback() {
        let fixture = Fixture::new();
        let with = |index: usize, byte: u8| {
            let mut bytes = fixture.seal("x").as_bytes().to_vec();
            bytes[index] = byte;
            fixture.open_at(&fixture.place, &Sealed::from_bytes(bytes))
        };
        assert_eq!(with(0, 0), Err(SealError::UnknownVersion(0)));
        assert_eq!(with(0, 2), Err(SealError::UnknownVersion(2)));
        assert_eq!(with(1, 9), Err(SealError::UnknownAlgorithm(9)));
        let other = DataKey::generate(Timestamp::EPOCH, &fixture.entropy);
        let refused = open(&other, &fixture.place, &fixture.seal("x"), &grant());
        assert_eq!(refused.err(), Some(SealError::OtherKey { needed: fixture.key.id(), given: other.id() }));
    }

    #[test]
    fn the_right_key_id_on_the_wrong_key_is_refused() {
        let fixture = Fixture::new();
        let forged = DataKey::from_parts(fixture.key.id(), xaes::random_key(&fixture.entropy));
        let refused = open(&forged, &fixture.place, &fixture.seal("x"), &grant());
        assert_eq!(refused.err(), Some(SealError::Refused));
    }

    #[test]
    fn a_key_id_written_over_is_refused_even_for_equal_key_bytes() {
        let fixture = Fixture::new();
        let id = DataKeyId::new(Timestamp::EPOCH, &fixture.entropy);
        let renamed = DataKey::from_parts(id, fixture.key.bytes().clone());
        let mut bytes = fixture.seal("x").as_bytes().to_vec();
        bytes[2..18].copy_from_slice(&id.to_bytes());
        let refused = open::<Name>(&renamed, &fixture.place, &Sealed::from_bytes(bytes), &grant());
        assert_eq!(refused.err(), Some(SealError::Refused));
    }

    #[test]
    fn content_without_its_padding_mark_is_an_error() {
        let fixture = Fixture::new();
        let header = header(fixture.key.id().to_bytes());
        let aad = fixture.place.additional_data(&header, Name::CLASS);
        for padded in [vec![0; 32], vec![b'x'; 32], vec![]] {
            let nonce = xaes::random_nonce(&fixture.entropy);
            let mut text = padded.clone();
            xaes::encrypt(fixture.key.bytes(), &nonce, &aad, &mut text).unwrap();
            let sealed = Sealed::from_bytes([header.as_slice(), &nonce, &text].concat());
            assert_eq!(fixture.open_at(&fixture.place, &sealed), Err(SealError::Content), "{padded:?}");
        }
    }

    #[test]
    fn equal_values_look_different_and_short_ones_look_equally_long() {
        let fixture = Fixture::new();
        let (one, same, short) = (fixture.seal("Ana Maria"), fixture.seal("Ana Maria"), fixture.seal(""));
        assert_ne!(one.as_bytes(), same.as_bytes());
        assert_eq!(one.as_bytes().len(), short.as_bytes().len());
        assert_eq!(short.as_bytes().len(), 2 + 16 + NONCE_BYTES + PADDING_BYTES + TAG_BYTES);
    }

    #[test]
    fn bytes_that_are_no_text_do_not_open_as_text() {
        let fixture = Fixture::new();
        let raw = Confidential::new(vec![0xff_u8]);
        let sealed = seal(&fixture.key, &fixture.place, &raw, &fixture.entropy).unwrap();
        let as_text = Sealed::from_bytes(sealed.as_bytes().to_vec());
        assert_eq!(fixture.open_at(&fixture.place, &as_text), Err(SealError::Content));
    }

    #[test]
    fn a_value_beyond_the_limit_is_refused_before_sealing() {
        let fixture = Fixture::new();
        let value = |length| Restricted::new(vec![0_u8; length]);
        let seal = |length| seal(&fixture.key, &fixture.place, &value(length), &fixture.entropy);
        assert!(seal(MAX_PLAINTEXT_BYTES).is_ok());
        let refused = seal(MAX_PLAINTEXT_BYTES + 1).err();
        assert_eq!(refused, Some(SealError::TooLong(MAX_PLAINTEXT_BYTES + 1)));
    }

    #[test]
    fn debug_shows_only_the_length() {
        assert_eq!(format!("{:?}", Fixture::new().seal("Maria")), "Sealed(90 bytes)");
    }

    proptest! {
        #[test]
        fn any_bytes_round_trip(bytes: Vec<u8>) {
            let fixture = Fixture::new();
            let value = Restricted::new(bytes.clone());
            let sealed = seal(&fixture.key, &fixture.place, &value, &fixture.entropy).unwrap();
            let opened = open(&fixture.key, &fixture.place, &sealed, &grant()).unwrap();
            prop_assert_eq!(opened.reveal(&grant()), &bytes);
        }

        #[test]
        fn no_stored_bytes_make_opening_panic(bytes: Vec<u8>, known_head: bool) {
            let fixture = Fixture::new();
            let head = if known_head { header(fixture.key.id().to_bytes()) } else { vec![] };
            let sealed = Sealed::from_bytes([head, bytes].concat());
            prop_assert!(fixture.open_at(&fixture.place, &sealed).is_err());
        }
    }
}

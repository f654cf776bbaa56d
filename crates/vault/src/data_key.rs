//! Data keys: each seals the data of one subject, connection or tenant. The database
//! keeps them wrapped; destroying the wrapped key erases everything under it.

use std::fmt;

use domain::{DataKeyId, Entropy, OrganizationId, Timestamp, TypedId};

use crate::encode::Fields;
use crate::keyring::KekId;
use crate::seal::{SealError, header, split};
use crate::xaes::{self, KeyBytes};

/// A key that seals fields. Its bytes are overwritten when it is dropped; `Debug` shows its id.
#[derive(Clone)]
pub struct DataKey {
    id: DataKeyId,
    bytes: KeyBytes,
}

impl DataKey {
    /// A new random key with a new id.
    #[must_use]
    pub fn generate(now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self::from_parts(DataKeyId::new(now, entropy), xaes::random_key(entropy))
    }

    pub(crate) const fn from_parts(id: DataKeyId, bytes: KeyBytes) -> Self {
        Self { id, bytes }
    }

    /// The id that stands in every value this key seals.
    #[must_use]
    pub const fn id(&self) -> DataKeyId {
        self.id
    }

    pub(crate) const fn bytes(&self) -> &KeyBytes {
        &self.bytes
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DataKey({})", self.id)
    }
}

/// Whose data a key seals; a wrapped key unwraps only for the same owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyContext<'a> {
    /// The tenant; `None` for a key of the installation itself.
    pub organization: Option<OrganizationId>,
    /// Who in it, as text: a subject's or connection's id, or the name of a class of data.
    pub owner: &'a str,
}

impl KeyContext<'_> {
    fn additional_data(&self, header: &[u8], id: DataKeyId) -> Vec<u8> {
        let organization = self.organization.map(TypedId::to_bytes);
        Fields::of("wrapped data key")
            .field(header)
            .field(&id.to_bytes())
            .field(organization.as_ref().map_or(&[], <[u8; 16]>::as_slice))
            .field(self.owner.as_bytes())
            .finish()
    }
}

/// A data key as the database keeps it: format version (1) ‖ algorithm (1) ‖
/// key-encryption key id (8) ‖ nonce (24) ‖ encrypted key (32) ‖ tag (16).
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey(Vec<u8>);

impl WrappedKey {
    /// A wrapped key from a database column.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The wrapped key for a database column.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Which key-encryption key wrapped it.
    pub fn kek_id(&self) -> Result<KekId, SealError> {
        Ok(KekId::from_bytes(split(&self.0)?.key_id))
    }

    pub(crate) fn wrap(
        kek: (KekId, &KeyBytes),
        key: &DataKey,
        context: &KeyContext<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Self, SealError> {
        let nonce = xaes::random_nonce(entropy);
        let header = header(kek.0.to_bytes());
        let mut text = Vec::with_capacity(xaes::KEY_BYTES + xaes::TAG_BYTES);
        text.extend_from_slice(&**key.bytes());
        xaes::encrypt(kek.1, &nonce, &context.additional_data(&header, key.id()), &mut text)?;
        Ok(Self([header.as_slice(), &nonce, &text].concat()))
    }

    pub(crate) fn unwrap_with(
        &self,
        kek: &KeyBytes,
        id: DataKeyId,
        context: &KeyContext<'_>,
    ) -> Result<DataKey, SealError> {
        let parts = split::<{ KekId::BYTES }>(&self.0)?;
        let aad = context.additional_data(parts.header, id);
        let plain = xaes::decrypt(kek, parts.nonce, &aad, parts.ciphertext)?;
        let mut bytes = KeyBytes::default();
        if plain.len() != bytes.len() {
            return Err(SealError::Content);
        }
        bytes.copy_from_slice(&plain);
        Ok(DataKey::from_parts(id, bytes))
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WrappedKey({} bytes)", self.0.len())
    }
}

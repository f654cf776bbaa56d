//! Wrapped data keys: one per connection and data subject, one per organization for the rest.

use domain::{DataKeyId, Timestamp, TypedId};
use vault::{KekId, WrappedKey};

use crate::db::{StoreError, StoreResult};
use crate::{Tenant, rotation};

/// Who a data key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOwner {
    /// The organization itself.
    Organization,
    /// A connection: its tokens.
    Connection(domain::ConnectionId),
    /// A data subject: their personal data.
    Subject(domain::SubjectId),
}

impl KeyOwner {
    const fn kind(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Connection(_) => "connection",
            Self::Subject(_) => "subject",
        }
    }

    /// The text that the wrapped key is bound to.
    #[must_use]
    pub fn context(self) -> String {
        match self {
            Self::Organization => "organization".into(),
            Self::Connection(id) => id.to_string(),
            Self::Subject(id) => id.to_string(),
        }
    }
}

/// The key that wraps now, which stays so until this transaction ends; `None` before the first
/// start said so. It is the installation's, whoever's transaction this is.
pub fn wrapping_kek(tenant: &mut Tenant<'_, '_>) -> StoreResult<Option<KekId>> {
    rotation::held_primary(tenant.tx)
}

impl Tenant<'_, '_> {
    fn owner_id(&self, owner: KeyOwner) -> crate::Val<'static> {
        crate::Val::Id(match owner {
            KeyOwner::Organization => self.id.to_bytes(),
            KeyOwner::Connection(id) => id.to_bytes(),
            KeyOwner::Subject(id) => id.to_bytes(),
        })
    }

    /// The wrapped key of an owner.
    pub fn data_key(&mut self, owner: KeyOwner) -> StoreResult<Option<(DataKeyId, WrappedKey)>> {
        let owner_id = self.owner_id(owner);
        self.tx.row(
            "SELECT id, wrapped FROM data_key WHERE organization_id = $1 AND owner_kind = $2 AND owner_id = $3",
            &[self.id.into(), owner.kind().into(), owner_id],
            |row| Ok((row.get(0)?, WrappedKey::from_bytes(row.get(1)?))),
        )
    }

    /// Keeps a new wrapped key, unless the owner has one; the one that stands is returned.
    ///
    /// # Errors
    /// [`StoreError::OtherKek`] when it is not wrapped by the key that wraps now: another node
    /// may have given up the one that it is wrapped by.
    pub fn keep_data_key(
        &mut self,
        owner: KeyOwner,
        id: DataKeyId,
        wrapped: &WrappedKey,
        now: Timestamp,
    ) -> StoreResult<(DataKeyId, WrappedKey)> {
        self.refuse_other_kek(wrapped)?;
        let owner_id = self.owner_id(owner);
        self.tx.execute(
            "INSERT INTO data_key (id, organization_id, owner_kind, owner_id, wrapped, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (owner_kind, owner_id) DO NOTHING",
            &[
                id.into(),
                self.id.into(),
                owner.kind().into(),
                owner_id,
                wrapped.as_bytes().into(),
                now.into(),
            ],
        )?;
        self.data_key(owner)?.ok_or(crate::StoreError::RowCount { expected: 1, touched: 0 })
    }

    fn refuse_other_kek(&mut self, wrapped: &WrappedKey) -> StoreResult<()> {
        let Some(primary) = wrapping_kek(self)? else { return Ok(()) };
        if wrapped.kek_id() == Ok(primary) { Ok(()) } else { Err(StoreError::OtherKek(primary.to_string())) }
    }

    /// Puts a new key of the same owner in the place of the key `old`; what was sealed under
    /// that has to be sealed anew in the same transaction. False when it is not the owner's
    /// key any more.
    pub fn replace_data_key(
        &mut self,
        owner: KeyOwner,
        old: DataKeyId,
        id: DataKeyId,
        wrapped: &WrappedKey,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.refuse_other_kek(wrapped)?;
        let owner_id = self.owner_id(owner);
        let touched = self.tx.execute(
            "UPDATE data_key SET id = $5, wrapped = $6, created_at = $7 \
             WHERE organization_id = $1 AND owner_kind = $2 AND owner_id = $3 AND id = $4",
            &[
                self.id.into(),
                owner.kind().into(),
                owner_id,
                old.into(),
                id.into(),
                wrapped.as_bytes().into(),
                now.into(),
            ],
        )?;
        Ok(touched == 1)
    }

    /// Everybody who has a key in the organization.
    pub fn key_owners(&mut self) -> StoreResult<Vec<KeyOwner>> {
        let sql = "SELECT owner_kind, owner_id FROM data_key WHERE organization_id = $1 ORDER BY id";
        self.tx.rows(sql, &[self.id.into()], |row| {
            let kind: String = row.get(0)?;
            Ok(match kind.as_str() {
                "connection" => KeyOwner::Connection(row.get(1)?),
                "subject" => KeyOwner::Subject(row.get(1)?),
                _ => KeyOwner::Organization,
            })
        })
    }

    /// Destroys an owner's key: everything sealed under it is gone for good.
    pub fn destroy_data_key(&mut self, owner: KeyOwner) -> StoreResult<bool> {
        let owner_id = self.owner_id(owner);
        let touched = self.tx.execute(
            "DELETE FROM data_key WHERE organization_id = $1 AND owner_kind = $2 AND owner_id = $3",
            &[self.id.into(), owner.kind().into(), owner_id],
        )?;
        Ok(touched > 0)
    }
}

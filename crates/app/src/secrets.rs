//! Sealing and opening with the keys of their owners.

use domain::{Actor, ConnectionId, Grant, Guarded, OrganizationId, Purpose, Restricted, Timestamp};
use store::connections::{Credentials, SealedTokens};
use store::keys::{KeyOwner, wrapping_kek};
use store::{Db, StoreError, StoreResult, Tenant, settings};
use vault::{DataKey, KeyContext, Keyring, Place, SealError, Sealed, WrappedKey};

use crate::App;
use crate::error::AppError;

/// Stops the start with a key file that is not the one the data is sealed under. At the
/// first start there is no data yet: the key file in use becomes the right one.
pub(crate) async fn check_keys(db: &Db, keyring: &Keyring) -> Result<(), AppError> {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let mine = engine.encode(keyring.key_check());
    let kept = db.write(move |tx| settings::get_or_set(tx, settings::KEY_CHECK, &mine)).await?;
    let kept = engine.decode(kept).map_err(|_| AppError::WrongKeys)?;
    keyring.verify_key_check(&kept).map_err(|_| AppError::WrongKeys)
}

/// A failure inside a transaction that is not the database's own: carried out of the
/// closure as the driver's words would be.
pub(crate) fn as_store_error(error: &SealError) -> StoreError {
    StoreError::Driver(error.to_string())
}

impl App {
    /// The key of an owner, made when it has none.
    pub(crate) fn data_key(&self, tenant: &mut Tenant<'_, '_>, owner: KeyOwner) -> StoreResult<DataKey> {
        let context_text = owner.context();
        let context = KeyContext { organization: Some(tenant.organization_id()), owner: &context_text };
        let (id, wrapped) = if let Some(kept) = tenant.data_key(owner)? {
            kept
        } else {
            let now = self.clock().now();
            let key = DataKey::generate(now, self.entropy());
            let wrapped = self.wrap_now(tenant, &key, &context)?;
            tenant.keep_data_key(owner, key.id(), &wrapped, now)?
        };
        self.keyring().unwrap(id, &wrapped, &context).map_err(|error| as_store_error(&error))
    }

    /// Wraps a key under the key that the installation wraps under, whatever the key file here
    /// calls its primary one.
    pub(crate) fn wrap_now(
        &self,
        tenant: &mut Tenant<'_, '_>,
        key: &DataKey,
        context: &KeyContext<'_>,
    ) -> StoreResult<WrappedKey> {
        let keyring = self.keyring();
        let kek = wrapping_kek(tenant)?.unwrap_or_else(|| keyring.primary());
        if !keyring.holds(kek) {
            // It may have been rotated a moment ago. What is wrong with the file is told by
            // whoever looks after it.
            let _ = keyring.refresh();
        }
        let wrapped = keyring.wrap_under(kek, key, context, self.entropy());
        wrapped.map_err(|error| {
            if let SealError::UnknownKek(kek) = error {
                StoreError::OtherKek(kek.to_string())
            } else {
                as_store_error(&error)
            }
        })
    }

    /// The pair that a connection's calls are made with; the refresh token only where
    /// `renewing`.
    pub(crate) fn open_pair(
        &self,
        organization: OrganizationId,
        held: &Credentials,
        renewing: bool,
    ) -> StoreResult<(Restricted<String>, Option<Restricted<String>>)> {
        let (id, version) = (held.connection.id, held.connection.token_version);
        let owner = KeyOwner::Connection(id).context();
        let context = KeyContext { organization: Some(organization), owner: &owner };
        let Some((key, wrapped)) = &held.key else {
            return Err(StoreError::Driver(format!("the key of the connection {id} is gone")));
        };
        let key = self.keyring().unwrap(*key, wrapped, &context).map_err(|error| as_store_error(&error))?;
        let grant = calling(self.clock().now());
        let place = |column| token_place(organization, id, column, version);
        let access = open(&key, &place("access_sealed"), &held.tokens.access, &grant)?;
        let refresh = held.tokens.refresh.as_ref().filter(|_| renewing);
        let refresh =
            refresh.map(|sealed| open(&key, &place("refresh_sealed"), sealed, &grant)).transpose()?;
        Ok((access, refresh))
    }

    /// Seals a value under its owner's key.
    pub(crate) fn seal<T>(&self, key: &DataKey, place: &Place, value: &T) -> StoreResult<Sealed<T>>
    where
        T: Guarded<Value: vault::seal::Sealable>,
    {
        vault::seal(key, place, value, self.entropy()).map_err(|error| as_store_error(&error))
    }

    /// Seals a token pair as version `version` of a connection.
    pub(crate) fn seal_tokens(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        version: i64,
        issued: &connect::IssuedTokens,
    ) -> StoreResult<SealedTokens> {
        let key = self.data_key(tenant, KeyOwner::Connection(connection))?;
        let place = |column| token_place(tenant.organization_id(), connection, column, version);
        let (access_place, refresh_place) = (place("access_sealed"), place("refresh_sealed"));
        Ok(SealedTokens {
            access: self.seal(&key, &access_place, &issued.access_token)?,
            refresh: issued
                .refresh_token
                .as_ref()
                .map(|token| self.seal(&key, &refresh_place, token))
                .transpose()?,
            life: issued.life,
            scopes: issued.scopes.join(" "),
            handle: issued.handle.clone(),
        })
    }
}

/// Opens a value inside a transaction.
pub(crate) fn open<T>(key: &DataKey, place: &Place, sealed: &Sealed<T>, grant: &Grant) -> StoreResult<T>
where
    T: Guarded<Value: vault::seal::Sealable>,
{
    vault::open(key, place, sealed, grant).map_err(|error| as_store_error(&error))
}

pub(crate) fn token_place(
    organization: OrganizationId,
    connection: ConnectionId,
    column: &'static str,
    version: i64,
) -> Place {
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    Place::new(organization, "connection", column, connection, version)
}

/// The program's own grant to call a channel.
pub(crate) fn calling(now: Timestamp) -> Grant {
    // The call is what the audit log tells, not each opening of its token.
    // tidy: allowed because tokens are opened by the program itself, for each call
    Grant::issue(Actor::system("channel call"), Purpose::CallChannel, now)
}

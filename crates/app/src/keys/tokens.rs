//! Token keys: each connection's pair is sealed under a key of its own, which is renewed
//! before it is old.

use domain::{Actor, ConnectionId, OrganizationId};
use store::keys::KeyOwner;
use store::{StoreResult, Tenant, rotation};
use vault::{DataKey, KeyContext};

use super::{KeysError, TOKEN_KEY_MAX_AGE};
use crate::App;
use crate::audit::Deed;
use crate::secrets::token_place;

/// Token keys that are renewed at one look, at most.
const AT_ONCE: u32 = 200;

impl App {
    /// Renews token keys that are older than they may be. A pair that is just being renewed at
    /// its platform is left for the next look; one that does not open is told.
    pub(super) async fn renew_token_keys(&self) -> Result<(), KeysError> {
        let before = self.clock().now().minus(TOKEN_KEY_MAX_AGE);
        let db = self.store().installation();
        let old = db.read(move |tx| rotation::old_token_keys(tx, before, AT_ONCE)).await?;
        for (organization, connection) in old {
            let app = self.clone();
            let renewed = self
                .organization(organization)
                .write(move |tenant| app.renew_token_key(tenant, connection))
                .await;
            if let Err(error) = renewed {
                tracing::error!(connection.id = %connection, %error, "a token key could not be renewed");
            }
        }
        Ok(())
    }

    /// Seals a connection's pair under a new key, in one transaction with the key; says
    /// whether it did.
    fn renew_token_key(&self, tenant: &mut Tenant<'_, '_>, id: ConnectionId) -> StoreResult<bool> {
        let organization: OrganizationId = tenant.organization_id();
        let Some(held) = tenant.credentials(id)? else { return Ok(false) };
        let Some((old, _)) = held.key else { return Ok(false) };
        let (access, refresh) = self.open_pair(organization, &held, true)?;
        let version = held.connection.token_version;
        let now = self.clock().now();
        let key = DataKey::generate(now, self.entropy());
        let place = |column| token_place(organization, id, column, version + 1);
        let access = self.seal(&key, &place("access_sealed"), &access)?;
        let refresh = refresh.map(|token| self.seal(&key, &place("refresh_sealed"), &token)).transpose()?;
        // First the pair: whoever renews it at its platform keeps it as it is.
        if !tenant.reseal_tokens(id, version, &access, refresh.as_ref(), now)? {
            return Ok(false);
        }
        let owner = KeyOwner::Connection(id);
        let owner_text = owner.context();
        let context = KeyContext { organization: Some(organization), owner: &owner_text };
        let wrapped = self.wrap_now(tenant, &key, &context)?;
        if !tenant.replace_data_key(owner, old, key.id(), &wrapped, now)? {
            return Err(store::StoreError::RowCount { expected: 1, touched: 0 });
        }
        let deed = Deed::new(Actor::system("keys"), "connection.key_renewed", id.to_string());
        self.outcome(tenant, &deed, "ok")?;
        Ok(true)
    }
}

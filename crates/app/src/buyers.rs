//! Finding orders by who bought. Off until a member switches it on; nothing is kept of a
//! buyer but keyed hashes (`docs/decisions/0019`).

use connect::{ChannelError, ErrorKind};
use domain::buyer::{Term, readings};
use domain::limit::BUYER_SEARCH_PER_MEMBER;
pub use domain::retention::BUYERS_KEPT;
use domain::{Actor, Buyer, ConnectionId, MemberId, OrganizationId, SubjectId, Timestamp};
use store::buyers::{TermHash, with_buyers_before};
use store::{StoreResult, Tenant};
use vault::SubKey;

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::jobs::Work;

/// Buyers that a search shows the orders of, at most.
pub const MAX_BUYERS_FOUND: usize = 20;
/// Buyers asked for by one sweep at most: a small part of what an account may call until
/// the next.
const ASKED_AT_ONCE: u32 = 40;
/// The table that the hashes are bound to.
const TABLE: &str = "buyer";

/// Why no buyer was found.
#[derive(Debug, thiserror::Error)]
pub enum NoBuyer {
    /// The search by buyer is off.
    #[error("orders are not found by their buyers in this organization")]
    Off,
    /// The text can be neither a name nor a document nor a telephone number.
    #[error("neither two names nor a CPF, CNPJ or telephone number")]
    Unreadable,
    /// Nobody is called so.
    #[error("no buyer is called so")]
    Nobody,
    /// Too many are.
    #[error("more than {MAX_BUYERS_FOUND} buyers are called so")]
    TooMany,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl App {
    /// Switches the search by buyer on or off. Off, everything that was kept of buyers is
    /// gone at once.
    pub async fn find_buyers(
        &self,
        organization: OrganizationId,
        member: MemberId,
        on: bool,
    ) -> Result<(), AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        self.organization(organization)
            .write(move |tenant| {
                if on == tenant.finds_buyers_since()?.is_some() {
                    return Ok(());
                }
                tenant.set_finds_buyers(on.then_some(now))?;
                let forgotten = if on { 0 } else { tenant.forget_all_buyers()? };
                let action = if on { "buyer_search.on" } else { "buyer_search.off" };
                let held = if on { 0 } else { tenant.held_buyers()? };
                let deed = Deed::new(Actor::Member(member), action, organization.to_string());
                app.outcome(tenant, &deed.with("forgotten", forgotten).with("held", held), "ok")
            })
            .await?;
        Ok(())
    }

    /// Buyers that a member looks for, by what they are called. That somebody looked is an
    /// event; for whom, is not.
    pub async fn search_buyers(
        &self,
        organization: OrganizationId,
        member: MemberId,
        text: &str,
    ) -> Result<Vec<SubjectId>, NoBuyer> {
        let wanted: Vec<Vec<TermHash>> =
            readings(text).iter().map(|terms| self.hashes(organization, terms)).collect();
        if wanted.is_empty() {
            return Err(NoBuyer::Unreadable);
        }
        self.limits().bound(BUYER_SEARCH_PER_MEMBER, member).await?;
        let app = self.clone();
        let found = self
            .organization(organization)
            .write(move |tenant| {
                if tenant.finds_buyers_since()?.is_none() {
                    return Ok(None);
                }
                let found = found_by(tenant, &wanted)?;
                let deed = Deed::new(Actor::Member(member), "buyer.searched", organization.to_string());
                app.outcome(tenant, &deed.with("found", found.len()), "ok")?;
                Ok(Some(found))
            })
            .await
            .map_err(AppError::from)?;
        match found {
            None => Err(NoBuyer::Off),
            Some(found) if found.is_empty() => Err(NoBuyer::Nobody),
            Some(found) if found.len() > MAX_BUYERS_FOUND => Err(NoBuyer::TooMany),
            Some(found) => Ok(found),
        }
    }

    /// Asks for the buyers of orders under way, where they are looked for.
    pub(crate) fn ask_for_buyers(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
    ) -> StoreResult<()> {
        if tenant.finds_buyers_since()?.is_none() {
            return Ok(());
        }
        let now = self.clock().now();
        for unknown in tenant.unknown_buyers(connection, ASKED_AT_ONCE)? {
            let id = SubjectId::new(now, self.entropy());
            // Noted before it is known: one that cannot be read must not be in the way of
            // the next.
            tenant.expect_buyer(id, connection, &unknown.buyer_external_id, unknown.placed_at, now)?;
            let work = Work::FetchBuyer { external_id: unknown.order_external_id };
            self.ask(tenant, connection, &work, "buyers are looked for", now)?;
        }
        Ok(())
    }

    /// Reads who placed an order, and keeps what they are found by.
    pub(crate) async fn fetch_buyer(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        external_id: &str,
    ) -> Result<(), AppError> {
        // It may have been switched off since it was asked for.
        let held = self.organization(organization);
        let on = held.read(|tenant| Ok(tenant.finds_buyers_since()?.is_some())).await?;
        let caller = self.caller(organization, connection).await?;
        let (true, Some(buyers)) = (on, caller.channel.buyers()) else { return Ok(()) };
        let read = buyers.of_order(&caller.account, external_id).await;
        let buyer = match caller.heard(read).await {
            Ok(buyer) => buyer,
            // Of whom nothing is told, nothing is found.
            Err(AppError::Channel(ChannelError {
                kind: ErrorKind::NotFound | ErrorKind::PermissionMissing,
                ..
            })) => Buyer::default(),
            Err(error) => return Err(error),
        };
        let (terms, external_id) = (self.hashes(organization, &buyer.terms), external_id.to_owned());
        held.write(move |tenant| {
            if tenant.finds_buyers_since()?.is_none() {
                return Ok(());
            }
            tenant.keep_terms(connection, &external_id, &terms)
        })
        .await?;
        Ok(())
    }

    /// Forgets buyers whose last order is long ago, in organizations whose accounts stand
    /// still as well.
    pub(crate) async fn forget_buyers(&self, before: Timestamp) -> Result<(), AppError> {
        let db = self.store().installation();
        for organization in db.read(move |tx| with_buyers_before(tx, before)).await? {
            let app = self.clone();
            self.organization(organization)
                .write(move |tenant| {
                    let forgotten = tenant.forget_buyers_before(before)?;
                    let deed =
                        Deed::new(Actor::system("retention"), "buyer.forgotten", organization.to_string());
                    app.outcome(tenant, &deed.with("buyers", forgotten), "ok")
                })
                .await?;
        }
        Ok(())
    }

    /// What buyers are found by, as it is kept: keyed hashes, of this organization alone.
    #[must_use]
    pub fn hashes(&self, organization: OrganizationId, terms: &[Term]) -> Vec<TermHash> {
        let key = self.keyring().derived(SubKey::BlindIndex);
        let hash = |term: &Term| key.blind_index(Some(organization), TABLE, term.kind.as_str(), &term.text);
        terms.iter().map(hash).collect()
    }
}

/// Buyers who are called so in any reading, each once.
pub(crate) fn found_by(tenant: &mut Tenant<'_, '_>, wanted: &[Vec<TermHash>]) -> StoreResult<Vec<SubjectId>> {
    let limit = u32::try_from(MAX_BUYERS_FOUND + 1).unwrap_or(u32::MAX);
    let mut found = Vec::new();
    for terms in wanted {
        found.extend(tenant.buyers_by_terms(terms, limit)?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

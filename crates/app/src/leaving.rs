//! An organization leaves: an owner takes everything along ([`along`]), asks for the end, and after a
//! time in which any owner can call it off everything of it is destroyed: ways in, consents, keys,
//! rows, and again whenever an older backup is restored. What stays is the log, which names nobody
//! but by ids, and a keyed hash in the ledger of erasures. Why so: docs/decisions/0031.
//!
//! The destruction is no row of the job table, which is among what it empties: the wish itself is
//! its row, with a lease, and each piece can be done twice.

pub mod along;
mod zip;

use std::time::Duration;

use domain::member::SecurityNotice;
use domain::{Actor, ConnectionState, MemberId, OrganizationId, Timestamp};
use store::backup as tables;
use store::keys::KeyOwner;
pub use store::leaving::Leaving;
use store::{StoreError, StoreResult, Tenant, leaving};

use crate::App;
use crate::audit::{Deed, NotDone};
use crate::error::AppError;
use crate::steps;

/// How long any owner can call it off.
pub const CALL_OFF_FOR: Duration = Duration::from_hours(7 * 24);
/// Longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 500;
/// How long a platform that does not answer is asked again to end its consent; then its tokens are
/// destroyed all the same.
pub const ASKED_TO_REVOKE_FOR: Duration = Duration::from_hours(24);
/// How long an organization is the node's that destroys what is its, after each piece.
const LEASE: Duration = Duration::from_mins(5);
/// When what has to wait is tried again.
const RETRY_AFTER: Duration = Duration::from_mins(1);
/// How often each node looks whether an organization's time has come.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Rows that one transaction deletes, so that others are not kept waiting.
const ROWS_AT_ONCE: u32 = 2_000;

/// Why it did not come about.
#[derive(Debug, thiserror::Error)]
pub enum LeavingError {
    /// The name that was typed is another.
    #[error("the name is not the organization's")]
    Name,
    /// A reason is missing or too long.
    #[error("a reason of up to {MAX_REASON_CHARS} characters is needed")]
    Reason,
    /// Holds stand.
    #[error("holds keep data of the organization")]
    Held,
    /// It is asked for already.
    #[error("it is asked for already")]
    Already,
    /// It was not asked for, or it has begun.
    #[error("there is nothing to call off")]
    TooLate,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for LeavingError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// How far a piece of work came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// To its end.
    Through,
    /// It goes on later: a platform does not answer.
    Waits,
    /// It is another node's by now.
    Lost,
}

impl App {
    /// Asks on an owner's word that everything of the organization is destroyed, and tells everybody.
    pub async fn ask_to_leave(
        &self,
        organization: OrganizationId,
        by: MemberId,
        name: &str,
        reason: &str,
    ) -> Result<Leaving, LeavingError> {
        let (name, reason) = (name.trim().to_owned(), reason.trim().to_owned());
        if reason.is_empty() || reason.chars().count() > MAX_REASON_CHARS {
            return Err(LeavingError::Reason);
        }
        let (app, now) = (self.clone(), self.clock().now());
        let due_at = now.plus(CALL_OFF_FOR);
        let wish = Leaving { asked_by: by, reason, asked_at: now, due_at, begun_at: None };
        let held = self.organization(organization);
        let asked = held.write(move |tenant| {
            if tenant.name()?.trim() != name {
                return Ok(Err(LeavingError::Name));
            }
            let deed = Deed::new(Actor::Member(by), "organization.leaving", organization.to_string());
            if !tenant.holds()?.is_empty() {
                app.not_done(tenant, &deed, NotDone::Refused, "held")?;
                return Ok(Err(LeavingError::Held));
            }
            if !tenant.ask_to_leave(&wish)? {
                return Ok(Err(LeavingError::Already));
            }
            let deed =
                deed.with("due", wish.due_at.to_rfc3339()).with("orders_not_sent", tenant.orders_not_sent()?);
            app.outcome(tenant, &deed, "asked")?;
            app.tell_everybody(tenant, SecurityNotice::LeavingAsked)?;
            Ok(Ok(wish))
        });
        asked.await?
    }

    /// Calls it off on any owner's word, and tells everybody.
    pub async fn stay(&self, organization: OrganizationId, by: MemberId) -> Result<(), LeavingError> {
        let app = self.clone();
        let held = self.organization(organization);
        let stays = held.write(move |tenant| {
            if !tenant.stay()? {
                return Ok(Err(LeavingError::TooLate));
            }
            let deed = Deed::new(Actor::Member(by), "organization.leaving", organization.to_string());
            app.outcome(tenant, &deed, "called off")?;
            app.tell_everybody(tenant, SecurityNotice::LeavingCalledOff)?;
            Ok(Ok(()))
        });
        stays.await?
    }

    fn tell_everybody(&self, tenant: &mut Tenant<'_, '_>, notice: SecurityNotice) -> StoreResult<()> {
        for member in tenant.members()? {
            self.notify_member(tenant, member.id, notice, "")?;
        }
        Ok(())
    }

    /// Destroys what is of organizations whose time has come, until the task is dropped.
    pub async fn see_leavers_out(self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            if let Err(error) = self.end_organizations().await {
                tracing::error!(%error, "an organization could not be destroyed; it is tried again");
            }
        }
    }

    /// One look. What was cut off goes on where it was, on whichever node looks first after its lease.
    pub async fn end_organizations(&self) -> Result<(), AppError> {
        let now = self.clock().now();
        let due = self.store().installation().read(move |tx| leaving::due(tx, now)).await?;
        let mut first_error = None;
        for organization in due {
            match self.end_organization(organization).await {
                Ok(()) => {}
                Err(error @ AppError::Died(_)) => return Err(error),
                // What is wrong with one does not keep the next one waiting.
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    async fn end_organization(&self, organization: OrganizationId) -> Result<(), AppError> {
        // Another node is at it, or a hold keeps it.
        let Some(wish) = self.begin_the_end(organization).await? else { return Ok(()) };
        self.step(steps::LEAVING_BEGUN)?;
        match self.leave_accounts(organization, wish.begun_at).await? {
            Came::Through => {}
            Came::Waits => {
                self.keep_at_it(organization, RETRY_AFTER).await?;
                return Ok(());
            }
            Came::Lost => return Ok(()),
        }
        self.destroy_keys(organization).await?;
        self.step(steps::LEAVING_SHREDDED)?;
        let (came, rows) = self.empty_tables(organization).await?;
        if came != Came::Through {
            return Ok(());
        }
        self.step(steps::LEAVING_EMPTIED)?;
        let app = self.clone();
        let deed = Deed::new(Actor::system("leaving"), "organization.left", organization.to_string());
        let db = self.store().installation();
        db.write(move |tx| {
            let all = tables::tables(tx)?;
            let last: u64 = leaving::delete_all(tx, &all, organization)?.values().sum();
            // Otherwise it is gone already, and told.
            if last > 0 {
                app.installation_event(tx, &deed.with("rows", rows + last), "done")
            } else {
                Ok(())
            }
        })
        .await?;
        Ok(())
    }

    /// Takes it on, and lets nobody in any more; `None` where it is not to be done now, or not here.
    async fn begin_the_end(&self, organization: OrganizationId) -> Result<Option<Leaving>, AppError> {
        let (app, node, now) = (self.clone(), self.parts.node.clone(), self.clock().now());
        let held = self.organization(organization);
        let begun = held.write(move |tenant| {
            let fresh = tenant.leaving()?.is_some_and(|wish| wish.begun_at.is_none());
            if !tenant.begin_leaving(&node, now, now.plus(LEASE))? {
                return Ok(None);
            }
            if fresh {
                let by = Actor::system("leaving");
                let closed = tenant.close_to_everybody(&by, now)?;
                let deed = Deed::new(by, "organization.leaving", organization.to_string())
                    .with("members", closed.members)
                    .with("sessions", closed.sessions)
                    .with("api_keys", closed.api_keys)
                    .with("grants", closed.grants);
                app.outcome(tenant, &deed, "begun")?;
            }
            tenant.leaving()
        });
        Ok(begun.await?)
    }

    async fn keep_at_it(&self, organization: OrganizationId, span: Duration) -> Result<bool, AppError> {
        let (node, until) = (self.parts.node.clone(), self.clock().now().plus(span));
        let held = self.organization(organization);
        Ok(held.write(move |tenant| tenant.keep_leaving(&node, until)).await?)
    }

    /// Ends each consent at its platform, where that takes a call, and destroys its tokens.
    async fn leave_accounts(
        &self,
        organization: OrganizationId,
        begun_at: Option<Timestamp>,
    ) -> Result<Came, AppError> {
        let patient = begun_at.is_some_and(|at| self.clock().now().since(at) < ASKED_TO_REVOKE_FOR);
        let all = self.organization(organization).read(|tenant| tenant.connections()).await?;
        let mut came = Came::Through;
        for connection in all.iter().filter(|it| it.state != ConnectionState::Disconnected) {
            if !self.keep_at_it(organization, LEASE).await? {
                return Ok(Came::Lost);
            }
            let by = Actor::system("leaving");
            if self.leave_account(organization, by, connection.id, patient).await? {
                self.step(steps::LEAVING_DISCONNECTED)?;
            } else {
                came = Came::Waits;
            }
        }
        Ok(came)
    }

    /// Destroys every key and tells the ledger: from then on nothing that was sealed can be read, here
    /// or in any backup that is restored.
    async fn destroy_keys(&self, organization: OrganizationId) -> Result<(), AppError> {
        let app = self.clone();
        let held = self.organization(organization);
        let destroyed = held.write(move |tenant| {
            app.keep_erasure(tenant, KeyOwner::Organization)?;
            for owner in tenant.key_owners()? {
                app.keep_erasure(tenant, owner)?;
                tenant.destroy_data_key(owner)?;
            }
            Ok(())
        });
        Ok(destroyed.await?)
    }

    /// Deletes rows, some at a time; how many those were.
    async fn empty_tables(&self, organization: OrganizationId) -> Result<(Came, u64), AppError> {
        let db = self.store().installation();
        let theirs = db.read(|tx| Ok(leaving::emptied(tables::tables(tx)?))).await?;
        let mut rows = 0;
        for table in theirs {
            loop {
                if !self.keep_at_it(organization, LEASE).await? {
                    return Ok((Came::Lost, rows));
                }
                let some = table.clone();
                let deleted =
                    move |tx: &mut store::Tx<'_>| leaving::delete_some(tx, &some, organization, ROWS_AT_ONCE);
                let gone = db.write(deleted).await?;
                rows += gone;
                if gone < u64::from(ROWS_AT_ONCE) {
                    break;
                }
            }
        }
        Ok((Came::Through, rows))
    }
}

//! Tables that people bring along: read within limits, laid beside what is known, shown before anything
//! is done, applied in pieces that are each whole, and taken back.
//!
//! Why so: docs/decisions/0038.

mod apply;
mod csv;
mod plan;
mod read;
#[cfg(test)]
mod tests;
mod undo;
mod wish;
mod xlsx;
mod zip;

pub use plan::StageError;
pub use read::{MAX_FILE_BYTES, ReadError, read};
pub use wish::{Difference, Heading, Wish};

use domain::catalogue::Agreed;
use domain::sheet::MAX_ON_HAND_UNITS;
use domain::{Actor, MemberId, OrganizationId, SheetId};
use store::sheets::{HeldSheet, SheetState};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::jobs::Work;

const _: () = assert!(MAX_ON_HAND_UNITS == crate::shelf::MAX_COUNT_UNITS, "a file counts as a person does");

/// What somebody agreed to before a table is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SheetAgreed {
    /// What a form asks, too.
    pub form: Agreed,
    /// What cannot be taken is left out.
    pub without_refused: bool,
}

/// Why a table is not applied. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Somebody has to agree first.
    #[error("something is asked about first")]
    Asks,
    /// It was applied, dropped or is under way already.
    #[error("the table is past that")]
    Past,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<store::StoreError> for ApplyError {
    fn from(error: store::StoreError) -> Self {
        Self::App(error.into())
    }
}

/// Whether everything that a table asks was agreed to.
fn is_agreed(sheet: &HeldSheet, agreed: SheetAgreed) -> bool {
    let counts = sheet.counts;
    (counts.costs == 0 || agreed.form.cost)
        && (counts.adopts == 0 || agreed.form.adopt)
        && (counts.refused == 0 || agreed.without_refused)
}

impl App {
    /// Says yes to a table: from now on it is applied, piece by piece.
    ///
    /// # Errors
    /// Why it is not; then nothing of it was.
    pub async fn apply_sheet(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: SheetId,
        agreed: SheetAgreed,
    ) -> Result<(), ApplyError> {
        let app = self.clone();
        let begun = self
            .organization(organization)
            .write(move |tenant| {
                let Some(sheet) = tenant.sheet(id)? else {
                    return Ok(Err(ApplyError::App(AppError::NotFound("table"))));
                };
                if sheet.state != SheetState::Staged || sheet.expires_at <= app.clock().now() {
                    return Ok(Err(ApplyError::Past));
                }
                if !is_agreed(&sheet, agreed) {
                    return Ok(Err(ApplyError::Asks));
                }
                tenant.move_sheet(id, SheetState::Staged, SheetState::Applying, None)?;
                let deed = Deed::new(Actor::Member(member), "sheet.agreed", id.to_string())
                    .with("creates", sheet.counts.creates)
                    .with("changes", sheet.counts.changes)
                    .with("left_out", sheet.counts.refused);
                app.outcome(tenant, &deed, "ok")?;
                app.ask_for_house(tenant, &Work::Sheet { sheet: id }, "member", app.clock().now())?;
                Ok(Ok(()))
            })
            .await?;
        self.jobs_came.notify_one();
        begun
    }

    /// Says no to a table that waits; false when it does not wait any more.
    pub async fn drop_sheet(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: SheetId,
    ) -> Result<bool, AppError> {
        self.move_on(organization, member, id, [SheetState::Staged, SheetState::Dropped], "sheet.dropped")
            .await
    }

    /// Takes a table that was applied back, piece by piece; false when there is nothing to take back.
    pub async fn undo_sheet(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: SheetId,
    ) -> Result<bool, AppError> {
        let way = [SheetState::Applied, SheetState::Undoing];
        self.move_on(organization, member, id, way, "sheet.undo_begun").await
    }

    /// Keeps that everything that is sold was taken out as a table.
    pub async fn note_export(&self, organization: OrganizationId, member: MemberId) -> Result<(), AppError> {
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                let deed =
                    Deed::new(Actor::Member(member), "sheet.exported", tenant.organization_id().to_string());
                app.outcome(tenant, &deed, "ok")
            })
            .await?;
        Ok(())
    }

    async fn move_on(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: SheetId,
        [from, to]: [SheetState; 2],
        action: &'static str,
    ) -> Result<bool, AppError> {
        let app = self.clone();
        let moved = self
            .organization(organization)
            .write(move |tenant| {
                let now = app.clock().now();
                if tenant.sheet(id)?.is_none_or(|sheet| sheet.expires_at <= now)
                    || !tenant.move_sheet(id, from, to, (to == SheetState::Dropped).then_some(now))?
                {
                    return Ok(false);
                }
                app.outcome(tenant, &Deed::new(Actor::Member(member), action, id.to_string()), "ok")?;
                if to == SheetState::Undoing {
                    app.ask_for_house(tenant, &Work::Sheet { sheet: id }, "member", now)?;
                }
                Ok(true)
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(moved)
    }
}

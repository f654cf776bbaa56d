//! What keeps the lists of SKUs and listings quick (`store::lists`): by and by, behind everything else.

use domain::{Actor, MemberId, OrganizationId};
use store::lists::organizations_to_settle;

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::jobs::Work;

/// Rows that one transaction looks at.
const ROWS_AT_ONCE: u32 = 500;

impl App {
    /// Reminds organizations of what is marked in their lists, or has no words yet.
    pub(crate) async fn remind_of_lists(&self) -> Result<(), AppError> {
        let waiting = self.store().installation().read(organizations_to_settle).await?;
        for organization in &waiting {
            let app = self.clone();
            self.organization(*organization)
                .write(move |tenant| app.remind_house(tenant, &Work::SettleLists, "clock"))
                .await?;
        }
        if !waiting.is_empty() {
            self.jobs_came.notify_one();
        }
        Ok(())
    }

    /// Keeps that listings were taken out as a table.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_listings_exported(
        &self,
        organization: OrganizationId,
        member: MemberId,
    ) -> Result<(), AppError> {
        let deed = Deed::new(Actor::Member(member), "listing.exported", organization.to_string());
        let app = self.clone();
        self.organization(organization).write(move |tenant| app.outcome(tenant, &deed, "ok")).await?;
        Ok(())
    }

    /// Puts down words, then takes off marks; a run that is cut off leaves the rest for the next.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn settle_lists(&self, organization: OrganizationId) -> Result<(), AppError> {
        let shop = self.organization(organization);
        while shop.write(|tenant| tenant.word_lists(ROWS_AT_ONCE)).await? {}
        let mut after = None;
        loop {
            after = shop.write(move |tenant| tenant.settle_skus(after, ROWS_AT_ONCE)).await?;
            if after.is_none() {
                break;
            }
        }
        let mut after = None;
        loop {
            after = shop.write(move |tenant| tenant.settle_listings(after, ROWS_AT_ONCE)).await?;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

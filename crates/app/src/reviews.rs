//! Reviews: every ninety days somebody says of everything that was granted whether it is still
//! needed; what nobody says anything of ends.

use std::time::Duration;

use domain::role::{Access, Permission, Role};
use domain::{Actor, GrantId, OrganizationId, ReviewId, Timestamp};
use store::access::GrantRow;
use store::reviews::{Decision, ItemRow, ReviewRow, overdue, unreviewed_since};
use store::sessions::SignedIn;
use store::{StoreError, StoreResult, Tenant};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::members::{AccessError, is_alone};

/// How often everything that was granted is reviewed.
pub const REVIEW_EVERY: Duration = Duration::from_hours(90 * 24);
/// How long a review is open before what is undecided ends.
pub const REVIEW_TIME: Duration = Duration::from_hours(14 * 24);

/// A review with what is asked in it.
#[derive(Debug)]
pub struct Reviewed {
    /// The review.
    pub review: ReviewRow,
    /// Grants that are still open, and what was decided of each.
    pub open: Vec<(GrantRow, ItemRow)>,
    /// Of how many it asked at its beginning.
    pub asked: usize,
}

impl App {
    /// The review that is open, or the last one.
    pub fn last_review(&self, tenant: &mut Tenant<'_, '_>) -> StoreResult<Option<Reviewed>> {
        let Some(review) = tenant.last_review()? else { return Ok(None) };
        let items = tenant.review_items(review.id)?;
        let grants = tenant.grants(self.clock().now())?;
        let with_item = |grant: GrantRow| {
            items.iter().find(|item| item.grant == grant.id).map(|item| (grant.clone(), *item))
        };
        let open = grants.into_iter().filter_map(with_item).collect();
        Ok(Some(Reviewed { review, open, asked: items.len() }))
    }

    /// Opens a review now; there is at most one at a time.
    pub async fn open_review(&self, who: &SignedIn) -> Result<(), AccessError> {
        match self.begin_review(who.organization, Actor::Member(who.member)).await {
            // Two pressed at the same moment.
            Ok(()) | Err(AppError::Store(StoreError::Duplicate(_))) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn begin_review(&self, organization: OrganizationId, by: Actor) -> Result<(), AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let id = ReviewId::new(now, self.entropy());
        self.organization(organization)
            .write(move |tenant| {
                let asked = tenant.open_review(id, &by, now, now.plus(REVIEW_TIME))?;
                let deed = Deed::new(by, "access_review.opened", id.to_string()).with("grants", asked);
                app.outcome(tenant, &deed, "ok")
            })
            .await?;
        Ok(())
    }

    /// Decides of one grant. Its holder does so only where nobody else administers.
    pub async fn decide(&self, who: &SignedIn, grant: GrantId, keep: bool) -> Result<(), AccessError> {
        let (app, now, who) = (self.clone(), self.clock().now(), who.clone());
        self.organization(who.organization)
            .write(move |tenant| {
                let review = tenant.last_review()?.filter(|review| review.closed_at.is_none());
                let (Some(review), Some(row)) = (review, tenant.open_grant(grant, now)?) else {
                    return Ok(Err(AppError::NotFound("grant under review").into()));
                };
                let by_holder = row.member == who.member;
                if by_holder && !is_alone(tenant, who.member, now)? {
                    return Ok(Err(AccessError::NotOneself));
                }
                let needs = Access::parse(&row.access).map_or(Permission::ManageMembers, Access::granted_by);
                if !keep && !who.granted.may(needs) {
                    return Ok(Err(AccessError::NotAllowed));
                }
                let is_owner = row.access == Role::Owner.as_str();
                if !keep && is_owner && tenant.members_with(Role::Owner, now)? == [row.member] {
                    return Ok(Err(AccessError::LastOwner));
                }
                let decision = if keep { Decision::Keep } else { Decision::End };
                let item = ItemRow { grant, decision: Some(decision), by_holder };
                app.keep_decision(tenant, review.id, &row, item, &Actor::Member(who.member), now)?;
                Ok(Ok(()))
            })
            .await?
    }

    fn keep_decision(
        &self,
        tenant: &mut Tenant<'_, '_>,
        review: ReviewId,
        row: &GrantRow,
        item: ItemRow,
        by: &Actor,
        now: Timestamp,
    ) -> StoreResult<()> {
        if !tenant.decide(review, item, by, now)? {
            return Ok(());
        }
        let decision = item.decision.map_or("", Decision::as_str);
        let mut deed = Deed::new(by.clone(), "access_review.decided", row.member.to_string())
            .with("access", &row.access)
            .with("decision", decision);
        if item.by_holder {
            deed = deed.with("sole_operator", "yes");
        }
        self.outcome(tenant, &deed, "ok")?;
        if item.decision != Some(Decision::Keep) {
            self.end(tenant, row, by, "review")?;
        }
        self.close_if_done(tenant, review, by, now)
    }

    fn close_if_done(
        &self,
        tenant: &mut Tenant<'_, '_>,
        review: ReviewId,
        by: &Actor,
        now: Timestamp,
    ) -> StoreResult<()> {
        if !tenant.close_review(review, now)? {
            return Ok(());
        }
        self.outcome(tenant, &Deed::new(by.clone(), "access_review.closed", review.to_string()), "ok")
    }

    /// Opens the reviews that are due, and ends what nobody decided in time.
    pub(crate) async fn turn_reviews(&self) -> Result<(), AppError> {
        let now = self.clock().now();
        let db = self.store().installation();
        let since = now.minus(REVIEW_EVERY);
        let (due, late) = db.read(move |tx| Ok((unreviewed_since(tx, since)?, overdue(tx, now)?))).await?;
        for organization in due {
            match self.begin_review(organization, Actor::system("access")).await {
                // Another node was faster.
                Ok(()) | Err(AppError::Store(StoreError::Duplicate(_))) => {}
                Err(error) => return Err(error),
            }
        }
        for (organization, review) in late {
            let app = self.clone();
            self.organization(organization)
                .write(move |tenant| app.end_undecided(tenant, review, now))
                .await?;
        }
        Ok(())
    }

    /// The last owner's role stays, undecided and overdue: without an owner nobody could mend it.
    fn end_undecided(
        &self,
        tenant: &mut Tenant<'_, '_>,
        review: ReviewId,
        now: Timestamp,
    ) -> StoreResult<()> {
        let by = Actor::system("access");
        let grants = tenant.grants(now)?;
        for item in tenant.review_items(review)?.into_iter().filter(|item| item.decision.is_none()) {
            let Some(row) = grants.iter().find(|row| row.id == item.grant) else { continue };
            let is_owner = row.access == Role::Owner.as_str();
            if is_owner && tenant.members_with(Role::Owner, now)? == [row.member] {
                continue;
            }
            let item = ItemRow { decision: Some(Decision::Undecided), ..item };
            self.keep_decision(tenant, review, row, item, &by, now)?;
        }
        self.close_if_done(tenant, review, &by, now)
    }
}

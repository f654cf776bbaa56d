//! Saved views: filters of the list of orders that a member gave a name.

use domain::view::{MAX_VIEWS, ViewName};
use domain::{MemberId, Timestamp, ViewId};

use crate::db::StoreResult;
use crate::{Tenant, params};

/// A saved view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Id.
    pub id: ViewId,
    /// What its member calls it.
    pub name: String,
    /// What it narrows to, as an address writes it.
    pub filter: String,
}

impl Tenant<'_, '_> {
    /// A member's views, in the order of their tabs.
    pub fn views(&mut self, member: MemberId) -> StoreResult<Vec<View>> {
        let limit = i64::try_from(MAX_VIEWS).unwrap_or(i64::MAX);
        self.tx.rows(
            "SELECT id, name, filter FROM order_view WHERE organization_id = $1 AND member_id = $2 \
             ORDER BY place, id LIMIT $3",
            params![self.id, member, limit],
            |row| Ok(View { id: row.get(0)?, name: row.get(1)?, filter: row.get(2)? }),
        )
    }

    /// Keeps a new view behind the others. [`crate::StoreError::Duplicate`] when its member
    /// has one of that name.
    pub fn keep_view(
        &mut self,
        id: ViewId,
        member: MemberId,
        name: &ViewName,
        filter: &str,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO order_view (id, organization_id, member_id, name, filter, place, created_at) \
             VALUES ($1, $2, $3, $4, $5, (SELECT COALESCE(MAX(v.place), 0) + 1 FROM order_view v \
               WHERE v.organization_id = $2 AND v.member_id = $3), $6)",
            params![id, self.id, member, name.as_str(), filter, now],
        )
    }

    /// Gives a view another name; false when its member has no such view.
    /// [`crate::StoreError::Duplicate`] when another one has that name.
    pub fn rename_view(&mut self, id: ViewId, member: MemberId, name: &ViewName) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE order_view SET name = $4 WHERE organization_id = $1 AND member_id = $2 AND id = $3",
            params![self.id, member, id, name.as_str()],
        )?;
        Ok(touched == 1)
    }

    /// Forgets a view; false when its member has no such view.
    pub fn drop_view(&mut self, id: ViewId, member: MemberId) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "DELETE FROM order_view WHERE organization_id = $1 AND member_id = $2 AND id = $3",
            params![self.id, member, id],
        )?;
        Ok(touched == 1)
    }

    /// Puts a member's views into this order; one that is not named keeps its place.
    pub fn arrange_views(&mut self, member: MemberId, order: &[ViewId]) -> StoreResult<()> {
        for (place, id) in (1_i64..).zip(order) {
            self.tx.execute(
                "UPDATE order_view SET place = $4 WHERE organization_id = $1 AND member_id = $2 AND id = $3",
                params![self.id, member, *id, place],
            )?;
        }
        Ok(())
    }
}

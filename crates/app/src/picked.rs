//! What people do with several orders at once: each order for itself, and what could not
//! be done says why.

use domain::limit::EXPORT_PER_MEMBER;
use domain::{Actor, ConnectionState, MemberId, OrderId, OrganizationId};
use store::pages::OrderRow;
use store::{StoreResult, Tenant};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::jobs::Work;

/// Orders picked at once at most: a page, and the rows that came to it live.
pub const MAX_PICKED: usize = 100;

/// Why an order is not read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAsked {
    /// There is no such order.
    Unknown,
    /// Its account was disconnected.
    Disconnected,
    /// Its account waits for its owner's consent.
    NeedsOwner,
}

impl NotAsked {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Unknown, Self::Disconnected, Self::NeedsOwner];

    /// The word in translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Disconnected => "disconnected",
            Self::NeedsOwner => "needs_owner",
        }
    }
}

/// What became of the orders that were to be read again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadAgain {
    /// How many are read soon.
    pub asked: usize,
    /// The others: the order, its number where it is known, and why not.
    pub refused: Vec<(OrderId, Option<String>, NotAsked)>,
}

impl App {
    /// Has orders read again at their platforms. At most [`MAX_PICKED`] are looked at; one
    /// named twice counts once.
    pub async fn read_again(
        &self,
        organization: OrganizationId,
        member: MemberId,
        orders: &[OrderId],
    ) -> Result<ReadAgain, AppError> {
        let (app, orders) = (self.clone(), distinct(orders));
        let done = self
            .organization(organization)
            .write(move |tenant| {
                let mut done = ReadAgain::default();
                for id in &orders {
                    let row = tenant.order(*id)?;
                    match app.ask_again(tenant, member, *id, row.as_ref())? {
                        Ok(()) => done.asked += 1,
                        Err(why) => done.refused.push((*id, row.map(|row| row.external_id), why)),
                    }
                }
                Ok(done)
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(done)
    }

    fn ask_again(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        id: OrderId,
        row: Option<&OrderRow>,
    ) -> StoreResult<Result<(), NotAsked>> {
        let Some(row) = row else { return Ok(Err(NotAsked::Unknown)) };
        match tenant.connection(row.connection)?.map(|connection| connection.state) {
            Some(ConnectionState::Active | ConnectionState::DryRun) => {}
            Some(ConnectionState::NeedsReauthorization(_)) => return Ok(Err(NotAsked::NeedsOwner)),
            Some(ConnectionState::Disconnected) | None => return Ok(Err(NotAsked::Disconnected)),
        }
        let (work, now) = (Work::fetch_order(&row.external_id), self.clock().now());
        self.ask(tenant, row.connection, &work, "asked by a person", now)?;
        let deed = Deed::new(Actor::Member(member), "order.read_asked", id.to_string());
        self.outcome(tenant, &deed, "ok")?;
        Ok(Ok(()))
    }

    /// Orders for a file that leaves the house, the newest first; the log says how many.
    /// Those that are not there are left out.
    pub async fn export_orders(
        &self,
        organization: OrganizationId,
        member: MemberId,
        orders: &[OrderId],
    ) -> Result<Vec<OrderRow>, AppError> {
        self.limits().bound(EXPORT_PER_MEMBER, member).await?;
        let (app, orders) = (self.clone(), distinct(orders));
        let rows = self
            .organization(organization)
            .write(move |tenant| {
                let mut rows = tenant.orders(&orders)?;
                rows.sort_by_key(|row| std::cmp::Reverse((row.placed_at, row.id)));
                let deed = Deed::new(Actor::Member(member), "order.exported", member.to_string());
                app.outcome(tenant, &deed.with("orders", rows.len()), "ok")?;
                Ok(rows)
            })
            .await?;
        Ok(rows)
    }
}

/// The first of them, each once.
fn distinct(orders: &[OrderId]) -> Vec<OrderId> {
    let mut seen = std::collections::BTreeSet::new();
    orders.iter().copied().filter(|id| seen.insert(*id)).take(MAX_PICKED).collect()
}

//! Orders that a platform's own warehouse sends: what our shelf set aside for them, before the platform said so, comes
//! back.

use domain::order::LineEffect;
use domain::{ConnectionId, Effect, StockPosition};
use store::orders::{HeldLine, HeldOrder};
use store::{StoreResult, Tenant};

use crate::App;
use crate::jobs::Work;

/// Lines whose units our shelf has set aside, each with how many were sold.
fn set_aside(held: &HeldOrder) -> impl Iterator<Item = (&HeldLine, i64)> {
    let both = held.lines.iter().zip(&held.order.lines);
    both.filter(|(row, line)| row.sku.is_some() && line.position == StockPosition::Reserved)
        .map(|(row, line)| (row, line.units))
}

/// What an order that is sent from elsewhere does to our shelf: nothing but to give back.
pub(crate) fn given_back(held: &HeldOrder) -> Vec<LineEffect> {
    let release = |(row, units): (&HeldLine, i64)| LineEffect {
        line_key: row.key.clone(),
        effect: Effect::Release,
        units,
    };
    set_aside(held).map(release).collect()
}

impl App {
    /// Notes that these lines sold nothing of ours, and has their listings read again.
    pub(crate) fn lies_elsewhere(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        held: &HeldOrder,
    ) -> StoreResult<()> {
        let now = self.clock().now();
        for (row, _) in set_aside(held) {
            tenant.unlink_line(row.id)?;
            let Some(listing) = row.listing else { continue };
            if let Some(listing) = tenant.listing(listing)?.filter(|listing| listing.ours) {
                let work = Work::FetchListing { external_id: listing.external_id };
                self.ask(tenant, connection, &work, "sent by the platform", now)?;
            }
        }
        Ok(())
    }
}

//! A past week of a SKU, from its ledger, to be played again with other rules (`domain::replay`).

use std::collections::BTreeMap;

use domain::replay::{Event, LONGEST, MAX_EVENTS, Past, Seller};
use domain::{ConnectionId, Effect, EntryKind, LineId, ListingId, OrganizationId, SkuId, Timestamp};
use store::listings::Listing;
use store::shield::Moved;
use store::{StoreResult, Tenant};

use crate::App;
use crate::error::AppError;
use crate::split::head_of;

/// What a past was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The past.
    pub past: Past,
    /// The listing of each seller in it; `None` for what an account sold by a listing that is none of the SKU's any more.
    pub sellers: Vec<(Option<ListingId>, ConnectionId)>,
    /// Its end.
    pub to: Timestamp,
    /// Whether more happened than is played.
    pub is_cut: bool,
}

impl App {
    /// The week of a SKU from an instant on, as far as it has passed. `None` of what is not there, and of kits and what
    /// is in them: these are sold by listings of other SKUs, too.
    pub async fn past_week(
        &self,
        organization: OrganizationId,
        id: SkuId,
        from: Timestamp,
    ) -> Result<Option<Replayed>, AppError> {
        let to = from.plus(LONGEST).min(self.clock().now());
        Ok(self.organization(organization).read(move |tenant| past_of(tenant, id, from, to)).await?)
    }
}

fn past_of(
    tenant: &mut Tenant<'_, '_>,
    id: SkuId,
    from: Timestamp,
    to: Timestamp,
) -> StoreResult<Option<Replayed>> {
    let Some(sku) = tenant.sku(id)?.filter(|sku| !sku.is_kit && !sku.is_component) else { return Ok(None) };
    let listings = tenant.listings_of_sku(id)?;
    let limit = u32::try_from(MAX_EVENTS + 1).unwrap_or(u32::MAX);
    let mut moved = tenant.moved_between(id, from, to, limit)?;
    let is_cut = moved.len() > MAX_EVENTS;
    moved.truncate(MAX_EVENTS);
    // The entry before the first of these; an instant is a millisecond.
    let before = tenant.version_at(sku.id, from.minus(std::time::Duration::from_millis(1)))?;
    let tally = tenant.tally_at(id, before)?;
    let mut story = Story::default();
    for listing in listings.iter().filter(|listing| listing.ours && listing.state.takes_stock()) {
        story.seller(Some(head_of(&listings, listing.id)), listing.connection);
    }
    for moved in &moved {
        story.add(moved, &listings, from);
    }
    let mut delays = BTreeMap::new();
    for connection in tenant.connections()? {
        let seller = Seller { news: connection.news_delay.mean(), write: connection.write_delay.mean() };
        delays.insert(connection.id, seller);
    }
    let of = |(_, connection): &(Option<ListingId>, ConnectionId)| {
        delays.get(connection).copied().unwrap_or_default()
    };
    let past = Past {
        units: tally.on_hand_units - tally.reserved_units,
        sellers: story.sellers.iter().map(of).collect(),
        events: story.in_order(),
    };
    Ok(Some(Replayed { past, sellers: story.sellers, to, is_cut }))
}

/// What the entries of a ledger tell.
#[derive(Debug, Default)]
struct Story {
    sellers: Vec<(Option<ListingId>, ConnectionId)>,
    /// Wishes, by the line that sold them.
    wishes: BTreeMap<LineId, usize>,
    /// The instant of each event; a wish that is called off is named by its place among the wishes as they are told here.
    events: Vec<(Timestamp, Event)>,
}

impl Story {
    fn seller(&mut self, listing: Option<ListingId>, connection: ConnectionId) -> usize {
        let seller = (listing, connection);
        self.sellers.iter().position(|known| *known == seller).unwrap_or_else(|| {
            self.sellers.push(seller);
            self.sellers.len() - 1
        })
    }

    fn add(&mut self, moved: &Moved, listings: &[Listing], from: Timestamp) {
        match (moved.kind, moved.sale) {
            (EntryKind::Line(Effect::Reserve), Some(sale)) => {
                let own = sale.listing.filter(|id| listings.iter().any(|listing| listing.id == *id));
                let seller = self.seller(own.map(|id| head_of(listings, id)), sale.connection);
                self.wishes.insert(sale.line, self.wishes.len());
                // A platform's clock that is ahead sold nothing before we knew of it.
                let at = sale.placed_at.min(moved.at).max(from);
                self.events.push((at, Event::Wish { seller, units: moved.delta.reserved_units }));
            }
            (EntryKind::Line(Effect::Release), Some(sale)) => {
                let back = Event::Counted { units: -moved.delta.reserved_units };
                let wish = self.wishes.get(&sale.line);
                self.events.push((moved.at, wish.map_or(back, |wish| Event::CalledOff { wish: *wish })));
            }
            // What leaves the shelf was set aside before.
            (EntryKind::Line(_), _) => {}
            (EntryKind::Opening | EntryKind::Adjustment | EntryKind::Return | EntryKind::WriteOff, _) => {
                self.events.push((moved.at, Event::Counted { units: moved.delta.on_hand_units }));
            }
        }
    }

    /// The events in the order of time, with each wish named by its place in that order.
    fn in_order(&mut self) -> Vec<(Timestamp, Event)> {
        let mut places: Vec<usize> = (0..self.events.len()).collect();
        places.sort_by_key(|place| (self.events[*place].0, *place));
        let is_wish = |place: &&usize| matches!(self.events[**place].1, Event::Wish { .. });
        let told: Vec<usize> = (0..self.events.len()).filter(|place| is_wish(&place)).collect();
        let sorted: Vec<usize> = places.iter().filter(is_wish).copied().collect();
        let named: BTreeMap<usize, usize> =
            sorted.iter().enumerate().map(|(name, place)| (*place, name)).collect();
        let name = |wish: usize| told.get(wish).and_then(|place| named.get(place)).copied();
        let event = |place: usize| {
            let (at, event) = self.events[place];
            match event {
                Event::CalledOff { wish } => {
                    (at, Event::CalledOff { wish: name(wish).unwrap_or(usize::MAX) })
                }
                Event::Wish { .. } | Event::Counted { .. } => (at, event),
            }
        };
        places.into_iter().map(event).collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::Delta;
    use domain::TypedId;
    use store::shield::Sale;

    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_767_623_400_000);

    fn at(seconds: u64) -> Timestamp {
        NOON.plus(std::time::Duration::from_secs(seconds))
    }

    fn sale(line: u8, effect: Effect, placed: u64, known: u64) -> Moved {
        let sale = Sale {
            line: LineId::from_bytes([line; 16]),
            listing: None,
            connection: ConnectionId::from_bytes([1; 16]),
            placed_at: at(placed),
        };
        Moved { at: at(known), kind: EntryKind::Line(effect), delta: effect.delta(2), sale: Some(sale) }
    }

    #[test]
    fn a_late_sale_is_told_when_it_was_placed_and_what_was_called_off_is_still_the_same_one() {
        let counted = Moved {
            at: at(20),
            kind: EntryKind::Adjustment,
            delta: Delta { on_hand_units: 5, reserved_units: 0 },
            sale: None,
        };
        let mut story = Story::default();
        for moved in [
            sale(1, Effect::Reserve, 10, 11),
            counted,
            sale(2, Effect::Reserve, 5, 30),
            sale(1, Effect::Take, 10, 35),
            sale(2, Effect::Release, 5, 40),
            sale(9, Effect::Release, 0, 50),
        ] {
            story.add(&moved, &[], at(7));
        }
        let wish = Event::Wish { seller: 0, units: 2 };
        let told = [
            (at(7), wish),
            (at(10), wish),
            (at(20), Event::Counted { units: 5 }),
            (at(40), Event::CalledOff { wish: 0 }),
            (at(50), Event::Counted { units: 2 }),
        ];
        assert_eq!(story.in_order(), told);
    }
}

//! Way 1, the middle: an order is read from its platform and taken in, and everything
//! that follows from it — ledger entries, listings to be told, audit, timeline — is
//! decided and kept in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::order::{FirstSight, LineEffect};
use domain::profit::left_late;
use domain::{
    Actor, Applied, ConnectionId, Delta, Effect, EntryKind, LedgerEntryId, LineId, ListingId, OrderId,
    OrderSnapshot, OrderState, OrganizationId, OutboxId, SkuId, Tally, Timestamp, id::uuid_v7,
};
use store::orders::{HeldLine, HeldOrder, NewLine, TimelineEvent};
use store::stock::NewEntry;
use store::{StoreResult, Tenant};

use crate::audit::Deed;
use crate::elsewhere::given_back;
use crate::error::AppError;
use crate::jobs::Work;
use crate::kits::parts_of;
use crate::split::head_of;
use crate::{App, Change, steps};

/// A sale this close to our last write of the listing's quantity, or to our last finding
/// that it was right, may not be in it: the platform's clock is not ours, and calls take
/// time.
pub(crate) const WRITE_RACE_MARGIN: Duration = Duration::from_mins(2);

/// What became of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A new order.
    New(OrderId),
    /// An order that moved on.
    Changed(OrderId),
    /// Nothing new.
    Unchanged,
    /// Two readings crossed: read it again.
    ReadAgain,
}

/// One row that an effect falls on.
struct Row {
    line: LineId,
    key: String,
    sku: Option<SkuId>,
    /// The listing it was sold by.
    listing: Option<ListingId>,
    /// Units that were sold.
    units: i64,
}

/// An effect of a line on one SKU of the shelf.
struct Move<'a> {
    row: &'a Row,
    effect: Effect,
    /// Units of that SKU.
    units: i64,
    /// Whether the line sold something else, a kit, that this is a component of.
    is_part: bool,
}

/// What an order did to stock, for whoever has to be told.
struct News {
    order: OrderId,
    placed_at: Timestamp,
    /// What each line sold just now, which the platform of its listing has taken off that listing by itself.
    counted: BTreeMap<LineId, (ListingId, i64)>,
    /// What moved, with its sums before and after.
    moved: Vec<(SkuId, Tally, Tally)>,
    /// What kits of it could offer before.
    kits: BTreeMap<SkuId, Tally>,
}

impl News {
    /// Listings that fell by themselves by as much as what they sell.
    fn counted_right(&self, fell: Option<i64>) -> Vec<ListingId> {
        let mut sold: BTreeMap<ListingId, i64> = BTreeMap::new();
        for (listing, units) in self.counted.values() {
            *sold.entry(*listing).or_default() += units;
        }
        sold.into_iter().filter(|(_, units)| Some(*units) == fell).map(|(listing, _)| listing).collect()
    }
}

impl App {
    /// Reads an order and takes it in. One that is shown as it was before `changed_at`, when
    /// its platform's list says that it changed, has to be read again: not every answer of a
    /// platform is its newest.
    pub(crate) async fn fetch_order(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        external_id: &str,
        changed_at: Option<Timestamp>,
        cause: &str,
    ) -> Result<(), AppError> {
        let caller = self.caller(organization, connection).await?;
        let read = caller.channel.orders().fetch(&caller.account, external_id).await;
        let snapshot = caller.heard(read).await?;
        self.step(steps::ORDER_FETCHED)?;
        let is_old = changed_at.is_some_and(|changed_at| snapshot.version.order_at < changed_at);
        match self.take_order(organization, connection, snapshot, FirstSight::Live, cause).await? {
            Taken::ReadAgain => Err(AppError::NotYet("the order changed while it was read")),
            Taken::New(_) | Taken::Changed(_) | Taken::Unchanged if is_old => {
                Err(AppError::NotYet("the order is shown as it was before its list says that it changed"))
            }
            Taken::New(_) | Taken::Changed(_) | Taken::Unchanged => Ok(()),
        }
    }

    /// Reads which orders a shipment carries and asks for each.
    pub(crate) async fn fetch_shipment(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        external_id: &str,
        cause: &str,
    ) -> Result<(), AppError> {
        let caller = self.caller(organization, connection).await?;
        let read = caller.channel.orders().of_shipment(&caller.account, external_id).await;
        let orders = caller.heard(read).await?;
        let (app, cause, now) = (self.clone(), cause.to_owned(), self.clock().now());
        self.organization(organization)
            .write(move |tenant| {
                for external_id in &orders {
                    let work = Work::fetch_order(external_id);
                    app.ask(tenant, connection, &work, &cause, now)?;
                }
                Ok(())
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }

    /// Takes a snapshot in: one transaction.
    pub(crate) async fn take_order(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        snapshot: OrderSnapshot,
        sight: FirstSight,
        cause: &str,
    ) -> Result<Taken, AppError> {
        let (app, cause, placed_at) = (self.clone(), cause.to_owned(), snapshot.placed_at);
        let taken = self
            .organization(organization)
            .write(move |tenant| app.take_in(tenant, connection, &snapshot, sight, &cause))
            .await?;
        match taken {
            Taken::New(id) => {
                if sight == FirstSight::Live {
                    self.measure_news(organization, connection, placed_at);
                }
                self.announce(organization, Change::Order { id, new: true });
            }
            Taken::Changed(id) => self.announce(organization, Change::Order { id, new: false }),
            Taken::Unchanged | Taken::ReadAgain => {}
        }
        self.jobs_came.notify_one();
        self.step(steps::ORDER_KEPT)?;
        Ok(taken)
    }

    /// The decision and its consequences, inside the transaction.
    pub(crate) fn take_in(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        snapshot: &OrderSnapshot,
        sight: FirstSight,
        cause: &str,
    ) -> StoreResult<Taken> {
        let now = self.clock().now();
        let Some(held) = tenant.held_order(connection, &snapshot.external_id)? else {
            return self.take_new(tenant, connection, snapshot, sight, cause);
        };
        match held.order.clone().apply(snapshot) {
            Applied::Nothing => {
                tenant.note_order_read(held.id, now)?;
                Ok(Taken::Unchanged)
            }
            Applied::ReadAgain => Ok(Taken::ReadAgain),
            Applied::Changed { order, effects } => {
                tenant.update_order(&held, snapshot, &order, now)?;
                self.ask_for_cases_of(tenant, connection, &snapshot.external_id)?;
                if order.state != held.order.state {
                    self.note_state(tenant, held.id, order.state, now)?;
                    if matches!(order.state, OrderState::Cancelled(_)) {
                        // Of what had left already: a buyer who was not there, or did not want it.
                        tenant.expect_return(connection, &snapshot.external_id, now, now)?;
                    }
                }
                let states = (held.order.state, order.state);
                self.ask_for_money_on_arrival(tenant, connection, &snapshot.external_id, states)?;
                let rows = rows_of(&held);
                let elsewhere = snapshot.is_sent_by_platform();
                let effects = if elsewhere { given_back(&held) } else { effects };
                self.follow(tenant, connection, held.id, snapshot, &rows, &effects, sight)?;
                if elsewhere {
                    self.lies_elsewhere(tenant, connection, &held)?;
                }
                tenant.reckon_profit(held.id, handover(&held, &order, snapshot))?;
                let (state, _) = order.state.as_words();
                let deed = Deed::new(Actor::system("ingest"), "order.changed", held.id.to_string());
                self.outcome(tenant, &deed.with("state", state).with("cause", cause), "ok")?;
                Ok(Taken::Changed(held.id))
            }
        }
    }

    fn take_new(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        snapshot: &OrderSnapshot,
        sight: FirstSight,
        cause: &str,
    ) -> StoreResult<Taken> {
        let now = self.clock().now();
        let id = OrderId::new(now, self.entropy());
        let (order, effects) = domain::Order::first_seen(snapshot, sight);
        // Its units came and went unseen. A write of ours in between may have erased the sale,
        // and then the platform gave back what it never had taken.
        let unseen = sight == FirstSight::Live && matches!(snapshot.state, OrderState::Cancelled(_));
        let elsewhere = snapshot.is_sent_by_platform();
        let mut lines = Vec::with_capacity(snapshot.lines.len());
        let mut rows = Vec::with_capacity(snapshot.lines.len());
        for line in &snapshot.lines {
            let variation = line.variation_external_id.as_deref().unwrap_or_default();
            let listing = tenant.listing_of(connection, &line.listing_external_id, variation)?;
            let new = NewLine {
                id: LineId::new(now, self.entropy()),
                listing: listing.as_ref().map(|listing| listing.id),
                sku: listing
                    .as_ref()
                    .filter(|listing| listing.ours && !elsewhere)
                    .and_then(|listing| listing.sku),
            };
            // Our own shelf has sold nothing, whatever the listing said when it was last read.
            let is_stale = elsewhere && listing.as_ref().is_some_and(|listing| listing.ours);
            if listing.is_none() || unseen || is_stale {
                let cause = match (unseen, is_stale) {
                    (true, _) => "called off unseen",
                    (false, true) => "sent by the platform",
                    (false, false) => "order of an unknown listing",
                };
                let work = Work::FetchListing { external_id: line.listing_external_id.clone() };
                self.ask(tenant, connection, &work, cause, now)?;
            }
            if unseen && let Some((sku, seller)) = new.sku.zip(new.listing) {
                self.in_split(tenant, sku, |split, _, listings| {
                    split.called_off_unseen(head_of(listings, seller), line.units);
                })?;
            }
            rows.push(Row {
                line: new.id,
                key: line.key.clone(),
                sku: new.sku,
                listing: new.listing,
                units: line.units,
            });
            lines.push(new);
        }
        tenant.insert_order(id, connection, snapshot, &order, &lines, now)?;
        self.begin_reckoning(tenant, id, connection, snapshot)?;
        self.tell(tenant, id, "placed", &snapshot.external_id, snapshot.placed_at)?;
        self.tell(tenant, id, "arrived", cause, now)?;
        self.note_state(tenant, id, order.state, now)?;
        self.follow(tenant, connection, id, snapshot, &rows, &effects, sight)?;
        let (state, _) = order.state.as_words();
        let deed = Deed::new(Actor::system("ingest"), "order.taken_in", id.to_string());
        self.outcome(tenant, &deed.with("state", state).with("cause", cause), "ok")?;
        Ok(Taken::New(id))
    }

    /// Stock effects, and the listings that have to be told.
    #[expect(clippy::too_many_arguments, reason = "one step of one way, all of it from the caller's hands")]
    fn follow(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        order: OrderId,
        snapshot: &OrderSnapshot,
        rows: &[Row],
        effects: &[LineEffect],
        sight: FirstSight,
    ) -> StoreResult<()> {
        let moves = moves_of(tenant, rows, effects)?;
        let touched: Vec<SkuId> = moves.keys().copied().collect();
        // Kits before what they are made of, and all of it by SKU, so that two orders that share any take their locks
        // in one order.
        let kits = tenant.hold_kits_of(&touched)?;
        let mut news = News {
            order,
            placed_at: snapshot.placed_at,
            counted: BTreeMap::new(),
            moved: Vec::new(),
            kits: kits.into_iter().map(|kit| (kit.id, kit.tally)).collect(),
        };
        for (sku, moves) in moves {
            let mut sums: Option<(Tally, Tally)> = None;
            for Move { row, effect, units, is_part } in moves {
                let is_sale = effect == Effect::Reserve;
                // What a platform shows of a kit says nothing of the count of its components.
                if sight == FirstSight::Import && is_sale && !is_part {
                    self.count_open_units(tenant, connection, sku, units)?;
                }
                let Some(tally) = self.append_effect(tenant, sku, row.line, effect, units)? else { continue };
                let before = before(tally, effect.delta(units));
                sums = Some((sums.map_or(before, |(first, _)| first), tally));
                if let Some(seller) = row.listing.filter(|_| !is_part) {
                    self.tell_quota(tenant, sku, seller, effect, units)?;
                }
                if let (true, FirstSight::Live, Some(seller)) = (is_sale, sight, row.listing) {
                    news.counted.insert(row.line, (seller, row.units));
                }
                let word = EntryKind::Line(effect).as_str();
                self.tell(tenant, order, "stock", &format!("{word} {units} {sku}"), self.clock().now())?;
            }
            news.moved.extend(sums.map(|(before, after)| (sku, before, after)));
        }
        self.spread(tenant, &news, sight)
    }

    /// Says what was sold beyond what there is, and tells the listings that show another number now.
    fn spread(&self, tenant: &mut Tenant<'_, '_>, news: &News, sight: FirstSight) -> StoreResult<()> {
        let now = self.clock().now();
        for (seller, units) in news.counted.values() {
            tenant.note_sold(*seller, *units, news.placed_at)?;
        }
        let (mut skus, mut is_any_short) = (Vec::new(), BTreeSet::new());
        for (sku, before, after) in &news.moved {
            skus.push(*sku);
            if after.oversold_units() > 0 {
                self.tell(tenant, news.order, "oversold", &after.oversold_units().to_string(), now)?;
                self.tallies.add("oversold", "order");
            }
            if before.oversold_units() > 0 || after.oversold_units() > 0 {
                is_any_short.insert(*sku);
            }
        }
        if sight != FirstSight::Live {
            return Ok(());
        }
        let (has_sold, mut is_burst) = (!news.counted.is_empty(), false);
        for (sku, before, after) in &news.moved {
            self.spread_one(tenant, news, *sku, Some(*before), *after, is_any_short.contains(sku))?;
            is_burst |= has_sold && self.raise_shield(tenant, *sku)?;
        }
        for kit in tenant.kits_of(&skus)? {
            let Some(after) = tenant.sku(kit)?.map(|kit| kit.tally) else { continue };
            let recipe = tenant.recipe(kit)?;
            let is_short = recipe.iter().any(|part| is_any_short.contains(&part.sku));
            self.spread_one(tenant, news, kit, news.kits.get(&kit).copied(), after, is_short)?;
            if is_burst {
                self.raise_shield_of_kit(tenant, kit)?;
            }
        }
        Ok(())
    }

    /// Tells the listings of one SKU, or kit, what became of it.
    fn spread_one(
        &self,
        tenant: &mut Tenant<'_, '_>,
        news: &News,
        sku: SkuId,
        before: Option<Tally>,
        after: Tally,
        is_short: bool,
    ) -> StoreResult<()> {
        let fell = before.map(|before| before.available_units() - after.available_units());
        if fell == Some(0) && !is_short {
            return Ok(());
        }
        // Of what is not there, no platform counts right by itself: it shows a unit less, or one that came back,
        // where there is none either way. Otherwise a platform is right that counted all of what is gone.
        let counted = if is_short { Vec::new() } else { news.counted_right(fell) };
        let sale = Some((news.order, news.placed_at));
        self.tell_listings(tenant, sku, after.version, sale, &counted)
    }

    /// A sale or a call-off of a split SKU falls on the quota of the listing that sold.
    fn tell_quota(
        &self,
        tenant: &mut Tenant<'_, '_>,
        sku: SkuId,
        seller: ListingId,
        effect: Effect,
        units: i64,
    ) -> StoreResult<()> {
        self.in_split(tenant, sku, |split, _, listings| {
            let head = head_of(listings, seller);
            match effect {
                Effect::Reserve => split.sold(head, units),
                Effect::Release => split.released(head, units),
                Effect::Take => {}
            }
        })?;
        Ok(())
    }

    fn append_effect(
        &self,
        tenant: &mut Tenant<'_, '_>,
        sku: SkuId,
        line: LineId,
        effect: Effect,
        units: i64,
    ) -> StoreResult<Option<Tally>> {
        let now = self.clock().now();
        let entry = NewEntry {
            id: LedgerEntryId::new(now, self.entropy()),
            sku,
            kind: EntryKind::Line(effect),
            delta: effect.delta(units),
            line: Some(line),
            reason: String::new(),
            actor: Actor::system("ingest"),
        };
        tenant.append(&entry, now)
    }

    /// An order that was open when the account was imported: its units lie on the shelf
    /// still, but the platform's quantity, which was the first count, no longer has them.
    fn count_open_units(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        sku: SkuId,
        units: i64,
    ) -> StoreResult<()> {
        let Some(run) = tenant.import_run(connection)? else { return Ok(()) };
        if tenant.sku_counted_at(sku)?.is_none_or(|counted| counted < run.started_at) {
            // Counted before this import, by another account's: nothing to add.
            return Ok(());
        }
        let now = self.clock().now();
        let entry = NewEntry {
            id: LedgerEntryId::new(now, self.entropy()),
            sku,
            kind: EntryKind::Opening,
            delta: Delta { on_hand_units: units, reserved_units: 0 },
            line: None,
            reason: "open_order_at_import".into(),
            actor: Actor::system("import"),
        };
        tenant.append(&entry, now).map(|_| ())
    }

    /// Asks that every listing of a SKU be told a ledger version. The listing that sold
    /// is left out: its platform has counted the sale itself — unless our own last write
    /// was so near the sale that it may have erased it, or this very sale, not seen yet, had
    /// made the number look right when it was not.
    pub(crate) fn tell_listings(
        &self,
        tenant: &mut Tenant<'_, '_>,
        sku: SkuId,
        version: i64,
        sale: Option<(OrderId, Timestamp)>,
        sellers: &[ListingId],
    ) -> StoreResult<()> {
        if self.tell_split(tenant, sku)? {
            return Ok(());
        }
        let now = self.clock().now();
        for listing in tenant.listings_of_sku(sku)? {
            let sold_here = sellers.contains(&listing.id);
            let settled_at = listing.sent_at.max(listing.confirmed_at);
            let raced = sale.is_some_and(|(_, placed_at)| {
                settled_at.is_some_and(|settled| settled.plus(WRITE_RACE_MARGIN) >= placed_at)
            });
            if !listing.ours || (sold_here && !raced) {
                continue;
            }
            let id = OutboxId::new(now, self.entropy());
            if tenant.put_out(id, listing.id, version, sale.map(|(order, _)| order), now)? {
                let work = Work::PushStock { listing: listing.id };
                self.ask(tenant, listing.connection, &work, "stock changed", now)?;
            }
        }
        Ok(())
    }

    fn note_state(
        &self,
        tenant: &mut Tenant<'_, '_>,
        order: OrderId,
        state: OrderState,
        now: Timestamp,
    ) -> StoreResult<()> {
        let (word, detail) = state.as_words();
        let text = if detail.is_empty() { word.to_owned() } else { format!("{word} {detail}") };
        self.tell(tenant, order, "state", &text, now)
    }

    pub(crate) fn tell(
        &self,
        tenant: &mut Tenant<'_, '_>,
        order: OrderId,
        kind: &str,
        detail: &str,
        at: Timestamp,
    ) -> StoreResult<()> {
        let id = uuid_v7(self.clock().now(), self.entropy());
        tenant.tell(order, id, &TimelineEvent { kind: kind.to_owned(), detail: detail.to_owned(), at })
    }
}

/// The sums before a change.
const fn before(tally: Tally, delta: Delta) -> Tally {
    Tally {
        on_hand_units: tally.on_hand_units - delta.on_hand_units,
        reserved_units: tally.reserved_units - delta.reserved_units,
        safety_units: tally.safety_units,
        version: tally.version - 1,
    }
}

/// Whether the parcel was just seen to leave, and after its deadline.
fn handover(held: &HeldOrder, order: &domain::Order, snapshot: &OrderSnapshot) -> Option<bool> {
    let ship_by = snapshot.shipment.as_ref().and_then(|shipment| shipment.ship_by);
    left_late(held.order.state, order.state, order.version.shipment_at, ship_by)
}

fn rows_of(held: &HeldOrder) -> Vec<Row> {
    let units_of =
        |key: &str| held.order.lines.iter().find(|line| line.key == key).map_or(0, |line| line.units);
    let row = |line: &HeldLine| Row {
        line: line.id,
        key: line.key.clone(),
        sku: line.sku,
        listing: line.listing,
        units: units_of(&line.key),
    };
    held.lines.iter().map(row).collect()
}

/// What effects on lines do to the SKUs of the shelf. A sale takes a kit apart by its recipe of now; whatever follows,
/// what that booked.
fn moves_of<'a>(
    tenant: &mut Tenant<'_, '_>,
    rows: &'a [Row],
    effects: &[LineEffect],
) -> StoreResult<BTreeMap<SkuId, Vec<Move<'a>>>> {
    let mut moves: BTreeMap<SkuId, Vec<Move<'a>>> = BTreeMap::new();
    let mut just_booked: BTreeMap<LineId, Vec<(SkuId, i64)>> = BTreeMap::new();
    for effect in effects {
        let Some(row) = rows.iter().find(|row| row.key == effect.line_key) else { continue };
        let Some(sold) = row.sku else { continue };
        let booked = match just_booked.get(&row.line) {
            Some(booked) => booked.clone(),
            None => tenant.booked(row.line)?,
        };
        let parts = if effect.effect == Effect::Reserve {
            if !booked.is_empty() {
                // Done before, by whatever recipe.
                continue;
            }
            let parts = parts_of(tenant, sold, effect.units)?;
            just_booked.insert(row.line, parts.clone());
            parts
        } else {
            booked
        };
        for (sku, units) in parts {
            let part = Move { row, effect: effect.effect, units, is_part: sku != sold };
            moves.entry(sku).or_default().push(part);
        }
    }
    Ok(moves)
}

//! Puts a table that somebody agreed to into the shop: some products at a time, each piece in a transaction of
//! its own that also says which products it did. What changed since the table was read is left out and named.

use domain::catalogue::{Agreed, Product};
use domain::{Actor, Delta, EntryKind, LedgerEntryId, MemberId, OrganizationId, SheetId, SkuId};
use store::sheets::{HeldSheet, ItemKind, ItemState, SheetItem, SheetState};
use store::stock::NewEntry;
use store::{StoreError, StoreResult, Tenant};

use super::wish::{Counted, Stood, Wish, form_of, product_of};
use crate::App;
use crate::audit::Deed;
use crate::catalogue::{self, ProductError};
use crate::error::AppError;
use crate::jobs::Work;

/// Products of one piece: others wait for the catalogue no longer than it takes.
pub(super) const PIECE_ITEMS: u32 = 50;
/// What is done at all.
pub(super) const DONE_KINDS: [ItemKind; 2] = [ItemKind::Create, ItemKind::Change];

/// Why a product was left out, as a word (`sheet-why-<word>`).
pub(super) type Why = &'static str;

impl App {
    /// Does the next piece of a table. False: no platform was called.
    pub(crate) async fn work_on_sheet(
        &self,
        organization: OrganizationId,
        id: SheetId,
    ) -> Result<bool, AppError> {
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                // Whoever saves a product just now has looked it up already.
                tenant.hold_catalogue()?;
                let Some(sheet) = tenant.sheet(id)? else { return Ok(()) };
                match sheet.state {
                    SheetState::Applying => app.apply_piece(tenant, &sheet),
                    SheetState::Undoing => app.undo_piece(tenant, &sheet),
                    SheetState::Reading
                    | SheetState::Staged
                    | SheetState::Applied
                    | SheetState::Undone
                    | SheetState::Dropped => Ok(()),
                }
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(false)
    }

    fn apply_piece(&self, tenant: &mut Tenant<'_, '_>, sheet: &HeldSheet) -> StoreResult<()> {
        let items = tenant.sheet_items(sheet.id, ItemState::Waiting, &DONE_KINDS, 0, PIECE_ITEMS)?;
        if items.is_empty() {
            return self.end_sheet(
                tenant,
                sheet,
                [SheetState::Applying, SheetState::Applied],
                "sheet.applied",
            );
        }
        for item in items {
            let (state, why, stood) = match self.apply_item(tenant, sheet, &item)? {
                Ok(stood) => (ItemState::Done, "", serde_json::to_string(&stood).unwrap_or_default()),
                Err(why) => (ItemState::Left, why, String::new()),
            };
            tenant.end_sheet_item(sheet.id, item.place, state, why, &stood)?;
        }
        self.ask_for_house(tenant, &Work::Sheet { sheet: sheet.id }, "sheet", self.clock().now())
    }

    /// Says that nothing is left to do.
    pub(super) fn end_sheet(
        &self,
        tenant: &mut Tenant<'_, '_>,
        sheet: &HeldSheet,
        [from, to]: [SheetState; 2],
        action: &'static str,
    ) -> StoreResult<()> {
        tenant.move_sheet(sheet.id, from, to, Some(self.clock().now()))?;
        let mut deed = Deed::new(Actor::Member(sheet.member), action, sheet.id.to_string());
        for state in [ItemState::Done, ItemState::Left, ItemState::Undone, ItemState::Stays] {
            deed = deed.with(state.as_str(), tenant.sheet_item_count(sheet.id, state)?);
        }
        self.outcome(tenant, &deed, "ok")
    }

    fn apply_item(
        &self,
        tenant: &mut Tenant<'_, '_>,
        sheet: &HeldSheet,
        item: &SheetItem,
    ) -> StoreResult<Result<Stood, Why>> {
        let Ok(wish) = serde_json::from_str::<Wish>(&item.wish) else { return Ok(Err("broken")) };
        let Some(product) = product_of(&wish.typed) else { return Ok(Err("broken")) };
        if let Some(why) = stock_in_the_way(tenant, &wish.counts)? {
            return Ok(Err(why));
        }
        let mut stood = Stood { was_archived: wish.restores, ..Stood::default() };
        if wish.touches {
            let adopt = item.asks.split(' ').any(|word| word == "adopt");
            let kept = match wish.alone {
                Some(sku) => self.apply_alone(tenant, sheet.member, sku, &product, &mut stood)?,
                None => self.apply_product(tenant, sheet.member, (wish.of, product, adopt), &mut stood)?,
            };
            if let Err(why) = kept {
                return Ok(Err(why));
            }
        }
        for counted in wish.counts.iter().filter(|counted| counted.differs()) {
            // It was there a moment ago, or was made with its product: otherwise nothing of this piece is kept.
            let sku = tenant.sku_by_code(&counted.of.code)?;
            let sku = sku.ok_or(StoreError::RowCount { expected: 1, touched: 0 })?;
            self.put(tenant, sheet, sku.id, counted.delta_units())?;
            stood.counted.push((sku.id, counted.delta_units()));
        }
        Ok(Ok(stood))
    }

    fn apply_product(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        (of, product, adopt): (Option<(domain::ProductId, i64)>, Product, bool),
        stood: &mut Stood,
    ) -> StoreResult<Result<(), Why>> {
        let agreed = Agreed { cost: true, adopt, drop: true };
        let prepared = match catalogue::prepare(tenant, catalogue::Wish { of, product, agreed })? {
            Ok(prepared) => prepared,
            Err(refused) => return Ok(Err(why_not(&refused))),
        };
        let before = match of {
            Some((id, _)) => tenant.product(id)?,
            None => None,
        };
        stood.typed = before.map(|held| domain::catalogue::Typed::of(&held.product, ','));
        let id = self.keep_product(tenant, member, prepared)?;
        let (actor, now) = (Actor::Member(member), self.clock().now());
        if stood.was_archived && tenant.archive_product(id, None, &actor, now)? {
            self.outcome(tenant, &Deed::new(actor, "product.restored", id.to_string()), "ok")?;
        }
        stood.product = tenant.product(id)?.map(|held| (id, held.version));
        Ok(Ok(()))
    }

    fn apply_alone(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        sku: SkuId,
        product: &Product,
        stood: &mut Stood,
    ) -> StoreResult<Result<(), Why>> {
        let Some(variant) = product.variants.first() else { return Ok(Err("broken")) };
        if tenant.product_of(sku)?.is_some() {
            return Ok(Err("changed"));
        }
        let known = tenant.facts_of(sku)?;
        self.keep_facts(tenant, sku, Some(&known), &variant.facts, &Actor::Member(member))?;
        stood.alone = Some((sku, form_of(&known), form_of(&variant.facts)));
        Ok(Ok(()))
    }

    /// Puts units on a shelf, or takes some off it, and tells the SKU's listings.
    pub(super) fn put(
        &self,
        tenant: &mut Tenant<'_, '_>,
        sheet: &HeldSheet,
        sku: SkuId,
        units: i64,
    ) -> StoreResult<()> {
        let now = self.clock().now();
        let actor = Actor::Member(sheet.member);
        let entry = NewEntry {
            id: LedgerEntryId::new(now, self.entropy()),
            sku,
            kind: EntryKind::Adjustment,
            delta: Delta { on_hand_units: units, reserved_units: 0 },
            line: None,
            reason: sheet.name.clone(),
            actor: actor.clone(),
        };
        let Some(tally) = tenant.append(&entry, now)? else { return Ok(()) };
        let deed = Deed::new(actor, "sku.adjusted", sku.to_string())
            .with("from", tally.on_hand_units - units)
            .with("to", tally.on_hand_units)
            .with("safety", tally.safety_units);
        self.outcome(tenant, &deed, "ok")?;
        self.tell_around(tenant, &[sku])
    }
}

/// Why a product is not kept as the table has it.
pub(super) fn why_not(refused: &ProductError) -> Why {
    match refused {
        ProductError::Stale(_) | ProductError::Asks(_) => "changed",
        ProductError::Taken(_) => "taken",
        ProductError::App(_) => "gone",
    }
}

/// Why a count cannot be taken any more.
fn stock_in_the_way(tenant: &mut Tenant<'_, '_>, counts: &[Counted]) -> StoreResult<Option<Why>> {
    for counted in counts.iter().filter(|counted| counted.differs()) {
        let Some(sku) = tenant.sku_by_code(&counted.of.code)? else { continue };
        if sku.is_kit {
            return Ok(Some("kit"));
        }
        let counted_since = !counted.had_count && sku.tally.version > 0;
        if counted_since || sku.tally.on_hand_units + counted.delta_units() < 0 {
            return Ok(Some("stock"));
        }
    }
    Ok(None)
}

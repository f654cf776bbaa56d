//! Takes a table that was applied back: each product as it stood before, unless somebody changed it since.

use domain::catalogue::{Agreed, Typed};
use domain::{Actor, ProductId, SkuId};
use store::sheets::{HeldSheet, ItemState, SheetItem, SheetState};
use store::{StoreResult, Tenant};

use super::apply::{DONE_KINDS, PIECE_ITEMS, Why, why_not};
use super::wish::{Stood, facts_of, product_of};
use crate::App;
use crate::audit::Deed;
use crate::catalogue;
use crate::jobs::Work;

impl App {
    pub(super) fn undo_piece(&self, tenant: &mut Tenant<'_, '_>, sheet: &HeldSheet) -> StoreResult<()> {
        let items = tenant.sheet_items(sheet.id, ItemState::Done, &DONE_KINDS, 0, PIECE_ITEMS)?;
        if items.is_empty() {
            return self.end_sheet(tenant, sheet, [SheetState::Undoing, SheetState::Undone], "sheet.undone");
        }
        for item in items {
            let (state, why) = match self.undo_item(tenant, sheet, &item)? {
                Ok(()) => (ItemState::Undone, ""),
                Err(why) => (ItemState::Stays, why),
            };
            tenant.end_sheet_item(sheet.id, item.place, state, why, &item.before)?;
        }
        self.ask_for_house(tenant, &Work::Sheet { sheet: sheet.id }, "sheet", self.clock().now())
    }

    fn undo_item(
        &self,
        tenant: &mut Tenant<'_, '_>,
        sheet: &HeldSheet,
        item: &SheetItem,
    ) -> StoreResult<Result<(), Why>> {
        let Ok(stood) = serde_json::from_str::<Stood>(&item.before) else { return Ok(Err("broken")) };
        for (sku, units) in &stood.counted {
            let held = tenant.sku(*sku)?;
            if held.as_ref().is_some_and(|sku| sku.is_kit) {
                return Ok(Err("kit"));
            }
            let lies = held.map_or(0, |sku| sku.tally.on_hand_units);
            if lies - units < 0 {
                return Ok(Err("stock"));
            }
        }
        let undone = match (&stood.product, &stood.alone) {
            (Some((id, version)), _) => self.undo_product(tenant, sheet, *id, *version, &stood)?,
            (None, Some((sku, before, after))) => self.undo_alone(tenant, sheet, *sku, before, after)?,
            (None, None) => Ok(()),
        };
        if undone.is_err() {
            return Ok(undone);
        }
        for (sku, units) in &stood.counted {
            self.put(tenant, sheet, *sku, -units)?;
        }
        Ok(Ok(()))
    }

    fn undo_product(
        &self,
        tenant: &mut Tenant<'_, '_>,
        sheet: &HeldSheet,
        id: ProductId,
        version: i64,
        stood: &Stood,
    ) -> StoreResult<Result<(), Why>> {
        if tenant.product(id)?.is_none_or(|held| held.version != version) {
            return Ok(Err("changed"));
        }
        if let Some(typed) = &stood.typed {
            let Some(product) = product_of(typed) else { return Ok(Err("broken")) };
            let agreed = Agreed { cost: true, adopt: true, drop: true };
            let wish = catalogue::Wish { of: Some((id, version)), product, agreed };
            match catalogue::prepare(tenant, wish)? {
                Ok(prepared) => self.keep_product(tenant, sheet.member, prepared)?,
                Err(refused) => return Ok(Err(why_not(&refused))),
            };
        }
        // What the table made is put away: its SKUs and their past stay, as with any product.
        if stood.typed.is_none() || stood.was_archived {
            let (actor, now) = (Actor::Member(sheet.member), self.clock().now());
            if tenant.archive_product(id, Some(now), &actor, now)? {
                self.outcome(tenant, &Deed::new(actor, "product.archived", id.to_string()), "ok")?;
            }
        }
        Ok(Ok(()))
    }

    fn undo_alone(
        &self,
        tenant: &mut Tenant<'_, '_>,
        sheet: &HeldSheet,
        sku: SkuId,
        before: &Typed,
        after: &Typed,
    ) -> StoreResult<Result<(), Why>> {
        let (Some(before), Some(after)) = (facts_of(before), facts_of(after)) else {
            return Ok(Err("broken"));
        };
        if tenant.facts_of(sku)? != after {
            return Ok(Err("changed"));
        }
        self.keep_facts(tenant, sku, Some(&after), &before, &Actor::Member(sheet.member))?;
        Ok(Ok(()))
    }
}

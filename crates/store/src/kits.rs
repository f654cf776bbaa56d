//! Kits: their recipes, and what hangs on whom (`domain::kit`).
//!
//! What can be offered of a kit is computed where a SKU is read (`stock::COLUMNS`), so whoever asks a SKU for its tally
//! has the kit's. A kit's `kit_version` counts up, in the transaction itself, with each entry of a component's ledger
//! and each change of its recipe.

use std::fmt::Write as _;

use domain::kit::{Component, MAX_KITS_OF_ONE};
use domain::{Currency, EntryKind, LineId, ListingId, SkuId, Tally, Timestamp};

use crate::db::{StoreError, StoreResult, Val};
use crate::stock::Sku;
use crate::{Tenant, params};

/// A component of a kit, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentRow {
    /// The SKU.
    pub sku: Sku,
    /// Units of it in one kit.
    pub units: i64,
}

/// Kits that the components of a kit allow (`domain::kit::available`): a piece of a statement about `sku`.
macro_rules! kits_possible {
    () => {
        "COALESCE((SELECT MIN(CASE WHEN c.on_hand_units - c.reserved_units - c.safety_units > 0 \
           THEN (c.on_hand_units - c.reserved_units - c.safety_units) / k.units ELSE 0 END) \
         FROM kit_component k JOIN sku c ON c.id = k.component_id WHERE k.kit_id = sku.id), 0)"
    };
}
pub(crate) use kits_possible;

/// What may be offered of a SKU as one number, below zero where more is sold than there is; of a kit, what its
/// components allow. A piece of a statement about `sku`.
macro_rules! free {
    () => {
        concat!(
            "CASE WHEN sku.is_kit = 1 THEN ",
            $crate::kits::kits_possible!(),
            " ELSE sku.on_hand_units - sku.reserved_units - sku.safety_units END"
        )
    };
}
pub(crate) use free;

/// The same as a text.
pub(crate) const FREE: &str = free!();

/// `$2, $3, …` for as many SKUs, behind the organization.
fn marks(skus: &[SkuId], values: &mut Vec<Val<'_>>) -> String {
    let mut marks = String::new();
    for sku in skus {
        values.push((*sku).into());
        // Writing to a String cannot fail.
        let _ = write!(marks, "{}${}", if marks.is_empty() { "" } else { ", " }, values.len());
    }
    marks
}

impl Tenant<'_, '_> {
    /// The recipe of a kit, in the order of its form; empty of what is no kit.
    pub fn recipe(&mut self, kit: SkuId) -> StoreResult<Vec<Component>> {
        self.tx.rows(
            "SELECT component_id, units FROM kit_component WHERE organization_id = $1 AND kit_id = $2 ORDER BY place",
            params![self.id, kit],
            |row| Ok(Component { sku: row.get(0)?, units: row.get(1)? }),
        )
    }

    /// The components of a kit as they stand, in the order of its form.
    pub fn components(&mut self, kit: SkuId) -> StoreResult<Vec<ComponentRow>> {
        let mut rows = Vec::new();
        for Component { sku, units } in self.recipe(kit)? {
            let found = self.sku(sku)?.ok_or(StoreError::RowCount { expected: 1, touched: 0 })?;
            rows.push(ComponentRow { sku: found, units });
        }
        Ok(rows)
    }

    /// The kits that contain any of these SKUs, by id, at most [`MAX_KITS_OF_ONE`] for each of them.
    pub fn kits_of(&mut self, skus: &[SkuId]) -> StoreResult<Vec<SkuId>> {
        if skus.is_empty() {
            return Ok(Vec::new());
        }
        let mut values: Vec<Val<'_>> = vec![self.id.into()];
        let marks = marks(skus, &mut values);
        let sql = format!(
            "SELECT kit_id FROM kit_component WHERE organization_id = $1 AND component_id IN ({marks}) \
             GROUP BY kit_id ORDER BY kit_id LIMIT {}",
            skus.len().saturating_mul(MAX_KITS_OF_ONE)
        );
        self.tx.rows(&sql, &values, |row| row.get(0))
    }

    /// Kits as they stand, for whoever is about to move their components: others who want to wait until this
    /// transaction is over, and each gets its next version. Comes before the first entry in a component's ledger, so
    /// that everybody takes kits first, then components.
    pub fn hold_kits_of(&mut self, skus: &[SkuId]) -> StoreResult<Vec<Sku>> {
        let mut held = Vec::new();
        for kit in self.kits_of(skus)? {
            self.turn_kit(kit)?;
            held.extend(self.sku(kit)?);
        }
        Ok(held)
    }

    /// The next version of a kit. Others who want that wait.
    pub fn turn_kit(&mut self, kit: SkuId) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE sku SET kit_version = kit_version + 1, unsure = 1 WHERE organization_id = $1 AND id = $2",
            params![self.id, kit],
        )
    }

    /// SKUs as they stand, in the order of their ids, for whoever is about to change what hangs on them: others who
    /// move them or make kits of them wait until this transaction is over. What is not there is left out.
    pub fn hold_skus(&mut self, skus: &[SkuId]) -> StoreResult<Vec<Sku>> {
        let mut sorted = skus.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut held = Vec::with_capacity(sorted.len());
        for id in sorted {
            let touched = self.tx.execute(
                "UPDATE sku SET version = version WHERE organization_id = $1 AND id = $2",
                params![self.id, id],
            )?;
            if touched == 1 {
                held.extend(self.sku(id)?);
            }
        }
        Ok(held)
    }

    /// Makes a SKU the kit of a recipe; of an empty one, no kit any more. Never offered are units of components only.
    pub fn keep_recipe(&mut self, kit: SkuId, recipe: &[Component]) -> StoreResult<()> {
        let before = self.recipe(kit)?;
        self.tx.execute(
            "DELETE FROM kit_component WHERE organization_id = $1 AND kit_id = $2",
            params![self.id, kit],
        )?;
        for (place, component) in (0_i64..).zip(recipe) {
            self.tx.execute_exactly(
                1,
                "INSERT INTO kit_component (kit_id, component_id, organization_id, place, units) \
                 SELECT kit.id, part.id, kit.organization_id, $4, $5 FROM sku kit, sku part \
                 WHERE kit.organization_id = $1 AND kit.id = $2 AND part.organization_id = $1 AND part.id = $3",
                params![self.id, kit, component.sku, place, component.units],
            )?;
        }
        self.tx.execute_exactly(
            1,
            "UPDATE sku SET is_kit = $3, safety_units = 0, kit_version = kit_version + 1, unsure = 1 \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, kit, i64::from(!recipe.is_empty())],
        )?;
        for component in before.iter().chain(recipe) {
            self.tx.execute_exactly(
                1,
                "UPDATE sku SET is_component = \
                   CASE WHEN (SELECT COUNT(*) FROM kit_component k WHERE k.component_id = sku.id) > 0 THEN 1 ELSE 0 END \
                 WHERE organization_id = $1 AND id = $2",
                params![self.id, component.sku],
            )?;
        }
        Ok(())
    }

    /// What an order line has set aside: each SKU with its units, whatever a recipe says today. By SKU.
    pub fn booked(&mut self, line: LineId) -> StoreResult<Vec<(SkuId, i64)>> {
        self.tx.rows(
            "SELECT sku_id, reserved_delta FROM ledger \
             WHERE organization_id = $1 AND line_id = $2 AND kind = $3 ORDER BY sku_id",
            params![self.id, line, EntryKind::Line(domain::Effect::Reserve).as_str()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// Whether a listing still sells this SKU, and the SKU is still a kit, or none.
    pub fn still_sells(&mut self, listing: ListingId, sku: SkuId, is_kit: bool) -> StoreResult<bool> {
        let count = self.tx.row(
            "SELECT COUNT(*) FROM listing l JOIN sku s ON s.id = l.sku_id \
             WHERE l.organization_id = $1 AND l.id = $2 AND s.id = $3 AND s.is_kit = $4",
            params![self.id, listing, sku, i64::from(is_kit)],
            |row| row.get::<i64>(0),
        )?;
        Ok(count.unwrap_or(0) > 0)
    }

    /// Kits that orders took since an instant, without those that were called off.
    pub fn kits_sold_since(&mut self, kit: SkuId, since: Timestamp) -> StoreResult<i64> {
        let sold = self.tx.row(
            "SELECT CAST(COALESCE(SUM(n.units), 0) AS BIGINT) FROM order_line n JOIN orders o ON o.id = n.order_id \
             WHERE n.organization_id = $1 AND n.sku_id = $2 AND n.position IN ('reserved', 'taken') \
               AND o.placed_at >= $3",
            params![self.id, kit, since],
            |row| row.get(0),
        )?;
        Ok(sold.unwrap_or_default())
    }

    /// What one kit of a line cost when it was sold: the components that it set aside, or where it set nothing aside
    /// those of today's recipe. `None` of what is no kit, and where a component had no cost in that currency.
    pub(crate) fn kit_cost(
        &mut self,
        line: LineId,
        kit: SkuId,
        units: i64,
        at: Timestamp,
        currency: Currency,
    ) -> StoreResult<Option<i64>> {
        let parts = self.parts_of_line(line, kit, units)?;
        if units < 1 || parts.iter().any(|(part, _)| *part == kit) {
            return Ok(None);
        }
        let mut cost = 0_i64;
        for (part, taken) in parts {
            let Some(of_one) = self.cost_of_one(part, at, currency)? else { return Ok(None) };
            cost = cost.saturating_add(of_one.saturating_mul(taken / units));
        }
        Ok(Some(cost))
    }

    /// What a piece of a SKU cost at a moment, in that currency.
    pub(crate) fn cost_of_one(
        &mut self,
        sku: SkuId,
        at: Timestamp,
        currency: Currency,
    ) -> StoreResult<Option<i64>> {
        let cost = self.tx.row(
            "SELECT cost_minor FROM sku_cost WHERE organization_id = $1 AND sku_id = $2 AND currency = $4 \
               AND valid_from = (SELECT MAX(l.valid_from) FROM sku_cost l WHERE l.sku_id = $2 AND l.valid_from <= $3)",
            params![self.id, sku, at, currency.code()],
            |row| row.get::<Option<i64>>(0),
        )?;
        Ok(cost.flatten())
    }

    /// How many kits could have been offered at a moment, by the recipe and the safety units of today.
    pub fn kits_at(&mut self, kit: SkuId, at: Timestamp) -> StoreResult<i64> {
        let mut parts = Vec::new();
        for ComponentRow { sku, units } in self.components(kit)? {
            let version = self.version_at(sku.id, at)?;
            let safety_units = sku.tally.safety_units;
            parts.push((Tally { safety_units, ..self.tally_at(sku.id, version)? }, units));
        }
        Ok(domain::kit::available(parts))
    }
}

/// Kits and components whose marks, or whose sums, are not what their recipes say: must be none, ever.
pub fn kits_that_differ(tx: &mut crate::Tx<'_>) -> StoreResult<Vec<SkuId>> {
    tx.rows(
        "SELECT s.id FROM sku s WHERE \
           s.is_kit <> (SELECT CASE WHEN COUNT(*) > 0 THEN 1 ELSE 0 END FROM kit_component k WHERE k.kit_id = s.id) \
           OR s.is_component <> \
             (SELECT CASE WHEN COUNT(*) > 0 THEN 1 ELSE 0 END FROM kit_component k WHERE k.component_id = s.id) \
           OR (s.is_kit = 1 AND (s.on_hand_units <> 0 OR s.reserved_units <> 0 OR s.safety_units <> 0 \
                                 OR s.is_component = 1))",
        &[],
        |row| row.get(0),
    )
}

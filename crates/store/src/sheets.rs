//! Tables that people bring along: what each would change, and how far it got.

use domain::catalogue::Variant;
use domain::sheet::{Column, SheetFault};
use domain::{MemberId, ProductId, SheetId, SkuId, Tally, Timestamp};

use crate::catalogue::{FACT_COLUMNS, WITH_FACTS, facts};
use crate::db::{Row, StoreError, StoreResult, Val};
use crate::pages::PAGE_ROWS;
use crate::{Tenant, params};

/// Codes that are looked up in one query.
pub const LOOK_UP_CODES: usize = 200;
/// Tables shown as the last ones.
const LAST_SHEETS: u32 = 20;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($(#[$one:meta])* $variant:ident = $word:literal,)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$one])* $variant,)* }

        impl $name {
            /// The word in rows and translation keys.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The one of a word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                [$(Self::$variant),*].into_iter().find(|it| it.as_str() == word)
            }
        }
    };
}

words! {
    /// How far a table got.
    SheetState:
    /// It is being read; what was kept of it so far shows nothing yet.
    Reading = "reading",
    /// It waits for a yes or a no.
    Staged = "staged",
    /// It is being applied.
    Applying = "applying",
    /// It is applied.
    Applied = "applied",
    /// It is being undone.
    Undoing = "undoing",
    /// It is undone.
    Undone = "undone",
    /// Nobody wanted it.
    Dropped = "dropped",
}

words! {
    /// What becomes of a product.
    ItemKind:
    /// It is made.
    Create = "create",
    /// It is changed.
    Change = "change",
    /// It is that already.
    Same = "same",
    /// A cell of it cannot be taken, and so nothing of it is.
    Refused = "refused",
}

words! {
    /// How far a product of a table got.
    ItemState:
    /// Nothing was done.
    Waiting = "waiting",
    /// It is in.
    Done = "done",
    /// It was left out: something had changed since the table was read.
    Left = "left",
    /// It was taken back.
    Undone = "undone",
    /// It was not taken back: somebody changed it since.
    Stays = "stays",
}

/// What a table would do, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SheetCounts {
    /// Rows with something in them.
    pub rows: i64,
    /// Products that would be made.
    pub creates: i64,
    /// Products that would be changed.
    pub changes: i64,
    /// Products that are that already.
    pub same: i64,
    /// Products of which nothing can be taken.
    pub refused: i64,
    /// Cells that cannot be taken.
    pub faults: i64,
    /// Products with a cost that is very different.
    pub costs: i64,
    /// Products that take in a SKU that belongs to none.
    pub adopts: i64,
}

/// A table that somebody brought along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSheet {
    /// Id.
    pub id: SheetId,
    /// Who brought it.
    pub member: MemberId,
    /// What the file was called.
    pub name: String,
    /// How far it got.
    pub state: SheetState,
    /// Its columns, as JSON.
    pub heading: String,
    /// What it would do.
    pub counts: SheetCounts,
    /// When it was read.
    pub created_at: Timestamp,
    /// When it was applied, undone or dropped.
    pub ended_at: Option<Timestamp>,
    /// Until when it is kept, and can be undone.
    pub expires_at: Timestamp,
}

/// One product of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetItem {
    /// Its place in the table, from 1.
    pub place: i64,
    /// The first of its rows in the file.
    pub row: u32,
    /// What becomes of it.
    pub kind: ItemKind,
    /// What it is called.
    pub title: String,
    /// The code of its first SKU.
    pub code: String,
    /// What is asked about it, a word each.
    pub asks: String,
    /// What would be kept, as JSON.
    pub wish: String,
    /// How far it got.
    pub state: ItemState,
    /// Why no further.
    pub why: String,
    /// What stood before, as JSON.
    pub before: String,
}

/// Who has a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeHeld {
    /// The code.
    pub code: String,
    /// Its SKU.
    pub sku: SkuId,
    /// The sums of its ledger.
    pub tally: Tally,
    /// The product that it is a variant of.
    pub product: Option<ProductId>,
}

/// What a SKU's row says of its product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldProduct {
    /// Id.
    pub id: ProductId,
    /// Title.
    pub title: String,
    /// Brand.
    pub brand: String,
    /// Description.
    pub description: String,
    /// Tags.
    pub tags: Vec<String>,
    /// What its variants differ in.
    pub axes: Vec<String>,
}

/// Everything that is known of a SKU, in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldRow {
    /// The SKU, what it is on each axis, and what is known of it.
    pub variant: Variant,
    /// What the SKU is called.
    pub title: String,
    /// Its product.
    pub product: Option<SoldProduct>,
    /// What lies on the shelf; `None` while it was never counted.
    pub on_hand_units: Option<i64>,
}

const COLUMNS: &str = "id, member_id, name, state, heading, row_count, create_count, change_count, same_count, \
    refused_count, fault_count, cost_count, adopt_count, created_at, ended_at, expires_at";
const ITEM_COLUMNS: &str = "place, row_number, kind, title, code, asks, wish, state, why, stood";

fn sheet(row: &Row<'_>) -> StoreResult<HeldSheet> {
    Ok(HeldSheet {
        id: row.get(0)?,
        member: row.get(1)?,
        name: row.get(2)?,
        state: row.word(3, "sheet", "state", SheetState::parse)?,
        heading: row.get(4)?,
        counts: SheetCounts {
            rows: row.get(5)?,
            creates: row.get(6)?,
            changes: row.get(7)?,
            same: row.get(8)?,
            refused: row.get(9)?,
            faults: row.get(10)?,
            costs: row.get(11)?,
            adopts: row.get(12)?,
        },
        created_at: row.get(13)?,
        ended_at: row.get(14)?,
        expires_at: row.get(15)?,
    })
}

fn item(row: &Row<'_>) -> StoreResult<SheetItem> {
    Ok(SheetItem {
        place: row.get(0)?,
        row: number(row.get(1)?),
        kind: row.word(2, "sheet_item", "kind", ItemKind::parse)?,
        title: row.get(3)?,
        code: row.get(4)?,
        asks: row.get(5)?,
        wish: row.get(6)?,
        state: row.word(7, "sheet_item", "state", ItemState::parse)?,
        why: row.get(8)?,
        before: row.get(9)?,
    })
}

fn number(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn broken(column: &'static str, value: String) -> StoreError {
    StoreError::Inconsistent { table: "sheet_fault", column, value }
}

impl Tenant<'_, '_> {
    /// Keeps a table that is being read.
    pub fn begin_sheet(&mut self, sheet: &HeldSheet) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO sheet (id, organization_id, member_id, name, state, heading, row_count, create_count, \
               change_count, same_count, refused_count, fault_count, cost_count, adopt_count, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, 'reading', $5, 0, 0, 0, 0, 0, 0, 0, 0, $6, $7)",
            params![
                sheet.id,
                self.id,
                sheet.member,
                &sheet.name,
                &sheet.heading,
                sheet.created_at,
                sheet.expires_at
            ],
        )
    }

    /// Keeps products of a table that is being read.
    pub fn keep_sheet_items(
        &mut self,
        id: SheetId,
        items: &[SheetItem],
        expires_at: Timestamp,
    ) -> StoreResult<()> {
        for item in items {
            self.tx.at_the_end(
                "",
                Some(1),
                "INSERT INTO sheet_item (sheet_id, place, organization_id, row_number, kind, title, code, asks, wish, \
                   state, why, stood, expires_at) \
                 SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', '', '', $10 \
                 FROM sheet WHERE organization_id = $3 AND id = $1",
                params![
                    id,
                    item.place,
                    self.id,
                    item.row,
                    item.kind.as_str(),
                    &item.title,
                    &item.code,
                    &item.asks,
                    &item.wish,
                    expires_at
                ],
            )?;
        }
        Ok(())
    }

    /// Keeps cells that cannot be taken, from a place on.
    pub fn keep_sheet_faults(
        &mut self,
        id: SheetId,
        from: i64,
        faults: &[SheetFault],
        expires_at: Timestamp,
    ) -> StoreResult<()> {
        for (place, fault) in (from..).zip(faults) {
            let trouble = serde_json::to_string(&fault.trouble).unwrap_or_default();
            self.tx.at_the_end(
                "",
                Some(1),
                "INSERT INTO sheet_fault (sheet_id, place, organization_id, row_number, col, found, trouble, expires_at) \
                 SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM sheet WHERE organization_id = $3 AND id = $1",
                params![
                    id,
                    place,
                    self.id,
                    fault.row,
                    fault.column.as_str(),
                    &fault.found,
                    &trouble,
                    expires_at
                ],
            )?;
        }
        Ok(())
    }

    /// A table is read: from now on it waits for a yes or a no.
    pub fn stage_sheet(&mut self, id: SheetId, counts: &SheetCounts) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE sheet SET state = 'staged', row_count = $3, create_count = $4, change_count = $5, same_count = $6, \
               refused_count = $7, fault_count = $8, cost_count = $9, adopt_count = $10 \
             WHERE organization_id = $1 AND id = $2 AND state = 'reading'",
            params![
                self.id,
                id,
                counts.rows,
                counts.creates,
                counts.changes,
                counts.same,
                counts.refused,
                counts.faults,
                counts.costs,
                counts.adopts
            ],
        )
    }

    /// A table.
    pub fn sheet(&mut self, id: SheetId) -> StoreResult<Option<HeldSheet>> {
        let sql = format!("SELECT {COLUMNS} FROM sheet WHERE organization_id = $1 AND id = $2");
        self.tx.row(&sql, params![self.id, id], sheet)
    }

    /// The last tables that were read whole, the newest first.
    pub fn last_sheets(&mut self) -> StoreResult<Vec<HeldSheet>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM sheet WHERE organization_id = $1 AND state <> 'reading' ORDER BY id DESC LIMIT {LAST_SHEETS}"
        );
        self.tx.rows(&sql, params![self.id], sheet)
    }

    /// Moves a table on, from one state to the next; false when it is not in the first one any more.
    pub fn move_sheet(
        &mut self,
        id: SheetId,
        from: SheetState,
        to: SheetState,
        ended_at: Option<Timestamp>,
    ) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE sheet SET state = $4, ended_at = $5 WHERE organization_id = $1 AND id = $2 AND state = $3",
            params![self.id, id, from.as_str(), to.as_str(), ended_at],
        )?;
        Ok(touched == 1)
    }

    /// Products of a table that are in a state, in the table's order; for applying them those that
    /// would make or change something.
    pub fn sheet_items(
        &mut self,
        id: SheetId,
        state: ItemState,
        kinds: &[ItemKind],
        after: i64,
        limit: u32,
    ) -> StoreResult<Vec<SheetItem>> {
        let words: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.as_str())).collect();
        let sql = format!(
            "SELECT {ITEM_COLUMNS} FROM sheet_item WHERE organization_id = $1 AND sheet_id = $2 AND state = $3 \
             AND kind IN ({}) AND place > $4 ORDER BY place LIMIT {limit}",
            words.join(", ")
        );
        self.tx.rows(&sql, params![self.id, id, state.as_str(), after], item)
    }

    /// The first products of a table that something is asked about.
    pub fn sheet_questions(&mut self, id: SheetId, limit: u32) -> StoreResult<Vec<SheetItem>> {
        let sql = format!(
            "SELECT {ITEM_COLUMNS} FROM sheet_item WHERE organization_id = $1 AND sheet_id = $2 AND asks <> '' \
             ORDER BY place LIMIT {limit}"
        );
        self.tx.rows(&sql, params![self.id, id], item)
    }

    /// How many products of a table are in a state.
    pub fn sheet_item_count(&mut self, id: SheetId, state: ItemState) -> StoreResult<i64> {
        let count = self.tx.row(
            "SELECT COUNT(*) FROM sheet_item WHERE organization_id = $1 AND sheet_id = $2 AND state = $3",
            params![self.id, id, state.as_str()],
            |row| row.get(0),
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Keeps how far a product of a table got.
    pub fn end_sheet_item(
        &mut self,
        id: SheetId,
        place: i64,
        state: ItemState,
        why: &str,
        before: &str,
    ) -> StoreResult<()> {
        self.tx.at_the_end(
            "",
            Some(1),
            "UPDATE sheet_item SET state = $4, why = $5, stood = $6 \
             WHERE organization_id = $1 AND sheet_id = $2 AND place = $3",
            params![self.id, id, place, state.as_str(), why, before],
        )
    }

    /// Cells of a table that cannot be taken, after a place, with their places: and one more than
    /// `limit`.
    pub fn sheet_faults(
        &mut self,
        id: SheetId,
        after: i64,
        limit: u32,
    ) -> StoreResult<Vec<(i64, SheetFault)>> {
        let sql = format!(
            "SELECT place, row_number, col, found, trouble FROM sheet_fault \
             WHERE organization_id = $1 AND sheet_id = $2 AND place > $3 ORDER BY place LIMIT {}",
            limit + 1
        );
        self.tx.rows(&sql, params![self.id, id, after], |row| {
            let (column, trouble): (String, String) = (row.get(2)?, row.get(4)?);
            let fault = SheetFault {
                row: number(row.get(1)?),
                column: Column::parse(&column).ok_or_else(|| broken("col", column))?,
                found: row.get(3)?,
                trouble: serde_json::from_str(&trouble).map_err(|_| broken("trouble", trouble))?,
            };
            Ok((row.get(0)?, fault))
        })
    }

    /// Who has which of these codes, [`LOOK_UP_CODES`] at most.
    pub fn codes_held(&mut self, codes: &[String]) -> StoreResult<Vec<CodeHeld>> {
        let places: Vec<String> = (2..codes.len() + 2).map(|place| format!("${place}")).collect();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT s.code, s.id, s.on_hand_units, s.reserved_units, s.safety_units, s.version, v.product_id \
             FROM sku s LEFT JOIN product_variant v ON v.sku_id = s.id \
             WHERE s.organization_id = $1 AND s.code IN ({})",
            places.join(", ")
        );
        let values: Vec<Val<'_>> =
            std::iter::once(self.id.into()).chain(codes.iter().map(Val::from)).collect();
        self.tx.rows(&sql, &values, |row| {
            Ok(CodeHeld {
                code: row.get(0)?,
                sku: row.get(1)?,
                tally: Tally {
                    on_hand_units: row.get(2)?,
                    reserved_units: row.get(3)?,
                    safety_units: row.get(4)?,
                    version: row.get(5)?,
                },
                product: row.get(6)?,
            })
        })
    }

    /// SKUs after a code by the alphabet, with everything that is known of them. Those of products that were put
    /// away are not among them: whoever took them in again would bring the products back.
    pub fn sku_rows(&mut self, after: &str, limit: u32) -> StoreResult<Vec<SoldRow>> {
        let sql = format!(
            "SELECT {FACT_COLUMNS}, s.id, s.code, s.title, s.on_hand_units, CASE WHEN s.is_kit = 1 THEN 0 ELSE s.version END, \
               v.option_1, v.option_2, v.option_3, \
               p.id, p.title, p.brand, p.description, p.tags, a1.name, a2.name, a3.name \
             FROM sku s {WITH_FACTS} LEFT JOIN product_variant v ON v.sku_id = s.id \
               LEFT JOIN product p ON p.id = v.product_id \
               LEFT JOIN product_axis a1 ON a1.product_id = p.id AND a1.place = 1 \
               LEFT JOIN product_axis a2 ON a2.product_id = p.id AND a2.place = 2 \
               LEFT JOIN product_axis a3 ON a3.product_id = p.id AND a3.place = 3 \
             WHERE s.organization_id = $1 AND s.code > $2 AND p.archived_at IS NULL ORDER BY s.code LIMIT {limit}"
        );
        self.tx.rows(&sql, params![self.id, after], |row| {
            let text =
                |at: usize| -> StoreResult<String> { Ok(row.get::<Option<String>>(at)?.unwrap_or_default()) };
            let version: i64 = row.get(14)?;
            let axes: Vec<String> =
                [text(23)?, text(24)?, text(25)?].into_iter().filter(|name| !name.is_empty()).collect();
            let options = [text(15)?, text(16)?, text(17)?].into_iter().take(axes.len()).collect();
            let product: Option<ProductId> = row.get(18)?;
            let product = match product {
                Some(id) => Some(SoldProduct {
                    id,
                    title: text(19)?,
                    brand: text(20)?,
                    description: text(21)?,
                    tags: text(22)?.lines().map(str::to_owned).collect(),
                    axes,
                }),
                None => None,
            };
            Ok(SoldRow {
                variant: Variant {
                    sku: Some(row.get(10)?),
                    options,
                    code: row.get(11)?,
                    facts: facts(row, 0)?,
                },
                title: row.get(12)?,
                product,
                on_hand_units: (version > 0).then_some(row.get(13)?),
            })
        })
    }

    /// Products of a table as its page shows them: one page of each kind is enough to see what it does.
    pub fn sheet_samples(&mut self, id: SheetId, kind: ItemKind) -> StoreResult<Vec<SheetItem>> {
        let sql = format!(
            "SELECT {ITEM_COLUMNS} FROM sheet_item WHERE organization_id = $1 AND sheet_id = $2 AND kind = $3 \
             ORDER BY place LIMIT {PAGE_ROWS}"
        );
        self.tx.rows(&sql, params![self.id, id, kind.as_str()], item)
    }
}

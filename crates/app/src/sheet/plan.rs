//! What a table would do: every code is looked up, every product laid beside what is known of it, and all of
//! it kept as it waits for a yes. Nothing of the shop changes here.

use std::collections::HashMap;

use domain::catalogue::{Agreed, Cell, Product, Question, Typed, TypedRow, Variant, questions};
use domain::retention::SHEET_KEPT;
use domain::sheet::{
    Column, ColumnMap, Draft, HeaderFault, Laid, Sheet, SheetFault, Trouble, drafts, lay, settle_numbers,
};
use domain::{Actor, MemberId, OrganizationId, ProductId, SheetId, SkuId, Timestamp};
use store::catalogue::HeldProduct;
use store::sheets::{
    CodeHeld, HeldSheet, ItemKind, ItemState, LOOK_UP_CODES, SheetCounts, SheetItem, SheetState,
};

use super::wish::{Counted, Difference, Heading, Wish, alone};
use crate::App;
use crate::audit::Deed;
use crate::error::AppError;

/// Products that are looked up and kept at once: short enough that nobody waits for it.
const STAGED_AT_ONCE: usize = 200;
/// Cells that cannot be taken and are kept, so that one file of nothing else fills no database. All of them
/// are counted.
const MAX_KEPT_FAULTS: usize = 20_000;
/// Longest name of a file kept, in characters.
const MAX_NAME_CHARS: usize = 100;
/// Differences told of one product.
const MAX_DIFFERENCES: usize = 12;
/// Longest text told of a difference, in characters.
const MAX_DIFFERENCE_CHARS: usize = 60;
/// The decimal mark of forms that wait.
const MARK: char = ',';

/// Why a table is not shown. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// It has no heading that is one.
    #[error("the heading cannot be read")]
    Header(HeaderFault),
    /// It has a heading and no rows.
    #[error("there is no row below the heading")]
    NoRows,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<store::StoreError> for StageError {
    fn from(error: store::StoreError) -> Self {
        Self::App(error.into())
    }
}

/// A product of the table, and the one that its SKUs belong to.
struct Planned {
    draft: Draft,
    product: Option<ProductId>,
    /// Its rows are SKUs of different products.
    apart: bool,
}

/// What is known of the products and SKUs of one step.
#[derive(Default)]
struct Known {
    products: HashMap<ProductId, HeldProduct>,
    /// SKUs that belong to no product, as a product of their own.
    alone: HashMap<SkuId, Product>,
}

/// A table under way.
struct Staging<'a> {
    sheet: &'a Sheet,
    map: &'a ColumnMap,
    codes: &'a HashMap<String, CodeHeld>,
    counts: SheetCounts,
    faults: Vec<SheetFault>,
}

impl App {
    /// Lays a table beside what is known and keeps what it would do.
    ///
    /// # Errors
    /// Why it is no table; then nothing was kept.
    pub async fn stage_sheet(
        &self,
        organization: OrganizationId,
        member: MemberId,
        name: &str,
        mut sheet: Sheet,
    ) -> Result<SheetId, StageError> {
        let map = ColumnMap::read(&sheet.header).map_err(StageError::Header)?;
        if sheet.rows.is_empty() {
            return Err(StageError::NoRows);
        }
        settle_numbers(&mut sheet, &map);
        let codes = self.codes_of(organization, &sheet, &map).await?;
        let (drafts, faults) = drafts(&sheet, &map);
        let rows = i64::try_from(sheet.rows.len()).unwrap_or(i64::MAX);
        let counts = SheetCounts { rows, ..SheetCounts::default() };
        let mut staging = Staging { sheet: &sheet, map: &map, codes: &codes, counts, faults };
        let planned = staging.together(drafts);
        let now = self.clock().now();
        let held = HeldSheet {
            id: SheetId::new(now, self.entropy()),
            member,
            name: name.trim().chars().filter(|it| !it.is_control()).take(MAX_NAME_CHARS).collect(),
            state: SheetState::Reading,
            heading: serde_json::to_string(&Heading::of(&map)).unwrap_or_default(),
            counts,
            created_at: now,
            ended_at: None,
            expires_at: now.plus(SHEET_KEPT),
        };
        let (id, expires_at) = (held.id, held.expires_at);
        self.organization(organization).write(move |tenant| tenant.begin_sheet(&held)).await?;
        let mut place = 0;
        for step in planned.chunks(STAGED_AT_ONCE) {
            let known = self.known_of(organization, &staging, step).await?;
            let mut items = Vec::with_capacity(step.len());
            for planned in step {
                place += 1;
                items.push(staging.item(place, planned, &known));
            }
            self.organization(organization)
                .write(move |tenant| tenant.keep_sheet_items(id, &items, expires_at))
                .await?;
        }
        let Staging { mut counts, faults, .. } = staging;
        counts.faults = i64::try_from(faults.len()).unwrap_or(i64::MAX);
        self.keep_faults(organization, id, faults, expires_at).await?;
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                tenant.stage_sheet(id, &counts)?;
                let deed = Deed::new(Actor::Member(member), "sheet.staged", id.to_string())
                    .with("rows", counts.rows)
                    .with("faults", counts.faults);
                app.outcome(tenant, &deed, "ok")
            })
            .await?;
        Ok(id)
    }

    /// Who has the codes of a table.
    async fn codes_of(
        &self,
        organization: OrganizationId,
        sheet: &Sheet,
        map: &ColumnMap,
    ) -> Result<HashMap<String, CodeHeld>, AppError> {
        let codes: Vec<String> = sheet
            .rows
            .iter()
            .map(|row| map.cell(row, Column::Code).to_owned())
            .filter(|code| !code.is_empty())
            .collect();
        let mut found = HashMap::new();
        let reader = self.organization(organization);
        // Several queries in each transaction, so that a long table does not hold a reader for long.
        for step in codes.chunks(LOOK_UP_CODES * 10) {
            let step = step.to_vec();
            let held = reader
                .read(move |tenant| {
                    let mut held = Vec::new();
                    for codes in step.chunks(LOOK_UP_CODES) {
                        held.extend(tenant.codes_held(codes)?);
                    }
                    Ok(held)
                })
                .await?;
            found.extend(held.into_iter().map(|held| (held.code.clone(), held)));
        }
        Ok(found)
    }

    async fn known_of(
        &self,
        organization: OrganizationId,
        staging: &Staging<'_>,
        step: &[Planned],
    ) -> Result<Known, AppError> {
        let products: Vec<ProductId> = step.iter().filter_map(|planned| planned.product).collect();
        let skus: Vec<(SkuId, String)> = step
            .iter()
            .flat_map(|planned| &planned.draft.rows)
            .filter_map(|place| staging.held(*place))
            .filter(|held| held.product.is_none())
            .map(|held| (held.sku, held.code.clone()))
            .collect();
        if products.is_empty() && skus.is_empty() {
            return Ok(Known::default());
        }
        let known = self
            .organization(organization)
            .read(move |tenant| {
                let mut known = Known::default();
                for id in products {
                    known.products.extend(tenant.product(id)?.map(|held| (id, held)));
                }
                for (sku, code) in skus {
                    let facts = tenant.facts_of(sku)?;
                    let variant = Variant { sku: Some(sku), options: Vec::new(), code: code.clone(), facts };
                    known.alone.insert(sku, alone(code, variant));
                }
                Ok(known)
            })
            .await?;
        Ok(known)
    }

    async fn keep_faults(
        &self,
        organization: OrganizationId,
        id: SheetId,
        mut faults: Vec<SheetFault>,
        expires_at: Timestamp,
    ) -> Result<(), AppError> {
        faults.sort_by_key(|fault| fault.row);
        faults.truncate(MAX_KEPT_FAULTS);
        for (from, step) in (1_i64..).step_by(STAGED_AT_ONCE).zip(faults.chunks(STAGED_AT_ONCE)) {
            let step = step.to_vec();
            self.organization(organization)
                .write(move |tenant| tenant.keep_sheet_faults(id, from, &step, expires_at))
                .await?;
        }
        Ok(())
    }
}

impl Staging<'_> {
    fn held(&self, place: usize) -> Option<&CodeHeld> {
        self.codes.get(self.map.cell(self.sheet.rows.get(place)?, Column::Code))
    }

    /// Rows whose SKUs belong to one product are one product, however far apart they stand.
    fn together(&mut self, drafts: Vec<Draft>) -> Vec<Planned> {
        let (mut all, mut places): (Vec<Planned>, HashMap<ProductId, usize>) = (Vec::new(), HashMap::new());
        for draft in drafts {
            let mut products: Vec<ProductId> =
                draft.rows.iter().filter_map(|place| self.held(*place)?.product).collect();
            products.sort_unstable();
            products.dedup();
            let apart = products.len() > 1;
            let product = products.first().copied().filter(|_| !apart);
            if apart && let Some(row) = self.sheet.rows.get(draft.first()) {
                self.faults.push(SheetFault::of(row, Column::Code, self.map, Trouble::Apart));
            }
            if let Some(at) = product.and_then(|product| places.get(&product)) {
                let known: &mut Planned = &mut all[*at];
                known.draft.rows.extend(draft.rows);
                known.draft.broken |= draft.broken;
                known.draft.parent = known.draft.parent.or(draft.parent);
            } else {
                places.extend(product.map(|product| (product, all.len())));
                all.push(Planned { draft, product, apart });
            }
        }
        all
    }

    /// The SKU of a row that has no product and gets none: the table gives it no title.
    fn alone(&self, planned: &Planned) -> Option<SkuId> {
        let [place] = planned.draft.rows[..] else { return None };
        let row = self.sheet.rows.get(place)?;
        let held = self.held(place).filter(|held| held.product.is_none())?;
        self.map.cell(row, Column::Title).is_empty().then_some(held.sku)
    }

    /// What becomes of a product.
    fn item(&mut self, place: i64, planned: &Planned, known: &Known) -> SheetItem {
        let alone = self.alone(planned);
        let held = planned.product.and_then(|id| known.products.get(&id));
        let before = match alone {
            Some(sku) => known.alone.get(&sku),
            None => held.map(|held| &held.product),
        };
        let laid = lay(self.sheet, self.map, &planned.draft, before);
        let first = self.sheet.rows.get(planned.draft.first());
        let mut item = SheetItem {
            place,
            row: first.map_or(0, |row| row.number),
            kind: ItemKind::Refused,
            title: laid.typed.title.clone(),
            code: first.map(|row| self.map.cell(row, Column::Code).to_owned()).unwrap_or_default(),
            asks: String::new(),
            wish: String::new(),
            state: ItemState::Waiting,
            why: String::new(),
            before: String::new(),
        };
        let Laid { product, counts, faults, .. } = laid;
        self.faults.extend(faults);
        let Some(product) = product.filter(|_| !planned.apart) else {
            self.counts.refused += 1;
            return item;
        };
        let counts: Vec<Counted> = counts.into_iter().map(|count| self.counted(count)).collect();
        let changes = differences(before, &product, &counts);
        // A count of something that was put away does not bring it back; a row that names it does.
        let is_back = held.is_some_and(|held| held.archived_at.is_some()) && self.is_named(&planned.draft);
        item.kind = match before {
            None => ItemKind::Create,
            Some(before) if *before != product || is_back || counts.iter().any(Counted::differs) => {
                ItemKind::Change
            }
            Some(_) => ItemKind::Same,
        };
        match item.kind {
            ItemKind::Create => self.counts.creates += 1,
            ItemKind::Change => self.counts.changes += 1,
            ItemKind::Same | ItemKind::Refused => {
                self.counts.same += 1;
                return item;
            }
        }
        item.asks = self.asks(planned, alone, before, &product, known);
        let wish = Wish {
            of: held.map(|held| (held.id, held.version)),
            alone,
            touches: before != Some(&product) || is_back,
            restores: is_back,
            typed: Typed::of(&product, MARK),
            counts,
            changes,
        };
        item.wish = serde_json::to_string(&wish).unwrap_or_default();
        item
    }

    /// Whether the table names the product.
    fn is_named(&self, draft: &Draft) -> bool {
        let rows = draft.rows.iter().chain(&draft.parent).filter_map(|place| self.sheet.rows.get(*place));
        rows.into_iter().any(|row| !self.map.cell(row, Column::Title).is_empty())
    }

    fn counted(&self, count: domain::sheet::Count) -> Counted {
        let tally = self.codes.get(&count.code).map(|held| held.tally);
        Counted {
            of: count,
            seen_units: tally.map_or(0, |tally| tally.on_hand_units),
            had_count: tally.is_some_and(|tally| tally.version > 0),
        }
    }

    /// What somebody has to agree to first, a word each.
    fn asks(
        &mut self,
        planned: &Planned,
        alone: Option<SkuId>,
        before: Option<&Product>,
        product: &Product,
        known: &Known,
    ) -> String {
        let mut words = Vec::new();
        let odd = |before: Option<&Product>, after: &Product| {
            let open = questions(before, after, &[], Agreed { drop: true, ..Agreed::default() });
            open.iter().any(|question| matches!(question, Question::Cost { .. }))
        };
        let adopted: Vec<&CodeHeld> = planned
            .draft
            .rows
            .iter()
            .filter_map(|place| self.held(*place))
            .filter(|held| held.product.is_none() && alone.is_none())
            .collect();
        // A SKU that is taken in brings what it cost along.
        let odd_adopted = adopted.iter().any(|held| {
            let mut after = product.clone();
            after.variants.retain(|variant| variant.code == held.code);
            after.variants.iter_mut().for_each(|variant| variant.sku = Some(held.sku));
            odd(known.alone.get(&held.sku), &after)
        });
        if odd(before, product) || odd_adopted {
            words.push("cost");
        }
        if !adopted.is_empty() {
            words.push("adopt");
        }
        self.counts.costs += i64::from(words.contains(&"cost"));
        self.counts.adopts += i64::from(words.contains(&"adopt"));
        words.join(" ")
    }
}

/// What differs, cell by cell, as people read it.
fn differences(before: Option<&Product>, after: &Product, counts: &[Counted]) -> Vec<Difference> {
    let mut all = Vec::new();
    let cut = |text: &str| text.chars().take(MAX_DIFFERENCE_CHARS).collect::<String>();
    let mut differ = |code: &str, column: &str, before: &str, after: &str| {
        if before != after && all.len() < MAX_DIFFERENCES {
            let (before, after) = (cut(before), cut(after));
            all.push(Difference { code: code.to_owned(), column: column.to_owned(), before, after });
        }
    };
    for counted in counts.iter().filter(|counted| counted.differs()) {
        let seen = if counted.had_count { counted.seen_units.to_string() } else { String::new() };
        differ(&counted.of.code, "on_hand", &seen, &counted.of.on_hand_units.to_string());
    }
    if let Some(before) = before {
        let (was, is) = (Typed::of(before, MARK), Typed::of(after, MARK));
        differ("", "title", &was.title, &is.title);
        differ("", "brand", &was.brand, &is.brand);
        differ("", "description", &was.description, &is.description);
        differ("", "tags", &was.tags, &is.tags);
        let nothing = TypedRow::default();
        for row in &is.rows {
            let old = was.rows.iter().find(|old| old.code == row.code).unwrap_or(&nothing);
            for cell in TypedRow::CELLS.into_iter().chain((0..domain::catalogue::MAX_AXES).map(Cell::Option))
            {
                differ(&row.code, cell.as_str(), old.cell(cell), row.cell(cell));
            }
        }
    }
    all
}

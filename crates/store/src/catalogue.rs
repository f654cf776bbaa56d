//! Products, what is known of their SKUs, and what those cost from when on.

use domain::catalogue::{
    Axis, Facts, Gtin, MAX_AXES, Ncm, Origin, Product, SearchRange, Variant, search_words,
};
use domain::order_list::title_key;
use domain::{Actor, Currency, Money, PictureId, ProductId, SkuId, Tally, Timestamp};

use crate::db::{Row, StoreError, StoreResult, Val};
use crate::kits::FREE;
use crate::pages::{PAGE_ROWS, Query};
use crate::{Tenant, params};

/// Tags offered while narrowing the list.
pub const MAX_TAG_CHOICES: u32 = 200;
/// Costs shown of a product's past.
pub const MAX_COST_ROWS: u32 = 100;

/// A product as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldProduct {
    /// Id.
    pub id: ProductId,
    /// Counts up with each change.
    pub version: i64,
    /// What it is.
    pub product: Product,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// A product in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRow {
    /// Id.
    pub id: ProductId,
    /// Title.
    pub title: String,
    /// Brand; may be empty.
    pub brand: String,
    /// Tags.
    pub tags: Vec<String>,
    /// How many variants it has.
    pub variants: i64,
    /// What can be sold of all of them, in units.
    pub available_units: i64,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
    /// The first of its pictures.
    pub picture: Option<PictureId>,
}

/// What the list is narrowed to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProductFilter {
    /// Beginnings of words that all have to be there; `None` for all products.
    pub words: Option<Vec<SearchRange>>,
    /// A tag; empty for all.
    pub tag: String,
    /// Those that were put away, instead of the others.
    pub archived: bool,
}

/// A SKU that has a code, and the product that it is a variant of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeOwner {
    /// The SKU.
    pub sku: SkuId,
    /// Its title.
    pub title: String,
    /// The sums of its ledger.
    pub tally: Tally,
    /// Its product.
    pub product: Option<ProductId>,
}

/// What a SKU cost from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostRow {
    /// The SKU's code.
    pub code: String,
    /// From when on.
    pub valid_from: Timestamp,
    /// The cost; `None` where it was taken back.
    pub cost: Option<Money>,
    /// Taxes on its sale, in hundredths of a percent.
    pub tax_basis_points: Option<i64>,
}

/// One text for each line.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// A code of the database that the program made.
fn code<T>(
    text: Option<String>,
    column: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> StoreResult<Option<T>> {
    let Some(value) = text else { return Ok(None) };
    let parsed = parse(&value);
    parsed.map(Some).ok_or(StoreError::Inconsistent { table: "sku_fact", column, value })
}

fn money(minor: Option<i64>, currency: Option<String>) -> StoreResult<Option<Money>> {
    let Some((minor, value)) = minor.zip(currency) else { return Ok(None) };
    let known = Currency::from_code(&value);
    let currency = known.ok_or(StoreError::Inconsistent { table: "sku_cost", column: "currency", value })?;
    Ok(Some(Money::new(minor, currency)))
}

pub(crate) const FACT_COLUMNS: &str = "f.gtin, f.weight_g, f.length_mm, f.width_mm, f.height_mm, f.ncm, f.origin, c.cost_minor, \
     c.currency, c.tax_basis_points";
/// A SKU's facts, and its newest cost.
pub(crate) const WITH_FACTS: &str = "LEFT JOIN sku_fact f ON f.sku_id = s.id LEFT JOIN sku_cost c ON c.sku_id = s.id \
     AND c.valid_from = (SELECT MAX(l.valid_from) FROM sku_cost l WHERE l.sku_id = s.id)";

/// The facts in the columns from `first` on.
pub(crate) fn facts(row: &Row<'_>, first: usize) -> StoreResult<Facts> {
    let origin: Option<i64> = row.get(first + 6)?;
    Ok(Facts {
        gtin: code(row.get(first)?, "gtin", |text| Gtin::parse(text).ok())?,
        weight_g: row.get(first + 1)?,
        length_mm: row.get(first + 2)?,
        width_mm: row.get(first + 3)?,
        height_mm: row.get(first + 4)?,
        ncm: code(row.get(first + 5)?, "ncm", Ncm::parse)?,
        origin: code(origin.map(|code| code.to_string()), "origin", Origin::parse)?,
        cost: money(row.get(first + 7)?, row.get(first + 8)?)?,
        tax_basis_points: row.get(first + 9)?,
    })
}

fn variant(row: &Row<'_>) -> StoreResult<([String; MAX_AXES], Variant)> {
    let variant =
        Variant { sku: Some(row.get(0)?), options: Vec::new(), code: row.get(4)?, facts: facts(row, 5)? };
    Ok(([row.get(1)?, row.get(2)?, row.get(3)?], variant))
}

impl Tenant<'_, '_> {
    /// A product with everything that is known of it now.
    pub fn product(&mut self, id: ProductId) -> StoreResult<Option<HeldProduct>> {
        let found = self.tx.row(
            "SELECT version, title, brand, description, tags, archived_at, updated_at FROM product \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, id],
            |row| {
                let tags: String = row.get(4)?;
                let product = Product {
                    title: row.get(1)?,
                    brand: row.get(2)?,
                    description: row.get(3)?,
                    tags: lines(&tags),
                    axes: Vec::new(),
                    variants: Vec::new(),
                };
                Ok(HeldProduct {
                    id,
                    version: row.get(0)?,
                    product,
                    archived_at: row.get(5)?,
                    updated_at: row.get(6)?,
                })
            },
        )?;
        let Some(mut held) = found else { return Ok(None) };
        held.product.axes = self.tx.rows(
            "SELECT name, options FROM product_axis WHERE organization_id = $1 AND product_id = $2 ORDER BY place",
            params![self.id, id],
            |row| {
                let options: String = row.get(1)?;
                Ok(Axis { name: row.get(0)?, options: lines(&options) })
            },
        )?;
        let count = held.product.axes.len();
        let rows = self.tx.rows(
            &format!(
                "SELECT v.sku_id, v.option_1, v.option_2, v.option_3, s.code, {FACT_COLUMNS} \
                 FROM product_variant v JOIN sku s ON s.id = v.sku_id {WITH_FACTS} \
                 WHERE v.organization_id = $1 AND v.product_id = $2 ORDER BY v.place"
            ),
            params![self.id, id],
            variant,
        )?;
        let whole = |(options, variant): ([String; MAX_AXES], Variant)| Variant {
            options: options.into_iter().take(count).collect(),
            ..variant
        };
        held.product.variants = rows.into_iter().map(whole).collect();
        Ok(Some(held))
    }

    /// Which product a SKU is a variant of, and that product's title.
    pub fn product_of(&mut self, sku: SkuId) -> StoreResult<Option<(ProductId, String)>> {
        self.tx.row(
            "SELECT p.id, p.title FROM product_variant v JOIN product p ON p.id = v.product_id \
             WHERE v.organization_id = $1 AND v.sku_id = $2",
            params![self.id, sku],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// Which SKU has a code, where one has.
    pub fn code_owner(&mut self, code: &str) -> StoreResult<Option<CodeOwner>> {
        let Some(sku) = self.sku_by_code(code)? else { return Ok(None) };
        let product = self.product_of(sku.id)?.map(|(product, _)| product);
        Ok(Some(CodeOwner { sku: sku.id, title: sku.title, tally: sku.tally, product }))
    }

    /// Keeps other changes of the catalogue waiting until this transaction ends, so that what was
    /// looked up stays true.
    pub fn hold_catalogue(&mut self) -> StoreResult<()> {
        self.tx.hold(&format!("{}/catalogue", self.id))
    }

    /// The last costs of a product's SKUs, the newest first.
    pub fn costs_of(&mut self, id: ProductId) -> StoreResult<Vec<CostRow>> {
        self.tx.rows(
            "SELECT s.code, c.valid_from, c.cost_minor, c.currency, c.tax_basis_points \
             FROM product_variant v JOIN sku s ON s.id = v.sku_id JOIN sku_cost c ON c.sku_id = v.sku_id \
             WHERE v.organization_id = $1 AND v.product_id = $2 ORDER BY c.valid_from DESC, s.code LIMIT $3",
            params![self.id, id, MAX_COST_ROWS],
            |row| {
                Ok(CostRow {
                    code: row.get(0)?,
                    valid_from: row.get(1)?,
                    cost: money(row.get(2)?, row.get(3)?)?,
                    tax_basis_points: row.get(4)?,
                })
            },
        )
    }

    /// Products after `after`, the newest first, and one more than a page has.
    pub fn product_page(
        &mut self,
        after: Option<ProductId>,
        filter: &ProductFilter,
    ) -> StoreResult<Vec<ProductRow>> {
        let tag = title_key(&filter.tag);
        let mut query = Query::new("product.organization_id = ?", self.id.into());
        query.and(if filter.archived { "archived_at IS NOT NULL" } else { "archived_at IS NULL" }, &[]);
        if let Some(after) = after {
            query.and("product.id < ?", &[after.into()]);
        }
        if !tag.is_empty() {
            query.and(
                "product.id IN (SELECT t.product_id FROM product_tag t WHERE t.organization_id = ? AND t.tag = ?)",
                &[self.id.into(), Val::from(&tag)],
            );
        }
        if filter.words.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        for range in filter.words.iter().flatten() {
            query.and(
                "product.id IN (SELECT w.product_id FROM product_word w WHERE w.organization_id = ? AND w.word >= ? \
                 AND w.word < ?)",
                &[self.id.into(), Val::from(&range.from), Val::from(&range.until)],
            );
        }
        let sql = format!(
            "SELECT product.id, title, brand, tags, variant_count, archived_at, \
               (SELECT CAST(COALESCE(SUM(CASE WHEN ({FREE}) > 0 THEN ({FREE}) ELSE 0 END), 0) AS BIGINT) \
                FROM product_variant v JOIN sku ON sku.id = v.sku_id WHERE v.product_id = product.id), \
               (SELECT p.id FROM product_picture p WHERE p.product_id = product.id ORDER BY p.place, p.id LIMIT 1) \
             FROM product WHERE {} ORDER BY product.id DESC LIMIT {}",
            query.conditions(),
            PAGE_ROWS + 1
        );
        self.tx.rows(&sql, query.params(), |row| {
            let tags: String = row.get(3)?;
            Ok(ProductRow {
                id: row.get(0)?,
                title: row.get(1)?,
                brand: row.get(2)?,
                tags: lines(&tags),
                variants: row.get(4)?,
                archived_at: row.get(5)?,
                available_units: row.get(6)?,
                picture: row.get(7)?,
            })
        })
    }

    /// Tags that products have, as the list is narrowed by them.
    pub fn product_tags(&mut self) -> StoreResult<Vec<String>> {
        self.tx.rows(
            "SELECT DISTINCT tag FROM product_tag WHERE organization_id = $1 ORDER BY tag LIMIT $2",
            params![self.id, MAX_TAG_CHOICES],
            |row| row.get(0),
        )
    }

    /// Keeps a new product; its variants' SKUs are there.
    pub fn insert_product(
        &mut self,
        id: ProductId,
        product: &Product,
        actor: &Actor,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO product (id, organization_id, title, brand, description, tags, variant_count, version, \
                                  created_at, updated_at, actor) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8, $9)",
            params![
                id,
                self.id,
                &product.title,
                &product.brand,
                &product.description,
                &product.tags.join("\n"),
                count_of(product),
                now,
                &actor.to_string()
            ],
        )?;
        self.keep_parts(id, product)
    }

    /// Changes a product that is still at version `seen`; false when it is not, or not there.
    pub fn update_product(
        &mut self,
        id: ProductId,
        seen: i64,
        product: &Product,
        actor: &Actor,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE product SET title = $4, brand = $5, description = $6, tags = $7, variant_count = $8, \
               version = version + 1, updated_at = $9, actor = $10 \
             WHERE organization_id = $1 AND id = $2 AND version = $3",
            params![
                self.id,
                id,
                seen,
                &product.title,
                &product.brand,
                &product.description,
                &product.tags.join("\n"),
                count_of(product),
                now,
                &actor.to_string()
            ],
        )?;
        if touched == 0 {
            return Ok(false);
        }
        for table in ["product_axis", "product_tag", "product_word", "product_variant"] {
            let sql = format!("DELETE FROM {table} WHERE organization_id = $1 AND product_id = $2");
            self.tx.execute(&sql, params![self.id, id])?;
        }
        self.keep_parts(id, product)?;
        Ok(true)
    }

    /// Axes, tags, words and variants of a product that has none yet.
    fn keep_parts(&mut self, id: ProductId, product: &Product) -> StoreResult<()> {
        for (place, axis) in (1_i64..).zip(&product.axes) {
            self.tx.execute_exactly(
                1,
                "INSERT INTO product_axis (organization_id, product_id, place, name, options) \
                 VALUES ($1, $2, $3, $4, $5)",
                params![self.id, id, place, &axis.name, &axis.options.join("\n")],
            )?;
        }
        for tag in &product.tags {
            self.tx.execute(
                "INSERT INTO product_tag (organization_id, product_id, tag) VALUES ($1, $2, $3) \
                 ON CONFLICT (product_id, tag) DO NOTHING",
                params![self.id, id, &title_key(tag)],
            )?;
        }
        let turn = id.to_string();
        for (place, variant) in (1_i64..).zip(&product.variants) {
            let option = |axis: usize| variant.options.get(axis).map_or("", String::as_str);
            self.tx.at_the_end(
                &turn,
                Some(1),
                "INSERT INTO product_variant (sku_id, organization_id, product_id, place, option_1, option_2, option_3) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                params![variant.sku, self.id, id, place, option(0), option(1), option(2)],
            )?;
        }
        for word in search_words(product) {
            self.tx.at_the_end(
                &turn,
                Some(1),
                "INSERT INTO product_word (organization_id, product_id, word) VALUES ($1, $2, $3)",
                params![self.id, id, word.as_bytes()],
            )?;
        }
        Ok(())
    }

    /// Puts a product away or takes it back; false when there is none, or it is so already.
    pub fn archive_product(
        &mut self,
        id: ProductId,
        archived_at: Option<Timestamp>,
        actor: &Actor,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let before = if archived_at.is_some() { "archived_at IS NULL" } else { "archived_at IS NOT NULL" };
        let sql = format!(
            "UPDATE product SET archived_at = $3, version = version + 1, updated_at = $4, actor = $5 \
             WHERE organization_id = $1 AND id = $2 AND {before}"
        );
        let touched = self.tx.execute(&sql, params![self.id, id, archived_at, now, &actor.to_string()])?;
        Ok(touched == 1)
    }

    /// Keeps what is known of a SKU, but for what it costs.
    pub fn keep_facts(&mut self, sku: SkuId, facts: &Facts) -> StoreResult<()> {
        let (gtin, ncm) = (facts.gtin.as_ref().map(Gtin::as_str), facts.ncm.as_ref().map(Ncm::as_str));
        let origin = facts.origin.map(|origin| i64::from(origin.code()));
        self.tx.execute_exactly(
            1,
            "INSERT INTO sku_fact (sku_id, organization_id, gtin, weight_g, length_mm, width_mm, height_mm, ncm, origin) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (sku_id) DO UPDATE SET gtin = excluded.gtin, weight_g = excluded.weight_g, \
               length_mm = excluded.length_mm, width_mm = excluded.width_mm, height_mm = excluded.height_mm, \
               ncm = excluded.ncm, origin = excluded.origin \
             WHERE sku_fact.organization_id = excluded.organization_id",
            params![
                sku,
                self.id,
                gtin,
                facts.weight_g,
                facts.length_mm,
                facts.width_mm,
                facts.height_mm,
                ncm,
                origin
            ],
        )
    }

    /// What a SKU costs from `now` on.
    pub fn keep_cost(&mut self, sku: SkuId, facts: &Facts, actor: &Actor, now: Timestamp) -> StoreResult<()> {
        let currency = facts.cost.map_or(domain::catalogue::COST_CURRENCY, |cost| cost.currency);
        self.tx.execute_exactly(
            1,
            "INSERT INTO sku_cost (sku_id, valid_from, organization_id, cost_minor, currency, tax_basis_points, actor) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (sku_id, valid_from) DO UPDATE SET cost_minor = excluded.cost_minor, \
               currency = excluded.currency, tax_basis_points = excluded.tax_basis_points, actor = excluded.actor \
             WHERE sku_cost.organization_id = excluded.organization_id",
            params![
                sku,
                now,
                self.id,
                facts.cost.map(|cost| cost.minor),
                currency.code(),
                facts.tax_basis_points,
                &actor.to_string()
            ],
        )
    }

    /// What a SKU cost from an instant that has passed until the next one that is known. Orders of that
    /// span are reckoned anew, by and by; gives how many.
    pub fn keep_past_cost(
        &mut self,
        sku: SkuId,
        facts: &Facts,
        actor: &Actor,
        from: Timestamp,
    ) -> StoreResult<u64> {
        self.keep_cost(sku, facts, actor, from)?;
        let next: Option<Timestamp> = self
            .tx
            .row(
                "SELECT MIN(valid_from) FROM sku_cost \
                 WHERE organization_id = $1 AND sku_id = $2 AND valid_from > $3",
                params![self.id, sku, from],
                |row| row.get(0),
            )?
            .flatten();
        self.profits_of_sku_are_due(sku, from, next.unwrap_or(Timestamp::from_millis(i64::MAX)))
    }

    /// What is known of a SKU now; nothing of one that is not there.
    pub fn facts_of(&mut self, sku: SkuId) -> StoreResult<Facts> {
        let sql = format!(
            "SELECT {FACT_COLUMNS} FROM sku s {WITH_FACTS} WHERE s.organization_id = $1 AND s.id = $2"
        );
        let found = self.tx.row(&sql, params![self.id, sku], |row| facts(row, 0))?;
        Ok(found.unwrap_or_default())
    }

    /// What people read of a SKU, and find it by. The row is written last, and by SKU as orders take their locks.
    pub fn title_sku(&mut self, sku: SkuId, title: &str) -> StoreResult<()> {
        if let Some(held) = self.sku(sku)?.filter(|held| held.title != title) {
            self.keep_sku_words(sku, &held.code, title)?;
        }
        self.tx.at_the_end(
            &sku.to_string(),
            Some(1),
            "UPDATE sku SET title = $3 WHERE organization_id = $1 AND id = $2",
            params![self.id, sku, title],
        )
    }

    /// When a SKU was first counted; `None` while it never was.
    pub fn sku_counted_at(&mut self, id: SkuId) -> StoreResult<Option<Timestamp>> {
        self.tx.row(
            "SELECT at FROM ledger WHERE organization_id = $1 AND sku_id = $2 AND version = 1",
            params![self.id, id],
            |row| row.get(0),
        )
    }
}

fn count_of(product: &Product) -> i64 {
    i64::try_from(product.variants.len()).unwrap_or(i64::MAX)
}

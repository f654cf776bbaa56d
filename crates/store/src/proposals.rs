//! What proposals for listings without a SKU are made of (`domain::proposal`): found by index, however many SKUs
//! there are.

use std::collections::BTreeMap;

use domain::catalogue::Gtin;
use domain::proposal::{Goods, Offered, looked_up};
use domain::{ListingId, SkuId, TypedId as _};

use crate::db::{Row, StoreError, StoreResult, Val};
use crate::listings::{self, Listing};
use crate::{Tenant, params};

/// Listings without a SKU are counted up to this number.
pub const MAX_COUNTED: u32 = 1_000;
/// SKUs that are held against one listing at most.
const MAX_CANDIDATES: usize = 40;
/// A word that more SKUs have says little by itself.
const FEW_SKUS: usize = 1_000;
/// Where every word of a listing is one that many SKUs have, so many of those of its first one are asked for all.
const MANY_SKUS: u32 = 5_000;

/// A SKU as proposals know it, unless its product is put away.
const GOODS: &str = "SELECT s.id, s.code, s.title, f.gtin, v.option_1, v.option_2, v.option_3 FROM sku s \
     LEFT JOIN sku_fact f ON f.sku_id = s.id LEFT JOIN product_variant v ON v.sku_id = s.id \
     LEFT JOIN product p ON p.id = v.product_id WHERE s.organization_id = $1 AND p.archived_at IS NULL";
/// A listing that proposals are made for. A piece of a statement.
const WAITS: &str = "organization_id = $1 AND sku_id IS NULL AND state <> 'closed'";

fn goods(row: &Row<'_>) -> StoreResult<Goods> {
    let gtin: Option<String> = row.get(3)?;
    let parsed = gtin.map(|value| {
        let parsed = Gtin::parse(&value).ok();
        parsed.ok_or(StoreError::Inconsistent { table: "sku_fact", column: "gtin", value })
    });
    let options: [Option<String>; 3] = [row.get(4)?, row.get(5)?, row.get(6)?];
    Ok(Goods {
        sku: row.get(0)?,
        code: row.get(1)?,
        title: row.get(2)?,
        options: options.into_iter().flatten().filter(|option| !option.is_empty()).collect(),
        gtin: parsed.transpose()?,
    })
}

impl Tenant<'_, '_> {
    /// Listings that have no SKU and are not over, after `after`, the oldest first.
    pub fn unlinked_page(&mut self, after: Option<ListingId>, limit: u32) -> StoreResult<Vec<Listing>> {
        let after = after.unwrap_or(ListingId::from_bytes([0; 16]));
        let columns = listings::COLUMNS;
        self.tx.rows(
            &format!("SELECT {columns} FROM listing WHERE {WAITS} AND id > $2 ORDER BY id LIMIT $3"),
            params![self.id, after, limit],
            listings::listing,
        )
    }

    /// How many listings have no SKU and are not over, up to [`MAX_COUNTED`].
    pub fn unlinked_count(&mut self) -> StoreResult<i64> {
        let sql =
            format!("SELECT COUNT(*) FROM (SELECT 1 FROM listing WHERE {WAITS} LIMIT {MAX_COUNTED}) few");
        let count = self.tx.row(&sql, params![self.id], |row| row.get(0))?;
        Ok(count.unwrap_or_default())
    }

    /// A SKU as proposals know it; `None` where there is none, or its product is put away.
    pub fn goods(&mut self, sku: SkuId) -> StoreResult<Option<Goods>> {
        self.tx.row(&format!("{GOODS} AND s.id = $2"), params![self.id, sku], goods)
    }

    /// SKUs that a listing may mean: those of its bar codes, of its code, and those that share the most of its words.
    pub fn goods_for(&mut self, offered: &Offered, title: &str) -> StoreResult<Vec<Goods>> {
        let mut found: BTreeMap<SkuId, usize> = BTreeMap::new();
        for gtin in offered.gtins() {
            let ids = self.tx.rows(
                "SELECT sku_id FROM sku_fact WHERE organization_id = $1 AND gtin = $2 ORDER BY sku_id LIMIT $3",
                params![self.id, gtin.as_str(), u32::try_from(MAX_CANDIDATES).unwrap_or(u32::MAX)],
                |row| row.get(0),
            )?;
            found.extend(ids.into_iter().map(|id: SkuId| (id, usize::MAX)));
        }
        if !offered.code().is_empty() {
            let code = offered.code().to_owned();
            let ids = self.skus_with_word([&code, &code])?.into_iter().take(MAX_CANDIDATES);
            found.extend(ids.map(|id| (id, usize::MAX)));
        }
        for (id, words) in self.skus_sharing_words(title)? {
            let known = found.entry(id).or_default();
            *known = known.saturating_add(words);
        }
        let mut ranked: Vec<(usize, SkuId)> = found.into_iter().map(|(id, words)| (words, id)).collect();
        ranked.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        let mut all = Vec::new();
        for (_, id) in ranked.into_iter().take(MAX_CANDIDATES) {
            all.extend(self.goods(id)?);
        }
        Ok(all)
    }

    /// SKUs by how many words they share with a title. Words that too many have are asked for only where there are
    /// no others, and then all at once.
    fn skus_sharing_words(&mut self, title: &str) -> StoreResult<BTreeMap<SkuId, usize>> {
        let words = looked_up(title);
        let mut shared: BTreeMap<SkuId, usize> = BTreeMap::new();
        let mut common = 0;
        for [single, plural] in &words {
            let ids = self.skus_with_word([single, plural])?;
            if ids.len() > FEW_SKUS {
                common += 1;
                continue;
            }
            for id in ids {
                *shared.entry(id).or_default() += 1;
            }
        }
        if common == 0 || !shared.is_empty() {
            return Ok(shared);
        }
        let all = self.skus_with_all(&words)?;
        Ok(all.into_iter().map(|id| (id, words.len())).collect())
    }

    fn skus_with_word(&mut self, [single, plural]: [&String; 2]) -> StoreResult<Vec<SkuId>> {
        self.tx.rows(
            &format!(
                "SELECT DISTINCT sku_id FROM sku_word WHERE organization_id = $1 AND word IN ($2, $3) LIMIT {}",
                FEW_SKUS + 1
            ),
            params![self.id, single.as_bytes(), plural.as_bytes()],
            |row| row.get(0),
        )
    }

    fn skus_with_all(&mut self, words: &[[String; 2]]) -> StoreResult<Vec<SkuId>> {
        let Some((first, others)) = words.split_first() else { return Ok(Vec::new()) };
        let mut values = vec![Val::from(self.id)];
        values.extend(first.iter().chain(others.iter().flatten()).map(|word| Val::from(word.as_bytes())));
        let has: Vec<String> = (0..others.len())
            .map(|place| {
                let (single, plural) = (2 * place + 4, 2 * place + 5);
                format!(
                    " AND EXISTS (SELECT 1 FROM sku_word o WHERE o.sku_id = w.sku_id AND o.word IN (${single}, ${plural}))"
                )
            })
            .collect();
        let has = has.concat();
        let sql = format!(
            "SELECT DISTINCT w.sku_id FROM (SELECT organization_id, sku_id FROM sku_word WHERE organization_id = $1 \
               AND word IN ($2, $3) LIMIT {MANY_SKUS}) w WHERE w.organization_id = $1{has} LIMIT {MAX_CANDIDATES}"
        );
        self.tx.rows(&sql, &values, |row| row.get(0))
    }

    /// Says which SKU a listing sells that has none; false where it has one, or is over.
    pub fn link_unlinked(&mut self, id: ListingId, sku: SkuId) -> StoreResult<bool> {
        let sql = format!(
            "UPDATE listing SET sku_id = $3, confirmed_version = 0, held_units = 0, held_since = NULL, unsure = 1 \
             WHERE {WAITS} AND id = $2"
        );
        Ok(self.tx.execute(&sql, params![self.id, id, sku])? == 1)
    }
}

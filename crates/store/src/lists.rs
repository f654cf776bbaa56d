//! The lists of SKUs and listings, as quick in a large shop as in a small one: what a narrowed list
//! shows is found by an index, never by walking through everything.
//!
//! A text is looked for among words that were put down when the row was written. What may differ between a
//! listing and its SKU is marked (`unsure`) by whoever writes either row, in that very statement; marks are taken
//! off by [`Tenant::settle_skus`] and [`Tenant::settle_listings`]. A mark too many costs time, none is ever missing.

use domain::catalogue::{SearchRange, search_ranges, words_of};
use domain::proposal::code_key;
use domain::stock::{LOW_COVER_DAYS, SALES_SPAN_DAYS};
use domain::{ConnectionId, ListingId, OrganizationId, SkuId, Timestamp, TypedId as _};

use crate::db::{StoreResult, Tx, Val};
use crate::kits::{FREE, free};
use crate::listings::{self, Listing};
use crate::pages::{PAGE_ROWS, Query};
use crate::stock::{self, Sku};
use crate::stock_history::SOLD_SINCE;
use crate::{Tenant, params};

/// A listing takes units and is told them by the house. A piece of a statement about `listing`.
const IS_TOLD: &str = "listing.stock_control = 'seller' AND listing.state IN ('active', 'paused')";
/// It shows another number than its SKU has, less what it holds back itself (`Listing::told_from`). A piece of a
/// statement about `listing` and `sku`.
const DIFFERS: &str = concat!(
    "listing.shown_units <> CASE WHEN (",
    free!(),
    ") > listing.held_units THEN (",
    free!(),
    ") - listing.held_units ELSE 0 END"
);
/// Its SKU's units are given out by the listing, so none has to show them all.
const IS_SPLIT: &str =
    "EXISTS (SELECT 1 FROM sku_split d WHERE d.sku_id = listing.sku_id AND d.is_split = 1)";
/// Up to so many rows with a word are looked at one by one; of more, the list is walked in its order and each row asked
/// for the word: a page of them is soon full.
const FEW_ROWS: u32 = 4_000;

/// Which SKUs a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkuFilter {
    /// Beginnings of words of the code or title; empty for all.
    pub text: String,
    /// Which of them.
    pub show: SkuShow,
}

/// Which SKUs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SkuShow {
    /// All.
    #[default]
    All,
    /// Sold more often than they lie on the shelf.
    Oversold,
    /// Nothing to offer.
    Out,
    /// Less to offer than sells in [`LOW_COVER_DAYS`], as it sold since an instant
    /// [`SALES_SPAN_DAYS`] ago.
    Low {
        /// That instant.
        sold_since: Timestamp,
    },
}

/// Which listings a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListingFilter {
    /// Beginnings of words of the title, the number or the code; empty for all.
    pub text: String,
    /// Only of this connection.
    pub connection: Option<ConnectionId>,
    /// Which of them.
    pub show: ListingShow,
}

/// Which listings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListingShow {
    /// All.
    #[default]
    All,
    /// Linked to no SKU.
    Unlinked,
    /// Showing another number than they should.
    Drift,
}

/// What has words.
#[derive(Debug, Clone, Copy)]
struct Worded {
    /// The table of its words.
    words: &'static str,
    /// The column there that names it.
    owner: &'static str,
    /// Its own table.
    table: &'static str,
}

const SKUS: Worded = Worded { words: "sku_word", owner: "sku_id", table: "sku" };
const LISTINGS: Worded = Worded { words: "listing_word", owner: "listing_id", table: "listing" };

impl Tenant<'_, '_> {
    /// SKUs by code, after `after`, and how many listings sell each.
    pub fn sku_page(&mut self, after: &str, filter: &SkuFilter) -> StoreResult<Vec<(Sku, i64)>> {
        let Some(words) = searched(&filter.text) else { return Ok(Vec::new()) };
        let mut query = Query::new("organization_id = ?", self.id.into());
        query.and("code > ?", &[after.into()]);
        self.narrow_to(&mut query, SKUS, &words)?;
        match filter.show {
            SkuShow::All | SkuShow::Out => {}
            SkuShow::Oversold => query.and("reserved_units > on_hand_units", &[]),
            SkuShow::Low { sold_since } => {
                let sold = query.take(SOLD_SINCE, &[sold_since.into(), sold_since.into()]);
                let free = format!("({FREE})");
                query.and_taken(&format!("{sold} > 0"));
                query.and_taken(&format!("{free} * {SALES_SPAN_DAYS} <= {sold} * {LOW_COVER_DAYS}"));
            }
        }
        let (columns, conditions, limit) = (stock::COLUMNS, query.conditions(), PAGE_ROWS + 1);
        let page = |more: &str| {
            format!("SELECT sku.* FROM sku WHERE {conditions}{more} ORDER BY code LIMIT {limit}")
        };
        let rows = if filter.show == SkuShow::Out {
            // Each of the two has an index of its own.
            let out = page(" AND is_kit = 0 AND on_hand_units - reserved_units - safety_units <= 0");
            let kits = page(&format!(" AND is_kit = 1 AND ({FREE}) <= 0"));
            format!("SELECT * FROM ({out}) plain UNION ALL SELECT * FROM ({kits}) kits")
        } else {
            page("")
        };
        let sql = format!(
            "SELECT {columns}, (SELECT COUNT(*) FROM listing WHERE listing.sku_id = sku.id) FROM ({rows}) sku \
             ORDER BY code LIMIT {limit}"
        );
        self.tx.rows(&sql, query.params(), |row| Ok((stock::sku(row)?, row.get(9)?)))
    }

    /// Listings after `after`, the oldest first, each with its SKU.
    pub fn listing_page(
        &mut self,
        after: Option<ListingId>,
        filter: &ListingFilter,
    ) -> StoreResult<Vec<(Listing, Option<Sku>)>> {
        let Some(words) = searched(&filter.text) else { return Ok(Vec::new()) };
        let mut query = Query::new("listing.organization_id = ?", self.id.into());
        if let Some(after) = after {
            query.and("listing.id > ?", &[after.into()]);
        }
        if let Some(connection) = filter.connection {
            query.and("connection_id = ?", &[connection.into()]);
        }
        self.narrow_to(&mut query, LISTINGS, &words)?;
        let from = match filter.show {
            ListingShow::All => "listing",
            ListingShow::Unlinked => {
                query.and("sku_id IS NULL", &[]);
                "listing"
            }
            ListingShow::Drift => {
                query.and_taken(&format!(
                    "{IS_TOLD} AND NOT {IS_SPLIT} \
                     AND EXISTS (SELECT 1 FROM sku WHERE sku.id = listing.sku_id AND {DIFFERS})"
                ));
                query.and("listing.id = u.listing_id", &[]);
                // CROSS JOIN: SQLite is to begin with what is marked.
                "(SELECT id AS listing_id FROM listing WHERE organization_id = $1 AND unsure = 1 \
                  UNION SELECT l.id FROM sku s JOIN listing l ON l.sku_id = s.id \
                    WHERE s.organization_id = $1 AND s.unsure = 1) u CROSS JOIN listing"
            }
        };
        let sql = format!(
            "SELECT {} FROM {from} WHERE {} ORDER BY id LIMIT {}",
            listings::COLUMNS,
            query.conditions(),
            PAGE_ROWS + 1
        );
        self.tx
            .rows(&sql, query.params(), listings::listing)?
            .into_iter()
            .map(|listing| {
                let sku = listing.sku.map(|sku| self.sku(sku)).transpose()?.flatten();
                Ok((listing, sku))
            })
            .collect()
    }

    /// Narrows a list to what has words that begin so.
    fn narrow_to<'v>(
        &mut self,
        query: &mut Query<'v>,
        of: Worded,
        ranges: &'v [SearchRange],
    ) -> StoreResult<()> {
        let Worded { words, owner, table } = of;
        let mut rarest: Option<(i64, usize)> = None;
        for (place, range) in ranges.iter().enumerate() {
            let sql = format!(
                "SELECT COUNT(*) FROM (SELECT 1 FROM {words} WHERE organization_id = $1 AND word >= $2 AND word < $3 \
                 LIMIT {FEW_ROWS}) few"
            );
            let count = self.tx.row(&sql, params![self.id, &range.from, &range.until], |row| row.get(0))?;
            let count: i64 = count.unwrap_or_default();
            if count < i64::from(FEW_ROWS) && rarest.is_none_or(|(least, _)| count < least) {
                rarest = Some((count, place));
            }
        }
        let organization = self.id;
        for (place, range) in ranges.iter().enumerate() {
            let (from, until) = (Val::from(&range.from), Val::from(&range.until));
            let condition = if rarest.is_some_and(|(_, rarest)| rarest == place) {
                let those = format!(
                    "{table}.id IN (SELECT w.{owner} FROM {words} w WHERE w.organization_id = ? AND w.word >= ? \
                     AND w.word < ?)"
                );
                query.take(&those, &[organization.into(), from, until])
            } else {
                let has = format!(
                    "EXISTS (SELECT 1 FROM {words} w WHERE w.{owner} = {table}.id AND w.word >= ? AND w.word < ?)"
                );
                query.take(&has, &[from, until])
            };
            query.and_taken(&condition);
        }
        Ok(())
    }

    /// Puts down the words that a SKU is found by.
    pub(crate) fn keep_sku_words(&mut self, id: SkuId, code: &str, title: &str) -> StoreResult<()> {
        // Whoever writes a code with other marks, or without any, means the same.
        self.keep_words(SKUS, id.into(), &[&code_key(code), code, title])
    }

    /// Puts down the words that a listing is found by.
    pub(crate) fn keep_listing_words(&mut self, listing: &Listing) -> StoreResult<()> {
        let code = listing.seller_sku.as_deref().unwrap_or_default();
        self.keep_words(LISTINGS, listing.id.into(), &[&listing.title, &listing.external_id, code])
    }

    fn keep_words(&mut self, of: Worded, id: Val<'_>, texts: &[&str]) -> StoreResult<()> {
        let Worded { words, owner, table } = of;
        let found = words_of(texts);
        let gone = format!("DELETE FROM {words} WHERE organization_id = $1 AND {owner} = $2");
        self.tx.execute(&gone, &[self.id.into(), id])?;
        if !found.is_empty() {
            let mut values = vec![Val::from(self.id), id];
            values.extend(found.iter().map(|word| Val::from(word.as_bytes())));
            let rows: Vec<String> = (3..=values.len()).map(|place| format!("($1, $2, ${place})")).collect();
            let kept =
                format!("INSERT INTO {words} (organization_id, {owner}, word) VALUES {}", rows.join(", "));
            self.tx.execute(&kept, &values)?;
        }
        let noted = format!(
            "UPDATE {table} SET has_words = 1 WHERE organization_id = $1 AND id = $2 AND has_words = 0"
        );
        self.tx.execute(&noted, &[self.id.into(), id])?;
        Ok(())
    }

    /// Puts down the words of up to `limit` SKUs and as many listings that have none yet, being of before;
    /// whether there may be more.
    pub fn word_lists(&mut self, limit: u32) -> StoreResult<bool> {
        let skus = self.tx.rows(
            "SELECT id, code, title FROM sku WHERE organization_id = $1 AND has_words = 0 ORDER BY id LIMIT $2",
            params![self.id, limit],
            |row| Ok((row.get::<SkuId>(0)?, row.get::<String>(1)?, row.get::<String>(2)?)),
        )?;
        for (id, code, title) in &skus {
            self.keep_sku_words(*id, code, title)?;
        }
        let sql = format!(
            "SELECT {} FROM listing WHERE organization_id = $1 AND has_words = 0 ORDER BY id LIMIT $2",
            listings::COLUMNS
        );
        let wordless = self.tx.rows(&sql, params![self.id, limit], listings::listing)?;
        for listing in &wordless {
            self.keep_listing_words(listing)?;
        }
        Ok(skus.len().max(wordless.len()) >= limit as usize)
    }

    /// Takes the marks off up to `limit` SKUs behind `after` whose listings show what they should. The last one that was
    /// looked at; `None` at the end. One that is changed meanwhile keeps its mark.
    pub fn settle_skus(&mut self, after: Option<SkuId>, limit: u32) -> StoreResult<Option<SkuId>> {
        let differing =
            format!("SELECT COUNT(*) FROM listing WHERE listing.sku_id = sku.id AND {IS_TOLD} AND {DIFFERS}");
        let sql = format!(
            "SELECT id, version, kit_version, safety_units, ({differing}) FROM sku \
             WHERE organization_id = $1 AND unsure = 1 AND id > $2 ORDER BY id LIMIT {limit}"
        );
        let after = after.unwrap_or(SkuId::from_bytes([0; 16]));
        let looked_at = self.tx.rows(&sql, params![self.id, after], |row| {
            let seen: (i64, i64, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get::<SkuId>(0)?, seen, row.get::<i64>(4)? > 0))
        })?;
        for (id, (version, kit_version, safety_units), differs) in &looked_at {
            if !differs {
                self.tx.execute(
                    "UPDATE sku SET unsure = 0 WHERE organization_id = $1 AND id = $2 AND version = $3 \
                       AND kit_version = $4 AND safety_units = $5",
                    params![self.id, *id, *version, *kit_version, *safety_units],
                )?;
            }
        }
        Ok(looked_at.last().map(|(id, ..)| *id).filter(|_| looked_at.len() >= limit as usize))
    }

    /// The same for listings. One that takes no units, or has no SKU, shows what it should.
    pub fn settle_listings(
        &mut self,
        after: Option<ListingId>,
        limit: u32,
    ) -> StoreResult<Option<ListingId>> {
        let sql = format!(
            "SELECT id, shown_units, held_units, state, sku_id, \
               (SELECT COUNT(*) FROM sku WHERE sku.id = listing.sku_id AND {IS_TOLD} AND {DIFFERS}) FROM listing \
             WHERE organization_id = $1 AND unsure = 1 AND id > $2 ORDER BY id LIMIT {limit}"
        );
        let after = after.unwrap_or(ListingId::from_bytes([0; 16]));
        let looked_at = self.tx.rows(&sql, params![self.id, after], |row| {
            let seen: (i64, i64, String, Option<SkuId>) =
                (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok((row.get::<ListingId>(0)?, seen, row.get::<i64>(5)? > 0))
        })?;
        for (id, (shown, held, state, sku), differs) in &looked_at {
            if !differs {
                self.tx.execute(
                    "UPDATE listing SET unsure = 0 WHERE organization_id = $1 AND id = $2 AND shown_units = $3 \
                       AND held_units = $4 AND state = $5 AND (sku_id = $6 OR (sku_id IS NULL AND $6 IS NULL))",
                    params![self.id, *id, *shown, *held, state, *sku],
                )?;
            }
        }
        Ok(looked_at.last().map(|(id, ..)| *id).filter(|_| looked_at.len() >= limit as usize))
    }
}

/// What a text asks for; `None` where it asks for nothing that anything could have.
fn searched(text: &str) -> Option<Vec<SearchRange>> {
    let ranges = search_ranges(text);
    (text.trim().is_empty() || !ranges.is_empty()).then_some(ranges)
}

/// Organizations whose lists have marks to take off or words to put down.
pub fn organizations_to_settle(tx: &mut Tx<'_>) -> StoreResult<Vec<OrganizationId>> {
    tx.rows(
        "SELECT organization_id FROM listing WHERE unsure = 1 UNION \
         SELECT organization_id FROM sku WHERE unsure = 1 UNION \
         SELECT organization_id FROM listing WHERE has_words = 0 UNION \
         SELECT organization_id FROM sku WHERE has_words = 0",
        &[],
        |row| row.get(0),
    )
}

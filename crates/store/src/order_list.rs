//! The list of orders: what it is narrowed to, how a text is found, and one page of it.
//!
//! A text is looked up in two steps, so that a search costs what it finds and not what the
//! shop has sold. A shop sells few goods often: the different titles and codes of its lines
//! are walked first, one step of an index each. Those that match lead to orders. Where they
//! lead to few, these are fetched and sorted; where to many, the list is walked from its
//! newest until a page is full, which then comes soon (`docs/decisions/0018`).

use domain::order_list::{ShipWindow, search_words};
use domain::{ConnectionId, OrderId, PackageKind, SubjectId, Timestamp};

use crate::Tenant;
use crate::db::{StoreResult, Val};
use crate::pages::{Listed, ORDER_COLUMNS, OrderRow, PAGE_ROWS, Query, Turn, literal, order_row};

/// Longest text that is searched for, in characters; a longer one finds nothing.
pub const MAX_SEARCH_CHARS: usize = 200;
/// Different titles, and different codes, that a search walks at most: a shop that sold
/// more is not searched by those behind.
const MAX_GOODS_WALKED: u32 = 50_000;
/// Titles or codes that may match before the list is walked instead.
const MAX_GOODS_FOUND: usize = 256;
/// Lines that may match before the list is walked instead.
const MAX_LINES_FOUND: usize = 10_000;

/// Which orders a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only of this state (`to_dispatch`…).
    pub state: Option<String>,
    /// Only of this connection.
    pub connection: Option<ConnectionId>,
    /// Placed from here on.
    pub from: Option<Timestamp>,
    /// Placed before here.
    pub until: Option<Timestamp>,
    /// Only packages of this kind.
    pub kind: Option<PackageKind>,
    /// Only open orders whose deadline lies so.
    pub ship_by: Option<ShipWindow>,
    /// Only of these buyers; empty for everybody's.
    pub buyers: Vec<SubjectId>,
    /// An order, pack or shipment number or tracking code, whole; or the beginning of the
    /// seller's code of a line; or parts of a line's title, each word for itself.
    pub text: Option<String>,
}

/// How a text is found.
enum Search {
    /// By walking the list until a page is full.
    Walk,
    /// By fetching what numbers, codes and titles lead to.
    Fetch {
        /// Codes of lines.
        codes: Vec<String>,
        /// Titles of lines, as they are searched.
        titles: Vec<String>,
    },
}

/// A text as the statements take it.
struct Wanted {
    text: String,
    /// Pattern for the beginning of a code.
    code: String,
    /// Patterns for parts of a title.
    words: Vec<String>,
}

impl Wanted {
    /// `None` for a text that finds nothing.
    fn parse(text: &str) -> Option<Self> {
        let words = search_words(text).iter().map(|word| format!("%{}%", literal(word))).collect::<Vec<_>>();
        let fits = !words.is_empty() && text.chars().count() <= MAX_SEARCH_CHARS;
        fits.then(|| Self { text: text.to_owned(), code: format!("{}%", literal(text)), words })
    }

    /// `column LIKE word AND …`, with a question mark for each word.
    fn title_matches(&self, column: &str) -> String {
        let one = format!("{column} LIKE ? ESCAPE '\\'");
        vec![one; self.words.len()].join(" AND ")
    }

    fn words(&self) -> impl Iterator<Item = Val<'_>> {
        self.words.iter().map(Val::from)
    }
}

/// The different values of a line's column, the next one each time from the index.
fn goods(column: &str) -> String {
    let next = |after: &str| {
        format!(
            "(SELECT n.{column} FROM order_line n WHERE n.organization_id = ? AND n.{column} > {after} \
             ORDER BY n.{column} LIMIT 1)"
        )
    };
    format!(
        "WITH RECURSIVE goods (word, seen) AS (SELECT {}, 1 UNION ALL SELECT {}, goods.seen + 1 FROM goods \
         WHERE goods.word IS NOT NULL AND goods.seen < {MAX_GOODS_WALKED}) \
         SELECT word FROM goods WHERE word IS NOT NULL AND ",
        next("''"),
        next("goods.word")
    )
}

/// A list of values to compare with; of few lengths, so that few statements are kept.
fn padded(values: &[String]) -> Vec<Val<'_>> {
    let mut all: Vec<Val<'_>> = values.iter().map(Val::from).collect();
    if let Some(last) = all.last().copied() {
        all.resize(all.len().next_power_of_two(), last);
    }
    all
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

impl Tenant<'_, '_> {
    /// A page of orders.
    pub fn order_page(&mut self, filter: &OrderFilter, turn: Turn) -> StoreResult<Listed<OrderRow>> {
        let wanted = filter.text.as_deref().map(Wanted::parse);
        let search = match &wanted {
            None => None,
            Some(None) => return Ok(Listed { rows: Vec::new(), older: false, newer: false }),
            // A buyer's orders are few: they lead, and the text is asked of each.
            Some(Some(wanted)) if !filter.buyers.is_empty() => Some((wanted, Search::Walk)),
            Some(Some(wanted)) => Some((wanted, self.search_for(wanted)?)),
        };
        let mut query = Query::new("orders.organization_id = ?", self.id.into());
        let mut tables = String::from("orders");
        match &search {
            None => {}
            Some((wanted, Search::Walk)) => Self::walk(&mut query, wanted),
            Some((wanted, Search::Fetch { codes, titles })) => {
                let (found, values) = self.found(wanted, codes, titles);
                // What is found leads, whatever an engine believes of the other conditions.
                tables = format!("({}) AS found CROSS JOIN orders", query.take(&found, &values));
                query.and("orders.id = found.found_id", &[]);
            }
        }
        if !filter.buyers.is_empty() {
            let buyers: Vec<Val<'_>> =
                std::iter::once(self.id.into()).chain(filter.buyers.iter().map(|id| (*id).into())).collect();
            let found = format!(
                "(SELECT o.id AS found_id FROM buyer b CROSS JOIN orders o WHERE b.organization_id = ? \
                 AND b.id IN ({}) AND o.connection_id = b.connection_id \
                 AND o.buyer_external_id = b.external_id) AS found CROSS JOIN orders",
                marks(filter.buyers.len())
            );
            tables = query.take(&found, &buyers);
            query.and("orders.id = found.found_id", &[]);
        }
        narrow(&mut query, filter);
        match turn {
            Turn::First => {}
            Turn::Older(key) => query.and("(placed_at, id) < (?, ?)", &[key.placed_at.into(), key.id.into()]),
            Turn::Newer(key) => query.and("(placed_at, id) > (?, ?)", &[key.placed_at.into(), key.id.into()]),
        }
        let descending = !matches!(turn, Turn::Newer(_));
        let order = if descending { "DESC" } else { "ASC" };
        let sql = format!(
            "SELECT {ORDER_COLUMNS} FROM {tables} WHERE {} ORDER BY placed_at {order}, id {order} LIMIT {}",
            query.conditions(),
            PAGE_ROWS + 1
        );
        let rows = self.tx.rows(&sql, query.params(), order_row)?;
        Ok(listed(rows, turn, descending))
    }

    /// Orders by their ids, those that there are.
    pub fn orders(&mut self, ids: &[OrderId]) -> StoreResult<Vec<OrderRow>> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.order(*id)?);
        }
        Ok(found)
    }

    /// The way that is the shorter one.
    fn search_for(&mut self, wanted: &Wanted) -> StoreResult<Search> {
        let code_matches = "LOWER(word) LIKE LOWER(?) ESCAPE '\\'";
        let codes = self.goods_like("seller_sku", code_matches, &[Val::from(&wanted.code)])?;
        let words: Vec<Val<'_>> = wanted.words().collect();
        let titles = self.goods_like("title_key", &wanted.title_matches("word"), &words)?;
        if codes.len() > MAX_GOODS_FOUND || titles.len() > MAX_GOODS_FOUND {
            return Ok(Search::Walk);
        }
        let lines = self.lines_of("seller_sku", &codes)? + self.lines_of("title_key", &titles)?;
        Ok(if lines > MAX_LINES_FOUND { Search::Walk } else { Search::Fetch { codes, titles } })
    }

    /// The different values of a line's column that match, and one more than are wanted.
    fn goods_like(&mut self, column: &str, matches: &str, values: &[Val<'_>]) -> StoreResult<Vec<String>> {
        let mut query = Query::empty();
        let organization = Val::from(self.id);
        let walked = query.take(&goods(column), &[organization, organization]);
        let wanted = query.take(matches, values);
        let sql = format!("{walked}{wanted} LIMIT {}", MAX_GOODS_FOUND + 1);
        self.tx.rows(&sql, query.params(), |row| row.get(0))
    }

    /// How many lines have one of these values: exact up to the limit, then one more.
    fn lines_of(&mut self, column: &str, values: &[String]) -> StoreResult<usize> {
        if values.is_empty() {
            return Ok(0);
        }
        let values = padded(values);
        let mut query = Query::empty();
        let mut all = vec![Val::from(self.id)];
        all.extend(values.iter().copied());
        let condition =
            query.take(&format!("organization_id = ? AND {column} IN ({})", marks(values.len())), &all);
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM order_line WHERE {condition} LIMIT {}) AS lines",
            MAX_LINES_FOUND + 1
        );
        let count: i64 = self.tx.row(&sql, query.params(), |row| row.get(0))?.unwrap_or(0);
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// The ids that numbers, codes and titles lead to, and the values of the statement.
    fn found<'v>(
        &self,
        wanted: &'v Wanted,
        codes: &'v [String],
        titles: &'v [String],
    ) -> (String, Vec<Val<'v>>) {
        let (organization, text) = (Val::from(self.id), Val::from(&wanted.text));
        let mut parts = vec![String::from(
            "SELECT id AS found_id FROM orders WHERE external_id = ? AND connection_id IN \
             (SELECT c.id FROM connection c WHERE c.organization_id = ?)",
        )];
        let mut values = vec![text, organization];
        for column in ["pack_external_id", "shipment_external_id", "tracking_code"] {
            parts.push(format!("SELECT id FROM orders WHERE organization_id = ? AND {column} = ?"));
            values.extend([organization, text]);
        }
        for (column, goods) in [("seller_sku", codes), ("title_key", titles)] {
            let goods = padded(goods);
            if goods.is_empty() {
                continue;
            }
            let list = marks(goods.len());
            parts.push(format!(
                "SELECT order_id FROM order_line WHERE organization_id = ? AND {column} IN ({list})"
            ));
            values.push(organization);
            values.extend(goods);
        }
        (parts.join(" UNION "), values)
    }

    /// The same, asked of each order. A line is of its order's organization; named again, it
    /// would lead engines to an index of all lines.
    fn walk<'v>(query: &mut Query<'v>, wanted: &'v Wanted) {
        let text = Val::from(&wanted.text);
        let mut values = vec![text, text, text, text, Val::from(&wanted.code)];
        values.extend(wanted.words());
        let condition = format!(
            "(external_id = ? OR pack_external_id = ? OR shipment_external_id = ? OR tracking_code = ? \
             OR EXISTS (SELECT 1 FROM order_line n WHERE n.order_id = orders.id \
             AND (LOWER(n.seller_sku) LIKE LOWER(?) ESCAPE '\\' OR ({}))))",
            wanted.title_matches("n.title_key")
        );
        let condition = query.take(&condition, &values);
        query.and_taken(&condition);
    }
}

fn narrow<'v>(query: &mut Query<'v>, filter: &'v OrderFilter) {
    if let Some(state) = &filter.state {
        query.and("state = ?", &[state.into()]);
    }
    if let Some(connection) = filter.connection {
        query.and("connection_id = ?", &[connection.into()]);
    }
    if let Some(from) = filter.from {
        query.and("placed_at >= ?", &[from.into()]);
    }
    if let Some(until) = filter.until {
        query.and("placed_at < ?", &[until.into()]);
    }
    if let Some(kind) = filter.kind {
        query.and("package_kind = ?", &[kind.as_str().into()]);
        // The index of the few packages is used where its condition stands in the statement,
        // and of no use where a state or deadline leaves fewer orders.
        if kind != PackageKind::Single && filter.state.is_none() && filter.ship_by.is_none() {
            query.and("package_kind <> 'single'", &[]);
        }
    }
    if let Some(window) = filter.ship_by {
        query.and("state IN ('to_dispatch', 'needs_attention')", &[]);
        match window {
            ShipWindow::Unset => query.and("ship_by IS NULL", &[]),
            ShipWindow::Within { from, until } => {
                query.and("ship_by IS NOT NULL", &[]);
                if let Some(from) = from {
                    query.and("ship_by >= ?", &[from.into()]);
                }
                if let Some(until) = until {
                    query.and("ship_by < ?", &[until.into()]);
                }
            }
        }
    }
}

/// A page of the rows that were read, of which the last tells that there are more.
fn listed(mut rows: Vec<OrderRow>, turn: Turn, descending: bool) -> Listed<OrderRow> {
    let more = rows.len() > PAGE_ROWS as usize;
    rows.truncate(PAGE_ROWS as usize);
    if !descending {
        rows.reverse();
    }
    match turn {
        Turn::First => Listed { rows, older: more, newer: false },
        Turn::Older(_) => Listed { rows, older: more, newer: true },
        Turn::Newer(_) => Listed { rows, older: true, newer: more },
    }
}

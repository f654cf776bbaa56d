//! The address of the list of orders: what it is narrowed to and which page is shown.

use std::time::Duration;

use app::buyers::MAX_BUYERS_FOUND;
use domain::{PackageKind, ShipDay, SubjectId, Timestamp};
use store::order_list::MAX_SEARCH_CHARS;
use store::pages::{OrderFilter, OrderKey, OrderRow, Turn};

use super::address::address;
use crate::pages::orders::OrdersFilter;

/// Between the ids of buyers in an address.
const BETWEEN_BUYERS: &str = ".";
const DAY: Duration = Duration::from_hours(24);

address! {
    /// What an address holds.
    ListQuery { state, connection, period, kind, ship, buyer, text, older, newer }
}

impl ListQuery {
    /// The same list from its newest.
    fn first_page(&self) -> Self {
        Self { older: String::new(), newer: String::new(), ..self.clone() }
    }

    /// The same list narrowed to a state.
    pub(crate) fn of_state(&self, state: &str) -> Self {
        Self { state: state.to_owned(), ..self.first_page() }
    }

    /// The same list narrowed to buyers.
    pub(crate) fn of_buyers(&self, buyers: &[SubjectId]) -> Self {
        let ids: Vec<String> = buyers.iter().map(ToString::to_string).collect();
        Self { buyer: ids.join(BETWEEN_BUYERS), ..self.first_page() }
    }

    /// `None` for ids that are none, or more than a search finds.
    fn buyers(&self) -> Option<Vec<SubjectId>> {
        let ids = self.buyer.split(BETWEEN_BUYERS).filter(|id| !id.is_empty());
        let ids: Vec<SubjectId> = ids.map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(ids).filter(|ids| ids.len() <= MAX_BUYERS_FOUND)
    }

    /// What it is narrowed to, as an address writes it and saved views keep it; empty for
    /// all orders.
    pub(crate) fn filter_text(&self) -> String {
        self.first_page().pairs()
    }

    /// Its address.
    pub(crate) fn link(&self) -> String {
        link_to(&self.pairs())
    }

    /// The address of the page that begins next to a row.
    pub(crate) fn beside(&self, row: &OrderRow, way: Way) -> String {
        let key = format!("{}.{}", row.placed_at.as_millis(), row.id);
        let mut query = self.first_page();
        match way {
            Way::Older => query.older = key,
            Way::Newer => query.newer = key,
        }
        query.link()
    }

    /// Which page is asked for; `None` when the address does not say it rightly.
    pub(crate) fn turn(&self) -> Option<Turn> {
        match (self.older.as_str(), self.newer.as_str()) {
            ("", "") => Some(Turn::First),
            (key, "") => parse_key(key).map(Turn::Older),
            ("", key) => parse_key(key).map(Turn::Newer),
            _ => None,
        }
    }

    /// What the store is asked for at `now`; `None` when the address holds a word that
    /// means nothing, or a text that is too long.
    pub(crate) fn filter(&self, now: Timestamp) -> Option<OrderFilter> {
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let from = match self.period.as_str() {
            "today" => Some(now.business_midnight(0)),
            "7d" => Some(now.minus(7 * DAY)),
            "30d" => Some(now.minus(30 * DAY)),
            _ => None,
        };
        let text = filled(&self.text);
        if text.as_ref().is_some_and(|text| text.chars().count() > MAX_SEARCH_CHARS) {
            return None;
        }
        Some(OrderFilter {
            state: filled(&self.state),
            connection: self.connection.parse().ok(),
            from,
            until: None,
            kind: word(&self.kind, PackageKind::parse).ok()?,
            ship_by: word(&self.ship, ShipDay::parse).ok()?.map(|day| day.window(now)),
            buyers: self.buyers()?,
            text,
        })
    }

    /// The same for the page.
    pub(crate) fn into_page(self) -> OrdersFilter {
        let rest = self.of_buyers(&[]).filter_text();
        let buyers = self.buyers().map_or(0, |ids| ids.len());
        OrdersFilter {
            buyers: i64::try_from(buyers).unwrap_or(i64::MAX),
            everybodys: link_to(&rest),
            rest,
            state: self.state,
            connection: self.connection,
            period: self.period,
            kind: self.kind,
            ship: self.ship,
            buyer: self.buyer,
            text: self.text,
        }
    }
}

/// Which way a page lies from a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    Older,
    Newer,
}

/// The address of a filter as it is kept.
pub(crate) fn link_to(filter: &str) -> String {
    if filter.is_empty() { "/orders".into() } else { format!("/orders?{filter}") }
}

/// A word of an address that means nothing.
struct Unknown;

/// Nothing for nothing, and what a word means for a word.
fn word<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Unknown> {
    match text {
        "" => Ok(None),
        word => parse(word).map(Some).ok_or(Unknown),
    }
}

/// The row that a page begins next to.
pub(super) fn parse_key(text: &str) -> Option<OrderKey> {
    let (at, id) = text.split_once('.')?;
    Some(OrderKey { placed_at: Timestamp::from_millis(at.parse().ok()?), id: id.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{OrderId, SeededEntropy, ShipWindow, TypedId};

    const NOW: Timestamp = Timestamp::from_millis(1_795_366_991_000);

    #[test]
    fn buyers_survive_their_address() {
        let entropy = SeededEntropy::new(1);
        let ids = [SubjectId::new(NOW, &entropy), SubjectId::new(NOW, &entropy)];
        let query = ListQuery::parse("state=shipped&older=5.x").of_buyers(&ids);
        let link = query.link();
        assert_eq!(link, format!("/orders?state=shipped&buyer={}.{}", ids[0], ids[1]));
        let again = ListQuery::parse(link.trim_start_matches("/orders?"));
        assert_eq!(again.filter(NOW).unwrap().buyers, ids);
        assert_eq!(again.into_page().everybodys, "/orders?state=shipped");
    }

    #[test]
    fn what_is_no_buyer_is_no_filter() {
        let many = vec![SubjectId::from_bytes([1; 16]).to_string(); MAX_BUYERS_FOUND + 1].join(".");
        for wrong in ["maria", "sub_1", &many] {
            assert!(ListQuery::parse(&format!("buyer={wrong}")).filter(NOW).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_key_survives_its_address() {
        let id = OrderId::new(Timestamp::from_millis(5), &SeededEntropy::new(1));
        let key = OrderKey { placed_at: Timestamp::from_millis(5), id };
        assert_eq!(parse_key(&format!("5.{id}")), Some(key));
        for wrong in ["", "5", "5.", "x.ord_1", "5.sku_00000000000000000000000000"] {
            assert_eq!(parse_key(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn two_directions_at_once_are_no_page() {
        let query = ListQuery { older: "1.a".into(), newer: "1.b".into(), ..ListQuery::default() };
        assert_eq!(query.turn(), None);
    }

    #[test]
    fn an_address_keeps_what_the_list_was_narrowed_to() {
        let query = ListQuery { state: "shipped".into(), text: "caneca azul".into(), ..ListQuery::default() };
        assert_eq!(query.link(), "/orders?state=shipped&text=caneca+azul");
        assert_eq!(ListQuery::default().link(), "/orders");
    }

    #[test]
    fn a_filter_comes_back_from_its_address_without_the_page() {
        let text = "kind=mixed&ship=late&text=ch%C3%A1+%26+caf%C3%A9";
        let query = ListQuery::parse(&format!("older=1.x&{text}&csrf=1&kind2=x"));
        assert_eq!((query.kind.as_str(), query.text.as_str()), ("mixed", "chá & café"));
        assert_eq!(query.filter_text(), text);
        assert_eq!(ListQuery::parse(&query.filter_text()), query.first_page());
    }

    #[test]
    fn words_of_the_address_become_what_the_store_looks_for() {
        let query = ListQuery { kind: "mixed".into(), ship: "none".into(), ..ListQuery::default() };
        let filter = query.filter(NOW).expect("both words are known");
        assert_eq!((filter.kind, filter.ship_by), (Some(PackageKind::Mixed), Some(ShipWindow::Unset)));
        assert_eq!(ListQuery::default().filter(NOW), Some(OrderFilter::default()));
    }

    #[test]
    fn a_word_that_means_nothing_and_a_text_without_end_are_refused() {
        let kind = ListQuery { kind: "heavy".into(), ..ListQuery::default() };
        let ship = ListQuery { ship: "yesterday".into(), ..ListQuery::default() };
        let text = ListQuery { text: "a".repeat(MAX_SEARCH_CHARS + 1), ..ListQuery::default() };
        for query in [kind, ship, text] {
            assert_eq!(query.filter(NOW), None, "{query:?}");
        }
    }
}

//! What stands around the list of orders: saved views, and what became of picked orders.

use app::picked::NotAsked;
use askama::Template;
use domain::view::{MAX_VIEW_NAME_CHARS, MAX_VIEWS};
use domain::{OrderId, ViewId};

use crate::Chrome;

/// A saved view above the list.
#[derive(Debug, Clone)]
pub struct ViewTab {
    /// Id.
    pub id: ViewId,
    /// What its member calls it.
    pub name: String,
    /// The address of what it narrows to.
    pub href: String,
    /// Whether the list shows just this.
    pub current: bool,
}

/// The views above the list.
#[derive(Debug, Clone, Default)]
pub struct Views {
    /// The member's views, in their order.
    pub tabs: Vec<ViewTab>,
    /// What the list is narrowed to, when it can be saved as one more view.
    pub unsaved: Option<String>,
}

impl Views {
    pub(crate) const MAX_NAME: usize = MAX_VIEW_NAME_CHARS;

    /// Whether the list is one that no tab names.
    pub(crate) fn is_all(&self, narrowed: bool) -> bool {
        !narrowed && self.tabs.iter().all(|tab| !tab.current)
    }

    /// The filter to be saved, while there is room for one more.
    #[must_use]
    pub fn savable(tabs: &[ViewTab], filter: &str) -> Option<String> {
        let known = tabs.iter().any(|tab| tab.current);
        (!filter.is_empty() && !known && tabs.len() < MAX_VIEWS).then(|| filter.to_owned())
    }
}

/// `GET /orders/views`.
#[derive(Debug, Template)]
#[template(path = "order_views.html")]
pub struct ViewsPage {
    /// Around it.
    pub chrome: Chrome,
    /// The member's views, in their order.
    pub tabs: Vec<ViewTab>,
}

impl ViewsPage {
    const MAX_NAME: usize = MAX_VIEW_NAME_CHARS;

    fn is_first(tab: &ViewTab, tabs: &[ViewTab]) -> bool {
        tabs.first().is_some_and(|first| first.id == tab.id)
    }

    fn is_last(tab: &ViewTab, tabs: &[ViewTab]) -> bool {
        tabs.last().is_some_and(|last| last.id == tab.id)
    }
}

/// An order with which nothing was done.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The order.
    pub id: OrderId,
    /// Its number, where it is known.
    pub number: Option<String>,
    /// Why not.
    pub why: NotAsked,
}

/// What became of picked orders, where not all could be done.
#[derive(Debug, Template)]
#[template(path = "orders_picked.html")]
pub struct PickedPage {
    /// Around it.
    pub chrome: Chrome,
    /// How many are read again.
    pub asked: i64,
    /// The others.
    pub refused: Vec<Refused>,
    /// The list they were picked from.
    pub back: String,
}

impl PickedPage {
    fn refused_count(&self) -> i64 {
        i64::try_from(self.refused.len()).unwrap_or(i64::MAX)
    }
}

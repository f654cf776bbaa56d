//! All orders, and what was last searched for among them.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Deref, DerefMut};

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::order::Order;

/// Searches whose result is remembered.
const SEARCHES: usize = 4;

/// Orders by id. Reading them changes nothing; whoever may have changed one is counted, so
/// that a search is only done anew when it could find something else.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Orders {
    all: BTreeMap<i64, Order>,
    #[serde(skip)]
    changes: u64,
    #[serde(skip)]
    searches: VecDeque<Search>,
}

/// What was found, and when.
#[derive(Debug, Clone)]
struct Search {
    question: String,
    changes: u64,
    /// When the earliest of them was placed: it can fall out of the past that is searched.
    earliest: Option<Timestamp>,
    ids: Vec<i64>,
}

impl Orders {
    /// The ids that a search finds. It is known by its question; `find` does it over all
    /// orders placed since `oldest`. A reader of a hundred thousand orders asks for
    /// thousands of pages of one search, and looking through them all for each took longer
    /// than everything else.
    pub(crate) fn searched(
        &mut self,
        question: &str,
        oldest: Timestamp,
        find: impl FnOnce(&BTreeMap<i64, Order>) -> Vec<i64>,
    ) -> &[i64] {
        let is_good = |search: &Search| {
            let is_whole = search.earliest.is_none_or(|earliest| earliest >= oldest);
            search.question == question && search.changes == self.changes && is_whole
        };
        let at = self.searches.iter().position(is_good).unwrap_or_else(|| {
            let ids = find(&self.all);
            let earliest = ids.iter().filter_map(|id| Some(self.all.get(id)?.created)).min();
            self.searches.truncate(SEARCHES - 1);
            let search = Search { question: question.to_owned(), changes: self.changes, earliest, ids };
            self.searches.push_front(search);
            0
        });
        &self.searches[at].ids
    }
}

impl Deref for Orders {
    type Target = BTreeMap<i64, Order>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl DerefMut for Orders {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.changes += 1;
        &mut self.all
    }
}

/// What was searched for makes no difference.
impl PartialEq for Orders {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
    }
}

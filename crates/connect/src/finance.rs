//! Money: what a platform charges for an order, and which orders it has settled.

use domain::settlement::{News, Sums};
use domain::{Currency, Timestamp};

use crate::channel::{Account, Call, Page, Window};

/// Since when what a platform charged for an order is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// It may still change.
    Open,
    /// It is final.
    Since(Timestamp),
    /// Final as soon as [`Settlements::settled_in`] has named the order: nothing else at the
    /// platform says so.
    WhenListed,
}

/// What a platform tells of an order's money. Amounts are the seller's, in minor units: what
/// they are given is above zero, what is taken below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderMoney {
    /// When it was asked.
    pub at: Timestamp,
    /// What all amounts are in.
    pub currency: Currency,
    /// What it expects. What it names with zero is expected to be nothing; of what it does
    /// not name, nothing was said.
    pub forecast: Sums,
    /// What it has taken and given so far, as one picture; empty while it only expects.
    pub charged: Sums,
    /// Whether that is final.
    pub finality: Finality,
}

impl OrderMoney {
    /// The news that it is for an order that a list has named settled at `listed`, or not.
    #[must_use]
    pub fn news(self, listed: Option<Timestamp>) -> News {
        let (charged, settled_at) = match (self.finality, listed) {
            (Finality::Since(at), _) | (Finality::WhenListed, Some(at)) => (self.charged, Some(at)),
            (Finality::Open, _) => (self.charged, None),
            (Finality::WhenListed, None) => (Sums::default(), None),
        };
        // What was expected of an order that is settled is no forecast any more.
        let forecast = if settled_at.is_some() { Sums::default() } else { self.forecast };
        News { at: self.at, currency: self.currency, forecast, charged, settled_at }
    }
}

/// An order that was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledOrder {
    /// The platform's id of the order.
    pub external_id: String,
    /// When its money was paid out or booked for good.
    pub settled_at: Timestamp,
}

/// What the platform charges.
pub trait Finance: Send + Sync {
    /// The money of one order as it stands now. An order that nothing is told of yet gives
    /// empty sums. An answer about another order, amounts that go the wrong way, and a list
    /// that lacks a part are [`crate::ErrorKind::Garbled`].
    fn of_order<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, OrderMoney>;

    /// Which orders were settled; `None` where the platform has no list that the app may read.
    fn settlements(&self) -> Option<&dyn Settlements>;
}

/// Lists of settlements.
pub trait Settlements: Send + Sync {
    /// Orders settled within `window`, page by page; one that was settled in parts comes
    /// several times. May list orders outside of it.
    fn settled_in<'a>(
        &'a self,
        account: &'a Account,
        window: Window,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<SettledOrder>>;
}

#[cfg(test)]
mod tests {
    use domain::settlement::FeeKind;

    use super::*;

    const ASKED: Timestamp = Timestamp::from_millis(5);
    const LISTED: Timestamp = Timestamp::from_millis(3);

    fn told(finality: Finality) -> OrderMoney {
        let sums = |minor| Sums::from_iter([(FeeKind::Commission, minor)]);
        OrderMoney { at: ASKED, currency: Currency::Brl, forecast: sums(-5), charged: sums(-7), finality }
    }

    #[test]
    fn what_waits_for_its_list_is_a_forecast_until_it_is_listed() {
        let open = told(Finality::WhenListed).news(None);
        assert_eq!((open.forecast.is_empty(), open.charged.is_empty(), open.settled_at), (false, true, None));
        let listed = told(Finality::WhenListed).news(Some(LISTED));
        assert_eq!((listed.forecast.is_empty(), listed.settled_at), (true, Some(LISTED)));
        assert_eq!(listed.charged.of(&FeeKind::Commission), Some(-7));
    }

    #[test]
    fn what_is_charged_already_may_still_be_open() {
        let open = told(Finality::Open).news(Some(LISTED));
        assert_eq!((open.charged.of(&FeeKind::Commission), open.settled_at), (Some(-7), None));
        assert_eq!(told(Finality::Since(ASKED)).news(None).settled_at, Some(ASKED));
    }
}

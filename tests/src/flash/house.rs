//! What the house knows and wants: the same for every way of telling listings.

use std::collections::VecDeque;
use std::time::Duration;

use domain::{ListingId, SeededEntropy, Tally, Timestamp};

use super::{MARKETS, STOCK_UNITS};

/// Orders of one account that are read at once.
const READS_AT_ONCE: usize = 4;
/// How soon something that failed is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// A call to a marketplace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The listing's quantity is written.
    Write(i64),
    /// The listing's quantity is read.
    Look,
    /// One order is read.
    Order(usize),
    /// All orders are read.
    List,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The listing shows this.
    Shows(i64),
    /// Orders as they stand, by their place: whether they were called off, units, when placed.
    Orders(Vec<News>),
    /// Not done, and it says so.
    Refused,
    /// Nobody waits any more.
    Lost,
}

/// An order as a marketplace shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct News {
    pub(super) sale: usize,
    pub(super) units: i64,
    pub(super) placed_at: Timestamp,
    pub(super) is_off: bool,
}

/// What an order did to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Sold,
    Released,
    CalledOffUnseen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Position {
    #[default]
    Untouched,
    Reserved,
    Over,
}

/// One account.
#[derive(Debug, Default)]
struct Account {
    positions: Vec<Position>,
    to_read: VecDeque<usize>,
    reading: usize,
    is_listing: bool,
    list_at: Option<Timestamp>,
}

/// The house: its ledger, its jobs, and what it wants of the world.
#[derive(Debug)]
pub(super) struct House {
    pub(super) now: Timestamp,
    pub(super) tally: Tally,
    pub(super) listings: [ListingId; MARKETS],
    /// Sales that became known: when, where, how many units.
    pub(super) sold: Vec<(Timestamp, usize, i64)>,
    /// Calls to be made.
    pub(super) calls: Vec<(usize, Kind)>,
    /// When to be woken at the latest.
    pub(super) wake_at: Option<Timestamp>,
    /// Whether the program is to end, here and now: what was to be called is not called.
    pub(super) ends_here: bool,
    /// One call in so many is announced and never made, because the program ends between.
    pub(super) ends_one_in: u32,
    /// Times a listing was lowered.
    pub(super) moves: u64,
    accounts: [Account; MARKETS],
}

impl House {
    pub(super) fn new(seed: u64, now: Timestamp) -> Self {
        let entropy = SeededEntropy::new(seed);
        Self {
            now,
            tally: Tally { on_hand_units: STOCK_UNITS, ..Tally::default() },
            listings: std::array::from_fn(|_| ListingId::new(now, &entropy)),
            sold: Vec::new(),
            calls: Vec::new(),
            wake_at: None,
            ends_here: false,
            ends_one_in: 0,
            moves: 0,
            accounts: std::array::from_fn(|_| Account::default()),
        }
    }

    /// The account that a listing belongs to.
    pub(super) fn market_of(&self, listing: ListingId) -> usize {
        self.listings.iter().position(|known| *known == listing).unwrap_or(0)
    }

    pub(super) fn wake(&mut self, at: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(at, |known| known.min(at)));
    }

    /// Units that became known as sold at an account within `span`.
    pub(super) fn sold_within(&self, market: usize, span: Duration) -> i64 {
        let since = self.now.minus(span);
        let recent = self.sold.iter().rev().take_while(|(at, ..)| *at >= since);
        recent.filter(|(_, at, _)| *at == market).map(|(.., units)| units).sum()
    }

    /// A hook named an order.
    pub(super) fn hear(&mut self, market: usize, sale: usize) {
        self.accounts[market].to_read.push_back(sale);
        self.read_on(market);
    }

    /// All orders of an account are to be read, now or as soon as the reading under way is over.
    pub(super) fn list(&mut self, market: usize, at: Timestamp) {
        let account = &mut self.accounts[market];
        account.list_at = Some(account.list_at.map_or(at, |known| known.min(at)));
        self.read_on(market);
    }

    /// Makes the calls that are due.
    pub(super) fn read_on(&mut self, market: usize) {
        let account = &mut self.accounts[market];
        while account.reading < READS_AT_ONCE
            && let Some(sale) = account.to_read.pop_front()
        {
            account.reading += 1;
            self.calls.push((market, Kind::Order(sale)));
        }
        match account.list_at {
            Some(at) if !account.is_listing && at <= self.now => {
                account.list_at = None;
                account.is_listing = true;
                self.calls.push((market, Kind::List));
            }
            Some(at) if !account.is_listing => self.wake(at),
            Some(_) | None => {}
        }
    }

    /// An order was read, or was not.
    pub(super) fn order_read(&mut self, market: usize, sale: usize, found: bool) {
        let account = &mut self.accounts[market];
        account.reading = account.reading.saturating_sub(1);
        if !found {
            account.to_read.push_back(sale);
            // The next turn reads it: not at once, or a marketplace that refuses would never be left alone.
            self.wake(self.now.plus(TRY_AGAIN));
            return;
        }
        self.read_on(market);
    }

    /// The list was read, or was not.
    pub(super) fn list_read(&mut self, market: usize, found: bool) {
        self.accounts[market].is_listing = false;
        if !found {
            self.list(market, self.now.plus(TRY_AGAIN));
        }
        self.read_on(market);
    }

    /// An order as it stands is taken in: what follows for the ledger happens once.
    pub(super) fn take_in(&mut self, market: usize, news: News) -> Option<Effect> {
        let positions = &mut self.accounts[market].positions;
        if positions.len() <= news.sale {
            positions.resize(news.sale + 1, Position::Untouched);
        }
        let (effect, next, reserved) = match (positions[news.sale], news.is_off) {
            (Position::Untouched, false) => (Effect::Sold, Position::Reserved, news.units),
            (Position::Untouched, true) => (Effect::CalledOffUnseen, Position::Over, 0),
            (Position::Reserved, true) => (Effect::Released, Position::Over, -news.units),
            (Position::Reserved, false) | (Position::Over, _) => return None,
        };
        positions[news.sale] = next;
        self.tally.reserved_units += reserved;
        self.tally.version += 1;
        if effect == Effect::Sold {
            self.sold.push((self.now, market, news.units));
        }
        Some(effect)
    }

    /// The program begins anew: jobs are kept, calls under way are forgotten.
    pub(super) fn begin_anew(&mut self, under_way: &[(usize, Kind)]) {
        self.calls.clear();
        self.ends_here = false;
        for account in &mut self.accounts {
            account.reading = 0;
            account.is_listing = false;
        }
        for (market, kind) in under_way {
            match kind {
                Kind::Order(sale) => self.accounts[*market].to_read.push_back(*sale),
                Kind::List => self.list(*market, self.now),
                Kind::Write(_) | Kind::Look => {}
            }
        }
        for market in 0..MARKETS {
            self.read_on(market);
        }
    }
}

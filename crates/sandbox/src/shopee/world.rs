//! The whole state of one simulated Shopee, and how time passes in it.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::auth::Auth;
use super::item::Item;
use super::media::Media;
use super::order::Order;
use super::payment::WalletEntry;
use super::push::Pushes;
use super::returns::Return;
use super::review::Review;
use super::shop::{Buyer, Partner, Shop};
use super::{auth, robot, sales, shipping};
use crate::agenda::Agenda;
use crate::dice::Dice;
use crate::faults::{Faults, status_of};
use crate::ids::Ids;
use crate::log::Log;
use crate::traffic::Traffic;

/// Switches where the documents are unsure or contradict each other. The defaults are what
/// was seen on the wire, or what is likelier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, set by its name")]
pub struct Rules {
    /// The HTTP status of refusals by the gateway (`error_sign`, `error_auth` and the like).
    pub gateway_status: u16,
    /// The HTTP status of a path that does not exist.
    pub unknown_path_status: u16,
    /// What stands in `error` of a good answer: empty, or the `-` of some samples.
    pub empty_error: String,
    /// The code that answers a used, expired or wrong authorization code.
    pub bad_code_error: String,
    /// A used refresh token gives the same new pair again for four hours, as a FAQ says.
    pub refresh_repeats: bool,
    /// `expire_in` is an instant instead of a span, as one sample has it.
    pub expire_in_is_instant: bool,
    /// Calls a second of one partner before `error_rate_limit`.
    pub calls_per_second: u32,
    /// Calls a day (of UTC+8) of one partner before `error_limit`; without a limit when absent.
    pub calls_per_day: Option<u32>,
    /// The application has declared its addresses, so buyers' data can be readable at all.
    pub ip_declared: bool,
    /// Seconds between arranging a shipment and its tracking number.
    pub tracking_seconds: u64,
    /// How often a label is `PROCESSING` before it is `READY`.
    pub label_polls: u32,
    /// `payout_amount` of the escrow list is in centavos instead of reais.
    pub payout_in_centavos: bool,
    /// Orders are held as `PENDING` after the payment until the control API lets them go.
    pub pending_after_payment: bool,
    /// A push that is answered with a body counts as failed.
    pub push_wants_empty_body: bool,
    /// The number of the first page of the returns: the reference says 0, its sample 1.
    pub returns_first_page: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            gateway_status: 403,
            unknown_path_status: 404,
            empty_error: String::new(),
            bad_code_error: "invalid_code".to_owned(),
            refresh_repeats: false,
            expire_in_is_instant: false,
            calls_per_second: 1_000,
            calls_per_day: None,
            ip_declared: true,
            tracking_seconds: 60,
            label_polls: 1,
            payout_in_centavos: false,
            pending_after_payment: false,
            push_wants_empty_body: true,
            returns_first_page: 0,
        }
    }
}

impl Rules {
    /// The status of a refusal by the gateway.
    pub(crate) fn gateway(&self) -> StatusCode {
        status_of(self.gateway_status)
    }
}

/// Something that happens by itself at its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The buyer pays.
    Paid(String),
    /// An order that was not paid is given up.
    PaymentExpires(String),
    /// The day to ship has passed.
    ShipDeadline(String),
    /// A request to cancel that the seller left unanswered is granted.
    CancelGranted(String),
    /// A package (of this number) gets its tracking number.
    TrackingComes(String),
    /// A package takes its next step that needs nobody.
    PackageMoves(String),
    /// The buyer keeps the goods: the order is completed.
    Completes(String),
    /// The money of an order is released.
    Released(String),
    /// A seller has not answered a return in time.
    ReturnExpires(String),
    /// A shop's authorization ends in a week.
    ConsentExpiresSoon(i64),
    /// A shop's authorization ends.
    ConsentExpires(i64),
    /// The visitor of the robot calls.
    Robot,
}

/// Calls counted in the present second and day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    second: i64,
    in_second: u32,
    day: i64,
    in_day: u32,
}

/// How far the platform's day is ahead of UTC.
const PLATFORM_ZONE: Duration = Duration::from_hours(8);
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

impl Rates {
    /// Counts a call; the code of the refusal when it is one too many.
    pub(crate) fn count(&mut self, now: Timestamp, rules: &Rules) -> Option<&'static str> {
        let second = now.as_millis().div_euclid(1_000);
        let day = now.plus(PLATFORM_ZONE).as_millis().div_euclid(DAY_MS);
        if second != self.second {
            (self.second, self.in_second) = (second, 0);
        }
        if day != self.day {
            (self.day, self.in_day) = (day, 0);
        }
        self.in_second = self.in_second.saturating_add(1);
        self.in_day = self.in_day.saturating_add(1);
        if rules.calls_per_day.is_some_and(|limit| self.in_day > limit) {
            return Some("error_limit");
        }
        (self.in_second > rules.calls_per_second).then_some("error_rate_limit")
    }
}

/// One simulated Shopee. Serializes whole: the dump is the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// How far time has passed in here.
    pub now: Timestamp,
    /// Where this world is reached, without a trailing slash.
    pub base_url: String,
    /// The switches.
    pub rules: Rules,
    /// Chance.
    pub dice: Dice,
    /// The chance of the robot.
    pub robot_dice: Dice,
    /// Counters of ids.
    pub ids: Ids,
    /// The application.
    pub partner: Partner,
    /// Shops by id.
    pub shops: BTreeMap<i64, Shop>,
    /// Buyers by id.
    pub buyers: BTreeMap<i64, Buyer>,
    /// Codes, consents and tokens.
    pub auth: Auth,
    /// Pictures and films.
    pub media: Media,
    /// Items by id.
    pub items: BTreeMap<i64, Item>,
    /// What buyers wrote about items.
    pub reviews: Vec<Review>,
    /// Orders by number.
    pub orders: BTreeMap<String, Order>,
    /// Which order a package belongs to, by package number.
    pub packages: BTreeMap<String, String>,
    /// Returns by number.
    pub returns: BTreeMap<String, Return>,
    /// What came into and left the sellers' wallets.
    pub wallet: Vec<WalletEntry>,
    /// Pushes on their way.
    pub pushes: Pushes,
    /// Calls counted.
    pub rates: Rates,
    /// Injected faults.
    pub faults: Faults,
    /// Requests seen.
    pub log: Log,
    /// What will happen by itself.
    pub agenda: Agenda<Event>,
    /// The robot, when it is at work.
    pub traffic: Option<Traffic>,
}

/// Seconds since 1970, as the platform counts time.
pub(crate) fn secs(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
}

impl World {
    /// A world without anybody in it, for the application `partner`.
    #[must_use]
    pub fn empty(seed: u64, base_url: &str, partner: Partner, now: Timestamp) -> Self {
        Self {
            now,
            base_url: base_url.trim_end_matches('/').to_owned(),
            rules: Rules::default(),
            dice: Dice::new(seed),
            robot_dice: Dice::new(seed),
            ids: Ids::new(seed),
            partner,
            shops: BTreeMap::new(),
            buyers: BTreeMap::new(),
            auth: Auth::default(),
            media: Media::default(),
            items: BTreeMap::new(),
            reviews: Vec::new(),
            orders: BTreeMap::new(),
            packages: BTreeMap::new(),
            returns: BTreeMap::new(),
            wallet: Vec::new(),
            pushes: Pushes::default(),
            rates: Rates::default(),
            faults: Faults::new(seed),
            log: Log::default(),
            agenda: Agenda::default(),
            traffic: None,
        }
    }

    /// When the next push is to be sent.
    #[must_use]
    pub fn pushes_due_at(&self) -> Option<Timestamp> {
        self.pushes.next_at()
    }

    /// How many pushes are remembered, in whatever state.
    #[must_use]
    pub fn pushes_count(&self) -> usize {
        self.pushes.messages.len()
    }

    /// Plans `event` for `span` from now.
    pub(crate) fn plan_in(&mut self, span: Duration, event: Event) {
        self.agenda.plan(self.now.plus(span), event);
    }

    /// Lets time pass until `now`: everything planned by then happens, each thing at its own
    /// instant. Time never runs backwards; an earlier `now` changes nothing.
    pub fn advance_to(&mut self, now: Timestamp) {
        while let Some((at, event)) = self.agenda.take_due(now) {
            self.now = self.now.max(at);
            self.happen(event);
        }
        self.now = self.now.max(now);
        self.pushes.prune(self.now);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Paid(sn) => sales::pay(self, &sn),
            Event::PaymentExpires(sn) => sales::expire(self, &sn),
            Event::ShipDeadline(sn) => sales::miss_deadline(self, &sn),
            Event::CancelGranted(sn) => sales::grant_cancellation(self, &sn),
            Event::TrackingComes(number) => shipping::give_tracking(self, &number),
            Event::PackageMoves(number) => shipping::move_by_itself(self, &number),
            Event::Completes(sn) => sales::complete(self, &sn),
            Event::Released(sn) => super::payment::release(self, &sn),
            Event::ReturnExpires(sn) => super::returns::expire(self, &sn),
            Event::ConsentExpiresSoon(shop) => auth::warn_of_expiry(self, shop),
            Event::ConsentExpires(shop) => auth::end_by_expiry(self, shop),
            Event::Robot => robot::call(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daily_limit_begins_anew_at_midnight_in_utc_plus_eight() {
        let rules = Rules { calls_per_day: Some(1), ..Rules::default() };
        let mut rates = Rates::default();
        let before = Timestamp::parse("2026-11-10T15:59:59Z").unwrap();
        let after = Timestamp::parse("2026-11-10T16:00:00Z").unwrap();
        assert_eq!(rates.count(before, &rules), None);
        assert_eq!(rates.count(before, &rules), Some("error_limit"));
        assert_eq!(rates.count(after, &rules), None);
    }

    #[test]
    fn a_burst_is_refused_and_the_next_second_is_free() {
        let rules = Rules { calls_per_second: 2, ..Rules::default() };
        let mut rates = Rates::default();
        let now = Timestamp::from_millis(1_000);
        assert_eq!([rates.count(now, &rules), rates.count(now, &rules)], [None, None]);
        assert_eq!(rates.count(now, &rules), Some("error_rate_limit"));
        assert_eq!(rates.count(Timestamp::from_millis(2_000), &rules), None);
    }
}

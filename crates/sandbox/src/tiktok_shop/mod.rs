//! A simulated TikTok Shop, written from the published facts alone ("fact sheet" in the
//! comments). One local market, Brazil; two sellers with a shop each.

pub mod ask;
pub mod cancellation;
pub mod catalogue;
mod consent;
mod control;
mod control_goods;
pub mod documents;
pub mod external_order;
pub mod finance;
pub mod gate;
pub mod grants;
pub mod invoice;
pub mod manifest;
mod market;
pub mod open;
pub mod order;
pub mod order_read;
pub mod package;
pub mod package_read;
pub mod package_ship;
pub mod package_split;
mod png;
pub mod product;
pub mod product_check;
pub mod product_read;
pub mod product_state;
pub mod product_write;
pub mod refusal;
pub mod return_pages;
pub mod returns;
pub mod robot;
pub mod rules;
pub mod sale;
pub mod seed;
pub mod shop;
mod shop_window;
pub mod sign;
pub mod snapshot;
pub mod stock;
pub mod uploads;
pub mod webhook;

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agenda::Agenda;
use crate::dice::Dice;
use crate::faults::Faults;
use crate::ids::Ids;
use crate::log::Log;
use crate::table::Route;
use crate::traffic::Traffic;

pub use grants::{App, Grants};
pub use open::{TikTokShop, TikTokShopConfig};
pub use order::{Buyer, Order};
pub use package::Package;
pub use product::Product;
pub use rules::Rules;
pub use shop::Shop;

/// Something that happens by itself at its time. Ids are of what it happens to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The consent of a shop ends soon.
    ConsentEnding(i64),
    /// The audit of a product is over.
    Audited(i64),
    /// The buyer pays an order.
    Paid(i64),
    /// An order can no longer be paid.
    PaymentOverdue(i64),
    /// The hour of remorse of an order is over.
    RemorseOver(i64),
    /// An order should have been sent by now.
    ShipmentOverdue(i64),
    /// The note of a parcel has been looked at.
    InvoiceChecked(i64),
    /// The carrier scans a parcel.
    Collected(i64),
    /// A parcel arrives.
    Delivered(i64),
    /// An order is complete.
    Completed(i64),
    /// A request to cancel was not answered.
    CancelOverdue(i64),
    /// The money of a cancellation is back.
    CancelSettled(i64),
    /// A return was not answered.
    ReturnOverdue(i64),
    /// The money of a return is back.
    Refunded(i64),
    /// Midnight: what was completed is settled.
    StatementsClose,
    /// The payment of a statement arrives.
    StatementPaid(i64),
    /// The buyer of the robot calls.
    Robot,
}

/// One simulated TikTok Shop. Serializes whole: the dump is the state.
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
    /// The chance of the buyer robot.
    pub robot_dice: Dice,
    /// Counters of ids.
    pub ids: Ids,
    /// Calls answered so far; numbers the `request_id`.
    pub requests: u64,
    /// The application.
    pub app: App,
    /// Shops by id.
    pub shops: BTreeMap<i64, Shop>,
    /// Codes, grants and tokens.
    pub grants: Grants,
    /// Calls counted.
    pub rates: gate::Rates,
    /// Products by id.
    pub products: BTreeMap<i64, Product>,
    /// Pictures by uri.
    pub pictures: BTreeMap<String, uploads::Picture>,
    /// Brands that shops added.
    pub brands: BTreeMap<i64, String>,
    /// Ids of attribute names and values that sellers made up.
    pub custom_values: BTreeMap<String, i64>,
    /// Buyers by id.
    pub buyers: BTreeMap<i64, Buyer>,
    /// Orders by id.
    pub orders: BTreeMap<i64, Order>,
    /// Names of orders in other systems, by order.
    #[serde(default)]
    pub external_orders: BTreeMap<i64, Vec<external_order::ExternalOrder>>,
    /// Parcels by id.
    pub packages: BTreeMap<i64, Package>,
    /// Documents given out, by the key in their address.
    pub documents: BTreeMap<String, documents::Document>,
    /// Cancellations by id.
    pub cancellations: BTreeMap<i64, cancellation::Cancellation>,
    /// Returns by id.
    pub returns: BTreeMap<i64, returns::Return>,
    /// Idempotency keys seen, with their paths.
    pub idempotency_keys: BTreeSet<String>,
    /// Statements.
    pub finance: finance::Finance,
    /// Webhooks.
    pub webhooks: webhook::Webhooks,
    /// Injected faults.
    pub faults: Faults,
    /// True while a fault makes every second entry of this call's batch fail.
    #[serde(skip)]
    pub(crate) every_second_fails: bool,
    /// Requests seen.
    pub log: Log,
    /// What will happen by itself.
    pub agenda: Agenda<Event>,
    /// The buyer robot, when it is at work.
    pub traffic: Option<Traffic>,
}

impl World {
    /// A world without anybody in it.
    #[must_use]
    pub fn empty(seed: u64, base_url: &str, app: App, now: Timestamp) -> Self {
        Self {
            now,
            base_url: base_url.trim_end_matches('/').to_owned(),
            rules: Rules::default(),
            dice: Dice::new(seed),
            robot_dice: Dice::new(seed),
            ids: Ids::new(seed),
            requests: 0,
            app,
            shops: BTreeMap::new(),
            grants: Grants::default(),
            rates: gate::Rates::default(),
            products: BTreeMap::new(),
            pictures: BTreeMap::new(),
            brands: BTreeMap::new(),
            custom_values: BTreeMap::new(),
            buyers: BTreeMap::new(),
            orders: BTreeMap::new(),
            external_orders: BTreeMap::new(),
            packages: BTreeMap::new(),
            documents: BTreeMap::new(),
            cancellations: BTreeMap::new(),
            returns: BTreeMap::new(),
            idempotency_keys: BTreeSet::new(),
            finance: finance::Finance::default(),
            webhooks: webhook::Webhooks::default(),
            faults: Faults::new(seed),
            every_second_fails: false,
            log: Log::default(),
            agenda: Agenda::default(),
            traffic: None,
        }
    }

    /// Lets time pass until `now`: everything planned by then happens, each thing at its
    /// own instant. Time never runs backwards; an earlier `now` changes nothing.
    pub fn advance_to(&mut self, now: Timestamp) {
        while let Some((at, event)) = self.agenda.take_due(now) {
            self.now = self.now.max(at);
            self.happen(&event);
        }
        self.now = self.now.max(now);
        self.webhooks.prune(self.now);
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::ConsentEnding(shop) => grants::speak_of_the_end(self, shop),
            Event::Audited(product) => product_state::audited(self, product),
            Event::Paid(order) => sale::pay(self, order),
            Event::PaymentOverdue(order) => sale::payment_overdue(self, order),
            Event::RemorseOver(order) => sale::end_remorse(self, order),
            Event::ShipmentOverdue(order) => sale::shipment_overdue(self, order),
            Event::InvoiceChecked(package) => invoice::checked(self, package),
            Event::Collected(package) => {
                package::collect(self, package);
            }
            Event::Delivered(package) => {
                package::deliver(self, package);
            }
            Event::Completed(order) => sale::complete(self, order),
            Event::CancelOverdue(cancellation) => cancellation::overdue(self, cancellation),
            Event::CancelSettled(cancellation) => cancellation::settled(self, cancellation),
            Event::ReturnOverdue(it) => returns::overdue(self, it),
            Event::Refunded(it) => returns::refunded(self, it),
            Event::StatementsClose => finance::close_statements(self),
            Event::StatementPaid(statement) => finance::statement_paid(self, statement),
            Event::Robot => robot::call(self),
        }
    }
}

/// Every resource, the control API included.
pub(crate) fn routes() -> Vec<Route<World>> {
    [
        grants::routes(),
        consent::routes(),
        shop::routes(),
        webhook::routes(),
        catalogue::routes(),
        uploads::routes(),
        product_write::routes(),
        product_read::routes(),
        product_state::routes(),
        stock::routes(),
        order_read::routes(),
        external_order::routes(),
        package_read::routes(),
        package_ship::routes(),
        package_split::routes(),
        documents::routes(),
        invoice::routes(),
        cancellation::routes(),
        return_pages::routes(),
        finance::routes(),
        control::routes(),
        control_goods::routes(),
    ]
    .concat()
}

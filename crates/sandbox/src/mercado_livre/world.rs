//! The whole state of one simulated Mercado Livre, and how time passes in it.

use std::collections::BTreeMap;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::{App, User};
use super::auth::Auth;
use super::family::FamilyTask;
use super::flex::FlexSettings;
use super::full::Inventory;
use super::gate::Rates;
use super::item::Item;
use super::item_read::Scroll;
use super::order::Pack;
use super::orders::Orders;
use super::payment::Payment;
use super::robot::Traffic;
use super::service::{self, Service, ServiceEvent};
use super::shipment::Shipment;
use super::stock::UserProduct;
use super::uptin::{self, Migrated};
use super::{family, robot, sales, shipment};
use crate::agenda::Agenda;
use crate::dice::Dice;
use crate::faults::Faults;
use crate::hooks::Hooks;
use crate::ids::Ids;
use crate::log::Log;

/// Switches where the facts are unsure or clients differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Takes OAuth fields from the query of `POST /oauth/token` too, as older clients send them.
    pub token_query_allowed: bool,
    /// Takes `?access_token=` in place of the `Authorization` header.
    pub access_token_query_allowed: bool,
    /// Answers `/shipments*` without `x-format-new` as if it were there.
    pub old_shipment_format_allowed: bool,
    /// General requests a minute per application.
    pub requests_per_minute: u32,
    /// Requests an hour per application, of every group but OAuth; not counted when absent.
    pub requests_per_hour: Option<u32>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            token_query_allowed: false,
            access_token_query_allowed: false,
            old_shipment_format_allowed: false,
            requests_per_minute: 1_500,
            requests_per_hour: None,
        }
    }
}

/// Something that happens by itself at its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The parcel for these orders (of one pack) is created.
    ShipmentBegins(Vec<i64>),
    /// A shipment takes its next step that needs nobody.
    ShipmentMoves(i64),
    /// The note of a shipment has been checked.
    InvoiceChecked(i64),
    /// A buyer pays the PIX charge of these orders.
    PixPaid(Vec<i64>),
    /// The PIX charge of these orders runs out.
    PixExpires(Vec<i64>),
    /// A classic item moves into the new listing model.
    Migrates(String),
    /// The task that edits a family takes its next step.
    FamilyTaskMoves(String),
    /// The buyer of the robot calls.
    Robot,
    /// Something in customer service, catalogue or moderation.
    Service(ServiceEvent),
}

/// One simulated Mercado Livre. Serializes whole: the dump is the state.
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
    /// Sellers and buyers by id.
    pub users: BTreeMap<i64, User>,
    /// Applications by id.
    pub apps: BTreeMap<i64, App>,
    /// Codes, grants and tokens.
    pub auth: Auth,
    /// Items by id.
    pub items: BTreeMap<String, Item>,
    /// Items moved or moving into the new listing model.
    pub migrations: BTreeMap<String, Vec<Migrated>>,
    /// Item searches being scanned.
    pub scrolls: Vec<Scroll>,
    /// User products (what holds stock) by id.
    pub user_products: BTreeMap<String, UserProduct>,
    /// What lies in the platform's own centre, by user product.
    #[serde(default)]
    pub inventories: BTreeMap<String, Inventory>,
    /// Edits of families under way or done, by task id.
    #[serde(default)]
    pub family_tasks: BTreeMap<String, FamilyTask>,
    /// How sellers deliver by themselves (Flex), by seller.
    #[serde(default)]
    pub flex: BTreeMap<i64, FlexSettings>,
    /// Orders by id.
    pub orders: Orders,
    /// Packs by id.
    pub packs: BTreeMap<i64, Pack>,
    /// Payments by id.
    pub payments: BTreeMap<i64, Payment>,
    /// Shipments by id.
    pub shipments: BTreeMap<i64, Shipment>,
    /// By pack made in a split: the shipment it was split from.
    pub splits: BTreeMap<i64, i64>,
    /// Customer service, pictures, moderation and the like.
    pub service: Service,
    /// Notifications.
    pub hooks: Hooks,
    /// Rate budgets.
    pub rates: Rates,
    /// Injected faults.
    pub faults: Faults,
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
    pub fn empty(seed: u64, base_url: &str, now: Timestamp) -> Self {
        Self {
            now,
            base_url: base_url.trim_end_matches('/').to_owned(),
            rules: Rules::default(),
            dice: Dice::new(seed),
            robot_dice: Dice::new(seed),
            ids: Ids::new(seed),
            users: BTreeMap::new(),
            apps: BTreeMap::new(),
            auth: Auth::default(),
            items: BTreeMap::new(),
            migrations: BTreeMap::new(),
            scrolls: Vec::new(),
            user_products: BTreeMap::new(),
            inventories: BTreeMap::new(),
            family_tasks: BTreeMap::new(),
            flex: BTreeMap::new(),
            orders: Orders::default(),
            packs: BTreeMap::new(),
            payments: BTreeMap::new(),
            shipments: BTreeMap::new(),
            splits: BTreeMap::new(),
            service: Service::default(),
            hooks: Hooks::default(),
            rates: Rates::default(),
            faults: Faults::new(seed),
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
            self.happen(event);
        }
        self.now = self.now.max(now);
        self.hooks.prune(self.now);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::ShipmentBegins(orders) => shipment::begin(self, &orders),
            Event::ShipmentMoves(id) => shipment::move_by_itself(self, id),
            Event::InvoiceChecked(id) => shipment::invoice_checked(self, id),
            Event::PixPaid(orders) => sales::pay(self, &orders),
            Event::PixExpires(orders) => sales::expire(self, &orders),
            Event::Migrates(item) => uptin::migrate(self, &item),
            Event::FamilyTaskMoves(task) => family::move_on(self, &task),
            Event::Robot => robot::call(self),
            Event::Service(event) => service::happen(self, event),
        }
    }
}

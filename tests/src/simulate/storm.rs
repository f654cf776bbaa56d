//! What may happen to a shop.

use std::time::Duration;

use app::steps;
use http::Method;
use sandbox::mercado_livre::item::ItemStatus;
use sandbox::mercado_livre::order::OrderStatus;
use sandbox::mercado_livre::sales::SaleLine;
use sandbox::{Fault, FaultRule, SaleRequest};
use serde_json::json;

use super::{Run, SELLERS};

/// Steps within which an armed crash strikes.
const CRASH_WITHIN_STEPS: u64 = 12;
/// Rules in force at once, at most.
const RULES_AT_ONCE: u64 = 4;
/// Units that a person finds on the shelf at a count, at most more than there were.
const RESTOCK_UNITS: u64 = 15;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Event {
    /// A buyer buys.
    Sale { item: String, units: i64 },
    /// A buyer buys several things at once.
    Cart { items: Vec<String> },
    /// A buyer orders and pays later, or never.
    Pix { item: String, pays_after_seconds: Option<u64> },
    /// An order is called off.
    Cancel { order: i64, group: &'static str },
    /// The platform suspects fraud.
    Fraud { order: i64 },
    /// A parcel takes its next step.
    Ship { shipment: i64 },
    /// A person counts a SKU.
    Count { place: u64, more_units: u64 },
    /// Time passes.
    Time { seconds: u64 },
    /// Things begin to go wrong.
    Storm(Vec<FaultRule>),
    /// Things go right again.
    Calm,
    /// A seller's tokens end; without the grant the consent is gone too.
    Revoke { seller: i64, keep_grant: bool },
    /// Owners look after their connections.
    Owners,
    /// A person retries the dead letters.
    Retry,
    /// Somebody who is not the platform knocks.
    Forged(String),
    /// The power fails some steps from now.
    Crash { steps: u32 },
    /// The power fails when the program next comes to this step.
    CrashAt { step: &'static str },
}

impl Run {
    /// What happens next: chance decides, among what can happen in the world as it is.
    pub(super) fn next_event(&self) -> Event {
        let drawn = match self.dice.below(100) {
            0..30 => self.a_sale(),
            30..34 => self.a_cart(),
            34..38 => self.a_pix(),
            38..46 => self.a_cancellation(),
            46..47 => self.a_fraud(),
            47..58 => self.a_step_of_a_parcel(),
            58..64 => {
                Some(Event::Count { place: self.dice.below(64), more_units: self.dice.below(RESTOCK_UNITS) })
            }
            64..76 => Some(self.some_time()),
            76..83 => Some(Event::Storm(self.a_storm())),
            83..87 => Some(Event::Calm),
            87..89 => self.a_revocation(),
            89..91 => Some(Event::Owners),
            91..92 => Some(Event::Retry),
            92..95 => Some(Event::Forged(self.a_forgery())),
            _ => None,
        };
        drawn.unwrap_or_else(|| self.a_crash())
    }

    fn a_crash(&self) -> Event {
        let soon = 1 + self.dice.below(CRASH_WITHIN_STEPS);
        match self.dice.pick(&steps::ALL).filter(|_| self.dice.chance(60)) {
            Some(step) => Event::CrashAt { step },
            None => Event::Crash { steps: u32::try_from(soon).unwrap_or(1) },
        }
    }

    pub(super) async fn happen(&mut self, event: Event) -> Result<(), String> {
        let market = self.shop.market().clone();
        let control =
            |path: String, body: &serde_json::Value| drop(market.control(Method::POST, &path, body));
        match event {
            // What is sold out or paused cannot be bought: nothing happens then.
            Event::Sale { item, units } => drop(market.sandbox().sell(&SaleRequest::of_item(&item, units))),
            Event::Cart { items } => {
                let line = |item| SaleLine { item_id: Some(item), quantity: 1, ..SaleLine::default() };
                drop(market.sandbox().sell(&SaleRequest::of_cart(items.into_iter().map(line).collect())));
            }
            Event::Pix { item, pays_after_seconds } => {
                drop(market.sandbox().sell(&SaleRequest::of_item(&item, 1).by_pix(pays_after_seconds)));
            }
            Event::Cancel { order, group } => {
                control(format!("/_sandbox/orders/{order}/cancel"), &json!({ "group": group }));
            }
            Event::Fraud { order } => control(format!("/_sandbox/orders/{order}/fraud"), &json!({})),
            Event::Ship { shipment } => {
                control(format!("/_sandbox/shipments/{shipment}/advance"), &json!({}));
            }
            Event::Count { place, more_units } => self.count(place, more_units).await?,
            Event::Time { seconds } => self.shop.wait(Duration::from_secs(seconds)),
            Event::Storm(rules) => market.storm(rules),
            Event::Calm => market.storm(Vec::new()),
            Event::Revoke { seller, keep_grant } => {
                let body = json!({ "user_id": seller, "keep_grant": keep_grant });
                control("/_sandbox/tokens/revoke".into(), &body);
            }
            Event::Owners => drop(self.reauthorize().await),
            Event::Retry => self.retry_dead_letters().await,
            Event::Forged(body) => drop(self.shop.bring(&body).await),
            Event::Crash { steps } => self.shop.crash().after(steps),
            Event::CrashAt { step } => self.shop.crash().at(step),
        }
        Ok(())
    }

    async fn count(&self, place: u64, more_units: u64) -> Result<(), String> {
        let skus = self.shop.skus().await;
        let index = usize::try_from(place).unwrap_or(0) % skus.len().max(1);
        let Some(sku) = skus.get(index) else { return Ok(()) };
        let units = sku.tally.on_hand_units.max(0) + i64::try_from(more_units).unwrap_or(0);
        let (organization, member) = (self.shop.organization, self.shop.member);
        let counted = self.shop.app().adjust(organization, member, sku.id, units, 0, "contagem").await;
        counted.map(|_| ()).map_err(|error| format!("a count was refused: {error}"))
    }

    fn an_item(&self) -> Option<String> {
        let snapshot = self.shop.market().sandbox().snapshot();
        // What is sold by several listings is sold most: there lies the danger.
        let shared = |sku: &Option<String>| {
            sku.is_some() && snapshot.items.iter().filter(|item| item.sku == *sku).count() > 1
        };
        let for_sale = snapshot.items.iter().filter(|item| item.status == ItemStatus::Active);
        let (shared, alone): (Vec<_>, Vec<_>) = for_sale.partition(|item| shared(&item.sku));
        let from = if self.dice.chance(80) { shared } else { alone };
        self.dice.pick(&from).map(|item| item.id.clone())
    }

    fn a_sale(&self) -> Option<Event> {
        let units = if self.dice.chance(10) { 1 + self.dice.below(12) } else { 1 + self.dice.below(2) };
        Some(Event::Sale { item: self.an_item()?, units: i64::try_from(units).unwrap_or(1) })
    }

    fn a_cart(&self) -> Option<Event> {
        Some(Event::Cart { items: vec![self.an_item()?, self.an_item()?] })
    }

    fn a_pix(&self) -> Option<Event> {
        let pays_after_seconds = self.dice.chance(60).then(|| 30 + self.dice.below(1_200));
        Some(Event::Pix { item: self.an_item()?, pays_after_seconds })
    }

    fn an_order(&self) -> Option<i64> {
        let snapshot = self.shop.market().sandbox().snapshot();
        let open: Vec<i64> = snapshot
            .orders
            .iter()
            .filter(|order| order.status == OrderStatus::Paid)
            .map(|order| order.id)
            .collect();
        self.dice.pick(&open).copied()
    }

    fn a_cancellation(&self) -> Option<Event> {
        let group = if self.dice.chance(70) { "buyer" } else { "internal" };
        Some(Event::Cancel { order: self.an_order()?, group })
    }

    fn a_fraud(&self) -> Option<Event> {
        Some(Event::Fraud { order: self.an_order()? })
    }

    fn a_step_of_a_parcel(&self) -> Option<Event> {
        use sandbox::mercado_livre::shipment::next_stage;
        let moving: Vec<i64> = self.shop.market().sandbox().with_world(|world| {
            let moves = |it: &&sandbox::mercado_livre::shipment::Shipment| {
                next_stage(it.logistic, &it.stage).is_some()
            };
            world.shipments.values().filter(moves).map(|shipment| shipment.id).collect()
        });
        Some(Event::Ship { shipment: *self.dice.pick(&moving)? })
    }

    fn some_time(&self) -> Event {
        let seconds = match self.dice.below(100) {
            0..50 => 1 + self.dice.below(60),
            50..85 => 60 + self.dice.below(1_200),
            85..97 => 1_200 + self.dice.below(7_200),
            // Longer than an access token lives.
            _ => 6 * 3_600 + self.dice.below(7_200),
        };
        Event::Time { seconds }
    }

    fn a_revocation(&self) -> Option<Event> {
        Some(Event::Revoke { seller: *self.dice.pick(&SELLERS)?, keep_grant: self.dice.chance(50) })
    }

    fn a_storm(&self) -> Vec<FaultRule> {
        (0..=self.dice.below(RULES_AT_ONCE)).map(|_| self.a_rule()).collect()
    }

    fn a_rule(&self) -> FaultRule {
        let seconds = 5 + self.dice.below(600);
        let fault = match self.dice.below(16) {
            0 => Fault::Status { status: 500 },
            1 => Fault::Status { status: 503 },
            2 | 3 => Fault::Status { status: 429 },
            4 | 5 => Fault::TimeoutAfterCommit { ms: 0 },
            6 => Fault::TimeoutBeforeCommit { ms: 0 },
            7 => Fault::HtmlBody,
            8 => Fault::HalfJson,
            9 => Fault::FlipTypes,
            10 => Fault::StaleRead { seconds: seconds.min(60) },
            11 => Fault::PartialMultiget,
            12 => Fault::HookDrop,
            13 => Fault::HookDuplicate,
            14 => Fault::HookReorder,
            _ => Fault::HookLate { seconds },
        };
        let prefix = *self.dice.pick(&["", "", "/orders", "/items", "/shipments", "/oauth"]).unwrap_or(&"");
        let percent = u8::try_from(10 + self.dice.below(70)).unwrap_or(50);
        // A platform that loses its token endpoint for good would end every run there.
        let rule = FaultRule::new(prefix, fault).percent(percent);
        if prefix == "/oauth" { rule.times(2) } else { rule }
    }

    fn a_forgery(&self) -> String {
        let market = self.shop.market();
        let (client_id, _) = market.credentials();
        let snapshot = market.sandbox().snapshot();
        let order = self.dice.pick(&snapshot.orders).map_or(1, |order| order.id);
        let seller = *self.dice.pick(&SELLERS).unwrap_or(&SELLERS[0]);
        let note = |order: i64, seller: i64, client_id: &str| {
            json!({"resource": format!("/orders/{order}"), "user_id": seller, "topic": "orders_v2",
                   "application_id": client_id.parse::<i64>().unwrap_or(0), "attempts": 1})
            .to_string()
        };
        let item = self.dice.pick(&snapshot.items).map_or("MLB1", |item| item.id.as_str());
        match self.dice.below(7) {
            0 => "not json at all".to_owned(),
            1 => "{\"resource\":\"/orders/1\"".to_owned(),
            2 => note(order, 999_999_999, &client_id),
            3 => note(order, seller, "42"),
            4 => json!({"resource": "http://169.254.169.254/latest", "user_id": seller, "topic": "orders_v2",
                        "application_id": client_id.parse::<i64>().unwrap_or(0)})
            .to_string(),
            5 => json!({"resource": format!("/items/{item}"), "user_id": seller, "topic": "items",
                        "application_id": client_id.parse::<i64>().unwrap_or(0)})
            .to_string(),
            // Well made, of an order that is there: one look too many, and no harm.
            _ => note(order, seller, &client_id),
        }
    }
}

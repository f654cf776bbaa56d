//! What may happen to a shop, on each of its marketplaces.

use std::collections::BTreeMap;
use std::time::Duration;

use app::shelf::AdjustError;
use app::steps;
use domain::ChannelKind;
use sandbox::{Fault, FaultRule, HookDelivery};

use super::Run;
use super::outside::{self, Loss, Offer, Outside, Pays, Truth, Wanted, Whose};

/// Steps within which an armed crash strikes.
const CRASH_WITHIN_STEPS: u64 = 12;
/// Rules in force at once on one marketplace, at most.
const RULES_AT_ONCE: u64 = 4;
/// Units that a person finds on the shelf at a count, at most more than there were.
const RESTOCK_UNITS: u64 = 15;
/// Codes that most buyers want: there lies the danger.
const WANTED_CODES: usize = 5;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Event {
    /// A buyer buys, and pays at once, later or never.
    Sale { at: ChannelKind, cart: Vec<Wanted>, pays: Pays },
    /// An order is called off.
    Cancel { at: ChannelKind, order: String, whose: Whose },
    /// Something befalls an order that only this marketplace has.
    Vex { at: ChannelKind, order: String },
    /// A parcel takes its next step.
    Ship { at: ChannelKind, order: String },
    /// A person counts a SKU.
    Count { place: u64, more_units: u64 },
    /// Time passes.
    Time { seconds: u64 },
    /// Things begin to go wrong.
    Storm(Vec<(ChannelKind, Vec<FaultRule>)>),
    /// Things go right again, everywhere.
    Calm,
    /// An account loses its way into its marketplace.
    LockOut { at: ChannelKind, account: String, loss: Loss },
    /// Owners look after their connections.
    Owners,
    /// A person retries the dead letters.
    Retry,
    /// Somebody who is not the platform knocks.
    Forged { at: ChannelKind, hook: HookDelivery },
    /// The power fails some steps from now.
    Crash { steps: u32 },
    /// The power fails when the program next comes to this step.
    CrashAt { step: &'static str },
}

impl Run {
    /// What happens next: chance decides, among what can happen in the worlds as they are.
    pub(super) fn next_event(&self) -> Event {
        let drawn = match self.dice.below(100) {
            0..30 => self.a_sale(1, Pays::AtOnce),
            30..34 => self.a_sale(2, Pays::AtOnce),
            34..38 => self.a_pix(),
            38..45 => self.a_cancellation(),
            45..47 => self.a_vexation(),
            47..58 => self.a_step_of_a_parcel(),
            58..64 => {
                Some(Event::Count { place: self.dice.below(64), more_units: self.dice.below(RESTOCK_UNITS) })
            }
            64..76 => Some(self.some_time()),
            76..83 => Some(self.a_storm()),
            83..86 => Some(Event::Calm),
            86..89 => self.a_lock_out(),
            89..91 => Some(Event::Owners),
            91..92 => Some(Event::Retry),
            92..95 => self.a_forgery(),
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
        match event {
            // What is sold out or paused cannot be bought: nothing happens then.
            Event::Sale { at, cart, pays } => self.at(at).buy(&cart, pays),
            Event::Cancel { at, order, whose } => self.at(at).end_order(&order, whose),
            Event::Vex { at, order } => self.at(at).vex(&order),
            Event::Ship { at, order } => self.at(at).move_on(&order),
            Event::Count { place, more_units } => self.count(place, more_units).await?,
            Event::Time { seconds } => self.shop.wait(Duration::from_secs(seconds)),
            Event::Storm(storms) => {
                for (at, rules) in storms {
                    self.at(at).suffer(rules);
                }
            }
            Event::Calm => self.calm(),
            Event::LockOut { at, account, loss } => self.at(at).lock_out(&account, loss),
            Event::Owners => drop(self.reauthorize().await),
            Event::Retry => self.retry_dead_letters().await,
            Event::Forged { at, hook } => drop(self.shop.bring_hook(self.at(at), &hook).await),
            Event::Crash { steps } => self.shop.crash().after(steps),
            Event::CrashAt { step } => self.shop.crash().at(step),
        }
        Ok(())
    }

    /// No marketplace misbehaves any more.
    pub(super) fn calm(&self) {
        for market in self.shop.marketplaces() {
            market.suffer(Vec::new());
        }
    }

    pub(super) fn at(&self, kind: ChannelKind) -> &dyn Outside {
        outside::at(&self.shop, kind)
    }

    async fn count(&self, place: u64, more_units: u64) -> Result<(), String> {
        let skus = self.shop.skus().await;
        let index = usize::try_from(place).unwrap_or(0) % skus.len().max(1);
        let Some(sku) = skus.get(index) else { return Ok(()) };
        let units = sku.tally.on_hand_units.max(0) + i64::try_from(more_units).unwrap_or(0);
        let (organization, member) = (self.shop.organization, self.shop.member);
        match self.shop.app().adjust(organization, member, sku.id, units, 0, "contagem").await {
            Ok(_) if sku.is_kit => Err(format!("the kit {} was counted", sku.code)),
            Ok(_) => Ok(()),
            Err(AdjustError::Kit) if sku.is_kit => Ok(()),
            Err(error) => Err(format!("a count was refused: {error}")),
        }
    }

    fn a_marketplace(&self) -> Option<&dyn Outside> {
        self.dice.pick(&outside::all(&self.shop)).copied()
    }

    /// Something for sale on a marketplace: mostly one of the few codes that everybody
    /// wants, which every marketplace offers.
    fn an_offer(&self, market: &dyn Outside) -> Option<Offer> {
        let offers: Vec<Offer> = self.own_offers(market).into_iter().filter(|it| it.units > 0).collect();
        let is_wanted = |offer: &Offer| offer.sku.as_ref().is_some_and(|sku| self.wanted.contains(sku));
        let (wanted, others): (Vec<_>, Vec<_>) = offers.into_iter().partition(is_wanted);
        let from = if self.dice.chance(80) { wanted } else { others };
        self.dice.pick(&from).cloned()
    }

    fn a_sale(&self, things: u32, pays: Pays) -> Option<Event> {
        let market = self.a_marketplace()?;
        let mut cart = Vec::new();
        for _ in 0..things {
            let offer = self.an_offer(market)?;
            let units = if self.dice.chance(10) { 1 + self.dice.below(12) } else { 1 + self.dice.below(2) };
            let units = i64::try_from(units).unwrap_or(1);
            cart.push(Wanted { listing: offer.listing, variation: offer.variation, units });
        }
        Some(Event::Sale { at: market.kind(), cart, pays })
    }

    fn a_pix(&self) -> Option<Event> {
        let paid = self.dice.chance(60);
        self.a_sale(1, if paid { Pays::AfterSeconds(30 + self.dice.below(1_200)) } else { Pays::Never })
    }

    /// An order of the shop's accounts that has not come to its end.
    fn an_order(&self) -> Option<(ChannelKind, String)> {
        let market = self.a_marketplace()?;
        let open: Vec<Truth> =
            self.own_orders(market).into_iter().filter(|truth| truth.stands.is_open()).collect();
        self.dice.pick(&open).map(|truth| (market.kind(), truth.number.clone()))
    }

    fn a_cancellation(&self) -> Option<Event> {
        let (at, order) = self.an_order()?;
        let whose = if self.dice.chance(70) { Whose::Buyer } else { Whose::Platform };
        Some(Event::Cancel { at, order, whose })
    }

    fn a_vexation(&self) -> Option<Event> {
        self.an_order().map(|(at, order)| Event::Vex { at, order })
    }

    fn a_step_of_a_parcel(&self) -> Option<Event> {
        self.an_order().map(|(at, order)| Event::Ship { at, order })
    }

    fn some_time(&self) -> Event {
        let seconds = match self.dice.below(100) {
            0..50 => 1 + self.dice.below(60),
            50..85 => 60 + self.dice.below(1_200),
            85..97 => 1_200 + self.dice.below(7_200),
            // Longer than most access tokens live.
            _ => 6 * 3_600 + self.dice.below(7_200),
        };
        Event::Time { seconds }
    }

    fn a_lock_out(&self) -> Option<Event> {
        let (at, account) = self.dice.pick(&self.accounts)?.clone();
        Some(Event::LockOut { at, account, loss: *self.dice.pick(&Loss::ALL)? })
    }

    /// Mostly one marketplace has a bad day, sometimes all of them.
    fn a_storm(&self) -> Event {
        let everywhere = self.dice.chance(20);
        let all = outside::all(&self.shop);
        let struck = if everywhere { all } else { self.dice.pick(&all).copied().into_iter().collect() };
        let rules = |market: &dyn Outside| {
            (0..=self.dice.below(RULES_AT_ONCE)).map(|_| self.a_rule(market)).collect::<Vec<_>>()
        };
        Event::Storm(struck.into_iter().map(|market| (market.kind(), rules(market))).collect())
    }

    fn a_rule(&self, market: &dyn Outside) -> FaultRule {
        let seconds = 5 + self.dice.below(600);
        let fault = match self.dice.below(17) {
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
            15 => Fault::HookLate { seconds },
            _ => market.own_refusal(),
        };
        let path = *self.dice.pick(market.paths()).unwrap_or(&"");
        let percent = u8::try_from(10 + self.dice.below(70)).unwrap_or(50);
        // A platform that loses its token endpoint for good would end every run there.
        let rule = FaultRule::new(path, fault).percent(percent);
        if path == market.token_path() { rule.times(2) } else { rule }
    }

    fn a_forgery(&self) -> Option<Event> {
        let (at, account) = self.dice.pick(&self.accounts)?;
        let market = self.at(*at);
        let numbers: Vec<String> = market.numbers().into_iter().collect();
        let order = self.dice.pick(&numbers).map_or("1", String::as_str);
        Some(Event::Forged { at: *at, hook: market.forgery(account, order, &self.dice) })
    }

    /// The codes that most buyers of this run want: the goods that the most listings share,
    /// others in every run.
    pub(super) fn codes_that_all_want(&self) -> Vec<String> {
        let mut listings: BTreeMap<String, usize> = BTreeMap::new();
        for market in outside::all(&self.shop) {
            for code in self.own_offers(market).into_iter().filter_map(|offer| offer.sku) {
                *listings.entry(code).or_default() += 1;
            }
        }
        let mut shared: Vec<String> =
            listings.into_iter().filter(|(_, count)| *count > 1).map(|(code, _)| code).collect();
        let mut wanted = Vec::new();
        while wanted.len() < WANTED_CODES && !shared.is_empty() {
            let place = self.dice.below(u64::try_from(shared.len()).unwrap_or(1));
            wanted.push(shared.swap_remove(usize::try_from(place).unwrap_or(0)));
        }
        wanted
    }
}

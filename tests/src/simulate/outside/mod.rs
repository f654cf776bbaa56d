//! The marketplaces as the simulator knows them: what may befall each, and the whole truth
//! of it, read from the simulated world itself and never through a connector.

mod mercado_livre;
mod shopee;
mod tiktok_shop;

use std::collections::{BTreeMap, BTreeSet};

use domain::order::Attention;
use domain::{ChannelKind, OrderState};
use sandbox::{Fault, HookDelivery};

use super::Dice;
use crate::marketplace::Marketplace;
use crate::shop::TestApp;

/// What can be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    /// The seller.
    pub(super) account: String,
    /// The platform's id of the listing.
    pub(super) listing: String,
    /// The platform's id of the variation; empty where there is none.
    pub(super) variation: String,
    /// The seller's own code.
    pub(super) sku: Option<String>,
    /// Units that buyers see.
    pub(super) units: i64,
}

/// What a buyer puts into the cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) listing: String,
    pub(super) variation: String,
    pub(super) units: i64,
}

/// When a buyer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pays {
    AtOnce,
    AfterSeconds(u64),
    Never,
}

/// Whose whim ends an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Buyer,
    Platform,
}

/// What an account's way into its marketplace loses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The access token, before its time.
    Access,
    /// Both tokens, while the platform believes the consent to last.
    Tokens,
    /// The seller's consent.
    Consent,
    /// What the account is called by in calls, where that is not its id.
    Name,
}

impl Loss {
    pub(super) const ALL: [Self; 4] = [Self::Access, Self::Tokens, Self::Consent, Self::Name];
}

/// Where the shop has to say that an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// Exactly here.
    At(OrderState),
    /// Not paid, and in none of the platform's lists until it is: only a hook tells of it,
    /// which may have been lost.
    NotShown,
    /// Over without a sale, whoever ended it. One that nobody read before need not be held.
    Cancelled,
    /// Called off on its way: whether it comes back, only a person can say.
    CalledOffOnItsWay {
        /// Whether its units may be gone.
        holds_stock: bool,
    },
}

impl Stands {
    /// Whether more may happen to the order.
    pub(super) fn is_open(self) -> bool {
        self == Self::NotShown || matches!(self, Self::At(state) if state != OrderState::Delivered)
    }

    /// Whether a shop that says `held` (or does not hold the order) says it right.
    pub(super) fn fits(self, held: Option<OrderState>) -> bool {
        match (self, held) {
            (Self::At(_), None) => false,
            (Self::NotShown | Self::Cancelled | Self::CalledOffOnItsWay { .. }, None) => true,
            (Self::At(wanted), Some(held)) => wanted == held,
            (Self::NotShown, Some(held)) => held == OrderState::AwaitingPayment,
            (Self::Cancelled, Some(held)) => matches!(held, OrderState::Cancelled(_)),
            // A pack's parcel goes on without an order called off before; seen late, that
            // looks like an order called off on its way.
            (Self::CalledOffOnItsWay { holds_stock }, Some(held)) => {
                matches!(held, OrderState::NeedsAttention(_))
                    || (!holds_stock && matches!(held, OrderState::Cancelled(_)))
            }
        }
    }
}

const ASKED_TO_CANCEL: OrderState = OrderState::NeedsAttention(Attention::UnknownStatus);

/// What the world says of an order.
#[derive(Debug)]
pub(super) struct Truth {
    /// The seller.
    pub(super) account: String,
    /// The platform's number.
    pub(super) number: String,
    /// The platform's own words.
    pub(super) words: String,
    /// Where the shop has to say it stands.
    pub(super) stands: Stands,
    /// Units bought.
    pub(super) units: i64,
    /// Code and units of what leaves the seller's own shelf.
    pub(super) from_shelf: Vec<(String, i64)>,
}

/// A marketplace that the simulator moves.
pub(super) trait Outside: Marketplace {
    /// The sellers that the shop may have accounts of, the one that all share goods with
    /// first.
    fn accounts(&self) -> Vec<String>;
    /// A seller says yes on the consent page: what the browser brings back.
    fn approve_for(&self, authorize_url: &str, account: &str) -> BTreeMap<String, String>;

    /// Everything that is for sale or was, by all sellers.
    fn offers(&self) -> Vec<Offer>;
    /// The numbers of all orders, by all sellers.
    fn numbers(&self) -> BTreeSet<String>;
    /// The truth of all orders, by all sellers.
    fn orders(&self) -> Vec<Truth>;
    /// Calls so far.
    fn count_calls(&self) -> usize;
    /// Quantities that the shop has tried to write so far.
    fn stock_writes(&self) -> usize;

    /// A buyer buys, if there is that much of it.
    fn buy(&self, cart: &[Wanted], pays: Pays);
    /// Somebody calls an order off, or asks to.
    fn end_order(&self, order: &str, whose: Whose);
    /// Something that only this platform does to orders.
    fn vex(&self, order: &str);
    /// The parcel of an order takes its next step.
    fn move_on(&self, order: &str);
    /// An account loses its way in.
    fn lock_out(&self, account: &str, loss: Loss);

    /// Where its calls go, and where its hooks come from: a fault strikes below one of them.
    fn paths(&self) -> &'static [&'static str];
    /// Below this one, a fault never strikes more than twice: without tokens there is
    /// nothing to see.
    fn token_path(&self) -> &'static str;
    /// A refusal that only this platform has.
    fn own_refusal(&self) -> Fault;
    /// Something like a hook that this platform never sent.
    fn forgery(&self, account: &str, order: &str, dice: &Dice) -> HookDelivery;
}

/// The marketplaces of a shop.
pub(super) fn all(shop: &TestApp) -> Vec<&dyn Outside> {
    let markets = shop.markets();
    let mut all: Vec<&dyn Outside> = vec![markets.mercado_livre()];
    if let Some((shopee, tiktok_shop)) = markets.beside() {
        all.extend([shopee as &dyn Outside, tiktok_shop]);
    }
    all
}

/// The marketplace of a kind.
pub(super) fn at(shop: &TestApp, kind: ChannelKind) -> &dyn Outside {
    all(shop).into_iter().find(|market| market.kind() == kind).expect("the shop sells there")
}

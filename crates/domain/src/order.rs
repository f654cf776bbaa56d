//! An order as a pure state machine: [`Order::first_seen`] and [`Order::apply`] take what
//! a platform says (a snapshot) and answer what changes. Stale news changes nothing, the
//! same news twice changes nothing, and an unknown status waits for a person.

use crate::connection::ChannelKind;
use crate::money::Money;
use crate::stock::{Effect, StockPosition, StockWish, plan};
use crate::time::Timestamp;

/// Who ended an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelledBy {
    /// The buyer.
    Buyer,
    /// The seller.
    Seller,
    /// The marketplace (fraud, mediation, logistics…).
    Marketplace,
}

/// Why an order waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attention {
    /// The platform sent a status that we do not know.
    UnknownStatus,
    /// The platform says: possible fraud, do not ship.
    FraudRisk,
    /// The platform changed the lines of an order that we already hold.
    LinesChanged,
    /// The platform brought a cancelled order back.
    Reopened,
    /// Cancelled, yet its parcel has left the seller or goes on with the rest of its pack:
    /// whether these units are in it, only a person can say.
    CancelledYetSent,
}

/// Where an order stands, over all channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// Placed, not yet paid.
    AwaitingPayment,
    /// Paid: to be packed and handed over.
    ToDispatch,
    /// On its way.
    Shipped,
    /// With the buyer.
    Delivered,
    /// Over without a sale.
    Cancelled(CancelledBy),
    /// A person has to look; stock stays held meanwhile.
    NeedsAttention(Attention),
}

impl OrderState {
    const ALL: [Self; 12] = [
        Self::AwaitingPayment,
        Self::ToDispatch,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled(CancelledBy::Buyer),
        Self::Cancelled(CancelledBy::Seller),
        Self::Cancelled(CancelledBy::Marketplace),
        Self::NeedsAttention(Attention::UnknownStatus),
        Self::NeedsAttention(Attention::FraudRisk),
        Self::NeedsAttention(Attention::LinesChanged),
        Self::NeedsAttention(Attention::Reopened),
        Self::NeedsAttention(Attention::CancelledYetSent),
    ];

    /// The pair of words that databases and filters use: state and detail.
    #[must_use]
    pub const fn as_words(self) -> (&'static str, &'static str) {
        match self {
            Self::AwaitingPayment => ("awaiting_payment", ""),
            Self::ToDispatch => ("to_dispatch", ""),
            Self::Shipped => ("shipped", ""),
            Self::Delivered => ("delivered", ""),
            Self::Cancelled(CancelledBy::Buyer) => ("cancelled", "buyer"),
            Self::Cancelled(CancelledBy::Seller) => ("cancelled", "seller"),
            Self::Cancelled(CancelledBy::Marketplace) => ("cancelled", "marketplace"),
            Self::NeedsAttention(Attention::UnknownStatus) => ("needs_attention", "unknown_status"),
            Self::NeedsAttention(Attention::FraudRisk) => ("needs_attention", "fraud_risk"),
            Self::NeedsAttention(Attention::LinesChanged) => ("needs_attention", "lines_changed"),
            Self::NeedsAttention(Attention::Reopened) => ("needs_attention", "reopened"),
            Self::NeedsAttention(Attention::CancelledYetSent) => ("needs_attention", "cancelled_yet_sent"),
        }
    }

    /// The state of a pair of words in a database.
    #[must_use]
    pub fn parse(state: &str, detail: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_words() == (state, detail))
    }

    /// Whether a cancelled order that is now in this state came back: it still counts for
    /// the platform.
    const fn is_on_again(self) -> bool {
        !matches!(self, Self::Cancelled(_) | Self::NeedsAttention(Attention::CancelledYetSent))
    }

    /// What the state asks of its lines' stock. An order that needs a person holds its
    /// units: giving them away is the one mistake that cannot be taken back.
    #[must_use]
    pub const fn stock_wish(self) -> StockWish {
        match self {
            Self::AwaitingPayment | Self::ToDispatch | Self::NeedsAttention(_) => StockWish::Hold,
            Self::Shipped | Self::Delivered => StockWish::Gone,
            Self::Cancelled(_) => StockWish::Free,
        }
    }
}

/// The platform's own clock on what a snapshot shows: its order and its shipment are
/// updated apart. Compared part by part, so late news never moves an order backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SnapshotVersion {
    /// Last update of the order.
    pub order_at: Timestamp,
    /// Last update of its shipment; [`Timestamp::EPOCH`] while there is none.
    pub shipment_at: Timestamp,
}

/// How one version stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Newer {
    Same,
    Yes,
    No,
    /// One part newer, the other older: two readings crossed; read again.
    Crossed,
}

impl SnapshotVersion {
    fn newer_than(self, held: Self) -> Newer {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match (self.order_at.cmp(&held.order_at), self.shipment_at.cmp(&held.shipment_at)) {
            (Equal, Equal) => Newer::Same,
            (Greater, Less) | (Less, Greater) => Newer::Crossed,
            (Less, _) | (_, Less) => Newer::No,
            (Greater, _) | (_, Greater) => Newer::Yes,
        }
    }
}

/// One line as the platform shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineSnapshot {
    /// Names the line within its order, the same in every snapshot.
    pub key: String,
    /// The platform's id of the listing.
    pub listing_external_id: String,
    /// The platform's id of the variation, where listings have them.
    pub variation_external_id: Option<String>,
    /// Title at the time of the order.
    pub title: String,
    /// The seller's own code, where the platform tells it.
    pub seller_sku: Option<String>,
    /// Units ordered.
    pub units: i64,
    /// Price of one unit.
    pub unit_price: Money,
    /// The marketplace's fee for the line, where it tells it.
    pub sale_fee: Option<Money>,
}

/// The package as the platform shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentSnapshot {
    /// The platform's id of the shipment.
    pub external_id: String,
    /// The platform's own status (and substatus, after a slash).
    pub platform_status: String,
    /// Who carries it, in the platform's word (`cross_docking`, `fulfillment`…).
    pub logistic_type: Option<String>,
    /// Tracking code.
    pub tracking_code: Option<String>,
    /// When it has to be handed over at the latest.
    pub ship_by: Option<Timestamp>,
}

/// An order as the platform shows it at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSnapshot {
    /// The channel it comes from.
    pub channel: ChannelKind,
    /// The platform's id of the order.
    pub external_id: String,
    /// The platform's id of the pack (cart) it belongs to.
    pub pack_external_id: Option<String>,
    /// The platform's clock.
    pub version: SnapshotVersion,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Where it stands, in our words.
    pub state: OrderState,
    /// Where it stands, in the platform's word.
    pub platform_status: String,
    /// What was bought.
    pub lines: Vec<LineSnapshot>,
    /// What the buyer pays for the goods.
    pub total: Money,
    /// The platform's id of the buyer: a pseudonym, no name.
    pub buyer_external_id: Option<String>,
    /// The package, once there is one.
    pub shipment: Option<ShipmentSnapshot>,
    /// The platform's tags, kept for people.
    pub tags: Vec<String>,
}

/// What platforms say of a package that their own warehouse sends: Mercado Livre's `logistic_type` of a shipment, Shopee's
/// `fulfillment_flag` and TikTok Shop's `fulfillment_type` of an order, as their references list them.
pub const SENT_BY_PLATFORM: [&str; 3] = ["fulfillment", "fulfilled_by_shopee", "FULFILLMENT_BY_TIKTOK"];

impl OrderSnapshot {
    /// Whether the platform's own warehouse sends it: then nothing of it leaves a shelf of ours.
    #[must_use]
    pub fn is_sent_by_platform(&self) -> bool {
        let word = self.shipment.as_ref().and_then(|shipment| shipment.logistic_type.as_deref());
        word.is_some_and(|word| SENT_BY_PLATFORM.contains(&word))
    }

    /// Whether nothing is left to be done for it: delivered or called off.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, OrderState::Delivered | OrderState::Cancelled(_))
    }
}

/// One line as the hub holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Names the line within its order.
    pub key: String,
    /// Units ordered.
    pub units: i64,
    /// What has happened to its stock.
    pub position: StockPosition,
}

/// The part of an order that decisions need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The platform's clock on what is held.
    pub version: SnapshotVersion,
    /// Where it stands.
    pub state: OrderState,
    /// The platform's own word.
    pub platform_status: String,
    /// Its lines, in the order of the first snapshot.
    pub lines: Vec<Line>,
}

/// A stock effect of one line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineEffect {
    /// The line.
    pub line_key: String,
    /// What happens to its stock.
    pub effect: Effect,
    /// How many units.
    pub units: i64,
}

/// What a snapshot changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// Nothing new: the same or older news.
    Nothing,
    /// Two readings crossed (order newer, shipment older or the reverse): read again.
    ReadAgain,
    /// The order moved on.
    Changed {
        /// The order as it stands now.
        order: Order,
        /// What happens to stock, in this order.
        effects: Vec<LineEffect>,
    },
}

/// When an order is seen for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstSight {
    /// It came in while the shop was running.
    Live,
    /// It was found by the first import: what had already left or ended then is not in
    /// the opening count and must not touch it.
    Import,
}

impl Order {
    /// Takes in an order that was not held before.
    #[must_use]
    pub fn first_seen(snapshot: &OrderSnapshot, sight: FirstSight) -> (Self, Vec<LineEffect>) {
        let over = !matches!(snapshot.state.stock_wish(), StockWish::Hold);
        let start = match sight {
            FirstSight::Import if over => StockPosition::BeforeOpening,
            FirstSight::Import | FirstSight::Live => StockPosition::Untouched,
        };
        let mut order = Self {
            version: snapshot.version,
            state: snapshot.state,
            platform_status: snapshot.platform_status.clone(),
            lines: snapshot
                .lines
                .iter()
                .map(|line| Line { key: line.key.clone(), units: line.units, position: start })
                .collect(),
        };
        let effects = order.settle_stock();
        (order, effects)
    }

    /// Takes in newer news of an order that is held.
    #[must_use]
    pub fn apply(mut self, snapshot: &OrderSnapshot) -> Applied {
        let state = self.state_after(snapshot);
        match snapshot.version.newer_than(self.version) {
            Newer::No => return Applied::Nothing,
            // A platform's clock may tell seconds only: what was read later and says
            // something else is newer.
            Newer::Same if state == self.state => return Applied::Nothing,
            Newer::Crossed => return Applied::ReadAgain,
            Newer::Same | Newer::Yes => {}
        }
        self.version = snapshot.version;
        self.platform_status.clone_from(&snapshot.platform_status);
        self.state = state;
        let effects = self.settle_stock();
        Applied::Changed { order: self, effects }
    }

    fn state_after(&self, snapshot: &OrderSnapshot) -> OrderState {
        if self.lines_differ(snapshot) {
            OrderState::NeedsAttention(Attention::LinesChanged)
        } else if self.was_released() && snapshot.state.is_on_again() {
            OrderState::NeedsAttention(Attention::Reopened)
        } else {
            snapshot.state
        }
    }

    fn lines_differ(&self, snapshot: &OrderSnapshot) -> bool {
        self.lines.len() != snapshot.lines.len()
            || snapshot
                .lines
                .iter()
                .any(|new| !self.lines.iter().any(|held| held.key == new.key && held.units == new.units))
    }

    fn was_released(&self) -> bool {
        self.lines.iter().any(|line| line.position == StockPosition::Released)
    }

    fn settle_stock(&mut self) -> Vec<LineEffect> {
        let wish = self.state.stock_wish();
        let mut all = Vec::new();
        for line in &mut self.lines {
            let (effects, next) = plan(line.position, wish);
            line.position = next;
            all.extend(effects.iter().map(|effect| LineEffect {
                line_key: line.key.clone(),
                effect: *effect,
                units: line.units,
            }));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn snapshot(state: OrderState, order_ms: i64) -> OrderSnapshot {
        let price = Money::new(5_000, Currency::Brl);
        OrderSnapshot {
            channel: ChannelKind::MercadoLivre,
            external_id: "2000010000000001".into(),
            pack_external_id: None,
            version: SnapshotVersion {
                order_at: Timestamp::from_millis(order_ms),
                shipment_at: Timestamp::EPOCH,
            },
            placed_at: Timestamp::from_millis(1),
            state,
            platform_status: "paid".into(),
            lines: vec![LineSnapshot {
                key: "MLB1".into(),
                listing_external_id: "MLB1".into(),
                variation_external_id: None,
                title: "Caneca".into(),
                seller_sku: Some("CAN-1".into()),
                units: 2,
                unit_price: price,
                sale_fee: None,
            }],
            total: Money::new(10_000, Currency::Brl),
            buyer_external_id: None,
            shipment: None,
            tags: Vec::new(),
        }
    }

    fn effects_of(applied: &Applied) -> Vec<Effect> {
        match applied {
            Applied::Changed { effects, .. } => effects.iter().map(|effect| effect.effect).collect(),
            Applied::Nothing | Applied::ReadAgain => Vec::new(),
        }
    }

    fn paid() -> Order {
        Order::first_seen(&snapshot(OrderState::ToDispatch, 10), FirstSight::Live).0
    }

    #[test]
    fn a_new_paid_order_reserves_its_units() {
        let (order, effects) = Order::first_seen(&snapshot(OrderState::ToDispatch, 10), FirstSight::Live);
        assert_eq!(order.lines[0].position, StockPosition::Reserved);
        assert_eq!(effects, [LineEffect { line_key: "MLB1".into(), effect: Effect::Reserve, units: 2 }]);
    }

    #[test]
    fn the_same_news_twice_changes_nothing() {
        assert_eq!(paid().apply(&snapshot(OrderState::ToDispatch, 10)), Applied::Nothing);
    }

    #[test]
    fn a_change_within_one_tick_of_the_platforms_clock_is_not_lost() {
        let cancelled = paid().apply(&snapshot(OrderState::Cancelled(CancelledBy::Buyer), 10));
        assert_eq!(effects_of(&cancelled), [Effect::Release]);
    }

    #[test]
    fn stale_news_changes_nothing_whatever_it_says() {
        assert_eq!(paid().apply(&snapshot(OrderState::Cancelled(CancelledBy::Buyer), 9)), Applied::Nothing);
    }

    #[test]
    fn a_newer_shipment_with_an_older_order_is_read_again() {
        let mut crossed = snapshot(OrderState::Shipped, 9);
        crossed.version.shipment_at = Timestamp::from_millis(99);
        assert_eq!(paid().apply(&crossed), Applied::ReadAgain);
    }

    #[test]
    fn shipping_takes_and_cancelling_releases() {
        let shipped = paid().apply(&snapshot(OrderState::Shipped, 11));
        assert_eq!(effects_of(&shipped), [Effect::Take]);
        let cancelled = paid().apply(&snapshot(OrderState::Cancelled(CancelledBy::Buyer), 11));
        assert_eq!(effects_of(&cancelled), [Effect::Release]);
    }

    #[test]
    fn a_cancellation_after_shipping_gives_nothing_back_by_itself() {
        let Applied::Changed { order, .. } = paid().apply(&snapshot(OrderState::Shipped, 11)) else {
            panic!("shipping changes the order");
        };
        let cancelled = order.apply(&snapshot(OrderState::Cancelled(CancelledBy::Marketplace), 12));
        assert_eq!(effects_of(&cancelled), []);
    }

    #[test]
    fn an_unknown_status_waits_for_a_person_and_keeps_its_units() {
        let unknown = OrderState::NeedsAttention(Attention::UnknownStatus);
        let (order, effects) = Order::first_seen(&snapshot(unknown, 10), FirstSight::Live);
        assert_eq!(order.state, unknown);
        assert_eq!(effects.len(), 1);
        assert_eq!(effects_of(&paid().apply(&snapshot(unknown, 11))), []);
    }

    #[test]
    fn a_cancelled_order_that_comes_back_waits_for_a_person() {
        let Applied::Changed { order, .. } =
            paid().apply(&snapshot(OrderState::Cancelled(CancelledBy::Buyer), 11))
        else {
            panic!("cancelling changes the order");
        };
        let Applied::Changed { order, effects } = order.apply(&snapshot(OrderState::ToDispatch, 12)) else {
            panic!("newer news changes the order");
        };
        assert_eq!(order.state, OrderState::NeedsAttention(Attention::Reopened));
        assert_eq!(effects, []);
    }

    #[test]
    fn a_cancelled_order_whose_parcel_goes_on_is_not_taken_for_one_that_came_back() {
        let sent = OrderState::NeedsAttention(Attention::CancelledYetSent);
        let before = [
            (OrderState::ToDispatch, StockPosition::Reserved),
            (OrderState::Cancelled(CancelledBy::Buyer), StockPosition::Released),
            (OrderState::Shipped, StockPosition::Taken),
        ];
        for (state, position) in before {
            let (order, _) = Order::first_seen(&snapshot(OrderState::ToDispatch, 9), FirstSight::Live);
            let order = match order.clone().apply(&snapshot(state, 10)) {
                Applied::Changed { order, .. } => order,
                Applied::Nothing | Applied::ReadAgain => order,
            };
            let Applied::Changed { order, effects } = order.apply(&snapshot(sent, 11)) else {
                panic!("newer news changes the order");
            };
            assert_eq!((order.state, effects), (sent, vec![]), "{state:?}");
            assert_eq!(order.lines[0].position, position, "{state:?}");
        }
    }

    #[test]
    fn a_cancelled_order_that_was_never_held_keeps_its_units_while_its_parcel_goes_on() {
        let sent = OrderState::NeedsAttention(Attention::CancelledYetSent);
        let (order, _) = Order::first_seen(&snapshot(sent, 10), FirstSight::Live);
        assert_eq!(order.lines[0].position, StockPosition::Reserved);
    }

    #[test]
    fn changed_lines_wait_for_a_person() {
        let mut changed = snapshot(OrderState::ToDispatch, 11);
        changed.lines[0].units = 3;
        let Applied::Changed { order, effects } = paid().apply(&changed) else {
            panic!("newer news changes the order");
        };
        assert_eq!(order.state, OrderState::NeedsAttention(Attention::LinesChanged));
        assert_eq!(effects, []);
    }

    #[test]
    fn history_found_by_the_import_does_not_touch_the_opening_count() {
        let (_, shipped) = Order::first_seen(&snapshot(OrderState::Delivered, 10), FirstSight::Import);
        assert_eq!(shipped, []);
        let (_, open) = Order::first_seen(&snapshot(OrderState::ToDispatch, 10), FirstSight::Import);
        assert_eq!(open.len(), 1);
    }

    #[test]
    fn every_state_survives_its_words() {
        for state in OrderState::ALL {
            let (word, detail) = state.as_words();
            assert_eq!(OrderState::parse(word, detail), Some(state));
        }
    }
}

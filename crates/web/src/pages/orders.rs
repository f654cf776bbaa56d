//! The list of orders and one order.

use askama::Template;
use domain::order::Attention;
use domain::{
    Actor, ChannelKind, EntryKind, ListingId, Money, OrderId, OrderState, PackageKind, Problem,
    StockPosition, Timestamp,
};

use crate::pages::money::MoneyView;
use crate::pages::money_view::ProfitView;
use crate::pages::order_list::Views;
use crate::pages::returns::ReturnsView;
use crate::pages::{Choice, Pager, SkuLink};
use crate::{Chrome, Tone};

/// What the list is narrowed to; the same names are the query of `GET /orders`.
#[derive(Debug, Clone, Default)]
pub struct OrdersFilter {
    /// First word of an [`OrderState`] (`to_dispatch`); empty = all.
    pub state: String,
    /// A connection's id; empty = all.
    pub connection: String,
    /// `today`, `7d`, `30d`; empty = all.
    pub period: String,
    /// A [`PackageKind`]'s word; empty = all.
    pub kind: String,
    /// A [`domain::ShipDay`]'s word; empty = all.
    pub ship: String,
    /// Buyers' ids, as the address has them; empty = everybody's.
    pub buyer: String,
    /// How many buyers those are.
    pub buyers: i64,
    /// All but the buyers, as an address writes it.
    pub rest: String,
    /// The address of the same list, of everybody's orders.
    pub everybodys: String,
    /// A number, code or part of a title.
    pub text: String,
}

impl OrdersFilter {
    /// Whether anything is narrowed.
    #[must_use]
    pub fn any(&self) -> bool {
        [&self.state, &self.connection, &self.period, &self.kind, &self.ship, &self.buyer, &self.text]
            .iter()
            .any(|part| !part.is_empty())
    }

    /// Whether the day of the deadline is all that is narrowed.
    fn is_day_alone(&self) -> bool {
        !self.ship.is_empty() && !Self { ship: String::new(), ..self.clone() }.any()
    }
}

/// A state to narrow to, with how many wait there.
#[derive(Debug, Clone)]
pub struct StateChip {
    /// First word of an [`OrderState`]; empty = all.
    pub state: &'static str,
    /// Address of the narrowed list.
    pub href: String,
    /// How many, from a kept tally; `None` where none is kept.
    pub count: Option<i64>,
}

/// One order in a list.
#[derive(Debug, Clone)]
pub struct OrderRow {
    /// Its id.
    pub id: OrderId,
    /// Its number at the platform.
    pub number: String,
    /// Where it was placed.
    pub channel: ChannelKind,
    /// Name of the connection it came in by.
    pub connection: String,
    /// Where it stands.
    pub state: OrderState,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it has to be handed over at the latest.
    pub ship_by: Option<Timestamp>,
    /// Who carries it, in the platform's word (`cross_docking`).
    pub package: Option<String>,
    /// Title of the first line.
    pub title: String,
    /// Lines beyond the first.
    pub more_lines: i64,
    /// Units over all lines.
    pub units: i64,
    /// What the package holds, where it is known.
    pub kind: Option<PackageKind>,
    /// What the buyer pays for the goods.
    pub total: Money,
}

impl OrderRow {
    /// The deadline, while it still matters.
    #[must_use]
    pub fn open_deadline(&self) -> Option<Timestamp> {
        match self.state {
            OrderState::ToDispatch | OrderState::NeedsAttention(_) => self.ship_by,
            OrderState::AwaitingPayment
            | OrderState::Shipped
            | OrderState::Delivered
            | OrderState::Cancelled(_) => None,
        }
    }
}

/// `GET /orders?state=&connection=&period=&text=`.
#[derive(Debug, Template)]
#[template(path = "orders.html")]
pub struct OrdersPage {
    /// Around it.
    pub chrome: Chrome,
    /// What it is narrowed to.
    pub filter: OrdersFilter,
    /// Filters that the member gave a name.
    pub views: Views,
    /// Whether orders are found by their buyers.
    pub finds_buyers: bool,
    /// States to narrow to, "all" first.
    pub chips: Vec<StateChip>,
    /// Connections to narrow to.
    pub connections: Vec<Choice>,
    /// The orders, newest first.
    pub rows: Vec<OrderRow>,
    /// Newer and older.
    pub pager: Pager,
    /// Where live rows come from; new orders appear on the newest page alone, and are
    /// announced where they may not fit.
    pub live: Option<String>,
}

impl OrdersPage {
    const MAX_SEARCH: usize = store::order_list::MAX_SEARCH_CHARS;
    const MAX_BUYER_TEXT: usize = domain::buyer::MAX_BUYER_TEXT_CHARS;

    fn is_newest(&self) -> bool {
        self.pager.newer.is_none()
    }

    /// Whether any new order belongs on this page.
    fn grows(&self) -> bool {
        self.is_newest() && !self.filter.any() && self.live.is_some()
    }
}

/// One row alone: the data of the live events `row` and `new`.
#[derive(Debug, Template)]
#[template(path = "order_row.html")]
pub struct OrderRowPartial<'a> {
    /// The reader.
    pub chrome: &'a Chrome,
    /// The order.
    pub row: &'a OrderRow,
}

/// One line of an order.
#[derive(Debug, Clone)]
pub struct OrderLine {
    /// Title at the time of the order.
    pub title: String,
    /// What is stocked; `None` while the listing is linked to nothing.
    pub sku: Option<SkuLink>,
    /// Number of the listing at the platform.
    pub listing_number: String,
    /// Units ordered.
    pub units: i64,
    /// Price of one.
    pub unit_price: Money,
    /// Units × price.
    pub total: Money,
    /// The marketplace's fee, where it tells it.
    pub fee: Option<Money>,
    /// What has happened to its stock.
    pub position: StockPosition,
}

/// The package.
#[derive(Debug, Clone)]
pub struct ShipmentView {
    /// Its number at the platform.
    pub number: String,
    /// The platform's own status.
    pub platform_status: String,
    /// Who carries it, in the platform's word.
    pub package: Option<String>,
    /// Tracking code.
    pub tracking_code: Option<String>,
    /// When it has to be handed over at the latest.
    pub ship_by: Option<Timestamp>,
}

/// What happened to an order.
#[derive(Debug, Clone)]
pub enum Happening {
    /// The marketplace told us.
    Hook {
        /// Its word for the topic.
        topic: String,
    },
    /// The sweep found news that no hook told.
    Swept,
    /// The order was read from the marketplace.
    Fetched,
    /// The order moved to a state.
    Applied(OrderState),
    /// Stock moved.
    Stock {
        /// The SKU.
        sku: SkuLink,
        /// What for.
        kind: EntryKind,
        /// Units.
        units: i64,
    },
    /// Another listing was told its quantity.
    Told {
        /// The listing's number.
        listing_number: String,
        /// Units sent.
        units: i64,
    },
    /// The platform shows that quantity.
    Confirmed {
        /// The listing.
        listing: ListingId,
        /// The listing's number.
        listing_number: String,
        /// Units shown.
        units: i64,
    },
    /// Something went wrong.
    Failed(Problem),
}

impl Happening {
    /// Its place among what happened in one millisecond: a cause stands before its effect.
    #[must_use]
    pub const fn step(&self) -> u8 {
        match self {
            Self::Hook { .. } | Self::Swept => 0,
            Self::Fetched => 1,
            Self::Applied(_) => 2,
            Self::Stock { .. } => 3,
            Self::Told { .. } => 4,
            Self::Confirmed { .. } => 5,
            Self::Failed(_) => 6,
        }
    }

    const fn icon(&self) -> &'static str {
        match self {
            Self::Hook { .. } => "hook",
            Self::Swept => "sweep",
            Self::Fetched => "down",
            Self::Applied(_) => "orders",
            Self::Stock { .. } => "skus",
            Self::Told { .. } => "up",
            Self::Confirmed { .. } => "check",
            Self::Failed(_) => "alert",
        }
    }

    const fn tone(&self) -> Tone {
        match self {
            Self::Failed(_) => Tone::Bad,
            Self::Confirmed { .. } => Tone::Good,
            Self::Hook { .. }
            | Self::Swept
            | Self::Fetched
            | Self::Applied(_)
            | Self::Stock { .. }
            | Self::Told { .. } => Tone::Quiet,
        }
    }
}

/// One entry of the timeline.
#[derive(Debug, Clone)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The e-mail of a member who did it.
    pub member: Option<String>,
    /// What.
    pub what: Happening,
}

/// `GET /orders/{id}`.
#[derive(Debug, Template)]
#[template(path = "order.html")]
pub struct OrderPage {
    /// Around it.
    pub chrome: Chrome,
    /// The order as lists show it.
    pub row: OrderRow,
    /// The platform's own status.
    pub platform_status: String,
    /// Number of the pack (cart) it belongs to.
    pub pack_number: Option<String>,
    /// The platform's tags.
    pub tags: Vec<String>,
    /// What was bought.
    pub lines: Vec<OrderLine>,
    /// Fees over all lines, where the platform tells them.
    pub fees: Option<Money>,
    /// What it brings in, as far as anything is known of it.
    pub money: Option<MoneyView>,
    /// What it earns, line by line; `None` while it is not a sale.
    pub profit: Option<ProfitView>,
    /// The package, once there is one.
    pub shipment: Option<ShipmentView>,
    /// What happened, newest first.
    pub timeline: Vec<Happened>,
    /// What came back of it.
    pub returns: ReturnsView,
    /// Where live changes come from.
    pub live: Option<String>,
}

impl OrderPage {
    fn attention_key(&self) -> &'static str {
        match self.row.state {
            OrderState::NeedsAttention(Attention::UnknownStatus) => "attention-unknown_status",
            OrderState::NeedsAttention(Attention::FraudRisk) => "attention-fraud_risk",
            OrderState::NeedsAttention(Attention::LinesChanged) => "attention-lines_changed",
            OrderState::NeedsAttention(Attention::Reopened) => "attention-reopened",
            OrderState::NeedsAttention(Attention::CancelledYetSent) => "attention-cancelled_yet_sent",
            OrderState::AwaitingPayment
            | OrderState::ToDispatch
            | OrderState::Shipped
            | OrderState::Delivered
            | OrderState::Cancelled(_) => "",
        }
    }
}

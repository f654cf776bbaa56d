use app::picked::NotAsked;
use domain::order::{Attention, CancelledBy};
use domain::{
    Actor, ChannelKind, EntryKind, ListingId, OrderId, OrderState, PackageKind, Problem, ShipDay, SkuId,
    StockPosition, ViewId,
};

use super::{NOW, Reader, Rendered, add, brl};
use crate::pages::order_list::{PickedPage, Refused, ViewTab, Views, ViewsPage};
use crate::pages::orders::{
    Happened, Happening, OrderLine, OrderPage, OrderRow, OrderRowPartial, OrdersFilter, OrdersPage,
    ShipmentView, StateChip,
};
use crate::pages::{Choice, Pager, SkuLink};
use crate::{Chrome, Nav, Tone};

pub(super) const STATES: [OrderState; 8] = [
    OrderState::ToDispatch,
    OrderState::AwaitingPayment,
    OrderState::ToDispatch,
    OrderState::NeedsAttention(Attention::FraudRisk),
    OrderState::Shipped,
    OrderState::Delivered,
    OrderState::Cancelled(CancelledBy::Buyer),
    OrderState::NeedsAttention(Attention::UnknownStatus),
];

const GOODS: [(&str, i64); 6] = [
    ("Garrafa térmica inox 1 litro com alça, mantém quente por 12 horas", 8_990),
    ("Kit 3 potes herméticos de vidro com tampa de bambu", 12_490),
    ("Luminária de mesa LED recarregável, três tons de luz", 7_450),
    ("Organizador de gavetas ajustável – 8 peças", 4_999),
    ("Tapete antiderrapante para banheiro 60 × 40 cm, cinza", 3_790),
    ("Varal de chão dobrável em alumínio", 21_900),
];

const PACKAGES: [&str; 5] = ["cross_docking", "fulfillment", "xd_drop_off", "self_service", "drop_off"];

impl Reader {
    fn row(&self, index: usize) -> OrderRow {
        let step = u64::try_from(index).unwrap_or_default();
        let (title, price) = GOODS[index % GOODS.len()];
        let units = 1 + i64::try_from(index % 3).unwrap_or_default();
        let state = STATES[index % STATES.len()];
        let ship_by = match index % 4 {
            0 => Some(Self::ahead(95)),
            2 => Some(Self::ahead(60 * 26)),
            3 => Some(Self::ago(140)),
            _ => None,
        };
        OrderRow {
            id: OrderId::new(Self::ago(step * 17), &self.entropy),
            number: format!("20000{}", 9_876_543_210_u64 - step * 7_919),
            channel: ChannelKind::MercadoLivre,
            connection: if index % 5 == 4 { "Casa Verde Outlet" } else { "Casa Verde" }.to_owned(),
            state,
            placed_at: Self::ago(step * 97 + 2),
            ship_by,
            package: (index % 6 != 1).then(|| PACKAGES[index % PACKAGES.len()].to_owned()),
            title: title.to_owned(),
            more_lines: i64::from(index % 4 == 1),
            units,
            kind: Some(match (index % 4, units) {
                (1, _) => PackageKind::Mixed,
                (_, 1) => PackageKind::Single,
                _ => PackageKind::Multiple,
            }),
            total: brl(price * units),
        }
    }

    fn orders_page(&self, rows: usize, filter: OrdersFilter) -> OrdersPage {
        let counts = [
            ("", None),
            ("to_dispatch", Some(23)),
            ("needs_attention", Some(2)),
            ("awaiting_payment", Some(4)),
            ("shipped", None),
            ("delivered", None),
            ("cancelled", None),
        ];
        OrdersPage {
            chrome: self.chrome(Nav::Orders),
            filter,
            views: Views::default(),
            finds_buyers: rows != 0,
            chips: counts
                .map(|(state, count)| StateChip { state, href: format!("/orders?state={state}"), count })
                .to_vec(),
            connections: vec![Choice { value: "con_1".to_owned(), label: "Casa Verde".to_owned() }],
            rows: (0..rows).map(|index| self.row(index)).collect(),
            pager: Pager { newer: None, older: (rows > 0).then(|| "/orders?after=x".to_owned()) },
            live: Some("/orders/live".to_owned()),
        }
    }

    fn sku(&self, code: &str) -> SkuLink {
        SkuLink { id: SkuId::new(Self::ago(99_999), &self.entropy), code: code.to_owned() }
    }

    fn timeline(&self) -> Vec<Happened> {
        let by = |minutes, system, what| Happened {
            at: Self::ago(minutes),
            actor: Actor::system(system),
            member: None,
            what,
        };
        let listing_number = "MLB4418820031".to_owned();
        let listing = ListingId::new(NOW, &self.entropy);
        vec![
            by(4, "sweep", Happening::Swept),
            by(6, "fanout", Happening::Failed(Problem::ListingNotWritable)),
            by(
                9,
                "fanout",
                Happening::Confirmed { listing, listing_number: listing_number.clone(), units: 7 },
            ),
            by(9, "fanout", Happening::Told { listing_number, units: 7 }),
            by(
                10,
                "ingest",
                Happening::Stock {
                    sku: self.sku("GAR-1L-INOX"),
                    kind: EntryKind::Line(domain::Effect::Reserve),
                    units: 1,
                },
            ),
            by(10, "ingest", Happening::Applied(OrderState::ToDispatch)),
            by(10, "ingest", Happening::Fetched),
            by(10, "ingest", Happening::Hook { topic: "orders_v2".to_owned() }),
        ]
    }

    fn order_page(&self, chrome: Chrome, index: usize) -> OrderPage {
        let line = |title: &str, code: Option<&str>, position, cents| OrderLine {
            title: title.to_owned(),
            sku: code.map(|code| self.sku(code)),
            listing_number: "MLB4418820031".to_owned(),
            units: 2,
            unit_price: brl(cents),
            total: brl(cents * 2),
            fee: code.map(|_| brl(1_124)),
            position,
        };
        OrderPage {
            chrome,
            row: OrderRow { total: brl(42_960), units: 4, more_lines: 1, ..self.row(index) },
            platform_status: "paid/ready_to_ship".to_owned(),
            pack_number: Some("2000006521345678".to_owned()),
            tags: vec!["paid".to_owned(), "not_delivered".to_owned(), "pack_order".to_owned()],
            lines: vec![
                line(GOODS[0].0, Some("GAR-1L-INOX"), StockPosition::Reserved, GOODS[0].1),
                line(GOODS[1].0, None, StockPosition::Untouched, GOODS[1].1),
            ],
            fees: Some(brl(2_248)),
            money: (index != 1).then(|| Self::money(index == 0)),
            profit: (index != 1).then(|| Self::profit(index == 0)),
            shipment: (index != 1).then(|| ShipmentView {
                number: "43210987654".to_owned(),
                platform_status: "ready_to_ship/ready_to_print".to_owned(),
                package: Some("cross_docking".to_owned()),
                tracking_code: Some("MEL43210987654FMXDF01".to_owned()),
                ship_by: Some(Self::ahead(95)),
            }),
            timeline: self.timeline(),
            returns: Self::returns_view(index % 3 != 1, index == 3),
            live: Some("/orders/live".to_owned()),
        }
    }

    /// The list with everything around it: views, filters, and what became of picked orders.
    fn order_list(&self, pages: &mut Vec<Rendered>) {
        let tab = |minutes, name: &str, filter: &str, current| ViewTab {
            id: ViewId::new(Self::ago(minutes), &self.entropy),
            name: name.to_owned(),
            href: format!("/orders?{filter}"),
            current,
        };
        let tabs = |current| {
            let flex = tab(9, "Flex de hoje, um item", "ship=today&kind=single", current);
            vec![
                flex,
                tab(8, "<Atrasados> & mistos", "ship=late&kind=mixed", false),
                tab(7, "Canecas", "text=caneca", false),
            ]
        };
        let filter =
            OrdersFilter { ship: "today".to_owned(), kind: "single".to_owned(), ..Default::default() };
        let of = |views, rows, filter| OrdersPage { views, ..self.orders_page(rows, filter) };
        let shown = Views { tabs: tabs(true), unsaved: None };
        add(pages, "orders-view", &of(shown, 5, filter.clone()));
        let unsaved = Views { tabs: tabs(false), unsaved: Some("ship=today".to_owned()) };
        add(pages, "orders-unsaved", &of(unsaved, 5, filter));
        for day in ShipDay::ALL {
            let filter = OrdersFilter { ship: day.as_str().to_owned(), ..Default::default() };
            let views = Views { tabs: Vec::new(), unsaved: Some(format!("ship={}", day.as_str())) };
            add(pages, "orders-none-ship", &of(views, 0, filter));
        }
        add(pages, "order-views", &ViewsPage { chrome: self.chrome(Nav::Orders), tabs: tabs(false) });
        add(pages, "order-views-none", &ViewsPage { chrome: self.chrome(Nav::Orders), tabs: Vec::new() });
        let refused = NotAsked::ALL.into_iter().zip(0..).map(|(why, index)| Refused {
            id: self.row(index).id,
            number: (why != NotAsked::Unknown).then(|| self.row(index).number),
            why,
        });
        let picked = PickedPage {
            chrome: self.chrome(Nav::Orders),
            asked: 12,
            refused: refused.collect(),
            back: "/orders?ship=today".to_owned(),
        };
        add(pages, "orders-picked", &picked);
    }

    pub(super) fn orders(&self, pages: &mut Vec<Rendered>) {
        add(pages, "orders", &self.orders_page(16, OrdersFilter::default()));
        let narrowed =
            OrdersFilter { state: "shipped".to_owned(), text: "GAR".to_owned(), ..Default::default() };
        add(pages, "orders-none-match", &self.orders_page(0, narrowed));
        let of_buyer = OrdersFilter { buyer: "sub_1".to_owned(), buyers: 2, ..Default::default() };
        add(pages, "orders-of-buyer", &self.orders_page(3, of_buyer));
        add(pages, "orders-none-yet", &self.orders_page(0, OrdersFilter::default()));
        let lonely = OrdersPage { connections: Vec::new(), ..self.orders_page(0, OrdersFilter::default()) };
        add(pages, "orders-no-connection", &lonely);
        self.order_list(pages);
        let chrome = self.chrome(Nav::Orders);
        add(pages, "order", &self.order_page(chrome.clone(), 0));
        add(pages, "order-attention", &self.order_page(chrome.clone(), 3));
        let flash = self.flash(Nav::Orders, Tone::Good, "outcome-done");
        add(pages, "order-bare", &self.order_page(flash, 1));
        add(pages, "part-order-row", &OrderRowPartial { chrome: &chrome, row: &self.row(0) });
    }
}

use std::time::Duration;

use domain::replay::Outcome;
use domain::shield::Shield;
use domain::{
    ChannelKind, Effect, EntryKind, ListingId, ListingState, OrderId, Problem, ProductId, SkuId, StockTakeId,
    Tally,
};

use super::{NOW, Reader, Rendered, add, brl};
use crate::Nav;
use crate::pages::kits::{FREE_ROWS, InKit, KitView, PartRow, TypedPart};
use crate::pages::listings::{ListingRow, ListingsPage};
use crate::pages::replay::{ReplayForm, ReplayPage, RuleRow, Week, WeightField};
use crate::pages::skus::{
    CountForm, HeldRow, LedgerRow, MomentForm, Past, ProofRow, Sent, SharingForm, SkuPage, SkuRow, SkusPage,
    ToldRow,
};
use crate::pages::stock_takes::{StockTakePage, StockTakesPage, TakeLineRow, TakeRow};
use crate::pages::{Choice, Errors, FieldError, Pager, SkuLink};

const SKUS: [(&str, &str, [i64; 3]); 6] = [
    ("GAR-1L-INOX", "Garrafa térmica inox 1 litro", [9, 2, 0]),
    ("POTE-KIT3", "Kit 3 potes herméticos de vidro com tampa de bambu", [41, 3, 2]),
    ("LUM-LED-REC", "Luminária de mesa LED recarregável", [1, 3, 0]),
    ("ORG-GAV-8", "Organizador de gavetas ajustável – 8 peças", [120, 11, 5]),
    ("TAP-6040-CZ", "Tapete antiderrapante 60 × 40 cm, cinza", [0, 0, 0]),
    ("VARAL-ALU", "Varal de chão dobrável em alumínio", [6, 1, 1]),
];

impl Reader {
    fn sku_row(&self, index: usize) -> SkuRow {
        let (code, title, [on_hand_units, reserved_units, safety_units]) = SKUS[index];
        SkuRow {
            id: SkuId::new(NOW, &self.entropy),
            code: code.to_owned(),
            title: title.to_owned(),
            tally: Tally { on_hand_units, reserved_units, safety_units, version: 4 },
            is_kit: false,
            listings: 1 + i64::try_from(index % 3).unwrap_or_default(),
            sold_units: [30, 60, 0, 11, 4, 90][index % 6],
        }
    }

    fn proof(&self, number: &str, state: ListingState, shows_units: i64, confirmed: bool) -> ProofRow {
        ProofRow {
            listing: ListingId::new(NOW, &self.entropy),
            number: number.to_owned(),
            title: "Garrafa térmica inox 1 litro com alça".to_owned(),
            channel: ChannelKind::MercadoLivre,
            connection: "Casa Verde".to_owned(),
            permalink: Some("https://example.com/MLB".to_owned()),
            state,
            sent: Some(Sent {
                units: 7,
                at: Self::ago(9),
                confirmed_at: confirmed.then(|| Self::ago(9).plus(Duration::from_secs(1))),
            }),
            shows_units,
            read_at: Self::ago(2),
            should_units: 7,
            platform_stock: false,
            held: None,
            problem: (!confirmed).then_some(Problem::WriteNotApplied),
        }
    }

    /// Units kept back in a burst of sales.
    fn held(units: i64) -> HeldRow {
        HeldRow {
            units,
            since: Self::ago(1),
            sold_units: 9,
            over: Duration::from_secs(20),
            delay: Duration::from_millis(4_300),
        }
    }

    fn ledger(&self) -> Vec<LedgerRow> {
        let steps = [
            (EntryKind::Opening, 10_u64, 8_000_u64),
            (EntryKind::Line(Effect::Reserve), 2, 900),
            (EntryKind::Line(Effect::Take), 2, 300),
            (EntryKind::Return, 2, 250),
            (EntryKind::WriteOff, 1, 250),
            (EntryKind::Adjustment, 1, 180),
            (EntryKind::Line(Effect::Reserve), 2, 10),
        ];
        let mut tally = Tally::default();
        let mut rows = Vec::new();
        for (kind, units, minutes) in steps {
            let units = i64::try_from(units).unwrap_or_default();
            let delta = match kind {
                EntryKind::Opening | EntryKind::Adjustment | EntryKind::Return => {
                    domain::Delta { on_hand_units: units, reserved_units: 0 }
                }
                EntryKind::WriteOff => domain::Delta { on_hand_units: -units, reserved_units: 0 },
                EntryKind::Line(effect) => effect.delta(units),
            };
            tally = tally.after(delta);
            let by_hand = kind == EntryKind::Adjustment;
            rows.push(LedgerRow {
                at: Self::ago(minutes),
                kind,
                delta,
                after: tally,
                order: matches!(kind, EntryKind::Line(_) | EntryKind::Return | EntryKind::WriteOff)
                    .then(|| (OrderId::new(NOW, &self.entropy), "2000009876543210".to_owned())),
                member: by_hand.then(|| "ana@casaverde.example".to_owned()),
                reason: by_hand.then(|| "Achada atrás da prateleira".to_owned()),
            });
        }
        rows.reverse();
        rows
    }

    fn sku_page(&self, index: usize, errors: Errors) -> SkuPage {
        SkuPage {
            chrome: self.chrome(Nav::Skus),
            row: self.sku_row(index),
            product: (index == 0).then(|| (ProductId::new(NOW, &self.entropy), "Garrafa térmica".to_owned())),
            proofs: vec![
                self.proof("MLB4418820031", ListingState::Active, 7, true),
                ProofRow { sent: None, ..self.proof("MLB3920011278", ListingState::Paused, 7, true) },
                self.proof("MLB5500127744", ListingState::UnderReview, 9, false),
                ProofRow {
                    sent: None,
                    should_units: 31,
                    platform_stock: true,
                    ..self.proof("MLB5500127745", ListingState::Active, 31, true)
                },
            ],
            count: CountForm {
                on_hand_units: "9".to_owned(),
                safety_units: "0".to_owned(),
                reason: String::new(),
                errors,
            },
            past: None,
            moment: MomentForm { moment: NOW.to_business_field(), error: None },
            sharing: SharingForm {
                mode: SharingForm::MODES[index % 3].to_owned(),
                threshold_units: "10".to_owned(),
                is_split: index % 3 == 2,
                is_unsure: index == 2,
                over_units: i64::from(index == 2) * 2,
                preferred: None,
                by_margin: index != 0,
                earns_most: (index == 3).then(|| ("Mercado Livre · MLB4418820031".to_owned(), brl(1_230))),
                shield: Shield::ALL[index % 3].as_str().to_owned(),
                errors: Errors::default(),
            },
            kit: self.kit(&[]),
            entries: self.ledger(),
            pager: Pager { newer: None, older: Some("?before=1".to_owned()) },
        }
    }

    /// What is shown of kits around a SKU that is made of these.
    fn kit(&self, parts: &[(usize, i64)]) -> KitView {
        let mut view = KitView {
            is_kit: !parts.is_empty(),
            rows: vec![TypedPart::default(); FREE_ROWS],
            codes: SKUS.iter().map(|(code, ..)| (*code).to_owned()).collect(),
            ..KitView::default()
        };
        for (index, units) in parts {
            let SkuRow { id, code, title, tally, .. } = self.sku_row(*index);
            view.rows.insert(0, TypedPart { code: code.clone(), units: units.to_string() });
            let available_units = tally.available_units();
            let makes = domain::kit::kits_of(available_units, *units);
            view.parts.push(PartRow { id, code, title, units: *units, available_units, makes });
        }
        view
    }

    /// A kit of some of the SKUs.
    fn kit_page(&self) -> SkuPage {
        let page = self.sku_page(1, Errors::default());
        let tally = Tally { on_hand_units: 3, version: domain::kit::VERSIONS_FROM + 7, ..Tally::default() };
        let row = SkuRow { is_kit: true, tally, ..page.row };
        SkuPage { row, kit: self.kit(&[(0, 2), (3, 6)]), entries: Vec::new(), ..page }
    }

    fn kit_pages(&self, pages: &mut Vec<Rendered>) {
        add(pages, "sku-kit", &self.kit_page());
        let told = vec![ToldRow {
            number: "MLB4418820031".to_owned(),
            channel: ChannelKind::MercadoLivre,
            connection: "Casa Verde".to_owned(),
            told: Some((2, Self::ago(899))),
            held: None,
        }];
        let past = Past { at: Self::ago(600), tally: self.kit_page().row.tally, told };
        add(pages, "sku-kit-then", &SkuPage { past: Some(past), ..self.kit_page() });
        let text = self.chrome(Nav::Skus).ta("kit-error-deep", "path", "A → B → C");
        let errors = Errors(vec![FieldError { field: "kit", text }]);
        let kit = KitView { errors, ..self.kit(&[]) };
        add(pages, "sku-kit-error", &SkuPage { kit, ..self.sku_page(4, Errors::default()) });
        let inside =
            vec![InKit { id: SkuId::new(NOW, &self.entropy), code: "POTE-KIT3".to_owned(), units: 3 }];
        let kit = KitView { inside, ..self.kit(&[]) };
        add(pages, "sku-in-kit", &SkuPage { kit, ..self.sku_page(3, Errors::default()) });
    }

    /// A count of the first SKUs, of which some differ.
    fn take(&self, state: &'static str, lines: usize) -> StockTakePage {
        let id = StockTakeId::new(NOW, &self.entropy);
        let reason = if state == "applied" { "Balanço do mês" } else { "" };
        let line = |index: usize| {
            let SkuRow { id, code, title, tally, .. } = self.sku_row(index);
            let counted_units = tally.on_hand_units - [2, 0, -1][index % 3];
            let cost = (index != 2).then(|| brl(1_250 * (counted_units - tally.on_hand_units)));
            TakeLineRow {
                sku: id,
                code,
                title,
                counted_units,
                expected_units: tally.on_hand_units,
                counted_at: Self::ago(4),
                has_moved: index == 0,
                value: cost.filter(|cost| cost.minor != 0),
            }
        };
        StockTakePage {
            chrome: self.chrome(Nav::Skus),
            row: TakeRow {
                id,
                state,
                begun_at: Self::ago(40),
                lines: i64::try_from(lines).unwrap_or_default(),
                reason: reason.to_owned(),
            },
            lines: (0..lines).map(line).collect(),
            last: None,
            scan: String::new(),
            table: String::new(),
            bad: Vec::new(),
            file_error: None,
            file_bad: Vec::new(),
            reason: String::new(),
            errors: Errors::default(),
        }
    }

    /// A week that was played again.
    fn replay(&self) -> ReplayPage {
        let chrome = self.chrome(Nav::Skus);
        let outcome = |[sold_units, oversold_units, missed_units, gone_units]: [i64; 4]| Outcome {
            sold_units,
            oversold_units,
            missed_units,
            gone_units,
        };
        let row = |name: &str, ends| RuleRow { name: name.to_owned(), outcome: outcome(ends) };
        let listing = ListingId::new(NOW, &self.entropy).to_string();
        let label = "Mercado Livre · Casa Verde · MLB4418820031".to_owned();
        ReplayPage {
            id: SkuId::new(NOW, &self.entropy),
            code: SKUS[0].0.to_owned(),
            title: SKUS[0].1.to_owned(),
            form: ReplayForm {
                from: "2026-11-16".to_owned(),
                safety: "2".to_owned(),
                last: listing.clone(),
                listings: vec![Choice { value: listing, label: label.clone() }],
                weights: vec![WeightField { name: "w0".to_owned(), label, value: "1".to_owned() }],
                errors: Errors::default(),
            },
            week: Some(Week {
                from: Self::ago(10_080),
                to: NOW,
                units: 42,
                wanted_units: 57,
                is_cut: true,
                rows: vec![
                    row(chrome.t("replay-shared"), [57, 15, 0, 0]),
                    row(&chrome.tn("replay-safety", &2), [49, 7, 3, 5]),
                    row(chrome.t("replay-split"), [42, 0, 4, 11]),
                ],
            }),
            in_kit: false,
            chrome,
        }
    }

    fn replay_pages(&self, pages: &mut Vec<Rendered>) {
        add(pages, "sku-replay", &self.replay());
        let week = self.replay().week.map(|week| Week { wanted_units: 0, is_cut: false, ..week });
        add(pages, "sku-replay-nothing", &ReplayPage { week, ..self.replay() });
        add(pages, "sku-replay-in-kit", &ReplayPage { week: None, in_kit: true, ..self.replay() });
        let chrome = self.chrome(Nav::Skus);
        let error = |field, key: &str| FieldError { field, text: chrome.t(key).to_owned() };
        let errors = Errors(vec![
            error("from", "replay-error-day"),
            error("safety", "replay-error-number"),
            error("last", "sharing-error-listing"),
            error("w0", "replay-error-number"),
        ]);
        let page = self.replay();
        let form = ReplayForm { errors, ..page.form.clone() };
        add(pages, "sku-replay-error", &ReplayPage { week: None, form, ..page });
    }

    fn take_pages(&self, pages: &mut Vec<Rendered>) {
        let rows = ["open", "applied", "left"].map(|state| self.take(state, 3).row).to_vec();
        let takes = StockTakesPage { chrome: self.chrome(Nav::Skus), rows };
        add(pages, "stock-takes", &takes);
        add(pages, "stock-takes-none", &StockTakesPage { rows: Vec::new(), ..takes });
        add(pages, "stock-take-begun", &self.take("open", 0));
        let last = Some((SKUS[0].0.to_owned(), 7));
        add(pages, "stock-take", &StockTakePage { last, ..self.take("open", 4) });
        let chrome = self.chrome(Nav::Skus);
        let text = chrome.ta("take-error-unknown", "code", "NADA");
        let errors = Errors(vec![FieldError { field: "scan", text }]);
        let page = StockTakePage { scan: "NADA".to_owned(), errors, ..self.take("open", 2) };
        add(pages, "stock-take-scan-error", &page);
        let bad = vec![
            ("NADA;3".to_owned(), chrome.ta("take-error-unknown", "code", "NADA")),
            ("GAR-1L-INOX;muitos".to_owned(), chrome.ta("take-error-units", "most", "1.000.000")),
            ("GAR-1L-INOX".to_owned(), chrome.t("take-error-cells").to_owned()),
        ];
        let table = "NADA;3\nGAR-1L-INOX;muitos\nGAR-1L-INOX".to_owned();
        add(pages, "stock-take-table-error", &StockTakePage { table, bad, ..self.take("open", 3) });
        let file_error = Some(chrome.tn("take-file-bad", &2));
        let place = chrome.ta("take-file-row", "row", "3");
        let twice = chrome.t("take-error-twice").to_owned();
        let file_bad = vec![(format!("{place} GAR-1L-INOX"), twice.clone()), (format!("{place} <b>"), twice)];
        add(pages, "stock-take-file-error", &StockTakePage { file_error, file_bad, ..self.take("open", 3) });
        for key in ["take-file-nocode", "take-file-nounits", "take-file-norows"] {
            let file_error = Some(chrome.t(key).to_owned());
            add(pages, "stock-take-file-columns", &StockTakePage { file_error, ..self.take("open", 0) });
        }
        let text = chrome.ta("take-error-negative", "code", SKUS[0].0);
        let errors = Errors(vec![FieldError { field: "lines", text }]);
        add(pages, "stock-take-error", &StockTakePage { errors, ..self.take("open", 3) });
        add(pages, "stock-take-applied", &self.take("applied", 3));
        add(pages, "stock-take-left", &self.take("left", 2));
    }

    fn listing(&self, index: usize) -> ListingRow {
        let linked = !index.is_multiple_of(3);
        ListingRow {
            id: ListingId::new(NOW, &self.entropy),
            number: format!("MLB44188{:05}", index * 7_331 % 99_999),
            title: SKUS[index % SKUS.len()].1.to_owned(),
            variation: (index % 4 == 2).then(|| "Azul · 110 V".to_owned()),
            channel: ChannelKind::MercadoLivre,
            connection: "Casa Verde".to_owned(),
            permalink: Some("https://example.com/MLB".to_owned()),
            state: [
                ListingState::Active,
                ListingState::Active,
                ListingState::Paused,
                ListingState::UnderReview,
                ListingState::Closed,
                ListingState::NeedsAttention,
            ][index % 6],
            sku: linked.then(|| SkuLink {
                id: SkuId::new(NOW, &self.entropy),
                code: SKUS[index % SKUS.len()].0.to_owned(),
            }),
            seller_sku: index.is_multiple_of(6).then(|| "GAR-1L-INOX".to_owned()),
            shows_units: 7,
            read_at: Self::ago(3),
            should_units: linked.then_some(if index == 4 { 5 } else { 7 }),
            platform_stock: index == 5,
            price: Some(brl(8_990)),
        }
    }

    fn listings_page(&self, rows: usize, show: &str) -> ListingsPage {
        ListingsPage {
            chrome: self.chrome(Nav::Listings),
            text: String::new(),
            connection: String::new(),
            show: show.to_owned(),
            connections: vec![Choice { value: "con_1".to_owned(), label: "Casa Verde".to_owned() }],
            sku_codes: SKUS.iter().map(|(code, ..)| (*code).to_owned()).collect(),
            rows: (0..rows).map(|index| self.listing(index)).collect(),
            pager: Pager::default(),
            unlinked: (show == "unlinked").then_some(i64::try_from(rows).unwrap_or_default()),
            link_error: None,
            errors: Errors::default(),
        }
    }

    pub(super) fn stock(&self, pages: &mut Vec<Rendered>) {
        let kit = |row: SkuRow| SkuRow { is_kit: row.code == "POTE-KIT3", ..row };
        let skus = |rows: usize, text: &str| SkusPage {
            chrome: self.chrome(Nav::Skus),
            text: text.to_owned(),
            show: String::new(),
            rows: (0..rows).map(|index| kit(self.sku_row(index))).collect(),
            pager: Pager::default(),
        };
        add(pages, "skus", &skus(6, ""));
        add(pages, "skus-none-match", &skus(0, "x"));
        add(pages, "skus-none-yet", &skus(0, ""));
        add(pages, "sku", &self.sku_page(0, Errors::default()));
        self.replay_pages(pages);
        let mut page = self.sku_page(3, Errors::default());
        page.proofs[1].held = Some(Self::held(1));
        page.proofs[2].held = Some(Self::held(4));
        add(pages, "sku-held", &page);
        let text = self.chrome(Nav::Skus).t("count-reason-hint").to_owned();
        let errors = Errors(vec![FieldError { field: "reason", text }]);
        add(pages, "sku-oversold", &self.sku_page(2, errors));
        let text = self.chrome(Nav::Skus).t("sharing-error").to_owned();
        let errors = Errors(vec![FieldError { field: "threshold_units", text }]);
        let page = self.sku_page(5, Errors::default());
        let sharing =
            SharingForm { mode: "auto".to_owned(), is_unsure: true, errors, ..page.sharing.clone() };
        add(pages, "sku-sharing-error", &SkuPage { sharing, ..page });
        add(pages, "sku-unlinked", &SkuPage { proofs: Vec::new(), ..self.sku_page(4, Errors::default()) });
        let told = |number: &str, told| ToldRow {
            number: number.to_owned(),
            channel: ChannelKind::MercadoLivre,
            connection: "Casa Verde".to_owned(),
            told,
            held: None,
        };
        let past = Past {
            at: Self::ago(600),
            tally: Tally { on_hand_units: 10, reserved_units: 2, safety_units: 0, version: 2 },
            told: vec![
                ToldRow { held: Some(Self::held(2)), ..told("MLB4418820031", Some((6, Self::ago(899)))) },
                told("MLB5500127744", None),
            ],
        };
        add(pages, "sku-then", &SkuPage { past: Some(past), ..self.sku_page(0, Errors::default()) });
        let before = Past { at: Self::ago(90_000), tally: Tally::default(), told: Vec::new() };
        let text = self.chrome(Nav::Skus).t("moment-error").to_owned();
        let moment = MomentForm { moment: NOW.to_business_field(), error: Some(text) };
        let page = self.sku_page(1, Errors::default());
        add(pages, "sku-before", &SkuPage { past: Some(before), entries: Vec::new(), ..page });
        add(pages, "sku-no-moment", &SkuPage { moment, ..self.sku_page(1, Errors::default()) });
        self.kit_pages(pages);
        self.take_pages(pages);
        let listings = self.listings_page(6, "");
        let first = listings.rows[0].id;
        add(pages, "listings", &listings);
        let text = self.chrome(Nav::Listings).t("skus-none-match").to_owned();
        add(pages, "listings-link-error", &ListingsPage { link_error: Some((first, text)), ..listings });
        add(pages, "listings-unlinked", &self.listings_page(1, "unlinked"));
        add(pages, "listings-none-match", &self.listings_page(0, "drift"));
        add(pages, "listings-none-yet", &self.listings_page(0, ""));
    }
}

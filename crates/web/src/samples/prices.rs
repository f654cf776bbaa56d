use app::prices::{Lack, Pricing, Pricings};
use domain::catalogue::Product;
use domain::pricing::{
    BatchState, ChangeState, Ending, FeeTable, Fees, Goal, Policy, Share, StretchWrong, TypedPolicy,
    TypedStretch,
};
use domain::{ChannelKind, ConnectionId, Currency, ListingId, PriceBatchId, PriceChangeId, Problem, SkuId};
use store::prices::{GoodsCost, HeldFees};

use super::{NOW, Reader, Rendered, add, brl};
use crate::Nav;
use crate::pages::Pager;
use crate::pages::prices::{
    Account, AccountLine, BatchLine, ChangeLine, FeesLine, ListingLine, PriceAccountPage, PriceBatchPage,
    PriceListingsPage, PricesPage, RuleForm, SaleView, SkuView, sale_view, typed_policy, typed_table,
    wrong_text,
};

fn table() -> Option<FeeTable> {
    let fees = |points, per_item_minor| {
        let commission = Share::from_basis_points(points)?;
        Some(Fees { commission, commission_cap_minor: None, per_item_minor, freight_minor: 0 })
    };
    FeeTable::new(vec![(0, fees(1_000, 400)?), (5_000, fees(600, 600)?)]).ok()
}

const POLICY: Policy = Policy {
    goal: Goal::Amount(500),
    ending: Ending::ANY,
    floor_minor: 3_000,
    never_at_a_loss: true,
    packaging_minor: 150,
};

fn pricing(cost_minor: Option<i64>) -> Pricing {
    let fees =
        table().map(|table| HeldFees { valid_from: NOW, kept_at: NOW, currency: Currency::Brl, table });
    let goods = GoodsCost { cost_minor, tax_basis_points: Some(600) };
    Pricing { fees, policy: Some(POLICY), is_own: false, goods }
}

/// Fees, a rule and a cost for each variant.
pub(super) fn pricings(product: &Product) -> Pricings {
    let skus = product.variants.iter().filter_map(|variant| variant.sku);
    skus.map(|sku| (sku, pricing(Some(2_190)))).collect()
}

impl Reader {
    fn price_account(&self) -> Account {
        Account {
            id: ConnectionId::new(NOW, &self.entropy),
            channel: ChannelKind::TikTokShop,
            name: "Casa Verde".to_owned(),
        }
    }

    fn price_account_page(&self) -> PriceAccountPage {
        let chrome = self.chrome(Nav::Products);
        let typed = table().map(|table| typed_table(&chrome, &table)).unwrap_or_default();
        let rule = |prefix, code: &str| RuleForm {
            prefix,
            code: code.to_owned(),
            typed: typed_policy(&chrome, &POLICY),
            is_kept: true,
            wrongs: Vec::new(),
        };
        let sku = SkuView {
            id: SkuId::new(NOW, &self.entropy),
            code: "CAN-INOX-500".to_owned(),
            title: "Caneca térmica 500 ml".to_owned(),
            sales: vec![
                sale_view("A".to_owned(), &pricing(Some(2_190)), 4_490),
                sale_view("B".to_owned(), &pricing(Some(2_190)), 1_990),
            ],
            is_taxed: false,
            rule: rule("own-", "CAN-INOX-500"),
        };
        let states = [BatchState::Staged, BatchState::Agreed, BatchState::Dropped];
        let batch = |state| BatchLine { id: PriceBatchId::new(NOW, &self.entropy), at: Self::ago(90), state };
        PriceAccountPage {
            account: self.price_account(),
            stretches: typed.iter().cloned().chain([TypedStretch::default()]).collect(),
            day: String::new(),
            days: ("2026-11-22".to_owned(), "2027-11-22".to_owned()),
            fee_wrongs: Vec::new(),
            has_preset: true,
            is_preset: false,
            observed: Some((41, 1_620)),
            history: vec![FeesLine { from: Self::ago(9_000), is_now: true, stretches: typed }],
            rule: rule("", ""),
            own: vec!["CAN-INOX-500".to_owned()],
            codes: vec!["CAN-INOX-500".to_owned()],
            code: "CAN-INOX-500".to_owned(),
            price: "19,90".to_owned(),
            sku: Some(sku),
            asked_wrong: None,
            batches: states.map(batch).to_vec(),
            chrome,
        }
    }

    /// Everything that can be wrong, on one page.
    fn price_account_wrong(&self) -> PriceAccountPage {
        let page = self.price_account_page();
        let wrongs =
            [StretchWrong::Missing, StretchWrong::Whole, StretchWrong::TooLarge, StretchWrong::Start];
        let columns = ["from", "commission", "cap", "fixed"];
        let told = columns.iter().zip(&wrongs);
        let mut fee_wrongs: Vec<(String, String)> =
            told.map(|(column, wrong)| (format!("{column}-0"), wrong_text(&page.chrome, wrong))).collect();
        fee_wrongs.push(("from-1".to_owned(), wrong_text(&page.chrome, &StretchWrong::Order)));
        let rule = RuleForm {
            typed: TypedPolicy { kind: "cost".to_owned(), goal: "x".to_owned(), ..page.rule.typed.clone() },
            wrongs: vec![("goal".to_owned(), page.chrome.t("product-wrong-number").to_owned())],
            is_kept: false,
            ..page.rule.clone()
        };
        let lacks = [Lack::Fees, Lack::Rule, Lack::Cost, Lack::NothingLeft, Lack::TooHigh];
        let sale = |lack: Lack| SaleView {
            label: page.chrome.t("price-by-rule").to_owned(),
            sale: Err(lack),
            too_low: false,
        };
        let sku = page.sku.clone().map(|sku| SkuView { sales: lacks.map(sale).to_vec(), ..sku });
        PriceAccountPage { fee_wrongs, rule, sku, is_preset: true, observed: None, ..page }
    }

    fn price_listing_line(&self, cost: Option<i64>, price: Option<i64>) -> ListingLine {
        let pricing = pricing(cost);
        ListingLine {
            id: ListingId::new(NOW, &self.entropy),
            title: "Caneca térmica 500 ml".to_owned(),
            number: "MLB1234567890".to_owned(),
            sku: SkuId::new(NOW, &self.entropy),
            code: "CAN-INOX-500".to_owned(),
            price: price.map(brl),
            now: price.map(|minor| sale_view(String::new(), &pricing, minor)),
            then: pricing.by_rule(),
            typed: "44,90".to_owned(),
            is_picked: cost.is_some(),
            wrong: None,
        }
    }

    fn price_listings_page(&self) -> PriceListingsPage {
        PriceListingsPage {
            chrome: self.chrome(Nav::Products),
            account: self.price_account(),
            rows: vec![
                self.price_listing_line(Some(2_190), Some(4_990)),
                self.price_listing_line(Some(2_190), Some(2_490)),
                self.price_listing_line(None, Some(4_990)),
                self.price_listing_line(Some(2_190), None),
            ],
            after: String::new(),
            from: String::new(),
            until: String::new(),
            wrong: None,
            pager: Pager { newer: None, older: Some("/prices/x/listings?after=y".to_owned()) },
        }
    }

    fn price_batch_page(&self, state: BatchState) -> PriceBatchPage {
        let line = |at: usize, state: ChangeState| ChangeLine {
            id: PriceChangeId::new(NOW, &self.entropy),
            title: "Caneca térmica 500 ml".to_owned(),
            number: "MLB1234567890".to_owned(),
            from: brl(4_490),
            to: brl(if at == 0 { 449_000 } else { 4_790 }),
            why: ["rule", "hand", "back"][at % 3],
            state,
            due_at: (at == 0).then(|| Self::ahead(600)),
            until_at: (at == 0).then(|| Self::ahead(6_000)),
            ended_at: (at > 0).then(|| Self::ago(3)),
            problem: (state == ChangeState::Refused).then_some(Problem::ListingNotWritable),
            is_odd: at == 0,
        };
        let states = [
            ChangeState::Waiting,
            ChangeState::Done,
            ChangeState::Nothing,
            ChangeState::Refused,
            ChangeState::BelowFloor,
            ChangeState::Overtaken,
            ChangeState::CalledOff,
        ];
        PriceBatchPage {
            chrome: self.chrome(Nav::Products),
            account: self.price_account(),
            id: PriceBatchId::new(NOW, &self.entropy),
            state,
            at: Self::ago(4),
            rows: states.into_iter().enumerate().map(|(at, state)| line(at, state)).collect(),
        }
    }

    pub(super) fn prices(&self, pages: &mut Vec<Rendered>) {
        let (chrome, account) = (self.chrome(Nav::Products), self.price_account());
        let row = |has| AccountLine { account: account.clone(), has_fees: has, has_rule: has };
        add(pages, "prices", &PricesPage { chrome, rows: vec![row(true)] });
        let chrome = self.chrome(Nav::Products);
        add(pages, "prices-begin", &PricesPage { chrome, rows: vec![row(false)] });
        add(pages, "prices-none", &PricesPage { chrome: self.chrome(Nav::Products), rows: Vec::new() });
        add(pages, "price-account", &self.price_account_page());
        add(pages, "price-account-wrong", &self.price_account_wrong());
        let unknown = Some(self.chrome(Nav::Products).ta("kit-error-unknown", "code", "X"));
        add(
            pages,
            "price-account-unknown",
            &PriceAccountPage { sku: None, asked_wrong: unknown, ..self.price_account_page() },
        );
        add(pages, "price-listings", &self.price_listings_page());
        add(
            pages,
            "price-listings-none",
            &PriceListingsPage { rows: Vec::new(), ..self.price_listings_page() },
        );
        let mut wrong = self.price_listings_page();
        wrong.wrong = Some(wrong.chrome.t("price-error-span").to_owned());
        wrong.from = String::from("2026-11-27T00:00");
        let text = wrong.chrome.ta("mend-over_floor", "n", "R$ 39,90");
        if let Some(row) = wrong.rows.first_mut() {
            row.wrong = Some(text);
        }
        add(pages, "price-listings-wrong", &wrong);
        add(pages, "price-batch-staged", &self.price_batch_page(BatchState::Staged));
        add(pages, "price-batch", &self.price_batch_page(BatchState::Agreed));
    }
}

//! What prices are made of at an account, what a sale earns there, and prices that are changed.

use app::prices::{Lack, Pricing};
use askama::Template;
use domain::catalogue::COST_CURRENCY;
use domain::pricing::{
    BatchState, ChangeState, Earnings, FeeTable, Goal, Policy, StretchWrong, TypedPolicy, TypedStretch,
    endings,
};
use domain::{
    ChannelKind, ConnectionId, ListingId, Money, PriceBatchId, PriceChangeId, Problem, SkuId, Timestamp,
};

use crate::Chrome;
use crate::pages::products::{decimal_mark, sentence};
use crate::pages::{Pager, query_of};

/// Empty rows that the form of fees has beneath those that are filled.
pub const FREE_STRETCHES: usize = 2;

/// An amount of what costs are in.
#[must_use]
pub const fn amount(minor: i64) -> Money {
    Money::new(minor, COST_CURRENCY)
}

/// A number of hundredths as a form shows it.
#[must_use]
pub fn typed_number(chrome: &Chrome, hundredths: i64) -> String {
    amount(hundredths).to_decimal().replace('.', &decimal_mark(chrome.lang).to_string())
}

/// An account as these pages name it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Which.
    pub id: ConnectionId,
    /// Where.
    pub channel: ChannelKind,
    /// What it is called.
    pub name: String,
}

/// Something wrong with a form: the field's id, and the sentence.
pub type Wrongs = Vec<(String, String)>;

/// What is wrong with a number of a form.
#[must_use]
pub fn wrong_text(chrome: &Chrome, wrong: &StretchWrong) -> String {
    use domain::catalogue::{Cell, Fault, Field, Wrong};
    let told = |what| sentence(chrome, &Fault { at: Field::Row(0, Cell::Cost), what });
    match wrong {
        StretchWrong::Number(fault) => told(Wrong::Number(fault.clone())),
        StretchWrong::Missing => told(Wrong::Missing),
        StretchWrong::Whole => chrome.t("price-wrong-whole").to_owned(),
        StretchWrong::TooLarge => chrome.t("price-wrong-large").to_owned(),
        StretchWrong::Start => chrome.t("price-wrong-start").to_owned(),
        StretchWrong::Order => chrome.t("price-wrong-order").to_owned(),
    }
}

/// A table of fees as its form shows it.
#[must_use]
pub fn typed_table(chrome: &Chrome, table: &FeeTable) -> Vec<TypedStretch> {
    let text = |minor| typed_number(chrome, minor);
    let some = |minor: i64| if minor == 0 { String::new() } else { text(minor) };
    let row = |(from, fees): &(i64, domain::pricing::Fees)| TypedStretch {
        from: text(*from),
        commission: text(fees.commission.basis_points().into()),
        cap: fees.commission_cap_minor.map(text).unwrap_or_default(),
        fixed: some(fees.per_item_minor),
        freight: some(fees.freight_minor),
    };
    table.rows().iter().map(row).collect()
}

/// A rule as its form shows it.
#[must_use]
pub fn typed_policy(chrome: &Chrome, policy: &Policy) -> TypedPolicy {
    let some = |minor: i64| if minor == 0 { String::new() } else { typed_number(chrome, minor) };
    let (kind, goal) = match policy.goal {
        Goal::Amount(minor) => ("amount", minor),
        Goal::OfPrice(share) => ("price", share.basis_points().into()),
        Goal::OfCost(points) => ("cost", points.into()),
    };
    let ending = endings().into_iter().find(|(_, ending)| *ending == policy.ending);
    TypedPolicy {
        kind: kind.to_owned(),
        goal: typed_number(chrome, goal),
        ending: ending.map_or("any", |(word, _)| word).to_owned(),
        floor: some(policy.floor_minor),
        never_at_a_loss: policy.never_at_a_loss,
        packaging: some(policy.packaging_minor),
    }
}

/// What a sale earns, line by line, or what is missing to say it.
#[derive(Debug, Clone)]
pub struct SaleView {
    /// What it is the price of.
    pub label: String,
    /// The sale.
    pub sale: Result<Earnings, Lack>,
    /// Whether the floor forbids it.
    pub too_low: bool,
}

impl SaleView {
    /// The lines, each with its word and its amount, below zero what is borne.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, Money)> {
        let Ok(sale) = &self.sale else { return Vec::new() };
        let all = [
            ("price", sale.price_minor),
            ("commission", -sale.commission_minor),
            ("fixed", -sale.per_item_minor),
            ("freight", -sale.freight_minor),
            ("tax", -sale.tax_minor),
            ("cost", -sale.cost_minor),
        ];
        all.into_iter().map(|(word, minor)| (word, amount(minor))).collect()
    }

    /// What is left, if it can be said.
    #[must_use]
    pub fn profit(&self) -> Option<Money> {
        self.sale.as_ref().ok().map(|sale| amount(sale.profit_minor()))
    }

    /// What is left of the price, in basis points.
    #[must_use]
    pub fn margin(&self) -> Option<i64> {
        let sale = self.sale.as_ref().ok()?;
        super::money_view::part_of(sale.profit_minor(), sale.price_minor)
    }
}

/// What a price earns, as pages show it.
#[must_use]
pub fn sale_view(label: String, pricing: &Pricing, price_minor: i64) -> SaleView {
    let too_low = pricing.allows(price_minor).is_err();
    SaleView { label, sale: pricing.sale_at(price_minor), too_low }
}

/// An account in the list.
#[derive(Debug, Clone)]
pub struct AccountLine {
    /// The account.
    pub account: Account,
    /// Whether fees are in force.
    pub has_fees: bool,
    /// Whether there is a rule.
    pub has_rule: bool,
}

/// `GET /prices`.
#[derive(Debug, Template)]
#[template(path = "prices.html")]
pub struct PricesPage {
    /// Around it.
    pub chrome: Chrome,
    /// Accounts that run or will again.
    pub rows: Vec<AccountLine>,
}

/// Fees that were typed once.
#[derive(Debug, Clone)]
pub struct FeesLine {
    /// From when on they hold.
    pub from: Timestamp,
    /// Whether they are in force.
    pub is_now: bool,
    /// Their stretches.
    pub stretches: Vec<TypedStretch>,
}

/// A form of a rule: the account's, or a SKU's own.
#[derive(Debug, Clone, Default)]
pub struct RuleForm {
    /// Goes before the ids of its fields.
    pub prefix: &'static str,
    /// The SKU's code; empty for the account.
    pub code: String,
    /// What stands in it.
    pub typed: TypedPolicy,
    /// Whether the rule is kept.
    pub is_kept: bool,
    /// What is wrong, by field.
    pub wrongs: Wrongs,
}

impl RuleForm {
    /// What stands in a field of a number.
    #[must_use]
    pub fn value(&self, field: &str) -> &str {
        match field {
            "goal" => &self.typed.goal,
            "floor" => &self.typed.floor,
            _ => &self.typed.packaging,
        }
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn wrong(&self, field: &str) -> Option<&str> {
        self.wrongs.iter().find(|(name, _)| name == field).map(|(_, text)| text.as_str())
    }
}

/// What a SKU is priced by at the account.
#[derive(Debug, Clone)]
pub struct SkuView {
    /// The SKU.
    pub id: SkuId,
    /// Its code.
    pub code: String,
    /// What it is.
    pub title: String,
    /// Sales: by the rule, and at the price that was typed.
    pub sales: Vec<SaleView>,
    /// Whether the tax on its sale is known.
    pub is_taxed: bool,
    /// Its own rule.
    pub rule: RuleForm,
}

impl SkuView {
    fn rule_form(&self) -> RuleForm {
        self.rule.clone()
    }
}

/// A batch in a list.
#[derive(Debug, Clone)]
pub struct BatchLine {
    /// Which.
    pub id: PriceBatchId,
    /// When.
    pub at: Timestamp,
    /// How it stands.
    pub state: BatchState,
}

/// `GET /prices/{connection}?sku=&price=&preset=`, and what `POST …/fees` and `POST …/rule` answer when something is
/// wrong.
#[derive(Debug, Template)]
#[template(path = "price_account.html")]
pub struct PriceAccountPage {
    /// Around it.
    pub chrome: Chrome,
    /// The account.
    pub account: Account,
    /// What stands in the form of fees.
    pub stretches: Vec<TypedStretch>,
    /// From which day on; empty for now.
    pub day: String,
    /// The first and the last day that may be typed.
    pub days: (String, String),
    /// What is wrong with the fees.
    pub fee_wrongs: Wrongs,
    /// Whether the channel is known to take the same of everybody.
    pub has_preset: bool,
    /// Whether that is what stands in the form.
    pub is_preset: bool,
    /// Orders settled of late, and the share of their sales that was taken, in basis points.
    pub observed: Option<(i64, i64)>,
    /// All fees, the newest first.
    pub history: Vec<FeesLine>,
    /// The account's rule.
    pub rule: RuleForm,
    /// Codes of SKUs with a rule of their own.
    pub own: Vec<String>,
    /// Codes of SKUs, for suggestions.
    pub codes: Vec<String>,
    /// The code that was asked for.
    pub code: String,
    /// The price that was typed.
    pub price: String,
    /// What was found; `None` where no SKU was asked for, or none has that code.
    pub sku: Option<SkuView>,
    /// What is wrong with what was asked.
    pub asked_wrong: Option<String>,
    /// Prices that were changed here of late.
    pub batches: Vec<BatchLine>,
}

impl PriceAccountPage {
    fn may_change(&self) -> bool {
        self.chrome.may(domain::Permission::ChangeCatalogue)
    }

    fn account_rule(&self) -> RuleForm {
        self.rule.clone()
    }

    /// What is wrong with a field of the fees.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates lend")]
    fn fee_wrong(&self, column: &str, row: &usize) -> Option<&str> {
        let id = format!("{column}-{row}");
        self.fee_wrongs.iter().find(|(name, _)| *name == id).map(|(_, text)| text.as_str())
    }

    /// What is wrong with the day.
    fn day_wrong(&self) -> Option<&str> {
        self.fee_wrongs.iter().find(|(name, _)| name == "day").map(|(_, text)| text.as_str())
    }

    #[expect(clippy::unused_self, reason = "templates call it on the page")]
    fn cells<'a>(&self, row: &'a TypedStretch) -> [(&'static str, &'a str); 5] {
        [
            ("from", &row.from),
            ("commission", &row.commission),
            ("cap", &row.cap),
            ("fixed", &row.fixed),
            ("freight", &row.freight),
        ]
    }

    fn sku_href(&self, code: &str) -> String {
        query_of(&format!("/prices/{}", self.account.id)).append_pair("sku", code).finish()
    }

    fn wrongs(&self) -> Vec<(String, &str)> {
        let fees = self.fee_wrongs.iter().map(|(id, text)| (id.clone(), text.as_str()));
        let own = self.sku.iter().map(|sku| &sku.rule);
        let rules = std::iter::once(&self.rule).chain(own).flat_map(|rule| {
            rule.wrongs.iter().map(|(field, text)| (format!("{}{field}", rule.prefix), text.as_str()))
        });
        let asked = self.asked_wrong.iter().map(|text| ("sku".to_owned(), text.as_str()));
        fees.chain(rules).chain(asked).collect()
    }

    const KINDS: [&str; 3] = ["price", "cost", "amount"];

    fn ending_words() -> Vec<&'static str> {
        endings().into_iter().map(|(word, _)| word).collect()
    }
}

/// A listing with its prices.
#[derive(Debug, Clone)]
pub struct ListingLine {
    /// Which.
    pub id: ListingId,
    /// Its title.
    pub title: String,
    /// Its number at the platform.
    pub number: String,
    /// The SKU.
    pub sku: SkuId,
    /// The SKU's code.
    pub code: String,
    /// What it shows; `None` where it shows no price in the currency of costs.
    pub price: Option<Money>,
    /// What a sale earns now; `None` where nothing is shown.
    pub now: Option<SaleView>,
    /// What it costs by the rule, with what a sale earns then.
    pub then: Result<Earnings, Lack>,
    /// What stands in the field.
    pub typed: String,
    /// Whether it is chosen.
    pub is_picked: bool,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

impl ListingLine {
    /// The price by the rule.
    #[must_use]
    pub fn by_rule(&self) -> Option<Money> {
        self.then.as_ref().ok().map(|sale| amount(sale.price_minor))
    }

    /// What a sale at it earns.
    #[must_use]
    pub fn profit_then(&self) -> Option<Money> {
        self.then.as_ref().ok().map(|sale| amount(sale.profit_minor()))
    }
}

/// `GET /prices/{connection}/listings?after=`, and what `POST` there answers when something is wrong.
#[derive(Debug, Template)]
#[template(path = "price_listings.html")]
pub struct PriceListingsPage {
    /// Around it.
    pub chrome: Chrome,
    /// The account.
    pub account: Account,
    /// Its listings that sell a SKU.
    pub rows: Vec<ListingLine>,
    /// Behind which listing the page begins.
    pub after: String,
    /// When the prices begin, as typed.
    pub from: String,
    /// When they end, as typed.
    pub until: String,
    /// What is wrong as a whole.
    pub wrong: Option<String>,
    /// Other pages.
    pub pager: Pager,
}

impl PriceListingsPage {
    fn may_change(&self) -> bool {
        self.chrome.may(domain::Permission::ChangeCatalogue)
    }

    fn wrongs(&self) -> Vec<(String, &str)> {
        let whole = self.wrong.iter().map(|text| ("from".to_owned(), text.as_str()));
        let rows = self
            .rows
            .iter()
            .filter_map(|row| row.wrong.as_deref().map(|text| (format!("price-{}", row.id), text)));
        whole.chain(rows).collect()
    }
}

/// A change of a listing's price.
#[derive(Debug, Clone)]
pub struct ChangeLine {
    /// Which.
    pub id: PriceChangeId,
    /// The listing's title.
    pub title: String,
    /// Its number at the platform.
    pub number: String,
    /// From.
    pub from: Money,
    /// To.
    pub to: Money,
    /// Why.
    pub why: &'static str,
    /// How it stands.
    pub state: ChangeState,
    /// When it is due, where that is still to come.
    pub due_at: Option<Timestamp>,
    /// When the price goes back.
    pub until_at: Option<Timestamp>,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// What went wrong.
    pub problem: Option<Problem>,
    /// Whether somebody has to say that it is meant.
    pub is_odd: bool,
}

/// `GET /prices/changes/{batch}`; `POST` there takes `do` (`agree`, `call_off`) and `meant` for odd ones.
#[derive(Debug, Template)]
#[template(path = "price_batch.html")]
pub struct PriceBatchPage {
    /// Around it.
    pub chrome: Chrome,
    /// The account.
    pub account: Account,
    /// Which.
    pub id: PriceBatchId,
    /// How it stands.
    pub state: BatchState,
    /// When it was asked for.
    pub at: Timestamp,
    /// Its changes.
    pub rows: Vec<ChangeLine>,
}

impl PriceBatchPage {
    fn may_change(&self) -> bool {
        self.chrome.may(domain::Permission::ChangeCatalogue)
    }

    fn is_staged(&self) -> bool {
        self.state == BatchState::Staged
    }

    fn has_odd(&self) -> bool {
        self.rows.iter().any(|row| row.is_odd)
    }

    fn waits(&self) -> bool {
        self.rows.iter().any(|row| row.state == ChangeState::Waiting)
    }

    fn count(&self) -> i64 {
        i64::try_from(self.rows.len()).unwrap_or(i64::MAX)
    }
}

//! Publishing a product: the table of its accounts, the form of one account, and its categories.

use app::prices::Pricings;
use askama::Template;
use domain::attribute::{AttributeRule, Rules};
use domain::catalogue::{COST_CURRENCY, Product};
use domain::draft::{Draft, PublicationState, Widget, attribute_cell, others_cell, price_cell, unit_cell};
use domain::offer::{Condition, Fault, Field, Mend, Objection, Offer};
use domain::{
    ChannelKind, ConnectionId, Currency, ListingState, Money, PictureId, Problem, ProductId, Timestamp,
};

use crate::pages::prices::{SaleView, sale_view};
use crate::pages::publish_many::{are_looked_for, state_badge};
use crate::pages::{Choice, query_of};
use crate::{Badge, Chrome, i18n};

/// One account of the shop, as a tab.
#[derive(Debug, Clone)]
pub struct Tab {
    /// The account.
    pub connection: ConnectionId,
    /// Where it is.
    pub channel: ChannelKind,
    /// What it is called.
    pub name: String,
}

/// A listing that an offer became.
#[derive(Debug, Clone)]
pub struct MadeLine {
    /// The platform's id.
    pub number: String,
    /// Where it stands; `None` until it was looked at.
    pub state: Option<ListingState>,
    /// What the platform has against it.
    pub objections: Vec<Objection>,
}

/// An account in the table: what would be published there, and what became of it.
#[derive(Debug, Clone)]
pub struct AccountLine {
    /// The account.
    pub tab: Tab,
    /// Whether it runs.
    pub is_running: bool,
    /// The category; empty while none is chosen.
    pub category: String,
    /// How many things have to be mended; `None` where the platform does not say what it asks.
    pub faults: Option<i64>,
    /// How far it is; `None` where nobody asked for it.
    pub state: Option<PublicationState>,
    /// What went wrong with the last try.
    pub trouble: Option<Problem>,
    /// What the platform has against the offer.
    pub objections: Vec<Objection>,
    /// The listings that it became.
    pub made: Vec<MadeLine>,
}

impl AccountLine {
    /// Whether the page shows something else in a moment.
    fn is_moving(&self) -> bool {
        self.is_running
            && (self.state.is_some_and(PublicationState::is_under_way) || are_looked_for(&self.made))
    }

    /// Whether it can be asked for now.
    fn is_ready(&self) -> bool {
        let is_at_rest = match self.state {
            Some(PublicationState::Taken) => {
                self.made.iter().all(|made| made.state == Some(ListingState::Closed)) && !self.made.is_empty()
            }
            Some(state) => !state.is_under_way(),
            None => true,
        };
        self.is_running && self.faults == Some(0) && is_at_rest
    }
}

/// `GET /products/{id}/drafts`.
#[derive(Debug, Template)]
#[template(path = "drafts.html")]
pub struct DraftsPage {
    /// Around it.
    pub chrome: Chrome,
    /// The product.
    pub product: ProductId,
    /// Its title.
    pub title: String,
    /// How many pictures it has.
    pub pictures: i64,
    /// Its accounts.
    pub rows: Vec<AccountLine>,
}

impl DraftsPage {
    fn may_change(&self) -> bool {
        self.chrome.may(domain::Permission::ChangeCatalogue)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates lend")]
    fn badge(&self, state: &PublicationState) -> Badge {
        state_badge(&self.chrome, *state)
    }

    fn said(&self, objection: &Objection) -> String {
        said(&self.chrome, objection)
    }

    /// How many accounts are on their way; empty when nothing is.
    fn progress(&self) -> String {
        let moving = self.rows.iter().filter(|row| row.is_moving()).count();
        match i64::try_from(moving).unwrap_or(i64::MAX) {
            0 => String::new(),
            moving => self.chrome.tn("publish-count-on-way", &moving),
        }
    }
}

/// What the platform says, with what it means in our words.
#[must_use]
pub fn said(chrome: &Chrome, objection: &Objection) -> String {
    let field = chrome.word("offer-field", objection.field.name());
    let reason = chrome.t(&format!("offer-reason-{}", objection.reason.as_str()));
    let words = [objection.said.as_str(), objection.remedy.as_deref().unwrap_or_default()];
    let words: Vec<&str> = words.into_iter().filter(|text| !text.is_empty()).collect();
    let own = format!("{field}: {reason}");
    if words.is_empty() { own } else { format!("{own} “{}”", words.join(" ")) }
}

/// A field as it stands in the form.
#[derive(Debug, Clone)]
pub struct FieldView {
    /// Its name in the form; also the id of its input.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// How it is asked for: `text`, `select`, `boxes`, `suggested`, `lines`, `measure`, `date`.
    pub kind: &'static str,
    /// What stands in it.
    pub value: String,
    /// Values to choose from, and whether each is chosen.
    pub choices: Vec<(Choice, bool)>,
    /// The name of the unit or of the words beside the listed ones; empty where there are none.
    pub beside: String,
    /// What stands there.
    pub beside_value: String,
    /// Units to choose from.
    pub units: Vec<(String, bool)>,
    /// Whether it has to be told.
    pub required: bool,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

/// Something in the way, with the place where it is mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snag {
    /// What it is about.
    pub label: String,
    /// What to do.
    pub text: String,
    /// Where.
    pub href: String,
}

/// Why the form stands as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// What is saved, and stands otherwise in the form: label and value.
    pub lines: Vec<(String, String)>,
}

/// `GET /products/{id}/drafts/{connection}`, and what `POST` there answers when the draft was not kept.
#[derive(Debug, Template)]
#[template(path = "draft.html")]
pub struct DraftPage {
    /// Around it.
    pub chrome: Chrome,
    /// The product.
    pub product: ProductId,
    /// What it is.
    pub goods: Product,
    /// All accounts.
    pub tabs: Vec<Tab>,
    /// The account of this form.
    pub tab: Tab,
    /// The version that the form is of; 0 while nothing was saved.
    pub version: i64,
    /// What stands in the form.
    pub draft: Draft,
    /// What the category asks; `None` while none is chosen, or where the platform does not say.
    pub rules: Option<Rules>,
    /// Brands to choose from.
    pub brands: Vec<String>,
    /// Why the platform does not say what it asks.
    pub trouble: Option<Problem>,
    /// What it comes to.
    pub offer: Option<Offer>,
    /// What stands in the way.
    pub faults: Vec<Fault>,
    /// What the platform has against it.
    pub objections: Vec<Objection>,
    /// The product's pictures.
    pub pictures: Vec<PictureId>,
    /// When it was saved last; `None` while it never was.
    pub saved_at: Option<Timestamp>,
    /// It shows what was typed and is not saved yet.
    pub is_unsaved: bool,
    /// What somebody else saved meanwhile.
    pub stale: Option<Stale>,
    /// More was typed than is kept.
    pub too_much: Option<String>,
    /// What each SKU is priced by at the account.
    pub pricings: Pricings,
}

impl DraftPage {
    /// What a sale of each variant earns at its typed price, where anybody made a rule or typed fees; alike ones once.
    fn sales(&self) -> Vec<SaleView> {
        let mut sales: Vec<(i64, SaleView)> = Vec::new();
        let Some(offer) = self.offer.as_ref().filter(|_| self.currency() == COST_CURRENCY) else {
            return Vec::new();
        };
        for (row, variant) in self.goods.variants.iter().zip(&offer.variants) {
            let pricing = row.sku.and_then(|sku| self.pricings.get(&sku));
            let known = pricing.filter(|it| it.fees.is_some() || it.policy.is_some());
            let Some(pricing) = known.filter(|_| variant.price.minor > 0) else { continue };
            let view = sale_view(variant_name(row), pricing, variant.price.minor);
            let alike =
                |held: &&mut (i64, SaleView)| held.1.sale == view.sale && held.1.too_low == view.too_low;
            match sales.iter_mut().find(alike) {
                Some((more, _)) => *more += 1,
                None => sales.push((0, view)),
            }
        }
        let label = |(more, view): (i64, SaleView)| match more {
            0 => view,
            more => SaleView { label: format!("{} + {}", view.label, self.chrome.number(&more)), ..view },
        };
        sales.into_iter().map(label).collect()
    }

    fn may_change(&self) -> bool {
        self.chrome.may(domain::Permission::ChangeCatalogue)
    }

    fn base(&self) -> String {
        format!("/products/{}/drafts/{}", self.product, self.tab.connection)
    }

    /// When it was saved last, in a sentence; empty while it never was.
    fn saved(&self) -> String {
        let at = self.saved_at.map(|at| self.chrome.instant(&at));
        at.map(|at| self.chrome.ta("draft-kept", "at", &at)).unwrap_or_default()
    }

    pub(super) fn currency(&self) -> Currency {
        self.rules.as_ref().map_or(Currency::Brl, |rules| rules.price.currency)
    }

    /// What is wrong with a field: what is known here, else what the platform said.
    fn wrong(&self, field: &Field) -> Option<String> {
        let fault = self.faults.iter().find(|fault| fault.field == *field);
        fault.map(|fault| mend(&self.chrome, fault, self.currency())).or_else(|| {
            let objection = self.objections.iter().find(|it| self.is_of(&it.field, field))?;
            Some(said(&self.chrome, objection))
        })
    }

    /// Whether an objection is about a field; a platform may name an attribute by its name for people.
    fn is_of(&self, objected: &Field, field: &Field) -> bool {
        match (objected, field) {
            (Field::Attribute(named), Field::Attribute(id)) => {
                let rule = self.rules.as_ref().and_then(|rules| rules.attribute(id));
                named == id || rule.is_some_and(|rule| rule.name == *named)
            }
            (one, other) => one == other,
        }
    }

    /// Everything that stands in the way, each with its place.
    fn snags(&self) -> Vec<Snag> {
        let own = self.faults.iter().map(|fault| Snag {
            label: self.label(&fault.field),
            text: mend(&self.chrome, fault, self.currency()),
            href: self.place(&fault.field),
        });
        let theirs = self.objections.iter().map(|objection| Snag {
            label: self.label(&objection.field),
            text: said(&self.chrome, objection),
            href: self.place(&objection.field),
        });
        own.chain(theirs).collect()
    }

    /// A field's name as people read it.
    fn label(&self, field: &Field) -> String {
        let word = self.chrome.word("offer-field", field.name());
        if let Field::Attribute(id) = field {
            let rule = self
                .rules
                .as_ref()
                .and_then(|rules| rules.attributes.iter().find(|rule| rule.id == *id || rule.name == *id));
            return rule.map_or_else(|| format!("{word} {id}"), |rule| rule.name.clone());
        }
        let variant = field.variant().and_then(|at| self.goods.variants.get(at));
        variant.map_or_else(|| word.to_owned(), |variant| format!("{word}, {}", variant_name(variant)))
    }

    /// Where a field is mended.
    fn place(&self, field: &Field) -> String {
        let sku = |at: &usize| self.goods.variants.get(*at).and_then(|variant| variant.sku);
        match field {
            Field::Title => "#title".to_owned(),
            Field::Description => "#description".to_owned(),
            Field::Condition => "#condition".to_owned(),
            Field::Brand => "#brand".to_owned(),
            Field::Category => format!("{}/category", self.base()),
            Field::Attribute(id) => {
                let known = self.rules.as_ref().is_some_and(|rules| rules.attribute(id).is_some());
                let by_name = self.rules.as_ref().and_then(|rules| {
                    rules.attributes.iter().find(|rule| rule.name == *id).map(|rule| rule.id.clone())
                });
                match by_name.filter(|_| !known) {
                    Some(own) => format!("#{}", attribute_cell(&own)),
                    None if known => format!("#{}", attribute_cell(id)),
                    None => "#attributes".to_owned(),
                }
            }
            Field::Price(at) => sku(at).map_or("#price".to_owned(), |sku| format!("#{}", price_cell(sku))),
            Field::Quantity(at) => {
                sku(at).map_or(format!("/products/{}", self.product), |sku| format!("/skus/{sku}"))
            }
            Field::Whole | Field::Shipping => format!("{}#snags", self.base()),
            Field::Pictures
            | Field::Axes
            | Field::Variants
            | Field::Choices(_)
            | Field::Sku(_)
            | Field::Gtin(_)
            | Field::Weight
            | Field::Size
            | Field::Fiscal => format!("/products/{}", self.product),
        }
    }

    fn plain(&self, name: &str, field: &Field, kind: &'static str, value: &str) -> FieldView {
        FieldView {
            name: name.to_owned(),
            label: self.label(field),
            kind,
            value: value.to_owned(),
            choices: Vec::new(),
            beside: String::new(),
            beside_value: String::new(),
            units: Vec::new(),
            required: false,
            wrong: self.wrong(field),
        }
    }

    fn title_field(&self) -> FieldView {
        self.plain("title", &Field::Title, "text", &self.draft.title)
    }

    fn description_field(&self) -> FieldView {
        self.plain("description", &Field::Description, "lines", &self.draft.description)
    }

    fn condition_field(&self) -> FieldView {
        let choice = |condition: Condition| {
            let label = self.chrome.t(&format!("condition-{}", condition.as_str())).to_owned();
            (Choice { value: condition.as_str().to_owned(), label }, condition == self.draft.condition)
        };
        FieldView {
            choices: Condition::ALL.into_iter().map(choice).collect(),
            ..self.plain("condition", &Field::Condition, "select", "")
        }
    }

    /// The brand, where it is asked for beside the attributes.
    fn brand_field(&self) -> Option<FieldView> {
        let wants = self.rules.as_ref().is_some_and(|rules| rules.brand != domain::attribute::Need::Optional);
        let choice = |name: &String| (Choice { value: name.clone(), label: name.clone() }, false);
        wants.then(|| FieldView {
            choices: self.brands.iter().map(choice).collect(),
            ..self.plain("brand", &Field::Brand, "suggested", &self.draft.brand)
        })
    }

    /// What the seller pays for being shown, where there is a choice.
    fn plan_field(&self) -> Option<FieldView> {
        let choice = |word: &&str| {
            let label = self.chrome.t(&format!("plan-{word}")).to_owned();
            (Choice { value: (*word).to_owned(), label }, **word == self.draft.plan)
        };
        let words: &[&str] = match self.tab.channel {
            // "Listing types": https://developers.mercadolivre.com.br/pt_br/tipos-de-publicacao
            ChannelKind::MercadoLivre => &["gold_special", "gold_pro"],
            ChannelKind::Shopee | ChannelKind::TikTokShop => return None,
        };
        let mut field = self.plain("plan", &Field::Whole, "select", "");
        self.chrome.t("offer-field-plan").clone_into(&mut field.label);
        (field.choices, field.wrong) = (words.iter().map(choice).collect(), None);
        Some(field)
    }

    /// The price of all variants.
    fn price_field(&self) -> FieldView {
        let mut field = self.plain("price", &Field::Whole, "text", &self.draft.price);
        self.chrome.t("offer-field-price-all").clone_into(&mut field.label);
        field.wrong = None;
        field
    }

    /// The prices of variants, where there are several.
    fn price_fields(&self) -> Vec<FieldView> {
        if self.goods.variants.len() < 2 {
            return Vec::new();
        }
        let rows = self.goods.variants.iter().enumerate();
        rows.filter_map(|(at, variant)| {
            let name = price_cell(variant.sku?);
            let value = self.draft.text(&name).to_owned();
            Some(FieldView {
                label: self.chrome.ta("offer-field-price-of", "name", &variant_name(variant)),
                ..self.plain(&name, &Field::Price(at), "text", &value)
            })
        })
        .collect()
    }

    fn attribute_field(&self, rule: &AttributeRule) -> FieldView {
        let name = attribute_cell(&rule.id);
        let texts = self.draft.texts(&name);
        let widget = rule.widget();
        let listed = rule.listed.iter().map(|listed| {
            let value = if widget.sends_ids() { &listed.id } else { &listed.name };
            let choice = Choice { value: value.clone(), label: listed.name.clone() };
            (choice, texts.contains(value))
        });
        let unit = self.draft.text(&unit_cell(&rule.id));
        let others = others_cell(&rule.id);
        let (kind, beside, beside_value) = match widget {
            Widget::Select => ("select", String::new(), String::new()),
            Widget::Boxes if rule.takes_others => {
                let lines = self.draft.texts(&others).join("\n");
                ("boxes", others, lines)
            }
            Widget::Boxes => ("boxes", String::new(), String::new()),
            Widget::Suggested => ("suggested", String::new(), String::new()),
            Widget::Lines => ("lines", String::new(), String::new()),
            Widget::Text | Widget::Number => ("text", String::new(), String::new()),
            Widget::Measure => ("measure", unit_cell(&rule.id), unit.to_owned()),
            Widget::Date => ("date", String::new(), String::new()),
        };
        let field = Field::Attribute(rule.id.clone());
        let wrong = self.wrong(&field);
        FieldView {
            label: rule.name.clone(),
            kind,
            value: texts.join("\n"),
            choices: if widget == Widget::Lines { Vec::new() } else { listed.collect() },
            beside,
            beside_value,
            units: rule.units.iter().map(|it| (it.clone(), it == unit)).collect(),
            required: self.offer.as_ref().is_some_and(|offer| offer.needs(&rule.need)),
            wrong,
            name,
        }
    }

    /// Attributes that the variants do not tell: those that have to be told or are wrong first.
    fn attribute_fields(&self) -> [Vec<FieldView>; 2] {
        let axes: Vec<&str> =
            self.offer.iter().flat_map(|offer| &offer.axes).filter_map(|axis| axis.id.as_deref()).collect();
        let rules = self.rules.iter().flat_map(|rules| &rules.attributes);
        let fields =
            rules.filter(|rule| !axes.contains(&rule.id.as_str())).map(|rule| self.attribute_field(rule));
        let (first, more) = fields.partition(|field| field.required || field.wrong.is_some());
        [first, more]
    }

    /// The names of all cells in the form, so that what is not shown stays as it is.
    fn cells(&self) -> Vec<String> {
        let mut cells: Vec<String> = self.price_fields().into_iter().map(|field| field.name).collect();
        for field in self.attribute_fields().into_iter().flatten() {
            cells.push(field.name);
            if !field.beside.is_empty() {
                cells.push(field.beside);
            }
        }
        cells
    }
}

fn variant_name(variant: &domain::catalogue::Variant) -> String {
    let name = variant.options.join(" · ");
    if name.is_empty() { variant.code.clone() } else { name }
}

/// What to do about a fault, in the reader's language.
#[must_use]
pub fn mend(chrome: &Chrome, fault: &Fault, currency: Currency) -> String {
    let count = |value: usize| chrome.number(&i64::try_from(value).unwrap_or(i64::MAX));
    let is_price = matches!(fault.field, Field::Price(_));
    let amount = |minor: &i64| {
        if is_price { chrome.money(&Money::new(*minor, currency)) } else { chrome.number(minor) }
    };
    match &fault.mend {
        Mend::Fill => chrome.t("mend-fill").to_owned(),
        Mend::LeaveOut => chrome.t("mend-leave_out").to_owned(),
        Mend::Lengthen(least) => chrome.ta("mend-lengthen", "n", &count(*least)),
        Mend::Shorten(most) => chrome.ta("mend-shorten", "n", &count(*most)),
        Mend::Add(least) => chrome.ta("mend-add", "n", &count(*least)),
        Mend::TakeAway(most) => chrome.ta("mend-take_away", "n", &count(*most)),
        Mend::ChooseListed => chrome.t("mend-choose_listed").to_owned(),
        Mend::WriteNumber => chrome.t("mend-write_number").to_owned(),
        Mend::WriteMeasure(units) => chrome.ta("mend-write_measure", "units", &units.join(", ")),
        Mend::WriteDate => chrome.t("mend-write_date").to_owned(),
        Mend::Distinguish => chrome.t("mend-distinguish").to_owned(),
        Mend::RemoveSpaces => chrome.t("mend-remove_spaces").to_owned(),
        Mend::CheckDigits => chrome.t("mend-check_digits").to_owned(),
        Mend::Raise(least) => chrome.ta("mend-raise", "n", &amount(least)),
        Mend::Lower(most) => chrome.ta("mend-lower", "n", &amount(most)),
        Mend::OverFloor(Some(least)) => chrome.ta("mend-over_floor", "n", &amount(least)),
        Mend::OverFloor(None) => chrome.t("mend-over_floor_never").to_owned(),
        Mend::OtherCurrency => chrome.t("mend-other_currency").to_owned(),
        Mend::BringCloser(times) => chrome.ta("mend-bring_closer", "n", &chrome.number(times)),
        Mend::ByHand(papers) => chrome.ta("mend-by_hand", "papers", &papers.join(", ")),
    }
}

/// A category to choose, or to go into.
#[derive(Debug, Clone)]
pub struct CategoryLine {
    /// The platform's id.
    pub id: String,
    /// Its name, with its path where that is known.
    pub name: String,
    /// Whether it takes offers; `None` where only a choice tells.
    pub takes_offers: Option<bool>,
}

/// `GET /products/{id}/drafts/{connection}/category?text=&under=`, and what `POST` there answers when the
/// category takes no offers.
#[derive(Debug, Template)]
#[template(path = "draft_category.html")]
pub struct CategoryPage {
    /// Around it.
    pub chrome: Chrome,
    /// The product.
    pub product: ProductId,
    /// The account.
    pub tab: Tab,
    /// The words that are looked for.
    pub text: String,
    /// What is chosen now, for people; empty while nothing is.
    pub chosen: String,
    /// What the platform proposes for the words.
    pub proposed: Vec<CategoryLine>,
    /// Where somebody stands in the tree, the root first.
    pub path: Vec<CategoryLine>,
    /// The categories right below.
    pub below: Vec<CategoryLine>,
    /// What was chosen and takes no offers.
    pub wrong: bool,
    /// Why the platform does not show its categories.
    pub trouble: Option<Problem>,
}

impl CategoryPage {
    fn may_change(&self) -> bool {
        self.chrome.may(domain::Permission::ChangeCatalogue)
    }

    fn base(&self) -> String {
        format!("/products/{}/drafts/{}", self.product, self.tab.connection)
    }

    /// The address of the categories below one; of the roots for an empty id.
    fn under(&self, id: &str) -> String {
        let mut pairs = query_of(&format!("{}/category", self.base()));
        pairs.append_pair("text", &self.text).append_pair("under", id).finish()
    }
}

/// What somebody else saved, beside what was typed.
#[must_use]
pub fn stale_line(chrome: &Chrome, label: &str, value: &str) -> String {
    let shown = if value.is_empty() { "–" } else { value };
    i18n::t(chrome.lang, "product-stale-line", &[("what", label), ("now", shown)])
}

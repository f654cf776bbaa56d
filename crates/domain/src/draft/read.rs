//! What a draft comes to: the offer, and what stands in its way.

use std::collections::BTreeMap;

use super::{Draft, attribute_cell, others_cell, price_cell, unit_cell};
use crate::attribute::{AttributeRule, Decimal, Need, Rules, Value, ValueKind};
use crate::catalogue::{Product, Variant as Row, scaled};
use crate::id::SkuId;
use crate::money::Money;
use crate::offer::{Attribute, Axis, Brand, Choice, Fault, Field, Mend, Offer, Package, Variant};
use crate::order_list::title_key;
use crate::time::Timestamp;

/// Listed values that are shown as boxes; with more of them, they are typed.
const MOST_BOXES: usize = 60;

/// How an attribute is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Widget {
    /// One of the listed values.
    Select,
    /// Some of the listed values, and words beside them where those are taken.
    Boxes,
    /// A word, with the listed ones proposed.
    Suggested,
    /// Words, one a line.
    Lines,
    /// A word.
    Text,
    /// A number.
    Number,
    /// A number with its unit.
    Measure,
    /// A day.
    Date,
}

impl Widget {
    /// Whether the form sends ids of listed values and not their names.
    #[must_use]
    pub const fn sends_ids(self) -> bool {
        matches!(self, Self::Select | Self::Boxes)
    }
}

impl AttributeRule {
    /// How it is asked for.
    #[must_use]
    pub fn widget(&self) -> Widget {
        match self.kind {
            ValueKind::Number => Widget::Number,
            ValueKind::Measure => Widget::Measure,
            ValueKind::Date => Widget::Date,
            ValueKind::Word if self.most_values > 1 => match self.listed.len() {
                1..=MOST_BOXES => Widget::Boxes,
                _ => Widget::Lines,
            },
            ValueKind::Word if self.listed.is_empty() => Widget::Text,
            ValueKind::Word if self.takes_others => Widget::Suggested,
            ValueKind::Word => Widget::Select,
        }
    }

    fn by_name(&self, name: &str) -> Option<Value> {
        let key = title_key(name.trim());
        let listed = self.listed.iter().find(|listed| title_key(&listed.name) == key);
        listed.map(|listed| Value::Listed(listed.id.clone()))
    }

    /// What was typed, as values; what cannot be read comes with its mend.
    fn values(&self, draft: &Draft) -> (Vec<Value>, Option<Mend>) {
        let texts = draft.texts(&attribute_cell(&self.id));
        let words = |texts: &[String]| -> Vec<Value> {
            let lines =
                texts.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.is_empty());
            lines.map(|line| self.by_name(line).unwrap_or_else(|| Value::Text(line.to_owned()))).collect()
        };
        match self.widget() {
            Widget::Select => (texts.iter().take(1).cloned().map(Value::Listed).collect(), None),
            Widget::Boxes => {
                let ticked = texts.iter().cloned().map(Value::Listed);
                (ticked.chain(words(draft.texts(&others_cell(&self.id)))).collect(), None)
            }
            Widget::Suggested | Widget::Text | Widget::Lines => (words(texts), None),
            Widget::Number => {
                read_all(texts, Mend::WriteNumber, |text| Decimal::parse(text).map(Value::Number))
            }
            Widget::Measure => {
                let typed = draft.text(&unit_cell(&self.id));
                let unit =
                    if typed.is_empty() { self.units.first().map_or("", String::as_str) } else { typed };
                let measure = |text: &str| {
                    Some(Value::Measure { amount: Decimal::parse(text)?, unit: unit.to_owned() })
                };
                read_all(texts, Mend::WriteMeasure(self.units.clone()), measure)
            }
            Widget::Date => {
                let day =
                    |text: &str| Timestamp::parse(&format!("{}T00:00:00Z", text.trim())).map(Value::Date);
                read_all(texts, Mend::WriteDate, day)
            }
        }
    }
}

fn read_all(
    texts: &[String],
    mend: Mend,
    read: impl Fn(&str) -> Option<Value>,
) -> (Vec<Value>, Option<Mend>) {
    let read: Vec<Option<Value>> = texts.iter().map(|text| read(text)).collect();
    let is_whole = read.iter().all(Option::is_some);
    (read.into_iter().flatten().collect(), (!is_whole).then_some(mend))
}

/// A picture of a product that is uploaded to the account, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    /// The platform's id of it.
    pub id: String,
    /// The variant that it shows alone.
    pub sku: Option<SkuId>,
}

/// What is published, beside what was typed.
#[derive(Debug, Clone)]
pub struct Goods<'a> {
    /// The product.
    pub product: &'a Product,
    /// Its pictures, the cover first.
    pub pictures: &'a [Shot],
    /// Units that each SKU is born with.
    pub units: &'a BTreeMap<SkuId, i64>,
    /// Brands that the platform lists, where it asks for one beside the attributes.
    pub brands: &'a [Brand],
    /// The house's name of the offer.
    pub reference: &'a str,
}

/// What a draft comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The offer; good for the platform only without faults.
    pub offer: Offer,
    /// What stands in its way, field by field.
    pub faults: Vec<Fault>,
}

impl Draft {
    /// Makes the offer and holds it against the rules of its category.
    #[must_use]
    pub fn offer(&self, rules: &Rules, goods: &Goods<'_>) -> Reading {
        let mut faults = Vec::new();
        let axes = axes(goods.product, rules);
        let offer = Offer {
            reference: goods.reference.to_owned(),
            title: self.title.trim().to_owned(),
            description: self.description.replace("\r\n", "\n").trim().to_owned(),
            category: self.category.clone(),
            condition: self.condition,
            brand: self.brand(rules, goods.brands),
            attributes: self.attributes(rules, &axes, &mut faults),
            pictures: covers(goods.pictures, rules.pictures.most),
            variants: self.variants(rules, &axes, goods, &mut faults),
            axes,
            package: package(goods.product),
            fiscal: None,
            plan: Some(self.plan.trim().to_owned()).filter(|plan| !plan.is_empty()),
        };
        let found = offer.check(rules);
        let unread: Vec<Field> = faults.iter().map(|fault| fault.field.clone()).collect();
        faults.extend(found.into_iter().filter(|fault| !unread.contains(&fault.field)));
        Reading { offer, faults }
    }

    /// A brand that is listed by its id, another by its name alone.
    fn brand(&self, rules: &Rules, brands: &[Brand]) -> Option<Brand> {
        let is_asked = rules.brand != Need::Optional || !brands.is_empty();
        if !is_asked || self.brand.trim().is_empty() {
            return None;
        }
        let key = title_key(self.brand.trim());
        let listed = brands.iter().find(|brand| title_key(&brand.name) == key).cloned();
        listed.or_else(|| Some(Brand { id: None, name: self.brand.trim().to_owned() }))
    }

    fn attributes(&self, rules: &Rules, axes: &[Axis], faults: &mut Vec<Fault>) -> Vec<Attribute> {
        let mut told = Vec::new();
        for rule in rules.attributes.iter().filter(|rule| !varies(axes, &rule.id)) {
            let (values, mend) = rule.values(self);
            if let Some(mend) = mend {
                faults.push(Fault { field: Field::Attribute(rule.id.clone()), mend });
            }
            if !values.is_empty() {
                told.push(Attribute { id: rule.id.clone(), values });
            }
        }
        told
    }

    fn variants(
        &self,
        rules: &Rules,
        axes: &[Axis],
        goods: &Goods<'_>,
        faults: &mut Vec<Fault>,
    ) -> Vec<Variant> {
        let rows = goods.product.variants.iter().enumerate();
        rows.map(|(at, row)| {
            let price = self.price_of(row).unwrap_or_else(|mend| {
                faults.push(Fault { field: Field::Price(at), mend });
                0
            });
            let own = goods.pictures.iter().find(|shot| shot.sku.is_some() && shot.sku == row.sku);
            let units = row.sku.and_then(|sku| goods.units.get(&sku)).copied().unwrap_or_default();
            Variant {
                choices: choices(row, axes, rules),
                seller_sku: row.code.clone(),
                gtin: row.facts.gtin.as_ref().map(|gtin| gtin.as_str().to_owned()),
                price: Money::new(price, rules.price.currency),
                quantity_units: units.clamp(0, rules.most_units),
                picture: own.map(|shot| shot.id.clone()),
            }
        })
        .collect()
    }

    /// A variant's own price, or that of all, in minor units.
    fn price_of(&self, row: &Row) -> Result<i64, Mend> {
        let own = row.sku.map(|sku| self.text(&price_cell(sku))).unwrap_or_default();
        let text = if own.trim().is_empty() { self.price.trim() } else { own };
        if text.is_empty() {
            return Err(Mend::Fill);
        }
        scaled(text, 2).map_err(|_| Mend::WriteNumber)
    }
}

/// The pictures of the offer as a whole; the platform takes the first of them.
fn covers(pictures: &[Shot], most: usize) -> Vec<String> {
    pictures.iter().filter(|shot| shot.sku.is_none()).take(most).map(|shot| shot.id.clone()).collect()
}

fn varies(axes: &[Axis], id: &str) -> bool {
    axes.iter().any(|axis| axis.id.as_deref() == Some(id))
}

/// What the product's variants differ in, by the platform's attribute of the same name.
fn axes(product: &Product, rules: &Rules) -> Vec<Axis> {
    let rule_of = |name: &str| {
        let key = title_key(name.trim());
        rules.attributes.iter().find(|rule| rule.tells_variants && title_key(&rule.name) == key)
    };
    let axis = |name: &String| Axis { id: rule_of(name).map(|rule| rule.id.clone()), name: name.clone() };
    product.axes.iter().map(|it| axis(&it.name)).collect()
}

fn choices(row: &Row, axes: &[Axis], rules: &Rules) -> Vec<Choice> {
    let choice = |(option, axis): (&String, &Axis)| {
        let rule = axis.id.as_deref().and_then(|id| rules.attribute(id));
        let key = title_key(option);
        let listed = rule.and_then(|rule| rule.listed.iter().find(|listed| title_key(&listed.name) == key));
        Choice { id: listed.map(|listed| listed.id.clone()), name: option.clone() }
    };
    row.options.iter().zip(axes).map(choice).collect()
}

/// The package of the largest variant: who measured some of them has measured for all.
fn package(product: &Product) -> Option<Package> {
    let facts = || product.variants.iter().map(|variant| &variant.facts);
    let small = |value: Option<i64>| u32::try_from(value.unwrap_or_default()).unwrap_or(u32::MAX);
    let weight_grams = small(facts().filter_map(|facts| facts.weight_g).max());
    let sides = facts().map(|facts| {
        let mut sides = [small(facts.length_mm), small(facts.width_mm), small(facts.height_mm)];
        sides.sort_unstable_by(|one, other| other.cmp(one));
        sides
    });
    let [length_mm, width_mm, height_mm] = sides.fold([0; 3], |largest, sides| {
        [largest[0].max(sides[0]), largest[1].max(sides[1]), largest[2].max(sides[2])]
    });
    let is_known = weight_grams > 0 || length_mm > 0;
    is_known.then_some(Package { weight_grams, length_mm, width_mm, height_mm })
}

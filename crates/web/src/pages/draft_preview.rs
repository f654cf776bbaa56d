//! How a draft comes out for buyers: what stands in its form, with nothing that only the seller sees.

use std::time::Duration;

use domain::attribute::{AttributeRule, Value};
use domain::offer::{Attribute, Offer};
use domain::{Money, PictureId, Timestamp};

use crate::pages::drafts::DraftPage;
use crate::pages::products::decimal_mark;

/// A day's instants begin in UTC; at noon there it is the same day wherever we have readers.
const NOON: Duration = Duration::from_hours(12);

/// A listing as a buyer would read it.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Its cover, where the product has a picture.
    pub cover: Option<PictureId>,
    /// Its title.
    pub title: String,
    /// From the cheapest variant to the dearest.
    pub price: Option<String>,
    /// What there is to choose: each axis with its options.
    pub choices: Vec<(String, String)>,
    /// Units that all variants begin with.
    pub units: String,
    /// How many pictures it has.
    pub pictures: String,
    /// What is said of it: each attribute with its values.
    pub attributes: Vec<(String, String)>,
    /// Its description, by paragraphs.
    pub description: Vec<String>,
}

impl DraftPage {
    /// How it comes out; `None` while its platform does not say what it asks.
    pub(super) fn preview(&self) -> Option<Preview> {
        let offer = self.offer.as_ref()?;
        let units = offer.variants.iter().map(|variant| variant.quantity_units).sum();
        Some(Preview {
            cover: self.pictures.first().copied(),
            title: offer.title.clone(),
            price: self.price_span(offer),
            choices: choices(offer),
            units: self.chrome.number(&units),
            pictures: self.chrome.number(&i64::try_from(self.pictures.len()).unwrap_or(i64::MAX)),
            attributes: self.told(offer),
            description: offer
                .description
                .lines()
                .map(str::to_owned)
                .filter(|line| !line.is_empty())
                .collect(),
        })
    }

    fn price_span(&self, offer: &Offer) -> Option<String> {
        let prices = offer.variants.iter().map(|variant| variant.price.minor);
        let (least, most) = (prices.clone().min()?, prices.max()?);
        let money = |minor| self.chrome.money(&Money::new(minor, self.currency()));
        Some(if least == most { money(least) } else { format!("{} – {}", money(least), money(most)) })
    }

    /// What is told of the goods, in the order in which the platform asks for it.
    fn told(&self, offer: &Offer) -> Vec<(String, String)> {
        let brand = offer.brand.iter().map(|brand| {
            let label = self.chrome.word("offer-field", "brand").to_owned();
            (label, brand.name.clone())
        });
        let rules = self.rules.iter().flat_map(|rules| &rules.attributes);
        let attributes = rules.filter_map(|rule| {
            let told = offer.attributes.iter().find(|told| told.id == rule.id)?;
            Some((rule.name.clone(), self.values(rule, told)))
        });
        brand.chain(attributes).collect()
    }

    fn values(&self, rule: &AttributeRule, told: &Attribute) -> String {
        let texts: Vec<String> = told.values.iter().map(|value| self.value(rule, value)).collect();
        texts.join(", ")
    }

    fn value(&self, rule: &AttributeRule, value: &Value) -> String {
        let mark = decimal_mark(self.chrome.lang).to_string();
        match value {
            Value::Listed(id) => {
                let listed = rule.listed.iter().find(|listed| listed.id == *id);
                listed.map_or_else(|| id.clone(), |listed| listed.name.clone())
            }
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.as_str().replace('.', &mark),
            Value::Measure { amount, unit } => format!("{} {unit}", amount.as_str().replace('.', &mark)),
            Value::Date(day) => self.chrome.day(&noon(*day)),
        }
    }
}

fn noon(day: Timestamp) -> Timestamp {
    day.plus(NOON)
}

/// Each axis with the options that any variant has, in their order.
fn choices(offer: &Offer) -> Vec<(String, String)> {
    let axes = offer.axes.iter().enumerate();
    axes.map(|(at, axis)| {
        let mut options: Vec<&str> = Vec::new();
        for choice in offer.variants.iter().filter_map(|variant| variant.choices.get(at)) {
            if !options.contains(&choice.name.as_str()) {
                options.push(&choice.name);
            }
        }
        (axis.name.clone(), options.join(", "))
    })
    .collect()
}

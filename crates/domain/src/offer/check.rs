//! Holding an offer against the rules of its category, so that the seller hears what is
//! wrong before the platform refuses it.

use std::collections::BTreeSet;

use super::{Attribute, Condition, Fault, Field, Mend, Offer, Variant};
use crate::attribute::{AttributeRule, Need, Rules, Span, Value, ValueKind};

/// Lengths of a product code (GTIN-8, UPC-A, EAN-13, GTIN-14).
const GTIN_DIGITS: [usize; 4] = [8, 12, 13, 14];
/// Digits of NCM and CEST.
const NCM_DIGITS: usize = 8;
const CEST_DIGITS: usize = 7;
/// Digits of a CFOP.
const CFOP_DIGITS: usize = 4;

impl Offer {
    /// All that is wrong with it by the rules of its category; nothing when it may be sent.
    /// What only the platform knows (a word that is forbidden, a picture that it has lost)
    /// it still says itself.
    #[must_use]
    pub fn check(&self, rules: &Rules) -> Vec<Fault> {
        let mut faults = Faults::default();
        faults.when(self.category != rules.category, Field::Category, Mend::ChooseListed);
        faults.when(!rules.papers.is_empty(), Field::Category, Mend::ByHand(rules.papers.clone()));
        faults.text(Field::Title, &self.title, rules.title);
        faults.text(Field::Description, &self.description, rules.description);
        faults.count(Field::Pictures, self.pictures.len(), rules.pictures);
        faults.when(self.needs(&rules.brand) && self.brand.is_none(), Field::Brand, Mend::Fill);
        self.check_attributes(rules, &mut faults);
        self.check_variants(rules, &mut faults);
        self.check_package(rules, &mut faults);
        self.check_fiscal(&mut faults);
        faults.0
    }

    /// Whether something has to be told of this offer.
    #[must_use]
    pub fn needs(&self, need: &Need) -> bool {
        match need {
            Need::Optional | Need::ByPlatform => false,
            Need::Required => true,
            Need::RequiredOfNew => self.condition == Condition::New,
            Need::When(triggers) => triggers.iter().any(|trigger| {
                let chosen = Value::Listed(trigger.value.clone());
                let of_offer = self.attributes.iter().find(|it| it.id == trigger.attribute);
                of_offer.is_some_and(|attribute| attribute.values.contains(&chosen))
            }),
        }
    }

    /// Whether the variants tell an attribute.
    fn varies_in(&self, id: &str) -> bool {
        self.axes.iter().any(|axis| axis.id.as_deref() == Some(id))
    }

    fn check_attributes(&self, rules: &Rules, faults: &mut Faults) {
        let mut seen = BTreeSet::new();
        for attribute in &self.attributes {
            let field = || Field::Attribute(attribute.id.clone());
            faults.when(
                !seen.insert(&attribute.id) || self.varies_in(&attribute.id),
                field(),
                Mend::Distinguish,
            );
            match rules.attribute(&attribute.id) {
                None => faults.add(field(), Mend::LeaveOut),
                Some(rule) => check_values(attribute, rule, faults),
            }
        }
        for rule in rules.attributes.iter().filter(|rule| self.needs(&rule.need)) {
            let told = self.attributes.iter().any(|it| it.id == rule.id && !it.values.is_empty());
            let missing = !told && !self.varies_in(&rule.id);
            faults.when(missing, Field::Attribute(rule.id.clone()), Mend::Fill);
        }
    }

    fn check_variants(&self, rules: &Rules, faults: &mut Faults) {
        faults.count(Field::Variants, self.variants.len(), Span::new(1, rules.variants.most));
        faults.count(Field::Axes, self.axes.len(), Span::new(0, rules.variants.most_axes));
        faults.when(self.axes.is_empty() && self.variants.len() > 1, Field::Axes, Mend::Fill);
        for axis in &self.axes {
            match &axis.id {
                Some(id) => {
                    let varies = rules.attribute(id).is_some_and(|rule| rule.tells_variants);
                    faults.when(!varies, Field::Axes, Mend::ChooseListed);
                }
                None => faults.text(Field::Axes, &axis.name, Span::new(1, rules.variants.axis_chars)),
            }
        }
        let (mut combinations, mut codes) = (BTreeSet::new(), BTreeSet::new());
        for (at, variant) in self.variants.iter().enumerate() {
            self.check_choices(at, variant, rules, faults);
            let is_new = combinations.insert(&variant.choices);
            faults.when(!is_new && !self.axes.is_empty(), Field::Choices(at), Mend::Distinguish);
            check_sku(at, variant, rules, faults);
            faults.when(!codes.insert(&variant.seller_sku), Field::Sku(at), Mend::Distinguish);
            match &variant.gtin {
                Some(code) => faults.when(!is_gtin(code), Field::Gtin(at), Mend::CheckDigits),
                None => faults.when(self.needs(&rules.gtin), Field::Gtin(at), Mend::Fill),
            }
            check_price(at, variant, rules, faults);
            faults.when(variant.quantity_units < 0, Field::Quantity(at), Mend::Raise(0));
            let too_many = variant.quantity_units > rules.most_units;
            faults.when(too_many, Field::Quantity(at), Mend::Lower(rules.most_units));
        }
        self.check_ratio(rules, faults);
    }

    fn check_choices(&self, at: usize, variant: &Variant, rules: &Rules, faults: &mut Faults) {
        if variant.choices.len() != self.axes.len() {
            faults.add(Field::Choices(at), Mend::Fill);
            return;
        }
        for (choice, axis) in variant.choices.iter().zip(&self.axes) {
            let span = Span::new(1, rules.variants.option_chars);
            faults.text(Field::Choices(at), &choice.name, span);
            let rule = axis.id.as_deref().and_then(|id| rules.attribute(id));
            if let Some(rule) = rule {
                let is_listed = choice.id.as_ref().map(|id| rule.listed.iter().any(|it| it.id == *id));
                let taken = is_listed.unwrap_or(rule.takes_others || rule.listed.is_empty());
                faults.when(!taken, Field::Choices(at), Mend::ChooseListed);
            }
        }
    }

    /// Prices of one currency that lie too far apart.
    fn check_ratio(&self, rules: &Rules, faults: &mut Faults) {
        let Some(times) = rules.price.most_ratio else { return };
        let prices = self.variants.iter().map(|variant| variant.price.minor);
        let least = prices.clone().min().unwrap_or_default();
        for (at, price) in prices.enumerate() {
            let too_far = least > 0 && price > least.saturating_mul(times);
            faults.when(too_far, Field::Price(at), Mend::BringCloser(times));
        }
    }

    fn check_package(&self, rules: &Rules, faults: &mut Faults) {
        let package = self.package;
        let weighs = package.is_some_and(|package| package.weight_grams > 0);
        faults.when(rules.weight && !weighs, Field::Weight, Mend::Fill);
        let has_size = package.is_some_and(|package| {
            [package.length_mm, package.width_mm, package.height_mm].iter().all(|it| *it > 0)
        });
        faults.when(rules.size && !has_size, Field::Size, Mend::Fill);
    }

    /// Either all of it or none: half an invoice's data is refused everywhere.
    fn check_fiscal(&self, faults: &mut Faults) {
        let Some(fiscal) = &self.fiscal else { return };
        let is_code = |text: &str, digits: usize| text.len() == digits && all_digits(text);
        let is_good = is_code(&fiscal.ncm, NCM_DIGITS)
            && fiscal.cest.as_deref().is_none_or(|cest| is_code(cest, CEST_DIGITS))
            && matches!(fiscal.origin.as_bytes(), [b'0'..=b'8'])
            && is_code(&fiscal.cfop_same_state, CFOP_DIGITS)
            && is_code(&fiscal.cfop_other_state, CFOP_DIGITS)
            && !fiscal.csosn.is_empty()
            && !fiscal.unit.is_empty();
        faults.when(!is_good, Field::Fiscal, Mend::CheckDigits);
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, field: Field, mend: Mend) {
        self.0.push(Fault { field, mend });
    }

    fn when(&mut self, wrong: bool, field: Field, mend: Mend) {
        if wrong {
            self.add(field, mend);
        }
    }

    fn text(&mut self, field: Field, text: &str, span: Span) {
        let chars = text.chars().count();
        if text.trim().is_empty() && span.least > 0 {
            self.add(field, Mend::Fill);
        } else if chars < span.least {
            self.add(field, Mend::Lengthen(span.least));
        } else if chars > span.most {
            self.add(field, Mend::Shorten(span.most));
        }
    }

    fn count(&mut self, field: Field, count: usize, span: Span) {
        self.when(count < span.least, field.clone(), Mend::Add(span.least));
        self.when(count > span.most, field, Mend::TakeAway(span.most));
    }
}

fn check_values(attribute: &Attribute, rule: &AttributeRule, faults: &mut Faults) {
    let field = || Field::Attribute(rule.id.clone());
    faults.when(attribute.values.len() > rule.most_values, field(), Mend::TakeAway(rule.most_values));
    for value in &attribute.values {
        if let Some(mend) = mend_of(value, rule) {
            faults.add(field(), mend);
        }
    }
}

/// What is to be done about a value; `None` when it is taken.
fn mend_of(value: &Value, rule: &AttributeRule) -> Option<Mend> {
    match (value, rule.kind) {
        (Value::Listed(id), _) => {
            (!rule.listed.iter().any(|listed| listed.id == *id)).then_some(Mend::ChooseListed)
        }
        (Value::Text(text), ValueKind::Word) => {
            let most = rule.most_chars.unwrap_or(usize::MAX);
            if text.trim().is_empty() {
                Some(Mend::Fill)
            } else if !rule.takes_others {
                Some(Mend::ChooseListed)
            } else {
                (text.chars().count() > most).then_some(Mend::Shorten(most))
            }
        }
        (Value::Number(_), ValueKind::Number) | (Value::Date(_), ValueKind::Date) => None,
        (Value::Measure { unit, .. }, ValueKind::Measure) => {
            (!rule.units.contains(unit)).then(|| Mend::WriteMeasure(rule.units.clone()))
        }
        (Value::Text(_) | Value::Number(_) | Value::Measure { .. } | Value::Date(_), kind) => {
            Some(match kind {
                ValueKind::Word => Mend::ChooseListed,
                ValueKind::Number => Mend::WriteNumber,
                ValueKind::Measure => Mend::WriteMeasure(rule.units.clone()),
                ValueKind::Date => Mend::WriteDate,
            })
        }
    }
}

fn check_sku(at: usize, variant: &Variant, rules: &Rules, faults: &mut Faults) {
    let sku = &variant.seller_sku;
    faults.text(Field::Sku(at), sku, Span::new(1, rules.sku.most_chars));
    let has_spaces = !rules.sku.takes_spaces && sku.contains(char::is_whitespace);
    faults.when(has_spaces, Field::Sku(at), Mend::RemoveSpaces);
}

fn check_price(at: usize, variant: &Variant, rules: &Rules, faults: &mut Faults) {
    let (price, rule) = (variant.price, rules.price);
    faults.when(price.currency != rule.currency, Field::Price(at), Mend::OtherCurrency);
    let least = rule.least_minor.max(1);
    faults.when(price.minor < least, Field::Price(at), Mend::Raise(least));
    if let Some(most) = rule.most_minor {
        faults.when(price.minor > most, Field::Price(at), Mend::Lower(most));
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the last digit fits the others (GS1: weights 3 and 1 from the right).
fn is_gtin(code: &str) -> bool {
    if !GTIN_DIGITS.contains(&code.len()) || !all_digits(code) {
        return false;
    }
    let weighted = code.bytes().rev().enumerate().map(|(place, byte)| {
        let weight = if place % 2 == 1 { 3 } else { 1 };
        u32::from(byte - b'0') * weight
    });
    weighted.sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests;

//! What a category asks: its settings and its attributes, whose tags say what is required.

use connect::{Account, Attributes, Call, Page};
use domain::attribute::{
    AttributeRule, Listed, Need, PriceRule, Rules, SkuRule, Span, ValueKind, VariantRule,
};
use domain::offer::{Brand, Offer};
use domain::{Currency, Money};
use http::Method;

use super::super::wire::{Amount, Loose, Tags, filled, owned};
use super::super::{MercadoLivre, SPEC};
use super::body;
use super::categories::takes_offers;
use super::wire::{self, Named};
use crate::market::refusal;

const RULES: &str = "fetch rules of category";
const OWED: &str = "fetch conditional attributes";
const BRANDS: &str = "list brands";

/// The attribute that the brand is.
const BRAND: &str = "BRAND";
/// The attribute that the product code is.
const GTIN: &str = "GTIN";
/// Attributes that offers tell by fields of their own.
const OWN_FIELDS: [&str; 7] = [
    GTIN,
    "SELLER_SKU",
    "ITEM_CONDITION",
    "SELLER_PACKAGE_HEIGHT",
    "SELLER_PACKAGE_WIDTH",
    "SELLER_PACKAGE_LENGTH",
    "SELLER_PACKAGE_WEIGHT",
];

/// "max_title_length (60 typical)", and the same of the others, where a category does not
/// tell them.
const TITLE_CHARS: usize = 60;
const DESCRIPTION_CHARS: usize = 50_000;
const PICTURES: usize = 12;
const VARIATIONS: usize = 100;
/// Longest value of an attribute where none is told.
const VALUE_CHARS: usize = 255;
/// Values of one attribute that takes several: not documented, and more than goods have.
const MANY_VALUES: usize = 50;
/// Axes of variations: not documented, and more than buyers choose from.
const AXES: usize = 3;

impl Attributes for MercadoLivre {
    fn rules<'a>(&'a self, account: &'a Account, category: &'a str) -> Call<'a, Rules> {
        Box::pin(async move {
            let (found, answer) = self.category(RULES, account, category).await?;
            match takes_offers(&found) {
                Some(true) => {}
                Some(false) => return Err(answer.fail(refusal::no_leaf())),
                None => return Err(answer.garbled("a category that does not say whether it is open")),
            }
            let path = ["categories", category, "attributes"];
            let of_attributes = self.ask(self.request(RULES, Method::GET, account, &path)).await?;
            let rows: Vec<wire::AttributeRule> = of_attributes.json()?;
            let settings = found.settings.unwrap_or_default();
            let currency = currency(&settings);
            let currency = currency.ok_or_else(|| answer.garbled("a category without a known currency"))?;
            Ok(rules(category, &settings, currency, &rows))
        })
    }

    fn owed<'a>(&'a self, account: &'a Account, offer: &'a Offer) -> Call<'a, Vec<String>> {
        Box::pin(async move {
            let path = ["categories", offer.category.as_str(), "attributes", "conditional"];
            let spec = self.request(OWED, Method::POST, account, &path).json(body::whole(offer).text());
            let answer = self.ask(spec).await?;
            let owed: wire::Owed = answer.json()?;
            let Some(owed) = owed.required_attributes else {
                return Err(answer.garbled("required_attributes is missing"));
            };
            Ok(owed.iter().filter_map(|row| owned(row.id.as_ref())).collect())
        })
    }

    fn brands<'a>(
        &'a self,
        account: &'a Account,
        category: &'a str,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<Brand>> {
        Box::pin(async move {
            if cursor.is_some() {
                return Err(refusal::cursor(BRANDS));
            }
            let path = ["categories", category, "attributes"];
            let answer = self.ask(self.request(BRANDS, Method::GET, account, &path)).await?;
            let rows: Vec<wire::AttributeRule> = answer.json()?;
            let brand = rows.into_iter().find(|row| filled(row.id.as_ref()) == Some(BRAND));
            let known = brand.and_then(|row| row.values).unwrap_or_default();
            let items = known.iter().filter_map(|row| {
                Some(Brand { id: owned(row.id.as_ref()), name: owned(row.name.as_ref())? })
            });
            Ok(Page { items: items.collect(), next: None, total: None })
        })
    }
}

fn currency(settings: &wire::Settings) -> Option<Currency> {
    settings.currencies.as_ref()?.0.iter().find_map(|code| Currency::from_code(code))
}

fn count(field: Option<&Loose>, untold: usize) -> usize {
    let told = field.and_then(Loose::count).and_then(|count| usize::try_from(count).ok());
    told.filter(|count| *count > 0).unwrap_or(untold)
}

fn rules(
    category: &str,
    settings: &wire::Settings,
    currency: Currency,
    rows: &[wire::AttributeRule],
) -> Rules {
    let of = |id: &str| rows.iter().find(|row| filled(row.id.as_ref()) == Some(id));
    let amount = |field: Option<&Amount>| field.and_then(|amount| amount.money(currency)).map(minor);
    let codes = of("SELLER_SKU").and_then(|row| row.value_max_length.as_ref());
    Rules {
        category: category.to_owned(),
        title: Span::new(1, count(settings.max_title_length.as_ref(), TITLE_CHARS)),
        description: Span::new(0, count(settings.max_description_length.as_ref(), DESCRIPTION_CHARS)),
        pictures: Span::new(1, count(settings.max_pictures_per_item.as_ref(), PICTURES)),
        attributes: rows.iter().filter_map(attribute).collect(),
        // It stands among the attributes.
        brand: Need::Optional,
        gtin: of(GTIN).map_or(Need::Optional, |row| need(row.tags.as_ref())),
        variants: VariantRule {
            most: count(settings.max_variations_allowed.as_ref(), VARIATIONS),
            most_axes: AXES,
            axis_chars: VALUE_CHARS,
            option_chars: VALUE_CHARS,
        },
        price: PriceRule {
            currency,
            least_minor: amount(settings.minimum_price.as_ref()).unwrap_or(1),
            most_minor: amount(settings.maximum_price.as_ref()).filter(|most| *most > 0),
            most_ratio: None,
        },
        most_units: SPEC.max_quantity_units,
        sku: SkuRule { most_chars: count(codes, VALUE_CHARS), takes_spaces: true },
        weight: false,
        size: false,
        papers: Vec::new(),
    }
}

const fn minor(money: Money) -> i64 {
    money.minor
}

/// The rule of an attribute that the seller tells; `None` for one that the platform fills in
/// or that an offer tells by a field of its own.
fn attribute(row: &wire::AttributeRule) -> Option<AttributeRule> {
    let id = owned(row.id.as_ref())?;
    let has = |tag: &str| row.tags.as_ref().is_some_and(|tags| tags.has(tag));
    if OWN_FIELDS.contains(&id.as_str()) || has("read_only") || has("fixed") || has("inferred") {
        return None;
    }
    let word = filled(row.value_type.as_ref()).unwrap_or("string");
    let kind = match word {
        "number" => ValueKind::Number,
        "number_unit" => ValueKind::Measure,
        // A word that nobody knows is taken as text: the platform says what it wants.
        _ => ValueKind::Word,
    };
    let units = row.allowed_units.iter().flatten().filter_map(|unit| owned(unit.id.as_ref()));
    Some(AttributeRule {
        name: owned(row.name.as_ref()).unwrap_or_else(|| id.clone()),
        kind,
        need: need(row.tags.as_ref()),
        tells_variants: has("allow_variations"),
        listed: row.values.iter().flatten().filter_map(listed).collect(),
        takes_others: !matches!(word, "list" | "boolean"),
        units: units.collect(),
        most_values: if has("multivalued") { MANY_VALUES } else { 1 },
        most_chars: Some(count(row.value_max_length.as_ref(), VALUE_CHARS)),
        id,
    })
}

fn listed(row: &Named) -> Option<Listed> {
    let id = owned(row.id.as_ref())?;
    Some(Listed { name: owned(row.name.as_ref()).unwrap_or_else(|| id.clone()), id })
}

fn need(tags: Option<&Tags>) -> Need {
    let has = |tag: &str| tags.is_some_and(|tags| tags.has(tag));
    if has("required") {
        Need::Required
    } else if has("new_required") {
        Need::RequiredOfNew
    } else if has("conditional_required") {
        Need::ByPlatform
    } else {
        Need::Optional
    }
}

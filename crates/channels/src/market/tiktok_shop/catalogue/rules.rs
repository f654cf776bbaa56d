//! What a category asks: its attributes, those that tell variations among them, and its
//! rules about papers and packages.

use connect::{Account, Attributes, Call, Page};
use domain::Currency;
use domain::attribute::{
    AttributeRule, Listed, Need, PriceRule, Rules, SkuRule, Span, Trigger, ValueKind, VariantRule,
};
use domain::offer::{Brand, Offer};
use http::Method;

use super::super::wire::{self as words, Loose, filled, owned};
use super::super::{SPEC, TikTokShop, is_id, version};
use super::{Region, region, wire};
use crate::market::refusal;

const RULES: &str = "fetch rules of category";
const BRANDS: &str = "list brands";
/// Brands on one page: the most that the platform gives.
const BRANDS_PAGE: &str = "100";
/// What our cursors begin with, so that no other list's is taken for one.
const WORD: &str = "brands:";

/// "Create Product": all of these.
const DESCRIPTION: Span = Span::new(1, 10_000);
const IMAGES: Span = Span::new(1, 9);
const AXES: usize = 3;
const AXIS_CHARS: usize = 20;
const OPTION_CHARS: usize = 50;
const SKU_CHARS: usize = 50;
/// Values of one attribute that takes several: not documented.
const MANY_VALUES: usize = 50;
/// What tells variations apart.
const OF_SALE: &str = "SALES_PROPERTY";
/// A protected brand that the shop may not use; the second spelling is the platform's.
const UNAUTHORIZED: [&str; 2] = ["UNAUTHORIZED", "UNAUTHORIEZD"];

impl Attributes for TikTokShop {
    fn rules<'a>(&'a self, account: &'a Account, category: &'a str) -> Call<'a, Rules> {
        Box::pin(async move {
            let here = region(&self.config.region);
            let get = |what| {
                let path = ["product", version::PRODUCT, "categories", category, what];
                let spec = self.request(RULES, Method::GET, account, &path)?.query("locale", here.locale);
                Ok(here.tree.into_iter().fold(spec, |spec, tree| spec.query("category_version", tree)))
            };
            let answer = self.ask(get("attributes")?).await?;
            let told: wire::Attributes = words::data(&answer)?;
            // Empty lists are left out.
            let attributes = told.attributes.unwrap_or_default();
            let answer = self.ask(get("rules")?).await?;
            let told: wire::Rules = words::data(&answer)?;
            match here.currency {
                Some(currency) => Ok(rules(category, &here, currency, &attributes, &told)),
                None => Err(answer.garbled("a shop of a region whose currency is not known here")),
            }
        })
    }

    fn owed<'a>(&'a self, _account: &'a Account, _offer: &'a Offer) -> Call<'a, Vec<String>> {
        // The attributes tell what each value asks for besides.
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn brands<'a>(
        &'a self,
        account: &'a Account,
        category: &'a str,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<Brand>> {
        Box::pin(async move {
            if !is_id(category) {
                return Err(refusal::id(BRANDS));
            }
            let token = match cursor {
                None => None,
                Some(text) => {
                    let token = text.strip_prefix(WORD).filter(|token| !token.is_empty());
                    Some(token.ok_or_else(|| refusal::cursor(BRANDS))?)
                }
            };
            let path = ["product", version::PRODUCT, "brands"];
            let spec = self
                .request(BRANDS, Method::GET, account, &path)?
                .query("category_id", category)
                .query("page_size", BRANDS_PAGE);
            let spec = token.into_iter().fold(spec, |spec, token| spec.query("page_token", token));
            let answer = self.ask(spec).await?;
            let found: wire::Brands = words::data(&answer)?;
            let next = filled(found.next_page_token.as_ref());
            if next.is_some() && next == token {
                return Err(answer.garbled("the same page again"));
            }
            let next = next.map(|next| format!("{WORD}{next}"));
            let rows = found.brands.unwrap_or_default();
            Ok(Page { items: rows.iter().filter_map(brand).collect(), next, total: None })
        })
    }
}

/// A brand that the shop may use.
fn brand(row: &wire::Brand) -> Option<Brand> {
    let is_barred = row.is_protected.as_ref().is_some_and(Loose::is_true)
        && filled(row.authorized_status.as_ref()).is_some_and(|word| UNAUTHORIZED.contains(&word));
    let id = owned(row.id.as_ref()).filter(|id| is_id(id) && !is_barred)?;
    Some(Brand { id: Some(id), name: owned(row.name.as_ref())? })
}

fn is_true(field: Option<&Loose>) -> bool {
    field.is_some_and(Loose::is_true)
}

fn rules(
    category: &str,
    here: &Region,
    currency: Currency,
    attributes: &[wire::Attribute],
    told: &wire::Rules,
) -> Rules {
    let papers = told.product_certifications.iter().flatten().filter(|paper| {
        is_true(paper.is_required.as_ref()) && paper.requirement_conditions.as_ref().is_none_or(Vec::is_empty)
    });
    let papers = papers.map(|paper| owned(paper.name.as_ref()).unwrap_or_else(|| "?".into()));
    let wants = |part: Option<&wire::Required>| part.is_some_and(|it| is_true(it.is_required.as_ref()));
    let chart = wants(told.size_chart.as_ref()).then(|| "size chart".to_owned());
    Rules {
        category: category.to_owned(),
        title: Span::new(here.title.0, here.title.1),
        description: DESCRIPTION,
        pictures: IMAGES,
        attributes: attributes.iter().filter_map(attribute).collect(),
        brand: Need::Optional,
        gtin: Need::Optional,
        variants: VariantRule {
            most: here.most_skus,
            most_axes: AXES,
            axis_chars: AXIS_CHARS,
            option_chars: OPTION_CHARS,
        },
        price: PriceRule { currency, least_minor: 1, most_minor: None, most_ratio: None },
        most_units: SPEC.max_quantity_units,
        sku: SkuRule { most_chars: SKU_CHARS, takes_spaces: false },
        weight: true,
        size: wants(told.package_dimension.as_ref()),
        papers: papers.chain(chart).collect(),
    }
}

fn attribute(row: &wire::Attribute) -> Option<AttributeRule> {
    let id = owned(row.id.as_ref()).filter(|id| is_id(id))?;
    let triggers = row.requirement_conditions.iter().flatten().filter_map(|condition| {
        let attribute = owned(condition.attribute_id.as_ref())?;
        Some(Trigger { attribute, value: owned(condition.attribute_value_id.as_ref())? })
    });
    let triggers: Vec<Trigger> = triggers.collect();
    let need = if !triggers.is_empty() {
        Need::When(triggers)
    } else if is_true(row.required.as_ref()) {
        Need::Required
    } else {
        Need::Optional
    };
    let listed = row.values.iter().flatten().filter_map(|value| {
        let id = owned(value.id.as_ref())?;
        Some(Listed { name: owned(value.name.as_ref()).unwrap_or_else(|| id.clone()), id })
    });
    Some(AttributeRule {
        name: owned(row.name.as_ref()).unwrap_or_else(|| id.clone()),
        kind: ValueKind::Word,
        need,
        tells_variants: filled(row.kind.as_ref()) == Some(OF_SALE),
        listed: listed.collect(),
        takes_others: is_true(row.is_customizable.as_ref()),
        units: Vec::new(),
        most_values: if is_true(row.is_multiple_selection.as_ref()) { MANY_VALUES } else { 1 },
        most_chars: None,
        id,
    })
}

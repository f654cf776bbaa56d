//! What a category asks: its tree of attributes, its limits, and whether it wants a brand.
//! All differ from shop to shop and from category to category.

use connect::{Account, Attributes, Call, Page};
use domain::Currency;
use domain::attribute::{
    AttributeRule, Listed, Need, PriceRule, Rules, SkuRule, Span, Trigger, ValueKind, VariantRule,
};
use domain::offer::{Brand, Offer};
use http::Method;

use super::super::ids::{self, id, is_number};
use super::super::wire::{Amount, Loose, ShopInfo, filled, is_true, owned};
use super::super::{SPEC, Shopee};
use super::wire;
use crate::market::refusal;

const RULES: &str = "fetch rules of category";
const BRANDS: &str = "list brands";
/// Brands on one page: the most that the platform gives.
const BRANDS_PAGE: &str = "100";
/// What our cursors begin with, so that no other list's is taken for one.
const WORD: &str = "brands:";
const LANGUAGE: &str = "pt-BR";

/// "add_model": 100 characters.
const SKU_CHARS: usize = 100;
/// "init_tier_variation": up to two tiers and 50 models.
const MODELS: usize = 50;
const TIERS: usize = 2;
/// Brazil: "max/min model price ratio" at most 4.
const PRICE_RATIO: i64 = 4;
/// Where `get_item_limit` does not tell: the limits of most shops.
const TITLE: Span = Span::new(1, 120);
const DESCRIPTION: Span = Span::new(1, 5_000);
const IMAGES: Span = Span::new(1, 9);
const TIER_CHARS: usize = 14;
const OPTION_CHARS: usize = 30;
/// Values of one attribute that takes several, where their number is not told.
const MANY_VALUES: usize = 50;

impl Attributes for Shopee {
    fn rules<'a>(&'a self, account: &'a Account, category: &'a str) -> Call<'a, Rules> {
        Box::pin(async move {
            let number = ids::number(RULES, category)?;
            let product = |action| self.shop_call(RULES, Method::GET, account, ["product", action]);
            let spec =
                product("get_attribute_tree").query("category_id_list", number).query("language", LANGUAGE);
            let (trees, answer): (wire::AttributeTrees, _) = self.ask(spec).await?;
            let trees = trees.list.unwrap_or_default();
            let tree = trees.into_iter().find(|tree| id(tree.category_id.as_ref()) == Some(number));
            let Some(attributes) = tree.and_then(|tree| tree.attribute_tree) else {
                return Err(answer.garbled("a category without its attribute_tree"));
            };
            let spec = product("get_item_limit").query("category_id", number);
            let (limits, _): (wire::Limits, _) = self.ask(spec).await?;
            // Only a leaf has brands: of another category the platform refuses this.
            let spec = product("get_brand_list")
                .query("category_id", number)
                .query("status", "1")
                .query("offset", "0")
                .query("page_size", "1");
            let (brands, _): (wire::Brands, _) = self.ask(spec).await?;
            let spec = self.shop_call(RULES, Method::GET, account, ["shop", "get_shop_info"]);
            let (shop, answer): (ShopInfo, _) = self.ask_flat(spec).await?;
            let currency = filled(shop.region.as_ref()).and_then(currency_of);
            let currency = currency.ok_or_else(|| answer.garbled("a shop of an unknown region"))?;
            Ok(rules(number, currency, &attributes, &limits, is_true(brands.is_mandatory.as_ref())))
        })
    }

    fn owed<'a>(&'a self, _account: &'a Account, _offer: &'a Offer) -> Call<'a, Vec<String>> {
        // The tree tells what each value asks for besides.
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn brands<'a>(
        &'a self,
        account: &'a Account,
        category: &'a str,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<Brand>> {
        Box::pin(async move {
            let number = ids::number(BRANDS, category)?;
            let offset = match cursor {
                None => "0",
                Some(text) => {
                    let offset = text.strip_prefix(WORD).filter(|offset| is_number(offset));
                    offset.ok_or_else(|| refusal::cursor(BRANDS))?
                }
            };
            let spec = self
                .shop_call(BRANDS, Method::GET, account, ["product", "get_brand_list"])
                .query("category_id", number)
                .query("status", "1")
                .query("offset", offset)
                .query("page_size", BRANDS_PAGE);
            let (found, answer): (wire::Brands, _) = self.ask(spec).await?;
            let next = filled(found.next_offset.as_ref()).filter(|_| is_true(found.has_next_page.as_ref()));
            // One that leads back would never end.
            if next.is_some_and(|next| !is_number(next) || ordered(next) <= ordered(offset)) {
                return Err(answer.garbled("a next page that is not further on"));
            }
            let next = next.map(|next| format!("{WORD}{next}"));
            let rows = found.brand_list.unwrap_or_default();
            Ok(Page { items: rows.iter().filter_map(brand).collect(), next, total: None })
        })
    }
}

/// Digits in the order of the numbers that they are.
fn ordered(digits: &str) -> (usize, &str) {
    let digits = digits.trim_start_matches('0');
    (digits.len(), digits)
}

/// Brand 0 is "no brand", and one that can be chosen.
fn brand(row: &wire::Brand) -> Option<Brand> {
    let own = filled(row.brand_id.as_ref()).filter(|id| is_number(id))?.to_owned();
    let name = filled(row.display_brand_name.as_ref()).or(filled(row.original_brand_name.as_ref()))?;
    Some(Brand { id: Some(own), name: name.to_owned() })
}

/// The currency of a region that the house knows.
fn currency_of(region: &str) -> Option<Currency> {
    match region {
        "BR" => Some(Currency::Brl),
        "MX" => Some(Currency::Mxn),
        "CL" => Some(Currency::Clp),
        "CO" => Some(Currency::Cop),
        _ => None,
    }
}

fn count(field: Option<&Loose>) -> Option<usize> {
    field.and_then(Loose::count).and_then(|count| usize::try_from(count).ok())
}

fn span(limit: Option<&wire::Limit>, untold: Span) -> Span {
    let least = limit.and_then(|limit| count(limit.min_limit.as_ref()));
    let most = limit.and_then(|limit| count(limit.max_limit.as_ref())).filter(|most| *most > 0);
    Span::new(least.unwrap_or(untold.least), most.unwrap_or(untold.most))
}

fn rules(
    category: &str,
    currency: Currency,
    tree: &[wire::Attribute],
    limits: &wire::Limits,
    wants_brand: bool,
) -> Rules {
    let needs = |part: Option<&wire::Mandatory>| part.is_some_and(|it| is_true(it.mandatory.as_ref()));
    let chars = |limit: Option<&wire::Limit>, untold| span(limit, Span::new(1, untold)).most;
    let price = |field: fn(&wire::Prices) -> Option<&Amount>| {
        let amount = limits.price_limit.as_ref().and_then(field)?;
        amount.money(currency).map(|price| price.minor).filter(|minor| *minor > 0)
    };
    let units = limits.stock_limit.as_ref().and_then(|limit| limit.max_limit.as_ref()?.count());
    let gtin = limits.gtin_limit.as_ref().and_then(|limit| filled(limit.gtin_validation_rule.as_ref()));
    let mut attributes = Vec::new();
    collect(tree, None, &mut attributes);
    Rules {
        category: category.to_owned(),
        title: span(limits.item_name_length_limit.as_ref(), TITLE),
        description: span(limits.item_description_length_limit.as_ref(), DESCRIPTION),
        pictures: span(limits.item_image_count_limit.as_ref(), IMAGES),
        attributes,
        brand: if wants_brand { Need::Required } else { Need::Optional },
        gtin: if gtin == Some("Mandatory") { Need::Required } else { Need::Optional },
        variants: VariantRule {
            most: MODELS,
            most_axes: TIERS,
            axis_chars: chars(limits.tier_variation_name_length_limit.as_ref(), TIER_CHARS),
            option_chars: chars(limits.tier_variation_option_length_limit.as_ref(), OPTION_CHARS),
        },
        price: PriceRule {
            currency,
            least_minor: price(|limits| limits.min_limit.as_ref()).unwrap_or(1),
            most_minor: price(|limits| limits.max_limit.as_ref()),
            most_ratio: (currency == Currency::Brl).then_some(PRICE_RATIO),
        },
        most_units: units.filter(|most| *most > 0).unwrap_or(SPEC.max_quantity_units),
        sku: SkuRule { most_chars: SKU_CHARS, takes_spaces: true },
        weight: limits
            .weight_limit
            .as_ref()
            .is_none_or(|it| it.mandatory.as_ref().is_none_or(Loose::is_true)),
        size: needs(limits.dimension_limit.as_ref()),
        papers: Vec::new(),
    }
}

/// The rules of attributes and of all that their values ask for besides.
fn collect(tree: &[wire::Attribute], above: Option<&Trigger>, rules: &mut Vec<AttributeRule>) {
    for row in tree {
        let Some(own) = id(row.attribute_id.as_ref()).map(str::to_owned) else { continue };
        let values = row.attribute_value_list.as_deref().unwrap_or_default();
        match rules.iter_mut().find(|known| known.id == own) {
            // Several values of the one above may ask for the same.
            Some(AttributeRule { need: Need::When(triggers), .. }) => triggers.extend(above.cloned()),
            Some(_) => {}
            None => rules.push(attribute(row, own.clone(), values, above)),
        }
        for value in values {
            let (Some(children), Some(chosen)) = (&value.child_attribute_list, id(value.value_id.as_ref()))
            else {
                continue;
            };
            let trigger = Trigger { attribute: own.clone(), value: chosen.to_owned() };
            collect(children, Some(&trigger), rules);
        }
    }
}

fn attribute(
    row: &wire::Attribute,
    own: String,
    values: &[wire::AttributeValue],
    above: Option<&Trigger>,
) -> AttributeRule {
    let untold = wire::AttributeInfo::default();
    let info = row.attribute_info.as_ref().unwrap_or(&untold);
    let code = |field: Option<&Loose>| field.and_then(Loose::count).unwrap_or_default();
    // 1 one of a list, 2 the same or a word of one's own, 3 a word; 4 and 5 several.
    let input = code(info.input_type.as_ref());
    let kind = match (code(info.input_validation_type.as_ref()), code(info.format_type.as_ref())) {
        (4, _) => ValueKind::Date,
        (_, 2) => ValueKind::Measure,
        _ => ValueKind::Word,
    };
    let need = match (is_true(row.mandatory.as_ref()), above) {
        (false, _) => Need::Optional,
        (true, None) => Need::Required,
        (true, Some(trigger)) => Need::When(vec![trigger.clone()]),
    };
    let several = matches!(input, 4 | 5);
    let told = count(info.max_value_count.as_ref()).filter(|most| *most > 0);
    let name = translated(row.multi_lang.as_deref()).or_else(|| owned(row.name.as_ref()));
    AttributeRule {
        name: name.unwrap_or_else(|| own.clone()),
        kind,
        need,
        tells_variants: false,
        listed: values.iter().filter_map(listed).collect(),
        takes_others: !matches!(input, 1 | 4),
        units: info.attribute_unit_list.iter().flatten().filter_map(|unit| owned(Some(unit))).collect(),
        most_values: if several { told.unwrap_or(MANY_VALUES) } else { 1 },
        most_chars: None,
        id: own,
    }
}

fn listed(value: &wire::AttributeValue) -> Option<Listed> {
    let own = id(value.value_id.as_ref())?.to_owned();
    let name = translated(value.multi_lang.as_deref()).or_else(|| owned(value.name.as_ref()));
    Some(Listed { name: name.unwrap_or_else(|| own.clone()), id: own })
}

fn translated(names: Option<&[wire::Translation]>) -> Option<String> {
    names?.iter().find_map(|name| owned(name.value.as_ref()))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn what_a_value_asks_for_besides_is_required_with_it() {
        let tree = r#"[{"attribute_id":1,"mandatory":true,"attribute_value_list":[
            {"value_id":10,"child_attribute_list":[{"attribute_id":2,"mandatory":true}]},
            {"value_id":11,"child_attribute_list":[{"attribute_id":2,"mandatory":true},{"attribute_id":3}]}]}]"#;
        let tree: Vec<wire::Attribute> = serde_json::from_str(tree).unwrap();
        let mut rules = Vec::new();
        collect(&tree, None, &mut rules);
        let when = |value: &str| Trigger { attribute: "1".into(), value: value.into() };
        let needs: Vec<_> = rules.iter().map(|rule| (rule.id.as_str(), rule.need.clone())).collect();
        let due =
            [("1", Need::Required), ("2", Need::When(vec![when("10"), when("11")])), ("3", Need::Optional)];
        assert_eq!(needs, due);
    }

    #[test]
    fn digits_are_compared_as_numbers() {
        assert!(
            ordered("100") > ordered("99") && ordered("007") == ordered("7") && ordered("0") < ordered("1")
        );
    }
}

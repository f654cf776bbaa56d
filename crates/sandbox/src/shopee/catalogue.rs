//! Categories, attributes, brands and limits (fact sheet §5).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::World;
use super::args::Args;
use super::envelope::{flat, ok, refuse};
use super::item::Item;
use super::market::Door;
use crate::call::Call;
use crate::products::Kind;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};
use crate::text::reais;

/// Days to ship of an item that is in stock.
pub(crate) const DAYS_TO_SHIP: i64 = 2;
/// Characters of a title.
pub(crate) const TITLE: (usize, usize) = (20, 120);
/// Characters of a description.
pub(crate) const DESCRIPTION: (usize, usize) = (20, 5_000);
/// Pictures of an item.
pub(crate) const IMAGES: (usize, usize) = (1, 9);
/// A price in centavos.
pub(crate) const PRICE: (i64, i64) = (50, 99_999_900);
/// Units on the shelf.
pub(crate) const STOCK: (i64, i64) = (0, 9_999_999);
/// Characters of a tier's name and of an option's.
pub(crate) const TIER_NAME_MAX: usize = 14;
/// Characters of an option's name.
pub(crate) const OPTION_NAME_MAX: usize = 30;
/// Categories of one question about attributes.
const CATEGORIES_MAX: usize = 20;
/// Brands of a page.
const BRANDS_MAX: i64 = 100;

/// A category: id, parent (0 = root), Portuguese name, English name.
pub(crate) struct Category {
    pub(crate) id: i64,
    pub(crate) parent: i64,
    pub(crate) name: &'static str,
    pub(crate) english: &'static str,
}

const fn category(id: i64, parent: i64, name: &'static str, english: &'static str) -> Category {
    Category { id, parent, name, english }
}

/// The tree.
pub(crate) const CATEGORIES: [Category; 24] = [
    category(100_636, 0, "Casa e Decoração", "Home & Living"),
    category(100_716, 100_636, "Decoração", "Decoration"),
    category(101_181, 100_716, "Vasos", "Vases"),
    category(101_188, 100_716, "Luminárias", "Lamps"),
    category(100_720, 100_636, "Organização", "Organization"),
    category(101_203, 100_720, "Organizadores de Gaveta", "Drawer Organizers"),
    category(100_717, 100_636, "Cozinha", "Kitchen"),
    category(101_231, 100_717, "Garrafas Térmicas", "Vacuum Flasks"),
    category(101_234, 100_717, "Panelas", "Cookware"),
    category(100_013, 0, "Celulares e Acessórios", "Mobile & Gadgets"),
    category(100_075, 100_013, "Acessórios de Celular", "Accessories"),
    category(100_487, 100_075, "Suportes", "Holders"),
    category(100_489, 100_075, "Capas", "Cases"),
    category(100_644, 0, "Computadores e Acessórios", "Computers & Accessories"),
    category(101_950, 100_644, "Periféricos", "Peripherals"),
    category(101_951, 100_644, "Pen Drives", "Flash Drives"),
    category(101_952, 100_644, "Cabos", "Cables"),
    category(100_535, 0, "Áudio", "Audio"),
    category(100_578, 100_535, "Fones e Caixas de Som", "Earphones & Speakers"),
    category(100_533, 0, "Mochilas", "Bags"),
    category(100_564, 100_533, "Mochilas para Notebook", "Laptop Backpacks"),
    category(100_639, 0, "Brinquedos e Hobbies", "Hobbies"),
    category(101_380, 100_639, "Bonecos e Jogos", "Figures & Games"),
    category(101_384, 100_639, "Quebra-Cabeças", "Puzzles"),
];

/// The category of a kind of goods.
pub(crate) const fn category_of(kind: Kind) -> i64 {
    match kind {
        Kind::Bottle => 101_231,
        Kind::Organizer => 101_203,
        Kind::Lamp => 101_188,
        Kind::Vase => 101_181,
        Kind::Stand => 100_487,
        Kind::Cable => 101_952,
        Kind::Peripheral => 101_950,
        Kind::Audio => 100_578,
        Kind::Backpack => 100_564,
        Kind::Toy => 101_380,
        Kind::Puzzle => 101_384,
        Kind::Case => 100_489,
        Kind::Cookware => 101_234,
        Kind::Memory => 101_951,
    }
}

/// True for a category that items can be put into.
pub(crate) fn is_leaf(id: i64) -> bool {
    CATEGORIES.iter().any(|it| it.id == id) && !CATEGORIES.iter().any(|it| it.parent == id)
}

/// An attribute: its id, name, how it is given, whether it must be, and its values.
pub(crate) struct Attribute {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    /// 1 single dropdown, 2 single combo, 3 free text, 4 multi dropdown, 5 multi combo.
    input_type: i64,
    pub(crate) mandatory: bool,
    /// 2 wants a unit beside the value.
    format_type: i64,
    units: &'static [&'static str],
    pub(crate) values: &'static [(i64, &'static str)],
}

/// The attributes of every leaf.
pub(crate) const ATTRIBUTES: [Attribute; 4] = [
    Attribute {
        id: 100_036,
        name: "Material",
        input_type: 2,
        mandatory: true,
        format_type: 1,
        units: &[],
        values: &[
            (678, "Plástico"),
            (679, "Aço Inoxidável"),
            (680, "Silicone"),
            (681, "Tecido"),
            (682, "Papel"),
        ],
    },
    Attribute {
        id: 100_037,
        name: "País de Origem",
        input_type: 1,
        mandatory: false,
        format_type: 1,
        units: &[],
        values: &[(1_001, "Brasil"), (1_002, "China")],
    },
    Attribute {
        id: 100_419,
        name: "Capacidade",
        input_type: 3,
        mandatory: false,
        format_type: 2,
        units: &["ML", "L"],
        values: &[],
    },
    Attribute {
        id: 100_420,
        name: "Cores do Produto",
        input_type: 5,
        mandatory: false,
        format_type: 1,
        units: &[],
        values: &[(2_001, "Preto"), (2_002, "Branco"), (2_003, "Azul")],
    },
];

/// Brands beside "No Brand".
pub(crate) const BRANDS: [(i64, &str); 3] =
    [(0, "NoBrand"), (1_143_001, "Casa do Treco"), (1_143_002, "Ateliê da Serra")];

/// Attributes as `get_item_base_info` shows them: with their names.
pub(crate) fn attributes_document(item: &Item) -> Value {
    let document = |given: &Value| {
        let known = ATTRIBUTES.iter().find(|it| given["attribute_id"] == it.id);
        let values = given["attribute_value_list"].as_array().into_iter().flatten().map(|value| {
            let name = known.and_then(|it| it.values.iter().find(|(id, _)| value["value_id"] == *id));
            let name = name.map_or(value["original_value_name"].clone(), |(_, name)| json!(name));
            json!({"value_id": value["value_id"], "original_value_name": name,
                "value_unit": value["value_unit"].as_str().unwrap_or_default()})
        });
        json!({"attribute_id": given["attribute_id"], "original_attribute_name": known.map(|it| it.name),
            "is_mandatory": known.is_some_and(|it| it.mandatory),
            "attribute_value_list": values.collect::<Vec<_>>()})
    };
    item.attributes.iter().map(document).collect()
}

/// Refuses attributes that the tree does not allow.
pub(crate) fn check_attributes(given: &[Value]) -> Result<(), Reply> {
    let invalid = |message: String| Err(refuse("product.error_invalid_attribute", &message));
    for row in given {
        let Some(known) = ATTRIBUTES.iter().find(|it| row["attribute_id"] == it.id) else {
            return invalid(format!("Attribute {} is not of this category.", row["attribute_id"]));
        };
        let values = row["attribute_value_list"].as_array().map_or(&[][..], Vec::as_slice);
        if values.is_empty() || (known.input_type <= 3 && values.len() > 1) {
            return invalid(format!("Attribute {} has a wrong number of values.", known.id));
        }
        for value in values {
            let listed = known.values.iter().any(|(id, _)| value["value_id"] == *id);
            let custom = value["value_id"] == 0
                && matches!(known.input_type, 2 | 3 | 5)
                && value["original_value_name"].as_str().is_some_and(|name| !name.is_empty());
            if !listed && !custom {
                return invalid(format!("Attribute {} does not take this value.", known.id));
            }
            let unit = value["value_unit"].as_str().unwrap_or_default();
            if known.format_type == 2 && !known.units.contains(&unit) {
                return invalid(format!("Attribute {} needs a unit.", known.id));
            }
        }
    }
    let missing =
        ATTRIBUTES.iter().find(|it| it.mandatory && !given.iter().any(|row| row["attribute_id"] == it.id));
    match missing {
        Some(attribute) => Err(refuse(
            "product.error_less_required_attribute",
            &format!("The required attribute {} ({}) is missing.", attribute.id, attribute.name),
        )),
        None => Ok(()),
    }
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        get("/api/v2/product/get_category", Door::Shop, categories),
        get("/api/v2/product/category_recommend", Door::Shop, recommend),
        get("/api/v2/product/get_attribute_tree", Door::Shop, attribute_tree),
        get("/api/v2/product/get_recommend_attribute", Door::Shop, recommend_attribute),
        post("/api/v2/product/search_attribute_value_list", Door::Shop, search_values),
        get("/api/v2/product/get_brand_list", Door::Shop, brands),
        post("/api/v2/product/register_brand", Door::Shop, register_brand),
        get("/api/v2/product/get_item_limit", Door::Shop, limits),
        get("/api/v2/product/get_variation_tree", Door::Shop, variation_tree),
        get("/api/v2/product/get_variations", Door::Shop, variation_tree),
    ]
}

fn categories(_: &mut World, call: &Call) -> Answer {
    let language = Args::of(call)?.opt_text("language")?.unwrap_or("pt-br").to_owned();
    let list = CATEGORIES.iter().map(|it| {
        let shown = if language == "en" { it.english } else { it.name };
        json!({"category_id": it.id, "parent_category_id": it.parent, "original_category_name": it.english,
            "display_category_name": shown, "has_children": !is_leaf(it.id)})
    });
    ok(json!({"category_list": list.collect::<Vec<_>>()}))
}

fn recommend(_: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let name = args.text("item_name")?.to_lowercase();
    // The words that a title shares with a category's name.
    let near = |it: &&Category| {
        let stem = |word: &str| word.to_lowercase().chars().take(5).collect::<String>();
        is_leaf(it.id)
            && it.name.split(' ').filter(|word| word.len() > 3).any(|word| name.contains(&stem(word)))
    };
    let found: Vec<i64> = CATEGORIES.iter().filter(near).map(|it| it.id).collect();
    ok(json!({"category_id": if found.is_empty() { vec![101_380] } else { found }}))
}

fn attribute_document(it: &Attribute) -> Value {
    let values = it.values.iter().map(|(id, name)| {
        json!({"value_id": id, "name": name, "value_unit": "", "child_attribute_list": [],
            "multi_lang": [{"language": "pt-BR", "value": name}]})
    });
    json!({"attribute_id": it.id, "mandatory": it.mandatory, "name": it.name,
        "attribute_value_list": values.collect::<Vec<_>>(),
        "attribute_info": {"input_type": it.input_type, "input_validation_type": 2, "format_type": it.format_type,
            "date_format_type": 0, "attribute_unit_list": it.units, "max_value_count": if it.input_type >= 4 { 5 } else { 1 },
            "introduction": "", "is_oem": false, "support_search_value": false},
        "multi_lang": [{"language": "pt-BR", "value": it.name}]})
}

fn attribute_tree(_: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let field = if args.has("category_id_list") { "category_id_list" } else { "category_ids" };
    let field = if args.has(field) { field } else { "category_id_list" };
    let list = args.ids(field, CATEGORIES_MAX)?.into_iter().map(|id| {
        if is_leaf(id) {
            let tree: Vec<Value> = ATTRIBUTES.iter().map(attribute_document).collect();
            json!({"category_id": id, "attribute_tree": tree, "warning": ""})
        } else {
            json!({"category_id": id, "attribute_tree": [], "warning": "The category is not a leaf."})
        }
    });
    ok(json!({"list": list.collect::<Vec<_>>()}))
}

fn leaf(args: &Args) -> Result<i64, Reply> {
    let id = args.int("category_id")?;
    if is_leaf(id) { Ok(id) } else { Err(refuse("product.error_invalid_category", "Invalid category ID.")) }
}

fn recommend_attribute(_: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    leaf(&args)?;
    let name = args.text("item_name")?.to_lowercase();
    let found = ATTRIBUTES.iter().filter_map(|it| {
        let (id, value) = it.values.iter().find(|(_, value)| name.contains(&value.to_lowercase()))?;
        Some(json!({"attribute_id": it.id, "attribute_value_list": [{"value_id": id, "original_value_name": value}]}))
    });
    ok(json!({"attribute_list": found.collect::<Vec<_>>()}))
}

fn search_values(_: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let id = args.int("attribute_id")?;
    let known = ATTRIBUTES.iter().find(|it| it.id == id);
    let known =
        known.ok_or_else(|| refuse("product.error_invalid_attribute", "The attribute is unknown."))?;
    let wanted = args.opt_text("value_name")?.unwrap_or_default().to_lowercase();
    let hits = known.values.iter().filter(|(_, name)| name.to_lowercase().contains(&wanted));
    let hits: Vec<Value> = hits.map(|(id, name)| json!({"value_id": id, "value_name": name})).collect();
    ok(json!({"value_list": hits, "page_info": {"cursor": 0, "has_next": false}}))
}

fn brands(_: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    leaf(&args)?;
    let status = args.int("status")?;
    if !(1..=2).contains(&status) {
        return Err(args.refuse("invalid field Status: must be 1 or 2"));
    }
    let page = args.by_offset(BRANDS_MAX)?;
    let all: Vec<Value> = if status == 1 {
        let row = |(id, name): &(i64, &str)| json!({"brand_id": id, "original_brand_name": name, "display_brand_name": name});
        BRANDS.iter().map(row).collect()
    } else {
        Vec::new()
    };
    let (rows, more) = page.of(&all);
    ok(json!({"brand_list": rows, "has_next_page": more, "next_offset": if more { page.next() } else { 0 },
        "is_mandatory": true, "input_type": "DROP_DOWN"}))
}

fn register_brand(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let name = args.text("original_brand_name")?.to_owned();
    for field in ["category_list", "product_image", "brand_region"] {
        if !args.has(field) {
            return Err(args.refuse(&format!("{field} is required")));
        }
    }
    let id = world.ids.next(crate::ids::Series::new("shopee_brand", 2_143_000));
    ok(json!({"brand_id": id, "original_brand_name": name}))
}

fn limits(_: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    if args.has("category_id") {
        leaf(&args)?;
    }
    let span = |(min, max): (usize, usize)| json!({"min_limit": min, "max_limit": max});
    ok(json!({
        "price_limit": {"min_limit": reais(PRICE.0), "max_limit": reais(PRICE.1)},
        "wholesale_price_threshold_percentage": {"min_limit": 0, "max_limit": 100},
        "stock_limit": {"min_limit": STOCK.0, "max_limit": STOCK.1},
        "item_name_length_limit": span(TITLE), "item_image_count_limit": span(IMAGES),
        "item_description_length_limit": span(DESCRIPTION),
        "tier_variation_name_length_limit": span((1, TIER_NAME_MAX)),
        "tier_variation_option_length_limit": span((1, OPTION_NAME_MAX)),
        "item_count_limit": {"max_limit": 10_000},
        "dts_limit": {"days_to_ship_limit": {"min_limit": 4, "max_limit": 15}, "non_pre_order_days_to_ship": DAYS_TO_SHIP},
        "weight_limit": {"weight_mandatory": true}, "dimension_limit": {"dimension_mandatory": false},
        "size_chart_limit": {"size_chart_mandatory": false, "support_image_size_chart": true, "support_template_size_chart": false},
        "gtin_limit": {"gtin_validation_rule": "Flexible"},
    }))
}

fn variation_tree(_: &mut World, call: &Call) -> Answer {
    leaf(&Args::of(call)?)?;
    let option = |id: i64, name: &str| json!({"variation_option_id": id, "variation_option_name": name});
    flat(json!({"data": [{"variation_id": 900_001, "variation_name": "Cor", "variation_group_list": [{
        "variation_group_id": 910_001, "variation_group_name": "Cores básicas",
        "variation_option_list": [option(920_001, "Preto"), option(920_002, "Azul"), option(920_003, "Rosa"),
            option(920_004, "Branco"), option(920_005, "Prateado")]}]}]}))
}

/// The channels that can be switched on for an item.
pub(crate) fn channel_ids(info: &[Value]) -> BTreeSet<i64> {
    info.iter().filter(|row| row["enabled"] == true).filter_map(|row| row["logistic_id"].as_i64()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::products::PRODUCTS;

    #[test]
    fn every_product_has_a_leaf() {
        for product in &PRODUCTS {
            assert!(is_leaf(category_of(product.kind)), "{}", product.name);
        }
        assert!(!is_leaf(100_636));
        assert!(!is_leaf(1));
    }

    #[test]
    fn the_required_attribute_is_asked_for() {
        assert_eq!(
            check_attributes(&[]).unwrap_err().document()["error"],
            "product.error_less_required_attribute"
        );
        let material = json!({"attribute_id": 100_036, "attribute_value_list": [{"value_id": 678}]});
        assert!(check_attributes(&[material]).is_ok());
    }

    #[test]
    fn a_value_of_ones_own_is_for_combo_boxes_only() {
        let own = |id: i64| json!({"attribute_id": id, "attribute_value_list": [{"value_id": 0, "original_value_name": "Bambu"}]});
        assert!(check_attributes(&[own(100_036)]).is_ok());
        let refused = check_attributes(&[own(100_036), own(100_037)]).unwrap_err();
        assert_eq!(refused.document()["error"], "product.error_invalid_attribute");
    }

    #[test]
    fn a_quantity_needs_its_unit() {
        let volume = |unit: &str| {
            let value = json!({"value_id": 0, "original_value_name": "500", "value_unit": unit});
            [
                json!({"attribute_id": 100_036, "attribute_value_list": [{"value_id": 678}]}),
                json!({"attribute_id": 100_419, "attribute_value_list": [value]}),
            ]
        };
        assert!(check_attributes(&volume("ML")).is_ok());
        assert!(check_attributes(&volume("")).is_err());
    }
}

//! Categories, their attributes and rules, and brands (fact sheet §8.1).

use serde_json::{Value, json};

use super::World;
use super::ask::{Ask, PageSize};
use super::gate::{Door, seller, shop};
use super::refusal::{Refusal, success};
use crate::call::Call;
use crate::ids::Series;
use crate::reply::Answer;
use crate::table::{Route, get, post};

/// A node of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Category {
    /// The id.
    pub id: i64,
    /// The node above; 0 for a root.
    pub parent: i64,
    /// The name in Portuguese.
    pub name: &'static str,
    /// Who may list here.
    pub permission: &'static str,
}

const fn node(id: i64, parent: i64, name: &'static str) -> Category {
    Category { id, parent, name, permission: "AVAILABLE" }
}

/// Three levels, as Brazil has them.
pub const CATEGORIES: [Category; 27] = [
    node(600_001, 0, "Casa e Decoração"),
    node(600_002, 600_001, "Cozinha"),
    node(601_226, 600_002, "Garrafas térmicas"),
    node(601_227, 600_002, "Panelas"),
    node(600_003, 600_001, "Organização"),
    node(601_231, 600_003, "Organizadores de gaveta"),
    node(600_004, 600_001, "Iluminação e decoração"),
    node(601_241, 600_004, "Luminárias"),
    node(601_242, 600_004, "Vasos decorativos"),
    node(600_010, 0, "Telefones e Eletrônicos"),
    node(600_011, 600_010, "Acessórios para celular"),
    node(601_251, 600_011, "Capas para celular"),
    node(601_252, 600_011, "Suportes para celular"),
    node(601_253, 600_011, "Carregadores"),
    node(600_012, 600_010, "Áudio e cabos"),
    node(601_261, 600_012, "Fones de ouvido"),
    node(601_262, 600_012, "Caixas de som"),
    node(601_263, 600_012, "Cabos"),
    node(600_013, 600_010, "Informática"),
    node(601_271, 600_013, "Mouses, teclados e webcams"),
    node(601_272, 600_013, "Mochilas para notebook"),
    node(601_273, 600_013, "Pen drives"),
    node(600_020, 0, "Brinquedos e Hobbies"),
    node(600_021, 600_020, "Jogos e colecionáveis"),
    node(601_281, 600_021, "Jogos e quebra-cabeças"),
    node(601_282, 600_021, "Miniaturas e colecionáveis"),
    Category { id: 601_299, parent: 600_021, name: "Réplicas de armas", permission: "PROHIBITED" },
];

/// Chargers need a certificate of the telecommunications agency.
pub const CERTIFIED_CATEGORY: i64 = 601_253;
/// That certificate.
pub const CERTIFICATION: i64 = 7_164_285_714_000_000_001;

/// The category with this id.
#[must_use]
pub fn category(id: i64) -> Option<&'static Category> {
    CATEGORIES.iter().find(|category| category.id == id)
}

impl Category {
    /// True when products can be listed here.
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        !CATEGORIES.iter().any(|other| other.parent == self.id)
    }

    /// From the root down to this category itself.
    #[must_use]
    pub fn chain(&self) -> Vec<&'static Category> {
        let mut chain: Vec<&'static Category> = category(self.id).into_iter().collect();
        while let Some(parent) = chain.last().and_then(|last| category(last.parent)) {
            chain.push(parent);
        }
        chain.reverse();
        chain
    }
}

/// A property of products or of their SKUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// The id.
    pub id: i64,
    /// The name.
    pub name: &'static str,
    /// True for what tells SKUs apart.
    pub is_sales: bool,
    /// True when a product cannot do without.
    pub is_required: bool,
    /// Values with an id.
    pub values: &'static [(i64, &'static str)],
}

/// The colour of a SKU.
pub const COLOR: i64 = 100_000;
/// The size of a SKU.
pub const SIZE: i64 = 100_007;
/// What a product is made of; every category asks for it.
pub const MATERIAL: i64 = 100_157;

/// The attributes of every leaf here.
pub const ATTRIBUTES: [Attribute; 4] = [
    Attribute {
        id: COLOR,
        name: "Cor",
        is_sales: true,
        is_required: false,
        values: &[
            (1_000_001, "Preto"),
            (1_000_002, "Branco"),
            (1_000_003, "Azul"),
            (1_000_004, "Cinza"),
            (1_000_005, "Prateado"),
            (1_000_006, "Rosa"),
            (1_000_007, "Verde"),
        ],
    },
    Attribute {
        id: SIZE,
        name: "Tamanho",
        is_sales: true,
        is_required: false,
        values: &[(1_000_021, "P"), (1_000_022, "M"), (1_000_023, "G")],
    },
    Attribute {
        id: MATERIAL,
        name: "Material",
        is_sales: false,
        is_required: true,
        values: &[(1_000_058, "Plástico"), (1_000_059, "Metal"), (1_000_060, "Tecido"), (1_000_061, "Papel")],
    },
    Attribute {
        id: 100_393,
        name: "Garantia",
        is_sales: false,
        is_required: false,
        values: &[(1_000_081, "90 dias"), (1_000_082, "1 ano")],
    },
];

/// The attribute with this id.
#[must_use]
pub fn attribute(id: i64) -> Option<&'static Attribute> {
    ATTRIBUTES.iter().find(|attribute| attribute.id == id)
}

/// A brand that the platform knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brand {
    /// The id.
    pub id: i64,
    /// The name.
    pub name: &'static str,
    /// True when the shops here may use it freely.
    pub is_authorized: bool,
    /// A brand under special protection.
    pub is_t1: bool,
}

/// The brands at the start; shops add their own.
pub const BRANDS: [Brand; 3] = [
    Brand { id: 7_082_427_311_584_347_905, name: "Casa do Treco", is_authorized: true, is_t1: false },
    Brand { id: 7_082_427_311_584_347_906, name: "Marca Genérica", is_authorized: false, is_t1: false },
    Brand { id: 7_082_427_311_584_347_907, name: "Marca Famosa", is_authorized: false, is_t1: true },
];

const CUSTOM_BRANDS: Series = Series::new("tiktok_brand", 7_082_427_311_590_000_000);
/// A custom brand's name, in characters.
const BRAND_NAME: std::ops::RangeInclusive<usize> = 2..=30;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const READ: Door = shop(&[202_309], "seller.product.basic");
    vec![
        get("/product/{v}/categories", READ, categories),
        get("/product/{v}/categories/{id}/attributes", READ, attributes),
        get("/product/{v}/categories/{id}/rules", READ, rules),
        post("/product/{v}/categories/recommend", READ, recommend),
        get("/product/{v}/brands", READ, brands),
        post("/product/{v}/brands", seller(&[202_309], "seller.product.basic"), create_brand),
    ]
}

fn check_version(world: &World, sent: Option<&str>) -> Result<(), Refusal> {
    let wanted = &world.rules.category_version;
    match sent {
        // Without a word the tree is v1.
        None if wanted == "v1" => Ok(()),
        Some(sent) if sent == wanted => Ok(()),
        None | Some(_) if wanted == "v2" => {
            Err(Refusal::business(12_052_217, "category_version v2 is required for this shop"))
        }
        _ => Err(Refusal::business(12_052_230, "The category does not belong to the category_version")),
    }
}

fn categories(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    check_version(world, ask.query("category_version"))?;
    let keyword = ask.query("keyword").map(str::to_lowercase);
    let prohibited_too = ask.query("include_prohibited_categories") == Some("true");
    let rows: Vec<Value> = CATEGORIES
        .iter()
        .filter(|it| prohibited_too || it.permission != "PROHIBITED")
        .filter(|it| keyword.as_ref().is_none_or(|keyword| it.name.to_lowercase().contains(keyword)))
        .map(|it| {
            json!({"id": it.id.to_string(), "parent_id": it.parent.to_string(), "local_name": it.name,
                "is_leaf": it.is_leaf(), "permission_statuses": [it.permission]})
        })
        .collect();
    success(json!({ "categories": rows }))
}

/// The leaf of the path.
fn leaf(ask: &Ask<'_>) -> Result<&'static Category, Refusal> {
    let found =
        category(ask.id("id")).ok_or_else(|| Refusal::business(12_052_023, "The category does not exist"))?;
    if found.is_leaf() {
        Ok(found)
    } else {
        Err(Refusal::business(12_052_024, "The category is not a leaf category"))
    }
}

fn attributes(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    leaf(&ask)?;
    check_version(world, ask.query("category_version"))?;
    let row = |it: &Attribute| {
        let values: Vec<Value> =
            it.values.iter().map(|(id, name)| json!({"id": id.to_string(), "name": name})).collect();
        json!({
            "id": it.id.to_string(), "name": it.name,
            "type": if it.is_sales { "SALES_PROPERTY" } else { "PRODUCT_PROPERTY" },
            // Spelled so by the platform.
            "is_requried": it.is_required, "values": values, "value_data_format": "TEXT",
            "is_customizable": true, "is_multiple_selection": !it.is_sales,
        })
    };
    success(json!({"attributes": ATTRIBUTES.iter().map(row).collect::<Vec<_>>()}))
}

fn rules(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let leaf = leaf(&ask)?;
    check_version(world, ask.query("category_version"))?;
    let certifications = if leaf.id == CERTIFIED_CATEGORY {
        json!([{"id": CERTIFICATION.to_string(), "name": "Certificado de homologação Anatel", "is_required": true,
            "document_details": "Certificado em nome do fabricante", "requirement_conditions": [],
            "expiration_date": {"is_required": false}}])
    } else {
        json!([])
    };
    success(json!({
        "product_certifications": certifications, "size_chart": {"is_supported": false, "is_required": false},
        "cod": {"is_supported": false}, "package_dimension": {"is_required": true}, "epr": {"is_required": false},
        "manufacturer": {"is_required": false}, "responsible_person": {"is_required": false},
        "allowed_special_product_types": [], "fees": [], "seller_sku": {"is_required": false},
    }))
}

/// The leaf whose name shares most with the title.
fn guess(title: &str) -> Option<&'static Category> {
    let title = title.to_lowercase();
    let score = |category: &Category| {
        let words = category.name.to_lowercase();
        // Without the plural, so that "garrafa" finds "garrafas".
        words
            .split(|sign: char| !sign.is_alphanumeric())
            .map(|word| word.trim_end_matches('s'))
            .filter(|word| word.chars().count() > 3 && title.contains(word))
            .map(str::len)
            .sum::<usize>()
    };
    let leaves = CATEGORIES.iter().filter(|it| it.is_leaf() && it.permission == "AVAILABLE");
    leaves
        .map(|it| (score(it), it))
        .filter(|(score, _)| *score > 0)
        .max_by_key(|(score, _)| *score)
        .map(|(_, it)| it)
}

fn recommend(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let title = ask.text("product_title")?;
    check_version(world, ask.body["category_version"].as_str())?;
    let none = || Refusal::business(12_052_912, "No category matches the product");
    let leaf = guess(&title).ok_or_else(none)?;
    let row = |(level, it): (usize, &&'static Category)| {
        json!({"id": it.id.to_string(), "name": it.name, "level": level + 1, "is_leaf": it.is_leaf(),
            "permission_statuses": [it.permission]})
    };
    success(json!({"leaf_category_id": leaf.id.to_string(),
        "categories": leaf.chain().iter().enumerate().map(row).collect::<Vec<_>>()}))
}

fn brands(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let row = |id: i64, name: &str, authorized: bool, is_t1: bool| {
        json!({"id": id.to_string(), "name": name, "is_t1_brand": is_t1, "brand_status": "ONLINE",
            // Spelled so by the platform.
            "authorized_status": if authorized { "AUTHORIZED" } else { "UNAUTHORIEZD" }})
    };
    let known = BRANDS.iter().map(|it| (it.id, it.name, it.is_authorized, it.is_t1));
    let own = world.brands.iter().map(|(id, name)| (*id, name.as_str(), true, false));
    let wanted = ask.query("is_authorized").map(|flag| flag == "1" || flag == "true");
    let prefix = ask.query("brand_name").unwrap_or_default().to_lowercase();
    let rows = known
        .chain(own)
        .filter(|(_, name, ..)| name.to_lowercase().starts_with(&prefix))
        .filter(|(_, _, authorized, _)| wanted.is_none_or(|wanted| wanted == *authorized))
        .map(|(id, name, authorized, is_t1)| row(id, name, authorized, is_t1))
        .collect();
    success(ask.page(rows, PageSize { default: None, min: 1, max: 100 })?.data("brands", false))
}

fn create_brand(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let name = ask.text("name")?;
    if !BRAND_NAME.contains(&name.chars().count()) {
        return Err(Refusal::parameter("name", "Expected 2 to 30 characters").into());
    }
    let taken = BRANDS.iter().find(|it| it.name.eq_ignore_ascii_case(&name)).map(|it| it.id);
    let own = world.brands.iter().find(|(_, own)| own.eq_ignore_ascii_case(&name)).map(|(id, _)| *id);
    let id = taken.or(own).unwrap_or_else(|| {
        let id = world.ids.next(CUSTOM_BRANDS);
        world.brands.insert(id, name);
        id
    });
    success(json!({"id": id.to_string()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_hangs_on_the_tree_and_no_leaf_is_deeper_than_three() {
        for it in &CATEGORIES {
            assert!(it.parent == 0 || category(it.parent).is_some(), "{}", it.id);
            assert!(it.chain().len() <= 3 && it.is_leaf() == (it.chain().len() == 3), "{}", it.id);
        }
    }

    #[test]
    fn a_title_finds_its_leaf() {
        assert_eq!(guess("Garrafa Térmica Inox 500ml").map(|it| it.id), Some(601_226));
        assert_eq!(guess("Suporte de Celular Articulado").map(|it| it.id), Some(601_252));
        assert_eq!(guess("xyz"), None);
    }
}

//! Which attributes a category asks for.

use serde_json::{Map, Value, json};

use super::data::{AttributeSet, Category};

/// One attribute as `/categories/{id}/attributes` lists it.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// `BRAND`, `MODEL`, …
    pub id: &'static str,
    /// Name in Portuguese.
    pub name: &'static str,
    /// `string`, `number`, `number_unit`, `boolean` or `list`.
    pub value_type: &'static str,
    /// Flags such as `required`.
    pub tags: &'static [&'static str],
    /// `PARENT_PK`, `CHILD_PK`, `FAMILY`, `ITEM`, `PRODUCT_IDENTIFIER`.
    pub hierarchy: &'static str,
    /// Longest value, in characters.
    pub max_length: usize,
    /// Known values as (id, name).
    pub values: &'static [(&'static str, &'static str)],
    /// Units of a `number_unit`; the first is the default.
    pub units: &'static [&'static str],
}

impl Attribute {
    /// Whether the attribute carries a flag.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.tags.contains(&tag)
    }

    fn group(&self) -> (&'static str, &'static str) {
        if self.has("hidden") { ("OTHERS", "Outros") } else { ("MAIN", "Características principais") }
    }

    fn values(&self) -> Vec<Value> {
        self.values.iter().map(|(id, name)| json!({"id": id, "name": name})).collect()
    }

    fn units(&self) -> Vec<Value> {
        self.units.iter().map(|unit| json!({"id": unit, "name": unit})).collect()
    }

    fn as_json(&self, relevance: u8) -> Value {
        let tags: Map<String, Value> = self.tags.iter().map(|tag| ((*tag).to_owned(), json!(true))).collect();
        let (group_id, group_name) = self.group();
        let mut body = json!({
            "id": self.id,
            "name": self.name,
            "tags": tags,
            "hierarchy": self.hierarchy,
            "relevance": relevance,
            "value_type": self.value_type,
            "value_max_length": self.max_length,
            "attribute_group_id": group_id,
            "attribute_group_name": group_name,
        });
        if !self.values.is_empty() {
            body["values"] = json!(self.values());
        }
        if let Some(unit) = self.units.first() {
            body["allowed_units"] = json!(self.units());
            body["default_unit"] = json!(unit);
        }
        body
    }
}

const fn text(
    id: &'static str,
    name: &'static str,
    tags: &'static [&'static str],
    hierarchy: &'static str,
) -> Attribute {
    Attribute { id, name, value_type: "string", tags, hierarchy, max_length: 255, values: &[], units: &[] }
}

const fn choice(
    id: &'static str,
    name: &'static str,
    tags: &'static [&'static str],
    hierarchy: &'static str,
    values: &'static [(&'static str, &'static str)],
) -> Attribute {
    Attribute { id, name, value_type: "list", tags, hierarchy, max_length: 255, values, units: &[] }
}

const fn measure(
    id: &'static str,
    name: &'static str,
    tags: &'static [&'static str],
    hierarchy: &'static str,
    units: &'static [&'static str],
) -> Attribute {
    Attribute { id, name, value_type: "number_unit", tags, hierarchy, max_length: 255, values: &[], units }
}

const NO: (&str, &str) = ("242084", "Não");
const YES: (&str, &str) = ("242085", "Sim");

const BRAND: Attribute = Attribute {
    values: &[
        ("9344", "Apple"),
        ("206", "Samsung"),
        ("59387", "Xiaomi"),
        ("15996", "Multilaser"),
        ("276243", "Genérica"),
    ],
    ..text("BRAND", "Marca", &["required", "catalog_required"], "PARENT_PK")
};
const MODEL: Attribute = text("MODEL", "Modelo", &["catalog_required"], "PARENT_PK");
/// Phones and computers cannot be told apart without it.
const MODEL_REQUIRED: Attribute = text("MODEL", "Modelo", &["required", "catalog_required"], "PARENT_PK");

const GTIN: Attribute = text(
    "GTIN",
    "Código universal de produto",
    &["multivalued", "variation_attribute"],
    "PRODUCT_IDENTIFIER",
);
const GTIN_CONDITIONAL: Attribute =
    Attribute { tags: &["conditional_required", "multivalued", "variation_attribute"], ..GTIN };

const COMMON: &[Attribute] = &[
    choice(
        "ITEM_CONDITION",
        "Condição do item",
        &["hidden"],
        "ITEM",
        &[("2230284", "Novo"), ("2230581", "Usado"), ("2230582", "Recondicionado")],
    ),
    choice(
        "EMPTY_GTIN_REASON",
        "Motivo de GTIN vazio",
        &["hidden", "variation_attribute"],
        "ITEM",
        &[
            ("17055158", "O produto é artesanal"),
            ("17055159", "O produto é um kit ou um pack"),
            ("17055160", "O produto não tem código cadastrado"),
            ("17055161", "Outro motivo"),
        ],
    ),
    Attribute { max_length: 64, ..text("SELLER_SKU", "SKU", &["hidden", "variation_attribute"], "ITEM") },
    measure("SELLER_PACKAGE_HEIGHT", "Altura da embalagem do vendedor", &["hidden"], "ITEM", &["cm"]),
    measure("SELLER_PACKAGE_WIDTH", "Largura da embalagem do vendedor", &["hidden"], "ITEM", &["cm"]),
    measure("SELLER_PACKAGE_LENGTH", "Comprimento da embalagem do vendedor", &["hidden"], "ITEM", &["cm"]),
    measure("SELLER_PACKAGE_WEIGHT", "Peso da embalagem do vendedor", &["hidden"], "ITEM", &["g", "kg"]),
];

const COLORS: &[(&str, &str)] = &[
    ("52049", "Preto"),
    ("52055", "Branco"),
    ("51993", "Vermelho"),
    ("52028", "Azul"),
    ("52014", "Verde"),
    ("51994", "Rosa"),
    ("52005", "Marrom"),
    ("283165", "Cinza"),
];

const COLOR: &[Attribute] =
    &[choice("COLOR", "Cor", &["allow_variations", "defines_picture"], "CHILD_PK", COLORS)];
const MATERIAL: &[Attribute] = &[text("MATERIAL", "Material", &["catalog_required"], "FAMILY")];
const ELECTRIC: &[Attribute] = &[
    choice(
        "VOLTAGE",
        "Voltagem",
        &["allow_variations", "catalog_required"],
        "CHILD_PK",
        &[("198812", "110V"), ("198813", "220V"), ("198814", "Bivolt")],
    ),
    measure("POWER", "Potência", &[], "FAMILY", &["W", "kW"]),
];
const FASHION: &[Attribute] = &[
    choice(
        "GENDER",
        "Gênero",
        &["required", "grid_filter"],
        "PARENT_PK",
        &[
            ("339666", "Masculino"),
            ("339665", "Feminino"),
            ("110461", "Sem gênero"),
            ("19159491", "Sem gênero infantil"),
        ],
    ),
    text("SIZE", "Tamanho", &["required", "allow_variations"], "CHILD_PK"),
    text("SIZE_GRID_ID", "ID da guia de tamanhos", &["grid_template_required", "hidden"], "ITEM"),
    text("SIZE_GRID_ROW_ID", "ID da fila da guia de tamanhos", &["variation_attribute", "hidden"], "ITEM"),
];
const PHONE: &[Attribute] = &[
    choice("COLOR", "Cor", &["required", "allow_variations", "defines_picture"], "CHILD_PK", COLORS),
    measure(
        "INTERNAL_MEMORY",
        "Memória interna",
        &["required", "allow_variations", "catalog_required"],
        "CHILD_PK",
        &["GB", "TB", "MB"],
    ),
    measure("RAM", "Memória RAM", &["required", "catalog_required"], "CHILD_PK", &["GB", "MB"]),
    Attribute {
        value_type: "boolean",
        values: &[NO, YES],
        ..text("IS_DUAL_SIM", "É dual SIM", &["required"], "FAMILY")
    },
    choice(
        "CARRIER",
        "Companhia telefônica",
        &["required"],
        "CHILD_PK",
        &[("298335", "Desbloqueado"), ("1091", "Claro"), ("1090", "Vivo"), ("1092", "TIM")],
    ),
    text("ANATEL_HOMOLOGATION_NUMBER", "Homologação Anatel Nº", &["new_required"], "FAMILY"),
];
const PHONE_ACCESSORY: &[Attribute] =
    &[text("COMPATIBLE_MODELS", "Modelos compatíveis", &["multivalued"], "FAMILY")];
const COMPUTER: &[Attribute] = &[
    measure("RAM_MEMORY_MODULE_TOTAL_CAPACITY", "Memória RAM total", &["required"], "CHILD_PK", &["GB"]),
    text("PROCESSOR_BRAND", "Marca do processador", &["required"], "PARENT_PK"),
    measure("DISPLAY_SIZE", "Tamanho da tela", &["catalog_required"], "FAMILY", &["\""]),
];
const FILAMENT: &[Attribute] = &[
    choice(
        "FILAMENT_MATERIAL",
        "Material do filamento",
        &["required"],
        "PARENT_PK",
        &[("7435883", "PLA"), ("7435884", "ABS"), ("7435885", "PETG")],
    ),
    measure("FILAMENT_DIAMETER", "Diâmetro do filamento", &["required"], "CHILD_PK", &["mm"]),
    measure("NET_WEIGHT", "Peso líquido", &["catalog_required"], "CHILD_PK", &["kg", "g"]),
];
const TOY: &[Attribute] = &[
    measure("MIN_RECOMMENDED_AGE", "Idade mínima recomendada", &[], "FAMILY", &["anos", "meses"]),
    Attribute { value_type: "number", ..text("PIECES_NUMBER", "Quantidade de peças", &[], "FAMILY") },
];

const fn of_set(set: AttributeSet) -> &'static [Attribute] {
    match set {
        AttributeSet::Color => COLOR,
        AttributeSet::Fashion => FASHION,
        AttributeSet::Phone => PHONE,
        AttributeSet::PhoneAccessory => PHONE_ACCESSORY,
        AttributeSet::Computer => COMPUTER,
        AttributeSet::Electric => ELECTRIC,
        AttributeSet::Material => MATERIAL,
        AttributeSet::Filament => FILAMENT,
        AttributeSet::Toy => TOY,
    }
}

/// Leaves where a listing needs a GTIN or a reason for having none.
fn wants_gtin(category: &Category) -> bool {
    category
        .sets
        .iter()
        .any(|set| matches!(set, AttributeSet::Phone | AttributeSet::Computer | AttributeSet::Filament))
}

/// All attributes of a category, identity first. The "others" leaf asks for none.
#[must_use]
pub fn attributes_of(category: &Category) -> Vec<Attribute> {
    let tight = category.sets.iter().any(|set| matches!(set, AttributeSet::Phone | AttributeSet::Computer));
    let brand = if category.sets.is_empty() && category.id == "MLB3530" {
        Attribute { tags: &[], ..BRAND }
    } else {
        BRAND
    };
    let mut all = vec![brand, if tight { MODEL_REQUIRED } else { MODEL }];
    all.extend(category.sets.iter().flat_map(|set| of_set(*set)));
    all.extend(COMMON);
    all.push(if wants_gtin(category) { GTIN_CONDITIONAL } else { GTIN });
    all
}

/// `GET /categories/{id}/attributes`: `tags` is an object here.
#[must_use]
pub fn attributes_json(category: &Category) -> Value {
    let rows = attributes_of(category);
    Value::Array(rows.iter().map(|row| row.as_json(if row.tags.is_empty() { 2 } else { 1 })).collect())
}

/// `GET /categories/{id}/technical_specs/input`: the same attributes as form groups, with
/// `tags` as an array.
#[must_use]
pub fn technical_specs_json(category: &Category) -> Value {
    let rows = attributes_of(category);
    let groups: Vec<Value> = ["MAIN", "OTHERS"]
        .into_iter()
        .map(|group| {
            let inside: Vec<&Attribute> = rows.iter().filter(|row| row.group().0 == group).collect();
            let components: Vec<Value> = inside.iter().map(|row| component(row)).collect();
            let label = inside.first().map_or("", |row| row.group().1);
            json!({"id": group, "label": label, "relevance": 1, "ui_config": {}, "components": components})
        })
        .collect();
    json!({"groups": groups})
}

fn component(row: &Attribute) -> Value {
    let kind = match row.value_type {
        "list" => "COMBO",
        "boolean" => "BOOLEAN_INPUT",
        "number_unit" => "NUMBER_UNIT_INPUT",
        "number" => "NUMBER_INPUT",
        _ => "TEXT_INPUT",
    };
    json!({
        "component": kind,
        "label": row.name,
        "ui_config": {"allow_custom_value": row.value_type == "string"},
        "attributes": [{
            "id": row.id,
            "name": row.name,
            "value_type": row.value_type,
            "value_max_length": row.max_length,
            "tags": row.tags,
            "hierarchy": row.hierarchy,
            "relevance": 1,
            "values": row.values(),
            "units": row.units(),
        }],
    })
}

/// What an attribute of a listing body says: its id, value id and value name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given<'a> {
    /// Attribute id.
    pub id: &'a str,
    /// Chosen known value.
    pub value_id: Option<&'a str>,
    /// Free text or the name of the known value.
    pub value_name: Option<&'a str>,
}

/// The attributes a listing body gives: at the root, in its variations, in combinations.
/// Those without any value count as absent.
#[must_use]
pub fn given(body: &Value) -> Vec<Given<'_>> {
    let variations = body["variations"].as_array().into_iter().flatten();
    let nested = variations.flat_map(|row| [&row["attribute_combinations"], &row["attributes"]]);
    [&body["attributes"]]
        .into_iter()
        .chain(nested)
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(|row| {
            let first = &row["values"][0];
            let pick = |own: &'static str, inner: &'static str| {
                row[own].as_str().or_else(|| first[inner].as_str()).filter(|text| !text.trim().is_empty())
            };
            let given = Given {
                id: row["id"].as_str()?,
                value_id: pick("value_id", "id"),
                value_name: pick("value_name", "name"),
            };
            (given.value_id.is_some() || given.value_name.is_some()).then_some(given)
        })
        .collect()
}

/// `POST /categories/{id}/attributes/conditional`: what this very listing still owes.
#[must_use]
pub fn conditionally_required(category: &Category, body: &Value) -> Vec<Attribute> {
    if !wants_gtin(category) || body["condition"].as_str().is_some_and(|condition| condition != "new") {
        return Vec::new();
    }
    let present = given(body);
    let excused = present.iter().any(|row| row.id == "GTIN" || row.id == "EMPTY_GTIN_REASON");
    if excused {
        return Vec::new();
    }
    attributes_of(category).into_iter().filter(|row| row.id == "GTIN").collect()
}

#[cfg(test)]
mod tests {
    use super::super::data::{CATEGORIES, category};
    use super::*;

    #[test]
    fn tags_are_an_object_in_attributes_and_an_array_in_technical_specs() {
        let phones = category("MLB1055").unwrap();
        assert_eq!(attributes_json(phones)[0]["tags"]["required"], json!(true));
        let spec = technical_specs_json(phones);
        let tags = &spec["groups"][0]["components"][0]["attributes"][0]["tags"];
        assert_eq!(tags, &json!(["required", "catalog_required"]));
    }

    #[test]
    fn no_category_names_an_attribute_twice() {
        for leaf in CATEGORIES.iter().filter(|row| row.is_leaf()) {
            let mut ids: Vec<_> = attributes_of(leaf).iter().map(|row| row.id).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), count, "{}", leaf.id);
        }
    }

    #[test]
    fn a_measure_tells_its_units_and_default() {
        let specs = attributes_json(category("MLB1055").unwrap());
        let memory = specs.as_array().unwrap().iter().find(|row| row["id"] == "INTERNAL_MEMORY").unwrap();
        assert_eq!(memory["default_unit"], "GB");
        assert_eq!(memory["allowed_units"][1]["id"], "TB");
    }

    #[test]
    fn a_new_phone_owes_a_gtin_until_it_gives_one_or_a_reason() {
        let phones = category("MLB1055").unwrap();
        let ids = |body: Value| -> Vec<&str> {
            conditionally_required(phones, &body).iter().map(|row| row.id).collect()
        };
        assert_eq!(ids(json!({"condition": "new"})), ["GTIN"]);
        assert!(ids(json!({"attributes": [{"id": "GTIN", "value_name": "7891234567895"}]})).is_empty());
        assert!(ids(json!({"attributes": [{"id": "EMPTY_GTIN_REASON", "value_id": "17055160"}]})).is_empty());
        assert!(ids(json!({"condition": "used"})).is_empty());
    }

    #[test]
    fn an_attribute_without_a_value_counts_as_absent() {
        let body =
            json!({"attributes": [{"id": "BRAND", "value_name": " "}, {"id": "MODEL", "value_name": "X1"}]});
        let rows = given(&body);
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), ["MODEL"]);
    }
}

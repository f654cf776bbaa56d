//! A believable shop to begin with: one application, two sellers, buyers and products.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};

use super::account::{Address, App, User};
use super::catalogue::data::category;
use super::catalogue::pictures;
use super::gate::Permission;
use super::item::Description;
use super::item_write::publish;
use super::{CURRENCY, World, auth, notice};
use crate::products::cpf;

/// The application that the manifest names.
pub const APP_ID: i64 = 1_234_567_890_123_456;
/// A seller in the classic listing model.
pub const CLASSIC_SELLER: i64 = 100_200_300;
/// A seller in the new listing model; the id is beyond 32 bits, as new ones are.
pub const FAMILY_SELLER: i64 = 5_100_200_301;
/// The first buyer; the others count up from it.
pub const FIRST_BUYER: i64 = 2_500_000_501;

/// A product of the seed: seller, name, category, centavos, units, SKU, colour, listing type.
struct Product(i64, &'static str, &'static str, i64, i64, &'static str, Option<&'static str>, &'static str);

const CLASSIC: &str = "gold_special";
const PREMIUM: &str = "gold_pro";

/// SKUs repeat on purpose: within one seller and across both, so that stock has somewhere to fan out to.
const PRODUCTS: [Product; 30] = [
    Product(
        CLASSIC_SELLER,
        "Garrafa Térmica Inox 500ml Parede Dupla",
        "MLB30988",
        8_990,
        40,
        "CAN-INOX-500",
        Some("Prateado"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Garrafa Térmica Inox 500ml Parede Dupla Premium",
        "MLB30988",
        9_490,
        40,
        "CAN-INOX-500",
        Some("Prateado"),
        PREMIUM,
    ),
    Product(
        CLASSIC_SELLER,
        "Garrafa Térmica Inox 1 Litro Preta",
        "MLB30988",
        12_990,
        25,
        "CAN-INOX-1L-PT",
        Some("Preto"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Organizador de Gaveta 6 Divisórias Talheres",
        "MLB43757",
        4_590,
        60,
        "ORG-GAV-6",
        Some("Branco"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Organizador de Gaveta Modular Impresso em 3D",
        "MLB43757",
        3_490,
        18,
        "ORG-3D-MOD",
        Some("Cinza"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Luminária de Mesa Articulada LED USB",
        "MLB1621",
        11_900,
        22,
        "LUM-LED-ART",
        Some("Preto"),
        PREMIUM,
    ),
    Product(
        CLASSIC_SELLER,
        "Luminária Lua 3D Recarregável 15cm",
        "MLB1621",
        7_990,
        30,
        "LUM-LUA-15",
        Some("Branco"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Vaso Decorativo Geométrico para Suculentas",
        "MLB1631",
        2_990,
        75,
        "VASO-GEO-P",
        Some("Branco"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Kit 3 Vasos Decorativos Minimalistas",
        "MLB1631",
        6_490,
        20,
        "VASO-KIT-3",
        Some("Cinza"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Suporte de Celular para Mesa Articulado",
        "MLB43771",
        3_990,
        90,
        "SUP-CEL-ART",
        Some("Preto"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Suporte de Celular para Mesa Articulado Frete Rápido",
        "MLB43771",
        4_290,
        90,
        "SUP-CEL-ART",
        Some("Preto"),
        PREMIUM,
    ),
    Product(CLASSIC_SELLER, "Cabo HDMI 2.1 8K 2 Metros", "MLB7457", 5_490, 120, "CAB-HDMI-2M", None, CLASSIC),
    Product(
        CLASSIC_SELLER,
        "Mouse sem Fio Silencioso 1600 DPI",
        "MLB1714",
        4_990,
        55,
        "MOU-SF-1600",
        Some("Preto"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Teclado Mecânico Compacto ABNT2",
        "MLB1713",
        22_900,
        14,
        "TEC-MEC-60",
        Some("Preto"),
        PREMIUM,
    ),
    Product(
        CLASSIC_SELLER,
        "Fone de Ouvido Bluetooth com Estojo",
        "MLB3697",
        9_900,
        33,
        "FON-BT-TWS",
        Some("Branco"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Mochila para Notebook Impermeável 25L",
        "MLB7022",
        15_900,
        16,
        "MOC-NB-25",
        Some("Preto"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Dragão Articulado Impresso em 3D 30cm",
        "MLB3422",
        5_990,
        12,
        "DRA-3D-30",
        Some("Verde"),
        CLASSIC,
    ),
    Product(
        CLASSIC_SELLER,
        "Quebra-Cabeça 1000 Peças Paisagem Mineira",
        "MLB19387",
        6_990,
        28,
        "QC-1000-MG",
        None,
        CLASSIC,
    ),
    Product(CLASSIC_SELLER, "Dados de RPG Kit 7 Peças", "MLB2961", 3_290, 3, "RPG-DADOS-7", None, CLASSIC),
    Product(
        CLASSIC_SELLER,
        "Webcam Full HD 1080p com Microfone",
        "MLB1717",
        13_900,
        0,
        "WEB-FHD",
        None,
        CLASSIC,
    ),
    Product(
        FAMILY_SELLER,
        "Garrafa Térmica Inox 500ml",
        "MLB30988",
        8_790,
        35,
        "CAN-INOX-500",
        Some("Prateado"),
        CLASSIC,
    ),
    Product(
        FAMILY_SELLER,
        "Garrafa Térmica Inox 500ml",
        "MLB30988",
        8_790,
        20,
        "CAN-INOX-500-AZ",
        Some("Azul"),
        CLASSIC,
    ),
    Product(
        FAMILY_SELLER,
        "Garrafa Térmica Inox 500ml",
        "MLB30988",
        9_290,
        35,
        "CAN-INOX-500",
        Some("Prateado"),
        PREMIUM,
    ),
    Product(
        FAMILY_SELLER,
        "Suporte Articulado de Celular",
        "MLB43771",
        3_890,
        70,
        "SUP-CEL-ART",
        Some("Preto"),
        CLASSIC,
    ),
    Product(
        FAMILY_SELLER,
        "Suporte Articulado de Celular",
        "MLB43771",
        3_890,
        45,
        "SUP-CEL-ART-BR",
        Some("Branco"),
        CLASSIC,
    ),
    Product(
        FAMILY_SELLER,
        "Vaso Geométrico para Suculentas",
        "MLB1631",
        2_890,
        50,
        "VASO-GEO-P",
        Some("Branco"),
        CLASSIC,
    ),
    Product(
        FAMILY_SELLER,
        "Dragão Articulado 30cm",
        "MLB3422",
        5_790,
        8,
        "DRA-3D-30",
        Some("Verde"),
        CLASSIC,
    ),
    Product(
        FAMILY_SELLER,
        "Jogo de Panelas Antiaderente 5 Peças",
        "MLB19394",
        32_900,
        10,
        "PAN-JOGO-5",
        Some("Preto"),
        PREMIUM,
    ),
    Product(
        FAMILY_SELLER,
        "Caixa de Som Bluetooth Portátil 10W",
        "MLB3835",
        14_900,
        24,
        "CX-SOM-10W",
        Some("Preto"),
        CLASSIC,
    ),
    Product(FAMILY_SELLER, "Pen Drive 64GB USB 3.0", "MLB1672", 4_690, 80, "PEN-64", Some("Preto"), CLASSIC),
];

/// Buyers: first and last name, nine digits of a CPF, street, city, state, CEP.
const BUYERS: [(&str, &str, u64, &str, &str, &str, &str); 10] = [
    ("Maria", "Aparecida Teste", 100_000_001, "Rua das Palmeiras", "São Paulo", "SP", "01226010"),
    ("João", "Batista Exemplo", 100_000_002, "Rua da Bahia", "Belo Horizonte", "MG", "30160010"),
    ("Ana", "Clara Modelo", 100_000_003, "Avenida Atlântica", "Rio de Janeiro", "RJ", "22010000"),
    ("Pedro", "Henrique Prova", 100_000_004, "Rua XV de Novembro", "Curitiba", "PR", "80020310"),
    ("Beatriz", "Souza Amostra", 100_000_005, "Rua dos Andradas", "Porto Alegre", "RS", "90020002"),
    ("Rafael", "Lima Ensaio", 100_000_006, "Avenida Sete de Setembro", "Salvador", "BA", "40060001"),
    ("Larissa", "Gomes Piloto", 100_000_007, "Avenida Boa Viagem", "Recife", "PE", "51011000"),
    ("Thiago", "Ferreira Simulado", 100_000_008, "Avenida Beira Mar", "Fortaleza", "CE", "60165121"),
    ("Camila", "Rocha Fictícia", 100_000_009, "Setor Bueno Rua T-30", "Goiânia", "GO", "74215060"),
    ("Lucas", "Martins Treino", 100_000_010, "Rua Felipe Schmidt", "Florianópolis", "SC", "88010001"),
];

/// Fills an empty world.
pub(crate) fn plant(world: &mut World, redirect_uri: &str, hook_url: Option<String>) {
    plant_app(world, redirect_uri, hook_url);
    plant_users(world);
    for seller in [CLASSIC_SELLER, FAMILY_SELLER] {
        auth::grant(world, seller, APP_ID);
    }
    for product in &PRODUCTS {
        plant_product(world, product);
    }
    plant_shirt(world);
    // What led here is history: nobody is told of it.
    world.hooks.notifications.clear();
}

fn plant_app(world: &mut World, redirect_uri: &str, hook_url: Option<String>) {
    let app = App {
        id: APP_ID,
        secret: world.dice.hex(32),
        old_secret: None,
        redirect_uris: vec![redirect_uri.to_owned()],
        permissions: BTreeSet::from(Permission::ALL),
        scopes: ["offline_access", "read", "write"].map(str::to_owned).into(),
        pkce_required: false,
        active: true,
    };
    world.apps.insert(app.id, app);
    let subscription = world.hooks.subscriptions.entry(APP_ID).or_default();
    subscription.url = hook_url;
    subscription.topics = notice::TOPICS.iter().map(|topic| (*topic).to_owned()).collect();
}

fn address(street: &str, city: &str, state: &str, zip: &str) -> Address {
    Address {
        street: street.to_owned(),
        number: "100".to_owned(),
        neighborhood: "Centro".to_owned(),
        city: city.to_owned(),
        state: state.to_owned(),
        zip: zip.to_owned(),
    }
}

fn plant_users(world: &mut World) {
    let registered = world.now.minus(Duration::from_hours(24 * 900));
    let sellers = [
        (CLASSIC_SELLER, "CASA.DO.TRECO.3D", &["normal", "user_info_verified"][..], "12345678000195"),
        (
            FAMILY_SELLER,
            "ATELIE.DA.SERRA",
            &["normal", "user_info_verified", "user_product_seller"],
            "98765432000198",
        ),
    ];
    for (id, nickname, tags, cnpj) in sellers {
        let user = User {
            id,
            nickname: nickname.to_owned(),
            first_name: "Loja".to_owned(),
            last_name: "de Teste".to_owned(),
            email: format!("loja{id}@sandbox.example"),
            document: ("CNPJ".to_owned(), cnpj.to_owned()),
            address: address("Rua Vergueiro", "São Paulo", "SP", "01504000"),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            active: true,
            seller: true,
            registered,
        };
        world.users.insert(id, user);
    }
    for (id, buyer) in (FIRST_BUYER..).zip(BUYERS) {
        world.users.insert(id, buyer_of(id, buyer, registered));
    }
}

fn buyer_of(
    id: i64,
    (first, last, digits, street, city, state, zip): (&str, &str, u64, &str, &str, &str, &str),
    registered: Timestamp,
) -> User {
    User {
        id,
        nickname: format!("{}{}", first.to_uppercase(), id % 10_000),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        email: format!("comprador{id}@sandbox.example"),
        document: ("CPF".to_owned(), cpf(digits)),
        address: address(street, city, state, zip),
        tags: BTreeSet::from(["normal".to_owned()]),
        active: true,
        seller: false,
        registered,
    }
}

/// The body a seller would have sent for a product, without pictures.
fn body_of(product: &Product) -> Value {
    let Product(seller, name, category_id, price, units, sku, color, listing_type) = product;
    let mut attributes = vec![
        json!({"id": "BRAND", "value_name": "Casa do Treco"}),
        json!({"id": "MODEL", "value_name": sku}),
        json!({"id": "SELLER_SKU", "value_name": sku}),
        json!({"id": "SELLER_PACKAGE_HEIGHT", "value_name": "10 cm"}),
        json!({"id": "SELLER_PACKAGE_WIDTH", "value_name": "15 cm"}),
        json!({"id": "SELLER_PACKAGE_LENGTH", "value_name": "20 cm"}),
        json!({"id": "SELLER_PACKAGE_WEIGHT", "value_name": "500 g"}),
    ];
    attributes.extend(color.map(|color| json!({"id": "COLOR", "value_name": color})));
    let name_field = if *seller == FAMILY_SELLER { "family_name" } else { "title" };
    json!({
        name_field: name, "category_id": category_id, "price": crate::text::reais(*price), "currency_id": CURRENCY,
        "available_quantity": units, "buying_mode": "buy_it_now", "condition": "new", "listing_type_id": listing_type,
        "attributes": attributes,
        "sale_terms": [{"id": "WARRANTY_TYPE", "value_id": "2230280"}, {"id": "WARRANTY_TIME", "value_name": "90 dias"}],
        "shipping": {"mode": "me2", "local_pick_up": false, "free_shipping": *price >= 7_900},
    })
}

fn plant_product(world: &mut World, product: &Product) {
    let Some(category) = category(product.2) else { return };
    let mut body = body_of(product);
    body["pictures"] = json!([{"id": pictures::plant(world, product.0)["id"]}]);
    let id = publish(world, product.0, category, &body);
    describe(world, &id, product.1);
}

fn describe(world: &mut World, id: &str, name: &str) {
    let now = world.now;
    let Some(item) = world.items.get_mut(id) else { return };
    item.description = Some(Description {
        plain_text: format!(
            "{name}\n\nProduto novo, com nota fiscal e garantia de 90 dias.\nEnvio em até 24 horas úteis."
        ),
        created: now,
        updated: now,
    });
}

/// A classic item with variations, each with a SKU of its own.
fn plant_shirt(world: &mut World) {
    let Some(category) = category("MLB27170") else { return };
    let picture = pictures::plant(world, CLASSIC_SELLER)["id"].clone();
    let variation = |color: &str, sku: &str, units: i64| {
        json!({"price": 29.9, "available_quantity": units, "attribute_combinations": [{"id": "COLOR", "value_name": color}],
            "attributes": [{"id": "SELLER_SKU", "value_name": sku}], "picture_ids": [picture]})
    };
    let name = "Capa para Celular Silicone Anti Impacto";
    let product = Product(CLASSIC_SELLER, name, "MLB27170", 2_990, 0, "CAPA-SIL", None, CLASSIC);
    let mut body = body_of(&product);
    body["available_quantity"] = Value::Null;
    body["variations"] = json!([
        variation("Preto", "CAPA-SIL-PT", 30),
        variation("Azul", "CAPA-SIL-AZ", 25),
        variation("Rosa", "CAPA-SIL-RS", 0)
    ]);
    body["pictures"] = json!([{"id": picture}]);
    let id = publish(world, CLASSIC_SELLER, category, &body);
    describe(world, &id, name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mercado_livre::catalogue::{ListingModel, PictureCheck, refusal, validate_item};

    #[test]
    fn every_product_of_the_seed_would_be_accepted_by_the_validation() {
        for product in &PRODUCTS {
            let model =
                if product.0 == FAMILY_SELLER { ListingModel::UserProduct } else { ListingModel::Classic };
            let mut body = body_of(product);
            body["pictures"] = json!([{"id": "a-picture"}]);
            let category = category(product.2).unwrap();
            let refused = refusal(&validate_item(category, &body, model, &|_| PictureCheck::Good));
            assert_eq!(refused, None, "{}", product.1);
        }
    }

    #[test]
    fn some_sku_is_shared_within_a_seller_and_across_sellers() {
        let sellers = |sku: &str| PRODUCTS.iter().filter(|it| it.5 == sku).map(|it| it.0).collect::<Vec<_>>();
        assert_eq!(sellers("CAN-INOX-500"), [CLASSIC_SELLER, CLASSIC_SELLER, FAMILY_SELLER, FAMILY_SELLER]);
    }
}

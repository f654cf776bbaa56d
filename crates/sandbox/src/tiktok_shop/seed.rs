//! Two believable shops to begin with: the same goods as on the other marketplaces.

use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};

use super::World;
use super::ask::amount;
use super::catalogue::{COLOR, MATERIAL};
use super::grants::{App, consent};
use super::order::Buyer;
use super::product_check::check;
use super::product_state::pass;
use super::product_write::publish;
use super::rules::Rules;
use super::shop::{Address, Shop, Warehouse, WarehouseKind};
use super::uploads;
use crate::dice::Dice;
use crate::products::{BUYERS, Kind, PRODUCTS, Product, Seller, cpf};

/// The application that the manifest names.
const APP_KEY: &str = "6sandbox01";
const SERVICE_ID: i64 = 7_480_000_000_000_000_001;
/// Casa do Treco and Ateliê da Serra.
const FIRST_SHOP: i64 = 7_490_000_000_000_000_001;
const SECOND_SHOP: i64 = 7_490_000_000_000_000_002;
/// The first buyer; the others count up from it.
const FIRST_BUYER: i64 = 7_021_000_000_000_000_001;
const FIRST_WAREHOUSE: i64 = 7_068_000_000_000_000_001;

/// Scopes of the application; customer service is granted by the platform only.
const SCOPES: [&str; 13] = [
    "seller.authorization.info",
    "seller.shop.info",
    "seller.product.basic",
    "seller.product.write",
    "seller.product.delete",
    "seller.order.info",
    "seller.order.ext_ref.read",
    "seller.order.ext_ref.write",
    "seller.fulfillment.basic",
    "seller.fulfillment.package.write",
    "seller.logistics",
    "seller.return_refund.basic",
    "seller.finance.info",
];

/// A world of this seed, its shops open and their sellers agreed.
pub(crate) fn grow(seed: u64, base_url: &str, rules: Rules, now: Timestamp) -> World {
    let mut dice = Dice::new(seed);
    let app = App {
        key: APP_KEY.to_owned(),
        secret: dice.hex(40),
        service_id: SERVICE_ID,
        redirect_url: String::new(),
        scopes: SCOPES.map(str::to_owned).into(),
    };
    // The goods are older than the present day.
    let mut world = World::empty(seed, base_url, app, now.minus(Duration::from_hours(24 * 60)));
    world.dice = dice;
    world.rules = rules;
    plant_shops(&mut world);
    plant_buyers(&mut world);
    for product in &PRODUCTS {
        plant_product(&mut world, product);
    }
    world.now = now;
    for shop_id in [FIRST_SHOP, SECOND_SHOP] {
        consent(&mut world, shop_id);
    }
    world
}

fn plant_shops(world: &mut World) {
    let shops = [
        (FIRST_SHOP, Seller::CasaDoTreco, "BRLCCASA01", "12345678000195", "São Paulo", "01504-000"),
        (SECOND_SHOP, Seller::AtelieDaSerra, "BRLCSERRA1", "98765432000198", "Petrópolis", "25620-000"),
    ];
    for (place, (id, seller, code, cnpj, city, postal_code)) in (0..).zip(shops) {
        let address = Address {
            street: "Rua Vergueiro".to_owned(),
            number: "1000".to_owned(),
            neighborhood: "Centro".to_owned(),
            complement: String::new(),
            city: city.to_owned(),
            state: if place == 0 { "São Paulo" } else { "Rio de Janeiro" }.to_owned(),
            postal_code: postal_code.to_owned(),
        };
        let warehouse = |offset: i64, name: &str, kind: WarehouseKind| Warehouse {
            id: FIRST_WAREHOUSE + place * 10 + offset,
            name: name.to_owned(),
            kind,
            is_default: true,
            effect_status: "ENABLED".to_owned(),
            address: address.clone(),
        };
        let shop = Shop {
            id,
            cipher: format!("ROW_{}", world.dice.hex(22)),
            open_id: format!("o{}", world.dice.hex(16)),
            name: seller.name().to_owned(),
            code: code.to_owned(),
            region: "BR".to_owned(),
            cnpj: cnpj.to_owned(),
            active: true,
            warehouses: vec![
                warehouse(0, "Depósito", WarehouseKind::SalesWarehouse),
                warehouse(1, "Devoluções", WarehouseKind::ReturnWarehouse),
            ],
        };
        world.shops.insert(id, shop);
    }
}

fn plant_buyers(world: &mut World) {
    for (id, buyer) in (FIRST_BUYER..).zip(&BUYERS) {
        let (head, tail) = buyer.zip.split_at(5);
        let buyer = Buyer {
            id,
            name: buyer.name.to_owned(),
            cpf: cpf(buyer.cpf_digits),
            phone: format!("119{:08}", buyer.cpf_digits % 100_000_000),
            address: Address {
                street: buyer.street.to_owned(),
                number: "100".to_owned(),
                neighborhood: buyer.quarter.to_owned(),
                complement: String::new(),
                city: buyer.city.to_owned(),
                state: buyer.state.to_owned(),
                postal_code: format!("{head}-{tail}"),
            },
        };
        world.buyers.insert(id, buyer);
    }
}

/// The leaf and the material of a kind of goods.
fn leaf(kind: Kind) -> (i64, &'static str) {
    match kind {
        Kind::Bottle => (601_226, "Metal"),
        Kind::Organizer => (601_231, "Plástico"),
        Kind::Lamp => (601_241, "Plástico"),
        Kind::Vase => (601_242, "Plástico"),
        Kind::Stand => (601_252, "Metal"),
        Kind::Cable => (601_263, "Plástico"),
        Kind::Peripheral => (601_271, "Plástico"),
        Kind::Audio => (601_261, "Plástico"),
        Kind::Backpack => (601_272, "Tecido"),
        Kind::Toy => (601_282, "Plástico"),
        Kind::Puzzle => (601_281, "Papel"),
        Kind::Case => (601_251, "Plástico"),
        Kind::Cookware => (601_227, "Metal"),
        Kind::Memory => (601_273, "Plástico"),
    }
}

/// The body its seller would have sent.
fn body_of(product: &Product, warehouse_id: i64, uri: &str) -> Value {
    let (category, material) = leaf(product.kind);
    let price = json!({"amount": amount(product.centavos), "currency": "BRL"});
    let skus: Vec<Value> = product
        .variants
        .iter()
        .map(|variant| {
            let mut sku = json!({"seller_sku": variant.sku, "price": price,
                "inventory": [{"warehouse_id": warehouse_id.to_string(), "quantity": variant.units}]});
            if !variant.option.is_empty() {
                sku["sales_attributes"] = json!([{"id": COLOR.to_string(), "value_name": variant.option}]);
            }
            sku
        })
        .collect();
    json!({
        "title": product.name, "category_id": category.to_string(), "main_images": [{"uri": uri}], "skus": skus,
        "description": format!("<p>{}</p><p>Produto novo, com nota fiscal e garantia de 90 dias.</p>", product.name),
        "package_weight": {"value": "0.500", "unit": "KILOGRAM"},
        "package_dimensions": {"length": "20", "width": "15", "height": "10", "unit": "CENTIMETER"},
        "product_attributes": [{"id": MATERIAL.to_string(), "values": [{"name": material}]}],
    })
}

fn plant_product(world: &mut World, product: &Product) {
    let shop_id = if product.seller == Seller::CasaDoTreco { FIRST_SHOP } else { SECOND_SHOP };
    let Some(warehouse) = world.shops.get(&shop_id).and_then(Shop::default_warehouse).map(|it| it.id) else {
        return;
    };
    let uri = uploads::plant(world, 800, 800, "MAIN_IMAGE");
    let body = body_of(product, warehouse, &uri);
    // Goods that are sold out are goods all the same, whatever may be written later.
    let strict = std::mem::replace(&mut world.rules.zero_quantity_allowed, true);
    let version = std::mem::replace(&mut world.rules.category_version, "v1".to_owned());
    if let Ok(checked) = check(world, shop_id, &body, None, false) {
        let id = publish(world, shop_id, &checked, false, None);
        pass(world, id);
    }
    world.rules.zero_quantity_allowed = strict;
    world.rules.category_version = version;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_goods_of_the_shared_list_are_for_sale() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let world = grow(1, "http://127.0.0.1:9102", Rules::default(), now);
        let expected: BTreeSet<&str> =
            PRODUCTS.iter().flat_map(|it| it.variants).map(|variant| variant.sku).collect();
        let found: BTreeSet<&str> = world
            .products
            .values()
            .filter(|it| it.is_for_sale())
            .flat_map(|it| &it.content.skus)
            .map(|sku| sku.seller_sku.as_str())
            .collect();
        assert_eq!(found, expected);
        assert_eq!(world.products.len(), PRODUCTS.len());
    }

    #[test]
    fn the_same_seed_gives_the_same_world() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let grow = |seed| grow(seed, "http://127.0.0.1:9102", Rules::default(), now);
        assert_eq!(grow(4), grow(4));
        assert_ne!(grow(4).app.secret, grow(5).app.secret);
    }
}

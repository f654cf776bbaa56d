//! A believable pair of shops to begin with: the goods of [`crate::products`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::catalogue::{BRANDS, category_of};
use super::channel::{self, CHANNELS};
use super::item::{Item, ItemStatus, Model, Tier, TierOption};
use super::media::keep_image;
use super::shop::{Buyer, Partner, Shop, ShopStatus, TaxId};
use super::variation::MODEL_IDS;
use super::{World, auth, push};
use crate::dice::Dice;
use crate::ids::Series;
use crate::products::{BUYERS, Kind, PRODUCTS, Product, Seller, cpf};
use crate::text::reais;

/// `partner_id` of the application.
pub const PARTNER_ID: i64 = 2_011_001;
/// The main account that owns both shops.
pub const MAIN_ACCOUNT_ID: i64 = 660_011_001;
/// The shop of a company (CNPJ): it needs an NF-e for each order.
pub const COMPANY_SHOP: i64 = 770_011_001;
/// The shop of a person (CPF).
pub const PERSON_SHOP: i64 = 770_011_002;
/// The first buyer; the others count up from it.
pub const FIRST_BUYER: i64 = 55_501;

const ITEM_IDS: Series = Series::new("shopee_seed_item", 22_990_000_000);

/// The application of a seed.
#[must_use]
pub fn partner(seed: u64, redirect_domain: Option<String>) -> Partner {
    // Chance of its own: the key must not depend on what else grows.
    let key = format!("shpk{}", Dice::new(!seed.rotate_left(17)).hex(60));
    Partner { id: PARTNER_ID, key, redirect_domain, main_account: MAIN_ACCOUNT_ID }
}

/// The shop of a seller.
#[must_use]
pub const fn shop_of(seller: Seller) -> i64 {
    match seller {
        Seller::CasaDoTreco => COMPANY_SHOP,
        Seller::AtelieDaSerra => PERSON_SHOP,
    }
}

/// Fills an empty world.
pub(crate) fn plant(world: &mut World, hook_url: Option<String>) {
    plant_shops(world);
    plant_buyers(world);
    for product in &PRODUCTS {
        plant_product(world, product);
    }
    for shop in [COMPANY_SHOP, PERSON_SHOP] {
        auth::grant(world, shop);
    }
    // What led here is history: nobody is told of it.
    world.pushes.callback_url = hook_url;
    world.pushes.on = BTreeSet::from(push::CODES);
}

fn plant_shops(world: &mut World) {
    let opened = world.now.minus(Duration::from_hours(24 * 700));
    let shops = [
        (COMPANY_SHOP, Seller::CasaDoTreco, TaxId::Cnpj, "12345678000195"),
        (PERSON_SHOP, Seller::AtelieDaSerra, TaxId::Cpf, "11144477735"),
    ];
    for (id, seller, tax_id, tax_number) in shops {
        let shop = Shop {
            id,
            name: seller.name().to_owned(),
            description: "Produtos selecionados, envio em até dois dias úteis.".to_owned(),
            status: ShopStatus::Normal,
            tax_id,
            tax_number: tax_number.to_owned(),
            channels: CHANNELS.iter().filter(|it| !it.by_seller || it.id != 90_025).map(|it| it.id).collect(),
            may_split: true,
            on_holiday: false,
            opened,
        };
        world.shops.insert(id, shop);
    }
}

fn plant_buyers(world: &mut World) {
    for (id, buyer) in (FIRST_BUYER..).zip(&BUYERS) {
        let first = buyer.name.split(' ').next().unwrap_or_default().to_lowercase();
        let buyer = Buyer {
            id,
            username: format!("{}_{}", first.replace('ã', "a").replace('é', "e"), id % 1_000),
            name: buyer.name.to_owned(),
            cpf: cpf(buyer.cpf_digits),
            phone: "5511900000000".to_owned(),
            street: buyer.street.to_owned(),
            quarter: buyer.quarter.to_owned(),
            city: buyer.city.to_owned(),
            state: buyer.state.to_owned(),
            zip: buyer.zip.to_owned(),
        };
        world.buyers.insert(id, buyer);
    }
}

/// The value of the required attribute "Material".
const fn material_of(kind: Kind) -> i64 {
    match kind {
        Kind::Bottle | Kind::Cookware => 679,
        Kind::Case => 680,
        Kind::Backpack => 681,
        Kind::Puzzle => 682,
        Kind::Organizer
        | Kind::Lamp
        | Kind::Vase
        | Kind::Stand
        | Kind::Cable
        | Kind::Peripheral
        | Kind::Audio
        | Kind::Toy
        | Kind::Memory => 678,
    }
}

fn model(world: &mut World, product: &Product, index: usize, has_tiers: bool) -> Option<Model> {
    let variant = product.variants.get(index)?;
    Some(Model {
        id: if has_tiers { world.ids.next(MODEL_IDS) } else { 0 },
        tier_index: if has_tiers { vec![index] } else { Vec::new() },
        sku: variant.sku.to_owned(),
        price: product.centavos,
        stock: variant.units,
        gtin: "00".to_owned(),
        campaign: None,
        extra: Map::new(),
    })
}

fn tier(product: &Product) -> Tier {
    let option = |name: &str| TierOption { id: 0, name: name.to_owned(), image_id: None };
    Tier {
        variation_id: 0,
        group_id: 0,
        name: "Cor".to_owned(),
        options: product.variants.iter().map(|variant| option(variant.option)).collect(),
    }
}

fn logistics() -> Vec<Value> {
    [channel::PADRAO, channel::EXPRESSA]
        .into_iter()
        .filter_map(channel::find)
        .map(|channel| {
            json!({"logistic_id": channel.id, "logistic_name": channel.name, "enabled": channel.id == channel::PADRAO,
                "is_free": false, "estimated_shipping_fee": reais(channel.fee), "shipping_fee": 0, "size_id": 0})
        })
        .collect()
}

fn plant_product(world: &mut World, product: &Product) {
    let has_tiers = product.variants.len() > 1;
    let models =
        (0..product.variants.len()).filter_map(|index| model(world, product, index, has_tiers)).collect();
    let image = keep_image(world, "image/jpeg");
    let seller = match product.seller {
        Seller::CasaDoTreco => BRANDS[1],
        Seller::AtelieDaSerra => BRANDS[2],
    };
    let extra = json!({"dimension": {"package_length": 20, "package_width": 15, "package_height": 10}, "condition": "NEW"});
    let id = world.ids.next(ITEM_IDS);
    let item = Item {
        id,
        shop_id: shop_of(product.seller),
        category_id: category_of(product.kind),
        name: product.name.to_owned(),
        description: format!(
            "{}\n\nProduto novo, com garantia de 90 dias. Envio em até dois dias úteis.",
            product.name
        ),
        sku: if has_tiers {
            String::new()
        } else {
            product.variants.first().map(|it| it.sku.to_owned()).unwrap_or_default()
        },
        status: ItemStatus::Normal,
        created: world.now.minus(Duration::from_hours(24 * 90)),
        updated: world.now.minus(Duration::from_hours(24 * 3)),
        images: vec![image],
        image_ratio: "1:1".to_owned(),
        weight: "0.5".to_owned(),
        attributes: vec![
            json!({"attribute_id": 100_036, "attribute_value_list": [{"value_id": material_of(product.kind)}]}),
        ],
        brand: json!({"brand_id": seller.0, "original_brand_name": seller.1}),
        logistics: logistics(),
        extra: extra.as_object().cloned().unwrap_or_default(),
        tiers: if has_tiers { vec![tier(product)] } else { Vec::new() },
        models,
        deboosted: false,
        violations: Vec::new(),
        sold: 0,
        dead_models: BTreeMap::new(),
    };
    world.items.insert(id, item);
}

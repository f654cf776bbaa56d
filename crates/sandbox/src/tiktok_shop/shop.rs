//! Shops and what stands around them: warehouses, delivery options, carriers (fact sheet §2, §11).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::ask::Ask;
use super::gate::{Door, seller, shop};
use super::refusal::{Refusal, success};
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, get};

/// A street address in Brazil.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The street.
    pub street: String,
    /// The number on the street; `s/n` for none.
    pub number: String,
    /// The quarter.
    pub neighborhood: String,
    /// Flat and the like.
    pub complement: String,
    /// The city.
    pub city: String,
    /// The state, in full.
    pub state: String,
    /// `01226-010`.
    pub postal_code: String,
}

impl Address {
    /// All of it in one line.
    #[must_use]
    pub fn full(&self) -> String {
        format!(
            "{}, {}, {}, {}, {}, {}, Brasil",
            self.street, self.number, self.neighborhood, self.city, self.state, self.postal_code
        )
    }
}

/// What a warehouse is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WarehouseKind {
    /// Goods leave from here.
    SalesWarehouse,
    /// Returns arrive here.
    ReturnWarehouse,
}

/// A place with goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warehouse {
    /// The id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: WarehouseKind,
    /// The one used when nothing else is said.
    pub is_default: bool,
    /// `ENABLED`, `DISABLED` or `RESTRICTED`.
    pub effect_status: String,
    /// Where it stands.
    pub address: Address,
}

/// A shop of a local seller: one seller, one shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// The id; webhooks carry it.
    pub id: i64,
    /// Names the shop in calls.
    pub cipher: String,
    /// The seller's id for this application.
    pub open_id: String,
    /// The name.
    pub name: String,
    /// The public code.
    pub code: String,
    /// `BR`.
    pub region: String,
    /// The company's number, fourteen digits.
    pub cnpj: String,
    /// False for a shop that the platform has closed.
    pub active: bool,
    /// Its warehouses.
    pub warehouses: Vec<Warehouse>,
}

impl Shop {
    /// The warehouse with this id that goods are sold from.
    #[must_use]
    pub fn sales_warehouse(&self, id: i64) -> Option<&Warehouse> {
        self.warehouses.iter().find(|it| it.id == id && it.kind == WarehouseKind::SalesWarehouse)
    }

    /// The warehouse that goods are sold from when none is named.
    #[must_use]
    pub fn default_warehouse(&self) -> Option<&Warehouse> {
        let sells = |it: &&Warehouse| it.kind == WarehouseKind::SalesWarehouse;
        self.warehouses.iter().filter(sells).find(|it| it.is_default)
    }

    /// How many warehouses goods are sold from.
    #[must_use]
    pub fn sales_warehouses(&self) -> usize {
        self.warehouses.iter().filter(|it| it.kind == WarehouseKind::SalesWarehouse).count()
    }
}

/// A way to the buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryOption {
    /// The id.
    pub id: i64,
    /// Its name.
    pub name: &'static str,
    /// `STANDARD`, `SEND_BY_SELLER`…
    pub kind: &'static str,
    /// Whose parcels these are: `TIKTOK` or `SELLER`.
    pub shipping_type: &'static str,
}

/// Parcels on the platform's own labels.
pub const PLATFORM_OPTION: DeliveryOption = DeliveryOption {
    id: 7_091_000_000_000_000_001,
    name: "Envio Padrão",
    kind: "STANDARD",
    shipping_type: "TIKTOK",
};
/// Parcels that the seller sends as he likes.
pub const SELLER_OPTION: DeliveryOption = DeliveryOption {
    id: 7_091_000_000_000_000_002,
    name: "Envio pelo vendedor",
    kind: "SEND_BY_SELLER",
    shipping_type: "SELLER",
};

/// Carriers: id and name. The first one carries the platform's own parcels.
pub const PROVIDERS: [(i64, &str); 4] = [
    (7_117_858_858_072_016_641, "J&T Express BR"),
    (7_117_858_858_072_016_642, "Correios"),
    (7_117_858_858_072_016_643, "Loggi"),
    (7_117_858_858_072_016_644, "Jadlog"),
];

/// The carrier's name.
#[must_use]
pub fn provider_name(id: i64) -> Option<&'static str> {
    PROVIDERS.iter().find(|provider| provider.0 == id).map(|provider| provider.1)
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const LOGISTICS: Door = shop(&[202_309], "seller.logistics");
    const SHOP_INFO: Door = seller(&[202_309], "seller.shop.info");
    vec![
        get("/authorization/{v}/shops", seller(&[202_309], "seller.authorization.info"), authorized_shops),
        get("/seller/{v}/shops", SHOP_INFO, seller_shops),
        get("/seller/{v}/permissions", SHOP_INFO, |_, _| success(json!({"permissions": []}))),
        get("/logistics/{v}/warehouses", LOGISTICS, warehouses),
        get("/logistics/{v}/global_warehouses", SHOP_INFO, |_, _| success(json!({}))),
        get("/logistics/{v}/warehouses/{id}/delivery_options", LOGISTICS, delivery_options),
        get("/logistics/{v}/delivery_options/{id}/shipping_providers", LOGISTICS, shipping_providers),
    ]
}

fn authorized_shops(world: &mut World, call: &Call) -> Answer {
    let shop = own(world, &Ask::of(call)?)?;
    success(json!({"shops": [{
        "id": shop.id.to_string(), "name": shop.name, "region": shop.region, "seller_type": "LOCAL",
        "cipher": shop.cipher, "code": shop.code,
    }]}))
}

fn seller_shops(world: &mut World, call: &Call) -> Answer {
    let shop = own(world, &Ask::of(call)?)?;
    success(json!({"shops": [{"id": shop.id.to_string(), "region": shop.region}]}))
}

/// The shop that the call is about.
pub(crate) fn own<'a>(world: &'a World, ask: &Ask<'_>) -> Result<&'a Shop, Refusal> {
    world.shops.get(&ask.shop_id()).ok_or_else(Refusal::inactive_shop)
}

/// An address as warehouses show it: quarter, street, number, complement.
fn address_document(address: &Address, contact: &str) -> Value {
    json!({
        "region": "Brasil", "region_code": "BR", "state": address.state, "city": address.city, "distict": "", "town": "",
        "contact_person": contact, "postal_code": address.postal_code, "full_address": address.full(),
        "phone_number": "(+55)11999990000", "address_line1": address.neighborhood, "address_line2": address.street,
        "address_line3": address.number, "address_line4": address.complement,
    })
}

fn warehouse_document(shop: &Shop, warehouse: &Warehouse) -> Value {
    json!({
        "id": warehouse.id.to_string(), "entity_id": shop.id.to_string(), "name": warehouse.name,
        "effect_status": warehouse.effect_status, "type": warehouse.kind, "sub_type": "DOMESTIC_WAREHOUSE",
        "is_default": warehouse.is_default, "address": address_document(&warehouse.address, &shop.name),
    })
}

fn warehouses(world: &mut World, call: &Call) -> Answer {
    let shop = own(world, &Ask::of(call)?)?;
    let rows: Vec<Value> = shop.warehouses.iter().map(|it| warehouse_document(shop, it)).collect();
    // The key is absent when there is none.
    success(if rows.is_empty() { json!({}) } else { json!({ "warehouses": rows }) })
}

fn option_document(option: DeliveryOption) -> Value {
    json!({
        "id": option.id.to_string(), "name": option.name, "type": option.kind, "description": option.name,
        "dimension_limit": {"max_length": 100, "max_width": 100, "max_height": 100, "unit": "CM"},
        "weight_limit": {"max_weight": 30_000, "min_weight": 1, "unit": "GRAM"}, "platform": ["TIKTOK_SHOP"],
    })
}

fn delivery_options(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let shop = own(world, &ask)?;
    if shop.sales_warehouse(ask.id("id")).is_none() {
        return Err(Refusal::parameter("warehouse_id", "the warehouse does not exist").into());
    }
    success(json!({"delivery_options": [option_document(PLATFORM_OPTION), option_document(SELLER_OPTION)]}))
}

fn shipping_providers(_: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    match ask.id("id") {
        id if id == SELLER_OPTION.id => {
            let row = |(id, name): &(i64, &str)| json!({"id": id.to_string(), "name": name});
            success(json!({"shipping_providers": PROVIDERS.iter().map(row).collect::<Vec<_>>()}))
        }
        id if id == PLATFORM_OPTION.id => {
            let message = "The shipping providers of a platform delivery option cannot be chosen";
            Err(Refusal::business(21_008_117, message).into())
        }
        _ => Err(Refusal::parameter("delivery_option_id", "the delivery option does not exist").into()),
    }
}

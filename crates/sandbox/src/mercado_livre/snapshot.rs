//! What a checker of invariants needs to know about a world.

use serde::{Deserialize, Serialize};

use super::World;
use super::item::ItemStatus;
use super::order::OrderStatus;

/// Orders and quantities at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// All orders by id, those the seller cannot see included.
    pub orders: Vec<OrderShot>,
    /// All items by id.
    pub items: Vec<ItemShot>,
    /// Units for sale by user product.
    pub stock: Vec<StockShot>,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderShot {
    /// The order id.
    pub id: i64,
    /// The pack.
    pub pack_id: Option<i64>,
    /// The seller.
    pub seller_id: i64,
    /// Where it stands.
    pub status: OrderStatus,
    /// The item.
    pub item_id: String,
    /// The variation.
    pub variation_id: Option<i64>,
    /// What held the stock.
    pub user_product_id: String,
    /// The SKU shown.
    pub sku: Option<String>,
    /// Units.
    pub quantity: i64,
    /// Centavos for all units.
    pub total_minor: i64,
    /// True while its units are out of stock.
    pub holds_stock: bool,
    /// Status of the parcel.
    pub shipment_status: Option<String>,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemShot {
    /// The item id.
    pub id: String,
    /// The seller.
    pub seller_id: i64,
    /// The SKU of the item itself.
    pub sku: Option<String>,
    /// Where it stands.
    pub status: ItemStatus,
    /// Units for sale.
    pub available_quantity: i64,
    /// Units sold.
    pub sold_quantity: i64,
    /// Centavos.
    pub price_minor: i64,
}

/// Stock of a user product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockShot {
    /// The user product id.
    pub user_product_id: String,
    /// The seller.
    pub seller_id: i64,
    /// Units for sale.
    pub quantity: i64,
    /// The version of the stock.
    pub version: i64,
}

impl Snapshot {
    /// The snapshot of `world` at its present instant.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let orders = world.orders.values().map(|order| OrderShot {
            id: order.id,
            pack_id: order.pack_id,
            seller_id: order.seller_id,
            status: order.status,
            item_id: order.item_id.clone(),
            variation_id: order.variation_id,
            user_product_id: order.user_product_id.clone(),
            sku: order.sku.clone(),
            quantity: order.quantity,
            total_minor: order.total_minor(),
            holds_stock: order.holds_stock,
            shipment_status: order
                .shipment_id
                .and_then(|id| world.shipments.get(&id))
                .map(|shipment| shipment.stage.words().0.to_owned()),
        });
        let items = world.items.values().map(|item| ItemShot {
            id: item.id.clone(),
            seller_id: item.seller_id,
            sku: item.sku().map(str::to_owned),
            status: item.status,
            available_quantity: world.available(item),
            sold_quantity: item.sold,
            price_minor: item.price_minor,
        });
        let stock = world.user_products.values().map(|product| StockShot {
            user_product_id: product.id.clone(),
            seller_id: product.user_id,
            quantity: product.available(),
            version: product.version,
        });
        Self { orders: orders.collect(), items: items.collect(), stock: stock.collect() }
    }
}

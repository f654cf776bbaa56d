//! What a checker of invariants needs to know about a world.

use serde::{Deserialize, Serialize};

use super::World;
use super::order::order_status;

/// Orders and quantities at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// All orders by id.
    pub orders: Vec<OrderShot>,
    /// All SKUs by product.
    pub skus: Vec<SkuShot>,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderShot {
    /// The order id.
    pub id: i64,
    /// The shop.
    pub shop_id: i64,
    /// The status, by the API's word.
    pub status: String,
    /// Seller's SKU of every unit that is not cancelled.
    pub units: Vec<String>,
    /// Centavos that the buyer pays.
    pub total_minor: i64,
}

/// A SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuShot {
    /// The product.
    pub product_id: i64,
    /// The SKU.
    pub sku_id: i64,
    /// The shop.
    pub shop_id: i64,
    /// The seller's own word.
    pub seller_sku: String,
    /// The product's status, by the API's word.
    pub status: String,
    /// Units for sale.
    pub available: i64,
    /// Units sold and not yet collected.
    pub committed: i64,
    /// Centavos.
    pub price_minor: i64,
}

impl Snapshot {
    /// The snapshot of `world` at its present instant.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let orders = world.orders.values().map(|order| OrderShot {
            id: order.id,
            shop_id: order.shop_id,
            status: order_status(world, order).to_owned(),
            units: order.live_lines().map(|line| line.seller_sku.clone()).collect(),
            total_minor: order.list_minor() - order.discount_minor() + order.freight_paid_minor(),
        });
        let skus = world.products.values().flat_map(|product| {
            product.content.skus.iter().map(move |sku| {
                let offer = product.offers.get(&sku.id).cloned().unwrap_or_default();
                SkuShot {
                    product_id: product.id,
                    sku_id: sku.id,
                    shop_id: product.shop_id,
                    seller_sku: sku.seller_sku.clone(),
                    status: product.state.word().to_owned(),
                    available: offer.available(),
                    committed: offer.committed(),
                    price_minor: offer.price_minor,
                }
            })
        });
        Self { orders: orders.collect(), skus: skus.collect() }
    }
}

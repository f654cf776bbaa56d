//! Orders and stock, short: what a checker of invariants compares.

use serde::{Deserialize, Serialize};

use super::World;
use super::order::OrderStatus;

/// The world in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// All orders, by number.
    pub orders: Vec<OrderEntry>,
    /// Everything that is stocked.
    pub shelf: Vec<ShelfEntry>,
}

/// An order in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntry {
    /// Its number.
    pub order_sn: String,
    /// The shop.
    pub shop_id: i64,
    /// Where it stands.
    pub status: OrderStatus,
    /// It was paid.
    pub paid: bool,
    /// A carrier has (or had) a package of it.
    pub has_left: bool,
    /// SKU and units that count as sold.
    pub lines: Vec<(String, i64)>,
}

/// A model on the shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShelfEntry {
    /// The shop.
    pub shop_id: i64,
    /// The item.
    pub item_id: i64,
    /// The model; 0 for an item without variations.
    pub model_id: i64,
    /// The seller's SKU.
    pub sku: String,
    /// Units for sale.
    pub stock: i64,
}

impl Snapshot {
    /// The snapshot of `world` at its present instant.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let orders = world.orders.values().map(|order| OrderEntry {
            order_sn: order.sn.clone(),
            shop_id: order.shop_id,
            status: order.status,
            paid: order.paid.is_some(),
            has_left: order.packages.iter().any(|package| package.picked_up.is_some()),
            lines: order
                .lines
                .iter()
                .map(|line| {
                    let sku = if line.model_sku.is_empty() { &line.item_sku } else { &line.model_sku };
                    (sku.clone(), line.quantity - line.cancelled)
                })
                .collect(),
        });
        let shelf = world.items.values().filter(|item| !item.status.is_deleted()).flat_map(|item| {
            item.models.iter().map(|model| ShelfEntry {
                shop_id: item.shop_id,
                item_id: item.id,
                model_id: model.id,
                sku: model.sku.clone(),
                stock: model.stock,
            })
        });
        Self { orders: orders.collect(), shelf: shelf.collect() }
    }
}

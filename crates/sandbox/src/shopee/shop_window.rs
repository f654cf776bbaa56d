//! What buyers see of Shopee.

use super::World;
use super::item::ItemStatus;
use super::sales::{self, SaleRequest};
use crate::storefront::{Good, Storefront};

/// A model as a key behind its item's.
const BEHIND: char = ':';

impl Storefront for World {
    const NAME: &'static str = "Shopee";

    fn goods(&self) -> Vec<Good> {
        let on_sale = self.items.values().filter(|item| item.status == ItemStatus::Normal);
        let models = on_sale.flat_map(|item| item.models.iter().map(move |model| (item, model)));
        models
            .map(|(item, model)| {
                let variant = item.model_name(model);
                let variant = if variant.is_empty() { variant } else { format!(" ({variant})") };
                Good {
                    key: format!("{}{BEHIND}{}", item.id, model.id),
                    seller: self.shops.get(&item.shop_id).map(|shop| shop.name.clone()).unwrap_or_default(),
                    title: format!("{}{variant}", item.name),
                    code: if model.sku.is_empty() { item.sku.clone() } else { model.sku.clone() },
                    price_minor: model.current_price(),
                    units: model.stock,
                }
            })
            .collect()
    }

    fn buy(&mut self, key: &str) -> Result<String, String> {
        let (item, model) = key.split_once(BEHIND).unwrap_or((key, ""));
        let request = SaleRequest {
            item_id: item.parse().ok(),
            model_id: model.parse().ok(),
            quantity: Some(1),
            ..SaleRequest::default()
        };
        let orders = sales::sell(self, &request).map_err(|error| error.to_string())?;
        Ok(orders.into_iter().next().unwrap_or_default())
    }
}

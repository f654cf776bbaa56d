//! What buyers see of Mercado Livre.

use super::World;
use super::item::{Item, ItemStatus};
use super::sales::{self, SaleLine, SaleRequest};
use crate::storefront::{Good, Storefront};

/// A variation as a key behind its item's.
const BEHIND: char = ':';

fn goods_of(world: &World, item: &Item) -> Vec<Good> {
    let seller = world.users.get(&item.seller_id).map(|user| user.nickname.clone()).unwrap_or_default();
    let good = |variation: Option<i64>, title: String, price_minor| Good {
        key: variation.map_or_else(|| item.id.clone(), |id| format!("{}{BEHIND}{id}", item.id)),
        seller: seller.clone(),
        title,
        code: item.sku_of(variation).unwrap_or_default().to_owned(),
        price_minor,
        units: world.stock_of(item.stock_holder(variation)),
    };
    if item.variations.is_empty() {
        return vec![good(None, item.title.clone(), item.price_minor)];
    }
    let named = |combinations: &[serde_json::Value]| {
        let names: Vec<&str> = combinations.iter().filter_map(|it| it["value_name"].as_str()).collect();
        format!("{} ({})", item.title, names.join(", "))
    };
    let each = item.variations.iter();
    each.map(|it| good(Some(it.id), named(&it.combinations), it.price_minor)).collect()
}

impl Storefront for World {
    const NAME: &'static str = "Mercado Livre";

    fn goods(&self) -> Vec<Good> {
        let active = self.items.values().filter(|item| item.status == ItemStatus::Active);
        active.flat_map(|item| goods_of(self, item)).collect()
    }

    fn buy(&mut self, key: &str) -> Result<String, String> {
        let (item, variation) = match key.split_once(BEHIND) {
            Some((item, variation)) => (item, variation.parse().ok()),
            None => (key, None),
        };
        let mut request = SaleRequest::of_item(item, 1);
        request.line = SaleLine { variation_id: variation, ..request.line };
        let orders = sales::sell(self, &request).map_err(|error| error.to_string())?;
        Ok(orders.first().map(i64::to_string).unwrap_or_default())
    }
}

//! What buyers see of TikTok Shop.

use super::World;
use super::product::{Offer, Product};
use super::sale::{self, SaleLine, SaleRequest};
use crate::storefront::{Good, Storefront};

impl Storefront for World {
    const NAME: &'static str = "TikTok Shop";

    fn goods(&self) -> Vec<Good> {
        let on_sale = self.products.values().filter(|product: &&Product| product.is_for_sale());
        let skus = on_sale.flat_map(|product| product.content.skus.iter().map(move |sku| (product, sku)));
        skus.map(|(product, sku)| {
            let offer = product.offers.get(&sku.id);
            let variant =
                if sku.attributes.is_empty() { String::new() } else { format!(" ({})", sku.name()) };
            Good {
                key: sku.id.to_string(),
                seller: self.shops.get(&product.shop_id).map(|shop| shop.name.clone()).unwrap_or_default(),
                title: format!("{}{variant}", product.content.title()),
                code: sku.seller_sku.clone(),
                price_minor: offer.map_or(0, |offer| offer.price_minor),
                units: offer.map_or(0, Offer::available),
            }
        })
        .collect()
    }

    fn buy(&mut self, key: &str) -> Result<String, String> {
        let line = SaleLine { sku: None, sku_id: Some(key.to_owned()), quantity: 1 };
        let request = SaleRequest { line, ..SaleRequest::default() };
        let orders = sale::sell(self, &request).map_err(|error| error.to_string())?;
        Ok(orders.first().map(i64::to_string).unwrap_or_default())
    }
}

//! Items, their models, and how they read (fact sheet §5).

use std::collections::BTreeMap;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::World;
use super::catalogue;
use super::shop::CURRENCY;
use super::world::secs;
use crate::text::reais;

/// The one location of a shop that is not in the multi-warehouse whitelist.
pub const LOCATION: &str = "BRZ";

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ItemStatus {
    /// For sale.
    Normal,
    /// Taken from the shelf by the seller.
    Unlist,
    /// Forbidden by the platform.
    Banned,
    /// Being looked at by the platform.
    Reviewing,
    /// Deleted by the seller.
    SellerDelete,
    /// Deleted by the platform.
    ShopeeDelete,
}

impl ItemStatus {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Normal, Self::Unlist, Self::Banned, Self::Reviewing, Self::SellerDelete, Self::ShopeeDelete];

    /// The platform's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Unlist => "UNLIST",
            Self::Banned => "BANNED",
            Self::Reviewing => "REVIEWING",
            Self::SellerDelete => "SELLER_DELETE",
            Self::ShopeeDelete => "SHOPEE_DELETE",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    pub(crate) const fn is_deleted(self) -> bool {
        matches!(self, Self::SellerDelete | Self::ShopeeDelete)
    }
}

/// A choice of a tier, as in "Preto".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierOption {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) image_id: Option<String>,
}

/// What models differ in, as in "Cor".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub(crate) variation_id: i64,
    pub(crate) group_id: i64,
    pub(crate) name: String,
    pub(crate) options: Vec<TierOption>,
}

/// A campaign that an item or model takes part in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    pub(crate) id: u64,
    /// The price in centavos.
    pub(crate) price: i64,
    /// Units set aside for it.
    pub(crate) reserved: i64,
    pub(crate) until: Timestamp,
}

/// What is priced and stocked. An item without variations has one, of id 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    pub(crate) id: i64,
    pub(crate) tier_index: Vec<usize>,
    pub(crate) sku: String,
    /// In centavos.
    pub(crate) price: i64,
    /// Units that the seller has for sale, those of a campaign included.
    pub(crate) stock: i64,
    pub(crate) gtin: String,
    pub(crate) campaign: Option<Campaign>,
    /// Weight, measures and pre-order, where a model has its own.
    pub(crate) extra: Map<String, Value>,
}

impl Model {
    pub(crate) fn reserved(&self) -> i64 {
        self.campaign.as_ref().map_or(0, |campaign| campaign.reserved)
    }

    /// What a buyer pays for a unit, in centavos.
    pub(crate) fn current_price(&self) -> i64 {
        self.campaign.as_ref().map_or(self.price, |campaign| campaign.price)
    }
}

/// An offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub(crate) id: i64,
    pub(crate) shop_id: i64,
    pub(crate) category_id: i64,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) sku: String,
    pub(crate) status: ItemStatus,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) images: Vec<String>,
    pub(crate) image_ratio: String,
    /// Kilograms, as text: written as a number and read as a string.
    pub(crate) weight: String,
    pub(crate) attributes: Vec<Value>,
    pub(crate) brand: Value,
    pub(crate) logistics: Vec<Value>,
    /// What is kept as it was sent: measures, condition, pre-order, tax data and the like.
    pub(crate) extra: Map<String, Value>,
    pub(crate) tiers: Vec<Tier>,
    pub(crate) models: Vec<Model>,
    pub(crate) deboosted: bool,
    pub(crate) violations: Vec<Value>,
    pub(crate) sold: i64,
    /// Model ids that were replaced, and must never come back.
    pub(crate) dead_models: BTreeMap<i64, Timestamp>,
}

impl Item {
    pub(crate) fn has_models(&self) -> bool {
        !self.tiers.is_empty()
    }

    pub(crate) fn model(&self, id: i64) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }

    pub(crate) fn model_mut(&mut self, id: i64) -> Option<&mut Model> {
        self.models.iter_mut().find(|model| model.id == id)
    }

    pub(crate) fn in_campaign(&self) -> bool {
        self.models.iter().any(|model| model.campaign.is_some())
    }

    /// The name of a model as orders show it: `Preta,M`.
    pub(crate) fn model_name(&self, model: &Model) -> String {
        let option = |(tier, index): (&Tier, &usize)| tier.options.get(*index).map(|it| it.name.clone());
        self.tiers.iter().zip(&model.tier_index).filter_map(option).collect::<Vec<_>>().join(",")
    }
}

/// The address of a picture.
pub(crate) fn image_url(world: &World, image_id: &str) -> String {
    format!("{}/file/{image_id}", world.base_url)
}

pub(crate) fn price_info(model: &Model) -> Value {
    json!([{"currency": CURRENCY, "original_price": reais(model.price), "current_price": reais(model.current_price()),
        "inflated_price_of_original_price": reais(model.price),
        "inflated_price_of_current_price": reais(model.current_price()), "sip_item_price": 0, "sip_item_price_source": ""}])
}

pub(crate) fn stock_info(model: &Model) -> Value {
    json!({
        "summary_info": {"total_reserved_stock": model.reserved(), "total_available_stock": model.stock},
        "seller_stock": [{"location_id": LOCATION, "stock": model.stock, "if_saleable": true}],
        "shopee_stock": [], "advance_stock": {"sellable_advance_stock": 0, "in_transit_advance_stock": 0},
    })
}

/// An item as `get_item_base_info` shows it.
pub(crate) fn base_document(world: &World, item: &Item, with_tax: bool) -> Value {
    let urls: Vec<String> = item.images.iter().map(|id| image_url(world, id)).collect();
    let mut body = json!({
        "item_id": item.id, "category_id": item.category_id, "item_name": item.name, "item_sku": item.sku,
        "description": item.description, "description_type": "normal",
        "create_time": secs(item.created), "update_time": secs(item.updated),
        "attribute_list": catalogue::attributes_document(item),
        "image": {"image_url_list": urls, "image_id_list": item.images, "image_ratio": item.image_ratio},
        "weight": item.weight, "logistic_info": item.logistics, "item_status": item.status,
        "deboost": item.deboosted, "has_model": item.has_models(), "has_promotion": item.in_campaign(),
        "brand": item.brand, "item_dangerous": 0, "tag": {"kit": false}, "is_fulfillment_by_shopee": false,
        "condition": "NEW", "pre_order": {"is_pre_order": false, "days_to_ship": catalogue::DAYS_TO_SHIP},
        "dimension": {"package_length": 0, "package_width": 0, "package_height": 0}, "gtin_code": "",
    });
    for (name, value) in &item.extra {
        if name != "tax_info" || with_tax {
            body[name] = value.clone();
        }
    }
    if let (false, Some(only)) = (item.has_models(), item.models.first()) {
        body["price_info"] = price_info(only);
        body["stock_info_v2"] = stock_info(only);
        body["gtin_code"] = json!(only.gtin);
        if let Some(campaign) = &only.campaign {
            body["promotion_id"] = json!(campaign.id);
        }
    }
    body
}

/// A model as `get_model_list` shows it.
pub(crate) fn model_document(model: &Model) -> Value {
    let mut body = json!({
        "model_id": model.id, "tier_index": model.tier_index, "model_sku": model.sku, "model_status": "MODEL_NORMAL",
        "price_info": price_info(model), "stock_info_v2": stock_info(model), "gtin_code": model.gtin,
        "has_promotion": model.campaign.is_some(), "promotion_id": model.campaign.as_ref().map_or(0, |it| it.id),
        "pre_order": {"is_pre_order": false, "days_to_ship": catalogue::DAYS_TO_SHIP},
    });
    for (name, value) in &model.extra {
        body[name] = value.clone();
    }
    body
}

/// The tiers in the form of old and in the standard form.
pub(crate) fn tier_documents(world: &World, item: &Item) -> (Value, Value) {
    let image = |option: &TierOption| option.image_id.as_ref().map(|id| (id.clone(), image_url(world, id)));
    let old = item.tiers.iter().map(|tier| {
        let options = tier.options.iter().map(|option| {
            let mut row = json!({"option": option.name});
            if let Some((id, url)) = image(option) {
                row["image"] = json!({"image_id": id, "image_url": url});
            }
            row
        });
        json!({"name": tier.name, "option_list": options.collect::<Vec<_>>()})
    });
    let standard = item.tiers.iter().map(|tier| {
        let options = tier.options.iter().map(|option| {
            let mut row = json!({"variation_option_id": option.id, "variation_option_name": option.name});
            if let Some((id, url)) = image(option) {
                row["image_id"] = json!(id);
                row["image_url"] = json!(url);
            }
            row
        });
        json!({"variation_id": tier.variation_id, "variation_name": tier.name, "variation_group_id": tier.group_id,
            "variation_option_list": options.collect::<Vec<_>>()})
    });
    (old.collect(), standard.collect())
}

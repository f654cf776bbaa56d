//! The words of categories, pictures and publishing: only what is read of them.
#![expect(clippy::struct_field_names, reason = "fields are called what the platform calls them")]

use serde::Deserialize;

use super::super::wire::{Amount, Loose};
use crate::market::loose::helpful;

/// `GET /product/get_category`.
#[derive(Debug, Deserialize)]
pub(super) struct Categories {
    pub(super) category_list: Option<Vec<Category>>,
}

/// A category.
#[derive(Debug, Deserialize)]
pub(super) struct Category {
    pub(super) category_id: Option<Loose>,
    pub(super) parent_category_id: Option<Loose>,
    pub(super) original_category_name: Option<Loose>,
    pub(super) display_category_name: Option<Loose>,
    pub(super) has_children: Option<Loose>,
}

/// `GET /product/category_recommend`.
#[derive(Debug, Deserialize)]
pub(super) struct Recommended {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) category_id: Option<Vec<Loose>>,
}

/// `GET /product/get_attribute_tree`.
#[derive(Debug, Deserialize)]
pub(super) struct AttributeTrees {
    pub(super) list: Option<Vec<AttributeTree>>,
}

/// The attributes of one category.
#[derive(Debug, Deserialize)]
pub(super) struct AttributeTree {
    pub(super) category_id: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) attribute_tree: Option<Vec<Attribute>>,
}

/// An attribute; below its values stand those that a value asks for besides.
#[derive(Debug, Deserialize)]
pub(super) struct Attribute {
    pub(super) attribute_id: Option<Loose>,
    pub(super) mandatory: Option<Loose>,
    pub(super) name: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) multi_lang: Option<Vec<Translation>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) attribute_value_list: Option<Vec<AttributeValue>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) attribute_info: Option<AttributeInfo>,
}

/// A name in a language.
#[derive(Debug, Deserialize)]
pub(super) struct Translation {
    pub(super) value: Option<Loose>,
}

/// A value that is listed.
#[derive(Debug, Deserialize)]
pub(super) struct AttributeValue {
    pub(super) value_id: Option<Loose>,
    pub(super) name: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) multi_lang: Option<Vec<Translation>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) child_attribute_list: Option<Vec<Attribute>>,
}

/// How an attribute is told.
#[derive(Debug, Default, Deserialize)]
pub(super) struct AttributeInfo {
    pub(super) input_type: Option<Loose>,
    pub(super) input_validation_type: Option<Loose>,
    pub(super) format_type: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) attribute_unit_list: Option<Vec<Loose>>,
    pub(super) max_value_count: Option<Loose>,
}

/// `GET /product/get_brand_list`.
#[derive(Debug, Deserialize)]
pub(super) struct Brands {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) brand_list: Option<Vec<Brand>>,
    pub(super) has_next_page: Option<Loose>,
    pub(super) next_offset: Option<Loose>,
    pub(super) is_mandatory: Option<Loose>,
}

/// A brand.
#[derive(Debug, Deserialize)]
pub(super) struct Brand {
    pub(super) brand_id: Option<Loose>,
    pub(super) original_brand_name: Option<Loose>,
    pub(super) display_brand_name: Option<Loose>,
}

/// `GET /product/get_item_limit`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Limits {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) price_limit: Option<Prices>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) stock_limit: Option<Limit>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) item_name_length_limit: Option<Limit>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) item_image_count_limit: Option<Limit>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) item_description_length_limit: Option<Limit>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) tier_variation_name_length_limit: Option<Limit>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) tier_variation_option_length_limit: Option<Limit>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) weight_limit: Option<Mandatory>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) dimension_limit: Option<Mandatory>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) gtin_limit: Option<GtinLimit>,
}

/// A least and a most.
#[derive(Debug, Deserialize)]
pub(super) struct Limit {
    pub(super) min_limit: Option<Loose>,
    pub(super) max_limit: Option<Loose>,
}

/// A least and a most price.
#[derive(Debug, Deserialize)]
pub(super) struct Prices {
    pub(super) min_limit: Option<Amount>,
    pub(super) max_limit: Option<Amount>,
}

/// Whether it has to be told.
#[derive(Debug, Deserialize)]
pub(super) struct Mandatory {
    #[serde(alias = "weight_mandatory", alias = "dimension_mandatory")]
    pub(super) mandatory: Option<Loose>,
}

/// Whether product codes have to be told.
#[derive(Debug, Deserialize)]
pub(super) struct GtinLimit {
    pub(super) gtin_validation_rule: Option<Loose>,
}

/// `POST /media_space/upload_image`.
#[derive(Debug, Deserialize)]
pub(super) struct Uploaded {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) image_info: Option<Image>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) image_info_list: Option<Vec<UploadedRow>>,
}

/// One picture of several.
#[derive(Debug, Deserialize)]
pub(super) struct UploadedRow {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) image_info: Option<Image>,
}

/// A picture.
#[derive(Debug, Deserialize)]
pub(super) struct Image {
    pub(super) image_id: Option<Loose>,
}

/// `GET /logistics/get_channel_list`.
#[derive(Debug, Deserialize)]
pub(super) struct Channels {
    pub(super) logistics_channel_list: Option<Vec<Channel>>,
}

/// A way of sending.
#[derive(Debug, Deserialize)]
pub(super) struct Channel {
    pub(super) logistics_channel_id: Option<Loose>,
    pub(super) enabled: Option<Loose>,
    pub(super) mask_channel_id: Option<Loose>,
}

/// `POST /product/add_item`.
#[derive(Debug, Deserialize)]
pub(super) struct Added {
    pub(super) item_id: Option<Loose>,
}

/// `GET /product/search_item`.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) item_id_list: Option<Vec<Loose>>,
}

/// `GET /product/get_item_base_info`, as far as publishing reads it.
#[derive(Debug, Deserialize)]
pub(super) struct Made {
    #[serde(default)]
    pub(super) item_list: Option<Vec<MadeItem>>,
}

/// An item that was made.
#[derive(Debug, Deserialize)]
pub(super) struct MadeItem {
    pub(super) item_id: Loose,
    pub(super) item_name: Option<Loose>,
    pub(super) item_status: Option<Loose>,
    pub(super) create_time: Option<Loose>,
    pub(super) has_model: Option<Loose>,
}

/// `GET /product/get_item_violation_info`.
#[derive(Debug, Deserialize)]
pub(super) struct Violations {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) item_list: Option<Vec<ViolatingItem>>,
}

/// What the platform has against an item.
#[derive(Debug, Deserialize)]
pub(super) struct ViolatingItem {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) item_status_details: Option<Vec<Violation>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) deboost_details: Option<Vec<Violation>>,
}

/// One thing.
#[derive(Debug, Deserialize)]
pub(super) struct Violation {
    pub(super) violation_type: Option<Loose>,
    pub(super) violation_reason: Option<Loose>,
    pub(super) suggestion: Option<Loose>,
}

//! The words of categories, pictures and publishing: only what is read of them.

use serde::Deserialize;

use super::super::wire::{Loose, Tags};
use crate::market::loose::helpful;

/// `GET /product/{version}/categories`.
#[derive(Debug, Deserialize)]
pub(super) struct Categories {
    pub(super) categories: Option<Vec<Category>>,
}

/// A category.
#[derive(Debug, Deserialize)]
pub(super) struct Category {
    pub(super) id: Option<Loose>,
    pub(super) parent_id: Option<Loose>,
    #[serde(alias = "name")]
    pub(super) local_name: Option<Loose>,
    pub(super) is_leaf: Option<Loose>,
    pub(super) permission_statuses: Option<Tags>,
}

/// `POST /product/{version}/categories/recommend`: from the root down to the leaf.
#[derive(Debug, Deserialize)]
pub(super) struct Recommended {
    pub(super) leaf_category_id: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) categories: Option<Vec<Category>>,
}

/// `GET /product/{version}/categories/{id}/attributes`.
#[derive(Debug, Deserialize)]
pub(super) struct Attributes {
    pub(super) attributes: Option<Vec<Attribute>>,
}

/// An attribute.
#[derive(Debug, Deserialize)]
pub(super) struct Attribute {
    pub(super) id: Option<Loose>,
    pub(super) name: Option<Loose>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Loose>,
    /// Spelled so by the platform; rightly in some of its documents.
    #[serde(rename = "is_requried", alias = "is_required")]
    pub(super) required: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) values: Option<Vec<Named>>,
    pub(super) is_customizable: Option<Loose>,
    pub(super) is_multiple_selection: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) requirement_conditions: Option<Vec<Condition>>,
}

/// Something with an id and a name.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) id: Option<Loose>,
    pub(super) name: Option<Loose>,
}

/// A value that makes something required.
#[derive(Debug, Deserialize)]
pub(super) struct Condition {
    pub(super) attribute_id: Option<Loose>,
    pub(super) attribute_value_id: Option<Loose>,
}

/// `GET /product/{version}/categories/{id}/rules`.
#[derive(Debug, Deserialize)]
pub(super) struct Rules {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) product_certifications: Option<Vec<Paper>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) size_chart: Option<Required>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) package_dimension: Option<Required>,
}

/// A paper that is handed in.
#[derive(Debug, Deserialize)]
pub(super) struct Paper {
    pub(super) name: Option<Loose>,
    pub(super) is_required: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) requirement_conditions: Option<Vec<Condition>>,
}

/// Whether it has to be told.
#[derive(Debug, Deserialize)]
pub(super) struct Required {
    pub(super) is_required: Option<Loose>,
}

/// `GET /product/{version}/brands`.
#[derive(Debug, Deserialize)]
pub(super) struct Brands {
    pub(super) brands: Option<Vec<Brand>>,
    pub(super) next_page_token: Option<Loose>,
}

/// A brand.
#[derive(Debug, Deserialize)]
pub(super) struct Brand {
    pub(super) id: Option<Loose>,
    pub(super) name: Option<Loose>,
    pub(super) authorized_status: Option<Loose>,
    #[serde(rename = "is_t1_brand")]
    pub(super) is_protected: Option<Loose>,
}

/// `POST /product/{version}/images/upload`.
#[derive(Debug, Deserialize)]
pub(super) struct Uploaded {
    pub(super) uri: Option<Loose>,
}

/// `GET /logistics/{version}/warehouses`: the key is left out where there are none.
#[derive(Debug, Deserialize)]
pub(super) struct Warehouses {
    pub(super) warehouses: Option<Vec<Warehouse>>,
}

/// A warehouse; its address is nobody's business here.
#[derive(Debug, Deserialize)]
pub(super) struct Warehouse {
    pub(super) id: Option<Loose>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Loose>,
    pub(super) effect_status: Option<Loose>,
    pub(super) is_default: Option<Loose>,
}

/// What a creation and an edit answer.
#[derive(Debug, Deserialize)]
pub(super) struct Written {
    pub(super) product_id: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) warnings: Option<Vec<Warning>>,
}

/// Something that was dropped in silence but for this.
#[derive(Debug, Deserialize)]
pub(super) struct Warning {
    pub(super) message: Option<Loose>,
}

/// `POST /product/{version}/products/search`, as far as publishing reads it.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) products: Option<Vec<FoundProduct>>,
}

/// A product that was found.
#[derive(Debug, Deserialize)]
pub(super) struct FoundProduct {
    pub(super) id: Option<Loose>,
    pub(super) status: Option<Loose>,
    pub(super) create_time: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) skus: Option<Vec<FoundSku>>,
}

/// One of its variations.
#[derive(Debug, Deserialize)]
pub(super) struct FoundSku {
    pub(super) seller_sku: Option<Loose>,
}

/// `GET /product/{version}/products/{id}`: what the audit has against it.
#[derive(Debug, Deserialize)]
pub(super) struct Audited {
    pub(super) status: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) audit_failed_reasons: Option<Vec<Failure>>,
}

/// One thing that the audit found.
#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    pub(super) position: Option<Loose>,
    pub(super) reasons: Option<Tags>,
    pub(super) suggestions: Option<Tags>,
}

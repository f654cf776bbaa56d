//! The words of categories, pictures and publishing: only what is read of them.

use serde::Deserialize;

use super::super::wire::{Amount, Loose, Tags};
use crate::market::loose::helpful;

/// A category in a list.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) id: Option<Loose>,
    pub(super) name: Option<Loose>,
}

/// `GET /categories/{id}`.
#[derive(Debug, Deserialize)]
pub(super) struct Category {
    pub(super) id: Loose,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) path_from_root: Option<Vec<Named>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) children_categories: Option<Vec<Named>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) settings: Option<Settings>,
}

/// What a category allows.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Settings {
    pub(super) listing_allowed: Option<Loose>,
    pub(super) status: Option<Loose>,
    pub(super) currencies: Option<Tags>,
    pub(super) max_title_length: Option<Loose>,
    pub(super) max_description_length: Option<Loose>,
    pub(super) max_pictures_per_item: Option<Loose>,
    pub(super) max_variations_allowed: Option<Loose>,
    pub(super) minimum_price: Option<Amount>,
    pub(super) maximum_price: Option<Amount>,
}

/// One row of `GET /sites/{site}/domain_discovery/search`.
#[derive(Debug, Deserialize)]
pub(super) struct Proposal {
    pub(super) category_id: Option<Loose>,
    pub(super) category_name: Option<Loose>,
}

/// One row of `GET /categories/{id}/attributes`.
#[derive(Debug, Deserialize)]
pub(super) struct AttributeRule {
    pub(super) id: Option<Loose>,
    pub(super) name: Option<Loose>,
    pub(super) tags: Option<Tags>,
    pub(super) value_type: Option<Loose>,
    pub(super) value_max_length: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) values: Option<Vec<Named>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) allowed_units: Option<Vec<Named>>,
}

/// `POST /categories/{id}/attributes/conditional`.
#[derive(Debug, Deserialize)]
pub(super) struct Owed {
    pub(super) required_attributes: Option<Vec<Named>>,
}

/// `POST /pictures/items/upload`.
#[derive(Debug, Deserialize)]
pub(super) struct Uploaded {
    pub(super) id: Option<Loose>,
}

/// `POST /items`, and what else of an item matters only here.
#[derive(Debug, Deserialize)]
pub(super) struct Published {
    pub(super) id: Loose,
    pub(super) title: Option<Loose>,
    pub(super) family_name: Option<Loose>,
    pub(super) date_created: Option<Loose>,
    pub(super) tags: Option<Tags>,
    pub(super) sub_status: Option<Tags>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) warnings: Option<Vec<Cause>>,
}

/// An entry of `cause` or of `warnings`.
#[derive(Debug, Deserialize)]
pub(super) struct Cause {
    #[serde(rename = "type")]
    pub(super) level: Option<Loose>,
    #[serde(rename = "cause_id")]
    pub(super) number: Option<Loose>,
    pub(super) code: Option<Loose>,
    pub(super) message: Option<Loose>,
}

/// A refusal, as far as it names causes.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) cause: Option<Vec<Cause>>,
}

/// `GET /users/{id}/stores/search`.
#[derive(Debug, Deserialize)]
pub(super) struct Stores {
    pub(super) results: Option<Vec<Store>>,
}

/// A depot.
#[derive(Debug, Deserialize)]
pub(super) struct Store {
    pub(super) id: Option<Loose>,
    pub(super) network_node_id: Option<Loose>,
}

/// One row of `GET /moderations/last_moderation/{element}`.
#[derive(Debug, Deserialize)]
pub(super) struct Moderation {
    pub(super) name: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) evidences: Option<Vec<Evidence>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) wordings: Option<Vec<Wording>>,
}

/// What moderation looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Evidence {
    pub(super) section_name: Option<Loose>,
}

/// What it says.
#[derive(Debug, Deserialize)]
pub(super) struct Wording {
    #[serde(rename = "type")]
    pub(super) kind: Option<Loose>,
    pub(super) value: Option<Loose>,
}

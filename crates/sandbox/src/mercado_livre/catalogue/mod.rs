//! What may be sold and where: categories, attributes, fees, validation, pictures.

pub mod attributes;
pub mod data;
pub mod fees;
pub(crate) mod image;
mod pages;
pub mod pictures;
pub mod predictor;
pub mod products;
pub mod validate;

use crate::mercado_livre::gate::{ANY_TOKEN, PUBLISHING};
use crate::table::{Route, get, post};

pub use data::category;
pub use pages::LISTING_LIFE;
pub use validate::{
    Cause, Level, ListingModel, PictureCheck, check_description, leaf_for, refusal, type_mismatch,
    validate_item, warnings,
};

/// The resources of this folder.
#[must_use]
pub fn routes() -> Vec<Route> {
    let own = vec![
        get("/sites/{site}/categories", ANY_TOKEN, pages::list_roots),
        get("/categories/{id}", ANY_TOKEN, pages::show_category),
        get("/categories/{id}/attributes", ANY_TOKEN, pages::list_attributes),
        post("/categories/{id}/attributes/conditional", PUBLISHING, pages::conditional_attributes),
        get("/categories/{id}/technical_specs/input", ANY_TOKEN, pages::technical_specs),
        get("/categories/{id}/technical_specs/output", ANY_TOKEN, pages::technical_specs),
        get("/categories/{id}/sale_terms", ANY_TOKEN, pages::sale_terms),
        get("/categories/{id}/shipping_preferences", ANY_TOKEN, pages::shipping_preferences),
        get("/domains/{domain}/technical_specs", ANY_TOKEN, pages::domain_technical_specs),
        get("/catalog_domains/{domain}", ANY_TOKEN, pages::show_domain),
        get("/catalog_domains/{domain}/categories", ANY_TOKEN, pages::domain_categories),
        post("/catalog_domains/{domain}/attributes/{attribute}/top_values", ANY_TOKEN, pages::top_values),
        get("/sites/{site}/domain_discovery/search", ANY_TOKEN, pages::discover_domain),
        get("/sites/{site}/listing_types", ANY_TOKEN, pages::listing_types),
        get("/sites/{site}/listing_types/{id}", ANY_TOKEN, pages::show_listing_type),
        get("/sites/{site}/listing_prices", ANY_TOKEN, pages::listing_prices),
        get("/users/{id}/available_listing_types", PUBLISHING, pages::available_listing_types),
    ];
    [own, pictures::routes(), products::routes()].concat()
}

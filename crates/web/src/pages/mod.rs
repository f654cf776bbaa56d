//! Every page as a struct. A handler fills one and renders it with askama's
//! `Template::render`; nothing else reaches the template.

pub mod account;
pub mod audit;
pub mod backups;
pub mod centre;
pub mod components;
pub mod connections;
pub mod desk;
pub mod draft_preview;
pub mod drafts;
pub mod keys;
pub mod kits;
pub mod leaving;
pub mod listings;
pub mod members;
pub mod money;
pub mod money_view;
pub mod order_list;
pub mod orders;
pub mod pictures;
pub mod prices;
pub mod privacy;
pub mod problems;
pub mod products;
pub mod proposals;
pub mod publish_many;
pub mod register;
pub mod replay;
pub mod returns;
pub mod security;
pub mod sheets;
pub mod skus;
pub mod stock_takes;

/// What is wrong with a form, field by field, in the reader's language.
#[derive(Debug, Clone, Default)]
pub struct Errors(pub Vec<FieldError>);

/// What is wrong with one field.
#[derive(Debug, Clone)]
pub struct FieldError {
    /// The field's name in the form; also the id of its input.
    pub field: &'static str,
    /// The sentence.
    pub text: String,
}

impl Errors {
    /// What is wrong with `field`.
    #[must_use]
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|error| error.field == field).map(|error| error.text.as_str())
    }

    /// Whether anything is wrong.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }
}

/// The ways out of a keyset page.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// Address of the newer page.
    pub newer: Option<String>,
    /// Address of the older page.
    pub older: Option<String>,
}

/// The address of a path of the house with what follows its question mark, pair by pair.
#[must_use]
pub fn query_of(path: &str) -> url::form_urlencoded::Serializer<'static, String> {
    let start = format!("{path}?");
    let end = start.len();
    url::form_urlencoded::Serializer::for_suffix(start, end)
}

/// One entry of a choice.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What people read.
    pub label: String,
}

/// A SKU as other pages name it.
#[derive(Debug, Clone)]
pub struct SkuLink {
    /// Its id.
    pub id: domain::SkuId,
    /// The seller's code.
    pub code: String,
}

//! What is wrong with a listing body, in the marketplace's words.

use domain::{Currency, Money};
use serde_json::{Value, json};

use super::attributes::{Attribute, Given, attributes_of, conditionally_required, given};
use super::data::{Category, category};

/// Longest title or family name, in characters.
pub const MAX_TITLE_LENGTH: usize = 60;
/// Most pictures of a listing.
pub const MAX_PICTURES: usize = 12;
/// Longest description, in characters.
pub const MAX_DESCRIPTION_LENGTH: usize = 50_000;
/// Highest price the site takes.
const MAX_PRICE: Money = Money::new(5_000_000_000, Currency::Brl);

/// Whether a cause refuses the listing or only comments on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Refuses.
    Error,
    /// Travels in `warnings` of an accepted listing.
    Warning,
}

/// One entry of the `cause` list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Number of the rule (fact sheet §6).
    pub cause_id: u32,
    /// Refusal or comment.
    pub level: Level,
    /// Machine word.
    pub code: &'static str,
    /// Which team of the marketplace speaks.
    pub department: &'static str,
    /// Parts of the body that are meant.
    pub references: Vec<String>,
    /// Text for a person.
    pub message: String,
}

impl Cause {
    fn error(cause_id: u32, code: &'static str, reference: &str, message: impl Into<String>) -> Self {
        Self {
            cause_id,
            level: Level::Error,
            code,
            department: department(cause_id),
            references: vec![reference.to_owned()],
            message: message.into(),
        }
    }

    fn warning(cause_id: u32, code: &'static str, reference: &str, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(cause_id, code, reference, message) }
    }

    /// As it stands in `cause` or `warnings`.
    #[must_use]
    pub fn as_json(&self) -> Value {
        json!({
            "department": self.department,
            "cause_id": self.cause_id,
            "type": match self.level { Level::Error => "error", Level::Warning => "warning" },
            "code": self.code,
            "references": self.references,
            "message": self.message,
        })
    }
}

const fn department(cause_id: u32) -> &'static str {
    match cause_id {
        147 | 154 | 1212 | 2511 | 2516 | 7710..=7714 | 7810 => "structured-data",
        4029 => "shipping",
        201 | 204 | 508 | 509 => "pictures",
        _ => "items",
    }
}

/// Which listing model the seller lives in (fact sheet §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingModel {
    /// `title` and `variations`.
    Classic,
    /// `family_name`, one variant a body.
    UserProduct,
}

/// What is known of a picture that a listing names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureCheck {
    /// Usable.
    Good,
    /// No such id.
    Unknown,
    /// Its processing failed.
    Failed,
    /// Shorter than 500 px on both sides.
    TooSmall,
}

/// The whole 400 body when any cause refuses; `None` when the listing may stand.
#[must_use]
pub fn refusal(causes: &[Cause]) -> Option<Value> {
    causes.iter().any(|cause| cause.level == Level::Error).then(|| {
        let causes: Vec<Value> = causes.iter().map(Cause::as_json).collect();
        json!({"message": "Validation error", "error": "validation_error", "status": 400, "cause": causes})
    })
}

/// The `warnings` list of an accepted listing.
#[must_use]
pub fn warnings(causes: &[Cause]) -> Value {
    causes.iter().filter(|cause| cause.level == Level::Warning).map(Cause::as_json).collect()
}

/// Finds the leaf a listing goes to.
pub fn leaf_for(body: &Value) -> Result<&'static Category, Cause> {
    let id = body["category_id"].as_str().unwrap_or_default();
    category(id).filter(|found| found.is_leaf()).ok_or_else(|| {
        let message = match category(id) {
            Some(branch) => format!("Category {} is not a leaf category", branch.id),
            None => format!("Category {id} does not exist"),
        };
        Cause::error(126, "item.category_id.invalid", "item.category_id", message)
    })
}

/// The 400 body for fields of the wrong JSON type, checked before anything else.
#[must_use]
pub fn type_mismatch(body: &Value) -> Option<Value> {
    let number = ["price", "available_quantity"];
    let text =
        ["title", "family_name", "category_id", "currency_id", "listing_type_id", "status", "condition"];
    let list = ["pictures", "attributes", "variations", "sale_terms"];
    let wrong = |field: &str, expected: &str, fits: fn(&Value) -> bool| {
        let value = body.get(field).filter(|value| !value.is_null() && !fits(value))?;
        Some(format!("[invalid property type: [{field}] expected {expected} but was {}]", describe(value)))
    };
    let error = number
        .iter()
        .find_map(|field| wrong(field, "Number", Value::is_number))
        .or_else(|| text.iter().find_map(|field| wrong(field, "String", Value::is_string)))
        .or_else(|| list.iter().find_map(|field| wrong(field, "Array", Value::is_array)))?;
    Some(json!({"message": "body.invalid_field_types", "error": error, "status": 400, "cause": []}))
}

fn describe(value: &Value) -> String {
    let kind = match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!("{kind} value: {text}")
}

/// Everything to be said about a listing body for a leaf category, refusals and warnings.
/// `picture` answers for picture ids.
#[must_use]
pub fn validate_item(
    category: &Category,
    body: &Value,
    model: ListingModel,
    picture: &dyn Fn(&str) -> PictureCheck,
) -> Vec<Cause> {
    let mut causes = Vec::new();
    causes.extend(required_fields(body, model));
    causes.extend(title(body, model));
    causes.extend(price(category, body));
    causes.extend(pictures(body, picture));
    causes.extend(variations(category, body));
    causes.extend(missing_attributes(category, body));
    causes.extend(given(body).iter().filter_map(|row| attribute_value(category, row)));
    causes.extend(shipping(body));
    causes
}

fn required_fields(body: &Value, model: ListingModel) -> Vec<Cause> {
    let absent = |field: &&&str| body.get(**field).is_none_or(Value::is_null);
    let name = match model {
        ListingModel::Classic => "title",
        ListingModel::UserProduct => "family_name",
    };
    let has_variations = body["variations"].as_array().is_some_and(|rows| !rows.is_empty());
    let mut wanted = vec![name, "category_id", "currency_id", "buying_mode", "listing_type_id"];
    if !has_variations {
        wanted.extend(["price", "available_quantity"]);
    }
    let missing: Vec<&str> = wanted.iter().filter(absent).copied().collect();
    let mut causes = Vec::new();
    if !missing.is_empty() {
        let message =
            format!("The body does not contains some or none of the following properties {missing:?}");
        causes.push(Cause::error(369, "body.required_fields", "body", message));
    }
    if model == ListingModel::UserProduct {
        for field in ["title", "variations"].iter().filter(|field| !body[**field].is_null()) {
            let message = format!("The field {field} is invalid with family name");
            causes.push(Cause::error(374, "body.invalid_fields", &format!("item.{field}"), message));
        }
    }
    let currency = body["currency_id"].as_str().unwrap_or("BRL");
    if currency != "BRL" {
        let message = format!("Currency {currency} is not allowed for site MLB");
        causes.push(Cause::error(115, "item.currency_id.invalid", "item.currency_id", message));
    }
    causes
}

fn title(body: &Value, model: ListingModel) -> Option<Cause> {
    let (field, reference) = match model {
        ListingModel::Classic => ("title", "item.title"),
        ListingModel::UserProduct => ("family_name", "item.family_name"),
    };
    let title = body[field].as_str()?;
    let length = title.chars().count();
    if length > MAX_TITLE_LENGTH {
        let message = format!("The {field} has {length} characters, the maximum is {MAX_TITLE_LENGTH}");
        return Some(Cause::error(394, "item.title.length.invalid", reference, message));
    }
    (title.split_whitespace().count() < 2).then(|| {
        Cause::error(
            3705,
            "item.title.minimum_length",
            reference,
            "The title is too poor to identify the product",
        )
    })
}

fn price(category: &Category, body: &Value) -> Vec<Cause> {
    let variations = body["variations"].as_array().into_iter().flatten().map(|row| &row["price"]);
    let minimum = Money::new(category.minimum_price, Currency::Brl);
    variations
        .chain([&body["price"]])
        .filter_map(|price| Money::parse_decimal(&price.as_number()?.to_string(), Currency::Brl))
        .filter_map(|price| {
            if price.minor < minimum.minor {
                let minimum = minimum.to_decimal();
                let message = format!("The category {} requires a minimum of price {minimum}", category.id);
                return Some(Cause::error(109, "item.price.invalid", "item.price", message));
            }
            (price.minor > MAX_PRICE.minor).then(|| {
                let message = format!("The price must not exceed {}", MAX_PRICE.to_decimal());
                Cause::error(129, "item.price.invalid", "item.price", message)
            })
        })
        .collect()
}

fn pictures(body: &Value, check: &dyn Fn(&str) -> PictureCheck) -> Vec<Cause> {
    let pictures = body["pictures"].as_array().map_or(&[][..], Vec::as_slice);
    let listing_type = body["listing_type_id"].as_str().unwrap_or_default();
    let from_catalog = body["catalog_listing"] == true;
    let mut causes = Vec::new();
    if pictures.is_empty() && listing_type.starts_with("gold_") && !from_catalog {
        let message = format!("Listing type {listing_type} requires pictures");
        causes.push(Cause::error(173, "item.listing_type_id.requiresPictures", "item.pictures", message));
    }
    if pictures.len() > MAX_PICTURES {
        let message = format!("The maximum of pictures is {MAX_PICTURES}, {} were sent", pictures.len());
        causes.push(Cause::error(201, "item.pictures.max", "item.pictures", message));
    }
    for (index, id) in
        pictures.iter().enumerate().filter_map(|(index, row)| Some((index, row["id"].as_str()?)))
    {
        let reference = format!("item.pictures[{index}]");
        causes.extend(match check(id) {
            PictureCheck::Good => None,
            PictureCheck::Unknown => Some(Cause::error(
                204,
                "item.pictures.picture_not_found",
                &reference,
                format!("Picture {id} not found"),
            )),
            PictureCheck::Failed => Some(Cause::error(
                508,
                "item.pictures.status.error",
                &reference,
                format!("Picture {id} has status ERROR"),
            )),
            PictureCheck::TooSmall => Some(Cause::error(
                509,
                "item.pictures.too_small",
                &reference,
                format!("Picture {id} needs at least 500 pixels on one side"),
            )),
        });
    }
    causes
}

fn variations(category: &Category, body: &Value) -> Option<Cause> {
    let count = body["variations"].as_array().map_or(0, Vec::len);
    let most = category.max_variations;
    (u64::try_from(count).unwrap_or(u64::MAX) > most).then(|| {
        let message = format!("Variations should not exceed max size of {most}");
        Cause::error(372, "item.variations.max_size", "item.variations", message)
    })
}

fn missing_attributes(category: &Category, body: &Value) -> Vec<Cause> {
    if !body["catalog_product_id"].is_null() {
        return Vec::new();
    }
    let present = given(body);
    let is_new = body["condition"].as_str().is_none_or(|condition| condition == "new");
    let missing: Vec<&str> = attributes_of(category)
        .iter()
        .filter(|row| row.has("required") || (row.has("new_required") && is_new))
        .filter(|row| !present.iter().any(|given| given.id == row.id))
        .map(|row| row.id)
        .collect();
    let mut causes = Vec::new();
    if !missing.is_empty() {
        let message = format!(
            "The attributes [{}] are required for category {} and channel marketplace. Check the attribute is present in the attributes list or in all variation's attributes_combination or attributes.",
            missing.join(", "),
            category.id
        );
        causes.push(Cause::error(147, "item.attributes.missing_required", "item.attributes", message));
    }
    let owed = conditionally_required(category, body);
    if !owed.is_empty() {
        let ids: Vec<&str> = owed.iter().map(|row| row.id).collect();
        let message = format!("The attributes [{}] are required for this listing", ids.join(", "));
        causes.push(Cause::error(
            7810,
            "item.attribute.missing_conditional_required",
            "item.attributes",
            message,
        ));
    }
    causes
}

fn attribute_value(category: &Category, row: &Given<'_>) -> Option<Cause> {
    let Some(attribute) = attributes_of(category).into_iter().find(|known| known.id == row.id) else {
        let message =
            format!("Attribute {} is not valid for category {} and was dropped", row.id, category.id);
        return Some(Cause::warning(2511, "item.attributes.invalid", "item.attributes", message));
    };
    let name = row.value_name.unwrap_or_default();
    if name.chars().count() > attribute.max_length {
        let message = format!("The value of {} exceeds {} characters", row.id, attribute.max_length);
        return Some(Cause::error(154, "item.attributes.value_max_length", "item.attributes", message));
    }
    match attribute.id {
        "GTIN" if !name.split(',').all(|code| is_gtin(code.trim())) => {
            let message = format!("The GTIN {name} is not a valid product identifier");
            Some(Cause::error(7710, "item.attributes.gtin.invalid", "item.attributes", message))
        }
        "GENDER" if !is_known(&attribute, row) => {
            let message = format!("The value {name} is not valid for GENDER");
            Some(Cause::error(2516, "item.attributes.gender.invalid", "item.attributes", message))
        }
        _ if attribute.value_type == "number_unit"
            && row.value_id.is_none()
            && !is_measure(name, attribute.units) =>
        {
            let message =
                format!("The value {name} of {} needs a number and one of {:?}", row.id, attribute.units);
            Some(Cause::error(3708, "item.attributes.number_unit.invalid", "item.attributes", message))
        }
        _ => None,
    }
}

fn is_known(attribute: &Attribute, row: &Given<'_>) -> bool {
    attribute.values.iter().any(|(id, name)| {
        row.value_id == Some(id) || row.value_name.is_some_and(|given| given.eq_ignore_ascii_case(name))
    })
}

/// A number and a known unit, with or without a space: `25 cm`, `1.75mm`.
fn is_measure(text: &str, units: &[&str]) -> bool {
    let text = text.trim();
    units
        .iter()
        .filter_map(|unit| text.strip_suffix(unit))
        .any(|rest| rest.trim().replace(',', ".").parse::<f64>().is_ok_and(f64::is_finite))
}

/// GTIN-8, -12, -13 or -14 with the right check digit (GS1 General Specifications §7.9).
#[must_use]
pub fn is_gtin(code: &str) -> bool {
    let digits: Vec<u32> = code.chars().map_while(|digit| digit.to_digit(10)).collect();
    if digits.len() != code.len() || !matches!(digits.len(), 8 | 12 | 13 | 14) {
        return false;
    }
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(at, digit)| digit * if at % 2 == 0 { 1 } else { 3 }).sum();
    sum.is_multiple_of(10)
}

fn shipping(body: &Value) -> Option<Cause> {
    let mode = body["shipping"]["mode"].as_str()?;
    (mode != "me2").then(|| {
        let message =
            format!("Shipping mode {mode} was asked for; Mercado Envios (me2) is mandatory for this seller");
        Cause::warning(4029, "shipping.me2_adoption_mandatory", "shipping.modes", message)
    })
}

/// The refusal for a description that is not plain text or is too long; `None` when fine.
#[must_use]
pub fn check_description(text: &str) -> Option<Cause> {
    if text.chars().count() > MAX_DESCRIPTION_LENGTH {
        let message = format!("The description exceeds {MAX_DESCRIPTION_LENGTH} characters");
        return Some(Cause::error(3707, "item.description.length.invalid", "plain_text", message));
    }
    let offset = text.chars().position(|letter| letter == '<' || u32::from(letter) >= 0x2600)?;
    let reference = format!("plain_text[{offset}]");
    let message = "The description must be in plain text";
    Some(Cause::error(398, "item.description.type.invalid", &reference, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> Value {
        json!({
            "title": "Item de Teste",
            "category_id": "MLB3530",
            "price": 49.9,
            "currency_id": "BRL",
            "available_quantity": 10,
            "buying_mode": "buy_it_now",
            "condition": "new",
            "listing_type_id": "gold_special",
            "pictures": [{"source": "http://img.example/a.jpg"}],
            "attributes": [{"id": "BRAND", "value_name": "Acme"}, {"id": "SELLER_SKU", "value_name": "ACME-X1"}],
            "shipping": {"mode": "me2"},
        })
    }

    fn with(change: impl FnOnce(&mut Value)) -> Value {
        let mut body = listing();
        change(&mut body);
        body
    }

    fn causes(body: &Value) -> Vec<u32> {
        let picture = |id: &str| match id {
            "good" => PictureCheck::Good,
            "small" => PictureCheck::TooSmall,
            "broken" => PictureCheck::Failed,
            _ => PictureCheck::Unknown,
        };
        let found = validate_item(leaf_for(body).unwrap(), body, ListingModel::Classic, &picture);
        found.iter().map(|cause| cause.cause_id).collect()
    }

    #[test]
    fn the_example_listing_of_the_sheet_is_accepted() {
        assert_eq!(causes(&listing()), Vec::<u32>::new());
    }

    #[test]
    fn a_missing_required_attribute_is_named() {
        let body = with(|body| {
            body["category_id"] = json!("MLB31447");
            body["attributes"] =
                json!([{"id": "SIZE", "value_name": "M"}, {"id": "GENDER", "value_id": "339666"}]);
        });
        let found =
            validate_item(leaf_for(&body).unwrap(), &body, ListingModel::Classic, &|_| PictureCheck::Good);
        let answer = refusal(&found).unwrap();
        assert_eq!(answer["cause"][0]["cause_id"], 147);
        assert_eq!(answer["cause"][0]["references"], json!(["item.attributes"]));
        assert!(answer["cause"][0]["message"].as_str().unwrap().contains("[BRAND]"));
    }

    #[test]
    fn a_branch_category_is_refused() {
        assert_eq!(leaf_for(&json!({"category_id": "MLB1051"})).unwrap_err().cause_id, 126);
        assert_eq!(leaf_for(&json!({"category_id": "nope"})).unwrap_err().cause_id, 126);
    }

    #[test]
    fn each_rule_answers_with_its_own_cause() {
        let cases: [(u32, Value); 9] = [
            (369, with(|body| body["title"] = Value::Null)),
            (109, with(|body| body["price"] = json!(1))),
            (129, with(|body| body["price"] = json!(90_000_000))),
            (173, with(|body| body["pictures"] = json!([]))),
            (201, with(|body| body["pictures"] = json!(vec![json!({"source": "http://a"}); 13]))),
            (204, with(|body| body["pictures"] = json!([{"id": "missing"}]))),
            (508, with(|body| body["pictures"] = json!([{"id": "broken"}]))),
            (509, with(|body| body["pictures"] = json!([{"id": "small"}]))),
            (394, with(|body| body["title"] = json!("palavra ".repeat(9)))),
        ];
        for (expected, body) in cases {
            assert_eq!(causes(&body), [expected], "{body}");
        }
    }

    #[test]
    fn attribute_values_are_checked_one_by_one() {
        let one = |attribute: Value| with(|body| body["attributes"].as_array_mut().unwrap().push(attribute));
        assert_eq!(causes(&one(json!({"id": "GTIN", "value_name": "7891234567890"}))), [7710]);
        assert_eq!(causes(&one(json!({"id": "SELLER_PACKAGE_WEIGHT", "value_name": "pesado"}))), [3708]);
        assert_eq!(causes(&one(json!({"id": "MODEL", "value_name": "x".repeat(300)}))), [154]);
    }

    #[test]
    fn a_warning_alone_refuses_nothing() {
        let body = with(|body| body["shipping"] = json!({"mode": "custom"}));
        let found =
            validate_item(leaf_for(&body).unwrap(), &body, ListingModel::Classic, &|_| PictureCheck::Good);
        assert_eq!(refusal(&found), None);
        assert_eq!(warnings(&found)[0]["cause_id"], 4029);
    }

    #[test]
    fn a_user_product_seller_may_send_neither_title_nor_variations() {
        let body = with(|body| body["variations"] = json!([{"price": 50, "available_quantity": 1}]));
        let found = validate_item(leaf_for(&body).unwrap(), &body, ListingModel::UserProduct, &|_| {
            PictureCheck::Good
        });
        let texts: Vec<_> = found.iter().map(|cause| cause.message.as_str()).collect();
        assert!(texts.contains(&"The field variations is invalid with family name"), "{texts:?}");
        assert!(texts.contains(&"The field title is invalid with family name"), "{texts:?}");
    }

    #[test]
    fn a_wrong_json_type_is_told_before_anything_else() {
        let answer = type_mismatch(&json!({"price": "p"})).unwrap();
        assert_eq!(answer["message"], "body.invalid_field_types");
        assert_eq!(
            answer["error"],
            "[invalid property type: [price] expected Number but was String value: p]"
        );
        assert_eq!(type_mismatch(&listing()), None);
    }

    #[test]
    fn a_description_with_markup_is_refused_at_its_offset() {
        assert_eq!(check_description("Bom produto <b>novo</b>").unwrap().references, ["plain_text[12]"]);
        assert_eq!(check_description("Linha um\nção").map(|cause| cause.cause_id), None);
        assert_eq!(check_description("oi 😀").unwrap().cause_id, 398);
    }

    #[test]
    fn a_gtin_needs_its_check_digit() {
        assert!(is_gtin("7891234567895"));
        assert!(!is_gtin("7891234567890"));
        assert!(!is_gtin("12345"));
        assert!(!is_gtin("78912345678a5"));
    }
}

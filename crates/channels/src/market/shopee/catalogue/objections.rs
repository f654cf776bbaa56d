//! What the platform has against an offer: one code and one sentence for each refusal, and
//! the violations of an item.

use connect::{Answer, ChannelError, ErrorKind};
use domain::offer::{Field, Objection, Reason};

use super::super::wire::{filled, owned};
use super::wire::{ViolatingItem, Violation};

/// What a refusal is about; the error itself where it is about nothing that an offer says.
pub(super) fn of(error: ChannelError) -> Result<Vec<Objection>, ChannelError> {
    let ErrorKind::Refused { code, message } = &error.kind else { return Err(error) };
    let Some((field, reason)) = meaning(code, message) else { return Err(error) };
    let (code, said) = (code.clone(), message.clone());
    Ok(vec![Objection { field, reason, code, said, remedy: None }])
}

fn meaning(code: &str, message: &str) -> Option<(Field, Reason)> {
    let tail = code.rsplit_once('.').map_or(code, |(_, tail)| tail).trim();
    let attribute = || first_number(message).map_or(Field::Whole, Field::Attribute);
    Some(match tail {
        "error_invalid_category" => (Field::Category, Reason::NotTaken),
        "error_less_required_attribute" => (attribute(), Reason::Missing),
        "error_invalid_attribute" => (attribute(), Reason::NotTaken),
        "error_invalid_brand" => (Field::Brand, Reason::NotTaken),
        "error_less_required_brand" => (Field::Brand, Reason::Missing),
        "error_invalid_logistic_info" => (Field::Shipping, Reason::NotTaken),
        "error_image_unavailable" => (Field::Pictures, Reason::Unknown),
        "error_title_exceeds_max_length" => (Field::Title, Reason::TooMuch),
        "error_item_name_is_too_short" => (Field::Title, Reason::TooLittle),
        "error_price_exceed_min_limitt" => (Field::Price(0), Reason::TooLittle),
        "error_price_exceed_max_limit" => (Field::Price(0), Reason::TooMuch),
        "error_reach_shop_item_limit" => (Field::Whole, Reason::NotAllowed),
        "error_param_validate" => (Field::Gtin(0), Reason::NotTaken),
        other if other.starts_with("error_description") => (Field::Description, Reason::NotTaken),
        "error_param" => (by_name(message)?, Reason::NotTaken),
        _ => return None,
    })
}

/// The first run of digits of a sentence: attributes are named by their number.
fn first_number(message: &str) -> Option<String> {
    let mut runs = message.split(|sign: char| !sign.is_ascii_digit()).filter(|run| !run.is_empty());
    runs.next().map(str::to_owned)
}

/// "invalid field ItemName: …": fields are called as the platform's own program calls them.
fn by_name(message: &str) -> Option<Field> {
    let lower = message.to_ascii_lowercase();
    let says = |word: &str| lower.contains(word);
    let field = [
        ("itemname", Field::Title),
        ("description", Field::Description),
        ("weight", Field::Weight),
        ("dimension", Field::Size),
        ("originalprice", Field::Price(0)),
        ("price", Field::Price(0)),
        ("stock", Field::Quantity(0)),
        ("image", Field::Pictures),
        ("tax_info", Field::Fiscal),
        ("tier", Field::Axes),
        ("option", Field::Axes),
        ("modelsku", Field::Sku(0)),
        ("models", Field::Variants),
    ];
    field.into_iter().find(|(word, _)| says(word)).map(|(_, field)| field)
}

/// What the platform has against an item that it took off sale or shows less.
pub(super) fn violations(answer: &Answer, item: &ViolatingItem) -> Vec<Objection> {
    let told = |violation: &Violation| {
        let code = filled(violation.violation_type.as_ref()).unwrap_or_default();
        let said = filled(violation.violation_reason.as_ref()).unwrap_or(code);
        let remedy = owned(violation.suggestion.as_ref()).map(|text| answer.redacted(&text));
        Objection {
            field: Field::Whole,
            reason: if code == "Prohibited" { Reason::Forbidden } else { Reason::Other },
            code: answer.redacted(code),
            said: answer.redacted(said),
            remedy,
        }
    };
    let details = [&item.item_status_details, &item.deboost_details];
    details.into_iter().flatten().flatten().map(told).collect()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_refusal_names_its_field() {
        let cases = [
            (
                "product.error_less_required_attribute",
                "The required attribute 100036 (Material) is missing.",
                Some((Field::Attribute("100036".into()), Reason::Missing)),
            ),
            ("product.error_image_unavailable", "", Some((Field::Pictures, Reason::Unknown))),
            ("error_item_name_is_too_short", "", Some((Field::Title, Reason::TooLittle))),
            (
                "product.error_param",
                "invalid field Weight: wrong type",
                Some((Field::Weight, Reason::NotTaken)),
            ),
            ("product.error_param", "invalid field ItemId: value must  Not Null", None),
            ("error_of_tomorrow", "who knows", None),
        ];
        for (code, message, due) in cases {
            assert_eq!(meaning(code, message), due, "{code} {message}");
        }
    }
}

//! What the platform has against an offer: a code and a sentence for each refusal, the
//! sentences of warnings, and what an audit found.

use connect::{Answer, ChannelError, ErrorKind};
use domain::offer::{Field, Objection, Reason};

use super::super::wire::{filled, owned};
use super::wire::{Failure, Warning};

/// What a refusal is about; the error itself where it is about nothing that an offer says.
pub(super) fn of(error: ChannelError) -> Result<Vec<Objection>, ChannelError> {
    let ErrorKind::Refused { code, message } = &error.kind else { return Err(error) };
    let Some((field, reason)) = meaning(code, message) else { return Err(error) };
    let (code, said) = (code.clone(), message.clone());
    Ok(vec![Objection { field, reason, code, said, remedy: None }])
}

/// "Create Product", its table of codes.
fn meaning(code: &str, message: &str) -> Option<(Field, Reason)> {
    Some(match code {
        "12052104" => (attribute(message), Reason::Missing),
        "12052023" | "12052025" => (Field::Category, Reason::Unknown),
        "12052024" | "12052217" | "12052230" => (Field::Category, Reason::NotTaken),
        "12052220" => (Field::Category, Reason::Forbidden),
        "12052105" | "12052223" | "12052225" | "12052226" => (Field::Category, Reason::NotAllowed),
        "12052028" => (Field::Pictures, Reason::Missing),
        "12052300" | "12052722" => (Field::Pictures, Reason::Unknown),
        "12052301" | "12052302" => (Field::Pictures, Reason::NotTaken),
        "12052051" => (Field::Title, Reason::TooMuch),
        "12052931" => (Field::Title, Reason::NotTaken),
        "12052013" => (Field::Description, Reason::TooMuch),
        "12052015" => (Field::Description, Reason::Missing),
        "12052344" | "12052345" | "12052346" | "12052347" | "12052348" | "12052349" | "12052350"
        | "12052351" | "12052352" => (Field::Description, Reason::NotTaken),
        "12052054" => (Field::Sku(0), Reason::NotTaken),
        "12052560" => (Field::Variants, Reason::Twice),
        "12052550" => (Field::Axes, Reason::NotTaken),
        "12052097" | "12052115" | "12052530" | "12052531" | "12052532" | "12052535" => {
            (Field::Shipping, Reason::NotTaken)
        }
        "12052012" => (Field::Price(0), Reason::Missing),
        "12052073" | "12052570" | "12052084" => (Field::Price(0), Reason::NotTaken),
        "12052181" => (Field::Weight, Reason::Missing),
        "12052915" | "12052916" => (Field::Size, Reason::NotTaken),
        "12052591" | "12052592" | "12052600" => (Field::Gtin(0), Reason::NotTaken),
        "12052201" | "12052208" => (Field::Brand, Reason::NotAllowed),
        "12052093" | "12052109" | "12052419" => (Field::Whole, Reason::NotAllowed),
        "12052996" => (Field::Whole, Reason::Twice),
        // "Parameter {name} is invalid", and what is missing of a body.
        "98001004" | "36009004" => (by_name(message)?, Reason::NotTaken),
        _ => return None,
    })
}

/// The attribute that a sentence names: by its number, or by its name for people.
fn attribute(message: &str) -> Field {
    let digits = message.split(|sign: char| !sign.is_ascii_digit()).find(|run| run.len() >= LEAST_DIGITS);
    let named = || {
        let (_, rest) = message.split_once("attribute ")?;
        let (name, _) = rest.split_once(" is ")?;
        Some(name.trim().to_owned())
    };
    digits.map(str::to_owned).or_else(named).map_or(Field::Whole, Field::Attribute)
}

/// Numbers of attributes have six digits and more.
const LEAST_DIGITS: usize = 5;

fn by_name(message: &str) -> Option<Field> {
    let fields = [
        ("title", Field::Title),
        ("description", Field::Description),
        ("main_images", Field::Pictures),
        ("sku_img", Field::Pictures),
        ("package_weight", Field::Weight),
        ("package_dimensions", Field::Size),
        ("product_attributes", Field::Whole),
        ("sales_attributes", Field::Axes),
        ("brand", Field::Brand),
        ("category", Field::Category),
        ("quantity", Field::Quantity(0)),
        ("price", Field::Price(0)),
        ("seller_sku", Field::Sku(0)),
        ("skus", Field::Variants),
    ];
    fields.into_iter().find(|(word, _)| message.contains(word)).map(|(_, field)| field)
}

/// What a success dropped or changed.
pub(super) fn remarks(answer: &Answer, warnings: &[Warning]) -> Vec<Objection> {
    let remark = |warning: &Warning| {
        let said = filled(warning.message.as_ref())?;
        Some(Objection {
            field: by_name(said).unwrap_or(Field::Whole),
            reason: Reason::Adjusted,
            code: String::new(),
            said: answer.redacted(said),
            remedy: None,
        })
    };
    warnings.iter().filter_map(remark).collect()
}

/// What an audit found, one for each of its reasons.
pub(super) fn audit(answer: &Answer, failures: &[Failure]) -> Vec<Objection> {
    let told = |failure: &Failure| {
        let position = owned(failure.position.as_ref()).unwrap_or_default();
        let remedy = failure.suggestions.as_ref().filter(|words| !words.0.is_empty());
        let remedy = remedy.map(|words| answer.redacted(&words.0.join(" ")));
        let reasons = failure.reasons.as_ref().map(|words| words.0.clone()).unwrap_or_default();
        let field = by_name(&position.to_ascii_lowercase()).unwrap_or(Field::Whole);
        let make = move |reason: String| Objection {
            field: field.clone(),
            reason: Reason::Other,
            code: position.clone(),
            said: reason,
            remedy: remedy.clone(),
        };
        reasons.into_iter().map(|reason| answer.redacted(&reason)).map(make).collect::<Vec<_>>()
    };
    failures.iter().flat_map(told).collect()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_refusal_names_its_field() {
        let cases = [
            (
                "12052104",
                "The required attribute Material is missing",
                Some((Field::Attribute("Material".into()), Reason::Missing)),
            ),
            (
                "12052104",
                "attribute 100157 is missing",
                Some((Field::Attribute("100157".into()), Reason::Missing)),
            ),
            ("12052104", "something is missing", Some((Field::Whole, Reason::Missing))),
            ("12052051", "The product title is too long", Some((Field::Title, Reason::TooMuch))),
            ("98001004", "Parameter package_weight is invalid", Some((Field::Weight, Reason::NotTaken))),
            ("36009004", "Invalid credentials", None),
            ("12345678", "who knows", None),
        ];
        for (code, message, due) in cases {
            assert_eq!(meaning(code, message), due, "{code} {message}");
        }
    }
}

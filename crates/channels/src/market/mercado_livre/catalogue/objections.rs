//! What the platform has against an offer: causes of a refusal, warnings of a success, and
//! the words of moderation. Codes are many and their documents name few of them, so a
//! cause is read by the parts of its code; its own words are kept.

use connect::Answer;
use domain::offer::{Field, Objection, Reason};
use http::StatusCode;

use super::super::wire::{Loose, filled};
use super::wire::{Cause, Moderation, Refusal};

/// "item.attributes.missing_required" and its conditional sister.
const MISSING: [i64; 2] = [147, 7_810];
/// GTIN that does not exist or does not fit.
const GTIN: std::ops::RangeInclusive<i64> = 7_710..=7_714;
/// The seller may not use the brand.
const BRAND: i64 = 3_250;

/// What an answer objects to; `None` when it is no refusal of what was said.
pub(super) fn refused(answer: &Answer) -> Option<Vec<Objection>> {
    if answer.status() != StatusCode::BAD_REQUEST {
        return None;
    }
    let refusal: Refusal = serde_json::from_slice(answer.body()).ok()?;
    let causes = refusal.cause.unwrap_or_default();
    let blocking = causes.iter().filter(|cause| filled(cause.level.as_ref()) != Some("warning"));
    // A cause without a code tells nothing that could be mended.
    let objections: Vec<Objection> = blocking
        .filter(|cause| filled(cause.code.as_ref()).is_some())
        .flat_map(|cause| read(answer, cause))
        .collect();
    (!objections.is_empty()).then_some(objections)
}

/// What came along with a success: the platform normalised or added something.
pub(super) fn remarks(answer: &Answer, warnings: &[Cause]) -> Vec<Objection> {
    let adjusted = |objection| Objection { reason: Reason::Adjusted, ..objection };
    warnings.iter().flat_map(|cause| read(answer, cause)).map(adjusted).collect()
}

/// The objections of one cause: it may name several attributes.
fn read(answer: &Answer, cause: &Cause) -> Vec<Objection> {
    let code = filled(cause.code.as_ref()).unwrap_or_default();
    let message = filled(cause.message.as_ref()).unwrap_or_default();
    let number = cause.number.as_ref().and_then(Loose::count).unwrap_or_default();
    let make = |(field, reason)| Objection {
        field,
        reason,
        code: answer.redacted(code),
        said: answer.redacted(message),
        remedy: None,
    };
    meaning(code, number, message).into_iter().map(make).collect()
}

/// Which fields a cause is about, and why.
fn meaning(code: &str, number: i64, message: &str) -> Vec<(Field, Reason)> {
    let is_missing = MISSING.contains(&number) || code.contains("missing");
    if is_missing && code.contains("attribute") {
        let named: Vec<_> =
            named(message).into_iter().map(|id| (Field::Attribute(id), Reason::Missing)).collect();
        return if named.is_empty() { vec![(Field::Whole, Reason::Missing)] } else { named };
    }
    if GTIN.contains(&number) || code.contains("gtin") || code.contains("product_identifier") {
        return vec![(Field::Attribute("GTIN".into()), Reason::NotTaken)];
    }
    if number == BRAND {
        return vec![(Field::Brand, Reason::NotAllowed)];
    }
    vec![(field(code, message), reason(code, message))]
}

/// The words in brackets: `The attributes [BRAND, MODEL] are required`.
fn named(message: &str) -> Vec<String> {
    let inside = message.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    let words = inside.map(|(inside, _)| inside).unwrap_or_default();
    let is_id = |word: &&str| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    words.split(',').map(str::trim).filter(is_id).map(str::to_owned).collect()
}

fn field(code: &str, message: &str) -> Field {
    let is = |part: &str| code.contains(part);
    if is("attribute") {
        named(message).into_iter().next().map_or(Field::Whole, Field::Attribute)
    } else if is("picture") || is("Picture") {
        Field::Pictures
    } else if is("title") || is("family_name") {
        Field::Title
    } else if is("description") {
        Field::Description
    } else if is("price") {
        Field::Price(0)
    } else if is("quantity") {
        Field::Quantity(0)
    } else if is("category") {
        Field::Category
    } else if is("condition") {
        Field::Condition
    } else if is("variation") {
        Field::Variants
    } else if is("shipping") {
        Field::Shipping
    } else {
        Field::Whole
    }
}

fn reason(code: &str, message: &str) -> Reason {
    let lower = message.to_ascii_lowercase();
    let says = |word: &str| code.contains(word) || lower.contains(word);
    if says("not_modifiable") || says("cannot update") {
        Reason::Frozen
    } else if says("missing") || says("require") {
        if says("minimum") { Reason::TooLittle } else { Reason::Missing }
    } else if says("minimum") || says("too_small") || says("at least") {
        Reason::TooLittle
    } else if says("max") || says("exceed") || says("too long") {
        Reason::TooMuch
    } else if says("not_found") {
        Reason::Unknown
    } else if says("invalid") {
        Reason::NotTaken
    } else {
        Reason::Other
    }
}

/// What moderation says of an item. Where it advises nothing, nothing mends it.
pub(super) fn moderation(answer: &Answer, rows: &[Moderation]) -> Vec<Objection> {
    let told = |row: &Moderation| {
        let of_kind = |kind: &str| {
            let wordings = row.wordings.iter().flatten();
            let mut fits = wordings.filter(|wording| filled(wording.kind.as_ref()) == Some(kind));
            fits.find_map(|wording| filled(wording.value.as_ref()).map(|text| answer.redacted(text)))
        };
        let code = filled(row.name.as_ref()).unwrap_or_default();
        let said = of_kind("REASON").unwrap_or_else(|| code.to_owned());
        let remedy = of_kind("REMEDY");
        let mut sections = row.evidences.iter().flatten();
        let section = sections.find_map(|evidence| filled(evidence.section_name.as_ref()));
        Objection {
            field: section.map_or(Field::Whole, |section| field(section, "")),
            reason: if remedy.is_some() { Reason::NotTaken } else { Reason::Forbidden },
            code: answer.redacted(code),
            said,
            remedy,
        }
    };
    rows.iter().map(told).collect()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn each_missing_attribute_is_named() {
        let message =
            "The attributes [BRAND, MODEL] are required for category MLB1055 and channel marketplace.";
        let missing = |id: &str| (Field::Attribute(id.into()), Reason::Missing);
        let read = meaning("item.attributes.missing_required", 147, message);
        assert_eq!(read, [missing("BRAND"), missing("MODEL")]);
        let read = meaning(
            "item.attribute.missing_conditional_required",
            7_810,
            "The attributes [GTIN] are required",
        );
        assert_eq!(read, [missing("GTIN")]);
        assert_eq!(
            meaning("item.attributes.missing_required", 147, "Some are"),
            [(Field::Whole, Reason::Missing)]
        );
    }

    #[test]
    fn causes_name_the_part_of_the_offer_that_they_are_about() {
        let cases = [
            (
                "item.price.invalid",
                109,
                "The category requires a minimum of price 6",
                Field::Price(0),
                Reason::TooLittle,
            ),
            ("item.price.invalid", 129, "The price must not exceed 5", Field::Price(0), Reason::TooMuch),
            ("item.category_id.invalid", 126, "is not a leaf", Field::Category, Reason::NotTaken),
            (
                "item.listing_type_id.requiresPictures",
                173,
                "requires pictures",
                Field::Pictures,
                Reason::Missing,
            ),
            ("item.title.length.invalid", 394, "the maximum is 60", Field::Title, Reason::TooMuch),
            ("item.title.not_modifiable", 0, "", Field::Title, Reason::Frozen),
            ("item.description.type.invalid", 398, "", Field::Description, Reason::NotTaken),
            ("shipping.me2_adoption_mandatory", 4_029, "", Field::Shipping, Reason::Other),
            ("a.code.of.tomorrow", 9_999, "who knows", Field::Whole, Reason::Other),
        ];
        for (code, number, message, field, reason) in cases {
            assert_eq!(meaning(code, number, message), [(field, reason)], "{code}");
        }
        let gtin = meaning("item.attribute.invalid_product_identifier", 7_710, "GTIN is invalid");
        assert_eq!(gtin, [(Field::Attribute("GTIN".into()), Reason::NotTaken)]);
    }
}

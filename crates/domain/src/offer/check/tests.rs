use proptest::prelude::*;

use super::*;
use crate::attribute::{Decimal, Listed, PriceRule, SkuRule, Trigger, VariantRule};
use crate::money::{Currency, Money};
use crate::offer::{Axis, Brand, Choice, Fiscal, Package};

fn listed(id: &str, name: &str) -> Listed {
    Listed { id: id.into(), name: name.into() }
}

fn word(id: &str, need: Need, values: &[(&str, &str)], takes_others: bool) -> AttributeRule {
    AttributeRule {
        id: id.into(),
        name: id.to_lowercase(),
        kind: ValueKind::Word,
        need,
        tells_variants: id == "COLOR",
        listed: values.iter().map(|(id, name)| listed(id, name)).collect(),
        takes_others,
        units: Vec::new(),
        most_values: 1,
        most_chars: Some(10),
    }
}

fn rules() -> Rules {
    let capacity = AttributeRule {
        kind: ValueKind::Measure,
        units: vec!["ml".into(), "l".into()],
        ..word("CAPACITY", Need::Optional, &[], true)
    };
    let made_of_wood = Trigger { attribute: "MATERIAL".into(), value: "wood".into() };
    Rules {
        category: "MLB1".into(),
        title: Span::new(5, 20),
        description: Span::new(0, 100),
        pictures: Span::new(1, 3),
        attributes: vec![
            word("MATERIAL", Need::Required, &[("wood", "Madeira"), ("steel", "Aço")], true),
            word("COLOR", Need::Required, &[("black", "Preto"), ("blue", "Azul")], false),
            word("FOREST", Need::When(vec![made_of_wood]), &[], true),
            word("ANATEL", Need::RequiredOfNew, &[], true),
            capacity,
        ],
        brand: Need::Required,
        gtin: Need::Optional,
        variants: VariantRule { most: 3, most_axes: 1, axis_chars: 14, option_chars: 20 },
        price: PriceRule {
            currency: Currency::Brl,
            least_minor: 600,
            most_minor: Some(100_000),
            most_ratio: Some(4),
        },
        most_units: 999,
        sku: SkuRule { most_chars: 12, takes_spaces: false },
        weight: true,
        size: true,
        papers: Vec::new(),
    }
}

fn variant(sku: &str, color: &str) -> Variant {
    Variant {
        choices: vec![Choice { id: Some(color.into()), name: color.into() }],
        seller_sku: sku.into(),
        gtin: Some("7891234567895".into()),
        price: Money::new(4_990, Currency::Brl),
        quantity_units: 7,
        picture: None,
    }
}

fn said(id: &str, value: Value) -> Attribute {
    Attribute { id: id.into(), values: vec![value] }
}

fn offer() -> Offer {
    Offer {
        reference: "drf-1".into(),
        title: "Caneca esmaltada".into(),
        description: "Uma caneca.".into(),
        category: "MLB1".into(),
        condition: Condition::New,
        brand: Some(Brand { id: None, name: "Acme".into() }),
        attributes: vec![
            said("MATERIAL", Value::Listed("steel".into())),
            said("ANATEL", Value::Text("123".into())),
        ],
        pictures: vec!["pic-1".into()],
        axes: vec![Axis { id: Some("COLOR".into()), name: "Cor".into() }],
        variants: vec![variant("CAN-P", "black"), variant("CAN-A", "blue")],
        package: Some(Package { weight_grams: 300, length_mm: 120, width_mm: 100, height_mm: 90 }),
        fiscal: None,
        plan: None,
    }
}

/// What is found after a change of the good offer.
fn found(change: impl FnOnce(&mut Offer)) -> Vec<(Field, Mend)> {
    let mut offer = offer();
    change(&mut offer);
    offer.check(&rules()).into_iter().map(|fault| (fault.field, fault.mend)).collect()
}

#[test]
fn a_good_offer_has_no_fault() {
    assert_eq!(found(|_| {}), []);
}

#[test]
fn each_text_has_its_length() {
    assert_eq!(found(|it| it.title = " ".into()), [(Field::Title, Mend::Fill)]);
    assert_eq!(found(|it| it.title = "Vaso".into()), [(Field::Title, Mend::Lengthen(5))]);
    assert_eq!(found(|it| it.title = "ã".repeat(21)), [(Field::Title, Mend::Shorten(20))]);
    assert_eq!(found(|it| it.title = "ã".repeat(20)), [], "characters are counted, not bytes");
    assert_eq!(found(|it| it.description = "x".repeat(101)), [(Field::Description, Mend::Shorten(100))]);
}

#[test]
fn a_required_attribute_is_named_by_its_id() {
    let missing = |id: &str| vec![(Field::Attribute(id.into()), Mend::Fill)];
    assert_eq!(found(|it| it.attributes.retain(|held| held.id != "MATERIAL")), missing("MATERIAL"));
    assert_eq!(found(|it| it.attributes[0].values.clear()), missing("MATERIAL"));
    assert_eq!(
        found(|it| it.attributes[0] = said("MATERIAL", Value::Listed("wood".into()))),
        missing("FOREST")
    );
    assert_eq!(found(|it| it.attributes.truncate(1)), missing("ANATEL"));
    assert_eq!(
        found(|it| {
            it.attributes.truncate(1);
            it.condition = Condition::Used;
        }),
        []
    );
}

#[test]
fn what_the_variants_tell_need_not_be_told_twice_and_may_not() {
    let fault = (Field::Attribute("COLOR".into()), Mend::Distinguish);
    assert_eq!(found(|it| it.attributes.push(said("COLOR", Value::Listed("blue".into())))), [fault]);
}

#[test]
fn a_value_is_of_the_kind_that_its_rule_wants() {
    let with = |id: &str, value: Value| {
        found(|it| {
            it.attributes.retain(|held| held.id != id);
            it.attributes.push(said(id, value));
        })
    };
    let fault = |id: &str, mend: Mend| vec![(Field::Attribute(id.into()), mend)];
    let litres = Value::Measure { amount: Decimal::thousandths(500), unit: "l".into() };
    let ounces = Value::Measure { amount: Decimal::thousandths(500), unit: "oz".into() };
    let units = Mend::WriteMeasure(vec!["ml".into(), "l".into()]);
    assert_eq!(with("CAPACITY", litres), []);
    assert_eq!(with("CAPACITY", ounces), fault("CAPACITY", units.clone()));
    assert_eq!(with("CAPACITY", Value::Text("meio litro".into())), fault("CAPACITY", units));
    assert_eq!(with("MATERIAL", Value::Text("Bambu".into())), []);
    assert_eq!(with("MATERIAL", Value::Text("Bambu da serra".into())), fault("MATERIAL", Mend::Shorten(10)));
    assert_eq!(with("MATERIAL", Value::Listed("glass".into())), fault("MATERIAL", Mend::ChooseListed));
    assert_eq!(with("NOBODY", Value::Text("x".into())), fault("NOBODY", Mend::LeaveOut));
}

#[test]
fn variants_differ_in_option_and_code() {
    assert_eq!(
        found(|it| it.variants[1] = variant("CAN-A", "black")),
        [(Field::Choices(1), Mend::Distinguish)]
    );
    assert_eq!(found(|it| it.variants[1].seller_sku = "CAN-P".into()), [(Field::Sku(1), Mend::Distinguish)]);
    assert_eq!(found(|it| it.variants[0].seller_sku = "CAN P".into()), [(Field::Sku(0), Mend::RemoveSpaces)]);
    assert_eq!(found(|it| it.variants[0].choices.clear()), [(Field::Choices(0), Mend::Fill)]);
    assert_eq!(found(|it| it.variants[0].choices[0].id = None), [(Field::Choices(0), Mend::ChooseListed)]);
    assert_eq!(found(|it| it.variants.clear()), [(Field::Variants, Mend::Add(1))]);
}

#[test]
fn several_variants_say_what_they_differ_in() {
    let faults = found(|it| {
        it.axes.clear();
        it.variants.iter_mut().for_each(|variant| variant.choices.clear());
    });
    assert_eq!(faults, [(Field::Attribute("COLOR".into()), Mend::Fill), (Field::Axes, Mend::Fill)]);
    let of_own = found(|it| it.axes[0] = Axis { id: None, name: "uma cor muito especial".into() });
    assert_eq!(of_own, [(Field::Attribute("COLOR".into()), Mend::Fill), (Field::Axes, Mend::Shorten(14))]);
}

#[test]
fn a_price_lies_in_its_span_and_not_too_far_from_the_others() {
    let priced = |minor: i64| found(|it| it.variants[1].price.minor = minor);
    assert_eq!(priced(599), [(Field::Price(1), Mend::Raise(600)), (Field::Price(0), Mend::BringCloser(4))]);
    assert_eq!(priced(19_961), [(Field::Price(1), Mend::BringCloser(4))]);
    assert_eq!(priced(19_960), []);
    let other = found(|it| it.variants[0].price.currency = Currency::Usd);
    assert_eq!(other, [(Field::Price(0), Mend::OtherCurrency)]);
    assert_eq!(found(|it| it.variants[0].quantity_units = 1_000), [(Field::Quantity(0), Mend::Lower(999))]);
}

#[test]
fn a_product_code_has_its_check_digit() {
    for (code, good) in [
        ("7891234567895", true),
        ("7891234567890", false),
        ("12345", false),
        ("78912345678a5", false),
        ("96385074", true),
    ] {
        let faults = found(|it| it.variants[0].gtin = Some(code.into()));
        assert_eq!(faults.is_empty(), good, "{code}");
    }
}

#[test]
fn package_and_invoice_are_whole_or_wrong() {
    assert_eq!(found(|it| it.package = None), [(Field::Weight, Mend::Fill), (Field::Size, Mend::Fill)]);
    let fiscal = Fiscal {
        ncm: "73239300".into(),
        cest: None,
        origin: "0".into(),
        cfop_same_state: "5102".into(),
        cfop_other_state: "6102".into(),
        csosn: "102".into(),
        unit: "UN".into(),
    };
    assert_eq!(found(|it| it.fiscal = Some(fiscal.clone())), []);
    let short = Fiscal { ncm: "7323".into(), ..fiscal };
    assert_eq!(found(|it| it.fiscal = Some(short)), [(Field::Fiscal, Mend::CheckDigits)]);
}

#[test]
fn where_papers_are_wanted_no_program_publishes() {
    let rules = Rules { papers: vec!["Anatel".into()], ..rules() };
    let due = Fault { field: Field::Category, mend: Mend::ByHand(vec!["Anatel".into()]) };
    assert_eq!(offer().check(&rules), [due]);
}

proptest! {
    #[test]
    fn one_wrong_digit_makes_no_product_code(place in 0_usize..13, digit in 0_u8..10) {
        let mut code = b"7891234567895".to_vec();
        let was = std::mem::replace(&mut code[place], b'0' + digit);
        let code = String::from_utf8(code).expect("digits");
        prop_assert_eq!(is_gtin(&code), was == b'0' + digit);
    }
}

//! Drafts and publications: what is read, what is refused, and that nothing typed is lost.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::attribute::{Listed, Need, PriceRule, SkuRule, Span, Trigger, Value, ValueKind, VariantRule};
use crate::catalogue::{Axis, Facts, Variant};
use crate::id::TypedId as _;
use crate::money::Currency;
use crate::offer::{Brand, Fault, Field, Mend};
use crate::time::Timestamp;

fn rule(id: &str, name: &str, kind: ValueKind) -> AttributeRule {
    AttributeRule {
        id: id.into(),
        name: name.into(),
        kind,
        need: Need::Optional,
        tells_variants: false,
        listed: Vec::new(),
        takes_others: true,
        units: Vec::new(),
        most_values: 1,
        most_chars: None,
    }
}

fn listed(pairs: &[(&str, &str)]) -> Vec<Listed> {
    pairs.iter().map(|(id, name)| Listed { id: (*id).into(), name: (*name).into() }).collect()
}

fn rules() -> Rules {
    let colour = AttributeRule {
        tells_variants: true,
        listed: listed(&[("52049", "Preto"), ("52055", "Branco")]),
        ..rule("COLOR", "Cor", ValueKind::Word)
    };
    let material = AttributeRule {
        need: Need::Required,
        listed: listed(&[("1", "Aço"), ("2", "Vidro")]),
        takes_others: false,
        ..rule("MATERIAL", "Material", ValueKind::Word)
    };
    let coating = AttributeRule {
        need: Need::When(vec![Trigger { attribute: "MATERIAL".into(), value: "1".into() }]),
        ..rule("COATING", "Revestimento", ValueKind::Word)
    };
    let volume = AttributeRule {
        units: vec!["ml".into(), "L".into()],
        ..rule("VOLUME", "Volume", ValueKind::Measure)
    };
    Rules {
        category: "MLB1".into(),
        title: Span::new(5, 60),
        description: Span::new(0, 1_000),
        pictures: Span::new(1, 2),
        attributes: vec![
            rule("BRAND", "Marca", ValueKind::Word),
            colour,
            material,
            coating,
            volume,
            rule("PIECES", "Peças", ValueKind::Number),
            rule("BEST_BEFORE", "Validade", ValueKind::Date),
        ],
        brand: Need::Optional,
        gtin: Need::Optional,
        variants: VariantRule { most: 50, most_axes: 2, axis_chars: 14, option_chars: 20 },
        price: PriceRule { currency: Currency::Brl, least_minor: 800, most_minor: None, most_ratio: None },
        most_units: 999,
        sku: SkuRule { most_chars: 50, takes_spaces: true },
        weight: true,
        size: false,
        papers: Vec::new(),
    }
}

fn sku(number: u8) -> SkuId {
    SkuId::from_bytes([number; 16])
}

fn product() -> Product {
    let variant = |number: u8, colour: &str, size: &str| Variant {
        sku: Some(sku(number)),
        options: vec![colour.into(), size.into()],
        code: format!("CAN-{number}"),
        facts: Facts { weight_g: Some(300 + i64::from(number)), width_mm: Some(90), ..Facts::default() },
    };
    let axis = |name: &str, options: [&str; 2]| Axis {
        name: name.into(),
        options: options.map(String::from).into(),
    };
    Product {
        title: "Caneca esmaltada".into(),
        brand: "Casa Verde".into(),
        description: "Esmaltada.".into(),
        tags: Vec::new(),
        axes: vec![axis("cor", ["Preto", "Branco"]), axis("Tamanho", ["P", "M"])],
        variants: vec![
            variant(1, "Preto", "P"),
            variant(2, "Preto", "M"),
            variant(3, "branco", "P"),
            variant(4, "Roxo", "M"),
        ],
    }
}

fn good() -> Draft {
    let mut draft = Draft::of(&product());
    draft.category = "MLB1".into();
    draft.price = "49,90".into();
    draft.put("attr-MATERIAL", vec!["2".into()]);
    draft
}

fn read_with(draft: &Draft, rules: &Rules) -> Reading {
    let shots = [Shot { id: "pic-1".into(), sku: None }, Shot { id: "own".into(), sku: Some(sku(2)) }];
    let units = BTreeMap::from([(sku(1), 5), (sku(2), 5_000), (sku(3), -2)]);
    let product = product();
    let goods = Goods { product: &product, pictures: &shots, units: &units, brands: &[], reference: "ref-1" };
    draft.offer(rules, &goods)
}

fn read(draft: &Draft) -> Reading {
    read_with(draft, &rules())
}

fn mend(draft: &Draft, field: &Field) -> Vec<Mend> {
    let faults = read(draft).faults;
    faults.into_iter().filter(|fault| fault.field == *field).map(|fault| fault.mend).collect()
}

#[test]
fn a_good_draft_is_an_offer_without_faults() {
    let Reading { offer, faults } = read(&good());
    assert_eq!(faults, []);
    assert_eq!(offer.axes.iter().map(|axis| axis.id.as_deref()).collect::<Vec<_>>(), [Some("COLOR"), None]);
    let ids: Vec<_> = offer.variants.iter().map(|variant| variant.choices[0].id.as_deref()).collect();
    assert_eq!(
        ids,
        [Some("52049"), Some("52049"), Some("52055"), None],
        "case and accents are no difference"
    );
    assert_eq!(offer.variants.iter().map(|it| it.quantity_units).collect::<Vec<_>>(), [5, 999, 0, 0]);
    assert!(offer.variants.iter().all(|it| it.price == crate::Money::new(4_990, Currency::Brl)));
    assert_eq!(offer.variants[1].picture.as_deref(), Some("own"));
    assert_eq!(offer.pictures, ["pic-1"]);
    let package = offer.package.expect("it was measured");
    assert_eq!((package.weight_grams, package.length_mm, package.width_mm), (304, 90, 0));
}

#[test]
fn each_missing_or_wrong_field_is_named_with_its_mend() {
    let wrong = |change: &dyn Fn(&mut Draft), field: Field, expected: Mend| {
        let mut draft = good();
        change(&mut draft);
        assert_eq!(mend(&draft, &field), [expected], "{field}");
    };
    wrong(&|draft| draft.category.clear(), Field::Category, Mend::ChooseListed);
    wrong(&|draft| draft.title = "x".repeat(61), Field::Title, Mend::Shorten(60));
    wrong(&|draft| draft.title = "  ".into(), Field::Title, Mend::Fill);
    wrong(&|draft| draft.put("attr-MATERIAL", vec![" ".into()]), attribute("MATERIAL"), Mend::Fill);
    wrong(&|draft| draft.put("attr-MATERIAL", vec!["9".into()]), attribute("MATERIAL"), Mend::ChooseListed);
    wrong(&|draft| draft.put("attr-MATERIAL", vec!["1".into()]), attribute("COATING"), Mend::Fill);
    wrong(&|draft| draft.put("attr-PIECES", vec!["many".into()]), attribute("PIECES"), Mend::WriteNumber);
    wrong(
        &|draft| draft.put("attr-BEST_BEFORE", vec!["31/12".into()]),
        attribute("BEST_BEFORE"),
        Mend::WriteDate,
    );
    let units = || Mend::WriteMeasure(vec!["ml".into(), "L".into()]);
    wrong(&|draft| draft.put("attr-VOLUME", vec!["big".into()]), attribute("VOLUME"), units());
    let gallons = |draft: &mut Draft| {
        draft.put("attr-VOLUME", vec!["2".into()]);
        draft.put("unit-VOLUME", vec!["gal".into()]);
    };
    wrong(&gallons, attribute("VOLUME"), units());
    wrong(&|draft| draft.put(&price_cell(sku(3)), vec!["0".into()]), Field::Price(2), Mend::Raise(800));
    wrong(&|draft| draft.put(&price_cell(sku(3)), vec!["1.234".into()]), Field::Price(2), Mend::WriteNumber);
    let mut unpriced = good();
    unpriced.price.clear();
    assert_eq!(mend(&unpriced, &Field::Price(0)), [Mend::Fill]);
}

fn attribute(id: &str) -> Field {
    Field::Attribute(id.into())
}

#[test]
fn words_are_listed_values_by_their_names() {
    let mut draft = good();
    let mut rules = rules();
    rules.attributes[3].listed = listed(&[("7", "Esmalte")]);
    draft.put("attr-COATING", vec!["ESMALTE".into()]);
    let told = |draft: &Draft, rules: &Rules| {
        let offer = read_with(draft, rules).offer;
        offer.attributes.into_iter().find(|it| it.id == "COATING").expect("it is told").values
    };
    assert_eq!(told(&draft, &rules), [Value::Listed("7".into())]);
    rules.attributes[3].most_values = 5;
    draft.put("attr-COATING", vec!["7".into()]);
    draft.put("others-COATING", vec!["Fosco\n\n Teflon ".into()]);
    let words = |text: &str| Value::Text(text.into());
    assert_eq!(told(&draft, &rules), [Value::Listed("7".into()), words("Fosco"), words("Teflon")]);
}

#[test]
fn a_brand_is_told_by_its_id_where_the_platform_lists_it() {
    let product = product();
    let rules = Rules { brand: Need::Required, ..rules() };
    let brands = [Brand { id: Some("44".into()), name: "CASA VERDE".into() }];
    let goods = Goods {
        product: &product,
        pictures: &[],
        units: &BTreeMap::new(),
        brands: &brands,
        reference: "ref",
    };
    assert_eq!(good().offer(&rules, &goods).offer.brand, Some(brands[0].clone()));
    let unnamed = Draft { brand: String::new(), ..good() };
    let faults = unnamed.offer(&rules, &goods).faults;
    assert!(faults.contains(&Fault { field: Field::Brand, mend: Mend::Fill }), "{faults:?}");
    assert!(faults.contains(&Fault { field: Field::Pictures, mend: Mend::Add(1) }), "{faults:?}");
}

#[test]
fn a_brand_among_the_attributes_is_filled_in_and_not_over() {
    let mut draft = good();
    draft.fill(&rules(), &product());
    assert_eq!(draft.text("attr-BRAND"), "Casa Verde");
    draft.put("attr-BRAND", vec!["Outra".into()]);
    draft.fill(&rules(), &product());
    assert_eq!(draft.text("attr-BRAND"), "Outra");
}

#[test]
fn a_draft_that_is_too_large_is_told_which_field_is() {
    let long = |most: usize| "x".repeat(most + 1);
    let too_long = Draft { title: long(MAX_TITLE_CHARS), ..good() };
    assert_eq!(too_long.fits(), Err(TooMuch::Text { field: "title", most: MAX_TITLE_CHARS }));
    let mut many = good();
    for number in 0..=MAX_CELLS {
        many.put(&format!("attr-{number}"), vec!["x".into()]);
    }
    assert_eq!(many.fits(), Err(TooMuch::Cells));
    assert_eq!(good().fits(), Ok(()));
    for (name, is) in [("attr-X", true), ("attr-", false), ("title", false), ("csrf", false)] {
        assert_eq!(is_cell(name), is, "{name}");
    }
}

#[test]
fn what_another_changed_is_told_field_by_field() {
    let mut theirs = good();
    theirs.title = "Outra".into();
    theirs.put("attr-MATERIAL", vec!["1".into()]);
    let told: Vec<_> = good().differences(&theirs).into_iter().map(|it| (it.field, it.theirs)).collect();
    assert_eq!(told, [("title".into(), "Outra".into()), ("attr-MATERIAL".into(), String::from("1"))]);
    assert_eq!(good().differences(&good()), []);
}

const NOW: Timestamp = Timestamp::from_millis(1_000);
const LATER: Timestamp = Timestamp::from_millis(2_000);

fn asked() -> Publication {
    Publication::ask(None, false, "first".into(), NOW).expect("nothing was before")
}

#[test]
fn what_may_have_been_taken_keeps_its_name_and_its_beginning() {
    let mut publication = asked();
    assert_eq!(publication.hand_in(NOW), None, "nothing was tried before");
    publication.give_up();
    assert_eq!(publication.state, PublicationState::Unknown);
    let mut again =
        Publication::ask(Some(&publication), false, "second".into(), LATER).expect("it may be asked");
    let since = again.hand_in(LATER);
    assert_eq!((again.reference.as_str(), since), ("first", Some(NOW)));
    again.take();
    assert_eq!(Publication::ask(Some(&again), false, "third".into(), LATER), Err(AskError::Published));
    let anew = Publication::ask(Some(&again), true, "third".into(), LATER).expect("it has ended there");
    assert_eq!((anew.reference.as_str(), anew.tried_since), ("third", None));
}

#[test]
fn what_was_refused_is_a_new_offer_and_what_is_under_way_is_not_asked_twice() {
    let mut publication = asked();
    assert_eq!(Publication::ask(Some(&publication), false, "x".into(), LATER), Err(AskError::UnderWay));
    publication.hand_in(NOW);
    publication.refuse();
    assert!(!publication.is_wanted());
    let anew = Publication::ask(Some(&publication), false, "second".into(), LATER).expect("it was mended");
    assert_eq!((anew.reference.as_str(), anew.tried_since), ("second", None));
    let mut early = asked();
    early.give_up();
    assert_eq!(early.state, PublicationState::Failed);
}

#[test]
fn every_state_survives_its_word() {
    for state in PublicationState::ALL {
        assert_eq!(PublicationState::parse(state.as_str()), Some(state));
    }
    assert_eq!(PublicationState::parse("gone"), None);
}

proptest! {
    /// Whatever happens in whatever order, an offer that may have been taken is never begun anew under another name.
    #[test]
    fn no_two_names_for_what_may_have_been_taken(steps in proptest::collection::vec(0_u8..5, 0..40)) {
        let mut publication = asked();
        let mut may_be_there = false;
        for (number, step) in steps.into_iter().enumerate() {
            let before = publication.reference.clone();
            match step {
                0 if publication.is_wanted() => { publication.hand_in(NOW); may_be_there = true; }
                1 if publication.state == PublicationState::HandingIn => { publication.take(); }
                2 if publication.state == PublicationState::HandingIn => { publication.refuse(); may_be_there = false; }
                3 if publication.is_wanted() => publication.give_up(),
                _ => {
                    let asked = Publication::ask(Some(&publication), false, format!("n{number}"), LATER);
                    if let Ok(asked) = asked { publication = asked; }
                }
            }
            if may_be_there {
                prop_assert_eq!(&publication.reference, &before);
            }
        }
    }

    #[test]
    fn no_text_makes_reading_panic(title in ".{0,80}", price in ".{0,12}", value in ".{0,12}") {
        let mut draft = good();
        draft.title = title;
        draft.price = price;
        for id in ["MATERIAL", "VOLUME", "PIECES", "BEST_BEFORE", "COLOR"] {
            draft.put(&attribute_cell(id), vec![value.clone()]);
        }
        let Reading { offer, faults } = read(&draft);
        prop_assert_eq!(offer.variants.len(), 4);
        prop_assert!(faults.iter().all(|fault| !fault.to_string().is_empty()));
    }
}

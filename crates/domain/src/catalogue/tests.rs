use super::*;
use crate::random::SeededEntropy;
use crate::time::Timestamp;
use proptest::prelude::*;

fn axis(name: &str, options: &str) -> TypedAxis {
    TypedAxis { name: name.into(), options: options.into() }
}

fn row(options: [&str; MAX_AXES], code: &str) -> TypedRow {
    TypedRow { options: options.map(str::to_owned), code: code.into(), ..TypedRow::default() }
}

fn mug() -> Typed {
    Typed {
        title: " Caneca esmaltada ".into(),
        brand: "Casa Verde".into(),
        description: "Esmaltada.\r\nNão vai ao micro-ondas.".into(),
        tags: "cozinha, presente,, Cozinha".into(),
        axes: [axis("Cor", "Preta, Branca"), axis("Tamanho", "P; M\nG"), TypedAxis::default()],
        rows: vec![row(["Preta", "P", ""], "CAN-PP"), row(["Branca", "M", ""], "CAN-BM")],
    }
}

fn sku(number: i64) -> SkuId {
    SkuId::new(Timestamp::from_millis(number), &SeededEntropy::new(1))
}

fn wrong(change: impl FnOnce(&mut Typed)) -> Vec<(Field, Wrong)> {
    let mut typed = mug();
    change(&mut typed);
    let faults = typed.check().expect_err("something is wrong");
    faults.into_iter().map(|fault| (fault.at, fault.what)).collect()
}

#[test]
fn what_was_typed_becomes_a_product() {
    let mut typed = mug();
    typed.rows[0] = TypedRow {
        gtin: "7891234567895".into(),
        cost: "R$ 1.012,50".into(),
        tax: "18".into(),
        weight: "350".into(),
        length: "12,5".into(),
        width: "9".into(),
        height: "10.0".into(),
        ncm: "7323.93.00".into(),
        origin: "0".into(),
        ..typed.rows[0].clone()
    };
    let product = typed.check().expect("nothing is wrong");
    assert_eq!((product.title.as_str(), product.tags.len()), ("Caneca esmaltada", 2));
    assert_eq!(product.description, "Esmaltada.\nNão vai ao micro-ondas.");
    assert_eq!(product.axes[1].options, ["P", "M", "G"]);
    assert_eq!(product.variants[0].options, ["Preta", "P"]);
    let facts = &product.variants[0].facts;
    assert_eq!(facts.cost, Some(Money::new(101_250, Currency::Brl)));
    assert_eq!((facts.tax_basis_points, facts.weight_g), (Some(1_800), Some(350)));
    assert_eq!((facts.length_mm, facts.width_mm, facts.height_mm), (Some(125), Some(90), Some(100)));
    assert_eq!(product.variants[1].facts, Facts::default(), "what is not known stays empty");
}

#[test]
fn a_product_needs_a_title_and_a_variant() {
    assert_eq!(wrong(|it| it.title = " ".into()), [(Field::Title, Wrong::Missing)]);
    assert_eq!(wrong(|it| it.rows.clear()), [(Field::Row(0, Cell::Code), Wrong::Missing)]);
    assert_eq!(wrong(|it| it.title = "x".repeat(256)), [(Field::Title, Wrong::TooLong(MAX_TITLE_CHARS))]);
    assert_eq!(wrong(|it| it.title = "a\u{0}b".into()), [(Field::Title, Wrong::Invisible)]);
    assert_eq!(wrong(|it| it.description = "a\u{7}".into()), [(Field::Description, Wrong::Invisible)]);
}

#[test]
fn two_variants_are_neither_the_same_thing_nor_the_same_sku() {
    let faults = wrong(|it| it.rows.push(row(["Preta", "P", ""], "CAN-X")));
    assert_eq!(faults, [(Field::Row(2, Cell::Option(0)), Wrong::Twice("Preta · P".into()))]);
    let faults = wrong(|it| it.rows[1].code = "can-pp".into());
    assert_eq!(faults, [(Field::Row(1, Cell::Code), Wrong::Twice("can-pp".into()))]);
    let faults = wrong(|it| it.rows.iter_mut().for_each(|row| row.gtin = "96385074".into()));
    assert_eq!(faults, [(Field::Row(1, Cell::Gtin), Wrong::Twice("96385074".into()))]);
}

#[test]
fn a_variant_is_one_option_of_each_axis() {
    let faults = wrong(|it| it.rows[0].options[1] = "XG".into());
    assert_eq!(faults, [(Field::Row(0, Cell::Option(1)), Wrong::NoSuchOption("XG".into()))]);
    let faults = wrong(|it| it.rows[0].options[1] = String::new());
    assert_eq!(faults, [(Field::Row(0, Cell::Option(1)), Wrong::Missing)]);
    assert_eq!(
        wrong(|it| it.axes[2].name = "Voltagem".into())[0],
        (Field::AxisOptions(2), Wrong::HalfAnAxis)
    );
    assert_eq!(wrong(|it| it.axes[2].options = "110 V".into())[0], (Field::AxisName(2), Wrong::HalfAnAxis));
    let faults = wrong(|it| it.axes[1] = axis("COR", "P, M, G"));
    assert_eq!(faults, [(Field::AxisName(1), Wrong::Twice("COR".into()))]);
    let faults = wrong(|it| it.axes[0].options = "Preta, Branca, preta".into());
    assert_eq!(faults, [(Field::AxisOptions(0), Wrong::Twice("preta".into()))]);
}

#[test]
fn numbers_that_cannot_be_are_refused_at_their_cell() {
    let cell = |cell: Cell, text: &'static str| wrong(move |it| it.rows[1].put(cell, text)).remove(0);
    let (before, after) = (String::from("1"), String::from("299"));
    let both = Wrong::Number(NumberFault::Ambiguous { before, after });
    assert_eq!(cell(Cell::Cost, "1.299"), (Field::Row(1, Cell::Cost), both));
    assert_eq!(cell(Cell::Cost, "12,345,6").1, Wrong::Number(NumberFault::NotANumber));
    assert_eq!(cell(Cell::Cost, "10000000,01").1, Wrong::Beyond(10_000_000));
    assert_eq!(cell(Cell::Tax, "100,01").1, Wrong::Beyond(100));
    assert_eq!(cell(Cell::Weight, "0,5").1, Wrong::Number(NumberFault::TooFine { digits: 0 }));
    assert_eq!(cell(Cell::Weight, "1000001").1, Wrong::Beyond(MAX_WEIGHT_G));
    assert_eq!(cell(Cell::Length, "12,55").1, Wrong::Number(NumberFault::TooFine { digits: 1 }));
    assert_eq!(cell(Cell::Height, "1000,1").1, Wrong::Beyond(1_000));
    assert_eq!(cell(Cell::Gtin, "7891234567890").1, Wrong::Gtin(GtinFault::CheckDigit(5)));
    assert_eq!(cell(Cell::Ncm, "7323").1, Wrong::Code);
    assert_eq!(cell(Cell::Origin, "9").1, Wrong::Code);
}

#[test]
fn a_row_without_a_code_is_no_variant_unless_something_was_typed_into_it() {
    let mut typed = mug();
    typed.rows.push(row(["Branca", "P", ""], ""));
    assert_eq!(typed.check().map(|product| product.variants.len()), Ok(2));
    let faults = wrong(|it| it.rows.push(TypedRow { cost: "10".into(), ..row(["Branca", "P", ""], "") }));
    assert_eq!(faults, [(Field::Row(2, Cell::Code), Wrong::Missing)]);
    let faults = wrong(|it| it.rows.iter_mut().for_each(|row| row.goes = true));
    assert_eq!(faults, [(Field::Row(0, Cell::Code), Wrong::Missing)], "the last one stays");
}

#[test]
fn fifty_thousand_variants_are_refused_with_their_number_and_nothing_is_made() {
    let many = |count: usize| (0..count).map(|at| format!("o{at}")).collect::<Vec<_>>().join(",");
    let mut typed = mug();
    typed.axes = [axis("a", &many(50)), axis("b", &many(50)), axis("c", &many(20))];
    let before = typed.clone();
    let fault = Wrong::TooMany { most: MAX_VARIANTS, found: 50_000 };
    assert_eq!(typed.spread("X"), Err(vec![Fault { at: Field::AxisOptions(0), what: fault }]));
    assert_eq!(typed, before);
    let faults = wrong(|it| it.axes[0].options = many(101));
    assert_eq!(faults[0], (Field::AxisOptions(0), Wrong::TooMany { most: MAX_OPTIONS, found: 101 }));
    let faults =
        wrong(|it| it.rows = (0..=MAX_VARIANTS).map(|at| row(["Preta", "P", ""], &at.to_string())).collect());
    assert_eq!(
        faults,
        [(Field::AxisOptions(0), Wrong::TooMany { most: MAX_VARIANTS, found: MAX_VARIANTS + 1 })]
    );
}

#[test]
fn spreading_keeps_what_was_typed_and_every_sku() {
    let mut typed = mug();
    typed.rows[1].cost = "12,50".into();
    typed.rows.push(TypedRow { sku: Some(sku(1)), ..row(["Azul", "P", ""], "OLD") });
    typed.rows.push(row(["Verde", "P", ""], "FORGOTTEN"));
    typed.spread("CAN").expect("six combinations");
    let codes: Vec<&str> = typed.rows.iter().map(|row| row.code.as_str()).collect();
    assert_eq!(
        codes,
        ["CAN-PP", "CAN-PRETA-M", "CAN-PRETA-G", "CAN-BRANCA-P", "CAN-BM", "CAN-BRANCA-G", "OLD"]
    );
    assert_eq!(typed.rows[4].cost, "12,50");
    let faults = typed.check().expect_err("blue is no option any more");
    assert_eq!(faults[0].at, Field::Row(6, Cell::Option(0)));
    typed.rows[6].goes = true;
    assert_eq!(typed.check().map(|product| product.variants.len()), Ok(6));
}

#[test]
fn without_an_axis_there_is_one_row() {
    let mut typed = Typed { title: "Balde".into(), ..Typed::default() };
    typed.spread("BALDE").expect("no axis is fine");
    assert_eq!(typed.rows, [row(["", "", ""], "BALDE")]);
    assert_eq!(typed.check().map(|product| product.variants[0].options.len()), Ok(0));
}

#[test]
fn what_is_common_fills_what_is_empty_and_nothing_else() {
    let mut typed = mug();
    typed.rows[0].cost = "9".into();
    typed.rows.push(row(["Branca", "P", ""], ""));
    typed.fill(&TypedRow {
        cost: "12,50".into(),
        gtin: "1".into(),
        weight: "350".into(),
        ..TypedRow::default()
    });
    let costs: Vec<&str> = typed.rows.iter().map(|row| row.cost.as_str()).collect();
    assert_eq!(costs, ["9", "12,50", ""], "a row without a code is not made by filling it");
    assert_eq!((typed.rows[1].weight.as_str(), typed.rows[1].gtin.as_str()), ("350", ""));
}

fn stored(costs: &[Option<i64>]) -> Product {
    let variant = |(at, cost): (i64, &Option<i64>)| Variant {
        sku: Some(sku(at)),
        options: Vec::new(),
        code: format!("S{at}"),
        facts: Facts { cost: cost.map(|minor| Money::new(minor, Currency::Brl)), ..Facts::default() },
    };
    let variants = (1_i64..).zip(costs).map(variant).collect();
    let text = String::new;
    Product { title: text(), brand: text(), description: text(), tags: vec![], axes: vec![], variants }
}

#[test]
fn a_cost_a_hundred_times_off_is_asked_about_and_a_raise_is_not() {
    let brl = |minor| Money::new(minor, Currency::Brl);
    for (before, after, odd) in [
        (1_250, 125_000, true),
        (125_000, 1_250, true),
        (1_250, 12_500, true),
        (1_250, 0, true),
        (1_250, 2_500, false),
        (0, 900, false),
        (7, 7, false),
    ] {
        assert_eq!(is_odd_jump(brl(before), brl(after)), odd, "{before} {after}");
    }
    let (before, after) = (stored(&[Some(1_250), Some(900)]), stored(&[Some(125_000), Some(950)]));
    let asked = questions(Some(&before), &after, &[], Agreed::default());
    assert_eq!(asked, [Question::Cost { code: "S1".into(), before: brl(1_250), after: brl(125_000) }]);
    assert_eq!(questions(Some(&before), &after, &[], Agreed { cost: true, ..Agreed::default() }), []);
    assert_eq!(
        questions(None, &after, &[], Agreed::default()),
        [],
        "a first cost has nothing to differ from"
    );
}

#[test]
fn a_variant_that_goes_and_a_sku_that_is_there_are_asked_about() {
    let found = Found { code: "S9".into(), title: "Caneca".into(), on_hand_units: 4 };
    let (before, mut after) = (stored(&[None, None]), stored(&[None]));
    after.variants.push(Variant { sku: None, ..after.variants[0].clone() });
    let asked = questions(Some(&before), &after, std::slice::from_ref(&found), Agreed::default());
    assert_eq!(asked, [Question::Adopt(found.clone()), Question::Drop { code: "S2".into() }]);
    let all = Agreed { cost: true, adopt: true, drop: true };
    assert_eq!(questions(Some(&before), &after, &[found], all), []);
}

#[test]
fn a_product_is_found_by_the_beginnings_of_its_words() {
    let mut typed = mug();
    typed.rows[0].gtin = "96385074".into();
    let words = search_words(&typed.check().expect("nothing is wrong"));
    for word in ["caneca", "verde", "can", "pp", "bm", "96385074"] {
        assert!(words.contains(word), "{word}");
    }
    let found = |text: &str| {
        let ranges = search_ranges(text);
        let within = |range: &SearchRange| {
            words.iter().any(|word| word.as_bytes() >= &*range.from && word.as_bytes() < &*range.until)
        };
        !ranges.is_empty() && ranges.iter().all(within)
    };
    for text in ["cane", "CANÉCA verd", "can-pp", "9638"] {
        assert!(found(text), "{text}");
    }
    assert!(!found("aneca") && !found("caneca azul") && !found("--") && !found(""));
}

#[test]
fn what_is_kept_is_shown_as_it_would_be_typed() {
    let mut typed = mug();
    for (cell, text) in [
        (Cell::Cost, "1012,50"),
        (Cell::Tax, "18,25"),
        (Cell::Weight, "1350"),
        (Cell::Length, "12,5"),
        (Cell::Width, "0,9"),
        (Cell::Height, "10"),
        (Cell::Gtin, "96385074"),
        (Cell::Ncm, "73239300"),
        (Cell::Origin, "2"),
    ] {
        typed.rows[0].put(cell, text);
    }
    let product = typed.check().expect("nothing is wrong");
    let shown = Typed::of(&product, ',');
    for cell in TypedRow::CELLS {
        assert_eq!(shown.rows[0].cell(cell), typed.rows[0].cell(cell), "{cell:?}");
    }
    assert_eq!(shown.check(), Ok(product.clone()));
    assert_eq!(Typed::of(&product, '.').check(), Ok(product), "whoever reads points types points");
}

#[test]
fn who_comes_late_keeps_what_they_typed_and_gets_what_the_other_made() {
    let mine = TypedRow { sku: Some(sku(1)), cost: "9".into(), ..row(["Preta", "P", ""], "A") };
    let gone = TypedRow { sku: Some(sku(2)), ..row(["Branca", "P", ""], "B") };
    let theirs = TypedRow { sku: Some(sku(3)), ..row(["Branca", "M", ""], "C") };
    let mut typed = Typed { rows: vec![mine.clone(), gone.clone()], ..mug() };
    let now = Typed { rows: vec![TypedRow { cost: "7".into(), ..mine.clone() }, theirs.clone()], ..mug() };
    typed.catch_up(&now);
    assert_eq!(typed.rows, [mine, TypedRow { sku: None, ..gone }, theirs]);
}

#[test]
fn the_log_is_told_what_changed() {
    let before = mug().check().expect("nothing is wrong");
    let after = Product { title: "Outra".into(), tags: Vec::new(), ..before.clone() };
    assert_eq!(after.changed(&before), ["title", "tags"]);
    assert_eq!(before.changed(&before), [] as [&str; 0]);
}

proptest! {
    #[test]
    fn a_product_that_was_taken_is_whole(
        colours in proptest::collection::vec("[a-cA-C ]{0,3}", 0..5),
        sizes in proptest::collection::vec("[a-c,]{0,3}", 0..5),
        base in "[A-Z]{0,3}",
    ) {
        let mut typed = Typed { title: "t".into(), ..Typed::default() };
        typed.axes[0] = axis("Cor", &colours.join(","));
        typed.axes[1] = axis("Tamanho", &sizes.join("\n"));
        if typed.spread(&base).is_ok()
            && let Ok(product) = typed.check()
        {
            let all: usize = product.axes.iter().map(|axis| axis.options.len()).product();
            prop_assert_eq!(product.variants.len(), all);
            for variant in &product.variants {
                prop_assert_eq!(variant.options.len(), product.axes.len());
                prop_assert!(!variant.code.is_empty());
            }
        }
    }

    #[test]
    fn spreading_twice_changes_nothing(sizes in proptest::collection::vec("[a-z]{1,3}", 0..6)) {
        let mut typed = mug();
        typed.axes[1].options = sizes.join(",");
        if typed.spread("X").is_ok() {
            let once = typed.clone();
            typed.spread("Y").expect("it was fine before");
            prop_assert_eq!(typed, once);
        }
    }

    #[test]
    fn nothing_that_is_typed_makes_checking_panic(title in "\\PC{0,20}", tags in "\\PC{0,40}", cell in "\\PC{0,20}") {
        let mut typed = Typed { title, tags, ..mug() };
        for known in TypedRow::CELLS {
            typed.rows[0].put(known, &cell);
        }
        let _ = typed.check();
        let _ = typed.spread(&cell);
        let _ = search_ranges(&cell);
    }
}

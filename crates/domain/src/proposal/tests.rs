use proptest::prelude::*;

use super::*;
use crate::id::TypedId as _;

fn goods(number: u8, code: &str, title: &str, options: &[&str]) -> Goods {
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    Goods {
        sku: SkuId::from_bytes([number; 16]),
        code: code.into(),
        title: title.into(),
        options,
        gtin: None,
    }
}

fn plain(title: &str) -> Offered {
    Offered::read(title, false, None)
}

fn variation(title: &str) -> Offered {
    Offered::read(title, true, None)
}

#[test]
fn what_says_nothing_gets_no_proposal() {
    let bottle = goods(1, "GAR-1", "Garrafa térmica inox", &[]);
    for title in ["", "   ", "()", "de do da com", "!!! ---", "Garrafa"] {
        assert_eq!(weigh(&plain(title), &bottle), None, "{title:?}");
    }
    assert_eq!(weigh(&plain("Garrafa térmica inox"), &goods(1, "", "", &[])), None, "goods without a word");
    assert_eq!(best(&plain("Garrafa térmica"), &[]), []);
}

#[test]
fn a_code_of_two_signs_or_of_marks_alone_is_no_code() {
    for code in ["", "--", "A1", "..."] {
        let offered = Offered::read("Caneca", false, Some(code));
        assert_eq!(weigh(&offered, &goods(1, code, "Prato fundo", &[])), None, "{code:?}");
    }
}

#[test]
fn another_colour_size_number_wearer_or_a_set_is_never_proposed() {
    let pairs = [
        ("Camiseta algodão lisa preta", "Camiseta algodão lisa branca"),
        ("Camiseta algodão lisa tamanho M", "Camiseta algodão lisa tamanho G"),
        ("Garrafa térmica inox 500ml", "Garrafa térmica inox 1 litro"),
        ("Capa celular silicone iPhone 13", "Capa celular silicone iPhone 14"),
        ("Liquidificador turbo inox 110V", "Liquidificador turbo inox 220V"),
        ("Tênis corrida leve feminino", "Tênis corrida leve masculino"),
        ("Kit garrafa térmica inox", "Garrafa térmica inox"),
        ("Garrafa térmica inox", "Garrafas térmicas inox conjunto"),
    ];
    for (listing, title) in pairs {
        let offered = Offered::read(listing, false, Some("ABC-1"));
        assert_eq!(
            weigh(&offered, &goods(1, "abc 1", title, &[])),
            None,
            "{listing} / {title}, for all its code"
        );
        assert_eq!(weigh(&plain(listing), &goods(1, "X", title, &[])), None, "{listing} / {title}");
    }
}

#[test]
fn an_option_that_the_other_does_not_name_may_be_another_one() {
    let floral = goods(1, "V-F", "Vaso decorativo cerâmica", &["Floral"]);
    let plaid = goods(2, "V-X", "Vaso decorativo cerâmica", &["Xadrez"]);
    let found = best(&variation("Vaso decorativo cerâmica (Floral)"), &[floral.clone(), plaid]);
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["V-F"]);
    assert_eq!(weigh(&plain("Vaso decorativo cerâmica"), &floral), None, "which one is not said");
    let only = goods(3, "V", "Vaso decorativo cerâmica", &[]);
    assert_eq!(weigh(&variation("Vaso decorativo cerâmica (Floral)"), &only), None);
}

#[test]
fn another_bar_code_is_another_kind_of_goods() {
    let mut bottle = goods(1, "GAR-1", "Garrafa térmica inox", &[]);
    bottle.gtin = Gtin::parse("7891234567895").ok();
    let offered = Offered::read("Garrafa térmica inox", false, Some("6291041500213"));
    assert_eq!(weigh(&offered, &bottle), None);
    let same = Offered::read("Qualquer coisa", false, Some("7891234567895"));
    let found = weigh(&same, &bottle).expect("it has the same bar code");
    assert_eq!(
        (found.reason, found.percent, found.confidence()),
        (Reason::Gtin, GTIN_PERCENT, Confidence::High)
    );
    let wrong = Offered::read("Garrafa", false, Some("7891234567894"));
    assert_eq!(wrong.gtins().count(), 0, "its last digit does not fit");
}

#[test]
fn words_are_met_in_any_case_accent_number_and_order() {
    let offered = plain("INOX Termica garrafas 500 ML nova");
    let found = weigh(&offered, &goods(1, "G", "Garrafa térmica de inox, 500ml", &[])).expect("it is meant");
    assert_eq!(found.met, ["Garrafa", "térmica", "inox", "500", "ml"]);
    assert!(found.missing.is_empty());
    assert_eq!(found.reason, Reason::Words);
    let found =
        weigh(&offered, &goods(1, "G", "Garrafa térmica inox esportiva", &[])).expect("it may be meant");
    assert_eq!(found.missing, ["esportiva"]);
}

#[test]
fn the_same_colour_may_be_called_otherwise() {
    let offered = variation("Camiseta algodão lisa (Preto, M)");
    let found = weigh(&offered, &goods(1, "C-P-M", "Camiseta algodão lisa", &["Preta", "M"]));
    assert_eq!(found.map(|one| one.percent), Some(WORDS_CEILING_PERCENT));
}

#[test]
fn what_is_as_sure_of_two_is_half_as_sure_of_each() {
    let offered = Offered::read("Caneca", false, Some("can 1"));
    let found = best(&offered, &[goods(1, "CAN-1", "Uma", &[]), goods(2, "CAN1", "Outra", &[])]);
    let percents: Vec<u8> = found.iter().map(|one| one.percent).collect();
    assert_eq!(percents, [CODE_PERCENT / 2; 2]);
    let one = goods(1, "CAN-1", "Uma", &[]);
    assert_eq!(best(&offered, &[one.clone(), one]).len(), 1, "a SKU that came twice is one");
}

#[test]
fn skus_are_looked_up_by_words_that_say_something() {
    let words = looked_up("As Canecas de Café – azuis, caneca");
    let [caneca, cafe, azuis] = &words[..] else { panic!("{words:?}") };
    assert_eq!(caneca, &["caneca", "canecas"]);
    assert_eq!(
        (cafe[0].as_str(), azuis[0].as_str()),
        ("cafe", "azui"),
        "an s at the end is taken for a plural"
    );
    assert_eq!(azuis[1], "azuis", "and is looked up as it was written, too");
}

const COLOURS: [&str; 5] = ["preta", "branca", "azul", "vermelha", "verde"];

proptest! {
    #[test]
    fn no_text_makes_it_panic(title: String, code: String, other: String, option: String, is_variation: bool) {
        let offered = Offered::read(&title, is_variation, Some(&code));
        let all = [goods(1, &code, &other, &[&option]), goods(2, &other, &title, &[])];
        let found = best(&offered, &all);
        prop_assert!(found.len() <= MAX_PROPOSALS);
        prop_assert!(found.windows(2).all(|pair| pair[0].percent >= pair[1].percent));
        let _ = looked_up(&title);
    }

    #[test]
    fn words_alone_keep_below_their_ceiling(
        listing in proptest::collection::vec("[a-e]{1,3}", 0..10),
        title in proptest::collection::vec("[a-e]{1,3}", 0..10),
    ) {
        if let Some(found) = weigh(&plain(&listing.join(" ")), &goods(1, "X", &title.join(" "), &[])) {
            prop_assert_eq!(found.reason, Reason::Words);
            prop_assert!((WORDS_FLOOR_PERCENT..=WORDS_CEILING_PERCENT).contains(&found.percent));
            prop_assert!(found.met.len() >= MIN_WORDS_MET);
        }
    }

    #[test]
    fn goods_of_different_colours_are_never_proposed(
        words in proptest::collection::vec("[a-z]{4,8}", 0..6), ours in 0_usize..5, theirs in 0_usize..5, is_variation in any::<bool>(),
    ) {
        prop_assume!(ours != theirs);
        let base = words.join(" ");
        let offered = Offered::read(&format!("{base} ({})", COLOURS[theirs]), is_variation, Some("SAME-1 7891234567895"));
        for mut one in [
            goods(1, "SAME-1", &format!("{base} {}", COLOURS[ours]), &[]),
            goods(1, "SAME-1", &base, &[COLOURS[ours]]),
        ] {
            prop_assert_eq!(weigh(&offered, &one), None);
            one.gtin = Gtin::parse("7891234567895").ok();
            prop_assert_eq!(weigh(&offered, &one), None);
        }
    }

    #[test]
    fn marks_blanks_and_case_of_a_code_say_nothing(code in "[A-Z0-9]{3,12}", at in 0_usize..12, mark in "[ -]") {
        let mut other = code.to_lowercase();
        other.insert_str(at.min(other.len()), &mark);
        let offered = Offered::read("Qualquer coisa", false, Some(&other));
        let found = weigh(&offered, &goods(1, &code, "Outra", &[])).map(|one| (one.reason, one.percent));
        prop_assert_eq!(found, Some((Reason::Code, CODE_PERCENT)));
    }

    #[test]
    fn a_word_that_is_missing_never_makes_it_surer(
        words in proptest::collection::vec("[b-d]{2,4}", 2..6), more in "[f-k]{5,7}",
    ) {
        let (offered, title) = (plain(&words.join(" ")), words.join(" "));
        let percent = |title: &str| weigh(&offered, &goods(1, "X", title, &[])).map_or(0, |one| one.percent);
        let stuffed = format!("{title} {more}");
        prop_assert!(percent(&stuffed) <= percent(&title));
    }

    #[test]
    fn the_order_of_skus_says_nothing(
        titles in proptest::collection::vec("(caneca |azulejo |prato |fundo ){1,4}", 1..6), seed in 0_usize..6,
    ) {
        let mut all: Vec<Goods> = (1..).zip(&titles).map(|(number, title)| goods(number, &format!("C{number}"), title, &[])).collect();
        let offered = plain("caneca azulejo prato");
        let before = best(&offered, &all);
        let turn = seed % all.len();
        all.rotate_left(turn);
        prop_assert_eq!(best(&offered, &all), before);
    }
}

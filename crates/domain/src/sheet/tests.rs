use proptest::prelude::*;

use super::*;
use crate::catalogue::{GtinFault, NumberFault, Typed, TypedAxis, TypedRow};

fn sheet(header: &[&str], rows: &[&[&str]]) -> Sheet {
    let texts = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
    let rows = (2_u32..).zip(rows).map(|(number, cells)| SheetRow { number, cells: texts(cells) });
    Sheet { header: texts(header), rows: rows.collect(), knows_numbers: false }
}

fn laid(mut sheet: Sheet) -> Vec<Laid> {
    let map = ColumnMap::read(&sheet.header).expect("a heading");
    settle_numbers(&mut sheet, &map);
    let (drafts, _) = drafts(&sheet, &map);
    drafts.iter().map(|draft| lay(&sheet, &map, draft, None)).collect()
}

fn faults(header: &[&str], rows: &[&[&str]]) -> Vec<(u32, &'static str, Trouble)> {
    let sheet = sheet(header, rows);
    let map = ColumnMap::read(&sheet.header).expect("a heading");
    let (_, mut all) = drafts(&sheet, &map);
    all.extend(laid(sheet).into_iter().flat_map(|laid| laid.faults));
    all.into_iter().map(|fault| (fault.row, fault.column.as_str(), fault.trouble)).collect()
}

fn number(fault: NumberFault) -> Trouble {
    Trouble::Cell(Wrong::Number(fault))
}

#[test]
fn a_heading_without_codes_or_with_one_column_twice_is_none() {
    let read = |header: &[&str]| ColumnMap::read(&sheet(header, &[]).header);
    assert_eq!(read(&[]), Err(HeaderFault::NoCode));
    assert_eq!(read(&["Título", "Estoque"]), Err(HeaderFault::NoCode));
    assert_eq!(read(&["SKU", "Custo", "Cost"]), Err(HeaderFault::Twice("Custo".into(), "Cost".into())));
}

#[test]
fn what_nobody_knows_is_named_and_what_waits_says_what_it_is() {
    let header = sheet(&["SKU", "CEST", "Preço", "URL Imagens Externas", "Kit componentes", ""], &[]).header;
    let map = ColumnMap::read(&header).expect("a heading");
    assert_eq!(map.unknown, ["CEST"]);
    let waiting: Vec<_> = map.waiting.iter().map(|(what, _)| *what).collect();
    assert_eq!(waiting, [Waiting::Prices, Waiting::Pictures, Waiting::Kits]);
}

#[test]
fn every_heading_of_ours_is_its_column_in_every_language() {
    for language in 0..3 {
        let header: Vec<String> = Column::OURS
            .into_iter()
            .chain([Column::OnHand])
            .map(|it| it.headings()[language].to_owned())
            .collect();
        let map = ColumnMap::read(&header).expect("a heading");
        let places: Vec<Column> = map.places().map(|(column, _)| column).collect();
        assert_eq!(
            places,
            Column::OURS.into_iter().chain([Column::OnHand]).collect::<Vec<_>>(),
            "{header:?}"
        );
        assert_eq!((map.unknown, map.waiting), (vec![], vec![]));
    }
    for column in Column::all() {
        assert_eq!(Column::parse(column.as_str()), Some(column));
    }
}

#[test]
fn the_same_code_twice_blames_both_rows() {
    let rows: [&[&str]; 3] = [&["A-1", "Caneca"], &["B", "Balde"], &["a-1", "Copo"]];
    let found = faults(&["SKU", "Título"], &rows);
    assert_eq!(found, [(2, "code", Trouble::AlsoInRow(4)), (4, "code", Trouble::AlsoInRow(2))]);
}

#[test]
fn a_cell_that_cannot_be_taken_says_its_row_and_column() {
    let header = ["SKU", "Título", "Custo", "Estoque", "GTIN", "NCM"];
    let rows: [&[&str]; 5] = [
        &["A", "Caneca", "1.234", "", "", ""],
        &["B", "Balde", "", "-3", "", ""],
        &["C", "", "", "", "", ""],
        &["", "Copo", "", "", "", ""],
        &["E", "Prato", "", "2000000", "7891", "12"],
    ];
    let ambiguous = NumberFault::Ambiguous { before: "1".into(), after: "234".into() };
    let expected = [
        (5, "code", Trouble::Cell(Wrong::Missing)),
        (2, "cost", number(ambiguous)),
        (3, "on_hand", number(NumberFault::NotANumber)),
        (4, "title", Trouble::NoTitle),
        (5, "code", Trouble::Cell(Wrong::Missing)),
        (6, "on_hand", Trouble::Cell(Wrong::Beyond(MAX_ON_HAND_UNITS))),
        (6, "ncm", Trouble::Cell(Wrong::Code)),
        (6, "gtin", Trouble::Cell(Wrong::Gtin(GtinFault::Length(4)))),
    ];
    let mut found = faults(&header, &rows);
    found.retain(|fault| *fault != (5, "code", Trouble::Cell(Wrong::Missing)));
    let expected: Vec<_> = expected.into_iter().filter(|it| it.0 != 5).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_cell_that_is_told_is_cut() {
    let sheet = sheet(&["SKU"], &[&[&"x".repeat(500)]]);
    let map = ColumnMap::read(&sheet.header).expect("a heading");
    let (_, faults) = drafts(&sheet, &map);
    assert_eq!(faults[0].found.chars().count(), MAX_FOUND_CHARS);
}

#[test]
fn the_marks_of_the_whole_file_settle_what_has_two_readings_alone() {
    let cost = |cells: &[&str]| -> Vec<Option<i64>> {
        let rows: Vec<Vec<String>> = cells
            .iter()
            .enumerate()
            .map(|(at, cell)| vec![format!("S{at}"), "T".into(), (*cell).into()])
            .collect();
        let rows = (2_u32..).zip(rows).map(|(number, cells)| SheetRow { number, cells }).collect();
        let header = ["SKU", "Título", "Custo"].map(str::to_owned).to_vec();
        let laid = laid(Sheet { header, rows, knows_numbers: false });
        laid.into_iter().map(|it| Some(it.product?.variants[0].facts.cost?.minor)).collect()
    };
    assert_eq!(cost(&["12,50", "1.234"]), [Some(1_250), Some(123_400)]);
    assert_eq!(cost(&["12.50", "1,234"]), [Some(1_250), Some(123_400)]);
    assert_eq!(cost(&["1.234"]), [None], "nothing else tells");
    assert_eq!(cost(&["12.50", "12,50", "1.234"]), [Some(1_250), Some(1_250), None], "both tell");
}

#[test]
fn the_table_of_bling_makes_one_product_of_parent_and_variants() {
    // tidy: long because it is a table as Bling writes it
    let header = [
        "ID",
        "Código",
        "Descrição",
        "Unidade",
        "NCM",
        "Origem",
        "Preço",
        "Estoque",
        "Preço de custo",
        "Peso bruto (Kg)",
        "GTIN/EAN",
        "Largura do produto",
        "Altura do Produto",
        "Profundidade do produto",
        "Descrição Complementar",
        "Produto Variação",
        "Grupo de Tags/Tags",
        "Código Pai",
        "Marca",
    ];
    let parent: &[&str] = &[
        "1",
        "CAN",
        "Caneca esmaltada",
        "UN",
        "7323.93.00",
        "0",
        "39,90",
        "0",
        "",
        "0,350",
        "",
        "8,5",
        "9",
        "8,5",
        "Feita à mão.",
        "Produto",
        "cozinha",
        "",
        "Casa Verde",
    ];
    let variant = |code: &'static str, name: &'static str, units: &'static str| -> Vec<&'static str> {
        vec![
            "2",
            code,
            name,
            "UN",
            "7323.93.00",
            "0",
            "39,90",
            units,
            "12,50",
            "0,350",
            "",
            "8,5",
            "9",
            "8,5",
            "",
            "Variação",
            "",
            "CAN",
            "",
        ]
    };
    let (first, second) =
        (variant("CAN-P", "Cor:Preta;Tamanho:P", "7"), variant("CAN-M", "Cor:Preta;Tamanho:M", "1.500"));
    let all = laid(sheet(&header, &[parent, &first, &second]));
    assert_eq!(all.len(), 1);
    let product = all[0].product.as_ref().unwrap_or_else(|| panic!("{:?}", all[0].faults));
    assert_eq!((product.title.as_str(), product.brand.as_str()), ("Caneca esmaltada", "Casa Verde"));
    assert_eq!(
        (product.description.as_str(), &product.tags[..]),
        ("Feita à mão.", &["cozinha".to_owned()][..])
    );
    let axes: Vec<_> = product.axes.iter().map(|axis| (axis.name.as_str(), axis.options.join(" "))).collect();
    assert_eq!(axes, [("Cor", "Preta".to_owned()), ("Tamanho", "P M".to_owned())]);
    let facts = &product.variants[0].facts;
    assert_eq!(
        (facts.weight_g, facts.length_mm, facts.cost.map(|cost| cost.minor)),
        (Some(350), Some(85), Some(1_250))
    );
    let counts: Vec<_> = all[0].counts.iter().map(|count| count.on_hand_units).collect();
    assert_eq!(counts, [7, 1_500], "the point stands between thousands, as the rest of the file shows");
}

#[test]
fn an_empty_cell_leaves_what_is_known() {
    let row =
        TypedRow { code: "A".into(), cost: "12,50".into(), weight: "300".into(), ..TypedRow::default() };
    let known = Typed { title: "Caneca".into(), brand: "Casa".into(), rows: vec![row], ..Typed::default() };
    let known = known.check().expect("a product");
    let sheet = sheet(&["SKU", "Título", "Marca", "Custo"], &[&["A", "", "", "13"]]);
    let map = ColumnMap::read(&sheet.header).expect("a heading");
    let (drafts, _) = drafts(&sheet, &map);
    let laid = lay(&sheet, &map, &drafts[0], Some(&known)).product.expect("nothing is wrong");
    assert_eq!((laid.title.as_str(), laid.brand.as_str()), ("Caneca", "Casa"));
    assert_eq!(laid.variants[0].facts.cost.map(|cost| cost.minor), Some(1_300));
    assert_eq!(laid.variants[0].facts.weight_g, Some(300));
}

#[test]
fn no_cell_goes_out_as_a_formula() {
    for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''"] {
        let cell = into_cell(text);
        assert!(cell.starts_with('\''), "{cell}");
        assert_eq!(from_cell(&cell), text);
    }
    assert_eq!((from_cell("'n"), from_cell("d'água")), ("'n", "d'água"));
}

/// Products as people may have made them.
fn products() -> impl Strategy<Value = Typed> {
    let word = "[A-Za-zÁÉç=+'-]{1,12}( [a-z]{1,8})?";
    let money = prop_oneof![
        Just(String::new()),
        (0_i64..100_000).prop_map(|it| format!("{},{:02}", it / 100, it % 100))
    ];
    let whole = prop_oneof![Just(String::new()), (0_i64..1_000).prop_map(|it| it.to_string())];
    let rows = prop::collection::vec((money, whole.clone(), whole), 1..4);
    (word, prop_oneof![Just(String::new()), word.prop_map(String::from)], rows, any::<bool>()).prop_map(
        |(title, brand, rows, spread)| {
            let spread = spread || rows.len() > 1;
            let options: Vec<String> = (0..rows.len()).map(|at| format!("Op {at}")).collect();
            let mut typed = Typed { title, brand, ..Typed::default() };
            if spread {
                typed.axes[0] = TypedAxis { name: "Cor".into(), options: options.join(", ") };
            }
            for (at, (cost, weight, length)) in rows.into_iter().enumerate() {
                let mut row =
                    TypedRow { code: format!("S-{at}"), cost, weight, length, ..TypedRow::default() };
                if spread {
                    row.options[0].clone_from(&options[at]);
                }
                typed.rows.push(row);
            }
            typed
        },
    )
}

/// A product's rows as they are written out.
fn written(typed: &Typed) -> Vec<Vec<String>> {
    let of = |row: &TypedRow| {
        let cell = |column: Column| match column {
            Column::Parent => typed.rows[0].code.clone(),
            Column::Title => into_cell(&typed.title),
            Column::Brand => into_cell(&typed.brand),
            Column::AxisName(axis) if !row.options[axis].is_empty() => into_cell(&typed.axes[axis].name),
            Column::AxisOption(axis) => into_cell(&row.options[axis]),
            Column::Code => into_cell(&row.code),
            Column::Cost => row.cost.clone(),
            Column::Weight => row.weight.clone(),
            Column::Length => row.length.clone(),
            Column::AxisName(_)
            | Column::Description
            | Column::Tags
            | Column::Variation
            | Column::SkuName
            | Column::Gtin
            | Column::Tax
            | Column::WeightKg
            | Column::Width
            | Column::Height
            | Column::Ncm
            | Column::Origin
            | Column::OnHand => String::new(),
        };
        Column::OURS.into_iter().map(cell).collect()
    };
    typed.rows.iter().map(of).collect()
}

proptest! {
    #[test]
    fn what_goes_out_comes_in_as_it_was(typed in products()) {
        let Ok(product) = typed.check() else { return Ok(()) };
        // A name such as `Cor:Preta` of a variant would be read as an option; there is none without a mark.
        let rows = written(&Typed::of(&product, ','));
        let rows = (2_u32..).zip(rows).map(|(number, cells)| {
            SheetRow { number, cells: cells.iter().map(|cell| from_cell(cell).to_owned()).collect() }
        });
        let header = Column::OURS.map(|column| column.headings()[0].to_owned()).to_vec();
        let sheet = Sheet { header, rows: rows.collect(), knows_numbers: false };
        let map = ColumnMap::read(&sheet.header).expect("a heading");
        let (drafts, faults) = drafts(&sheet, &map);
        prop_assert_eq!((drafts.len(), faults.len()), (1, 0));
        let again = lay(&sheet, &map, &drafts[0], Some(&product));
        prop_assert_eq!(again.product.as_ref(), Some(&product));
        let anew = lay(&sheet, &map, &drafts[0], None);
        prop_assert_eq!(anew.product, Some(product));
    }

    #[test]
    fn any_text_survives_its_cell(text: String) {
        let cell = into_cell(&text);
        prop_assert_eq!(from_cell(&cell), text.as_str());
    }

    #[test]
    fn no_table_makes_reading_panic(
        header in prop::collection::vec("(SKU|Título|Custo|Estoque|Código Pai|Variações|Opção 1|\\PC{0,6})", 0..8),
        rows in prop::collection::vec(prop::collection::vec("(A|B|Cor:P;T:M|1\\.234|12,5|\\PC{0,8})", 0..8), 0..8),
    ) {
        let rows = (2_u32..).zip(rows).map(|(number, cells)| SheetRow { number, cells }).collect();
        let mut sheet = Sheet { header, rows, knows_numbers: false };
        let Ok(map) = ColumnMap::read(&sheet.header) else { return Ok(()) };
        settle_numbers(&mut sheet, &map);
        let (drafts, _) = drafts(&sheet, &map);
        let all: usize = drafts.iter().map(|draft| draft.rows.len() + usize::from(draft.parent.is_some())).sum();
        prop_assert!(all <= sheet.rows.len());
        for draft in &drafts {
            let laid = lay(&sheet, &map, draft, None);
            prop_assert!(laid.product.is_none() || laid.faults.is_empty());
        }
    }
}

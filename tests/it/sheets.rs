//! Tables that people bring along: shown before anything is done, applied whole product by whole product,
//! and taken back.

use std::fmt::Write as _;

use app::sheet::{ApplyError, ReadError, SheetAgreed, StageError, read};
use domain::SheetId;
use domain::catalogue::Agreed;
use domain::sheet::HeaderFault;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use store::sheets::{HeldSheet, ItemState, SheetState};
use tests::TestApp;

const SHARED: &str = "CAN-INOX-500";
const ALL: SheetAgreed =
    SheetAgreed { form: Agreed { cost: true, adopt: true, drop: true }, without_refused: true };
const NOTHING: SheetAgreed =
    SheetAgreed { form: Agreed { cost: false, adopt: false, drop: false }, without_refused: false };
/// Two products, one of them in two colours.
const TABLE: &str = "Código pai;Título;Marca;Variação 1;Opção 1;SKU;Custo;Peso (g);Estoque\n\
    CAN;Caneca esmaltada;Casa Verde;Cor;Preta;CAN-P;12,50;350;7\n\
    CAN;;;Cor;Branca;CAN-B;12,50;350;0\n\
    ;Balde;;;;BALDE;8;;\n";
/// Everything of the catalogue and its stock that a table could leave behind.
const TRACES: &str = "SELECT (SELECT COUNT(*) FROM product) + (SELECT COUNT(*) FROM product_variant) \
    + (SELECT COUNT(*) FROM sku) + (SELECT COUNT(*) FROM sku_fact) + (SELECT COUNT(*) FROM sku_cost) \
    + (SELECT COUNT(*) FROM ledger)";

async fn stage(shop: &TestApp, text: &str) -> Result<SheetId, StageError> {
    let table = read(text.as_bytes()).expect("a table");
    shop.app().stage_sheet(shop.organization, shop.member, "produtos.csv", table).await
}

async fn staged(shop: &TestApp, text: &str) -> HeldSheet {
    let id = stage(shop, text).await.expect("it is read");
    held(shop, id).await
}

async fn held(shop: &TestApp, id: SheetId) -> HeldSheet {
    shop.see(move |tenant| tenant.sheet(id)).await.expect("the table is there")
}

async fn apply(shop: &TestApp, id: SheetId, agreed: SheetAgreed) -> Result<(), ApplyError> {
    shop.app().apply_sheet(shop.organization, shop.member, id, agreed).await
}

/// Reads a table, agrees to everything and waits until it is in.
async fn applied(shop: &TestApp, text: &str) -> HeldSheet {
    let sheet = staged(shop, text).await;
    apply(shop, sheet.id, ALL).await.expect("it is agreed to");
    shop.run_until_idle().await;
    let sheet = held(shop, sheet.id).await;
    assert_eq!(sheet.state, SheetState::Applied);
    sheet
}

async fn undone(shop: &TestApp, id: SheetId) {
    assert!(shop.app().undo_sheet(shop.organization, shop.member, id).await.expect("it can be undone"));
    shop.run_until_idle().await;
    assert_eq!(held(shop, id).await.state, SheetState::Undone);
}

async fn count(shop: &TestApp, id: SheetId, state: ItemState) -> i64 {
    shop.see(move |tenant| tenant.sheet_item_count(id, state)).await
}

async fn cost_of(shop: &TestApp, code: &'static str) -> Option<i64> {
    let sku = shop.sku(code).await.id;
    shop.see(move |tenant| tenant.facts_of(sku)).await.cost.map(|cost| cost.minor)
}

/// What is kept of a code's product.
async fn product(shop: &TestApp, code: &'static str) -> store::catalogue::HeldProduct {
    let owner = shop.see(move |tenant| tenant.code_owner(code)).await.expect("its SKU is there");
    let id = owner.product.expect("its product is there");
    shop.see(move |tenant| tenant.product(id)).await.expect("the product is there")
}

on_both! {
    async fn what_is_no_table_is_refused_and_leaves_nothing(shop) {
        assert_eq!(read(b"\x89PNG\r\n\0"), Err(ReadError::Broken));
        assert!(matches!(stage(&shop, "Título;Custo\nBalde;8\n").await, Err(StageError::Header(HeaderFault::NoCode))));
        assert!(matches!(stage(&shop, "SKU;Título\n").await, Err(StageError::NoRows)));
        let twice = stage(&shop, "SKU;Custo;Cost\nA;1;2\n").await;
        assert!(matches!(twice, Err(StageError::Header(HeaderFault::Twice(..)))), "{twice:?}");
        assert_eq!(shop.number("SELECT COUNT(*) FROM sheet").await, 0);
    }

    /// ASVS 2.2.1, 2.3.3.
    async fn a_product_with_a_wrong_cell_is_left_out_only_if_somebody_says_so(shop) {
        let text = "Código pai;Título;Variação 1;Opção 1;SKU;Custo;Estoque\n\
            CAN;Caneca;Cor;Preta;CAN-P;12,50;7\nCAN;;Cor;Branca;CAN-B;1,2,3;-4\n;Balde;;;BALDE;8;3\n;;;;SEM-NOME;1;\n";
        let sheet = staged(&shop, text).await;
        assert_eq!((sheet.counts.creates, sheet.counts.refused, sheet.counts.faults), (1, 2, 3));
        let faults = shop.see(move |tenant| tenant.sheet_faults(sheet.id, 0, 50)).await;
        let told: Vec<_> =
            faults.iter().map(|(_, it)| (it.row, it.column.as_str(), it.found.as_str())).collect();
        assert_eq!(told, [(3, "on_hand", "-4"), (3, "cost", "1,2,3"), (5, "title", "")]);
        assert!(matches!(apply(&shop, sheet.id, NOTHING).await, Err(ApplyError::Asks)));
        assert_eq!(shop.number(TRACES).await, 0, "asking changes nothing");
        apply(&shop, sheet.id, ALL).await.expect("it is agreed to");
        shop.run_until_idle().await;
        assert_eq!(shop.number("SELECT COUNT(*) FROM sku").await, 1, "nothing of the mug is in");
        assert_eq!(shop.sku("BALDE").await.tally.on_hand_units, 3);
        assert!(matches!(apply(&shop, sheet.id, ALL).await, Err(ApplyError::Past)), "once");
    }

    async fn a_table_is_shown_before_anything_is_done_and_then_is_in(shop) {
        let sheet = staged(&shop, TABLE).await;
        assert_eq!((sheet.counts.rows, sheet.counts.creates, sheet.counts.faults), (3, 2, 0));
        assert_eq!(shop.number(TRACES).await, 0);
        apply(&shop, sheet.id, NOTHING).await.expect("there is nothing to ask");
        shop.run_until_idle().await;
        let mug = product(&shop, "CAN-P").await.product;
        assert_eq!((mug.title.as_str(), mug.brand.as_str(), mug.variants.len()), ("Caneca esmaltada", "Casa Verde", 2));
        assert_eq!(shop.sku("CAN-P").await.tally.on_hand_units, 7);
        assert_eq!(shop.sku("CAN-B").await.tally.version, 1, "a zero is a count");
        assert_eq!(shop.sku("BALDE").await.tally.version, 0, "an empty cell is none");
        assert_eq!((cost_of(&shop, "CAN-B").await, cost_of(&shop, "BALDE").await), (Some(1_250), Some(800)));
        let told = shop.texts("SELECT action FROM audit_event WHERE subject_kind = 'sheet' ORDER BY action").await;
        assert_eq!(told, ["sheet.agreed", "sheet.applied", "sheet.staged"]);
        let again = staged(&shop, TABLE).await;
        assert_eq!((again.counts.same, again.counts.creates, again.counts.changes), (2, 0, 0), "it changes nothing again");
    }

    async fn what_was_applied_is_taken_back_and_what_somebody_changed_stays(shop) {
        applied(&shop, TABLE).await;
        shop.wait(std::time::Duration::from_mins(1));
        let second = "SKU;Título;Custo;Estoque\nCAN-P;Caneca azul;15;10\nBALDE;Balde de zinco;9;\nCOPO;Copo;3;4\n";
        let sheet = applied(&shop, second).await;
        assert_eq!((sheet.counts.changes, sheet.counts.creates), (2, 1));
        assert_eq!((product(&shop, "CAN-P").await.product.title.as_str(), cost_of(&shop, "CAN-P").await), ("Caneca azul", Some(1_500)));
        let bucket = product(&shop, "BALDE").await;
        let theirs = domain::catalogue::Product { brand: "Outra".into(), ..bucket.product };
        let wish = app::catalogue::Wish { of: Some((bucket.id, bucket.version)), product: theirs, agreed: Agreed::default() };
        shop.app().save_product(shop.organization, shop.member, wish).await.expect("somebody changes it");
        shop.wait(std::time::Duration::from_mins(1));
        undone(&shop, sheet.id).await;
        let mug = product(&shop, "CAN-P").await.product;
        assert_eq!((mug.title.as_str(), mug.brand.as_str()), ("Caneca esmaltada", "Casa Verde"));
        assert_eq!((cost_of(&shop, "CAN-P").await, shop.sku("CAN-P").await.tally.on_hand_units), (Some(1_250), 7));
        assert_eq!(product(&shop, "BALDE").await.product.title, "Balde de zinco", "somebody changed it since");
        assert!(product(&shop, "COPO").await.archived_at.is_some(), "what it made is put away");
        assert_eq!(shop.sku("COPO").await.tally.on_hand_units, 0);
        assert_eq!((count(&shop, sheet.id, ItemState::Undone).await, count(&shop, sheet.id, ItemState::Stays).await), (2, 1));
        assert!(!shop.app().undo_sheet(shop.organization, shop.member, sheet.id).await.expect("asked"), "once");
        let back = applied(&shop, second).await;
        assert_eq!(back.counts.creates, 0, "its SKU is there");
        assert!(product(&shop, "COPO").await.archived_at.is_none(), "and it is in use again");
    }

    async fn what_changed_since_the_preview_is_left_out_and_named(shop) {
        applied(&shop, TABLE).await;
        let sheet = staged(&shop, "SKU;Marca\nBALDE;Zinco\nCAN-P;Outra\n").await;
        let bucket = product(&shop, "BALDE").await;
        let theirs = domain::catalogue::Product { title: "Balde grande".into(), ..bucket.product };
        let wish = app::catalogue::Wish { of: Some((bucket.id, bucket.version)), product: theirs, agreed: Agreed::default() };
        shop.app().save_product(shop.organization, shop.member, wish).await.expect("somebody is faster");
        apply(&shop, sheet.id, NOTHING).await.expect("there is nothing to ask");
        shop.run_until_idle().await;
        assert_eq!((count(&shop, sheet.id, ItemState::Done).await, count(&shop, sheet.id, ItemState::Left).await), (1, 1));
        let bucket = product(&shop, "BALDE").await.product;
        assert_eq!((bucket.title.as_str(), bucket.brand.as_str()), ("Balde grande", ""));
        assert_eq!(product(&shop, "CAN-P").await.product.brand, "Outra");
    }

    async fn a_cost_ten_times_off_and_a_sku_that_is_there_are_asked(shop) {
        shop.connect_classic().await;
        applied(&shop, TABLE).await;
        let before = shop.sku(SHARED).await;
        let sheet = staged(&shop, &format!("SKU;Título;Custo\n{SHARED};Caneca inox;30\nBALDE;;800\n")).await;
        assert_eq!((sheet.counts.costs, sheet.counts.adopts), (1, 1));
        let half = SheetAgreed { form: Agreed { cost: true, ..Agreed::default() }, without_refused: true };
        assert!(matches!(apply(&shop, sheet.id, half).await, Err(ApplyError::Asks)));
        assert_eq!(cost_of(&shop, "BALDE").await, Some(800));
        apply(&shop, sheet.id, ALL).await.expect("it is agreed to");
        shop.run_until_idle().await;
        assert_eq!(cost_of(&shop, "BALDE").await, Some(80_000));
        let after = shop.sku(SHARED).await;
        assert_eq!((after.id, after.tally), (before.id, before.tally), "its stock stays");
        assert_eq!(product(&shop, SHARED).await.product.title, "Caneca inox");
    }

    async fn a_count_reaches_the_listings_and_sales_since_are_taken_off(shop) {
        shop.connect_classic().await;
        let lies = shop.sku(SHARED).await.tally.on_hand_units;
        let items = shop.market().items_of(CLASSIC_SELLER, SHARED);
        let sheet = staged(&shop, &format!("SKU;Estoque\n{SHARED};{}\n", lies + 5)).await;
        shop.sell(&items[0], 1);
        shop.settle().await;
        let sold = shop.sku(SHARED).await.tally;
        apply(&shop, sheet.id, NOTHING).await.expect("there is nothing to ask");
        shop.run_until_idle().await;
        let after = shop.sku(SHARED).await.tally;
        assert_eq!(after.on_hand_units, sold.on_hand_units + 5, "what is meant is the difference to what was seen");
        for item in &items {
            assert_eq!(shop.market().shows(item), after.available_units());
        }
        assert_eq!(shop.see(|tenant| tenant.code_owner(SHARED)).await.expect("a SKU").product, None, "no title, no product");
        undone(&shop, sheet.id).await;
        assert_eq!(shop.sku(SHARED).await.tally.on_hand_units, sold.on_hand_units);
    }

    async fn rows_of_one_product_are_one_however_far_apart_they_stand(shop) {
        applied(&shop, TABLE).await;
        let sheet = applied(&shop, "SKU;Custo\nCAN-P;13\nBALDE;9\nCAN-B;14\n").await;
        assert_eq!(sheet.counts.changes, 2);
        assert_eq!(count(&shop, sheet.id, ItemState::Done).await, 2);
        assert_eq!((cost_of(&shop, "CAN-P").await, cost_of(&shop, "CAN-B").await), (Some(1_300), Some(1_400)));
    }

    async fn a_long_table_goes_in_piece_by_piece_and_goes_on_where_a_program_ended(shop) {
        let mut text = String::from("SKU;Título;Estoque\n");
        for at in 0..130 {
            writeln!(text, "SKU-{at};Produto {at};{at}").expect("a text");
        }
        let sheet = staged(&shop, &text).await;
        apply(&shop, sheet.id, NOTHING).await.expect("there is nothing to ask");
        shop.app().work_once().await.expect("the first piece");
        let first = shop.number("SELECT COUNT(*) FROM product").await;
        assert!(first > 0 && first < 130, "{first}");
        assert_eq!(count(&shop, sheet.id, ItemState::Done).await, first, "the page says exactly which are in");
        shop.restart("node-2").await;
        shop.run_until_idle().await;
        assert_eq!(shop.number("SELECT COUNT(*) FROM product").await, 130);
        assert_eq!(held(&shop, sheet.id).await.state, SheetState::Applied);
        assert_eq!(shop.number("SELECT CAST(SUM(on_hand_units) AS BIGINT) FROM sku").await, 129 * 130 / 2);
    }

    async fn a_table_that_nobody_wants_is_dropped_and_forgotten_in_time(shop) {
        let sheet = staged(&shop, TABLE).await;
        assert!(shop.app().drop_sheet(shop.organization, shop.member, sheet.id).await.expect("it waits"));
        assert!(matches!(apply(&shop, sheet.id, ALL).await, Err(ApplyError::Past)));
        assert_eq!(shop.number(TRACES).await, 0);
        let late = staged(&shop, TABLE).await;
        shop.wait(domain::retention::SHEET_KEPT);
        assert!(matches!(apply(&shop, late.id, ALL).await, Err(ApplyError::Past)));
        shop.turn().await;
        assert_eq!(shop.number("SELECT (SELECT COUNT(*) FROM sheet) + (SELECT COUNT(*) FROM sheet_item)").await, 0);
    }
}

//! The shelf is counted: by code and by table, while the shop goes on selling.

use app::count_file::CountFileError;
use app::stock_take::{TakeError, Uncounted};
use domain::StockTakeId;
use domain::count_file::CountFileFault;
use domain::stock_take::RowFault;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use store::stock_takes::TakeState;
use tests::TestApp;

const SHARED: &str = "CAN-INOX-500";
const CABLE: &str = "CAB-HDMI-2M";

async fn begin(shop: &TestApp) -> StockTakeId {
    shop.app().begin_stock_take(shop.organization, shop.member).await.expect("a count begins")
}

async fn scan(shop: &TestApp, take: StockTakeId, text: &str) -> Result<i64, TakeError> {
    shop.app().scan(shop.organization, take, text).await.map(|counted| counted.units)
}

async fn file(shop: &TestApp, take: StockTakeId, bytes: &[u8]) -> Result<usize, CountFileError> {
    let sheet = app::sheet::read(bytes).expect("a table");
    shop.app().count_file(shop.organization, shop.member, take, &sheet).await
}

async fn apply(shop: &TestApp, take: StockTakeId) -> Result<usize, TakeError> {
    let applied = shop.app().apply_stock_take(shop.organization, shop.member, take, "balanço").await;
    shop.run_until_idle().await;
    applied
}

on_both! {
    async fn what_cannot_be_counted_is_refused_and_nothing_is_kept(shop) {
        shop.connect_classic().await;
        let take = begin(&shop).await;
        for text in ["", "NADA", "3×NADA", "7891234567895", "0×CAB-HDMI-2M"] {
            let refused = scan(&shop, take, text).await;
            assert!(matches!(&refused, Err(TakeError::Uncounted(Uncounted::Unknown(_)))), "{text}: {refused:?}");
        }
        let too_many = scan(&shop, take, "1000000×CAB-HDMI-2M").await.and(scan(&shop, take, CABLE).await);
        assert!(matches!(too_many, Err(TakeError::Uncounted(Uncounted::Units))), "{too_many:?}");
        let cable = shop.sku(CABLE).await.id;
        for units in [-1, 1_000_001, i64::MAX] {
            let refused = shop.app().set_counted(shop.organization, take, cable, Some(units)).await;
            assert!(matches!(refused, Err(TakeError::Uncounted(Uncounted::Units))), "{refused:?}");
        }
        shop.app().set_counted(shop.organization, take, cable, None).await.expect("it is taken out");
        assert!(matches!(apply(&shop, take).await, Err(TakeError::Empty)));
        scan(&shop, take, CABLE).await.expect("one cable");
        for reason in ["", "  ", &"x".repeat(121)] {
            let refused = shop.app().apply_stock_take(shop.organization, shop.member, take, reason).await;
            assert!(matches!(refused, Err(TakeError::Reason)), "{refused:?}");
        }
        assert_eq!(shop.number("SELECT COUNT(*) FROM ledger WHERE kind = 'adjustment'").await, 0);
        shop.app().leave_stock_take(shop.organization, shop.member, take).await.expect("it is left");
        assert!(matches!(scan(&shop, take, CABLE).await, Err(TakeError::Over)));
        assert!(matches!(apply(&shop, take).await, Err(TakeError::Over)));
        assert_eq!(shop.number("SELECT COUNT(*) FROM ledger WHERE kind = 'adjustment'").await, 0);
    }

    async fn scans_add_up_and_the_differences_reach_the_listings(shop) {
        shop.connect_classic().await;
        let take = begin(&shop).await;
        assert_eq!(scan(&shop, take, SHARED).await.expect("one"), 1);
        assert_eq!(scan(&shop, take, " 12×CAN-INOX-500 ").await.expect("twelve more"), 13);
        let before = shop.sku(CABLE).await.tally;
        assert_eq!(scan(&shop, take, &format!("{}×{CABLE}", before.on_hand_units)).await.expect("all of them"), before.on_hand_units);
        assert_eq!(apply(&shop, take).await.expect("it is applied"), 1, "the cables are right as they are");
        assert_eq!(shop.sku(SHARED).await.tally.on_hand_units, 13);
        assert_eq!(shop.sku(CABLE).await.tally, before);
        let held = shop.see(move |tenant| tenant.stock_take(take)).await.expect("it is held");
        assert_eq!((held.state, held.reason.as_str(), held.lines), (TakeState::Applied, "balanço", 2));
        for item in shop.market().items_of(CLASSIC_SELLER, SHARED) {
            assert_eq!(shop.market().shows(&item), shop.sku(SHARED).await.tally.available_units());
        }
        assert!(matches!(apply(&shop, take).await, Err(TakeError::Over)), "once");
    }

    async fn what_leaves_while_people_count_is_not_missing(shop) {
        shop.connect_classic().await;
        let before = shop.sku(SHARED).await;
        let take = begin(&shop).await;
        let counted = before.tally.on_hand_units - 3;
        scan(&shop, take, &format!("{counted}×{SHARED}")).await.expect("three are missing");
        // Two more leave the shelf before the count is applied, as a parcel or by hand.
        let gone = before.tally.on_hand_units - 2;
        shop.app().adjust(shop.organization, shop.member, before.id, gone, 0, "saíram").await.expect("they left");
        shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 1);
        shop.run_until_idle().await;
        apply(&shop, take).await.expect("it is applied");
        let after = shop.sku(SHARED).await.tally;
        assert_eq!(after.on_hand_units, before.tally.on_hand_units - 5);
        assert_eq!(after.reserved_units, before.tally.reserved_units + 1, "what is sold stays set aside");
    }

    async fn more_than_was_counted_cannot_have_left(shop) {
        shop.connect_classic().await;
        let sku = shop.sku(SHARED).await;
        let take = begin(&shop).await;
        scan(&shop, take, &format!("1×{SHARED}")).await.expect("one");
        let gone = sku.tally.on_hand_units - 2;
        shop.app().adjust(shop.organization, shop.member, sku.id, gone, 0, "saíram").await.expect("they left");
        let refused = apply(&shop, take).await;
        assert!(matches!(&refused, Err(TakeError::Negative(codes)) if codes[..] == [SHARED.to_owned()]), "{refused:?}");
        assert_eq!(shop.sku(SHARED).await.tally.on_hand_units, gone);
    }

    async fn a_table_is_taken_row_by_row_and_says_which_were_not(shop) {
        shop.connect_classic().await;
        let take = begin(&shop).await;
        scan(&shop, take, &format!("5×{CABLE}")).await.expect("five cables");
        let text = format!("código;unidades\n{SHARED};7\nNADA;3\n{CABLE};9\n{CABLE};1\nMOU-SF-1600;muitos\n");
        let (taken, bad) =
            shop.app().take_table(shop.organization, take, &text).await.expect("it is read");
        assert_eq!(taken, 2);
        let bad: Vec<Uncounted> = bad.into_iter().map(|(_, why)| why).collect();
        let expected = [
            Uncounted::Unknown("NADA".into()),
            Uncounted::Row(RowFault::Twice),
            Uncounted::Row(RowFault::Units),
        ];
        assert_eq!(bad, expected);
        apply(&shop, take).await.expect("it is applied");
        assert_eq!(shop.sku(SHARED).await.tally.on_hand_units, 7);
        assert_eq!(shop.sku(CABLE).await.tally.on_hand_units, 9, "a row is all there is, and not so many more");
    }

    async fn a_file_with_a_fault_counts_nothing_and_names_its_rows(shop) {
        shop.connect_classic().await;
        let take = begin(&shop).await;
        let text = format!("Nome;Código;Contagem\nCaneca;{SHARED};7\n;NADA;3\n;{CABLE};9\n;{CABLE};1\n;MOU-SF-1600;muitos\n");
        let bad = match file(&shop, take, text.as_bytes()).await {
            Err(CountFileError::Rows(bad)) => bad,
            other => panic!("{other:?}"),
        };
        let expected = [
            (3, "NADA".to_owned(), Uncounted::Unknown("NADA".into())),
            (5, CABLE.to_owned(), Uncounted::Row(RowFault::Twice)),
            (6, "MOU-SF-1600".to_owned(), Uncounted::Row(RowFault::Units)),
        ];
        assert_eq!(bad, expected);
        let refused = file(&shop, take, b"Nome;Contagem\nCaneca;7\n").await;
        assert!(matches!(refused, Err(CountFileError::Columns(CountFileFault::NoCode))), "{refused:?}");
        assert!(matches!(apply(&shop, take).await, Err(TakeError::Empty)), "nothing of it was counted");
        // As Windows writes it in Brazil.
        let text = format!("C\u{f3}digo;Unidades\n{SHARED};7\n{CABLE};9\n");
        let latin: Vec<u8> = text.chars().map(|letter| u8::try_from(u32::from(letter)).expect("latin")).collect();
        assert_eq!(file(&shop, take, &latin).await.expect("it is counted"), 2);
        apply(&shop, take).await.expect("it is applied");
        assert_eq!(shop.sku(SHARED).await.tally.on_hand_units, 7);
        assert_eq!(shop.sku(CABLE).await.tally.on_hand_units, 9);
        let over = file(&shop, take, &latin).await;
        assert!(matches!(over, Err(CountFileError::Take(TakeError::Over))), "{over:?}");
    }

    async fn a_kit_is_counted_by_its_components(shop) {
        shop.connect_classic().await;
        let kit = shop.sku("WEB-FHD").await.id;
        let take = begin(&shop).await;
        scan(&shop, take, "WEB-FHD").await.expect("it is no kit yet");
        let recipe = vec![(CABLE.to_owned(), 2)];
        shop.app().keep_kit(shop.organization, shop.member, kit, recipe).await.expect("it becomes a kit");
        assert!(matches!(apply(&shop, take).await, Err(TakeError::Kits(codes)) if codes[..] == ["WEB-FHD".to_owned()]));
        let refused = scan(&shop, take, "WEB-FHD").await;
        assert!(matches!(refused, Err(TakeError::Uncounted(Uncounted::Kit(_)))), "{refused:?}");
        shop.app().set_counted(shop.organization, take, kit, None).await.expect("it is taken out");
        scan(&shop, take, &format!("11×{CABLE}")).await.expect("eleven cables");
        apply(&shop, take).await.expect("it is applied");
        assert_eq!(shop.sku("WEB-FHD").await.tally.available_units(), 5);
        for item in shop.market().items_of(CLASSIC_SELLER, "WEB-FHD") {
            assert_eq!(shop.market().shows(&item), 5, "its listings were told");
        }
    }
}

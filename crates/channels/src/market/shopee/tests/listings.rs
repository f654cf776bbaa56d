use connect::conformance::{Step, now};
use connect::{ChannelError, ErrorKind, ListingKey, ListingSnapshot, Listings, Page, StockControl};
use domain::{Currency, ListingState, Money};
use serde_json::{Value, json};

use super::{
    ITEM, ITEM_LIST, ITEM_WITH_MODELS, MODELS, account, fault, item_at, item_with, models_at, scripted,
    second, shop, with,
};

fn fetched(number: &str, steps: Vec<Step>) -> Result<Vec<ListingSnapshot>, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.fetch(&account(), number));
    script.done();
    outcome
}

fn single(changes: &[(&str, Value)]) -> ListingSnapshot {
    let steps = vec![Step::get(&item_at("930002")).answer(200, &item_with(changes))];
    fetched("930002", steps).unwrap().remove(0)
}

fn with_models(models: &str) -> Result<Vec<ListingSnapshot>, ChannelError> {
    let steps = vec![
        Step::get(&item_at("930001")).answer(200, ITEM_WITH_MODELS),
        Step::get(&models_at("930001")).answer(200, models),
    ];
    fetched("930001", steps)
}

const fn brl(minor: i64) -> Money {
    Money::new(minor, Currency::Brl)
}

fn list_at(offset: u64) -> String {
    let states = "&item_status=NORMAL&item_status=UNLIST&item_status=BANNED&item_status=REVIEWING";
    shop("product/get_item_list", &format!("&offset={offset}&page_size=20{states}"))
}

fn paged(cursor: Option<&str>, steps: Vec<Step>) -> Result<Page<ListingSnapshot>, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.page(&account(), cursor));
    script.done();
    outcome
}

fn both_items() -> String {
    let item = |json: &str| serde_json::from_str::<Value>(json).unwrap()["response"]["item_list"][0].clone();
    with(ITEM, &[("/response/item_list", json!([item(ITEM_WITH_MODELS), item(ITEM)]))])
}

#[test]
fn an_item_without_models_is_one_listing() {
    let expected = ListingSnapshot {
        key: ListingKey { external_id: "930002".into(), variation_external_id: None },
        stock_group: None,
        title: "Caneca Esmaltada".into(),
        seller_sku: Some("CAN-01".into()),
        state: ListingState::Active,
        platform_status: "NORMAL".into(),
        quantity_units: 7,
        stock_control: StockControl::Seller,
        price: Some(brl(4_990)),
        permalink: None,
        updated_at: second(1_794_300_000),
    };
    assert_eq!(single(&[]), expected);
}

#[test]
fn an_item_with_models_is_one_listing_for_each() {
    let listings = with_models(MODELS).unwrap();
    let told: Vec<_> = listings
        .iter()
        .map(|it| {
            let model = it.key.variation_external_id.as_deref().unwrap();
            (model, it.title.as_str(), it.seller_sku.as_deref(), it.quantity_units, it.price)
        })
        .collect();
    let expected = [
        ("7700011", "Camiseta de algodão (Preta, M)", Some("CAM-01-PM"), 9, Some(brl(4_990))),
        ("7700012", "Camiseta de algodão (Branca, G)", Some("CAM-01"), 0, Some(brl(5_990))),
    ];
    assert_eq!(told, expected);
    assert_eq!((listings[0].state, listings[0].platform_status.as_str()), (ListingState::Active, "NORMAL"));
    let (state, word) = (listings[1].state, listings[1].platform_status.as_str());
    assert_eq!((state, word), (ListingState::Paused, "NORMAL/MODEL_UNAVAILABLE"));
}

#[test]
fn tiers_are_told_in_two_forms_and_a_name_does_without_either() {
    let title = |changes: &[(&str, Value)]| with_models(&with(MODELS, changes)).unwrap().remove(0).title;
    let (old, new) = ("/response/tier_variation", "/response/standardise_tier_variation");
    let name = ("/response/model/0/model_name", json!("Preta,M"));
    for none in [json!(null), json!([]), json!("odd")] {
        assert_eq!(title(&[(old, none.clone())]), "Camiseta de algodão (Preta, M)");
        assert_eq!(title(&[(new, none.clone())]), "Camiseta de algodão (Preta, M)");
        let both = [(old, none.clone()), (new, none.clone())];
        assert_eq!(title(&both), "Camiseta de algodão");
        assert_eq!(title(&[both[0].clone(), both[1].clone(), name.clone()]), "Camiseta de algodão (Preta,M)");
    }
    let beyond = [("/response/model/0/tier_index", json!([7, -1]))];
    assert_eq!(title(&beyond), "Camiseta de algodão");
}

#[test]
fn each_state_has_its_word() {
    let cases = [
        ("NORMAL", ListingState::Active),
        ("UNLIST", ListingState::Paused),
        ("BANNED", ListingState::UnderReview),
        ("REVIEWING", ListingState::UnderReview),
        ("SELLER_DELETE", ListingState::Closed),
        ("SHOPEE_DELETE", ListingState::Closed),
        ("A_WORD_OF_TOMORROW", ListingState::NeedsAttention),
        ("", ListingState::NeedsAttention),
    ];
    for (word, state) in cases {
        let listing = single(&[("/item_status", json!(word))]);
        assert_eq!((listing.state, listing.platform_status.as_str()), (state, word));
    }
}

#[test]
fn a_models_own_state_counts_while_its_item_is_on_sale() {
    let state = |item: &str, model: Value| {
        let item = with(ITEM_WITH_MODELS, &[("/response/item_list/0/item_status", json!(item))]);
        let steps = vec![
            Step::get(&item_at("930001")).answer(200, &item),
            Step::get(&models_at("930001"))
                .answer(200, &with(MODELS, &[("/response/model/0/model_status", model)])),
        ];
        fetched("930001", steps).unwrap().remove(0).state
    };
    assert_eq!(state("NORMAL", json!("MODEL_NORMAL")), ListingState::Active);
    assert_eq!(state("NORMAL", json!(null)), ListingState::Active);
    assert_eq!(state("NORMAL", json!("MODEL_UNAVAILABLE")), ListingState::Paused);
    assert_eq!(state("UNLIST", json!("MODEL_UNAVAILABLE")), ListingState::Paused);
    assert_eq!(state("NORMAL", json!("MODEL_OF_TOMORROW")), ListingState::NeedsAttention);
    assert_eq!(state("BANNED", json!("MODEL_UNAVAILABLE")), ListingState::UnderReview);
    assert_eq!(state("SELLER_DELETE", json!("MODEL_OF_TOMORROW")), ListingState::Closed);
}

#[test]
fn what_lies_at_shopee_counts_and_is_read_only() {
    let stock = |own: Value, theirs: Value| {
        single(&[("/stock_info_v2/seller_stock", own), ("/stock_info_v2/shopee_stock", theirs)])
    };
    let all = stock(json!([]), json!([{ "location_id": "BRZ", "stock": 5 }]));
    assert_eq!((all.stock_control, all.quantity_units), (StockControl::Platform, 5));
    let some = stock(json!([{ "stock": 2 }]), json!([{ "location_id": "BRZ", "stock": 5 }]));
    assert_eq!((some.stock_control, some.quantity_units), (StockControl::Seller, 7));
}

#[test]
fn the_price_is_the_one_without_promotions() {
    let price = |info: Value| single(&[("/price_info", info)]).price;
    assert_eq!(
        price(json!([{ "currency": "BRL", "original_price": "49.90", "current_price": 30 }])),
        Some(brl(4_990))
    );
    assert_eq!(price(json!([{ "currency": "BRL", "current_price": 30 }])), Some(brl(3_000)));
    for none in [json!(null), json!([]), json!([{ "currency": "XXX", "original_price": 1 }]), json!("odd")] {
        assert_eq!(price(none), None);
    }
}

#[test]
fn a_listing_that_is_not_there_is_not_found_and_another_one_is_no_answer() {
    let none = with(ITEM, &[("/response/item_list", json!([]))]);
    for body in [none, fault("product.error_item_not_found", ""), fault(".", "product is not found")] {
        let error = fetched("930002", vec![Step::get(&item_at("930002")).answer(200, &body)]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{body}");
    }
    let other = item_with(&[("/item_id", json!(1))]);
    let error = fetched("930002", vec![Step::get(&item_at("930002")).answer(200, &other)]).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}

#[test]
fn an_item_that_lost_its_models_for_a_moment_is_not_gone() {
    let none = with(MODELS, &[("/response/model", json!([]))]);
    for models in [none, with(MODELS, &[("/response/model", json!(null))])] {
        assert!(matches!(with_models(&models).unwrap_err().kind, ErrorKind::Garbled { .. }));
    }
}

#[test]
fn a_listing_without_what_it_needs_is_garbled_with_its_exchange() {
    for pointer in ["/update_time", "/stock_info_v2"] {
        let body = item_with(&[(pointer, json!(null))]);
        let error = fetched("930002", vec![Step::get(&item_at("930002")).answer(200, &body)]).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{pointer}");
        assert!(error.exchange.is_some(), "{pointer}");
    }
    for pointer in ["/response/model/0/model_id", "/response/model/1/stock_info_v2"] {
        let error = with_models(&with(MODELS, &[(pointer, json!(null))])).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }) && error.exchange.is_some(), "{pointer}");
    }
}

#[test]
fn a_page_lists_items_and_their_models_apart() {
    let steps = vec![
        Step::get(&list_at(0)).answer(200, ITEM_LIST),
        Step::get(&item_at("930002%2C930001")).answer(200, &both_items()),
        Step::get(&models_at("930001")).answer(200, MODELS),
    ];
    let page = paged(None, steps).unwrap();
    let keys: Vec<_> = page
        .items
        .iter()
        .map(|it| (it.key.external_id.as_str(), it.key.variation_external_id.as_deref()))
        .collect();
    assert_eq!(keys, [("930001", Some("7700011")), ("930001", Some("7700012")), ("930002", None)]);
    assert_eq!((page.next, page.total), (None, Some(2)));
}

#[test]
fn the_list_goes_on_where_its_cursor_says_and_ends_when_it_says_so() {
    let more =
        with(ITEM_LIST, &[("/response/has_next_page", json!(true)), ("/response/next_offset", json!(22))]);
    let none =
        json!({ "error": "", "response": { "total_count": 2, "has_next_page": false, "next_offset": 0 } });
    let first = vec![
        Step::get(&list_at(2)).answer(200, &more),
        Step::get(&item_at("930002%2C930001")).answer(200, ITEM),
    ];
    let page = paged(Some("items:2"), first).unwrap();
    assert_eq!((page.items.len(), page.next.as_deref()), (1, Some("items:22")), "one was deleted in between");
    let page = paged(Some("items:22"), vec![Step::get(&list_at(22)).answer(200, &none.to_string())]).unwrap();
    assert_eq!((page.items.len(), page.next), (0, None));
}

#[test]
fn a_list_that_leads_back_is_garbled() {
    let back =
        with(ITEM_LIST, &[("/response/has_next_page", json!(true)), ("/response/next_offset", json!(2))]);
    let error = paged(Some("items:2"), vec![Step::get(&list_at(2)).answer(200, &back)]).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}

#[test]
fn an_item_whose_models_are_being_changed_holds_no_page_up() {
    let none = with(MODELS, &[("/response/model", json!([]))]);
    let steps = vec![
        Step::get(&list_at(0)).answer(200, ITEM_LIST),
        Step::get(&item_at("930002%2C930001")).answer(200, &both_items()),
        Step::get(&models_at("930001")).answer(200, &none),
    ];
    assert_eq!(paged(None, steps).unwrap().items.len(), 1);
}

#[test]
fn a_foreign_cursor_is_refused_before_any_call() {
    for cursor in
        ["", "x", "items:", "items:-1", "items:x", "updated:1-2:", "20", "items:99999999999999999999"]
    {
        assert!(
            matches!(paged(Some(cursor), Vec::new()).unwrap_err().kind, ErrorKind::Garbled { .. }),
            "{cursor}"
        );
    }
}

#[test]
fn a_row_that_is_no_item_is_garbled() {
    for odd in [json!(null), json!(0), json!("1,2")] {
        let body = with(ITEM_LIST, &[("/response/item/0/item_id", odd)]);
        let error = paged(None, vec![Step::get(&list_at(0)).answer(200, &body)]).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
    }
}

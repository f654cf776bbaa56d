//! Publishing: the calls, for the kit and by themselves.

use connect::conformance::{CatalogueCall, CatalogueSamples, RefusedOffer, Step, now};
use connect::{Attributes, Publishing, Submission};
use domain::attribute::{Need, Trigger, ValueKind};
use domain::offer::{Axis, Brand, Field, Fiscal, Objection, Offer, Reason};
use serde_json::{Value, json};

use super::super::catalogue::sent;
use super::{
    ITEM, SHOP_INFO, account, app, fault, item_at, item_with, models_at, scripted, second, shop, with,
};
use crate::market::tests::goods::{self, FORM, listed};

const ATTRIBUTE_TREE: &str = include_str!("../fixtures/attribute_tree.json");
const ITEM_LIMIT: &str = include_str!("../fixtures/item_limit.json");

const ID: &str = "930002";
const PICTURE: &str = "br-11134207-0001";
const BODY: &str = concat!(
    r#"{"attribute_list":[{"attribute_id":100036,"attribute_value_list":[{"value_id":679}]}],"#,
    r#""brand":{"brand_id":0,"original_brand_name":"NoBrand"},"category_id":101234,"condition":"NEW","#,
    r#""description":"Uma caneca de ágata.\nBranca por dentro.","#,
    r#""dimension":{"package_height":9,"package_length":13,"package_width":10},"gtin_code":"7891234567895","#,
    r#""image":{"image_id_list":["br-11134207-0001"]},"item_name":"Caneca Esmaltada de Ágata","item_sku":"CAN-01","#,
    r#""item_status":"NORMAL","logistic_info":[{"enabled":true,"logistic_id":90003},{"enabled":true,"logistic_id":90022}],"#,
    r#""original_price":49.90,"pre_order":{"is_pre_order":false},"seller_stock":[{"stock":7}],"weight":0.3}"#,
);

fn offer() -> Offer {
    let brand = Some(Brand { id: Some("0".into()), name: "NoBrand".into() });
    Offer { brand, attributes: vec![listed("100036", "679")], ..goods::offer("101234", "CAN-01", PICTURE) }
}

/// A success with this `response`.
fn success(response: &Value) -> String {
    json!({ "error": "", "message": "", "request_id": "c1", "response": response }).to_string()
}

fn channels() -> Step {
    let row = |id: i64, enabled: bool, mask: i64| json!({ "logistics_channel_id": id, "enabled": enabled, "mask_channel_id": mask });
    let rows = [row(90_003, true, 0), row(90_021, false, 0), row(90_022, true, 0), row(90_026, true, 90_003)];
    let answer = success(&json!({ "logistics_channel_list": rows }));
    Step::get(&shop("logistics/get_channel_list", "")).answer(200, &answer)
}

fn post(action: &str) -> Step {
    Step::post(&shop(&format!("product/{action}"), ""))
}

fn added(item: i64) -> Step {
    post("add_item").answer(200, &success(&json!({ "item_id": item })))
}

fn read(item: &str) -> Step {
    Step::get(&item_at(ID)).answer(200, item)
}

fn shelf(unlist: bool) -> Step {
    let body = json!({ "item_list": [{ "item_id": 930_002, "unlist": unlist }] });
    let done =
        success(&json!({ "success_list": [{ "item_id": 930_002, "unlist": unlist }], "failure_list": [] }));
    post("unlist_item").with_body(&body.to_string()).answer(200, &done)
}

fn found(code: &str) -> Step {
    let answer = success(&json!({ "item_id_list": [930_002], "total_count": 1, "next_offset": "" }));
    Step::get(&shop("product/search_item", &format!("&page_size=50&item_sku={code}"))).answer(200, &answer)
}

fn tree() -> Step {
    let row = |id: i64, parent: i64, name: &str, has_children: bool| {
        json!({ "category_id": id, "parent_category_id": parent, "original_category_name": name,
            "display_category_name": name, "has_children": has_children })
    };
    let rows = [
        row(100_636, 0, "Casa", true),
        row(100_717, 100_636, "Cozinha", true),
        row(101_234, 100_717, "Canecas", false),
    ];
    Step::get(&shop("product/get_category", "&language=pt-br"))
        .answer(200, &success(&json!({ "category_list": rows })))
}

fn brands(page_size: &str) -> Step {
    let query = format!("&category_id=101234&status=1&offset=0&page_size={page_size}");
    let rows = json!([{ "brand_id": 0, "original_brand_name": "NoBrand", "display_brand_name": "Sem marca" },
        { "brand_id": 1_143_001, "original_brand_name": "Acme", "display_brand_name": "" }]);
    let answer =
        success(&json!({ "brand_list": rows, "has_next_page": true, "next_offset": 2, "is_mandatory": true,
        "input_type": "DROP_DOWN" }));
    Step::get(&shop("product/get_brand_list", &query)).answer(200, &answer)
}

pub(super) fn samples() -> CatalogueSamples {
    let missing = fault(
        "product.error_less_required_attribute",
        "The required attribute 100036 (Material) is missing.",
    );
    let detail = json!({ "violation_type": "Prohibited", "violation_reason": "Prohibited listing",
        "suggestion": "Remove the prohibited content", "fix_deadline_time": 0 });
    let violations = success(
        &json!({ "item_list": [{ "item_id": 930_002, "item_status_details": [detail], "deboost_details": [] }] }),
    );
    CatalogueSamples {
        picture: goods::picture(),
        offer: offer(),
        tried_since: second(1_788_999_940),
        listing: ID.into(),
        change: goods::retitled(),
        refused: RefusedOffer {
            offer: offer(),
            steps: vec![channels(), post("add_item").answer(200, &missing)],
            field: Field::Attribute("100036".into()),
        },
        moderated: vec![
            read(&item_with(&[("/item_status", json!("BANNED"))])),
            Step::get(&shop("product/get_item_violation_info", "&item_id_list=930002"))
                .answer(200, &violations),
        ],
        down_ignored: vec![shelf(true), read(ITEM)],
    }
}

pub(super) fn script(call: CatalogueCall) -> Option<Vec<Step>> {
    let unlisted = || read(&item_with(&[("/item_status", json!("UNLIST"))]));
    Some(match call {
        CatalogueCall::Roots | CatalogueCall::Path => vec![tree()],
        CatalogueCall::Predict => {
            let query = "&item_name=Caneca+Esmaltada+de+%C3%81gata";
            let answer = success(&json!({ "category_id": [101_234, 999_999] }));
            vec![Step::get(&shop("product/category_recommend", query)).answer(200, &answer), tree()]
        }
        CatalogueCall::Rules => vec![
            Step::get(&shop("product/get_attribute_tree", "&category_id_list=101234&language=pt-BR"))
                .answer(200, ATTRIBUTE_TREE),
            Step::get(&shop("product/get_item_limit", "&category_id=101234")).answer(200, ITEM_LIMIT),
            brands("1"),
            Step::get(&shop("shop/get_shop_info", "")).answer(200, SHOP_INFO),
        ],
        CatalogueCall::Owed => return None,
        CatalogueCall::Brands => vec![brands("100")],
        CatalogueCall::Upload => {
            let image = json!({ "image_id": PICTURE, "image_url_list": [] });
            let answer = success(
                &json!({ "image_info": image, "image_info_list": [{ "id": 0, "error": "", "image_info": image }] }),
            );
            vec![
                Step::post(&app("media_space/upload_image"))
                    .with_header("content-type", FORM)
                    .answer(200, &answer),
            ]
        }
        CatalogueCall::Create => vec![channels(), added(930_002).with_body(BODY)],
        CatalogueCall::CreateAgain => vec![found("CAN-01"), read(ITEM)],
        CatalogueCall::Find => vec![found("CAN-01"), read(ITEM), read(ITEM)],
        CatalogueCall::Standing => vec![read(ITEM)],
        CatalogueCall::Update => {
            let body = json!({ "item_id": 930_002, "item_name": "Caneca Esmaltada Azul" }).to_string();
            let shown = item_with(&[("/item_name", json!("Caneca Esmaltada Azul"))]);
            vec![
                post("update_item").with_body(&body).answer(200, &success(&json!({ "item_id": 930_002 }))),
                read(&shown),
            ]
        }
        CatalogueCall::TakeDown => vec![shelf(true), unlisted()],
        CatalogueCall::PutUp => vec![shelf(false), read(ITEM)],
        CatalogueCall::Delete => {
            let bare = json!({ "error": "", "message": "", "request_id": "d1" }).to_string();
            vec![read(ITEM), post("delete_item").with_body(r#"{"item_id":930002}"#).answer(200, &bare)]
        }
    })
}

#[test]
fn what_a_category_asks_is_read_from_its_tree_and_its_limits() {
    let (channel, script) = scripted(script(CatalogueCall::Rules).unwrap());
    let rules = now(Attributes::rules(&channel, &account(), "101234")).unwrap();
    script.done();
    assert_eq!((rules.title.least, rules.title.most, rules.variants.axis_chars), (20, 120, 14));
    assert_eq!(
        (rules.price.least_minor, rules.price.most_minor, rules.price.most_ratio),
        (50, Some(99_999_900), Some(4))
    );
    assert_eq!(
        (rules.brand.clone(), rules.gtin.clone(), rules.weight, rules.size),
        (Need::Required, Need::Optional, true, false)
    );
    let with_wood = Need::When(vec![Trigger { attribute: "100036".into(), value: "683".into() }]);
    let shown: Vec<_> = rules
        .attributes
        .iter()
        .map(|it| {
            (it.id.as_str(), it.name.as_str(), it.kind, it.takes_others, it.most_values, it.need.clone())
        })
        .collect();
    let due = [
        ("100036", "Material da peça", ValueKind::Word, true, 1, Need::Required),
        ("100777", "Origem da madeira", ValueKind::Word, true, 1, with_wood),
        ("100419", "Capacidade", ValueKind::Measure, true, 1, Need::Optional),
        ("100420", "Cores", ValueKind::Word, false, 5, Need::Optional),
    ];
    assert_eq!(shown, due);
}

#[test]
fn brands_go_on_where_their_cursor_says() {
    let (channel, script) = scripted([brands("100")]);
    let page = now(Attributes::brands(&channel, &account(), "101234", None)).unwrap();
    script.done();
    let names: Vec<_> = page.items.iter().map(|brand| brand.name.as_str()).collect();
    assert_eq!(
        (names.as_slice(), page.next.as_deref()),
        (["Sem marca", "Acme"].as_slice(), Some("brands:2"))
    );
    for cursor in ["items:2", "2", "brands:", "brands:-1"] {
        let (channel, _) = scripted([]);
        assert!(now(Attributes::brands(&channel, &account(), "101234", Some(cursor))).is_err(), "{cursor}");
    }
}

/// Two colours of the offer, one of them with a picture.
fn two_colours() -> Offer {
    let variants = vec![goods::variant("CAN-P", &[("", "Preta")]), goods::variant("CAN-A", &[("", "Azul")])];
    Offer { axes: vec![Axis { id: None, name: "Cor".into() }], variants, ..offer() }
}

const REFERENCE: &str = "7d3c9a52-0b1e-4f68-9a3d-5c2e8f104b77";

fn tiers(answer: &str) -> Step {
    let body = concat!(
        r#"{"item_id":930002,"model":[{"gtin_code":"7891234567895","model_sku":"CAN-P","original_price":49.90,"#,
        r#""seller_stock":[{"stock":7}],"tier_index":[0]},{"gtin_code":"7891234567895","model_sku":"CAN-A","#,
        r#""original_price":49.90,"seller_stock":[{"stock":7}],"tier_index":[1]}],"#,
        r#""standardise_tier_variation":[{"variation_id":0,"variation_name":"Cor","variation_option_list":["#,
        r#"{"variation_option_id":0,"variation_option_name":"Preta"},{"variation_option_id":0,"variation_option_name":"Azul"}]}]}"#,
    );
    post("init_tier_variation").with_body(body).answer(200, answer)
}

fn created(offer: &Offer, again: bool, steps: Vec<Step>) -> Submission {
    let (channel, script) = scripted(steps);
    let since = again.then(|| second(1_788_999_940));
    let submission = now(Publishing::create(&channel, &account(), offer, since)).unwrap();
    script.done();
    submission
}

fn taken() -> Submission {
    Submission::Taken { external_ids: vec![ID.into()], remarks: Vec::new() }
}

#[test]
fn an_item_with_variations_is_off_sale_until_it_has_them() {
    let done = success(&json!({ "item_id": 930_002, "model": [] }));
    let made = created(&two_colours(), false, vec![channels(), added(930_002), tiers(&done), shelf(false)]);
    assert_eq!(made, taken());
    let sent: Value = serde_json::from_str(&sent(&two_colours())).unwrap();
    assert_eq!((&sent["item_status"], &sent["item_sku"]), (&json!("UNLIST"), &json!(REFERENCE)));
}

#[test]
fn what_was_half_made_is_finished_and_not_made_again() {
    let half = item_with(&[("/item_status", json!("UNLIST"))]);
    let done = success(&json!({ "item_id": 930_002, "model": [] }));
    let steps = vec![found(REFERENCE), read(&half), tiers(&done), shelf(false)];
    assert_eq!(created(&two_colours(), true, steps), taken());
    let whole = item_with(&[("/item_status", json!("UNLIST")), ("/has_model", json!(true))]);
    assert_eq!(created(&two_colours(), true, vec![found(REFERENCE), read(&whole), shelf(false)]), taken());
}

#[test]
fn variations_that_are_refused_leave_nothing_behind() {
    let refusal = fault("product.error_param", "The name of a tier or option is missing or too long.");
    let bare = json!({ "error": "", "message": "" }).to_string();
    let end = post("delete_item").with_body(r#"{"item_id":930002}"#).answer(200, &bare);
    let made = created(&two_colours(), false, vec![channels(), added(930_002), tiers(&refusal), end]);
    let Submission::Refused(objections) = made else { panic!("{made:?}") };
    assert_eq!((objections[0].field.clone(), objections[0].reason), (Field::Axes, Reason::NotTaken));
}

#[test]
fn an_item_from_before_the_try_or_deleted_since_is_not_what_it_made() {
    for change in [("/create_time", json!(1_788_000_000)), ("/item_status", json!("SELLER_DELETE"))] {
        let steps = vec![found("CAN-01"), read(&item_with(&[change])), channels(), added(930_002)];
        assert_eq!(created(&offer(), true, steps), taken());
    }
}

#[test]
fn a_shop_without_a_way_of_sending_is_told_so() {
    let only = json!({ "logistics_channel_id": 90_022, "enabled": true, "mask_channel_id": 0 });
    let answer = success(&json!({ "logistics_channel_list": [only] }));
    let (channel, script) =
        scripted([Step::get(&shop("logistics/get_channel_list", "")).answer(200, &answer)]);
    let refused = now(Publishing::create(&channel, &account(), &offer(), None)).unwrap_err();
    script.done();
    assert!(refused.to_string().contains("way of sending"), "{refused}");
}

#[test]
fn invoice_data_are_sent_whole() {
    let fiscal = Fiscal {
        ncm: "73239300".into(),
        cest: None,
        origin: "0".into(),
        cfop_same_state: "5102".into(),
        cfop_other_state: "6102".into(),
        csosn: "102".into(),
        unit: "UN".into(),
    };
    let sent: Value = serde_json::from_str(&sent(&Offer { fiscal: Some(fiscal), ..offer() })).unwrap();
    let due = json!({ "ncm": "73239300", "cest": "00", "origin": "0", "same_state_cfop": "5102",
        "diff_state_cfop": "6102", "csosn": "102", "measure_unit": "UN" });
    assert_eq!(sent["tax_info"], due);
}

#[test]
fn the_platforms_advice_is_kept() {
    let (channel, script) = scripted(samples().moderated);
    let standing = now(Publishing::standing(&channel, &account(), ID)).unwrap();
    script.done();
    let due = Objection {
        field: Field::Whole,
        reason: Reason::Forbidden,
        code: "Prohibited".into(),
        said: "Prohibited listing".into(),
        remedy: Some("Remove the prohibited content".into()),
    };
    assert_eq!(standing.objections, [due]);
}

#[test]
fn an_item_that_was_deleted_is_deleted() {
    let (channel, script) = scripted([read(&item_with(&[("/item_status", json!("SELLER_DELETE"))]))]);
    now(Publishing::delete(&channel, &account(), ID)).unwrap();
    script.done();
}

#[test]
fn a_listing_with_variations_is_found_by_their_codes() {
    let item = with(super::ITEM_WITH_MODELS, &[("/response/item_list/0/item_id", json!(930_002))]);
    let variants = vec![goods::variant("CAM-01-P", &[("", "P")]), goods::variant("NOBODY", &[("", "G")])];
    let models: Value = serde_json::from_str(super::MODELS).unwrap();
    let code = models["response"]["model"][0]["model_sku"].as_str().unwrap().to_owned();
    let variants: Vec<_> = variants
        .into_iter()
        .enumerate()
        .map(|(at, it)| domain::offer::Variant {
            seller_sku: if at == 0 { code.clone() } else { it.seller_sku.clone() },
            ..it
        })
        .collect();
    let wanted = Offer { variants, ..two_colours() };
    let steps =
        [found(REFERENCE), read(&item), read(&item), Step::get(&models_at(ID)).answer(200, super::MODELS)];
    let (channel, script) = scripted(steps);
    let made = now(Publishing::find(&channel, &account(), &wanted, second(1_700_000_000))).unwrap();
    script.done();
    assert_eq!(made[0].seller_skus, [code]);
}

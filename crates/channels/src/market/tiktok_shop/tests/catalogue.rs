//! Publishing: the calls, for the kit and by themselves.

use connect::conformance::{CatalogueCall, CatalogueSamples, RefusedOffer, Step, now};
use connect::{Attributes, Categories, PictureUse, Pictures, Publishing, Submission};
use domain::Timestamp;
use domain::attribute::{Need, Trigger};
use domain::offer::{Axis, Field, Offer, Reason};
use http::Method;
use serde_json::{Value, json};

use super::super::catalogue::sent;
use super::{
    APP_KEY, CIPHER, NOW_S, PRODUCT, PRODUCT_ID, TOKEN, WAREHOUSE, account, fault, get, get_product, post,
    scripted, step, target, with,
};
use crate::market::tests::goods::{self, FORM, listed};

const ATTRIBUTES: &str = include_str!("../fixtures/category_attributes.json");
const RULES: &str = include_str!("../fixtures/category_rules.json");

const CATEGORY: &str = "601226";
const PICTURE: &str = "tos-xx/aaa";
const PRODUCTS: &str = "/product/202309/products";
const EDIT: &str = "/product/202509/products/1729500000000000010/partial_edit";
const BODY: &str = concat!(
    r#"{"category_id":"601226","description":"<p>Uma caneca de ágata.</p><p>Branca por dentro.</p>","#,
    r#""external_product_id":"7d3c9a52-0b1e-4f68-9a3d-5c2e8f104b77","#,
    r#""idempotency_key":"7d3c9a52-0b1e-4f68-9a3d-5c2e8f104b77","main_images":[{"uri":"tos-xx/aaa"}],"#,
    r#""package_dimensions":{"height":"9","length":"13","unit":"CENTIMETER","width":"10"},"#,
    r#""package_weight":{"unit":"KILOGRAM","value":"0.3"},"#,
    r#""product_attributes":[{"id":"100157","values":[{"id":"1000058"}]}],"save_mode":"LISTING","skus":["#,
    r#"{"external_sku_id":"CAM-AZ-M","identifier_code":{"code":"7891234567895","type":"GTIN"},"#,
    r#""inventory":[{"quantity":7,"warehouse_id":"7068000000000000001"}],"price":{"amount":"49.90","currency":"BRL"},"#,
    r#""sales_attributes":[{"id":"100000","value_id":"1"},{"id":"100007","value_id":"2"}],"seller_sku":"CAM-AZ-M"},"#,
    r#"{"external_sku_id":"CAM-AZ-G","identifier_code":{"code":"7891234567895","type":"GTIN"},"#,
    r#""inventory":[{"quantity":7,"warehouse_id":"7068000000000000001"}],"price":{"amount":"49.90","currency":"BRL"},"#,
    r#""sales_attributes":[{"id":"100000","value_id":"1"},{"id":"100007","value_id":"3"}],"seller_sku":"CAM-AZ-G"}],"#,
    r#""title":"Caneca Esmaltada de Ágata"}"#,
);

fn offer() -> Offer {
    let axis = |id: &str, name: &str| Axis { id: Some(id.into()), name: name.into() };
    Offer {
        attributes: vec![listed("100157", "1000058")],
        axes: vec![axis("100000", "Cor"), axis("100007", "Tamanho")],
        variants: vec![
            goods::variant("CAM-AZ-M", &[("1", "Azul"), ("2", "M")]),
            goods::variant("CAM-AZ-G", &[("1", "Azul"), ("3", "G")]),
        ],
        ..goods::offer(CATEGORY, "", PICTURE)
    }
}

fn success(data: &Value) -> String {
    json!({ "code": 0, "message": "Success", "request_id": "2026", "data": data }).to_string()
}

fn warehouses() -> Step {
    let row = |id: &str, kind: &str, status: &str, is_default: bool| json!({ "id": id, "name": "…", "type": kind, "effect_status": status, "is_default": is_default });
    let rows = [
        row("7068000000000000009", "RETURN_WAREHOUSE", "ENABLED", true),
        row("7068000000000000002", "SALES_WAREHOUSE", "ENABLED", false),
        row("7068000000000000003", "SALES_WAREHOUSE", "DISABLED", true),
        row(WAREHOUSE, "SALES_WAREHOUSE", "ENABLED", true),
    ];
    get("/logistics/202309/warehouses", &[]).answer(200, &success(&json!({ "warehouses": rows })))
}

fn made() -> String {
    success(&json!({ "product_id": PRODUCT_ID, "skus": [] }))
}

fn found() -> Step {
    let rows = json!([{ "id": PRODUCT_ID, "status": "PENDING", "create_time": 1_790_000_000,
        "skus": [{ "id": "1", "seller_sku": "CAM-AZ-M" }, { "id": "2", "seller_sku": "CAM-AZ-G" }] }]);
    let body = r#"{"seller_skus":["CAM-AZ-G","CAM-AZ-M"],"status":"ALL"}"#;
    let answer = success(&json!({ "products": rows, "total_count": 1 }));
    post("/product/202502/products/search", &[("page_size", "100")], body).answer(200, &answer)
}

fn tree() -> Step {
    let row = |id: &str, parent: &str, name: &str, words: Value| json!({ "id": id, "parent_id": parent, "local_name": name, "is_leaf": name == "Camisetas", "permission_statuses": words });
    let rows = [
        row("600001", "0", "Moda", json!(["AVAILABLE"])),
        row("600002", "600001", "Roupas", json!(["AVAILABLE"])),
        row(CATEGORY, "600002", "Camisetas", json!(["AVAILABLE"])),
        row("601299", "600002", "Camisetas", json!(["AVAILABLE", "INVITE_ONLY"])),
    ];
    get("/product/202309/categories", &[("locale", "pt-BR")])
        .answer(200, &success(&json!({ "categories": rows })))
}

fn brands() -> Step {
    let row = |id: &str, name: &str, authorized: &str, is_t1: bool| json!({ "id": id, "name": name, "authorized_status": authorized, "is_t1_brand": is_t1, "brand_status": "ONLINE" });
    let rows = [
        row("7082427311584347905", "Casa do Treco", "AUTHORIZED", true),
        row("7082427311584347906", "Marca Famosa", "UNAUTHORIEZD", true),
        row("7082427311584347907", "Genérica", "UNAUTHORIEZD", false),
    ];
    get("/product/202309/brands", &[("category_id", CATEGORY), ("page_size", "100")])
        .answer(200, &success(&json!({ "brands": rows, "next_page_token": "b+c=", "total_count": 300 })))
}

fn put(step: &str) -> Step {
    let body = json!({ "product_ids": [PRODUCT_ID] }).to_string();
    post(&format!("{PRODUCTS}/{step}"), &[], &body).answer(200, r#"{"code":0,"message":"Success","data":{}}"#)
}

fn standing(status: &str) -> Step {
    get_product().answer(200, &with(PRODUCT, &[("/data/status", json!(status))]))
}

fn upload(answer: &str) -> Step {
    Step::expect(Method::POST, &target(NOW_S, "/product/202309/images/upload", &[("app_key", APP_KEY)], ""))
        .with_header("content-type", FORM)
        .with_header("x-tts-access-token", TOKEN)
        .answer(200, answer)
}

pub(super) fn samples() -> CatalogueSamples {
    let failure = json!([{ "position": "Main_images", "reasons": ["A imagem tem texto"],
        "suggestions": ["Troque a imagem"], "listing_platform": "TIKTOK_SHOP" }]);
    let failed = [
        ("/data/status", json!("FAILED")),
        ("/data/audit", json!({ "status": "FAILED" })),
        ("/data/audit_failed_reasons", failure),
    ];
    let missing = fault(12_052_104, "The required attribute 100157 is missing");
    CatalogueSamples {
        picture: goods::picture(),
        offer: offer(),
        tried_since: Timestamp::from_millis(1_789_999_940_000),
        listing: PRODUCT_ID.into(),
        change: goods::retitled(),
        refused: RefusedOffer {
            offer: offer(),
            steps: vec![warehouses(), post(PRODUCTS, &[], BODY).answer(200, &missing)],
            field: Field::Attribute("100157".into()),
        },
        moderated: vec![get_product().answer(200, &with(PRODUCT, &failed))],
        down_ignored: vec![standing("ACTIVATE"), put("deactivate"), standing("ACTIVATE")],
    }
}

pub(super) fn script(call: CatalogueCall) -> Option<Vec<Step>> {
    Some(match call {
        CatalogueCall::Roots | CatalogueCall::Path => vec![tree()],
        CatalogueCall::Predict => {
            let body = r#"{"locale":"pt-BR","product_title":"Caneca Esmaltada de Ágata"}"#;
            let chain = json!([{ "id": "600002", "name": "Roupas", "level": 2, "is_leaf": false },
                { "id": CATEGORY, "name": "Camisetas", "level": 3, "is_leaf": true, "permission_statuses": ["AVAILABLE"] }]);
            let answer = success(&json!({ "leaf_category_id": CATEGORY, "categories": chain }));
            vec![post("/product/202309/categories/recommend", &[], body).answer(200, &answer)]
        }
        CatalogueCall::Rules => {
            let of = |what: &str| {
                get(&format!("/product/202309/categories/{CATEGORY}/{what}"), &[("locale", "pt-BR")])
            };
            vec![of("attributes").answer(200, ATTRIBUTES), of("rules").answer(200, RULES)]
        }
        CatalogueCall::Owed => return None,
        CatalogueCall::Brands => vec![brands()],
        CatalogueCall::Upload => {
            vec![upload(&success(&json!({ "uri": PICTURE, "width": 800, "height": 800 })))]
        }
        CatalogueCall::Create => vec![warehouses(), post(PRODUCTS, &[], BODY).answer(200, &made())],
        CatalogueCall::CreateAgain | CatalogueCall::Find => vec![found()],
        CatalogueCall::Standing => vec![standing("ACTIVATE")],
        CatalogueCall::Update => {
            let body = json!({ "title": "Caneca Esmaltada Azul" }).to_string();
            vec![post(EDIT, &[], &body).answer(200, &made())]
        }
        CatalogueCall::TakeDown => {
            vec![standing("ACTIVATE"), put("deactivate"), standing("SELLER_DEACTIVATED")]
        }
        CatalogueCall::PutUp => vec![standing("SELLER_DEACTIVATED"), put("activate"), standing("PENDING")],
        CatalogueCall::Delete => {
            let body = json!({ "product_ids": [PRODUCT_ID] }).to_string();
            let gone = step(NOW_S, Method::DELETE, PRODUCTS, &[("shop_cipher", CIPHER)], &body);
            vec![standing("ACTIVATE"), gone.answer(200, r#"{"code":0,"message":"Success","data":{}}"#)]
        }
    })
}

pub(super) const fn needed(call: CatalogueCall) -> Option<usize> {
    if matches!(call, CatalogueCall::Owed) { None } else { Some(0) }
}

#[test]
fn what_a_category_asks_is_read_from_its_attributes_and_its_rules() {
    let (channel, script) = scripted(script(CatalogueCall::Rules).unwrap());
    let rules = now(Attributes::rules(&channel, &account(), CATEGORY)).unwrap();
    script.done();
    assert_eq!((rules.title.most, rules.variants.most, rules.size, rules.papers.len()), (300, 300, true, 0));
    let of_leather = Need::When(vec![Trigger { attribute: "100157".into(), value: "1000059".into() }]);
    let shown: Vec<_> = rules
        .attributes
        .iter()
        .map(|it| (it.id.as_str(), it.tells_variants, it.most_values, it.need.clone()))
        .collect();
    let due = [
        ("100000", true, 1, Need::Optional),
        ("100007", true, 1, Need::Optional),
        ("100157", false, 50, Need::Required),
        ("100393", false, 1, of_leather),
    ];
    assert_eq!(shown, due);
}

#[test]
fn papers_that_are_always_required_are_named() {
    let required = [("/data/product_certifications/0/is_required", json!(true))];
    let mut steps = script(CatalogueCall::Rules).unwrap();
    steps[1] = steps[1].clone().map_body(|body| with(body, &required));
    let (channel, script) = scripted(steps);
    assert_eq!(now(Attributes::rules(&channel, &account(), CATEGORY)).unwrap().papers, ["Laudo"]);
    script.done();
}

#[test]
fn where_not_every_shop_may_list_no_offer_goes() {
    let (channel, script) = scripted([tree()]);
    let below = now(Categories::children(&channel, &account(), Some("600002"))).unwrap();
    script.done();
    let open: Vec<_> = below.iter().map(|it| (it.external_id.as_str(), it.takes_offers)).collect();
    assert_eq!(open, [(CATEGORY, Some(true)), ("601299", Some(false))]);
}

#[test]
fn a_title_that_fits_nowhere_has_no_proposal() {
    for code in [12_019_064, 12_052_912] {
        let body = r#"{"locale":"pt-BR","product_title":"xyzzy"}"#;
        let (channel, script) = scripted([post("/product/202309/categories/recommend", &[], body)
            .answer(200, &fault(code, "No category matches"))]);
        assert!(now(Categories::predict(&channel, &account(), "xyzzy")).unwrap().is_empty());
        script.done();
    }
}

#[test]
fn a_protected_brand_that_the_shop_may_not_use_is_not_listed() {
    let (channel, script) = scripted([brands()]);
    let page = now(Attributes::brands(&channel, &account(), CATEGORY, None)).unwrap();
    script.done();
    let names: Vec<_> = page.items.iter().map(|brand| brand.name.as_str()).collect();
    assert_eq!(
        (names.as_slice(), page.next.as_deref()),
        (["Casa do Treco", "Genérica"].as_slice(), Some("brands:b+c="))
    );
    for cursor in ["", "b+c=", "brands:"] {
        let (channel, _) = scripted([]);
        assert!(now(Attributes::brands(&channel, &account(), CATEGORY, Some(cursor))).is_err(), "{cursor}");
    }
}

#[test]
fn an_uploads_body_is_not_signed_and_no_shop_is_named() {
    let (channel, script) = scripted([upload(&success(&json!({ "uri": PICTURE })))]);
    let uploaded = now(Pictures::upload(&channel, &account(), &goods::picture(), PictureUse::Variant));
    assert_eq!(uploaded.unwrap(), PICTURE);
    script.done();
}

#[test]
fn what_a_creation_dropped_is_a_remark() {
    let warned = success(&json!({ "product_id": PRODUCT_ID,
        "warnings": [{ "message": "The [brand_id] is not available and was cleared." }] }));
    let (channel, script) = scripted([warehouses(), post(PRODUCTS, &[], BODY).answer(200, &warned)]);
    let made = now(Publishing::create(&channel, &account(), &offer(), None)).unwrap();
    script.done();
    let Submission::Taken { remarks, .. } = made else { panic!("{made:?}") };
    assert_eq!((remarks[0].field.clone(), remarks[0].reason), (Field::Brand, Reason::Adjusted));
}

#[test]
fn a_product_from_before_the_try_or_deleted_since_is_not_what_it_made() {
    for (field, value) in [("create_time", json!(1_789_000_000)), ("status", json!("DELETED"))] {
        let change = [(format!("/data/products/0/{field}"), value)];
        let change: Vec<(&str, Value)> =
            change.iter().map(|(at, value)| (at.as_str(), value.clone())).collect();
        let other = found().map_body(|body| with(body, &change));
        let (channel, script) =
            scripted([other, warehouses(), post(PRODUCTS, &[], BODY).answer(200, &made())]);
        let since = Some(Timestamp::from_millis(1_789_999_940_000));
        now(Publishing::create(&channel, &account(), &offer(), since)).unwrap();
        script.done();
    }
}

#[test]
fn a_shop_without_a_warehouse_that_sells_is_told_so() {
    let (channel, script) =
        scripted([get("/logistics/202309/warehouses", &[]).answer(200, &success(&json!({})))]);
    let refused = now(Publishing::create(&channel, &account(), &offer(), None)).unwrap_err();
    script.done();
    assert!(refused.to_string().contains("warehouse"), "{refused}");
}

#[test]
fn one_variant_needs_nothing_to_differ_in() {
    let one = Offer { axes: Vec::new(), ..goods::offer(CATEGORY, "CAM-1", PICTURE) };
    let sent: Value = serde_json::from_str(&sent(&one)).unwrap();
    assert_eq!(sent["skus"][0]["sales_attributes"], Value::Null);
}

#[test]
fn a_step_that_was_made_already_is_not_made_again() {
    for (status, on_sale) in [("ACTIVATE", true), ("PENDING", true), ("SELLER_DEACTIVATED", false)] {
        let (channel, script) = scripted([standing(status)]);
        now(Publishing::set_on_sale(&channel, &account(), PRODUCT_ID, on_sale)).unwrap();
        script.done();
    }
    let (channel, script) = scripted([standing("DELETED")]);
    now(Publishing::delete(&channel, &account(), PRODUCT_ID)).unwrap();
    script.done();
}

#[test]
fn each_reason_of_an_audit_is_told_with_its_place() {
    let (channel, script) = scripted(samples().moderated);
    let standing = now(Publishing::standing(&channel, &account(), PRODUCT_ID)).unwrap();
    script.done();
    let told = &standing.objections[0];
    assert_eq!((told.field.clone(), told.said.as_str()), (Field::Pictures, "A imagem tem texto"));
    assert_eq!(told.remedy.as_deref(), Some("Troque a imagem"));
}

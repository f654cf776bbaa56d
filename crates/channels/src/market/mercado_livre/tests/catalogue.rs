//! Publishing: the calls, for the kit and by themselves.

use connect::conformance::{CatalogueCall, CatalogueSamples, RefusedOffer, Step, now};
use connect::{Attributes, ErrorKind, Publishing, Submission};
use domain::attribute::{Need, ValueKind};
use domain::offer::{Axis, Field, Offer, Reason};
use http::Method;
use serde_json::{Value, json};

use super::super::catalogue::{sent_variant, sent_whole};
use super::{ITEM, USER, account, at, scripted, with};
use crate::market::tests::goods::{self, FORM, listed, told};

const CATEGORY: &str = include_str!("../fixtures/category.json");
const ATTRIBUTES: &str = include_str!("../fixtures/category_attributes.json");
const MODERATION: &str = include_str!("../fixtures/moderation.json");

const ID: &str = "MLB4000000001";
const READ: &str = "/items/MLB4000000001?include_attributes=all";
const PICTURE: &str = "900001-MLB70000000001_112026";
const BODY: &str = concat!(
    r#"{"attributes":[{"id":"BRAND","value_name":"Acme"},{"id":"MATERIAL","value_id":"2748302"},"#,
    r#"{"id":"ITEM_CONDITION","value_id":"2230284"},{"id":"SELLER_PACKAGE_HEIGHT","value_name":"9 cm"},"#,
    r#"{"id":"SELLER_PACKAGE_LENGTH","value_name":"13 cm"},{"id":"SELLER_PACKAGE_WIDTH","value_name":"10 cm"},"#,
    r#"{"id":"SELLER_PACKAGE_WEIGHT","value_name":"300 g"},{"id":"SELLER_SKU","value_name":"ACME-X1"},"#,
    r#"{"id":"GTIN","value_name":"7891234567895"}],"available_quantity":7,"buying_mode":"buy_it_now","#,
    r#""category_id":"MLB3530","channels":["marketplace"],"condition":"new","currency_id":"BRL","#,
    r#""listing_type_id":"gold_special","pictures":[{"id":"900001-MLB70000000001_112026"}],"price":49.90,"#,
    r#""shipping":{"free_shipping":false,"local_pick_up":false,"mode":"me2"},"title":"Caneca Esmaltada de Ágata"}"#,
);

fn offer() -> Offer {
    let attributes = vec![told("BRAND", "Acme"), listed("MATERIAL", "2748302")];
    Offer { attributes, ..goods::offer("MLB3530", "ACME-X1", PICTURE) }
}

pub(super) fn samples() -> CatalogueSamples {
    let refusal = json!({ "message": "Validation error", "error": "validation_error", "status": 400, "cause": [
        { "department": "shipping", "cause_id": 4029, "type": "warning", "code": "shipping.me2_adoption_mandatory",
          "references": ["shipping.modes"], "message": "…" },
        { "department": "structured-data", "cause_id": 147, "type": "error", "code": "item.attributes.missing_required",
          "references": ["item.attributes"], "message": "The attributes [BRAND] are required for category MLB3530" }] });
    let under_review = [("/status", json!("under_review")), ("/sub_status", json!(["waiting_for_patch"]))];
    CatalogueSamples {
        picture: goods::picture(),
        offer: offer(),
        tried_since: at("2026-10-01T11:59:00Z"),
        listing: ID.into(),
        change: goods::retitled(),
        refused: RefusedOffer {
            offer: offer(),
            steps: vec![seller(&classic()), Step::post("/items").answer(400, &refusal.to_string())],
            field: Field::Attribute("BRAND".into()),
        },
        moderated: vec![
            read(&with(ITEM, &under_review)),
            Step::get("/moderations/last_moderation/MLB4000000001-ITM").answer(200, MODERATION),
        ],
        down_ignored: vec![put(&json!({ "status": "paused" })), read(ITEM)],
    }
}

fn classic() -> String {
    with(USER, &[("/tags", json!(["normal"]))])
}

fn seller(user: &str) -> Step {
    Step::get("/users/me").answer(200, user)
}

fn read(item: &str) -> Step {
    Step::get(READ).answer(200, item)
}

fn put(body: &Value) -> Step {
    Step::put("/items/MLB4000000001").with_body(&body.to_string())
}

fn describe() -> Step {
    let body = json!({ "plain_text": offer().description }).to_string();
    Step::post("/items/MLB4000000001/description").with_body(&body).answer(201, "{}")
}

fn found() -> Vec<Step> {
    let page = json!({ "seller_id": "100200300", "results": [ID], "paging": { "total": 1 } });
    vec![
        Step::get("/users/100200300/items/search?seller_sku=ACME-X1").answer(200, &page.to_string()),
        read(ITEM),
    ]
}

pub(super) fn script(call: CatalogueCall) -> Vec<Step> {
    let category = || Step::get("/categories/MLB3530").answer(200, CATEGORY);
    let attributes = || Step::get("/categories/MLB3530/attributes").answer(200, ATTRIBUTES);
    match call {
        CatalogueCall::Roots => {
            let roots = json!([{ "id": "MLB1574", "name": "Casa, Móveis e Decoração" }]);
            vec![Step::get("/sites/MLB/categories").answer(200, &roots.to_string())]
        }
        CatalogueCall::Path => vec![category()],
        CatalogueCall::Predict => {
            let target = "/sites/MLB/domain_discovery/search?q=Caneca+Esmaltada+de+%C3%81gata&limit=8";
            let rows = json!([{ "domain_id": "MLB-MUGS", "domain_name": "Canecas", "category_id": "MLB3530",
                "category_name": "Canecas", "attributes": [] }, { "domain_id": "MLB-ODD" }]);
            vec![Step::get(target).answer(200, &rows.to_string())]
        }
        CatalogueCall::Rules => vec![category(), attributes()],
        CatalogueCall::Owed => {
            let path = "/categories/MLB3530/attributes/conditional";
            vec![Step::post(path).with_body(BODY).answer(200, r#"{"required_attributes":[]}"#)]
        }
        CatalogueCall::Brands => vec![attributes()],
        CatalogueCall::Upload => {
            let answer = json!({ "id": PICTURE, "variations": [{ "size": "800x800" }] }).to_string();
            vec![Step::post("/pictures/items/upload").with_header("content-type", FORM).answer(201, &answer)]
        }
        CatalogueCall::Create => {
            vec![seller(&classic()), Step::post("/items").with_body(BODY).answer(201, ITEM), describe()]
        }
        CatalogueCall::CreateAgain => [found(), vec![describe()]].concat(),
        CatalogueCall::Find => found(),
        CatalogueCall::Standing => vec![read(ITEM)],
        CatalogueCall::Update => {
            let title = json!("Caneca Esmaltada Azul");
            let written = put(&json!({ "title": title })).answer(200, &with(ITEM, &[("/title", title)]));
            vec![read(ITEM), written]
        }
        CatalogueCall::TakeDown => {
            let down = [("/status", json!("paused")), ("/sub_status", json!(["paused_by_seller"]))];
            vec![put(&json!({ "status": "paused" })), read(&with(ITEM, &down))]
        }
        CatalogueCall::PutUp => vec![put(&json!({ "status": "active" })), read(ITEM)],
        CatalogueCall::Delete => {
            vec![read(ITEM), put(&json!({ "status": "closed" })), put(&json!({ "deleted": "true" }))]
        }
    }
}

pub(super) fn needed(call: CatalogueCall) -> usize {
    // What the platform says to a write of the state matters less than what it then shows.
    usize::from(matches!(call, CatalogueCall::TakeDown | CatalogueCall::PutUp))
}

#[test]
fn what_a_category_asks_is_read_from_its_settings_and_its_tags() {
    let (channel, script) = scripted(script(CatalogueCall::Rules));
    let rules = now(Attributes::rules(&channel, &account(), "MLB3530")).unwrap();
    script.done();
    assert_eq!((rules.title.most, rules.price.least_minor, rules.variants.most), (60, 650, 100));
    assert_eq!((rules.sku.most_chars, rules.gtin.clone()), (64, Need::ByPlatform));
    let shown: Vec<_> = rules
        .attributes
        .iter()
        .map(|it| (it.id.as_str(), it.kind, it.takes_others, it.need.clone()))
        .collect();
    let due = [
        ("BRAND", ValueKind::Word, true, Need::Required),
        ("MATERIAL", ValueKind::Word, false, Need::RequiredOfNew),
        ("CAPACITY", ValueKind::Measure, true, Need::Optional),
        ("COLOR", ValueKind::Word, false, Need::Optional),
    ];
    assert_eq!(shown, due, "what the platform fills in, and what an offer tells apart, is left out");
    assert_eq!(rules.attribute("CAPACITY").unwrap().units, ["mL", "L"]);
}

#[test]
fn a_category_that_is_closed_or_no_leaf_has_no_rules() {
    for (field, value) in [("listing_allowed", json!(false)), ("status", json!("disabled"))] {
        let closed = with(CATEGORY, &[(&format!("/settings/{field}"), value)]);
        let (channel, script) = scripted([Step::get("/categories/MLB3530").answer(200, &closed)]);
        let refused = now(Attributes::rules(&channel, &account(), "MLB3530")).unwrap_err();
        script.done();
        assert!(matches!(refused.kind, ErrorKind::Refused { .. }), "{field}: {refused}");
    }
}

/// Two colours of the offer.
fn two_colours() -> Offer {
    let variants =
        vec![goods::variant("CAN-P", &[("52049", "Preto")]), goods::variant("CAN-A", &[("52028", "Azul")])];
    let axes = vec![Axis { id: Some("COLOR".into()), name: "Cor".into() }];
    Offer { axes, variants, description: String::new(), ..offer() }
}

fn created(offer: &Offer, steps: Vec<Step>) -> Submission {
    let (channel, script) = scripted(steps);
    let submission = now(Publishing::create(&channel, &account(), offer, None)).unwrap();
    script.done();
    submission
}

#[test]
fn variants_are_variations_of_one_listing_in_the_classic_model() {
    let sent = sent_whole(&two_colours());
    let sent: Value = serde_json::from_str(&sent).unwrap();
    let due = json!({ "attribute_combinations": [{ "id": "COLOR", "value_id": "52028" }], "available_quantity": 7,
        "attributes": [{ "id": "SELLER_SKU", "value_name": "CAN-A" }, { "id": "GTIN", "value_name": "7891234567895" }],
        "picture_ids": [PICTURE], "price": 49.9 });
    assert_eq!((&sent["variations"][1], sent["price"].is_null()), (&due, true));
    let made = created(&two_colours(), vec![seller(&classic()), Step::post("/items").answer(201, ITEM)]);
    assert_eq!(made, Submission::Taken { external_ids: vec![ID.into()], remarks: Vec::new() });
}

#[test]
fn each_variant_is_a_listing_of_its_own_in_the_new_model() {
    let user = with(USER, &[("/tags", json!(["normal", "user_product_seller"]))]);
    let other = with(ITEM, &[("/id", json!("MLB4000000009"))]);
    let steps =
        vec![seller(&user), Step::post("/items").answer(201, ITEM), Step::post("/items").answer(201, &other)];
    let made = created(&two_colours(), steps);
    let external_ids = vec![ID.to_owned(), "MLB4000000009".to_owned()];
    assert_eq!(made, Submission::Taken { external_ids, remarks: Vec::new() });
    let sent: Value = serde_json::from_str(&sent_variant(&two_colours(), 1)).unwrap();
    assert_eq!((sent["family_name"].as_str(), &sent["title"]), (Some(offer().title.as_str()), &Value::Null));
    let colour = json!({ "id": "COLOR", "value_id": "52028" });
    assert!(sent["attributes"].as_array().unwrap().contains(&colour), "{sent}");
}

#[test]
fn a_variant_that_is_refused_beside_one_that_stands_is_a_remark() {
    let user = with(USER, &[("/tags", json!(["user_product_seller"]))]);
    let refusal = json!({ "message": "Validation error", "error": "validation_error", "status": 400, "cause": [
        { "cause_id": 7710, "type": "error", "code": "item.attribute.invalid_product_identifier", "message": "GTIN is invalid" }] });
    let steps = vec![
        seller(&user),
        Step::post("/items").answer(201, ITEM),
        Step::post("/items").answer(400, &refusal.to_string()),
    ];
    let Submission::Taken { external_ids, remarks } = created(&two_colours(), steps) else {
        panic!("one of two stands");
    };
    assert_eq!(external_ids, [ID]);
    assert_eq!(
        (remarks[0].field.clone(), remarks[0].reason),
        (Field::Attribute("GTIN".into()), Reason::NotTaken)
    );
}

#[test]
fn a_seller_with_depots_puts_all_units_into_the_oldest() {
    let user = with(USER, &[("/tags", json!(["user_product_seller", "warehouse_management"]))]);
    let stores = json!({ "results": [{ "id": 1002, "network_node_id": "BRP2" }, { "id": "987", "network_node_id": "BRP1" }] });
    let one = Offer { description: String::new(), ..offer() };
    let (channel, script) = scripted([
        seller(&user),
        Step::get("/users/100200300/stores/search?tags=stock_location").answer(200, &stores.to_string()),
        Step::post("/items/multiwarehouse").answer(201, ITEM),
    ]);
    now(Publishing::create(&channel, &account(), &one, None)).unwrap();
    script.done();
}

#[test]
fn only_variants_that_are_missing_are_made_after_an_unknown_end() {
    let user = with(USER, &[("/tags", json!(["user_product_seller"]))]);
    let page = |ids: Value| json!({ "results": ids }).to_string();
    let black = with(ITEM, &[("/attributes/1/value_name", json!("CAN-P"))]);
    let search = "/users/100200300/items/search?seller_sku=";
    let steps = [
        Step::get(&format!("{search}CAN-A")).answer(200, &page(json!([]))),
        Step::get(&format!("{search}CAN-P")).answer(200, &page(json!([ID]))),
        read(&black),
        seller(&user),
        Step::post("/items").answer(201, &with(ITEM, &[("/id", json!("MLB4000000009"))])),
    ];
    let (channel, script) = scripted(steps);
    let since = Some(at("2026-10-01T11:59:00Z"));
    let made = now(Publishing::create(&channel, &account(), &two_colours(), since)).unwrap();
    script.done();
    let external_ids = vec![ID.to_owned(), "MLB4000000009".to_owned()];
    assert_eq!(made, Submission::Taken { external_ids, remarks: Vec::new() });
}

#[test]
fn a_listing_from_before_the_try_is_not_what_it_made() {
    let (channel, script) = scripted(found());
    let since = at("2026-10-01T12:06:00Z");
    let made = now(Publishing::find(&channel, &account(), &offer(), since)).unwrap();
    assert!(made.is_empty(), "it is older than the try, by more than clocks differ");
    script.done();
}

#[test]
fn a_description_that_is_there_already_is_written_over() {
    let exists = json!({ "message": "…", "error": "item.description.exists", "status": 400, "cause": [] });
    let over = Step::put("/items/MLB4000000001/description?api_version=2");
    let steps = [found(), vec![describe().answer(400, &exists.to_string()), over]].concat();
    let (channel, script) = scripted(steps);
    let since = Some(at("2026-10-01T11:59:00Z"));
    now(Publishing::create(&channel, &account(), &offer(), since)).unwrap();
    script.done();
}

#[test]
fn the_title_of_the_new_model_is_its_familys_name() {
    let family = with(ITEM, &[("/family_name", json!("Caneca Esmaltada"))]);
    let name = json!("Caneca Esmaltada Azul");
    let shown = with(&family, &[("/family_name", name.clone())]);
    let steps = [read(&family), put(&json!({ "family_name": name })).answer(200, &shown)];
    let (channel, script) = scripted(steps);
    now(Publishing::update(&channel, &account(), ID, &goods::retitled())).unwrap();
    script.done();
    let (channel, _) = scripted([read(ITEM), Step::put("/items/MLB4000000001").answer(200, ITEM)]);
    let ignored = now(Publishing::update(&channel, &account(), ID, &goods::retitled())).unwrap_err();
    assert_eq!(ignored.kind, ErrorKind::WriteNotApplied);
}

#[test]
fn a_deletion_right_after_closing_is_tried_again_and_goes_on_from_there() {
    let locked = json!({ "message": "item optimistic locking error", "error": "conflict", "status": 409, "cause": [] });
    let closed = || read(&with(ITEM, &[("/status", json!("closed"))]));
    let delete = || Step::expect(Method::PUT, "/items/MLB4000000001").with_body(r#"{"deleted":"true"}"#);
    let (channel, script) =
        scripted([closed(), delete().answer(409, &locked.to_string()), closed(), delete()]);
    let first = now(Publishing::delete(&channel, &account(), ID)).unwrap_err();
    assert_eq!(first.kind, ErrorKind::Conflict);
    now(Publishing::delete(&channel, &account(), ID)).unwrap();
    script.done();
    let gone = with(ITEM, &[("/status", json!("closed")), ("/sub_status", json!(["deleted"]))]);
    let (channel, script) = scripted([read(&gone)]);
    now(Publishing::delete(&channel, &account(), ID)).unwrap();
    script.done();
}

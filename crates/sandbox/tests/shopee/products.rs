use http::Method;
use serde_json::{Value, json};

use crate::kit::{COMPANY, Market, PERSON, code, good, market};

const ADD: &str = "/api/v2/product/add_item";

fn draft(market: &Market) -> Value {
    json!({
        "item_name": "Caneca de cerâmica esmaltada 300ml", "category_id": 101_231, "original_price": 39.9, "weight": 0.4,
        "description": "Caneca de cerâmica esmaltada, feita à mão, 300 ml.",
        "image": {"image_id_list": [market.image()], "image_ratio": "1:1"},
        "logistic_info": [{"logistic_id": 90_003, "enabled": true}], "seller_stock": [{"stock": 12}],
        "attribute_list": [{"attribute_id": 100_036, "attribute_value_list": [{"value_id": 0, "original_value_name": "Cerâmica"}]}],
        "brand": {"brand_id": 0, "original_brand_name": "NoBrand"}, "item_sku": "CAN-CER-300",
        "dimension": {"package_length": 10, "package_width": 10, "package_height": 12}, "condition": "NEW",
    })
}

fn base_info(market: &Market, id: i64) -> Value {
    let pairs = [("item_id_list", &*id.to_string()), ("need_tax_info", "true")];
    market.get("/api/v2/product/get_item_base_info", &pairs)["item_list"][0].clone()
}

fn models(market: &Market, id: i64) -> Value {
    market.get("/api/v2/product/get_model_list", &[("item_id", &id.to_string())])
}

/// An item of two colours, made by the client.
fn item_with_colours(market: &Market) -> (i64, Value) {
    let id = market.post(ADD, &draft(market))["item_id"].as_i64().unwrap();
    let body = json!({"item_id": id,
        "standardise_tier_variation": [{"variation_id": 0, "variation_name": "Cor", "variation_option_list": [
            {"variation_option_id": 0, "variation_option_name": "Azul"}, {"variation_option_id": 0, "variation_option_name": "Verde"}]}],
        "model": [
            {"tier_index": [0], "original_price": 39.9, "seller_stock": [{"stock": 5}], "model_sku": "CAN-AZ"},
            {"tier_index": [1], "original_price": 41.5, "seller_stock": [{"stock": 7}], "model_sku": "CAN-VD"}]});
    (id, market.post("/api/v2/product/init_tier_variation", &body))
}

#[test]
fn a_list_takes_its_statuses_in_every_spelling() {
    let market = market();
    let count = |pairs: &[(&str, &str)]| {
        let all = [&[("offset", "0"), ("page_size", "100")], pairs].concat();
        market.get("/api/v2/product/get_item_list", &all)["total_count"].as_i64().unwrap()
    };
    assert_eq!(count(&[("item_status", "NORMAL"), ("item_status", "UNLIST")]), 19);
    assert_eq!(count(&[("item_status", "NORMAL,UNLIST")]), 19);
    assert_eq!(count(&[("item_status", "[\"NORMAL\"]")]), 19);
}

#[test]
fn an_empty_page_has_no_list_and_pages_end_with_zero() {
    let market = market();
    let page = |offset: &str, status: &str| {
        market.get(
            "/api/v2/product/get_item_list",
            &[("offset", offset), ("page_size", "10"), ("item_status", status)],
        )
    };
    assert!(page("0", "BANNED").get("item").is_none());
    let first = page("0", "NORMAL");
    assert_eq!((first["has_next_page"].as_bool(), first["next_offset"].as_i64()), (Some(true), Some(10)));
    let second = page("10", "NORMAL");
    assert_eq!(
        (second["item"].as_array().unwrap().len(), second["has_next_page"].as_bool()),
        (9, Some(false))
    );
    let too_many = market.get_of(
        COMPANY,
        "/api/v2/product/get_item_list",
        &[("offset", "0"), ("page_size", "101"), ("item_status", "NORMAL")],
    );
    assert_eq!(code(&too_many), "product.error_param");
}

#[test]
fn an_item_without_variations_carries_price_and_stock_itself() {
    let market = market();
    let id = market.item("CAN-INOX-500");
    let item = base_info(&market, id);
    assert_eq!(item["weight"], "0.5");
    assert_eq!(item["has_model"], false);
    assert_eq!(item["price_info"][0]["original_price"], json!(89.9));
    assert_eq!(item["stock_info_v2"]["summary_info"]["total_available_stock"], 40);
    assert_eq!(item["attribute_list"][0]["attribute_value_list"][0]["original_value_name"], "Aço Inoxidável");
    assert_eq!(models(&market, id)["model"], json!([]));
}

#[test]
fn an_item_with_variations_carries_them_on_its_models_in_both_spellings() {
    let market = market();
    let id = market.item("CAPA-SIL-AZ");
    assert!(base_info(&market, id).get("price_info").is_none());
    let shown = models(&market, id);
    assert_eq!(shown["tier_variation"][0]["option_list"][1]["option"], "Azul");
    assert_eq!(
        shown["standardise_tier_variation"][0]["variation_option_list"][1]["variation_option_name"],
        "Azul"
    );
    assert_eq!(
        (shown["model"][1]["model_sku"].as_str(), &shown["model"][1]["tier_index"]),
        (Some("CAPA-SIL-AZ"), &json!([1]))
    );
}

#[test]
fn another_shops_item_is_not_found() {
    let market = market();
    let id = market.item("CAN-INOX-500").to_string();
    let reply = market.get_of(PERSON, "/api/v2/product/get_item_base_info", &[("item_id_list", &id)]);
    assert_eq!(code(&reply), "product.error_item_not_found");
}

#[test]
fn an_item_is_published_and_read_back() {
    let market = market();
    let made = market.post(ADD, &draft(&market));
    assert_eq!(made["price_info"]["original_price"], json!(39.9));
    // A write gives an echo: less than a read, and the weight as the number it was sent as.
    assert_eq!(made["weight"], json!(0.4));
    assert!(
        made.get("stock_info_v2").is_none() && made["logistic_info"][0].get("logistic_name").is_none(),
        "{made}"
    );
    let item = base_info(&market, made["item_id"].as_i64().unwrap());
    assert_eq!(
        (item["item_name"].as_str(), item["item_status"].as_str()),
        (Some("Caneca de cerâmica esmaltada 300ml"), Some("NORMAL"))
    );
    assert_eq!(
        (item["weight"].as_str(), item["dimension"]["package_height"].as_i64()),
        (Some("0.4"), Some(12))
    );
    assert_eq!(item["attribute_list"][0]["attribute_value_list"][0]["original_value_name"], "Cerâmica");
    assert!(item["image"]["image_url_list"][0].as_str().unwrap().starts_with("http"));
}

#[test]
fn what_is_wrong_with_a_draft_is_named() {
    let market = market();
    let refusal = |field: &str, value: Value| {
        let mut body = draft(&market);
        body[field] = value;
        code(&market.post_of(COMPANY, ADD, &body))
    };
    assert_eq!(refusal("item_name", json!("Curto")), "product.error_item_name_is_too_short");
    assert_eq!(refusal("item_name", json!("x".repeat(121))), "product.error_title_exceeds_max_length");
    assert_eq!(refusal("category_id", json!(100_636)), "product.error_invalid_category");
    assert_eq!(refusal("attribute_list", json!([])), "product.error_less_required_attribute");
    assert_eq!(refusal("brand", json!({"brand_id": 99})), "product.error_invalid_brand");
    assert_eq!(refusal("brand", Value::Null), "product.error_less_required_brand");
    assert_eq!(
        refusal("image", json!({"image_id_list": ["nobody-uploaded-this"]})),
        "product.error_image_unavailable"
    );
    assert_eq!(
        refusal("logistic_info", json!([{"logistic_id": 90_022, "enabled": true}])),
        "product.error_invalid_logistic_info"
    );
    assert_eq!(refusal("original_price", json!(0.1)), "product.error_price_exceed_min_limitt");
    assert_eq!(refusal("original_price", json!("39.90")), "product.error_param");
    assert_eq!(refusal("seller_stock", json!([{"stock": -1}])), "product.error_param");
    assert_eq!(refusal("tax_info", json!({"ncm": "12345678"})), "product.error_param");
}

#[test]
fn tiers_are_made_and_every_old_model_id_dies() {
    let market = market();
    let (id, made) = item_with_colours(&market);
    let old = made["model"][0]["model_id"].as_i64().unwrap();
    let body = json!({"item_id": id, "tier_variation": [{"name": "Cor", "option_list": [{"option": "Azul"}]}, {"name": "Tamanho", "option_list": [{"option": "P"}, {"option": "G"}]}],
        "model": [{"tier_index": [0, 0], "original_price": 30, "seller_stock": [{"stock": 1}]}, {"tier_index": [0, 1], "original_price": 32, "seller_stock": [{"stock": 1}]}]});
    let again = market.post("/api/v2/product/init_tier_variation", &body);
    assert_eq!(again["model"].as_array().unwrap().len(), 2);
    // A write says less of a model than a read.
    assert_eq!(again["model"][1]["price_info"], json!([{"original_price": 32.0}]));
    assert!(again["model"].as_array().unwrap().iter().all(|model| model["model_id"] != old));
    let body = json!({"item_id": id, "stock_list": [{"model_id": old, "seller_stock": [{"stock": 9}]}]});
    let written = market.post("/api/v2/product/update_stock", &body);
    assert_eq!(written["failure_list"][0]["failed_reason"], "The model does not exist.");
}

#[test]
fn models_that_make_no_sense_are_refused() {
    let market = market();
    let (id, _) = item_with_colours(&market);
    let add = |model: Value| {
        let body = json!({"item_id": id, "model_list": [model]});
        market.post_of(COMPANY, "/api/v2/product/add_model", &body)
    };
    let model = |index: Value, price: Value| json!({"tier_index": index, "original_price": price, "seller_stock": [{"stock": 1}]});
    assert_eq!(code(&add(model(json!([0]), json!(40.0)))), "product.error_param");
    assert_eq!(code(&add(model(json!([7]), json!(40.0)))), "product.error_param");
    assert_eq!(code(&add(model(json!([0, 0]), json!(40.0)))), "product.error_param");
    let tiers = json!({"item_id": id, "tier_variation": [{"name": "Cor", "option_list": [{"option": "Azul"}, {"option": "Verde"}, {"option": "Roxo"}]}]});
    assert_eq!(
        market.post_of(COMPANY, "/api/v2/product/update_tier_variation", &tiers).document()["error"],
        ""
    );
    // Four times the cheapest one is as dear as a model may be.
    assert_eq!(code(&add(model(json!([2]), json!(160.0)))), "product.error_param");
    assert_eq!(good(&add(model(json!([2]), json!(159.6))))["model"][0]["tier_index"], json!([2]));
}

#[test]
fn stock_is_written_row_by_row_and_failures_stand_inside_a_good_answer() {
    let market = market();
    let id = market.item("CAPA-SIL-AZ");
    let model = models(&market, id)["model"][1]["model_id"].as_i64().unwrap();
    let body = json!({"item_id": id, "stock_list": [{"model_id": model, "seller_stock": [{"stock": 3}]}, {"model_id": 4, "seller_stock": [{"stock": 3}]}]});
    let written = market.post("/api/v2/product/update_stock", &body);
    assert_eq!(written["success_list"], json!([{"model_id": model, "location_id": "BRZ", "stock": 3}]));
    assert_eq!(written["failure_list"][0]["model_id"], 4);
    let whole = json!({"item_id": id, "stock_list": [{"model_id": 0, "seller_stock": [{"stock": 3}]}]});
    let refused = market.post_of(COMPANY, "/api/v2/product/update_stock", &whole);
    assert_eq!(code(&refused), "product.error_edit_item_stock_for_item_has_model");
}

#[test]
fn stock_of_a_campaign_is_reserved_and_its_price_is_fixed() {
    let market = market();
    let id = market.item("LUM-LUA-15");
    market.control(
        Method::PUT,
        &format!("/_sandbox/items/{id}"),
        &json!({"campaign": {"price": 59.9, "reserved": 10}}),
    );
    let shown = market.get("/api/v2/product/get_item_promotion", &[("item_id_list", &id.to_string())]);
    let running = &shown["success_list"][0]["promotion"][0];
    assert_eq!(running["promotion_stock_info_v2"]["summary_info"]["total_reserved_stock"], 10);
    let stock = json!({"item_id": id, "stock_list": [{"seller_stock": [{"stock": 9}]}]});
    assert_eq!(market.post("/api/v2/product/update_stock", &stock)["success_list"], json!([]));
    let price = json!({"item_id": id, "price_list": [{"original_price": 70}]});
    let answer = market.post("/api/v2/product/update_price", &price);
    assert_eq!(answer["failure_list"][0]["failed_reason"], "error_cannt_edit_price_in_promotion");
    market.take_pushes();
    market.sale(&json!({"sku": "LUM-LUA-15", "quantity": 4}));
    let reserved = market.take_pushes().into_iter().find(|push| push["code"] == 8).unwrap();
    assert_eq!(reserved["data"]["changed_values"], json!([{"name": "reserved_stock", "old": 10, "new": 6}]));
}

#[test]
fn a_new_price_is_told_by_push() {
    let market = market();
    let id = market.item("MOU-SF-1600");
    let body = json!({"item_id": id, "price_list": [{"model_id": 0, "original_price": 55.5}]});
    assert_eq!(
        market.post("/api/v2/product/update_price", &body)["success_list"][0]["original_price"],
        json!(55.5)
    );
    let told = market.take_pushes().into_iter().find(|push| push["code"] == 22).unwrap();
    assert_eq!((&told["data"]["old_value"], &told["data"]["new_value"]), (&json!(49.9), &json!(55.5)));
}

#[test]
fn unlisting_and_deleting_take_an_item_from_the_shelf() {
    let market = market();
    let id = market.item("QC-1000-MG");
    let body = json!({"item_list": [{"item_id": id, "unlist": true}, {"item_id": 1, "unlist": true}]});
    let answer = market.post("/api/v2/product/unlist_item", &body);
    assert_eq!(
        (answer["success_list"][0]["item_id"].as_i64(), answer["failure_list"][0]["item_id"].as_i64()),
        (Some(id), Some(1))
    );
    assert_eq!(base_info(&market, id)["item_status"], "UNLIST");
    assert_eq!(
        market.post_of(COMPANY, "/api/v2/product/delete_item", &json!({"item_id": id})).document()["error"],
        ""
    );
    assert_eq!(base_info(&market, id)["item_status"], "SELLER_DELETE");
    assert_eq!(
        code(&market.post_of(COMPANY, "/api/v2/product/delete_item", &json!({"item_id": id}))),
        "product.error_item_not_found"
    );
}

#[test]
fn a_banned_item_is_told_about_and_cannot_be_edited() {
    let market = market();
    let id = market.item("DRA-3D-30");
    market.control(
        Method::PUT,
        &format!("/_sandbox/items/{id}"),
        &json!({"status": "BANNED", "violation_reason": "Marca de terceiro"}),
    );
    let told = market.take_pushes().into_iter().find(|push| push["code"] == 16).unwrap();
    assert_eq!(told["data"]["item_status_details"][0]["violation_reason"], "Marca de terceiro");
    let edit = json!({"item_id": id, "item_name": "Dragão Articulado Impresso 30cm"});
    assert_eq!(
        code(&market.post_of(COMPANY, "/api/v2/product/update_item", &edit)),
        "product.error_item_uneditable"
    );
    let why = market.get("/api/v2/product/get_item_violation_info", &[("item_id_list", &id.to_string())]);
    assert_eq!(why["item_list"][0]["item_status"], "BANNED");
}

#[test]
fn the_catalogue_tells_what_a_draft_needs() {
    let market = market();
    let tree = market.get("/api/v2/product/get_category", &[("language", "pt-br")]);
    let leaf = tree["category_list"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["category_id"] == 101_231)
        .unwrap()
        .clone();
    assert_eq!(
        (leaf["display_category_name"].as_str(), leaf["has_children"].as_bool()),
        (Some("Garrafas Térmicas"), Some(false))
    );
    for name in ["category_id_list", "category_ids"] {
        let attributes = market.get("/api/v2/product/get_attribute_tree", &[(name, "101231,100636")]);
        assert_eq!(attributes["list"][0]["attribute_tree"][0]["mandatory"], true);
        assert_eq!(attributes["list"][1]["attribute_tree"], json!([]));
        let id = &attributes["list"][0]["attribute_tree"][0]["attribute_id"];
        let search = json!({"attribute_id": id, "value_name": "", "cursor": 0, "limit": 10});
        let values = market.post("/api/v2/product/search_attribute_value_list", &search);
        assert!(values["value_list"][0]["value_id"].is_i64(), "{values}");
        assert_eq!(values["page_info"], json!({"cursor": 0, "has_next": false}));
    }
    let brands = market.get(
        "/api/v2/product/get_brand_list",
        &[("category_id", "101231"), ("status", "1"), ("offset", "0"), ("page_size", "2")],
    );
    assert_eq!(
        (brands["brand_list"].as_array().unwrap().len(), brands["next_offset"].as_i64()),
        (2, Some(2))
    );
    let limits = market.get("/api/v2/product/get_item_limit", &[("category_id", "101231")]);
    assert_eq!(limits["item_name_length_limit"], json!({"min_limit": 20, "max_limit": 120}));
    let near = market.get("/api/v2/product/category_recommend", &[("item_name", "Garrafa térmica azul")]);
    assert!(near["category_id"].as_array().unwrap().contains(&json!(101_231)));
}

#[test]
fn a_file_that_is_no_picture_is_refused() {
    let market = market();
    let path = "/api/v2/media_space/upload_image";
    assert_eq!(code(&market.upload(COMPANY, path, &[("image", b"GIF89a")])), "error_param");
    assert_eq!(code(&market.upload(COMPANY, path, &[])), "error_param");
    let mixed = good(&market.upload(COMPANY, path, &[("image", b"GIF89a"), ("image", b"\xFF\xD8\xFF\xE0")]));
    assert_eq!(
        (mixed["image_info_list"][0]["error"].as_str(), mixed["image_info_list"][1]["error"].as_str()),
        (Some("error_param"), Some(""))
    );
    let id = mixed["image_info"]["image_id"].as_str().unwrap();
    assert_eq!(market.ask(Method::GET, &format!("/file/{id}"), "").status.as_u16(), 200);
}

#[test]
fn a_comment_is_replied_to_once() {
    let market = market();
    let sn = market.sale(&json!({"sku": "CAB-HDMI-2M"}));
    let made = market.control(Method::POST, "/_sandbox/comments", &json!({"order_sn": sn, "stars": 4}));
    let list = market.get("/api/v2/product/get_comment", &[("cursor", ""), ("page_size", "10")]);
    assert_eq!(
        (list["item_comment_list"][0]["rating_star"].as_i64(), list["more"].as_bool()),
        (Some(4), Some(false))
    );
    let reply = || {
        market.post(
            "/api/v2/product/reply_comment",
            &json!({"comment_list": [{"comment_id": made["comment_id"], "comment": "Obrigado!"}]}),
        )
    };
    assert!(reply()["result_list"][0].get("fail_error").is_none());
    assert!(reply()["result_list"][0]["fail_error"].is_string());
}

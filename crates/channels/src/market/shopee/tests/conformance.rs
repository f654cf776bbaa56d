//! Shopee under the checks that hold for every channel.

use std::collections::BTreeMap;
use std::sync::Arc;

use connect::conformance::{
    Capability, CatalogueCall, CatalogueSamples, Harness, HookSample, Samples, Step, text,
};
use connect::{Account, Channel, HookEvent, HookRejection, HookSubject, ListingKey, Outbound, Window};
use domain::{Currency, Money};
use http::HeaderMap;
use serde_json::{Value, json};
use vault::hmac::HmacKey;

use super::super::Shopee;
use super::catalogue;
use super::{
    ITEM, ITEM_LIST, ITEM_WITH_MODELS, KEY, LOST_PUSHES, MODELS, NEW_TOKEN, ORDER, ORDER_CLOCKS, ORDER_LIST,
    ORDER_NUMBER, PACKAGE_NUMBER, PACKAGES, PUSH, REFRESHED, SHOP, SHOP_INFO, TOKEN, TOKENS, app, at, config,
    fault, item_at, item_with, listed_at, models_at, order_at, order_with, package_at, second, shop,
    shop_with, with,
};

connect::channel_conformance!(Kit);

pub(in crate::market) struct Kit;

/// A push with a good signature.
fn push(changes: &[(&str, Value)], reading: Result<Vec<HookEvent>, HookRejection>) -> HookSample {
    let body = with(PUSH, changes).into_bytes();
    let signed = [super::HOOK_URL.as_bytes(), b"|", &body].concat();
    let mut headers = HeaderMap::new();
    let sign = HmacKey::new(KEY.as_bytes()).sign_hex(&signed);
    headers.insert(http::header::AUTHORIZATION, sign.parse().expect("a header's value"));
    HookSample { url: super::HOOK_URL.into(), headers, body, reading }
}

fn event(topic: &str, subject: HookSubject) -> HookEvent {
    HookEvent {
        account_external_id: SHOP.into(),
        subject,
        topic: topic.into(),
        sent_at: Some(second(1_794_313_606)),
    }
}

fn order(order: &str) -> Vec<Step> {
    vec![Step::get(&order_at()).answer(200, order), Step::get(&package_at()).answer(200, PACKAGES)]
}

fn read(item: &str) -> Step {
    Step::get(&item_at("930002")).answer(200, item)
}

fn listings() -> Vec<Step> {
    let both =
        |json: &str| serde_json::from_str::<Value>(json).expect("JSON")["response"]["item_list"][0].clone();
    let items = with(ITEM, &[("/response/item_list", json!([both(ITEM_WITH_MODELS), both(ITEM)]))]);
    let states = "&offset=0&page_size=20&item_status=NORMAL&item_status=UNLIST&item_status=BANNED&item_status=REVIEWING";
    vec![
        Step::get(&shop("product/get_item_list", states)).answer(200, ITEM_LIST),
        Step::get(&item_at("930002%2C930001")).answer(200, &items),
        Step::get(&models_at("930001")).answer(200, MODELS),
    ]
}

fn updated() -> Vec<Step> {
    let query = "&time_range_field=update_time&time_from=1794313200&time_to=1794315900&page_size=50&cursor=\
                 &request_order_status_pending=true";
    vec![
        Step::get(&shop("order/get_order_list", query)).answer(200, ORDER_LIST),
        Step::get(&listed_at("260921ABCDEF01%2C260921ABCDEF02")).answer(200, ORDER_CLOCKS),
    ]
}

fn quantity(shown: i64) -> Vec<Step> {
    let body = r#"{"item_id":930002,"stock_list":[{"model_id":0,"seller_stock":[{"stock":3}]}]}"#;
    let success = json!({ "error": "", "message": "", "request_id": "u1",
        "response": { "success_list": [{ "model_id": 0, "stock": 3 }], "failure_list": [] } });
    vec![
        read(ITEM),
        Step::post(&shop("product/update_stock", "")).with_body(body).answer(200, &success.to_string()),
        read(&item_with(&[("/stock_info_v2/seller_stock/0/stock", json!(shown))])),
    ]
}

fn price(shown: &Value) -> Vec<Step> {
    let body = r#"{"item_id":930002,"price_list":[{"original_price":59.90}]}"#;
    let success = json!({ "error": "", "message": "", "request_id": "u2",
        "response": { "success_list": [{ "original_price": 59.9 }], "failure_list": [] } });
    vec![
        read(ITEM),
        Step::post(&shop("product/update_price", "")).with_body(body).answer(200, &success.to_string()),
        read(&item_with(&[("/price_info/0/original_price", shown.clone())])),
    ]
}

impl Harness for Kit {
    fn channel(&self, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
        Arc::new(Shopee::new(config(), outbound))
    }

    fn account(&self) -> Account {
        super::account()
    }

    fn samples(&self) -> Samples {
        Samples {
            code: text("436f64652d30303031"),
            callback: BTreeMap::from([("shop_id".to_owned(), SHOP.to_owned())]),
            verifier: text("veri-fier"),
            redirect_uri: "https://hub.example/callback".into(),
            refresh_token: text("6f6c6472656672657368"),
            order_id: ORDER_NUMBER.into(),
            shipment_id: PACKAGE_NUMBER.into(),
            window: Window { from: at("2026-11-10T12:20:00Z"), to: at("2026-11-10T13:05:00Z") },
            key: ListingKey { external_id: "930002".into(), variation_external_id: None },
            quantity_units: 3,
            price: Money::new(5_990, Currency::Brl),
        }
    }

    fn authorize_url(&self) -> String {
        "https://auth.example.com/auth?partner_id=2099001&auth_type=seller\
         &redirect_uri=https%3A%2F%2Fhub.example%2Fcallback&response_type=code&state=st%2Fate"
            .into()
    }

    fn secrets(&self, capability: Capability) -> Vec<String> {
        let secrets: &[&str] = if capability == Capability::Exchange {
            &["436f64652d30303031"]
        } else if capability == Capability::Refresh {
            &["6f6c6472656672657368"]
        } else if matches!(capability, Capability::MissedHooks | Capability::Catalogue(CatalogueCall::Upload))
        {
            &[]
        } else {
            &[TOKEN]
        };
        secrets.iter().map(|&secret| secret.to_owned()).collect()
    }

    fn script(&self, capability: Capability) -> Option<Vec<Step>> {
        let end = || Step::get(&shop_with(NEW_TOKEN, "shop/get_shop_info", "")).answer(200, SHOP_INFO);
        Some(match capability {
            Capability::Exchange => {
                let body = r#"{"code":"436f64652d30303031","partner_id":2099001,"shop_id":880012345}"#;
                vec![Step::post(&app("auth/token/get")).with_body(body).answer(200, TOKENS), end()]
            }
            Capability::Refresh => {
                let body =
                    r#"{"partner_id":2099001,"refresh_token":"6f6c6472656672657368","shop_id":880012345}"#;
                vec![Step::post(&app("auth/access_token/get")).with_body(body).answer(200, REFRESHED), end()]
            }
            Capability::Identify => {
                vec![Step::get(&shop("shop/get_shop_info", "")).answer(200, SHOP_INFO)]
            }
            Capability::Revoke => return None,
            Capability::FetchOrder => order(ORDER),
            Capability::OrdersOfShipment => vec![Step::get(&package_at()).answer(200, PACKAGES)],
            Capability::UpdatedOrders => updated(),
            Capability::PageOfListings => listings(),
            Capability::FetchListing => vec![read(ITEM)],
            Capability::WriteStock => quantity(3),
            Capability::WritePrice => price(&json!(59.9)),
            Capability::MissedHooks => {
                vec![Step::get(&app("push/get_lost_push_message")).answer(200, LOST_PUSHES)]
            }
            Capability::OrderMoney => super::finance::asked(super::ESCROW_WHOLE),
            Capability::SettledOrders => {
                vec![super::finance::listed(1_794_313_200, 1).answer(200, super::ESCROW_LIST)]
            }
            Capability::BuyerOfOrder => vec![super::buyers::asked(super::ORDER_BUYER)],
            Capability::Catalogue(call) => return catalogue::script(call),
        })
    }

    fn needed_step(&self, capability: Capability) -> Option<usize> {
        (capability != Capability::Revoke).then_some(0)
    }

    fn token_refused(&self) -> (u16, String) {
        (403, fault("invalid_acceess_token", "Invalid access_token, please have a check."))
    }

    fn consent_ended(&self) -> (u16, String) {
        (403, fault("error_auth", "Invalid refresh_token."))
    }

    fn permission_missing(&self) -> (u16, String) {
        (403, fault("error_api_permission", "This app type has no permission to this API."))
    }

    fn not_found(&self) -> (u16, String) {
        (200, fault("error_not_found", "Wrong parameters, detail: the order is not found."))
    }

    fn order_with_status(&self, status: &str) -> Vec<Step> {
        order(&order_with(&[("/order_status", json!(status))]))
    }

    fn order_with_total(&self, digits: &str, currency: Currency) -> Vec<Step> {
        // The total is the sum of the lines: there is one, and it has one unit.
        let one = order_with(&[
            ("/item_list/0/model_quantity_purchased", json!(1)),
            ("/item_list/0/model_discounted_price", json!("the digits")),
            ("/currency", json!(currency.code())),
        ]);
        order(&one.replace("\"the digits\"", digits))
    }

    fn write_ignored(&self) -> Vec<Step> {
        quantity(7)
    }

    fn price_ignored(&self) -> Option<Vec<Step>> {
        Some(price(&json!(49.9)))
    }

    fn listing_with_status(&self, status: &str) -> Vec<Step> {
        vec![read(&item_with(&[("/item_status", json!(status))]))]
    }

    fn hook(&self) -> HookSample {
        push(&[], Ok(vec![event("order_status_push", HookSubject::Order(ORDER_NUMBER.into()))]))
    }

    fn unknown_topic(&self) -> HookSample {
        push(&[("/code", json!(4_711))], Ok(vec![event("push_4711", HookSubject::NotForUs)]))
    }

    fn refused_hooks(&self) -> Vec<HookSample> {
        let mut unsigned = push(&[], Err(HookRejection::BadSignature));
        unsigned.headers.clear();
        let mut changed = push(&[], Err(HookRejection::BadSignature));
        changed.body.push(b' ');
        let mut elsewhere = push(&[], Err(HookRejection::BadSignature));
        elsewhere.url.push('/');
        let foreign = push(&[("/partner_id", json!(1))], Err(HookRejection::ForeignApp));
        vec![unsigned, changed, elsewhere, foreign]
    }

    fn catalogue(&self) -> Option<CatalogueSamples> {
        Some(catalogue::samples())
    }
}

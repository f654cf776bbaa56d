//! TikTok Shop under the checks that hold for every channel.

use std::collections::BTreeMap;
use std::sync::Arc;

use connect::conformance::{Capability, CatalogueSamples, Harness, HookSample, Samples, Step, text};
use connect::{Account, Channel, HookEvent, HookRejection, HookSubject, ListingKey, Outbound, Window};
use domain::{Currency, Money};
use serde_json::json;

use super::super::TikTokShop;
use super::catalogue;
use super::hook::{HOOK_URL, headers, signed_by};
use super::{
    APP_KEY, NOTIFICATION, ORDER, ORDER_ID, ORDERS_SEARCH, PACKAGE, PACKAGE_ID, PRODUCT, PRODUCT_ID,
    PRODUCTS_SEARCH, SECRET, SHOP, SKU_ID, TOKEN, TOKENS, WAREHOUSE, at, config, fault, get_order,
    get_package, get_product, get_shops, post, with,
};

connect::channel_conformance!(Kit);

pub(in crate::market) struct Kit;

const TOKEN_CALL: &str = "app_key=6lojista01&grant_type";

fn hook(body: &str, key: &str, reading: Result<Vec<HookEvent>, HookRejection>) -> HookSample {
    let headers = headers(&signed_by(key, SECRET, body.as_bytes()));
    HookSample { url: HOOK_URL.into(), headers, body: body.as_bytes().to_vec(), reading }
}

fn event(topic: &str, subject: HookSubject) -> HookEvent {
    HookEvent {
        account_external_id: SHOP.into(),
        subject,
        topic: topic.into(),
        sent_at: Some(at("2026-01-01T00:00:01Z")),
    }
}

fn order(order: &str) -> Vec<Step> {
    vec![get_order().answer(200, order), get_package().answer(200, PACKAGE)]
}

fn quantity(written: i64, shown: i64) -> Vec<Step> {
    let inventory = json!([{ "warehouse_id": WAREHOUSE, "quantity": written }]);
    let body = json!({ "skus": [{ "id": SKU_ID, "inventory": inventory }] }).to_string();
    let path = format!("/product/202309/products/{PRODUCT_ID}/inventory/update");
    vec![
        get_product().answer(200, PRODUCT),
        post(&path, &[], &body).answer(200, r#"{"code":0,"message":"Success","data":{}}"#),
        get_product().answer(200, &with(PRODUCT, &[("/data/skus/0/inventory/0/quantity", json!(shown))])),
    ]
}

fn price(shown: &str) -> Vec<Step> {
    let amount = json!({ "amount": "59.90", "currency": "BRL" });
    let body = json!({ "skus": [{ "id": SKU_ID, "price": amount }] }).to_string();
    let path = format!("/product/202309/products/{PRODUCT_ID}/prices/update");
    let changes = [
        ("/data/skus/0/price/sale_price", json!(shown)),
        ("/data/skus/0/price/tax_exclusive_price", json!(shown)),
    ];
    vec![
        get_product().answer(200, PRODUCT),
        post(&path, &[], &body).answer(200, r#"{"code":0,"message":"Success","data":{}}"#),
        get_product().answer(200, &with(PRODUCT, &changes)),
    ]
}

impl Harness for Kit {
    fn channel(&self, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
        Arc::new(TikTokShop::new(config(), outbound))
    }

    fn account(&self) -> Account {
        super::account()
    }

    fn samples(&self) -> Samples {
        Samples {
            code: text("ROW_code"),
            callback: BTreeMap::from([("shop_region".into(), "BR".into())]),
            verifier: text("veri-fier"),
            redirect_uri: "https://hub.example/callback".into(),
            refresh_token: text("ROW_old"),
            order_id: ORDER_ID.into(),
            shipment_id: PACKAGE_ID.into(),
            window: Window { from: at("2026-11-10T12:20:00Z"), to: at("2026-11-10T13:05:00Z") },
            key: ListingKey { external_id: PRODUCT_ID.into(), variation_external_id: Some(SKU_ID.into()) },
            quantity_units: 3,
            price: Money::new(5_990, Currency::Brl),
        }
    }

    fn authorize_url(&self) -> String {
        "https://services.example.com/open/authorize?service_id=7440000000000000009&state=st%2Fate".into()
    }

    fn secrets(&self, capability: Capability) -> Vec<String> {
        let secrets: &[&str] = if capability == Capability::Exchange {
            &["ROW_code", SECRET]
        } else if capability == Capability::Refresh {
            &["ROW_old", SECRET]
        } else {
            &[TOKEN]
        };
        secrets.iter().map(|&secret| secret.to_owned()).collect()
    }

    fn script(&self, capability: Capability) -> Option<Vec<Step>> {
        Some(match capability {
            Capability::Exchange => {
                let target = format!(
                    "/api/v2/token/get?{TOKEN_CALL}=authorized_code&app_secret={SECRET}&auth_code=ROW_code"
                );
                vec![Step::get(&target).answer(200, TOKENS), get_shops("ROW_aaaa-Invented")]
            }
            Capability::Refresh => {
                let target = format!(
                    "/api/v2/token/refresh?{TOKEN_CALL}=refresh_token&app_secret={SECRET}&refresh_token=ROW_old"
                );
                vec![Step::get(&target).answer(200, TOKENS), get_shops("ROW_aaaa-Invented")]
            }
            Capability::Identify => vec![get_shops(TOKEN)],
            Capability::Revoke | Capability::MissedHooks => return None,
            Capability::FetchOrder => order(ORDER),
            Capability::OrdersOfShipment => vec![get_package().answer(200, PACKAGE)],
            Capability::UpdatedOrders => {
                let query = [("page_size", "100"), ("sort_field", "update_time"), ("sort_order", "ASC")];
                let body = r#"{"update_time_ge":1794313200,"update_time_lt":1794315901}"#;
                vec![post("/order/202309/orders/search", &query, body).answer(200, ORDERS_SEARCH)]
            }
            Capability::PageOfListings => {
                let path = "/product/202502/products/search";
                let body = r#"{"status":"ALL"}"#;
                vec![post(path, &[("page_size", "100")], body).answer(200, PRODUCTS_SEARCH)]
            }
            Capability::FetchListing => vec![get_product().answer(200, PRODUCT)],
            Capability::WriteStock => quantity(3, 3),
            Capability::WritePrice => price("59.90"),
            Capability::OrderMoney => vec![super::finance::of_order().answer(200, super::ORDER_MONEY)],
            Capability::SettledOrders => super::finance::listed(),
            Capability::BuyerOfOrder => vec![super::buyers::asked(&super::buyers::shown())],
            Capability::Catalogue(call) => return catalogue::script(call),
        })
    }

    fn needed_step(&self, capability: Capability) -> Option<usize> {
        match capability {
            Capability::Revoke | Capability::MissedHooks => None,
            Capability::WriteStock | Capability::WritePrice => Some(1),
            Capability::Exchange
            | Capability::Refresh
            | Capability::Identify
            | Capability::FetchOrder
            | Capability::OrdersOfShipment
            | Capability::UpdatedOrders
            | Capability::PageOfListings
            | Capability::FetchListing
            | Capability::OrderMoney
            | Capability::SettledOrders
            | Capability::BuyerOfOrder => Some(0),
            Capability::Catalogue(call) => catalogue::needed(call),
        }
    }

    fn token_refused(&self) -> (u16, String) {
        (401, fault(105_002, "Expired credentials."))
    }

    fn consent_ended(&self) -> (u16, String) {
        (200, fault(36_004_001, "refresh token expired"))
    }

    fn permission_missing(&self) -> (u16, String) {
        (403, fault(105_005, "Access denied. The scope is not granted."))
    }

    fn not_found(&self) -> (u16, String) {
        (200, fault(21_008_111, "The order or package does not belong to the current seller."))
    }

    fn order_with_status(&self, status: &str) -> Vec<Step> {
        order(&with(ORDER, &[("/data/orders/0/status", json!(status))]))
    }

    fn order_with_total(&self, digits: &str, currency: Currency) -> Vec<Step> {
        let total = format!(r#""sub_total":"{digits}""#);
        let currency = format!(r#""currency":"{}""#, currency.code());
        order(&ORDER.replace(r#""sub_total":"171.80""#, &total).replace(r#""currency":"BRL""#, &currency))
    }

    fn write_ignored(&self) -> Vec<Step> {
        quantity(3, 7)
    }

    fn price_ignored(&self) -> Option<Vec<Step>> {
        Some(price("79.90"))
    }

    fn listing_with_status(&self, status: &str) -> Vec<Step> {
        vec![get_product().answer(200, &with(PRODUCT, &[("/data/status", json!(status))]))]
    }

    fn hook(&self) -> HookSample {
        let expected = event("ORDER_STATUS_CHANGE", HookSubject::Order(ORDER_ID.into()));
        hook(NOTIFICATION, APP_KEY, Ok(vec![expected]))
    }

    fn unknown_topic(&self) -> HookSample {
        let body = with(NOTIFICATION, &[("/type", json!(999))]);
        hook(&body, APP_KEY, Ok(vec![event("999", HookSubject::NotForUs)]))
    }

    fn refused_hooks(&self) -> Vec<HookSample> {
        let foreign = hook(NOTIFICATION, "6another02", Err(HookRejection::BadSignature));
        let unsigned = HookSample { headers: http::HeaderMap::new(), ..foreign.clone() };
        let changed = HookSample {
            body: with(NOTIFICATION, &[("/data/order_id", json!("580000000000000002"))]).into_bytes(),
            ..hook(NOTIFICATION, APP_KEY, Err(HookRejection::BadSignature))
        };
        vec![foreign, unsigned, changed]
    }

    fn catalogue(&self) -> Option<CatalogueSamples> {
        Some(catalogue::samples())
    }
}

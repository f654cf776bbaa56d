use std::time::Duration;

use http::Method;
use sandbox::shopee::World;
use sandbox::{Fault, FaultRule, Sandbox, SandboxConfig, ShopeeConfig, ShopeeSandbox, Traffic};
use serde_json::json;

use crate::kit::{COMPANY, PERSON, good, hours, market, market_with};

#[test]
fn the_same_seed_and_the_same_calls_give_the_same_world() {
    let run = |seed: u64| {
        let market = market_with(|config| {
            config.seed = seed;
            config.traffic = Some(Traffic { orders_per_minute: 30, seed: 5 });
        });
        for _ in 0..20 {
            let _ = market.pass(Duration::from_mins(1));
        }
        market.simple_order();
        market.sandbox.with_world(|world| serde_json::to_string(world).unwrap())
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn a_dump_is_the_whole_state() {
    let market = market();
    market.simple_order();
    let dump = market.control(Method::GET, "/_sandbox/state", &json!({}));
    let sn = market.simple_order();
    let later = market.sandbox.snapshot();
    market.control(Method::PUT, "/_sandbox/state", &dump);
    assert_ne!(market.sandbox.snapshot(), later);
    // Taken up again it sells the same.
    assert_eq!(market.simple_order(), sn);
    let read: World = serde_json::from_value(dump.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), dump);
}

#[test]
fn the_robot_brings_orders_of_every_kind() {
    let market = market_with(|config| config.traffic = Some(Traffic { orders_per_minute: 60, seed: 2 }));
    let _ = market.pass(hours(1));
    let orders = market.sandbox.snapshot().orders;
    assert!(orders.len() > 20, "{}", orders.len());
    assert!(orders.iter().any(|order| order.paid) && orders.iter().any(|order| !order.paid));
    market.control(Method::PUT, "/_sandbox/traffic", &serde_json::Value::Null);
    let _ = market.pass(hours(1));
    assert_eq!(market.sandbox.snapshot().orders.len(), orders.len());
}

#[test]
fn nothing_is_sold_that_was_not_on_the_shelf() {
    let market = market_with(|config| config.traffic = Some(Traffic { orders_per_minute: 600, seed: 9 }));
    let _ = market.pass(hours(2));
    let shelf = market.sandbox.snapshot().shelf;
    assert!(shelf.iter().all(|entry| entry.stock >= 0));
    assert!(shelf.iter().filter(|entry| entry.stock == 0).count() > 3);
}

#[test]
fn a_stale_read_shows_the_world_as_it_was() {
    let market = market();
    market.sandbox.set_faults(vec![FaultRule::new("/api/v2/order", Fault::StaleRead { seconds: 30 })]);
    let _ = market.pass(Duration::from_secs(5));
    let sn = market.simple_order();
    let ask = || {
        market.get_of(PERSON, "/api/v2/order/get_order_detail", &[("order_sn_list", &sn)]).document()["error"]
            .clone()
    };
    assert_eq!(ask(), "error_not_found");
    // Nothing happened meanwhile: what was there half a minute ago is shown all the same.
    let _ = market.pass(Duration::from_secs(31));
    assert_eq!(ask(), "");
}

#[test]
fn markets_that_share_a_clock_share_its_leaps_and_their_manifests() {
    let market = market();
    let first = Sandbox::new(SandboxConfig::new(market.clock.clone()));
    let second = ShopeeSandbox::beside(ShopeeConfig::default(), first.clock());
    let neighbour = second.clone();
    first.show_neighbour("shopee", move || serde_json::to_value(neighbour.manifest()).unwrap());
    let body = bytes::Bytes::from_static(b"{\"advance_seconds\":3600}");
    let _ = first.answer(http::Request::post("/_sandbox/time").body(body).unwrap());
    assert_eq!(second.now(), first.now());
    assert_eq!(first.manifest_document()["shopee"]["partner_id"], second.manifest().partner_id);
}

#[test]
fn wrong_control_calls_say_what_is_wrong() {
    let market = market();
    let status =
        |method: Method, path: &str, body: &str| market.ask(method, path, body.to_owned()).status.as_u16();
    assert_eq!(status(Method::POST, "/_sandbox/time", "{\"advance_seconds\":-1}"), 400);
    assert_eq!(status(Method::POST, "/_sandbox/sales", "{"), 400);
    assert_eq!(status(Method::POST, "/_sandbox/orders/X/pay", ""), 404);
    assert_eq!(status(Method::POST, "/_sandbox/packages/X/pickup", ""), 404);
    assert_eq!(status(Method::POST, "/_sandbox/tokens/revoke", "{}"), 400);
    assert_eq!(status(Method::PUT, "/_sandbox/shops/1", "{}"), 404);
    assert_eq!(status(Method::PUT, "/_sandbox/rules", "{\"gateway_status\":\"x\"}"), 400);
    assert_eq!(status(Method::PUT, "/_sandbox/hooks", "{\"url\":\"ftp://x\"}"), 400);
    let sn = market.simple_order();
    assert_eq!(status(Method::POST, &format!("/_sandbox/orders/{sn}/dance"), ""), 404);
}

#[test]
fn a_shop_shows_its_papers_by_how_it_is_registered() {
    let market = market();
    let papers = |shop: usize| good(&market.get_of(shop, "/api/v2/shop/get_br_shop_onboarding_info", &[]));
    let (company, person) = (papers(COMPANY), papers(PERSON));
    assert_eq!(
        (company["tax_id_type"].as_str(), person["tax_id_type"].as_str()),
        (Some("CNPJ"), Some("CPF"))
    );
    assert_eq!((&company["cnpj_id"], &person["cpf_id"]), (&company["tax_id"], &person["tax_id"]));
    assert!(company.get("cpf_id").is_none() && company["onboarding_passed"] == true, "{company}");
}

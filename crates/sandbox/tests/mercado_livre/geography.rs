//! Currencies and places (fact sheet §4).

use http::{Method, StatusCode};

use crate::kit::shop;

#[test]
fn a_currency_converts_there_and_back() {
    let shop = shop();
    let ratio = |from: &str, to: &str| {
        shop.get(&format!("/currency_conversions/search?from={from}&to={to}"))["ratio"].as_f64().unwrap()
    };
    assert!((ratio("BRL", "BRL") - 1.0).abs() < f64::EPSILON);
    assert!((ratio("ARS", "BRL") * ratio("BRL", "ARS") - 1.0).abs() < 1e-9);
    assert!(ratio("USD", "BRL") > 1.0);
}

#[test]
fn a_conversion_names_two_known_currencies() {
    let shop = shop();
    for (query, status) in [("from=BRL", StatusCode::BAD_REQUEST), ("from=BRL&to=XXX", StatusCode::NOT_FOUND)]
    {
        let reply = shop.seller(Method::GET, &format!("/currency_conversions/search?{query}")).send();
        assert_eq!(reply.status, status, "{query}");
    }
}

#[test]
fn a_zip_code_tells_its_state() {
    let shop = shop();
    for (zip, state) in [("01226010", "BR-SP"), ("90020-002", "BR-RS"), ("60165121", "BR-CE")] {
        assert_eq!(shop.get(&format!("/countries/BR/zip_codes/{zip}"))["state"]["id"], state);
    }
    for unknown in [
        "/countries/BR/zip_codes/123",
        "/countries/BR/zip_codes/00000000",
        "/countries/AR/zip_codes/01226010",
    ] {
        assert_eq!(shop.seller(Method::GET, unknown).send().status, StatusCode::NOT_FOUND, "{unknown}");
    }
}

#[test]
fn places_lead_from_country_to_state() {
    let shop = shop();
    assert_eq!(shop.get("/classified_locations/countries")[0]["id"], "BR");
    let country = shop.get("/classified_locations/countries/BR");
    let state = country["states"][0]["id"].as_str().unwrap();
    assert_eq!(shop.get(&format!("/classified_locations/states/{state}"))["country"]["id"], "BR");
    assert_eq!(
        shop.seller(Method::GET, "/classified_locations/states/BR-XX").send().status,
        StatusCode::NOT_FOUND
    );
}

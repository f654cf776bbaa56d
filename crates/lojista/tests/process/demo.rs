use std::path::Path;

use crate::kit::{Running, complained, count, database, get, lojista, run};

fn demo(home: &Path) -> Running {
    let folder = home.join("shop");
    let data = folder.to_str().unwrap();
    let args = ["demo", "--data", data, "--listen", "127.0.0.1:0", "--orders-per-minute", "240", "--json"];
    Running::start(&mut lojista(home, &args))
}

#[test]
fn orders_arrive_by_themselves_and_a_second_start_goes_on() {
    const ORDERS: &str = "SELECT count(*) FROM orders";
    const CHANNELS: &str = "SELECT count(DISTINCT channel) FROM orders";
    const ACTIVE: &str = "SELECT count(*) FROM connection WHERE state = 'active'";
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("shop");

    let first = demo(home.path());
    let ready = first.json();
    let text = |name: &str| ready[name].as_str().unwrap().to_owned();
    assert_eq!(ready.as_object().unwrap().len(), 5);
    let storefronts = ready["storefronts"].as_array().unwrap();
    assert_eq!(storefronts.len(), 3);
    for storefront in storefronts {
        let (status, page) = get(storefront.as_str().unwrap());
        assert!(status == 200 && page.contains("Comprar"), "{page}");
    }
    assert_eq!(get(&format!("{}/sign-in", text("url"))).0, 200);
    assert!(text("email").contains('@') && text("password").len() >= 20);
    let manifest = std::fs::read_to_string(text("sandbox_manifest")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    for sellers in [&manifest["sellers"], &manifest["shopee"]["shops"], &manifest["tiktok_shop"]["shops"]] {
        assert_eq!(sellers.as_array().unwrap().len(), 2);
    }

    let db = database(&folder);
    first.until("orders of three marketplaces", || (count(&db, CHANNELS) == 3).then_some(()));
    let before = count(&db, ORDERS);
    assert_eq!(count(&db, ACTIVE), 6);
    assert_eq!(first.end(), Vec::<String>::new(), "exactly one line is said");

    let second = demo(home.path());
    let again = second.json();
    assert_eq!((&again["email"], &again["password"]), (&ready["email"], &ready["password"]));
    let kept = count(&db, ORDERS);
    assert!(kept >= before, "no order is lost: {kept} of {before}");
    second.until("more orders", || (count(&db, ORDERS) > kept + 2).then_some(()));
    assert_eq!(count(&db, ACTIVE), 6);
    second.end();

    let link = run(home.path(), &["user", "link", "--data", folder.to_str().unwrap()]);
    assert_eq!(link.status.code(), Some(1));
    assert!(complained(&link).contains("there is an organization already"));
}

#[test]
fn two_demos_run_side_by_side_and_one_folder_serves_one() {
    let home = tempfile::tempdir().unwrap();
    let one = demo(home.path());
    one.json();
    let folder = home.path().join("shop");
    let refused = run(home.path(), &["demo", "--data", folder.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        complained(&refused).contains("another lojista runs on the data folder"),
        "{}",
        complained(&refused)
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let other = demo(elsewhere.path());
    other.json();
    other.end();
    one.end();
}

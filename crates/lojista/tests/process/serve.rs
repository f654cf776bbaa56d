use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::kit::{Running, count, database, get, lojista, run, said};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_first_start_makes_the_house_and_gives_the_owner_a_link() {
    let home = tempfile::tempdir().unwrap();
    let shop = Running::start(&mut lojista(home.path(), &["serve", "--listen", "127.0.0.1:0", "--json"]));
    let ready = shop.json();
    let (url, link) = (ready["url"].as_str().unwrap(), ready["setup_link"].as_str().unwrap());
    let folder = home.path().join(".local/share/lojista");
    assert_eq!((mode(&folder), mode(&folder.join("keys"))), (0o700, 0o400));
    assert!(link.starts_with(&format!("{url}/setup/")));
    assert_eq!(get(link).0, 200);
    assert_eq!(get(&format!("{url}/health")).0, 200);
    assert_eq!(get(&format!("{url}/setup/wrong")).0, 410);
    shop.end();
}

#[test]
fn a_new_link_replaces_a_lost_one_while_there_is_no_owner() {
    let home = tempfile::tempdir().unwrap();
    let link = run(home.path(), &["user", "link", "--public-url", "https://hub.example"]);
    assert!(link.status.success());
    assert!(said(&link).starts_with("https://hub.example/setup/"));
}

#[test]
fn the_doctor_starts_no_shop_on_an_empty_database() {
    let home = tempfile::tempdir().unwrap();
    assert!(run(home.path(), &["migrate", "--data", "shop"]).status.success());
    assert!(run(home.path(), &["doctor", "--data", "shop"]).status.success());
    let db = database(&home.path().join("shop"));
    assert_eq!(count(&db, "SELECT count(*) FROM setting"), 0);
}

#[test]
fn the_doctor_fails_with_what_does_not_work_and_with_two_where_the_configuration_does_not() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("shop")).unwrap();
    std::fs::write(home.path().join("shop/keys"), "not ours").unwrap();
    let sick = run(home.path(), &["doctor", "--data", "shop"]);
    assert_eq!(sick.status.code(), Some(1));
    assert!(said(&sick).contains("others may read or change the key file"), "{}", said(&sick));
    let confused = lojista(home.path(), &["doctor"]).env("LOJISTA_LISTEN", "8080").output().unwrap();
    assert_eq!(confused.status.code(), Some(2));
    assert!(said(&confused).contains("LOJISTA_LISTEN is not right"), "{}", said(&confused));
}

#[test]
fn the_doctor_warns_before_the_first_start_and_is_content_after_it() {
    let home = tempfile::tempdir().unwrap();
    let look = || {
        let output = run(home.path(), &["doctor", "--json"]);
        let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let state = |check: &str| {
            let all = findings["findings"].as_array().unwrap();
            let found = all.iter().find(|finding| finding["check"] == check);
            found.map(|finding| finding["state"].as_str().unwrap().to_owned())
        };
        (output.status.success(), ["data folder", "key file", "database", "audit log"].map(state))
    };
    let warn = Some("warn".to_owned());
    assert_eq!(look(), (true, [warn.clone(), warn.clone(), warn, None]));
    assert!(!home.path().join(".local").exists(), "the doctor makes nothing");

    let shop = Running::start(&mut lojista(home.path(), &["serve", "--listen", "127.0.0.1:0", "--json"]));
    shop.line();
    shop.end();
    let ok = Some("ok".to_owned());
    assert_eq!(look(), (true, [ok.clone(), ok.clone(), ok.clone(), ok]));
}

use crate::kit::{Running, get, lojista};

#[test]
fn the_sandbox_writes_its_manifest_and_answers_with_its_tokens() {
    let home = tempfile::tempdir().unwrap();
    let args = ["sandbox", "--base-port", "0", "--manifest", "manifest.json", "--seed", "7", "--json"];
    let sandbox = Running::start(&mut lojista(home.path(), &args));
    let said = sandbox.json();
    let written = std::fs::read_to_string(home.path().join("manifest.json")).unwrap();
    assert_eq!(said, serde_json::from_str::<serde_json::Value>(&written).unwrap());
    assert!(said["sellers"][0]["access_token"].as_str().unwrap().starts_with("APP_USR-"));
    assert_eq!(said["shopee"]["shops"][0]["shop_name"], "Casa do Treco 3D");
    let (status, body) = get(&format!("{}/manifest", said["shopee"]["control_url"].as_str().unwrap()));
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap(), said["shopee"]);
    assert_eq!(said["tiktok_shop"]["shops"][0]["name"], "Casa do Treco 3D");
    let (status, body) = get(&format!("{}/manifest", said["tiktok_shop"]["control_url"].as_str().unwrap()));
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap(), said["tiktok_shop"]);
    let control = said["control_url"].as_str().unwrap();
    let (status, body) = get(&format!("{control}/manifest"));
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap(), said);
    sandbox.end();
}

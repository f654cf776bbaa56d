//! Keys as an operator meets them: turned beside a running shop, and every way in which the
//! key file can be the wrong one.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use crate::kit::{Running, complained, count, database, lojista, run, said, wait};

fn shop(home: &Path) {
    let args = ["demo", "--data", "shop", "--listen", "127.0.0.1:0", "--orders-per-minute", "0", "--json"];
    let demo = Running::start(&mut lojista(home, &args));
    demo.line();
    demo.end();
}

fn status(home: &Path) -> serde_json::Value {
    let shown = run(home, &["keys", "status", "--data", "shop", "--json"]);
    assert!(shown.status.success(), "{}", complained(&shown));
    serde_json::from_str(&said(&shown)).expect("a line of JSON")
}

fn states(status: &serde_json::Value) -> BTreeMap<String, String> {
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let keys = status["keys"].as_array().expect("keys");
    keys.iter().map(|key| (word(&key["id"]), word(&key["state"]))).collect()
}

/// Everything that a shop keeps: each row's bytes, table by table, and every other file.
/// (The database's own files change by being opened: what waits in its log is merged.)
fn everything(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut found: BTreeMap<String, Vec<u8>> = entries
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(&path).unwrap_or_default())
        })
        .filter(|(name, _)| !name.starts_with("lojista.sqlite"))
        .collect();
    let rows = wait(database(folder).read(|tx| {
        let mut rows = BTreeMap::new();
        for table in store::backup::tables(tx)? {
            let bytes: &mut Vec<u8> = rows.entry(table.name.clone()).or_default();
            store::backup::dump(tx, &table, None, |chunk| {
                bytes.extend(chunk.bytes);
                Ok::<_, store::StoreError>(())
            })?;
        }
        Ok(rows)
    }));
    found.extend(rows.expect("the rows"));
    found
}

fn put(path: &Path, content: &[u8], mode: u32) {
    let _ = fs::remove_file(path);
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}{}", said(output), complained(output));
    complained(output).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn keys_are_turned_beside_a_running_shop_and_given_up() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    shop(home);
    let before = states(&status(home));
    let old = before.keys().next().expect("a key").clone();
    let serve = ["serve", "--data", "shop", "--listen", "127.0.0.1:0", "--json"];
    let running = Running::start(lojista(home, &serve).env("LOJISTA_LOG", "error"));
    running.line();

    let turned = run(home, &["keys", "rotate", "--data", "shop", "--json"]);
    assert!(turned.status.success(), "{}", complained(&turned));
    let turned: serde_json::Value = serde_json::from_str(&said(&turned)).expect("a line of JSON");
    assert_eq!(turned["rotation"]["state"], "done", "{turned}");
    let now = states(&turned);
    assert_eq!(now[&old], "former");
    assert_eq!(now.values().filter(|state| *state == "primary").count(), 1);
    assert_eq!(fs::metadata(home.join("shop/keys")).unwrap().permissions().mode() & 0o777, 0o400);
    let shown = run(home, &["keys", "status", "--data", "shop"]);
    assert!(said(&shown).contains("lojista keys retire"), "{}", said(&shown));

    let retired = run(home, &["keys", "retire", "--data", "shop"]);
    assert!(said(&retired).contains(&old), "{}{}", said(&retired), complained(&retired));
    assert!(!fs::read_to_string(home.join("shop/keys")).unwrap().contains(&old));
    assert_eq!(states(&status(home))[&old], "retired");
    running.end();
    let again = Running::start(&mut lojista(home, &serve));
    again.line();
    again.end();
    let again = run(home, &["keys", "retire", "--data", "shop"]);
    assert!(said(&again).contains("nothing to give up"), "{}", said(&again));
}

#[test]
fn with_a_key_file_that_is_lost_or_wrong_nothing_is_touched_and_the_mend_is_said() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    shop(home);
    let keys = home.join("shop/keys");
    let older = fs::read(&keys).unwrap();
    let turned = run(home, &["keys", "rotate", "--data", "shop"]);
    assert!(turned.status.success(), "{}", complained(&turned));
    let right = fs::read(&keys).unwrap();
    let other = run(home, &["user", "link", "--data", "other"]);
    assert!(other.status.success(), "{}", complained(&other));
    let foreign = fs::read(home.join("other/keys")).unwrap();
    let lines: Vec<&[u8]> = right.split_inclusive(|byte| *byte == b'\n').collect();
    let cut = lines[..3].concat();
    let cases: [(&str, Option<&[u8]>, u32, &str); 6] = [
        ("missing", None, 0, "put a copy of it back"),
        ("empty", Some(b""), 0o400, "put back a copy of it"),
        ("cut", Some(&cut), 0o400, "put back a copy of it"),
        ("foreign", Some(&foreign), 0o400, "start with the key file that made it"),
        ("too open", Some(&right), 0o444, "chmod 400"),
        ("older", Some(&older), 0o400, "copy the key file here from where it was rotated"),
    ];
    let sound = everything(&home.join("shop"));
    for (name, content, mode, mend) in cases {
        let _ = fs::remove_file(&keys);
        if let Some(content) = content {
            put(&keys, content, mode);
        }
        let before = everything(&home.join("shop"));
        for args in [
            &["serve", "--data", "shop", "--listen", "127.0.0.1:0"][..],
            &["keys", "rotate", "--data", "shop"],
            &["keys", "retire", "--data", "shop"],
            &["backup", "--data", "shop", "--to", "vault"],
        ] {
            let words = refusal(&run(home, args));
            assert!(words.contains(mend), "{name}, {args:?}: {words}");
            assert!(everything(&home.join("shop")) == before, "{name}, {args:?}");
            assert!(!home.join("vault").exists(), "{name}");
        }
    }
    put(&keys, &right, 0o400);
    assert!(everything(&home.join("shop")) == sound);
    let well = Running::start(&mut lojista(home, &["serve", "--data", "shop", "--listen", "127.0.0.1:0"]));
    well.line();
    well.end();
}

#[test]
fn killed_at_any_point_a_rotation_goes_on() {
    const KILLS: u32 = 8;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    shop(home);
    let keys = count(&database(&home.join("shop")), "SELECT COUNT(*) FROM data_key");
    let begun = std::time::Instant::now();
    assert!(run(home, &["keys", "rotate", "--data", "shop"]).status.success());
    let lasts = begun.elapsed();
    for kill in 1..=KILLS {
        crate::backup::killed(home, &["keys", "rotate", "--data", "shop"], lasts * kill / KILLS);
        // Its lease would hold the next one up for a quarter of a minute.
        let given_up = "UPDATE key_rotation SET lease_until = 0";
        wait(database(&home.join("shop")).write(move |tx| tx.execute(given_up, &[]))).unwrap();
        let again = run(home, &["keys", "rotate", "--data", "shop"]);
        assert!(again.status.success(), "kill {kill}: {}", complained(&again));
        let shown = status(home);
        let wraps: i64 = shown["keys"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|key| key["state"] == "primary")
            .filter_map(|key| key["data_keys"].as_i64())
            .sum();
        assert_eq!(wraps, keys, "kill {kill}: {shown}");
    }
    assert!(run(home, &["keys", "retire", "--data", "shop"]).status.success());
    // All of it opens with the one key that is left: a backup's drill looks at every wrapped key.
    assert!(run(home, &["backup", "--data", "shop", "--to", "vault"]).status.success());
    let drill = run(home, &["restore-drill", "--data", "shop", "--to", "vault"]);
    assert!(drill.status.success(), "{}", complained(&drill));
}

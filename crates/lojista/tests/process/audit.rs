use std::path::{Path, PathBuf};

use crate::kit::{Running, complained, lojista, run, said};

/// A shop in which something happened, and its exported log.
fn exported(home: &Path) -> PathBuf {
    let args = ["demo", "--data", "shop", "--listen", "127.0.0.1:0", "--orders-per-minute", "0", "--json"];
    let demo = Running::start(&mut lojista(home, &args));
    demo.line();
    demo.end();
    let export = run(home, &["audit", "export", "log", "--data", "shop"]);
    assert!(export.status.success(), "{}", complained(&export));
    home.join("log")
}

#[test]
fn an_export_is_verified_with_its_files_alone_and_an_edited_one_is_not() {
    let home = tempfile::tempdir().unwrap();
    let log = exported(home.path());
    let key = std::fs::read_to_string(log.join("verifier-key")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let verify = |key: &str| {
        let args = ["audit", "verify", log.to_str().unwrap(), "--key", key, "--json"];
        let output = run(elsewhere.path(), &args);
        (output.status.code(), serde_json::from_str::<serde_json::Value>(&said(&output)).unwrap_or_default())
    };
    let (code, report) = verify(key.trim());
    assert_eq!((code, &report["clean"]), (Some(0), &true.into()));
    assert!(report["entries"].as_u64().unwrap() > 3);
    assert_eq!(report["entries"], report["proven"]);
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);

    let entries = log.join("entries/000000000000");
    let mut bytes = std::fs::read(&entries).unwrap();
    let place = bytes.windows(7).position(|word| word == b"session").expect("a session was opened");
    bytes[place] = b'S';
    std::fs::write(&entries, bytes).unwrap();
    let (code, report) = verify(key.trim());
    assert_eq!((code, &report["clean"]), (Some(1), &false.into()));
}

#[test]
fn an_export_wants_a_new_folder_and_a_verification_one_that_is_there() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("log")).unwrap();
    std::fs::write(home.path().join("log/older"), "").unwrap();
    let refused = run(home.path(), &["audit", "export", "log", "--data", "shop"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(complained(&refused).contains("log is not empty"));
    let refused = run(home.path(), &["audit", "verify", "nowhere"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(complained(&refused).contains("nowhere holds no verifier-key"));
    let refused = run(home.path(), &["audit", "verify", "log", "--key", "nonsense"]);
    assert!(complained(&refused).contains("not of the form name+id+key"));
}

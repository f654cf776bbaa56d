use std::net::TcpListener;
use std::process::Output;

use crate::kit::{complained, count, database, lojista, run, wait};

const ANY_PORT: &str = "127.0.0.1:0";

fn one_sentence(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", complained(output));
    assert_eq!(output.stdout, b"", "a refusal says nothing on standard output");
    let complaint = complained(output);
    let last = complaint.lines().last().unwrap_or_default();
    last.strip_prefix("lojista: ").expect("the refusal is the last line").to_owned()
}

#[test]
fn contradictions_end_with_two_before_anything_is_made() {
    let home = tempfile::tempdir().unwrap();
    let output = lojista(home.path(), &["serve", "--data", "shop"])
        .env("LOJISTA_DATABASE_URL", "postgres://u:hunter2@db/lojista")
        .output()
        .unwrap();
    let refusal = one_sentence(&output, 2);
    assert!(
        refusal.starts_with("--data and LOJISTA_DATABASE_URL both say where the data lives"),
        "{refusal}"
    );
    assert!(!refusal.contains("hunter2"));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_slip_in_the_file_is_refused_with_the_nearest_name() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("lojista.toml"), "[server]\nlisten_to = 'x'\n").unwrap();
    let refusal = one_sentence(&run(home.path(), &["serve"]), 2);
    assert!(refusal.ends_with("did you mean server.listen?"), "{refusal}");
}

#[test]
fn a_busy_port_is_named() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind(ANY_PORT).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refusal = one_sentence(&run(home.path(), &["serve", "--listen", &address]), 1);
    assert!(refusal.starts_with(&format!("another program listens on {address}: stop it")), "{refusal}");
    let refusal =
        one_sentence(&run(home.path(), &["sandbox", "--base-port", address.rsplit(':').next().unwrap()]), 1);
    assert!(refusal.contains("choose another port with --base-port"), "{refusal}");
}

#[test]
fn a_data_folder_that_cannot_be_made_is_named() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("file"), "").unwrap();
    let refusal = one_sentence(&run(home.path(), &["serve", "--data", "file/shop", "--listen", ANY_PORT]), 1);
    assert!(refusal.starts_with("the data folder file/shop cannot be made"), "{refusal}");
}

#[test]
fn a_newer_database_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    assert!(run(home.path(), &["migrate", "--data", "shop"]).status.success());
    let db = database(&home.path().join("shop"));
    let newer = "INSERT INTO schema_history (number, fingerprint) VALUES (999, 0)";
    wait(db.write(move |tx| tx.execute_exactly(1, newer, &[]))).unwrap();
    let refusal = one_sentence(&run(home.path(), &["serve", "--data", "shop", "--listen", ANY_PORT]), 1);
    assert!(refusal.starts_with("the database has schema 999"), "{refusal}");
    assert_eq!(count(&db, "SELECT count(*) FROM setting"), 0);
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("shop")).unwrap();
    std::fs::write(home.path().join("shop/lojista.sqlite"), "a letter to my aunt ".repeat(100)).unwrap();
    let refusal = one_sentence(&run(home.path(), &["migrate", "--data", "shop"]), 1);
    assert!(refusal.ends_with("lojista.sqlite is not a Lojista database"), "{refusal}");
}

#[test]
fn another_installation_s_key_file_is_refused_and_a_lost_one_is_not_replaced() {
    let home = tempfile::tempdir().unwrap();
    for folder in ["one", "other"] {
        assert!(run(home.path(), &["user", "link", "--data", folder]).status.success());
    }
    let keys = home.path().join("one/keys");
    std::fs::remove_file(&keys).unwrap();
    let start = || one_sentence(&run(home.path(), &["serve", "--data", "one", "--listen", ANY_PORT]), 1);
    let refusal = start();
    assert!(refusal.contains("is missing, and the data was sealed with it"), "{refusal}");
    assert!(!keys.exists());
    std::fs::copy(home.path().join("other/keys"), &keys).unwrap();
    let refusal = start();
    assert!(refusal.starts_with("the key file does not belong to this database"), "{refusal}");
}

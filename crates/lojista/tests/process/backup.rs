use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::kit::{Running, complained, count, database, lojista, run, said, wait};

/// Kills of each command.
const KILLS: u32 = 8;
const EVENTS: &str = "SELECT COUNT(*) FROM audit_event WHERE action <> 'backup.restored'";

/// A shop in which something happened.
fn shop(home: &Path) {
    let args = ["demo", "--data", "shop", "--listen", "127.0.0.1:0", "--orders-per-minute", "0", "--json"];
    let demo = Running::start(&mut lojista(home, &args));
    demo.line();
    demo.end();
}

fn backup(home: &Path) -> serde_json::Value {
    let taken = run(home, &["backup", "--data", "shop", "--to", "vault", "--json"]);
    assert!(taken.status.success(), "{}", complained(&taken));
    serde_json::from_str(&said(&taken)).expect("a line of JSON")
}

/// An empty data folder with the shop's key file.
fn empty(home: &Path, name: &str) {
    let _ = fs::remove_dir_all(home.join(name));
    fs::create_dir(home.join(name)).unwrap();
    fs::copy(home.join("shop/keys"), home.join(name).join("keys")).unwrap();
}

fn restore_args(into: &str) -> [&str; 6] {
    ["restore", "--from", "vault", "--into", into, "--json"]
}

fn pause(span: Duration) {
    let (_held, never) = channel::<()>();
    let _ = never.recv_timeout(span);
}

/// Runs a command and ends it by force after a while, unless it was faster.
pub(crate) fn killed(home: &Path, args: &[&str], after: Duration) {
    let mut child = lojista(home, args)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    pause(after);
    let _ = child.kill();
    child.wait().expect("the program ended");
}

#[test]
fn a_shop_comes_back_where_there_is_nothing_but_its_backups_and_its_key_file() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    shop(home);
    let taken = backup(home);
    assert_eq!((&taken["good"], &taken["number"]), (&true.into(), &1.into()));

    let drill = run(home, &["restore-drill", "--data", "shop", "--to", "vault", "--json"]);
    assert!(drill.status.success(), "{}", complained(&drill));
    let drill: serde_json::Value = serde_json::from_str(&said(&drill)).unwrap();
    assert_eq!((&drill["good"], &drill["number"]), (&true.into(), &1.into()));
    assert!(drill["report"]["recovery_point_ms"].as_u64().unwrap() < 60_000);

    empty(home, "new");
    let restored = run(home, &restore_args("new"));
    assert!(restored.status.success(), "{}", complained(&restored));
    let restored: serde_json::Value = serde_json::from_str(&said(&restored)).unwrap();
    assert_eq!(restored["number"], 1);
    assert!(!home.join("new/restore-scratch").exists());
    for sql in
        ["SELECT COUNT(*) FROM member", "SELECT COUNT(*) FROM listing", "SELECT COUNT(*) FROM data_key"]
    {
        let (there, back) =
            (count(&database(&home.join("shop")), sql), count(&database(&home.join("new")), sql));
        assert!(there > 0 && there == back, "{sql}: {there}, {back}");
    }
    // It is a shop to go on with: its log verifies, and it takes backups.
    let export = run(home, &["audit", "export", "log", "--data", "new"]);
    assert!(export.status.success(), "{}", complained(&export));
    assert!(run(home, &["audit", "verify", "log"]).status.success());
    let next = run(home, &["backup", "--data", "new", "--to", "vault", "--json"]);
    assert!(next.status.success(), "{}", complained(&next));

    let again = run(home, &restore_args("new"));
    assert_eq!(again.status.code(), Some(1));
    assert!(complained(&again).contains("new is not empty"), "{}", complained(&again));
}

#[test]
fn without_the_right_key_file_nothing_is_touched_and_the_mend_is_said() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    shop(home);
    backup(home);
    let refused = run(home, &restore_args("lost"));
    assert_eq!(refused.status.code(), Some(1));
    assert!(complained(&refused).contains("put a copy of it there"), "{}", complained(&refused));
    assert!(!home.join("lost").exists());

    let other = run(home, &["user", "link", "--data", "other"]);
    assert!(other.status.success(), "{}", complained(&other));
    fs::create_dir(home.join("mixed")).unwrap();
    fs::copy(home.join("other/keys"), home.join("mixed/keys")).unwrap();
    let refused = run(home, &restore_args("mixed"));
    assert_eq!(refused.status.code(), Some(1));
    assert!(complained(&refused).contains("needs the key file with the check"), "{}", complained(&refused));
    assert!(!home.join("mixed/lojista.sqlite").exists());
}

#[test]
fn no_place_no_backup_and_no_instant_are_said_plainly() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    shop(home);
    let refused = run(home, &["backup", "--data", "shop"]);
    assert!(complained(&refused).contains("name one with --to"), "{}", complained(&refused));
    empty(home, "new");
    let refused = run(home, &restore_args("new"));
    assert!(complained(&refused).contains("vault holds no backup"), "{}", complained(&refused));
    backup(home);
    let refused = run(home, &[&restore_args("new")[..], &["--at", "yesterday"]].concat());
    assert!(complained(&refused).contains("write it as in"), "{}", complained(&refused));
    let refused = run(home, &[&restore_args("new")[..], &["--at", "2020-01-01T00:00:00Z"]].concat());
    assert!(complained(&refused).contains("no backup of 2020-01-01"), "{}", complained(&refused));
    assert!(!home.join("new/lojista.sqlite").exists());
}

#[test]
fn killed_at_any_point_a_backup_leaves_the_one_before_and_a_restore_can_be_repeated() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    shop(home);
    let begun = Instant::now();
    backup(home);
    let lasts = begun.elapsed();
    for kill in 1..=KILLS {
        killed(home, &["backup", "--data", "shop", "--to", "vault", "--json"], lasts * kill / KILLS);
        empty(home, "new");
        let restored = run(home, &restore_args("new"));
        assert!(restored.status.success(), "kill {kill}: {}", complained(&restored));
        // Its lease would hold the next one up for two minutes.
        let given_up = "UPDATE backup_run SET lease_until = 0 WHERE state = 'running'";
        wait(database(&home.join("shop")).write(move |tx| tx.execute(given_up, &[]))).unwrap();
    }
    let events = {
        backup(home);
        empty(home, "whole");
        let begun = Instant::now();
        let restored = run(home, &restore_args("whole"));
        assert!(restored.status.success(), "{}", complained(&restored));
        (count(&database(&home.join("whole")), EVENTS), begun.elapsed())
    };
    for kill in 1..=KILLS {
        empty(home, "new");
        killed(home, &restore_args("new"), events.1 * kill / KILLS);
        if !home.join("new/lojista.sqlite").exists() {
            let again = run(home, &restore_args("new"));
            assert!(again.status.success(), "kill {kill}: {}", complained(&again));
        }
        assert_eq!(count(&database(&home.join("new")), EVENTS), events.0, "kill {kill}");
    }
}

/// A world with a bucket, and the program told of it.
struct WithBucket {
    sandbox: Running,
    manifest: serde_json::Value,
}

impl WithBucket {
    fn open(home: &Path) -> Self {
        let sandbox = Running::start(&mut lojista(home, &["sandbox", "--base-port", "0", "--json"]));
        let manifest = sandbox.json()["s3"].clone();
        fs::write(home.join("secret"), format!("{}\n", manifest["secret_access_key"].as_str().unwrap()))
            .unwrap();
        Self { sandbox, manifest }
    }

    fn run(&self, home: &Path, args: &[&str]) -> std::process::Output {
        let told = |name: &str| self.manifest[name].as_str().unwrap().to_owned();
        let mut command = lojista(home, args);
        command
            .env("LOJISTA_BACKUP_S3_ENDPOINT", told("endpoint"))
            .env("LOJISTA_BACKUP_S3_BUCKET", told("bucket"))
            .env("LOJISTA_BACKUP_S3_REGION", told("region"))
            .env("LOJISTA_BACKUP_S3_PREFIX", "casa")
            .env("LOJISTA_BACKUP_S3_ACCESS_KEY_ID", told("access_key_id"))
            .env("LOJISTA_BACKUP_S3_SECRET_ACCESS_KEY_FILE", home.join("secret"));
        command.output().expect("the program starts")
    }
}

#[test]
fn a_shop_comes_back_from_a_bucket_where_there_are_only_its_settings_and_the_key_file() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    shop(home);
    let world = WithBucket::open(home);
    let doctor = world.run(home, &["doctor", "--data", "shop", "--json"]);
    assert!(said(&doctor).contains("written, listed, read and deleted"), "{}", said(&doctor));
    for number in [1, 2] {
        let taken = world.run(home, &["backup", "--data", "shop", "--json"]);
        assert!(taken.status.success(), "{}", complained(&taken));
        let taken: serde_json::Value = serde_json::from_str(&said(&taken)).unwrap();
        assert_eq!(taken["number"], number);
    }
    let drill = world.run(home, &["restore-drill", "--data", "shop", "--json"]);
    assert!(drill.status.success(), "{}", complained(&drill));
    empty(home, "new");
    let restored = world.run(home, &["restore", "--into", "new", "--json"]);
    assert!(restored.status.success(), "{}", complained(&restored));
    let members = "SELECT COUNT(*) FROM member";
    assert_eq!(count(&database(&home.join("shop")), members), count(&database(&home.join("new")), members));

    fs::write(home.join("secret"), "another").unwrap();
    let refused = world.run(home, &["backup", "--data", "shop"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        complained(&refused).contains("the secret is not the one of this access key"),
        "{}",
        complained(&refused)
    );
    let doctor = world.run(home, &["doctor", "--data", "shop"]);
    assert!(said(&doctor).contains("FAIL  backups"), "{}", said(&doctor));
    world.sandbox.end();
    empty(home, "other");
    let refused = run(home, &["restore", "--into", "other"]);
    assert!(complained(&refused).contains("nobody says where the backups lie"), "{}", complained(&refused));
    assert!(!home.join("other/lojista.sqlite").exists());
}

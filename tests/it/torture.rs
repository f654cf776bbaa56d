//! The torture in small: the real program, ended once at every step of its ways, and a
//! disk that fills up under it. The whole of it is `cargo xtask torture`.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tests::bench::stage::{Ground, server_runtime};
use tests::database::{POSTGRES_URL, folder};
use tests::torture::{self, Options, Programs, What};

const PROGRAM: &str = env!("CARGO_BIN_EXE_lojista-with-points");
/// What the torture says where no disk can be made small.
const NO_SMALL_DISK: &str = "no disk can be made small here";
/// Kills: one at each step and a few at moments of chance.
const KILLS: u32 = 13;

fn options(folder: PathBuf) -> Options {
    Options {
        programs: Programs::of_the_tests(PathBuf::from(PROGRAM)),
        kills: KILLS,
        mean_life: Duration::from_millis(1_500),
        sales_per_second: 5,
        seed: 1,
        folder,
        postgres: None,
    }
}

fn torture(options: &Options) {
    let verdict = server_runtime().unwrap().block_on(torture::run(options, |_| {})).unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    let killed_at_each = app::steps::ALL.iter().all(|step| verdict.kills.contains_key(step));
    assert!(killed_at_each, "{verdict}");
    assert!(verdict.orders.0 > 0, "nothing was sold, so nothing was proven: {verdict}");
}

#[test]
fn a_program_killed_at_every_step_loses_nothing_and_doubles_nothing() {
    let folder = folder();
    torture(&options(folder.path().to_path_buf()));
}

#[test]
fn nor_does_it_on_postgres() {
    let Ok(url) = env::var(POSTGRES_URL) else {
        assert!(env::var(tests::database::POSTGRES_REQUIRED).is_err(), "{POSTGRES_URL} names no server");
        eprintln!("not run: {POSTGRES_URL} names no server");
        return;
    };
    let (folder, ground) = (folder(), Ground::postgres(&url));
    torture(&Options { postgres: Some(ground.location.clone()), ..options(folder.path().to_path_buf()) });
}

#[test]
fn a_full_disk_loses_nothing_and_the_program_goes_on_once_there_is_room() {
    let folder = folder();
    let mut torture = Command::new(env!("CARGO_BIN_EXE_torture"));
    torture.args(["--disk-full", "--sales-per-second", "20", "--program", PROGRAM, "--folder"]);
    let ended = torture.arg(folder.path()).output().unwrap();
    let said = [ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    if said.contains(NO_SMALL_DISK) {
        eprintln!("not run: {said}");
        return;
    }
    assert!(ended.status.success(), "{said}");
    assert!(said.contains("0 lost, 0 doubled"), "{said}");
}

/// One of each, and a second rotation: by the command and by a running shop.
const KEEPING_KILLS: u32 = 6;

#[test]
fn a_backup_a_restore_and_a_rotation_that_are_killed_lose_nothing_and_call_nothing_good_that_is_not() {
    let folder = folder();
    let options = Options { kills: KEEPING_KILLS, ..options(folder.path().to_path_buf()) };
    let runs = torture::run_keeping(&options, &What::ALL, |_| {});
    let kept = server_runtime().unwrap().block_on(runs).unwrap();
    assert!(kept.is_clean(), "{kept}");
    assert_eq!(kept.points.values().map(|(points, _)| points).sum::<u32>(), KEEPING_KILLS, "{kept}");
}

//! `doctor`: looks for what is wrong and says how to mend it.

mod outside;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use app::App;
use domain::{Clock as _, Entropy as _};
use serde::Serialize;
use store::{Location, Store, db, settings};
use vault::{Keyring, OsEntropy};

use crate::cli::DoctorArgs;
use crate::clock::SystemClock;
use crate::config::{Config, Storage};
use crate::failure::Failure;
use crate::{folder, house, on_threads};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Ok,
    /// Works, and a person should know.
    Warn,
    /// Does not work.
    Fail,
}

/// What a check found.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    says: String,
    mend: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, state: State::Ok, says: says.into(), mend: None }
    }

    fn warn(check: &'static str, says: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: State::Warn, says: says.into(), mend: Some(mend.into()) }
    }

    fn fail(check: &'static str, says: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: State::Fail, says: says.into(), mend: Some(mend.into()) }
    }
}

/// Runs every check; the exit code is that of a script's `if`.
pub(crate) fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let config = match args.config.load(&[]) {
        Ok(config) => config,
        Err(error) => {
            let mend = "docs/configuration.md names every setting";
            report(&[Finding::fail("configuration", error.to_string(), mend)], args.json);
            return Ok(Failure::from(error).exit_code());
        }
    };
    let threads = config.server.threads;
    let findings = on_threads(threads, examine(config))?;
    report(&findings, args.json);
    let failed = findings.iter().any(|finding| finding.state == State::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn examine(config: Config) -> Result<Vec<Finding>, Failure> {
    let mut findings = vec![Finding::ok("configuration", "holds together")];
    findings.extend(config.storage.folder.as_deref().map(data_folder));
    let storage = config.storage.clone();
    let ground = tokio::task::spawn_blocking(move || vec![key_file(&storage.key_file), database(&storage)]);
    findings.extend(ground.await.map_err(|error| Failure::at("the data cannot be looked at", error))?);
    findings.extend(outside::channels(&config).await?);
    findings.push(outside::public_address(&config).await?);
    findings.extend(outside::backups(&config).await?);
    if findings.iter().all(|finding| finding.state != State::Fail) && begun(&config.storage).await? {
        findings.extend(shop(&config).await);
    }
    Ok(findings)
}

/// Whether a shop was ever started on this database, by a program of this schema. Opening
/// any other one would change it.
async fn begun(storage: &Storage) -> Result<bool, Failure> {
    let there = match &storage.database {
        Location::File(path) => path.exists(),
        Location::Server(_) => true,
    };
    let location = storage.database.clone();
    let store = tokio::task::spawn_blocking(move || {
        let current = there && db::waiting_migrations(&location)? == 0;
        if current { Store::open(&location).map(Some) } else { Ok(None) }
    });
    let Some(store) = store.await.map_err(|error| Failure::at("the database cannot be opened", error))??
    else {
        return Ok(false);
    };
    Ok(store.installation().read(|tx| settings::get(tx, settings::KEY_CHECK)).await?.is_some())
}

fn data_folder(folder: &Path) -> Finding {
    const CHECK: &str = "data folder";
    let shown = folder.display();
    let Ok(about) = std::fs::metadata(folder) else {
        return Finding::warn(CHECK, format!("{shown} is not there yet"), "the first start makes it");
    };
    let probe = folder.join(format!("doctor-{:016x}", OsEntropy.below(u64::MAX)));
    if let Err(error) = folder::write_private(&probe, b"").and_then(|()| std::fs::remove_file(&probe)) {
        let mend = format!("give {shown} to the user who runs the program, and look for a full disk");
        return Finding::fail(CHECK, format!("{shown} cannot be written to: {error}"), mend);
    }
    if about.permissions().mode() & 0o077 != 0 {
        return Finding::warn(CHECK, format!("others may look into {shown}"), format!("chmod 700 {shown}"));
    }
    Finding::ok(CHECK, shown.to_string())
}

fn key_file(path: &Path) -> Finding {
    const CHECK: &str = "key file";
    let shown = path.display();
    if !path.exists() {
        let mend = "the first start makes it; if there is data already, put a copy of it back";
        return Finding::warn(CHECK, format!("{shown} is not there"), mend);
    }
    match Keyring::load(path) {
        Ok(_) => Finding::ok(CHECK, format!("{shown}; keep a copy of it apart from the data")),
        Err(error) => Finding::fail(CHECK, error.to_string(), "put back a good copy, mode 0400"),
    }
}

fn database(storage: &Storage) -> Finding {
    const CHECK: &str = "database";
    let shown = format!("{:?}", storage.database);
    if let Location::File(path) = &storage.database
        && !path.exists()
    {
        return Finding::warn(CHECK, format!("{shown} is not there yet"), "the first start makes it");
    }
    match db::waiting_migrations(&storage.database) {
        Ok(0) => Finding::ok(CHECK, format!("{shown} answers, its schema is up to date")),
        Ok(waiting) => Finding::warn(
            CHECK,
            format!("{shown} answers; {waiting} migrations wait"),
            "the next start runs them, or `lojista migrate`",
        ),
        Err(error) => Finding::fail(
            CHECK,
            format!("{shown}: {error}"),
            "see the sentence before; the data is untouched",
        ),
    }
}

/// What only the opened shop can tell.
async fn shop(config: &Config) -> Vec<Finding> {
    let opened = async {
        let ground = house::open(&config.storage).await?;
        let door = ground.hook_door.clone();
        let public_url = config.server.public_url(config.server.listen);
        let app =
            house::build(ground, house::channels(&config.channels)?, public_url, config.server.second_factor)
                .await?;
        Ok::<_, Failure>((app, door))
    };
    match opened.await {
        Ok((app, door)) => {
            let kinds = app.channel_kinds().map(|kind| {
                let address = format!("{}/hooks/{}/{door}", app.public_url(), kind.as_str());
                Finding::ok("hook door", format!("register {address} for notifications"))
            });
            let mut findings: Vec<Finding> = kinds.collect();
            findings.push(audit_log(&app).await);
            findings.push(keys(&app).await);
            findings
        }
        Err(failure) => {
            let mend = "start with the key file and the database that belong together";
            vec![Finding::fail("shop", failure.to_string(), mend)]
        }
    }
}

/// Whether every running node has the keys that are needed, and none is too old.
async fn keys(app: &App) -> Finding {
    const CHECK: &str = "keys";
    let standing = match app.keys_standing().await {
        Ok(standing) => standing,
        Err(error) => return Finding::fail(CHECK, error.to_string(), "see the sentence before"),
    };
    if let Some(node) = standing.lacking.first() {
        let what = format!("the node {} on {} lacks a key in {}", node.node, node.host, node.place);
        return Finding::fail(CHECK, what, "copy the key file there; it goes on by itself then");
    }
    if let Some(error) = standing.under_way().and_then(|rotation| rotation.error.as_ref()) {
        return Finding::warn(
            CHECK,
            format!("a rotation does not go on: {error}"),
            "see the sentence before",
        );
    }
    if standing.is_overdue(SystemClock.now()) {
        return Finding::warn(CHECK, "the key that wraps is older than a year", "lojista keys rotate");
    }
    Finding::ok(CHECK, format!("{} known, none too old", standing.keks.len()))
}

async fn audit_log(app: &App) -> Finding {
    const CHECK: &str = "audit log";
    let place = std::env::temp_dir().join(format!("lojista-doctor-{:016x}", OsEntropy.below(u64::MAX)));
    let checked = check_audit_log(app, &place).await;
    // What is left there is an export, private to its owner; its loss hurts nobody.
    let _ = std::fs::remove_dir_all(&place);
    match checked {
        Ok(report) if report.entries == 0 => Finding::ok(CHECK, "holds nothing yet"),
        Ok(report) if report.is_clean() => {
            let says = format!("{} entries, {} proven by signed checkpoints", report.entries, report.proven);
            Finding::ok(CHECK, says)
        }
        Ok(report) => {
            let what = report.findings.first().map(ToString::to_string).unwrap_or_default();
            let mend = "keep a copy of everything as it is, then compare with an earlier export or backup";
            Finding::fail(CHECK, format!("{what} ({} findings)", report.findings.len()), mend)
        }
        Err(failure) => {
            Finding::fail(CHECK, failure.to_string(), "see the sentence before; nothing was changed")
        }
    }
}

async fn check_audit_log(app: &App, place: &Path) -> Result<vault::export::Report, Failure> {
    folder::make(place)?;
    app.export_audit(place).await.map_err(Failure::new)?;
    let verifier = app.audit_verifier().parse().map_err(|error| Failure::at("the verifier key", error))?;
    vault::verify_export(place, &verifier).map_err(Failure::new)
}

fn report(findings: &[Finding], json: bool) {
    if json {
        println!("{}", serde_json::json!({ "findings": findings }));
        return;
    }
    for Finding { check, state, says, mend } in findings {
        let mark = match state {
            State::Ok => "ok  ",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        println!("{mark}  {check:<14} {says}");
        if let Some(mend) = mend {
            println!("      {:<14} mend: {mend}", "");
        }
    }
}

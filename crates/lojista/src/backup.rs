//! `backup`, `restore` and `restore-drill`.

use std::fmt::Display;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use app::App;
use app::backup::bucket::InBucket;
use app::backup::depot::{Depot, Folder};
use app::backup::{BackupError, DrillReport, Plan, Restore, Restored};
use connect::HttpTransport;
use connect::bucket::{Bucket, Patience};
use domain::{Actor, Clock as _, Timestamp};
use store::Location;
use store::backup::{Run, RunKind, RunState};
use vault::{Keyring, OsEntropy};

use crate::cli::RestoreArgs;
use crate::clock::SystemClock;
use crate::config::backup::Place;
use crate::config::{Backup, Config, Storage};
use crate::failure::Failure;
use crate::{folder, house};

/// Where a restore fills a file until it is proven, in the folder that it goes to.
const SCRATCH: &str = "restore-scratch";
/// What may lie in a folder that is restored into.
const HARMLESS: [&str; 3] = ["keys", "lock", SCRATCH];
/// How often a person is told how far it is.
const TELL_EVERY: Duration = Duration::from_secs(2);
/// A restore without a place to restore from.
const NOWHERE: &str = "nobody says where the backups lie: name a folder with --from, or set LOJISTA_BACKUP_S3_BUCKET and what \
                       belongs to it; nothing was touched";
/// A restore tells after so many rows.
const TELL_ROWS: u64 = 100_000;

impl Place {
    /// The depot there. Nothing is called yet.
    pub(crate) fn depot(&self) -> Result<Arc<dyn Depot>, Failure> {
        let place = match self {
            Self::Folder(folder) => return Ok(Arc::new(Folder::at(folder.clone()))),
            Self::Bucket(place) => place.clone(),
        };
        let unusable = |error: &dyn Display| Failure::at("the network cannot be used", error);
        let transport = HttpTransport::new().map_err(|error| unusable(&error))?;
        let bucket = Bucket::new(
            place,
            Arc::new(transport),
            Arc::new(SystemClock),
            Arc::new(OsEntropy),
            Patience::default(),
        );
        Ok(Arc::new(InBucket::new(bucket).map_err(|error| unusable(&error))?))
    }
}

impl Backup {
    /// What the application does, if a place was named.
    pub(crate) fn plan(&self, storage: &Storage) -> Result<Option<Plan>, Failure> {
        let Some(place) = &self.place else { return Ok(None) };
        Ok(Some(Plan {
            depot: place.depot()?,
            every: self.every,
            keep_days: self.keep_days,
            scratch: storage.folder.clone().unwrap_or_else(std::env::temp_dir),
        }))
    }
}

/// Takes a backup, or tries the newest one, now.
pub(crate) async fn run(config: Config, kind: RunKind, json: bool) -> Result<(), Failure> {
    let plan = config.backup.plan(&config.storage)?.ok_or_else(|| Failure::new(BackupError::NoPlace))?;
    let place = plan.depot.place();
    let public_url = config.server.public_url(config.server.listen);
    let ground = house::open(&config.storage).await?;
    let app =
        house::build(ground, house::channels(&config.channels)?, public_url, config.server.second_factor)
            .await?;
    app.plan_backups(plan);
    let telling = tokio::spawn(tell_progress(app.clone(), kind));
    let run = app.backup_now(kind, &Actor::system("command")).await;
    telling.abort();
    let run = run.map_err(Failure::new)?;
    match kind {
        RunKind::Backup => say_taken(&run, &place, json),
        RunKind::Drill => say_drilled(&run, json),
    }
    if run.state == RunState::Good {
        Ok(())
    } else {
        Err(Failure::new(run.error.unwrap_or_else(|| "it failed".to_owned())))
    }
}

async fn tell_progress(app: App, kind: RunKind) {
    loop {
        tokio::time::sleep(TELL_EVERY).await;
        let read =
            app.store().installation().read(move |tx| store::backup::last(tx, kind, Some(RunState::Running)));
        if let Ok(Some(Run { rows_done, rows_total, .. })) = read.await
            && rows_done > 0
        {
            eprintln!("  {rows_done} rows of about {} …", rows_total.max(rows_done));
        }
    }
}

fn say_taken(run: &Run, place: &str, json: bool) {
    if json {
        println!(
            "{}",
            serde_json::json!({
                "good": run.state == RunState::Good,
                "number": run.number,
                "taken_at": run.taken_at.map(Timestamp::to_rfc3339),
                "rows": run.rows_done,
                "bytes_added": run.bytes_added,
                "list": run.list_digest,
                "error": run.error,
            })
        );
    } else if run.state == RunState::Good {
        println!(
            "Backup {} in {place}: {} rows, {} new bytes.",
            run.number.unwrap_or_default(),
            run.rows_done,
            run.bytes_added.unwrap_or_default()
        );
        println!("It needs the key file: keep a copy of that in another place than the backups.");
    }
}

fn say_drilled(run: &Run, json: bool) {
    let report: Option<DrillReport> =
        run.report.as_deref().and_then(|report| serde_json::from_str(report).ok());
    if json {
        println!(
            "{}",
            serde_json::json!({
                "good": run.state == RunState::Good, "number": run.number, "report": report, "error": run.error,
            })
        );
        return;
    }
    let Some(report) = report else { return };
    for check in &report.checks {
        let word = if check.good { "good " } else { "WRONG" };
        println!(
            "{word}  {:<11} {:>9} looked at, {} ms  {}",
            check.name, check.count, check.millis, check.finding
        );
    }
    println!(
        "Backup {}: recovery point {} s, recovery time {} s, {} rows.",
        run.number.unwrap_or_default(),
        report.recovery_point_ms / 1_000,
        report.recovery_time_ms.div_ceil(1_000),
        report.rows
    );
}

/// Fills an empty place from a backup.
pub(crate) async fn restore(args: RestoreArgs) -> Result<(), Failure> {
    let into = place_of(&args)?;
    let keys = args
        .key_file
        .clone()
        .or_else(|| std::env::var_os("LOJISTA_KEY_FILE").map(PathBuf::from))
        .unwrap_or_else(|| into.key_file.clone());
    if !keys.exists() {
        return Err(Failure::new(format!(
            "the key file {} is not there: without the one that was in use when the backup was taken nothing can be \
             restored; put a copy of it there, or name it with --key-file; nothing was touched",
            keys.display()
        )));
    }
    let keyring = Arc::new(Keyring::load(&keys).map_err(Failure::new)?);
    let at = args.at.as_deref().map(read_instant).transpose()?;
    let depot = match &args.from {
        Some(folder) => Place::Folder(folder.clone()).depot()?,
        None => match &args.config.load(&[])?.backup.place {
            Some(place) => place.depot()?,
            None => return Err(Failure::new(NOWHERE)),
        },
    };
    let told = AtomicU64::new(0);
    let restore = Restore {
        depot,
        keyring,
        at,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        progress: Arc::new(move |done, total| {
            if done / TELL_ROWS > told.swap(done / TELL_ROWS, Ordering::Relaxed) {
                eprintln!("  {done} rows of {total} …");
            }
        }),
    };
    let begun = SystemClock.now();
    let restored = match (&into.folder, &into.database) {
        (Some(folder), Location::File(file)) => into_folder(&restore, folder, file).await?,
        (_, location) => into_server(&restore, location).await?,
    };
    let seconds = SystemClock.now().since(begun).as_secs_f64();
    say_restored(&restored, seconds, args.json);
    if !args.json && keys != into.key_file {
        println!("Start with the same key file: LOJISTA_KEY_FILE={}", keys.display());
    }
    Ok(())
}

fn read_instant(text: &str) -> Result<Timestamp, Failure> {
    Timestamp::parse(text).ok_or_else(|| {
        Failure::new(format!("--at {text:?} is no instant: write it as in 2026-11-22T14:30:00Z"))
    })
}

/// The place named, else the one configured.
fn place_of(args: &RestoreArgs) -> Result<Storage, Failure> {
    let Some(into) = &args.into else { return Ok(args.config.load(&[])?.storage) };
    if ["postgres://", "postgresql://"].iter().any(|scheme| into.starts_with(scheme)) {
        let plaintext_host = std::env::var("LOJISTA_DATABASE_PLAINTEXT_HOST").ok();
        store::db::check_address(into, plaintext_host.as_deref())
            .map_err(|error| Failure::new(format!("--into is not right: expected {error}")))?;
        let key_file = args.key_file.clone().unwrap_or_else(|| PathBuf::from("keys"));
        return Ok(Storage { folder: None, database: Location::Server(into.clone()), key_file });
    }
    Ok(Storage::in_folder(Path::new(into)))
}

async fn into_server(restore: &Restore, location: &Location) -> Result<Restored, Failure> {
    if let Location::Server(url) = location {
        let url = url.clone();
        let empty = tokio::task::spawn_blocking(move || store::db::is_empty(&url))
            .await
            .map_err(|error| Failure::at("the database cannot be looked at", error))??;
        if !empty {
            return Err(not_empty("the database"));
        }
    }
    restore.run(location).await.map_err(Failure::new)
}

fn not_empty(place: &str) -> Failure {
    Failure::new(BackupError::NotEmpty(place.to_owned()))
}

/// Fills a scratch file, and moves it into place once it is proven: a restore that is cut
/// off leaves the folder as empty as it was, and can be run again.
async fn into_folder(restore: &Restore, folder: &Path, file: &Path) -> Result<Restored, Failure> {
    folder::make(folder)?;
    let _lock = folder::lock(folder)?;
    let io =
        |doing: &str, error: std::io::Error| Failure::at(&format!("{doing} {}", folder.display()), error);
    for entry in fs::read_dir(folder).map_err(|error| io("cannot look into", error))? {
        let name = entry.map_err(|error| io("cannot look into", error))?.file_name();
        if !name.to_str().is_some_and(|name| HARMLESS.contains(&name)) {
            return Err(not_empty(&folder.display().to_string()));
        }
    }
    let scratch = folder.join(SCRATCH);
    if scratch.exists() {
        fs::remove_dir_all(&scratch).map_err(|error| io("cannot tidy", error))?;
    }
    folder::make(&scratch)?;
    let filled = scratch.join("lojista.sqlite");
    let restored = restore.run(&Location::File(filled.clone())).await;
    let restored = match restored {
        Ok(restored) => restored,
        Err(error) => {
            // What is left of it is no use to anybody.
            let _ = fs::remove_dir_all(&scratch);
            return Err(Failure::new(error));
        }
    };
    File::open(&filled)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&filled, file))
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(|error| io("cannot put the database into", error))?;
    fs::remove_dir_all(&scratch).map_err(|error| io("cannot tidy", error))?;
    Ok(restored)
}

fn say_restored(restored: &Restored, seconds: f64, json: bool) {
    let list = &restored.list;
    if json {
        println!(
            "{}",
            serde_json::json!({
                "number": list.number,
                "taken_at": list.taken_at().to_rfc3339(),
                "rows": list.rows(),
                "seconds": seconds,
                "checks": restored.checks,
            })
        );
        return;
    }
    for check in &restored.checks {
        println!("good   {:<11} {:>9} looked at, {} ms", check.name, check.count, check.millis);
    }
    println!(
        "Backup {} of {} is restored: {} rows in {seconds:.1} s. Whoever was signed in signs in anew.",
        list.number,
        list.taken_at().to_rfc3339(),
        list.rows()
    );
}

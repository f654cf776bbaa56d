//! The torture of what keeps a shop: backups, restores and rotations of the key, each ended
//! with SIGKILL at moments of chance. After each, everything that was kept has to be there,
//! and nothing may be called good that is not.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use domain::{Actor, Clock as _, Confidential, Entropy as _, Grant, Purpose, SeededEntropy, SubjectId};
use store::keys::KeyOwner;
use store::rotation::RotationState;
use store::{Location, Store, StoreResult, Tenant, Tx};
use tempfile::TempDir;
use vault::{DataKey, KeyContext, Keyring, OsEntropy, Place, Sealed};

use super::erasing::Erasing;
use super::{Options, Programs};
use crate::bench::Result;
use crate::bench::program::Program;
use crate::bench::stage::{self, Stage, SystemClock};

/// People whose keys are wrapped: some batches of a rotation.
const PEOPLE: usize = 2_600;
/// Of so many of them something sealed is kept, too.
const SEALED: usize = 200;
/// After so many rotations, former keys are given up.
const RETIRE_EVERY: u32 = 20;
/// A moment of chance lies within so many times as long as the work takes.
const BEYOND: u64 = 12;
/// What that is counted in.
const TENTHS: u64 = 10;

/// What is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A backup that is being taken.
    Backup,
    /// A restore into an empty folder.
    Restore,
    /// A rotation of the key, by a command or by a running shop.
    Rotation,
    /// Erasures of buyers, one after the other.
    Erasure,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Backup, Self::Restore, Self::Rotation, Self::Erasure];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::Rotation => "rotation",
            Self::Erasure => "erasure",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Points, by what was ended; and how many of them hit it at work.
    pub points: BTreeMap<What, (u32, u32)>,
    /// What was kept and is not there, or does not open.
    pub lost: Vec<String>,
    /// What was called good and is not.
    pub falsely_good: Vec<String>,
    /// Where the data was kept for a look, if anything is not as promised.
    pub kept_at: Option<PathBuf>,
}

impl Kept {
    /// Whether everything is as promised.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.falsely_good.is_empty()
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.lost.iter().chain(&self.falsely_good) {
            writeln!(out, "{line}")?;
        }
        let points: u32 = self.points.values().map(|(points, _)| points).sum();
        write!(out, "{points} points (")?;
        for (index, (what, (points, hit))) in self.points.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(out, "{comma}{} {points}, {hit} of them at work", what.as_str())?;
        }
        write!(out, "): {} lost, {} falsely good", self.lost.len(), self.falsely_good.len())?;
        if let Some(place) = &self.kept_at {
            write!(out, "; kept in {}", place.display())?;
        }
        Ok(())
    }
}

/// Ends so many pieces of work, of these kinds in turns.
pub async fn run(options: &Options, whats: &[What], progress: impl Fn(u32)) -> Result<Kept> {
    let house = House::prepare(options).await?;
    let chance = SeededEntropy::new(options.seed);
    let mut kept = Kept::default();
    let mut lasts = BTreeMap::new();
    for what in whats {
        if *what == What::Erasure {
            house.erasing.put(&house.shop()).await?;
        }
        let begun = Instant::now();
        house.whole(*what)?;
        lasts.insert(*what, begun.elapsed());
    }
    for (number, what) in (1..=options.kills).zip(whats.iter().cycle()) {
        let span = lasts.get(what).copied().unwrap_or_default();
        let limit = u64::try_from(span.as_micros()).unwrap_or(u64::MAX) * BEYOND / TENTHS;
        let after = Duration::from_micros(chance.below(limit.max(1)));
        let hit = match what {
            What::Backup => house.kill(&house.backup_arguments(), after)?,
            What::Restore => house.kill_a_restore(after, number, &mut kept)?,
            What::Rotation => house.kill_a_rotation(after, number).await?,
            What::Erasure => house.kill_erasures(after, number, &mut kept).await?,
        };
        let count = kept.points.entry(*what).or_default();
        *count = (count.0 + 1, count.1 + u32::from(hit));
        house.judge(*what, number, &mut kept).await?;
        let turned = kept.points.get(&What::Rotation).map_or(0, |(points, _)| *points);
        if *what == What::Rotation && turned.is_multiple_of(RETIRE_EVERY) {
            // A key file has room for some hundred keys.
            house.done(&house.backup_arguments())?;
            house.done(&house.retire_arguments())?;
        }
        progress(number);
        if !kept.is_clean() {
            break;
        }
    }
    if !kept.is_clean() {
        kept.kept_at = Some(house.folder.keep());
    }
    Ok(kept)
}

/// The shop that is kept.
struct House {
    folder: TempDir,
    programs: Programs,
    erasing: Erasing,
    /// Keys at the start: none of them may go.
    keys: usize,
    /// Rows of the log at the start: none of them may go.
    events: i64,
    sealed: Vec<SealedThing>,
}

/// Something sealed under a person's key.
#[derive(Clone)]
struct SealedThing {
    subject: SubjectId,
    sealed: Sealed<Confidential<String>>,
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

impl House {
    async fn prepare(options: &Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lojista-torture-").tempdir_in(&options.folder)?;
        let shop = folder.path().join("shop");
        std::fs::create_dir_all(&shop)?;
        let keyring = Keyring::create(&shop.join("keys"), &OsEntropy)?;
        let (listener, address) = stage::listen().await?;
        let sandbox = sandbox::Sandbox::new(sandbox::SandboxConfig {
            base_url: format!("http://{address}"),
            redirect_uri: format!("http://localhost/connections/callback/{}", stage::CHANNEL.as_str()),
            ..sandbox::SandboxConfig::new(std::sync::Arc::new(SystemClock))
        });
        let marketplace = stage::registration(&sandbox.manifest()).ok_or("the sandbox has no application")?;
        let location = Location::File(shop.join("lojista.sqlite"));
        let stage = Stage::open(&location, keyring, marketplace, "http://localhost").await?;
        stage::serve(listener, sandbox.router());
        let erasing = Erasing::prepare(&stage, address).await?;
        let sealed = people(&stage).await?;
        let keys = stage.app.store().installation().read(store::backup::keys).await?.len();
        while stage.app.sequence_audit().await? > 0 {}
        let events = events(stage.app.store()).await?;
        Ok(Self { folder, programs: options.programs.clone(), erasing, keys, events, sealed })
    }

    fn shop(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn backup_arguments(&self) -> Vec<String> {
        ["backup", "--data", &self.path("shop"), "--to", &self.path("vault"), "--json"]
            .map(str::to_owned)
            .into()
    }

    fn restore_arguments(&self) -> Vec<String> {
        ["restore", "--from", &self.path("vault"), "--into", &self.path("new"), "--json"]
            .map(str::to_owned)
            .into()
    }

    fn rotate_arguments(&self) -> Vec<String> {
        ["keys", "rotate", "--data", &self.path("shop"), "--json"].map(str::to_owned).into()
    }

    fn retire_arguments(&self) -> Vec<String> {
        ["keys", "retire", "--data", &self.path("shop"), "--give-up-backups"].map(str::to_owned).into()
    }

    fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.programs.shipped);
        command.args(arguments).env_clear().env("HOME", self.folder.path());
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn done(&self, arguments: &[String]) -> Result<Output> {
        let output = self.command(arguments).output()?;
        if output.status.success() { Ok(output) } else { Err(said(&output).into()) }
    }

    /// The work, to its end: so long it takes.
    fn whole(&self, what: What) -> Result<()> {
        match what {
            What::Backup => self.done(&self.backup_arguments()).map(drop),
            What::Restore => {
                if !Path::new(&self.path("vault")).exists() {
                    self.done(&self.backup_arguments())?;
                }
                self.empty("new")?;
                self.done(&self.restore_arguments()).map(drop)
            }
            What::Rotation => self.done(&self.rotate_arguments()).map(drop),
            What::Erasure => Erasing::whole(&self.programs.with_points, &self.shop()),
        }
    }

    /// An empty folder with the shop's key file.
    fn empty(&self, name: &str) -> Result<()> {
        let folder = self.folder.path().join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir(&folder)?;
        std::fs::copy(self.shop().join("keys"), folder.join("keys"))?;
        Ok(())
    }

    /// Runs a command and ends it by force; says whether it was still at work.
    fn kill(&self, arguments: &[String], after: Duration) -> Result<bool> {
        let mut child = self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        wait(after);
        let at_work = child.try_wait()?.is_none();
        child.kill()?;
        child.wait()?;
        Ok(at_work)
    }

    fn kill_a_restore(&self, after: Duration, number: u32, kept: &mut Kept) -> Result<bool> {
        self.empty("new")?;
        let hit = self.kill(&self.restore_arguments(), after)?;
        if !Path::new(&self.path("new")).join("lojista.sqlite").exists() {
            // Cut off, it left the place as empty as it was.
            let again = self.command(&self.restore_arguments()).output()?;
            if !again.status.success() {
                kept.lost.push(format!("point {number}, a restore cannot be repeated: {}", said(&again)));
            }
        }
        Ok(hit)
    }

    /// Every other time by the command, and by a running shop.
    async fn kill_a_rotation(&self, after: Duration, number: u32) -> Result<bool> {
        if number.is_multiple_of(2) {
            return self.kill(&self.rotate_arguments(), after);
        }
        let arguments = ["serve", "--data", &self.path("shop"), "--listen", "127.0.0.1:0", "--json"];
        let environment = BTreeMap::from([("HOME", self.path(""))]);
        let log = self.folder.path().join("log");
        let mut program = Program::start(&self.programs.shipped, &arguments, &environment, &log)?;
        program.ready()?;
        let begin = [self.rotate_arguments(), vec!["--no-wait".to_owned()]].concat();
        self.done(&begin)?;
        // The shop looks every other second.
        tokio::time::sleep(after).await;
        let at_work = program.ended()?.is_none();
        program.kill()?;
        Ok(at_work)
    }

    /// Erases a batch of buyers of whom a backup knows, cut off and then to its end.
    async fn kill_erasures(&self, after: Duration, number: u32, kept: &mut Kept) -> Result<bool> {
        let shop = self.shop();
        self.erasing.put(&shop).await?;
        let before = self.done(&self.backup_arguments())?;
        let before: serde_json::Value = serde_json::from_slice(&before.stdout)?;
        let at = before["taken_at"].as_str().ok_or("a backup does not say when it was taken")?;
        let (hit, done) = Erasing::kill(&self.programs.with_points, &shop, after)?;
        self.erasing.judge(&shop, &done, number, kept).await?;
        Erasing::whole(&self.programs.with_points, &shop)?;
        self.done(&self.backup_arguments())?;
        self.empty("new")?;
        self.done(&[self.restore_arguments(), vec!["--at".to_owned(), at.to_owned()]].concat())?;
        self.erasing.judge_all(&shop, Path::new(&self.path("new")), number, kept).await?;
        Ok(hit)
    }

    async fn judge(&self, what: What, number: u32, kept: &mut Kept) -> Result<()> {
        let lost = |kept: &mut Kept, why: String| {
            kept.lost.push(format!("point {number}, {}: {why}", what.as_str()));
        };
        match self.look(&self.shop(), kept, number).await {
            Ok(None) => {}
            Ok(Some(why)) => lost(kept, why),
            Err(error) => lost(kept, error.to_string()),
        }
        if what == What::Restore {
            match self.look(Path::new(&self.path("new")), kept, number).await {
                Ok(None) => {}
                Ok(Some(why)) => lost(kept, format!("restored: {why}")),
                Err(error) => lost(kept, format!("restored: {error}")),
            }
        }
        if what == What::Backup {
            self.judge_backups(number, kept).await?;
        }
        if what == What::Rotation {
            // It goes on where it was, whoever held it.
            self.forget_leases().await?;
            let again = self.command(&self.rotate_arguments()).output()?;
            if !again.status.success() {
                lost(kept, said(&again));
            }
        }
        Ok(())
    }

    /// The newest backup there comes back whole, and no run that was cut off counts as good.
    async fn judge_backups(&self, number: u32, kept: &mut Kept) -> Result<()> {
        self.forget_leases().await?;
        self.empty("new")?;
        let restored = self.command(&self.restore_arguments()).output()?;
        if !restored.status.success() {
            kept.falsely_good.push(format!("point {number}, the newest backup: {}", said(&restored)));
            return Ok(());
        }
        let shown: serde_json::Value = serde_json::from_slice(&restored.stdout)?;
        let store = open(&self.shop()).await?;
        let last = store
            .installation()
            .read(|tx| {
                store::backup::last(tx, store::backup::RunKind::Backup, Some(store::backup::RunState::Good))
            })
            .await?;
        let known = last.and_then(|run| run.number).unwrap_or_default();
        if shown["number"].as_i64().unwrap_or_default() < known {
            kept.falsely_good.push(format!("point {number}: backup {known} is called good and is not there"));
        }
        Ok(())
    }

    /// What died holds nothing up.
    async fn forget_leases(&self) -> Result<()> {
        let forget = |tx: &mut Tx<'_>| {
            tx.execute("UPDATE backup_run SET lease_until = 0 WHERE state = 'running'", &[])?;
            tx.execute("UPDATE key_rotation SET lease_until = 0", &[])?;
            tx.execute("DELETE FROM key_holder", &[])
        };
        Ok(open(&self.shop()).await?.installation().write(forget).await.map(drop)?)
    }

    /// What is wrong with a shop: a key that does not unwrap, a value that does not open, rows
    /// that went, a rotation that says it ended and did not.
    async fn look(&self, shop: &Path, kept: &mut Kept, number: u32) -> Result<Option<String>> {
        let keyring = Keyring::load(&shop.join("keys"))?;
        let store = open(shop).await?;
        let (keys, rotation, counts) = store
            .installation()
            .read(|tx| {
                Ok((store::backup::keys(tx)?, store::rotation::last(tx)?, store::rotation::counts(tx)?))
            })
            .await?;
        if keys.len() != self.keys {
            return Ok(Some(format!("{} keys are there, of {}", keys.len(), self.keys)));
        }
        let mut opened = BTreeMap::new();
        for key in &keys {
            let owner = key.context();
            let context = KeyContext { organization: Some(key.organization), owner: &owner };
            match keyring.unwrap(key.id, &key.wrapped, &context) {
                Ok(plain) => opened.insert(owner, (key.organization, plain)),
                Err(error) => return Ok(Some(format!("the key {}: {error}", key.id))),
            };
        }
        // tidy: allowed because the torture opens nothing but what it sealed itself.
        let grant = Grant::issue(Actor::system("torture"), Purpose::Seal, SystemClock.now());
        for thing in &self.sealed {
            let owner = KeyOwner::Subject(thing.subject).context();
            let Some((organization, key)) = opened.get(&owner) else {
                return Ok(Some(format!("the key of {owner} is gone")));
            };
            let place = Place::new(*organization, "torture", "name", thing.subject, 1);
            if let Err(error) = vault::open(key, &place, &thing.sealed, &grant) {
                return Ok(Some(format!("what {owner} has: {error}")));
            }
        }
        let events = events(&store).await?;
        if events < self.events {
            return Ok(Some(format!("{events} events are there, of {}", self.events)));
        }
        let is_done = rotation.as_ref().is_some_and(|it| it.state == RotationState::Done);
        if let Some(rotation) = rotation
            && is_done
            && counts.iter().any(|(kek, _)| *kek != rotation.kek)
        {
            kept.falsely_good.push(format!("point {number}: a rotation ended, and keys are under others"));
        }
        Ok(None)
    }
}

/// Waits on a thread that has nothing else to do: the work runs in another process.
pub(super) fn wait(span: Duration) {
    let (_held, never) = std::sync::mpsc::channel::<()>();
    let _ = never.recv_timeout(span);
}

pub(super) async fn open(shop: &Path) -> Result<Store> {
    let location = Location::File(shop.join("lojista.sqlite"));
    Ok(tokio::task::spawn_blocking(move || Store::open(&location)).await??)
}

async fn events(store: &Store) -> Result<i64> {
    let count = "SELECT COUNT(*) FROM audit_event";
    let events = store.installation().read(move |tx| tx.row(count, &[], |row| row.get(0))).await?;
    Ok(events.unwrap_or_default())
}

/// Keeps a key for each of many people, and seals something for some.
async fn people(stage: &Stage) -> Result<Vec<SealedThing>> {
    let app = stage.app.clone();
    let data = stage.app.organization(stage.organization);
    let sealed = data.write(move |tenant| {
        let mut sealed = Vec::new();
        for number in 0..PEOPLE {
            let thing = person(tenant, app.keyring(), number < SEALED)?;
            sealed.extend(thing);
        }
        Ok(sealed)
    });
    Ok(sealed.await?)
}

fn person(tenant: &mut Tenant<'_, '_>, keyring: &Keyring, seals: bool) -> StoreResult<Option<SealedThing>> {
    let now = SystemClock.now();
    let subject = SubjectId::new(now, &OsEntropy);
    let key = DataKey::generate(now, &OsEntropy);
    let owner = KeyOwner::Subject(subject);
    let text = owner.context();
    let organization = tenant.organization_id();
    let context = KeyContext { organization: Some(organization), owner: &text };
    let failed = |error: vault::SealError| store::StoreError::Driver(error.to_string());
    let wrapped = keyring.wrap(&key, &context, &OsEntropy).map_err(failed)?;
    tenant.keep_data_key(owner, key.id(), &wrapped, now)?;
    if !seals {
        return Ok(None);
    }
    let place = Place::new(organization, "torture", "name", subject, 1);
    let name = Confidential::new(format!("person {subject}"));
    let sealed = vault::seal(&key, &place, &name, &OsEntropy).map_err(failed)?;
    Ok(Some(SealedThing { subject, sealed }))
}

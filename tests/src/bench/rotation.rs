//! How long it takes to turn the key over very many data keys, and what readers notice.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::keys::Progress;
use domain::{Actor, Clock as _, DataKeyId, Entropy as _, OrganizationId, SubjectId, TypedId as _};
use sandbox::{Sandbox, SandboxConfig};
use store::keys::KeyOwner;
use store::{Engine, Tx, Val};
use vault::{DataKey, KekId, KeyContext, Keyring, OsEntropy};

use super::load::quantile;
use super::report::{Bound, Figure, Report};
use super::stage::{self, Ground, Stage, SystemClock};
use super::{Error, Result};

const BENCH: &str = "rotation";
/// What the house promises for a million keys, in seconds.
const LIMIT_SECONDS: f64 = 600.0;
/// The number of keys that the promise is for.
const PROMISED_KEYS: u32 = 1_000_000;
/// What a read may take meanwhile, against before.
const LIMIT_READS: f64 = 1.2;
/// Keys put by one statement: 6 parameters each stay below both engines' limits.
const PUT_AT_ONCE: usize = 500;
/// Statements of one transaction.
const PUT_STATEMENTS: usize = 20;
/// Keys that readers ask for.
const SAMPLE: usize = 1_000;
/// Between two reads: as a shop reads, not as a flood.
const BETWEEN_READS: Duration = Duration::from_millis(2);

/// Measures on one database.
pub fn run(ground: &Ground, keys: u32, report: &mut Report) -> Result<()> {
    stage::server_runtime()?.block_on(measure(ground, keys, report))
}

async fn measure(ground: &Ground, keys: u32, report: &mut Report) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let keyring = Keyring::create(&folder.path().join("keys"), &OsEntropy)?;
    let sandbox = Sandbox::new(SandboxConfig::new(Arc::new(SystemClock)));
    let marketplace = stage::registration(&sandbox.manifest()).ok_or("the sandbox has no application")?;
    let stage = Stage::open(&ground.location, keyring, marketplace, "http://localhost").await?;
    eprintln!("bench: putting {keys} keys on {} …", ground.name);
    let sample = put_keys(&stage, keys).await?;

    let mut before = read_for(&stage, &sample, keys_before(keys)).await?;
    let kek = stage.app.begin_rotation(&Actor::system("bench")).await?.ok_or("a rotation is under way")?;
    let app = stage.app.clone();
    let begun = Instant::now();
    let turning = tokio::spawn(async move { app.turn_keys().await });
    let mut during = Vec::new();
    while !turning.is_finished() {
        during.append(&mut read_for(&stage, &sample, 50).await?);
    }
    let turned = turning.await??;
    let took = begun.elapsed().as_secs_f64();
    if turned != Progress::Ended {
        return Err(Error::from(format!("the rotation did not end: {turned:?}")));
    }
    let left = stage.app.store().installation().read(store::rotation::counts).await?;
    if left.iter().any(|(under, _)| *under != kek) {
        return Err("keys are left under the former key".into());
    }
    let mut figure = |name: String, value, unit, bound| {
        report.add(Figure { bench: BENCH, database: ground.name, name, value, unit, bound });
    };
    let promised = keys >= PROMISED_KEYS;
    figure(format!("{keys} keys: time"), took, "s", promised.then_some(Bound::AtMost(LIMIT_SECONDS)));
    before.sort_unstable();
    during.sort_unstable();
    for (share, name, bound) in [(0.5, "p50", Some(Bound::AtMost(LIMIT_READS))), (0.95, "p95", None)] {
        let (was, is) = (quantile(&before, share).as_secs_f64(), quantile(&during, share).as_secs_f64());
        figure(format!("reads before: {name}"), was * 1e6, "µs", None);
        figure(format!("reads meanwhile: {name}"), is * 1e6, "µs", None);
        figure(format!("reads meanwhile ÷ before: {name}"), is / was, "ratio", bound);
    }
    report.note(
        "rotation: a read finds a data key by its owner and unwraps it, every 2 ms; meanwhile the same process \
         turns the keys, as a shop does",
    );
    Ok(())
}

/// Reads that tell how it was before: some seconds of them at most.
fn keys_before(keys: u32) -> usize {
    usize::try_from(keys / 100).unwrap_or(usize::MAX).clamp(200, 2_000)
}

async fn put_keys(stage: &Stage, keys: u32) -> Result<Vec<SubjectId>> {
    let mut sample = Vec::new();
    let (mut left, every) = (usize::try_from(keys)?, usize::try_from(keys)?.div_ceil(SAMPLE).max(1));
    let kek = stage.app.keyring().primary();
    while left > 0 {
        let count = left.min(PUT_AT_ONCE * PUT_STATEMENTS);
        let (app, organization) = (stage.app.clone(), stage.organization);
        let made = tokio::task::spawn_blocking(move || make(app.keyring(), kek, organization, count)).await?;
        let made = made.map_err(|error| Error::from(error.to_string()))?;
        sample.extend(made.iter().step_by(every).map(|key| key.subject));
        let put = stage
            .app
            .store()
            .installation()
            .write(move |tx| made.chunks(PUT_AT_ONCE).try_for_each(|some| put(tx, organization, some)));
        put.await?;
        left -= count;
    }
    if stage.app.store().installation().engine() == Engine::Postgres {
        // Its autovacuum would do so by itself, soon after a table has grown.
        stage.app.store().installation().write(|tx| tx.execute("ANALYZE", &[])).await?;
    }
    Ok(sample)
}

struct Made {
    id: DataKeyId,
    subject: SubjectId,
    wrapped: Vec<u8>,
}

fn make(
    keyring: &Keyring,
    kek: KekId,
    organization: OrganizationId,
    count: usize,
) -> std::result::Result<Vec<Made>, vault::SealError> {
    (0..count)
        .map(|_| {
            let now = SystemClock.now();
            let (key, subject) = (DataKey::generate(now, &OsEntropy), SubjectId::new(now, &OsEntropy));
            let owner = KeyOwner::Subject(subject).context();
            let context = KeyContext { organization: Some(organization), owner: &owner };
            let wrapped = keyring.wrap_under(kek, &key, &context, &OsEntropy)?;
            Ok(Made { id: key.id(), subject, wrapped: wrapped.as_bytes().to_vec() })
        })
        .collect()
}

fn put(tx: &mut Tx<'_>, organization: OrganizationId, keys: &[Made]) -> store::StoreResult<()> {
    let mut values: Vec<Val<'_>> = Vec::with_capacity(keys.len() * 6);
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let at = values.len();
        rows.push(format!("(${}, ${}, ${}, ${}, ${}, ${})", at + 1, at + 2, at + 3, at + 4, at + 5, at + 6));
        values.extend::<[Val<'_>; 6]>([
            key.id.into(),
            organization.into(),
            "subject".into(),
            Val::Id(key.subject.to_bytes()),
            (&key.wrapped).into(),
            SystemClock.now().into(),
        ]);
    }
    let sql = format!(
        "INSERT INTO data_key (id, organization_id, owner_kind, owner_id, wrapped, created_at) VALUES {}",
        rows.join(", ")
    );
    tx.execute(&sql, &values).map(drop)
}

/// So many reads of keys, one after another.
async fn read_for(stage: &Stage, sample: &[SubjectId], reads: usize) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(reads);
    for _ in 0..reads {
        let subject = sample[usize::try_from(OsEntropy.below(sample.len() as u64))?];
        let owner = KeyOwner::Subject(subject);
        let begun = Instant::now();
        let data = stage.app.organization(stage.organization);
        let held = data.read(move |tenant| tenant.data_key(owner)).await?;
        let (id, wrapped) = held.ok_or("a key is gone")?;
        let text = owner.context();
        let context = KeyContext { organization: Some(stage.organization), owner: &text };
        black_box(stage.app.keyring().unwrap(id, &wrapped, &context)?);
        times.push(begun.elapsed());
        tokio::time::sleep(BETWEEN_READS).await;
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_reads_to_compare_with_however_few_keys_there_are() {
        assert_eq!((keys_before(10), keys_before(1_000_000)), (200, 2_000));
    }
}

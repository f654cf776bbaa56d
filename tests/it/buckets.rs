//! Backups go into a bucket and come back from it, whatever goes wrong on the way, on either
//! database.

use std::sync::Arc;
use std::time::Duration;

use app::backup::bucket::InBucket;
use app::backup::depot::{Depot, DepotError, DepotName, try_out};
use app::backup::{BackupError, Plan, Restore};
use bytes::Bytes;
use connect::HttpTransport;
use connect::bucket::{Bucket, BucketError, BucketPlace, Patience, Style, place};
use domain::{ManualClock, Restricted, SeededEntropy};
use sandbox::s3::{S3, S3Fault, S3Manifest, S3Rules, S3Trouble};
use store::backup::{RunKind, RunState};
use tempfile::TempDir;
use tests::TestApp;
use tests::database::{folder, one_more_schema};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use vault::sigv4::AccessKey;

use crate::backups::{
    a_days_work, assert_same, backed_up, drilled, keys_of, refusal, restored_to_a_file, run,
};

/// How often something is tried, without a pause between.
const TRIES: u32 = 4;
const PREFIX: &str = "casa/1";

/// A simulated bucket, and a shop's place in it.
struct Stored {
    s3: S3,
    clock: Arc<ManualClock>,
    depot: Arc<InBucket>,
    scratch: TempDir,
    _serving: JoinSet<()>,
}

impl Stored {
    async fn of(shop: &TestApp) -> Self {
        let stored = Self::opened(Arc::new(ManualClock::at(shop.now()))).await;
        stored.plan(shop);
        stored
    }

    async fn opened(clock: Arc<ManualClock>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let s3 = S3::new(S3Manifest::at(format!("http://{address}")), Arc::clone(&clock) as _);
        let serving = s3.spawn(listener);
        let depot = depot(s3.manifest(), &clock, Style::Path);
        Self { s3, clock, depot, scratch: folder(), _serving: serving }
    }

    fn plan(&self, shop: &TestApp) {
        let depot = Arc::clone(&self.depot) as Arc<dyn Depot>;
        let scratch = self.scratch.path().join("scratch");
        shop.app().plan_backups(Plan { depot, every: Duration::from_hours(1), keep_days: 30, scratch });
    }

    fn restore(&self, shop: &TestApp) -> Restore {
        Restore {
            depot: Arc::clone(&self.depot) as _,
            keyring: keys_of(shop),
            at: None,
            clock: Arc::new(ManualClock::at(shop.now())),
            entropy: Arc::new(vault::OsEntropy),
            progress: Arc::new(|_, _| {}),
        }
    }

    /// Keys below a first part.
    fn keys(&self, first: &str) -> Vec<String> {
        let start = format!("{PREFIX}/{first}/");
        self.s3.objects().into_keys().filter(|key| key.starts_with(&start)).collect()
    }

    fn change(&self, key: &str, how: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.s3.objects()[key].to_vec();
        how(&mut bytes);
        self.s3.plant(key, Some(bytes.into()));
    }

    /// Does something with the depot where waiting is allowed.
    async fn with<T: Send + 'static>(&self, work: impl FnOnce(&InBucket) -> T + Send + 'static) -> T {
        let depot = Arc::clone(&self.depot);
        tokio::task::spawn_blocking(move || work(&depot)).await.expect("it ends")
    }
}

fn depot(manifest: &S3Manifest, clock: &Arc<ManualClock>, style: Style) -> Arc<InBucket> {
    let secret = Restricted::new(manifest.secret_access_key.clone());
    let key = AccessKey::new(manifest.access_key_id.clone(), secret, manifest.region.clone());
    let endpoint = match style {
        Style::Path => manifest.endpoint.clone(),
        Style::VirtualHost => manifest.endpoint.replace("127.0.0.1", "localhost"),
    };
    let endpoint = place::endpoint(&endpoint).expect("this machine");
    let place = BucketPlace::new(endpoint, manifest.bucket.clone(), PREFIX.into(), style, key);
    let patience = Patience { tries: TRIES, longest_pause: Duration::ZERO };
    let transport = Arc::new(HttpTransport::new().expect("a network"));
    let entropy = Arc::new(SeededEntropy::new(7));
    let bucket = Bucket::new(place.expect("a place"), transport, Arc::clone(clock) as _, entropy, patience);
    Arc::new(InBucket::new(bucket).expect("threads"))
}

fn name(text: &str) -> DepotName {
    DepotName::parse(text).expect("a name")
}

fn some(count: u32, kind: S3Trouble) -> S3Fault {
    S3Fault { count: Some(count), ..S3Fault::of(kind) }
}

fn refusing(status: u16, code: &str) -> S3Trouble {
    S3Trouble::Refuse { status, code: code.into() }
}

on_both! {
    async fn a_shop_goes_into_a_bucket_and_comes_back_row_for_row(shop) {
        let stored = Stored::of(&shop).await;
        // Lists of a bucket come in pages.
        stored.s3.set_rules(S3Rules { page_keys: 7, wants_checksums: true, ..S3Rules::default() });
        a_days_work(&shop).await;
        let first = backed_up(&shop).await;
        let second = backed_up(&shop).await;
        assert!(second.bytes_added.unwrap() < first.bytes_added.unwrap(), "{second:?} after {first:?}");
        assert_eq!(stored.keys("lists").len(), 2);
        let again = stored.s3.log().iter().filter(|line| line.starts_with("PUT casa/1/chunks/")).count();
        assert_eq!(again, stored.keys("chunks").len(), "no chunk is put twice");

        let restore = stored.restore(&shop);
        let (_folder, place, restored) = restored_to_a_file(&restore).await;
        restored.expect("a file is filled");
        assert_same(&shop, &place).await;
        let (run, report) = drilled(&shop).await;
        assert_eq!((run.state, report.is_good()), (RunState::Good, true), "{:?}", run.error);
        let Some(schema) = one_more_schema() else { return };
        restore.run(&schema.location()).await.expect("a schema is filled");
        assert_same(&shop, &schema.location()).await;
    }

    async fn a_bad_day_at_the_bucket_passes_and_nothing_is_put_twice(shop) {
        let stored = Stored::of(&shop).await;
        a_days_work(&shop).await;
        for kind in [
            refusing(503, "SlowDown"),
            refusing(429, "TooManyRequests"),
            refusing(500, "InternalError"),
            refusing(400, "BadDigest"),
            S3Trouble::Broken,
            S3Trouble::LostAnswer,
        ] {
            // One put alone may meet them all, and still has a try left.
            let puts = S3Fault { method: Some("PUT".into()), ..some(TRIES - 1, kind.clone()) };
            let reads = S3Fault { method: Some("GET".into()), ..some(TRIES - 1, refusing(500, "InternalError")) };
            stored.s3.set_faults(vec![puts, reads]);
            backed_up(&shop).await;
        }
        let lists = |kind| S3Fault { key_prefix: format!("{PREFIX}/lists/"), method: Some("PUT".into()), ..some(1, kind) };
        stored.s3.set_faults(vec![lists(S3Trouble::LostAnswer), lists(refusing(503, "SlowDown"))]);
        backed_up(&shop).await;
        for kind in [S3Trouble::HalfBody, S3Trouble::Broken] {
            stored.s3.set_faults(vec![S3Fault { method: Some("GET".into()), ..some(TRIES - 1, kind) }]);
            let (_folder, place, restored) = restored_to_a_file(&stored.restore(&shop)).await;
            restored.expect("it is whole");
            assert_same(&shop, &place).await;
        }
    }

    async fn a_backup_cut_off_anywhere_is_no_backup(shop) {
        let stored = Stored::of(&shop).await;
        a_days_work(&shop).await;
        let mut deaths = 0;
        for after in [0, 1, 2, 5, 9, 12, 15, 18, 21, 24, 30, 40, 60] {
            for (key, _) in stored.s3.objects() {
                stored.s3.plant(&key, None);
            }
            let puts = S3Fault { method: Some("PUT".into()), after, ..S3Fault::of(S3Trouble::Broken) };
            stored.s3.set_faults(vec![puts]);
            let ended = run(&shop, RunKind::Backup).await;
            stored.s3.set_faults(Vec::new());
            if ended.state == RunState::Good {
                break;
            }
            deaths += 1;
            let words = ended.error.unwrap_or_default();
            assert!(words.contains("no answer in 4 tries"), "{words}");
            assert!(matches!(refusal(&stored.restore(&shop)).await, BackupError::NoBackup { .. }), "{after}");
            shop.wait(Duration::from_millis(10));
        }
        assert!(deaths > 5, "{deaths} deaths");
        backed_up(&shop).await;
        let (_folder, place, restored) = restored_to_a_file(&stored.restore(&shop)).await;
        restored.expect("the whole one is restored");
        assert_same(&shop, &place).await;
    }

    async fn objects_that_were_cut_changed_swapped_or_taken_away_are_found(shop) {
        let stored = Stored::of(&shop).await;
        a_days_work(&shop).await;
        backed_up(&shop).await;
        let restore = stored.restore(&shop);
        let chunks = stored.keys("chunks");
        let whole = stored.s3.objects();
        let put_back = |key: &str| stored.s3.plant(key, Some(whole[key].clone()));

        stored.change(&chunks[0], |bytes| bytes.truncate(bytes.len() / 2));
        let words = refusal(&restore).await.to_string();
        assert!(words.contains("it was cut"), "{words}");
        let ended = run(&shop, RunKind::Drill).await;
        assert_eq!(ended.state, RunState::Failed, "a drill finds it, too");
        put_back(&chunks[0]);
        stored.change(&chunks[1], |bytes| *bytes.last_mut().unwrap() ^= 1);
        assert!(matches!(refusal(&restore).await, BackupError::Chunk { .. }));
        stored.s3.plant(&chunks[1], Some(whole[&chunks[0]].clone()));
        let words = refusal(&restore).await.to_string();
        assert!(words.contains("another chunk"), "{words}");
        stored.s3.plant(&chunks[1], None);
        assert!(matches!(refusal(&restore).await, BackupError::Depot(DepotError::Missing(_))));
        // The next backup looks at lengths and puts there anew what was cut or taken away.
        stored.change(&chunks[0], |bytes| bytes.truncate(bytes.len() / 2));
        backed_up(&shop).await;
        let (_folder, place, restored) = restored_to_a_file(&restore).await;
        restored.expect("it is whole again");
        assert_same(&shop, &place).await;

        let list = stored.keys("lists").pop().unwrap();
        stored.change(&list, |bytes| bytes.truncate(bytes.len() - 9));
        assert!(matches!(refusal(&restore).await, BackupError::ListCut));
        for kind in [S3Trouble::HtmlBody, S3Trouble::CutBody, S3Trouble::FlippedBody] {
            stored.s3.set_faults(vec![S3Fault { key_prefix: list.clone(), ..S3Fault::of(kind) }]);
            refusal(&restore).await;
        }
    }

    async fn a_bucket_that_refuses_deletes_is_told_of_and_asked_once_for_each_set(shop) {
        let stored = Stored::of(&shop).await;
        a_days_work(&shop).await;
        for _ in 0..3 {
            backed_up(&shop).await;
            shop.wait(Duration::from_mins(61));
            stored.clock.advance(Duration::from_mins(61));
        }
        shop.wait(Duration::from_hours(24 * 40));
        stored.clock.advance(Duration::from_hours(24 * 40));
        stored.s3.set_rules(S3Rules { denied: vec!["delete".into()], ..S3Rules::default() });
        let ended = run(&shop, RunKind::Backup).await;
        assert_eq!(ended.state, RunState::Good, "the backup stands");
        let words = ended.error.unwrap_or_default();
        assert!(words.contains("lists of backups that outlived their days are still there"), "{words}");
        assert!(words.contains("s3:DeleteObject"), "{words}");
        let deletes = |stored: &Stored| stored.s3.log().iter().filter(|line| line.starts_with("DELETE")).count();
        assert_eq!(deletes(&stored), 2, "one try for data, one for keys");
        assert_eq!(stored.keys("lists").len(), 4);

        stored.s3.set_rules(S3Rules::default());
        shop.wait(Duration::from_mins(1));
        backed_up(&shop).await;
        assert_eq!(stored.keys("lists").len(), 2, "allowed again, it is done");
        let (_folder, place, restored) = restored_to_a_file(&stored.restore(&shop)).await;
        restored.expect("what is kept is whole");
        assert_same(&shop, &place).await;
    }

    async fn what_is_wrong_with_the_place_is_said_and_no_backup_is_good(shop) {
        let stored = Stored::of(&shop).await;
        a_days_work(&shop).await;
        let deny = |what: &str| S3Rules { denied: vec![what.into()], ..S3Rules::default() };
        let skewed = S3Rules { clock_ahead_seconds: -3_600, ..S3Rules::default() };
        for (rules, faults, expected) in [
            (deny("write"), None, "s3:PutObject"),
            (deny("list"), None, "s3:ListBucket"),
            (skewed, None, "too far apart (3600 s)"),
            (S3Rules::default(), Some(refusing(404, "NoSuchBucket")), "no bucket loja-backups"),
            (S3Rules::default(), Some(refusing(507, "XMinioStorageFull")), "is full"),
            (S3Rules::default(), Some(S3Trouble::HtmlBody), "does not answer like S3-compatible storage"),
        ] {
            stored.s3.set_rules(rules);
            stored.s3.set_faults(faults.into_iter().map(S3Fault::of).collect());
            let ended = run(&shop, RunKind::Backup).await;
            let words = ended.error.unwrap_or_default();
            assert!(ended.state == RunState::Failed && words.contains(expected), "{words}");
            shop.wait(Duration::from_secs(1));
        }
        stored.s3.set_rules(S3Rules::default());
        stored.s3.set_faults(Vec::new());
        assert_eq!(stored.keys("lists"), [""; 0]);
        assert!(matches!(refusal(&stored.restore(&shop)).await, BackupError::NoBackup { .. }));
        backed_up(&shop).await;
    }
}

fn alone(work: impl AsyncFnOnce(Stored)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let clock = Arc::new(ManualClock::at(domain::Timestamp::from_millis(1_795_366_991_000)));
        work(Stored::opened(clock).await).await;
    });
}

#[test]
fn a_bucket_keeps_what_is_put_and_never_writes_over_it() {
    alone(async |stored| {
        for is_conditional in [true, false] {
            stored.s3.set_rules(S3Rules { is_conditional, page_keys: 1, ..S3Rules::default() });
            stored
                .with(|depot| {
                    let (one, other) = (name("lists/1"), name("lists/2"));
                    depot.put(&one, b"one").unwrap();
                    depot.put(&other, b"two").unwrap();
                    depot.settle().unwrap();
                    depot.put(&one, b"else").unwrap();
                    assert!(matches!(depot.settle(), Err(DepotError::Taken(taken)) if taken == one));
                    assert_eq!(depot.get(&one, 3).unwrap(), b"one");
                    assert!(matches!(depot.get(&one, 2), Err(DepotError::TooLong { .. })));
                    assert_eq!(depot.held("lists").unwrap(), [(one.clone(), 3), (other.clone(), 3)].into());
                    depot.replace(&other, b"second").unwrap();
                    depot.settle().unwrap();
                    assert_eq!(depot.get(&other, 6).unwrap(), b"second");
                    for it in [&one, &other] {
                        depot.remove(it).unwrap();
                        assert!(matches!(depot.get(it, 9), Err(DepotError::Missing(_))));
                    }
                    depot.remove(&one).unwrap();
                    assert_eq!(depot.list("lists").unwrap(), []);
                })
                .await;
        }
    });
}

#[test]
fn either_style_of_address_leads_to_the_same_objects() {
    alone(async |stored| {
        stored.with(|depot| depot.put(&name("lists/1"), b"one").and_then(|()| depot.settle())).await.unwrap();
        let other = depot(stored.s3.manifest(), &stored.clock, Style::VirtualHost);
        let found = tokio::task::spawn_blocking(move || other.get(&name("lists/1"), 3)).await.unwrap();
        assert_eq!(found.unwrap(), b"one");
    });
}

#[test]
fn trying_a_place_out_names_each_permission_that_is_missing() {
    alone(async |stored| {
        let tried = |stored: &Stored| {
            let depot = Arc::clone(&stored.depot);
            async move { tokio::task::spawn_blocking(move || try_out(&*depot, 5)).await.unwrap() }
        };
        assert!(tried(&stored).await.is_empty());
        assert!(stored.s3.objects().is_empty(), "nothing is left there");
        for (denied, permission) in [
            ("write", "s3:PutObject"),
            ("read", "s3:GetObject"),
            ("list", "s3:ListBucket"),
            ("delete", "s3:DeleteObject"),
        ] {
            stored.s3.set_rules(S3Rules { denied: vec![denied.into()], ..S3Rules::default() });
            let troubles = tried(&stored).await;
            assert_eq!(troubles.len(), 1, "{troubles:?}");
            assert!(matches!(troubles[0], DepotError::Bucket(BucketError::Denied { .. })), "{troubles:?}");
            assert!(troubles[0].to_string().contains(permission), "{troubles:?}");
        }
    });
}

#[test]
fn a_key_that_is_wrong_in_any_part_is_refused_by_that_name() {
    alone(async |stored| {
        let good = stored.s3.manifest().clone();
        let wrong = |how: fn(&mut S3Manifest)| {
            let mut manifest = good.clone();
            how(&mut manifest);
            let depot = depot(&manifest, &stored.clock, Style::Path);
            async move {
                let asked = tokio::task::spawn_blocking(move || depot.held("lists").unwrap_err());
                asked.await.unwrap().to_string()
            }
        };
        let words = wrong(|it| it.secret_access_key.push('x')).await;
        assert!(words.contains("LOJISTA_BACKUP_S3_SECRET_ACCESS_KEY"), "{words}");
        let words = wrong(|it| it.access_key_id.push('x')).await;
        assert!(words.contains("LOJISTA_BACKUP_S3_ACCESS_KEY_ID"), "{words}");
        let words = wrong(|it| it.region = "us-east-1".into()).await;
        assert!(words.contains("but in sa-east-1"), "{words}");
        let words = wrong(|it| it.bucket = "other".into()).await;
        assert!(words.contains("no bucket other"), "{words}");
        let words = wrong(|it| it.endpoint = "http://127.0.0.1:9".into()).await;
        assert!(words.contains("no answer in 4 tries"), "{words}");
    });
}

#[test]
fn an_object_planted_beside_ours_is_not_taken_for_one() {
    alone(async |stored| {
        for key in ["casa/1/lists/A.b", "casa/1/lists/a/b/c", "casa/10/lists/1", "lists/1", "casa/1/lists"] {
            stored.s3.plant(key, Some(Bytes::from_static(b"x")));
        }
        assert_eq!(stored.with(|depot| depot.list("lists").unwrap()).await, []);
    });
}

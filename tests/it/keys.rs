//! Keys are turned while the shop runs: nothing is lost, nothing is wrapped by a key that
//! was given up, and whoever has the wrong key file is told and changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::backup::depot::Folder;
use app::backup::{BackupError, Plan, Restore};
use app::keys::{KEK_MAX_AGE, KeysError, Progress, TOKEN_KEY_MAX_AGE, Wheel};
use app::sign_in::Visit;
use app::{App, AppError, steps};
use domain::{Actor, ConnectionId, Restricted, SeededEntropy, SubjectId};
use store::backup::{self as tables, RunKind, RunState};
use store::keys::KeyOwner;
use store::rotation::{self, KekState, RotationState};
use store::{Location, StoreError, Tx, params};
use tempfile::TempDir;
use tests::TestApp;
use tests::database::{file_in, folder};
use tests::shop::{EMAIL, PASSWORD};
use vault::{DataKey, KekId, KeyContext, Keyring};

/// More than two batches of a rotation.
const MANY: i64 = 1_200;
/// Longer than the lease of a rotation whose node died.
const LEASE_OVER: Duration = Duration::from_secs(16);

fn by() -> Actor {
    Actor::system("command")
}

/// Gives the shop a data key for each of many people.
async fn many_people(shop: &TestApp, people: i64) {
    let app = shop.app();
    let now = shop.now();
    shop.app()
        .organization(shop.organization)
        .write(move |tenant| {
            let keyring = app.keyring();
            for _ in 0..people {
                let subject = SubjectId::new(now, app.entropy());
                let owner = KeyOwner::Subject(subject);
                let text = owner.context();
                let context = KeyContext { organization: Some(tenant.organization_id()), owner: &text };
                let key = DataKey::generate(now, app.entropy());
                let kek = store::keys::wrapping_kek(tenant)?.expect("a key wraps");
                let wrapped = keyring.wrap_under(kek, &key, &context, app.entropy());
                let wrapped = wrapped.expect("the key is held");
                tenant.keep_data_key(owner, key.id(), &wrapped, now)?;
            }
            Ok(())
        })
        .await
        .expect("the keys are kept");
}

/// Unwraps every data key with the key file as it is; gives how many each key wraps.
async fn all_unwrap(shop: &TestApp) -> BTreeMap<KekId, usize> {
    let keyring = Keyring::load(&shop.key_file()).expect("the key file can be read");
    let mut found = BTreeMap::new();
    for key in shop.read(tables::keys).await {
        let owner = key.context();
        let context = KeyContext { organization: Some(key.organization), owner: &owner };
        keyring.unwrap(key.id, &key.wrapped, &context).expect("every key unwraps");
        *found.entry(key.wrapped.kek_id().expect("it is wrapped")).or_default() += 1;
    }
    found
}

async fn primary(shop: &TestApp) -> KekId {
    shop.read(rotation::primary).await.expect("a key wraps")
}

async fn begun(shop: &TestApp) -> KekId {
    shop.app().begin_rotation(&by()).await.expect("it begins").expect("none was under way")
}

/// A rotation from its beginning to its end.
async fn rotated(shop: &TestApp) -> KekId {
    let kek = begun(shop).await;
    assert_eq!(shop.app().turn_keys().await.expect("it ends"), Progress::Ended);
    shop.wait(Duration::from_secs(1));
    kek
}

/// The shop still sells: a token opens, and the owner's address is found and opens.
async fn still_works(shop: &TestApp, units: i64) {
    let item = shop.market().items_of(sandbox::mercado_livre::seed::CLASSIC_SELLER, "CAN-INOX-500");
    let order = shop.sell(&item[0], units);
    shop.run_until_idle().await;
    assert!(shop.order(&order).await.is_some(), "the order was read with the account's token");
    let password = Restricted::new(PASSWORD.to_owned());
    let signed_in = shop.app().sign_in(EMAIL, password, &Visit::from_network("test")).await;
    assert!(signed_in.expect("the address is found").entered().is_some(), "and opens");
}

/// Everything that the database holds, as it stands; what shows that a process runs is left out.
async fn rows(shop: &TestApp) -> BTreeMap<String, Vec<String>> {
    shop.read(|tx| {
        let mut found = BTreeMap::new();
        for table in tables::tables(tx)?.into_iter().filter(|table| table.name != "key_holder") {
            let mut rows = Vec::new();
            tables::dump(tx, &table, None, |chunk| {
                rows.push(format!("{:?}", chunk.bytes));
                Ok::<_, StoreError>(())
            })?;
            found.insert(table.name, rows);
        }
        Ok(found)
    })
    .await
}

/// A copy of the shop's key file in a place of its own.
struct Copy {
    folder: TempDir,
}

impl Copy {
    fn of(shop: &TestApp) -> Self {
        let copy = Self { folder: folder() };
        copy.take(shop);
        copy
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("keys")
    }

    fn take(&self, shop: &TestApp) {
        let _ = fs::remove_file(self.path());
        fs::copy(shop.key_file(), self.path()).expect("the key file is copied");
    }
}

async fn looked(app: &App) -> Result<Progress, KeysError> {
    app.look_after_keys(&mut Wheel::default()).await
}

fn put(path: &Path, content: &[u8], mode: u32) {
    let _ = fs::remove_file(path);
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn plan(shop: &TestApp, folder: &TempDir) -> Arc<Folder> {
    let depot = Arc::new(Folder::at(folder.path().join("backups")));
    let scratch = folder.path().join("scratch");
    let every = Duration::from_hours(1);
    shop.app().plan_backups(Plan { depot: depot.clone(), every, keep_days: 30, scratch });
    depot
}

async fn backed_up(shop: &TestApp) {
    shop.app().ask_for_backup(RunKind::Backup, &by()).await.expect("it can be asked for");
    let run = shop.app().do_waiting_run().await.expect("it ends").expect("it was done");
    assert_eq!((run.state, run.error), (RunState::Good, None));
    shop.wait(Duration::from_secs(1));
}

fn restore(shop: &TestApp, depot: Arc<Folder>, keyring: Keyring) -> Restore {
    Restore {
        depot,
        keyring: Arc::new(keyring),
        at: None,
        clock: Arc::new(domain::ManualClock::at(shop.now())),
        entropy: Arc::new(vault::OsEntropy),
        progress: Arc::new(|_, _| {}),
    }
}

/// What a connection's tokens are sealed under, and which version they are.
async fn token_key(shop: &TestApp, id: ConnectionId) -> (domain::DataKeyId, i64) {
    let held = shop.see(move |tenant| tenant.credentials(id)).await.expect("the account is there");
    (held.key.expect("it has a key").0, held.connection.token_version)
}

on_both! {
    /// ASVS 11.2.2.
    async fn a_rotation_wraps_everything_anew_and_the_shop_goes_on_selling(shop) {
        shop.connect_classic().await;
        many_people(&shop, MANY).await;
        let before = all_unwrap(&shop).await;
        let old = primary(&shop).await;
        let index = shop.texts("SELECT name FROM setting ORDER BY name").await;

        let new = rotated(&shop).await;
        assert_ne!(new, old);
        let after = all_unwrap(&shop).await;
        assert_eq!(after, BTreeMap::from([(new, before[&old])]), "as many keys, all under the new one");
        let signing = shop.texts("SELECT value FROM setting WHERE name = 'audit_key'").await;
        assert_eq!(signing.len(), 1);
        let known: BTreeMap<_, _> =
            shop.read(rotation::keks).await.into_iter().map(|kek| (kek.id, kek.state)).collect();
        assert_eq!(known, BTreeMap::from([(new, KekState::Primary), (old, KekState::Former)]));
        still_works(&shop, 1).await;
        let retired = shop.app().retire_keks(&by(), false).await.expect("nothing needs the old key");
        assert_eq!((retired.keks, retired.backups_looked_at), (vec![old], false));
        assert_eq!(Keyring::load(&shop.key_file()).unwrap().kek_ids(), [new]);
        // Nothing but the new file, in a program that never saw the old one.
        shop.restart("node-2").await;
        still_works(&shop, 2).await;
        shop.app().sequence_audit().await.expect("the log is still signed");
        assert_eq!(shop.texts("SELECT name FROM setting ORDER BY name").await, index);
        for action in ["keys.rotation_begun", "keys.rotated", "keys.retired"] {
            let told = shop.texts("SELECT action FROM audit_event").await;
            assert_eq!(told.iter().filter(|it| *it == action).count(), 1, "{action}");
        }
    }

    async fn cut_off_at_any_step_it_goes_on_and_nothing_is_lost(shop) {
        shop.connect_classic().await;
        many_people(&shop, MANY).await;
        let keys: usize = all_unwrap(&shop).await.values().sum();
        let mut ends = BTreeSet::new();
        for death in 1_u32.. {
            shop.crash().after(death);
            let app = shop.app();
            let died = async {
                app.begin_rotation(&by()).await?;
                app.turn_keys().await?;
                app.retire_keks(&by(), false).await
            };
            let died = died.await;
            let ended = shop.crash().ended_at();
            ends.extend(ended);
            match (&died, ended) {
                (Err(KeysError::App(AppError::Died(_))), Some(_)) => {}
                (Ok(_), None) => {
                    shop.crash().disarm();
                    break;
                }
                (other, ended) => panic!("death {death} at {ended:?}: {other:?}"),
            }
            assert_eq!(all_unwrap(&shop).await.values().sum::<usize>(), keys, "after {ended:?}");
            shop.restart(&format!("node-{death}")).await;
            shop.wait(LEASE_OVER);
            // Asked for again, it goes on with the key that is in the file already.
            let begun = shop.app().begin_rotation(&by()).await.expect("it can be asked for again");
            assert_eq!(shop.app().turn_keys().await.expect("it ends"), Progress::Ended, "{begun:?}");
            let found = all_unwrap(&shop).await;
            assert_eq!(found, BTreeMap::from([(primary(&shop).await, keys)]), "after {ended:?}");
            shop.app().retire_keks(&by(), false).await.expect("nothing needs the former keys");
            assert_eq!(Keyring::load(&shop.key_file()).unwrap().kek_ids().len(), 1, "after {ended:?}");
        }
        assert_eq!(ends, BTreeSet::from(steps::ROTATION), "every step was one to die at");
        still_works(&shop, 1).await;
    }

    async fn a_node_with_an_older_key_file_is_waited_for_and_told(shop) {
        shop.connect_classic().await;
        let copy = Copy::of(&shop);
        let other = shop.process_with_keys("node-b", &copy.path()).await.expect("it starts");
        looked(&shop.app()).await.expect("a look");
        looked(&other).await.expect("a look");
        let old = primary(&shop).await;

        let new = begun(&shop).await;
        looked(&other).await.expect("a look");
        let waits = shop.app().turn_keys().await.expect("a try");
        let Progress::Waits(lacking) = waits else { panic!("it did not wait: {waits:?}") };
        assert_eq!(lacking.iter().map(|node| node.node.as_str()).collect::<Vec<_>>(), ["node-b"]);
        assert_eq!(primary(&shop).await, old, "nothing is wrapped by a key that a node lacks");
        let standing = other.keys_standing().await.expect("it can be looked at");
        assert_eq!(standing.lacking.len(), 1, "the page says whose file it is");
        assert!(standing.lacking[0].place.ends_with("keys"));
        // A program that starts meanwhile with the older file works: nothing is under the new key.
        shop.process_with_keys("node-c", &copy.path()).await.expect("it starts");

        copy.take(&shop);
        assert_eq!(looked(&other).await.expect("a look"), Progress::Ended, "any node goes on with it");
        looked(&shop.app()).await.expect("a look");
        assert_eq!((other.keyring().primary(), shop.app().keyring().primary()), (new, new));
        let (organization, now) = (shop.organization, shop.now());
        let app = other.clone();
        let data = other.organization(organization);
        let opened = data.write(move |tenant| {
            let subject = KeyOwner::Subject(SubjectId::new(now, app.entropy()));
            let text = subject.context();
            let context = KeyContext { organization: Some(organization), owner: &text };
            let key = DataKey::generate(now, app.entropy());
            let wrapped = app.keyring().wrap(&key, &context, app.entropy()).expect("it holds the key");
            tenant.keep_data_key(subject, key.id(), &wrapped, now).map(|_| ())
        });
        assert_eq!(opened.await, Ok(()), "the other node wraps by the new key");
        all_unwrap(&shop).await;
    }

    async fn a_node_that_slept_through_a_rotation_writes_nothing_and_says_what_to_do(shop) {
        let copy = Copy::of(&shop);
        let asleep = shop.process_with_keys("node-b", &copy.path()).await.expect("it starts");
        looked(&asleep).await.expect("a look");
        shop.wait(Duration::from_millis(rotation::HOLDER_LIVES_MS.unsigned_abs() + 1));
        let new = rotated(&shop).await;
        shop.app().retire_keks(&by(), false).await.expect("nothing needs the former key");
        let before = rows(&shop).await;

        let (organization, now, app) = (shop.organization, shop.now(), asleep.clone());
        let data = asleep.organization(organization);
        let written = data.write(move |tenant| {
            let owner = KeyOwner::Subject(SubjectId::new(now, app.entropy()));
            let text = owner.context();
            let context = KeyContext { organization: Some(organization), owner: &text };
            let key = DataKey::generate(now, app.entropy());
            let wrapped = app.keyring().wrap(&key, &context, app.entropy()).expect("its own key");
            tenant.keep_data_key(owner, key.id(), &wrapped, now).map(|_| ())
        });
        let refused = written.await.expect_err("it wraps by a key that was given up");
        assert_eq!(refused, StoreError::OtherKek(new.to_string()));
        assert!(refused.to_string().contains("copy the key file here"), "{refused}");
        let read = asleep.begin_authorization(shop.organization, shop.member, tests::shop::CHANNEL).await;
        let words = format!("{:?}", read.expect_err("the organization's key does not unwrap"));
        assert!(words.contains("copy the key file here"), "{words}");
        assert!(rows(&shop).await == before, "nothing was changed");

        let refused = shop.process_with_keys("node-c", &copy.path()).await.expect_err("an older file");
        assert!(matches!(&refused, AppError::Store(StoreError::KeyMissing { kek, .. }) if *kek == new.to_string()), "{refused}");
        assert!(refused.to_string().contains("nothing was changed"), "{refused}");
        let refused = asleep.begin_rotation(&by()).await.expect_err("an older file is not rotated");
        assert!(matches!(refused, KeysError::App(AppError::Store(StoreError::KeyMissing { .. }))), "{refused}");
        assert!(rows(&shop).await == before, "nothing was changed");
        assert_eq!(Keyring::load(&copy.path()).unwrap().kek_ids().len(), 1);
        copy.take(&shop);
        asleep.begin_authorization(shop.organization, shop.member, tests::shop::CHANNEL).await
            .expect("with the file copied it goes on by itself");
    }

    async fn a_key_file_that_went_bad_while_the_shop_runs_changes_nothing(shop) {
        shop.connect_classic().await;
        let whole = fs::read(shop.key_file()).unwrap();
        let stranger = folder();
        Keyring::create(&stranger.path().join("keys"), &SeededEntropy::new(99)).unwrap();
        let stranger = fs::read(stranger.path().join("keys")).unwrap();
        let before = rows(&shop).await;
        let cases: [(&[u8], u32, &str); 5] = [
            (&whole, 0o444, "chmod 400"),
            (&whole[..whole.len() / 2], 0o400, "put back a copy"),
            (b"", 0o400, "put back a copy"),
            (&stranger, 0o400, "put back the key file"),
            (&whole, 0o000, "nothing was changed"),
        ];
        for (content, mode, mend) in cases {
            put(&shop.key_file(), content, mode);
            if mode == 0 {
                fs::remove_file(shop.key_file()).unwrap();
            }
            for attempt in [
                shop.app().begin_rotation(&by()).await.map(|_| ()),
                shop.app().retire_keks(&by(), true).await.map(|_| ()),
            ] {
                let words = attempt.expect_err("the file is bad").to_string();
                assert!(words.contains(mend) && words.contains("nothing was changed"), "{words}");
            }
            assert!(rows(&shop).await == before, "{mend}");
            if mode != 0 {
                assert_eq!(fs::read(shop.key_file()).unwrap(), content, "the file is left as it is");
            }
            let standing = shop.app().keys_standing().await.expect("it can be looked at");
            assert!(standing.problem.is_some(), "the page says so");
        }
        put(&shop.key_file(), &whole, 0o400);
        still_works(&shop, 1).await;
        rotated(&shop).await;
    }

    async fn everything_can_be_read_while_keys_are_turned(shop) {
        shop.connect_classic().await;
        many_people(&shop, MANY).await;
        begun(&shop).await;
        let app = shop.app();
        let turning = app.turn_keys();
        let reading = async {
            for _ in 0..40 {
                let keyring = shop.app().shared_keyring();
                let keys = shop.read(tables::keys).await;
                for key in keys.iter().step_by(97) {
                    let owner = key.context();
                    let context = KeyContext { organization: Some(key.organization), owner: &owner };
                    keyring.unwrap(key.id, &key.wrapped, &context).expect("it opens at any moment");
                }
            }
        };
        let (turned, ()) = tokio::join!(turning, reading);
        assert_eq!(turned.expect("it ends"), Progress::Ended);
        assert_eq!(all_unwrap(&shop).await.len(), 1);
    }

    async fn two_nodes_turn_keys_one_at_a_time(shop) {
        many_people(&shop, MANY).await;
        let other = shop.second_process("node-b").await;
        looked(&shop.app()).await.expect("a look");
        looked(&other).await.expect("a look");
        begun(&shop).await;
        assert_eq!(other.begin_rotation(&by()).await.expect("it is answered"), None, "one is under way");
        let app = shop.app();
        let mut ended = 0;
        while ended == 0 {
            let (one, two) = tokio::join!(looked(&app), looked(&other));
            let both = [one, two].map(|it| it.expect("a look"));
            ended = both.iter().filter(|it| **it == Progress::Ended).count();
        }
        assert_eq!(ended, 1, "one of them did it");
        assert_eq!(all_unwrap(&shop).await.len(), 1);
        assert_eq!(Keyring::load(&shop.key_file()).unwrap().kek_ids().len(), 2);
        let last = shop.read(rotation::last).await.expect("there was one");
        assert_eq!((last.state, last.done), (RotationState::Done, last.total));
    }

    async fn a_key_that_backups_need_is_kept_and_they_are_named(shop) {
        shop.connect_classic().await;
        let place = folder();
        plan(&shop, &place);
        backed_up(&shop).await;
        let old = primary(&shop).await;
        let refused = shop.app().retire_keks(&by(), false).await.expect("there is nothing to give up");
        assert!(refused.keks.is_empty());
        begun(&shop).await;
        let refused = shop.app().retire_keks(&by(), false).await.expect_err("it is under way");
        assert!(matches!(refused, KeysError::UnderWay), "{refused}");
        assert_eq!(shop.app().turn_keys().await.expect("it ends"), Progress::Ended);
        shop.wait(Duration::from_secs(1));

        let refused = shop.app().retire_keks(&by(), false).await.expect_err("a backup needs it");
        assert!(matches!(&refused, KeysError::BackupsNeedIt { kek, count: 1, .. } if *kek == old), "{refused}");
        assert!(refused.to_string().contains("1 of 2026-01-05"), "{refused}");
        assert!(Keyring::load(&shop.key_file()).unwrap().holds(old));
        for file in ["lists", "key-lists"] {
            for list in fs::read_dir(place.path().join("backups").join(file)).unwrap() {
                let list = list.unwrap();
                if file == "lists" {
                    fs::remove_file(list.path()).unwrap();
                }
            }
        }
        let refused = shop.app().retire_keks(&by(), false).await.expect_err("the newest keys are older");
        assert!(matches!(refused, KeysError::BackupFirst(_)), "{refused}");
        backed_up(&shop).await;
        let retired = shop.app().retire_keks(&by(), false).await.expect("nothing needs it");
        assert_eq!((retired.keks, retired.backups_looked_at), (vec![old], true));
    }

    async fn a_backup_of_before_comes_back_with_the_file_of_after_and_not_the_other_way(shop) {
        shop.connect_classic().await;
        many_people(&shop, 20).await;
        let place = folder();
        let depot = plan(&shop, &place);
        let older = Copy::of(&shop);
        backed_up(&shop).await;
        let new = rotated(&shop).await;
        let load = |path: &Path| Keyring::load(path).unwrap();
        let scratch = folder();
        let restored = restore(&shop, depot.clone(), load(&shop.key_file())).run(&file_in(&scratch)).await;
        restored.expect("the file of after opens what was before");
        let found = primary_at(&file_in(&scratch)).await;
        assert_eq!(found, new, "what the restored shop wraps by is the key file's primary key");

        backed_up(&shop).await;
        let scratch = folder();
        let refused = restore(&shop, depot.clone(), load(&older.path())).run(&file_in(&scratch)).await;
        let refused = refused.expect_err("an older key file");
        assert!(matches!(refused, BackupError::KeyLacking { number: 2, .. }), "{refused}");
        assert!(refused.to_string().contains("nothing was touched"), "{refused}");
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "nothing was made");
    }

    async fn what_a_restore_left_under_former_keys_is_wrapped_by_the_one_that_wraps(shop) {
        shop.connect_classic().await;
        let old = primary(&shop).await;
        let held = all_unwrap(&shop).await;
        rotated(&shop).await;
        // As a restore of older keys would leave it.
        let (app, organization) = (shop.app(), shop.organization);
        let keys = shop.read(tables::keys).await;
        let key = keys[0].clone();
        app.store().installation().clone().write(move |tx| {
            let owner = key.context();
            let context = KeyContext { organization: Some(organization), owner: &owner };
            let plain = app.keyring().unwrap(key.id, &key.wrapped, &context).expect("it opens");
            let back = app.keyring().wrap_under(old, &plain, &context, app.entropy()).expect("it is held");
            tx.execute("UPDATE data_key SET wrapped = $2 WHERE id = $1", params![key.id, back.as_bytes()])
        }).await.expect("it is put back");
        assert_eq!(all_unwrap(&shop).await.len(), 2);
        let refused = shop.app().retire_keks(&by(), true).await.expect_err("it still wraps one");
        assert!(matches!(refused, KeysError::StillWraps { keys: 1, .. }), "{refused}");
        assert_eq!(looked(&shop.app()).await.expect("a look"), Progress::Ended);
        assert_eq!(all_unwrap(&shop).await.values().sum::<usize>(), held.values().sum::<usize>());
        assert_eq!(all_unwrap(&shop).await.len(), 1);
    }

    async fn a_wrapped_key_that_was_damaged_holds_nothing_else_up_and_is_named(shop) {
        many_people(&shop, 10).await;
        let old = primary(&shop).await;
        let damaged = shop.read(tables::keys).await[3].clone();
        let mut bytes = damaged.wrapped.as_bytes().to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let id = damaged.id;
        let db = shop.app().store().installation().clone();
        db.write(move |tx| tx.execute("UPDATE data_key SET wrapped = $2 WHERE id = $1", params![id, &bytes]))
            .await.expect("it is damaged");
        begun(&shop).await;
        let refused = shop.app().turn_keys().await.expect_err("one does not unwrap");
        assert!(matches!(&refused, KeysError::Broken { count: 1, first, .. } if *first == id.to_string()), "{refused}");
        let counts: BTreeMap<_, _> = shop.read(rotation::counts).await.into_iter().collect();
        assert_eq!(counts[&old], 1, "the others are done");
        let standing = shop.app().keys_standing().await.expect("it can be looked at");
        let error = standing.under_way().and_then(|it| it.error.clone()).expect("the page says why");
        assert!(error.contains(&id.to_string()), "{error}");
        let whole = damaged.wrapped.clone();
        db.write(move |tx| tx.execute("UPDATE data_key SET wrapped = $2 WHERE id = $1", params![id, whole.as_bytes()]))
            .await.expect("it is put back");
        assert_eq!(shop.app().turn_keys().await.expect("it ends"), Progress::Ended);
        all_unwrap(&shop).await;
    }

    async fn a_token_key_is_renewed_when_it_is_old_and_never_under_a_renewal(shop) {
        let id = shop.connect_classic().await;
        let (young, version) = token_key(&shop, id).await;
        looked(&shop.app()).await.expect("a look");
        assert_eq!(token_key(&shop, id).await, (young, version), "it is young");

        age_token_keys(&shop).await;
        // Somebody renews the pair at the platform just now.
        let now = shop.now();
        let lease = shop.app().organization(shop.organization);
        assert_eq!(lease.write(move |tenant| tenant.lease_renewal(id, version, "other", now)).await, Ok(true));
        looked(&shop.app()).await.expect("a look");
        assert_eq!(token_key(&shop, id).await, (young, version), "its pair is left alone");
        lease.write(move |tenant| tenant.release_renewal(id, "other", "away")).await.expect("it is given back");

        looked(&shop.app()).await.expect("a look");
        let (fresh, next) = token_key(&shop, id).await;
        assert!(fresh != young && next == version + 1);
        assert_eq!(shop.number("SELECT COUNT(*) FROM audit_event WHERE action = 'connection.key_renewed'").await, 1);
        still_works(&shop, 1).await;
        let standing = shop.app().keys_standing().await.expect("it can be looked at");
        assert_eq!(standing.token_keys, 1);
        assert!(standing.oldest_token_key.is_some_and(|at| shop.now().since(at) < TOKEN_KEY_MAX_AGE));
    }

    async fn a_key_is_due_after_a_year(shop) {
        looked(&shop.app()).await.expect("a look");
        let due = async || {
            let standing = shop.app().keys_standing().await.expect("it can be looked at");
            (standing.is_overdue(shop.now()), standing.due_at)
        };
        assert!(!due().await.0);
        shop.wait(KEK_MAX_AGE);
        assert!(due().await.0, "it is told, and turned by nobody: the file has copies that a person keeps");
        rotated(&shop).await;
        assert!(!due().await.0);
    }
}

async fn age_token_keys(shop: &TestApp) {
    let aged = &["UPDATE data_key SET created_at = 0 WHERE owner_kind = 'connection'"];
    assert!(shop.meddle(aged).await);
}

async fn primary_at(location: &Location) -> KekId {
    let place = location.clone();
    let store = tokio::task::spawn_blocking(move || store::Store::open(&place)).await.unwrap().unwrap();
    let found = store.installation().read(|tx: &mut Tx<'_>| rotation::primary(tx)).await;
    found.unwrap().expect("a key wraps")
}

//! Keys that are turned while the shop runs: the key that wraps all others, those of
//! connections' tokens, and giving up what nothing needs any more. Why so:
//! docs/decisions/0027.
//!
//! A new key stands in the key file before the database hears of it, and wraps nothing
//! before every running node has found it there. Which key wraps is the database's to say, in
//! the transaction that wraps: a node with an older file can neither write under a key that
//! was given up nor guess.

mod retire;
mod tokens;
mod turn;

use std::time::Duration;

use domain::{KeyRotationId, Timestamp};
use store::rotation::{self, Holder, Kek, KekState, Rotation, RotationState};
use store::{Db, StoreError};
use vault::{KekId, Keyring, KeyringError};

use crate::App;
use crate::audit::Signer;
use crate::backup::BackupError;
use crate::error::AppError;

pub use retire::Retired;
pub use turn::Progress;

/// How old the key that wraps all others may become: a year.
pub const KEK_MAX_AGE: Duration = Duration::from_hours(365 * 24);
/// How old a connection's token key may become: 90 days.
pub const TOKEN_KEY_MAX_AGE: Duration = Duration::from_hours(90 * 24);
/// How often a node looks at key file and rotation.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often a node shows that it runs, while nothing changes.
const SHOW_EVERY: Duration = Duration::from_secs(10);
/// How often what others left is looked for, and old token keys.
const TIDY_EVERY: Duration = Duration::from_hours(1);
/// How soon a rotation that could not go on is tried again.
const RETRY_AFTER: Duration = Duration::from_mins(1);

/// Why keys were not turned. Each text says what was left as it was, or the mend.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database, or a step.
    #[error(transparent)]
    App(#[from] AppError),
    /// The key file.
    #[error("{0}; nothing was changed")]
    File(#[from] KeyringError),
    /// A place of backups.
    #[error("the backups cannot be looked at, so nothing was given up: {0}")]
    Backups(#[from] BackupError),
    /// Some keys did not open.
    #[error(
        "{count} data keys do not unwrap, the first is {first} ({why}); they are left as they are, and so is the key \
         that wraps them: put back what is missing from a backup, and it goes on by itself"
    )]
    Broken {
        /// How many.
        count: usize,
        /// One of them.
        first: String,
        /// Why.
        why: String,
    },
    /// A rotation is under way.
    #[error(
        "a rotation is under way: wait for its end, `lojista keys status` shows it; nothing was given up"
    )]
    UnderWay,
    /// The key still wraps something.
    #[error("the key {kek} still wraps {keys} data keys: run `lojista keys rotate`; nothing was given up")]
    StillWraps {
        /// Which.
        kek: KekId,
        /// How many.
        keys: i64,
    },
    /// Backups are sealed under it.
    #[error(
        "the key {kek} is still needed by {count} backups ({which}): it can go when they have outlived their days, \
         or at once with --give-up-backups, which makes them worthless; nothing was given up"
    )]
    BackupsNeedIt {
        /// Which.
        kek: KekId,
        /// How many backups.
        count: usize,
        /// Their numbers and days.
        which: String,
    },
    /// No backup holds the keys as they are wrapped now.
    #[error(
        "the newest backup was taken before the rotation ended and holds keys that the key {0} wraps: take one with \
         `lojista backup`, then retire; nothing was given up"
    )]
    BackupFirst(KekId),
}

impl From<StoreError> for KeysError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// Stops the start with an older key file, before anything is written; and takes the file's
/// keys over where the database knows none yet.
pub(crate) async fn check(db: &Db, keyring: &Keyring, now: Timestamp) -> Result<(), AppError> {
    let (known, counts) = db.read(|tx| Ok((rotation::keks(tx)?, rotation::counts(tx)?))).await?;
    complete(keyring.kek_ids().as_slice(), &known, &counts)?;
    let file = keyring.kek_ids();
    let primary = if known.is_empty() {
        db.write(move |tx| {
            rotation::adopt(tx, &file, now)?;
            rotation::primary(tx)
        })
        .await?
    } else {
        known.iter().find(|kek| kek.state == KekState::Primary).map(|kek| kek.id)
    };
    if let Some(primary) = primary {
        keyring.prefer(primary);
    }
    Ok(())
}

/// Whether these keys are all that the data needs.
fn complete(held: &[KekId], known: &[Kek], counts: &[(KekId, i64)]) -> Result<(), StoreError> {
    let wraps = |id| counts.iter().find(|(kek, _)| *kek == id).map_or(0, |(_, keys)| *keys);
    let primary = known.iter().filter(|kek| kek.state == KekState::Primary).map(|kek| kek.id);
    let needed = primary.chain(counts.iter().map(|(kek, _)| *kek));
    for kek in needed {
        if !held.contains(&kek) {
            return Err(StoreError::KeyMissing { kek: kek.to_string(), keys: wraps(kek) });
        }
    }
    Ok(())
}

/// What a node remembers between two looks.
#[derive(Debug, Default)]
pub struct Wheel {
    shown: Option<Holder>,
    tidied_at: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    complained: Option<String>,
}

/// A key as it stands.
#[derive(Debug, Clone)]
pub struct KekStanding {
    /// The key.
    pub kek: Kek,
    /// Data keys that it wraps.
    pub keys: i64,
    /// Whether the key file here holds it.
    pub in_file: bool,
}

/// How the keys stand.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Where the key file is; `None` for keys in memory.
    pub file: Option<String>,
    /// Why it cannot be read.
    pub problem: Option<String>,
    /// The keys, the newest first.
    pub keks: Vec<KekStanding>,
    /// When the key that wraps should be turned, at the latest.
    pub due_at: Option<Timestamp>,
    /// The newest rotation.
    pub rotation: Option<Rotation>,
    /// Running nodes whose key file lacks a key that is needed.
    pub lacking: Vec<Holder>,
    /// Running nodes.
    pub nodes: usize,
    /// Keys of connections' tokens.
    pub token_keys: i64,
    /// When the oldest of them was made.
    pub oldest_token_key: Option<Timestamp>,
}

impl Standing {
    /// The rotation that is under way.
    #[must_use]
    pub fn under_way(&self) -> Option<&Rotation> {
        self.rotation.as_ref().filter(|rotation| rotation.state != RotationState::Done)
    }

    /// Whether the key that wraps is older than it may be.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|due| due <= now)
    }

    /// Keys that nothing is wrapped by any more, and that are in the key file here.
    pub fn to_retire(&self) -> impl Iterator<Item = KekId> + '_ {
        let gone = |it: &&KekStanding| {
            it.in_file && it.keys == 0 && matches!(it.kek.state, KekState::Former | KekState::Retired)
        };
        self.keks.iter().filter(gone).map(|it| it.kek.id)
    }
}

impl App {
    /// How the keys stand.
    pub async fn keys_standing(&self) -> Result<Standing, KeysError> {
        let now = self.clock().now();
        let (held, problem) = match self.keyring().refresh() {
            Ok(held) => (held, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let db = self.store().installation();
        let (known, counts, rotation, nodes, token_keys) = db
            .read(move |tx| {
                let known = rotation::keks(tx)?;
                let counts = rotation::counts(tx)?;
                let tokens = rotation::token_keys(tx)?;
                Ok((known, counts, rotation::last(tx)?, rotation::holders(tx, now)?, tokens))
            })
            .await?;
        let needed: Vec<KekId> = known
            .iter()
            .filter(|kek| {
                matches!(kek.state, KekState::Coming | KekState::Primary)
                    || counts.iter().any(|(id, keys)| *id == kek.id && *keys > 0)
            })
            .map(|kek| kek.id)
            .collect();
        let lacks = |holder: &Holder| needed.iter().any(|kek| !holder.keks.contains(kek));
        let primary = known.iter().find(|kek| kek.state == KekState::Primary);
        Ok(Standing {
            file: self.keyring().file().map(|file| file.display().to_string()),
            problem,
            due_at: primary.map(|kek| kek.made_at.plus(KEK_MAX_AGE)),
            rotation,
            nodes: nodes.len(),
            lacking: nodes.into_iter().filter(lacks).collect(),
            token_keys: token_keys.0,
            oldest_token_key: token_keys.1,
            keks: known
                .into_iter()
                .map(|kek| KekStanding {
                    keys: counts.iter().find(|(id, _)| *id == kek.id).map_or(0, |(_, keys)| *keys),
                    in_file: held.contains(&kek.id),
                    kek,
                })
                .collect(),
        })
    }

    /// Looks after the keys until the task is dropped.
    pub async fn keep_keys(self) {
        let mut wheel = Wheel::default();
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            if let Err(error) = self.look_after_keys(&mut wheel).await {
                tracing::error!(error = %error, "the keys could not be looked after; it is tried again");
            }
        }
    }

    /// One look: takes over what came into the key file, shows what this node holds, goes on
    /// with a rotation, renews token keys that are old.
    pub async fn look_after_keys(&self, wheel: &mut Wheel) -> Result<Progress, KeysError> {
        self.show_keys(wheel).await?;
        let now = self.clock().now();
        if wheel.tidied_at.is_none_or(|at| now.since(at) >= TIDY_EVERY) {
            wheel.tidied_at = Some(now);
            self.tidy_keys().await?;
        }
        if wheel.retry_at.is_some_and(|at| now < at) {
            return Ok(Progress::Nothing);
        }
        wheel.retry_at = None;
        let turned = self.turn_keys().await;
        if turned.is_err() {
            wheel.retry_at = Some(now.plus(RETRY_AFTER));
        }
        turned
    }

    /// Forgets that this node runs: it ends in good order, and nobody has to wait for it.
    pub async fn leave_keys(&self) -> Result<(), KeysError> {
        let node = self.parts.node.clone();
        Ok(self.store().installation().note(move |tx| rotation::forget_holder(tx, &node)).await?)
    }

    async fn show_keys(&self, wheel: &mut Wheel) -> Result<(), KeysError> {
        let (keyring, now) = (self.keyring(), self.clock().now());
        let (keks, problem) = match keyring.refresh() {
            Ok(keks) => (keks, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let mine = Holder {
            node: self.parts.node.clone(),
            host: host(),
            place: keyring.file().map_or_else(|| "memory".to_owned(), |file| file.display().to_string()),
            keks,
            problem,
            seen_at: now,
        };
        let same = |shown: &Holder| {
            now.since(shown.seen_at) < SHOW_EVERY && Holder { seen_at: now, ..shown.clone() } == mine
        };
        let db = self.store().installation();
        let known = db.read(rotation::keks).await?;
        if !wheel.shown.as_ref().is_some_and(same) {
            let shown = mine.clone();
            db.note(move |tx| rotation::note_holder(tx, &shown)).await?;
            wheel.shown = Some(mine.clone());
        }
        for kek in &known {
            match kek.state {
                KekState::Primary => {
                    keyring.prefer(kek.id);
                }
                KekState::Retired if !mine.keks.contains(&kek.id) => keyring.forget(kek.id),
                KekState::Retired | KekState::Coming | KekState::Former => {}
            }
        }
        wheel.complain(&mine, &known);
        Ok(())
    }

    /// What restores and older programs left wrapped by former keys, and old token keys.
    async fn tidy_keys(&self) -> Result<(), KeysError> {
        let now = self.clock().now();
        let (app, id) = (self.clone(), KeyRotationId::new(now, self.entropy()));
        let db = self.store().installation();
        db.write(move |tx| {
            if let Some(primary) = rotation::held_primary(tx)?
                && app.keyring().holds(primary)
            {
                Signer::rewrap(tx, app.keyring(), primary, app.entropy())?;
            }
            Ok(())
        })
        .await?;
        db.write(move |tx| rotation::ask_for_strays(tx, id, now)).await?;
        self.renew_token_keys().await
    }
}

impl Wheel {
    /// Says what is wrong with the key file here and what to do, once each time it changes.
    fn complain(&mut self, mine: &Holder, known: &[Kek]) {
        let lacks = known.iter().find(|kek| {
            matches!(kek.state, KekState::Coming | KekState::Primary) && !mine.keks.contains(&kek.id)
        });
        let complaint = match (&mine.problem, lacks) {
            (Some(problem), _) => Some(problem.clone()),
            (None, Some(kek)) => Some(format!(
                "{} lacks the key {}, which was made by a rotation: copy the key file here from where it was \
                 rotated; it goes on by itself then",
                mine.place, kek.id
            )),
            (None, None) => None,
        };
        if complaint != self.complained {
            if let Some(complaint) = &complaint {
                tracing::error!(complaint, "the key file here is not the one that is needed");
            } else {
                tracing::info!("the key file here has every key that is needed again");
            }
            self.complained = complaint;
        }
    }
}

/// What the machine is called.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "?".to_owned() } else { name.to_owned() }
}

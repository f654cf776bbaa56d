//! Turning the key that wraps all others: a new one into the key file, then everything under
//! it, batch by batch. It can be cut off anywhere and goes on from there.

use std::sync::Arc;
use std::time::Duration;

use domain::{Actor, DataKeyId, Entropy, KeyRotationId, Timestamp};
use store::backup::KeptKey;
use store::rotation::{self, Batch, Holder, KekState, Rewrapped, Rotation, RotationState};
use vault::{KekId, KeyContext, Keyring, KeyringError, SealError};

use super::{KeysError, complete};
use crate::audit::{Deed, Signer};
use crate::{App, steps};

/// Data keys that are wrapped anew in one transaction.
const BATCH_KEYS: u32 = 500;
/// How long a rotation is its node's after each batch.
const LEASE: Duration = Duration::from_secs(15);
/// A batch is followed by a rest so many times as long, so that the shop does not notice.
const REST_TIMES: u32 = 6;
/// The longest rest: with it a million keys take some minutes on either database.
const LONGEST_REST: Duration = Duration::from_millis(120);

/// How far a rotation came in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// None is under way, or another node does it.
    Nothing,
    /// These running nodes do not hold the new key yet.
    Waits(Vec<Holder>),
    /// It ended.
    Ended,
}

impl App {
    /// Puts a new key into the key file and asks for everything to be wrapped by it. One that
    /// was put there by a rotation that was cut off is used. Returns the key; `None` when a
    /// rotation is under way already.
    pub async fn begin_rotation(&self, by: &Actor) -> Result<Option<KekId>, KeysError> {
        let file = self.keyring().file().ok_or(KeyringError::NoFile)?.to_owned();
        let db = self.store().installation();
        let (open, known, counts) =
            db.read(|tx| Ok((rotation::open(tx)?, rotation::keks(tx)?, rotation::counts(tx)?))).await?;
        if open.is_some() {
            return Ok(None);
        }
        let found = self.keyring().refresh()?;
        // An older copy would lose what it lacks when it becomes the file of all nodes.
        complete(&found, &known, &counts)?;
        let first = *found.first().ok_or(KeyringError::NoFile)?;
        let is_new = known.iter().find(|kek| kek.id == first).is_none_or(|kek| kek.state == KekState::Coming);
        let kek = if is_new {
            first
        } else {
            let entropy = Arc::clone(&self.parts.entropy);
            let rotated = tokio::task::spawn_blocking(move || Keyring::rotate(&file, &*entropy));
            let rotated = rotated.await.map_err(|_| store::StoreError::Panicked)??;
            rotated.primary()
        };
        let held = self.keyring().refresh()?;
        self.step(steps::KEY_FILE_WRITTEN)?;
        let (app, now, by) = (self.clone(), self.clock().now(), by.clone());
        let id = KeyRotationId::new(now, self.entropy());
        let asked = db
            .write(move |tx| {
                let asked = rotation::ask(tx, id, kek, &by.to_string(), now)?;
                rotation::note_keks(tx, &app.parts.node, &held)?;
                if asked {
                    let deed = Deed::new(by, "keys.rotation_begun", id.to_string()).with("key", kek);
                    app.installation_event(tx, &deed, "done")?;
                }
                Ok(asked)
            })
            .await?;
        self.step(steps::ROTATION_ASKED)?;
        Ok(asked.then_some(kek))
    }

    /// Goes on with the rotation that is under way, if no other node does, to its end or until
    /// it has to wait.
    pub async fn turn_keys(&self) -> Result<Progress, KeysError> {
        let db = self.store().installation();
        let Some(open) = db.read(rotation::open).await? else { return Ok(Progress::Nothing) };
        if !self.keyring().holds(open.kek) {
            // The node that shows this is the one to mend.
            return Ok(Progress::Nothing);
        }
        let (node, now) = (self.parts.node.clone(), self.clock().now());
        let until = now.plus(LEASE);
        let taken = db.write(move |tx| rotation::take(tx, &node, now, until)).await?;
        let Some(rotation) = taken else { return Ok(Progress::Nothing) };
        let turned = self.go_on(rotation.clone()).await;
        let error = match &turned {
            Ok(Progress::Ended) | Err(KeysError::App(crate::AppError::Died(_))) => return turned,
            Ok(Progress::Waits(_) | Progress::Nothing) => None,
            Err(error) => Some(error.to_string()),
        };
        let node = self.parts.node.clone();
        db.write(move |tx| rotation::give_back(tx, rotation.id, &node, error.as_deref())).await?;
        turned
    }

    async fn go_on(&self, mut rotation: Rotation) -> Result<Progress, KeysError> {
        if rotation.state == RotationState::Waiting {
            let lacking = self.switch(&rotation).await?;
            if !lacking.is_empty() {
                return Ok(Progress::Waits(lacking));
            }
            rotation.last_key = None;
            self.step(steps::ROTATION_BEGUN)?;
        }
        self.keyring().prefer(rotation.kek);
        let db = self.store().installation();
        let mut broken = Vec::new();
        loop {
            let begun = self.clock().now();
            let after = rotation.last_key;
            let keys = db.read(move |tx| rotation::keys_after(tx, after, BATCH_KEYS)).await?;
            let Some(last) = keys.last().map(|key| key.id) else { break };
            let batch = self.wrap_batch(&rotation, keys, last, &mut broken).await?;
            let (node, its) = (self.parts.node.clone(), rotation.clone());
            let until = self.clock().now().plus(LEASE);
            db.write(move |tx| rotation::rewrap(tx, &its, &node, &batch, until)).await?;
            rotation.last_key = Some(last);
            self.step(steps::KEYS_REWRAPPED)?;
            self.rest_since(begun).await;
        }
        self.step(steps::ROTATION_SWEPT)?;
        let ended = self.end_rotation(&rotation).await?;
        match broken.first() {
            Some((first, why)) => {
                Err(KeysError::Broken { count: broken.len(), first: first.to_string(), why: why.to_string() })
            }
            None if ended => Ok(Progress::Ended),
            // An older program wrapped some meanwhile; the next look begins again.
            None => Ok(Progress::Nothing),
        }
    }

    async fn switch(&self, rotation: &Rotation) -> Result<Vec<Holder>, KeysError> {
        let (app, its, now) = (self.clone(), rotation.clone(), self.clock().now());
        let db = self.store().installation();
        let lacking = db
            .write(move |tx| {
                let lacking = rotation::switch(tx, &its, &app.parts.node, now)?;
                if lacking.is_empty() {
                    Signer::rewrap(tx, app.keyring(), its.kek, app.entropy())?;
                }
                Ok(lacking)
            })
            .await?;
        Ok(lacking)
    }

    async fn wrap_batch(
        &self,
        rotation: &Rotation,
        keys: Vec<KeptKey>,
        last: DataKeyId,
        broken: &mut Vec<(DataKeyId, SealError)>,
    ) -> Result<Batch, KeysError> {
        let (keyring, entropy) = (self.shared_keyring(), Arc::clone(&self.parts.entropy));
        let kek = rotation.kek;
        let looked_at = i64::try_from(keys.len()).unwrap_or(i64::MAX);
        let wrapped = tokio::task::spawn_blocking(move || wrap_all(&keyring, kek, &*entropy, keys));
        let (keys, mut bad) = wrapped.await.map_err(|_| store::StoreError::Panicked)?;
        broken.append(&mut bad);
        Ok(Batch { keys, last, looked_at })
    }

    /// Ends a rotation under which everything is; says whether it is.
    async fn end_rotation(&self, rotation: &Rotation) -> Result<bool, KeysError> {
        let (app, its, now) = (self.clone(), rotation.clone(), self.clock().now());
        let actor = match its.asked_by.strip_prefix("member:").and_then(|id| id.parse().ok()) {
            Some(member) => Actor::Member(member),
            None => Actor::system("keys"),
        };
        let deed = Deed::new(actor, "keys.rotated", its.id.to_string()).with("key", its.kek);
        let db = self.store().installation();
        let ended = db
            .write(move |tx| {
                let ended = rotation::finish(tx, &its, &app.parts.node, now)?;
                if ended {
                    let done = rotation::last(tx)?.map_or(0, |it| it.done);
                    app.installation_event(tx, &deed.with("keys", done), "done")?;
                }
                Ok(ended)
            })
            .await?;
        Ok(ended)
    }

    async fn rest_since(&self, begun: Timestamp) {
        let rest = (self.clock().now().since(begun) * REST_TIMES).min(LONGEST_REST);
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
    }
}

type Broken = Vec<(DataKeyId, SealError)>;

/// Wraps keys that another key wraps; what does not unwrap is told and left as it is.
fn wrap_all(
    keyring: &Keyring,
    kek: KekId,
    entropy: &dyn Entropy,
    keys: Vec<KeptKey>,
) -> (Vec<Rewrapped>, Broken) {
    let (mut wrapped, mut broken) = (Vec::with_capacity(keys.len()), Broken::new());
    for key in keys {
        if key.wrapped.kek_id() == Ok(kek) {
            continue;
        }
        let owner = key.context();
        let context = KeyContext { organization: Some(key.organization), owner: &owner };
        let after = keyring
            .unwrap(key.id, &key.wrapped, &context)
            .and_then(|plain| keyring.wrap_under(kek, &plain, &context, entropy));
        match after {
            Ok(after) => wrapped.push(Rewrapped { id: key.id, before: key.wrapped, after }),
            Err(error) => broken.push((key.id, error)),
        }
    }
    (wrapped, broken)
}

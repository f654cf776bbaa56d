//! Giving up keys that nothing is wrapped by any more.

use std::sync::Arc;

use domain::{Actor, Timestamp};
use store::StoreError;
use store::rotation::{self, Kek, KekState, RotationState};
use vault::{BackupKeys, KekId, Keyring, KeyringError};

use super::KeysError;
use crate::audit::{Deed, Signer};
use crate::backup::list::{Set, fetch, listed};
use crate::backup::{BackupError, Plan};
use crate::{App, steps};

/// Backups that are named, of those that need a key.
const NAMED: usize = 5;

/// What was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retired {
    /// The keys that were destroyed.
    pub keks: Vec<KekId>,
    /// Whether any backups were looked at.
    pub backups_looked_at: bool,
}

/// What the backups say of a key.
struct Needs {
    /// Lists of data sealed under each key: the key's id, the backup's number and instant.
    lists: Vec<(String, i64, Timestamp)>,
    /// When the newest keys that a restore takes were kept.
    newest_keys: Option<Timestamp>,
}

impl App {
    /// Destroys every key that was rotated out and that nothing needs, in the database's word
    /// and in the key file here. With `give_up_backups` those that are sealed under one are
    /// worth nothing afterwards.
    pub async fn retire_keks(&self, by: &Actor, give_up_backups: bool) -> Result<Retired, KeysError> {
        let file = self.keyring().file().ok_or(KeyringError::NoFile)?.to_owned();
        let found = self.keyring().refresh()?;
        let db = self.store().installation();
        let (known, last) = db.read(|tx| Ok((rotation::keks(tx)?, rotation::last(tx)?))).await?;
        if last.as_ref().is_some_and(|last| last.state != RotationState::Done) {
            return Err(KeysError::UnderWay);
        }
        let is_former =
            |kek: &&Kek| found.contains(&kek.id) && matches!(kek.state, KekState::Former | KekState::Retired);
        let former: Vec<KekId> = known.iter().filter(is_former).map(|kek| kek.id).collect();
        let mut retired = Retired { keks: Vec::new(), backups_looked_at: false };
        if former.is_empty() {
            return Ok(retired);
        }
        if let Some(plan) = self.backup_plan().filter(|_| !give_up_backups) {
            let needs = self.needs_of(plan).await?;
            retired.backups_looked_at = true;
            let rotated_at = last.and_then(|last| last.ended_at);
            former.iter().try_for_each(|kek| needs.allow(*kek, rotated_at))?;
        }
        for kek in former {
            self.retire_one(by, kek).await?;
            self.step(steps::KEY_RETIRED)?;
            let path = file.clone();
            let gone = tokio::task::spawn_blocking(move || Keyring::retire(&path, kek)).await;
            gone.map_err(|_| StoreError::Panicked)??;
            self.keyring().forget(kek);
            retired.keks.push(kek);
        }
        Ok(retired)
    }

    async fn retire_one(&self, by: &Actor, kek: KekId) -> Result<(), KeysError> {
        let (app, now) = (self.clone(), self.clock().now());
        let deed = Deed::new(by.clone(), "keys.retired", kek.to_string());
        let wrapped = self
            .store()
            .installation()
            .write(move |tx| {
                if Signer::kek(tx)? == Some(kek) {
                    return Ok(1);
                }
                let wrapped = rotation::retire(tx, kek, now)?;
                if wrapped == 0 {
                    app.installation_event(tx, &deed, "done")?;
                }
                Ok(wrapped)
            })
            .await?;
        if wrapped == 0 { Ok(()) } else { Err(KeysError::StillWraps { kek, keys: wrapped }) }
    }

    async fn needs_of(&self, plan: &Plan) -> Result<Needs, KeysError> {
        let (depot, keys) = (Arc::clone(&plan.depot), BackupKeys::of(self.keyring()));
        let looked = tokio::task::spawn_blocking(move || {
            let mut lists = Vec::new();
            for found in listed(&*depot, Set::Data)? {
                match fetch(&*depot, Set::Data, &found.name, &keys) {
                    Ok((list, _)) => lists.push((list.kek.clone(), list.number, list.taken_at())),
                    Err(error @ (BackupError::Depot(_) | BackupError::Io { .. })) => return Err(error),
                    // Nobody can restore it, with whatever key.
                    Err(error) => {
                        tracing::warn!(%error, number = found.number, "a backup cannot be believed");
                    }
                }
            }
            let newest_keys = listed(&*depot, Set::Keys)?.last().map(|found| found.taken_at);
            Ok::<_, BackupError>(Needs { lists, newest_keys })
        });
        Ok(looked.await.map_err(|_| StoreError::Panicked)??)
    }
}

impl Needs {
    fn allow(&self, kek: KekId, rotated_at: Option<Timestamp>) -> Result<(), KeysError> {
        let id = kek.to_string();
        let needing: Vec<String> = self
            .lists
            .iter()
            .filter(|(under, ..)| *under == id)
            .map(|(_, number, at)| format!("{number} of {}", &at.to_rfc3339()[..10]))
            .collect();
        if !needing.is_empty() {
            let more = if needing.len() > NAMED { ", …" } else { "" };
            let which = format!("{}{more}", needing[..needing.len().min(NAMED)].join(", "));
            return Err(KeysError::BackupsNeedIt { kek, count: needing.len(), which });
        }
        let is_older = self.newest_keys.zip(rotated_at).is_some_and(|(keys, rotated)| keys < rotated);
        if is_older { Err(KeysError::BackupFirst(kek)) } else { Ok(()) }
    }
}

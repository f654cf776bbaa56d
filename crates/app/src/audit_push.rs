//! Checkpoints leave the house: into a folder and to an address that the operator chose, so
//! that whoever can write to the database cannot rewrite the log unseen.
//!
//! Before a checkpoint goes out, the roots of what went out before are computed again from the
//! log's entries. A log that no longer contains them is not sent: it is an alarm.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use connect::outbound::BaseUrlError;
use connect::{BaseUrl, CallSpec, ErrorKind, Outbound};
use domain::{Actor, Timestamp};
use http::Method;
use store::audit_push::{self as rows, Push};
use store::{StoreError, audit};
use vault::checkpoint::MAX_NOTE_BYTES;
use vault::merkle::{Frontier, Hash, leaf_hash};
use vault::token::sha256;

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;

/// How often it is looked whether a checkpoint is due.
pub const PUSH_TURN: Duration = Duration::from_secs(30);
/// A place gets a new checkpoint this often while the log grows.
pub const PUSH_EVERY: Duration = Duration::from_mins(15);
/// The wait after a first failure; it doubles…
pub const FIRST_RETRY: Duration = Duration::from_mins(1);
/// …up to this, so that a place that is back has a checkpoint within the hour.
pub const LAST_RETRY: Duration = Duration::from_mins(15);
/// The media type of a signed note, which is plain text.
const NOTE_TYPE: &str = "text/plain; charset=utf-8";
/// Digits of a file's name, so that names are in the order of sizes.
const NAME_DIGITS: usize = 20;
/// Entries read at a time when roots are computed again.
const LEAVES_A_READ: u32 = 4_096;

/// Where checkpoints go.
#[derive(Debug, Clone)]
pub struct PushPlace {
    /// What people read.
    shown: String,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Folder(PathBuf),
    Address { text: String, base: BaseUrl, outbound: Arc<Outbound> },
}

impl PushPlace {
    /// A folder that is there: each checkpoint becomes a file that is never written again.
    #[must_use]
    pub fn folder(path: PathBuf) -> Self {
        Self { shown: path.display().to_string(), way: Way::Folder(path) }
    }

    /// An HTTPS address, which gets each checkpoint by POST.
    pub fn address(text: &str, outbound: Arc<Outbound>) -> Result<Self, BaseUrlError> {
        let base = BaseUrl::parse(text)?;
        // Whoever knows the path may be able to write there: people see the host alone.
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        let shown = format!("{scheme}://{host}/…");
        Ok(Self { shown, way: Way::Address { text: text.to_owned(), base, outbound } })
    }

    /// Names the place in the database: another folder or address is another place.
    fn key(&self) -> String {
        let (kind, place) = match &self.way {
            Way::Folder(path) => ("folder", path.display().to_string()),
            Way::Address { text, .. } => ("address", text.clone()),
        };
        let digest = sha256(place.as_bytes());
        let (head, _) = digest.split_first_chunk().unwrap_or((&[0; 8], &[]));
        format!("{kind}:{:016x}", u64::from_be_bytes(*head))
    }
}

/// Why a place does not have the newest checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushTrouble {
    /// The log no longer contains what this place was given: the alarm.
    Parted,
    /// What lies there is signed by another key.
    Foreign,
    /// The folder cannot be read or written.
    Folder,
    /// Nobody answers at the address.
    Unreachable,
    /// The address is none that may be called.
    NotAllowed,
    /// The address answered that it does not take it.
    Refused,
}

impl PushTrouble {
    /// Every trouble.
    pub const ALL: [Self; 6] =
        [Self::Parted, Self::Foreign, Self::Folder, Self::Unreachable, Self::NotAllowed, Self::Refused];

    /// The word in the database and in translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parted => "parted",
            Self::Foreign => "foreign",
            Self::Folder => "folder",
            Self::Unreachable => "unreachable",
            Self::NotAllowed => "not_allowed",
            Self::Refused => "refused",
        }
    }

    /// The trouble of a word; `None` for a word that is none.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.as_str() == word)
    }

    /// Whether somebody may have rewritten the log, or put an older one back.
    #[must_use]
    pub const fn is_alarm(self) -> bool {
        matches!(self, Self::Parted | Self::Foreign)
    }
}

/// What a place has, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushState {
    /// Where it is.
    pub place: String,
    /// Events covered by the newest checkpoint there, and since when.
    pub newest: Option<(i64, Timestamp)>,
    /// What is wrong.
    pub trouble: Option<PushTrouble>,
}

/// Either it is there, or it is not and why; the outer error is the database's.
type Pushed = Result<Result<(), PushTrouble>, AppError>;

impl App {
    /// The same application, which sends its checkpoints to these places.
    #[must_use]
    pub fn publishing(self, places: Vec<PushPlace>) -> Self {
        Self { pushes: places.into(), ..self }
    }

    /// Sends checkpoints when they are due, until the task is dropped.
    pub async fn publish(self) {
        let mut turns = tokio::time::interval(PUSH_TURN);
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            if let Err(error) = self.push_checkpoints().await {
                tracing::error!(error = %error, "checkpoints could not be sent; the next turn tries again");
            }
        }
    }

    /// Sends the newest checkpoint to every place where it is due.
    pub async fn push_checkpoints(&self) -> Result<(), AppError> {
        for place in self.pushes.iter() {
            self.push_where_due(place).await?;
        }
        Ok(())
    }

    /// What each place has.
    pub async fn push_states(&self) -> Result<Vec<PushState>, AppError> {
        let mut states = Vec::with_capacity(self.pushes.len());
        for place in self.pushes.iter() {
            let key = place.key();
            let held = self.store().installation().read(move |tx| rows::push(tx, &key)).await?;
            let (newest, trouble) = held.map(|held| (held.newest, held.trouble)).unwrap_or_default();
            states.push(PushState {
                place: place.shown.clone(),
                newest: newest.map(|(size, _, at)| (size, at)),
                trouble: trouble.as_deref().and_then(PushTrouble::parse),
            });
        }
        Ok(states)
    }

    async fn push_where_due(&self, place: &PushPlace) -> Result<(), AppError> {
        let (db, now, key) = (self.store().installation(), self.clock().now(), place.key());
        let name = key.clone();
        let (held, newest) =
            db.read(move |tx| Ok((rows::push(tx, &name)?, audit::last_checkpoint(tx)?))).await?;
        let Some((size, note, _)) = newest else { return Ok(()) };
        if !is_due(held.as_ref(), size, now) {
            return Ok(());
        }
        let (name, seen) = (key.clone(), held.as_ref().map(|held| held.tried_at));
        if !db.write(move |tx| rows::take_on(tx, &name, seen, now)).await? {
            return Ok(());
        }
        let before = held.and_then(|held| held.newest).map(|(_, note, _)| note);
        match self.push_to(place, before, size, &note).await? {
            Ok(()) => Ok(db.write(move |tx| rows::arrived(tx, &key, size, &note, now)).await?),
            Err(trouble) => self.not_pushed(place, key, size, trouble).await,
        }
    }

    async fn push_to(&self, place: &PushPlace, before: Option<String>, size: i64, note: &str) -> Pushed {
        let mut notes: Vec<String> = before.into_iter().collect();
        if let Way::Folder(path) = &place.way {
            match in_folder(path, newest_note).await {
                Ok(found) => notes.extend(found),
                Err(error) => return Ok(Err(folder_trouble(place, &error))),
            }
        }
        notes.push(note.to_owned());
        let mut signed: BTreeMap<u64, Vec<Hash>> = BTreeMap::new();
        for note in &notes {
            let Ok(checkpoint) = self.own_verifier().verify(note) else {
                return Ok(Err(PushTrouble::Foreign));
            };
            signed.entry(checkpoint.size).or_default().push(checkpoint.root);
        }
        if !self.gives(&signed).await? {
            return Ok(Err(PushTrouble::Parted));
        }
        match &place.way {
            Way::Folder(path) => {
                let (name, note) = (format!("{size:0NAME_DIGITS$}"), note.to_owned());
                let put = in_folder(path, move |folder| put(folder, &name, &note)).await;
                Ok(put.map_err(|error| folder_trouble(place, &error)))
            }
            Way::Address { text, base, outbound } => {
                let call = CallSpec::new("push checkpoint", Method::POST, base, &[]);
                let call = if text.ends_with('/') { call.slash() } else { call };
                Ok(match outbound.call(call.text(NOTE_TYPE, note.to_owned())).await {
                    Ok(answer) if answer.status().is_success() => Ok(()),
                    Ok(_) => Err(PushTrouble::Refused),
                    Err(error) if matches!(error.kind, ErrorKind::AddressNotAllowed) => {
                        Err(PushTrouble::NotAllowed)
                    }
                    Err(_) => Err(PushTrouble::Unreachable),
                })
            }
        }
    }

    /// Whether the log's entries give all these roots at their sizes.
    async fn gives(&self, signed: &BTreeMap<u64, Vec<Hash>>) -> Result<bool, AppError> {
        let last = signed.keys().next_back().copied().unwrap_or_default();
        let mut tree = Frontier::empty();
        while tree.size() < last {
            let first = i64::try_from(tree.size()).unwrap_or(i64::MAX);
            let leaves =
                self.store().installation().read(move |tx| audit::leaves(tx, first, LEAVES_A_READ)).await?;
            if leaves.is_empty() {
                return Ok(false);
            }
            for leaf in leaves {
                tree.append(leaf_hash(&leaf));
                if let Some(roots) = signed.get(&tree.size()) {
                    let root = tree.root();
                    if roots.iter().any(|signed| *signed != root) {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    async fn not_pushed(
        &self,
        place: &PushPlace,
        key: String,
        size: i64,
        trouble: PushTrouble,
    ) -> Result<(), AppError> {
        let (app, word) = (self.clone(), trouble.as_str());
        let is_news = self
            .store()
            .installation()
            .write(move |tx| {
                let is_news = rows::stayed(tx, &key, word)?;
                // An alarm is told once; a place that cannot be reached is no event of the log.
                if is_news && trouble.is_alarm() {
                    let deed = Deed::new(Actor::system("checkpoints"), "checkpoint.parted", size.to_string());
                    app.installation_event(tx, &deed.with("place", &key).with("why", word), "failed")?;
                }
                Ok::<_, StoreError>(is_news)
            })
            .await?;
        if trouble.is_alarm() {
            tracing::error!(
                place = %place.shown, why = word,
                "the audit log no longer contains what was sent here: nothing is sent; find out who changed the log or put an older database back"
            );
        } else if is_news {
            tracing::warn!(place = %place.shown, why = word, "a checkpoint did not arrive; it is tried again");
        }
        Ok(())
    }
}

fn is_due(held: Option<&Push>, size: i64, now: Timestamp) -> bool {
    let Some(held) = held else { return true };
    let is_there = held.failures == 0 && held.newest.as_ref().is_some_and(|(there, ..)| *there == size);
    let wait = match u32::try_from(held.failures).unwrap_or(u32::MAX) {
        0 => PUSH_EVERY,
        failures => {
            FIRST_RETRY.saturating_mul(1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX)).min(LAST_RETRY)
        }
    };
    !is_there && now.since(held.tried_at) >= wait
}

fn folder_trouble(place: &PushPlace, error: &io::Error) -> PushTrouble {
    if error.kind() == io::ErrorKind::AlreadyExists {
        return PushTrouble::Parted;
    }
    tracing::warn!(place = %place.shown, error = %error, "the folder for checkpoints cannot be used");
    PushTrouble::Folder
}

/// Files block, so they have a thread of their own.
async fn in_folder<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || work(&folder)).await.map_err(io::Error::other)?
}

/// The note in the folder that covers the most events.
fn newest_note(folder: &Path) -> io::Result<Option<String>> {
    let mut newest = None;
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.len() == NAME_DIGITS && name.bytes().all(|byte| byte.is_ascii_digit()) {
            newest = newest.max(Some(name));
        }
    }
    let Some(name) = newest else { return Ok(None) };
    let path = folder.join(name);
    let longest = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
    if std::fs::metadata(&path)?.len() > longest {
        return Ok(Some(String::new()));
    }
    std::fs::read_to_string(path).map(Some)
}

/// Puts a note there, whole or not at all, and never over another one.
fn put(folder: &Path, name: &str, note: &str) -> io::Result<()> {
    let target = folder.join(name);
    if target.exists() {
        let same = std::fs::read(&target)? == note.as_bytes();
        return if same { Ok(()) } else { Err(io::ErrorKind::AlreadyExists.into()) };
    }
    let half = folder.join(format!(".{name}"));
    let mut file = std::fs::File::create(&half)?;
    io::Write::write_all(&mut file, note.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&half, &target)?;
    // Some file systems cannot sync a folder; the file itself is safe.
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_366_991_000);

    fn held(size: i64, failures: i64, tried: Duration) -> Push {
        let newest = Some((size, String::new(), NOW));
        Push { newest, tried_at: NOW.minus(tried), failures, trouble: None }
    }

    #[test]
    fn a_place_is_due_at_once_and_then_when_the_log_has_grown_and_time_has_passed() {
        assert!(is_due(None, 1, NOW));
        assert!(!is_due(Some(&held(5, 0, PUSH_EVERY)), 5, NOW), "it has it");
        assert!(is_due(Some(&held(5, 0, PUSH_EVERY)), 6, NOW));
        assert!(!is_due(Some(&held(5, 0, PUSH_EVERY.saturating_sub(PUSH_TURN))), 6, NOW));
        assert!(is_due(Some(&held(5, 0, PUSH_EVERY)), 4, NOW), "a log that shrank is looked at, too");
    }

    #[test]
    fn a_failure_is_tried_again_later_each_time_and_within_the_hour() {
        for (failures, wait) in [(1, 1), (2, 2), (4, 8), (5, 15), (40, 15), (i64::MAX, 15)] {
            let wait = Duration::from_mins(wait);
            assert!(is_due(Some(&held(5, failures, wait)), 5, NOW), "{failures}");
            assert!(
                !is_due(Some(&held(5, failures, wait.saturating_sub(Duration::from_secs(1)))), 5, NOW),
                "{failures}"
            );
        }
        assert!(PUSH_EVERY + LAST_RETRY + PUSH_TURN < Duration::from_hours(1));
    }

    #[test]
    fn another_place_has_another_name_and_an_address_keeps_its_path_to_itself() {
        let (one, other) = (PushPlace::folder("/a".into()), PushPlace::folder("/b".into()));
        assert_ne!(one.key(), other.key());
        assert_eq!(one.key(), PushPlace::folder("/a".into()).key());
    }
}

//! The audit trail: a deed is written in the transaction that does it, put into its place
//! in the Merkle tree soon after, and covered by a signed checkpoint.
//!
//! Where an outside call lies between wanting and having done, the intent is kept first:
//! an intent without an outcome shows where the program was cut off.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::{Actor, AuditId, Clock, DataKeyId, Entropy, Grant, Purpose, Restricted};
use store::{Db, StoreError, StoreResult, Tenant, Tx, audit, settings};
use vault::audit::{AuditEvent, Outcome, Phase, Subject};
use vault::merkle::{Frontier, Hash, leaf_hash};
use vault::{DataKey, KekId, KeyContext, Keyring, LogSigner, LogVerifier, Place, Sealed, WrappedKey, export};

use crate::App;
use crate::error::AppError;
use crate::secrets::as_store_error;

/// The log's name in checkpoints.
const LOG_NAME: &str = "lojista/audit";
/// Who the signing key's data key belongs to.
const KEY_OWNER: &str = "audit";
/// Events written into one export file.
const EVENTS_PER_FILE: u32 = 4_096;

/// What somebody does to something.
#[derive(Debug, Clone)]
pub struct Deed {
    actor: Actor,
    action: &'static str,
    subject: String,
    details: BTreeMap<String, String>,
}

impl Deed {
    /// `action` is `thing.verb`; `subject` its id. The thing is the action's first word.
    #[must_use]
    pub const fn new(actor: Actor, action: &'static str, subject: String) -> Self {
        Self { actor, action, subject, details: BTreeMap::new() }
    }

    /// The same deed with one more detail. Never personal data: the log outlives erasure.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.details.insert(name.to_owned(), value.to_string());
        self
    }
}

impl App {
    /// Keeps that something is about to be done.
    pub(crate) fn intent(&self, tenant: &mut Tenant<'_, '_>, deed: &Deed) -> StoreResult<()> {
        let event = self.event(Some(tenant.organization_id()), deed, "intent");
        tenant.record(&event)
    }

    /// Keeps that something was done; `result` is a word of how.
    pub(crate) fn outcome(&self, tenant: &mut Tenant<'_, '_>, deed: &Deed, result: &str) -> StoreResult<()> {
        let deed = deed.clone().with("result", result);
        let event = self.event(Some(tenant.organization_id()), &deed, "done");
        tenant.record(&event)
    }

    /// Keeps that something was refused or failed.
    pub(crate) fn not_done(
        &self,
        tenant: &mut Tenant<'_, '_>,
        deed: &Deed,
        phase: NotDone,
        why: &str,
    ) -> StoreResult<()> {
        let deed = deed.clone().with("why", why);
        let event = self.event(Some(tenant.organization_id()), &deed, phase.as_str());
        tenant.record(&event)
    }

    /// Keeps what happened to the installation, not to one organization.
    pub(crate) fn installation_event(&self, tx: &mut Tx<'_>, deed: &Deed, phase: &str) -> StoreResult<()> {
        audit::record(tx, &self.event(None, deed, phase))
    }

    pub(crate) fn event(
        &self,
        organization: Option<domain::OrganizationId>,
        deed: &Deed,
        phase: &str,
    ) -> audit::Event {
        let now = self.clock().now();
        audit::Event {
            id: AuditId::new(now, self.entropy()),
            organization,
            at: now,
            phase: phase.to_owned(),
            actor: deed.actor.to_string(),
            action: deed.action.to_owned(),
            subject_kind: deed.action.split('.').next().unwrap_or_default().to_owned(),
            subject_id: deed.subject.clone(),
            details: serde_json::to_string(&deed.details).unwrap_or_default(),
            seq: None,
        }
    }

    /// Puts waiting events into their places and signs the tree. Returns how many.
    pub async fn sequence_audit(&self) -> Result<usize, AppError> {
        let app = self.clone();
        Ok(self.store().installation().write(move |tx| app.sequence_in(tx)).await?)
    }

    fn sequence_in(&self, tx: &mut Tx<'_>) -> StoreResult<usize> {
        let (size, edge) = audit::tree(tx)?;
        let events = audit::unsequenced(tx)?;
        if events.is_empty() {
            return Ok(0);
        }
        let mut tree = frontier(size, &edge)?;
        let mut leaves = Vec::with_capacity(events.len());
        for event in &events {
            let leaf = leaf_of(event, tree.size())?;
            tree.append(leaf_hash(&leaf));
            leaves.push((event.id, leaf));
        }
        audit::sequence(tx, size, &leaves, &tree.edge().concat())?;
        let note = self.audit.signer.sign(tree.size(), tree.root());
        let new_size = i64::try_from(tree.size()).unwrap_or(i64::MAX);
        audit::keep_checkpoint(tx, new_size, &note, self.clock().now())?;
        Ok(leaves.len())
    }

    /// The public half of the key that signs checkpoints, for whoever verifies.
    #[must_use]
    pub fn audit_verifier(&self) -> String {
        self.audit.signer.verifier().to_string()
    }

    /// The same key, to check what was signed with it.
    pub(crate) fn own_verifier(&self) -> &LogVerifier {
        self.audit.signer.verifier()
    }

    /// Writes everything an outsider needs into a new folder: entries, checkpoints and
    /// the verifier key as this installation publishes it. Returns the tree's size.
    ///
    /// # Errors
    /// [`ExportError::Altered`] when an event no longer says what was signed, as pages would
    /// show it; the export is complete all the same, and proves what it once said.
    pub async fn export_audit(&self, folder: &Path) -> Result<i64, ExportError> {
        while self.sequence_audit().await? > 0 {}
        let entries = folder.join(export::ENTRIES_FOLDER);
        let checkpoints = folder.join(export::CHECKPOINTS_FOLDER);
        std::fs::create_dir_all(&entries)?;
        std::fs::create_dir_all(&checkpoints)?;
        std::fs::write(folder.join("verifier-key"), format!("{}\n", self.audit_verifier()))?;

        let mut size = 0;
        let mut altered = Vec::new();
        loop {
            let first = size;
            let events = self
                .store()
                .installation()
                .read(move |tx| audit::sequenced(tx, first, EVENTS_PER_FILE))
                .await?;
            if events.is_empty() {
                break;
            }
            let mut file = io::BufWriter::new(std::fs::File::create(entries.join(format!("{first:012}")))?);
            for (event, leaf) in events {
                let seq = event.seq.unwrap_or(size);
                export::write_entry(&mut file, &leaf)?;
                if leaf_of(&event, seq.cast_unsigned()).ok().as_ref() != Some(&leaf) {
                    altered.push(event.id);
                }
                size = seq + 1;
            }
            file.flush()?;
        }
        for (size, note) in self.store().installation().read(audit::checkpoints).await? {
            std::fs::write(checkpoints.join(format!("{size:012}")), note)?;
        }
        if altered.is_empty() { Ok(size) } else { Err(ExportError::Altered(altered)) }
    }
}

/// An export that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder could not be written.
    #[error("the export could not be written: {0}")]
    Io(#[from] io::Error),
    /// The log could not be read.
    #[error(transparent)]
    App(#[from] AppError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Events were changed in the database after they were signed.
    #[error(
        "{} of the events on the audit page no longer say what was signed (the first is {}); the export is written \
         and shows what they said; find out who can write to the database",
        .0.len(), .0.first().map(ToString::to_string).unwrap_or_default()
    )]
    Altered(Vec<AuditId>),
}

/// How a deed ended that was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDone {
    /// It was not allowed.
    Refused,
    /// It was tried and failed.
    Failed,
}

impl NotDone {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

pub(crate) fn leaf_of(event: &audit::Event, sequence: u64) -> StoreResult<Vec<u8>> {
    told(event, sequence)?.encode().map_err(|error| inconsistent(error.to_string()))
}

/// A row as the log tells it.
pub(crate) fn told(event: &audit::Event, sequence: u64) -> StoreResult<AuditEvent> {
    let phase = match event.phase.as_str() {
        "intent" => Phase::Intent,
        "done" => Phase::Outcome(Outcome::Done),
        "refused" => Phase::Outcome(Outcome::Refused),
        _ => Phase::Outcome(Outcome::Failed),
    };
    let details = serde_json::from_str(&event.details).map_err(|error| inconsistent(error.to_string()))?;
    Ok(AuditEvent {
        sequence,
        id: event.id,
        at: event.at,
        phase,
        actor: event.actor.clone(),
        action: event.action.clone(),
        organization: event.organization,
        subject: Subject { kind: event.subject_kind.clone(), id: event.subject_id.clone() },
        details,
    })
}

const fn inconsistent(value: String) -> StoreError {
    StoreError::Inconsistent { table: "audit_event", column: "details", value }
}

pub(crate) fn frontier(size: i64, edge: &[u8]) -> StoreResult<Frontier> {
    let inconsistent = || StoreError::Inconsistent {
        table: "audit_tree",
        column: "edge",
        value: format!("{} bytes", edge.len()),
    };
    let (hashes, rest) = edge.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(inconsistent());
    }
    let size = u64::try_from(size).map_err(|_| inconsistent())?;
    Frontier::from_parts(size, hashes.iter().map(|hash| Hash::from(*hash)).collect()).ok_or_else(inconsistent)
}

/// The key that signs checkpoints, in memory.
#[derive(Debug)]
pub(crate) struct Signer {
    signer: LogSigner,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct KeptSeed {
    key: DataKeyId,
    wrapped: String,
    sealed: String,
}

impl Signer {
    /// Opens the installation's signing key; makes one at the first start.
    pub(crate) async fn load(
        db: &Db,
        keyring: &Keyring,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Self, AppError> {
        let fresh = Self::new_seed(keyring, clock, entropy)?;
        let kept = db.write(move |tx| settings::get_or_set(tx, settings::AUDIT_KEY, &fresh)).await?;
        let (kept, wrapped) = Self::kept(&kept)?;
        let damaged = || StoreError::Inconsistent {
            table: "setting",
            column: "value",
            value: settings::AUDIT_KEY.to_owned(),
        };
        let sealed: Sealed<Restricted<Vec<u8>>> =
            Sealed::from_bytes(BASE64.decode(kept.sealed).map_err(|_| damaged())?);
        let key = keyring.unwrap(kept.key, &wrapped, &context())?;
        // tidy: allowed because the program opens its own signing key once, at its start.
        let grant = Grant::issue(Actor::system("audit"), Purpose::Seal, clock.now());
        let seed = vault::open(&key, &place(kept.key), &sealed, &grant)?;
        let signer = LogSigner::from_seed(LOG_NAME, &seed, &grant).map_err(|_| damaged())?;
        Ok(Self { signer })
    }

    /// The data key that the seed is sealed under, as `setting` keeps it.
    fn kept(text: &str) -> StoreResult<(KeptSeed, WrappedKey)> {
        let damaged = || StoreError::Inconsistent {
            table: "setting",
            column: "value",
            value: settings::AUDIT_KEY.to_owned(),
        };
        let kept: KeptSeed = serde_json::from_str(text).map_err(|_| damaged())?;
        let wrapped = WrappedKey::from_bytes(BASE64.decode(&kept.wrapped).map_err(|_| damaged())?);
        Ok((kept, wrapped))
    }

    /// The key that wraps the signing key's data key.
    pub(crate) fn kek(tx: &mut Tx<'_>) -> StoreResult<Option<KekId>> {
        let Some(text) = settings::get(tx, settings::AUDIT_KEY)? else { return Ok(None) };
        Ok(Self::kept(&text)?.1.kek_id().ok())
    }

    /// Has the signing key's data key wrapped by `kek`; says whether it was not already.
    pub(crate) fn rewrap(
        tx: &mut Tx<'_>,
        keyring: &Keyring,
        kek: KekId,
        entropy: &dyn Entropy,
    ) -> StoreResult<bool> {
        let Some(text) = settings::get(tx, settings::AUDIT_KEY)? else { return Ok(false) };
        let (kept, wrapped) = Self::kept(&text)?;
        if wrapped.kek_id() == Ok(kek) {
            return Ok(false);
        }
        let wrapped = keyring
            .unwrap(kept.key, &wrapped, &context())
            .and_then(|key| keyring.wrap_under(kek, &key, &context(), entropy))
            .map_err(|error| as_store_error(&error))?;
        let fresh = KeptSeed { wrapped: BASE64.encode(wrapped.as_bytes()), ..kept };
        let fresh = serde_json::to_string(&fresh).map_err(|error| StoreError::Driver(error.to_string()))?;
        settings::replace(tx, settings::AUDIT_KEY, &text, &fresh)?;
        Ok(true)
    }

    fn new_seed(keyring: &Keyring, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<String, AppError> {
        let key = DataKey::generate(clock.now(), entropy);
        let wrapped = keyring.wrap(&key, &context(), entropy)?;
        let signer =
            LogSigner::generate(LOG_NAME, entropy).map_err(|error| AppError::BadJob(error.to_string()))?;
        let sealed = vault::seal(&key, &place(key.id()), signer.seed(), entropy)?;
        let kept = KeptSeed {
            key: key.id(),
            wrapped: BASE64.encode(wrapped.as_bytes()),
            sealed: BASE64.encode(sealed.as_bytes()),
        };
        serde_json::to_string(&kept).map_err(|error| AppError::BadJob(error.to_string()))
    }
}

const fn context() -> KeyContext<'static> {
    KeyContext { organization: None, owner: KEY_OWNER }
}

fn place(key: DataKeyId) -> Place {
    Place::of_installation("setting", "value", key, 1)
}

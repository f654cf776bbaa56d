//! Whether a restored database is what was backed up.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::{Clock, Timestamp};
use serde::{Deserialize, Serialize};
use store::backup::{self as tables, Table};
use store::keys::KeyOwner;
use store::{StoreResult, Tenant, Tx, audit};
use vault::merkle::{Frontier, leaf_hash};
use vault::{KeyContext, Keyring, Place, SealError};

use super::list::List;
use super::restore::{BUYERS, Erasures, buyer_erased_at, is_erased, left_since};
use crate::secrets::{calling, token_place};

/// Events of the log read at once.
const EVENTS_AT_ONCE: u32 = 4_096;
/// Connections and members whose sealed values are opened, of each.
const SAMPLE: u32 = 50;
/// Findings that are told.
const TOLD: usize = 3;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its word: `integrity`, `references`, `rows`, `audit`, `opens`, `erasures`.
    pub name: String,
    /// Whether it is as it should be.
    pub good: bool,
    /// How many things were looked at.
    pub count: u64,
    /// What is wrong, or empty.
    pub finding: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// What it is held against.
pub(super) struct Proof<'a> {
    pub(super) list: &'a List,
    pub(super) keyring: &'a Keyring,
    pub(super) clock: &'a dyn Clock,
    pub(super) tables: &'a [Table],
    /// The keys are those of a later backup than the data: an account that was connected anew
    /// since has another one.
    pub(super) keys_are_newer: bool,
    /// Rows that replayed erasures took, by table.
    pub(super) gone: BTreeMap<String, u64>,
}

/// How many things were looked at, and what is wrong with them.
type Found = (u64, Vec<String>);

impl Proof<'_> {
    /// Looks at everything.
    pub(super) fn run(&self, tx: &mut Tx<'_>) -> StoreResult<Vec<Check>> {
        type Look<'a> = fn(&Proof<'a>, &mut Tx<'_>) -> StoreResult<Found>;
        let looks: [(&str, Look<'_>); 6] = [
            ("integrity", |_, tx| Ok((1, tables::flaws(tx)?))),
            ("references", |proof, tx| Ok((proof.tables.len() as u64, tables::broken_references(tx)?))),
            ("rows", Self::rows),
            ("audit", Self::audit),
            ("opens", Self::opens),
            ("erasures", Self::erasures),
        ];
        looks
            .into_iter()
            .map(|(name, look)| {
                let begun = self.clock.now();
                let (count, findings) = look(self, tx)?;
                Ok(Check {
                    name: name.to_owned(),
                    good: findings.is_empty(),
                    count,
                    finding: findings.into_iter().take(TOLD).collect::<Vec<_>>().join("; "),
                    millis: u64::try_from(self.clock.now().since(begun).as_millis()).unwrap_or(u64::MAX),
                })
            })
            .collect()
    }

    fn gone_of(&self, table: &str) -> u64 {
        self.gone.get(table).copied().unwrap_or_default()
    }

    /// As many rows in each table as were listed.
    fn rows(&self, tx: &mut Tx<'_>) -> StoreResult<Found> {
        let (mut rows, mut wrong) = (0, Vec::new());
        for part in &self.list.tables {
            let table = self.tables.iter().find(|table| table.name == part.name);
            let found = table.map_or(Ok(-1), |table| tables::count(tx, table))?;
            // Erasures are replayed into their table, which may grow by that.
            let right = match u64::try_from(found) {
                Ok(found) if part.name == "erasure" => found >= part.rows,
                Ok(found) => found + self.gone_of(&part.name) == part.rows,
                Err(_) => false,
            };
            if !right {
                wrong.push(format!("{} has {found} rows, {} were backed up", part.name, part.rows));
            }
            rows += part.rows;
        }
        Ok((rows, wrong))
    }

    /// The log's tree, hashed anew from its events, has the root that was listed, and its
    /// events still say what was hashed.
    fn audit(&self, tx: &mut Tx<'_>) -> StoreResult<Found> {
        let mut tree = Frontier::empty();
        let mut wrong = Vec::new();
        loop {
            let first = i64::try_from(tree.size()).unwrap_or(i64::MAX);
            let events = audit::sequenced(tx, first, EVENTS_AT_ONCE)?;
            if events.is_empty() {
                break;
            }
            for (event, leaf) in events {
                if crate::audit::leaf_of(&event, tree.size()).ok().as_ref() != Some(&leaf) {
                    wrong.push(format!("the event {} no longer says what was signed", event.id));
                }
                tree.append(leaf_hash(&leaf));
            }
        }
        let root = BASE64.encode(tree.root());
        if (tree.size(), root.as_str()) != (self.list.audit_size, self.list.audit_root.as_str()) {
            wrong.insert(
                0,
                format!(
                    "the log has {} entries and another root; {} were signed",
                    tree.size(),
                    self.list.audit_size
                ),
            );
        }
        if let Some((size, note, _)) = audit::last_checkpoint(tx)?
            && u64::try_from(size) == Ok(tree.size())
            && note.lines().nth(2) != Some(root.as_str())
        {
            wrong.push(format!("the checkpoint of {size} entries has another root"));
        }
        Ok((tree.size(), wrong))
    }

    /// Every wrapped key unwraps, and a sample of what they seal opens.
    fn opens(&self, tx: &mut Tx<'_>) -> StoreResult<Found> {
        let (mut count, mut wrong) = (0, Vec::new());
        for key in tables::keys(tx)? {
            let owner = key.context();
            let context = KeyContext { organization: Some(key.organization), owner: &owner };
            count += 1;
            if let Err(error) = self.keyring.unwrap(key.id, &key.wrapped, &context) {
                wrong.push(format!("the key {}: {error}", key.id));
            }
        }
        let grant = calling(self.clock.now());
        for (organization, id) in tables::some_connections(tx, SAMPLE)? {
            let Some(held) = Tenant::of(tx, organization).credentials(id)? else { continue };
            // Without its key it was disconnected.
            let Some((key, wrapped)) = &held.key else { continue };
            let owner = KeyOwner::Connection(id).context();
            let context = KeyContext { organization: Some(organization), owner: &owner };
            let place = token_place(organization, id, "access_sealed", held.connection.token_version);
            let opened = self
                .keyring
                .unwrap(*key, wrapped, &context)
                .and_then(|key| vault::open(&key, &place, &held.tokens.access, &grant));
            count += 1;
            match opened {
                Ok(_) => {}
                Err(SealError::OtherKey { .. }) if self.keys_are_newer => {}
                Err(error) => wrong.push(format!("the token of {id}: {error}")),
            }
        }
        for (organization, member) in tables::some_members(tx, SAMPLE)? {
            let mut tenant = Tenant::of(tx, organization);
            let sealed = tenant.member_email(member)?;
            let (Some(sealed), Some((id, wrapped))) = (sealed, tenant.data_key(KeyOwner::Organization)?)
            else {
                wrong.push(format!("the key of {organization} is missing"));
                continue;
            };
            let owner = KeyOwner::Organization.context();
            let context = KeyContext { organization: Some(organization), owner: &owner };
            let place = Place::new(organization, "member", "email_sealed", member, 1);
            let opened = self
                .keyring
                .unwrap(id, &wrapped, &context)
                .and_then(|key| vault::open(&key, &place, &sealed, &grant));
            count += 1;
            if let Err(error) = opened {
                wrong.push(format!("the address of {member}: {error}"));
            }
        }
        Ok((count, wrong))
    }

    /// No key is left of an owner who was erased.
    fn erasures(&self, tx: &mut Tx<'_>) -> StoreResult<Found> {
        let erased: Erasures =
            tables::erasures(tx, Timestamp::EPOCH)?.into_iter().collect::<BTreeMap<_, _>>();
        let keys = tables::keys(tx)?;
        let alive = keys.iter().filter(|key| is_erased(self.keyring, &erased, key));
        let wrong = alive.map(|key| format!("the key {} of an erased owner came back", key.id));
        let mut wrong: Vec<String> = wrong.collect();
        let back = left_since(tx, self.keyring, &erased)?;
        wrong.extend(back.into_iter().map(|id| format!("{id}, which was destroyed, came back")));
        if self.tables.iter().any(|table| table.name == BUYERS) {
            for (id, since) in tables::buyers(tx)? {
                let is_erased = buyer_erased_at(self.keyring, &erased, id, since).is_some();
                if is_erased && tables::finds_buyer(tx, id)? {
                    wrong.push("what finds an erased buyer came back".to_owned());
                }
            }
        }
        Ok((erased.len() as u64, wrong))
    }
}

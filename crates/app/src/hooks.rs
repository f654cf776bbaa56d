//! The door: a hook is checked on its raw bytes, kept durably, and answered; what it asks
//! for happens later, at the shop's own pace.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use connect::{HookEvent, HookRejection, HookRequest, HookSubject};
use domain::{ChannelKind, ConnectionId, Desk, OrganizationId, Timestamp};
use store::inbox::{self, Hook, SortedHook};
use store::jobs::HOOK_CAUSE;
use store::{StoreError, StoreResult, Tenant, Tx, connections};

use crate::App;
use crate::jobs::Work;
use crate::steps;

/// Hooks sorted by one transaction at most.
const SORT_AT_ONCE: u32 = 500;

/// Whose connection an account of a channel is, and whether it runs; `None` for nobody's.
type Accounts = BTreeMap<(String, String), Option<(OrganizationId, ConnectionId, bool)>>;

/// Why a hook was not kept.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The channel is not configured here.
    #[error("no such door")]
    NoSuchDoor,
    /// The body is longer than any hook of this channel.
    #[error("the hook is longer than {limit_bytes} bytes")]
    TooLong {
        /// The channel's limit.
        limit_bytes: usize,
    },
    /// Not a hook, or not for us.
    #[error(transparent)]
    Rejected(#[from] HookRejection),
    /// It could not be kept: the platform has to send it again.
    #[error("the hook could not be kept: {0}")]
    NotKept(#[from] StoreError),
    /// The program was made to end at this step; nobody is answered.
    #[error("the program ended at {0}")]
    Died(&'static str),
}

impl DoorError {
    /// The label of its counter.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::NoSuchDoor => "no_such_door",
            Self::TooLong { .. } => "too_long",
            Self::Rejected(HookRejection::Malformed(_)) => "malformed",
            Self::Rejected(HookRejection::ForeignApp) => "foreign_app",
            Self::Rejected(HookRejection::BadSignature) => "bad_signature",
            Self::NotKept(_) => "not_kept",
            Self::Died(_) => "died",
        }
    }
}

impl App {
    /// Takes a hook in. `Ok` means: it survives a power cut from here on.
    pub async fn take_hook(&self, kind: ChannelKind, hook: HookRequest<'_>) -> Result<(), DoorError> {
        let taken = self.keep_hook(kind, hook).await;
        if let Err(error) = &taken {
            self.tallies.add("hook_refused", error.label());
        }
        taken
    }

    async fn keep_hook(&self, kind: ChannelKind, hook: HookRequest<'_>) -> Result<(), DoorError> {
        let channel = self.parts.channels.get(&kind).ok_or(DoorError::NoSuchDoor)?;
        let limit_bytes = channel.spec().hook_max_bytes;
        if hook.body.len() > limit_bytes {
            return Err(DoorError::TooLong { limit_bytes });
        }
        let now = self.clock().now();
        let mut hooks = Vec::new();
        for event in channel.hooks().read(hook)? {
            match as_hook(kind, event, now) {
                Some(hook) => hooks.push(hook),
                None => self.tallies.add("hook_not_for_us", kind.as_str()),
            }
        }
        if !hooks.is_empty() {
            self.door_step(steps::HOOK_READ)?;
            self.intake.keep(hooks).await?;
            self.door_step(steps::HOOK_KEPT)?;
            self.hooks_came.notify_one();
        }
        Ok(())
    }

    fn door_step(&self, name: &'static str) -> Result<(), DoorError> {
        if self.dies_at(name) { Err(DoorError::Died(name)) } else { Ok(()) }
    }

    /// Makes jobs of the hooks that wait. Returns how many hooks were taken out.
    pub async fn sort_hooks(&self) -> Result<u32, crate::AppError> {
        let app = self.clone();
        let sorted = self
            .store()
            .installation()
            // Undone, it leaves the hooks where they were.
            .note(move |tx| {
                let hooks = inbox::take(tx, SORT_AT_ONCE)?;
                let mut taken = 0;
                let mut heard = BTreeMap::new();
                let mut accounts = Accounts::new();
                for hook in &hooks {
                    taken += hook.count;
                    if let Some(of) = app.make_job(tx, hook, &mut accounts)? {
                        let last = heard.entry(of).or_insert(hook.received_at);
                        *last = hook.received_at.max(*last);
                    }
                }
                // Last, and once each: a connection's row is held until the commit.
                for ((organization, connection), at) in heard {
                    Tenant::of(tx, organization).note_hook(connection, at)?;
                }
                Ok(taken)
            })
            .await?;
        if sorted > 0 {
            self.step(steps::HOOKS_SORTED)?;
            self.jobs_came.notify_one();
        }
        Ok(sorted)
    }

    /// Asks for what a hook names; whose it was, or `None` when it was nobody's. `accounts`
    /// remembers those that were looked up.
    fn make_job(
        &self,
        tx: &mut Tx<'_>,
        hook: &SortedHook,
        accounts: &mut Accounts,
    ) -> StoreResult<Option<(OrganizationId, ConnectionId)>> {
        let account = match accounts.entry((hook.channel.clone(), hook.account_external_id.clone())) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                *place.insert(connections::by_account(tx, &hook.channel, &hook.account_external_id)?)
            }
        };
        let Some((organization, connection, running)) = account else {
            self.tallies.add("hook_refused", "unknown_account");
            return Ok(None);
        };
        if !running {
            self.tallies.add("hook_refused", "connection_not_running");
            return Ok(None);
        }
        let external_id = hook.subject_id.clone();
        let work = match hook.subject_kind.as_str() {
            "order" => Work::fetch_order(&external_id),
            "shipment" => Work::FetchShipment { external_id },
            "message" => Work::FetchMessage { external_id },
            desk if Desk::parse(desk).is_some() => Work::FetchCase { desk: desk.to_owned(), external_id },
            _ => Work::FetchListing { external_id },
        };
        let cause = if hook.count > 1 {
            format!("{HOOK_CAUSE}{} ×{}", hook.topic, hook.count)
        } else {
            format!("{HOOK_CAUSE}{}", hook.topic)
        };
        self.ask(&mut Tenant::of(tx, organization), connection, &work, &cause, self.clock().now())?;
        Ok(Some((organization, connection)))
    }
}

fn as_hook(channel: ChannelKind, event: HookEvent, received_at: Timestamp) -> Option<Hook> {
    let (subject_kind, subject_id) = match event.subject {
        HookSubject::Order(id) => ("order", id),
        HookSubject::Shipment(id) => ("shipment", id),
        HookSubject::Listing(id) => ("listing", id),
        HookSubject::Case(key) => (key.desk.as_str(), key.external_id),
        HookSubject::Message(id) => ("message", id),
        HookSubject::NotForUs => return None,
    };
    Some(Hook {
        channel,
        account_external_id: event.account_external_id,
        subject_kind,
        subject_id,
        topic: event.topic,
        received_at,
    })
}

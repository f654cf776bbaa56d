//! What the shop does: use cases that pages and doors call, and jobs that run behind.
//!
//! The ways of `ARCHITECTURE.md` are modules here: a hook comes in by [`hooks`], becomes
//! jobs, an order is read and taken in by [`ingest`], other listings are told by
//! [`fanout`], and [`sweep`] finds what got lost. Channels are known only through
//! `connect`, time and chance only through their traits.

pub mod api_keys;
pub mod audit;
pub mod audit_export;
pub mod audit_push;
pub mod backup;
pub mod buyers;
mod caller;
pub mod cases;
pub mod catalogue;
pub mod charges;
pub mod clockwork;
pub mod connections;
pub mod count_file;
pub mod disclosure;
pub mod drafts;
mod elsewhere;
pub mod error;
pub mod factors;
pub mod fanout;
pub mod goods_return;
pub mod holds;
pub mod hooks;
pub mod import;
pub mod ingest;
pub mod invitations;
pub mod jobs;
pub mod keys;
pub mod kits;
#[cfg(test)]
mod kits_tests;
pub mod last_units;
pub mod leaving;
pub mod limits;
mod lists;
pub mod mail;
pub mod members;
pub mod notices;
pub mod people;
pub mod picked;
pub mod pictures;
mod places;
pub mod prices;
pub mod privacy;
pub mod profits;
pub mod proposals;
pub mod provider;
pub mod publish;
pub mod recovery;
mod refusals;
pub mod register;
pub mod replay;
pub mod retention;
pub mod reveal;
pub mod reviews;
pub mod secrets;
pub mod sheet;
pub mod shelf;
mod shield;
pub mod sign_in;
pub mod split;
pub mod steps;
pub mod stock_take;
pub mod sweep;
pub mod tokens;
pub mod views;
pub mod worker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use connect::Channel;
use domain::member::SecondFactorRule;
use domain::{ChannelKind, Clock, ConnectionId, Entropy, OrderId, OrganizationId, ProductId, Timestamp};
use store::inbox::Intake;
use store::{Organization, Store};
use tokio::sync::{Notify, broadcast};
use vault::Keyring;

pub use error::AppError;

/// Changes that a slow listener may fall behind before it has to read its page anew.
const EVENT_BACKLOG: usize = 1_024;

/// Things (products, prices) that may change at once without a question, where nobody set another number.
pub const UNASKED_CHANGES: usize = 20;

/// Something that changed, for pages that are being looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Whose.
    pub organization: OrganizationId,
    /// What.
    pub change: Change,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An order came in or moved on.
    Order {
        /// Which.
        id: OrderId,
        /// Whether it is new to the list.
        new: bool,
    },
    /// A connection's state or life-line moved.
    Connection(ConnectionId),
    /// What somebody typed for a product at an account was saved.
    Draft {
        /// The product.
        product: ProductId,
        /// The account.
        connection: ConnectionId,
        /// Which version that made.
        version: i64,
    },
    /// A job became a dead letter, or one was revived.
    Problems,
}

/// Where a run may be cut short: at the [`steps`] of the ways. The simulator ends the
/// program here as if the power had failed, the torture ends the real process; the
/// program that is shipped has none of this.
pub trait Faults: Send + Sync {
    /// Whether the program dies at this step now; asked each time a step is passed.
    fn dies_at(&self, step: &'static str) -> bool;
}

/// What the application is made of.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// The keys.
    pub keyring: Arc<Keyring>,
    /// Password hashing.
    pub passwords: vault::password::Passwords,
    /// The channels, by kind.
    pub channels: BTreeMap<ChannelKind, Arc<dyn Channel>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Where browsers and platforms reach us (`https://hub.example`), without a slash.
    pub public_url: String,
    /// Of whom a second factor is demanded.
    pub second_factor: SecondFactorRule,
    /// Names this process in leases.
    pub node: String,
    /// For simulator and torture; `None` in the program that is shipped.
    pub faults: Option<Arc<dyn Faults>>,
}

/// The application: cheap to clone, safe to share.
#[derive(Clone)]
pub struct App {
    parts: Arc<Parts>,
    intake: Intake,
    events: broadcast::Sender<Event>,
    /// Rung when hooks were kept.
    hooks_came: Arc<Notify>,
    /// Rung when jobs were made.
    jobs_came: Arc<Notify>,
    /// When this node's worker is to look again, for what was put off by a moment.
    soon: Arc<Mutex<Vec<Timestamp>>>,
    /// Counted in memory, written with the clockwork's next turn: a flood of refused
    /// hooks must not become a flood of writes.
    tallies: Arc<clockwork::Tallies>,
    delays: Arc<shield::Delays>,
    refusals: Arc<refusals::Refusals>,
    readers: Arc<pictures::Readers>,
    audit: Arc<audit::Signer>,
    backups: Arc<std::sync::OnceLock<backup::Plan>>,
    /// What categories asked a while ago.
    categories: Arc<drafts::Memory>,
    /// Where checkpoints go.
    pushes: Arc<[audit_push::PushPlace]>,
    /// Who sends letters.
    mailer: Option<Arc<connect::Mailer>>,
    /// The words of what it tells by letter.
    words: Option<Arc<dyn notices::Wording>>,
    /// The team's identity provider.
    team: Option<Arc<provider::Team>>,
    /// Things that may change at once without a question.
    unasked_changes: usize,
}

impl std::fmt::Debug for App {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "App({})", self.parts.node)
    }
}

impl App {
    /// Puts the application together; checks that the key file is the one the data is
    /// sealed under, and makes the installation's own secrets at the first start.
    pub async fn start(parts: Parts) -> Result<Self, AppError> {
        let db = parts.store.installation().clone();
        secrets::check_keys(&db, &parts.keyring).await?;
        keys::check(&db, &parts.keyring, parts.clock.now()).await?;
        let audit = audit::Signer::load(&db, &parts.keyring, &*parts.clock, &*parts.entropy).await?;
        Ok(Self {
            intake: Intake::start(db),
            parts: Arc::new(parts),
            events: broadcast::channel(EVENT_BACKLOG).0,
            hooks_came: Arc::new(Notify::new()),
            jobs_came: Arc::new(Notify::new()),
            soon: Arc::default(),
            tallies: Arc::new(clockwork::Tallies::default()),
            delays: Arc::default(),
            refusals: Arc::default(),
            readers: Arc::default(),
            audit: Arc::new(audit),
            backups: Arc::default(),
            categories: Arc::default(),
            pushes: Arc::default(),
            mailer: None,
            words: None,
            team: None,
            unasked_changes: UNASKED_CHANGES,
        })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.parts.store
    }

    /// One organization's part of the store.
    #[must_use]
    pub fn organization(&self, id: OrganizationId) -> Organization {
        self.parts.store.organization(id)
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.parts.clock
    }

    /// The source of chance.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.parts.entropy
    }

    /// The keys.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.parts.keyring
    }

    /// The keys, to be kept by whoever works on beside the application (a restore).
    #[must_use]
    pub fn shared_keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.parts.keyring)
    }

    /// Where browsers and platforms reach us.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.parts.public_url
    }

    /// Of whom a second factor is demanded.
    #[must_use]
    pub fn second_factor(&self) -> SecondFactorRule {
        self.parts.second_factor
    }

    /// The same application, with another number of things that may change at once without a question.
    #[must_use]
    pub fn asking_from(mut self, unasked_changes: usize) -> Self {
        self.unasked_changes = unasked_changes;
        self
    }

    /// Things that may change at once without a question: a slip of a few is seen in the list.
    #[must_use]
    pub const fn unasked_changes(&self) -> usize {
        self.unasked_changes
    }

    /// The channels that are configured.
    pub fn channel_kinds(&self) -> impl Iterator<Item = ChannelKind> + '_ {
        self.parts.channels.keys().copied()
    }

    /// A channel, if it is configured.
    #[must_use]
    pub fn channel(&self, kind: ChannelKind) -> Option<Arc<dyn Channel>> {
        self.parts.channels.get(&kind).cloned()
    }

    /// Changes from now on.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    fn announce(&self, organization: OrganizationId, change: Change) {
        // Nobody looking is no fault.
        let _ = self.events.send(Event { organization, change });
    }

    /// One of the [`steps`] of a way: the program may be made to end here.
    fn step(&self, name: &'static str) -> Result<(), AppError> {
        if self.dies_at(name) { Err(AppError::Died(name)) } else { Ok(()) }
    }

    fn dies_at(&self, step: &'static str) -> bool {
        self.parts.faults.as_ref().is_some_and(|faults| faults.dies_at(step))
    }
}

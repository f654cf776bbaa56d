//! What the house remembers: migrations, SQL, jobs, outbox, audit rows.
//!
//! Concrete types, no repository traits. Work is a synchronous closure over a
//! transaction; what belongs to an organization is reached only through a [`Tenant`],
//! whose every statement names the organization.

pub mod access;
pub mod api_keys;
pub mod audit;
pub mod audit_page;
pub mod audit_push;
pub mod backup;
pub mod buyers;
pub mod cases;
pub mod catalogue;
pub mod charges;
pub mod connections;
pub mod counters;
pub mod db;
pub mod drafts;
pub mod factors;
pub mod goods_returns;
pub mod holds;
pub mod imports;
pub mod inbox;
pub mod invitations;
pub mod jobs;
pub mod keys;
pub mod kits;
pub mod leaving;
pub mod limits;
pub mod listings;
pub mod lists;
pub mod mail;
pub mod money_view;
pub mod order_list;
pub mod orders;
pub mod paces;
pub mod pages;
pub mod people;
pub mod pictures;
#[cfg(feature = "planted-flaws")]
pub mod planted;
pub mod price_changes;
pub mod prices;
pub mod profits;
pub mod proposals;
pub mod provider;
pub mod recovery;
pub mod redis_limits;
pub mod requests;
pub mod retention;
pub mod reviews;
pub mod rotation;
pub mod sessions;
pub mod settings;
pub mod sheets;
pub mod shield;
pub mod splits;
pub mod stock;
pub mod stock_history;
pub mod stock_takes;
pub mod views;

use domain::OrganizationId;

pub use db::{Db, Engine, Location, Row, StoreError, StoreResult, Tx, Val};

/// The store: cheap to clone, safe to share.
#[derive(Debug, Clone)]
pub struct Store {
    db: Db,
    limits: limits::Limits,
}

impl Store {
    /// Opens the database and brings its schema up to date. Blocks.
    pub fn open(location: &Location) -> StoreResult<Self> {
        let db = Db::open(location)?;
        Ok(Self { limits: limits::Limits::in_database(db.clone()), db })
    }

    /// The same store, which keeps its limits in Redis.
    #[must_use]
    pub fn with_redis(self, redis: redis_limits::RedisLimits) -> Self {
        Self { limits: self.limits.in_redis(redis), ..self }
    }

    /// How often something may be done.
    #[must_use]
    pub const fn limits(&self) -> &limits::Limits {
        &self.limits
    }

    /// Opens a database that a backup is loaded into; see [`Db::open_to_load`].
    pub fn open_to_load(location: &Location, schema: i64) -> StoreResult<Self> {
        let db = Db::open_to_load(location, schema)?;
        Ok(Self { limits: limits::Limits::in_database(db.clone()), db })
    }

    /// The database, for what belongs to no organization.
    #[must_use]
    pub const fn installation(&self) -> &Db {
        &self.db
    }

    /// Everything of one organization.
    #[must_use]
    pub fn organization(&self, id: OrganizationId) -> Organization {
        Organization { db: self.db.clone(), id }
    }
}

/// One organization's part of the store.
#[derive(Debug, Clone)]
pub struct Organization {
    db: Db,
    id: OrganizationId,
}

impl Organization {
    /// Runs a closure in a writing transaction; see [`Db::write`].
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tenant<'_, '_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let id = self.id;
        self.db.write(move |tx| work(&mut Tenant { tx, id })).await
    }

    /// Runs a closure in a reading transaction; see [`Db::read`].
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tenant<'_, '_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let id = self.id;
        self.db.read(move |tx| work(&mut Tenant { tx, id })).await
    }
}

/// A transaction that sees one organization.
#[derive(Debug)]
pub struct Tenant<'t, 'c> {
    tx: &'t mut Tx<'c>,
    id: OrganizationId,
}

impl<'t, 'c> Tenant<'t, 'c> {
    /// An organization's view of a transaction that already runs.
    pub const fn of(tx: &'t mut Tx<'c>, id: OrganizationId) -> Self {
        Self { tx, id }
    }

    /// Whose data this sees.
    #[must_use]
    pub const fn organization_id(&self) -> OrganizationId {
        self.id
    }
}

//! What happens by the clock: hooks are sorted as they come, leases given back, sweeps
//! and renewals asked for when they are due, audit events sequenced, counters written.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use store::{Tenant, connections, counters, jobs};

use crate::App;
use crate::charges::CHECK_CHARGES_EVERY;
use crate::error::AppError;
use crate::jobs::{Bookmark, Work};

/// How often the clockwork turns.
pub const TURN: Duration = Duration::from_secs(1);
/// How often a connection is swept: so soon is known what no hook told.
pub const SWEEP_EVERY: Duration = Duration::from_mins(2);
/// How often the platform's list of lost hooks is read.
pub const MISSED_EVERY: Duration = Duration::from_hours(1);
/// How often every listing is compared with what it should show.
pub const CHECK_LISTINGS_EVERY: Duration = Duration::from_hours(6);
/// How often expired sessions and attempts are deleted.
const FORGET_EVERY: Duration = Duration::from_hours(1);
/// How long the sorter waits for a bell before it looks by itself.
const SORT_POLL: Duration = Duration::from_millis(500);

/// Counts in memory, between two turns of the clockwork.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<BTreeMap<(String, String), i64>>);

/// Different labels kept between two turns; a flood of made-up ones must not eat memory.
const MAX_TALLIES: usize = 1_024;

impl Tallies {
    pub(crate) fn add(&self, name: &str, label: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name.to_owned(), label.to_owned());
        if counts.len() < MAX_TALLIES || counts.contains_key(&key) {
            *counts.entry(key).or_default() += 1;
        }
    }

    fn take(&self) -> BTreeMap<(String, String), i64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// When the slower wheels last turned.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_field_names, reason = "a point in time is called _at")]
pub struct Wheels {
    forgot_at: Option<Timestamp>,
    checked_listings_at: Option<Timestamp>,
    checked_charges_at: Option<Timestamp>,
}

impl Wheels {
    /// Not at the start, like listings.
    fn charges_are_due(&mut self, now: Timestamp) -> bool {
        let checked_at = *self.checked_charges_at.get_or_insert(now);
        let is_due = now.since(checked_at) >= CHECK_CHARGES_EVERY;
        if is_due {
            self.checked_charges_at = Some(now);
        }
        is_due
    }
}

impl App {
    /// Sorts hooks as they come, until the task is dropped.
    pub async fn sort(self) {
        loop {
            match self.sort_hooks().await {
                Ok(0) => {
                    let _ = tokio::time::timeout(SORT_POLL, self.hooks_came.notified()).await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(error = %error, "hooks cannot be sorted; they are kept and tried again");
                    tokio::time::sleep(SORT_POLL).await;
                }
            }
        }
    }

    /// Turns the clockwork until the task is dropped.
    pub async fn tick(self) {
        let mut wheels = Wheels::default();
        let mut turns = tokio::time::interval(TURN);
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            if let Err(error) = self.turn(&mut wheels).await {
                tracing::error!(error = %error, "a turn of the clockwork failed; the next one tries again");
            }
        }
    }

    /// One turn.
    pub async fn turn(&self, wheels: &mut Wheels) -> Result<(), AppError> {
        let now = self.clock().now();
        let (counts, delays) = (self.tallies.take(), self.delays.take());
        let db = self.store().installation();
        if !delays.is_empty() {
            db.note(move |tx| {
                delays.iter().try_for_each(|(organization, connection, measured)| {
                    Tenant::of(tx, *organization).note_delays(*connection, *measured)
                })
            })
            .await?;
        }
        let (due_jobs, running) =
            db.read(move |tx| Ok((jobs::expired_leases(tx, now)?, connections::running(tx)?))).await?;
        // Only a write that needs space shows whether there is some again.
        let was_full = db.is_full();
        if due_jobs || was_full || !counts.is_empty() {
            db.note(move |tx| {
                if was_full {
                    counters::add(tx, "disk_full", "turn", 1, now)?;
                }
                for ((name, label), by) in &counts {
                    counters::add(tx, name, label, *by, now)?;
                }
                jobs::reclaim(tx, now).map(|_| ())
            })
            .await?;
            if was_full {
                db.found_room();
                tracing::info!("the disk has room again; what was refused is taken up again");
            }
        }
        if wheels.forgot_at.is_none_or(|at| now.since(at) >= FORGET_EVERY) {
            wheels.forgot_at = Some(now);
            self.forget().await?;
            self.end_expired_grants().await?;
            self.turn_reviews().await?;
            self.remind_of_profits().await?;
            self.remind_of_lists().await?;
        }
        // Not at the start: an import or sweep has just looked, or soon will.
        let checked_at = *wheels.checked_listings_at.get_or_insert(now);
        let check_listings = now.since(checked_at) >= CHECK_LISTINGS_EVERY;
        if check_listings {
            wheels.checked_listings_at = Some(now);
        }
        let check_charges = wheels.charges_are_due(now);
        let mut rang = false;
        for (organization, connection) in running {
            let due = self.due_work(&connection, check_listings, check_charges, now);
            if due.is_empty() {
                continue;
            }
            rang = true;
            let (app, id) = (self.clone(), connection.id);
            self.organization(organization)
                .write(move |tenant| {
                    for work in &due {
                        app.remind(tenant, id, work, "clock")?;
                    }
                    Ok(())
                })
                .await?;
        }
        if rang || due_jobs {
            self.jobs_came.notify_one();
        }
        self.sequence_audit().await?;
        Ok(())
    }

    fn due_work(
        &self,
        connection: &connections::Connection,
        check_listings: bool,
        check_charges: bool,
        now: Timestamp,
    ) -> Vec<Work> {
        let passed = |at: Option<Timestamp>, every| at.is_none_or(|at| now.since(at) >= every);
        let mut due = Vec::new();
        if self.renewal_is_due(&connection.life) {
            due.push(Work::RenewTokens);
        }
        // Before the import has ended there is nothing to sweep from.
        if connection.swept_to.is_some() {
            if passed(connection.last_sweep_at, SWEEP_EVERY) {
                due.push(Work::Sweep);
            }
            if passed(connection.last_missed_at, MISSED_EVERY) {
                due.push(Work::ReadMissed(Bookmark::default()));
            }
            if check_listings {
                due.push(Work::CheckListings(Bookmark::default()));
            }
            if check_charges {
                due.push(Work::CheckCharges { bookmark: Bookmark::default(), until: None });
            }
        }
        due
    }
}

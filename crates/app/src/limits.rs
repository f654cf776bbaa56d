//! How often something may be done, for all nodes together. Subjects (addresses, accounts,
//! recipients) leave this room as keyed hashes alone.

use domain::limit::{Limit, Taken};
use store::limits::{Keeper, Wanted};
use vault::SubKey;

use crate::App;
use crate::error::AppError;

/// The limits of the house.
#[derive(Debug, Clone, Copy)]
pub struct Limiter<'a> {
    app: &'a App,
}

impl App {
    /// The limits of the house.
    #[must_use]
    pub const fn limits(&self) -> Limiter<'_> {
        Limiter { app: self }
    }
}

impl Limiter<'_> {
    /// Takes one go of each limit for its subject, or none of any.
    pub async fn take(&self, wanted: &[(Limit, &str)]) -> Result<Taken, AppError> {
        let key = self.app.keyring().derived(SubKey::Limits);
        let wanted = wanted
            .iter()
            .map(|(limit, subject)| {
                // A limit's name has no such character, so no two limits share a subject.
                let subject = key.sign(format!("{}\0{subject}", limit.name).as_bytes());
                Wanted { limit: *limit, subject }
            })
            .collect();
        let (taken, keeper) = self.app.store().limits().take(wanted, self.app.clock().now()).await?;
        if keeper == Keeper::Fallback {
            self.app.tallies.add("limits", "redis_away");
        }
        Ok(taken)
    }
}

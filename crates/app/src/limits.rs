//! How often something may be done, for all nodes together. Subjects (addresses, accounts,
//! recipients) leave this room as keyed hashes alone.

use std::time::Duration;

use domain::limit::{Limit, Taken};
use domain::{MemberId, Timestamp};
use store::limits::{Keeper, Wanted};
use vault::SubKey;

use crate::App;
use crate::error::AppError;

/// The limits of the house.
#[derive(Debug, Clone, Copy)]
pub struct Limiter<'a> {
    app: &'a App,
}

/// Goes that were taken for a try. Dropped, they stay taken: whoever hangs up in the middle has
/// tried, too.
#[derive(Debug)]
#[must_use = "a try that goes well hands its goes back"]
pub struct Try {
    goes: Vec<Wanted>,
    keeper: Keeper,
    taken_at: Timestamp,
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
        Ok(match self.begin(wanted).await? {
            Ok(_for_good) => Taken::Allowed,
            Err(wait) => Taken::Wait(wait),
        })
    }

    /// Takes one go of each limit, or none of any, for a try that hands them back when it goes
    /// well. Refused, it says how long to wait.
    pub async fn begin(&self, wanted: &[(Limit, &str)]) -> Result<Result<Try, Duration>, AppError> {
        let (goes, taken_at) = (self.subjects(wanted), self.app.clock().now());
        let (taken, keeper) = self.app.store().limits().take(goes.clone(), taken_at).await?;
        if keeper == Keeper::Fallback {
            self.app.tallies.add("limits", "redis_away");
        }
        Ok(match taken {
            Taken::Allowed => Ok(Try { goes, keeper, taken_at }),
            Taken::Wait(wait) => Err(wait),
        })
    }

    /// Hands the goes of a try back: it went well. A keeper that does not answer keeps them.
    pub async fn hand_back(&self, done: Try) -> Result<(), AppError> {
        let now = self.app.clock().now();
        Ok(self.app.store().limits().hand_back(done.goes, done.keeper, done.taken_at, now).await?)
    }

    /// Takes one go of a member's limit; [`AppError::TooSoon`] when there is none.
    pub(crate) async fn bound(&self, limit: Limit, member: MemberId) -> Result<(), AppError> {
        match self.take(&[(limit, &member.to_string())]).await? {
            Taken::Allowed => Ok(()),
            Taken::Wait(wait) => Err(AppError::TooSoon(wait)),
        }
    }

    /// How long whoever wants a go of each has to wait, if at all. Takes none.
    pub async fn wait(&self, wanted: &[(Limit, &str)]) -> Result<Option<Duration>, AppError> {
        Ok(self.app.store().limits().wait(self.subjects(wanted), self.app.clock().now()).await?)
    }

    fn subjects(self, wanted: &[(Limit, &str)]) -> Vec<Wanted> {
        let key = self.app.keyring().derived(SubKey::Limits);
        let keyed = |(limit, subject): &(Limit, &str)| {
            // A limit's name has no such character, so no two limits share a subject.
            let subject = key.sign(format!("{}\0{subject}", limit.name).as_bytes());
            Wanted { limit: *limit, subject }
        };
        wanted.iter().map(keyed).collect()
    }
}

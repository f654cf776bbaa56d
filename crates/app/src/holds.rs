//! Legal holds: what retention and erasure leave alone, on whose word and why.

use domain::buyer::readings;
use domain::retention::Class;
use domain::{Actor, HoldId, MemberId, OrganizationId, Timestamp};
use store::StoreError;
use store::buyers::TermHash;
use store::holds::{Held, NewHold};

use crate::App;
use crate::audit::Deed;
use crate::buyers::{MAX_BUYERS_FOUND, found_by};
use crate::error::AppError;

/// Longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 500;
/// A hold is looked at again after so many days at most: one that nobody remembers keeps data
/// for ever.
pub const MAX_REVIEW_DAYS: i32 = 366;

/// What is to be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldOn {
    /// A class of `domain::retention`, by its word.
    Class(String),
    /// A member by their address, or buyers by what they are called.
    Person(String),
}

/// Why a hold was not placed.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// A reason is missing or too long, or the date is none to come within a year.
    #[error("the reason or the date is missing")]
    Incomplete,
    /// There is no such class, or it has nothing that a hold could keep.
    #[error("no class that can be held")]
    NoClass,
    /// Nobody is called so.
    #[error("nobody is called so")]
    Nobody,
    /// Too many are called so, or too many holds stand.
    #[error("too many")]
    TooMany,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for HoldError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl App {
    /// Places a hold; one for each buyer where several are called so. Returns how many.
    pub async fn place_hold(
        &self,
        organization: OrganizationId,
        by: MemberId,
        on: &HoldOn,
        reason: &str,
        review_by: Timestamp,
    ) -> Result<usize, HoldError> {
        let (app, now) = (self.clone(), self.clock().now());
        let length = reason.chars().count();
        let in_time = review_by > now && review_by <= now.business_midnight(MAX_REVIEW_DAYS + 1);
        if length == 0 || length > MAX_REASON_CHARS || !in_time {
            return Err(HoldError::Incomplete);
        }
        let held = self.what_to_hold(organization, on).await?;
        let (reason, count) = (reason.to_owned(), held.len());
        let placed = self
            .organization(organization)
            .write(move |tenant| {
                for held in held {
                    let id = HoldId::new(now, app.entropy());
                    let on = match &held {
                        Held::Class(class) => class.clone(),
                        Held::Buyer(_) | Held::Member(_) => "person".to_owned(),
                    };
                    let new = NewHold { id, held, reason: reason.clone(), review_by, by };
                    if !tenant.place_hold(&new, now)? {
                        return Err(StoreError::RowCount { expected: 1, touched: 0 });
                    }
                    let deed = Deed::new(Actor::Member(by), "hold.placed", id.to_string());
                    app.outcome(tenant, &deed.with("on", on).with("until", review_by.to_rfc3339()), "ok")?;
                }
                Ok(())
            })
            .await;
        match placed {
            Ok(()) => Ok(count),
            Err(StoreError::RowCount { expected: 1, touched: 0 }) => Err(HoldError::TooMany),
            Err(error) => Err(error.into()),
        }
    }

    async fn what_to_hold(&self, organization: OrganizationId, on: &HoldOn) -> Result<Vec<Held>, HoldError> {
        let called = match on {
            HoldOn::Class(word) => {
                let class = Class::parse(word).filter(|class| class.can_be_held());
                return class.map(|class| vec![Held::Class(class.name.to_owned())]).ok_or(HoldError::NoClass);
            }
            HoldOn::Person(called) => called,
        };
        if let Some((_, member)) = self.member_of(called).await?.filter(|(theirs, _)| *theirs == organization)
        {
            return Ok(vec![Held::Member(member)]);
        }
        let wanted: Vec<Vec<TermHash>> =
            readings(called).iter().map(|terms| self.hashes(organization, terms)).collect();
        let held = self.organization(organization);
        let found = held.read(move |tenant| found_by(tenant, &wanted)).await?;
        match found.len() {
            0 => Err(HoldError::Nobody),
            count if count > MAX_BUYERS_FOUND => Err(HoldError::TooMany),
            _ => Ok(found.into_iter().map(Held::Buyer).collect()),
        }
    }

    /// Lifts a hold: what it kept goes when its time is over.
    pub async fn lift_hold(
        &self,
        organization: OrganizationId,
        by: MemberId,
        id: HoldId,
    ) -> Result<(), AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let lifted = self
            .organization(organization)
            .write(move |tenant| {
                let lifted = tenant.lift_hold(id, by, now)?;
                if lifted {
                    let deed = Deed::new(Actor::Member(by), "hold.lifted", id.to_string());
                    app.outcome(tenant, &deed, "ok")?;
                }
                Ok(lifted)
            })
            .await?;
        if lifted { Ok(()) } else { Err(AppError::NotFound("hold")) }
    }
}

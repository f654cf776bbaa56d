//! The kinds of work that wait in the job table: one variant each, with what it needs.

use domain::{ConnectionId, JobId, ListingId, Timestamp};
use store::jobs::{NewJob, Priority};
use store::{StoreResult, Tenant};

use crate::App;
use crate::error::AppError;

/// A kind of work and its data.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Read an order from its platform and take it in.
    FetchOrder {
        /// The platform's id.
        external_id: String,
    },
    /// Read which orders a shipment carries; they are fetched then.
    FetchShipment {
        /// The platform's id.
        external_id: String,
    },
    /// Read a listing as it stands.
    FetchListing {
        /// The platform's id.
        external_id: String,
    },
    /// Tell a listing its quantity.
    PushStock {
        /// Which.
        listing: ListingId,
    },
    /// Read what changed since the last sweep.
    Sweep,
    /// Read the platform's list of hooks it gave up on.
    ReadMissed,
    /// Read the next page of the first import.
    Import,
    /// Compare what every listing shows with what it should show.
    CheckListings,
    /// Renew the token pair ahead of its end.
    RenewTokens,
}

impl Work {
    /// The word in the job table and translation keys (`job-<word>`).
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::FetchOrder { .. } => "fetch_order",
            Self::FetchShipment { .. } => "fetch_shipment",
            Self::FetchListing { .. } => "fetch_listing",
            Self::PushStock { .. } => "push_stock",
            Self::Sweep => "sweep",
            Self::ReadMissed => "read_missed",
            Self::Import => "import",
            Self::CheckListings => "check_listings",
            Self::RenewTokens => "renew_tokens",
        }
    }

    const fn priority(&self) -> Priority {
        match self {
            Self::FetchOrder { .. } | Self::FetchShipment { .. } | Self::RenewTokens => Priority::Order,
            Self::PushStock { .. } => Priority::Stock,
            Self::FetchListing { .. }
            | Self::Sweep
            | Self::ReadMissed
            | Self::Import
            | Self::CheckListings => Priority::Background,
        }
    }

    /// Two jobs of one key are one: the thing, never its value.
    fn key(&self, connection: ConnectionId) -> String {
        match self {
            Self::FetchOrder { external_id }
            | Self::FetchShipment { external_id }
            | Self::FetchListing { external_id } => format!("{connection}/{external_id}"),
            Self::PushStock { listing } => listing.to_string(),
            Self::Sweep | Self::ReadMissed | Self::Import | Self::CheckListings | Self::RenewTokens => {
                connection.to_string()
            }
        }
    }

    /// The work of a job's payload.
    pub(crate) fn parse(payload: &str) -> Result<Self, AppError> {
        serde_json::from_str(payload).map_err(|error| AppError::BadJob(error.to_string()))
    }
}

impl App {
    /// Asks for work in the running transaction.
    pub(crate) fn ask(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        work: &Work,
        cause: &str,
        run_at: Timestamp,
    ) -> StoreResult<()> {
        let now = self.clock().now();
        let job = NewJob {
            connection: Some(connection),
            kind: work.kind(),
            dedup_key: work.key(connection),
            payload: serde_json::to_string(work).unwrap_or_default(),
            priority: work.priority(),
            run_at,
            cause: cause.to_owned(),
        };
        tenant.enqueue(JobId::new(now, self.entropy()), &job, now)
    }
}

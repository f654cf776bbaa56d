//! The kinds of work that wait in the job table: one variant each, with what it needs.

use domain::{
    CaseId, CaseKey, ConnectionId, DraftId, JobId, ListingId, MailId, PriceChangeId, SheetId, SkuId,
    TicketId, Timestamp,
};
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
        /// When the platform's list says that it changed, where a list was read: a reading
        /// that shows it as it was before does not do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        changed_at: Option<Timestamp>,
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
    /// Look whether a burst of sales is over, of a SKU whose listings hold units back. Belongs to no account.
    LookAtBurst {
        /// Which.
        sku: SkuId,
    },
    /// Read what changed since the last sweep.
    Sweep,
    /// Read every order that may not be known, so that numbers shown before are worth
    /// something.
    SettleSales,
    /// Read the platform's list of hooks it gave up on, from the bookmark on.
    ReadMissed(Bookmark),
    /// Read the next page of the first import.
    Import,
    /// Compare what every listing shows with what it should show, from the bookmark on.
    CheckListings(Bookmark),
    /// Renew the token pair ahead of its end.
    RenewTokens,
    /// Read what the platform charges for an order.
    FetchCharges {
        /// The platform's id.
        external_id: String,
    },
    /// Read which orders were settled, from the bookmark on, and ask for the money of those
    /// that it is not told of yet.
    CheckCharges {
        /// Where the list goes on.
        bookmark: Bookmark,
        /// End of the list; `None` at its beginning.
        until: Option<Timestamp>,
    },
    /// Read a question, thread, return, request to cancel or claim.
    FetchCase {
        /// `domain::Desk`.
        desk: String,
        /// The platform's id.
        external_id: String,
    },
    /// Read which thread a message belongs to; it is fetched then.
    FetchMessage {
        /// The platform's id.
        external_id: String,
    },
    /// Read the lists of questions, threads, returns and claims.
    SweepCases,
    /// Read who placed an order.
    FetchBuyer {
        /// The platform's id of the order.
        external_id: String,
    },
    /// Send what a member answered last.
    AnswerCase {
        /// In which case.
        case: CaseId,
    },
    /// Bring a draft's offer to its platform.
    Publish {
        /// Which.
        draft: DraftId,
    },
    /// Look where the listings of a draft stand with their platform.
    FollowListings {
        /// Whose.
        draft: DraftId,
    },
    /// Give a listing its price.
    PushPrice {
        /// By which change.
        change: PriceChangeId,
    },
    /// Look whether an address is on file, and send it a code. Belongs to no account.
    OfferCode {
        /// For which browser.
        ticket: TicketId,
    },
    /// Reckon what orders earn that wait for it. Belongs to no account.
    ReckonProfits,
    /// Take the marks off what shows what it should, and put down the words of what has none. Belongs to no account.
    SettleLists,
    /// Hand a letter to the mail server. Belongs to no account.
    SendMail {
        /// Which.
        mail: MailId,
    },
    /// Apply the next piece of a table, or undo it. Belongs to no account.
    Sheet {
        /// Which.
        sheet: SheetId,
    },
}

/// Where a list of many pages goes on: each job reads one, so that a list can be longer than
/// a lease, and asks for the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Bookmark {
    /// The platform's name of the next page; `None` at the beginning.
    pub page: Option<String>,
    /// Pages read before this one.
    pub pages_read: u32,
}

impl Bookmark {
    /// Pages of one list at most: a platform that always names a next page is not
    /// followed for ever. At 50 a page, two million things.
    const MAX_PAGES: u32 = 40_000;

    /// The next one; `None` after the last page.
    pub(crate) fn after(&self, next: Option<String>, list: &'static str) -> Result<Option<Self>, AppError> {
        match next {
            Some(_) if self.pages_read >= Self::MAX_PAGES => Err(AppError::Endless(list)),
            next => Ok(next.map(|page| Self { page: Some(page), pages_read: self.pages_read + 1 })),
        }
    }

    /// The beginning again, for a list that cannot be gone on with; its pages count on.
    pub(crate) fn back(&self, list: &'static str) -> Result<Self, AppError> {
        if self.pages_read >= Self::MAX_PAGES {
            return Err(AppError::Endless(list));
        }
        Ok(Self { page: None, pages_read: self.pages_read + 1 })
    }
}

impl Work {
    /// An order, however old what its platform shows of it.
    pub(crate) fn fetch_order(external_id: &str) -> Self {
        Self::FetchOrder { external_id: external_id.to_owned(), changed_at: None }
    }

    /// The word in the job table and translation keys (`job-<word>`).
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::FetchOrder { .. } => "fetch_order",
            Self::FetchShipment { .. } => "fetch_shipment",
            Self::FetchListing { .. } => "fetch_listing",
            Self::PushStock { .. } => "push_stock",
            Self::LookAtBurst { .. } => "look_at_burst",
            Self::Sweep => "sweep",
            Self::SettleSales => "settle_sales",
            Self::ReadMissed(_) => "read_missed",
            Self::Import => "import",
            Self::CheckListings(_) => "check_listings",
            Self::RenewTokens => "renew_tokens",
            Self::FetchCharges { .. } => "fetch_charges",
            Self::CheckCharges { .. } => "check_charges",
            Self::FetchCase { .. } => "fetch_case",
            Self::FetchMessage { .. } => "fetch_message",
            Self::SweepCases => "sweep_cases",
            Self::FetchBuyer { .. } => "fetch_buyer",
            Self::AnswerCase { .. } => "answer_case",
            Self::ReckonProfits => "reckon_profits",
            Self::SettleLists => "settle_lists",
            Self::SendMail { .. } => "send_mail",
            Self::Publish { .. } => "publish",
            Self::FollowListings { .. } => "follow_listings",
            Self::PushPrice { .. } => "push_price",
            Self::OfferCode { .. } => "offer_code",
            Self::Sheet { .. } => "sheet",
        }
    }

    const fn priority(&self) -> Priority {
        match self {
            Self::RenewTokens => Priority::Tokens,
            // A buyer waits for these, or whoever asked for a letter.
            Self::FetchOrder { .. }
            | Self::FetchShipment { .. }
            | Self::AnswerCase { .. }
            | Self::SendMail { .. }
            | Self::OfferCode { .. } => Priority::Order,
            Self::PushStock { .. } | Self::LookAtBurst { .. } | Self::SettleSales => Priority::Stock,
            Self::PushPrice { .. } => Priority::Price,
            Self::FetchListing { .. }
            | Self::Sweep
            | Self::ReadMissed(_)
            | Self::Import
            | Self::CheckListings(_)
            | Self::FetchCharges { .. }
            | Self::CheckCharges { .. }
            | Self::FetchCase { .. }
            | Self::FetchMessage { .. }
            | Self::SweepCases
            | Self::FetchBuyer { .. }
            | Self::ReckonProfits
            | Self::SettleLists
            | Self::Publish { .. }
            | Self::FollowListings { .. }
            | Self::Sheet { .. } => Priority::Background,
        }
    }

    /// Two jobs of one key are one: the thing, never its value.
    fn key(&self, connection: Option<ConnectionId>) -> String {
        let connection = connection.map(|id| id.to_string()).unwrap_or_default();
        match self {
            Self::FetchOrder { external_id, .. }
            | Self::FetchShipment { external_id }
            | Self::FetchListing { external_id }
            | Self::FetchCharges { external_id }
            | Self::FetchBuyer { external_id }
            | Self::FetchMessage { external_id } => format!("{connection}/{external_id}"),
            Self::PushStock { listing } => listing.to_string(),
            Self::LookAtBurst { sku } => sku.to_string(),
            Self::FetchCase { desk, external_id } => format!("{connection}/{desk}/{external_id}"),
            Self::AnswerCase { case } => case.to_string(),
            Self::SendMail { mail } => mail.to_string(),
            Self::Publish { draft } | Self::FollowListings { draft } => draft.to_string(),
            Self::PushPrice { change } => change.to_string(),
            Self::OfferCode { ticket } => ticket.to_string(),
            Self::Sheet { sheet } => sheet.to_string(),
            Self::Sweep
            | Self::SettleSales
            | Self::ReadMissed(_)
            | Self::Import
            | Self::CheckListings(_)
            | Self::RenewTokens
            | Self::CheckCharges { .. }
            | Self::ReckonProfits
            | Self::SettleLists
            | Self::SweepCases => connection,
        }
    }

    /// To read a case.
    pub(crate) fn of_case(key: &CaseKey) -> Self {
        Self::FetchCase { desk: key.desk.as_str().to_owned(), external_id: key.external_id.clone() }
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
        let (id, job, now) = self.job(Some(connection), work, cause, run_at);
        tenant.enqueue(id, &job, now)
    }

    /// Asks for work that belongs to no account.
    pub(crate) fn ask_for_house(
        &self,
        tenant: &mut Tenant<'_, '_>,
        work: &Work,
        cause: &str,
        run_at: Timestamp,
    ) -> StoreResult<()> {
        let (id, job, now) = self.job(None, work, cause, run_at);
        tenant.enqueue(id, &job, now)
    }

    /// Asks, as the clock does at every turn, for work that may be waiting already: then
    /// it stays as it is.
    pub(crate) fn remind(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        work: &Work,
        cause: &str,
    ) -> StoreResult<()> {
        let (id, job, now) = self.job(Some(connection), work, cause, self.clock().now());
        tenant.enqueue_if_none(id, &job, now)
    }

    /// The same for work that belongs to no account.
    pub(crate) fn remind_house(
        &self,
        tenant: &mut Tenant<'_, '_>,
        work: &Work,
        cause: &str,
    ) -> StoreResult<()> {
        let (id, job, now) = self.job(None, work, cause, self.clock().now());
        tenant.enqueue_if_none(id, &job, now)
    }

    fn job(
        &self,
        connection: Option<ConnectionId>,
        work: &Work,
        cause: &str,
        run_at: Timestamp,
    ) -> (JobId, NewJob, Timestamp) {
        let now = self.clock().now();
        let job = NewJob {
            connection,
            kind: work.kind(),
            dedup_key: work.key(connection),
            payload: serde_json::to_string(work).unwrap_or_default(),
            priority: work.priority(),
            run_at,
            cause: cause.to_owned(),
        };
        (JobId::new(now, self.entropy()), job, now)
    }
}

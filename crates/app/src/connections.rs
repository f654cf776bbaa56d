//! Connecting an account: consent in the browser, a dry run that touches nothing, then
//! the import; and later: sweeping now, connecting again, leaving.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connect::{Account, Consent, ListingSnapshot, StockControl, Window};
use domain::pace::Pace;
pub use domain::retention::AUTHORIZATION_LIFE;
use domain::silence::{self, Silence};
use domain::{
    Actor, ChannelKind, ConnectionId, ConnectionState, ImportId, MemberId, OrganizationId, Restricted,
    SessionId, Timestamp, Verdict,
};
use store::connections::{AuthorizationAttempt, Connection};
use store::jobs::DeadJobs;
use store::keys::KeyOwner;
use store::paces::Scope;
use store::pages::Queue;
use store::{StoreError, StoreResult, Tenant};
use vault::{Place, Token, TokenDigest};

use crate::audit::Deed;
use crate::error::AppError;
use crate::import::IMPORT_ORDERS_OF;
use crate::jobs::{Bookmark, Work};
use crate::{App, Change};

/// Listings that a dry run looks at; a larger shop is told that it saw the first ones.
pub const DRY_RUN_LISTINGS: usize = 1_000;
/// Listings that a dry run shows one by one.
pub const DRY_RUN_ROWS: usize = 100;
/// Orders looked at for the alarm of silence.
const SILENCE_ORDERS: u32 = 5_000;

/// What a seller sees before anything is touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Who the account is at its platform.
    pub profile: connect::AccountProfile,
    /// Listings that will be linked to a SKU that exists.
    pub link: usize,
    /// Listings that will be linked to a SKU that is made.
    pub create: usize,
    /// Listings that are left alone.
    pub leave: usize,
    /// Listings whose quantity will be changed.
    pub change: usize,
    /// Orders of the last weeks, where the platform says how many.
    pub orders: Option<u64>,
    /// Whether there are more listings than were looked at.
    pub more_listings: bool,
    /// The listings, those that change first, up to [`DRY_RUN_ROWS`].
    pub rows: Vec<PlannedListing>,
}

/// What will become of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedListing {
    /// The platform's id.
    pub number: String,
    /// Title.
    pub title: String,
    /// What it shows now.
    pub shows: i64,
    /// What it will show.
    pub will_show: i64,
    /// What will be done.
    pub decision: Decision,
}

/// What will be done with a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Linked to a SKU that exists.
    Link(String),
    /// Linked to a SKU that is made.
    Create(String),
    /// Over at the platform: left alone.
    LeaveClosed,
    /// The platform's own warehouse decides its quantity: read only.
    LeavePlatformStock,
    /// It has no code: left alone until a person links it.
    LeaveWithoutCode,
}

/// Why a callback was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// The state is unknown, used, too old or somebody else's.
    #[error("this authorisation was not begun here, or it is too old; begin again")]
    UnknownState,
    /// The owner or the platform said no.
    #[error("the marketplace did not give its consent: {0}")]
    Denied(String),
    /// The account belongs to another organization of this installation.
    #[error("this account is connected to another organization")]
    AccountTaken,
    /// The account may not sell now.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for CallbackError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// A connection and how it fares, for its page.
#[derive(Debug, Clone)]
pub struct Health {
    /// The connection.
    pub connection: Connection,
    /// Its queue.
    pub queue: Queue,
    /// Whether expected orders are missing.
    pub silence: Silence,
    /// What holds its work back.
    pub paces: Vec<(Scope, Pace)>,
    /// What went wrong last.
    pub last_failure: Option<(domain::Problem, String, Timestamp)>,
}

impl App {
    /// The exact address that the platform sends the browser back to.
    #[must_use]
    pub fn redirect_uri(&self, channel: ChannelKind) -> String {
        format!("{}/connections/callback/{}", self.public_url(), channel.as_str())
    }

    /// Begins an authorisation; returns where to send the browser.
    pub async fn begin_authorization(
        &self,
        organization: OrganizationId,
        member: MemberId,
        kind: ChannelKind,
    ) -> Result<String, AppError> {
        let channel = self.channel(kind).ok_or(AppError::ChannelMissing(kind.as_str()))?;
        let now = self.clock().now();
        let state = Token::random(self.entropy());
        // 43 characters of base64url: a verifier as RFC 7636 §4.1 wants it.
        let verifier = Token::random(self.entropy());
        let challenge = URL_SAFE_NO_PAD.encode(vault::token::sha256(verifier.expose().as_bytes()));
        let url = channel.authorization().authorize_url(state.expose(), &challenge, &self.redirect_uri(kind));
        let (app, digest, row) = (self.clone(), state.digest(), SessionId::new(now, self.entropy()));
        let verifier = Restricted::new(verifier.expose().to_owned());
        let deed = Deed::new(Actor::Member(member), "connection.authorization_begun", kind.as_str().into());
        self.organization(organization)
            .write(move |tenant| {
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                let attempt = AuthorizationAttempt {
                    state: digest,
                    member,
                    channel: kind,
                    verifier: app.seal(&key, &verifier_place(organization, row), &verifier)?,
                    verifier_row: row,
                    expires_at: now.plus(AUTHORIZATION_LIFE),
                };
                tenant.begin_authorization(&attempt, now)?;
                app.outcome(tenant, &deed, "ok")
            })
            .await?;
        Ok(url)
    }

    /// Takes the browser back from the platform. A new account waits in its dry run; one
    /// that is known gets its new pair and goes on with everything it had. `returned` is
    /// the query of the address that the browser was sent back to.
    pub async fn finish_authorization(
        &self,
        organization: OrganizationId,
        member: MemberId,
        kind: ChannelKind,
        mut returned: BTreeMap<String, String>,
    ) -> Result<ConnectionId, CallbackError> {
        let state = returned.remove("state").unwrap_or_default();
        let verifier = self.take_verifier(organization, member, kind, &state).await?;
        let code = consented(&mut returned)?;
        let channel = self.channel(kind).ok_or(AppError::ChannelMissing(kind.as_str()))?;
        let authorization = channel.authorization();
        let redirect_uri = self.redirect_uri(kind);
        let consent =
            Consent { code: &code, fields: &returned, verifier: &verifier, redirect_uri: &redirect_uri };
        let issued = authorization.exchange(consent).await.map_err(AppError::from)?;
        let now = self.clock().now();
        let fresh = ConnectionId::new(now, self.entropy());
        let account = Account {
            connection: fresh,
            external_id: issued.account_external_id.clone(),
            handle: issued.handle.clone(),
            access_token: issued.access_token.clone(),
        };
        let profile = authorization.identify(&account).await.map_err(AppError::from)?;
        let app = self.clone();
        let known = {
            let external_id = account.external_id.clone();
            self.organization(organization)
                .read(move |tenant| tenant.connection_of_account(kind, &external_id))
                .await?
        };
        let id = known.as_ref().map_or(fresh, |known| known.id);
        let written = self
            .organization(organization)
            .write(move |tenant| {
                if let Some(known) = &known {
                    app.authorize_again(tenant, known, &issued)?;
                } else {
                    let tokens = app.seal_tokens(tenant, id, 1, &issued)?;
                    let account = &issued.account_external_id;
                    tenant.create_connection(
                        id,
                        kind,
                        account,
                        &profile.name,
                        &profile.site,
                        &tokens,
                        now,
                    )?;
                }
                let deed = Deed::new(Actor::Member(member), "connection.authorized", id.to_string());
                app.outcome(tenant, &deed.with("account", &issued.account_external_id), "ok")
            })
            .await;
        match written {
            Ok(()) => {}
            Err(StoreError::Duplicate(_)) => return Err(CallbackError::AccountTaken),
            Err(error) => return Err(error.into()),
        }
        self.announce(organization, Change::Connection(id));
        self.jobs_came.notify_one();
        Ok(id)
    }

    /// A known account's owner said yes again: the new pair takes the old one's place, and
    /// what stood still goes on.
    fn authorize_again(
        &self,
        tenant: &mut Tenant<'_, '_>,
        known: &Connection,
        issued: &connect::IssuedTokens,
    ) -> StoreResult<()> {
        let (id, now) = (known.id, self.clock().now());
        // Read again here: a renewal may have counted the version up meanwhile.
        let version = tenant.connection(id)?.map_or(known.token_version, |held| held.token_version);
        let tokens = self.seal_tokens(tenant, id, version + 1, issued)?;
        if !tenant.replace_tokens(id, version, &tokens)? {
            return Err(StoreError::Locked);
        }
        tenant.note_consent(id, now)?;
        if known.state != ConnectionState::DryRun {
            tenant.set_connection_state(id, ConnectionState::Active, now)?;
            tenant.revive(&DeadJobs::OfConnection(id), now)?;
            self.ask(tenant, id, &Work::Sweep, "connected again", now)?;
        }
        Ok(())
    }

    async fn take_verifier(
        &self,
        organization: OrganizationId,
        member: MemberId,
        kind: ChannelKind,
        state: &str,
    ) -> Result<Restricted<String>, CallbackError> {
        let refused = Deed::new(Actor::Member(member), "connection.callback", kind.as_str().into());
        let digest: Option<TokenDigest> = Token::parse(state).ok().map(|state| state.digest());
        let (app, now) = (self.clone(), self.clock().now());
        let verifier = self
            .organization(organization)
            .write(move |tenant| {
                let attempt = match digest {
                    Some(digest) => tenant.take_authorization(&digest, member, now)?,
                    None => None,
                };
                let Some(attempt) = attempt.filter(|attempt| attempt.channel == kind) else {
                    app.not_done(tenant, &refused, crate::audit::NotDone::Refused, "unknown state")?;
                    return Ok(None);
                };
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                let place = verifier_place(organization, attempt.verifier_row);
                crate::secrets::open(&key, &place, &attempt.verifier, &crate::secrets::calling(now)).map(Some)
            })
            .await?;
        verifier.ok_or(CallbackError::UnknownState)
    }

    /// What would be linked and changed, read live; writes nothing anywhere.
    pub async fn plan(&self, organization: OrganizationId, id: ConnectionId) -> Result<Plan, AppError> {
        let caller = self.caller(organization, id).await?;
        let read = caller.channel.authorization().identify(&caller.account).await;
        let profile = caller.heard(read).await?;
        let mut seen: Vec<ListingSnapshot> = Vec::new();
        let mut next: Option<String> = None;
        let mut more_listings = false;
        loop {
            let read = caller.channel.listings().page(&caller.account, next.as_deref()).await;
            let page = caller.heard(read).await?;
            seen.extend(page.items);
            next = page.next;
            if next.is_none() {
                break;
            }
            if seen.len() >= DRY_RUN_LISTINGS {
                more_listings = true;
                break;
            }
        }
        let now = self.clock().now();
        let window = Window { from: now.minus(IMPORT_ORDERS_OF), to: now };
        let read = caller.channel.orders().updated_in(&caller.account, window, None).await;
        let orders = caller.heard(read).await?.total;
        let rows = self
            .organization(organization)
            .read(move |tenant| {
                let mut codes = BTreeMap::new();
                for code in seen.iter().filter_map(code_of) {
                    if let Entry::Vacant(place) = codes.entry(code) {
                        // One of the catalogue that nobody counted is counted by the import.
                        let held = tenant.sku_by_code(place.key())?.filter(|sku| sku.tally.version > 0);
                        place.insert(held.map(|sku| sku.tally.available_units()));
                    }
                }
                Ok(planned(&seen, &codes))
            })
            .await?;
        Ok(Plan { orders, more_listings, ..summed(profile, rows) })
    }

    /// The owner agreed to the plan: the connection runs, the import begins.
    pub async fn start_import(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: ConnectionId,
    ) -> Result<(), AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let import = ImportId::new(now, self.entropy());
        let deed = Deed::new(Actor::Member(member), "connection.import_started", id.to_string());
        self.organization(organization)
            .write(move |tenant| {
                let Some(connection) = tenant.connection(id)? else { return Ok(false) };
                if connection.state == ConnectionState::DryRun {
                    tenant.set_connection_state(id, ConnectionState::Active, now)?;
                    app.outcome(tenant, &deed, "ok")?;
                }
                tenant.begin_import(import, id, now.minus(IMPORT_ORDERS_OF), now)?;
                app.ask(tenant, id, &Work::Import, "import", now)?;
                Ok(true)
            })
            .await?
            .then_some(())
            .ok_or(AppError::NotFound("connection"))?;
        self.jobs_came.notify_one();
        Ok(())
    }

    /// Sweeps now, on a person's word.
    pub async fn sweep_now(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: ConnectionId,
    ) -> Result<(), AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let deed = Deed::new(Actor::Member(member), "connection.sweep_asked", id.to_string());
        self.organization(organization)
            .write(move |tenant| {
                app.ask(tenant, id, &Work::Sweep, "asked by a person", now)?;
                app.ask(tenant, id, &Work::ReadMissed(Bookmark::default()), "asked by a person", now)?;
                app.ask(tenant, id, &Work::CheckListings(Bookmark::default()), "asked by a person", now)?;
                app.outcome(tenant, &deed, "ok")
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }

    /// Leaves an account: consent ended at the platform where it answers, tokens
    /// destroyed here in any case. What was learned stays.
    pub async fn disconnect(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: ConnectionId,
    ) -> Result<(), AppError> {
        self.leave_account(organization, Actor::Member(member), id, false).await.map(drop)
    }

    /// The same on anybody's word. Where `patient`, an account whose platform does not answer now,
    /// and may later, is left as it is: false.
    pub(crate) async fn leave_account(
        &self,
        organization: OrganizationId,
        by: Actor,
        id: ConnectionId,
        patient: bool,
    ) -> Result<bool, AppError> {
        let revoked = match self.revoke(organization, id).await {
            Ok(()) => true,
            Err(error @ (AppError::NotFound(_) | AppError::Died(_))) => return Err(error),
            Err(error) if patient && error.verdict() != Verdict::Fail => return Ok(false),
            Err(_) => false,
        };
        let (app, now) = (self.clone(), self.clock().now());
        let deed = Deed::new(by, "connection.disconnected", id.to_string());
        self.organization(organization)
            .write(move |tenant| {
                tenant.set_connection_state(id, ConnectionState::Disconnected, now)?;
                tenant.destroy_data_key(KeyOwner::Connection(id))?;
                app.keep_erasure(tenant, KeyOwner::Connection(id))?;
                let buyers = tenant.forget_buyers_of(id)?;
                let deed = deed.with("revoked_at_platform", revoked).with("buyers_forgotten", buyers);
                app.outcome(tenant, &deed, "ok")
            })
            .await?;
        self.announce(organization, Change::Connection(id));
        Ok(true)
    }

    async fn revoke(&self, organization: OrganizationId, id: ConnectionId) -> Result<(), AppError> {
        let caller = self.caller(organization, id).await?;
        Ok(caller.channel.authorization().revoke(&caller.account).await?)
    }

    /// Gives dead jobs a new life, on a person's word. Returns how many.
    pub async fn retry_dead(
        &self,
        organization: OrganizationId,
        member: MemberId,
        which: DeadJobs,
    ) -> Result<u64, AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let subject = match &which {
            DeadJobs::One(id) => id.to_string(),
            DeadJobs::Alike { problem, kind, .. } => format!("{kind}/{}", problem.as_str()),
            DeadJobs::OfConnection(id) => id.to_string(),
        };
        let deed = Deed::new(Actor::Member(member), "job.revived", subject);
        let revived = self
            .organization(organization)
            .write(move |tenant| {
                let revived = tenant.revive(&which, now)?;
                app.outcome(tenant, &deed.with("jobs", revived), "ok")?;
                Ok(revived)
            })
            .await?;
        self.announce(organization, Change::Problems);
        self.jobs_came.notify_one();
        Ok(revived)
    }

    /// A connection and how it fares.
    pub async fn health(&self, organization: OrganizationId, id: ConnectionId) -> Result<Health, AppError> {
        let now = self.clock().now();
        self.organization(organization)
            .read(move |tenant| {
                let Some(connection) = tenant.connection(id)? else { return Ok(None) };
                let times = tenant.order_times(id, now.minus(silence::HISTORY), SILENCE_ORDERS)?;
                Ok(Some(Health {
                    connection,
                    queue: tenant.queue(id)?,
                    silence: silence::judge(&times, now),
                    paces: tenant.paces_of(id)?,
                    last_failure: tenant.last_failure(id)?,
                }))
            })
            .await?
            .ok_or(AppError::NotFound("connection"))
    }
}

/// The code of a consent that was given.
fn consented(returned: &mut BTreeMap<String, String>) -> Result<Restricted<String>, CallbackError> {
    // A platform may send a code beside its refusal (TikTok Shop's is the word "null").
    if let Some(error) = returned.remove("error") {
        return Err(CallbackError::Denied(error));
    }
    let code = returned.remove("code").filter(|code| !code.is_empty());
    code.map(Restricted::new).ok_or_else(|| CallbackError::Denied("no code".to_owned()))
}

fn verifier_place(organization: OrganizationId, row: SessionId) -> Place {
    Place::new(organization, "authorization_attempt", "verifier_sealed", row, 1)
}

fn code_of(listing: &ListingSnapshot) -> Option<String> {
    listing.seller_sku.as_deref().map(str::trim).filter(|code| !code.is_empty()).map(str::to_owned)
}

/// What becomes of listings as they were read, given what SKUs of their codes have.
fn planned(seen: &[ListingSnapshot], held: &BTreeMap<String, Option<i64>>) -> Vec<PlannedListing> {
    let lowest = |code: &str| {
        let alike = seen.iter().filter(|other| code_of(other).as_deref() == Some(code));
        alike.filter(|other| is_ours(other)).map(|other| other.quantity_units).min()
    };
    seen.iter()
        .map(|listing| {
            let decision = decide(listing, held);
            let will_show = match &decision {
                Decision::Link(code) => held.get(code).copied().flatten(),
                Decision::Create(code) => lowest(code),
                Decision::LeaveClosed | Decision::LeavePlatformStock | Decision::LeaveWithoutCode => None,
            };
            let writable = listing.state.takes_stock();
            PlannedListing {
                number: listing.key.external_id.clone(),
                title: listing.title.clone(),
                shows: listing.quantity_units,
                will_show: will_show.filter(|_| writable).unwrap_or(listing.quantity_units),
                decision,
            }
        })
        .collect()
}

fn is_ours(listing: &ListingSnapshot) -> bool {
    listing.stock_control == StockControl::Seller
}

fn decide(listing: &ListingSnapshot, held: &BTreeMap<String, Option<i64>>) -> Decision {
    if !is_ours(listing) {
        return Decision::LeavePlatformStock;
    }
    if listing.state == domain::ListingState::Closed {
        return Decision::LeaveClosed;
    }
    match code_of(listing) {
        None => Decision::LeaveWithoutCode,
        Some(code) if held.get(&code).is_some_and(Option::is_some) => Decision::Link(code),
        Some(code) => Decision::Create(code),
    }
}

fn summed(profile: connect::AccountProfile, mut rows: Vec<PlannedListing>) -> Plan {
    let count = |wanted: fn(&PlannedListing) -> bool| rows.iter().filter(|row| wanted(row)).count();
    let link = count(|row| matches!(row.decision, Decision::Link(_)));
    let create = count(|row| matches!(row.decision, Decision::Create(_)));
    let change = count(|row| row.shows != row.will_show);
    let leave = rows.len() - link - create;
    rows.sort_by_key(|row| row.shows == row.will_show);
    rows.truncate(DRY_RUN_ROWS);
    Plan { profile, link, create, leave, change, orders: None, more_listings: false, rows }
}

//! Members: who they are, what they were granted, how they leave (`docs/decisions/0024`).

use domain::member::{Proof, SecurityNotice};
use domain::role::{Access, Permission, Role};
use domain::{Actor, Confidential, Grant, GrantId, MemberId, Purpose, Timestamp};
use store::access::{GrantRow, NewGrant, expired_grants};
use store::invitations::InvitationRow;
use store::keys::KeyOwner;
use store::sessions::SignedIn;
use store::{StoreError, StoreResult, Tenant};
use vault::{Place, Sealed};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;

/// Longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 200;

/// Why access stayed as it was.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The member's own roles do not include it.
    #[error("this takes another role")]
    NotAllowed,
    /// Nobody grants something to themselves, or reviews it, while somebody else can.
    #[error("somebody else who administers has to do this")]
    NotOneself,
    /// The last owner stays one.
    #[error("an organization always has an owner")]
    LastOwner,
    /// No reason, or one that is too long.
    #[error("a reason of at most {MAX_REASON_CHARS} characters is needed")]
    Reason,
    /// No day on which it ends, one that has passed, or one that is too far.
    #[error("it has to end on a day that is near enough")]
    Until,
    /// Nothing was chosen.
    #[error("nothing was chosen")]
    Nothing,
    /// The text is no e-mail address.
    #[error("this is no e-mail address")]
    Email,
    /// Whoever has this address is a member already.
    #[error("whoever has this address is a member already")]
    Known,
    /// A passkey has to be shown first.
    #[error("a passkey has to be shown first")]
    Passkey,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for AccessError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// What somebody is to get.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What.
    pub access: Access,
    /// Why.
    pub reason: String,
    /// Until when; needed where [`Access::longest`] says so.
    pub until: Option<Timestamp>,
}

/// A member as those who administer see them.
#[derive(Debug)]
pub struct MemberSeen {
    /// Id.
    pub id: MemberId,
    /// Their address.
    pub email: Confidential<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When they were last seen.
    pub last_seen_at: Option<Timestamp>,
    /// Whether they have a second factor.
    pub has_factor: bool,
    /// What they were granted.
    pub grants: Vec<GrantRow>,
}

/// Everybody, and whoever was invited.
#[derive(Debug)]
pub struct Everybody {
    /// Members who have not left.
    pub members: Vec<MemberSeen>,
    /// Invitations that are open, with their addresses.
    pub invitations: Vec<(InvitationRow, Confidential<String>)>,
}

/// A reason as it is kept; [`AccessError::Reason`] when there is none or it is too long.
pub(crate) fn reason(text: &str) -> Result<String, AccessError> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_REASON_CHARS;
    if fits { Ok(text.to_owned()) } else { Err(AccessError::Reason) }
}

/// Whether nobody else administers: then its member decides of themselves, and that stands in the
/// event.
pub(crate) fn is_alone(tenant: &mut Tenant<'_, '_>, member: MemberId, now: Timestamp) -> StoreResult<bool> {
    let mut all = tenant.members_with(Role::Owner, now)?;
    all.extend(tenant.members_with(Role::Administrator, now)?);
    Ok(all.iter().all(|other| *other == member))
}

fn is_last_owner(tenant: &mut Tenant<'_, '_>, member: MemberId, now: Timestamp) -> StoreResult<bool> {
    Ok(tenant.members_with(Role::Owner, now)? == [member])
}

impl App {
    /// Everybody with their addresses. That somebody looked is an event.
    pub async fn everybody(&self, who: &SignedIn) -> Result<Everybody, AppError> {
        let (app, now, me) = (self.clone(), self.clock().now(), who.member);
        let found = self
            .organization(who.organization)
            .write(move |tenant| {
                let deed =
                    Deed::new(Actor::Member(me), "member.listed", tenant.organization_id().to_string());
                app.outcome(tenant, &deed, "ok")?;
                let grants = tenant.grants(now)?;
                let mut members = Vec::new();
                for row in tenant.members()? {
                    let place = Place::new(tenant.organization_id(), "member", "email_sealed", row.id, 1);
                    members.push(MemberSeen {
                        id: row.id,
                        email: app.open_email(tenant, &place, &row.email, me)?,
                        created_at: row.created_at,
                        last_seen_at: row.last_seen_at,
                        has_factor: row.factors > 0,
                        grants: grants.iter().filter(|grant| grant.member == row.id).cloned().collect(),
                    });
                }
                let mut invitations = Vec::new();
                for row in tenant.invitations(now)? {
                    let place = crate::invitations::place(row.organization, row.id);
                    let email = app.open_email(tenant, &place, &row.email_sealed, me)?;
                    invitations.push((row, email));
                }
                Ok(Everybody { members, invitations })
            })
            .await?;
        Ok(found)
    }

    pub(crate) fn open_email(
        &self,
        tenant: &mut Tenant<'_, '_>,
        place: &Place,
        sealed: &Sealed<Confidential<String>>,
        reader: MemberId,
    ) -> StoreResult<Confidential<String>> {
        let key = self.data_key(tenant, KeyOwner::Organization)?;
        // tidy: allowed because those who administer know whom they administer; the caller writes the event.
        let grant = Grant::issue(Actor::Member(reader), Purpose::Administer, self.clock().now());
        crate::secrets::open(&key, place, sealed, &grant)
    }

    /// Grants something to a member by name.
    pub async fn grant(&self, who: &SignedIn, to: MemberId, wish: Wish) -> Result<(), AccessError> {
        let now = self.clock().now();
        if !who.granted.may(wish.access.granted_by()) {
            return Err(AccessError::NotAllowed);
        }
        let new = NewGrant {
            id: GrantId::new(now, self.entropy()),
            member: to,
            access: wish.access,
            reason: reason(&wish.reason)?,
            by: Actor::Member(who.member),
            until: until(wish.access, wish.until, now)?,
        };
        let (app, me) = (self.clone(), who.member);
        self.organization(who.organization)
            .write(move |tenant| {
                if !tenant.is_member(to)? {
                    return Ok(Err(AppError::NotFound("member").into()));
                }
                let oneself = to == me;
                if oneself && !is_alone(tenant, me, now)? {
                    return Ok(Err(AccessError::NotOneself));
                }
                app.give(tenant, &new, oneself)?;
                Ok(Ok(()))
            })
            .await?
    }

    /// Grants, tells the member, and writes the event.
    pub(crate) fn give(&self, tenant: &mut Tenant<'_, '_>, new: &NewGrant, oneself: bool) -> StoreResult<()> {
        tenant.give(new, self.clock().now())?;
        self.notify_member(tenant, new.member, SecurityNotice::AccessChanged, "")?;
        let mut deed = Deed::new(new.by.clone(), "access.granted", new.member.to_string())
            .with("access", new.access.as_str())
            .with("reason", &new.reason);
        if let Some(until) = new.until {
            deed = deed.with("until", until.as_millis());
        }
        if oneself {
            deed = deed.with("sole_operator", "yes");
        }
        self.outcome(tenant, &deed, "ok")
    }

    /// Takes back what was granted.
    pub async fn end_grant(&self, who: &SignedIn, id: GrantId, why: &str) -> Result<(), AccessError> {
        let (app, now, who, why) = (self.clone(), self.clock().now(), who.clone(), reason(why)?);
        self.organization(who.organization)
            .write(move |tenant| {
                let Some(row) = tenant.open_grant(id, now)? else {
                    return Ok(Err(AppError::NotFound("grant").into()));
                };
                // A word that this release does not know may be taken by whoever administers.
                let needs = Access::parse(&row.access).map_or(Permission::ManageMembers, Access::granted_by);
                if !who.granted.may(needs) {
                    return Ok(Err(AccessError::NotAllowed));
                }
                let is_owner = row.access == Role::Owner.as_str();
                if is_owner && is_last_owner(tenant, row.member, now)? {
                    return Ok(Err(AccessError::LastOwner));
                }
                app.end(tenant, &row, &Actor::Member(who.member), &why)?;
                Ok(Ok(()))
            })
            .await?
    }

    /// Ends a grant, tells its member, and writes the event.
    pub(crate) fn end(
        &self,
        tenant: &mut Tenant<'_, '_>,
        row: &GrantRow,
        by: &Actor,
        why: &str,
    ) -> StoreResult<()> {
        if !tenant.end_grant(row.id, by, why, self.clock().now())? {
            return Ok(());
        }
        self.notify_member(tenant, row.member, SecurityNotice::AccessChanged, "")?;
        let deed = Deed::new(by.clone(), "access.ended", row.member.to_string())
            .with("access", &row.access)
            .with("reason", why);
        self.outcome(tenant, &deed, "ok")
    }

    /// Lets a member leave: from this moment on nothing opens to them any more.
    pub async fn leave(&self, who: &SignedIn, member: MemberId, why: &str) -> Result<(), AccessError> {
        let (app, now, who, why) = (self.clone(), self.clock().now(), who.clone(), reason(why)?);
        self.organization(who.organization)
            .write(move |tenant| {
                let theirs = tenant.granted(member, now)?;
                let needs = if theirs.administers() {
                    Permission::ManageAdministrators
                } else {
                    Permission::ManageMembers
                };
                if !who.granted.may(needs) {
                    return Ok(Err(AccessError::NotAllowed));
                }
                if is_last_owner(tenant, member, now)? {
                    return Ok(Err(AccessError::LastOwner));
                }
                let by = Actor::Member(who.member);
                let Some((sessions, grants)) = tenant.leave(member, &by, now)? else {
                    return Ok(Err(AppError::NotFound("member").into()));
                };
                let deed = Deed::new(by, "member.left", member.to_string())
                    .with("reason", why)
                    .with("sessions", sessions)
                    .with("grants", grants);
                app.outcome(tenant, &deed, "ok")?;
                Ok(Ok(()))
            })
            .await?
    }

    /// Ends the sessions of a member who stays, or everybody's but the one that asks: whoever
    /// lost a phone is out until they sign in again. Returns how many ended.
    pub async fn end_sessions_of(
        &self,
        who: &SignedIn,
        whom: Option<MemberId>,
        why: &str,
    ) -> Result<u64, AccessError> {
        let (app, now, who, why) = (self.clone(), self.clock().now(), who.clone(), reason(why)?);
        self.organization(who.organization)
            .write(move |tenant| {
                let members: Vec<MemberId> = tenant.members()?.into_iter().map(|row| row.id).collect();
                let members = match whom {
                    Some(one) if !members.contains(&one) => {
                        return Ok(Err(AppError::NotFound("member").into()));
                    }
                    Some(one) => vec![one],
                    None => members,
                };
                let administer = |member: &MemberId| Ok(tenant.granted(*member, now)?.administers());
                let any: Vec<bool> = members.iter().map(administer).collect::<StoreResult<_>>()?;
                if any.contains(&true) && !who.granted.may(Permission::ManageAdministrators) {
                    return Ok(Err(AccessError::NotAllowed));
                }
                let mut total = 0;
                for member in members {
                    let ended = tenant.close_others(member, who.session, None)?;
                    if ended > 0 {
                        app.notify_member(tenant, member, SecurityNotice::SessionsEnded, "")?;
                    }
                    total += ended;
                }
                let object = whom.map_or_else(|| tenant.organization_id().to_string(), |one| one.to_string());
                let deed = Deed::new(Actor::Member(who.member), "session.ended", object)
                    .with("reason", why)
                    .with("sessions", total);
                app.outcome(tenant, &deed, "ok")?;
                Ok(Ok(total))
            })
            .await?
    }

    /// Makes a member an administrator for [`Access::BROKEN_GLASS`]: they were trusted with that
    /// before, have just shown a passkey, and everybody who administers is told.
    pub async fn break_glass(&self, who: &SignedIn, why: &str) -> Result<(), AccessError> {
        let (app, now, me, why) = (self.clone(), self.clock().now(), who.member, reason(why)?);
        if !who.granted.has(Access::BreakGlass) {
            return Err(AccessError::NotAllowed);
        }
        if who.standing.proof != Proof::Passkey {
            return Err(AccessError::Passkey);
        }
        self.organization(who.organization)
            .write(move |tenant| {
                for role in [Role::Owner, Role::Administrator] {
                    for member in tenant.members_with(role, now)? {
                        app.notify_member(tenant, member, SecurityNotice::GlassBroken, "")?;
                    }
                }
                let new = NewGrant {
                    id: GrantId::new(now, app.entropy()),
                    member: me,
                    access: Access::Role(Role::Administrator),
                    reason: why.clone(),
                    by: Actor::Member(me),
                    until: Some(now.plus(Access::BROKEN_GLASS)),
                };
                tenant.give(&new, now)?;
                let deed =
                    Deed::new(new.by.clone(), "access.glass_broken", me.to_string()).with("reason", why);
                app.outcome(tenant, &deed, "ok")
            })
            .await?;
        Ok(())
    }

    /// Ends what was granted until a day that has come. What it opened is closed since then: this
    /// writes it down and tells the member.
    pub(crate) async fn end_expired_grants(&self) -> Result<(), AppError> {
        let now = self.clock().now();
        let expired = self.store().installation().read(move |tx| expired_grants(tx, now)).await?;
        for (organization, row) in expired {
            let app = self.clone();
            self.organization(organization)
                .write(move |tenant| app.end(tenant, &row, &Actor::system("access"), "expired"))
                .await?;
        }
        Ok(())
    }

    /// Keeps that somebody asked for what their roles do not include.
    pub async fn access_refused(&self, who: &SignedIn, permission: Permission) -> Result<(), AppError> {
        let app = self.clone();
        let deed = Deed::new(Actor::Member(who.member), "access.used", who.member.to_string());
        self.organization(who.organization)
            .write(move |tenant| {
                app.not_done(tenant, &deed, crate::audit::NotDone::Refused, permission.as_str())
            })
            .await?;
        Ok(())
    }
}

/// Until when something is granted; the end of it is checked here.
fn until(
    access: Access,
    wished: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Timestamp>, AccessError> {
    match (wished, access.longest()) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(AccessError::Until),
        (Some(until), longest) => {
            let near = longest.is_none_or(|longest| until <= now.plus(longest));
            if until > now && near { Ok(Some(until)) } else { Err(AccessError::Until) }
        }
    }
}

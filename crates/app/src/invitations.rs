//! How somebody becomes a member: by a link that works once, for an address that a member knew.

pub use domain::retention::INVITATION_LIFE;
use domain::role::{Permission, Role};
use domain::{
    Access, Actor, Confidential, Grant, GrantId, InvitationId, MemberId, OrganizationId, Purpose, Restricted,
};
use store::access::NewGrant;
use store::invitations::{InvitationRow, NewInvitation, invitation_of};
use store::keys::KeyOwner;
use store::people::NewMember;
use store::sessions::SignedIn;
use store::{StoreResult, Tenant};
use vault::password_rules::PasswordProblem;
use vault::{PasswordHash, Place, Token};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::members::{AccessError, reason};
use crate::people::{looks_like_email, normalised};
use crate::sign_in::{SignIn, SignInError, Visit};

/// What an invitation's link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// What the organization is called.
    pub organization: String,
    /// Whether whoever joins will administer.
    pub administers: bool,
}

/// Why nobody joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The link is unknown, used or too old, or whoever made it may not invite any more.
    #[error("this link has been used or is too old")]
    LinkNotGood,
    /// The password is not good enough.
    #[error("the password {0}")]
    Password(PasswordProblem),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<store::StoreError> for JoinError {
    fn from(error: store::StoreError) -> Self {
        Self::App(error.into())
    }
}

/// Where an invitation's address is sealed for.
pub(crate) fn place(organization: OrganizationId, id: InvitationId) -> Place {
    Place::new(organization, "invitation", "email_sealed", id, 1)
}

impl App {
    /// Invites whoever has an address. Returns the link, which is shown once.
    pub async fn invite(
        &self,
        who: &SignedIn,
        email: &str,
        roles: &[Role],
        why: &str,
    ) -> Result<String, AccessError> {
        let email = normalised(email);
        if !looks_like_email(&email) {
            return Err(AccessError::Email);
        }
        if roles.is_empty() {
            return Err(AccessError::Nothing);
        }
        if !roles.iter().all(|role| who.granted.may(Access::Role(*role).granted_by())) {
            return Err(AccessError::NotAllowed);
        }
        let (now, token) = (self.clock().now(), Token::random(self.entropy()));
        let (app, me, digest, why) = (self.clone(), who.member, token.digest(), reason(why)?);
        let (id, email) = (InvitationId::new(now, self.entropy()), Confidential::new(email));
        let (email_index, roles) = (self.email_index(&email), roles.to_vec());
        self.organization(who.organization)
            .write(move |tenant| {
                if tenant.is_taken(&email_index)? {
                    return Ok(Err(AccessError::Known));
                }
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                let new = NewInvitation {
                    id,
                    digest,
                    email_index,
                    email_sealed: app.seal(&key, &place(tenant.organization_id(), id), &email)?,
                    roles,
                    reason: why,
                    by: me,
                    until: now.plus(INVITATION_LIFE),
                };
                tenant.invite(&new, now)?;
                let words: Vec<&str> = new.roles.iter().map(|role| role.as_str()).collect();
                let deed = Deed::new(Actor::Member(me), "member.invited", id.to_string())
                    .with("roles", words.join(" "))
                    .with("reason", &new.reason);
                app.outcome(tenant, &deed, "ok")?;
                Ok(Ok(()))
            })
            .await??;
        Ok(format!("{}/join/{}", self.public_url(), token.expose()))
    }

    /// Takes an invitation back.
    pub async fn withdraw_invitation(&self, who: &SignedIn, id: InvitationId) -> Result<(), AccessError> {
        let (app, me) = (self.clone(), who.member);
        self.organization(who.organization)
            .write(move |tenant| {
                if !tenant.end_invitation(id)? {
                    return Ok(Err(AppError::NotFound("invitation").into()));
                }
                let deed = Deed::new(Actor::Member(me), "member.invitation_withdrawn", id.to_string());
                app.outcome(tenant, &deed, "ok")?;
                Ok(Ok(()))
            })
            .await?
    }

    /// What an invitation's link leads to; `None` when the link is not good.
    pub async fn invited_to(&self, token: &str) -> Result<Option<Invited>, AppError> {
        let Ok(token) = Token::parse(token) else { return Ok(None) };
        let (digest, now) = (token.digest(), self.clock().now());
        let read = move |tx: &mut store::Tx<'_>| {
            let Some(row) = invitation_of(tx, &digest, now)? else { return Ok(None) };
            let organization = Tenant::of(tx, row.organization).name()?;
            let administers = row.roles.iter().any(|role| role.administers());
            Ok(Some(Invited { organization, administers }))
        };
        Ok(self.store().installation().read(read).await?)
    }

    /// Makes whoever holds the link a member, with what the invitation says. Returns their address,
    /// to be signed in with.
    pub async fn join(
        &self,
        token: &str,
        password: Restricted<String>,
        language: &str,
    ) -> Result<Confidential<String>, JoinError> {
        let token = Token::parse(token).map_err(|_| JoinError::LinkNotGood)?;
        let (digest, now) = (token.digest(), self.clock().now());
        let db = self.store().installation();
        let found = db.read(move |tx| invitation_of(tx, &digest, now)).await?;
        let row = found.ok_or(JoinError::LinkNotGood)?;
        let invited = self.invited_to(token.expose()).await?.ok_or(JoinError::LinkNotGood)?;
        let (app, sealed, id, at) = (self.clone(), row.email_sealed.clone(), row.id, row.organization);
        let email = self
            .organization(at)
            .write(move |tenant| {
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                crate::secrets::open(&key, &place(at, id), &sealed, &app.joining())
            })
            .await?;
        let (name, administers) = (invited.organization, invited.administers);
        let address = email.reveal(&self.joining());
        if let Some(problem) = self.check_new_password(&password, address, &name, administers).await? {
            return Err(JoinError::Password(problem));
        }
        let hash = self.hash_password(password).await?;
        let (app, language, kept) = (self.clone(), language.to_owned(), email.clone());
        let joined = db
            .write(move |tx| {
                // The link may have been used, or its maker have left, while the password was hashed.
                let Some(row) = invitation_of(tx, &digest, now)? else { return Ok(None) };
                app.make_member(&mut Tenant::of(tx, row.organization), &row, &kept, &hash, &language)
            })
            .await?;
        if joined.is_some() { Ok(email) } else { Err(JoinError::LinkNotGood) }
    }

    /// Signs in whoever has just joined.
    pub async fn sign_in_joined(
        &self,
        email: &Confidential<String>,
        password: Restricted<String>,
        visit: &Visit,
    ) -> Result<SignIn, SignInError> {
        self.sign_in(email.reveal(&self.joining()), password, visit).await
    }

    pub(crate) fn joining(&self) -> Grant {
        // tidy: allowed because the address goes from its invitation to its member, who holds the link or the account.
        Grant::issue(Actor::system("join"), Purpose::SignIn, self.clock().now())
    }

    /// Makes the member and grants what whoever invited them may still grant; `None` when that is
    /// nothing.
    pub(crate) fn make_member(
        &self,
        tenant: &mut Tenant<'_, '_>,
        row: &InvitationRow,
        email: &Confidential<String>,
        hash: &PasswordHash,
        language: &str,
    ) -> StoreResult<Option<MemberId>> {
        let now = self.clock().now();
        let inviter = tenant.granted(row.invited_by, now)?;
        let roles: Vec<Role> =
            row.roles.iter().copied().filter(|role| inviter.may(Access::Role(*role).granted_by())).collect();
        if roles.is_empty() || !inviter.may(Permission::ManageMembers) || !tenant.end_invitation(row.id)? {
            return Ok(None);
        }
        let former = tenant.former_member(&row.email_index)?;
        let id = former.unwrap_or_else(|| MemberId::new(now, self.entropy()));
        let key = self.data_key(tenant, KeyOwner::Organization)?;
        let member = NewMember {
            id,
            email_index: row.email_index,
            email_sealed: self.seal(&key, &people_place(tenant.organization_id(), id), email)?,
            password_hash: hash.as_str().to_owned(),
            language: language.to_owned(),
        };
        match former {
            Some(_) => tenant.bring_back(&member)?,
            None => tenant.create_member(&member, now)?,
        }
        let deed = Deed::new(Actor::Member(id), "member.joined", id.to_string());
        self.outcome(tenant, &deed.with("invitation", row.id), "ok")?;
        for role in roles {
            let new = NewGrant {
                id: GrantId::new(now, self.entropy()),
                member: id,
                access: Access::Role(role),
                reason: row.reason.clone(),
                by: Actor::Member(row.invited_by),
                until: None,
            };
            self.give(tenant, &new, false)?;
        }
        Ok(Some(id))
    }
}

fn people_place(organization: OrganizationId, member: MemberId) -> Place {
    Place::new(organization, "member", "email_sealed", member, 1)
}

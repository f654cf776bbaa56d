//! A member's own sign-in: second factors, recovery codes, password, sessions, and what
//! they are told of it.

use domain::member::{Proof, SecurityNotice};
use domain::{Actor, Grant, MemberId, PasskeyId, Purpose, Restricted, SessionId, Timestamp, TypedId as _};
use store::factors::{Asked, PasskeyRow};
use store::keys::KeyOwner;
use store::provider::LinkRow;
use store::sessions::{NoticeRow, SessionRow, SignedIn};
use store::{StoreError, StoreResult, Tenant};
use vault::passkey::{Passkey, Person};
use vault::password_rules::PasswordProblem;
use vault::totp::Seed;
use vault::{PasswordHash, Place, Token, recovery};
use zeroize::Zeroizing;

use crate::App;
use crate::audit::{Deed, NotDone};
use crate::error::AppError;
use crate::sign_in::SignInError;

/// The name that authenticator apps show.
const ISSUER: &str = "Lojista";
/// Passkeys of one member.
pub const MAX_PASSKEYS: usize = 20;
/// Longest name of a passkey, in characters.
pub const MAX_PASSKEY_NAME_CHARS: usize = 40;

/// Recovery codes, shown once.
pub type Codes = Vec<Zeroizing<String>>;

/// An authenticator app that waits for its first code: what it is given.
#[derive(Debug)]
pub struct NewAuthenticator {
    /// What is scanned.
    pub uri: Zeroizing<String>,
    /// What is typed where nothing can be scanned.
    pub secret: Zeroizing<String>,
}

/// A member's own sign-in at a glance.
#[derive(Debug)]
pub struct Security {
    /// Passkeys, the oldest first.
    pub passkeys: Vec<PasskeyRow>,
    /// Since when an authenticator app counts.
    pub authenticator_since: Option<Timestamp>,
    /// Recovery codes that are left.
    pub codes_left: i64,
    /// Their account at the team's identity provider.
    pub provider: Option<LinkRow>,
    /// Sessions, the one used last first.
    pub sessions: Vec<SessionRow>,
    /// What they were told, the newest first.
    pub notices: Vec<NoticeRow>,
}

/// What a member got by adding a second factor.
#[derive(Debug)]
pub struct Added {
    /// The session's new token: it has shown the factor.
    pub session: Token,
    /// Recovery codes, where the member had none.
    pub codes: Option<Codes>,
}

/// Why a member's sign-in was not changed.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// A code, passkey or password is wrong.
    #[error("what was shown is wrong")]
    Wrong,
    /// The question is closed: begin again.
    #[error("this question is closed; begin again")]
    Closed,
    /// It is there already.
    #[error("it is there already")]
    Known,
    /// There are as many as there may be.
    #[error("there are {MAX_PASSKEYS} passkeys already")]
    TooMany,
    /// The last second factor cannot go while one is demanded.
    #[error("a second factor is demanded, and this is the last")]
    LastOne,
    /// The new password is not good enough.
    #[error("the new password {0}")]
    Password(PasswordProblem),
    /// Wait before the next try.
    #[error("too many tries; wait {} seconds", .0.as_secs())]
    Wait(std::time::Duration),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for FactorError {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Duplicate(_)) { Self::Known } else { Self::App(error.into()) }
    }
}

impl From<SignInError> for FactorError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wrong => Self::Wrong,
            SignInError::Closed => Self::Closed,
            SignInError::Wait(wait) => Self::Wait(wait),
            SignInError::App(error) => Self::App(error),
        }
    }
}

/// A member's own secret is compared or shown to them.
pub(crate) fn checking(member: MemberId, now: Timestamp) -> Grant {
    // tidy: allowed because a member's own seed or code is checked, or shown to them once.
    Grant::issue(Actor::Member(member), Purpose::SignIn, now)
}

impl App {
    /// A member's own sign-in at a glance.
    pub async fn security(&self, who: &SignedIn) -> Result<Security, AppError> {
        let (app, member, now) = (self.clone(), who.member, self.clock().now());
        let found = self
            .organization(who.organization)
            .read(move |tenant| {
                Ok(Security {
                    provider: app.own_link(tenant, member)?,
                    passkeys: tenant.passkeys(member)?,
                    authenticator_since: tenant.authenticator(member)?.and_then(|app| app.confirmed_at),
                    codes_left: tenant.codes_left(member)?,
                    sessions: tenant.sessions(member, now)?,
                    notices: tenant.notices(member)?,
                })
            })
            .await?;
        Ok(found)
    }

    /// Begins with an authenticator app; it counts once its first code came back.
    pub async fn begin_authenticator(&self, who: &SignedIn) -> Result<(), FactorError> {
        let (app, member, now) = (self.clone(), who.member, self.clock().now());
        let seed = Seed::random(self.entropy());
        let kept = self
            .organization(who.organization)
            .write(move |tenant| {
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                let sealed = app.seal(&key, &seed_place(tenant, member), seed.to_keep())?;
                tenant.keep_authenticator(member, &sealed, now)
            })
            .await?;
        if kept { Ok(()) } else { Err(FactorError::Known) }
    }

    /// The authenticator app that waits for its first code.
    pub async fn new_authenticator(
        &self,
        who: &SignedIn,
        account: &str,
    ) -> Result<Option<NewAuthenticator>, AppError> {
        let (app, member, now) = (self.clone(), who.member, self.clock().now());
        let seed = self
            .organization(who.organization)
            .read(move |tenant| {
                let waits = tenant.authenticator(member)?.is_some_and(|kept| kept.confirmed_at.is_none());
                if waits {
                    app.seed(tenant, member).map(|found| found.map(|(seed, _)| seed))
                } else {
                    Ok(None)
                }
            })
            .await?;
        let grant = checking(member, now);
        Ok(seed.map(|seed| NewAuthenticator {
            uri: seed.to_uri(ISSUER, account, &grant),
            secret: seed.to_base32(&grant),
        }))
    }

    /// Takes the app's first code.
    pub async fn confirm_authenticator(&self, who: &SignedIn, code: &str) -> Result<Added, FactorError> {
        let (app, member) = (self.clone(), who.member);
        let code = Restricted::new(code.to_owned());
        let taken = self
            .organization(who.organization)
            .write(move |tenant| {
                if tenant.authenticator(member)?.is_none_or(|kept| kept.confirmed_at.is_some()) {
                    return Ok(None);
                }
                Ok(Some(app.take_new_code(tenant, member, &code)?))
            })
            .await?;
        match taken {
            None => Err(FactorError::Closed),
            Some(false) => Err(FactorError::Wrong),
            Some(true) => self.added(who, SecurityNotice::AuthenticatorAdded, Proof::Authenticator).await,
        }
    }

    /// Removes the authenticator app.
    pub async fn remove_authenticator(&self, who: &SignedIn) -> Result<(), FactorError> {
        let demanded = self.parts.second_factor.demands(who.standing.administers);
        let (app, member) = (self.clone(), who.member);
        self.organization(who.organization)
            .write(move |tenant| {
                if demanded && tenant.passkeys(member)?.is_empty() {
                    return Ok(Err(FactorError::LastOne));
                }
                if tenant.remove_authenticator(member)? {
                    app.changed(
                        tenant,
                        member,
                        "member.factor_removed",
                        SecurityNotice::AuthenticatorRemoved,
                    )?;
                }
                Ok(Ok(()))
            })
            .await?
    }

    /// What a browser is asked to make a passkey: a token for its cookie, and the question.
    /// `None` where there can be no passkeys.
    pub async fn begin_passkey(
        &self,
        who: &SignedIn,
        account: &str,
    ) -> Result<Option<(Token, String)>, FactorError> {
        let Some(site) = self.passkey_site() else { return Ok(None) };
        let member = who.member;
        let known: Vec<Passkey> = self
            .organization(who.organization)
            .read(move |tenant| tenant.passkeys(member))
            .await?
            .into_iter()
            .map(|row| row.passkey)
            .collect();
        if known.len() >= MAX_PASSKEYS {
            return Err(FactorError::TooMany);
        }
        let (token, challenge) =
            self.put_question(Asked::PasskeyNew, Some((who.organization, member))).await?;
        let handle = member.to_bytes();
        Ok(Some((token, site.creation(&challenge, Person { handle: &handle, name: account }, &known))))
    }

    /// Keeps the passkey that a browser made. `name` is what its member calls it.
    pub async fn add_passkey(
        &self,
        who: &SignedIn,
        token: &str,
        json: &str,
        name: &str,
    ) -> Result<Added, FactorError> {
        let site = self.passkey_site().ok_or(FactorError::Closed)?;
        let (digest, question) = self.question(token, Asked::PasskeyNew).await?;
        self.close(digest).await?;
        if question.of != Some((who.organization, who.member)) {
            return Err(FactorError::Closed);
        }
        let (now, member) = (self.clock().now(), who.member);
        let passkey = match site.register(&question.challenge, json) {
            Ok(passkey) => passkey,
            Err(error) => {
                let (app, why) = (self.clone(), error.to_string());
                let deed = Deed::new(Actor::Member(member), "member.factor_added", member.to_string());
                self.organization(who.organization)
                    .write(move |tenant| app.not_done(tenant, &deed, NotDone::Refused, &why))
                    .await?;
                return Err(FactorError::Wrong);
            }
        };
        let id = PasskeyId::new(now, self.entropy());
        let name: String = name.trim().chars().take(MAX_PASSKEY_NAME_CHARS).collect();
        self.organization(who.organization)
            .write(move |tenant| {
                // Questions may have been put side by side.
                if tenant.passkeys(member)?.len() >= MAX_PASSKEYS {
                    return Ok(Err(FactorError::TooMany));
                }
                tenant.keep_passkey(id, member, &name, &passkey, now).map(Ok)
            })
            .await??;
        self.added(who, SecurityNotice::PasskeyAdded, Proof::Passkey).await
    }

    /// Removes a passkey.
    pub async fn remove_passkey(&self, who: &SignedIn, id: PasskeyId) -> Result<(), FactorError> {
        let demanded = self.parts.second_factor.demands(who.standing.administers);
        let (app, member) = (self.clone(), who.member);
        self.organization(who.organization)
            .write(move |tenant| {
                let others = tenant.passkeys(member)?.iter().any(|kept| kept.id != id);
                let confirmed = tenant.authenticator(member)?.is_some_and(|kept| kept.confirmed_at.is_some());
                if demanded && !others && !confirmed {
                    return Ok(Err(FactorError::LastOne));
                }
                if !tenant.remove_passkey(member, id)? {
                    return Ok(Err(FactorError::App(AppError::NotFound("passkey"))));
                }
                app.changed(tenant, member, "member.factor_removed", SecurityNotice::PasskeyRemoved)?;
                Ok(Ok(()))
            })
            .await?
    }

    /// Makes recovery codes anew; the old ones are worth nothing from then on.
    pub async fn new_codes(&self, who: &SignedIn) -> Result<Codes, FactorError> {
        let (app, member) = (self.clone(), who.member);
        Ok(self.organization(who.organization).write(move |tenant| app.make_codes(tenant, member)).await?)
    }

    /// Replaces the password, and ends the member's other sessions. [`FactorError::Wrong`] when
    /// `current` is not the password.
    pub async fn change_password(
        &self,
        who: &SignedIn,
        account: &str,
        current: Restricted<String>,
        password: Restricted<String>,
    ) -> Result<(), FactorError> {
        let (organization, administers) = (&who.organization_name, who.standing.administers);
        if let Some(problem) = self.check_new_password(&password, account, organization, administers).await? {
            return Err(FactorError::Password(problem));
        }
        self.check_own_password(who.organization, who.member, current).await?;
        let hash: PasswordHash = self.hash_password(password).await?;
        let (app, member, session) = (self.clone(), who.member, who.session);
        self.organization(who.organization)
            .write(move |tenant| {
                tenant.set_password_hash(member, hash.as_str())?;
                tenant.close_others(member, session, None)?;
                app.changed(tenant, member, "member.password_changed", SecurityNotice::PasswordChanged)
            })
            .await?;
        Ok(())
    }

    /// Ends one of a member's other sessions, or all of them. Returns how many.
    pub async fn end_sessions(&self, who: &SignedIn, only: Option<SessionId>) -> Result<u64, AppError> {
        let (app, member, session) = (self.clone(), who.member, who.session);
        let ended = self
            .organization(who.organization)
            .write(move |tenant| {
                let ended = tenant.close_others(member, session, only)?;
                if ended > 0 {
                    app.changed(tenant, member, "session.ended", SecurityNotice::SessionsEnded)?;
                }
                Ok(ended)
            })
            .await?;
        Ok(ended)
    }

    /// Notes that a member read what they were told.
    pub async fn notices_read(&self, who: &SignedIn) -> Result<(), AppError> {
        let (member, now) = (who.member, self.clock().now());
        self.organization(who.organization).write(move |tenant| tenant.notices_read(member, now)).await?;
        Ok(())
    }

    /// Takes a code of a confirmed app; false when it is wrong or was taken.
    pub(crate) fn take_app_code(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        code: &Restricted<String>,
    ) -> StoreResult<bool> {
        let confirmed = tenant.authenticator(member)?.is_some_and(|kept| kept.confirmed_at.is_some());
        if confirmed { self.take_new_code(tenant, member, code) } else { Ok(false) }
    }

    fn take_new_code(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        code: &Restricted<String>,
    ) -> StoreResult<bool> {
        let now = self.clock().now();
        let Some((seed, last_step)) = self.seed(tenant, member)? else { return Ok(false) };
        let Some(step) = seed.accept(code.reveal(&checking(member, now)), now, last_step) else {
            return Ok(false);
        };
        tenant.take_step(member, step, now)
    }

    fn seed(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
    ) -> StoreResult<Option<(Seed, Option<i64>)>> {
        let Some(kept) = tenant.authenticator(member)? else { return Ok(None) };
        let key = self.data_key(tenant, KeyOwner::Organization)?;
        let grant = checking(member, self.clock().now());
        let seed = crate::secrets::open(&key, &seed_place(tenant, member), &kept.seed, &grant)?;
        Ok(Some((Seed::from_kept(seed), kept.last_step)))
    }

    /// A second factor was added: the session has shown it, and who had no recovery codes
    /// gets some.
    async fn added(
        &self,
        who: &SignedIn,
        notice: SecurityNotice,
        proof: Proof,
    ) -> Result<Added, FactorError> {
        let (app, member) = (self.clone(), who.member);
        let codes = self
            .organization(who.organization)
            .write(move |tenant| {
                app.changed(tenant, member, "member.factor_added", notice)?;
                if tenant.codes_left(member)? > 0 {
                    Ok(None)
                } else {
                    app.make_codes(tenant, member).map(Some)
                }
            })
            .await?;
        let session = self.note_proof(who.organization, member, who.session, proof).await?;
        Ok(Added { session, codes })
    }

    fn make_codes(&self, tenant: &mut Tenant<'_, '_>, member: MemberId) -> StoreResult<Codes> {
        let codes = recovery::codes(self.entropy());
        let hashes: Vec<[u8; 32]> = codes.iter().filter_map(|code| recovery::digest(code)).collect();
        tenant.replace_codes(member, &hashes, self.clock().now())?;
        self.changed(tenant, member, "member.codes_made", SecurityNotice::CodesMade)?;
        Ok(codes)
    }

    /// Keeps that a member's sign-in changed: in the audit log, and for the member.
    pub(crate) fn changed(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        action: &'static str,
        notice: SecurityNotice,
    ) -> StoreResult<()> {
        let deed = Deed::new(Actor::Member(member), action, member.to_string());
        self.outcome(tenant, &deed, notice.as_str())?;
        self.notify_member(tenant, member, notice, "")
    }
}

fn seed_place(tenant: &Tenant<'_, '_>, member: MemberId) -> Place {
    Place::new(tenant.organization_id(), "authenticator", "seed_sealed", member, 1)
}

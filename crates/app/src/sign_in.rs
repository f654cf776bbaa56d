//! Signing in and out: a password with a second factor, or a passkey alone; and the proof
//! that is asked for again before something sensitive. The team's identity provider is in [`crate::provider`].

use std::time::Duration;

use domain::limit::OWN_PASSWORD_PER_MEMBER;
use domain::member::{Proof, SecurityNotice};
pub use domain::retention::QUESTION_LIFE;
use domain::{Actor, Confidential, MemberId, OrganizationId, Restricted, SessionId, TypedId as _};
use store::factors::{self, Asked, PasskeyRow, Question};
use store::people;
use store::sessions::{self, Met, NewSession, SignedIn};
use store::{StoreError, StoreResult, Tenant};
use vault::passkey::{Assertion, Challenge, PasskeyError, Site};
use vault::{PasswordHash, Token, TokenDigest, recovery};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::people::normalised;
use crate::places::Known;

/// Longest name of a browser kept, in characters.
const MAX_DEVICE_CHARS: usize = 60;

/// What is known of the browser that signs in.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// Where it comes from: an IP address.
    pub network: String,
    /// The token that it was given at an earlier sign-in.
    pub device: Option<String>,
    /// What it calls itself in a few words (`Firefox, Android`).
    pub agent: String,
}

impl Visit {
    /// A visit of which nothing but its network is known.
    #[must_use]
    pub fn from_network(network: &str) -> Self {
        Self { network: network.to_owned(), ..Self::default() }
    }

    pub(crate) fn name(&self) -> String {
        self.agent.chars().take(MAX_DEVICE_CHARS).collect()
    }
}

/// Somebody came in: what their browser has to keep.
#[derive(Debug)]
pub struct Entry {
    /// The session's token.
    pub session: Token,
    /// By what the browser is known the next time, where it has nothing yet.
    pub device: Option<Token>,
}

/// A right password.
#[derive(Debug)]
pub enum SignIn {
    /// It was enough.
    Entered(Entry),
    /// A second factor is due; the token leads to its question.
    SecondStep(Token),
}

impl SignIn {
    /// The entry, where the password was enough.
    #[must_use]
    pub fn entered(self) -> Option<Entry> {
        match self {
            Self::Entered(entry) => Some(entry),
            Self::SecondStep(_) => None,
        }
    }
}

/// Why somebody was not let in. Whether an address exists is never told.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Wrong address, password, code or passkey.
    #[error("what was shown is wrong")]
    Wrong,
    /// Too many tries that failed: wait.
    #[error("too many tries; wait {} seconds", .0.as_secs())]
    Wait(Duration),
    /// The question was answered, is unknown or too old: begin again.
    #[error("this question is closed; sign in again")]
    Closed,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<PasskeyError> for SignInError {
    fn from(error: PasskeyError) -> Self {
        tracing::info!(error = %error, "a passkey was refused");
        Self::Wrong
    }
}

/// What a second factor may be answered with.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// A code of an authenticator app.
    pub authenticator: bool,
    /// A recovery code.
    pub codes: bool,
    /// The password, where there is nothing else.
    pub password: bool,
    /// A passkey: what the browser is asked (JSON).
    pub passkey: Option<String>,
    /// The team's identity provider, which is at this host.
    pub provider: Option<String>,
}

/// What somebody shows.
#[derive(Debug, Clone)]
pub enum Shown {
    /// Six digits of an app, or a recovery code.
    Code(String),
    /// A browser's answer to a question for a passkey (JSON).
    Passkey(String),
    /// A password; taken only from members who have no second factor.
    Password(Restricted<String>),
}

impl App {
    /// Where passkeys are made for; `None` where the shop has no name but a number.
    #[must_use]
    pub fn passkey_site(&self) -> Option<Site> {
        Site::at(self.public_url())
    }

    /// Checks address and password. `visit` says where from: what is tried at places that the
    /// account does not know is counted apart, so that nobody can lock a person out.
    pub async fn sign_in(
        &self,
        email: &str,
        password: Restricted<String>,
        visit: &Visit,
    ) -> Result<SignIn, SignInError> {
        let email = normalised(email);
        let who = self.still_refused(&email, visit)?;
        let index = self.email_index(&Confidential::new(email.clone()));
        let (app, from) = (self.clone(), visit.clone());
        let (found, known) = self
            .store()
            .installation()
            .read(move |tx| {
                let found = people::credentials(tx, &index)?;
                // For nobody the same is looked up: neither words nor work tell who has an account.
                let (organization, member) =
                    found.as_ref().map_or_else(nobody, |found| (found.organization, found.member));
                let known = app.place_of(&mut Tenant::of(tx, organization), member, &from)?;
                Ok((found, known))
            })
            .await?;
        let tried = self.try_password(&email, known, visit).await.inspect_err(|refused| {
            if let SignInError::Wait(wait) = refused {
                self.refusals.remember(who, *wait, self.clock().now());
            }
        })?;
        let stored = found.as_ref().map(|found| PasswordHash::from_stored(found.password_hash.clone()));
        let (verified, rehashed) = self.verify_password(password, stored, known).await?;
        let of = found.as_ref().map(|found| (found.organization, found.member));
        let Some(found) = found.filter(|_| verified) else {
            self.note_wrong(Actor::Unknown, of).await?;
            return Err(SignInError::Wrong);
        };
        self.limits().hand_back(tried).await?;
        let (organization, member) = (found.organization, found.member);
        let choices = self
            .organization(organization)
            .write(move |tenant| {
                if let Some(hash) = &rehashed {
                    tenant.set_password_hash(member, hash.as_str())?;
                }
                choices_of(tenant, member)
            })
            .await?;
        if choices.second_factor() {
            return Ok(SignIn::SecondStep(self.ask_second_step(organization, member).await?));
        }
        Ok(SignIn::Entered(self.enter(organization, member, Proof::Password, visit).await?))
    }

    /// Asks for a second factor: a token that leads to the question.
    pub(crate) async fn ask_second_step(
        &self,
        organization: OrganizationId,
        member: MemberId,
    ) -> Result<Token, SignInError> {
        let (token, _) = self.put_question(Asked::SecondStep, Some((organization, member))).await?;
        Ok(token)
    }

    /// What the second step may be answered with.
    pub async fn second_step_choices(&self, token: &str) -> Result<Choices, SignInError> {
        let (_, question) = self.question(token, Asked::SecondStep).await?;
        let Some((organization, member)) = question.of else { return Err(SignInError::Closed) };
        self.choices(organization, member, &question.challenge).await
    }

    /// Takes the second step.
    pub async fn second_step(&self, token: &str, shown: Shown, visit: &Visit) -> Result<Entry, SignInError> {
        let (digest, question) = self.question(token, Asked::SecondStep).await?;
        let Some((organization, member)) = question.of else { return Err(SignInError::Closed) };
        let proof = self.check(organization, member, &question.challenge, shown, visit).await?;
        self.close(digest).await?;
        self.enter(organization, member, proof, visit).await
    }

    /// Asks a browser for any passkey of this site: a token for its cookie, and the question.
    /// `None` where there can be no passkeys.
    pub async fn ask_passkey(&self, visit: &Visit) -> Result<Option<(Token, String)>, SignInError> {
        let Some(site) = self.passkey_site() else { return Ok(None) };
        self.count_passkey_question(visit).await?;
        let (token, challenge) = self.put_question(Asked::PasskeySignIn, None).await?;
        Ok(Some((token, site.request(&challenge, &[]))))
    }

    /// Signs in with a passkey alone.
    pub async fn sign_in_with_passkey(
        &self,
        token: &str,
        json: &str,
        visit: &Visit,
    ) -> Result<Entry, SignInError> {
        let tried = self.try_passkey(visit).await?;
        let (digest, question) = self.question(token, Asked::PasskeySignIn).await?;
        // An answer is taken once, right or wrong.
        self.close(digest).await?;
        match self.passkey_holder(&question.challenge, json).await {
            Ok((organization, member)) => {
                self.limits().hand_back(tried).await?;
                self.enter(organization, member, Proof::Passkey, visit).await
            }
            Err(SignInError::Wrong) => {
                self.note_wrong(Actor::Unknown, None).await?;
                Err(SignInError::Wrong)
            }
            Err(other) => Err(other),
        }
    }

    /// Asks a signed-in member to prove again who they are.
    pub async fn ask_proof(&self, signed_in: &SignedIn) -> Result<(Token, Choices), SignInError> {
        let (organization, member) = (signed_in.organization, signed_in.member);
        let (token, challenge) = self.put_question(Asked::Confirm, Some((organization, member))).await?;
        let mut choices = self.choices(organization, member, &challenge).await?;
        let app = self.clone();
        let link = self.organization(organization).read(move |tenant| app.own_link(tenant, member)).await?;
        if link.is_some() && self.provider_proves(choices.second_factor()) {
            choices.provider = self.provider_host();
        }
        Ok((token, choices))
    }

    /// Takes that proof; returns the session's new token.
    pub async fn prove(
        &self,
        signed_in: &SignedIn,
        token: &str,
        shown: Shown,
        visit: &Visit,
    ) -> Result<Token, SignInError> {
        let (digest, question) = self.question(token, Asked::Confirm).await?;
        let (organization, member, session) = (signed_in.organization, signed_in.member, signed_in.session);
        if question.of != Some((organization, member)) {
            return Err(SignInError::Closed);
        }
        let proof = self.check(organization, member, &question.challenge, shown, visit).await?;
        self.close(digest).await?;
        self.note_proof(organization, member, session, proof).await.map_err(SignInError::App)
    }

    /// Notes a proof of a session's member; returns the session's new token.
    pub(crate) async fn note_proof(
        &self,
        organization: OrganizationId,
        member: MemberId,
        session: SessionId,
        proof: Proof,
    ) -> Result<Token, AppError> {
        let (app, now, fresh) = (self.clone(), self.clock().now(), Token::random(self.entropy()));
        let digest = fresh.digest();
        self.organization(organization)
            .write(move |tenant| {
                tenant.prove_session(session, &digest, proof, now)?;
                let deed = Deed::new(Actor::Member(member), "session.proven", session.to_string());
                app.outcome(tenant, &deed, proof.as_str())
            })
            .await?;
        Ok(fresh)
    }

    /// Who a session's token belongs to, if it is good now.
    pub async fn session(&self, token: &str) -> Result<Option<SignedIn>, AppError> {
        let Ok(token) = Token::parse(token) else { return Ok(None) };
        let (digest, now) = (token.digest(), self.clock().now());
        let found = self.store().installation().read(move |tx| sessions::session(tx, &digest, now)).await?;
        if let Some(found) = &found
            && now.since(found.last_seen_at) >= sessions::SEEN_RESOLUTION
        {
            let session = found.session;
            let touched = self
                .organization(found.organization)
                .write(move |tenant| tenant.touch_session(session, now))
                .await;
            // Who wants to read may read, though nothing can be written just now.
            if let Err(error) = touched {
                tracing::warn!(error = %error, "when a session was last seen could not be noted");
            }
        }
        Ok(found)
    }

    /// Ends a session.
    pub async fn sign_out(&self, signed_in: &SignedIn) -> Result<(), AppError> {
        let (app, session) = (self.clone(), signed_in.session);
        let deed = Deed::new(Actor::Member(signed_in.member), "session.closed", session.to_string());
        self.organization(signed_in.organization)
            .write(move |tenant| {
                tenant.close_session(session)?;
                app.outcome(tenant, &deed, "ok")
            })
            .await?;
        Ok(())
    }

    /// Puts a question to a browser: a token for its cookie, and the challenge.
    pub(crate) async fn put_question(
        &self,
        asked: Asked,
        of: Option<(OrganizationId, MemberId)>,
    ) -> Result<(Token, Challenge), SignInError> {
        let (token, now) = (Token::random(self.entropy()), self.clock().now());
        let challenge = Challenge::random(self.entropy());
        let question = Question { asked, of, challenge: challenge.clone() };
        let digest = token.digest();
        self.store()
            .installation()
            .write(move |tx| factors::keep_question(tx, &digest, &question, now.plus(QUESTION_LIFE)))
            .await?;
        Ok((token, challenge))
    }

    pub(crate) async fn question(
        &self,
        token: &str,
        asked: Asked,
    ) -> Result<(TokenDigest, Question), SignInError> {
        let (digest, now) =
            (Token::parse(token).map_err(|_| SignInError::Closed)?.digest(), self.clock().now());
        let found = self
            .store()
            .installation()
            .read(move |tx| factors::question(tx, &digest, asked, now))
            .await?
            .ok_or(SignInError::Closed)?;
        Ok((digest, found))
    }

    /// Closes a question; [`SignInError::Closed`] when somebody was faster.
    pub(crate) async fn close(&self, digest: TokenDigest) -> Result<(), SignInError> {
        let used = self.store().installation().write(move |tx| factors::use_question(tx, &digest)).await?;
        if used { Ok(()) } else { Err(SignInError::Closed) }
    }

    async fn choices(
        &self,
        organization: OrganizationId,
        member: MemberId,
        challenge: &Challenge,
    ) -> Result<Choices, SignInError> {
        let (site, challenge) = (self.passkey_site(), challenge.clone());
        let choices = self
            .organization(organization)
            .read(move |tenant| {
                let has = choices_of(tenant, member)?;
                let known: Vec<_> = tenant.passkeys(member)?.into_iter().map(|row| row.passkey).collect();
                let passkey = site.filter(|_| !known.is_empty()).map(|site| site.request(&challenge, &known));
                Ok(Choices { password: !has.second_factor(), passkey, ..has })
            })
            .await?;
        Ok(choices)
    }

    /// Checks what a known member shows.
    async fn check(
        &self,
        organization: OrganizationId,
        member: MemberId,
        challenge: &Challenge,
        shown: Shown,
        visit: &Visit,
    ) -> Result<Proof, SignInError> {
        match shown {
            Shown::Code(code) => {
                let counted = [self.code_limit(organization, member, visit).await?];
                let tried = self.begin_try(&counted).await?;
                let taken = self.take_code(organization, member, &code, &visit.name()).await?;
                if let Some(proof) = taken {
                    self.limits().hand_back(tried).await?;
                    return Ok(proof);
                }
                self.note_wrong(Actor::Member(member), Some((organization, member))).await?;
                self.warn_of_tries(organization, member, &counted[0], visit).await?;
                Err(SignInError::Wrong)
            }
            Shown::Passkey(json) => {
                let holder = self.passkey_holder(challenge, &json).await?;
                if holder == (organization, member) { Ok(Proof::Passkey) } else { Err(SignInError::Wrong) }
            }
            Shown::Password(password) => self.check_password(organization, member, password).await,
        }
    }

    /// The password of a member who has nothing else.
    async fn check_password(
        &self,
        organization: OrganizationId,
        member: MemberId,
        password: Restricted<String>,
    ) -> Result<Proof, SignInError> {
        self.check_own_password(organization, member, password).await?;
        let choices = self.organization(organization).read(move |tenant| choices_of(tenant, member)).await?;
        if choices.second_factor() { Err(SignInError::Wrong) } else { Ok(Proof::Password) }
    }

    /// Checks a password that somebody signed in types once more.
    pub(crate) async fn check_own_password(
        &self,
        organization: OrganizationId,
        member: MemberId,
        password: Restricted<String>,
    ) -> Result<(), SignInError> {
        let tried = self.begin_try(&[(OWN_PASSWORD_PER_MEMBER, member.to_string())]).await?;
        let hash = self.organization(organization).read(move |tenant| tenant.password_hash(member)).await?;
        let hash = hash.map(PasswordHash::from_stored);
        // Who is signed in belongs here.
        let (right, _) = self.verify_password(password, hash, Known::Browser).await?;
        if right {
            return Ok(self.limits().hand_back(tried).await?);
        }
        self.note_wrong(Actor::Member(member), Some((organization, member))).await?;
        Err(SignInError::Wrong)
    }

    /// Uses up a code of the app, or a recovery code.
    async fn take_code(
        &self,
        organization: OrganizationId,
        member: MemberId,
        code: &str,
        device: &str,
    ) -> Result<Option<Proof>, AppError> {
        let (app, code, device) = (self.clone(), Restricted::new(code.to_owned()), device.to_owned());
        let now = self.clock().now();
        let taken = self
            .organization(organization)
            .write(move |tenant| {
                if app.take_app_code(tenant, member, &code)? {
                    return Ok(Some(Proof::Authenticator));
                }
                let Some(hash) = recovery::digest(code.reveal(&crate::factors::checking(member, now))) else {
                    return Ok(None);
                };
                if !tenant.use_code(member, &hash, now)? {
                    return Ok(None);
                }
                app.notify_member(tenant, member, SecurityNotice::CodeUsed, &device)?;
                Ok(Some(Proof::RecoveryCode))
            })
            .await?;
        Ok(taken)
    }

    /// Whose passkey answered, if it did so rightly.
    async fn passkey_holder(
        &self,
        challenge: &Challenge,
        json: &str,
    ) -> Result<(OrganizationId, MemberId), SignInError> {
        let site = self.passkey_site().ok_or(SignInError::Wrong)?;
        let assertion = Assertion::parse(json)?;
        let id = assertion.id().to_owned();
        let found = self.store().installation().read(move |tx| factors::passkey_owner(tx, &id)).await?;
        let Some((organization, member, PasskeyRow { id, passkey, .. })) = found else {
            return Err(SignInError::Wrong);
        };
        // Whose it says it is has to be whose it is (§7.2, step 6).
        if assertion.user_handle().is_some_and(|handle| handle != member.to_bytes()) {
            return Err(SignInError::Wrong);
        }
        let asserted = site.verify(challenge, &passkey, &assertion)?;
        let (app, now) = (self.clone(), self.clock().now());
        self.organization(organization)
            .write(move |tenant| {
                tenant.passkey_used(id, &asserted.passkey, now)?;
                if asserted.count_went_back {
                    app.notify_member(tenant, member, SecurityNotice::PasskeyMayBeCopied, "")?;
                }
                Ok(())
            })
            .await?;
        Ok((organization, member))
    }

    /// Opens a session, and tells the member of a browser that they have not used before.
    pub(crate) async fn enter(
        &self,
        organization: OrganizationId,
        member: MemberId,
        proof: Proof,
        visit: &Visit,
    ) -> Result<Entry, SignInError> {
        let (app, now, session) = (self.clone(), self.clock().now(), Token::random(self.entropy()));
        let known = visit.device.as_deref().and_then(|text| Token::parse(text).ok());
        let fresh = if known.is_some() { None } else { Some(Token::random(self.entropy())) };
        let device = known.or_else(|| fresh.clone()).map(|token| token.digest());
        let (name, network) = (visit.name(), self.network_hash(member, visit));
        let new = NewSession {
            id: SessionId::new(now, self.entropy()),
            digest: session.digest(),
            member,
            proof,
            device: name.clone(),
        };
        self.organization(organization)
            .write(move |tenant| {
                tenant.open_session(&new, now)?;
                tenant.meet_network(member, &network, now)?;
                let met = match &device {
                    Some(digest) => tenant.meet_device(member, digest, &name, now)?,
                    None => Met::Known,
                };
                if met == Met::New {
                    app.notify_member(tenant, member, SecurityNotice::NewDevice, &name)?;
                }
                let deed = Deed::new(Actor::Member(member), "session.opened", new.id.to_string())
                    .with("proof", proof.as_str())
                    .with("device", if met == Met::Known { "known" } else { "new" });
                app.outcome(tenant, &deed, "ok")
            })
            .await?;
        Ok(Entry { session, device: fresh })
    }
}

impl Choices {
    pub(crate) fn second_factor(&self) -> bool {
        self.authenticator || self.passkey.is_some()
    }
}

/// Ids that nobody has.
fn nobody() -> (OrganizationId, MemberId) {
    (OrganizationId::from_bytes([0; 16]), MemberId::from_bytes([0; 16]))
}

/// What a member has; the passkey's question is put in later.
pub(crate) fn choices_of(tenant: &mut Tenant<'_, '_>, member: MemberId) -> StoreResult<Choices> {
    let confirmed = tenant.authenticator(member)?.is_some_and(|app| app.confirmed_at.is_some());
    let passkey = (!tenant.passkeys(member)?.is_empty()).then(String::new);
    let codes = tenant.codes_left(member)? > 0;
    Ok(Choices { authenticator: confirmed, codes, passkey, ..Choices::default() })
}

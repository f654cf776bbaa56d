//! The owner's one-time link, signing in and out.

use std::time::Duration;

use domain::{
    Actor, Confidential, Grant, MemberId, OrganizationId, Purpose, Restricted, SessionId, TokenLife,
};
use store::connections::Connection;
use store::keys::KeyOwner;
use store::people::{self, NewMember, SignedIn};
use store::{StoreError, Tenant};
use tokio::sync::Semaphore;
use vault::password::{PasswordProblem, Verified};
use vault::{PasswordHash, Place, SubKey, Token};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;

/// The owner's link is good for this long.
pub const SETUP_LINK_LIFE: Duration = Duration::from_hours(24);
/// Longest e-mail address taken, in bytes (RFC 5321 §4.5.3.1).
const MAX_EMAIL_BYTES: usize = 254;
/// Longest organization name taken, in characters.
const MAX_NAME_CHARS: usize = 100;
/// Password hashes computed at once: each holds a core and 64 MiB.
static HASHING: Semaphore = Semaphore::const_new(2);

/// What is wrong with the owner's form; one for each field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetupProblems {
    /// The address is no e-mail address.
    pub email: bool,
    /// The password is not good enough, and why.
    pub password: Option<PasswordProblem>,
    /// The organization's name is missing or too long.
    pub name: bool,
}

/// Why the owner's form was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The link is unknown, used or too old.
    #[error("this link has been used or is too old")]
    LinkNotGood,
    /// Something in the form.
    #[error("the form is not complete")]
    Form(SetupProblems),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for SetupError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// Why a sign-in was refused. Whether the address exists is never told.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Wrong address or password.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    /// Too many failures: wait.
    #[error("too many tries; wait {} seconds", .0.as_secs())]
    Wait(Duration),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// What every page tells its member.
#[derive(Debug)]
pub struct Surroundings {
    /// Their own address.
    pub email: Confidential<String>,
    /// Dead letters that wait for a person.
    pub problem_count: i64,
    /// Connections that wait for their owner, or will soon.
    pub needing_owner: Vec<Connection>,
}

impl App {
    /// Makes the owner's one-time link when there is no organization yet.
    pub async fn setup_link(&self) -> Result<Option<String>, AppError> {
        let (now, token) = (self.clock().now(), Token::random(self.entropy()));
        let digest = token.digest();
        let needed = self
            .store()
            .installation()
            .write(move |tx| {
                if people::any_organization(tx)? {
                    return Ok(false);
                }
                people::keep_setup_link(tx, &digest, now, now.plus(SETUP_LINK_LIFE))?;
                Ok(true)
            })
            .await?;
        Ok(needed.then(|| format!("{}/setup/{}", self.public_url(), token.expose())))
    }

    /// Whether a link would be taken, for showing its form.
    pub async fn setup_link_is_good(&self, token: &str) -> Result<bool, AppError> {
        let Ok(token) = Token::parse(token) else { return Ok(false) };
        let (digest, now) = (token.digest(), self.clock().now());
        Ok(self.store().installation().read(move |tx| people::setup_link_is_good(tx, &digest, now)).await?)
    }

    /// Uses the link up: makes the organization and its owner.
    pub async fn set_up(
        &self,
        token: &str,
        email: &str,
        password: Restricted<String>,
        name: &str,
        language: &str,
    ) -> Result<(OrganizationId, MemberId), SetupError> {
        let token = Token::parse(token).map_err(|_| SetupError::LinkNotGood)?;
        let (email, name) = (normalised(email), name.trim().to_owned());
        let problems = SetupProblems {
            email: !looks_like_email(&email),
            password: vault::password::check_new(&password, &email).err(),
            name: name.is_empty() || name.chars().count() > MAX_NAME_CHARS,
        };
        if problems != SetupProblems::default() {
            return Err(SetupError::Form(problems));
        }
        let hash = self.hash(password).await?;
        let (app, now, digest) = (self.clone(), self.clock().now(), token.digest());
        let organization = OrganizationId::new(now, self.entropy());
        let member = MemberId::new(now, self.entropy());
        let language = language.to_owned();
        let email = Confidential::new(email);
        let used = self
            .store()
            .installation()
            .write(move |tx| {
                if people::any_organization(tx)? || !people::use_setup_link(tx, &digest, now)? {
                    return Ok(false);
                }
                people::create_organization(tx, organization, &name, now)?;
                let mut tenant = Tenant::of(tx, organization);
                app.create_owner(&mut tenant, member, &email, &hash, &language)?;
                Ok(true)
            })
            .await?;
        if used { Ok((organization, member)) } else { Err(SetupError::LinkNotGood) }
    }

    fn create_owner(
        &self,
        tenant: &mut Tenant<'_, '_>,
        id: MemberId,
        email: &Confidential<String>,
        hash: &PasswordHash,
        language: &str,
    ) -> store::StoreResult<()> {
        let key = self.data_key(tenant, KeyOwner::Organization)?;
        let place = Place::new(tenant.organization_id(), "member", "email_sealed", id, 1);
        let member = NewMember {
            id,
            email_index: self.email_index(email),
            email_sealed: self.seal(&key, &place, email)?,
            password_hash: hash.as_str().to_owned(),
            language: language.to_owned(),
        };
        tenant.create_member(&member, self.clock().now())?;
        self.outcome(tenant, &Deed::new(Actor::system("set-up"), "member.created", id.to_string()), "owner")
    }

    fn email_index(&self, email: &Confidential<String>) -> [u8; 32] {
        self.keyring().derived(SubKey::BlindIndex).blind_index(None, "member", "email", email)
    }

    /// Signs in; returns the session's token for the browser. `network` is where the
    /// request came from; it and the address are throttled apart, so that nobody can
    /// lock a person out for long.
    pub async fn sign_in(
        &self,
        email: &str,
        password: Restricted<String>,
        network: &str,
    ) -> Result<Token, SignInError> {
        let email = Confidential::new(normalised(email));
        let index = self.email_index(&email);
        let by_network = vault::token::sha256(format!("network {network}").as_bytes());
        // Address and network together: a stranger's failures elsewhere do not count here.
        let by_person = vault::token::sha256(&[index.as_slice(), by_network.as_slice()].concat());
        let now = self.clock().now();
        let (wait, found) = self
            .store()
            .installation()
            .read(move |tx| {
                let wait = people::sign_in_wait(tx, &by_network, now)?
                    .max(people::sign_in_wait(tx, &by_person, now)?);
                Ok((wait, people::credentials(tx, &index)?))
            })
            .await?;
        if let Some(wait) = wait {
            return Err(SignInError::Wait(wait));
        }
        let stored = found.as_ref().map(|found| PasswordHash::from_stored(found.password_hash.clone()));
        let (verified, rehashed) = self.verify(password, stored).await?;
        let Some(found) = found.filter(|_| verified) else {
            self.sign_in_failed(by_network, by_person).await?;
            return Err(SignInError::Wrong);
        };
        let token = Token::random(self.entropy());
        let (app, digest, session) = (self.clone(), token.digest(), SessionId::new(now, self.entropy()));
        self.organization(found.organization)
            .write(move |tenant| {
                if let Some(hash) = &rehashed {
                    tenant.set_password_hash(found.member, hash.as_str())?;
                }
                tenant.open_session(session, &digest, found.member, now)?;
                let deed = Deed::new(Actor::Member(found.member), "session.opened", session.to_string());
                app.outcome(tenant, &deed, "ok")
            })
            .await?;
        self.store().installation().write(move |tx| people::forget_sign_in_failures(tx, &by_person)).await?;
        Ok(token)
    }

    async fn sign_in_failed(&self, by_network: [u8; 32], by_person: [u8; 32]) -> Result<(), SignInError> {
        let (app, now) = (self.clone(), self.clock().now());
        self.tallies.add("sign_in_refused", "wrong");
        self.store()
            .installation()
            .write(move |tx| {
                people::count_sign_in_failure(tx, &by_network, now)?;
                people::count_sign_in_failure(tx, &by_person, now)?;
                app.installation_event(
                    tx,
                    &Deed::new(Actor::Unknown, "session.refused", String::new()),
                    "refused",
                )
            })
            .await?;
        Ok(())
    }

    /// Checks a password away from the async threads; also its new hash, where the old
    /// one was made at another cost.
    async fn verify(
        &self,
        password: Restricted<String>,
        stored: Option<PasswordHash>,
    ) -> Result<(bool, Option<PasswordHash>), AppError> {
        let _turn = HASHING.acquire().await.map_err(|_| AppError::NotYet("closing"))?;
        let app = self.clone();
        let work = tokio::task::spawn_blocking(move || {
            let verified = app.parts.passwords.verify(&password, stored.as_ref());
            match verified {
                Ok(Verified::Ok) => Ok((true, None)),
                Ok(Verified::NeedsRehash) => {
                    Ok((true, app.parts.passwords.hash(&password, app.entropy()).ok()))
                }
                Ok(Verified::Wrong) | Err(vault::password::PasswordError::TooLong) => Ok((false, None)),
                Err(error) => Err(AppError::BadJob(error.to_string())),
            }
        });
        work.await.map_err(|_| AppError::NotYet("hashing was cut off"))?
    }

    async fn hash(&self, password: Restricted<String>) -> Result<PasswordHash, AppError> {
        let _turn = HASHING.acquire().await.map_err(|_| AppError::NotYet("closing"))?;
        let app = self.clone();
        tokio::task::spawn_blocking(move || app.parts.passwords.hash(&password, app.entropy()))
            .await
            .map_err(|_| AppError::NotYet("hashing was cut off"))?
            .map_err(|error| AppError::BadJob(error.to_string()))
    }

    /// Who a session's token belongs to, if it is good now.
    pub async fn session(&self, token: &str) -> Result<Option<SignedIn>, AppError> {
        let Ok(token) = Token::parse(token) else { return Ok(None) };
        let (digest, now) = (token.digest(), self.clock().now());
        let found = self.store().installation().read(move |tx| people::session(tx, &digest, now)).await?;
        if let Some(found) = &found
            && now.since(found.last_seen_at) >= people::SEEN_RESOLUTION
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

    /// What every page tells its member, read at once.
    pub async fn surroundings(&self, signed_in: &SignedIn) -> Result<Surroundings, AppError> {
        let (app, member, organization) = (self.clone(), signed_in.member, signed_in.organization);
        let now = self.clock().now();
        // tidy: allowed because a member reads their own address on their own page.
        let grant = Grant::issue(Actor::Member(member), Purpose::SignIn, now);
        self.organization(organization)
            .read(move |tenant| {
                let Some(sealed) = tenant.member_email(member)? else { return Ok(None) };
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                let place = Place::new(organization, "member", "email_sealed", member, 1);
                Ok(Some(Surroundings {
                    email: crate::secrets::open(&key, &place, &sealed, &grant)?,
                    problem_count: tenant.problem_count()?,
                    needing_owner: tenant.needing_owner(now.plus(TokenLife::OWNER_NOTICE))?,
                }))
            })
            .await?
            .ok_or(AppError::NotFound("member"))
    }

    /// Keeps what a member likes.
    pub async fn set_preferences(
        &self,
        signed_in: &SignedIn,
        language: &str,
        theme: &str,
    ) -> Result<(), AppError> {
        let (member, language, theme) = (signed_in.member, language.to_owned(), theme.to_owned());
        self.organization(signed_in.organization)
            .write(move |tenant| tenant.set_preferences(member, &language, &theme))
            .await?;
        Ok(())
    }
}

fn normalised(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Something before and after one `@`, no spaces, not too long. The real check of an
/// address is a message to it.
fn looks_like_email(email: &str) -> bool {
    email.len() <= MAX_EMAIL_BYTES
        && !email.chars().any(|letter| letter.is_whitespace() || letter.is_control())
        && email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && host.contains('.')
                && !host.contains('@')
                && !host.starts_with('.')
                && !host.ends_with('.')
        })
}

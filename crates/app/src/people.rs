//! The owner's one-time link, and what a member is called and likes.

pub use domain::retention::SETUP_LINK_LIFE;
use domain::{
    Access, Actor, Confidential, Grant, GrantId, MemberId, OrganizationId, Purpose, Restricted, Role,
    TokenLife,
};
use store::access::NewGrant;
use store::connections::Connection;
use store::keys::KeyOwner;
use store::people::{self, NewMember};
use store::sessions::SignedIn;
use store::{StoreError, StoreResult, Tenant};
use tokio::sync::Semaphore;
use vault::password::Verified;
use vault::password_rules::{self, Account, PasswordProblem};
use vault::{PasswordHash, Place, SubKey, Token};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::places::Known;

/// Longest e-mail address taken, in bytes (RFC 5321 §4.5.3.1).
const MAX_EMAIL_BYTES: usize = 254;
/// Longest organization name taken, in characters.
const MAX_NAME_CHARS: usize = 100;
/// Password hashes computed at once: each holds a core and 64 MiB.
static HASHING: Semaphore = Semaphore::const_new(2);
/// Of these, what is tried at places that the account does not know: however many guess, the
/// other one is for whoever belongs here.
static HASHING_FOR_STRANGERS: Semaphore = Semaphore::const_new(1);

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

/// What every page tells its member.
#[derive(Debug)]
pub struct Surroundings {
    /// Their own address.
    pub email: Confidential<String>,
    /// Dead letters that wait for a person.
    pub problem_count: i64,
    /// Connections that wait for their owner, or will soon.
    pub needing_owner: Vec<Connection>,
    /// What they have not read yet of their own sign-in.
    pub notices: i64,
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
            password: self.check_new_password(&password, &email, &name, true).await?,
            name: name.is_empty() || name.chars().count() > MAX_NAME_CHARS,
        };
        if problems != SetupProblems::default() {
            return Err(SetupError::Form(problems));
        }
        let hash = self.hash_password(password).await?;
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
        let (now, by) = (self.clock().now(), Actor::system("set-up"));
        tenant.create_member(&member, now)?;
        self.outcome(tenant, &Deed::new(by.clone(), "member.created", id.to_string()), "owner")?;
        let owner = NewGrant {
            id: GrantId::new(now, self.entropy()),
            member: id,
            access: Access::Role(Role::Owner),
            reason: "set-up".to_owned(),
            by,
            until: None,
        };
        tenant.give(&owner, now)
    }

    pub(crate) fn email_index(&self, email: &Confidential<String>) -> [u8; 32] {
        self.keyring().derived(SubKey::BlindIndex).blind_index(None, "member", "email", email)
    }

    /// Whose address this is.
    pub async fn member_of(&self, email: &str) -> Result<Option<(OrganizationId, MemberId)>, AppError> {
        let index = self.email_index(&Confidential::new(normalised(email)));
        let found = self.store().installation().read(move |tx| people::credentials(tx, &index)).await?;
        Ok(found.map(|found| (found.organization, found.member)))
    }

    /// Fewest characters of a member's new password.
    #[must_use]
    pub fn password_min_chars(&self, administers: bool) -> usize {
        if self.parts.second_factor.demands(administers) {
            password_rules::MIN_CHARS
        } else {
            password_rules::MIN_CHARS_ALONE
        }
    }

    /// What is wrong with a new password.
    pub(crate) async fn check_new_password(
        &self,
        password: &Restricted<String>,
        email: &str,
        organization: &str,
        administers: bool,
    ) -> Result<Option<PasswordProblem>, AppError> {
        let (app, password) = (self.clone(), password.clone());
        let (email, organization) = (email.to_owned(), organization.to_owned());
        let min_chars = self.password_min_chars(administers);
        // A list of leaked passwords is a file.
        let checked = tokio::task::spawn_blocking(move || {
            let of = Account { email: &email, organization: &organization, min_chars };
            app.parts.passwords.rules().check(&password, &of).err()
        });
        checked.await.map_err(|_| AppError::NotYet("the password's check was cut off"))
    }

    /// How many password hashes this process has computed.
    #[must_use]
    pub fn hashes_computed(&self) -> u64 {
        self.parts.passwords.computed()
    }

    /// Checks a password away from the async threads; also its new hash, where the old
    /// one was made at another cost.
    pub(crate) async fn verify_password(
        &self,
        password: Restricted<String>,
        stored: Option<PasswordHash>,
        known: Known,
    ) -> Result<(bool, Option<PasswordHash>), AppError> {
        let _lane = match known {
            Known::Browser | Known::Network => None,
            Known::Not => {
                Some(HASHING_FOR_STRANGERS.acquire().await.map_err(|_| AppError::NotYet("closing"))?)
            }
        };
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

    pub(crate) async fn hash_password(&self, password: Restricted<String>) -> Result<PasswordHash, AppError> {
        let _turn = HASHING.acquire().await.map_err(|_| AppError::NotYet("closing"))?;
        let app = self.clone();
        tokio::task::spawn_blocking(move || app.parts.passwords.hash(&password, app.entropy()))
            .await
            .map_err(|_| AppError::NotYet("hashing was cut off"))?
            .map_err(|error| AppError::BadJob(error.to_string()))
    }

    /// What every page tells its member; read together with the page.
    pub fn surroundings(&self, tenant: &mut Tenant<'_, '_>, member: MemberId) -> StoreResult<Surroundings> {
        let now = self.clock().now();
        // tidy: allowed because a member reads their own address on their own page.
        let grant = Grant::issue(Actor::Member(member), Purpose::SignIn, now);
        let sealed = tenant.member_email(member)?.ok_or(StoreError::RowCount { expected: 1, touched: 0 })?;
        let key = self.data_key(tenant, KeyOwner::Organization)?;
        let place = Place::new(tenant.organization_id(), "member", "email_sealed", member, 1);
        Ok(Surroundings {
            email: crate::secrets::open(&key, &place, &sealed, &grant)?,
            problem_count: tenant.problem_count()?,
            needing_owner: tenant.needing_owner(now.plus(TokenLife::OWNER_NOTICE))?,
            notices: tenant.unread_notices(member)?,
        })
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

pub(crate) fn normalised(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Something before and after one `@`, no spaces, not too long. The real check of an
/// address is a message to it.
pub(crate) fn looks_like_email(email: &str) -> bool {
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

//! The way back in for a member who lost password, second factors and recovery codes: whoever
//! runs the server makes a one-time link and hands it over, having seen who asks.

use std::time::Duration;

use domain::limit::ADDRESS_PER_RECOVERY_LINK;
use domain::member::{Proof, SecurityNotice};
pub use domain::retention::RECOVERY_LINK_LIFE;
use domain::{Actor, Confidential, Restricted};
use store::StoreError;
use store::people;
use store::recovery::{self, RecoveryLink};
use vault::password_rules::PasswordProblem;
use vault::{Token, TokenDigest};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::people::normalised;
use crate::sign_in::{Entry, SignInError, Visit};

/// Longest reason kept, in characters.
pub const MAX_REASON_CHARS: usize = 200;

/// Why nobody came back in.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// No member has the address.
    #[error("no member has this e-mail address")]
    Nobody,
    /// Nobody said why, or at too great length.
    #[error("say why, in 1 to {MAX_REASON_CHARS} characters: the audit log keeps it")]
    Reason,
    /// The link is unknown, used or too old.
    #[error("this link has been used or is too old")]
    LinkNotGood,
    /// The address is not the one of the link's member.
    #[error("this link is another person's")]
    WrongAddress,
    /// The new password is not good enough.
    #[error("the new password {0}")]
    Password(PasswordProblem),
    /// Wait before the next try.
    #[error("too many tries; wait {} seconds", .0.as_secs())]
    Wait(Duration),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for RecoveryError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<SignInError> for RecoveryError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wait(wait) => Self::Wait(wait),
            SignInError::Wrong | SignInError::Closed => Self::LinkNotGood,
            SignInError::App(error) => Self::App(error),
        }
    }
}

impl App {
    /// Makes a one-time link for the member with this address. Nothing of theirs changes before it
    /// is used; they are told of it on their pages.
    pub async fn recovery_link(&self, email: &str, because: &str) -> Result<String, RecoveryError> {
        let because = because.trim().to_owned();
        if because.is_empty() || because.chars().count() > MAX_REASON_CHARS {
            return Err(RecoveryError::Reason);
        }
        let (organization, member) = self.member_of(email).await?.ok_or(RecoveryError::Nobody)?;
        let (app, now, token) = (self.clone(), self.clock().now(), Token::random(self.entropy()));
        let digest = token.digest();
        self.organization(organization)
            .write(move |tenant| {
                let until = now.plus(RECOVERY_LINK_LIFE);
                tenant.keep_recovery_link(member, &digest, &because, now, until)?;
                let deed = Deed::new(Actor::system("command"), "member.recovery_begun", member.to_string())
                    .with("because", &because);
                app.outcome(tenant, &deed, "link made")?;
                app.notify_member(tenant, member, SecurityNotice::RecoveryBegun, "")
            })
            .await?;
        Ok(format!("{}/recover/{}", self.public_url(), token.expose()))
    }

    /// Whether a link would be taken, for showing its form.
    pub async fn recovery_link_is_good(&self, token: &str) -> Result<bool, AppError> {
        Ok(self.open_recovery_link(token).await?.is_some())
    }

    async fn open_recovery_link(&self, token: &str) -> Result<Option<(TokenDigest, RecoveryLink)>, AppError> {
        let Ok(token) = Token::parse(token) else { return Ok(None) };
        let (digest, now) = (token.digest(), self.clock().now());
        let found =
            self.store().installation().read(move |tx| recovery::recovery_link(tx, &digest, now)).await?;
        Ok(found.map(|link| (digest, link)))
    }

    /// Uses a link up: sets a new password, ends every session, takes every second factor and
    /// recovery code away, and lets the member in to add new ones.
    pub async fn recover(
        &self,
        token: &str,
        email: &str,
        password: Restricted<String>,
        visit: &Visit,
    ) -> Result<Entry, RecoveryError> {
        let (digest, link) = self.open_recovery_link(token).await?.ok_or(RecoveryError::LinkNotGood)?;
        let RecoveryLink { organization, member, because } = link;
        // A link that went astray does not say whose it is.
        let counted = [(ADDRESS_PER_RECOVERY_LINK, member.to_string())];
        let tried = self.begin_try(&counted).await?;
        let index = self.email_index(&Confidential::new(normalised(email)));
        let found = self.store().installation().read(move |tx| people::credentials(tx, &index)).await?;
        if found.is_none_or(|found| found.member != member) {
            self.note_wrong(Actor::Unknown, Some((organization, member))).await?;
            return Err(RecoveryError::WrongAddress);
        }
        self.limits().hand_back(tried).await?;
        let now = self.clock().now();
        let read = move |tenant: &mut store::Tenant<'_, '_>| {
            Ok((tenant.name()?, tenant.granted(member, now)?.administers()))
        };
        let (name, administers) = self.organization(organization).read(read).await?;
        if let Some(problem) = self.check_new_password(&password, email, &name, administers).await? {
            return Err(RecoveryError::Password(problem));
        }
        let hash = self.hash_password(password).await?;
        let app = self.clone();
        let used = self
            .organization(organization)
            .write(move |tenant| {
                if !tenant.use_recovery_link(member, &digest, now)? {
                    return Ok(false);
                }
                tenant.forget_ways_in(member)?;
                tenant.set_password_hash(member, hash.as_str())?;
                let deed = Deed::new(Actor::Member(member), "member.recovered", member.to_string())
                    .with("because", &because);
                app.outcome(tenant, &deed, "password set, sessions and factors gone")?;
                app.notify_member(tenant, member, SecurityNotice::Recovered, "")?;
                Ok(true)
            })
            .await?;
        if !used {
            return Err(RecoveryError::LinkNotGood);
        }
        Ok(self.enter(organization, member, Proof::Password, visit).await?)
    }
}

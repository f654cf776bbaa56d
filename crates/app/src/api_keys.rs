//! Keys for programs: made by a member for a part of what they may, shown once, ending on a day.

use std::time::Duration;

use domain::limit::{API_PER_KEY, Taken};
use domain::member::SecurityNotice;
pub use domain::retention::API_KEY_LIFE as MAX_LIFE;
use domain::{Actor, ApiKeyId, Permission};
use store::api_keys::{ApiCaller, ApiKeyRow, NewApiKey, caller};
use store::sessions::{SEEN_RESOLUTION, SignedIn};
use vault::Token;
use zeroize::Zeroizing;

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;

/// What every key begins with, so that people and scanners know one when they find it.
pub const PREFIX: &str = "lojista_";
/// What keys can be made for.
pub const SCOPES: [Permission; 2] = [Permission::SeeOrders, Permission::SeeStock];
/// Keys of one member.
pub const MAX_KEYS: usize = 20;
/// Longest name of a key, in characters.
pub const MAX_NAME_CHARS: usize = 40;

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// It needs a name.
    #[error("a key needs a name of at most {MAX_NAME_CHARS} characters")]
    Name,
    /// It is for nothing, or for more than its member may.
    #[error("a key is made for something that its member may do")]
    Scopes,
    /// No day on which it ends, or one that is too far.
    #[error("a key ends within a year")]
    Until,
    /// There are as many as there may be.
    #[error("there are {MAX_KEYS} keys already")]
    TooMany,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<store::StoreError> for ApiKeyError {
    fn from(error: store::StoreError) -> Self {
        Self::App(error.into())
    }
}

/// Whether a program is answered.
#[derive(Debug)]
pub enum Admission {
    /// It is.
    Caller(ApiCaller),
    /// The key is unknown or has ended.
    Unknown,
    /// It asks too often.
    Wait(Duration),
}

impl App {
    /// Makes a key. Returns its text, which is shown once.
    pub async fn make_api_key(
        &self,
        who: &SignedIn,
        name: &str,
        scopes: Vec<Permission>,
        life: Option<Duration>,
    ) -> Result<Zeroizing<String>, ApiKeyError> {
        let (now, name) = (self.clock().now(), name.trim().to_owned());
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
            return Err(ApiKeyError::Name);
        }
        let fits = |scope: &Permission| SCOPES.contains(scope) && who.granted.may(*scope);
        if scopes.is_empty() || !scopes.iter().all(fits) {
            return Err(ApiKeyError::Scopes);
        }
        let life = life.filter(|life| !life.is_zero() && *life <= MAX_LIFE).ok_or(ApiKeyError::Until)?;
        let token = Token::random(self.entropy());
        let text = Zeroizing::new(format!("{PREFIX}{}", token.expose()));
        let id = ApiKeyId::new(now, self.entropy());
        let new =
            NewApiKey { id, member: who.member, name, digest: token.digest(), scopes, until: now.plus(life) };
        let app = self.clone();
        self.organization(who.organization)
            .write(move |tenant| {
                if tenant.api_keys(new.member, now)?.len() >= MAX_KEYS {
                    return Ok(Err(ApiKeyError::TooMany));
                }
                tenant.keep_api_key(&new, now)?;
                let words: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
                let deed = Deed::new(Actor::Member(new.member), "api_key.made", id.to_string())
                    .with("scopes", words.join(" "))
                    .with("until", new.until.as_millis());
                app.outcome(tenant, &deed, "ok")?;
                app.notify_member(tenant, new.member, SecurityNotice::ApiKeyMade, "")?;
                Ok(Ok(()))
            })
            .await??;
        Ok(text)
    }

    /// A member's keys.
    pub async fn api_keys(&self, who: &SignedIn) -> Result<Vec<ApiKeyRow>, AppError> {
        let (member, now) = (who.member, self.clock().now());
        Ok(self.organization(who.organization).read(move |tenant| tenant.api_keys(member, now)).await?)
    }

    /// Ends one of a member's keys at once.
    pub async fn end_api_key(&self, who: &SignedIn, id: ApiKeyId) -> Result<(), AppError> {
        let (app, member) = (self.clone(), who.member);
        self.organization(who.organization)
            .write(move |tenant| {
                if !tenant.end_api_key(member, id)? {
                    return Ok(Err(AppError::NotFound("key")));
                }
                let deed = Deed::new(Actor::Member(member), "api_key.ended", id.to_string());
                app.outcome(tenant, &deed, "ok").map(Ok)
            })
            .await?
    }

    /// Who shows a key, if it is good and does not ask too often.
    pub async fn api_caller(&self, text: &str) -> Result<Admission, AppError> {
        let Some(token) = text.strip_prefix(PREFIX).and_then(|text| Token::parse(text).ok()) else {
            self.tallies.add("api_refused", "unknown");
            return Ok(Admission::Unknown);
        };
        let (digest, now) = (token.digest(), self.clock().now());
        let found = self.store().installation().read(move |tx| caller(tx, &digest, now)).await?;
        let Some(found) = found else {
            self.tallies.add("api_refused", "unknown");
            return Ok(Admission::Unknown);
        };
        if let Taken::Wait(wait) = self.limits().take(&[(API_PER_KEY, &found.key.to_string())]).await? {
            self.tallies.add("api_refused", "limit");
            return Ok(Admission::Wait(wait));
        }
        if found.last_used_at.is_none_or(|at| now.since(at) >= SEEN_RESOLUTION) {
            let key = found.key;
            self.organization(found.organization).write(move |tenant| tenant.touch_api_key(key, now)).await?;
        }
        Ok(Admission::Caller(found))
    }
}

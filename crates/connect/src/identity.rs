//! A team's identity provider (OpenID Connect Core 1.0): where its pages are (Discovery 1.0), its
//! keys, and the token that a code is worth (§3.1, the authorization code flow with PKCE).
//!
//! What it shows of itself is kept for an hour. A token that names a key which is not there has the
//! keys asked for once more, but not more often than once a minute: keys are turned, and strangers
//! cannot make us ask.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::{Actor, Clock, Grant, Purpose, Restricted, Timestamp};
use http::{Method, StatusCode};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::byte_serialize;
use vault::errand::Bond;
use vault::id_token::{self, Claims, Expected, IdTokenError, KeySet};

use crate::error::ChannelError;
use crate::outbound::{Answer, BaseUrl, BaseUrlError, CallSpec, FormValue, Outbound};

/// How long what a provider shows of itself is taken for true.
pub const KEPT: Duration = Duration::from_hours(1);
/// Keys are asked for once more after this span at the earliest.
pub const KEYS_AGAIN: Duration = Duration::from_mins(1);
/// Time for a call: somebody waits in front of a page.
const DEADLINE: Duration = Duration::from_secs(8);
/// Longest document taken, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Longest code taken, in bytes.
const MAX_CODE_BYTES: usize = 4 * 1024;

/// What the shop is registered as at its provider.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The provider, exactly as it calls itself.
    pub issuer: String,
    /// The shop's id there.
    pub client_id: String,
    /// The shop's secret there.
    pub client_secret: Restricted<String>,
    /// Words for how well people have to show who they are (`acr_values`), if any are asked for.
    pub acr_values: Vec<String>,
}

/// Why nobody is known to the provider.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It does not answer, or not with what the specifications describe: later.
    #[error("the identity provider is away: {0}")]
    Away(String),
    /// It does not take the code, or not from us.
    #[error("the identity provider refused the code: {0}")]
    Refused(String),
    /// What it says is not believed.
    #[error(transparent)]
    NotBelieved(#[from] IdTokenError),
}

impl From<ChannelError> for ProviderError {
    fn from(error: ChannelError) -> Self {
        Self::Away(error.to_string())
    }
}

/// Where a browser is sent, and what it brings back.
#[derive(Debug, Clone, Copy)]
pub struct Errand<'a> {
    /// What it is bound by.
    pub bond: &'a Bond,
    /// Where it comes back to.
    pub redirect_uri: &'a str,
    /// Whether its person has to show anew who they are.
    pub fresh: bool,
}

/// What a provider shows of itself (Discovery 1.0 §3).
#[derive(Debug, Clone, Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207 §3.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Debug, Default)]
struct Kept {
    discovery: Option<(Arc<Discovery>, Timestamp)>,
    keys: Option<(Arc<KeySet>, Timestamp)>,
    keys_asked_at: Option<Timestamp>,
}

/// A team's identity provider.
pub struct IdentityProvider {
    registered: Registered,
    base: BaseUrl,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

/// Shows where it is and nothing else.
impl fmt::Debug for IdentityProvider {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "IdentityProvider({})", self.registered.issuer)
    }
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// RFC 6749 §5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl IdentityProvider {
    /// The provider that the shop is registered at; calls nobody yet.
    pub fn new(
        registered: Registered,
        outbound: Outbound,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BaseUrlError> {
        let base = BaseUrl::parse(&registered.issuer)?;
        Ok(Self { registered, base, outbound, clock, kept: Mutex::default() })
    }

    /// What it calls itself.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.registered.issuer
    }

    /// Where it is, for people.
    #[must_use]
    pub fn host(&self) -> String {
        let url = Url::parse(&self.registered.issuer).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Where a browser is sent.
    pub async fn authorization_url(&self, errand: &Errand<'_>) -> Result<String, ProviderError> {
        let discovery = self.discovery().await?;
        let mut url = Url::parse(&discovery.authorization_endpoint).map_err(|_| away("where its page is"))?;
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", &self.registered.client_id)
                .append_pair("redirect_uri", errand.redirect_uri)
                .append_pair("scope", "openid email")
                .append_pair("state", errand.bond.state())
                .append_pair("nonce", errand.bond.nonce())
                .append_pair("code_challenge", errand.bond.challenge())
                .append_pair("code_challenge_method", "S256");
            if !self.registered.acr_values.is_empty() {
                query.append_pair("acr_values", &self.registered.acr_values.join(" "));
            }
            if errand.fresh {
                query.append_pair("prompt", "login").append_pair("max_age", "0");
            }
        }
        Ok(url.into())
    }

    /// Whether an answer is this provider's by the name that it came with (RFC 9207 §2.4).
    pub async fn is_from_here(&self, iss: Option<&str>) -> Result<bool, ProviderError> {
        match iss {
            Some(iss) => Ok(iss == self.registered.issuer),
            None => Ok(!self.discovery().await?.authorization_response_iss_parameter_supported),
        }
    }

    /// Who a code stands for.
    pub async fn redeem(&self, code: &str, errand: &Errand<'_>) -> Result<Claims, ProviderError> {
        if code.is_empty() || code.len() > MAX_CODE_BYTES {
            return Err(ProviderError::Refused("no code".into()));
        }
        let discovery = self.discovery().await?;
        let token = self.token(&discovery, code, errand).await?;
        let expected = Expected {
            issuer: &self.registered.issuer,
            client_id: &self.registered.client_id,
            nonce: errand.bond.nonce(),
            now: self.clock.now(),
        };
        let keys = self.keys(&discovery, false).await?;
        match id_token::verify(&token, &keys, &expected) {
            Err(IdTokenError::UnknownKey) => {
                let keys = self.keys(&discovery, true).await?;
                Ok(id_token::verify(&token, &keys, &expected)?)
            }
            verdict => Ok(verdict?),
        }
    }

    async fn token(
        &self,
        discovery: &Discovery,
        code: &str,
        errand: &Errand<'_>,
    ) -> Result<String, ProviderError> {
        let code = Restricted::new(code.to_owned());
        let mut form: Vec<(&'static str, FormValue)> = vec![
            ("grant_type", "authorization_code".into()),
            ("code", (&code).into()),
            ("redirect_uri", errand.redirect_uri.into()),
            ("code_verifier", errand.bond.verifier().into()),
        ];
        // Discovery §3: where nothing is said, by the header.
        let methods = discovery.token_endpoint_auth_methods_supported.as_deref();
        let by_header = methods.is_none_or(|all| all.iter().any(|it| it == "client_secret_basic"));
        let spec = self.call("redeem a code", Method::POST, &discovery.token_endpoint)?;
        let spec = if by_header {
            spec.header_secret("authorization", &self.basic())
        } else {
            form.push(("client_id", self.registered.client_id.as_str().into()));
            form.push(("client_secret", (&self.registered.client_secret).into()));
            spec
        };
        let answer = self.outbound.call(spec.form(form)).await?;
        if answer.status().is_client_error() && answer.status() != StatusCode::TOO_MANY_REQUESTS {
            let refusal: Refusal = document(&answer)?;
            let word: String =
                refusal.error.chars().filter(|it| it.is_ascii_lowercase() || *it == '_').collect();
            return Err(ProviderError::Refused(word));
        }
        Ok(document::<Tokens>(&answer)?.id_token)
    }

    /// RFC 6749 §2.3.1: both are written as in a form first.
    fn basic(&self) -> Restricted<String> {
        // tidy: allowed because the program itself shows its secret to the provider that gave it
        let grant = Grant::issue(Actor::system("outbound"), Purpose::SignIn, self.clock.now());
        let written = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let id = written(&self.registered.client_id);
        let secret = written(self.registered.client_secret.reveal(&grant));
        Restricted::new(format!("Basic {}", BASE64.encode(format!("{id}:{secret}"))))
    }

    /// What the provider shows of itself, its name checked (Discovery §4.3).
    async fn discovery(&self) -> Result<Arc<Discovery>, ProviderError> {
        let now = self.clock.now();
        if let Some((kept, at)) = &self.kept().discovery
            && now.since(*at) < KEPT
        {
            return Ok(Arc::clone(kept));
        }
        let path = [".well-known", "openid-configuration"];
        let spec = CallSpec::new("read a provider", Method::GET, &self.base, &path).within(DEADLINE);
        let found: Discovery = document(&self.outbound.call(spec).await?)?;
        if found.issuer != self.registered.issuer {
            return Err(away("it calls itself by another name"));
        }
        let page = BaseUrl::parse(found.authorization_endpoint.split('?').next().unwrap_or_default());
        if page.ok().is_none_or(|page| page.reach() != self.base.reach()) {
            return Err(away("its page is at no address to go to"));
        }
        let found = Arc::new(found);
        self.kept().discovery = Some((Arc::clone(&found), now));
        Ok(found)
    }

    /// The provider's keys; with `again` asked for anew, unless they were a moment ago.
    async fn keys(&self, discovery: &Discovery, again: bool) -> Result<Arc<KeySet>, ProviderError> {
        let now = self.clock.now();
        {
            let mut kept = self.kept();
            let rests = kept.keys_asked_at.is_some_and(|at| now.since(at) < KEYS_AGAIN);
            if let Some((keys, at)) = &kept.keys
                && now.since(*at) < KEPT
                && (!again || rests)
            {
                return Ok(Arc::clone(keys));
            }
            kept.keys_asked_at = Some(now);
        }
        let answer = self.outbound.call(self.call("read keys", Method::GET, &discovery.jwks_uri)?).await?;
        let keys = KeySet::parse(body(&answer)?).map_err(|error| ProviderError::Away(error.to_string()))?;
        let keys = Arc::new(keys);
        self.kept().keys = Some((Arc::clone(&keys), now));
        Ok(keys)
    }

    /// A call to an address that the provider named: as far away as the provider itself, so that its
    /// word opens no way into this machine.
    fn call(
        &self,
        operation: &'static str,
        method: Method,
        address: &str,
    ) -> Result<CallSpec, ProviderError> {
        let base = BaseUrl::parse(address).ok().filter(|base| base.reach() == self.base.reach());
        let base = base.ok_or_else(|| away("it names an address that is not called"))?;
        let spec = CallSpec::new(operation, method, &base, &[]).within(DEADLINE);
        Ok(if address.ends_with('/') { spec.slash() } else { spec })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn away(what: &str) -> ProviderError {
    ProviderError::Away(what.to_owned())
}

fn body(answer: &Answer) -> Result<&[u8], ProviderError> {
    if answer.body().len() > MAX_DOCUMENT_BYTES {
        return Err(away("its answer is too long"));
    }
    if answer.status().is_server_error() || answer.status().is_redirection() {
        return Err(ProviderError::Away(format!("it answered {}", answer.status().as_u16())));
    }
    Ok(answer.body())
}

/// An answer that has to be a document.
fn document<T: for<'de> Deserialize<'de>>(answer: &Answer) -> Result<T, ProviderError> {
    serde_json::from_slice(body(answer)?)
        .map_err(|_| away("its answer is not what the specifications describe"))
}

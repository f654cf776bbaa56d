//! Consent, tokens, and which shop they are for.

use std::time::Duration;

use connect::{
    Account, AccountProfile, Answer, Authorization, Call, CallSpec, ChannelError, Consent, ErrorKind,
    IssuedTokens,
};
use domain::{Restricted, Timestamp, TokenLife};
use http::Method;

use super::wire::{self, Loose, filled, owned};
use super::{TikTokShop, error, is_id, version};

/// Taken when the end of an access token is not told, or lies before its beginning: it is
/// then renewed early instead of failing late. The default life is seven days.
pub(super) const SHORTEST_ACCESS_SPAN: Duration = Duration::from_hours(1);

/// Codes of the token endpoint begin so.
const TOKEN_ERRORS: std::ops::RangeInclusive<u64> = 36_004_000..=36_004_999;
/// The refresh token has ended; there is no such consent (any more).
const CONSENT_ENDED: [u64; 2] = [36_004_001, 36_004_005];

/// Which token is turned into the next pair; decides what a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    Code,
    Refresh,
}

/// A shop that a token is good for.
struct Shop {
    id: String,
    cipher: String,
    name: String,
    region: String,
    tags: Vec<String>,
}

impl Authorization for TikTokShop {
    /// The platform takes neither an address to come back to nor a PKCE challenge: the
    /// address stands in the app's registration.
    fn authorize_url(&self, state: &str, _challenge: &str, _redirect_uri: &str) -> String {
        let Some(mut url) = self.config.consent_base.below(&["open", "authorize"]) else {
            return String::new();
        };
        url.query_pairs_mut()
            .append_pair("service_id", &self.config.service_id)
            .append_pair("state", state.trim());
        url.into()
    }

    fn exchange<'a>(&'a self, consent: Consent<'a>) -> Call<'a, IssuedTokens> {
        Box::pin(async move {
            let spec = self.token_call("exchange code", "get", "authorized_code");
            let (tokens, answer) =
                self.tokens(spec.query_secret("auth_code", consent.code), Given::Code).await?;
            // 1 is a creator, 3 a partner: their tokens open no shop.
            if matches!(filled(tokens.user_type.as_ref()), Some("1" | "3")) {
                return Err(answer.fail(ErrorKind::Refused {
                    code: "not_a_seller".into(),
                    message: "the account that consented is no seller's".into(),
                }));
            }
            let access = Restricted::new(tokens.access_token.0.clone());
            let (shops, listed) = self.shops("list shops", &access).await?;
            let shop = self.meant(shops).map_err(|kind| listed.fail(kind))?;
            Ok(issued(&answer, tokens, shop.id, Some(shop.cipher)))
        })
    }

    fn refresh<'a>(
        &'a self,
        account: &'a Account,
        refresh_token: &'a Restricted<String>,
    ) -> Call<'a, IssuedTokens> {
        Box::pin(async move {
            let spec = self.token_call("refresh token", "refresh", "refresh_token");
            let (tokens, answer) =
                self.tokens(spec.query_secret("refresh_token", refresh_token), Given::Refresh).await?;
            // The new pair must not be lost over this: a cipher that is not told stays as it is.
            let access = Restricted::new(tokens.access_token.0.clone());
            let shops = self.shops("list shops", &access).await.map(|(shops, _)| shops).unwrap_or_default();
            let own = shops.into_iter().find(|shop| shop.id == account.external_id);
            Ok(issued(&answer, tokens, account.external_id.clone(), own.map(|shop| shop.cipher)))
        })
    }

    fn identify<'a>(&'a self, account: &'a Account) -> Call<'a, AccountProfile> {
        Box::pin(async move {
            let (shops, answer) = self.shops("identify account", &account.access_token).await?;
            let Some(shop) = shops.into_iter().find(|shop| shop.id == account.external_id) else {
                return Err(answer.fail(ErrorKind::PermissionMissing));
            };
            Ok(AccountProfile {
                external_id: shop.id,
                name: shop.name,
                site: shop.region,
                tags: shop.tags,
                // An inactive shop or seller is an error of this very call.
                may_sell: true,
            })
        })
    }

    /// Always refused, before anything is sent: the platform lets only the seller end a
    /// consent, in the seller centre.
    fn revoke<'a>(&'a self, _account: &'a Account) -> Call<'a, ()> {
        let kind = ErrorKind::Refused {
            code: "seller_revokes".into(),
            message: "only the seller can end the consent, in the seller centre".into(),
        };
        Box::pin(std::future::ready(Err(ChannelError::new(kind, "revoke consent"))))
    }
}

impl TikTokShop {
    /// A call of the token endpoint: unsigned, the secret in the address, as the platform
    /// takes it nowhere else.
    fn token_call(&self, operation: &'static str, verb: &'static str, grant_type: &'static str) -> CallSpec {
        CallSpec::new(operation, Method::GET, &self.config.token_base, &["api", "v2", "token", verb])
            .query("app_key", &self.config.app_key)
            .query("grant_type", grant_type)
            .query_secret("app_secret", &self.config.app_secret)
    }

    async fn tokens(&self, spec: CallSpec, given: Given) -> Result<(wire::Tokens, Answer), ChannelError> {
        let answer = self.outbound.call(spec).await?;
        if let Some(general) = error::kind(&answer) {
            return Err(answer.fail(token_error(&answer, general, given)));
        }
        let tokens: wire::Tokens = wire::data(&answer)?;
        if tokens.access_token.filled().is_none() {
            return Err(answer.garbled("access_token is empty"));
        }
        Ok((tokens, answer))
    }

    /// The shops that a token is good for, and the answer that says so.
    async fn shops(
        &self,
        operation: &'static str,
        token: &Restricted<String>,
    ) -> Result<(Vec<Shop>, Answer), ChannelError> {
        let path = ["authorization", version::SHOPS, "shops"];
        let answer = self.ask(self.request_without_shop(operation, Method::GET, token, &path)).await?;
        let found: wire::Shops = wire::data(&answer)?;
        let shops = found.shops.unwrap_or_default().iter().map(shop).collect::<Option<Vec<_>>>();
        match shops {
            Some(shops) => Ok((shops, answer)),
            None => Err(answer.garbled("a shop without id or cipher")),
        }
    }

    /// The shop that a seller with perhaps several has consented for: the one of the
    /// configured region.
    fn meant(&self, mut shops: Vec<Shop>) -> Result<Shop, ErrorKind> {
        if shops.len() > 1 {
            shops.retain(|shop| shop.region == self.config.region);
        }
        match <[Shop; 1]>::try_from(shops) {
            Ok([shop]) => Ok(shop),
            Err(shops) if shops.is_empty() => Err(ErrorKind::PermissionMissing),
            Err(shops) => Err(ErrorKind::Refused {
                code: "several_shops".into(),
                message: format!("the consent is for {} shops of this region", shops.len()),
            }),
        }
    }
}

fn shop(shop: &wire::Shop) -> Option<Shop> {
    let id = owned(shop.id.as_ref()).filter(|id| is_id(id))?;
    let tags = [&shop.seller_type, &shop.code];
    Some(Shop {
        cipher: owned(shop.cipher.as_ref())?,
        name: owned(shop.name.as_ref()).unwrap_or_else(|| id.clone()),
        region: owned(shop.region.as_ref()).unwrap_or_default(),
        tags: tags.into_iter().filter_map(|tag| owned(tag.as_ref())).collect(),
        id,
    })
}

fn issued(answer: &Answer, tokens: wire::Tokens, shop: String, handle: Option<String>) -> IssuedTokens {
    let issued_at = answer.started_at();
    let ends = |told: &Option<Loose>| told.as_ref().and_then(Loose::unix_seconds);
    let after = |end: &Timestamp| *end > issued_at;
    let access_expires_at = ends(&tokens.access_token_expire_in).filter(after);
    let access_expires_at = access_expires_at.unwrap_or_else(|| issued_at.plus(SHORTEST_ACCESS_SPAN));
    let refresh_token = owned(tokens.refresh_token.as_ref()).map(Restricted::new);
    // Without a refresh token the consent is worth no more than the access token.
    let consent_expires_at = match refresh_token {
        Some(_) => ends(&tokens.refresh_token_expire_in).map(|end| end.max(access_expires_at)),
        None => Some(access_expires_at),
    };
    IssuedTokens {
        account_external_id: shop,
        handle,
        access_token: Restricted::new(tokens.access_token.0),
        refresh_token,
        life: TokenLife { issued_at, access_expires_at, consent_expires_at },
        scopes: tokens.granted_scopes.unwrap_or_default().0,
    }
}

/// What went wrong at the token endpoint. Only its own "no" to a refresh token ends a
/// consent; everything else may pass, and the old pair may still be good.
fn token_error(answer: &Answer, general: ErrorKind, given: Given) -> ErrorKind {
    let head = error::head(answer);
    let code = head.code.as_ref().and_then(Loose::count).and_then(|code| u64::try_from(code).ok());
    let Some(code) = code.filter(|code| TOKEN_ERRORS.contains(code)) else { return general };
    if !matches!(general, ErrorKind::Refused { .. }) {
        return general;
    }
    let message = filled(head.message.as_ref()).unwrap_or_default().to_ascii_lowercase();
    let names = |word: &str| message.contains(word);
    let about_refresh = names("refresh_token") || names("refresh token");
    if given == Given::Refresh
        && (CONSENT_ENDED.contains(&code) || about_refresh && (names("expired") || names("invalid")))
    {
        ErrorKind::ConsentEnded
    } else if names("app_key") || names("app_secret") {
        ErrorKind::AppRefused
    } else {
        general
    }
}

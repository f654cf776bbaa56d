//! Consent and tokens. Tokens belong to a shop: one consent of a main account may open
//! several, the house asks for one.

use std::time::Duration;

use connect::{
    Account, AccountProfile, Answer, Authorization, Call, CallSpec, ChannelError, Consent, ErrorKind,
    IssuedTokens,
};
use domain::{Restricted, Timestamp, TokenLife};
use http::Method;
use serde_json::{Map, Value};

use super::Shopee;
use super::error::{self, Spent};
use super::ids::{id, is_number};
use super::wire::{self, Loose, filled, instant, is_true, owned};

/// "Authorization and Authentication": an access token is valid for 4 hours.
pub(super) const ACCESS_SPAN: Duration = Duration::from_hours(4);
/// Taken when `expire_in` is missing: the pair is single-use, so it must not be lost over a
/// missing field, and an early renewal does no harm.
pub(super) const SHORTEST_ACCESS_SPAN: Duration = Duration::from_hours(1);
/// A refresh token is valid for 30 days.
pub(super) const REFRESH_SPAN: Duration = Duration::from_hours(30 * 24);
/// A span beyond this is no span but the end itself, in Unix seconds: one sample of the
/// documents prints it so.
const MOST_SPAN_SECONDS: i64 = 1_000_000_000;
const EXCHANGE: &str = "exchange code";
const REFRESH: &str = "refresh token";

impl Authorization for Shopee {
    fn authorize_url(&self, state: &str, _challenge: &str, redirect_uri: &str) -> String {
        let Some(mut url) = self.config.auth_base.below(&["auth"]) else {
            return String::new();
        };
        url.query_pairs_mut()
            .append_pair("partner_id", &self.config.partner_id)
            .append_pair("auth_type", "seller")
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("state", state);
        url.into()
    }

    fn exchange<'a>(&'a self, consent: Consent<'a>) -> Call<'a, IssuedTokens> {
        Box::pin(async move {
            let subject = ["shop_id", "main_account_id"].into_iter().find_map(|name| {
                let value = consent.fields.get(name).filter(|value| is_number(value))?;
                Some((name, value.as_str()))
            });
            let Some((name, subject)) = subject else {
                let why = "the callback names neither shop_id nor main_account_id";
                return Err(ChannelError::new(refused("shop_id_missing", why), EXCHANGE));
            };
            let fields = [(name, subject)];
            let spec = self.token_call(EXCHANGE, "token", &fields, ("code", consent.code));
            let (tokens, answer) = self.tokens(spec, Spent::Code).await?;
            let shop = shop_of(&tokens, (name == "shop_id").then_some(subject), &answer)?;
            self.issued(&tokens, &answer, shop).await
        })
    }

    fn refresh<'a>(
        &'a self,
        account: &'a Account,
        refresh_token: &'a Restricted<String>,
    ) -> Call<'a, IssuedTokens> {
        Box::pin(async move {
            let shop = account.external_id.as_str();
            let secret = ("refresh_token", refresh_token);
            let spec = self.token_call(REFRESH, "access_token", &[("shop_id", shop)], secret);
            let (tokens, answer) = self.tokens(spec, Spent::Refresh).await?;
            if id(tokens.shop_id.as_ref()).is_some_and(|given| given != shop) {
                return Err(answer.garbled("tokens of another shop"));
            }
            self.issued(&tokens, &answer, shop.to_owned()).await
        })
    }

    fn identify<'a>(&'a self, account: &'a Account) -> Call<'a, AccountProfile> {
        Box::pin(async move {
            let shop = (account.external_id.as_str(), &account.access_token);
            let info = self.shop_info("identify account", shop).await?;
            Ok(profile(&account.external_id, &info))
        })
    }

    /// The consent is withdrawn on a page of the platform, by its owner: no call ends it.
    fn revoke<'a>(&'a self, _account: &'a Account) -> Call<'a, ()> {
        let why = "Shopee lets only the shop's owner end a consent, in the seller centre";
        Box::pin(async move { Err(ChannelError::new(refused("owner_only", why), "revoke consent")) })
    }
}

impl Shopee {
    /// The calls that give out tokens: the app's number stands in the body once more.
    fn token_call(
        &self,
        operation: &'static str,
        module: &str,
        subject: &[(&str, &str)],
        (name, secret): (&'static str, &Restricted<String>),
    ) -> CallSpec {
        let mut fields = Map::new();
        for (name, value) in subject.iter().copied().chain([("partner_id", self.config.partner_id.as_str())])
        {
            let number = value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from);
            fields.insert(name.to_owned(), number);
        }
        let path = ["api", "v2", "auth", module, "get"];
        CallSpec::new(operation, Method::POST, &self.config.api_base, &path)
            .query("partner_id", &self.config.partner_id)
            .signed(std::sync::Arc::clone(&self.signer))
            .json_with(fields, vec![(name, secret.clone())])
    }

    async fn tokens(&self, spec: CallSpec, spent: Spent) -> Result<(wire::Tokens, Answer), ChannelError> {
        let answer = self.outbound.call(spec).await?;
        if let Some(kind) = error::token_kind(&answer, spent) {
            return Err(answer.fail(kind));
        }
        let tokens: wire::Tokens = answer.json()?;
        if tokens.access_token.trim().is_empty() {
            return Err(answer.garbled("access_token is empty"));
        }
        Ok((tokens, answer))
    }

    /// The pair with its life. When the consent ends, only the shop's own page tells; a
    /// single-use pair is not thrown away because that cannot be read now.
    async fn issued(
        &self,
        tokens: &wire::Tokens,
        answer: &Answer,
        shop: String,
    ) -> Result<IssuedTokens, ChannelError> {
        let issued_at = answer.started_at();
        let access_token = Restricted::new(tokens.access_token.clone());
        let refresh_token = tokens.refresh_token.clone().filter(|token| !token.trim().is_empty());
        let access_expires_at = access_end(tokens.expire_in.as_ref(), issued_at);
        let consent_expires_at = if refresh_token.is_some() {
            let info = self.shop_info("read end of consent", (&shop, &access_token)).await.ok();
            let told = info.and_then(|info| instant(info.expire_time.as_ref()));
            let spent = issued_at.plus(REFRESH_SPAN);
            told.map_or(spent, |end| end.min(spent)).max(access_expires_at)
        } else {
            // Without a refresh token the consent is worth no more than the access token.
            access_expires_at
        };
        Ok(IssuedTokens {
            account_external_id: shop,
            handle: None,
            access_token,
            refresh_token: refresh_token.map(Restricted::new),
            life: TokenLife { issued_at, access_expires_at, consent_expires_at: Some(consent_expires_at) },
            scopes: Vec::new(),
        })
    }

    async fn shop_info(
        &self,
        operation: &'static str,
        shop: (&str, &Restricted<String>),
    ) -> Result<wire::ShopInfo, ChannelError> {
        let spec = self.call_of_shop(operation, Method::GET, shop, ["shop", "get_shop_info"]);
        Ok(self.ask_flat(spec).await?.0)
    }
}

/// The shop that the tokens are for: the one that the callback named, or the only one of a
/// main account.
fn shop_of(tokens: &wire::Tokens, named: Option<&str>, answer: &Answer) -> Result<String, ChannelError> {
    let listed: Vec<&str> =
        tokens.shop_id_list.iter().flatten().filter_map(|shop| filled(Some(shop))).collect();
    match (named, listed.as_slice()) {
        (Some(named), []) => Ok(named.to_owned()),
        (Some(named), listed) if listed.contains(&named) => Ok(named.to_owned()),
        (None, [only]) if is_number(only) => Ok((*only).to_owned()),
        (None, [_, _, ..]) => {
            let why = "the main account opened several shops: consent with the account of one shop";
            Err(answer.fail(refused("several_shops", why)))
        }
        _ => Err(answer.garbled("tokens of another shop, or of none")),
    }
}

fn access_end(expire_in: Option<&Loose>, issued_at: Timestamp) -> Timestamp {
    let latest = issued_at.plus(ACCESS_SPAN);
    let told = expire_in.and_then(Loose::count).filter(|told| *told > 0);
    let end = match told {
        None => issued_at.plus(SHORTEST_ACCESS_SPAN),
        Some(end) if end > MOST_SPAN_SECONDS => Timestamp::from_millis(end.saturating_mul(1_000)),
        Some(span) => issued_at.plus(Duration::from_secs(span.unsigned_abs())),
    };
    // An end that has passed is a slip of the platform's: the token was given out just now.
    if end > issued_at { end.min(latest) } else { issued_at.plus(SHORTEST_ACCESS_SPAN) }
}

fn profile(shop: &str, info: &wire::ShopInfo) -> AccountProfile {
    let status = filled(info.status.as_ref());
    let flags = [("is_cb", &info.is_cb), ("is_sip", &info.is_sip)];
    let flags = flags.into_iter().filter(|(_, flag)| is_true(flag.as_ref())).map(|(name, _)| name.to_owned());
    AccountProfile {
        external_id: shop.to_owned(),
        name: owned(info.shop_name.as_ref()).unwrap_or_else(|| shop.to_owned()),
        site: owned(info.region.as_ref()).unwrap_or_default(),
        tags: status
            .map(str::to_owned)
            .into_iter()
            .chain(flags)
            .chain(owned(info.shop_fulfillment_flag.as_ref()))
            .collect(),
        may_sell: status.is_none_or(|word| word == "NORMAL"),
    }
}

fn refused(code: &str, why: &str) -> ErrorKind {
    ErrorKind::Refused { code: code.into(), message: why.into() }
}

//! Consent and tokens.

use std::time::Duration;

use connect::outbound::FormValue;
use connect::{
    Account, AccountProfile, Answer, Authorization, Call, CallSpec, ChannelError, Consent, ErrorKind,
    IssuedTokens,
};
use domain::{Restricted, TokenLife};
use http::Method;

use super::MercadoLivre;
use super::error::{self, Said};
use super::hook::is_number;
use super::wire::{self, Loose, filled, owned};

/// "Autenticação e autorização": a refresh token is valid for six months. Counted short,
/// as months differ.
pub(super) const CONSENT_SPAN: Duration = Duration::from_hours(6 * 30 * 24);
/// Taken when `expires_in` is missing: the shortest span that the documents ever named.
/// The pair is single-use, so it must not be lost over a missing field.
pub(super) const SHORTEST_ACCESS_SPAN: Duration = Duration::from_hours(3);

/// Which token is turned into the next pair; decides what `invalid_grant` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    Code,
    Refresh,
}

impl Authorization for MercadoLivre {
    fn authorize_url(&self, state: &str, challenge: &str, redirect_uri: &str) -> String {
        let Some(mut url) = self.config.auth_base.below(&["authorization"]) else {
            return String::new();
        };
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", state)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256");
        url.into()
    }

    fn exchange<'a>(&'a self, consent: Consent<'a>) -> Call<'a, IssuedTokens> {
        let fields = vec![
            ("code", FormValue::from(consent.code)),
            ("redirect_uri", consent.redirect_uri.into()),
            ("code_verifier", consent.verifier.into()),
        ];
        Box::pin(self.token("exchange code", "authorization_code", Grant::Code, fields))
    }

    fn refresh<'a>(
        &'a self,
        _account: &'a Account,
        refresh_token: &'a Restricted<String>,
    ) -> Call<'a, IssuedTokens> {
        let fields = vec![("refresh_token", FormValue::from(refresh_token))];
        Box::pin(self.token("refresh token", "refresh_token", Grant::Refresh, fields))
    }

    fn identify<'a>(&'a self, account: &'a Account) -> Call<'a, AccountProfile> {
        Box::pin(async move {
            let answer =
                self.ask(self.request("identify account", Method::GET, account, &["users", "me"])).await?;
            let user: wire::User = answer.json()?;
            if is_number(&user.id.0) { Ok(profile(&user)) } else { Err(answer.garbled("id is no number")) }
        })
    }

    fn revoke<'a>(&'a self, account: &'a Account) -> Call<'a, ()> {
        Box::pin(async move {
            let path = ["users", &account.external_id, "applications", &self.config.client_id];
            match self.ask(self.request("revoke consent", Method::DELETE, account, &path)).await {
                // A consent that is no longer there is revoked.
                Err(ChannelError { kind: ErrorKind::NotFound, .. }) => Ok(()),
                outcome => outcome.map(drop),
            }
        })
    }
}

impl MercadoLivre {
    async fn token(
        &self,
        operation: &'static str,
        grant_type: &'static str,
        grant: Grant,
        fields: Vec<(&'static str, FormValue)>,
    ) -> Result<IssuedTokens, ChannelError> {
        let mut form = vec![
            ("grant_type", grant_type.into()),
            ("client_id", self.config.client_id.as_str().into()),
            ("client_secret", FormValue::from(&self.config.client_secret)),
        ];
        form.extend(fields);
        let spec = CallSpec::new(operation, Method::POST, &self.config.api_base, &["oauth", "token"])
            .header("accept", "application/json")
            .form(form);
        let answer = self.outbound.call(spec).await?;
        if !answer.status().is_success() {
            return Err(answer.fail(token_error(&answer, grant)));
        }
        issued(&answer)
    }
}

fn issued(answer: &Answer) -> Result<IssuedTokens, ChannelError> {
    let tokens: wire::Tokens = answer.json()?;
    let account = owned(tokens.user_id.as_ref()).filter(|id| is_number(id));
    let account = account.or_else(|| account_of(&tokens.access_token));
    let Some(account_external_id) = account else {
        return Err(answer.garbled("tokens without user_id"));
    };
    let seconds =
        tokens.expires_in.as_ref().and_then(Loose::count).and_then(|count| u64::try_from(count).ok());
    let issued_at = answer.started_at();
    let access_expires_at = issued_at.plus(seconds.map_or(SHORTEST_ACCESS_SPAN, Duration::from_secs));
    let refresh_token = tokens.refresh_token.filter(|token| !token.is_empty()).map(Restricted::new);
    // Without a refresh token the consent is worth no more than the access token.
    let consent_expires_at =
        Some(refresh_token.as_ref().map_or(access_expires_at, |_| issued_at.plus(CONSENT_SPAN)));
    let scopes = filled(tokens.scope.as_ref()).unwrap_or_default();
    Ok(IssuedTokens {
        account_external_id,
        handle: None,
        access_token: Restricted::new(tokens.access_token),
        refresh_token,
        life: TokenLife { issued_at, access_expires_at, consent_expires_at },
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
    })
}

/// Access tokens end in the id of their account.
fn account_of(access_token: &str) -> Option<String> {
    let (_, tail) = access_token.rsplit_once('-')?;
    (!tail.is_empty() && tail.bytes().all(|byte| byte.is_ascii_digit())).then(|| tail.to_owned())
}

/// What went wrong at the token endpoint. Everything that may pass has to say retry: the
/// old refresh token may still be good, and a wrong "ended" sends the owner away to
/// consent again.
fn token_error(answer: &Answer, grant: Grant) -> ErrorKind {
    let general = error::kind(answer);
    let passing = matches!(
        general,
        ErrorKind::RateLimited { .. } | ErrorKind::PlatformFault { .. } | ErrorKind::Garbled { .. }
    );
    let said = Said::read(answer);
    if passing || !said.is_json() {
        return general;
    }
    match (said.code().as_deref(), grant) {
        (Some("invalid_grant"), Grant::Refresh) => ErrorKind::ConsentEnded,
        (Some("invalid_client" | "unauthorized_application" | "forbidden"), _) => ErrorKind::AppRefused,
        (Some("unauthorized_client" | "invalid_scope"), _) => ErrorKind::PermissionMissing,
        _ => said.refusal(answer),
    }
}

fn profile(user: &wire::User) -> AccountProfile {
    let status = user.status.as_ref();
    let is_active =
        status.and_then(|status| filled(status.site_status.as_ref())).is_none_or(|word| word == "active");
    let allowed = |permission: Option<&wire::Permission>| {
        permission.and_then(|it| filled(it.allow.as_ref())).is_none_or(|word| word != "false")
    };
    AccountProfile {
        external_id: user.id.0.clone(),
        name: owned(user.nickname.as_ref()).unwrap_or_else(|| user.id.0.clone()),
        site: owned(user.site_id.as_ref()).unwrap_or_default(),
        tags: user.tags.clone().unwrap_or_default().0,
        may_sell: is_active
            && allowed(status.and_then(|status| status.list.as_ref()))
            && allowed(status.and_then(|status| status.sell.as_ref())),
    }
}

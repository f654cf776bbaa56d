//! Consent and tokens.

use connect::{Account, AccountProfile, Authorization, Call, Consent, IssuedTokens};
use domain::Restricted;

use super::Acme;
use super::error::not_written;

const FILE: &str = "auth.rs";

impl Authorization for Acme {
    /// Empty, which no browser can be sent to: not written yet.
    fn authorize_url(&self, _state: &str, _challenge: &str, _redirect_uri: &str) -> String {
        String::new()
    }

    fn exchange<'a>(&'a self, _consent: Consent<'a>) -> Call<'a, IssuedTokens> {
        not_written("exchange code", FILE)
    }

    fn refresh<'a>(
        &'a self,
        _account: &'a Account,
        _refresh_token: &'a Restricted<String>,
    ) -> Call<'a, IssuedTokens> {
        not_written("refresh token", FILE)
    }

    fn identify<'a>(&'a self, _account: &'a Account) -> Call<'a, AccountProfile> {
        not_written("identify account", FILE)
    }

    fn revoke<'a>(&'a self, _account: &'a Account) -> Call<'a, ()> {
        not_written("revoke consent", FILE)
    }
}

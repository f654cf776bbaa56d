//! Consent, codes and tokens (fact sheet §2).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ask::seconds;
use super::gate::{Door, same_app};
use super::refusal::{INVALID_REQUEST, Refusal, enveloped};
use super::{Event, World, webhook};
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, get};

/// How long a code works.
pub const CODE_LIFE: Duration = Duration::from_mins(30);
/// How long an access token works.
pub const ACCESS_TOKEN_LIFE: Duration = Duration::from_hours(24 * 7);
/// How long before its end a consent is spoken of.
pub const ENDING_NOTICE: Duration = Duration::from_hours(24 * 30);
const DAY: Duration = Duration::from_hours(24);
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The code is unknown, used or too old.
const INVALID_CODE: i64 = 36_004_004;
/// The refresh token has ended.
const REFRESH_ENDED: i64 = 36_004_001;
/// The refresh token belongs to no consent.
const NO_CONSENT: i64 = 36_004_005;

/// The developer's application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Names the application in calls.
    pub key: String,
    /// Signs calls and webhooks.
    pub secret: String,
    /// Names the application on the consent page.
    pub service_id: i64,
    /// Where the seller's browser is sent back to.
    pub redirect_url: String,
    /// The scopes switched on.
    pub scopes: BTreeSet<String>,
}

/// A code on its way to the token endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// What the browser carries.
    pub value: String,
    /// The shop whose seller agreed.
    pub shop_id: i64,
    /// Until when it works.
    pub until: Timestamp,
}

/// What one seller has granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Access tokens and when they end, oldest first.
    pub access_tokens: Vec<(String, Timestamp)>,
    /// The refresh token.
    pub refresh_token: String,
    /// Refresh tokens that were used.
    pub used_refresh_tokens: BTreeSet<String>,
    /// The scopes at the time of consent.
    pub scopes: BTreeSet<String>,
    /// When the consent ends.
    pub until: Timestamp,
}

/// All codes and grants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// Codes not used yet.
    pub codes: Vec<Code>,
    /// Grants by shop.
    pub by_shop: BTreeMap<i64, Grant>,
    /// Tokens of consents taken back, with nothing behind them.
    pub ended: BTreeSet<String>,
}

/// What a token turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// It works, for this shop.
    Live(i64),
    /// It has ended.
    Expired,
    /// Nobody gave it out, or the consent was taken back.
    Unknown,
}

impl Grants {
    /// What `token` opens at `now`.
    #[must_use]
    pub fn look_up(&self, token: &str, now: Timestamp) -> TokenState {
        for (shop, grant) in &self.by_shop {
            if let Some((_, until)) = grant.access_tokens.iter().find(|(known, _)| known == token) {
                return if *until > now { TokenState::Live(*shop) } else { TokenState::Expired };
            }
        }
        TokenState::Unknown
    }

    /// The newest access token of a shop that still works.
    #[must_use]
    pub fn live_token(&self, shop_id: i64, now: Timestamp) -> Option<&str> {
        let grant = self.by_shop.get(&shop_id)?;
        let newest = grant.access_tokens.iter().rev().find(|(_, until)| *until > now)?;
        Some(&newest.0)
    }
}

/// A code for the seller of `shop_id`, who has agreed.
pub(crate) fn open_code(world: &mut World, shop_id: i64) -> String {
    let now = world.now;
    let code = format!("ROW_{}", world.dice.hex(40));
    world.grants.codes.retain(|code| code.until > now);
    world.grants.codes.push(Code { value: code.clone(), shop_id, until: now.plus(CODE_LIFE) });
    code
}

/// A seller consents (again): a fresh grant with the scopes of this moment. Access tokens
/// given out before go on until their end.
pub fn consent(world: &mut World, shop_id: i64) {
    let until = world.now.plus(Duration::from_secs(world.rules.consent_seconds));
    let earlier = world.grants.by_shop.remove(&shop_id);
    let grant = Grant {
        access_tokens: earlier.map(|grant| grant.access_tokens).unwrap_or_default(),
        refresh_token: String::new(),
        used_refresh_tokens: BTreeSet::new(),
        scopes: world.app.scopes.clone(),
        until,
    };
    world.grants.by_shop.insert(shop_id, grant);
    give_tokens(world, shop_id);
    world.agenda.forget(|event| *event == Event::ConsentEnding(shop_id));
    world.agenda.plan(until.minus(ENDING_NOTICE).max(world.now), Event::ConsentEnding(shop_id));
}

/// A new pair; the old refresh token is used up.
fn give_tokens(world: &mut World, shop_id: i64) {
    let access = format!("ROW_{}", world.dice.hex(64));
    let refresh = format!("ROW_{}", world.dice.hex(64));
    let now = world.now;
    let Some(grant) = world.grants.by_shop.get_mut(&shop_id) else { return };
    grant.access_tokens.push((access, now.plus(ACCESS_TOKEN_LIFE).min(grant.until)));
    let used = std::mem::replace(&mut grant.refresh_token, refresh);
    if !used.is_empty() {
        grant.used_refresh_tokens.insert(used);
    }
}

/// The seller takes the consent back; every token of it is dead at once.
pub fn revoke(world: &mut World, shop_id: i64) {
    if world.grants.by_shop.remove(&shop_id).is_some() {
        world.agenda.forget(|event| *event == Event::ConsentEnding(shop_id));
        let message = "The seller has deauthorized the app.";
        let data = json!({ "message": message });
        webhook::notify(world, shop_id, webhook::Kind::SellerDeauthorization, &data);
    }
}

/// All access tokens end now; the consent stays.
pub fn expire_tokens(world: &mut World, shop_id: i64) {
    let now = world.now;
    if let Some(grant) = world.grants.by_shop.get_mut(&shop_id) {
        for (_, until) in &mut grant.access_tokens {
            *until = now.min(*until);
        }
    }
}

/// The end of a consent is near: said once, and then every midnight until it is renewed.
pub(crate) fn speak_of_the_end(world: &mut World, shop_id: i64) {
    let Some(until) = world.grants.by_shop.get(&shop_id).map(|grant| grant.until) else { return };
    if until <= world.now {
        return;
    }
    let data = json!({
        "message": "The authorization of the seller will expire soon.", "expiration_time": seconds(until).to_string(),
    });
    webhook::notify(world, shop_id, webhook::Kind::UpcomingAuthorizationExpiration, &data);
    let today = world.now.as_millis().div_euclid(DAY_MS) * DAY_MS;
    world.agenda.plan(Timestamp::from_millis(today).plus(DAY), Event::ConsentEnding(shop_id));
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![get("/api/v2/token/get", Door::Open, exchange), get("/api/v2/token/refresh", Door::Open, refresh)]
}

/// A field of the query that the token endpoints need.
fn field<'a>(call: &'a Call, name: &str) -> Result<&'a str, Refusal> {
    let value = call.query(name).filter(|value| !value.is_empty());
    value.ok_or_else(|| Refusal::business(INVALID_REQUEST, format!("Invalid request. {name} is required")))
}

fn check_app(world: &World, call: &Call, grant_type: &str) -> Result<(), Refusal> {
    // Token errors come with HTTP 200, this one too.
    same_app(world, field(call, "app_key")?)
        .map_err(|refusal| Refusal { status: http::StatusCode::OK, ..refusal })?;
    if field(call, "app_secret")? != world.app.secret {
        return Err(Refusal::business(
            INVALID_REQUEST,
            "Invalid credentials. The `app_secret` query parameter is invalid.",
        ));
    }
    if field(call, "grant_type")? != grant_type {
        return Err(Refusal::parameter("grant_type", &format!("Expected {grant_type}")));
    }
    Ok(())
}

fn exchange(world: &mut World, call: &Call) -> Answer {
    check_app(world, call, "authorized_code")?;
    let wanted = field(call, "auth_code")?;
    let now = world.now;
    let invalid = || Refusal::business(INVALID_CODE, "Invalid auth code");
    let place = world.grants.codes.iter().position(|code| code.value == wanted).ok_or_else(invalid)?;
    let code = world.grants.codes.remove(place);
    if code.until <= now {
        return Err(invalid().into());
    }
    consent(world, code.shop_id);
    Ok(enveloped("success", pair(world, code.shop_id)))
}

fn refresh(world: &mut World, call: &Call) -> Answer {
    check_app(world, call, "refresh_token")?;
    let wanted = field(call, "refresh_token")?;
    let reuse = world.rules.old_refresh_token_works;
    let fits = |grant: &Grant| {
        grant.refresh_token == wanted || (reuse && grant.used_refresh_tokens.contains(wanted))
    };
    let found = world.grants.by_shop.iter().find(|(_, grant)| fits(grant));
    let Some((shop_id, until)) = found.map(|(shop, grant)| (*shop, grant.until)) else {
        return Err(Refusal::business(NO_CONSENT, "No matching authorization record").into());
    };
    if until <= world.now {
        return Err(Refusal::business(REFRESH_ENDED, "The refresh token has expired").into());
    }
    give_tokens(world, shop_id);
    Ok(enveloped("success", pair(world, shop_id)))
}

/// The newest pair of a shop, as the token endpoints show it.
pub(crate) fn pair(world: &World, shop_id: i64) -> Value {
    let (Some(grant), Some(shop)) = (world.grants.by_shop.get(&shop_id), world.shops.get(&shop_id)) else {
        return Value::Null;
    };
    let Some((access, until)) = grant.access_tokens.last() else { return Value::Null };
    json!({
        "access_token": access, "access_token_expire_in": seconds(*until),
        "refresh_token": grant.refresh_token, "refresh_token_expire_in": seconds(grant.until),
        "open_id": shop.open_id, "seller_name": shop.name, "seller_base_region": shop.region, "user_type": 0,
        "granted_scopes": grant.scopes,
    })
}

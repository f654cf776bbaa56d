//! OAuth 2.0 as Mercado Livre does it (fact sheet §2).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::account::App;
use super::gate::{Door, Group, USERS};
use crate::call::Call;
use crate::dates::zulu;
use crate::dice::Dice;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, delete, get, post};
use crate::text::form_pairs;

/// How long an access token works.
pub const ACCESS_TOKEN_LIFE: Duration = Duration::from_hours(6);
/// How long a refresh token works: six months.
pub const REFRESH_TOKEN_LIFE: Duration = Duration::from_hours(24 * 182);
/// A grant without any call for four months is dead.
pub const IDLE_LIFE: Duration = Duration::from_hours(24 * 121);
/// How long an authorization code works.
pub const CODE_LIFE: Duration = Duration::from_mins(10);
/// Requests an hour that an application is shown, whether they are counted or not.
const REQUESTS_PER_HOUR: u32 = 18_000;
/// How long the old secret works after a rotation.
pub const OLD_SECRET_LIFE: Duration = Duration::from_hours(24 * 7);

/// The sentence that clients look for when a grant is refused.
const GRANT_MESSAGE: &str =
    "Error validating grant. Your authorization code or refresh token may be expired or it was already used";

/// A code on its way from the authorization page to the token endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The code.
    pub code: String,
    /// Who approved.
    pub user_id: i64,
    /// Which application.
    pub client_id: i64,
    /// Where the browser was sent.
    pub redirect_uri: String,
    /// The PKCE challenge and its method.
    pub challenge: Option<(String, ChallengeMethod)>,
    /// Until when it works.
    pub until: Timestamp,
}

/// How a PKCE challenge is made from the verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChallengeMethod {
    /// The verifier itself.
    Plain,
    /// Its SHA-256 in base64url.
    S256,
}

impl ChallengeMethod {
    /// The method of this name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "plain" => Some(Self::Plain),
            "S256" => Some(Self::S256),
            _ => None,
        }
    }

    fn challenge(self, verifier: &str) -> String {
        match self {
            Self::Plain => verifier.to_owned(),
            Self::S256 => URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes())),
        }
    }
}

/// What a seller has granted an application. Its tokens form one family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The seller.
    pub user_id: i64,
    /// The application.
    pub client_id: i64,
    /// `read`, `write`, `offline_access`.
    pub scopes: BTreeSet<String>,
    /// When it was granted.
    pub created: Timestamp,
    /// When a token of it was last used.
    pub used: Timestamp,
    /// Access tokens of the family and until when they work.
    pub access_tokens: BTreeMap<String, Timestamp>,
    /// The one refresh token that works, and until when.
    pub refresh_token: Option<(String, Timestamp)>,
    /// Refresh tokens used up; showing one of them kills the family.
    pub spent_refresh_tokens: BTreeSet<String>,
}

/// A fresh pair of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPair {
    /// The access token.
    pub access_token: String,
    /// The refresh token; absent without the scope `offline_access`.
    pub refresh_token: Option<String>,
}

/// All codes and grants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auth {
    /// Codes not yet exchanged.
    pub codes: Vec<Code>,
    /// The grants, oldest first; one per seller and application.
    pub grants: Vec<Grant>,
}

impl Auth {
    /// The grant behind a working access token; using it counts as life.
    pub fn use_access_token(&mut self, token: &str, now: Timestamp) -> Option<&Grant> {
        let works = |grant: &&mut Grant| {
            grant.access_tokens.get(token).is_some_and(|until| now < *until)
                && now.since(grant.used) < IDLE_LIFE
        };
        let grant = self.grants.iter_mut().find(works)?;
        grant.used = now;
        Some(grant)
    }

    /// True when `user_id` has granted `client_id` something.
    #[must_use]
    pub fn has_grant(&self, user_id: i64, client_id: i64) -> bool {
        self.grants.iter().any(|grant| grant.user_id == user_id && grant.client_id == client_id)
    }

    /// Ends a grant and all its tokens; true when there was one.
    pub fn revoke(&mut self, user_id: i64, client_id: i64) -> bool {
        let before = self.grants.len();
        self.grants.retain(|grant| grant.user_id != user_id || grant.client_id != client_id);
        self.grants.len() < before
    }

    /// Ends all tokens of a grant but keeps the grant, as a changed password does.
    pub fn kill_tokens(&mut self, user_id: i64) {
        for grant in self.grants.iter_mut().filter(|grant| grant.user_id == user_id) {
            grant.access_tokens.clear();
            let spent = grant.refresh_token.take().map(|(token, _)| token);
            grant.spent_refresh_tokens.extend(spent);
        }
    }
}

impl Grant {
    fn renew(&mut self, dice: &mut Dice, now: Timestamp) -> TokenPair {
        // The platform stamps month, day and hour into the token.
        let stamp: String = zulu(now)[5..13].chars().filter(char::is_ascii_digit).collect();
        let access_token = format!("APP_USR-{}-{stamp}-{}-{}", self.client_id, dice.hex(32), self.user_id);
        self.access_tokens.retain(|_, until| *until > now);
        self.access_tokens.insert(access_token.clone(), now.plus(ACCESS_TOKEN_LIFE));
        if let Some((old, _)) = self.refresh_token.take() {
            self.spent_refresh_tokens.insert(old);
        }
        let refresh_token =
            self.scopes.contains("offline_access").then(|| format!("TG-{}-{}", dice.hex(24), self.user_id));
        self.refresh_token = refresh_token.clone().map(|token| (token, now.plus(REFRESH_TOKEN_LIFE)));
        self.used = now;
        TokenPair { access_token, refresh_token }
    }
}

/// A seller approves an application: a new grant with new tokens in place of any older one.
pub fn grant(world: &mut World, user_id: i64, client_id: i64) -> Option<TokenPair> {
    let scopes = world.apps.get(&client_id)?.scopes.clone();
    let now = world.now;
    world.auth.revoke(user_id, client_id);
    let mut grant = Grant {
        user_id,
        client_id,
        scopes,
        created: now,
        used: now,
        access_tokens: BTreeMap::new(),
        refresh_token: None,
        spent_refresh_tokens: BTreeSet::new(),
    };
    let pair = grant.renew(&mut world.dice, now);
    world.auth.grants.push(grant);
    Some(pair)
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        post("/oauth/token", Door::Open, token).counted_in(Group::Free),
        get("/applications/{id}", USERS, show_application),
        get("/applications/{id}/grants", USERS, list_grants),
        get("/users/{id}/applications", USERS, list_applications),
        delete("/users/{id}/applications/{app}", USERS, end_grant),
    ]
}

fn refuse(code: &str, description: &str) -> Reply {
    let body = json!({"error_description": description, "message": description, "error": code, "status": 400, "cause": []});
    Reply::json(StatusCode::BAD_REQUEST, body)
}

/// The fields of a token request: the form body, and the query where the rules allow it.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn of(world: &World, call: &Call) -> Self {
        let is_form = call
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let mut fields = if is_form { form_pairs(&String::from_utf8_lossy(&call.body)) } else { Vec::new() };
        if world.rules.token_query_allowed {
            fields.extend(call.query.iter().cloned());
        }
        Self(fields)
    }

    fn want(&self, name: &str) -> Result<&str, Reply> {
        self.get(name).ok_or_else(|| refuse("invalid_request", &format!("The parameter {name} is required")))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, value)| field == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

fn token(world: &mut World, call: &Call) -> Answer {
    let fields = Fields::of(world, call);
    let grant_type = fields.want("grant_type")?;
    if !matches!(grant_type, "authorization_code" | "refresh_token") {
        let allowed = "grant_type must be authorization_code or refresh_token";
        return Err(refuse("unsupported_grant_type", allowed));
    }
    let client_id = check_client(world, &fields)?;
    let (user_id, pair) = if grant_type == "authorization_code" {
        exchange_code(world, client_id, &fields)?
    } else {
        refresh(world, client_id, &fields)?
    };
    Ok(Reply::ok(token_document(world, client_id, user_id, &pair)).header("cache-control", "no-store"))
}

fn token_document(world: &World, client_id: i64, user_id: i64, pair: &TokenPair) -> Value {
    let scopes =
        world.apps.get(&client_id).map(|app| app.scopes.iter().cloned().collect::<Vec<_>>().join(" "));
    let mut document = json!({
        "access_token": pair.access_token, "token_type": "bearer", "expires_in": ACCESS_TOKEN_LIFE.as_secs(),
        "scope": scopes, "user_id": user_id,
    });
    if let Some(refresh_token) = &pair.refresh_token {
        document["refresh_token"] = json!(refresh_token);
    }
    document
}

fn check_client(world: &World, fields: &Fields) -> Result<i64, Reply> {
    let wrong = || refuse("invalid_client", "invalid client_id or client_secret.");
    let client_id: i64 = fields.want("client_id")?.parse().map_err(|_| wrong())?;
    let secret = fields.want("client_secret")?;
    let app = world.apps.get(&client_id).ok_or_else(wrong)?;
    if !app.takes_secret(secret, world.now) {
        return Err(wrong());
    }
    if app.active {
        Ok(client_id)
    } else {
        Err(refuse("unauthorized_application", "The application is blocked"))
    }
}

impl App {
    fn takes_secret(&self, secret: &str, now: Timestamp) -> bool {
        self.secret == secret
            || self.old_secret.as_ref().is_some_and(|(old, until)| old == secret && now < *until)
    }
}

fn exchange_code(world: &mut World, client_id: i64, fields: &Fields) -> Result<(i64, TokenPair), Reply> {
    let (given, redirect_uri) = (fields.want("code")?, fields.want("redirect_uri")?);
    let no_grant = || refuse("invalid_grant", GRANT_MESSAGE);
    let place = world.auth.codes.iter().position(|code| code.code == given).ok_or_else(no_grant)?;
    // Shown once is used up, whatever comes of it.
    let code = world.auth.codes.remove(place);
    if code.client_id != client_id || code.redirect_uri != redirect_uri || world.now >= code.until {
        return Err(no_grant());
    }
    if let Some((challenge, method)) = &code.challenge {
        let verifier = fields.want("code_verifier")?;
        if method.challenge(verifier) != *challenge {
            return Err(refuse("invalid_grant", "code_verifier does not match the code_challenge"));
        }
    }
    let pair = grant(world, code.user_id, client_id).ok_or_else(no_grant)?;
    Ok((code.user_id, pair))
}

fn refresh(world: &mut World, client_id: i64, fields: &Fields) -> Result<(i64, TokenPair), Reply> {
    let given = fields.want("refresh_token")?;
    let no_grant = || refuse("invalid_grant", GRANT_MESSAGE);
    let now = world.now;
    let World { auth, dice, .. } = world;
    // A used refresh token shown again may be stolen: the whole family dies with it.
    if let Some(grant) = auth.grants.iter_mut().find(|grant| grant.spent_refresh_tokens.contains(given)) {
        grant.access_tokens.clear();
        if let Some((token, _)) = grant.refresh_token.take() {
            grant.spent_refresh_tokens.insert(token);
        }
        return Err(no_grant());
    }
    let fits = |grant: &&mut Grant| {
        let alive = |(token, until): &(String, Timestamp)| token == given && now < *until;
        grant.refresh_token.as_ref().is_some_and(alive) && now.since(grant.used) < IDLE_LIFE
    };
    let grant = auth.grants.iter_mut().find(fits).ok_or_else(no_grant)?;
    if grant.client_id != client_id {
        return Err(no_grant());
    }
    Ok((grant.user_id, grant.renew(dice, now)))
}

/// The application of the path, which must be the caller's own.
fn own_app<'a>(world: &'a World, call: &Call, part: &str) -> Result<&'a App, Reply> {
    let id = call.number(part)?;
    let app = world.apps.get(&id).ok_or_else(|| reply::not_found("not_found", "application not found"))?;
    if call.caller()?.client_id == id { Ok(app) } else { Err(reply::not_yours()) }
}

fn show_application(world: &mut World, call: &Call) -> Answer {
    let app = own_app(world, call, "id")?;
    Ok(Reply::ok(json!({
        "id": app.id, "site_id": super::SITE, "sandbox_mode": false, "active": app.active,
        "max_requests_per_hour": world.rules.requests_per_hour.unwrap_or(REQUESTS_PER_HOUR), "certification_status": "not_certified",
    })))
}

fn list_grants(world: &mut World, call: &Call) -> Answer {
    let app = own_app(world, call, "id")?;
    let page = call.page(50, 50)?;
    let all: Vec<Value> = world
        .auth
        .grants
        .iter()
        .filter(|grant| grant.client_id == app.id)
        .map(|grant| {
            json!({"user_id": grant.user_id, "app_id": grant.client_id, "date_created": zulu(grant.created),
                "scopes": grant.scopes})
        })
        .collect();
    Ok(Reply::ok(json!({"paging": page.paging(all.len()), "grants": page.of(&all)})))
}

fn list_applications(world: &mut World, call: &Call) -> Answer {
    let user = call.user_id()?;
    if call.number("id")? != user {
        return Err(reply::not_yours());
    }
    let all: Vec<Value> = world
        .auth
        .grants
        .iter()
        .filter(|grant| grant.user_id == user)
        .map(|grant| {
            json!({"user_id": user.to_string(), "app_id": grant.client_id.to_string(),
                "date_created": zulu(grant.created), "scopes": grant.scopes})
        })
        .collect();
    Ok(Reply::ok(json!(all)))
}

fn end_grant(world: &mut World, call: &Call) -> Answer {
    let user = call.user_id()?;
    let app = own_app(world, call, "app")?.id;
    if call.number("id")? != user {
        return Err(reply::not_yours());
    }
    world.auth.revoke(user, app);
    Ok(Reply::ok(
        json!({"user_id": user.to_string(), "app_id": app.to_string(), "msg": "Autorización eliminada"}),
    ))
}

/// Gives an application a new secret. The old one works seven days more when `scheduled`,
/// and otherwise ends now together with all tokens.
pub fn rotate_secret(world: &mut World, client_id: i64, scheduled: bool) -> Option<String> {
    let secret = world.dice.hex(32);
    let now = world.now;
    let app = world.apps.get_mut(&client_id)?;
    let old = std::mem::replace(&mut app.secret, secret.clone());
    app.old_secret = scheduled.then(|| (old, now.plus(OLD_SECRET_LIFE)));
    if !scheduled {
        for grant in world.auth.grants.iter_mut().filter(|grant| grant.client_id == client_id) {
            grant.access_tokens.clear();
            let spent = grant.refresh_token.take().map(|(token, _)| token);
            grant.spent_refresh_tokens.extend(spent);
        }
    }
    Some(secret)
}

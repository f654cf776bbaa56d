//! The gate every call passes, in the documented order (fact sheet §19).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::World;
use super::ask::{Ask, is_form, seconds};
use super::grants::TokenState;
use super::refusal::Refusal;
use super::sign;
use crate::call::{Call, Caller};

/// Seconds that a timestamp may lie behind.
const PAST_SECONDS: i64 = 300;
/// Seconds that a timestamp may lie ahead.
const AHEAD_SECONDS: i64 = 30;
/// Seconds of an hour.
const HOUR: i64 = 3_600;
/// The application's number in the request log.
pub(super) const CLIENT_ID: i64 = 1;

/// Whether an endpoint takes the shop's cipher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    /// It has to be sent.
    Needed,
    /// It must not be sent.
    Unexpected,
}

/// What a body has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// JSON, or nothing.
    Json,
    /// `multipart/form-data`.
    Form,
}

/// What a caller must hold to come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Nothing: consent page, tokens, files and the control API.
    Open,
    /// A signature and a token.
    Api {
        /// The versions served.
        versions: &'static [u32],
        /// The scope that the seller must have granted.
        scope: &'static str,
        /// The cipher.
        cipher: Cipher,
        /// The body.
        media: Media,
    },
}

/// An endpoint of one shop: the cipher is needed.
pub(crate) const fn shop(versions: &'static [u32], scope: &'static str) -> Door {
    Door::Api { versions, scope, cipher: Cipher::Needed, media: Media::Json }
}

/// An endpoint of the seller: no cipher may be sent.
pub(crate) const fn seller(versions: &'static [u32], scope: &'static str) -> Door {
    Door::Api { versions, scope, cipher: Cipher::Unexpected, media: Media::Json }
}

/// An upload of the seller.
pub(crate) const fn upload(versions: &'static [u32], scope: &'static str) -> Door {
    Door::Api { versions, scope, cipher: Cipher::Unexpected, media: Media::Form }
}

/// Calls counted in the present second and hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    second: i64,
    in_second: BTreeMap<String, u32>,
    hour: i64,
    in_hour: BTreeMap<i64, u32>,
}

/// The application is the one there is, or 36009004.
pub(crate) fn same_app(world: &World, key: &str) -> Result<(), Refusal> {
    if key == world.app.key { Ok(()) } else { Err(Refusal::wrong_app_key()) }
}

/// Lets a call through, or says why not. Whose shop it is about comes back.
pub(crate) fn admit(
    world: &mut World,
    door: Door,
    endpoint: &str,
    call: &Call,
) -> Result<Option<Caller>, Refusal> {
    let Door::Api { versions, scope, cipher, media } = door else { return Ok(None) };
    let version = call.param("v");
    if !versions.iter().any(|served| served.to_string() == version) {
        return Err(Refusal::unknown_version(version));
    }
    same_app(world, call.query("app_key").unwrap_or_default())?;
    check_timestamp(world, call)?;
    check_sign(world, call)?;
    let owner = check_token(world, call)?;
    let granted = world.grants.by_shop.get(&owner).is_some_and(|grant| grant.scopes.contains(scope));
    if !granted || !world.app.scopes.contains(scope) {
        return Err(Refusal::missing_scope(scope));
    }
    let shop_id = check_cipher(world, call, cipher, owner)?;
    if !world.shops.get(&shop_id).is_some_and(|shop| shop.active) {
        return Err(Refusal::inactive_shop());
    }
    check_media(call, media)?;
    count(world, shop_id, &format!("{} {endpoint}", call.method))?;
    Ask::of(call)?;
    Ok(Some(Caller { user_id: shop_id, client_id: CLIENT_ID }))
}

/// The window around the present. After a leap of time a client that knows only its own
/// machine's clock is right as well.
fn check_timestamp(world: &World, call: &Call) -> Result<(), Refusal> {
    let sent = call.query("timestamp").and_then(|text| text.parse::<i64>().ok());
    let sent = sent.ok_or_else(|| Refusal::wrong_timestamp("is not a number of seconds"))?;
    let now = seconds(world.now);
    let machine = seconds(world.now.minus(call.ahead));
    let fits = |now: i64| (now - PAST_SECONDS..=now + AHEAD_SECONDS).contains(&sent);
    if fits(now) || fits(machine) {
        Ok(())
    } else if sent < 0 {
        Err(Refusal::wrong_timestamp("is below 0"))
    } else if sent < now {
        Err(Refusal::wrong_timestamp("is earlier than 5 minutes before the present"))
    } else {
        Err(Refusal::wrong_timestamp("exceeds the present by more than 30 seconds"))
    }
}

fn check_sign(world: &World, call: &Call) -> Result<(), Refusal> {
    let sent = call.query("sign").filter(|sign| !sign.is_empty()).ok_or_else(Refusal::missing_sign)?;
    let body: &[u8] = if is_form(call) { &[] } else { &call.body };
    // Byte for byte: an upper-case digest is another one.
    let right = sign::of_call(&world.app.secret, &call.path, &call.query, body) == sent;
    if right { Ok(()) } else { Err(Refusal::wrong_sign()) }
}

fn check_token(world: &World, call: &Call) -> Result<i64, Refusal> {
    let token = call.header("x-tts-access-token").ok_or_else(Refusal::unknown_token)?;
    match world.grants.look_up(token, world.now) {
        TokenState::Live(shop) => Ok(shop),
        TokenState::Expired => {
            let status = crate::faults::status_of(world.rules.expired_token_status);
            Err(Refusal { status, ..Refusal::expired_token() })
        }
        TokenState::Unknown => Err(Refusal::unknown_token()),
    }
}

fn check_cipher(world: &World, call: &Call, rule: Cipher, owner: i64) -> Result<i64, Refusal> {
    let sent = call.query("shop_cipher").filter(|cipher| !cipher.is_empty());
    match (rule, sent) {
        (Cipher::Unexpected, Some(_)) => Err(Refusal::unexpected_cipher()),
        (Cipher::Unexpected, None) => Ok(owner),
        (Cipher::Needed, None) => Err(Refusal::missing_cipher()),
        (Cipher::Needed, Some(cipher)) => {
            let shop = world.shops.values().find(|shop| shop.cipher == cipher);
            let shop = shop.ok_or_else(Refusal::unknown_cipher)?;
            if shop.id == owner { Ok(owner) } else { Err(Refusal::foreign_cipher()) }
        }
    }
}

fn check_media(call: &Call, media: Media) -> Result<(), Refusal> {
    match media {
        Media::Form if is_form(call) => Ok(()),
        Media::Form => Err(Refusal::not_a_form()),
        Media::Json if call.body.is_empty() => Ok(()),
        Media::Json => {
            let kind = call.header("content-type").unwrap_or_default();
            if kind.trim_start().starts_with("application/json") {
                Ok(())
            } else {
                Err(Refusal::neither_json_nor_form())
            }
        }
    }
}

fn count(world: &mut World, shop_id: i64, endpoint: &str) -> Result<(), Refusal> {
    let now = seconds(world.now);
    let rates = &mut world.rates;
    if rates.second != now {
        rates.second = now;
        rates.in_second.clear();
    }
    if rates.hour != now.div_euclid(HOUR) {
        rates.hour = now.div_euclid(HOUR);
        rates.in_hour.clear();
    }
    let in_hour = rates.in_hour.entry(shop_id).or_insert(0);
    *in_hour += 1;
    if world.rules.requests_per_hour.is_some_and(|limit| *in_hour > limit) {
        let left = HOUR - now.rem_euclid(HOUR);
        return Err(Refusal::hour_used_up(u32::try_from(left).unwrap_or(0)));
    }
    let in_second = rates.in_second.entry(format!("{shop_id} {endpoint}")).or_insert(0);
    *in_second += 1;
    if *in_second > world.rules.requests_per_second { Err(Refusal::too_many(1)) } else { Ok(()) }
}

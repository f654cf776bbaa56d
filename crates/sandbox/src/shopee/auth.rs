//! Consents, codes and tokens (fact sheet §3).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::args::Args;
use super::envelope::{flat, refuse, refuse_with};
use super::market::Door;
use super::world::secs;
use super::{Event, World, push};
use crate::call::Call;
use crate::reply::{Answer, Reply};
use crate::table::{Route, post};

/// How long a code can be exchanged.
pub const CODE_LIFE: Duration = Duration::from_mins(10);
/// How long an access token works.
pub const ACCESS_LIFE: Duration = Duration::from_hours(4);
/// How long the access token before still works after a refresh.
pub const ACCESS_GRACE: Duration = Duration::from_mins(5);
/// How long a refresh token works.
pub const REFRESH_LIFE: Duration = Duration::from_hours(30 * 24);
/// How long a spent refresh token gives the same pair again, where the rule says so.
const REPEAT_LIFE: Duration = Duration::from_hours(4);
/// How long before its end an authorization is warned of.
const EXPIRY_NOTICE: Duration = Duration::from_hours(7 * 24);
/// A consent lasts so many days when the seller chooses nothing else, and at most.
pub const CONSENT_DAYS: u32 = 365;
/// Hexadecimal digits of a token.
const TOKEN_DIGITS: usize = 32;

/// A consent that waits to be exchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    pub(crate) shops: BTreeSet<i64>,
    pub(crate) main_account: Option<i64>,
    pub(crate) until: Timestamp,
}

/// What a refresh token was spent on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    pub(crate) at: Timestamp,
    pub(crate) pair: Pair,
}

/// A refresh token: each of its shops may use it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// The shops that have not used it yet.
    pub(crate) shops: BTreeSet<i64>,
    pub(crate) until: Timestamp,
    pub(crate) spent: BTreeMap<i64, Spent>,
    /// The access token given together with it.
    pub(crate) access: String,
}

/// A shop's consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
}

/// What an access token is to a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It opens the shop.
    Open,
    /// It is unknown or has ended.
    Dead,
    /// It opens others.
    OtherShop,
}

/// An access token and the refresh token that goes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Opens the API for [`ACCESS_LIFE`].
    pub access_token: String,
    /// Gives the next pair, once.
    pub refresh_token: String,
}

/// Codes, tokens and consents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auth {
    pub(crate) codes: BTreeMap<String, Code>,
    pub(crate) resend_codes: BTreeMap<String, Code>,
    /// By access token: the shops it opens, each until when.
    pub(crate) access: BTreeMap<String, BTreeMap<i64, Timestamp>>,
    pub(crate) refresh: BTreeMap<String, Refresh>,
    /// By shop. Without a link there is no consent.
    pub(crate) links: BTreeMap<i64, Link>,
}

impl Auth {
    /// What an access token is to a shop.
    pub(crate) fn opening(&self, token: &str, shop: i64, now: Timestamp) -> Opening {
        match self.access.get(token) {
            None => Opening::Dead,
            Some(shops) => match shops.get(&shop) {
                Some(until) if now < *until => Opening::Open,
                Some(_) => Opening::Dead,
                None if shops.values().all(|until| now >= *until) => Opening::Dead,
                None => Opening::OtherShop,
            },
        }
    }

    /// The newest living pair of a shop.
    pub(crate) fn pair_of(&self, shop: i64, now: Timestamp) -> Option<Pair> {
        let living = self.refresh.iter().filter(|(_, it)| it.shops.contains(&shop) && now < it.until);
        let (token, refresh) = living.max_by_key(|(_, it)| it.until)?;
        let open = self.opening(&refresh.access, shop, now) == Opening::Open;
        open.then(|| Pair { access_token: refresh.access.clone(), refresh_token: token.clone() })
    }

    /// Takes every token away from a shop.
    pub(crate) fn strip(&mut self, shop: i64) {
        self.strip_access(shop);
        for refresh in self.refresh.values_mut() {
            refresh.shops.remove(&shop);
            refresh.spent.remove(&shop);
        }
        self.refresh.retain(|_, refresh| !refresh.shops.is_empty() || !refresh.spent.is_empty());
    }

    /// Takes every access token away from a shop.
    pub(crate) fn strip_access(&mut self, shop: i64) {
        for shops in self.access.values_mut() {
            shops.remove(&shop);
        }
        self.access.retain(|_, shops| !shops.is_empty());
    }
}

/// A new pair for `shops`.
fn mint(world: &mut World, shops: &BTreeSet<i64>) -> Pair {
    let (access_token, refresh_token) = (world.dice.hex(TOKEN_DIGITS), world.dice.hex(TOKEN_DIGITS));
    let until = world.now.plus(ACCESS_LIFE);
    let access = shops.iter().map(|shop| (*shop, until)).collect();
    world.auth.access.insert(access_token.clone(), access);
    let refresh = Refresh {
        shops: shops.clone(),
        until: world.now.plus(REFRESH_LIFE),
        spent: BTreeMap::new(),
        access: access_token.clone(),
    };
    world.auth.refresh.insert(refresh_token.clone(), refresh);
    Pair { access_token, refresh_token }
}

/// The seller consents for `shops`, for so many days. Tokens given before end.
pub(crate) fn consent(world: &mut World, shops: &BTreeSet<i64>, days: u32) {
    let until = world.now.plus(Duration::from_hours(u64::from(days) * 24));
    for shop in shops.iter().copied() {
        world.auth.strip(shop);
        world.auth.links.insert(shop, Link { since: world.now, until });
        forget_expiry(world, shop);
        let notice = until.minus(EXPIRY_NOTICE).max(world.now);
        world.agenda.plan(notice, Event::ConsentExpiresSoon(shop));
        world.agenda.plan(until, Event::ConsentExpires(shop));
        let data = json!({"shop_id": shop, "success": 1, "extra": "", "authorize_type": "shop authorization by user"});
        push::emit_for_app(world, 1, &data);
    }
}

fn forget_expiry(world: &mut World, shop: i64) {
    let expiries = [Event::ConsentExpiresSoon(shop), Event::ConsentExpires(shop)];
    world.agenda.forget(|event| expiries.contains(event));
}

/// A code for a consent just given.
pub(crate) fn open_code(world: &mut World, shops: BTreeSet<i64>, main_account: Option<i64>) -> String {
    let now = world.now;
    world.auth.codes.retain(|_, code| now < code.until);
    let code = world.dice.hex(TOKEN_DIGITS);
    world.auth.codes.insert(code.clone(), Code { shops, main_account, until: now.plus(CODE_LIFE) });
    code
}

/// Consent and tokens without the browser.
pub(crate) fn grant(world: &mut World, shop: i64) -> Pair {
    let shops = BTreeSet::from([shop]);
    consent(world, &shops, CONSENT_DAYS);
    mint(world, &shops)
}

/// The consent of a shop ends, for the reason that push 2 names.
pub(crate) fn leave(world: &mut World, shop: i64, reason: &str) {
    if world.auth.links.remove(&shop).is_none() {
        return;
    }
    world.auth.strip(shop);
    forget_expiry(world, shop);
    let data = json!({"shop_id": shop, "success": 1, "extra": "", "authorize_type": reason});
    push::emit_for_app(world, 2, &data);
}

pub(crate) fn warn_of_expiry(world: &mut World, shop: i64) {
    let Some(link) = world.auth.links.get(&shop) else { return };
    let data = json!({"merchant_expire_soon": [], "shop_expire_soon": [shop], "user_expire_soon": [],
        "expire_before": secs(link.until), "page_no": 1, "total_page": 1});
    push::emit_for_app(world, 12, &data);
}

/// The period that the seller chose is over: the consent stays known, and opens nothing.
pub(crate) fn end_by_expiry(world: &mut World, shop: i64) {
    world.auth.strip_access(shop);
    let data = json!({"shop_id": shop, "success": 1, "extra": "", "authorize_type": "expiry"});
    push::emit_for_app(world, 2, &data);
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        post("/api/v2/auth/token/get", Door::Public, get_token),
        post("/api/v2/auth/access_token/get", Door::Public, refresh_token),
        post("/api/v2/public/get_token_by_resend_code", Door::Public, get_token_by_resend_code),
    ]
}

/// Whom a token is asked for: exactly one of two fields.
fn subject(args: &Args, other: &str) -> Result<(Option<i64>, Option<i64>), Reply> {
    let (shop, other_id) = (args.opt_int("shop_id")?, args.opt_int(other)?);
    if shop.is_some() == other_id.is_some() {
        return Err(args.refuse(&format!("exactly one of shop_id and {other} is required")));
    }
    Ok((shop, other_id))
}

fn own_partner(world: &World, args: &Args) -> Result<(), Reply> {
    if args.int("partner_id")? == world.partner.id {
        return Ok(());
    }
    Err(refuse_with(world.rules.gateway(), "error_auth", "partner_id is invalid"))
}

fn expire_in(world: &World) -> i64 {
    let until = secs(world.now.plus(ACCESS_LIFE));
    if world.rules.expire_in_is_instant { until } else { until - secs(world.now) }
}

fn pair_document(world: &World, pair: &Pair) -> Value {
    json!({"access_token": pair.access_token, "refresh_token": pair.refresh_token, "expire_in": expire_in(world)})
}

fn get_token(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let text = args.text("code")?;
    own_partner(world, &args)?;
    let (shop, main) = subject(&args, "main_account_id")?;
    let now = world.now;
    let code = world.auth.codes.get(text).filter(|code| now < code.until).cloned().ok_or_else(|| {
        let message = "The code is expired or used or invalid.";
        refuse_with(world.rules.gateway(), &world.rules.bad_code_error, message)
    })?;
    if main.is_some() && main != code.main_account {
        return Err(refuse("invalid_main_acount_id", "The main account id is not the one of the code."));
    }
    if shop.is_some_and(|shop| code.main_account.is_some() || !code.shops.contains(&shop)) {
        return Err(refuse("invalid_shop_id", "The shop id is not the one of the code."));
    }
    world.auth.codes.remove(text);
    let pair = mint(world, &code.shops);
    let mut body = pair_document(world, &pair);
    body["shop_id_list"] = json!(code.shops);
    body["merchant_id_list"] = json!([]);
    flat(body)
}

fn refresh_token(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let token = args.text("refresh_token")?.to_owned();
    own_partner(world, &args)?;
    let (Some(shop), None) = subject(&args, "merchant_id")? else {
        return Err(refuse("error_merchant_refresh_token", "The refresh_token is not of this merchant."));
    };
    let gateway = world.rules.gateway();
    if let Some(link) = world.auth.links.get(&shop) {
        if link.until <= world.now {
            return Err(refuse_with(
                gateway,
                "shop_access_expired",
                "The authorization of the shop has expired.",
            ));
        }
    } else {
        return Err(refuse_with(gateway, "shop_no_linked", "Partner and shop has no linked."));
    }
    let pair = use_refresh_token(world, &token, shop)?;
    let mut body = pair_document(world, &pair);
    body["partner_id"] = json!(world.partner.id);
    body["shop_id"] = json!(shop);
    flat(body)
}

fn use_refresh_token(world: &mut World, token: &str, shop: i64) -> Result<Pair, Reply> {
    let (now, gateway) = (world.now, world.rules.gateway());
    let unusable = || refuse_with(gateway, "error_auth", "Invalid refresh_token.");
    let refresh = world.auth.refresh.get(token).ok_or_else(unusable)?;
    if now >= refresh.until {
        return Err(refuse_with(gateway, "refresh_token_expired", "The refresh_token has expired."));
    }
    if let Some(spent) = refresh.spent.get(&shop) {
        let repeats = world.rules.refresh_repeats && now.since(spent.at) <= REPEAT_LIFE;
        return if repeats { Ok(spent.pair.clone()) } else { Err(unusable()) };
    }
    if !refresh.shops.contains(&shop) {
        return Err(refuse_with(
            gateway,
            "error_shop_refresh_token",
            "The refresh_token is not of this shop.",
        ));
    }
    let before = refresh.access.clone();
    let pair = mint(world, &BTreeSet::from([shop]));
    // The pair of a main account is shared: its other shops go on with it until they refresh.
    if let Some(until) = world.auth.access.get_mut(&before).and_then(|shops| shops.get_mut(&shop)) {
        *until = (*until).min(now.plus(ACCESS_GRACE));
    }
    if let Some(refresh) = world.auth.refresh.get_mut(token) {
        refresh.shops.remove(&shop);
        refresh.spent.insert(shop, Spent { at: now, pair: pair.clone() });
    }
    world.auth.access.retain(|_, shops| shops.values().any(|until| now < *until));
    Ok(pair)
}

fn get_token_by_resend_code(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let text = args.text("resend_code")?;
    let now = world.now;
    let code = world.auth.resend_codes.remove(text).filter(|code| now < code.until);
    let code =
        code.ok_or_else(|| refuse("invalid_code", "The resend code is expired or used or invalid."))?;
    for shop in &code.shops {
        world.auth.strip(*shop);
    }
    let pair = mint(world, &code.shops);
    let mut body = pair_document(world, &pair);
    body["shop_id_list"] = json!(code.shops);
    body["merchant_id_list"] = json!([]);
    flat(body)
}

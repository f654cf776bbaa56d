//! Shopee in the frame that all simulated markets share, and its gate (fact sheet §2, §4).

use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use serde_json::json;

use super::auth::Opening;
use super::envelope::{refuse, refuse_with};
use super::sign::{is_signed, public_base, shop_base};
use super::{World, push, robot};
use crate::call::{Call, Caller};
use crate::faults::{Fault, Faults, html_page, status_of};
use crate::frame::{Addresses, CONTROL_PREFIX, Market, Misfit};
use crate::hooks::{HookAnswer, HookDelivery};
use crate::ids::Ids;
use crate::log::Log;
use crate::reply::{Body, Reply};
use crate::table::Route;
use crate::traffic::Traffic;

/// What a caller must bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Nothing: pages for sellers and the control API.
    Open,
    /// The partner's signature; a shop's token may be signed along.
    Public,
    /// The partner's signature over a shop's token.
    Shop,
}

/// How far a timestamp may be off.
const CLOCK_TOLERANCE_SECONDS: u64 = 300;
/// Ids and times in the query are whole numbers up to this one, say the messages.
const UINT32_MAX: i64 = 4_294_967_295;

/// A common parameter: given once, in the query, or refused.
fn common<'a>(call: &'a Call, name: &str) -> Result<&'a str, Reply> {
    let mut values = call.query.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str());
    match (values.next().filter(|value| !value.is_empty()), values.next()) {
        (Some(value), None) => Ok(value),
        (Some(_), Some(_)) => Err(refuse("error_param", &format!("There are several {name} in query."))),
        (None, _) => Err(refuse("error_param", &format!("There is no {name} in query."))),
    }
}

fn number(text: &str, shown: &str) -> Result<i64, Reply> {
    let number = text.parse().ok().filter(|number| (0..=UINT32_MAX).contains(number));
    number.ok_or_else(|| {
        let message = format!("{shown} is invalid, should be an integer between 0 and {UINT32_MAX}.");
        refuse("error_param", &message)
    })
}

/// What is signed beside the common parts.
struct Signed<'a> {
    partner_id: &'a str,
    timestamp: &'a str,
    sign: &'a str,
}

/// The common parameters, in the order in which the gateway looks at them.
fn signed<'a>(world: &World, call: &'a Call) -> Result<Signed<'a>, Reply> {
    let partner_id = common(call, "partner_id")?;
    let partner = number(partner_id, "Partner_id")?;
    let timestamp = common(call, "timestamp")?;
    let seconds = number(timestamp, "Timestamp")?;
    let sign = common(call, "sign")?;
    let gateway = world.rules.gateway();
    if partner != world.partner.id {
        return Err(refuse_with(gateway, "invalid_partner_id", "Invalid partner_id, please have a check."));
    }
    check_timestamp(world, call, Timestamp::from_millis(seconds * 1_000))?;
    Ok(Signed { partner_id, timestamp, sign })
}

/// The window around the present. After a leap of time a client that knows only its own
/// machine's clock is right as well.
fn check_timestamp(world: &World, call: &Call, at: Timestamp) -> Result<(), Reply> {
    let behind = |now: Timestamp| now.since(at).as_secs() > CLOCK_TOLERANCE_SECONDS;
    let ahead = |now: Timestamp| at.since(now).as_secs() > CLOCK_TOLERANCE_SECONDS;
    let machine = world.now.minus(call.ahead);
    if [world.now, machine].into_iter().any(|now| !behind(now) && !ahead(now)) {
        return Ok(());
    }
    let message = if behind(world.now) { "Timestamp is expired." } else { "Invalid timestamp." };
    Err(refuse("error_param", message))
}

fn wrong_sign(world: &World) -> Reply {
    refuse_with(world.rules.gateway(), "error_sign", "Wrong sign.")
}

/// A Public call: signed as such, or together with a shop's token, as clients also do.
fn admit_public(world: &World, call: &Call) -> Result<Caller, Reply> {
    let Signed { partner_id, timestamp, sign } = signed(world, call)?;
    let key = &world.partner.key;
    let plain = is_signed(key, &public_base(partner_id, &call.path, timestamp), sign);
    let with_shop = match (call.query("access_token"), call.query("shop_id")) {
        (Some(token), Some(shop)) => {
            is_signed(key, &shop_base(partner_id, &call.path, timestamp, token, shop), sign)
        }
        _ => false,
    };
    if !plain && !with_shop {
        return Err(wrong_sign(world));
    }
    let shop = call.query("shop_id").and_then(|shop| shop.parse().ok()).unwrap_or(0);
    Ok(Caller { user_id: shop, client_id: world.partner.id })
}

fn admit_shop(world: &World, call: &Call) -> Result<Caller, Reply> {
    let Signed { partner_id, timestamp, sign } = signed(world, call)?;
    let token = common(call, "access_token")?;
    let shop_text = common(call, "shop_id")?;
    let shop_id = number(shop_text, "shop_id")?;
    let base = shop_base(partner_id, &call.path, timestamp, token, shop_text);
    if !is_signed(&world.partner.key, &base, sign) {
        return Err(wrong_sign(world));
    }
    let gateway = world.rules.gateway();
    let link = world.auth.links.get(&shop_id);
    let Some(shop) = world.shops.get(&shop_id).filter(|_| link.is_some()) else {
        return Err(refuse_with(gateway, "shop_no_linked", "Partner and shop has no linked."));
    };
    match world.auth.opening(token, shop_id, world.now) {
        Opening::Open => {}
        Opening::Dead => {
            let message = "Invalid access_token, please have a check.";
            return Err(refuse_with(gateway, "invalid_acceess_token", message));
        }
        Opening::OtherShop => {
            return Err(refuse_with(gateway, "error_auth", "Invalid partner_id or shopid."));
        }
    }
    if shop.status == super::shop::ShopStatus::Banned {
        return Err(refuse_with(gateway, "shop_banned", "Shop account is banned."));
    }
    Ok(Caller { user_id: shop_id, client_id: world.partner.id })
}

impl Market for World {
    type Door = Door;
    type Group = ();

    fn now(&self) -> Timestamp {
        self.now
    }

    fn advance_to(&mut self, now: Timestamp) {
        Self::advance_to(self, now);
    }

    fn next_event_at(&self) -> Option<Timestamp> {
        self.agenda.next_at().into_iter().chain(self.pushes.next_at()).min()
    }

    fn faults(&mut self) -> &mut Faults {
        &mut self.faults
    }

    fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    fn admit(&mut self, route: &Route<Self>, call: &mut Call) -> Result<(), Reply> {
        let caller = match route.door {
            Door::Open => return Ok(()),
            Door::Public => admit_public(self, call)?,
            Door::Shop => admit_shop(self, call)?,
        };
        call.caller = Some(caller);
        match self.rates.count(self.now, &self.rules) {
            None => Ok(()),
            Some("error_limit") => {
                Err(refuse("error_limit", "The daily call limit was reached; it resets at 00:00 UTC+8."))
            }
            Some(code) => Err(refuse(code, "Too many requests, please slow down.")),
        }
    }

    fn misfit(&mut self, misfit: Misfit<'_>) -> Reply {
        match misfit {
            Misfit::UnknownPath => {
                let status = status_of(self.rules.unknown_path_status);
                refuse_with(status, "error_not_found", "The path was not found.")
            }
            // The verb is not signed: a wrong one is a parameter in the wrong place.
            Misfit::OtherMethod(_) => refuse("error_param", "The method of the request is wrong."),
            Misfit::BodyTooLarge => {
                refuse_with(StatusCode::PAYLOAD_TOO_LARGE, "error_param", "The request body is too large.")
            }
        }
    }

    fn instead(&mut self, fault: &Fault) -> Option<Reply> {
        match fault {
            Fault::Status { status } => {
                let status = status_of(*status);
                let code =
                    if status == StatusCode::TOO_MANY_REQUESTS { "error_rate_limit" } else { "error_server" };
                Some(refuse_with(status, code, "Something wrong, please try again later."))
            }
            Fault::Code { code, message, status } => {
                Some(refuse_with(status_of(status.unwrap_or(200)), code, message))
            }
            Fault::HtmlBody => Some(html_page()),
            Fault::TimeoutBeforeCommit { .. } => {
                Some(refuse_with(StatusCode::GATEWAY_TIMEOUT, "error_server", "timeout"))
            }
            Fault::Latency { .. }
            | Fault::Refuse { .. }
            | Fault::Partial { .. }
            | Fault::TimeoutAfterCommit { .. }
            | Fault::StaleRead { .. }
            | Fault::HalfJson
            | Fault::FlipTypes
            | Fault::UnknownEnum
            | Fault::PartialMultiget
            | Fault::HookDrop
            | Fault::HookDuplicate
            | Fault::HookReorder
            | Fault::HookLate { .. } => None,
        }
    }

    fn finish(&mut self, mut reply: Reply, call: &Call) -> Reply {
        if let Body::Json(body) = &mut reply.body
            && body.is_object()
            && !call.path.starts_with(CONTROL_PREFIX)
        {
            if body["error"] == "" {
                body["error"] = json!(self.rules.empty_error);
            }
            body["request_id"] = json!(self.dice.hex(32));
        }
        reply
    }

    fn move_to(&mut self, addresses: &Addresses, ids_seed: u64) {
        self.base_url.clone_from(&addresses.base_url);
        self.partner.redirect_domain = Some(addresses.redirect_uri.clone());
        self.pushes.callback_url = Some(addresses.hook_url.clone());
        self.pushes.suspended = None;
        self.ids = Ids::new(ids_seed);
    }

    fn visit(&mut self, traffic: Option<Traffic>) {
        robot::set_traffic(self, traffic);
    }

    fn orders_placed(&self) -> usize {
        self.orders.len()
    }

    fn take_due(&mut self) -> Vec<HookDelivery> {
        push::take_due(self)
    }

    fn settle(&mut self, sending: u64, answer: Option<HookAnswer>, elapsed: Duration) {
        push::settle(self, sending, answer, elapsed);
    }
}

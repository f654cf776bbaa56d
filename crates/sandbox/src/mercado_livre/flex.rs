//! How a seller delivers by themselves (Flex): zones, hours, holidays, who drives, and how
//! many parcels a day they can take (fact sheet §12).
//!
//! The sheet names the resources and few of their fields; the rest is our choice.

use std::collections::BTreeSet;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::gate::{Group, SALES};
use super::shipment::Logistic;
use super::{SITE, World};
use crate::call::Call;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get, put};

/// Zones that a seller in São Paulo can serve.
const ZONES: [(&str, &str); 5] = [
    ("BR-SP-CENTRO", "São Paulo Centro"),
    ("BR-SP-LESTE", "Zona Leste"),
    ("BR-SP-NORTE", "Zona Norte"),
    ("BR-SP-OESTE", "Zona Oeste"),
    ("BR-SP-SUL", "Zona Sul"),
];
/// Holidays in the settings at most.
const HOLIDAYS_MAX: usize = 50;
/// Hours of the day in which parcels may be taken round.
const HOURS: std::ops::RangeInclusive<i64> = 0..=24;
/// Parcels a day that a seller may set at most.
const CAPACITY_MAX: i64 = 10_000;

/// The settings of one seller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexSettings {
    /// Ids of the zones served.
    pub zones: BTreeSet<String>,
    /// Until which hour a sale is delivered the same day.
    pub cutoff_hour: i64,
    /// From when to when parcels are taken round, in hours of the day.
    pub delivery: (i64, i64),
    /// Days without deliveries, as `2026-12-25`.
    pub holidays: BTreeSet<String>,
    /// Parcels a day.
    pub capacity: i64,
}

impl Default for FlexSettings {
    fn default() -> Self {
        Self {
            zones: ZONES.iter().map(|(id, _)| (*id).to_owned()).collect(),
            cutoff_hour: 13,
            delivery: (14, 21),
            holidays: BTreeSet::new(),
            capacity: 50,
        }
    }
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    let flex = |route: Route| route.counted_in(Group::Flex);
    let zones = "/flex/sites/{site}/users/{user}/services/{service}/configurations/coverage/zones/v1";
    let ranges = "/flex/sites/{site}/users/{user}/services/{service}/configurations/delivery-ranges/v1";
    let holidays = "/flex/sites/{site}/users/{user}/services/{service}/configurations/holidays/v1";
    vec![
        flex(get("/flex/sites/{site}/users/{user}/subscriptions/v1", SALES, subscriptions)),
        flex(get(zones, SALES, show_zones)),
        flex(put(zones, SALES, set_zones)),
        flex(get(ranges, SALES, show_ranges)),
        flex(put(ranges, SALES, set_ranges)),
        flex(get(holidays, SALES, show_holidays)),
        flex(put(holidays, SALES, set_holidays)),
        flex(get("/flex/sites/{site}/shipments/{id}/assignment/v2", SALES, assignment)),
        get("/users/{user}/capacity_middleend/{kind}", SALES, show_capacity),
        put("/users/{user}/capacity_middleend/{kind}", SALES, set_capacity),
    ]
}

fn bad(message: &str) -> Reply {
    reply::bad_request("bad_request", message)
}

fn check_site(call: &Call) -> Result<(), Reply> {
    if call.param("site") == SITE { Ok(()) } else { Err(reply::not_found("not_found", "site not found")) }
}

/// The seller of the path, who must be the caller.
fn own(call: &Call) -> Result<i64, Reply> {
    let user = call.number("user")?;
    if user == call.user_id()? { Ok(user) } else { Err(reply::access_denied()) }
}

/// The one service of a seller.
const fn service_of(seller: i64) -> i64 {
    seller % 1_000_000 + 1_000_000
}

/// The seller of a path that names site, seller and service.
fn own_service(call: &Call) -> Result<i64, Reply> {
    check_site(call)?;
    let seller = own(call)?;
    if call.number("service")? == service_of(seller) {
        Ok(seller)
    } else {
        Err(reply::not_found("not_found", "service not found"))
    }
}

fn settings(world: &World, seller: i64) -> FlexSettings {
    world.flex.get(&seller).cloned().unwrap_or_default()
}

fn subscriptions(_: &mut World, call: &Call) -> Answer {
    check_site(call)?;
    let seller = own(call)?;
    Ok(Reply::ok(
        json!([{"service_id": service_of(seller), "user_id": seller, "site_id": SITE, "mode": "FLEX",
        "status": {"id": "in", "cause": null}}]),
    ))
}

fn zones_document(settings: &FlexSettings) -> Value {
    let zone =
        |(id, name): &(&str, &str)| json!({"id": id, "name": name, "selected": settings.zones.contains(*id)});
    json!({"zones": ZONES.iter().map(zone).collect::<Vec<_>>()})
}

fn show_zones(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(zones_document(&settings(world, own_service(call)?))))
}

/// `{"zones": ["BR-SP-CENTRO", …]}`: the whole list, at least one.
fn set_zones(world: &mut World, call: &Call) -> Answer {
    let seller = own_service(call)?;
    let zones = texts(&call.json()?["zones"]).filter(|zones| !zones.is_empty());
    let zones = zones.ok_or_else(|| bad("zones must be a list of at least one id"))?;
    if let Some(unknown) = zones.iter().find(|id| !ZONES.iter().any(|(zone, _)| zone == id)) {
        return Err(bad(&format!("zone {unknown} is not in the coverage")));
    }
    let settings = world.flex.entry(seller).or_default();
    settings.zones = zones;
    Ok(Reply::ok(zones_document(settings)))
}

fn texts(list: &Value) -> Option<BTreeSet<String>> {
    list.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
}

fn ranges_document(settings: &FlexSettings) -> Value {
    json!({"cutoff_hour": settings.cutoff_hour,
        "delivery_ranges": [{"from": settings.delivery.0, "to": settings.delivery.1}]})
}

fn show_ranges(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(ranges_document(&settings(world, own_service(call)?))))
}

/// `{"cutoff_hour": 13, "delivery_ranges": [{"from": 14, "to": 21}]}`
fn set_ranges(world: &mut World, call: &Call) -> Answer {
    let seller = own_service(call)?;
    let body = call.json()?;
    let hour = |value: &Value| {
        let hour = value.as_i64().filter(|hour| HOURS.contains(hour));
        hour.ok_or_else(|| bad("hours must be whole numbers from 0 to 24"))
    };
    let range = &body["delivery_ranges"][0];
    let (cutoff, from, to) = (hour(&body["cutoff_hour"])?, hour(&range["from"])?, hour(&range["to"])?);
    if cutoff > from || from >= to {
        return Err(bad(
            "the cutoff must come before the deliveries begin, and they must begin before they end",
        ));
    }
    let settings = world.flex.entry(seller).or_default();
    settings.cutoff_hour = cutoff;
    settings.delivery = (from, to);
    Ok(Reply::ok(ranges_document(settings)))
}

fn show_holidays(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(json!({"holidays": settings(world, own_service(call)?).holidays})))
}

/// `{"holidays": ["2026-12-25", …]}`: the whole list.
fn set_holidays(world: &mut World, call: &Call) -> Answer {
    let seller = own_service(call)?;
    let days = texts(&call.json()?["holidays"]).ok_or_else(|| bad("holidays must be a list of days"))?;
    let is_day = |day: &String| day.len() == 10 && Timestamp::parse(&format!("{day}T00:00:00Z")).is_some();
    if days.len() > HOLIDAYS_MAX || !days.iter().all(is_day) {
        return Err(bad("holidays must be at most 50 days in the form YYYY-MM-DD"));
    }
    let settings = world.flex.entry(seller).or_default();
    settings.holidays = days;
    Ok(Reply::ok(json!({"holidays": settings.holidays})))
}

/// Who takes a Flex parcel round: one driver per seller.
fn assignment(world: &mut World, call: &Call) -> Answer {
    check_site(call)?;
    let (id, user) = (call.number("id")?, call.user_id()?);
    let shipment = world.shipments.get(&id).filter(|shipment| shipment.logistic == Logistic::SelfService);
    let shipment =
        shipment.ok_or_else(|| reply::not_found("not_found", &format!("Shipment {id} is not in flex")))?;
    if shipment.seller_id != user {
        return Err(reply::not_yours());
    }
    if !shipment.has_left_seller() {
        return Err(reply::not_found("not_found", "The shipment is not assigned"));
    }
    Ok(Reply::ok(json!({"shipment_id": id, "driver_id": service_of(user) + 1})))
}

fn check_kind(call: &Call) -> Result<(), Reply> {
    let known = Logistic::from_word(call.param("kind")).is_some_and(|kind| kind == Logistic::SelfService);
    if known { Ok(()) } else { Err(reply::not_found("not_found", "no capacity for this logistic type")) }
}

fn show_capacity(world: &mut World, call: &Call) -> Answer {
    let seller = own(call)?;
    check_kind(call)?;
    Ok(Reply::ok(
        json!({"user_id": seller, "logistic_type": call.param("kind"), "capacity": settings(world, seller).capacity}),
    ))
}

/// `{"capacity": 80}`
fn set_capacity(world: &mut World, call: &Call) -> Answer {
    let seller = own(call)?;
    check_kind(call)?;
    let capacity = call.json()?["capacity"].as_i64().filter(|capacity| (1..=CAPACITY_MAX).contains(capacity));
    let capacity = capacity.ok_or_else(|| bad("capacity must be a whole number from 1 to 10000"))?;
    world.flex.entry(seller).or_default().capacity = capacity;
    show_capacity(world, call)
}

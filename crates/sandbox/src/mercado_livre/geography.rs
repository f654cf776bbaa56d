//! Currencies against each other, and where things are (fact sheet §4).

use serde_json::{Value, json};

use super::World;
use super::gate::ANY_TOKEN;
use crate::call::Call;
use crate::dates::zulu;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get};

/// What one unit is worth in millionths of a real (our choice; they never move).
const WORTH: [(&str, u32); 8] = [
    ("BRL", 1_000_000),
    ("ARS", 3_800),
    ("MXN", 290_000),
    ("CLP", 5_700),
    ("COP", 1_400),
    ("UYU", 135_000),
    ("PEN", 1_520_000),
    ("USD", 5_400_000),
];

/// States of Brazil: two letters, name, and the range of the first five digits of a CEP.
const STATES: [(&str, &str, u32, u32); 10] = [
    ("SP", "São Paulo", 1_000, 19_999),
    ("RJ", "Rio de Janeiro", 20_000, 28_999),
    ("MG", "Minas Gerais", 30_000, 39_999),
    ("BA", "Bahia", 40_000, 48_999),
    ("PE", "Pernambuco", 50_000, 56_999),
    ("CE", "Ceará", 60_000, 63_999),
    ("GO", "Goiás", 74_000, 76_799),
    ("PR", "Paraná", 80_000, 87_999),
    ("SC", "Santa Catarina", 88_000, 89_999),
    ("RS", "Rio Grande do Sul", 90_000, 99_999),
];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/currency_conversions/search", ANY_TOKEN, convert),
        get("/countries/{country}/zip_codes/{zip}", ANY_TOKEN, zip_code),
        get("/classified_locations/countries", ANY_TOKEN, |_, _| Ok(Reply::ok(json!([country()])))),
        get("/classified_locations/countries/{id}", ANY_TOKEN, show_country),
        get("/classified_locations/states/{id}", ANY_TOKEN, show_state),
    ]
}

fn worth(call: &Call, name: &str) -> Result<f64, Reply> {
    let wanted =
        call.query(name).ok_or_else(|| reply::bad_request("bad_request", &format!("{name} is required")))?;
    let found = WORTH.iter().find(|(currency, _)| *currency == wanted);
    let (_, millionths) =
        found.ok_or_else(|| reply::not_found("not_found", &format!("Currency {wanted} not found")))?;
    Ok(f64::from(*millionths))
}

fn convert(world: &mut World, call: &Call) -> Answer {
    let (from, to) = (worth(call, "from")?, worth(call, "to")?);
    let today = zulu(world.now);
    Ok(Reply::ok(
        json!({"currency_base": call.query("from"), "currency_quote": call.query("to"), "ratio": from / to,
        "rate": from / to, "inv_rate": to / from, "creation_date": today, "valid_until": today}),
    ))
}

fn country() -> Value {
    json!({"id": "BR", "name": "Brasil", "locale": "pt_BR", "currency_id": "BRL"})
}

fn state(entry: &(&str, &str, u32, u32)) -> Value {
    json!({"id": format!("BR-{}", entry.0), "name": entry.1})
}

fn show_country(_: &mut World, call: &Call) -> Answer {
    if call.param("id") != "BR" {
        return Err(reply::not_found("not_found", "Country not found"));
    }
    let mut document = country();
    document["states"] = STATES.iter().map(state).collect();
    Ok(Reply::ok(document))
}

fn show_state(_: &mut World, call: &Call) -> Answer {
    let found = STATES.iter().find(|entry| call.param("id").strip_prefix("BR-") == Some(entry.0));
    let entry = found.ok_or_else(|| reply::not_found("not_found", "State not found"))?;
    let mut document = state(entry);
    document["country"] = country();
    document["cities"] = json!([]);
    Ok(Reply::ok(document))
}

fn zip_code(_: &mut World, call: &Call) -> Answer {
    let unknown = || reply::not_found("not_found", "Zip code not found");
    let zip = call.param("zip").replace('-', "");
    if call.param("country") != "BR" || zip.len() != 8 {
        return Err(unknown());
    }
    let number: u32 = zip.parse().map_err(|_| unknown())?;
    let area = number / 1_000;
    let found = STATES.iter().find(|(_, _, first, last)| (*first..=*last).contains(&area));
    let entry = found.ok_or_else(unknown)?;
    Ok(Reply::ok(json!({"zip_code": zip, "city": {"id": null, "name": null}, "state": state(entry),
        "country": {"id": "BR", "name": "Brasil"}})))
}

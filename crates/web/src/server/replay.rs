//! A past week of a SKU, played again with other rules.

use std::collections::BTreeMap;
use std::time::Duration;

use app::replay::Replayed;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::replay::{Event, LONGEST, Past, Rule, replay};
use domain::shield::Shield;
use domain::{ConnectionId, ListingId, SkuId, Timestamp};
use store::connections::Connection;
use store::listings::Listing;

use super::guard::{Failure, May, render};
use super::may;
use crate::pages::account::Obstacle;
use crate::pages::replay::{ReplayForm, ReplayPage, RuleRow, Week, WeightField};
use crate::pages::{Choice, Errors, FieldError};
use crate::{Chrome, Nav};

/// Units of safety that the form proposes.
const FIRST_SAFETY_UNITS: i64 = 1;
/// The most of a number of the form.
const MOST: i64 = 10_000;

/// The form, as it came.
struct Typed(BTreeMap<String, String>);

impl Typed {
    fn get(&self, name: &str, otherwise: &str) -> String {
        self.0.get(name).map_or_else(|| otherwise.to_owned(), |text| text.trim().to_owned())
    }
}

fn number(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| (0..=MOST).contains(number))
}

/// The page.
pub(crate) async fn show(
    May(member, ..): May<may::SeeStock>,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Skus)).await?;
    let Ok(id) = id.parse::<SkuId>() else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let app = &member.web.app;
    let found = app
        .organization(member.organization())
        .read(move |tenant| {
            let Some(sku) = tenant.sku(id)? else { return Ok(None) };
            Ok(Some((sku, tenant.listings_of_sku(id)?, tenant.connections()?)))
        })
        .await?;
    let Some((sku, listings, connections)) = found else {
        return Err(Failure::of(Obstacle::NotFound).on(chrome));
    };
    let typed = Typed(query.into_iter().rev().collect());
    let day = chrome.now.minus(LONGEST).to_business_field();
    let mut form = ReplayForm {
        from: typed.get("from", day.get(..10).unwrap_or_default()),
        safety: typed.get("safety", &FIRST_SAFETY_UNITS.to_string()),
        last: typed.get("last", ""),
        ..ReplayForm::default()
    };
    let from = Timestamp::parse_business(&format!("{}T00:00", form.from)).filter(|from| *from < chrome.now);
    let replayed = app.past_week(member.organization(), id, from.unwrap_or(chrome.now)).await?;
    let (in_kit, mut week) = (replayed.is_none(), None);
    if let Some(replayed) = replayed {
        let names = names_of(&chrome, &replayed, &listings, &connections);
        let rules = read(&chrome, &mut form, &typed, &replayed, &names, from.is_some());
        week = rules.zip(from).map(|(rules, from)| played(replayed, rules, from));
    }
    let status = if form.errors.any() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = ReplayPage { chrome, id, code: sku.code, title: sku.title, form, week, in_kit };
    Ok((status, render(&page)).into_response())
}

/// What each seller is called.
fn names_of(
    chrome: &Chrome,
    replayed: &Replayed,
    listings: &[Listing],
    connections: &[Connection],
) -> Vec<String> {
    let of = |(listing, connection): &(Option<ListingId>, ConnectionId)| {
        let account = connections.iter().find(|held| held.id == *connection);
        let account =
            account.map_or_else(String::new, |held| format!("{} · {}", held.channel.label(), held.name));
        let number = listing.and_then(|id| listings.iter().find(|listing| listing.id == id));
        let number = number.map_or(chrome.t("replay-former"), |listing| listing.external_id.as_str());
        format!("{account} · {number}")
    };
    replayed.sellers.iter().map(of).collect()
}

/// Reads the form; `None` where something is wrong, which then stands in it.
fn read(
    chrome: &Chrome,
    form: &mut ReplayForm,
    typed: &Typed,
    replayed: &Replayed,
    names: &[String],
    has_day: bool,
) -> Option<Vec<(String, Rule)>> {
    let mut errors = Vec::new();
    let mut wrong = |field, key| errors.push(FieldError { field, text: chrome.t(key).to_owned() });
    if !has_day {
        wrong("from", "replay-error-day");
    }
    let safety_units = number(&form.safety);
    if safety_units.is_none() {
        wrong("safety", "replay-error-number");
    }
    let mut weights = Vec::with_capacity(names.len());
    for (seller, label) in names.iter().enumerate() {
        let name = format!("w{seller}");
        let value = typed.get(&name, "1");
        weights.push(number(&value));
        form.weights.push(WeightField { name, label: label.clone(), value });
    }
    let weights: Option<Vec<i64>> = weights.into_iter().collect();
    if weights.is_none() {
        wrong("w0", "replay-error-number");
    }
    let sold_by = replayed.sellers.iter().zip(names);
    form.listings = sold_by
        .filter_map(|((listing, _), name)| {
            Some(Choice { value: (*listing)?.to_string(), label: name.clone() })
        })
        .collect();
    let is_last = |(listing, _): &(Option<ListingId>, ConnectionId)| {
        listing.is_some_and(|listing| listing.to_string() == form.last)
    };
    let last = replayed.sellers.iter().position(is_last);
    if last.is_none() && !form.last.is_empty() {
        wrong("last", "sharing-error-listing");
    }
    form.errors = Errors(errors);
    let (safety_units, weights) = safety_units.zip(weights).filter(|_| !form.errors.any())?;
    let shielded = |shield| Rule::Shielded { shield, last };
    Some(vec![
        (chrome.t("replay-shared").to_owned(), Rule::Shared { safety_units: 0 }),
        (chrome.tn("replay-safety", &safety_units), Rule::Shared { safety_units }),
        (chrome.t("replay-shield-half").to_owned(), shielded(Shield::Half)),
        (chrome.t("replay-shield-full").to_owned(), shielded(Shield::Full)),
        (chrome.t("replay-split").to_owned(), Rule::Split { weights, last }),
    ])
}

fn played(replayed: Replayed, rules: Vec<(String, Rule)>, from: Timestamp) -> Week {
    let Replayed { past, to, is_cut, .. } = replayed;
    let rows =
        rules.into_iter().map(|(name, rule)| RuleRow { name, outcome: replay(&past, &rule) }).collect();
    Week {
        from,
        to: to.max(from.plus(Duration::from_millis(1))),
        units: past.units,
        wanted_units: wanted(&past),
        is_cut,
        rows,
    }
}

fn wanted(past: &Past) -> i64 {
    let units = |(_, event): &(Timestamp, Event)| match event {
        Event::Wish { units, .. } => *units,
        Event::CalledOff { .. } | Event::Counted { .. } => 0,
    };
    past.events.iter().map(units).sum()
}

//! Prices of listings: the list, what somebody wants changed, and what came of it.

use std::collections::BTreeSet;

use app::AppError;
use app::prices::Pricing;
use app::prices::change::{PriceWish, WishError, is_odd};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::catalogue::COST_CURRENCY;
use domain::pricing::{ChangeState, PriceWhy};
use domain::{ListingId, PriceBatchId, PriceChangeId, Timestamp};
use serde::Deserialize;
use store::pages::PAGE_ROWS;
use store::price_changes::Change;
use store::prices::ListingPrice;
use store::{StoreResult, Tenant};

use super::guard::{Failure, Fields, Form, May, Member, Posted, render, see_with};
use super::prices::{account_of, live, price_of};
use super::{may, see_other};
use crate::pages::Pager;
use crate::pages::account::Obstacle;
use crate::pages::prices::{
    ChangeLine, ListingLine, PriceBatchPage, PriceListingsPage, sale_view, typed_number, wrong_text,
};
use crate::{Chrome, Nav, Tone};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    after: String,
}

fn line(chrome: &Chrome, listing: ListingPrice, pricing: &Pricing) -> ListingLine {
    let price = listing.price.filter(|price| price.currency == COST_CURRENCY);
    let then = pricing.by_rule();
    let typed = then.as_ref().ok().map(|sale| sale.price_minor).or(price.map(|price| price.minor));
    ListingLine {
        id: listing.id,
        title: listing.title,
        number: listing.external_id,
        sku: listing.sku,
        code: listing.code,
        price,
        now: price.map(|price| sale_view(String::new(), pricing, price.minor)),
        then,
        typed: typed.map(|minor| typed_number(chrome, minor)).unwrap_or_default(),
        is_picked: false,
        wrong: None,
    }
}

async fn page_of(member: &Member, id: &str, after: String) -> Result<PriceListingsPage, Failure> {
    let (id, behind, now) = (id.parse().ok(), after.parse().ok(), member.web.app.clock().now());
    let read = move |tenant: &mut Tenant<'_, '_>| {
        let Some(connection) = live(tenant, id)? else { return Ok(None) };
        let fees = tenant.fees_at(connection.id, now)?;
        let mut rows = Vec::new();
        for listing in tenant.listing_prices(connection.id, behind, PAGE_ROWS + 1)? {
            let pricing = Pricing::with(tenant, connection.id, listing.sku, fees.clone())?;
            rows.push((listing, pricing));
        }
        Ok(Some((connection, rows)))
    };
    let (chrome, found) = member.page(Some(Nav::Products), read).await?;
    let Some((connection, mut rows)) = found else {
        return Err(Failure::of(Obstacle::NotFound).on(chrome));
    };
    let more = rows.len() > PAGE_ROWS as usize;
    rows.truncate(PAGE_ROWS as usize);
    let list = format!("/prices/{}/listings", connection.id);
    let older = rows.last().filter(|_| more).map(|(last, _)| format!("{list}?after={}", last.id));
    let newer = (!after.is_empty()).then_some(list);
    Ok(PriceListingsPage {
        account: account_of(&connection),
        rows: rows.into_iter().map(|(listing, pricing)| line(&chrome, listing, &pricing)).collect(),
        after,
        from: String::new(),
        until: String::new(),
        wrong: None,
        pager: Pager { newer, older },
        chrome,
    })
}

/// The listings of an account with their prices.
pub(crate) async fn list(
    May(member, ..): May<may::SeeCatalogue>,
    Path(id): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    Ok(render(&page_of(&member, &id, query.after).await?))
}

/// What was typed, over what stands in the list.
fn fill(page: &mut PriceListingsPage, fields: &Fields) {
    let picked: BTreeSet<ListingId> = fields.all("pick").filter_map(|id| id.parse().ok()).collect();
    let takes_all = fields.get("all") == "1";
    for row in &mut page.rows {
        let by_rule = row.by_rule();
        let differs = by_rule.is_some() && row.price.is_some() && by_rule != row.price;
        row.is_picked = picked.contains(&row.id) || (takes_all && differs);
        let name = format!("price-{}", row.id);
        if fields.names().any(|sent| sent == name) && (!takes_all || picked.contains(&row.id)) {
            fields.get(&name).clone_into(&mut row.typed);
        }
    }
    (page.from, page.until) = (fields.get("from").to_owned(), fields.get("until").to_owned());
}

/// The prices that are wanted; what is wrong with one stands in its row.
fn wanted(page: &mut PriceListingsPage) -> Option<Vec<(ListingId, i64, PriceWhy)>> {
    let mut prices = Vec::new();
    for row in page.rows.iter_mut().filter(|row| row.is_picked) {
        match price_of(&row.typed) {
            Ok(minor) => {
                let is_rule = row.by_rule().is_some_and(|rule| rule.minor == minor);
                prices.push((row.id, minor, if is_rule { PriceWhy::Rule } else { PriceWhy::Hand }));
            }
            Err(wrong) => row.wrong = Some(wrong_text(&page.chrome, &wrong)),
        }
    }
    page.rows.iter().all(|row| row.wrong.is_none()).then_some(prices)
}

/// An instant of a form; `Err` for one that cannot be read.
fn instant(text: &str) -> Result<Option<Timestamp>, ()> {
    if text.is_empty() { Ok(None) } else { Timestamp::parse_business(text).map(Some).ok_or(()) }
}

/// Changes the prices that are ticked, at once or for a span.
pub(crate) async fn change(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let mut page = page_of(&member, &id, fields.get("after").to_owned()).await?;
    fill(&mut page, &fields);
    let prices = wanted(&mut page);
    let span = instant(&page.from).and_then(|from| Ok((from, instant(&page.until)?)));
    let asked = match (prices, span) {
        (None, _) => return Ok(refused(&page)),
        (_, Err(())) => Err(WishError::Span),
        (Some(prices), Ok((from, until))) => {
            let wish = PriceWish { connection: page.account.id, prices, from, until };
            let (app, who) = (&member.web.app, member.who.member);
            app.change_prices(member.organization(), who, wish).await
        }
    };
    match asked {
        Ok(asked @ app::prices::change::Asked::Agreed(_)) => {
            Ok(see_with(&batch_href(asked.batch()), Tone::Good, "flash-price-agreed"))
        }
        Ok(asked) => Ok(see_other(&batch_href(asked.batch()))),
        Err(WishError::App(error)) => Err(Failure::from(error).on(page.chrome)),
        Err(error) => {
            blame(&mut page, error);
            Ok(refused(&page))
        }
    }
}

fn refused(page: &PriceListingsPage) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, render(page)).into_response()
}

fn batch_href(batch: PriceBatchId) -> String {
    format!("/prices/changes/{batch}")
}

/// Puts what stands in the way where it is read.
fn blame(page: &mut PriceListingsPage, error: WishError) {
    let chrome = &page.chrome;
    page.wrong = Some(match error {
        WishError::Nothing => chrome.t("price-error-nothing").to_owned(),
        WishError::TooMany => chrome.t("price-error-many").to_owned(),
        WishError::Unpriced(title) => chrome.ta("price-error-unpriced", "name", &title),
        WishError::NoPrice(title) => chrome.ta("price-error-none", "name", &title),
        WishError::Span => chrome.t("price-error-span").to_owned(),
        WishError::App(error) => error.to_string(),
        WishError::BelowFloor(low) => {
            for one in low {
                let text = match one.least {
                    Some(least) => chrome.ta("mend-over_floor", "n", &chrome.money(&least)),
                    None => chrome.t("mend-over_floor_never").to_owned(),
                };
                if let Some(row) = page.rows.iter_mut().find(|row| row.id == one.listing) {
                    row.wrong = Some(text);
                }
            }
            return;
        }
    });
}

fn change_line(change: Change, now: Timestamp) -> ChangeLine {
    let is_to_come = change.state == ChangeState::Waiting && change.asked.due_at > now;
    ChangeLine {
        id: change.asked.id,
        is_odd: is_odd(&change),
        from: change.asked.from,
        to: change.to(),
        why: change.asked.why.as_str(),
        due_at: is_to_come.then_some(change.asked.due_at),
        until_at: change.asked.until_at,
        ended_at: change.ended_at,
        state: change.state,
        problem: change.problem,
        title: change.title,
        number: change.external_id,
    }
}

/// Prices that were changed together.
pub(crate) async fn batch(
    May(member, ..): May<may::SeeCatalogue>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (id, now) = (id.parse::<PriceBatchId>().ok(), member.web.app.clock().now());
    let read = move |tenant: &mut Tenant<'_, '_>| -> StoreResult<_> {
        let Some(batch) = id.map(|id| tenant.price_batch(id)).transpose()?.flatten() else {
            return Ok(None);
        };
        let Some(connection) = tenant.connection(batch.connection)? else { return Ok(None) };
        let changes = tenant.price_changes(batch.id)?;
        Ok(Some((batch, connection, changes)))
    };
    let (chrome, found) = member.page(Some(Nav::Products), read).await?;
    let Some((batch, connection, changes)) = found else {
        return Err(Failure::of(Obstacle::NotFound).on(chrome));
    };
    Ok(render(&PriceBatchPage {
        chrome,
        account: account_of(&connection),
        id: batch.id,
        state: batch.state,
        at: batch.made_at,
        rows: changes.into_iter().map(|change| change_line(change, now)).collect(),
    }))
}

/// Agrees to staged prices, or calls off what waits.
pub(crate) async fn settle(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let (app, organization, who) = (&member.web.app, member.organization(), member.who.member);
    let done = match id.parse::<PriceBatchId>() {
        Err(_) => Err(AppError::NotFound("price batch")),
        Ok(batch) if fields.get("do") == "agree" => {
            let meant: Vec<PriceChangeId> = fields.all("meant").filter_map(|id| id.parse().ok()).collect();
            app.agree_to_prices(organization, who, batch, meant).await.map(|agreed| {
                let key = if agreed { "flash-price-agreed" } else { "flash-price-late" };
                (batch, if agreed { Tone::Good } else { Tone::Watch }, key)
            })
        }
        Ok(batch) => app.call_off_prices(organization, who, batch).await.map(|ended| {
            let key = if ended > 0 { "flash-price-called-off" } else { "flash-price-late" };
            (batch, if ended > 0 { Tone::Good } else { Tone::Watch }, key)
        }),
    };
    match done {
        Ok((batch, tone, key)) => Ok(see_with(&batch_href(batch), tone, key)),
        Err(error) => Err(Failure::from(error).on(member.chrome(Some(Nav::Products)).await?)),
    }
}

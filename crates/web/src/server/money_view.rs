//! What the shop earns, fees that changed, payouts, and costs that are missing.

use std::collections::BTreeMap;
use std::time::Duration;

use app::profits::{PAYOUT_TERM, PastCost, PastCostError};
use axum::extract::Query;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::catalogue::scaled;
use domain::profit::LineProfit;
use domain::radar::next_unit;
use domain::{ChannelKind, ConnectionId, Currency, Money, Permission, SkuId, Timestamp, WallClock};
use serde::Deserialize;
use store::Tenant;
use store::connections::Connection;
use store::money_view::{DaySum, PricedListing, ShiftRow, SkuSum, Span, WeekOfFees};
use store::profits::Counts;
use store::{StoreResult, charges};

use super::guard::{Failure, Fields, Form, May, Member, Posted, render, see_with};
use super::may;
use crate::chart::{Chart, Series};
use crate::pages::account::Obstacle;
use crate::pages::money_view::{
    About, CostsPage, FeeWeek, FeesPage, LosingListing, MAX_ROWS, MoneyPage, PayoutList, PayoutsPage,
    ShiftView, SumRow, SumView, TypedCost, Uncosted, Unknown, Unsettled, part_of,
};
use crate::{Nav, Tone, csv};

/// Days of sales that say what a listing's next one earns.
const LATE_DAYS: i32 = 30;
/// Days of sales that are looked through for costs that are missing.
const COST_DAYS: i32 = 90;
/// How long a shift of fees is shown.
const SHIFTS_SHOWN: Duration = Duration::from_hours(60 * 24);
/// Weeks of fees shown.
const WEEKS: i32 = 8;
/// What the differences reach back over.
const DIFFERENCES_OF: Duration = Duration::from_hours(90 * 24);
/// SKUs that lost money shown at most.
const MAX_LOSING: usize = 50;
/// Orders that wait are counted up to here.
const MAX_WAITING_COUNTED: u32 = 10_000;
/// SKUs without a cost shown at once.
const MAX_UNCOSTED: usize = 50;
/// Digits of an amount and of a percentage behind their mark.
const DIGITS: u32 = 2;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MoneyQuery {
    period: String,
    by: String,
    sort: String,
    currency: String,
}

/// What a page is asked for, every word one that is known.
#[derive(Debug, Clone, Copy)]
struct Asked {
    period: &'static str,
    by: &'static str,
    sort: &'static str,
    currency: Option<Currency>,
    from: Timestamp,
    until: Timestamp,
}

fn known(words: &[&'static str], asked: &str, otherwise: &'static str) -> &'static str {
    words.iter().find(|word| **word == asked).copied().unwrap_or(otherwise)
}

impl Asked {
    fn of(query: &MoneyQuery, now: Timestamp) -> Self {
        let period = known(&MoneyPage::PERIODS, &query.period, "30");
        let back = match period {
            "today" => 0,
            "7" => 6,
            "90" => 89,
            "month" => i32::from(now.in_business_zone().day) - 1,
            _ => 29,
        };
        let by = known(&MoneyPage::TABLES, &query.by, "day");
        Self {
            period,
            by,
            sort: known(&MoneyPage::SORTS, &query.sort, if by == "day" { "name" } else { "profit" }),
            currency: Currency::from_code(&query.currency),
            from: now.business_midnight(-back),
            until: now.business_midnight(1),
        }
    }
}

/// What the page of sums reads.
struct Found {
    currency: Currency,
    currencies: Vec<Currency>,
    days: Vec<DaySum>,
    rows: Vec<SumRow>,
    skus: Vec<SkuSum>,
    listings: Vec<LosingListing>,
    shifts: Vec<ShiftRow>,
    waiting: i64,
}

fn find(tenant: &mut Tenant<'_, '_>, asked: Asked, now: Timestamp) -> StoreResult<Found> {
    let currencies = tenant.money_currencies(asked.from)?;
    let held = asked.currency.filter(|currency| currencies.contains(currency));
    let currency = held.or_else(|| currencies.first().copied()).unwrap_or(Currency::Brl);
    let span = Span { from: asked.from, until: asked.until, currency };
    let accounts = accounts(tenant)?;
    let (days, skus) = (tenant.day_sums(span)?, tenant.sku_sums(span)?);
    let view = |profit, counts| SumView { currency, profit, counts };
    let rows = match asked.by {
        "channel" => {
            let row = |sum: store::money_view::ConnectionSum| {
                let account = accounts.get(&sum.connection);
                let name = account.map(|held| held.name.clone()).unwrap_or_default();
                let about = About::Account { channel: account.map(|held| held.channel), name };
                SumRow { about, sum: view(sum.profit, Some(sum.counts)) }
            };
            tenant.connection_sums(span)?.into_iter().map(row).collect()
        }
        "sku" => skus.iter().map(|sum| sku_row(sum, currency)).collect(),
        _ => {
            let row =
                |sum: &DaySum| SumRow { about: About::Day(sum.day), sum: view(sum.profit, Some(sum.counts)) };
            days.iter().map(row).collect()
        }
    };
    Ok(Found {
        currency,
        currencies,
        rows,
        listings: losing_listings(tenant, &accounts, now)?,
        shifts: tenant.shifts(now.minus(SHIFTS_SHOWN))?,
        waiting: tenant.profits_due(MAX_WAITING_COUNTED)?,
        days,
        skus,
    })
}

fn sku_row(sum: &SkuSum, currency: Currency) -> SumRow {
    let view = SumView { currency, profit: sum.profit, counts: None };
    SumRow { about: About::Sku(sum.sku.clone()), sum: view }
}

fn accounts(tenant: &mut Tenant<'_, '_>) -> StoreResult<BTreeMap<ConnectionId, Connection>> {
    Ok(tenant.connections()?.into_iter().map(|held| (held.id, held)).collect())
}

fn name_of(accounts: &BTreeMap<ConnectionId, Connection>, id: ConnectionId) -> String {
    accounts.get(&id).map(|held| held.name.clone()).unwrap_or_default()
}

/// Listings whose next sale loses money, the worst first. A tax that nobody said counts as none.
fn losing_listings(
    tenant: &mut Tenant<'_, '_>,
    accounts: &BTreeMap<ConnectionId, Connection>,
    now: Timestamp,
) -> StoreResult<Vec<LosingListing>> {
    let loses = |listing: PricedListing| {
        let tax = listing.tax_basis_points.and_then(|points| u32::try_from(points).ok()).unwrap_or_default();
        let earns = next_unit(listing.price.minor, listing.late, listing.cost_minor, tax)?;
        (earns < 0).then(|| LosingListing {
            id: listing.id,
            number: listing.external_id,
            title: listing.title,
            account: name_of(accounts, listing.connection),
            sku: listing.sku,
            code: listing.code,
            price: listing.price,
            earns: Money::new(earns, listing.price.currency),
        })
    };
    let since = now.business_midnight(-LATE_DAYS);
    let mut losing: Vec<_> = tenant.priced_listings(since)?.into_iter().filter_map(loses).collect();
    losing.sort_by_key(|listing| (listing.earns.minor, listing.id));
    losing.truncate(MAX_LOSING);
    Ok(losing)
}

fn sorted(mut rows: Vec<SumRow>, asked: Asked) -> Vec<SumRow> {
    let sum = |row: &SumRow| row.sum.clone();
    match asked.sort {
        // The newest day first; names as they come.
        "name" if asked.by == "day" => rows.reverse(),
        "name" => rows.sort_by_key(|row| match &row.about {
            About::Day(day) => day.to_rfc3339(),
            About::Account { name, .. } => name.to_lowercase(),
            About::Sku(sku) => sku.as_ref().map(|(_, code, _)| code.to_lowercase()).unwrap_or_default(),
        }),
        "sales" => rows.sort_by_key(|row| std::cmp::Reverse(sum(row).sales().minor)),
        "margin" => rows.sort_by_key(|row| std::cmp::Reverse(sum(row).margin())),
        "units" => rows.sort_by_key(|row| std::cmp::Reverse(row.sum.profit.units)),
        _ => rows.sort_by_key(|row| std::cmp::Reverse(sum(row).earned().minor)),
    }
    rows
}

/// A value for each day of a period, zero where nothing was.
fn by_day(days: &[DaySum], (from, until): (Timestamp, Timestamp), value: fn(&DaySum) -> i64) -> Vec<i64> {
    let (mut all, mut day) = (Vec::new(), from);
    while day < until {
        let found = days.binary_search_by_key(&day, |sum| sum.day).ok();
        all.push(found.and_then(|at| days.get(at)).map(value).unwrap_or_default());
        let next = day.business_midnight(1);
        if next <= day {
            break;
        }
        day = next;
    }
    all
}

fn charts(days: &[DaySum], span: (Timestamp, Timestamp)) -> (Option<Chart>, Option<Chart>) {
    let series = |class, below, value| Series { class, below, values: by_day(days, span, value) };
    let earned = Chart::of(&[
        series("sales", "lost", |day| day.profit.amounts.of(domain::profit::Part::Sales)),
        series("earned", "lost", |day| day.profit.amounts.profit()),
    ]);
    let trouble = Chart::of(&[
        series("off", "off", |day| {
            let Counts { orders, cancelled, .. } = day.counts;
            part_of(cancelled, orders.saturating_add(cancelled)).unwrap_or_default()
        }),
        series("late", "late", |day| part_of(day.counts.late, day.counts.sent).unwrap_or_default()),
    ]);
    (earned, trouble)
}

/// What the shop earns.
pub(crate) async fn show(
    May(member, ..): May<may::SeeMoney>,
    Query(query): Query<MoneyQuery>,
) -> Result<Response, Failure> {
    let now = member.web.app.clock().now();
    let asked = Asked::of(&query, now);
    let (chrome, found) = member.page(Some(Nav::Money), move |tenant| find(tenant, asked, now)).await?;
    let currency = found.currency;
    let profit = found.days.iter().fold(LineProfit::default(), |sum, day| sum + day.profit);
    let counts = found.days.iter().fold(Counts::default(), |sum, day| sum + day.counts);
    let (earned, trouble) = charts(&found.days, (asked.from, asked.until));
    let mut losing: Vec<SumRow> = found
        .skus
        .iter()
        .filter(|sum| sum.profit.amounts.profit() < 0)
        .map(|sum| sku_row(sum, currency))
        .collect();
    losing.sort_by_key(|row| row.sum.earned().minor);
    losing.truncate(MAX_LOSING);
    let mut rows = sorted(found.rows, asked);
    let left_out = i64::try_from(rows.len().saturating_sub(MAX_ROWS)).unwrap_or_default();
    rows.truncate(MAX_ROWS);
    Ok(render(&MoneyPage {
        chrome,
        period: asked.period,
        by: asked.by,
        sort: asked.sort,
        span: (asked.from, asked.until),
        currency,
        currencies: found.currencies,
        total: SumView { currency, profit, counts: Some(counts) },
        earned,
        trouble,
        rows,
        left_out,
        losing,
        losing_listings: found.listings,
        shifts: i64::try_from(found.shifts.len()).unwrap_or_default(),
        waiting: found.waiting,
    }))
}

/// Sends a table of sums as a file for spreadsheets, whole.
pub(crate) async fn export(Form(posted, ..): Form<may::SeeMoney>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let query = MoneyQuery {
        period: fields.get("period").to_owned(),
        by: fields.get("by").to_owned(),
        sort: fields.get("sort").to_owned(),
        currency: fields.get("currency").to_owned(),
    };
    let now = member.web.app.clock().now();
    let asked = Asked::of(&query, now);
    let (chrome, found) = member.page(Some(Nav::Money), move |tenant| find(tenant, asked, now)).await?;
    let rows = sorted(found.rows, asked);
    let (app, me) = (&member.web.app, member.who.member);
    app.note_money_exported(member.organization(), me, asked.by, asked.period, rows.len()).await?;
    let WallClock { year, month, day, .. } = now.in_business_zone();
    let name = format!("attachment; filename=\"lojista-money-{year}-{month:02}-{day:02}.csv\"");
    let mut response = csv::sums(&chrome, asked.by, &rows).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

fn shift_view(row: ShiftRow, accounts: &BTreeMap<ConnectionId, Connection>) -> ShiftView {
    let shift = row.shift;
    ShiftView {
        account: name_of(accounts, row.connection),
        against: shift.against,
        since: shift.since,
        found_at: row.found_at,
        orders: i64::try_from(shift.orders).unwrap_or_default(),
        expected_share: part_of(shift.expected_minor, shift.sales_minor),
        charged_share: part_of(shift.charged_minor, shift.sales_minor),
        extra: Money::new(shift.extra_minor(), row.currency),
        nature: shift.nature,
    }
}

/// Fees that changed, and what was taken week by week.
pub(crate) async fn fees(May(member, ..): May<may::SeeMoney>) -> Result<Response, Failure> {
    let now = member.web.app.clock().now();
    let read = move |tenant: &mut Tenant<'_, '_>| {
        let accounts = accounts(tenant)?;
        let shifts = tenant.shifts(now.minus(SHIFTS_SHOWN))?;
        let currency = tenant.money_currencies(now.business_midnight(-7 * WEEKS))?.first().copied();
        let mut weeks: Vec<(Timestamp, WeekOfFees)> = Vec::new();
        for week in 0..WEEKS {
            let from = now.business_midnight(1 - 7 * (week + 1));
            let until = now.business_midnight(1 - 7 * week);
            let found = tenant.fees_since(from, until, currency.unwrap_or(Currency::Brl))?;
            weeks.extend(found.into_iter().map(|found| (from, found)));
        }
        let losing = losing_listings(tenant, &accounts, now)?;
        Ok((accounts, shifts, weeks, losing))
    };
    let (chrome, (accounts, shifts, weeks, losing_listings)) = member.page(Some(Nav::Money), read).await?;
    let week = |(from, week): (Timestamp, WeekOfFees)| FeeWeek {
        account: name_of(&accounts, week.connection),
        from,
        orders: week.orders,
        share: part_of(week.fee_minor, week.sales_minor),
        kept: week.told.and_then(|(told, charged)| part_of(charged, told)),
    };
    Ok(render(&FeesPage {
        shifts: shifts.into_iter().map(|row| shift_view(row, &accounts)).collect(),
        weeks: weeks.into_iter().map(week).collect(),
        losing_listings,
        chrome,
    }))
}

/// Payouts beside what the marketplaces' lists say.
pub(crate) async fn payouts(May(member, ..): May<may::SeeMoney>) -> Result<Response, Failure> {
    let now = member.web.app.clock().now();
    let read = move |tenant: &mut Tenant<'_, '_>| {
        let accounts = accounts(tenant)?;
        let sums = tenant.difference_sums(now.minus(DIFFERENCES_OF))?;
        let (unsettled, unknown) = (tenant.unsettled(now.minus(PAYOUT_TERM))?, tenant.unknown_payouts()?);
        Ok((accounts, sums, unsettled, unknown))
    };
    let (chrome, (accounts, sums, unsettled, unknown)) = member.page(Some(Nav::Money), read).await?;
    let app = &member.web.app;
    let list = |channel: ChannelKind| {
        let has_account = accounts.values().any(|held| held.channel == channel);
        has_account.then(|| PayoutList { channel, has_list: app.lists_payouts(channel) == Some(true) })
    };
    Ok(render(&PayoutsPage {
        lists: ChannelKind::ALL.into_iter().filter_map(list).collect(),
        differences: sums.iter().map(|sum| sum.count).sum(),
        difference: by_currency(&sums),
        unsettled: unsettled
            .into_iter()
            .map(|row| Unsettled {
                order: row.order,
                number: row.number,
                channel: row.channel,
                placed_at: row.placed_at,
                total: row.total,
            })
            .collect(),
        unknown: unknown
            .into_iter()
            .map(|row| Unknown {
                account: name_of(&accounts, row.connection),
                number: row.number,
                settled_at: row.settled_at,
            })
            .collect(),
        chrome,
    }))
}

fn by_currency(sums: &[charges::DifferenceSum]) -> Vec<Money> {
    let mut all: Vec<Money> = Vec::new();
    for sum in sums {
        match all.iter_mut().find(|held| held.currency == sum.difference.currency) {
            Some(held) => held.minor = held.minor.saturating_add(sum.difference.minor),
            None => all.push(sum.difference),
        }
    }
    all
}

/// The form of a SKU whose cost was refused: its fields as they came, which of them is wrong, and the text that says how.
struct Refused {
    sku: SkuId,
    fields: Fields,
    wrong: &'static str,
    key: &'static str,
}

/// SKUs whose sales have no cost.
pub(crate) async fn costs(May(member, ..): May<may::SeeMoney>) -> Result<Response, Failure> {
    Ok(render(&costs_page(&member, None).await?))
}

async fn costs_page(member: &Member, refused: Option<Refused>) -> Result<CostsPage, Failure> {
    let now = member.web.app.clock().now();
    let also = refused.as_ref().map(|refused| refused.sku);
    let read = move |tenant: &mut Tenant<'_, '_>| {
        let (from, until) = (now.business_midnight(-COST_DAYS), now.business_midnight(1));
        let mut sums = Vec::new();
        for currency in tenant.money_currencies(from)? {
            sums.extend(tenant.sku_sums(Span { from, until, currency })?);
        }
        Ok((sums, also.map(|sku| tenant.sku(sku)).transpose()?.flatten()))
    };
    let (chrome, (sums, also)) = member.page(Some(Nav::Money), read).await?;
    let unlinked_units =
        sums.iter().filter(|sum| sum.sku.is_none()).map(|sum| sum.profit.uncosted_units).sum();
    let row = |sum: SkuSum| {
        let (sku, code, title) = sum.sku?;
        let units = sum.profit.uncosted_units;
        (units > 0).then_some(Uncosted { sku, code, title, units })
    };
    let mut rows: Vec<Uncosted> = sums.into_iter().filter_map(row).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.units), row.sku));
    rows.dedup_by_key(|row| row.sku);
    rows.truncate(MAX_UNCOSTED);
    if let Some(sku) = also.filter(|sku| rows.iter().all(|row| row.sku != sku.id)) {
        rows.insert(0, Uncosted { sku: sku.id, code: sku.code, title: sku.title, units: 0 });
    }
    let day = |at: Timestamp| at.to_business_field().chars().take("2026-11-22".len()).collect::<String>();
    let days = (day(now.business_midnight(-COST_DAYS)), day(now));
    let typed = refused.map(|Refused { sku, fields, wrong, key }| TypedCost {
        sku,
        cost: fields.get("cost").to_owned(),
        tax: fields.get("tax").to_owned(),
        from: fields.get("from").to_owned(),
        wrong,
        text: chrome.t(key),
    });
    Ok(CostsPage { chrome, rows, unlinked_units, days, typed })
}

/// Keeps what a SKU cost from a day on.
pub(crate) async fn enter_cost(Form(posted, ..): Form<may::ChangeCatalogue>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let Ok(sku) = fields.get("sku").parse::<SkuId>() else {
        return Err(Failure::of(Obstacle::NotFound).on(member.chrome(Some(Nav::Money)).await?));
    };
    let kept = match past_cost(sku, &fields) {
        Ok(cost) => member.web.app.enter_past_cost(member.organization(), member.who.member, cost).await,
        Err(wrong) => Err(wrong),
    };
    let (wrong, key) = match kept {
        Ok(()) => return Ok(see_with("/money/costs", Tone::Good, "flash-cost-kept")),
        Err(PastCostError::Cost) => ("cost", "flash-cost-number"),
        Err(PastCostError::Tax) => ("tax", "flash-cost-tax"),
        Err(PastCostError::Day) => ("from", "flash-cost-day"),
        Err(PastCostError::App(error)) => {
            return Err(Failure::from(error).on(member.chrome(Some(Nav::Money)).await?));
        }
    };
    // The page tells what is sold, which not everybody sees who may change what it costs.
    if !member.chrome(Some(Nav::Money)).await?.may(Permission::SeeMoney) {
        return Ok(see_with("/products", Tone::Bad, key));
    }
    let page = costs_page(&member, Some(Refused { sku, fields, wrong, key })).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

fn past_cost(sku: SkuId, fields: &Fields) -> Result<PastCost, PastCostError> {
    let cost_minor = scaled(fields.get("cost"), DIGITS).map_err(|_| PastCostError::Cost)?;
    let tax_basis_points = match fields.get("tax").trim() {
        "" => None,
        text => Some(scaled(text, DIGITS).map_err(|_| PastCostError::Tax)?),
    };
    let from = Timestamp::parse_business(&format!("{}T00:00", fields.get("from").trim()));
    Ok(PastCost { sku, cost_minor, tax_basis_points, from: from.ok_or(PastCostError::Day)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_366_991_000);

    fn asked(period: &str, by: &str, sort: &str, currency: &str) -> Asked {
        let text = str::to_owned;
        let query =
            MoneyQuery { period: text(period), by: text(by), sort: text(sort), currency: text(currency) };
        Asked::of(&query, NOW)
    }

    #[test]
    fn words_that_nobody_knows_are_the_usual_ones() {
        let strange = asked("1; DROP", "../", "<b>", "XXX");
        assert_eq!((strange.period, strange.by, strange.sort, strange.currency), ("30", "day", "name", None));
        assert_eq!(asked("", "sku", "", "BRL").sort, "profit");
    }

    #[test]
    fn a_period_ends_with_today() {
        let days = |period| {
            let asked = asked(period, "", "", "");
            by_day(&[], (asked.from, asked.until), |_| 0).len()
        };
        assert_eq!(["today", "7", "30", "90"].map(days), [1, 7, 30, 90]);
        let today = usize::try_from(NOW.in_business_zone().day).unwrap();
        assert_eq!(days("month"), today);
    }
}

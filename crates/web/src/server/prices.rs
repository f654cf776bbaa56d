//! Fees and rules of accounts, and what a sale earns. Changes of prices are in `price_changes`.

use std::time::Duration;

use app::prices::{KeepError, Pricing};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use connect::KnownFee;
use domain::catalogue::{COST_CURRENCY, scaled};
use domain::pricing::{
    FeeTable, Fees, MAX_PRICE_MINOR, MAX_STRETCHES, Share, StretchWrong, TypedPolicy, TypedStretch,
    policy_of, table_of,
};
use domain::{ConnectionId, ConnectionState, Timestamp};
use serde::Deserialize;
use store::connections::Connection;
use store::prices::HeldFees;
use store::{StoreResult, Tenant};

use super::guard::{Failure, Fields, Form, May, Member, Posted, render, see_with};
use super::may;
use crate::pages::account::Obstacle;
use crate::pages::money_view::part_of;
use crate::pages::prices::{
    Account, AccountLine, BatchLine, FREE_STRETCHES, FeesLine, PriceAccountPage, PricesPage, RuleForm,
    SkuView, Wrongs, sale_view, typed_policy, typed_table, wrong_text,
};
use crate::pages::query_of;
use crate::{Chrome, Nav, Tone};

/// Codes suggested while one is typed.
const MAX_SUGGESTIONS: u32 = 500;
/// Settled orders of this span show what was taken of late.
const OBSERVED: i32 = 90;
/// Fewer orders than that show nothing.
const OBSERVED_ORDERS: i64 = 8;
/// Days that fees may be typed ahead, as the form offers them.
const DAYS_AHEAD: Duration = Duration::from_hours(365 * 24);

pub(super) fn account_of(connection: &Connection) -> Account {
    Account { id: connection.id, channel: connection.channel, name: connection.name.clone() }
}

/// The account of an address, unless it is disconnected.
pub(super) fn live(tenant: &mut Tenant<'_, '_>, id: Option<ConnectionId>) -> StoreResult<Option<Connection>> {
    let found = id.map(|id| tenant.connection(id)).transpose()?.flatten();
    Ok(found.filter(|it| it.state != ConnectionState::Disconnected))
}

/// The accounts, with what is known of their prices.
pub(crate) async fn list(May(member, ..): May<may::SeeCatalogue>) -> Result<Response, Failure> {
    let now = member.web.app.clock().now();
    let (chrome, rows) = member
        .page(Some(Nav::Products), move |tenant| {
            let mut rows = Vec::new();
            for connection in tenant.connections()? {
                if connection.state == ConnectionState::Disconnected {
                    continue;
                }
                rows.push(AccountLine {
                    account: account_of(&connection),
                    has_fees: tenant.fees_at(connection.id, now)?.is_some(),
                    has_rule: tenant.price_rule(connection.id, None)?.is_some(),
                });
            }
            Ok(rows)
        })
        .await?;
    Ok(render(&PricesPage { chrome, rows }))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PriceQuery {
    sku: String,
    price: String,
    preset: String,
}

/// What is read of an account.
struct Found {
    connection: Connection,
    tables: Vec<HeldFees>,
    policy: Option<domain::pricing::Policy>,
    own: Vec<String>,
    codes: Vec<String>,
    observed: Option<(i64, i64)>,
    sku: Option<FoundSku>,
    batches: Vec<BatchLine>,
}

/// What is read of the SKU that somebody asks about.
struct FoundSku {
    sku: store::stock::Sku,
    pricing: Pricing,
    own: Option<domain::pricing::Policy>,
}

fn find(
    tenant: &mut Tenant<'_, '_>,
    id: Option<ConnectionId>,
    code: &str,
    now: Timestamp,
) -> StoreResult<Option<Found>> {
    let Some(connection) = live(tenant, id)? else { return Ok(None) };
    let account = connection.id;
    let fees = tenant.fees_at(account, now)?;
    let mut sku = None;
    if let Some(found) = tenant.sku_by_code(code.trim())? {
        let pricing = Pricing::with(tenant, account, found.id, fees)?;
        sku = Some(FoundSku { own: tenant.price_rule(account, Some(found.id))?, sku: found, pricing });
    }
    let since = now.business_midnight(-OBSERVED);
    let weeks = tenant.fees_since(since, now.business_midnight(1), COST_CURRENCY)?;
    let seen = weeks.into_iter().find(|week| week.connection == account && week.orders >= OBSERVED_ORDERS);
    let line = |batch: store::price_changes::Batch| BatchLine {
        id: batch.id,
        at: batch.made_at,
        state: batch.state,
    };
    Ok(Some(Found {
        tables: tenant.fee_tables(account)?,
        policy: tenant.price_rule(account, None)?,
        own: tenant.own_price_rules(account)?.into_iter().map(|rule| rule.code).collect(),
        codes: tenant.sku_codes(MAX_SUGGESTIONS)?,
        observed: seen.and_then(|seen| Some((seen.orders, part_of(seen.fee_minor.abs(), seen.sales_minor)?))),
        sku,
        batches: tenant.price_batches(account)?.into_iter().map(line).collect(),
        connection,
    }))
}

/// The day of an instant, as a form of a date has it.
fn day_of(at: Timestamp) -> String {
    at.to_business_field().chars().take("2026-11-22".len()).collect()
}

fn with_free_rows(rows: &mut Vec<TypedStretch>) {
    let all = (rows.len() + FREE_STRETCHES).min(MAX_STRETCHES.max(rows.len()));
    rows.resize(all, TypedStretch::default());
}

/// The fees that a channel is known to take of everybody.
fn preset(known: &[KnownFee]) -> Option<FeeTable> {
    let row = |fee: &KnownFee| {
        let commission = Share::from_basis_points(fee.commission_basis_points)?;
        let fees = Fees { commission, per_item_minor: fee.per_item_minor, ..Fees::default() };
        Some((fee.from_minor, fees))
    };
    FeeTable::new(known.iter().map(row).collect::<Option<_>>()?).ok()
}

fn rule_form(
    chrome: &Chrome,
    prefix: &'static str,
    code: &str,
    policy: Option<&domain::pricing::Policy>,
) -> RuleForm {
    let fresh = || TypedPolicy {
        kind: "price".to_owned(),
        ending: "c90".to_owned(),
        never_at_a_loss: true,
        ..TypedPolicy::default()
    };
    RuleForm {
        prefix,
        code: code.to_owned(),
        typed: policy.map_or_else(fresh, |policy| typed_policy(chrome, policy)),
        is_kept: policy.is_some(),
        wrongs: Vec::new(),
    }
}

/// What the calculator says of a SKU, and what is wrong with the price that was typed.
fn sku_view(chrome: &Chrome, found: FoundSku, price: &str) -> (SkuView, Option<String>) {
    let FoundSku { sku, pricing, own } = found;
    let mut sales = Vec::new();
    let label = chrome.t("price-by-rule").to_owned();
    sales.push(match pricing.by_rule() {
        Ok(sale) => sale_view(label, &pricing, sale.price_minor),
        Err(lack) => crate::pages::prices::SaleView { label, sale: Err(lack), too_low: false },
    });
    let mut wrong = None;
    if !price.trim().is_empty() {
        match price_of(price) {
            Ok(minor) => sales.push(sale_view(chrome.t("price-typed").to_owned(), &pricing, minor)),
            Err(fault) => wrong = Some(wrong_text(chrome, &fault)),
        }
    }
    let view = SkuView {
        rule: rule_form(chrome, "own-", &sku.code, own.as_ref()),
        id: sku.id,
        code: sku.code,
        title: sku.title,
        sales,
        is_taxed: pricing.goods.tax_basis_points.is_some(),
    };
    (view, wrong)
}

/// A price that somebody typed, in minor units.
pub(super) fn price_of(text: &str) -> Result<i64, StretchWrong> {
    let minor = scaled(text, COST_CURRENCY.exponent()).map_err(StretchWrong::Number)?;
    if minor > MAX_PRICE_MINOR {
        return Err(StretchWrong::TooLarge);
    }
    if minor == 0 { Err(StretchWrong::Missing) } else { Ok(minor) }
}

async fn page_of(member: &Member, id: &str, query: PriceQuery) -> Result<PriceAccountPage, Failure> {
    let (id, now, code) = (id.parse().ok(), member.web.app.clock().now(), query.sku.clone());
    let read = move |tenant: &mut Tenant<'_, '_>| find(tenant, id, &code, now);
    let (chrome, found) = member.page(Some(Nav::Products), read).await?;
    let Some(found) = found else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let channel = member.web.app.channel(found.connection.channel);
    let known = channel.and_then(|channel| preset(channel.spec().known_fees));
    let now_from = found.tables.iter().map(|held| held.valid_from).find(|from| *from <= now);
    let current = found.tables.iter().find(|held| Some(held.valid_from) == now_from).map(|held| &held.table);
    let is_preset = known.is_some() && !query.preset.is_empty();
    let in_form = if is_preset { known.as_ref() } else { current };
    let mut stretches = in_form.map(|table| typed_table(&chrome, table)).unwrap_or_default();
    with_free_rows(&mut stretches);
    let history = found.tables.iter().map(|held| FeesLine {
        from: held.valid_from,
        is_now: Some(held.valid_from) == now_from,
        stretches: typed_table(&chrome, &held.table),
    });
    let is_unknown = found.sku.is_none() && !query.sku.trim().is_empty();
    let (sku, wrong) = match found.sku {
        Some(sku) => {
            let (view, wrong) = sku_view(&chrome, sku, &query.price);
            (Some(view), wrong)
        }
        None => (None, is_unknown.then(|| chrome.ta("kit-error-unknown", "code", query.sku.trim()))),
    };
    Ok(PriceAccountPage {
        account: account_of(&found.connection),
        stretches,
        day: String::new(),
        days: (day_of(now), day_of(now.plus(DAYS_AHEAD))),
        fee_wrongs: Vec::new(),
        has_preset: known.is_some(),
        is_preset,
        observed: found.observed,
        history: history.collect(),
        rule: rule_form(&chrome, "", "", found.policy.as_ref()),
        own: found.own,
        codes: found.codes,
        code: query.sku,
        price: query.price,
        sku,
        asked_wrong: wrong,
        batches: found.batches,
        chrome,
    })
}

/// An account: its fees, its rule, and the calculator.
pub(crate) async fn show(
    May(member, ..): May<may::SeeCatalogue>,
    Path(id): Path<String>,
    Query(query): Query<PriceQuery>,
) -> Result<Response, Failure> {
    Ok(render(&page_of(&member, &id, query).await?))
}

fn typed_stretches(fields: &Fields) -> Vec<TypedStretch> {
    let of = |name: &str, row: usize| fields.get(&format!("{name}-{row}")).to_owned();
    // One more than there may be: too many are refused in words, and not cut off.
    let rows = (0..=MAX_STRETCHES).map(|row| TypedStretch {
        from: of("from", row),
        commission: of("commission", row),
        cap: of("cap", row),
        fixed: of("fixed", row),
        freight: of("freight", row),
    });
    let mut rows: Vec<TypedStretch> = rows.collect();
    let filled = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
    rows.truncate(filled);
    rows
}

fn refused(page: &PriceAccountPage) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, render(page)).into_response()
}

/// Takes an account's fees in.
pub(crate) async fn keep_fees(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let mut page = page_of(&member, &id, PriceQuery::default()).await?;
    let (account, day) = (page.account.id, fields.get("day").to_owned());
    page.stretches = typed_stretches(&fields);
    let from = Timestamp::parse_business(&format!("{day}T00:00"));
    let mut wrongs: Wrongs = Vec::new();
    if !day.is_empty() && from.is_none() {
        wrongs.push(("day".to_owned(), page.chrome.t("price-wrong-day").to_owned()));
    }
    let read = table_of(&page.stretches);
    for fault in read.as_ref().err().into_iter().flatten() {
        let id = format!("{}-{}", fault.column.as_str(), fault.row);
        wrongs.push((id, wrong_text(&page.chrome, &fault.wrong)));
    }
    if let (Ok(table), true) = (read, wrongs.is_empty()) {
        let (app, who) = (&member.web.app, member.who.member);
        match app.keep_fees(member.organization(), who, account, from, table).await {
            Ok(()) => {
                return Ok(see_with(&format!("/prices/{account}"), Tone::Good, "flash-price-fees"));
            }
            Err(KeepError::Day) => {
                wrongs.push(("day".to_owned(), page.chrome.t("price-wrong-day").to_owned()));
            }
            Err(KeepError::App(error)) => return Err(Failure::from(error).on(page.chrome)),
        }
    }
    with_free_rows(&mut page.stretches);
    (page.fee_wrongs, page.day) = (wrongs, day);
    Ok(refused(&page))
}

/// Keeps or ends a rule: of the account, or of the SKU that is named.
pub(crate) async fn keep_rule(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let code = fields.get("sku").to_owned();
    let asked = if code.is_empty() { fields.get("at").to_owned() } else { code.clone() };
    let query = PriceQuery { sku: asked, ..PriceQuery::default() };
    let mut page = page_of(&member, &id, query).await?;
    let account = page.account.id;
    let sku = page.sku.as_ref().filter(|_| !code.is_empty()).map(|sku| sku.id);
    if sku.is_none() && !code.is_empty() {
        return Ok(refused(&page));
    }
    let typed = TypedPolicy {
        kind: fields.get("kind").to_owned(),
        goal: fields.get("goal").to_owned(),
        ending: fields.get("ending").to_owned(),
        floor: fields.get("floor").to_owned(),
        never_at_a_loss: fields.get("loss") == "1",
        packaging: fields.get("packaging").to_owned(),
    };
    let ends = fields.get("do") == "end";
    let policy = match policy_of(&typed) {
        Ok(policy) if !ends => Some(policy),
        Ok(_) => None,
        Err(_) if ends => None,
        Err(faults) => {
            let told =
                |(field, wrong): (&str, StretchWrong)| (field.to_owned(), wrong_text(&page.chrome, &wrong));
            let wrongs: Wrongs = faults.into_iter().map(told).collect();
            let form = match page.sku.as_mut() {
                Some(view) if sku.is_some() => &mut view.rule,
                Some(_) | None => &mut page.rule,
            };
            (form.typed, form.wrongs) = (typed, wrongs);
            return Ok(refused(&page));
        }
    };
    let (app, who) = (&member.web.app, member.who.member);
    match app.keep_price_rule(member.organization(), who, account, sku, policy).await {
        Ok(()) => {
            let back = if page.code.is_empty() {
                format!("/prices/{account}")
            } else {
                query_of(&format!("/prices/{account}")).append_pair("sku", &page.code).finish()
            };
            let flash = if ends { "flash-price-rule-ended" } else { "flash-price-rule" };
            Ok(see_with(&back, Tone::Good, flash))
        }
        Err(error) => Err(Failure::from(error).on(page.chrome)),
    }
}

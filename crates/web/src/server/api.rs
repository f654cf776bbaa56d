//! What programs read, with a key: JSON out, RFC 9457 problems where something is wrong.

use std::marker::PhantomData;
use std::time::Duration;

use app::api_keys::Admission;
use axum::Json;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Money, OrderId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::api_keys::ApiCaller;
use store::order_list::OrderFilter;
use store::pages::{OrderRow, PAGE_ROWS, SkuFilter, Turn};
use store::stock::Sku;

use super::Web;
use super::may::{self, Permit};
use super::order_query::parse_key;

/// A program whose key was made for something, and whose member may do it.
pub(crate) struct Key<P> {
    web: Web,
    caller: ApiCaller,
    permit: PhantomData<P>,
}

impl<P: Permit> FromRequestParts<Web> for Key<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let shown = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = shown.and_then(|text| text.strip_prefix("Bearer ")).ok_or(Problem::NoKey)?;
        match web.app.api_caller(key.trim()).await? {
            Admission::Unknown => Err(Problem::NoKey),
            Admission::Wait(wait) => Err(Problem::TooOften(wait)),
            Admission::Caller(caller) if caller.may(P::PERMISSION) => {
                Ok(Self { web: web.clone(), caller, permit: PhantomData })
            }
            Admission::Caller(_) => Err(Problem::NotAllowed(P::PERMISSION.as_str())),
        }
    }
}

/// Why a program gets nothing (RFC 9457).
pub(crate) enum Problem {
    /// No key, or one that is unknown or has ended.
    NoKey,
    /// The key was not made for this, or its member may not do it any more.
    NotAllowed(&'static str),
    /// Too many calls.
    TooOften(Duration),
    /// A parameter means nothing.
    BadRequest(&'static str),
    /// There is no such thing.
    NotFound,
    /// Something of ours failed.
    Internal,
}

impl From<app::AppError> for Problem {
    fn from(error: app::AppError) -> Self {
        tracing::error!(error = %error, "a program's call failed");
        Self::Internal
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        app::AppError::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, title, detail) = match &self {
            Self::NoKey => (StatusCode::UNAUTHORIZED, "a key is needed", String::new()),
            Self::NotAllowed(scope) => (
                StatusCode::FORBIDDEN,
                "this key was not made for that",
                format!("it takes the scope {scope}"),
            ),
            Self::TooOften(wait) => {
                let seconds = wait.as_secs().max(1);
                (StatusCode::TOO_MANY_REQUESTS, "too many calls", format!("try again in {seconds} s"))
            }
            Self::BadRequest(name) => {
                (StatusCode::BAD_REQUEST, "a parameter is not understood", (*name).to_owned())
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "there is no such thing", String::new()),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "something failed here", String::new()),
        };
        let mut body = json!({ "type": "about:blank", "title": title, "status": status.as_u16() });
        if !detail.is_empty() {
            body["detail"] = detail.into();
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, kind, body.to_string()).into_response();
        let headers = response.headers_mut();
        if let Self::NoKey = self {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Self::TooOften(wait) = self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }
}

/// An amount.
#[derive(Serialize)]
struct Amount {
    /// In the currency's smallest unit.
    minor: i64,
    currency: &'static str,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { minor: money.minor, currency: money.currency.code() }
    }
}

fn instant(at: Timestamp) -> String {
    at.to_rfc3339()
}

/// An order, without anything of its buyer.
#[derive(Serialize)]
struct OrderJson {
    id: String,
    connection: String,
    channel: &'static str,
    number: String,
    state: &'static str,
    platform_status: String,
    placed_at: String,
    updated_at: String,
    ship_by: Option<String>,
    tracking_code: Option<String>,
    total: Amount,
    summary: String,
    units: i64,
}

impl From<&OrderRow> for OrderJson {
    fn from(row: &OrderRow) -> Self {
        Self {
            id: row.id.to_string(),
            connection: row.connection.to_string(),
            channel: row.channel.as_str(),
            number: row.external_id.clone(),
            state: row.state.as_words().0,
            platform_status: row.platform_status.clone(),
            placed_at: instant(row.placed_at),
            updated_at: instant(row.updated_at),
            ship_by: row.ship_by.map(instant),
            tracking_code: row.tracking_code.clone(),
            total: row.total.into(),
            summary: row.summary.clone(),
            units: row.unit_count,
        }
    }
}

#[derive(Serialize)]
struct SkuJson {
    id: String,
    code: String,
    title: String,
    on_hand_units: i64,
    reserved_units: i64,
    safety_units: i64,
    available_units: i64,
    listings: i64,
}

impl From<&(Sku, i64)> for SkuJson {
    fn from((sku, listings): &(Sku, i64)) -> Self {
        Self {
            id: sku.id.to_string(),
            code: sku.code.clone(),
            title: sku.title.clone(),
            on_hand_units: sku.tally.on_hand_units,
            reserved_units: sku.tally.reserved_units,
            safety_units: sku.tally.safety_units,
            available_units: sku.tally.available_units(),
            listings: *listings,
        }
    }
}

/// A page of a list, and where the next one begins.
#[derive(Serialize)]
struct Listed<T> {
    items: Vec<T>,
    /// To be sent as `after`; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Where a page begins.
#[derive(Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    after: String,
}

/// Orders, the newest first.
pub(crate) async fn orders(
    key: Key<may::SeeOrders>,
    Query(query): Query<After>,
) -> Result<Response, Problem> {
    let turn = match query.after.as_str() {
        "" => Turn::First,
        after => Turn::Older(parse_key(after).ok_or(Problem::BadRequest("after"))?),
    };
    let organization = key.web.app.organization(key.caller.organization);
    let listed = organization.read(move |tenant| tenant.order_page(&OrderFilter::default(), turn)).await?;
    let next = listed.rows.last().filter(|_| listed.older);
    let next = next.map(|row| format!("{}.{}", row.placed_at.as_millis(), row.id));
    Ok(Json(Listed { items: listed.rows.iter().map(OrderJson::from).collect(), next }).into_response())
}

/// One order.
pub(crate) async fn order(key: Key<may::SeeOrders>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: OrderId = id.parse().map_err(|_| Problem::NotFound)?;
    let organization = key.web.app.organization(key.caller.organization);
    let row = organization.read(move |tenant| tenant.order(id)).await?.ok_or(Problem::NotFound)?;
    Ok(Json(OrderJson::from(&row)).into_response())
}

/// SKUs by code.
pub(crate) async fn skus(key: Key<may::SeeStock>, Query(query): Query<After>) -> Result<Response, Problem> {
    let organization = key.web.app.organization(key.caller.organization);
    let mut rows =
        organization.read(move |tenant| tenant.sku_page(&query.after, &SkuFilter::default())).await?;
    let page = usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
    let is_last = rows.len() <= page;
    rows.truncate(page);
    let next = rows.last().filter(|_| !is_last).map(|(sku, _)| sku.code.clone());
    Ok(Json(Listed { items: rows.iter().map(SkuJson::from).collect(), next }).into_response())
}

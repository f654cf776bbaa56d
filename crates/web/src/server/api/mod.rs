//! What programs read, with a key: JSON out, RFC 9457 problems where something is wrong. The
//! table of calls makes the routes and their description.

mod calls;
mod parameters;
#[cfg(feature = "planted-flaws")]
mod planted;
mod problem;
mod shape;

use std::marker::PhantomData;

use app::api_keys::Admission;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::{OrderId, Timestamp};
use serde::Serialize;
use store::api_keys::ApiCaller;
use store::order_list::OrderFilter;
use store::pages::{OrderKey, OrderRow, PAGE_ROWS, SkuFilter, Turn};

use super::headers::STRICT_TRANSPORT;
use super::may::{self, Permit};
use super::order_query::parse_key;
use super::{Routes, Web};
use parameters::{After, Nothing};
use problem::Problem;
use shape::{Instant, OneOf, Order, Sku};

/// Most digits of a cursor's instant, in milliseconds: enough for 30,000 years.
const MAX_INSTANT_DIGITS: usize = 15;

/// The routes of the table.
pub(super) fn routes() -> Routes {
    calls::all().iter().fold(Routes::new(), |routes, call| routes.route(call.path, (call.route)()))
}

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
            Admission::Caller(_) => Err(Problem::NotAllowed(P::PERMISSION)),
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

impl From<&OrderRow> for Order {
    fn from(row: &OrderRow) -> Self {
        Self {
            id: row.id,
            connection: row.connection,
            channel: OneOf(row.channel),
            number: row.external_id.clone(),
            state: OneOf(row.state),
            platform_status: row.platform_status.clone(),
            placed_at: Instant(row.placed_at),
            updated_at: Instant(row.updated_at),
            ship_by: row.ship_by.map(Instant),
            tracking_code: row.tracking_code.clone(),
            total: row.total.into(),
            summary: row.summary.clone(),
            units: row.unit_count,
        }
    }
}

impl From<&(store::stock::Sku, i64)> for Sku {
    fn from((sku, listings): &(store::stock::Sku, i64)) -> Self {
        Self {
            id: sku.id,
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

/// The row that a page of orders begins after, as the page before it named it.
fn cursor(text: &str) -> Option<OrderKey> {
    let (at, _) = text.split_once('.')?;
    let is_instant = at.len() <= MAX_INSTANT_DIGITS && at.bytes().all(|digit| digit.is_ascii_digit());
    parse_key(text).filter(|_| is_instant)
}

fn cursor_of(placed_at: Timestamp, id: OrderId) -> String {
    format!("{}.{id}", placed_at.as_millis())
}

/// Orders, the newest first.
async fn orders(key: Key<may::SeeOrders>, After(after): After) -> Result<Response, Problem> {
    let turn = match after {
        None => Turn::First,
        Some(after) => Turn::Older(
            cursor(&after).ok_or_else(|| Problem::of_parameter("after", "no page gave this as its next"))?,
        ),
    };
    let organization = key.web.app.organization(key.caller.organization);
    let listed = organization.read(move |tenant| tenant.order_page(&OrderFilter::default(), turn)).await?;
    let next = listed.rows.last().filter(|_| listed.older).map(|row| cursor_of(row.placed_at, row.id));
    Ok(Json(Listed { items: listed.rows.iter().map(Order::from).collect(), next }).into_response())
}

/// One order.
async fn order(
    key: Key<may::SeeOrders>,
    id: Result<Path<String>, PathRejection>,
    Nothing: Nothing,
) -> Result<Response, Problem> {
    let id: OrderId = id.ok().and_then(|Path(id)| id.parse().ok()).ok_or(Problem::NotFound)?;
    let organization = key.web.app.organization(key.caller.organization);
    let row = organization.read(move |tenant| tenant.order(id)).await?.ok_or(Problem::NotFound)?;
    Ok(Json(Order::from(&row)).into_response())
}

/// SKUs by code.
async fn skus(key: Key<may::SeeStock>, After(after): After) -> Result<Response, Problem> {
    let after = after.unwrap_or_default();
    let organization = key.web.app.organization(key.caller.organization);
    let mut rows = organization.read(move |tenant| tenant.sku_page(&after, &SkuFilter::default())).await?;
    let page = usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
    let is_last = rows.len() <= page;
    rows.truncate(page);
    let next = rows.last().filter(|_| !is_last).map(|(sku, _)| sku.code.clone());
    Ok(Json(Listed { items: rows.iter().map(Sku::from).collect(), next }).into_response())
}

/// What is said of all this. Anyone may read it: it is the same everywhere, tells nothing of a
/// shop, and who writes a program has no key yet.
async fn description(Nothing: Nothing) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], calls::description()).into_response()
}

/// Whatever else is asked for below `/api/`.
pub(super) async fn missing() -> Problem {
    Problem::NotFound
}

/// Whatever else is done to what is there.
pub(super) async fn no_such_method() -> Problem {
    Problem::NoSuchMethod
}

/// What each answer to a program carries: no browser is to make a page of it, nobody keeps it.
pub(super) async fn protect(State(web): State<Web>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if web.config.secure_cookies {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
    response
}

#[cfg(test)]
mod tests {
    use domain::SeededEntropy;

    use super::*;

    #[test]
    fn a_cursor_comes_back_and_nothing_else_is_one() {
        let at = Timestamp::from_millis(1_790_000_000_000);
        let id = OrderId::new(at, &SeededEntropy::new(1));
        let text = cursor_of(at, id);
        assert_eq!(cursor(&text), Some(OrderKey { placed_at: at, id }));
        for wrong in
            [format!("+{text}"), format!("-{text}"), format!("1{}.{id}", "0".repeat(15)), "1.x".into()]
        {
            assert_eq!(cursor(&wrong), None, "{wrong}");
        }
    }
}

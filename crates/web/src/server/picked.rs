//! What is done with the orders that were picked in the list.

use std::collections::BTreeMap;

use app::picked::MAX_PICKED;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::{ConnectionId, OrderId, WallClock};

use super::guard::{Failure, Form, Member, Posted, own_path, render, see_with};
use super::may;
use super::orders::row_of;
use crate::pages::account::Obstacle;
use crate::pages::order_list::{PickedPage, Refused};
use crate::pages::orders::OrderRow;
use crate::{Chrome, Nav, Tone, csv};

/// Does with the picked orders what the pressed button says.
pub(crate) async fn act(Form(posted, ..): Form<may::WorkOrders>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let back = own_path(fields.get("next")).to_owned();
    let picked: Option<Vec<OrderId>> = fields.all("order").map(|text| text.parse().ok()).collect();
    let Some(picked) = picked.filter(|picked| picked.len() <= MAX_PICKED) else {
        return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Orders)).await?));
    };
    if picked.is_empty() {
        return Ok(see_with(&back, Tone::Watch, "flash-none-picked"));
    }
    match fields.get("do") {
        "read" => read(&member, &picked, back).await,
        "export" => export(&member, &picked).await,
        _ => Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Orders)).await?)),
    }
}

/// Has them read again at their platforms.
async fn read(member: &Member, picked: &[OrderId], back: String) -> Result<Response, Failure> {
    let done = member.web.app.read_again(member.organization(), member.who.member, picked).await?;
    if done.refused.is_empty() {
        return Ok(see_with(&back, Tone::Good, "flash-orders-reading"));
    }
    let refused = done.refused.into_iter().map(|(id, number, why)| Refused { id, number, why }).collect();
    Ok(render(&PickedPage {
        chrome: member.chrome(Some(Nav::Orders)).await?,
        asked: i64::try_from(done.asked).unwrap_or(i64::MAX),
        refused,
        back,
    }))
}

/// Sends them as a file for spreadsheets, with what the list shows.
async fn export(member: &Member, picked: &[OrderId]) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Orders)).await?;
    let (app, organization) = (&member.web.app, member.organization());
    let rows = app.export_orders(organization, member.who.member, picked).await?;
    if rows.is_empty() {
        return Err(Failure::of(Obstacle::NotFound).on(chrome));
    }
    let connections = app.organization(organization).read(|tenant| tenant.connections()).await?;
    let names: BTreeMap<ConnectionId, String> =
        connections.into_iter().map(|connection| (connection.id, connection.name)).collect();
    let rows: Vec<OrderRow> = rows.iter().map(|row| row_of(row, &names)).collect();
    let name = format!("attachment; filename=\"{}\"", file_name(&chrome));
    let mut response = csv::orders(&chrome, &rows).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

fn file_name(chrome: &Chrome) -> String {
    let WallClock { year, month, day, hour, minute, .. } = chrome.now.in_business_zone();
    format!("lojista-{year}-{month:02}-{day:02}-{hour:02}{minute:02}.csv")
}

//! Listings and the SKUs they sell.

use std::collections::BTreeMap;

use axum::extract::{Path, Query};
use axum::response::Response;
use domain::listing::decide_push;
use domain::{ConnectionId, ListingId, Push};
use futures::{TryStreamExt as _, stream};
use serde::Deserialize;
use store::connections::Connection;
use store::listings::Listing;
use store::pages::{ListingFilter, ListingShow, PAGE_ROWS};
use store::stock::Sku;
use store::{StoreError, StoreResult, Tenant};

use super::guard::{Failure, Form, May, Posted, own_path, render, see_with};
use super::may;
use super::table_download::download;
use crate::pages::account::Obstacle;
use crate::pages::listings::{ListingRow, ListingsPage};
use crate::pages::{Choice, Errors, Pager, SkuLink, query_of};
use crate::{Nav, Tone, csv};

/// Codes offered while typing.
const MAX_SUGGESTIONS: u32 = 500;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    text: String,
    connection: String,
    show: String,
    after: String,
}

impl ListQuery {
    fn filter(&self) -> ListingFilter {
        ListingFilter {
            text: self.text.trim().to_owned(),
            connection: self.connection.parse().ok(),
            show: match self.show.as_str() {
                "unlinked" => ListingShow::Unlinked,
                "drift" => ListingShow::Drift,
                _ => ListingShow::All,
            },
        }
    }
}

/// A listing with its SKU, and what it may at most show where its SKU is split.
type Found = (Listing, Option<Sku>, Option<i64>);

fn page_of(
    tenant: &mut Tenant<'_, '_>,
    after: Option<ListingId>,
    filter: &ListingFilter,
) -> StoreResult<Vec<Found>> {
    let mut rows = Vec::new();
    for (listing, sku) in tenant.listing_page(after, filter)? {
        let bound = tenant.quota_bound(listing.id)?;
        rows.push((listing, sku, bound));
    }
    Ok(rows)
}

fn by_id(connections: Vec<Connection>) -> BTreeMap<ConnectionId, Connection> {
    connections.into_iter().map(|connection| (connection.id, connection)).collect()
}

/// The list of listings.
pub(crate) async fn list(
    May(member, ..): May<may::SeeStock>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Listings)).await?;
    let filter = query.filter();
    let after: Option<ListingId> = query.after.parse().ok();
    let is_unlinked = filter.show == ListingShow::Unlinked;
    let (mut rows, connections, sku_codes, unlinked) = member
        .web
        .app
        .organization(member.organization())
        .read(move |tenant| {
            let unlinked = if is_unlinked { Some(tenant.unlinked_count()?) } else { None };
            Ok((
                page_of(tenant, after, &filter)?,
                tenant.connections()?,
                tenant.sku_codes(MAX_SUGGESTIONS)?,
                unlinked,
            ))
        })
        .await?;
    let more = rows.len() > PAGE_ROWS as usize;
    rows.truncate(PAGE_ROWS as usize);
    let older = rows.last().filter(|_| more).map(|(listing, ..)| link_to(&query, &listing.id.to_string()));
    let newer = after.map(|_| link_to(&query, ""));
    let choices = connections
        .iter()
        .map(|connection| Choice {
            value: connection.id.to_string(),
            label: format!("{} · {}", connection.channel.label(), connection.name),
        })
        .collect();
    let by_id = by_id(connections);
    Ok(render(&ListingsPage {
        chrome,
        text: query.text,
        connection: query.connection,
        show: query.show,
        connections: choices,
        sku_codes,
        rows: rows.into_iter().map(|(listing, sku, bound)| row_of(listing, sku, bound, &by_id)).collect(),
        pager: Pager { newer, older },
        unlinked,
        link_error: None,
        errors: Errors::default(),
    }))
}

/// The listings that the filter shows, as a table to take away.
pub(crate) async fn export(Form(posted, ..): Form<may::SeeStock>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let chrome = member.chrome(Some(Nav::Listings)).await?;
    let asked = |name| fields.get(name).to_owned();
    let query = ListQuery {
        text: asked("text"),
        connection: asked("connection"),
        show: asked("show"),
        after: String::new(),
    };
    let filter = query.filter();
    member.web.app.note_listings_exported(member.organization(), member.who.member).await?;
    let reader = member.web.app.organization(member.organization());
    let connections = by_id(reader.read(|tenant| tenant.connections()).await?);
    let named = chrome.clone();
    let pages = stream::try_unfold(None, move |after| {
        let (reader, filter) = (reader.clone(), filter.clone());
        async move {
            let mut rows = reader.read(move |tenant| page_of(tenant, after, &filter)).await?;
            rows.truncate(PAGE_ROWS as usize);
            let last = rows.last().map(|(listing, ..)| listing.id);
            Ok::<_, StoreError>(last.map(|last| (rows, Some(last))))
        }
    });
    let lines = pages.map_ok(move |rows| {
        let mut out = String::new();
        for (listing, sku, bound) in rows {
            let row = row_of(listing, sku, bound, &connections);
            csv::line(&mut out, named.lang, &csv::listing_cells(&named, &row));
        }
        out
    });
    let mut head = String::from(csv::BYTE_ORDER_MARK);
    csv::line(&mut head, chrome.lang, &csv::listing_heads(&chrome));
    Ok(download(&chrome, "anuncios", head, lines))
}

fn link_to(query: &ListQuery, after: &str) -> String {
    let mut pairs = query_of("/listings");
    pairs
        .append_pair("text", &query.text)
        .append_pair("connection", &query.connection)
        .append_pair("show", &query.show)
        .append_pair("after", after);
    pairs.finish()
}

fn row_of(
    listing: Listing,
    sku: Option<Sku>,
    bound_units: Option<i64>,
    connections: &BTreeMap<ConnectionId, Connection>,
) -> ListingRow {
    let connection = connections.get(&listing.connection);
    let by_ledger = |sku: &Sku| match decide_push(
        listing.state,
        listing.shown_units,
        listing.told_from(sku.tally),
        i64::MAX,
    ) {
        Push::Write { quantity_units } => quantity_units,
        Push::Nothing | Push::NotWritable => listing.shown_units,
    };
    let should_units = bound_units.map(|units| units.max(0)).or_else(|| sku.as_ref().map(by_ledger));
    ListingRow {
        id: listing.id,
        number: listing.external_id,
        title: listing.title,
        variation: Some(listing.variation_external_id).filter(|variation| !variation.is_empty()),
        channel: connection.map_or(domain::ChannelKind::MercadoLivre, |connection| connection.channel),
        connection: connection.map(|connection| connection.name.clone()).unwrap_or_default(),
        permalink: listing.permalink,
        state: listing.state,
        sku: sku.map(|sku| SkuLink { id: sku.id, code: sku.code }),
        seller_sku: listing.seller_sku,
        shows_units: listing.shown_units,
        read_at: listing.shown_at,
        should_units,
        platform_stock: !listing.ours,
        price: listing.price,
    }
}

/// Links a listing to the SKU of a code.
pub(crate) async fn link(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::LinkListings>,
) -> Result<Response, Failure> {
    let code = posted.fields.get("sku").to_owned();
    if code.is_empty() {
        let next = own_path(posted.fields.get("next")).to_owned();
        return Ok(see_with(&next, Tone::Watch, "flash-code-missing"));
    }
    change(posted, &id, Some(&code), "flash-linked").await
}

/// Takes a listing off its SKU.
pub(crate) async fn unlink(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::LinkListings>,
) -> Result<Response, Failure> {
    change(posted, &id, None, "flash-unlinked").await
}

async fn change(posted: Posted, id: &str, code: Option<&str>, done: &str) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let next = match fields.get("next") {
        "" => "/listings",
        path => own_path(path),
    };
    let Ok(id) = id.parse::<ListingId>() else {
        return Err(Failure::of(Obstacle::NotFound).on(member.chrome(Some(Nav::Listings)).await?));
    };
    member.web.app.link(member.organization(), member.who.member, id, code).await?;
    Ok(see_with(next, Tone::Good, done))
}

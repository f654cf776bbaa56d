//! What listings without a SKU may sell: proposals that a person confirms.

use std::collections::BTreeMap;

use app::proposals::{ConfirmError, MAX_AT_ONCE, Stale};
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::{ConnectionId, ListingId, SkuId};
use serde::Deserialize;
use store::connections::Connection;

use super::guard::{Failure, Fields, Form, May, Member, Posted, render, see_with};
use super::may;
use crate::pages::Pager;
use crate::pages::account::Obstacle;
use crate::pages::proposals::{Gone, ProposalRow, ProposalsPage};
use crate::{Nav, Tone};

/// What a form's fields that pick a SKU begin with.
const PICK: &str = "pick-";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProposalsQuery {
    after: String,
}

/// Listings without a SKU, each with its proposals.
pub(crate) async fn list(
    May(member, ..): May<may::LinkListings>,
    Query(query): Query<ProposalsQuery>,
) -> Result<Response, Failure> {
    show(&member, query.after.parse().ok(), BTreeMap::new(), Vec::new()).await
}

/// Links what was picked: all of it, or nothing.
pub(crate) async fn confirm(Form(posted, ..): Form<may::LinkListings>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let after: Option<ListingId> = fields.get("after").parse().ok();
    let Some(picked) = picked_in(&fields).filter(|picked| picked.len() <= MAX_AT_ONCE) else {
        return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Listings)).await?));
    };
    let here = page_at(after);
    if picked.is_empty() {
        return Ok(see_with(&here, Tone::Watch, "flash-no-proposal-picked"));
    }
    let links = picked.iter().map(|(listing, sku)| (*listing, *sku)).collect();
    match member.web.app.confirm_links(member.organization(), member.who.member, links).await {
        Ok(()) => Ok(see_with(&here, Tone::Good, "flash-proposals-linked")),
        Err(ConfirmError::Stale(stale)) => {
            let page = show(&member, after, picked, stale).await?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(ConfirmError::Picked) => {
            Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Listings)).await?))
        }
        Err(ConfirmError::App(error)) => Err(error.into()),
    }
}

fn page_at(after: Option<ListingId>) -> String {
    after.map_or_else(
        || "/listings/proposals".to_owned(),
        |after| format!("/listings/proposals?after={after}"),
    )
}

/// Which SKU was picked for which listing; `None` where a field is none of ours.
fn picked_in(fields: &Fields) -> Option<BTreeMap<ListingId, SkuId>> {
    let mut picked = BTreeMap::new();
    for name in fields.names() {
        let Some(listing) = name.strip_prefix(PICK) else { continue };
        let value = fields.get(name);
        if !value.is_empty() {
            picked.insert(listing.parse().ok()?, value.parse().ok()?);
        }
    }
    Some(picked)
}

async fn show(
    member: &Member,
    after: Option<ListingId>,
    picked: BTreeMap<ListingId, SkuId>,
    stale: Vec<(ListingId, Stale)>,
) -> Result<Response, Failure> {
    let told: Vec<ListingId> = stale.iter().map(|(listing, _)| *listing).collect();
    let (chrome, (mut found, connections, told)) = member
        .page(Some(Nav::Listings), move |tenant| {
            let mut known = Vec::new();
            for id in told {
                known.extend(tenant.listing(id)?);
            }
            Ok((app::proposals::page(tenant, after)?, tenant.connections()?, known))
        })
        .await?;
    let more = found.len() > MAX_AT_ONCE;
    found.truncate(MAX_AT_ONCE);
    let older = found.last().filter(|_| more).map(|(listing, _)| page_at(Some(listing.id)));
    let by_id: BTreeMap<ConnectionId, Connection> =
        connections.into_iter().map(|connection| (connection.id, connection)).collect();
    let why: BTreeMap<ListingId, Stale> = stale.into_iter().collect();
    let rows: Vec<ProposalRow> = found
        .into_iter()
        .map(|(listing, proposals)| {
            let connection = by_id.get(&listing.connection);
            ProposalRow {
                id: listing.id,
                number: listing.external_id,
                title: listing.title,
                channel: connection
                    .map_or(domain::ChannelKind::MercadoLivre, |connection| connection.channel),
                connection: connection.map(|connection| connection.name.clone()).unwrap_or_default(),
                seller_sku: listing.seller_sku,
                // What is proposed no longer is not picked any more.
                picked: picked
                    .get(&listing.id)
                    .copied()
                    .filter(|sku| proposals.iter().any(|one| one.sku == *sku)),
                stale: why.get(&listing.id).copied(),
                proposals,
            }
        })
        .collect();
    let gone = told
        .into_iter()
        .filter(|listing| rows.iter().all(|row| row.id != listing.id))
        .filter_map(|listing| {
            let stale = why.get(&listing.id).copied()?;
            Some(Gone { number: listing.external_id, title: listing.title, stale })
        })
        .collect();
    Ok(render(&ProposalsPage {
        chrome,
        rows,
        gone,
        after: after.map(|after| after.to_string()).unwrap_or_default(),
        pager: Pager { newer: after.map(|_| page_at(None)), older },
    }))
}

//! Several products at once: where they stand at which account, and one press for all that are ready.

use app::publish::{Answer, MAX_ACCOUNTS, MAX_PRODUCTS, Place, Readiness};
use axum::extract::RawQuery;
use axum::response::Response;
use domain::{ConnectionId, ProductId};
use store::connections::Connection;

use super::drafts::{made_of, tab_of};
use super::guard::{Failure, Fields, Form, May, Posted, render, see_with};
use super::may;
use crate::pages::account::Obstacle;
use crate::pages::publish_many::{AccountChoice, PlaceLine, PublishPage, address};
use crate::{Nav, Tone};

const LIST: &str = "/products";

/// What somebody picked; `None` where that is more than is taken, or no id at all.
fn picked(fields: &Fields) -> Option<(Vec<ProductId>, Vec<ConnectionId>)> {
    let products: Option<Vec<ProductId>> = fields.all("product").map(|text| text.parse().ok()).collect();
    let accounts: Option<Vec<ConnectionId>> = fields.all("to").map(|text| text.parse().ok()).collect();
    let products = products.filter(|all| all.len() <= MAX_PRODUCTS)?;
    Some((products, accounts.filter(|all| all.len() <= MAX_ACCOUNTS)?))
}

/// Where the products stand, and what became of them.
pub(crate) async fn show(
    May(member, ..): May<may::SeeCatalogue>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let Some((products, accounts)) = picked(&fields) else {
        return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Products)).await?));
    };
    if products.is_empty() {
        return Ok(see_with(LIST, Tone::Watch, "flash-no-product-picked"));
    }
    let chrome = member.chrome(Some(Nav::Products)).await?;
    let found = match member.web.app.places(member.organization(), &products, &accounts).await {
        Ok(found) => found,
        Err(error) => return Err(Failure::from(error).on(chrome)),
    };
    let is_result = !accounts.is_empty();
    let choice = |connection: &Connection| AccountChoice {
        tab: tab_of(connection),
        ready: ready_at(&found.places, connection.id),
    };
    let choices = found.connections.iter().filter(|_| !is_result).map(choice).collect();
    let rows = found.places.iter().map(line_of).collect();
    Ok(render(&PublishPage { chrome, products, accounts: choices, rows, is_result }))
}

/// How many are ready for an account.
fn ready_at(places: &[Place], connection: ConnectionId) -> i64 {
    let there = places.iter().filter(|place| place.connection.id == connection);
    let ready = there.filter(|place| place.readiness == Readiness::Ready).count();
    i64::try_from(ready).unwrap_or(i64::MAX)
}

fn line_of(place: &Place) -> PlaceLine {
    let publication = place.publication.as_ref();
    PlaceLine {
        product: place.product,
        title: place.title.clone(),
        tab: tab_of(&place.connection),
        readiness: place.readiness,
        state: publication.map(|held| held.publication.state),
        trouble: publication.and_then(|held| held.trouble.as_ref()).map(|trouble| trouble.problem),
        objections: publication.map(|held| held.objections.clone()).unwrap_or_default(),
        made: publication.map(made_of).unwrap_or_default(),
    }
}

/// Publishes whatever is ready of the products to the accounts that are ticked.
pub(crate) async fn publish(Form(posted, ..): Form<may::ChangeCatalogue>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let Some((products, accounts)) = picked(&fields) else {
        return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Products)).await?));
    };
    if products.is_empty() {
        return Ok(see_with(LIST, Tone::Watch, "flash-no-product-picked"));
    }
    let back = address(&products, &accounts);
    if accounts.is_empty() {
        return Ok(see_with(&back, Tone::Watch, "flash-publish-nothing"));
    }
    let (app, organization) = (&member.web.app, member.organization());
    let asked = app.publish_products(organization, member.who.member, &products, &accounts).await;
    let answers = match asked {
        Ok(answers) => answers,
        Err(error) => return Err(Failure::from(error).on(member.chrome(Some(Nav::Products)).await?)),
    };
    let (tone, key) = match answers.iter().filter(|(.., answer)| *answer == Answer::Asked).count() {
        0 => (Tone::Watch, "flash-publish-many-none"),
        asked if asked < answers.len() => (Tone::Watch, "flash-publish-many-some"),
        _ => (Tone::Good, "flash-publish-asked"),
    };
    Ok(see_with(&back, tone, key))
}

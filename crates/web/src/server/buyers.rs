//! Orders by their buyers: the search, and the page where members decide about it.
//!
//! What is searched for travels in a form and never in an address: addresses stay in
//! histories and logs. The list is then addressed by the buyers' own ids.

use app::buyers::NoBuyer;
use axum::response::Response;
use store::Tenant;

use super::guard::{Failure, Form, May, Member, Posted, ProvenForm, render, see_with};
use super::may;
use super::order_query::{ListQuery, link_to};
use super::see_other;
use crate::pages::Errors;
use crate::pages::account::Obstacle;
use crate::pages::privacy::{PrivacyPage, Typed};
use crate::{Nav, Tone};

const PAGE: &str = "/privacy";

/// Narrows the list that the form came from to the buyers that are called so.
pub(crate) async fn find(Form(posted, ..): Form<may::FindBuyers>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let query = ListQuery::parse(fields.get("filter"));
    let found =
        member.web.app.search_buyers(member.organization(), member.who.member, fields.get("buyer")).await;
    let refused = |key| Ok(see_with(&link_to(&query.filter_text()), Tone::Watch, key));
    match found {
        Ok(buyers) => Ok(see_other(&query.of_buyers(&buyers).link())),
        Err(NoBuyer::Off) => Ok(see_other(PAGE)),
        Err(NoBuyer::Unreadable) => refused("flash-buyer-unreadable"),
        Err(NoBuyer::Nobody) => refused("flash-buyer-nobody"),
        Err(NoBuyer::TooMany) => refused("flash-buyer-many"),
        Err(NoBuyer::App(error)) => Err(Failure::from(error).on(member.chrome(Some(Nav::Orders)).await?)),
    }
}

/// What is kept of whom.
pub(crate) async fn show(May(member, ..): May<may::SeePrivacy>) -> Result<Response, Failure> {
    Ok(render(&page(&member, Typed::default(), Errors::default()).await?))
}

/// The page, with what was typed into the form of a hold and what is wrong with it.
pub(super) async fn page(member: &Member, typed: Typed, errors: Errors) -> Result<PrivacyPage, Failure> {
    let read = |tenant: &mut Tenant<'_, '_>| Ok((tenant.buyers_kept()?, tenant.holds()?));
    let (chrome, (kept, holds)) = member.page(Some(Nav::Privacy), read).await?;
    Ok(PrivacyPage { chrome, since: kept.since, buyers: kept.count, holds, typed, errors })
}

/// Switches the search by buyer on or off.
pub(crate) async fn switch(
    ProvenForm(posted, ..): ProvenForm<may::ManagePrivacy>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let (on, key) = match fields.get("search") {
        "on" => (true, "flash-buyer-search-on"),
        "off" => (false, "flash-buyer-search-off"),
        _ => return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Privacy)).await?)),
    };
    match member.web.app.find_buyers(member.organization(), member.who.member, on).await {
        Ok(()) => Ok(see_with(PAGE, Tone::Good, key)),
        Err(error) => Err(Failure::from(error).on(member.chrome(Some(Nav::Privacy)).await?)),
    }
}

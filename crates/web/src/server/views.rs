//! Saved views: made from the list, kept in order on a page of their own.

use app::views::ViewError;
use axum::extract::Path;
use axum::response::Response;
use domain::ViewId;
use domain::view::Step;
use store::views::View;

use super::guard::{Failure, Form, May, Member, Posted, render, see_with};
use super::may;
use super::order_query::{ListQuery, link_to};
use crate::pages::account::Obstacle;
use crate::pages::order_list::{ViewTab, ViewsPage};
use crate::{Nav, Tone};

const PAGE: &str = "/orders/views";

/// Views as tabs; the one that shows `filter` is the current one.
pub(crate) fn tabs_of(views: Vec<View>, filter: &str) -> Vec<ViewTab> {
    let tab = |view: View| ViewTab {
        id: view.id,
        name: view.name,
        href: link_to(&view.filter),
        current: ListQuery::parse(&view.filter).filter_text() == filter,
    };
    views.into_iter().map(tab).collect()
}

/// The page where views are kept in order.
pub(crate) async fn list(May(member, ..): May<may::SeeOrders>) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Orders)).await?;
    let who = member.who.member;
    let views =
        member.web.app.organization(member.organization()).read(move |tenant| tenant.views(who)).await?;
    Ok(render(&ViewsPage { chrome, tabs: tabs_of(views, "") }))
}

/// Gives the filter of a list a name.
pub(crate) async fn save(Form(posted, ..): Form<may::WorkOrders>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let filter = ListQuery::parse(fields.get("filter")).filter_text();
    let saved =
        member.web.app.save_view(member.organization(), member.who.member, fields.get("name"), &filter);
    match saved.await {
        Ok(_) => Ok(see_with(&link_to(&filter), Tone::Good, "flash-view-saved")),
        Err(error) => refused(&member, error, &link_to(&filter)).await,
    }
}

/// Renames, moves or forgets a view.
pub(crate) async fn change(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::WorkOrders>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let Ok(id) = id.parse::<ViewId>() else {
        return Err(Failure::of(Obstacle::NotFound).on(member.chrome(Some(Nav::Orders)).await?));
    };
    let (app, organization, who) = (&member.web.app, member.organization(), member.who.member);
    let (done, key) = match fields.get("do") {
        "rename" => (app.rename_view(organization, who, id, fields.get("name")).await, "flash-view-renamed"),
        "up" => (app.move_view(organization, who, id, Step::Up).await, "flash-view-moved"),
        "down" => (app.move_view(organization, who, id, Step::Down).await, "flash-view-moved"),
        "delete" => (app.drop_view(organization, who, id).await, "flash-view-deleted"),
        _ => return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Orders)).await?)),
    };
    match done {
        Ok(()) => Ok(see_with(PAGE, Tone::Good, key)),
        Err(error) => refused(&member, error, PAGE).await,
    }
}

/// Says what was wrong where the person came from.
async fn refused(member: &Member, error: ViewError, back: &str) -> Result<Response, Failure> {
    let key = match error {
        ViewError::Name => "flash-view-name",
        ViewError::Taken => "flash-view-taken",
        ViewError::TooMany => "flash-view-many",
        ViewError::Filter => {
            return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Orders)).await?));
        }
        ViewError::App(error) => {
            return Err(Failure::from(error).on(member.chrome(Some(Nav::Orders)).await?));
        }
    };
    Ok(see_with(back, Tone::Bad, key))
}

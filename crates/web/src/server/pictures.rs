//! Pictures of products: handed in, shown, put in order, taken away.

use app::pictures::PictureError;
use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::product_picture::Shift;
use domain::{PictureId, ProductId, SkuId};
use serde::Deserialize;

use super::guard::{Failure, Form, May, Member, Posted, see_with};
use super::upload::{Handed, Hands};
use super::{may, products};
use crate::pages::account::Obstacle;
use crate::pages::pictures::{fault, told};
use crate::{Chrome, Nav, Tone};

/// What is shown under a picture's id never changes, and nobody but its member may keep it.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
/// Every picture is kept as one.
const JPEG: HeaderValue = HeaderValue::from_static("image/jpeg");

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Size {
    size: String,
}

async fn not_found(member: &Member) -> Failure {
    match member.chrome(Some(Nav::Products)).await {
        Ok(chrome) => Failure::of(Obstacle::NotFound).on(chrome),
        Err(failure) => failure,
    }
}

/// Ids out of an address; `None` where one of them is none.
fn ids(product: &str, picture: &str) -> Option<(ProductId, PictureId)> {
    Some((product.parse().ok()?, picture.parse().ok()?))
}

/// A picture, or a small one of it (`?size=small`).
pub(crate) async fn show(
    May(member, ..): May<may::SeeCatalogue>,
    Path((product, picture)): Path<(String, String)>,
    Query(Size { size }): Query<Size>,
) -> Result<Response, Failure> {
    let Some((product, picture)) = ids(&product, &picture) else { return Err(not_found(&member).await) };
    let small = size == "small";
    let held = member.web.app.organization(member.organization());
    let Some(bytes) = held.read(move |tenant| tenant.picture_shown(product, picture, small)).await? else {
        return Err(not_found(&member).await);
    };
    // Called by its id: what its sender called it is kept nowhere.
    let name = HeaderValue::from_str(&format!("inline; filename=\"{picture}.jpg\""));
    let headers = [(header::CONTENT_TYPE, JPEG), (header::CACHE_CONTROL, CACHE_CONTROL)];
    let mut response = (headers, bytes).into_response();
    if let Ok(name) = name {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Takes pictures in.
pub(crate) async fn add(
    Path(id): Path<String>,
    Hands(handed, ..): Hands<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Handed { member, fields, files } = match handed {
        Ok(handed) => handed,
        Err(member) => {
            return again(&member, &id, StatusCode::PAYLOAD_TOO_LARGE, |chrome| {
                vec![told(chrome, "pictures-too-large", 0)]
            })
            .await;
        }
    };
    let sku = fields.get("sku");
    let shown: Option<SkuId> = sku.parse().ok();
    let Ok(product) = id.parse::<ProductId>() else { return Err(not_found(&member).await) };
    if shown.is_none() && !sku.is_empty() {
        return Err(not_found(&member).await);
    }
    let added =
        member.web.app.add_pictures(member.organization(), member.who.member, product, shown, files).await;
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    match added {
        Ok(_) => Ok(see_with(&format!("/products/{product}#pictures"), Tone::Good, "flash-pictures-added")),
        Err(PictureError::Nothing) => {
            again(&member, &id, status, |chrome| vec![told(chrome, "pictures-nothing", 0)]).await
        }
        Err(PictureError::Full(room)) => {
            again(&member, &id, status, |chrome| vec![told(chrome, "pictures-no-room", room)]).await
        }
        Err(PictureError::Faulty(faulty)) => {
            again(&member, &id, status, |chrome| {
                faulty.iter().map(|(name, why)| fault(chrome, name, *why)).collect()
            })
            .await
        }
        Err(PictureError::App(app::AppError::NotFound(_))) => Err(not_found(&member).await),
        Err(PictureError::App(error)) => {
            Err(Failure::from(error).on(member.chrome(Some(Nav::Products)).await?))
        }
    }
}

/// The product's page, which says why none of the files was taken.
async fn again(
    member: &Member,
    id: &str,
    status: StatusCode,
    why: impl FnOnce(&Chrome) -> Vec<String>,
) -> Result<Response, Failure> {
    let (chrome, found) = products::find(member, id).await?;
    let Some(found) = found else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let mut page = products::page_of(chrome, found);
    page.pictures.wrong = why(&page.chrome);
    Ok(products::again(status, &page))
}

/// Puts a picture elsewhere, or takes it away.
pub(crate) async fn change(
    Path((product, picture)): Path<(String, String)>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let Some((product, picture)) = ids(&product, &picture) else { return Err(not_found(&member).await) };
    let (app, organization, by) = (&member.web.app, member.organization(), member.who.member);
    let word = fields.get("do");
    let done = if word == "remove" {
        let removed = app.remove_picture(organization, by, product, picture).await;
        removed.map(|()| ("pictures".to_owned(), "flash-picture-removed"))
    } else if let Some(shift) = Shift::parse(word, fields.get("place")) {
        let moved = app.move_picture(organization, by, product, picture, shift).await;
        moved.map(|()| (picture.to_string(), "flash-picture-moved"))
    } else {
        return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Products)).await?));
    };
    match done {
        Ok((place, key)) => Ok(see_with(&format!("/products/{product}#{place}"), Tone::Good, key)),
        Err(app::AppError::NotFound(_)) => Err(not_found(&member).await),
        Err(error) => Err(error.into()),
    }
}

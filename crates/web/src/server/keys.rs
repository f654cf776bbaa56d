//! Keys: how they stand, and the button that turns them.

use app::AppError;
use app::keys::KeysError;
use axum::response::Response;
use domain::Actor;

use super::guard::{Failure, May, ProvenForm, render, see_with};
use super::may;
use crate::pages::keys::KeysPage;
use crate::{Nav, Tone};

const PAGE: &str = "/keys";

/// How the keys stand.
pub(crate) async fn show(May(member, ..): May<may::SeeKeys>) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Keys)).await?;
    match member.web.app.keys_standing().await {
        Ok(keys) => Ok(render(&KeysPage { chrome, keys })),
        Err(error) => Err(failure(error).on(chrome)),
    }
}

fn failure(error: KeysError) -> Failure {
    if let KeysError::App(error) = error {
        Failure::from(error)
    } else {
        Failure::from(AppError::BadJob(error.to_string()))
    }
}

/// Puts a new key into the key file and has everything wrapped by it.
pub(crate) async fn rotate(ProvenForm(posted, ..): ProvenForm<may::ManageKeys>) -> Result<Response, Failure> {
    let member = posted.member;
    match member.web.app.begin_rotation(&Actor::Member(member.who.member)).await {
        Ok(Some(_)) => Ok(see_with(PAGE, Tone::Good, "flash-keys-begun")),
        Ok(None) => Ok(see_with(PAGE, Tone::Watch, "flash-keys-busy")),
        Err(KeysError::App(AppError::Store(error))) => {
            Err(Failure::from(error).on(member.chrome(Some(Nav::Keys)).await?))
        }
        Err(error) => {
            tracing::error!(error = %error, "the keys could not be turned");
            Ok(see_with(PAGE, Tone::Bad, "flash-keys-failed"))
        }
    }
}

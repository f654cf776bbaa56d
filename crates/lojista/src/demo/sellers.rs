//! Connecting the sandbox's sellers: the walk that a real seller takes, with the
//! seller's click on "authorise" done by the program.

use app::App;
use bytes::Bytes;
use domain::{ChannelKind, ConnectionState};
use http::header::LOCATION;
use http::{Method, Request};
use sandbox::{Manifest, Sandbox};
use store::people::SignedIn;
use url::{Url, form_urlencoded};

use crate::failure::Failure;

/// Connects every seller. One that is known gets a new pair of tokens, which mends
/// whatever the last end of the program left; a new one is imported.
pub(super) async fn connect(
    app: &App,
    owner: &SignedIn,
    sandbox: &Sandbox,
    manifest: &Manifest,
) -> Result<(), Failure> {
    let kind = ChannelKind::MercadoLivre;
    for seller in &manifest.sellers {
        let address = app.begin_authorization(owner.organization, owner.member, kind).await?;
        let back = approve(sandbox, &address, seller.user_id)?;
        let returned = back.query_pairs().into_owned().collect();
        let failed = |error: &dyn std::fmt::Display| {
            Failure::at(&format!("the seller {} cannot be connected", seller.nickname), error)
        };
        let id = app
            .finish_authorization(owner.organization, owner.member, kind, returned)
            .await
            .map_err(|error| failed(&error))?;
        let connection = app
            .organization(owner.organization)
            .read(move |tenant| tenant.connection(id))
            .await?
            .ok_or_else(|| failed(&"the connection is gone"))?;
        if connection.state == ConnectionState::DryRun {
            app.start_import(owner.organization, owner.member, id).await?;
        }
        tracing::info!(seller = seller.nickname, "connected");
    }
    Ok(())
}

/// The seller reads the consent page and clicks "authorise"; gives where the browser is
/// sent back to.
fn approve(sandbox: &Sandbox, address: &str, seller: i64) -> Result<Url, Failure> {
    let refused = |why: &dyn std::fmt::Display| Failure::at("the sandbox's consent page", why);
    let page = Url::parse(address).map_err(|error| refused(&error))?;
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(page.query_pairs())
        .append_pair("user_id", &seller.to_string())
        .append_pair("decision", "approve")
        .finish();
    let request = Request::builder()
        .method(Method::POST)
        .uri(page.path())
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .map_err(|error| refused(&error))?;
    let reply = sandbox.answer(request).reply;
    let location = reply
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(LOCATION.as_str()))
        .ok_or_else(|| refused(&format!("it answered {}", reply.status)))?;
    Url::parse(&location.1).map_err(|error| refused(&error))
}

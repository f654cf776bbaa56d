//! The demo's owner: set up by the one-time link as any owner is, with a password of
//! chance that is kept in the demo's folder.

use std::path::Path;

use app::App;
use app::sign_in::Visit;
use domain::{MemberId, OrganizationId, Restricted};
use serde::{Deserialize, Serialize};
use vault::{OsEntropy, Token};

use crate::failure::Failure;
use crate::folder;

/// The owner's address.
const EMAIL: &str = "dona@loja.example";
/// The shop's name.
const SHOP: &str = "Casa do Treco";
/// The shop's language.
const LANGUAGE: &str = "pt-BR";
/// The sign-in's file in the demo's folder.
const FILE: &str = "sign-in.json";
/// Where the demo's own sign-in comes from, for the throttle.
const NETWORK: &str = "demo";
/// Characters of the password: base64url, six bits each.
const PASSWORD_CHARS: usize = 20;

#[derive(Serialize, Deserialize)]
struct SignIn {
    email: String,
    password: String,
}

/// The owner.
pub(super) struct Owner {
    /// Address.
    pub(super) email: String,
    /// Password, to be shown to who tries the demo.
    pub(super) password: String,
    /// Their shop.
    pub(super) organization: OrganizationId,
    /// Who they are there.
    pub(super) member: MemberId,
}

/// Finds the owner; the first time, sets the shop up.
pub(super) async fn find(app: &App, folder: &Path) -> Result<Owner, Failure> {
    let path = folder.join(FILE);
    let link = app.setup_link().await?;
    let SignIn { email, password } = match &link {
        Some(link) => {
            let fresh = SignIn { email: EMAIL.into(), password: new_password() };
            // Kept first: a shop whose password nobody knows would be lost.
            keep(&path, &fresh)?;
            let token = link.rsplit('/').next().unwrap_or_default();
            app.set_up(token, &fresh.email, Restricted::new(fresh.password.clone()), SHOP, LANGUAGE)
                .await
                .map_err(|error| Failure::at("the demo shop cannot be set up", error))?;
            fresh
        }
        None => read(&path)?,
    };
    let refused = |error: &dyn std::fmt::Display| {
        Failure::new(format!(
            "the demo's owner cannot sign in ({error}): put {} right, or begin anew with another --data",
            path.display()
        ))
    };
    let visit = Visit { agent: "demo".to_owned(), ..Visit::from_network(NETWORK) };
    // Whoever tries the demo may have changed the password: better said now than on the page.
    // A second factor that they added is theirs; the password was right all the same.
    let entered = app
        .sign_in(&email, Restricted::new(password.clone()), &visit)
        .await
        .map_err(|error| refused(&error))?
        .entered();
    if let Some(entry) = entered
        && let Some(signed_in) = app.session(entry.session.expose()).await?
    {
        app.sign_out(&signed_in).await?;
    }
    let (organization, member) =
        app.member_of(&email).await?.ok_or_else(|| refused(&"nobody has this address"))?;
    Ok(Owner { email, password, organization, member })
}

fn new_password() -> String {
    Token::random(&OsEntropy).expose().chars().take(PASSWORD_CHARS).collect()
}

fn keep(path: &Path, sign_in: &SignIn) -> Result<(), Failure> {
    serde_json::to_vec(sign_in)
        .map_err(std::io::Error::from)
        .and_then(|text| folder::write_private(path, &text))
        .map_err(|error| Failure::at(&format!("{} cannot be written", path.display()), error))
}

fn read(path: &Path) -> Result<SignIn, Failure> {
    std::fs::read(path).and_then(|text| serde_json::from_slice(&text).map_err(std::io::Error::from)).map_err(
        |error| {
            Failure::new(format!(
                "{} holds the demo's password and cannot be read ({error}): begin anew with another --data",
                path.display()
            ))
        },
    )
}

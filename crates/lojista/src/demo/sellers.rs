//! Connecting the sandbox's sellers: the walk that a real seller takes, with the
//! seller's click on "authorise" done by the program.

use app::App;
use domain::ConnectionState;

use super::market::Stall;
use super::owner::Owner;
use crate::failure::Failure;

/// Connects every seller of a platform. One that is known gets a new pair of tokens, which
/// mends whatever the last end of the program left; a new one is imported.
pub(super) async fn connect(app: &App, owner: &Owner, stall: &dyn Stall) -> Result<(), Failure> {
    let kind = stall.kind();
    for seller in stall.sellers() {
        let address = app.begin_authorization(owner.organization, owner.member, kind).await?;
        let back = stall.approve(&seller, &address)?;
        let returned = back.query_pairs().into_owned().collect();
        let failed = |error: &dyn std::fmt::Display| {
            Failure::at(&format!("the seller {} cannot be connected", seller.name), error)
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
        tracing::info!(seller = seller.name, "connected");
    }
    Ok(())
}

//! Everything a job calls its platform with.

use std::sync::Arc;

use connect::{Account, Channel, ChannelError, ErrorKind};
use domain::{ConnectionId, OrganizationId};
use store::connections::Connection;

use crate::App;
use crate::error::AppError;

/// A channel and an account with a token that is good for calls.
pub(crate) struct Caller {
    app: App,
    organization: OrganizationId,
    token_version: i64,
    pub(crate) connection: Connection,
    pub(crate) account: Account,
    pub(crate) channel: Arc<dyn Channel>,
}

impl App {
    /// A connection ready for calls; its token is renewed when it is due.
    pub(crate) async fn caller(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
    ) -> Result<Caller, AppError> {
        let ready = self.ready(organization, connection).await?;
        let kind = ready.connection.channel;
        Ok(Caller {
            app: self.clone(),
            organization,
            token_version: ready.token_version,
            connection: ready.connection,
            account: ready.account,
            channel: self.channel(kind).ok_or(AppError::ChannelMissing(kind.as_str()))?,
        })
    }
}

impl Caller {
    /// Passes an answer on; a refused token is noted first, so that the next try renews it.
    pub(crate) async fn heard<T>(&self, answer: Result<T, ChannelError>) -> Result<T, AppError> {
        if let Err(error) = &answer
            && error.kind == ErrorKind::TokenRefused
        {
            self.app.token_refused(self.organization, self.connection.id, self.token_version).await?;
        }
        Ok(answer?)
    }
}

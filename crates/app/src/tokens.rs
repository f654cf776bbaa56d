//! Tokens in use: one renewal at a time over all workers and processes, and three kinds of
//! failure that are not the same (the race for a single-use refresh token is the trap
//! that every integrator reports).
//!
//! - the platform is away (network, 5xx, 429): the old pair stays, try again;
//! - the consent is over (`invalid_grant`): the connection stops and its owner is asked;
//! - the app's credentials are wrong: the operator is asked.

use std::time::Duration;

use connect::{Account, ChannelError, ErrorKind};
use domain::connection::ReauthorizationReason;
use domain::{Actor, ConnectionId, ConnectionState, OrganizationId, Restricted, TokenLife};
use store::connections::Connection;

use crate::audit::Deed;
use crate::error::AppError;
use crate::{App, Change, steps};

/// How often a worker looks whether the one who renews is done.
const WAIT_STEP: Duration = Duration::from_millis(200);
/// Looks before it gives its job back instead of waiting on.
const WAIT_STEPS: u32 = 50;

/// A connection ready for calls.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) connection: Connection,
    pub(crate) account: Account,
    /// The version of the pair in `account`.
    pub(crate) token_version: i64,
}

enum Held {
    Good(Box<Ready>),
    /// Should be renewed; `usable` while calls can still be made with what is held.
    Due {
        ready: Box<Ready>,
        refresh: Option<Restricted<String>>,
        usable: bool,
    },
}

impl App {
    /// A connection with a token that is good for calls; renews it when it is due.
    pub(crate) async fn ready(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
    ) -> Result<Ready, AppError> {
        for _ in 0..WAIT_STEPS {
            match self.held_tokens(organization, id).await? {
                Held::Good(ready) => return Ok(*ready),
                Held::Due { ready, refresh, usable } => {
                    if self.lease(organization, id, ready.token_version).await? {
                        self.renew(organization, &ready, refresh).await?;
                    } else if usable {
                        // Somebody else renews it; what we hold is good until then.
                        return Ok(*ready);
                    } else {
                        tokio::time::sleep(WAIT_STEP).await;
                    }
                }
            }
        }
        Err(AppError::NotYet("the connection's token is being renewed"))
    }

    async fn held_tokens(&self, organization: OrganizationId, id: ConnectionId) -> Result<Held, AppError> {
        let found = self.organization(organization).read(move |tenant| tenant.credentials(id)).await?;
        let held = found.ok_or(AppError::NotFound("connection"))?;
        if !matches!(held.connection.state, ConnectionState::Active | ConnectionState::DryRun) {
            // Its key may be destroyed already.
            return Err(AppError::ConnectionStopped);
        }
        let (life, now) = (held.connection.life, self.clock().now());
        let due = life.renewal_due(now);
        let (access_token, refresh) = self.open_pair(organization, &held, due)?;
        let connection = held.connection;
        let version = connection.token_version;
        let account = Account {
            connection: id,
            external_id: connection.account_external_id.clone(),
            handle: connection.handle.clone(),
            access_token,
        };
        let ready = Box::new(Ready { connection, account, token_version: version });
        if !due {
            return Ok(Held::Good(ready));
        }
        Ok(Held::Due { ready, refresh, usable: life.access_expires_at > now })
    }

    async fn lease(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        version: i64,
    ) -> Result<bool, AppError> {
        let now = self.clock().now();
        let owner = self.parts.node.clone();
        Ok(self
            .organization(organization)
            .write(move |tenant| tenant.lease_renewal(id, version, &owner, now))
            .await?)
    }

    /// Renews the pair that `held` shows; the caller holds the lease.
    async fn renew(
        &self,
        organization: OrganizationId,
        held: &Ready,
        refresh: Option<Restricted<String>>,
    ) -> Result<(), AppError> {
        let (id, version, kind) = (held.connection.id, held.token_version, held.connection.channel);
        let Some(refresh) = refresh else {
            return self.stop(organization, id, version, ReauthorizationReason::ConsentEnded).await;
        };
        let channel = self.channel(kind).ok_or(AppError::ChannelMissing(kind.as_str()))?;
        let issued = match channel.authorization().refresh(&held.account, &refresh).await {
            Ok(issued) => issued,
            Err(error) => return self.renewal_failed(organization, id, version, error).await,
        };
        self.step(steps::TOKEN_RENEWED)?;
        let app = self.clone();
        let deed = Deed::new(Actor::system("tokens"), "connection.tokens_renewed", id.to_string());
        self.organization(organization)
            .write(move |tenant| {
                let sealed = app.seal_tokens(tenant, id, version + 1, &issued)?;
                if tenant.replace_tokens(id, version, &sealed)? {
                    app.outcome(tenant, &deed, "ok")?;
                }
                Ok(())
            })
            .await?;
        self.announce(organization, Change::Connection(id));
        Ok(())
    }

    async fn renewal_failed(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        version: i64,
        error: ChannelError,
    ) -> Result<(), AppError> {
        if error.kind == ErrorKind::ConsentEnded {
            return self.stop(organization, id, version, ReauthorizationReason::ConsentEnded).await;
        }
        if error.kind == ErrorKind::AppRefused {
            return self.stop(organization, id, version, ReauthorizationReason::AppRefused).await;
        }
        let (owner, text) = (self.parts.node.clone(), error.to_string());
        self.organization(organization)
            .write(move |tenant| tenant.release_renewal(id, &owner, &text))
            .await?;
        Err(error.into())
    }

    /// Stops a connection until a person acts. Everything learned is kept.
    async fn stop(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        version: i64,
        reason: ReauthorizationReason,
    ) -> Result<(), AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let deed = Deed::new(Actor::system("tokens"), "connection.stopped", id.to_string());
        self.organization(organization)
            .write(move |tenant| {
                if tenant.stop_connection(id, version, reason, now)? {
                    app.outcome(tenant, &deed, reason.as_str())?;
                }
                Ok(())
            })
            .await?;
        tracing::warn!(connection.id = %id, reason = reason.as_str(), "connection stopped until its owner acts");
        self.announce(organization, Change::Connection(id));
        Err(AppError::ConnectionStopped)
    }

    /// Notes that the platform refused a token before its time: it counts as ended.
    pub(crate) async fn token_refused(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        version: i64,
    ) -> Result<(), AppError> {
        let now = self.clock().now();
        self.organization(organization).write(move |tenant| tenant.expire_access(id, version, now)).await?;
        Ok(())
    }

    /// Whether a connection's pair should be renewed ahead of its end.
    pub(crate) fn renewal_is_due(&self, life: &TokenLife) -> bool {
        life.renewal_due(self.clock().now())
    }
}

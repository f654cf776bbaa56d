//! A buyer's name and address, shown to whom it was granted: asked of the platform at that
//! moment, kept nowhere, each time on the trail.

use domain::buyer::Recipient;
use domain::limit::REVEAL_PER_MEMBER;
use domain::{Access, Actor, OrderId};
use store::sessions::SignedIn;

use crate::App;
use crate::audit::{Deed, NotDone};
use crate::error::AppError;

/// What a recipient is shown for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevealPurpose {
    /// The package is packed, addressed or looked for.
    Dispatch,
    /// A return or claim is handled.
    Claim,
    /// The buyer asked about their own order.
    BuyerAsked,
}

impl RevealPurpose {
    /// Every purpose there is, in the order shown.
    pub const ALL: [Self; 3] = [Self::Dispatch, Self::Claim, Self::BuyerAsked];

    /// The word in forms, events and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dispatch => "dispatch",
            Self::Claim => "claim",
            Self::BuyerAsked => "buyer_asked",
        }
    }

    /// The purpose of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == word)
    }
}

/// Why a recipient was not shown.
#[derive(Debug, thiserror::Error)]
pub enum RevealError {
    /// Nobody granted it to this member, or the day has passed until which it was.
    #[error("buyers' data were not granted")]
    NotGranted,
    /// The platform shows none.
    #[error("the platform shows no recipient of this order")]
    Nobody,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<store::StoreError> for RevealError {
    fn from(error: store::StoreError) -> Self {
        Self::App(error.into())
    }
}

impl App {
    /// Who gets an order's package. The intent stands in the log before the platform is asked, so
    /// that nobody sees an address that left no trace.
    pub async fn reveal_recipient(
        &self,
        who: &SignedIn,
        order: OrderId,
        purpose: RevealPurpose,
    ) -> Result<Recipient, RevealError> {
        let (app, now, me) = (self.clone(), self.clock().now(), who.member);
        self.limits().bound(REVEAL_PER_MEMBER, me).await?;
        let held = self.organization(who.organization);
        let deed = Deed::new(Actor::Member(me), "recipient.revealed", order.to_string())
            .with("purpose", purpose.as_str());
        let begun = deed.clone();
        let found = held
            .write(move |tenant| {
                let Some(row) = tenant.order(order)? else {
                    return Ok(Err(AppError::NotFound("order").into()));
                };
                let grants = tenant.grants(now)?;
                let is_it = |grant: &&store::access::GrantRow| {
                    grant.member == me && grant.access == Access::BuyerData.as_str()
                };
                let Some(grant) = grants.iter().find(is_it) else {
                    app.not_done(tenant, &begun, NotDone::Refused, "not granted")?;
                    return Ok(Err(RevealError::NotGranted));
                };
                let begun = begun.with("grant", grant.id);
                app.intent(tenant, &begun)?;
                Ok(Ok((row.connection, row.external_id, begun)))
            })
            .await?;
        let (connection, external_id, deed) = found?;
        let answer = self.recipient_at(who, connection, &external_id).await;
        let (app, why) = (self.clone(), answer.as_ref().err().map(ToString::to_string));
        held.write(move |tenant| match why {
            None => app.outcome(tenant, &deed, "ok"),
            Some(why) => app.not_done(tenant, &deed, NotDone::Failed, &why),
        })
        .await?;
        answer
    }

    async fn recipient_at(
        &self,
        who: &SignedIn,
        connection: domain::ConnectionId,
        external_id: &str,
    ) -> Result<Recipient, RevealError> {
        let caller = self.caller(who.organization, connection).await?;
        let buyers = caller.channel.buyers().ok_or(RevealError::Nobody)?;
        let read = buyers.recipient(&caller.account, external_id).await;
        match caller.heard(read).await {
            Ok(recipient) => Ok(recipient),
            Err(AppError::Channel(connect::ChannelError { kind: connect::ErrorKind::NotFound, .. })) => {
                Err(RevealError::Nobody)
            }
            Err(error) => Err(error.into()),
        }
    }
}

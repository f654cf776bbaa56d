//! What an organization has of letters, holds and requests, for the test that strangers reach
//! nothing of it.

use domain::privacy::{Regime, RequestKind};
use domain::{HoldId, MailId, MemberId, RequestId, TicketId};
use store::holds::{Held, NewHold};
use store::leaving::Leaving;
use store::requests::{NewRequest, NewTicket};
use vault::Sealed;

use crate::shop::Shop;

/// By their ids.
#[derive(Clone, Copy)]
pub(crate) struct Papers {
    pub(crate) mail: MailId,
    pub(crate) hold: HoldId,
    pub(crate) ticket: TicketId,
    pub(crate) request: RequestId,
}

impl Papers {
    pub(crate) async fn of(shop: &Shop<'_>, by: MemberId) -> Self {
        let house = shop.house;
        let now = house.now();
        let papers = Self { mail: house.id(), hold: house.id(), ticket: house.id(), request: house.id() };
        let hold = NewHold {
            id: papers.hold,
            held: Held::Class("buyer".into()),
            reason: "process".into(),
            review_by: now,
            by,
        };
        let ticket = NewTicket {
            id: papers.ticket,
            digest: house.digest(),
            letter: Sealed::from_bytes(vec![1]),
            tries: 5,
            expires_at: domain::Timestamp::from_millis(i64::MAX),
        };
        let wish =
            Leaving { asked_by: by, reason: "closed".into(), asked_at: now, due_at: now, begun_at: None };
        let request = request(papers.request, by, now);
        shop.write(move |shop| {
            shop.keep_mail(papers.mail, "test", &Sealed::from_bytes(vec![1]), now, now)?;
            shop.place_hold(&hold, now)?;
            shop.keep_ticket(&ticket)?;
            shop.ask_to_leave(&wish)?;
            shop.keep_request(&request)
        })
        .await;
        papers
    }
}

/// A request of a member.
pub(crate) fn request(id: RequestId, member: MemberId, at: domain::Timestamp) -> NewRequest {
    NewRequest {
        id,
        kind: RequestKind::Access,
        regime: Regime::Lgpd,
        language: "en".into(),
        member: Some(member),
        person: Sealed::from_bytes(vec![1]),
        received_at: at,
        due_at: at,
    }
}

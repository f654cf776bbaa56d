//! What an organization has of letters, holds and requests, for the test that strangers reach
//! nothing of it.

use domain::{HoldId, MailId, MemberId};
use store::holds::{Held, NewHold};
use vault::Sealed;

use crate::shop::Shop;

/// By their ids.
#[derive(Clone, Copy)]
pub(crate) struct Papers {
    pub(crate) mail: MailId,
    pub(crate) hold: HoldId,
}

impl Papers {
    pub(crate) async fn of(shop: &Shop<'_>, by: MemberId) -> Self {
        let (mail, hold, now) = (shop.house.id(), shop.house.id(), shop.house.now());
        let new = NewHold {
            id: hold,
            held: Held::Class("buyer".into()),
            reason: "process".into(),
            review_by: now,
            by,
        };
        shop.write(move |shop| {
            shop.keep_mail(mail, "test", &Sealed::from_bytes(vec![1]), now, now)?;
            shop.place_hold(&new, now)
        })
        .await;
        Self { mail, hold }
    }
}

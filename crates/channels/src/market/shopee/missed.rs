//! Pushes that the platform gave up on: the earliest hundred of the whole app, which make
//! room for the next when they are confirmed.
//!
//! The cursor of the next page is the number of the last push of this one; coming back with
//! it says that the page was kept, and only then is it confirmed. A page that holds pushes of
//! other shops is not: they would be lost to those. The sweep finds what they were about.

use connect::{Account, Call, ChannelError, HookEvent, MissedHooks, Page};
use http::Method;

use super::ids::{id, is_number};
use super::wire::{self, filled};
use super::{Shopee, hook};
use crate::market::refusal;

/// What our cursors begin with, so that no other channel's is taken for one.
const WORD: &str = "lost:";
const OPERATION: &str = "list missed hooks";

impl MissedHooks for Shopee {
    fn page<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<HookEvent>> {
        Box::pin(async move {
            if let Some(text) = cursor {
                let last = text.strip_prefix(WORD).filter(|last| is_number(last));
                self.confirm(last.ok_or_else(|| refusal::cursor(OPERATION))?).await?;
            }
            let spec = self.app_call(OPERATION, Method::GET, ["push", "get_lost_push_message"]);
            let (given, answer): (wire::LostPushes, _) = self.ask(spec).await?;
            let Some(pushes) = given.pushes else {
                return Err(answer.garbled("push_message_list is missing"));
            };
            let last = filled(given.last_message_id.as_ref()).filter(|last| is_number(last));
            // One that cannot be read must not hide the rest: the sweep finds what it was about.
            let events: Vec<HookEvent> = pushes.iter().flat_map(|push| self.read_lost(push)).collect();
            let is_ours = |event: &HookEvent| event.account_external_id == account.external_id;
            let has_others =
                pushes.iter().any(|push| of_another(push, account)) || !events.iter().all(is_ours);
            let may_confirm = !pushes.is_empty() && !has_others;
            let next = last.filter(|_| may_confirm).map(|last| format!("{WORD}{last}"));
            let items = events.into_iter().filter(is_ours).collect();
            Ok(Page { items, next, total: None })
        })
    }
}

impl Shopee {
    /// Lets the platform drop all pushes up to this one.
    async fn confirm(&self, last: &str) -> Result<(), ChannelError> {
        let body = format!(r#"{{"last_message_id":{last}}}"#);
        let spec =
            self.app_call(OPERATION, Method::POST, ["push", "confirm_consumed_lost_push_message"]).json(body);
        self.ask_flat::<wire::Fault>(spec).await.map(drop)
    }

    /// What a push in the list says: in `data` it stands whole, or (which the documents leave
    /// open) without what is beside it.
    fn read_lost(&self, lost: &wire::LostPush) -> Vec<HookEvent> {
        let data = lost.data.as_ref().map(|data| data.0.as_str()).unwrap_or_default();
        let whole = serde_json::from_str::<wire::Push>(data).ok().filter(|push| push.code.is_some());
        let push = whole.unwrap_or_else(|| wire::Push {
            code: lost.code.clone(),
            partner_id: None,
            shop_id: lost.shop_id.clone(),
            timestamp: lost.timestamp.clone(),
            data: serde_json::from_str(data).ok(),
        });
        hook::events(&push, &self.config.partner_id).unwrap_or_default()
    }
}

fn of_another(lost: &wire::LostPush, account: &Account) -> bool {
    id(lost.shop_id.as_ref()).is_some_and(|shop| shop != account.external_id)
}

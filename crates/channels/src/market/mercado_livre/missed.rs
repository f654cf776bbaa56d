//! Hooks that the platform gave up on.

use connect::{Account, Call, HookEvent, MissedHooks, Page};
use http::Method;

use super::wire;
use super::{MercadoLivre, hook};
use crate::market::refusal;

/// The topics that the hub acts on; each is asked for apart, because `items` is refused
/// without a site.
const TOPICS: [&str; 3] = ["orders_v2", "shipments", "items"];
/// Notifications on one page: the platform's own default, its ceiling is not documented.
const PAGE: usize = 10;
const OPERATION: &str = "list missed hooks";

impl MissedHooks for MercadoLivre {
    fn page<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<HookEvent>> {
        Box::pin(async move {
            let (index, offset) = match cursor {
                None => (0, 0),
                Some(text) => parse(text).ok_or_else(|| refusal::cursor(OPERATION))?,
            };
            let topic = TOPICS[index];
            let mut spec = self
                .request(OPERATION, Method::GET, account, &["missed_feeds"])
                .query("app_id", &self.config.client_id)
                .query("topic", topic)
                .query("limit", &PAGE.to_string())
                .query("offset", &offset.to_string());
            if topic == "items" {
                spec = spec.query("site_id", &self.config.site);
            }
            let answer = self.ask(spec).await?;
            let feeds: wire::MissedFeeds = answer.json()?;
            let messages = feeds.messages.unwrap_or_default();
            // The list is the app's: it holds other sellers' notifications, and one that
            // cannot be read must not hide the rest (the sweep finds what it was about).
            let items = messages
                .iter()
                .filter_map(|note| hook::event(note, &self.config.client_id).ok())
                .filter(|event| event.account_external_id == account.external_id)
                .collect();
            let next = if messages.len() >= PAGE {
                Some(format!("{index}:{}", offset + messages.len()))
            } else if index + 1 < TOPICS.len() {
                Some(format!("{}:0", index + 1))
            } else {
                None
            };
            Ok(Page { items, next, total: None })
        })
    }
}

fn parse(cursor: &str) -> Option<(usize, usize)> {
    let (index, offset) = cursor.split_once(':')?;
    let index: usize = index.parse().ok()?;
    (index < TOPICS.len()).then_some((index, offset.parse().ok()?))
}

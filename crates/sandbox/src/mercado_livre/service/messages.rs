//! Messages after the sale: conversations, blocking, the agent in between
//! (fact sheet §14). The ways to open a conversation are in `action_guide`.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::claims;
use super::lookup;
use super::speech;
use crate::mercado_livre::World;
use crate::mercado_livre::order::{Order, OrderStatus};

/// Who stands between buyer and seller in Brazil.
pub const AGENT_ID: i64 = 3_037_675_074;
/// 2 February 2026, 00:00 in Brazil: from then on the agent stands in between.
pub const AGENT_SINCE: Timestamp = Timestamp::from_millis(1_770_001_200_000);
/// Longest text of a seller, in characters.
pub const SELLER_MAX_LENGTH: usize = 350;
/// Longest text of a buyer, in characters.
pub const BUYER_MAX_LENGTH: usize = 3_500;
/// A delivered purchase takes messages for this long.
pub const OPEN_AFTER_DELIVERY: Duration = Duration::from_hours(30 * 24);
/// Conversations end after this long: eighteen months.
pub const CONVERSATION_LIFE: Duration = Duration::from_hours(18 * 30 * 24);
/// A buyer waits this long, weekends not counted, before the agent closes.
pub const AGENT_PATIENCE: Duration = Duration::from_hours(48);
/// The same text in this many purchases counts as mass messaging.
const MASS_MESSAGE_PURCHASES: usize = 5;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Pack, or order where there is no pack.
    pub pack_id: i64,
    /// The seller of the conversation.
    pub seller_id: i64,
    /// The application it was sent with; 0 from the buyer's screen.
    pub client_id: i64,
    /// Who wrote.
    pub from: i64,
    /// To whom.
    pub to: i64,
    /// The text.
    pub text: String,
    /// When it was written.
    pub created: Timestamp,
    /// When the receiver read it.
    pub read: Option<Timestamp>,
    /// Why moderation stopped it.
    pub rejected: Option<String>,
    /// Ids of attachments.
    pub attachments: Vec<String>,
}

/// An uploaded file that a message may carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Who uploaded it.
    pub owner_id: i64,
    /// Name as uploaded.
    pub filename: String,
    /// Media type as uploaded.
    pub content_type: String,
    /// The bytes.
    pub content: Vec<u8>,
    /// When it was uploaded.
    pub created: Timestamp,
}

/// A conversation about one purchase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Messages, oldest first.
    pub messages: Vec<Message>,
    /// How often the seller has used each way to open a conversation.
    pub used_options: BTreeMap<String, u32>,
    /// A block set by hand.
    pub forced_block: Option<String>,
}

/// All conversations and uploaded files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Messages {
    /// By pack (or order) id.
    pub conversations: BTreeMap<i64, Conversation>,
    /// By id.
    pub attachments: BTreeMap<String, Attachment>,
}

impl Conversation {
    /// True once the buyer has written.
    #[must_use]
    pub fn buyer_wrote(&self, seller_id: i64) -> bool {
        self.messages.iter().any(|message| message.from != seller_id)
    }

    /// The last message that got through.
    fn last(&self) -> Option<&Message> {
        self.messages.iter().rfind(|message| message.rejected.is_none())
    }
}

impl Messages {
    /// The conversation about a purchase, made when there is none.
    pub fn about(&mut self, pack_id: i64) -> &mut Conversation {
        self.conversations.entry(pack_id).or_default()
    }

    /// The message of this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Message> {
        self.conversations.values().flat_map(|talk| &talk.messages).find(|message| message.id == id)
    }

    fn is_mass_message(&self, seller_id: i64, text: &str) -> bool {
        let sent =
            |talk: &&Conversation| talk.messages.iter().any(|it| it.from == seller_id && it.text == text);
        self.conversations.values().filter(sent).count() >= MASS_MESSAGE_PURCHASES
    }
}

/// What a conversation is about: the purchase as messages see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
    /// Pack, or order where there is no pack.
    pub pack_id: i64,
    /// The seller.
    pub seller_id: i64,
    /// The buyer.
    pub buyer_id: i64,
}

/// The purchase behind a pack or order id.
#[must_use]
pub fn purchase(world: &World, pack_or_order: i64) -> Option<Purchase> {
    let orders = lookup::orders_of_pack(world, pack_or_order);
    let first = orders.iter().find(|order| order.reached_seller())?;
    let pack_id = first.pack_id.unwrap_or(first.id);
    Some(Purchase { pack_id, seller_id: first.seller_id, buyer_id: first.buyer_id })
}

/// Whom the seller writes to: the agent since February 2026, the buyer before.
#[must_use]
pub fn counterpart(world: &World, purchase: Purchase) -> i64 {
    if world.now >= AGENT_SINCE { AGENT_ID } else { purchase.buyer_id }
}

/// Why the seller may not write now, as the sub-status of the conversation.
#[must_use]
pub fn block(world: &World, purchase: Purchase) -> Option<String> {
    let conversations = &world.service.messages.conversations;
    let talk = conversations.get(&purchase.pack_id);
    if let Some(forced) = talk.and_then(|talk| talk.forced_block.clone()) {
        return Some(forced);
    }
    let orders = lookup::orders_of_pack(world, purchase.pack_id);
    let substatus = block_of_orders(world, &orders, talk).or_else(|| block_of_talk(world, purchase, talk))?;
    Some(format!("blocked_by_{substatus}"))
}

fn block_of_orders(world: &World, orders: &[&Order], talk: Option<&Conversation>) -> Option<&'static str> {
    if orders.iter().any(|order| claims::in_dispute(world, order.id)) {
        let full = orders.iter().any(|order| lookup::is_full(world, order));
        return Some(if full { "mediation_fbm" } else { "mediation" });
    }
    if orders.iter().all(|order| order.status == OrderStatus::Cancelled)
        && talk.is_none_or(|it| it.messages.is_empty())
    {
        let fraud = orders.iter().any(|order| order.cancel.as_ref().is_some_and(|why| why.group == "fraud"));
        return Some(if fraud { "cancelled_order_by_fraud" } else { "cancelled_order" });
    }
    if orders.iter().any(|order| !order.reached_seller()) {
        return Some("payment");
    }
    if orders.iter().any(|order| lookup::is_full(world, order) && !lookup::is_delivered(world, order)) {
        return Some("fulfillment");
    }
    let bought = orders.iter().filter_map(|order| order.closed).max()?;
    if world.now.since(bought) > CONVERSATION_LIFE {
        return Some("conversation_expired");
    }
    let delivered =
        orders.iter().filter_map(|order| lookup::parcel(world, order)).filter_map(claims::delivered_at);
    delivered.max().filter(|at| world.now.since(*at) > OPEN_AFTER_DELIVERY).map(|_| "time")
}

fn block_of_talk(world: &World, purchase: Purchase, talk: Option<&Conversation>) -> Option<&'static str> {
    let Some(talk) = talk.filter(|talk| !talk.messages.is_empty()) else {
        return Some("conversation_initiated_by_seller");
    };
    if !talk.buyer_wrote(purchase.seller_id) {
        return Some("conversation_initiated_by_seller_limited");
    }
    let last = talk.last()?;
    let waits = last.from != purchase.seller_id && last.created >= AGENT_SINCE;
    (waits && working_time(last.created, world.now) > AGENT_PATIENCE).then_some("ai_assistant_expired")
}

/// Time between two instants without Saturdays and Sundays (UTC days; hours are counted whole).
fn working_time(from: Timestamp, to: Timestamp) -> Duration {
    const HOUR: Duration = Duration::from_hours(1);
    // Longer spans are over any limit, weekends or not.
    let hours = to.since(from).as_secs() / 3_600;
    let is_working = |hour: &u64| {
        let at = from.plus(HOUR * u32::try_from(*hour).unwrap_or(u32::MAX));
        // 1 January 1970 was a Thursday: day 2 and 3 of each week are the weekend.
        !matches!(at.as_millis().div_euclid(86_400_000).rem_euclid(7), 2 | 3)
    };
    let counted = (0..hours.min(24 * 30)).filter(is_working).count();
    HOUR * u32::try_from(counted).unwrap_or(u32::MAX)
}

/// A new message in a conversation; moderation looks at it at once. Gives its id.
pub(super) fn deliver(world: &mut World, purchase: Purchase, letter: Letter) -> String {
    let id = world.dice.hex(32);
    let now = world.now;
    let from_seller = letter.from == purchase.seller_id;
    let messages = &world.service.messages;
    let rejected = speech::offence(&letter.text).map(|offence| offence.reason().to_owned()).or_else(|| {
        let mass = from_seller && messages.is_mass_message(purchase.seller_id, &letter.text);
        mass.then(|| "AUTOMATIC_MESSAGE".to_owned())
    });
    let message = Message {
        id: id.clone(),
        pack_id: purchase.pack_id,
        seller_id: purchase.seller_id,
        client_id: letter.client_id,
        from: letter.from,
        to: letter.to,
        text: letter.text,
        created: now,
        read: None,
        rejected,
        attachments: letter.attachments,
    };
    world.service.messages.about(purchase.pack_id).messages.push(message);
    lookup::notify(world, "messages", purchase.seller_id, &id, &["created"]);
    id
}

/// What somebody writes, before it is a message.
#[derive(Debug, Clone, Default)]
pub(super) struct Letter {
    pub(super) client_id: i64,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) text: String,
    pub(super) attachments: Vec<String>,
}

/// A buyer writes about a purchase; the agent passes it on. Gives the message id.
pub fn write_as_buyer(world: &mut World, purchase: Purchase, text: &str) -> String {
    let text: String = text.chars().take(BUYER_MAX_LENGTH).collect();
    let from = counterpart(world, purchase);
    let letter = Letter { from, to: purchase.seller_id, text, ..Letter::default() };
    deliver(world, purchase, letter)
}

/// Marks everything sent to the seller as read; says so when something changed.
pub(super) fn mark_read(world: &mut World, purchase: Purchase) {
    let now = world.now;
    let mut read = Vec::new();
    for message in &mut world.service.messages.about(purchase.pack_id).messages {
        if message.to == purchase.seller_id && message.read.is_none() && message.rejected.is_none() {
            message.read = Some(now);
            read.push(message.id.clone());
        }
    }
    for id in read {
        lookup::notify(world, "messages", purchase.seller_id, &id, &["read"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_comes_in_on_the_second_of_february_2026() {
        assert_eq!(Timestamp::parse("2026-02-02T00:00:00-03:00"), Some(AGENT_SINCE));
    }

    #[test]
    fn a_weekend_does_not_count_as_waiting() {
        let friday = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        let monday = Timestamp::parse("2026-11-23T12:00:00Z").unwrap();
        assert_eq!(working_time(friday, monday), Duration::from_hours(24));
    }
}

//! Customer service and everything beside selling: questions, messages, claims,
//! pictures, moderation, feedback and billing data.

mod action_guide;
pub mod biller;
mod blocked;
pub(crate) mod chatter;
mod claim_actions;
mod claim_pages;
pub mod claims;
mod control;
pub mod documents;
pub mod feedback;
pub mod invoice;
mod lookup;
mod message_pages;
pub mod messages;
pub mod moderation;
pub use crate::multipart;
pub mod questions;
pub mod returns;
mod speech;
#[cfg(test)]
pub(crate) mod testing;

use serde::{Deserialize, Serialize};

use super::World;
use super::catalogue::pictures::{self, Pictures};
use crate::table::Route;

/// The state of this part of the world.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Pictures by id.
    pub pictures: Pictures,
    /// Questions before the sale.
    pub questions: questions::Questions,
    /// Messages after the sale.
    pub messages: messages::Messages,
    /// Claims by id.
    pub claims: claims::Claims,
    /// Decisions of moderation, oldest first.
    pub infractions: Vec<moderation::Infraction>,
    /// Feedback and notes.
    pub remarks: feedback::Remarks,
    /// What the platform's biller knows of products.
    pub biller: biller::Biller,
    /// Electronic notes and files attached to sales.
    pub fiscal: invoice::Fiscal,
}

/// Something here that happens by itself at its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceEvent {
    /// The platform has tried to fetch a picture from its URL.
    PictureFetched(String),
    /// The time to act on a claim is over.
    ClaimDue(i64),
    /// The time to mend what a warning named is over.
    WarningExpires(String),
    /// Moderation has looked at a mended item.
    PatchReviewed(String),
    /// The product of a claim takes its next step back.
    ReturnMoves(i64),
}

/// The resources of this part, its control resources included.
pub(crate) fn routes() -> Vec<Route> {
    [
        questions::routes(),
        blocked::routes(),
        message_pages::routes(),
        action_guide::routes(),
        claim_pages::routes(),
        claim_actions::routes(),
        returns::routes(),
        moderation::routes(),
        feedback::routes(),
        invoice::routes(),
        documents::routes(),
        biller::routes(),
        control::routes(),
    ]
    .concat()
}

/// Lets a planned event happen.
pub(crate) fn happen(world: &mut World, event: ServiceEvent) {
    match event {
        ServiceEvent::PictureFetched(id) => pictures::fetched(world, &id),
        ServiceEvent::ClaimDue(id) => claims::fall_due(world, id),
        ServiceEvent::WarningExpires(item) => moderation::warning_expires(world, &item),
        ServiceEvent::PatchReviewed(item) => moderation::patch_reviewed(world, &item),
        ServiceEvent::ReturnMoves(id) => returns::move_on(world, id),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::World;
    use super::testing::{SELLER, Shop};

    /// A shop in which something of every kind has happened.
    fn eventful() -> Shop {
        let mut shop = Shop::open();
        let order = shop.sell();
        let item = shop.item.clone();
        shop.deliver(order);
        shop.post("/_sandbox/questions", &json!({"item_id": item}));
        shop.post("/_sandbox/messages", &json!({"order_id": order}));
        shop.post("/_sandbox/claims", &json!({"order_id": order}));
        shop.post("/_sandbox/moderation", &json!({"item_id": item, "hit": "warning"}));
        shop.post(&format!("/orders/{order}/notes"), &json!({"note": "Embrulhar"}));
        shop.upload("/messages/attachments?tag=post_sale&site_id=MLB", "file", "a.txt", b"oi");
        shop.post(&format!("/users/{SELLER}/questions_blacklist"), &json!({"user_id": 500}));
        shop
    }

    #[test]
    fn a_dump_can_be_put_back_as_it_was() {
        let shop = eventful();
        let dump = serde_json::to_string(&shop.world).unwrap();
        let back: World = serde_json::from_str(&dump).unwrap();
        assert_eq!(back, shop.world);
    }

    #[test]
    fn the_same_calls_at_the_same_times_give_the_same_world() {
        assert_eq!(eventful().world, eventful().world);
    }
}

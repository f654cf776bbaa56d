//! The words of questions, messages and claims. What people wrote stands in types of its own,
//! which only readings for a page use.
#![expect(clippy::struct_field_names, reason = "fields are called what the platform calls them")]

use serde::Deserialize;

use crate::market::loose::{Loose, Reference, helpful};
use crate::market::mercado_livre::wire::Paging;

/// `GET /questions/search`.
#[derive(Debug, Deserialize)]
pub(super) struct QuestionSearch {
    pub(super) questions: Vec<Question>,
    pub(super) total: Option<Loose>,
}

/// `GET /questions/{id}`, a row of the search, and what `POST /answers` gives.
#[derive(Debug, Deserialize)]
pub(super) struct Question {
    pub(super) id: Loose,
    pub(super) date_created: Option<Loose>,
    pub(super) item_id: Option<Loose>,
    pub(super) status: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) answer: Option<Answered>,
}

/// That there is an answer, and since when.
#[derive(Debug, Deserialize)]
pub(super) struct Answered {
    pub(super) date_created: Option<Loose>,
}

/// The texts of a question.
#[derive(Debug, Default, Deserialize)]
pub(super) struct QuestionTexts {
    pub(super) text: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) answer: Option<AnswerText>,
}

/// The text of an answer.
#[derive(Debug, Deserialize)]
pub(super) struct AnswerText {
    pub(super) text: Option<Loose>,
}

/// `GET /messages/unread`.
#[derive(Debug, Deserialize)]
pub(super) struct Unread {
    pub(super) results: Vec<UnreadThread>,
}

/// A thread that has not been read.
#[derive(Debug, Deserialize)]
pub(super) struct UnreadThread {
    pub(super) resource: Option<Loose>,
}

/// `GET /messages/packs/{pack}/sellers/{seller}`, the newest message first.
#[derive(Debug, Deserialize)]
pub(super) struct Thread {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) conversation_status: Option<ConversationStatus>,
    pub(super) messages: Vec<Message>,
}

/// Whether a thread takes messages.
#[derive(Debug, Deserialize)]
pub(super) struct ConversationStatus {
    pub(super) path: Option<Loose>,
    pub(super) status: Option<Loose>,
    pub(super) substatus: Option<Loose>,
}

/// A message.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) from: Option<User>,
    pub(super) status: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) message_date: Option<MessageDate>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) message_resources: Option<Vec<Resource>>,
}

/// Who wrote.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) user_id: Option<Loose>,
}

/// When it was written.
#[derive(Debug, Deserialize)]
pub(super) struct MessageDate {
    pub(super) created: Option<Loose>,
    pub(super) received: Option<Loose>,
}

/// What a message belongs to.
#[derive(Debug, Deserialize)]
pub(super) struct Resource {
    pub(super) id: Option<Loose>,
    pub(super) name: Option<Loose>,
}

/// The texts of a thread.
#[derive(Debug, Deserialize)]
pub(super) struct ThreadTexts {
    pub(super) messages: Vec<MessageText>,
}

/// The text of a message.
#[derive(Debug, Deserialize)]
pub(super) struct MessageText {
    pub(super) text: Option<Loose>,
}

/// `GET /messages/{id}`: the message alone, or in a list of one.
#[derive(Debug, Deserialize)]
pub(super) struct OneMessage {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) messages: Option<Vec<Message>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) message_resources: Option<Vec<Resource>>,
}

/// `GET /post-purchase/v1/claims/search`.
#[derive(Debug, Deserialize)]
pub(super) struct ClaimSearch {
    pub(super) data: Vec<Claim>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) paging: Option<Paging>,
}

/// `GET /post-purchase/v1/claims/{id}`, and a row of the search.
#[derive(Debug, Deserialize)]
pub(super) struct Claim {
    pub(super) id: Loose,
    pub(super) resource: Option<Loose>,
    pub(super) resource_id: Option<Loose>,
    pub(super) status: Option<Loose>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Loose>,
    pub(super) stage: Option<Loose>,
    pub(super) reason_id: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) players: Option<Vec<Player>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) resolution: Option<Resolution>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) related_entities: Option<Vec<Loose>>,
    pub(super) date_created: Option<Loose>,
    #[serde(alias = "last_update")]
    pub(super) last_updated: Option<Loose>,
}

/// A party of a claim.
#[derive(Debug, Deserialize)]
pub(super) struct Player {
    pub(super) role: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) available_actions: Option<Vec<Action>>,
}

/// What a party can do.
#[derive(Debug, Deserialize)]
pub(super) struct Action {
    pub(super) action: Option<Loose>,
    pub(super) mandatory: Option<Loose>,
    pub(super) due_date: Option<Loose>,
}

/// How a claim ended.
#[derive(Debug, Deserialize)]
pub(super) struct Resolution {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) benefited: Option<Vec<Loose>>,
    pub(super) closed_by: Option<Loose>,
}

/// A row of `GET /post-purchase/v1/claims/{id}/messages`, the newest first.
#[derive(Debug, Deserialize)]
pub(super) struct ClaimMessage {
    pub(super) sender_role: Option<Loose>,
    pub(super) receiver_role: Option<Loose>,
    pub(super) message: Option<Loose>,
    pub(super) date_created: Option<Loose>,
}

/// `GET /post-purchase/v2/claims/{id}/returns`.
pub(super) type Return = Reference;

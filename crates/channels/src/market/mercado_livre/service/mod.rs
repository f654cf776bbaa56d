//! Service to buyers: questions, post-sale messages, and claims, which the platform numbers
//! together whether they are complaints, returns or requests to cancel.

mod claims;
#[cfg(test)]
pub(in crate::market) mod facts;
mod map;
mod messages;
mod questions;
mod wire;

/// Largest page number and offset in a cursor of ours.
fn offset_of(cursor: &str, word: &str) -> Option<u64> {
    cursor.strip_prefix(word)?.strip_prefix(':')?.parse().ok()
}

//! For tests: what a buyer is found by.

use domain::buyer::{Recipient, Term};
use domain::{Actor, Buyer, Grant, Purpose, Timestamp};

/// Each term as `kind:text`.
pub(in crate::market) fn terms(buyer: &Buyer) -> Vec<String> {
    let grant = Grant::issue(Actor::system("test"), Purpose::Seal, Timestamp::EPOCH);
    let shown = |term: &Term| format!("{}:{}", term.kind.as_str(), term.text.reveal(&grant));
    buyer.terms.iter().map(shown).collect()
}

/// A recipient's lines.
pub(in crate::market) fn shown(recipient: &Recipient) -> Vec<String> {
    let grant = Grant::issue(Actor::system("test"), Purpose::DispatchOrder, Timestamp::EPOCH);
    recipient.reveal(&grant).clone()
}

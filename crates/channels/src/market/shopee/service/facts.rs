//! What is true of service to buyers at Shopee, for `docs/channels.md`.

use super::map;
use crate::market::document::Fact::{Has, Lacks};
use crate::market::document::{ServiceSheet, Words};
use crate::market::shopee::SPEC;
use crate::market::shopee::tests::conformance::Kit;

/// All that the document tells.
pub(in crate::market) fn sheet() -> ServiceSheet {
    ServiceSheet {
        channel: SPEC.kind,
        harness: Box::new(Kit),
        questions: Lacks("the platform has no questions before the sale"),
        messages: Lacks(
            "`sellerchat` is for whitelisted and in-house apps; an app of this category is refused",
        ),
        cancellations: Has("orders in `IN_CANCEL`; accepted or refused"),
        returns: Has("returns and refunds, several for one order"),
        answers: Has("a return's full refund; both answers to a request to cancel"),
        elsewhere: "disputes (they want the seller's e-mail and photographs), offers of another sum, proofs",
        deadline: "`due_date`; when goods are back, `return_seller_due_date`; for proofs, their own; a request to cancel has none",
        hooks: "`return_updates_push`, and `order_status_push` with `IN_CANCEL`",
        words: vec![
            Words {
                field: "`status` of a return",
                documented: &[
                    "REQUESTED",
                    "PROCESSING",
                    "JUDGING",
                    "SELLER_DISPUTE",
                    "ACCEPTED",
                    "CANCELLED",
                    "CLOSED",
                ],
                state: map::bare_return_state,
            },
            Words {
                field: "`order_status` of an order whose buyer asked to cancel",
                documented: &[
                    "IN_CANCEL",
                    "CANCELLED",
                    "UNPAID",
                    "PENDING",
                    "READY_TO_SHIP",
                    "PROCESSED",
                    "RETRY_SHIP",
                    "SHIPPED",
                    "TO_CONFIRM_RECEIVE",
                    "COMPLETED",
                    "TO_RETURN",
                ],
                state: map::request_state,
            },
        ],
    }
}

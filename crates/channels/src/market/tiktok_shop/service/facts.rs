//! What is true of service to buyers at TikTok Shop, for `docs/channels.md`.

use super::map;
use crate::market::document::Fact::{Has, Lacks};
use crate::market::document::{ServiceSheet, Words};
use crate::market::tiktok_shop::SPEC;
use crate::market::tiktok_shop::tests::conformance::Kit;

/// All that the document tells.
pub(in crate::market) fn sheet() -> ServiceSheet {
    ServiceSheet {
        channel: SPEC.kind,
        harness: Box::new(Kit),
        questions: Lacks("the platform has no questions before the sale"),
        messages: Lacks(
            "chat needs an app of the category \"Customer Service\" and a scope that TikTok gives out itself",
        ),
        cancellations: Has(
            "what buyers ask for (`BUYER_CANCEL`); accepted, or refused with one of the platform's reasons",
        ),
        returns: Has("returns, refunds and replacements"),
        answers: Has(
            "yes and no to the request and to what came back, each with the decision that is waited for; all the money at once",
        ),
        elsewhere: "partial refunds and what comes to arbitration",
        deadline: "`deadline` of `seller_next_action_response`; without an answer until then the platform agrees by itself",
        hooks: "`CANCELLATION_STATUS_CHANGE`, `RETURN_STATUS_CHANGE`",
        words: vec![
            Words {
                field: "`cancel_status` while nobody waits for the seller",
                documented: &[
                    "CANCELLATION_REQUEST_PENDING",
                    "CANCELLATION_REQUEST_SUCCESS",
                    "CANCELLATION_REQUEST_COMPLETE",
                    "CANCELLATION_REQUEST_CANCEL",
                    "CANCELLATION_REQUEST_CANCELLED",
                ],
                state: map::cancellation_state,
            },
            Words {
                field: "`return_status` while nobody waits for the seller",
                documented: &[
                    "RETURN_OR_REFUND_REQUEST_PENDING",
                    "REPLACEMENT_REQUEST_PENDING",
                    "EXCHANGE_REQUEST_PENDING",
                    "AWAITING_BUYER_SHIP",
                    "AWAITING_BUYER_RESPONSE",
                    "BUYER_SHIPPED_ITEM",
                    "RETURN_OR_REFUND_REQUEST_SUCCESS",
                    "RETURN_OR_REFUND_REQUEST_COMPLETE",
                    "REPLACEMENT_REQUEST_REFUND_SUCCESS",
                    "REPLACEMENT_REQUEST_COMPLETE",
                    "EXCHANGE_REQUEST_COMPLETE",
                    "REFUND_OR_RETURN_REQUEST_REJECT",
                    "REJECT_RECEIVE_PACKAGE",
                    "REPLACEMENT_REQUEST_REJECT",
                    "EXCHANGE_REQUEST_REJECT",
                    "RETURN_OR_REFUND_REQUEST_CANCEL",
                    "REPLACEMENT_REQUEST_CANCEL",
                    "EXCHANGE_REQUEST_CANCEL",
                ],
                state: map::return_state,
            },
        ],
    }
}

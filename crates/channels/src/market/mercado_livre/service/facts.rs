//! What is true of service to buyers at Mercado Livre, for `docs/channels.md`.

use super::map;
use crate::market::document::Fact::Has;
use crate::market::document::{ServiceSheet, Words};
use crate::market::mercado_livre::SPEC;
use crate::market::mercado_livre::tests::conformance::Kit;

/// All that the document tells.
pub(in crate::market) fn sheet() -> ServiceSheet {
    ServiceSheet {
        channel: SPEC.kind,
        harness: Box::new(Kit),
        questions: Has("the oldest thousand that wait; up to 2,000 characters, one answer each"),
        messages: Has(
            "a thread for each cart or order; up to 350 characters, to whoever wrote last; reading marks nothing as read",
        ),
        cancellations: Has("claims of the types `cancel_purchase` and `cancel_sale`"),
        returns: Has("claims, returns and changes in one list; each status is swept apart"),
        answers: Has(
            "whatever of message, full refund, return, mediation and \"what came back is right\" the claim offers now",
        ),
        elsewhere: "partial refunds, proofs of shipping, complaints about what came back (they want files)",
        deadline: "`due_date` of the mandatory action; questions and messages have none",
        hooks: "`questions`, `messages`, `post_purchase`",
        words: vec![Words {
            field: "`status` of a question",
            documented: &[
                "UNANSWERED",
                "ANSWERED",
                "CLOSED_UNANSWERED",
                "UNDER_REVIEW",
                "BANNED",
                "DELETED",
                "DISABLED",
            ],
            state: map::question_state,
        }],
    }
}

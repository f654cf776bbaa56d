//! What is true of dispatch at Shopee, for `docs/channels.md`.

use super::map;
use crate::market::document::DispatchSheet;
use crate::market::document::Fact::{Has, Lacks};
use crate::market::shopee::SPEC;
use crate::market::shopee::facts::life;
use crate::market::shopee::tests::conformance::Kit;

/// All that the document tells.
pub(in crate::market) fn sheet() -> DispatchSheet {
    DispatchSheet {
        channel: SPEC.kind,
        harness: Box::new(Kit),
        parcels: Box::new(Kit),
        handover: Has(
            "collected at an address and a time, taken to a branch, or sent by a carrier of the seller's own, as offered for the package",
        ),
        found_again: Has("`is_shipment_arranged` is looked at first"),
        documents: Has(
            "asked for, made in the platform's own time, fetched: one call here, tried again while it is made; ZPL with the declaration of the content as PDF; none without a tracking number",
        ),
        tracking: Has("events with a text and a word of their own"),
        invoice: Has(
            "the NF-e as XML, of the order, before its packages are arranged; looked at for some minutes",
        ),
        replacing: Lacks(
            "one that is refused leaves the order waiting for another; one that was taken stays",
        ),
        splitting: Has(
            "in up to 5, each SKU whole, while the order is in `READY_TO_SHIP` and the shop may; Brazil is said not to use it",
        ),
        reunion: Has("`unsplit_order`, before anything is arranged"),
        combining: Lacks("what is bought together is one order; several are never combined"),
        field: "`fulfillment_status` of a package that is not arranged, its order in `READY_TO_SHIP`",
        words: life().package_words,
        state: |word| map::state(word, "READY_TO_SHIP", false),
    }
}

//! What is true of dispatch at TikTok Shop, for `docs/channels.md`.

use super::map;
use crate::market::document::DispatchSheet;
use crate::market::document::Fact::{Has, Lacks};
use crate::market::tiktok_shop::SPEC;
use crate::market::tiktok_shop::facts::life;
use crate::market::tiktok_shop::tests::conformance::Kit;

/// All that the document tells.
pub(in crate::market) fn sheet() -> DispatchSheet {
    DispatchSheet {
        channel: SPEC.kind,
        harness: Box::new(Kit),
        parcels: Box::new(Kit),
        handover: Has(
            "collected at a time or taken away; with the seller's own shipping by a chosen carrier and its number",
        ),
        found_again: Has(
            "package and orders are looked at first, which also tells whether a buyer wants out",
        ),
        documents: Has(
            "an address for each package, good for 24 h and a key to what lies there; after the handover is said",
        ),
        tracking: Has("told of an order, with the events of all its packages"),
        invoice: Has("the NF-e as XML, of the package, before it is arranged; decided about later"),
        replacing: Lacks(
            "one that is refused later leaves the order waiting for another; one that was taken stays",
        ),
        splitting: Has(
            "each SKU whole, before anything is shipped; the platform says whether it can and must be; one word for the invoices of all packages",
        ),
        reunion: Lacks("the documents name no way back"),
        combining: Has("orders that the platform names; taken apart again before the package is arranged"),
        field: "`package_status`, of an order in `AWAITING_SHIPMENT`",
        words: life().package_words,
        state: |word| {
            let order = serde_json::from_str(r#"{"id":"1","status":"AWAITING_SHIPMENT"}"#).expect("an order");
            map::state(word, &[order])
        },
    }
}

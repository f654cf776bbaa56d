//! What is true of dispatch at Mercado Livre, for `docs/channels.md`.

use domain::dispatch::PackageState;
use serde_json::json;

use super::map;
use crate::market::document::DispatchSheet;
use crate::market::document::Fact::{Has, Lacks};
use crate::market::mercado_livre::SPEC;
use crate::market::mercado_livre::facts::life;
use crate::market::mercado_livre::tests::conformance::Kit;
use crate::market::mercado_livre::tests::{SHIPMENT, with};

/// All that the document tells.
pub(in crate::market) fn sheet() -> DispatchSheet {
    DispatchSheet {
        channel: SPEC.kind,
        harness: Box::new(Kit),
        parcels: Box::new(Kit),
        handover: Has(
            "settled by contract; said is only that made goods are there, or (`me1`) the number of a carrier of the seller's own",
        ),
        found_again: Has("the shipment is looked at first"),
        documents: Has("one file for all; ZPL in a zip; the first print moves a shipment to `printed`"),
        tracking: Has("the shipment's history, by its words alone"),
        invoice: Has(
            "the NF-e as XML, for shipments in `invoice_pending`; looked at for some minutes; unchangeable once the label is printed",
        ),
        replacing: Has(
            "`PUT` over the one that was taken, which is looked at first; not once the label is printed",
        ),
        splitting: Has(
            "in two, by orders and their units; not Flex, not Full; pack, orders and shipment end, and new ones come by hooks",
        ),
        reunion: Lacks("the platform has no way back"),
        combining: Lacks("what is in one cart is one shipment from the beginning; nothing else is combined"),
        field: "`status`/`substatus` of the shipment",
        words: life().package_words,
        state,
    }
}

fn state(word: &str) -> PackageState {
    let (status, substatus) = word.split_once('/').unwrap_or((word, ""));
    let changes = [("/status", json!(status)), ("/substatus", json!(substatus))];
    let shipment = serde_json::from_str(&with(SHIPMENT, &changes)).expect("a shipment");
    map::state(&shipment, false)
}

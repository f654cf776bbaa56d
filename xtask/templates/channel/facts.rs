//! What is true of Acme Market, for `docs/channels.md`.

use std::time::Duration;

use domain::dispatch::PackageState;
use domain::order::Attention;
use domain::{ListingState, OrderState};

use super::SPEC;
use super::tests::conformance::Kit;
use crate::market::document::Fact::{Has, Lacks};
use crate::market::document::{DispatchSheet, Facts, GoodsFacts, Life, ServiceSheet, Sheet};

/// All that the document tells.
pub(in crate::market) fn sheet() -> Sheet {
    Sheet { harness: Box::new(Kit), facts: facts(), life: life() }
}

/// What the document tells of service to buyers.
pub(in crate::market) fn service() -> ServiceSheet {
    ServiceSheet {
        channel: SPEC.kind,
        harness: Box::new(Kit),
        questions: Lacks(UNTOLD),
        messages: Lacks(UNTOLD),
        cancellations: Lacks(UNTOLD),
        returns: Lacks(UNTOLD),
        answers: Lacks(UNTOLD),
        elsewhere: UNTOLD,
        deadline: UNTOLD,
        hooks: UNTOLD,
        words: Vec::new(),
    }
}

/// What the document tells of dispatch.
pub(in crate::market) fn dispatch() -> DispatchSheet {
    DispatchSheet {
        channel: SPEC.kind,
        harness: Box::new(Kit),
        parcels: Box::new(Kit),
        handover: Lacks(UNTOLD),
        found_again: Lacks(UNTOLD),
        documents: Lacks(UNTOLD),
        tracking: Lacks(UNTOLD),
        invoice: Lacks(UNTOLD),
        replacing: Lacks(UNTOLD),
        splitting: Lacks(UNTOLD),
        reunion: Lacks(UNTOLD),
        combining: Lacks(UNTOLD),
        field: UNTOLD,
        words: Vec::new(),
        state: |_| PackageState::NeedsAttention,
    }
}

/// What nobody has read in the platform's documents yet: docs/adding-a-channel.md, steps 1 and 8.
const UNTOLD: &str = "not told yet";

fn facts() -> Facts {
    Facts {
        pkce: Lacks(UNTOLD),
        scopes: Lacks(UNTOLD),
        account: UNTOLD,
        access_token: (UNTOLD.into(), Duration::ZERO),
        refresh_token: UNTOLD,
        consent_ends: (UNTOLD, None),
        revoke: Has(UNTOLD),
        calls_signed: Lacks(UNTOLD),
        hooks_signed: Lacks(UNTOLD),
        missed_hooks: Lacks(UNTOLD),
        packages: UNTOLD.into(),
        ship_by: UNTOLD,
        sale_fee: Lacks(UNTOLD),
        sweep: UNTOLD.into(),
        cancelled_in_sweep: Lacks(UNTOLD),
        variations: Lacks(UNTOLD),
        shared_quantity: Lacks(UNTOLD),
        permalink: Lacks(UNTOLD),
        stock_version: Lacks(UNTOLD),
        places: Lacks(UNTOLD),
        fixed_units: UNTOLD,
        max_quantity: UNTOLD,
        prices: Lacks(UNTOLD),
        money: Lacks(UNTOLD),
        settlements: Lacks(UNTOLD),
        buyers: Lacks(UNTOLD),
        goods: GoodsFacts {
            categories: Lacks(UNTOLD),
            attributes: Lacks(UNTOLD),
            owed: Lacks(UNTOLD),
            pictures: Lacks(UNTOLD),
            publishing: Lacks(UNTOLD),
            found_again: Lacks(UNTOLD),
            end: Lacks(UNTOLD),
        },
    }
}

/// No word is known yet, so each waits for a person. The functions of `map.rs` stand here
/// once they are written.
fn life() -> Life {
    Life {
        status: UNTOLD,
        words: &[],
        package: UNTOLD,
        package_words: Vec::new(),
        place: |_| "unknown",
        state: |_, _| OrderState::NeedsAttention(Attention::UnknownStatus),
        cases: Vec::new(),
        listing_status: UNTOLD,
        listing_words: &[],
        listing: |_| ListingState::NeedsAttention,
    }
}

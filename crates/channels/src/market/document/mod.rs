//! `docs/channels.md`: what each channel has, what it lacks and why, and what becomes of
//! its words. The file is made of the code (`page.rs`) and held to it by the tests here:
//! each channel's `facts.rs` says what no type says, the rest is asked of its `Spec`, of
//! the scripts that its conformance tests run, and of its own mapping functions.

mod calls;
mod catalogue;
mod dispatch;
mod page;
mod service;

use std::fmt;
use std::time::Duration;

use connect::conformance::Harness;
use domain::{ListingState, OrderState};

pub(super) use self::catalogue::GoodsFacts;
pub(super) use self::dispatch::DispatchSheet;
pub(super) use self::service::{ServiceSheet, Words};

/// What a channel has, or why it lacks it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fact {
    /// It has it, in this way.
    Has(&'static str),
    /// It has none, for this reason.
    Lacks(&'static str),
}

impl fmt::Display for Fact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Has(how) => out.write_str(how),
            Self::Lacks(why) => write!(out, "none: {why}"),
        }
    }
}

/// Facts that nothing but prose can tell. What they say of a `Spec` or a capability stands
/// beside its value and is held to it.
pub(super) struct Facts {
    /// Whether the consent page takes a PKCE challenge.
    pub(super) pkce: Fact,
    /// How scopes are asked for.
    pub(super) scopes: Fact,
    /// How the hub learns which account consented.
    pub(super) account: &'static str,
    /// How the end of an access token is told, and the life that it is given when it is not.
    pub(super) access_token: (String, Duration),
    /// How often a refresh token works.
    pub(super) refresh_token: &'static str,
    /// When only the owner can renew, and the longest span that is counted on.
    pub(super) consent_ends: (&'static str, Option<Duration>),
    /// Whether a call ends the consent.
    pub(super) revoke: Fact,
    /// How calls are signed.
    pub(super) calls_signed: Fact,
    /// How hooks are signed.
    pub(super) hooks_signed: Fact,
    /// How hooks that were given up are listed.
    pub(super) missed_hooks: Fact,
    /// How many packages an order has.
    pub(super) packages: String,
    /// Where the time for handing over stands.
    pub(super) ship_by: &'static str,
    /// Whether orders tell the platform's fee.
    pub(super) sale_fee: Fact,
    /// What a sweep asks for at once.
    pub(super) sweep: String,
    /// Whether a sweep finds cancelled orders.
    pub(super) cancelled_in_sweep: Fact,
    /// What variations are.
    pub(super) variations: Fact,
    /// Which listings share one quantity.
    pub(super) shared_quantity: Fact,
    /// Whether listings tell their public page.
    pub(super) permalink: Fact,
    /// Whether a quantity is written under a version.
    pub(super) stock_version: Fact,
    /// Which of several places a write changes.
    pub(super) places: Fact,
    /// Units that no write changes.
    pub(super) fixed_units: &'static str,
    /// Where the largest quantity comes from.
    pub(super) max_quantity: &'static str,
    /// Which price is written.
    pub(super) prices: Fact,
    /// What is told of an order's money.
    pub(super) money: Fact,
    /// Which list says that money is final.
    pub(super) settlements: Fact,
    /// What is told of who bought.
    pub(super) buyers: Fact,
    /// Publishing.
    pub(super) goods: GoodsFacts,
}

/// What becomes of a platform's words. The functions are the channel's own mapping.
pub(super) struct Life {
    /// The field of an order's status.
    pub(super) status: &'static str,
    /// Every word that the platform documents for it.
    pub(super) words: &'static [&'static str],
    /// The field of a package's status.
    pub(super) package: &'static str,
    /// Every word that the platform documents for it.
    pub(super) package_words: Vec<String>,
    /// Where the goods of a package are.
    pub(super) place: fn(&str) -> &'static str,
    /// The state of an order of this status whose only package has that status, or that has
    /// none; cancelled by its buyer, if it is cancelled.
    pub(super) state: fn(&str, Option<&str>) -> OrderState,
    /// What decides besides.
    pub(super) cases: Vec<Case>,
    /// The field of a listing's status.
    pub(super) listing_status: &'static str,
    /// Every word that the platform documents for it.
    pub(super) listing_words: &'static [&'static str],
    /// The state of a listing of this status.
    pub(super) listing: fn(&str) -> ListingState,
}

/// A case that a status alone does not tell.
pub(super) struct Case {
    /// The case.
    pub(super) says: &'static str,
    /// What such an order is.
    pub(super) state: OrderState,
}

/// All that the document tells of a channel.
pub(super) struct Sheet {
    /// The channel, and what it calls.
    pub(super) harness: Box<dyn Harness>,
    pub(super) facts: Facts,
    pub(super) life: Life,
}

/// Every channel's, in the order of [`domain::ChannelKind::ALL`].
fn sheets() -> Vec<Sheet> {
    vec![
        super::mercado_livre::facts::sheet(),
        super::shopee::facts::sheet(),
        super::tiktok_shop::facts::sheet(),
    ]
}

/// Every channel's part about service to buyers, in the same order.
fn service_sheets() -> Vec<ServiceSheet> {
    vec![
        super::mercado_livre::facts::service(),
        super::shopee::facts::service(),
        super::tiktok_shop::facts::service(),
    ]
}

/// Every channel's part about dispatch, in the same order.
fn dispatch_sheets() -> Vec<DispatchSheet> {
    vec![
        super::mercado_livre::facts::dispatch(),
        super::shopee::facts::dispatch(),
        super::tiktok_shop::facts::dispatch(),
    ]
}

/// A span in the largest unit that it is a whole number of.
pub(super) fn span(span: Duration) -> String {
    let units = [(24 * 60 * 60 * 1_000, "days"), (60 * 60 * 1_000, "h"), (60 * 1_000, "min"), (1_000, "s")];
    let millis = span.as_millis();
    let is_whole = |(unit, name): &(u128, &str)| {
        // One day is called 24 h.
        let least = if *name == "days" { 2 * unit } else { *unit };
        millis >= least && millis.is_multiple_of(*unit)
    };
    let whole = units.into_iter().find(is_whole);
    whole.map_or_else(|| format!("{millis} ms"), |(unit, name)| format!("{} {name}", millis / unit))
}

#[cfg(test)]
mod unit {
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::{env, fs};

    use connect::HookRejection;
    use connect::conformance::{Capability, CatalogueCall, Script};
    use domain::{ChannelKind, ManualClock};
    use http::HeaderMap;

    use super::*;

    /// Read and looked for when the test runs: a new text of it builds nothing anew, and a
    /// target folder can be shared by several clones.
    fn document() -> PathBuf {
        let room = env::var_os("CARGO_MANIFEST_DIR").expect("cargo tells a test where its package is");
        PathBuf::from(room).join("../../docs/channels.md")
    }

    /// The folder that the tests were built in.
    fn target_folder() -> PathBuf {
        let program = env::current_exe().expect("the path of this very test");
        program.ancestors().nth(3).expect("target, profile, deps and the test itself").to_owned()
    }

    #[test]
    fn the_document_says_what_the_code_does() {
        let page = page::page(&sheets())
            + &service::section(&service_sheets())
            + &dispatch::section(&dispatch_sheets());
        if page != fs::read_to_string(document()).expect("docs/channels.md") {
            let right = target_folder().join("channels.md");
            fs::write(&right, page).expect("a target folder that can be written to");
            let right = right.display();
            panic!(
                "docs/channels.md is behind the code; read it and take it over: cp {right} docs/channels.md"
            );
        }
    }

    #[test]
    fn every_channel_has_its_sheet() {
        let clock = std::sync::Arc::new(ManualClock::at(connect::conformance::NOW));
        let kinds = sheets().into_iter().map(|sheet| {
            let outbound = Script::new([]).outbound(clock.clone());
            sheet.harness.channel(outbound).spec().kind
        });
        assert_eq!(kinds.collect::<Vec<_>>(), ChannelKind::ALL);
    }

    #[test]
    fn what_the_facts_say_a_channel_has_it_has() {
        for sheet in sheets() {
            let outbound =
                Script::new([]).outbound(std::sync::Arc::new(ManualClock::at(connect::conformance::NOW)));
            let channel = sheet.harness.channel(outbound);
            let (spec, facts) = (channel.spec(), &sheet.facts);
            let has = |fact: Fact| matches!(fact, Fact::Has(_));
            let calls = |capability| sheet.harness.script(capability).is_some();
            assert_eq!(has(facts.pkce), spec.takes_pkce, "{}", spec.kind.label());
            assert_eq!(has(facts.scopes), !spec.scopes.is_empty(), "{}", spec.kind.label());
            assert_eq!(has(facts.revoke), calls(Capability::Revoke), "{}", spec.kind.label());
            assert_eq!(has(facts.prices), channel.prices().is_some(), "{}", spec.kind.label());
            assert_eq!(has(facts.missed_hooks), channel.missed_hooks().is_some(), "{}", spec.kind.label());
            assert_eq!(has(facts.money), channel.finance().is_some(), "{}", spec.kind.label());
            let settlements = channel.finance().and_then(connect::Finance::settlements);
            assert_eq!(has(facts.buyers), channel.buyers().is_some(), "{}", spec.kind.label());
            assert_eq!(has(facts.settlements), settlements.is_some(), "{}", spec.kind.label());
            let asks = calls(Capability::Catalogue(CatalogueCall::Owed));
            assert!(catalogue::agree(&facts.goods, channel.as_ref(), asks), "{}", spec.kind.label());
            // A good hook without its headers is refused where hooks are signed, and only there.
            let mut hook = sheet.harness.hook();
            hook.headers = HeaderMap::new();
            let refused = channel.hooks().read(hook.request()) == Err(HookRejection::BadSignature);
            assert_eq!(has(facts.hooks_signed), refused, "{}", spec.kind.label());
        }
    }

    #[test]
    fn goods_in_one_place_make_one_state_with_every_word_of_an_order() {
        for Sheet { life, .. } in sheets() {
            let mut known = BTreeMap::new();
            for package in &life.package_words {
                for word in life.words {
                    let state = (life.state)(word, Some(package));
                    let first = *known.entry(((life.place)(package), *word)).or_insert(state);
                    assert_eq!(state, first, "{word} with {package}");
                }
            }
        }
    }

    #[test]
    fn a_word_that_is_not_documented_waits_for_a_person() {
        for Sheet { life, .. } in sheets() {
            let places = life.package_words.iter().map(|package| Some(package.as_str()));
            for package in places.chain([None]) {
                let state = (life.state)(page::UNDOCUMENTED, package);
                assert!(matches!(state, OrderState::NeedsAttention(_)), "{package:?}: {state:?}");
            }
            assert_eq!((life.listing)(page::UNDOCUMENTED), ListingState::NeedsAttention);
            assert_eq!((life.place)(page::UNDOCUMENTED), page::UNKNOWN);
        }
    }

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let told = [
            Duration::from_hours(72),
            Duration::from_hours(2),
            Duration::from_mins(30),
            Duration::from_millis(500),
        ];
        assert_eq!(told.map(span), ["3 days", "2 h", "30 min", "500 ms"]);
        assert_eq!(
            (span(Duration::from_secs(3)), span(Duration::from_hours(1))),
            ("3 s".into(), "1 h".into())
        );
    }
}

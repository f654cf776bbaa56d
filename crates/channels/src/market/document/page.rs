//! The text of the document.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use connect::conformance::{Capability, CatalogueCall, Harness, NOW, Script, Step};
use connect::{Channel, Spec};
use domain::order::{Attention, CancelledBy};
use domain::{ListingState, ManualClock, OrderState};

use super::{Fact, Life, Sheet, catalogue, span};

/// A word that no platform documents.
pub(super) const UNDOCUMENTED: &str = "a_word_of_tomorrow";
/// How it is called in the tables.
const OTHER: &str = "any other word";
/// Where the goods of a package are whose word tells nothing.
pub(super) const UNKNOWN: &str = "unknown";

const HEAD: &str = "\
# Channels

What the hub does on each marketplace, what it does not do there and why, and what becomes of the platform's words. This
page is made of the code and held to it by a test (`crates/channels/src/market/document`): to change it, change the code,
run `cargo nextest run -p channels`, and take over the text that the test names. What is odd about a platform stands in
`QUIRKS.md` of its folder; how a channel is added, in [adding-a-channel.md](adding-a-channel.md).

## What each channel has
";

const CALLS: &str = "
## What is called

The calls of one ordinary run of each capability, as the channel's conformance tests expect them, without their queries.
";

const STATES: &str = "
## Where an order stands

An order has one state over all channels. What the platform calls it is kept beside.
";

const UNITS: &str = "
Units are on `hold` for the order, `gone` with it, or `free` again. The last two states of the list come from the hub alone,
which compares what it reads with what it holds; the others from the words below. The tables show an order with one package.
";

const OTHER_WORDS: &str = "
Any other word of an order waits for a person (`needs_attention`), is kept as it came, and holds the units: look at the order
at the platform. Once the platform has documented the word, it gets its line in the channel's mapping and in its `facts.rs`.
";

const LISTINGS: &str = "
## Where a listing stands

A listing takes a quantity while it is `active` or `paused`, and no other time.
";

/// The whole document.
pub(super) fn page(sheets: &[Sheet]) -> String {
    let mut page = HEAD.to_owned();
    page += &features(sheets);
    page += CALLS;
    page += &calls(sheets);
    page += STATES;
    page += &states();
    for sheet in sheets {
        let _ = write!(page, "\n### {}\n", spec(sheet).kind.label());
        page += &orders(&sheet.life);
    }
    page += LISTINGS;
    for sheet in sheets {
        let _ = write!(page, "\n### Listings of {}\n", spec(sheet).kind.label());
        page += &listings(&sheet.life);
    }
    page
}

/// A table of Markdown, after an empty line.
///
/// # Panics
/// When a cell says nothing: what a channel lacks has a reason.
pub(super) fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("\n{}|{}\n", line(head), "---|".repeat(head.len()));
    for row in rows {
        assert!(
            row.len() == head.len() && row.iter().all(|cell| !cell.trim().is_empty()),
            "a gap in {row:?}"
        );
        text += &line(row);
    }
    text
}

/// First a column's name, then the channels.
fn head(of: &str, sheets: &[Sheet]) -> Vec<String> {
    let names = sheets.iter().map(|sheet| spec(sheet).kind.label().to_owned());
    std::iter::once(of.to_owned()).chain(names).collect()
}

fn spec(sheet: &Sheet) -> &'static Spec {
    channel(sheet).spec()
}

/// The channel in front of a platform that is never asked.
pub(super) fn channel(sheet: &Sheet) -> Arc<dyn Channel> {
    sheet.harness.channel(Script::new([]).outbound(Arc::new(ManualClock::at(NOW))))
}

pub(super) type Cell = fn(&Sheet) -> String;

/// The rows of the first table.
const FEATURES: [(&str, Cell); 32] = [
    ("the platform's documents", |it| format!("<{}>", spec(it).docs_url)),
    ("consent with PKCE", |it| it.facts.pkce.to_string()),
    ("scopes asked for", |it| {
        let scopes: Vec<String> = spec(it).scopes.iter().map(|scope| code(scope)).collect();
        beside(&scopes, it.facts.scopes)
    }),
    ("which account consented", |it| it.facts.account.to_owned()),
    ("life of an access token", |it| {
        let (told, untold) = &it.facts.access_token;
        format!("{told}; {} where it is not told", span(*untold))
    }),
    ("refresh token", |it| it.facts.refresh_token.to_owned()),
    ("end of the consent", |it| match it.facts.consent_ends {
        (told, Some(longest)) => format!("{told}: {} at most", span(longest)),
        (told, None) => told.to_owned(),
    }),
    ("consent ended by a call", |it| it.facts.revoke.to_string()),
    ("calls signed", |it| it.facts.calls_signed.to_string()),
    ("hooks signed", |it| it.facts.hooks_signed.to_string()),
    ("a hook is answered within", |it| span(spec(it).hook_deadline)),
    ("largest hook taken", |it| format!("{} KiB", spec(it).hook_max_bytes / 1_024)),
    ("missed hooks kept", |it| beside(&[span(spec(it).missed_hooks_kept)], it.facts.missed_hooks)),
    ("packages of an order", |it| it.facts.packages.clone()),
    ("time for handing over", |it| it.facts.ship_by.to_owned()),
    ("the platform's fee", |it| it.facts.sale_fee.to_string()),
    ("what a sweep asks for", |it| it.facts.sweep.clone()),
    ("a sweep reaches back by", |it| span(spec(it).sweep_overlap)),
    ("an open order is read again after", |it| span(spec(it).open_order_reread)),
    ("cancelled orders in a sweep", |it| it.facts.cancelled_in_sweep.to_string()),
    ("variations", |it| it.facts.variations.to_string()),
    ("listings that share a quantity", |it| it.facts.shared_quantity.to_string()),
    ("public page of a listing", |it| it.facts.permalink.to_string()),
    ("version of a quantity", |it| it.facts.stock_version.to_string()),
    ("several places", |it| it.facts.places.to_string()),
    ("units that no write changes", |it| it.facts.fixed_units.to_owned()),
    ("largest quantity", |it| format!("{} ({})", spec(it).max_quantity_units, it.facts.max_quantity)),
    ("price write", |it| it.facts.prices.to_string()),
    ("writes read back", |it| read_back(it.harness.as_ref())),
    ("the money of an order", |it| it.facts.money.to_string()),
    ("a list of settled orders", |it| it.facts.settlements.to_string()),
    ("who bought", |it| it.facts.buyers.to_string()),
];

fn features(sheets: &[Sheet]) -> String {
    let row = |(name, cell): (&str, Cell)| {
        std::iter::once(name.to_owned()).chain(sheets.iter().map(cell)).collect::<Vec<_>>()
    };
    let rows: Vec<_> = FEATURES.into_iter().chain(catalogue::FEATURES).map(row).collect();
    table(&head("what", sheets), &rows)
}

/// Values of a `Spec`, and what is to be said of them.
fn beside(values: &[String], fact: Fact) -> String {
    match fact {
        Fact::Has(how) => format!("{}; {how}", values.join(" ")),
        Fact::Lacks(_) => fact.to_string(),
    }
}

/// Which writes end in a reading.
fn read_back(harness: &dyn Harness) -> String {
    // A creation that is tried again reads before it writes.
    let again = Capability::Catalogue(CatalogueCall::CreateAgain);
    let writes = Capability::ALL.into_iter().filter(|it| it.is_write() && *it != again);
    let is_read = |capability: Capability| {
        let steps = harness.script(capability)?;
        steps.last().is_some_and(Step::is_read).then(|| name(capability))
    };
    writes.filter_map(is_read).collect::<Vec<_>>().join(", ")
}

pub(super) fn code(word: &str) -> String {
    format!("`{word}`")
}

const fn name(capability: Capability) -> &'static str {
    match capability {
        Capability::Exchange => "code into tokens",
        Capability::Refresh => "the next tokens",
        Capability::Identify => "who the account is",
        Capability::Revoke => "end of the consent",
        Capability::FetchOrder => "an order with its packages",
        Capability::OrdersOfShipment => "orders of a shipment",
        Capability::UpdatedOrders => "sweep over orders",
        Capability::PageOfListings => "list of listings",
        Capability::FetchListing => "a listing",
        Capability::WriteStock => "quantity",
        Capability::WritePrice => "price",
        Capability::MissedHooks => "missed hooks",
        Capability::OrderMoney => "the money of an order",
        Capability::SettledOrders => "settled orders",
        Capability::BuyerOfOrder => "the buyer of an order",
        Capability::Catalogue(call) => catalogue::name(call),
    }
}

fn calls(sheets: &[Sheet]) -> String {
    let row = |capability: Capability| {
        let cells = sheets.iter().map(|sheet| called(sheet, capability));
        std::iter::once(name(capability).to_owned()).chain(cells).collect::<Vec<_>>()
    };
    table(&head("what", sheets), &Capability::ALL.map(row))
}

/// The calls of a capability, each once; the reason where there are none.
fn called(sheet: &Sheet, capability: Capability) -> String {
    let Some(steps) = sheet.harness.script(capability) else {
        let facts = &sheet.facts;
        if let Capability::Catalogue(call) = capability {
            return catalogue::lacking(&facts.goods, call).to_string();
        }
        let optional = [
            (Capability::Revoke, facts.revoke),
            (Capability::WritePrice, facts.prices),
            (Capability::MissedHooks, facts.missed_hooks),
            (Capability::OrderMoney, facts.money),
            (Capability::SettledOrders, facts.settlements),
            (Capability::BuyerOfOrder, facts.buyers),
        ];
        let lacking = optional.into_iter().find(|(optional, _)| *optional == capability);
        return lacking.map(|(_, why)| why.to_string()).unwrap_or_default();
    };
    let mut seen = BTreeSet::new();
    let calls = steps.iter().map(|step| {
        let (method, target) = step.request();
        format!("`{method} {}`", general(sheet.harness.as_ref(), target))
    });
    calls.filter(|call| seen.insert(call.clone())).collect::<Vec<_>>().join(", ")
}

/// A path without its query, ids replaced by what they name.
fn general(harness: &dyn Harness, target: &str) -> String {
    let (samples, account) = (harness.samples(), harness.account());
    let category = harness.catalogue().map(|goods| goods.offer.category);
    let path = target.split('?').next().unwrap_or_default();
    let segment = |segment: &str| {
        let variation = samples.key.variation_external_id.as_deref();
        match segment {
            it if it == samples.order_id => "{order}",
            it if it == samples.shipment_id => "{shipment}",
            it if it == samples.key.external_id => "{listing}",
            it if Some(it) == variation => "{variation}",
            it if it == account.external_id => "{account}",
            it if category.as_deref() == Some(it) => "{category}",
            // Versions of an API have fewer digits than its ids.
            it if it.len() > 8 && it.bytes().all(|byte| byte.is_ascii_digit()) => "{app}",
            other => other,
        }
        .to_owned()
    };
    let path = path.split('/').map(segment).collect::<Vec<_>>().join("/");
    path.replace("/statements/{app}", "/statements/{statement}")
        .replace("/billing-info/MLB/{app}", "/billing-info/{site}/{billing info}")
}

fn states() -> String {
    use OrderState::{AwaitingPayment, Cancelled, Delivered, NeedsAttention, Shipped, ToDispatch};
    let rows = [
        (AwaitingPayment, "wait"),
        (ToDispatch, "pack it and hand it over"),
        (Shipped, "nothing"),
        (Delivered, "nothing"),
        (Cancelled(CancelledBy::Buyer), "put the goods back on their shelf"),
        (Cancelled(CancelledBy::Seller), "the same"),
        (Cancelled(CancelledBy::Marketplace), "the same"),
        (
            NeedsAttention(Attention::UnknownStatus),
            "look at the order at the platform; nothing is sent until it is clear",
        ),
        (
            NeedsAttention(Attention::FraudRisk),
            "do not send it; the platform says when it may go on, or cancels it",
        ),
        (
            NeedsAttention(Attention::CancelledYetSent),
            "find out whether the units are in the parcel, and correct the stock by hand",
        ),
        (NeedsAttention(Attention::LinesChanged), "compare the lines with what was packed"),
        (NeedsAttention(Attention::Reopened), "see whether the units are still there: they were freed once"),
    ];
    let row = |(state, task): (OrderState, &str)| {
        vec![told(state), format!("{:?}", state.stock_wish()).to_lowercase(), task.to_owned()]
    };
    let head = ["state", "its units", "what the seller does"].map(str::to_owned);
    table(&head, &rows.map(row)) + UNITS
}

fn told(state: OrderState) -> String {
    match state.as_words() {
        (word, "") => code(word),
        (word, detail) => format!("`{word}`: {}", detail.replace('_', " ")),
    }
}

/// Where packages are, what an order then is, and what decides besides.
fn orders(life: &Life) -> String {
    let places = places(life);
    let package_head = ["the goods are".to_owned(), life.package.to_owned()];
    let names = places.iter().map(|(place, _)| (*place).to_owned()).filter(|place| place != UNKNOWN);
    let columns =
        [life.status.to_owned(), "no package".into()].into_iter().chain(names).chain([UNKNOWN.into()]);
    let packages: Vec<Option<&str>> = std::iter::once(None)
        .chain(places.iter().filter(|(place, _)| *place != UNKNOWN).map(|(_, words)| words.first().copied()))
        .chain([Some(UNDOCUMENTED)])
        .collect();
    let row = |word: &str, name: String| {
        let cells = packages.iter().map(|package| told((life.state)(word, *package)));
        std::iter::once(name).chain(cells).collect::<Vec<_>>()
    };
    let known = life.words.iter().map(|word| row(word, code(word)));
    let rows: Vec<_> = known.chain([row(UNDOCUMENTED, OTHER.into())]).collect();
    let cases: Vec<_> = life.cases.iter().map(|case| vec![case.says.to_owned(), told(case.state)]).collect();
    let besides = ["what decides besides".to_owned(), "state".to_owned()];
    table(&package_head, &package_rows(&places))
        + &table(&columns.collect::<Vec<_>>(), &rows)
        + &table(&besides, &cases)
        + OTHER_WORDS
}

/// The documented words of packages, by where the goods are then; in the order in which
/// the places are first named.
fn places(life: &Life) -> Vec<(&'static str, Vec<&str>)> {
    let mut places: Vec<(&'static str, Vec<&str>)> = Vec::new();
    for word in &life.package_words {
        let place = (life.place)(word);
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, words)) => words.push(word),
            None => places.push((place, vec![word])),
        }
    }
    places
}

/// Words of packages, those of one status together with its substatuses.
fn by_status(words: &[&str]) -> String {
    let mut groups: Vec<(&str, bool, Vec<String>)> = Vec::new();
    for word in words {
        let (status, substatus) =
            word.split_once('/').map_or((*word, None), |(status, sub)| (status, Some(sub)));
        if groups.last().is_none_or(|(last, ..)| *last != status) {
            groups.push((status, false, Vec::new()));
        }
        let Some((_, alone, substatuses)) = groups.last_mut() else { continue };
        *alone |= substatus.is_none();
        substatuses.extend(substatus.map(code));
    }
    let group =
        |(status, alone, substatuses): &(&str, bool, Vec<String>)| match (alone, substatuses.is_empty()) {
            (_, true) => code(status),
            (true, false) => format!("{} alone or with {}", code(status), substatuses.join(" ")),
            (false, false) => format!("{} with {}", code(status), substatuses.join(" ")),
        };
    let has_substatuses = groups.iter().any(|(_, _, substatuses)| !substatuses.is_empty());
    groups.iter().map(group).collect::<Vec<_>>().join(if has_substatuses { "; " } else { " " })
}

/// Where goods are, by the words of their packages; last those that tell nothing, documented
/// or not.
fn package_rows(places: &[(&'static str, Vec<&str>)]) -> Vec<Vec<String>> {
    let (unknown, known): (Vec<_>, Vec<_>) = places.iter().partition(|(place, _)| *place == UNKNOWN);
    let named = unknown.first().map(|(_, words)| format!("{} and {OTHER}", by_status(words)));
    let last = vec![UNKNOWN.to_owned(), named.unwrap_or_else(|| OTHER.to_owned())];
    known
        .into_iter()
        .map(|(place, words)| vec![(*place).to_owned(), by_status(words)])
        .chain([last])
        .collect()
}

fn listings(life: &Life) -> String {
    let row = |word: &str, name: String| {
        let state: ListingState = (life.listing)(word);
        let takes = if state.takes_stock() { "yes" } else { "no" };
        vec![name, code(state.as_str()), takes.to_owned()]
    };
    let known = life.listing_words.iter().map(|word| row(word, code(word)));
    let rows: Vec<_> = known.chain([row(UNDOCUMENTED, OTHER.into())]).collect();
    let head = [life.listing_status.to_owned(), "state".into(), "takes a quantity".into()];
    table(&head, &rows)
}

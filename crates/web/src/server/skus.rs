//! SKUs, their ledger, and the count form.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::listing::decide_push;
use domain::shield::{HoldBack, Shield};
use domain::split::{Mode, Quota, Rules, Split};
use domain::stock::SALES_SPAN_DAYS;
use domain::{ConnectionId, ListingId, ProductId, Push, SkuId, Tally, Timestamp};
use serde::Deserialize;
use store::connections::Connection;
use store::listings::Listing;
use store::pages::{PAGE_ROWS, SkuFilter, SkuShow};
use store::shield::HeldBack;
use store::splits::SkuSplit;
use store::stock::{Entry, Sku};
use store::stock_history::Told;
use store::{StoreResult, Tenant};

use app::last_units::LastUnits;
use app::shelf::AdjustError;
use app::split::{ModeError, Sharing};

use super::guard::{Failure, Form, May, Member, Posted, render, see_with};
use super::{kits, may};
use crate::pages::account::Obstacle;
use crate::pages::kits::KitView;
use crate::pages::skus::{
    CountForm, HeldRow, LedgerRow, MomentForm, Past, ProofRow, Sent, SharingForm, SkuPage, SkuRow, SkusPage,
    ToldRow,
};
use crate::pages::{Errors, FieldError, Pager, query_of};
use crate::{Chrome, Nav, Tone};

/// More than any listing shows; the platform's own ceiling is applied when it is written.
const NO_CEILING: i64 = i64::MAX;
/// What the form says for the listing that earns most.
const BY_MARGIN: &str = "margin";
/// What the form proposes as few, in units, until somebody chose.
const FIRST_THRESHOLD_UNITS: i64 = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    text: String,
    show: String,
    after: String,
}

/// The list of SKUs.
pub(crate) async fn list(
    May(member, ..): May<may::SeeStock>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Skus)).await?;
    let filter = SkuFilter {
        text: query.text.trim().to_owned(),
        show: match query.show.as_str() {
            "low" => SkuShow::Low { sold_since: sales_since(chrome.now) },
            "oversold" => SkuShow::Oversold,
            "out" => SkuShow::Out,
            _ => SkuShow::All,
        },
    };
    let (after, since) = (query.after.clone(), sales_since(chrome.now));
    let (mut rows, sold) = member
        .web
        .app
        .organization(member.organization())
        .read(move |tenant| {
            let rows = tenant.sku_page(&after, &filter)?;
            let ids: Vec<SkuId> = rows.iter().map(|(sku, _)| sku.id).collect();
            let mut sold = tenant.sold_since(&ids, since)?;
            for (kit, _) in rows.iter().filter(|(sku, _)| sku.is_kit) {
                sold.insert(kit.id, tenant.kits_sold_since(kit.id, since)?);
            }
            Ok((rows, sold))
        })
        .await?;
    let more = rows.len() > PAGE_ROWS as usize;
    rows.truncate(PAGE_ROWS as usize);
    let link = |after: &str| {
        let mut pairs = query_of("/skus");
        pairs.append_pair("text", &query.text).append_pair("show", &query.show).append_pair("after", after);
        pairs.finish()
    };
    let older = rows.last().filter(|_| more).map(|(sku, _)| link(&sku.code));
    let newer = (!query.after.is_empty()).then(|| link(""));
    Ok(render(&SkusPage {
        chrome,
        text: query.text.clone(),
        show: query.show.clone(),
        rows: rows.into_iter().map(|(sku, listings)| row_of(sku, listings, &sold)).collect(),
        pager: Pager { newer, older },
    }))
}

/// Sales count from here on for how long stock lasts.
fn sales_since(now: Timestamp) -> Timestamp {
    now.minus(Duration::from_hours(24 * SALES_SPAN_DAYS.unsigned_abs()))
}

fn row_of(sku: Sku, listings: i64, sold: &BTreeMap<SkuId, i64>) -> SkuRow {
    let sold_units = sold.get(&sku.id).copied().unwrap_or_default();
    let is_kit = sku.is_kit;
    SkuRow { id: sku.id, code: sku.code, title: sku.title, tally: sku.tally, is_kit, listings, sold_units }
}

/// A moment, the sums of a SKU then, and what each of its listings had been told and kept back.
type Then = (Timestamp, Tally, Vec<(Option<Told>, Option<HeldRow>)>);

/// What a SKU's page is made of.
pub(super) struct Found {
    sku: Sku,
    kit: KitView,
    /// Its product, and that one's title.
    product: Option<(ProductId, String)>,
    listings: Vec<Listing>,
    connections: BTreeMap<ConnectionId, Connection>,
    entries: Vec<Entry>,
    /// The sums after the first of `entries`.
    newest: Tally,
    sold: BTreeMap<SkuId, i64>,
    /// The sums at the moment that was asked for, and what its listings had been told then.
    past: Option<Then>,
    /// What each of its listings keeps back.
    held: Vec<Option<HeldRow>>,
    chosen: Option<SkuSplit>,
    /// Which of its listings gets the last units.
    last: LastUnits,
    quotas: Vec<Quota>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LedgerQuery {
    below: Option<i64>,
    at: String,
}

impl LedgerQuery {
    /// The moment that is asked for, and the form that asks; a moment to come is now.
    fn moment(&self, chrome: &Chrome) -> (Option<Timestamp>, MomentForm) {
        if self.at.is_empty() {
            return (None, MomentForm { moment: chrome.now.to_business_field(), error: None });
        }
        let at = Timestamp::parse_business(&self.at).map(|at| at.min(chrome.now));
        let error = at.is_none().then(|| chrome.t("moment-error").to_owned());
        // A browser's field for day and hour holds nothing else.
        (at, MomentForm { moment: at.unwrap_or(chrome.now).to_business_field(), error })
    }
}

/// One SKU.
pub(crate) async fn show(
    May(member, ..): May<may::SeeStock>,
    Path(id): Path<String>,
    Query(query): Query<LedgerQuery>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Skus)).await?;
    let (at, moment) = query.moment(&chrome);
    let Some(found) = find(&member, &id, query.below, at).await? else {
        return Err(Failure::of(Obstacle::NotFound).on(chrome));
    };
    let count = count_of(found.sku.tally);
    let status = if moment.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let forms = Forms { count, moment, sharing: sharing_of(&found) };
    Ok((status, render(&page(chrome, found, forms, query.below))).into_response())
}

/// The count form before anything was typed.
fn count_of(tally: Tally) -> CountForm {
    CountForm {
        on_hand_units: tally.on_hand_units.to_string(),
        safety_units: tally.safety_units.to_string(),
        ..CountForm::default()
    }
}

async fn find(
    member: &Member,
    id: &str,
    below: Option<i64>,
    at: Option<Timestamp>,
) -> Result<Option<Found>, Failure> {
    let Ok(id) = id.parse::<SkuId>() else { return Ok(None) };
    let now = member.web.app.clock().now();
    let since = sales_since(now);
    let found = member
        .web
        .app
        .organization(member.organization())
        .read(move |tenant| {
            let Some(sku) = tenant.sku(id)? else { return Ok(None) };
            let listings = tenant.listings_of_sku(id)?;
            let past = at.map(|at| past_of(tenant, &sku, &listings, at)).transpose()?;
            let held =
                listings.iter().map(|listing| held_now(tenant, listing)).collect::<StoreResult<_>>()?;
            let then = past.as_ref().filter(|_| !sku.is_kit).map(|(_, then, _)| then.version + 1);
            let below = below.or(then).unwrap_or(i64::MAX);
            let entries = tenant.ledger(id, below, PAGE_ROWS + 1)?;
            let newest = match entries.first() {
                Some(entry) if sku.is_kit || entry.version != sku.tally.version => {
                    tenant.tally_at(id, entry.version)?
                }
                _ => sku.tally,
            };
            let connections =
                tenant.connections()?.into_iter().map(|connection| (connection.id, connection)).collect();
            let mut sold = tenant.sold_since(&[id], since)?;
            if sku.is_kit {
                sold.insert(id, tenant.kits_sold_since(id, since)?);
            }
            let kit = kits::view_of(tenant, id, sku.is_kit)?;
            let product = tenant.product_of(id)?;
            let (chosen, quotas) = (tenant.sku_split(id)?, tenant.quotas(id)?);
            let last = LastUnits::find(tenant, id, &listings, chosen, now)?;
            Ok(Some(Found {
                sku,
                kit,
                product,
                listings,
                connections,
                entries,
                newest,
                sold,
                past,
                held,
                chosen,
                last,
                quotas,
            }))
        })
        .await?;
    Ok(found)
}

/// The sums of a SKU at a moment, and what each of its listings had been told then.
fn past_of(tenant: &mut Tenant<'_, '_>, sku: &Sku, listings: &[Listing], at: Timestamp) -> StoreResult<Then> {
    let version = tenant.version_at(sku.id, at)?;
    let tally = if sku.is_kit {
        Tally { on_hand_units: tenant.kits_at(sku.id, at)?, version: sku.tally.version, ..Tally::default() }
    } else {
        Tally { safety_units: sku.tally.safety_units, ..tenant.tally_at(sku.id, version)? }
    };
    let mut told = Vec::with_capacity(listings.len());
    for listing in listings {
        let held = tenant.held_back_at(listing.id, at)?.filter(|held| held.what.units > 0);
        told.push((tenant.told_at(listing.id, at)?, held.map(|held| held_row(held, held.at))));
    }
    Ok((at, tally, told))
}

/// What a listing keeps back now.
fn held_now(tenant: &mut Tenant<'_, '_>, listing: &Listing) -> StoreResult<Option<HeldRow>> {
    let Some(since) = listing.held_since else { return Ok(None) };
    let held = tenant.held_back_at(listing.id, Timestamp::from_millis(i64::MAX))?;
    Ok(held.map(|held| held_row(held, since)))
}

const fn held_row(held: HeldBack, since: Timestamp) -> HeldRow {
    let HoldBack { units, sold_units, over, delay } = held.what;
    HeldRow { units, since, sold_units, over, delay }
}

fn told_row(
    listing: &Listing,
    (told, held): (Option<Told>, Option<HeldRow>),
    connections: &BTreeMap<ConnectionId, Connection>,
) -> ToldRow {
    let connection = connections.get(&listing.connection);
    ToldRow {
        number: listing.external_id.clone(),
        channel: connection.map_or(domain::ChannelKind::MercadoLivre, |connection| connection.channel),
        connection: connection.map(|connection| connection.name.clone()).unwrap_or_default(),
        told: told.map(|told| (told.units, told.at)),
        held,
    }
}

/// How the units are shared, as it stands.
fn sharing_of(found: &Found) -> SharingForm {
    let is_split = found.chosen.is_some_and(|chosen| chosen.is_split);
    let mode = found.chosen.map_or(Mode::Shared, |chosen| chosen.mode);
    let split = Split { quotas: found.quotas.clone(), rules: Rules::HOUSE };
    let is_unsure = split.quotas.is_empty() || split.quotas.iter().any(|quota| !quota.is_known);
    let threshold_units = match mode {
        Mode::Auto { threshold_units } => threshold_units,
        Mode::Shared | Mode::Split => FIRST_THRESHOLD_UNITS,
    };
    SharingForm {
        mode: mode.as_str().to_owned(),
        threshold_units: threshold_units.to_string(),
        is_split,
        is_unsure: is_split && is_unsure,
        over_units: if is_split { (-split.free_units(found.sku.tally)).max(0) } else { 0 },
        preferred: found.chosen.and_then(|chosen| chosen.preferred),
        by_margin: matches!(found.last, LastUnits::Earns { .. } | LastUnits::NothingKnown),
        earns_most: match found.last {
            LastUnits::Earns { listing, of_a_unit } => Some((name_of(found, listing), of_a_unit)),
            LastUnits::Chosen(_) | LastUnits::NothingKnown | LastUnits::Most => None,
        },
        shield: found.chosen.map(|chosen| chosen.shield).unwrap_or_default().as_str().to_owned(),
        errors: Errors::default(),
    }
}

/// What a listing is called: its channel and number.
fn name_of(found: &Found, id: ListingId) -> String {
    let listing = found.listings.iter().find(|listing| listing.id == id);
    let Some(listing) = listing else { return String::new() };
    let channel = found.connections.get(&listing.connection).map_or("", |held| held.channel.label());
    format!("{channel} · {}", listing.external_id)
}

/// The forms of the page.
struct Forms {
    count: CountForm,
    sharing: SharingForm,
    moment: MomentForm,
}

impl Found {
    /// Which SKU it is.
    pub(super) const fn id(&self) -> SkuId {
        self.sku.id
    }

    /// What is shown of kits.
    pub(super) const fn kit(&self) -> &KitView {
        &self.kit
    }
}

/// The page with another form for its kit.
pub(super) fn page_with_kit(chrome: Chrome, found: Found, kit: KitView) -> SkuPage {
    let (_, moment) = LedgerQuery::default().moment(&chrome);
    let forms = Forms { count: count_of(found.sku.tally), sharing: sharing_of(&found), moment };
    page(chrome, Found { kit, ..found }, forms, None)
}

fn page(chrome: Chrome, found: Found, forms: Forms, below: Option<i64>) -> SkuPage {
    let Forms { count, sharing, moment } = forms;
    let Found { sku, kit, product, listings, connections, mut entries, newest, sold, .. } = found;
    let (past, held, quotas) = (found.past, found.held, found.quotas);
    let path = format!("/skus/{}", sku.id);
    let more = entries.len() > PAGE_ROWS as usize;
    entries.truncate(PAGE_ROWS as usize);
    let pager = Pager {
        older: entries.last().filter(|_| more).map(|entry| format!("{path}?below={}", entry.version)),
        newer: below.is_some().then_some(path),
    };
    let past = past.map(|(at, tally, told)| {
        let told = listings.iter().zip(told).map(|(listing, told)| told_row(listing, told, &connections));
        Past { at, tally, told: told.collect() }
    });
    let proofs: Vec<ProofRow> = listings
        .iter()
        .zip(held)
        .map(|(listing, held)| ProofRow { held, ..proof_of(listing, sku.tally, &quotas, &connections) })
        .collect();
    let listing_count = i64::try_from(proofs.len()).unwrap_or(i64::MAX);
    SkuPage {
        row: row_of(sku, listing_count, &sold),
        product,
        proofs,
        count,
        past,
        moment,
        sharing,
        kit,
        entries: ledger_rows(entries, newest),
        pager,
        chrome,
    }
}

/// Each entry with the sums after it, counted back from the newest.
fn ledger_rows(entries: Vec<Entry>, newest: Tally) -> Vec<LedgerRow> {
    let mut after = newest;
    entries
        .into_iter()
        .map(|entry| {
            let row = LedgerRow {
                at: entry.at,
                kind: entry.kind,
                delta: entry.delta,
                after: Tally { version: entry.version, ..after },
                order: entry.order,
                member: None,
                reason: Some(entry.reason).filter(|reason| !reason.is_empty()),
            };
            after.on_hand_units -= row.delta.on_hand_units;
            after.reserved_units -= row.delta.reserved_units;
            row
        })
        .collect()
}

fn proof_of(
    listing: &Listing,
    tally: Tally,
    quotas: &[Quota],
    connections: &BTreeMap<ConnectionId, Connection>,
) -> ProofRow {
    let connection = connections.get(&listing.connection);
    let by_ledger =
        match decide_push(listing.state, listing.shown_units, listing.told_from(tally), NO_CEILING) {
            Push::Write { quantity_units } if listing.ours => quantity_units,
            Push::Write { .. } | Push::Nothing | Push::NotWritable => listing.shown_units,
        };
    // Of a split SKU it may sell its own units, and no more.
    let quota = quotas.iter().find(|quota| quota.listing == listing.id);
    let should = quota.map_or(by_ledger, |quota| quota.bound_units.max(0));
    ProofRow {
        listing: listing.id,
        number: listing.external_id.clone(),
        title: listing.title.clone(),
        channel: connection.map_or(domain::ChannelKind::MercadoLivre, |connection| connection.channel),
        connection: connection.map(|connection| connection.name.clone()).unwrap_or_default(),
        permalink: listing.permalink.clone(),
        state: listing.state,
        sent: listing.sent_units.zip(listing.sent_at).map(|(units, at)| Sent {
            units,
            at,
            confirmed_at: listing.confirmed_at.filter(|confirmed| *confirmed >= at),
        }),
        shows_units: listing.shown_units,
        read_at: listing.shown_at,
        should_units: should,
        platform_stock: !listing.ours,
        held: None,
        problem: None,
    }
}

/// The SKU that a form was sent for, and what is around its page.
pub(super) async fn sku_of_form(member: &Member, id: &str) -> Result<(Chrome, Found), Failure> {
    let chrome = member.chrome(Some(Nav::Skus)).await?;
    match find(member, id, None, None).await? {
        Some(found) => Ok((chrome, found)),
        None => Err(Failure::of(Obstacle::NotFound).on(chrome)),
    }
}

/// Takes a count in.
pub(crate) async fn adjust(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeStock>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let (chrome, found) = sku_of_form(&member, &id).await?;
    let form = CountForm {
        on_hand_units: fields.get("on_hand_units").to_owned(),
        safety_units: fields.get("safety_units").to_owned(),
        reason: fields.get("reason").to_owned(),
        errors: Errors::default(),
    };
    let version = fields.get("version").parse::<i64>().unwrap_or(found.sku.tally.version);
    let again = |form: CountForm, found: Found, chrome: Chrome| {
        let (_, moment) = LedgerQuery::default().moment(&chrome);
        let forms = Forms { count: form, moment, sharing: sharing_of(&found) };
        Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page(chrome, found, forms, None))).into_response())
    };
    let (Ok(on_hand), Ok(safety)) = (form.on_hand_units.parse::<i64>(), form.safety_units.parse::<i64>())
    else {
        let form = with_error(form, "on_hand_units", chrome.t("count-error-number"));
        return again(form, found, chrome);
    };
    // Shipments between looking and pressing have left the shelf since: what was meant
    // is the difference to what was looked at.
    let seen = member
        .web
        .app
        .organization(member.organization())
        .read({
            let id = found.sku.id;
            move |tenant| tenant.tally_at(id, version)
        })
        .await?;
    let on_hand = on_hand + found.sku.tally.on_hand_units - seen.on_hand_units;
    let reason = form.reason.clone();
    let adjusted = member.web.app.adjust(
        member.organization(),
        member.who.member,
        found.sku.id,
        on_hand,
        safety,
        &reason,
    );
    match adjusted.await {
        Ok(sku) => Ok(see_with(&format!("/skus/{}", sku.id), Tone::Good, "flash-counted")),
        Err(AdjustError::Count) => {
            let form = with_error(form, "on_hand_units", chrome.t("count-error-number"));
            again(form, found, chrome)
        }
        Err(AdjustError::Reason) => {
            let form = with_error(form, "reason", chrome.t("count-error-reason"));
            again(form, found, chrome)
        }
        Err(AdjustError::Kit) => {
            let form = with_error(form, "on_hand_units", chrome.t("count-error-kit"));
            again(form, found, chrome)
        }
        Err(AdjustError::App(error)) => Err(Failure::from(error).on(chrome)),
    }
}

/// Keeps how the listings share the units.
pub(crate) async fn share(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeStock>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let (chrome, found) = sku_of_form(&member, &id).await?;
    let (word, threshold) = (fields.get("mode").to_owned(), fields.get("threshold_units").to_owned());
    // None is the listing that sells most; what is no listing's id is none of this SKU's.
    let by_margin = fields.get("last_units_to") == BY_MARGIN;
    let preferred = Some(fields.get("last_units_to")).filter(|id| !id.is_empty() && !by_margin);
    let preferred = preferred.map(str::parse::<ListingId>).transpose();
    // A number counts in automatic mode alone: whatever stands there beside another mode does no harm.
    let units = threshold.parse::<i64>().unwrap_or(0);
    let sku = found.sku.id;
    // No word leaves the shield as it is; a word that is none is nothing that the form has.
    let shield = Some(fields.get("shield")).filter(|word| !word.is_empty()).map(Shield::parse);
    let chosen = match (Mode::parse(&word, units).filter(|_| shield != Some(None)), &preferred) {
        (None, _) => Err(ModeError::Threshold),
        (Some(_), Err(_)) => Err(ModeError::Listing),
        (Some(mode), Ok(preferred)) => {
            let (organization, who) = (member.organization(), member.who.member);
            let shield = shield.flatten();
            let sharing = Sharing { mode, last_units_to: *preferred, by_margin, shield };
            member.web.app.choose_mode(organization, who, sku, sharing).await
        }
    };
    let (field, text) = match chosen {
        Ok(()) => return Ok(see_with(&format!("/skus/{sku}"), Tone::Good, "flash-sharing")),
        Err(ModeError::Threshold) => ("threshold_units", chrome.t("sharing-error").to_owned()),
        Err(ModeError::InKit) => ("threshold_units", chrome.t("sharing-error-kit").to_owned()),
        Err(ModeError::Listing) => ("last_units_to", chrome.t("sharing-error-listing").to_owned()),
        Err(ModeError::App(error)) => return Err(Failure::from(error).on(chrome)),
    };
    let errors = Errors(vec![FieldError { field, text }]);
    let mode = if word.is_empty() { "shared".to_owned() } else { word };
    let preferred = preferred.ok().flatten();
    let sharing = SharingForm { mode, threshold_units: threshold, preferred, errors, ..sharing_of(&found) };
    let (_, moment) = LedgerQuery::default().moment(&chrome);
    let forms = Forms { count: count_of(found.sku.tally), sharing, moment };
    let page = page(chrome, found, forms, None);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

fn with_error(mut form: CountForm, field: &'static str, text: &str) -> CountForm {
    form.errors = Errors(vec![FieldError { field, text: text.to_owned() }]);
    form
}

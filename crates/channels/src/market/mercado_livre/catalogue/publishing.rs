//! A listing from its birth to its end. The platform knows no repeated try and two equal
//! calls are two listings, so what an earlier try made is looked for by the seller's codes.
//! A description is a call of its own after the listing's.

use std::collections::BTreeSet;
use std::time::Duration;

use connect::{
    Account, Answer, Call, CallSpec, ChannelError, ErrorKind, Existing, Publishing, Standing, Submission,
};
use domain::offer::{Change, Field, Objection, Offer, Variant};
use domain::{ListingState, Timestamp};
use http::Method;
use serde_json::{Value, json};

use super::super::hook::is_item;
use super::super::wire::{self as items, Loose, Tags, filled, owned};
use super::super::{MercadoLivre, error};
use super::{body, objections, wire};
use crate::market::json::Object;
use crate::market::places::by_age;

const CREATE: &str = "create listing";
const FIND: &str = "find listing";
const STANDING: &str = "fetch standing of listing";
const UPDATE: &str = "update listing";
const SET: &str = "put listing on or off sale";
const DELETE: &str = "delete listing";

/// The platform's clock and ours may differ by this much.
const CLOCK_SKEW: Duration = Duration::from_mins(5);
/// Listings of one code that are looked at: a seller has a handful.
const MOST_LOOKED_AT: usize = 20;
/// Sub-statuses behind which stands a word of moderation.
const MODERATED: [&str; 8] = [
    "warning",
    "waiting_for_patch",
    "held",
    "pending_documentation",
    "forbidden",
    "suspended",
    "suspended_for_prevention",
    "freezed",
];
/// The seller's tags that change what is sent.
const USER_PRODUCTS: &str = "user_product_seller";
const DEPOTS: &str = "warehouse_management";

/// An answer, or what the platform has against what was handed in.
type Handed = Result<Answer, Vec<Objection>>;

impl Publishing for MercadoLivre {
    fn create<'a>(
        &'a self,
        account: &'a Account,
        offer: &'a Offer,
        tried_since: Option<Timestamp>,
    ) -> Call<'a, Submission> {
        Box::pin(async move {
            let made = match tried_since {
                Some(since) => self.made_since(CREATE, account, offer, since).await?,
                None => Vec::new(),
            };
            let is_made =
                |variant: &&Variant| made.iter().any(|one| one.seller_skus.contains(&variant.seller_sku));
            let missing: Vec<&Variant> = offer.variants.iter().filter(|variant| !is_made(variant)).collect();
            let mut ids: Vec<String> = made.iter().map(|one| one.external_id.clone()).collect();
            let mut remarks = Vec::new();
            if !missing.is_empty() {
                remarks = self.make(account, offer, &missing, &mut ids).await?;
                if ids.is_empty() {
                    return Ok(Submission::Refused(remarks));
                }
            }
            if !offer.description.is_empty() {
                for id in &ids {
                    remarks.extend(self.describe(CREATE, account, id, &offer.description).await?);
                }
            }
            Ok(Submission::Taken { external_ids: ids, remarks })
        })
    }

    fn find<'a>(
        &'a self,
        account: &'a Account,
        offer: &'a Offer,
        since: Timestamp,
    ) -> Call<'a, Vec<Existing>> {
        Box::pin(self.made_since(FIND, account, offer, since))
    }

    fn standing<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Standing> {
        Box::pin(async move { Ok(self.stands(STANDING, account, external_id).await?.0) })
    }

    fn update<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        change: &'a Change,
    ) -> Call<'a, Submission> {
        Box::pin(async move {
            let taken = |remarks| Submission::Taken { external_ids: vec![external_id.to_owned()], remarks };
            if change.is_nothing() {
                return Ok(taken(Vec::new()));
            }
            let mut remarks = Vec::new();
            let has_fields = Change { description: None, ..change.clone() } != Change::default();
            if has_fields {
                match self.change_fields(account, external_id, change).await? {
                    Ok(told) => remarks = told,
                    Err(refused) => return Ok(Submission::Refused(refused)),
                }
            }
            if let Some(text) = &change.description {
                let refused = self.describe(UPDATE, account, external_id, text).await?;
                if !refused.is_empty() && !has_fields {
                    return Ok(Submission::Refused(refused));
                }
                remarks.extend(refused);
            }
            Ok(taken(remarks))
        })
    }

    fn set_on_sale<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        on_sale: bool,
    ) -> Call<'a, Standing> {
        Box::pin(async move {
            let word = if on_sale { "active" } else { "paused" };
            let body = json!({ "status": word }).to_string();
            let spec = self.request(SET, Method::PUT, account, &["items", external_id]).json(body);
            let refused = self.ask(spec).await.err();
            let is_refused = |error: &ChannelError| matches!(error.kind, ErrorKind::Refused { .. });
            if let Some(error) = refused.clone().filter(|error| !is_refused(error)) {
                return Err(error);
            }
            let (standing, answer) = self.stands(SET, account, external_id).await?;
            // A refusal because of the listing's state has many codes; the state itself is plain.
            if let Some(error) = refused {
                let takes = standing.state.takes_stock();
                return Err(if takes { error } else { answer.fail(ErrorKind::NotWritable) });
            }
            let stays_down = on_sale && standing.platform_status.contains("paused_by_seller");
            let stays_up = !on_sale && standing.state == ListingState::Active;
            if stays_down || stays_up {
                return Err(answer.fail(ErrorKind::WriteNotApplied));
            }
            Ok(standing)
        })
    }

    fn delete<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, ()> {
        Box::pin(async move {
            let path = ["items", external_id];
            let (snapshots, answer) = self.read_item(DELETE, account, external_id).await?;
            let Some(item) = snapshots.first() else {
                return Err(answer.garbled("an item without a snapshot"));
            };
            let status = item.platform_status.as_str();
            if status.contains("deleted") {
                return Ok(());
            }
            // What is forbidden for good takes the deletion alone.
            if item.state != ListingState::Closed && !status.contains("forbidden") {
                let close = json!({ "status": "closed" }).to_string();
                self.ask(self.request(DELETE, Method::PUT, account, &path).json(close)).await?;
            }
            // Right after closing the platform answers with a conflict: the next try finds
            // the listing closed, and comes to here at once.
            let delete = json!({ "deleted": "true" }).to_string();
            self.ask(self.request(DELETE, Method::PUT, account, &path).json(delete)).await?;
            Ok(())
        })
    }
}

impl MercadoLivre {
    /// Makes a call that hands in what an offer says.
    async fn hand_in(&self, spec: CallSpec) -> Result<Handed, ChannelError> {
        let answer = self.outbound.call(spec).await?;
        match objections::refused(&answer) {
            Some(objections) => Ok(Err(objections)),
            None => error::succeeded(answer).map(Ok),
        }
    }

    /// Publishes the missing variants and adds their ids to `ids`. What comes back was
    /// remarked on, or refused: in the new model one variant may stand and another not.
    async fn make(
        &self,
        account: &Account,
        offer: &Offer,
        missing: &[&Variant],
        ids: &mut Vec<String>,
    ) -> Result<Vec<Objection>, ChannelError> {
        let seller = self.ask(self.request(CREATE, Method::GET, account, &["users", "me"])).await?;
        let tags = seller.json::<items::User>()?.tags.unwrap_or_default();
        let bodies: Vec<(Object, i64)> = if tags.has(USER_PRODUCTS) {
            missing.iter().map(|it| (body::variant(offer, it), it.quantity_units)).collect()
        } else {
            let units = missing.iter().map(|it| it.quantity_units).sum();
            vec![(body::whole(offer), units)]
        };
        let depot = if tags.has(DEPOTS) { Some(self.depot(account).await?) } else { None };
        let mut told = Vec::new();
        for (body, units) in bodies {
            let (path, body) = match &depot {
                None => (vec!["items"], body),
                Some((store, node)) => {
                    (vec!["items", "multiwarehouse"], body::in_depot(body, units, store, node.as_deref()))
                }
            };
            let spec = self.request(CREATE, Method::POST, account, &path).json(body.text());
            match self.hand_in(spec).await? {
                Err(refused) => told.extend(refused),
                Ok(answer) => {
                    let made: wire::Published = answer.json()?;
                    if !is_item(&made.id.0) {
                        return Err(answer.garbled("a listing without an id"));
                    }
                    told.extend(objections::remarks(&answer, made.warnings.as_deref().unwrap_or_default()));
                    ids.push(made.id.0);
                }
            }
        }
        Ok(told)
    }

    /// The depot that new listings' units are put into: the oldest, as with quantities.
    async fn depot(&self, account: &Account) -> Result<(String, Option<String>), ChannelError> {
        let path = ["users", account.external_id.as_str(), "stores", "search"];
        let spec = self.request(CREATE, Method::GET, account, &path).query("tags", "stock_location");
        let answer = self.ask(spec).await?;
        let stores: wire::Stores = answer.json()?;
        let known = stores
            .results
            .iter()
            .flatten()
            .filter_map(|store| Some((owned(store.id.as_ref())?, owned(store.network_node_id.as_ref()))));
        let oldest = known.min_by_key(|(id, _)| by_age(id));
        oldest.ok_or_else(|| answer.garbled("a seller with depots and none in their list"))
    }

    /// Writes the description of a listing, whether it has one or not, and gives what the
    /// platform has against the text.
    async fn describe(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
        text: &str,
    ) -> Result<Vec<Objection>, ChannelError> {
        let body = json!({ "plain_text": text }).to_string();
        let spec = |method| self.request(operation, method, account, &["items", id, "description"]);
        let first = self.hand_in(spec(Method::POST).json(body.clone())).await;
        match first {
            Ok(Ok(_)) => return Ok(Vec::new()),
            Ok(Err(refused)) if refused.iter().any(|it| it.field == Field::Description) => {
                return Ok(refused);
            }
            // There is one already, which has several codes.
            Ok(Err(_)) => {}
            Err(error) if matches!(error.kind, ErrorKind::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        let again = spec(Method::PUT).query("api_version", "2").json(body);
        Ok(self.hand_in(again).await?.err().unwrap_or_default())
    }

    /// Changes what stands in the item itself, and sees that its name is the new one.
    async fn change_fields(
        &self,
        account: &Account,
        id: &str,
        change: &Change,
    ) -> Result<Result<Vec<Objection>, Vec<Objection>>, ChannelError> {
        let path = ["items", id];
        // The new model has a family's name in the place of a title.
        let before = self.published(UPDATE, account, id).await?.0;
        let name = if filled(before.family_name.as_ref()).is_some() { "family_name" } else { "title" };
        let attributes = change.attributes.iter().flatten().map(body::attribute);
        let package = change.package.iter().flat_map(body::package);
        let attributes: Vec<Value> = attributes.chain(package).collect();
        let pictures = change.pictures.as_deref().map(body::pictures);
        let body = Object::default()
            .maybe(name, change.title.as_ref())
            .maybe("pictures", pictures.as_ref())
            .maybe("attributes", (!attributes.is_empty()).then_some(&attributes));
        let spec = self.request(UPDATE, Method::PUT, account, &path).json(body.text());
        let answer = match self.hand_in(spec).await? {
            Ok(answer) => answer,
            Err(refused) => return Ok(Err(refused)),
        };
        let after: wire::Published = answer.json()?;
        let shown = if name == "title" { &after.title } else { &after.family_name };
        let is_shown = |title: &String| filled(shown.as_ref()) == Some(title.trim());
        if after.id.0 != id || !change.title.as_ref().is_none_or(is_shown) {
            return Err(answer.fail(ErrorKind::WriteNotApplied));
        }
        Ok(Ok(objections::remarks(&answer, after.warnings.as_deref().unwrap_or_default())))
    }

    /// An item as far as publishing reads it, and the answer that says so.
    async fn published(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<(wire::Published, Answer), ChannelError> {
        let (_, answer) = self.read_item(operation, account, id).await?;
        let item = answer.json()?;
        Ok((item, answer))
    }

    /// Where an item stands, and the answer that says so.
    async fn stands(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<(Standing, Answer), ChannelError> {
        let (snapshots, answer) = self.read_item(operation, account, id).await?;
        let item: wire::Published = answer.json()?;
        let Some(shown) = snapshots.into_iter().next() else {
            return Err(answer.garbled("an item without a snapshot"));
        };
        let has = |tags: &Option<Tags>, word: &str| tags.as_ref().is_some_and(|tags| tags.has(word));
        let is_moderated = shown.state == ListingState::UnderReview
            || has(&item.tags, "moderation_penalty")
            || MODERATED.iter().any(|word| has(&item.sub_status, word));
        let objections =
            if is_moderated { self.moderation(operation, account, id).await? } else { Vec::new() };
        let standing = Standing {
            external_id: id.to_owned(),
            state: shown.state,
            platform_status: shown.platform_status,
            objections,
        };
        Ok((standing, answer))
    }

    /// What moderation last said of an item; nothing where it keeps no record of it.
    async fn moderation(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<Vec<Objection>, ChannelError> {
        let element = format!("{id}-ITM");
        let path = ["moderations", "last_moderation", element.as_str()];
        let answer = match self.ask(self.request(operation, Method::GET, account, &path)).await {
            Err(ChannelError { kind: ErrorKind::NotFound, .. }) => return Ok(Vec::new()),
            outcome => outcome?,
        };
        let rows: Vec<wire::Moderation> = answer.json()?;
        Ok(objections::moderation(&answer, &rows))
    }

    /// Listings made since `since` that carry codes of the offer.
    async fn made_since(
        &self,
        operation: &'static str,
        account: &Account,
        offer: &Offer,
        since: Timestamp,
    ) -> Result<Vec<Existing>, ChannelError> {
        let codes: BTreeSet<&str> = offer.variants.iter().map(|it| it.seller_sku.as_str()).collect();
        let mut found = BTreeSet::new();
        let path = ["users", account.external_id.as_str(), "items", "search"];
        for code in &codes {
            let spec = self.request(operation, Method::GET, account, &path).query("seller_sku", code);
            let answer = self.ask(spec).await?;
            let page: items::ItemSearch = answer.json()?;
            let Some(ids) = page.results else { return Err(answer.garbled("results is missing")) };
            if !ids.iter().all(|id| is_item(&id.0)) {
                return Err(answer.garbled("a result is no item's id"));
            }
            found.extend(ids.into_iter().take(MOST_LOOKED_AT).map(|id| id.0));
        }
        let from = since.minus(CLOCK_SKEW);
        let mut existing = Vec::new();
        for id in found {
            let (snapshots, answer) = self.read_item(operation, account, &id).await?;
            let item: wire::Published = answer.json()?;
            let created = item.date_created.as_ref().and_then(Loose::instant);
            let created = created.ok_or_else(|| answer.garbled("date_created is missing"))?;
            let is_over = snapshots.iter().all(|shown| shown.state == ListingState::Closed);
            let held = snapshots.into_iter().filter_map(|shown| shown.seller_sku);
            let seller_skus: BTreeSet<String> = held.filter(|code| codes.contains(code.as_str())).collect();
            if created >= from && !is_over && !seller_skus.is_empty() {
                existing.push(Existing { external_id: id, seller_skus: seller_skus.into_iter().collect() });
            }
        }
        Ok(existing)
    }
}

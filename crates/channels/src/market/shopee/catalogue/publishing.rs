//! A listing from its birth to its end. An item with variations takes several calls; until
//! the last of them it is off sale, so that no half of it is ever sold.

use std::collections::BTreeSet;
use std::time::Duration;

use connect::{
    Account, Answer, Call, CallSpec, ChannelError, ErrorKind, Existing, Publishing, Standing, Submission,
};
use domain::offer::{Change, Objection, Offer};
use domain::{ListingState, Timestamp};
use http::Method;

use super::super::ids::{self, id};
use super::super::wire::{filled, instant, is_true};
use super::super::{Shopee, error};
use super::{body, objections, wire};

const CREATE: &str = "create listing";
const FIND: &str = "find listing";
const STANDING: &str = "fetch standing of listing";
const UPDATE: &str = "update listing";
const SET: &str = "put listing on or off sale";
const DELETE: &str = "delete listing";

/// The platform tells whole seconds by a clock of its own.
const CLOCK_SKEW: Duration = Duration::from_mins(5);
/// Items of one code that are looked at; the platform reads 50 at once.
const MOST_LOOKED_AT: usize = 50;
/// Entrega Direta: never an item's only channel.
const NEVER_ALONE: &str = "90022";

impl Publishing for Shopee {
    fn create<'a>(
        &'a self,
        account: &'a Account,
        offer: &'a Offer,
        tried_since: Option<Timestamp>,
    ) -> Call<'a, Submission> {
        Box::pin(async move {
            let made = match tried_since {
                Some(since) => self.made_since(CREATE, account, offer, since).await?.into_iter().next(),
                None => None,
            };
            let (item, has_models, is_listed) = match &made {
                Some(item) => (
                    item.item_id.0.clone(),
                    is_true(item.has_model.as_ref()),
                    filled(item.item_status.as_ref()) != Some("UNLIST"),
                ),
                None => match self.add(account, offer).await? {
                    Ok(item) => (item, false, offer.axes.is_empty()),
                    Err(refused) => return Ok(Submission::Refused(refused)),
                },
            };
            if !offer.axes.is_empty() && !has_models {
                let spec =
                    self.update(CREATE, account, "init_tier_variation", body::tiers(&item, offer).text());
                if let Some(refused) = self.hand_in(spec).await? {
                    // Nobody has seen it: what is refused leaves nothing behind.
                    self.end(CREATE, account, &item).await?;
                    return Ok(Submission::Refused(refused));
                }
            }
            if !is_listed {
                let spec = self.update(CREATE, account, "unlist_item", body::shelf(&item, true).text());
                self.updated(spec).await?;
            }
            Ok(Submission::Taken { external_ids: vec![item], remarks: Vec::new() })
        })
    }

    fn find<'a>(
        &'a self,
        account: &'a Account,
        offer: &'a Offer,
        since: Timestamp,
    ) -> Call<'a, Vec<Existing>> {
        Box::pin(async move {
            let codes: BTreeSet<&str> = offer.variants.iter().map(|it| it.seller_sku.as_str()).collect();
            let mut existing = Vec::new();
            for item in self.made_since(FIND, account, offer, since).await? {
                let (offers, _) = self.read_item(FIND, account, &item.item_id.0).await?;
                let held = offers.into_iter().filter_map(|offer| offer.snapshot.seller_sku);
                let held: BTreeSet<String> = held.filter(|code| codes.contains(code.as_str())).collect();
                if !held.is_empty() {
                    let seller_skus = held.into_iter().collect();
                    existing.push(Existing { external_id: item.item_id.0, seller_skus });
                }
            }
            Ok(existing)
        })
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
            let item = ids::number(UPDATE, external_id)?;
            let taken = || Submission::Taken { external_ids: vec![item.to_owned()], remarks: Vec::new() };
            if change.is_nothing() {
                return Ok(taken());
            }
            let spec = self.update(UPDATE, account, "update_item", body::change(item, change).text());
            if let Some(refused) = self.hand_in(spec).await? {
                return Ok(Submission::Refused(refused));
            }
            let (shown, answer) = self.made(UPDATE, account, &[item]).await?;
            let name = shown.first().and_then(|shown| filled(shown.item_name.as_ref()));
            if change.title.as_deref().is_some_and(|title| name != Some(title.trim())) {
                return Err(answer.fail(ErrorKind::WriteNotApplied));
            }
            Ok(taken())
        })
    }

    fn set_on_sale<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        on_sale: bool,
    ) -> Call<'a, Standing> {
        Box::pin(async move {
            let item = ids::number(SET, external_id)?;
            let spec = self.update(SET, account, "unlist_item", body::shelf(item, on_sale).text());
            self.updated(spec).await?;
            let (standing, answer) = self.stands(SET, account, item).await?;
            let is_as_before = if on_sale {
                standing.state == ListingState::Paused
            } else {
                standing.state == ListingState::Active
            };
            if is_as_before { Err(answer.fail(ErrorKind::WriteNotApplied)) } else { Ok(standing) }
        })
    }

    fn delete<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, ()> {
        Box::pin(async move {
            let item = ids::number(DELETE, external_id)?;
            // What was deleted stays readable for 90 days.
            let (shown, answer) = self.made(DELETE, account, &[item]).await?;
            let Some(shown) = shown.first() else { return Err(answer.fail(ErrorKind::NotFound)) };
            match filled(shown.item_status.as_ref()) {
                Some("SELLER_DELETE" | "SHOPEE_DELETE") => Ok(()),
                Some(_) | None => self.end(DELETE, account, item).await,
            }
        })
    }
}

impl Shopee {
    /// Makes a call that hands in what an offer says; what is refused of it comes back.
    async fn hand_in(&self, spec: CallSpec) -> Result<Option<Vec<Objection>>, ChannelError> {
        match self.answered(spec).await {
            Ok(_) => Ok(None),
            Err(error) => objections::of(error).map(Some),
        }
    }

    /// Makes a call that has to succeed and whose answer may be a bare envelope.
    async fn answered(&self, spec: CallSpec) -> Result<Answer, ChannelError> {
        let answer = error::succeeded(self.outbound.call(spec).await?)?;
        // A success is told by an envelope, and by nothing else that looks like one.
        answer.json::<super::super::wire::Envelope<serde::de::IgnoredAny>>()?;
        Ok(answer)
    }

    /// Adds the item of an offer, with every way of sending that the shop has switched on.
    async fn add(
        &self,
        account: &Account,
        offer: &Offer,
    ) -> Result<Result<String, Vec<Objection>>, ChannelError> {
        ids::number(CREATE, &offer.category)?;
        let numbers = offer.attributes.iter().flat_map(|attribute| {
            let listed = attribute.values.iter().filter_map(|value| match value {
                domain::attribute::Value::Listed(id) => Some(id),
                domain::attribute::Value::Text(_)
                | domain::attribute::Value::Number(_)
                | domain::attribute::Value::Measure { .. }
                | domain::attribute::Value::Date(_) => None,
            });
            std::iter::once(&attribute.id).chain(listed)
        });
        for number in numbers.chain(offer.brand.iter().filter_map(|brand| brand.id.as_ref())) {
            ids::number(CREATE, number)?;
        }
        let channels = self.channels(account).await?;
        let spec = self.update(CREATE, account, "add_item", body::item(offer, &channels).text());
        let (added, answer): (wire::Added, _) = match self.ask(spec).await {
            Ok(added) => added,
            Err(error) => return objections::of(error).map(Err),
        };
        match id(added.item_id.as_ref()) {
            Some(item) => Ok(Ok(item.to_owned())),
            None => Err(answer.garbled("an item without its item_id")),
        }
    }

    /// The ways of sending that are switched on and no mask of others.
    async fn channels(&self, account: &Account) -> Result<Vec<String>, ChannelError> {
        let spec = self.shop_call(CREATE, Method::GET, account, ["logistics", "get_channel_list"]);
        let (found, answer): (wire::Channels, _) = self.ask(spec).await?;
        let on = found.logistics_channel_list.iter().flatten().filter(|channel| {
            is_true(channel.enabled.as_ref()) && id(channel.mask_channel_id.as_ref()).is_none()
        });
        let on: Vec<String> =
            on.filter_map(|it| id(it.logistics_channel_id.as_ref()).map(str::to_owned)).collect();
        if on.iter().all(|channel| channel == NEVER_ALONE) {
            return Err(answer.fail(ErrorKind::Refused {
                code: "error_invalid_logistic_info".into(),
                message: "the shop has no way of sending switched on; do that in the seller centre".into(),
            }));
        }
        Ok(on)
    }

    /// Deletes an item.
    async fn end(&self, operation: &'static str, account: &Account, item: &str) -> Result<(), ChannelError> {
        let body = crate::market::json::Object::default().digits("item_id", item);
        self.answered(self.update(operation, account, "delete_item", body.text())).await?;
        Ok(())
    }

    /// Items as far as publishing reads them, and the answer that tells of them.
    async fn made(
        &self,
        operation: &'static str,
        account: &Account,
        items: &[&str],
    ) -> Result<(Vec<wire::MadeItem>, Answer), ChannelError> {
        let spec = self
            .shop_call(operation, Method::GET, account, ["product", "get_item_base_info"])
            .query("item_id_list", &items.join(","));
        let (found, answer): (wire::Made, _) = self.ask(spec).await?;
        let Some(found) = found.item_list else { return Err(answer.garbled("item_list is missing")) };
        if found.iter().all(|item| items.contains(&item.item_id.0.as_str())) {
            Ok((found, answer))
        } else {
            Err(answer.garbled("another item than was asked for"))
        }
    }

    /// Items made since `since` that carry the offer's code, the oldest first.
    async fn made_since(
        &self,
        operation: &'static str,
        account: &Account,
        offer: &Offer,
        since: Timestamp,
    ) -> Result<Vec<wire::MadeItem>, ChannelError> {
        let spec = self
            .shop_call(operation, Method::GET, account, ["product", "search_item"])
            .query("page_size", &MOST_LOOKED_AT.to_string())
            .query("item_sku", body::item_sku(offer));
        let (found, answer): (wire::Found, _) = self.ask(spec).await?;
        let numbers = found.item_id_list.unwrap_or_default();
        let numbers: Option<Vec<&str>> = numbers.iter().map(|number| id(Some(number))).collect();
        let numbers = numbers.ok_or_else(|| answer.garbled("a row without the number of its item"))?;
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let (mut made, _) = self.made(operation, account, &numbers).await?;
        let from = since.minus(CLOCK_SKEW);
        made.retain(|item| {
            let is_over =
                matches!(filled(item.item_status.as_ref()), Some("SELLER_DELETE" | "SHOPEE_DELETE"));
            !is_over && instant(item.create_time.as_ref()).is_some_and(|created| created >= from)
        });
        made.sort_by_key(|item| instant(item.create_time.as_ref()));
        Ok(made)
    }

    /// Where an item stands, and the answer that says so.
    async fn stands(
        &self,
        operation: &'static str,
        account: &Account,
        external_id: &str,
    ) -> Result<(Standing, Answer), ChannelError> {
        let item = ids::number(operation, external_id)?;
        let (offers, answer) = self.read_item(operation, account, item).await?;
        let Some(first) = offers.into_iter().next() else {
            return Err(answer.garbled("an item without an offer"));
        };
        let shown = first.snapshot;
        let objections = if shown.state == ListingState::UnderReview {
            self.violations(operation, account, item).await?
        } else {
            Vec::new()
        };
        let standing = Standing {
            external_id: item.to_owned(),
            state: shown.state,
            platform_status: shown.platform_status,
            objections,
        };
        Ok((standing, answer))
    }

    async fn violations(
        &self,
        operation: &'static str,
        account: &Account,
        item: &str,
    ) -> Result<Vec<Objection>, ChannelError> {
        let spec = self
            .shop_call(operation, Method::GET, account, ["product", "get_item_violation_info"])
            .query("item_id_list", item);
        let (found, answer): (wire::Violations, _) = self.ask(spec).await?;
        let items = found.item_list.unwrap_or_default();
        Ok(items.iter().flat_map(|item| objections::violations(&answer, item)).collect())
    }
}

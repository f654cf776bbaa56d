//! Listings: the shop's list, and each item as it stands. Whoever has variations has them as
//! models, which take a call of their own for each item.

use connect::{
    Account, Answer, Call, CallSpec, ChannelError, ErrorKind, ListingKey, ListingSnapshot, Listings, Page,
};
use http::Method;

use super::Shopee;
use super::ids::{self, id, is_number};
use super::offers::{self, Offer};
use super::wire::{self, Gap, Loose, is_true};
use crate::market::refusal;

/// Items on one page. The platform gives 100 at once, but models take a call for each item,
/// and a page has to be read well inside a lease.
const PAGE: &str = "20";
/// The states that are listed. What was deleted stays readable for 90 days, and is read
/// where somebody asks for it by its number.
const STATES: [&str; 4] = ["NORMAL", "UNLIST", "BANNED", "REVIEWING"];
/// What our cursors begin with, so that no other channel's is taken for one.
const WORD: &str = "items:";
const LIST: &str = "list listings";
const FETCH: &str = "fetch listing";

impl Listings for Shopee {
    fn page<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<ListingSnapshot>> {
        Box::pin(async move {
            let offset = match cursor {
                None => 0,
                Some(text) => parse(text).ok_or_else(|| refusal::cursor(LIST))?,
            };
            let (list, answer): (wire::ItemList, _) = self.ask(self.item_list(account, offset)).await?;
            let rows = list.items.unwrap_or_default();
            let numbers: Option<Vec<&str>> = rows.iter().map(|row| id(row.item_id.as_ref())).collect();
            let Some(numbers) = numbers else {
                return Err(answer.garbled("a row without the number of its item"));
            };
            let next = if is_true(list.has_next_page.as_ref()) {
                let told = list.next_offset.as_ref().and_then(unsigned);
                let read = offset + u64::try_from(numbers.len()).unwrap_or_default();
                // One that leads back would never end.
                let next = told.unwrap_or(read);
                if next <= offset {
                    return Err(answer.garbled("a next page that is not further on"));
                }
                Some(format!("{WORD}{next}"))
            } else {
                None
            };
            let mut items = Vec::new();
            for item in self.items(LIST, account, &numbers).await?.0 {
                // None are told while tiers are being changed: the next reading finds them.
                items.extend(self.offers(LIST, account, &item).await?.0);
            }
            let items = items.into_iter().map(|offer| offer.snapshot).collect();
            Ok(Page { items, next, total: list.total_count.as_ref().and_then(unsigned) })
        })
    }

    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<ListingSnapshot>> {
        Box::pin(async move {
            let (offers, _) = self.read_item(FETCH, account, external_id).await?;
            Ok(offers.into_iter().map(|offer| offer.snapshot).collect())
        })
    }
}

impl Shopee {
    fn item_list(&self, account: &Account, offset: u64) -> CallSpec {
        let spec = self
            .shop_call(LIST, Method::GET, account, ["product", "get_item_list"])
            .query("offset", &offset.to_string())
            .query("page_size", PAGE);
        STATES.into_iter().fold(spec, |spec, state| spec.query("item_status", state))
    }

    /// The items of these numbers, as many as there still are.
    async fn items(
        &self,
        operation: &'static str,
        account: &Account,
        numbers: &[&str],
    ) -> Result<(Vec<wire::Item>, Option<Answer>), ChannelError> {
        if numbers.is_empty() {
            return Ok((Vec::new(), None));
        }
        let spec = self
            .shop_call(operation, Method::GET, account, ["product", "get_item_base_info"])
            .query("item_id_list", &numbers.join(","));
        let (found, answer): (wire::ItemDetails, _) = self.ask(spec).await?;
        let Some(items) = found.items else {
            return Err(answer.garbled("item_list is missing"));
        };
        if items.iter().all(|item| numbers.contains(&item.item_id.0.as_str())) {
            Ok((items, Some(answer)))
        } else {
            Err(answer.garbled("another item than was asked for"))
        }
    }

    /// The offers of an item, and the answer that tells of them where it took a call.
    async fn offers(
        &self,
        operation: &'static str,
        account: &Account,
        item: &wire::Item,
    ) -> Result<(Vec<Offer>, Option<Answer>), ChannelError> {
        let number = ids::number(operation, &item.item_id.0)?;
        let garbled = |gap: Gap| ChannelError::new(ErrorKind::Garbled { what: gap.0 }, operation);
        if !offers::has_models(item) {
            return Ok((vec![offers::single(item).map_err(garbled)?], None));
        }
        let spec = self
            .shop_call(operation, Method::GET, account, ["product", "get_model_list"])
            .query("item_id", number);
        let (list, answer): (wire::ModelList, _) = self.ask(spec).await?;
        let offers = offers::several(item, &list).map_err(|gap| answer.garbled(gap.0))?;
        Ok((offers, Some(answer)))
    }

    /// An item as it stands, and the answer that says so.
    pub(super) async fn read_item(
        &self,
        operation: &'static str,
        account: &Account,
        external_id: &str,
    ) -> Result<(Vec<Offer>, Answer), ChannelError> {
        let number = ids::number(operation, external_id)?;
        let (items, answer) = self.items(operation, account, &[number]).await?;
        let not_there = || ChannelError::new(ErrorKind::NotFound, operation);
        let (Some(item), Some(answer)) = (items.first(), answer) else {
            return Err(not_there());
        };
        let (offers, of_models) = self
            .offers(operation, account, item)
            .await
            .map_err(|error| if error.exchange.is_some() { error } else { answer.fail(error.kind) })?;
        let answer = of_models.unwrap_or(answer);
        // Taken for "gone", an item whose tiers are being changed would never be told again.
        if offers.is_empty() {
            Err(answer.garbled("an item without its models"))
        } else {
            Ok((offers, answer))
        }
    }

    /// What the platform shows for `key` now.
    pub(super) async fn shown(
        &self,
        operation: &'static str,
        account: &Account,
        key: &ListingKey,
    ) -> Result<(Offer, Answer), ChannelError> {
        let (offers, answer) = self.read_item(operation, account, &key.external_id).await?;
        match offers.into_iter().find(|offer| offer.snapshot.key == *key) {
            Some(offer) => Ok((offer, answer)),
            None => Err(answer.fail(ErrorKind::NotFound)),
        }
    }
}

fn unsigned(field: &Loose) -> Option<u64> {
    field.count().and_then(|count| u64::try_from(count).ok())
}

fn parse(cursor: &str) -> Option<u64> {
    let offset = cursor.strip_prefix(WORD).filter(|offset| is_number(offset))?;
    offset.parse().ok()
}

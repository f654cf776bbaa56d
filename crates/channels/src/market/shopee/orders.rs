//! Orders and their packages.

use std::collections::BTreeMap;

use connect::{Account, Call, CallSpec, ChannelError, ErrorKind, OrderRef, Orders, Page, Window};
use domain::{OrderSnapshot, Verdict};
use http::Method;

use super::Shopee;
use super::ids::{self, is_code};
use super::map;
use super::sweep::Sweep;
use super::wire::{self, Gap, Listed, filled, instant, is_true, owned};
use crate::market::loose::distinct;
use crate::market::refusal;

/// What the hub asks for besides the fields that every answer has. Nothing about the buyer
/// but their number: what is not asked for is not sent.
const FIELDS: &str = "buyer_user_id,cancel_by,fulfillment_flag,item_list,package_list,split_up";
/// Orders on one page: the most that `get_order_detail` takes at once.
const PAGE: &str = "50";
const FETCH: &str = "fetch order";
const OF_SHIPMENT: &str = "list orders of shipment";
const UPDATED: &str = "list updated orders";

/// An order of a list, read by itself.
type ListedOrder = Listed<wire::FoundOrder, wire::Order>;

impl Orders for Shopee {
    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, OrderSnapshot> {
        Box::pin(async move {
            let number = ids::code(FETCH, external_id)?;
            let spec = self.details(FETCH, account, number).query("response_optional_fields", FIELDS);
            let (found, answer): (wire::OrderDetails, _) = self.ask(spec).await?;
            let Some(orders) = found.orders else {
                return Err(answer.garbled("order_list is missing"));
            };
            let Some(order) = orders.iter().find(|order| order.order_sn.0 == number) else {
                let is_other = !orders.is_empty();
                return Err(if is_other {
                    answer.garbled("another order than was asked for")
                } else {
                    answer.fail(ErrorKind::NotFound)
                });
            };
            let garbled = |gap: Gap| answer.garbled(gap.0);
            let packages = self.packages(account, &map::package_numbers(order).map_err(garbled)?).await?;
            let escrow =
                if map::lacks_prices(order) { self.escrow(account, number).await? } else { Vec::new() };
            map::order(order, &packages, &escrow).map_err(garbled)
        })
    }

    fn of_shipment<'a>(&'a self, account: &'a Account, shipment_id: &'a str) -> Call<'a, Vec<String>> {
        Box::pin(async move {
            let number = ids::code(OF_SHIPMENT, shipment_id)?;
            let spec = self.package_details(OF_SHIPMENT, account, number);
            let (found, answer): (wire::PackageDetails, _) = self.ask(spec).await?;
            let Some(packages) = found.packages else {
                return Err(answer.garbled("package_list is missing"));
            };
            if packages.is_empty() {
                return Err(answer.fail(ErrorKind::NotFound));
            }
            let of_package = packages.iter().filter(|it| filled(it.package_number.as_ref()) == Some(number));
            let orders = of_package.map(|it| owned(it.order_sn.as_ref()).filter(|order| is_code(order)));
            let orders = distinct(orders).filter(|orders| !orders.is_empty());
            orders.ok_or_else(|| answer.garbled("a package without the number of its order"))
        })
    }

    fn updated_in<'a>(
        &'a self,
        account: &'a Account,
        window: Window,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<OrderRef>> {
        Box::pin(async move {
            let sweep = match cursor {
                None => Sweep::over(window),
                Some(text) => Sweep::parse(text).ok_or_else(|| refusal::cursor(UPDATED))?,
            };
            let (list, answer): (wire::OrderList, _) = self.ask(self.order_list(account, &sweep)).await?;
            let Some(orders) = list.orders else {
                return Err(answer.garbled("order_list is missing"));
            };
            if !orders.iter().all(|order| is_code(&order.order_sn.0)) {
                return Err(answer.garbled("a row without the number of its order"));
            }
            // The end is what `more` says, never a short page.
            let more = if is_true(list.more.as_ref()) {
                let cursor = owned(list.next_cursor.as_ref()).filter(|next| *next != sweep.cursor);
                Some(cursor.ok_or_else(|| answer.garbled("more orders, yet no way to them"))?)
            } else {
                None
            };
            let numbers: Vec<&str> = orders.iter().map(|order| order.order_sn.0.as_str()).collect();
            let mut listed = self.listed(account, &numbers).await?;
            // An order without a clock counts as just updated: better fetched once too often.
            let reference = |number: &&str| {
                let found = listed.remove(*number);
                let updated_at = found.as_ref().and_then(|found| instant(found.row.update_time.as_ref()));
                let shown = found.and_then(|found| found.whole);
                let shown = shown.filter(|order| !map::lacks_prices(order));
                let shown = shown.and_then(|order| map::order(&order, &[], &[]).ok());
                OrderRef::new(number, updated_at.unwrap_or(sweep.ends_at()), shown)
            };
            let items = numbers.iter().map(reference).collect();
            Ok(Page { items, next: sweep.after(more).map(|rest| rest.to_cursor()), total: None })
        })
    }
}

impl Shopee {
    pub(super) fn details(&self, operation: &'static str, account: &Account, numbers: &str) -> CallSpec {
        self.shop_call(operation, Method::GET, account, ["order", "get_order_detail"])
            .query("order_sn_list", numbers)
            // Without it, orders that the platform holds back are left out.
            .query("request_order_status_pending", "true")
    }

    pub(super) fn package_details(
        &self,
        operation: &'static str,
        account: &Account,
        numbers: &str,
    ) -> CallSpec {
        self.shop_call(operation, Method::GET, account, ["order", "get_package_detail"])
            .query("package_number_list", numbers)
    }

    /// The packages as they stand; none where they cannot be read, which is normal right
    /// after the order: its units have to be held at once all the same, and it tells itself
    /// where its packages are.
    async fn packages(
        &self,
        account: &Account,
        numbers: &[&str],
    ) -> Result<Vec<wire::Package>, ChannelError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let spec = self.package_details("fetch packages", account, &numbers.join(","));
        let Some((found, answer)) = unless_final(self.ask::<wire::PackageDetails>(spec).await)? else {
            return Ok(Vec::new());
        };
        let packages = found.packages.unwrap_or_default();
        let is_asked = |it: &wire::Package| {
            filled(it.package_number.as_ref()).is_some_and(|number| numbers.contains(&number))
        };
        if packages.iter().all(is_asked) { Ok(packages) } else { Err(answer.garbled("another package")) }
    }

    /// What the order's lines bring in. None where the app may not read it: an order does not
    /// wait for prices.
    async fn escrow(&self, account: &Account, number: &str) -> Result<Vec<wire::EscrowItem>, ChannelError> {
        let spec = self
            .shop_call("fetch prices of bundle", Method::GET, account, ["payment", "get_escrow_detail"])
            .query("order_sn", number);
        let Some((escrow, answer)) = unless_final(self.ask::<wire::Escrow>(spec).await)? else {
            return Ok(Vec::new());
        };
        if filled(escrow.order_sn.as_ref()).is_some_and(|told| told != number) {
            return Err(answer.garbled("another order's prices"));
        }
        Ok(escrow.order_income.and_then(|income| income.items).unwrap_or_default())
    }

    fn order_list(&self, account: &Account, sweep: &Sweep) -> CallSpec {
        self.shop_call(UPDATED, Method::GET, account, ["order", "get_order_list"])
            .query("time_range_field", "update_time")
            .query("time_from", &sweep.from.to_string())
            .query("time_to", &sweep.to().to_string())
            .query("page_size", PAGE)
            .query("cursor", &sweep.cursor)
            .query("request_order_status_pending", "true")
    }

    /// The orders of a list by themselves, by number: the list does not even tell when each
    /// was updated. None where they cannot be read: they may be gone between the two calls.
    async fn listed(
        &self,
        account: &Account,
        numbers: &[&str],
    ) -> Result<BTreeMap<String, ListedOrder>, ChannelError> {
        if numbers.is_empty() {
            return Ok(BTreeMap::new());
        }
        let spec = self.details("read listed orders", account, &numbers.join(","));
        let spec = spec.query("response_optional_fields", FIELDS);
        let found = unless_final(self.ask::<wire::ListedOrders>(spec).await)?;
        let rows = found.into_iter().filter_map(|(found, _)| found.orders).flatten();
        Ok(rows.map(|listed| (listed.row.order_sn.0.clone(), listed)).collect())
    }
}

/// `None` for an answer that only helps and that asking again will not bring: an order must
/// not stay unseen, and its units unheld, for want of it.
fn unless_final<T>(outcome: Result<T, ChannelError>) -> Result<Option<T>, ChannelError> {
    match outcome {
        Err(error) if error.kind == ErrorKind::NotFound || error.verdict() == Verdict::Fail => Ok(None),
        outcome => outcome.map(Some),
    }
}

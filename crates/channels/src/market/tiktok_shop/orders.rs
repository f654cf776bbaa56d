//! Orders and their packages.

use connect::{Account, Answer, Call, CallSpec, ChannelError, ErrorKind, OrderRef, Orders, Page, Window};
use domain::OrderSnapshot;
use http::Method;
use serde_json::json;

use super::cursor::{List, Span, Stuck, Walk};
use super::wire::{self, Loose, filled, owned};
use super::{TikTokShop, is_id, map, parcels, version};
use crate::market::loose::distinct;
use crate::market::refusal;

/// Packages of one order that are read; orders of more were never seen.
pub(super) const MAX_PARCELS: usize = 10;
const SECOND_MS: i64 = 1_000;
const SWEEP: &str = "list updated orders";

impl Orders for TikTokShop {
    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, OrderSnapshot> {
        Box::pin(async move {
            let (order, answer) = self.order(account, external_id).await?;
            let mut parcels = parcels::of(&order).map_err(|gap| answer.garbled(gap.0))?;
            for parcel in parcels.iter_mut().take(MAX_PARCELS) {
                match self.package("fetch package", account, &parcel.id).await {
                    Ok((package, _)) => parcel.learn(&package),
                    // What the order says of it has to do: its units must be held at once,
                    // also where the seller has granted no look at packages.
                    Err(ChannelError {
                        kind: ErrorKind::NotFound | ErrorKind::PermissionMissing, ..
                    }) => {}
                    Err(error) => return Err(error),
                }
            }
            map::order(&order, &parcels).map_err(|gap| answer.garbled(gap.0))
        })
    }

    fn of_shipment<'a>(&'a self, account: &'a Account, shipment_id: &'a str) -> Call<'a, Vec<String>> {
        Box::pin(async move {
            let (package, answer) = self.package("list orders of package", account, shipment_id).await?;
            let orders = package.orders.unwrap_or_default();
            let ids = orders.iter().map(|order| owned(order.id.as_ref()).filter(|id| is_id(id)));
            let orders = distinct(ids).filter(|orders| !orders.is_empty());
            orders.ok_or_else(|| answer.garbled("a package without the numbers of its orders"))
        })
    }

    fn updated_in<'a>(
        &'a self,
        account: &'a Account,
        window: Window,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<OrderRef>> {
        Box::pin(async move {
            let mut walk = match cursor {
                None => Walk::over(List::Orders, whole_seconds(window)),
                Some(text) => Walk::parse(List::Orders, text, SWEEP)?,
            };
            let Some((span, token)) = walk.place() else {
                return Ok(Page { items: Vec::new(), next: None, total: None });
            };
            let answer = self.ask(self.search(account, span, token)?).await?;
            let found: wire::OrderSearch = wire::data(&answer)?;
            let rows = found.orders.unwrap_or_default();
            if !rows.iter().all(|order| is_id(&order.id.0)) {
                return Err(answer.garbled("a result without the number of its order"));
            }
            let items = rows.iter().map(|order| reference(order, window)).collect();
            let next = filled(found.next_page_token.as_ref());
            walk.advance(next).map_err(|Stuck| answer.garbled("the same page again"))?;
            let total = found.total_count.as_ref().and_then(Loose::count);
            let total = total.and_then(|total| u64::try_from(total).ok());
            Ok(Page { items, next: walk.to_cursor(), total: total.filter(|_| cursor.is_none()) })
        })
    }
}

impl TikTokShop {
    /// The order and the answer that shows it.
    async fn order(&self, account: &Account, id: &str) -> Result<(wire::Order, Answer), ChannelError> {
        const OPERATION: &str = "fetch order";
        if !is_id(id) {
            return Err(refusal::id(OPERATION));
        }
        let path = ["order", version::ORDER, "orders"];
        let spec = self.request(OPERATION, Method::GET, account, &path)?.query("ids", id);
        let answer = self.ask(spec).await?;
        let found: wire::Orders = wire::data(&answer)?;
        let orders = found.orders.unwrap_or_default();
        let is_empty = orders.is_empty();
        match orders.into_iter().find(|order| order.id.0 == id) {
            Some(order) => Ok((order, answer)),
            None if is_empty => Err(answer.fail(ErrorKind::NotFound)),
            None => Err(answer.garbled("another order than was asked for")),
        }
    }

    /// The package and the answer that shows it.
    async fn package(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<(wire::Package, Answer), ChannelError> {
        let path = ["fulfillment", version::PACKAGE, "packages", id];
        let answer = self.ask(self.request(operation, Method::GET, account, &path)?).await?;
        let package: wire::Package = wire::data(&answer)?;
        if package.id.0 == id { Ok((package, answer)) } else { Err(answer.garbled("another package")) }
    }

    fn search(&self, account: &Account, span: Span, token: Option<&str>) -> Result<CallSpec, ChannelError> {
        let path = ["order", version::ORDER_SEARCH, "orders", "search"];
        // Oldest first: what is updated meanwhile comes again at the end.
        let spec = self
            .request(SWEEP, Method::POST, account, &path)?
            .query("page_size", &self.config.limits.orders_page.to_string())
            .query("sort_field", "update_time")
            .query("sort_order", "ASC");
        let spec = token.into_iter().fold(spec, |spec, token| spec.query("page_token", token));
        let body = json!({ "update_time_ge": span.from_s, "update_time_lt": span.to_s.saturating_add(1) });
        Ok(spec.json(body.to_string()))
    }
}

/// The window widened to whole seconds.
fn whole_seconds(window: Window) -> Span {
    let floor = |millis: i64| millis.div_euclid(SECOND_MS);
    Span { from_s: floor(window.from.as_millis()), to_s: floor(window.to.as_millis()) }
}

/// An order without a date counts as just updated: better fetched once too often.
fn reference(order: &wire::FoundOrder, window: Window) -> OrderRef {
    let updated_at = order.update_time.as_ref().and_then(Loose::unix_seconds);
    OrderRef { external_id: order.id.0.clone(), updated_at: updated_at.unwrap_or(window.to) }
}

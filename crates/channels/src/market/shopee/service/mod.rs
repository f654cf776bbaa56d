//! Service to buyers, as far as programs get: returns, and requests to cancel, which are a
//! state of the order. Chat is closed to programs of this kind.

#[cfg(test)]
pub(in crate::market) mod facts;
mod map;
mod wire;

use connect::service::{Choice, Letter, Party, Reading, Reply, Returns, Verb, unkept};
use connect::{Account, Answer, Call, ChannelError, ErrorKind, Page, Window};
use domain::case::{CaseState, Outcome};
use domain::{CaseKey, CaseSnapshot, Desk};
use http::Method;
use serde_json::json;

use self::wire::{AskedToCancel, CancelText, Return, ReturnList, ReturnText};
use super::ids::{self, is_code};
use super::sweep::Sweep;
use super::wire::{self as api, filled, is_true, owned};
use super::{Shopee, error};
use crate::market::refusal;

const LIST: &str = "list updated returns";
const ASKED: &str = "list requests to cancel";
const FETCH: &str = "fetch return";
const FETCH_REQUEST: &str = "fetch request to cancel";
const ANSWER: &str = "answer return";
const ANSWER_REQUEST: &str = "answer request to cancel";
/// Returns on one page, and orders: the most that `get_order_detail` takes at once.
const RETURNS_PAGE: &str = "100";
const ORDERS_PAGE: &str = "50";
/// Pages of one list of returns that are read: it has numbers and no end of its own.
const MAX_PAGES: u32 = 1_000;
/// What the orders' cursors and the returns' begin with.
const CANCELS: &str = "cancels:";
const RETURNS: &str = "returns:";

impl Returns for Shopee {
    fn updated_in<'a>(
        &'a self,
        account: &'a Account,
        window: Window,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<CaseSnapshot>> {
        unkept(async move {
            let parse = |text: &str| Sweep::parse(text).ok_or_else(|| refusal::cursor(LIST));
            match cursor {
                None => self.returns(account, Sweep::over(window), window).await,
                Some(text) => match (text.strip_prefix(RETURNS), text.strip_prefix(CANCELS)) {
                    (Some(rest), _) => self.returns(account, parse(rest)?, window).await,
                    (None, Some(rest)) => self.requests(account, parse(rest)?).await,
                    (None, None) => Err(refusal::cursor(LIST)),
                },
            }
        })
    }

    fn fetch<'a>(&'a self, account: &'a Account, key: &'a CaseKey) -> Call<'a, CaseSnapshot> {
        unkept(async move { Ok(self.case(account, key).await?.0) })
    }

    fn read<'a>(&'a self, account: &'a Account, key: &'a CaseKey) -> Call<'a, Reading> {
        unkept(async move {
            let (case, answer) = self.case(account, key).await?;
            let (text, choices) = if key.desk == Desk::Returns {
                let found: api::Envelope<ReturnText> = answer.json()?;
                let accept = map::takes_answer(&case).then(|| Choice::plain(Verb::Accept));
                (found.response.and_then(|it| it.text_reason), accept.into_iter().collect())
            } else {
                let found: api::Envelope<CancelText> = answer.json()?;
                let orders = found.response.and_then(|found| found.orders).unwrap_or_default();
                let text = orders.into_iter().find_map(|order| order.buyer_cancel_reason);
                (text, cancel_choices(&case.case.state))
            };
            let letter = Letter::of(Party::Buyer, filled(text.as_ref()), Some(case.case.opened_at));
            Ok(Reading { case, letters: letter.into_iter().collect(), choices })
        })
    }

    fn answer<'a>(
        &'a self,
        account: &'a Account,
        key: &'a CaseKey,
        reply: &'a Reply,
    ) -> Call<'a, CaseSnapshot> {
        unkept(async move {
            // First a look: it may have been done while the answer was lost.
            let (case, answer) = self.case(account, key).await?;
            let state = &case.case.state;
            let is_open = if key.desk == Desk::Returns { map::takes_answer(&case) } else { state.is_ours() };
            if !is_open {
                return if is_done(state, reply.verb) { Ok(case) } else { Err(answer.fail(over())) };
            }
            let spec = self.answer_call(account, key, reply, &answer)?;
            error::succeeded(self.outbound.call(spec).await?)?;
            Ok(self.case(account, key).await?.0)
        })
    }
}

fn over() -> ErrorKind {
    refusal::service("case_over", "it takes no answer any more, and ended otherwise")
}

/// Whether a case of this state has got what the verb asks for.
fn is_done(state: &CaseState, verb: Verb) -> bool {
    match verb {
        Verb::Accept => *state == CaseState::Closed(Outcome::ForBuyer),
        Verb::Refuse => *state == CaseState::Closed(Outcome::ForSeller),
        Verb::Reply | Verb::ReplyToMediator | Verb::Refund | Verb::AllowReturn | Verb::OpenDispute => false,
    }
}

fn cancel_choices(state: &CaseState) -> Vec<Choice> {
    if !matches!(state, CaseState::WaitsForSeller { .. }) {
        return Vec::new();
    }
    vec![Choice::plain(Verb::Accept), Choice::plain(Verb::Refuse)]
}

impl Shopee {
    /// A page of returns. The list's pages have numbers; the first is 0 by the reference and 1
    /// by its sample, so 1 is asked for where 0 is refused.
    async fn returns(
        &self,
        account: &Account,
        sweep: Sweep,
        window: Window,
    ) -> Result<Page<CaseSnapshot>, ChannelError> {
        let page: u32 = if sweep.cursor.is_empty() {
            0
        } else {
            sweep.cursor.parse().map_err(|_| refusal::cursor(LIST))?
        };
        let (page, found) = match self.return_page(account, &sweep, page).await {
            Err(ChannelError { kind: ErrorKind::Refused { .. }, .. }) if page == 0 => {
                (1, self.return_page(account, &sweep, 1).await?)
            }
            found => (page, found?),
        };
        let (list, answer) = found;
        let rows = list.returns.unwrap_or_default();
        let items = rows.iter().map(|it| return_of(it, &answer)).collect::<Result<Vec<_>, _>>()?;
        let more = is_true(list.more.as_ref()) && page < MAX_PAGES;
        let next = sweep.after(more.then(|| (page + 1).to_string()));
        let next = next.map_or_else(
            || format!("{CANCELS}{}", Sweep::over(window).to_cursor()),
            |rest| format!("{RETURNS}{}", rest.to_cursor()),
        );
        Ok(Page { items, next: Some(next), total: None })
    }

    async fn return_page(
        &self,
        account: &Account,
        sweep: &Sweep,
        page: u32,
    ) -> Result<(ReturnList, Answer), ChannelError> {
        let spec = self
            .shop_call(LIST, Method::GET, account, ["returns", "get_return_list"])
            .query("page_no", &page.to_string())
            .query("page_size", RETURNS_PAGE)
            .query("update_time_from", &sweep.from.to_string())
            .query("update_time_to", &sweep.to().to_string());
        self.ask(spec).await
    }

    /// A page of orders whose buyer has asked to cancel.
    async fn requests(&self, account: &Account, sweep: Sweep) -> Result<Page<CaseSnapshot>, ChannelError> {
        let spec = self
            .shop_call(ASKED, Method::GET, account, ["order", "get_order_list"])
            .query("time_range_field", "update_time")
            .query("time_from", &sweep.from.to_string())
            .query("time_to", &sweep.to().to_string())
            .query("page_size", ORDERS_PAGE)
            .query("cursor", &sweep.cursor)
            .query("order_status", "IN_CANCEL");
        let (list, answer): (api::OrderList, _) = self.ask(spec).await?;
        let orders = list.orders.unwrap_or_default();
        if !orders.iter().all(|order| is_code(&order.order_sn.0)) {
            return Err(answer.garbled("a row without the number of its order"));
        }
        let more = if is_true(list.more.as_ref()) {
            let cursor = owned(list.next_cursor.as_ref()).filter(|next| *next != sweep.cursor);
            Some(cursor.ok_or_else(|| answer.garbled("more orders, yet no way to them"))?)
        } else {
            None
        };
        let numbers: Vec<&str> = orders.iter().map(|order| order.order_sn.0.as_str()).collect();
        let items = if numbers.is_empty() {
            Vec::new()
        } else {
            let (found, answer) = self.asked_to_cancel(account, &numbers.join(",")).await?;
            found.iter().map(|it| request_of(it, &answer)).collect::<Result<Vec<_>, _>>()?
        };
        let next = sweep.after(more).map(|rest| format!("{CANCELS}{}", rest.to_cursor()));
        Ok(Page { items, next, total: None })
    }

    async fn asked_to_cancel(
        &self,
        account: &Account,
        numbers: &str,
    ) -> Result<(Vec<AskedToCancel>, Answer), ChannelError> {
        let spec = self
            .shop_call(FETCH_REQUEST, Method::GET, account, ["order", "get_order_detail"])
            .query("order_sn_list", numbers)
            .query("request_order_status_pending", "true")
            .query("response_optional_fields", "buyer_cancel_reason,total_amount");
        let (found, answer): (wire::AskedOrders, _) = self.ask(spec).await?;
        let orders = found.orders.ok_or_else(|| answer.garbled("order_list is missing"))?;
        Ok((orders, answer))
    }

    /// A case and the answer that shows it.
    async fn case(&self, account: &Account, key: &CaseKey) -> Result<(CaseSnapshot, Answer), ChannelError> {
        match key.desk {
            Desk::Returns => self.return_case(account, &key.external_id).await,
            Desk::Cancellations => self.request_case(account, &key.external_id).await,
            Desk::Questions | Desk::Messages | Desk::Claims => Err(refusal::id(FETCH)),
        }
    }

    async fn return_case(&self, account: &Account, id: &str) -> Result<(CaseSnapshot, Answer), ChannelError> {
        let number = ids::code(FETCH, id)?;
        let spec = self
            .shop_call(FETCH, Method::GET, account, ["returns", "get_return_detail"])
            .query("return_sn", number);
        let (found, answer): (Return, _) = self.ask(spec).await?;
        if filled(found.return_sn.as_ref()) != Some(number) {
            return Err(answer.garbled("another return than was asked for"));
        }
        Ok((return_of(&found, &answer)?, answer))
    }

    async fn request_case(
        &self,
        account: &Account,
        id: &str,
    ) -> Result<(CaseSnapshot, Answer), ChannelError> {
        let number = ids::code(FETCH_REQUEST, id)?;
        let (orders, answer) = self.asked_to_cancel(account, number).await?;
        match orders.iter().find(|order| order.order_sn.0 == number) {
            Some(order) => Ok((request_of(order, &answer)?, answer)),
            None if orders.is_empty() => Err(answer.fail(ErrorKind::NotFound)),
            None => Err(answer.garbled("another order than was asked for")),
        }
    }

    fn answer_call(
        &self,
        account: &Account,
        key: &CaseKey,
        reply: &Reply,
        seen: &Answer,
    ) -> Result<connect::CallSpec, ChannelError> {
        let id = key.external_id.as_str();
        let not_offered =
            || Err(seen.fail(refusal::service("not_offered", "the platform lets no program do this")));
        if key.desk == Desk::Cancellations {
            let operation = match reply.verb {
                Verb::Accept => "ACCEPT",
                Verb::Refuse => "REJECT",
                Verb::Reply
                | Verb::ReplyToMediator
                | Verb::Refund
                | Verb::AllowReturn
                | Verb::OpenDispute => return not_offered(),
            };
            let body = json!({ "order_sn": id, "operation": operation });
            let path = ["order", "handle_buyer_cancellation"];
            return Ok(self.shop_call(ANSWER_REQUEST, Method::POST, account, path).json(body.to_string()));
        }
        if reply.verb != Verb::Accept {
            return not_offered();
        }
        let spec = self.shop_call(ANSWER, Method::POST, account, ["returns", "confirm"]);
        Ok(spec.json(json!({ "return_sn": id }).to_string()))
    }
}

fn return_of(it: &Return, answer: &Answer) -> Result<CaseSnapshot, ChannelError> {
    map::return_(it, answer.started_at()).map_err(|gap| answer.garbled(gap.0))
}

fn request_of(it: &AskedToCancel, answer: &Answer) -> Result<CaseSnapshot, ChannelError> {
    map::request(it, answer.started_at()).map_err(|gap| answer.garbled(gap.0))
}

//! Orders and their shipments.

use connect::{Account, Call, CallSpec, ChannelError, ErrorKind, OrderRef, Orders, Page, Window};
use domain::{OrderSnapshot, OrderState, Timestamp};
use http::Method;

use super::MercadoLivre;
use super::hook::is_number;
use super::map;
use super::wire::{self, Listed, Loose, filled, owned};
use crate::market::loose::distinct;
use crate::market::refusal;

/// The search counts whole hours only.
const HOUR_MS: i64 = 60 * 60 * 1_000;
/// Orders of the last page read again with the next: an order that leaves the window
/// while it is paged through pulls those behind it forward.
const PAGE_OVERLAP: u64 = 5;

impl Orders for MercadoLivre {
    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, OrderSnapshot> {
        Box::pin(async move {
            let spec = self.request("fetch order", Method::GET, account, &["orders", external_id]);
            let answer = self.ask(spec).await?;
            let order: wire::Order = answer.json()?;
            if order.id.0 != external_id {
                return Err(answer.garbled("another order than was asked for"));
            }
            let shipping = order.shipping.as_ref().and_then(|shipping| filled(shipping.id.as_ref()));
            let shipment = match shipping {
                // An order whose shipment cannot be told would look like one without.
                Some(id) if !is_number(id) => return Err(answer.garbled("shipping.id is no number")),
                Some(id) => self.shipment(account, id).await?,
                None => None,
            };
            let ship_by = match &shipment {
                Some(shipment) if map::has_dispatch_deadline(shipment) => {
                    self.dispatch_deadline(account, &shipment.id.0).await
                }
                _ => None,
            };
            map::order(&order, shipment.as_ref(), ship_by).map_err(|gap| answer.garbled(gap.0))
        })
    }

    fn of_shipment<'a>(&'a self, account: &'a Account, shipment_id: &'a str) -> Call<'a, Vec<String>> {
        Box::pin(async move {
            let path = ["shipments", shipment_id, "orders"];
            let spec = self
                .request("list orders of shipment", Method::GET, account, &path)
                .header("x-format-new", "true")
                .header("x-new-domain", "true");
            let answer = self.ask(spec).await?;
            let rows: Vec<wire::ShipmentOrder> = answer.json()?;
            let ids = rows.iter().map(|row| owned(row.order_id.as_ref()).filter(|id| is_number(id)));
            distinct(ids).ok_or_else(|| answer.garbled("a row without the number of its order"))
        })
    }

    fn updated_in<'a>(
        &'a self,
        account: &'a Account,
        window: Window,
        cursor: Option<&'a str>,
    ) -> Call<'a, Page<OrderRef>> {
        Box::pin(async move {
            let mut sweep = match cursor {
                None => Sweep::over(window),
                Some(text) => Sweep::parse(text).ok_or_else(|| refusal::cursor("list updated orders"))?,
            };
            let Some(span) = sweep.0.first().copied() else {
                return Ok(Page { items: Vec::new(), next: None, total: None });
            };
            let answer = self.ask(self.search(account, span)).await?;
            let found: wire::OrderSearch = answer.json()?;
            if !found.results.iter().all(|order| is_number(&order.row.id.0)) {
                return Err(answer.garbled("a result without the number of its order"));
            }
            let items = found.results.iter().map(|order| reference(order, window)).collect();
            let count = u64::try_from(found.results.len()).unwrap_or_default();
            let total = found.paging.and_then(|paging| paging.total());
            let limits = self.config.limits;
            let is_whole = cursor.is_none();
            sweep.advance(count, total, limits.orders_page, limits.orders_offset_ceiling).map_err(
                |TooDense| {
                    answer.fail(ErrorKind::Refused {
                        code: "window_too_dense".into(),
                        message: "more orders were updated within one hour than the search can list".into(),
                    })
                },
            )?;
            Ok(Page { items, next: sweep.to_cursor(), total: total.filter(|_| is_whole) })
        })
    }
}

impl MercadoLivre {
    /// The shipment; `None` while it cannot be read yet, which is normal right after the
    /// order: its units have to be held at once all the same.
    async fn shipment(&self, account: &Account, id: &str) -> Result<Option<wire::Shipment>, ChannelError> {
        let spec = self
            .request("fetch shipment", Method::GET, account, &["shipments", id])
            .header("x-format-new", "true");
        let answer = match self.ask(spec).await {
            Err(ChannelError { kind: ErrorKind::NotFound, .. }) => return Ok(None),
            outcome => outcome?,
        };
        let shipment: wire::Shipment = answer.json()?;
        if shipment.id.0 == id { Ok(Some(shipment)) } else { Err(answer.garbled("another shipment")) }
    }

    /// When the shipment has to be handed over. `None` also when the platform does not
    /// say: an order must not wait for a date that is only good to know.
    pub(super) async fn dispatch_deadline(&self, account: &Account, shipment_id: &str) -> Option<Timestamp> {
        let path = ["shipments", shipment_id, "sla"];
        let spec = self
            .request("fetch dispatch deadline", Method::GET, account, &path)
            .header("x-format-new", "true");
        let sla: wire::Sla = self.ask(spec).await.ok()?.json().ok()?;
        sla.expected_date.as_ref().and_then(Loose::instant)
    }

    fn search(&self, account: &Account, span: Span) -> CallSpec {
        self.request("list updated orders", Method::GET, account, &["orders", "search"])
            .query("seller", &account.external_id)
            .query("order.date_last_updated.from", &span.from.to_rfc3339())
            .query("order.date_last_updated.to", &span.to.to_rfc3339())
            .query("sort", "date_asc")
            .query("limit", &self.config.limits.orders_page.to_string())
            .query("offset", &span.offset.to_string())
    }
}

/// An order without a date counts as just updated: better fetched once too often.
fn reference(found: &Listed<wire::FoundOrder, wire::Order>, window: Window) -> OrderRef {
    let date = found.row.last_updated.as_ref().or(found.row.date_last_updated.as_ref());
    let updated_at = date.and_then(Loose::instant).unwrap_or(window.to);
    OrderRef::new(&found.row.id.0, updated_at, found.whole.as_ref().and_then(shown))
}

/// The order as the search shows it; `None` where its shipment has the last word: one that
/// was called off may be on its way all the same.
fn shown(order: &wire::Order) -> Option<OrderSnapshot> {
    let ships = order.shipping.as_ref().is_some_and(|shipping| filled(shipping.id.as_ref()).is_some());
    let snapshot = map::order(order, None, None).ok()?;
    (snapshot.state == OrderState::Delivered || !ships).then_some(snapshot)
}

/// Part of a sweep: a span of whole hours and how far it has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: Timestamp,
    to: Timestamp,
    offset: u64,
}

impl Span {
    /// Two halves that meet at an hour; `None` within one hour.
    fn halves(self) -> Option<[Self; 2]> {
        let (from, to) = (self.from.as_millis(), self.to.as_millis());
        let middle = floor_to_hour(from + (to - from) / 2);
        if middle <= from || middle >= to {
            return None;
        }
        let middle = Timestamp::from_millis(middle);
        Some([Self { to: middle, offset: 0, ..self }, Self { from: middle, offset: 0, ..self }])
    }
}

fn floor_to_hour(millis: i64) -> i64 {
    millis.div_euclid(HOUR_MS) * HOUR_MS
}

/// More orders within one hour than the search lists.
#[derive(Debug, PartialEq, Eq)]
struct TooDense;

/// What is left of a sweep, the next part first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sweep(Vec<Span>);

impl Sweep {
    /// The window widened to whole hours, as the search drops minutes.
    fn over(window: Window) -> Self {
        let from = Timestamp::from_millis(floor_to_hour(window.from.as_millis()));
        let to = Timestamp::from_millis(floor_to_hour(window.to.as_millis()).saturating_add(HOUR_MS));
        Self(vec![Span { from, to, offset: 0 }])
    }

    /// Notes that a page of `count` orders was read from the first span.
    fn advance(&mut self, count: u64, total: Option<u64>, page: u64, ceiling: u64) -> Result<(), TooDense> {
        let Some(first) = self.0.first_mut() else {
            return Ok(());
        };
        if first.offset == 0 && total.is_some_and(|total| total > ceiling) {
            let halves = first.halves().ok_or(TooDense)?;
            self.0.splice(0..1, halves);
            return Ok(());
        }
        let read = first.offset + count;
        if count == 0 || total.map_or(count < page, |total| read >= total) {
            self.0.remove(0);
            return Ok(());
        }
        first.offset += if count > PAGE_OVERLAP { count - PAGE_OVERLAP } else { count };
        if first.offset >= ceiling { Err(TooDense) } else { Ok(()) }
    }

    fn to_cursor(&self) -> Option<String> {
        let spans = self
            .0
            .iter()
            .map(|span| format!("{}-{}@{}", span.from.as_millis(), span.to.as_millis(), span.offset));
        (!self.0.is_empty()).then(|| spans.collect::<Vec<_>>().join(";"))
    }

    fn parse(text: &str) -> Option<Self> {
        let spans = text.split(';').map(|span| {
            let (times, offset) = span.split_once('@')?;
            let (from, to) = times.split_once('-')?;
            let instant = |text: &str| text.parse().ok().map(Timestamp::from_millis);
            Some(Span { from: instant(from)?, to: instant(to)?, offset: offset.parse().ok()? })
        });
        spans.collect::<Option<Vec<_>>>().map(Self)
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn window() -> Window {
        Window { from: at("2026-11-10T09:20:00Z"), to: at("2026-11-10T12:05:00Z") }
    }

    #[test]
    fn a_window_is_widened_to_whole_hours() {
        let sweep = Sweep::over(window());
        assert_eq!(sweep.0[0].from, at("2026-11-10T09:00:00Z"));
        assert_eq!(sweep.0[0].to, at("2026-11-10T13:00:00Z"));
    }

    #[test]
    fn a_window_beyond_the_ceiling_is_split_and_one_hour_cannot_be() {
        let mut sweep = Sweep::over(window());
        sweep.advance(50, Some(10_001), 50, 10_000).unwrap();
        let spans: Vec<_> = sweep.0.iter().map(|span| (span.from, span.to, span.offset)).collect();
        let (nine, eleven, one) =
            (at("2026-11-10T09:00:00Z"), at("2026-11-10T11:00:00Z"), at("2026-11-10T13:00:00Z"));
        assert_eq!(spans, [(nine, eleven, 0), (eleven, one, 0)]);
        let mut hour = Sweep::over(Window { from: nine, to: nine });
        assert_eq!(hour.advance(50, Some(10_001), 50, 10_000), Err(TooDense));
    }

    #[test]
    fn pages_overlap_and_the_last_one_ends_the_span() {
        let mut sweep = Sweep::over(window());
        sweep.advance(50, Some(95), 50, 10_000).unwrap();
        assert_eq!(sweep.0[0].offset, 45);
        sweep.advance(50, Some(95), 50, 10_000).unwrap();
        assert_eq!(sweep.to_cursor(), None);
    }

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(spans in proptest::collection::vec((0_i64..1 << 45, 0_i64..1 << 45, 0_u64..10_000), 1..5)) {
            let instant = Timestamp::from_millis;
            let spans = spans.into_iter().map(|(from, to, offset)| Span { from: instant(from), to: instant(to), offset });
            let sweep = Sweep(spans.collect());
            prop_assert_eq!(Sweep::parse(&sweep.to_cursor().unwrap()), Some(sweep));
        }

        #[test]
        fn no_cursor_makes_it_panic(text: String) {
            let _ = Sweep::parse(&text);
        }

        #[test]
        fn every_sweep_ends_and_reads_every_order(total in 0_u64..400, page in 6_u64..60) {
            let mut sweep = Sweep::over(window());
            let mut read = std::collections::BTreeSet::new();
            let mut calls = 0;
            while let Some(span) = sweep.0.first().copied() {
                let end = total.min(span.offset + page);
                let count = end.saturating_sub(span.offset);
                read.extend(span.offset..end);
                sweep.advance(count, Some(total), page, 10_000).unwrap();
                calls += 1;
                prop_assert!(calls <= total + 2, "no end");
            }
            prop_assert_eq!(u64::try_from(read.len()).unwrap(), total);
        }
    }
}

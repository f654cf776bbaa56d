//! What a connector itself costs: building and signing a request, reading the answer, and
//! making an order of it, while the marketplace answers in no time. One call asks for one
//! order; another for a page of orders that are over, where the mapping outweighs the rest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use channels::market::mercado_livre::Limits;
use connect::outbound::{Outbound, Sending};
use connect::{Account, Channel, Transport, Window, WireRequest, WireResponse};
use domain::{ChannelKind, Clock, ManualClock, Timestamp};
use sandbox::ShiftedClock;

use super::Result;
use super::report::{Bound, Figure, Report};
use crate::market::Market;
use crate::marketplace::{self, Marketplaces};
use crate::shop::PUBLIC_URL;

const BENCH: &str = "connectors";
/// A SKU that all three marketplaces sell.
const SKU: &str = "CAN-INOX-500";
/// Orders on the page: as many as every marketplace shows at once.
const PAGE: usize = 50;
/// Units on offer: more than are sold.
const UNITS: i64 = 500;
/// Calls before the clock counts, and those that it counts.
const WARM_UP: usize = 200;
const CALLS: usize = 2_000;
/// 2026-11-10T13:00:00Z.
const START: Timestamp = Timestamp::from_millis(1_794_315_600_000);
/// Long enough for every marketplace to let what was sold be sent.
const A_WHILE: Duration = Duration::from_mins(90);
const MICROSECONDS: f64 = 1e6;

/// An answer, kept.
type Kept = (StatusCode, HeaderMap, Bytes);

/// The marketplaces. Once [`Replay::begin`] is called, every answer is kept: asked again, it
/// is there at once.
#[derive(Debug, Clone)]
struct Replay {
    markets: Marketplaces,
    kept: Arc<Mutex<Option<BTreeMap<String, Kept>>>>,
    /// Requests so far.
    sent: Arc<Mutex<usize>>,
}

impl Replay {
    fn kept(&self) -> MutexGuard<'_, Option<BTreeMap<String, Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        *self.kept() = Some(BTreeMap::new());
    }

    fn sent(&self) -> usize {
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Replay {
    fn send(&self, request: WireRequest) -> Sending<'_> {
        Box::pin(async move {
            *self.sent.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            // Time stands still: what is asked again is signed alike.
            let asked = format!("{} {}", request.method, request.url);
            let found = self.kept().as_ref().and_then(|kept| kept.get(&asked).cloned());
            if let Some((status, headers, body)) = found {
                return Ok(WireResponse { status, headers, body });
            }
            let WireResponse { status, headers, body } = self.markets.send(request).await?;
            if let Some(kept) = self.kept().as_mut() {
                kept.insert(asked, (status, headers.clone(), body.clone()));
            }
            Ok(WireResponse { status, headers, body })
        })
    }
}

/// Measures every connector.
pub async fn run(report: &mut Report) -> Result<()> {
    for kind in ChannelKind::ALL {
        let stand = Stand::open(kind).await?;
        stand.measure(report).await?;
    }
    report.note(
        "connectors: median of 2,000 calls, answers from memory; parsing, redaction and the lanes of the outbound client \
         are counted in; an order of a page is a fiftieth of the whole call, its request included",
    );
    Ok(())
}

/// Offers enough of the SKU, wherever the seller has listed it.
async fn stock_up(channel: &dyn Channel, account: &Account) -> Result<()> {
    let mut next = None;
    loop {
        let page = channel.listings().page(account, next.as_deref()).await?;
        for listing in page.items.iter().filter(|listing| listing.seller_sku.as_deref() == Some(SKU)) {
            channel.stock().write(account, &listing.key, UNITS).await?;
        }
        next = page.next;
        if next.is_none() {
            return Ok(());
        }
    }
}

/// A seller at one marketplace, with a page of orders that are over and one that is not.
struct Stand {
    kind: ChannelKind,
    channel: Arc<dyn Channel>,
    account: Account,
    replay: Replay,
    order: String,
    window: Window,
}

impl Stand {
    async fn open(kind: ChannelKind) -> Result<Self> {
        let clock = Arc::new(ManualClock::at(START));
        let first = Market::new(7, clock.clone(), &marketplace::redirect(ChannelKind::MercadoLivre));
        let shifted = ShiftedClock::new(clock.clone());
        let markets = Marketplaces::one(first, Limits::default()).and_two_more(7, shifted, PUBLIC_URL);
        let replay = Replay { markets, kept: Arc::default(), sent: Arc::default() };
        let outbound = Arc::new(Outbound::new(Arc::new(replay.clone()), clock.clone()));
        let channel = Arc::clone(&replay.markets.channels(&outbound)[&kind]);
        let market = replay.markets.at(kind);
        let account = marketplace::consent(channel.as_ref(), |url| market.approve(url)).await;
        stock_up(channel.as_ref(), &account).await?;
        let sold: Vec<String> = (0..PAGE).map(|_| market.sell_sku(SKU, 1)).collect();
        clock.advance(A_WHILE);
        // Parcels are made when time has passed.
        market.due_hooks(clock.now());
        for order in &sold {
            market.hand_over(order);
            market.deliver(order);
            market.keep(order);
        }
        clock.advance(A_WHILE);
        let window = Window { from: START.minus(A_WHILE), to: clock.now() };
        let order = market.sell_sku(SKU, 1);
        replay.begin();
        Ok(Self { kind, channel, account, replay, order, window })
    }

    async fn measure(&self, report: &mut Report) -> Result<()> {
        let mut figure = |name: &str, seconds: f64, limit: Option<f64>| {
            let (name, bound) = (format!("{}: {name}", self.kind.as_str()), limit.map(Bound::AtMost));
            let value = seconds * MICROSECONDS;
            report.add(Figure { bench: BENCH, database: "-", name, value, unit: "µs", bound });
        };
        let orders = self.channel.orders();
        let (whole, requests) = self.median(|| orders.fetch(&self.account, &self.order)).await?;
        figure("one order, all its requests", whole, None);
        figure("a request", whole / requests, Some(50.0));
        let page = || orders.updated_in(&self.account, self.window, None);
        let shown = page().await?.items;
        let over = shown.iter().filter(|found| found.over.is_some()).count();
        if over != PAGE {
            return Err(
                format!("{}: {over} of {} orders are shown whole", self.kind.as_str(), shown.len()).into()
            );
        }
        let (whole, _) = self.median(page).await?;
        #[expect(clippy::cast_precision_loss, reason = "far less than 2^52")]
        figure("an order of a page", whole / PAGE as f64, Some(20.0));
        Ok(())
    }

    /// Seconds of a call, the median, and the requests of one.
    async fn median<T, F>(&self, call: impl Fn() -> F) -> Result<(f64, f64)>
    where
        F: Future<Output = std::result::Result<T, connect::ChannelError>>,
    {
        for _ in 0..WARM_UP {
            call().await?;
        }
        let sent = self.replay.sent();
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let begun = Instant::now();
            let answer = call().await?;
            times.push(begun.elapsed());
            drop(answer);
        }
        times.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "far less than 2^52")]
        let requests = (self.replay.sent() - sent) as f64 / CALLS as f64;
        Ok((times[CALLS / 2].as_secs_f64(), requests))
    }
}

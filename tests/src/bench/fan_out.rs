//! How soon the other listing of a SKU is told of a sale: from the sale at the
//! marketplace, and from the moment its hook is sent, to the PUT that shows it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use app::split::Sharing;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use domain::SkuId;
use domain::shield::Shield;
use domain::split::Mode;
use sandbox::hooks::{HookAnswer, HookDelivery};
use sandbox::mercado_livre::Rules;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{HookSender, LoopbackSender, SaleRequest, Sandbox, SandboxConfig};
use serde_json::Value;
use store::listings::Listing;
use vault::{Keyring, OsEntropy};

use super::load::quantile;
use super::report::{Bound, Figure, Report};
use super::stage::{self, CHANNEL, Ground, Stage, SystemClock};
use super::{Error, Result};

const BENCH: &str = "fan-out";
/// Sales a second, as the house promises its figure for.
const SALES_PER_SECOND: u32 = 50;
/// Units of each SKU before the first sale.
pub(super) const UNITS: i64 = 50_000;
/// The platform's own limit is lifted: it is the house that is measured.
const NO_LIMIT_PER_MINUTE: u32 = 10_000_000;
/// The longest wait for the shop to come to rest.
pub(super) const IDLE_LIMIT: Duration = Duration::from_mins(2);
/// Longest body of a write.
const BODY_BYTES: usize = 64 * 1024;

/// What was seen on the wires.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// When the first hook of an order was sent, by the order's number.
    hooks: BTreeMap<String, Instant>,
    /// Quantities written.
    pub(super) writes: Vec<Write>,
}

/// A quantity that was written: item, units, when.
pub(super) type Write = (String, i64, Instant);

#[derive(Debug, Clone, Default)]
pub(super) struct Wires(Arc<Mutex<Seen>>);

impl Wires {
    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn note_write(self, request: Request, next: Next) -> Response {
        let at = Instant::now();
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, BODY_BYTES).await else {
            return axum::http::StatusCode::PAYLOAD_TOO_LARGE.into_response();
        };
        let item = parts.uri.path().strip_prefix("/items/").unwrap_or_default();
        if parts.method == axum::http::Method::PUT
            && let Ok(Value::Object(fields)) = serde_json::from_slice(&body)
            && let Some(units) = fields.get("available_quantity").and_then(Value::as_i64)
        {
            self.seen().writes.push((item.to_owned(), units, at));
        }
        next.run(Request::from_parts(parts, Body::from(body))).await
    }
}

/// Sends hooks as ever, and notes when.
struct NotingSender(Wires);

impl HookSender for NotingSender {
    fn send(&self, delivery: HookDelivery) -> futures::future::BoxFuture<'static, Option<HookAnswer>> {
        let order = serde_json::from_str::<Value>(&delivery.body).ok();
        let order = order.as_ref().and_then(|body| body["resource"].as_str()?.strip_prefix("/orders/"));
        if let Some(order) = order {
            self.0.seen().hooks.entry(order.to_owned()).or_insert_with(Instant::now);
        }
        LoopbackSender.send(delivery)
    }
}

/// Two listings of one SKU: the first one sells, the second one is told.
pub(super) struct Pair {
    pub(super) sku: SkuId,
    pub(super) selling: String,
    pub(super) told: String,
}

struct Sale {
    pair: usize,
    order: String,
    at: Instant,
}

pub(super) struct World {
    sandbox: Sandbox,
    pub(super) stage: Stage,
    pub(super) wires: Wires,
    pub(super) pairs: Vec<Pair>,
}

impl World {
    /// A shop whose marketplace plays by these rules.
    pub(super) async fn open(ground: &Ground, rules: Rules) -> Result<Self> {
        let (market, market_address) = stage::listen().await?;
        let (unused, _) = stage::listen().await?;
        let (listener, address) = stage::listen().await?;
        let public_url = format!("http://{address}");
        let sandbox = Sandbox::new(SandboxConfig {
            base_url: format!("http://{market_address}"),
            redirect_uri: format!("{public_url}/connections/callback/{}", CHANNEL.as_str()),
            rules,
            ..SandboxConfig::new(Arc::new(SystemClock))
        });
        let wires = Wires::default();
        let watching = wires.clone();
        let noted = middleware::from_fn(move |request, next| watching.clone().note_write(request, next));
        stage::serve(market, sandbox.router().layer(noted));
        // Its own listener is not asked by anyone: requests come in above, through the notes.
        tokio::spawn(sandbox.spawn_with(unused, NotingSender(wires.clone())).join_all());

        let marketplace = stage::registration(&sandbox.manifest()).ok_or("the sandbox has no application")?;
        let keyring = Keyring::generate(&OsEntropy);
        let stage = Stage::open(&ground.location, keyring, marketplace, &public_url).await?;
        stage::serve(listener, stage.router());
        drop(stage.work());
        let hooks = serde_json::json!({"url": format!("{public_url}{}", stage.hook_path())});
        stage::control(market_address, "PUT", "/_sandbox/hooks", &hooks).await?;
        stage.connect(market_address, CLASSIC_SELLER).await?;
        stage.until_idle(IDLE_LIMIT).await?;
        let pairs = pair_up(&stage).await?;
        stage.until_idle(IDLE_LIMIT).await?;
        Ok(Self { sandbox, stage, wires, pairs })
    }

    async fn sell(&self, span: Duration) -> Result<Vec<Sale>> {
        let mut sales = Vec::new();
        let mut beats = tokio::time::interval(Duration::from_secs(1) / SALES_PER_SECOND);
        let end = Instant::now() + span;
        while Instant::now() < end {
            beats.tick().await;
            let pair = sales.len() % self.pairs.len();
            let at = Instant::now();
            let orders = self.sandbox.sell(&SaleRequest::of_item(&self.pairs[pair].selling, 1));
            let order =
                orders.map_err(|error| Error::from(format!("{error:?}")))?.first().map(i64::to_string);
            sales.push(Sale { pair, order: order.ok_or("a sale without an order")?, at });
        }
        Ok(sales)
    }
}

/// Links the seller's plain listings in pairs to SKUs with plenty of units.
async fn pair_up(stage: &Stage) -> Result<Vec<Pair>> {
    let organization = stage.app.organization(stage.organization);
    let listings = stage.plain_listings().await?;
    let mut pairs = Vec::new();
    for two in listings.chunks_exact(2) {
        let code = format!("PAIR-{}", pairs.len());
        for listing in two {
            stage.app.link(stage.organization, stage.member, listing.id, Some(&code)).await?;
        }
        let sku =
            organization.read(move |tenant| tenant.sku_by_code(&code)).await?.ok_or("no SKU was made")?;
        count(stage, sku.id).await?;
        let item = |listing: &Listing| listing.external_id.clone();
        pairs.push(Pair { sku: sku.id, selling: item(&two[0]), told: item(&two[1]) });
    }
    if pairs.is_empty() { Err("the seller has no two plain listings".into()) } else { Ok(pairs) }
}

async fn count(stage: &Stage, sku: SkuId) -> Result<()> {
    stage.app.adjust(stage.organization, stage.member, sku, UNITS, 0, "counted for the benchmark").await?;
    // A sale is known by the number that it leaves; what is held back would look like one that was told early.
    let sharing = Sharing { shield: Some(Shield::Off), ..Mode::Shared.into() };
    stage
        .app
        .choose_mode(stage.organization, stage.member, sku, sharing)
        .await
        .map_err(|error| error.to_string())?;
    Ok(())
}

/// When each sale was first shown by the other listing: the quantities are absolute, so
/// the `n`th sale of a SKU is shown by the first write of at most `UNITS - n`.
fn shown_at(sales: &[Sale], pairs: &[Pair], writes: &[Write]) -> Vec<Option<Instant>> {
    let mut sold = vec![0_i64; pairs.len()];
    sales
        .iter()
        .map(|sale| {
            sold[sale.pair] += 1;
            let left = UNITS - sold[sale.pair];
            let shows = |write: &&Write| write.0 == pairs[sale.pair].told && write.1 <= left;
            writes.iter().filter(shows).map(|write| write.2).find(|at| *at >= sale.at)
        })
        .collect()
}

/// Measures on one database, selling for `span`.
pub fn run(ground: &Ground, span: Duration, report: &mut Report) -> Result<()> {
    let runtime = stage::server_runtime()?;
    let (world, sales) = runtime.block_on(async {
        let world =
            World::open(ground, Rules { requests_per_minute: NO_LIMIT_PER_MINUTE, ..Rules::default() })
                .await?;
        world.wires.seen().writes.clear();
        let sales = world.sell(span).await?;
        world.stage.until_idle(IDLE_LIMIT).await?;
        Ok::<_, Error>((world, sales))
    })?;
    let seen = world.wires.seen();
    let shown = shown_at(&sales, &world.pairs, &seen.writes);
    let (mut from_sale, mut from_hook) = (Vec::new(), Vec::new());
    for (sale, shown) in sales.iter().zip(&shown) {
        let Some(shown) = shown else { continue };
        from_sale.push(shown.duration_since(sale.at));
        if let Some(hook) = seen.hooks.get(&sale.order) {
            from_hook.push(shown.saturating_duration_since(*hook));
        }
    }
    from_sale.sort_unstable();
    from_hook.sort_unstable();
    let ms = |sorted: &[Duration], share| quantile(sorted, share).as_secs_f64() * 1e3;
    #[expect(clippy::cast_precision_loss, reason = "a few thousand sales")]
    let count = |number: usize| number as f64;
    let mut figure = |name: &str, value: f64, unit, bound| {
        report.add(Figure { bench: BENCH, database: ground.name, name: name.into(), value, unit, bound });
    };
    let second = Some(Bound::AtMost(1_000.0));
    figure("sales", count(sales.len()), "sales", None);
    figure("SKUs with two listings", count(world.pairs.len()), "SKUs", None);
    figure("hook to the other listing's PUT: p50", ms(&from_hook, 0.5), "ms", None);
    figure("hook to the other listing's PUT: p99", ms(&from_hook, 0.99), "ms", second);
    figure("sale to the other listing's PUT: p50", ms(&from_sale, 0.5), "ms", None);
    figure("sale to the other listing's PUT: p99", ms(&from_sale, 0.99), "ms", second);
    let missing = count(sales.len() - from_hook.len().min(from_sale.len()));
    figure("sales that the other listing never showed", missing, "sales", Some(Bound::Within(0.0, 0.0)));
    report.note(format!(
        "fan-out: {SALES_PER_SECOND} sales a second; sandbox and shop in one process over loopback, the sandbox's \
         limit of requests lifted, its hooks sent every 50 ms"
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::TypedId as _;

    use super::*;

    #[test]
    fn a_sale_is_shown_by_the_first_write_that_counts_it() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let sale = |ms| Sale { pair: 0, order: String::new(), at: at(ms) };
        let pairs = [Pair { sku: SkuId::from_bytes([0; 16]), selling: "A".into(), told: "B".into() }];
        let writes = [
            ("A".to_owned(), UNITS - 9, at(1)),
            ("B".to_owned(), UNITS - 1, at(10)),
            ("B".to_owned(), UNITS - 3, at(30)),
        ];
        let shown = shown_at(&[sale(0), sale(5), sale(20), sale(40)], &pairs, &writes);
        assert_eq!(shown, [Some(at(10)), Some(at(30)), Some(at(30)), None]);
    }
}

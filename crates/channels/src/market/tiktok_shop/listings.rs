//! Listings: the shop's products by search, and each as it stands.

use connect::{Account, Answer, Call, CallSpec, ChannelError, ErrorKind, ListingSnapshot, Listings, Page};
use http::Method;
use serde_json::json;

use super::cursor::{List, Span, Stuck, TooDense, Walk};
use super::wire::{self, Loose, filled};
use super::{TikTokShop, error, map, version};

const OPERATION: &str = "list listings";
/// The search finds more than it lists.
const TOO_MANY_FOUND: &str = "12052180";
const SECOND_MS: i64 = 1_000;

impl Listings for TikTokShop {
    fn page<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<ListingSnapshot>> {
        Box::pin(async move {
            let mut walk = match cursor {
                None => Walk::over_all(List::Products),
                Some(text) => Walk::parse(List::Products, text, OPERATION)?,
            };
            let Some((span, token)) = walk.place() else {
                return Ok(Page { items: Vec::new(), next: None, total: None });
            };
            let is_first = token.is_none();
            let answer = self.outbound.call(self.search_products(account, span, token)?).await?;
            if is_too_many(&answer)? {
                return split(&mut walk, &answer);
            }
            let found: wire::ProductSearch = wire::data(&answer)?;
            let total = found.total_count.as_ref().and_then(Loose::count);
            let total = total.and_then(|total| u64::try_from(total).ok());
            if is_first && total.is_some_and(|total| total > self.config.limits.products_ceiling) {
                return split(&mut walk, &answer);
            }
            let rows = found.products.unwrap_or_default();
            let rows = rows.iter().map(|row| map::product(row, &self.config.platform_warehouses));
            let rows = rows.collect::<Result<Vec<_>, _>>().map_err(|gap| answer.garbled(gap.0))?;
            let next = filled(found.next_page_token.as_ref());
            walk.advance(next).map_err(|Stuck| answer.garbled("the same page again"))?;
            // How many products there are says little of variations, so no total is told.
            Ok(Page { items: rows.concat(), next: walk.to_cursor(), total: None })
        })
    }

    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<ListingSnapshot>> {
        Box::pin(async move {
            let (_, shown, _) = self.read_product("fetch listing", account, external_id).await?;
            Ok(shown)
        })
    }
}

impl TikTokShop {
    /// A product as it stands, its variations as snapshots, and the answer that says so.
    pub(super) async fn read_product(
        &self,
        operation: &'static str,
        account: &Account,
        external_id: &str,
    ) -> Result<(wire::Product, Vec<ListingSnapshot>, Answer), ChannelError> {
        let path = ["product", version::PRODUCT, "products", external_id];
        let answer = self.ask(self.request(operation, Method::GET, account, &path)?).await?;
        let product: wire::Product = wire::data(&answer)?;
        if product.id.0 != external_id {
            return Err(answer.garbled("another product than was asked for"));
        }
        let shown = map::product(&product, &self.config.platform_warehouses);
        let shown = shown.map_err(|gap| answer.garbled(gap.0))?;
        Ok((product, shown, answer))
    }

    fn search_products(
        &self,
        account: &Account,
        span: Span,
        token: Option<&str>,
    ) -> Result<CallSpec, ChannelError> {
        let path = ["product", version::PRODUCT_SEARCH, "products", "search"];
        let spec = self
            .request(OPERATION, Method::POST, account, &path)?
            .query("page_size", &self.config.limits.products_page.to_string());
        let spec = token.into_iter().fold(spec, |spec, token| spec.query("page_token", token));
        // By creation, which unlike an update never moves a product to another span.
        let body = match span.bounds() {
            None => json!({ "status": "ALL" }),
            Some((from, to)) => json!({ "create_time_ge": from, "create_time_le": to, "status": "ALL" }),
        };
        Ok(spec.json(body.to_string()))
    }
}

/// Whether the search found more than it lists; any other failure is an error.
fn is_too_many(answer: &Answer) -> Result<bool, ChannelError> {
    match error::kind(answer) {
        None => Ok(false),
        Some(ErrorKind::Refused { code, .. }) if code == TOO_MANY_FOUND => Ok(true),
        Some(kind) => Err(answer.fail(kind)),
    }
}

/// An empty page, after which the span is read in two halves.
fn split(walk: &mut Walk, answer: &Answer) -> Result<Page<ListingSnapshot>, ChannelError> {
    let now_s = answer.started_at().as_millis().div_euclid(SECOND_MS);
    walk.split(now_s).map_err(|TooDense| {
        answer.fail(ErrorKind::Refused {
            code: TOO_MANY_FOUND.into(),
            message: "more products were created within one second than the search can list".into(),
        })
    })?;
    Ok(Page { items: Vec::new(), next: walk.to_cursor(), total: None })
}

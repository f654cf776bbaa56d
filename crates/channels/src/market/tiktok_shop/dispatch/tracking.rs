//! Where a package is.

use connect::{Account, Call, Tracking};
use domain::dispatch::ParcelEvent;
use http::Method;

use super::super::wire as api;
use super::super::{TikTokShop, version};
use super::map;
use super::wire;

const OPERATION: &str = "track package";

impl Tracking for TikTokShop {
    /// Told of an order: those of its other packages are among them.
    fn events<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<ParcelEvent>> {
        Box::pin(async move {
            let seen = self.seen(OPERATION, account, external_id).await?;
            let Some(order) = seen.snapshot.orders.first() else { return Ok(Vec::new()) };
            let path = ["fulfillment", version::TRACKING, "orders", order, "tracking"];
            let answer = self.ask(self.request(OPERATION, Method::GET, account, &path)?).await?;
            let told: wire::Tracking = api::data(&answer)?;
            Ok(map::events(&told))
        })
    }
}

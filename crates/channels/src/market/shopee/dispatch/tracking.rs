//! Where a package is.

use connect::{Account, Call, Tracking};
use domain::dispatch::ParcelEvent;
use http::Method;

use super::super::wire::{is_true, owned};
use super::super::{Shopee, ids};
use super::map;
use super::wire::TrackingInfo;

const OPERATION: &str = "track package";

impl Tracking for Shopee {
    fn events<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<ParcelEvent>> {
        Box::pin(async move {
            let asked = [ids::code(OPERATION, external_id)?.to_owned()];
            let (packages, answer) = self.packages_by_number(OPERATION, account, &asked).await?;
            let sn = owned(packages[0].order_sn.as_ref()).filter(|sn| ids::is_code(sn));
            let sn = sn.ok_or_else(|| answer.garbled("a package without the number of its order"))?;
            let spec = self
                .shop_call(OPERATION, Method::GET, account, ["logistics", "get_tracking_info"])
                .query("order_sn", &sn);
            let is_split = is_true(packages[0].is_split_up.as_ref());
            let spec = if is_split { spec.query("package_number", external_id) } else { spec };
            let (told, _): (TrackingInfo, _) = self.ask(spec).await?;
            Ok(map::events(&told))
        })
    }
}

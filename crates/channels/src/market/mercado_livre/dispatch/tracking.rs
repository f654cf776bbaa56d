//! Where a shipment is.

use connect::{Account, Call, Tracking};
use domain::dispatch::ParcelEvent;
use http::Method;

use super::super::MercadoLivre;
use super::map;
use super::wire::Step;

impl Tracking for MercadoLivre {
    fn events<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<ParcelEvent>> {
        Box::pin(async move {
            let path = ["history"];
            let spec = self.about_shipment("track package", Method::GET, account, external_id, &path)?;
            let steps: Vec<Step> = self.ask(spec).await?.json()?;
            Ok(map::events(&steps))
        })
    }
}

//! Quantities. An answer of 200 proves nothing here: the platform accepts and ignores
//! fields (several depots, automations), so every write is read back.

use connect::{
    Account, Answer, Call, ChannelError, ErrorKind, ListingKey, ListingSnapshot, Stock, StockControl,
};
use http::Method;

use super::{MercadoLivre, SPEC};

const OPERATION: &str = "write stock";

impl Stock for MercadoLivre {
    fn write<'a>(
        &'a self,
        account: &'a Account,
        key: &'a ListingKey,
        quantity_units: i64,
    ) -> Call<'a, ListingSnapshot> {
        Box::pin(async move {
            if !(0..=SPEC.max_quantity_units).contains(&quantity_units) {
                let kind = ErrorKind::Refused {
                    code: "quantity_out_of_range".into(),
                    message: format!(
                        "{quantity_units} units; a listing shows 0 to {}",
                        SPEC.max_quantity_units
                    ),
                };
                return Err(ChannelError::new(kind, OPERATION));
            }
            let body = format!(r#"{{"available_quantity":{quantity_units}}}"#);
            let (shown, answer) = self.put_and_read_back(OPERATION, account, key, body).await?;
            if shown.quantity_units == quantity_units {
                Ok(shown)
            } else {
                Err(answer.fail(ErrorKind::WriteNotApplied))
            }
        })
    }
}

impl MercadoLivre {
    /// Writes to the listing, or to one variation at its own address: a list of
    /// variations sent to the listing would delete those that it does not name.
    pub(super) async fn put_and_read_back(
        &self,
        operation: &'static str,
        account: &Account,
        key: &ListingKey,
        body: String,
    ) -> Result<(ListingSnapshot, Answer), ChannelError> {
        let mut path = vec!["items", key.external_id.as_str()];
        if let Some(variation) = &key.variation_external_id {
            path.extend(["variations", variation.as_str()]);
        }
        let spec = self.request(operation, Method::PUT, account, &path).json(body);
        match self.ask(spec).await {
            Ok(_) => self.shown(operation, account, key).await,
            Err(error) if matches!(error.kind, ErrorKind::Refused { .. }) => {
                Err(self.why_refused(account, key, error).await)
            }
            Err(error) => Err(error),
        }
    }

    /// What the platform shows for `key` now.
    pub(super) async fn shown(
        &self,
        operation: &'static str,
        account: &Account,
        key: &ListingKey,
    ) -> Result<(ListingSnapshot, Answer), ChannelError> {
        let (snapshots, answer) = self.read_item(operation, account, &key.external_id).await?;
        match snapshots.into_iter().find(|snapshot| snapshot.key == *key) {
            Some(snapshot) => Ok((snapshot, answer)),
            None => Err(answer.fail(ErrorKind::NotFound)),
        }
    }

    /// A refusal because of the listing's state has many codes; the state itself is plain.
    async fn why_refused(
        &self,
        account: &Account,
        key: &ListingKey,
        mut error: ChannelError,
    ) -> ChannelError {
        if let Ok((shown, _)) = self.shown(error.operation, account, key).await
            && (!shown.state.takes_stock() || shown.stock_control == StockControl::Platform)
        {
            error.kind = ErrorKind::NotWritable;
        }
        error
    }
}

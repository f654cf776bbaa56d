//! Mercado Livre in the words of all marketplaces.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use channels::market::mercado_livre::{Limits, MercadoLivre, MercadoLivreConfig};
use connect::Channel;
use connect::outbound::Outbound;
use domain::ChannelKind;
use http::Method;
use sandbox::SaleRequest;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use serde_json::json;

use super::{Marketplace, base};
use crate::market::Market;

/// A refresh token lasts six months.
const CONSENT_LASTS: Duration = Duration::from_hours(180 * 24);
/// Steps of a parcel from the payment to the buyer's door, at most.
const STEPS: usize = 12;

pub(super) fn connector(market: &Market, limits: Limits, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
    let (client_id, client_secret) = market.credentials();
    let base = base(ChannelKind::MercadoLivre);
    let config = MercadoLivreConfig {
        site: "MLB".into(),
        client_id,
        client_secret,
        api_base: base.clone(),
        auth_base: base,
        limits,
    };
    Arc::new(MercadoLivre::new(config, outbound))
}

/// Moves the parcel of an order on until its status is `wanted`.
fn advance(market: &Market, order: &str, wanted: &str) {
    let order: i64 = order.parse().expect("an order's number");
    let shipment = market.sandbox().with_world(|world| world.orders[&order].shipment_id);
    let path = format!("/_sandbox/shipments/{}/advance", shipment.expect("a parcel was made"));
    for _ in 0..STEPS {
        if market.control(Method::POST, &path, &json!({}))["status"] == wanted {
            return;
        }
    }
    panic!("the parcel of {order} is never {wanted}");
}

impl Marketplace for Market {
    fn kind(&self) -> ChannelKind {
        ChannelKind::MercadoLivre
    }

    fn seller(&self) -> String {
        CLASSIC_SELLER.to_string()
    }

    fn approve(&self, authorize_url: &str) -> BTreeMap<String, String> {
        self.consent(authorize_url, CLASSIC_SELLER, "approve")
    }

    fn consent_lasts(&self) -> Duration {
        CONSENT_LASTS
    }

    fn end_consent(&self) {
        self.control(Method::POST, "/_sandbox/tokens/revoke", &json!({"user_id": CLASSIC_SELLER}));
    }

    /// There are no signatures: what can be told is that a hook is for another application.
    fn forge_hook(&self, order: &str) {
        let body = json!({"resource": format!("/orders/{order}"), "user_id": CLASSIC_SELLER,
            "topic": "orders_v2", "application_id": 42, "attempts": 1});
        self.control(Method::POST, "/_sandbox/hooks/send", &json!({"body": body}));
    }

    fn renewed(&self) -> usize {
        self.renewals()
    }

    fn sell_sku(&self, sku: &str, units: i64) -> String {
        let item = self.items_of(CLASSIC_SELLER, sku).into_iter().next().expect("the seller offers it");
        let orders = self.sandbox().sell(&SaleRequest::of_item(&item, units)).expect("the item is for sale");
        orders.first().expect("a sale makes an order").to_string()
    }

    fn shown(&self, sku: &str) -> Vec<i64> {
        self.items_of(CLASSIC_SELLER, sku).iter().map(|item| self.shows(item)).collect()
    }

    fn hand_over(&self, order: &str) {
        advance(self, order, "shipped");
    }

    fn deliver(&self, order: &str) {
        advance(self, order, "delivered");
    }

    fn call_off(&self, order: &str) {
        self.control(Method::POST, &format!("/_sandbox/orders/{order}/cancel"), &json!({"group": "buyer"}));
    }

    /// Nobody has to do anything for that.
    fn keep(&self, _order: &str) {}

    fn overcharge(&self, order: &str, minor: i64) {
        let order: i64 = order.parse().expect("an order's number");
        self.sandbox().with_world(|world| {
            let payment = world.orders[&order].payment_ids.first().copied().expect("the order is paid");
            let payment = world.payments.get_mut(&payment).expect("the payment is known");
            payment.fee_minor += minor;
        });
    }

    fn ask_to_cancel(&self, order: &str) {
        let claim = json!({"order_id": order, "type": "cancel_purchase"});
        self.control(Method::POST, "/_sandbox/claims", &claim);
    }

    fn ask_to_return(&self, order: &str) {
        self.control(Method::POST, "/_sandbox/claims", &json!({"order_id": order, "type": "mediations"}));
    }

    /// It shows them to whoever writes their invoice.
    fn show_buyers(&self) {}
}

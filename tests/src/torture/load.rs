//! Sales and cancellations at the sandbox, as steady as the program is not.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{Entropy as _, SeededEntropy};
use serde_json::{Value, json};

use super::Item;
use crate::bench::Result;
use crate::bench::http::{self, Connection};

/// One sale in so many is cancelled by its buyer at once.
const CANCELLED_ONE_IN: u64 = 10;
/// Units of the largest sale.
const MOST_UNITS: u64 = 3;
/// Separates this chance from that of the kills.
const SALT: u64 = 0x5341_4c45;

/// Sells until it is told to stop.
pub(super) struct Load {
    sandbox: SocketAddr,
    items: Vec<Item>,
    per_second: u32,
    chance: SeededEntropy,
}

/// What was sold, by the platform's numbers of orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sold {
    /// Orders made.
    pub(super) orders: BTreeSet<String>,
    /// Orders of which the program has acknowledged a hook.
    pub(super) acknowledged: BTreeSet<String>,
}

impl Load {
    pub(super) fn new(sandbox: SocketAddr, items: Vec<Item>, per_second: u32, seed: u64) -> Self {
        Self { sandbox, items, per_second, chance: SeededEntropy::new(seed ^ SALT) }
    }

    pub(super) async fn run(self, stop: Arc<AtomicBool>) -> Result<Sold> {
        let mut sold = Sold::default();
        let mut connection = Connection::open(self.sandbox).await?;
        let mut beats = tokio::time::interval(Duration::from_secs(1) / self.per_second.max(1));
        while !stop.load(Ordering::SeqCst) {
            beats.tick().await;
            let drawn = usize::try_from(self.chance.below(u64::try_from(self.items.len())?))?;
            let sale = json!({"item_id": self.items[drawn].external_id, "quantity": 1 + self.chance.below(MOST_UNITS)});
            let made = post(&mut connection, "/_sandbox/sales", &sale).await?;
            for order in made["orders"].as_array().ok_or("a sale without orders")? {
                if self.chance.below(CANCELLED_ONE_IN) == 0 {
                    let path = format!("/_sandbox/orders/{order}/cancel");
                    post(&mut connection, &path, &json!({"group": "buyer"})).await?;
                }
                sold.orders.insert(order.to_string());
            }
        }
        Ok(sold)
    }
}

async fn post(connection: &mut Connection, path: &str, body: &Value) -> Result<Value> {
    let kind = "Content-Type: application/json\r\n";
    connection.send(&http::request("POST", path, kind, &body.to_string())).await?.json()
}

impl Sold {
    /// Notes which orders the program has acknowledged, of what the sandbox shows of its
    /// notifications. Returns how many of those still wait for their answer or next try.
    pub(super) fn note_hooks(&mut self, shown: &Value) -> usize {
        let mut waiting = 0;
        for hook in shown["notifications"].as_array().into_iter().flatten() {
            let over = ["delivered", "missed", "lost"].iter().any(|stage| hook["stage"] == *stage);
            waiting += usize::from(!over);
            let taken =
                hook["attempts"].as_array().into_iter().flatten().any(|attempt| attempt["status"] == 200);
            let order = hook["resource"].as_str().and_then(|resource| resource.strip_prefix("/orders/"));
            if let Some(order) = order.filter(|_| taken) {
                self.acknowledged.insert(order.to_owned());
            }
        }
        waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_acknowledged_when_any_try_of_its_hook_was() {
        let hook = |order: u32, stage: Value, status: Value| json!({"resource": format!("/orders/{order}"), "stage": stage, "attempts": [{"status": status}]});
        let mut sold = Sold::default();
        let shown = json!({"notifications": [
            hook(1, json!("delivered"), json!(200)),
            hook(2, json!({"waiting": 5}), Value::Null),
            hook(3, json!({"waiting": 5}), json!(200)),
            hook(4, json!("missed"), json!(503)),
        ]});
        assert_eq!(sold.note_hooks(&shown), 2);
        assert_eq!(sold.acknowledged, BTreeSet::from(["1".to_owned(), "3".to_owned()]));
    }
}

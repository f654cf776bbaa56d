//! What is left of it all, held against what was promised.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use app::App;
use domain::SkuId;
use sandbox::mercado_livre::item::ItemStatus;
use sandbox::mercado_livre::snapshot::Snapshot;
use store::{Store, StoreResult, Tx, stock};
use vault::{LogVerifier, verify_export};

use super::{Item, Sold, UNITS};
use crate::bench::Result;

/// The end of a torture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How often the program was killed, by where.
    pub kills: BTreeMap<&'static str, u32>,
    /// How often a hook was refused for want of space, where the disk was filled.
    pub refused_hooks: Option<usize>,
    /// Orders made, and of which a hook was acknowledged.
    pub orders: (usize, usize),
    /// What was acknowledged and is not there.
    pub lost: Vec<String>,
    /// What was done twice.
    pub doubled: Vec<String>,
    /// Anything else that is not as promised.
    pub wrong: Vec<String>,
    /// Where the data was kept for a look, if anything is not as promised.
    pub kept_at: Option<PathBuf>,
}

/// What the shop holds.
struct Held {
    orders: BTreeMap<String, i64>,
    effects_twice: Vec<String>,
    available: BTreeMap<SkuId, i64>,
    sums_that_differ: Vec<SkuId>,
    dead: Vec<String>,
}

fn read(tx: &mut Tx<'_>) -> StoreResult<Held> {
    let orders = "SELECT external_id, COUNT(*) FROM orders GROUP BY external_id";
    let effects = "SELECT o.external_id || ' ' || e.kind FROM ledger e JOIN order_line l ON l.id = e.line_id \
                   JOIN orders o ON o.id = l.order_id GROUP BY o.external_id, l.id, e.kind HAVING COUNT(*) > 1";
    let available = "SELECT id, on_hand_units - reserved_units FROM sku";
    let dead = "SELECT kind || ' ' || dedup_key || ': ' || COALESCE(error, '') FROM job WHERE state = 'dead'";
    Ok(Held {
        orders: tx.rows(orders, &[], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect(),
        effects_twice: tx.rows(effects, &[], |row| row.get(0))?,
        available: tx.rows(available, &[], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect(),
        sums_that_differ: stock::sums_that_differ(tx)?,
        dead: tx.rows(dead, &[], |row| row.get(0))?,
    })
}

impl Verdict {
    /// Whether everything is as promised.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.wrong.is_empty()
    }

    pub(super) fn count(&mut self, place: &'static str) {
        *self.kills.entry(place).or_default() += 1;
    }

    pub(super) fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// Orders, their effects on stock, and what the listings show.
    pub(super) async fn judge_orders(
        &mut self,
        store: &Store,
        sold: &Sold,
        items: &[Item],
        market: &Snapshot,
    ) -> Result<()> {
        let held = store.installation().read(read).await?;
        self.orders = (sold.orders.len(), sold.acknowledged.len());
        let owed: BTreeSet<&String> = sold.orders.union(&sold.acknowledged).collect();
        self.lost.extend(
            owed.iter()
                .filter(|order| !held.orders.contains_key(**order))
                .map(|order| format!("order {order}")),
        );
        let twice = held.orders.iter().filter(|(_, count)| **count > 1);
        self.doubled.extend(twice.map(|(order, count)| format!("order {order} is held {count} times")));
        self.doubled.extend(held.effects_twice.iter().map(|effect| format!("effect {effect}")));
        self.judge_units(&held, sold, items, market);
        self.wrong.extend(
            held.sums_that_differ.iter().map(|sku| format!("the sums of {sku} are not its ledger's")),
        );
        self.wrong.extend(held.dead.iter().map(|letter| format!("dead letter: {letter}")));
        Ok(())
    }

    /// The platform's own books say how many units were sold of each SKU: an effect that is
    /// missing or was done twice shows here, whatever the shop believes.
    fn judge_units(&mut self, held: &Held, sold: &Sold, items: &[Item], market: &Snapshot) {
        let sku_of: BTreeMap<&str, SkuId> =
            items.iter().map(|item| (item.external_id.as_str(), item.sku)).collect();
        let mut left: BTreeMap<SkuId, i64> = items.iter().map(|item| (item.sku, UNITS)).collect();
        for order in market.orders.iter().filter(|order| order.holds_stock) {
            if sold.orders.contains(&order.id.to_string())
                && let Some(left) = sku_of.get(order.item_id.as_str()).and_then(|sku| left.get_mut(sku))
            {
                *left -= order.quantity;
            }
        }
        for (sku, left) in left {
            let available = held.available.get(&sku).copied().unwrap_or_default();
            let say = |what| {
                format!(
                    "{what} units of {sku}: {available} available, {left} are left by the platform's books"
                )
            };
            match available.cmp(&left) {
                std::cmp::Ordering::Greater => self.lost.push(say("unseen")),
                std::cmp::Ordering::Less => self.doubled.push(say("twice counted")),
                std::cmp::Ordering::Equal => {}
            }
        }
        for item in market.items.iter().filter(|item| item.status == ItemStatus::Active) {
            let Some(sku) = sku_of.get(item.id.as_str()) else { continue };
            let available = held.available.get(sku).copied().unwrap_or_default();
            if item.available_quantity != available {
                let shown = item.available_quantity;
                self.wrong(format!("{} shows {shown}, {sku} has {available} available", item.id));
            }
        }
    }

    /// The audit log, exported to `folder` and verified as an outsider would.
    pub(super) async fn judge_audit(&mut self, app: &App, folder: &Path) -> Result<()> {
        let entries = app.export_audit(folder).await?;
        let verifier: LogVerifier = app.audit_verifier().parse()?;
        let report = verify_export(folder, &verifier)?;
        self.wrong.extend(report.findings.iter().map(|finding| format!("audit: {finding}")));
        if entries == 0 || report.proven != u64::try_from(entries)? {
            self.wrong(format!("audit: {} of {entries} entries are proven", report.proven));
        }
        Ok(())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [("lost", &self.lost), ("doubled", &self.doubled), ("wrong", &self.wrong)];
        for (kind, findings) in kinds {
            for finding in findings {
                writeln!(out, "{kind}: {finding}")?;
            }
        }
        if let Some(folder) = &self.kept_at {
            writeln!(out, "the data is kept in {}", folder.display())?;
        }
        if let Some(refused) = self.refused_hooks {
            writeln!(out, "disk full: hooks were refused {refused} times, and sent again")?;
        }
        for (place, kills) in &self.kills {
            writeln!(out, "{kills:>6} kills at: {place}")?;
        }
        let (orders, acknowledged) = self.orders;
        writeln!(
            out,
            "{orders} orders, hooks of {acknowledged} acknowledged, {} other findings",
            self.wrong.len()
        )?;
        let kills: u32 = self.kills.values().sum();
        write!(out, "torture: {kills} kills, {} lost, {} doubled", self.lost.len(), self.doubled.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_what_was_lost_and_doubled() {
        let kills = BTreeMap::from([("a moment of chance", 120), (app::steps::HOOK_KEPT, 80)]);
        let verdict = Verdict { kills, lost: vec!["order 7".into()], ..Verdict::default() };
        assert!(!verdict.is_clean());
        let said = verdict.to_string();
        assert!(said.contains("80 kills at: hook kept, not answered\n"), "{said}");
        assert!(said.ends_with("torture: 200 kills, 1 lost, 0 doubled"), "{said}");
    }

    #[test]
    fn any_finding_spoils_the_verdict() {
        let mut verdict = Verdict::default();
        assert!(verdict.is_clean());
        verdict.wrong("the program ended by itself".into());
        assert!(!verdict.is_clean());
    }

    const SKU: &str = "sku_00000000000000000000000001";

    fn item() -> Item {
        Item { external_id: "MLB1".into(), sku: SKU.parse().unwrap() }
    }

    /// The platform's books after one sale of two units by the order 7.
    fn market(holds_stock: bool, shown: i64) -> Snapshot {
        let order = serde_json::json!({
            "id": 7, "pack_id": null, "seller_id": 1, "status": "paid", "item_id": "MLB1", "variation_id": null,
            "user_product_id": "U", "sku": null, "quantity": 2, "total_minor": 1, "holds_stock": holds_stock,
            "shipment_status": null,
        });
        let item = serde_json::json!({
            "id": "MLB1", "seller_id": 1, "sku": null, "status": "active", "available_quantity": shown,
            "sold_quantity": 2, "price_minor": 1,
        });
        serde_json::from_value(serde_json::json!({"orders": [order], "items": [item], "stock": []})).unwrap()
    }

    fn judged(available: i64, market: &Snapshot) -> Verdict {
        let held = Held {
            orders: BTreeMap::from([("7".into(), 1)]),
            effects_twice: Vec::new(),
            available: BTreeMap::from([(item().sku, available)]),
            sums_that_differ: Vec::new(),
            dead: Vec::new(),
        };
        let sold = Sold { orders: BTreeSet::from(["7".into()]), ..Sold::default() };
        let mut verdict = Verdict::default();
        verdict.judge_units(&held, &sold, &[item()], market);
        verdict
    }

    #[test]
    fn units_that_fit_the_platform_s_books_are_as_promised() {
        assert!(judged(UNITS - 2, &market(true, UNITS - 2)).is_clean());
        assert!(judged(UNITS, &market(false, UNITS)).is_clean());
    }

    #[test]
    fn a_sale_that_the_stock_never_saw_is_lost() {
        assert_eq!(judged(UNITS, &market(true, UNITS)).lost.len(), 1);
    }

    #[test]
    fn a_sale_that_the_stock_saw_twice_is_doubled() {
        assert_eq!(judged(UNITS - 4, &market(true, UNITS - 4)).doubled.len(), 1);
    }

    #[test]
    fn a_listing_that_shows_another_number_is_wrong() {
        assert_eq!(judged(UNITS - 2, &market(true, UNITS)).wrong.len(), 1);
    }
}

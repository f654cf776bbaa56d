//! Damage that is done to a shop's data behind the program's back, one for each promise:
//! a promise whose breach nobody can see is not kept by anyone.

/// When damage is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// After an event, as soon as there is something to spoil.
    InTheStorm,
    /// When the storm is over and the shop has to become what its marketplaces are.
    AfterTheStorm,
    /// When everything has come to rest.
    AtRest,
}

/// Statements that do what a fault of the program would do.
#[derive(Debug)]
pub struct Damage {
    /// What a person would call it.
    pub name: &'static str,
    /// When it is done.
    pub when: When,
    /// Run in one transaction; the last one has to touch something.
    pub statements: &'static [&'static str],
    /// What the simulator has to say of it.
    pub seen_as: &'static str,
}

/// Brings every SKU's sums in line with its ledger, so that only the damage is seen.
macro_rules! sum_up {
    () => {
        "UPDATE sku SET \
         on_hand_units = (SELECT COALESCE(SUM(on_hand_delta), 0) FROM ledger l WHERE l.sku_id = sku.id), \
         reserved_units = (SELECT COALESCE(SUM(reserved_delta), 0) FROM ledger l WHERE l.sku_id = sku.id), \
         version = (SELECT COUNT(*) FROM ledger l WHERE l.sku_id = sku.id)"
    };
}
const SUM_UP: &str = sum_up!();
/// The same, of what has another number of entries than before.
const SUM_UP_CHANGED: &str =
    concat!(sum_up!(), " WHERE version <> (SELECT COUNT(*) FROM ledger l WHERE l.sku_id = sku.id)");
/// A line that holds units of a SKU.
macro_rules! held_line {
    ($field:literal) => {
        concat!(
            "(SELECT ",
            $field,
            " FROM order_line WHERE position = 'reserved' AND sku_id IS NOT NULL LIMIT 1)"
        )
    };
}
/// A line that holds units of a kit's components.
macro_rules! held_kit {
    () => {
        "(SELECT n.id FROM order_line n JOIN sku s ON s.id = n.sku_id \
          WHERE n.position = 'reserved' AND s.is_kit = 1 LIMIT 1)"
    };
}
/// An audit event of this action.
macro_rules! forget {
    ($action:literal) => {
        &[concat!(
            "DELETE FROM audit_event WHERE id = (SELECT id FROM audit_event WHERE action = '",
            $action,
            "' LIMIT 1)"
        )]
    };
}
/// A job that waits for its turn.
macro_rules! waiting_job {
    ($change:literal) => {
        &[concat!(
            "UPDATE job SET ",
            $change,
            " WHERE id = (SELECT id FROM job WHERE state = 'ready' LIMIT 1)"
        )]
    };
}
/// A job that nobody asked for.
macro_rules! stray_job {
    ($run_at:literal) => {
        &[concat!(
            "INSERT INTO job SELECT randomblob(16), organization_id, id, 'push_stock', 'stray', 'of no kind', 2, \
             'ready', ", $run_at, ", 0, 0, NULL, NULL, 'stray', NULL, NULL, NULL, 0, 0 FROM connection LIMIT 1"
        )]
    };
}

const fn storm(name: &'static str, statements: &'static [&'static str], seen_as: &'static str) -> Damage {
    Damage { name, when: When::InTheStorm, statements, seen_as }
}

const fn rest(name: &'static str, statements: &'static [&'static str], seen_as: &'static str) -> Damage {
    Damage { name, when: When::AtRest, statements, seen_as }
}

/// One for each promise.
pub const DAMAGES: &[Damage] = &[
    storm(
        "a SKU's sum is changed past its ledger",
        &["UPDATE sku SET on_hand_units = on_hand_units + 1 WHERE id = (SELECT MIN(id) FROM sku)"],
        "sums are not those of the ledger",
    ),
    storm(
        "a ledger entry is doubled",
        &[
            "INSERT INTO ledger SELECT randomblob(16), organization_id, sku_id, version + 100000, 'adjustment', \
           on_hand_delta, reserved_delta, NULL, reason, actor, at, NULL FROM ledger WHERE line_id IS NOT NULL LIMIT 1",
        ],
        "sums are not those of the ledger",
    ),
    storm(
        "an effect is done twice, with all its consequences",
        &[
            "DROP INDEX ledger_effect",
            "INSERT INTO ledger SELECT randomblob(16), organization_id, sku_id, \
             (SELECT MAX(version) + 1 FROM ledger), kind, 0, 0, line_id, reason, actor, at, NULL \
             FROM ledger WHERE line_id IS NOT NULL LIMIT 1",
            "UPDATE sku SET version = (SELECT COUNT(*) FROM ledger l WHERE l.sku_id = sku.id) \
             WHERE version <> (SELECT COUNT(*) FROM ledger l WHERE l.sku_id = sku.id)",
        ],
        "an effect happened twice",
    ),
    storm(
        "an order is taken in twice",
        &[
            "CREATE TEMP TABLE twin AS SELECT * FROM orders LIMIT 1",
            "UPDATE twin SET id = randomblob(16), \
             connection_id = (SELECT id FROM connection WHERE id <> twin.connection_id)",
            "INSERT INTO orders SELECT * FROM twin",
        ],
        "an order is held twice",
    ),
    storm(
        "an order is dropped, and everything that spoke of it",
        &[
            "CREATE TEMP TABLE gone AS SELECT id FROM orders LIMIT 1",
            "DELETE FROM outbox WHERE order_id IN (SELECT id FROM gone)",
            "DELETE FROM profit_due WHERE order_id IN (SELECT id FROM gone)",
            "DELETE FROM profit_line WHERE order_id IN (SELECT id FROM gone)",
            "DELETE FROM profit_order WHERE order_id IN (SELECT id FROM gone)",
            "DELETE FROM charge_difference WHERE order_id IN (SELECT id FROM gone)",
            "DELETE FROM charge WHERE order_id IN (SELECT id FROM gone)",
            "DELETE FROM reckoning WHERE order_id IN (SELECT id FROM gone)",
            "DELETE FROM timeline WHERE order_id IN (SELECT id FROM gone)",
            "DELETE FROM ledger WHERE line_id IN \
             (SELECT id FROM order_line WHERE order_id IN (SELECT id FROM gone))",
            "DELETE FROM order_line WHERE order_id IN (SELECT id FROM gone)",
            SUM_UP,
            "DELETE FROM audit_event WHERE id = \
             (SELECT id FROM audit_event WHERE action = 'order.taken_in' LIMIT 1)",
            "DELETE FROM orders WHERE id IN (SELECT id FROM gone)",
        ],
        "was held and is gone",
    ),
    storm(
        "an order is made up",
        &["UPDATE orders SET external_id = '1' WHERE id = (SELECT MIN(id) FROM orders)"],
        "is held and nobody placed it",
    ),
    storm(
        "a line is called taken and its units are not",
        &[concat!("UPDATE order_line SET position = 'taken' WHERE id = ", held_line!("id"))],
        "a line's position is not what the ledger says of it",
    ),
    storm(
        "a line grows after its units were set aside",
        &[concat!("UPDATE order_line SET units = units + 1 WHERE id = ", held_line!("id"))],
        "a SKU has other units set aside than its open lines have",
    ),
    storm(
        "a kit is sold once more and its components are not set aside",
        &[concat!("UPDATE order_line SET units = units + 1 WHERE id = ", held_kit!())],
        "a SKU has other units set aside than its open lines have",
    ),
    storm(
        "a component of a kit is given back while its order is open",
        &[
            concat!(
                "INSERT INTO ledger SELECT randomblob(16), organization_id, sku_id, \
                 (SELECT MAX(version) + 1 FROM ledger), 'release', 0, -reserved_delta, line_id, reason, actor, at, NULL \
                 FROM ledger WHERE kind = 'reserve' AND line_id = ",
                held_kit!(),
                " LIMIT 1"
            ),
            SUM_UP_CHANGED,
        ],
        "a line's position is not what the ledger says of it",
    ),
    storm(
        "an order is over and only one component of its kit came back",
        &[
            concat!("UPDATE order_line SET position = 'released' WHERE id = ", held_kit!()),
            "INSERT INTO ledger SELECT randomblob(16), organization_id, sku_id, \
             (SELECT MAX(version) + 1 FROM ledger), 'release', 0, 1 - reserved_delta, line_id, reason, actor, at, NULL \
             FROM ledger WHERE kind = 'reserve' AND line_id IN (SELECT n.id FROM order_line n \
               JOIN sku s ON s.id = n.sku_id WHERE s.is_kit = 1 AND n.position = 'released') LIMIT 1",
            SUM_UP_CHANGED,
        ],
        "gave back or took other units than it had set aside",
    ),
    storm(
        "nobody knows any more that a SKU is in a kit",
        &["UPDATE sku SET is_component = 0 WHERE is_component = 1"],
        "is not what its recipe says",
    ),
    storm(
        "an order is over and its units are still held",
        &[concat!(
            "UPDATE orders SET state = 'delivered', state_detail = '' WHERE id = ",
            held_line!("order_id")
        )],
        "a line's stock has not moved as its order's state asks",
    ),
    storm(
        "less than nothing is sent to a listing",
        &["UPDATE listing SET sent_units = -1 WHERE id = (SELECT MIN(id) FROM listing)"],
        "a quantity below zero was sent",
    ),
    storm(
        "a movement of stock is left out of a timeline",
        &["DELETE FROM timeline WHERE id = (SELECT id FROM timeline WHERE kind = 'stock' LIMIT 1)"],
        "an order moved stock and its timeline does not say so",
    ),
    storm(
        "a lease has an end and no owner",
        waiting_job!("lease_until = 1"),
        "a job's lease has an end and no owner",
    ),
    storm(
        "a job is leased for ever",
        waiting_job!("state = 'leased', lease_owner = 'nobody', lease_until = 9000000000000"),
        "leased for longer than any lease",
    ),
    storm("the audit row of an order is deleted", forget!("order.taken_in"), "audit event"),
    storm(
        "an order moves on without an audit row",
        &[
            "DELETE FROM audit_event WHERE action = 'order.changed'",
            "INSERT INTO timeline SELECT randomblob(16), organization_id, order_id, at, kind, detail \
             FROM timeline WHERE kind = 'state' LIMIT 1",
        ],
        "an order moved on and no audit event says so",
    ),
    storm("the audit row of a person's count is deleted", forget!("sku.adjusted"), "counts by people, "),
    storm("the audit row of a first count is deleted", forget!("sku.opened"), "first counts, "),
    storm("the audit row of a consent is deleted", forget!("connection.authorized"), "token pairs, "),
    storm(
        "an order's arrival is deleted",
        &["DELETE FROM timeline WHERE id = (SELECT id FROM timeline WHERE kind = 'arrived' LIMIT 1)"],
        "arrivals, ",
    ),
    storm(
        "the announcements of written quantities are deleted",
        &["DELETE FROM audit_event WHERE action = 'listing.stock_written' AND phase = 'intent'"],
        "were announced in the audit log",
    ),
    storm("any other audit row is deleted", forget!("member.created"), "audit events are gone"),
    storm("a job that nobody can do", stray_job!("0"), "a dead letter without a reason"),
    Damage {
        name: "the shop stays other than its marketplaces",
        when: When::AfterTheStorm,
        statements: &["UPDATE sku SET safety_units = safety_units + 1"],
        seen_as: "s after the storm: ",
    },
    rest("a job is left", stray_job!("9000000000000"), "jobs are left"),
    rest(
        "an order of the platform is held no more",
        &["UPDATE orders SET external_id = '1' WHERE id = \
           (SELECT MAX(id) FROM orders WHERE state <> 'cancelled')"],
        "is lost",
    ),
    rest(
        "an order is held in another state",
        &["UPDATE orders SET state = CASE state WHEN 'delivered' THEN 'shipped' ELSE 'delivered' END, \
           state_detail = ''"],
        "and held as",
    ),
    rest(
        "a listing shows more than there is",
        &["UPDATE sku SET safety_units = safety_units + 1"],
        "available are",
    ),
    rest(
        "kits take more than their recipe says, and their listings show the old number",
        &["UPDATE kit_component SET units = 1000"],
        "available are",
    ),
    rest(
        "units are held back for ever",
        &["UPDATE listing SET held_units = 1 WHERE id = (SELECT MIN(id) FROM listing)"],
        "units are held back though nothing sells",
    ),
    rest("no listing belongs to a SKU", &["UPDATE listing SET sku_id = NULL"], "no listing is linked"),
    rest(
        "a listing is held for another account",
        &["UPDATE listing SET connection_id = \
           (SELECT id FROM connection WHERE id <> listing.connection_id) \
           WHERE id = (SELECT MIN(id) FROM listing)"],
        "a listing is held for an account that does not own it",
    ),
    rest(
        "what the tree holds of an audit row is rewritten",
        &["UPDATE audit_event SET leaf = (SELECT leaf FROM audit_event WHERE seq = 2) WHERE seq = 3"],
        "the audit log does not prove itself",
    ),
    rest(
        "what people read of an audit row is rewritten",
        &["UPDATE audit_event SET actor = 'somebody else' WHERE seq = 3"],
        "the audit log does not prove itself",
    ),
];

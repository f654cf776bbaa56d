-- What orders earn (docs/decisions/0037): reckoned order by order, and added up by day, account and SKU
-- in the transaction that changes an order. What an order added is kept beside it, so that a change adds
-- the difference and nothing is ever scanned.

-- An order's own counts, and of a settled one what the fee radar looks at.
CREATE TABLE profit_order (
  order_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  connection_id {id} NOT NULL,
  -- Midnight in São Paulo of the day it was placed.
  day {int} NOT NULL,
  currency TEXT NOT NULL,
  orders {int} NOT NULL,
  cancelled {int} NOT NULL,
  settled {int} NOT NULL,
  -- Parcels that were seen to leave, and those of them that left after their deadline.
  sent {int} NOT NULL,
  late {int} NOT NULL,
  -- Fees that every buyer's order bears, what was told of them at the sale, and what was charged of just that.
  fee_minor {int},
  told_minor {int},
  told_charged_minor {int},
  UNIQUE (organization_id, order_id),
  FOREIGN KEY (organization_id, order_id) REFERENCES orders (organization_id, id),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

CREATE INDEX profit_order_seen ON profit_order (connection_id, day) WHERE fee_minor IS NOT NULL;

-- What each of its lines earns: below zero what is borne. A line without a SKU has the id of zeros.
CREATE TABLE profit_line (
  order_id {id} NOT NULL,
  line_number {int} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  sku_id {id} NOT NULL,
  sales_minor {int} NOT NULL,
  discounts_minor {int} NOT NULL,
  fees_minor {int} NOT NULL,
  freight_minor {int} NOT NULL,
  tax_minor {int} NOT NULL,
  refunds_minor {int} NOT NULL,
  adjustments_minor {int} NOT NULL,
  cost_minor {int} NOT NULL,
  units {int} NOT NULL,
  uncosted_units {int} NOT NULL,
  untaxed_units {int} NOT NULL,
  PRIMARY KEY (order_id, line_number),
  FOREIGN KEY (organization_id, order_id) REFERENCES profit_order (organization_id, order_id)
);

-- The sums of all lines.
CREATE TABLE profit_day (
  organization_id {id} NOT NULL REFERENCES organization (id),
  day {int} NOT NULL,
  connection_id {id} NOT NULL,
  sku_id {id} NOT NULL,
  currency TEXT NOT NULL,
  sales_minor {int} NOT NULL,
  discounts_minor {int} NOT NULL,
  fees_minor {int} NOT NULL,
  freight_minor {int} NOT NULL,
  tax_minor {int} NOT NULL,
  refunds_minor {int} NOT NULL,
  adjustments_minor {int} NOT NULL,
  cost_minor {int} NOT NULL,
  units {int} NOT NULL,
  uncosted_units {int} NOT NULL,
  untaxed_units {int} NOT NULL,
  PRIMARY KEY (organization_id, day, connection_id, sku_id, currency),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

-- The sums of all orders' counts.
CREATE TABLE shop_day (
  organization_id {id} NOT NULL REFERENCES organization (id),
  day {int} NOT NULL,
  connection_id {id} NOT NULL,
  currency TEXT NOT NULL,
  orders {int} NOT NULL,
  cancelled {int} NOT NULL,
  settled {int} NOT NULL,
  sent {int} NOT NULL,
  late {int} NOT NULL,
  PRIMARY KEY (organization_id, day, connection_id, currency),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

-- Orders that wait to be reckoned anew: those of before this table, and those of a cost that came later.
CREATE TABLE profit_due (
  organization_id {id} NOT NULL REFERENCES organization (id),
  order_id {id} NOT NULL,
  PRIMARY KEY (organization_id, order_id),
  FOREIGN KEY (organization_id, order_id) REFERENCES orders (organization_id, id)
);

INSERT INTO profit_due (organization_id, order_id) SELECT organization_id, id FROM orders;

-- Fees that stopped being what they were.
CREATE TABLE fee_shift (
  connection_id {id} NOT NULL,
  -- told, former: what they were compared with.
  against TEXT NOT NULL,
  -- The first order that was off.
  since {int} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  seen_at {int} NOT NULL,
  found_at {int} NOT NULL,
  currency TEXT NOT NULL,
  orders {int} NOT NULL,
  sales_minor {int} NOT NULL,
  expected_minor {int} NOT NULL,
  charged_minor {int} NOT NULL,
  -- share (basis points), fixed (minor units), unclear.
  nature TEXT NOT NULL,
  nature_value {int} NOT NULL,
  PRIMARY KEY (connection_id, against, since),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

-- Orders that a platform's list named settled and that the house does not hold.
CREATE TABLE payout_unknown (
  connection_id {id} NOT NULL,
  external_id TEXT NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  settled_at {int} NOT NULL,
  PRIMARY KEY (connection_id, external_id),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

CREATE INDEX reckoning_open ON reckoning (organization_id, order_id) WHERE settled_at IS NULL;

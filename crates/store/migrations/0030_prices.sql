-- Prices (docs/decisions/0036): what each account's platform takes, as somebody typed it and from when on; how prices are
-- made there; and each change of a listing's price, from asking to what came of it.

CREATE TABLE fee_table (
  connection_id {id} NOT NULL,
  -- From when on it holds; the newest one that has begun is in force.
  valid_from {int} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  currency TEXT NOT NULL,
  kept_at {int} NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (connection_id, valid_from),
  UNIQUE (organization_id, connection_id, valid_from),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

-- What is taken of an item sold from a price on, until the next stretch begins.
CREATE TABLE fee_stretch (
  connection_id {id} NOT NULL,
  valid_from {int} NOT NULL,
  from_minor {int} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  commission_basis_points {int} NOT NULL,
  commission_cap_minor {int},
  per_item_minor {int} NOT NULL,
  freight_minor {int} NOT NULL,
  PRIMARY KEY (connection_id, valid_from, from_minor),
  FOREIGN KEY (organization_id, connection_id, valid_from) REFERENCES fee_table (organization_id, connection_id, valid_from)
);

-- How prices are made at an account, and where a SKU has a rule of its own. The account's has the id of zeros.
CREATE TABLE price_rule (
  connection_id {id} NOT NULL,
  sku_id {id} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- amount (minor units), price, cost (basis points of it).
  goal TEXT NOT NULL,
  goal_value {int} NOT NULL,
  every_minor {int} NOT NULL,
  ending_minor {int} NOT NULL,
  floor_minor {int} NOT NULL,
  never_at_a_loss {int} NOT NULL CHECK (never_at_a_loss IN (0, 1)),
  packaging_minor {int} NOT NULL,
  changed_at {int} NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (connection_id, sku_id),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

-- Prices of an account that somebody changes together: asked about first, where there are many or one is odd.
CREATE TABLE price_batch (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  connection_id {id} NOT NULL,
  -- staged, agreed, dropped.
  state TEXT NOT NULL,
  made_at {int} NOT NULL,
  actor TEXT NOT NULL,
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

CREATE INDEX price_batch_of_account ON price_batch (connection_id, id);

-- A price that is changed, and what came of it: the history of a listing's prices.
CREATE TABLE price_change (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  batch_id {id} NOT NULL,
  listing_id {id} NOT NULL,
  currency TEXT NOT NULL,
  -- What it showed when this was asked for.
  from_minor {int} NOT NULL,
  to_minor {int} NOT NULL,
  -- rule, hand, back: why.
  why TEXT NOT NULL,
  -- waiting, done, nothing, refused, below_floor, overtaken, called_off.
  state TEXT NOT NULL,
  -- When it is due, and when the price goes back to what it was; empty where it stays.
  due_at {int} NOT NULL,
  until_at {int},
  -- What the platform showed right before it was written.
  found_minor {int},
  problem TEXT,
  error TEXT,
  ended_at {int},
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, batch_id) REFERENCES price_batch (organization_id, id)
);

CREATE INDEX price_change_of_batch ON price_change (batch_id, id);
CREATE INDEX price_change_of_listing ON price_change (listing_id, id);

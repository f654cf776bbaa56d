-- Kits (docs/decisions/0039): SKUs that are sold as one and lie on the shelf as several. A kit has no stock of its
-- own; what can be offered of it is computed from its components.

ALTER TABLE sku ADD COLUMN is_kit {int} NOT NULL DEFAULT 0;
-- Whether some kit contains it: then each entry of its ledger moves that kit, too.
ALTER TABLE sku ADD COLUMN is_component {int} NOT NULL DEFAULT 0;
-- Counts the states of a kit that its listings are told; never goes back.
ALTER TABLE sku ADD COLUMN kit_version {int} NOT NULL DEFAULT 0;

CREATE TABLE kit_component (
  kit_id {id} NOT NULL,
  component_id {id} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- In the order of the form.
  place {int} NOT NULL,
  units {int} NOT NULL CHECK (units > 0),
  PRIMARY KEY (kit_id, component_id),
  CHECK (kit_id <> component_id),
  FOREIGN KEY (organization_id, kit_id) REFERENCES sku (organization_id, id),
  FOREIGN KEY (organization_id, component_id) REFERENCES sku (organization_id, id)
);

CREATE INDEX kit_component_of ON kit_component (component_id, kit_id);

-- A line that sells a kit has one effect of a kind on each component; each of them still happens once.
DROP INDEX ledger_effect;
CREATE UNIQUE INDEX ledger_effect ON ledger (line_id, sku_id, kind) WHERE line_id IS NOT NULL;

-- A count of the shelf: a draft until it is applied, whole, or left.
CREATE TABLE stock_take (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- open, applied, left.
  state TEXT NOT NULL CHECK (state IN ('open', 'applied', 'left')),
  begun_at {int} NOT NULL,
  begun_by TEXT NOT NULL,
  ended_at {int},
  ended_by TEXT,
  -- Why the shelf differed, in words of whoever applied it.
  reason TEXT NOT NULL,
  UNIQUE (organization_id, id)
);

CREATE INDEX stock_take_list ON stock_take (organization_id, id);

-- What was counted of a SKU, and at which entry of its ledger: what leaves the shelf later is not missing.
CREATE TABLE stock_take_line (
  stock_take_id {id} NOT NULL,
  sku_id {id} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  counted_units {int} NOT NULL CHECK (counted_units >= 0),
  at_version {int} NOT NULL,
  -- What the ledger had on hand at that entry.
  expected_units {int} NOT NULL,
  counted_at {int} NOT NULL,
  -- Whether the shelf changed by the ledger between two counts of it.
  has_moved {int} NOT NULL CHECK (has_moved IN (0, 1)),
  PRIMARY KEY (stock_take_id, sku_id),
  FOREIGN KEY (organization_id, stock_take_id) REFERENCES stock_take (organization_id, id),
  FOREIGN KEY (organization_id, sku_id) REFERENCES sku (organization_id, id)
);

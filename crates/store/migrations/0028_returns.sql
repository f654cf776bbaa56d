-- Goods that come back from buyers (docs/decisions/0041). They are rows of the ledger, each with the order line whose
-- goods they were; `line_id` is for what an order took, once each, and what comes back may come in parts.
ALTER TABLE ledger ADD COLUMN returned_line_id {id} REFERENCES order_line (id);

CREATE INDEX ledger_returned ON ledger (returned_line_id, sku_id) WHERE returned_line_id IS NOT NULL;

-- What was received of an order, form by form: the same form sent twice is one row.
CREATE TABLE stock_return (
  order_id {id} NOT NULL,
  -- Counts from 1 within the order.
  number {int} NOT NULL CHECK (number > 0),
  organization_id {id} NOT NULL REFERENCES organization (id),
  whole_units {int} NOT NULL CHECK (whole_units >= 0),
  damaged_units {int} NOT NULL CHECK (damaged_units >= 0),
  -- In words of whoever received it.
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  at {int} NOT NULL,
  PRIMARY KEY (order_id, number),
  FOREIGN KEY (organization_id, order_id) REFERENCES orders (organization_id, id)
);

-- Orders whose goods are said to have come back, until somebody received them or said that nothing came.
CREATE TABLE return_due (
  order_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  since {int} NOT NULL,
  FOREIGN KEY (organization_id, order_id) REFERENCES orders (organization_id, id)
);

CREATE INDEX return_due_page ON return_due (organization_id, since, order_id);

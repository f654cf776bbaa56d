-- Tables that people bring along (docs/decisions/0038): what each would change, until somebody agrees or
-- its time is over. One-time rows: no backup holds them.

CREATE TABLE sheet (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  -- What the file was called.
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  -- Which columns were taken, which wait and which nobody knows, as JSON.
  heading TEXT NOT NULL,
  row_count {int} NOT NULL,
  create_count {int} NOT NULL,
  change_count {int} NOT NULL,
  same_count {int} NOT NULL,
  refused_count {int} NOT NULL,
  fault_count {int} NOT NULL,
  cost_count {int} NOT NULL,
  adopt_count {int} NOT NULL,
  created_at {int} NOT NULL,
  ended_at {int},
  expires_at {int} NOT NULL
);

CREATE INDEX sheet_list ON sheet (organization_id, id);
CREATE INDEX sheet_expiry ON sheet (expires_at);

-- What becomes of one product, or of one SKU without a product.
CREATE TABLE sheet_item (
  sheet_id {id} NOT NULL,
  place {int} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- The first of its rows in the file.
  row_number {int} NOT NULL,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  code TEXT NOT NULL,
  -- What is asked about it, a word each; '' where nothing is.
  asks TEXT NOT NULL,
  -- What would be kept, and what was known when it was read, as JSON.
  wish TEXT NOT NULL,
  state TEXT NOT NULL,
  -- Why it was not done, or not undone; '' where it was.
  why TEXT NOT NULL,
  -- What stood before, as JSON; '' until it is done.
  stood TEXT NOT NULL,
  expires_at {int} NOT NULL,
  PRIMARY KEY (sheet_id, place)
);

CREATE INDEX sheet_item_state ON sheet_item (organization_id, sheet_id, state, place);
CREATE INDEX sheet_item_kind ON sheet_item (organization_id, sheet_id, kind, place);
CREATE INDEX sheet_item_expiry ON sheet_item (expires_at);

-- Cells that cannot be taken.
CREATE TABLE sheet_fault (
  sheet_id {id} NOT NULL,
  place {int} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  row_number {int} NOT NULL,
  col TEXT NOT NULL,
  found TEXT NOT NULL,
  trouble TEXT NOT NULL,
  expires_at {int} NOT NULL,
  PRIMARY KEY (sheet_id, place)
);

CREATE INDEX sheet_fault_expiry ON sheet_fault (expires_at);

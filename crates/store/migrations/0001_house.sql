-- The house: organizations, people, connections, orders, stock, work, audit.
-- Times are milliseconds since 1970 in UTC, money is minor units, yes/no is 1/0.
-- A row refers only to rows of its own organization: the foreign keys name both.

CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE organization (
  id {id} PRIMARY KEY,
  name TEXT NOT NULL,
  created_at {int} NOT NULL
);

-- Data keys, wrapped by the key file's key. Erasing one erases what it sealed.
CREATE TABLE data_key (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  owner_kind TEXT NOT NULL CHECK (owner_kind IN ('organization', 'connection', 'subject')),
  owner_id {id} NOT NULL,
  wrapped {bytes} NOT NULL,
  created_at {int} NOT NULL,
  UNIQUE (owner_kind, owner_id)
);

CREATE TABLE member (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- Keyed hash of the normalised address: finds it without holding it.
  email_index {bytes} NOT NULL UNIQUE,
  email_sealed {bytes} NOT NULL,
  password_hash TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner')),
  language TEXT NOT NULL,
  theme TEXT NOT NULL,
  created_at {int} NOT NULL,
  UNIQUE (organization_id, id)
);

CREATE TABLE session (
  -- SHA-256 of the token; the token itself is only in the browser.
  token_hash {bytes} PRIMARY KEY,
  id {id} NOT NULL UNIQUE,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  created_at {int} NOT NULL,
  last_seen_at {int} NOT NULL,
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

-- One-time links for the owner.
CREATE TABLE setup_link (
  token_hash {bytes} PRIMARY KEY,
  created_at {int} NOT NULL,
  expires_at {int} NOT NULL,
  used_at {int}
);

-- Failed sign-ins by address and by network; a row is deleted when it no longer counts.
CREATE TABLE sign_in_failure (
  subject {bytes} PRIMARY KEY,
  failures {int} NOT NULL,
  blocked_until {int} NOT NULL,
  updated_at {int} NOT NULL
);

CREATE TABLE connection (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  channel TEXT NOT NULL,
  account_external_id TEXT NOT NULL,
  name TEXT NOT NULL,
  site TEXT NOT NULL,
  state TEXT NOT NULL,
  state_reason TEXT,
  state_since {int} NOT NULL,
  -- The pair in use; sealed with the connection's own key. A new pair counts the version up.
  access_sealed {bytes} NOT NULL,
  refresh_sealed {bytes},
  token_version {int} NOT NULL,
  tokens_issued_at {int} NOT NULL,
  access_expires_at {int} NOT NULL,
  consent_expires_at {int},
  -- When its owner last said yes in the browser.
  consented_at {int} NOT NULL,
  scopes TEXT NOT NULL,
  -- Who renews the pair just now; nobody else may until the lease ends.
  renewal_owner TEXT,
  renewal_until {int} NOT NULL DEFAULT 0,
  renewal_error TEXT,
  last_hook_at {int},
  last_sweep_at {int},
  -- Orders updated before this instant have been seen by a sweep.
  swept_to {int},
  last_missed_at {int},
  created_at {int} NOT NULL,
  UNIQUE (channel, account_external_id),
  UNIQUE (organization_id, id)
);

-- An authorisation that was begun in a browser and has not come back yet.
CREATE TABLE authorization_attempt (
  state_hash {bytes} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  channel TEXT NOT NULL,
  verifier_sealed {bytes} NOT NULL,
  verifier_row {id} NOT NULL,
  created_at {int} NOT NULL,
  expires_at {int} NOT NULL,
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

-- Hooks as they came, until the sorter has made jobs of them. Append only: no index but
-- the key, because the platform waits for the answer.
CREATE TABLE hook_inbox (
  seq {serial},
  channel TEXT NOT NULL,
  account_external_id TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  topic TEXT NOT NULL,
  received_at {int} NOT NULL
);

CREATE TABLE counter (
  name TEXT NOT NULL,
  label TEXT NOT NULL,
  value {int} NOT NULL,
  updated_at {int} NOT NULL,
  PRIMARY KEY (name, label)
);

CREATE TABLE job (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  connection_id {id},
  kind TEXT NOT NULL,
  -- Two jobs of one kind and key are one job.
  dedup_key TEXT NOT NULL,
  payload TEXT NOT NULL,
  -- Lower goes first: 1 orders, 2 stock, 3 price, 4 catalogue and history.
  priority {int} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'dead')),
  run_at {int} NOT NULL,
  attempts {int} NOT NULL,
  -- Asked for again while it was running: runs once more.
  again {int} NOT NULL CHECK (again IN (0, 1)),
  lease_owner TEXT,
  lease_until {int},
  -- What caused it, for the order's timeline (a hook, a sweep, a person).
  cause TEXT NOT NULL,
  problem TEXT,
  error TEXT,
  -- The last outside exchange, redacted, as JSON.
  exchange TEXT,
  created_at {int} NOT NULL,
  updated_at {int} NOT NULL,
  UNIQUE (organization_id, kind, dedup_key),
  CHECK ((state = 'leased') = (lease_owner IS NOT NULL)),
  CHECK ((state = 'dead') <= (problem IS NOT NULL)),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

CREATE INDEX job_lane ON job (state, connection_id, priority, run_at);
CREATE INDEX job_dead ON job (organization_id, state, problem, kind, id);

CREATE TABLE sku (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  code TEXT NOT NULL,
  title TEXT NOT NULL,
  -- Sums of the ledger, kept by the ledger's own insert.
  on_hand_units {int} NOT NULL,
  reserved_units {int} NOT NULL CHECK (reserved_units >= 0),
  safety_units {int} NOT NULL CHECK (safety_units >= 0),
  version {int} NOT NULL,
  created_at {int} NOT NULL,
  UNIQUE (organization_id, code),
  UNIQUE (organization_id, id)
);

CREATE TABLE listing (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  connection_id {id} NOT NULL,
  external_id TEXT NOT NULL,
  variation_external_id TEXT NOT NULL,
  -- Listings of one group share one quantity at the platform; '' where alone.
  stock_group TEXT NOT NULL,
  title TEXT NOT NULL,
  seller_sku TEXT,
  state TEXT NOT NULL,
  platform_status TEXT NOT NULL,
  stock_control TEXT NOT NULL CHECK (stock_control IN ('seller', 'platform')),
  price_minor {int},
  currency TEXT,
  permalink TEXT,
  -- What the platform showed when it was last read.
  shown_units {int} NOT NULL,
  shown_at {int} NOT NULL,
  sku_id {id},
  -- Proof of stock: what was sent, what was confirmed, for which ledger version.
  sent_units {int},
  sent_at {int},
  confirmed_units {int},
  confirmed_at {int},
  confirmed_version {int} NOT NULL DEFAULT 0,
  created_at {int} NOT NULL,
  UNIQUE (connection_id, external_id, variation_external_id),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id),
  FOREIGN KEY (organization_id, sku_id) REFERENCES sku (organization_id, id)
);

CREATE INDEX listing_sku ON listing (sku_id);
CREATE INDEX listing_group ON listing (connection_id, stock_group) WHERE stock_group <> '';
CREATE UNIQUE INDEX listing_page ON listing (organization_id, id);

CREATE TABLE orders (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  connection_id {id} NOT NULL,
  channel TEXT NOT NULL,
  external_id TEXT NOT NULL,
  pack_external_id TEXT,
  -- The platform's clock on its order and its shipment: news not newer changes nothing.
  order_at {int} NOT NULL,
  shipment_at {int} NOT NULL,
  state TEXT NOT NULL,
  state_detail TEXT NOT NULL,
  platform_status TEXT NOT NULL,
  placed_at {int} NOT NULL,
  total_minor {int} NOT NULL,
  currency TEXT NOT NULL,
  -- What the list shows of the lines, so that a page reads one table.
  summary TEXT NOT NULL,
  line_count {int} NOT NULL,
  unit_count {int} NOT NULL,
  buyer_external_id TEXT,
  shipment_external_id TEXT,
  shipment_status TEXT,
  logistic_type TEXT,
  tracking_code TEXT,
  ship_by {int},
  tags TEXT NOT NULL,
  created_at {int} NOT NULL,
  updated_at {int} NOT NULL,
  UNIQUE (connection_id, external_id),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

CREATE INDEX orders_page ON orders (organization_id, placed_at, id);
CREATE INDEX orders_state ON orders (organization_id, state, placed_at, id);
CREATE INDEX orders_connection ON orders (organization_id, connection_id, placed_at, id);

CREATE TABLE order_line (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  order_id {id} NOT NULL,
  line_key TEXT NOT NULL,
  listing_external_id TEXT NOT NULL,
  variation_external_id TEXT NOT NULL,
  listing_id {id},
  sku_id {id},
  title TEXT NOT NULL,
  seller_sku TEXT,
  units {int} NOT NULL CHECK (units > 0),
  unit_price_minor {int} NOT NULL,
  currency TEXT NOT NULL,
  sale_fee_minor {int},
  -- Its place in the order, as the platform first showed it.
  line_number {int} NOT NULL,
  -- What has happened to its stock so far.
  position TEXT NOT NULL,
  UNIQUE (order_id, line_key),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, order_id) REFERENCES orders (organization_id, id),
  FOREIGN KEY (organization_id, listing_id) REFERENCES listing (organization_id, id),
  FOREIGN KEY (organization_id, sku_id) REFERENCES sku (organization_id, id)
);

CREATE INDEX order_line_sku ON order_line (sku_id);
CREATE INDEX order_line_code ON order_line (organization_id, seller_sku);

-- Append-only. `version` numbers the entries of a SKU without gaps.
CREATE TABLE ledger (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  sku_id {id} NOT NULL,
  version {int} NOT NULL CHECK (version > 0),
  kind TEXT NOT NULL,
  on_hand_delta {int} NOT NULL,
  reserved_delta {int} NOT NULL,
  line_id {id},
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  at {int} NOT NULL,
  UNIQUE (sku_id, version),
  CHECK ((line_id IS NOT NULL) = (kind IN ('reserve', 'release', 'take'))),
  FOREIGN KEY (organization_id, sku_id) REFERENCES sku (organization_id, id),
  FOREIGN KEY (organization_id, line_id) REFERENCES order_line (organization_id, id)
);

-- Each effect of an order line happens once.
CREATE UNIQUE INDEX ledger_effect ON ledger (line_id, kind) WHERE line_id IS NOT NULL;

-- One row for each listing that has to be told a ledger version.
CREATE TABLE outbox (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  listing_id {id} NOT NULL,
  ledger_version {int} NOT NULL,
  order_id {id},
  created_at {int} NOT NULL,
  told_at {int},
  told_units {int},
  UNIQUE (listing_id, ledger_version),
  FOREIGN KEY (organization_id, listing_id) REFERENCES listing (organization_id, id),
  FOREIGN KEY (organization_id, order_id) REFERENCES orders (organization_id, id)
);

CREATE INDEX outbox_order ON outbox (order_id);
CREATE INDEX outbox_pending ON outbox (listing_id, ledger_version) WHERE told_at IS NULL;

-- What happened to an order, for people; the proof is in the audit log.
CREATE TABLE timeline (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  order_id {id} NOT NULL,
  at {int} NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  FOREIGN KEY (organization_id, order_id) REFERENCES orders (organization_id, id)
);

CREATE INDEX timeline_order ON timeline (order_id, at, id);

CREATE TABLE import_run (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  connection_id {id} NOT NULL UNIQUE,
  phase TEXT NOT NULL CHECK (phase IN ('listings', 'orders', 'done')),
  next_page TEXT,
  listings_done {int} NOT NULL,
  listings_total {int},
  orders_done {int} NOT NULL,
  orders_total {int},
  -- Orders placed from here on are imported.
  orders_from {int} NOT NULL,
  orders_to {int} NOT NULL,
  started_at {int} NOT NULL,
  updated_at {int} NOT NULL,
  finished_at {int},
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

-- Audit events, in two phases: an intent before, an outcome after. `seq` is the event's
-- place in the Merkle tree and `leaf` what the tree hashes; both are set when it is sequenced.
CREATE TABLE audit_event (
  id {id} PRIMARY KEY,
  organization_id {id},
  at {int} NOT NULL,
  phase TEXT NOT NULL CHECK (phase IN ('intent', 'done', 'refused', 'failed')),
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  -- More, by name, as a JSON object of texts.
  details TEXT NOT NULL,
  leaf {bytes},
  seq {int} UNIQUE,
  CHECK ((leaf IS NULL) = (seq IS NULL))
);

CREATE INDEX audit_event_page ON audit_event (organization_id, id);
CREATE INDEX audit_event_unsequenced ON audit_event (id) WHERE seq IS NULL;

-- The right edge of the tree after the last sequenced event: one row.
CREATE TABLE audit_tree (
  one {int} PRIMARY KEY CHECK (one = 1),
  size {int} NOT NULL,
  edge {bytes} NOT NULL
);

CREATE TABLE audit_checkpoint (
  size {int} PRIMARY KEY,
  note TEXT NOT NULL,
  at {int} NOT NULL
);

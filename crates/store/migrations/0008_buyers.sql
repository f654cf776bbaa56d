-- Whether an organization finds orders by their buyers, and since when (docs/decisions/0019).
ALTER TABLE organization ADD COLUMN finds_buyers_since {int};

-- A buyer at a platform. Nothing that tells who they are stands here.
CREATE TABLE buyer (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  connection_id {id} NOT NULL,
  -- The platform's pseudonym, as in orders.
  external_id TEXT NOT NULL,
  -- Of the newest order that was asked for; what is kept ends so long after it.
  last_placed_at {int} NOT NULL,
  created_at {int} NOT NULL,
  UNIQUE (connection_id, external_id),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

CREATE INDEX buyer_last_placed ON buyer (last_placed_at);

-- What buyers are found by: keyed hashes, from which nothing can be read.
CREATE TABLE buyer_term (
  organization_id {id} NOT NULL REFERENCES organization (id),
  term {bytes} NOT NULL,
  buyer_id {id} NOT NULL,
  PRIMARY KEY (organization_id, term, buyer_id),
  FOREIGN KEY (organization_id, buyer_id) REFERENCES buyer (organization_id, id)
);

CREATE INDEX buyer_term_buyer ON buyer_term (organization_id, buyer_id);
CREATE INDEX orders_buyer ON orders (connection_id, buyer_external_id);

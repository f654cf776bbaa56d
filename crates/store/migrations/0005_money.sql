-- An order's money (domain::settlement): one row for each order, amounts in the tables below.
CREATE TABLE reckoning (
  order_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  connection_id {id} NOT NULL,
  channel TEXT NOT NULL,
  currency TEXT NOT NULL,
  -- When its platform was last asked.
  read_at {int},
  -- When its charges were told; NULL while there is only a forecast.
  charged_at {int},
  -- Since when they are final.
  settled_at {int},
  -- The latest settlement that a list of the platform named for it.
  listed_at {int},
  -- When the platform is asked again; NULL when there is nothing more to wait for.
  due_at {int},
  UNIQUE (organization_id, order_id),
  FOREIGN KEY (organization_id, order_id) REFERENCES orders (organization_id, id),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

CREATE INDEX reckoning_due ON reckoning (connection_id, due_at) WHERE due_at IS NOT NULL;

-- What is forecast and charged, by kind. Amounts are the seller's: below zero what is taken.
CREATE TABLE charge (
  organization_id {id} NOT NULL REFERENCES organization (id),
  order_id {id} NOT NULL,
  kind TEXT NOT NULL,
  -- The platform's own word where no kind is known; '' otherwise.
  word TEXT NOT NULL,
  forecast_minor {int},
  forecast_at {int},
  charged_minor {int},
  PRIMARY KEY (order_id, kind, word),
  CHECK ((forecast_minor IS NULL) = (forecast_at IS NULL)),
  FOREIGN KEY (organization_id, order_id) REFERENCES reckoning (organization_id, order_id)
);

-- Fees that were charged otherwise than forecast. Ids grow with the time of finding.
CREATE TABLE charge_difference (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  order_id {id} NOT NULL,
  channel TEXT NOT NULL,
  kind TEXT NOT NULL,
  word TEXT NOT NULL,
  currency TEXT NOT NULL,
  forecast_minor {int} NOT NULL,
  charged_minor {int} NOT NULL,
  found_at {int} NOT NULL,
  UNIQUE (order_id, kind, word),
  FOREIGN KEY (organization_id, order_id) REFERENCES reckoning (organization_id, order_id)
);

CREATE INDEX charge_difference_page ON charge_difference (organization_id, id);
CREATE INDEX charge_difference_channel ON charge_difference (organization_id, channel, id);

-- How far a connection's list of settlements has been read.
CREATE TABLE settlement_sweep (
  connection_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  covered_to {int} NOT NULL,
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

-- Orders that are held already are asked for, the oldest first.
INSERT INTO reckoning (order_id, organization_id, connection_id, channel, currency, due_at)
SELECT id, organization_id, connection_id, channel, currency, placed_at FROM orders WHERE state <> 'cancelled';

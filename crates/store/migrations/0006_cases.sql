-- What buyers and platforms want of the seller: questions, message threads, requests to
-- cancel, returns, claims (domain::case). Nothing that anybody wrote stands here.
CREATE TABLE service_case (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  connection_id {id} NOT NULL,
  channel TEXT NOT NULL,
  -- Its name at the platform: each desk numbers its own.
  desk TEXT NOT NULL,
  external_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  -- The platform's clock on it, and when it was read: news not newer changes nothing.
  version_at {int} NOT NULL,
  read_at {int} NOT NULL,
  state TEXT NOT NULL,
  state_detail TEXT NOT NULL,
  platform_status TEXT NOT NULL,
  reason TEXT,
  opened_at {int} NOT NULL,
  -- The platform's deadline, where it tells one.
  until_at {int},
  -- Its place in the list (domain::case::Place).
  place_rank {int} NOT NULL,
  place_at {int} NOT NULL,
  order_external_id TEXT,
  listing_external_id TEXT,
  amount_minor {int},
  currency TEXT,
  created_at {int} NOT NULL,
  UNIQUE (connection_id, desk, external_id),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

CREATE INDEX service_case_page ON service_case (organization_id, place_rank, place_at, id);
CREATE INDEX service_case_order ON service_case (connection_id, order_external_id);

-- The last answer that a member gave in a case. Its text is there, sealed, until the
-- platform has it.
CREATE TABLE case_answer (
  case_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- The same in every try of one answer.
  id {id} NOT NULL UNIQUE,
  member_id {id} NOT NULL,
  verb TEXT NOT NULL,
  reason TEXT,
  text_sealed {bytes},
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
  problem TEXT,
  error TEXT,
  created_at {int} NOT NULL,
  ended_at {int},
  CHECK ((state = 'sent') <= (text_sealed IS NULL)),
  FOREIGN KEY (organization_id, case_id) REFERENCES service_case (organization_id, id),
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

-- How far a connection's cases have been swept.
CREATE TABLE case_sweep (
  connection_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  swept_to {int} NOT NULL,
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

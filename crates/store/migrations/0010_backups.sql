-- Backups and drills: asked for by the clock, a command or a person, and how each went.
CREATE TABLE backup_run (
  id {id} PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('backup', 'drill')),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'good', 'failed')),
  asked_by TEXT NOT NULL,
  asked_at {int} NOT NULL,
  -- Who does it, and until when nobody else may.
  node TEXT,
  lease_until {int},
  started_at {int},
  ended_at {int},
  -- Rows done, of about how many.
  rows_done {int} NOT NULL,
  rows_total {int} NOT NULL,
  -- The backup that was taken or drilled: where it lies, its number there, and the instant it
  -- shows.
  place TEXT,
  number {int},
  taken_at {int},
  -- The digest of its signed list.
  list_digest TEXT,
  -- Bytes that it added to the depot.
  bytes_added {int},
  -- A drill's checks, as JSON.
  report TEXT,
  error TEXT,
  CHECK ((state = 'running') = (node IS NOT NULL))
);

CREATE INDEX backup_run_kind ON backup_run (kind, state, id);

-- Owners whose keys were destroyed, as keyed hashes. Also kept beside the backups, and
-- replayed by each restore.
CREATE TABLE erasure (
  owner_hash {bytes} PRIMARY KEY,
  at {int} NOT NULL
);
CREATE INDEX erasure_at ON erasure (at);

-- Which keys of the key file this installation uses, and since when. Their bytes are in the
-- file alone.
CREATE TABLE kek (
  id {bytes} PRIMARY KEY,
  -- `coming` until every running node holds it, `former` until nothing is wrapped by it.
  state TEXT NOT NULL CHECK (state IN ('coming', 'primary', 'former', 'retired')),
  made_at {int} NOT NULL,
  since {int} NOT NULL
);

-- Rotations: every wrapped key is wrapped anew, in the order of its id.
CREATE TABLE key_rotation (
  id {id} PRIMARY KEY,
  kek {bytes} NOT NULL REFERENCES kek (id),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done')),
  asked_by TEXT NOT NULL,
  asked_at {int} NOT NULL,
  started_at {int},
  ended_at {int},
  -- Everything up to this key is done.
  last_key {id},
  keys_done {int} NOT NULL,
  keys_total {int} NOT NULL,
  -- Who does it, and until when nobody else may.
  node TEXT,
  lease_until {int} NOT NULL,
  -- Why it could not go on when it was last tried.
  error TEXT
);

-- What each running process finds in its key file.
CREATE TABLE key_holder (
  node TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  place TEXT NOT NULL,
  keks TEXT NOT NULL,
  -- Why the file cannot be read, in the program's words.
  problem TEXT,
  seen_at {int} NOT NULL
);

-- The key that wrapped a key stands in its bytes 3 to 10.
CREATE INDEX data_key_kek ON data_key (substr(wrapped, 3, 8));

-- The audit page's filters, and which checkpoints have left the house.

-- Most events are the intake's and the fan-out's: the page of all events is short of none of
-- them, and walking it finds them at once. What is rare among them has an index, which an
-- order's events never touch.
CREATE INDEX audit_event_actor ON audit_event (organization_id, actor, id)
  WHERE actor <> 'system:ingest' AND actor <> 'system:fan-out';
CREATE INDEX audit_event_kind ON audit_event (organization_id, subject_kind, id)
  WHERE subject_kind <> 'order' AND subject_kind <> 'listing';
CREATE INDEX audit_event_action ON audit_event (organization_id, action, id)
  WHERE action <> 'order.taken_in' AND action <> 'order.changed' AND action <> 'listing.stock_written';
CREATE INDEX audit_event_undone ON audit_event (organization_id, id) WHERE phase IN ('refused', 'failed');
-- What happened to one thing, and whether what was begun has ended.
CREATE INDEX audit_event_subject ON audit_event (organization_id, subject_id, id);

-- The newest checkpoint that each place has. A place is named by its kind and the hash of
-- where it is.
CREATE TABLE audit_push (
  place TEXT PRIMARY KEY,
  size {int},
  note TEXT,
  pushed_at {int},
  -- When somebody last took it on, so that of several nodes one does.
  tried_at {int} NOT NULL,
  -- Since the last success.
  failures {int} NOT NULL,
  trouble TEXT,
  CHECK ((size IS NULL) = (note IS NULL) AND (size IS NULL) = (pushed_at IS NULL))
);

-- How far what was taken of a limit lies ahead (domain::limit). Subjects stand by a keyed hash.
CREATE TABLE limit_taken (
  subject {bytes} PRIMARY KEY,
  given_back_at {int} NOT NULL
);

CREATE INDEX limit_taken_given_back ON limit_taken (given_back_at);

-- Organizations that leave (docs/decisions/0031): asked for by an owner, called off until it begins,
-- then everything of theirs is destroyed, this row last but one.
CREATE TABLE leaving (
  organization_id {id} PRIMARY KEY REFERENCES organization (id),
  asked_by {id} NOT NULL,
  -- Why, in its owner's words.
  reason TEXT NOT NULL,
  asked_at {int} NOT NULL,
  -- When everything is destroyed.
  due_at {int} NOT NULL,
  -- Since when it is: from then on nobody calls it off.
  begun_at {int},
  -- Which node is at it, and until when it is that node's.
  node TEXT,
  lease_until {int},
  CHECK ((node IS NULL) = (lease_until IS NULL))
);

CREATE INDEX leaving_due ON leaving (due_at);

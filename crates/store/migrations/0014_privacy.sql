-- Letters that go out, and what people ask of their data (docs/decisions/0026).

-- Letters that wait for the mail server. A row is deleted once the server has its letter.
CREATE TABLE mail (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- What it is about, in a word.
  kind TEXT NOT NULL,
  -- Recipient, subject and text, under the organization's key.
  letter_sealed {bytes} NOT NULL,
  created_at {int} NOT NULL,
  -- From then on it is too late to send it.
  expires_at {int} NOT NULL
);

CREATE INDEX mail_expires ON mail (expires_at);

-- What retention and erasure leave alone while it stands: a class, or what is kept of a person.
CREATE TABLE retention_hold (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- A word of domain::retention.
  class TEXT,
  -- A buyer's or member's id.
  subject_id {id},
  reason TEXT NOT NULL,
  -- By when somebody looks whether it is still needed.
  review_by {int} NOT NULL,
  placed_by {id} NOT NULL,
  placed_at {int} NOT NULL,
  lifted_by {id},
  lifted_at {int},
  CHECK ((class IS NULL) <> (subject_id IS NULL)),
  CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
);

CREATE INDEX retention_hold_standing ON retention_hold (organization_id, class, subject_id) WHERE lifted_at IS NULL;
CREATE INDEX retention_hold_lifted ON retention_hold (lifted_at);

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

-- Browsers that asked for a one-time code. A row is the same whether the address is on file or
-- not, until a job has looked.
CREATE TABLE privacy_ticket (
  -- SHA-256 of the token in the browser's cookie.
  token_hash {bytes} PRIMARY KEY,
  id {id} NOT NULL UNIQUE,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- The address that was named, and the letter for it, under the organization's key.
  letter_sealed {bytes} NOT NULL,
  -- Keyed hash of ticket and code; gone once the code came back.
  code_hash {bytes},
  member_id {id},
  tries_left {int} NOT NULL CHECK (tries_left >= 0),
  proven_at {int},
  expires_at {int} NOT NULL,
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE INDEX privacy_ticket_expires ON privacy_ticket (expires_at);

-- The register: what people asked of their data, and what they were answered.
CREATE TABLE privacy_request (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- Words of domain::privacy.
  kind TEXT NOT NULL,
  regime TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'refused')),
  language TEXT NOT NULL,
  -- Who asked, where a code has shown it.
  member_id {id},
  -- How they are reached, who they say they are, what they wrote; under the organization's key.
  person_sealed {bytes} NOT NULL,
  received_at {int} NOT NULL,
  -- The first instant that is too late.
  due_at {int} NOT NULL,
  answer_sealed {bytes},
  ended_by {id},
  ended_at {int},
  -- Buyers whose data was erased for it.
  erased {int} NOT NULL,
  CHECK ((state = 'open') = (ended_at IS NULL)),
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE INDEX privacy_request_open ON privacy_request (organization_id, due_at, id) WHERE state = 'open';
CREATE INDEX privacy_request_page ON privacy_request (organization_id, id);
CREATE INDEX privacy_request_ended ON privacy_request (ended_at);

-- A buyer who had what finds them erased: from then on nothing is kept of them but this, so that
-- they are not asked for again.
ALTER TABLE buyer ADD COLUMN opposed_at {int};

-- What members were granted, by name; invitations; reviews (docs/decisions/0024).

-- Left: the row stays for the events that name it, and opens nothing any more.
ALTER TABLE member ADD COLUMN left_at {int};

-- Roles, and what no role has. It is open while ended_at is empty and expires_at not past.
CREATE TABLE access_grant (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  access TEXT NOT NULL,
  reason TEXT NOT NULL,
  granted_by TEXT NOT NULL,
  granted_at {int} NOT NULL,
  expires_at {int},
  ended_at {int},
  ended_by TEXT,
  ended_because TEXT,
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE UNIQUE INDEX access_grant_open ON access_grant (member_id, access) WHERE ended_at IS NULL;
CREATE INDEX access_grant_expires ON access_grant (expires_at) WHERE ended_at IS NULL AND expires_at IS NOT NULL;

-- Until now every member was an owner. The id may be the member's: no other grant has it.
INSERT INTO access_grant (id, organization_id, member_id, access, reason, granted_by, granted_at)
  SELECT id, organization_id, id, role, '', 'system:set-up', created_at FROM member;

ALTER TABLE member DROP COLUMN role;

CREATE TABLE invitation (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- SHA-256 of the token in the link.
  token_hash {bytes} NOT NULL UNIQUE,
  email_index {bytes} NOT NULL,
  email_sealed {bytes} NOT NULL,
  -- Words of roles, one blank between two.
  roles TEXT NOT NULL,
  reason TEXT NOT NULL,
  invited_by {id} NOT NULL,
  created_at {int} NOT NULL,
  expires_at {int} NOT NULL,
  UNIQUE (organization_id, email_index),
  FOREIGN KEY (organization_id, invited_by) REFERENCES member (organization_id, id)
);

CREATE INDEX invitation_expires ON invitation (expires_at);

-- A review asks of every open grant whether it is still needed.
CREATE TABLE access_review (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  opened_by TEXT NOT NULL,
  opened_at {int} NOT NULL,
  due_at {int} NOT NULL,
  closed_at {int},
  UNIQUE (organization_id, id)
);

CREATE UNIQUE INDEX access_review_open ON access_review (organization_id) WHERE closed_at IS NULL;

CREATE TABLE access_review_item (
  review_id {id} NOT NULL,
  grant_id {id} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- Empty until somebody, or the last day, decides.
  decision TEXT CHECK (decision IN ('keep', 'end', 'undecided')),
  decided_by TEXT,
  decided_at {int},
  -- 1 where its holder decided, because nobody else administers.
  by_holder {int} NOT NULL DEFAULT 0,
  PRIMARY KEY (review_id, grant_id),
  FOREIGN KEY (organization_id, review_id) REFERENCES access_review (organization_id, id),
  FOREIGN KEY (organization_id, grant_id) REFERENCES access_grant (organization_id, id)
);

-- Keys for programs. SHA-256 of the key; the key itself is only with its holder.
CREATE TABLE api_key (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  name TEXT NOT NULL,
  token_hash {bytes} NOT NULL UNIQUE,
  -- Words of permissions, one blank between two.
  scopes TEXT NOT NULL,
  created_at {int} NOT NULL,
  expires_at {int} NOT NULL,
  last_used_at {int},
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE INDEX api_key_member ON api_key (organization_id, member_id);
CREATE INDEX api_key_expires ON api_key (expires_at);

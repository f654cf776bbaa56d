-- Second factors, sessions by device, and what members are told of their sign-in
-- (docs/decisions/0023).

-- How a session's person last proved who they are, and when.
ALTER TABLE session ADD COLUMN proof TEXT NOT NULL DEFAULT 'password';
ALTER TABLE session ADD COLUMN proven_at {int} NOT NULL DEFAULT 0;
-- The browser, in a few words that it says itself.
ALTER TABLE session ADD COLUMN device TEXT NOT NULL DEFAULT '';

-- An authenticator app. Before confirmed_at it was shown and no code of it came back yet.
CREATE TABLE authenticator (
  member_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  seed_sealed {bytes} NOT NULL,
  confirmed_at {int},
  -- The 30 seconds whose code was taken last: no earlier code is good any more.
  last_step {int},
  created_at {int} NOT NULL,
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

-- Public halves; nothing here is secret.
CREATE TABLE passkey (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  credential_id TEXT NOT NULL UNIQUE,
  credential TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at {int} NOT NULL,
  last_used_at {int},
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE INDEX passkey_member ON passkey (organization_id, member_id);

-- SHA-256 of each code; a code is 120 bits of chance.
CREATE TABLE recovery_code (
  code_hash {bytes} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  created_at {int} NOT NULL,
  used_at {int},
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE INDEX recovery_code_member ON recovery_code (organization_id, member_id);

-- What a browser was asked, until it answers. It is used once.
CREATE TABLE challenge (
  -- SHA-256 of the token in the browser's cookie.
  token_hash {bytes} PRIMARY KEY,
  purpose TEXT NOT NULL CHECK (purpose IN ('second_step', 'passkey_sign_in', 'passkey_new', 'confirm')),
  -- Whose, where that is known before the answer.
  organization_id {id},
  member_id {id},
  challenge TEXT NOT NULL,
  expires_at {int} NOT NULL,
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE INDEX challenge_expires ON challenge (expires_at);

-- Browsers that a member signed in with, by the SHA-256 of their cookie.
CREATE TABLE device (
  member_id {id} NOT NULL,
  token_hash {bytes} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  name TEXT NOT NULL,
  first_seen_at {int} NOT NULL,
  last_seen_at {int} NOT NULL,
  PRIMARY KEY (member_id, token_hash),
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE INDEX device_last_seen ON device (last_seen_at);

-- What a member is told of their own sign-in, until they have read it.
CREATE TABLE security_notice (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  kind TEXT NOT NULL,
  device TEXT NOT NULL,
  at {int} NOT NULL,
  seen_at {int},
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE INDEX security_notice_member ON security_notice (organization_id, member_id, at);

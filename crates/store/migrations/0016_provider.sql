-- Signing in with a team's identity provider (docs/decisions/0028).

-- Whose account at a provider signs in as which member.
CREATE TABLE provider_link (
  -- Keyed hash of the provider's issuer and the account's id there.
  subject_index {bytes} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  issuer TEXT NOT NULL,
  created_at {int} NOT NULL,
  last_used_at {int},
  UNIQUE (organization_id, member_id),
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

-- A browser that was sent to the provider, until it comes back. It is used once.
CREATE TABLE provider_attempt (
  -- SHA-256 of the token in the browser's cookie; state, nonce and code verifier follow from the token.
  token_hash {bytes} PRIMARY KEY,
  purpose TEXT NOT NULL CHECK (purpose IN ('sign_in', 'link', 'confirm')),
  -- Whose and in which session, where somebody was signed in.
  organization_id {id},
  member_id {id},
  session_id {id},
  -- Where to go afterwards: a path of our own.
  next TEXT NOT NULL,
  began_at {int} NOT NULL,
  expires_at {int} NOT NULL,
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE INDEX provider_attempt_expires ON provider_attempt (expires_at);

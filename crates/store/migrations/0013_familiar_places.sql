-- Where members come from, so that strangers' guesses keep nobody out (docs/decisions/0021), and the
-- way back in for who lost everything (docs/decisions/0023). What counted failed sign-ins before is
-- counted by limits now.

-- A keyed hash of member and network: which network it is, nobody can tell from it, nor that two
-- members share one.
CREATE TABLE familiar_network (
  network_hash {bytes} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  last_seen_at {int} NOT NULL,
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE INDEX familiar_network_member ON familiar_network (organization_id, member_id);
CREATE INDEX familiar_network_last_seen ON familiar_network (last_seen_at);

-- One-time links for members who lost every way in; whoever runs the server makes them.
CREATE TABLE recovery_link (
  -- SHA-256 of the token in the link.
  token_hash {bytes} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  -- Why it was made, in the words of whoever made it.
  because TEXT NOT NULL,
  created_at {int} NOT NULL,
  expires_at {int} NOT NULL,
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);

CREATE INDEX recovery_link_member ON recovery_link (organization_id, member_id);
CREATE INDEX recovery_link_expires ON recovery_link (expires_at);

DROP TABLE sign_in_failure;

-- How fast an account's work may go while its platform holds it back (domain::pace). A row
-- is there only as long as something is held back.
CREATE TABLE pace (
  organization_id {id} NOT NULL,
  connection_id {id} NOT NULL,
  -- Whose pace: 0 all work of the connection, else the jobs of this priority.
  scope {int} NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('too_many', 'down')),
  blows {int} NOT NULL,
  since {int} NOT NULL,
  changed_at {int} NOT NULL,
  gap_ms {int} NOT NULL,
  next_at {int} NOT NULL,
  PRIMARY KEY (connection_id, scope),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

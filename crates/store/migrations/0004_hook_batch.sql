-- Hooks as they came, until the sorter has made jobs of them: a row for each commit, with all
-- hooks that came together as a JSON list, as rows cost more than what is in them. Append
-- only: no index but the key, because the platform waits for the answer.
CREATE TABLE hook_batch (
  seq {serial},
  hooks TEXT NOT NULL,
  hook_count {int} NOT NULL,
  received_at {int} NOT NULL
);
INSERT INTO hook_batch (hooks, hook_count, received_at)
SELECT '[["' || channel || '","' || account_external_id || '","' || subject_kind || '","' || subject_id || '","'
       || replace(replace(topic, '\', ''), '"', '') || '",' || CAST(received_at AS TEXT) || ']]', 1, received_at
FROM hook_inbox ORDER BY seq;
DROP TABLE hook_inbox;

-- SPDX-License-Identifier: Apache-2.0
-- The queue in order of rank instead of priority, so that nothing starves; first in, first out per ordering key; deadlines.

-- Every ageing step (queue.priorityAgeingMs) that a rank in the queue was ever made with, the one in use last. A task's rank
-- follows from its created_at, its priority and one of these, so a row is found without an index of its own.
CREATE TABLE queue_ageing (
  number  INTEGER PRIMARY KEY,
  step_ms INTEGER NOT NULL UNIQUE
) STRICT;
INSERT INTO queue_ageing (step_ms) VALUES (60000);

-- A dead letter whose destination parks on failure: the later tasks of its key wait until it is redriven or discarded.
CREATE TABLE parked_keys (
  destination_id  BLOB NOT NULL REFERENCES delivery_destinations (id) ON DELETE CASCADE,
  task_id         BLOB NOT NULL,
  delivery_id     BLOB NOT NULL,
  organization_id BLOB NOT NULL,
  ordering_key    TEXT NOT NULL,
  ordering_number INTEGER NOT NULL,  -- deliveries.number of the dead letter
  PRIMARY KEY (destination_id, task_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX parked_keys_by_key ON parked_keys (destination_id, ordering_key, ordering_number);

-- Only what is outstanding; a finished task leaves. rank is created_at less priority times the ageing step and stays the same
-- as long as the task lives: who has waited one step longer overtakes the next higher priority. The primary key is the order
-- of a claim for tasks that are due from their creation (deferred = 0): they need this one tree and no index. A task that
-- waits for a time (scheduled, retrying, redriven) has deferred = 1 and is found by its due time through the partial index; one that
-- waits for an earlier task of its ordering key has deferred = 2 and is never claimed: whoever ends the earlier one moves it.
CREATE TABLE ranked_queue (
  destination_id  BLOB NOT NULL,
  deferred        INTEGER NOT NULL,
  rank            INTEGER NOT NULL,
  delivery_id     BLOB NOT NULL,
  task_id         BLOB NOT NULL,
  organization_id BLOB NOT NULL,
  shard           INTEGER NOT NULL,
  state           INTEGER NOT NULL,  -- 1 pending, 2 retrying
  priority        INTEGER NOT NULL,
  due_at          INTEGER NOT NULL,
  attempts        INTEGER NOT NULL,  -- since acceptance or the last redrive
  total_attempts  INTEGER NOT NULL,
  owner_epoch     INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  deliver_by      INTEGER,
  last_attempt    INTEGER,           -- delivery_attempts.row
  ordering_key    TEXT,
  ordering_number INTEGER,           -- deliveries.number, the order of acceptance; NULL without a key
  ordering_state  INTEGER,           -- 1 may go; 2 held (deferred = 2); 3 waits for its retry and lets later ones pass
  PRIMARY KEY (destination_id, deferred, rank, delivery_id, task_id)
) WITHOUT ROWID;

INSERT INTO ranked_queue
SELECT q.destination_id, q.deferred, q.created_at - q.priority * 60000, q.delivery_id, q.task_id, q.organization_id, q.shard,
       q.state, q.priority, q.due_at, q.attempts, q.total_attempts, q.owner_epoch, q.created_at, q.deliver_by, q.last_attempt,
       NULL, NULL, NULL
FROM delivery_queue q WHERE q.ordering_key IS NULL;

-- The first of each key may go, the others are held.
INSERT INTO ranked_queue
SELECT k.destination_id, iif(k.place = 1, k.deferred, 2), k.created_at - k.priority * 60000, k.delivery_id, k.task_id,
       k.organization_id, k.shard, k.state, k.priority, k.due_at, k.attempts, k.total_attempts, k.owner_epoch, k.created_at,
       k.deliver_by, k.last_attempt, k.ordering_key, k.number, iif(k.place = 1, 1, 2)
FROM (SELECT q.*, d.number,
             row_number() OVER (PARTITION BY q.destination_id, q.ordering_key ORDER BY d.number, q.task_id) AS place
      FROM delivery_queue q JOIN deliveries d ON d.organization_id = q.organization_id AND d.id = q.delivery_id
      WHERE q.ordering_key IS NOT NULL) k;

DROP TABLE delivery_queue;
ALTER TABLE ranked_queue RENAME TO delivery_queue;
CREATE INDEX delivery_queue_deferred ON delivery_queue (destination_id, priority DESC, state, due_at, delivery_id)
  WHERE deferred = 1;
CREATE INDEX delivery_queue_ordered ON delivery_queue (destination_id, ordering_key, ordering_state, ordering_number)
  WHERE ordering_key IS NOT NULL;
CREATE INDEX delivery_queue_deadline ON delivery_queue (deliver_by) WHERE deliver_by IS NOT NULL;

-- SPDX-License-Identifier: Apache-2.0
-- Ids are the sixteen bytes of a UUIDv7, times are milliseconds since 1970 UTC, enumerations the numbers of core/model.
-- Empty texts are NULL where a column may be NULL.

CREATE TABLE organizations (
  id         BLOB NOT NULL PRIMARY KEY,
  name       TEXT NOT NULL,
  policy     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
  id                BLOB NOT NULL PRIMARY KEY,
  organization_id   BLOB NOT NULL REFERENCES organizations (id),
  name              TEXT NOT NULL,
  roles             INTEGER NOT NULL,
  secret_hash       BLOB NOT NULL,
  only_destinations BLOB,     -- destination ids one after the other
  allowed_ip_ranges TEXT NOT NULL,
  allowed_from      INTEGER,  -- minutes of the day, UTC
  allowed_to        INTEGER,
  expires_at        INTEGER,
  last_used_at      INTEGER,
  revoked_at        INTEGER,
  created_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);

CREATE TABLE delivery_destinations (
  id              BLOB NOT NULL PRIMARY KEY,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  type            TEXT NOT NULL,
  label           TEXT NOT NULL,
  config          TEXT NOT NULL,  -- secret members sealed
  policy          TEXT NOT NULL,
  tags            TEXT NOT NULL,
  metadata        TEXT NOT NULL,
  state           INTEGER NOT NULL,
  disabled_reason TEXT,
  disabled_at     INTEGER,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  version         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_destinations_by_organization ON delivery_destinations (organization_id, id);

-- Made together with its destination, so that the hot path only ever updates.
CREATE TABLE destination_health (
  destination_id          BLOB NOT NULL PRIMARY KEY REFERENCES delivery_destinations (id) ON DELETE CASCADE,
  consecutive_failures    INTEGER NOT NULL DEFAULT 0,
  total_failures          INTEGER NOT NULL DEFAULT 0,
  total_deliveries        INTEGER NOT NULL DEFAULT 0,
  last_failure_at         INTEGER,
  last_success_at         INTEGER,
  breaker                 INTEGER NOT NULL DEFAULT 1,
  breaker_opened_at       INTEGER,
  breaker_next_attempt_at INTEGER,
  breaker_openings        INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_secrets (
  id                BLOB NOT NULL PRIMARY KEY,
  destination_id    BLOB NOT NULL REFERENCES delivery_destinations (id) ON DELETE CASCADE,
  algorithm         TEXT NOT NULL,
  secret            TEXT NOT NULL,  -- sealed
  customer_supplied INTEGER NOT NULL,
  expires_at        INTEGER,
  created_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_secrets_by_destination ON webhook_secrets (destination_id, created_at);

CREATE TABLE handler_state (
  destination_id BLOB NOT NULL REFERENCES delivery_destinations (id) ON DELETE CASCADE,
  key            TEXT NOT NULL,
  value          BLOB NOT NULL,
  PRIMARY KEY (destination_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
  organization_id BLOB NOT NULL,
  route           TEXT NOT NULL,
  key             TEXT NOT NULL,
  body_hash       BLOB NOT NULL,
  delivery_id     BLOB NOT NULL,
  expires_at      INTEGER NOT NULL,
  PRIMARY KEY (organization_id, route, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- One row per accepted request, written once. The row number grows, so rows are appended and content stays out of the way of
-- every index. What becomes of a delivery is read from delivery_queue and delivery_logs, never stored here.
CREATE TABLE deliveries (
  number          INTEGER PRIMARY KEY,
  id              BLOB NOT NULL,
  organization_id BLOB NOT NULL,
  created_by      BLOB NOT NULL,     -- the API key
  created_at      INTEGER NOT NULL,
  priority        INTEGER NOT NULL,
  payload_type    TEXT,
  content_type    TEXT,
  filename        TEXT,
  metadata        TEXT NOT NULL,
  correlation_id  TEXT,
  tags            TEXT,              -- JSON array
  traceparent     TEXT,
  idempotency_key TEXT,
  scheduled_at    INTEGER,
  deliver_within  INTEGER,
  ordering_key    TEXT,
  tasks           BLOB NOT NULL,     -- (task id, destination id) one pair after the other
  size            INTEGER NOT NULL,
  sha256          BLOB NOT NULL,
  content         BLOB NOT NULL      -- last, so that reading the rest never follows its overflow pages
);
CREATE UNIQUE INDEX deliveries_by_id ON deliveries (organization_id, id);
CREATE INDEX deliveries_by_correlation ON deliveries (organization_id, correlation_id, id) WHERE correlation_id IS NOT NULL;

CREATE TABLE delivery_tags (
  organization_id BLOB NOT NULL,
  tag             TEXT NOT NULL,
  delivery_id     BLOB NOT NULL,
  PRIMARY KEY (organization_id, tag, delivery_id)
) WITHOUT ROWID;

-- Only what is outstanding; a finished task leaves. The primary key is the order of a claim: a task that is due from its
-- creation (deferred = 0) needs this one tree and no index; one that waits for a time (scheduled, retrying, redriven) has
-- deferred = 1 and is found by its due time through the partial index.
CREATE TABLE delivery_queue (
  destination_id  BLOB NOT NULL,
  deferred        INTEGER NOT NULL,
  priority        INTEGER NOT NULL,
  delivery_id     BLOB NOT NULL,
  task_id         BLOB NOT NULL,
  organization_id BLOB NOT NULL,
  shard           INTEGER NOT NULL,
  state           INTEGER NOT NULL,  -- 1 pending, 2 retrying
  due_at          INTEGER NOT NULL,
  attempts        INTEGER NOT NULL,  -- since acceptance or the last redrive
  total_attempts  INTEGER NOT NULL,
  owner_epoch     INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  deliver_by      INTEGER,
  last_attempt    INTEGER,           -- delivery_attempts.row
  ordering_key    TEXT,
  PRIMARY KEY (destination_id, deferred, priority DESC, delivery_id, task_id)
) WITHOUT ROWID;
CREATE INDEX delivery_queue_deferred ON delivery_queue (destination_id, priority DESC, due_at, delivery_id) WHERE deferred = 1;

-- One row per finished task: 4 delivered, 5 failed (a dead letter until discarded), 6 cancelled.
CREATE TABLE delivery_logs (
  destination_id  BLOB NOT NULL,
  delivery_id     BLOB NOT NULL,
  task_id         BLOB NOT NULL,
  organization_id BLOB NOT NULL,
  status          INTEGER NOT NULL,
  attempts        INTEGER NOT NULL,
  total_attempts  INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  finished_at     INTEGER NOT NULL,
  discarded_at    INTEGER,
  category        INTEGER NOT NULL,
  last_attempt    INTEGER,
  payload_size    INTEGER NOT NULL,
  payload_sha256  BLOB NOT NULL,
  idempotency_key TEXT,
  correlation_id  TEXT,
  PRIMARY KEY (destination_id, delivery_id, task_id)
) WITHOUT ROWID;
CREATE INDEX delivery_logs_dead ON delivery_logs (organization_id, task_id) WHERE status = 5 AND discarded_at IS NULL;
CREATE INDEX delivery_logs_unhappy ON delivery_logs (organization_id, status, delivery_id) WHERE status <> 4;

-- One row per attempt, appended. A task's attempts are a chain: the queue or log row names the last, each row the one before.
CREATE TABLE delivery_attempts (
  row                 INTEGER PRIMARY KEY,
  id                  BLOB NOT NULL,
  task_id             BLOB NOT NULL,
  number              INTEGER NOT NULL,
  previous            INTEGER,
  started_at          INTEGER NOT NULL,
  duration_ms         INTEGER NOT NULL,
  action              INTEGER NOT NULL,
  category            INTEGER NOT NULL,
  code                INTEGER NOT NULL,
  retry_after_ms      INTEGER,
  bytes_sent          INTEGER NOT NULL,
  disable_destination INTEGER NOT NULL,
  external_reference  TEXT,
  detail              TEXT,
  message             TEXT,
  request             TEXT,
  response            TEXT
);

-- The durable half of the reconciliation (records.hpp): one row, moved in the same transaction as the tasks.
CREATE TABLE counters (
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  accepted  INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  failed    INTEGER NOT NULL,
  cancelled INTEGER NOT NULL
) STRICT;
INSERT INTO counters VALUES (1, 0, 0, 0, 0);

-- id_clock_skew_ms: how far the time inside a delivery's id was ever from its created_at. Within it a range of times can be
-- looked up as a range of ids.
CREATE TABLE store_facts (
  name  TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO store_facts VALUES ('id_clock_skew_ms', 60000);

-- A text sealed at the first start: a node with another master key is refused by it.
CREATE TABLE key_check (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  sealed TEXT NOT NULL
) STRICT;

CREATE TABLE shards (
  shard    INTEGER PRIMARY KEY,
  epoch    INTEGER NOT NULL,
  owner    TEXT,
  taken_at INTEGER
) STRICT;
WITH RECURSIVE every (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM every WHERE n < 1023)
INSERT INTO shards (shard, epoch) SELECT n, 0 FROM every;

-- SPDX-License-Identifier: Apache-2.0
-- Long work on dead letters, and answers that a repeated request gets again.

CREATE TABLE jobs (
  id              BLOB NOT NULL PRIMARY KEY,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  created_by      BLOB NOT NULL,     -- the API key
  work            INTEGER NOT NULL,  -- 1 redrive, 2 discard
  filter          TEXT NOT NULL,
  state           INTEGER NOT NULL,  -- 1 queued, 2 running, 3 paused; finished: 4 completed, 5 cancelled, 6 failed
  rate_per_second INTEGER NOT NULL,
  total           INTEGER NOT NULL,
  done            INTEGER NOT NULL,
  skipped         INTEGER NOT NULL,
  cursor          BLOB,              -- the last task looked at
  owner_epoch     INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  finished_at     INTEGER,
  last_error      TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_organization ON jobs (organization_id, id);
CREATE INDEX jobs_unfinished ON jobs (organization_id, state) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- Written in the transaction of the effect itself, so either both are there or neither. Deliveries have idempotency_keys.
CREATE TABLE idempotent_answers (
  organization_id BLOB NOT NULL,
  route           TEXT NOT NULL,  -- method and path
  key             TEXT NOT NULL,
  fingerprint     BLOB NOT NULL,  -- of the request
  answer          TEXT NOT NULL,  -- sealed: it may hold a secret that was shown once
  expires_at      INTEGER NOT NULL,
  PRIMARY KEY (organization_id, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotent_answers_by_expiry ON idempotent_answers (expires_at);

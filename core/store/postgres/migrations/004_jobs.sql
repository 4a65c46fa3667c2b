-- SPDX-License-Identifier: Apache-2.0
-- Long work on dead letters, and answers that a repeated request gets again.

CREATE TABLE jobs (
  rate_per_second bigint NOT NULL,
  total           bigint NOT NULL,
  done            bigint NOT NULL,
  skipped         bigint NOT NULL,
  owner_epoch     bigint NOT NULL,
  created_at      bigint NOT NULL,
  updated_at      bigint NOT NULL,
  finished_at     bigint,
  work            smallint NOT NULL,  -- 1 redrive, 2 discard
  state           smallint NOT NULL,  -- 1 queued, 2 running, 3 paused; finished: 4 completed, 5 cancelled, 6 failed
  id              uuid NOT NULL PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  created_by      uuid NOT NULL,      -- the API key
  cursor          uuid,               -- the last task looked at
  filter          text NOT NULL,
  last_error      text
);
CREATE INDEX jobs_by_organization ON jobs (organization_id, id);
CREATE INDEX jobs_unfinished ON jobs (organization_id, state) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- Written in the transaction of the effect itself, so either both are there or neither. Deliveries have idempotency_keys.
CREATE TABLE idempotent_answers (
  expires_at      bigint NOT NULL,
  organization_id uuid NOT NULL,
  route           text COLLATE "C" NOT NULL,  -- method and path
  key             text COLLATE "C" NOT NULL,
  fingerprint     bytea NOT NULL,             -- of the request
  answer          text NOT NULL,              -- sealed: it may hold a secret that was shown once
  PRIMARY KEY (organization_id, route, key)
);
CREATE INDEX idempotent_answers_by_expiry ON idempotent_answers (expires_at);

-- SPDX-License-Identifier: Apache-2.0
-- The audit trail, legal holds, erasures, and how far retention has come.

-- One row per chain: sixteen zero bytes are the engine's own, every other id is an organization's. Rows up to the anchor went
-- with retention; the next one names the anchor's hash. No foreign key: a trail outlives its organization.
CREATE TABLE audit_chains (
  organization_id BLOB NOT NULL PRIMARY KEY,
  anchor_number   INTEGER NOT NULL,
  anchor_hash     BLOB NOT NULL,
  last_number     INTEGER NOT NULL,
  last_hash       BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log (
  organization_id BLOB NOT NULL,
  number          INTEGER NOT NULL,
  id              BLOB NOT NULL,
  at              INTEGER NOT NULL,
  actor           BLOB,              -- the API key; NULL: the engine itself
  action          TEXT NOT NULL,
  subject         TEXT NOT NULL,
  details         TEXT NOT NULL,     -- JSON, hashed byte for byte
  previous_hash   BLOB NOT NULL,
  hash            BLOB NOT NULL,
  PRIMARY KEY (organization_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_log_by_action ON audit_log (organization_id, action, number);
CREATE INDEX audit_log_by_subject ON audit_log (organization_id, subject, number);
CREATE INDEX audit_log_by_actor ON audit_log (organization_id, actor, number) WHERE actor IS NOT NULL;

-- Append-only, whoever writes: a row never changes, and goes only behind its chain's anchor, which only moves on.
CREATE TRIGGER audit_log_is_never_changed BEFORE UPDATE ON audit_log BEGIN
  SELECT RAISE(ABORT, 'audit_log is append-only');
END;
CREATE TRIGGER audit_log_is_never_removed BEFORE DELETE ON audit_log
WHEN NOT EXISTS (SELECT 1 FROM audit_chains c WHERE c.organization_id = OLD.organization_id AND c.anchor_number >= OLD.number)
BEGIN
  SELECT RAISE(ABORT, 'audit_log is append-only');
END;
CREATE TRIGGER audit_chains_only_grow BEFORE UPDATE ON audit_chains
WHEN NEW.organization_id <> OLD.organization_id OR NEW.anchor_number < OLD.anchor_number OR NEW.last_number < OLD.last_number
BEGIN
  SELECT RAISE(ABORT, 'audit_chains only grow');
END;
CREATE TRIGGER audit_chains_are_never_removed BEFORE DELETE ON audit_chains BEGIN
  SELECT RAISE(ABORT, 'audit_chains only grow');
END;

CREATE TABLE legal_holds (
  organization_id BLOB NOT NULL,
  id              BLOB NOT NULL,
  scope           INTEGER NOT NULL,  -- data_scope
  value           TEXT NOT NULL,
  reason          TEXT NOT NULL,
  placed_by       BLOB NOT NULL,
  placed_at       INTEGER NOT NULL,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;

-- state: 1 running, 2 compacting, 3 completed. selector: empty once completed.
CREATE TABLE erasures (
  id              BLOB NOT NULL PRIMARY KEY,
  organization_id BLOB NOT NULL,
  scope           INTEGER NOT NULL,  -- data_scope
  selector        TEXT NOT NULL,
  reason          TEXT NOT NULL,
  requested_by    BLOB NOT NULL,
  requested_at    INTEGER NOT NULL,
  state           INTEGER NOT NULL,
  position        BLOB NOT NULL,     -- the last delivery that is done
  erased          TEXT NOT NULL,     -- JSON: table -> rows
  cancelled       INTEGER NOT NULL,
  held            INTEGER NOT NULL,
  finished_at     INTEGER,
  certificate     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX erasures_by_organization ON erasures (organization_id, id);
CREATE INDEX erasures_unfinished ON erasures (id) WHERE state < 3;

-- How far each stage of retention has come in an organization's deliveries, which it walks in the order of their ids; and
-- those it passed but had to leave (still waiting, held, finished with too recently): they are looked at again.
CREATE TABLE retention_progress (
  organization_id BLOB NOT NULL,
  stage           INTEGER NOT NULL,
  reached         BLOB NOT NULL,
  PRIMARY KEY (organization_id, stage)
) STRICT, WITHOUT ROWID;
CREATE TABLE retention_kept (
  organization_id BLOB NOT NULL,
  stage           INTEGER NOT NULL,
  delivery_id     BLOB NOT NULL,
  PRIMARY KEY (organization_id, stage, delivery_id)
) STRICT, WITHOUT ROWID;

-- SPDX-License-Identifier: Apache-2.0
-- The audit trail, legal holds, erasures, and how far retention has come.

-- One row per chain: the nil uuid is the engine's own, every other id is an organization's. Rows up to the anchor went with
-- retention; the next one names the anchor's hash. No foreign key: a trail outlives its organization.
CREATE TABLE audit_chains (
  anchor_number   bigint NOT NULL,
  last_number     bigint NOT NULL,
  organization_id uuid NOT NULL PRIMARY KEY,
  anchor_hash     bytea NOT NULL,
  last_hash       bytea NOT NULL
);

CREATE TABLE audit_log (
  number          bigint NOT NULL,
  at              bigint NOT NULL,
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  actor           uuid,                       -- the API key; NULL: the engine itself
  action          text COLLATE "C" NOT NULL,
  subject         text COLLATE "C" NOT NULL,
  details         text NOT NULL,              -- JSON, hashed byte for byte
  previous_hash   bytea NOT NULL,
  hash            bytea NOT NULL,
  PRIMARY KEY (organization_id, number)
);
CREATE INDEX audit_log_by_action ON audit_log (organization_id, action, number);
CREATE INDEX audit_log_by_subject ON audit_log (organization_id, subject, number);
CREATE INDEX audit_log_by_actor ON audit_log (organization_id, actor, number) WHERE actor IS NOT NULL;

-- Append-only, whoever writes: a row never changes, and goes only behind its chain's anchor, which only moves on.
CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF EXISTS (SELECT 1 FROM audit_chains c
               WHERE c.organization_id = OLD.organization_id AND c.anchor_number >= OLD.number) THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit_log is append-only';
END $body$;
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_log_is_never_emptied BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

CREATE FUNCTION audit_chains_only_grow() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.organization_id = OLD.organization_id AND NEW.anchor_number >= OLD.anchor_number
       AND NEW.last_number >= OLD.last_number THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit_chains only grow';
END $body$;
CREATE TRIGGER audit_chains_only_grow BEFORE UPDATE OR DELETE ON audit_chains
  FOR EACH ROW EXECUTE FUNCTION audit_chains_only_grow();
CREATE TRIGGER audit_chains_are_never_emptied BEFORE TRUNCATE ON audit_chains
  FOR EACH STATEMENT EXECUTE FUNCTION audit_chains_only_grow();

CREATE TABLE legal_holds (
  placed_at       bigint NOT NULL,
  organization_id uuid NOT NULL,
  id              uuid NOT NULL,
  placed_by       uuid NOT NULL,
  scope           smallint NOT NULL,  -- data_scope
  value           text NOT NULL,
  reason          text NOT NULL,
  PRIMARY KEY (organization_id, id)
);

-- state: 1 running, 2 compacting, 3 completed. selector: empty once completed.
CREATE TABLE erasures (
  requested_at    bigint NOT NULL,
  cancelled       bigint NOT NULL,
  held            bigint NOT NULL,
  finished_at     bigint,
  id              uuid NOT NULL PRIMARY KEY,
  organization_id uuid NOT NULL,
  requested_by    uuid NOT NULL,
  position        uuid NOT NULL,      -- the last delivery that is done
  scope           smallint NOT NULL,  -- data_scope
  state           smallint NOT NULL,
  selector        text NOT NULL,
  reason          text NOT NULL,
  erased          text NOT NULL,      -- JSON: table -> rows
  certificate     text NOT NULL
);
CREATE INDEX erasures_by_organization ON erasures (organization_id, id);
CREATE INDEX erasures_unfinished ON erasures (id) WHERE state < 3;

-- How far each stage of retention has come in an organization's deliveries, which it walks in the order of their ids; and
-- those it passed but had to leave (still waiting, held, finished with too recently): they are looked at again.
CREATE TABLE retention_progress (
  organization_id uuid NOT NULL,
  reached         uuid NOT NULL,
  stage           smallint NOT NULL,
  PRIMARY KEY (organization_id, stage)
);
CREATE TABLE retention_kept (
  organization_id uuid NOT NULL,
  delivery_id     uuid NOT NULL,
  stage           smallint NOT NULL,
  PRIMARY KEY (organization_id, stage, delivery_id)
);

-- SPDX-License-Identifier: Apache-2.0
-- Content of any size, apart from the deliveries that name it. state: 1 arriving, 2 stored, 3 given up (its chunks are being
-- removed). expires_at: when it is given up unless a delivery names it; NULL while one does.
CREATE TABLE payloads (
  size            bigint NOT NULL,
  created_at      bigint NOT NULL,
  expires_at      bigint,
  id              uuid NOT NULL PRIMARY KEY,
  organization_id uuid NOT NULL REFERENCES organizations (id),
  refs            integer NOT NULL,
  state           smallint NOT NULL,
  content_type    text COLLATE "C" NOT NULL,
  sha256          bytea
);
CREATE UNIQUE INDEX payloads_by_content ON payloads (organization_id, sha256, size, content_type) WHERE state = 2;
CREATE INDEX payloads_by_expiry ON payloads (expires_at) WHERE expires_at IS NOT NULL AND state < 3;
CREATE INDEX payloads_given_up ON payloads (id) WHERE state = 3;

-- The bytes are compressed already where that pays, so the server need not try.
CREATE TABLE payload_chunks (
  payload_id uuid NOT NULL,
  number     integer NOT NULL,
  size       integer NOT NULL,  -- uncompressed
  codec      smallint NOT NULL,  -- 1 plain, 2 zstd
  bytes      bytea NOT NULL,
  PRIMARY KEY (payload_id, number)
);
ALTER TABLE payload_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

ALTER TABLE deliveries ADD COLUMN payload_id uuid;

-- Whoever removes a delivery or its content lets go of the payload, in the same transaction; 0 is long past.
CREATE FUNCTION let_go_of_payload() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE payloads SET refs = refs - 1, expires_at = CASE WHEN refs = 1 THEN 0 ELSE expires_at END WHERE id = OLD.payload_id;
  RETURN NULL;
END $$;
CREATE TRIGGER deliveries_removed AFTER DELETE ON deliveries FOR EACH ROW WHEN (OLD.payload_id IS NOT NULL)
  EXECUTE FUNCTION let_go_of_payload();
CREATE TRIGGER deliveries_emptied AFTER UPDATE OF payload_id ON deliveries FOR EACH ROW
  WHEN (OLD.payload_id IS NOT NULL AND NEW.payload_id IS NULL) EXECUTE FUNCTION let_go_of_payload();

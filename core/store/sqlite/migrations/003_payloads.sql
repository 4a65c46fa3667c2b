-- SPDX-License-Identifier: Apache-2.0
-- Content of any size, apart from the deliveries that name it. state: 1 arriving, 2 stored, 3 given up (its chunks are being
-- removed). expires_at: when it is given up unless a delivery names it; NULL while one does.
CREATE TABLE payloads (
  id              BLOB NOT NULL PRIMARY KEY,
  organization_id BLOB NOT NULL REFERENCES organizations (id),
  state           INTEGER NOT NULL,
  content_type    TEXT NOT NULL,
  size            INTEGER NOT NULL,
  sha256          BLOB,
  refs            INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  expires_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX payloads_by_content ON payloads (organization_id, sha256, size, content_type) WHERE state = 2;
CREATE INDEX payloads_by_expiry ON payloads (expires_at) WHERE expires_at IS NOT NULL AND state < 3;
CREATE INDEX payloads_given_up ON payloads (id) WHERE state = 3;

-- Appended in row order, so that a payload is read as it was written.
CREATE TABLE payload_chunks (
  row        INTEGER PRIMARY KEY,
  payload_id BLOB NOT NULL,
  number     INTEGER NOT NULL,
  codec      INTEGER NOT NULL,  -- 1 plain, 2 zstd
  size       INTEGER NOT NULL,  -- uncompressed
  bytes      BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX payload_chunks_by_payload ON payload_chunks (payload_id, number);

-- After content, but NULL takes no room: reading it never follows content's overflow pages.
ALTER TABLE deliveries ADD COLUMN payload_id BLOB;

-- Whoever removes a delivery or its content lets go of the payload, in the same transaction; 0 is long past.
CREATE TRIGGER deliveries_removed AFTER DELETE ON deliveries WHEN OLD.payload_id IS NOT NULL BEGIN
  UPDATE payloads SET refs = refs - 1, expires_at = CASE WHEN refs = 1 THEN 0 ELSE expires_at END WHERE id = OLD.payload_id;
END;
CREATE TRIGGER deliveries_emptied AFTER UPDATE OF payload_id ON deliveries
WHEN OLD.payload_id IS NOT NULL AND NEW.payload_id IS NULL BEGIN
  UPDATE payloads SET refs = refs - 1, expires_at = CASE WHEN refs = 1 THEN 0 ELSE expires_at END WHERE id = OLD.payload_id;
END;

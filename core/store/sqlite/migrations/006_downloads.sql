-- SPDX-License-Identifier: Apache-2.0
-- Download links and who fetched them. Of a token only the SHA-256 is kept. A link goes with its delivery at the latest.
CREATE TABLE download_links (
  organization_id   BLOB NOT NULL,
  id                BLOB NOT NULL,
  delivery_id       BLOB NOT NULL,
  destination_id    BLOB NOT NULL,
  token_hash        BLOB NOT NULL,
  options_hash      BLOB NOT NULL,
  base_url          TEXT NOT NULL,
  password_kind     INTEGER NOT NULL,  -- link_password
  password_hash     TEXT NOT NULL,     -- scrypt; empty: none was set
  password_used     INTEGER NOT NULL,
  password_failures INTEGER NOT NULL,
  locked_until      INTEGER,
  allowed_ranges    TEXT NOT NULL,     -- JSON
  max_access        INTEGER NOT NULL,  -- 0: no limit
  accesses          INTEGER NOT NULL,
  refusals          INTEGER NOT NULL,
  log_lines         INTEGER NOT NULL,  -- ever written
  created_at        INTEGER NOT NULL,
  expires_at        INTEGER NOT NULL,
  revoked_at        INTEGER,
  revoked_by        BLOB,
  purge_at          INTEGER NOT NULL,
  PRIMARY KEY (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX download_links_by_token ON download_links (token_hash);
CREATE UNIQUE INDEX download_links_by_id ON download_links (id);
CREATE INDEX download_links_by_delivery ON download_links (organization_id, delivery_id, id);
CREATE INDEX download_links_by_purge ON download_links (purge_at);

CREATE TABLE download_accesses (
  organization_id BLOB NOT NULL,
  link_id         BLOB NOT NULL,
  number          INTEGER NOT NULL,
  at              INTEGER NOT NULL,
  last_at         INTEGER NOT NULL,
  address         TEXT NOT NULL,
  agent           TEXT NOT NULL,
  outcome         INTEGER NOT NULL,  -- access_outcome
  requests        INTEGER NOT NULL,
  granted         INTEGER NOT NULL,
  sent            INTEGER NOT NULL,
  PRIMARY KEY (organization_id, link_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX download_accesses_by_client ON download_accesses (organization_id, link_id, address, number) WHERE outcome = 1;

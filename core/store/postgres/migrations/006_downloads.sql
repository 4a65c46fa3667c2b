-- SPDX-License-Identifier: Apache-2.0
-- Download links and who fetched them. Of a token only the SHA-256 is kept. A link goes with its delivery at the latest.
CREATE TABLE download_links (
  max_access        bigint NOT NULL,    -- 0: no limit
  accesses          bigint NOT NULL,
  refusals          bigint NOT NULL,
  log_lines         bigint NOT NULL,    -- ever written
  created_at        bigint NOT NULL,
  expires_at        bigint NOT NULL,
  revoked_at        bigint,
  purge_at          bigint NOT NULL,
  locked_until      bigint,
  organization_id   uuid NOT NULL,
  id                uuid NOT NULL,
  delivery_id       uuid NOT NULL,
  destination_id    uuid NOT NULL,
  revoked_by        uuid,
  password_failures integer NOT NULL,
  password_kind     smallint NOT NULL,  -- link_password
  password_used     smallint NOT NULL,
  token_hash        bytea NOT NULL,
  options_hash      bytea NOT NULL,
  base_url          text NOT NULL,
  password_hash     text NOT NULL,      -- scrypt; empty: none was set
  allowed_ranges    text NOT NULL,      -- JSON
  PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX download_links_by_token ON download_links (token_hash);
CREATE UNIQUE INDEX download_links_by_id ON download_links (id);
CREATE INDEX download_links_by_delivery ON download_links (organization_id, delivery_id, id);
CREATE INDEX download_links_by_purge ON download_links (purge_at);

CREATE TABLE download_accesses (
  number          bigint NOT NULL,
  at              bigint NOT NULL,
  last_at         bigint NOT NULL,
  granted         bigint NOT NULL,
  sent            bigint NOT NULL,
  organization_id uuid NOT NULL,
  link_id         uuid NOT NULL,
  requests        integer NOT NULL,
  outcome         smallint NOT NULL,    -- access_outcome
  address         text COLLATE "C" NOT NULL,
  agent           text COLLATE "C" NOT NULL,
  PRIMARY KEY (organization_id, link_id, number)
);
CREATE INDEX download_accesses_by_client ON download_accesses (organization_id, link_id, address, number) WHERE outcome = 1;

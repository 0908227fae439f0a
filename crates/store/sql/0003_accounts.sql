-- Why: accounts to production grade. Second factors, sessions that say where they come from, keys for programs and phones.
-- Sessions are made anew: everybody signs in once more.
DROP TABLE session;
CREATE TABLE session (
  digest {bytes} NOT NULL PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  csrf TEXT NOT NULL,
  address TEXT NOT NULL,
  browser TEXT NOT NULL,
  idle_ms BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  seen_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account);

-- The password was right, the code is still to come: opens nothing.
CREATE TABLE half_sign_in (
  digest {bytes} NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX half_sign_in_account ON half_sign_in (account);

-- The secret is sealed with the key file accounts.key; confirmed_ms is 0 until a first code was right; step is the last
-- time step that was accepted, so that a code works once.
CREATE TABLE second_factor (
  account TEXT NOT NULL PRIMARY KEY,
  sealed {bytes} NOT NULL,
  begun_ms BIGINT NOT NULL,
  confirmed_ms BIGINT NOT NULL,
  step BIGINT NOT NULL
);
CREATE TABLE recovery_code (
  account TEXT NOT NULL,
  digest {bytes} NOT NULL,
  PRIMARY KEY (account, digest)
);

CREATE INDEX one_time_link_account ON one_time_link (account);

-- Keys for programs (of an account) and for phones (of nobody's account); place and capabilities narrow what they may do.
CREATE TABLE access_key (
  digest {bytes} NOT NULL PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  label TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  place BIGINT,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL,
  used_ms BIGINT NOT NULL,
  ended_ms BIGINT NOT NULL
);
CREATE INDEX access_key_account ON access_key (account);
CREATE INDEX access_key_place ON access_key (kind, place);

-- Where an account was made, for those that hold no post: whose business it is. Null: the whole installation's.
ALTER TABLE account ADD COLUMN place BIGINT;

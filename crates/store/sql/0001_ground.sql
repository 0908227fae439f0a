-- Why: the ground floor. The log, the answers to commands, chain heads, the register of view tables, files, people who sign in.
-- {bytes} and {rowid} are the only words that differ between the two databases.
-- (county, chain, seq) is the key from day one, so that distributed PostgreSQL engines can shard by county. It also makes a
-- fork impossible to store: two facts after the same one would have the same number (docs/decisions/0005).
CREATE TABLE fact (
  county BIGINT NOT NULL,
  chain TEXT NOT NULL,
  seq BIGINT NOT NULL,
  command {bytes} NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  place BIGINT NOT NULL,
  actor TEXT NOT NULL,
  effective_ms BIGINT NOT NULL,
  recorded_ms BIGINT NOT NULL,
  body TEXT NOT NULL,
  prev {bytes} NOT NULL,
  hash {bytes} NOT NULL,
  PRIMARY KEY (county, chain, seq)
) {rowid};
CREATE INDEX fact_subject ON fact (subject, county, chain, seq);

CREATE TABLE chain_head (
  county BIGINT NOT NULL,
  chain TEXT NOT NULL,
  suite TEXT NOT NULL,
  size BIGINT NOT NULL,
  hash {bytes} NOT NULL,
  PRIMARY KEY (county, chain)
);

CREATE TABLE command (
  id {bytes} NOT NULL PRIMARY KEY,
  digest {bytes} NOT NULL,
  answer TEXT NOT NULL,
  recorded_ms BIGINT NOT NULL
) {rowid};

CREATE TABLE checkpoint (
  county BIGINT NOT NULL,
  chain TEXT NOT NULL,
  size BIGINT NOT NULL,
  made_ms BIGINT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (county, chain, size)
);

CREATE TABLE view_table (
  view TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  built_ms BIGINT NOT NULL
);

CREATE TABLE setting (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE file (
  hash TEXT NOT NULL PRIMARY KEY,
  type TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  taken_ms BIGINT,
  lon_e7 BIGINT,
  lat_e7 BIGINT,
  stored_ms BIGINT NOT NULL
);

CREATE TABLE account (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  display TEXT NOT NULL,
  password TEXT,
  failures BIGINT NOT NULL,
  locked_until_ms BIGINT NOT NULL,
  disabled BIGINT NOT NULL,
  created_ms BIGINT NOT NULL
);

CREATE TABLE post_held (
  account TEXT NOT NULL,
  place BIGINT NOT NULL,
  role TEXT NOT NULL,
  from_day TEXT NOT NULL,
  until_day TEXT NOT NULL,
  PRIMARY KEY (account, place, role, from_day)
);

CREATE TABLE session (
  digest {bytes} NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  csrf TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  seen_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account);

CREATE TABLE one_time_link (
  digest {bytes} NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL,
  account TEXT,
  expires_ms BIGINT NOT NULL
);

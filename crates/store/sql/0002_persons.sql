-- Why: persons, posts and accounts are three things. A person may hold posts without signing in, and an account is only how
-- somebody signs in. Who holds which post is a fact from now on; post_held keeps what has not been recorded as one yet.
CREATE TABLE person (
  id TEXT NOT NULL PRIMARY KEY,
  display TEXT NOT NULL,
  created_ms BIGINT NOT NULL
);
INSERT INTO person (id, display, created_ms) SELECT id, display, created_ms FROM account;
ALTER TABLE account ADD COLUMN person TEXT NOT NULL DEFAULT '';
UPDATE account SET person = id;
ALTER TABLE account DROP COLUMN display;
CREATE INDEX account_person ON account (person);

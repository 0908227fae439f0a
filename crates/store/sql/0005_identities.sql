-- Why: people sign in with the identity that their organisation's provider knows (OpenID Connect). Issuer and subject together
-- name somebody for ever; a name or a mailbox may be given to another one day. Linked by hand, never by likeness.
CREATE TABLE identity (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  account TEXT NOT NULL,
  linked_ms BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject),
  UNIQUE (account, issuer)
);

-- Why: particulars of private persons stand beside the log, sealed, and can be erased while every chain still verifies.
-- The database holds no key: it lies in a file of its own (docs/security/particulars.md).
CREATE TABLE particulars (
  person TEXT NOT NULL PRIMARY KEY,
  place BIGINT NOT NULL,
  purpose TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed {bytes} NOT NULL,
  made_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL
);
CREATE INDEX particulars_key ON particulars (key_id, person);

-- The plan and its risks as they are, everything that led there, and which patches count for which batch.

CREATE TABLE plan (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL,
  plan    TEXT    NOT NULL
) STRICT;

-- One field each; several belong to one version. Values are JSON; NULL: it was, or is, not there.
CREATE TABLE plan_edits (
  id      INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  actor   TEXT    NOT NULL,
  batch   TEXT,                            -- NULL: a metric, or the order of the batches
  field   TEXT    NOT NULL,
  before  TEXT,
  after   TEXT
) STRICT;
CREATE INDEX plan_edits_of_batch ON plan_edits (batch, id) WHERE batch IS NOT NULL;
CREATE INDEX plan_edits_by_time ON plan_edits (at);

-- Patches that name a batch, whether the plan has it or not.
CREATE TABLE planned (
  seq   INTEGER PRIMARY KEY REFERENCES patches (seq),
  batch TEXT    NOT NULL
) STRICT;

CREATE TABLE risks (
  id      TEXT    PRIMARY KEY,
  version INTEGER NOT NULL,
  risk    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE risk_edits (
  id      INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  actor   TEXT    NOT NULL,
  risk    TEXT    NOT NULL,
  version INTEGER NOT NULL,
  after   TEXT    NOT NULL,
  UNIQUE (risk, version)
) STRICT;

-- How the desk was.

-- One row: the latest measurement as JSON.
CREATE TABLE health (
  only   INTEGER PRIMARY KEY CHECK (only = 1),
  at     INTEGER NOT NULL,
  health TEXT    NOT NULL
) STRICT;

-- The worst of each minute and hour; `at` is its beginning, `status` counts up with trouble.
CREATE TABLE health_minutes (
  at     INTEGER PRIMARY KEY,
  status INTEGER NOT NULL,
  depth  INTEGER NOT NULL,
  broken INTEGER NOT NULL
) STRICT;
CREATE TABLE health_hours (
  at     INTEGER PRIMARY KEY,
  status INTEGER NOT NULL,
  depth  INTEGER NOT NULL,
  broken INTEGER NOT NULL
) STRICT;

-- Quarantined patches are few, and counted at every look.
CREATE INDEX endings_quarantined ON endings (domain, ended_at) WHERE state = 'quarantined';
CREATE INDEX outbox_summaries ON outbox (created_at) WHERE kind = 'post-summary';

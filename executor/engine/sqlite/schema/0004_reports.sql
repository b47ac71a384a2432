-- What reports, the risk rate and the execution log are counted from: narrow rows, so that a million of them
-- are read in a second. Both tables follow from `endings` and are written with it.

-- The finished patches, numbered in the order in which they were written: the log follows these numbers.
CREATE TABLE tasks (
  number      INTEGER PRIMARY KEY,
  seq         INTEGER NOT NULL REFERENCES patches (seq),
  ended_at    INTEGER NOT NULL,
  domain      TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state = 'landed' OR state = 'failed' OR state = 'quarantined'),
  accepted_at INTEGER NOT NULL,
  started_at  INTEGER NOT NULL,
  errors      INTEGER NOT NULL,
  warnings    INTEGER NOT NULL,
  reason      TEXT,                        -- of what did not land; and which gate said so
  gate        TEXT
) STRICT;
CREATE INDEX tasks_ended ON tasks (
  ended_at, domain, state, accepted_at, started_at, errors, warnings, reason, gate);

-- Every run of a gate, also of attempts that were repeated later. `candidate` stands for what was judged, the
-- same content on the same base; NULL where that is not known. `took` in microseconds, NULL: it did not run.
CREATE TABLE gate_runs (
  domain    TEXT    NOT NULL,
  gate      TEXT    NOT NULL,
  ended_at  INTEGER NOT NULL,              -- of the attempt
  seq       INTEGER NOT NULL REFERENCES patches (seq),
  attempt   INTEGER NOT NULL,
  place     INTEGER NOT NULL,              -- among the gates of the attempt
  verdict   INTEGER NOT NULL,              -- as in contracts.gates
  took      INTEGER,
  candidate INTEGER,
  coverage  REAL,                          -- percent, where the gate reported it
  PRIMARY KEY (domain, gate, ended_at, seq, attempt, place)
) STRICT, WITHOUT ROWID;
-- What the gates of all domains said of late.
CREATE INDEX gate_runs_latest ON gate_runs (ended_at, verdict, candidate);

-- Attempts that only waited because landing was held: they do not count as tries.
ALTER TABLE lanes ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

-- Reports that were made. One of a kind for a channel and a period, whoever makes it.
CREATE TABLE reports (
  id           TEXT    PRIMARY KEY,
  kind         TEXT    NOT NULL,
  channel      TEXT    NOT NULL,
  domain       TEXT    NOT NULL,           -- '': all together
  period_start INTEGER NOT NULL,
  period_end   INTEGER NOT NULL,
  made_at      INTEGER NOT NULL,
  due_at       INTEGER,                    -- set if it is late
  body         TEXT    NOT NULL,
  UNIQUE (kind, channel, domain, period_start)
) STRICT, WITHOUT ROWID;

-- Since when the desk knows of a schedule: what would have been due before is not caught up.
CREATE TABLE schedules (
  kind    TEXT    NOT NULL,
  channel TEXT    NOT NULL,
  domain  TEXT    NOT NULL,
  since   INTEGER NOT NULL,
  PRIMARY KEY (kind, channel, domain)
) STRICT, WITHOUT ROWID;

-- Incidents are counted by when they began.
CREATE INDEX alert_groups_opened ON alert_groups (opened_at);

-- What finished before this release. The functions are those of executor.engine.sqlite.tasks.
INSERT INTO tasks (seq, ended_at, domain, state, accepted_at, started_at, errors, warnings, reason, gate)
SELECT seq, ended_at, endings.domain, state, accepted_at, started_at, errors_in(report),
  warnings_in(report, attempt), iif(state = 'landed', NULL, json_extract(report, '$.fault.reason')),
  iif(state = 'landed', NULL, json_extract(report, '$.fault.args.gate'))
FROM endings JOIN patches USING (seq) ORDER BY ended_at, seq;

INSERT INTO gate_runs (domain, gate, ended_at, seq, attempt, place, verdict, took, candidate, coverage)
SELECT endings.domain, json_extract(gates.value, '$.name'), ended_at, seq, attempt, gates.key,
  json_extract(gates.value, '$.verdict'), microseconds_of(json_extract(gates.value, '$.took')),
  candidate_of(patch, json_extract(report, '$.base')), coverage_in(json_extract(gates.value, '$.output'))
FROM endings JOIN patches USING (seq), json_each(report, '$.gates') AS gates;

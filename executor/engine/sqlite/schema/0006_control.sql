-- Patches that wait for people and for each other, and domains that are closed.

-- The open patches, as before; more states, and what decides their order and their turn.
CREATE TABLE open_lanes (
  seq         INTEGER PRIMARY KEY REFERENCES patches (seq),
  domain      TEXT    NOT NULL,
  content     TEXT    NOT NULL,
  state       TEXT    NOT NULL
    CHECK (state = 'proposed' OR state = 'waiting' OR state = 'ready' OR state = 'running'),
  attempt     INTEGER NOT NULL DEFAULT 0,
  due_at      INTEGER,                     -- while waiting: not before
  lease_until INTEGER,                     -- while running
  worker      TEXT,
  started_at  INTEGER,                     -- this and the next: of the last attempt
  ended_at    INTEGER,
  steps       TEXT    NOT NULL DEFAULT '[]', -- [[step, start], ...]
  report      TEXT,
  held        INTEGER NOT NULL DEFAULT 0,  -- attempts that only waited because landing was held
  rank        INTEGER NOT NULL DEFAULT 2,  -- of its priority; 0 goes first
  passed      INTEGER NOT NULL DEFAULT 0,  -- how many went before it while it was the oldest
  hotfix      INTEGER NOT NULL DEFAULT 0,  -- 1: goes through a freeze
  unmet       INTEGER NOT NULL DEFAULT 0,  -- patches that have to land before it and have not
  held_by     TEXT,                        -- a person's hold
  held_why    TEXT,
  held_at     INTEGER,
  stop_by     TEXT,                        -- while running: who ended it
  proposal    TEXT,                        -- what needs an approval
  approval    TEXT,                        -- what was approved, by whom
  UNIQUE (domain, content)
) STRICT;
INSERT INTO open_lanes (seq, domain, content, state, attempt, due_at, lease_until, worker, started_at,
  ended_at, steps, report, held)
SELECT seq, domain, content, state, attempt, due_at, lease_until, worker, started_at, ended_at, steps, report,
  held FROM lanes;
DROP TABLE lanes;
ALTER TABLE open_lanes RENAME TO lanes;
CREATE UNIQUE INDEX lanes_head ON lanes (domain) WHERE state IN ('ready', 'running');
CREATE INDEX lanes_ready ON lanes (rank, seq) WHERE state = 'ready';
-- Those whose turn may come, by priority and by age. Which of them is next: executor.engine.sqlite.turns.
CREATE INDEX lanes_waiting ON lanes (domain, rank, seq)
  WHERE state = 'waiting' AND due_at IS NULL AND held_by IS NULL AND unmet = 0;
CREATE INDEX lanes_oldest ON lanes (domain, seq)
  WHERE state = 'waiting' AND due_at IS NULL AND held_by IS NULL AND unmet = 0;
CREATE INDEX lanes_timed ON lanes (due_at, domain) WHERE state = 'waiting' AND due_at IS NOT NULL;
-- Those that somebody, or another patch, keeps back.
CREATE INDEX lanes_kept ON lanes (domain, seq)
  WHERE state = 'proposed' OR (state = 'waiting' AND due_at IS NULL AND (held_by IS NOT NULL OR unmet > 0));

CREATE TABLE all_endings (
  seq        INTEGER PRIMARY KEY REFERENCES patches (seq),
  domain     TEXT    NOT NULL,
  ended_at   INTEGER NOT NULL,
  state      TEXT    NOT NULL CHECK (state = 'landed' OR state = 'failed' OR state = 'stopped'
    OR state = 'quarantined' OR state = 'cancelled' OR state = 'rejected'),
  attempt    INTEGER NOT NULL,             -- 0: it never ran
  started_at INTEGER NOT NULL,
  steps      TEXT    NOT NULL,
  report     TEXT    NOT NULL
) STRICT;
INSERT INTO all_endings SELECT seq, domain, ended_at, state, attempt, started_at, steps, report FROM endings;
DROP TABLE endings;
ALTER TABLE all_endings RENAME TO endings;
CREATE INDEX endings_latest ON endings (domain, ended_at, seq);
CREATE INDEX endings_quarantined ON endings (domain, ended_at) WHERE state = 'quarantined';

CREATE TABLE all_tallies (
  domain TEXT    NOT NULL,
  state  TEXT    NOT NULL CHECK (state = 'landed' OR state = 'failed' OR state = 'stopped'
    OR state = 'quarantined' OR state = 'cancelled' OR state = 'rejected'),
  many   INTEGER NOT NULL,
  PRIMARY KEY (domain, state)
) STRICT, WITHOUT ROWID;
INSERT INTO all_tallies SELECT domain, state, many FROM tallies;
DROP TABLE tallies;
ALTER TABLE all_tallies RENAME TO tallies;

-- As before, with one state more: what never ran is no task.
CREATE TABLE all_tasks (
  number      INTEGER PRIMARY KEY,
  seq         INTEGER NOT NULL REFERENCES patches (seq),
  ended_at    INTEGER NOT NULL,
  domain      TEXT    NOT NULL,
  state       TEXT    NOT NULL
    CHECK (state = 'landed' OR state = 'failed' OR state = 'stopped' OR state = 'quarantined'),
  accepted_at INTEGER NOT NULL,
  started_at  INTEGER NOT NULL,
  errors      INTEGER NOT NULL,
  warnings    INTEGER NOT NULL,
  reason      TEXT,
  gate        TEXT
) STRICT;
INSERT INTO all_tasks SELECT number, seq, ended_at, domain, state, accepted_at, started_at, errors, warnings,
  reason, gate FROM tasks;
DROP TABLE tasks;
ALTER TABLE all_tasks RENAME TO tasks;
CREATE INDEX tasks_ended ON tasks (
  ended_at, domain, state, accepted_at, started_at, errors, warnings, reason, gate);

-- `seq` begins only after `needs` has landed.
CREATE TABLE dependencies (
  seq   INTEGER NOT NULL REFERENCES patches (seq),
  needs INTEGER NOT NULL REFERENCES patches (seq),
  PRIMARY KEY (needs, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependencies_of ON dependencies (seq);

-- Domains that let no patch begin; '' is the whole desk.
CREATE TABLE closed (
  domain   TEXT    NOT NULL,
  closing  TEXT    NOT NULL CHECK (closing = 'paused' OR closing = 'frozen' OR closing = 'draining'
    OR closing = 'halted'),
  by       TEXT    NOT NULL,
  why      TEXT    NOT NULL,
  since    INTEGER NOT NULL,
  until    INTEGER,
  PRIMARY KEY (domain, closing)
) STRICT, WITHOUT ROWID;

-- What senders call their patches, so that others can say that they need them.
CREATE TABLE labels (
  label TEXT    NOT NULL,
  seq   INTEGER NOT NULL REFERENCES patches (seq),
  PRIMARY KEY (label, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO labels SELECT json_extract(patch, '$.label'), seq FROM patches
WHERE json_extract(patch, '$.label') IS NOT NULL;

-- `seq` undoes the patch `undone`.
CREATE TABLE reverts (
  undone TEXT    NOT NULL,
  seq    INTEGER NOT NULL REFERENCES patches (seq),
  PRIMARY KEY (undone, seq)
) STRICT, WITHOUT ROWID;

-- Whose thread it is.
CREATE INDEX cards_thread ON cards (channel, coalesce(thread, ts)) WHERE channel IS NOT NULL;

-- The patch that stands for the content; NULL in rows from before.
ALTER TABLE brought ADD COLUMN patch TEXT;
-- Why nothing came of what was asked.
ALTER TABLE inbox ADD COLUMN refused TEXT;

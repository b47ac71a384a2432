-- Patches that were asked for together.

-- One block that was for several domains. Its card, once it is posted, is a row of `cards` under its id.
CREATE TABLE sets (
  id       TEXT    PRIMARY KEY,
  atomic   INTEGER NOT NULL,
  inbox_id INTEGER NOT NULL REFERENCES inbox (id),
  domains  TEXT    NOT NULL,               -- [name, ...] as asked; of one that kept its part out there is no member
  channel  TEXT,                           -- of its card; NULL: nobody is told of it
  thread   TEXT
) STRICT, WITHOUT ROWID;

-- The patches of a set, in the order of its domains.
CREATE TABLE members (
  set_id TEXT    NOT NULL REFERENCES sets (id),
  place  INTEGER NOT NULL,
  seq    INTEGER NOT NULL REFERENCES patches (seq),
  twin   INTEGER NOT NULL,                 -- 1: it was there before, and stands for equal content
  PRIMARY KEY (set_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_of ON members (seq, twin);

-- The open patches, as before; one state more, and what an atomic set makes of its patches.
CREATE TABLE set_lanes (
  seq         INTEGER PRIMARY KEY REFERENCES patches (seq),
  domain      TEXT    NOT NULL,
  content     TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state = 'proposed' OR state = 'waiting' OR state = 'ready'
    OR state = 'running' OR state = 'prepared'),
  attempt     INTEGER NOT NULL DEFAULT 0,
  due_at      INTEGER,                     -- while waiting: not before
  lease_until INTEGER,                     -- while running
  worker      TEXT,
  started_at  INTEGER,                     -- this and the next: of the last attempt
  ended_at    INTEGER,
  steps       TEXT    NOT NULL DEFAULT '[]', -- [[step, start], ...]
  report      TEXT,
  held        INTEGER NOT NULL DEFAULT 0,  -- attempts that are no tries: they only waited, or only prepared
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
  bound       TEXT REFERENCES sets (id),   -- its atomic set; NULL: it is of none
  cleared     INTEGER NOT NULL DEFAULT 0,  -- 1: all of that have passed their gates, and it may land
  broken      TEXT,                        -- while running: why its set cannot land any more
  prepared    TEXT,                        -- what passed, and under what
  UNIQUE (domain, content)
) STRICT;
INSERT INTO set_lanes (seq, domain, content, state, attempt, due_at, lease_until, worker, started_at,
  ended_at, steps, report, held, rank, passed, hotfix, unmet, held_by, held_why, held_at, stop_by, proposal,
  approval)
SELECT seq, domain, content, state, attempt, due_at, lease_until, worker, started_at, ended_at, steps, report,
  held, rank, passed, hotfix, unmet, held_by, held_why, held_at, stop_by, proposal, approval FROM lanes;
DROP TABLE lanes;
ALTER TABLE set_lanes RENAME TO lanes;
CREATE UNIQUE INDEX lanes_head ON lanes (domain) WHERE state IN ('ready', 'running', 'prepared');
CREATE INDEX lanes_ready ON lanes (rank, seq) WHERE state = 'ready';
-- Those whose turn may come, by priority and by age. Which of them is next: executor.engine.sqlite.turns.
CREATE INDEX lanes_waiting ON lanes (domain, rank, seq)
  WHERE state = 'waiting' AND due_at IS NULL AND held_by IS NULL AND unmet = 0;
CREATE INDEX lanes_oldest ON lanes (domain, seq)
  WHERE state = 'waiting' AND due_at IS NULL AND held_by IS NULL AND unmet = 0;
CREATE INDEX lanes_timed ON lanes (due_at, domain) WHERE state = 'waiting' AND due_at IS NOT NULL;
CREATE INDEX lanes_later ON lanes (domain, due_at, seq) WHERE state = 'waiting' AND due_at IS NOT NULL;
-- Those that somebody, or another patch, keeps back.
CREATE INDEX lanes_kept ON lanes (domain, seq)
  WHERE state = 'proposed' OR (state = 'waiting' AND due_at IS NULL AND (held_by IS NOT NULL OR unmet > 0));
-- Those of atomic sets; few.
CREATE INDEX lanes_bound ON lanes (bound, domain) WHERE bound IS NOT NULL;

-- The desk's rows. Times are microseconds since 1970 UTC; states are spelled as in contracts.states.
-- What changes often is kept in few columns and small indexes; what is finished is in no index that a
-- claim looks at, so that a store of a million patches is as fast as an empty one.
-- A `due_at` is NULL where a row may be taken now, else the time that it has to wait for.

-- The first part of the keys of deliveries from that id on. A restored store goes on under a new name:
-- keys that were given after the backup was taken are not given again.
CREATE TABLE identities (
  first_delivery INTEGER PRIMARY KEY,
  name           TEXT    NOT NULL UNIQUE
) STRICT;

-- Inbox: events as they came ----------------------------------------------------------------------
CREATE TABLE inbox (
  id          INTEGER PRIMARY KEY,
  source      TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  received_at INTEGER NOT NULL,
  state       TEXT    NOT NULL CHECK (state = 'recorded' OR state = 'settled'),
  attempt     INTEGER NOT NULL DEFAULT 0,
  due_at      INTEGER,                     -- the end of a lease, or of a postponement
  channel     TEXT,                        -- the message's place, known once settled
  ts          TEXT,
  thread      TEXT,
  rejected    INTEGER NOT NULL DEFAULT 0,
  payload     BLOB    NOT NULL,
  UNIQUE (source, key)
) STRICT;
CREATE INDEX inbox_free ON inbox (id) WHERE state = 'recorded' AND due_at IS NULL;
CREATE INDEX inbox_timed ON inbox (due_at) WHERE state = 'recorded' AND due_at IS NOT NULL;
CREATE INDEX inbox_messages ON inbox (channel, ts) WHERE ts IS NOT NULL;

-- Which content a message has brought, whatever became of it.
CREATE TABLE brought (
  channel TEXT NOT NULL,
  ts      TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (channel, ts, content)
) STRICT, WITHOUT ROWID;

-- Patches -----------------------------------------------------------------------------------------
-- What was asked; written once. Of each patch there is one row more: in `lanes` while it is open, then in
-- `endings`.
CREATE TABLE patches (
  seq         INTEGER PRIMARY KEY,         -- age
  id          TEXT    NOT NULL UNIQUE,
  domain      TEXT    NOT NULL,
  inbox_id    INTEGER NOT NULL REFERENCES inbox (id),
  accepted_at INTEGER NOT NULL,
  source      TEXT    NOT NULL,
  channel     TEXT,
  ts          TEXT,
  thread      TEXT,
  actor_name  TEXT    NOT NULL,
  title       TEXT    NOT NULL,
  actor       TEXT    NOT NULL,
  patch       TEXT    NOT NULL
) STRICT;
CREATE INDEX patches_inbox ON patches (inbox_id);

-- The open patches. One of a domain is READY or RUNNING, whatever the code does; so is one of equal content.
CREATE TABLE lanes (
  seq         INTEGER PRIMARY KEY REFERENCES patches (seq),
  domain      TEXT    NOT NULL,
  content     TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state = 'waiting' OR state = 'ready' OR state = 'running'),
  attempt     INTEGER NOT NULL DEFAULT 0,
  due_at      INTEGER,                     -- while waiting: not before
  lease_until INTEGER,                     -- while running
  worker      TEXT,
  started_at  INTEGER,                     -- this and the next: of the last attempt
  ended_at    INTEGER,
  steps       TEXT    NOT NULL DEFAULT '[]', -- [[step, start], ...]
  report      TEXT,
  UNIQUE (domain, content)
) STRICT;
CREATE UNIQUE INDEX lanes_head ON lanes (domain) WHERE state IN ('ready', 'running');
CREATE INDEX lanes_ready ON lanes (seq) WHERE state = 'ready';
CREATE INDEX lanes_waiting ON lanes (domain, seq) WHERE state = 'waiting' AND due_at IS NULL;
CREATE INDEX lanes_timed ON lanes (due_at, domain) WHERE state = 'waiting' AND due_at IS NOT NULL;

-- What came of the finished ones; written once.
CREATE TABLE endings (
  seq        INTEGER PRIMARY KEY REFERENCES patches (seq),
  domain     TEXT    NOT NULL,
  ended_at   INTEGER NOT NULL,
  state      TEXT    NOT NULL CHECK (state = 'landed' OR state = 'failed' OR state = 'quarantined'),
  attempt    INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  steps      TEXT    NOT NULL,
  report     TEXT    NOT NULL
) STRICT;
CREATE INDEX endings_latest ON endings (domain, ended_at, seq);

-- How many patches of a domain have come to each end.
CREATE TABLE tallies (
  domain TEXT    NOT NULL,
  state  TEXT    NOT NULL CHECK (state = 'landed' OR state = 'failed' OR state = 'quarantined'),
  many   INTEGER NOT NULL,
  PRIMARY KEY (domain, state)
) STRICT, WITHOUT ROWID;

-- Outbox: what is still to be said ----------------------------------------------------------------
-- AUTOINCREMENT because an id is part of a key that is never given twice.
CREATE TABLE outbox (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  state       TEXT    NOT NULL DEFAULT 'pending' CHECK (state = 'pending' OR state = 'sending' OR state = 'unsure'),
  channel     TEXT    NOT NULL,            -- '': nowhere in Slack
  rank        INTEGER NOT NULL,            -- 0 finals, 1 progress
  method      TEXT    NOT NULL,            -- '': not sent to Slack
  waits       INTEGER NOT NULL,            -- 1: for the card of its patch
  due_at      INTEGER,
  lease_until INTEGER,                     -- while sending
  attempt     INTEGER NOT NULL DEFAULT 0,
  unsure      INTEGER NOT NULL DEFAULT 0,  -- 1: an earlier try may have got through
  created_at  INTEGER NOT NULL,
  first_tried_at INTEGER,
  kind        TEXT    NOT NULL,
  same        TEXT,                        -- equal ones that wait together are one
  patch       TEXT,                        -- whose card this is or follows
  thread      TEXT,
  progress    TEXT,
  why         TEXT,                        -- of the last try that did not succeed
  notice      TEXT    NOT NULL,
  -- Deliveries that go one after the other, oldest first.
  queue       TEXT    NOT NULL GENERATED ALWAYS AS (channel || ' ' || rank || ' ' || method) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX outbox_same ON outbox (same) WHERE state = 'pending' AND same IS NOT NULL;
CREATE INDEX outbox_free ON outbox (queue)
  WHERE state IN ('pending', 'unsure') AND due_at IS NULL AND waits = 0;
CREATE INDEX outbox_timed ON outbox (due_at) WHERE state IN ('pending', 'unsure') AND due_at IS NOT NULL;
CREATE INDEX outbox_followers ON outbox (patch) WHERE waits = 1;
CREATE INDEX outbox_held ON outbox (channel, lease_until) WHERE state = 'sending';

-- What was said, or never will be; written once.
CREATE TABLE said (
  id          INTEGER PRIMARY KEY,         -- as it was in the outbox
  state       TEXT    NOT NULL CHECK (state = 'sent' OR state = 'dead'),
  ended_at    INTEGER NOT NULL,
  channel     TEXT    NOT NULL,
  thread      TEXT,
  attempt     INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  first_tried_at INTEGER NOT NULL,
  patch       TEXT,
  why         TEXT,
  notice      TEXT    NOT NULL
) STRICT;

-- The card of a patch: whether it is still to be posted, where it is, where it went from a dead channel.
CREATE TABLE cards (
  patch    TEXT    PRIMARY KEY,
  awaited  INTEGER NOT NULL,
  channel  TEXT,
  ts       TEXT,
  thread   TEXT,
  redirect TEXT
) STRICT, WITHOUT ROWID;

-- What must be remembered though no row shows it --------------------------------------------------
CREATE TABLE audit (
  id     INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  actor  TEXT    NOT NULL,
  action TEXT    NOT NULL,
  detail TEXT    NOT NULL
) STRICT;

-- The desk's rows. Times are microseconds since 1970 UTC; states are spelled as in contracts.states.
-- Every index that a hot path uses is partial: what is finished costs nothing, however much there is.
-- "due" columns are NULL where a row may be taken now, and a time where it has to wait for one.

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
  state       TEXT    NOT NULL CHECK (state IN ('recorded', 'settled')),
  attempt     INTEGER NOT NULL DEFAULT 0,
  due_at      INTEGER,                     -- the end of a lease, or of a postponement
  channel     TEXT,                        -- of the message, known once settled
  ts          TEXT,
  thread      TEXT,
  rejected    INTEGER NOT NULL DEFAULT 0,
  payload     BLOB    NOT NULL,
  UNIQUE (source, key)
) STRICT;
CREATE INDEX inbox_free ON inbox (id) WHERE state = 'recorded' AND due_at IS NULL;
CREATE INDEX inbox_timed ON inbox (due_at) WHERE state = 'recorded' AND due_at IS NOT NULL;

-- Which content a message has brought, in whatever state its patch is now.
CREATE TABLE brought (
  channel TEXT NOT NULL,
  ts      TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (channel, ts, content)
) STRICT, WITHOUT ROWID;

-- Patches and their lanes -------------------------------------------------------------------------
CREATE TABLE patches (
  seq         INTEGER PRIMARY KEY,         -- age
  id          TEXT    NOT NULL UNIQUE,
  domain      TEXT    NOT NULL,
  content     TEXT    NOT NULL,
  state       TEXT    NOT NULL
    CHECK (state IN ('waiting', 'ready', 'running', 'landed', 'failed', 'quarantined')),
  attempt     INTEGER NOT NULL DEFAULT 0,
  inbox_id    INTEGER NOT NULL REFERENCES inbox (id),
  accepted_at INTEGER NOT NULL,
  due_at      INTEGER,                     -- while waiting: not before
  lease_until INTEGER CHECK ((lease_until IS NOT NULL) = (state = 'running')),
  worker      TEXT,
  started_at  INTEGER,
  ended_at    INTEGER,                     -- of the last attempt
  source      TEXT    NOT NULL,
  channel     TEXT,
  ts          TEXT,
  thread      TEXT,
  card_channel TEXT,
  card_ts     TEXT,
  card_thread TEXT,
  redirect    TEXT,                        -- the channel its card went to because its own is dead
  actor_name  TEXT    NOT NULL,
  title       TEXT    NOT NULL,
  steps       TEXT    NOT NULL DEFAULT '[]', -- of the last attempt: [[step, start], ...]
  report      TEXT                         -- of the last attempt
) STRICT;
-- The lane itself: one head per domain, whatever the code does.
CREATE UNIQUE INDEX patches_head ON patches (domain) WHERE state IN ('ready', 'running');
CREATE UNIQUE INDEX patches_open ON patches (domain, content) WHERE state IN ('waiting', 'ready', 'running');
CREATE INDEX patches_waiting ON patches (domain, seq) WHERE state = 'waiting' AND due_at IS NULL;
CREATE INDEX patches_timed ON patches (due_at, domain) WHERE state = 'waiting' AND due_at IS NOT NULL;
CREATE INDEX patches_ready ON patches (seq) WHERE state = 'ready';
CREATE INDEX patches_leases ON patches (lease_until) WHERE state = 'running';
CREATE INDEX patches_finished ON patches (domain, ended_at, seq)
  WHERE state IN ('landed', 'failed', 'quarantined');
CREATE INDEX patches_inbox ON patches (inbox_id);

-- What never changes of a patch, apart so that a change of state does not copy it.
CREATE TABLE submissions (
  seq   INTEGER PRIMARY KEY REFERENCES patches (seq),
  actor TEXT NOT NULL,
  patch TEXT NOT NULL
) STRICT;

-- How many patches of a domain have come to each end.
CREATE TABLE tallies (
  domain TEXT    NOT NULL,
  state  TEXT    NOT NULL CHECK (state IN ('landed', 'failed', 'quarantined')),
  many   INTEGER NOT NULL,
  PRIMARY KEY (domain, state)
) STRICT, WITHOUT ROWID;

-- Outbox: what is still to be said, and what was --------------------------------------------------
-- AUTOINCREMENT because an id is part of a key that is never given twice.
CREATE TABLE outbox (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  state       TEXT    NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'sending', 'unsure', 'sent', 'dead')),
  channel     TEXT    NOT NULL,            -- '': nowhere in Slack
  rank        INTEGER NOT NULL,            -- 0 finals, 1 progress
  method      TEXT    NOT NULL,            -- '': not sent to Slack
  waits       INTEGER NOT NULL DEFAULT 0 CHECK (waits IN (0, 1)), -- for the card of its patch
  due_at      INTEGER,
  lease_until INTEGER CHECK ((lease_until IS NOT NULL) = (state = 'sending')),
  attempt     INTEGER NOT NULL DEFAULT 0,
  unsure      INTEGER NOT NULL DEFAULT 0 CHECK (unsure IN (0, 1)), -- an earlier try may have got through
  created_at  INTEGER NOT NULL,
  first_tried_at INTEGER,
  ended_at    INTEGER,
  kind        TEXT    NOT NULL,
  same        TEXT,                        -- equal ones that wait together are one
  patch       TEXT,                        -- whose card this is or follows
  thread      TEXT,
  progress    TEXT,
  why         TEXT,                        -- of the last try that did not succeed
  notice      TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX outbox_same ON outbox (same) WHERE state = 'pending' AND same IS NOT NULL;
CREATE INDEX outbox_free ON outbox (channel, rank, method, id)
  WHERE state IN ('pending', 'unsure') AND due_at IS NULL AND waits = 0;
CREATE INDEX outbox_timed ON outbox (due_at) WHERE state IN ('pending', 'unsure') AND due_at IS NOT NULL;
CREATE INDEX outbox_held ON outbox (channel, lease_until) WHERE state = 'sending';
CREATE INDEX outbox_patch ON outbox (patch, kind)
  WHERE state IN ('pending', 'sending', 'unsure') AND patch IS NOT NULL;
CREATE INDEX outbox_open ON outbox (id) WHERE state IN ('pending', 'sending', 'unsure');

-- What must be remembered though no row shows it --------------------------------------------------
CREATE TABLE audit (
  id     INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  actor  TEXT    NOT NULL,
  action TEXT    NOT NULL,
  detail TEXT    NOT NULL
) STRICT;

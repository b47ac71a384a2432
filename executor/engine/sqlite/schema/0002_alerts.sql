-- Alerts: what fires, the groups it is gathered in, what people said and did, what is silenced.

-- One condition as one source sees it; of one fingerprint and source one row is the latest. When it fires
-- again after one of its groups was resolved, a new row takes its place: what is over stays as it was.
CREATE TABLE alerts (
  seq         INTEGER PRIMARY KEY,
  source      TEXT    NOT NULL,
  fingerprint TEXT    NOT NULL,
  latest      INTEGER NOT NULL DEFAULT 1,
  severity    TEXT    NOT NULL CHECK (severity = 'info' OR severity = 'warning' OR severity = 'critical'),
  inhibits    INTEGER NOT NULL,            -- 1: some rule has it as a source
  since       INTEGER NOT NULL,
  seen_at     INTEGER NOT NULL,
  ended_at    INTEGER,                     -- NULL: it fires
  times       INTEGER NOT NULL,
  expires_at  INTEGER,
  link        TEXT,
  labels      TEXT    NOT NULL,
  what        TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX alerts_latest ON alerts (source, fingerprint) WHERE latest = 1;
CREATE INDEX alerts_firing ON alerts (source) WHERE ended_at IS NULL;
CREATE INDEX alerts_expiring ON alerts (expires_at) WHERE ended_at IS NULL AND expires_at IS NOT NULL;
CREATE INDEX alerts_inhibiting ON alerts (seq) WHERE ended_at IS NULL AND inhibits = 1;

-- One incident each. The facts (info to severity) follow the alerts while it is open, and stay when it is
-- resolved. Every write raises the version.
CREATE TABLE alert_groups (
  seq           INTEGER PRIMARY KEY,
  id            TEXT    NOT NULL UNIQUE,
  key           TEXT    NOT NULL,
  route         TEXT    NOT NULL,
  labels        TEXT    NOT NULL,
  opened_at     INTEGER NOT NULL,
  version       INTEGER NOT NULL DEFAULT 0,
  info          INTEGER NOT NULL DEFAULT 0, -- this and the next two: how many of that severity fire
  warning       INTEGER NOT NULL DEFAULT 0,
  critical      INTEGER NOT NULL DEFAULT 0,
  alerts        INTEGER NOT NULL DEFAULT 0,
  times         INTEGER NOT NULL DEFAULT 0,
  grew_at       INTEGER NOT NULL,
  severity      TEXT    NOT NULL CHECK (severity = 'info' OR severity = 'warning' OR severity = 'critical'),
  state         TEXT    NOT NULL CHECK (state = 'waiting' OR state = 'firing' OR state = 'acknowledged'
                          OR state = 'snoozed' OR state = 'resolved'),
  due_at        INTEGER,
  entries       INTEGER NOT NULL DEFAULT 0,
  standing      TEXT    NOT NULL DEFAULT '{}', -- what else was decided: who took it, what was said
  resolved_at   INTEGER,
  resolved_by   TEXT
) STRICT;
CREATE UNIQUE INDEX alert_groups_open ON alert_groups (key) WHERE state <> 'resolved';
CREATE INDEX alert_groups_due ON alert_groups (due_at) WHERE state <> 'resolved' AND due_at IS NOT NULL;
CREATE INDEX alert_groups_resolved ON alert_groups (resolved_at) WHERE state = 'resolved';

CREATE TABLE alert_members (
  grp   INTEGER NOT NULL REFERENCES alert_groups (seq),
  alert INTEGER NOT NULL REFERENCES alerts (seq),
  PRIMARY KEY (grp, alert)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_members_of ON alert_members (alert);

-- The log of each group; written once.
CREATE TABLE alert_entries (
  grp    INTEGER NOT NULL REFERENCES alert_groups (seq),
  number INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  kind   TEXT    NOT NULL,
  actor  TEXT,
  facts  TEXT    NOT NULL,
  PRIMARY KEY (grp, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE silences (
  id        TEXT    PRIMARY KEY,
  matchers  TEXT    NOT NULL,
  creator   TEXT    NOT NULL,
  comment   TEXT    NOT NULL,
  starts    INTEGER NOT NULL,
  ends      INTEGER NOT NULL,
  announced INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX silences_ending ON silences (ends);

-- How far each reader of rows has read.
CREATE TABLE watermarks (
  name  TEXT    PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What is over when the desk begins to look is no news. Endings are numbered in the order of their writing.
INSERT INTO watermarks VALUES ('endings', (SELECT count(*) FROM endings)),
  ('audit', (SELECT coalesce(max(id), 0) FROM audit));

-- The group that Slack is to be told of, with or without a card.
ALTER TABLE outbox ADD COLUMN grp TEXT;
CREATE INDEX outbox_groups ON outbox (grp, created_at) WHERE grp IS NOT NULL;

-- Groups of alerts that were resolved long ago and forgotten: what reports count of them.
CREATE TABLE incidents (
  opened_at   INTEGER NOT NULL,
  resolved_at INTEGER NOT NULL,
  taken_at    INTEGER,                     -- when somebody first took it
  critical    INTEGER NOT NULL,            -- 1: it was
  domain      TEXT
) STRICT;
CREATE INDEX incidents_opened ON incidents (opened_at, domain, critical, taken_at);
CREATE INDEX incidents_resolved ON incidents (resolved_at, domain, opened_at);

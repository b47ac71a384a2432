-- How long patches wait for people.

-- What was decided about patches that needed an approval, and since when each had waited for it.
CREATE TABLE rulings (
  decided_at INTEGER NOT NULL,
  seq        INTEGER NOT NULL REFERENCES patches (seq),
  domain     TEXT    NOT NULL,
  asked_at   INTEGER NOT NULL,
  decision   TEXT    NOT NULL CHECK (decision = 'approved' OR decision = 'rejected' OR decision = 'withdrawn'),
  PRIMARY KEY (decided_at, seq)
) STRICT, WITHOUT ROWID;

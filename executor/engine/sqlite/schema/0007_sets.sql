-- Patches that were asked for together.

-- One block that was for several domains. Its card, once it is posted, is a row of `cards` under its id.
CREATE TABLE sets (
  id       TEXT    PRIMARY KEY,
  atomic   INTEGER NOT NULL,
  inbox_id INTEGER NOT NULL REFERENCES inbox (id)
) STRICT, WITHOUT ROWID;

-- The patches of a set, in the order of its domains; one that was in its lane before (a twin) is one, too.
CREATE TABLE members (
  set_id TEXT    NOT NULL REFERENCES sets (id),
  place  INTEGER NOT NULL,
  seq    INTEGER NOT NULL REFERENCES patches (seq),
  PRIMARY KEY (set_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_of ON members (seq);

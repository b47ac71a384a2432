-- Who took a duty on call for a while.

CREATE TABLE duties (
  id       TEXT    PRIMARY KEY,
  schedule TEXT    NOT NULL,
  person   TEXT    NOT NULL,               -- as `people` of the settings names them
  starts   INTEGER NOT NULL,
  ends     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX duties_ending ON duties (ends);

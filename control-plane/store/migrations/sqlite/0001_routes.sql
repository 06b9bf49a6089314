-- AUTOINCREMENT: the identity names an Envoy cluster, so it must never be given to another upstream.
CREATE TABLE upstreams (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    base TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE tokens (
    token       TEXT PRIMARY KEY CHECK (length(token) = 24),
    upstream_id INTEGER NOT NULL REFERENCES upstreams (id),
    whitelist   TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(whitelist)),
    created_at  INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_by_upstream ON tokens (upstream_id);

CREATE TABLE revision (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    value    INTEGER NOT NULL
) STRICT;

INSERT INTO revision (only_row, value) VALUES (1, 0);

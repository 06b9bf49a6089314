-- What is called `sealed` is encrypted under the key of AEGIS_ENCRYPTION_KEY.

-- One row. Every change locks it first, so changes happen one after another.
CREATE TABLE state (
    only_row       INTEGER PRIMARY KEY CHECK (only_row = 1),
    latest         INTEGER NOT NULL,
    routes         INTEGER NOT NULL,
    policies       INTEGER NOT NULL,
    -- Of the encryption key: grows when it is replaced. The proof can be opened with the key only.
    key_generation INTEGER NOT NULL,
    key_proof      BLOB NOT NULL
) STRICT;

INSERT INTO state VALUES (1, 0, 0, 0, 0, x'');

-- AUTOINCREMENT: the identity names an Envoy cluster, so it must never be given to another upstream.
CREATE TABLE upstreams (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    base TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE tokens (
    number           INTEGER PRIMARY KEY AUTOINCREMENT,
    hash             TEXT NOT NULL UNIQUE CHECK (length(hash) = 22),
    sealed_token     BLOB NOT NULL,
    -- Empty: none.
    sealed_whitelist BLOB NOT NULL,
    upstream_id      INTEGER NOT NULL REFERENCES upstreams (id),
    settings         TEXT NOT NULL,
    tenant           TEXT NOT NULL,
    created_at       INTEGER NOT NULL
) STRICT;

CREATE INDEX tokens_by_upstream ON tokens (upstream_id, number);
CREATE INDEX tokens_by_tenant ON tokens (tenant, number);

CREATE TABLE policy_versions (
    policy          TEXT NOT NULL,
    version         INTEGER NOT NULL,
    sealed_document BLOB NOT NULL,
    author          TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (policy, version)
) STRICT;

CREATE TABLE rollouts (
    policy  TEXT PRIMARY KEY,
    rollout TEXT NOT NULL
) STRICT;

CREATE TABLE assignments (
    scope  TEXT PRIMARY KEY,
    policy TEXT NOT NULL REFERENCES rollouts (policy)
) STRICT;

CREATE TABLE admin_keys (
    name       TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    verifier   BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE journal (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    action   TEXT NOT NULL,
    target   TEXT NOT NULL,
    detail   TEXT NOT NULL,
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    action TEXT NOT NULL,
    body   TEXT NOT NULL
) STRICT;

CREATE INDEX events_by_time ON events (at);

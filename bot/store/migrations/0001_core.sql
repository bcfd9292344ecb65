-- Runs, what is to be done about them, what was said of them, and who reacted. Times are seconds since 1970, UTC.
CREATE TABLE installation (id TEXT NOT NULL) STRICT;

CREATE TABLE people (
    id TEXT PRIMARY KEY, -- platform/workspace/user
    name TEXT NOT NULL,
    seen_at REAL NOT NULL
) STRICT;

CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    recipe TEXT NOT NULL, -- the resolved copy, JSON
    home TEXT NOT NULL,
    starter TEXT NOT NULL REFERENCES people,
    private INTEGER NOT NULL,
    changes TEXT NOT NULL, -- JSON list
    state TEXT NOT NULL,
    requested_at REAL NOT NULL,
    job_id TEXT UNIQUE,
    cursor TEXT,
    queue_position INTEGER,
    started_at REAL,
    ended_at REAL,
    heard_at REAL,
    step INTEGER NOT NULL,
    total_steps INTEGER,
    numbers TEXT NOT NULL, -- JSON list, the newest known
    checkpoints TEXT NOT NULL, -- JSON list of steps
    sampled TEXT NOT NULL, -- JSON list of steps
    condition TEXT,
    cancel_by TEXT REFERENCES people,
    error TEXT,
    log_tail TEXT NOT NULL, -- JSON list
    artifacts INTEGER
) STRICT;
CREATE INDEX runs_by_state ON runs (state, number);
CREATE INDEX runs_by_home ON runs (home, number);
CREATE INDEX runs_by_name ON runs (name, number);

CREATE TABLE metrics (
    run INTEGER NOT NULL REFERENCES runs,
    step INTEGER NOT NULL,
    loss REAL,
    eval_loss REAL,
    learning_rate REAL,
    epoch REAL,
    rate REAL,
    PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE samples (
    run INTEGER NOT NULL REFERENCES runs,
    step INTEGER NOT NULL,
    prompt INTEGER NOT NULL,
    answer TEXT,
    error TEXT,
    drawn_at REAL NOT NULL,
    PRIMARY KEY (run, step, prompt)
) STRICT, WITHOUT ROWID;

CREATE TABLE follows (
    id INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES runs,
    wants TEXT NOT NULL, -- JSON
    set_by TEXT NOT NULL REFERENCES people,
    set_at REAL NOT NULL,
    ended_at REAL
) STRICT;
CREATE INDEX follows_by_run ON follows (run) WHERE ended_at IS NULL;

CREATE TABLE posts (
    key TEXT PRIMARY KEY, -- the key of the effect that made it
    run INTEGER NOT NULL REFERENCES runs,
    place TEXT NOT NULL,
    message TEXT NOT NULL,
    thread TEXT,
    step INTEGER, -- set on samples
    prompt INTEGER,
    posted_at REAL NOT NULL,
    lost INTEGER NOT NULL DEFAULT 0, -- somebody deleted it
    UNIQUE (place, message)
) STRICT;
CREATE INDEX posts_by_run ON posts (run, place);

CREATE TABLE reactions (
    place TEXT NOT NULL,
    message TEXT NOT NULL,
    person TEXT NOT NULL,
    emoji TEXT NOT NULL,
    PRIMARY KEY (place, message, person, emoji)
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
    id TEXT PRIMARY KEY, -- the platform's delivery id
    result TEXT NOT NULL, -- JSON
    at REAL NOT NULL
) STRICT;

CREATE TABLE blocked_places (
    place TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    since REAL NOT NULL
) STRICT;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lane TEXT NOT NULL,
    rank INTEGER NOT NULL,
    effect TEXT NOT NULL, -- JSON
    run INTEGER NOT NULL,
    place TEXT,
    once TEXT UNIQUE,
    fold TEXT,
    after TEXT, -- the `once` of what must be settled first
    due_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'buried')),
    revision INTEGER NOT NULL DEFAULT 0, -- rises when something is folded in
    tried_at REAL, -- it may have been sent since then
    suspect INTEGER NOT NULL DEFAULT 0, -- an earlier attempt may have arrived
    attempts INTEGER NOT NULL DEFAULT 0,
    plain INTEGER NOT NULL DEFAULT 0, -- its content was refused: send the summary alone
    error TEXT,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX outbox_waiting ON outbox (lane, id) WHERE state = 'waiting';
CREATE INDEX outbox_buried ON outbox (id) WHERE state = 'buried';
CREATE INDEX outbox_folds ON outbox (fold) WHERE state = 'waiting';

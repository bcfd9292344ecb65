-- Follows by name, by person and of everything; mutes; failures that were told, so that they do not shout; outages of
-- the training service; runs started elsewhere. Times are seconds since 1970, UTC.
ALTER TABLE runs ADD COLUMN origin TEXT NOT NULL DEFAULT 'chat' CHECK (origin IN ('chat', 'outside', 'history'));
ALTER TABLE runs ADD COLUMN parent INTEGER REFERENCES runs; -- the run that it does again
ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0; -- wants no direct messages
CREATE INDEX runs_by_starter ON runs (starter, number);
CREATE INDEX runs_by_request ON runs (requested_at);

CREATE TABLE follows_new (
    id INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    run INTEGER REFERENCES runs, -- of one run, or
    pattern TEXT, -- of the runs whose names fit, or
    person TEXT REFERENCES people, -- of the runs that this person starts; all three NULL: of every run
    after INTEGER NOT NULL, -- the newest run when it was set: only a follow of one run reaches back
    home INTEGER NOT NULL, -- it came with the run itself
    alone INTEGER NOT NULL, -- the place is a conversation of its person with the bot
    wants TEXT NOT NULL, -- JSON
    set_by TEXT NOT NULL REFERENCES people,
    set_at REAL NOT NULL,
    ended_at REAL
) STRICT;
INSERT INTO follows_new
    SELECT id, place, run, NULL, NULL, run - 1, 1, 0,
        json_set(
            json_remove(wants, '$.outcome', '$.failure'),
            '$.success', 'thread', '$.failures', json('true'), '$.mention', json_extract(wants, '$.failure')
        ),
        set_by, set_at, ended_at
    FROM follows;
DROP TABLE follows;
ALTER TABLE follows_new RENAME TO follows;
CREATE INDEX follows_by_run ON follows (run) WHERE ended_at IS NULL;
CREATE INDEX follows_by_place ON follows (place) WHERE ended_at IS NULL;

CREATE TABLE mutes (
    place TEXT NOT NULL,
    run INTEGER NOT NULL, -- 0 is the whole place
    until REAL, -- NULL is for good
    set_by TEXT NOT NULL REFERENCES people,
    set_at REAL NOT NULL,
    PRIMARY KEY (place, run)
) STRICT, WITHOUT ROWID;

CREATE TABLE failures (
    place TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES runs,
    first INTEGER NOT NULL, -- the run that began this burst of failures here
    at REAL NOT NULL,
    mentioned_at REAL, -- somebody was called for it
    PRIMARY KEY (place, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX failures_by_time ON failures (place, at);
CREATE INDEX failures_by_burst ON failures (place, first);

CREATE TABLE outages (
    id INTEGER PRIMARY KEY,
    began_at REAL NOT NULL,
    ended_at REAL
) STRICT;

CREATE TABLE prompt_changes (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs,
    person TEXT NOT NULL REFERENCES people,
    at REAL NOT NULL,
    added INTEGER NOT NULL, -- 0: removed
    prompt INTEGER NOT NULL -- index into the run's prompts
) STRICT;

CREATE TABLE services (
    identity TEXT PRIMARY KEY,
    seen_at REAL NOT NULL -- jobs created before were there already
) STRICT;

-- The browser room: who is in it, what was said, who may come in. Times are seconds since 1970, UTC.
-- Everything that a page shows carries the revision of its last change, so that a page that was away can catch up.
CREATE TABLE room_revision (value INTEGER NOT NULL) STRICT;
INSERT INTO room_revision VALUES (1);

CREATE TABLE room_people (
    user TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    added_at REAL NOT NULL,
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE room_channels (
    name TEXT PRIMARY KEY, -- @user for the direct conversation of that person with the bot
    added_at REAL NOT NULL,
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE room_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT UNIQUE,
    channel TEXT NOT NULL REFERENCES room_channels,
    thread INTEGER REFERENCES room_messages, -- the root it hangs below
    author TEXT REFERENCES room_people, -- NULL is the bot
    audience TEXT REFERENCES room_people, -- set on what one person alone sees
    ping TEXT, -- whom it calls: a user, or * for everyone
    body TEXT NOT NULL, -- JSON
    at REAL NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX room_messages_by_channel ON room_messages (channel, id) WHERE thread IS NULL;
CREATE INDEX room_messages_by_thread ON room_messages (thread, id) WHERE thread IS NOT NULL;
CREATE INDEX room_messages_by_ping ON room_messages (channel, id) WHERE ping IS NOT NULL;
CREATE INDEX room_messages_by_revision ON room_messages (revision);

CREATE TABLE room_reactions (
    message INTEGER NOT NULL REFERENCES room_messages,
    person TEXT NOT NULL, -- a user; empty for the bot
    emoji TEXT NOT NULL,
    PRIMARY KEY (message, person, emoji)
) STRICT;

CREATE TABLE room_pictures (
    sha256 TEXT PRIMARY KEY,
    png BLOB NOT NULL
) STRICT;

CREATE TABLE room_shown (
    message INTEGER NOT NULL REFERENCES room_messages,
    sha256 TEXT NOT NULL REFERENCES room_pictures,
    PRIMARY KEY (message, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_shown_by_picture ON room_shown (sha256);

CREATE TABLE room_reads (
    person TEXT NOT NULL REFERENCES room_people,
    channel TEXT NOT NULL REFERENCES room_channels,
    message INTEGER NOT NULL, -- read up to here
    PRIMARY KEY (person, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE room_invites (
    hash TEXT PRIMARY KEY, -- of a token that works once
    at REAL NOT NULL
) STRICT;

CREATE TABLE room_sessions (
    hash TEXT PRIMARY KEY, -- of the secret in the cookie
    at REAL NOT NULL
) STRICT;

INSERT INTO room_people VALUES ('ada', 'Ada', 0, 1), ('grace', 'Grace', 0, 1), ('linus', 'Linus', 0, 1);
INSERT INTO room_channels VALUES
    ('training', 0, 1), ('general', 0, 1), ('@ada', 0, 1), ('@grace', 0, 1), ('@linus', 0, 1);

-- The room's private channels and its files.
-- A channel that is not private is everyone's. A private one is seen by those who are inside now; the direct
-- conversation of a person with the bot is one with that person alone inside.
ALTER TABLE room_channels ADD COLUMN title TEXT NOT NULL DEFAULT ''; -- shown where it differs from the name
ALTER TABLE room_channels ADD COLUMN private INTEGER NOT NULL DEFAULT 0;
UPDATE room_channels SET private = 1 WHERE name LIKE '@%';

CREATE TABLE room_members (
    channel TEXT NOT NULL REFERENCES room_channels,
    person TEXT NOT NULL REFERENCES room_people,
    inside INTEGER NOT NULL, -- 0 for somebody who was: their page is told that the channel is gone
    revision INTEGER NOT NULL,
    PRIMARY KEY (channel, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_members_by_person ON room_members (person);
INSERT INTO room_members SELECT name, substr(name, 2), 1, revision FROM room_channels WHERE private;

CREATE TABLE room_files (
    message INTEGER NOT NULL REFERENCES room_messages,
    sha256 TEXT NOT NULL, -- of name and content
    name TEXT NOT NULL, -- as a browser may save it
    content BLOB NOT NULL, -- UTF-8
    PRIMARY KEY (message, sha256)
) STRICT;

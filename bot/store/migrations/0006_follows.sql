-- Whether a follow was set in a private place; follows of more than one run are found without reading the others. For
-- what was set before, a place counts as private where a private run was started in it.
ALTER TABLE follows ADD COLUMN private INTEGER NOT NULL DEFAULT 0;
UPDATE follows SET private = 1 WHERE alone = 1 OR place IN (SELECT home FROM runs WHERE private = 1);
CREATE INDEX follows_by_pattern ON follows (pattern, after, person) WHERE ended_at IS NULL AND run IS NULL;

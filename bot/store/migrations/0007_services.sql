-- Which training service has a run's job: the one that the bot is connected to when the run is written. Empty where an
-- older version did not say.
ALTER TABLE runs ADD COLUMN service TEXT NOT NULL DEFAULT '';
CREATE TABLE connected_service (identity TEXT NOT NULL) STRICT;
CREATE INDEX runs_by_service ON runs (service);
CREATE TRIGGER runs_have_a_service AFTER INSERT ON runs BEGIN
    UPDATE runs SET service = coalesce((SELECT identity FROM connected_service), '') WHERE number = NEW.number;
END;

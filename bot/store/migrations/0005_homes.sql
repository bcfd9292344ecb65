-- Whether not everybody may read of the place where a run was started. Unlike `private`, sharing the run leaves it.
ALTER TABLE runs ADD COLUMN home_private INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET home_private = 1 WHERE home IN (SELECT home FROM runs WHERE private = 1);

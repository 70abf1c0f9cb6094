-- SPDX-License-Identifier: MIT
-- What step 3 of the schema made of a database when it was released.
ALTER TABLE zone ADD COLUMN accepted_usec INTEGER NOT NULL DEFAULT 0;
ALTER TABLE zone ADD COLUMN missing_generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE zone ADD COLUMN missing_elsewhere INTEGER NOT NULL DEFAULT 0;
ALTER TABLE zone ADD COLUMN missing_usec INTEGER NOT NULL DEFAULT 0;
UPDATE zone SET accepted_usec = (SELECT v.at_usec FROM version v WHERE v.generation = zone.generation);
ALTER TABLE backend ADD COLUMN comparison_asked_usec INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backend ADD COLUMN comparison_ended_usec INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backend ADD COLUMN comparison_zones INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backend ADD COLUMN comparison_differed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backend ADD COLUMN comparison_foreign INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backend ADD COLUMN comparison_error TEXT;
CREATE TABLE pass (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  started_usec INTEGER NOT NULL, ended_usec INTEGER NOT NULL,
  dry_run INTEGER NOT NULL, failed INTEGER NOT NULL,
  masters INTEGER NOT NULL, unreachable INTEGER NOT NULL, listed INTEGER NOT NULL,
  held INTEGER NOT NULL, orphans INTEGER NOT NULL, deleted INTEGER NOT NULL,
  braked INTEGER NOT NULL, backfilled INTEGER NOT NULL, moved INTEGER NOT NULL,
  unclear INTEGER NOT NULL, fetched INTEGER NOT NULL, fetch_failed INTEGER NOT NULL,
  lacked INTEGER NOT NULL, healed INTEGER NOT NULL,
  error TEXT) STRICT;
CREATE TABLE listing (
  master TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  since_usec INTEGER NOT NULL, due_usec INTEGER NOT NULL,
  error TEXT) STRICT, WITHOUT ROWID;

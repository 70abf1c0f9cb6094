-- SPDX-License-Identifier: MIT
-- What step 2 of the schema made of a database when it was released.
ALTER TABLE retry ADD COLUMN written INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backend ADD COLUMN delay_usec INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backend ADD COLUMN met INTEGER NOT NULL DEFAULT 0;
CREATE TABLE warning (
  backend INTEGER NOT NULL REFERENCES backend (id) ON DELETE CASCADE,
  zone TEXT NOT NULL REFERENCES zone (name) ON DELETE CASCADE,
  text TEXT NOT NULL,
  PRIMARY KEY (backend, zone)) STRICT, WITHOUT ROWID;
CREATE INDEX warning_zone ON warning (zone);

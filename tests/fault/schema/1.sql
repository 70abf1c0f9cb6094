-- SPDX-License-Identifier: MIT
-- What step 1 of the schema made of a database when it was released.
CREATE TABLE version (
  generation INTEGER PRIMARY KEY AUTOINCREMENT,
  zone TEXT NOT NULL,
  deleted INTEGER NOT NULL,
  serial INTEGER NOT NULL,
  digest BLOB,
  hostname TEXT, username TEXT,
  master TEXT, client TEXT,
  at_usec INTEGER NOT NULL,
  content BLOB,
  CHECK (deleted = (content IS NULL) AND deleted = (digest IS NULL))) STRICT;
CREATE INDEX version_zone ON version (zone, generation);
CREATE INDEX version_deleted ON version (at_usec) WHERE deleted = 1;
CREATE TABLE zone (
  name TEXT PRIMARY KEY,
  generation INTEGER NOT NULL UNIQUE REFERENCES version (generation),
  deleted INTEGER NOT NULL,
  urgent INTEGER NOT NULL,
  hostname TEXT, username TEXT) STRICT, WITHOUT ROWID;
CREATE INDEX zone_urgent ON zone (generation) WHERE urgent = 1;
CREATE INDEX zone_tombstone ON zone (generation) WHERE deleted = 1;
CREATE TABLE backend (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  target TEXT NOT NULL,
  cursor INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  since_usec INTEGER NOT NULL DEFAULT 0,
  due_usec INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  incarnation TEXT) STRICT;
CREATE TABLE retry (
  backend INTEGER NOT NULL REFERENCES backend (id) ON DELETE CASCADE,
  zone TEXT NOT NULL REFERENCES zone (name) ON DELETE CASCADE,
  generation INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  due_usec INTEGER,
  error TEXT,
  PRIMARY KEY (backend, zone)) STRICT, WITHOUT ROWID;
CREATE INDEX retry_due ON retry (backend, due_usec);
CREATE INDEX retry_zone ON retry (zone);
CREATE TABLE ahead (
  backend INTEGER NOT NULL REFERENCES backend (id) ON DELETE CASCADE,
  generation INTEGER NOT NULL,
  PRIMARY KEY (backend, generation)) STRICT, WITHOUT ROWID;
CREATE TABLE master (
  name TEXT PRIMARY KEY,
  hostname TEXT, client TEXT,
  contact_usec INTEGER NOT NULL,
  accepted INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TABLE rejected (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_usec INTEGER NOT NULL,
  zone TEXT, hostname TEXT, master TEXT, client TEXT,
  reason TEXT NOT NULL) STRICT;

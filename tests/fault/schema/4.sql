-- SPDX-License-Identifier: MIT
-- What step 4 of the schema made of a database when it was released.
ALTER TABLE backend ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backend ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backend ADD COLUMN delivered_usec INTEGER NOT NULL DEFAULT 0;

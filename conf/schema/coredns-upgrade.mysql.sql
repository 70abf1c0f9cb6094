-- SPDX-License-Identifier: MIT
-- Brings tables that CoreDNS' mysql plugin made itself up to coredns.mysql.sql, version 1. To be loaded once:
--
--   mariadb coredns < coredns-upgrade.mysql.sql
--
-- Rows stay as they are, and the plugin may run meanwhile. It ends at the first error: a name that is not ASCII, or a
-- negative ttl, has to be corrected first. Without it ddns works as well, but records longer than 1024 characters are left
-- out, and every query reads all records of its zone.

ALTER TABLE zones
        ENGINE = InnoDB,
        ROW_FORMAT = DYNAMIC,
        MODIFY zone_name VARCHAR(255) CHARACTER SET ascii NOT NULL;

ALTER TABLE records
        ENGINE = InnoDB,
        ROW_FORMAT = DYNAMIC,
        MODIFY hostname VARCHAR(1024) CHARACTER SET ascii NOT NULL,
        MODIFY type VARCHAR(10) CHARACTER SET ascii NOT NULL,
        MODIFY data TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
        ADD KEY records_lookup (zone_id, hostname, type),
        ADD CONSTRAINT records_ttl CHECK (ttl >= 0);

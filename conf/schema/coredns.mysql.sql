-- SPDX-License-Identifier: MIT
-- Tables for CoreDNS with its mysql plugin (coredns_mysql_extend), as ddns fills them. Version 1.
--
-- Needs MariaDB 10.3 or MySQL 5.7 or newer. Does nothing to tables that are there; those that the plugin made itself
-- are brought up to this by coredns-upgrade.mysql.sql. The tables may have other names: see "tables" in ddns.yaml(5).
--
-- First a database, the user of ddns (with the address that it comes from) and the one of CoreDNS:
--
--   CREATE DATABASE coredns CHARACTER SET utf8mb4;
--   CREATE USER 'ddns'@'192.0.2.1' IDENTIFIED BY '...' REQUIRE SSL;
--   CREATE USER 'coredns'@'localhost' IDENTIFIED BY '...';
--   GRANT SELECT, CREATE ON coredns.* TO 'coredns'@'localhost';   -- it runs CREATE TABLE IF NOT EXISTS when it starts
--
-- Then this file:
--
--   mariadb coredns < coredns.mysql.sql
--
-- And then, as they need the tables, the rights of ddns:
--
--   GRANT SELECT, INSERT, UPDATE, DELETE ON coredns.zones TO 'ddns'@'192.0.2.1';
--   GRANT SELECT, INSERT, UPDATE, DELETE ON coredns.records TO 'ddns'@'192.0.2.1';

-- Names are ASCII in DNS' presentation form, lower case; upper and lower case are the same. An id lives as long as its zone.
CREATE TABLE IF NOT EXISTS zones (
        id        INT NOT NULL AUTO_INCREMENT,
        zone_name VARCHAR(255) CHARACTER SET ascii NOT NULL, -- "example.org."
        PRIMARY KEY (id),
        UNIQUE KEY zones_name (zone_name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The plugin asks by zone_id, hostname and type for every query. A negative ttl would make it hang.
CREATE TABLE IF NOT EXISTS records (
        id       INT NOT NULL AUTO_INCREMENT,
        zone_id  INT NOT NULL,
        hostname VARCHAR(1024) CHARACTER SET ascii NOT NULL, -- "@", "*", "www"
        type     VARCHAR(10) CHARACTER SET ascii NOT NULL,
        data     TEXT NOT NULL,                              -- all record data: "10 mail.example.org."
        ttl      INT NOT NULL DEFAULT 120 CHECK (ttl >= 0),
        online   INT NOT NULL DEFAULT 0,                     -- 0: not served
        PRIMARY KEY (id),
        KEY records_lookup (zone_id, hostname, type),
        CONSTRAINT records_zone FOREIGN KEY (zone_id) REFERENCES zones (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

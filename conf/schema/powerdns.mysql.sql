-- SPDX-License-Identifier: MIT
-- Tables for PowerDNS' generic MySQL backend, with the columns and indexes of PowerDNS 4.7. Version 1.
--
-- For a fresh database, where PowerDNS' own schema.mysql.sql is not at hand: usually this machine has no PowerDNS. Either
-- file will do, PowerDNS' own is as good, and its later upgrade scripts apply to both. Does nothing to tables that are
-- there. Needs MariaDB 10.3 or MySQL 5.7 or newer. The tables that ddns writes may have other names: see "tables" in ddns.yaml(5).
--
-- First a database, the user of ddns (with the address that it comes from) and the one of PowerDNS:
--
--   CREATE DATABASE pdns;
--   CREATE USER 'ddns'@'192.0.2.1' IDENTIFIED BY '...' REQUIRE SSL;
--   CREATE USER 'pdns'@'localhost' IDENTIFIED BY '...';
--   GRANT SELECT ON pdns.* TO 'pdns'@'localhost';
--
-- Then this file:
--
--   mariadb pdns < powerdns.mysql.sql
--
-- And then, as they need the tables, the rights:
--
--   GRANT SELECT, INSERT, UPDATE, DELETE ON pdns.domains TO 'ddns'@'192.0.2.1';
--   GRANT SELECT, INSERT, UPDATE, DELETE ON pdns.records TO 'ddns'@'192.0.2.1';
--   GRANT SELECT, INSERT, UPDATE, DELETE ON pdns.domainmetadata TO 'ddns'@'192.0.2.1';
--   GRANT SELECT, INSERT, UPDATE, DELETE ON pdns.cryptokeys TO 'ddns'@'192.0.2.1';
--   GRANT SELECT, INSERT, UPDATE, DELETE ON pdns.comments TO 'ddns'@'192.0.2.1';
--   GRANT UPDATE ON pdns.domains TO 'pdns'@'localhost';           -- domain-type: master: it keeps notified_serial there

CREATE TABLE IF NOT EXISTS domains (
        id              INT NOT NULL AUTO_INCREMENT,
        name            VARCHAR(255) NOT NULL, -- "example.org"
        master          VARCHAR(128) DEFAULT NULL,
        last_check      INT DEFAULT NULL,
        type            VARCHAR(8) NOT NULL,
        notified_serial INT UNSIGNED DEFAULT NULL,
        account         VARCHAR(40) CHARACTER SET utf8 DEFAULT NULL,
        options         VARCHAR(64000) DEFAULT NULL,
        catalog         VARCHAR(255) DEFAULT NULL,
        PRIMARY KEY (id),
        UNIQUE KEY name_index (name),
        KEY catalog_idx (catalog)
) ENGINE = InnoDB DEFAULT CHARACTER SET latin1;

CREATE TABLE IF NOT EXISTS records (
        id        BIGINT NOT NULL AUTO_INCREMENT,
        domain_id INT DEFAULT NULL,
        name      VARCHAR(255) DEFAULT NULL,
        type      VARCHAR(10) DEFAULT NULL, -- NULL: an empty non-terminal
        content   VARCHAR(64000) DEFAULT NULL,
        ttl       INT DEFAULT NULL,
        prio      INT DEFAULT NULL,
        disabled  TINYINT(1) DEFAULT 0,
        ordername VARCHAR(255) COLLATE latin1_bin DEFAULT NULL,
        auth      TINYINT(1) DEFAULT 1,
        PRIMARY KEY (id),
        KEY nametype_index (name, type),
        KEY domain_id (domain_id),
        KEY ordername (ordername)
) ENGINE = InnoDB DEFAULT CHARACTER SET latin1;

-- With thousands of signed zones, PowerDNS finds the neighbours of a name faster by this one:
--   CREATE INDEX ddns_order ON records (domain_id, ordername);

CREATE TABLE IF NOT EXISTS domainmetadata (
        id        INT NOT NULL AUTO_INCREMENT,
        domain_id INT NOT NULL,
        kind      VARCHAR(32) DEFAULT NULL,
        content   TEXT DEFAULT NULL,
        PRIMARY KEY (id),
        KEY domainmetadata_idx (domain_id, kind)
) ENGINE = InnoDB DEFAULT CHARACTER SET latin1;

CREATE TABLE IF NOT EXISTS cryptokeys (
        id        INT NOT NULL AUTO_INCREMENT,
        domain_id INT NOT NULL,
        flags     INT NOT NULL,
        active    TINYINT(1) DEFAULT NULL,
        published TINYINT(1) DEFAULT 1,
        content   TEXT DEFAULT NULL,
        PRIMARY KEY (id),
        KEY domainidindex (domain_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET latin1;

CREATE TABLE IF NOT EXISTS comments (
        id          INT NOT NULL AUTO_INCREMENT,
        domain_id   INT NOT NULL,
        name        VARCHAR(255) NOT NULL,
        type        VARCHAR(10) NOT NULL,
        modified_at INT NOT NULL,
        account     VARCHAR(40) CHARACTER SET utf8 DEFAULT NULL,
        comment     TEXT CHARACTER SET utf8 NOT NULL,
        PRIMARY KEY (id),
        KEY comments_name_type_idx (name, type),
        KEY comments_order_idx (domain_id, modified_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET latin1;

-- PowerDNS reads these two as well; ddns never does.
CREATE TABLE IF NOT EXISTS supermasters (
        ip         VARCHAR(64) NOT NULL,
        nameserver VARCHAR(255) NOT NULL,
        account    VARCHAR(40) CHARACTER SET utf8 NOT NULL,
        PRIMARY KEY (ip, nameserver)
) ENGINE = InnoDB DEFAULT CHARACTER SET latin1;

CREATE TABLE IF NOT EXISTS tsigkeys (
        id        INT NOT NULL AUTO_INCREMENT,
        name      VARCHAR(255) DEFAULT NULL,
        algorithm VARCHAR(50) DEFAULT NULL,
        secret    VARCHAR(255) DEFAULT NULL,
        PRIMARY KEY (id),
        UNIQUE KEY namealgoindex (name, algorithm)
) ENGINE = InnoDB DEFAULT CHARACTER SET latin1;

# SPDX-License-Identifier: MIT
"""Inside of a booted container: a MariaDB as the distribution's, with the schemas that were installed, and backends that reach it
by a host name and TLS, or by its UNIX socket without a password."""

import os
import subprocess

from cases import DIE_WITH_US, wait_until
from machine import run

SCHEMA = "/usr/share/ddns/schema"
CA = "/etc/ssl/test/server.crt"
SOCKET = "/run/mysqld/mysqld.sock"
HOST = "database.example"
PASSWORD = "it's a \\secret"
TABLES = {"coredns": ("zones", "records"), "pdns": ("domains", "records", "domainmetadata", "cryptokeys", "comments")}


OPENSSL = f"""[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = {HOST}
[extensions]
subjectAltName = DNS:{HOST}
"""


def make_certificate(path):
    """For HOST, signed by itself."""
    with open(f"{path}.cnf", "w", encoding="utf-8") as f:
        f.write(OPENSSL)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-config", f"{path}.cnf",
        "-keyout", f"{path}.key", "-out", f"{path}.crt")


def sql(text, database=""):
    return run("mariadb", "--no-defaults", f"--socket={SOCKET}", "--user=root", "--batch", "--skip-column-names",
               *([database] if database else []), stdin=text).split()


def answers():
    try:
        return sql("SELECT 1") == ["1"]
    except subprocess.CalledProcessError:
        return False


def start_database():
    """As the distribution's: its socket in /run, its port with TLS."""
    for directory in ("/run/mysqld", "/var/lib/mysql", "/etc/ssl/test"):
        os.makedirs(directory, exist_ok=True)
        os.chmod(directory, 0o755)
    with open("/etc/hosts", "a", encoding="utf-8") as f:
        f.write(f"127.0.0.1 localhost {HOST}\n")
    make_certificate("/etc/ssl/test/server")
    os.chmod("/etc/ssl/test/server.crt", 0o644)
    run("mariadb-install-db", "--no-defaults", "--user=root", "--datadir=/var/lib/mysql", "--skip-test-db", "--force")
    subprocess.Popen([*DIE_WITH_US, "KILL", "mariadbd", "--no-defaults", "--user=root", "--datadir=/var/lib/mysql",
                      f"--socket={SOCKET}", "--bind-address=127.0.0.1", "--skip-name-resolve", "--plugin-load-add=auth_socket",
                      "--ssl-cert=/etc/ssl/test/server.crt", "--ssl-key=/etc/ssl/test/server.key",
                      "--innodb-buffer-pool-size=64M"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)
    wait_until(answers, 60, "MariaDB answers")


def load_schemas():
    """As the schema files and ddns-mysql(7) say it."""
    literal = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
    sql(f"CREATE USER remote@'%' IDENTIFIED BY '{literal}' REQUIRE SSL; CREATE USER ddns@localhost IDENTIFIED VIA unix_socket")
    for database, tables in TABLES.items():
        sql(f"CREATE DATABASE {database}")
        with open(f"{SCHEMA}/{database.replace('pdns', 'powerdns')}.mysql.sql", encoding="utf-8") as f:
            schema = f.read()
        sql(schema, database)
        sql(schema, database)  # which does nothing
        for table in tables:
            for user in ("remote@'%'", "ddns@localhost"):
                sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {database}.{table} TO {user}")


def backends():
    tls = {"host": HOST, "username": "remote", "password-file": "remote.password", "tls": {"ca": CA}}
    local = {"socket": SOCKET, "username": "ddns"}
    return [{"name": f"{database}-{way}", "type": f"{kind}-mysql", "database": database, **settings}
            for way, settings in (("tls", tls), ("socket", local))
            for database, kind in (("coredns", "coredns"), ("pdns", "powerdns"))]

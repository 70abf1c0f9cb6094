/* SPDX-License-Identifier: MIT */
/* What the tests of src/mysql with a real server share. */
#include <string.h>

#include "mysql-server.h"

Mariadb server;
DdnsMessage message;

int start_server(void **state) {
        if (!mariadb_open(&server))
                return 0;
        mariadb_start(&server, "");
        mariadb_run(&server, NULL, "CREATE DATABASE dns CHARACTER SET utf8mb4");
        return 0;
}

static bool is_installed(void) {
        return server.root[0];
}

int stop_server(void **state) {
        if (is_installed())
                mariadb_close(&server);
        return 0;
}

int need_server(void **state) {
        if (!is_installed())
                skip();
        return 0;
}

DdnsMysqlConfig short_config(void) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");

        config.connect_timeout_usec = config.write_timeout_usec = USEC_PER_SEC;
        config.read_timeout_usec = 2 * USEC_PER_SEC;
        return config;
}

DdnsMysql *open_mysql(const DdnsMysqlConfig *config) {
        DdnsMysql *m;

        assert_int_equal(ddns_mysql_new(config, &m, &message), 0);
        int r = ddns_mysql_connect(m, &message);
        if (r != 1)
                fail_msg("%d: %s", r, message.text);
        return m;
}

int run(DdnsMysql *m, const char *sql) {
        message.text[0] = '\0';
        return ddns_mysql_run(m, sql, NULL, 0, NULL, NULL, &message);
}

void must(DdnsMysql *m, const char *sql) {
        if (run(m, sql) != 0)
                fail_msg("%s: %s", sql, message.text);
}

void assert_message(const char *part) {
        if (!strstr(message.text, part) || strchr(message.text, '\n') ||
            strstr(message.text, MARIADB_PASSWORD))
                fail_msg("not \"%s\" in: %s", part, message.text);
}

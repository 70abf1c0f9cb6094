/* SPDX-License-Identifier: MIT */
/* Tests of src/mysql/ with a real server. */
#include <errno.h>
#include <string.h>

#include "basic/clock.h"
#include "mariadb.h"
#include "mysql/mysql.h"
#include "test.h"

static Mariadb server;
static bool installed;

static DdnsMysql *open_mysql(const DdnsMysqlConfig *config) {
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsMysql *m;

        assert_int_equal(ddns_mysql_new(config, &m, &message), 0);
        int r = ddns_mysql_connect(m, &message);
        if (r != 1)
                fail_msg("%d: %s", r, message.text);
        return m;
}

static void a_connection_is_kept(void **state) {
        DdnsMysqlConfig config = mariadb_config(&server, "dns");
        ddns_cleanup(ddns_mysql_freep) DdnsMysql *m = open_mysql(&config);

        assert_int_equal(ddns_mysql_connect(m, NULL), 0);
}

static int start(void **state) {
        installed = mariadb_open(&server);
        if (!installed)
                skip();
        mariadb_start(&server, "");
        mariadb_run(&server, NULL, "CREATE DATABASE dns");
        return 0;
}

static int stop(void **state) {
        if (installed)
                mariadb_close(&server);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_connection_is_kept),
        };
        return cmocka_run_group_tests(tests, start, stop);
}

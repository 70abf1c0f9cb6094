/* SPDX-License-Identifier: MIT */
/* A database for CoreDNS in a real server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/file.h"
#include "coredns.h"
#include "test.h"
#include "zone/zone.h"

/* As coredns_mysql_extend makes them. */
static const char plugin_schema[] =
                "CREATE TABLE zones (id INT NOT NULL AUTO_INCREMENT, zone_name VARCHAR(255) NOT NULL,"
                " PRIMARY KEY (id), UNIQUE KEY (zone_name));"
                "CREATE TABLE records (id INT NOT NULL AUTO_INCREMENT, zone_id INT NOT NULL,"
                " hostname VARCHAR(512) NOT NULL, type VARCHAR(10) NOT NULL, data VARCHAR(1024) NOT NULL,"
                " ttl INT NOT NULL DEFAULT 120, online INT NOT NULL DEFAULT 0, PRIMARY KEY (id),"
                " FOREIGN KEY (zone_id) REFERENCES zones(id))";

bool coredns_open(Coredns *c) {
        *c = (Coredns){ 0 };
        if (!mariadb_open(&c->server))
                return false;
        mariadb_start(&c->server, "");
        c->config = (DdnsBackendConfig){
                .name = (char *) "dc1",
                .type = DDNS_BACKEND_COREDNS_MYSQL,
                .mysql = mariadb_config(&c->server, "coredns"),
                .tables = { .zones = (char *) "zones", .records = (char *) "records" },
        };
        return true;
}

static void free_backend(Coredns *c) {
        if (c->backend)
                ddns_backend_coredns_mysql.free(c->backend);
        c->backend = NULL;
}

void coredns_close(Coredns *c) {
        free_backend(c);
        mariadb_close(&c->server);
}

void coredns_reconnect(Coredns *c) {
        free_backend(c);
        assert_int_equal(ddns_backend_coredns_mysql.new(&c->config, &c->backend, &c->message), 0);
}

void coredns_reset(Coredns *c, bool shipped) {
        ddns_cleanup(ddns_freep) char *schema = NULL;

        assert_int_equal(ddns_file_read(SCHEMA, 1 << 20, &schema, NULL, NULL), 0);
        mariadb_run(&c->server, NULL,
                    "SET GLOBAL read_only = OFF, max_allowed_packet = 16777216, sql_mode = 'STRICT_TRANS_TABLES';"
                    "DROP DATABASE IF EXISTS coredns; CREATE DATABASE coredns CHARACTER SET utf8mb4");
        coredns_run(c, shipped ? schema : plugin_schema);
        coredns_reconnect(c);
}

DdnsTask coredns_save(const char *zone, unsigned serial, const char *more) {
        DdnsTask task = { .zone = zone, .serial = serial };
        static const DdnsZoneLimits limits = { .max_records = 1000 };
        ddns_cleanup(ddns_zone_done) DdnsZone checked = { 0 };
        ddns_cleanup(ddns_freep) char *text = NULL;
        DdnsMessage message;

        assert_true(asprintf(&text,
                             "@ 60 IN SOA ns.host.test. dns.host.test. %u 3600 600 86400 60\n"
                             "@ 60 IN NS ns.host.test.\n%s",
                             serial, more) > 0);
        if (ddns_zone_check(zone, text, strlen(text), &limits, &checked, &message) < 0)
                fail_msg("%s: %s", zone, message.text);
        task.size = strlen(checked.text);
        task.content = TAKE_PTR(checked.text);
        return task;
}

DdnsTask coredns_delete(const char *zone) {
        return (DdnsTask){ .zone = zone, .delete = true };
}

int coredns_apply(Coredns *c, DdnsTask *tasks, size_t n) {
        c->message = DDNS_MESSAGE_NULL;
        int r = ddns_backend_coredns_mysql.apply(c->backend, tasks, n, &c->message);

        for (size_t i = 0; i < n; i++) {
                free((char *) tasks[i].content);
                tasks[i].content = NULL;
        }
        return r;
}

void coredns_write(Coredns *c, DdnsTask task) {
        if (coredns_apply(c, &task, 1) != 0)
                fail_msg("%s: %s", task.zone, c->message.text);
        if (task.state != DDNS_TASK_WRITTEN)
                fail_msg("%s: %s", task.zone, task.message.text);
}

void coredns_run(const Coredns *c, const char *sql) {
        mariadb_run(&c->server, "coredns", sql);
}

void coredns_assert(const Coredns *c, const char *sql, const char *want) {
        ddns_cleanup(ddns_freep) char *text = mariadb_query(&c->server, "coredns", sql);

        assert_string_equal(text, want);
}

unsigned long coredns_rows_written(const Coredns *c) {
        ddns_cleanup(ddns_freep) char *text = mariadb_query(
                        &c->server, NULL,
                        "SELECT CAST(SUM(VARIABLE_VALUE) AS INT) FROM information_schema.GLOBAL_STATUS WHERE "
                        "VARIABLE_NAME IN ('HANDLER_WRITE','HANDLER_UPDATE','HANDLER_DELETE')");

        return strtoul(text, NULL, 10);
}

void coredns_save_three(DdnsTask tasks[3], unsigned serial) {
        tasks[0] = coredns_save("one.example", serial, "www 60 IN A 192.0.2.1\n");
        tasks[1] = coredns_save("three.example", serial, "www 60 IN A 192.0.2.1\n");
        tasks[2] = coredns_save("two.example", serial, "www 60 IN A 192.0.2.1\n");
}

void coredns_assert_states(const DdnsTask tasks[3], DdnsTaskState a, DdnsTaskState b, DdnsTaskState c) {
        const DdnsTaskState want[] = { a, b, c };

        for (size_t i = 0; i < 3; i++)
                if (tasks[i].state != want[i])
                        fail_msg("%s is %d: %s", tasks[i].zone, tasks[i].state, tasks[i].message.text);
}

void coredns_assert_whole(const Coredns *c, const char *n_zones) {
        coredns_assert(c, "SELECT COUNT(*) FROM zones", n_zones);
        coredns_assert(c,
                       "SELECT COUNT(*) FROM (SELECT zone_id FROM records GROUP BY zone_id HAVING COUNT(*)<>3) x",
                       "0");
}

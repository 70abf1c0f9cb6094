/* SPDX-License-Identifier: MIT */
/* Masters, database and passes in a temporary directory. */
#include "pass-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "daemon.h"
#include "store/options.h"
#include "zone/zone.h"

static char *in_directory(const Fixture *f, const char *name) {
        char *ret = NULL;

        assert_true(asprintf(&ret, "%s/%s", f->directory, name) >= 0);
        return ret;
}

static char *url_of(const Master *m) {
        char *ret = NULL;

        assert_true(asprintf(&ret, "http://127.0.0.1:%u", m->port) >= 0);
        return ret;
}

static void configure(Fixture *f, size_t i, const char *name, const char *servername) {
        f->config.reconcile.masters[i] = (DdnsReconcileMaster){
                .name = strdup(name),
                .servername = strdup(servername),
                .url = url_of(&f->masters[i]),
                .username = strdup("admin"),
                .password_file = in_directory(f, "password"),
                .timeout_usec = 5 * USEC_PER_SEC,
                .total_timeout_usec = 20 * USEC_PER_SEC,
        };
}

int set_up(void **state) {
        Fixture *f = calloc(1, sizeof *f);

        assert_non_null(f);
        strcpy(f->directory, "/tmp/ddns-test-pass-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        daemon_write_file(f->directory, "password", "secret\n");
        assert_int_equal(ddns_config_default(&f->config), 0);
        free(f->config.state.database);
        f->config.state.database = in_directory(f, "ddns.db");
        free(f->config.state.wake);
        f->config.state.wake = in_directory(f, "wake");
        f->config.reconcile.masters = calloc(2, sizeof(DdnsReconcileMaster));
        f->config.reconcile.n_masters = 2;
        f->config.reconcile.patience_usec = 0;
        for (size_t i = 0; i < 2; i++)
                master_start(&f->masters[i]);
        configure(f, 0, "one", "server1.test");
        configure(f, 1, "two", "server2.test");
        MASTER_LIST(&f->masters[0], "kept1.test");
        MASTER_LIST(&f->masters[1], "kept2.test");
        (void) push(f, "kept1.test", 1, "server1.test");
        (void) push(f, "kept2.test", 1, "server2.test");
        *state = f;
        return 0;
}

int tear_down(void **state) {
        Fixture *f = *state;

        for (size_t i = 0; i < 2; i++)
                master_stop(&f->masters[i]);
        ddns_config_done(&f->config);
        daemon_remove(f->directory);
        free(f);
        return 0;
}

DdnsStore *open_store(const Fixture *f) {
        DdnsStoreOptions options = ddns_store_options(&f->config);
        DdnsStore *s = NULL;

        assert_int_equal(ddns_store_open(f->config.state.database, &options, &s, NULL), 0);
        return s;
}

uint64_t push(const Fixture *f, const char *zone, uint32_t serial, const char *hostname) {
        return push_at(f, zone, serial, hostname, ddns_now_usec());
}

uint64_t push_at(const Fixture *f, const char *zone, uint32_t serial, const char *hostname,
                 uint64_t usec) {
        ddns_cleanup(ddns_store_freep) DdnsStore *s = open_store(f);
        ddns_cleanup(ddns_zone_done) DdnsZone z = DDNS_ZONE_NULL;
        const DdnsZoneLimits limits = { .max_records = 100 };
        char text[512];

        (void) snprintf(text, sizeof text,
                        "@ 60 IN SOA ns.host. h.host. %u 1 1 1 1\n@ 60 IN NS ns.host.\n", serial);
        assert_int_equal(ddns_zone_check(zone, text, strlen(text), &limits, &z, NULL), 0);
        DdnsChange c = { .kind = DDNS_CHANGE_SAVE,
                         .zone = zone,
                         .content = z.text,
                         .size = z.size,
                         .digest = z.digest,
                         .serial = z.serial,
                         .hostname = hostname,
                         .master = "da" };
        assert_int_equal(ddns_store_accept(s, &c, 1, usec), 0);
        return c.generation;
}

void remove_zone(const Fixture *f, const char *zone) {
        ddns_cleanup(ddns_store_freep) DdnsStore *s = open_store(f);
        DdnsChange c = { .kind = DDNS_CHANGE_DELETE, .zone = zone, .force = true, .master = "da" };

        assert_int_equal(ddns_store_accept(s, &c, 1, ddns_now_usec()), 0);
        assert_int_equal(c.outcome, DDNS_OUTCOME_DELETED);
}

DdnsPass pass(Fixture *f) {
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsPass ret = { 0 };

        int r = ddns_pass_run(&f->config, &f->options, &ret, &message);
        if (r < 0)
                fail_msg("%s", message.text);
        return ret;
}

DdnsZoneRow row_of(const Fixture *f, const char *zone) {
        ddns_cleanup(ddns_store_freep) DdnsStore *s = open_store(f);
        DdnsZoneRow row = { 0 };

        int r = ddns_store_get_zone(s, zone, &row, NULL);
        assert_true(r == 0 || r == -ENOENT);
        row.deleted = row.deleted || r < 0;
        return row;
}

bool is_held(const Fixture *f, const char *zone) {
        return !row_of(f, zone).deleted;
}

/* SPDX-License-Identifier: MIT */
/* The BIND backend against a real named. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "basic/buffer.h"
#include "basic/clock.h"
#include "daemon.h"
#include "deliver/backend.h"
#include "deliver/bind.h"
#include "dns/soa.h"
#include "named.h"
#include "rndc/rndc.h"
#include "test.h"

/* On a machine under load named is slow, but never that slow. */
#define SERVED_USEC (5 * USEC_PER_SEC)

/* For proofs that must fail. */
#define PROOF_USEC (200 * USEC_PER_MSEC)

typedef struct Fixture {
        Named named;
        DdnsBackendConfig config;
        DdnsBackend *backend;
        DdnsMessage message;
} Fixture;

static Fixture fixture;
static bool has_named;

static char *zone_text(const char *zone, uint32_t serial, const char *address) {
        char *text;

        assert_true(asprintf(&text,
                             "%s. 60 IN SOA ns.%s. h.%s. %u 3600 600 86400 60\n%s. 60 IN NS "
                             "ns.%s.\n"
                             "ns.%s. 60 IN A %s\n",
                             zone, zone, zone, serial, zone, zone, zone, address) > 0);
        return text;
}

static DdnsTask save(const char *zone, uint32_t serial, const char *address) {
        char *content = zone_text(zone, serial, address);

        return (DdnsTask){ .zone = zone, .content = content, .size = strlen(content), .serial = serial };
}

/* named refuses more than 100 records of one type at one name (max-records-per-type). */
static DdnsTask save_poison(const char *zone, uint32_t serial) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        ddns_cleanup(ddns_freep) char *head = zone_text(zone, serial, "192.0.2.1");
        DdnsTask task = { .zone = zone, .serial = serial };

        ddns_buffer_append_text(&b, head);
        for (unsigned i = 0; i < 150; i++)
                ddns_buffer_append_format(&b, "many.%s. 60 IN A 192.0.2.%u\n", zone, i);
        task.content = ddns_buffer_take(&b, &task.size);
        assert_non_null(task.content);
        return task;
}

static DdnsTask delete (const char *zone) {
        return (DdnsTask){ .zone = zone, .delete = true };
}

static int apply(Fixture *f, DdnsTask *tasks, size_t n) {
        int r = ddns_backend_bind.apply(f->backend, tasks, n, &f->message);

        for (size_t i = 0; i < n; i++) {
                free((char *) tasks[i].content);
                tasks[i].content = NULL;
        }
        return r;
}

static void apply_one(Fixture *f, DdnsTask task) {
        assert_int_equal(apply(f, &task, 1), 0);
        if (task.state != DDNS_TASK_WRITTEN)
                fail_msg("%s: %s", task.zone, task.message.text);
}

static void assert_served(const Fixture *f, const char *zone, uint32_t serial) {
        DdnsSoaQuestion q = { .zone = zone, .want_serial = serial };
        DdnsMessage why;

        assert_int_equal(ddns_soa_wait(&f->named.address, &q, 1, SERVED_USEC), 0);
        ddns_soa_explain(&q, &why);
        if (!ddns_soa_is_served(&q))
                fail_msg("%s: %s", zone, why.text);
}

static void assert_absent(const Fixture *f, const char *zone) {
        DdnsSoaQuestion q = { .zone = zone, .want_absent = true };

        assert_int_equal(ddns_soa_wait(&f->named.address, &q, 1, SERVED_USEC), 0);
        assert_true(ddns_soa_is_served(&q));
}

/* The address of ns.ZONE, asked by one plain UDP question: the last four octets of a minimal answer would do, but the
 * authority section follows; so it is searched for. */
static bool serves_address(const Fixture *f, const char *zone, const char *address) {
        uint8_t packet[512] = { 0x12, 0x34, 0, 0, 0, 1 }, answer[512];
        char name[300];
        size_t n = 12;
        struct in_addr in;

        assert_int_equal(inet_pton(AF_INET, address, &in), 1);
        (void) snprintf(name, sizeof name, "ns.%s", zone);
        for (char *rest, *label = strtok_r(name, ".", &rest); label;
             label = strtok_r(NULL, ".", &rest)) {
                packet[n++] = (uint8_t) strlen(label);
                memcpy(packet + n, label, strlen(label));
                n += strlen(label);
        }
        memcpy(packet + n, "\0\0\1\0\1", 5);
        n += 5;

        ddns_cleanup(ddns_closep) int fd = socket(AF_INET, SOCK_DGRAM, 0);
        struct timeval timeout = { .tv_sec = 5 };
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
        assert_int_equal(connect(fd, &f->named.address.sa, sizeof f->named.address.in), 0);
        assert_int_equal(send(fd, packet, n, 0), n);
        ssize_t k = recv(fd, answer, sizeof answer, 0);
        assert_true(k > 0);
        return memmem(answer, (size_t) k, &in, sizeof in) != NULL;
}

static bool has_file(const Fixture *f, const char *zone) {
        char path[512];

        (void) snprintf(path, sizeof path, "%s/%s.db", f->named.zones, zone);
        return access(path, F_OK) == 0;
}

static void command(const Fixture *f, const char *text) {
        DdnsSockaddr control = f->named.address;
        ddns_cleanup(ddns_rndc_freep) DdnsRndc *c = NULL;
        DdnsHmacKey key;
        DdnsRndcReply reply;

        control.in.sin_port = htons((uint16_t) f->named.control_port);
        assert_int_equal(ddns_hmac_key_read(f->named.key_file, &key, NULL), 0);
        assert_int_equal(ddns_rndc_connect(&control, &key, 5 * USEC_PER_SEC, &c, NULL), 0);
        assert_int_equal(ddns_rndc_command(c, text, &reply, NULL), 0);
        assert_int_equal(reply.result, 0);
}

static void open_backend(Fixture *f) {
        f->config = (DdnsBackendConfig){
                .name = (char *) "test",
                .type = DDNS_BACKEND_BIND,
                .zone_dir = f->named.zones,
                .nameservers = &f->named.address,
                .n_nameservers = 1,
                .served_timeout_usec = SERVED_USEC,
                .control = { .address = (char *) "127.0.0.1",
                             .port = f->named.control_port,
                             .key_file = f->named.key_file,
                             .timeout_usec = 10 * USEC_PER_SEC },
        };
        assert_int_equal(ddns_backend_bind.new(&f->config, &f->backend, &f->message), 0);
}

static void reopen(Fixture *f) {
        ddns_backend_bind.free(f->backend);
        assert_int_equal(ddns_backend_bind.new(&f->config, &f->backend, &f->message), 0);
}

static int setup(void **state) {
        Fixture *f = *state = &fixture;

        has_named = named_open(&f->named);
        if (has_named) {
                named_start(&f->named, "");
                open_backend(f);
        }
        return 0;
}

static int teardown(void **state) {
        if (has_named) {
                ddns_backend_bind.free(fixture.backend);
                named_close(&fixture.named);
        }
        return 0;
}

static int need_named(void **state) {
        *state = &fixture;
        return 0;
}

#define NEED_NAMED()                                               \
        do {                                                       \
                if (!has_named) {                                  \
                        print_message("named is not installed\n"); \
                        skip();                                    \
                }                                                  \
        } while (0)

static void new_zone_is_served(void **state) {
        NEED_NAMED();
        apply_one(*state, save("new.test", 1, "192.0.2.1"));
        assert_served(*state, "new.test", 1);
}

static void each_change_of_a_row_is_served(void **state) {
        NEED_NAMED();
        for (uint32_t serial = 1; serial <= 20; serial++) {
                apply_one(*state, save("changed.test", serial, "192.0.2.1"));
                assert_served(*state, "changed.test", serial);
        }
}

static void lower_serial_is_served(void **state) {
        NEED_NAMED();
        apply_one(*state, save("lower.test", 100, "192.0.2.1"));
        apply_one(*state, save("lower.test", 7, "192.0.2.1"));
        assert_served(*state, "lower.test", 7);
}

static void other_content_with_the_same_serial_is_loaded_before_it_counts(void **state) {
        NEED_NAMED();
        apply_one(*state, save("same.test", 1, "192.0.2.1"));
        assert_true(serves_address(*state, "same.test", "192.0.2.1"));
        apply_one(*state, save("same.test", 1, "192.0.2.2"));
        assert_true(serves_address(*state, "same.test", "192.0.2.2"));
        apply_one(*state, save("same.test", 1, "192.0.2.3"));
        assert_true(serves_address(*state, "same.test", "192.0.2.3"));
}

static void other_content_with_the_same_serial_that_named_refuses_fails(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        apply_one(f, save("stale.test", 1, "192.0.2.1"));
        f->config.served_timeout_usec = PROOF_USEC;
        DdnsTask task = save_poison("stale.test", 1);
        assert_int_equal(apply(f, &task, 1), 0);
        assert_int_equal(task.state, DDNS_TASK_FAILED);
        assert_non_null(strstr(task.message.text, "kept the old content of stale.test"));
        f->config.served_timeout_usec = SERVED_USEC;
        apply_one(f, save("stale.test", 1, "192.0.2.2"));
        assert_true(serves_address(f, "stale.test", "192.0.2.2"));
}

static void deleted_zone_is_gone_and_so_is_its_file(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        apply_one(f, save("gone.test", 1, "192.0.2.1"));
        assert_true(has_file(f, "gone.test"));
        apply_one(f, delete ("gone.test"));
        assert_absent(f, "gone.test");
        assert_false(has_file(f, "gone.test"));
        apply_one(f, delete ("gone.test"));
        apply_one(f, delete ("never-there.test"));
}

static void deleted_zone_can_come_back_at_once_with_the_same_serial(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        for (unsigned i = 1; i <= 10; i++) {
                char address[16];

                (void) snprintf(address, sizeof address, "192.0.2.%u", i);
                apply_one(f, save("again.test", 1, address));
                assert_true(serves_address(f, "again.test", address));
                apply_one(f, delete ("again.test"));
        }
        assert_absent(f, "again.test");
}

static void names_of_options_and_of_zones_in_named_are_names(void **state) {
        static const char *const names[] = { "-c", "-clean", "-redirect", "version.bind" };
        Fixture *f = *state;

        NEED_NAMED();
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                apply_one(f, save(names[i], 1, "192.0.2.1"));
                apply_one(f, save(names[i], 1, "192.0.2.2")); /* zonestatus tells */
                apply_one(f, save(names[i], 2, "192.0.2.3"));
                assert_served(f, names[i], 2);
                apply_one(f, delete (names[i]));
                assert_absent(f, names[i]);
        }
}

static void zone_that_named_lost_is_added_again(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        apply_one(f, save("lost.test", 1, "192.0.2.1"));
        command(f, "delzone lost.test");
        assert_absent(f, "lost.test");
        apply_one(f, save("lost.test", 1, "192.0.2.1"));
        assert_served(f, "lost.test", 1);
}

static void zone_that_is_there_already_is_reloaded(void **state) {
        Fixture *f = *state;
        char text[512];

        NEED_NAMED();
        apply_one(f, save("there.test", 1, "192.0.2.1"));
        /* Without a name server to ask and without the file, addzone is the guess. */
        f->config.n_nameservers = 0;
        (void) snprintf(text, sizeof text, "%s/there.test.db", f->named.zones);
        assert_int_equal(unlink(text), 0);
        apply_one(f, save("there.test", 1, "192.0.2.2"));
        assert_true(serves_address(f, "there.test", "192.0.2.2"));
        apply_one(f, save("there.test", 2, "192.0.2.3"));
        f->config.n_nameservers = 1;
        assert_served(f, "there.test", 2);
}

/* As after the clock was set back: the file is older than what named has loaded. */
static void file_dated_before_the_last_load_is_loaded_all_the_same(void **state) {
        struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) - 3600 } };
        Fixture *f = *state;
        char path[512];

        NEED_NAMED();
        apply_one(f, save("clock.test", 1, "192.0.2.1"));
        DdnsTask task = save("clock.test", 2, "192.0.2.2");
        DdnsBindPlan plan = { .task = &task, .known = true };
        daemon_write_file(f->named.root, "zones/clock.test.db", task.content);
        free((char *) task.content);
        (void) snprintf(path, sizeof path, "%s/clock.test.db", f->named.zones);
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
        assert_int_equal(ddns_bind_load(f->backend, &plan, 1, &f->message), 0);
        assert_int_equal(task.state, DDNS_TASK_WRITTEN);
        assert_served(f, "clock.test", 2);
}

static void without_a_name_server_to_ask_the_control_channel_proves_each_load(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        f->config.n_nameservers = 0;
        for (uint32_t serial = 1; serial <= 10; serial++) {
                char address[16];

                (void) snprintf(address, sizeof address, "192.0.2.%u", serial);
                apply_one(f, save("unasked.test", serial, address));
                assert_true(serves_address(f, "unasked.test", address));
        }
        f->config.served_timeout_usec = PROOF_USEC;
        DdnsTask task = save_poison("unasked.test", 11);
        assert_int_equal(apply(f, &task, 1), 0);
        assert_int_equal(task.state, DDNS_TASK_FAILED);
        assert_non_null(strstr(task.message.text, "named kept serial 10 instead of 11"));
        f->config.served_timeout_usec = SERVED_USEC;
        f->config.n_nameservers = 1;
}

static void poison_zone_fails_with_named_s_words_and_delays_no_other(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        DdnsTask tasks[] = { save("good-1.test", 1, "192.0.2.1"), save_poison("poison.test", 1),
                             save("good-2.test", 1, "192.0.2.1"), delete ("good-0.test") };
        assert_int_equal(apply(f, tasks, ARRAY_SIZE(tasks)), 0);
        assert_int_equal(tasks[0].state, DDNS_TASK_WRITTEN);
        assert_int_equal(tasks[1].state, DDNS_TASK_FAILED);
        assert_string_equal(tasks[1].message.text,
                            "named refused addzone: dns_zone_loadnew failed: too many records");
        assert_int_equal(tasks[2].state, DDNS_TASK_WRITTEN);
        assert_int_equal(tasks[3].state, DDNS_TASK_WRITTEN);
        assert_served(f, "good-2.test", 1);

        apply_one(f, save("poison.test", 2, "192.0.2.1"));
        assert_served(f, "poison.test", 2);
}

/* What the lane does after the name server was asked. */
static void settle(Fixture *f, const char *zone, bool served) {
        assert_int_equal(ddns_backend_bind.settle(f->backend, zone, served, &f->message), 0);
}

static void apply_and_settle(Fixture *f, DdnsTask task) {
        apply_one(f, task);
        assert_served(f, task.zone, task.serial);
        settle(f, task.zone, true);
}

static void start_anew(Fixture *f, const char *extra) {
        named_stop(&f->named, SIGKILL);
        named_start(&f->named, extra);
}

static void assert_nothing_is_kept(const Fixture *f, const char *zone) {
        char path[512];

        (void) snprintf(path, sizeof path, "%s/.ddns-kept/%s.db", f->named.zones, zone);
        assert_int_equal(access(path, F_OK), -1);
}

static void version_that_named_refuses_leaves_the_last_good_one_also_after_a_restart(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        apply_and_settle(f, save("rolled.test", 1, "192.0.2.1"));
        apply_and_settle(f, save("rolled.test", 2, "192.0.2.2"));
        for (unsigned tries = 0; tries < 2; tries++) {
                apply_one(f, save_poison("rolled.test", 3)); /* written, but named keeps serial 2 */
                settle(f, "rolled.test", false);
                assert_nothing_is_kept(f, "rolled.test");
                start_anew(f, "");
                assert_served(f, "rolled.test", 2);
                assert_true(serves_address(f, "rolled.test", "192.0.2.2"));
        }
        settle(f, "rolled.test", false); /* twice is as good as once */
        start_anew(f, "");
        assert_served(f, "rolled.test", 2);
        apply_and_settle(f, save("rolled.test", 4, "192.0.2.4"));
        assert_true(serves_address(f, "rolled.test", "192.0.2.4"));
        assert_nothing_is_kept(f, "rolled.test");
}

static void version_that_the_backend_itself_fails_is_rolled_back(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        apply_and_settle(f, save("itself.test", 1, "192.0.2.1"));
        f->config.served_timeout_usec = PROOF_USEC;
        DdnsTask task = save_poison("itself.test", 1);
        assert_int_equal(apply(f, &task, 1), 0);
        assert_int_equal(task.state, DDNS_TASK_FAILED);
        f->config.served_timeout_usec = SERVED_USEC;
        assert_nothing_is_kept(f, "itself.test");
        start_anew(f, "");
        assert_true(serves_address(f, "itself.test", "192.0.2.1"));
}

static void new_zone_that_named_refuses_is_taken_away(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        DdnsTask task = save_poison("refused.test", 1);
        assert_int_equal(apply(f, &task, 1), 0);
        assert_int_equal(task.state, DDNS_TASK_FAILED);
        assert_false(has_file(f, "refused.test"));
        assert_absent(f, "refused.test");
        start_anew(f, "");
        assert_absent(f, "refused.test");
}

/* ddns-retry is killed between the rename and the served check, and named is started anew before the next try. */
static void last_good_version_survives_a_kill_and_a_restart(void **state) {
        DdnsSoaQuestion q = { .zone = "killed.test" };
        Fixture *f = *state;

        NEED_NAMED();
        apply_and_settle(f, save("killed.test", 1, "192.0.2.1"));
        apply_one(f, save_poison("killed.test", 2));
        reopen(f);
        start_anew(f, "");
        assert_int_equal(ddns_soa_ask(&f->named.address, &q, 1, SERVED_USEC), 0);
        assert_int_equal(q.state, DDNS_SOA_FAILED);
        DdnsTask task = save_poison("killed.test", 2); /* it was not recorded, so it is done again */
        assert_int_equal(apply(f, &task, 1), 0);
        assert_int_equal(task.state,
                         DDNS_TASK_FAILED); /* a zone that is not loaded yet is refused at once */
        assert_served(f, "killed.test", 1);
        start_anew(f, "");
        assert_served(f, "killed.test", 1);
        assert_nothing_is_kept(f, "killed.test");
}

/* What was forgotten is there again after a power cut, since nothing waits for that to be on disk. */
static void version_seen_served_is_put_back_although_an_older_one_is_kept_after_a_power_cut(
                void **state) {
        const struct timespec then[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
        Fixture *f = *state;

        NEED_NAMED();
        apply_and_settle(f, save("cut.test", 1, "192.0.2.1"));
        int dir = open(f->named.zones, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(dir >= 0);
        assert_int_equal(linkat(dir, "cut.test.db", dir, "old", 0), 0);
        apply_and_settle(f, save("cut.test", 2, "192.0.2.2"));
        (void) mkdirat(dir, ".ddns-kept", 0700);
        assert_int_equal(renameat(dir, "old", dir, ".ddns-kept/cut.test.db"), 0);
        assert_int_equal(utimensat(dir, ".ddns-kept/cut.test.db", then, 0), 0);
        assert_int_equal(close(dir), 0);
        start_anew(f, "");

        apply_one(f, save_poison("cut.test", 3));
        settle(f, "cut.test", false);
        start_anew(f, "");
        assert_served(f, "cut.test", 2);
        assert_nothing_is_kept(f, "cut.test");
}

/* That named can't load it may have a reason that passes, so it is not taken away. */
static void zone_that_could_not_be_loaded_before_stays_as_it_was(void **state) {
        DdnsSoaQuestion q = { .zone = "unloaded.test" };
        Fixture *f = *state;

        NEED_NAMED();
        apply_and_settle(f, save("unloaded.test", 1, "192.0.2.1"));
        named_stop(&f->named, SIGKILL);
        daemon_write_file(f->named.root, "zones/unloaded.test.db", "nonsense");
        named_start(&f->named, "");
        DdnsTask task = save_poison("unloaded.test", 2);
        assert_int_equal(apply(f, &task, 1), 0);
        assert_int_equal(task.state, DDNS_TASK_FAILED);
        assert_true(has_file(f, "unloaded.test"));
        assert_int_equal(ddns_soa_ask(&f->named.address, &q, 1, SERVED_USEC), 0);
        assert_int_equal(q.state, DDNS_SOA_FAILED);
        apply_and_settle(f, save("unloaded.test", 3, "192.0.2.1"));
}

static void delete_forgets_what_is_kept(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        apply_and_settle(f, save("deleted.test", 1, "192.0.2.1"));
        apply_one(f, save_poison("deleted.test", 2));
        apply_one(f, delete ("deleted.test"));
        assert_absent(f, "deleted.test");
        assert_nothing_is_kept(f, "deleted.test");
        assert_false(has_file(f, "deleted.test"));
}

static void name_too_long_for_a_file_and_its_journal_fails_alone(void **state) {
        Fixture *f = *state;
        char zone[250];

        NEED_NAMED();
        memset(zone, 'a', 249);
        for (unsigned i = 60; i < 249; i += 61)
                zone[i] = '.';
        zone[249] = '\0';
        DdnsTask tasks[] = { save(zone, 1, "192.0.2.1"), save(zone + 1, 1, "192.0.2.1") };
        assert_int_equal(apply(f, tasks, 2), 0);
        assert_int_equal(tasks[0].state, DDNS_TASK_FAILED);
        assert_non_null(strstr(tasks[0].message.text, "too long for a file name"));
        assert_int_equal(tasks[1].state, DDNS_TASK_WRITTEN);
        assert_served(f, zone + 1, 1);
        apply_one(f, delete (zone + 1));
}

static void incarnation_changes_when_named_is_started_anew_and_zones_stay(void **state) {
        Fixture *f = *state;
        DdnsMessage first, second;

        NEED_NAMED();
        apply_one(f, save("kept.test", 1, "192.0.2.1"));
        assert_int_equal(ddns_backend_bind.incarnation(f->backend, &first, &f->message), 0);
        assert_int_equal(strncmp(first.text, "boot time: ", 11), 0);
        assert_int_equal(ddns_backend_bind.incarnation(f->backend, &second, &f->message), 0);
        assert_string_equal(first.text, second.text);

        time_t before = time(NULL);
        named_stop(&f->named, SIGTERM);
        while (time(NULL) == before) /* the boot time has whole seconds */
                (void) usleep(5000);
        named_start(&f->named, "");
        /* The kept connection is dead: it is made anew without a word. */
        assert_int_equal(ddns_backend_bind.incarnation(f->backend, &second, &f->message), 0);
        assert_string_not_equal(first.text, second.text);
        apply_one(f, save("kept.test", 2, "192.0.2.1"));
        assert_served(f, "kept.test", 2);
}

static void zone_that_named_could_not_load_at_its_start_is_repaired(void **state) {
        Fixture *f = *state;
        DdnsSoaQuestion q = { .zone = "broken.test" };

        NEED_NAMED();
        apply_one(f, save("broken.test", 1, "192.0.2.1"));
        named_stop(&f->named, SIGKILL);
        daemon_write_file(f->named.root, "zones/broken.test.db", "nonsense");
        named_start(&f->named, "");
        assert_int_equal(ddns_soa_ask(&f->named.address, &q, 1, SERVED_USEC), 0);
        assert_int_equal(q.state, DDNS_SOA_FAILED);
        apply_one(f, save("broken.test", 1, "192.0.2.1"));
        assert_served(f, "broken.test", 1);
}

static void zone_that_named_could_not_load_at_its_start_is_deleted(void **state) {
        Fixture *f = *state;
        char path[512];

        NEED_NAMED();
        apply_and_settle(f, save("fileless.test", 1, "192.0.2.1"));
        named_stop(&f->named, SIGKILL);
        (void) snprintf(path, sizeof path, "%s/fileless.test.db", f->named.zones);
        assert_int_equal(unlink(path), 0);
        (void) snprintf(path, sizeof path,
                        "zone \"static.test\" { type primary; file \"%s/none.db\"; };\n", f->named.root);
        named_start(&f->named, path);
        apply_one(f, delete ("fileless.test"));
        assert_absent(f, "fileless.test");

        DdnsTask task = delete ("static.test");
        assert_int_equal(apply(f, &task, 1), 0);
        assert_int_equal(task.state, DDNS_TASK_FAILED);
        assert_non_null(strstr(task.message.text, "own configuration has the zone, with the file"));
        assert_non_null(strstr(task.message.text, "/none.db"));
        start_anew(f, "");
}

static void zone_directory_that_is_gone_fails_the_backend_until_it_is_back(void **state) {
        Fixture *f = *state;
        char away[128];

        NEED_NAMED();
        (void) snprintf(away, sizeof away, "%s/away", f->named.root);
        apply_one(f, save("moved.test", 1, "192.0.2.1"));
        assert_int_equal(rename(f->named.zones, away), 0);
        reopen(f);
        DdnsTask task = save("moved.test", 2, "192.0.2.1");
        assert_int_equal(apply(f, &task, 1), -ENOENT);
        assert_int_equal(task.state, DDNS_TASK_PENDING);
        assert_non_null(strstr(f->message.text, f->named.zones));
        assert_int_equal(rename(away, f->named.zones), 0);
        apply_one(f, save("moved.test", 2, "192.0.2.1"));
        assert_served(f, "moved.test", 2);
}

static void named_that_hangs_fails_the_backend_and_charges_no_zone(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        apply_one(f, save("hang.test", 1, "192.0.2.1"));
        f->config.control.timeout_usec = 200 * USEC_PER_MSEC;
        ddns_backend_bind.free(f->backend);
        assert_int_equal(ddns_backend_bind.new(&f->config, &f->backend, &f->message), 0);

        assert_int_equal(kill(f->named.pid, SIGSTOP), 0);
        DdnsTask task = save("hang.test", 2, "192.0.2.1");
        assert_int_equal(apply(f, &task, 1), -ETIMEDOUT);
        assert_int_equal(task.state, DDNS_TASK_PENDING);
        assert_non_null(strstr(f->message.text, "did not answer within 0.2 s"));
        assert_int_equal(kill(f->named.pid, SIGCONT), 0);

        ddns_backend_bind.free(f->backend);
        open_backend(f);
        apply_one(f, save("hang.test", 2, "192.0.2.1"));
        assert_served(f, "hang.test", 2);
}

static void named_that_is_dead_fails_the_backend_and_charges_no_zone(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        apply_one(f, save("dead.test", 1, "192.0.2.1"));
        named_stop(&f->named, SIGKILL);
        DdnsTask task = save("dead.test", 2, "192.0.2.1");
        assert_int_equal(apply(f, &task, 1), -ECONNREFUSED);
        assert_int_equal(task.state, DDNS_TASK_PENDING);
        assert_non_null(strstr(f->message.text, ": connection refused"));
        named_start(&f->named, "");
        apply_one(f, save("dead.test", 2, "192.0.2.1"));
        assert_served(f, "dead.test", 2);
}

static void wrong_key_fails_the_backend_with_its_file(void **state) {
        Fixture *f = *state;
        char path[256];

        NEED_NAMED();
        daemon_write_file(f->named.root, "wrong.key",
                          "key \"test\" { algorithm hmac-sha256; secret \"d3Jvbmc=\"; };\n");
        (void) snprintf(path, sizeof path, "%s/wrong.key", f->named.root);
        f->config.control.key_file = path;
        DdnsBackend *b;
        assert_int_equal(ddns_backend_bind.new(&f->config, &b, &f->message), 0);
        DdnsTask task = save("key.test", 1, "192.0.2.1");
        assert_int_equal(ddns_backend_bind.apply(b, &task, 1, &f->message), -ECONNRESET);
        free((char *) task.content);
        assert_int_equal(task.state, DDNS_TASK_PENDING);
        assert_non_null(strstr(f->message.text, "is the key the right one?"));
        assert_non_null(strstr(f->message.text, path));
        ddns_backend_bind.free(b);
        f->config.control.key_file = f->named.key_file;
}

typedef struct Findings {
        unsigned good, bad;
        char last[512];
} Findings;

static void count_finding(DdnsFinding finding, const char *text, void *userdata) {
        Findings *f = userdata;

        (void) snprintf(f->last, sizeof f->last, "%s", text);
        f->good += finding == DDNS_FINDING_GOOD;
        f->bad += finding == DDNS_FINDING_BAD;
}

static void check_tells_the_control_channel_and_the_zone_directory(void **state) {
        Findings well = { 0 }, gone = { 0 };
        Fixture *f = *state;

        NEED_NAMED();
        assert_int_equal(ddns_backend_bind.check(f->backend, count_finding, &well, &f->message), 0);
        assert_int_equal(well.good, 3);
        assert_int_equal(well.bad, 0);
        assert_string_equal(well.last, "named takes new zones");

        f->config.zone_dir = (char *) "/nonexistent";
        assert_int_equal(ddns_backend_bind.check(f->backend, count_finding, &gone, &f->message), 0);
        assert_int_equal(gone.good, 2);
        assert_int_equal(gone.bad, 1);
        f->config.zone_dir = f->named.zones;
}

static void named_without_allow_new_zones_is_told_before_and_after_a_push(void **state) {
        Findings none = { 0 }, closed = { 0 };
        Fixture *f = *state;

        NEED_NAMED();
        ddns_backend_bind.free(f->backend);
        named_close(&f->named);
        assert_true(named_open(&f->named));
        named_start(&f->named, "view \"inside\" { allow-new-zones no; };\n");
        open_backend(f);
        assert_int_equal(ddns_backend_bind.check(f->backend, count_finding, &none, &f->message), 0);
        assert_int_equal(none.bad, 1);
        assert_non_null(strstr(none.last, "no matching view found for '_default'"));

        f->config.view = (char *) "inside";
        reopen(f);
        assert_int_equal(ddns_backend_bind.check(f->backend, count_finding, &closed, &f->message), 0);
        assert_int_equal(closed.bad, 1);
        assert_non_null(strstr(closed.last, "set 'allow-new-zones yes;'"));
        DdnsTask task = save("closed.test", 1, "192.0.2.1");
        assert_int_equal(apply(f, &task, 1), 0);
        assert_non_null(strstr(task.message.text, "set 'allow-new-zones yes;'"));
}

static void file_that_named_may_not_read_is_told_with_a_remedy(void **state) {
        DdnsTask task = save("unreadable.test", 1, "192.0.2.1");
        Fixture *f = *state;

        NEED_NAMED();
        if (geteuid() != 0)
                skip();                                /* who may write there could not either */
        assert_int_equal(chmod(f->named.zones, 0), 0); /* named gives root's rights away */
        assert_int_equal(apply(f, &task, 1), 0);
        assert_int_equal(chmod(f->named.zones, 0755), 0);
        assert_non_null(strstr(task.message.text, "lets it read no file in zone-dir"));
}

static void zone_that_named_loads_from_elsewhere_is_told_with_the_file(void **state) {
        Fixture *f = *state;
        char text[512];

        NEED_NAMED();
        ddns_cleanup(ddns_freep) char *content = zone_text("foreign.test", 5, "192.0.2.1");
        daemon_write_file(f->named.root, "foreign.db", content);
        (void) snprintf(text, sizeof text,
                        "zone \"foreign.test\" { type primary; file \"%s/foreign.db\"; };\n",
                        f->named.root);
        named_stop(&f->named, SIGKILL);
        named_start(&f->named, text);
        assert_served(f, "foreign.test", 5);

        DdnsTask task = save("foreign.test", 6, "192.0.2.1");
        assert_int_equal(apply(f, &task, 1), 0);
        assert_int_equal(task.state, DDNS_TASK_FAILED);
        assert_non_null(strstr(task.message.text, "up to date; it loads it from "));
        assert_non_null(strstr(task.message.text, "/foreign.db"));

        f->config.served_timeout_usec = PROOF_USEC;
        task = save("foreign.test", 5, "192.0.2.2");
        assert_int_equal(apply(f, &task, 1), 0);
        assert_int_equal(task.state, DDNS_TASK_FAILED);
        assert_non_null(strstr(task.message.text, "/foreign.db"));
        f->config.served_timeout_usec = SERVED_USEC;
}

static void zones_follow_when_the_zone_directory_is_another_one(void **state) {
        Fixture *f = *state;
        char *before = f->config.zone_dir;
        char elsewhere[256];

        NEED_NAMED();
        apply_one(f, save("moved.test", 1, "192.0.2.1"));
        apply_one(f, save("same.test", 1, "192.0.2.1"));
        assert_served(f, "same.test", 1);
        ddns_backend_bind.free(f->backend);
        (void) snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", f->named.root);
        assert_int_equal(mkdir(elsewhere, 0755), 0);
        f->config.zone_dir = elsewhere;
        assert_int_equal(ddns_backend_bind.new(&f->config, &f->backend, &f->message), 0);

        apply_one(f, save("moved.test", 2, "192.0.2.2"));
        apply_one(f, save("same.test", 1, "192.0.2.2"));
        assert_served(f, "moved.test", 2);
        assert_true(serves_address(f, "same.test", "192.0.2.2"));
        named_stop(&f->named, SIGTERM);
        named_start(&f->named, "");
        assert_served(f, "moved.test", 2);

        apply_one(f, delete ("moved.test"));
        apply_one(f, delete ("same.test"));
        assert_absent(f, "moved.test");
        ddns_backend_bind.free(f->backend);
        f->config.zone_dir = before;
        assert_int_equal(ddns_backend_bind.new(&f->config, &f->backend, &f->message), 0);
        assert_int_equal(rmdir(elsewhere), 0);
}

static void zones_of_a_view_are_added_changed_and_deleted(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        ddns_backend_bind.free(f->backend);
        named_close(&f->named);
        assert_true(named_open(&f->named));
        named_start(&f->named, "view \"inside\" { match-clients { any; }; };\n");
        open_backend(f);

        DdnsTask task = save("view.test", 1, "192.0.2.1");
        assert_int_equal(apply(f, &task, 1), 0);
        assert_string_equal(task.message.text,
                            "named refused addzone: not found: no matching view found for '_default'");

        f->config.view = (char *) "inside";
        reopen(f);
        apply_one(f, save("view.test", 1, "192.0.2.1"));
        apply_one(f, save("view.test", 2, "192.0.2.1"));
        assert_served(f, "view.test", 2);
        apply_one(f, save("view.test", 2, "192.0.2.2"));
        assert_true(serves_address(f, "view.test", "192.0.2.2"));
        apply_one(f, delete ("view.test"));
        assert_absent(f, "view.test");
}

static void zones_that_named_has_without_us_are_left_to_it(void **state) {
        static const char empty[] = "10.in-addr.arpa"; /* to delete it by delzone ends named */
        Fixture *f = *state;
        char text[512];

        NEED_NAMED();
        ddns_cleanup(ddns_freep) char *content = zone_text("static.test", 5, "192.0.2.1");
        daemon_write_file(f->named.root, "static.db", content);
        (void) snprintf(text, sizeof text,
                        "view \"inside\" { match-clients { any; }; recursion yes; empty-zones-enable yes;\n"
                        "zone \"static.test\" { type primary; file \"%s/static.db\"; }; };\n",
                        f->named.root);
        start_anew(f, text);
        f->config.view = (char *) "inside";
        reopen(f);

        DdnsTask tasks[] = { save(empty, 1, "192.0.2.1"), delete (empty), delete ("static.test") };
        for (size_t i = 0; i < ARRAY_SIZE(tasks); i++) {
                assert_int_equal(apply(f, &tasks[i], 1), 0);
                assert_int_equal(tasks[i].state, DDNS_TASK_FAILED);
        }
        assert_non_null(strstr(tasks[0].message.text, "automatic empty zones"));
        assert_non_null(strstr(tasks[1].message.text, "automatic empty zones"));
        assert_non_null(strstr(tasks[2].message.text, "/static.db"));
        assert_false(has_file(f, empty));
        assert_served(f, "static.test", 5);
        assert_served(f, empty, 0);
}

static void settings_that_would_leave_their_quotes_are_refused(void **state) {
        DdnsBackendConfig config = { .zone_dir = (char *) "/var/\"x",
                                     .control = { .address = (char *) "127.0.0.1" } };
        DdnsMessage message;
        DdnsBackend *b = NULL;

        assert_int_equal(ddns_backend_bind.new(&config, &b, &message), -EINVAL);
        config.zone_dir = (char *) "/var/x";
        config.view = (char *) "x; y";
        assert_int_equal(ddns_backend_bind.new(&config, &b, &message), -EINVAL);
        config.view = NULL;
        config.control.address = (char *) "localhost";
        assert_int_equal(ddns_backend_bind.new(&config, &b, &message), -EINVAL);
        assert_null(b);
}

/* ---- registration: include ---- */

static void start_include(Fixture *f, const char *extra) {
        char text[512];

        ddns_backend_bind.free(f->backend);
        named_stop(&f->named, SIGKILL);
        named_close(&f->named);
        assert_true(named_open(&f->named));
        daemon_write_file(f->named.root, "zones/ddns.zones.conf", "");
        (void) snprintf(text, sizeof text, "include \"%s/ddns.zones.conf\";\n%s", f->named.zones, extra);
        named_start(&f->named, text);
        open_backend(f);
        f->config.registration = DDNS_REGISTRATION_INCLUDE;
}

static void include_file_registers_changes_and_deletes(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        start_include(f, "");
        DdnsTask tasks[] = { save("i1.test", 1, "192.0.2.1"), save("i2.test", 1, "192.0.2.1") };
        assert_int_equal(apply(f, tasks, 2), 0);
        assert_served(f, "i1.test", 1);
        assert_served(f, "i2.test", 1);

        DdnsTask more[] = { save("i1.test", 2, "192.0.2.1"), delete ("i2.test"),
                            save("i3.test", 1, "192.0.2.1") };
        assert_int_equal(apply(f, more, 3), 0);
        assert_served(f, "i1.test", 2);
        assert_absent(f, "i2.test");
        assert_false(has_file(f, "i2.test"));
        assert_served(f, "i3.test", 1);

        apply_one(f, save("i1.test", 2, "192.0.2.9"));
        assert_true(serves_address(f, "i1.test", "192.0.2.9"));

        reopen(f);
        apply_one(f, save("i3.test", 2, "192.0.2.1"));
        assert_served(f, "i3.test", 2);
        assert_served(f, "i1.test", 2);
}

static void include_survives_a_restart_of_named(void **state) {
        Fixture *f = *state;
        char text[512];

        NEED_NAMED();
        named_stop(&f->named, SIGKILL);
        (void) snprintf(text, sizeof text, "include \"%s/ddns.zones.conf\";\n", f->named.zones);
        named_start(&f->named, text);
        assert_served(f, "i1.test", 2);
}

static void refused_versions_are_rolled_back_in_an_include(void **state) {
        Fixture *f = *state;
        char text[512];

        NEED_NAMED();
        (void) snprintf(text, sizeof text, "include \"%s/ddns.zones.conf\";\n", f->named.zones);
        apply_and_settle(f, save("r1.test", 1, "192.0.2.1"));
        DdnsTask tasks[] = { save_poison("r1.test", 2), save_poison("r2.test", 1),
                             save("r3.test", 1, "192.0.2.1") };
        assert_int_equal(apply(f, tasks, 3), 0);
        assert_served(f, "r3.test", 1);
        for (size_t i = 0; i < 2; i++)
                if (tasks[i].state == DDNS_TASK_WRITTEN)
                        settle(f, tasks[i].zone, false);
        settle(f, "r3.test", true);
        assert_absent(f, "r2.test");
        assert_false(has_file(f, "r2.test"));
        assert_nothing_is_kept(f, "r1.test");
        start_anew(f, text);
        assert_served(f, "r1.test", 1);
        assert_served(f, "r3.test", 1);
        assert_absent(f, "r2.test");
}

static void zone_defined_elsewhere_fails_alone_in_an_include(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        start_include(f, "zone \"elsewhere.test\" { type primary; file \"/nowhere\"; };\n");
        DdnsTask tasks[] = { save("j1.test", 1, "192.0.2.1"), save("elsewhere.test", 1, "192.0.2.1"),
                             save("j2.test", 1, "192.0.2.1"), save("j3.test", 1, "192.0.2.1") };
        assert_int_equal(apply(f, tasks, 4), 0);
        assert_int_equal(tasks[1].state, DDNS_TASK_FAILED);
        assert_non_null(strstr(tasks[1].message.text, "named refused its configuration with this zone"));
        assert_false(has_file(f, "elsewhere.test"));
        for (size_t i = 0; i < 4; i++)
                if (i != 1) {
                        assert_int_equal(tasks[i].state, DDNS_TASK_WRITTEN);
                        assert_served(f, tasks[i].zone, 1);
                }
        reopen(f);
        DdnsTask alone = save("elsewhere.test", 1, "192.0.2.1");
        assert_int_equal(apply(f, &alone, 1), 0);
        assert_int_equal(alone.state, DDNS_TASK_FAILED);
        apply_one(f, save("j4.test", 1, "192.0.2.1"));
        assert_served(f, "j4.test", 1);
}

static void include_that_a_killed_run_left_half_done_is_put_back(void **state) {
        Fixture *f = *state;
        char good[256], name[256], text[512];

        NEED_NAMED();
        /* As after a SIGKILL in the middle of a try with a zone that named refuses. */
        (void) snprintf(good, sizeof good, "%s/.ddns-include.good", f->named.zones);
        (void) snprintf(name, sizeof name, "%s/ddns.zones.conf", f->named.zones);
        assert_int_equal(rename(name, good), 0);
        (void) snprintf(text, sizeof text, "zone \"elsewhere.test\" { type primary; file \"%s/x\"; };\n",
                        f->named.zones);
        daemon_write_file(f->named.root, "zones/ddns.zones.conf", text);
        daemon_write_file(f->named.root, "zones/elsewhere.test.db", "nothing");
        reopen(f);
        apply_one(f, save("j5.test", 1, "192.0.2.1"));
        assert_served(f, "j5.test", 1);
        assert_served(f, "j1.test", 1);
        assert_int_equal(access(good, F_OK), -1);
}

static void include_file_that_is_lost_is_made_anew_from_the_zone_files(void **state) {
        Fixture *f = *state;
        char name[256];

        NEED_NAMED();
        (void) snprintf(name, sizeof name, "%s/ddns.zones.conf", f->named.zones);
        assert_int_equal(unlink(name), 0);
        reopen(f);
        apply_one(f, save("j6.test", 1, "192.0.2.1"));
        assert_served(f, "j6.test", 1);
        assert_served(f, "j1.test", 1);
}

static void zone_whose_file_is_lost_is_served_on(void **state) {
        Fixture *f = *state;
        char name[256];

        NEED_NAMED();
        (void) snprintf(name, sizeof name, "%s/j1.test.db", f->named.zones);
        assert_int_equal(unlink(name), 0);
        reopen(f);
        apply_one(f, save("j7.test", 1, "192.0.2.1"));
        assert_served(f, "j7.test", 1);
        assert_served(f, "j1.test", 1);

        apply_one(f, delete ("j7.test"));
        apply_one(f, save("j1.test", 1, "192.0.2.1"));
        assert_true(has_file(f, "j1.test"));
        assert_served(f, "j1.test", 1);
}

static void zone_whose_file_was_lost_before_a_restart_of_named_comes_back(void **state) {
        Fixture *f = *state;
        char name[256], text[512];

        NEED_NAMED();
        (void) snprintf(name, sizeof name, "%s/j1.test.db", f->named.zones);
        assert_int_equal(unlink(name), 0);
        named_stop(&f->named, SIGKILL);
        (void) snprintf(text, sizeof text, "include \"%s/ddns.zones.conf\";\n", f->named.zones);
        named_start(&f->named, text);
        reopen(f);
        apply_one(f, save("j8.test", 1, "192.0.2.1"));
        assert_served(f, "j8.test", 1);
        apply_one(f, save("j1.test", 1, "192.0.2.1"));
        assert_served(f, "j1.test", 1);
}

static void configuration_broken_by_others_fails_the_backend(void **state) {
        Fixture *f = *state;
        char path[256];

        NEED_NAMED();
        (void) snprintf(path, sizeof path, "%s/named.conf", f->named.root);
        FILE *file = fopen(path, "a");
        assert_non_null(file);
        (void) fputs("nonsense;\n", file);
        (void) fclose(file);
        DdnsTask tasks[] = { save("k1.test", 1, "192.0.2.1"), save("k2.test", 1, "192.0.2.1") };
        assert_true(apply(f, tasks, 2) < 0);
        assert_non_null(strstr(f->message.text, "also without new zones"));
        assert_int_equal(tasks[0].state, DDNS_TASK_PENDING);
        assert_int_equal(tasks[1].state, DDNS_TASK_PENDING);
        assert_served(f, "j1.test", 1);
}

static void include_file_that_named_does_not_read_is_told(void **state) {
        Fixture *f = *state;

        NEED_NAMED();
        named_stop(&f->named, SIGKILL);
        named_start(&f->named, "");
        DdnsTask task = save("unread.test", 1, "192.0.2.1");
        assert_int_equal(apply(f, &task, 1), 0);
        assert_int_equal(task.state, DDNS_TASK_FAILED);
        assert_non_null(strstr(task.message.text, "is the include file a part of its configuration?"));
}

/* A delete of it must neither wait for a name that nobody serves nor ask named to give up what it has by itself. */
static void deleted_zone_gives_its_name_back_to_an_automatic_empty_zone(void **state) {
        static const char empty[] = "10.in-addr.arpa";
        Fixture *f = *state;
        char text[512];

        NEED_NAMED();
        start_include(f, "");
        (void) snprintf(text, sizeof text,
                        "view \"inside\" { match-clients { any; }; recursion yes; empty-zones-enable yes;\n"
                        "include \"%s/ddns.zones.conf\"; };\n",
                        f->named.zones);
        start_anew(f, text);
        f->config.view = (char *) "inside";
        reopen(f);

        for (unsigned again = 0; again <= 1; again++) {
                DdnsTask tasks[] = { delete (empty), delete ("none.test") };

                apply_one(f, save(empty, 7, "192.0.2.1"));
                assert_served(f, empty, 7);
                assert_int_equal(apply(f, tasks, 2), 0);
                for (size_t i = 0; i < 2; i++)
                        assert_int_equal(tasks[i].state, DDNS_TASK_WRITTEN);
                assert_true(tasks[0].unasked);
                assert_false(tasks[1].unasked);
                assert_false(has_file(f, empty));
                assert_served(f, empty, 0);
        }
        f->config.view = NULL;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(new_zone_is_served, need_named),
                cmocka_unit_test_setup(each_change_of_a_row_is_served, need_named),
                cmocka_unit_test_setup(lower_serial_is_served, need_named),
                cmocka_unit_test_setup(other_content_with_the_same_serial_is_loaded_before_it_counts,
                                       need_named),
                cmocka_unit_test_setup(other_content_with_the_same_serial_that_named_refuses_fails,
                                       need_named),
                cmocka_unit_test_setup(deleted_zone_is_gone_and_so_is_its_file, need_named),
                cmocka_unit_test_setup(deleted_zone_can_come_back_at_once_with_the_same_serial,
                                       need_named),
                cmocka_unit_test_setup(zone_that_named_lost_is_added_again, need_named),
                cmocka_unit_test_setup(names_of_options_and_of_zones_in_named_are_names, need_named),
                cmocka_unit_test_setup(zone_that_is_there_already_is_reloaded, need_named),
                cmocka_unit_test_setup(file_dated_before_the_last_load_is_loaded_all_the_same,
                                       need_named),
                cmocka_unit_test_setup(without_a_name_server_to_ask_the_control_channel_proves_each_load,
                                       need_named),
                cmocka_unit_test_setup(poison_zone_fails_with_named_s_words_and_delays_no_other,
                                       need_named),
                cmocka_unit_test_setup(
                                version_that_named_refuses_leaves_the_last_good_one_also_after_a_restart,
                                need_named),
                cmocka_unit_test_setup(version_that_the_backend_itself_fails_is_rolled_back, need_named),
                cmocka_unit_test_setup(new_zone_that_named_refuses_is_taken_away, need_named),
                cmocka_unit_test_setup(last_good_version_survives_a_kill_and_a_restart, need_named),
                cmocka_unit_test_setup(zone_that_could_not_be_loaded_before_stays_as_it_was, need_named),
                cmocka_unit_test_setup(
                                version_seen_served_is_put_back_although_an_older_one_is_kept_after_a_power_cut,
                                need_named),
                cmocka_unit_test_setup(delete_forgets_what_is_kept, need_named),
                cmocka_unit_test_setup(name_too_long_for_a_file_and_its_journal_fails_alone, need_named),
                cmocka_unit_test_setup(incarnation_changes_when_named_is_started_anew_and_zones_stay,
                                       need_named),
                cmocka_unit_test_setup(zone_that_named_could_not_load_at_its_start_is_repaired,
                                       need_named),
                cmocka_unit_test_setup(zone_that_named_could_not_load_at_its_start_is_deleted,
                                       need_named),
                cmocka_unit_test_setup(zone_directory_that_is_gone_fails_the_backend_until_it_is_back,
                                       need_named),
                cmocka_unit_test_setup(named_that_hangs_fails_the_backend_and_charges_no_zone,
                                       need_named),
                cmocka_unit_test_setup(named_that_is_dead_fails_the_backend_and_charges_no_zone,
                                       need_named),
                cmocka_unit_test_setup(wrong_key_fails_the_backend_with_its_file, need_named),
                cmocka_unit_test_setup(check_tells_the_control_channel_and_the_zone_directory,
                                       need_named),
                cmocka_unit_test_setup(zone_that_named_loads_from_elsewhere_is_told_with_the_file,
                                       need_named),
                cmocka_unit_test_setup(zones_follow_when_the_zone_directory_is_another_one, need_named),
                cmocka_unit_test_setup(file_that_named_may_not_read_is_told_with_a_remedy, need_named),
                cmocka_unit_test_setup(named_without_allow_new_zones_is_told_before_and_after_a_push,
                                       need_named),
                cmocka_unit_test_setup(zones_of_a_view_are_added_changed_and_deleted, need_named),
                cmocka_unit_test_setup(zones_that_named_has_without_us_are_left_to_it, need_named),
                cmocka_unit_test(settings_that_would_leave_their_quotes_are_refused),
                cmocka_unit_test_setup(include_file_registers_changes_and_deletes, need_named),
                cmocka_unit_test_setup(include_survives_a_restart_of_named, need_named),
                cmocka_unit_test_setup(refused_versions_are_rolled_back_in_an_include, need_named),
                cmocka_unit_test_setup(zone_defined_elsewhere_fails_alone_in_an_include, need_named),
                cmocka_unit_test_setup(include_that_a_killed_run_left_half_done_is_put_back, need_named),
                cmocka_unit_test_setup(include_file_that_is_lost_is_made_anew_from_the_zone_files,
                                       need_named),
                cmocka_unit_test_setup(zone_whose_file_is_lost_is_served_on, need_named),
                cmocka_unit_test_setup(zone_whose_file_was_lost_before_a_restart_of_named_comes_back,
                                       need_named),
                cmocka_unit_test_setup(configuration_broken_by_others_fails_the_backend, need_named),
                cmocka_unit_test_setup(include_file_that_named_does_not_read_is_told, need_named),
                cmocka_unit_test_setup(deleted_zone_gives_its_name_back_to_an_automatic_empty_zone,
                                       need_named),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}

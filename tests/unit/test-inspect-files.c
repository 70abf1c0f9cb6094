/* SPDX-License-Identifier: MIT */
/* What is told of zone files and of the include file, and that looking leaves no trace. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/buffer.h"
#include "basic/clock.h"
#include "deliver/backend.h"
#include "dns/soa.h"
#include "named.h"
#include "test.h"

#define CONTENT                                                                 \
        "a.test. 60 IN SOA ns.a.test. hostmaster.a.test. 1 3600 600 86400 60\n" \
        "a.test. 60 IN NS ns.a.test.\nns.a.test. 60 IN A 192.0.2.1\n"

typedef struct Fixture {
        char path[64];
        DdnsBackendConfig config;
        const DdnsBackendOps *ops;
        DdnsBackend *backend;
        DdnsMessage message;
} Fixture;

static int set_up_kind(void **state, const DdnsBackendOps *ops) {
        Fixture *f = calloc(1, sizeof *f);

        strcpy(f->path, "/tmp/ddns-test-inspect-XXXXXX");
        assert_non_null(mkdtemp(f->path));
        assert_int_equal(chmod(f->path, 02750), 0);
        f->ops = ops;
        f->config = (DdnsBackendConfig){ .zone_dir = f->path,
                                         .registration = DDNS_REGISTRATION_INCLUDE };
        f->config.control.address = (char *) "127.0.0.1";
        assert_int_equal(ops->new (&f->config, &f->backend, &f->message), 0);
        *state = f;
        return 0;
}

static int set_up(void **state) {
        return set_up_kind(state, &ddns_backend_zone_files);
}

static int set_up_include(void **state) {
        return set_up_kind(state, &ddns_backend_bind);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static int tear_down(void **state) {
        Fixture *f = *state;

        f->ops->free(f->backend);
        (void) nftw(f->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        free(f);
        return 0;
}

static DdnsTask save(const char *zone, const char *content) {
        return (DdnsTask){ .zone = zone, .content = content, .size = strlen(content), .serial = 1 };
}

static void write_zone(Fixture *f) {
        DdnsTask task = save("a.test", CONTENT);

        assert_int_equal(f->ops->apply(f->backend, &task, 1, &f->message), 0);
        assert_int_equal(task.state, DDNS_TASK_WRITTEN);
}

static const char *full(const Fixture *f, const char *name) {
        static char path[512];

        (void) snprintf(path, sizeof path, "%s/%s", f->path, name);
        return path;
}

static void put(const Fixture *f, const char *name, const char *text) {
        FILE *file = fopen(full(f, name), "w");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(full(f, name), 0640), 0);
}

/* `want`: NULL if all is well. */
static void assert_found(Fixture *f, const char *want) {
        DdnsTask task = save("a.test", CONTENT);

        assert_int_equal(f->ops->inspect(f->backend, &task, 1, &f->message), 0);
        assert_string_equal(task.message.text, want ? want : "");
        assert_int_equal(task.state, want ? DDNS_TASK_FAILED : DDNS_TASK_WRITTEN);
}

static void file_that_is_right_is_found_right_and_not_touched(void **state) {
        Fixture *f = *state;
        struct stat before, after;

        write_zone(f);
        assert_int_equal(stat(full(f, "a.test.db"), &before), 0);
        assert_found(f, NULL);
        assert_int_equal(stat(full(f, "a.test.db"), &after), 0);
        assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof before.st_mtim);
        assert_int_equal(before.st_ino, after.st_ino);
}

static void each_difference_of_a_file_is_told(void **state) {
        Fixture *f = *state;
        char altered[] = CONTENT;
        char why[128];

        assert_found(f, "no such file");
        write_zone(f);
        assert_int_equal(truncate(full(f, "a.test.db"), 20), 0);
        (void) snprintf(why, sizeof why, "truncated: 20 of %zu octets", strlen(CONTENT));
        assert_found(f, why);
        altered[strlen(altered) - 2] = '9';
        put(f, "a.test.db", altered);
        assert_found(f, "altered");
        put(f, "a.test.db", CONTENT "b");
        (void) snprintf(why, sizeof why, "altered: %zu octets instead of %zu", strlen(CONTENT) + 1,
                        strlen(CONTENT));
        assert_found(f, why);
        put(f, "a.test.db", "x");
        (void) snprintf(why, sizeof why, "altered: 1 octets instead of %zu", strlen(CONTENT));
        assert_found(f, why);
        put(f, "a.test.db", "");
        (void) snprintf(why, sizeof why, "truncated: 0 of %zu octets", strlen(CONTENT));
        assert_found(f, why);
}

static void wrong_type_mode_and_owner_are_told(void **state) {
        Fixture *f = *state;
        const char *path;

        put(f, "other", CONTENT);
        assert_int_equal(symlink("other", full(f, "a.test.db")), 0);
        assert_found(f, "a symbolic link stands in the file's place");
        assert_int_equal(unlink(full(f, "a.test.db")), 0);
        assert_int_equal(mkfifo(full(f, "a.test.db"), 0640), 0);
        assert_found(f, "no regular file stands in the file's place");
        assert_int_equal(unlink(full(f, "a.test.db")), 0);
        assert_int_equal(mkdir(full(f, "a.test.db"), 0750), 0);
        assert_found(f, "no regular file stands in the file's place");
        assert_int_equal(rmdir(full(f, "a.test.db")), 0);

        write_zone(f);
        path = full(f, "a.test.db");
        assert_int_equal(chmod(path, 0600), 0);
        assert_found(f, "mode 0600 instead of 0640");
        write_zone(f);
        if (geteuid() != 0)
                return;
        assert_int_equal(chown(full(f, "a.test.db"), (uid_t) -1, 12345), 0);
        assert_found(f, "owned by group 12345 instead of 0");
        write_zone(f);
        assert_int_equal(chown(full(f, "a.test.db"), 12345, (gid_t) -1), 0);
        assert_found(f, "owned by user 12345 instead of 0");
}

static void what_is_found_is_put_right_by_the_next_delivery(void **state) {
        Fixture *f = *state;

        put(f, "other", "untouched");
        assert_int_equal(symlink("other", full(f, "a.test.db")), 0);
        write_zone(f);
        assert_found(f, NULL);
        assert_int_equal(truncate(full(f, "a.test.db"), 1), 0);
        write_zone(f);
        assert_found(f, NULL);
}

static void looking_removes_no_temporary_file_of_who_writes(void **state) {
        Fixture *f = *state;

        write_zone(f);
        put(f, ".ddns-0.tmp", "half of");
        assert_found(f, NULL);
        assert_int_equal(access(full(f, ".ddns-0.tmp"), F_OK), 0);
}

static void directory_that_is_not_there_is_no_difference_of_a_zone(void **state) {
        Fixture *f = *state;
        DdnsTask task = save("a.test", CONTENT);
        DdnsBackend *other;
        DdnsBackendConfig config = { .zone_dir = (char *) "/nonexistent/ddns" };

        assert_int_equal(f->ops->new (&config, &other, &f->message), 0);
        assert_int_equal(f->ops->inspect(other, &task, 1, &f->message), -ENOENT);
        assert_int_equal(task.state, DDNS_TASK_PENDING);
        f->ops->free(other);
}

static int collect_line(char sign, const char *text, void *userdata) {
        ddns_buffer_append_format(userdata, "%c%s\n", sign, text);
        return 0;
}

static int collect_name(const char *zone, void *userdata) {
        ddns_buffer_append_format(userdata, "%s ", zone);
        return 0;
}

static void difference_is_shown_line_by_line(void **state) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        DdnsTask task = save("a.test", CONTENT);
        Fixture *f = *state;

        put(f, "a.test.db",
            "ns.a.test. 60 IN A 192.0.2.66\na.test. 60 IN NS ns.a.test.\n"
            "a.test. 60 IN SOA ns.a.test. hostmaster.a.test. 1 3600 600 86400 60\n\033");
        assert_int_equal(f->ops->diff(f->backend, &task, collect_line, &b, &f->message), 0);
        assert_string_equal(b.data,
                            "-?\n+ns.a.test. 60 IN A 192.0.2.1\n-ns.a.test. 60 IN A 192.0.2.66\n");
        ddns_buffer_reset(&b);
        write_zone(f);
        assert_int_equal(f->ops->diff(f->backend, &task, collect_line, &b, &f->message), 0);
        assert_int_equal(b.size, 0);
        assert_int_equal(unlink(full(f, "a.test.db")), 0);
        assert_int_equal(f->ops->diff(f->backend, &task, collect_line, &b, &f->message), 0);
        assert_non_null(strstr(b.data, "+a.test. 60 IN NS ns.a.test.\n"));
}

static void zones_that_have_files_are_listed(void **state) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer b = DDNS_BUFFER_NULL;
        Fixture *f = *state;

        write_zone(f);
        put(f, "README", "");
        put(f, "Upper.db", "");
        put(f, ".ddns-0.tmp", "");
        assert_int_equal(f->ops->list(f->backend, collect_name, &b, &f->message), 0);
        assert_string_equal(b.data, "a.test ");
}

/* ---- the include file ---- */

static void line(const Fixture *f, const char *zone, const char *file, char *ret, size_t size) {
        (void) snprintf(ret, size,
                        "zone \"%s\" { type primary; file \"%s/%s.db\"; check-names ignore; };\n", zone,
                        f->path, file);
}

static void line_of_the_include_file_must_be_there_as_it_is_written(void **state) {
        static const char why[] = "the include file does not have it as it should";
        Fixture *f = *state;
        char text[512];

        put(f, "a.test.db", CONTENT);
        assert_found(f, why);
        line(f, "a.test", "a.test", text, sizeof text);
        put(f, "ddns.zones.conf", text);
        assert_found(f, NULL);
        line(f, "a.test", "b.test", text, sizeof text);
        put(f, "ddns.zones.conf", text);
        assert_found(f, why);
        put(f, "ddns.zones.conf", "# nothing\n");
        assert_found(f, why);
        assert_int_equal(unlink(full(f, "a.test.db")), 0);
        assert_found(f, "no such file"); /* which is told first */
}

/* With a real named: what inspect() found, apply() puts right. */
static void altered_include_file_is_put_right(void **state) {
        DdnsTask tasks[] = { save("a.test", CONTENT) };
        DdnsSoaQuestion q = { .zone = "a.test", .want_serial = 1 };
        char extra[256], include[128];
        DdnsMessage message;
        DdnsBackend *b;
        Named named;

        if (!named_open(&named))
                skip();
        DdnsBackendConfig config = { .zone_dir = named.zones,
                                     .registration = DDNS_REGISTRATION_INCLUDE,
                                     .nameservers = &named.address,
                                     .n_nameservers = 1,
                                     .served_timeout_usec = 5 * USEC_PER_SEC };
        config.control.address = (char *) "127.0.0.1";
        config.control.port = named.control_port;
        config.control.key_file = named.key_file;
        config.control.timeout_usec = 5 * USEC_PER_SEC;
        (void) snprintf(include, sizeof include, "%s/ddns.zones.conf", named.zones);
        assert_int_equal(creat(include, 0644) >= 0, 1);
        (void) snprintf(extra, sizeof extra, "include \"%s\";\n", include);
        named_start(&named, extra);
        assert_int_equal(ddns_backend_bind.new(&config, &b, &message), 0);
        assert_int_equal(ddns_backend_bind.apply(b, tasks, 1, &message), 0);
        assert_int_equal(tasks[0].state, DDNS_TASK_WRITTEN);

        int fd = open(include, O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, "#\n", 2), 2);
        (void) close(fd);
        tasks[0] = save("a.test", CONTENT);
        assert_int_equal(ddns_backend_bind.inspect(b, tasks, 1, &message), 0);
        assert_int_equal(tasks[0].state, DDNS_TASK_FAILED);
        tasks[0] = save("a.test", CONTENT);
        assert_int_equal(ddns_backend_bind.apply(b, tasks, 1, &message), 0);
        assert_int_equal(tasks[0].state, DDNS_TASK_WRITTEN);
        tasks[0] = save("a.test", CONTENT);
        assert_int_equal(ddns_backend_bind.inspect(b, tasks, 1, &message), 0);
        assert_int_equal(tasks[0].state, DDNS_TASK_WRITTEN);
        assert_int_equal(ddns_soa_wait(&named.address, &q, 1, 5 * USEC_PER_SEC), 0);
        assert_true(ddns_soa_is_served(&q));
        ddns_backend_bind.free(b);
        named_close(&named);
}

int main(void) {
#define FILES(test)   cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define INCLUDE(test) cmocka_unit_test_setup_teardown(test, set_up_include, tear_down)
        const struct CMUnitTest tests[] = {
                FILES(file_that_is_right_is_found_right_and_not_touched),
                FILES(each_difference_of_a_file_is_told),
                FILES(wrong_type_mode_and_owner_are_told),
                FILES(what_is_found_is_put_right_by_the_next_delivery),
                FILES(looking_removes_no_temporary_file_of_who_writes),
                FILES(directory_that_is_not_there_is_no_difference_of_a_zone),
                FILES(difference_is_shown_line_by_line),
                FILES(zones_that_have_files_are_listed),
                INCLUDE(line_of_the_include_file_must_be_there_as_it_is_written),
                cmocka_unit_test(altered_include_file_is_put_right),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

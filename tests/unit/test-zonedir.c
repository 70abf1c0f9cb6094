/* SPDX-License-Identifier: MIT */
/* The zone directory and the backend that is nothing else. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "basic/clock.h"
#include "basic/domain.h"
#include "deliver/zonedir.h"
#include "test.h"

typedef struct Fixture {
        char path[64];
        DdnsZoneDir *dir;
        DdnsMessage message;
} Fixture;

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof *f);

        strcpy(f->path, "/tmp/ddns-test-zonedir-XXXXXX");
        assert_non_null(mkdtemp(f->path));
        assert_int_equal(ddns_zonedir_open(f->path, &f->dir, &f->message), 0);
        *state = f;
        return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static int teardown(void **state) {
        Fixture *f = *state;

        (void) ddns_zonedir_free(f->dir);
        (void) umount2(f->path, MNT_DETACH); /* of a failed test */
        (void) nftw(f->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        free(f);
        return 0;
}

static DdnsTask save(const char *zone, const char *content) {
        return (DdnsTask){ .zone = zone, .content = content, .size = strlen(content) };
}

static const char *full(const Fixture *f, const char *name) {
        static char path[512];

        (void) snprintf(path, sizeof path, "%s/%s", f->path, name);
        return path;
}

static void assert_content(const Fixture *f, const char *name, const char *content) {
        char text[256] = "";
        FILE *file = fopen(full(f, name), "r");

        assert_non_null(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        (void) fclose(file);
        assert_string_equal(text, content);
}

static void put(const Fixture *f, const char *name, const char *content) {
        FILE *file = fopen(full(f, name), "w");

        assert_non_null(file);
        assert_true(fputs(content, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static unsigned count_entries(const char *path) {
        DIR *dir = opendir(path);
        unsigned n = 0;

        assert_non_null(dir);
        while (readdir(dir))
                n++;
        (void) closedir(dir);
        return n - 2;
}

static void files_have_their_content_mode_and_precise_time(void **state) {
        Fixture *f = *state;
        DdnsTask tasks[] = { save("a.test", "one"), save("b.test", "two") };
        uint64_t before = ddns_now_usec();
        struct stat st;

        mode_t mask = umask(0077);
        assert_int_equal(ddns_zonedir_write(f->dir, tasks, 2, &f->message), 0);
        (void) umask(mask);
        assert_int_equal(tasks[0].state, DDNS_TASK_PENDING);
        assert_content(f, "a.test.db", "one");
        assert_content(f, "b.test.db", "two");
        assert_int_equal(count_entries(f->path), 2);
        assert_int_equal(stat(full(f, "a.test.db"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        uint64_t stamp = (uint64_t) st.st_mtim.tv_sec * USEC_PER_SEC +
                         (uint64_t) st.st_mtim.tv_nsec / 1000;
        assert_true(stamp >= before && stamp <= ddns_now_usec());
}

static void large_batches_are_written_and_removed_as_well(void **state) {
        static char names[100][16];
        static DdnsTask tasks[100];
        Fixture *f = *state;

        for (size_t i = 0; i < 100; i++) {
                (void) snprintf(names[i], sizeof names[i], "z%zu.test", i);
                tasks[i] = save(names[i], names[i]);
        }
        assert_int_equal(ddns_zonedir_write(f->dir, tasks, 100, &f->message), 0);
        assert_int_equal(count_entries(f->path), 100);
        assert_content(f, "z99.test.db", "z99.test");
        for (size_t i = 0; i < 100; i++)
                tasks[i].delete = true;
        assert_int_equal(ddns_zonedir_remove(f->dir, tasks, 100, &f->message), 0);
        assert_int_equal(count_entries(f->path), 0);
}

/* Whoever has the old file open keeps it whole: it is replaced, not overwritten. */
static void reader_of_the_old_file_is_not_disturbed(void **state) {
        Fixture *f = *state;
        DdnsTask old = save("a.test", "old content"), new = save("a.test", "new");
        char text[32] = "";

        assert_int_equal(ddns_zonedir_write(f->dir, &old, 1, &f->message), 0);
        ddns_cleanup(ddns_closep) int fd = open(full(f, "a.test.db"), O_RDONLY);
        assert_int_equal(ddns_zonedir_write(f->dir, &new, 1, &f->message), 0);
        assert_int_equal(read(fd, text, sizeof text), 11);
        assert_string_equal(text, "old content");
        assert_content(f, "a.test.db", "new");
}

static void leftovers_of_a_killed_run_are_removed_and_nothing_else(void **state) {
        Fixture *f = *state;

        put(f, ".ddns-0.tmp", "half");
        put(f, ".ddns-41.tmp", "half");
        put(f, ".ddns-x.tmp", "not ours");
        put(f, ".ddns-1.tmp.old", "not ours");
        put(f, "a.test.db", "kept");
        f->dir = ddns_zonedir_free(f->dir);
        assert_int_equal(count_entries(f->path), 3);
        assert_content(f, "a.test.db", "kept");
}

static void links_are_replaced_and_never_followed(void **state) {
        Fixture *f = *state;
        DdnsTask task = save("a.test", "new");
        struct stat st;

        put(f, "target", "untouched");
        assert_int_equal(symlink("target", full(f, "a.test.db")), 0);
        assert_int_equal(symlink("target", full(f, ".ddns-0.tmp")), 0);
        assert_int_equal(ddns_zonedir_write(f->dir, &task, 1, &f->message), 0);
        assert_content(f, "target", "untouched");
        assert_content(f, "a.test.db", "new");
        assert_int_equal(lstat(full(f, "a.test.db"), &st), 0);
        assert_true(S_ISREG(st.st_mode));

        assert_int_equal(unlink(full(f, "a.test.db")), 0);
        assert_int_equal(symlink("target", full(f, "a.test.db")), 0);
        task.delete = true;
        assert_int_equal(ddns_zonedir_remove(f->dir, &task, 1, &f->message), 0);
        assert_content(f, "target", "untouched");
}

static void trouble_with_one_file_fails_one_task(void **state) {
        Fixture *f = *state;
        char zone[DDNS_ZONE_NAME_MAX + 1];

        memset(zone, 'a', 249);
        for (unsigned i = 60; i < 249; i += 61)
                zone[i] = '.';
        zone[249] = '\0';
        DdnsTask tasks[] = { save(zone, "x"), save("../escape", "x"), save("dir.test", "x"),
                             save("good.test", "x") };
        assert_int_equal(mkdir(full(f, "dir.test.db"), 0700), 0);
        assert_int_equal(ddns_zonedir_write(f->dir, tasks, 4, &f->message), 0);
        assert_non_null(strstr(tasks[0].message.text, "too long for a file name: 249 of 248 octets"));
        assert_non_null(strstr(tasks[1].message.text, "the zone name has"));
        assert_non_null(strstr(tasks[2].message.text, "dir.test.db: Is a directory"));
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(tasks[i].state, DDNS_TASK_FAILED);
        assert_int_equal(tasks[3].state, DDNS_TASK_PENDING);
        assert_content(f, "good.test.db", "x");
        assert_int_equal(count_entries(f->path), 2);

        DdnsTask deletes[] = { { .zone = "dir.test", .delete = true },
                               { .zone = "good.test", .delete = true },
                               { .zone = "none.test", .delete = true },
                               { .zone = zone, .delete = true } };
        assert_int_equal(ddns_zonedir_remove(f->dir, deletes, 4, &f->message), 0);
        assert_int_equal(deletes[0].state, DDNS_TASK_FAILED);
        for (size_t i = 1; i < 4; i++)
                assert_int_equal(deletes[i].state, DDNS_TASK_PENDING);
        assert_int_equal(count_entries(f->path), 1);
}

static void file_beyond_the_size_limit_fails_alone_and_the_old_one_stays(void **state) {
        static char content[100000];
        Fixture *f = *state;
        DdnsTask old = save("a.test", "old");
        struct rlimit before, limit;

        assert_int_equal(ddns_zonedir_write(f->dir, &old, 1, &f->message), 0);
        memset(content, 'x', sizeof content - 1);
        DdnsTask tasks[] = { save("a.test", content), save("b.test", "x") };

        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        limit = (struct rlimit){ .rlim_cur = 5000, .rlim_max = before.rlim_max };
        (void) signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        int r = ddns_zonedir_write(f->dir, tasks, 2, &f->message);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

        assert_int_equal(r, 0);
        assert_int_equal(tasks[0].state, DDNS_TASK_FAILED);
        assert_string_equal(tasks[0].message.text, "writing a.test.db: File too large");
        assert_content(f, "a.test.db", "old");
        assert_content(f, "b.test.db", "x");
        assert_int_equal(count_entries(f->path), 2);
}

static void directory_that_is_gone_fails_as_a_whole(void **state) {
        Fixture *f = *state;
        DdnsTask task = save("a.test", "x");
        DdnsZoneDir *dir = NULL;

        assert_int_equal(rmdir(f->path), 0);
        assert_int_equal(ddns_zonedir_write(f->dir, &task, 1, &f->message), -ENOENT);
        assert_int_equal(task.state, DDNS_TASK_PENDING);
        assert_non_null(strstr(f->message.text, f->path));
        assert_int_equal(ddns_zonedir_open(f->path, &dir, &f->message), -ENOENT);
        assert_null(dir);
}

static void directory_that_was_replaced_is_not_there(void **state) {
        Fixture *f = *state;
        char former[sizeof f->path + 16];

        assert_true(ddns_zonedir_is_there(f->dir));
        (void) snprintf(former, sizeof former, "%s-former", f->path);
        assert_int_equal(rename(f->path, former), 0);
        assert_false(ddns_zonedir_is_there(f->dir));
        assert_int_equal(mkdir(f->path, 0700), 0);
        assert_false(ddns_zonedir_is_there(f->dir));
        assert_int_equal(rmdir(f->path), 0);
        assert_int_equal(rename(former, f->path), 0);
        assert_true(ddns_zonedir_is_there(f->dir));
}

static void full_disk_fails_as_a_whole_and_leaves_the_old_files(void **state) {
        static char content[200000];
        Fixture *f = *state;
        DdnsTask old = save("a.test", "old");

        if (mount("none", f->path, "tmpfs", 0, "size=128k") < 0) {
                print_message("needs the right to mount a tmpfs: %s\n", strerror(errno));
                skip();
        }
        f->dir = ddns_zonedir_free(f->dir);
        assert_int_equal(ddns_zonedir_open(f->path, &f->dir, &f->message), 0);
        assert_int_equal(ddns_zonedir_write(f->dir, &old, 1, &f->message), 0);

        memset(content, 'x', sizeof content - 1);
        DdnsTask tasks[] = { save("a.test", "new"), save("b.test", content) };
        assert_int_equal(ddns_zonedir_write(f->dir, tasks, 2, &f->message), -ENOSPC);
        assert_int_equal(tasks[0].state, DDNS_TASK_PENDING);
        assert_int_equal(tasks[1].state, DDNS_TASK_PENDING);
        assert_content(f, "a.test.db", "old");
        assert_int_equal(count_entries(f->path), 1);
        assert_int_equal(ddns_zonedir_write(f->dir, tasks, 1, &f->message), 0);
        assert_content(f, "a.test.db", "new");

        f->dir = ddns_zonedir_free(f->dir);
        assert_int_equal(umount(f->path), 0);
}

typedef struct Findings {
        unsigned by_finding[DDNS_FINDING_BAD + 1];
        DdnsMessage last;
} Findings;

static void note_finding(DdnsFinding finding, const char *text, void *userdata) {
        Findings *f = userdata;

        f->by_finding[finding]++;
        (void) ddns_fail(&f->last, 0, "%s", text);
}

static void check(const char *path, unsigned good, unsigned warnings, unsigned bad, const char *text) {
        Findings f = { 0 };

        ddns_zonedir_check(path, note_finding, &f);
        assert_int_equal(f.by_finding[DDNS_FINDING_GOOD], good);
        assert_int_equal(f.by_finding[DDNS_FINDING_WARNING], warnings);
        assert_int_equal(f.by_finding[DDNS_FINDING_BAD], bad);
        assert_non_null(strstr(f.last.text, text));
}

static void check_tells_what_a_directory_lacks(void **state) {
        Fixture *f = *state;

        check(f->path, 1, 0, 0, " is there");
        check(full(f, "none"), 0, 0, 1, "/none: No such file or directory");
        put(f, "file", "");
        check(full(f, "file"), 0, 0, 1, "/file is no directory");

        if (mount("none", f->path, "tmpfs", 0, "size=128k") < 0) {
                print_message("needs the right to mount a tmpfs: %s\n", strerror(errno));
                skip();
        }
        check(f->path, 1, 0, 1, "has room for 128 KiB only");
        assert_int_equal(mount("none", f->path, NULL, MS_REMOUNT, "size=8m"), 0);
        check(f->path, 1, 1, 0, "has room for 8192 KiB only");
        assert_int_equal(mount("none", f->path, NULL, MS_REMOUNT, "size=80m,nr_inodes=5"), 0);
        check(f->path, 1, 0, 1, "has room for 4 files only");
        assert_int_equal(mount("none", f->path, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
        check(f->path, 0, 0, 1, "mounted read-only");
        assert_int_equal(umount(f->path), 0);
}

static int count_zone(const char *zone, void *userdata) {
        assert_string_equal(zone, "a.test");
        ++*(unsigned *) userdata;
        return 0;
}

static void only_files_of_zones_are_listed(void **state) {
        Fixture *f = *state;
        unsigned n = 0;

        put(f, "a.test.db", "");
        put(f, "A.test.db", "");
        put(f, ".db", "");
        put(f, "b.test.db.bak", "");
        put(f, "c test.db", "");
        put(f, "ddns.zones.conf", "");
        assert_int_equal(ddns_zonedir_each(f->dir, count_zone, &n, &f->message), 0);
        assert_int_equal(n, 1);
        assert_true(ddns_zonedir_has(f->dir, "a.test"));
        assert_false(ddns_zonedir_has(f->dir, "b.test"));
}

static void zone_files_backend_writes_and_removes(void **state) {
        Fixture *f = *state;
        const DdnsBackendConfig config = { .type = DDNS_BACKEND_ZONE_FILES, .zone_dir = f->path };
        const DdnsBackendOps *ops = ddns_backend_ops(config.type);
        DdnsTask tasks[] = { save("a.test", "x"),
                             save("no/name", "x"),
                             { .zone = "b.test", .delete = true } };
        DdnsBackend *b;

        assert_int_equal(ops->new (&config, &b, &f->message), 0);
        assert_null(ops->incarnation);
        put(f, "b.test.db", "x");
        assert_int_equal(ops->apply(b, tasks, 3, &f->message), 0);
        assert_int_equal(tasks[0].state, DDNS_TASK_WRITTEN);
        assert_int_equal(tasks[1].state, DDNS_TASK_FAILED);
        assert_int_equal(tasks[2].state, DDNS_TASK_WRITTEN);
        assert_content(f, "a.test.db", "x");
        assert_int_equal(count_entries(f->path), 1);
        ops->free(b);
}

static void kept_file_is_put_back_or_forgotten(void **state) {
        Fixture *f = *state;
        DdnsTask first = save("a.test", "first\n"), second = save("a.test", "second\n"),
                 third = save("a.test", "third\n");

        assert_int_equal(ddns_zonedir_put_back(f->dir, "a.test"), 0);
        ddns_zonedir_keep(f->dir, "a.test"); /* there is nothing to keep */
        assert_int_equal(ddns_zonedir_write(f->dir, &first, 1, &f->message), 0);
        assert_int_equal(ddns_zonedir_put_back(f->dir, "a.test"), 0);

        ddns_zonedir_keep(f->dir, "a.test");
        assert_int_equal(ddns_zonedir_put_back(f->dir, "a.test"), 1); /* nothing was written meanwhile */
        assert_int_equal(ddns_zonedir_put_back(f->dir, "a.test"), 0);
        assert_content(f, "a.test.db", "first\n");

        ddns_zonedir_keep(f->dir, "a.test");
        assert_int_equal(ddns_zonedir_write(f->dir, &second, 1, &f->message), 0);
        ddns_zonedir_keep(f->dir, "a.test"); /* the second was never seen served */
        assert_int_equal(ddns_zonedir_write(f->dir, &third, 1, &f->message), 0);
        assert_content(f, "a.test.db", "third\n");
        assert_int_equal(ddns_zonedir_put_back(f->dir, "a.test"), 1);
        assert_content(f, "a.test.db", "first\n");

        ddns_zonedir_keep(f->dir, "a.test");
        second.state = DDNS_TASK_PENDING;
        assert_int_equal(ddns_zonedir_write(f->dir, &second, 1, &f->message), 0);
        ddns_zonedir_forget(f->dir, "a.test");
        assert_int_equal(ddns_zonedir_put_back(f->dir, "a.test"), 0);
        assert_content(f, "a.test.db", "second\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(kept_file_is_put_back_or_forgotten, setup, teardown),
                cmocka_unit_test_setup_teardown(files_have_their_content_mode_and_precise_time, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(large_batches_are_written_and_removed_as_well, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(reader_of_the_old_file_is_not_disturbed, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(leftovers_of_a_killed_run_are_removed_and_nothing_else,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(links_are_replaced_and_never_followed, setup, teardown),
                cmocka_unit_test_setup_teardown(trouble_with_one_file_fails_one_task, setup, teardown),
                cmocka_unit_test_setup_teardown(
                                file_beyond_the_size_limit_fails_alone_and_the_old_one_stays, setup,
                                teardown),
                cmocka_unit_test_setup_teardown(directory_that_is_gone_fails_as_a_whole, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(directory_that_was_replaced_is_not_there, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(full_disk_fails_as_a_whole_and_leaves_the_old_files,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(check_tells_what_a_directory_lacks, setup, teardown),
                cmocka_unit_test_setup_teardown(only_files_of_zones_are_listed, setup, teardown),
                cmocka_unit_test_setup_teardown(zone_files_backend_writes_and_removes, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

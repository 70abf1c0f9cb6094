/* SPDX-License-Identifier: MIT */
/* The wake-up datagram: it never waits, and a full buffer is as good as sent. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "basic/cleanup.h"
#include "basic/wake.h"
#include "test.h"

typedef struct Fixture {
        char directory[64], path[96];
        int fd;
} Fixture;

static int set_up(void **state) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        Fixture *f = calloc(1, sizeof *f);

        strcpy(f->directory, "/tmp/ddns-test-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        (void) snprintf(f->path, sizeof f->path, "%s/wake", f->directory);
        strcpy(address.sun_path, f->path);
        f->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(f->fd, (struct sockaddr *) &address, sizeof address), 0);
        *state = f;
        return 0;
}

static int tear_down(void **state) {
        Fixture *f = *state;

        (void) close(f->fd);
        (void) unlink(f->path);
        assert_int_equal(rmdir(f->directory), 0);
        free(f);
        return 0;
}

static void a_wake_up_arrives(void **state) {
        Fixture *f = *state;
        char byte;

        assert_int_equal(ddns_wake(f->path), 0);
        assert_int_equal(recv(f->fd, &byte, 1, 0), 1);
        assert_int_equal(recv(f->fd, &byte, 1, 0), -1);
}

static void a_full_buffer_is_as_good_as_sent(void **state) {
        Fixture *f = *state;
        char byte;
        size_t sent = 0, received = 0;

        /* More than any net.unix.max_dgram_qlen in use: the buffer is full long before. */
        for (; sent < 20000; sent++)
                assert_int_equal(ddns_wake(f->path), 0);
        while (recv(f->fd, &byte, 1, 0) == 1)
                received++;
        assert_in_range(received, 1, sent - 1);
}

static void nobody_there_is_said(void **state) {
        Fixture *f = *state;
        char path[200];

        (void) close(f->fd);
        assert_int_equal(ddns_wake(f->path), -ECONNREFUSED);
        (void) unlink(f->path);
        assert_int_equal(ddns_wake(f->path), -ENOENT);
        f->fd = -EBADF;
        memset(path, 'x', sizeof path - 1);
        path[sizeof path - 1] = '\0';
        assert_int_equal(ddns_wake(path), -ENAMETOOLONG);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_wake_up_arrives),
                TEST(a_full_buffer_is_as_good_as_sent),
                TEST(nobody_there_is_said),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* One request a connection, one connection at a time. */
#include "master.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/buffer.h"
#include "test.h"

static void read_request(int fd) {
        char request[4096];
        size_t size = 0;
        ssize_t k;

        while (size < sizeof request - 1 &&
               (k = read(fd, request + size, sizeof request - 1 - size)) > 0) {
                size += (size_t) k;
                request[size] = '\0';
                if (strstr(request, "\r\n\r\n"))
                        return;
        }
}

static void answer(Master *m, int fd) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer body = DDNS_BUFFER_NULL, head = DDNS_BUFFER_NULL;

        (void) pthread_mutex_lock(&m->lock);
        void (*asked)(void *) = m->asked;
        void *userdata = m->userdata;
        m->n_requests++;
        ddns_buffer_append_text(&body, "{");
        for (size_t i = 0; i < m->n; i++)
                ddns_buffer_append_format(&body, "\"%zu\":{\"domain\":\"%s\"},", i, m->zones[i]);
        ddns_buffer_append_text(&body, "\"info\":{\"total_pages\":1}}");
        ddns_buffer_append_format(
                        &head,
                        "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                        "Connection: close\r\n\r\n",
                        m->status, body.size);
        (void) pthread_mutex_unlock(&m->lock);
        if (asked)
                asked(userdata);
        (void) send(fd, head.data, head.size, MSG_NOSIGNAL);
        (void) send(fd, body.data, body.size, MSG_NOSIGNAL);
}

static void *serve(void *userdata) {
        Master *m = userdata;
        int fd;

        while ((fd = accept4(m->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
                read_request(fd);
                answer(m, fd);
                (void) close(fd);
        }
        return NULL;
}

void master_start(Master *m) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t length = sizeof address;

        *m = (Master){ .lock = PTHREAD_MUTEX_INITIALIZER,
                       .status = 200,
                       .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
        assert_true(m->fd >= 0);
        assert_int_equal(bind(m->fd, (struct sockaddr *) &address, length), 0);
        assert_int_equal(listen(m->fd, 16), 0);
        assert_int_equal(getsockname(m->fd, (struct sockaddr *) &address, &length), 0);
        m->port = ntohs(address.sin_port);
        assert_int_equal(pthread_create(&m->thread, NULL, serve, m), 0);
}

void master_stop(Master *m) {
        (void) shutdown(m->fd, SHUT_RDWR);
        (void) pthread_join(m->thread, NULL);
        (void) close(m->fd);
}

void master_list(Master *m, const char *const *zones) {
        (void) pthread_mutex_lock(&m->lock);
        for (m->n = 0; zones[m->n]; m->n++)
                m->zones[m->n] = zones[m->n];
        (void) pthread_mutex_unlock(&m->lock);
}

void master_set_asked(Master *m, void (*asked)(void *userdata), void *userdata) {
        (void) pthread_mutex_lock(&m->lock);
        m->asked = asked;
        m->userdata = userdata;
        (void) pthread_mutex_unlock(&m->lock);
}

void master_set_status(Master *m, int status) {
        (void) pthread_mutex_lock(&m->lock);
        m->status = status;
        (void) pthread_mutex_unlock(&m->lock);
}

unsigned master_requests(Master *m) {
        (void) pthread_mutex_lock(&m->lock);
        unsigned n = m->n_requests;
        (void) pthread_mutex_unlock(&m->lock);
        return n;
}

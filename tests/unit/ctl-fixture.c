/* SPDX-License-Identifier: MIT */
/* ddnsctl through its library entry, on a database and a configuration of its own. */
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "basic/clock.h"
#include "ctl-fixture.h"
#include "ctl/ctl.h"
#include "test.h"

#define ARGUMENTS_MAX 16

int (*fake_pass)(const DdnsConfig *config, const DdnsPassOptions *options, DdnsPass *ret,
                 DdnsMessage *message);

static const char usual_config[] =
                "state:\n"
                "  database: %1$s/ddns.db\n"
                "  wake: %1$s/wake\n"
                "receiver:\n"
                "  masters:\n"
                "    - {name: da1, username: ddns, password-file: %1$s/da1.hash}\n"
                "backends:\n"
                "  - {name: files, type: zone-files, zone-dir: %1$s/zones}\n"
                "  - {name: asked, type: zone-files, zone-dir: %1$s/asked, nameserver: 127.0.0.1}\n";

void write_file(const Fixture *f, const char *name, const char *text) {
        char path[160];

        (void) snprintf(path, sizeof path, "%s/%s", f->directory, name);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

/* clang-format off */
void write_config(Fixture *f, const char *format) {
        char text[2048];

        #pragma GCC diagnostic push
        #pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void) snprintf(text, sizeof text, format, f->directory);
        #pragma GCC diagnostic pop
        /* clang-format on */
        write_file(f, "ddns.yaml", text);
}

void open_store(Fixture *f) {
        static const DdnsStoreOptions options = { .busy_usec = USEC_PER_SEC,
                                                  .history = 3,
                                                  .rejected = 5 };
        static const DdnsStoreBackend backends[] = { { "asked", "a" }, { "files", "f" } };

        assert_int_equal(ddns_store_open(f->database, &options, &f->store, NULL), 0);
        assert_int_equal(ddns_store_set_backends(f->store, backends, ARRAY_SIZE(backends)), 0);
}

int set_up_bare(void **state) {
        Fixture *f = calloc(1, sizeof *f);

        strcpy(f->directory, "/tmp/ddns-test-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        (void) snprintf(f->config, sizeof f->config, "%s/ddns.yaml", f->directory);
        (void) snprintf(f->database, sizeof f->database, "%s/ddns.db", f->directory);
        (void) snprintf(f->wake, sizeof f->wake, "%s/wake", f->directory);
        write_config(f, usual_config);
        *state = f;
        return 0;
}

int set_up(void **state) {
        (void) set_up_bare(state);
        open_store(*state);
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

int tear_down(void **state) {
        Fixture *f = *state;

        (void) ddns_store_free(f->store);
        assert_int_equal(nftw(f->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
        fake_pass = NULL;
        free(f->out);
        free(f->err);
        free(f);
        return 0;
}

/* Runs ddnsctl with --config and the words given. */
static int run_on(Fixture *f, FILE *in, FILE *out, va_list ap) {
        char *argv[ARGUMENTS_MAX + 1] = { (char[]){ "ddnsctl" } };
        size_t size, argc = 1;
        const char *word;

        assert_true(asprintf(&argv[argc++], "--config=%s", f->config) > 0);
        while ((word = va_arg(ap, const char *))) {
                assert_true(argc < ARGUMENTS_MAX);
                argv[argc++] = strdup(word);
        }
        free(f->err);
        FILE *err = open_memstream(&f->err, &size);
        f->status = ddns_ctl_main((int) argc, argv, &(DdnsCtlStreams){ in, out, err });
        (void) fclose(err);
        for (size_t i = 1; i < argc; i++)
                free(argv[i]);
        return f->status;
}

int run(Fixture *f, ...) {
        FILE *in = tmpfile();
        size_t size;
        va_list ap;

        assert_true(fputs(f->input ? f->input : "", in) >= 0);
        rewind(in);
        free(f->out);
        FILE *out = open_memstream(&f->out, &size);
        va_start(ap, f);
        (void) run_on(f, in, out, ap);
        va_end(ap);
        (void) fclose(out);
        (void) fclose(in);
        return f->status;
}

int run_to(Fixture *f, FILE *out, ...) {
        va_list ap;

        va_start(ap, out);
        (void) run_on(f, stdin, out, ap);
        va_end(ap);
        return f->status;
}

bool has(const char *text, const char *part) {
        if (!strstr(text, part))
                print_message("no \"%s\" in:\n%s\n", part, text);
        return strstr(text, part);
}

json_t *parse(const char *text) {
        json_error_t error;
        json_t *document = json_loads(text, JSON_DECODE_ANY, &error);

        if (!document)
                print_message("%s in:\n%s\n", error.text, text);
        assert_non_null(document);
        return document;
}

const char *text_of(const json_t *object, const char *key) {
        const char *text = json_string_value(json_object_get(object, key));

        return text ? text : "";
}

json_int_t number_of(const json_t *object, const char *key) {
        assert_true(json_is_integer(json_object_get(object, key)));
        return json_integer_value(json_object_get(object, key));
}

void push(Fixture *f, const char *zone) {
        f->input = ZONE;
        assert_int_equal(run(f, "push", zone, "-", NULL), 0);
        f->input = NULL;
}

const DdnsStoreBackend both_backends[2] = { { "files", "a" }, { "asked", "b" } };

int set_up_pushed(void **state) {
        (void) set_up(state);
        Fixture *f = *state;

        push(f, "example.org");
        assert_int_equal(ddns_store_set_backends(f->store, both_backends, ARRAY_SIZE(both_backends)), 0);
        return 0;
}

/* Delivers what is due to `backend`; `error` NULL: with success. */
void deliver(Fixture *f, const char *backend, const char *error, size_t schedule_length) {
        static const uint64_t backoff[] = { 90 * USEC_PER_SEC };
        const DdnsSchedule schedule = { backoff, schedule_length };
        ddns_cleanup(ddns_batch_done) DdnsBatch batch = DDNS_BATCH_NULL;
        DdnsResult results[8];

        assert_int_equal(ddns_store_take_batch(f->store, backend, ddns_now_usec(), ARRAY_SIZE(results),
                                               &batch),
                         0);
        for (size_t i = 0; i < batch.n; i++)
                results[i] = (DdnsResult){ .zone = batch.deliveries[i].zone,
                                           .generation = batch.deliveries[i].generation,
                                           .error = error };
        assert_int_equal(ddns_store_record(f->store, backend, results, batch.n, ddns_now_usec(),
                                           &schedule),
                         0);
}

int listen_for_wake(const Fixture *f) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        assert_true(fd >= 0);
        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s", f->wake);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
        return fd;
}

bool was_woken(int fd) {
        char byte;

        return recv(fd, &byte, 1, MSG_DONTWAIT) == 1;
}

int ddns_pass_run(const DdnsConfig *config, const DdnsPassOptions *options, DdnsPass *ret,
                  DdnsMessage *message) {
        return fake_pass ? fake_pass(config, options, ret, message) : 0;
}

/* SPDX-License-Identifier: MIT */
/* The verb register: this node becomes a server in a DirectAdmin's Multi Server Setup, and is pushed to from then on. */
#include <arpa/inet.h>
#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "basic/clock.h"
#include "basic/file.h"
#include "ctl/password.h"
#include "ctl/progress.h"
#include "directadmin/register.h"

#define PORT         2222
#define TLS_PORT     2224
#define POLL_NSEC    (100 * 1000 * 1000)
#define REQUEST_USEC (120 * USEC_PER_SEC) /* for all of them */

/* clang-format off */
static const DdnsColumn columns[] = {
        { "master",     NULL, DDNS_COLUMN_JSON },
        { "outcome",    NULL, DDNS_COLUMN_JSON },
        { "address",    NULL, DDNS_COLUMN_JSON },
        { "port",       NULL, DDNS_COLUMN_JSON },
        { "tls",        NULL, DDNS_COLUMN_JSON },
        { "user",       NULL, DDNS_COLUMN_JSON },
        { "clustering", NULL, DDNS_COLUMN_JSON },
        { "login",      NULL, DDNS_COLUMN_JSON },
        { "client",     NULL, DDNS_COLUMN_JSON },
};
/* clang-format on */

typedef struct Register {
        DdnsReconcileMaster *asked; /* whom we ask to enter us */
        const DdnsMaster *pushing;  /* the credential that it will push with */
        char address[INET6_ADDRSTRLEN];
        DdnsDaPeer peer;
        DdnsDaRegistration done;
        uint64_t began_usec;
        char client[64]; /* where the login came from; "": it did not come */
} Register;

static DdnsReconcileMaster *find_asked(DdnsCtl *c, const char *name) {
        for (size_t i = 0; i < c->config.reconcile.n_masters; i++)
                if (strcmp(c->config.reconcile.masters[i].name, name) == 0)
                        return &c->config.reconcile.masters[i];
        return NULL;
}

/* Without --user it must be clear who is meant. */
static const DdnsMaster *find_pushing(DdnsCtl *c) {
        for (size_t i = 0; i < c->config.receiver.n_masters; i++)
                if (c->user ? strcmp(c->config.receiver.masters[i].username, c->user) == 0
                            : c->config.receiver.n_masters == 1)
                        return &c->config.receiver.masters[i];
        return NULL;
}

/* In the form that everybody writes it in: it is the entry's name at the server. */
static bool parse_address(const char *text, char ret[INET6_ADDRSTRLEN]) {
        unsigned char bytes[sizeof(struct in6_addr)];
        int family = strchr(text, ':') ? AF_INET6 : AF_INET;

        return inet_pton(family, text, bytes) == 1 && inet_ntop(family, bytes, ret, INET6_ADDRSTRLEN);
}

static int choose(DdnsCtl *c, const char *name, Register *g) {
        bool tls = c->options & DDNS_CTL_TLS;

        g->asked = find_asked(c, name);
        if (!g->asked)
                return ddns_ctl_fail(c, "no master '%s' in reconcile.masters", name);
        g->pushing = find_pushing(c);
        if (!g->pushing && !c->user)
                return ddns_ctl_fail(c, "--user is missing: receiver.masters has %zu entries",
                                     c->config.receiver.n_masters);
        if (!g->pushing)
                return ddns_ctl_fail(c, "no entry of receiver.masters has the user name '%s'", c->user);
        if (!c->address)
                return ddns_ctl_fail(c, "--address is missing: at which %s reaches this node", name);
        if (!parse_address(c->address, g->address))
                return ddns_ctl_fail(c, "--address=%s: no IP address", c->address);
        if ((c->options & DDNS_CTL_PORT) && c->port == 0)
                return ddns_ctl_fail(c, "--port=0: no port");
        g->peer = (DdnsDaPeer){ .address = g->address,
                                .port = c->port > 0 ? (uint32_t) c->port
                                        : tls       ? TLS_PORT
                                                    : PORT,
                                .tls = tls,
                                .username = g->pushing->username };
        return ddns_ctl_resolve_secret(c, &g->asked->password_file, "reconcile") < 0
                               ? ddns_ctl_no_memory(c)
                               : EXIT_SUCCESS;
}

static int read_password(DdnsCtl *c, DdnsPassword *ret) {
        DdnsMessage message = DDNS_MESSAGE_NULL;
        ddns_cleanup(ddns_freep) char *path = NULL;
        char *text = NULL;

        if (!c->password_file)
                return ddns_ctl_read_password(c, false, ret);
        /* A name alone is a file here, not a credential. */
        path = realpath(c->password_file, NULL);
        if (!path)
                return ddns_ctl_fail(c, "%s: %m", c->password_file);
        if (ddns_secret_read(path, &text, &message) < 0)
                return ddns_ctl_fail(c, "%s", message.text);
        bool fits = strlen(text) <= DDNS_PASSWORD_MAX;
        (void) snprintf(ret->text, sizeof ret->text, "%s", text);
        explicit_bzero(text, strlen(text));
        free(text);
        return fits ? EXIT_SUCCESS
                    : ddns_ctl_fail(c, "%s: longer than %d bytes", path, DDNS_PASSWORD_MAX);
}

/* A password that the receiver would refuse is found here, before the server pushes with it. As far as we may read the hash. */
static int check_password(DdnsCtl *c, const Register *g, const DdnsPassword *password) {
        ddns_cleanup(ddns_freep) char *path =
                        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): choose() has set it */
                        ddns_ctl_secret_file(c, g->pushing->password_file, "receiver");
        ddns_cleanup(ddns_freep) struct crypt_data *data = calloc(1, sizeof *data);
        char *hash = NULL;

        if (!path || !data)
                return ddns_ctl_no_memory(c);
        if (ddns_secret_read(path, &hash, NULL) < 0)
                return EXIT_SUCCESS;
        const char *made = crypt_rn(password->text, hash, data, sizeof *data);
        bool right = made && strcmp(made, hash) == 0;
        explicit_bzero(data, sizeof *data);
        explicit_bzero(hash, strlen(hash));
        free(hash);
        return right ? EXIT_SUCCESS
                     : ddns_ctl_fail(c, "the password is not the one of '%s' (receiver.masters: %s)",
                                     g->pushing->username, g->pushing->name);
}

static int enter(DdnsCtl *c, Register *g) {
        const DdnsReconcileMaster *m = g->asked;
        const DdnsDirectAdmin server = { .url = m->url,
                                         .username = m->username,
                                         .password_file = m->password_file,
                                         .ca = m->tls.ca,
                                         .pin = m->tls.pin,
                                         .timeout_usec = m->timeout_usec,
                                         .total_usec = REQUEST_USEC };
        DdnsMessage message = DDNS_MESSAGE_NULL;

        g->began_usec = ddns_now_usec();
        int r = ddns_da_register(&server, &g->peer, &g->done, &message);
        return r < 0 ? ddns_ctl_fail(c, "%s: %s", m->name, message.text) : EXIT_SUCCESS;
}

static int look_for_contact(const DdnsMasterRow *row, void *userdata) {
        Register *g = userdata;

        if (strcmp(row->name, g->pushing->name) == 0 && row->contact_usec >= g->began_usec)
                (void) snprintf(g->client, sizeof g->client, "%s", row->client);
        return 0;
}

/* Until the receiver has noted a login. 0, or the store's error. */
static int wait_for_login(DdnsCtl *c, Register *g) {
        const uint64_t start = ddns_monotonic_usec();
        DdnsProgress progress = ddns_progress_start(c->err);
        int r;

        for (;;) {
                r = ddns_store_each_master(c->store, look_for_contact, g);
                uint64_t waited = ddns_monotonic_usec() - start;
                if (r < 0 || g->client[0] || waited >= c->timeout_usec)
                        break;
                ddns_progress_show(&progress, "waiting for its login test, seconds",
                                   waited / USEC_PER_SEC, c->timeout_usec / USEC_PER_SEC);
                (void) nanosleep(&(struct timespec){ .tv_nsec = POLL_NSEC }, NULL);
        }
        ddns_progress_end(&progress);
        return r;
}

static int report_json(DdnsCtl *c, const Register *g) {
        ddns_cleanup(ddns_listing_done) DdnsListing l = DDNS_LISTING_NULL;

        ddns_listing_init(&l, DDNS_SHAPE_JSON, columns, ARRAY_SIZE(columns), c->now_usec);
        ddns_listing_text(&l, g->asked->name, DDNS_TONE_PLAIN);
        ddns_listing_text(&l, g->done.added ? "added" : "updated", DDNS_TONE_PLAIN);
        ddns_listing_text(&l, g->peer.address, DDNS_TONE_PLAIN);
        ddns_listing_number(&l, g->peer.port, DDNS_TONE_PLAIN);
        ddns_listing_bool(&l, g->peer.tls);
        ddns_listing_text(&l, g->peer.username, DDNS_TONE_PLAIN);
        ddns_listing_bool(&l, g->done.cluster_on);
        ddns_listing_text(&l, g->client[0] ? "arrived" : "timeout", DDNS_TONE_PLAIN);
        ddns_listing_text(&l, g->client, DDNS_TONE_PLAIN);
        return ddns_ctl_print_json(c, ddns_listing_take_object(&l));
}

static void say_entered(DdnsCtl *c, const Register *g) {
        if (!(c->options & DDNS_CTL_JSON)) {
                (void) fprintf(c->out, "%s: %s port %u %s, to be pushed to as %s%s.\n", g->asked->name,
                               g->peer.address, g->peer.port,
                               g->done.added ? "was entered" : "was there already and is saved anew",
                               g->peer.username, g->peer.tls ? " over TLS" : "");
                (void) fflush(c->out);
        }
        if (!g->done.cluster_on)
                ddns_ctl_say(c,
                             "hint: DNS clustering is off at %s, so it pushes nothing: switch it on there, in "
                             "Multi Server Setup",
                             g->asked->name);
}

static int report(DdnsCtl *c, const Register *g) {
        bool json = c->options & DDNS_CTL_JSON;

        if (json && report_json(c, g) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        if (!g->client[0]) {
                ddns_ctl_say(c,
                             "%s: its login did not arrive within %u seconds: is ddns%s.socket up, is port %u "
                             "open for it? Test the connection there, in Multi Server Setup",
                             g->asked->name, (unsigned) (c->timeout_usec / USEC_PER_SEC),
                             g->peer.tls ? "-tls" : "", g->peer.port);
                return DDNS_EXIT_TIMEOUT;
        }
        if (!json)
                (void) fprintf(c->out, "%s: its login has arrived, as %s from %s.\n", g->asked->name,
                               g->pushing->name, g->client);
        return EXIT_SUCCESS;
}

int ddns_verb_register(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(ddns_password_wipe) DdnsPassword password = { "" };
        Register g = { 0 };

        if (choose(c, operands[0], &g) != EXIT_SUCCESS || read_password(c, &password) != EXIT_SUCCESS ||
            check_password(c, &g, &password) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        g.peer.password = password.text;
        if (enter(c, &g) != EXIT_SUCCESS)
                return EXIT_FAILURE;
        say_entered(c, &g);
        int r = wait_for_login(c, &g);
        return r < 0 ? ddns_ctl_store_failed(c, r) : report(c, &g);
}

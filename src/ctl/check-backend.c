/* SPDX-License-Identifier: MIT */
/* The verb check-backend: what a backend lacks to take deliveries, before the first push. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/backends.h"
#include "dns/soa.h"

/* Whatever it says of this name (RFC 6761), it is there. */
#define ASKED_ZONE "invalid"
#define ASK_USEC   (3 * USEC_PER_SEC)

/* clang-format off */
static const DdnsColumn columns[] = {
        { "finding", "Finding", DDNS_COLUMN_PLAIN },
        { "text",    "Text",    DDNS_COLUMN_PLAIN },
};

static const struct {
        const char *word, *key;
        DdnsTone tone;
} words[] = {
        [DDNS_FINDING_GOOD]    = { "OK",      "good",    DDNS_TONE_GOOD },
        [DDNS_FINDING_WARNING] = { "warning", "warning", DDNS_TONE_WARNING },
        [DDNS_FINDING_BAD]     = { "BAD",     "bad",     DDNS_TONE_BAD },
};
/* clang-format on */

typedef struct Findings {
        DdnsListing listing;
        size_t by_finding[ARRAY_SIZE(words)];
} Findings;

static void findings_done(Findings *f) {
        ddns_listing_done(&f->listing);
}

static void add_finding(DdnsFinding finding, const char *text, void *userdata) {
        Findings *f = userdata;
        bool json = f->listing.shape == DDNS_SHAPE_JSON;

        f->by_finding[finding]++;
        ddns_listing_text(&f->listing, json ? words[finding].key : words[finding].word,
                          words[finding].tone);
        ddns_listing_text(&f->listing, text, DDNS_TONE_PLAIN);
}

static DdnsBackendConfig *find_own(DdnsCtl *c, const char *name) {
        for (size_t i = 0; i < c->config.n_backends; i++)
                if (strcmp(c->config.backends[i].name, name) == 0)
                        return &c->config.backends[i];
        return NULL;
}

static void check_backend(const DdnsBackendConfig *config, const DdnsBackendOps *ops, Findings *f) {
        DdnsMessage message = DDNS_MESSAGE_NULL;
        DdnsBackend *b = NULL;

        int r = ops->new (config, &b, &message);
        if (r >= 0)
                r = ops->check(b, add_finding, f, &message);
        if (r < 0)
                add_finding(DDNS_FINDING_BAD, message.text[0] ? message.text : strerror(-r), f);
        if (b)
                ops->free(b);
}

static void check_nameserver(const DdnsSockaddr *server, const DdnsBackendOps *ops, Findings *f) {
        DdnsSoaQuestion question = { .zone = ASKED_ZONE, .state = DDNS_SOA_SILENT };
        char address[DDNS_ADDRESS_MAX];
        DdnsMessage text;

        ddns_address_format(&server->sa, address);
        unsigned port = ntohs(server->sa.sa_family == AF_INET ? server->in.sin_port
                                                              : server->in6.sin6_port);
        int r = ddns_soa_ask(server, &question, 1, ASK_USEC);
        bool answers = r >= 0 && question.state != DDNS_SOA_SILENT;
        (void) ddns_fail(&text, 0, "name server %s@%u %s%s%s%s", address, port,
                         answers ? "answers" : "does not answer", r < 0 ? ": " : "",
                         r < 0 ? strerror(-r) : "",
                         answers || !ops->apart ? "" : ", so nothing will be seen served there");
        add_finding(answers      ? DDNS_FINDING_GOOD
                    : ops->apart ? DDNS_FINDING_WARNING
                                 : DDNS_FINDING_BAD,
                    text.text, f);
}

static int print_findings(DdnsCtl *c, const DdnsBackendConfig *config, Findings *f) {
        size_t bad = f->by_finding[DDNS_FINDING_BAD];
        int status;

        if (f->listing.shape == DDNS_SHAPE_JSON) {
                json_t *document = json_pack("{s:s, s:s, s:b}", "backend", config->name, "type",
                                             ddns_backend_type_to_string(config->type), "ok", bad == 0);
                ddns_json_attach(&document, "findings", ddns_listing_take_array(&f->listing));
                status = ddns_ctl_print_json(c, document);
        } else {
                status = ddns_listing_print(&f->listing, c->out, c->color) < 0 ? ddns_ctl_no_memory(c)
                                                                               : EXIT_SUCCESS;
                if (f->listing.shape == DDNS_SHAPE_TABLE && status == EXIT_SUCCESS)
                        (void) fprintf(c->out, "\nOK: %zu, warnings: %zu, BAD: %zu.\n",
                                       f->by_finding[DDNS_FINDING_GOOD],
                                       f->by_finding[DDNS_FINDING_WARNING], bad);
        }
        return bad > 0 ? EXIT_FAILURE : status;
}

int ddns_verb_check_backend(DdnsCtl *c, char *operands[], size_t n) {
        ddns_cleanup(findings_done) Findings f = { 0 };
        DdnsBackendConfig *config = find_own(c, operands[0]);

        if (!config)
                return ddns_ctl_fail(c, "no backend '%s' is configured", operands[0]);
        if (ddns_ctl_resolve_backend(c, config) < 0)
                return ddns_ctl_no_memory(c);

        ddns_listing_init(&f.listing, ddns_ctl_table_shape(c), columns, ARRAY_SIZE(columns),
                          c->now_usec);
        const DdnsBackendOps *ops = ddns_backend_ops(config->type);
        check_backend(config, ops, &f);
        if (config->zone_dir)
                ddns_ctl_check_directory(c, config->zone_dir, add_finding, &f);
        if (f.by_finding[DDNS_FINDING_BAD] > 0)
                ddns_ctl_hint_root(c);
        for (size_t i = 0; i < config->n_nameservers; i++)
                check_nameserver(&config->nameservers[i], ops, &f);
        return print_findings(c, config, &f);
}

/* SPDX-License-Identifier: MIT */
/* Is a zone signed so that PowerDNS can serve it? It stores no NSEC and NSEC3 records, but makes them anew from names, types and
 * `ordername`: one that differs in an octet from the signed one is a bogus answer, so they are compared beforehand. */
#include <errno.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "deliver/powerdns-internal.h"

/* Of SHA-1 for a name. Resolvers give up at 50 to 500, and a full zone of names must not cost minutes. */
#define ITERATIONS_MAX 500

typedef struct Nsec3 {
        const char *algorithm, *flags, *iterations, *salt, *next;
        size_t algorithm_size, flags_size, iterations_size, salt_size, next_size;
        const char *types;
} Nsec3;

static int refuse(DdnsMessage *message, const PowerdnsName *name, const char *why) {
        return ddns_fail(message, -EBADMSG, "PowerDNS can't serve this signed zone: %s at %.*s", why,
                         (int) (name->size < 256 ? name->size : 256), name->owner);
}

static const DdnsRecord *find(const PowerdnsZone *z, const PowerdnsName *name, const char *type) {
        for (size_t i = name->first; i < name->first + name->n; i++)
                if (ddns_record_is_type(&z->records[i], type))
                        return &z->records[i];
        return NULL;
}

static bool is_same(const char *a, size_t a_size, const char *b, size_t b_size) {
        return a_size == b_size && strncasecmp(a, b, a_size) == 0;
}

/* ---- bitmaps ---- */

static bool lists(const char *types, const char *end, const char *type, size_t type_size) {
        while (types < end) {
                size_t size;
                const char *token = powerdns_token(&types, end, &size);

                if (size == type_size && memcmp(token, type, size) == 0)
                        return true;
        }
        return false;
}

static size_t count(const char *types, const char *end) {
        size_t n = 0, size;

        while (types < end) {
                (void) powerdns_token(&types, end, &size);
                n++;
        }
        return n;
}

static bool is_of_the_chain(const DdnsRecord *r) {
        return ddns_record_is_type(r, "RRSIG") || ddns_record_is_type(r, "NSEC") ||
               ddns_record_is_type(r, "NSEC3") || ddns_record_is_type(r, "NSEC3PARAM");
}

/* Are the types from `types` to the end of record `r` those that PowerDNS finds at the name? It adds the types of the chain. */
static bool bitmap_is_right(const PowerdnsZone *z, const PowerdnsName *name, const DdnsRecord *r,
                            const char *types) {
        const char *end = r->rdata + r->rdata_size;
        const bool nsec3 = z->chain == POWERDNS_NSEC3;
        size_t n = 0;
        bool only_ns = true;

        for (size_t i = name->first; i < name->first + name->n; i++) {
                const DdnsRecord *other = &z->records[i];
                bool first = i == name->first || other->type_size != other[-1].type_size ||
                             memcmp(other->type, other[-1].type, other->type_size) != 0;
                bool ns = ddns_record_is_type(other, "NS");

                if (!first || is_of_the_chain(other) || !(ns || powerdns_is_authoritative(name, other)))
                        continue;
                if (!lists(types, end, other->type, other->type_size))
                        return false;
                only_ns = only_ns && ns;
                n++;
        }
        if (!nsec3)
                return lists(types, end, "NSEC", 4) && lists(types, end, "RRSIG", 5) &&
                       count(types, end) == n + 2;
        if (name == z->names) {
                if (!lists(types, end, "NSEC3PARAM", 10))
                        return false;
                n++;
        }
        if (!only_ns) { /* a delegation without DS, and an empty non-terminal, have no signature */
                if (!lists(types, end, "RRSIG", 5))
                        return false;
                n++;
        }
        return count(types, end) == n;
}

/* ---- NSEC ---- */

/* PowerDNS sorts names by labels from the right with blanks between, octet by octet of its own escaped text. */
static bool sorts_alike(const PowerdnsName *name) {
        for (size_t i = 0; i + 3 < name->size; i++)
                if (name->owner[i] == '\\') {
                        /* NOLINTNEXTLINE(cert-err34-c): three digits, which the zone check has seen */
                        int c = atoi((char[]){ name->owner[i + 1], name->owner[i + 2],
                                               name->owner[i + 3], '\0' });
                        if (c <= ' ' || c >= 0x7f || c == '\\' || c == '.')
                                return false;
                }
        return true;
}

static int check_nsec(const PowerdnsZone *z, DdnsMessage *message) {
        const char *next = NULL; /* what the last NSEC said is next */
        size_t next_size = 0;

        if (!z->names[0].chained)
                return refuse(message, &z->names[0], "there is no NSEC record");
        for (size_t i = 0; i < z->n_names; i++) {
                const PowerdnsName *name = &z->names[i];
                const DdnsRecord *r = find(z, name, "NSEC");

                if (!r)
                        continue;
                if (name->below)
                        return refuse(message, name, "an NSEC record below a delegation");
                if (!sorts_alike(name))
                        return refuse(message, name, "it sorts odd names otherwise than NSEC does,");
                if (next && !is_same(next, next_size, name->owner, name->size))
                        return refuse(message, name,
                                      "the NSEC record before does not point to the name");
                /* BIND signs the next name as it is written, PowerDNS has small letters only */
                if (next && memcmp(next, name->owner, next_size) != 0)
                        return refuse(message, name,
                                      "an NSEC record with capital letters points to the name");
                const char *p = r->rdata;
                next = powerdns_token(&p, r->rdata + r->rdata_size, &next_size);
                if (!bitmap_is_right(z, name, r, p))
                        return refuse(message, name, "the NSEC record lists other types than there are");
        }
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): the apex is chained, so there is a next name */
        if (next_size != z->names[0].size || memcmp(next, z->names[0].owner, next_size) != 0)
                return refuse(message, &z->names[0], "the last NSEC record does not point to the apex");
        return 0;
}

/* ---- NSEC3 ---- */

static Nsec3 split(const DdnsRecord *r) {
        const char *p = r->rdata, *end = p + r->rdata_size;
        Nsec3 n;

        n.algorithm = powerdns_token(&p, end, &n.algorithm_size);
        n.flags = powerdns_token(&p, end, &n.flags_size);
        n.iterations = powerdns_token(&p, end, &n.iterations_size);
        n.salt = powerdns_token(&p, end, &n.salt_size);
        n.next = powerdns_token(&p, end, &n.next_size);
        n.types = p;
        return n;
}

static int read_parameters(PowerdnsZone *z, Nsec3 *ret, DdnsMessage *message) {
        const DdnsRecord *r = find(z, &z->names[0], "NSEC3PARAM");
        unsigned long iterations;

        if (!r)
                return refuse(message, &z->names[0], "NSEC3 records, but no NSEC3PARAM");
        if (r + 1 < z->records + z->n_records && ddns_record_is_type(r + 1, "NSEC3PARAM"))
                return refuse(message, &z->names[0], "more than one NSEC3PARAM record");
        *ret = split(r);
        iterations = strtoul(ret->iterations, NULL, 10);
        if (!is_same(ret->algorithm, ret->algorithm_size, "1", 1))
                return refuse(message, &z->names[0], "an unknown hash algorithm of NSEC3");
        if (iterations > ITERATIONS_MAX)
                return refuse(message, &z->names[0], "more than 500 iterations of NSEC3");
        z->iterations = (uint16_t) iterations;
        z->salt = ret->salt;
        z->salt_size = ret->salt_size;
        return 0;
}

typedef struct Hashes {
        PowerdnsName **items; /* owners of NSEC3 records, in their order */
        size_t n;
} Hashes;

static void hashes_done(Hashes *h) {
        free(h->items);
}

/* One set of parameters and flags for all, since PowerDNS has them once; and in a ring. */
static int check_hashes(PowerdnsZone *z, Hashes *h, const Nsec3 *wanted, DdnsMessage *message) {
        for (size_t i = 0; i < z->n_names; i++)
                if (z->names[i].hash)
                        h->items[h->n++] = &z->names[i];
        for (size_t i = 0; i < h->n; i++) {
                PowerdnsName *name = h->items[i], *next = h->items[(i + 1) % h->n];
                Nsec3 n = split(find(z, name, "NSEC3"));
                bool opt_out = !is_same(n.flags, n.flags_size, "0", 1);

                if (name->size != POWERDNS_HASH_SIZE + 1 + z->names[0].size ||
                    name->owner[POWERDNS_HASH_SIZE] != '.')
                        return refuse(message, name, "an NSEC3 record whose owner is no hash");
                memcpy(name->hashed, name->owner, POWERDNS_HASH_SIZE);
                if (!is_same(n.algorithm, n.algorithm_size, wanted->algorithm, wanted->algorithm_size) ||
                    !is_same(n.iterations, n.iterations_size, wanted->iterations,
                             wanted->iterations_size) ||
                    !is_same(n.salt, n.salt_size, wanted->salt, wanted->salt_size))
                        return refuse(message, name, "an NSEC3 record with other parameters");
                if (i == 0)
                        z->opt_out = opt_out;
                if (opt_out != z->opt_out)
                        return refuse(message, name, "NSEC3 records with and without opt-out");
                if (!is_same(n.next, n.next_size, next->owner, POWERDNS_HASH_SIZE))
                        return refuse(message, name, "the next NSEC3 record is missing");
        }
        return 0;
}

static inline void rdf_freep(ldns_rdf **rdf) {
        ldns_rdf_deep_free(*rdf);
}

static int hash_name(PowerdnsName *name, const Nsec3 *parameters, const uint8_t *salt, uint8_t salt_size,
                     uint16_t iterations) {
        ddns_cleanup(ddns_freep) char *owner = strndup(name->owner, name->size), *text = NULL;
        ddns_cleanup(rdf_freep) ldns_rdf *rdf = owner ? ldns_dname_new_frm_str(owner) : NULL,
                                         *hash = NULL;

        hash = rdf ? ldns_nsec3_hash_name(rdf, LDNS_SHA1, iterations, salt_size, salt) : NULL;
        text = hash ? ldns_rdf2str(hash) : NULL;
        if (!text || strlen(text) < POWERDNS_HASH_SIZE)
                return -ENOMEM;
        memcpy(name->hashed, text, POWERDNS_HASH_SIZE);
        return 0;
}

static int compare_hash(const void *a, const void *b) {
        const PowerdnsName *const *x = a, *const *y = b;

        return strncasecmp((*x)->hashed, (*y)->hashed, POWERDNS_HASH_SIZE);
}

/* Gives each name its hash, and finds the NSEC3 record of that. */
static int check_names(PowerdnsZone *z, const Hashes *h, const Nsec3 *parameters, DdnsMessage *message) {
        uint8_t salt[UINT8_MAX] = { 0 };
        int salt_size = 0;

        if (!is_same(parameters->salt, parameters->salt_size, "-", 1)) {
                char hex[2 * UINT8_MAX + 1];

                if (parameters->salt_size >= sizeof hex)
                        return refuse(message, &z->names[0], "an impossible salt of NSEC3");
                memcpy(hex, parameters->salt, parameters->salt_size);
                hex[parameters->salt_size] = '\0';
                salt_size = ldns_hexstring_to_data(salt, hex);
                if (salt_size < 0)
                        return refuse(message, &z->names[0], "an impossible salt of NSEC3");
        }
        for (size_t i = 0; i < z->n_names; i++) {
                PowerdnsName *name = &z->names[i], **found;

                if (name->hash || name->below)
                        continue;
                if (hash_name(name, parameters, salt, (uint8_t) salt_size, z->iterations) < 0)
                        return ddns_fail(message, -ENOMEM, "out of memory");
                found = bsearch(&name, h->items, h->n, sizeof(PowerdnsName *), compare_hash);
                if (!found)
                        continue;
                const DdnsRecord *r = find(z, *found, "NSEC3");
                if (!bitmap_is_right(z, name, r, split(r).types))
                        return refuse(message, name,
                                      "the NSEC3 record lists other types than there are");
                (*found)->chained = name->chained = true;
        }
        for (size_t i = 0; i < h->n; i++)
                if (!h->items[i]->chained)
                        return refuse(message, h->items[i], "an NSEC3 record of no name in the zone");
        return 0;
}

static int check_nsec3(PowerdnsZone *z, DdnsMessage *message) {
        ddns_cleanup(hashes_done) Hashes h = { 0 };
        Nsec3 parameters = { 0 };
        int r = read_parameters(z, &parameters, message);

        if (r < 0)
                return r;
        h.items = calloc(z->n_names, sizeof(PowerdnsName *));
        if (!h.items)
                return ddns_fail(message, -ENOMEM, "out of memory");
        r = check_hashes(z, &h, &parameters, message);
        return r < 0 ? r : check_names(z, &h, &parameters, message);
}

int powerdns_chain(PowerdnsZone *z, DdnsMessage *message) {
        if (z->has_nsec && z->has_nsec3)
                return refuse(message, &z->names[0], "it has both NSEC and NSEC3 records");
        z->chain = z->has_nsec ? POWERDNS_NSEC : z->has_nsec3 ? POWERDNS_NSEC3 : POWERDNS_UNSIGNED;
        switch (z->chain) {
        case POWERDNS_NSEC:
                return check_nsec(z, message);
        case POWERDNS_NSEC3:
                return check_nsec3(z, message);
        default:
                return 0;
        }
}

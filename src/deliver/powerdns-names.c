/* SPDX-License-Identifier: MIT */
/* The names of a zone for PowerDNS: owners, the empty non-terminals between them, and where the zone is cut. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "basic/array.h"
#include "deliver/powerdns-internal.h"

#define LABELS_MAX 128

/* The way from the apex to the name at hand, as indexes of names. */
typedef struct Path {
        size_t names[LABELS_MAX];
        size_t n;
} Path;

void powerdns_zone_done(PowerdnsZone *z) {
        free(z->records);
        free(z->names);
        *z = POWERDNS_ZONE_NULL;
}

/* An unescaped dot parts labels, and canonical text escapes all other dots by number. */
static bool is_below(const char *owner, size_t size, const PowerdnsName *name) {
        return size > name->size && owner[size - name->size - 1] == '.' &&
               memcmp(owner + size - name->size, name->owner, name->size) == 0;
}

static int add_name(PowerdnsZone *z, Path *path, const char *owner, size_t size) {
        PowerdnsName *names = ddns_array_grow(z->names, z->n_names, &z->allocated_names, sizeof *names);

        if (!names)
                return -ENOMEM;
        z->names = names;
        assert(path->n < LABELS_MAX);
        const PowerdnsName *parent = path->n > 0 ? &names[path->names[path->n - 1]] : NULL;
        names[z->n_names] = (PowerdnsName){
                .owner = owner,
                .size = size,
                .first = z->n_records,
                .below = parent && (parent->cut || parent->below),
        };
        path->names[path->n++] = z->n_names++;
        return 0;
}

/* The canonical order puts all that is below a name right behind it, so that a name whose ancestors are not on the path is the
 * first one below them: they are empty. */
static int enter(PowerdnsZone *z, Path *path, const char *owner, size_t size) {
        while (path->n > 0 && !is_below(owner, size, &z->names[path->names[path->n - 1]]))
                path->n--;
        if (path->n > 0) {
                size_t end = size - z->names[path->names[path->n - 1]].size - 1;

                for (size_t i = end; i-- > 0;)
                        if (owner[i] == '.') {
                                int r = add_name(z, path, owner + i + 1, size - i - 1);
                                if (r < 0)
                                        return r;
                        }
        }
        return add_name(z, path, owner, size);
}

static void note_type(PowerdnsZone *z, PowerdnsName *name, const DdnsRecord *r) {
        if (r->type[0] != 'N')
                return;
        if (ddns_record_is_type(r, "NS"))
                name->cut = name != z->names && !name->below;
        else if (ddns_record_is_type(r, "NSEC"))
                z->has_nsec = name->chained = true;
        else if (ddns_record_is_type(r, "NSEC3"))
                z->has_nsec3 = name->hash = true;
}

int powerdns_zone_read(const char *content, PowerdnsZone *ret) {
        ddns_cleanup(powerdns_zone_done) PowerdnsZone z = POWERDNS_ZONE_NULL;
        Path path = { 0 };
        DdnsRecord r;

        while (ddns_record_next(&content, &r)) {
                const PowerdnsName *last = z.n_names > 0 ? &z.names[z.n_names - 1] : NULL;
                DdnsRecord *records =
                                ddns_array_grow(z.records, z.n_records, &z.allocated_records, sizeof r);

                if (!records)
                        return -ENOMEM;
                z.records = records;
                if (!last || last->size != r.owner_size ||
                    memcmp(last->owner, r.owner, r.owner_size) != 0) {
                        int error = enter(&z, &path, r.owner, r.owner_size);
                        if (error < 0)
                                return error;
                }
                z.records[z.n_records++] = r;
                z.names[z.n_names - 1].n++;
                note_type(&z, &z.names[z.n_names - 1], &r);
        }
        *ret = z;
        z = POWERDNS_ZONE_NULL;
        return 0;
}

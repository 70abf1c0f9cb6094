/* SPDX-License-Identifier: MIT */
/* Statements over many rows, in sizes of powers of two: few texts, so that the server and the library keep them prepared. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "deliver/sql-internal.h"

/* Beyond 999 values MariaDB makes a derived table of an IN list, which locks more than it should; and larger ones gain nothing. */
#define ITEMS_MAX 512

/* What an execution should not be larger than, so that none takes long on a slow line. */
#define PACKET_OCTETS (1024 * 1024)

/* Per value in a packet: its length, its type, its NULL bit. Rounded up. */
#define VALUE_OVERHEAD 12

typedef struct Chunk {
        DdnsMysqlValue *values;
        char (*ids)[DDNS_SQL_ID_SIZE];
        DdnsBuffer text;
} Chunk;

static void chunk_done(Chunk *c) {
        free(c->values);
        free(c->ids);
        ddns_buffer_done(&c->text);
}

/* How many items the next execution takes of `left`; where repeating is harmless, this may be more than there are. */
static size_t choose_size(const DdnsSqlStatement *st, size_t left) {
        size_t size = 1;

        while (size < ITEMS_MAX && 2 * size <= left)
                size *= 2;
        if (st->repeats && size < left && size < ITEMS_MAX)
                size *= 2;
        return size;
}

static size_t statement_size(const DdnsSqlStatement *st, size_t items) {
        return strlen(st->head) + items * (strlen(st->group) + 1) + strlen(st->tail) + 96;
}

/* Fills in `size` items from `first` on, the last one over and over if there are no more. Returns the size of the packet. */
static size_t fill(Chunk *c, const DdnsSqlStatement *st, const void *items, size_t first, size_t n,
                   size_t size) {
        size_t octets = 32;

        for (size_t i = 0; i < size; i++) {
                DdnsMysqlValue *values = c->values + i * st->width;

                st->fill(items, first + i < n ? first + i : n - 1, c->ids[i], values);
                for (size_t k = 0; k < st->width; k++)
                        octets += values[k].size + VALUE_OVERHEAD;
        }
        return octets;
}

static int execute(DdnsMysql *m, Chunk *c, const DdnsSqlStatement *st, size_t size, DdnsMysqlRow *each,
                   void *userdata, DdnsMessage *message) {
        ddns_buffer_reset(&c->text);
        ddns_buffer_append_text(&c->text, st->head);
        for (size_t i = 0; i < size; i++) {
                if (i > 0)
                        ddns_buffer_append_byte(&c->text, ',');
                ddns_buffer_append_text(&c->text, st->group);
        }
        ddns_buffer_append_text(&c->text, st->tail);
        if (ddns_buffer_status(&c->text) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");
        return ddns_mysql_run(m, c->text.data, c->values, size * st->width, each, userdata, message);
}

int ddns_sql_run(DdnsMysql *m, const DdnsSqlStatement *st, const void *items, size_t n,
                 DdnsMysqlRow *each, void *userdata, DdnsMessage *message) {
        ddns_cleanup(chunk_done) Chunk c = { .text = DDNS_BUFFER_NULL };
        const uint64_t packet = ddns_mysql_max_packet(m); /* never 0 with a connection */
        const uint64_t enough = packet < PACKET_OCTETS ? packet : PACKET_OCTETS;

        assert(ITEMS_MAX * st->width <= UINT16_MAX);
        if (n == 0)
                return 0;
        size_t room = choose_size(st, n);
        c.values = calloc(room * st->width, sizeof *c.values);
        c.ids = calloc(room, sizeof *c.ids);
        if (!c.values || !c.ids)
                return ddns_fail(message, -ENOMEM, "out of memory");

        for (size_t done = 0; done < n;) {
                size_t size = choose_size(st, n - done), octets;

                for (;;) {
                        octets = fill(&c, st, items, done, n, size);
                        if (octets < statement_size(st, size))
                                octets = statement_size(st, size);
                        if (octets < enough || size == 1)
                                break;
                        size /= 2;
                }
                if (octets >= packet)
                        return ddns_fail(message, -EMSGSIZE,
                                         "a record of %zu octets is more than the server takes "
                                         "(max_allowed_packet = %llu)",
                                         octets, (unsigned long long) packet);
                int r = execute(m, &c, st, size, each, userdata, message);
                if (r < 0)
                        return r;
                done += size;
        }
        return 0;
}

void ddns_sql_id_text(uint64_t id, char ret[DDNS_SQL_ID_SIZE]) {
        (void) snprintf(ret, DDNS_SQL_ID_SIZE, "%llu", (unsigned long long) id);
}

uint64_t ddns_sql_id_parse(DdnsMysqlValue value) {
        uint64_t id = 0;

        for (size_t i = 0; value.text && i < value.size; i++) {
                unsigned digit = (unsigned char) value.text[i] - '0';

                if (digit > 9 || __builtin_mul_overflow(id, 10, &id) ||
                    __builtin_add_overflow(id, digit, &id))
                        return 0;
        }
        return id;
}

static void fill_id(const void *items, size_t i, char id[DDNS_SQL_ID_SIZE], DdnsMysqlValue *values) {
        ddns_sql_id_text(((const uint64_t *) items)[i], id);
        values[0] = ddns_mysql_text(id);
}

int ddns_sql_run_ids(DdnsMysql *m, const char *head, const uint64_t *ids, size_t n, DdnsMysqlRow *each,
                     void *userdata, DdnsMessage *message) {
        const DdnsSqlStatement st = {
                .head = head,
                .group = "?",
                .tail = ")",
                .width = 1,
                .repeats = true,
                .fill = fill_id,
        };

        return ddns_sql_run(m, &st, ids, n, each, userdata, message);
}

typedef struct Changes {
        const DdnsSqlChange *items;
        size_t n_columns;
} Changes;

static void fill_cells(const DdnsSqlChange *c, size_t n_columns, DdnsMysqlValue *values) {
        values[0] = ddns_mysql_text(c->zone_id);
        for (size_t k = 0; k < n_columns; k++)
                values[1 + k] = c->row->cells[k];
}

static void fill_insert(const void *items, size_t i, char id[DDNS_SQL_ID_SIZE], DdnsMysqlValue *values) {
        const Changes *changes = items;

        fill_cells(&changes->items[i], changes->n_columns, values);
}

static void fill_update(const void *items, size_t i, char id[DDNS_SQL_ID_SIZE], DdnsMysqlValue *values) {
        const Changes *changes = items;

        ddns_sql_id_text(changes->items[i].id, id);
        values[0] = ddns_mysql_text(id);
        fill_cells(&changes->items[i], changes->n_columns, values + 1);
}

/* New rows by a plain INSERT: one that a unique key refuses is an error. Changed ones as an upsert over their own ids: many in
 * one statement, and a row that somebody took away meanwhile is there again. */
int ddns_sql_run_changes(DdnsMysql *m, const DdnsSqlTable *t, const DdnsSqlChange *changes, size_t n,
                         bool update, DdnsMessage *message) {
        ddns_cleanup(ddns_buffer_done) DdnsBuffer head = DDNS_BUFFER_NULL, tail = DDNS_BUFFER_NULL;
        const Changes items = { changes, t->n_columns };
        const size_t width = t->n_columns + (update ? 2 : 1);
        char group[2 * (DDNS_SQL_CELLS_MAX + 2) + 2] = "(";

        for (size_t i = 0; i < width; i++)
                strcpy(group + 1 + 2 * i, i + 1 < width ? "?," : "?)");
        ddns_buffer_append_format(&head, "INSERT INTO `%s` (%s`%s`", t->name, update ? "`id`," : "",
                                  t->zone_id);
        for (size_t i = 0; i < t->n_columns; i++)
                ddns_buffer_append_format(&head, ",`%s`", t->columns[i]);
        ddns_buffer_append_text(&head, ") VALUES ");
        if (update) {
                ddns_buffer_append_format(&tail, " ON DUPLICATE KEY UPDATE `%s`=VALUES(`%s`)",
                                          t->zone_id, t->zone_id);
                for (size_t i = 0; i < t->n_columns; i++)
                        ddns_buffer_append_format(&tail, ",`%s`=VALUES(`%s`)", t->columns[i],
                                                  t->columns[i]);
        }
        if (ddns_buffer_status(&head) < 0 || ddns_buffer_status(&tail) < 0)
                return ddns_fail(message, -ENOMEM, "out of memory");

        const DdnsSqlStatement st = {
                .head = head.data,
                .group = group,
                .tail = update ? tail.data : "",
                .width = width,
                .repeats = update,
                .fill = update ? fill_update : fill_insert,
        };
        return ddns_sql_run(m, &st, &items, n, NULL, NULL, message);
}

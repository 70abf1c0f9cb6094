/* SPDX-License-Identifier: MIT */
/* What a pass decides: rules as sentences, and many small random worlds against the rules said a second time. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/clock.h"
#include "reconcile/decide.h"
#include "test.h"

/* ---- sentences ---------------------------------------------------------------------------------------------------- */

#define ZONES   13
#define MASTERS 3

/* A master as a scenario has it: called A, B, C, and in pushes a.test, b.test, c.test. Each listing began at 1000 usec and
 * generation 50. */
typedef struct Says {
        const char *list; /* names with a blank between; NULL: not configured */
        bool failed, legacy, no_axfr;
        uint64_t began;
} Says;

typedef struct Scenario {
        const char *sentence;
        DdnsHeldZone held[ZONES];
        Says says[MASTERS];
        DdnsBrake brake;      /* zones 0: as by default */
        const char *expected; /* "KIND ZONE OWNER>FROM MISSING[+]", ", " between */
} Scenario;

/* A zone pushed long ago. `seen`: the generation that was missing; `there`: another master had it. */
#define HELD_(zone, by, seen, there)                                                           \
        {                                                                                      \
                .name = zone, .owner = by, .generation = 5, .accepted_usec = 500, .missing = { \
                        seen,                                                                  \
                        there                                                                  \
                }                                                                              \
        }
#define HELD(zone, by)         HELD_(zone, by, 0, false)
#define MISSED(zone, by)       HELD_(zone, by, 5, false)
#define MISSED_THERE(zone, by) HELD_(zone, by, 5, true)
#define AT(zone, by, gen, at, seen)                                                             \
        {                                                                                       \
                .name = zone, .owner = by, .generation = gen, .accepted_usec = at, .missing = { \
                        seen,                                                                   \
                        false                                                                   \
                }                                                                               \
        }
#define GONE(zone, gen, at) \
        { .name = zone, .owner = "a.test", .generation = gen, .accepted_usec = at, .deleted = true }
#define TEN(by)                                                                              \
        MISSED("a", by), MISSED("b", by), MISSED("c", by), MISSED("d", by), MISSED("e", by), \
                        MISSED("f", by), MISSED("g", by), MISSED("h", by), MISSED("i", by),  \
                        MISSED("j", by)
#define TEN_GONE(kind)                                                                                 \
        kind " a A>- 5, " kind " b A>- 5, " kind " c A>- 5, " kind " d A>- 5, " kind " e A>- 5, " kind \
             " f A>- 5, " kind " g A>- 5, " kind " h A>- 5, " kind " i A>- 5, " kind " j A>- 5"

/* clang-format off */
static const Scenario scenarios[] = {
        /* orphans */
        { "a zone that its owner lists is left alone", { HELD("z", "a.test") }, { { "z" } }, {}, "" },
        { "a zone that is missing for the first time waits", { HELD("z", "a.test") }, { { "x" } }, {},
          "fetch x ->A 0, wait z A>- 5" },
        { "a zone that is missing for the second time is deleted", { MISSED("z", "a.test") },
          { { "x" } }, {}, "fetch x ->A 0, delete z A>- 5" },
        { "a zone that is listed again is no longer missing", { MISSED("z", "a.test") }, { { "z" } }, {},
          "returned z A>A 0" },
        { "a zone that is missing again after a push starts afresh", { AT("z", "a.test", 6, 500, 5) },
          { { "x" } }, {}, "fetch x ->A 0, wait z A>- 6" },
        { "a zone without generation is never missing twice", { AT("z", "a.test", 0, 500, 0) },
          { { "x" } }, {}, "fetch x ->A 0, wait z A>- 0" },
        { "a failed listing is no empty one", { MISSED("z", "a.test") }, { { .failed = true } }, {},
          "" },
        { "an empty listing is a failed one", { MISSED("z", "a.test") }, { { "" } }, {}, "" },
        { "a legacy listing makes no orphan", { MISSED("z", "a.test") }, { { "x", .legacy = true } }, {},
          "fetch x ->A 0" },
        { "a legacy listing shows that a zone is there", { MISSED("z", "a.test") },
          { { "z", .legacy = true } }, {}, "returned z A>A 0" },
        { "a zone of nobody is no orphan", { MISSED("z", "") }, { { "x" } }, {}, "fetch x ->A 0" },
        { "a dot is no owner", { MISSED("z", ".") }, { { "x" } }, {}, "fetch x ->A 0" },
        { "a zone of a master that is not configured is left alone", { MISSED("z", "x.test") },
          { { "x" } }, {}, "fetch x ->A 0" },
        { "a zone of a master that is not configured does not move", { MISSED("z", "x.test") },
          { { "z" } }, {}, "" },
        { "an owner is the same in upper case and with a dot",
          { MISSED("y", "A.Test."), HELD("z", "A.TEST") }, { { "z" } }, {}, "delete y A>- 5" },
        { "an owner's name is no prefix", { MISSED("y", "a.tes"), MISSED("z", "a.test1") }, { { "x" } },
          {}, "fetch x ->A 0" },
        { "a zone pushed after the listing began is no orphan", { AT("z", "a.test", 5, 1001, 0) },
          { { "x" } }, {}, "fetch x ->A 0" },
        { "a zone pushed in the microsecond in which the listing began is no orphan",
          { AT("z", "a.test", 5, 1000, 0) }, { { "x" } }, {}, "fetch x ->A 0" },
        { "a zone pushed in the future is no orphan", { AT("z", "a.test", 5, UINT64_MAX, 0) },
          { { "x" } }, {}, "fetch x ->A 0" },
        { "an unchanged push after the listing began is a sign of life",
          { AT("z", "a.test", 5, 1000, 5) }, { { "x" } }, {}, "fetch x ->A 0, returned z A>- 0" },
        { "a zone pushed a microsecond before the listing may be one", { AT("z", "a.test", 5, 999, 0) },
          { { "x" } }, {}, "fetch x ->A 0, wait z A>- 5" },
        { "a zone pushed after the listing began is no orphan though the clock was set back",
          { AT("z", "a.test", 51, 500, 51) }, { { "x" } }, {}, "fetch x ->A 0, returned z A>- 0" },
        { "the newest generation before the listing is before it", { AT("z", "a.test", 50, 500, 50) },
          { { "x" } }, {}, "fetch x ->A 0, delete z A>- 50" },

        /* moves */
        { "a zone that its owner and another list stays", { HELD("z", "a.test") }, { { "z" }, { "z" } },
          {}, "" },
        { "a zone that another lists waits too", { HELD("z", "a.test") }, { { "x" }, { "z" } }, {},
          "fetch x ->A 0, wait z A>B 5+" },
        { "a zone that the owner lacks twice moves to the other", { MISSED_THERE("z", "a.test") },
          { { "x" }, { "z" } }, {}, "fetch x ->A 0, move z A>B 5+" },
        { "a zone that was nowhere and is at another's now moves", { MISSED("z", "a.test") },
          { { "x" }, { "z" } }, {}, "fetch x ->A 0, move z A>B 5+" },
        { "a zone that another had in the pass before is not deleted at once",
          { MISSED_THERE("z", "a.test") }, { { "x" }, { "x" } }, {}, "fetch x ->A 0, wait z A>- 5" },
        { "nor in the passes in which some other fails", { MISSED_THERE("z", "a.test") },
          { { "x" }, { .failed = true } }, {}, "fetch x ->A 0, wait z A>- 5+" },
        { "until an operator confirms", { MISSED_THERE("z", "a.test") },
          { { "x" }, { .failed = true } }, { 5, 10, false, true }, "fetch x ->A 0, wait z A>- 5" },
        { "a zone moves to a master with a legacy listing", { MISSED_THERE("z", "a.test") },
          { { "x" }, { "z", .legacy = true } }, {}, "fetch x ->A 0, move z A>B 5+" },
        { "a zone does not move from a legacy listing", { MISSED_THERE("z", "a.test") },
          { { "x", .legacy = true }, { "z" } }, {}, "fetch x ->A 0" },
        { "what was nowhere and another has is not missing, though the owner failed",
          { MISSED("z", "a.test") }, { { .failed = true }, { "z" } }, {}, "returned z A>B 0" },
        { "or has a legacy listing", { MISSED("z", "a.test") }, { { "x", .legacy = true }, { "z" } }, {},
          "fetch x ->A 0, returned z A>B 0" },
        { "a zone does not move from a failed listing", { MISSED_THERE("z", "a.test") },
          { { .failed = true }, { "z" } }, {}, "" },
        { "a zone of two others is reported", { MISSED_THERE("z", "a.test") },
          { { "x" }, { "z" }, { "z" } }, {}, "fetch x ->A 0, unclear z A>B 5+" },
        { "a zone pushed after the owner's listing began does not move",
          { AT("z", "a.test", 5, 1001, 5) }, { { "x" }, { "z" } }, {},
          "fetch x ->A 0, returned z A>B 0" },
        { "the owner's listing alone says what is newer", { AT("z", "a.test", 5, 999, 5) },
          { { "x" }, { "z", .began = 10 } }, {}, "fetch x ->A 0, move z A>B 5+" },
        { "a failed third master does not hold a move", { MISSED_THERE("z", "a.test") },
          { { "x" }, { "z" }, { .failed = true } }, {}, "fetch x ->A 0, move z A>B 5+" },
        { "a failed third master holds a move by setting", { MISSED_THERE("z", "a.test") },
          { { "x" }, { "z" }, { .failed = true } }, { 5, 10, true, false },
          "fetch x ->A 0, unclear z A>B 5+" },

        /* owners not known */
        { "a zone without owner gets the one who lists it", { HELD("z", "") }, { { "x" }, { "z" } }, {},
          "fetch x ->A 0, backfill z ->B 0" },
        { "a zone without owner that two list is reported", { HELD("z", "") }, { { "z" }, { "z" } }, {},
          "unclear z ->A 0" },
        { "a zone without owner waits for all by setting", { HELD("z", "") },
          { { "z" }, { .failed = true } }, { 5, 10, true, false }, "unclear z ->A 0" },
        { "no confirmation of deletes gives an owner", { HELD("z", "") },
          { { "z" }, { .failed = true } }, { 5, 10, true, true }, "unclear z ->A 0" },

        /* what we lack */
        { "a zone of several is fetched from the first", {}, { { "x" }, { "z" }, { "z" } }, {},
          "fetch x ->A 0, fetch z ->B 0" },
        { "a zone of several is fetched from the first that can be asked", {},
          { { "z", .no_axfr = true }, { "z" }, { "z" } }, {}, "fetch z ->B 0" },
        { "a zone of those who can't be asked is reported", {},
          { { "x" }, { "z", .no_axfr = true }, { "z", .no_axfr = true } }, {},
          "fetch x ->A 0, lacked z ->B 0" },
        { "a zone of a legacy listing is fetched", {}, { { "z", .legacy = true } }, {},
          "fetch z ->A 0" },
        { "a zone deleted after the listing began is not fetched", { GONE("z", 5, 1000) }, { { "z" } },
          {}, "" },
        { "nor with the clock set back", { GONE("z", 51, 500) }, { { "z" } }, {}, "" },
        { "a zone deleted before the listing began is fetched back", { GONE("z", 50, 999) }, { { "z" } },
          {}, "fetch z ->A 0" },
        { "a deleted zone is fetched from one whose listing is newer", { GONE("z", 5, 1000) },
          { { "z" }, { "z", .began = 1001 } }, {}, "fetch z ->B 0" },
        { "a listing older than the delete does not report either", { GONE("z", 5, 1000) },
          { { "z" }, { "z", .began = 1001, .no_axfr = true } }, {}, "lacked z ->B 0" },
        { "a deleted zone is no orphan", { GONE("z", 5, 500) }, { { "x" } }, {}, "fetch x ->A 0" },

        /* the brake */
        { "ten of eleven are let through", { TEN("a.test"), HELD("k", "a.test") }, { { "k" } }, {},
          TEN_GONE("delete") },
        { "eleven of twelve are held, all of them",
          { TEN("a.test"), HELD("k", "a.test"), MISSED("l", "a.test") }, { { "k" } }, {},
          TEN_GONE("brake") ", brake l A>- 5" },
        { "an operator releases them", { TEN("a.test"), HELD("k", "a.test"), MISSED("l", "a.test") },
          { { "k" } }, { 5, 10, false, true }, TEN_GONE("delete") ", delete l A>- 5" },
        { "as many as the percentage are let through",
          { TEN("a.test"), HELD("k", "a.test"), MISSED("l", "a.test") }, { { "k" } }, { 92, 1, false,
          false }, TEN_GONE("delete") ", delete l A>- 5" },
        { "as many as another percentage are let through",
          { MISSED("a", "a.test"), HELD("b", "a.test"), HELD("c", "a.test"), MISSED("d", "a.test") },
          { { "b c" } }, { 50, 1, false, false }, "delete a A>- 5, delete d A>- 5" },
        { "a percentage is not rounded up",
          { MISSED("a", "a.test"), HELD("b", "a.test"), HELD("c", "a.test"), MISSED("d", "a.test") },
          { { "b c" } }, { 49, 1, false, false }, "brake a A>- 5, brake d A>- 5" },
        { "the brake of one master holds no other",
          { MISSED("a", "a.test"), MISSED("b", "a.test"), HELD("c", "a.test"), MISSED("d", "b.test"),
          HELD("e", "b.test") }, { { "c" }, { "e" } }, { 0, 1, false, false },
          "brake a A>- 5, brake b A>- 5, delete d B>- 5" },
        { "the brake holds no move", { MISSED_THERE("a", "a.test"), MISSED_THERE("b", "a.test") },
          { { "x" }, { "a b" } }, { 0, 1, false, false },
          "move a A>B 5+, move b A>B 5+, fetch x ->A 0" },
        { "what waits or moves is not counted as an orphan",
          { MISSED_THERE("a", "a.test"), HELD("b", "a.test"), MISSED("c", "a.test"), HELD("d",
          "a.test") }, { { "d" }, { "a" } }, { 0, 1, false, false },
          "move a A>B 5+, wait b A>- 5, delete c A>- 5" },
        { "the zones of another master do not count",
          { MISSED("a", "a.test"), MISSED("b", "a.test"), HELD("c", "a.test"), HELD("d", "b.test") },
          { { "c" }, { "d" } }, { 50, 1, false, false }, "brake a A>- 5, brake b A>- 5" },
        { "a listing with none of the owner's zones is held",
          { MISSED("a", "a.test"), MISSED("b", "a.test") }, { { "x" } }, {},
          "brake a A>- 5, brake b A>- 5, fetch x ->A 0" },
        { "a failed master does not hold another's deletes",
          { MISSED("a", "a.test"), HELD("b", "a.test") }, { { "b" }, { .failed = true } }, {},
          "delete a A>- 5" },
        { "it does by setting", { MISSED("a", "a.test"), HELD("b", "a.test") },
          { { "b" }, { .failed = true } }, { 5, 10, true, false }, "brake a A>- 5" },
        { "until an operator releases them", { MISSED("a", "a.test"), HELD("b", "a.test") },
          { { "b" }, { .failed = true } }, { 5, 10, true, true }, "delete a A>- 5" },
        { "a legacy listing is no failed one", { MISSED("a", "a.test"), HELD("b", "a.test") },
          { { "b" }, { "b", .legacy = true } }, { 5, 10, true, false }, "delete a A>- 5" },
};
/* clang-format on */

static void print_decisions(const DdnsDecisions *d, char *text, size_t size) {
        for (size_t i = 0; i < d->n; i++) {
                const DdnsDecision *one = &d->items[i];
                size_t at = strlen(text);

                (void) snprintf(text + at, size - at, "%s%s %s %s>%s %" PRIu64 "%s", i > 0 ? ", " : "",
                                ddns_decision_kind_to_string(one->kind), one->zone,
                                one->owner ? one->owner->name : "-", one->from ? one->from->name : "-",
                                one->missing.generation, one->missing.elsewhere ? "+" : "");
        }
}

/* `words` is cut up for the names. */
static void make_listing(const Says *says, char *words, DdnsListedZone *zones, DdnsDaListing *ret) {
        *ret = (DdnsDaListing){ .zones = zones,
                                .began_usec = says->began > 0 ? says->began : 1000,
                                .legacy = says->legacy };
        for (char *save, *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
                zones[ret->n++].name = word;
}

static void play(const Scenario *s) {
        static const char *const names[] = { "A", "B", "C" }, *const servers[] = { "a.test", "B.test.",
                                                                                   "c.TEST" };
        ddns_cleanup(ddns_decisions_done) DdnsDecisions d = DDNS_DECISIONS_NULL;
        DdnsListedMaster masters[MASTERS];
        DdnsDaListing listings[MASTERS];
        DdnsListedZone zones[MASTERS][ZONES];
        char words[MASTERS][64], text[1024] = "";
        DdnsMessage message = DDNS_MESSAGE_NULL;
        const DdnsBrake by_default = { .percent = 5, .zones = 10 };
        size_t n_held = 0, n_masters = 0;

        while (n_held < ZONES && s->held[n_held].name)
                n_held++;
        for (size_t i = 0; i < MASTERS && (s->says[i].list || s->says[i].failed); i++, n_masters++) {
                const Says *says = &s->says[i];

                (void) snprintf(words[i], sizeof words[i], "%s", says->list ? says->list : "");
                make_listing(says, words[i], zones[i], &listings[i]);
                masters[i] = (DdnsListedMaster){ .name = names[i],
                                                 .servername = servers[i],
                                                 .listing = says->list ? &listings[i] : NULL,
                                                 .began_generation = 50,
                                                 .axfr = !says->no_axfr };
        }
        int r = ddns_decide(s->held, n_held, masters, n_masters,
                            s->brake.zones > 0 ? &s->brake : &by_default, &d, &message);
        if (r < 0)
                fail_msg("%s: %s", s->sentence, message.text);
        print_decisions(&d, text, sizeof text);
        if (strcmp(text, s->expected) != 0)
                fail_msg("%s: \"%s\", expected \"%s\"", s->sentence, text, s->expected);
}

static void rules_are_sentences(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
                play(&scenarios[i]);
}

/* ---- random worlds ------------------------------------------------------------------------------------------------ */

#define N_ZONES   4
#define N_WORLDS  400000
#define N_STORIES 20000

enum { UNKNOWN = MASTERS, STRANGER, N_OWNERS };

/* in strcmp()'s order, which is not that of labels */
static const char *const zone_names[N_ZONES] = { "a", "a-a", "a.a", "b" };
static const char *const spellings[][N_OWNERS] = { { "m0.test", "m1.test", "m2.test", "", "x.test" },
                                                   { "M0.Test", "m1.test.", "M2.TEST.", ".",
                                                     "m.test" } };
static const char *const master_names[MASTERS] = { "m0", "m1", "m2" };

typedef struct World {
        struct {
                bool failed, legacy, axfr;
                uint64_t began, generation;
                bool lists[N_ZONES];
        } masters[MASTERS];
        struct {
                bool held, tombstone;
                unsigned owner;
                uint64_t generation, accepted;
                DdnsMissing missing;
        } zones[N_ZONES];
        DdnsBrake brake;
} World;

static uint64_t seed;

static unsigned dice(unsigned sides) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (unsigned) (seed >> 33) % sides;
}

static World random_world(void) {
        World w = { .brake = { dice(3) * 50, dice(3), dice(3) == 0, dice(4) == 0 } };

        for (size_t m = 0; m < MASTERS; m++) {
                w.masters[m].failed = dice(6) == 0;
                w.masters[m].legacy = dice(5) == 0;
                w.masters[m].axfr = dice(3) > 0;
                w.masters[m].began = 2 + dice(3);
                w.masters[m].generation = 2 + dice(3);
                for (size_t z = 0; z < N_ZONES; z++)
                        w.masters[m].lists[z] = dice(3) == 0;
        }
        for (size_t z = 0; z < N_ZONES; z++) {
                unsigned what = dice(8);

                w.zones[z].held = what > 1;
                w.zones[z].tombstone = what == 1;
                w.zones[z].owner = dice(4) ? dice(2) : dice(N_OWNERS);
                w.zones[z].generation = 1 + dice(4);
                w.zones[z].accepted = dice(4);
                w.zones[z].missing.generation = dice(3) ? w.zones[z].generation : dice(5);
                w.zones[z].missing.elsewhere = dice(4) == 0;
        }
        return w;
}

typedef struct Run {
        DdnsHeldZone held[N_ZONES];
        DdnsListedZone listed[MASTERS][N_ZONES];
        DdnsDaListing listings[MASTERS];
        DdnsListedMaster masters[MASTERS];
        DdnsDecisions decisions;
        const DdnsDecision *of[N_ZONES]; /* the decision on a zone, or NULL */
} Run;

static void run_done(Run *r) {
        ddns_decisions_done(&r->decisions);
}

static void describe(const World *w, Run *r, size_t *ret_held) {
        for (size_t m = 0; m < MASTERS; m++) {
                DdnsDaListing *l = &r->listings[m];

                *l = (DdnsDaListing){ r->listed[m], 0, w->masters[m].began, w->masters[m].legacy, NULL };
                for (size_t z = 0; z < N_ZONES; z++)
                        if (w->masters[m].lists[z])
                                r->listed[m][l->n++].name = zone_names[z];
                r->masters[m] = (DdnsListedMaster){ master_names[m], spellings[dice(2)][m],
                                                    w->masters[m].failed ? NULL : l,
                                                    w->masters[m].generation, w->masters[m].axfr };
        }
        *ret_held = 0;
        for (size_t z = 0; z < N_ZONES; z++)
                if (w->zones[z].held || w->zones[z].tombstone)
                        r->held[(*ret_held)++] = (DdnsHeldZone){
                                zone_names[z],          spellings[dice(2)][w->zones[z].owner],
                                w->zones[z].generation, w->zones[z].accepted,
                                w->zones[z].missing,    w->zones[z].tombstone
                        };
}

static void decide(const World *w, Run *r) {
        DdnsMessage message = DDNS_MESSAGE_NULL;
        size_t n_held;

        *r = (Run){ 0 };
        describe(w, r, &n_held);
        assert_int_equal(ddns_decide(r->held, n_held, r->masters, MASTERS, &w->brake, &r->decisions,
                                     &message),
                         0);
        for (size_t i = 0; i < r->decisions.n; i++) {
                size_t z = 0;

                while (strcmp(zone_names[z], r->decisions.items[i].zone) != 0)
                        z++;
                assert_null(r->of[z]);
                r->of[z] = &r->decisions.items[i];
        }
}

/* The rules, each as one condition that knows nothing of the others. */

static bool complete(const World *w, size_t m) {
        bool any = false;

        for (size_t z = 0; z < N_ZONES; z++)
                any = any || w->masters[m].lists[z];
        return any && !w->masters[m].failed;
}

static bool lists(const World *w, size_t m, size_t z) {
        return complete(w, m) && w->masters[m].lists[z];
}

static unsigned n_listing(const World *w, size_t z) {
        return lists(w, 0, z) + lists(w, 1, z) + lists(w, 2, z);
}

static bool everybody_said(const World *w) {
        return complete(w, 0) && complete(w, 1) && complete(w, 2);
}

static bool known_to_be_nowhere_else(const World *w) {
        return !w->brake.wait_for_all || everybody_said(w);
}

static bool changed_before(const World *w, size_t z, size_t m) {
        return w->zones[z].accepted < w->masters[m].began &&
               w->zones[z].generation <= w->masters[m].generation;
}

static bool owned_by(const World *w, size_t z, size_t m) {
        return w->zones[z].held && w->zones[z].owner == m;
}

static bool has_configured_owner(const World *w, size_t z) {
        return w->zones[z].held && w->zones[z].owner < MASTERS;
}

static bool missing_now(const World *w, size_t z) {
        size_t o = w->zones[z].owner;

        return has_configured_owner(w, z) && complete(w, o) && !w->masters[o].legacy &&
               !lists(w, o, z) && changed_before(w, z, o);
}

static bool missing_twice(const World *w, size_t z) {
        return missing_now(w, z) && w->zones[z].missing.generation == w->zones[z].generation;
}

static bool may_still_be_there(const World *w, size_t z) {
        return missing_twice(w, z) && w->zones[z].missing.elsewhere && !everybody_said(w) &&
               !w->brake.released;
}

static bool is_orphan(const World *w, size_t z) {
        return missing_twice(w, z) && n_listing(w, z) == 0 && !w->zones[z].missing.elsewhere;
}

static bool brakes(const World *w, size_t m) {
        unsigned owned = 0, orphans = 0, listed = 0;

        for (size_t z = 0; z < N_ZONES; z++) {
                owned += owned_by(w, z, m);
                listed += owned_by(w, z, m) && lists(w, m, z);
                orphans += owned_by(w, z, m) && is_orphan(w, z);
        }
        if (w->brake.released)
                return false;
        return !known_to_be_nowhere_else(w) || (owned >= 2 && listed == 0) ||
               (orphans > w->brake.zones && orphans > owned * w->brake.percent / 100.0);
}

static bool deletes(const World *w, size_t z) {
        return is_orphan(w, z) && !brakes(w, w->zones[z].owner);
}

static bool is_braked(const World *w, size_t z) {
        return is_orphan(w, z) && brakes(w, w->zones[z].owner);
}

static bool waits(const World *w, size_t z) {
        return (missing_now(w, z) && !missing_twice(w, z)) ||
               (missing_twice(w, z) && n_listing(w, z) == 0 && w->zones[z].missing.elsewhere);
}

static bool returns(const World *w, size_t z) {
        size_t o = w->zones[z].owner;

        if (!has_configured_owner(w, z) || w->zones[z].missing.generation == 0)
                return false;
        return lists(w, o, z) || (complete(w, o) && !changed_before(w, z, o)) ||
               ((!complete(w, o) || w->masters[o].legacy) && n_listing(w, z) > 0 &&
                !w->zones[z].missing.elsewhere);
}

static bool moves(const World *w, size_t z) {
        return missing_twice(w, z) && n_listing(w, z) == 1 && known_to_be_nowhere_else(w);
}

static bool is_of_nobody(const World *w, size_t z) {
        return w->zones[z].held && w->zones[z].owner == UNKNOWN;
}

static bool is_backfilled(const World *w, size_t z) {
        return is_of_nobody(w, z) && n_listing(w, z) == 1 && known_to_be_nowhere_else(w);
}

static bool is_unclear(const World *w, size_t z) {
        return (is_of_nobody(w, z) || missing_twice(w, z)) &&
               (n_listing(w, z) > 1 || (n_listing(w, z) == 1 && !known_to_be_nowhere_else(w)));
}

static bool may_come_from(const World *w, size_t z, size_t m) {
        return lists(w, m, z) && !w->zones[z].held &&
               (!w->zones[z].tombstone || changed_before(w, z, m));
}

static bool is_fetched(const World *w, size_t z) {
        for (size_t m = 0; m < MASTERS; m++)
                if (may_come_from(w, z, m) && w->masters[m].axfr)
                        return true;
        return false;
}

static bool is_lacked(const World *w, size_t z) {
        return !is_fetched(w, z) &&
               (may_come_from(w, z, 0) || may_come_from(w, z, 1) || may_come_from(w, z, 2));
}

static bool (*const rules[_DDNS_DECISION_KIND_MAX])(const World *w, size_t z) = {
        [DDNS_DECISION_DELETE] = deletes,     [DDNS_DECISION_BRAKE] = is_braked,
        [DDNS_DECISION_WAIT] = waits,         [DDNS_DECISION_RETURNED] = returns,
        [DDNS_DECISION_MOVE] = moves,         [DDNS_DECISION_BACKFILL] = is_backfilled,
        [DDNS_DECISION_UNCLEAR] = is_unclear, [DDNS_DECISION_FETCH] = is_fetched,
        [DDNS_DECISION_LACKED] = is_lacked,
};

/* Whom a decision names. */
static int expected_from(const World *w, size_t z, DdnsDecisionKind kind) {
        bool fetch = kind == DDNS_DECISION_FETCH;

        for (int m = 0; m < MASTERS; m++)
                if (fetch || kind == DDNS_DECISION_LACKED
                                    ? may_come_from(w, z, m) && (!fetch || w->masters[m].axfr)
                                    : lists(w, m, z))
                        return m;
        return -1;
}

static void assert_follows_rules(const World *w, const Run *r, size_t z, size_t n_kind[]) {
        const DdnsDecision *d = r->of[z];

        for (DdnsDecisionKind k = 0; k < _DDNS_DECISION_KIND_MAX; k++)
                if (rules[k](w, z) != (d && d->kind == k))
                        fail_msg("zone %zu: %s is %s, but the decision is %s", z,
                                 ddns_decision_kind_to_string(k), rules[k](w, z) ? "right" : "wrong",
                                 d ? ddns_decision_kind_to_string(d->kind) : "none");
        if (!d)
                return;
        n_kind[d->kind]++;
        int from = expected_from(w, z, d->kind);
        assert_ptr_equal(d->from, from < 0 ? NULL : &r->masters[from]);
        assert_ptr_equal(d->owner, has_configured_owner(w, z) ? &r->masters[w->zones[z].owner] : NULL);
        assert_int_equal(d->n_listing, n_listing(w, z));
        assert_int_equal(d->held != NULL, w->zones[z].held || w->zones[z].tombstone);
        assert_int_equal(d->missing.generation, missing_now(w, z) ? w->zones[z].generation : 0);
        assert_int_equal(d->missing.elsewhere,
                         missing_now(w, z) && (n_listing(w, z) > 0 || may_still_be_there(w, z)));
}

/* What must be true of a delete, in plain words. */
static void assert_safe(const World *w, const Run *r, size_t z) {
        size_t o = w->zones[z].owner, orphans = 0, owned = 0;

        assert_true(w->zones[z].held);
        assert_true(o < MASTERS); /* known, and configured */
        assert_false(w->masters[o].failed);
        assert_false(w->masters[o].legacy);
        for (size_t m = 0; m < MASTERS; m++)
                assert_false(w->masters[m].lists[z] && !w->masters[m].failed);
        assert_int_equal(w->zones[z].missing.generation, w->zones[z].generation);
        assert_false(w->zones[z].missing.elsewhere);
        assert_true(w->zones[z].accepted < w->masters[o].began);
        for (size_t k = 0; k < N_ZONES; k++) {
                owned += owned_by(w, k, o);
                orphans += owned_by(w, k, o) && r->of[k] && r->of[k]->kind == DDNS_DECISION_DELETE;
                /* all or nothing */
                assert_false(owned_by(w, k, o) && r->of[k] && r->of[k]->kind == DDNS_DECISION_BRAKE);
        }
        assert_true(w->brake.released || orphans <= w->brake.zones ||
                    orphans * 100 <= owned * w->brake.percent);
        assert_true(w->brake.released || !w->brake.wait_for_all || everybody_said(w));
}

static void assert_tallies(const World *w, const Run *r) {
        for (size_t m = 0; m < MASTERS; m++) {
                size_t owned = 0, listed = 0, orphans = 0, strangers = 0;

                for (size_t z = 0; z < N_ZONES; z++) {
                        owned += owned_by(w, z, m);
                        strangers += owned_by(w, z, STRANGER) && lists(w, m, z);
                        listed += owned_by(w, z, m) && lists(w, m, z);
                        orphans += owned_by(w, z, m) && is_orphan(w, z);
                }
                assert_int_equal(r->decisions.masters[m].owned, owned);
                assert_int_equal(r->decisions.masters[m].listed, listed);
                assert_int_equal(r->decisions.masters[m].orphans, orphans);
                assert_int_equal(r->decisions.masters[m].strangers, strangers);
                assert_int_equal(r->decisions.masters[m].stranger != NULL, strangers > 0);
                assert_int_equal(r->decisions.masters[m].braked != DDNS_BRAKED_NO,
                                 orphans > 0 && brakes(w, m));
        }
}

static void random_worlds_follow_the_rules(void **state) {
        size_t n_kind[_DDNS_DECISION_KIND_MAX] = { 0 };

        seed = 4;
        for (size_t i = 0; i < N_WORLDS; i++) {
                ddns_cleanup(run_done) Run r;
                World w = random_world();

                decide(&w, &r);
                for (size_t z = 0; z < N_ZONES; z++) {
                        assert_follows_rules(&w, &r, z, n_kind);
                        if (r.of[z] && r.of[z]->kind == DDNS_DECISION_DELETE)
                                assert_safe(&w, &r, z);
                }
                assert_tallies(&w, &r);
        }
        for (size_t k = 0; k < _DDNS_DECISION_KIND_MAX; k++)
                assert_true(n_kind[k] > N_WORLDS / 100);
}

/* ---- stories: many passes, and a caller that keeps its part ------------------------------------------------------- */

typedef struct Story {
        World world;
        uint64_t now, generation;
        unsigned absences
                        [N_ZONES]; /* passes in a row that asked its owner and saw the zone nowhere; since the last push */
} Story;

/* The store's part: a push may change nothing. */
static void push(Story *s, size_t z, unsigned owner) {
        if (!s->world.zones[z].held || dice(2))
                s->world.zones[z].generation = ++s->generation;
        s->world.zones[z].held = true;
        s->world.zones[z].tombstone = false;
        s->world.zones[z].owner = owner;
        s->world.zones[z].accepted = s->now;
        s->world.zones[z].missing = (DdnsMissing){ 0 };
        s->absences[z] = 0;
}

static void bury(Story *s, size_t z) {
        if (!s->world.zones[z].held)
                return;
        s->world.zones[z].held = false;
        s->world.zones[z].tombstone = true;
        s->world.zones[z].generation = ++s->generation;
        s->world.zones[z].accepted = s->now;
        s->world.zones[z].missing = (DdnsMissing){ 0 };
        s->absences[z] = 0;
}

/* Something happens on a master, and the push may get lost. `truth`: what is there. */
static void happen(Story *s, bool truth[MASTERS][N_ZONES]) {
        unsigned m = dice(MASTERS), z = dice(N_ZONES);
        bool heard = dice(2);

        s->now += dice(3) > 0;
        truth[m][z] = dice(2);
        if (heard && truth[m][z])
                push(s, z, m);
        else if (heard && s->world.zones[z].owner == m)
                bury(s, z);
}

static void list_all(Story *s, bool truth[MASTERS][N_ZONES], bool quiet) {
        for (size_t m = 0; m < MASTERS; m++) {
                s->world.masters[m].failed = !quiet && dice(5) == 0;
                s->world.masters[m].axfr = true;
                s->world.masters[m].began = s->now;
                s->world.masters[m].generation = s->generation;
                memcpy(s->world.masters[m].lists, truth[m], sizeof truth[m]);
                for (unsigned n = quiet ? 0 : dice(2); n > 0; n--)
                        happen(s, truth);
                s->now++;
        }
}

static void note_absences(Story *s) {
        for (size_t z = 0; z < N_ZONES; z++) {
                unsigned o = s->world.zones[z].owner;

                if (n_listing(&s->world, z) > 0)
                        s->absences[z] = 0;
                else if (has_configured_owner(&s->world, z) && complete(&s->world, o) &&
                         s->world.zones[z].accepted < s->world.masters[o].began)
                        s->absences[z]++;
        }
}

static void carry_out(Story *s, const Run *r, size_t z) {
        const DdnsDecision *d = r->of[z];

        switch (d->kind) {
        case DDNS_DECISION_DELETE:
                if (s->absences[z] < 2)
                        fail_msg("zone %zu is deleted after %u passes", z, s->absences[z]);
                bury(s, z);
                break;
        case DDNS_DECISION_MOVE:
        case DDNS_DECISION_BACKFILL:
                s->world.zones[z].owner = (unsigned) (d->from - r->masters);
                s->world.zones[z].missing = (DdnsMissing){ 0 };
                break;
        case DDNS_DECISION_FETCH:
                push(s, z, (unsigned) (d->from - r->masters));
                break;
        default:
                s->world.zones[z].missing = d->missing;
        }
}

static void pass(Story *s, bool truth[MASTERS][N_ZONES], bool quiet) {
        ddns_cleanup(run_done) Run r;
        bool dry = !quiet && dice(6) == 0;

        list_all(s, truth, quiet);
        note_absences(s);
        decide(&s->world, &r);
        for (size_t z = 0; z < N_ZONES; z++)
                if (r.of[z] && dry && s->world.zones[z].held)
                        s->world.zones[z].missing = r.of[z]->missing;
                else if (r.of[z] && !dry)
                        carry_out(s, &r, z);
        s->now++;
}

/* After two quiet passes, released by an operator, each zone is where a master has it and nowhere else. */
static void assert_settled(const Story *s, bool truth[MASTERS][N_ZONES]) {
        for (size_t z = 0; z < N_ZONES; z++) {
                unsigned o = s->world.zones[z].owner, n = n_listing(&s->world, z);

                assert_int_equal(s->world.zones[z].held,
                                 n > 0 || (s->world.zones[z].held && !complete(&s->world, o)));
                if (n == 1 && complete(&s->world, o))
                        assert_true(truth[o][z]);
        }
}

static void random_stories_delete_nothing_that_lives_and_settle(void **state) {
        seed = 5;
        for (size_t i = 0; i < N_STORIES; i++) {
                Story s = { .world.brake = { 100, 4, dice(2), false }, .now = 10 };
                bool truth[MASTERS][N_ZONES] = { 0 };

                for (unsigned n = 0; n < 30; n++)
                        if (dice(3))
                                happen(&s, truth);
                        else
                                pass(&s, truth, false);
                s.world.brake.released = true;
                s.world.brake.wait_for_all = false;
                for (unsigned n = 0; n < 3; n++)
                        pass(&s, truth, true);
                assert_settled(&s, truth);
        }
}

/* ---- the rest ----------------------------------------------------------------------------------------------------- */

static void bad_input_is_refused(void **state) {
        static const DdnsHeldZone sorted[] = { HELD("a", "a.test"), HELD("b", "a.test") },
                                  twice[] = { HELD("a", "a.test"), HELD("a", "a.test") },
                                  unsorted[] = { HELD("b", "a.test"), HELD("a", "a.test") };
        DdnsListedZone backwards[] = { { "b" }, { "a" } }, same[] = { { "a" }, { "a" } };
        DdnsDaListing list_backwards = { .zones = backwards, .n = 2 },
                      list_same = { .zones = same, .n = 2 };
        const struct {
                const char *why;
                const DdnsHeldZone *held;
                DdnsListedMaster masters[2];
        } cases[] = {
                { "the masters A and B have the same servername",
                  sorted,
                  { { "A", "a.test" }, { "B", "A.TEST." } } },
                { "the master B has no servername", sorted, { { "A", "a.test" }, { "B", "" } } },
                { "the master A has no servername", sorted, { { "A", "." }, { "B", "b.test" } } },
                { "the zones here are not in order at a",
                  unsorted,
                  { { "A", "a.test" }, { "B", "b.test" } } },
                { "the zones here are not in order at a",
                  twice,
                  { { "A", "a.test" }, { "B", "b.test" } } },
                { "the list of B is not in order at a",
                  sorted,
                  { { "A", "a.test" }, { "B", "b.test", &list_backwards } } },
                { "the list of A is not in order at a",
                  sorted,
                  { { "A", "a.test", &list_same }, { "B", "b.test" } } },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                DdnsDecisions d = { .n = 77 };
                DdnsMessage message = DDNS_MESSAGE_NULL;

                assert_int_equal(ddns_decide(cases[i].held, 2, cases[i].masters, 2,
                                             &(DdnsBrake){ 5, 10 }, &d, &message),
                                 -EINVAL);
                assert_string_equal(message.text, cases[i].why);
                assert_int_equal(d.n, 77);
        }
}

static void nothing_at_all_is_fine(void **state) {
        ddns_cleanup(ddns_decisions_done) DdnsDecisions d = DDNS_DECISIONS_NULL;

        assert_int_equal(ddns_decide(NULL, 0, NULL, 0, &(DdnsBrake){ 5, 10 }, &d, NULL), 0);
        assert_int_equal(d.n, 0);
}

static void reasons_say_who_and_why(void **state) {
        static const struct {
                World world;
                const char *reason;
        } cases[] = {
#define LISTS(...) { .axfr = true, .began = 9, .generation = 9, .lists = { __VA_ARGS__ } }
#define ZONE(by, ...)                                                                          \
        {                                                                                      \
                {                                                                              \
                        .held = true, .owner = by, .generation = 5, .missing = { __VA_ARGS__ } \
                }                                                                              \
        }
                { { { LISTS(0, 1), LISTS(0, 1), LISTS(0, 1) }, ZONE(0, 5), { 5, 10 } },
                  "m0 lacks it for the second time, and nobody else lists it" },
                { { { LISTS(0, 1), LISTS(0, 1), LISTS(0, 1) }, ZONE(0, 0), { 5, 10 } },
                  "m0 lacks it for the first time" },
                { { { LISTS(0, 1), LISTS(1, 1), LISTS(0, 1) }, ZONE(0, 0), { 5, 10 } },
                  "m0 lacks it for the first time, and it is listed by m1" },
                { { { LISTS(0, 1), { .failed = true }, LISTS(0, 1) }, ZONE(0, 5, true), { 5, 10 } },
                  "m0 lacks it, and who listed it before may be who gave no list" },
                { { { LISTS(1, 1), LISTS(0, 1), LISTS(0, 1) }, ZONE(0, 5), { 5, 10 } },
                  "it was missing, and m0 lists it" },
                { { { LISTS(0, 1), LISTS(0, 1), LISTS(0, 1) },
                    { { .held = true, .accepted = 9, .missing = { 5 } } },
                    { 5, 10 } },
                  "it was missing, and was pushed anew" },
                { { { LISTS(0, 1), LISTS(0, 1), LISTS(1, 1) }, ZONE(0, 5), { 5, 10 } },
                  "m0 lacks it for the second time, and only m2 lists it" },
                { { { LISTS(0, 1), LISTS(0, 1), LISTS(1, 1) }, ZONE(UNKNOWN, 0), { 5, 10 } },
                  "its owner was not known, and only m2 lists it" },
                { { { LISTS(0, 1), LISTS(1, 1), LISTS(1, 1) }, ZONE(UNKNOWN, 0), { 5, 10 } },
                  "its owner is not known, and 2 masters list it: m1 is one of them" },
                { { { LISTS(0, 1), LISTS(1, 1), LISTS(1, 1) }, ZONE(0, 5), { 5, 10 } },
                  "m0 lacks it, and 2 masters list it: m1 is one of them" },
                { { { LISTS(0, 1), LISTS(1, 1), { .failed = true } }, ZONE(0, 5), { 5, 10, true } },
                  "m0 lacks it, and m1 lists it, but another master gave no list and may have it" },
                { { { LISTS(0, 1), LISTS(0, 1), { .failed = true } }, ZONE(0, 5), { 5, 10, true } },
                  "kept: m0 lacks it for the second time, but another master gave no list and may have it" },
                { { { LISTS(0, 1), LISTS(0, 1), LISTS(0, 1) }, ZONE(0, 5), { 5, 0 } },
                  "kept by the brake: m0 lacks 1 of its 1 zones, more than 5 % and more than 0" },
                { { { LISTS(0, 1), LISTS(1, 0), LISTS(1, 1) }, { { 0 } }, { 5, 10 } },
                  "m1 lists it, and it is not here" },
                { { { LISTS(0, 1), { .began = 9, .lists = { 1 } }, LISTS(0, 1) }, { { 0 } }, { 5, 10 } },
                  "m1 lists it, it is not here, and there is no axfr to fetch it" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                ddns_cleanup(run_done) Run r;
                DdnsMessage reason = DDNS_MESSAGE_NULL;

                decide(&cases[i].world, &r);
                assert_non_null(r.of[0]);
                ddns_decision_reason(&r.decisions, r.of[0], &reason);
                assert_string_equal(reason.text, cases[i].reason);
        }
}

#define MANY         100000
#define MANY_MASTERS 10

/* Each zone is listed by one master, every tenth by none. */
/* The processor's time for the decisions about `n` zones, of which every tenth is listed nowhere. */
static uint64_t cost(size_t n) {
        ddns_cleanup(ddns_decisions_done) DdnsDecisions d = DDNS_DECISIONS_NULL;
        ddns_cleanup(ddns_freep) char *names = malloc(n * 32);
        ddns_cleanup(ddns_freep) DdnsHeldZone *held = calloc(n, sizeof *held);
        ddns_cleanup(ddns_freep) DdnsListedZone *listed = calloc(n * MANY_MASTERS, sizeof *listed);
        DdnsDaListing listings[MANY_MASTERS] = { 0 };
        DdnsListedMaster masters[MANY_MASTERS];
        char servers[MANY_MASTERS][32];

        for (size_t m = 0; m < MANY_MASTERS; m++) {
                (void) snprintf(servers[m], sizeof servers[m], "server%zu.example.com", m);
                listings[m] = (DdnsDaListing){ .zones = listed + m * n, .began_usec = 9 };
                masters[m] = (DdnsListedMaster){ servers[m], servers[m], &listings[m], 9, true };
        }
        for (size_t z = 0; z < n; z++) {
                DdnsDaListing *l = &listings[z % MANY_MASTERS];

                (void) snprintf(names + z * 32, 32, "customer-%06zu.example.com", z);
                held[z] = (DdnsHeldZone){ .name = names + z * 32,
                                          .owner = servers[z % MANY_MASTERS],
                                          .generation = 1 };
                if (z / MANY_MASTERS % 10)
                        l->zones[l->n++].name = names + z * 32;
        }

        uint64_t began = ddns_clock_usec(CLOCK_PROCESS_CPUTIME_ID);
        assert_int_equal(ddns_decide(held, n, masters, MANY_MASTERS, &(DdnsBrake){ 5, 10 }, &d, NULL),
                         0);
        uint64_t took = ddns_clock_usec(CLOCK_PROCESS_CPUTIME_ID) - began;

        assert_int_equal(d.n_kind[DDNS_DECISION_WAIT], n / 10);
        assert_int_equal(d.n, n / 10);
        return took;
}

/* Ten times the zones: some ten times the work, where a search for each zone through all of them would make it a hundred. */
static void the_work_grows_with_the_zones_and_not_with_their_square(void **state) {
        uint64_t few = cost(MANY / 10), many = cost(MANY);

        print_message("# %d zones: %" PRIu64 " us, %d: %" PRIu64 " us\n", MANY / 10, few, MANY, many);
        assert_true(many < 40 * few);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rules_are_sentences),
                cmocka_unit_test(random_worlds_follow_the_rules),
                cmocka_unit_test(random_stories_delete_nothing_that_lives_and_settle),
                cmocka_unit_test(bad_input_is_refused),
                cmocka_unit_test(nothing_at_all_is_fine),
                cmocka_unit_test(reasons_say_who_and_why),
                cmocka_unit_test(the_work_grows_with_the_zones_and_not_with_their_square),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

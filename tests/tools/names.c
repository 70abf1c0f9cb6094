/* SPDX-License-Identifier: MIT */
/* names COUNT SEED: random names, one a line: "ok KIND NAME" for a zone's name as it is kept, COUNT of them, and "no
 * KIND NAME", each octet as %XX, for one that is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/name-maker.h"
#include "basic/domain.h"

int main(int argc, char *argv[]) {
        NameMaker m = { .state = argc > 2 ? strtoull(argv[2], NULL, 0) : 0 };
        size_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 0, taken = 0;

        while (taken < count) {
                char zone[DDNS_ZONE_NAME_MAX + 1];
                MadeName n;

                name_maker_next(&m, &n);
                if (ddns_zone_name_check(n.text, n.size, zone, NULL) >= 0) {
                        (void) printf("ok %s %s\n", n.kind, zone);
                        taken++;
                        continue;
                }
                (void) printf("no %s ", n.kind);
                for (size_t i = 0; i < n.size; i++)
                        (void) printf("%%%02x", (unsigned char) n.text[i]);
                (void) putchar('\n');
        }
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

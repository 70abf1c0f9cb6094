/* SPDX-License-Identifier: MIT */
/* Places at which a test lets a program die as by SIGKILL. Nothing of it is in a build without -Dcrash-points=enabled.
 *
 * The environment's DDNS_CRASH_AT names a file in which a test writes a place's name and how often that is passed
 * unharmed before ("commit-after 2"). Who dies removes the file first: then the test knows, and nobody dies again. */
#pragma once

#ifdef DDNS_CRASH_POINTS
/* Thread-safe. `name`: unique in the tree, a string constant. */
void ddns_crash_point(const char *name);
#define DDNS_CRASH_POINT(name) ddns_crash_point(name)
#else
#define DDNS_CRASH_POINT(name) ((void) 0)
#endif

/* SPDX-License-Identifier: MIT */
/* Properties of units, by the system bus. */
#include <string.h>
#include <systemd/sd-bus.h>

#include "basic/clock.h"
#include "ctl/units.h"

#define MANAGER  "org.freedesktop.systemd1"
#define BUS_USEC (3 * USEC_PER_SEC)

bool ddns_ctl_is_of_units(const DdnsCtl *c) {
        return strcmp(c->config.path, DDNS_CONFIG_DEFAULT) == 0;
}

/* `text` or `list`: what is wanted. */
static void get(const char *unit, const char *interface, const char *property, char **text,
                char ***list) {
        ddns_cleanup(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        char name[64];

        (void) snprintf(name, sizeof name, MANAGER ".%s", interface);
        if (sd_bus_open_system(&bus) < 0 || sd_bus_set_method_call_timeout(bus, BUS_USEC) < 0)
                return;
        if (text)
                (void) sd_bus_get_property_string(bus, MANAGER, unit, name, property, NULL, text);
        else
                (void) sd_bus_get_property_strv(bus, MANAGER, unit, name, property, NULL, list);
}

char *ddns_unit_get_text(const char *unit, const char *interface, const char *property) {
        char *text = NULL;

        get(unit, interface, property, &text, NULL);
        return text;
}

char **ddns_unit_get_list(const char *unit, const char *interface, const char *property) {
        char **list = NULL;

        get(unit, interface, property, NULL, &list);
        return list;
}

void ddns_unit_free_list(char ***list) {
        for (char **item = *list; item && *item; item++)
                free(*item);
        free(*list);
}

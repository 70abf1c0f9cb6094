/* SPDX-License-Identifier: MIT */
/* Value parsers: the text of one scalar into one field; private to src/config. */
#pragma once

#include "basic/message.h"
#include "config/settings.h"

/* Parses `text` as the row says and stores it in its field of `record` (DDNS_SETTING_PREFIXES, DDNS_SETTING_ENDPOINTS: appends it).
 * 0; -EINVAL: not of this type; -ERANGE: of this type, but outside what is allowed; -ENOMEM. */
int ddns_value_parse(const DdnsSetting *s, const char *text, void *record);

/* What the row allows, for people: "1 to 1000", "addzone, include". */
void ddns_value_describe(const DdnsSetting *s, DdnsMessage *ret);
const char *ddns_value_type_name(DdnsSettingType type);

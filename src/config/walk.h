/* SPDX-License-Identifier: MIT */
/* The walk over a YAML document along the table of settings; private to src/config. */
#pragma once

#include <yaml.h>

#include "config/config.h"
#include "config/errors.h"

/* Fills `config` (empty before; the caller's also on failure) from `document` and puts the defaults where it is
 * silent; NULL is a document that says nothing.
 * 0; -EBADMSG: `errors` says why; -ENOMEM. */
int ddns_config_walk(yaml_document_t *document, DdnsConfig *config, DdnsConfigErrors *errors);

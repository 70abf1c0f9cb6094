/* SPDX-License-Identifier: MIT */
/* What clang's analyzer can't see from one file alone: ddns_fail() returns the error that it was given. Included before every
 * file that is analysed except the one that defines it; no build uses it. */
#pragma once

#include "basic/message.h"

#define ddns_fail(m, error, ...)                               \
        ({                                                     \
                int error_ = (error);                          \
                (void) (ddns_fail) ((m), error_, __VA_ARGS__); \
                error_;                                        \
        })

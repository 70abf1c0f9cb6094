/* SPDX-License-Identifier: MIT */
/* The headers that cmocka wants before itself, in the order it wants them. */
#pragma once

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

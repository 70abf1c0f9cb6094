/* SPDX-License-Identifier: MIT */
/* What a test needs to run a program that serves: a port, files below a directory of its own, and an end. Asserts on what fails. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Of loopback; free for UDP and TCP now. */
unsigned daemon_free_port(void);

/* Writes a file below `root`, of mode 0600. */
void daemon_write_file(const char *root, const char *name, const char *text);

/* What the program writes goes to `log` below `root`. It ends with the thread that started it. */
pid_t daemon_spawn(const char *root, const char *log, const char *const argv[]);
/* Returns when it answers. It must not end. */
void daemon_wait(pid_t pid, bool (*answers)(const void *userdata), const void *userdata);
/* Sends the signal, though it stand still, and waits for the end. `*pid` is 0 then; if it is 0, nothing happens. */
void daemon_stop(pid_t *pid, int signal);

/* Deletes the directory with all that is in it. */
void daemon_remove(const char *root);

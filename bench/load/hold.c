/* Idle sessions that stay open until standard input ends, with a ping each quarter of their timeout. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "connection.h"
#include "workload.h"

enum { PING_EVERY_MS = SESSION_TIMEOUT_MS / 4, PINGS_AT_A_TIME = 500 };

void run_hold(const struct options *options, struct result *result) {
  int count = options->connections, next = 0;
  struct connection *connections = calloc((size_t)count, sizeof *connections);
  uint64_t since = now_ns();
  connections_open_sessions(connections, sizeof *connections, count, options->ports.values, options->ports.count, SESSION_TIMEOUT_MS);
  result->operations = (uint64_t)count;
  result->seconds = (double)(now_ns() - since) / 1e9;
  puts("held");
  fflush(stdout);
  int pause_ms = count > 0 ? PING_EVERY_MS * PINGS_AT_A_TIME / count : PING_EVERY_MS;
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  while (poll(&input, 1, pause_ms < PING_EVERY_MS ? pause_ms : PING_EVERY_MS) == 0) {
    int until = next + PINGS_AT_A_TIME < count ? next + PINGS_AT_A_TIME : count;
    connections_ping(connections, sizeof *connections, next, until);
    next = until < count ? until : 0;
  }
  connections_close_sessions(connections, sizeof *connections, count, SESSION_TIMEOUT_MS);
  free(connections);
}

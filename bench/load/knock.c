/*
 * Tries to connect, every few milliseconds, until a session is open and a read is answered. A server that starts may
 * accept a connection and never answer it, so there are further tries beside one that waits, though fewer: the first that
 * succeeds counts.
 */
#include <poll.h>
#include <string.h>

#include "connection.h"
#include "workload.h"

enum { TRIES_MAX = 64, TRY_TIMEOUT_MS = 2000 };
#define TRY_EVERY_NS 2000000u
#define TRY_BESIDE_OTHERS_EVERY_NS 50000000u

struct try {
  struct connection connection;
  uint64_t since_ns; /* 0: not under way */
  int has_session;
};

static void give_up(struct try *try) {
  connection_close(&try->connection);
  try->since_ns = 0;
}

/* 1 when a read is answered. */
static int advance(struct try *try, short events) {
  struct connection *c = &try->connection;
  const uint8_t *frame;
  int32_t size;
  int open = !(events & (POLLIN | POLLHUP | POLLERR)) || connection_receive(c);
  while ((frame = connection_frame(c, &size)) != NULL) {
    if (try->has_session) {
      if (size < REPLY_HEADER_SIZE || get_int(frame + 12) != 0) fail("the first read was refused");
      return 1;
    }
    if (!connection_take_session(c, frame, size)) {
      open = 0;
      break;
    }
    try->has_session = 1;
    connection_wrote(c, read_request(connection_room(c, 64), c->next_xid++, OP_EXISTS, "/", 1, 0));
  }
  if (open) connection_flush(c);
  if (!open || c->is_lost) give_up(try);
  return 0;
}

void run_knock(const struct options *options, struct result *result) {
  static struct try tries[TRIES_MAX];
  uint64_t begun = now_ns(), last = 0;
  for (;;) {
    uint64_t now = now_ns();
    if ((double)(now - begun) / 1e9 > options->seconds) fail("no answer within %.0f s", options->seconds);
    struct pollfd waits[TRIES_MAX];
    int waiting = 0;
    for (int i = 0; i < TRIES_MAX; i++) waiting += tries[i].since_ns != 0;
    for (int i = 0; i < TRIES_MAX; i++) {
      struct try *try = &tries[i];
      if (try->since_ns != 0 && now - try->since_ns > TRY_TIMEOUT_MS * 1000000ull) give_up(try);
      if (try->since_ns == 0 && now - last >= (waiting > 0 ? TRY_BESIDE_OTHERS_EVERY_NS : TRY_EVERY_NS)) {
        last = try->since_ns = now;
        try->has_session = 0;
        connection_ask_session(&try->connection, options->ports.values[0], SESSION_TIMEOUT_MS);
        if (try->connection.is_lost) give_up(try);
      }
      waits[i] = (struct pollfd){.fd = try->since_ns != 0 ? try->connection.fd : -1, .events = POLLIN};
      if (waits[i].fd >= 0 && try->connection.out_start < try->connection.out_end) waits[i].events |= POLLOUT;
    }
    if (poll(waits, TRIES_MAX, 1) <= 0) continue;
    for (int i = 0; i < TRIES_MAX; i++) {
      if (waits[i].fd < 0 || waits[i].revents == 0 || !advance(&tries[i], waits[i].revents)) continue;
      result->operations = 1;
      result->answered_ns = now_ns();
      result->seconds = (double)(result->answered_ns - begun) / 1e9;
      connection_close_session(&tries[i].connection);
      return;
    }
  }
}

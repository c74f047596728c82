/* Whole sessions, many at a time: TCP connect, ConnectRequest, one exists, closeSession, end of the connection. */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "connection.h"
#include "meter.h"
#include "wire.h"
#include "workload.h"

enum stage { STAGE_CONNECTING, STAGE_READING, STAGE_CLOSING };

struct slot {
  struct connection connection;
  enum stage stage;
  uint64_t started_ns;
};

static void start(int epoll, struct slot *slot, int port) {
  slot->started_ns = now_ns();
  slot->stage = STAGE_CONNECTING;
  slot->connection.session = 0;
  memset(slot->connection.password, 0, PASSWORD_SIZE);
  connection_ask_session(&slot->connection, port, SESSION_TIMEOUT_MS);
  slot->connection.wants_write = 1;
  connection_watch(epoll, &slot->connection, slot);
}

static void answer(struct slot *slot, const uint8_t *frame, int32_t size) {
  struct connection *c = &slot->connection;
  if (slot->stage == STAGE_CONNECTING) {
    if (!connection_take_session(c, frame, size)) fail("the server gave no session");
    connection_wrote(c, read_request(connection_room(c, 64), 1, OP_EXISTS, "/", 1, 0));
    slot->stage = STAGE_READING;
    return;
  }
  int32_t xid = slot->stage == STAGE_READING ? 1 : 2;
  if (size < REPLY_HEADER_SIZE || get_int(frame) != xid || get_int(frame + 12) != 0) fail("a wrong answer in stage %d", slot->stage);
  if (slot->stage == STAGE_READING) connection_wrote(c, close_request(connection_room(c, 16), 2));
  slot->stage = STAGE_CLOSING;
}

/* Goes on with a slot; 1 when its session has ended as it should. */
static int advance(int epoll, struct slot *slot, uint32_t events) {
  struct connection *c = &slot->connection;
  const uint8_t *frame;
  int32_t size;
  int open = !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)) || connection_receive(c);
  while ((frame = connection_frame(c, &size)) != NULL) answer(slot, frame, size);
  if (!open) {
    if (slot->stage != STAGE_CLOSING) fail("the server closed a connection in stage %d", slot->stage);
    return 1;
  }
  connection_flush_watched(epoll, c, slot);
  return 0;
}

void run_sessions(const struct options *options, struct result *result) {
  int epoll = epoll_create1(EPOLL_CLOEXEC), busy = options->connections, measuring = 0, measured = 0, port = options->ports.values[0];
  struct slot *slots = calloc((size_t)options->connections, sizeof *slots);
  struct epoll_event events[256];
  meter_open(options);
  uint64_t from = now_ns() + (uint64_t)(options->warm_seconds * 1e9), until = from + (uint64_t)(options->seconds * 1e9);
  for (int i = 0; i < options->connections; i++) start(epoll, &slots[i], port);
  while (busy > 0) {
    int ready = epoll_wait(epoll, events, 256, 10000);
    uint64_t now = now_ns();
    if (ready == 0) fail("no answer within 10 s");
    if (!measuring && now >= from) measuring = 1, meter_start(options, result);
    if (!measured && now >= until) measured = 1, meter_stop(options, result);
    for (int i = 0; i < ready; i++) {
      struct slot *slot = events[i].data.ptr;
      if (!advance(epoll, slot, events[i].events)) continue;
      now = now_ns();
      if (now >= from && now < until) histogram_add(&result->latency, now - slot->started_ns);
      connection_close(&slot->connection);
      if (now < until) start(epoll, slot, port);
      else busy--;
    }
  }
  if (!measured) meter_stop(options, result);
  result->operations = result->latency.total;
  result->writes = 2 * result->operations; /* createSession and closeSession */
  result->seconds = options->seconds;
  for (int i = 0; i < options->connections; i++) connection_free(&slots[i].connection);
  free(slots);
}

/* Whole sessions, many at a time: TCP connect, ConnectRequest, one exists, closeSession, end of the connection. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "connection.h"
#include "wire.h"
#include "workload.h"

enum { SESSION_TIMEOUT_MS = 40000 };
enum stage { STAGE_CONNECTING, STAGE_READING, STAGE_CLOSING };

struct slot {
  struct connection connection;
  enum stage stage;
  uint64_t started_ns;
};

static void start(int epoll, struct slot *slot, int port) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = slot};
  slot->started_ns = now_ns();
  slot->stage = STAGE_CONNECTING;
  connection_open(&slot->connection, port);
  connection_wrote(&slot->connection, connect_request(connection_room(&slot->connection, 64), SESSION_TIMEOUT_MS));
  slot->connection.wants_write = 1;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, slot->connection.fd, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
}

static void answer(struct slot *slot, const uint8_t *frame, int32_t size) {
  struct connection *c = &slot->connection;
  if (slot->stage == STAGE_CONNECTING) {
    if (size < 36 || get_int(frame + 4) <= 0) fail("the server gave no session");
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
  int blocked = !connection_flush(c);
  if (blocked != c->wants_write) {
    struct epoll_event event = {.events = blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = slot};
    c->wants_write = blocked;
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
  }
  return 0;
}

void run_sessions(const struct options *options, struct result *result) {
  int epoll = epoll_create1(EPOLL_CLOEXEC), busy = options->connections;
  struct slot *slots = calloc((size_t)options->connections, sizeof *slots);
  uint64_t from = now_ns() + (uint64_t)(options->warm_seconds * 1e9), until = from + (uint64_t)(options->seconds * 1e9);
  struct epoll_event events[256];
  for (int i = 0; i < options->connections; i++) start(epoll, &slots[i], options->port);
  while (busy > 0) {
    int ready = epoll_wait(epoll, events, 256, 10000);
    if (ready == 0) fail("no answer within 10 s");
    if (result->server_cpu_seconds == 0 && now_ns() >= from) result->server_cpu_seconds = -process_cpu_seconds(options->server_pid);
    for (int i = 0; i < ready; i++) {
      struct slot *slot = events[i].data.ptr;
      if (!advance(epoll, slot, events[i].events)) continue;
      uint64_t now = now_ns();
      if (now >= from && now < until) histogram_add(&result->latency, now - slot->started_ns);
      connection_close(&slot->connection);
      if (now < until) start(epoll, slot, options->port);
      else busy--;
    }
  }
  result->server_cpu_seconds += process_cpu_seconds(options->server_pid);
  result->operations = result->latency.total;
  result->seconds = options->seconds;
  for (int i = 0; i < options->connections; i++) connection_free(&slots[i].connection);
  free(slots);
}

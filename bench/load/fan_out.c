/*
 * One node, many watchers: each has a one-shot data watch, the node is set, every watcher must get its event, and then
 * all read the node with a watch again. The latency is that from sending the setData to receiving the event.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "connection.h"
#include "wire.h"
#include "workload.h"

enum { SESSION_TIMEOUT_MS = 40000 };
#define NODE ROOT "/watched"

struct watcher {
  struct connection connection;
  int told; /* has its event of this round */
};

static void await(struct connection *c, const char *what) {
  int32_t err = connection_call(c);
  if (err != 0 && err != ERR_NODE_EXISTS) fail("%s: error %d", what, err);
}

static void arm(struct watcher *watcher) {
  struct connection *c = &watcher->connection;
  connection_wrote(c, read_request(connection_room(c, 64), c->next_xid++, OP_GET, NODE, sizeof NODE - 1, 1));
  connection_flush(c);
}

/* Takes events until every watcher has one, and no watcher has two. */
static void await_events(int epoll, int count, uint64_t sent_ns, struct result *result, int measured) {
  struct epoll_event events[256];
  for (int left = count; left > 0;) {
    int ready = epoll_wait(epoll, events, 256, 10000);
    if (ready == 0) fail("%d watchers got no event within 10 s", left);
    uint64_t now = now_ns();
    for (int i = 0; i < ready; i++) {
      struct watcher *watcher = events[i].data.ptr;
      const uint8_t *frame;
      int32_t size;
      if (!connection_receive(&watcher->connection)) fail("the server closed a watcher's connection");
      while ((frame = connection_frame(&watcher->connection, &size)) != NULL) {
        int is_event = size == REPLY_HEADER_SIZE + 12 + (int32_t)sizeof NODE - 1 && get_int(frame) == EVENT_XID;
        if (!is_event || get_int(frame + 16) != EVENT_DATA_CHANGED || memcmp(frame + 28, NODE, sizeof NODE - 1) != 0)
          fail("a watcher got something else than its event");
        if (watcher->told) fail("a one-shot watch fired twice");
        watcher->told = 1;
        left--;
        if (measured) histogram_add(&result->latency, now - sent_ns);
      }
    }
  }
}

void run_fan_out(const struct options *options, struct result *result) {
  int count = options->connections, epoll = epoll_create1(EPOLL_CLOEXEC);
  struct watcher *watchers = calloc((size_t)count, sizeof *watchers);
  struct connection writer = {0};
  char *data = calloc(1, (size_t)options->value_size + 8);
  connection_open_session(&writer, options->port, SESSION_TIMEOUT_MS);
  connection_wrote(&writer, create_request(connection_room(&writer, 128), writer.next_xid++, ROOT, sizeof ROOT - 1, "", 0));
  await(&writer, "create " ROOT);
  connection_wrote(&writer, create_request(connection_room(&writer, 128), writer.next_xid++, NODE, sizeof NODE - 1, "", 0));
  await(&writer, "create " NODE);
  for (int i = 0; i < count; i++) {
    connection_open_session(&watchers[i].connection, options->port, SESSION_TIMEOUT_MS);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &watchers[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, watchers[i].connection.fd, &event);
  }
  uint64_t measure_from = now_ns() + (uint64_t)(options->warm_seconds * 1e9), spent = 0;
  while (spent < (uint64_t)(options->seconds * 1e9)) {
    for (int i = 0; i < count; i++) arm(&watchers[i]);
    for (int i = 0; i < count; i++) {
      watchers[i].told = 0;
      await(&watchers[i].connection, "getData with a watch");
    }
    uint8_t *start = connection_room(&writer, 128 + (size_t)options->value_size);
    connection_wrote(&writer, set_request(start, writer.next_xid++, NODE, sizeof NODE - 1, data, options->value_size));
    uint64_t sent = now_ns();
    int measured = sent >= measure_from;
    if (measured && spent == 0) result->server_cpu_seconds = -process_cpu_seconds(options->server_pid);
    connection_flush(&writer);
    await_events(epoll, count, sent, result, measured);
    if (measured) spent += now_ns() - sent;
    await(&writer, "setData");
  }
  result->server_cpu_seconds += process_cpu_seconds(options->server_pid);
  result->operations = result->latency.total;
  result->seconds = (double)spent / 1e9;
  for (int i = 0; i < count; i++) connection_free(&watchers[i].connection);
  connection_free(&writer);
  free(watchers);
  free(data);
}

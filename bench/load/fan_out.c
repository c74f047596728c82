/*
 * One node, many watchers: each has a one-shot data watch, the node is set, every watcher must get its event, and then
 * all read the node with a watch again. The latency is that from sending the setData to receiving the event; only this
 * time counts, not that of setting the watches.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "connection.h"
#include "meter.h"
#include "workload.h"

#define NODE ROOT "/watched"
enum { NODE_LENGTH = sizeof NODE - 1, EVENT_SIZE = REPLY_HEADER_SIZE + 12 + NODE_LENGTH };

struct watcher {
  struct connection connection;
  int is_told; /* has its event of this round */
};

static void await(struct connection *c, const char *what) {
  int32_t err = connection_call(c);
  if (err != 0 && err != ERR_NODE_EXISTS) fail("%s: error %d", what, err);
}

static void arm(struct watcher *watcher) {
  struct connection *c = &watcher->connection;
  connection_wrote(c, read_request(connection_room(c, 64), c->next_xid++, OP_GET, NODE, NODE_LENGTH, 1));
  connection_flush(c);
}

static void take_events(struct watcher *watcher, int *left, uint64_t latency_ns, struct result *result, int measured) {
  const uint8_t *frame;
  int32_t size;
  if (!connection_receive(&watcher->connection)) fail("the server closed a watcher's connection");
  while ((frame = connection_frame(&watcher->connection, &size)) != NULL) {
    int is_event = size == EVENT_SIZE && get_int(frame) == EVENT_XID;
    if (!is_event || get_int(frame + 16) != EVENT_DATA_CHANGED || memcmp(frame + 28, NODE, NODE_LENGTH) != 0)
      fail("a watcher got something else than its event");
    if (watcher->is_told) fail("a one-shot watch fired twice");
    watcher->is_told = 1;
    --*left;
    if (measured) histogram_add(&result->latency, latency_ns);
  }
}

/* Takes events until every watcher has one, and no watcher has two. */
static void await_events(int epoll, int count, uint64_t sent_ns, struct result *result, int measured) {
  struct epoll_event events[256];
  for (int left = count; left > 0;) {
    int ready = epoll_wait(epoll, events, 256, 10000);
    if (ready == 0) fail("%d watchers got no event within 10 s", left);
    uint64_t latency = now_ns() - sent_ns;
    for (int i = 0; i < ready; i++) take_events(events[i].data.ptr, &left, latency, result, measured);
  }
}

/* Sums up what is used from each set to its last event: setting the watches is not measured. */
static void add_usage(struct result *total, const struct result *one) {
  total->server_cpu_seconds += one->server_cpu_seconds;
  total->generator_cpu_seconds += one->generator_cpu_seconds;
  total->server_write_bytes += one->server_write_bytes;
  total->server_flushes = one->server_flushes;
}

static uint64_t one_round(const struct options *options, struct connection *writer, struct watcher *watchers, int epoll, struct result *result, int measured) {
  static struct result usage;
  char data[1024] = {0};
  int32_t size = options->value_size < (int)sizeof data ? options->value_size : (int32_t)sizeof data;
  for (int i = 0; i < options->connections; i++) arm(&watchers[i]);
  for (int i = 0; i < options->connections; i++) {
    watchers[i].is_told = 0;
    await(&watchers[i].connection, "getData with a watch");
  }
  connection_wrote(writer, set_request(connection_room(writer, 128 + sizeof data), writer->next_xid++, NODE, NODE_LENGTH, data, size));
  if (measured) meter_start(options, &usage);
  uint64_t sent = now_ns();
  connection_flush(writer);
  await_events(epoll, options->connections, sent, result, measured);
  uint64_t spent = now_ns() - sent;
  await(writer, "setData");
  if (measured) {
    meter_stop(options, &usage);
    add_usage(result, &usage);
  }
  return spent;
}

void run_fan_out(const struct options *options, struct result *result) {
  int count = options->connections, epoll = epoll_create1(EPOLL_CLOEXEC);
  struct watcher *watchers = calloc((size_t)count, sizeof *watchers);
  struct connection writer = {0};
  connection_open_session(&writer, options->ports.values[0], SESSION_TIMEOUT_MS);
  connection_wrote(&writer, create_request(connection_room(&writer, 128), writer.next_xid++, ROOT, sizeof ROOT - 1, "", 0, 0));
  await(&writer, "create " ROOT);
  connection_wrote(&writer, create_request(connection_room(&writer, 128), writer.next_xid++, NODE, NODE_LENGTH, "", 0, 0));
  await(&writer, "create " NODE);
  connections_open_sessions(watchers, sizeof *watchers, count, options->ports.values, options->ports.count, SESSION_TIMEOUT_MS);
  for (int i = 0; i < count; i++) connection_watch(epoll, &watchers[i].connection, &watchers[i]);
  meter_open(options);
  /* The time is that of the whole loop: with many watchers, setting them takes the most of it. */
  uint64_t begun = now_ns(), measure_from = begun + (uint64_t)(options->warm_seconds * 1e9), spent = 0, until = measure_from + (uint64_t)(options->seconds * 1e9);
  for (uint64_t now = begun; now < until || spent == 0; now = now_ns()) {
    int measured = now >= measure_from;
    uint64_t took = one_round(options, &writer, watchers, epoll, result, measured);
    if (!measured) continue;
    spent += took;
    result->writes++;
  }
  result->operations = result->latency.total;
  result->seconds = (double)spent / 1e9;
  connections_close_sessions(watchers, sizeof *watchers, count, SESSION_TIMEOUT_MS);
  connection_close_session(&writer);
  free(watchers);
}

/*
 * Requests kept outstanding on every connection: the answer to one lets the next go. Answers that arrive together are
 * handled together, and what they let go leaves in one write, so that an operation costs far less than a microsecond
 * here when the pipeline is deep.
 */
#include <stdlib.h>
#include <sys/epoll.h>

#include "meter.h"
#include "tree.h"

#define ANSWER_TIMEOUT_NS 10000000000u

struct client {
  struct connection connection;
  struct sender sender;
  struct request *pending; /* ring of `depth` */
  int first, outstanding;
};

struct loop {
  const struct options *options;
  struct result *result;
  struct client *clients;
  struct choice choice;
  uint64_t measure_from_ns, measure_until_ns;
  int running, measuring;
};

static void send_one(struct loop *loop, struct client *client, uint64_t now) {
  int at = client->first + client->outstanding;
  struct request *request = &client->pending[at < loop->options->depth ? at : at - loop->options->depth];
  request->since_ns = now;
  write_request(&loop->choice, &client->sender, &client->connection, request, choose_op(&loop->choice, &client->sender));
  client->outstanding++;
}

static void count(struct loop *loop, struct client *client, const struct request *request, uint64_t now) {
  int is_lock = loop->options->workload[0] == 'l';
  uint64_t since = request->since_ns;
  if (is_lock && request->op == OP_CREATE) client->sender.lock_since_ns = since;
  if (is_lock && request->op == OP_DELETE) since = client->sender.lock_since_ns;
  if (now < loop->measure_from_ns || now >= loop->measure_until_ns) return;
  loop->result->writes += (uint64_t)is_write(request->op);
  /* A lock that was taken and given back is one operation. */
  if (!is_lock || request->op == OP_DELETE) histogram_add(&loop->result->latency, now - since);
}

static void handle_answers(struct loop *loop, struct client *client) {
  const uint8_t *frame;
  int32_t size;
  uint64_t now = now_ns();
  while ((frame = connection_frame(&client->connection, &size)) != NULL) {
    const struct request *request = &client->pending[client->first];
    if (client->outstanding == 0) fail("an answer that nobody asked for");
    check_answer(&loop->choice, &client->sender, request, client->outstanding, frame, size);
    count(loop, client, request, now);
    if (++client->first == loop->options->depth) client->first = 0;
    client->outstanding--;
    if (loop->running || client->sender.lock_length > 0) send_one(loop, client, now);
  }
}

/* Reads what is used where measuring begins and ends, and ends the sending. */
static void read_meter(struct loop *loop, uint64_t now) {
  if (!loop->measuring && now >= loop->measure_from_ns) {
    loop->measuring = 1;
    meter_start(loop->options, loop->result);
  }
  if (loop->running && now >= loop->measure_until_ns) {
    loop->running = 0;
    meter_stop(loop->options, loop->result);
  }
}

/* Until something is to be read from the meter, at most. */
static int wait_ms(const struct loop *loop, uint64_t now) {
  uint64_t next = loop->measuring ? loop->measure_until_ns : loop->measure_from_ns;
  return loop->running && next > now ? (int)((next - now) / 1000000) + 1 : 1000;
}

static void drive(struct loop *loop, int epoll) {
  const struct options *options = loop->options;
  struct epoll_event events[256];
  int busy = options->connections;
  uint64_t now = now_ns(), answered = now;
  for (int i = 0; i < options->connections; i++) {
    struct client *client = &loop->clients[i];
    for (int d = 0; d < options->depth; d++) send_one(loop, client, now);
    connection_flush_watched(epoll, &client->connection, client);
  }
  while (busy > 0) {
    int ready = epoll_wait(epoll, events, 256, wait_ms(loop, now));
    now = now_ns();
    if (ready == 0 && now - answered > ANSWER_TIMEOUT_NS) fail("no answer within 10 s");
    if (ready > 0) answered = now;
    read_meter(loop, now);
    for (int i = 0; i < ready; i++) {
      struct client *client = events[i].data.ptr;
      if ((events[i].events & ~(uint32_t)EPOLLOUT) && !connection_receive(&client->connection)) fail("the server closed a connection");
      int had = client->outstanding;
      handle_answers(loop, client);
      connection_flush_watched(epoll, &client->connection, client);
      if (had > 0 && client->outstanding == 0) busy--;
    }
  }
}

void run_closed_loop(const struct options *options, struct result *result) {
  struct loop loop = {.options = options, .result = result, .running = 1};
  struct connection setup = {0};
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  choice_init(&loop.choice, options);
  loop.clients = calloc((size_t)options->connections, sizeof *loop.clients);
  connection_open_session(&setup, options->ports.values[0], SESSION_TIMEOUT_MS);
  make_tree(&loop.choice, &setup);
  connections_open_sessions(loop.clients, sizeof *loop.clients, options->connections, options->ports.values, options->ports.count, SESSION_TIMEOUT_MS);
  for (int i = 0; i < options->connections; i++) {
    struct client *client = &loop.clients[i];
    client->sender.number = i;
    client->pending = calloc((size_t)options->depth, sizeof *client->pending);
    connection_watch(epoll, &client->connection, client);
  }
  meter_open(options);
  loop.measure_from_ns = now_ns() + (uint64_t)(options->warm_seconds * 1e9);
  loop.measure_until_ns = loop.measure_from_ns + (uint64_t)(options->seconds * 1e9);
  drive(&loop, epoll);
  result->operations = result->latency.total;
  result->seconds = options->seconds;
  for (int i = 0; i < options->connections; i++) {
    delete_created(&setup, &loop.clients[i].sender);
    free(loop.clients[i].pending);
  }
  connections_close_sessions(loop.clients, sizeof *loop.clients, options->connections, SESSION_TIMEOUT_MS);
  connection_close_session(&setup);
  choice_free(&loop.choice);
  free(loop.clients);
}
